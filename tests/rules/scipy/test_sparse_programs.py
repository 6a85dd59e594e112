"""Programs of sparse arrays and matrices: construction, arithmetic, indexing, conversion."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as sl
from programs import check

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
PROGRAMS = {}
for F in ("csr", "csc", "coo", "dia", "bsr", "lil", "dok"):
    for K in ("array", "matrix"):

        def mk(d, F=F, K=K):
            return getattr(sp, f"coo_{K}")((d, (I, J)), shape=(5, 4)).asformat(F)

        PROGRAMS[f"{F}_{K} toarray"] = (lambda d, mk=mk: mk(d).toarray(), D)
        PROGRAMS[f"{F}_{K} @x"] = (lambda d, mk=mk: mk(d) @ x4, D)
        PROGRAMS[f"{F}_{K} @X"] = (lambda d, mk=mk: mk(d) @ np.outer(x4, x4[:3]), D)
        if K == "matrix" and F not in ("csr", "csc"):
            continue
        PROGRAMS[f"{F}_{K} x active"] = (lambda x, mk=mk: mk(D) @ x, x4)
        PROGRAMS[f"{F}_{K} T@"] = (lambda d, mk=mk: mk(d).T @ b[:5], D)
        PROGRAMS[f"{F}_{K} x@A"] = (lambda d, mk=mk: b[:5] @ mk(d), D)
        PROGRAMS[f"{F}_{K} sum"] = (lambda d, mk=mk: mk(d).sum() ** 2, D)
        PROGRAMS[f"{F}_{K} sum0"] = (lambda d, mk=mk: np.asarray(mk(d).sum(axis=0)) ** 2, D)
        PROGRAMS[f"{F}_{K} sum1"] = (lambda d, mk=mk: np.asarray(mk(d).sum(axis=1)), D)
        PROGRAMS[f"{F}_{K} mean"] = (lambda d, mk=mk: np.asarray(mk(d).mean(axis=0)), D)
        PROGRAMS[f"{F}_{K} diag"] = (lambda d, mk=mk: mk(d).diagonal(), D)
        PROGRAMS[f"{F}_{K} A+B"] = (lambda d, mk=mk: (mk(d) + mk(2 * d) * 3).toarray(), D)
        PROGRAMS[f"{F}_{K} A-B"] = (lambda d, mk=mk: (mk(d) - M).toarray(), D)
        PROGRAMS[f"{F}_{K} A@B"] = (lambda d, mk=mk: (mk(d).T @ mk(d)).toarray(), D)
        PROGRAMS[f"{F}_{K} mult"] = (lambda d, mk=mk: mk(d).multiply(mk(d**2)).toarray(), D)
        PROGRAMS[f"{F}_{K} mult dense"] = (lambda d, mk=mk: mk(d).multiply(np.ones((5, 4)) * d[0]).toarray(), D)
        PROGRAMS[f"{F}_{K} mult vec"] = (lambda d, mk=mk: mk(d).multiply(d[None, :4]).toarray(), D)
        PROGRAMS[f"{F}_{K} scalar"] = (lambda d, mk=mk: (mk(d) * d[0]).toarray(), D)
        PROGRAMS[f"{F}_{K} div"] = (lambda d, mk=mk: (mk(d) / d[0]).toarray(), D)
        PROGRAMS[f"{F}_{K} neg"] = (lambda d, mk=mk: (-mk(d)).toarray(), D)
        PROGRAMS[f"{F}_{K} power"] = (lambda d, mk=mk: mk(d).power(2).toarray(), D)
        PROGRAMS[f"{F}_{K} dense+"] = (lambda d, mk=mk: np.asarray(mk(d) + np.ones((5, 4))), D)
        PROGRAMS[f"{F}_{K} copy"] = (lambda d, mk=mk: mk(d).copy().toarray(), D)
        PROGRAMS[f"{F}_{K} abs"] = (lambda d, mk=mk: abs(mk(d)).toarray(), D)
        if F not in ("dia", "lil", "dok"):
            PROGRAMS[f"{F}_{K} max"] = (lambda d, mk=mk: mk(d).max(), D)
        PROGRAMS[f"{F}_{K} conv"] = (
            lambda d, mk=mk: mk(d).tocsr().tocsc().tocoo().todia().tobsr().tolil().todok().toarray(),
            D,
        )
        PROGRAMS[f"{F}_{K} reshape"] = (lambda d, mk=mk: mk(d).reshape((4, 5)).toarray(), D)


def A(d):
    return sp.csr_array((d * 1.0, S.indices.copy(), S.indptr.copy()), shape=S.shape)


def P(d):
    m = sp.csr_array((d * 1.0, SPD.indices.copy(), SPD.indptr.copy()), shape=SPD.shape)
    return (m + m.T) * 0.5


sd = S.data
pd = SPD.data
for nm, ix in (
    ("int", (1, 2)),
    ("row", 1),
    ("rows", slice(1, 4)),
    ("block", (slice(1, 5), slice(0, 3))),
    ("fancy", ([0, 2, 3], [1, 1, 3])),
    ("fancyrow", [0, 3]),
    ("col", (slice(None), 2)),
    ("step", (slice(None, None, 2), slice(None, None, -1))),
    ("fcol", (slice(None), [3, 1])),
    ("ix", np.ix_([0, 2], [1, 3])),
):
    for F in ("csr", "csc", "lil", "coo"):

        def f(d, ix=ix, F=F):
            r = A(d).asformat(F)[ix]
            return r.toarray() if sp.issparse(r) else r

        PROGRAMS[f"index {F} {nm}"] = (f, sd)
PROGRAMS["bool mask"] = (lambda d: np.asarray(A(d)[np.array([True, False] * 3)].toarray()), sd)


def setit(d):
    m = A(d).tolil()
    m[0, 1] = d[2] ** 2
    m[2, :3] = d[:3]
    return m.toarray()


PROGRAMS["lil set"] = (setit, sd)


def setcsr(d):
    m = A(d)
    m[0, 0] = d[2] ** 2
    m.setdiag(d[:6])
    return m.toarray()


PROGRAMS["csr set"] = (setcsr, sd)


def setdok(d):
    m = sp.dok_array((3, 3))
    m[0, 1] = d[0]
    m[2, 2] = d[1] * d[0]
    return m.tocsr().toarray()


PROGRAMS["dok build"] = (setdok, sd)


def lilbuild(d):
    m = sp.lil_array((3, 3))
    m[0, 1] = d[0]
    m[2, 2] = d[1] * d[0]
    m[1] = d[:3]
    return m.tocsc().toarray()


PROGRAMS["lil build"] = (lilbuild, sd)


def datamut(d):
    m = A(d)
    m.data *= 2
    m.data[1] = d[0] ** 2
    return m.toarray()


PROGRAMS["data mut"] = (datamut, sd)
PROGRAMS["from dense csr"] = (lambda x: sp.csr_array(np.outer(x, x)) @ x, x4)
PROGRAMS["from dense csc"] = (lambda x: sp.csc_matrix(np.outer(x, x)) @ x, x4)
PROGRAMS["from dense coo"] = (lambda x: sp.coo_array(np.diag(x)).toarray(), x4)
PROGRAMS["from dense bsr"] = (lambda x: sp.bsr_array(np.outer(x, x), blocksize=(2, 2)) @ x, x4)
PROGRAMS["from dense dia"] = (lambda x: sp.dia_array(np.outer(x, x)) @ x, x4)
PROGRAMS["from dense lil"] = (lambda x: sp.lil_array(np.outer(x, x)) @ x, x4)
PROGRAMS["from dense dok"] = (lambda x: sp.dok_array(np.outer(x, x)) @ x, x4)
PROGRAMS["from ptr csc"] = (lambda d: sp.csc_array((d, S.indices, S.indptr), shape=S.shape).toarray(), sd)
PROGRAMS["bsr ptr"] = (
    lambda d: sp.bsr_array((d.reshape(3, 2, 2), [0, 1, 1], [0, 1, 3]), shape=(4, 4)).toarray(),
    np.arange(12.0) + 0.5,
)
PROGRAMS["bsr ptr @"] = (
    lambda d: sp.bsr_array((d.reshape(3, 2, 2), [0, 1, 1], [0, 1, 3]), shape=(4, 4)) @ x4,
    np.arange(12.0) + 0.5,
)
PROGRAMS["bsr @ X"] = (
    lambda d: sp.bsr_array((d.reshape(3, 2, 2), [0, 1, 1], [0, 1, 3]), shape=(4, 4)) @ np.outer(x4, x4),
    np.arange(12.0) + 0.5,
)
PROGRAMS["bsr T"] = (
    lambda d: sp.bsr_array((d.reshape(3, 2, 2), [0, 1, 1], [0, 1, 3]), shape=(4, 4)).T.tocsr() @ x4,
    np.arange(12.0) + 0.5,
)
PROGRAMS["bsr@bsr"] = (
    lambda d: (lambda m: (m @ m).toarray())(sp.bsr_array((d.reshape(3, 2, 2), [0, 1, 1], [0, 1, 3]), shape=(4, 4))),
    np.arange(12.0) + 0.5,
)
PROGRAMS["bsr+bsr"] = (
    lambda d: (lambda m: (m + m.T).toarray())(sp.bsr_array((d.reshape(3, 2, 2), [0, 1, 1], [0, 1, 3]), shape=(4, 4))),
    np.arange(12.0) + 0.5,
)
PROGRAMS["diags"] = (lambda x: sp.diags([x, x[:3] ** 2], [0, 1]).toarray(), x4)
PROGRAMS["diags_array"] = (lambda x: sp.diags_array([x, x[:3] ** 2], offsets=[0, -1]) @ x, x4)
PROGRAMS["diags csr"] = (lambda x: sp.diags([x, x[:3]], [0, 1], format="csr") @ x, x4)
PROGRAMS["diags csc"] = (lambda x: sp.diags([x, x[:3]], [0, 1], format="csc").toarray(), x4)
PROGRAMS["diags scalar"] = (lambda x: sp.diags([x[0], x[1]], [0, 1], shape=(4, 4)).toarray(), x4)
PROGRAMS["spdiags"] = (lambda x: sp.spdiags(np.stack([x, x]), [0, 1], 4, 4).toarray(), x4)
PROGRAMS["dia mult"] = (lambda x: sp.diags(x) @ M.T @ b[:5], x4)
PROGRAMS["dia@dia"] = (lambda x: (sp.diags(x) @ sp.diags([x, x[:3]], [0, 1])).toarray(), x4)
PROGRAMS["dia@csr"] = (lambda x: (sp.diags(x) @ M.T.tocsr()).toarray(), x4)
PROGRAMS["eye"] = (lambda x: (sp.eye_array(4) * x[0] + sp.diags_array(x)).toarray(), x4)
PROGRAMS["identity"] = (lambda x: (sp.identity(4) * x[0] + sp.diags(x)).toarray(), x4)
PROGRAMS["kron"] = (lambda d: sp.kron(mk0(d), M[:2, :2]).toarray(), D)
PROGRAMS["kronsum"] = (lambda d: sp.kronsum(A(d)[:3, :3], A(d)[:2, :2]).toarray(), sd)


def mk0(d):
    return sp.csr_array(sp.coo_array((d, (I, J)), shape=(5, 4)))


PROGRAMS["hstack"] = (lambda d: sp.hstack([mk0(d), mk0(d) * 2]).toarray(), D)
PROGRAMS["vstack"] = (lambda d: sp.vstack([mk0(d), M], format="csr") @ x4, D)
PROGRAMS["hstack csc"] = (lambda d: sp.hstack([mk0(d).tocsc(), mk0(d).tocsc()], format="csc").toarray(), D)
PROGRAMS["block_array"] = (lambda d: sp.block_array([[mk0(d), None], [M, mk0(d)]]).toarray(), D)
PROGRAMS["bmat"] = (lambda d: sp.bmat([[mk0(d), None], [M, mk0(d)]], format="csr").toarray(), D)
PROGRAMS["block_diag"] = (lambda d: sp.block_diag([mk0(d), M, mk0(2 * d)]).toarray(), D)
PROGRAMS["tril"] = (lambda d: sp.tril(A(d)).toarray(), sd)
PROGRAMS["triu"] = (lambda d: sp.triu(A(d), 1, format="csr").toarray(), sd)
PROGRAMS["find"] = (lambda d: sp.find(A(d))[2], sd)
PROGRAMS["trace"] = (lambda d: A(d).trace(), sd)
PROGRAMS["maximum"] = (lambda d: A(d).maximum(S * 0.5 + 0.1 * S.T).toarray(), sd)
PROGRAMS["minimum"] = (lambda d: A(d).minimum(sp.csr_array(S.T)).toarray(), sd)
PROGRAMS["sparse max axis"] = (lambda d: A(d).max(axis=0).toarray(), sd)
PROGRAMS["expm1"] = (lambda d: A(d).expm1().toarray(), sd)
PROGRAMS["sin"] = (lambda d: A(d).sin().toarray(), sd)
PROGRAMS["sqrt"] = (lambda d: abs(A(d)).sqrt().toarray(), sd)
PROGRAMS["matrix_power"] = (lambda d: sl.matrix_power(A(d), 3).toarray(), sd)
PROGRAMS["sum_duplicates"] = (
    lambda d: (lambda m: (m.sum_duplicates(), m.toarray())[1])(sp.coo_array((d, (I, J)), shape=(5, 4))),
    D,
)
PROGRAMS["eliminate_zeros"] = (lambda d: (lambda m: (m.eliminate_zeros(), m.toarray())[1])(A(d)), sd)
PROGRAMS["sort_indices"] = (lambda d: (lambda m: (m.sort_indices(), m.data)[1])(A(d).T.tocsr()), sd)
PROGRAMS["csr.dot"] = (lambda d: A(d).dot(b), sd)
PROGRAMS["rmatvec"] = (lambda d: b @ A(d) @ b, sd)
PROGRAMS["coo nd"] = (lambda d: sp.coo_array((d, (I,)), shape=(5,)).toarray(), D)
PROGRAMS["swapaxes"] = (lambda d: sp.coo_array((d, (I, J)), shape=(5, 4)).transpose().toarray(), D)
PROGRAMS["count_nonzero"] = (lambda d: A(d).count_nonzero() * d[0], sd)
PROGRAMS["conj"] = (lambda d: A(d).conj().real.toarray(), sd)
PROGRAMS["astype"] = (lambda d: A(d).astype(np.complex128).toarray(), sd)
PROGRAMS["csr/ dense"] = (lambda d: np.asarray((A(d) / np.full((6, 6), 2.0 * d[0])).toarray()), sd)
PROGRAMS["permute"] = (lambda d: A(d)[[2, 1, 0, 5, 4, 3]][:, [1, 0, 2, 3, 5, 4]].toarray(), sd)
PROGRAMS["todense"] = (lambda d: np.asarray(A(d).todense()), sd)
PROGRAMS["*matrix"] = (lambda d: sp.csr_matrix((d, S.indices, S.indptr), shape=S.shape) * b, sd)
PROGRAMS["matrix**2"] = (lambda d: (sp.csr_matrix((d, S.indices, S.indptr), shape=S.shape) ** 2).toarray(), sd)
PROGRAMS["resize"] = (lambda d: (lambda m: (m.resize(4, 4), m.toarray())[1])(A(d)), sd)
PROGRAMS["multiply bcast"] = (lambda d: A(d).multiply(b[:, None] * d[0]).toarray(), sd)
PROGRAMS["inplace"] = (lambda d: (lambda m: m.__imul__(d[1]).toarray())(A(d)), sd)
PROGRAMS["norm"] = (lambda d: sl.norm(A(d)), sd)
PROGRAMS["norm1"] = (lambda d: sl.norm(A(d), 1), sd)
PROGRAMS["normax"] = (lambda d: sl.norm(A(d), axis=1), sd)
PROGRAMS["onenormest"] = (lambda d: sl.onenormest(A(d)), sd)
PROGRAMS["dot sparse vec"] = (lambda d: (A(d) @ sp.csr_array(b[:, None])).toarray(), sd)
PROGRAMS["random"] = (lambda d: (sp.random_array((4, 4), density=0.5, rng=1) * d[0]).toarray(), D)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """Value, reverse and forward mode."""
    check(*PROGRAMS[name])
