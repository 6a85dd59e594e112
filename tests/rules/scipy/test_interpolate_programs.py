"""Programs of interpolation: in the data, the points of evaluation, and the knots where they are given."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.interpolate as I
from programs import check

T = np.array([0.0, 0.7, 1.5, 2.1, 3.3, 4.0, 5.2])
Y = np.array([0.3, -0.5, 0.9, 1.4, 0.2, -0.8, 0.5])
P = np.array([0.31, 1.9, 2.7, 4.4])
G = np.array([0.0, 1.0, 2.5, 4.0, 5.0])
GY = np.cos(np.add.outer(G, 0.5 * G))
PTS = np.random.default_rng(0).uniform(0, 1, (14, 2))
V = np.sin(4 * PTS[:, 0]) * PTS[:, 1]
Q = np.array([[0.4, 0.5], [0.5, 0.55], [0.6, 0.35]])
PROGRAMS = {}
for n in ("CubicSpline", "PchipInterpolator", "Akima1DInterpolator"):
    K = getattr(I, n)
    PROGRAMS[n + " y"] = (lambda y, K=K: K(T, y)(P), Y)
    PROGRAMS[n + " x"] = (lambda x, K=K: K(x, Y)(P), T)
    PROGRAMS[n + " p"] = (lambda p, K=K: K(T, Y)(p), P)
    PROGRAMS[n + " nu1"] = (lambda y, K=K: K(T, y)(P, 1), Y)
    PROGRAMS[n + " deriv"] = (lambda y, K=K: K(T, y).derivative()(P), Y)
    PROGRAMS[n + " anti"] = (lambda y, K=K: K(T, y).antiderivative()(P), Y)
    PROGRAMS[n + " integrate"] = (lambda y, K=K: K(T, y).integrate(0.4, 3.1), Y)
    PROGRAMS[n + " integrate lim"] = (lambda p, K=K: K(T, Y).integrate(p[0], p[2]), P)
    PROGRAMS[n + " p nu1"] = (lambda p, K=K: K(T, Y)(p, 1), P)
    PROGRAMS[n + " roots"] = (lambda y, K=K: K(T, y).roots(extrapolate=False), Y)
    PROGRAMS[n + " solve"] = (lambda y, K=K: K(T, y).solve(0.1, extrapolate=False), Y)
for bc in ("natural", "clamped", "not-a-knot", ((1, 0.5), (2, 0.3))):
    PROGRAMS[f"CubicSpline {bc}"] = (lambda y, bc=bc: I.CubicSpline(T, y, bc_type=bc)(P), Y)
PROGRAMS["CubicSpline periodic"] = (lambda y: I.CubicSpline(T, np.append(y[:-1], y[0]), bc_type="periodic")(P), Y)
PROGRAMS["CubicSpline 2d axis"] = (lambda y: I.CubicSpline(T, np.stack([y, y**2]), axis=1)(P), Y)
PROGRAMS["makima"] = (lambda y: I.Akima1DInterpolator(T, y, method="makima")(P), Y)
PROGRAMS["pchip_interpolate"] = (lambda y: I.pchip_interpolate(T, y, P), Y)
PROGRAMS["Hermite y"] = (lambda y: I.CubicHermiteSpline(T, y, y**2)(P), Y)
PROGRAMS["Hermite p"] = (lambda p: I.CubicHermiteSpline(T, Y, Y**2)(p), P)
for k in ("linear", "nearest", "zero", "slinear", "quadratic", "cubic", "previous", "next"):
    PROGRAMS[f"interp1d {k} y"] = (lambda y, k=k: I.interp1d(T, y, kind=k)(P), Y)
    PROGRAMS[f"interp1d {k} p"] = (lambda p, k=k: I.interp1d(T, Y, kind=k)(p), P)
PROGRAMS["interp1d x"] = (lambda x: I.interp1d(x, Y)(P), T)
PROGRAMS["interp1d cubic x"] = (lambda x: I.interp1d(x, Y, kind="cubic")(P), T)
PROGRAMS["interp1d extrap"] = (lambda y: I.interp1d(T, y, fill_value="extrapolate")(np.array([-1.0, 6.0, 2.0])), Y)
PROGRAMS["interp1d fill"] = (
    lambda y: I.interp1d(T, y, bounds_error=False, fill_value=(y[0], y[-1]))(np.array([-1.0, 6.0, 2.0])),
    Y,
)
PROGRAMS["interp1d 2d"] = (lambda y: I.interp1d(T, np.stack([y, y**2]), axis=-1)(P), Y)
CC = np.random.default_rng(1).standard_normal((4, 3))
X3 = np.array([0.0, 1.0, 2.5, 4.0])
for n in ("PPoly", "BPoly"):
    K = getattr(I, n)
    PROGRAMS[n + " c"] = (lambda c, K=K: K(c, X3)(P[:3]), CC)
    PROGRAMS[n + " x"] = (lambda x, K=K: K(CC, x)(P[:3]), X3)
    PROGRAMS[n + " p"] = (lambda p, K=K: K(CC, X3)(p), P[:3])
    PROGRAMS[n + " deriv"] = (lambda c, K=K: K(c, X3).derivative(2)(P[:3]), CC)
    PROGRAMS[n + " anti"] = (lambda c, K=K: K(c, X3).antiderivative()(P[:3]), CC)
    PROGRAMS[n + " int"] = (lambda c, K=K: K(c, X3).integrate(0.2, 3.0), CC)
    PROGRAMS[n + " nu"] = (lambda c, K=K: K(c, X3)(P[:3], nu=1), CC)
PROGRAMS["PPoly from_spline"] = (lambda y: I.PPoly.from_spline(I.splrep(T, y))(P), Y)
PROGRAMS["PPoly from_bernstein"] = (lambda c: I.PPoly.from_bernstein_basis(I.BPoly(c, X3))(P[:3]), CC)
PROGRAMS["BPoly from_power"] = (lambda c: I.BPoly.from_power_basis(I.PPoly(c, X3))(P[:3]), CC)
PROGRAMS["BPoly from_derivatives"] = (
    lambda y: I.BPoly.from_derivatives([0, 1, 2], np.reshape(y[:6], (3, 2)))(P[:2]),
    Y,
)
PROGRAMS["NdPPoly"] = (
    lambda c: I.NdPPoly(np.reshape(c, (2, 2, 3, 1)), (X3, np.array([0.0, 4.0])))(np.array([[0.5, 0.5], [1.5, 2.0]])),
    CC,
)
PROGRAMS["Bary y"] = (lambda y: I.BarycentricInterpolator(T, y)(P), Y)
PROGRAMS["Bary p"] = (lambda p: I.BarycentricInterpolator(T, Y)(p), P)
PROGRAMS["Bary x"] = (lambda x: I.BarycentricInterpolator(x, Y)(P), T)
PROGRAMS["Bary deriv"] = (lambda y: I.BarycentricInterpolator(T, y).derivative(P), Y)
PROGRAMS["barycentric_interpolate"] = (lambda y: I.barycentric_interpolate(T, y, P), Y)
PROGRAMS["Krogh y"] = (lambda y: I.KroghInterpolator(T, y)(P), Y)
PROGRAMS["Krogh x"] = (lambda x: I.KroghInterpolator(x, Y)(P), T)
PROGRAMS["Krogh p"] = (lambda p: I.KroghInterpolator(T, Y)(p), P)
PROGRAMS["Krogh ders"] = (lambda y: I.KroghInterpolator(T, y).derivatives(P, 3), Y)
PROGRAMS["krogh_interpolate"] = (lambda y: I.krogh_interpolate(T, y, P), Y)
PROGRAMS["approximate_taylor"] = (
    lambda c: I.approximate_taylor_polynomial(lambda t: np.sin(c[0] * t), 0.3, 3, 0.5)(0.1),
    Y,
)
PROGRAMS["lagrange"] = (lambda y: I.lagrange(T[:4], y[:4])(P), Y)
R = np.array([[0.3, 1.2], [2.25, 3.3], [4.1, 0.6]])
SA = {
    m: {"solver_args": {"rtol": 1e-13, "atol": 0.0}} if m in ("cubic", "quintic") else {}
    for m in ("linear", "nearest", "slinear", "cubic", "quintic", "pchip")
}
for m in ("linear", "nearest", "slinear", "cubic", "quintic", "pchip"):
    PROGRAMS[f"RGI {m} v"] = (
        lambda v, m=m: I.RegularGridInterpolator((np.arange(7.0) * 1.1, np.arange(7.0)), v, method=m, **SA[m])(R),
        np.cos(np.add.outer(np.arange(7.0), 0.5 * np.arange(7.0))),
    )
    PROGRAMS[f"RGI {m} p"] = (
        lambda p, m=m: I.RegularGridInterpolator(
            (np.arange(7.0) * 1.1, np.arange(7.0)),
            np.cos(np.add.outer(np.arange(7.0), 0.5 * np.arange(7.0))),
            method=m,
            **SA[m],
        )(p),
        R,
    )
PROGRAMS["RGI grid"] = (lambda g: I.RegularGridInterpolator((g, G), GY)(R), G)
PROGRAMS["RGI fill"] = (lambda v: I.RegularGridInterpolator((G, G), v, bounds_error=False, fill_value=None)(R + 3), GY)
PROGRAMS["RGI 3d"] = (
    lambda v: I.RegularGridInterpolator((G, G, G[:3]), v[:, :, None] * G[:3])(np.array([[1.0, 2.0, 0.3]])),
    GY,
)
PROGRAMS["interpn"] = (lambda v: I.interpn((G, G), v, R), GY)
PROGRAMS["interpn p"] = (lambda p: I.interpn((G, G), GY, p), R)
PROGRAMS["interpn splinef2d"] = (lambda v: I.interpn((G, G), v, R, method="splinef2d"), GY)
PROGRAMS["RBS z"] = (lambda v: I.RectBivariateSpline(G, G, v)(np.array([0.5, 2.0, 3.0]), np.array([1.0, 1.7])), GY)
PROGRAMS["RBS ev p"] = (lambda p: I.RectBivariateSpline(G, G, GY).ev(p[:, 0], p[:, 1]), R)
PROGRAMS["RBS ev z"] = (lambda v: I.RectBivariateSpline(G, G, v).ev(R[:, 0], R[:, 1], dx=1), GY)
PROGRAMS["RBS call p"] = (lambda p: I.RectBivariateSpline(G, G, GY)(p[:, 0], p[:, 1], grid=False), R)
PROGRAMS["RBS integral"] = (lambda v: I.RectBivariateSpline(G, G, v).integral(0.5, 2.0, 1.0, 3.0), GY)
PROGRAMS["RBS grid p"] = (lambda p: I.RectBivariateSpline(G, G, GY)(p[:3], p[:3]), np.array([0.4, 1.3, 3.2]))
PROGRAMS["RBS s"] = (lambda v: I.RectBivariateSpline(G, G, v, s=0.1).ev(R[:, 0], R[:, 1]), GY)
PROGRAMS["US y"] = (lambda y: I.UnivariateSpline(T, y, s=0)(P), Y)
PROGRAMS["US smooth"] = (lambda y: I.UnivariateSpline(T, y, s=0.3)(P), Y)
PROGRAMS["US p"] = (lambda p: I.UnivariateSpline(T, Y, s=0)(p), P)
PROGRAMS["IUS y"] = (lambda y: I.InterpolatedUnivariateSpline(T, y)(P), Y)
PROGRAMS["IUS p"] = (lambda p: I.InterpolatedUnivariateSpline(T, Y)(p), P)
PROGRAMS["IUS x"] = (lambda x: I.InterpolatedUnivariateSpline(x, Y)(P), T)
PROGRAMS["IUS k1"] = (lambda y: I.InterpolatedUnivariateSpline(T, y, k=1)(P), Y)
PROGRAMS["IUS derivative"] = (lambda y: I.InterpolatedUnivariateSpline(T, y).derivative()(P), Y)
PROGRAMS["IUS derivatives"] = (lambda y: I.InterpolatedUnivariateSpline(T, y).derivatives(1.1), Y)
PROGRAMS["IUS integral"] = (lambda y: I.InterpolatedUnivariateSpline(T, y).integral(0.5, 3.0), Y)
PROGRAMS["IUS anti"] = (lambda y: I.InterpolatedUnivariateSpline(T, y).antiderivative()(P), Y)
PROGRAMS["IUS roots"] = (lambda y: I.InterpolatedUnivariateSpline(T, y).roots(), Y)
PROGRAMS["LSQUS"] = (lambda y: I.LSQUnivariateSpline(T, y, [2.5])(P), Y)
PROGRAMS["splrep y"] = (lambda y: I.splev(P, I.splrep(T, y)), Y)
PROGRAMS["splev p"] = (lambda p: I.splev(p, I.splrep(T, Y)), P)
PROGRAMS["splrep s"] = (lambda y: I.splev(P, I.splrep(T, y, s=0.2)), Y)
PROGRAMS["splrep x"] = (lambda x: I.splev(P, I.splrep(x, Y)), T)
PROGRAMS["splev der"] = (lambda y: I.splev(P, I.splrep(T, y), der=1), Y)
PROGRAMS["splint"] = (lambda y: I.splint(0.2, 3.0, I.splrep(T, y)), Y)
PROGRAMS["splder"] = (lambda y: I.splev(P, I.splder(I.splrep(T, y))), Y)
PROGRAMS["splantider"] = (lambda y: I.splev(P, I.splantider(I.splrep(T, y))), Y)
PROGRAMS["sproot"] = (lambda y: I.sproot(I.splrep(T, y)), Y)
PROGRAMS["spalde"] = (lambda y: I.spalde(1.1, I.splrep(T, y)), Y)
PROGRAMS["insert"] = (lambda y: I.splev(P, I.insert(1.2, I.splrep(T, y))), Y)
PROGRAMS["splprep"] = (lambda y: np.array(I.splev([0.2, 0.6], I.splprep([T, y], s=0)[0])), Y)
PROGRAMS["splint lim"] = (lambda p: I.splint(p[0], p[1], I.splrep(T, Y)), P)
PROGRAMS["splev t"] = (
    lambda t: I.splev(P, (np.concatenate([t[:1] * np.ones(4), t[1:4], t[4:] * np.ones(4)]), np.arange(7.0) ** 2, 3)),
    np.array([0.0, 1.0, 2.2, 3.0, 5.0]),
)
K7 = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 2.2, 3.0, 5.2, 5.2, 5.2, 5.2])
PROGRAMS["BSpline c"] = (lambda c: I.BSpline(K7, c, 3)(P), Y)
PROGRAMS["BSpline t"] = (
    lambda t: I.BSpline(np.concatenate([t[:1] * np.ones(4), t[1:4], t[4:] * np.ones(4)]), Y, 3)(P),
    np.array([0.0, 1.0, 2.2, 3.0, 5.2]),
)
PROGRAMS["BSpline p"] = (lambda p: I.BSpline(K7, Y, 3)(p), P)
PROGRAMS["BSpline nu"] = (lambda c: I.BSpline(K7, c, 3)(P, 1), Y)
PROGRAMS["BSpline nu p"] = (lambda c: I.BSpline(K7, Y, 3)(c, 1), P)
PROGRAMS["BSpline deriv"] = (lambda c: I.BSpline(K7, c, 3).derivative()(P), Y)
PROGRAMS["BSpline anti"] = (lambda c: I.BSpline(K7, c, 3).antiderivative()(P), Y)
PROGRAMS["BSpline int"] = (lambda c: I.BSpline(K7, c, 3).integrate(0.3, 3.1), Y)
PROGRAMS["BSpline int lim"] = (lambda p: I.BSpline(K7, Y, 3).integrate(p[0], p[1]), P)
PROGRAMS["BSpline insert"] = (lambda c: I.BSpline(K7, c, 3).insert_knot(1.5)(P), Y)
PROGRAMS["BSpline design"] = (lambda p: I.BSpline.design_matrix(p, K7, 3).toarray(), P)
PROGRAMS["BSpline vec"] = (lambda c: I.BSpline(K7, np.stack([c, c**2], 1), 3)(P), Y)
PROGRAMS["basis_element"] = (lambda p: I.BSpline.basis_element([0, 1, 2, 3, 4])(p), P[:3])
PROGRAMS["make_interp y"] = (lambda y: I.make_interp_spline(T, y)(P), Y)
PROGRAMS["make_interp x"] = (lambda x: I.make_interp_spline(x, Y)(P), T)
PROGRAMS["make_interp natural"] = (lambda y: I.make_interp_spline(T, y, bc_type="natural")(P), Y)
PROGRAMS["make_interp k2"] = (lambda y: I.make_interp_spline(T, y, k=2)(P), Y)
PROGRAMS["make_interp k1"] = (lambda y: I.make_interp_spline(T, y, k=1)(P), Y)
PROGRAMS["make_interp periodic"] = (
    lambda y: I.make_interp_spline(T, np.append(y[:-1], y[0]), bc_type="periodic")(P),
    Y,
)
PROGRAMS["make_interp k5"] = (lambda y: I.make_interp_spline(T, y, k=5)(P), Y)
PROGRAMS["make_lsq y"] = (lambda y: I.make_lsq_spline(T, y, [0.0, 0.0, 0.0, 0.0, 2.5, 5.2, 5.2, 5.2, 5.2])(P), Y)
PROGRAMS["make_lsq w"] = (
    lambda y: I.make_lsq_spline(T, y, [0.0, 0.0, 0.0, 0.0, 2.5, 5.2, 5.2, 5.2, 5.2], w=1 + y**2)(P),
    Y,
)
PROGRAMS["make_smoothing y"] = (lambda y: I.make_smoothing_spline(T, y, lam=0.1)(P), Y)
PROGRAMS["make_smoothing lam"] = (lambda l: I.make_smoothing_spline(T, Y, lam=l[0])(P), np.array([0.2]))
PROGRAMS["make_smoothing gcv"] = (lambda y: I.make_smoothing_spline(T, y)(P), Y)
PROGRAMS["make_splrep"] = (lambda y: I.make_splrep(T, y)(P), Y)
PROGRAMS["make_splrep s"] = (lambda y: I.make_splrep(T, y, s=0.2)(P), Y)
PROGRAMS["griddata lin v"] = (lambda v: I.griddata(PTS, v, Q), V)
PROGRAMS["griddata lin q"] = (lambda q: I.griddata(PTS, V, q), Q)
PROGRAMS["griddata nearest"] = (lambda v: I.griddata(PTS, v, Q, method="nearest"), V)
PROGRAMS["griddata cubic"] = (lambda v: I.griddata(PTS, v, Q, method="cubic"), V)
PROGRAMS["griddata cubic q"] = (lambda q: I.griddata(PTS, V, q, method="cubic"), Q)
PROGRAMS["griddata pts"] = (lambda p: I.griddata(p, V, Q), PTS)
PROGRAMS["griddata 1d"] = (lambda y: I.griddata(T, y, P), Y)
PROGRAMS["LinearND"] = (lambda v: I.LinearNDInterpolator(PTS, v)(Q), V)
PROGRAMS["NearestND"] = (lambda v: I.NearestNDInterpolator(PTS, v)(Q), V)
PROGRAMS["CloughTocher"] = (lambda v: I.CloughTocher2DInterpolator(PTS, v)(Q), V)
for k in (
    "thin_plate_spline",
    "linear",
    "cubic",
    "quintic",
    "gaussian",
    "multiquadric",
    "inverse_multiquadric",
    "inverse_quadratic",
):
    PROGRAMS[f"RBFI {k} v"] = (lambda v, k=k: I.RBFInterpolator(PTS, v, kernel=k, epsilon=2.0)(Q), V)
PROGRAMS["RBFI pts"] = (lambda p: I.RBFInterpolator(p, V)(Q), PTS)
PROGRAMS["RBFI q"] = (lambda q: I.RBFInterpolator(PTS, V)(q), Q)
PROGRAMS["RBFI neighbors"] = (lambda v: I.RBFInterpolator(PTS, v, neighbors=6)(Q), V)
PROGRAMS["RBFI smoothing"] = (lambda v: I.RBFInterpolator(PTS, v, smoothing=0.1)(Q), V)
PROGRAMS["RBFI smoothing s"] = (lambda s: I.RBFInterpolator(PTS, V, smoothing=s)(Q), np.abs(V) + 0.1)
for k in ("multiquadric", "gaussian", "linear", "cubic", "thin_plate"):
    PROGRAMS[f"Rbf {k} v"] = (lambda v, k=k: I.Rbf(PTS[:, 0], PTS[:, 1], v, function=k)(Q[:, 0], Q[:, 1]), V)
PROGRAMS["Rbf q"] = (lambda q: I.Rbf(PTS[:, 0], PTS[:, 1], V)(q[:, 0], q[:, 1]), Q)
PROGRAMS["Rbf pts"] = (lambda p: I.Rbf(p[:, 0], p[:, 1], V, epsilon=0.4)(Q[:, 0], Q[:, 1]), PTS)
PROGRAMS["SmoothBivariate"] = (
    lambda v: I.SmoothBivariateSpline(PTS[:, 0], PTS[:, 1], v, kx=2, ky=2, s=0.01)(0.4, 0.5),
    V,
)
PROGRAMS["LSQBivariate"] = (lambda v: I.LSQBivariateSpline(PTS[:, 0], PTS[:, 1], v, [], [], kx=1, ky=1)(0.4, 0.5), V)
PROGRAMS["bisplrep"] = (lambda v: I.bisplev(0.4, 0.5, I.bisplrep(PTS[:, 0], PTS[:, 1], v, kx=1, ky=1)), V)
PROGRAMS["RectSphere"] = (
    lambda v: I.RectSphereBivariateSpline(np.linspace(0.3, 2.5, 5), np.linspace(0.2, 5.5, 5), v)(1.1, 2.2),
    GY,
)
PROGRAMS["np.interp y"] = (lambda y: np.interp(P, T, y), Y)
PROGRAMS["np.interp x"] = (lambda x: np.interp(P, x, Y), T)
PROGRAMS["np.interp p"] = (lambda p: np.interp(p, T, Y), P)
PROGRAMS["pade"] = (lambda a: I.pade(a[:5], 2)[0](0.3) / I.pade(a[:5], 2)[1](0.3), Y)
PROGRAMS["AAA"] = (lambda y: I.AAA(T, y)(P), Y)
PROGRAMS["FloaterHormann"] = (lambda y: I.FloaterHormannInterpolator(T, y)(P), Y)
PROGRAMS["NdBSpline"] = (lambda c: I.NdBSpline((K7, K7), np.outer(c, c + 1), 3)(R), Y)
PROGRAMS["bisplrep lsq"] = (
    lambda v: I.bisplev(
        0.4,
        0.5,
        I.bisplrep(
            PTS[:, 0], PTS[:, 1], v, kx=1, ky=1, task=-1, tx=np.array([0, 0, 0.5, 1, 1.0]), ty=np.array([0, 0, 1, 1.0])
        ),
    ),
    V,
)
PROGRAMS["RBS partial"] = (
    lambda v: I.RectBivariateSpline(G, G, v).partial_derivative(1, 0)(R[:, 0], R[:, 1], grid=False),
    GY,
)
PROGRAMS["RBS grid x"] = (lambda g: I.RectBivariateSpline(g, G, GY)(np.array([0.5, 2.0]), 1.3), G)
PROGRAMS["US x"] = (lambda x: I.UnivariateSpline(x, Y, s=0)(P), T)
PROGRAMS["IUS k2 x"] = (lambda x: I.InterpolatedUnivariateSpline(x, Y, k=2)(P), T)
PROGRAMS["US antider"] = (lambda y: I.UnivariateSpline(T, y, s=0).antiderivative()(P), Y)
PROGRAMS["US integral lim"] = (lambda p: I.UnivariateSpline(T, Y, s=0).integral(p[0], p[2]), P)
PROGRAMS["US large s"] = (lambda y: I.UnivariateSpline(T, y, s=100.0)(P), Y)
PROGRAMS["US resid"] = (lambda y: I.UnivariateSpline(T, y, s=100.0).get_residual(), Y)
PROGRAMS["US weights"] = (lambda w: I.LSQUnivariateSpline(T, Y, [2.5], w=w)(P), np.abs(Y) + 0.3)
PROGRAMS["outside lin"] = (lambda p: I.LinearNDInterpolator(PTS, V, fill_value=0.3)(p), Q)
IP = I.LinearNDInterpolator(PTS, V)
RG = I.RegularGridInterpolator((G, G), GY)
CS = I.CubicSpline(T, Y)
IU = I.InterpolatedUnivariateSpline(T, Y)
RB = I.RectBivariateSpline(G, G, GY)
I1 = I.interp1d(T, Y, "cubic")
RBF = I.RBFInterpolator(PTS, V)
BS = I.make_interp_spline(T, Y)
for nm, f, x in (
    ("IP", IP, Q),
    ("RG", RG, R),
    ("CS", CS, P),
    ("IU", IU, P),
    ("I1", I1, P),
    ("RBF", RBF, Q),
    ("BS", BS, P),
):
    PROGRAMS["built outside " + nm] = (f, x)
PROGRAMS["built outside RB"] = (lambda p: RB.ev(p[:, 0], p[:, 1]), R)
PROGRAMS["scalar CS"] = (lambda p: CS(p[0]), P)
PROGRAMS["scalar IU"] = (lambda p: IU(p[0]) * 1.0, P)
PROGRAMS["scalar interp"] = (lambda p: float(I1(p[1])), P)
for n in (
    "griddata cubic",
    "griddata cubic q",
    "CloughTocher",
    "AAA",
    "RectSphere",
    "make_splrep s",
    "RBS s",
    "US smooth",
    "splrep s",
    "bisplrep",
):
    PROGRAMS.pop(n)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """Value, reverse and forward mode."""
    check(*PROGRAMS[name])
