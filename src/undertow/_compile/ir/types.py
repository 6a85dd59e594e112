"""Types of IR values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ScalarType:
    """A machine number: ``bool``, ``i64``, ``f32`` or ``f64``; ``f64x8`` is one for each of eight iterations."""

    name: str

    @property
    def is_float(self) -> bool:
        return self.name[0] == "f"

    @property
    def dtype(self) -> np.dtype:
        return np.dtype({"bool": "bool", "i64": "int64", "f64": "float64", "f32": "float32",
                         "c128": "complex128"}[self.name])

    @property
    def lanes(self) -> int:
        """How many iterations it has a number for; 0 for an ordinary one."""
        return int(self.name.partition("x")[2] or 0)

    @property
    def lane(self) -> ScalarType:
        """The type of the number of one iteration."""
        return ScalarType(self.name.partition("x")[0])

    def in_lanes(self, count: int) -> ScalarType:
        return ScalarType(f"{self.lane.name}x{count}")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ArrayType:
    """Memory of known element type and number of axes; strides are a run-time matter."""

    element: ScalarType
    ndim: int

    @property
    def is_float(self) -> bool:
        return self.element.is_float

    def __str__(self) -> str:
        return f"{self.element}[{self.ndim}]"


Type = ScalarType | ArrayType

BOOL, I64, F32, F64 = (ScalarType(n) for n in ("bool", "i64", "f32", "f64"))
C128 = ScalarType("c128")  # of no operation: the frontend writes complex numbers as pairs of real ones
BY_DTYPE = {np.dtype("bool"): BOOL, np.dtype("int64"): I64, np.dtype("float64"): F64, np.dtype("float32"): F32}


def parse_type(text: str) -> Type:
    """Inverse of ``str(type)``."""
    if text.endswith("]"):
        element, ndim = text[:-1].split("[")
        return ArrayType(ScalarType(element), int(ndim))
    return ScalarType(text)
