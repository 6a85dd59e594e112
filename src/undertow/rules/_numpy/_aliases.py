"""Other names of the same compiled functions: what lies behind NumPy's dispatchers, and NumPy's scalar methods."""

from __future__ import annotations

from dataclasses import replace
from types import BuiltinFunctionType

import numpy as np

from .._registry import RULES, registered


def register() -> None:
    """Give the compiled function behind each dispatcher, and each method of NumPy's scalars, the rule of its twin.

    NumPy's own Python code calls some compiled functions without the dispatcher (``np.block`` and ``concatenate``);
    a NumPy scalar has the methods of an array of no dimensions.
    """
    for rule in registered():
        twin = getattr(rule.function, "_implementation", None)
        if isinstance(twin, BuiltinFunctionType) and twin not in RULES:
            RULES[twin] = replace(rule, function=twin)
        owner = getattr(rule.function, "__objclass__", None)
        scalar = getattr(np.generic, rule.function.__name__, None) if owner is np.ndarray else None
        if scalar is not None and scalar not in RULES and rule.kind != "substitute":
            RULES[scalar] = replace(rule, function=scalar)
