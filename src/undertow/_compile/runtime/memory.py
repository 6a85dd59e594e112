"""Scratch memory of generated code: local arrays and tapes are carved from a pool that is kept between calls.

Fresh pages cost more than the arithmetic on them: a tape of a megabyte taken from the operating system at every call
doubled the time of small programs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

__all__ = ["NAMES", "scratched"]

_LIMIT = 2**28  # bytes of scratch memory that are kept
_free: dict[str, list[np.ndarray]] = {}


def scratched(native: Callable, kinds: list[str]) -> Callable:
    """A function whose last parameters are scratch memories, and whose last results the sizes it wanted of them."""
    count = len(kinds)
    for k in kinds:
        _free.setdefault(k, [])
    types_ = [np.uint8 if k == "pool" else np.float64 for k in kinds]

    def call(*args: Any) -> Any:
        memories = [_free[k].pop() if _free[k] else np.empty(4096, t) for k, t in zip(kinds, types_, strict=True)]
        try:
            out = native(*args, *memories)
            for j, wanted in enumerate(out[-count:]):
                if memories[j].size < wanted <= _LIMIT // memories[j].itemsize:
                    memories[j] = np.empty(int(wanted), memories[j].dtype)
        finally:
            for k, memory in zip(kinds, memories, strict=True):
                if not _free[k]:
                    _free[k].append(memory)
        return out[:-count]

    call.native = native  # type: ignore[attr-defined]
    return call


def _carver(dtype: Any) -> Any:
    @intrinsic
    def carve(context: Any, pool: Any, at: Any, dims: Any) -> Any:
        """An array of the given extents in the pool's memory, from byte `at`."""
        array_type = types.Array(dtype, len(dims), "C")

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            memory = make_array(signature.args[0])(context, builder, args[0])
            out = make_array(array_type)(context, builder)
            word = context.get_value_type(types.intp)
            size = ir.Constant(word, context.get_abi_sizeof(context.get_data_type(dtype)))
            shape = cgutils.unpack_tuple(builder, args[2], len(dims))
            strides, step = [], size
            for n in reversed(shape):
                strides.insert(0, step)
                step = builder.mul(step, n, flags=["nsw"])
            data = builder.bitcast(builder.gep(memory.data, [args[1]]), context.get_data_type(dtype).as_pointer())
            populate_array(out, data, shape, strides, size, None)
            return out._getvalue()

        return array_type(pool, at, dims), codegen

    return carve


@intrinsic
def _clear(context: Any, a: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = make_array(signature.args[0])(context, builder, args[0])
        cgutils.memset(builder, array.data, builder.mul(array.nitems, array.itemsize), 0)
        return context.get_dummy_value()

    return types.void(a), codegen


def _taker(dtype: Any, size: int) -> tuple[Any, Any]:
    carve = _carver(dtype)
    fresh = getattr(np, str(dtype) if str(dtype) != "bool" else "bool_")

    @njit(error_model="numpy", nogil=True)
    def take(pool: Any, at: int, dims: Any) -> Any:
        """Memory from the pool, or from the heap where the pool is too small; and where the pool goes on."""
        n = size
        for d in dims:
            if d < 0 or (d > 0 and n > 2**46 // d):
                return np.empty(dims, fresh), at
            n *= d
        end = at + (n + 63) // 64 * 64
        if end <= pool.size:
            return carve(pool, at, dims), end
        return np.empty(dims, fresh), end

    @njit(error_model="numpy", nogil=True)
    def take_zeros(pool: Any, at: int, dims: Any) -> Any:
        a, end = take(pool, at, dims)
        _clear(a)
        return a, end

    return take, take_zeros


NAMES: dict[str, Any] = {}
for _type, _size in ((types.float64, 8), (types.float32, 4), (types.int64, 8), (types.bool_, 1)):
    _take, _zeros = _taker(_type, _size)
    NAMES[f"take_{_type}"], NAMES[f"take_zeros_{_type}"] = _take, _zeros
