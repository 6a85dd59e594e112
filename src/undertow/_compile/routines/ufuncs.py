"""Universal functions of NumPy and SciPy as scalar operations.

Their values are those of the function's own inner loop, run for one element; their partial derivatives are those of the
rule library, lowered like programs.
"""

from __future__ import annotations

import re

import numpy as np

from ...rules import load, load_for
from ...rules._registry import lookup, name_of
from ..ir.ops import SCALAR, Scalar

__all__ = ["UFUNCS", "operation"]

UFUNCS: dict[str, np.ufunc] = {}
_COST = 40


def operation(f: np.ufunc) -> str | None:
    """Name of the scalar operation, None where the rule library has no partial derivatives of the function.

    A function that knows integers warns, as Python warns, where it truncates floats: that is not for native code.
    """
    full = name_of(f)
    load()
    load_for(full)
    rule = lookup(f)
    if rule is None or rule.kind not in ("elementwise", "zero") or f.nout != 1 or "d" * f.nin + "->d" not in f.types:
        return None
    if any(c in "bhilqpBHILQP" for kinds in f.types for c in kinds.partition("->")[0]):
        return None
    name = "ufunc_" + re.sub(r"\W", "_", full)
    if name not in SCALAR:
        UFUNCS[name] = f
        SCALAR[name] = Scalar(f.nin, f"{name}({', '.join(f'{{{k}}}' for k in range(f.nin))})", _COST)
    return name
