"""Random programs of loops over numbers and arrays: recorded, native, and native inside a recording, all the same."""

from __future__ import annotations

import hashlib
import linecache
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings, strategies as st

pytest.importorskip("numba")

import undertow as ut
from undertow import _compile, _tiers
from undertow._operators import first

pytestmark = pytest.mark.slow
CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
SETTINGS = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=CALM)
RANGES = ("range(n)", "range(1, n - 1)", "range(n - 1, -1, -1)", "range(0, n, 2)", "range(k)")
INDEXED = ("x[i]", "x[i - 1]", "y[i]", "y[-i]", "x[n - 1 - i]", "y[i // 2]")
UNARY = ("math.sin({})", "np.tanh({})", "abs({})", "({}) ** 2", "1.0 / (1.0 + ({}) ** 2)", "-({})", "np.exp(-abs({}))")
BINARY = ("{} + {}", "{} - {}", "({}) * ({})", "max({}, {})", "min({}, {})", "{} + s * ({})")


class Writer:
    """Draws the lines of a program."""

    def __init__(self, draw: Callable) -> None:
        self.draw, self.lines, self.loops = draw, [], 0

    def pick(self, options: tuple) -> Any:
        return self.draw(st.sampled_from(options))

    def value(self, depth: int = 2) -> str:
        """An expression."""
        if depth == 0 or self.draw(st.integers(0, 3)) == 0:
            numbers = ("s", "t", "0.5", "2.0", "1", "k")
            return self.pick(numbers + (INDEXED if self.loops else ("x[0]", "y[-1]")))
        if self.draw(st.booleans()):
            return self.pick(UNARY).format(self.value(depth - 1))
        return self.pick(BINARY).format(self.value(depth - 1), self.value(depth - 1))

    def test(self) -> str:
        """A condition."""
        return self.pick(("{} > {}", "{} <= {}", "{} > 0.1 and {} < 1.0")).format(self.value(1), self.value(1))

    def block(self, indent: int, room: int) -> None:
        """Statements."""
        for _ in range(self.draw(st.integers(1, 3))):
            self.statement(indent, room)

    def statement(self, indent: int, room: int) -> None:
        """A statement, perhaps with others inside."""
        pad = "    " * indent
        kinds = ["assign", "add", "store", "accumulate"] + (["if", "for", "while", "leave"] if room else [])
        kind = self.pick(tuple(kinds))
        if kind == "assign":
            self.lines.append(f"{pad}t = {self.value()}")
        elif kind == "add":
            self.lines.append(f"{pad}t += {self.value()}")
        elif kind in ("store", "accumulate"):
            target = self.pick(INDEXED) if self.loops else self.pick(("x[0]", "y[1]"))
            self.lines.append(f"{pad}{target} {'+=' if kind == 'accumulate' else '='} 0.5 * ({self.value()})")
        elif kind == "if" or (kind == "leave" and not self.loops):
            self.lines.append(f"{pad}if {self.test()}:")
            self.block(indent + 1, room - 1)
            if self.draw(st.booleans()):
                self.lines.append(f"{pad}else:")
                self.block(indent + 1, room - 1)
        elif kind == "leave":
            self.lines.append(f"{pad}if {self.test()}:")
            self.lines.append(f"{pad}    {self.pick(('break', 'continue'))}")
        elif kind == "for" and not self.loops:
            self.lines.append(f"{pad}for i in {self.pick(RANGES)}:")
            self.loops += 1
            self.block(indent + 1, room - 1)
            self.loops -= 1
        elif kind == "while" and not self.loops:
            self.lines.append(f"{pad}j = 0\n{pad}while j < 4 and abs(t) < 9.0:\n{pad}    j += 1")
            self.block(indent + 1, 0)
        else:
            self.lines.append(f"{pad}for l in range(3):\n{pad}    t = t * 0.5 + {self.value()}")


@st.composite
def programs(draw: Callable) -> str:
    """Text of a program ``program(x, y, s, k)``."""
    writer = Writer(draw)
    for _ in range(draw(st.integers(1, 3))):
        writer.statement(1, 3)
    body = "\n".join(writer.lines)
    return f"def program(x, y, s, k):\n    n = len(x)\n    t = s * 1.0\n{body}\n    return t + x.sum() + y[0] * t\n"


def made(source: str) -> Callable:
    """The program, with source text that can be found."""
    name = f"<fuzz {hashlib.sha256(source.encode()).hexdigest()[:12]}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    scope: dict = {"np": np, "math": math}
    exec(compile(source, name, "exec"), scope)
    return scope["program"]


def run(program: Callable, tier: str) -> tuple:
    """Value or exception, gradients, and the final state of the arguments."""
    rng = np.random.default_rng(3)
    x, y = rng.uniform(-1, 1, 6), rng.uniform(-1, 1, 6)
    try:
        outcome = ut.value_and_grad(program, (0, 1, 2), tier=tier)(x, y, 0.7, 3)
    except ut.UndertowError:
        raise
    except Exception as error:
        outcome = type(error)
    return outcome, x, y


def same(a: Any, b: Any) -> None:
    """Equal to rounding, and of one type."""
    assert type(a) is type(b)
    if isinstance(a, tuple):
        for v, w in zip(a, b, strict=True):
            same(v, w)
    elif isinstance(a, type):
        assert a is b
    else:
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


@SETTINGS
@given(source=programs())
def test_tiers_agree(source):
    """Whatever compiles gives what recording gives."""
    note(source)
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        recorded = run(made(source), "record")
        patch.setattr(_tiers.Ledger, "worth_a_look", lambda self, *rest: True)
        patch.setattr(_tiers.Ledger, "pays", lambda self, *rest: True)
        del _compile.defects[:]
        same(recorded, run(made(source), "auto"))
        patch.setattr(first.native, "gradient", lambda *args: None)
        patch.setattr(_tiers, "PATIENCE", -1.0)
        same(recorded, run(made(source), "auto"))
        assert not _compile.defects
