"""Context managers whose special methods are followed."""

from __future__ import annotations

from typing import Any

from . import protocols


class Manager:
    """A context manager whose special methods run rewritten."""

    def __init__(self, interpreter: Any, manager: Any) -> None:
        self.interpreter, self.manager = interpreter, manager

    def __enter__(self) -> Any:
        return protocols.invoke(self.interpreter, protocols.special(type(self.manager), "__enter__"), self.manager)

    def __exit__(self, *details: Any) -> Any:
        return protocols.invoke(self.interpreter, protocols.special(type(self.manager), "__exit__"), self.manager, *details)


def manager(interpreter: Any, x: Any) -> Any:
    """The context manager to use in a ``with`` statement."""
    t = type(x)
    return Manager(interpreter, x) if protocols.overrides(t, "__enter__") or protocols.overrides(t, "__exit__") else x
