"""Functions of NumPy whose results carry no derivative: queries, predicates, positions, counts, text."""

from __future__ import annotations

import numpy as np

from .._registry import zero_derivative
from ..samples import Sample, array, real

one = [Sample((array(2, 3),)), Sample((array(5),))]
vectors = [Sample((array(5),))]

# Shapes and types
zero_derivative(np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.isscalar, np.isfortran, samples=one)
zero_derivative(np.result_type, np.min_scalar_type, np.common_type, samples=one)
zero_derivative(np.can_cast, np.promote_types, np.issubdtype, np.isdtype, np.iterable, np.mintypecode, np.typename)
zero_derivative(np.shares_memory, np.may_share_memory, samples=[Sample((array(3), array(3)))])
zero_derivative(np.broadcast_shapes)

# Like-shaped constants
zero_derivative(np.zeros_like, np.ones_like, np.empty_like, samples=one)
zero_derivative(np.empty, np.zeros, np.ones, np.eye, np.identity, np.tri, np.indices)

# Positions
zero_derivative(np.argmax, np.argmin, np.ndarray.argmax, np.ndarray.argmin, np.nanargmax, np.nanargmin,
                jumps=lambda a, *args, **kwargs: np.diff(np.sort(a, axis=None)), samples=one)
zero_derivative(np.argsort, np.ndarray.argsort, jumps=lambda a, *args, **kwargs: np.diff(np.sort(a, axis=None)),
                samples=one)
zero_derivative(np.argpartition, np.ndarray.argpartition, samples=[Sample((array(5), 2))])
zero_derivative(np.lexsort, samples=[Sample(((array(5), array(5, seed=1)),))])
zero_derivative(np.nonzero, np.ndarray.nonzero, np.flatnonzero, np.argwhere, samples=one)
zero_derivative(np.searchsorted, np.ndarray.searchsorted, np.digitize,
                samples=[Sample((np.sort(array(5)), np.sort(array(3))))])
zero_derivative(np._core.multiarray._monotonicity, samples=vectors)
zero_derivative(np.ravel_multi_index, np.unravel_index)

# Predicates
zero_derivative(np.all, np.any, np.ndarray.all, np.ndarray.any, np.count_nonzero, np.iscomplex, np.isreal,
                samples=one)
zero_derivative(np.isneginf, np.isposinf, samples=real)
zero_derivative(np.isclose, np.allclose, np.array_equal, np.array_equiv,
                samples=[Sample((array(3), array(3, seed=1)))])
zero_derivative(np.isin, samples=[Sample((array(3), array(3)))])

# Steps
zero_derivative(np.fix, jumps=lambda x: x - np.rint(x), samples=real)
zero_derivative(np.round, np.around, np.ndarray.round, samples=one,
                jumps=lambda x, decimals=0, out=None: x * 10.0**decimals - 0.5 - np.rint(x * 10.0**decimals - 0.5))

# Numbers that came out of data for good: text, bytes, ranks
zero_derivative(np.array2string, np.array_str, np.array_repr, np.format_float_positional,
                np.format_float_scientific, samples=[Sample((array(),))])
zero_derivative(np.linalg.matrix_rank, samples=[Sample((array(3, 3),))])
