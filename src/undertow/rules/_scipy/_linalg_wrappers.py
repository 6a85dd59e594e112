"""Rules for the raw wrappers of ``scipy.linalg.blas`` and ``scipy.linalg.lapack`` in common use.

BLAS routines are replaced by NumPy programs with the same effect, writing into the destination where the wrapper
does: when it may be overwritten and has the wrapper's type and order.  LAPACK routines run themselves, on copies,
and have pullbacks; what ``overwrite_*`` leaves behind in their arguments is unspecified and not reproduced.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg as sl
from scipy.linalg import blas, lapack

from .._callables import active, attach, below, unknown
from .._registry import Refused, pullback, substitute, zero_derivative
from ..samples import Sample, array, definite, invertible
from ._linalg_tools import herm, tri

TYPES = {"s": np.float32, "d": np.float64, "c": np.complex64, "z": np.complex128}


def _operand(a, trans):
    return np.transpose(a) if trans == 1 else np.conj(np.transpose(a)) if trans == 2 else a


def _target(y, dtype, overwrite):
    """The array a wrapper would write into: `y` itself if it may and can be, else a copy."""
    fits = overwrite and y.dtype == dtype and y.flags.f_contiguous and y.flags.writeable
    return y if fits else np.array(y, dtype=dtype, order="F")


def _strided(x, n, offset, step):
    """The elements of a vector that a BLAS routine reads."""
    count = (x.size - 1 - offset) // abs(step) + 1 if n is None else n
    window = x[offset:offset + (count - 1) * abs(step) + 1:abs(step)]
    return window if step > 0 else window[::-1]


def _register_products(p, dtype):
    """gemm, symm, hemm, syrk, gemv, symv, hemv, ger and relatives for one type."""
    is_complex = p in "cz"

    @substitute(getattr(blas, f"{p}gemm"),
                samples=[Sample((1.5, array(2, 3, dtype=dtype), array(3, 2, dtype=dtype)))])
    def gemm(alpha, a, b, beta=0.0, c=None, trans_a=0, trans_b=0, overwrite_c=0):
        product = alpha * (_operand(np.asarray(a), trans_a) @ _operand(np.asarray(b), trans_b))
        if c is None:
            return np.asarray(product, dtype=dtype)
        out = _target(c, dtype, overwrite_c)
        out[...] = product + beta * c
        return out

    @substitute(getattr(blas, f"{p}gemv"), samples=[Sample((1.5, array(2, 3, dtype=dtype), array(3, dtype=dtype)))])
    def gemv(alpha, a, x, beta=0.0, y=None, offx=0, incx=1, offy=0, incy=1, trans=0, overwrite_y=0):
        m = _operand(np.asarray(a), trans)
        product = alpha * (m @ _strided(np.asarray(x), m.shape[1], offx, incx))
        if y is None and incy == 1:
            return np.asarray(product, dtype=dtype)
        out = np.zeros(1 + offy + (m.shape[0] - 1) * abs(incy), dtype) if y is None else _target(y, dtype, overwrite_y)
        window = _strided(out, m.shape[0], offy, incy)
        window[...] = product + beta * window
        return out

    for letter in ("sy", "he") if is_complex else ("sy",):
        _register_symmetric(p, dtype, letter)

    for name in ("geru", "gerc") if is_complex else ("ger",):
        _register_outer(p, dtype, name)


def _register_symmetric(p, dtype, letter):
    mirror = herm if letter == "he" else np.transpose

    def full(a, lower):
        strict = tri(a, lower, 1)
        d = np.diagonal(a)
        return strict + mirror(strict) + np.diag(np.real(d) if letter == "he" else d)

    if hasattr(blas, f"{p}{letter}mm"):
        @substitute(getattr(blas, f"{p}{letter}mm"))
        def symm(alpha, a, b, beta=0.0, c=None, side=0, lower=0, overwrite_c=0):
            m = full(np.asarray(a), lower)
            product = alpha * (np.asarray(b) @ m if side else m @ np.asarray(b))
            if c is None:
                return np.asarray(product, dtype=dtype)
            out = _target(c, dtype, overwrite_c)
            out[...] = product + beta * c
            return out

    if hasattr(blas, f"{p}{letter}mv"):
        @substitute(getattr(blas, f"{p}{letter}mv"))
        def symv(alpha, a, x, beta=0.0, y=None, offx=0, incx=1, offy=0, incy=1, lower=0, overwrite_y=0):
            m = full(np.asarray(a), lower)
            n = m.shape[0]
            product = alpha * (m @ _strided(np.asarray(x), n, offx, incx))
            if y is None and incy == 1:
                return np.asarray(product, dtype=dtype)
            out = np.zeros(1 + offy + (n - 1) * abs(incy), dtype) if y is None else _target(y, dtype, overwrite_y)
            window = _strided(out, n, offy, incy)
            window[...] = product + beta * window
            return out

    if hasattr(blas, f"{p}{letter}rk"):
        @substitute(getattr(blas, f"{p}{letter}rk"))
        def syrk(alpha, a, beta=0.0, c=None, trans=0, lower=0, overwrite_c=0):
            m = np.asarray(a)
            product = alpha * (mirror(m) @ m if trans else m @ mirror(m))
            out = np.zeros(product.shape, dtype, order="F") if c is None else _target(c, dtype, overwrite_c)
            out[...] = tri(product + beta * out, lower) + tri(out, not lower, 1)
            return out


def _register_outer(p, dtype, name):
    @substitute(getattr(blas, f"{p}{name}"), samples=[Sample((2.0, array(2, dtype=dtype), array(3, dtype=dtype)))])
    def ger(alpha, x, y, incx=1, incy=1, a=None, overwrite_x=1, overwrite_y=1, overwrite_a=0):
        right = np.asarray(y)[::incy]
        product = alpha * np.outer(np.asarray(x)[::incx], np.conj(right) if name == "gerc" else right)
        if a is None:
            return np.asarray(product, dtype=dtype)
        out = _target(a, dtype, overwrite_a)
        out[...] = a + product
        return out


def _register_vectors(p, dtype):
    """dot, nrm2, asum, axpy, scal for one type."""
    for name in ("dotu", "dotc") if p in "cz" else ("dot",):
        @substitute(getattr(blas, f"{p}{name}"),
                    samples=[Sample((array(3, dtype=dtype), array(3, seed=1, dtype=dtype)))])
        def dot(x, y, n=None, offx=0, incx=1, offy=0, incy=1, conjugate=name == "dotc"):
            left, right = _strided(np.asarray(x), n, offx, incx), _strided(np.asarray(y), n, offy, incy)
            return np.sum((np.conj(left) if conjugate else left) * right)

    prefix = {"s": "s", "d": "d", "c": "sc", "z": "dz"}[p]

    @substitute(getattr(blas, f"{prefix}nrm2"), samples=[Sample((array(3, dtype=dtype),))])
    def nrm2(x, n=None, offx=0, incx=1):
        return np.linalg.norm(_strided(np.asarray(x), n, offx, incx))

    @substitute(getattr(blas, f"{prefix}asum"), samples=[Sample((array(3, dtype=dtype),))])
    def asum(x, n=None, offx=0, incx=1):
        window = _strided(np.asarray(x), n, offx, incx)
        return np.sum(abs(np.real(window)) + abs(np.imag(window))) if p in "cz" else np.sum(abs(window))

    @substitute(getattr(blas, f"{p}axpy"), samples=[Sample((array(3, dtype=dtype), array(3, seed=1, dtype=dtype)))])
    def axpy(x, y, n=None, a=1.0, offx=0, incx=1, offy=0, incy=1):
        out = _target(np.asarray(y), dtype, True)
        read = _strided(np.asarray(x), n, offx, incx)
        window = _strided(out, len(read), offy, incy)
        window[...] = window + a * read
        return out

    @substitute(getattr(blas, f"{p}scal"), samples=[Sample((2.0, array(3, dtype=dtype)))])
    def scal(a, x, n=None, offx=0, incx=1):
        out = _target(np.asarray(x), dtype, True)
        window = _strided(out, n, offx, incx)
        window[...] = a * window
        return out


def _register_more_vectors(p, dtype):
    """copy, swap, rot, syr, syr2k and the place of the largest element for one type."""
    zero_derivative(getattr(blas, f"i{p}amax"))

    @substitute(getattr(blas, f"{p}copy"), samples=[Sample((array(3, dtype=dtype), array(3, seed=1, dtype=dtype)))])
    def copy(x, y, n=None, offx=0, incx=1, offy=0, incy=1):
        out = _target(np.asarray(y), dtype, True)
        read = _strided(np.asarray(x), n, offx, incx)
        window = _strided(out, len(read), offy, incy)
        window[...] = read
        return out

    @substitute(getattr(blas, f"{p}swap"))
    def swap(x, y, n=None, offx=0, incx=1, offy=0, incy=1):
        first, second = _target(np.asarray(x), dtype, True), _target(np.asarray(y), dtype, True)
        left = _strided(first, n, offx, incx)
        right = _strided(second, len(left), offy, incy)
        kept = np.array(left)
        left[...] = right
        right[...] = kept
        return first, second

    if p in "sd":
        @substitute(getattr(blas, f"{p}rot"))
        def rot(x, y, c, s, n=None, offx=0, incx=1, offy=0, incy=1, overwrite_x=0, overwrite_y=0):
            first, second = _target(np.asarray(x), dtype, overwrite_x), _target(np.asarray(y), dtype, overwrite_y)
            left = _strided(first, n, offx, incx)
            right = _strided(second, len(left), offy, incy)
            turned = c * left + s * right, c * right - s * left
            left[...] = turned[0]
            right[...] = turned[1]
            return first, second

        @substitute(getattr(blas, f"{p}syr"))
        def syr(alpha, x, lower=0, incx=1, offx=0, n=None, a=None, overwrite_a=0):
            read = _strided(np.asarray(x), n, offx, incx)
            out = np.zeros((len(read), len(read)), dtype, order="F") if a is None else _target(a, dtype, overwrite_a)
            out[...] = out + tri(alpha * np.outer(read, read), lower)
            return out

        @substitute(getattr(blas, f"{p}syr2k"))
        def syr2k(alpha, a, b, beta=0.0, c=None, trans=0, lower=0, overwrite_c=0):
            a, b = np.asarray(a), np.asarray(b)
            product = alpha * (a.T @ b + b.T @ a if trans else a @ b.T + b @ a.T)
            out = np.zeros(product.shape, dtype, order="F") if c is None else _target(c, dtype, overwrite_c)
            out[...] = tri(product + beta * out, lower) + tri(out, not lower, 1)
            return out


def _register_triangular(p, dtype):
    """trsv, trsm, trmv, trmm for one type."""

    @substitute(getattr(blas, f"{p}trsv"), samples=[Sample((invertible(3, dtype=dtype), array(3, dtype=dtype)))])
    def trsv(a, x, incx=1, offx=0, lower=0, trans=0, diag=0, overwrite_x=0):
        out = _target(np.asarray(x), dtype, overwrite_x)
        window = _strided(out, None, offx, incx)
        window[...] = sl.solve_triangular(a, window, trans, bool(lower), bool(diag))
        return out

    @substitute(getattr(blas, f"{p}trsm"),
                samples=[Sample((2.0, invertible(3, dtype=dtype), array(3, 2, dtype=dtype)))])
    def trsm(alpha, a, b, side=0, lower=0, trans_a=0, diag=0, overwrite_b=0):
        out = _target(np.asarray(b), dtype, overwrite_b)
        if not side:
            out[...] = alpha * sl.solve_triangular(a, out, trans_a, bool(lower), bool(diag))
        elif trans_a == 2:
            out[...] = alpha * np.conj(sl.solve_triangular(a, np.conj(out.T), 0, bool(lower), bool(diag))).T
        else:
            out[...] = alpha * sl.solve_triangular(a, out.T, 1 - trans_a, bool(lower), bool(diag)).T
        return out

    def triangle(a, lower, diag):
        return tri(a, lower, 1) + np.eye(a.shape[0], dtype=dtype) if diag else tri(a, lower)

    @substitute(getattr(blas, f"{p}trmv"), samples=[Sample((invertible(3, dtype=dtype), array(3, dtype=dtype)))])
    def trmv(a, x, offx=0, incx=1, lower=0, trans=0, diag=0, overwrite_x=0):
        out = _target(np.asarray(x), dtype, overwrite_x)
        window = _strided(out, None, offx, incx)
        window[...] = _operand(triangle(np.asarray(a), lower, diag), trans) @ window
        return out

    @substitute(getattr(blas, f"{p}trmm"),
                samples=[Sample((2.0, invertible(3, dtype=dtype), array(3, 2, dtype=dtype)))])
    def trmm(alpha, a, b, side=0, lower=0, trans_a=0, diag=0, overwrite_b=0):
        out = _target(np.asarray(b), dtype, overwrite_b)
        m = _operand(triangle(np.asarray(a), lower, diag), trans_a)
        out[...] = alpha * (out @ m if side else m @ out)
        return out


# ---- LAPACK --------------------------------------------------------------------------------------------------------


def _done(info, name):
    if info != 0:
        raise Refused(f"{name} failed (info = {info}), so its result is not the solution").error()


def _register_factorisations(p, dtype):
    potrf, getrf = getattr(lapack, f"{p}potrf"), getattr(lapack, f"{p}getrf")

    @pullback(potrf, cite="Murray 2016, equation 9", samples=[Sample((definite(3, dtype=dtype).astype(dtype), 1))],
              forward=lambda a, lower=0, clean=1, overwrite_a=0: (potrf(a, lower=lower, clean=clean), None))
    def potrf_pull(y, y_bar, a, lower=0, clean=1, overwrite_a=0, residuals=None):
        from .linalg import cholesky_bar

        _done(y[1], "potrf")
        bar = cholesky_bar(tri(y[0], lower), y_bar[0], bool(lower))
        return bar if clean else bar + tri(y_bar[0], not lower, 1)

    @pullback(getrf, cite="de Hoog, Anderssen and Lukas 2011", samples=[Sample((invertible(3, dtype=dtype),))],
              forward=lambda a, overwrite_a=0: (getrf(a), None))
    def getrf_pull(y, y_bar, a, overwrite_a=0, residuals=None):
        from .linalg import lu_bar, row_order

        packed, piv, info = y
        _done(info, "getrf")
        k = min(packed.shape)
        low = tri(packed, True, 1)[:, :k] + np.eye(packed.shape[0], k)
        bar = lu_bar(low, tri(packed, False)[:k], tri(y_bar[0], True, 1)[:, :k], tri(y_bar[0], False)[:k])
        return bar[np.argsort(row_order(piv, packed.shape[0]))]


def _register_solvers(p, dtype):
    potrs, getrs, trtrs = (getattr(lapack, p + name) for name in ("potrs", "getrs", "trtrs"))
    gesv, posv = getattr(lapack, f"{p}gesv"), getattr(lapack, f"{p}posv")

    @substitute(potrs, samples=[Sample((definite(3, dtype=dtype), array(3, dtype=dtype)))])
    def potrs_program(c, b, lower=0, overwrite_b=0):
        return sl.cho_solve((c, bool(lower)), b), 0

    @substitute(getrs, samples=[Sample((invertible(3, dtype=dtype), np.array([1, 2, 2]), array(3, dtype=dtype)))])
    def getrs_program(lu, piv, b, trans=0, overwrite_b=0):
        return sl.lu_solve((lu, piv), b, trans), 0

    @pullback(trtrs, argnums=(0, 1), cite="Giles 2008, 2.3.1",
              forward=lambda a, b, lower=0, trans=0, unitdiag=0, lda=None, overwrite_b=0:
              (trtrs(a, b, lower=lower, trans=trans, unitdiag=unitdiag), None),
              samples=[Sample((invertible(3, dtype=dtype), array(3, 2, dtype=dtype), 1))])
    def trtrs_pull(y, y_bar, a, b, lower=0, trans=0, unitdiag=0, lda=None, overwrite_b=0, residuals=None):
        from .linalg import triangular_bars

        _done(y[1], "trtrs")
        return triangular_bars(y[0], y_bar[0], a, b, trans, bool(lower), bool(unitdiag))

    @pullback(gesv, argnums=(0, 1), cite="Giles 2008, 2.3.1",
              forward=lambda a, b, overwrite_a=0, overwrite_b=0: (gesv(a, b), None),
              samples=[Sample((invertible(3, dtype=dtype), array(3, 2, dtype=dtype)))])
    def gesv_pull(y, y_bar, a, b, overwrite_a=0, overwrite_b=0, residuals=None):
        _done(y[3], "gesv")
        a_bar = np.zeros_like(a)
        b_bar = np.zeros_like(b)
        if y_bar[0] is not None and np.any(y_bar[0] != 0):
            from .linalg import lu_bar, row_order

            low, up = tri(y[0], True, 1) + np.eye(len(a)), tri(y[0], False)
            bar = lu_bar(low, up, tri(y_bar[0], True, 1), tri(y_bar[0], False))
            a_bar = a_bar + bar[np.argsort(row_order(y[1], len(a)))]
        if y_bar[2] is not None:
            b_bar = np.reshape(sl.solve(herm(a), y_bar[2]), b.shape)
            x = np.reshape(y[2], (len(a), -1))
            a_bar = a_bar - np.reshape(b_bar, x.shape) @ herm(x)
        return a_bar, b_bar

    @pullback(posv, argnums=(0, 1), cite="Giles 2008, 2.3.1; Murray 2016, equation 9",
              forward=lambda a, b, lower=0, overwrite_a=0, overwrite_b=0: (posv(a, b, lower=lower), None),
              samples=[Sample((definite(3, dtype=dtype).astype(dtype), array(3, 2, dtype=dtype), 1))])
    def posv_pull(y, y_bar, a, b, lower=0, overwrite_a=0, overwrite_b=0, residuals=None):
        from ._linalg_tools import bar_of_triangle
        from .linalg import cholesky_bar

        _done(y[2], "posv")
        a_bar, b_bar = np.zeros_like(a), np.zeros_like(b)
        if y_bar[0] is not None:
            a_bar = cholesky_bar(tri(y[0], lower), tri(y_bar[0], lower), bool(lower)) + tri(y_bar[0], not lower, 1)
        if y_bar[1] is not None:
            b_bar = np.reshape(sl.cho_solve((y[0], bool(lower)), y_bar[1]), b.shape)
            x = np.reshape(y[1], (len(a), -1))
            a_bar = a_bar + bar_of_triangle(-np.reshape(b_bar, x.shape) @ herm(x), lower)
        return a_bar, b_bar


def _register_banded(p, dtype):
    gbsv, gtsv = getattr(lapack, p + "gbsv"), getattr(lapack, p + "gtsv")

    @substitute(gbsv, cite="Giles 2008, 2.3.1")
    def gbsv_program(kl, ku, ab, b, overwrite_ab=0, overwrite_b=0):
        packed, pivots, x, info = below(gbsv, kl, ku, ab, b)
        if info == 0:
            solved = sl.solve_banded((kl, ku), np.asarray(ab)[kl:], b)
            x = attach(x, solved) if active(solved) else x
            packed = unknown(packed, np.sum(solved), "the factors of a band matrix have no rule")
        return packed, pivots, x, info

    @substitute(gtsv, cite="Giles 2008, 2.3.1")
    def gtsv_program(dl, d, du, b, overwrite_dl=0, overwrite_d=0, overwrite_du=0, overwrite_b=0):
        *packed, x, info = below(gtsv, dl, d, du, b)
        if info == 0:
            zero = np.zeros(1, np.asarray(d).dtype)
            rows = np.stack([np.concatenate([zero, du]), d, np.concatenate([dl, zero])])
            solved = sl.solve_banded((1, 1), rows, b)
            x = attach(x, solved) if active(solved) else x
            packed = [unknown(v, np.sum(solved), "the factors of a band matrix have no rule") for v in packed]
        return (*packed, x, info)


for _p, _dtype in TYPES.items():
    _register_products(_p, _dtype)
    _register_vectors(_p, _dtype)
    _register_more_vectors(_p, _dtype)
    _register_triangular(_p, _dtype)
    _register_factorisations(_p, _dtype)
    _register_solvers(_p, _dtype)
    _register_banded(_p, _dtype)
