"""Functions of the library on tensors, and what stands in for it where it can't be compiled."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Sequence

import mpmath as mp
import numpy as np
import pytest
import torch
from torch import Tensor

from gridgrad.checks.mpmath_functions import VALUES as PRECISE
from gridgrad_core.errors import RequestError
from gridgrad_core.lang.library.library_table import LIBRARY
from gridgrad_worker.native import library_functions as module
from gridgrad_worker.native.errors import CannotCompileError, MomentaryTroubleError, NothingToCompileWithError
from gridgrad_worker.native.library_functions import VALUES

ORDERS = {
    **dict.fromkeys(("jn", "yn", "kn", *(f"spherical_{name}" for name in ("jn", "yn", "in", "kn"))), (3,)),
    "gammainc_partial": (1, 0),
    "polygamma_difference": (1,),
    "betainc_partial": (1, 0, 1),
    **dict.fromkeys(("legendre_p", "chebyt", "hermite", "laguerre"), (3,)),
    **dict.fromkeys(("legendre_p_derivative", "chebyt_derivative"), (1, 3)),
    **dict.fromkeys(("assoc_legendre", "assoc_laguerre"), (3, 2)),
    "student_t_cdf_partial": (1, 0),
    **dict.fromkeys(
        ("dawsn_derivative", "ive_derivative", "kve_derivative", "zeta_derivative", "polylog_derivative"), (1,)
    ),
    "debye": (3,),
    "debye_derivative": (1, 3),
    "voigt_partial": (1, 0),
    "expn": (3,),
    "expn_derivative": (1, 3),
    "carlson_c": (1, 1),
    "carlson_f": (1, 0, 0),
    "carlson_j": (1, 0, 0, 1),
    **{f"{name}_derivative": (1,) for name in ("ellipk", "ellipe", "ellipkm1", "ellipkinc", "ellipeinc")},
}
NOT_IN_SCIPY = {name for name, function in LIBRARY.items() if not function.scipy_name}
SCALES = {
    "lambertw_m1": -1 / 90,
    "gammaincinv": 1 / 31,
    "erfcinv": 1 / 16,
    "assoc_legendre": 1 / 31,
    **dict.fromkeys(("polylog", "polylog_derivative", "bose_einstein"), -1),
    **dict.fromkeys(("airy_bi", "airy_bi_prime"), 1 / 4),
    **dict.fromkeys(("betainc", "betainc_partial", "betaincinv", "bivariate_norm_cdf"), 1 / 31),
    **{name: 1 / 31 for name in LIBRARY if name.startswith("ellip") and "m1" not in name},
}
"""Where a function has values only beside 0, by what numbers up to 30 are multiplied."""
WHY = "there is no C++ compiler; install g++, or set CXX"


def values(name: str, x: Tensor) -> Tensor:
    """A function of such numbers, and of one for each further argument that it has."""
    count = LIBRARY[name].numbers if name in LIBRARY else 1
    others = [torch.tensor(2.5, dtype=x.dtype)] * (count - 1)
    return VALUES[name](*ORDERS.get(name, ()), *others, x)


WORST = {
    **dict.fromkeys(("j0", "j1", "jn", "y0", "y1", "yn", "k0", "k1", "kn"), 1e-13),
    **dict.fromkeys(("i0", "i1"), 2e-13),
}  # fmt: skip
"""The errors that the rows state, each a part of the value or, beside zeros, of the envelope."""


@pytest.mark.parametrize("count", [2, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", WORST)
def test_errors_are_no_larger_than_the_rows_say(name: str, count: int) -> None:
    random = np.random.default_rng(3)
    xs = np.concatenate([10 ** random.uniform(-8, 2.8 if name[0] in "ik" else 6, count), random.uniform(0, 100, count)])
    for order in (0, 7, 600) if name in ORDERS else (None,):
        integers = () if order is None else (order,)
        found = VALUES[name](*integers, torch.from_numpy(xs)).tolist()
        with mp.workdps(40):
            for x, got in zip(xs, found, strict=True):
                want = PRECISE[name](*integers, mp.mpf(x))
                if abs(want) > sys.float_info.max:
                    assert abs(got) == math.inf, f"{name} of order {order} at {x}"
                    continue
                scale = max(abs(want), mp.sqrt(2 / (mp.pi * x)) if x > (order or 0) and name[0] in "jy" else 0)
                assert abs(got - want) <= WORST[name] * scale + sys.float_info.min, f"{name} of order {order} at {x}"


@pytest.fixture
def without_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[CannotCompileError], list[str]]]:
    """Has no library be there, for a reason, and counts how often it was looked for."""

    def lacking(why: CannotCompileError) -> list[str]:
        looked: list[str] = []

        @contextlib.contextmanager
        def library_files() -> Iterator[None]:
            looked.append("")
            if why:
                raise why
            yield

        monkeypatch.setattr(module, "library_files", library_files)
        return looked

    module._loaded_or_refused.cache_clear()
    yield lacking
    module._loaded_or_refused.cache_clear()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", VALUES)
def test_numbers_are_the_same_wherever_they_lie(name: str, dtype: torch.dtype) -> None:
    x = torch.linspace(0.1, 30, 6000, dtype=dtype)
    x = x * SCALES.get(name, 1)
    all_values = values(name, x)
    assert all_values.isfinite().all()
    assert all_values.dtype == dtype
    assert torch.equal(values(name, x.reshape(60, 100).T), all_values.reshape(60, 100).T)
    assert torch.equal(values(name, x[::7]), all_values[::7])
    assert torch.equal(values(name, x[5].expand(3, 4)), all_values[5].expand(3, 4))
    assert torch.equal(values(name, x[5]), all_values[5])
    assert values(name, x[:0]).shape == (0,)


@pytest.mark.parametrize("name", sorted(VALUES.keys() - NOT_IN_SCIPY))
def test_scipy_stands_in_where_there_is_no_compiler(
    name: str, without_library: Callable[[CannotCompileError], list[str]]
) -> None:
    pytest.importorskip("scipy")
    x = torch.linspace(0.1, 30, 100, dtype=torch.float64) * SCALES.get(name, 1)
    right = values(name, x)
    module._loaded_or_refused.cache_clear()
    looked = without_library(NothingToCompileWithError(WHY))
    for dtype, digits in ((torch.float64, 1e-13), (torch.float32, 1e-5)):
        np.testing.assert_allclose(values(name, x.to(dtype)), right, rtol=digits, atol=digits)
    assert len(looked) == 1


def test_what_passes_is_tried_again(without_library: Callable[[CannotCompileError], list[str]]) -> None:
    pytest.importorskip("scipy")
    looked = without_library(MomentaryTroubleError("No space left"))
    for _ in range(2):
        values("j0", torch.ones(1, dtype=torch.float64))
    assert len(looked) == 2


def test_without_either_it_is_said_what_to_install(
    without_library: Callable[[CannotCompileError], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_library(NothingToCompileWithError(WHY))
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(RequestError) as refused:
        values("jn", torch.ones(1, dtype=torch.float64))
    assert WHY in str(refused.value)
    assert "or pip install scipy where the worker runs" in str(refused.value)


@pytest.mark.parametrize("name", sorted(NOT_IN_SCIPY))
def test_what_scipy_has_not_is_refused_without_a_compiler(
    name: str, without_library: Callable[[CannotCompileError], list[str]]
) -> None:
    without_library(NothingToCompileWithError(WHY))
    with pytest.raises(RequestError, match=f"{name}, which a library computes that can't be compiled here: "):
        values(name, torch.ones(1, dtype=torch.float64))


PUBLISHED = [
    # the function with its orders, its arguments, and the value that mpmath has at 50 digits, seen another way too
    ("jn", (500,), (1001.0,), -0.027021455889348281),
    ("yn", (500,), (1001.0,), -0.0019917354771687394),
    ("i0", (), (0.5,), 1.0634833707413236),
    ("jv", (), (500.0, 1001.0), -0.027021455889348281),
    ("yv", (), (500.0, 1001.0), -0.0019917354771687394),
    ("airy_bi", (), (103.9,), 7.5602434806566584e305),
    ("airy_ai", (), (-1e5,), -0.013152978737498165),
    ("airy_ai_prime", (), (-1e5,), -9.1300788519324882),
    ("j0", (), (1e10,), 2.1755917502468917e-6),
    ("j1", (), (1e10,), -7.6765081756841576e-6),
    ("lambertw", (), (-0.3678794411714423,), -0.9999999846957459),
    ("lambertw_m1", (), (-0.3678794411714423,), -1.0000000153042543),
    ("lambertw_m1", (), (-0.1,), -3.5771520639572972),
    ("beta", (), (1e6, 2.0), 9.99999000000999999e-13),
    ("betaln", (), (1e10, 0.5), -10.940560522033028),
    ("polygamma_difference", (0,), (1e6, 2.0), 1.999999000000999999e-6),
    ("elliprj", (), (1.0, 2.0, 3.0, -1.0), -0.093240452438676412),
    ("elliprc", (), (1.0, -1.0), 0.62322524014023051),
    ("carlson_j", (0, 0, 0, 2), (1.0, 2.0, 3.0, -1.0), -0.10775095743955585),
    ("carlson_j", (0, 0, 0, 5), (1.0, 2.0, 3.0, -1.0), 0.069492943996017967),
    ("ellipk_derivative", (1,), (0.5,), 0.84721308479397909),
    ("ellipe_derivative", (1,), (0.5,), -0.50343079625369642),
    ("hyp1f1", (), (0.5, 1.5, -50.0), 0.12533141373155002),
    ("hyp1f1", (), (0.5, 1.5, -99.0), 0.089069157298092852),
    ("zeta", (), (1 + 1e-10,), 9999999173.1735741),
    ("spence", (), (2.0,), -0.82246703342411322),
    ("fermi_dirac", (), (0.5, 0.0), 0.76514702462540795),
    ("fermi_dirac", (), (0.5, 5.0), 8.8442088952429539),
    ("fermi_dirac", (), (-0.5, 5.0), 2.4729876224829440),
    ("polylog", (), (2.0, -1.0), -(math.pi**2) / 12),
    ("polylog", (), (-3.0, 0.5), 26.0),
    ("bose_einstein", (), (1.0, 0.0), math.pi**2 / 6),
    ("debye", (3,), (1.0,), 0.67441556407781468),
    ("debye_derivative", (1, 3), (1.0,), -0.27731657162546477),
    ("debye_derivative", (2, 3), (1.0,), 0.093175624486461384),
    ("betainc", (), (2.0, 3.0, 0.4), 0.5248),
    ("betainc_partial", (1, 0, 0), (2.0, 3.0, 0.4), -0.24086937608755658),
    ("betainc_partial", (0, 1, 0), (2.0, 3.0, 0.4), 0.1563443364135988),
    ("bivariate_norm_cdf", (), (-5.0, -5.0, 0.3), 4.4951960147734216e-11),
    ("bivariate_norm_cdf", (), (-8.0, -8.0, 0.5), 1.7886605485901852e-21),
    ("voigt_profile", (), (1.0, 1.0, 1.0), 0.16579566268916646),
    ("voigt_partial", (1, 0), (1.0, 1.0, 1.0), -0.07391136142043689),
    ("voigt_partial", (2, 0), (1.0, 1.0, 1.0), -0.031254379042834915),
    ("voigt_partial", (0, 1), (1.0, 1.0, 1.0), -0.060629922225894650),
    ("gammaincinv", (), (2.0, 0.80085172652854423), 3.0),
    ("gammainc", (), (2.0, 3.0), 0.80085172652854423),
    ("gammainc_partial", (1, 0), (2.0, 3.0), -0.19742541957920246),
    ("gammainc_partial", (2, 0), (2.0, 3.0), -0.079308616296455419),
    ("gammainc_partial", (1, 1), (2.0, 3.0), 0.10094247758785612),
    ("gammainc_partial", (1, 0), (50.0, 60.0), -0.021284992786349492),
    ("gammainc_partial", (2, 0), (50.0, 60.0), -0.0038864838466261135),
]


@pytest.mark.parametrize(("name", "orders", "arguments", "want"), PUBLISHED)
def test_values_are_right(name: str, orders: Sequence[int], arguments: Sequence[float], want: float) -> None:
    numbers = [torch.tensor([each], dtype=torch.float64) for each in arguments]
    assert VALUES[name](*orders, *numbers).item() == pytest.approx(want, rel=2e-13, abs=0)


@pytest.mark.parametrize("count", [2, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.parametrize(("m", "n"), [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (0, 1), (1, 1), (1, 3), (2, 2), (3, 1)])
def test_derivatives_of_the_incomplete_gamma_function_are_right_everywhere(m: int, n: int, count: int) -> None:
    """In its lower tail and its upper one, beside x = a, and at small and large a: of itself or of a times the next."""
    random = np.random.default_rng([m, n])
    shapes = 10 ** random.uniform(-3, 4, count)
    beside = np.abs(shapes + 3 * random.standard_normal(count) * np.sqrt(shapes))
    anywhere = 10 ** random.uniform(-3, 2, (2, count))
    for a, x in [*zip(shapes, beside, strict=True), *anywhere.T]:
        numbers = [torch.tensor([each], dtype=torch.float64) for each in (a, x)]
        got = VALUES["gammainc_partial"](m, n, *numbers).item()
        with mp.workdps(40):
            want, next_one = (PRECISE["gammainc_partial"](order, n, mp.mpf(a), mp.mpf(x)) for order in (m, m + 1))
            assert abs(got - want) <= 1e-13 * max(abs(want), abs(a * next_one)) + 1e-300, f"({m}, {n}) at {a}, {x}"


@pytest.mark.parametrize("count", [4, pytest.param(300, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", ["lambertw", "lambertw_m1"])
def test_lamberts_function_is_right_from_its_branch_point_on(name: str, count: int) -> None:
    random = np.random.default_rng(5)
    end = math.exp(-1)
    xs = [end * (10 ** random.uniform(-15, 0, count) - 1), -(10 ** random.uniform(-307, -1, count)), [-5e-324, -1e-306]]
    positive = [] if name == "lambertw_m1" else [10 ** random.uniform(-300, 300, count)]
    for x in np.concatenate([*xs, *positive]):
        got = VALUES[name](torch.tensor([x], dtype=torch.float64)).item()
        with mp.workdps(40):
            want = PRECISE[name](mp.mpf(float(x)))
            rounded = want * max(1, 1 / abs(1 + want)) if want else mp.mpf(1)
            assert abs(got - want) <= 1e-14 * abs(rounded) + 5e-324, f"{name} at {x}"


@pytest.mark.parametrize("count", [3, pytest.param(60, marks=pytest.mark.long)])
def test_the_inverse_of_the_incomplete_gamma_function_is_right(count: int) -> None:
    random = np.random.default_rng(7)
    shapes, ps = (
        10 ** random.uniform(-2, 4, 2 * count),
        [*random.uniform(0, 1, count), *10 ** random.uniform(-20, 0, count)],
    )
    for a, p in zip(shapes, ps, strict=True):
        got = VALUES["gammaincinv"](*[torch.tensor([each], dtype=torch.float64) for each in (a, p)]).item()
        with mp.workdps(40):
            want = PRECISE["gammaincinv"](mp.mpf(a), mp.mpf(p))
            slope = p / (want ** (a - 1) * mp.exp(-want) * mp.rgamma(mp.mpf(a)))
            assert abs(got - want) <= 1e-14 * (want + slope) + 1e-300, f"at {a}, {p}"


@pytest.mark.parametrize("count", [2, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", ["airy_ai", "airy_bi", "airy_ai_prime", "airy_bi_prime"])
def test_airys_functions_are_right_far_out(name: str, count: int) -> None:
    """Beside where their expansions begin, and where the phase has lost its digits in double."""
    random = np.random.default_rng(11)
    for x in [*-random.uniform(55, 65, count), *-(10 ** random.uniform(2, 8, count))]:
        got = VALUES[name](torch.tensor([x], dtype=torch.float64)).item()
        with mp.workdps(50):
            size = mp.mpf(-x) ** (0.25 if name.endswith("prime") else -0.25) / mp.sqrt(mp.pi)
            assert abs(got - PRECISE[name](mp.mpf(x))) <= 1e-13 * size, f"{name} at {x}"
