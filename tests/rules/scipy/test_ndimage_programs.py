"""Programs of images: filters, resampling, morphology, measurements, in every boundary mode."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage as n
from programs import check

r = np.random.default_rng(0)
X = r.standard_normal((6, 7))
V = r.standard_normal(11)
K = r.standard_normal((3, 3))
LAB = np.array([[1, 1, 0, 0, 2, 2, 2]] * 3 + [[0, 3, 3, 3, 0, 2, 2]] * 3)
PROGRAMS = {}
for m in ("reflect", "constant", "nearest", "mirror", "wrap", "grid-constant", "grid-mirror", "grid-wrap"):
    kw = {"mode": m, "cval": 0.3}
    PROGRAMS[f"convolve {m}"] = (lambda x, kw=kw: n.convolve(x, K, **kw), X)
    PROGRAMS[f"correlate k {m}"] = (lambda k, kw=kw: n.correlate(X, k, **kw), K)
    PROGRAMS[f"gaussian {m}"] = (lambda x, kw=kw: n.gaussian_filter(x, 1.3, **kw), X)
    PROGRAMS[f"uniform {m}"] = (lambda x, kw=kw: n.uniform_filter(x, 3, **kw), X)
    PROGRAMS[f"median {m}"] = (lambda x, kw=kw: n.median_filter(x, 3, **kw), X)
    PROGRAMS[f"max {m}"] = (lambda x, kw=kw: n.maximum_filter(x, 3, **kw), X)
    PROGRAMS[f"sobel {m}"] = (lambda x, kw=kw: n.sobel(x, **kw), X)
    for o in (0, 1, 2, 3, 4, 5):
        PROGRAMS[f"map {m} {o}"] = (
            lambda x, kw=kw, o=o: n.map_coordinates(
                x, np.array([[0.3, 2.2, 4.7, -0.6], [1.1, 5.3, 0.4, 7.1]]), order=o, **kw
            ),
            X,
        )
        if o:
            PROGRAMS[f"map c {m} {o}"] = (
                lambda c, kw=kw, o=o: n.map_coordinates(X, c, order=o, **kw),
                np.array([[0.3, 2.2, 4.7, -0.6], [1.1, 5.3, 0.4, 7.1]]),
            )
    PROGRAMS[f"shift {m}"] = (lambda x, kw=kw: n.shift(x, (0.3, -1.2), **kw), X)
    PROGRAMS[f"shift s {m}"] = (lambda s, kw=kw: n.shift(X, s, **kw), np.array([0.3, -1.2]))
    PROGRAMS[f"zoom {m}"] = (lambda x, kw=kw: n.zoom(x, 1.5, **kw), X)
    PROGRAMS[f"zoom grid {m}"] = (lambda x, kw=kw: n.zoom(x, 1.5, grid_mode=True, **kw), X)
    PROGRAMS[f"rotate {m}"] = (lambda x, kw=kw: n.rotate(x, 23.0, **kw), X)
    PROGRAMS[f"rotate noreshape {m}"] = (lambda a, kw=kw: n.rotate(X, a[0], reshape=False, **kw), np.array([23.0]))
    PROGRAMS[f"affine {m}"] = (
        lambda x, kw=kw: n.affine_transform(x, np.array([[0.9, 0.2], [-0.1, 1.1]]), offset=(0.3, -0.2), **kw),
        X,
    )
    PROGRAMS[f"affine M {m}"] = (
        lambda M, kw=kw: n.affine_transform(X, M, offset=(0.31, -0.21), **kw),
        np.array([[0.9, 0.2], [-0.1, 1.1]]),
    )
    PROGRAMS[f"affine diag {m}"] = (lambda M, kw=kw: n.affine_transform(X, M, **kw), np.array([0.9, 0.87]))
    PROGRAMS[f"spline_filter {m}"] = (lambda x, m=m: n.spline_filter(x, mode=m), X)
PROGRAMS["affine off"] = (
    lambda o: n.affine_transform(X, np.array([[0.9, 0.2], [-0.1, 1.1]]), offset=o),
    np.array([0.31, -0.21]),
)
PROGRAMS["geometric_transform"] = (lambda x: n.geometric_transform(x, lambda p: (p[0] + 0.3, p[1] - 0.2)), X)
for f, k in (
    ("gaussian_filter1d", (1.2,)),
    ("gaussian_gradient_magnitude", (1.2,)),
    ("gaussian_laplace", (1.2,)),
    ("laplace", ()),
    ("prewitt", ()),
    ("sobel", ()),
    ("uniform_filter1d", (3,)),
    ("minimum_filter", (3,)),
    ("minimum_filter1d", (3,)),
    ("maximum_filter1d", (3,)),
    ("rank_filter", (2, 3)),
    ("percentile_filter", (30, 3)),
    ("grey_erosion", (3,)),
    ("grey_dilation", (3,)),
    ("grey_opening", (3,)),
    ("grey_closing", (3,)),
    ("morphological_gradient", (3,)),
    ("morphological_laplace", (3,)),
    ("white_tophat", (3,)),
    ("black_tophat", (3,)),
    ("fourier_gaussian", (1.2,)),
    ("fourier_shift", (1.2,)),
    ("fourier_uniform", (3,)),
    ("fourier_ellipsoid", (3,)),
):
    PROGRAMS[f] = (lambda x, f=f, k=k: getattr(n, f)(x, *k), X)
PROGRAMS["gaussian sigma"] = (lambda s: n.gaussian_filter(X, s[0]), np.array([1.3]))
PROGRAMS["gaussian order"] = (lambda x: n.gaussian_filter(x, 1.3, order=(1, 0)), X)
PROGRAMS["gaussian tuple"] = (lambda s: n.gaussian_filter(X, s), np.array([1.3, 0.8]))
PROGRAMS["gaussian out"] = (lambda x: (lambda o: (n.gaussian_filter(x, 1.3, output=o), o)[1])(np.zeros((6, 7))), X)
PROGRAMS["gaussian radius"] = (lambda x: n.gaussian_filter(x, 1.3, radius=2), X)
PROGRAMS["correlate1d"] = (lambda x: n.correlate1d(x, [0.2, 0.5, 0.1], axis=0), X)
PROGRAMS["convolve1d w"] = (lambda w: n.convolve1d(X, w), K[0])
PROGRAMS["convolve origin"] = (lambda x: n.convolve(x, K, origin=1), X)
PROGRAMS["generic_laplace"] = (
    lambda x: n.generic_laplace(x, lambda a, axis, o, m, c: n.correlate1d(a, [1, -2, 1], axis, o, m, c, 0)),
    X,
)
PROGRAMS["generic_grad_mag"] = (lambda x: n.generic_gradient_magnitude(x, n.sobel), X)
PROGRAMS["generic_filter"] = (lambda x: n.generic_filter(x, np.mean, 3), X)
PROGRAMS["generic_filter1d"] = (
    lambda x: n.generic_filter1d(x, lambda i, o: o.__setitem__(slice(None), i[:-2] + i[1:-1] * i[2:]), 3),
    X,
)
PROGRAMS["vectorized_filter"] = (lambda x: n.vectorized_filter(x, np.mean, size=3), X)
for f in (
    "sum",
    "sum_labels",
    "mean",
    "variance",
    "standard_deviation",
    "minimum",
    "maximum",
    "median",
    "center_of_mass",
):
    PROGRAMS[f"{f} labels"] = (lambda x, f=f: np.asarray(getattr(n, f)(x, LAB, [1, 2, 3])), X)
    PROGRAMS[f"{f} none"] = (lambda x, f=f: np.asarray(getattr(n, f)(x)), X)
PROGRAMS["extrema"] = (lambda x: np.asarray(n.extrema(x, LAB, [1, 2, 3])[0]), X)
PROGRAMS["labeled_comprehension"] = (lambda x: n.labeled_comprehension(x, LAB, [1, 2], np.sum, float, 0), X)
PROGRAMS["histogram"] = (lambda x: np.sum(x) * n.histogram(x, -3, 3, 4), X)
PROGRAMS["max_position"] = (lambda x: x[n.maximum_position(x)] ** 2, X)
PROGRAMS["label"] = (lambda x: np.asarray(n.sum(x, n.label(x > 0)[0], [1, 2])), X)
PROGRAMS["find_objects"] = (lambda x: x[n.find_objects(LAB)[1]], X)
PROGRAMS["value_indices"] = (lambda x: x[n.value_indices(LAB)[2]], X)
PROGRAMS["watershed"] = (lambda x: x * n.watershed_ift(np.arange(42, dtype=np.uint8).reshape(6, 7), LAB), X)
PROGRAMS["edt"] = (lambda x: n.distance_transform_edt(x > -0.5) * x, X)
PROGRAMS["edt sampling"] = (lambda s: n.distance_transform_edt(X > -0.5, sampling=s), np.array([1.1, 0.7]))
PROGRAMS["cdt"] = (lambda x: n.distance_transform_cdt(x > 0) * x, X)
PROGRAMS["bf"] = (lambda x: n.distance_transform_bf(x > 0) * x, X)
PROGRAMS["binary_erosion"] = (lambda x: n.binary_erosion(x > -0.5) * x, X)
PROGRAMS["binary_fill"] = (lambda x: n.binary_fill_holes(x > 0) * x, X)
PROGRAMS["spline_filter1d"] = (lambda x: n.spline_filter1d(x), X)
PROGRAMS["map prefilter False"] = (lambda x: n.map_coordinates(x, np.array([[0.3], [0.4]]), prefilter=False), X)
PROGRAMS["map complex"] = (lambda x: np.abs(n.map_coordinates(x * (1 + 1j), np.array([[0.3], [0.4]]))), X)
PROGRAMS["median foot"] = (lambda x: n.median_filter(x, footprint=np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])), X)
PROGRAMS["rotate 3d"] = (lambda x: n.rotate(x[:, :, None] * np.arange(3.0), 20.0, axes=(0, 2)), X)
PROGRAMS["float32 shift"] = (lambda x: n.shift(x.astype(np.float64), 1), X)
PROGRAMS["median1d"] = (lambda x: n.median_filter(x, 5), V)
PROGRAMS["iterate"] = (lambda x: n.binary_propagation(x > 1, mask=x > 0) * x, X)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """Value, reverse and forward mode."""
    check(*PROGRAMS[name])
