"""Ordinary programs compile whole, and native code gives their values, effects and derivatives.

Generated code is run by Python with every access checked; the oracle is differences along a direction.
"""

from __future__ import annotations

import copy

import numpy as np
import pytest
from harness.graphs import differences
from harness.interpreted import run
from harness.ordinary import programs
from harness.ordinary._case import cotangent, leaves, moved, paired, projected

import undertow as ut
from undertow._compile import variant

# what is left to the recorder: data decide the depth of recursion, the keys of a dict, the strings of a mode
RECORDED = {"adaptive_simpson", "viterbi", "heat_grid", "adams_bashforth", "use_guvectorize"}
SLOW = {"binomial_american", "bucket", "rk45_adaptive", "nbody_objects", "truss", "gray_scott", "numba_lj", "gp_nll", "lbm",
        "irls", "lm_fit", "use_vectorize"}


@pytest.fixture
def interpreted(monkeypatch):
    """Generated code is run by Python."""
    def made(source, name, *rest):
        return lambda *args: tuple(np.asarray(x) if isinstance(x, np.ndarray) else x for x in run(source, name, *args))

    monkeypatch.setattr(variant, "compile_source", made)


def by_differences(f, args, directions):
    """The derivative along a direction, by central differences and two steps of extrapolation."""
    def slope(h):
        forth, back = (projected(f(*copy.deepcopy(moved(args, directions, s * h)))) for s in (1, -1))
        return (forth - back) / (2 * h)

    d = [slope(h) for h in (2e-4, 1e-4, 5e-5)]
    e = [(4 * d[k + 1] - d[k]) / 3 for k in range(2)]
    return (16 * e[1] - e[0]) / 15


def check(f, args):
    rng = np.random.default_rng(7)
    directions = {path: rng.normal(size=np.shape(x)) if np.ndim(x) else float(rng.normal()) for path, x in leaves(args)
                  if not np.iscomplexobj(x)}
    places = tuple(k for k in range(len(args)) if any(path[0] == k for path in directions))
    plain_args, given = copy.deepcopy(args), copy.deepcopy(args)
    plain = f(*plain_args)
    value, pull = ut.vjp(f, *given, argnums=places, tier="compile")
    assert not differences((plain_args, plain), (given, value))
    bars = dict(zip(places, pull(cotangent(plain)), strict=True))
    found = paired(bars, directions)
    np.testing.assert_allclose(found, by_differences(f, args, directions), rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("f", "args"), [
    pytest.param(f, a, id=f.__name__, marks=[pytest.mark.slow] if f.__name__ in SLOW else [])
    for f, a in programs() if getattr(f, "__name__", "") not in RECORDED])
def test_program(f, args, interpreted):
    """Value, effects and derivative."""
    check(f, args)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", [pytest.param(f, id=f.__name__) for f, _ in programs() if f.__name__ in RECORDED])
def test_what_is_left_to_the_recorder(f):
    """These are refused, with a line; one that compiles is to be taken off the list."""
    args = next(a for g, a in programs() if g is f)
    with pytest.raises(ut.UnsupportedError, match="is not compiled"):
        ut.vjp(f, *copy.deepcopy(args), argnums=(0,), tier="compile")
