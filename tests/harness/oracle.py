"""Derivatives of a program from nothing but plain runs of it.

Two methods that share nothing with automatic differentiation: the complex step, exact to rounding where a
program is analytic and accepts complex numbers, and Richardson-extrapolated central differences with an error
estimate. The complex step is believed only where it agrees with the differences.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .trees import as_real, is_array, leaves, rebuild, vector

STEP = 1e-2
LEVELS = 9
COMPLEX_STEP = 1e-30


class Undecided(AssertionError):
    """The oracle has no trustworthy derivative: a fault of the test program, not of the library."""


@dataclass
class Estimate:
    """A derivative with a bound on its error."""

    value: np.ndarray
    error: float


def direction(values: list, rng: np.random.Generator) -> list:
    """Random tangents for a list of leaves, scaled like them."""
    tangents = []
    for value in values:
        size = np.shape(value)
        scale = float(np.max(np.abs(value), initial=0.0)) or 1.0
        tangent = rng.standard_normal(size) * scale
        if np.asarray(value).dtype.kind == "c":
            tangent = tangent + 1j * rng.standard_normal(size) * scale
        tangents.append(tangent)
    return tangents


def basis(values: list) -> list[list]:
    """All unit directions of a list of leaves, real and imaginary."""
    found = []
    for k, value in enumerate(values):
        array = np.asarray(value)
        for index in np.ndindex(array.shape):
            for unit in (1.0, 1j) if array.dtype.kind == "c" else (1.0,):
                tangents = [np.zeros(np.shape(v), dtype=complex if np.asarray(v).dtype.kind == "c" else float)
                            for v in values]
                tangents[k][index] = unit
                found.append(tangents)
    return found


def shifted(arguments: tuple, argnums: tuple[int, ...], tangents: list, step: complex) -> tuple:
    """Fresh `arguments` moved by `step` along `tangents`, in place where arrays may be aliased."""
    supply = iter(tangents)
    memo: dict = {}

    def move(leaf: Any) -> Any:
        change = np.asarray(next(supply)) * step
        if is_array(leaf):
            if isinstance(step, complex) or leaf.dtype.itemsize < 8 or not leaf.flags.writeable:
                return _like(leaf, leaf + change)
            leaf += change
            return leaf
        moved = leaf + change.item() if isinstance(leaf, (float, complex)) and type(leaf) in (float, complex) else (
            np.asarray(leaf).astype(np.result_type(leaf, change)) + change)[()]
        return moved

    moved = list(arguments)
    for i in argnums:
        moved[i] = rebuild(arguments[i], move, memo)
    return tuple(moved)


def _like(leaf: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`values` in memory laid out like `leaf` (negative strides included)."""
    result = np.empty_like(leaf, dtype=values.dtype)
    if leaf.ndim and any(s < 0 for s in leaf.strides):
        flip = tuple(slice(None, None, -1 if s < 0 else 1) for s in leaf.strides)
        result = result[flip].copy()[flip]
    result[...] = values
    result.flags.writeable = leaf.flags.writeable
    return result


class Oracle:
    """Derivatives of ``observe(arguments)`` for a case, by plain runs.

    Parameters
    ----------
    case : Case
    argnums : tuple of int
    observe : callable
        ``observe(case.function, arguments)`` runs the program and returns the tree whose numbers are compared.
    """

    def __init__(self, case: Any, argnums: tuple[int, ...], observe: Callable[[Callable, tuple], Any]) -> None:
        self.case, self.argnums, self.observe = case, argnums, observe
        self.value = vector(self.run())
        self.analytic: bool | None = None if case.complex_step else False

    def run(self, tangents: list | None = None, step: complex = 0.0) -> Any:
        arguments = self.case.arguments()
        if tangents is not None:
            arguments = shifted(arguments, self.argnums, tangents, step)
        return self.observe(self.case.function, arguments)

    def at(self, tangents: list, step: float) -> np.ndarray:
        moved = vector(self.run(tangents, step))
        if moved.shape != self.value.shape:
            raise ArithmeticError("the number of results changes within the step")
        return moved

    def along(self, tangents: list) -> Estimate:
        """Directional derivative."""
        estimate = extrapolated(lambda h: (self.at(tangents, h) - self.at(tangents, -h)) / (2 * h), STEP, LEVELS)
        if self.analytic is not False:
            exact = self.complex_step(tangents)
            self.analytic = exact is not None and agrees(exact, estimate, 1e-6)
            if self.analytic and exact is not None:
                scale = 1e-13 * float(np.max(np.abs(exact), initial=1.0))
                return Estimate(exact, min(estimate.error, scale))
        return estimate

    def complex_step(self, tangents: list, base: list | None = None, shift: float = 0.0) -> np.ndarray | None:
        """Imaginary part of the program at a point moved into the complex plane, or None where that fails."""
        if any(np.asarray(v).dtype.kind == "c" for v in leaves(self.case.arguments())):
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                arguments = self.case.arguments()
                if base is not None:
                    arguments = shifted(arguments, self.argnums, base, shift)
                arguments = shifted(arguments, self.argnums, tangents, 1j * COMPLEX_STEP)
                found = leaves(self.observe(self.case.function, arguments))
        except Exception:  # a program may object to complex numbers in any way it likes
            return None
        result = as_real([np.imag(v) / COMPLEX_STEP for v in found])
        return result if result.shape == self.value.shape and np.isfinite(result).all() else None

    def second(self, first: list, second: list, weights: np.ndarray) -> Estimate:
        """Mixed second directional derivative of ``weights @ numbers``."""
        if self.analytic is None:
            self.along(first)
        if self.analytic:
            def slope(h: float) -> np.ndarray:
                plus, minus = self.complex_step(first, second, h), self.complex_step(first, second, -h)
                if plus is None or minus is None:
                    raise Undecided("the complex step fails next to the point")
                return np.atleast_1d(weights @ (plus - minus)) / (2 * h)

            return extrapolated(slope, STEP, 7)

        def mixed(h: float) -> np.ndarray:
            total = 0.0
            for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                both = [s * np.asarray(a) + t * np.asarray(b) for a, b in zip(first, second, strict=True)]
                total += s * t * float(weights @ self.at(both, h))
            return np.atleast_1d(total / (4 * h * h))

        return extrapolated(mixed, 3 * STEP, 8)


def extrapolated(quotient: Callable[[float], np.ndarray], step: float, levels: int) -> Estimate:
    """Neville's scheme in powers of h**2 over halved steps; the entry with the smallest error estimate."""
    best: Estimate | None = None
    previous: list[np.ndarray] = []
    for k in range(levels):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                row = [quotient(step / 2**k)]
            except (ArithmeticError, ValueError):
                previous = []
                continue
        for j, above in enumerate(previous):
            factor = 4.0 ** (j + 1)
            row.append((factor * row[j] - above) / (factor - 1))
            error = max(_gap(row[j + 1], row[j]), _gap(row[j + 1], above))
            if best is None or error <= best.error:
                best = Estimate(row[j + 1], error)
        previous = row[:6]
    if best is None or not np.isfinite(best.error):
        raise Undecided("the difference quotients do not settle")
    return best


def _gap(a: np.ndarray, b: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        gap = np.max(np.abs(a - b), initial=0.0)
    return float(gap) if np.isfinite(gap) else np.inf


def agrees(got: np.ndarray, estimate: Estimate, rtol: float, atol: float = 1e-9) -> bool:
    """Whether `got` lies within the estimate's error and the tolerances."""
    if np.shape(got) != np.shape(estimate.value):
        return False
    scale = float(np.max(np.abs(estimate.value), initial=0.0))
    return _gap(np.asarray(got), estimate.value) <= rtol * scale + 20 * estimate.error + atol
