"""Expressions."""

from __future__ import annotations

import ast
import builtins
import enum
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Region, Value
from ..ir.types import BOOL, I64
from . import arithmetic
from .derived import derived
from .merge import describe, is_number, scalar_of
from .registry import METHODS, NUMPY
from .state import TryAgain, Unbound, Unknown
from .statements import assigned_names
from .text import TEXT
from .values import Array, Const, Function, Growing, Iterable, Lazy, Maybe, Optional, Ref, Scalar, Sequence

__all__ = ["Expressions"]


_WRITING = frozenset((
    "copyto", "fill", "fill_diagonal", "partition", "place", "put", "put_along_axis", "putmask", "resize", "sort"))

_PLACES = {"where": 3, "clip": 3, "linspace": 3, "arange": 3, "einsum": 32}  # positional arguments before `out`


class Expressions:
    """Lowers expressions; expects `Statements`, `Arrays` and `Calls` beside it."""

    def expr(self, node: ast.expr, optional: bool = False) -> Any:
        """The value of an expression; with `optional`, one that may be None can be handed on as it is."""
        method = getattr(self, "on_" + type(node).__name__, None)
        if method is None:
            self.at(node)
            raise NotCompilable(f"`{type(node).__name__}` expression")
        value = method(node)
        if hasattr(node, "lineno"):
            self.at(node)
        return value if optional else self.present(value)

    def present(self, v: Any) -> Any:
        """A value that is used as what it is if it is not None."""
        if isinstance(v, Optional):
            self.b.check(v.present, "something is None")
            return v.value
        return v

    # ---- names
    def on_Name(self, node: ast.Name) -> Any:
        return self.lookup(node.id, node)

    def lookup(self, name: str, node: ast.AST) -> Any:
        frame = self.frame
        while frame is not None:
            if name in frame.locals:
                return self.read_local(frame, name, node)
            if frame.function is not None:
                return self.lookup_outside(frame.function, name)
            frame = frame.parent
        raise NotCompilable(f"`{name}` is not defined")

    def read_local(self, frame: Any, name: str, node: ast.AST) -> Any:
        key = (frame.key, name)
        value = self.state.get(key)
        if value is None:
            for loop in self.around:
                if name in assigned_names(loop.body) and frame is self.frame:
                    carry = (self.place(loop), name)
                    if carry not in self.carry_out:
                        raise TryAgain("carry", carry)
                    raise Unbound(name)
            raise NotCompilable(f"`{name}` is read before it is bound")
        if isinstance(value, TryAgain):
            raise value
        if isinstance(value, NotCompilable):
            raise value
        if isinstance(value, Maybe):
            self.b.check(value.defined, f"`{name}` is unbound")
            return value.value
        return value

    def lookup_outside(self, function: types.FunctionType, name: str) -> Any:
        """A free variable or a global of a real function; what is assumed about it becomes a guard."""
        code = function.__code__
        if name in code.co_freevars:
            cell = function.__closure__[code.co_freevars.index(name)]
            try:
                value = cell.cell_contents
            except ValueError:
                raise NotCompilable(f"the free variable `{name}` is unbound") from None
            return self.outside("cell", cell, None, value, name)
        if name in function.__globals__:
            return self.outside("global", function.__globals__, name, function.__globals__[name], name)
        if hasattr(builtins, name):
            self.guards.append(("absent", function.__globals__, name, None))
            self.guards.append(("global", vars(builtins), name, getattr(builtins, name)))
            return Const(getattr(builtins, name))
        raise NotCompilable(f"`{name}` is not defined")

    # ---- literals
    def on_Constant(self, node: ast.Constant) -> Any:
        return Const(node.value)

    def on_Tuple(self, node: ast.Tuple) -> Any:
        return Sequence(tuple(self.items(node.elts)))

    def on_List(self, node: ast.List) -> Any:
        return self.new_list(tuple(self.items(node.elts)), node)

    def items(self, nodes: list[ast.expr]) -> list:
        out: list = []
        for n in nodes:
            if isinstance(n, ast.Starred):
                items = self.static_items(self.expr(n.value))
                if items is None:
                    raise Unknown("`*` of a sequence of unknown length")
                out += items
            else:
                out.append(self.settle(self.expr(n, True)))
        return out

    def on_Lambda(self, node: ast.Lambda) -> Any:
        return self.function_value(node)

    def on_NamedExpr(self, node: ast.NamedExpr) -> Any:
        value = self.expr(node.value)
        self.assign(node.target, value)
        return value

    def before_calls(self, value: Any, later: list[ast.expr]) -> Any:
        """A pending expression is evaluated before a call that might change what it reads."""
        if isinstance(value, Lazy) and any(
                isinstance(n, ast.NamedExpr) or isinstance(n, ast.Call) and not self.only_reads(n)
                for e in later for n in ast.walk(e)):
            return self.force(value)
        return value

    def only_reads(self, call: ast.Call) -> bool:
        """Whether a call is certainly one of a library function, or of an array's method, that writes to no argument."""
        function, attributes = call.func, []
        while isinstance(function, ast.Attribute):
            attributes.insert(0, function.attr)
            function = function.value
        if not isinstance(function, ast.Name) or any(k.arg in (None, "out") for k in call.keywords):
            return False
        try:
            found = self.lookup(function.id, function)
        except (NotCompilable, TryAgain):
            return False
        if isinstance(found, (Array, Lazy)):
            name = ".".join(attributes)
            return name in METHODS and name not in _WRITING and (len(call.args) < 2 or name in ("reshape", "transpose"))
        if not isinstance(found, Const):
            return False
        for name in attributes:
            if not isinstance(found.obj, types.ModuleType):
                return False
            found = Const(getattr(found.obj, name, None))
        try:
            if isinstance(found.obj, np.ufunc):
                return len(call.args) <= found.obj.nin
            name = getattr(found.obj, "__name__", "")
            return found.obj in NUMPY and name not in _WRITING and len(call.args) <= _PLACES.get(name, 2)
        except TypeError:
            return False

    # ---- operators
    def on_UnaryOp(self, node: ast.UnaryOp) -> Any:
        x = self.expr(node.operand)
        if isinstance(x, Ref) and not isinstance(node.op, ast.Not):
            name = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__"}[type(node.op)]
            found = self.own_method(x, name)
            if found is None:
                raise NotCompilable("a unary operator of an object")
            return found
        if isinstance(node.op, ast.Not):
            return Scalar(self.b.scalar("not", self.truth(x)), "py")
        if isinstance(x, Const) and is_number(x):
            return Const(-x.obj if isinstance(node.op, ast.USub) else +x.obj if isinstance(node.op, ast.UAdd)
                         else ~x.obj)
        if isinstance(node.op, ast.UAdd):
            return x if isinstance(x, Scalar) and x.type != BOOL else self.ufunc(np.positive, [x], {})
        if isinstance(node.op, ast.Invert):
            if isinstance(x, Scalar) and x.type == BOOL and x.flavor == "py":
                raise NotCompilable("`~` of a Python bool")
            found = self.elementwise("not", [x], derived(self.b, np.invert))
            return Scalar(found.value, x.flavor) if isinstance(x, Scalar) else found
        if isinstance(x, Scalar):
            if x.type == BOOL:
                raise NotCompilable("minus a bool")
            return Scalar(arithmetic.unary(self.b, "negative", x.value), x.flavor, x.tag)
        return self.elementwise("neg", [x], lambda v: arithmetic.unary(self.b, "negative", v))

    def on_BinOp(self, node: ast.BinOp) -> Any:
        left = self.before_calls(self.expr(node.left), [node.right])
        right = self.expr(node.right)
        self.at(node)
        return self.binary(type(node.op).__name__, left, right)

    def binary(self, op: str, left: Any, right: Any) -> Any:
        if isinstance(left, Ref) or isinstance(right, Ref):
            as_array = isinstance(left, (Array, Lazy)) or isinstance(right, (Array, Lazy))
            left, right = ((self.plain if as_array else self.known)(v) for v in (left, right))
        if any(isinstance(v, Const) and isinstance(v.obj, (str, type(TEXT.obj))) for v in (left, right)) and op in ("Add", "Mod") \
                and not (isinstance(left, Const) and isinstance(right, Const) and TEXT not in (left, right)):
            return TEXT
        if isinstance(left, Const) and isinstance(right, Const):
            return self.fold_binary(op, left.obj, right.obj)
        if isinstance(left, Sequence) or isinstance(right, Sequence):
            return self.binary_sequence(op, left, right)
        for v in (left, right):
            if isinstance(v, Ref):
                return self.special_method(op, left, right)
        if is_number(left) and is_number(right):
            return arithmetic.binary(self.b, op, scalar_of(left), scalar_of(right))
        if op == "MatMult":
            return self.matmul(left, right)
        return self.array_binary(op, left, right)

    def fold_binary(self, op: str, x: Any, y: Any) -> Any:
        if not all(type(v) in (bool, int, float, complex, np.float64, np.complex128, str, tuple) for v in (x, y)):
            raise NotCompilable(f"operator {op} of {describe(Const(x))} and {describe(Const(y))}")
        import operator
        function = {"Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
                    "FloorDiv": operator.floordiv, "Mod": operator.mod, "Pow": operator.pow,
                    "BitAnd": operator.and_, "BitOr": operator.or_, "BitXor": operator.xor,
                    "LShift": operator.lshift, "RShift": operator.rshift}.get(op)
        try:
            if function is None or (op in ("Pow", "LShift") and isinstance(y, int) and abs(y) > 1000):
                raise NotCompilable(f"operator {op} of constants")
            with np.errstate(all="ignore"):
                return Const(function(x, y))
        except (ArithmeticError, TypeError, ValueError):
            self.b.check(const(False), "an operation of constants fails")
            return Const(1.0)

    def binary_sequence(self, op: str, left: Any, right: Any) -> Any:
        if op == "Add" and isinstance(left, Sequence) and isinstance(right, Sequence) and left.cls is right.cls:
            return self.sequence(left.items + right.items, left.cls)
        for x, n in ((left, right), (right, left)):
            if op == "Mult" and isinstance(x, Sequence) and isinstance(n, Const) and isinstance(n.obj, int):
                if len(x.items) * n.obj <= 64:
                    return self.sequence(x.items * n.obj, x.cls)
        raise NotCompilable(f"operator {op} of a sequence")

    def sequence(self, items: tuple, cls: type) -> Any:
        return self.new_list(items) if cls is list else Sequence(items, cls)

    def on_Compare(self, node: ast.Compare) -> Any:
        raw = any(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops)
        left = self.before_calls(self.expr(node.left, raw), node.comparators)
        result = None
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.before_calls(self.expr(right_node, raw), node.comparators[1:])
            one = self.compare(type(op).__name__, left, right)
            result = one if result is None else self.both(result, one)
            left = right
        return result

    def both(self, x: Any, y: Any) -> Any:
        if isinstance(x, Const) and isinstance(y, Const):
            return Const(x.obj and y.obj)
        return Scalar(self.b.scalar("and", self.truth(x), self.truth(y)), "py")

    def compare(self, op: str, left: Any, right: Any) -> Any:
        for x, y in ((left, right), (right, left)):
            if op in ("Is", "IsNot") and isinstance(x, Optional) and isinstance(y, Const) and y.obj is None:
                return Scalar(x.present if op == "IsNot" else self.b.scalar("not", x.present), "py")
        left, right = self.present(left), self.present(right)
        if op in ("Is", "IsNot"):
            return Const(self.identical(left, right) == (op == "Is"))
        as_array = isinstance(left, (Array, Lazy)) or isinstance(right, (Array, Lazy))
        left, right = ((self.plain if as_array else self.known)(v) for v in (left, right))
        if isinstance(left, Const) and isinstance(right, Const) and op not in ("In", "NotIn"):
            x, y = left.obj, right.obj
            simple = (bool, int, float, str, type(None), np.float64, tuple)
            if all(type(v) in simple or isinstance(v, enum.Enum) for v in (x, y)):
                return Const({"Lt": lambda: x < y, "LtE": lambda: x <= y, "Gt": lambda: x > y, "GtE": lambda: x >= y,
                              "Eq": lambda: x == y, "NotEq": lambda: x != y}[op]())
        if op in ("In", "NotIn") and isinstance(right, Const) and isinstance(right.obj, str):  # a part, not an element
            if type(left) is not Const or not isinstance(left.obj, str):
                raise NotCompilable("`in` of text that is not constant")
            return Const((left.obj in right.obj) == (op == "In"))
        if op in ("In", "NotIn"):
            return self.contained(op, left, right)
        if is_number(left) and is_number(right):
            return arithmetic.compare(self.b, op, scalar_of(left), scalar_of(right))
        if isinstance(left, Sequence) and isinstance(right, Sequence) and op in ("Eq", "NotEq"):
            if len(left.items) != len(right.items):
                return Const(op == "NotEq")
            parts = [self.truth(self.compare("Eq", x, y)) for x, y in zip(left.items, right.items, strict=True)]
            total: Value = const(True)
            for p in parts:
                total = self.b.scalar("and", total, p)
            return Scalar(total if op == "Eq" else self.b.scalar("not", total), "py")
        objects = [v for v in (left, right) if isinstance(v, Ref) and v.cls not in (list, dict)]
        if objects and not any(isinstance(v, (Array, Lazy)) for v in (left, right)) and op not in ("In", "NotIn"):
            return self.compared_objects(op, left, right)
        if isinstance(left, Sequence) and isinstance(right, Sequence) and op in ("Lt", "LtE", "Gt", "GtE"):
            return self.compare_items(op, left.items, right.items)
        if isinstance(left, (Array, Lazy)) or isinstance(right, (Array, Lazy)):
            return self.array_compare(op, left, right)
        lists = any(isinstance(v, Ref) and v.cls is list for v in (left, right))
        raise (Unknown if lists else NotCompilable)(f"comparison of {describe(left)} and {describe(right)}")

    def compare_items(self, op: str, left: tuple, right: tuple) -> Any:
        """The order of two sequences is that of the first items that differ."""
        if not left or not right:
            return self.compare(op, Const(len(left)), Const(len(right)))
        if len(left) == len(right) == 1:
            return self.compare(op, left[0], right[0])
        first = self.truth(self.compare(op[:2], left[0], right[0]))
        equal = self.truth(self.compare("Eq", left[0], right[0]))
        rest = self.truth(self.compare_items(op, left[1:], right[1:]))
        return Scalar(self.b.scalar("or", first, self.b.scalar("and", equal, rest)), "py")

    def contained(self, op: str, left: Any, right: Any) -> Any:
        """``left in right``."""
        found = self.own_method(right, "__contains__", left)
        if found is not None:
            truth = self.truth(found)
            return Scalar(truth if op == "In" else self.b.scalar("not", truth), "py")
        items: Any = [Const(x) for x in right.obj] if isinstance(right, Const) and isinstance(right.obj, frozenset) \
            else None if isinstance(right, (Array, Lazy)) else self.static_items(right)
        if items is not None and isinstance(left, Const) and all(isinstance(i, Const) for i in items):
            return Const((left.obj in [i.obj for i in items]) == (op == "In"))
        if items is not None and is_number(left) and all(map(is_number, items)):
            total: Value = const(False)
            for i in items:
                total = self.b.scalar("or", total, self.truth(self.compare("Eq", left, i)))
            return Scalar(total if op == "In" else self.b.scalar("not", total), "py")
        if isinstance(right, Iterable) and right.kind == "range" and is_number(left) and scalar_of(left).type == I64 \
                and len(right.parts) < 3:
            lo, hi = (Const(0), *right.parts)[-2:]
            inside = self.both(self.compare("LtE", lo, left), self.compare("Lt", left, hi))
            return inside if op == "In" else Scalar(self.b.scalar("not", self.truth(inside)), "py")
        raise Unknown(f"`in` of {describe(right)}")

    def identical(self, left: Any, right: Any) -> bool:
        for x, y in ((left, right), (right, left)):
            if isinstance(x, Const) and (x.obj is None or isinstance(x.obj, (bool, type))):
                if isinstance(y, Const):
                    return x.obj is y.obj
                if isinstance(x.obj, bool) and isinstance(y, Scalar):
                    break
                return False
        if isinstance(left, Ref) and isinstance(right, Ref):
            if left.key != right.key and any(isinstance(r.key, tuple) for r in (left, right)):
                raise NotCompilable("`is` of objects that depend on control flow")
            return left.key == right.key
        if isinstance(left, Const) and isinstance(right, Const) and not isinstance(left.obj, (int, float, str, type(TEXT.obj))):
            return left.obj is right.obj
        if isinstance(left, Array) and left is right:
            return True
        if isinstance(left, Array) and isinstance(right, Array) and left.root is not right.root \
                and {left.root, right.root} <= self.params_set:
            return False
        raise NotCompilable("`is` of numbers or views")

    def on_BoolOp(self, node: ast.BoolOp) -> Any:
        result = self.expr(node.values[0])
        is_and = isinstance(node.op, ast.And)
        for k, value in enumerate(node.values[1:]):
            if isinstance(result, (Const, Ref, Function, Sequence)):
                truth = self.truth(result)
                if not isinstance(truth, Constant):
                    raise NotCompilable("`and`/`or` used for its operand's value")
                known = bool(truth.value)
                if known != is_and:
                    return result
                result = self.expr(value)
                continue
            test = self.truth(result)
            if not (isinstance(result, Scalar) and result.type == BOOL):
                return self.chosen_operand(result, test, is_and, node.values[1 + k:])
            rest = node.values[1 + k:]
            return Scalar(self.short_circuit(test, is_and, lambda: self.boolean(node.op, rest)), "py")
        return result

    def boolean(self, op: ast.boolop, values: list[ast.expr]) -> Value:
        """The value of operands that must be booleans."""
        v = scalar_of(self.on_BoolOp(ast.BoolOp(op, values)) if len(values) > 1 else self.expr(values[0]))
        if v.type != BOOL:
            raise NotCompilable("`and`/`or` used for its operand's value")
        return v.value

    def all_or_any(self, is_and: bool, values: list[ast.expr]) -> Value:
        """Whether all or any of the operands are true, where only that matters."""
        test = self.test(values[0])
        if len(values) == 1:
            return test
        if isinstance(test, Constant):
            return self.all_or_any(is_and, values[1:]) if test.value == is_and else test
        return self.short_circuit(test, is_and, lambda: self.all_or_any(is_and, values[1:]))

    def chosen_operand(self, left: Any, test: Value, is_and: bool, rest: list[ast.expr]) -> Any:
        """``left and rest`` as a value: one of the two."""
        key = (self.frame.key, f"$if{id(rest[0])}")

        def keep() -> None:
            self.state[key] = self.settle(left)

        def evaluate() -> None:
            op = ast.And() if is_and else ast.Or()
            value = self.settle(self.on_BoolOp(ast.BoolOp(op, rest)) if len(rest) > 1 else self.expr(rest[0]))
            self.state[key] = value

        self.branch(test, *((evaluate, keep) if is_and else (keep, evaluate)))
        value = self.state.pop(key)
        if isinstance(value, (NotCompilable, TryAgain)):
            raise value
        return value

    def short_circuit(self, test: Value, is_and: bool, rest: Callable[[], Value]) -> Value:
        """``test and rest()`` or ``test or rest()``."""
        regions = [Region(), Region()]
        before = dict(self.state)
        with self.b.inside(regions[0 if is_and else 1]) as region:
            region.yields = [rest()]
        if self.state.keys() != before.keys():
            raise NotCompilable("an assignment inside `and`/`or`")
        regions[1 if is_and else 0].yields = [const(not is_and)]
        return self.emit_branch(test, regions, [BOOL], [""])[0]

    def on_IfExp(self, node: ast.IfExp) -> Any:
        test = self.test(node.test)
        if isinstance(test, Constant):
            return self.expr(node.body if test.value else node.orelse)
        key = (self.frame.key, f"$if{id(node)}")

        def put(branch: ast.expr) -> Any:
            def evaluate() -> None:
                value = self.settle(self.expr(branch, True))  # may replace the state, which is looked up after it
                self.state[key] = value

            return evaluate

        self.branch(test, put(node.body), put(node.orelse))
        value = self.state.pop(key)
        if isinstance(value, (NotCompilable, TryAgain)):
            raise value
        return value

    def test(self, node: ast.expr) -> Value:
        """The truth of an expression."""
        if isinstance(node, ast.BoolOp):
            return self.all_or_any(isinstance(node.op, ast.And), node.values)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.b.scalar("not", self.test(node.operand))
        return self.truth(self.expr(node, True))

    def truth(self, v: Any) -> Value:
        """``bool(v)`` as an IR value."""
        if isinstance(v, Optional):
            return self.b.scalar("and", v.present, self.truth(v.value))
        v = self.listed(v)
        if isinstance(self.contents(v), Growing):
            return self.b.scalar("ne", self.contents(v).count.value, const(0))
        if isinstance(v, Const):
            if isinstance(v.obj, (bool, int, float, str, tuple, list, dict, type(None), types.FunctionType)):
                return const(bool(v.obj))
            raise NotCompilable(f"the truth of {describe(v)}")
        if isinstance(v, Scalar):
            return arithmetic.truth(self.b, v)
        if isinstance(v, Sequence):
            return const(bool(v.items))
        if isinstance(v, (Ref, Function)):
            for name in ("__bool__", "__len__"):
                found = self.own_method(v, name)
                if found is not None:
                    return self.truth(found)
            if isinstance(v, Ref) and (hasattr(v.cls, "__bool__") or hasattr(v.cls, "__len__")):
                raise NotCompilable("the truth of an object that defines it")
            return const(True)
        raise NotCompilable("the truth of an array")

    # ---- attributes
    def on_Attribute(self, node: ast.Attribute) -> Any:
        return self.attribute(self.expr(node.value), node.attr)

    # ---- assignment
    def assign(self, target: ast.expr, value: Any) -> None:
        self.at(target)
        if isinstance(target, ast.Name):
            frame = self.frame
            while target.id in frame.nonlocals and frame.parent is not None:
                frame = frame.parent
                if frame.function is not None and target.id not in frame.locals:
                    raise NotCompilable("assignment to a variable of an enclosing function")
            if target.id in frame.nonlocals:
                raise NotCompilable("assignment to a variable of an enclosing function")
            self.state[(frame.key, target.id)] = self.bind(value, target.id, frame)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self.unpack(target, value)
        elif isinstance(target, ast.Subscript):
            self.store_item(self.expr(target.value), target.slice, value)
        elif isinstance(target, ast.Attribute):
            owner = self.expr(target.value)
            if isinstance(owner, Const) and isinstance(owner.obj, types.FunctionType):
                self.set_function_attribute(owner.obj, target.attr, value)
                return
            if not isinstance(owner, Ref):
                raise NotCompilable(f"assignment to an attribute of {describe(owner)}")
            self.set_attribute(owner, target.attr, value)
        else:
            raise NotCompilable("this assignment target")

    def set_attribute(self, owner: Ref, name: str, value: Any) -> None:
        if owner.cls.__setattr__ is not object.__setattr__:
            raise NotCompilable("assignment through `__setattr__`")
        found = self.class_attribute(owner.cls, name)
        if isinstance(found, property) and isinstance(found.fset, types.FunctionType):
            self.call(Const(found.fset), [owner, self.settle(value)], {})
            return
        if hasattr(type(found), "__set__"):
            raise NotCompilable("assignment through a descriptor")
        self.check_own(owner)
        self.hold_default(owner, name, found)
        if owner.key in self.frozen_objects:
            raise Unknown("an object is changed that is shared on one path and not on another")
        self.state[(owner.key, name)] = self.settle(value)
        self.written_attributes.add((owner.key, name))

    def unpack(self, target: ast.Tuple | ast.List, value: Any) -> None:
        items = self.static_items(value)
        starred = next((k for k, t in enumerate(target.elts) if isinstance(t, ast.Starred)), None)
        if starred is not None:
            self.unpack_starred(target.elts, starred, value, items)
            return
        if items is None and isinstance(value, (Array, Lazy)):
            array = self.force(value)
            self.b.check(self.b.scalar("eq", array.dims[0], const(len(target.elts))), "wrong number of values to unpack")
            items = [self.index_with(array, [Const(k)]) for k in range(len(target.elts))]
        if items is None or len(items) != len(target.elts):
            raise Unknown("unpacking of something of unknown or different length")
        items = [self.settle(i) for i in items]
        for t, item in zip(target.elts, items, strict=True):
            self.assign(t, item)

    def unpack_starred(self, targets: list[ast.expr], starred: int, value: Any, items: list | None) -> None:
        """``a, *b, c = value``."""
        if items is None and isinstance(value, (Array, Lazy)) and isinstance(value.dims[0], Constant):
            array = self.force(value)
            items = [self.index_with(array, [Const(k)]) for k in range(array.dims[0].value)]
        if items is None or len(items) < len(targets) - 1:
            raise Unknown("unpacking of something of unknown or too small a length")
        items = [self.settle(i) for i in items]
        rest = len(items) - len(targets) + 1
        middle = self.new_list(tuple(items[starred:starred + rest]))
        found = [*items[:starred], middle, *items[starred + rest:]]
        for t, item in zip(targets, found, strict=True):
            self.assign(t.value if isinstance(t, ast.Starred) else t, item)

    def do_AugAssign(self, node: ast.AugAssign) -> None:
        op = type(node.op).__name__
        if isinstance(node.target, ast.Subscript):
            owner = self.expr(node.target.value)
            self.augment_item(owner, node.target.slice, op, lambda: self.expr(node.value))
            return
        load = ast.copy_location(ast.parse(ast.unparse(node.target), mode="eval").body, node.target)
        current = self.expr(load)
        value = self.expr(node.value)
        self.at(node)
        if isinstance(current, Lazy):
            current = self.force(current)
        if isinstance(current, Array):
            self.store_array(current, self.binary(op, current, value), augmented=True)
            return
        if isinstance(current, Ref) and current.cls is list:
            if op != "Add":
                raise NotCompilable("an augmented assignment to a list")
            self.list_method(current, "extend", [value])
            return
        self.assign(node.target, self.augmented(op, current, value))
