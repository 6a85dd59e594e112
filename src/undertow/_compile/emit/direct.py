"""Generated Python to LLVM's form, without Numba's way through byte code and type inference.

Generated text is a small part of Python whose types are plain. Numba takes three quarters of the time of a
compilation for what a walk over the text finds: it reads byte code, makes an IR of its own, infers types, counts
references. Here the text becomes the body of an intrinsic function; Numba makes the entry that takes and returns Python
objects, resolves the calls of functions of the runtime, optimises, and keeps machine code. Text that is not known here
is left to Numba.

Needs: a generated function and what its names stand for. Gives: a Python function for Numba to compile.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, typing
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from ..runtime.access import element, mark
from ..runtime.lanes import Lanes, each, read_lanes, write_lanes
from .typing import BINARY, COMPARISONS, NUMBERS, Typed, Unknown, lanes_of

__all__ = ["direct", "left_to_numba"]

left_to_numba: list[str] = []  # why, where Numba had to read text
_WORD = ir.IntType(64)
_BIT = ir.IntType(1)
_SIGNS = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "==", operator.ne: "!="}
_BORROWED = ("shaped", "local_")  # names of functions whose arrays count no reference


def direct(function: ast.FunctionDef, names: dict[str, Any], scopes: dict[str, int], numba: Any) -> Callable:
    """The function as one call of an intrinsic; `numba` is the same function for text that is not known here."""
    params = [p.arg for p in function.args.args]

    def body(context: Any, args: tuple) -> Any:
        try:
            typed = Typed(function, args, names, context)
        except Unknown as reason:
            left_to_numba.append(str(reason))
            return _by_numba(context, args, numba)
        kinds = types.Tuple([types.boolean, *typed.results])

        def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return _Code(context, builder, typed, scopes).run(function, params, values, kinds)

        return typing.signature(kinds, *args), codegen

    given = ", ".join(params)
    scope: dict[str, Any] = {"body": body, "Leave": names["Leave"], "__name__": names["__name__"]}
    exec(f"def program(context, {given}): return body(context, ({given},))", scope)
    scope["program"] = intrinsic(scope["program"])
    exec(f"def {function.name}({given}):\n    out = program({given})\n    if out[0]:\n        raise Leave(0)\n"
         + ("    return out[1:]\n" if _returns(function) else "    return None\n"), scope)
    return scope[function.name]


def _returns(function: ast.FunctionDef) -> bool:
    last = function.body[-1]
    return isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple)


def _by_numba(context: Any, args: tuple, function: Any) -> Any:
    """A call of the text as Numba compiles it."""
    kind = context.resolve_value_type(function)
    found = context.resolve_function_type(kind, args, {})
    results = list(found.return_type) if found.return_type != types.none else []
    kinds = types.Tuple([types.boolean, *results])

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        out = context.get_function(kind, found)(builder, values)
        parts = cgutils.unpack_tuple(builder, out, len(results)) if results else []
        return context.make_tuple(builder, kinds, [ir.Constant(_BIT, 0), *parts])

    return typing.signature(kinds, *args), codegen


def _index(e: Any) -> list[ast.expr]:
    return e.slice.elts if isinstance(e.slice, ast.Tuple) else [e.slice]


class _Array:
    """An array whose fields are at hand."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        model = context.data_model_manager[kind]
        self.kind, self.value = kind, value
        self.data = model.get(builder, value, "data")
        self.shape = cgutils.unpack_tuple(builder, model.get(builder, value, "shape"), kind.ndim)
        self.strides = [] if kind.layout == "C" else cgutils.unpack_tuple(
            builder, model.get(builder, value, "strides"), kind.ndim)


class _Code:
    """The instructions of a function.

    A name that is assigned once, or outside all loops and branches, stands for its value; any other for a place on the
    stack, which LLVM turns into values.
    """

    def __init__(self, context: Any, builder: Any, typed: Typed, scopes: dict[str, int]) -> None:
        self.context, self.b, self.typed, self.scopes = context, builder, typed, scopes
        self.values: dict[str, Any] = {}
        self.places: dict[str, Any] = {}
        self.arrays: dict[str, _Array] = {}
        self.owners: dict[str, Any] = {}
        self.breaks: list[Any] = []
        self.implementations: dict[Any, Any] = {}

    def run(self, function: ast.FunctionDef, params: list[str], args: Any, kinds: Any) -> Any:
        for name, depths in self.typed.assigned.items():
            if len(depths) > 1 and max(depths) > 0:
                self.places[name] = cgutils.alloca_once(self.b, self.context.get_value_type(self.typed.kinds[name]))
        self.end = self.b.append_basic_block("end")
        self.left = cgutils.alloca_once(self.b, _BIT)
        self.results = [cgutils.alloca_once(self.b, self.context.get_value_type(k)) for k in self.typed.results]
        for name, value in zip(params, args, strict=True):
            self.bind(name, value)
        *body, last = function.body
        self.block(body)
        if self.results:
            for place, e, kind in zip(self.results, last.value.elts, self.typed.results, strict=True):  # type: ignore[attr-defined]
                value = self.expr(e)
                if isinstance(kind, types.Array):
                    self.context.nrt.incref(self.b, kind, value)
                self.b.store(value, place)
        self.b.branch(self.end)
        self.b.position_at_end(self.end)
        for owner in self.owners.values():
            self.release(owner)
        out = [self.b.load(place) for place in (self.left, *self.results)]
        return self.context.make_tuple(self.b, kinds, out)

    # ---- names
    def bind(self, name: str, value: Any) -> None:
        kind = self.typed.kinds[name]
        if name in self.places:
            self.b.store(value, self.places[name])
            return
        self.values[name] = value
        if isinstance(kind, types.Array):
            self.arrays[name] = _Array(self.context, self.b, kind, value)

    def own(self, name: str, value: Any) -> None:
        """Keep a reference of the array that a call has made as long as it has this name."""
        owner = self.owners.get(name)
        if owner is None:
            owner = self.owners[name] = cgutils.alloca_once(self.b, ir.IntType(8).as_pointer())
        self.release(owner)
        self.b.store(make_array(self.typed.kinds[name])(self.context, self.b, value).meminfo, owner)

    def release(self, owner: Any) -> None:
        info = self.b.load(owner)
        with self.b.if_then(cgutils.is_not_null(self.b, info), likely=False):
            f = cgutils.get_or_insert_function(self.b.module, ir.FunctionType(ir.VoidType(), [info.type]), "NRT_decref")
            self.b.call(f, [info])

    def array(self, e: ast.expr) -> _Array:
        assert isinstance(e, ast.Name)
        found = self.arrays.get(e.id)
        return found or _Array(self.context, self.b, self.typed.kinds[e.id], self.expr(e))

    # ---- statements
    def block(self, body: list[ast.stmt]) -> None:
        for s in body:
            getattr(self, "on_" + type(s).__name__)(s)

    def on_Assign(self, s: ast.Assign) -> None:
        value = self.expr(s.value)
        kind = types.unliteral(self.typed.of[s.value])
        for target in s.targets:
            if isinstance(target, ast.Name):
                if isinstance(kind, types.Array) and not s.value.func.id.startswith(_BORROWED):  # type: ignore[attr-defined]
                    self.own(target.id, value)
                self.bind(target.id, value)
            else:
                self.write(target, value, kind)

    def on_AugAssign(self, s: ast.AugAssign) -> None:
        pair = [(self.expr(e), self.typed.of[e]) for e in (s.target, s.value)]
        value = self.binary(s, BINARY[type(s.op)], *pair)
        if isinstance(s.target, ast.Name):
            self.bind(s.target.id, value)
        else:
            kind = self.typed.calls[s][1].return_type if s in self.typed.calls else types.unliteral(self.typed.of[s.value])  # type: ignore[index, comparison-overlap]
            self.write(s.target, value, kind)

    def on_Expr(self, s: ast.Expr) -> None:
        self.expr(s.value)

    def on_Pass(self, s: ast.Pass) -> None:
        pass

    def on_Break(self, s: ast.Break) -> None:
        self.b.branch(self.breaks[-1])

    def on_Raise(self, s: ast.Raise) -> None:
        self.b.store(ir.Constant(_BIT, 1), self.left)
        self.b.branch(self.end)

    def on_If(self, s: ast.If) -> None:
        then, after = self.b.append_basic_block("then"), self.b.append_basic_block("after")
        other = self.b.append_basic_block("other") if s.orelse else after
        self.b.cbranch(self.truth(s.test), then, other)
        for block, body in ((then, s.body), (other, s.orelse)):
            if body:
                self.b.position_at_end(block)
                self.block(body)
                if not self.b.block.is_terminated:
                    self.b.branch(after)
        self.b.position_at_end(after)

    def on_While(self, s: ast.While) -> None:
        body, after = self.b.append_basic_block("repeat"), self.b.append_basic_block("after")
        self.b.branch(body)
        self.b.position_at_end(body)
        self.inside(s.body, after)
        self.b.branch(body)
        self.b.position_at_end(after)

    def on_For(self, s: ast.For) -> None:
        bounds = [self.expr(a) for a in s.iter.args]  # type: ignore[attr-defined]
        low, high, step = (ir.Constant(_WORD, 0), bounds[0], ir.Constant(_WORD, 1)) if len(bounds) == 1 else (
            *bounds, *[ir.Constant(_WORD, 1)] * (3 - len(bounds)))
        before = self.b.block
        head, body, after = (self.b.append_basic_block(name) for name in ("head", "body", "after"))
        self.b.branch(head)
        self.b.position_at_end(head)
        index = self.b.phi(_WORD)
        index.add_incoming(low, before)
        self.b.cbranch(self.b.icmp_signed("<" if step.constant > 0 else ">", index, high), body, after)
        self.b.position_at_end(body)
        self.bind(s.target.id, index)  # type: ignore[attr-defined]
        self.inside(s.body, after)
        index.add_incoming(self.b.add(index, step, flags=["nsw"]), self.b.block)
        self.b.branch(head)
        self.b.position_at_end(after)

    def inside(self, body: list[ast.stmt], after: Any) -> None:
        self.breaks.append(after)
        self.block(body)
        self.breaks.pop()

    # ---- memory
    def place(self, e: Any) -> tuple[Any, Any]:
        array = self.array(e.value)
        return array.kind, element(self.b, array.data, [self.expr(k) for k in _index(e)], array.shape, array.strides)

    def mark(self, e: Any, access: Any, kind: Any) -> None:
        if kind is not None:
            access.align = None if kind.aligned else 1
        mark(self.b, access, self.scopes[e.value.id], len(self.scopes))

    def write(self, e: Any, value: Any, kind: Any) -> None:
        axis, first, count = lanes_of(_index(e))
        if axis is not None:
            array = self.array(e.value)
            to = Lanes(array.kind.dtype, count)
            write_lanes(self.context, self.b, array.kind, array.value, [self.expr(k) for k in first], axis,
                        each(self.context, self.b, kind, value, to), to, lambda x: self.mark(e, x, None))
            return
        array, pointer = self.place(e)
        item = self.context.cast(self.b, value, kind, array.dtype)
        data = self.context.data_model_manager[array.dtype].as_data(self.b, item)
        self.mark(e, self.b.store(data, pointer), array)

    # ---- expressions
    def expr(self, e: ast.expr) -> Any:
        return getattr(self, "of_" + type(e).__name__)(e)

    def truth(self, e: ast.expr) -> Any:
        value, kind = self.expr(e), self.typed.of[e]
        return value if kind == types.boolean else self.context.is_true(self.b, kind, value)

    def of_Constant(self, e: ast.Constant) -> Any:
        return self.context.get_constant(types.unliteral(self.typed.of[e]), e.value)

    def of_Name(self, e: ast.Name) -> Any:
        if e.id in self.places:
            return self.b.load(self.places[e.id])
        if e.id in NUMBERS:
            return self.context.get_dummy_value()
        found = self.values.get(e.id)
        return self.context.get_constant(types.float64, self.typed.names[e.id]) if found is None else found

    def of_Attribute(self, e: ast.Attribute) -> Any:
        out = ir.Constant(_WORD, 1)
        for n in self.array(e.value).shape:
            out = self.b.mul(out, n)
        return out

    def of_Subscript(self, e: Any) -> Any:
        if isinstance(e.value, ast.Attribute):
            return self.array(e.value.value).shape[e.slice.value]
        axis, first, count = lanes_of(_index(e))
        if axis is not None:
            array = self.array(e.value)
            return read_lanes(self.context, self.b, array.kind, array.value, [self.expr(k) for k in first], axis,
                              Lanes(array.kind.dtype, count), lambda x: self.mark(e, x, None))
        array, pointer = self.place(e)
        loaded = self.b.load(pointer)
        self.mark(e, loaded, array)
        return self.context.data_model_manager[array.dtype].from_data(self.b, loaded)

    def of_Tuple(self, e: ast.Tuple) -> Any:
        return self.context.make_tuple(self.b, self.typed.of[e], [self.expr(v) for v in e.elts])

    def of_BinOp(self, e: ast.BinOp) -> Any:
        return self.binary(e, BINARY[type(e.op)], *((self.expr(x), self.typed.of[x]) for x in (e.left, e.right)))

    def binary(self, e: Any, function: Any, left: tuple, right: tuple) -> Any:
        if e in self.typed.calls:
            return self.call(e, [left, right])
        (x, kind), (y, _) = left, right
        kind = types.unliteral(kind)
        if kind == types.boolean:
            return {operator.and_: self.b.and_, operator.or_: self.b.or_, operator.xor: self.b.xor}[function](x, y)
        if kind == types.int64:
            return {operator.add: self.b.add, operator.sub: self.b.sub, operator.mul: self.b.mul}[function](x, y)
        return {operator.add: self.b.fadd, operator.sub: self.b.fsub, operator.mul: self.b.fmul,
                operator.truediv: self.b.fdiv}[function](x, y)

    def of_UnaryOp(self, e: ast.UnaryOp) -> Any:
        kind = self.typed.of[e]
        if isinstance(kind, types.IntegerLiteral):
            return self.context.get_constant(types.int64, kind.literal_value)
        x = self.expr(e.operand)
        if e in self.typed.calls:
            return self.call(e, [(x, self.typed.of[e.operand])])
        if isinstance(e.op, ast.Not):
            return self.b.not_(x)
        return self.b.neg(x) if kind == types.int64 else self.b.fneg(x)

    def of_Compare(self, e: ast.Compare) -> Any:
        left, right = ((self.expr(x), self.typed.of[x]) for x in (e.left, e.comparators[0]))
        if e in self.typed.calls:
            return self.call(e, [left, right])
        sign = _SIGNS[COMPARISONS[type(e.ops[0])]]
        if types.unliteral(left[1]) == types.int64:
            return self.b.icmp_signed(sign, left[0], right[0])
        compare = self.b.fcmp_unordered if sign == "!=" else self.b.fcmp_ordered
        return compare(sign, left[0], right[0])

    def of_IfExp(self, e: ast.IfExp) -> Any:
        then, other, after = (self.b.append_basic_block(name) for name in ("then", "other", "after"))
        self.b.cbranch(self.truth(e.test), then, other)
        found = []
        for block, x in ((then, e.body), (other, e.orelse)):
            self.b.position_at_end(block)
            found.append((self.expr(x), self.b.block))
            self.b.branch(after)
        self.b.position_at_end(after)
        phi = self.b.phi(found[0][0].type)
        for value, block in found:
            phi.add_incoming(value, block)
        return phi

    def of_Call(self, e: Any) -> Any:
        args = [(self.expr(a), self.typed.of[a]) for a in e.args]
        if e not in self.typed.calls:
            x, kind = args[0]
            if len(args) == 2:
                y = args[1][0]
                return self.b.select(self.b.icmp_signed("<" if e.func.id == "min" else ">", x, y), x, y)
            return self.context.cast(self.b, x, types.unliteral(kind), NUMBERS[e.func.id])
        return self.call(e, args)

    def call(self, e: ast.expr, args: list[tuple]) -> Any:
        """A call as Numba resolves it."""
        found = self.typed.calls[e]
        run = self.implementations.get(id(found))
        if run is None:
            run = self.implementations[id(found)] = self.context.get_function(*found)
        given = [self.context.cast(self.b, x, kind, wanted)
                 for (x, kind), wanted in zip(args, found[1].args, strict=True)]
        return run(self.b, given)
