"""An exported program as a function of tensors, read off its JSON, whose schema is torch/_export/serde/schema.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gridgrad_worker.models.exported.archive import DTYPES, ProgramArchive
from gridgrad_worker.models.exported.operations import CHECKS, FACTORIES, operation
from gridgrad_worker.models.graphs.graph_program import GraphProgram, GraphStep, ValueName
from gridgrad_worker.registered.registration import FunctionError

__all__ = ["ExportedGraph", "ProgramInput"]

_MAJOR = 8
_AS_THEY_ARE = ("as_int", "as_ints", "as_bool", "as_bools", "as_string", "as_int_lists")
_AGAIN = "export it again"


class ProgramInput(NamedTuple):
    """A tensor that a program takes; a dim of any length is None."""

    name: str
    dtype: torch.dtype
    shape: tuple[int | None, ...]


class ExportedGraph:
    """An exported program.

    Args:
        archive: has it and its tensors.

    Attributes:
        inputs: what it takes, without parameters and buffers.
        settings: what its author says of it, if he does.

    Raises:
        FunctionError: it calls what is not run here, or is not as torch.export writes it.
    """

    def __init__(self, archive: ProgramArchive) -> None:
        self.settings = archive.settings()
        program = archive.program()
        major = program.get("schema_version", {}).get("major")
        if major != _MAJOR:
            raise FunctionError(f"its schema is version {major}; {_AGAIN} by a torch whose schema is version {_MAJOR}")
        try:
            self._read(program["graph_module"], archive.tensors())
        except FunctionError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise FunctionError(f"its program is not as torch.export writes it: {error!r}; {_AGAIN}") from None

    def _read(self, module: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        self._nodes = [each for each in module["graph"]["nodes"] if each["target"] not in CHECKS]
        reader = _NodeReader({}, torch.device("cpu"))
        for node in self._nodes:
            reader.step(node)  # for what it refuses
        for spec in module["signature"]["output_specs"]:
            _refuse_mutation(spec)
        self._outputs = [_named(each) for each in module["graph"]["outputs"]]
        described = module["graph"]["tensor_values"]
        self.inputs: list[ProgramInput] = []
        self._constants: dict[str, Any] = {}
        for spec in module["signature"]["input_specs"]:
            ((kind, said),) = spec.items()
            if kind == "user_input":
                name = _named(said["arg"])
                self.inputs.append(_input(name, described[name]))
            elif kind == "constant_input":
                self._constants[said["name"]] = next(iter(said["value"].values()))
            else:
                self._constants[said["arg"]["name"]] = tensors[_name_of_constant(kind, said)]

    @property
    def dtype(self) -> torch.dtype:
        """That of its inputs.

        Raises:
            FunctionError: they have several.
        """
        found = {each.dtype for each in self.inputs}
        if len(found) != 1:
            named = ", ".join(sorted(map(str, found))) or "none"
            raise FunctionError(f"its inputs are of several dtypes, {named}; export it with tensors of one")
        return found.pop()

    def made(self, dtype: torch.dtype, device: torch.device) -> Callable[..., tuple[Tensor, ...]]:
        """The program in a dtype: tensors of its own dtype become of that one, as do the dtypes that it names."""
        own = self.dtype

        def cast(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            return value.to(device, dtype if value.dtype == own else value.dtype)

        constants = {name: cast(each) for name, each in self._constants.items()}
        reader = _NodeReader({own: dtype}, device)
        steps = [reader.step(each) for each in self._nodes]
        return GraphProgram([each.name for each in self.inputs], constants, steps, self._outputs)


class _NodeReader:
    """Makes steps of nodes.

    Args:
        dtypes: what becomes of dtypes.
        device: where tensors are made.
    """

    def __init__(self, dtypes: Mapping[torch.dtype, torch.dtype], device: torch.device) -> None:
        self._dtypes = dtypes
        self._device = device

    def step(self, node: Mapping[str, Any]) -> GraphStep:
        """The call of a node."""
        target = str(node["target"])
        called = operation(target)
        positional, by_name = [], {}
        for each in node["inputs"]:
            if each.get("kind") == 1:
                positional.append(self._argument(each["arg"]))
            else:
                by_name[each["name"]] = self._argument(each["arg"])
        if target.split(".")[-2] in FACTORIES and by_name.get("dtype") is None and not _is_integral(target, positional):
            by_name["dtype"] = self._dtypes.get(torch.float32, torch.float32)  # torch's default
        return GraphStep(called, tuple(positional), by_name, _outputs_of(node["outputs"]))

    def _argument(self, argument: Mapping[str, Any]) -> Any:
        ((kind, value),) = argument.items()
        if kind == "as_none":
            return None
        if kind in _AS_THEY_ARE:
            return value
        if kind == "as_tensor":
            return ValueName(value["name"])
        if kind == "as_tensors":
            return [ValueName(each["name"]) for each in value]
        if kind in ("as_float", "as_floats"):
            return float(value) if kind == "as_float" else [float(each) for each in value]
        if kind in ("as_optional_tensor", "as_sym_int", "as_sym_bool", "as_sym_float"):
            return self._one_of(value)
        if kind in ("as_optional_tensors", "as_sym_ints"):
            return [self._one_of(each) for each in value]
        if kind == "as_scalar_type":
            return self._dtypes.get(DTYPES[value], DTYPES[value])
        if kind == "as_device":
            return self._device
        if kind in ("as_memory_format", "as_layout"):
            return torch.contiguous_format if kind == "as_memory_format" else torch.strided
        raise FunctionError(f"it has an argument {kind[:40]}, which is not read; {_AGAIN} with tensors and numbers")

    def _one_of(self, value: Mapping[str, Any]) -> Any:
        """What stands for a tensor or number, which may be a name."""
        ((kind, found),) = value.items()
        return ValueName(found) if kind == "as_name" else self._argument(value)


def _is_integral(target: str, positional: Sequence[Any]) -> bool:
    """Whether a factory makes integers or truths, of what it is given."""
    numbers = positional[1:2] if ".full." in target else positional
    return target.split(".")[-2] in ("full", "scalar_tensor", "arange") and not any(
        isinstance(each, float) for each in numbers
    )


def _outputs_of(outputs: Sequence[Mapping[str, Any]]) -> tuple[str, ...] | str:
    names = tuple(_names_of(outputs))
    is_one = len(outputs) == 1 and "as_tensors" not in outputs[0]
    return names[0] if is_one and names else names


def _names_of(outputs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in outputs:
        ((kind, value),) = each.items()
        if kind == "as_tensors":
            yield from (inner["name"] for inner in value)
        else:
            yield value["name"] if kind == "as_tensor" else value["as_name"]


def _named(argument: Mapping[str, Any]) -> str:
    """The name of a tensor.

    Raises:
        FunctionError: it is none.
    """
    ((kind, value),) = argument.items()
    if kind != "as_tensor":
        raise FunctionError(f"it takes or returns {kind.removeprefix('as_')[:40]}, no tensor; {_AGAIN} with tensors")
    return str(value["name"])


def _input(name: str, described: Mapping[str, Any]) -> ProgramInput:
    dtype = DTYPES.get(described["dtype"])
    if dtype is None or not dtype.is_floating_point:
        raise FunctionError(f"its input {name!r} is of {dtype or 'an unknown dtype'}; export it with floating numbers")
    return ProgramInput(name, dtype, tuple(each.get("as_int") for each in described["sizes"]))


def _name_of_constant(kind: str, said: Mapping[str, Any]) -> str:
    names = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
    if kind not in names:
        raise FunctionError(f"it takes a {kind[:40]}, which is not read here; {_AGAIN} with tensors alone")
    return str(said[names[kind]])


def _refuse_mutation(spec: Mapping[str, Any]) -> None:
    ((kind, said),) = spec.items()
    if kind != "user_output":
        what = said.get("buffer_name") or said.get("parameter_name") or said.get("user_input_name") or ""
        raise FunctionError(
            f"it changes {what!r} when it computes ({kind[:40]}), as batch norm in training mode does; "
            "export it after .eval()"
        )
