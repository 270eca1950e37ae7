"""The functions of the library of special functions, as the worker's `native/cpp/special_functions.h` has them.

Texts that need it are known before a worker meets them, since to compile it takes long.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from typing import NamedTuple

from gridgrad_core.lang.functions.table import FUNCTIONS

__all__ = ["LIBRARY", "LibraryFunction", "needs_library"]


class LibraryFunction(NamedTuple):
    """A function of the library.

    Args:
        integers: how many orders it has, before its arguments.
        numbers: how many arguments.
        scipy_name: by which scipy has it; empty where it has not.
        part: which of several results of scipy's it is.
    """

    integers: int
    numbers: int
    scipy_name: str
    part: int | None = None


_Of = LibraryFunction
_AIRY = "airy_ai", "airy_ai_prime", "airy_bi", "airy_bi_prime"  # as scipy has them one after the other

LIBRARY: dict[str, LibraryFunction] = {
    "jn": _Of(1, 1, "jv"),
    "yn": _Of(1, 1, "yv"),
    **{name: _Of(0, 2, name) for name in ("jv", "yv", "iv", "kv")},
    **{name: _Of(0, 1, name) for name in ("i0", "i1", "i0e", "i1e", "k0e", "k1e")},
    **{name: _Of(0, 2, name) for name in ("ive", "kve")},
    **dict.fromkeys(("ive_derivative", "kve_derivative"), _Of(1, 2, "")),
    "zeta": _Of(0, 1, "zeta"),
    "zeta_derivative": _Of(1, 1, ""),
    "hyp1f1": _Of(0, 3, "hyp1f1"),
    **{f"spherical_{name}": _Of(1, 1, f"spherical_{name}") for name in ("jn", "yn", "in", "kn")},
    **{
        name: _Of(0, 1, "airy", part)
        for part, name in enumerate(("airy_ai", "airy_ai_prime", "airy_bi", "airy_bi_prime"))
    },
    "kn": _Of(1, 1, "kv"),
    "gammainc": _Of(0, 2, "gammainc"),
    "gammaincc": _Of(0, 2, "gammaincc"),
    "gammainc_partial": _Of(2, 2, ""),
    "gammaincinv": _Of(0, 2, "gammaincinv"),
    "betainc": _Of(0, 3, "betainc"),
    "betainc_partial": _Of(3, 3, ""),
    "betaincinv": _Of(0, 3, "betaincinv"),
    "student_t_cdf": _Of(0, 2, "stdtr"),
    "student_t_cdf_partial": _Of(2, 2, ""),
    "beta": _Of(0, 2, "beta"),
    "betaln": _Of(0, 2, "betaln"),
    "polygamma_difference": _Of(1, 2, ""),
    "lambertw": _Of(0, 1, ""),
    "lambertw_m1": _Of(0, 1, ""),
    "erfcinv": _Of(0, 1, "erfcinv"),
    "owens_t": _Of(0, 2, "owens_t"),
    "bivariate_norm_cdf": _Of(0, 3, ""),
    "dawsn": _Of(0, 1, "dawsn"),
    "dawsn_derivative": _Of(1, 1, ""),
    "voigt_profile": _Of(0, 3, "voigt_profile"),
    "voigt_partial": _Of(2, 3, ""),
    "expi": _Of(0, 1, "expi"),
    "exp1": _Of(0, 1, "exp1"),
    "expn": _Of(1, 1, "expn"),
    "expn_derivative": _Of(2, 1, ""),
    **{name: _Of(0, 1, "sici", part) for part, name in enumerate(("si", "ci"))},
    **{name: _Of(0, 1, "shichi", part) for part, name in enumerate(("shi", "chi"))},
    **{name: _Of(0, 1, "fresnel", part) for part, name in enumerate(("fresnel_s", "fresnel_c"))},
    "spence": _Of(0, 1, "spence"),
    **dict.fromkeys(("polylog", "fermi_dirac", "bose_einstein"), _Of(0, 2, "")),
    "polylog_derivative": _Of(1, 2, ""),
    "debye": _Of(1, 1, ""),
    "debye_derivative": _Of(2, 1, ""),
    **{name: _Of(0, 1, name) for name in ("ellipk", "ellipe", "ellipkm1")},
    **dict.fromkeys(("ellipk_derivative", "ellipe_derivative", "ellipkm1_derivative"), _Of(1, 1, "")),
    **{name: _Of(0, 2, name) for name in ("ellipkinc", "ellipeinc", "elliprc")},
    **dict.fromkeys(("ellipkinc_derivative", "ellipeinc_derivative"), _Of(1, 2, "")),
    **{name: _Of(0, 3, name) for name in ("elliprf", "elliprd")},
    "elliprj": _Of(0, 4, "elliprj"),
    "carlson_c": _Of(2, 2, ""),
    "carlson_f": _Of(3, 3, ""),
    "carlson_j": _Of(4, 4, ""),
    **{name: _Of(1, 1, f"eval_{name}") for name in ("chebyt", "hermite", "laguerre")},
    "legendre_p": _Of(1, 1, "eval_legendre"),
    **dict.fromkeys(("legendre_p_derivative", "assoc_legendre", "chebyt_derivative", "assoc_laguerre"), _Of(2, 1, "")),
}
"""Each of them, by its name there and in the language."""


_OF_FIRST_ORDERS = "j0", "j1", "y0", "y1", "k0", "k1"
"""Functions of the language that are computed by one of those, as j0(x) is by jn(0, x)."""


def needs_library(text: str) -> bool:
    """Whether a function of the library is in a program or in its derivatives.

    Args:
        text: the program's, canonical.
    """
    return _calls().search(text) is not None


@functools.cache
def _calls() -> re.Pattern[str]:
    """Calls of functions that the library computes, or one of their derivatives."""
    names, more = set[str](), {*LIBRARY, *_OF_FIRST_ORDERS}
    while more - names:
        names |= more
        calls = _calls_of(names)
        more = {name for name, each in FUNCTIONS.items() if calls.search(" ".join(each.derivatives))}
    return _calls_of(names)


def _calls_of(names: Collection[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(names))})\(")
