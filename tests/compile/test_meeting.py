"""Native code inside recordings and for whole calls: what it must not get wrong where the tiers meet."""

from __future__ import annotations

import functools
import gc
import math
import os
import threading
import weakref

import numpy as np
import pytest

pytest.importorskip("numba")

import undertow as ut
from undertow import _compile, _tiers
from undertow._operators import first
from undertow._record import loops, native

SCALE = 2.0


@pytest.fixture
def eager(monkeypatch):
    """Every call and loop that can be native is; gives the list of native entries."""
    entries: list = []
    call = native.call

    def watched(interpreter, f, *rest):
        found = call(interpreter, f, *rest)
        entries.append(f.__name__)
        return found

    monkeypatch.setattr(_tiers.Ledger, "worth_a_look", lambda self, *rest: True)
    monkeypatch.setattr(_tiers.Ledger, "pays", lambda self, *rest: True)
    monkeypatch.setattr(_tiers, "PATIENCE", -1.0)
    monkeypatch.setattr(native, "call", watched)
    yield entries
    assert not _compile.defects


@pytest.fixture
def joined(eager, monkeypatch):
    """A function called `program` is recorded, whatever can be in it is native."""
    monkeypatch.setattr(first.native, "gradient", lambda *args: None)
    monkeypatch.setattr(_tiers.Provider, "candidate", staticmethod(lambda f: f.__name__ != "program"))
    return eager


def both(f, *args, argnums=0):
    """Value and gradient in both tiers, which agree, arguments included."""
    results = []
    for tier in ("record", "auto"):
        own = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        results.append((ut.value_and_grad(f, argnums, tier=tier)(*own), own))
    same(*results)
    return results[1][0]


def same(a, b):
    """Equal to rounding, and of one type."""
    assert type(a) is type(b)
    if isinstance(a, (tuple, list)):
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def decay(u, v, rate):
    total = 0.0
    for i in range(1, len(u)):
        v[i] = u[i] * rate + v[i - 1]
        u[i] = u[i] * 0.9
        total += v[i] * u[i - 1]
    return total


def test_overwritten_arguments_are_undone_by_the_sweep(joined):
    """A native call overwrites what other entries have read and will read."""
    def program(u, rate):
        log = {}
        v = np.zeros_like(u)
        before = u * u
        log["a"] = decay(u, v, rate)
        log["b"] = decay(v[::-1], u, rate)
        return log["a"] * log["b"] + np.sum(before * u) + v[2] ** 2

    both(program, np.linspace(0.2, 1.0, 5), 0.7, argnums=(0, 1))
    assert joined.count("decay") >= 2


def test_arguments_that_share_memory(joined):
    """Views of one buffer, read and written: native where nothing is written, recorded else."""
    def dot(a, b):
        s = 0.0
        for i in range(len(a)):
            s += a[i] * math.sin(b[i])
        return s

    def program(u):
        log = [dot(u[1:], u[:-1]), dot(u, u)]
        log.append(decay(u[1:], u[:-1], 0.5))
        return sum(log) + {"u": u}["u"][2]

    both(program, np.linspace(0.2, 1.0, 6))
    assert joined.count("dot") == 2


@pytest.mark.slow
def test_lifted_loop_hands_back_its_variables(joined):
    """Variables that a loop changes and that are read later, its ``else``, and a ``break``."""
    def program(x):
        log = {}
        best, where = -1.0, 0
        for i in range(len(x)):
            t = x[i] * x[i]
            if t > best:
                best, where = t, i
            if best > 100.0:
                break
        else:
            best = best + 1.0
        log["i"] = i
        while best < 3.0:
            best = best * 1.5 + x[0]
        log["best"] = best
        return log["best"] * x[where] + log["i"]

    both(program, np.array([0.3, 0.9, 0.4]))
    assert len([n for n in joined if "line" in n]) == 2


def test_running_while_loop_becomes_native(joined, monkeypatch):
    """The rest of a loop whose length nobody knew."""
    monkeypatch.setattr(loops, "ROUNDS", 3)
    monkeypatch.setattr(loops, "entered", lambda interpreter, number: loops.never)

    def program(x):
        log = {}
        i, s = 0, x[0] * 1.0
        while i < 50:
            i += 1
            if i % 7 == 3:
                continue
            s = math.sin(s) + x[1]
        log["s"] = s
        return log["s"] * i

    both(program, np.array([0.3, 0.4]))


def test_exceptions_are_the_programs_own(eager):
    """Type, message and the state of the arguments, at the point of failure."""
    def program(x, k):
        for i in range(len(x)):
            x[i] = 1.0 / float(x[i])
            if i == k:
                raise ValueError(f"stopped at {i}")
        return x[k]

    for k, values, error in ((1, [1.0, 2.0, 4.0], ValueError), (5, [1.0, 0.0, 4.0], ZeroDivisionError),
                             (5, [1.0, 2.0, 4.0], IndexError)):
        left = []
        for run in (program, ut.grad(program), ut.grad(lambda x, k: {"v": program(x, k)}["v"])):
            x = np.array(values)
            with pytest.raises(error) as caught:
                run(x, k)
            left.append((str(caught.value), x.tolist()))
        assert left[0] == left[1] == left[2]


def test_changed_surroundings_are_seen(eager, monkeypatch):
    """Globals, closure variables, defaults and attributes are those of the call."""
    def make(factor):
        def f(x, power=2.0):
            s = 0.0
            for i in range(len(x)):
                s += SCALE * factor * x[i] ** power
            return s
        return f

    x = np.array([1.0, 2.0])
    f = make(3.0)
    assert ut.grad(f)(x).tolist() == [12.0, 24.0]
    monkeypatch.setitem(globals(), "SCALE", 1.0)
    assert ut.grad(f)(x).tolist() == [6.0, 12.0]
    for factor in (5.0, 7.0, 11.0, 13.0, 17.0, 19.0):
        assert ut.grad(make(factor))(x).tolist() == [2 * factor, 4 * factor]
    f.__defaults__ = (3.0,)
    assert ut.grad(f)(x).tolist() == [9.0, 36.0]


def test_active_values_in_closures_are_not_constants(joined):
    """An inner function closes over active numbers and arrays."""
    def program(a, x):
        def inner(y):
            s = 0.0
            for i in range(len(y)):
                s += a * y[i] * x[i]
            return s

        return {"v": inner(np.ones(3))}["v"] + functools.partial(inner, x)()

    both(program, 2.0, np.array([1.0, 2.0, 3.0]), argnums=(0, 1))


def test_rule_of_a_called_function_is_used(eager):
    """A function with a rule of the user's own is not looked into."""
    def clipped(t):
        return min(max(t, 0.0), 1.0)

    ut.rules.pullback(clipped)(lambda y, g, t: 5.0 * g)
    try:
        def program(x):
            s = 0.0
            for i in range(len(x)):
                s += clipped(x[i])
            return s

        assert ut.grad(program)(np.array([0.5, 3.0])).tolist() == [5.0, 5.0]
    finally:
        ut.rules.forget(clipped)


def test_types_of_arguments_may_change(eager):
    """Each signature has its program; layouts and write protection do not matter."""
    def f(x, k):
        s = 0.0
        for i in range(len(x)):
            s += x[i] * k
        return s * s

    base = np.arange(1.0, 9.0)
    frozen = base[:4].copy()
    frozen.flags.writeable = False
    for x in (base, base[::2], base[::-1], base.astype(np.float32), frozen, np.ones(0), base[:1]):
        for k in (2, 2.5, np.float64(3.0), True):
            both(f, x, k)


def test_pullback_outlives_changes(eager):
    """A pullback belongs to the values at its call."""
    def f(x):
        for i in range(len(x)):
            x[i] = x[i] * x[i]
        return x

    x = np.array([1.0, 2.0])
    _, pull = ut.vjp(f, x)
    x[:] = 100.0
    assert pull(np.ones(2)).tolist() == [2.0, 4.0]
    assert pull(np.array([0.0, 1.0])).tolist() == [0.0, 4.0]
    assert x.tolist() == [100.0, 100.0]


def test_threads_compile_and_run_side_by_side(eager):
    """Several threads ask for one function at once."""
    def f(x):
        s = 0.0
        for i in range(len(x)):
            s += math.cos(x[i]) * x[i]
        return s

    x = np.linspace(0.0, 1.0, 50)
    expected = np.cos(x) - x * np.sin(x)
    wrong: list = []

    def work():
        for _ in range(20):
            if not np.allclose(ut.grad(f)(x), expected, rtol=1e-13):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_floating_point_errors_that_raise(eager):
    """Native code would not raise: the call is recorded."""
    def f(x):
        s = 0.0
        for i in range(len(x)):
            s += x[i] / x[0]
        return s

    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        ut.grad(f)(np.array([0.0, 1.0]))


def test_what_a_program_closes_over_is_not_kept(eager):
    """The cache holds programs, not the data of the closures they were made from."""
    def make():
        data = np.arange(1.0, 5.0)

        def f(x):
            s = 0.0
            for i in range(len(data)):
                s += data[i] * x
            return s

        return f, weakref.ref(data)

    f, data = make()
    assert ut.grad(f)(2.0) == 10.0
    del f
    gc.collect()
    assert data() is None


def test_pullback_of_native_code_inside_another_derivative(eager):
    """It is recorded anew, so that the outer derivative sees through it."""
    def f(x):
        s = np.zeros(len(x))
        for i in range(len(x)):
            s[i] = x[i] ** 3
        return s

    _, pull = ut.vjp(f, np.array([1.0, 2.0]), tier="compile")
    assert ut.jacobian(pull)(np.ones(2)).tolist() == [[3.0, 0.0], [0.0, 12.0]]
    assert ut.jvp(pull, (np.ones(2),), (np.array([1.0, 0.0]),))[1].tolist() == [3.0, 0.0]


def spread(t, n=5):
    s = 0.0
    v = np.zeros(3)
    for i in range(n):
        s += np.sin(t * i)
        v[i % 3] += s * t
    return s, v


@pytest.mark.parametrize("kwargs", [{}, {"n": 7}], ids=["default", "keyword"])
def test_derivative_has_a_tier(kwargs):
    """Native derivatives along one number are those of the recorder."""
    recorded = ut.derivative(spread, tier="record")(0.7, **kwargs)
    native = ut.derivative(spread, tier="compile")(0.7, **kwargs)
    np.testing.assert_allclose(native[0], recorded[0], rtol=1e-13)
    np.testing.assert_allclose(native[1], recorded[1], rtol=1e-13)
    with pytest.raises(ut.UndertowError):
        ut.derivative(lambda t: open(t), tier="compile")(0.7)


def weighed(x, w):
    y = np.empty_like(x)
    for i in range(len(x)):
        y[i] = x[i] * w[i] ** 2
    return y


def test_linear_maps_have_a_tier():
    """Native linear maps in both directions, later, and inside other derivatives."""
    x, w, v = np.arange(3.0) + 1, np.full(3, 2.0), np.array([1.0, -1.0, 0.5])
    y, linear = ut.linearize(weighed, x, w, tier="compile")
    x[:] = 0.0  # the map is that of the point where it was made
    np.testing.assert_allclose(y, [4.0, 8.0, 12.0])
    np.testing.assert_allclose(linear(v, np.zeros(3)), 4 * v)
    np.testing.assert_allclose(linear.pushforward(np.zeros(3), v), 4 * v * [1.0, 2.0, 3.0])
    for found, expected in zip(linear.pullback(v), (4 * v, 4 * v * [1.0, 2.0, 3.0]), strict=True):
        np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(ut.grad(lambda s: np.sum(linear.pullback(s * v)[0]))(1.0), 4 * v.sum())
    np.testing.assert_allclose(ut.jvp(lambda s: linear.pushforward(s * v, v), (1.0,), (1.0,))[1], 4 * v)
    outer = ut.grad(lambda a: np.sum(ut.linearize(weighed, a, w, tier="auto")[1].pullback(v)[1]))(np.ones(3))
    np.testing.assert_allclose(outer, 4 * v)


def mixed(x, w, c, n):
    s = 0.0
    for i in range(n):
        s += SCALE * x[i] * w[i] * c
    return s


def test_repeated_calls_notice_what_changed(monkeypatch):
    """The short way of later calls: other extents, strides, dtypes, aliases, integers, constants of the surroundings."""
    f = ut.value_and_grad(mixed, (0, 1, 2), tier="compile")
    x, w = np.arange(1.0, 7.0), np.linspace(0.5, 1.0, 6)

    def check(x, w, c, n, scale=2.0):
        for _ in range(4):
            value, (x_bar, w_bar, c_bar) = f(x, w, c, n)
            keep = np.arange(len(x)) < n
            np.testing.assert_allclose(value, scale * c * np.sum((x * w)[:n]), rtol=1e-6)
            np.testing.assert_allclose(x_bar, scale * c * w * keep, rtol=1e-6)
            np.testing.assert_allclose(w_bar, scale * c * x * keep, rtol=1e-6)
            np.testing.assert_allclose(c_bar, scale * np.sum((x * w)[:n]), rtol=1e-6)
            assert x_bar.dtype == x.dtype and x_bar.shape == x.shape and type(c_bar) is type(c)

    check(x, w, 3.0, 6)
    check(x, w, 3.0, 4)
    check(x[:5], w[:5], np.float64(1.5), 5)
    check(np.arange(12.0)[::2], w, 3.0, 6)
    check(x.astype(np.float32), w, 3.0, 6)
    check(x, w, 3.0, 6)
    for _ in range(3):
        value, (x_bar, w_bar, _) = ut.value_and_grad(mixed, (0, 1, 2))(x, x, 3.0, 6)
        np.testing.assert_allclose((value, *x_bar, *w_bar), (6.0 * x @ x, *(6.0 * x), *(6.0 * x)))
    check(x, w, 3.0, 6)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    check(x, w, 3.0, 6, 5.0)

    def closed(k):
        def g(x):
            return k * x[0] * x[1]

        return g

    for k in (2.0, 3.0):
        g = ut.grad(closed(k), tier="compile")
        for _ in range(3):
            np.testing.assert_allclose(g(np.array([1.0, 4.0])), [4 * k, k])


def test_large_matrices_are_solved_by_lapack():
    """Native code solves small systems by loops, large ones by a routine of LAPACK; only one of the two is compiled."""
    def f(a, b):
        for _ in range(3):
            b = np.linalg.solve(a, b)
        return b.sum()

    def arguments(n):
        return np.eye(n) * 2 + np.ones((n, n)) / n, np.ones(n)

    specs, values = _compile.signature_of(arguments(5))
    compiled = _compile.compiled_for(f, specs, (True, False), values)
    for n, routine in ((5, False), (60, True)):
        variant = compiled.variant(compiled.values_of(_compile.signature_of(arguments(n))[1], f))
        assert ("library_solved" in variant.source("gradient")) == routine


@pytest.mark.parametrize("tier", ["record", "compile", "auto"])
def test_zero_times_infinity_is_zero_in_every_tier(tier):
    x = np.array([0.0, 1.0])

    def entropy(x):
        return np.sum(np.where(x > 0, x * np.log(x), 0.0))

    with np.errstate(all="ignore"):
        for _ in range(3):
            np.testing.assert_array_equal(ut.grad(entropy, tier=tier)(x), [0.0, 1.0])
            np.testing.assert_array_equal(ut.vjp(entropy, x, tier=tier)[1](1.0), [0.0, 1.0])
            assert ut.jvp(entropy, (x,), (np.ones(2),), tier=tier)[1] == 1.0
            np.testing.assert_array_equal(ut.hvp(entropy, (x,), (np.array([0.0, 1.0]),), tier=tier), [0.0, 1.0])
            np.testing.assert_array_equal(ut.jacobian(entropy, tier=tier)(x), [0.0, 1.0])


def test_questions_about_the_recording_are_not_compiled(joined):
    """What a rule's program asks of the recording (`active`, `attach`) has no answer in native code."""
    from undertow.rules._callables import active

    def chosen(x):
        total = 0.0
        for k in range(3):
            total += x[k] * x[k] if active(x) else x[k]
        return total

    def program(x):
        return chosen(x) + (chosen(x * 2.0) if active(x) else 0.0)

    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(ut.grad(program)(x), 10 * x)
    assert "chosen" not in joined


class Account:
    """What calls leave behind: numbers, arrays, a list, a dict."""

    def __init__(self):
        self.total, self.n = 0.0, 0
        self.history, self.table, self.vector = [1.0, 2.0], {"a": 1.0}, np.zeros(3)

    def add(self, xs):
        for v in xs:
            self.total = self.total + v * v
            self.n += 1
        self.history[0] = self.total
        self.history.append(xs[0] * 2)
        self.table["a"] = self.table["a"] * xs[1]
        self.vector = self.vector + xs[:3]
        return self


def accounts(x, interrupt=lambda: None):
    account = Account()
    for k in range(3):
        interrupt()
        same = account.add(x * (k + 1))
        assert same is account
    weighed = account.history[0] * account.history[-1] + account.table["a"] + account.vector @ account.vector
    return account.total / account.n + weighed + len(account.history)


@pytest.mark.parametrize("interrupt", [lambda: None, lambda: open(os.devnull).close()], ids=["loop", "calls"])
def test_native_code_rebinds_attributes_of_recorded_objects(interrupt, eager):
    def f(x):
        open(os.devnull).close()
        return accounts(x, interrupt)

    x = np.linspace(0.5, 1.5, 4)
    value, found = ut.value_and_grad(f)(x)
    assert "add" in eager or any(name.startswith("accounts") for name in eager)
    assert value == pytest.approx(accounts(x))
    step = 1e-6
    slopes = [(accounts(x + step * e) - accounts(x - step * e)) / (2 * step) for e in np.eye(4)]
    np.testing.assert_allclose(found, slopes, rtol=1e-6)
