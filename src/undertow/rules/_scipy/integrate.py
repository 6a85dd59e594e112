"""Rules of ``scipy.integrate``: integrals of the user's functions.

The value is that of the library.  The derivative of an integral is the integral of the derivative: the integrand is
evaluated once more, recorded, at the nodes of a rule that reproduces the value, and the sum is differentiated.  The rule is
that of Gauss and Kronrod on the halves of the subintervals that QUADPACK ended with (Piessens and others 1983), or, where
its extrapolation has dealt with a singularity, a double exponential rule (Takahasi and Mori 1974).  Limits add the
integrand at the limit (Leibniz).
"""

from __future__ import annotations

import heapq
import warnings

import numpy as np
import scipy.integrate as si
from scipy.integrate import _ode

from .._callables import active, attach, below, bottom, constant, moving, refused, through_source, unknown
from .._registry import substitute, zero_derivative
from ._flow import with_flow
from ._quadrature import half_line_nodes, unit_nodes

# Nodes and weights of the rule of Gauss and Kronrod with 21 points on (-1, 1), positive half, from the outside inwards.
NODES = np.array([
    0.995657163025808080735527280689003, 0.973906528517171720077964012084452, 0.930157491355708226001207180059508,
    0.865063366688984510732096688423493, 0.780817726586416897063717578345042, 0.679409568299024406234327365114874,
    0.562757134668604683339000099272694, 0.433395394129247190799265943165784, 0.294392862701460198131126603103866,
    0.14887433898163121088482600112972, 0.0])
WEIGHTS = np.array([
    0.011694638867371874278064396062192, 0.03255816230796472747881897245939, 0.05475589657435199603138130024458,
    0.07503967481091995276704314091619, 0.093125454583697605535065465083366, 0.109387158802297641899210590325805,
    0.123491976262065851077958109585166, 0.134709217311473325928054001771707, 0.142775938577060080797094273138717,
    0.147739104901338491374841515972068, 0.149445554002916905664936468389821])
GAUSS = np.array([0.066671344308688137593568809893332, 0.149451349150580593145863397657697,
                  0.219086362515982043995534934228163, 0.269266719309996355091226921569469,
                  0.295524224714752870173815619188769])
GAUSS_PLACES = np.array([1, 3, 5, 7, 9, 12, 14, 16, 18, 20])  # of the 10 nodes of Gauss's rule among the 21


def quad_with_details(func, a, b, args, full_output, rest):
    """``quad`` and its subintervals; warns as it does."""
    found = si.quad(func, a, b, args, 1, **rest)
    if len(found) > 3 and not full_output:
        warnings.warn(found[3], si.IntegrationWarning, stacklevel=5)
    return found


# ---- rules ----------------------------------------------------------------------------------------------------------


def kronrod(low, high):
    """Nodes and weights on the halves of intervals."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    middle = (low + high) / 2
    left, right = np.concatenate([low, middle]), np.concatenate([middle, high])
    centre, half = ((left + right) / 2)[:, None], ((right - left) / 2)[:, None]
    nodes = np.concatenate([NODES, -NODES[:-1]])
    return np.ravel(centre + half * nodes), np.ravel(half * np.concatenate([WEIGHTS, WEIGHTS[:-1]]))


def double_exponential(low, high):
    """Nodes and weights for intervals at whose ends the integrand may be singular."""
    u, v, w = unit_nodes()
    low, high = np.asarray(low, float)[:, None], np.asarray(high, float)[:, None]
    x = np.where(u < 0.5, low + (high - low) * u, high - (high - low) * v)
    weights = (high - low) * w * ((x > np.minimum(low, high)) & (x < np.maximum(low, high)))
    return np.ravel(x), np.ravel(weights)


def adaptive(integrand, low, high):
    """Intervals on which the rule of Gauss and Kronrod is exact to rounding: bisection closes in on kinks."""
    nodes = np.concatenate([NODES, -NODES[:-1]])
    kronrod_weights = np.concatenate([WEIGHTS, WEIGHTS[:-1]])

    def entry(a, b):
        centre, half = (a + b) / 2, (b - a) / 2
        values = np.array([integrand(x) for x in (centre + half * nodes).tolist()])
        gauss = np.concatenate([GAUSS, GAUSS])
        error = abs(half) * abs(np.sum(kronrod_weights * values) - np.sum(gauss * values[GAUSS_PLACES]))
        return -error, a, b, abs(half) * np.sum(kronrod_weights * np.abs(values))

    heap = [entry(a, b) for a, b in zip(low, high, strict=True)]
    heapq.heapify(heap)
    while len(heap) < 200:
        size = sum(e[3] for e in heap)
        if -heap[0][0] <= 1e-15 * size:
            break
        _, a, b, _ = heapq.heappop(heap)
        for ends in ((a, (a + b) / 2), ((a + b) / 2, b)):
            heapq.heappush(heap, entry(*ends))
    return np.array([e[1] for e in heap]), np.array([e[2] for e in heap])


def intervals(details, ends):
    """The subintervals QUADPACK ended with, if it tells."""
    last = int(details.get("last", 0))
    if last == 0:
        return np.asarray(ends[:-1]), np.asarray(ends[1:])
    return details["alist"][:last], details["blist"][:last]


def finite_rule(stage, integrand, ends, details):
    """Rules for an interval, the cheapest first; None where a stage has nothing to offer.

    One interval that satisfied QUADPACK is smooth.  Where there are several, there may be a kink, which spoils the
    derivative more than the value: then only a rule that is exact to rounding will do.
    """
    a = ends[0]
    low, high = intervals(details, ends)
    if stage == 0:
        return (*kronrod(low, high), a) if len(low) == 1 else None
    if stage == 1:
        return *double_exponential(ends[:-1], ends[1:]), a
    with np.errstate(all="ignore"):
        low, high = adaptive(integrand, ends[:-1], ends[1:])
    return *(kronrod if stage == 2 else double_exponential)(low, high), a


def infinite_rule(stage, a, b, details):
    """The same for a range without end; QUADPACK maps it to (0, 1)."""
    if stage == 0:
        low, high = intervals(details, (0.0, 1.0))
        t, weights = kronrod(low, high)
        x, weights = (1 - t) / t, weights / t**2
    elif stage == 1:
        x, weights = half_line_nodes()
    else:
        return None
    if np.isinf(a) and np.isinf(b):
        return np.concatenate([x, -x]), np.concatenate([weights, weights]), 0.0
    end, x = (a, x) if np.isinf(b) else (b, -x)
    return end + x, weights * (end + x != end), end


def rule_of(stage, integrand, a, b, points, details):
    """Distances of nodes from an origin, weights, and the origin, of one rule; None for none."""
    if np.isinf(a) or np.isinf(b):
        rule, sign = infinite_rule(stage, min(a, b), max(a, b), details), 1.0 if a < b else -1.0
    else:
        ends = np.unique(np.concatenate([[a, b], [] if points is None else np.ravel(points)]))
        rule, sign = finite_rule(stage, integrand, ends if a < b else ends[::-1], details), 1.0
    return rule and ((rule[0] - rule[2]).tolist(), (sign * rule[1]).tolist(), rule[2])


def reproduces(total, size, value, error):
    """Whether a sum is the value of the integral; `size` is the sum of absolute values."""
    return bool(abs(total - value) <= max(1e-9 * size, min(10 * abs(error), 1e-6 * size), 1e-300))


zero_derivative(reproduces)


def summed(integrand, nodes, weights):
    """The weighted sum of an integrand, and that of its absolute values."""
    total, size = 0.0, 0.0
    for x, w in zip(nodes, weights, strict=True):
        if w != 0.0:
            term = w * integrand(x)
            total = total + term
            size = size + abs(constant(term))
    return total, size


def differentiable(integrand, a, b, points, found, extra):
    """A sum that equals the integral between limits that are constant here, recorded.

    Limits on which a level below depends move the nodes, so that this level's derivative has the right derivative there.
    """
    low, high = bottom(as_floats, a, b)
    for stage in range(4):
        rule = bottom(rule_of, stage, integrand, low, high, points, found[2])
        if rule is None:
            continue
        distances, weights, origin = rule
        if moving((a, b)):
            ratio = 1.0 if np.isinf(low) or np.isinf(high) else (b - a) / (high - low)
            origin = a if origin == low else b if origin == high else origin
            distances, weights = [x * ratio for x in distances], [w * ratio for w in weights]
        with np.errstate(all="ignore"):
            total, size = summed(integrand, [origin + x for x in distances], weights)
        total = total + extra
        if not active(total) or reproduces(constant(total), size, found[0], found[1]):
            return total
    raise refused("no rule with fixed nodes reproduces the value of the integral", "quad")


def as_floats(*numbers):
    """Python's numbers."""
    return tuple(map(float, numbers))


# ---- quad -----------------------------------------------------------------------------------------------------------


@substitute(si.quad, cite="Leibniz; derivative under the integral sign, by a rule that reproduces the value")
def quad(func, a, b, args=(), full_output=0, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None, weight=None, wvar=None,
         wopts=None, maxp1=50, limlst=50, complex_func=False):
    """Integral of a function of one number."""
    rest = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": points, "weight": weight, "wvar": wvar,
            "wopts": wopts, "maxp1": maxp1, "limlst": limlst}
    if complex_func:
        return through_source(si.quad, func, a, b, args, full_output, complex_func=True, **rest)
    args = args if isinstance(args, tuple) else (args,)
    found = below(quad_with_details, func, a, b, args, full_output, rest)
    low, high = constant(a), constant(b)
    if low == high:
        total = 0.0
    else:
        if moving(points):
            raise refused("its breakpoints depend on what is differentiated; integrate the pieces one by one", "quad")
        integrand = weighted(lambda x: func(x, *args), low, high, weight, wvar)
        extra = func(wvar, *args) * np.log((high - wvar) / (wvar - low)) if weight == "cauchy" else 0.0
        total = differentiable(integrand, low, high, points, found, extra)
    for x, plain, sign in ((b, high, 1.0), (a, low, -1.0)):
        if active(x) and not np.isinf(plain):
            if weight not in (None, "cos", "sin"):
                raise refused("its weight function depends on the limits", "quad")
            total = total + sign * weighted(lambda x: func(x, *args), low, high, weight, wvar)(plain) * (x - plain)
    value = attach(found[0], total)
    error = unknown(found[1], total, "the error estimate of quad is not differentiated") if active(total) else found[1]
    return (value, error, *found[2:]) if full_output else (value, error)


def weighted(f, a, b, weight, wvar):
    """The integrand with its weight."""
    if weight is None:
        return f
    if weight == "cos":
        return lambda x: f(x) * np.cos(wvar * x)
    if weight == "sin":
        return lambda x: f(x) * np.sin(wvar * x)
    if weight == "cauchy":
        middle = f(wvar)
        return lambda x: (f(x) - middle) / (x - wvar)
    ends = {"alg": (0, 0), "alg-loga": (1, 0), "alg-logb": (0, 1), "alg-log": (1, 1)}[weight]
    return lambda x: (f(x) * (x - a) ** wvar[0] * (b - x) ** wvar[1] * (np.log(x - a) if ends[0] else 1.0)
                      * (np.log(b - x) if ends[1] else 1.0))


# ---- initial value problems whose solver is compiled ----------------------------------------------------------------


@substitute(si.odeint, cite="derivative of the exact flow, to about 1e-9 of it")
def odeint(func, y0, t, args=(), Dfun=None, col_deriv=0, full_output=0, *rest, **kwargs):
    """LSODA of ODEPACK."""
    found = below(si.odeint, func, y0, t, args, Dfun, col_deriv, full_output, *rest, **kwargs)
    first = kwargs.get("tfirst", len(rest) > 14 and rest[14])
    args = args if isinstance(args, tuple) else (args,)
    values = found[0] if full_output else found
    t = np.asarray(t)
    times = [t[i] for i in range(len(t))]
    rhs = (lambda t, y: func(t, y, *args)) if first else (lambda t, y: func(y, t, *args))
    values = with_flow(values, rhs, np.ravel(np.asarray(y0)), times, "odeint")
    return (values, *found[1:]) if full_output else values


def stepping(native):
    """The rule of an integrator of `ode`: the state after one call is the flow of the state before."""

    def run(self, f, jac, y0, t0, t1, f_params, jac_params):
        start = np.array(y0)
        y, t = below(native, self, f, jac, y0, t0, t1, f_params, jac_params)
        y = np.array(y)  # compiled code goes on to use its own array
        if t == t0:
            return y, t
        if getattr(self, "solout", None) is not None and active(start):
            raise refused("what its `solout` collects would be constant", type(self).__name__)
        end = t1 if t == t1 else t
        both = np.stack([constant(start), y])
        return with_flow(both, lambda t, y: f(t, y, *f_params), start, [t0, end], type(self).__name__)[1], end

    return run


class FlowOutput(si.DenseOutput):
    """Values between the ends of a step: those of the solver, with the derivative of the flow."""

    def __init__(self, native, rhs, y, t_old, t):
        self.native, self.rhs, self.y = native, rhs, y
        self.t_old, self.t = t_old, t
        self.t_min, self.t_max = min(t_old, t), max(t_old, t)

    def __call__(self, t):
        """Values at a number or at each of an array."""
        return values_at(self, t)


def values_at(output, t):
    """What the solver's own interpolation gives."""
    return output.native(t)


@substitute(values_at)
def _values_at(output, t):
    t = np.asarray(t)
    found = below(values_at, output, t)

    def at(found, t):
        both = np.stack([constant(np.asarray(output.y)), found])
        return with_flow(both, output.rhs, output.y, [output.t, t], "LSODA")[1]

    if t.ndim == 0:
        return at(found, t[()])
    return np.stack([at(found[:, i], t[i]) for i in range(len(t))], axis=1)


for solver in (_ode.vode, _ode.dopri5, _ode.lsoda):
    substitute(solver.run, cite="derivative of the exact flow, to about 1e-9 of it")(stepping(solver.run))


@substitute(si.LSODA._dense_output_impl)
def lsoda_dense_output(self):
    """Between two steps, the flow backwards from the later one."""
    return FlowOutput(below(si.LSODA._dense_output_impl, self), self.fun, np.array(self.y), self.t_old, self.t)
