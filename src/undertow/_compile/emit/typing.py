"""Types of generated Python, name by name in the order of the text.

Needs: one generated function, the types of its arguments, what its names stand for. Gives: the type of each name and
expression, and what each call resolves to. Generated text gives a name one type, and gives it before it is used.
Cost: linear in the text; a call is resolved by Numba, once for each name and types.
"""

from __future__ import annotations

import ast
import builtins
import operator
from typing import Any

from numba import types
from numba.core.errors import NumbaError

from ..runtime.lanes import Lanes

__all__ = ["BINARY", "COMPARISONS", "NUMBERS", "Typed", "Unknown", "lanes_of"]

BINARY: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift}
COMPARISONS: dict[type, Any] = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
                                ast.Eq: operator.eq, ast.NotEq: operator.ne}
UNARY: dict[type, Any] = {ast.USub: operator.neg, ast.Not: operator.not_, ast.Invert: operator.invert}
NUMBERS = {"float64": types.float64, "float32": types.float32, "int64": types.int64, "bool_": types.boolean}
_PLAIN = (types.float64, types.float32, types.int64)
_FLOATS = (types.float64, types.float32)


def lanes_of(index: list[ast.expr]) -> tuple[int | None, list[ast.expr], int]:
    """The axis along which an access reads neighbours, None where it reads one element; the first index; how many."""
    axis = next((k for k, part in enumerate(index) if isinstance(part, ast.Slice)), None)
    if axis is None:
        return None, index, 0
    part: Any = index[axis]
    count = part.upper.value if isinstance(part.upper, ast.Constant) else part.upper.right.value
    return axis, [*index[:axis], part.lower, *index[axis + 1:]], count


class Unknown(Exception):
    """Text that is left to Numba."""


class Typed:
    """Types of a generated function.

    Attributes
    ----------
    kinds : dict of str to Type
        Of each name.
    of : dict of expr to Type
    calls : dict of expr to (Type, Signature)
        What a call, or an operator that is not of the plainest, resolves to.
    assigned : dict of str to list of int
        At which depths each name is assigned.
    results : list of Type
    """

    def __init__(self, function: ast.FunctionDef, args: tuple, names: dict[str, Any], context: Any) -> None:
        self.names, self.context = names, context
        self.kinds: dict[str, Any] = {}
        self.of: dict[ast.expr, Any] = {}
        self.calls: dict[ast.expr, tuple] = {}
        self.assigned: dict[str, list[int]] = {}
        self.results: list = []
        self.depth = 0
        self.known: dict[tuple, tuple] = {}
        for p, kind in zip(function.args.args, args, strict=True):
            self.bind(p.arg, kind)
        *body, last = function.body
        self.block(body, 0)
        if not isinstance(last, ast.Return):
            raise Unknown("no result at the end")
        empty = last.value is None or (isinstance(last.value, ast.Constant) and last.value.value is None)
        if not empty and not isinstance(last.value, ast.Tuple):
            raise Unknown("a result that is no tuple")
        self.results = [] if empty else [types.unliteral(self.expr(v)) for v in last.value.elts]  # type: ignore[union-attr]

    def bind(self, name: str, kind: Any) -> None:
        kind = types.unliteral(kind)
        if self.kinds.setdefault(name, kind) != kind:
            raise Unknown(f"`{name}` is of two types")
        if kind == types.none:
            raise Unknown(f"`{name}` is nothing")
        self.assigned.setdefault(name, []).append(self.depth)

    # ---- statements
    def block(self, body: list[ast.stmt], depth: int) -> None:
        outer, self.depth = self.depth, depth
        for s in body:
            find = getattr(self, "on_" + type(s).__name__, None)
            if find is None:
                raise Unknown(type(s).__name__)
            find(s)
        self.depth = outer

    def on_Assign(self, s: ast.Assign) -> None:
        kind = self.expr(s.value)
        for target in s.targets:
            if isinstance(target, ast.Name):
                if isinstance(kind, types.Array) and not isinstance(s.value, ast.Call):
                    raise Unknown("two names of an array")
                self.bind(target.id, kind)
            else:
                self.expr(target)

    def on_AugAssign(self, s: ast.AugAssign) -> None:
        found = self.binary(s, BINARY[type(s.op)], self.expr(s.target), self.expr(s.value))  # type: ignore[arg-type]
        if isinstance(s.target, ast.Name):
            self.bind(s.target.id, found)

    def on_Expr(self, s: ast.Expr) -> None:
        self.expr(s.value)

    def on_For(self, s: ast.For) -> None:
        it = s.iter
        if not (isinstance(it, ast.Call) and isinstance(it.func, ast.Name) and it.func.id == "range"
                and isinstance(s.target, ast.Name)) or s.orelse:
            raise Unknown("a loop that counts otherwise")
        if any(types.unliteral(self.expr(a)) != types.int64 for a in it.args):
            raise Unknown("a bound that is no integer")
        if len(it.args) == 3 and not isinstance(self.of[it.args[2]], types.IntegerLiteral):
            raise Unknown("a step that is not constant")
        self.depth += 1
        self.bind(s.target.id, types.int64)
        self.depth -= 1
        self.block(s.body, self.depth + 1)

    def on_While(self, s: ast.While) -> None:
        if s.orelse or not (isinstance(s.test, ast.Constant) and s.test.value is True):
            raise Unknown("a loop with a test")
        self.block(s.body, self.depth + 1)

    def on_If(self, s: ast.If) -> None:
        self.expr(s.test)
        self.block(s.body, self.depth + 1)
        self.block(s.orelse, self.depth + 1)

    def on_Raise(self, s: ast.Raise) -> None:
        if not (isinstance(s.exc, ast.Call) and isinstance(s.exc.func, ast.Name) and s.exc.func.id == "Leave"):
            raise Unknown("an exception")

    def on_Break(self, s: ast.Break) -> None:
        pass

    on_Pass = on_Break

    # ---- expressions
    def expr(self, e: ast.expr) -> Any:
        found = self.of.get(e)
        if found is None:
            find = getattr(self, "of_" + type(e).__name__, None)
            if find is None:
                raise Unknown(type(e).__name__)
            found = self.of[e] = find(e)
        return found

    def of_Constant(self, e: ast.Constant) -> Any:
        if type(e.value) is bool:
            return types.boolean
        if type(e.value) is int:
            return types.literal(e.value)
        if type(e.value) is float:
            return types.float64
        raise Unknown("a constant")

    def of_Name(self, e: ast.Name) -> Any:
        found = self.kinds.get(e.id)
        if found is None:
            if e.id in NUMBERS:
                return self.context.resolve_value_type(self.names[e.id])
            if type(self.names.get(e.id)) is not float:
                raise Unknown(f"`{e.id}`")
            found = types.float64
        return found

    def of_Attribute(self, e: ast.Attribute) -> Any:
        if e.attr == "size" and isinstance(self.expr(e.value), types.Array):
            return types.int64
        raise Unknown("an attribute")

    def of_Subscript(self, e: ast.Subscript) -> Any:
        if isinstance(e.value, ast.Attribute):
            if e.value.attr == "shape" and isinstance(e.slice, ast.Constant) and isinstance(self.expr(e.value.value), types.Array):
                return types.int64
            raise Unknown("an attribute")
        array = self.expr(e.value)
        index = e.slice.elts if isinstance(e.slice, ast.Tuple) else [e.slice]
        if not isinstance(array, types.Array) or len(index) != array.ndim or not isinstance(e.value, ast.Name):
            raise Unknown("an index")
        axis, first, count = lanes_of(index)
        if any(types.unliteral(self.expr(k)) != types.int64 for k in first):
            raise Unknown("an index that is no integer")
        return array.dtype if axis is None else Lanes(array.dtype, count)

    def of_Tuple(self, e: ast.Tuple) -> Any:
        return types.Tuple([self.expr(v) for v in e.elts])

    def of_BinOp(self, e: ast.BinOp) -> Any:
        return self.binary(e, BINARY.get(type(e.op)), self.expr(e.left), self.expr(e.right))

    def binary(self, e: Any, function: Any, left: Any, right: Any) -> Any:
        left, right = types.unliteral(left), types.unliteral(right)
        if left == right and (left in _PLAIN and function in (operator.add, operator.sub, operator.mul)
                              or left in _FLOATS and function is operator.truediv
                              or left == types.boolean and function in (operator.and_, operator.or_, operator.xor)):
            return left
        return self.resolve(e, function, (left, right))

    def of_UnaryOp(self, e: ast.UnaryOp) -> Any:
        kind = self.expr(e.operand)
        if isinstance(e.op, ast.USub) and isinstance(kind, types.IntegerLiteral):
            return types.literal(-kind.literal_value)
        if (isinstance(e.op, ast.USub) and kind in _PLAIN) or (isinstance(e.op, ast.Not) and kind == types.boolean):
            return kind
        return self.resolve(e, UNARY.get(type(e.op)), (types.unliteral(kind),))

    def of_Compare(self, e: ast.Compare) -> Any:
        if len(e.ops) != 1:
            raise Unknown("a chain of comparisons")
        left, right = types.unliteral(self.expr(e.left)), types.unliteral(self.expr(e.comparators[0]))
        if left == right and left in _PLAIN:
            return types.boolean
        return self.resolve(e, COMPARISONS.get(type(e.ops[0])), (left, right))

    def of_IfExp(self, e: ast.IfExp) -> Any:
        self.expr(e.test)
        first, second = types.unliteral(self.expr(e.body)), types.unliteral(self.expr(e.orelse))
        if first != second or isinstance(first, types.Array):
            raise Unknown("a choice between types")
        return first

    def of_Call(self, e: ast.Call) -> Any:
        if not isinstance(e.func, ast.Name) or e.keywords or e.func.id in self.kinds:
            raise Unknown("a call")
        name, args = e.func.id, tuple([self.expr(a) for a in e.args])
        if name in NUMBERS and len(args) == 1 and types.unliteral(args[0]) in (*_PLAIN, types.boolean):
            return NUMBERS[name]
        if name in ("max", "min") and [types.unliteral(a) for a in args] == [types.int64] * 2:
            return types.int64
        function = self.names.get(name, getattr(builtins, name, None))
        if function is None:
            raise Unknown(f"`{name}`")
        return self.resolve(e, function, args)

    def resolve(self, e: ast.expr, function: Any, args: tuple) -> Any:
        """The type that Numba gives a call."""
        key = (id(function), args)
        found = self.known.get(key)
        if found is None:
            try:
                kind = self.context.resolve_value_type(function)
                found = kind, self.context.resolve_function_type(kind, args, {})
            except (NumbaError, TypeError, ValueError) as error:
                raise Unknown(str(error)) from None
            if found[1] is None or len(found[1].args) != len(args):
                raise Unknown(f"a call of {function!r}")
            self.known[key] = found
        self.calls[e] = found
        return found[1].return_type
