"""What a program assumes of its surroundings: globals, free variables, defaults, classes; checked before each call."""

from __future__ import annotations

import operator
import types
from typing import Any

import numpy as np

from ._refusal import NotCompilable

__all__ = ["Changed", "check_guards", "fetch", "form_of", "grouped", "layout", "places"]


def fetch(kind: str, container: Any, key: Any) -> Any:
    """What is at a place outside the function now."""
    try:
        if kind == "inside":
            value = fetch(key[0], container, key[1])
            for how, name in key[2:]:
                value = value[name] if how == "item" else vars(value)[name]
            return value
        if kind == "cell":
            return container.cell_contents
        if kind in ("default", "kwdefault"):
            return (container.__defaults__ if kind == "default" else container.__kwdefaults__)[key]
        return container[key] if kind == "global" else getattr(container, key)
    except (LookupError, AttributeError, ValueError, TypeError):
        raise NotCompilable(f"`{key}` is gone") from None


def layout(x: Any) -> tuple:
    """What must stay as it is for a container to be taken apart in the same way."""
    if isinstance(x, dict):
        return (type(x), tuple(x))
    if isinstance(x, (list, tuple)):
        return (type(x), len(x))
    return (type(x), frozenset(x)) if isinstance(x, (set, frozenset)) else (type(x), tuple(vars(x)))


class Changed(NotCompilable):
    """A constant of the program's surroundings is not what it was when the program was compiled."""

    def __init__(self, kind: str, key: Any) -> None:
        super().__init__(f"`{key or 'a free variable'}` has changed")
        self.place = (kind, key)


def form_of(x: Any) -> tuple:
    """What a program for an array relies on: its type, and which extents are 1."""
    return (x.dtype, tuple([n == 1 for n in x.shape])) if type(x) is np.ndarray else (None, ())


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
            if container.__defaults__ is not rest[0][0] or container.__kwdefaults__ is not rest[0][1]:
                raise Changed(kind, key)
            continue
        elif kind == "form":
            if form_of(fetch("inside", container, key)) != rest[0]:
                raise Changed(kind, key)
            continue
        elif kind == "layout":
            found = fetch("inside", container, key)
            if type(found) is not rest[0][0] or layout(found) != rest[0]:
                raise Changed(kind, key)
            continue
        else:
            value, expected = fetch(kind, container, key), rest[0]
        if value is not expected and not _same(value, expected):
            raise Changed(kind, key)


def _same(value: Any, expected: Any) -> bool:
    """Whether two constants are as good as one."""
    if type(value) is not type(expected):
        return False
    if isinstance(value, types.MethodType):  # made anew whenever it is asked for
        return value.__func__ is expected.__func__ and value.__self__ is expected.__self__
    if isinstance(value, tuple):
        return len(value) == len(expected) and all(map(_same, value, expected))
    return value is expected or (isinstance(value, (bool, int, float, complex, str)) and repr(value) == repr(expected))


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
