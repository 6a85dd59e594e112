"""What a program assumes of its surroundings: globals, free variables, defaults, classes; checked before each call."""

from __future__ import annotations

import operator
import types
from typing import Any

import numpy as np

from ._refusal import NotCompilable

__all__ = ["Changed", "check_guards", "fetch", "grouped", "places"]


def fetch(kind: str, container: Any, key: Any) -> Any:
    """What is at a place outside the function now."""
    try:
        if kind == "cell":
            return container.cell_contents
        return container[key] if kind == "global" else getattr(container, key)
    except (KeyError, AttributeError, ValueError):
        raise NotCompilable(f"`{key}` is gone") from None


class Changed(NotCompilable):
    """A constant of the program's surroundings is not what it was when the program was compiled."""

    def __init__(self, kind: str, key: Any) -> None:
        super().__init__(f"`{key or 'a free variable'}` has changed")
        self.place = (kind, key)


def grouped(guards: list) -> list:
    """Guards of one namespace in one, where what it holds equals itself alone: functions, classes, modules."""
    out, named = [], {}
    for kind, container, key, value in guards:
        if kind == "global" and isinstance(value, _THINGS):
            named.setdefault(id(container), (container, {}))[1][key] = value
        else:
            out.append((kind, container, key, value))
    for container, names in named.values():
        getter = operator.itemgetter(*names)
        out.append(("names", container, getter, getter(names)))
    return out


_THINGS = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, np.ufunc)


def check_guards(guards: list) -> None:
    """Raise where the surroundings are not what they were."""
    for kind, container, key, *rest in guards:
        if kind == "names":
            try:
                if key(container) != rest[0]:
                    raise Changed(kind, key)
            except KeyError:
                raise Changed(kind, key) from None
            continue
        if kind == "global":
            value = container.get(key, _GONE)
            expected = rest[0]
        elif kind == "absent":
            if key in container:
                raise Changed(kind, key)
            continue
        elif kind == "code":
            if container.__code__ is not rest[0]:
                raise Changed(kind, key)
            continue
        elif kind == "defaults":
            if (container.__defaults__, container.__kwdefaults__) != rest[0]:
                raise Changed(kind, key)
            continue
        else:
            value, expected = fetch(kind, container, key), rest[0]
        if value is not expected and not (type(value) is type(expected) and isinstance(value, (bool, int, float, str))
                                          and repr(value) == repr(expected)):
            raise Changed(kind, key)


_GONE = object()


def places(f: Any) -> dict[tuple, Any]:
    """Functions and cells that are reached from a function through its closure, by path."""
    found: dict[tuple, Any] = {}

    def visit(g: Any, path: tuple) -> None:
        found[path] = g
        for name, cell in zip(g.__code__.co_freevars, g.__closure__ or (), strict=True):
            found[(*path, name, "cell")] = cell
            try:
                inner = cell.cell_contents
            except ValueError:
                continue
            if isinstance(inner, types.FunctionType) and len(path) < 8 and inner is not g:
                visit(inner, (*path, name))

    visit(f, ())
    return found
