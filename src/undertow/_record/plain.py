"""Level 0: the operations themselves, as the interpreter below the first one."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np


def _store(value: Any, target: Any, index: Any) -> None:
    target[index] = value


def _not_contains(a: Any, b: Any) -> bool:
    return a not in b


class Plain:
    """What an interpreter calls when nothing is below it: Python and NumPy."""

    level = 0
    epoch = 0
    classes: dict[type, type] = {}

    def __init__(self) -> None:
        names = ("add sub mul truediv pow matmul floordiv mod and_ or_ xor lshift rshift neg pos invert lt le gt ge eq ne "
                 "iadd isub imul itruediv ipow imatmul ifloordiv imod iand ior ixor ilshift irshift getitem").split()
        self.hooks: dict[str, Any] = {name: getattr(operator, name) for name in names}
        self.hooks["setitem"] = _store
        self.hooks["contains"] = lambda a, b: a in b
        self.hooks["not_contains"] = _not_contains

    def callee(self, function: Any) -> Any:
        """The function itself."""
        return function

    def prepare(self, function: Any) -> Any:
        """The body of a rule, as it is."""
        return function

    def copy(self, array: Any) -> Any:
        """A copy of the same memory layout."""
        return np.array(array, order="K", copy=True, subok=False)

    def is_active(self, value: Any) -> bool:
        """Nothing is active here."""
        return False

    def call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return function(*args, **kwargs)


PLAIN = Plain()
