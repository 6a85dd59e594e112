"""Solvers against closed forms of their solutions: the derivative comes from complex steps of the closed form."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize as so

import undertow as ut

P = 1.2
CASES = {}


def case(exact, rtol=1e-8):
    """A program of one parameter, with its solution in closed form."""
    def add(f):
        CASES[f.__name__] = (f, exact, rtol)
        return f
    return add


def slope(exact):
    """Derivative of a closed form along the parameter."""
    return np.imag(np.ravel(exact(P + 1e-30j))) / 1e-30


class Cube:
    """A function as a method; the parameter is an attribute."""

    def __init__(self, p):
        self.p, self.calls = p, 0

    def __call__(self, x):
        self.calls += 1
        return x**3 - self.p

    def value(self, x):
        return x**3 - self.p


def cbrt(p):
    return p ** (1 / 3)


SCALE = 1.0


def shifted(x):
    return x**3 - SCALE


@case(cbrt)
def brentq_closure(p):
    return so.brentq(lambda x: x**3 - p, 0.0, 3.0)


@case(cbrt)
def brenth_args(p):
    return so.brenth(lambda x, q: x**3 - q, 0.0, 3.0, args=(p,))


@case(cbrt)
def bisect_method(p):
    return so.bisect(Cube(p).value, 0.0, 3.0)


@case(cbrt)
def ridder_instance(p):
    return so.ridder(Cube(p), 0.0, 3.0)


@case(cbrt)
def toms748_global(p):
    global SCALE
    SCALE = p
    try:
        return so.toms748(shifted, 0.0, 3.0)
    finally:
        SCALE = 1.0


@case(lambda p: cbrt(p) ** 2)
def brentq_full_output(p):
    x, result = so.brentq(lambda x: x**3 - p, 0.0, 3.0, full_output=True)
    return x * result.root


@case(cbrt)
def newton_secant(p):
    return so.newton(lambda x: x**3 - p, 1.0)


@case(cbrt)
def newton_with_derivative(p):
    return so.newton(lambda x, q: x**3 - q, 1.0, fprime=lambda x, q: 3 * x * x, args=(p,))


@case(lambda p: (p * np.array([1.0, 2.0, 3.0])) ** (1 / 3))
def newton_array(p):
    return so.newton(lambda x: x**3 - p * np.array([1.0, 2.0, 3.0]), np.ones(3))


@case(np.sqrt)
def newton_complex(p):
    return so.newton(lambda z: z**2 + p, 1.0j).imag


@case(cbrt)
def root_scalar_bracket(p):
    return so.root_scalar(Cube(p).value, bracket=(0.0, 3.0)).root


@case(cbrt)
def root_scalar_with_derivative(p):
    return so.root_scalar(lambda x: (x**3 - p, 3 * x * x), x0=1.0, fprime=True).root


@case(lambda p: np.sqrt(p))
def fixed_point_number(p):
    return so.fixed_point(lambda x: (x + p / x) / 2, 1.0)


@case(lambda p: np.array([(1 + 0.3 * p) / 0.94, (p + 0.2) / 0.94]))
def fixed_point_vector(p):
    return so.fixed_point(lambda x: np.array([1 + 0.3 * x[1], p + 0.2 * x[0]]), np.ones(2), method="iteration")


def equations(x, p):
    return [x[0] ** 2 + x[1] - p - 1, x[1] - p]


@case(lambda p: np.array([1 + 0 * p, p]))
def fsolve_list(p):
    return so.fsolve(equations, [1.1, 1.0], args=(p,))


@case(lambda p: np.array([1 + 0 * p, p]))
def fsolve_full_output(p):
    return so.fsolve(lambda x: equations(x, p), [1.1, 1.0], full_output=True)[0]


for method in ("hybr", "lm", "broyden1", "broyden2", "anderson", "krylov", "df-sane"):
    def root_of_a_system(p, method=method):
        return so.root(lambda x: np.array([x[0] + 0.1 * x[1] - p, x[1] - 0.2 * x[0] ** 2]), np.array([1.0, 0.2]),
                       method=method).x

    root_of_a_system.__name__ = f"root_{method}"
    case(lambda p: np.array([(np.sqrt(1 + 0.08 * p) - 1) / 0.04, 0.2 * ((np.sqrt(1 + 0.08 * p) - 1) / 0.04) ** 2]))(
        root_of_a_system)


def valley(x, p):
    return np.sum(np.cosh(x - p * np.array([1.0, 0.5]))) * p


for method in ("Nelder-Mead", "Powell", "CG", "BFGS", "L-BFGS-B", "TNC", "COBYLA", "COBYQA", "SLSQP"):
    def minimum(p, method=method):
        result = so.minimize(valley, [0.3, 0.3], args=(p,), method=method)
        return np.append(result.x, result.fun)

    minimum.__name__ = f"minimize_{method}"
    case(lambda p: np.array([p, 0.5 * p, 2 * p]))(minimum)


@case(lambda p: np.array([p, 0.5 * p, 2 * p]))
def minimize_with_gradient(p):
    shift = np.array([1.0, 0.5])
    result = so.minimize(lambda x: (valley(x, p), p * np.sinh(x - p * shift)), np.zeros(2), jac=True)
    return np.append(result.x, result.fun)


@case(lambda p: np.array([p, 0.5 * p, 2 * p]))
def minimize_newton_cg(p):
    shift = np.array([1.0, 0.5])
    result = so.minimize(valley, np.zeros(2), args=(p,), jac=lambda x, p: p * np.sinh(x - p * shift), method="Newton-CG")
    return np.append(result.x, result.fun)


@case(lambda p: np.array([0.4 * p, 0.5 * p, p * (np.cosh(0.6 * p) + 1)]))
def minimize_at_a_bound(p):
    result = so.minimize(valley, [0.1, 0.1], args=(p,), bounds=[(0, 0.4 * p), (None, None)])
    return np.append(result.x, result.fun)


@case(lambda p: np.array([0.4 * p, 0.5 * p]))
def minimize_at_a_bound_object(p):
    return so.minimize(valley, [0.1, 0.1], args=(p,), bounds=so.Bounds(np.array([-1, -1]), np.array([0.4 * p, 9.0]))).x


def projection(p):
    a, n = np.array([p, 2 * p]), np.array([1.0, 2.0])
    return a - n * (n @ a - p**2) / 5


@case(projection)
def minimize_with_equality(p):
    return so.minimize(lambda x: np.sum((x - p * np.array([1.0, 2.0])) ** 2), np.zeros(2), method="SLSQP",
                       constraints={"type": "eq", "fun": lambda x: x[0] + 2 * x[1] - p**2}).x


@case(projection)
def minimize_with_inequality(p):
    return so.minimize(lambda x: np.sum((x - p * np.array([1.0, 2.0])) ** 2), np.zeros(2), method="SLSQP",
                       constraints=[{"type": "ineq", "fun": lambda x, q: q**2 - x[0] - 2 * x[1], "args": (p,)},
                                    {"type": "ineq", "fun": lambda x: 10 - x[0]}]).x


@case(lambda p: p * np.array([1.0, 2.0]) / np.sqrt(5))
def minimize_trust_constr(p):
    return so.minimize(lambda x: np.sum((x - 4 * np.array([1.0, 2.0])) ** 2), np.zeros(2), method="trust-constr",
                       constraints=so.NonlinearConstraint(lambda x: x @ x, -np.inf, p**2)).x


@case(projection)
def minimize_linear_constraint(p):
    return so.minimize(lambda x: np.sum((x - p * np.array([1.0, 2.0])) ** 2), np.zeros(2), method="SLSQP",
                       constraints=so.LinearConstraint(np.array([[1.0, 2.0]]), p**2, p**2)).x


@case(lambda p: np.array([np.log(p), p - p * np.log(p)]))
def minimize_scalar(p):
    result = so.minimize_scalar(lambda x: np.exp(x) - p * x)
    return np.array([result.x, result.fun])


@case(lambda p: np.array([np.log(p), p - p * np.log(p)]))
def minimize_scalar_bounded(p):
    result = so.minimize_scalar(lambda x: np.exp(x) - p * x, bounds=(-3, 3), method="bounded")
    return np.array([result.x, result.fun])


@case(lambda p: 2 * p)
def minimize_scalar_at_an_end(p):
    return so.minimize_scalar(lambda x: (x - p) ** 2, bounds=(2 * p, 3 * p), method="bounded").x


@case(lambda p: np.array([p, 0.5 * p]))
def fmin(p):
    return so.fmin(valley, [0.3, 0.3], args=(p,), disp=False)


@case(lambda p: np.array([p, 0.5 * p]))
def fmin_bfgs(p):
    return so.fmin_bfgs(valley, [0.3, 0.3], args=(p,), disp=False)


@case(lambda p: np.array([p, 0.5 * p]))
def fmin_l_bfgs_b(p):
    return so.fmin_l_bfgs_b(lambda x: valley(x, p), [0.3, 0.3], approx_grad=True)[0]


@case(lambda p: np.array([p, 0.5 * p]))
def differential_evolution(p):
    return so.differential_evolution(valley, [(-3, 3), (-3, 3)], args=(p,), rng=0).x


@case(np.log)
def brent(p):
    return so.brent(lambda x: np.exp(x) - p * x)


@case(np.log)
def fminbound(p):
    return so.fminbound(lambda x: np.exp(x) - p * x, -3.0, 3.0)


T = np.linspace(0, 1, 9)
LINE = np.stack([np.ones_like(T), T], axis=1)
DATA = np.array([1.0, 1.3, 0.9, 1.1, 1.6, 1.7, 1.4, 1.9, 2.2])


def fitted(p):
    return np.linalg.solve(LINE.T @ LINE, LINE.T @ (p**2 * DATA))


@case(lambda p: np.append(fitted(p), 0.5 * np.sum((LINE @ fitted(p) - p**2 * DATA) ** 2)))
def least_squares(p):
    result = so.least_squares(lambda x: LINE @ x - p**2 * DATA, [1.0, 1.0])
    return np.append(result.x, result.cost)


@case(lambda p: np.array([0.5 * p, np.sum(T * (p**2 * DATA - 0.5 * p)) / np.sum(T * T)]))
def least_squares_at_a_bound(p):
    return so.least_squares(lambda x: LINE @ x - p**2 * DATA, [0.1, 1.0], bounds=([-1.0, -9.0], [0.5 * p, 9.0])).x


@case(lambda p: p**2 * np.median(DATA) + 0 * p)
def least_squares_robust(p):
    return so.least_squares(lambda x: x - p**2 * np.array([1.0, 2.0]), [2.0], loss="soft_l1").x - p**2 * (
        1.5 - np.median(DATA))


@case(fitted)
def leastsq(p):
    return so.leastsq(lambda x: LINE @ x - p**2 * DATA, [1.0, 1.0])[0]


def covariance(p):
    r = LINE @ fitted(p) - p**2 * DATA
    return np.concatenate([fitted(p), np.ravel(np.linalg.inv(LINE.T @ LINE) * np.sum(r * r) / 7)])


@case(covariance, rtol=1e-6)  # the covariance is that of the last Jacobian, by differences
def curve_fit(p):
    a, cov = so.curve_fit(lambda t, a, b: a + b * t, T, p**2 * DATA)
    return np.concatenate([a, cov.ravel()])


@case(lambda p: np.array([0 * p, np.sum(T * (DATA - 0.1 * p)) / np.sum(T * T)]))
def nnls(p):
    return so.nnls(LINE * np.array([-1.0, 1.0]), DATA - 0.1 * p)[0]


@case(lambda p: np.array([0.5 * p, np.sum(T * (p**2 * DATA - 0.5 * p)) / np.sum(T * T)]))
def lsq_linear(p):
    return so.lsq_linear(LINE, p**2 * DATA, bounds=([-1.0, -9.0], [0.5 * p, 9.0])).x


@case(lambda p: np.array([6 / (3 + p), 6 * p / (3 + p), -6 * (1 + 2 * p) / (3 + p)]))
def linprog(p):
    result = so.linprog([-1.0, -2.0], A_ub=np.array([[3.0, 1.0], [-p, 1.0]]), b_ub=np.array([6.0, 0.0]))
    return np.append(result.x, result.fun)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:delta_grad == 0.0")
def test_derivatives_of_solutions(name):
    """Reverse and forward mode against the closed form; the value is that of the plain run to the last bit."""
    program, exact, rtol = CASES[name]
    weights = np.cos(np.arange(np.size(program(P))) + 1.0)

    def loss(p):
        return np.sum(weights * program(p))

    expected = np.sum(weights * slope(exact))
    value, gradient = ut.value_and_grad(loss)(P)
    assert value == loss(P)
    np.testing.assert_allclose(gradient, expected, rtol=rtol)
    np.testing.assert_allclose(ut.jvp(loss, (P,), (1.0,))[1], expected, rtol=rtol)


SECOND = ["brentq_closure", "ridder_instance", "newton_array", "fsolve_list", "root_hybr", "minimize_BFGS",
          "minimize_with_inequality", "minimize_at_a_bound", "minimize_scalar", "fixed_point_vector", "nnls", "linprog"]


@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives_of_solutions(name):
    """Nested derivatives against differences of the closed form's derivative."""
    program, exact, _ = CASES[name]
    weights = np.cos(np.arange(np.size(program(P))) + 1.0)
    h = 1e-5
    first = [np.sum(weights * np.imag(np.ravel(exact(P + d + 1e-30j))) / 1e-30) for d in (-h, h)]

    def loss(p):
        return np.sum(weights * program(p))

    expected = (first[1] - first[0]) / (2 * h)
    np.testing.assert_allclose(ut.derivative(ut.grad(loss))(P), expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ut.grad(ut.derivative(loss))(P), expected, rtol=1e-7, atol=1e-9)


# ---- refusals ---------------------------------------------------------------------------------------------------------


def test_no_solution_is_refused():
    """The solver gave up; the program goes on, the derivative does not."""
    def give_up(p):
        try:
            return so.root(lambda x: x**2 + p, np.array([1.0])).x[0]
        except Exception:
            return 0.0 * p

    with pytest.raises(ut.RefusedRuleError):
        ut.grad(give_up)(P)


def test_double_roots_are_refused():
    """The Jacobian is singular."""
    with pytest.raises(ut.RefusedRuleError):
        ut.grad(lambda p: so.fixed_point(lambda x: x - x**3 + p, 0.01, maxiter=10**6, xtol=1e-7)[()])(0.0)


def test_constraints_that_only_touch_are_refused():
    """The minimum lies on the bound without being held by it."""
    with pytest.raises(ut.RefusedRuleError):
        ut.grad(lambda p: so.minimize(lambda x: (x[0] - p) ** 2, [0.0], bounds=[(None, P)], method="SLSQP").x[0])(P)


def test_approximate_inverse_hessians_are_refused_if_used():
    """They depend on the way to the solution; the rest of the result does not mind."""
    def spread(p):
        return so.minimize(valley, [0.3, 0.3], args=(p,)).hess_inv[0, 0]

    with pytest.raises(ut.RefusedRuleError):
        ut.grad(spread)(P)


# ---- what surrounds a solver --------------------------------------------------------------------------------------------


def test_functions_run_as_they_were_written_while_the_solver_iterates():
    """Numbers that the iterations see are ordinary; the solution costs two more calls."""
    cube = Cube(P)
    so.brentq(cube, 0.0, 3.0)
    seen = []

    def program(p):
        found = Cube(p)

        def f(x):
            seen.append(type(found.p) is float and type(x) is float)
            return found(x)

        x = so.brentq(f, 0.0, 3.0)
        return x, found.calls

    (_, calls), _ = ut.value_and_grad(program, has_aux=True)(P)
    assert calls <= cube.calls + 2
    assert all(seen)


def test_constant_problems_have_no_derivative():
    """Nothing active in the condition: the root is a constant."""
    assert ut.grad(lambda p: p * so.brentq(lambda x: x**3 - 2, 0.0, 3.0))(P) == so.brentq(lambda x: x**3 - 2, 0.0, 3.0)


def test_arrays_that_functions_write_to():
    """A work array that is active outside, overwritten by the function while the solver iterates."""
    def program(p):
        work = np.array([p, p])
        before = work * work

        def f(x):
            work[0] = x**3
            return work[0] - p

        x = so.brentq(f, 0.0, 3.0)
        return x + np.sum(before) + work[1]

    np.testing.assert_allclose(ut.grad(program)(P), P ** (-2 / 3) / 3 + 4 * P + 1, rtol=1e-9)
    np.testing.assert_allclose(ut.derivative(program)(P), P ** (-2 / 3) / 3 + 4 * P + 1, rtol=1e-9)


def test_parameters_in_arrays_lists_and_dictionaries():
    """Whatever holds the parameters."""
    def program(a):
        box = {"a": [a[0], {"b": a[1] * a[1]}], "c": (a[2], 1.0)}
        return so.brentq(lambda x: x**3 * box["c"][0] - box["a"][0] * box["a"][1]["b"], 0.0, 9.0)

    a = np.array([1.3, 0.7, 2.0])
    x = (a[0] * a[1] ** 2 / a[2]) ** (1 / 3)
    np.testing.assert_allclose(ut.grad(program)(a), x / 3 * np.array([1, 2, -1]) / a, rtol=1e-9)


def test_solvers_inside_solvers():
    """The function of the outer solver calls a solver."""
    def program(p):
        def outer(y):
            inner = so.brentq(lambda x: x**3 - y * p, 0.0, 9.0)
            return inner - 1.5

        return so.newton(outer, 1.0)

    np.testing.assert_allclose(ut.grad(program)(P), -(1.5**3) / P**2, rtol=1e-8)


@pytest.mark.parametrize("name", ["newton_secant", "newton_array", "fixed_point_number", "minimize_with_gradient"])
def test_through_the_iterations(name):
    """`solvers(implicit=False)` differentiates what ran."""
    program, exact, _ = CASES[name]

    def unrolled(p):
        with ut.solvers(implicit=False):
            return np.sum(program(p))

    np.testing.assert_allclose(ut.derivative(unrolled)(P), np.sum(slope(exact)), rtol=1e-3)
    np.testing.assert_allclose(ut.grad(unrolled)(P), ut.derivative(unrolled)(P), rtol=1e-10)


def test_compiled_iterations_are_refused():
    """There is nothing to differentiate through."""
    def unrolled(p):
        with ut.solvers(implicit=False):
            return so.brentq(lambda x: x**3 - p, 0.0, 3.0)

    with pytest.raises(ut.UndertowError):
        ut.grad(unrolled)(P)


def test_what_functions_leave_behind_is_refused_if_it_is_used():
    """Iterates that a callback collects, attributes that a method sets, arrays it fills: their derivative is not known."""
    class Model:
        def __init__(self, p):
            self.p, self.last, self.trace, self.calls = p, 0.0, np.zeros(50), 0

        def f(self, x):
            self.last = x * x
            self.trace[self.calls] = x
            self.calls += 1
            return x**3 - self.p

    def solved(p):
        model, history = Model(p), []
        x = so.brentq(lambda x: (history.append(x), model.f(x))[1], 0.0, 3.0)
        return x, model, history

    assert ut.grad(lambda p: solved(p)[0])(P) == pytest.approx(P ** (-2 / 3) / 3)
    assert ut.value_and_grad(lambda p: solved(p)[0] * len(solved(p)[2]) * 0 + p)(P) == (P, 1.0)
    for use in (lambda x, model, history: history[-1], lambda x, model, history: model.last,
                lambda x, model, history: model.trace[3], lambda x, model, history: sum(history)):
        with pytest.raises(ut.RefusedRuleError):
            ut.grad(lambda p, use=use: use(*solved(p)))(P)

    _, (x, model, history) = ut.grad(lambda p: (solved(p)[0], solved(p)), has_aux=True)(P)
    assert type(model.last) is float and all(type(v) is float for v in history)


def test_two_functions_that_share_their_variables():
    """Kepler's equation, with the derivative beside the function."""
    def anomaly(x):
        e, m = x
        angle = so.newton(lambda v: v - e * np.sin(v) - m, m, fprime=lambda v: 1 - e * np.cos(v))
        return angle

    found = ut.grad(anomaly)(np.array([0.3, 1.2]))
    v = anomaly(np.array([0.3, 1.2]))
    np.testing.assert_allclose(found, np.array([np.sin(v), 1.0]) / (1 - 0.3 * np.cos(v)), rtol=1e-10)
