"""Random programs in every mode; see `generate` for what they contain."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest
from harness import engine
from harness.check import check_forward, check_grad, check_reverse, check_second, observations, plain, probes, returned
from harness.oracle import Undecided
from hypothesis import HealthCheck, assume, given, note, settings

sys.path.insert(0, str(Path(__file__).parent))
from generate import case_of, is_tame, programs

pytestmark = pytest.mark.slow  # minutes: whole programs, in every mode
CALM = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large, HealthCheck.large_base_example]
QUICK = settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=CALM)
LONG = settings(QUICK, max_examples=400)


def decided(source: str, second: bool = False):
    """The case of a program on whose derivative the oracle can be relied on; other programs are passed over."""
    note(source)
    case = case_of(source)
    assume(is_tame(case))
    if plain(case).error is not None:  # the same error is wanted
        assume(not second)
        return case
    try:
        for _, estimate in probes(case, returned):
            assume(estimate.error < 1e-6 * max(1.0, abs(estimate.value).max()))
        if second:
            from harness.runs import curvature

            estimate = curvature(case)[-1]
            assume(estimate.error < 1e-5 * max(1.0, abs(estimate.value).max()))
    except Undecided:
        assume(False)
    return case


def first_order(source: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case = decided(source)
        for observe in observations(case):
            check_forward(case, observe)
            check_reverse(case, observe)
        check_grad(case)


def second_order(source: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case = decided(source, second=True)
        for mode in (engine.forward_over_reverse, engine.reverse_over_forward, engine.reverse_over_reverse):
            check_second(case, mode)


@QUICK
@given(source=programs())
def test_random_programs(source):
    first_order(source)


@settings(QUICK, max_examples=15)
@given(source=programs())
def test_random_programs_nested(source):
    second_order(source)


@pytest.mark.slow
@LONG
@given(source=programs())
def test_many_random_programs(source):
    first_order(source)


@pytest.mark.slow
@settings(LONG, max_examples=100)
@given(source=programs())
def test_many_random_programs_nested(source):
    second_order(source)
