"""Dense Jacobians put together from sweeps: rows by pullbacks, columns by pushforwards.

Results and arguments are trees: each number and array of the result is replaced by the structure of the arguments, with
an array of the shapes of both in the place of each number and array.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .base import Problem
from .trees import is_array, is_number, leaves, with_derivatives

__all__ = ["columns", "rows"]


def rows(lower: Any, problem: Problem, recording: Any) -> Any:
    """The Jacobian from one pull for each element of the result."""
    results = recording.outputs
    if not results:
        return unvarying(problem, recording.value)
    blocks = []
    for m, y in enumerate(results):
        found: list[list] = [[] for _ in problem.originals]
        for unit in units(y):
            bars = [unit if k == m else None for k in range(len(results))]
            for row, bar in zip(found, recording.pull(bars), strict=True):
                row.append(bar)
        blocks.append([put_together(lower, row, np.shape(y) + np.shape(x), 0)
                       for row, x in zip(found, problem.originals, strict=True)])
    return structured(problem, recording.value, blocks)


def columns(lower: Any, problem: Problem) -> Any:
    """The Jacobian from runs in forward mode, along the unit directions of the arguments."""
    forward = problem.pushed(lower, several=True)
    found = forward.push_all(directions(problem.originals))
    if not found:  # nothing but empty arrays
        forward.push([np.zeros_like(v) for v in problem.originals])
    value = forward.value
    results = leaves(value)
    if not results:
        return unvarying(problem, value)
    blocks = []
    for m, y in enumerate(results):
        pushed = iter([zero_like(y) if dots[m] is None else dots[m] for dots in found])
        blocks.append([put_together(lower, [next(pushed) for _ in range(int(np.size(x)))], np.shape(y) + np.shape(x), -1)
                       for x in problem.originals])
    return structured(problem, value, blocks)


def directions(originals: list) -> Iterator[list]:
    """The unit directions of all arguments, one after the other."""
    for k, x in enumerate(originals):
        for unit in units(x):
            dots: list[Any] = [np.zeros_like(v) if isinstance(v, np.ndarray) else 0.0 for v in originals]
            dots[k] = unit
            yield dots


def structured(problem: Problem, value: Any, blocks: list[list]) -> Any:
    """Blocks, for each result and each argument, in the structure of both."""
    parts = [problem.structured(block) for block in blocks]
    return parts[0] if is_array(value) or is_number(value) else with_derivatives(value, parts)


def unvarying(problem: Problem, value: Any) -> Any:
    """The Jacobian of a result without a number that varies: integers, or nothing."""
    shape = np.shape(value) if isinstance(value, (np.ndarray, np.generic, int)) else None
    if shape is None:
        return value
    return problem.structured([np.zeros(shape + np.shape(x)) for x in problem.originals])


def units(x: Any) -> Iterator[Any]:
    """Unit vectors of an array, or one."""
    if not isinstance(x, np.ndarray):
        yield 1.0
        return
    for j in range(x.size):
        unit = np.zeros(x.shape, x.dtype)
        unit[np.unravel_index(j, x.shape)] = 1.0
        yield unit


def put_together(lower: Any, parts: list, shape: tuple, axis: int) -> Any:
    """Pieces of a Jacobian on the level of `lower`."""
    return lower.call(np.reshape, lower.call(np.stack, parts, axis), shape) if parts else np.zeros(shape)


def zero_like(y: Any) -> Any:
    """A zero tangent of a result."""
    return np.zeros_like(y) if isinstance(y, np.ndarray) else 0.0
