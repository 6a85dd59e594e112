"""Programs of dense linear algebra, raw wrappers of BLAS and LAPACK, and Fourier transforms."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft as f
import scipy.linalg as l
import scipy.linalg.blas as blas
import scipy.linalg.lapack as lapack
from programs import check

r = np.random.default_rng(3)
A = r.standard_normal((4, 4)) + 3 * np.eye(4)
S = A @ A.T + np.eye(4)
Sy = (A + A.T) / 2
b = r.standard_normal(4)
B = r.standard_normal((4, 2))
T = r.standard_normal((5, 3))
W = r.standard_normal((3, 5))
v = r.standard_normal(6)
K = np.tril(r.standard_normal((3, 6)))
ab = r.standard_normal((3, 6))
ab[1] += 4
sb = np.abs(r.standard_normal((2, 6))) * 0.3
sb[1] += 3
Q = A / 6
PROGRAMS = {}


def add(n, fn, x):
    PROGRAMS[n] = (fn, x)


for a in (None, "sym", "pos", "her"):
    add(f"solve {a} A", lambda m, a=a: l.solve(m @ m.T if a else m, b, assume_a=a), A)
add("solve transposed", lambda m: l.solve(m, b, transposed=True), A)
add("solve B", lambda x: l.solve(A, x), B)
add("solve_triangular", lambda m: l.solve_triangular(m, b, lower=True, trans=1), A)
add("solve_banded", lambda m: l.solve_banded((1, 1), m, v), ab)
add("solve_banded b", lambda x: l.solve_banded((1, 1), ab, x), v)
add("solveh_banded", lambda m: l.solveh_banded(m, v), sb)
add("solve_toeplitz", lambda c: l.solve_toeplitz(c, v), np.array([4.0, 1, 0.5, 0.2, 0.1, 0.3]))
add(
    "solve_toeplitz2",
    lambda c: l.solve_toeplitz((c, c[::-1] * 0.1 + np.array([3.7, 0, 0, 0, 0, 0]) * 0), v),
    np.array([4.0, 1, 0.5, 0.2, 0.1, 0.3]),
)
add("solve_circulant", lambda c: l.solve_circulant(c, v), np.array([4.0, 1, 0.5, 0.2, 0.1, 0.3]))
add("matmul_toeplitz", lambda c: l.matmul_toeplitz(c, v), v + 2)
add("inv", lambda m: l.inv(m), A)
add("det", lambda m: l.det(m), A)
add("pinv", lambda m: l.pinv(m), T)
add("pinv wide", lambda m: l.pinv(m), W)
add("pinvh", lambda m: l.pinvh(m @ m.T), A)
add("lstsq", lambda m: l.lstsq(m, b[:4].repeat(2)[:5])[0], T)
add("lstsq gelsy", lambda m: l.lstsq(m, np.arange(5.0), lapack_driver="gelsy")[0], T)
add("norm", lambda m: l.norm(m), A)
for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    add(f"norm {o}", lambda m, o=o: l.norm(m, o), T)
add("expm", lambda m: l.expm(m), Q)
add("expm batch", lambda m: l.expm(np.stack([m, 2 * m])), Q)
add("logm", lambda m: l.logm(m @ m.T + np.eye(4)), Q)
add("sqrtm", lambda m: l.sqrtm(m @ m.T + np.eye(4)), Q)
add("fractional", lambda m: l.fractional_matrix_power(m @ m.T + np.eye(4), 0.3), Q)
for n in ("sinm", "cosm", "tanm", "sinhm", "coshm", "tanhm"):
    add(n, lambda m, n=n: getattr(l, n)(m), Q)
add("signm", lambda m: l.signm(m), A)
add("funm", lambda m: l.funm(m, np.exp), Q + np.diag([0, 1, 2, 3.0]))
add("expm_frechet", lambda m: l.expm_frechet(m, A, compute_expm=False), Q)
add("expm_frechet E", lambda m: l.expm_frechet(Q, m)[1], A)
add("expm_cond", lambda m: l.expm_cond(m), Q)
add("khatri_rao", lambda m: l.khatri_rao(m, m**2), A)
add("cholesky", lambda m: l.cholesky(m @ m.T + np.eye(4)), A)
add("cholesky_banded", lambda m: l.cholesky_banded(m), sb)
add("cho_solve_banded", lambda m: l.cho_solve_banded((l.cholesky_banded(m), False), v), sb)
add("cho", lambda m: l.cho_solve(l.cho_factor(m @ m.T + np.eye(4)), b), A)
add("lu", lambda m: np.concatenate([l.lu(m)[1], l.lu(m)[2]]), A)
add("lu permute", lambda m: l.lu(m, permute_l=True)[0], A)
add("lu rect", lambda m: l.lu(m)[1], T)
add("lu_solve", lambda m: l.lu_solve(l.lu_factor(m), b), A)
add("lu_factor", lambda m: l.lu_factor(m)[0], A)
for m in ("full", "economic", "r"):
    add(f"qr {m}", lambda x, m=m: l.qr(x, mode=m)[-1] if m != "full" else l.qr(x)[1], T)
add("qr Q", lambda x: l.qr(x, mode="economic")[0], T)
add("qr pivot", lambda x: np.abs(l.qr(x, pivoting=True, mode="economic")[1]), T)
add("qr wide", lambda x: np.concatenate([q.ravel() for q in l.qr(x)]), W)
add("rq", lambda x: np.concatenate([q.ravel() for q in l.rq(x)]), A)
add("qr_multiply", lambda x: l.qr_multiply(x, np.arange(5.0))[0], T)
add("qr_insert", lambda x: l.qr_insert(*l.qr(A), x, 1)[1], b)
add("qr_delete", lambda x: l.qr_delete(*l.qr(x), 1)[1], T)
add("qr_update", lambda x: l.qr_update(*l.qr(A), x, b)[1], b)
add("svd", lambda x: (lambda u, s, w: u * s @ w**2)(*l.svd(x, full_matrices=False)), T)
add("svdvals", lambda x: l.svdvals(x), T)
add("svd gesvd", lambda x: l.svd(x, lapack_driver="gesvd", compute_uv=False), T)
add("eigh", lambda m: (lambda w, q: w + np.sum(q**2 * np.arange(4.0)[:, None], 0))(*l.eigh(m + m.T)), A)
add("eigh gen", lambda m: l.eigh(m + m.T, S)[0], A)
add("eigh genB", lambda m: l.eigh(Sy, m @ m.T + np.eye(4))[0], A)
add("eigh gen vec", lambda m: l.eigh(m + m.T, S)[1] ** 2, A)
add("eigh subset", lambda m: l.eigh(m + m.T, subset_by_index=[1, 2])[0], A)
add("eigvalsh", lambda m: l.eigvalsh(m + m.T), A)
add("eig", lambda m: np.abs(l.eig(m)[0]), A)
add("eig vec", lambda m: np.abs(l.eig(m)[1]), A)
add("eig left", lambda m: np.abs(l.eig(m, left=True, right=False)[1]), A)
add("eig gen", lambda m: np.abs(l.eig(m, S)[0]), A)
add("eigvals", lambda m: np.abs(l.eigvals(m)), A)
add("eigh_tridiagonal", lambda d: l.eigh_tridiagonal(d[:4], d[4:7])[0], np.r_[v, 0.3])
add("eigvalsh_tridiagonal", lambda d: l.eigvalsh_tridiagonal(d[:4], d[4:7]), np.r_[v, 0.3])
add("eig_banded", lambda m: l.eig_banded(m)[0], sb + np.arange(6.0))
add("eigvals_banded", lambda m: l.eigvals_banded(m), sb + np.arange(6.0))
add("schur", lambda m: l.schur(m @ m.T)[0], A)
add("schur Z", lambda m: l.schur(m @ m.T)[1] ** 2, A)
add("hessenberg", lambda m: l.hessenberg(m), A)
add("hessenberg Q", lambda m: l.hessenberg(m, calc_q=True)[1], A)
add("polar", lambda m: l.polar(m)[0], A)
add("polar P", lambda m: l.polar(m)[1], A)
add("polar left", lambda m: l.polar(m, side="left")[1], T)
add("ldl", lambda m: l.ldl(m @ m.T + np.eye(4))[1], Q)
add("ldl L", lambda m: l.ldl(m @ m.T + np.eye(4))[0], Q)
add("ldl U", lambda m: l.ldl(m @ m.T + np.eye(4), lower=False)[0], Q)
add("qz", lambda m: l.qz(m, S)[0], A)
add("ordqz", lambda m: l.ordqz(m, S)[0], A)
add("null_space", lambda m: (lambda q: q @ q.T)(l.null_space(m)), W)
add("orth", lambda m: (lambda q: q @ q.T)(l.orth(m)), T)
add("rsf2csf", lambda m: np.abs(l.rsf2csf(*l.schur(m))[0]), A)
add("cossin", lambda m: l.cossin(l.qr(m)[0], 2, 2)[1], A)
add(
    "subspace_angles",
    lambda m: l.subspace_angles(m, T[:, :2]),
    np.ascontiguousarray(T[:, 1:] + 0.3 * np.arange(5.0)[:, None]),
)
add("bandwidth", lambda m: m * l.bandwidth(m)[0], A)
add("matrix_balance", lambda m: l.matrix_balance(m)[0], A)
add("cdf2rdf", lambda m: l.cdf2rdf(*l.eig(m))[0], A)
add("orthogonal_procrustes", lambda m: l.orthogonal_procrustes(m, A)[0], S)
for n, fn in (
    ("sylvester", lambda m: l.solve_sylvester(m, S, A)),
    ("sylvester Q", lambda m: l.solve_sylvester(A, S, m)),
    ("lyapunov", lambda m: l.solve_continuous_lyapunov(m, S)),
    ("dlyap", lambda m: l.solve_discrete_lyapunov(m / 8, S)),
    ("dlyap bilinear", lambda m: l.solve_discrete_lyapunov(m / 8, S, method="bilinear")),
    ("care", lambda m: l.solve_continuous_are(m, np.eye(4), S, np.eye(4))),
    ("care Q", lambda m: l.solve_continuous_are(A, np.eye(4), m @ m.T + np.eye(4), np.eye(4))),
    ("dare", lambda m: l.solve_discrete_are(m / 4, np.eye(4), S, np.eye(4))),
    ("care B", lambda m: l.solve_continuous_are(A, m, S, np.eye(4))),
):
    add(n, fn, A)
for n in (
    "toeplitz",
    "circulant",
    "hankel",
    "companion",
    "leslie",
    "fiedler",
    "fiedler_companion",
    "convolution_matrix",
    "block_diag",
    "kron",
    "dft",
    "hadamard",
    "tri",
):
    if n == "leslie":
        add(n, lambda x: l.leslie(x, x[1:] ** 2), v)
    elif n == "convolution_matrix":
        add(n, lambda x: l.convolution_matrix(x, 3), v)
    elif n == "block_diag":
        add(n, lambda x: l.block_diag(x, x**2), A)
    elif n == "kron":
        add(n, lambda x: np.kron(x, x), B)
    elif n in ("dft", "hadamard", "tri"):
        continue
    else:
        add(n, lambda x, n=n: getattr(l, n)(x), v)
for n, fn, x in (
    ("dgemm", lambda m: blas.dgemm(1.5, m, A, trans_a=1), A),
    ("dgemv", lambda m: blas.dgemv(1.5, m, b, 2.0, b), A),
    ("ddot", lambda x: blas.ddot(x, v), v),
    ("dnrm2", lambda x: blas.dnrm2(x), v),
    ("dtrsm", lambda m: blas.dtrsm(1.0, m, B, lower=1), A),
    ("dsyrk", lambda m: blas.dsyrk(1.0, m), T),
    ("dger", lambda x: blas.dger(1.0, x, v), v),
    ("dsymm", lambda m: blas.dsymm(1.0, m, B), A),
    ("daxpy", lambda x: blas.daxpy(x, v * 1.0, a=2.0), v),
    ("dtrmv", lambda m: blas.dtrmv(m, b), A),
    ("dgesv", lambda m: lapack.dgesv(m, B)[2], A),
    ("dpotrf", lambda m: lapack.dpotrf(m @ m.T + np.eye(4))[0], A),
    ("dgetrf", lambda m: lapack.dgetrf(m)[0], A),
    ("dgetrs", lambda m: lapack.dgetrs(*lapack.dgetrf(m)[:2], b)[0], A),
    ("dpotrs", lambda m: lapack.dpotrs(lapack.dpotrf(m @ m.T + np.eye(4))[0], b)[0], A),
    ("dgetri", lambda m: lapack.dgetri(*lapack.dgetrf(m)[:2])[0], A),
    ("dpotri", lambda m: np.triu(lapack.dpotri(lapack.dpotrf(m @ m.T + np.eye(4))[0])[0]), A),
    ("dtrtri", lambda m: np.triu(lapack.dtrtri(m)[0]), A),
    ("dsyev", lambda m: lapack.dsyev(m + m.T)[0], A),
    ("dsyevd", lambda m: lapack.dsyevd(m + m.T)[0], A),
    ("dgeev", lambda m: lapack.dgeev(m)[0], S),
    ("dgesdd", lambda m: lapack.dgesdd(m)[1], T),
    ("dgels", lambda m: lapack.dgels(m, np.arange(5.0))[1][:3], T),
    ("dgeqrf", lambda m: np.triu(lapack.dgeqrf(m)[0]), A),
    ("dtrtrs", lambda m: lapack.dtrtrs(m, b)[0], A),
    ("dposv", lambda m: lapack.dposv(m @ m.T + np.eye(4), b)[1], A),
    ("dgtsv", lambda d: lapack.dgtsv(d[:3], d[3:7] + 4, d[7:10], b)[3], np.r_[v, v]),
    ("dgbsv", lambda m: lapack.dgbsv(1, 1, np.vstack([0 * v, m]), v)[2], ab),
    ("dptsv", lambda d: lapack.dptsv(d[:4] + 4, d[4:7], b)[2], np.r_[v, v]),
    ("dpbsv", lambda m: lapack.dpbsv(m, v)[1], sb),
    ("dsysv", lambda m: lapack.dsysv(m + m.T, b)[2], A),
    ("dpbtrf", lambda m: lapack.dpbtrf(m)[0], sb),
    ("dgees", lambda m: lapack.dgees(lambda x: None, m @ m.T)[0], A),
    ("dlange", lambda m: lapack.dlange("F", m), A),
    ("dgecon", lambda m: lapack.dgecon(lapack.dgetrf(m)[0], 1.0)[0], A),
    (
        "dgbtrf",
        lambda m: lapack.dgbtrs(*(lambda lu, p, i: (lu, 1, 1, v, p))(*lapack.dgbtrf(np.vstack([0 * v, m]), 1, 1)))[0],
        ab,
    ),
    ("dpttrf", lambda d: lapack.dpttrf(d[:4] + 4, d[4:7])[0], np.r_[v, v]),
    ("dscal", lambda x: blas.dscal(2.0, x * 1.0), v),
    ("dcopy", lambda x: blas.dcopy(x, v * 0), v),
    ("dswap", lambda x: blas.dswap(x * 1.0, v * 1.0)[1], v),
    ("drot", lambda x: blas.drot(x, v, 0.6, 0.8)[0], v),
    ("dasum", lambda x: blas.dasum(x), v),
    ("idamax", lambda x: x[blas.idamax(x)], v),
    ("dsymv", lambda m: blas.dsymv(1.0, m, b), A),
    ("dtrsv", lambda m: blas.dtrsv(m, b), A),
    ("dtrmm", lambda m: blas.dtrmm(1.0, m, B), A),
    ("dsyr", lambda x: blas.dsyr(1.0, x), v),
    ("dsyr2k", lambda m: blas.dsyr2k(1.0, m, T), T),
    ("dsbmv", lambda m: blas.dsbmv(1, 1.0, m, v), sb),
    ("dgbmv", lambda m: blas.dgbmv(6, 6, 1, 1, 1.0, m, v), ab),
):
    add(n, fn, x)
for n in (
    "fft",
    "ifft",
    "rfft",
    "irfft",
    "hfft",
    "ihfft",
    "dct",
    "idct",
    "dst",
    "idst",
    "dctn",
    "fft2",
    "fftn",
    "rfftn",
    "rfft2",
    "irfftn",
    "fht",
):
    x = T if n in ("dctn", "fft2", "fftn", "rfftn", "rfft2", "irfftn") else v
    add("f." + n, lambda x, n=n: f.fht(x, 0.1, 1.0) if n == "fht" else getattr(f, n)(x), x)
for ty in (1, 2, 3, 4):
    add(f"dct{ty}", lambda x, ty=ty: f.dct(x, ty, norm="ortho"), v)
    add(f"dst{ty}", lambda x, ty=ty: f.dst(x, ty), v)
add("fftshift", lambda x: f.fftshift(x), v)
add("fft n norm", lambda x: np.abs(f.fft(x, n=9, norm="ortho")), v)
add("next_fast", lambda x: f.rfft(x, f.next_fast_len(7)), v)
for n in [
    "eig left",
    "eig gen",
    "qz",
    "ordqz",
    "rsf2csf",
    "cossin",
    "dgees",
    "dgecon",
    "null_space",
    "orth",
    "subspace_angles",
]:
    PROGRAMS.pop(n)
add("qr_delete Q", lambda x: l.qr_delete(*l.qr(x, mode="economic"), 1)[0], T)
add("qr_insert col", lambda x: l.qr_insert(*l.qr(T), x, 1, which="col")[1], v[:5])
add("qr_update uv", lambda x: l.qr_update(*l.qr(A), b, x)[0], b)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """Value, reverse and forward mode."""
    check(*PROGRAMS[name])
