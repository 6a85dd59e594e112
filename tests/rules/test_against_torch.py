"""Cotangents of rules compared with those of PyTorch, where it has a function of the same name (``pip install torch``)."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from rule_harness import cases, leaves, slots, vjp

from undertow import rules

torch = pytest.importorskip("torch")
rules.load()
rules.load_for("scipy.special")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

MODULES = {"numpy": torch, "numpy.linalg": torch.linalg, "numpy.fft": torch.fft, "math": torch, "scipy.special": torch.special}
# Where PyTorch differs by a choice of its own, or takes other arguments under the same name.
OTHER_CHOICE = {"cholesky", "eig", "eigh", "eigvals", "eigvalsh", "svd", "qr", "lstsq", "pinv", "arange", "max", "min", "amax",
                "amin", "median", "sort", "std", "var", "round", "split", "transpose", "gradient", "partition", "sign",
                "copysign", "block", "pad", "mode", "outer", "remainder", "fmod"}


def pairs():
    """Rules that PyTorch has under the same name."""
    for rule in rules.registered():
        module, _, name = rule.name.rpartition(".")
        if rule.kind in ("elementwise", "linear", "explicit") and module in MODULES and name not in OTHER_CHOICE:
            theirs = getattr(MODULES[module], name, None)
            if callable(theirs):
                yield pytest.param(rule, theirs, id=rule.name)


compared: set = set()


@pytest.mark.parametrize(("rule", "theirs"), list(pairs()))
def test_cotangents_agree(rule, theirs):
    """Same arguments, same cotangents of the results, every argument that PyTorch differentiates."""
    rng = np.random.default_rng(0)
    for case in cases(rule):
        if "float32" in case.label or case.kwargs:
            continue
        places = [(k, w) for k, w in slots(rule, case) if isinstance(w, int)]
        y = rule.function(*case.args)
        if not places or isinstance(y, tuple | list) or any(np.size(v) == 0 for v in leaves(list(case.args))):
            continue
        y_bar = rng.standard_normal(np.shape(y)) + (1j * rng.standard_normal(np.shape(y)) if np.iscomplexobj(y) else 0)
        args = [tensor(v, any(w == i for _, w in places)) for i, v in enumerate(case.args)]
        try:
            z = theirs(*args)
            given = [args[w] for _, w in places]
            bars = torch.autograd.grad(z, [g for g in given if isinstance(g, torch.Tensor)],
                                       torch.as_tensor(np.asarray(y_bar)), allow_unused=True)
        except (TypeError, RuntimeError, ValueError, NotImplementedError, IndexError, AttributeError) as error:
            warnings.warn(f"{rule.name}: PyTorch does not take {case.label}: {error}", stacklevel=1)
            continue
        if not np.allclose(z.detach().resolve_conj().numpy(), y, rtol=1e-9, atol=1e-12, equal_nan=True):
            continue  # another function under the same name
        if rule.name.endswith(".det") and np.any(y == 0):
            continue  # PyTorch gives zero at singular matrices
        ours = vjp(rule, y, y_bar, case.args, {})
        for (k, w), bar in zip(places, bars, strict=True):
            if bar is None or ours[k] is None:
                continue
            expected = bar.resolve_conj().numpy()
            mine = np.where(np.isnan(expected), expected, ours[k])
            np.testing.assert_allclose(mine, expected, rtol=1e-8, atol=1e-9, err_msg=f"{case.label}, argument {w}")
            compared.add((rule.name, k))


def tensor(x, active):
    """A tensor of double precision; what is no number stays as it is."""
    if isinstance(x, bool | str | int | list | tuple | type(None)) or np.asarray(x).dtype.kind not in "fc":
        return x
    found = torch.as_tensor(np.array(x))
    return found.requires_grad_() if active else found


def test_enough_was_compared():
    """Most of what the two have in common, if the whole file ran."""
    if not compared:
        pytest.skip("run with the rest of the file")
    assert len(compared) >= 80, len(compared)
