"""Plain programs that every suite draws on; see `_case` for how one is described."""

from __future__ import annotations

import importlib
import pkgutil

from ._case import Case, Corpus

__all__ = ["Case", "cases"]


def cases(*modules: str) -> list[Case]:
    """Cases of the named modules, or of all."""
    names = modules or sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    found: list[Case] = []
    for name in names:
        module = importlib.import_module(f"{__name__}.{name}")
        corpus = module.case
        assert isinstance(corpus, Corpus)
        found.extend(corpus)
    return found
