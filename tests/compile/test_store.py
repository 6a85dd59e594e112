"""Native code on disk: used by later processes, never trusted where it is not what was written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("numba")

from undertow._compile.runtime import store

RUN = """
import sys
sys.path.insert(0, {here!r})
import numpy as np, undertow as ut
sys.dont_write_bytecode, kept = True, sys.dont_write_bytecode  # of a file that changes within a second
import program
sys.dont_write_bytecode = kept
from undertow._compile.runtime.store import Store
loaded = []
load = Store.load_overload
def watched(self, *args):
    found = load(self, *args)
    loaded.append(found is not None)
    return found
Store.load_overload = watched
print(float(ut.grad(program.loss, tier="compile")(np.array([1.0, 2.0, 3.0]))[1]), *loaded)
"""
PROGRAM = """
FACTOR = 3.0

def scaled(x):
    return FACTOR * x

def loss(x):
    s = 0.0
    for i in range(len(x)):
        s += scaled(x[i]) * x[i]
    return s
"""


@pytest.fixture
def place(tmp_path):
    """A folder with the program, and an empty cache beside it."""
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder in which one process has been."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "program.py").write_text(textwrap.dedent(PROGRAM))
    assert finish(start(folder)) == ["12.0", "False"]
    return folder


@pytest.fixture
def filled(made, tmp_path):
    """A copy of it, which is another place for the source, too."""
    return Path(shutil.copytree(made, tmp_path / "filled"))


def start(place: Path) -> subprocess.Popen:
    env = {**os.environ, "UNDERTOW_CACHE_DIR": str(place / "cache")}
    return subprocess.Popen([sys.executable, "-c", RUN.format(here=str(place))], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen) -> list[str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.split()


def native(place: Path) -> list[Path]:
    return sorted((place / "cache").glob("*.native"))


def test_second_process_loads_what_the_first_made(filled):
    """The folder is private, and nothing is compiled twice."""
    assert (filled / "cache").stat().st_mode & 0o777 == 0o700
    assert finish(start(filled)) == ["12.0", "True"]
    assert len(native(filled)) == 1


@pytest.mark.parametrize("damage", ["flipped", *(pytest.param(d, marks=pytest.mark.slow) for d in ("truncated", "empty", "open to others"))])
def test_damaged_file_is_made_again(filled, damage):
    """A file that is not what was written, or that others may write, is not run."""
    [path] = native(filled)
    whole = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(whole[:len(whole) // 2])
    elif damage == "flipped":
        path.write_bytes(whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        path.chmod(0o666)
    assert finish(start(filled)) == ["12.0", "False"]
    assert finish(start(filled)) == ["12.0", "True"]


@pytest.mark.parametrize("change", [("FACTOR = 3.0", "FACTOR = 5.0"), ("FACTOR * x", "(FACTOR + 2.0) * x")])
def test_changed_source_is_noticed(filled, change):
    """A constant or a called function that changed gives another program."""
    (filled / "program.py").write_text(PROGRAM.replace(*change))
    assert finish(start(filled)) == ["20.0", "False"]


def test_processes_side_by_side(place):
    """Several processes that fill the folder at once all get it right, and leave whole files."""
    running = [start(place) for _ in range(2)]
    assert [finish(p)[0] for p in running] == ["12.0"] * 2
    assert finish(start(place)) == ["12.0", "True"]
    assert not [p for p in (place / "cache").iterdir() if p.suffix not in (".native", ".py")]


def test_folder_that_cannot_be_used(monkeypatch, tmp_path):
    """No folder, or one that is a file, means no cache."""
    monkeypatch.setenv("UNDERTOW_CACHE_DIR", "")
    assert store.folder() is None
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNDERTOW_CACHE_DIR", str(tmp_path / "file"))
    assert store.folder() is None


def test_prune_removes_the_oldest(tmp_path):
    """Files beyond the limit go, those used last stay."""
    for k in range(5):
        (tmp_path / f"{k}.native").write_bytes(bytes(100))
        os.utime(tmp_path / f"{k}.native", (k, k))
    store.prune(tmp_path, 250)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["3.native", "4.native"]


EVERYTHING = """
import math
import numba

def loss(x):
    s = 0.0
    for i in range(len(x)):
        t = 0.1 * x[i]
        s += np.sin(t) + np.cos(t) + np.tan(t) + np.exp(t) + np.log(t) + np.tanh(t) + np.sinh(t) + np.cosh(t)
        s += np.arcsin(t) + np.arccos(t) + np.arctan(t) + np.arcsinh(t) + np.arccosh(1.0 + t) + np.arctanh(t)
        s += np.arctan2(t, 2.0) + np.hypot(t, 2.0) + np.log1p(t) + np.expm1(t) + np.log2(t) + np.log10(t) + np.exp2(t)
        s += math.erf(t) + math.erfc(t) + t ** 1.7 + math.sqrt(t) + t % 0.3 + t // 0.05
        s += np.floor(t) + np.ceil(t) + np.trunc(t) + np.rint(t) + abs(t) + np.sign(t) + max(t, 0.2) + min(t, 0.2)
        s += i % 3 + i // 2 + np.float64(np.float32(t))
    k = 0
    while k < 3 and x[k] > 0.0:
        y = np.zeros(k + 2)
        y[k] = x[k] * x[k]
        s += np.sum(y)
        k += 1
    a = np.outer(x, x) + np.eye(len(x))
    s += np.sum((a @ a) * a) + np.max(x) + np.mean(x) + np.sum(np.sort(x)) + np.linalg.solve(a, x)[0]
    for i in numba.prange(len(x)):
        s += x[i]
    return s
"""


@pytest.mark.slow
def test_all_that_native_code_calls_is_there_in_a_process_that_compiles_nothing(place):
    """Native code from disk runs without what Numba needs to compile."""
    (place / "program.py").write_text("import numpy as np\n" + EVERYTHING)
    first, second = finish(start(place)), finish(start(place))
    assert first[0] == second[0]
    assert first[1:] and second[1:] == ["True"] * len(second[1:])
