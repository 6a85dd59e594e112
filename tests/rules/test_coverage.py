"""The page of supported functions is what the registry says, and keeps what it promises."""

from __future__ import annotations

import numpy as np
import pytest
import scipy
from rule_harness import of_numpy

from undertow import rules
from undertow.rules import coverage

VERSIONS = f"NumPy {coverage._minor(np)} and SciPy {coverage._minor(scipy)}"


@pytest.fixture(scope="module")
def tables():
    """Entries of the modules this file speaks of."""
    leaves = coverage.Leaves()
    return {m: coverage.entries(m, leaves) for m in coverage.MODULES if not m.startswith("scipy")}


def test_the_page_is_up_to_date(request):
    """Regenerate with ``python -m undertow.rules.coverage docs/reference/supported-functions.md``."""
    path = request.config.rootpath / "docs" / "reference" / "supported-functions.md"
    text = path.read_text()
    if VERSIONS not in text:
        pytest.skip(f"the page was written with other versions than {VERSIONS}")
    assert text == coverage.page()


def test_nothing_of_numpy_is_refused_but_for_a_reason(tables):
    """No compiled function that takes real numbers is without a rule."""
    silent = [(m, e.name) for m, table in tables.items() for e in table if e.how == "none"]
    assert silent == []


def test_programs_of_numpy_reach_no_compiled_function_without_a_rule(tables):
    """What is differentiated through its source finds rules at its leaves."""
    stuck = [(m, e.name, e.note) for m, table in tables.items() for e in table if "unless" in e.note]
    assert stuck == []


@pytest.mark.parametrize("module", ["math", "cmath"])
def test_every_function_of_the_standard_library_has_a_rule(tables, module):
    """Differentiable functions of `math` and `cmath` are complete."""
    assert {e.how for e in tables[module]} <= {"rule", "zero"}


def bodies():
    """The functions that make up the rules of NumPy, `math` and `cmath`."""
    for rule in rules.registered():
        if of_numpy(rule):
            for body in (rule.pull, rule.push, rule.forward, *(rule.partials or ())):
                if body is not None:
                    yield rule.name, body


def test_rule_bodies_are_differentiable_themselves():
    """Second derivatives differentiate the rules: what they call has rules, or is Python."""
    leaves = coverage.Leaves()
    stuck = {(name, m) for name, body in bodies() for m in leaves.below(body) - {"getattr", "zip"}}
    assert not stuck
