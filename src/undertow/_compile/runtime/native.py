"""Names that generated code uses, as Numba functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from ..leave import Leave
from .access import read, shaped, write
from .blas import NAMES as BLAS
from .memory import NAMES as MEMORY
from .vector import NAMES as VECTOR

__all__ = ["NAMES", "jit"]


@intrinsic
def radd(context: Any, a: Any, b: Any) -> Any:
    """Addition whose order the compiler may choose: sums become vector sums."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(args[0], args[1], flags=("reassoc", "nsz"))

    return a(a, a), codegen


def jit(f: Any) -> Any:
    return njit(error_model="numpy", nogil=True)(f)


@jit
def grow(stack: Any, n: int) -> Any:
    """A stack of at least twice the size with the same contents."""
    out = np.empty((max(n, 2 * stack.size),), stack.dtype)
    out[: stack.size] = stack
    return out


@intrinsic
def to_slot(context: Any, x: Any) -> Any:
    """The bits of an integer as a double, for the tape."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.float64))

    return types.float64(types.int64), codegen


@intrinsic
def from_slot(context: Any, x: Any) -> Any:
    """The inverse of `to_slot`."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.int64))

    return types.int64(types.float64), codegen


@jit
def maximum(x: Any, y: Any) -> Any:
    return x if (x > y) or (x != x) else y


@jit
def minimum(x: Any, y: Any) -> Any:
    return x if (x < y) or (x != x) else y


@jit
def sign(x: Any) -> Any:
    return x - x + (1.0 if x > 0 else -1.0 if x < 0 else 0.0) if x != 0 and not math.isinf(x) else (
        1.0 if x > 0 else -1.0 if x < 0 else x)


NAMES = {
    "Leave": Leave, "radd": radd, "grow": grow, "maximum": maximum, "minimum": minimum, "sign": sign, "read": read,
    "write": write, "shaped": shaped, "to_slot": to_slot, "from_slot": from_slot, "empty": np.empty, "zeros": np.zeros,
    "float64": np.float64, "float32": np.float32, "int64": np.int64, "bool_": np.bool_, "nan": math.nan,
    "inf": math.inf, "lgamma": math.lgamma, "isnan": math.isnan, "isinf": math.isinf, "isfinite": math.isfinite,
    "copysign": math.copysign, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint,
    "sqrt": np.sqrt, **BLAS, **MEMORY, **VECTOR,
}
