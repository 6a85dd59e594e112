"""BLAS wrappers of ``scipy.linalg.blas`` for band and packed matrices, rank updates and plane rotations, as programs.

Written like those of `_linalg_wrappers`: NumPy programs with the same effect, which write where the routine writes.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas

from .._registry import substitute
from ._linalg_tools import herm, tri
from ._linalg_wrappers import TYPES, _operand, _strided, _target


def packed_places(n, lower):
    """Rows and columns of the elements of a packed triangle, in their order."""
    if lower:
        j, i = np.triu_indices(n)
    else:
        j, i = np.tril_indices(n)
    return i, j


def from_packed(ap, n, lower):
    """The triangle that is packed in `ap`, as a matrix."""
    ap = np.asarray(ap)
    i, j = packed_places(n, lower)
    full = np.zeros((n, n), ap.dtype)
    full[i, j] = ap[:i.size]
    return full


def band_places(kl, ku, m, n):
    """Row in the band, row and column in the matrix, of each element of a band matrix."""
    i, j = np.indices((m, n))
    inside = (i - j <= kl) & (j - i <= ku)
    i, j = i[inside], j[inside]
    return ku + i - j, i, j


def from_band(ab, kl, ku, m, n):
    """The matrix that is stored by its diagonals."""
    ab = np.asarray(ab)
    row, i, j = band_places(kl, ku, m, n)
    full = np.zeros((m, n), ab.dtype)
    full[i, j] = ab[row, j]
    return full


def mirrored(triangle, lower, conjugate):
    """The symmetric or Hermitian matrix of one triangle."""
    strict = tri(triangle, bool(lower), 1)
    d = np.diagonal(triangle)
    return strict + (herm(strict) if conjugate else np.transpose(strict)) + np.diag(np.real(d) if conjugate else d)


def _multiply(p, dtype):
    """Products of band and packed matrices with vectors."""

    def product(matrix, alpha, x, incx, offx, beta, y, incy, offy, overwrite):
        rows, columns = matrix.shape
        found = alpha * (matrix @ _strided(np.asarray(x), columns, offx, incx))
        if y is None:
            out = np.zeros(1 + offy + (rows - 1) * abs(incy), dtype)
        else:
            out = _target(np.asarray(y), dtype, overwrite)
        window = _strided(out, rows, offy, incy)
        window[...] = found + beta * window
        return out

    @substitute(getattr(blas, f"{p}gbmv"))
    def gbmv(m, n, kl, ku, alpha, a, x, incx=1, offx=0, beta=0.0, y=None, incy=1, offy=0, trans=0, overwrite_y=0):
        matrix = _operand(from_band(a, kl, ku, m, n), trans)
        return product(matrix, alpha, x, incx, offx, beta, y, incy, offy, overwrite_y)

    for letter in ("h", "s") if p in "cz" else ("s",):
        if hasattr(blas, f"{p}{letter}bmv"):
            @substitute(getattr(blas, f"{p}{letter}bmv"))
            def sbmv(k, alpha, a, x, incx=1, offx=0, beta=0.0, y=None, incy=1, offy=0, lower=0, overwrite_y=0,
                     letter=letter):
                n = np.shape(a)[1]
                half = from_band(a, k if lower else 0, 0 if lower else k, n, n)
                return product(mirrored(half, lower, letter == "h"), alpha, x, incx, offx, beta, y, incy, offy, overwrite_y)

        if hasattr(blas, f"{p}{letter}pmv"):
            @substitute(getattr(blas, f"{p}{letter}pmv"))
            def spmv(n, alpha, ap, x, incx=1, offx=0, beta=0.0, y=None, incy=1, offy=0, lower=0, overwrite_y=0,
                     letter=letter):
                matrix = mirrored(from_packed(ap, n, lower), lower, letter == "h")
                return product(matrix, alpha, x, incx, offx, beta, y, incy, offy, overwrite_y)


def _triangular(p, dtype):
    """Products and solutions with triangles that are packed or stored by their diagonals."""

    def triangle(full, lower, diag):
        return tri(full, bool(lower), 1) + np.eye(full.shape[0], dtype=dtype) if diag else full

    def banded(k, a, lower, diag):
        n = np.shape(a)[1]
        return triangle(from_band(a, k if lower else 0, 0 if lower else k, n, n), lower, diag)

    def into(x, value, incx, offx, overwrite):
        out = _target(np.asarray(x), dtype, overwrite)
        window = _strided(out, value.size, offx, incx)
        window[...] = value
        return out

    def read(x, matrix, incx, offx):
        return _strided(np.asarray(x), matrix.shape[0], offx, incx)

    @substitute(getattr(blas, f"{p}tbmv"))
    def tbmv(k, a, x, incx=1, offx=0, lower=0, trans=0, diag=0, overwrite_x=0):
        m = _operand(banded(k, a, lower, diag), trans)
        return into(x, m @ read(x, m, incx, offx), incx, offx, overwrite_x)

    @substitute(getattr(blas, f"{p}tbsv"))
    def tbsv(k, a, x, incx=1, offx=0, lower=0, trans=0, diag=0, overwrite_x=0):
        m = _operand(banded(k, a, lower, diag), trans)
        return into(x, np.linalg.solve(m, read(x, m, incx, offx)), incx, offx, overwrite_x)

    @substitute(getattr(blas, f"{p}tpmv"))
    def tpmv(n, ap, x, incx=1, offx=0, lower=0, trans=0, diag=0, overwrite_x=0):
        m = _operand(triangle(from_packed(ap, n, lower), lower, diag), trans)
        return into(x, m @ read(x, m, incx, offx), incx, offx, overwrite_x)

    @substitute(getattr(blas, f"{p}tpsv"))
    def tpsv(n, ap, x, incx=1, offx=0, lower=0, trans=0, diag=0, overwrite_x=0):
        m = _operand(triangle(from_packed(ap, n, lower), lower, diag), trans)
        return into(x, np.linalg.solve(m, read(x, m, incx, offx)), incx, offx, overwrite_x)


def _updates(p, dtype):
    """Updates of rank one and two of a triangle, full or packed."""

    def outer(alpha, x, y, conjugate):
        """``alpha x x^H``, or ``alpha x y^H + conj(alpha) y x^H``; transposed only for symmetric updates."""
        bar = np.conj if conjugate else np.asarray
        if y is None:
            return alpha * np.outer(x, bar(x))
        return alpha * np.outer(x, bar(y)) + bar(np.asarray(alpha)) * np.outer(y, bar(x))

    def update(change, lower, a, overwrite, conjugate):
        n = change.shape[0]
        out = np.zeros((n, n), dtype, order="F") if a is None else _target(np.asarray(a), dtype, overwrite)
        both = tri(out + change, bool(lower))
        if conjugate:
            both = both - 1j * np.diag(np.imag(np.diagonal(both)))
        out[...] = both + tri(out, not lower, 1)
        return out

    def packed(change, n, ap, lower, overwrite, conjugate):
        out = _target(np.asarray(ap), dtype, overwrite)
        i, j = packed_places(n, lower)
        both = out[:i.size] + change[i, j]
        out[:i.size] = np.where(i == j, np.real(both), both) if conjugate else both
        return out

    for letter in ("he", "sy") if p in "cz" else ("sy",):
        conjugate, short = letter == "he", "h" if letter == "he" else "s"
        one = f"{p}{'her' if conjugate else 'syr'}"
        if hasattr(blas, one) and one not in ("ssyr", "dsyr"):
            @substitute(getattr(blas, one))
            def her(alpha, x, lower=0, incx=1, offx=0, n=None, a=None, overwrite_a=0, conjugate=conjugate):
                read = _strided(np.asarray(x), n, offx, incx)
                return update(outer(alpha, read, None, conjugate), lower, a, overwrite_a, conjugate)

        if hasattr(blas, one + "2"):
            @substitute(getattr(blas, one + "2"))
            def her2(alpha, x, y, lower=0, incx=1, offx=0, incy=1, offy=0, n=None, a=None, overwrite_a=0,
                     conjugate=conjugate):
                left, right = _strided(np.asarray(x), n, offx, incx), _strided(np.asarray(y), n, offy, incy)
                return update(outer(alpha, left, right, conjugate), lower, a, overwrite_a, conjugate)

        if hasattr(blas, one + "2k") and p in "cz":
            @substitute(getattr(blas, one + "2k"))
            def her2k(alpha, a, b, beta=0.0, c=None, trans=0, lower=0, overwrite_c=0, conjugate=conjugate):
                a, b = np.asarray(a), np.asarray(b)
                turn = herm if conjugate else np.transpose
                left = alpha * (turn(a) @ b if trans else a @ turn(b))
                change = left + turn(left)
                if c is not None:
                    old = _target(np.asarray(c), dtype, overwrite_c)
                    old[...] = tri(beta * old, bool(lower)) + tri(old, not lower, 1)
                    c = old
                return update(change, lower, c, 1, conjugate)

        if hasattr(blas, f"{p}{short}pr"):
            @substitute(getattr(blas, f"{p}{short}pr"))
            def hpr(n, alpha, x, ap, incx=1, offx=0, lower=0, overwrite_ap=0, conjugate=conjugate):
                read = _strided(np.asarray(x), n, offx, incx)
                return packed(outer(alpha, read, None, conjugate), n, ap, lower, overwrite_ap, conjugate)

        if hasattr(blas, f"{p}{short}pr2"):
            @substitute(getattr(blas, f"{p}{short}pr2"))
            def hpr2(n, alpha, x, y, ap, incx=1, offx=0, incy=1, offy=0, lower=0, overwrite_ap=0, conjugate=conjugate):
                left, right = _strided(np.asarray(x), n, offx, incx), _strided(np.asarray(y), n, offy, incy)
                return packed(outer(alpha, left, right, conjugate), n, ap, lower, overwrite_ap, conjugate)


def _rotations(p, dtype):
    """Plane rotations; scaling of a complex vector by a real number."""

    if p in "sd":
        @substitute(getattr(blas, f"{p}rotg"))
        def rotg(a, b):
            """``r`` takes the sign of the larger of the two; then ``c = a / r`` and ``s = b / r``."""
            a, b = np.asarray(a, dtype), np.asarray(b, dtype)
            roof = a if abs(a) > abs(b) else b
            if roof == 0:
                return dtype(1.0) + 0 * a, 0 * b
            r = np.copysign(1.0, roof) * np.hypot(a, b)
            return (a / r)[()], (b / r)[()]

        @substitute(getattr(blas, f"{p}rotm"))
        def rotm(x, y, param, n=None, offx=0, incx=1, offy=0, incy=1, overwrite_x=0, overwrite_y=0):
            first, second = _target(np.asarray(x), dtype, overwrite_x), _target(np.asarray(y), dtype, overwrite_y)
            left = _strided(first, n, offx, incx)
            right = _strided(second, len(left), offy, incy)
            flag, h11, h21, h12, h22 = (param[k] for k in range(5))
            if flag == -2:
                return first, second
            if flag == 0:
                h11, h22 = 1.0, 1.0
            elif flag == 1:
                h12, h21 = 1.0, -1.0
            turned = h11 * left + h12 * right, h21 * left + h22 * right
            left[...], right[...] = turned
            return first, second
        return

    real = {"c": "cs", "z": "zd"}[p]

    @substitute(getattr(blas, real + "scal"))
    def scal(a, x, n=None, offx=0, incx=1, overwrite_x=0):
        out = _target(np.asarray(x), dtype, overwrite_x)
        window = _strided(out, n, offx, incx)
        window[...] = a * window
        return out

    @substitute(getattr(blas, real + "rot"))
    def rot(x, y, c, s, n=None, offx=0, incx=1, offy=0, incy=1, overwrite_x=0, overwrite_y=0):
        first, second = _target(np.asarray(x), dtype, overwrite_x), _target(np.asarray(y), dtype, overwrite_y)
        left = _strided(first, n, offx, incx)
        right = _strided(second, len(left), offy, incy)
        turned = c * left + s * right, c * right - s * left
        left[...], right[...] = turned
        return first, second


for _p, _dtype in TYPES.items():
    _multiply(_p, _dtype)
    _triangular(_p, _dtype)
    _updates(_p, _dtype)
    _rotations(_p, _dtype)
