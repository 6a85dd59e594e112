"""NumPy functions that rearrange arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._refusal import NotCompilable
from .registry import numpy_function
from .values import Sequence

__all__ = ["Shaping"]


class Shaping:
    """Lowers rearrangements; expects the other mixins beside it."""

    @numpy_function(np.transpose, method="transpose")
    def np_transpose(self, a: Any, *axes: Any) -> Any:
        order = [x.obj for x in (axes[0].items if len(axes) == 1 and isinstance(axes[0], Sequence) else axes)]
        return self.transpose(a, order or list(range(len(a.dims)))[::-1])

    @numpy_function(np.ravel, method="ravel")
    def np_ravel(self, a: Any) -> Any:
        if len(a.dims) == 1:
            return a
        raise NotCompilable("`ravel` of more than one axis")

    @numpy_function(np.shape)
    def np_shape(self, a: Any) -> Any:
        return self.array_attribute(a, "shape")
