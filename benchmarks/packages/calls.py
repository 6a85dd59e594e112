"""Calls into third-party packages, as their users write them.  Each maps a float array to a number.

None of these packages knows of undertow, and nothing here is written for it.  `call(package, field)` registers a
function with the point at which to differentiate it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Call:
    """One call: which package, of which field, what it does, and where to differentiate it."""

    package: str
    field: str
    function: Callable
    point: np.ndarray

    @property
    def name(self) -> str:
        """What is called, from the function's docstring."""
        return (self.function.__doc__ or self.function.__name__).strip()


CALLS: list[Call] = []


def call(package: str, field: str, *point: float) -> Callable[[Callable], Callable]:
    """Register a call to `package` at `point`."""
    def register(function: Callable) -> Callable:
        CALLS.append(Call(package, field, function, np.array(point)))
        return function
    return register


# ---- state estimation ---------------------------------------------------------------------------------------------


@call("filterpy", "state estimation", 0.1, 0.5, 1.0)
def kalman_filter(x):
    """kalman.KalmanFilter, log-likelihood of a track"""
    from filterpy.common import Q_discrete_white_noise
    from filterpy.kalman import KalmanFilter
    kf = KalmanFilter(dim_x=2, dim_z=1)
    kf.x = np.array([0.0, x[2]])
    kf.F = np.array([[1.0, 0.1], [0.0, 1.0]])
    kf.H = np.array([[1.0, 0.0]])
    kf.P *= 10.0
    kf.R *= x[1]
    kf.Q = Q_discrete_white_noise(dim=2, dt=0.1, var=0.3) * x[0]
    total = 0.0
    for z in np.sin(np.arange(20) * 0.1):
        kf.predict()
        kf.update(z)
        total += kf.log_likelihood
    return total


@call("filterpy", "state estimation", 0.2, 0.4)
def unscented_filter(x):
    """kalman.UnscentedKalmanFilter, pendulum"""
    from filterpy.kalman import MerweScaledSigmaPoints, UnscentedKalmanFilter
    points = MerweScaledSigmaPoints(2, alpha=0.5, beta=2.0, kappa=0.0)
    ukf = UnscentedKalmanFilter(dim_x=2, dim_z=1, dt=0.1, fx=lambda s, dt: np.array([s[0] + dt * s[1],
                                s[1] - dt * np.sin(s[0])]), hx=lambda s: s[:1], points=points)
    ukf.x = np.array([x[1], 0.0])
    ukf.P *= 0.2
    ukf.R *= x[0]
    for z in 0.5 * np.cos(np.arange(10) * 0.1):
        ukf.predict()
        ukf.update(np.array([z]))
    return ukf.x @ ukf.x + np.trace(ukf.P)


@call("pykalman", "state estimation", 0.3, 0.8)
def pykalman_smoother(x):
    """KalmanFilter.smooth"""
    from pykalman import KalmanFilter
    kf = KalmanFilter(transition_matrices=np.array([[1.0, x[0]], [0.0, x[1]]]), observation_matrices=np.eye(2)[:1],
                      initial_state_mean=np.zeros(2), initial_state_covariance=np.eye(2))
    means, covariances = kf.smooth(np.sin(np.arange(8.0)))
    return np.sum(np.asarray(means) ** 2) + np.sum(covariances)


@call("ahrs", "attitude estimation", 0.02, -0.01, 0.03, 0.1)
def madgwick(x):
    """filters.Madgwick.updateIMU"""
    from ahrs.filters import Madgwick
    filt = Madgwick(gain=x[3])
    q = np.array([1.0, 0.1, 0.0, 0.2]) / np.linalg.norm([1.0, 0.1, 0.0, 0.2])
    for k in range(5):
        q = filt.updateIMU(q, gyr=x[:3] * (1.0 + k), acc=np.array([0.1, 0.3, 9.7]))
    return q[1] * q[2] + q[3]


@call("pyquaternion", "rotations", 0.3, -0.2, 0.5, 0.7)
def quaternion_rotate(x):
    """Quaternion.rotate, slerp"""
    from pyquaternion import Quaternion
    q = Quaternion(axis=x[:3], angle=x[3])
    v = q.rotate(np.array([1.0, 2.0, -0.5]))
    return v[0] * v[1] + v[2]


# ---- statistics and learning ----------------------------------------------------------------------------------------


@call("statsmodels", "statistics", 0.2, -0.4, 0.7)
def logit_loglike(x):
    """Logit.loglike"""
    import statsmodels.api as sm
    rng = np.random.default_rng(0)
    X = sm.add_constant(rng.normal(size=(40, 2)))
    y = (rng.uniform(size=40) < 0.5).astype(float)
    return sm.Logit(y, X).loglike(x)


@call("statsmodels", "statistics", 1.0, 2.0, -0.5, 0.3, 1.2, 0.4, 0.1, -0.7)
def ols_fit(x):
    """OLS(y, X).fit(): parameters and R²"""
    import statsmodels.api as sm
    X = sm.add_constant(np.linspace(0.0, 1.0, 8) ** 2)
    result = sm.OLS(x, X).fit()
    return result.params[1] + result.rsquared


@call("statsmodels", "statistics", 0.4, 0.3)
def arma_loglike(x):
    """tsa.ArmaProcess: autocovariance and impulse response"""
    from statsmodels.tsa.arima_process import ArmaProcess
    process = ArmaProcess(np.array([1.0, -x[0]]), np.array([1.0, x[1]]))
    return np.sum(process.impulse_response(8) ** 2) + process.acovf(4)[2]


@call("statsmodels", "statistics", 0.3, 1.2, -0.5, 2.2, 0.8)
def kernel_density(x):
    """nonparametric.KDEUnivariate / robust.scale.huber"""
    from statsmodels.robust.norms import HuberT
    return np.sum(HuberT(t=1.0).rho(x)) + np.sum(HuberT(t=1.0).weights(x) * x)


@call("scikit-learn", "machine learning", 0.3, 0.9, -0.4)
def gp_kernel(x):
    """gaussian_process.kernels: Matern + RBF on data"""
    from sklearn.gaussian_process.kernels import RBF, Matern, WhiteKernel
    X = np.outer(np.arange(5.0), x)
    return np.sum(np.linalg.inv((RBF(1.3) + Matern(0.9, nu=1.5) + WhiteKernel(0.1))(X)))


@call("scikit-learn", "machine learning", 0.2, 0.6, 0.9, 0.4)
def log_loss(x):
    """metrics: r2_score and mean_squared_error"""
    from sklearn.metrics import mean_squared_error, r2_score
    y = np.array([0.1, 0.7, 1.1, 0.2])
    return r2_score(y, x) + mean_squared_error(y, x)


@call("scikit-learn", "machine learning", 0.2, 0.6, 0.9, 0.4, -0.3, 1.2)
def gmm_score(x):
    """linear_model.Ridge.fit, predict"""
    from sklearn.linear_model import Ridge
    X = np.linspace(0.0, 1.0, 6)[:, None] ** np.arange(1, 3)
    return np.sum(Ridge(alpha=0.1).fit(X, x).predict(X) ** 2)


@call("emcee", "sampling", 0.3, -0.5)
def integrated_time(x):
    """autocorr.integrated_time of a chain"""
    from emcee.autocorr import function_1d
    t = np.arange(64.0)
    return np.sum(function_1d(np.sin(x[0] * t) + x[1] * np.cos(t))[:5])


@call("chaospy", "uncertainty quantification", 0.4, 1.3)
def chaos_density(x):
    """Normal and Gamma distributions: pdf, cdf"""
    import chaospy
    d = chaospy.Normal(x[0], x[1])
    return float(d.pdf(0.7)) + float(d.cdf(0.9))


@call("uncertainties", "error propagation", 1.2, 0.3)
def uncertain(x):
    """ufloat arithmetic and umath"""
    from uncertainties import ufloat, umath
    a, b = ufloat(x[0], 0.1), ufloat(x[1], 0.05)
    c = umath.sin(a) * b / (1.0 + a**2)
    return c.nominal_value + c.std_dev


@call("lmfit", "curve fitting", 1.0, 0.2, 0.8)
def lmfit_models(x):
    """lineshapes: gaussian, voigt, pvoigt"""
    from lmfit.lineshapes import gaussian, pvoigt, voigt
    t = np.linspace(-1.0, 2.0, 12)
    return np.sum(gaussian(t, x[0], x[1], x[2]) ** 2 + voigt(t, x[0], x[1], x[2]) * pvoigt(t, x[0], x[1], x[2]))


@call("lmfit", "curve fitting", 1.0, 0.2, 0.8)
def lmfit_parameters(x):
    """Model.eval with bounded Parameters"""
    from lmfit.models import LorentzianModel
    model = LorentzianModel()
    return np.sum(model.eval(x=np.linspace(-1.0, 1.0, 9), amplitude=x[0], center=x[1], sigma=x[2]) ** 2)


# ---- units, astronomy, space ----------------------------------------------------------------------------------------


@call("pint", "units", 3.0, 2.0)
def pint_units(x):
    """Quantity arithmetic and conversion"""
    import pint
    ureg = pint.UnitRegistry()
    speed = (x[0] * ureg.kilometer) / (x[1] * ureg.hour)
    energy = 0.5 * (80.0 * ureg.kilogram) * speed**2
    return energy.to("joule").magnitude


@call("astropy", "astronomy", 70.0, 0.3, 0.8)
def cosmology(x):
    """cosmology.FlatLambdaCDM.luminosity_distance"""
    from astropy.cosmology import FlatLambdaCDM
    return FlatLambdaCDM(H0=x[0], Om0=x[1]).luminosity_distance(0.9).value * x[2]


@call("astropy", "astronomy", 5000.0, 1.2)
def planck(x):
    """modeling.models.BlackBody, units"""
    from astropy import units as u
    from astropy.modeling.models import BlackBody
    return BlackBody(temperature=x[0] * u.K)(x[1] * u.micron).value * 1e6


@call("astropy", "astronomy", 1.0, 0.3, 0.6)
def gaussian_model(x):
    """modeling.models.Gaussian1D + Sersic1D"""
    from astropy.modeling.models import Gaussian1D, Sersic1D
    t = np.linspace(0.1, 1.0, 7)
    return np.sum(Gaussian1D(amplitude=x[0], mean=x[1], stddev=x[2])(t) * Sersic1D(x[0], 1.3, x[2] + 1.0)(t))


@call("astropy", "astronomy", 0.1, 0.4, 0.2, 0.5, 0.7)
def lomb_scargle(x):
    """stats: biweight_location, circmean"""
    from astropy.stats import biweight_location, circmean
    return biweight_location(x) + circmean(x)


@call("sgp4", "orbits", 0.01, 1.0, 0.5)
def sgp4_propagate(x):
    """model.Satrec (pure Python): position from elements"""
    from sgp4.model import WGS72, Satrec
    satellite = Satrec()
    satellite.sgp4init(WGS72, "i", 5, 18441.785, 2.8098e-05, 6.969e-12, 0.0, x[0], x[1], x[2], 0.3, 0.06, 1.2)
    _, position, _ = satellite.sgp4(2451723, 0.5)
    return sum(position) * 1e-3


@call("geopy", "geodesy", 52.5, 13.4, 48.1, 11.6)
def great_circle(x):
    """distance.great_circle"""
    from geopy.distance import great_circle as distance
    return distance((x[0], x[1]), (x[2], x[3])).kilometers


@call("ambiance", "atmosphere", 4000.0, 9000.0)
def atmosphere(x):
    """Atmosphere: density and speed of sound"""
    from ambiance import Atmosphere
    air = Atmosphere(x)
    return np.sum(air.density * 100.0 + air.speed_of_sound)


# ---- energy, fluids, heat -------------------------------------------------------------------------------------------


@call("pvlib", "solar energy", 40.0, 800.0, 25.0)
def pv_irradiance(x):
    """irradiance.haydavies, temperature.sapm_cell, pvsystem.pvwatts_dc"""
    from pvlib import irradiance, pvsystem, temperature
    sky = irradiance.haydavies(30.0, 180.0, 100.0, x[1], 1300.0, x[0], 170.0)
    cell = temperature.sapm_cell(x[1], x[2], 2.0, -3.47, -0.0594, 3.0)
    return pvsystem.pvwatts_dc(x[1] + sky, cell, 300.0, -0.003)


@call("pvlib", "solar energy", 6.0, 1e-9, 0.5, 300.0)
def single_diode(x):
    """singlediode.bishop88 at a voltage, Lambert W"""
    from pvlib.pvsystem import i_from_v
    return float(i_from_v(20.0, x[0], x[1], x[2], x[3], 1.5))


@call("pvlib", "solar energy", 0.8, 50.0)
def clear_sky(x):
    """clearsky.haurwitz, atmosphere.get_relative_airmass"""
    from pvlib.atmosphere import get_absolute_airmass, get_relative_airmass
    return get_absolute_airmass(get_relative_airmass(x[1], model="kastenyoung1989"), 90000.0 * x[0])


@call("fluids", "hydraulics", 1e5, 1e-4)
def friction(x):
    """friction_factor (Colebrook), dP_two_phase"""
    import fluids
    return fluids.friction_factor(Re=x[0], eD=x[1]) * 100.0 + fluids.friction.Haaland(x[0], x[1])


@call("fluids", "hydraulics", 0.3, 2.0, 4.0)
def pump(x):
    """open-channel and settling: Stokes, v_terminal"""
    import fluids
    return fluids.v_terminal(D=x[0] * 1e-4, rhop=1000.0 * x[1], rho=1000.0, mu=1e-3) * 100.0 + x[2]


@call("ht", "heat transfer", 1e4, 3.0)
def nusselt(x):
    """conv_internal.Nu_conv_internal, effectiveness_NTU"""
    import ht
    return ht.turbulent_Gnielinski(Re=x[0], Pr=x[1], fd=0.01) + ht.effectiveness_from_NTU(NTU=x[1], Cr=0.7)


@call("thermo", "chemical engineering", 300.0, 1e5)
def peng_robinson(x):
    """eos.PR: molar volume and enthalpy"""
    from thermo.eos import PR
    eos = PR(Tc=507.6, Pc=3025000.0, omega=0.2975, T=x[0], P=x[1])
    return eos.V_g * 100.0 + eos.H_dep_g / 1000.0


@call("iapws", "steam tables", 500.0, 3.0)
def steam(x):
    """IAPWS97: enthalpy and entropy at T, P"""
    from iapws.iapws97 import _Region2
    state = _Region2(x[0], x[1])
    return state["h"] / 1000.0 + state["s"]


# ---- earth ---------------------------------------------------------------------------------------------------------


@call("seawater", "oceanography", 35.0, 10.0, 1000.0)
def seawater_density(x):
    """dens, svel"""
    import seawater
    return float(seawater.dens(x[0], x[1], x[2])) + float(seawater.svel(x[0], x[1], x[2]))


@call("MetPy", "meteorology", 850.0, 290.0, 283.0)
def potential_temperature(x):
    """calc.equivalent_potential_temperature"""
    from metpy.calc import equivalent_potential_temperature
    from metpy.units import units
    return equivalent_potential_temperature(x[0] * units.hPa, x[1] * units.kelvin, x[2] * units.kelvin).magnitude


# ---- optics, radio, colour -----------------------------------------------------------------------------------------


@call("tmm", "thin-film optics", 100.0, 250.0, 0.3)
def thin_film(x):
    """coh_tmm: reflectance of a stack"""
    from tmm import coh_tmm
    return coh_tmm("s", [1.0, 2.2, 1.45 + 0.02j, 1.5], [np.inf, x[0], x[1], np.inf], x[2], 550.0)["R"]


@call("miepython", "light scattering", 1.5, 2.0)
def mie(x):
    """efficiencies of a sphere"""
    import miepython
    qext, qsca, qback, g = miepython.efficiencies_mx(x[0] - 0.01j, x[1])
    return qext + g


@call("scikit-rf", "radio frequency", 0.2, 0.1, 50.0)
def network(x):
    """network: s2z, renormalisation"""
    from skrf.network import s2z, z2s
    s = np.array([[[x[0] + 0.1j, 0.5], [0.5, x[1] - 0.2j]]])
    return np.sum(np.abs(z2s(s2z(s, 75.0), x[2])) ** 2)


@call("colour-science", "colour", 0.4, 0.2, 0.6)
def colour_difference(x):
    """sRGB_to_XYZ, XYZ_to_Lab, delta_E (CIE 2000)"""
    import colour
    lab = colour.XYZ_to_Lab(colour.sRGB_to_XYZ(x))
    return float(colour.delta_E(lab, np.array([50.0, 10.0, -20.0])))


@call("colour-science", "colour", 0.4, 0.2, 0.6)
def oklab(x):
    """XYZ_to_Oklab, XYZ_to_CAM16UCS"""
    import colour
    return np.sum(colour.XYZ_to_Oklab(x) ** 2)


# ---- control, economics, networks -----------------------------------------------------------------------------------


@call("control", "control", 0.5, 2.0)
def control_response(x):
    """tf, feedback, frequency response"""
    import control
    loop = control.feedback(control.tf([x[1]], [1.0, x[0], 1.0]), 1)
    return float(np.abs(loop(1j * 0.7)))


@call("control", "control", 0.5, 2.0)
def lqr(x):
    """ss, lyap / gram"""
    import control
    A = np.array([[0.0, 1.0], [-x[1], -x[0]]])
    return np.trace(control.lyap(A, np.eye(2)))


@call("quantecon", "economics", 0.6, 0.2)
def lqcontrol(x):
    """LQ.stationary_values"""
    import quantecon
    lq = quantecon.LQ(Q=np.array([[1.0]]), R=np.array([[1.0, 0.0], [0.0, x[1]]]), A=np.array([[1.0, 0.1], [0.0, x[0]]]),
                      B=np.array([[0.0], [1.0]]), beta=0.95)
    P, F, d = lq.stationary_values()
    return np.sum(P)


@call("quantecon", "economics", 0.3, 0.6, 0.9, 0.2)
def gini(x):
    """gini_coefficient, lorenz_curve (Numba-jitted)"""
    import quantecon
    return quantecon.gini_coefficient(x)


@call("nelson-siegel-svensson", "finance", 0.03, -0.01, 0.02, 2.0)
def yield_curve(x):
    """NelsonSiegelCurve: zero and forward rates"""
    from nelson_siegel_svensson import NelsonSiegelCurve
    curve = NelsonSiegelCurve(x[0], x[1], x[2], x[3])
    return np.sum(curve(np.array([0.5, 1.0, 5.0, 10.0])) + curve.forward(np.array([1.0, 3.0, 5.0, 10.0])))


@call("networkx", "networks", 1.0, 2.5, 0.7, 1.1)
def shortest_path(x):
    """dijkstra_path_length, pagerank on weighted edges"""
    import networkx
    graph = networkx.Graph()
    graph.add_weighted_edges_from([(0, 1, x[0]), (1, 2, x[1]), (0, 2, x[2]), (2, 3, x[3])])
    return networkx.dijkstra_path_length(graph, 0, 3) + networkx.clustering(graph, 0, weight="weight")


@call("antropy", "nonlinear dynamics", 0.9, 0.2, 0.5, 0.1, 0.7, 0.3, 0.8, 0.25, 0.6, 0.15, 0.55, 0.35)
def hurst(x):
    """hjorth_params, katz_fd, petrosian pieces"""
    import antropy
    mobility, complexity = antropy.hjorth_params(x)
    return mobility + complexity + antropy.katz_fd(x) + antropy.higuchi_fd(x, kmax=4)


@call("py_vollib", "finance", 100.0, 95.0, 0.5, 0.03, 0.25)
def black_scholes(x):
    """black_scholes: price of a call"""
    from py_vollib.black_scholes import black_scholes as price
    return price("c", x[0], x[1], x[2], x[3], x[4])


@call("dcor", "statistics", 0.9, 0.2, 0.5, 0.1, 0.7)
def distance_correlation(x):
    """distance_covariance_sqr"""
    import dcor
    return dcor.distance_covariance_sqr(x, np.array([0.3, 0.8, 0.1, 0.5, 0.9]), method="naive")


@call("sympy", "symbolic mathematics", 0.3, 1.2)
def lambdified(x):
    """lambdify of a symbolic expression"""
    import sympy
    a, b = sympy.symbols("a b")
    f = sympy.lambdify((a, b), sympy.sin(a) * sympy.exp(b) / (1 + a**2) + sympy.Max(a, b), "numpy")
    return f(x[0], x[1])


@call("scikit-fem", "finite elements", 1.0, 2.0, 0.5)
def poisson(x):
    """assemble and solve a Poisson problem"""
    import skfem
    from skfem.helpers import dot, grad
    mesh = skfem.MeshTri().refined(2)
    basis = skfem.Basis(mesh, skfem.ElementTriP1())
    A = skfem.BilinearForm(lambda u, v, w: (x[0] + x[1] * w.x[0]) * dot(grad(u), grad(v))).assemble(basis)
    b = skfem.LinearForm(lambda v, w: x[2] * v).assemble(basis)
    u = skfem.solve(*skfem.condense(A, b, D=mesh.boundary_nodes()))
    return np.sum(u)
