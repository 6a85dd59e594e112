"""What native code knows of a library routine: its operands, how it is called, and its derivative as array programs.

A routine writes to memory that was just allocated for it and reads the rest. Its derivative is not written in the
intermediate form: `pull` and `push` are plain NumPy programs, lowered like the user's own, which may call routines
again, so that derivatives of any order are native.

``Routine("solved", "lu(n,n), piv(n)i, b(n,r) -> x(n,r)", ...)``: extents are letters, numbers, ``min(m,n)`` or
``n//2+1``; ``i`` marks integers, ``c`` complex numbers, ``x`` floats that carry no derivative; an operand without extents
is an integer, which names an extent. Programs may use what carries a derivative and integers, nothing else.

- ``pull(*outs, *ins, *out_bars, *in_bars, **flags)`` adds to the cotangents of the inputs in place;
- ``push(*outs, *ins, *in_dots, *out_dots, **flags)`` sets the tangents of the outputs.

Bars and dots are of the operands that hold floats alone. Those of inputs are None where they are not active.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

__all__ = ["ROUTINES", "Lapack", "Loop", "Operand", "Routine"]


class Operand(NamedTuple):
    """An operand: memory of these extents, or (`dims` is None) an integer."""

    name: str
    dims: tuple[str, ...] | None
    kind: str = ""  # i: integers, c: complex numbers, x: floats without a derivative, else floats with one

    @property
    def carries(self) -> bool:
        """Whether it has a derivative."""
        return self.dims is not None and self.kind not in ("i", "x")


@dataclass(frozen=True)
class Lapack:
    """A routine of BLAS or LAPACK in Fortran's calling convention.

    Attributes
    ----------
    symbol : str
        Its name, without the letter of the type unless `letter` is given.
    args : str
        Names of operands, letters of extents, ``'T'`` for a character, numbers.
    copies : tuple of (str, str)
        Outputs that start as copies of inputs.
    """

    symbol: str
    args: str
    copies: tuple = ()
    letter: str | None = None
    check: Callable[[], bool] | None = None  # whether the library that is installed is as it is called

    def name(self, element: str) -> str:
        """Its name for a float type."""
        return (self.letter or ("d" if element == "f64" else "s")) + self.symbol


@dataclass(frozen=True)
class Loop:
    """The inner loop of a (generalized) universal function, which NumPy and SciPy give for the types of its operands.

    Attributes
    ----------
    module, names : str, tuple of str
        Where the function is; the first of the names that is there is taken.
    types : str
        As in ``ufunc.types``, with ``*`` for the float type in question.
    args : str
        Names of operands and constants, inputs first.
    dims : str
        Letters of the core extents in the order of the function's signature.
    outer : str
        The letter over which the loop runs, if any: the first extent of its operands.
    copies : tuple of (str, str)
    """

    module: str
    names: tuple
    types: str
    args: str
    dims: str
    outer: str = ""
    copies: tuple = ()

    def typed(self, element: str) -> str:
        """The types of its operands."""
        return self.types.replace("*", "d" if element == "f64" else "f")

    def find(self, element: str) -> np.ufunc | None:
        """The function, if it knows these types."""
        owner = importlib.import_module(self.module)
        f = next((getattr(owner, n) for n in self.names if hasattr(owner, n)), None)
        return f if isinstance(f, np.ufunc) and self.typed(element) in f.types else None


ROUTINES: dict[str, Routine] = {}


@dataclass(eq=False)
class Routine:
    """A library routine; programs call it as if it were a function that returns its outputs."""

    name: str
    signature: str
    native: Callable[..., Lapack | Loop | tuple]
    zeroed: tuple[str, ...] = ("info",)  # outputs that are zero before the call
    ins: tuple[Operand, ...] = field(init=False)
    outs: tuple[Operand, ...] = field(init=False)
    pull: Callable | None = None
    push: Callable | None = None

    def __post_init__(self) -> None:
        left, _, right = self.signature.partition("->")
        self.ins, self.outs = (tuple(_operand(*found) for found in re.findall(
            r"(\w+)(?:\(((?:[^()]|\([^()]*\))*)\)([icx]?))?\s*(?:,|$)", side.strip())) for side in (left, right))
        ROUTINES[self.name] = self

    def __call__(self, *args: Any, **flags: Any) -> Any:
        raise NotImplementedError("only compiled programs call a routine")

    def calls(self, flags: dict) -> tuple:
        """The calls it consists of."""
        found = self.native(**flags)
        return found if isinstance(found, tuple) else (found,)

    def available(self, element: str, flags: dict) -> bool:
        """Whether the libraries that are installed have it for a float type."""
        return all((x.check is None or x.check()) if isinstance(x, Lapack) else x.find(element) is not None
                   for x in self.calls(flags))

    def in_double(self, flags: dict) -> bool:
        """Whether NumPy computes it in double precision whatever it is given, as its linear algebra does."""
        return any(isinstance(x, Loop) and x.module == "numpy.linalg._umath_linalg" for x in self.calls(flags))

    def runtime_name(self, element: str, flags: tuple) -> str:
        """What generated code calls it."""
        return "_".join(["library", self.name, element, *(f"{k}{int(v)}" for k, v in flags)])

    @staticmethod
    def named(text: str) -> tuple[Routine, str, dict]:
        """Inverse of `runtime_name`."""
        parts = text.split("_")[1:]
        at = next(k for k, p in enumerate(parts) if p in ("f64", "f32"))
        flags = {m[1]: int(m[2]) for p in parts[at + 1:] if (m := re.fullmatch(r"([a-z]+)(\d+)", p))}
        return ROUTINES["_".join(parts[:at])], parts[at], flags


def _operand(name: str, dims: str, kind: str) -> Operand:
    if not dims:
        return Operand(name, None)
    return Operand(name, tuple(re.findall(r"min\(\w+,\w+\)|[\w/+]+", dims.replace(" ", ""))), kind)
