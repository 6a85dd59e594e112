"""One word, one meaning: the glossary's banned words do not occur in the sources."""

import re

# What the glossary (docs/glossary.md) says is called otherwise, and words that say nothing.
BANNED = {
    "backprop": "pullback", "backpropagate": "pullback", "rrule": "pullback", "frule": "pushforward",
    "requires_grad": "active", "wengert": "tape", "dual number": "tangent", "forward value": "primal",
    "dual_number": "tangent", "utils": "say what it does", "misc": "say what it does",
}
# What a reader of this repository has no use for.
PRIVATE = re.compile(r"(?<![\w/.])/(?:home|root|tmp/team|work)/|https?://[\w.]*(?:pypi|pythonhosted)\.", re.IGNORECASE)


def test_banned_words(root, sources):
    """No source names a thing by a word that the glossary bans."""
    found = [f"{path.relative_to(root)}:{number}: {word!r}, say {better!r}"
             for path in sources for number, line in enumerate(path.read_text().splitlines(), 1)
             for word, better in BANNED.items() if re.search(rf"(?<![\w]){re.escape(word)}(?!\w)", line, re.IGNORECASE)]
    assert not found, "\n".join(found)


def test_text_is_about_the_project_alone(root):
    """No absolute paths of somebody's machine and no registry hosts in anything that is shipped."""
    folders = [root / name for name in ("src", "tests", "docs", "examples", "benchmarks", ".ci")]
    files = [p for folder in folders for p in folder.rglob("*") if p.suffix in {".py", ".md", ".toml", ".yml", ""}]
    files += [*root.glob("*.md"), *root.glob("*.toml"), *root.glob("*.yml")]
    found = [f"{path.relative_to(root)}:{number}" for path in files
             if path.is_file() and path.name != "test_words.py"
             and not any(part.startswith(".") and part != ".ci" for part in path.relative_to(root).parts)  # caches
             for number, line in enumerate(path.read_text(errors="ignore").splitlines(), 1) if PRIVATE.search(line)]
    assert not found, "\n".join(found)
