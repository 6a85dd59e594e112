"""One generated test for each rule of NumPy, math and cmath and each of its arguments."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from rule_harness import WrongRule, cases, check_rule, leaves, of_numpy, samples_of, slots

from undertow import rules

rules.load()
# The methods of NumPy's scalars have the rules of the array methods, and are checked as such.
OWN = [r for r in rules.registered() if of_numpy(r)
       and getattr(r.function, "__objclass__", None) is not np.generic]
# These return an argument and carry a derivative that belongs to a formula for it; see test_random_rules.
DECLARED = ("value_of", "wald_quantile", "vonmises_quantile")
DIFFERENTIABLE = [r for r in OWN if r.kind in ("elementwise", "linear", "explicit")
                  and r.function.__name__ not in DECLARED]
pytestmark = pytest.mark.filterwarnings("error")


def name(rule):
    """A test id."""
    kind = getattr(rule.function, "__objclass__", None)
    return rule.name + (f"[{kind.__name__}]" if kind else "")


def arguments():
    """Every rule with each place of its arguments that some sample gives a number to."""
    for rule in DIFFERENTIABLE:
        try:
            found = {k for case in cases(rule) for k, _ in slots(rule, case)}
        except WrongRule:
            found = {0}
        for k in sorted(found):
            yield pytest.param(rule, k, id=f"{name(rule)}-{k}")


@pytest.mark.parametrize(("rule", "k"), list(arguments()))
def test_rule_against_differences(rule, k):
    """Pullback and pushforward agree with extrapolated differences at every sample and variant."""
    checked = 0
    for case in cases(rule):
        for place, where in slots(rule, case):
            if place == k:
                check_rule(rule, case, k, where)
                checked += 1
    assert checked


@pytest.mark.parametrize("rule", [pytest.param(r, id=name(r)) for r in DIFFERENTIABLE])
def test_every_argument_has_a_sample(rule):
    """A rule without samples, or with an argument no sample gives a number to, is not proven."""
    seen = {k for case in cases(rule) for k, _ in slots(rule, case)}
    if not isinstance(rule.argnums, slice):
        assert seen == set(range(len(rule.argnums)))
    assert seen


def nudged(x):
    """`x` moved a little."""
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return np.asarray(x * (1 + 1e-9))
    return x * (1 + 1e-9) if isinstance(x, float) else x


@pytest.mark.parametrize("rule", [pytest.param(r, id=name(r)) for r in OWN if r.kind == "zero" and r.samples])
def test_zero_rules_are_locally_constant(rule):
    """A small move of the arguments leaves the result alone."""
    for args, kwargs in samples_of(rule):
        here = rule.function(*copy.deepcopy(args), **kwargs)
        there = rule.function(*map(nudged, args), **kwargs)
        if name(rule) == "numpy.spacing" or here is None or isinstance(here, str):
            continue
        for a, b in zip(leaves(here), leaves(there), strict=True):
            if isinstance(a, np.ndarray) and a.dtype.kind in "fc" and "empty" in rule.name:
                continue
            assert np.array_equal(a, b), (args, kwargs)


@pytest.mark.parametrize("rule", [pytest.param(r, id=name(r)) for r in OWN if r.kind == "substitute"])
def test_substitutes_have_the_effect_of_the_primitive(rule):
    """Same result and same memory, to the last bit."""
    if rule.samples is None:
        pytest.skip("checked through the engine")
    for args, kwargs in samples_of(rule):
        mine, theirs = copy.deepcopy(args), copy.deepcopy(args)
        a, b = rule.pull(*mine, **kwargs), rule.function(*theirs, **kwargs)
        assert np.array_equal(a, b) if not isinstance(b, list) else a == b
        for x, y in zip(mine, theirs, strict=True):
            if isinstance(x, np.ndarray):
                assert np.array_equal(x, y)


@pytest.mark.parametrize("rule", [pytest.param(r, id=name(r)) for r in OWN if r.kind == "refuse"])
def test_refusals_say_why(rule):
    """The reason is a sentence."""
    assert len(rule.reason.split()) > 3
