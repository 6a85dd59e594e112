"""Programs that stand for interpolation on grids and in scattered points: `RegularGridInterpolator`,
`LinearNDInterpolator`, `NearestNDInterpolator`, `RBFInterpolator`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._callables import active, below, refused, verified
from .._registry import refuse, substitute, zero_derivative
from ._private import private

_interpnd = private("scipy.interpolate._interpnd", "scipy.interpolate.interpnd")
_rbfinterp_pythran, _rgi_cython = private("scipy.interpolate._rbfinterp_pythran"), private("scipy.interpolate._rgi_cython")

# ---- grids ---------------------------------------------------------------------------------------------------------


@substitute(_interpnd._ndim_coords_from_arrays)
def ndim_coords_from_arrays(points, ndim=None):
    """Coordinates in the last axis."""
    if isinstance(points, tuple) and len(points) == 1:
        points = points[0]
    if isinstance(points, tuple):
        return np.stack(np.broadcast_arrays(*[np.asarray(p, float) for p in points]), axis=-1)
    points = np.asarray(points)
    if points.ndim == 1:
        points = points.reshape(-1, 1) if ndim is None else points.reshape(-1, ndim)
    return points


@substitute(_rgi_cython.find_indices, convention="at a grid line, the cell that scipy takes")
def find_indices(grid, xi):
    """The cell of each point along each axis, and where in it the point lies."""
    indices, distances = below(_rgi_cython.find_indices, grid, xi)
    parts = []
    for d, line in enumerate(grid):
        if len(line) < 2:
            parts.append(np.zeros(xi.shape[1]))
            continue
        i = indices[d]
        parts.append((xi[d] - line[i]) / (line[i + 1] - line[i]))
    parts = np.stack(parts)
    return indices, verified(distances, parts, "the grid")


@substitute(_rgi_cython.evaluate_linear_2d)
def evaluate_linear_2d(values, indices, distances, grid, out):
    """Bilinear interpolation; a line of one point has no second one."""
    (i, j), (u, v) = indices, distances
    i1, j1 = np.minimum(i + 1, values.shape[0] - 1), np.minimum(j + 1, values.shape[1] - 1)
    i, j = np.maximum(i, 0), np.maximum(j, 0)
    out[...] = ((1.0 - u) * (1.0 - v) * values[i, j] + (1.0 - u) * v * values[i, j1] + u * (1.0 - v) * values[i1, j]
                + u * v * values[i1, j1])
    return out


# ---- triangulations ----------------------------------------------------------------------------------------------------


@substitute(_interpnd.NDInterpolatorBase.__init__)
def ndinterpolator_init(self, points, values, fill_value=np.nan, ndim=None, rescale=False, need_contiguous=True,
                        need_values=True):
    """Points, values and, where the interpolator wants one, a triangulation."""
    qhull = _interpnd.qhull
    self.tri = None
    self.scale = self.offset = None
    if isinstance(points, qhull.Delaunay):
        if rescale:
            raise ValueError("Rescaling is not supported when passing a Delaunay triangulation as argument ``points``.")
        self.tri, self.points = points, points.points
    else:
        points = np.asarray(ndim_coords_from_arrays(points), float)
        if rescale:
            self.offset = np.mean(points, axis=0)
            spread = np.ptp(points - self.offset, axis=0)
            self.scale = np.where(spread > 0, spread, 1.0)
            points = (points - self.offset) / self.scale
        self.points = points
    if self.tri is None and isinstance(self, _interpnd.LinearNDInterpolator):
        self.tri = below(qhull.Delaunay, self.points)
    self.values = None
    if need_values or values is not None:
        values = np.asarray(values)
        if values.shape[0] != self.points.shape[0]:
            raise ValueError("different number of values and points")
        if ndim is not None and self.points.shape[1] != ndim:
            raise ValueError(f"this mode of interpolation available only for {ndim}-D data")
        self.values_shape = values.shape[1:]
        self.is_complex = values.dtype.kind == "c"
        kind = complex if self.is_complex else float
        self.values = values.reshape(values.shape[0], -1).astype(kind)
        self.fill_value = kind(fill_value)


@substitute(_interpnd.LinearNDInterpolator.__init__)
def linear_init(self, points, values, fill_value=np.nan, rescale=False):
    """As the base class."""
    ndinterpolator_init(self, points, values, fill_value, None, rescale)


@substitute(_interpnd.LinearNDInterpolator)
def linear(points, values, fill_value=np.nan, rescale=False):
    """An interpolator whose attributes are followed."""
    made = object.__new__(_interpnd.LinearNDInterpolator)
    ndinterpolator_init(made, points, values, fill_value, None, rescale)
    return made


@substitute(_interpnd.NDInterpolatorBase._check_call_shape)
def check_call_shape(self, xi):
    """Points in the last axis."""
    xi = np.asarray(xi)
    if xi.shape[-1] != self.points.shape[1]:
        raise ValueError("number of dimensions in xi does not match x")
    return xi


@substitute(_interpnd.NDInterpolatorBase._scale_x)
def scale_x(self, xi):
    """As the points were scaled."""
    return xi if self.scale is None else (xi - self.offset) / self.scale


@substitute(_interpnd.NDInterpolatorBase.__call__, convention="on the edge of two simplices, the one that scipy takes")
def ndinterpolator_call(self, *args):
    """Linear interpolation by barycentric coordinates."""
    if not isinstance(self, _interpnd.LinearNDInterpolator):
        if any(map(active, args)) or active(self.values) or active(self.points):
            raise refused(NO_SCHEME, type(self).__name__)
        return below(evaluate_native, self, *args)
    xi = check_call_shape(self, ndim_coords_from_arrays(args, self.points.shape[1]))
    shape = xi.shape
    flat = scale_x(self, xi.reshape(-1, shape[-1]).astype(float))
    simplex = below(find_simplex, self.tri, flat)
    inside = np.flatnonzero(simplex >= 0)
    corners = self.tri.simplices[simplex[inside]]
    places = self.points[corners]
    last = places[:, -1]
    sides = np.swapaxes(places[:, :-1] - last[:, None], 1, 2)
    shares = np.linalg.solve(sides, (flat[inside] - last)[..., None])[..., 0]
    shares = np.concatenate([shares, 1.0 - np.sum(shares, axis=1, keepdims=True)], axis=1)
    out = np.full((len(flat), self.values.shape[1]), self.fill_value)
    out[inside] = np.sum(shares[..., None] * self.values[corners], axis=1)
    return out.reshape(shape[:-1] + self.values_shape)


def evaluate_native(interpolator: Any, *args: Any) -> Any:
    """What the interpolator gives."""
    return interpolator(*args)


NO_SCHEME = ("the scheme of Clough and Tocher estimates gradients by an iteration that has no rule; use "
             "LinearNDInterpolator or RBFInterpolator")
refuse(_interpnd.CloughTocher2DInterpolator, _interpnd.CloughTocher2DInterpolator.__init__, reason=NO_SCHEME)


def find_simplex(triangulation: Any, points: Any) -> Any:
    """The simplex of each point, as the interpolator looks for it."""
    return triangulation.find_simplex(points, tol=100 * np.finfo(float).eps)


zero_derivative(find_simplex)

# ---- radial basis functions --------------------------------------------------------------------------------------------


def thin_plate(r):
    """``r^2 log r``, zero at zero."""
    safe = np.where(r == 0, 1.0, r)
    return np.where(r == 0, 0.0, r * r * np.log(safe))


KERNELS = {"linear": lambda r: -r, "thin_plate_spline": thin_plate, "cubic": lambda r: r**3, "quintic": lambda r: -r**5,
           "multiquadric": lambda r: -np.sqrt(r * r + 1.0), "inverse_multiquadric": lambda r: 1.0 / np.sqrt(r * r + 1.0),
           "inverse_quadratic": lambda r: 1.0 / (r * r + 1.0), "gaussian": lambda r: np.exp(-r * r)}


def kernel_values(kernel, x, y):
    """The kernel of the distances between two sets of points."""
    return KERNELS[kernel](np.linalg.norm(x[:, None, :] - y[None, :, :], axis=-1))


@substitute(_rbfinterp_pythran._polynomial_matrix)
def polynomial_matrix(x, powers):
    """Monomials at points."""
    return np.prod(x[:, None, :] ** powers[None, :, :], axis=-1)


@substitute(_rbfinterp_pythran._build_system, cite="Fasshauer 2007, section 6.1")
def build_system(y, d, smoothing, kernel, epsilon, powers):
    """The system for the coefficients; its matrix by columns."""
    p, r = len(d), len(powers)
    low, high = np.min(y, axis=0), np.max(y, axis=0)
    shift, scale = (high + low) / 2, (high - low) / 2
    scale = np.where(scale == 0, 1.0, scale)
    scaled = y * epsilon
    left = np.empty((p + r, p + r)).T
    polynomials = polynomial_matrix((y - shift) / scale, powers)
    left[:p, :p] = kernel_values(kernel, scaled, scaled) + smoothing * np.eye(p)
    left[:p, p:] = polynomials
    left[p:, :p] = polynomials.T
    left[p:, p:] = 0.0
    right = np.empty((d.shape[1], p + r)).T
    right[:p] = d
    right[p:] = 0.0
    return left, right, shift, scale


@substitute(_rbfinterp_pythran._build_evaluation_coefficients)
def build_evaluation_coefficients(x, y, kernel, epsilon, powers, shift, scale):
    """What each coefficient is multiplied by."""
    return np.concatenate([kernel_values(kernel, x * epsilon, y * epsilon), polynomial_matrix((x - shift) / scale, powers)],
                          axis=1)
