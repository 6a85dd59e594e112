"""Powers of complex numbers in native code, with exponents of every kind."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

import undertow as ut


def counted(z, n):
    """Exponents that a loop counts."""
    s = 0.0
    for k in range(-2, n):
        s += np.abs(np.power(z, 1 - k) + z**k)
    return s


def fractions(z, n):
    return np.sum(np.abs(z**0.3 + z ** (1.5 + 0.2j) + n**z) ** 2)


def both(a, z):
    return abs(z**a) + (2.0**z).real + abs(z**z)


def elementwise(z, n):
    w = np.power(z, n)
    return np.sum(w.real * w.imag)


def table(z, n):
    return np.sum(np.abs(z[:, None] ** np.arange(n)))


def large(z, n):
    return np.sum(np.real(z**100)) * n


Z = np.array([0.6 + 0.7j, -0.4 + 0.2j, 1.1 - 0.3j, -0.9 - 0.5j])


@pytest.mark.parametrize(("f", "args", "argnums"), [
    (counted, (complex(Z[0]), 3), (0,)), (counted, (Z[1], 4), (0,)), (fractions, (Z, 2.0), (0, 1)),
    (both, (1.7, complex(Z[3])), (0, 1)), (elementwise, (Z, 3), (0,)), (elementwise, (Z, -3), (0,)),
    (elementwise, (Z, 2.5), (0, 1)), (table, (Z, 4), (0,)), (large, (Z, 1.5), (0, 1))])
def test_powers(f, args, argnums):
    """The gradient is that of NumPy's own values, along a direction."""
    value, bars = ut.value_and_grad(f, argnums=argnums, tier="compile")(*args)
    assert value == pytest.approx(f(*args), rel=1e-12)
    ways = [np.float64(0.7) if np.isrealobj(args[k]) else np.full(np.shape(args[k]), 0.3 - 0.8j) for k in argnums]

    def along(h):
        moved = list(args)
        for k, w in zip(argnums, ways, strict=True):
            moved[k] = args[k] + h * w if np.ndim(args[k]) else type(args[k])(args[k] + h * w)
        return f(*moved)

    h = 1e-4
    slope = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
    recorded = ut.grad(f, argnums=argnums, tier="record")(*args)
    for found, expected in zip(bars, recorded, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11)
    total = sum(np.sum(np.real(np.conj(b) * w) if np.iscomplexobj(w) else b * w) for b, w in zip(bars, ways, strict=True))
    np.testing.assert_allclose(total, slope, rtol=1e-7)


@pytest.mark.parametrize(("z", "n"), [(0j, 3), (np.complex128(0), -1), (complex("nan"), 2)])
def test_what_is_left_to_the_interpreter(z, n):
    """Zero and numbers that are not finite: the value is Python's, or its exception."""
    def f(z, n):
        return abs(z ** (n + 0.5))

    def outcome(tier):
        try:
            with np.errstate(all="ignore"):
                return repr(ut.value_and_grad(f, tier=tier)(z, n)[0])
        except Exception as error:
            return type(error)

    assert outcome("auto") == outcome("record")
