"""Products with Jacobians and Hessians, and these themselves, by native code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _compile
from .._driver import PLAIN, finite
from .._tiers import Call, Ledger, NotCompilable, whole
from .base import Problem, filled, fitted
from .dense import units
from .native import Layout, NativePullback, boxed, pullback, refused
from .trees import leaves, with_derivatives

__all__ = ["hessian", "hessian_product", "jacobian", "pushforward"]


class Pending(NotCompilable):
    """Native code does not pay yet; the recording is to be entered in a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__("recording it is still cheaper")
        self.ledger = ledger


class Unsure(NotCompilable):
    """A derivative is not finite; the recorder knows that 0 * inf is 0."""


def attempted(run: Callable[[], Any], tier: str) -> Any:
    """What `run` gives; where the recorder has to do it, None, or the ledger that is to be entered in."""
    try:
        return run()
    except Pending as pending:
        return pending.ledger
    except Unsure:
        return None
    except NotCompilable as reason:
        if tier == "compile":
            raise refused(reason).at() from None
        return None


class Directions:
    """A call prepared for pushforwards in one direction, or for products with its Hessian."""

    def __init__(self, f: Any, args: tuple, kwargs: dict, argnums: Any, tier: str, mode: str, times: float) -> None:
        call = whole(f, args, kwargs, argnums, tier, f"{mode} 1", times)
        if type(call) is Ledger:
            raise Pending(call)
        assert type(call) is Call
        if call.compiled.lowered.attributes:
            raise NotCompilable("attributes of an argument are rebound")
        self.compiled, self.values = call.compiled, call.values
        self.layout = Layout(call, not isinstance(argnums, (tuple, list)))
        if self.layout.complex:
            raise NotCompilable("directions of complex numbers")
        self.prepare()

    def prepare(self) -> None:
        """The native code, and the order of its parameters."""
        from .._compile.forward import CompiledPushforward

        self.forward = CompiledPushforward(self.compiled, 1)
        self.active = [self.compiled.position(p) for p in self.compiled.active_params]

    def given(self, dots: list) -> list:
        """Tangents of the active leaves in the order native code has them, arrays in memory of their own."""
        by_place = dict(zip(self.layout.leaves, dots, strict=True))
        return [np.array(by_place[k], self.values[k].dtype, order="C") if isinstance(self.values[k], np.ndarray)
                else by_place[k] for k in self.active]

    def push(self, dots: list, again: bool = False) -> tuple[Any, list]:
        """The value, and tangents of its leaves; `again`: on copies of what is written."""
        values = list(self.values)
        for k in self.compiled.written if again else ():
            values[k] = values[k].copy()
        value, tangent = self.forward.push(values, self.given(dots))
        found: list = []
        flat(self.compiled.lowered.result, value, tangent, found, {})
        return value, found

    def product(self, dots: list) -> tuple[Any, list]:
        """The value, and the Hessian times `dots`, for each leaf in the order of the arguments."""
        values = list(self.values)
        for k in self.compiled.written:
            values[k] = values[k].copy()
        value, _, products = self.forward.hessian(values, self.given(dots))
        by_place = dict(zip(self.active, products, strict=True))
        return value, [number(self.values[k], by_place[k]) for k in self.layout.leaves]


def number(like: Any, x: Any) -> Any:
    """`x` with the type of the number `like`."""
    return x if isinstance(like, np.ndarray) else type(like)(x)


def flat(result: Any, value: Any, tangent: Any, found: list, seen: dict) -> None:
    """Tangents of the leaves of a value, zeros written out; an array that stands at several places once."""
    inner = _compile.parts_of_value(result, value)
    if inner is not None:
        for k, (part, v) in enumerate(inner):
            flat(part, v, None if tangent is None else tangent[k], found, seen)
    elif isinstance(value, np.ndarray):
        if value.dtype.kind in "fc" and id(value) not in seen:
            seen[id(value)] = value
            found.append(np.zeros_like(value) if tangent is None else tangent)
    elif isinstance(value, float | complex | np.inexact):
        found.append(type(value)(0.0 if tangent is None else tangent))


def pushforward(lower: Any, f: Any, primals: tuple, tangents: Any, places: tuple, tier: str,
                kwargs: dict | None = None) -> tuple | None:
    """`jvp` by native code, None or a ledger where the recorder has to do it."""
    if lower is not PLAIN or tier == "record":
        return None

    def run() -> tuple:
        problem = Problem(f, primals, kwargs or {}, places)
        dots = filled(problem.form, fitted(lower, problem.form, tuple(tangents[i] for i in places), "tangent"))
        directions = Directions(f, primals, kwargs or {}, places, tier, "pushforward", 1.0)
        value, found = directions.push(dots)
        if not directions.compiled.written:
            sure(found)
        if hasattr(f, "py_func"):
            value, found = boxed(value), [boxed(dot) for dot in found]
        return value, with_derivatives(value, found) if found else 0.0

    return attempted(run, tier)


def pushed(pull: NativePullback, dots: list) -> Any:
    """The tangent of the value of a call that native code took, for tangents of the leaves of its arguments."""
    run = Directions.__new__(Directions)
    run.compiled, run.values, run.layout = pull.compiled, pull.values, pull.layout
    run.prepare()
    value, found = run.push(dots, again=True)
    if hasattr(pull.f, "py_func"):
        value, found = boxed(value), [boxed(dot) for dot in found]
    return with_derivatives(value, found) if found else 0.0


def hessian_product(lower: Any, f: Any, primals: tuple, tangents: tuple, places: tuple, tier: str) -> Any:
    """`hvp` by native code, None or a ledger where the recorder has to do it."""
    if lower is not PLAIN or tier == "record":
        return None

    def run() -> Any:
        problem = Problem(f, primals, {}, places)
        dots = filled(problem.form, fitted(lower, problem.form, tuple(tangents[i] for i in places), "tangent"))
        call = Directions(f, primals, {}, places, tier, "hessian", 4.0)
        if call.compiled.written:
            raise NotCompilable("an argument is written")
        return problem.structured(sure(call.product(dots)[1]))

    return attempted(run, tier)


def hessian(lower: Any, f: Any, args: tuple, kwargs: dict, argnums: Any, tier: str) -> Any:
    """The dense Hessian by native code, None or a ledger where the recorder has to do it."""
    if lower is not PLAIN or tier == "record":
        return None

    def run() -> Any:
        size = sum(np.size(x) for x in Problem(f, args, kwargs, argnums).originals)
        call = Directions(f, args, kwargs, argnums, tier, "hessian", 4.0 * size)
        if call.compiled.simple is None or call.compiled.written or isinstance(argnums, (tuple, list)):
            raise NotCompilable("a Hessian of something else than one array or number")
        x = call.values[call.compiled.simple]
        rows = [sure(call.product([unit])[1])[0] for unit in units(x)]
        if not rows:
            raise NotCompilable("an empty argument")
        return np.reshape(np.stack(rows), np.shape(x) * 2) if isinstance(x, np.ndarray) else np.float64(rows[0])

    return attempted(run, tier)


def sure(found: list) -> list:
    """Derivatives, if they are finite."""
    if not all(map(finite, found)):
        raise Unsure("a derivative is not finite")
    return found


def jacobian(lower: Any, f: Any, args: tuple, kwargs: dict, argnums: Any, mode: str, tier: str) -> Any:
    """The dense Jacobian by native code, None or a ledger where the recorder has to do it."""
    if lower is not PLAIN or tier == "record":
        return None
    return attempted(lambda: dense_jacobian(f, args, kwargs, argnums, mode, tier), tier)


def dense_jacobian(f: Any, args: tuple, kwargs: dict, argnums: Any, mode: str, tier: str) -> Any:
    """Rows by pullbacks, or columns by pushforwards."""
    problem = Problem(f, args, kwargs, argnums)
    inputs = problem.originals
    if any(not isinstance(x, (np.ndarray, float, np.floating)) for x in inputs):
        raise NotCompilable("a Jacobian with respect to something else than arrays and numbers")
    size = sum(np.size(x) for x in inputs)
    if mode == "reverse" or (mode == "auto" and size > 1):
        found = pullback(f, args, kwargs, argnums, tier, ("scalar", "tagged", "new", "argument"))
        if isinstance(found, Ledger):
            raise Pending(found)
        if found is None:
            raise NotCompilable("it is not compiled")
        y, pull = found
        if mode == "reverse" or pull.compiled.written or np.size(y) <= 2 * size:
            return problem.structured(rows(y, pull, inputs))
    call = Directions(f, args, kwargs, argnums, tier, "pushforward", float(size))
    if call.compiled.written:
        raise NotCompilable("an argument is written")
    columns: list[list] = []
    y = None
    for k, x in enumerate(inputs):
        columns.append([])
        for unit in units(x):
            dots = [np.zeros_like(v) if isinstance(v, np.ndarray) else 0.0 for v in inputs]
            dots[k] = unit
            y, dot = call.push(dots)
            if len(dot) != 1 or leaves(y) != [y] and not isinstance(y, np.ndarray):
                raise NotCompilable("a Jacobian of something else than one array or number")
            columns[-1].append(sure(dot)[0])
    if any(not c for c in columns):
        raise NotCompilable("an empty argument")
    return problem.structured([np.reshape(np.stack(c, -1), np.shape(y) + np.shape(x))
                               for x, c in zip(inputs, columns, strict=True)])


def rows(y: Any, pull: NativePullback, inputs: list) -> list:
    """Rows of the Jacobian, put together for each input."""
    if pull.layout.complex:
        raise NotCompilable("rows of complex numbers")
    if not np.size(y):
        return [np.zeros(np.shape(y) + np.shape(x)) for x in inputs]
    found = [pull.pull([unit]) for unit in units(y)]
    sure([bars[k] for bars in found for k in pull.layout.leaves])
    return [np.reshape(np.stack([bars[k] for bars in found]), np.shape(y) + np.shape(x))
            for k, x in zip(pull.layout.leaves, inputs, strict=True)]
