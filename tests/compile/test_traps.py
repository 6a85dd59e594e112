"""Programs that look harmless and are not, by both tiers: the same value, effects, gradient and exception, or refused.

Generated code is run by Python with every access checked, so Numba has no part in it.
"""

from __future__ import annotations

import numpy as np
import pytest
from harness.graphs import differences
from harness.interpreted import run
from harness.traps import arguments, traps

import undertow as ut
from undertow._compile import variant

REFUSED = 'tier="compile" was asked for'
# what native code must take: the fix of a trap must not be to refuse all
TAKEN = {"growing_iter_type", "growing_np", "iadd_obj", "list_mutated", "obj_rebound", "obj_array_rebound",
         "dict_mutated", "gen_simple", "gen_arrays", "optional_prev", "optional_pair", "with_object", "deco", "recursive",
         "double_buffer_param", "fresh_rebound", "ops", "cm", "arr", "mat", "evo", "lists", "where_c", "slices", "signs_copied"}


@pytest.fixture
def interpreted(monkeypatch):
    """Generated code is run by Python."""
    def made(source, name, *rest):
        return lambda *args: tuple(np.asarray(x) if isinstance(x, np.ndarray) else x for x in run(source, name, *args))

    monkeypatch.setattr(variant, "compile_source", made)


def outcome(call):
    """The result of a call, or the exception."""
    try:
        with np.errstate(all="ignore"):
            return call(), None
    except Exception as error:
        return None, error


def same(x, y, place="gradient"):
    """Assert that two gradients agree in structure, types and numbers."""
    assert type(x) is type(y), place
    if isinstance(x, (tuple, list)):
        assert len(x) == len(y), place
        for k, (u, v) in enumerate(zip(x, y, strict=True)):
            same(u, v, f"{place}[{k}]")
    elif isinstance(x, dict):
        assert list(x) == list(y), place
        for k in x:
            same(x[k], y[k], f"{place}[{k!r}]")
    elif hasattr(x, "__dict__"):
        same(vars(x), vars(y), place)
    elif x is not None:
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12, err_msg=place)


def differentiable(x):
    return isinstance(x, (float, complex, list, dict)) or (isinstance(x, np.ndarray) and x.dtype.kind in "fc") or (
        hasattr(x, "__dict__") and not callable(x))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("f", "makers"), [pytest.param(f, m, id=f.__name__) for f, m in traps()])
def test_trap(f, makers, interpreted):
    """Right or refused, with everything the program does besides."""
    plain_args = arguments(makers)
    places = tuple(k for k, x in enumerate(plain_args) if differentiable(x))
    plain, error = outcome(lambda: f(*plain_args))
    recorded_args, args = arguments(makers), arguments(makers)
    recorded, recorder_error = outcome(lambda: ut.value_and_grad(f, places, tier="record")(*recorded_args))
    found, refusal = outcome(lambda: ut.value_and_grad(f, places, tier="compile")(*args))
    if refusal is not None:
        assert REFUSED in str(refusal), refusal
        assert f.__name__ not in TAKEN, refusal
        return
    assert error is None, f"should have raised {error!r}, gave {found!r}"
    assert not differences((plain_args, plain), (args, found[0]))
    if recorder_error is None:
        same(recorded[1], found[1])
