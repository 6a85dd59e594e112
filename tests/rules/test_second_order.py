"""Rules differentiated again: the derivative of each pullback against differences of it."""

from __future__ import annotations

import numpy as np
import pytest
from rule_harness import cases, direction, is_number, replaced, results, ridders, slots, value_at, vjp
from small_engine import gradient, primitive

from undertow import rules
from undertow.rules._numpy import linalg

rules.load()
# Called by their own Python twins, which are checked; compiled, they do not take the boxes of this file.
NOT_BOXED = ("arange", "interp", "interp_complex", "c_einsum", "correlate", "correlate2", "_unique_hash")
OWN = [r for r in rules.registered() if r.name.startswith("numpy") and r.kind in ("elementwise", "linear", "explicit")
       and getattr(r.function, "__objclass__", None) is None and r.function.__name__ not in NOT_BOXED]


def loss_of(rule, case, where, k, seeds, v):
    """Pair the pullback of a rule with a tangent: a real function of the argument."""

    def loss(x):
        args, kwargs = replaced(case, where, x)
        y = rule.function(*args, **kwargs)
        bar = vjp(rule, y, seeds if isinstance(y, tuple | list) else seeds[0], args, kwargs)[k]
        return 0.0 if bar is None else np.sum(np.real(np.conjugate(v) * bar))

    return loss


@pytest.mark.parametrize("rule", [pytest.param(r, id=r.name) for r in OWN])
def test_derivative_of_the_pullback(rule, monkeypatch):
    """Along a random direction, at every sample and argument."""
    for helper in (linalg.singular_cofactors, linalg.moved_cofactors):
        monkeypatch.setattr(linalg, helper.__name__, primitive(helper))
    rng = np.random.default_rng(0)
    for case in cases(rule):
        if "float32" in case.label or "strided" in case.label:
            continue
        for k, where in slots(rule, case):
            x = value_at(case, where)
            if isinstance(x, list | tuple):
                continue
            x = np.asarray(x)
            seeds = [direction(s, rng) if is_number(s) else None for s in results(
                rule.function(*case.args, **case.kwargs))]
            loss = loss_of(rule, case, where, k, seeds, direction(x, rng))
            w = direction(x, rng)
            exact, error = ridders(lambda t, loss=loss, x=x, w=w: np.asarray(loss(x + t * w)), h=0.01)
            found = gradient(loss, x)
            got = np.sum(np.real(np.conjugate(found) * w))
            np.testing.assert_allclose(got, exact, rtol=1e-6, atol=1e-6 + 10 * error,
                                       err_msg=f"{case.label}, argument {where}")
