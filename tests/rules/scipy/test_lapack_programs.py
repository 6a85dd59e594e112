"""Raw wrappers of BLAS and LAPACK, called as programs call them."""

from __future__ import annotations

import numpy as np
import pytest
from programs import check
from scipy.linalg import blas, lapack

import undertow as ut

rng = np.random.default_rng(5)
A, B, C = rng.standard_normal((3, 4, 4))
A = A + 4 * np.eye(4)
T = rng.standard_normal((5, 3))
v, w, b = rng.standard_normal(4), rng.standard_normal(5), rng.standard_normal((4, 2))
AB = rng.standard_normal((4, 5)) + np.array([[0.0], [0.0], [0.5], [0.0]])  # two diagonals above, one below
SB = np.array([[4.0, 5.0, 6.0, 5.5, 4.2], [0.3, -0.4, 0.7, 0.2, 0.0], [0.1, 0.2, -0.3, 0.0, 0.0]])
I4, I5 = np.eye(4), np.eye(5)
packed = rng.standard_normal(10)


def sym(m):
    """Symmetric and definite."""
    return m @ m.T + I4


def pp(m):
    """A packed definite matrix."""
    return lapack.dtrttp(sym(m))[0]


def band(m):
    """With room for the factors."""
    return np.vstack([np.zeros((1, 5)), m])


PROGRAMS = {
    "gesvx": (lambda m: lapack.dgesvx(m, b)[7], A), "gesvx trans": (lambda m: lapack.dgesvx(m, b, trans="T")[7], A),
    "posvx": (lambda m: lapack.dposvx(sym(m), b)[5], A), "sysvx": (lambda m: lapack.dsysvx(m + m.T, b)[4], A),
    "gtsvx": (lambda d: lapack.dgtsvx(d[:4], d[4:9] + 3, d[9:13], w)[5], np.r_[v, w, v]),
    "ptsvx": (lambda d: lapack.dptsvx(d[:5] ** 2 + 4, d[5:9], w)[2], np.r_[w, v]),
    "gels": (lambda m: lapack.dgels(m, w)[1][:3], T),
    "gels wide": (lambda m: lapack.dgels(m.T, np.r_[v[:3], 0.0, 0.0])[1], T),
    "gelsd": (lambda m: lapack.dgelsd(m, w, *map(int, lapack.dgelsd_lwork(5, 3, 1)[:2]))[0][:3], T),
    "gelss": (lambda m: lapack.dgelss(m, w)[2], T),
    "gelsy": (lambda m: lapack.dgelsy(m, w, np.zeros((3, 1), np.int32), 1e-9, 100)[1][:3], T),
    "gglse": (lambda m: lapack.dgglse(m, T[:1, :3], w, v[:1])[3], T),
    "tbtrs": (lambda m: lapack.dtbtrs(m, w, uplo="L")[0], SB),
    "tbtrs trans": (lambda m: lapack.dtbtrs(m[::-1], w, uplo="U", trans="T", diag="U")[0], SB),
    "trsyl": (lambda m: lapack.dtrsyl(np.triu(m), np.triu(sym(m)), C, isgn=1)[0], A),
    "gbtrf": (lambda m: lapack.dgbtrf(band(m), 1, 2)[0], AB),
    "gbtrs": (lambda m: (lambda lu, p, i: lapack.dgbtrs(lu, 1, 2, w, p)[0])(*lapack.dgbtrf(band(m), 1, 2)), AB),
    "gbtrs trans": (lambda m: (lambda lu, p, i: lapack.dgbtrs(lu, 1, 2, w, p, trans=1)[0])(
        *lapack.dgbtrf(band(m), 1, 2)), AB),
    "gttrf": (lambda d: np.concatenate(lapack.dgttrf(d[:4], d[4:9], d[9:13])[:4]), np.r_[v, w, v]),
    "gttrs": (lambda d: lapack.dgttrs(*lapack.dgttrf(d[:4], d[4:9], d[9:13])[:5], w)[0], np.r_[v, w, v]),
    "pttrf": (lambda d: np.concatenate(lapack.dpttrf(d[:5] ** 2 + 4, d[5:9])[:2]), np.r_[w, v]),
    "pttrs": (lambda d: lapack.dpttrs(*lapack.dpttrf(d[:5] ** 2 + 4, d[5:9])[:2], w)[0], np.r_[w, v]),
    "pbtrf": (lambda m: lapack.dpbtrf(m, lower=1)[0], SB),
    "pbtrs": (lambda m: lapack.dpbtrs(lapack.dpbtrf(m, lower=1)[0], w, lower=1)[0], SB),
    "pptrf": (lambda m: lapack.dpptrf(4, pp(m))[0], A),
    "pptrs": (lambda m: lapack.dpptrs(4, lapack.dpptrf(4, pp(m))[0], b)[0], A),
    "pptri": (lambda m: lapack.dpptri(4, lapack.dpptrf(4, pp(m))[0])[0], A),
    "tpttr": (lambda x: lapack.dtpttr(4, x, uplo="L")[0], packed), "trttp": (lambda m: lapack.dtrttp(m, uplo="L")[0], A),
    "geqrf": (lambda m: lapack.dgeqrf(m)[0], A), "geqrf tall": (lambda m: lapack.dgeqrf(m)[0], T),
    "geqrf tau": (lambda m: lapack.dgeqrf(m)[1], T), "geqrf wide": (lambda m: lapack.dgeqrf(m.T)[0], T),
    "geqp3": (lambda m: lapack.dgeqp3(m)[0], T),
    "orgqr": (lambda m: (lambda qr, tau, *_: lapack.dorgqr(qr, tau)[0])(*lapack.dgeqrf(m)), T),
    "ormqr": (lambda m: (lambda qr, tau, *_: lapack.dormqr("L", "T", qr, tau, np.c_[w, w**2], 64)[0])(*lapack.dgeqrf(m)), T),
    "ormqr right": (lambda m: (lambda qr, tau, *_: lapack.dormqr("R", "N", qr, tau, T.T.copy(), 64)[0])(
        *lapack.dgeqrf(m)), T),
    "sygv": (lambda m: lapack.dsygv(m + m.T, sym(m))[0], A), "sygvd": (lambda m: lapack.dsygvd(m + m.T, sym(B))[1] ** 2, A),
    "sygvx": (lambda m: lapack.dsygvx(m + m.T, sym(B))[0], A), "syevr": (lambda m: lapack.dsyevr(m + m.T, lower=1)[0], A),
    "syevr vectors": (lambda m: lapack.dsyevr(m + m.T)[1] ** 2, A), "syevx": (lambda m: lapack.dsyevx(m + m.T)[0], A),
    "sbevd": (lambda m: lapack.dsbevd(m, lower=1)[0], SB), "sterf": (lambda d: lapack.dsterf(d[:5], d[5:9])[0], np.r_[w, v]),
    "stev": (lambda d: lapack.dstev(d[:5], d[5:9])[1] ** 2, np.r_[w, v]),
    "pstrf": (lambda m: np.triu(lapack.dpstrf(sym(m))[0]), A), "lauum": (lambda m: lapack.dlauum(m)[0], A),
    "larf": (lambda m: lapack.dlarf(np.r_[1.0, m[0, 1:]], 0.3 * m[0, 0], C, np.zeros(4)), A),
    "larfg": (lambda x: (lambda a, u, t: np.r_[a, u, t])(*lapack.dlarfg(4, x[0], x[1:])), v),
    "lartg": (lambda x: np.stack(lapack.dlartg(x[0], x[1])), v), "laswp": (lambda m: lapack.dlaswp(m, [2, 1, 2]), A),
    "lantr": (lambda m: lapack.dlantr("F", m), A), "langb": (lambda m: lapack.dlangb("1", 1, 2, m), AB),
    "gbmv": (lambda m: blas.dgbmv(5, 5, 1, 2, 1.5, m, w), AB),
    "gbmv trans": (lambda m: blas.dgbmv(5, 5, 1, 2, 1.5, m, w, beta=0.5, y=m[0], trans=1), AB),
    "sbmv": (lambda m: blas.dsbmv(2, 1.5, m, w, lower=1), SB), "spmv": (lambda x: blas.dspmv(4, x[0], x, v), packed),
    "tbmv": (lambda m: blas.dtbmv(2, m, w, lower=1, trans=1), SB), "tbsv": (lambda m: blas.dtbsv(2, m, w, lower=1), SB),
    "tpmv": (lambda x: blas.dtpmv(4, x, v), packed), "tpsv": (lambda x: blas.dtpsv(4, x + 2, v, diag=1), packed),
    "syr2": (lambda x: blas.dsyr2(x[0], x, v, lower=1), v), "spr": (lambda x: blas.dspr(4, x[0], x, packed), v),
    "spr2": (lambda x: blas.dspr2(4, x[0], x, v, packed, lower=1), v), "rotg": (lambda x: np.stack(blas.drotg(x[0], x[1])), v),
    "rotm": (lambda x: np.stack(blas.drotm(x, v, np.r_[-1.0, x])), v),
    "gesdd": (lambda m: (lambda u, s, t, i: (u * s) @ t)(*lapack.dgesdd(m, full_matrices=0)), T),
    "gesvd": (lambda m: (lambda u, s, t, i: u**2)(*lapack.dgesvd(m, full_matrices=0)), T),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """Value, reverse and forward mode."""
    check(*PROGRAMS[name])


@pytest.mark.parametrize("name", ["gbtrf", "pttrf", "geqrf", "trsyl", "sygv", "tbsv", "spmv"])
def test_second_order(name):
    """Hessian times vector against differences of the gradient."""
    f, x = PROGRAMS[name]

    def loss(x):
        y = np.ravel(f(x))
        return np.sum(y * np.cos(np.arange(y.size) + 1.0))

    d = np.cos(1.3 * np.arange(x.size)).reshape(x.shape)
    h = 1e-4
    expected = (8 * (ut.grad(loss)(x + h * d) - ut.grad(loss)(x - h * d))
                - (ut.grad(loss)(x + 2 * h * d) - ut.grad(loss)(x - 2 * h * d))) / (12 * h)
    np.testing.assert_allclose(ut.hvp(loss, (x,), (d,)), expected, rtol=1e-6, atol=1e-7)


Z = A + 1j * B
z = v + 1j * b[:, 0]
COMPLEX = {
    "zgbmv": lambda t: blas.zgbmv(4, 4, 1, 1, 1.5, t * Z[:3], z, trans=2),
    "zhbmv": lambda t: blas.zhbmv(1, t, Z[:2], z), "zhpmv": lambda t: blas.zhpmv(4, 1j * t, z[[0, 1, 2, 3, 0, 1, 2, 3, 0, 1]], z),
    "zher": lambda t: blas.zher(t, t * z), "zher2": lambda t: blas.zher2(t * (1 + 2j), t * z, z, lower=1),
    "zher2k": lambda t: blas.zher2k(t * (1 + 2j), t * Z, Z), "zsyr": lambda t: blas.zsyr(t, t * z),
    "zsyr2k": lambda t: blas.zsyr2k(t * 1j, t * Z, Z, trans=1), "zdscal": lambda t: blas.zdscal(t, z * t),
    "zgesvx": lambda t: lapack.zgesvx(Z + t * 1j, z)[7], "zhesvx": lambda t: lapack.zhesvx(t * Z + t * herm(Z), z)[2],
    "zpttrs": lambda t: lapack.zpttrs(*lapack.zpttrf(t * np.full(4, 5.0), t * t * z[:3])[:2], z, lower=1)[0],
    "zgeqrf": lambda t: lapack.zgeqrf(Z + t * Z @ Z)[0],
    "zunmqr": lambda t: (lambda qr, tau, *_: lapack.zunmqr("L", "C", qr, tau, Z, 99)[0])(*lapack.zgeqrf(Z + t * Z @ Z)),
    "zheevr": lambda t: lapack.zheevr(t * Z + herm(Z))[0], "zhegv": lambda t: lapack.zhegv(t * Z + herm(Z), Z @ herm(Z) + t * I4)[0],
}


def herm(m):
    """Conjugate transpose."""
    return np.conj(m.T)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex(name):
    """Types of complex numbers, in a real parameter."""
    def f(x):
        y = np.asarray(COMPLEX[name](x[0]))
        return np.stack([np.real(y), np.imag(y)])

    check(f, np.array([0.7]))


@pytest.mark.parametrize(("f", "x"), [
    (lambda m: lapack.dgecon(lapack.dgetrf(m)[0], 1.0)[0], A), (lambda m: lapack.dsytrf(m + m.T)[0].sum(), A),
    (lambda m: lapack.dgesvx(m, b)[8], A), (lambda m: lapack.dgels(m, w)[1].sum(), T),
    (lambda m: lapack.dpotrf(m - 9 * I4)[0].sum(), A), (lambda m: lapack.dpbtrf(m - 9.0)[0].sum(), SB),
])
def test_what_has_no_rule_is_refused(f, x):
    """Estimates, residuals below a solution, and what a failed routine leaves."""
    f(x)
    with pytest.raises(ut.UndertowError):
        ut.grad(f)(x)


def test_numbers_without_rule_may_steer():
    """An estimate of the condition number is compared, as programs do, and the solution keeps its derivative."""
    def f(m):
        lu, piv, info = lapack.dgetrf(m)
        rcond, _ = lapack.dgecon(lu, lapack.dlange("1", m))
        return np.sum(lapack.dgetrs(lu, piv, v)[0] ** 2) if rcond > 1e-12 else np.nan

    np.testing.assert_allclose(ut.grad(f)(A), ut.grad(lambda m: np.sum(np.linalg.solve(m, v) ** 2))(A))
