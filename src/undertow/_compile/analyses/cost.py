"""What a call costs, estimated before it runs: recorded by the interpreter, and as native code.

Needs: IR; extents and integers of the call. Gives: seconds, right to a factor of three on an ordinary machine.
Cost: linear in the program. Trip counts that are not known are taken from the middle of their range, those of
``while`` as `WHILE`.
"""

from __future__ import annotations

from typing import Any

from ..ir.function import Constant, Function, Region, Value
from ..ir.ops import SCALAR
from ..ir.types import I64

__all__ = ["compilation", "learn", "recorded"]

WHILE = 10.0
_RECORDED = {"load": 1.0e-6, "store": 1.8e-6, "accum": 2.5e-6, "alloc": 2e-6, "library": 8e-6}
_ACTIVE, _PASSIVE = 1.0e-6, 0.1e-6
_VECTOR, _ELEMENT = 4e-6, 2e-9


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
    _pace[0] = min(8.0, max(0.5, 0.5 * _pace[0] + 0.5 * seconds / _effort(function)))


_pace = [1.0]


def _effort(function: Function) -> float:
    return 0.5 + 0.01 * _size(function.body)


def _size(region: Region) -> int:
    return sum(1 + sum(_size(r) for r in op.regions) for op in region.ops)


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
        lo, hi, step = (self.get(v) for v in op.operands[:3])
        body = op.regions[0]
        trips = WHILE
        if lo is not None and hi is not None and step:
            trips = max(0.0, (hi - lo) / step)
            self.env[body.params[0]] = (lo + hi) / 2
        vector = not op.attrs.get("written")
        return (_VECTOR if vector and not inside else 0.0) + trips * self.region(body, inside or vector)

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
