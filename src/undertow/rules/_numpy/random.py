"""Random draws as functions of their parameters: pathwise derivatives of NumPy's samplers.

A draw is what the generator gives, to the last bit; its derivative is that of a formula for it.

* Where the parameters move and stretch a standard draw, the formula is ``loc + scale * t``; the standard draw `t` is
  read from a copy of the generator.
* Where rejection or a table stands between, the derivative is that of the inverse distribution function at the level
  `u` of the draw: implicit reparameterisation, Figurnov, Mohamed and Mnih 2018, arXiv:1805.08498, equation (5).
* Discrete draws have no pathwise derivative: active parameters are refused.

Both kinds give unbiased estimates of ``d E[f(draw)]``.  Rules hold for `Generator` and for `RandomState`.
"""

from __future__ import annotations

import copy

import numpy as np

from .._callables import bottom
from .._registry import elementwise, refuse, substitute, zero_derivative
from ..samples import Sample, array

Generator, RandomState = np.random.Generator, np.random.RandomState

# ---- the three primitives behind the programs ---------------------------------------------------------------------


def value_of(y, x):
    """`y`, with the derivative of `x`, which equals `y` up to rounding."""
    return y


elementwise(value_of, None, lambda y, y_, x: 1.0, samples=[Sample((1.5, 0.0)), Sample((array(3), array(3)))])


def draw(rng, name, args, size, **kwargs):
    """What the generator gives."""
    return getattr(rng, name)(*args, size=size, **kwargs)


def draw_both(rng, name, args, size, standard):
    """A draw, and the standard draw (parameters `standard`) that the same random numbers give."""
    twin = copy.deepcopy(rng)
    y = getattr(rng, name)(*args, size=size)
    shape = np.shape(y) if isinstance(y, np.ndarray) else None
    return y, getattr(twin, name)(*standard, size=shape)


def native(rng, name, args, kwargs):
    """Call a method of the generator."""
    return getattr(rng, name)(*args, **kwargs)


def constant(x, what):
    """`x`, which must not be active."""
    return x


def level(function, *args):
    """A distribution function at a draw: the noise, which does not depend on the parameters."""
    return bottom(function, *args)


zero_derivative(draw, draw_both, native)
refuse(constant, reason="a discrete choice depends on it, and jumps; there is no pathwise derivative")


def inverse(lower, upper, lower_inverse, upper_inverse, y, *parameters):
    """The quantile, as a function of the parameters, whose level is that of the draw `y`; both tails accurate."""
    p, q = level(lower, *parameters, y), level(upper, *parameters, y)
    low, high = lower_inverse(*parameters, np.minimum(p, 0.5)), upper_inverse(*parameters, np.minimum(q, 0.5))
    return np.where(p < q, low, high)


# ---- location and scale ---------------------------------------------------------------------------------------------


def normal(rng, loc=0.0, scale=1.0, size=None):
    """``loc + scale * t``."""
    y, t = draw_both(rng, "normal", (loc, scale), size, (0.0, 1.0))
    return value_of(y, loc + scale * t)


def laplace(rng, loc=0.0, scale=1.0, size=None):
    """``loc + scale * t``."""
    y, t = draw_both(rng, "laplace", (loc, scale), size, (0.0, 1.0))
    return value_of(y, loc + scale * t)


def logistic(rng, loc=0.0, scale=1.0, size=None):
    """``loc + scale * t``."""
    y, t = draw_both(rng, "logistic", (loc, scale), size, (0.0, 1.0))
    return value_of(y, loc + scale * t)


def gumbel(rng, loc=0.0, scale=1.0, size=None):
    """``loc + scale * t``."""
    y, t = draw_both(rng, "gumbel", (loc, scale), size, (0.0, 1.0))
    return value_of(y, loc + scale * t)


def exponential(rng, scale=1.0, size=None):
    """``scale * t``."""
    y, t = draw_both(rng, "exponential", (scale,), size, (1.0,))
    return value_of(y, scale * t)


def rayleigh(rng, scale=1.0, size=None):
    """``scale * t``."""
    y, t = draw_both(rng, "rayleigh", (scale,), size, (1.0,))
    return value_of(y, scale * t)


def uniform(rng, low=0.0, high=1.0, size=None):
    """``low + (high - low) t``."""
    y, t = draw_both(rng, "uniform", (low, high), size, (0.0, 1.0))
    return value_of(y, low + (high - low) * t)


def lognormal(rng, mean=0.0, sigma=1.0, size=None):
    """``exp(mean + sigma * t)``."""
    y, t = draw_both(rng, "lognormal", (mean, sigma), size, (0.0, 1.0))
    return value_of(y, np.exp(mean + sigma * np.log(t)))


# ---- by the inverse distribution function ---------------------------------------------------------------------------


def weibull(rng, a, size=None):
    """``e**(1/a)`` of an exponential `e`."""
    y = draw(rng, "weibull", (a,), size)
    return value_of(y, level(np.power, y, a) ** (1 / a))


def pareto(rng, a, size=None):
    """``expm1(e / a)`` of an exponential `e`."""
    y = draw(rng, "pareto", (a,), size)
    return value_of(y, np.expm1(level(lambda y, a: a * np.log1p(y), y, a) / a))


def power(rng, a, size=None):
    """``u**(1/a)`` of a uniform `u`."""
    y = draw(rng, "power", (a,), size)
    return value_of(y, level(np.power, y, a) ** (1 / a))


def triangular(rng, left, mode, right, size=None):
    """Two square roots that meet at the mode."""
    y, u = draw_both(rng, "triangular", (left, mode, right), size, (0.0, 0.0, 1.0))
    rest = (1 - u) * (1 - u)  # of the standard draw 1 - sqrt(1 - u)
    base = right - left
    rising = (1 - rest) * base <= mode - left
    low = np.where(rising, (1 - rest) * base * (mode - left), 1.0)
    high = np.where(rising, 1.0, rest * base * (right - mode))
    return value_of(y, np.where(rising, left + np.sqrt(low), right - np.sqrt(high)))


def gamma_quantile(y, shape):
    """A draw of the gamma distribution as a function of its shape."""
    import scipy.special as sp

    return inverse(sp.gammainc, sp.gammaincc, sp.gammaincinv, sp.gammainccinv, y, shape)


def beta_quantile(y, a, b):
    """A draw of the beta distribution as a function of its shapes."""
    import scipy.special as sp

    return inverse(sp.betainc, sp.betaincc, sp.betaincinv, sp.betainccinv, y, a, b)


def gamma(rng, shape, scale=1.0, size=None):
    """``scale`` times a quantile of the standard gamma distribution."""
    y = draw(rng, "gamma", (shape, scale), size)
    return value_of(y, scale * gamma_quantile(level(np.divide, y, scale), shape))


def standard_gamma(rng, shape, size=None, dtype=np.float64, out=None):
    """A quantile of the standard gamma distribution."""
    if out is not None:
        out[...] = standard_gamma(rng, shape, out.shape, dtype)
        return out
    y = draw(rng, "standard_gamma", (shape,), size, **({} if dtype is np.float64 else {"dtype": dtype}))
    return value_of(y, gamma_quantile(y, shape))


def chisquare(rng, df, size=None):
    """Twice a gamma draw of shape ``df / 2``."""
    y = draw(rng, "chisquare", (df,), size)
    return value_of(y, 2 * gamma_quantile(level(np.divide, y, 2), df / 2))


def beta(rng, a, b, size=None):
    """A quantile of the beta distribution."""
    y = draw(rng, "beta", (a, b), size)
    return value_of(y, beta_quantile(y, a, b))


def f(rng, dfnum, dfden, size=None):
    """Through the beta distribution: ``x = dfnum y / (dfnum y + dfden)``."""
    y = draw(rng, "f", (dfnum, dfden), size)
    x = beta_quantile(level(lambda y, m, n: m * y / (m * y + n), y, dfnum, dfden), dfnum / 2, dfden / 2)
    return value_of(y, dfden * x / (dfnum * (1 - x)))


def standard_t(rng, df, size=None):
    """Through the beta distribution: ``x = t**2 / (df + t**2)`` has shapes 1/2 and ``df / 2``."""
    y = draw(rng, "standard_t", (df,), size)
    x = beta_quantile(level(lambda y, df: y * y / (df + y * y), y, df), 0.5, df / 2)
    return value_of(y, level(np.sign, y) * np.sqrt(df * x / (1 - x)))


def vonmises(rng, mu, kappa, size=None):
    """Turned by `mu`; the concentration moves the draw so that its level stays."""
    y = draw(rng, "vonmises", (mu, kappa), size)
    angle = level(np.subtract, y, mu)
    return value_of(y, mu + vonmises_quantile(angle, kappa))


def vonmises_quantile(y, kappa):
    """A draw of the von Mises distribution as a function of its concentration."""
    return y


def _vonmises_dkappa(y, y_, kappa):
    import scipy.special as sp

    t, w = np.polynomial.legendre.leggauss(120)
    turned = y - 2 * np.pi * np.round(y / (2 * np.pi))
    x, k = np.asarray(turned)[..., None], np.asarray(kappa)[..., None]
    end = np.sign(x) * np.minimum(np.abs(x), 14 / np.sqrt(k + 1e-300))
    nodes = end * (t + 1) / 2
    slope = (np.cos(nodes) - sp.i1e(k) / sp.i0e(k)) * np.exp(k * (np.cos(nodes) - np.cos(x)))
    return -np.sum(end / 2 * w * slope, axis=-1)


elementwise(vonmises_quantile, None, _vonmises_dkappa, samples=[])


def noncentral_chisquare(rng, df, nonc, size=None):
    """A quantile of the noncentral chi-square distribution."""
    import scipy.special as sp

    y = draw(rng, "noncentral_chisquare", (df, nonc), size)
    return value_of(y, sp.chndtrix(level(sp.chndtr, y, df, nonc), df, nonc))


def noncentral_f(rng, dfnum, dfden, nonc, size=None):
    """A quantile of the noncentral F distribution."""
    import scipy.special as sp

    y = draw(rng, "noncentral_f", (dfnum, dfden, nonc), size)
    return value_of(y, sp.ncfdtri(dfnum, dfden, nonc, level(sp.ncfdtr, dfnum, dfden, nonc, y)))


def wald(rng, mean, scale, size=None):
    """The inverse Gaussian draw moves so that its level stays: ``dy = -dF / density``."""
    y = draw(rng, "wald", (mean, scale), size)
    return value_of(y, wald_quantile(y, mean, scale))


def wald_quantile(y, mean, scale):
    """A draw of the inverse Gaussian distribution as a function of its parameters."""
    return y


def _tail(y, mean, scale):
    """``exp(2 scale / mean) Phi(-b) / density``, ``b = sqrt(scale / y) (y / mean + 1)``; stable for large ratios."""
    import scipy.special as sp

    b = np.sqrt(scale / y) * (y / mean + 1)
    mills = np.sqrt(np.pi / 2) * sp.erfcx(b / np.sqrt(2.0))  # Phi(-b) / phi(b), and exp(2 scale/mean) phi(b) = phi(a)
    return mills * np.sqrt(y**3 / scale)


# With a = sqrt(scale/y) (y/mean - 1):  dF/dmean = -2 scale / mean**2 exp(2 scale/mean) Phi(-b) and
# dF/dscale = 2 / mean exp(2 scale/mean) Phi(-b) - phi(a) / sqrt(scale y);  density = sqrt(scale / y**3) phi(a).
elementwise(wald_quantile, None, lambda y, y_, mean, scale: 2 * scale / mean**2 * _tail(y, mean, scale),
            lambda y, y_, mean, scale: y / scale - 2 / mean * _tail(y, mean, scale),
            samples=[], cite="Figurnov, Mohamed and Mnih 2018, equation (5)")


def fixed(x):
    """`x`, whose derivative is not known here."""
    return x


refuse(fixed, reason="the derivative of the draw with respect to this parameter has no closed form")

# ---- vectors --------------------------------------------------------------------------------------------------------


def multivariate_normal(rng, mean, cov, size=None, check_valid="warn", tol=1e-8, *, method="svd"):
    """``mean + L e`` with the factor `L` that the generator uses, or Cholesky's where that one is not differentiable."""
    options = {"check_valid": check_valid, "tol": tol} | ({} if isinstance(rng, RandomState) else {"method": method})
    y, e = gaussian(rng, mean, cov, size, options)
    mean, cov = np.asarray(mean), np.asarray(cov)
    if method != "cholesky" and simple(cov):
        if method == "eigh":
            s, u = np.linalg.eigh(cov)
        else:
            u, s, vh = np.linalg.svd(cov)
            if isinstance(rng, RandomState):  # which takes the other singular vectors: a difference where `cov` is not symmetric
                u = vh.T
        return value_of(y, mean + np.matmul(e, (u * np.sqrt(np.abs(s))).T))
    if not positive_definite(cov):
        return value_of(y, mean + level(np.subtract, y, mean) + 0.0 * np.sum(fixed(cov)))
    e = level(lambda y, mean, cov: np.linalg.solve(np.linalg.cholesky(cov), np.expand_dims(y - mean, -1))[..., 0],
              y, mean, cov)
    return value_of(y, mean + np.matmul(np.linalg.cholesky(cov), np.expand_dims(e, -1))[..., 0])


def gaussian(rng, mean, cov, size, options):
    """A draw, and the standard normal numbers it is made of."""
    twin = copy.deepcopy(rng)
    y = rng.multivariate_normal(mean, cov, size, **options)
    return y, twin.standard_normal(np.shape(y))


def simple(cov):
    """Whether the eigenvalues of `cov` are positive and well apart."""
    values = np.linalg.eigvalsh(cov)
    return bool(np.all(np.diff(values, prepend=0.0) > 1e-6 * np.max(np.abs(values), initial=0.0)))


zero_derivative(gaussian, simple)


def positive_definite(cov) -> bool:
    """Whether `cov` has a Cholesky factor."""
    try:
        np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        return False
    return True


zero_derivative(positive_definite, samples=[Sample((np.eye(2),))])


def dirichlet(rng, alpha, size=None):
    """By broken sticks: ``y[j]`` is a beta draw of what the earlier ones left."""
    alpha = np.asarray(alpha)
    y = draw(rng, "dirichlet", (alpha,), size)
    parts, left, left_value = [], 1.0, np.ones(np.shape(y)[:-1])
    for j in range(np.shape(y)[-1] - 1):
        value = level(lambda y, rest: np.clip(y / rest, 1e-300, 1 - 1e-16), y[..., j], left_value)
        share = beta_quantile(value, alpha[j], np.sum(alpha[j + 1:]))
        parts.append(left * share)
        left, left_value = left * (1 - share), left_value - y[..., j]
    return value_of(y, np.stack([*parts, left * np.ones(np.shape(left_value))], axis=-1))


# ---- draws that fill or rearrange memory ----------------------------------------------------------------------------


def filler(name):
    """A parameterless draw; what it fills forgets its derivative."""

    def fill(rng, size=None, dtype=np.float64, *args, out=None, **kwargs):
        before = name == "standard_exponential"  # its third argument is a method
        if len(args) > before:
            out, args = args[before], args[:before]
        if out is None:
            return native(rng, name, (size, dtype, *args), kwargs)
        out[...] = native(rng, name, (out.shape if size is None else size, dtype, *args), kwargs)
        return out

    return fill


for name in ("random", "standard_normal", "standard_exponential"):
    substitute(getattr(Generator, name), samples=[])(filler(name))


def shuffle(rng, x, axis=0):
    """Shuffle the places, then gather."""
    if not isinstance(x, np.ndarray):
        return native(rng, "shuffle", (x,) if axis == 0 else (x, axis), {})
    x[...] = np.take(x, shuffled_places(rng, x.shape, axis), axis)
    return None


def shuffled_places(rng, shape, axis):
    """Where each slice comes from when an array of `shape` is shuffled along `axis`."""
    places = np.arange(shape[axis]).reshape([-1 if i == axis % len(shape) else 1 for i in range(len(shape))])
    places = np.array(np.broadcast_to(places, shape))
    if isinstance(rng, Generator):
        rng.shuffle(places, axis)
    else:
        rng.shuffle(places)
    return np.moveaxis(places, axis, 0).reshape(shape[axis], -1)[:, 0] if places.size else np.zeros(0, int)


def permutation(rng, x, axis=0):
    """Shuffle the places, then gather."""
    if not isinstance(x, np.ndarray):
        x = x if isinstance(x, (int, np.integer)) else np.asarray(x)
    if isinstance(x, (int, np.integer)):
        return native(rng, "permutation", (x,), {})
    if x.ndim == 1:
        return x[native(rng, "permutation", (x.size,), {})]
    return np.take(x, permuted_places(rng, x.shape, axis), axis)


def permuted_places(rng, shape, axis):
    """Where each slice comes from when an array of `shape` is permuted along `axis`."""
    places = np.arange(shape[axis]).reshape([-1 if i == axis % len(shape) else 1 for i in range(len(shape))])
    places = np.array(np.broadcast_to(places, shape))
    places = rng.permutation(places, axis) if isinstance(rng, Generator) else rng.permutation(places)
    return np.moveaxis(places, axis, 0).reshape(shape[axis], -1)[:, 0]


def permuted(rng, x, *, axis=None, out=None):
    """Permute the places, then gather."""
    x = np.asarray(x)
    y = np.ravel(x)[native(rng, "permuted", (np.arange(x.size).reshape(x.shape),), {"axis": axis})]
    if out is None:
        return y
    out[...] = y
    return out


def choice(rng, a, size=None, replace=True, p=None, axis=0, shuffle=True):
    """Choose places, then gather; the probabilities are constants."""
    if p is not None:
        constant(p, "p")
    legacy = isinstance(rng, RandomState)
    options = {"replace": replace, "p": p} | ({} if legacy else {"shuffle": shuffle})
    if isinstance(a, (int, np.integer)):
        return native(rng, "choice", (a, size), options)
    a = np.asarray(a)
    return np.take(a, native(rng, "choice", (a.shape[axis], size), options), axis)


zero_derivative(shuffled_places, permuted_places)

SAMPLERS = {
    "normal": normal, "laplace": laplace, "logistic": logistic, "gumbel": gumbel, "exponential": exponential,
    "rayleigh": rayleigh, "uniform": uniform, "lognormal": lognormal, "weibull": weibull, "pareto": pareto,
    "power": power, "triangular": triangular, "gamma": gamma, "standard_gamma": standard_gamma, "chisquare": chisquare,
    "beta": beta, "f": f, "standard_t": standard_t, "vonmises": vonmises, "wald": wald,
    "noncentral_chisquare": noncentral_chisquare, "noncentral_f": noncentral_f,
    "multivariate_normal": multivariate_normal, "dirichlet": dirichlet, "shuffle": shuffle, "permutation": permutation,
    "choice": choice, "permuted": permuted,
}
for cls in (Generator, RandomState):
    for name, program in SAMPLERS.items():
        if hasattr(cls, name):
            substitute(getattr(cls, name), samples=[], cite=(program.__doc__ or "").rstrip("."))(program)

DISCRETE = ("binomial", "geometric", "hypergeometric", "integers", "logseries", "multinomial",
            "multivariate_hypergeometric", "negative_binomial", "poisson", "zipf", "randint", "random_integers")
for cls in (Generator, RandomState):
    refuse(*[getattr(cls, name) for name in DISCRETE if hasattr(cls, name)],
           reason="a discrete draw jumps with its parameters and has no pathwise derivative")
zero_derivative(*[getattr(RandomState, name) for name in ("rand", "randn", "random", "random_sample", "standard_normal",
                                                          "standard_exponential", "standard_cauchy", "tomaxint")])
zero_derivative(Generator.standard_cauchy, np.random.default_rng, np.random.sample, np.random.ranf)

