"""Derivative rules of NumPy, one module a domain.  Importing this package registers them all."""

from . import (
    creation as creation,
    fft as fft,
    indexing as indexing,
    linalg as linalg,
    memory as memory,
    products as products,
    random as random,
    reductions as reductions,
    shape as shape,
    sorting as sorting,
    ufunc_methods as ufunc_methods,
    ufuncs as ufuncs,
    zero as zero,
)
from ._aliases import register as _register_aliases

_register_aliases()
