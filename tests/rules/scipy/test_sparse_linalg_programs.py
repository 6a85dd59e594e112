"""Programs of sparse linear algebra and graphs: solvers, factorisations, eigenvalues, shortest paths."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.csgraph as cg
import scipy.sparse.linalg as sl
from programs import check

import undertow as ut

rng = np.random.default_rng(0)
M = sp.random_array((5, 4), density=0.6, rng=rng, format="csr")
S = sp.random_array((6, 6), density=0.4, rng=rng, format="csr") + sp.diags_array(np.arange(6) + 3.0)
S = sp.csr_array(S)
SPD = sp.csr_array(S @ S.T + sp.eye_array(6))
SPD.sort_indices()
S.sort_indices()
b = np.arange(1.0, 7.0) / 3
x4 = np.array([0.3, -0.7, 1.1, 0.4])
I = np.array([0, 2, 2, 4, 1, 2])
J = np.array([1, 1, 1, 3, 0, 1])
D = np.array([0.5, -1.2, 0.7, 1.3, 2.1, -0.4])


def A(d):
    return sp.csr_array((d * 1.0, S.indices.copy(), S.indptr.copy()), shape=S.shape)


def P(d):
    m = sp.csr_array((d * 1.0, SPD.indices.copy(), SPD.indptr.copy()), shape=SPD.shape)
    return (m + m.T) * 0.5


sd = S.data
pd = SPD.data
PROGRAMS = {}
for f in (
    "spsolve",
    "cg",
    "gmres",
    "bicgstab",
    "minres",
    "bicg",
    "cgs",
    "lgmres",
    "gcrotmk",
    "qmr",
    "tfqmr",
    "lsqr",
    "lsmr",
):

    def run(m, r, f=f):
        s = getattr(sl, f)
        kw = {} if f == "spsolve" else {"atol": 1e-13} if f in ("lsqr", "lsmr") else {"rtol": 1e-13}
        if f == "lsqr":
            kw = {"atol": 1e-13, "btol": 1e-13}
        if f == "lsmr":
            kw = {"atol": 1e-13, "btol": 1e-13}
        o = s(m, r, **kw)
        return o if f == "spsolve" else o[0]

    PROGRAMS[f + " A"] = (lambda d, run=run: run(P(d), b), pd)
    PROGRAMS[f + " b"] = (lambda r, run=run: run(SPD, r), b)
PROGRAMS["spsolve csc"] = (lambda d: sl.spsolve(A(d).tocsc(), b), sd)
PROGRAMS["spsolve multi"] = (lambda d: sl.spsolve(A(d).tocsc(), np.outer(b, b[:2])), sd)
PROGRAMS["spsolve sparse rhs"] = (lambda d: sl.spsolve(A(d).tocsc(), sp.csc_array(np.outer(b, b[:2]))).toarray(), sd)
PROGRAMS["spsolve mat"] = (lambda d: sl.spsolve(sp.csr_matrix((d, S.indices, S.indptr), shape=S.shape), b), sd)
PROGRAMS["spsolve both"] = (lambda d: sl.spsolve(A(d), d[:6]), sd)
PROGRAMS["splu"] = (lambda d: sl.splu(A(d).tocsc()).solve(b), sd)
PROGRAMS["splu T"] = (lambda d: sl.splu(A(d).tocsc()).solve(b, "T"), sd)
PROGRAMS["splu b"] = (lambda r: sl.splu(S.tocsc()).solve(r), b)
PROGRAMS["splu mult"] = (lambda d: sl.splu(A(d).tocsc()).solve(np.outer(b, b[:2])), sd)
PROGRAMS["splu U"] = (lambda d: sl.splu(A(d).tocsc()).U.diagonal(), sd)
PROGRAMS["splu logdet"] = (lambda d: np.log(np.abs(sl.splu(A(d).tocsc()).U.diagonal())).sum(), sd)
PROGRAMS["factorized"] = (lambda d: sl.factorized(A(d).tocsc())(b), sd)
PROGRAMS["factorized b"] = (lambda r: sl.factorized(S.tocsc())(r), b)
PROGRAMS["spsolve_triangular"] = (lambda d: sl.spsolve_triangular(sp.csr_array(sp.tril(A(d))), b), sd)
PROGRAMS["spst upper"] = (lambda d: sl.spsolve_triangular(sp.csr_array(sp.triu(A(d))), b, lower=False), sd)
PROGRAMS["spst b"] = (lambda r: sl.spsolve_triangular(sp.csr_array(sp.tril(S)), r), b)
PROGRAMS["spilu precond"] = (
    lambda r: sl.gmres(S, r, M=sl.LinearOperator((6, 6), sl.spilu(S.tocsc()).solve), rtol=1e-13)[0],
    b,
)
PROGRAMS["inv"] = (lambda d: sl.inv(A(d).tocsc()).toarray(), sd)
PROGRAMS["expm"] = (lambda d: sl.expm(A(d).tocsc() * 0.1).toarray(), sd)
PROGRAMS["expm_multiply"] = (lambda d: sl.expm_multiply(A(d) * 0.1, b), sd)
PROGRAMS["expm_multiply b"] = (lambda r: sl.expm_multiply(S * 0.1, r), b)
PROGRAMS["expm_multiply t"] = (lambda d: sl.expm_multiply(A(d) * 0.1, b, start=0, stop=1, num=3), sd)
PROGRAMS["LinearOperator cg"] = (
    lambda d: sl.cg(sl.LinearOperator((6, 6), matvec=lambda v: P(d) @ v), b, rtol=1e-13)[0],
    pd,
)
PROGRAMS["LinearOperator gmres"] = (
    lambda d: sl.gmres(sl.LinearOperator((6, 6), matvec=lambda v: A(d) @ v, dtype=float), b, rtol=1e-13)[0],
    sd,
)
PROGRAMS["aslinearoperator"] = (lambda d: sl.aslinearoperator(A(d)) @ b, sd)
PROGRAMS["LO algebra"] = (lambda d: (sl.aslinearoperator(A(d)) * 2 + sl.aslinearoperator(S)).T @ b, sd)
PROGRAMS["cg dense"] = (lambda m: sl.cg(m.reshape(6, 6) + m.reshape(6, 6).T, b, rtol=1e-13)[0], SPD.toarray().ravel())
PROGRAMS["cg x0"] = (lambda r: sl.cg(SPD, r, x0=r * 2, rtol=1e-13)[0], b)
v0 = np.ones(6)
w6 = np.arange(6.0)
PROGRAMS["eigsh vals"] = (lambda d: sl.eigsh(P(d), k=2, v0=v0, return_eigenvectors=False), pd)
PROGRAMS["eigsh"] = (lambda d: (lambda r: r[0] + np.sum(r[1] ** 2 * w6[:, None], 0))(sl.eigsh(P(d), k=2, v0=v0)), pd)
PROGRAMS["eigsh sigma"] = (lambda d: sl.eigsh(P(d), k=2, sigma=0.1, v0=v0)[0], pd)
PROGRAMS["eigsh SM"] = (lambda d: sl.eigsh(P(d), k=1, which="SA", v0=v0)[0], pd)
PROGRAMS["eigs"] = (lambda d: np.abs(sl.eigs(A(d), k=2, v0=v0)[0]), sd)
PROGRAMS["svds"] = (lambda d: sl.svds(A(d), k=2, v0=v0)[1], sd)
PROGRAMS["svds uv"] = (lambda d: (lambda r: r[0] * r[1] @ r[2])(sl.svds(A(d), k=2, v0=v0)), sd)
PROGRAMS["svds vals"] = (lambda d: sl.svds(A(d), k=2, v0=v0, return_singular_vectors=False), sd)
PROGRAMS["lobpcg"] = (lambda d: sl.lobpcg(P(d), np.eye(6)[:, :2], tol=1e-12, maxiter=200)[0], pd)
PROGRAMS["eigsh M"] = (
    lambda d: sl.eigsh(P(d), k=2, M=sp.csc_array(SPD + sp.diags_array(np.arange(6.0) ** 2)), v0=v0)[0],
    pd,
)
PROGRAMS["funm_multiply_krylov"] = (lambda r: sl.funm_multiply_krylov(__import__("scipy").linalg.expm, S * 0.1, r), b)
W = sp.csr_array(np.array([[0, 1.0, 4, 0], [0, 0, 2.2, 6], [0, 0, 0, 3.1], [0.5, 0, 0, 0]]))


def G(d):
    return sp.csr_array((d, W.indices, W.indptr), shape=W.shape)


for f in ("shortest_path", "dijkstra", "floyd_warshall", "bellman_ford", "johnson"):
    PROGRAMS[f] = (lambda d, f=f: getattr(cg, f)(G(d)), W.data)
PROGRAMS["mst"] = (lambda d: cg.minimum_spanning_tree(G(d)).toarray(), W.data)
PROGRAMS["laplacian"] = (lambda d: cg.laplacian(G(d)).toarray(), W.data)
PROGRAMS["laplacian normed"] = (lambda d: cg.laplacian(G(d) + G(d).T, normed=True).toarray(), W.data)
PROGRAMS["dijkstra idx"] = (lambda d: cg.dijkstra(G(d), indices=0), W.data)
PROGRAMS["sp dense"] = (lambda d: cg.shortest_path(np.where(W.toarray() > 0, d[0] * W.toarray(), 0)), W.data)
PROGRAMS["connected_components"] = (lambda d: cg.connected_components(G(d))[0] * d[0], W.data)
PROGRAMS["eigsh LO"] = (
    lambda d: sl.eigsh(sl.LinearOperator((6, 6), matvec=lambda v: P(d) @ v, dtype=float), k=2, v0=v0)[0],
    pd,
)
PROGRAMS["eigsh M active"] = (
    lambda d: (lambda r: np.append(r[0], np.sum(r[1] ** 2, 0)))(
        sl.eigsh(SPD + sp.diags_array(np.arange(6.0) ** 2), k=2, M=P(d).tocsc(), v0=v0)
    ),
    pd,
)
PROGRAMS["svds tall"] = (
    lambda d: (lambda r: np.concatenate([np.sum(r[0] ** 2 * w6[:, None], 0), r[1]]))(
        sl.svds(A(d)[:, :4], k=2, v0=np.ones(4))
    ),
    sd,
)
PROGRAMS["norm2"] = (lambda d: sl.norm(A(d), 2), sd)
PROGRAMS["splu L"] = (lambda d: sl.splu(A(d).tocsc()).L.toarray(), sd)
PROGRAMS["undirected"] = (lambda d: cg.dijkstra(G(d), directed=False), W.data)
PROGRAMS["min_only"] = (lambda d: cg.dijkstra(G(d), indices=[0, 2], min_only=True), W.data)
PROGRAMS["predecessors"] = (lambda d: cg.shortest_path(G(d), return_predecessors=True)[0], W.data)
PROGRAMS["bf tree"] = (lambda d: cg.breadth_first_tree(G(d), 0).toarray(), W.data)
PROGRAMS["to_dense"] = (lambda d: cg.csgraph_to_dense(G(d)), W.data)
PROGRAMS["from_dense"] = (
    lambda d: cg.csgraph_from_dense(np.where(W.toarray() > 0, d[0] * W.toarray(), 0)).toarray(),
    W.data,
)
PROGRAMS["time stepping"] = (lambda u: (lambda lu: lu.solve(lu.solve(lu.solve(u) * u)))(sl.splu(S.tocsc())), b)
PROGRAMS["time stepping A"] = (lambda d: (lambda lu: lu.solve(lu.solve(lu.solve(b) * 2)))(sl.splu(A(d).tocsc())), sd)
PROGRAMS["complex spsolve"] = (lambda d: np.abs(sl.spsolve(A(d) * (1 + 0.3j), b)), sd)
PROGRAMS["lsqr tall"] = (lambda d: sl.lsqr(A(d)[:, :4], b, atol=1e-14, btol=1e-14)[0], sd)
PROGRAMS["lsqr damp"] = (lambda d: sl.lsqr(A(d), b, damp=0.5, atol=1e-14, btol=1e-14)[0], sd)
PROGRAMS["minres shift"] = (lambda d: sl.minres(P(d), b, shift=0.3, rtol=1e-13)[0], pd)
PROGRAMS["loose cg"] = (lambda d: sl.cg(P(d), b, rtol=1e-13, M=sp.diags_array(1 / P(d).diagonal()))[0], pd)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """Value, reverse and forward mode."""
    check(*PROGRAMS[name])


SECOND = {
    "spsolve": (lambda d: np.sum(sl.spsolve(A(d), b) ** 2), sd),
    "cg": (lambda d: np.sum(sl.cg(P(d), b, rtol=1e-13)[0] ** 2), pd),
    "splu": (lambda d: np.sum(sl.splu(A(d).tocsc()).solve(b) ** 2), sd),
    "eigsh": (lambda d: np.sum(sl.eigsh(P(d), k=2, v0=v0)[0] ** 2), pd),
}


@pytest.mark.parametrize("name", SECOND)
def test_second_order(name):
    """Products with the Hessian against differences of the gradient."""
    f, x = SECOND[name]
    v, h = np.random.default_rng(1).standard_normal(len(x)), 1e-5
    exact = (ut.grad(f)(x + h * v) - ut.grad(f)(x - h * v)) / (2 * h)
    np.testing.assert_allclose(ut.hvp(f, (x,), (v,)), exact, rtol=1e-5, atol=1e-7 * np.max(np.abs(exact)))
