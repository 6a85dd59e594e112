"""Ranges of integers, for given extents of the arguments.

Needs: verified IR; the extents of array parameters and the values of integer parameters.
Gives: the truth of integer comparisons that hold (or fail) whenever they are reached. Bounds checks are such
    comparisons, so that the checks a call cannot fail are dropped for it, and only those.
Cost: a few visits of each operation; run once for each set of extents.
"""

from __future__ import annotations

import math
from typing import Any

from ..ir.function import Constant, Function, Op, Region, Value
from ..ir.types import BOOL, I64

__all__ = ["MayOverflow", "decide"]

_TOP = (-math.inf, math.inf)
_LIMIT = 2**62
_AGAIN = frozenset(("add", "sub", "neg", "mul", "select", "abs"))
_NEGATED = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}


class MayOverflow(Exception):
    """An integer of the program might exceed 64 bits."""

    def __init__(self, span: int) -> None:
        super().__init__("an integer may exceed 64 bits")
        self.span = span


def decide(function: Function, known: dict[Any, int]) -> dict[Any, Any]:
    """Comparisons that are always true or always false, and short extents: ``(array parameter, axis)`` to its value.

    `known` maps an integer parameter, or ``(array parameter, axis)``, to its value.
    """
    return {**_Intervals(known).run(function), **_short(function, known)}


_SHORT = 8


def _short(function: Function, known: dict[Any, int]) -> dict[Any, int]:
    """Extents worth a program of their own: components of vectors along the last axis, small matrices."""
    out: dict[Any, int] = {}
    for p in function.params:
        ndim = getattr(p.type, "ndim", 0)
        extents = [known.get((p, k), 2**40) for k in range(ndim)]
        if ndim < 2 or not 1 < extents[-1] <= _SHORT:
            continue
        whole = max(extents) <= _SHORT and math.prod(extents) <= _SHORT**2
        out.update({(p, k): n for k, n in enumerate(extents) if whole or k == ndim - 1})
    return out


class _Intervals:
    def __init__(self, known: dict[Any, int]) -> None:
        self.known = known
        self.env: dict[Value, tuple] = {}
        self.definition: dict[Value, Op] = {}
        self.truths: dict[Op, set] = {}
        self.recording = True

    def run(self, function: Function) -> dict[Op, bool]:
        for p in function.params:
            if p in self.known:
                self.env[p] = (self.known[p], self.known[p])
        self.region(function.body)
        return {op: next(iter(t)) for op, t in self.truths.items() if len(t) == 1 and None not in t}

    def get(self, v: Value) -> tuple:
        if isinstance(v, Constant):
            return (v.value, v.value) if v.type == I64 else _TOP
        return self.env.get(v, _TOP)

    def region(self, region: Region) -> None:
        for op in region.ops:
            for r in op.results:
                self.definition[r] = op
            method = getattr(self, "on_" + op.name, None)
            if method is not None:
                method(op)
            elif op.results and op.result.type == I64:
                self.env[op.result] = _TOP
            self.guard(op)

    def guard(self, op: Op) -> None:
        if "wrap" in op.attrs:
            lo, hi = self.env[op.result]
            if lo < -_LIMIT or hi > _LIMIT:
                self.env[op.result] = _TOP
            return
        if op.results and op.name in ("add", "sub", "mul", "neg") and op.result.type == I64 and self.recording \
                and "wrap" not in op.attrs:
            lo, hi = self.env[op.result]
            if lo < -_LIMIT or hi > _LIMIT:
                raise MayOverflow(op.span)

    # ---- arithmetic
    def on_dim(self, op: Op) -> None:
        n = self.known.get((op.operands[0], op.attrs["axis"]))
        self.env[op.result] = (n, n) if n is not None else (0, 2**40)

    def on_add(self, op: Op) -> None:
        (a, b), (c, d) = map(self.get, op.operands)
        self.env[op.result] = (a + c, b + d)

    def on_sub(self, op: Op) -> None:
        (a, b), (c, d) = map(self.get, op.operands)
        self.env[op.result] = (a - d, b - c)

    def on_cast(self, op: Op) -> None:
        if op.result.type == I64:
            source = op.operands[0].type
            self.env[op.result] = (0, 1) if source == BOOL else self.get(op.operands[0]) if source == I64 else _TOP

    def on_neg(self, op: Op) -> None:
        a, b = self.get(op.operands[0])
        self.env[op.result] = (-b, -a)

    def on_mul(self, op: Op) -> None:
        x, y = map(self.get, op.operands)
        products = [0 if 0 in (p, q) else p * q for p in x for q in y]
        self.env[op.result] = (min(products), max(products))

    def on_floordiv(self, op: Op) -> None:
        (a, b), (c, d) = map(self.get, op.operands)
        if c == d and c > 0 and not math.isinf(c):
            self.env[op.result] = (a if math.isinf(a) else a // c, b if math.isinf(b) else b // c)
        else:
            self.env[op.result] = (min(a, -abs(b)), max(b, abs(a))) if c > 0 else _TOP

    def on_mod(self, op: Op) -> None:
        c, d = self.get(op.operands[1])
        a, b = self.get(op.operands[0])
        if c > 0:
            self.env[op.result] = (a, b) if a >= 0 and b < c else (0, d - 1)
        else:
            self.env[op.result] = _TOP

    def on_abs(self, op: Op) -> None:
        a, b = self.get(op.operands[0])
        self.env[op.result] = (0 if a <= 0 <= b else min(abs(a), abs(b)), max(abs(a), abs(b)))

    def on_select(self, op: Op) -> None:
        if op.result.type != I64:
            return
        c, a, b = op.operands
        truth = self.truth(c)
        out = []
        for value, holds in ((a, True), (b, False)):
            if truth is not None and truth != holds:
                continue
            saved = dict(self.env)
            if self.refine(c, holds):
                out.append(self.evaluate(value))
            self.env = saved
        self.env[op.result] = (min(x[0] for x in out), max(x[1] for x in out)) if out else _TOP

    def evaluate(self, v: Value, depth: int = 3) -> tuple:
        """Interval of a value computed before the current condition was known, seen again under it."""
        op = self.definition.get(v)
        if op is None or isinstance(v, Constant) or depth == 0 or op.name not in _AGAIN or v.type != I64:
            return self.get(v)
        lo, hi = self.get(v)
        for x in op.operands:
            if not isinstance(x, Constant) and x.type == I64:
                self.env[x] = self.evaluate(x, depth - 1)
        getattr(self, "on_" + op.name)(op)
        a, b = self.env[v]
        self.env[v] = (max(lo, a), min(hi, b)) if max(lo, a) <= min(hi, b) else (lo, hi)
        return self.env[v]

    # ---- comparisons
    def truth(self, v: Value) -> bool | None:
        if isinstance(v, Constant):
            return bool(v.value)
        op = self.definition.get(v)
        if op is None:
            return None
        if op.name in _NEGATED and op.operands[0].type == I64:
            return _compare(op.name, self.get(op.operands[0]), self.get(op.operands[1]))
        if op.name == "not":
            t = self.truth(op.operands[0])
            return None if t is None else not t
        if op.name in ("and", "or"):
            parts = [self.truth(x) for x in op.operands]
            decisive = op.name == "or"
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
        return None

    def compare(self, op: Op) -> None:
        if self.recording and op.operands[0].type == I64:
            self.truths.setdefault(op, set()).add(self.truth(op.result))

    on_lt = on_le = on_gt = on_ge = on_eq = on_ne = compare

    def refine(self, cond: Value, holds: bool) -> bool:
        """Narrow what a condition says; False where it cannot hold."""
        op = self.definition.get(cond)
        if op is None or isinstance(cond, Constant):
            return True
        if op.name == "not":
            return self.refine(op.operands[0], not holds)
        if (op.name, holds) in (("and", True), ("or", False)):
            return all([self.refine(v, holds) for v in op.operands])
        if op.name == "if" and holds:
            k = op.results.index(cond)
            for region, truth in zip(op.regions, (True, False), strict=True):
                other = op.regions[1 if truth else 0].yields[k]
                if isinstance(other, Constant) and not other.value:  # the condition holds only by way of this region
                    return self.refine(op.operands[0], truth) and self.refine(region.yields[k], True)
            return True
        if op.name not in _NEGATED or op.operands[0].type != I64:
            return True
        name = op.name if holds else _NEGATED[op.name]
        x, y = op.operands
        (a, b), (c, d) = self.get(x), self.get(y)
        if name in ("gt", "ge"):
            x, y, a, b, c, d = y, x, c, d, a, b
            name = {"gt": "lt", "ge": "le"}[name]
        if name in ("lt", "le"):
            e = 1 if name == "lt" else 0
            b, c = min(b, d - e), max(c, a + e)
        elif name == "eq":
            a = c = max(a, c)
            b = d = min(b, d)
        else:
            a, b = _exclude((a, b), (c, d))
            c, d = _exclude((c, d), (a, b))
        for v, interval in ((x, (a, b)), (y, (c, d))):
            if not isinstance(v, Constant):
                self.env[v] = interval
        return a <= b and c <= d

    # ---- control
    def on_check(self, op: Op) -> None:
        if not op.attrs["defer"]:
            self.refine(op.operands[0], True)

    def on_if(self, op: Op) -> None:
        outs = []
        before = dict(self.env)
        truth = self.truth(op.operands[0])
        for region, holds in zip(op.regions, (True, False), strict=True):
            self.env = dict(before)
            if truth not in (None, holds) or not self.refine(op.operands[0], holds):
                continue
            self.region(region)
            outs.append([self.get(v) for v in region.yields])
        self.env = before
        for k, r in enumerate(op.results):
            if r.type == I64 and outs:
                self.env[r] = (min(o[k][0] for o in outs), max(o[k][1] for o in outs))

    def on_for(self, op: Op) -> None:
        lo, hi, step = (self.get(v) for v in op.operands[:3])
        body = op.regions[0]
        i = (lo[0], hi[1] - 1) if step[0] > 0 else (hi[0] + 1, lo[1])
        trips = max(0, (hi[1] - lo[0]) if step[0] > 0 else (lo[1] - hi[0]))
        inits = [self.get(v) for v in op.operands[3:]]
        if i[0] > i[1]:
            for r, x in zip(op.results, inits, strict=True):
                self.env[r] = x
            return

        def enter(state: list) -> None:
            self.env[body.params[0]] = i
            for p, x in zip(body.params[1:], state, strict=True):
                self.env[p] = x

        ends = self.settle(inits, enter, body, lambda: None, trips)
        for r, x in zip(op.results, ends, strict=True):
            self.env[r] = x

    def on_while(self, op: Op) -> None:
        test, body = op.regions

        def enter(state: list) -> None:
            for p, q, x in zip(test.params, body.params, state, strict=True):
                self.env[p] = self.env[q] = x
            self.region(test)

        def refine() -> None:
            self.refine(test.yields[0], True)
            for p, q in zip(test.params, body.params, strict=True):
                self.env[q] = self.get(p)

        inits = [self.get(v) for v in op.operands]
        ends = self.settle(inits, enter, body, refine, 2**42)
        enter(ends)
        self.refine(test.yields[0], False)
        for r, p in zip(op.results, test.params, strict=True):
            self.env[r] = self.get(p)

    def settle(self, inits: list, enter: Any, body: Region, refine: Any, trips: float) -> list:
        """Intervals of carried values that the body preserves."""
        state = list(inits)
        outer, saved = self.recording, dict(self.env)
        self.recording = False
        carried = body.params[len(body.params) - len(inits):]
        if any(p.type == I64 for p in carried):
            enter([_TOP] * len(inits))  # what the body adds, whatever it starts from
            refine()
            self.region(body)
        for k, (p, y) in enumerate(zip(carried, body.yields, strict=True)):
            bound = _drift(p, y, body, self.get)
            if bound is not None:
                lo, hi = inits[k]
                state[k] = (lo + min(0, bound[0]) * trips if bound[0] else lo, hi + max(0, bound[1]) * trips
                            if bound[1] else hi)
        fixed = [s != x for s, x in zip(state, inits, strict=True)]
        lows, highs = _thresholds(inits)
        for round_ in range(9):
            self.env = dict(saved)
            enter(state)
            refine()
            self.region(body)
            wider = []
            for k, y in enumerate(body.yields):
                a, b = state[k]
                c, d = self.get(y)
                if fixed[k]:
                    wider.append((a, b))
                elif round_ < 1:
                    wider.append((min(a, c), max(b, d)))
                elif round_ < 6:
                    wider.append((a if c >= a else next(t for t in lows if t <= c),
                                  b if d <= b else next(t for t in highs if t >= d)))
                else:
                    wider.append((a if c >= a else -math.inf, b if d <= b else math.inf))
            if wider == state:
                break
            state = wider
        self.recording = outer
        self.env = dict(saved)
        enter(state)
        refine()
        self.region(body)
        self.env = {**self.env, **saved}
        return state


def _thresholds(inits: list) -> tuple[list[float], list[float]]:
    """Where a growing interval pauses: at the range of all that the loop begins with, and at what cannot overflow."""
    known = [x for pair in inits for x in pair if not math.isinf(x)]
    return [*([min(known)] if known else []), -2**40, -math.inf], [*([max(known)] if known else []), 2**40, math.inf]


def _drift(p: Value, y: Value, body: Region, get: Any) -> tuple[float, float] | None:
    """Bounds of what an iteration adds to a carried integer, where it only adds to it."""
    if p.type != I64:
        return None
    ops = {r: op for op in body.ops for r in op.results}

    def visit(v: Value) -> tuple[float, float] | None:
        if v is p:
            return (0, 0)
        op = ops.get(v)
        if op is None:
            return None
        if op.name in ("add", "sub"):
            for x, term in (op.operands, op.operands[::-1])[:2 if op.name == "add" else 1]:
                inner = visit(x)
                if inner is None:
                    continue
                lo, hi = get(term) if op.name == "add" else tuple(-n for n in reversed(get(term)))
                if max(abs(lo), abs(hi)) <= 2**20:
                    return inner[0] + lo, inner[1] + hi
            return None
        if op.name == "for":
            return nested(op, op.results.index(v))
        if op.name in ("select", "if"):
            ys = op.operands[1:] if op.name == "select" else [r.yields[op.results.index(v)] for r in op.regions]
            if op.name == "if":
                for r in op.regions:
                    ops.update({x: o for o in r.ops for x in o.results})
            parts = [visit(x) for x in ys]
            if None in parts:
                return None
            return min(q[0] for q in parts), max(q[1] for q in parts)
        return None

    def nested(op: Op, k: int) -> tuple[float, float] | None:
        start, region = visit(op.operands[3 + k]), op.regions[0]
        each = _drift(region.params[1 + k], region.yields[k], region, get)
        (a, b), (c, d) = get(op.operands[0]), get(op.operands[1])
        trips = max(0, d - a, b - c)
        if start is None or each is None or not trips <= 2**40:
            return None
        return start[0] + min(0, each[0]) * trips, start[1] + max(0, each[1]) * trips

    return visit(y)


def _compare(name: str, x: tuple, y: tuple) -> bool | None:
    (a, b), (c, d) = x, y
    if name in ("gt", "ge"):
        (a, b), (c, d), name = (c, d), (a, b), {"gt": "lt", "ge": "le"}[name]
    if name == "lt":
        return True if b < c else False if a >= d else None
    if name == "le":
        return True if b <= c else False if a > d else None
    equal = True if a == b == c == d else False if b < c or d < a else None
    return equal if name == "eq" or equal is None else not equal


def _exclude(x: tuple, y: tuple) -> tuple:
    """`x` without the single value of `y`, where that is an end of it."""
    a, b = x
    if y[0] == y[1]:
        if a == y[0]:
            a += 1
        if b == y[0]:
            b -= 1
    return a, b
