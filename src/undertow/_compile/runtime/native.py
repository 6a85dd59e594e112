"""Names that generated code uses, as Numba functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import load_item, make_array, store_item

__all__ = ["NAMES", "Leave", "jit"]


class Leave(Exception):
    """Compiled code cannot go on: the call is run again by the record tier."""


@intrinsic
def radd(context: Any, a: Any, b: Any) -> Any:
    """Addition whose order the compiler may choose: sums become vector sums."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(args[0], args[1], flags=("reassoc", "nsz"))

    return a(a, a), codegen


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    struct = make_array(array_type)(context, builder, array)
    inds = cgutils.unpack_tuple(builder, index, array_type.ndim)
    return cgutils.get_item_pointer(context, builder, array_type, struct, inds, wraparound=False)


@intrinsic
def read(context: Any, a: Any, index: Any) -> Any:
    """``a[index]`` for an index known to be inside: no wrap-around, so that loops vectorise."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return load_item(context, builder, signature.args[0], _pointer(context, builder, signature.args[0], *args))

    return a.dtype(a, index), codegen


@intrinsic
def write(context: Any, a: Any, index: Any, value: Any) -> Any:
    """``a[index] = value`` for an index known to be inside."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_type = signature.args[0]
        pointer = _pointer(context, builder, array_type, args[0], args[1])
        item = context.cast(builder, args[2], signature.args[2], array_type.dtype)
        store_item(context, builder, array_type, item, pointer)
        return context.get_dummy_value()

    return types.void(a, index, value), codegen


def jit(f: Any) -> Any:
    return njit(error_model="numpy", nogil=True)(f)


@jit
def grow(stack: Any, n: int) -> Any:
    """A stack of at least twice the size with the same contents."""
    out = np.empty((max(n, 2 * stack.size),), stack.dtype)
    out[: stack.size] = stack
    return out


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
    "write": write, "empty": np.empty, "zeros": np.zeros, "float64": np.float64, "float32": np.float32,
    "int64": np.int64, "bool_": np.bool_, "nan": math.nan, "inf": math.inf, "erf": math.erf, "erfc": math.erfc,
    "lgamma": math.lgamma, "isnan": math.isnan, "isinf": math.isinf, "isfinite": math.isfinite,
    "copysign": math.copysign, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint,
    **{n: getattr(np, n) for n in ("sqrt", "exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arcsin",
                                   "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "arctan2", "hypot", "log1p",
                                   "expm1", "log2", "log10", "exp2")},
}
