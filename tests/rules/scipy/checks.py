"""Shared by the rule tests of this folder: every explicit rule of a module, each argument, each sample."""

from __future__ import annotations

import pytest
from rule_harness import cases, check_rule, slots

from undertow._errors import RefusedRuleError
from undertow.rules import registered


def arguments(package):
    """One parameter for each rule of `package` and each place of its arguments that a sample gives a number to."""
    for rule in registered():
        module = getattr(rule.pull or rule.push, "__module__", "")
        if rule.kind not in ("linear", "explicit") or not rule.samples or package not in module:
            continue
        found = {k for case in cases(rule) for k, _ in slots(rule, case)}
        for k in sorted(found):
            yield pytest.param(rule, k, id=f"{rule.name}-{k}")


def check(rule, k, skip=()):
    """Compare with differences at every sample."""
    checked = 0
    for case in cases(rule):
        for place, where in slots(rule, case):
            if place == k:
                if any(word in case.label for word in skip):
                    continue
                try:
                    check_rule(rule, case, k, where)
                except RefusedRuleError:
                    # complex variants of real samples ask for phases that are not determined
                    if "complex" not in case.label:
                        raise
                    continue
                checked += 1
    assert checked
