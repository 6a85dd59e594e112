"""What `explain` and `source` say is what happens."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("numba")

import undertow as ut


def total(x, factor):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i]) * factor
    return s


def filed(x, log):
    for i in range(len(x)):
        x[i] = x[i] * 0.5
    log.add(len(x))
    return x.sum()


def test_native_call_is_explained():
    """A loop over many elements is native; nothing is taped where arguments are only read."""
    found = ut.explain(total)(np.ones(10**6), 2.0)
    assert (found.tier, found.active, found.taped, found.reason) == ("compile", ["x"], [], "")
    assert "native code" in str(found)


def test_first_reason_names_its_line():
    """A program that cannot be compiled says why, and leaves its arguments alone."""
    x, log = np.ones(5), set()
    found = ut.explain(filed)(x, log)
    assert found.tier == "record"
    assert "set" in found.reason
    assert log == set() and x.tolist() == [1.0] * 5
    assert found.entries > 0 and found.active == ["x"]
    assert ut.explain(total, tier="record")(np.ones(5), 2.0).reason


def test_cheap_call_is_recorded():
    """A program without loops is not compiled for one call."""
    found = ut.explain(lambda x: x * x)(3.0)
    assert found.tier == "record" and "cheaper" in found.reason


def test_source_has_the_names_and_lines_of_the_program():
    """The generated text is Python, with comments that hold the user's lines."""
    text = ut.source(total, argnums=(0, 1))(np.ones(3), 2.0)
    assert "factor" in text and "# line" in text and "s += math.sin(x[i]) * factor" in text
    compile(text, "<generated>", "exec")
    assert "_bar" not in ut.source(total, mode="primal")(np.ones(3), 2.0)
    assert "_dot" in ut.source(total, mode="forward")(np.ones(3), 2.0)


def test_source_of_what_is_not_compiled():
    """The refusal says why."""
    with pytest.raises(ut.UnsupportedError, match="set"):
        ut.source(filed)(np.ones(3), set())
    with pytest.raises(ut.ArgumentError, match="mode"):
        ut.source(total, mode="sideways")
    with pytest.raises(ut.UnsupportedError, match="set"):
        ut.grad(filed, tier="compile")(np.ones(3), set())
    with pytest.raises(ut.ArgumentError, match="tier"):
        ut.grad(filed, tier="fast")


def neighbours(x, k):
    s = 0.0
    for i in range(1, len(x)):
        s += math.sin(x[i] * x[i - 1]) * k
    return s


def products(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = x[i] * x[i - 1]
    return y


def overwritten(x):
    for i in range(1, len(x)):
        x[i] = x[i] * x[i - 1]
    return x, 2.0, x.sum()


@pytest.mark.parametrize("derivative", [
    lambda x, v, tier: ut.jvp(neighbours, (x, 2.0), (v, 0.5), tier=tier),
    lambda x, v, tier: ut.jvp(overwritten, (x,), (v,), tier=tier),
    lambda x, v, tier: ut.hvp(neighbours, (x, 2.0), (v, 0.5), tier=tier),
    lambda x, v, tier: ut.hessian(neighbours, tier=tier)(x, 2.0),
    lambda x, v, tier: ut.jacobian(products, tier=tier)(x),
    lambda x, v, tier: ut.jacobian(products, mode="forward", tier=tier)(x),
    lambda x, v, tier: ut.jacobian(neighbours, (0, 1), mode="reverse", tier=tier)(x, 2.0),
    lambda x, v, tier: ut.vjp(overwritten, x, tier=tier)[1]((v, 1.0, 0.5)),
    lambda x, v, tier: ut.value_and_grad(neighbours, ("k", "x"), tier=tier)(x, k=2.0),
])
def test_operators_agree_in_both_tiers(derivative):
    """Values, types and final states are the same whichever tier is asked for."""
    found = []
    for tier in ("record", "compile"):
        x = np.linspace(0.2, 1.3, 5)
        found.append((derivative(x, np.ones(5), tier), x))
    assert_same(*found)


def assert_same(a, b):
    assert type(a) is type(b)
    if isinstance(a, tuple):
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    else:
        np.testing.assert_allclose(a, b, rtol=1e-12)
