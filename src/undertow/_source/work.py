"""About how many operations a call does, by its text and its arguments: whether it is worth to look closer.

Needs: a function with source, its arguments by name.
Gives: a number that is right to a factor of ten where loops run over arguments or their extents; lengths that are
computed on the way are taken for the largest extent or integer among the arguments.
Cost: linear in the text the first time, then in the number of loops.
"""

from __future__ import annotations

import ast
from types import CodeType, FunctionType
from typing import Any

from .locate import SourceNotFound, find

__all__ = ["work"]

WHILE = 50.0  # trips of a loop that nobody knows
CALL = 10.0
DEPTH = 4
_plans: dict[int, tuple[CodeType, list]] = {}


def work(function: FunctionType, arguments: dict[str, Any]) -> float:
    """Operations of a call, about; infinite where there is no source."""
    largest = max((float(n) for v in arguments.values() for n in _sizes(v)), default=1.0)
    try:
        return _Work(max(largest, 1.0)).call(function, arguments, 0)
    except SourceNotFound:
        return float("inf")


def _sizes(v: Any, depth: int = 0) -> list:
    if type(v) is int:
        return [min(abs(v), 1 << 40)]
    if hasattr(v, "shape"):
        return list(v.shape)
    if type(v) in (list, tuple, dict) and depth < 3:
        inner = v.values() if type(v) is dict else v
        return [len(v), *(n for x in inner for n in _sizes(x, depth + 1))]
    held = getattr(v, "__dict__", None)
    return [n for x in held.values() for n in _sizes(x, depth + 1)] if type(held) is dict and depth < 3 else []


def _plan(code: CodeType, module_globals: dict) -> list:
    found = _plans.get(id(code))
    if found is None or found[0] is not code:
        node: Any = find(code, module_globals)
        found = _plans[id(code)] = (code, _parts(node.body if isinstance(node.body, list) else [node.body]))
    return found[1]


def _parts(nodes: list) -> list:
    """``(trips, parts)`` of each loop, the name of each function called, and the number of other operations."""
    out: list = []
    operations = 0
    stack = list(nodes)
    while stack:
        n = stack.pop()
        if isinstance(n, (ast.For, ast.AsyncFor)):
            out.append((n.iter, _parts([*n.body, *n.orelse])))
            stack.append(n.iter)
            continue
        if isinstance(n, ast.While):
            out.append((None, _parts([n.test, *n.body, *n.orelse])))
            continue
        if isinstance(n, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)):
            element = [n.key, n.value] if isinstance(n, ast.DictComp) else [n.elt]
            inner: list = _parts([*element, *(t for g in n.generators for t in g.ifs)])
            for g in reversed(n.generators):
                inner = [(g.iter, inner)]
            out += inner
            continue
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name):
            out.append(n.func.id)
        elif isinstance(n, (ast.BinOp, ast.UnaryOp, ast.Call, ast.Subscript, ast.Compare, ast.AugAssign)):
            operations += 1
        stack.extend(ast.iter_child_nodes(n))
    out.append(operations)
    return out


class _Work:
    def __init__(self, largest: float) -> None:
        self.largest = largest
        self.known: dict[int, float] = {}

    def call(self, function: FunctionType, arguments: dict[str, Any], depth: int) -> float:
        return self.total(_plan(function.__code__, function.__globals__), function, arguments, depth)

    def total(self, parts: list, function: FunctionType, arguments: dict[str, Any], depth: int) -> float:
        out = 0.0
        for part in parts:
            if type(part) is tuple:
                out += self.trips(part[0], arguments) * (1.0 + self.total(part[1], function, arguments, depth))
            elif type(part) is str:
                out += self.named(part, function, depth)
            else:
                out += part
        return out

    def named(self, name: str, function: FunctionType, depth: int) -> float:
        f: Any = function.__globals__.get(name)
        code = function.__code__
        if name in code.co_freevars:
            try:
                f = (function.__closure__ or ())[code.co_freevars.index(name)].cell_contents
            except (ValueError, IndexError):
                f = None
        f = getattr(f, "py_func", f)
        if type(f) is not FunctionType or depth >= DEPTH:
            return CALL
        if id(f) not in self.known:
            self.known[id(f)] = CALL
            try:
                self.known[id(f)] = self.call(f, {}, depth + 1)
            except SourceNotFound:
                pass
        return self.known[id(f)]

    def trips(self, iterable: ast.expr | None, arguments: dict[str, Any]) -> float:
        if iterable is None:
            return max(WHILE, self.largest)
        if isinstance(iterable, (ast.Tuple, ast.List)):
            return float(len(iterable.elts))
        if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) and iterable.args:
            if iterable.func.id == "range":
                bounds = [self.integer(a, arguments) for a in iterable.args]
                if None in bounds:
                    return self.largest
                numbers: Any = bounds
                return float(len(range(*numbers))) if len(numbers) < 3 or numbers[2] else 0.0
            if iterable.func.id in ("enumerate", "zip", "reversed", "list", "tuple"):
                return self.trips(iterable.args[0], arguments)
        if isinstance(iterable, ast.Name) and hasattr(arguments.get(iterable.id), "__len__"):
            try:
                return float(len(arguments[iterable.id]))
            except TypeError:
                return 1.0
        return self.largest

    def integer(self, node: ast.expr, arguments: dict[str, Any]) -> int | None:
        """A small integer expression of the arguments."""
        if isinstance(node, ast.Constant):
            return node.value if type(node.value) is int else None
        if isinstance(node, ast.Name):
            v = arguments.get(node.id)
            return v if type(v) is int else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1:
            v = arguments.get(node.args[0].id) if isinstance(node.args[0], ast.Name) else None
            return len(v) if type(v) in (list, tuple) or getattr(v, "ndim", 0) else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult)):
            x, y = self.integer(node.left, arguments), self.integer(node.right, arguments)
            if x is None or y is None:
                return None
            return x + y if isinstance(node.op, ast.Add) else x - y if isinstance(node.op, ast.Sub) else x * y
        return None
