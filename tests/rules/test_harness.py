"""The harness catches what it is there to catch."""

from __future__ import annotations

import numpy as np
import pytest
from rule_harness import Case, WrongRule, cases, check_rule, ridders, samples_of, slots

from undertow.rules import Sample, elementwise, forget, linear, lookup, pullback, pushforward
from undertow.rules.samples import array, real


@pytest.fixture
def planted():
    """Functions to plant rules for; what a test registers is forgotten."""
    functions = []

    def plant(f):
        functions.append(f)
        return f

    yield plant
    for f in functions:
        forget(f)


def check(rule):
    """All cases of a rule."""
    for case in cases(rule):
        for k, where in slots(rule, case):
            check_rule(rule, case, k, where)


def test_a_right_rule_passes(planted):
    """Product of two arrays."""
    f = planted(lambda a, b: np.multiply(a, b))
    check(elementwise(f, lambda y, a, b: b, lambda y, a, b: a, samples=(real, real)))


def test_a_wrong_partial_is_caught(planted):
    """A sign is off."""
    f = planted(lambda x: np.cos(x))
    with pytest.raises(WrongRule, match=r"off by|the pullback gives"):
        check(elementwise(f, lambda y, x: np.sin(x), samples=real))


def test_a_wrong_pullback_beside_a_right_pushforward_is_caught(planted):
    """Each mode is compared with the oracle by itself."""
    f = planted(lambda x: np.sum(x * x))
    pushforward(f)(lambda y, tangents, x: np.sum(2 * x * tangents[0]))
    pullback(f, samples=[Sample((array(3),))])(lambda y, y_bar, x: y_bar * x)
    with pytest.raises(WrongRule, match="the pullback gives"):
        check(lookup(f))


def test_a_missing_conjugate_is_caught(planted):
    """Complex variants are made from real samples."""
    f = planted(lambda a, b: np.dot(a, b))
    pullback(f, argnums=(0, 1), samples=[Sample((array(3), array(3, seed=1)))])(lambda y, g, a, b: (g * b, g * a))
    with pytest.raises(WrongRule, match="complex"):
        check(lookup(f))


def test_a_cotangent_of_the_wrong_shape_is_caught(planted):
    """Even where its sum is right."""
    f = planted(lambda x: np.sum(x))
    with pytest.raises(WrongRule, match="shape"):
        check(linear(f, adjoint=lambda y_bar, x: y_bar * np.ones((1, *x.shape)), samples=[Sample((array(3),))]))


def test_a_rule_that_writes_to_its_argument_is_caught(planted):
    """Rules are pure."""
    f = planted(lambda x: 2.0 * x)

    @pullback(f, samples=[Sample((array(3),))])
    def doubled(y, y_bar, x):
        if x.flags.writeable:
            x *= 1.5
        return 2.0 * y_bar

    with pytest.raises(WrongRule, match="written to"):
        check(lookup(f))


def test_a_rule_without_samples_is_caught(planted):
    """Nothing is registered unproven."""
    rule = elementwise(planted(lambda x: x), lambda y, x: 1.0)
    with pytest.raises(WrongRule, match="no samples"):
        samples_of(rule)


def test_an_unreliable_oracle_is_reported(planted):
    """Differences across a jump are no evidence."""
    f = planted(lambda x: np.where(x > 0.5, x + 1.0, x))
    rule = linear(f, adjoint=lambda y_bar, x: y_bar, samples=[])
    with pytest.raises(WrongRule):
        check_rule(rule, Case("at a jump", (np.array([0.5]),), {}), 0, 0)


def test_ridders_estimates_its_error():
    """The estimate bounds the error for functions of very different size."""
    for f, exact in ((np.exp, 1.0), (lambda t: np.sin(3 * t) * 1e6, 3e6), (lambda t: 1e-4 * np.arctan(20 * t), 2e-3)):
        value, error = ridders(f)
        assert abs(value - exact) <= 10 * error + 1e-12 * abs(exact)
        assert error < 1e-6 * abs(exact)
