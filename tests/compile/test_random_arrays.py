"""Random programs of array statements: slices, views under two names, whole arrays overwritten by what was read from them.

As `test_random_programs`, whose comparison is used: the generated pullback, run by Python with every access checked, against
the complex step, for the pullback (which adds to shadows) and the gradient (whose shadows are zero at first).
"""

from __future__ import annotations

import linecache
import random

import numpy as np
import pytest
from harness.interpreted import run

import undertow as ut
from undertow._compile import NotCompilable, compile_pullback, variant
from undertow._compile.ir.verify import verify

N = 6
SLICES = {  # length: slices of an array of N that have it
    N: ("", "[:]", "[::-1]"), N - 1: ("[1:]", "[:-1]", "[:0:-1]"), N - 2: ("[1:-1]", "[2:]", "[:-2]"), 3: ("[::2]", "[1::2]", "[3:]"),
}


class Writer:
    """Writes one random program of arrays ``a`` and ``b`` of length N and ``m`` of N x N."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = ["def program(a, b, m):"]
        self.names = ["a", "b"]
        self.matrices = ["m"]
        self.count = 0
        self.depth = 1
        self.loops = []

    def line(self, text):
        self.lines.append("    " * self.depth + text)

    def new(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def piece(self, length):
        """Something of a length."""
        r = self.random
        choice = r.random()
        if choice < 0.12:
            m = r.choice(self.matrices)
            return r.choice([f"{m}[{self.place()}]", f"{m}[:, {self.place()}]", f"{m}.T[{self.place()}]"]) + r.choice(SLICES[length])
        return r.choice(self.names) + r.choice(SLICES[length])

    def place(self):
        r = self.random
        return r.choice([*self.loops, str(r.randrange(N)), "-1"])

    def number(self):
        r = self.random
        return r.choice(["0.5", "0.3", f"{r.choice(self.names)}[{self.place()}]", f"{r.choice(self.matrices)}[{self.place()}, {self.place()}]"])

    def value(self, length):
        r = self.random
        a, b, c = (self.piece(length) for _ in range(3))
        return r.choice([
            f"{a} * {b}", f"0.5 * {a} + 0.3 * {b}", f"{a} - {b} * {c}", f"np.sin({a})", f"{a} * {self.number()}", f"{a} / (2.0 + {b} * {b})",
            f"{a} ** 2", a, f"{a} * {a}", f"np.where(np.arange({length}) % 2 == 0, {a}, {b} * {c})", f"{self.number()} * {a} + {b}"])

    def statement(self):
        r = self.random
        kind = r.random()
        if kind < 0.12 and self.depth < 4:
            self.control()
        elif kind < 0.24:
            name = self.new("p")
            self.line(f"{name} = {r.choice([self.value(N), f'{self.piece(N)}.copy()', 'np.zeros_like(a)', f'{r.choice(self.names)} * 2.0'])}")
            self.fresh.append(name)
        elif kind < 0.30:
            name = self.new("v")
            self.line(f"{name} = {r.choice(self.names)}{r.choice(['', '[:]', '[::-1]'])}")  # a second name of the same memory
            self.fresh.append(name)
        elif kind < 0.36:
            self.line(f"s = s + {r.choice([f'np.sum({self.piece(3)} * {self.piece(3)})', self.number(), f'{self.piece(N)} @ {self.piece(N)}'])}")
        elif kind < 0.44:
            m = r.choice(self.matrices)
            length = r.choice([N, N - 1, N - 2])
            target = r.choice([f"{m}[{self.place()}]{r.choice(SLICES[length])}", f"{m}[:, {self.place()}]{r.choice(SLICES[length])}"])
            self.line(f"{target.removesuffix('[:]') if target.endswith(']]') else target} {r.choice(['=', '+='])} {self.value(length)}")
        elif kind < 0.50:
            m = r.choice(self.matrices)
            self.line(r.choice([f"{m} *= 0.5", f"{m}[1:, :-1] = 0.3 * {m}[:-1, 1:]", f"{m}[:] = {m} * {m}", f"{m}[1:-1] += {m}[2:] - {m}[:-2]",
                                f"{m}[{self.place()}, {self.place()}] = {self.number()}", f"{m}[:] = 0.2 * {m}.T", f"{m}[:] = {self.piece(N)}"]))
        elif kind < 0.55 and len(self.names) > 2:
            p, q = r.sample(self.names, 2)
            self.line(f"{p}, {q} = {q}, {p}" if r.random() < 0.5 else f"{p}[:], {q}[:] = {q} * 0.5, {p} * 2.0")
        elif kind < 0.62:
            self.line(f"{r.choice(self.names)}[{self.place()}] {r.choice(['=', '+=', '*='])} {self.number()}")
        else:
            length = r.choice([N, N, N - 1, N - 2, 3])
            slices = [s for s in SLICES[length] if s] if length == N else SLICES[length]
            self.line(f"{r.choice(self.names)}{r.choice(slices)} {r.choice(['=', '=', '+=', '-=', '*='])} {self.value(length)}")

    def control(self):
        r = self.random
        if self.loops and r.random() < 0.4:
            self.line(f"if {r.choice(self.loops)} % 2 == {r.randrange(2)}:")
            self.block()
            if r.random() < 0.4:
                self.line("else:")
                self.block()
            return
        i = self.new("i")
        self.line(f"for {i} in range({r.choice(['2', '3', '1, 4', '3, 0, -1'])}):")
        self.loops.append(i)
        self.block()
        self.loops.pop()

    def block(self):
        self.depth += 1
        outer, self.fresh = self.fresh, []
        names = list(self.names)
        for _ in range(self.random.randrange(1, 4)):
            self.statement()
            self.names += self.fresh
            self.fresh = []
        self.names, self.fresh = names, outer
        self.depth -= 1

    def program(self):
        self.fresh = []
        self.line("s = 0.0")
        for _ in range(self.random.randrange(4, 10)):
            self.statement()
            self.names += self.fresh
            self.fresh = []
        weights = ", ".join(f"{0.3 + 0.2 * k:.1f}" for k in range(N))
        total = " + ".join(f"np.sum({p} * np.array([{weights}]))" for p in self.names)
        self.line(f"return s + {total} + np.sum(m * m)")
        return "\n".join(self.lines) + "\n"


def make(seed, first=""):
    """A random program with source that can be found, and a line put first."""
    head, body = Writer(seed).program().split("\n", 1)
    source = f"{head}\n{first}{body}"
    name = f"<random arrays {seed}{' copied' * bool(first)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    scope = {"np": np}
    exec(compile(source, name, "exec"), scope)
    return scope["program"], source


def compare(seed, mode):
    """False where the program is refused, or does not run."""
    program, source = make(seed)
    rng = np.random.default_rng(seed)
    args = tuple(rng.uniform(0.2, 0.9, shape) for shape in ((N,), (N,), (N, N)))
    d = [rng.standard_normal(a.shape) for a in args]
    step = [a + 1e-30j * t for a, t in zip(args, d, strict=True)]
    try:
        compiled = compile_pullback(program, args, (True,) * 3)
        chosen = compiled.variant(compiled.values(args))
        function = chosen.function(mode)
    except NotCompilable as refusal:
        assert "internal error" not in str(refusal), (source, str(refusal))
        return False
    expected = program(*step)
    verify(function)
    first = {p: np.zeros(args[k].shape) if mode == "gradient" else rng.standard_normal(args[k].shape)
             for p in chosen.shadows(mode) for k in [compiled.ir.params.index(p)]}
    unset = chosen.reverse(mode)[1]
    shadows = {p: np.full(x.shape, np.nan) if p in unset else x.copy() for p, x in first.items()}
    values = [a.copy() for a in args]
    seeds = [1.0 for _ in chosen.transformed.seeds]
    out = run(chosen.source(mode), function.name, *values, *shadows.values(), *seeds)
    note = source + "\n" + chosen.source(mode)
    np.testing.assert_allclose(out[0], expected.real, rtol=1e-11, err_msg=note)
    for a, b in zip(values, step, strict=True):
        np.testing.assert_allclose(a, b.real, rtol=1e-11, err_msg=note)
    if mode == "gradient":
        found = sum(np.sum(x * d[compiled.ir.params.index(p)]) for p, x in shadows.items())
        np.testing.assert_allclose(found, expected.imag / 1e-30, rtol=1e-8, atol=1e-10, err_msg=note)
    return True


@pytest.mark.parametrize("start", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(30, 330, 30))])
def test_random_array_statements(start):
    """Thirty programs at a time; most of them compile."""
    with np.errstate(all="ignore"):
        assert sum(compare(seed, "gradient") for seed in range(start, start + 30)) >= 15


@pytest.mark.parametrize("start", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(400, 600, 20))])
def test_tangents_and_hessian_products(start, monkeypatch):
    """`jvp`, and `hvp` of the program on copies, through the public operators, against complex steps and their differences."""
    monkeypatch.setattr(variant, "compile_source", lambda source, name: lambda *args: run(source, name, *args))
    for seed in range(start, start + (8 if start == 0 else 20)):
        program, source = make(seed)
        on_copies, _ = make(seed, "    a, b, m = a.copy(), b.copy(), m.copy()\n")
        rng = np.random.default_rng(seed)
        args, d, e = (tuple(draw(rng, shape) for shape in ((N,), (N,), (N, N))) for draw in (
            lambda r, s: r.uniform(0.2, 0.9, s), lambda r, s: r.standard_normal(s), lambda r, s: r.standard_normal(s)))

        def slope(h, program=program, args=args, d=d, e=e):
            """The derivative along `d`, so far along `e`."""
            with np.errstate(all="ignore"):
                return program(*(a + h * t + 1e-30j * s for a, s, t in zip(args, d, e, strict=True))).imag / 1e-30

        value, tangent = ut.jvp(program, tuple(a.copy() for a in args), d, tier="compile")
        np.testing.assert_allclose(tangent, slope(0.0), rtol=1e-9, err_msg=source)
        product = ut.hvp(on_copies, args, e, tier="compile")
        estimates = [(slope(h) - slope(-h)) / (2 * h) for h in (1e-4, 5e-5)]
        expected = (4 * estimates[1] - estimates[0]) / 3
        found = sum(np.sum(x * s) for x, s in zip(product, d, strict=True))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6, err_msg=source)
