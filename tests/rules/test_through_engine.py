"""Every rule through the engine: gradients, products, second derivatives, and programs that replace primitives."""

from __future__ import annotations

import numpy as np
import pytest
from rule_harness import (
    cases,
    direction,
    inner,
    is_number,
    leaves,
    moved,
    of_numpy,
    replaced,
    results,
    ridders,
    slots,
    value_at,
    vjp,
)

import undertow as ut
from undertow import rules

if not hasattr(ut, "grad"):
    pytest.skip("needs the operators", allow_module_level=True)
rules.load()
DECLARED = ("value_of", "wald_quantile", "vonmises_quantile", "scatter", "add_reduceat")
# The harness of the registry checks these at every argument; here the program around them is what matters.
OWN = [r for r in rules.registered()
       if of_numpy(r) and not r.name.startswith("undertow") and r.function.__name__ not in DECLARED
       and getattr(r.function, "__objclass__", None) is not np.generic]
RULES = [pytest.param(r, id=r.name) for r in OWN if r.kind in ("elementwise", "linear", "explicit")]
PROGRAMS = [pytest.param(r, id=r.name) for r in OWN if r.kind == "substitute" and r.samples]


def seeds_of(y, rng):
    """Random cotangents of the results that carry one."""
    return [direction(v, rng) if is_number(v) else None for v in results(y)]


def loss_of(case, where, seeds, function):
    """The program: pair the results of the primitive with `seeds`."""

    def loss(x):
        args, kwargs = replaced(case, where, x)
        y = function(*args, **kwargs)
        total = 0.0
        for seed, v in zip(seeds, results(y), strict=True):
            if seed is not None:
                total = total + np.sum(np.real(np.conj(seed) * v))
        return total

    return loss


def points(rule):
    """Cases and slots at which the rule is run."""
    for case in cases(rule):
        if "float32" in case.label or "strided" in case.label:
            continue
        for k, where in slots(rule, case):
            yield case, k, where


def close(found, expected, rtol=1e-9):
    """Nested (co)tangents agree."""
    for g, e in zip(leaves(found), leaves(expected), strict=True):
        if e is not None or g is not None:
            e = 0.0 if e is None else e
            np.testing.assert_allclose(0.0 * np.asarray(e) if g is None else g, e, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("rule", RULES)
def test_gradient(rule):
    """Reverse mode gives what the rule gives."""
    rng = np.random.default_rng(0)
    for case, k, where in points(rule):
        y = rule.function(*case.args, **case.kwargs)
        seeds = seeds_of(y, rng)
        expected = vjp(rule, y, seeds if isinstance(y, tuple | list) else seeds[0], case.args, case.kwargs)[k]
        x = value_at(case, where)
        close(ut.grad(loss_of(case, where, seeds, rule.function))(x), expected)


@pytest.mark.parametrize("rule", RULES)
def test_forward_mode(rule):
    """Forward mode agrees with reverse mode: ``<y_bar, J x_dot> = <J^T y_bar, x_dot>``."""
    rng = np.random.default_rng(0)
    for case, _, where in points(rule):
        y = rule.function(*case.args, **case.kwargs)
        x = value_at(case, where)
        loss = loss_of(case, where, seeds_of(y, rng), rule.function)
        x_dot = direction(x, rng)
        x_dot = type(x)(x_dot) if isinstance(x, tuple) else x_dot
        _, along = ut.jvp(loss, (x,), (x_dot,))
        across = inner(ut.grad(loss)(x), x_dot)
        np.testing.assert_allclose(along, across, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_second_order(rule):
    """The derivative of the gradient agrees with differences of the gradient."""
    rng = np.random.default_rng(0)
    for case, _, where in points(rule):
        x = value_at(case, where)
        if isinstance(x, list | tuple):
            continue
        y = rule.function(*case.args, **case.kwargs)
        loss = loss_of(case, where, seeds_of(y, rng), rule.function)
        v = direction(x, rng)
        exact, error = ridders(lambda t, loss=loss, x=x, v=v: np.asarray(ut.grad(loss)(moved(x, v, t))))
        if error > 1e-4 * (1 + np.max(np.abs(exact), initial=0.0)):
            continue
        found = ut.hvp(loss, (x,), (v,))
        np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-5 + 10 * error)


@pytest.mark.parametrize("rule", PROGRAMS)
def test_programs_in_the_place_of_primitives(rule):
    """Memory that is written to, ufunc methods: gradients agree with differences."""
    rng = np.random.default_rng(0)
    for args, kwargs in rule.samples:
        places = [i for i, a in enumerate(args) if isinstance(a, np.ndarray) and a.dtype.kind == "f" and a.size]
        for i in places:
            def run(x, args=args, kwargs=kwargs, i=i):
                work = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
                work[i] = np.asarray(x * 1.0)
                y = rule.function(*work, **kwargs)
                memory = [w for w in work if isinstance(w, np.ndarray) and w.dtype.kind == "f"]
                return sum(np.sum(np.cos(m)) for m in memory) + (0.0 if y is None else np.sum(np.sin(y)))

            v = rng.standard_normal(args[i].shape)
            exact, error = ridders(lambda t, run=run, i=i, args=args, v=v: np.asarray(run(args[i] + t * v)))
            found = np.sum(ut.grad(run)(args[i]) * v)
            np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-8 + 10 * error)
