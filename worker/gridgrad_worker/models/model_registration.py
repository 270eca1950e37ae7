"""What a model is served by: a function of numbers, and what must hold of it before its derivatives are looked at."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_core.errors import RequestError
from gridgrad_worker.models.batch_model import BatchModel, ModelFunction, at_point, returned
from gridgrad_worker.models.frozen import FrozenMode
from gridgrad_worker.models.model_settings import ModelSample
from gridgrad_worker.registered.exact_operations import ExactOperations
from gridgrad_worker.registered.registration import FunctionError, Registration, describe
from gridgrad_worker.registered.sample_points import sample_points

__all__ = ["registration_of"]

Points = NDArray[np.float64]

_DTYPES = {"float64": torch.float64, "float32": torch.float32}
_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-3}
_PROBED = 0.5
_APART, _USUAL, _COMPARED = 1e-9, 30.0, 16


def registration_of(model: BatchModel) -> Registration:
    """Makes a registered function of a model.

    Args:
        model: what its loader made of it.

    Raises:
        FunctionError: it can't be served; the message says what to change.
    """
    settings = model.settings
    names = [each.name for each in model.inputs]
    _check_floating(model)
    dtypes = [dtype for name, dtype in _DTYPES.items() if settings.dtype in ("", name)]
    made = {dtype: model.made(dtype, 1) for dtype in dtypes}
    samples = [_point(f"samples[{i}]", model, each) for i, each in enumerate(settings.samples)]
    probe = samples[0] if samples else [_PROBED if each.default is None else each.default for each in model.inputs]
    if _is_batched(model):  # what batch norm does in training shows in a batch of several
        _computed(model, model.made(dtypes[0], 2), [probe, probe], dtypes[0])
    counts = [found.numel() for found in _computed(model, made[dtypes[0]], [probe], dtypes[0])]
    components = _components(model, counts)
    found = describe(
        _point_function(model, made, len(components)),
        settings.name or model.name,
        {each.name: each.unit for each in model.inputs if each.unit}
        | {name if settings.outputs else "f": unit for name, unit in settings.outputs.items() if unit},
        settings.doc,
        components if settings.outputs or len(components) > 1 else None,
        settings.mode,
        {name: [point[i] for point in samples] for i, name in enumerate(names)} if samples else {},
        settings.check,
        settings.order,
    )
    points = sample_points(found)
    _check_points_apart(model, dtypes[0], points[:2], made[dtypes[0]])
    _check_oracle(model, components, points)
    for i, (sample, point) in enumerate(zip(settings.samples, samples, strict=True)):
        _check_values(f"samples[{i}]", components, sample, model, made[dtypes[0]], point, dtypes[0])
    return found


def _check_floating(model: BatchModel) -> None:
    if model.dtype not in (None, *_DTYPES.values()):
        raise FunctionError(f"its weights are {model.dtype}; convert it by .float() or .double()")


def _is_batched(model: BatchModel) -> bool:
    return all(each.is_batched for each in model.tensors)


def _components(model: BatchModel, counts: Sequence[int]) -> tuple[str, ...]:
    """The names of the numbers that each tensor it returns holds."""
    named = tuple(model.settings.outputs)
    if named:
        if len(named) != sum(counts):
            raise FunctionError(f"outputs has {len(named)} names for {sum(counts)} numbers; name each")
        return named
    if not sum(counts):
        raise FunctionError("it returns no number; have it return a tensor")
    if sum(counts) == 1:
        return ("f",)
    tensors = zip(model.outputs, counts, strict=True) if model.outputs else [("f", sum(counts))]
    return tuple(f"{name}{i}" if count > 1 else name for name, count in tensors for i in range(count))


def _point_function(model: BatchModel, made: Mapping[torch.dtype, ModelFunction], count: int) -> ModelFunction:
    """The model as a function of numbers, with the signature that a def of them has."""

    tensors, is_one = (
        model.tensors,
        count == 1 and not model.settings.outputs,
    )  # and not the model, to keep no more of it

    def function(*numbers: Tensor) -> Tensor | tuple[Tensor, ...]:
        dtype = numbers[0].dtype
        if dtype not in made:
            served = ", ".join(str(each) for each in made)
            raise RequestError("dtype", f"{dtype} of a model that is served in {served} alone", f"ask for {served}")
        found = at_point(tensors, made[dtype], numbers)
        return found[0] if is_one else tuple(found)

    empty = inspect.Parameter.empty
    inputs = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=empty if each.default is None else each.default,
        )
        for each in model.inputs
    ]
    # Not inspect.Signature(inputs), which wants inputs with defaults behind those without
    function.__signature__ = inspect.Signature(inputs, __validate_parameters__=False)  # type: ignore[attr-defined]
    return function


def _point(place: str, model: BatchModel, sample: ModelSample) -> list[float]:
    """The numbers of a sample."""
    names = [each.name for each in model.inputs]
    for name in sample.inputs:
        if name not in names:
            raise FunctionError(f"{place} has {name!r}, which is no input; it has {', '.join(names)}")
    point = {each.name: sample.inputs.get(each.name, each.default) for each in model.inputs}
    missing = [name for name, value in point.items() if value is None]
    if missing:
        raise FunctionError(f"{place} has no {missing[0]!r}; say at which value it is computed")
    return [value for value in point.values() if value is not None]


def _computed(
    model: BatchModel, made: ModelFunction, points: Sequence[Sequence[float]] | Points, dtype: torch.dtype
) -> tuple[Tensor, ...]:
    """What it returns for a batch of points.

    Raises:
        FunctionError: it can't be computed, or not by its inputs alone.
    """
    try:
        with torch.enable_grad(), ExactOperations(), FrozenMode():  # type: ignore[no-untyped-call] # untyped
            found = returned(made(*model.batch(torch.as_tensor(np.array(points), dtype=dtype, device=model.device))))
    except FunctionError:
        raise
    except Exception as error:
        taken = ", ".join(str(list(each.shape)) for each in model.batch(torch.zeros(len(points), len(points[0]))))
        raise FunctionError(
            f"computing it with tensors {taken} of {dtype} raised {type(error).__name__}: {error}; "
            "mend it, or say by tensors which inputs each of its tensors holds"
        ) from error
    return found


def _check_points_apart(model: BatchModel, dtype: torch.dtype, points: Points, alone: ModelFunction) -> None:
    """Computes points together and each by itself: a point's results must not depend on what else is in a batch."""
    if len(points) < 2 or not _is_batched(model):
        return
    together = _computed(model, model.made(dtype, len(points)), points, dtype)
    for number, point in enumerate(points):
        for one, all_of_them in zip(_computed(model, alone, [point], dtype), together, strict=True):
            if one.numel() * len(points) != all_of_them.numel():
                continue  # a result without a batch dim
            apart = all_of_them.reshape(len(points), -1)[number] - one.reshape(-1)
            largest = float(apart.abs().max()) if apart.numel() else 0.0
            if largest > _TOLERANCE[dtype] * (1 + float(one.abs().max())):
                raise FunctionError(
                    f"its result at a point differs by {largest:.3g} when another point is in its batch; a model must "
                    "compute each point by itself: no mean over the batch, and no batch norm without running statistics"
                )


def _check_oracle(model: BatchModel, components: Sequence[str], points: Points) -> None:
    """Compares values with those of the oracle, at points of usual size, where that does not overflow."""
    if model.oracle is None:
        return
    made, names = model.made(torch.float64, 1), [each.name for each in model.inputs]
    for point in points[np.abs(points).max(axis=1) <= _USUAL][:_COMPARED]:
        tensors = [each.numpy() for each in model.batch(torch.from_numpy(point[None]))]
        try:
            right = np.concatenate([each.reshape(-1) for each in model.oracle.values(tensors)]).astype(np.float64)
        except Exception as error:
            found = f"it can't be compared, since {model.oracle.name} raised {type(error).__name__}: {error}"
            raise FunctionError(f"{found}; export it with other operators") from error
        got = torch.cat([each.reshape(-1) for each in _computed(model, made, [point], torch.float64)]).cpu().numpy()
        for name, one, other in zip(components, got, right, strict=True):
            if np.isfinite(other) and not abs(one - other) <= _APART * (1 + abs(other)):
                at = ", ".join(f"{each}={x:.6g}" for each, x in zip(names, point, strict=True))
                found = f"{name} is {float(one)!r} at {at}, but {float(other)!r} by {model.oracle.name}"
                raise FunctionError(f"{found}; export it with other operators")


def _check_values(
    place: str,
    components: Sequence[str],
    sample: ModelSample,
    model: BatchModel,
    made: ModelFunction,
    point: Sequence[float],
    dtype: torch.dtype,
) -> None:
    """Compares what is computed at a sample with what its author says."""
    if not sample.values:
        return
    if len(sample.values) != len(components):
        raise FunctionError(f"{place} has {len(sample.values)} values for {len(components)} components; write one each")
    got = torch.cat([each.reshape(-1) for each in _computed(model, made, [point], dtype)]).tolist()
    for name, value, wanted in zip(components, got, sample.values, strict=True):
        if not abs(value - wanted) <= sample.atol + sample.rtol * abs(wanted):
            off = f"within rtol {sample.rtol:g} and atol {sample.atol:g}"
            raise FunctionError(f"{place}: {name} is {value!r} there, not {wanted!r} {off}; mend either")
