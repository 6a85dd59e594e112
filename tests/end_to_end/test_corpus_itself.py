"""The corpus is sound on its own: programs run, and the oracle can tell their derivatives."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from corpus import cases
from harness.runs import curvature, left_behind, plain, probes, returned
from harness.trees import as_real, leaves

EVERY = cases()
DECIDABLE = [c for c in EVERY if c.raises is None and c.differences and not c.refused]
FOLDER = Path(__file__).parent.parent / "corpus"
pytestmark = pytest.mark.filterwarnings("ignore")  # programs may warn; that is their affair


def test_there_are_several_hundred_programs():
    assert len(EVERY) >= 500
    assert len({case.name for case in EVERY}) == len(EVERY)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)
def test_programs_know_nothing_of_the_library(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert all(name.name.split(".")[0] != "undertow" for name in node.names)
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] != "undertow"


@pytest.mark.parametrize("case", EVERY, ids=lambda c: c.name)
def test_plain_run_is_as_declared(case):
    run = plain(case)
    if case.raises is not None:
        assert isinstance(run.error, case.raises)
        return
    assert run.error is None, repr(run.error)
    if case.value is not None:
        np.testing.assert_allclose(np.asarray(run.value), case.value, rtol=1e-9)


@pytest.mark.parametrize("case", DECIDABLE, ids=lambda c: c.name)
def test_the_oracle_decides(case):
    """Every derivative of every program is known to five digits from plain runs, and agrees with known answers."""
    mutates = plain(case).mutates
    for observe in (returned, left_behind) if mutates else (returned,):
        for _, estimate in probes(case, observe):
            scale = max(float(np.max(np.abs(estimate.value), initial=0.0)), 1e-3)
            assert estimate.error < 1e-5 * scale
    found = probes(case, returned)
    if case.gradient is not None:
        answers = case.gradient if isinstance(case.gradient, tuple) else (case.gradient,)
        wanted = np.concatenate([as_real(leaves(answer)) for answer in answers])
        got = np.array([estimate.value[0] for _, estimate in found[1:]])
        if len(got) == len(wanted):
            np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-9)
    if case.zero:
        assert not any(np.any(estimate.value) for _, estimate in found)


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in DECIDABLE if c.nested], ids=lambda c: c.name)
def test_the_oracle_decides_second_derivatives(case):
    estimate = curvature(case)[-1]
    scale = max(float(np.max(np.abs(estimate.value), initial=0.0)), 1e-3)
    assert estimate.error < 1e-4 * scale
