"""What the suites know about one program of the corpus.

Programs are ordinary code: they import no derivative tool and know nothing of the harness. A program is put
in the corpus by a decorator that returns it unchanged::

    case = Corpus(__name__)

    @case(vec(5), 2.0)
    def scaled(x, a):
        x *= a
        return x.sum()

The decorator's positional arguments describe the program's arguments. They are built afresh for each run, so
a program may change them at will.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Case", "Corpus", "Make", "cvec", "int_vec", "make", "mat", "pos", "vec"]


class Make:
    """An argument that a function of a random generator builds."""

    def __init__(self, build: Callable[[np.random.Generator], Any]) -> None:
        self.build = build


def make(build: Callable[[np.random.Generator], Any]) -> Make:
    """Argument built by `build(rng)`."""
    return Make(build)


def vec(n: int, low: float = -1.0, high: float = 1.0) -> Make:
    """Random float64 vector."""
    return Make(lambda rng: rng.uniform(low, high, n))


def mat(*shape: int, low: float = -1.0, high: float = 1.0) -> Make:
    """Random float64 array."""
    return Make(lambda rng: rng.uniform(low, high, shape))


def pos(*shape: int, low: float = 0.5, high: float = 2.0) -> Make:
    """Random positive float64 array."""
    return Make(lambda rng: rng.uniform(low, high, shape))


def cvec(*shape: int) -> Make:
    """Random complex128 array."""
    return Make(lambda rng: rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape))


def int_vec(*values: int) -> Make:
    """int64 vector."""
    return Make(lambda rng: np.array(values, dtype=np.int64))


def _realise(spec: Any, rng: np.random.Generator) -> Any:
    if isinstance(spec, Make):
        return spec.build(rng)
    if type(spec) in (tuple, list):
        return type(spec)(_realise(item, rng) for item in spec)
    if type(spec) is dict:
        return {key: _realise(item, rng) for key, item in spec.items()}
    return copy.deepcopy(spec)


@dataclass(frozen=True, eq=False)
class Case:
    """One program with its arguments and what is known about it.

    Attributes
    ----------
    name : str
        ``module.function`` with a number where a program occurs several times.
    function : callable
    specs : tuple
        How to build the positional arguments.
    argnums : tuple of int or None
        Arguments to differentiate. None: all that hold a float or complex number.
    value, gradient : object
        Known answers (`gradient` is that of a scalar result with respect to the first of `argnums`, or a tuple).
    nested : bool
        Second derivatives exist and are affordable.
    differences : bool
        The oracle of differences applies (False where only the known answer does).
    complex_step : bool
        The oracle may try complex arguments.
    zero : bool
        The derivative is exactly zero although the result varies in steps.
    raises : type or None
        The program itself raises this.
    refused : bool
        The derivative must be refused.
    either : bool
        Right or refused are both kept promises.
    reset : callable or None
        Puts module state back before each run.
    slow : bool
        Left out of the quick suite.
    rtol : float
        Relative tolerance of derivatives.
    """

    name: str
    function: Callable
    specs: tuple
    argnums: tuple[int, ...] | None = None
    value: Any = None
    gradient: Any = None
    nested: bool = True
    differences: bool = True
    complex_step: bool = True
    zero: bool = False
    raises: type | None = None
    refused: bool = False
    either: bool = False
    reset: Callable[[], None] | None = None
    slow: bool = False
    rtol: float = 1e-6

    def arguments(self) -> tuple:
        """Fresh arguments, the same values each time."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        if self.reset is not None:
            self.reset()
        return tuple(_realise(spec, rng) for spec in self.specs)


class Corpus:
    """The cases of one module; call it to decorate a program."""

    def __init__(self, module: str) -> None:
        self.module = module.rpartition(".")[2]
        self.cases: dict[str, Case] = {}

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases.values())

    def __call__(self, *specs: Any, **known: Any) -> Callable[[Callable], Callable]:
        def register(function: Callable) -> Callable:
            self.add(function, *specs, **known)
            return function

        return register

    def add(self, function: Callable, *specs: Any, name: str | None = None, **known: Any) -> None:
        """Register `function`; for programs that no decorator can stand above."""
        base = f"{self.module}.{name or getattr(function, '__name__', type(function).__name__)}"
        full, count = base, 1
        while full in self.cases:
            count += 1
            full = f"{base}_{count}"
        if isinstance(known.get("argnums"), int):
            known["argnums"] = (known["argnums"],)
        self.cases[full] = Case(full, function, specs, **known)
