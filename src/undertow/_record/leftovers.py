"""Numbers of a finished run that the program left somewhere: they become ordinary, where they lie.

Needs: which numbers are alive.  The classes of an interpreter count references, which says whether there are any; to
find them, what the collector tracks is searched.  Everything that was there before the run is put aside for its time
(`begin`, `end`: the collector does that in no time), so that the search costs in proportion to what the run made.
Gives: numbers of the level below in their place.  A number is settled itself, by giving it the class of a plain number
(`scalars.SETTLED`) or that of the number of an outer derivative it was computed from: whoever holds it, a tuple, a
suspended generator or compiled code, then holds a constant.  Containers that can be changed get the exact type besides.
"""

from __future__ import annotations

import collections
import gc
import sys
import threading
from types import CellType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any

from .scalars import ACTIVE, NUMBERS, SETTLED

HEAP_TYPE = 1 << 9
STARTUP = 1000  # more than the interpreter itself puts aside; a program that froze its objects has more
FEW = 16  # numbers that are looked for one by one
_lock = threading.Lock()
_running: list[tuple[int, Any]] = []  # thread and interpreter of the runs on their way
_aside = False  # whether older objects are put aside
_set_class = object.__dict__["__class__"].__set__


def begin(interpreter: Any) -> None:
    """A run begins.  Runs of several threads at once share one collector: then nothing is put aside."""
    global _aside
    with _lock:
        thread = threading.get_ident()
        if not _running and gc.get_freeze_count() < STARTUP:
            gc.freeze()
            _aside = True
        elif _aside and _running[0][0] != thread:
            gc.unfreeze()
            _aside = False
        _running.append((thread, interpreter))


def recording() -> Any:
    """The interpreter of the innermost run of this thread, if there is one."""
    thread = threading.get_ident()
    return next((interpreter for t, interpreter in reversed(_running) if t == thread), None)


def end(interpreter: Any) -> None:
    """A run is over."""
    global _aside
    with _lock:
        _running.remove((threading.get_ident(), interpreter))
        if not _running and _aside:
            gc.unfreeze()
            _aside = False


def settle(interpreter: Any, roots: tuple = ()) -> None:
    """Make ordinary what is alive of the numbers of `interpreter`; `roots` are looked through for who holds them."""
    if interpreter.scalar_references() <= interpreter.survivors:
        return
    own = interpreter.scalars.own
    alive = gc.get_objects()
    numbers = [x for x in alive if type(x) in own]
    holders: list = []
    if numbers:
        holders = holders_among(alive, numbers, own)
    del alive
    for holder in holders:
        exchange(holder, own)
    places = collections.Counter(id(v) for h in holders for v in gc.get_referents(h) if type(v) in own)
    hidden = []
    while numbers:
        x = numbers.pop()
        if interpreter.level == 1 and sys.getrefcount(x) > 2 + places[id(x)]:
            hidden.append(x)
        demote(x)
    x = None  # or it would seem to be held by somebody
    holders.clear()
    if hidden:
        look_further(hidden, roots)
    interpreter.survivors = interpreter.scalar_references()  # hooks and code made on the way know the classes


def holders_among(objects: list, numbers: list, own: set[type]) -> list:
    """Who of `objects` holds the numbers."""
    if len(numbers) <= FEW:
        skip = {id(objects), id(numbers)}
        return [h for h in gc.get_referrers(*numbers) if id(h) not in skip]
    return [h for h in objects if not own.isdisjoint(map(type, gc.get_referents(h)))]


def look_further(numbers: list, roots: tuple) -> None:
    """Numbers that something older than the run holds: near the function first, then anywhere."""
    settled = frozenset(SETTLED.values())
    for holder in near(roots):
        exchange(holder, settled)
    left = [x for x in numbers if sys.getrefcount(x) > 3]  # `numbers`, `x` and the argument
    numbers.clear()
    if left:
        gc.unfreeze()
        for holder in gc.get_referrers(*left):
            if holder is not left:
                exchange(holder, settled)


def near(roots: tuple) -> list:
    """Containers that functions and objects reach in few steps."""
    found: dict[int, Any] = {}
    level = list(roots)
    for _ in range(4):
        following = []
        for x in level:
            if id(x) not in found and gc.is_tracked(x) and len(found) < 2000:
                found[id(x)] = x
                following.append(x)
        level = [y for x in following for y in (*gc.get_referents(x), *globals_of(x))
                 if type(y) is not ModuleType and not (type(y) is dict and "__builtins__" in y)
                 and not (issubclass(type(y), type) and not y.__flags__ & HEAP_TYPE)]
    return list(found.values())


def globals_of(x: Any) -> list:
    """The values of the global names that a function uses."""
    if type(x) is not FunctionType:
        return []
    names = x.__globals__
    return [names[n] for n in x.__code__.co_names if n in names]


def demote(x: Any) -> None:
    """Make an active number what it was computed from: a number of the level below."""
    below = x.primal
    cls = type(below)
    if cls in ACTIVE and cls not in NUMBERS:
        mark, below = below.mark, below.primal
    else:
        cls, mark = SETTLED[type(x).stands_for], None
    _set_class(x, cls)
    x.mark, x.primal = mark, below


def exchange(holder: Any, own: Any) -> None:
    """Replace the numbers of the classes `own` that a container holds; tuples and frames are left alone."""
    try:
        _exchange(holder, own)
    except (RuntimeError, TypeError, ValueError, ReferenceError, AttributeError):
        pass


def _exchange(holder: Any, own: Any) -> None:
    t = type(holder)
    if t is CellType:
        if type(holder.cell_contents) in own:
            holder.cell_contents = holder.cell_contents.primal
    elif issubclass(t, dict):  # isinstance would wake a dead weak proxy
        for key, v in list(holder.items()):
            if type(v) in own:
                dict.__setitem__(holder, key, v.primal)
    elif issubclass(t, set):
        for v in [v for v in holder if type(v) in own]:
            holder.discard(v)
            holder.add(v.primal)
    elif issubclass(t, (list, collections.deque)):
        for i, v in enumerate(holder):
            if type(v) in own:
                holder[i] = v.primal
    elif t.__flags__ & HEAP_TYPE and t not in ACTIVE:  # attributes of an instance without a dictionary yet, and slots
        for name in (*getattr(holder, "__dict__", ()), *(n for c in t.__mro__ for n in _slots(c))):
            v = object.__getattribute__(holder, name)
            if type(v) in own:
                object.__setattr__(holder, name, v.primal)


def _slots(cls: type) -> tuple:
    """Names of the slots that a class declares."""
    return tuple(n for n, d in cls.__dict__.items() if type(d) is MemberDescriptorType)


__all__ = ["begin", "end", "recording", "settle"]
