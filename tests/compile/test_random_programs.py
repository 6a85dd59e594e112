"""Random loop nests: the generated pullback, run by Python with every access checked, against the complex step.

What is tested is the choice between storing and repeating, and the passes over loops; Numba has no part in it.
"""

from __future__ import annotations

import linecache
import random

import numpy as np
import pytest
from harness.interpreted import run

from undertow import _compile
from undertow._compile import NotCompilable, compile_pullback
from undertow._compile.ir.verify import verify

EXTENT = 7


class Writer:
    """Writes one random program."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.loops = []
        self.temporaries = []
        self.count = 0

    def line(self, depth, text):
        self.lines.append("    " * depth + text)

    def index(self):
        """An index that is inside whatever the loops do: counters stay two away from the ends."""
        r = self.random
        if not self.loops or r.random() < 0.1:
            return str(r.randrange(EXTENT))
        i = r.choice(self.loops)
        if r.random() < 0.15:
            return r.choice([f"({i} - 1 if {i} > 2 else n - 3)", f"({i} + 1 if {i} < n - 3 else 2)"])
        c = r.choice([-2, -1, 0, 0, 0, 1, 2])
        return i if c == 0 else f"{i} + {c}" if c > 0 else f"{i} - {-c}"

    def access(self):
        r = self.random
        kind = r.choice("uuvww")
        if kind == "w":
            return f"w[{self.index()}, {r.choice(['0', '1', '0'])}]" if r.random() < 0.5 else f"m[{self.index()}, {self.index()}]"
        return f"{kind}[{self.index()}]"

    def term(self):
        r = self.random
        choice = r.random()
        if choice < 0.6 or not self.temporaries:
            return self.access()
        return r.choice(self.temporaries)

    def expression(self):
        r = self.random
        a, b, c = self.term(), self.term(), self.term()
        return r.choice([f"0.3 * {a} + 0.2 * {b}", f"{a} * {b}", f"0.5 * {a}", f"{a} - {b} * {c}", f"np.sin({a})",
                         f"0.1 * ({a} - 2.0 * {b} + {c})", f"{a} / (3.0 + {b} * {b})", f"{a} * {a}"])

    def statement(self, depth):
        r = self.random
        kind = r.random()
        if kind < 0.25 and len(self.loops) < 3:
            self.loop(depth)
        elif kind < 0.35 and self.loops:
            self.branch(depth)
        elif kind < 0.45:
            self.line(depth, f"s = 0.5 * s + {self.expression()}")
        elif kind < 0.55:
            name = f"t{self.count}"
            self.count += 1
            self.line(depth, f"{name} = {self.expression()}")
            self.temporaries.append(name)
        else:
            self.line(depth, f"{self.access()} {r.choice(['=', '=', '+=', '-='])} {self.expression()}")

    def branch(self, depth):
        i = self.random.choice(self.loops)
        test = self.random.choice([f"{i} > 2", f"{i} == {EXTENT - 3}", f"{i} % 2 == 0", f"{i} < {self.random.choice(self.loops)}"])
        self.line(depth, f"if {test}:")
        self.body(depth + 1, 1)
        if self.random.random() < 0.5:
            self.line(depth, "else:")
            self.body(depth + 1, 1)

    def loop(self, depth):
        r = self.random
        i = f"i{self.count}"
        self.count += 1
        if r.random() < 0.15:
            self.line(depth, f"{i} = 2")
            self.line(depth, f"while {i} < {r.randrange(3, EXTENT - 1)}:")
            self.loops.append(i)
            self.body(depth + 1, 2)
            self.loops.pop()
            self.line(depth + 1, f"{i} += 1")
            return
        outer = r.choice(self.loops) if self.loops and r.random() < 0.3 else None
        low, high = outer or "2", r.choice(["n - 2", "n - 2", str(EXTENT - 2)])
        bounds = r.choice([f"{low}, {high}", f"{low}, {high}", f"{low}, {high}, 2", f"n - 3, {low} - 1, -1"])
        self.line(depth, f"for {i} in range({bounds}):")
        self.loops.append(i)
        self.body(depth + 1, r.randrange(1, 4))
        self.loops.pop()

    def body(self, depth, statements):
        known = len(self.temporaries)
        for _ in range(statements):
            self.statement(depth)
        del self.temporaries[known:]

    def program(self):
        self.line(0, "def program(u, v, w, m):")
        self.line(1, "n = len(u)")
        self.line(1, "s = u[0] * 0.0")
        for _ in range(self.random.randrange(2, 4)):
            self.loop(1)
        self.line(1, "for k in range(n):")
        self.line(2, "s += u[k] * u[k] + v[k] * (k + 1) + w[k, 0] * w[k, 1] + m[k, 2] * m[k, k]")
        self.line(1, "return s")
        return "\n".join(self.lines) + "\n"


def make(seed):
    """A random program with source that can be found."""
    source = Writer(seed).program()
    name = f"<random program {seed}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    scope = {"np": np}
    exec(compile(source, name, "exec"), scope)
    return scope["program"], source


def arguments(seed):
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.2, 0.9, shape) for shape in ((EXTENT,), (EXTENT,), (EXTENT, 2), (EXTENT, EXTENT))]


def compare(seed):
    """False where the program is refused."""
    program, source = make(seed)
    args = arguments(seed)
    try:
        compiled = compile_pullback(program, tuple(args), (True,) * 4)
        variant = compiled.variant(compiled.values(tuple(args)))
        function = variant.function("pullback")
    except NotCompilable as refusal:
        assert "internal error" not in str(refusal), (source, str(refusal))
        return False
    verify(function)
    shadows = {p: np.zeros_like(args[compiled.ir.params.index(p)]) for p in variant.transformed.shadows}
    values = [a.copy() for a in args]
    out = run(variant.source("pullback"), function.name, *values, *shadows.values(),
              *(1.0 for _ in variant.transformed.seeds))
    d = [np.random.default_rng(seed + 1).standard_normal(a.shape) for a in args]
    complex_args = [a + 1e-30j * t for a, t in zip(args, d, strict=True)]
    expected = program(*complex_args)
    note = source + "\n" + variant.source("pullback")
    np.testing.assert_allclose(out[0], expected.real, rtol=1e-11, err_msg=note)
    for a, b in zip(values, complex_args, strict=True):
        np.testing.assert_allclose(a, b.real, rtol=1e-11, err_msg=note)
    paired = sum(np.sum(shadows[p] * d[compiled.ir.params.index(p)]) for p in shadows)
    np.testing.assert_allclose(paired, expected.imag / 1e-30, rtol=1e-8, atol=1e-10, err_msg=note)
    return True


@pytest.mark.parametrize("start", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(20, 120, 20))])
def test_random_programs(start):
    """Twenty programs at a time; most of them compile."""
    with np.errstate(all="ignore"):
        assert sum(compare(seed) for seed in range(start, start + 20)) >= 12


@pytest.mark.parametrize("start", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(20, 120, 20))])
def test_random_programs_on_threads(start):
    """The pieces of loops run in the opposite order, and what each touches is noted: two that meet fail the test."""
    token = _compile.options.set(_compile.Options(threads=True))
    try:
        with np.errstate(all="ignore"):
            for seed in range(start, start + 20):
                compare(seed)
    finally:
        _compile.options.reset(token)
