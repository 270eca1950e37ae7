"""Arrays of other packages that can't be taken as they are: what is said of them, without loading these packages.

Each is known by its package and by what that package's own arrays are asked for.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from gridgrad_core.errors import RequestError

__all__ = ["holds_units", "refuse_numberless", "refuse_units", "unreadable"]


_UNIT_PACKAGES = frozenset(("pint", "astropy", "unyt"))


class _Refused(NamedTuple):
    found: str
    remedy: str


def holds_units() -> bool:
    """Whether arrays may have units at all: whether a package for them is loaded."""
    return not _UNIT_PACKAGES.isdisjoint(sys.modules)


def refuse_units(name: str, values: Any) -> None:
    """Refuses quantities of pint, astropy and unyt, whose numbers mean nothing without their unit.

    Args:
        name: of the input.
        values: an array of any package.

    Raises:
        RequestError: it has a unit.
    """
    if not holds_units():
        return
    for unit, numbers in (("units", "magnitude"), ("units", "to_value"), ("unit", "to_value")):
        if hasattr(values, unit) and hasattr(values, numbers):
            strip = '.to("s").magnitude' if numbers == "magnitude" else '.to_value("s")'
            found = f"a {type(values).__name__} in {getattr(values, unit)}"
            remedy = f"units are not converted: give numbers in the unit that the function takes, such as x{strip}"
            raise RequestError(f"inputs[{name!r}]", found, remedy)


def refuse_numberless(name: str, values: Any) -> None:
    """Refuses tensors of torch that are no dense arrays of numbers in memory, wherever that is.

    Args:
        name: of the input.
        values: an array of any package.

    Raises:
        RequestError: it is sparse, nested or quantized, or on the device 'meta'.
    """
    refused = _not_dense(values) if type(values).__module__.partition(".")[0] == "torch" else None
    if refused is not None:
        raise RequestError(f"inputs[{name!r}]", refused.found, refused.remedy)


def unreadable(name: str, values: Any, error: Exception) -> RequestError:
    """The error for an array that numpy could not read.

    Args:
        name: of the input.
        values: the array.
        error: what numpy, or the array's package, raised.
    """
    package = type(values).__module__.partition(".")[0]
    known = {"torch": _of_torch, "jax": _of_jax, "jaxlib": _of_jax}.get(package)
    refused = known(values) if known else None
    if refused is None:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        refused = _Refused(
            f"a {type(values).__name__} that is no array of numbers ({first_line})",
            "give a number, or rows of equal length",
        )
    return RequestError(f"inputs[{name!r}]", refused.found, refused.remedy)


def _of_torch(tensor: Any) -> _Refused | None:
    if not hasattr(tensor, "requires_grad"):
        return None
    return _not_dense(tensor) or _not_numpys(tensor)


def _not_dense(tensor: Any) -> _Refused | None:
    if getattr(tensor, "is_nested", False):
        return _Refused("a nested tensor", "give rows of equal length: torch.nested.to_padded_tensor(x, padding)")
    if str(tensor.layout) != "torch.strided":
        return _Refused(f"a sparse tensor ({tensor.layout})", "give all its numbers: x.to_dense()")
    if tensor.device.type == "meta":
        return _Refused("a tensor on the device 'meta', which has no numbers", "give one that has: x on 'cpu'")
    if tensor.is_quantized:
        return _Refused(f"a quantized tensor of {tensor.dtype}", "give x.dequantize()")
    return None


def _not_numpys(tensor: Any) -> _Refused:
    if tensor.requires_grad:
        remedy = "gridgrad.torch.evaluate differentiates through it; x.detach() gives its numbers alone"
        return _Refused("a tensor that requires grad", remedy)
    if str(tensor.dtype) == "torch.bfloat16" or "float8" in str(tensor.dtype):
        return _Refused(f"a tensor of {tensor.dtype}, which numpy has not", "give x.float()")
    if tensor.is_complex():
        return _Refused(f"a tensor of {tensor.dtype}", "give real and imaginary parts as inputs of their own")
    if tensor.is_neg():
        return _Refused("a view of a conjugate's imaginary part", "give x.resolve_neg()")
    if tensor.device.type != "cpu":
        return _Refused(f"a tensor on the device '{tensor.device}'", "give x.cpu()")
    remedy = "gridgrad.torch.evaluate takes the tensors of torch.func and torch.vmap"
    return _Refused("a tensor without numbers of its own, as inside torch.func or torch.vmap", remedy)


def _of_jax(array: Any) -> _Refused | None:
    kind = str(getattr(array, "dtype", ""))
    if kind.startswith("key<"):
        remedy = "give numbers drawn with it, such as jax.random.uniform(key, (8,)), or jax.random.key_data(key)"
        return _Refused(f"a JAX key ({kind})", remedy)
    if type(array).__name__.endswith("Tracer"):
        remedy = "gridgrad.jax.evaluate takes arrays inside jit, grad and vmap"
        return _Refused("an array that JAX traces, which has no numbers yet", remedy)
    return None
