"""Compiled functions that were declared affine in their numbers (`rules.affine`).

The value at unit steps is then a column of the matrix, whatever the length of the step: no limit is taken.  The declaration is
checked: the matrix must foretell the function at points far away on both sides.  What is not affine there to the last digits
is refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from ..rules import _callables as words

MOST_INPUTS = 1 << 11
MOST_ENTRIES = 1 << 22
FAR = (-3.0, -0.7, 0.4, 2.5)  # where the matrix is tried, in multiples of the largest number
TOLERANCE = 1e-12

_directions = np.random.default_rng(19770906)


class Function:
    """A compiled function of the active numbers among its arguments, everything else being as it is.

    Attributes
    ----------
    places : list
        What is active: position of the argument, and where in it.
    """

    def __init__(self, trial: Any, f: Any) -> None:
        self.trial, self.f = trial, f
        self.others: list | None = None
        self.places: list[tuple[int, ndarray | None]] = []
        for k, (given, x) in enumerate(zip(trial.given, trial.plain, strict=True)):
            if not trial.interpreter.is_active(given):
                continue
            if isinstance(x, ndarray) and x.dtype == np.float64:
                self.places.append((k, np.flatnonzero(np.isfinite(x.ravel()))))
            elif type(x) in (float, np.float64):
                self.places.append((k, None))
            else:
                raise TypeError(f"a {type(x).__name__} is not probed")
        self.point = np.concatenate([self.read(trial.plain[k], where) for k, where in self.places])

    @staticmethod
    def read(x: Any, where: ndarray | None) -> ndarray:
        """The numbers at some places of an argument."""
        return np.array([x]) if where is None else x.ravel()[where]

    def recorded(self) -> Any:
        """The active numbers, recorded, as one array."""
        call, getitem = self.trial.interpreter.call, self.trial.interpreter.hooks["getitem"]
        parts = []
        for k, where in self.places:
            x = self.trial.given[k]
            parts.append(call(np.reshape, x, (1,)) if where is None else getitem(call(np.ravel, x), where))
        return call(np.concatenate, parts)

    def __call__(self, v: ndarray) -> tuple[Any, list, ndarray]:
        """Result, arguments afterwards, and all floats of both in one array."""
        values, start = list(self.trial.plain), 0
        for k, where in self.places:
            if where is None:
                values[k] = type(values[k])(v[start])
                start += 1
            else:
                values[k] = np.array(values[k], order="K")
                flat = values[k].ravel()
                flat[where] = v[start:start + where.size]
                values[k][...] = flat.reshape(values[k].shape)
                start += where.size
        result, held = self.trial.run(self.f, values)
        return result, held, np.concatenate([np.zeros(0), *(p.ravel() for p in self.pieces(result, held))])

    def pieces(self, result: Any, held: list) -> list:
        """The float arrays among a result and the arguments that may be written to."""
        results = result if isinstance(result, (tuple, list)) else (result,)
        others = [r for r in results if not isinstance(r, (float, ndarray))]
        self.others = others if self.others is None else self.others
        if others != self.others:
            raise TypeError("what is no float depends on the numbers")
        found = [np.asarray(r) for r in results if isinstance(r, float) or isinstance(r, ndarray)]
        if any(p.dtype.kind not in "fbiu" or p.dtype.kind == "f" and p.dtype != np.float64 for p in found):
            raise TypeError("a result that is not probed")
        outputs = [h for k, h in enumerate(held) if isinstance(h, ndarray) and h.dtype == np.float64 and k not in self.active]
        return [p.astype(float) for p in found] + outputs

    @property
    def active(self) -> set:
        """Positions of the active arguments."""
        return {k for k, _ in self.places}


def matrix(function: Function, y: ndarray) -> ndarray | None:
    """The matrix of an affine function with value `y` at its point; None for other functions."""
    x = function.point
    if not 0 < x.size <= MOST_INPUTS or x.size * y.size > MOST_ENTRIES:
        return None
    scale = 2.0 ** np.ceil(np.log2(np.max(np.abs(x), initial=0.0) or 1.0))
    found = np.empty((y.size, x.size))
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = scale
        found[:, i] = (function(x + step)[2] - y) / scale
    found[np.isnan(y)] = 0.0
    for far in FAR:
        step = scale * far * _directions.uniform(0.2, 1.0, x.size) * _directions.choice([-1.0, 1.0], x.size)
        there, foretold = function(x + step)[2], y + found @ step
        size = np.abs(y) + np.abs(found) @ (np.abs(x) + np.abs(step))
        if there.shape != y.shape or not np.all((np.abs(there - foretold) <= TOLERANCE * size) | np.isnan(there) & np.isnan(y)):
            return None
    return found


def followed(trial: Any, f: Any, result: Any, held: list) -> Any:
    """The result of a compiled function that is affine in the active numbers, recorded; else what stands for a refusal."""
    from . import passing

    try:
        function = Function(trial, f)
        again, held, y = function(function.point)
        found = matrix(function, y)
    except Exception:  # with other numbers it stops, or gives something else
        return passing.REFUSED
    if found is None or not found.any():
        return passing.REFUSED
    if any(not passing.same(h, trial.plain[k]) for k, h in enumerate(held)
           if isinstance(h, ndarray) and (k in function.active or h.dtype != np.float64 and h.dtype.kind in "fcO")):
        return passing.REFUSED
    return Recorded(trial, y, found, function).given(again, held)


class Recorded:
    """The floats of an affine function's result, recorded, dealt out in order."""

    def __init__(self, trial: Any, y: ndarray, found: ndarray, function: Function) -> None:
        self.trial, self.function, self.start = trial, function, 0
        call = trial.interpreter.call
        moved = call(np.matmul, found, function.recorded())
        self.flat = call(words.attach, y, moved)

    def next(self, like: ndarray) -> Any:
        """The next numbers, in the shape of `like`."""
        interpreter, stop = self.trial.interpreter, self.start + like.size
        piece = interpreter.hooks["getitem"](self.flat, slice(self.start, stop))
        self.start = stop
        return interpreter.call(np.reshape, piece, like.shape)

    def one(self, r: Any) -> Any:
        """A part of the result."""
        interpreter = self.trial.interpreter
        if isinstance(r, ndarray):
            piece = self.next(r)
            return interpreter.call(np.array, piece) if r.dtype == np.float64 else r
        if isinstance(r, float):
            return interpreter.call(type(r), interpreter.hooks["getitem"](self.next(np.zeros(())), ()))
        return r

    def given(self, result: Any, held: list) -> Any:
        """The result, and what was written to arguments."""
        result = type(result)(map(self.one, result)) if type(result) in (tuple, list) else self.one(result)
        for k, h in enumerate(held):
            x = self.trial.given[k]
            if not isinstance(h, ndarray):
                continue
            if h.dtype != np.float64:
                if h.dtype.kind in "biu" and not np.array_equal(h, x):
                    x[...] = h
            elif k not in self.function.active:
                new = self.next(h)
                if not np.array_equal(h, self.trial.plain[k], equal_nan=True):
                    self.trial.interpreter.hooks["setitem"](new, x, Ellipsis)
        return result


__all__ = ["followed"]
