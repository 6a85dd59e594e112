"""The harness must catch what it is there for: wrong rules, dropped terms, lost effects, leaks, bad forms."""

from __future__ import annotations

import numpy as np
import pytest
from corpus._case import Corpus, vec
from harness import engine
from harness.check import check_forward, check_reverse, check_second
from harness.engine import ut

from undertow import rules

case = Corpus("planted")


def squash(x):
    return np.tanh(x) * 2


@case(vec(4))
def uses_squash(x):
    x[1:] *= 2
    return (squash(x) * x).sum()


@case(vec(4))
def plain_program(x):
    x[1:] *= x[:-1]
    return (x * x).sum()


WRONG = case.cases["planted.uses_squash"]
RIGHT = case.cases["planted.plain_program"]


@pytest.fixture
def wrong_rule():
    """A rule with a wrong sign in its second-order part: 1 + tanh**2 instead of 1 - tanh**2."""
    rules.elementwise(squash, lambda y, x: 2 * (1 + np.tanh(x) ** 2))
    yield
    rules.forget(squash)


def test_wrong_rule_is_caught_forward(wrong_rule):
    with pytest.raises(AssertionError, match="pushforward"):
        check_forward(WRONG)


def test_wrong_rule_is_caught_in_reverse(wrong_rule):
    with pytest.raises(AssertionError, match="pullback"):
        check_reverse(WRONG)


def test_wrong_rule_is_caught_nested(wrong_rule):
    with pytest.raises(AssertionError, match="second derivative"):
        check_second(WRONG, engine.forward_over_reverse)


def test_without_the_rule_all_is_well():
    check_forward(WRONG)
    check_reverse(WRONG)


def planted(monkeypatch, change):
    """Let the reverse mode of the engine be spoilt by `change(value, gradients, arguments)`."""
    original = engine.reverse

    def spoilt(function, arguments, argnums, weights, observe):
        value, gradients = original(function, arguments, argnums, weights, observe)
        return change(value, gradients, arguments)

    monkeypatch.setattr(engine, "reverse", spoilt)


def test_one_wrong_component_is_caught(monkeypatch):
    def change(value, gradients, arguments):
        gradients[0][2] = 0.0
        return value, gradients

    planted(monkeypatch, change)
    with pytest.raises(AssertionError, match="pullback"):
        check_reverse(RIGHT)


def test_lost_effect_is_caught(monkeypatch):
    def change(value, gradients, arguments):
        arguments[0][1] += 1e-6
        return value, gradients

    planted(monkeypatch, change)
    with pytest.raises(AssertionError, match="effects differ"):
        check_reverse(RIGHT)


def test_wrong_type_of_value_is_caught(monkeypatch):
    planted(monkeypatch, lambda value, gradients, arguments: (float(value), gradients))
    with pytest.raises(AssertionError, match="type"):
        check_reverse(RIGHT)


def test_stale_gradient_is_caught(monkeypatch):
    planted(monkeypatch, lambda value, gradients, arguments: (value, (arguments[0],)))
    with pytest.raises(AssertionError, match="not fresh"):
        check_reverse(RIGHT)


def test_wrong_dtype_is_caught(monkeypatch):
    planted(monkeypatch, lambda value, gradients, arguments: (value, (gradients[0].astype(np.float32),)))
    with pytest.raises(AssertionError, match="float32"):
        check_reverse(RIGHT)


def test_check_grads_catches_the_wrong_rule(wrong_rule):
    with pytest.raises(AssertionError):
        ut.check_grads(squash, np.array([0.3, 0.8]))
