"""Rules of ``scipy.ndimage``: its compiled routines write into an output array, so programs stand for them.

The filters' Python parts run through their source down to the routines of ``_nd_image``; filters become an extension
by the boundary mode and a correlation inside (`_windows`), order statistics a choice among shifted copies, and
resampling a sum over the B-spline weights of the neighbouring pixels, differentiable in image and coordinates.
"""

from __future__ import annotations

import itertools

import numpy as np
import scipy.ndimage

from .._callables import active, attach, below, refused
from .._registry import pullback, substitute
from ..samples import Sample, array
from ._private import private
from ._windows import (
    CONSTANT,
    GRID_CONSTANT,
    GRID_WRAP,
    MIRROR,
    NEAREST,
    REFLECT,
    WRAP,
    boundary,
    extend,
    valid_correlate,
)

_nd_image, _rank_filter_1d = private("scipy.ndimage._nd_image"), private("scipy.ndimage._rank_filter_1d")

# ---- linear filters ------------------------------------------------------------------------------------------------


@substitute(_nd_image.correlate1d)
def _correlate1d(input, weights, axis, output, mode, cval, origin):
    size = len(weights)
    left = size // 2 + origin
    shape = [1] * input.ndim
    shape[axis] = size
    wide = extend(input, axis, left, size - 1 - left, mode, cval)
    output[...] = valid_correlate(wide, np.reshape(weights, shape))


@substitute(_nd_image.correlate)
def _correlate(input, weights, output, mode, cval, origins):
    wide = input
    for axis, (size, origin) in enumerate(zip(weights.shape, origins)):
        left = size // 2 + origin
        wide = extend(wide, axis, left, size - 1 - left, mode, cval)
    output[...] = valid_correlate(wide, weights)


@substitute(_nd_image.uniform_filter1d)
def _uniform_filter1d(input, size, axis, output, mode, cval, origin):
    _correlate1d(input, np.full(size, 1.0 / size), axis, output, mode, cval, origin)


# ---- order statistics: kinks where the chosen pixel changes --------------------------------------------------------


def _shifted(input, footprint, mode, cval, origins):
    """The pixels under the footprint, one copy of the image for each of its elements, on a new first axis."""
    wide = input
    for axis, (size, origin) in enumerate(zip(footprint.shape, origins)):
        left = size // 2 + origin
        wide = extend(wide, axis, left, size - 1 - left, mode, cval)
    places = np.argwhere(footprint)
    return np.stack([wide[tuple(slice(k, k + n) for k, n in zip(place, input.shape))] for place in places])


@substitute(_nd_image.min_or_max_filter1d, convention="at ties, the gradient of NumPy's min and max")
def _min_or_max_filter1d(input, size, axis, output, mode, cval, origin, minimum):
    shape, origins = [1] * input.ndim, [0] * input.ndim
    shape[axis], origins[axis] = size, origin
    values = _shifted(input, np.ones(shape, bool), mode, cval, origins)
    output[...] = np.min(values, axis=0) if minimum else np.max(values, axis=0)


@substitute(_nd_image.min_or_max_filter, convention="at ties, the gradient of NumPy's min and max")
def _min_or_max_filter(input, footprint, structure, output, mode, cval, origins, minimum):
    values = _shifted(input, footprint, mode, cval, origins)
    if structure is not None:
        heights = np.reshape(structure[footprint.astype(bool)], (-1,) + (1,) * input.ndim)
        values = values - heights if minimum else values + heights
    output[...] = np.min(values, axis=0) if minimum else np.max(values, axis=0)


@substitute(_nd_image.rank_filter, convention="at ties, the first in NumPy's sorted order")
def _rank_filter(input, rank, footprint, output, mode, cval, origins):
    output[...] = np.sort(_shifted(input, footprint, mode, cval, origins), axis=0)[rank]


@substitute(_rank_filter_1d.rank_filter, convention="at ties, the first in NumPy's sorted order")
def _rank_filter_one_axis(input, rank, size, output, mode, cval, origin):
    output[...] = np.sort(_shifted(input, np.ones(size, bool), mode, cval, [origin]), axis=0)[rank]


# ---- splines -------------------------------------------------------------------------------------------------------


def spline_coefficients(x, order, axis, mode):
    """B-spline coefficients that interpolate `x` along one axis: the inverse of a banded matrix."""
    y = np.empty(x.shape, np.float64)
    _nd_image.spline_filter1d(np.asarray(x, np.float64), order, axis, y, mode)
    return y


@pullback(spline_coefficients, cite="Unser, Aldroubi and Eden 1993",
          samples=[Sample((array(7), 3, 0, MIRROR)), Sample((array(7, 5), 3, 1, REFLECT)),
                   Sample((array(6, 5), 2, 0, GRID_WRAP)), Sample((array(9), 5, 0, CONSTANT)),
                   Sample((array(5), 4, 0, NEAREST)), Sample((array(42), 5, 0, REFLECT))])
def _spline_coefficients_pull(y, y_bar, x, order, axis, mode):
    """The matrix is symmetric, or (mirror, and all modes scipy treats as mirror) becomes so with halved ends.

    scipy starts the recursion of the reflecting modes by a sum cut short: short rows need the matrix itself.
    """
    n = x.shape[axis]
    if n == 1:
        return y_bar
    if mode in (REFLECT, NEAREST) and n < 40:
        matrix = spline_coefficients(np.eye(n), order, 1, mode)
        return np.moveaxis(np.moveaxis(y_bar, axis, -1) @ np.transpose(matrix), -1, axis)
    if mode in (REFLECT, NEAREST, GRID_WRAP):
        return spline_coefficients(y_bar, order, axis, mode)
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    ends = np.ones(x.shape[axis])
    ends[[0, -1]] = 0.5
    ends = np.reshape(ends, shape)
    return ends * spline_coefficients(y_bar / ends, order, axis, mode)


@substitute(_nd_image.spline_filter1d)
def _spline_filter1d(input, order, axis, output, mode):
    output[...] = spline_coefficients(input, order, axis, mode)


def _basis(t, order):
    """Values at distance `t` (fraction, or offset from the nearest pixel for even orders) of the B-splines around.

    The weights of ``order + 1`` consecutive pixels by de Boor's recursion on unit knots.
    """
    if order % 2:
        u = t
    else:
        u = t + 0.5
    weights = [np.ones_like(u)]
    for k in range(1, order + 1):
        fresh = []
        for j in range(k + 1):
            term = 0.0
            if j > 0:
                term = term + (u + (k - j)) / k * weights[j - 1]
            if j < k:
                term = term + (j + 1 - u) / k * weights[j]
            fresh.append(term)
        weights = fresh
    return weights


def _fold(c, n, mode):
    """Coordinates outside the image mapped inside as `mode` says, and which are inside at all."""
    inside = np.ones(np.shape(c), bool)
    if mode == NEAREST:
        c = np.clip(c, 0.0, n - 1.0)
    elif mode == MIRROR:
        period = 2.0 * (n - 1)
        c = c - period * np.floor(c / period) if n > 1 else 0 * c
        c = np.where(c > n - 1, period - c, c)
    elif mode == REFLECT:
        period = 2.0 * n
        c = c - period * np.floor(c / period)
        c = np.where(c > n - 0.5, period - 1 - c, c)
    elif mode == WRAP:
        period = n - 1.0
        below, above = c < 0, c > n - 1
        c = np.where(below | above, c - period * np.floor(c / period), c) if n > 1 else 0 * c
    elif mode == GRID_WRAP:
        c = c - n * np.floor(c / n)
    elif mode == CONSTANT:
        inside = (c >= 0) & (c <= n - 1)
    return c, inside


def sample_spline(coefficients, coordinates, order, mode, cval):
    """Evaluate the spline with these coefficients at coordinates, one array of them for each axis."""
    inside = np.ones(np.shape(coordinates[0]), bool)
    taps = []
    for n, c in zip(coefficients.shape, coordinates):
        c, here = _fold(c, n, mode)
        inside = inside & here
        start = np.floor(c) if order % 2 else np.floor(c + 0.5)
        weights = _basis(c - start, order)
        first = start.astype(np.intp) - order // 2
        around = mode if mode in (REFLECT, GRID_WRAP, GRID_CONSTANT) else MIRROR
        taps.append([(w, boundary(first + k, n, around)) for k, w in enumerate(weights)])
    total = 0.0
    for combination in itertools.product(*taps):
        weight, index, known = 1.0, [], True
        for w, i in combination:
            weight = weight * w
            known = known & (i >= 0)
            index.append(np.maximum(i, 0))
        pixel = coefficients[tuple(index)]
        if mode == GRID_CONSTANT:
            pixel = np.where(known, pixel, cval)
        total = total + weight * pixel
    return np.where(inside, total, cval) if mode == CONSTANT else total


@substitute(_nd_image.geometric_transform)
def _geometric_transform(input, mapping, coordinates, matrix, shift, output, order, mode, cval, nprepad,
                         extra_arguments, extra_keywords):
    if mapping is not None:
        where = [mapping(index, *extra_arguments, **extra_keywords) for index in np.ndindex(output.shape)]
        table = np.reshape(np.array(where), (*output.shape, input.ndim))
        places = [table[..., axis] + nprepad for axis in range(input.ndim)]
    elif coordinates is not None:
        places = [coordinates[axis] + nprepad for axis in range(input.ndim)]
    else:
        grid = np.indices(output.shape)
        places = []
        for axis in range(input.ndim):
            place = 0.0 if shift is None else shift[axis]
            for k in range(output.ndim):
                place = place + matrix[axis, k] * grid[k]
            places.append(place + nprepad)
    output[...] = sample_spline(input, places, order, mode, cval)


@substitute(_nd_image.zoom_shift)
def _zoom_shift(input, zoom, shift, output, order, mode, cval, nprepad, grid_mode):
    grid = np.indices(output.shape)
    places = []
    for axis in range(input.ndim):
        place = 1.0 * grid[axis]
        if shift is not None:
            place = place + shift[axis]
        if zoom is not None:
            place = (place + 0.5) * zoom[axis] - 0.5 if grid_mode else place * zoom[axis]
        places.append(place + nprepad)
    output[...] = sample_spline(input, places, order, mode, cval)


# ---- filters in Fourier space --------------------------------------------------------------------------------------


def transfer(f, shape, dtype, args):
    """What a filter multiplies by: its effect on ones."""
    output = np.empty(shape, dtype)
    f(np.ones(shape, dtype), *args[:3], output, *args[3:])
    return output


@substitute(_nd_image.fourier_filter)
def _fourier_filter(input, sizes, n, axis, output, filter_type):
    if active(sizes):
        raise refused("the size of a filter in Fourier space has no rule: multiply by the transfer function yourself",
                      "the filter")
    output[...] = input * below(transfer, _nd_image.fourier_filter, input.shape, output.dtype, (sizes, n, axis, filter_type))


@substitute(_nd_image.fourier_shift)
def _fourier_shift(input, shift, n, axis, output):
    if active(shift):
        raise refused("the shift in Fourier space has no rule: multiply by the phase yourself", "fourier_shift")
    output[...] = input * below(transfer, _nd_image.fourier_shift, input.shape, output.dtype, (shift, n, axis))


# ---- filters that call back ----------------------------------------------------------------------------------------


@substitute(_nd_image.generic_filter)
def _generic_filter(input, function, footprint, output, mode, cval, origins, extra_arguments, extra_keywords):
    windows = _shifted(input, footprint.astype(bool), mode, cval, origins)
    flat = np.reshape(windows, (len(windows), -1))
    values = [function(np.array(flat[:, k]), *extra_arguments, **extra_keywords) for k in range(flat.shape[1])]
    output[...] = np.reshape(np.array(values), output.shape)


@substitute(_nd_image.generic_filter1d)
def _generic_filter1d(input, function, size, axis, output, mode, cval, origin, extra_arguments, extra_keywords):
    left = size // 2 + origin
    wide = np.moveaxis(extend(input, axis, left, size - 1 - left, mode, cval), axis, -1)
    lines = np.reshape(wide, (-1, wide.shape[-1]))
    results = []
    for k in range(len(lines)):
        line = np.zeros(input.shape[axis])
        function(np.array(lines[k]), line, *extra_arguments, **extra_keywords)
        results.append(line)
    output[...] = np.moveaxis(np.reshape(np.stack(results), (*wide.shape[:-1], input.shape[axis])), -1, axis)


# ---- distances --------------------------------------------------------------------------------------------------------


@substitute(scipy.ndimage.distance_transform_edt, convention="the nearest background element stays the same")
def distance_transform_edt(input, sampling=None, return_distances=True, return_indices=False, distances=None, indices=None):
    """Distances in the sampling of the axes."""
    spacing = None if sampling is None else np.asarray(sampling, float)
    result = below(scipy.ndimage.distance_transform_edt, input, spacing, return_distances, return_indices, distances, indices)
    if spacing is None or not active(spacing) or not (return_distances or isinstance(distances, np.ndarray)):
        return result
    if isinstance(distances, np.ndarray):
        raise refused("distances= with an active sampling has no rule", "distance_transform_edt")
    features = below(nearest_background, input, spacing)
    spacing = np.reshape(np.broadcast_to(spacing, (features.ndim - 1,)), (-1,) + (1,) * (features.ndim - 1))
    lengths = np.linalg.norm((features - np.indices(features.shape[1:])) * spacing, axis=0)
    if isinstance(result, tuple):
        return attach(result[0], lengths), *result[1:]
    return attach(result, lengths)


def nearest_background(input, sampling):
    """The indices of the nearest background element, which stay the same nearby."""
    return scipy.ndimage.distance_transform_edt(input, sampling, False, True)
