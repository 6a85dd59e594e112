"""Draws: the same numbers as NumPy's to the last bit, and derivatives of the formula that yields them."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import scipy.stats as st

from undertow import rules

rules.load()
from undertow.rules._numpy import random as module  # noqa: E402

CALLS = {
    "normal": (1.5, 0.7), "laplace": (1.5, 0.7), "logistic": (1.5, 0.7), "gumbel": (1.5, 0.7), "exponential": (0.7,),
    "rayleigh": (0.7,), "uniform": (-1.0, 2.5), "lognormal": (0.2, 0.6), "weibull": (1.7,), "pareto": (2.5,),
    "power": (1.3,),
    "triangular": (-1.0, 0.3, 2.0), "gamma": (1.7, 0.6), "standard_gamma": (0.6,), "chisquare": (3.5,),
    "beta": (0.7, 2.1),
    "f": (3.5, 6.1), "standard_t": (4.5,), "vonmises": (0.3, 1.7), "wald": (1.2, 2.1),
    "noncentral_chisquare": (3.1, 1.2), "noncentral_f": (3.1, 4.2, 1.1),
    "multivariate_normal": (np.array([0.5, -0.5]), np.array([[1.0, 0.3], [0.3, 2.0]])),
    "dirichlet": (np.array([0.7, 1.5, 2.0]),),
}
MAKERS = {"Generator": lambda: np.random.default_rng(3), "RandomState": lambda: np.random.RandomState(3)}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("name", CALLS)
def test_draws_are_numpys_and_agree_with_their_formula(name, maker, monkeypatch):
    """The program gives the draw itself, leaves the generator in the same state; the formula gives the same number."""
    seen = []
    monkeypatch.setattr(module, "value_of", lambda y, x: seen.append((y, x)) or y)
    for size in (None, 7):
        ours, theirs = MAKERS[maker](), MAKERS[maker]()
        y = module.SAMPLERS[name](ours, *CALLS[name], size)
        expected = getattr(theirs, name)(*CALLS[name], size)
        np.testing.assert_array_equal(y, expected)
        assert type(y) is type(expected)
        assert ours.standard_normal() == theirs.standard_normal()
        y, x = seen.pop()
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12)
        assert np.shape(x) == np.shape(y)


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("shape", [(6,), (4, 3)])
@pytest.mark.parametrize("name", ["shuffle", "permutation", "choice", "permuted"])
def test_rearrangements_are_numpys(name, shape, maker):
    """Shuffling places consumes the same random numbers as shuffling the array."""
    ours, theirs = MAKERS[maker](), MAKERS[maker]()
    if name == "permuted" and maker == "RandomState" or name == "choice" and maker == "RandomState" and len(shape) > 1:
        pytest.skip("RandomState has no such method, or takes vectors only")
    x = np.arange(float(np.prod(shape))).reshape(shape) / 2
    a, b = x.copy(), x.copy()
    args = (5,) if name == "choice" else ()
    np.testing.assert_array_equal(module.SAMPLERS[name](ours, a, *args), getattr(theirs, name)(b, *args))
    np.testing.assert_array_equal(a, b)
    assert ours.random() == theirs.random() if maker == "Generator" else ours.random_sample() == theirs.random_sample()


@pytest.mark.parametrize("name", ["random", "standard_normal", "standard_exponential"])
def test_fillers_are_numpys(name):
    """``out=`` is filled with the same numbers."""
    ours, theirs = MAKERS["Generator"](), MAKERS["Generator"]()
    program = rules.lookup(getattr(np.random.Generator, name)).pull
    a, b = np.zeros(4), np.zeros(4)
    assert program(ours, out=a) is a
    getattr(theirs, name)(out=b)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(program(ours, 3), getattr(theirs, name)(3))


@pytest.mark.parametrize("k", [1, 2])
def test_wald_draw_moves_with_its_level(k):
    """The declared partials of the inverse Gaussian draw agree with differences of the quantile function."""
    rule = rules.lookup(module.wald_quantile)
    mean, scale = 1.2, 2.1
    for level in (0.05, 0.4, 0.93):
        def quantile(mean, scale, level=level):
            return st.invgauss.ppf(level, mean / scale, scale=scale)

        y = quantile(mean, scale)
        h = 1e-4
        up = quantile(mean + h, scale) if k == 1 else quantile(mean, scale + h)
        down = quantile(mean - h, scale) if k == 1 else quantile(mean, scale - h)
        np.testing.assert_allclose(rule.partials[k](y, y, mean, scale), (up - down) / (2 * h), rtol=1e-5)


@pytest.mark.parametrize("name", module.DISCRETE)
def test_discrete_draws_are_refused(name):
    """Refusals name the reason."""
    for cls in (np.random.Generator, np.random.RandomState):
        if hasattr(cls, name):
            assert "pathwise" in rules.lookup(getattr(cls, name)).reason


def test_copies_leave_the_generator_alone():
    """The standard draw is read from a copy."""
    rng = np.random.default_rng(0)
    before = copy.deepcopy(rng.bit_generator.state)
    copy.deepcopy(rng).random()
    assert rng.bit_generator.state == before


LAWS = {
    "normal": lambda m, s: st.norm(m, s), "laplace": lambda m, s: st.laplace(m, s), "gumbel": lambda m, s: st.gumbel_r(m, s),
    "logistic": lambda m, s: st.logistic(m, s), "exponential": lambda s: st.expon(scale=s),
    "rayleigh": lambda s: st.rayleigh(scale=s), "uniform": lambda a, b: st.uniform(a, b - a),
    "lognormal": lambda m, s: st.lognorm(s, scale=np.exp(m)), "weibull": lambda a: st.weibull_min(a),
    "pareto": lambda a: st.lomax(a), "power": lambda a: st.powerlaw(a),
    "triangular": lambda a, m, b: st.triang((m - a) / (b - a), a, b - a), "gamma": lambda a, s: st.gamma(a, scale=s),
    "standard_gamma": lambda a: st.gamma(a), "chisquare": lambda d: st.chi2(d), "beta": lambda a, b: st.beta(a, b),
    "f": lambda m, n: st.f(m, n), "standard_t": lambda d: st.t(d), "wald": lambda m, s: st.invgauss(m / s, scale=s),
    "vonmises": lambda m, k: st.vonmises(k, m), "noncentral_chisquare": lambda d, n: st.ncx2(d, n),
    "noncentral_f": lambda m, n, c: st.ncf(m, n, c),
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("name", LAWS)
def test_draws_move_with_their_level(name, maker):
    """Numbers and arrays of parameters, both modes: ``dy = -dF/dp / density`` with the laws of ``scipy.stats``."""
    import undertow as ut

    law = LAWS[name]
    for shape in ((), (3,)):
        args = [float(a) if shape == () else a * np.array([0.9, 1.0, 1.1]) for a in CALLS[name]]
        k = len(args) - 1

        def draw(x, args=args, k=k):
            return getattr(MAKERS[maker](), name)(*args[:k], x)

        y = draw(args[k])
        h = 1e-4
        up, down = (law(*args[:k], args[k] + d).cdf(y) for d in (h, -h))
        slope = -(up - down) / (2 * h) / law(*args).pdf(y)
        weights = np.array([1.0, -0.5, 0.3]) if shape else 1.0
        found = ut.grad(lambda x, draw=draw, weights=weights: np.sum(weights * draw(x)))(args[k])
        np.testing.assert_allclose(found, weights * slope, rtol=2e-5)
        along = ut.jvp(lambda x, draw=draw: draw(x), (args[k],), (np.ones(shape) if shape else 1.0,))[1]
        np.testing.assert_allclose(along, slope, rtol=2e-5)


@pytest.mark.parametrize("method", ["svd", "eigh", "cholesky"])
def test_multivariate_normal_draws_as_they_are_made(method):
    """Differences of the draw itself: it is a smooth function of mean and covariance."""
    import undertow as ut

    def draw(p):
        cov = np.array([[1.0 + p, 0.3], [0.3, 2.0]])
        y = np.random.default_rng(1).multivariate_normal(np.array([p, 1.0]), cov, size=3, method=method)
        return np.sum(y * np.array([1.0, -0.7]))

    h = 1e-5
    np.testing.assert_allclose(ut.grad(draw)(1.3), (draw(1.3 + h) - draw(1.3 - h)) / (2 * h), rtol=1e-7)
