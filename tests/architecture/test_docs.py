"""The docs: links resolve, the map names every module, each public name and each error code has its entry."""

import re

import pytest

import undertow
from undertow import _errors

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def pages(root):
    """Every page of documentation, the README included."""
    return [*sorted((root / "docs").rglob("*.md")), *sorted(root.glob("*.md"))]


def anchors(path) -> set[str]:
    """Anchors of the headings of a page, as written and in the form that web pages use."""
    headings = re.findall(r"^#+\s+(.*)$", path.read_text(), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", h.replace("`", "")).strip() for h in headings]
    return {*plain, *(p.lower().replace(" ", "-") for p in plain)}


def test_links_resolve(root):
    """A relative link leads to a file that exists, and to a heading in it."""
    broken = []
    for page in pages(root):
        for target in LINK.findall(page.read_text()):
            if target.startswith(("http", "mailto")):
                continue
            name, _, anchor = target.partition("#")
            file = (page.parent / name).resolve() if name else page
            if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
                broken.append(f"{page.relative_to(root)}: {target}")
    assert not broken, "\n".join(broken)


def test_every_page_is_in_the_navigation(root):
    """mkdocs.yml lists each page, and no page that does not exist."""
    text = (root / "mkdocs.yml").read_text()
    listed = set(re.findall(r"([\w\-/]+\.md)", text.partition("nav:")[2]))
    present = {p.relative_to(root / "docs").as_posix() for p in (root / "docs").rglob("*.md")}
    assert listed == present


def test_map_names_every_module(root):
    """The map of the internals has a row for each module and package, and for nothing else."""
    rows = set(re.findall(r"^\| `([\w./]+)` \|", (root / "docs" / "internals" / "map.md").read_text(), re.MULTILINE))
    package = root / "src" / "undertow"
    present = {p.name for p in package.glob("*.py")} | {f"{p.name}/" for p in package.iterdir()
                                                        if p.is_dir() and next(p.rglob("*.py"), None)}
    assert rows == present


def test_public_names_are_those_on_record(root):
    """`undertow.__all__` is the checked-in list: a change of the public surface is made on purpose."""
    recorded = (root / "tests" / "architecture" / "public_names.txt").read_text().split()
    assert sorted(undertow.__all__) == recorded


@pytest.mark.parametrize("name", sorted(undertow.__all__))
def test_public_name_is_documented(name, root):
    """Each public name has its entry in the reference and, if it is callable, a docstring."""
    reference = (root / "docs" / "reference" / "undertow.md").read_text()
    assert re.search(rf"^#+ `{re.escape(name)}`", reference, re.MULTILINE), f"no entry for {name}"
    assert getattr(undertow, name).__doc__


@pytest.mark.parametrize("error", [getattr(_errors, n) for n in _errors.__all__ if n.endswith("Error")],
                         ids=lambda e: e.__name__)
def test_error_is_documented(error, root):
    """Each error has an anchor of its code on the page that its text links to."""
    if error is not _errors.UndertowError:
        section = (root / "docs" / "errors.md").read_text().partition(f"\n## {error.code}\n")[2].partition("\n## ")[0]
        assert f"`{error.__name__}`" in section


def test_error_codes_are_distinct():
    """No two errors share a code."""
    codes = [getattr(_errors, n).code for n in _errors.__all__ if n.endswith("Error")]
    assert len(set(codes)) == len(codes)
