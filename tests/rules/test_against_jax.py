"""Cotangents compared with those of JAX, where it has a function of the same name (``pip install jax``)."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from rule_harness import cases, leaves, results, slots, vjp

from undertow import rules

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
rules.load()
rules.load_for("scipy.special")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

MODULES = {"numpy": jax.numpy, "numpy.linalg": jax.numpy.linalg, "numpy.fft": jax.numpy.fft, "math": jax.numpy,
           "scipy.special": jax.scipy.special}
# Where JAX differs by a choice of its own, or takes other arguments.
OTHER_CHOICE = {
    "cholesky": "JAX symmetrises its argument", "eigh": "JAX symmetrises, and leaves the phase free",
    "eigvalsh": "JAX symmetrises its argument", "eig": "JAX normalises otherwise",
    "eigvals": "order of the eigenvalues", "svd": "signs and phases of the vectors", "qr": "signs of the factors",
    "pinv": "JAX symmetrises its argument",
    "lstsq": "JAX returns other residuals", "partition": "order within the parts",
    "arange": "JAX takes the bounds as constants",
    "remainder": "two functions, of `numpy` and of `math`", "sign": "JAX takes complex signs as constants",
}


def pairs():
    """Rules of NumPy that JAX has under the same name."""
    for rule in rules.registered():
        module, _, name = rule.name.rpartition(".")
        if rule.kind in ("elementwise", "linear", "explicit") and module in MODULES and not OTHER_CHOICE.get(name):
            theirs = getattr(MODULES[module], name, None)
            if callable(theirs):
                yield pytest.param(rule, theirs, id=rule.name)


PAIRS = list(pairs())
compared: set = set()


@pytest.mark.parametrize(("rule", "theirs"), PAIRS)
def test_cotangents_agree(rule, theirs):
    """Same arguments, same cotangents of the results, every argument."""
    rng = np.random.default_rng(0)
    for case in cases(rule):
        if "float32" in case.label:
            continue
        y = rule.function(*case.args, **case.kwargs)
        places = [(k, w) for k, w in slots(rule, case) if isinstance(w, int)]
        if not places or any(np.size(v) == 0 for v in leaves(list(case.args)) if isinstance(v, np.ndarray)):
            continue
        y_bar = [rng.standard_normal(np.shape(v)) + (1j * rng.standard_normal(np.shape(v)) if np.iscomplexobj(v) else 0)
                 for v in results(y)]
        ours = vjp(rule, y, y_bar if isinstance(y, tuple | list) else y_bar[0], case.args, case.kwargs)
        primal = [case.args[w] for _, w in places]

        def f(*values, case=case, places=places):
            args = list(case.args)
            for (_, w), v in zip(places, values, strict=True):
                args[w] = v
            return theirs(*args, **{k: v for k, v in case.kwargs.items() if k not in ("casting",)})

        try:
            theirs_y, pullback = jax.vjp(f, *[_for_jax(p) for p in primal])
            seeds = [np.conj(g) for g in y_bar]
            bars = pullback(jax.tree.unflatten(jax.tree.structure(theirs_y), [
                np.asarray(g, v.dtype) for g, v in zip(seeds, jax.tree.leaves(theirs_y), strict=True)]))
        except (TypeError, NotImplementedError, ValueError, jax.errors.JAXTypeError, AttributeError) as error:
            warnings.warn(f"{rule.name}: JAX does not take {case.label}: {error}", stacklevel=1)
            continue
        for (k, w), bar in zip(places, bars, strict=True):
            mine = ours[k]
            for g, e, x in zip(leaves(mine), leaves(jax.tree.map(np.asarray, bar)), leaves(case.args[w]), strict=True):
                if not np.issubdtype(np.asarray(e).dtype, np.inexact):
                    continue
                g = np.zeros(np.shape(x)) if g is None else g
                g = np.where(np.isnan(e), e, g)  # outside the domain JAX knows
                np.testing.assert_allclose(g, np.conj(e), rtol=1e-9, atol=1e-9, err_msg=f"{case.label}, argument {w}")
                compared.add((rule.name, k))


def _for_jax(x):
    return type(x)(map(_for_jax, x)) if isinstance(x, list | tuple) else jax.numpy.asarray(x)


def test_enough_was_compared():
    """More than two hundred functions and arguments, if the whole file ran."""
    if len(PAIRS) == len({p.values[0].name for p in PAIRS}) and not compared:
        pytest.skip("run with the rest of the file")
    assert len(compared) >= 200, len(compared)
