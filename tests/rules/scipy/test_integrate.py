"""Integrals against mpmath: parameters in closures and arguments, limits, infinite ranges, singular ends, weights."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import scipy.integrate as si

import undertow as ut

P = 1.2
CASES = {}


def case(exact, rtol=1e-10, second=True):
    """A program of one parameter, and its value as mpmath has it."""
    def add(f):
        CASES[f.__name__] = (f, exact, rtol, second)
        return f
    return add


def bell(p):
    return mp.quad(lambda t: mp.exp(-p * t * t), [0, 1.7])


@case(bell)
def quad_closure(p):
    return si.quad(lambda t: np.exp(-p * t * t), 0, 1.7)[0]


@case(lambda p: mp.quad(lambda t: mp.exp(-p * t * t), [p, 3 * p]))
def quad_limits(p):
    return si.quad(lambda t: math.exp(-p * t * t), p, 3 * p)[0]


@case(lambda p: -mp.quad(lambda t: mp.exp(-p * t * t), [p, 3]))
def quad_backwards(p):
    return si.quad(lambda t: math.exp(-p * t * t), 3, p)[0]


@case(lambda p: mp.sqrt(mp.pi / p))
def quad_doubly_infinite(p):
    return si.quad(lambda t: np.exp(-p * t * t), -np.inf, np.inf)[0]


@case(lambda p: mp.exp(-p * p) / p)
def quad_infinite_args(p):
    return si.quad(lambda t, q: np.exp(-q * t), p, np.inf, args=(p,))[0]


@case(lambda p: -mp.exp(-p) / p)
def quad_infinite_backwards(p):
    return si.quad(lambda t, q: np.exp(q * t), -1, -np.inf, args=p)[0]


@case(lambda p: mp.gamma(p - 1))
def quad_singular_and_infinite(p):
    return si.quad(lambda t: t ** (p - 2) * np.exp(-t), 0, np.inf)[0]


@case(lambda p: 1 / (p - 0.5))
def quad_singular(p):
    return si.quad(lambda t: t ** (p - 1.5), 0, 1)[0]


@case(lambda p: mp.pi / mp.sin(mp.pi / (p + 1)) / (p + 1))
def quad_algebraic_decay(p):
    return si.quad(lambda t: 1 / (1 + t ** (p + 1)), 0, np.inf)[0]


@case(lambda p: (p * p + (2 - p) ** 2) / 2, rtol=1e-6, second=False)
def quad_kink(p):
    return si.quad(lambda t: abs(t - p), 0, 2)[0]


@case(lambda p: mp.quad(lambda t: 1 / (1 + (40 * p * (t - 0.37)) ** 2), [0, 0.37, 1]))
def quad_peak(p):
    return si.quad(lambda t: 1 / (1 + (40 * p * (t - 0.37)) ** 2), 0, 1)[0]


@case(lambda p: mp.quad(lambda t: mp.exp(-t * p) * mp.cos(20 * p * t), mp.linspace(0, 2, 30)))
def quad_cosine_weight(p):
    return si.quad(lambda t: np.exp(-t * p), 0, 2, weight="cos", wvar=20 * p)[0]


@case(lambda p: mp.beta(p, 1.5))
def quad_algebraic_weight(p):
    return si.quad(lambda t: 1.0, 0, 1, weight="alg", wvar=(p - 1, 0.5))[0]


@case(lambda p: mp.quad(lambda t: (mp.exp(p * t) - mp.exp(p * 0.3)) / (t - 0.3), [0, 0.3, 1])
      + mp.exp(p * 0.3) * mp.log(0.7 / 0.3))
def quad_principal_value(p):
    return si.quad(lambda t: np.exp(p * t), 0, 1, weight="cauchy", wvar=0.3)[0]


@case(lambda p: mp.sin(p) / p)
def quad_complex(p):
    return si.quad(lambda t: np.exp(1j * p * t), 0, 1, complex_func=True)[0].real


@case(lambda p: mp.quad(lambda y: mp.quad(lambda x: mp.exp(-p * x * y), [0, y]), [0, p]), second=False)
def dblquad(p):
    return si.dblquad(lambda x, y: np.exp(-p * x * y), 0, p, 0, lambda y: y)[0]


@case(lambda p: mp.quad(lambda y: mp.quad(lambda x: mp.exp(-p * x * y), [0, y]), [0, p]), second=False)
def nquad(p):
    return si.nquad(lambda x, y, q: np.exp(-q * x * y), [lambda y, q: (0, y), (0, p)], args=(p,))[0]


@case(bell)
def fixed_quad(p):
    return si.fixed_quad(lambda t: np.exp(-p * t * t), 0, 1.7, n=20)[0]


@case(lambda p: mp.sqrt(mp.pi / p))
def quad_vec(p):
    return si.quad_vec(lambda t: np.exp(-p * t * t) * np.ones(2), -np.inf, np.inf)[0][1]


@case(bell)
def tanhsinh(p):
    return si.tanhsinh(lambda t, q: np.exp(-q * t * t), 0, 1.7, args=(p,)).integral


@case(bell)
def cubature(p):
    return si.cubature(lambda t: np.exp(-p * t[:, 0] ** 2), [0], [1.7]).estimate


@case(lambda p: mp.zeta(p + 1), rtol=1e-8, second=False)  # the last node lies at infinity
def nsum(p):
    return si.nsum(lambda k, q: 1 / k ** (q + 1), 1, np.inf, args=(p,)).sum


def samples(p, n=400):
    return np.cos(p * np.linspace(0, 1, n + 1))


@case(lambda p: mp.sin(p) / p, rtol=1e-9)
def simpson(p):
    return si.simpson(samples(p), dx=1 / 400)


@case(lambda p: mp.sin(p) / p, rtol=1e-5)
def trapezoid(p):
    return si.trapezoid(samples(p), dx=1 / 400)


@case(lambda p: mp.sin(p) / p, rtol=1e-5)
def cumulative_trapezoid(p):
    return si.cumulative_trapezoid(samples(p), np.linspace(0, 1, 401), initial=0)[-1]


@case(lambda p: mp.sin(p) / p, rtol=1e-9)
def cumulative_simpson(p):
    return si.cumulative_simpson(samples(p), dx=1 / 400)[-1]


@case(lambda p: mp.sin(p) / p)
def romb(p):
    return si.romb(samples(p, 128), dx=1 / 128)


@pytest.mark.parametrize("name", CASES)
def test_derivatives_of_integrals(name):
    """First derivatives in both modes, second derivatives; the value is that of the plain run."""
    program, exact, rtol, second = CASES[name]
    value, gradient = ut.value_and_grad(program)(P)
    assert value == program(P)
    expected = float(mp.diff(exact, P))
    np.testing.assert_allclose(gradient, expected, rtol=rtol)
    np.testing.assert_allclose(ut.jvp(program, (P,), (1.0,))[1], expected, rtol=rtol)
    if second:
        expected = float(mp.diff(exact, P, 2))
        np.testing.assert_allclose(ut.derivative(ut.grad(program))(P), expected, rtol=100 * rtol)


@pytest.mark.slow
def test_three_dimensions():
    """Nested integrals with limits that are functions."""
    def volume(p):
        return si.tplquad(lambda z, y, x: p * x, 0, 1, 0, lambda x: x * p, 0, lambda x, y: y)[0]

    np.testing.assert_allclose(ut.grad(volume)(P), 3 * P**2 / 8, rtol=1e-10)


def test_moving_breakpoints_are_refused():
    """What lies between them must be integrated by itself."""
    with pytest.raises(ut.RefusedRuleError):
        ut.grad(lambda p: si.quad(lambda t: float(t < p), 0, 2, points=[p])[0])(P)


def test_error_estimates_are_refused_if_used():
    """They are not what the derivative is about."""
    with pytest.raises(ut.RefusedRuleError):
        ut.grad(lambda p: si.quad(lambda t: np.exp(-p * t), 0, 2)[1])(P)


def test_many_parameters():
    """One sweep for all of them."""
    c = np.array([1.0, -0.5, 0.3])
    found = ut.grad(lambda c: si.quad(lambda t: np.exp(c[0] + c[1] * t + c[2] * t * t), 0, 1)[0])(c)
    exact = [float(mp.quad(lambda t, k=k: t**k * mp.exp(1 - 0.5 * t + 0.3 * t * t), [0, 1])) for k in range(3)]
    np.testing.assert_allclose(found, exact, rtol=1e-12)


# ---- initial value problems -------------------------------------------------------------------------------------------


def exchange(t, y, p):
    return np.array([-p * y[0], p * y[0] - 0.5 * y[1]])


def exact(t, p, start):
    """Two compartments in a row, in closed form."""
    a = start * np.exp(-p * t)
    return np.array([a, np.exp(-0.5 * t) + p * start / (0.5 - p) * (np.exp(-p * t) - np.exp(-0.5 * t))])


def by_solve_ivp(method, **options):
    def program(p):
        return si.solve_ivp(exchange, (0, 2.0 * p), [1.5 * p, 1.0], args=(p,), method=method, rtol=1e-8, atol=1e-10,
                            **options).y[:, -1]

    return program


def by_odeint(p):
    return si.odeint(lambda y, t: exchange(t, y, p), [1.5 * p, 1.0], np.array([0.0, 0.5, 2.0]) * p, rtol=1e-9, atol=1e-10)[-1]


def by_odeint_in_order(p):
    return si.odeint(exchange, [1.5 * p, 1.0], [0.0, 2.0 * p], args=(p,), tfirst=True, full_output=True, rtol=1e-9,
                     atol=1e-10)[0][-1]


def by_dense_output(method):
    def program(p):
        found = si.solve_ivp(exchange, (0, 3.0 * p), [1.5 * p, 1.0], args=(p,), method=method, rtol=1e-8, atol=1e-10,
                             dense_output=True)
        return found.sol(np.array([0.3, 2.0]) * p)[:, 1]

    return program


def by_event(method):
    def program(p):
        def stop(t, y):
            return t - 2.0 * p + 0.0 * y[0]

        stop.terminal = True
        found = si.solve_ivp(lambda t, y: exchange(t, y, p), (0, 9.0), [1.5 * p, 1.0], method=method, rtol=1e-8,
                             atol=1e-10, events=stop)
        return found.y_events[0][0]

    return program


def by_ode(name, **options):
    def program(p):
        solver = si.ode(exchange).set_integrator(name, rtol=1e-9, atol=1e-10, **options).set_f_params(p)
        solver.set_initial_value([1.5 * p, 1.0], 0.0)
        solver.integrate(0.5)
        return solver.integrate(2.0 * p)

    return program


FLOWS = {method: by_solve_ivp(method) for method in ("RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA")}
FLOWS |= {f"{method} at given times": by_solve_ivp(method, t_eval=[0.5, 2.0 * P]) for method in ("RK45", "BDF", "LSODA")}
FLOWS |= {f"{method} dense": by_dense_output(method) for method in ("RK45", "DOP853", "BDF", "Radau", "LSODA")}
FLOWS |= {f"{method} event": by_event(method) for method in ("RK45", "BDF", "LSODA")}
FLOWS |= {"odeint": by_odeint, "odeint tfirst": by_odeint_in_order, "dopri5": by_ode("dopri5"), "dop853": by_ode("dop853"),
          "vode": by_ode("vode", method="bdf"), "lsoda": by_ode("lsoda")}


@pytest.mark.parametrize("name", FLOWS)
def test_derivatives_of_flows(name):
    """In initial values, rates, times, and the end of the range, against the closed form by complex steps."""
    program = FLOWS[name]
    moving = "given" not in name
    weights = np.array([1.0, -0.7])
    expected = weights @ np.imag(exact(2.0 * (P + 1e-30j * moving), P + 1e-30j, 1.5 * (P + 1e-30j))) / 1e-30

    def loss(p):
        return weights @ program(p)

    value, gradient = ut.value_and_grad(loss)(P)
    assert value == loss(P)
    np.testing.assert_allclose(gradient, expected, rtol=2e-4 if "RK23" in name or "dense" in name else 1e-5)
    np.testing.assert_allclose(ut.jvp(loss, (P,), (1.0,))[1], gradient, rtol=1e-9)


@pytest.mark.slow
def test_stiff_problems():
    """Robertson's reactions: the recorded solution is Radau's."""
    def loss(p):
        def rates(y, t):
            a, b = 0.04 * p * y[0], 1e4 * y[1] * y[2]
            return [b - a, a - b - 3e7 * y[1] ** 2, 3e7 * y[1] ** 2]

        return si.odeint(rates, [1.0, 0.0, 0.0], [0.0, 0.4, 4.0], rtol=1e-9, atol=1e-12)[-1, 2]

    h = 1e-3
    expected = (8 * (loss(1 + h) - loss(1 - h)) - (loss(1 + 2 * h) - loss(1 - 2 * h))) / (12 * h)
    np.testing.assert_allclose(ut.grad(loss)(1.0), expected, rtol=1e-5)


@pytest.mark.slow
def test_chaotic_solutions_are_refused():
    """Two solutions within tolerance have parted."""
    def lorenz(y, t, r):
        return [10 * (y[1] - y[0]), y[0] * (r - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]

    with pytest.raises(ut.RefusedRuleError):
        ut.grad(lambda r: si.odeint(lorenz, [1.0, 1.0, 1.0], [0.0, 40.0], args=(r,), mxstep=9000)[-1, 0])(28.0)
