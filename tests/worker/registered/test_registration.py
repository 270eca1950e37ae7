"""What is read off a function and its decorator."""

from __future__ import annotations

import functools
from typing import Annotated, Any

import pytest
import torch
from torch import Tensor

from gridgrad_worker import FunctionError, function
from gridgrad_worker.registered.registration import RegisteredInput, Registration
from gridgrad_worker.registered.registry import load

pytestmark = pytest.mark.usefixtures("clean_registry")


def only() -> Registration:
    (found,) = load([]).values()
    return found


def test_all_is_read_off_the_function() -> None:
    @function
    def drag(speed: Annotated[Tensor, "m/s"], area: Any = 2, rho: Annotated[Any, 3, "kg/m³"] = 1.2) -> Tensor:
        """The drag.

        Without the coefficient.
        """
        force: Tensor = rho * area * speed**2 / 2
        return force

    assert only() == Registration(
        name="drag",
        function=drag,
        doc="The drag.\n\nWithout the coefficient.",
        inputs=(
            RegisteredInput("speed", None, "m/s"),
            RegisteredInput("area", 2.0, ""),
            RegisteredInput("rho", 1.2, "kg/m³"),
        ),
        components=("f",),
        tuple_valued=False,
        mode="forward",
        samples={},
        check=True,
    )
    assert drag(torch.tensor(2.0), 1, 1) == 2  # it stays an ordinary function


def test_units_of_what_is_returned_are_read_off_its_annotation() -> None:
    @function
    def pressure(T: Annotated[Tensor, "K"]) -> Annotated[Tensor, "Pa"]:  # noqa: N803 - the field's name
        return T

    @function(outputs=("u", "v", "x"), units={"v": "km/s"})
    def flow(x: Tensor) -> tuple[Annotated[Tensor, "m/s"], Annotated[Tensor, "m/s"], Tensor]:
        return x, x, x

    @function(units={"f": "J", "f0": "N"})
    def energy(f0: Tensor) -> Tensor:
        return f0

    found = load([])
    assert found["pressure"].component_units == ("Pa",)
    assert found["flow"].component_units == ("m/s", "km/s", "")
    assert found["flow"].inputs[0].unit == ""
    assert (found["energy"].component_units, found["energy"].inputs[0].unit) == (("J",), "N")


def test_the_decorator_has_the_last_word() -> None:
    @function(
        name="fluid.flow",
        units={"x": "mm"},
        doc="Another text.",
        outputs=("u", "v"),
        mode="reverse",
        samples={"x": [1, 2, 3], "y": 4},
        check=False,
    )
    def field(x: Annotated[Tensor, "m"], y: Tensor) -> tuple[Tensor, Tensor]:
        """A text."""
        return x, y

    found = only()
    assert (found.name, found.doc, found.mode, found.check) == ("fluid.flow", "Another text.", "reverse", False)
    assert (found.components, found.tuple_valued) == (("u", "v"), True)
    assert found.inputs[0].unit == "mm"
    assert found.component_units == ()
    assert found.samples == {"x": (1.0, 2.0, 3.0), "y": (4.0,)}


def takes_anything(*x: Tensor) -> Tensor:
    return x[0]


def takes_keywords(*, x: Tensor) -> Tensor:
    return x


def takes_text(x: Tensor, way: str = "up") -> Tensor:
    return x if way == "up" else -x


def takes_nothing() -> Tensor:
    return torch.zeros(())


def takes_x(x: Tensor) -> Tensor:
    return x


def takes_x_y(x: Tensor, y: Tensor, z: float = 1.0) -> Tensor:
    return x * y * z


def test_inputs_given_by_keyword_alone_and_partials_are_registered() -> None:
    function(takes_keywords)
    function(functools.partial(takes_x_y, z=2.0))
    found = load([])
    assert found["takes_keywords"].inputs == (RegisteredInput("x", None, "", is_keyword=True),)
    assert [(i.name, i.default, i.is_keyword) for i in found["takes_x_y"].inputs] == [
        ("x", None, False),
        ("y", None, False),
        ("z", 2.0, True),
    ]


class Scaled(torch.nn.Module):
    """A line."""

    def forward(self, x: Annotated[Tensor, "m"], scale: Any = 2.0) -> Tensor:
        """What is called."""
        result: Tensor = x * scale
        return result


def test_modules_are_registered_by_what_their_forward_takes() -> None:
    model = Scaled()
    assert function(name="line")(model) is model
    found = only()
    assert (found.function, found.doc) == (model, "A line.")
    assert found.inputs == (RegisteredInput("x", None, "m"), RegisteredInput("scale", 2.0, ""))
    function(Scaled())
    assert "Scaled" in load([])


@pytest.mark.parametrize(
    ("subject", "options", "message"),
    [
        (takes_anything, {}, r"stands for any number of inputs; write each input plainly"),
        (torch.relu, {}, "relu: its parameters can't be read; register a def that calls it"),
        (functools.partial(takes_text, way="down"), {}, "the default 'down' of 'way' is no number; write a float"),
        (takes_x, {"order": 5}, "order=5; write the highest order to serve, 0 to 4"),
        (takes_x, {"order": True}, "order=True; write the highest order"),
        (takes_text, {}, "the default 'up' of 'way' is no number; write a float"),
        (takes_nothing, {}, "it has no inputs"),
        (takes_x, {"mode": "sideways"}, "mode='sideways'; write 'forward' or 'reverse'"),
        (takes_x, {"name": "not a name"}, "'not a name' is no name for a function"),
        (takes_x, {"units": {"y": "m"}}, "units for 'y', which it does not have; it has x, f"),
        (takes_x, {"samples": {"y": 1}}, "samples for 'y', which it does not have; it has x"),
        (takes_x_y, {"samples": {"x": 1}}, "samples without y; give values for every input"),
        (takes_x_y, {"samples": {"x": [1, 2], "y": [1, 2, 3]}}, r"samples of \[2, 3\] values"),
        (takes_x_y, {"samples": {"x": [], "y": 1}}, "samples of"),
        (takes_x, {"outputs": "uv"}, "outputs='uv'; write a tuple of different names"),
        (takes_x, {"outputs": ("u", "u")}, "a tuple of different names"),
    ],
)
def test_what_cannot_be_served_is_refused_at_its_decorator(subject: Any, options: Any, message: str) -> None:
    with pytest.raises(FunctionError, match=message):
        function(**options)(subject)
    assert not load([])


def test_seventeen_inputs_are_too_many() -> None:
    names = [f"x{i}" for i in range(17)]
    namespace: dict[str, Any] = {}
    exec(f"def many({', '.join(names)}): return x0", namespace)  # noqa: S102 - writes the long signature
    with pytest.raises(FunctionError, match="17 inputs; at most 16"):
        function(namespace["many"])
