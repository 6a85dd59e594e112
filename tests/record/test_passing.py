"""Compiled code without a rule that holds arrays or moves numbers is followed; what computes is refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import undertow as ut
from undertow._record import affine, passing
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
AFFINE = {
    "doubled": lambda x: 2.0 * x + 1.0, "sum": lambda x: x.sum(), "differences": np.diff, "matrix": lambda x: np.outer(x, [1.0, -2.0]),
    "mean and count": lambda x: (x.mean(), x.size), "with missing": lambda x: np.append(x[1:] - x[:-1], np.nan),
}
COMPUTES = {
    "narrow": lambda x: x.astype(np.float32), "rounded": np.round,
    "one of several": lambda x: np.append(x[:2], x[2] * x[3]), "nothing": lambda x: None, "absolute": lambda x: np.abs(x - 2.0), "largest": lambda x: x.max() + x,
    "square": lambda x: x * x, "clipped": lambda x: np.minimum(2.0 * x, 3.0), "spread": lambda x: x.std(), "median": np.median,
    "almost": lambda x: 2.0 * x + 1e-9 * x**2, "norm": lambda x: np.sqrt(x @ x), "random": lambda x: 2.0 * x + np.random.rand(),
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
    ut.rules.affine(COMPUTES[name])  # a wrong declaration
    x = active(interpreter, X + 0.125)
    assert passing.moved(interpreter, COMPUTES[name], (x,), {}) is passing.REFUSED


def test_an_array_to_be_filled_is_followed(interpreter):
    x, out = active(interpreter, X.copy()), np.zeros(3)
    assert passing.moved(interpreter, taken, (x, np.array([2, -1, 0]), out), {}) is None
    assert_allclose(out, [2.0, np.nan, 1.0])
    assert interpreter.is_active(out)


@pytest.mark.parametrize("name", AFFINE)
def test_affine_functions_are_followed(interpreter, name):
    f, x = AFFINE[name], active(interpreter, X.copy())
    assert passing.moved(interpreter, f, (x,), {}) is passing.REFUSED
    ut.rules.affine(f)
    result = passing.moved(interpreter, f, (x,), {})
    assert result is not passing.REFUSED
    assert_allclose(flat(result), flat(f(X)), rtol=0.0)
    function = affine.Function(passing.Moved(interpreter, (x,), {}), f)
    found = affine.matrix(function, function(X)[2])
    expected = np.array([(flat(f(X + e)) - flat(f(X - e))) / 2.0 for e in np.eye(4)]).T
    assert_allclose(found, expected[:len(found)], rtol=1e-12, atol=1e-14)


def flat(y):
    """All numbers of a result; what is missing as zero."""
    return np.concatenate([np.nan_to_num(np.ravel(p)).astype(float) for p in (y if isinstance(y, tuple) else (y,))])


def test_what_cannot_be_marked_is_refused(interpreter):
    x = active(interpreter, X.astype(np.float32))
    assert passing.moved(interpreter, lambda x: x[::-1].copy(), (x,), {}) is passing.REFUSED


@pytest.mark.parametrize(("name", "program"), {
    "columns": lambda pd, x: (pd.DataFrame({"a": x, "b": x**2}).a * pd.Series(x)).sum(),
    "by label": lambda pd, x: pd.Series(x, index=list("abcd"))["a"] * pd.Series(x).iloc[1:3].prod(),
    "aligned": lambda pd, x: (pd.Series(x) * pd.Series(x, index=range(1, 5))).dropna().sum(),
    "joined": lambda pd, x: (pd.concat([pd.Series(x), 2.0 * pd.Series(x)]) ** 2).sum(),
    "rolling": lambda pd, x: (pd.Series(x).rolling(2).mean().dropna() ** 2).sum(),
    "grouped": lambda pd, x: (pd.DataFrame({"k": list("abab"), "v": x}).groupby("k").v.mean() ** 2).sum(),
    "rows": lambda pd, x: pd.DataFrame([[x[0], 2.0], [x[1], x[2] * x[3]]]).prod(axis=1).sum(),
    "of numbers": lambda pd, x: pd.Series([x[0] * 2.0, x[1], 3.0]).cumsum().sum(),
    "chosen": lambda pd, x: np.exp(pd.Series(x))[pd.Series(x) > 1.5].sum(),
}.items())
def test_tables_of_another_package(name, program):
    pd = pytest.importorskip("pandas")
    if name in ("rolling", "grouped"):  # computed by compiled code
        with pytest.raises(ut.UndertowError, match="mean"):
            ut.grad(lambda x: program(pd, x))(X)
        ut.rules.affine(pd._libs.window.aggregations.roll_mean, pd._libs.groupby.group_mean)
    gradient = ut.grad(lambda x: program(pd, x))(X)
    pushed = [float(ut.jvp(lambda x: program(pd, x), (X,), (e,))[1]) for e in np.eye(4)]
    expected = [(program(pd, X + 1e-5 * e) - program(pd, X - 1e-5 * e)) / 2e-5 for e in np.eye(4)]
    assert_allclose(gradient, expected, rtol=1e-6)
    assert_allclose(pushed, gradient, rtol=1e-12)
