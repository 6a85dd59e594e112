"""Programs that call SciPy. What SciPy does in Python must be right; what it does in C may be refused instead."""

import numpy as np

from ._case import Corpus, mat, pos, vec

case = Corpus(__name__)


def lotka_volterra(t, y, a, b):
    prey, predator = y
    return [a * prey - b * prey * predator, -3.0 * predator + prey * predator]


@case(pos(2), 1.5, 1.0, rtol=1e-5, nested=False)
def solve_ivp_rk45(y0, a, b):
    from scipy.integrate import solve_ivp

    return solve_ivp(lotka_volterra, (0, 0.5), y0, args=(a, b), rtol=1e-3, first_step=0.1, max_step=0.1).y[:, -1]


@case(pos(2), 1.5, rtol=1e-5, nested=False)
def solve_ivp_rk23_with_dense_output(y0, a):
    from scipy.integrate import solve_ivp

    solution = solve_ivp(lambda t, y: -a * y * y, (0, 0.5), y0, method="RK23", dense_output=True, max_step=0.1,
                         first_step=0.1, rtol=1e-2)
    return solution.sol(0.33)


@case(pos(2), 2.0, rtol=1e-4, nested=False, slow=True)
def solve_ivp_bdf(y0, a):
    from scipy.integrate import solve_ivp

    return solve_ivp(lambda t, y: -a * y, (0, 0.3), y0, method="BDF", jac=lambda t, y: -a * np.eye(2), first_step=0.01,
                     max_step=0.01, rtol=1e-2, atol=1e-2).y[:, -1]


@case(2.0, 0.7, gradient=(1 / (2 * np.sqrt(2.0)), 0.0), differences=False, nested=False)
def newton_root(a, start):
    from scipy.optimize import newton

    return newton(lambda x: x * x - a, start, fprime=lambda x: 2 * x)


@case(2.0, gradient=1 / (2 * np.sqrt(2.0)), differences=False, nested=False, either=True)
def bracketed_root(a):
    from scipy.optimize import brentq

    return brentq(lambda x: x * x - a, 0.0, 3.0, xtol=1e-14)


@case(vec(3), rtol=1e-4, nested=False, either=True)
def minimum_by_bfgs(c):
    from scipy.optimize import minimize

    result = minimize(lambda z: ((z - c) ** 2).sum() + 0.1 * (z**4).sum(), np.zeros(3),
                      jac=lambda z: 2 * (z - c) + 0.4 * z**3, method="BFGS", options={"gtol": 1e-10})
    return result.x


@case(0.3, 0.2, 1.4)
def normal_log_density(x, mean, std):
    from scipy import stats

    return stats.norm.logpdf(x, mean, std)


@case(pos(4), 2.2, either=True, slow=True)
def gamma_and_beta_densities(x, a):
    from scipy import stats

    return stats.gamma.logpdf(x, a).sum() + stats.beta.logpdf(x / 3, a, 1.5).sum()


@case(pos(4), either=True)
def special_functions(x):
    from scipy import special

    return (special.erf(x) + special.gammaln(x) + special.digamma(x) + special.expit(x) + special.j0(x) + special.i0(x)
            + special.ndtr(x) + special.xlogy(x, x) + special.log1p(x) + special.beta(x, 2.0))


@case(mat(3, 4))
def log_sum_exp(a):
    from scipy.special import log_softmax, logsumexp, softmax

    return logsumexp(a), logsumexp(a, axis=1, keepdims=True), softmax(a, axis=0), log_softmax(a, axis=1)


@case(mat(4, 4), vec(4))
def factorisations(a, b):
    from scipy import linalg

    s = a @ a.T + 2 * np.eye(4)
    return (linalg.solve(a + 4 * np.eye(4), b), linalg.cho_solve(linalg.cho_factor(s), b),
            linalg.solve_triangular(np.tril(s), b, lower=True), linalg.det(s), linalg.inv(s),
            linalg.cholesky(s, lower=True))


@case(mat(3, 3), either=True)
def matrix_functions(a):
    from scipy import linalg

    return linalg.expm(a), linalg.lu_solve(linalg.lu_factor(a + 3 * np.eye(3)), a[0]), linalg.block_diag(a, a)


@case(vec(6), either=True)
def cubic_spline(y):
    from scipy.interpolate import CubicSpline

    return CubicSpline(np.arange(6.0), y)(np.array([0.5, 2.3]))


@case(vec(8), either=True)
def filters_and_windows(x):
    from scipy import signal

    return signal.lfilter([1.0, 0.5], [1.0, -0.3], x), signal.convolve(x, x[:3]), signal.detrend(x)


@case(0.4, 1.7, either=True, nested=False)
def quadrature(a, b):
    from scipy.integrate import quad

    return quad(lambda t: np.exp(-a * t * t), 0.0, b)[0]


@case(vec(7))
def sampled_integrals(y):
    from scipy import integrate

    t = np.linspace(0, 1, 7)
    return integrate.simpson(y, x=t), integrate.trapezoid(y, t), integrate.cumulative_trapezoid(y, t, initial=0)


@case(0.4, 1.7)
def fixed_quadrature(a, b):
    from scipy.integrate import fixed_quad

    return fixed_quad(lambda t: np.exp(-a * t * t), 0.0, b, n=5)[0]


@case(mat(4, 2), either=True)
def distance_matrices(x):
    from scipy.spatial.distance import cdist, pdist

    return pdist(x), cdist(x, 2 * x, "sqeuclidean")


@case(vec(5), either=True)
def sparse_products(d):
    from scipy import sparse

    a = sparse.diags_array([d, d[:-1]], offsets=[0, 1]).tocsr()
    return a @ np.arange(5.0)


@case(vec(6), either=True)
def image_filters(x):
    from scipy import ndimage

    return ndimage.gaussian_filter1d(x, 1.0), ndimage.uniform_filter1d(x, 3)


@case(vec(3), rtol=1e-5, nested=False, either=True)
def least_squares_fit(y):
    from scipy.optimize import least_squares

    t = np.array([0.0, 0.5, 1.0])
    return least_squares(lambda p: p[0] * np.exp(p[1] * t) - 2 - y * 0.1, [1.0, 0.1], method="trf", xtol=1e-12,
                         ftol=1e-12, gtol=1e-12).x


@case(0.4)
def physical_constants(x):
    from scipy import constants

    return x * constants.c * 1e-8 + constants.convert_temperature(x, "C", "K")


@case(0.3, 0.5, 1.2, either=True)
def rotations(a, b, c):
    from scipy.spatial.transform import Rotation

    return Rotation.from_euler("xyz", [a, b, c]).as_matrix()


@case(vec(4), either=True)
def polynomial_roots_and_objects(c):
    p = np.polynomial.Polynomial(c)
    return (p * p)(0.3) + p.deriv()(0.5) + np.polyval(np.polymul(c, c), 0.2) + p.integ()(1.0)
