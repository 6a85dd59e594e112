"""Derivatives of derivatives: no perturbation is ever taken for another. After ForwardDiff and Zygote."""

from __future__ import annotations

import math

import numpy as np
import pytest
from harness.engine import ut

FIRST = [pytest.param(ut.derivative, id="forward"), pytest.param(ut.grad, id="reverse")]


@pytest.fixture(params=FIRST)
def outer(request):
    return request.param


@pytest.fixture(params=FIRST)
def inner(request):
    return request.param


def test_sum_inside_product(outer, inner):
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == pytest.approx(1.0)


def test_product_inside_product(outer, inner):
    assert outer(lambda x: x * inner(lambda y: x * y)(1.0))(4.0) == pytest.approx(8.0)


def test_inner_derivative_that_ignores_its_variable(outer, inner):
    assert outer(lambda x: inner(lambda y: x * x)(3.0))(2.0) == 0.0


def test_inner_variable_closed_over_twice(outer, inner):
    def f(x):
        g = inner(lambda y: y**3 * x)
        return g(x) * g(2.0)

    x = 1.3  # g(y) = 3 y**2 x
    assert outer(f)(x) == pytest.approx(36 * 4 * x**3)


def test_third_derivative_of_sine(outer, inner):
    assert outer(inner(outer(math.sin)))(1.0) == pytest.approx(-math.cos(1.0))


def test_fourth_derivative_by_forward_mode():
    f = math.exp
    for _ in range(4):
        f = ut.derivative(f)
    assert f(0.3) == pytest.approx(math.exp(0.3))


def test_norm_of_closed_over_vector(inner):
    def f(v):
        return v.sum() * inner(lambda y: y * np.linalg.norm(v))(1.0)

    np.testing.assert_allclose(ut.grad(f)(np.array([1.0])), [2.0])


def test_jacobian_of_gradient_is_the_matrix():
    a = np.array([[1.0, 2.0], [3.0, 4.0]])

    def mixed(x):
        return ut.grad(lambda y: y @ (a @ x))(np.array([0.3, 0.7]))

    np.testing.assert_allclose(ut.jacobian(mixed)(np.array([1.0, 2.0])), a)


def test_hessian_of_closure():
    def f(x):
        return ut.grad(lambda y: (y * x).sum())(np.array([1.0]))[0]

    np.testing.assert_allclose(ut.hessian(f)(np.array([1.0])), [[0.0]], atol=1e-14)


def lagrangian(q, v):
    return 0.5 * (v @ v) - 9.8 * q[1]


def test_mixed_derivative_of_lagrangian_vanishes():
    v = np.array([1.0, 2.0])

    def momentum(q):
        return ut.grad(lambda w: lagrangian(q, w))(v)

    np.testing.assert_allclose(ut.jacobian(momentum)(np.array([0.2, 0.5])), np.zeros((2, 2)), atol=1e-14)


def test_hamiltonian_by_legendre_transform():
    def hamiltonian(q, p):
        mass = ut.hessian(lambda w: lagrangian(q, w))(np.zeros(2))
        v = np.linalg.solve(mass, p)
        return p @ v - lagrangian(q, v)

    p = np.array([0.3, 0.4])
    np.testing.assert_allclose(ut.grad(lambda q: hamiltonian(q, p))(np.array([1.0, 2.0])), [0.0, 9.8], atol=1e-12)


def test_hessian_equals_jacobian_of_gradient():
    def f(x):
        return np.sin(x).sum() + np.tan(x).prod() * np.sqrt(x).sum()

    x = np.array([0.3, 0.8, 0.5])
    h = ut.hessian(f)(x)
    np.testing.assert_allclose(h, ut.jacobian(ut.grad(f))(x), rtol=1e-10)
    np.testing.assert_allclose(h, h.T, rtol=1e-10)


def test_third_derivatives_of_rosenbrock():
    def rosenbrock(x):
        return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(2))

    t = ut.jacobian(ut.jacobian(ut.grad(rosenbrock)))(np.array([0.1, 0.2, 0.3]))
    expected = np.zeros((3, 3, 3))
    for i in range(2):
        x = (0.1, 0.2)[i]
        expected[i, i, i] += 2400 * x
        expected[i, i, i + 1] -= 400
        expected[i, i + 1, i] -= 400
        expected[i + 1, i, i] -= 400
    np.testing.assert_allclose(t, expected, atol=1e-9)


def test_jacobian_of_inverse_is_kronecker():
    x = np.array([[2.0, 0.5], [0.3, 1.5]])
    j = ut.jacobian(np.linalg.inv)(x).reshape(4, 4)
    inverse = np.linalg.inv(x)
    np.testing.assert_allclose(j, -np.kron(inverse, inverse.T), rtol=1e-10)


def test_reverse_over_reverse_of_arrays():
    g = ut.grad(lambda x: ut.grad(lambda y: (y**2).sum())(x).sum())(np.array([1.0, 5.0]))
    np.testing.assert_allclose(g, [2.0, 2.0])


def test_inner_gradient_writes_to_closed_over_array(outer, inner):
    """The inner derivative's program writes into memory that the outer derivative follows."""
    def f(x):
        a = np.zeros(2)

        def g(y):
            a[0] = x * y * y
            return a[0]

        return inner(g)(3.0) * x + a[0]

    assert outer(f)(2.0) == pytest.approx(2 * 6 * 2 + 9)


def test_derivative_of_newton_that_uses_derivatives(outer, inner):
    def root(a):
        x = 1.0
        for _ in range(30):
            x = x - (x * x - a) / inner(lambda t: t * t - a)(x)
        return x

    assert outer(root)(2.0) == pytest.approx(0.5 / math.sqrt(2.0))


def test_hamiltons_equations_in_a_loop(outer):
    def energy(q, p):
        return 0.5 * p * p + (1 - math.cos(q))

    def simulate(q):
        p = 0.1
        for _ in range(5):
            p = p - 0.1 * ut.grad(energy, argnums=0)(q, p)
            q = q + 0.1 * ut.grad(energy, argnums=1)(q, p)
        return q

    def by_hand(q):
        p = 0.1
        for _ in range(5):
            p = p - 0.1 * np.sin(q)
            q = q + 0.1 * p
        return q

    assert outer(simulate)(0.7) == pytest.approx(by_hand(0.7 + 1e-30j).imag / 1e-30)


def test_numbers_of_an_outer_derivative_beside_arrays_of_an_inner_one():
    """NumPy numbers that an outer level follows are numbers, not objects with methods, to the inner level."""
    def outer(p):
        t_old = p * np.float64(0.1)
        return ut.grad(lambda t: (np.asarray(t) - t_old) * np.asarray(t))(0.5)

    assert outer(1.2) == ut.value_and_grad(outer)(1.2)[0]
    assert ut.grad(outer)(1.2) == pytest.approx(-0.1)
