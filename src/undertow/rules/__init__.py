"""Rules: the derivative of each primitive, and the verbs by which users add their own."""

from __future__ import annotations

import importlib
from functools import cache

from ._registry import (
    AFFINE as AFFINE,
    Like as Like,
    Refused as Refused,
    Rule as Rule,
    Sample as Sample,
    affine as affine,
    elementwise as elementwise,
    forget as forget,
    linear as linear,
    lookup as lookup,
    pullback as pullback,
    pushforward as pushforward,
    refuse as refuse,
    registered as registered,
    substitute as substitute,
    unbroadcast as unbroadcast,
    zero_derivative as zero_derivative,
)

__all__ = [
    "Like", "Refused", "Rule", "Sample", "affine", "elementwise", "forget", "linear", "load", "load_for", "lookup", "pullback",
    "pushforward", "refuse", "registered", "substitute", "unbroadcast", "zero_derivative",
]

# Modules of rules by the package whose functions they describe; read when a program first uses that package.
LAZY = {
    name: f"undertow.rules._{name}"
    for name in ("scipy.fft", "scipy.fftpack", "scipy.integrate", "scipy.interpolate", "scipy.linalg", "scipy.ndimage", "scipy.optimize",
                 "scipy.signal", "scipy.sparse", "scipy.spatial", "scipy.special", "scipy.stats")
}
LAZY["statistics"] = LAZY["_statistics"] = "undertow.rules._statistics"


@cache
def load() -> None:
    """Register the rules of NumPy, `math` and `cmath`."""
    importlib.import_module("._numpy", __name__)
    importlib.import_module("._python", __name__)


def load_for(module_name: str) -> bool:
    """Register the rules of the package that holds `module_name`; True if there are any."""
    package = ".".join(module_name.split(".")[:2])
    return _load_module(LAZY[package]) if package in LAZY else False


@cache
def _load_module(name: str) -> bool:
    try:
        importlib.import_module(name)
    except (ImportError, AttributeError) as error:
        if getattr(error, "name", None) == name:
            return False
        if _known_scipy():
            raise
        # Another SciPy keeps its compiled routines elsewhere: those without a rule are refused where they are met.
    return True


def _known_scipy() -> bool:
    """Whether the rules were written for the SciPy that is installed."""
    import scipy

    return scipy.__version__.startswith("1.17")
