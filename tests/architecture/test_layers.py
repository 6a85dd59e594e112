"""The layers of the package, as the import contract and as what an import really loads."""

import os
import subprocess
import sys

import pytest

# Seconds by which `import undertow` may exceed `import numpy`.
IMPORT_BUDGET = 0.15


def run(code: str, root, **environment: str) -> str:
    """Output of `code` in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True,
                          env={**os.environ, **environment})
    return done.stdout.strip()


def test_import_contracts_hold(root):
    """import-linter finds no import against the layers and no module that has no layer."""
    pytest.importorskip("importlinter")
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("heavy", ["numba", "scipy", "llvmlite", "matplotlib", "hypothesis", "mpmath"])
def test_import_does_not_load(heavy, root):
    """`import undertow` leaves heavy packages to their first use."""
    loaded = run(f"import sys, undertow; print(any(m.split('.')[0] == {heavy!r} for m in sys.modules))", root)
    assert loaded == "False"


def test_import_is_fast(root, tmp_path):
    """`import undertow` costs little more processor time than `import numpy`, at the best of several interpreters.

    From byte code, as an installed package is: the first of them writes it.
    """
    code = ("import time; import numpy; start = time.process_time(); import undertow; "
            "print(time.process_time() - start)")
    kept = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    assert min(float(run(code, root, **kept)) for _ in range(5)) <= IMPORT_BUDGET
