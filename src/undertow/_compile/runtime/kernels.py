"""A matrix product as native code, for the vector registers of this processor.

OpenBLAS chooses its kernels by the processor's name, and takes those for shorter registers where it does not know the
name; products of a hundred rows and ten columns it does not serve at all. The scheme is that of Goto and van de Geijn
("Anatomy of high-performance matrix multiplication", 2008): blocks of `b` are packed into slivers as wide as a few
registers, rows of `a` as tall as the tile of results that is kept in registers are multiplied with them, and sums stay
there. Each operand may have any strides.
"""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils

from .dots import dots

__all__ = ["KEEP", "MINUS", "provide", "symbol"]

KEEP, MINUS = 1, 2
_BYTES = {"double": 8, "float": 4}
_DEPTH, _WIDTH = 256, 512  # extents of a packed block of `b`
_LOCAL = 2048  # numbers packed on the stack
_WORD = ir.IntType(64)
_engines: list[Any] = []


@functools.cache
def _shape() -> tuple[int, int, int]:
    """Bytes of a vector register, registers in a row of the tile, rows of the tile."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 3, 8
    return (32, 3, 4) if features.get("avx2") and features.get("fma") else (16, 2, 4)


def symbol(kind: str, ordered: bool) -> str:
    """By what name native code finds the product of ``double`` or ``float`` numbers."""
    return f"undertow_{'ordered_' if ordered else ''}gemm_f{8 * _BYTES[kind]}"


@functools.cache
def provide(kind: str, ordered: bool = False) -> None:
    """Make the product of ``double`` or ``float`` numbers, and let native code find it by its name."""
    module = ir.Module("undertow_products")
    _Product(module, {"double": ir.DoubleType(), "float": ir.FloatType()}[kind], ordered).build()
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True)
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(parsed, builder)
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    _engines.append(engine)
    name = symbol(kind, ordered)
    llvm.add_symbol(name, engine.get_function_address(name))


def _int(n: int) -> ir.Constant:
    return ir.Constant(_WORD, n)


class _Product:
    """``void gemm(m, n, k, a, ar, ac, b, br, bc, c, cr, cc, how)``: ``c = a @ b``.

    `ar`, `ac` and so on are the strides of rows and columns, counted in elements. Bits of `how` say: `KEEP`, that the
    product is added to what is there; `MINUS`, that its negative is meant. The sums of an ordered product begin with what
    is there (or zero) and go on term by term, each rounded, as a loop's do.
    """

    def __init__(self, module: ir.Module, number: Any, ordered: bool) -> None:
        self.module, self.number, self.ordered = module, number, ordered
        size, self.across, self.rows = _shape()
        self.lanes = size // _BYTES[str(number)]
        self.pointer = number.as_pointer()
        self.vector = ir.VectorType(number, self.lanes)
        self.name = symbol(str(number), ordered)

    def build(self) -> None:
        self.tiles = {w: self.tile(w) for w in range(1, self.across + 1)}
        kinds = [_WORD] * 3 + [self.pointer, _WORD, _WORD] * 3 + [_WORD]
        f = ir.Function(self.module, ir.FunctionType(ir.VoidType(), kinds), self.name)
        f.attributes.add("nounwind")
        b = ir.IRBuilder(f.append_basic_block())
        m, n, k, *rest = f.args
        keep, minus = (b.icmp_signed("!=", b.and_(rest[9], _int(bit)), _int(0)) for bit in (KEEP, MINUS))
        with b.if_then(b.or_(b.icmp_signed("<=", m, _int(0)), b.icmp_signed("<=", n, _int(0)))):
            b.ret_void()
        nothing = b.and_(b.icmp_signed("<=", k, _int(0)), b.not_(keep))
        with b.if_then(nothing):
            self.erase(b, m, n, *rest[6:9])
        with b.if_then(b.icmp_signed("<=", k, _int(0))):
            b.ret_void()
        if not self.ordered:
            self.few_rows(b, (m, n, k), rest, keep, minus)
        # rows of the result should be dense: else compute its transpose
        swap = b.and_(b.icmp_signed("!=", rest[8], _int(1)), b.icmp_signed("==", rest[7], _int(1)))
        first = [m, n, *rest[:6], rest[7], rest[8]]
        second = [n, m, rest[3], rest[5], rest[4], rest[0], rest[2], rest[1], rest[8], rest[7]]
        m, n, a, ar, ac, p, br, bc, cr, cc = (b.select(swap, y, x) for x, y in zip(first, second, strict=True))
        self.blocks(b, (m, n, k), (a, ar, ac), (p, br, bc), (rest[6], cr, cc), (keep, minus))
        b.ret_void()

    def few_rows(self, b: Any, extents: tuple, rest: list, keep: Any, minus: Any) -> None:
        """Take dot products where there are few rows, and all sums run along memory."""
        m, n, k = extents
        flat = b.and_(b.icmp_signed("==", rest[2], _int(1)), b.icmp_signed("==", rest[4], _int(1)))
        few = b.and_(b.icmp_signed("<=", m, _int(2 * self.rows)), b.not_(minus))
        long = b.and_(b.icmp_signed(">=", k, _int(4 * self.lanes)), b.icmp_signed(">=", n, _int(2 * self.lanes)))
        with b.if_then(b.and_(flat, b.and_(few, long))):
            dots(self, b, extents, rest[:2], (rest[3], rest[5]), rest[6:9], keep)
            b.ret_void()

    def erase(self, b: Any, m: Any, n: Any, c: Any, cr: Any, cc: Any) -> None:
        with cgutils.for_range(b, m) as i, cgutils.for_range(b, n) as j:
            b.store(ir.Constant(self.number, 0.0), self.at(b, c, b.add(b.mul(i.index, cr), b.mul(j.index, cc))))

    @staticmethod
    def at(b: Any, pointer: Any, offset: Any) -> Any:
        return b.gep(pointer, [offset], inbounds=True)

    @staticmethod
    def least(b: Any, x: Any, y: Any) -> Any:
        return b.select(b.icmp_signed("<", x, y), x, y)

    def steps(self, b: Any, n: Any, by: int) -> Any:
        """A loop over 0, by, 2 by, ... below n."""
        return cgutils.for_range_slice(b, _int(0), n, _int(by), intp=_WORD)

    def blocks(self, b: Any, extents: tuple, left: tuple, right: tuple, out: tuple, how: tuple) -> None:
        m, n, k = extents
        a, ar, ac = left
        source, br, bc = right
        c, cr, cc = out
        keep, minus = how
        width = self.across * self.lanes
        bytes_ = _BYTES[str(self.number)]
        malloc, free = self.memory()
        enough = b.icmp_signed("<=", b.mul(b.add(n, _int(self.lanes)), self.least(b, k, _int(_DEPTH))), _int(_LOCAL))
        local = cgutils.alloca_once(b, self.number, size=_int(_LOCAL))
        edge = cgutils.alloca_once(b, self.number, size=_int(self.rows * width))
        slot = cgutils.alloca_once_value(b, ir.Constant(ir.IntType(8).as_pointer(), None))
        with b.if_then(b.not_(enough), likely=False):
            b.store(b.call(malloc, [_int((_WIDTH + width) * _DEPTH * bytes_ + 64)]), slot)
        raw = b.load(slot)
        aligned = b.inttoptr(b.and_(b.add(b.ptrtoint(raw, _WORD), _int(63)), _int(-64)), self.pointer)
        packed = b.select(enough, local, aligned)
        # what is used a few times only is read where it is
        direct = b.and_(b.icmp_signed("<=", m, _int(4 * self.rows)), b.icmp_signed("==", bc, _int(1)))
        direct = b.and_(direct, b.not_(minus))
        with self.steps(b, n, _WIDTH // width * width) as (j0, _):
            wide = self.least(b, b.sub(n, j0), _int(_WIDTH // width * width))
            with self.steps(b, k, _DEPTH) as (p0, _):
                deep = self.least(b, b.sub(k, p0), _int(_DEPTH))
                block = self.at(b, source, b.add(b.mul(p0, br), b.mul(j0, bc)))
                self.pack(b, packed, (block, br, bc), deep, wide, (direct, minus))
                add = b.or_(keep, b.icmp_signed(">", p0, _int(0)))
                with self.steps(b, m, self.rows) as (i0, _):
                    tall = self.least(b, b.sub(m, i0), _int(self.rows))
                    rows = (self.at(b, a, b.add(b.mul(i0, ar), b.mul(p0, ac))), ar, ac)
                    target = self.at(b, c, b.add(b.mul(i0, cr), b.mul(j0, cc)))
                    self.row_of_tiles(b, (tall, wide, deep), rows, (packed, block, br, direct), (target, cr, cc, edge), add)
        with b.if_then(b.not_(enough), likely=False):
            b.call(free, [raw])

    def memory(self) -> tuple:
        byte = ir.IntType(8).as_pointer()
        malloc = cgutils.get_or_insert_function(self.module, ir.FunctionType(byte, [_WORD]), "malloc")
        free = cgutils.get_or_insert_function(self.module, ir.FunctionType(ir.VoidType(), [byte]), "free")
        return malloc, free

    def pack(self, b: Any, packed: Any, source: tuple, deep: Any, wide: Any, how: tuple) -> None:
        """Slivers of columns: ``packed[sliver][p, j] = b[p, j]`` or its negative, zero beyond the last column."""
        start, row, column = source
        direct, minus = how
        width = self.across * self.lanes
        with self.steps(b, wide, width) as (j0, _):
            w = self.least(b, b.sub(wide, j0), _int(width))
            step = self.rounded(b, w)
            to = self.at(b, packed, b.mul(j0, deep))
            from_ = self.at(b, start, b.mul(j0, column))
            full = b.icmp_signed("==", w, _int(width))
            dense = b.and_(full, b.icmp_signed("==", column, _int(1)))
            with b.if_then(b.not_(b.and_(full, direct))), b.if_else(dense) as (whole, other):
                with whole, cgutils.for_range(b, deep) as p:
                    for v in range(self.across):
                        x = self.vector_at(b, from_, b.add(b.mul(p.index, row), _int(v * self.lanes)))
                        place = self.vector_at(b, to, b.add(b.mul(p.index, step), _int(v * self.lanes)))
                        x = b.load(x, align=_BYTES[str(self.number)])
                        b.store(b.select(minus, b.fneg(x), x), place, align=_BYTES[str(self.number)])
                with other, cgutils.for_range(b, step) as j:
                    inside = b.icmp_signed("<", j.index, w)
                    top = self.at(b, from_, b.mul(b.select(inside, j.index, _int(0)), column))
                    with cgutils.for_range(b, deep) as p:
                        x = b.load(self.at(b, top, b.mul(p.index, row)))
                        x = b.select(minus, b.fneg(x), x)
                        b.store(b.select(inside, x, ir.Constant(self.number, 0.0)),
                                self.at(b, to, b.add(b.mul(p.index, step), j.index)))

    def rounded(self, b: Any, w: Any) -> Any:
        return b.and_(b.add(w, _int(self.lanes - 1)), _int(-self.lanes))

    def vector_at(self, b: Any, pointer: Any, offset: Any) -> Any:
        return b.bitcast(self.at(b, pointer, offset), self.vector.as_pointer())

    def row_of_tiles(self, b: Any, extents: tuple, rows: tuple, right: tuple, out: tuple, add: Any) -> None:
        tall, wide, deep = extents
        packed, block, br, direct = right
        c, cr, cc, edge = out
        width = self.across * self.lanes
        with self.steps(b, wide, width) as (j0, _):
            w = self.least(b, b.sub(wide, j0), _int(width))
            step = self.rounded(b, w)
            there = b.and_(direct, b.icmp_signed("==", w, _int(width)))
            from_ = b.select(there, self.at(b, block, j0), self.at(b, packed, b.mul(j0, deep)))
            to = self.at(b, c, b.mul(j0, cc))
            whole = b.and_(b.and_(b.icmp_signed("==", tall, _int(self.rows)), b.icmp_signed("==", w, step)),
                           b.icmp_signed("==", cc, _int(1)))
            given = [deep, *rows, tall, from_, b.select(there, br, step), b.select(whole, to, edge),
                     b.select(whole, cr, _int(width)), add if self.ordered else b.and_(add, whole)]
            if self.ordered:
                first = b.and_(add, b.not_(whole))  # the sums begin with what is there
                with b.if_then(first), cgutils.for_range(b, tall) as i, cgutils.for_range(b, w) as j:
                    x = b.load(self.at(b, to, b.add(b.mul(i.index, cr), b.mul(j.index, cc))))
                    b.store(x, self.at(b, edge, b.add(b.mul(i.index, _int(width)), j.index)))
            done = b.append_basic_block("done")
            choice = b.switch(step, done)
            for v, tile in self.tiles.items():
                case = b.append_basic_block(f"tile{v}")
                choice.add_case(_int(v * self.lanes), case)
                with b.goto_block(case):
                    b.call(tile, given)
                    b.branch(done)
            b.position_at_end(done)
            adding = ir.Constant(ir.IntType(1), 0) if self.ordered else add
            with b.if_then(b.not_(whole)), cgutils.for_range(b, tall) as i, cgutils.for_range(b, w) as j:
                place = self.at(b, to, b.add(b.mul(i.index, cr), b.mul(j.index, cc)))
                x = b.load(self.at(b, edge, b.add(b.mul(i.index, _int(width)), j.index)))
                with b.if_else(adding) as (more, alone):
                    with more:
                        b.store(b.fadd(b.load(place), x), place)
                    with alone:
                        b.store(x, place)

    def tile(self, across: int) -> ir.Function:
        """``c[r, :] (+)= sum over p of a[r, p] b[p, :]`` for `across` registers in a row.

        Rows of `a` from `tall` on are not there: the last one stands for them. An ordered sum begins with what is there.
        """
        kinds = [_WORD, self.pointer, _WORD, _WORD, _WORD, self.pointer, _WORD, self.pointer, _WORD, ir.IntType(1)]
        f = ir.Function(self.module, ir.FunctionType(ir.VoidType(), kinds), f"{self.name}_tile{across}")
        f.linkage = "internal"
        f.attributes.add("noinline")
        f.attributes.add("nounwind")
        k, a, ar, ac, tall, right, br, c, stride, add = f.args
        bytes_ = _BYTES[str(self.number)]
        entry, loop, end = (f.append_basic_block(n) for n in ("entry", "loop", "end"))
        b = ir.IRBuilder(entry)
        last = b.sub(tall, _int(1))
        starts = [self.at(b, a, b.mul(self.least(b, _int(r), last), ar)) for r in range(self.rows)]
        zero = ir.Constant(self.vector, [0.0] * self.lanes)
        places = [[self.vector_at(b, c, b.add(b.mul(_int(r), stride), _int(v * self.lanes))) for v in range(across)]
                  for r in range(self.rows)]
        first = [[b.select(add, b.load(x, align=bytes_), zero) if self.ordered else zero for x in row] for row in places]
        b.branch(loop)
        b.position_at_end(loop)
        p = b.phi(_WORD)
        p.add_incoming(_int(0), entry)
        sums = [[b.phi(self.vector) for _ in range(across)] for _ in range(self.rows)]
        fma = cgutils.get_or_insert_function(self.module, ir.FunctionType(self.vector, [self.vector] * 3),
                                             f"llvm.fmuladd.v{self.lanes}f{8 * bytes_}")
        xs = [b.load(self.vector_at(b, right, b.add(b.mul(p, br), _int(v * self.lanes))), align=bytes_)
              for v in range(across)]
        column, lane = b.mul(p, ac), ir.Constant(ir.IntType(32), 0)
        nothing = ir.Constant(self.vector, ir.Undefined)
        for start, row, begin in zip(starts, sums, first, strict=True):
            x = b.insert_element(nothing, b.load(self.at(b, start, column)), lane)
            spread = b.shuffle_vector(x, nothing, ir.Constant(ir.VectorType(lane.type, self.lanes), [0] * self.lanes))
            for v, total in enumerate(row):
                total.add_incoming(begin[v], entry)
                total.add_incoming(b.fadd(total, b.fmul(spread, xs[v])) if self.ordered
                                   else b.call(fma, [spread, xs[v], total]), loop)
        following = b.add(p, _int(1))
        p.add_incoming(following, loop)
        b.cbranch(b.icmp_signed("<", following, k), loop, end)
        b.position_at_end(end)
        new = [[total.incomings[1][0] for total in row] for row in sums]

        def put(adding: bool) -> None:
            for row, line in zip(new, places, strict=True):
                for x, place in zip(row, line, strict=True):
                    b.store(b.fadd(b.load(place, align=bytes_), x) if adding else x, place, align=bytes_)

        if self.ordered:
            put(False)
        else:
            with b.if_else(add) as (more, alone):
                with more:
                    put(True)
                with alone:
                    put(False)
        b.ret_void()
        return f
