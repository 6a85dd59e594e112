"""Every program of the corpus, forward, reverse and nested, each twice, against the oracle.

Known gaps stand in `gaps.py`, each with its reason; a gap that closes fails the suite, so the list only shrinks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable

import pytest
from corpus import Case, cases
from harness import engine
from harness.check import check_forward, check_grad, check_reverse, check_second, observations
from harness.gaps import GAPS

EVERY = cases()


def parameters(mode: str, chosen: Iterable[Case], slow: Callable[[Case, int], bool] = lambda c, i: c.slow) -> list:
    """Cases as parameters with their marks."""
    found = []
    for i, case in enumerate(chosen):
        marks = [pytest.mark.slow] if slow(case, i) else []
        reason = GAPS.get((case.name, mode)) or GAPS.get((case.name, "*"))
        if reason:
            marks.append(pytest.mark.xfail(strict=True, reason=reason))
        found.append(pytest.param(case, id=case.name, marks=marks))
    return found


def every_third(offset: int) -> Callable[[Case, int], bool]:
    """Marks all but every third case as slow."""
    return lambda case, i: case.slow or case.either or i % 3 != offset


def second_order() -> list[Case]:
    """Programs that have second derivatives."""
    return [c for c in EVERY if c.nested and c.differences and not c.refused and c.raises is None]


@pytest.fixture(autouse=True)
def quiet():
    """Programs may warn; that is their affair."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("case", parameters("forward", EVERY))
def test_forward(case):
    for observe in observations(case):
        check_forward(case, observe)


@pytest.mark.parametrize("case", parameters("reverse", EVERY))
def test_reverse(case):
    for observe in observations(case):
        check_reverse(case, observe)


@pytest.mark.parametrize("case", parameters("grad", EVERY))
def test_grad(case):
    check_grad(case)


@pytest.mark.parametrize("case", parameters("forward over reverse", second_order(), every_third(0)))
def test_forward_over_reverse(case):
    check_second(case, engine.forward_over_reverse)


@pytest.mark.parametrize("case", parameters("reverse over forward", second_order(), every_third(1)))
def test_reverse_over_forward(case):
    check_second(case, engine.reverse_over_forward)


@pytest.mark.parametrize("case", parameters("reverse over reverse", second_order(), every_third(2)))
def test_reverse_over_reverse(case):
    check_second(case, engine.reverse_over_reverse)
