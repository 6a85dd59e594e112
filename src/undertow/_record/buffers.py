"""Other ways to the memory of an array: ``memoryview``, ``np.nditer``, files, addresses.

A view of memory is followed by the owner of the memory.  What looks at an array without being one is turned into
array operations where that is possible, and refused where it is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from . import refusal
from .memory import address, may_overlap, owner_of

FLOAT_FORMATS = frozenset({"d", "f", "Zd", "Zf"})
WRITERS = (np.save, np.savez, np.savez_compressed, np.savetxt)
READERS = (np.load, np.fromfile, np.loadtxt, np.genfromtxt)


def make(interpreter: Any) -> dict[Any, Any]:
    """Handlers by the object they replace."""
    table: dict[Any, Any] = {np.nditer: lambda *args, **kwargs: _nditer(interpreter, args, kwargs)}
    import json  # not with undertow itself

    for f in (*WRITERS, json.dump, json.dumps):
        table[f] = _writer(interpreter, f)
    for name in ("tofile", "dump"):
        table[getattr(ndarray, name)] = _writer(interpreter, getattr(ndarray, name))
    for f in (*READERS, json.load, json.loads):
        table[f] = _reader(interpreter, f)
    return table


# ---- files ------------------------------------------------------------------------------------------------------


def _writer(interpreter: Any, f: Any) -> Any:
    """Output of an array is an effect like printing; it is remembered, for what is read back has no derivative."""
    def write(*args: Any, **kwargs: Any) -> Any:
        if interpreter.find_active((args, kwargs)) is not None:
            interpreter.written = f.__name__
        return f(*(interpreter.plain(a) for a in args), **{k: interpreter.plain(v) for k, v in kwargs.items()})

    return write


def _reader(interpreter: Any, f: Any) -> Any:
    def read(*args: Any, **kwargs: Any) -> Any:
        if interpreter.written:
            raise interpreter.refuse(refusal.unsupported(
                interpreter, f"`{f.__module__}.{f.__name__}` after `{interpreter.written}` of an active value",
                "what is read carries no derivative, and it may be what was written",
                ["keep the value in memory:  saved = x.copy(), copy.deepcopy(obj)"]))
        return f(*args, **kwargs)

    return read


# ---- memoryview -------------------------------------------------------------------------------------------------


def array_behind(interpreter: Any, m: memoryview) -> ndarray | None:
    """The array of a view of recorded memory; None where the memory is not recorded."""
    owner = owner_of(m)
    if not isinstance(owner, ndarray) or not interpreter.is_recorded(owner):
        return None
    array = np.asarray(m)
    if m.format not in FLOAT_FORMATS and interpreter.is_active(array):
        interpreter.refuse_bits(owner, f"a memoryview of format {m.format!r}")
    return array


def view_getitem(interpreter: Any, m: memoryview, index: Any) -> Any:
    """``m[index]``."""
    array = array_behind(interpreter, m)
    value = m[index]
    if array is None or isinstance(value, memoryview):
        return value
    return interpreter.call(type(value), interpreter.hooks["getitem"](array, index))


def view_setitem(interpreter: Any, m: memoryview, index: Any, value: Any) -> None:
    """``m[index] = value``."""
    if m.readonly or not isinstance(owner_of(m), ndarray) or m.format not in FLOAT_FORMATS:
        array_behind(interpreter, m)
        interpreter.check_store(m, value)
        m[index] = value
        return
    interpreter.hooks["setitem"](np.asarray(value) if isinstance(value, memoryview) else value, np.asarray(m), index)


def view_iterate(interpreter: Any, m: memoryview) -> Any:
    """``for v in m``."""
    return m if array_behind(interpreter, m) is None else (view_getitem(interpreter, m, i) for i in range(len(m)))


def view_method(interpreter: Any, m: memoryview, name: str) -> Any:
    """``m.tolist``, ``m.tobytes`` …: as of the array, None where it does not matter."""
    if name in ("tolist", "tobytes", "hex") and (array := array_behind(interpreter, m)) is not None:
        if name == "tolist":
            return lambda: interpreter.call(ndarray.tolist, array)
        interpreter.check_foreign(getattr(m, name), (array,))
    return None


# ---- nditer -----------------------------------------------------------------------------------------------------


class NdIter:
    """``np.nditer`` whose arrays are views of the operands, known by the owner of their memory."""

    def __init__(self, interpreter: Any, it: Any) -> None:
        self._interpreter, self._it, self._operands = interpreter, it, it.operands

    def __getattr__(self, name: str) -> Any:
        return getattr(self._it, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name[:1] == "_":
            object.__setattr__(self, name, value)
        else:
            setattr(self._it, name, value)

    @property
    def __class__(self) -> type:  # type: ignore[override]
        return np.nditer

    def __iter__(self) -> Any:
        return self

    def __len__(self) -> int:
        return len(self._it)

    def __enter__(self) -> Any:
        self._it.__enter__()
        return self

    def __exit__(self, *details: Any) -> Any:
        return self._it.__exit__(*details)

    def _located(self, v: ndarray, i: int) -> ndarray:
        """`v`, an array of the iterator, as a view of its operand."""
        operand = self._operands[i]
        owner = owner_of(operand)
        if v.size == 0 or not isinstance(owner, ndarray) or not may_overlap(v, operand) or v.dtype.hasobject:
            return v
        flat = owner.ravel(order="K")
        view = np.ndarray(v.shape, v.dtype, flat, address(v) - address(flat), v.strides)
        view.flags.writeable = v.flags.writeable
        return view

    def _all(self, found: Any) -> Any:
        """The arrays of one step."""
        if isinstance(found, tuple):
            return tuple(self._located(v, i) for i, v in enumerate(found))
        return self._located(found, 0)

    def __next__(self) -> Any:
        return self._all(next(self._it))

    @property
    def value(self) -> Any:
        return self._all(self._it.value)

    @property
    def itviews(self) -> Any:
        return self._all(self._it.itviews)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return tuple(self._located(v, k) for k, v in zip(range(self.nop)[i], self._it[i], strict=True))
        return self._located(self._it[i], range(self.nop)[i])

    def __setitem__(self, i: Any, value: Any) -> None:
        targets = zip(self[i], value, strict=True) if isinstance(i, slice) else [(self[i], value)]
        for target, v in targets:
            self._interpreter.hooks["setitem"](v, target, Ellipsis)


def _nditer(interpreter: Any, args: tuple, kwargs: dict) -> Any:
    op = args[0] if args else kwargs.pop("op")
    several = isinstance(op, (tuple, list))
    operands = [x if x is None or isinstance(x, ndarray) else interpreter.as_array(x) for x in (op if several else (op,))]
    it = np.nditer(operands if several else operands[0], *args[1:], **kwargs)
    for given, used in zip(operands, it.operands, strict=True):
        if given is not None and given.size and interpreter.is_active(given) and (
                not may_overlap(given, used) or _buffers(args, kwargs)):
            interpreter.check_foreign(np.nditer, (given,))
    return NdIter(interpreter, it)


def _buffers(args: tuple, kwargs: dict) -> bool:
    flags = args[1] if len(args) > 1 else kwargs.get("flags") or ()
    return "buffered" in flags


__all__ = ["array_behind", "make", "view_getitem", "view_iterate", "view_method", "view_setitem"]
