"""Private modules of SciPy, of other versions too: what one of them lacks is a routine that nothing calls."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import scipy

__all__ = ["private"]

KNOWN = scipy.__version__.startswith("1.17")


class Partial(SimpleNamespace):
    """What is there of a module; anything else is a function of its own."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError(f"this SciPy has no {name}")

        missing.__name__ = missing.__qualname__ = name
        setattr(self, name, missing)
        return missing


def private(name: str, *former: str) -> Any:
    """The module, or what another SciPy has of it, perhaps under a former name."""
    if KNOWN:
        return importlib.import_module(name)
    for candidate in (name, *former):
        try:
            return Partial(**vars(importlib.import_module(candidate)))
        except ImportError:
            continue
    return Partial()
