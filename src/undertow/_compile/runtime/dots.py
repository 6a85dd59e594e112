"""Products of a few rows with the rows of a matrix (``a @ b.T``), as dot products.

Packing pays where what is packed is used often; a batch of a few rows uses a matrix of weights once. Where the sums run
along the memory of both operands, they are kept in registers, and each number is fetched once.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

__all__ = ["dots"]

_WORD = ir.IntType(64)
_ROWS, _COLUMNS = 8, 2  # sums of products that are kept in registers


def _int(n: int) -> ir.Constant:
    return ir.Constant(_WORD, n)


def dots(product: Any, b: Any, extents: tuple, left: tuple, right: tuple, out: tuple, keep: Any) -> None:
    """``c = a @ b``, added to `c` where `keep`; `left` and `right` are addresses and strides of rows and columns."""
    m, n, k = extents
    (a, ar), (source, bc), (c, cr, cc) = left, right, out
    tile = _tile(product)
    sums = cgutils.alloca_once(b, product.number, size=_int(_ROWS * _COLUMNS))
    with product.steps(b, n, _COLUMNS) as (j0, _), product.steps(b, m, _ROWS) as (i0, _):
        wide, tall = product.least(b, b.sub(n, j0), _int(_COLUMNS)), product.least(b, b.sub(m, i0), _int(_ROWS))
        rows, columns = product.at(b, a, b.mul(i0, ar)), product.at(b, source, b.mul(j0, bc))
        b.call(tile, [k, rows, ar, tall, columns, bc, wide, sums])
        with cgutils.for_range(b, tall) as i, cgutils.for_range(b, wide) as j:
            x = b.load(product.at(b, sums, b.add(b.mul(i.index, _int(_COLUMNS)), j.index)))
            row, column = b.add(i0, i.index), b.add(j0, j.index)
            place = product.at(b, c, b.add(b.mul(row, cr), b.mul(column, cc)))
            b.store(b.fadd(b.select(keep, b.load(place), ir.Constant(product.number, 0.0)), x), place)


def _tile(product: Any) -> ir.Function:
    """``sums[r, v] = sum over p of a[r, p] b[v, p]``; rows that are not there are taken for the last one."""
    pointer, vector, lanes = product.pointer, product.vector, product.lanes
    kinds = [_WORD, pointer, _WORD, _WORD, pointer, _WORD, _WORD, pointer]
    f = ir.Function(product.module, ir.FunctionType(ir.VoidType(), kinds), f"{product.name}_dots")
    f.linkage = "internal"
    f.attributes.add("noinline")
    f.attributes.add("nounwind")
    k, a, ar, tall, source, bc, wide, sums = f.args
    size = 4 if str(product.number) == "float" else 8
    entry, loop, middle, rest, end = (f.append_basic_block(x) for x in ("entry", "loop", "middle", "rest", "end"))
    b = ir.IRBuilder(entry)
    whole = b.and_(k, _int(-lanes))
    rows = [product.at(b, a, b.mul(product.least(b, _int(r), b.sub(tall, _int(1))), ar)) for r in range(_ROWS)]
    columns = [product.at(b, source, b.mul(product.least(b, _int(v), b.sub(wide, _int(1))), bc)) for v in range(_COLUMNS)]
    zero = ir.Constant(vector, [0.0] * lanes)
    b.cbranch(b.icmp_signed(">", whole, _int(0)), loop, middle)
    b.position_at_end(loop)
    p = b.phi(_WORD)
    p.add_incoming(_int(0), entry)
    totals = [[b.phi(vector) for _ in columns] for _ in rows]
    fma = cgutils.get_or_insert_function(product.module, ir.FunctionType(vector, [vector] * 3),
                                         f"llvm.fmuladd.v{lanes}f{8 * size}")
    ys = [b.load(product.vector_at(b, column, p), align=size) for column in columns]
    news = []
    for row, line in zip(rows, totals, strict=True):
        x = b.load(product.vector_at(b, row, p), align=size)
        for y, total in zip(ys, line, strict=True):
            new = b.call(fma, [x, y, total])
            total.add_incoming(zero, entry)
            total.add_incoming(new, loop)
            news.append(new)
    following = b.add(p, _int(lanes))
    p.add_incoming(following, loop)
    b.cbranch(b.icmp_signed("<", following, whole), loop, middle)
    b.position_at_end(middle)
    for place, new in enumerate(news):
        found = b.phi(vector)
        found.add_incoming(zero, entry)
        found.add_incoming(new, loop)
        news[place] = found
    for place, found in enumerate(news):
        b.store(_total(b, found, lanes), product.at(b, sums, _int(place)))
    b.cbranch(b.icmp_signed("<", whole, k), rest, end)
    b.position_at_end(rest)
    q = b.phi(_WORD)
    q.add_incoming(whole, middle)
    for r, row in enumerate(rows):
        x = b.load(product.at(b, row, q))
        for v, column in enumerate(columns):
            place = product.at(b, sums, _int(r * _COLUMNS + v))
            b.store(b.fadd(b.load(place), b.fmul(x, b.load(product.at(b, column, q)))), place)
    following = b.add(q, _int(1))
    q.add_incoming(following, rest)
    b.cbranch(b.icmp_signed("<", following, k), rest, end)
    b.position_at_end(end)
    b.ret_void()
    return f


def _total(b: Any, x: Any, lanes: int) -> Any:
    """The sum of the numbers in a register, by halves."""
    word = ir.IntType(32)
    while lanes > 1:
        lanes //= 2
        nothing = ir.Constant(x.type, ir.Undefined)
        low, high = (b.shuffle_vector(x, nothing, ir.Constant(ir.VectorType(word, lanes), list(range(k, k + lanes))))
                     for k in (0, lanes))
        x = b.fadd(low, high)
    return b.extract_element(x, ir.Constant(word, 0))
