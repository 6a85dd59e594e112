"""Recorded code calls native code: one tape entry a call, forward and reverse native.

What native code is and when it pays is the affair of a *provider*, which a higher layer installs (`install`); here is
what a call of it means for the tape. Arguments are kept by reference, those that the call overwrites are saved, and the
sweep puts them back, runs the native pullback into the shadows, and puts them back again.
"""

from __future__ import annotations

import time
from types import FunctionType
from typing import Any

import numpy as np
from numpy import ndarray

from .. import _errors
from . import steps
from .memory import overlaps_itself

__all__ = ["call", "install", "joint", "provider"]

MISSES = 4
_provider: list = []


def install(provider: Any) -> None:
    """Make a provider known: ``candidate(f)``, ``patience``, ``prepare(f, args, kwargs, is_active, spent)``."""
    _provider[:] = [provider]


def provider() -> Any:
    """The provider, None if there is none."""
    return _provider[0] if _provider else None


class Account:
    """What calls of one function have cost in an interpreter."""

    __slots__ = ("code", "misses", "name", "next", "reason", "run", "spent")

    def __init__(self, code: Any, name: str = "") -> None:
        self.code, self.spent, self.misses = code, 0.0, 0
        self.name = name or code.co_name
        self.next = 0.0
        self.run = 0
        self.reason: BaseException | None = None

    def note(self, reason: Any) -> None:
        """Native code was refused; where it only does not pay yet, ask again after some more time."""
        self.reason = reason.again()
        if reason.lasting:
            self.misses += 1
        else:
            self.next = 1.25 * self.spent


_accounts: dict[int, Account] = {}


def account_of(code: Any) -> Account:
    """The account of a function, one for all interpreters."""
    found = _accounts.get(id(code))
    if found is None:
        found = _accounts[id(code)] = Account(code)
    return found


def joint(interpreter: Any, account: Account, f: Any, new: Any) -> Any:
    """What is called in place of `f`: its rewritten form `new`, or native code once that pays."""
    patience = provider().patience

    def either(*args: Any, **kwargs: Any) -> Any:
        if account.misses >= MISSES or not interpreter.native:
            return new(*args, **kwargs)
        if account.spent >= max(patience(), account.next):
            try:
                return call(interpreter, f, args, kwargs, account.spent)
            except provider().refusal as reason:
                account.note(reason)
        start, account.run = time.perf_counter(), interpreter.run
        try:
            return new(*args, **kwargs)
        finally:
            account.spent += time.perf_counter() - start

    return either


def call(interpreter: Any, f: Any, args: tuple, kwargs: dict, spent: float) -> Any:
    """Run `f` as native code and record that; raises the provider's refusal before anything has happened."""
    refusal = provider().refusal

    def is_active(x: Any, seen: dict, depth: int = 0) -> bool:
        if type(type(x).__getattribute__) is FunctionType:
            raise refusal("an object that computes its attributes")
        if interpreter.is_active(x):
            return True
        if id(x) in seen:  # what is reached twice was looked at
            return False
        if depth > 8:
            raise refusal("deeply nested arguments")
        if isinstance(x, (tuple, list, dict)):
            seen[id(x)] = x
            return any([is_active(v, seen, depth + 1) for v in (x.values() if isinstance(x, dict) else x)])
        if type(x).__module__ == "builtins":
            return False
        seen[id(x)] = x
        try:
            held = object.__getattribute__(x, "__dict__")
        except AttributeError:
            return False
        return any(is_active(v, seen, depth + 1) for v in held.values())

    active, active_keywords = [is_active(x, {}) for x in args], {k: is_active(x, {}) for k, x in kwargs.items()}
    plain, keywords = [interpreter.plain(x) for x in args], {k: interpreter.plain(x) for k, x in kwargs.items()}
    native = provider().prepare(f, plain, keywords, active, active_keywords, spent, interpreter.plain)
    values, compiled = native.values, native.compiled
    if native.has_rows:
        raise refusal("a list whose length depends on the run is returned")
    given = [*args, *(x for x in native.from_keywords(kwargs))]
    leaves: list = [None] * len(values)
    for j, x in enumerate(given):
        assign(interpreter, x, compiled.specs[j], compiled.starts[j], leaves)
        if not compiled.active[j] and any(v is not None for v in leaves[compiled.starts[j]:]):
            raise refusal("a number that carries a derivative where none was seen")
    for k in compiled.arrays:
        leaves[k] = interpreter.leaf(values[k])
        if k >= native.own and leaves[k] is not None:
            raise refusal("an array outside the function carries a derivative")
        if values[k].dtype.kind not in "fc" and interpreter.is_active(values[k]):
            raise refusal("integers in memory that carries a derivative")
        if leaves[k] is not None and dtype_of(leaves[k][0].slot) != values[k].dtype:
            raise refusal("memory that carries a derivative under another type")
    saved = []
    for k in compiled.written:
        a = values[k]
        slot = interpreter.memory.find(a)
        if slot is not None and not isinstance(slot.owner, ndarray):
            raise refusal("memory that is not NumPy's is written")
        saved.append((k, interpreter.lower.copy(a)))
    transformed = native.variant.transformed
    changes = compiled.lowered.changes
    value = compiled.primal(values, tuple(given))
    if not saved and not transformed.shadows and not transformed.seeds:
        return rebound(interpreter, changes, given, value)
    cells = [interpreter.keep(v) for v in values]
    for k, _ in saved:
        interpreter.memory.find(values[k]).logged = True
    for p in transformed.shadows:
        k = compiled.position(p)
        if k in compiled.written and leaves[k] is None:
            slot = interpreter.memory.find(values[k])
            if not slot.active:
                slot.active = True
                interpreter.tape.append((steps.activated, slot, None, 0))
            leaves[k] = interpreter.leaf(values[k])
    counter = iter(range(len(compiled.ir.body.yields)))
    value, out = dress(interpreter, compiled.lowered.result, value, counter, set(transformed.seeds))
    interpreter.tape.append((called, (native, cells, saved, leaves), out, 0))
    return rebound(interpreter, changes, given, value)


def rebound(interpreter: Any, changes: tuple, given: list, value: Any) -> Any:
    """Put what the call rebinds where it belongs; the function's own value."""
    if not changes:
        return value
    *found, value = value
    reached = provider().reached
    for (path, name), new in zip(changes, found, strict=True):
        owner = reached(path, tuple(given))
        if type(name) is tuple:
            interpreter.hooks["setitem"](new, owner, name[1])
        elif name == "items" and type(owner) is list:
            interpreter.hooks["setitem"](new, owner, slice(None))
        else:
            interpreter.hooks["setattr"](new, owner, name)
    return value


def assign(interpreter: Any, x: Any, spec: tuple, start: int, leaves: list) -> int:
    """Note the leaves of the active numbers of an argument at their positions; returns how many leaves it has."""
    if spec[0] == "sequence":
        n = 0
        for item, inner in zip(x, spec[2], strict=True):
            n += assign(interpreter, item, inner, start + n, leaves)
        return n
    if spec[0] == "object":
        n = 0
        for name, inner in spec[2]:
            n += assign(interpreter, x[name] if spec[1] is dict else getattr(x, name), inner, start + n, leaves)
        return n
    if spec[0] == "const":
        return 0
    if spec[0] == "complex":
        if interpreter.leaf(x) is not None:
            raise provider().refusal("a complex number that carries a derivative")
        return 2
    if spec[0] == "scalar":
        leaves[start] = interpreter.leaf(x)
    return 1


def dress(interpreter: Any, result: Any, value: Any, counter: Any, varied: set) -> tuple[Any, Any]:
    """``(value, out)``: the result as the program sees it, and where its cotangents will be found."""
    if result.owner is not None:  # what an argument holds: its parts are what they were, or rebound
        for _ in range(provider().yields_of(result)):
            next(counter)
        return value, None
    inner = provider().parts_of_value(result, value)
    if inner is not None:
        pairs = [dress(interpreter, part, v, counter, varied) for part, v in inner]
        values, kind = [v for v, _ in pairs], type(value)
        if result.kind == "dict":
            value.update(zip(result.info, values, strict=True))
        elif result.kind == "object":
            vars(value).update(zip(result.info[1], values, strict=True))
        else:
            value = kind(*values) if hasattr(kind, "_fields") else kind(values)
        return value, [o for _, o in pairs]
    if result.kind in ("argument", "const", "same"):
        return value, None
    if result.kind == "view":  # its shadow is that of the argument
        for _ in range(result.info[2] + 1):
            next(counter)
        return value, (None, np.shape(value), value.dtype)
    if result.kind == "optional":
        value, out = dress(interpreter, result.parts[0], value, counter, varied if value is not None else set())
        next(counter)
        return value, out
    numbers = {next(counter) for _ in range(2 if result.kind in ("tagged", "complex") else 1)}
    if numbers.isdisjoint(varied) or isinstance(value, int):
        return value, None
    value, out = interpreter.output(value)
    return value, (out, np.shape(value), value.dtype if isinstance(value, ndarray) else None)


def called(sweep: Any, data: tuple, out: Any) -> None:
    """A call of native code."""
    native, cells, saved, leaves = data
    if sweep.lower.level:
        raise sweep.refuse(_errors.UnsupportedError(
            "a pullback that holds native code is called inside another derivative",
            fixes=['record it: tier="record"']))
    compiled = native.compiled
    values = [cell[0] for cell in cells]
    seed, any_seed = taken(sweep, out)
    for k, old in saved:
        values[k][...] = old
    if any_seed or any(leaves[k] is not None and sweep.readable(leaves[k][0]) is not None for k, _ in saved):
        shadows, apart = shadows_of(sweep, native, leaves)
        _, bars = compiled.run(values, seed, shadows, native.variant)
        for k, leaf in enumerate(leaves):
            if leaf is not None and type(leaf[0]) is int and bars[k] is not None:
                sweep.bars[leaf[0]] += bars[k]
        for leaf, bar in apart:
            sweep.give(leaf, bar, True)
        for k, old in saved:
            values[k][...] = old


def taken(sweep: Any, out: Any) -> tuple[Any, bool]:
    """Cotangents of the results in the structure of the result, and whether any is not zero."""
    if type(out) is list:
        pairs = [taken(sweep, o) for o in out]
        return [s for s, _ in pairs], any(found for _, found in pairs)
    if out is None:
        return None, False
    ref, shape, dtype = out
    g = None if ref is None else sweep.take(ref)
    if dtype is None:
        return (0.0 if g is None else g), g is not None
    return (np.zeros(shape, dtype) if g is None else np.ascontiguousarray(g, dtype)), g is not None


def shadows_of(sweep: Any, native: Any, leaves: list) -> tuple[dict, list]:
    """The memory that native code adds cotangents to: shadows themselves where nothing else lies there."""
    compiled = native.compiled
    used = [id(leaf[0].slot) for leaf in leaves if leaf is not None and type(leaf[0]) is not int]
    shadows, apart = {}, []
    for p in native.variant.transformed.shadows:
        leaf = leaves[compiled.position(p)]
        if leaf is None:
            continue
        if used.count(id(leaf[0].slot)) == 1 or compiled.position(p) in compiled.written:
            shadows[p] = sweep.writable(leaf[0])
            if not overlaps_itself(shadows[p]):
                continue
        shadows[p] = np.zeros(leaf[1], p.type.element.dtype)
        apart.append((leaf, shadows[p]))
    return shadows, apart


def dtype_of(slot: Any) -> Any:
    """dtype of the elements of a slot."""
    return slot.owner.dtype if isinstance(slot.owner, ndarray) else getattr(slot, "dtype", None)
