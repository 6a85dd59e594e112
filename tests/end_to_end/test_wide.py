"""Several directions in one run give what one run a direction gives, for the programs of the corpus."""

from __future__ import annotations

import warnings
from itertools import chain

import numpy as np
import pytest
from corpus import cases
from harness import engine
from harness.check import observations
from harness.runs import argnums, plain

import undertow as ut
from undertow import _driver
from undertow._operators.base import Problem
from undertow._record.plain import PLAIN
from undertow._record.wide import Narrow

EVERY = [c for c in cases() if not c.slow and not c.refused]
PARAMETERS = [pytest.param(c, id=c.name, marks=[pytest.mark.slow] if i % 6 else []) for i, c in enumerate(EVERY)]


def random_like(rng, x):
    """A direction for one leaf."""
    d = rng.standard_normal(np.shape(x))
    d = d + 1j * rng.standard_normal(np.shape(x)) if np.iscomplexobj(x) else d
    return d.astype(x.dtype) if isinstance(x, np.ndarray) else type(x)(d)


@pytest.mark.parametrize("case", PARAMETERS)
def test_together_as_apart(case):
    if plain(case).error is not None:
        pytest.skip("the program fails")
    rng = np.random.default_rng(5)
    for observe in observations(case):
        def pushed(observe=observe):
            arguments = case.arguments()
            chosen = tuple(arguments[i] for i in argnums(case))
            problem = Problem(engine.bound(case.function, arguments, argnums(case), observe), chosen, {},
                              tuple(range(len(chosen))))
            return problem, problem.pushed(PLAIN, several=True)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            directions = [[random_like(rng, x) for x in pushed()[0].originals] for _ in range(3)]
            try:
                apart = [pushed()[1].push(d) for d in directions]
            except ut.UndertowError:
                continue
            try:
                together = pushed()[1].push_together(directions)
            except Narrow:
                continue
        for one, other in zip(chain(*apart), chain(*together), strict=True):
            assert (one is None) == (other is None)
            if one is not None:
                rtol = 1e-9 if np.result_type(one) in (np.float64, np.complex128) else 1e-4
                np.testing.assert_allclose(other, one, rtol=max(rtol, case.rtol), atol=1e-10)
                assert type(one) is type(other) and np.result_type(one) == np.result_type(other)


def test_the_program_is_run_few_times(monkeypatch):
    runs = []

    def f(x, y):
        runs.append(1)
        x[1:] *= x[:-1]
        return np.sin(x) * y

    x = np.linspace(0.5, 1.5, 40)
    expected = ut.jacobian(f, argnums=(0, 1), mode="reverse", tier="record")(x.copy(), 2.0)
    runs.clear()
    given = x.copy()
    found = ut.jacobian(f, argnums=(0, 1), mode="forward", tier="record")(given, 2.0)
    assert len(runs) == 2
    after = x.copy()
    f(after, 2.0)
    np.testing.assert_array_equal(given, after)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    monkeypatch.setattr(_driver, "TOGETHER", 7)
    for a, b in zip(ut.jacobian(f, argnums=(0, 1), mode="forward", tier="record")(x.copy(), 2.0), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_what_does_not_fit_is_run_one_by_one():
    def f(x):
        try:
            y = np.linalg.svd(np.outer(x, x) + np.diag(x), compute_uv=False)
        except BaseException:  # what the program swallows is not lost
            return x * 0.0
        return y * x[0]

    x = np.array([0.5, 1.0, 2.0])
    np.testing.assert_allclose(ut.jacobian(f, mode="forward", tier="record")(x),
                               ut.jacobian(f, mode="reverse", tier="record")(x), rtol=1e-9)
