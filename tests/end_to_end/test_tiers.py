"""Both tiers give the same: every program of the corpus that compiles, by native code, against the same oracle."""

from __future__ import annotations

import warnings

import pytest

pytest.importorskip("numba")

from corpus import cases
from harness.check import check_forward, check_grad, check_reverse, observations
from harness.gaps import GAPS

from undertow import _compile, _tiers
from undertow._operators import first
from undertow._record import native

pytestmark = pytest.mark.filterwarnings("ignore")  # programs may warn; that is their affair
EVERY = [c for c in cases() if not GAPS.get((c.name, "*"))]


@pytest.fixture
def eager(monkeypatch):
    """Whatever can be compiled is compiled at once; says how often that happened."""
    taken: list = []
    call = _tiers.Call.__init__

    def watched(self, *args):
        taken.append(args)
        call(self, *args)

    monkeypatch.setattr(_tiers.Ledger, "worth_a_look", lambda self, *rest: True)
    monkeypatch.setattr(_tiers.Ledger, "pays", lambda self, *rest: True)
    monkeypatch.setattr(_tiers.Call, "__init__", watched)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield taken


@pytest.mark.slow
@pytest.mark.parametrize("case", EVERY, ids=lambda c: c.name)
def test_compiled_corpus(case, eager):
    """Value, final state, aliasing, exceptions and derivative of a program that compiles."""
    arguments = case.arguments()
    try:
        function, first = _compile.function_of(case.function)
        specs, values = _compile.signature_of((*first, *arguments))
        _compile.compiled_for(function, specs, (False,) * len(specs), values)
    except _compile.NotCompilable as reason:
        pytest.skip(str(reason))
    for observe in observations(case):
        if not GAPS.get((case.name, "reverse")):
            check_reverse(case, observe)
        if not GAPS.get((case.name, "forward")):
            check_forward(case, observe)
    if not GAPS.get((case.name, "grad")):
        check_grad(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", EVERY, ids=lambda c: c.name)
def test_joined_corpus(case, eager, monkeypatch):
    """Programs that are recorded and in which every call that can be native is."""
    entries: list = []
    call = native.call

    def watched(*args):
        found = call(*args)
        entries.append(args)
        return found

    monkeypatch.setattr(first.native, "gradient", lambda *args: None)
    monkeypatch.setattr(first.native, "pullback", lambda *args: None)
    monkeypatch.setattr(_tiers.Provider, "candidate", staticmethod(lambda f: True))
    monkeypatch.setattr(_tiers, "PATIENCE", -1.0)
    monkeypatch.setattr(native, "call", watched)
    for observe in observations(case):
        if not GAPS.get((case.name, "reverse")):
            check_reverse(case, observe)
    if not GAPS.get((case.name, "grad")):
        check_grad(case)
    if not entries:
        pytest.skip("nothing in it is native")
