"""Loops that could run apart from the function around them: what they read, and what is read after them.

Needs: the syntax tree of a function, before it is rewritten.
Gives: for each loop that can be lifted out, the names live where it is entered and those it assigns that are live where
it ends (a backward dataflow over the statements), and a weight: about how many operations one iteration does.
Cost: linear in the function, times the depth of its loops.
"""

from __future__ import annotations

import ast
import copy
from types import CodeType, FunctionType
from typing import Any

from . import locate

__all__ = ["LOOPS", "Loop", "liftable", "outline"]

PURE_ITERABLES = frozenset(("range", "enumerate", "zip", "reversed", "len"))
FRAME_READERS = frozenset(("locals", "vars", "dir", "eval", "exec", "super"))
NESTED = 8.0
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Loop:
    """A loop that can be lifted out of its function.

    Attributes
    ----------
    node : ast.For or ast.While
        As the user wrote it.
    inputs, outputs : tuple of str
        Names live where it is entered; names it assigns that are live where it ends.
    weight : float
        Operations an iteration, about.
    """

    def __init__(self, node: Any, inputs: tuple[str, ...], outputs: tuple[str, ...], weight: float) -> None:
        self.node, self.inputs, self.outputs, self.weight = node, inputs, outputs, weight
        self.assigned = stores(node)
        self.codes: dict[tuple, CodeType] = {}


LOOPS: list[Loop] = []


def liftable(function: Any) -> dict[int, int]:
    """Numbers in `LOOPS` of the loops of a function, by identity of their nodes."""
    loops = [n for n in own_nodes(function) if isinstance(n, (ast.For, ast.While))]
    if not loops or any(isinstance(n, ast.Name) and n.id in FRAME_READERS for n in ast.walk(function)):
        return {}
    flow = _Flow(function)
    found = {}
    for node in loops:
        if not movable(node, flow.shared):
            continue
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        inputs = sorted(flow.entry[id(node)] & names)
        outputs = sorted(stores(node) & flow.exit[id(node)])
        found[id(node)] = len(LOOPS)
        LOOPS.append(Loop(copy.deepcopy(node), tuple(inputs), tuple(outputs), weight(node.body)))
    return found


def own_nodes(node: ast.AST) -> list[ast.AST]:
    """Nodes of a function without those of functions and classes in it."""
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        found.append(child)
        if not isinstance(child, _SCOPES):
            found += own_nodes(child)
    return found


def movable(node: Any, shared: set[str]) -> bool:
    """Whether a loop keeps its meaning in a function of its own."""
    for n in ast.walk(node):
        if isinstance(n, (ast.Return, ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal, ast.Try, ast.With,
                          ast.AsyncFor, ast.AsyncWith, ast.Delete, ast.Import, ast.ImportFrom, ast.Match, *_SCOPES)):
            return False
        name = n.id if isinstance(n, ast.Name) else n.attr if isinstance(n, ast.Attribute) else ""
        if name.startswith("__") and not name.endswith("__"):
            return False  # mangled with the class around
    if stores(node) & shared:
        return False
    return not isinstance(node, ast.For) or all(
        isinstance(n.func, ast.Name) and n.func.id in PURE_ITERABLES
        for n in ast.walk(node.iter) if isinstance(n, ast.Call))


def weight(body: list[ast.stmt]) -> float:
    """Operations in statements, those of inner loops several times."""
    total = 0.0
    for statement in body:
        if isinstance(statement, (ast.For, ast.While)):
            total += NESTED * weight(statement.body)
            continue
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt):
                total += weight([child])
            else:
                total += sum(isinstance(n, (ast.BinOp, ast.Subscript, ast.Call, ast.Compare)) for n in ast.walk(child))
        total += isinstance(statement, ast.AugAssign)
    return total


def stores(node: ast.AST) -> set[str]:
    """Names that a statement binds."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def loads(node: ast.AST | None) -> set[str]:
    """Names that a statement or expression reads."""
    if node is None:
        return set()
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)} | {
        n.target.id for n in ast.walk(node) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}


class _Flow:
    """Live names before and after each loop of a function.

    Attributes
    ----------
    shared : set of str
        Names that functions inside the function, or scopes around it, share with it: always live.
    """

    def __init__(self, function: Any) -> None:
        self.entry: dict[int, set[str]] = {}
        self.exit: dict[int, set[str]] = {}
        self.shared: set[str] = set()
        for n in ast.walk(function):
            if isinstance(n, _SCOPES) and n is not function:
                self.shared |= {m.id for m in ast.walk(n) if isinstance(m, ast.Name)}
            elif isinstance(n, (ast.Global, ast.Nonlocal)):
                self.shared |= set(n.names)
        self.block(function.body, set(), set(), set(), set())

    def block(self, body: list[ast.stmt], out: set[str], leave: set[str], again: set[str], caught: set[str]) -> set[str]:
        """Names live before `body`; `leave`, `again`: those at ``break`` and ``continue``; `caught`: in handlers."""
        live = out
        for statement in reversed(body):
            live = self.statement(statement, live, leave, again, caught) | caught | self.shared
        return live

    def statement(self, s: ast.stmt, out: set[str], leave: set[str], again: set[str], caught: set[str]) -> set[str]:
        if isinstance(s, (ast.For, ast.While)):
            return self.loop(s, out, leave, again, caught)
        if isinstance(s, ast.If):
            return loads(s.test) | self.block(s.body, out, leave, again, caught) | self.block(
                s.orelse, out, leave, again, caught)
        if isinstance(s, ast.Break):
            return leave
        if isinstance(s, ast.Continue):
            return again
        if isinstance(s, (ast.Return, ast.Raise)):
            return loads(s)
        if isinstance(s, ast.Try) or type(s).__name__ == "TryStar":
            return self.guarded(s, out, leave, again, caught)
        if isinstance(s, (ast.With, ast.AsyncWith)):
            inside = self.block(s.body, out, leave, again, caught | out)
            return inside.union(*(loads(i.context_expr) | loads(i.optional_vars) for i in s.items))
        if isinstance(s, (ast.Assign, ast.AnnAssign, ast.Expr, ast.AugAssign, ast.Assert, ast.Pass, ast.Delete)):
            bound = set()
            if isinstance(s, ast.Assign):
                bound = set().union(*(stores(t) for t in s.targets))
            return (out - bound) | loads(s)
        inner = out | loads(s)  # anything else: nothing is known to be overwritten
        for child in ast.walk(s):
            if isinstance(child, (ast.For, ast.While)):
                self.entry[id(child)] = self.exit[id(child)] = inner | {n.id for n in ast.walk(s) if isinstance(n, ast.Name)}
        return inner

    def guarded(self, s: Any, out: set[str], leave: set[str], again: set[str], caught: set[str]) -> set[str]:
        after = self.block(s.finalbody, out, leave, again, caught)
        ways = after | (leave | again if s.finalbody else set())
        handled = set(ways).union(*(self.block(h.body, after, leave, again, caught) | loads(h.type) for h in s.handlers))
        rest = self.block(s.orelse, after, leave, again, caught | ways)
        return self.block(s.body, rest, leave | after, again | after, caught | handled)

    def loop(self, s: Any, out: set[str], leave: set[str], again: set[str], caught: set[str]) -> set[str]:
        self.exit[id(s)] = out | self.exit.get(id(s), set()) | caught | self.shared
        head = self.block(s.orelse, out, leave, again, caught) | (loads(s.test) if isinstance(s, ast.While) else set())
        bound = stores(s.target) if isinstance(s, ast.For) else set()
        while True:
            inside = self.block(s.body, head, out, head, caught)
            wider = head | (inside - bound) | (loads(s.target) if isinstance(s, ast.For) else set())
            if wider == head:
                break
            head = wider
        before = head | (loads(s.iter) if isinstance(s, ast.For) else set())
        self.entry[id(s)] = before | self.entry.get(id(s), set())
        return before


def resumed(node: ast.While) -> list[ast.stmt]:
    """What is left of a ``while`` loop where an iteration has just begun: its test has been made."""
    begun = ast.Name("begun", ast.Load())
    node.test = ast.BoolOp(ast.Or(), [begun, node.test])
    node.body.insert(0, ast.Assign([ast.Name("begun", ast.Store())], ast.Constant(False)))
    return [ast.Assign([ast.Name("begun", ast.Store())], ast.Constant(True)), node]


def outline(loop: Loop, given: tuple[str, ...], name: str, filename: str, scope: dict, again: bool = False) -> FunctionType:
    """The loop as a function of the variables `given` that returns its outputs.

    With `again`, a ``while`` loop in the midst of which it starts, at the beginning of an iteration.
    """
    code = loop.codes.get((*given, again))
    if code is None:
        node = copy.deepcopy(loop.node)
        body = resumed(node) if again else [node]
        for statement in body:
            ast.copy_location(statement, node)
        result = ast.Return(ast.Tuple([ast.Name(n, ast.Load()) for n in loop.outputs], ast.Load()))
        function = ast.FunctionDef(name=f"{name}_line_{node.lineno}" if name.isidentifier() else f"line_{node.lineno}",
                                   args=ast.arguments([], [ast.arg(n) for n in given], None, [], [], None, []),
                                   body=[*body, result], decorator_list=[], returns=None)
        if hasattr(ast.parse("def f(): pass").body[0], "type_params"):
            function.type_params = []  # type: ignore[attr-defined]
        ast.copy_location(function, node)
        ast.copy_location(result, node)
        module = ast.fix_missing_locations(ast.Module([function], []))
        compiled = compile(module, filename, "exec", dont_inherit=True)
        code = next(c for c in compiled.co_consts if isinstance(c, CodeType))
        locate.remember(code, function)
        loop.codes[(*given, again)] = code
    return FunctionType(code, scope)
