"""Library routines in native code: values of NumPy and SciPy, derivatives of differences and of the recorder, exceptions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy
import scipy.linalg as sl

pytest.importorskip("numba")

import undertow as ut
from undertow import _compile
from undertow._compile.frontend import linear, linear_scipy

_R = np.random.default_rng(11)
N = 5
A = _R.normal(size=(N, N)) + N * np.eye(N)
T = _R.normal(size=(7, 4))
B = _R.normal(size=(N, 3))


@pytest.fixture(autouse=True)
def routines(monkeypatch):
    """The smallest matrices go to the routines that large ones go to."""
    for module, name in ((linear, "_SMALL"), (linear, "_SMALL_CHOLESKY"), (linear_scipy, "_SMALL")):
        monkeypatch.setattr(module, name, 1)
    yield
    assert not _compile.defects


def solve(a, b):
    return np.sum(np.sin(np.linalg.solve(a, b)))


def solve_vector(a, b):
    return np.sum(np.linalg.solve(a, b[:, 0]) ** 3)


def inverse(a):
    return np.sum(np.sin(np.linalg.inv(a) * 5)) + np.sum(np.linalg.matrix_power(a, -2))


def determinants(a):
    sign, log = np.linalg.slogdet(a)
    return sign * log**2 + np.sqrt(np.abs(np.linalg.det(a)))


def cholesky(a):
    s = a @ a.T
    return np.sum(np.sin(np.linalg.cholesky(s))) + np.sum(np.cos(np.linalg.cholesky(s, upper=True)))


def eigenvalues(a):
    w, v = np.linalg.eigh(a + a.T)
    return np.sum(w * np.arange(len(w))) + np.sum(v[:, 0] ** 3) * w[1] + np.sum(np.linalg.eigvalsh(a, "U") ** 2)


def singular_values(t):
    u, s, vt = np.linalg.svd(t, full_matrices=False)
    p, q, r = np.linalg.svd(t.T, full_matrices=False)
    return s[0] * np.sum(u[:, 1] ** 3) + np.sum(vt[0] ** 3) + q[1] * np.sum(p[:, 0] ** 3) + np.sum(r[1] ** 3)


def norms(t):
    return np.linalg.norm(t, 2) + np.linalg.norm(t, "nuc") * np.linalg.norm(t, 1) + np.linalg.norm(t, np.inf) ** 2


def orthonormal(t):
    q, r = np.linalg.qr(t)
    return np.sum(np.sin(q) ** 2 * np.arange(4)) + np.sum(np.cos(r))


def least_squares(t):
    x, rest, rank, _ = np.linalg.lstsq(t, t[:, :2] ** 2, rcond=None)
    return np.sum(x**3) + rank * np.sum(rest) + np.sum(np.linalg.lstsq(t, t[:, 1] ** 2, rcond=None)[0])


def pseudoinverse(t):
    return np.sum(np.sin(np.linalg.pinv(t))) + np.sum(np.linalg.pinv(t.T) ** 3)


def scipy_systems(a, b):
    x = sl.solve(a, b) + sl.solve(a, b, transposed=True)
    s = a @ a.T
    c = sl.cho_factor(s)
    y = sl.cho_solve(c, b) + sl.cho_solve(sl.cho_factor(s, lower=True), x) + sl.solve(s, b, assume_a="pos")
    return np.sum(np.sin(x)) + np.sum(y**2) + np.sum(np.log(np.diag(c[0]))) + np.sum(sl.cholesky(s, lower=True))


def triangular(a, b):
    x = sl.solve_triangular(a, b, lower=True)
    y = sl.solve_triangular(a, b[:, 0], trans=1)
    return np.sum(x**2) + np.sum(y**3) + np.sum(sl.solve_triangular(a / 9, b, unit_diagonal=True, trans="T", lower=True) ** 2)


def factored_once(a, b):
    factors = sl.lu_factor(a)
    x = b
    total = 0.0
    for _ in range(3):
        x = 3 * sl.lu_solve(factors, x)
        total += np.sum(x**2)
    return total + np.sum(sl.lu_solve(factors, b[:, 0], trans=1) ** 3)


def banded(a, b):
    ab, three = 0.3 * a[:4], 0.3 * a[:3]
    ab[2] += 3.0
    three[1] += 3.0
    return np.sum(np.sin(sl.solve_banded((1, 2), ab, b))) + np.sum(sl.solve_banded((1, 1), three, b[:, 1]))


def exponential(a):
    return np.sum(np.sin(sl.expm(a / 9))) + np.sum(sl.expm(2 * a) / 1e5)


def structured(b):
    return np.sum(np.linalg.inv(sl.toeplitz(b[:, 0], b[:, 1]) + 9 * np.eye(len(b))) + sl.circulant(b[:, 2]) ** 2)


def spectra(a):
    w, v = sl.eigh(a + a.T)
    return np.sum(np.sin(w)) + np.sum(v[0] ** 4) + np.sum(sl.svdvals(a) ** 2) + np.sum(sl.qr(a)[1] ** 3) + np.sum(
        sl.pinv(a)) + sl.det(a) + np.sum(sl.eigvalsh(a)) + np.sum(sl.inv(a))


def in_a_loop(a, b):
    """The matrix changes in each iteration, and what LAPACK made of it is needed afterwards."""
    x = b[:, 0]
    total = 0.0
    for k in range(3):
        x = 2 * np.linalg.solve(a, x)
        a = a + 0.1 * np.outer(x, x)
        if k == 1:
            total += np.linalg.eigvalsh(a + a.T)[0]
    return total + np.sum(x**2)


def until(a, b):
    x, k = b[:, 0] * 1.0, 0
    while k < 2 or np.sum(x) > 1e6:
        w, v = np.linalg.eigh(a + a.T)
        x = x + 0.1 * v[:, k] * w[0]
        a = a + 0.01 * np.outer(x, x)
        k += 1
    return np.sum(np.sin(x))


def overwritten(a, b):
    x = np.linalg.solve(a, b)
    y = x * x
    a = a.copy()
    a[:] = a * 2
    x[:] = y + 1
    return np.sum(x) + np.sum(np.linalg.solve(a, x) ** 2)


def views(a, b):
    return np.sum(np.linalg.solve(a[::-1, ::-1], b[::-1, 1]) ** 2) + np.linalg.slogdet(a[1:, 1:].T)[1]


def complex_systems(a, b):
    c = a + 1j * a.T
    x = np.linalg.solve(c, b * (1 + 2j))
    return np.sum(np.abs(x) ** 2) + np.sum(np.linalg.solve(a + 2j * np.eye(len(a)), b[:, 0]).imag ** 3) + np.sum(
        np.linalg.inv(c).real ** 2)


def stacks(a, b):
    s = np.stack([a, 2 * a + 1])
    return np.sum(np.linalg.solve(s, np.stack([b, b**2])) ** 2) + np.sum(np.linalg.det(s)) ** 2 / 1e6 + np.sum(
        np.linalg.inv(s)) + np.sum(np.linalg.slogdet(s)[1]) + np.sum(np.linalg.eigvalsh(s))


def eigenvectors_of_scipy(a):
    w, v = sl.eigh(a + a.T)
    p, q = sl.eigh(a, lower=False)
    return np.sum(w**2 * np.arange(len(w))) + np.sum(v[0] ** 4) + np.sum(q[0] ** 4) * p[1]


def results_overwritten(a):
    w, v = np.linalg.eigh(a + a.T)
    total = np.sum(w**2)
    w[0] = 1.0
    w *= 2.0
    v[:, 0] = v[:, 1] * w[1]
    return np.sum(v**3) + total + np.sum(w**3)


CASES = {f.__name__: (f, args) for f, args in (
    (solve, (A, B)), (solve_vector, (A, B)), (inverse, (A,)), (determinants, (A,)), (cholesky, (A,)), (eigenvalues, (A,)),
    (singular_values, (T,)), (norms, (T,)), (orthonormal, (T,)), (least_squares, (T,)), (pseudoinverse, (T,)),
    (scipy_systems, (A, B)), (triangular, (A, B)), (factored_once, (A, B)), (banded, (A, B)), (exponential, (A,)),
    (structured, (B,)), (spectra, (A,)), (in_a_loop, (A, B)), (until, (A, B)), (overwritten, (A, B)), (views, (A, B)),
    (complex_systems, (A, B)), (stacks, (A, B)), (eigenvectors_of_scipy, (A,)), (results_overwritten, (A,)))}


def differences(f, args, directions, h=1e-3):
    """Directional derivative by differences of order six."""
    def at(t):
        return f(*(a + t * d for a, d in zip(args, directions, strict=True)))

    return sum(c * (at(k * h) - at(-k * h)) for k, c in ((1, 45), (2, -9), (3, 1))) / (60 * h)


QUICK = ("solve", "cholesky", "eigenvalues", "in_a_loop")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CASES])
def test_derivatives_are_those_of_differences(name):
    f, args = CASES[name]
    kept = [a.copy() for a in args]
    argnums = tuple(range(len(args)))
    d = [np.random.default_rng(3).normal(size=a.shape) for a in args]
    expected = differences(f, args, d)
    for _ in range(2):
        value, bars = ut.value_and_grad(f, argnums, tier="compile")(*args)
        np.testing.assert_allclose(value, f(*args), rtol=1e-12)
        np.testing.assert_allclose(sum(np.vdot(x, y) for x, y in zip(bars, d, strict=True)), expected, rtol=1e-7)
    for a, b in zip(args, kept, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_both_tiers_agree_in_all_modes(name):
    f, args = CASES[name]
    argnums = tuple(range(len(args)))
    d = tuple(np.random.default_rng(3).normal(size=a.shape) for a in args)
    close = {"rtol": 1e-8, "atol": 1e-9}
    for x, y in zip(ut.grad(f, argnums, tier="compile")(*args), ut.grad(f, argnums, tier="record")(*args), strict=True):
        np.testing.assert_allclose(x, y, **close)
    np.testing.assert_allclose(ut.jvp(f, args, d, tier="compile")[1], ut.jvp(f, args, d, tier="record")[1], **close)
    for x, y in zip(ut.hvp(f, args, d, tier="compile"), ut.hvp(f, args, d, tier="record"), strict=True):
        np.testing.assert_allclose(x, y, **close)


def test_hessian_in_several_directions():
    def f(b):
        x = np.linalg.solve(A + np.outer(b, b), b)
        return np.sum(x**3) + np.linalg.slogdet(A + np.outer(b, b))[1]

    b = B[:, 0].copy()
    np.testing.assert_allclose(ut.hessian(f, tier="compile")(b), ut.hessian(f, tier="record")(b), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("f", [solve, pytest.param(cholesky, marks=pytest.mark.slow), pytest.param(
    eigenvalues, marks=pytest.mark.slow), pytest.param(singular_values, marks=pytest.mark.slow)], ids=lambda f: f.__name__)
def test_float32(f):
    args = [a.astype(np.float32) for a in CASES[f.__name__][1]]
    argnums = tuple(range(len(args)))
    bars = ut.grad(f, argnums, tier="compile")(*args)
    for x, y in zip(bars, ut.grad(f, argnums, tier="compile")(*CASES[f.__name__][1]), strict=True):
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, y, rtol=2e-3, atol=2e-3 * np.max(np.abs(y)))


SINGULAR = np.ones((N, N))
WRONG = {
    "solve": (lambda a: np.sum(np.linalg.solve(a, a[0])), SINGULAR, np.linalg.LinAlgError),
    "inv": (lambda a: np.sum(np.linalg.inv(a)), np.zeros((N, N)), np.linalg.LinAlgError),
    "cholesky": (lambda a: np.sum(np.linalg.cholesky(a)), -np.eye(N), np.linalg.LinAlgError),
    "eigh": (lambda a: np.sum(np.linalg.eigvalsh(a)), np.ones((N, 3)), np.linalg.LinAlgError),
    "shapes": (lambda a: np.sum(np.linalg.solve(a, a[:, 0])), np.ones((3, N)), np.linalg.LinAlgError),
    "lu_factor": (lambda a: np.sum(sl.lu_solve(sl.lu_factor(a), a[0])), np.full((N, N), np.nan), ValueError),
    "solve_triangular": (lambda a: np.sum(sl.solve_triangular(a, a[0])), np.zeros((N, N)), np.linalg.LinAlgError),
    "cho_factor": (lambda a: sl.cho_factor(a)[0][0, 0], -np.eye(N), np.linalg.LinAlgError),
}


@pytest.mark.parametrize("name", WRONG)
def test_exceptions_are_those_of_the_libraries(name):
    f, a, error = WRONG[name]
    with pytest.raises(error) as expected:
        f(a)
    for tier in ("auto", "record"):
        with pytest.raises(error) as found:
            ut.grad(f, tier=tier)(a)
        assert str(found.value) == str(expected.value)


def test_repeated_eigenvalues_are_left_to_the_recorder():
    def f(a):
        return np.sum(np.linalg.eigvalsh(a) ** 2)

    for _ in range(2):
        np.testing.assert_allclose(ut.grad(f)(np.eye(N)), 2 * np.eye(N), atol=1e-12)


def test_an_almost_singular_system_warns():
    def f(a):
        return np.sum(sl.solve(a, a[0]))

    a = np.ones((N, N)) + 1e-17 * np.arange(N * N).reshape(N, N) + np.diag([0, 0, 0, 0, 1e-15])
    a += np.diag([1.0, 2.0, 3.0, 1e-16, 0.0])
    with pytest.raises((sl.LinAlgWarning, np.linalg.LinAlgError)):
        f(a)
    with pytest.raises((sl.LinAlgWarning, np.linalg.LinAlgError)):
        ut.grad(f)(a)


def test_empty_matrices():
    def f(a, b):
        return np.sum(np.linalg.solve(a, b)) + np.sum(b)

    for n, m in ((0, 2), (3, 0)):
        bars = ut.grad(f, (0, 1))(np.eye(n), np.ones((n, m)))
        assert [x.shape for x in bars] == [(n, n), (n, m)]


def test_memory_of_routines_keeps_its_layout():
    """Arrays whose lanes would lie side by side elsewhere are left as LAPACK knows them."""
    a = np.random.default_rng(2).normal(size=(60, 60)) + 9 * np.eye(60)

    def f(a):
        return np.sum(sl.solve_triangular(a, a @ a) ** 2) + np.sum(np.linalg.cholesky(a @ a.T))

    np.testing.assert_allclose(ut.grad(f, tier="compile")(a), ut.grad(f, tier="record")(a), rtol=1e-8)


def test_factors_made_before_a_loop_are_not_kept_in_each_iteration():
    assert "= lu[" not in ut.source(factored_once)(A, B)


@pytest.mark.parametrize("lower", [True, False])
def test_signs_of_eigenvectors_are_those_of_scipy(lower):
    a = np.random.default_rng(7).normal(size=(70, 70))

    def f(a):
        return sl.eigh(a, lower=lower)

    for x, y in zip(ut.vjp(f, a, tier="compile")[0], f(a), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-12)


OLDER = tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 18)


@pytest.mark.skipif(not OLDER, reason="from SciPy 1.18 on `cho_factor` gives its flag as an array")
def test_results_of_calls_are_of_the_types_of_the_libraries():
    def f(a):
        return np.linalg.slogdet(a), np.linalg.svd(a), np.linalg.eigh(a), np.linalg.qr(a), sl.cho_factor(a @ a.T)

    def shown(x):
        return [type(x), *map(shown, x)] if isinstance(x, tuple) else (type(x), getattr(x, "dtype", None))

    assert shown(ut.vjp(f, A, tier="compile")[0]) == shown(f(A))


@pytest.mark.skipif(not OLDER, reason="the digamma function of SciPy 1.18 is recorded")
def test_special_functions_that_are_told_to_raise():
    """The recorder takes over, and the error is the program's own."""
    import scipy.special as special

    gradient = ut.value_and_grad(lambda x: np.sum(special.gammaln(x) * special.psi(x)), tier="auto")
    x = np.array([1.5, 2.5])
    expected = [gradient(x) for _ in range(3)][-1]
    compiled = ut.value_and_grad(lambda x: np.sum(special.gammaln(x) * special.psi(x)), tier="compile")
    np.testing.assert_allclose(compiled(x)[1], expected[1], rtol=1e-12)
    with special.errstate(all="raise"), np.errstate(all="ignore"):
        np.testing.assert_allclose(gradient(x)[1], expected[1], rtol=1e-12)
        with pytest.raises(special.SpecialFunctionError):
            gradient(np.array([-1.0, 0.0]))
        with pytest.raises((special.SpecialFunctionError, ut.UndertowError)):
            compiled(np.array([-1.0, 0.0]))
