"""Factorizations and triangular solvers."""

from __future__ import annotations

import numpy as np

from . import kernel


def _spd(r, n):
    a = r.random((n, n))
    return a @ a.T + n * np.eye(n)


@kernel(lambda r, n: (_spd(r, n),), written=(0,), large=100)
def cholesky(A):
    A[0, 0] = np.sqrt(A[0, 0])
    for i in range(1, A.shape[0]):
        for j in range(i):
            A[i, j] -= np.dot(A[i, :j], A[j, :j])
            A[i, j] /= A[j, j]
        A[i, i] -= np.dot(A[i, :i], A[i, :i])
        A[i, i] = np.sqrt(A[i, i])


@kernel(lambda r, n: (_spd(r, n),), large=100)
def cholesky2(A):
    L = np.linalg.cholesky(A)
    return np.sum(np.log(np.diag(L)))


@kernel(lambda r, n: (_spd(r, n),), written=(0,), large=100)
def lu(A):
    for i in range(A.shape[0]):
        for j in range(i):
            A[i, j] -= A[i, :j] @ A[:j, j]
            A[i, j] /= A[j, j]
        for j in range(i, A.shape[0]):
            A[i, j] -= A[i, :i] @ A[:i, j]


@kernel(lambda r, n: (_spd(r, n), r.random(n)), large=100)
def ludcmp(A, b):
    x = np.zeros_like(b)
    y = np.zeros_like(b)
    for i in range(A.shape[0]):
        for j in range(i):
            A[i, j] -= A[i, :j] @ A[:j, j]
            A[i, j] /= A[j, j]
        for j in range(i, A.shape[0]):
            A[i, j] -= A[i, :i] @ A[:i, j]
    for i in range(A.shape[0]):
        y[i] = b[i] - A[i, :i] @ y[:i]
    for i in range(A.shape[0] - 1, -1, -1):
        x[i] = (y[i] - A[i, i + 1:] @ x[i + 1:]) / A[i, i]
    return np.sum(x * y)


@kernel(lambda r, n: (_spd(r, n), r.random(n), r.random(n)), written=(1,), large=200)
def trisolv(L, x, b):
    for i in range(x.shape[0]):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]


@kernel(lambda r, n: (0.1 * r.random(n),), large=300)
def durbin(r):
    y = np.empty_like(r)
    alpha = -r[0]
    beta = 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return np.sum(y * y)


@kernel(lambda r, n: (r.random((n + 2, n)),), large=60)
def gramschmidt(A):
    Q = np.zeros_like(A)
    R = np.zeros((A.shape[1], A.shape[1]), dtype=A.dtype)
    for k in range(A.shape[1]):
        nrm = np.dot(A[:, k], A[:, k])
        R[k, k] = np.sqrt(nrm)
        Q[:, k] = A[:, k] / R[k, k]
        for j in range(k + 1, A.shape[1]):
            R[k, j] = np.dot(Q[:, k], A[:, j])
            A[:, j] -= Q[:, k] * R[k, j]
    return np.sum(Q[:, 0]) + np.sum(R * R)


@kernel(lambda r, n: (_spd(r, n), r.random(n)), large=60)
def solves(A, b):
    x = np.linalg.solve(A, b)
    sign, logdet = np.linalg.slogdet(A)
    return x @ b + logdet + np.linalg.det(A / A.shape[0]) + np.trace(np.linalg.inv(A))


@kernel(lambda r, n: (r.random((n, n)),), large=80)
def floyd_warshall(path):
    for k in range(path.shape[0]):
        path[:] = np.minimum(path[:], np.add.outer(path[:, k], path[k, :]))
    return np.sum(path)


@kernel(lambda r, n: (r.random(n), r.random(n), r.random(n), r.random(n)), large=500)
def thomas(d, a, b, c):
    n = len(d)
    cp = np.zeros(n)
    dp = np.zeros(n)
    cp[0] = c[0] / (b[0] + 2)
    dp[0] = d[0] / (b[0] + 2)
    for i in range(1, n):
        m = b[i] + 2 - a[i] * cp[i - 1]
        cp[i] = c[i] / m
        dp[i] = (d[i] - a[i] * dp[i - 1]) / m
    x = np.zeros(n)
    x[-1] = dp[-1]
    for i in reversed(range(n - 1)):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return x.sum()
