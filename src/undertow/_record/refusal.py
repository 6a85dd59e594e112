"""Build the errors with which the recorder refuses: where in the user's program, through what, why, and what to do."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np

from .. import _errors
from .._source import Mark
from ..rules._registry import name_of
from .memory import may_overlap


def user_frames() -> list[FrameType]:
    """Frames of rewritten code on the stack, innermost first."""
    frames = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        constants = frame.f_code.co_consts
        if constants and type(constants[-1]) is Mark:
            frames.append(frame)
        frame = frame.f_back
    return frames


def describe_active(interpreter: Any, frame: FrameType | None, value: Any) -> list[tuple[str, str]]:
    """Names in the user's frame that hold the active value."""
    if frame is None:
        return []
    found = []
    for name, held in list(frame.f_locals.items()):
        if name.startswith("_ut_"):
            continue
        if held is value or (isinstance(held, np.ndarray) and isinstance(value, np.ndarray)
                             and may_overlap(held, value)):
            found.append((name, _kind(held)))
    return found[:3]


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}, {value.dtype}"
    return f"a {value.__class__.__name__}"


def _article(kind: str) -> str:
    return kind if kind.startswith("a ") else f"an {kind}"


def _make(cls: type, interpreter: Any, value: Any, what: str, why: str, fixes: list[str]) -> Any:
    frames = user_frames()
    error = cls(what, why=why, fixes=fixes,
                active=describe_active(interpreter, frames[0] if frames else None, value))
    return error.at(sys._getframe(1))


def _name(function: Any) -> str:
    return name_of(function)


def foreign_call(interpreter: Any, function: Any, value: Any) -> Any:
    """Compiled code without a rule."""
    name = _name(function)
    return _make(_errors.ForeignCallError, interpreter, value,
                 f"`{name}` is compiled code without a derivative rule, and an active value enters it",
                 "what compiled code does with a value cannot be recorded, so the derivative would be dropped",
                 [f"give it a rule:          @ut.rules.pullback({name})",
                  f"say that it is affine:   ut.rules.affine({name})",
                  "treat it as a constant:  ut.stop_gradient(value)"])


def missing_source(interpreter: Any, function: Any, value: Any, reason: str) -> Any:
    """A Python function whose source cannot be read."""
    name = _name(function)
    return _make(_errors.MissingSourceError, interpreter, value,
                 f"the source of `{name}` is not available, and an active value enters it",
                 reason,
                 ["define the function in a file (or notebook cell)",
                  f"give it a rule:          @ut.rules.pullback({name})",
                  "treat it as a constant:  ut.stop_gradient(value)"])


def active_store(interpreter: Any, target: Any, value: Any, why: str) -> Any:
    """An active value written where no derivative can be kept."""
    return _make(_errors.ActiveStoreError, interpreter, value,
                 f"an active value is written to {_article(_kind(target))}", why,
                 ["allocate the target as a float array:  np.zeros(shape)",
                  "treat the value as a constant:         ut.stop_gradient(value)"])


def reinterpretation(interpreter: Any, value: Any, what: str) -> Any:
    """The bits of an active value are looked at."""
    return _make(_errors.ReinterpretationError, interpreter, value,
                 f"{what} looks at the bits of an active value",
                 "bits have no derivative; what is computed from them would lose it silently",
                 ["treat it as a constant:  ut.stop_gradient(value)"])


def unsupported(interpreter: Any, what: str, why: str, fixes: list[str], value: Any = None) -> Any:
    """A construct that is not covered."""
    return _make(_errors.UnsupportedError, interpreter, value, what, why, fixes)


def refused_rule(interpreter: Any, function: Any, value: Any, reason: str) -> Any:
    """A rule that says the derivative does not exist."""
    name = _name(function)
    return _make(_errors.RefusedRuleError, interpreter, value, f"`{name}` has no derivative here", reason,
                 ["treat it as a constant:  ut.stop_gradient(value)"])


def refused_result(interpreter: Any, what: str, reason: str) -> Any:
    """A function of functions (a solver, a quadrature) whose result has no derivative at this point."""
    return _make(_errors.RefusedRuleError, interpreter, None, f"the result of {what} has no derivative here", reason,
                 ["treat it as a constant:  ut.stop_gradient(value)"])


def rule_error(interpreter: Any, function: Any, what: str) -> Any:
    """A rule returned something that is not a cotangent of its argument."""
    return _make(_errors.RuleError, interpreter, None, f"the rule of `{_name(function)}` {what}",
                 "a cotangent has the shape of its primal", ["correct the rule; `ut.rules` describes the conventions"])
