"""Loops."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Region, Value
from ..ir.types import C128, I64
from .merge import Shape, carries, flatten, is_number, join, rebuild, scalar_of, shape_of, types_of
from .slots import LoopMeeting, defined_in
from .state import TryAgain, Unknown, UnknownReason
from .statements import assigned_names, leaves_loop
from .values import Array, Const, Exit, Growing, Iterable, Lazy, Ref, Scalar, Sequence, same_value

__all__ = ["Loops"]

_ENDLESS = 2**62


class Loops:
    """Lowers loops; expects the other mixins beside it."""

    # ---- loops
    def loop(self, node: Any, candidates: set, build: Callable[[dict[Any, Shape]], tuple]) -> None:
        """Find the loop-carried variables and their shapes by lowering the body until they do not change.

        ``build(shapes)`` lowers the loop and returns ``(state at the end of the body, finish, regions)``, where
        ``finish(shapes, since)`` emits the loop operation and returns its results.
        """
        self.force_all()
        before = dict(self.state)
        shapes: dict[Any, Shape] = {}
        for key in candidates:
            if key in before and not isinstance(before[key], (NotCompilable, TryAgain)):
                shape = shape_of(before[key])
                if types_of(shape):
                    shapes[key] = shape
        room = self.room
        for _ in range(16):
            self.state, self.room = dict(before), dict(room)
            since = len(self.writes)
            end, finish, regions = build(shapes)
            wider = self.widen(node, before, end, shapes, regions)
            if wider == shapes:
                break
            shapes = wider
        else:
            raise NotCompilable("the types of the loop's variables do not settle")
        results = finish(shapes, since)
        self.state = before
        for key in end:
            if key not in before and key not in shapes and isinstance(key, tuple) and key[0] == self.frame.key:
                self.state[key] = TryAgain("carry", (self.place(node), key[1]))
        for key, shape in shapes.items():
            self.state[key] = self.rebuilt(results, shape, self.state)

    def rebuilt(self, values: list[Value], shape: Shape, state: dict) -> Any:
        if shape.kind == "refused":
            if isinstance(shape.info, UnknownReason):
                return Unknown(shape.info)
            return NotCompilable(shape.info) if isinstance(shape.info, str) else TryAgain("slot", shape.info)
        return rebuild(values, shape, state)

    def widen(self, node: Any, before: dict, end: dict, shapes: dict[Any, Shape],
              regions: list[Region]) -> dict[Any, Shape]:
        """Shapes that also hold what the body leaves behind."""
        wider = dict(shapes)
        meeting = LoopMeeting(self, before, end, defined_in(regions))
        for key, value in end.items():
            old = shapes.get(key)
            carry = (self.place(node), key[1]) in self.carry_out and key[0] == self.frame.key \
                if isinstance(key, tuple) else False
            if old is None and key in before:
                if same_value(before[key], value):
                    continue
                first = before[key]
                old = Shape("refused", first.reason) if isinstance(first, NotCompilable) else \
                    Shape("refused", first.key) if isinstance(first, TryAgain) else shape_of(first)
            if old is None and not carry:
                continue
            if isinstance(value, TryAgain):
                wider[key] = Shape("refused", value.key) if old is None or old.kind != "refused" else old
                continue
            if isinstance(value, NotCompilable) or (old is not None and old.kind == "refused"):
                wider[key] = old if old is not None and old.kind == "refused" else Shape("refused", value.reason)
                continue
            meeting.key = key
            try:
                shape = shape_of(value)
                if old is None:
                    shape = meeting.lifted(shape)
                    wider[key] = shape if shape.kind == "maybe" or not carries(shape) else Shape("maybe", None, (shape,))
                else:
                    wider[key] = join(old, shape, meeting)
            except NotCompilable as refusal:
                wider[key] = Shape("refused", refusal.reason)  # matters only if the variable is read
            except TryAgain as again:
                wider[key] = Shape("refused", again.key)
        return wider

    @contextmanager
    def within(self, bounds: tuple | None) -> Iterator[None]:
        """The body of a loop with these bounds, None where they are not known at entry."""
        self.trips.append(bounds)
        self.loop_marks.append(object())
        try:
            yield
        finally:
            self.trips.pop()
            self.loop_marks.pop()

    def enter_body(self, shapes: dict[Any, Shape]) -> list[Value]:
        """Parameters of a loop body; the state then holds them."""
        params: list[Value] = []
        for key, shape in shapes.items():
            values = [Value(t, self.hint(key)) for t in types_of(shape)]
            params += values
            self.state[key] = self.rebuilt(list(values), shape, self.state)
        return params

    def carried(self, state: dict, shapes: dict[Any, Shape]) -> list[Value]:
        return [x for key, shape in shapes.items() if shape.kind != "refused"
                for x in flatten(self.b, state.get(key), shape, state)]

    def counted_loop(self, node: Any, lo: Value, hi: Value, step: int, bind: Callable[[Value], None],
                     body: list[ast.stmt], target: str = "i") -> None:
        """``for`` with a trip count known at entry."""
        before = self.state

        def build(shapes: dict[Any, Shape]) -> tuple:
            i = Value(I64, target)
            region = Region()
            with self.b.inside(region), self.within((lo, hi, step)):
                params = self.enter_body(shapes)
                bind(i)
                self.block(body)
                self.map_exit({2: 0})
                self.force_all()
                end = self.state
            region.params = [i, *params]

            def finish(shapes: dict[Any, Shape], since: int) -> list[Value]:
                with self.b.inside(region):
                    self.copy_to_slots(end, shapes, since)
                    region.yields = self.carried(end, shapes)
                results = self.b.loop(lo, hi, const(step), self.carried(before, shapes), region)
                self.b.region.ops[-1].attrs["written"] = True  # a loop of the program, not of an array expression
                return results

            return end, finish, [region]

        self.force_all()
        before = dict(self.state)
        self.loop(node, self.loop_candidates(body), build)

    def loop_candidates(self, body: list[ast.stmt]) -> list:
        names = assigned_names(body)
        return sorted(((self.frame.key, n) for n in names), key=str)

    def general_loop(self, node: Any, test: Callable[[], Value], start: Callable[[], None],
                     body: list[ast.stmt], extra: set, bounds: tuple | None = None) -> None:
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
            with self.b.inside(regions[1]), self.within(bounds):
                regions[1].params = self.enter_body(shapes)
                self.exit = Exit.known(0)
                start()
                self.block(body)
                self.map_exit({2: 0})
                self.force_all()
                end = self.state

            def finish(shapes: dict[Any, Shape], since: int) -> list[Value]:
                with self.b.inside(regions[1]):
                    self.copy_to_slots(end, shapes, since)
                    regions[1].yields = self.carried(end, shapes)
                inits = self.carried(before, shapes)
                return self.b.emit("while", inits, [v.type for v in inits], regions=regions,
                                   names=[p.name for p in regions[1].params])

            return end, finish, regions

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
        self.around.append(node)
        self.general_loop(node, lambda: self.test(node.test), lambda: None, node.body, set())
        self.around.pop()
        self.after_loop(node)

    def after_loop(self, node: ast.For | ast.While) -> None:
        if node.orelse:
            self.unless_exited(lambda: self.block(node.orelse))
        self.map_exit({1: 0})

    def do_For(self, node: ast.For) -> None:
        iterable = self.expr(node.iter)
        self.at(node)
        self.held.append(iterable)
        self.around.append(node)
        self.for_loop(node, iterable)
        self.around.pop()
        self.held.pop()
        self.after_loop(node)

    def generated(self, node: ast.For, generator: Iterable) -> None:
        """A loop over a generator: its body runs wherever the generator yields."""
        if not isinstance(node.iter, ast.Call) and node not in self.fresh:
            raise NotCompilable("a generator that is kept")
        if leaves_loop(node.body) or any(isinstance(n, ast.Continue) for s in node.body for n in ast.walk(s)):
            raise Unknown("a loop over a generator that is left, or goes on, early")
        outer, nodes, around = self.frame, self.loop_nodes, self.around

        def at_yield(value: Any) -> None:
            inner = self.frame, self.loop_nodes, self.around
            self.frame, self.loop_nodes, self.around = outer, nodes, around
            self.assign(node.target, value)
            self.block(node.body)
            self.frame, self.loop_nodes, self.around = inner

        *where, bound = generator.parts
        self.run_function(*where, dict(bound), at_yield)

    def for_loop(self, node: ast.For, iterable: Any) -> None:
        if isinstance(iterable, Ref):
            found = self.listed(iterable)
            if isinstance(found, Iterable) and found.kind == "generator":
                self.fresh.add(node)
            iterable = found
        if isinstance(iterable, Iterable) and iterable.kind == "generator":
            if iterable.known is None or not self.eager:
                self.generated(node, iterable)
                return
        items = self.static_items(iterable)
        if items is not None and (not isinstance(iterable, Iterable) or iterable.kind != "range"
                                  or self.eager or self.place(node) in self.unroll or len(items) <= 1):
            self.unrolled(node, items)
        elif leaves_loop(node.body):
            self.breaking_for(node, iterable)
        else:
            lo, hi, step, bind = self.iteration(iterable)

            def start(i: Value) -> None:
                self.assign(node.target, bind(i))

            if isinstance(hi, Constant) and hi.value == _ENDLESS:
                raise NotCompilable("a loop without end")
            self.loop_nodes.append(node)
            self.counted_loop(node, lo, hi, step, start, node.body, _target_name(node.target))
            if getattr(iterable, "threads", False):
                next(op for op in reversed(self.b.region.ops) if op.name == "for").attrs["prange"] = True
            self.loop_nodes.pop()

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
        endless = isinstance(hi, Constant) and hi.value == _ENDLESS
        self.general_loop(node, test, start, node.body, {key}, None if endless else (lo, hi, step))
        self.loop_nodes.pop()
        self.state.pop(key, None)

    def static_items(self, iterable: Any) -> list | None:
        """Items of an iterable whose length is known."""
        iterable = self.listed(iterable)
        if isinstance(iterable, Sequence):
            return list(iterable.items)
        if isinstance(iterable, Const) and isinstance(iterable.obj, (tuple, list, str)):
            return [self.capture(x) for x in iterable.obj]
        if self.pins and isinstance(iterable, (Array, Lazy)) and iterable.dims and isinstance(iterable.dims[0], Constant) \
                and iterable.dims[0].value <= 64:
            array = self.force(iterable)
            return [self.index_with(array, [Const(k)]) for k in range(array.dims[0].value)]
        if not isinstance(iterable, Iterable):
            return None
        if iterable.kind == "range":
            if all(isinstance(p, Const) for p in iterable.parts):
                r = range(*(p.obj for p in iterable.parts))
                return [Const(k) for k in r] if len(r) <= 64 else None
            return None
        if iterable.kind == "generator":
            return iterable.known() if iterable.known is not None else None
        if iterable.kind in ("repeat", "count"):
            return None
        if iterable.kind == "zip" and any(isinstance(p, Iterable) and p.kind == "repeat" for p in iterable.parts):
            return self.zipped_with_repeats(iterable.parts)
        inner = [self.static_items(p) for p in iterable.parts[:1 if iterable.kind != "zip" else None]]
        if any(x is None for x in inner):
            return None
        if iterable.kind == "once":
            return inner[0]
        if iterable.kind == "reversed":
            return inner[0][::-1]
        if iterable.kind == "enumerate":
            first = iterable.parts[1].obj if isinstance(iterable.parts[1], Const) else 0
            return [Sequence((Const(k), x)) for k, x in enumerate(inner[0], first)]
        return [Sequence(t) for t in zip(*inner, strict=False)]

    def zipped_with_repeats(self, parts: tuple) -> list | None:
        """Items of a ``zip`` of which some parts repeat one value."""
        endless = [isinstance(p, Iterable) and p.kind == "repeat" for p in parts]
        inner = [None if e else self.static_items(p) for p, e in zip(parts, endless, strict=True)]
        if all(endless) or any(x is None and not e for x, e in zip(inner, endless, strict=True)):
            return None
        n = min(len(x) for x in inner if x is not None)
        return [Sequence(tuple(p.parts[0] if x is None else x[k] for p, x in zip(parts, inner, strict=True)))
                for k in range(n)]

    def iteration(self, iterable: Any) -> tuple[Value, Value, int, Callable[[Value], Any]]:
        """Bounds of an index, and what the loop variable is at an index."""
        contents = self.contents(iterable)
        if isinstance(contents, Growing):
            return const(0), contents.count.value, 1, lambda i: self.item_at(contents, i)
        if isinstance(iterable, (Array, Lazy)):
            array = self.force(iterable)
            return const(0), array.dims[0], 1, lambda i: self.index_with(array, [Scalar(i, "py")])
        if isinstance(contents, Sequence) or isinstance(iterable, Sequence):
            return self.numbered(contents if isinstance(contents, Sequence) else iterable)
        if not isinstance(iterable, Iterable):
            raise Unknown("iteration over an object of unknown length")
        if iterable.kind == "range":
            return self.range_bounds(iterable.parts)
        if iterable.kind == "repeat":
            return const(0), const(_ENDLESS), 1, lambda i: iterable.parts[0]
        if iterable.kind == "count":
            start, by = iterable.parts
            return const(0), const(_ENDLESS), 1, lambda i: self.binary(
                "Add", start, self.binary("Mult", by, Scalar(i, "py")))
        inner = [self.iteration(p) for p in iterable.parts[:1 if iterable.kind not in ("zip", "once") else None]]
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

    def numbered(self, items: Sequence) -> tuple[Value, Value, int, Callable[[Value], Any]]:
        """The same for known numbers: they are put in memory."""
        if not items.items or not all(map(is_number, items.items)):
            raise Unknown("iteration over items that are no numbers, along with something of unknown length")
        numbers = [scalar_of(x) for x in items.items]
        first = numbers[0]
        if first.type == C128 or any((s.type, s.flavor) != (first.type, first.flavor) or s.tag is not None for s in numbers):
            raise Unknown("iteration over numbers of different types, along with something of unknown length")
        array = self.new_array(first.type, [const(len(numbers))], hint="items")
        for k, s in enumerate(numbers):
            self.put(array, [const(k)], s.value)
        return const(0), const(len(numbers)), 1, lambda i: Scalar(self.element(array, [i]), first.flavor)

    def range_bounds(self, parts: tuple) -> tuple[Value, Value, int, Callable[[Value], Any]]:
        values = [scalar_of(p).value for p in parts]
        if any(v.type != I64 for v in values):
            raise NotCompilable("`range` of something that is not an int")
        lo, hi = (const(0), values[0]) if len(values) == 1 else values[:2]
        step = 1
        if len(values) == 3:
            if not isinstance(values[2], Constant):
                return self.strided_range(*values)
            if values[2].value == 0:
                self.b.check(const(False), "`range` with step 0")
                return const(0), const(0), 1, lambda i: Scalar(i, "py")
            step = values[2].value
        return lo, hi, step, lambda i: Scalar(i, "py")

    def strided_range(self, lo: Value, hi: Value, step: Value) -> tuple[Value, Value, int, Callable[[Value], Any]]:
        """``range`` with a step that is known at run time only: the loop counts, and the index is computed."""
        zero, one = const(0), const(1)
        self.b.check(self.b.scalar("ne", step, zero), "`range` with step 0")
        up = self.b.scalar("gt", step, zero)
        span = self.b.scalar("select", up, self.b.sub(hi, lo), self.b.sub(lo, hi))
        by = self.b.scalar("abs", step)
        n = self.b.scalar("floordiv", self.b.sub(self.b.add(span, by), one), by)
        n = self.b.scalar("select", self.b.scalar("lt", n, zero), zero, n)
        return zero, n, 1, lambda i: Scalar(self.b.add(lo, self.b.mul(i, step)), "py")

    def minimum(self, a: Value, b: Value) -> Value:
        for x, y in ((a, b), (b, a)):
            if isinstance(x, Constant) and x.value == _ENDLESS:
                return y
        return a if a is b else self.b.scalar("select", self.b.scalar("le", b, a), b, a)


def _is_zero(v: Value) -> bool:
    return isinstance(v, Constant) and v.value == 0


def _target_name(target: ast.expr) -> str:
    return target.id if isinstance(target, ast.Name) else "i"

