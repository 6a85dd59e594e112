"""Every continuous distribution of ``scipy.stats`` through the engine, in the variable, location, scale and shapes.

The oracle is Ridders' extrapolation of differences of the plain run, with its error estimate.  The quick suite takes a
sample of the distributions; the slow one takes all of them, and every method.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st
from differences import richardson
from scipy.stats._distr_params import distcont

import undertow as ut

METHODS = ("logpdf", "pdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")
# What is refused: a count as shape, integrands in compiled code.
REFUSED = {"ksone": "smirnov's first argument is a count", "levy_stable": "compiled code, chosen by regions"}
QUICK = ("norm", "gamma", "beta", "t", "genextreme", "skewnorm", "invgauss", "vonmises", "johnsonsu", "kappa4", "lognorm")
SHAPES = {f"{name}-{i}": (name, tuple(map(float, shapes))) for i, (name, shapes) in enumerate(distcont)}
LOC, SCALE = 0.3, 1.7


def check(name, shapes, method):
    """Reverse and forward mode against differences, one argument at a time."""
    distribution = getattr(st, name)
    x = 0.37 if method in ("ppf", "isf") else float(distribution.ppf(0.37, *shapes, LOC, SCALE))
    at = (x, *shapes, LOC, SCALE)

    def f(at):
        return getattr(distribution, method)(at[0], *at[1:-2], loc=at[-2], scale=at[-1])

    if name in REFUSED:
        with pytest.raises(ut.UndertowError):
            ut.grad(f)(at)
        return
    gradient = ut.grad(f)(at)
    along = ut.jvp(f, (at,), (tuple(1.0 for _ in at),))[1]
    np.testing.assert_allclose(along, sum(gradient), rtol=1e-7, atol=1e-9)
    for k, found in enumerate(gradient):
        def moved(v, k=k):
            return float(f((*at[:k], v, *at[k + 1:])))

        expected, error = richardson(moved, at[k], 1e-2 * max(abs(at[k]), 0.1), 5)
        if expected is not None and np.isfinite(expected):  # the plain run is smooth around here
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7 + 5 * error, err_msg=f"argument {k}")


@pytest.mark.filterwarnings("ignore")  # of overflow in branches that are not taken
@pytest.mark.parametrize("method", ["logpdf", "cdf", "ppf"])
@pytest.mark.parametrize("key", [k for k, (name, _) in SHAPES.items() if name in QUICK])
def test_some_distributions(key, method):
    """A sample of the distributions."""
    check(*SHAPES[key], method)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["logpdf", "pdf", "cdf", "logcdf", "sf", "ppf", "isf"])
@pytest.mark.parametrize("second", [False, True])
def test_pearson3_at_the_normal_distribution(method, second):
    """A skew of zero: SciPy's branch does not depend on it."""
    def f(c):
        return getattr(st.pearson3, method)(0.3 if method in ("ppf", "isf") else 0.7, c, loc=0.1, scale=1.3)

    def slope(c, h=2e-2):
        return (8 * (f(c + h) - f(c - h)) - (f(c + 2 * h) - f(c - 2 * h))) / (12 * h)

    if second:
        np.testing.assert_allclose(ut.hvp(f, (0.0,), (1.0,)), (slope(0.05) - slope(-0.05)) / 0.1, rtol=2e-2)
    else:
        np.testing.assert_allclose(ut.grad(f)(0.0), slope(0.0), rtol=1e-5)
        np.testing.assert_allclose(ut.jvp(f, (0.0,), (1.0,))[1], slope(0.0), rtol=1e-5)


@pytest.mark.parametrize("method", ["cdf", "pdf"])
def test_studentized_range(method):
    """In the variable, the number of samples and the degrees of freedom."""
    from undertow.rules._scipy.stats import _studentized

    at = np.array([3.1, 2.7, 6.0])
    native = getattr(st.studentized_range, method)(*at)
    np.testing.assert_allclose(_studentized(*map(np.asarray, at), method == "pdf"), native, rtol=1e-9)
    found = ut.grad(lambda a: getattr(st.studentized_range, method)(*a))(at)
    for k, v in enumerate(np.eye(3)):
        expected, _ = richardson(lambda h, v=v: _studentized(*map(np.asarray, at + h * v), method == "pdf"), 0.0, 5e-2, 5)
        np.testing.assert_allclose(found[k], expected, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("key", SHAPES)
def test_every_distribution(key, method):
    """All of them."""
    check(*SHAPES[key], method)


X = np.array([0.63, 0.37, 1.14, 0.61, -0.04, 0.86, 1.8, 1.45, -0.2, -0.77, 0.12, 0.54])
Y = np.array([0.9, -0.4, 0.66, 0.02, -0.91, 1.3, 0.77, 0.23, -1.1, -0.33, 0.5, 0.08])
V = np.cos(1.7 * np.arange(12.0))
COV = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, -0.2], [0.1, -0.2, 1.1]])
SUMMARIES = {
    "zscore": lambda x: st.zscore(x), "skew": lambda x: st.skew(x), "kurtosis": lambda x: st.kurtosis(x),
    "gmean": lambda x: st.gmean(np.exp(x)), "hmean": lambda x: st.hmean(np.exp(x)), "iqr": lambda x: st.iqr(x),
    "pmean": lambda x: st.pmean(np.exp(x), 2.5), "trim_mean": lambda x: st.trim_mean(x, 0.1), "sem": lambda x: st.sem(x),
    "moment": lambda x: st.moment(x, 3), "describe": lambda x: np.stack(list(st.describe(x))[2:]),
    "median_abs_deviation": lambda x: st.median_abs_deviation(x), "entropy": lambda x: st.entropy(np.exp(x), np.exp(Y)),
    "boxcox_llf": lambda x: st.boxcox_llf(0.3, np.exp(x)), "differential_entropy": lambda x: st.differential_entropy(x),
    "pearsonr": lambda x: np.stack(list(st.pearsonr(x, Y))), "linregress": lambda x: np.stack(list(st.linregress(x, Y))),
    "ttest_ind": lambda x: np.stack(list(st.ttest_ind(x, Y, equal_var=False))),
    "ttest_1samp": lambda x: np.stack(list(st.ttest_1samp(x, 0.1))), "f_oneway": lambda x: st.f_oneway(x, Y).pvalue,
    "kstest": lambda x: st.kstest(x, "norm").statistic, "shapiro": lambda x: st.shapiro(x).statistic,
    "jarque_bera": lambda x: st.jarque_bera(x).pvalue, "wasserstein": lambda x: st.wasserstein_distance(x, Y),
    "siegelslopes": lambda x: np.stack(list(st.siegelslopes(Y, x))), "norm.fit": lambda x: np.stack(st.norm.fit(x)),
    "gaussian_kde": lambda x: st.gaussian_kde(x)(np.array([0.1, 0.5])),
    "kde.logpdf": lambda x: st.gaussian_kde(Y, weights=np.exp(V)).logpdf(x),
    "multivariate_normal": lambda x: st.multivariate_normal.logpdf(x[:3], x[3:6], COV + np.outer(x[:3], x[:3])),
    "multivariate_normal.cdf": lambda x: st.multivariate_normal.cdf(x[:2], x[2:4], COV[:2, :2]),
    "multivariate_t": lambda x: st.multivariate_t.logpdf(x[:3], x[3:6], COV, df=np.exp(x[7])),
    "dirichlet": lambda x: st.dirichlet.logpdf([0.2, 0.3, 0.5], np.exp(x[:3])),
    "wishart": lambda x: st.wishart.logpdf(COV, 5, COV + np.outer(x[:3], x[:3])),
    "poisson": lambda x: st.poisson.logpmf([1, 2, 5], np.exp(x[0])),
    "binom": lambda x: st.binom.cdf([1, 2, 5], 7, 1 / (1 + np.exp(x[0]))),
    "zipfian": lambda x: st.zipfian.pmf([1, 2, 5], 0.5 + np.exp(x[0]), 9),
    "poisson_binom": lambda x: st.poisson_binom.pmf([1, 2], 1 / (1 + np.exp(x[:4]))),
    "Normal": lambda x: st.Normal(mu=x[0], sigma=np.exp(x[1])).logpdf(x[2:]),
    "make_distribution": lambda x: st.make_distribution(st.gamma)(a=np.exp(x[0])).cdf(np.exp(x[1:3])),
    "truncate": lambda x: st.truncate(st.Normal(mu=x[0], sigma=1.0), lb=-1.0, ub=2.0).logpdf(0.3),
    "expect": lambda x: st.norm.expect(np.cos, loc=x[0], scale=np.exp(x[1])),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SUMMARIES)
def test_summaries_and_models(name):
    """Functions of a sample, multivariate and discrete distributions: along one direction, both modes."""
    function = SUMMARIES[name]

    def loss(x):
        y = np.ravel(np.asarray(function(x)))
        return np.sum(y * np.cos(np.arange(y.size) + 1.0))

    expected, error = richardson(lambda t: loss(X + t * V), 0.0, 1e-2, 5)
    np.testing.assert_allclose(ut.grad(loss)(X) @ V, expected, rtol=1e-6, atol=1e-9 + 5 * error)
    np.testing.assert_allclose(ut.jvp(loss, (X,), (V,))[1], expected, rtol=1e-6, atol=1e-9 + 5 * error)
