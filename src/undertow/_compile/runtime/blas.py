"""Matrix products for generated code: strided parts of arrays, handed to the native kernels without copies.

Where the processor has no 512-bit registers, BLAS serves large products better, and everywhere the largest, by threads.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from .access import pointer_to
from .kernels import KEEP, MINUS, symbol

__all__ = ["NAMES"]

_WORD = ir.IntType(64)
_BYTE = ir.IntType(8)


def _large() -> int:
    """Multiplications from which on BLAS is called."""
    return 2**27 if llvm.get_host_cpu_features().get("avx512f") else 2**16


def _matrix(context: Any, builder: Any, array_type: Any, array: Any, at: Any, rows: Any, columns: Any) -> tuple:
    """Address of the first element, and the strides of rows and columns in elements."""
    place = pointer_to(context, builder, array_type, array, at)
    struct = make_array(array_type)(context, builder, array)
    strides = cgutils.unpack_tuple(builder, struct.strides, array_type.ndim)
    size = ir.Constant(_WORD, array_type.dtype.bitwidth // 8)
    return place, *(builder.sdiv(strides[k.literal_value], size, flags=["exact"]) for k in (rows, columns))


def _call_blas(context: Any, builder: Any, number: Any, extents: tuple, matrices: tuple, keep: Any, minus: bool) -> None:
    """``c = +- a @ b (+ c)`` in BLAS's column-major terms: the transposed product of the transposed factors."""
    m, n, k = extents
    (c, cr, _), (a, ar, ac), (b, br, bc) = matrices
    void = _BYTE.as_pointer()
    kinds = [_BYTE, _BYTE, _BYTE, _WORD, _WORD, _WORD, void, void, _WORD, void, _WORD, void, void, _WORD]
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), kinds), "numba_xxgemm")
    one = ir.Constant(_WORD, 1)

    def given(row: Any, column: Any, rows: Any, columns: Any) -> tuple:
        plain = builder.icmp_signed("==", column, one)
        letter = builder.select(plain, ir.Constant(_BYTE, ord("n")), ir.Constant(_BYTE, ord("t")))
        step, least = builder.select(plain, row, column), builder.select(plain, columns, rows)
        return letter, builder.select(builder.icmp_signed(">", step, least), step, least)

    first, second = given(br, bc, k, n), given(ar, ac, m, k)
    value = context.get_value_type(number)
    alpha, beta = (cgutils.alloca_once_value(builder, x) for x in (
        ir.Constant(value, -1.0 if minus else 1.0), builder.select(keep, ir.Constant(value, 1.0), ir.Constant(value, 0.0))))
    pointers = [builder.bitcast(p, void) for p in (alpha, b, a, beta, c)]
    step = builder.select(builder.icmp_signed(">", cr, n), cr, n)
    kind = ir.Constant(_BYTE, ord("d" if number == types.float64 else "s"))
    builder.call(function, [kind, first[0], second[0], n, m, k, pointers[0], pointers[1], first[1], pointers[2], second[1],
                            pointers[3], pointers[4], step])


def _suits_blas(builder: Any, extents: tuple, matrices: tuple) -> Any:
    """Whether a product is large, and its matrices lie as BLAS wants them."""
    m, n, k = extents
    one = ir.Constant(_WORD, 1)
    positive = [builder.icmp_signed(">", x, one) for x in extents]
    sizes = builder.icmp_signed(">=", builder.mul(builder.mul(m, n), k), ir.Constant(_WORD, _large()))
    (_, cr, cc), (_, ar, ac), (_, br, bc) = matrices
    lies = [builder.or_(*(builder.icmp_signed("==", x, one) for x in pair)) for pair in ((ar, ac), (br, bc))]
    rising = [builder.icmp_signed(">", x, ir.Constant(_WORD, 0)) for x in (cr, ar, ac, br, bc)]
    out = builder.icmp_signed("==", cc, one)
    for x in (*positive, sizes, *lies, *rising):
        out = builder.and_(out, x)
    return out


def _maker(number: Any, ordered: bool) -> Any:
    @intrinsic(prefer_literal=True)
    def product(context: Any, c: Any, c_at: Any, c_rows: Any, c_columns: Any, a: Any, a_at: Any, a_rows: Any,
                a_columns: Any, b: Any, b_at: Any, b_rows: Any, b_columns: Any, m: Any, n: Any, k: Any, how: Any) -> Any:
        """``c = a @ b`` for the parts of the arrays that begin at the indices given; `how` as in `kernels`."""
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kinds = signature.args
            matrices = tuple(_matrix(context, builder, kinds[j], args[j], args[j + 1], kinds[j + 2], kinds[j + 3])
                             for j in (0, 4, 8))
            extents = tuple(context.cast(builder, args[j], kinds[j], types.int64) for j in (12, 13, 14))
            value = context.get_value_type(number)
            shapes = [_WORD] * 3 + [value.as_pointer(), _WORD, _WORD] * 3 + [_WORD]
            function = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), shapes), symbol(str(value), ordered))
            c, a, b = matrices

            def own() -> None:
                builder.call(function, [*extents, *a, *b, *c, ir.Constant(_WORD, how.literal_value)])

            if ordered:
                own()
                return context.get_dummy_value()
            keep = ir.Constant(ir.IntType(1), how.literal_value & KEEP)
            with builder.if_else(_suits_blas(builder, extents, matrices), likely=False) as (large, other):
                with large:
                    _call_blas(context, builder, number, extents, matrices, keep, bool(how.literal_value & MINUS))
                with other:
                    own()
            return context.get_dummy_value()

        literal = all(isinstance(x, types.IntegerLiteral)
                      for x in (c_rows, c_columns, a_rows, a_columns, b_rows, b_columns, how))
        if not literal:
            return None
        return types.void(c, c_at, c_rows, c_columns, a, a_at, a_rows, a_columns, b, b_at, b_rows, b_columns, m, n, k,
                          how), codegen

    return product


NAMES: dict[str, Any] = {f"{name}_{t}": _maker(t_, ordered)
                         for name, ordered in (("product", False), ("ordered_product", True))
                         for t, t_ in (("f64", types.float64), ("f32", types.float32))}
