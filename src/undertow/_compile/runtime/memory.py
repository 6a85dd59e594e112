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
    stacks = [_free.setdefault(k, []) for k in kinds]
    types_ = [np.uint8 if k == "pool" else np.float64 for k in kinds]

    def taken(j: int) -> np.ndarray:
        try:
            return stacks[j].pop()
        except IndexError:
            return np.empty(4096, types_[j])

    def kept(j: int, memory: np.ndarray, wanted: int) -> None:
        if memory.size < wanted <= _LIMIT // memory.itemsize:
            memory = np.empty(int(wanted), memory.dtype)
        if not stacks[j]:
            stacks[j].append(memory)

    def call(*args: Any) -> Any:
        memories = [taken(j) for j in range(count)]
        wanted = [0] * count
        try:
            out = native(*args, *memories)
            wanted = out[-count:]
        finally:
            for j in range(count):
                kept(j, memories[j], wanted[j])
        return out[:-count]

    def call_with_one(*args: Any) -> Any:
        memory, wanted = taken(0), 0
        try:
            out = native(*args, memory)
            wanted = out[-1]
        finally:
            kept(0, memory, wanted)
        return out[:-1]

    chosen = call_with_one if count == 1 else call
    chosen.native = native  # type: ignore[attr-defined]
    return chosen


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


def _placer(dtype: Any) -> Any:
    @intrinsic(prefer_literal=True)
    def local(context: Any, dims: Any) -> Any:
        """An array of the given constant extents on the stack; the same memory each time it is reached."""
        array_type = types.Array(dtype, len(dims), "C")

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            word = context.get_value_type(types.intp)
            extents = [n.literal_value for n in signature.args[0].types]
            count = 1
            for n in extents:
                count *= n
            data_type = context.get_data_type(dtype)
            memory = cgutils.alloca_once(builder, ir.ArrayType(data_type, max(count, 1)))
            memory.align = 64
            out = make_array(array_type)(context, builder)
            size = ir.Constant(word, context.get_abi_sizeof(data_type))
            strides, step = [], context.get_abi_sizeof(data_type)
            for n in reversed(extents):
                strides.insert(0, ir.Constant(word, step))
                step *= n
            pointer = builder.bitcast(memory, data_type.as_pointer())
            populate_array(out, pointer, [ir.Constant(word, n) for n in extents], strides, size, None)
            return impl_ret_new_ref(context, builder, array_type, out._getvalue())

        if not all(isinstance(n, types.IntegerLiteral) for n in dims):
            return None
        return array_type(dims), codegen

    return local


@intrinsic
def clear(context: Any, a: Any) -> Any:
    """Fill an array with zeros."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = make_array(signature.args[0])(context, builder, args[0])
        cgutils.memset(builder, array.data, builder.mul(array.nitems, array.itemsize), 0)
        return context.get_dummy_value()

    return types.void(a), codegen


NAMES: dict[str, Any] = {"room": room, "clear": clear, **{
    f"{verb}_{t}": make(t) for verb, make in (("carve", _carver), ("local", _placer)) for t in (types.float64, types.float32, types.int64, types.bool_)}}
