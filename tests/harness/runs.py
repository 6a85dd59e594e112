"""Plain runs of a case and what the oracle says about it; nothing here knows the library."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .graphs import differences
from .oracle import Estimate, Oracle, basis, direction
from .trees import leaves, vector

SMALL = 8


def returned(function: Callable, arguments: tuple) -> Any:
    """Observe what a program returns."""
    return function(*arguments)


def left_behind(function: Callable, arguments: tuple) -> Any:
    """Observe what a program returns and what it makes of its arguments."""
    result = function(*arguments)
    return result, arguments


def outcome(function: Callable, arguments: tuple) -> tuple[Any, BaseException | None]:
    """Result, or exception, of a plain call."""
    try:
        return function(*arguments), None
    except Exception as error:
        return None, error


@dataclass
class Plain:
    """A plain run of a case."""

    value: Any
    error: BaseException | None
    arguments: tuple
    mutates: bool


@functools.cache
def plain(case: Any) -> Plain:
    """Run `case` plainly."""
    before, arguments = case.arguments(), case.arguments()
    value, error = outcome(case.function, arguments)
    changed = bool(differences(before, arguments, tolerance=0.0))
    return Plain(value, error, arguments, changed)


@functools.cache
def argnums(case: Any) -> tuple[int, ...]:
    """Positions of the arguments to differentiate."""
    if case.argnums is not None:
        return tuple(case.argnums)
    return tuple(i for i, a in enumerate(case.arguments()) if leaves(a))


def active(case: Any, arguments: tuple) -> list:
    """Leaves of the differentiated arguments."""
    return leaves([arguments[i] for i in argnums(case)])


@functools.cache
def oracle(case: Any, observe: Callable) -> Oracle:
    """The oracle of a case; what it finds is kept."""
    return Oracle(case, argnums(case), observe)


@functools.cache
def probes(case: Any, observe: Callable) -> list[tuple[list, Estimate]]:
    """Directions and the oracle's derivative along them: every unit direction of small arguments, else two random."""
    values = active(case, case.arguments())
    rng = np.random.default_rng(zlib.crc32(case.name.encode()) + 1)
    directions = [direction(values, rng)]
    directions += basis(values) if 0 < sum(2 if np.iscomplexobj(v) else 1 for v in values for _ in range(np.size(v))
                                          ) <= SMALL else [direction(values, rng)]
    find = oracle(case, observe).along
    return [(tangents, find(tangents)) for tangents in directions]


@functools.cache
def curvature(case: Any) -> tuple[list, list, np.ndarray, Estimate]:
    """Two directions, weights of the results, and the second derivative along the directions."""
    values = active(case, case.arguments())
    rng = np.random.default_rng(zlib.crc32(case.name.encode()) + 2)
    first, second = direction(values, rng), direction(values, rng)
    weights = rng.standard_normal(vector(plain(case).value).size)
    return first, second, weights, oracle(case, returned).second(first, second, weights)
