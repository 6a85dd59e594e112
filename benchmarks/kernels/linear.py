"""Products of matrices and vectors, and simple statistics."""

from __future__ import annotations

import numpy as np

from . import kernel


def _mats(*shapes):
    return lambda r, n: tuple(r.random(tuple(n + k for k in s)) for s in shapes)


@kernel(lambda r, n: (r.random((n, n)), 1.5, 1.2, r.random((n, n)), r.random((n, n))), written=(3,), large=200)
def gemm(A, alpha, beta, C, B):
    C[:] = alpha * A @ B + beta * C


@kernel(lambda r, n: (r.random((n, n)), 1.5, 1.2, r.random((n, n)), r.random((n, n)), r.random((n, n))),
        written=(5,), large=200)
def k2mm(A, alpha, beta, B, C, D):
    D[:] = alpha * A @ B @ C + beta * D


@kernel(lambda r, n: tuple(r.random((n, n)) for _ in range(4)), large=200)
def k3mm(A, B, C, D):
    return np.sum(np.sin(A @ B @ C @ D))


@kernel(lambda r, n: (r.random((n, n)), r.random(n)), large=400)
def atax(A, x):
    return np.sum(((A @ x) @ A)**2)


@kernel(lambda r, n: (r.random((n, n)), r.random(n), r.random(n)), large=400)
def bicg(A, p, r):
    s, q = r @ A, A @ p
    return np.sum(s * s) + np.sum(q * q)


@kernel(lambda r, n: (r.random((n, n)), r.random(n), r.random(n), r.random(n), r.random(n)), written=(1, 2), large=400)
def mvt(A, x1, x2, y_1, y_2):
    x1 += A @ y_1
    x2 += y_2 @ A


@kernel(lambda r, n: (r.random((n, n)), 1.5, 1.2, *(r.random(n) for _ in range(8))), written=(7, 9), large=300)
def gemver(A, alpha, beta, u1, v1, u2, v2, w, x, y, z):
    A += np.outer(u1, v1) + np.outer(u2, v2)
    x += beta * y @ A + z
    w += alpha * A @ x


@kernel(lambda r, n: (r.random((n, n)), r.random((n, n)), r.random(n), 1.5, 1.2), large=300)
def gesummv(A, B, x, alpha, beta):
    return np.sum((alpha * A @ x + beta * B @ x)**2)


@kernel(lambda r, n: (r.random((n, n + 2)), 1.5, 1.2, r.random((n, n))), written=(3,), large=120)
def syrk(A, alpha, beta, C):
    for i in range(A.shape[0]):
        C[i, :i + 1] *= beta
        for k in range(A.shape[1]):
            C[i, :i + 1] += alpha * A[i, k] * A[:i + 1, k]


@kernel(lambda r, n: (r.random((n, n + 2)), 1.5, 1.2, r.random((n, n)), r.random((n, n + 2))), written=(3,), large=100)
def syr2k(A, alpha, beta, C, B):
    for i in range(A.shape[0]):
        C[i, :i + 1] *= beta
        for k in range(A.shape[1]):
            C[i, :i + 1] += (A[:i + 1, k] * alpha * B[i, k] + B[:i + 1, k] * alpha * A[i, k])


@kernel(lambda r, n: (r.random((n, n)), 1.5, 1.2, r.random((n, n)), r.random((n, n))), written=(3,), large=100)
def symm(A, alpha, beta, C, B):
    temp2 = np.empty((C.shape[1],), dtype=C.dtype)
    C *= beta
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            C[:i, j] += alpha * B[i, j] * A[i, :i]
            temp2[j] = B[:i, j] @ A[i, :i]
        C[i, :] += alpha * B[i, :] * A[i, i] + alpha * temp2


@kernel(lambda r, n: (r.random((n, n)), 1.5, r.random((n, n))), written=(2,), large=100)
def trmm(A, alpha, B):
    for i in range(B.shape[0]):
        for j in range(B.shape[1]):
            B[i, j] += np.dot(A[i + 1:, i], B[i + 1:, j])
    B *= alpha


@kernel(lambda r, n: (r.random((n, n, n)), n, n, n, r.random((n, n))), written=(0,), small=5, large=30)
def doitgen(A, NR, NQ, NP, C4):
    A[:] = np.reshape(np.reshape(A, (NR, NQ, 1, NP)) @ C4, (NR, NQ, NP))


@kernel(lambda r, n: (r.random((n, n)), float(n)), large=120)
def covariance(data, float_n):
    M = data.shape[1]
    mean = np.mean(data, axis=0)
    data -= mean
    cov = np.zeros((M, M), dtype=data.dtype)
    for i in range(M):
        cov[i:M, i] = data[:, i] @ data[:, i:M] / (float_n - 1.0)
        cov[i, i:M] = cov[i:M, i]
    return np.sum(cov * cov)


@kernel(lambda r, n: (r.random((n, n)), float(n)), large=120)
def correlation(data, float_n):
    M = data.shape[1]
    mean = np.mean(data, axis=0)
    stddev = np.std(data, axis=0)
    stddev[stddev <= 0.1] = 1.0
    data -= mean
    data /= np.sqrt(float_n) * stddev
    corr = np.eye(M, dtype=data.dtype)
    for i in range(M - 1):
        corr[i + 1:M, i] = corr[i, i + 1:M] = data[:, i] @ data[:, i + 1:M]
    return np.sum(corr * corr)


@kernel(lambda r, n: (r.random((n, n)),), large=200)
def go_fast(a):
    trace = 0.0
    for i in range(a.shape[0]):
        trace += np.tanh(a[i, i])
    return np.sum(a + trace)


def _spmv_args(r, n):
    rows = np.arange(0, 4 * n + 1, 4)
    return r.random(4 * n), rows.astype(np.int64), r.integers(0, n, 4 * n), r.random(n)


@kernel(_spmv_args, large=2000)
def spmv(A_val, A_row, A_col, x):
    y = np.empty(A_row.size - 1, A_val.dtype)
    for i in range(A_row.size - 1):
        cols = A_col[A_row[i]:A_row[i + 1]]
        vals = A_val[A_row[i]:A_row[i + 1]]
        y[i] = vals @ x[cols]
    return np.sum(y * y)


@kernel(lambda r, n: (r.random((n, n)), r.random(n)), large=100)
def power_iteration(A, x):
    for _ in range(10):
        x = A @ x
        x = x / np.linalg.norm(x)
    return x @ A @ x


@kernel(lambda r, n: (r.random((n, n)), r.random((n, n))), large=64)
def einsum_forms(A, B):
    return np.einsum("ij,jk->", A, B) + np.einsum("ij,ij", A, B) + np.sum(np.einsum("ij,kj->ik", A, B)**2)


@kernel(lambda r, n: (r.random((n, 3)), r.random((n, 3))), large=128)
def pairwise(x, y):
    d = np.sqrt(np.sum((x[:, None, :] - y[None, :, :])**2, axis=-1))
    return np.sum(np.exp(-d))
