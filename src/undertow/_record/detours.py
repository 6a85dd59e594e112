"""Special methods that compiled code calls, of classes whose methods were not rewritten, where they write to memory.

``sorted``, a dict or ``any`` call ``__lt__``, ``__hash__`` and ``__bool__`` of the program's objects from C, past every hook.
What such a method answers is no number and needs no derivative; what it *writes* would be lost.  Methods that write items
or call what does, as far as their code shows, get other code when an object of the class is met: it asks who is recording
in this thread, and runs the method recorded; where nobody is, it runs it as it was.
"""

from __future__ import annotations

import dis
import warnings
import weakref
from types import CodeType, FunctionType
from typing import Any

from .._source import Mark
from . import leftovers

NAMES = ("__hash__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__bool__", "__len__", "__index__")
STORES = tuple(dis.opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE") if name in dis.opmap)
BINARY = dis.opmap["BINARY_OP"]
IN_PLACE = frozenset(i for i, (_, sign) in enumerate(dis._nb_ops)  # type: ignore[attr-defined]
                     if sign in ("+=", "-=", "*=", "/=", "**=", "@="))
CHANGING = frozenset({"fill", "put", "itemset", "partition", "resize", "copyto", "setfield", "place", "putmask", "at", "__setitem__"})
DEPTH = 2
LIMIT = 1 << 14
_known: dict[tuple, tuple[CodeType, bool]] = {}
_seen: dict[int, weakref.ref] = {}


class Detour:
    """Last constant of the new code of a method: the function as it was."""

    __slots__ = ("original",)

    def __init__(self, original: FunctionType) -> None:
        self.original = original


def meet(cls: type) -> None:
    """An object of the class takes part in a recorded program."""
    known = _seen.get(id(cls))
    if known is not None and known() is cls:
        return
    if len(_seen) > LIMIT:
        _seen.clear()
        _known.clear()
    _seen[id(cls)] = weakref.ref(cls)  # a set would ask the hash of the class, which may be the program's own
    for base in cls.__mro__[:-1]:
        for name in NAMES:
            method = base.__dict__.get(name)
            if type(method) is FunctionType and writes(method.__code__, method.__globals__, cls, DEPTH):
                install(method)


def meet_one(items: Any) -> Any:
    """The objects of a list are about to be compared: they are mostly of one class."""
    if type(items) is list and items:
        meet(type(items[0]))
    return items


def writes(code: CodeType, scope: dict, cls: type, depth: int) -> bool:
    """Whether the code stores items or changes something in place, itself or by functions and methods that it names."""
    last = code.co_consts[-1] if code.co_consts else None
    if type(last) in (Mark, Detour):
        return False
    key = id(code), cls.__module__, cls.__qualname__, depth  # classes made again and again are not looked at each time
    known = _known.get(key)
    if known is None:
        known = _known[key] = code, stores(code) or depth > 0 and any(
            writes(f.__code__, f.__globals__, cls, depth - 1) for f in named(code, scope, cls))
    return known[1]


def stores(code: CodeType) -> bool:
    """Whether the instructions of `code` itself store items, or its names are those of methods that do."""
    if not CHANGING.isdisjoint(code.co_names):
        return True
    text = code.co_code
    operations = text[::2]
    return any(op in operations for op in STORES) or BINARY in operations and any(
        op == BINARY and argument in IN_PLACE for op, argument in zip(operations, text[1::2], strict=True))


def named(code: CodeType, scope: dict, cls: type) -> Any:
    """Functions of the module and of the class whose names are in `code`."""
    for name in code.co_names:
        for called in (scope.get(name), next((c.__dict__[name] for c in cls.__mro__ if name in c.__dict__), None)):
            if type(called) is FunctionType:
                yield called


def install(method: FunctionType) -> None:
    """Give a method the code that asks who is recording."""
    code = method.__code__
    original = FunctionType(code, method.__globals__, method.__name__, method.__defaults__, method.__closure__)
    original.__kwdefaults__, original.__qualname__, original.__module__ = (
        method.__kwdefaults__, method.__qualname__, method.__module__)

    def enter(args: tuple, kwargs: dict) -> Any:
        interpreter = leftovers.recording()
        return original(*args, **kwargs) if interpreter is None else interpreter.call(original, *args, **kwargs)

    names = ", ".join(code.co_freevars)
    text = (f"def around({names}):\n def detour(*args, **kwargs):\n"
            f"  if 0: {names or 'None'}\n  return 'enter'(args, kwargs)\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of a call of text, which is exchanged for the function below
        outer = compile(text, code.co_filename, "exec", dont_inherit=True)
    around = next(c for c in outer.co_consts if isinstance(c, CodeType))
    detour = next(c for c in around.co_consts if isinstance(c, CodeType))
    constants = tuple(enter if c == "enter" else c for c in detour.co_consts)
    method.__code__ = detour.replace(co_consts=(*constants, Detour(original)), co_name=code.co_name,
                                     co_qualname=code.co_qualname, co_firstlineno=code.co_firstlineno)


__all__ = ["Detour", "meet", "meet_one"]
