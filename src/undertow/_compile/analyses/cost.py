"""What a call costs, estimated before it runs: recorded by the interpreter, and as native code.

Needs: IR; extents and integers of the call. Gives: seconds, right to a factor of three on an ordinary machine.
Cost: linear in the program. Trip counts that are not known are taken from the middle of their range, those of
``while`` as `WHILE`.
"""

from __future__ import annotations

import math
from typing import Any

from ..ir.function import Constant, Function, Region, Value
from ..ir.ops import SCALAR
from ..ir.types import I64

__all__ = ["Multiplicities", "compilation", "learn", "multiplicities", "recorded"]

WHILE = 10.0
_RECORDED = {"load": 1.5e-6, "store": 5e-6, "accum": 7e-6, "alloc": 2e-6, "library": 8e-6}
_ACTIVE, _PASSIVE = 1.0e-6, 0.1e-6
_VECTOR, _ELEMENT = 4e-6, 2e-9
_PRODUCT, _MULTIPLY = 1e-5, 3e-10


def recorded(function: Function, known: dict[Any, int]) -> float:
    """Seconds that recording the call and its sweep would take.

    `known` maps an integer parameter, or ``(array parameter, axis)``, to its value.
    """
    return _Cost(known).region(function.body, False)


def compilation(function: Function) -> float:
    """Seconds that native code for a function takes to make, by what it took before on this machine."""
    return _pace[0] * _effort(function)


def learn(function: Function, seconds: float) -> None:
    """Note what making native code for a function took."""
    if _learned[0]:  # the first pays for what all others use
        _pace[0] = min(8.0, max(0.5, 0.5 * _pace[0] + 0.5 * seconds / _effort(function)))
    _learned[0] = True


_pace, _learned = [1.0], [False]


def _effort(function: Function) -> float:
    return 0.2 + 0.0025 * _size(function.body)


def _size(region: Region) -> int:
    return sum(1 + sum(_size(r) for r in op.regions) for op in region.ops)


def _operations(region: Region) -> int:
    """Array operations that the expression of a fused loop was written with."""
    return max(1, sum((op.name in SCALAR and getattr(op.result.type, "is_float", False)) + sum(
        _operations(r) for r in op.regions) for op in region.ops))


def _written(op: Any) -> bool:
    """Whether a loop is one of the user's, or has one inside."""
    return bool(op.attrs.get("written")) or any(_written(o) for r in op.regions for o in r.ops if o.regions)


def _inner(op: Any) -> list:
    """The loops in a loop of a nest, outermost first."""
    found = [o for o in op.regions[0].ops if o.name == "for"]
    return [found[0], *_inner(found[0])] if found else []


class Multiplicities:
    """How often each value of a program is computed.

    Attributes
    ----------
    count : dict of Value to float
    operations : list of Op
    """

    def __init__(self) -> None:
        self.count: dict[Value, float] = {}
        self.operations: list[Any] = []
        self.owner: dict[Value, Any] = {}
        self.definition: dict[Value, Any] = {}

    def line(self, v: Value, function: Function) -> int:
        """Line of a variable that a loop carries."""
        op = self.owner.get(v)
        return function.spans[op.span][1] if op is not None else 0

    def why(self, v: Value) -> str:
        """Why a value is on the tape."""
        op = self.definition.get(v)
        if op is None:
            return "the derivative needs it, and the next iteration replaces it"
        if op.name == "load":
            return "the derivative needs it, and the memory it was read from is overwritten"
        return "the derivative needs it, and computing it again would cost more"


def multiplicities(function: Function, known: dict[Any, int]) -> Multiplicities:
    """How often each value is computed in a call."""
    found = Multiplicities()
    cost = _Cost(known)

    def visit(region: Region, times: float) -> None:
        for op in region.ops:
            found.operations.append(op)
            cost.op(op, False)
            for r in op.results:
                found.count[r] = times
                found.definition[r] = op
            trips = WHILE if op.name == "while" else 1.0
            if op.name == "for":
                trips = cost.trips(op)
            for inner in op.regions:
                for p in inner.params:
                    found.count[p] = times * trips
                    found.owner[p] = op
                visit(inner, times * trips)

    visit(function.body, 1.0)
    return found


class _Cost:
    def __init__(self, known: dict[Any, int]) -> None:
        self.known = known
        self.env: dict[Value, float] = {v: float(n) for v, n in known.items() if isinstance(v, Value)}

    def get(self, v: Value) -> float | None:
        if isinstance(v, Constant):
            return float(v.value)
        return self.env.get(v)

    def region(self, region: Region, inside: bool) -> float:
        """`inside`: whether the operations are those of one array expression."""
        return sum(self.op(op, inside) for op in region.ops)

    def op(self, op: Any, inside: bool) -> float:
        if op.name == "dim":
            n = self.known.get((op.operands[0], op.attrs["axis"]))
            if n is not None:
                self.env[op.result] = float(n)
            return 0.0
        if op.name in SCALAR:
            self.value(op)
            if inside:
                return _ELEMENT * SCALAR[op.name].cost / 4
            return _ACTIVE if getattr(op.result.type, "is_float", False) else _PASSIVE
        if op.name == "for":
            return self.loop(op, inside)
        if op.name == "while":
            return WHILE * sum(self.region(r, inside) for r in op.regions)
        if op.name == "if":
            return max(self.region(r, inside) for r in op.regions)
        return _ELEMENT if inside and op.name in ("load", "store") else _RECORDED.get(op.name, 0.0)

    def loop(self, op: Any, inside: bool) -> float:
        trips, body = self.trips(op), op.regions[0]
        if op.attrs.get("product"):
            return _PRODUCT + _MULTIPLY * math.prod([trips, *map(self.trips, _inner(op))])
        vector = not _written(op)
        return (_VECTOR * _operations(body) if vector and not inside else 0.0) + trips * self.region(body, inside or vector)

    def trips(self, op: Any) -> float:
        """Iterations of a counted loop; its index is taken to be in the middle of its range."""
        lo, hi, step = (self.get(v) for v in op.operands[:3])
        if lo is None or hi is None or not step:
            return WHILE
        self.env[op.regions[0].params[0]] = (lo + hi) / 2
        return max(0.0, (hi - lo) / step)

    def value(self, op: Any) -> None:
        if op.result.type != I64:
            return
        values = [self.get(v) for v in op.operands]
        if any(v is None for v in values):
            if op.name == "select":
                found = [v for v in values[1:] if v is not None]
                if found:
                    self.env[op.result] = found[0]
            return
        try:
            self.env[op.result] = {
                "add": lambda: values[0] + values[1], "sub": lambda: values[0] - values[1],
                "mul": lambda: values[0] * values[1], "floordiv": lambda: values[0] // values[1],
                "mod": lambda: values[0] % values[1], "neg": lambda: -values[0], "cast": lambda: values[0],
                "select": lambda: max(values[1], values[2])}[op.name]()
        except (KeyError, ZeroDivisionError):
            pass
