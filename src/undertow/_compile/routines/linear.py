"""Factorisations of matrices and what is solved with them.

Right-hand sides are rows: a row-major matrix is to Fortran its transpose, column by column.
"""

from __future__ import annotations

import numpy as np

from .routine import Lapack, Loop, Routine

__all__ = ["banded_factor", "banded_solved", "cholesky_factor", "complex_factor", "complex_solved", "condition", "determinant", "factor", "log_determinant", "orthonormal", "singular", "solved", "spectrum", "spectrum_by_columns",
           "triangular"]

_LINALG = "numpy.linalg._umath_linalg"


def _triangle_of(t, like, upper, unit):
    """The part of `t` that a triangular matrix is read from."""
    n = t.shape[0]
    less = 1 if unit else 0
    for i in range(n):
        if upper:
            for j in range(i + less, n):
                like[i, j] += t[i, j]
        else:
            for j in range(i + 1 - less):
                like[i, j] += t[i, j]


# ---- LU: the factors stand for the matrix, whose (co)tangent theirs is
factor = Routine("factor", "a(n,n) -> lu(n,n), piv(n)i, info(1)i", lambda: Lapack(
    "getrf", "n n lu n piv info", (("lu", "a"),)))
solved = Routine("solved", "lu(n,n), piv(n)i, b(r,n) -> x(r,n), info(1)i", lambda transposed: Lapack(
    "getrs", f"'{'N' if transposed else 'T'}' n r lu n piv x n info", (("x", "b"),)))


def factor_pull(lu, piv, info, a, lu_bar, a_bar):
    a_bar += lu_bar


def factor_push(lu, piv, info, a, a_dot, lu_dot):
    lu_dot[:, :] = a_dot


def solved_pull(x, info, lu, piv, b, x_bar, lu_bar, b_bar, transposed):
    g, _ = solved(lu, piv, x_bar, transposed=not transposed)
    if b_bar is not None:
        b_bar += g
    if lu_bar is not None:
        lu_bar -= x.T @ g if transposed else g.T @ x


def solved_push(x, info, lu, piv, b, lu_dot, b_dot, x_dot, transposed):
    rest = np.zeros_like(x)
    if b_dot is not None:
        rest += b_dot
    if lu_dot is not None:
        rest -= x @ lu_dot if transposed else x @ lu_dot.T
    x_dot[:, :] = solved(lu, piv, rest, transposed=transposed)[0]


factor.pull, factor.push, solved.pull, solved.push = factor_pull, factor_push, solved_pull, solved_push


# ---- the same of complex matrices; cotangents are those of real and imaginary part
complex_factor = Routine("complex_factor", "a(n,n)c -> lu(n,n)c, piv(n)i, info(1)i", lambda: Lapack(
    "getrf", "n n lu n piv info", (("lu", "a"),), "z"))
complex_solved = Routine("complex_solved", "lu(n,n)c, piv(n)i, b(r,n)c -> x(r,n)c, info(1)i", lambda transposed: Lapack(
    "getrs", f"'{'N' if transposed else 'T'}' n r lu n piv x n info", (("x", "b"),), "z"))


def complex_solved_pull(x, info, lu, piv, b, x_bar, lu_bar, b_bar, transposed):
    g = np.conj(complex_solved(lu, piv, np.conj(x_bar), transposed=not transposed)[0])
    if b_bar is not None:
        b_bar += g
    if lu_bar is not None:
        lu_bar -= np.conj(x).T @ g if transposed else g.T @ np.conj(x)


def complex_solved_push(x, info, lu, piv, b, lu_dot, b_dot, x_dot, transposed):
    rest = np.zeros_like(x)
    if b_dot is not None:
        rest += b_dot
    if lu_dot is not None:
        rest -= x @ lu_dot if transposed else x @ lu_dot.T
    x_dot[:, :] = complex_solved(lu, piv, rest, transposed=transposed)[0]


complex_factor.pull, complex_factor.push = factor_pull, factor_push
complex_solved.pull, complex_solved.push = complex_solved_pull, complex_solved_push


def inverse(a):
    lu, piv, _ = factor(a)
    return solved(lu, piv, np.eye(a.shape[0], dtype=a.dtype), transposed=False)[0].T


# ---- the reciprocal condition, of the factors
condition = Routine("condition", "lu(n,n), norm(1) -> rcond(1)x, work(4,n)x, iwork(n)i, info(1)i", lambda: Lapack(
    "gecon", "'1' n lu n norm rcond work iwork info"))

# ---- banded matrices in the storage of LAPACK: row j holds column j; as `factor`, the factors stand for the matrix
banded_factor = Routine("banded_factor", "w(n,h), l, u -> f(n,h), piv(n)i, info(1)i", lambda: Lapack(
    "gbtrf", "n n l u f h piv info", (("f", "w"),)))
banded_solved = Routine("banded_solved", "f(n,h), piv(n)i, l, u, b(r,n) -> x(r,n), info(1)i", lambda transposed: Lapack(
    "gbtrs", f"'{'T' if transposed else 'N'}' n l u r f h piv x n info", (("x", "b"),)))


def banded_factor_pull(f, piv, info, w, l, u, f_bar, w_bar):
    w_bar += f_bar


def banded_factor_push(f, piv, info, w, l, u, w_dot, f_dot):
    f_dot[:, :] = w_dot


def banded_solved_pull(x, info, f, piv, l, u, b, x_bar, f_bar, b_bar, transposed):
    g, _ = banded_solved(f, piv, l, u, x_bar, transposed=not transposed)
    if b_bar is not None:
        b_bar += g
    if f_bar is not None:
        n = f_bar.shape[0]
        for r in range(x.shape[0]):
            for j in range(n):
                for i in range(max(0, j - u), min(n, j + l + 1)):
                    f_bar[j, l + u + i - j] -= g[r, j] * x[r, i] if transposed else g[r, i] * x[r, j]


def banded_solved_push(x, info, f, piv, l, u, b, f_dot, b_dot, x_dot, transposed):
    rest = np.zeros_like(x)
    if b_dot is not None:
        rest += b_dot
    if f_dot is not None:
        n = f_dot.shape[0]
        for r in range(x.shape[0]):
            for j in range(n):
                for i in range(max(0, j - u), min(n, j + l + 1)):
                    if transposed:
                        rest[r, j] -= f_dot[j, l + u + i - j] * x[r, i]
                    else:
                        rest[r, i] -= f_dot[j, l + u + i - j] * x[r, j]
    x_dot[:, :] = banded_solved(f, piv, l, u, rest, transposed=transposed)[0]


banded_factor.pull, banded_factor.push = banded_factor_pull, banded_factor_push
banded_solved.pull, banded_solved.push = banded_solved_pull, banded_solved_push

# ---- determinants
determinant = Routine("determinant", "a(n,n) -> d(1)", lambda: Loop(_LINALG, ("det",), "*->*", "a d", "n"))
log_determinant = Routine("log_determinant", "a(n,n) -> s(1), d(1)", lambda: Loop(
    _LINALG, ("slogdet",), "*->**", "a s d", "n"))


def determinant_pull(d, a, d_bar, a_bar):
    a_bar += d_bar[0] * d[0] * inverse(a).T


def determinant_push(d, a, a_dot, d_dot):
    d_dot[0] = d[0] * np.sum(inverse(a).T * a_dot)


def log_determinant_pull(s, d, a, s_bar, d_bar, a_bar):
    a_bar += d_bar[0] * inverse(a).T


def log_determinant_push(s, d, a, a_dot, s_dot, d_dot):
    s_dot[0] = 0.0
    d_dot[0] = np.sum(inverse(a).T * a_dot)


determinant.pull, determinant.push = determinant_pull, determinant_push
log_determinant.pull, log_determinant.push = log_determinant_pull, log_determinant_push

# ---- triangular systems
triangular = Routine("triangular", "l(n,n), b(r,n) -> x(r,n)", lambda upper, transposed, unit: Lapack(
    "trsm", f"'L' '{'L' if upper else 'U'}' '{'N' if transposed else 'T'}' '{'U' if unit else 'N'}' n r 1.0 l n x n",
    (("x", "b"),)))


def triangular_pull(x, l, b, x_bar, l_bar, b_bar, upper, transposed, unit):
    g = triangular(l, x_bar, upper=upper, transposed=not transposed, unit=unit)
    if b_bar is not None:
        b_bar += g
    if l_bar is not None:
        _triangle_of(-(x.T @ g) if transposed else -(g.T @ x), l_bar, upper, unit)


def triangular_push(x, l, b, l_dot, b_dot, x_dot, upper, transposed, unit):
    rest = np.zeros_like(x)
    if b_dot is not None:
        rest += b_dot
    if l_dot is not None:
        t = np.zeros_like(l_dot)
        _triangle_of(l_dot, t, upper, unit)
        rest -= x @ t if transposed else x @ t.T
    x_dot[:, :] = triangular(l, rest, upper=upper, transposed=transposed, unit=unit)


triangular.pull, triangular.push = triangular_pull, triangular_push

# ---- Cholesky (Murray 2016, section 3), of the lower triangle
cholesky_factor = Routine("cholesky_factor", "a(n,n) -> low(n,n)", lambda: Loop(
    _LINALG, ("cholesky_lo",), "*->*", "a low", "n"))


def _phi(t):
    """The lower triangle, half of the diagonal."""
    out = np.zeros_like(t)
    for i in range(t.shape[0]):
        for j in range(i):
            out[i, j] = t[i, j]
        out[i, i] = 0.5 * t[i, i]
    return out


def _folded(s, a_bar):
    """Add the cotangent of a symmetric matrix to that of its lower triangle."""
    for i in range(s.shape[0]):
        for j in range(i):
            a_bar[i, j] += s[i, j] + s[j, i]
        a_bar[i, i] += s[i, i]


def _symmetric(a):
    """The symmetric matrix of a lower triangle."""
    out = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(i):
            out[i, j] = a[i, j]
            out[j, i] = a[i, j]
        out[i, i] = a[i, i]
    return out


def cholesky_pull(low, a, low_bar, a_bar):
    below = np.zeros_like(low)
    _triangle_of(low_bar, below, False, False)
    y = triangular(low, _phi(low.T @ below), upper=False, transposed=True, unit=False)
    _folded(triangular(low, y.T, upper=False, transposed=True, unit=False), a_bar)


def cholesky_push(low, a, a_dot, low_dot):
    y = triangular(low, _symmetric(a_dot), upper=False, transposed=False, unit=False)
    z = triangular(low, y.T, upper=False, transposed=False, unit=False)
    low_dot[:, :] = low @ _phi(z)


cholesky_factor.pull, cholesky_factor.push = cholesky_pull, cholesky_push

# ---- eigenvalues of symmetric matrices, from the lower triangle (Giles 2008, 3.1)
spectrum = Routine("spectrum", "a(n,n) -> w(n), v(n,n)", lambda: Loop(_LINALG, ("eigh_lo",), "*->**", "a w v", "n"))


def _divided(t, w):
    """``t[i, j] / (w[j] - w[i])``, 0 on the diagonal."""
    out = np.zeros_like(t)
    for i in range(t.shape[0]):
        for j in range(t.shape[1]):
            if i != j:
                out[i, j] = t[i, j] / (w[j] - w[i])
    return out


def spectrum_pull(w, v, a, w_bar, v_bar, a_bar):
    t = _divided(v.T @ v_bar, w)
    for i in range(t.shape[0]):
        t[i, i] = w_bar[i]
    _folded(v @ t @ v.T, a_bar)


def spectrum_push(w, v, a, a_dot, w_dot, v_dot):
    t = v.T @ _symmetric(a_dot) @ v
    for i in range(t.shape[0]):
        w_dot[i] = t[i, i]
    v_dot[:, :] = v @ _divided(t, w)


spectrum.pull, spectrum.push = spectrum_pull, spectrum_push

# The same by the routine that SciPy takes by default, from one triangle of a matrix that is given transposed. Signs of
# eigenvectors hang on rounding, and rounding on the size of blocks, which work memory decides: it is as SciPy gives it.


def _blocks_of_syevr() -> bool:
    from scipy.linalg import lapack

    return all(f(64)[0] == 33 * 64 for f in (lapack.dsyevr_lwork, lapack.ssyevr_lwork))


spectrum_by_columns = Routine(
    "spectrum_by_columns", "a(n,n) -> w(n), z(n,n), h(n,n)x, m(1)i, pairs(2,n)i, work(33,n)x, iwork(10,n)i, info(1)i",
    lambda lower: Lapack("syevr", f"'V' 'A' '{'L' if lower else 'U'}' n h n 0.0 0.0 0 0 0.0 m w z n pairs work 33*n iwork 10*n info",
                         (("h", "a"),), check=_blocks_of_syevr))



def spectrum_by_columns_pull(w, z, h, m, pairs, work, iwork, info, a, w_bar, z_bar, a_bar, lower):
    t = _divided(z @ z_bar.T, w)
    for i in range(t.shape[0]):
        t[i, i] = w_bar[i]
    s = z.T @ t @ z
    for i in range(s.shape[0]):
        for j in range(i):
            if lower:
                a_bar[j, i] += s[i, j] + s[j, i]
            else:
                a_bar[i, j] += s[i, j] + s[j, i]
        a_bar[i, i] += s[i, i]


def spectrum_by_columns_push(w, z, h, m, pairs, work, iwork, info, a, a_dot, w_dot, z_dot, lower):
    t = z @ _symmetric(a_dot.T if lower else a_dot) @ z.T
    for i in range(t.shape[0]):
        w_dot[i] = t[i, i]
    z_dot[:, :] = _divided(t, w).T @ z


spectrum_by_columns.pull, spectrum_by_columns.push = spectrum_by_columns_pull, spectrum_by_columns_push

# ---- singular values (Giles 2008, 3.2; Wan and Zhang 2019)
singular = Routine("singular", "a(m,n) -> u(m,min(m,n)), s(min(m,n)), vt(min(m,n),n)", lambda: Loop(
    _LINALG, ("svd_s", "svd_n_s"), "*->***", "a u s vt", "m n"))


def _over_squares(t, s):
    """``t[i, j] / (s[j]**2 - s[i]**2)``, 0 on the diagonal."""
    out = np.zeros_like(t)
    for i in range(t.shape[0]):
        for j in range(t.shape[1]):
            if i != j:
                out[i, j] = t[i, j] / ((s[j] - s[i]) * (s[j] + s[i]))
    return out


def singular_pull(u, s, vt, a, u_bar, s_bar, vt_bar, a_bar):
    g, h = u.T @ u_bar, vt @ vt_bar.T
    p, q = _over_squares(g, s), _over_squares(h, s)
    core = np.zeros_like(g)
    for i in range(core.shape[0]):
        for j in range(core.shape[0]):
            core[i, j] = (p[i, j] + p[j, i]) * s[j] + s[i] * (q[i, j] + q[j, i])
        core[i, i] += s_bar[i]
    a_bar += u @ core @ vt
    if a_bar.shape[0] > a_bar.shape[1]:
        a_bar += ((u_bar - u @ g) / s) @ vt
    if a_bar.shape[0] < a_bar.shape[1]:
        a_bar += (u / s) @ (vt_bar - h.T @ vt)


def singular_push(u, s, vt, a, a_dot, u_dot, s_dot, vt_dot):
    left = a_dot @ vt.T
    t = u.T @ left
    for i in range(t.shape[0]):
        s_dot[i] = t[i, i]
    b, c = np.zeros_like(t), np.zeros_like(t)
    for i in range(t.shape[0]):
        for j in range(t.shape[0]):
            b[i, j] = t[i, j] * s[j] + s[i] * t[j, i]
            c[i, j] = s[i] * t[i, j] + t[j, i] * s[j]
    b, c = _over_squares(b, s), _over_squares(c, s)
    u_dot[:, :] = u @ b
    vt_dot[:, :] = c.T @ vt
    if a_dot.shape[0] > a_dot.shape[1]:
        u_dot += (left - u @ t) / s
    if a_dot.shape[0] < a_dot.shape[1]:
        right = u.T @ a_dot
        rest = right - t @ vt
        for i in range(rest.shape[0]):
            for j in range(rest.shape[1]):
                vt_dot[i, j] += rest[i, j] / s[i]


singular.pull, singular.push = singular_pull, singular_push

# ---- orthonormal columns of a tall matrix (Roberts and Roberts 2020)
orthonormal = Routine("orthonormal", "a(m,n) -> q(m,n), r(n,n), h(m,n)x, tau(n)x", lambda: (
    Loop(_LINALG, ("qr_r_raw", "qr_r_raw_n"), "d->d", "h tau", "m n", copies=(("h", "a"),)),
    Loop(_LINALG, ("qr_reduced",), "dd->d", "h tau q", "m n n"),
    Lapack("lacpy", "'L' n n h n r n")), ("r",))


def orthonormal_pull(q, r, h, tau, a, q_bar, r_bar, a_bar):
    m = r @ r_bar.T - q_bar.T @ q
    t = np.zeros_like(m)
    for i in range(m.shape[0]):
        for j in range(i + 1):
            t[i, j] = m[i, j]
            t[j, i] = m[i, j]
    a_bar += triangular(r, q_bar + q @ t, upper=True, transposed=False, unit=False)


def orthonormal_push(q, r, h, tau, a, a_dot, q_dot, r_dot):
    w = triangular(r, a_dot, upper=True, transposed=True, unit=False)
    t = q.T @ w
    omega = np.zeros_like(t)
    for i in range(t.shape[0]):
        for j in range(i):
            omega[i, j] = t[i, j]
            omega[j, i] = -t[i, j]
    q_dot[:, :] = w + q @ (omega - t)
    r_dot[:, :] = (t - omega) @ r


orthonormal.pull, orthonormal.push = orthonormal_pull, orthonormal_push
