"""Handlers of the ways to make, convert, copy and write arrays, and of ufuncs with ``out=`` or ``where=``."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy import ndarray

from ..rules._registry import RULES
from . import binding, buffers, elements, protocols, subclasses
from .memory import may_overlap
from .sequences import listed

MAKERS = (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.asarray_chkfinite, np.require)


def make(interpreter: Any) -> dict[Any, Any]:
    """Handlers by the object they replace."""
    table: dict[Any, Any] = {f: converter(interpreter, f) for f in MAKERS if f is not np.require}
    table[np.ndarray.view] = _view(interpreter)
    table[np.ndarray.item] = _item(interpreter)
    table[np.ndarray.setflags] = np.ndarray.setflags
    table[np.ndarray.astype] = _astype(interpreter)
    table[np.ndarray.__array_ufunc__] = _array_ufunc(interpreter)
    table[np.ndarray.__deepcopy__] = _deepcopy(interpreter)
    table[np.ndarray.resize] = _resize(interpreter)
    table.update(subclasses.make(interpreter))
    table[np.ndarray.__array__] = lambda a, *args, **kwargs: interpreter.call(np.asarray, a, *args)
    table[np.ndarray.getfield] = _getfield(interpreter)
    table[np.ndarray.setfield] = _setfield(interpreter)
    for name in ("tobytes", "dumps", "byteswap", "__reduce__", "__reduce_ex__", "__setstate__"):
        if hasattr(ndarray, name):
            table[getattr(ndarray, name)] = _bits(interpreter, name)
    table.update(buffers.make(interpreter))
    table[bytes] = _buffer(interpreter, bytes)
    table[bytearray] = _buffer(interpreter, bytearray)
    table[np.frombuffer] = np.frombuffer
    for f in (np.empty, np.zeros, np.ones, np.arange, np.empty_like, np.zeros_like, np.ones_like):
        table.setdefault(f, _creator(interpreter, f))
    del table[np.arange]
    # views and shapes: memory is followed by its owner, and a shape carries no derivative
    table[np.lib.stride_tricks.as_strided] = interpreter.lower.callee(np.lib.stride_tricks.as_strided)
    table[np.broadcast] = lambda *args: np.broadcast(*(np.asarray(a) if isinstance(a, (list, tuple)) else a for a in args))
    return table


def _creator(interpreter: Any, f: Any) -> Any:
    below = interpreter.lower.callee(f)

    def create(*args: Any, **kwargs: Any) -> Any:
        for x in args[:1]:
            t = type(x)
            if t is not ndarray and protocols.overrides(t, "__array_function__"):
                return protocols.invoke(interpreter, protocols.special(t, "__array_function__"), x, f, (t,), args, kwargs)
        if args and isinstance(args[0], (list, tuple)) and f in (np.empty_like, np.zeros_like, np.ones_like):
            args = (interpreter.call(np.asarray, args[0]), *args[1:])
        return below(*args, **kwargs)

    return create


def leaves(x: Any, own: set[type]) -> bool:
    """Whether a nested sequence holds anything but ordinary numbers: active numbers, arrays, objects."""
    if isinstance(x, (list, tuple)):
        return any(leaves(v, own) for v in x)
    return type(x) in own or isinstance(x, ndarray) or not isinstance(x, (int, float, complex, str, bytes, np.generic))


def converter(interpreter: Any, f: Any) -> Any:
    """``np.array`` and its relatives: views stay views, copies are recorded, sequences are assembled."""
    own = interpreter.scalars.own
    below = interpreter.lower.callee(f)

    def convert(*args: Any, **kwargs: Any) -> Any:
        if "a" in kwargs and not args:
            kwargs = dict(kwargs)
            args = (kwargs.pop("a"),)
        if not args:
            return below(*args, **kwargs)
        x = args[0]
        if isinstance(x, ndarray):
            if not interpreter.is_active(x):
                return below(*args, **kwargs)
            if x.dtype.kind == "O":
                y = below(interpreter.objects_plain(x), *args[1:], **kwargs)
                return below(*args, **kwargs) if y.dtype.kind == "O" else elements.numeric(interpreter, x, y)
            return converted(interpreter, x, below(*args, **kwargs))
        if type(x) in own:
            return assembled(interpreter, [x], (), below(interpreter.plain(x), *args[1:], **kwargs), x)
        x = listed(interpreter, x)
        if isinstance(x, (list, tuple)) or hasattr(x, "__next__"):
            if not isinstance(x, (list, tuple)) or not leaves(x, own):
                return below(*args, **kwargs)
            return nested(interpreter, x, args, kwargs, below)
        method = protocols.special(type(x), "__array__")
        if method is not None and not protocols._is_c(method):
            return convert(protocols.invoke(interpreter, method, x), *args[1:], **kwargs)
        if isinstance(x, memoryview):
            return convert(np.asarray(x), *args[1:], **kwargs)  # its memory is found by its owner
        if _is_sequence(x):
            return convert(list(interpreter.hooks["iterate"](x)), *args[1:], **kwargs)
        if protocols.special(type(x), "__array_interface__") or protocols.special(type(x), "__array_struct__"):
            interpreter.check_foreign(f, (x,))  # an address
        return below(*args, **kwargs)

    return convert


def converted(interpreter: Any, x: ndarray, y: Any) -> Any:
    """`y` was made from the active array `x` element by element: a view, or a copy to be recorded."""
    if y is x or may_overlap(x, y):
        return y
    if y.dtype.kind not in "fc":
        if y.dtype.names is not None:
            return interpreter.read_record(x, Ellipsis, y)
        return y if y.dtype.kind != "O" else interpreter.objects(x)
    interpreter.record_copy(x, y)
    return y


def nested(interpreter: Any, x: Any, args: tuple, kwargs: dict, below: Any) -> Any:
    """An array of nested sequences that may hold active numbers and arrays."""
    own = interpreter.scalars.own
    dtype = args[1] if len(args) > 1 else kwargs.get("dtype")
    if dtype is not None and np.dtype(dtype).names is not None:
        return _records(interpreter, x, args, kwargs, below)
    x = _listed(interpreter, x)
    if not interpreter.is_active(x):
        return below(x, *args[1:], **kwargs)
    flat: list[Any] = []
    _flatten(x, flat)
    if any(isinstance(v, ndarray) and v.dtype.kind == "O" or not isinstance(
            v, (ndarray, np.generic, int, float, complex)) and type(v) not in own for v in flat):
        y = below(x, *args[1:], **kwargs)
        if y.dtype.kind in "fc":
            interpreter.check_foreign(np.array, (x,))
        return y  # an object array: holds the numbers themselves
    y = below(interpreter.plain(x), *args[1:], **kwargs)
    return assembled(interpreter, flat, None, y, x)


def _records(interpreter: Any, x: Any, args: tuple, kwargs: dict, below: Any) -> Any:
    """An array of records: lists are its axes, each tuple is a record."""
    y = below(interpreter.plain(x), *args[1:], **kwargs)
    for index in np.ndindex(y.shape):
        record = x
        for i in index[max(len(index) - _depth(x), 0):]:  # `ndmin` puts axes in front
            record = record[i]
        interpreter.store_record(y, index, record)
    return y


def _depth(x: Any) -> int:
    """How many lists are nested before the first record."""
    return 1 + _depth(x[0]) if isinstance(x, list) and x else 0


def _listed(interpreter: Any, x: Any) -> Any:
    """Objects that convert themselves are converted first."""
    if isinstance(x, (list, tuple)):
        return [_listed(interpreter, v) for v in x]
    if isinstance(x, (ndarray, np.generic, int, float, complex, str, bytes)) or x is None:
        return x
    if protocols.overrides(type(x), "__array__") or _is_sequence(x):
        return interpreter.call(np.asarray, x)
    return x


def _is_sequence(x: Any) -> bool:
    """Whether NumPy takes an object for a sequence: it has items, and a length that can be asked for."""
    if not (protocols.overrides(type(x), "__len__") and protocols.overrides(type(x), "__getitem__")):
        return False
    try:
        len(x)
    except Exception:  # as a sparse array, for which length is ambiguous: an object
        return False
    return True


def _flatten(x: Any, out: list) -> None:
    for v in x:
        if isinstance(v, (list, tuple)):
            _flatten(v, out)
        else:
            out.append(v)


def assembled(interpreter: Any, flat: list, shape: Any, y: Any, x: Any) -> Any:
    """Record that the elements of `y`, in order, are the elements of the leaves `flat`."""
    if not isinstance(y, ndarray) or y.dtype.kind not in "fc":
        if isinstance(y, ndarray) and y.dtype.kind == "O":
            return elements.gathered(interpreter, flat, y)
        if isinstance(y, ndarray) and y.dtype.kind in "iub":
            return y  # an integer dtype was asked for: the step has derivative zero, as `int(x)`
        return y
    interpreter.record_assembly(flat, y)
    return y


def _item(interpreter: Any) -> Any:
    def item(a: ndarray, *args: Any) -> Any:
        if a.dtype.kind == "O":
            return a.item(*args)
        if type(a) is not ndarray:  # what ndarray does, not what the subclass makes of its items
            a = a.view(ndarray)
        if not interpreter.is_active(a):
            return interpreter.lower.call(ndarray.item, a, *args)
        if not args:
            if a.size != 1:
                return a.item()
            index: Any = (0,) * a.ndim
        else:
            index = args if len(args) > 1 else args[0]
            if isinstance(index, (int, np.integer)):
                index = tuple(int(i) for i in np.unravel_index(int(index) % a.size if -a.size <= index < 0 else int(index),
                                                               a.shape))
        x = interpreter.hooks["getitem"](a, index)
        if a.dtype.names is not None:
            return tuple(interpreter.call(ndarray.item, interpreter.as_array(interpreter.hooks["getitem"](x, name)))
                         for name in a.dtype.names)
        return interpreter.call(complex if a.dtype.kind == "c" else float, x)

    return item


def _view(interpreter: Any) -> Any:
    def view(a: ndarray, *args: Any, **kwargs: Any) -> Any:
        result = a.view(*args, **kwargs)
        if interpreter.is_active(a) and not (result.dtype.kind in "fc" and _same_precision(a.dtype, result.dtype)
                                             or result.dtype == a.dtype):
            interpreter.refuse_bits(a, f"`.view({result.dtype})`")
        return result

    return view


def _getfield(interpreter: Any) -> Any:
    def getfield(a: ndarray, dtype: Any, offset: int = 0) -> Any:
        field = a.getfield(dtype, offset)
        if interpreter.is_active(a) and not (field.dtype == a.dtype and offset == 0) and not any(
                known[:2] == (field.dtype, offset) for known in (a.dtype.fields or {}).values()):
            interpreter.refuse_bits(a, "`.getfield()` of something else than a field")
        return field

    return getfield


def _setfield(interpreter: Any) -> Any:
    getfield = _getfield(interpreter)

    def setfield(a: ndarray, value: Any, dtype: Any, offset: int = 0) -> None:
        interpreter.hooks["setitem"](value, getfield(a, dtype, offset), Ellipsis)

    return setfield


def _array_ufunc(interpreter: Any) -> Any:
    def array_ufunc(a: ndarray, f: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(protocols.overrides(type(x), "__array_ufunc__") for x in (*inputs, *kwargs.get("out", ()))):
            return NotImplemented
        return interpreter.call(f if method == "__call__" else getattr(f, method), *inputs, **kwargs)

    return array_ufunc


def _deepcopy(interpreter: Any) -> Any:
    def deep(a: ndarray, memo: Any = None) -> Any:
        if a.dtype.kind != "O":
            return interpreter.call(np.array, a, order="K", copy=True)
        result = np.empty_like(a)
        for index in np.ndindex(a.shape):
            result[index] = interpreter.call(copy.deepcopy, a[index], memo)
        return result

    return deep


def _astype(interpreter: Any) -> Any:
    def astype(a: ndarray, *args: Any, **kwargs: Any) -> Any:
        dtype = args[0] if args else kwargs.get("dtype")
        if dtype is not None and a.dtype.kind in "fc" and np.dtype(dtype).kind == "O" and interpreter.is_active(a):
            return interpreter.objects(a)
        if dtype is not None and np.dtype(dtype).kind in "mM" and interpreter.is_active(a):
            interpreter.refuse_store(np.empty(0, dtype), a, "durations and dates count whole units")
        return binding.apply(interpreter, RULES[np.ndarray.astype], np.ndarray.astype, (a, *args), kwargs)

    return astype


def _same_precision(a: np.dtype, b: np.dtype) -> bool:
    return np.empty(0, a).real.dtype == np.empty(0, b).real.dtype


def _resize(interpreter: Any) -> Any:
    def resize(a: ndarray, *args: Any, **kwargs: Any) -> Any:
        if interpreter.is_recorded(a):
            from . import refusal

            raise interpreter.refuse(refusal.unsupported(
                interpreter, "`.resize` of an array that carries a derivative", "its memory moves",
                ["make a new array:  a = np.resize(a, shape)"], a))
        return a.resize(*args, **kwargs)

    return resize


def _bits(interpreter: Any, name: str) -> Any:
    method = getattr(ndarray, name)

    def bits(a: ndarray, *args: Any, **kwargs: Any) -> Any:
        if interpreter.is_active(a):
            interpreter.refuse_bits(a, f"`.{name}()`")
        return method(a, *args, **kwargs)

    return bits


def _buffer(interpreter: Any, cls: type) -> Any:
    def buffer(*args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], ndarray) and interpreter.is_active(args[0]):
            interpreter.refuse_bits(args[0], f"`{cls.__name__}()`")
        return cls(*args, **kwargs)

    return buffer


def write_out(interpreter: Any, f: Any, y: Any, out: Any, casting: str = "same_kind") -> Any:
    """Store the result of a primitive called with ``out=`` and return `out`."""
    if isinstance(out, tuple):
        if len(out) == 1 and not isinstance(y, tuple):
            return write_out(interpreter, f, y, out[0], casting)
        return tuple(v if o is None else write_out(interpreter, f, v, o, casting) for v, o in zip(y, out, strict=True))
    value_type = getattr(y, "dtype", None)
    if value_type is not None and not np.can_cast(value_type, out.dtype, casting):
        raise np._core._exceptions._UFuncOutputCastingError(f, casting, value_type, out.dtype, 0)
    shape = np.shape(y)
    if out.shape != shape and np.broadcast_shapes(out.shape, shape) != out.shape:
        raise ValueError(f"non-broadcastable output operand with shape {out.shape} doesn't match the broadcast shape {shape}")
    interpreter.hooks["setitem"](y, out, Ellipsis)
    return out
