"""Statements and control flow."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Region, Value
from ..ir.ops import SCALAR
from ..ir.types import I64
from .merge import Shape, flatten, join, rebuild, scalar_of, shape_of, types_of
from .values import Array, Const, Exit, Function, Iterable, Lazy, Maybe, Scalar, Sequence, same_value

__all__ = ["Statements", "TryAgain"]

_SELECT_COST = 24  # a branch of at most this cost is computed on both sides and selected


class TryAgain(Exception):
    """Lowering must start over knowing more: a loop to unroll, or a variable to carry out of a loop."""

    def __init__(self, what: str, key: Any) -> None:
        super().__init__(what)
        self.what = what
        self.key = key


def assigned_names(nodes: list[ast.stmt]) -> set[str]:
    """Names bound by statements, not looking into nested functions."""
    names: set[str] = set()
    stack: list[ast.AST] = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
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
        elif isinstance(node, ast.With) and leaves_loop(node.body):
            return True
    return False


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
                alternative()
                self.force_all()
            ends.append(self.state)
            regions.append(region)
        self.merge_branches(test, before, ends, regions)

    def merge_branches(self, test: Value, before: dict, ends: list[dict], regions: list[Region]) -> None:
        after: dict = {}
        merged: list[tuple[Any, Shape]] = []
        dead = ["$dead" in end for end in ends]
        for key in {**ends[0], **ends[1]}:
            values = [end.get(key) for end in ends]
            if dead[0] != dead[1]:
                live = values[dead.index(False)]
                if live is not None:
                    self.keep_live(key, live, before, after, merged)
            elif all(v is not None for v in values) and same_value(*values):
                after[key] = values[0]
            else:
                try:
                    shapes = [shape_of(v) for v in values if v is not None]
                    shape = join(*shapes) if len(shapes) == 2 else shapes[0]
                except NotCompilable as refusal:
                    after[key] = refusal  # matters only if the variable is read again
                    continue
                if len(shapes) == 1 and shape.kind != "maybe":
                    shape = Shape("maybe", None, (shape,))
                merged.append((key, shape))
        for end, region in zip(ends, regions, strict=True):
            with self.b.inside(region):
                region.yields = [x for key, shape in merged
                                 for x in flatten(self.b, None if "$dead" in end else end.get(key), shape)]
        types = [t for _, shape in merged for t in types_of(shape)]
        names = [n for key, shape in merged for n in [self.hint(key)] * len(types_of(shape))]
        results = self.emit_branch(test, regions, types, names)
        for key, shape in merged:
            after[key] = self.simplified(rebuild(results, shape))
        self.state = after

    def keep_live(self, key: Any, live: Any, before: dict, after: dict, merged: list) -> None:
        """One alternative raises: what the other leaves is what holds."""
        if (key in before and same_value(before[key], live)) or isinstance(live, (NotCompilable, TryAgain)):
            after[key] = live
            return
        shape = shape_of(live)
        if types_of(shape):
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
        self.force_all()
        before = dict(self.state)
        ends, regions = [], []
        for nodes in (node.body, node.orelse):
            self.state = dict(before)
            with self.b.inside(Region()) as region:
                self.block(nodes)
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

    # ---- loops
    def loop(self, node: Any, candidates: set, build: Callable[[dict[Any, Shape]], tuple]) -> None:
        """Find the loop-carried variables and their shapes by lowering the body until they do not change.

        ``build(shapes)`` lowers the loop and returns ``(state at the end of the body, finish)``, where
        ``finish(shapes)`` emits the loop operation and returns its results.
        """
        self.force_all()
        before = dict(self.state)
        shapes: dict[Any, Shape] = {}
        for key in candidates:
            if key in before and not isinstance(before[key], (NotCompilable, TryAgain)):
                shape = shape_of(before[key])
                if types_of(shape):
                    shapes[key] = shape
        for _ in range(12):
            self.state = dict(before)
            end, finish = build(shapes)
            wider = self.widen(node, before, end, shapes)
            if wider == shapes:
                break
            shapes = wider
        else:
            raise NotCompilable("the types of the loop's variables do not settle")
        results = finish(shapes)
        self.state = before
        for key in end:
            if key not in before and key not in shapes and isinstance(key, tuple) and key[0] == self.frame.key:
                self.state[key] = TryAgain("carry", (self.place(node), key[1]))
        for key, shape in shapes.items():
            self.state[key] = rebuild(results, shape)

    def widen(self, node: Any, before: dict, end: dict, shapes: dict[Any, Shape]) -> dict[Any, Shape]:
        """Shapes that also hold what the body leaves behind."""
        wider = dict(shapes)
        for key, value in end.items():
            if key in shapes:
                if isinstance(value, (NotCompilable, TryAgain)):
                    raise value
                wider[key] = join(shapes[key], shape_of(value))
            elif key in before:
                if not same_value(before[key], value):
                    if isinstance(before[key], (NotCompilable, TryAgain)) or isinstance(value, (NotCompilable, TryAgain)):
                        continue
                    wider[key] = join(shape_of(before[key]), shape_of(value))
            elif (self.place(node), key[1]) in self.carry_out and key[0] == self.frame.key and not isinstance(
                    value, (NotCompilable, TryAgain)):
                shape = shape_of(value)
                wider[key] = shape if shape.kind == "maybe" or not types_of(shape) else Shape("maybe", None, (shape,))
        return wider

    def enter_body(self, shapes: dict[Any, Shape]) -> list[Value]:
        """Parameters of a loop body; the state then holds them."""
        params: list[Value] = []
        for key, shape in shapes.items():
            values = [Value(t, self.hint(key)) for t in types_of(shape)]
            params += values
            self.state[key] = rebuild(list(values), shape)
        return params

    def carried(self, state: dict, shapes: dict[Any, Shape]) -> list[Value]:
        return [x for key, shape in shapes.items() for x in flatten(self.b, state.get(key), shape)]

    def counted_loop(self, node: Any, lo: Value, hi: Value, step: int, bind: Callable[[Value], None],
                     body: list[ast.stmt], target: str = "i") -> None:
        """``for`` with a trip count known at entry."""
        before = self.state

        def build(shapes: dict[Any, Shape]) -> tuple:
            i = Value(I64, target)
            region = Region()
            with self.b.inside(region):
                params = self.enter_body(shapes)
                bind(i)
                self.block(body)
                self.map_exit({2: 0})
                self.force_all()
                end = self.state
            region.params = [i, *params]

            def finish(shapes: dict[Any, Shape]) -> list[Value]:
                with self.b.inside(region):
                    region.yields = self.carried(end, shapes)
                return self.b.loop(lo, hi, const(step), self.carried(before, shapes), region)

            return end, finish

        self.force_all()
        before = dict(self.state)
        self.loop(node, self.loop_candidates(body), build)

    def loop_candidates(self, body: list[ast.stmt]) -> list:
        names = assigned_names(body)
        return sorted(((self.frame.key, n) for n in names), key=str)

    def general_loop(self, node: Any, test: Callable[[], Value], start: Callable[[], None],
                     body: list[ast.stmt], extra: set) -> None:
        """Loop with a run-time test; `break` and `return` end it through the exit code."""
        exit_key = (self.frame.key, "$exit")
        leaves = leaves_loop(body)
        before = self.state

        def build(shapes: dict[Any, Shape]) -> tuple:
            regions = [Region(), Region()]
            saved = dict(self.state)
            with self.b.inside(regions[0]):
                regions[0].params = self.enter_body(shapes)
                if leaves:
                    going = self.b.scalar("eq", self.exit.value, const(0))
                    self.test_region(going, test, regions[0])
                else:
                    regions[0].yields = [test()]
                self.force_all()
            self.state = saved
            with self.b.inside(regions[1]):
                regions[1].params = self.enter_body(shapes)
                self.exit = Exit.known(0)
                start()
                self.block(body)
                self.map_exit({2: 0})
                self.force_all()
                end = self.state

            def finish(shapes: dict[Any, Shape]) -> list[Value]:
                with self.b.inside(regions[1]):
                    regions[1].yields = self.carried(end, shapes)
                inits = self.carried(before, shapes)
                return self.b.emit("while", inits, [v.type for v in inits], regions=regions,
                                   names=[p.name for p in regions[1].params])

            return end, finish

        self.force_all()
        if leaves:
            self.exit = Exit(frozenset((0, 1, 3)), const(0))
        before = dict(self.state)
        candidates = [*self.loop_candidates(body), *extra, *([exit_key] if leaves else [])]
        self.loop(node, candidates, build)
        if leaves and not any(isinstance(n, ast.Return) for s in body for n in ast.walk(s)):
            self.exit = Exit(frozenset((0, 1)), self.exit.value)

    def test_region(self, going: Value, test: Callable[[], Value], region: Region) -> None:
        """``going and test()``, the test not evaluated once the loop has been left."""
        inner = [Region(), Region()]
        with self.b.inside(inner[0]):
            inner[0].yields = [test()]
        inner[1].yields = [const(False)]
        region.yields = self.emit_branch(going, inner, [going.type], ["go"])

    def do_While(self, node: ast.While) -> None:
        self.general_loop(node, lambda: self.test(node.test), lambda: None, node.body, set())
        self.after_loop(node)

    def after_loop(self, node: ast.For | ast.While) -> None:
        if node.orelse:
            self.unless_exited(lambda: self.block(node.orelse))
        self.map_exit({1: 0})

    def do_For(self, node: ast.For) -> None:
        iterable = self.expr(node.iter)
        self.at(node)
        items = self.static_items(iterable)
        if items is not None and (not isinstance(iterable, Iterable) or iterable.kind != "range"
                                  or self.place(node) in self.unroll or len(items) <= 1):
            self.unrolled(node, items)
        elif leaves_loop(node.body):
            self.breaking_for(node, iterable)
        else:
            lo, hi, step, bind = self.iteration(iterable)

            def start(i: Value) -> None:
                self.assign(node.target, bind(i))

            self.loop_nodes.append(node)
            self.counted_loop(node, lo, hi, step, start, node.body, _target_name(node.target))
            self.loop_nodes.pop()
        self.after_loop(node)

    def unrolled(self, node: ast.For, items: list) -> None:
        if not items:
            return
        self.assign(node.target, items[0])
        self.block(node.body)
        self.map_exit({2: 0})
        self.unless_exited(lambda: self.unrolled(node, items[1:]))

    def breaking_for(self, node: ast.For, iterable: Any) -> None:
        """``for`` that may be left early: a general loop with its own counter."""
        lo, hi, step, bind = self.iteration(iterable)
        key = (self.frame.key, f"${_target_name(node.target)}")
        self.state[key] = Scalar(lo, "py")

        def test() -> Value:
            return self.b.scalar("lt" if step > 0 else "gt", self.state[key].value, hi)

        def start() -> None:
            i = self.state[key].value
            self.state[key] = Scalar(self.b.add(i, const(step)), "py")
            self.assign(node.target, bind(i))

        self.loop_nodes.append(node)
        self.general_loop(node, test, start, node.body, {key})
        self.loop_nodes.pop()
        self.state.pop(key, None)

    def static_items(self, iterable: Any) -> list | None:
        """Items of an iterable whose length is known."""
        if isinstance(iterable, Sequence):
            return list(iterable.items)
        if isinstance(iterable, Const) and isinstance(iterable.obj, (tuple, list, str)):
            return [self.capture(x) for x in iterable.obj]
        if not isinstance(iterable, Iterable):
            return None
        if iterable.kind == "range":
            if all(isinstance(p, Const) for p in iterable.parts):
                r = range(*(p.obj for p in iterable.parts))
                return [Const(k) for k in r] if len(r) <= 64 else None
            return None
        inner = [self.static_items(p) for p in iterable.parts[:1 if iterable.kind != "zip" else None]]
        if any(x is None for x in inner):
            return None
        if iterable.kind == "reversed":
            return inner[0][::-1]
        if iterable.kind == "enumerate":
            first = iterable.parts[1].obj if isinstance(iterable.parts[1], Const) else 0
            return [Sequence((Const(k), x)) for k, x in enumerate(inner[0], first)]
        return [Sequence(t) for t in zip(*inner, strict=False)]

    def iteration(self, iterable: Any) -> tuple[Value, Value, int, Callable[[Value], Any]]:
        """Bounds of an index, and what the loop variable is at an index."""
        if isinstance(iterable, (Array, Lazy)):
            array = self.force(iterable)
            return const(0), array.dims[0], 1, lambda i: self.index_with(array, [Scalar(i, "py")])
        if not isinstance(iterable, Iterable):
            raise NotCompilable("iteration over an object of unknown length")
        if iterable.kind == "range":
            return self.range_bounds(iterable.parts)
        inner = [self.iteration(p) for p in iterable.parts[:1 if iterable.kind != "zip" else None]]
        lo, hi, step, bind = inner[0]
        if iterable.kind == "enumerate":
            first = scalar_of(iterable.parts[1])
            if not _is_zero(lo) or step != 1:
                raise NotCompilable("`enumerate` of something that does not start at 0")
            return lo, hi, step, lambda i: Sequence((Scalar(self.b.add(i, first.value), "py"), bind(i)))
        if iterable.kind == "reversed":
            if step != 1:
                raise NotCompilable("`reversed` of a stepped range")
            return self.b.sub(hi, const(1)), self.b.sub(lo, const(1)), -1, bind
        for other in inner[1:]:
            if not _is_zero(other[0]) or other[2] != 1 or not _is_zero(lo) or step != 1:
                raise NotCompilable("`zip` of ranges that do not start at 0")
            hi = self.minimum(hi, other[1])
        return lo, hi, 1, lambda i: Sequence(tuple(part[3](i) for part in inner))

    def range_bounds(self, parts: tuple) -> tuple[Value, Value, int, Callable[[Value], Any]]:
        values = [scalar_of(p).value for p in parts]
        if any(v.type != I64 for v in values):
            raise NotCompilable("`range` of something that is not an int")
        lo, hi = (const(0), values[0]) if len(values) == 1 else values[:2]
        step = 1
        if len(values) == 3:
            if not isinstance(values[2], Constant) or values[2].value == 0:
                raise NotCompilable("the step of `range` is not a known number")
            step = values[2].value
        return lo, hi, step, lambda i: Scalar(i, "py")

    def minimum(self, a: Value, b: Value) -> Value:
        return a if a is b else self.b.scalar("select", self.b.scalar("lt", b, a), b, a)

    # ---- simple statements
    def do_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        self.expr(node.value)

    def do_Pass(self, node: ast.Pass) -> None:
        """Nothing."""

    def do_Break(self, node: ast.Break) -> None:
        self.exit = Exit.known(1)

    def do_Continue(self, node: ast.Continue) -> None:
        self.exit = Exit.known(2)

    def do_Return(self, node: ast.Return) -> None:
        value = self.expr(node.value) if node.value else Const(None)
        self.state[(self.frame.key, "$return")] = self.settle(value)
        self.exit = Exit.known(3)

    def do_Raise(self, node: ast.Raise) -> None:
        self.b.check(const(False), "the program raises an exception")
        self.exit = Exit.known(3)
        self.state["$dead"] = Const(True)

    def do_Assert(self, node: ast.Assert) -> None:
        self.b.check(self.test(node.test), "an assertion fails", defer=True)

    def do_Assign(self, node: ast.Assign) -> None:
        value = self.expr(node.value)
        for target in node.targets:
            self.assign(target, value)

    def do_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.expr(node.value))

    def do_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            raise NotCompilable("a decorated nested function")
        self.state[(self.frame.key, node.name)] = self.function_value(node)

    def function_value(self, node: Any) -> Function:
        defaults = tuple(self.settle(self.expr(d)) for d in node.args.defaults)
        kw = tuple(self.settle(self.expr(d)) if d is not None else None for d in node.args.kw_defaults)
        return Function(node, self.frame, defaults, kw)

    def do_Global(self, node: ast.Global) -> None:
        if set(node.names) & assigned_names(self.frame.node.body):
            raise NotCompilable("assignment to a global variable")

    def do_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.frame.nonlocals.update(node.names)

    def do_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            module = __import__(alias.name)
            if alias.asname:
                for part in alias.name.split(".")[1:]:
                    module = getattr(module, part)
            self.state[(self.frame.key, alias.asname or alias.name.split(".")[0])] = Const(module)


def _is_zero(v: Value) -> bool:
    return isinstance(v, Constant) and v.value == 0


def _target_name(target: ast.expr) -> str:
    return target.id if isinstance(target, ast.Name) else "i"

