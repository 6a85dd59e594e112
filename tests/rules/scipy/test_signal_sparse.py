"""Leaves of `scipy.signal` against differences, and programs of sparse routines against the routines."""

from __future__ import annotations

import numpy as np
import pytest
from checks import arguments, check
from scipy import sparse as sps
from scipy.sparse import _sparsetools as st

from undertow.rules import lookup
from undertow.rules._scipy import interpolate, linalg, signal, sparse, spatial  # noqa: F401


@pytest.mark.parametrize(("rule", "k"), [*arguments("_scipy.signal"), *arguments("_scipy._sparse"), *arguments("_scipy.spatial"), *arguments("_scipy._spl"), *arguments("_scipy._linalg_derived")])
def test_rule_against_differences(rule, k):
    """The recursive filter in its input and both sets of coefficients."""
    check(rule, k)


A = sps.random_array((5, 4), density=0.5, rng=np.random.default_rng(0), format="csr")
C = A.tocsc()
COO = sps.coo_array((np.arange(1.0, 5.0), ([0, 2, 2, 4], [1, 1, 1, 3])), shape=(5, 4))  # with duplicates
X = np.arange(1.0, 5.0)
XS = np.arange(12.0)
CALLS = [
    (st.csr_matvec, (5, 4, A.indptr, A.indices, A.data, X), (5,)),
    (st.csc_matvec, (5, 4, C.indptr, C.indices, C.data, X), (5,)),
    (st.csr_matvecs, (5, 4, 3, A.indptr, A.indices, A.data, XS), (15,)),
    (st.csc_matvecs, (5, 4, 3, C.indptr, C.indices, C.data, XS), (15,)),
    (st.coo_matvec, (4, *(c.astype(np.int32) for c in COO.coords), COO.data, X), (5,)),
    (st.csr_todense, (5, 4, A.indptr, A.indices, A.data), (5, 4)),
]


@pytest.mark.parametrize(("function", "args", "shape"), CALLS, ids=lambda v: getattr(v, "__name__", ""))
def test_program_adds_what_the_routine_adds(function, args, shape):
    """Both add into memory that already holds something."""
    theirs, ours = np.full(shape, 0.25), np.full(shape, 0.25)
    function(*args, theirs)
    lookup(function).pull(*args, ours)
    np.testing.assert_allclose(ours, theirs)
