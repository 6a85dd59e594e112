"""Compiled code without a rule that holds arrays or moves numbers is followed; what computes is refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import undertow as ut
from undertow._record import passing
from undertow._record.interpreter import acquire, release
from undertow._record.reverse import ReverseInterpreter

X = np.array([1.0, 3.0, 2.0, 1.7])


@pytest.fixture
def interpreter():
    """One that records, with nothing active yet."""
    from undertow._record.plain import PLAIN

    found = acquire(ReverseInterpreter, PLAIN)
    yield found
    release(found)


def active(interpreter, x):
    """`x`, registered as active memory."""
    interpreter.memory.register(x, True)
    return x


def taken(x, places, out):
    """Writes to an array that it is given, and returns nothing."""
    out[:] = np.where(places < 0, np.nan, x[places])


MOVES = {
    "reversed": lambda x: x[::-1].copy(), "sorted": np.sort, "one": lambda x: x[2], "object": lambda x: x.astype(object),
    "whole": lambda x: x.argsort(), "with constants": lambda x: np.append(x, [0.0, np.nan]), "pair": lambda x: (x[:2].copy(), 3),
    "view": lambda x: x[1:], "itself": lambda x: x, "question": lambda x: bool(x[0] > 0),
}
COMPUTES = {
    "doubled": lambda x: 2.0 * x, "sum": lambda x: x.sum(), "narrow": lambda x: x.astype(np.float32), "rounded": np.round,
    "one of several": lambda x: np.append(x[:2], x[2] * x[3]), "nothing": lambda x: None,
    "constant": lambda x: 3.5, "in place": lambda x: x.__imul__(2.0),
}


@pytest.mark.parametrize("name", MOVES)
def test_numbers_moved_keep_their_values(interpreter, name):
    x = active(interpreter, X.copy())
    result = passing.moved(interpreter, MOVES[name], (x,), {})
    assert result is not passing.REFUSED
    expected = MOVES[name](X)
    for a, b in zip(*((r if isinstance(r, tuple) else (r,)) for r in (result, expected)), strict=True):
        assert_allclose(np.asarray(interpreter.plain(a), float), np.asarray(b, float))


@pytest.mark.parametrize("name", COMPUTES)
def test_computed_numbers_are_not_mistaken_for_moved_ones(interpreter, name):
    x = active(interpreter, X + 0.125)
    assert passing.moved(interpreter, COMPUTES[name], (x,), {}) is passing.REFUSED


def test_an_array_to_be_filled_is_followed(interpreter):
    x, out = active(interpreter, X.copy()), np.zeros(3)
    assert passing.moved(interpreter, taken, (x, np.array([2, -1, 0]), out), {}) is None
    assert_allclose(out, [2.0, np.nan, 1.0])
    assert interpreter.is_active(out)


def test_what_cannot_be_marked_is_refused(interpreter):
    x = active(interpreter, X.astype(np.float32))
    assert passing.moved(interpreter, lambda x: x[::-1].copy(), (x,), {}) is passing.REFUSED


@pytest.mark.parametrize(("name", "program"), {
    "columns": lambda pd, x: (pd.DataFrame({"a": x, "b": x**2}).eval("a") * pd.Series(x)).sum(),
    "by label": lambda pd, x: pd.Series(x, index=list("abcd"))["a"] * pd.Series(x).iloc[1:3].prod(),
    "aligned": lambda pd, x: (pd.Series(x) * pd.Series(x, index=range(1, 5))).dropna().sum(),
    "joined": lambda pd, x: (pd.concat([pd.Series(x), 2.0 * pd.Series(x)]) ** 2).sum(),
    "of numbers": lambda pd, x: pd.Series([x[0] * 2.0, x[1], 3.0]).cumsum().sum(),
    "chosen": lambda pd, x: np.exp(pd.Series(x))[pd.Series(x) > 1.5].sum(),
}.items())
def test_tables_of_another_package(name, program):
    pd = pytest.importorskip("pandas")
    gradient = ut.grad(lambda x: program(pd, x))(X)
    pushed = [float(ut.jvp(lambda x: program(pd, x), (X,), (e,))[1]) for e in np.eye(4)]
    expected = [(program(pd, X + 1e-5 * e) - program(pd, X - 1e-5 * e)) / 2e-5 for e in np.eye(4)]
    assert_allclose(gradient, expected, rtol=1e-6)
    assert_allclose(pushed, gradient, rtol=1e-12)
