"""Programs of distances, neighbours, hulls, triangulations and rotations."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.spatial as s
import scipy.spatial.distance as d
import scipy.spatial.transform as tr
from programs import check

r = np.random.default_rng(0)
A = r.uniform(0.2, 1, (5, 3))
B = r.uniform(0.3, 1.2, (4, 3))
Wt = np.array([1.0, 2.0, 0.5])
u, v = (A[0], B[0])
PROGRAMS = {}
M = (
    "euclidean",
    "sqeuclidean",
    "cityblock",
    "chebyshev",
    "minkowski",
    "cosine",
    "correlation",
    "canberra",
    "braycurtis",
    "seuclidean",
    "mahalanobis",
    "jensenshannon",
    "hamming",
)
for m in M:
    PROGRAMS[f"cdist {m} A"] = (lambda a, m=m: d.cdist(a, B, m), A)
    PROGRAMS[f"cdist {m} B"] = (lambda b, m=m: d.cdist(A, b, m), B)
    PROGRAMS[f"pdist {m}"] = (lambda a, m=m: d.pdist(a, m), A)
    if m not in ("seuclidean", "mahalanobis", "hamming"):
        PROGRAMS[f"func {m}"] = (lambda a, m=m: getattr(d, m)(a, v), u)
        PROGRAMS[f"func {m} v"] = (lambda b, m=m: getattr(d, m)(u, b), v)
    if m in (
        "euclidean",
        "sqeuclidean",
        "cityblock",
        "chebyshev",
        "minkowski",
        "cosine",
        "correlation",
        "canberra",
        "braycurtis",
    ):
        PROGRAMS[f"cdist {m} w"] = (lambda w, m=m: d.cdist(A, B, m, w=w), Wt)
        PROGRAMS[f"pdist {m} w"] = (lambda a, m=m: d.pdist(a, m, w=Wt), A)
        PROGRAMS[f"func {m} w"] = (lambda w, m=m: getattr(d, m)(u, v, w=w), Wt)
PROGRAMS["minkowski p"] = (lambda p: d.cdist(A, B, "minkowski", p=p[0]), np.array([3.0]))
PROGRAMS["minkowski p=1"] = (lambda a: d.cdist(a, B, "minkowski", p=1), A)
PROGRAMS["minkowski inf"] = (lambda a: d.cdist(a, B, "minkowski", p=np.inf), A)
PROGRAMS["mahalanobis VI"] = (lambda q: d.cdist(A, B, "mahalanobis", VI=q.reshape(3, 3)), np.eye(3).ravel() + 0.1)
PROGRAMS["mahalanobis f"] = (lambda q: d.mahalanobis(u, v, q.reshape(3, 3)), np.eye(3).ravel() + 0.1)
PROGRAMS["seuclidean V"] = (lambda q: d.cdist(A, B, "seuclidean", V=q), Wt)
PROGRAMS["seuclidean f"] = (lambda q: d.seuclidean(u, v, q), Wt)
PROGRAMS["callable"] = (lambda a: d.cdist(a, B, lambda x, y: np.sum((x - y) ** 4)), A)
PROGRAMS["pdist callable"] = (lambda a: d.pdist(a, lambda x, y: np.sum((x - y) ** 4)), A)
PROGRAMS["squareform"] = (lambda a: d.squareform(d.pdist(a)), A)
PROGRAMS["squareform back"] = (lambda q: d.squareform(d.squareform(q)), A[:2].ravel())
PROGRAMS["cdist out"] = (lambda a: (lambda o: (d.cdist(a, B, out=o), o)[1])(np.zeros((5, 4))), A)
PROGRAMS["directed_hausdorff"] = (lambda a: d.directed_hausdorff(a, B)[0], A)
PROGRAMS["distance_matrix"] = (lambda a: s.distance_matrix(a, B), A)
PROGRAMS["minkowski_distance"] = (lambda a: s.minkowski_distance(a[:4], B, 3), A)
PROGRAMS["cKDTree query"] = (lambda a: s.cKDTree(a).query(B)[0], A)
PROGRAMS["cKDTree query x"] = (lambda b: s.cKDTree(A).query(b, k=2)[0], B)
PROGRAMS["KDTree query"] = (lambda a: s.KDTree(a).query(B, k=2)[0], A)
PROGRAMS["KDTree query x"] = (lambda b: s.KDTree(A).query(b)[0], B)
PROGRAMS["KDTree idx"] = (lambda b: b[s.KDTree(A).query(A)[1] % 4], B)
PROGRAMS["KDTree ball"] = (lambda a: a[s.KDTree(a).query_ball_point(B[0], 1.0)], A)
PROGRAMS["KDTree pairs"] = (lambda a: np.sum(a[[i for i, j in sorted(s.KDTree(a).query_pairs(0.5))]]), A)
PROGRAMS["KDTree sdm"] = (lambda a: s.KDTree(a).sparse_distance_matrix(s.KDTree(B), 2.0).toarray(), A)
PROGRAMS["KDTree data"] = (lambda a: s.KDTree(a).data ** 2, A)
PROGRAMS["KDTree p1"] = (lambda b: s.KDTree(A).query(b, p=1)[0], B)
PROGRAMS["count_neighbors"] = (lambda a: a * s.KDTree(a).count_neighbors(s.KDTree(B), 0.5), A)
P2 = r.uniform(0, 1, (9, 2))
PROGRAMS["ConvexHull volume"] = (lambda p: s.ConvexHull(p).volume, P2)
PROGRAMS["ConvexHull area"] = (lambda p: s.ConvexHull(p).area, P2)
PROGRAMS["ConvexHull vertices"] = (lambda p: p[s.ConvexHull(p).vertices] ** 2, P2)
PROGRAMS["ConvexHull 3d"] = (
    lambda p: np.array([s.ConvexHull(p).volume, s.ConvexHull(p).area]),
    r.uniform(0, 1, (9, 3)),
)
PROGRAMS["ConvexHull eq"] = (lambda p: s.ConvexHull(p).equations, P2)
PROGRAMS["Delaunay"] = (lambda p: p[s.Delaunay(p).simplices] ** 2, P2)
PROGRAMS["Delaunay find"] = (lambda p: p[s.Delaunay(P2).find_simplex(p) % 9] ** 2, P2)
PROGRAMS["Delaunay transform"] = (lambda p: s.Delaunay(p).transform, P2)
PROGRAMS["Delaunay points"] = (lambda p: s.Delaunay(p).points ** 2, P2)
PROGRAMS["Voronoi"] = (lambda p: s.Voronoi(p).vertices, P2)
PROGRAMS["tsearch"] = (lambda p: p[s.tsearch(s.Delaunay(P2), p) % 9] ** 2, P2)
PROGRAMS["HalfspaceIntersection"] = (
    lambda h: s.HalfspaceIntersection(h.reshape(4, 3), np.zeros(2)).intersections,
    np.array([1.0, 0, -1, -1, 0.1, -1, 0, 1, -1, 0.1, -1, -1]),
)
PROGRAMS["SphericalVoronoi"] = (
    lambda p: s.SphericalVoronoi(p / np.linalg.norm(p, axis=1, keepdims=True)).vertices,
    r.standard_normal((6, 3)),
)
PROGRAMS["procrustes"] = (lambda a: s.procrustes(a, A[:, ::-1] ** 2)[2], A)
PROGRAMS["procrustes m"] = (lambda a: s.procrustes(a, A[:, ::-1] ** 2)[1], A)
PROGRAMS["geometric_slerp"] = (
    lambda a: s.geometric_slerp(a / np.linalg.norm(a), np.array([0, 0, 1.0]), np.array([0.2, 0.7])),
    u,
)
R = tr.Rotation
q = np.array([0.1, 0.5, -0.3, 0.8])
w = np.array([0.3, -0.5, 0.7])
X = np.array([1.0, 2.0, -0.5])
for k, f, x in (
    ("quat", lambda q: R.from_quat(q), q),
    ("rotvec", lambda w: R.from_rotvec(w), w),
    ("matrix", lambda m: R.from_matrix(m.reshape(3, 3)), R.from_rotvec(w).as_matrix().ravel()),
    ("euler", lambda w: R.from_euler("xyz", w), w),
    ("EULER", lambda w: R.from_euler("ZYX", w), w),
    ("mrp", lambda w: R.from_mrp(w), w),
    ("davenport", lambda w: R.from_davenport(np.eye(3), "extrinsic", w), w),
    ("batch", lambda w: R.from_rotvec(np.stack([w, 2 * w])), w),
):
    PROGRAMS[f"R {k} matrix"] = (lambda x, f=f: f(x).as_matrix(), x)
    PROGRAMS[f"R {k} apply"] = (lambda x, f=f: f(x).apply(X), x)
    PROGRAMS[f"R {k} quat"] = (lambda x, f=f: f(x).as_quat(), x)
    PROGRAMS[f"R {k} rotvec"] = (lambda x, f=f: f(x).as_rotvec(), x)
    PROGRAMS[f"R {k} euler"] = (lambda x, f=f: f(x).as_euler("zyx"), x)
    PROGRAMS[f"R {k} mrp"] = (lambda x, f=f: f(x).as_mrp(), x)
    PROGRAMS[f"R {k} inv"] = (lambda x, f=f: f(x).inv().as_matrix(), x)
    PROGRAMS[f"R {k} magnitude"] = (lambda x, f=f: f(x).magnitude(), x)
    PROGRAMS[f"R {k} mul"] = (lambda x, f=f: (f(x) * R.from_euler("z", 0.3)).as_matrix(), x)
    PROGRAMS[f"R {k} pow"] = (lambda x, f=f: (f(x) ** 0.5).as_matrix(), x)
PROGRAMS["R apply v"] = (lambda x: R.from_rotvec(w).apply(x), X)
PROGRAMS["R apply inverse"] = (lambda x: R.from_rotvec(x).apply(X, inverse=True), w)
PROGRAMS["R mean"] = (lambda x: R.from_rotvec(np.stack([x, 2 * x])).mean().as_matrix(), w)
PROGRAMS["R align"] = (
    lambda x: R.align_vectors(x.reshape(3, 3), np.eye(3))[0].as_matrix(),
    np.eye(3).ravel() + 0.1 * r.standard_normal(9),
)
PROGRAMS["R concat"] = (lambda x: R.concatenate([R.from_rotvec(x), R.from_rotvec(2 * x)]).as_matrix(), w)
PROGRAMS["R index"] = (lambda x: R.from_rotvec(np.stack([x, 2 * x]))[1].as_matrix(), w)
PROGRAMS["R approx"] = (lambda x: R.from_rotvec(x).approx_equal(R.from_rotvec(x)) * x, w)
PROGRAMS["Slerp"] = (lambda x: tr.Slerp([0, 1], R.from_rotvec(np.stack([x, 2 * x**2])))(0.3).as_matrix(), w)
PROGRAMS["Slerp t"] = (
    lambda t: tr.Slerp([0, 1], R.from_rotvec(np.stack([w, 2 * w**2])))(t).as_matrix(),
    np.array([0.3, 0.6]),
)
PROGRAMS["RotationSpline"] = (
    lambda x: tr.RotationSpline([0, 1, 2], R.from_rotvec(np.stack([x, 2 * x**2, x])))(0.3).as_matrix(),
    w,
)
PROGRAMS["R degrees"] = (lambda x: R.from_euler("xyz", x, degrees=True).as_euler("zyx", degrees=True), w * 20)
PROGRAMS["R identity"] = (lambda x: (R.identity() * R.from_rotvec(x)).as_matrix(), w)
PROGRAMS["R single euler"] = (lambda x: R.from_euler("z", x[0]).as_matrix(), w)
PROGRAMS["RigidTransform"] = (lambda x: tr.RigidTransform.from_components(x, R.from_rotvec(x)).apply(X), w)
PROGRAMS["R rotvec0"] = (lambda x: R.from_rotvec(x).as_matrix(), np.zeros(3))
PROGRAMS["R reduce"] = (lambda x: R.from_rotvec(x).as_euler("xyz"), w)
PROGRAMS["RigidTransform mul"] = (
    lambda x: (tr.RigidTransform.from_translation(x) * tr.RigidTransform.from_rotation(R.from_rotvec(x))).as_matrix(),
    w,
)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """Value, reverse and forward mode."""
    check(*PROGRAMS[name])
