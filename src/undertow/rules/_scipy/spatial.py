"""Rules of ``scipy.spatial``: distances, nearest neighbours, hulls and triangulations, rotations.

Values come from the compiled code; what it selects (neighbours, facets, simplices) is constant nearby, and the numbers
that depend on the selection are computed again where the derivative is followed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.spatial.distance as sd

from .._callables import active, attach, below, verified
from .._registry import pullback, pushforward, substitute
from ..samples import Sample, array
from . import _geometry, _rotation  # noqa: F401  (registers rules)
from ._private import private

pybind, wrap, _hausdorff = (private("scipy.spatial." + name) for name in (
    "_distance_pybind", "_distance_wrap", "_hausdorff"))

# ---- Euclidean distances: rules of their own, which form no array of differences ----------------------------------------


def inverse_or_zero(d: Any) -> Any:
    """``1 / d``, zero where `d` is zero: the convention at points that coincide."""
    return np.where(d == 0, 0.0, 1.0 / np.where(d == 0, 1.0, d))


def between(a: Any, b: Any, square: bool) -> Any:
    """Euclidean distances, or their squares, between the rows of two arrays."""
    return sd.cdist(a, b, "sqeuclidean" if square else "euclidean")


_BETWEEN = [Sample((array(4, 3), array(2, 3, seed=1), False)), Sample((array(4, 3), array(2, 3, seed=1), True))]


@pullback(between, argnums=(0, 1), samples=_BETWEEN, convention="0 at points that coincide")
def _between_pull(y, y_bar, a, b, square, active=(True, True)):
    w = 2.0 * y_bar if square else y_bar * inverse_or_zero(y)
    a_bar = a * np.sum(w, axis=1)[:, None] - w @ b if active[0] else None
    return a_bar, b * np.sum(w, axis=0)[:, None] - w.T @ a if active[1] else None


@pushforward(between, argnums=(0, 1))
def _between_push(y, tangents, a, b, square):
    a_dot, b_dot = tangents
    moved = 0.0
    if a_dot is not None:
        moved = moved + np.sum(a * a_dot, axis=1)[:, None] - a_dot @ b.T
    if b_dot is not None:
        moved = moved + np.sum(b * b_dot, axis=1) - a @ b_dot.T
    return 2.0 * moved if square else moved * inverse_or_zero(y)


def among(x: Any, square: bool) -> Any:
    """Euclidean distances, or their squares, between the rows of one array."""
    return sd.pdist(x, "sqeuclidean" if square else "euclidean")


@pullback(among, samples=[Sample((array(4, 3), False)), Sample((array(4, 3), True))],
          convention="0 at points that coincide")
def _among_pull(y, y_bar, x, square):
    m = len(x)
    i, j = np.triu_indices(m, 1)
    half = np.zeros((m, m), np.result_type(y_bar))
    half[i, j] = 2.0 * y_bar if square else y_bar * inverse_or_zero(y)
    w = half + half.T
    return x * np.sum(w, axis=1)[:, None] - w @ x


@pushforward(among)
def _among_push(y, tangents, x, square):
    i, j = np.triu_indices(len(x), 1)
    moved = np.sum((x[i] - x[j]) * (tangents[0][i] - tangents[0][j]), axis=1)
    return 2.0 * moved if square else moved * inverse_or_zero(y)


def pairs(m: int) -> tuple:
    """The pairs of rows in the order of `pdist`."""
    return np.triu_indices(m, 1)


# ---- the other metrics, of arrays of rows that are compared ---------------------------------------------------------------


def weighted(x, w):
    """Terms with weights."""
    return x if w is None else x * w


def braycurtis(a, b, w=None):
    """Sum of differences over sum of sums."""
    return np.sum(weighted(np.abs(a - b), w), axis=-1) / np.sum(weighted(np.abs(a + b), w), axis=-1)


def canberra(a, b, w=None):
    """Relative differences; 0/0 counts as 0."""
    size = np.abs(a) + np.abs(b)
    ratio = np.where(size == 0, 0.0, np.abs(a - b) / np.where(size == 0, 1.0, size))
    return np.sum(weighted(ratio, w), axis=-1)


def chebyshev(a, b, w=None):
    """The largest difference; of the weights only counts which are positive."""
    return np.max(np.abs(a - b) if w is None else np.where(w > 0, np.abs(a - b), 0.0), axis=-1)


def cityblock(a, b, w=None):
    """The sum of differences."""
    return np.sum(weighted(np.abs(a - b), w), axis=-1)


def minkowski(a, b, w=None, p=2.0):
    """The p-norm of differences."""
    if p == np.inf:
        return chebyshev(a, b, w)
    size = np.abs(a - b)
    if w is None:
        return np.linalg.norm(size, p, axis=-1) if not active(p) else np.sum(size**p, axis=-1) ** (1.0 / p)
    return np.linalg.norm(w ** (1.0 / p) * size, p, axis=-1) if not active(p) else np.sum(w * size**p, -1) ** (1.0 / p)


def euclidean(a, b, w=None):
    """The 2-norm of differences."""
    return np.linalg.norm(a - b if w is None else np.sqrt(w) * (a - b), axis=-1)


def sqeuclidean(a, b, w=None):
    """Its square."""
    return np.sum(weighted((a - b) ** 2, w), axis=-1)


def cosine(a, b, w=None):
    """One minus the cosine of the angle."""
    inner = np.sum(weighted(a * b, w), axis=-1)
    return 1.0 - inner / np.sqrt(np.sum(weighted(a * a, w), axis=-1) * np.sum(weighted(b * b, w), axis=-1))


def seuclidean(a, b, V=None):
    """Differences by variances."""
    return np.linalg.norm((a - b) / np.sqrt(V), axis=-1)


def mahalanobis(a, b, VI=None):
    """Differences by a matrix."""
    d = a - b
    square = np.sum((d @ VI) * d, axis=-1)
    return np.where(square == 0, 0.0, np.sqrt(np.where(square == 0, 1.0, square)))


def jensenshannon(a, b, w=None):
    """The root of the mean relative entropy to the middle of two distributions."""
    p, q = a / np.sum(a, axis=-1, keepdims=True), b / np.sum(b, axis=-1, keepdims=True)
    m = 0.5 * (p + q)
    total = np.sum(entropy_terms(p, m) + entropy_terms(q, m), axis=-1)
    return np.where(total <= 0, 0.0, np.sqrt(np.where(total <= 0, 1.0, 0.5 * total)))


def entropy_terms(p, m):
    """``p log(p / m)``, zero at zero."""
    safe = np.where(p == 0, 1.0, p)
    return np.where(p == 0, 0.0, p * np.log(safe / np.where(p == 0, 1.0, m)))


def hamming(a, b, w=None):
    """The share of coordinates that differ: constant but for the weights."""
    differ = (a != b).astype(float)
    return np.sum(weighted(differ, w), axis=-1) / (a.shape[-1] if w is None else np.sum(w))


def result_in(out, native, found):
    """The values of the compiled code with a derivative, in `out` if it is given."""
    return delivered(verified(native, found, "the metric"), out)


def delivered(y, out):
    """`y`, in `out` if it is given."""
    if out is None:
        return y
    out[...] = y
    return out


def _pybind(name: str, metric: Any) -> None:
    """Metrics bound by pybind11: arrays in, an array out."""
    between_rows, of_pairs = getattr(pybind, "cdist_" + name), getattr(pybind, "pdist_" + name)
    plain = name in ("euclidean", "sqeuclidean")

    @substitute(between_rows, convention="0 at points that coincide" if plain else "")
    def cdist(x, y, w=None, out=None, **kwargs):
        x, y = np.asarray(x, float), np.asarray(y, float)
        if plain and w is None:
            return delivered(between(x, y, name == "sqeuclidean"), out)
        native = below(between_rows, x, y, w, None, **kwargs)
        return result_in(out, native, metric(x[:, None, :], y[None, :, :], w, **kwargs))

    @substitute(of_pairs, convention="0 at points that coincide" if plain else "")
    def pdist(x, w=None, out=None, **kwargs):
        x = np.asarray(x, float)
        if plain and w is None:
            return delivered(among(x, name == "sqeuclidean"), out)
        native = below(of_pairs, x, w, None, **kwargs)
        i, j = pairs(len(x))
        return result_in(out, native, metric(x[i], x[j], w, **kwargs))


for _name, _metric in (("braycurtis", braycurtis), ("canberra", canberra), ("chebyshev", chebyshev),
                       ("cityblock", cityblock), ("euclidean", euclidean), ("minkowski", minkowski),
                       ("sqeuclidean", sqeuclidean), ("hamming", hamming)):
    _pybind(_name, _metric)


def _wrapped(name: str, metric: Any, takes: tuple = ()) -> None:
    """Metrics whose wrapper writes into the result."""

    @substitute(getattr(wrap, f"cdist_{name}_double_wrap"))
    def cdist(x, y, dm, **kwargs):
        dm[...] = metric(x[:, None, :], y[None, :, :], **kwargs)

    @substitute(getattr(wrap, f"pdist_{name}_double_wrap"))
    def pdist(x, dm, **kwargs):
        i, j = pairs(len(x))
        dm[...] = metric(x[i], x[j], **kwargs)


for _name, _metric in (("cosine", cosine), ("seuclidean", seuclidean), ("mahalanobis", mahalanobis),
                       ("jensenshannon", jensenshannon)):
    _wrapped(_name, _metric)


@substitute(wrap.to_squareform_from_vector_wrap)
def to_squareform(M, v):
    """Both triangles of a symmetric matrix."""
    i, j = pairs(len(M))
    M[i, j] = v
    M[j, i] = v


@substitute(wrap.to_vector_from_squareform_wrap)
def to_vector(X, v):
    """One triangle of a symmetric matrix."""
    i, j = pairs(len(X))
    v[...] = X[i, j]


@substitute(_hausdorff.directed_hausdorff, convention="at ties, the pair that is returned")
def directed_hausdorff(ar1, ar2, *rest):
    """The distance of the pair that decides."""
    distance, i, j = below(_hausdorff.directed_hausdorff, ar1, ar2, *rest)
    found = np.linalg.norm(ar1[i] - ar2[j])
    return (attach(distance, found) if active(found) else distance), i, j
