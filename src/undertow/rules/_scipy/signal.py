"""Rules of the compiled leaves of ``scipy.signal``: recursive filters, convolutions, resampling, properties of peaks.

The adjoint of a causal filter is the same filter run backwards in time.  A filter with initial conditions is the filter
from rest plus the answer of ``1/a`` to the conditions, put in place of the first samples (direct form II transposed).
"""

from __future__ import annotations

import numpy as np
import scipy.signal

from .._callables import active, attach, below, refused, verified
from .._numpy.indexing import scatter
from .._registry import pullback, pushforward, refuse, substitute, zero_derivative
from ..samples import Sample, array
from ._private import private
from ._windows import CONSTANT, GRID_WRAP, MIRROR, NEAREST, REFLECT, extend, valid_correlate

peaks_of, _sigtools, _sosfilt, _spline, _upfirdn_apply = (private("scipy.signal." + name) for name in (
    "_peak_finding_utils", "_sigtools", "_sosfilt", "_spline", "_upfirdn_apply"))
_linear_filter = _sigtools._linear_filter

# ---- recursive filters -----------------------------------------------------------------------------------------------


def from_rest(b, a, x, axis=-1):
    """The filter ``b / a`` along an axis, from rest."""
    return _linear_filter(b, a, x, axis)


@pullback(from_rest, argnums=(0, 1, 2), cite="Oppenheim and Schafer 2010, section 6.3",
          samples=[Sample((array(3), np.array([1.7, 0.4, -0.2]), array(9), 0)),
                   Sample((array(2), np.array([0.8, 0.3, -0.1]), array(3, 8), 1)),
                   Sample((array(3), np.array([2.0, 0.3]), array(7, 2), 0))])
def _from_rest_pull(y, y_bar, b, a, x, axis=-1, active=(True, True, True)):
    """``a * y = b * x``: with ``u`` the reversed filter ``1/a`` of the cotangent, each tap sees a shifted ``u``."""
    x_bar = np.flip(from_rest(np.conj(b), np.conj(a), np.flip(y_bar, axis), axis), axis) if active[2] else None
    if not (active[0] or active[1]):
        return None, None, x_bar
    one = np.ones(1, a.dtype)
    u = np.flip(from_rest(one, np.conj(a), np.flip(y_bar, axis), axis), axis)
    n = x.shape[axis]

    def taps(signal, count, sign):
        source, target = np.moveaxis(np.conj(signal), axis, -1), np.moveaxis(u, axis, -1)
        parts = [np.sum(source[..., :max(n - k, 0)] * target[..., k:]) for k in range(count)]
        return sign * np.stack(parts)

    return taps(x, len(b), 1.0) if active[0] else None, taps(y, len(a), -1.0) if active[1] else None, x_bar


@pushforward(from_rest, argnums=(0, 1, 2))
def _from_rest_push(y, tangents, b, a, x, axis=-1):
    """``a * y_dot = b * x_dot + b_dot * x - a_dot * y``."""
    b_dot, a_dot, x_dot = tangents
    one, total = np.ones(1, a.dtype), 0.0
    if x_dot is not None:
        total = total + from_rest(b, a, x_dot, axis)
    if b_dot is not None:
        total = total + from_rest(b_dot, a, x, axis)
    if a_dot is not None:
        total = total - from_rest(one, a, from_rest(a_dot, one, y, axis), axis)
    return total


def normalised(b, a):
    """Coefficients of the same length, the first of `a` one."""
    n = max(len(b), len(a))
    b, a = (np.concatenate([v, np.zeros(n - len(v), v.dtype)]) for v in (b, a))
    return b / a[0], a / a[0]


def with_state(b, a, x, zi):
    """The filter along the last axis from a state, and the state at the end; `a` begins with one."""
    n, count = x.shape[-1], zi.shape[-1]
    head = zi[..., :n]
    if count < n:
        head = np.concatenate([head, np.zeros((*zi.shape[:-1], n - count), zi.dtype)], axis=-1)
    y = from_rest(b, a, x, -1) + from_rest(np.ones(1, a.dtype), a, head, -1)
    seen = min(n, count)
    places = np.arange(count)[:, None] + np.arange(seen) + 1
    inside = places <= count
    taps_b, taps_a = (np.where(inside, v[np.minimum(places, count)], 0.0) for v in (b, a))
    late_x, late_y = (np.flip(v[..., n - seen:], -1) for v in (x, y))
    zf = late_x @ taps_b.T - late_y @ taps_a.T
    if count > n:  # what has not come out yet
        zf = zf + np.concatenate([zi[..., n:], np.zeros((*zi.shape[:-1], n), zi.dtype)], axis=-1)
    return y, zf


@substitute(_linear_filter, cite="Oppenheim and Schafer 2010, section 6.3")
def linear_filter(b, a, x, axis=-1, zi=None):
    """`lfilter`."""
    if zi is None:
        return from_rest(b, a, x, axis)
    native, last = below(_linear_filter, b, a, x, axis, zi)
    b, a = normalised(b, a)
    x, zi = np.moveaxis(x, axis, -1), np.moveaxis(zi, axis, -1)
    y, zf = with_state(b, a, x, np.broadcast_to(zi, (*x.shape[:-1], zi.shape[-1])))
    return attach(native, np.moveaxis(y, -1, axis)), attach(last, np.moveaxis(zf, -1, axis))


def native_sections(sos, x, zi):
    """What the compiled filter writes, on copies."""
    x, zi = np.array(x, order="C"), np.array(zi, order="C")
    _sosfilt._sosfilt(np.array(sos, order="C"), x, zi)
    return x, zi


@substitute(_sosfilt._sosfilt)
def sosfilt(sos, x, zi):
    """Sections of second order one after the other, in place."""
    native, last = below(native_sections, sos, x, zi)
    y, states = np.array(x), []
    for k in range(len(sos)):
        y, state = with_state(sos[k, :3], sos[k, 3:], y, np.array(zi[:, k]))
        states.append(state)
    x[...] = attach(native, y)
    zi[...] = attach(last, np.stack(states, axis=1))


# ---- convolution in several dimensions -----------------------------------------------------------------------------------


def correlated(x, w):
    """`valid_correlate` of complex numbers too."""
    if not (np.iscomplexobj(x) or np.iscomplexobj(w)):
        return valid_correlate(x, w)
    parts = [[valid_correlate(u, v) for v in (np.real(w), np.imag(w))] for u in (np.real(x), np.imag(x))]
    return parts[0][0] - parts[1][1] + 1j * (parts[0][1] + parts[1][0])


BOUNDARIES = {0: CONSTANT, 4: REFLECT, 8: GRID_WRAP}


@substitute(_sigtools._convolve2d)
def convolve2d(in1, in2, flip=1, mode=2, boundary=0, fillvalue=0.0):
    """Two dimensions, with boundaries."""
    native = below(_sigtools._convolve2d, in1, in2, flip, mode, boundary, fillvalue)
    wide = np.asarray(in1)
    for axis, k in enumerate(in2.shape):
        wide = extend(wide, axis, k - 1, k - 1, BOUNDARIES[boundary], fillvalue)
    full = correlated(wide, in2[::-1, ::-1] if flip else np.asarray(in2))
    cut = [(0 if mode == 2 else k - 1 if mode == 0 else (k - 1) // 2 if flip else k // 2) for k in in2.shape]
    found = full[tuple(slice(c, c + n) for c, n in zip(cut, native.shape))]
    return verified(native, found, "convolve2d")


@substitute(_sigtools._correlateND)
def correlate_nd(x, kernel, out, mode):
    """Any number of dimensions; `x` was padded behind for all modes but 'valid'."""
    native = below(native_correlate, x, kernel, out, mode)
    kernel = np.conj(kernel)
    if mode == 0:
        found = correlated(x, kernel)
    else:
        before = [(k - 1, 0) for k in kernel.shape]
        found = correlated(np.pad(x, before), kernel)
        if mode == 1:
            found = found[tuple(slice((k - 1) // 2, (k - 1) // 2 + n) for k, n in zip(kernel.shape, out.shape))]
    out[...] = verified(native, found, "correlate")
    return out


def native_correlate(x, kernel, out, mode):
    """What the compiled code writes."""
    return _sigtools._correlateND(x, kernel, np.empty(out.shape, out.dtype), mode)


# ---- resampling -----------------------------------------------------------------------------------------------------------

PADS = {1: REFLECT, 2: NEAREST, 4: GRID_WRAP, 5: MIRROR}


@substitute(_upfirdn_apply._apply)
def upfirdn_apply(x, h_trans_flip, out, up, down, axis, mode, cval):
    """``y[n] = sum_k h[n down - k up] x[k]``, beyond the ends of `x` as the mode says."""
    h = np.ravel(np.reshape(h_trans_flip, (up, -1))[:, ::-1].T)
    rows = np.reshape(np.moveaxis(x, axis, 0), (x.shape[axis], -1))
    behind = 0
    if mode in PADS:
        behind = -(-len(h) // up)
        rows = extend(rows, 0, behind, behind, PADS[mode], 0.0)
    elif mode != 0 or cval != 0:
        raise refused("this way of padding has no rule", "upfirdn")
    n = out.shape[axis]
    y = resampled(h, rows, up, down, n, behind)
    out += np.moveaxis(np.reshape(y, (n, *np.moveaxis(x, axis, 0).shape[1:])), 0, axis)


def resampled(h, x, up, down, n, skip=0):
    """``y[i] = sum_k h[i down - (k - skip) up] x[k]`` for `n` values, along the first axis."""
    ahead = skip * up
    padded = np.concatenate([np.zeros((-ahead) % down, h.dtype), h]) if ahead % down else h
    y = scipy.signal.upfirdn(padded, x, up, down, axis=0)
    first = (ahead + len(padded) - len(h)) // down
    y = y[first:first + n]
    return y if len(y) == n else np.concatenate([y, np.zeros((n - len(y), *y.shape[1:]), y.dtype)])


@pullback(resampled, argnums=(0, 1), samples=[
    Sample((array(5), array(9, 2), 2, 3, 8)), Sample((array(4), array(7, 1), 3, 2, 11)),
    Sample((array(4), array(11, 1), 3, 2, 9, 2))])
def _resampled_pull(y, y_bar, h, x, up, down, n, skip=0, active=(True, True)):
    """The adjoint goes down where the filter goes up, with the taps turned round."""
    x_bar = h_bar = None
    if active[1]:
        turned = np.conj(h[::-1])
        lead = (-(len(h) - 1) - skip * up) % up
        taps = np.concatenate([np.zeros(lead, turned.dtype), turned])
        first = (len(h) - 1 + lead - skip * up) // up
        whole = scipy.signal.upfirdn(taps, y_bar, down, up, axis=0)
        whole = np.concatenate([np.zeros((max(-first, 0), *whole.shape[1:]), whole.dtype), whole[max(first, 0):]])[:len(x)]
        missing = len(x) - len(whole)
        x_bar = np.concatenate([whole, np.zeros((missing, *whole.shape[1:]), whole.dtype)]) if missing else whole
    if active[0]:
        target, source, place = meeting(len(h), len(x), up, down, n, skip)
        h_bar = scatter(np.sum(y_bar[target] * np.conj(x[source]), axis=1), (place,), (len(h),))
    return h_bar, x_bar


@pushforward(resampled, argnums=(0, 1))
def _resampled_push(y, tangents, h, x, up, down, n, skip=0):
    h_dot, x_dot = tangents
    terms = [resampled(p, q, up, down, n, skip) for p, q in ((h_dot, x), (h, x_dot)) if p is not None and q is not None]
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def meeting(taps, length, up, down, n, skip):
    """Which results, samples and taps meet."""
    rows = np.arange(n)[:, None] * down
    source = rows // up - np.arange(-(-taps // up)) + skip
    place = rows - (source - skip) * up
    use = (place < taps) & (source >= 0) & (source < length)
    return np.broadcast_to(np.arange(n)[:, None], use.shape)[use], source[use], place[use]


zero_derivative(meeting)

# ---- order statistics ------------------------------------------------------------------------------------------------------


@substitute(_sigtools._medfilt2d, convention="at ties, the first in NumPy's sorted order")
def medfilt2d(image, size):
    """The median of windows of an image with zeros around."""
    wide = np.asarray(image)
    for axis, k in enumerate(size):
        wide = extend(wide, axis, int(k) // 2, int(k) // 2, CONSTANT, 0.0)
    m, n = image.shape
    windows = [wide[i:i + m, j:j + n] for i in range(int(size[0])) for j in range(int(size[1]))]
    return np.sort(np.stack(windows), axis=0)[len(windows) // 2]


# ---- spline filters --------------------------------------------------------------------------------------------------------


def _starts(f):
    """Register a routine that finds where a symmetric filter starts: linear in the signal."""

    @substitute(f)
    def program(signal, *parameters):
        n = signal.shape[1]
        if any(map(active, parameters)) or n > 4000:
            raise refused("the poles of the filter, and rows longer than 4000, have no rule", f.__name__)
        weights = below(f, np.eye(n, dtype=signal.dtype), *parameters)
        return attach(below(f, signal, *parameters), signal @ weights)


for _f in (_spline.symiirorder1_ic, _spline.symiirorder2_ic_fwd, _spline.symiirorder2_ic_bwd):
    _starts(_f)


@substitute(_spline.sepfir2d)
def sepfir2d(input, hrow, hcol):
    """A filter along the rows and one along the columns, the image reflected at its ends."""
    native = below(_spline.sepfir2d, input, hrow, hcol)
    wide = np.asarray(input)
    for axis, h in enumerate((hcol, hrow)):
        h = np.asarray(h)
        wide = extend(wide, axis, len(h) // 2, len(h) // 2, REFLECT, 0.0)
        wide = correlated(wide, np.reshape(h[::-1], (-1, 1) if axis == 0 else (1, -1)))
    return verified(native, wide, "sepfir2d")


# ---- peaks -----------------------------------------------------------------------------------------------------------------

zero_derivative(peaks_of._local_maxima_1d, peaks_of._select_by_peak_distance)


@substitute(peaks_of._peak_prominences, convention="at equal bases, the left one")
def peak_prominences(x, peaks, wlen):
    """The height above the higher base."""
    native, left, right = below(peaks_of._peak_prominences, x, peaks, wlen)
    base = np.where(x[left] >= x[right], x[left], x[right])
    return attach(native, x[peaks] - base), left, right


@substitute(peaks_of._peak_widths)
def peak_widths(x, peaks, rel_height, prominences, left_bases, right_bases):
    """Where a peak crosses a height, by lines between samples."""
    _, heights, left, right = native = below(peaks_of._peak_widths, x, peaks, rel_height, prominences, left_bases,
                                             right_bases)
    level = x[peaks] - prominences * rel_height
    i, j = np.floor(left).astype(np.intp), np.ceil(right).astype(np.intp)
    i1, j1 = np.minimum(i + 1, len(x) - 1), np.maximum(j - 1, 0)
    rise, fall = x[i1] - x[i], x[j1] - x[j]
    left_at = i + np.where(x[i] < level, (level - x[i]) / np.where(rise == 0, 1.0, rise), 0.0)
    right_at = j - np.where(x[j] < level, (level - x[j]) / np.where(fall == 0, 1.0, fall), 0.0)
    return (attach(native[0], right_at - left_at), attach(heights, level), attach(left, left_at), attach(right, right_at))


refuse(_sigtools._remez, reason="the exchange algorithm of Parks and McClellan has no rule; use firls or firwin")
