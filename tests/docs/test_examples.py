"""Every example of the documentation runs, and every example of an error raises that error."""

import linecache
import re
import subprocess
import sys
from pathlib import Path

import pytest

import undertow as ut

ROOT = Path(__file__).parents[2]
PAGES = [p for p in [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"] if "```python" in p.read_text()]
BLOCK = re.compile(r"^```python( raises)?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def execute(code: str, namespace: dict, name: str) -> None:
    """Run a block with its text where source text is looked for, as a notebook does."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    exec(compile(code, name, "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_examples_run(page):
    """The blocks of a page run one after the other in one namespace."""
    text = page.read_text()
    namespace: dict = {"__name__": "example"}
    for number, match in enumerate(BLOCK.finditer(text)):
        raises, code = match.groups()
        name = f"<{page.stem} {number}>"
        if not raises:
            execute(code, namespace, name)
            continue
        expected = re.findall(r"^## (UT-\w+)$", text[:match.start()], re.MULTILINE)[-1]
        with pytest.raises(ut.UndertowError) as caught:
            execute(code, namespace, name)
        assert caught.value.code == expected
        assert name in str(caught.value) or expected.startswith("UT-O")


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_example_scripts_run(script):
    """Each example runs from a fresh interpreter; they assert what they show."""
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_examples_are_listed():
    """The table of examples names each script, and nothing else."""
    listed = re.findall(r"^\| `(\w+\.py)` \|", (ROOT / "examples" / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(p.name for p in (ROOT / "examples").glob("*.py"))
