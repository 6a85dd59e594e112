"""How a trap is put on the list: a program and what makes its arguments."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["M", "Traps", "V"]


class Traps:
    """Programs with makers of their arguments, each called afresh; anything else is copied."""

    def __init__(self) -> None:
        self.programs: list[tuple[Callable, tuple]] = []

    def __call__(self, *makers: Any) -> Callable:
        def register(f: Callable) -> Callable:
            self.programs.append((f, makers))
            return f

        return register


def arguments(makers: tuple) -> list:
    """Fresh arguments."""
    return [m() if callable(m) else copy.deepcopy(m) for m in makers]


def V(n: int = 6) -> Callable[[], np.ndarray]:
    """A vector of both signs."""
    return lambda: np.linspace(-0.7, 1.3, n) * np.array([1, -1] * (n // 2) + [1] * (n % 2))


def M(*shape: int) -> Callable[[], np.ndarray]:
    """A matrix."""
    return lambda: np.sin(np.arange(1.0, 1 + math.prod(shape))).reshape(shape)
