"""Statements and control flow."""

from __future__ import annotations

import ast
import builtins
import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Region, Value
from ..ir.ops import SCALAR
from .merge import Shape, carries, flatten, join, rebuild, shape_of, types_of
from .slots import BranchMeeting, defined_in
from .state import TryAgain, Unbound
from .values import Const, Exit, Function, Maybe, Ref, same_value

__all__ = ["Statements"]

_SELECT_COST = 24  # a branch of at most this cost is computed on both sides and selected


def assigned_names(nodes: list[ast.stmt]) -> set[str]:
    """Names bound by statements, not looking into nested functions."""
    names: set[str] = set()
    stack: list[ast.AST] = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name is not None:
            names.add(node.name)
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            names.add(getattr(node, "name", ""))
            continue
        stack.extend(ast.iter_child_nodes(node))
    return names


def leaves_loop(nodes: list[ast.stmt]) -> bool:
    """Whether a loop body can break or return."""
    for node in nodes:
        if isinstance(node, (ast.Break, ast.Return)):
            return True
        if isinstance(node, (ast.For, ast.While)):
            if any(isinstance(n, ast.Return) for n in ast.walk(node)) or leaves_loop(node.orelse):
                return True
        elif isinstance(node, ast.If) and (leaves_loop(node.body) or leaves_loop(node.orelse)):
            return True
        elif isinstance(node, (ast.With, ast.Try)) and leaves_loop([*node.body, *getattr(node, "orelse", ())]):
            return True
        elif isinstance(node, ast.Match) and any(leaves_loop(c.body) for c in node.cases):
            return True
    return False

def matched(pattern: ast.pattern, subject: ast.expr) -> tuple[ast.expr | None, list[ast.stmt]]:
    """The test of a pattern, None where it always fits, and the assignments that it makes."""
    def call(name: str, *args: ast.expr) -> ast.expr:
        return ast.Call(ast.Constant(getattr(builtins, name)), list(args), [])

    if isinstance(pattern, ast.MatchValue):
        return ast.Compare(subject, [ast.Eq()], [pattern.value]), []
    if isinstance(pattern, ast.MatchSingleton):
        return ast.Compare(subject, [ast.Is()], [ast.Constant(pattern.value)]), []
    if isinstance(pattern, ast.MatchAs):
        test, binds = (None, []) if pattern.pattern is None else matched(pattern.pattern, subject)
        if pattern.name is not None:
            binds = [*binds, ast.Assign([ast.Name(pattern.name, ast.Store())], subject)]
        return test, binds
    if isinstance(pattern, ast.MatchOr):
        found = [matched(p, subject) for p in pattern.patterns]
        if any(binds for _, binds in found):
            raise NotCompilable("alternatives of a pattern that bind names")
        tests = [t for t, _ in found]
        return (None if None in tests else ast.BoolOp(ast.Or(), tests)), []  # type: ignore[arg-type]
    parts: list[tuple[ast.expr, ast.pattern]] = []
    if isinstance(pattern, ast.MatchClass) and not pattern.patterns:
        tests = [call("isinstance", subject, pattern.cls)]
        parts = [(ast.Attribute(subject, name, ast.Load()), p)
                 for name, p in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)]
    elif isinstance(pattern, ast.MatchSequence) and not any(isinstance(p, ast.MatchStar) for p in pattern.patterns):
        tests = [call("isinstance", subject, ast.Tuple([ast.Constant(list), ast.Constant(tuple)], ast.Load())),
                 ast.Compare(call("len", subject), [ast.Eq()], [ast.Constant(len(pattern.patterns))])]
        parts = [(ast.Subscript(subject, ast.Constant(k), ast.Load()), p) for k, p in enumerate(pattern.patterns)]
    else:
        raise NotCompilable("such a pattern")
    binds = []
    for part, p in parts:
        test, more = matched(p, part)
        tests += [] if test is None else [test]
        binds += more
    return ast.BoolOp(ast.And(), tests) if len(tests) > 1 else tests[0], binds  # type: ignore[arg-type]


_STATEMENTS = 20_000

class Statements:
    """Lowers statements into the builder's region; expects `Expressions` beside it."""

    # ---- blocks and exits
    @property
    def exit(self) -> Exit:
        return self.state[(self.frame.key, "$exit")]

    @exit.setter
    def exit(self, value: Exit) -> None:
        self.state[(self.frame.key, "$exit")] = value

    def block(self, nodes: list[ast.stmt]) -> None:
        for k, node in enumerate(nodes):
            if isinstance(node, ast.If):
                self.if_statement(node, nodes[k + 1:])
                return
            self.statement(node)
            if self.exit.code is None:
                self.unless_exited(lambda rest=nodes[k + 1:]: self.block(rest))
                return
            if self.exit.code:
                return

    def unless_exited(self, rest: Callable[[], None]) -> None:
        """Emit `rest` for the case that control has not left the block."""
        code = self.exit
        if code.code == 0:
            rest()
        elif code.code is None:
            others = code.codes - {0}

            def leave() -> None:
                self.exit = Exit.known(next(iter(others))) if len(others) == 1 else Exit(others, code.value)

            def stay() -> None:
                self.exit = Exit.known(0)
                rest()

            self.branch(self.b.scalar("eq", code.value, const(0)), stay, leave)

    def map_exit(self, mapping: dict[int, int]) -> None:
        """Replace exit codes, as a loop does with `break` and `continue`."""
        code = self.exit
        codes = frozenset(mapping.get(c, c) for c in code.codes)
        value = code.value
        if len(codes) == 1:
            self.exit = Exit.known(next(iter(codes)))
            return
        for old, new in mapping.items():
            if old in code.codes:
                value = self.b.scalar("select", self.b.scalar("eq", value, const(old)), const(new), value)
        self.exit = Exit(codes, value)

    def statement(self, node: ast.stmt) -> None:
        self.statements += 1
        if self.statements > _STATEMENTS:
            raise NotCompilable("too many statements, those of calls and unrolled loops included")
        self.at(node)
        method = getattr(self, "do_" + type(node).__name__, None)
        if method is None:
            raise NotCompilable(f"`{type(node).__name__.lower()}` statement")
        method(node)

    # ---- branches
    def branch(self, test: Value, then: Callable[[], None], other: Callable[[], None]) -> None:
        """Two alternatives, and what is known after them."""
        if isinstance(test, Constant):
            (then if test.value else other)()
            return
        self.force_all()
        before = dict(self.state)
        ends, regions = [], []
        for alternative in (then, other):
            self.state = dict(before)
            with self.b.inside(Region()) as region:
                self.unless_unbound(alternative)
                self.force_all()
            ends.append(self.state)
            regions.append(region)
        self.merge_branches(test, before, ends, regions)

    def unless_unbound(self, alternative: Callable[[], None]) -> None:
        """One alternative; left out for now where it needs what only a later round over the loop knows."""
        kept = self.frame, self.loop_nodes, self.around, self.depth, list(self.held)
        try:
            alternative()
        except Unbound:
            self.frame, self.loop_nodes, self.around, self.depth, self.held = kept
            self.state["$dead"] = Const(True)

    def merge_branches(self, test: Value, before: dict, ends: list[dict], regions: list[Region]) -> None:
        after: dict = {}
        merged: list[tuple[Any, Shape]] = []
        dead = ["$dead" in end for end in ends]
        meeting = BranchMeeting(self, *ends, defined_in(regions))
        for key in {**ends[0], **ends[1]}:
            values = [end.get(key) for end in ends]
            if dead[0] != dead[1]:
                live = values[dead.index(False)]
                if live is not None:
                    self.keep_live(key, live, before, after, merged, meeting)
            elif all(v is not None for v in values) and same_value(*values):
                after[key] = values[0]
            else:
                meeting.key = key
                try:
                    shapes = [shape_of(v) for v in values if v is not None]
                    shape = join(*shapes, meeting) if len(shapes) == 2 else meeting.lifted(shapes[0])
                except (NotCompilable, TryAgain) as refusal:
                    after[key] = refusal  # matters only if the variable is read again
                    continue
                if len(shapes) == 1 and shape.kind != "maybe":
                    shape = Shape("maybe", None, (shape,))
                merged.append((key, shape))
        for end, region in zip(ends, regions, strict=True):
            with self.b.inside(region):
                if "$dead" not in end:
                    self.copy_to_slots(end, dict(merged))
                region.yields = [x for key, shape in merged
                                 for x in flatten(self.b, None if "$dead" in end else end.get(key), shape, end)]
        types = [t for _, shape in merged for t in types_of(shape)]
        names = [n for key, shape in merged for n in [self.hint(key)] * len(types_of(shape))]
        results = self.emit_branch(test, regions, types, names)
        for key, shape in merged:
            after[key] = self.simplified(rebuild(results, shape, after))
        self.state = after

    def keep_live(self, key: Any, live: Any, before: dict, after: dict, merged: list, meeting: BranchMeeting) -> None:
        """One alternative raises: what the other leaves is what holds."""
        if (key in before and same_value(before[key], live)) or isinstance(live, (NotCompilable, TryAgain)):
            after[key] = live
            return
        meeting.key = key
        try:
            shape = meeting.lifted(shape_of(live))
        except (NotCompilable, TryAgain) as refusal:
            after[key] = refusal
            return
        if carries(shape):
            merged.append((key, shape))
        else:
            after[key] = live

    def simplified(self, v: Any) -> Any:
        if isinstance(v, Maybe) and isinstance(v.defined, Constant) and v.defined.value:
            return v.value
        return v

    def emit_branch(self, test: Value, regions: list[Region], types: list, names: list[str]) -> list[Value]:
        """An ``if``, or selects where both sides are cheap and cannot fail."""
        ops = [op for region in regions for op in region.ops]
        cheap = all(op.name in SCALAR and op.name not in ("floordiv", "mod", "cast", "shl", "shr") for op in ops)
        if cheap and sum(SCALAR[op.name].cost for op in ops) <= _SELECT_COST:
            self.b.region.ops.extend(ops)
            return [self.b.scalar("select", test, x, y, hint=n)
                    for x, y, n in zip(regions[0].yields, regions[1].yields, names, strict=True)]
        return self.b.emit("if", [test], types, regions=regions, names=names)

    def if_statement(self, node: ast.If, rest: list[ast.stmt]) -> None:
        """An ``if``; what follows moves into the alternative that goes on, where only one does."""
        self.at(node)
        test = self.test(node.test)
        if isinstance(test, Constant):
            self.block(node.body if test.value else node.orelse)
            self.unless_exited(lambda: self.block(rest))
            return
        for nodes, other, fine in ((node.body, node.orelse, False), (node.orelse, node.body, True)):
            if nodes and isinstance(nodes[-1], ast.Raise):  # nothing to join: the rest is not inside a branch
                self.b.check(test if fine else self.b.scalar("not", test), "the program raises an exception")
                self.block(other)
                self.unless_exited(lambda: self.block(rest))
                return
        self.force_all()
        before = dict(self.state)
        ends, regions = [], []
        for nodes in (node.body, node.orelse):
            self.state = dict(before)
            with self.b.inside(Region()) as region:
                self.unless_unbound(lambda nodes=nodes: self.block(nodes))
                self.force_all()
            ends.append(self.state)
            regions.append(region)
        codes = [end[(self.frame.key, "$exit")].code for end in ends]
        if rest and any(codes) and 0 in codes:
            k = codes.index(0)
            self.state = ends[k]
            with self.b.inside(regions[k]):
                self.block(rest)
                self.force_all()
            ends[k] = self.state
            rest = []
        self.merge_branches(test, before, ends, regions)
        if rest:
            self.unless_exited(lambda: self.block(rest))

    # ---- simple statements
    def do_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if isinstance(node.value, ast.Yield) and self.frame.at_yield is not None:
            self.frame.at_yield(self.settle(self.expr(node.value.value)) if node.value.value else Const(None))
            return
        self.expr(node.value)

    def do_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if not isinstance(target, ast.Name) or target.id not in self.frame.locals:
                raise NotCompilable("`del` of anything but a local variable")
            self.read_local(self.frame, target.id, node)
            self.force_all()
            del self.state[(self.frame.key, target.id)]

    def do_Pass(self, node: ast.Pass) -> None:
        """Nothing."""

    def do_Break(self, node: ast.Break) -> None:
        self.exit = Exit.known(1)

    def do_Continue(self, node: ast.Continue) -> None:
        self.exit = Exit.known(2)

    def do_Return(self, node: ast.Return) -> None:
        value = self.expr(node.value, True) if node.value else Const(None)
        self.state[(self.frame.key, "$return")] = self.settle(value)
        self.exit = Exit.known(3)

    def do_Raise(self, node: ast.Raise) -> None:
        self.b.check(const(False), "the program raises an exception")
        self.exit = Exit.known(3)
        self.state["$dead"] = Const(True)

    def do_Assert(self, node: ast.Assert) -> None:
        self.b.check(self.test(node.test), "an assertion fails", defer=True)

    def do_Assign(self, node: ast.Assign) -> None:
        value = self.expr(node.value, True)
        if len(node.targets) > 1:
            value = self.settle(value)
        elif isinstance(node.targets[0], ast.Name) and node.targets[0].id not in self.frame.nonlocals \
                and self.reuse((self.frame.key, node.targets[0].id), value):
            return
        for target in node.targets:
            self.assign(target, value)

    def do_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.expr(node.value))

    def do_Try(self, node: ast.Try) -> None:
        """What raises leaves compiled code, and the call is run again by the interpreter, handlers and all."""
        if node.finalbody and any(isinstance(n, (ast.Return, ast.Break, ast.Continue)) for s in node.body + node.orelse
                                  for n in ast.walk(s)):
            raise NotCompilable("`finally` after a statement that leaves the block")
        self.block([*node.body, *node.orelse, *node.finalbody])

    def do_Match(self, node: ast.Match) -> None:
        """``match``, as the tests and assignments that it stands for."""
        subject = ast.Name(f"$match{node.lineno}_{node.col_offset}", ast.Load())
        self.frame.locals.add(subject.id)
        value = self.settle(self.expr(node.subject))
        self.state[(self.frame.key, subject.id)] = value
        statement: list[ast.stmt] = []
        for case in reversed(node.cases):
            test, binds = matched(case.pattern, subject)
            if case.guard is not None and binds:
                raise NotCompilable("a guard of a pattern that binds names")
            tests = [t for t in (test, case.guard) if t is not None]
            body = [*binds, *case.body]
            if not tests:
                statement = body
            else:
                statement = [ast.If(tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests), body, statement)]
        for s in statement:
            for n in ast.walk(s):
                if not hasattr(n, "lineno"):
                    ast.copy_location(n, node)
        self.block(statement)

    def do_With(self, node: ast.With) -> None:
        first = node.items[0]
        if not (isinstance(first.context_expr, ast.Call) and self.known_function(first.context_expr.func) is np.errstate):
            self.managed(node, first)
            return
        for item in node.items:
            call = item.context_expr
            function = self.expr(call.func) if isinstance(call, ast.Call) else None
            quiet = isinstance(function, Const) and function.obj is np.errstate and all(
                isinstance(k.value, ast.Constant) and k.value.value in ("ignore", "warn") for k in call.keywords)
            if not quiet or item.optional_vars is not None:
                raise NotCompilable("a `with` statement")
        self.block(node.body)

    def known_function(self, node: ast.expr) -> Any:
        function = self.expr(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
        return function.obj if isinstance(function, Const) else None

    def managed(self, node: ast.With, item: ast.withitem) -> None:
        """A ``with`` of an object of the program's own; an exception leaves compiled code."""
        manager = self.expr(item.context_expr)
        enter, leave = (self.class_attribute(manager.cls, name) if isinstance(manager, Ref) else None
                        for name in ("__enter__", "__exit__"))
        if not isinstance(enter, types.FunctionType) or not isinstance(leave, types.FunctionType):
            raise NotCompilable("a `with` statement")
        value = self.call(Const(enter), [manager], {})
        if item.optional_vars is not None:
            self.assign(item.optional_vars, value)
        rest = node.items[1:]
        self.block([ast.copy_location(ast.With(rest, node.body), node)] if rest else node.body)
        codes = self.exit.codes
        if codes != {0} and codes != {3}:
            raise NotCompilable("a `with` statement that is left early")
        self.call(Const(leave), [manager, Const(None), Const(None), Const(None)], {})

    def do_FunctionDef(self, node: ast.FunctionDef) -> None:
        value: Any = self.function_value(node)
        for decorator in reversed(node.decorator_list):
            value = self.settle(self.decorated(self.expr(decorator), value))
        self.state[(self.frame.key, node.name)] = value

    def decorated(self, decorator: Any, f: Any) -> Any:
        if isinstance(decorator, Const) and decorator.obj is functools.wraps:
            return f
        if isinstance(decorator, Const) and not isinstance(decorator.obj, types.FunctionType):
            raise NotCompilable("a decorated nested function")
        return self.call(decorator, [f], {})

    def function_value(self, node: Any) -> Function:
        defaults = tuple(self.settle(self.expr(d)) for d in node.args.defaults)
        kw = tuple(self.settle(self.expr(d)) if d is not None else None for d in node.args.kw_defaults)
        return Function(node, self.frame, defaults, kw)

    def do_Global(self, node: ast.Global) -> None:
        if set(node.names) & assigned_names(self.frame.node.body):
            raise NotCompilable("assignment to a global variable")

    def do_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.frame.nonlocals.update(node.names)

    def do_ImportFrom(self, node: ast.ImportFrom) -> None:
        import importlib

        if node.level or node.module is None:
            raise NotCompilable("a relative import")
        module = importlib.import_module(node.module)
        for alias in node.names:
            if not hasattr(module, alias.name):
                raise NotCompilable(f"`{alias.name}` is no attribute of `{node.module}`")
            self.state[(self.frame.key, alias.asname or alias.name)] = self.outside(
                "attr", module, alias.name, getattr(module, alias.name), alias.name)

    def do_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            module = __import__(alias.name)
            if alias.asname:
                for part in alias.name.split(".")[1:]:
                    module = getattr(module, part)
            self.state[(self.frame.key, alias.asname or alias.name.split(".")[0])] = Const(module)
