"""The pipeline as one straight story: activate the arguments, run, keep what sweeps need, sweep, put everything back.

`Recording` runs a function one level above `lower`; its `pull` is the adjoint of the run.  `Pushed` runs it in forward
mode, once a direction, or once for many (`push_all`).

"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy import ndarray

from . import _tiers as _tiers  # native code for the recorder
from ._errors import StaleError
from ._record import leftovers
from ._record.forward import ForwardInterpreter
from ._record.interpreter import acquire, release
from ._record.memory import Slot, Window, address, cut, lowest_address, owner_of, zeros_like_slot
from ._record.plain import PLAIN
from ._record.quick_forward import loud, quiet
from ._record.reverse import ReverseInterpreter
from ._record.sweep import Sweep, finite
from ._record.wide import Narrow, WideInterpreter

TOGETHER = 64  # directions of one run: their tangents are kept side by side

__all__ = ["PLAIN", "Pushed", "Recording", "finite"]


def followed(problem: Any, interpreter: Any, stand_ins: list) -> Any:
    """What the program returns; its first refusal, even if it swallowed it; or its own error, with ordinary numbers."""
    interpreter.inputs = stand_ins
    try:
        value = problem.run(interpreter, stand_ins)
    except Exception as error:
        if (refusal := interpreter.refusal()) is not None:
            raise refusal from None
        strip_error(problem, interpreter, error)
        raise
    finally:
        interpreter.inputs = []
    if (refusal := interpreter.refusal()) is not None:
        raise refusal
    return value


def settled(problem: Any, interpreter: Any) -> None:
    """The run is over: what it left of its numbers becomes ordinary."""
    interpreter.caches.clear()
    try:
        leftovers.settle(interpreter, (problem.f, problem.args, problem.kwargs))
    finally:
        leftovers.end(interpreter)


class Recording:
    """A run and its adjoint.

    Attributes
    ----------
    value : object
        What the function returned, as the level below sees it.
    outputs : list
        The numbers and float arrays in it, in order.
    """

    def __init__(self, lower: Any, problem: Any, leaves_of: Callable[[Any], list]) -> None:
        self.lower, self.epoch = lower, lower.epoch
        problem.begin(lower)
        self.interpreter = interpreter = acquire(ReverseInterpreter, lower)
        leftovers.begin(interpreter)
        interpreter.run += 1
        interpreter.native = interpreter.takes_native and problem.tier != "record"
        self.open = True
        self.lock = threading.Lock()
        self.private = self.swept = False
        self.undone: list[list] = []
        try:
            self.starts, stand_ins = [], []
            for x in problem.inputs:
                stand_in, start = activate(interpreter, x)
                stand_ins.append(stand_in)
                self.starts.append(start)
            value = followed(problem, interpreter, stand_ins)
            outputs = leaves_of(value)
            self.ends = [interpreter.leaf(y) for y in outputs]
            self.outputs = [interpreter.plain(y) for y in outputs]
            self.value = problem.strip(value, interpreter)
            problem.finish(interpreter)
        except BaseException:
            problem.finish(interpreter)
            stand_ins = value = outputs = None  # type: ignore[assignment]
            settled(problem, interpreter)
            self.close()
            raise
        stand_ins = value = outputs = stand_in = None  # type: ignore[assignment]
        settled(problem, interpreter)

    def keep_apart(self) -> None:
        """Exchange what the tape reads for private copies, so that the pullback may be called at any time."""
        if self.private:
            return
        self.private = True
        interpreter = self.interpreter
        copies: dict[int, tuple[Any, Any]] = {}
        find = interpreter.memory.find
        for cell in interpreter.kept:
            array = cell[0]
            if not isinstance(array, ndarray):
                continue
            slot = find(array)
            if slot is None or slot.logged:
                self.undone.append(cell)
            if slot is not None and slot.owner is array and array.base is None and slot.cell is cell:
                if sys.getrefcount(array) == 4:  # held by the cell, the slot, `array` and the argument alone
                    continue  # nobody else can change it
            owner = owner_of(array)
            if not isinstance(owner, ndarray):
                cell[0] = self.lower.copy(array)
                continue
            found = copies.get(id(owner))
            if found is None:
                found = copies[id(owner)] = (owner, self.lower.copy(owner))
            cell[0] = twin(array, owner, found[1])

    def above(self, level: Any) -> Any:
        """The level on which a sweep asked for on `level` computes: not below the one that recorded.

        Raises
        ------
        StaleError
            Where the derivative around the recording is over.
        """
        if self.lower.epoch != self.epoch:
            raise StaleError(
                "a pullback is called after the derivative around it has ended",
                why="it depends on values of the outer derivative, which are no longer known",
                fixes=["call it inside the function that is differentiated"]).at()
        below = level
        while below.level > self.lower.level:
            below = below.lower
        return level if below is self.lower else self.lower

    def pull(self, bars: list, lower: Any = None) -> list:
        """Cotangents of the inputs for cotangents of the outputs (None: zero)."""
        lower = lower or self.lower
        with self.lock:
            token = quiet()
            try:
                if lower.level:
                    return self._pull(bars, lower, True)
                found = self._pull(bars, lower, False)
                return found if all(map(finite, found)) else self._pull(bars, lower, True)
            finally:
                loud(token)

    def _pull(self, bars: list, lower: Any, strict: bool) -> list:
        interpreter = self.interpreter
        store = lower.hooks["setitem"]
        slots = list(interpreter.memory.slots.values())
        if self.swept:  # what the last sweep left
            for slot in (*slots, *(ref.slot for ref, *_ in self.starts if type(ref) is not int)):
                slot.bar, slot.owned = None, False
        self.swept = True
        changed = [] if self.private else [s.owner for s in slots if s.logged]
        final = [(owner, lower.copy(owner)) for owner in changed if isinstance(owner, ndarray)]
        owners = {id(o): o for o in (owner_of(cell[0]) for cell in self.undone) if isinstance(o, ndarray)}
        before = [(o, lower.copy(o)) for o in owners.values()]  # whole buffers: views may overlap themselves
        sweep = Sweep(interpreter, lower, strict)
        try:
            for end, bar in zip(self.ends, bars, strict=True):
                if end is not None and bar is not None:
                    sweep.give(end, bar)  # as a loan: it is never changed
            sweep.run()
        finally:
            for array, old in (*final, *before):
                writable(array)
                store(old, array, Ellipsis)
        return [self.result(sweep, start) for start in self.starts]

    def result(self, sweep: Any, start: tuple) -> Any:
        """The cotangent of an input, fresh, with its shape and dtype."""
        ref, shape, _, kind = start
        if type(ref) is int:
            bar = sweep.bars[ref]
            return kind(bar) if type(bar) in PLAIN_NUMBERS else sweep.lower.call(kind, bar)
        bar = sweep.readable(ref)
        if type(ref) is Slot and ref.owned and not sweep.lower.level and type(bar) is ndarray and bar.dtype == kind:
            return bar  # nothing else knows it
        return np.zeros(shape, kind) if bar is None else sweep.lower.call(np.array, bar, dtype=kind)

    def close(self) -> None:
        """Give the interpreter back; the recording is over."""
        if self.open:
            self.open = False
            self.starts = self.ends = []
            release(self.interpreter)

    def __del__(self) -> None:
        if getattr(self, "open", False) and not sys.is_finalizing():
            self.close()


def strip_error(problem: Any, interpreter: Any, error: BaseException | None) -> None:
    """Ordinary numbers in what an exception of the program carries out, and in those it came from."""
    seen: list = []
    while error is not None and error not in seen:
        seen.append(error)
        problem.strip(error, interpreter)
        error = error.__cause__ or error.__context__


PLAIN_NUMBERS = (float, complex, np.float64, np.float32, np.complex128, np.complex64, np.float16, int)


def writable(array: ndarray) -> None:
    """Arrays that the program made read-only are still put back."""


def activate(interpreter: Any, x: Any) -> tuple[Any, tuple]:
    """An active stand-in of an input, and ``(reference, shape, complex, type)`` by which its cotangent is found."""
    if isinstance(x, ndarray):
        slot = interpreter.memory.find(x) or interpreter.memory.register(x, True)
        slot.active = True
        return x, (interpreter.memory.reference(x, slot), x.shape, x.dtype.kind == "c", x.dtype)
    cls = interpreter.scalars.wrap[type(x)]
    k = interpreter.next_index()
    is_complex = issubclass(cls.stands_for, (complex, np.complexfloating))
    return interpreter.scalar(cls, x, k), (k, (), is_complex, cls.stands_for)


def twin(array: ndarray, owner: ndarray, copy: ndarray) -> ndarray:
    """The piece of `copy` that `array` is of `owner`."""
    if array is owner:
        return copy
    window = Window(None, address(array) - lowest_address(owner), array)  # type: ignore[arg-type]
    return cut(copy, window)


class Pushed:
    """A run in forward mode; each run but the first is on copies of the arguments.

    Attributes
    ----------
    value : object
        What the function returned in the last run, as the level below sees it.
    outputs : list
        The numbers and float arrays in it, in order.
    """

    def __init__(self, lower: Any, problem: Any, leaves_of: Callable[[Any], list], several: bool) -> None:
        self.lower, self.problem, self.leaves_of = lower, problem, leaves_of
        self.value: Any = None
        self.outputs: list = []
        self.alone = False
        self.spare = problem.copy(lower) if several else None

    def push(self, dots: list) -> list:
        """Tangents of the outputs (None: the output is not active, its tangent is exactly zero)."""
        problem, self.problem = self.problem, self.spare and self.spare.copy(self.lower)
        if problem is None:
            raise RuntimeError("a single direction was asked for")
        problem.begin(self.lower)
        interpreter = acquire(ForwardInterpreter, self.lower)
        leftovers.begin(interpreter)
        try:
            stand_ins = [tangent_start(interpreter, x, d) for x, d in zip(problem.inputs, dots, strict=True)]
            value = followed(problem, interpreter, stand_ins)
            outputs = self.leaves_of(value)
            found = [interpreter.leaf(y) for y in outputs]
            self.alone = len(outputs) == 1 and not self.lower.level
            tangents = [None if leaf is None else self.result(leaf[0], y)
                        for leaf, y in zip(found, outputs, strict=True)]
            self.outputs = [interpreter.plain(y) for y in outputs]
            self.value = problem.strip(value, interpreter)
            return tangents
        finally:
            stand_ins = value = outputs = found = None  # type: ignore[assignment]
            problem.finish(interpreter)
            settled(problem, interpreter)
            release(interpreter)

    def push_all(self, several: Iterator[list]) -> list[list]:
        """Tangents of the outputs for each of several directions, in as few runs as may be."""
        found = [self.push(dots) for dots in itertools.islice(several, 1)]  # on the arguments, the others on copies
        together = 1 if self.lower.level or self.spare is None else TOGETHER
        while some := list(itertools.islice(several, together)):
            try:
                found += self.push_together(some) if len(some) > 1 else [self.push(some[0])]
            except Narrow:
                together = 1
                found += map(self.push, some)
        return found

    def push_together(self, several: list[list]) -> list[list]:
        """One run for several directions."""
        problem = self.spare.copy(self.lower)  # type: ignore[union-attr]
        problem.begin(self.lower)
        interpreter = acquire(WideInterpreter, self.lower)
        interpreter.width, interpreter.narrowed = len(several), False
        leftovers.begin(interpreter)
        try:
            stand_ins = [wide_start(interpreter, x, dots) for x, dots in zip(problem.inputs, zip(*several, strict=True),
                                                                             strict=True)]
            value = followed(problem, interpreter, stand_ins)
            if interpreter.narrowed:
                raise Narrow
            outputs = self.leaves_of(value)
            found = [interpreter.leaf(y) for y in outputs]
            self.outputs = [interpreter.plain(y) for y in outputs]
            tangents = [[None if leaf is None else piece(leaf[0], k, y) for leaf, y in zip(found, outputs, strict=True)]
                        for k in range(len(several))]
            self.value = problem.strip(value, interpreter)
            return tangents
        finally:
            stand_ins = value = outputs = found = None  # type: ignore[assignment]
            problem.finish(interpreter)
            settled(problem, interpreter)
            release(interpreter)

    def result(self, dot: Any, y: Any) -> Any:
        """A tangent in memory of its own."""
        if isinstance(y, ndarray):
            if self.alone and type(dot) is ndarray and dot.base is None and dot.dtype == y.dtype:
                return dot  # the shadow of a run that is over
            return self.lower.call(np.array, dot, dtype=y.dtype)
        kind = ordinary(y)
        return kind(dot) if type(dot) in PLAIN_NUMBERS else self.lower.call(kind, dot)

    def close(self) -> None:
        """Let go of the copies."""
        self.problem = self.spare = None


def tangent_start(interpreter: Any, x: Any, dot: Any) -> Any:
    """An active stand-in of an input with its tangent."""
    if isinstance(x, ndarray):
        slot = interpreter.memory.find(x)
        if slot is None:
            slot = interpreter.memory.register(x, True)
            slot.owned = True
            if slot.owner is x and not interpreter.lower.level and type(dot) is ndarray and dot.dtype == x.dtype:
                slot.bar = dot.copy(order="K")
                if slot.bar.strides == x.strides:
                    return x
            slot.bar = zeros_like_slot(slot)
        interpreter.lower.hooks["setitem"](dot, interpreter.shadow(interpreter.memory.reference(x, slot)), Ellipsis)
        return x
    cls = interpreter.scalars.wrap[type(x)]
    return interpreter.scalar(cls, x, dot)


def wide_start(interpreter: Any, x: Any, dots: tuple) -> Any:
    """An active stand-in of an input with its tangents in several directions."""
    if isinstance(x, ndarray):
        slot = interpreter.memory.find(x)
        if slot is None:
            slot = interpreter.memory.register(x, True)
            slot.bar, slot.owned = interpreter.zeros(slot), True
        shadow = interpreter.shadow(interpreter.memory.reference(x, slot))
        for k, dot in enumerate(dots):
            shadow[k, ...] = dot
        return x
    return interpreter.scalar(interpreter.scalars.wrap[type(x)], x, np.array(dots))


def piece(dots: Any, k: int, y: Any) -> Any:
    """The tangent of an output in one of several directions."""
    dot = dots[k] if isinstance(dots, ndarray) else dots
    return np.array(dot, dtype=y.dtype) if isinstance(y, ndarray) else ordinary(y)(dot)


def ordinary(y: Any) -> type:
    """The ordinary type of a number that may be active on a lower level."""
    return getattr(type(y), "stands_for", type(y))

