"""The IR's text form reads back, and the verifier notices what is malformed."""

from __future__ import annotations

import pytest

from undertow._compile.frontend.lower import lower
from undertow._compile.ir.builder import const
from undertow._compile.ir.function import Op, Value
from undertow._compile.ir.parser import parse_function
from undertow._compile.ir.printer import print_function
from undertow._compile.ir.types import F64
from undertow._compile.ir.verify import MalformedIRError, verify

VECTOR = ("array", "<f8", 1, (False,))


def program(x):
    s = 0.0
    for i in range(len(x)):
        while s < 3.0:
            s += x[i] * 0.5
        if s > 2.0:
            x[i] = s
    return s


def test_text_form_is_a_fixed_point():
    """What is printed, parsed and printed again is the same."""
    text = print_function(lower(program, (VECTOR,)).function)
    again = parse_function(text)
    assert print_function(verify(again)) == text


def test_verifier_rejects_use_before_definition():
    """A value must be defined where it is used."""
    function = lower(program, (VECTOR,)).function
    stray = Value(F64, "stray")
    function.body.ops.append(Op("add", [stray, const(1.0)], [Value(F64)]))
    with pytest.raises(MalformedIRError, match="before its definition"):
        verify(function)
