"""What is kept between calls: functions come and go, change, and are called from several threads and processes."""

from __future__ import annotations

import gc
import importlib
import linecache
import os
import subprocess
import sys
import textwrap
import threading
import weakref

import numpy as np
import pytest

import undertow as ut
from undertow import _compile
from undertow._compile import compile_pullback, compile_pushforward


@pytest.fixture(autouse=True)
def no_defects():
    yield
    assert not _compile.defects


def made(a):
    def program(x):
        s = 0.0
        for i in range(x.shape[0]):
            s += a[i] * x[i] * x[i]
        return s
    return program


def test_pullbacks_of_one_text_keep_to_their_functions():
    x, bars = np.arange(1.0, 4.0), []
    pullbacks = [compile_pullback(made(a), (x,), (True,)) for a in (np.ones(3), np.full(3, 5.0))]
    gc.collect()
    for p in (*pullbacks, pullbacks[0]):
        value, (bar,) = p.value_and_pullback((x,), 1.0)
        bars.append(bar)
    np.testing.assert_array_equal(bars, [2 * x, 10 * x, 2 * x])
    value, dot = compile_pushforward(made(np.full(3, 2.0)), (x,), (True,)).value_and_pushforward((x,), (np.ones(3),))
    assert (value, dot) == (28.0, 24.0)


def test_functions_are_not_kept_alive():
    alive = []
    x = np.ones(3)
    for k in range(40):
        f = made(np.full(3, float(k)))
        alive.append(weakref.ref(f))
        for tier in ("record", "compile"):
            np.testing.assert_array_equal(ut.grad(f, tier=tier)(x), 2.0 * k * x)
    del f
    gc.collect()
    assert sum(r() is not None for r in alive) <= 8  # the last ones may be remembered, not all


def test_functions_of_one_name_and_different_text():
    """As the cells of a notebook define them, one after the other."""
    x = np.arange(1.0, 5.0)
    for k, body in enumerate(("x[i] * x[i]", "3.0 * x[i]", "x[i] * x[i]", "x[i] * x[0]")):
        name = f"<cell {k}>"
        text = f"def cell(x):\n    s = 0.0\n    for i in range(x.shape[0]):\n        s += {body}\n    return s\n"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        scope = {}
        exec(compile(text, name, "exec"), scope)
        first = np.zeros(4)
        first[0] = x.sum()
        expected = (2 * x, np.full(4, 3.0), 2 * x, np.full(4, x[0]) + first)[k]
        for tier in ("compile", "record", "auto"):
            np.testing.assert_allclose(ut.grad(scope["cell"], tier=tier)(x), expected)


def test_module_that_is_edited_and_reloaded(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "edited_program.py"
    text = "def inner(v):\n    return {inner}\n\n\ndef program(x):\n    s = 0.0\n    for i in range(x.shape[0]):\n        s += inner(x[i])\n    return s\n"
    x, module = np.arange(1.0, 4.0), None
    for k, (inner, slope) in enumerate((("v * v", 2 * x), ("3.0 * v", np.full(3, 3.0)), ("v * v * v", 3 * x * x))):
        path.write_text(text.format(inner=inner))
        os.utime(path, (k, k))
        linecache.checkcache(str(path))
        module = importlib.import_module("edited_program") if module is None else importlib.reload(module)
        for tier in ("compile", "record", "auto"):
            np.testing.assert_allclose(ut.grad(module.program, tier=tier)(x), slope)
    del sys.modules["edited_program"]


class Model:
    power = 2.0


SCALE = 1.0


def scaled(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += SCALE * x[i] ** Model.power
    return s


@pytest.mark.parametrize("tier", ["compile", "auto", "record"])
def test_changed_globals_and_class_attributes_are_seen(monkeypatch, tier):
    x, gradient = np.arange(1.0, 4.0), ut.grad(scaled, tier=tier)
    for scale, power in ((1.0, 2.0), (3.0, 2.0), (3.0, 3.0), (1.0, 2.0)):
        monkeypatch.setitem(globals(), "SCALE", scale)
        monkeypatch.setattr(Model, "power", power)
        np.testing.assert_allclose(gradient(x), scale * power * x ** (power - 1.0))


@pytest.mark.parametrize("tier", ["compile", "auto"])
def test_changed_types_and_shapes_are_seen(tier):
    gradient = ut.grad(lambda x: np.sum(x * x * x), tier=tier)
    for x in (np.arange(3.0), np.arange(4.0, dtype=np.float32), np.ones((2, 3)), np.arange(6.0)[::2], np.ones((0,)), np.arange(3.0)):
        found = gradient(x)
        np.testing.assert_allclose(found, 3 * x * x, rtol=1e-6)
        assert found.dtype == x.dtype and found.shape == x.shape


def test_threads_that_call_a_function_for_the_first_time_at_once():
    def program(x, c):
        s = 0.0
        for i in range(x.shape[0]):
            s += c * x[i] * x[i] / (1.0 + x[i])
        return s

    gradient = ut.grad(program, tier="compile")
    start, found, errors = threading.Barrier(6), {}, []

    def work(k):
        x = np.linspace(0.1, 1.0, 20 + k)
        start.wait()
        try:
            found[k] = gradient(x, float(k)), k * (2 * x / (1 + x) - x * x / (1 + x) ** 2)
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert not errors and len(found) == 6
    for ours, expected in found.values():
        np.testing.assert_allclose(ours, expected, rtol=1e-12)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork_after_native_code_was_made():
    script = textwrap.dedent("""
        import os, sys, numpy as np, undertow as ut

        def program(x):
            s = 0.0
            for i in range(x.shape[0]):
                s += x[i] * x[i]
            return s

        def other(x):
            s = 1.0
            for i in range(x.shape[0]):
                s *= x[i]
            return s

        x = np.arange(1.0, 4.0)
        gradient = ut.grad(program, tier="compile")
        gradient(x)
        child = os.fork()
        ok = np.array_equal(gradient(x), 2 * x) and np.allclose(ut.grad(other, tier="compile")(x), 6 / x)
        if child == 0:
            os._exit(0 if ok else 1)
        _, status = os.waitpid(child, 0)
        sys.exit(0 if ok and status == 0 else 1)
    """)
    folder = os.path.join(os.environ["UNDERTOW_CACHE_DIR"], "forked")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"program_{os.getpid()}.py")
    with open(path, "w") as file:
        file.write(script)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=120, env={
        **os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    os.unlink(path)
    assert done.returncode == 0, done.stderr
