"""Scratch memory of generated code: local arrays and tapes are carved from a pool that is kept between calls.

Fresh pages cost more than the arithmetic on them: a tape of a megabyte taken from the operating system at every call
doubled the time of small programs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_new_ref
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


_HUGE = 2**62


@intrinsic
def room(context: Any, at: Any, size: Any, dims: Any) -> Any:
    """Where the pool goes on after an array of the given extents; out of reach where they are no extents."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = context.get_value_type(types.intp)
        total = context.cast(builder, args[1], signature.args[1], types.intp)
        bad = ir.Constant(ir.IntType(1), 0)
        for n in cgutils.unpack_tuple(builder, args[2], len(dims)):
            product = builder.smul_with_overflow(total, n)
            negative = builder.icmp_signed("<", n, ir.Constant(word, 0))
            bad = builder.or_(bad, builder.or_(negative, builder.extract_value(product, 1)))
            total = builder.extract_value(product, 0)
        bad = builder.or_(bad, builder.icmp_signed(">", total, ir.Constant(word, 2**50)))
        rounded = builder.and_(builder.add(total, ir.Constant(word, 63)), ir.Constant(word, -64))
        return builder.select(bad, ir.Constant(word, _HUGE), builder.add(args[0], rounded))

    return types.intp(types.intp, size, dims), codegen


def _carver(dtype: Any) -> Any:
    @intrinsic
    def carve(context: Any, pool: Any, at: Any, end: Any, dims: Any) -> Any:
        """An array of the given extents in bytes `at` to `end` of the pool; on the heap where the pool is too short."""
        array_type = types.Array(dtype, len(dims), "C")

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            memory = make_array(signature.args[0])(context, builder, args[0])
            at, end = args[1:3]
            word = context.get_value_type(types.intp)
            with builder.if_else(builder.icmp_signed("<=", end, memory.nitems), likely=True) as (inside, outside):
                with inside:
                    in_pool = builder.gep(memory.data, [at])
                    nothing = ir.Constant(memory.meminfo.type, None)
                    here = builder.block
                with outside:
                    info = context.nrt.meminfo_alloc_aligned(builder, builder.sub(end, at), ir.Constant(ir.IntType(32), 64))
                    on_heap = context.nrt.meminfo_data(builder, info)
                    there = builder.block
            data, owner = builder.phi(in_pool.type), builder.phi(nothing.type)
            for phi, first, second in ((data, in_pool, on_heap), (owner, nothing, info)):
                phi.add_incoming(first, here)
                phi.add_incoming(second, there)
            out = make_array(array_type)(context, builder)
            size = ir.Constant(word, context.get_abi_sizeof(context.get_data_type(dtype)))
            shape = cgutils.unpack_tuple(builder, args[3], len(dims))
            strides, step = [], size
            for n in reversed(shape):
                strides.insert(0, step)
                step = builder.mul(step, n, flags=["nsw"])
            pointer = builder.bitcast(data, context.get_data_type(dtype).as_pointer())
            populate_array(out, pointer, shape, strides, size, owner)
            return impl_ret_new_ref(context, builder, array_type, out._getvalue())

        return array_type(pool, at, end, dims), codegen

    return carve


@intrinsic
def clear(context: Any, a: Any) -> Any:
    """Fill an array with zeros."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = make_array(signature.args[0])(context, builder, args[0])
        cgutils.memset(builder, array.data, builder.mul(array.nitems, array.itemsize), 0)
        return context.get_dummy_value()

    return types.void(a), codegen


NAMES: dict[str, Any] = {"room": room, "clear": clear, **{
    f"carve_{t}": _carver(t) for t in (types.float64, types.float32, types.int64, types.bool_)}}
