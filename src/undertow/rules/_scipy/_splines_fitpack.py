"""Programs that stand for FITPACK: `splrep`, `splev`, `UnivariateSpline`, `RectBivariateSpline` and their relatives.

Interpolating splines, and fits with given knots, have the derivative of their linear equations; knots that FITPACK takes
from the points of the data follow these.  Smoothing curves are differentiated by `_splines_smoothing`; smoothing surfaces
are refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._callables import active, attach, below, refused, unknown, verified
from .._registry import substitute
from ._private import private
from ._splines import BREAKS, basis, fitted, spline_values, width_of
from ._splines_smoothing import knots_in_data, smoothed

_fitpack, fitpack = private("scipy.interpolate._fitpack"), private("scipy.interpolate._dfitpack")
SMOOTHING = "smoothing surfaces of FITPACK (s > 0) have no rule: interpolate (s=0), or give the knots"
FAILED = "FITPACK did not reach the smoothing factor (its status says so), so the fit has no rule"

# ---- evaluation -----------------------------------------------------------------------------------------------------


def evaluated(t, c, k, x, nu, ext):
    """A spline at points, outside as `ext` says."""
    k, n = int(k), len(t)
    low, high = t[k], t[n - k - 1]
    c = c[:n - k - 1]
    x = np.asarray(x, float)
    if ext == 3:
        x = np.clip(x, low, high)
    out = spline_values(t, c, k, x, nu)
    return np.where((x < low) | (x > high), 0.0, out) if ext == 1 else out


@substitute(fitpack.splev, convention=BREAKS, cite="de Boor 1978, chapter X")
def splev(t, c, k, x, e=0):
    """Values."""
    _, status = below(fitpack.splev, t, c, k, x, e)
    return evaluated(t, c, k, np.atleast_1d(x), 0, e), status


@substitute(fitpack.splder, convention=BREAKS)
def splder(t, c, k, x, nu=1, e=0):
    """Derivatives."""
    _, status = below(fitpack.splder, t, c, k, x, nu, e)
    return evaluated(t, c, k, np.atleast_1d(x), int(nu), e), status


@substitute(fitpack.spalde)
def spalde(t, c, k1, x):
    """All derivatives at one point."""
    _, status = below(fitpack.spalde, t, c, k1, x)
    at = np.reshape(np.asarray(x, float), (1,))
    k = int(k1) - 1
    return np.concatenate([spline_values(t, c[:len(t) - k1], k, at, nu) for nu in range(int(k1))]), status


def antiderivative(t, c, k):
    """Knots and coefficients of the antiderivative that vanishes at the first knot (de Boor 1978, chapter X, (22))."""
    n = len(t) - k - 1
    steps = c[:n] * (t[k + 1:k + 1 + n] - t[:n]) / (k + 1)
    return np.concatenate([t[:1], t, t[-1:]]), np.concatenate([np.zeros(1), np.cumsum(steps)])


@substitute(fitpack.splint)
def splint(t, c, k, a, b):
    """Definite integrals; the spline is zero outside its knots."""
    _, work = below(fitpack.splint, t, c, k, a, b)
    k = int(k)
    low, high = t[k], t[len(t) - k - 1]
    wide, sums = antiderivative(t, c, k)
    ends = np.clip(np.stack([np.asarray(a, float), np.asarray(b, float)]), low, high)
    values = spline_values(wide, sums, k + 1, ends)
    return values[1] - values[0], work


@substitute(fitpack.sproot, cite="implicit function theorem")
def sproot(t, c, mest=None):
    """Roots of a cubic spline."""
    zeros, count, status = below(fitpack.sproot, t, c) if mest is None else below(fitpack.sproot, t, c, mest)
    found = zeros[:count]
    value = evaluated(t, c, 3, found, 0, 0)
    if not active(value):
        return zeros, count, status
    slope = below(evaluated, t, c, 3, found, 1, 0)
    return np.concatenate([attach(found, -value / slope), zeros[count:]]), count, status


@substitute(_fitpack._insert, cite="Boehm 1980")
def insert(per, t, c, k, x, m):
    """A knot inserted `m` times."""
    if per:
        raise refused("periodic splines have no rule", "insert")
    knots, found, *rest = below(_insert, per, t, c, k, x, m)
    wide, coefficient = t, c[:len(t) - k - 1]
    for _ in range(int(m)):
        place = int(width_of(wide, k, np.reshape(x, (1,)))[0][0])
        i = np.arange(place - k + 1, place + 1)
        share = (x - wide[i]) / (wide[i + k] - wide[i])
        between = share * coefficient[i] + (1.0 - share) * coefficient[i - 1]
        coefficient = np.concatenate([coefficient[:place - k + 1], between, coefficient[place:]])
        wide = np.concatenate([wide[:place + 1], np.reshape(x, (1,)), wide[place + 1:]])
    coefficient = np.concatenate([coefficient, found[len(coefficient):]])  # room that FITPACK leaves as it was
    return (verified(knots, wide, "insert"), verified(found, coefficient, "insert"), *rest)


def _insert(*args):
    return _fitpack._insert(*args)


# ---- fits of curves --------------------------------------------------------------------------------------------------


def knots_between(x, k):
    """The interior knots of the interpolating spline."""
    if k % 2:
        return x[(k + 1) // 2:len(x) - (k + 1) // 2]
    return 0.5 * (x[k // 2:len(x) - k // 2 - 1] + x[k // 2 + 1:len(x) - k // 2])


def with_knots(t, n, x, k, low, high, interior, status):
    """Knots as found, with the derivative of the points and ends they were taken from."""
    k = int(k)
    found = t[:n]
    if status == -1:
        interior = knots_between(x, k)
    elif status == -2:
        interior = np.zeros(0)
    ends = [np.zeros(k + 1) + low, interior, np.zeros(k + 1) + high]
    whole = np.concatenate(ends)
    return verified(found, whole, "the knots")


def coefficients(c, t, x, y, w, k, status, task, what, fp, s):
    """The coefficients of a fit with knots `t`."""
    k = int(k)
    n = len(t) - k - 1
    weight = np.ones(len(x)) if w is None else w
    if status not in (-1, -2) and task != -1:
        if status != 0:
            return unknown(c, np.sum(y) + np.sum(x), FAILED)
        found = smoothed(c[:n, None], fp, t, x, y[:, None], weight, k, s, what)
        return np.concatenate([found[:, 0], c[n:]])
    piece, begin = width_of(t, k, x)
    found = fitted(c[:n], basis(t, k, x, piece) * weight[:, None], begin, y * weight, what)
    return np.concatenate([found, c[n:]])


def residual(fp, c, t, x, y, w, k):
    """The weighted sum of squares."""
    k = int(k)
    weight = 1.0 if w is None else w
    miss = weight * (y - spline_values(t, c[:len(t) - k - 1], k, x))
    total = np.sum(miss * miss)
    return attach(fp, total) if active(total) else fp


@substitute(fitpack.curfit, cite="de Boor 1978, chapters XIII and XIV")
def curfit(task, x, y, w, t, wrk, iwrk, xb=None, xe=None, k=3, s=0.0):
    """Knots are written to `t`."""
    low, high = x[0] if xb is None else xb, x[-1] if xe is None else xe
    interior = np.array(t[int(k) + 1:len(t) - int(k) - 1])
    n, c, fp, status = below(_curfit, task, x, y, w, t, wrk, iwrk, low, high, k, s)
    exact = status in (-1, -2) or task == -1
    if exact or status != 0:
        knots = with_knots(np.array(t), n, x, k, low, high, interior, status) if exact else np.array(t)[:n]
    else:
        knots = knots_in_data(np.array(t)[:n], x, int(k), low, high)
    t[:n] = knots
    c = coefficients(c, knots, x, y, w, k, status, task, "splrep", fp, s)
    return n, c, residual(fp, c, knots, x, y, w, k) if exact else attach(fp, s * 1.0) if active(s) else fp, status


def _curfit(*args):
    """FITPACK itself, which writes to `t` and the work arrays."""
    return fitpack.curfit(*args)


@substitute(fitpack.fpcurf0, cite="de Boor 1978, chapters XIII and XIV")
def fpcurf0(x, y, k, w=None, xb=None, xe=None, s=None, nest=None):
    """The fit of `UnivariateSpline`."""
    given = {"w": w, "xb": xb, "xe": xe, "s": s, "nest": nest}
    data = below(fitpack.fpcurf0, x, y, k, **{name: v for name, v in given.items() if v is not None})
    return univariate(data, x, y, w, xb, xe, k, None, s)


@substitute(fitpack.fpcurf1)
def fpcurf1(*args, **kwargs):
    """The fit continued with more room for knots, or another smoothing factor."""
    x, y, w, xb, xe, k = args[:6]
    return univariate(below(fitpack.fpcurf1, *args, **kwargs), x, y, w, xb, xe, k, None, args[6])


@substitute(fitpack.fpcurfm1)
def fpcurfm1(x, y, k, t, w=None, xb=None, xe=None, overwrite_t=0):
    """The fit of `LSQUnivariateSpline`."""
    given = {"w": w, "xb": xb, "xe": xe}
    data = below(fitpack.fpcurfm1, x, y, k, t, **{name: v for name, v in given.items() if v is not None})
    k = int(k)
    return univariate(data, x, y, w, xb, xe, k, t[k + 1:len(t) - k - 1])


def univariate(data, x, y, w, xb, xe, k, interior, s=None):
    """The tuple of FITPACK with derivatives: ``x, y, w, xb, xe, k, s, n, t, c, fp, fpint, nrdata, ier``."""
    n, t, c, fp, status = data[7], data[8], data[9], data[10], data[13]
    low, high = x[0] if xb is None else xb, x[-1] if xe is None else xe
    if status == 1:  # no room: called again
        return (x, y, data[2] if w is None else w, *data[3:])
    task = 0 if interior is None else -1
    exact = status in (-1, -2) or task == -1
    s = data[6] if s is None else s
    if exact:
        knots = with_knots(t, n, x, k, low, high, t[:0] if interior is None else interior, status)
    else:
        knots = knots_in_data(t[:n], x, int(k), low, high) if status == 0 else t[:n]
    c = coefficients(c, knots, x, y, w, k, status, task, "UnivariateSpline", fp, s)
    fp = residual(fp, c, knots, x, y, w, k) if exact else attach(fp, s * 1.0) if active(s) else fp
    return (x, y, data[2] if w is None else w, low, high, *data[5:8], np.concatenate([knots, t[n:]]), c, fp, *data[11:])


@substitute(_fitpack._parcur)
def parcur(x, w, u, ub, ue, k, task, ipar, s, t, nest, wrk, iwrk, per):
    """The fit of `splprep`: several curves over one parameter, one after the other in `x` point by point."""
    if per:
        raise refused("periodic curves have no rule", "splprep")
    t0, c0, result = below(_parcur, x, w, u, ub, ue, k, task, ipar, s, t, nest, wrk, iwrk, per)
    status = result["ier"]
    exact = status in (-1, -2) or task == -1
    if not exact and status != 0:
        anchor = np.sum(x) + np.sum(u)
        return unknown(t0, anchor, FAILED), unknown(c0, anchor, FAILED), result
    count = len(x) // len(w)
    if not ipar:
        ordinate = np.reshape(x, (len(w), count))
        steps = np.sqrt(np.sum(np.diff(ordinate, axis=0) ** 2, axis=1))
        way = np.concatenate([np.zeros(1), np.cumsum(steps)])
        u = way / way[-1]
        result["u"] = attach(result["u"], u) if active(u) else result["u"]
        ub, ue = u[0], u[-1]
    interior = np.asarray(t)[int(k) + 1:len(t) - int(k) - 1] if task == -1 else t0[:0]
    if exact:
        knots = with_knots(t0, len(t0), u, k, ub, ue, interior, status)
    else:
        knots = knots_in_data(t0, u, int(k), ub, ue)
    n = len(knots) - int(k) - 1
    if not exact:
        found = smoothed(c0[:count * n].reshape(count, n).T, result["fp"], knots, u, np.reshape(x, (len(w), count)), w,
                         int(k), s, "splprep")
        return knots, np.concatenate([np.ravel(found.T), c0[count * n:]]), result
    piece, begin = width_of(knots, int(k), u)
    rows = basis(knots, int(k), u, piece) * w[:, None]
    values = np.reshape(x, (len(w), count)) * w[:, None]
    columns = [fitted(c0[d * n:(d + 1) * n], rows, begin, values[:, d], "splprep") for d in range(count)]
    return knots, np.concatenate([*columns, c0[count * n:]]), result


def _parcur(*args):
    return _fitpack._parcur(*args)


# ---- surfaces --------------------------------------------------------------------------------------------------------


def surface(tx, ty, c, kx, ky, x, y, nux=0, nuy=0):
    """A tensor product spline at pairs of coordinates."""
    kx, ky = int(kx), int(ky)
    nx, ny = len(tx) - kx - 1, len(ty) - ky - 1
    x, y = np.clip(x, tx[kx], tx[nx]), np.clip(y, ty[ky], ty[ny])
    (px, bx), (py, by) = width_of(tx, kx, x), width_of(ty, ky, y)
    across, along = basis(tx, kx, x, px, nux), basis(ty, ky, y, py, nuy)
    table = np.reshape(c[:nx * ny], (nx, ny))
    total = 0.0
    for i in range(kx + 1):
        for j in range(ky + 1):
            total = total + across[:, i] * along[:, j] * table[bx + i, by + j]
    return total


def on_grid(tx, ty, c, kx, ky, x, y, nux=0, nuy=0):
    """The same on the grid of two sets of coordinates, by rows."""
    x, y = np.atleast_1d(x), np.atleast_1d(y)
    pairs = np.repeat(x, len(y)), np.tile(y, len(x))
    return np.reshape(surface(tx, ty, c, kx, ky, *pairs, nux, nuy), (len(x), len(y)))


def _evaluates(f: Any, program: Any, derivative: bool) -> None:
    @substitute(f, convention=BREAKS)
    def values(tx, ty, c, kx, ky, *rest):
        native, status = below(f, tx, ty, c, kx, ky, *rest)
        if derivative:
            nux, nuy, x, y = rest
        else:
            (x, y), nux, nuy = rest, 0, 0
        found = program(tx, ty, c, kx, ky, np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float)),
                        int(nux), int(nuy))
        return verified(native, np.reshape(found, native.shape), "the surface"), status


_evaluates(fitpack.bispev, on_grid, False)
_evaluates(fitpack.bispeu, surface, False)
_evaluates(fitpack.parder, on_grid, True)
_evaluates(fitpack.pardeu, surface, True)


@substitute(fitpack.pardtc)
def pardtc(tx, ty, c, kx, ky, nux, nuy):
    """Coefficients of a partial derivative."""
    native, status = below(fitpack.pardtc, tx, ty, c, kx, ky, nux, nuy)
    kx, ky, nux, nuy = int(kx), int(ky), int(nux), int(nuy)
    table = np.reshape(c[:(len(tx) - kx - 1) * (len(ty) - ky - 1)], (len(tx) - kx - 1, len(ty) - ky - 1))
    table = derived(ty, derived(tx, table, kx, nux).T, ky, nuy).T
    return np.concatenate([np.ravel(table), native[table.size:]]), status


def derived(t, c, k, nu):
    """Coefficients of the `nu`-th derivative along the first axis, on the knots without `nu` at each end."""
    for m in range(nu):
        p = k - m
        width = t[m + p + 1:m + p + len(c)] - t[m + 1:m + len(c)]
        c = p * (c[1:] - c[:-1]) / np.where(width == 0, 1.0, width)[:, None]
    return c


@substitute(fitpack.dblint)
def dblint(tx, ty, c, kx, ky, xb, xe, yb, ye):
    """The integral over a rectangle."""
    kx, ky = int(kx), int(ky)
    nx, ny = len(tx) - kx - 1, len(ty) - ky - 1
    rows = integrals(tx, kx, xb, xe)
    return rows @ np.reshape(c[:nx * ny], (nx, ny)) @ integrals(ty, ky, yb, ye)


def integrals(t, k, a, b):
    """The integral of each B-spline over an interval."""
    n = len(t) - k - 1
    ends = np.clip(np.stack([np.asarray(a, float), np.asarray(b, float)]), t[k], t[n])
    columns = [spline_values(*_raised(t, e, k), ends) for e in np.eye(n)]
    return np.stack([v[1] - v[0] for v in columns])


def _raised(t, c, k):
    wide, sums = antiderivative(t, c, k)
    return wide, sums, k + 1


def tensor_knots(t, n, x, k, low, high, status):
    """The knots of one direction of an interpolating surface."""
    return with_knots(t, n, x, k, x[0] if low is None else low, x[-1] if high is None else high, t[:0], status)


@substitute(fitpack.regrid_smth, cite="de Boor 1978, chapter XVII")
def regrid_smth(x, y, z, xb=None, xe=None, yb=None, ye=None, kx=3, ky=3, s=0.0, maxit=20):
    """The interpolating surface through values on a grid: one direction after the other."""
    given = (xb, xe, yb, ye)
    nx, tx, ny, ty, c, fp, status = below(fitpack.regrid_smth, x, y, z, *given, kx, ky, s, maxit)
    kx, ky = int(kx), int(ky)
    if status not in (-1, -2):
        if status == 0 and s == 0:
            status = -1
        else:
            return nx, tx, ny, ty, unknown(c, np.sum(z) + np.sum(x) + np.sum(y), SMOOTHING), fp, status
    ax, ay = tensor_knots(tx, nx, x, kx, xb, xe, status), tensor_knots(ty, ny, y, ky, yb, ye, status)
    mx, my = nx - kx - 1, ny - ky - 1
    table = c[:mx * my].reshape(mx, my)
    right = solve_rows(ax, kx, x, np.reshape(z, (len(x), len(y))), mx)
    full = solve_rows(ay, ky, y, right.T, my).T
    c = np.concatenate([np.ravel(attach(table, full)), c[mx * my:]]) if active(full) else c
    tx = np.concatenate([ax, tx[nx:]]) if active(ax) else tx
    ty = np.concatenate([ay, ty[ny:]]) if active(ay) else ty
    return nx, tx, ny, ty, c, fp, status


def solve_rows(t, k, x, values, n):
    """Coefficients of the splines through columns of values, in the least squares sense if there are fewer."""
    piece, begin = width_of(t, k, x)
    rows = basis(t, k, x, piece)
    constant = below(least_squares, rows, begin, n, values)
    return fitted(constant, rows, begin, values, "RectBivariateSpline")


def least_squares(rows, begin, n, values):
    """The coefficients themselves."""
    design = np.zeros((len(rows), n))
    design[np.arange(len(rows))[:, None], np.asarray(begin)[:, None] + np.arange(rows.shape[1])] = rows
    return np.linalg.lstsq(design, values, rcond=None)[0]




def _scattered(f: Any, what: str, names: str) -> None:
    """Fits of surfaces to scattered data: the coefficients by least squares with the knots as they are."""
    lsq = f is fitpack.surfit_lsq
    place = 2 if lsq else 4

    @substitute(f, cite="de Boor 1978, chapter XVII")
    def program(x, y, z, *args, **kwargs):
        result = below(f, x, y, z, *args, **kwargs)
        given = {"w": None, "kx": 3, "ky": 3, **dict(zip(names.split(), args)), **kwargs}
        if lsq:
            tx, ty = result[0][:given["nx"]], result[1][:given["ny"]]
        else:
            tx, ty = result[1][:result[0]], result[3][:result[2]]
        known = lsq or result[-1] in (-1, -2)
        c = scattered_fit(result[place], tx, ty, int(given["kx"]), int(given["ky"]), x, y, z, given["w"], known, what)
        return (*result[:place], c, *result[place + 1:])


def scattered_fit(c, tx, ty, kx, ky, x, y, z, w, known, what):
    """Coefficients with the derivative of the values, refused where they depend on more."""
    if not known or active(x) or active(y):
        reason = "the points of a scattered fit have no rule" if known else SMOOTHING
        return unknown(c, np.sum(z) + np.sum(x) + np.sum(y), reason)
    return fitted_surface(c, tx, ty, kx, ky, x, y, z, w, what)


@substitute(_fitpack._surfit, cite="de Boor 1978, chapter XVII")
def surfit(x, y, z, w, xb, xe, yb, ye, kx, ky, task, *rest):
    """The fit of `bisplrep`."""
    tx, ty, c, result = below(_surfit, x, y, z, w, xb, xe, yb, ye, kx, ky, task, *rest)
    known = task == -1 or result["ier"] in (-1, -2)
    return tx, ty, scattered_fit(c, tx, ty, int(kx), int(ky), x, y, z, w, known, "bisplrep"), result


def _surfit(*args):
    return _fitpack._surfit(*args)


def fitted_surface(c, tx, ty, kx, ky, x, y, z, w, what):
    """Coefficients of a scattered fit with the derivative of its normal equations."""
    mx, my = len(tx) - kx - 1, len(ty) - ky - 1
    design = below(design_matrix, tx, ty, kx, ky, x, y)
    weight = np.ones(len(z)) if w is None else w
    design = design * weight[:, None]
    right = design.T @ (z * weight - design @ c[:mx * my])
    if not active(right):
        return c
    matrix = below(gram, design)
    if below(np.linalg.cond, matrix) > 1e13:
        raise refused("the data do not determine all coefficients", what)
    return np.concatenate([attach(c[:mx * my], np.linalg.solve(matrix, right)), c[mx * my:]])


def gram(design):
    """``B^T B``."""
    return design.T @ design


def design_matrix(tx, ty, kx, ky, x, y):
    """The tensor product B-splines at points, a row each."""
    mx, my = len(tx) - kx - 1, len(ty) - ky - 1
    (px, bx), (py, by) = width_of(tx, kx, x), width_of(ty, ky, y)
    across, along = basis(tx, kx, x, px), basis(ty, ky, y, py)
    design = np.zeros((len(x), mx * my))
    for i in range(kx + 1):
        for j in range(ky + 1):
            design[np.arange(len(x)), (bx + i) * my + by + j] = across[:, i] * along[:, j]
    return design


_scattered(fitpack.surfit_lsq, "LSQBivariateSpline", "nx tx ny ty w xb xe yb ye kx ky eps")
_scattered(fitpack.surfit_smth, "SmoothBivariateSpline", "w xb xe yb ye kx ky s eps")
