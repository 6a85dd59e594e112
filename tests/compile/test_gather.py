"""Adjoint stencils: additions to neighbours become gathers with peeled ends, and stay what they were.

Random stencils in one to three dimensions, with steps, downwards, on strided views and on extents too small for a core,
run by Python with every access checked, against the complex step.
"""

from __future__ import annotations

import linecache
import random

import numpy as np
import pytest
from harness.interpreted import run

from undertow import _compile
from undertow._compile import compile_pullback
from undertow._compile.ir.function import walk
from undertow._compile.ir.verify import verify


def stencil(seed):
    """Source of a random stencil program of ``u`` and ``w``, and its number of axes."""
    r = random.Random(seed)
    d = r.choice([1, 1, 2, 2, 3])
    names = "ijk"[:d]
    reach = r.choice([1, 1, 2])
    offsets = [tuple(r.randint(-reach, reach) for _ in names) for _ in range(r.randint(2, 5))]
    lines = ["def program(u, w):"]
    lines += [f"    n{k} = u.shape[{k}]" for k in range(d)]
    depth = 1
    if r.random() < 0.5:
        lines.append("    for t in range(2):")
        depth = 2
    start = depth
    for k, i in enumerate(names):
        bounds = r.choice([f"{reach}, n{k} - {reach}"] * 3 + [f"{reach}, n{k} - {reach}, 2", f"{reach}, n{k} - {reach}, 3",
                          f"n{k} - {reach + 1}, {reach - 1}, -1", f"n{k} - {reach + 1}, {reach - 1}, -2"])
        lines.append("    " * depth + f"for {i} in range({bounds}):")
        depth += 1

    def at(array, offset):
        return f"{array}[" + ", ".join(f"{i} + {c}" if c > 0 else f"{i} - {-c}" if c else i
                                       for i, c in zip(names, offset, strict=True)) + "]"

    terms = [r.choice(["0.3 * {}", "{} * {}", "0.2 * {}", "-{}"]) for _ in offsets]
    text = " + ".join(t.format(at("u", o), at("u", o)) for t, o in zip(terms, offsets, strict=True))
    target = at("w", (0,) * d)
    lines.append("    " * depth + f"{target} {r.choice(['=', '+='])} {text}")
    if start == 2:
        depth = start
        for k, i in enumerate(names):
            bounds = r.choice([f"1, n{k} - 1", f"n{k}"])
            lines.append("    " * depth + f"for {i} in range({bounds}):")
            depth += 1
        update = r.choice(["{u} = {w}", "{u} += 0.1 * {w}"])
        lines.append("    " * depth + update.format(u=at("u", (0,) * d), w=target))
    lines += ["    s = 0.0", *("    " * (k + 1) + f"for {i} in range(n{k}):" for k, i in enumerate(names)),
              "    " * (d + 1) + f"s += {target} * {target} + 0.5 * {at('u', (0,) * d)}", "    return s"]
    return "\n".join(lines) + "\n", d


def periodic(seed):
    """Source of a random stencil whose neighbours go around the end, and its number of axes."""
    r = random.Random(seed)
    d = r.choice([1, 1, 2, 2, 3])
    names = "ijk"[:d]
    lines = ["def program(u, w):", *(f"    n{k} = u.shape[{k}]" for k in range(d)), "    for t in range(2):"]
    depth = 2
    for k, i in enumerate(names):
        n = f"n{k}"
        lines.append("    " * depth + f"for {i} in range({r.choice([n, n, f'{n} - 1, -1, -1'])}):")
        depth += 1
        before = [f"{i} - 1 if {i} > 0 else {n} - 1", f"{n} - 1 if {i} == 0 else {i} - 1", f"({i} - 1) % {n}", f"{i} - 1",
                  f"{i} - 1 if {i} >= 1 else {n} - 1"]
        after = [f"{i} + 1 if {i} < {n} - 1 else 0", f"0 if {i} == {n} - 1 else {i} + 1", f"({i} + 1) % {n}",
                 f"{i} + 1 if {i} + 1 < {n} else 0"]
        lines.append("    " * depth + f"{i}m = {r.choice(before)}")
        lines.append("    " * depth + f"{i}p = {r.choice(after)}")
    offsets = [tuple(r.choice(["", "", "m", "p"]) for _ in names) for _ in range(r.randint(2, 5))]

    def at(array, offset):
        return f"{array}[" + ", ".join(i + c for i, c in zip(names, offset, strict=True)) + "]"

    terms = [r.choice(["0.3 * {}", "{} * {}", "0.2 * {}", "-{}"]) for _ in offsets]
    text = " + ".join(t.format(at("u", o), at("u", o)) for t, o in zip(terms, offsets, strict=True))
    own = at("w", ("",) * d)
    lines.append("    " * depth + f"{own} {r.choice(['=', '+='])} {text}")
    nest = ["    " * (k + 2) + f"for {i} in range(n{k}):" for k, i in enumerate(names)]
    lines += [*nest, "    " * depth + f"{at('u', ('',) * d)} += 0.1 * {own}"]
    lines += ["    s = 0.0", *(line[4:] for line in nest),
              "    " * (d + 1) + f"s += {own} * {own} + 0.5 * {at('u', ('',) * d)}", "    return s"]
    return "\n".join(lines) + "\n", d


def program_of(source, name):
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    scope = {"np": np}
    exec(compile(source, name, "exec"), scope)
    return scope["program"]


def gathers(function, kind):
    return [op for op in walk(function.body) if op.name == "for" and op.attrs.get(kind)]


def compare(seed, make=stencil, least=4, kind="gather"):
    """Whether a random stencil has a gather; its pullback is compared with the complex step."""
    source, d = make(seed)
    program = program_of(source, f"<{make.__name__} {seed}>")
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(least, 9 if d < 3 else 7, d))
    args = (rng.uniform(0.2, 0.9, shape), rng.uniform(0.2, 0.9, shape))
    compiled = compile_pullback(program, args, (True, True))
    variant = compiled.variant(compiled.values(args))
    function = variant.function("pullback")
    verify(function)
    shadows = {p: np.zeros(shape) for p in variant.transformed.shadows}
    values = [a.copy() for a in args]
    run(variant.source("pullback"), function.name, *values, *shadows.values(), *(1.0 for _ in variant.transformed.seeds))
    dots = [rng.standard_normal(shape) for _ in args]
    step = [a + 1e-30j * t for a, t in zip(args, dots, strict=True)]
    expected = program(*step).imag / 1e-30
    found = sum(np.sum(shadows[p] * dots[compiled.ir.params.index(p)]) for p in shadows)
    note = f"{source}\n{shape}\n{variant.source('pullback')}"
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11, err_msg=note)
    return bool(gathers(function, kind))


@pytest.mark.parametrize("start", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(40, 400, 40))])
def test_random_stencils(start):
    """Forty stencils at a time; many of them gather."""
    assert sum(compare(seed) for seed in range(start, start + 40)) >= 8


@pytest.mark.parametrize("start", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(30, 300, 30))])
def test_neighbours_around_the_end(start):
    """As above; extents begin at one, where a neighbour is the element itself."""
    with np.errstate(all="ignore"):
        assert sum(compare(seed, periodic, 1, "around") for seed in range(start, start + 30)) >= 8


@pytest.mark.parametrize("start", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(20, 120, 20))])
def test_random_stencils_on_threads(start):
    """The pieces of loops run in the opposite order, and what each touches is noted: two that meet fail the test."""
    token = _compile.options.set(_compile.Options(threads=True))
    try:
        with np.errstate(all="ignore"):
            for seed in range(start, start + 20):
                compare(seed)
                compare(seed, periodic, 1)
    finally:
        _compile.options.reset(token)
