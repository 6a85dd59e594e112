"""Arrays of objects: their elements carry derivatives themselves; and Python functions looped over elements.

An object array holds active numbers as a list does.  Compiled loops over it call the numbers' own operators, so they
differentiate; what converts the elements to floats drops derivatives, and is done here element by element.
"""

from __future__ import annotations

import functools
import gc
import re
from types import FunctionType, MethodType
from typing import Any

import numpy as np
from numpy import ndarray

from . import callables
from .scalars import ACTIVE


def holds_active(interpreter: Any, args: Any) -> bool:
    """Whether an array of objects among the arguments, or in a sequence there, holds active numbers."""
    for x in args:
        if isinstance(x, ndarray):
            if x.dtype.kind == "O" and any(interpreter.find_active(v) is not None for v in x.flat):
                return True
        elif isinstance(x, (list, tuple)) and holds_active(interpreter, x):
            return True
    return False


def as_objects(interpreter: Any, x: Any) -> Any:
    """Active float arrays as arrays of their elements, sequences included."""
    if isinstance(x, ndarray):
        return interpreter.objects(x) if x.dtype.kind in "fc" and interpreter.is_active(x) else x
    if isinstance(x, (list, tuple)) and not hasattr(x, "_fields"):
        return type(x)(as_objects(interpreter, v) for v in x)
    return x


def numeric(interpreter: Any, x: ndarray, y: ndarray) -> ndarray:
    """Record that `y`, an array of numbers, was converted from the object array `x`."""
    if y.dtype.kind in "fc":
        flat = list(x.flat)
        flat = [interpreter.as_array(v) if isinstance(v, (list, tuple)) else v for v in flat]
        interpreter.record_assembly(flat, y)
    return y


def gathered(interpreter: Any, flat: list, y: ndarray) -> ndarray:
    """An object array of the shape of `y` that holds the numbers `flat` and those of the arrays among them."""
    numbers: list = []
    for v in flat:
        if isinstance(v, ndarray):
            numbers.extend((interpreter.objects(v) if interpreter.is_active(v) else v.astype(object)).flat)
        else:
            numbers.append(v)
    if len(numbers) != y.size:
        interpreter.check_foreign(np.array, tuple(flat))
    result = np.empty_like(y)
    for index, v in zip(np.ndindex(y.shape), numbers, strict=True):
        result[index] = v
    return result


def apply(interpreter: Any, f: Any, args: tuple, kwargs: dict) -> Any:
    """A primitive of object arrays that hold active numbers."""
    if f is ndarray.astype:
        y = f(interpreter.objects_plain(args[0]), *args[1:], **kwargs)
        return args[0].astype(object) if y.dtype.kind == "O" else numeric(interpreter, args[0], y)
    if holds_others(interpreter, args):
        if isinstance(f, np.ufunc) and f.nout == 1 and not kwargs:
            return each(interpreter, f, args)
        if f is np.sum and not kwargs and len(args) == 1:
            return functools.reduce(interpreter.hooks["add"], args[0].flat)
    objects = tuple(as_objects(interpreter, a) for a in args)
    kwargs = {k: as_objects(interpreter, v) for k, v in kwargs.items()}
    try:
        y = f(*objects, **kwargs)
    except TypeError:
        body = getattr(f, "_implementation", f)
        if type(body) is not FunctionType:
            raise
        return interpreter.calls.rewritten(body)(*args, **kwargs)  # what NumPy writes in Python is followed
    for v in y if isinstance(y, (tuple, list)) else (y,):
        kind = getattr(getattr(v, "dtype", None), "kind", "")
        if kind in "fc" and kind and not interpreter.is_active(v) or type(v) in (float, complex):
            interpreter.check_foreign(f, args, kwargs)
        if kind == "O" and not made_of(v, objects):
            interpreter.check_foreign(f, args, kwargs)
    return y


def holds_others(interpreter: Any, args: tuple) -> bool:
    """Whether an object array among the arguments has elements that are no numbers: arrays, objects of the program."""
    return any(isinstance(a, ndarray) and a.dtype.kind == "O" and any(
        type(v) not in interpreter.numbers and type(v) not in ACTIVE for v in a.flat) for a in args)


def binary(interpreter: Any, hook: str, a: Any, b: Any) -> Any:
    """``a op b`` where one is an object array: compiled loops ask the numbers in it, arrays in it go through hooks."""
    if holds_others(interpreter, (a, b)) and holds_active(interpreter, (a, b)):
        f = interpreter.ufunc_of(hook)
        if f is np.matmul:
            interpreter.check_foreign(f, (a, b))
        return each(interpreter, f, (a, b))
    return interpreter.lower.hooks[hook](as_objects(interpreter, a), as_objects(interpreter, b))


def inplace(interpreter: Any, hook: str, a: ndarray, b: Any) -> Any:
    """``a op= b`` for an object array `a`."""
    if holds_others(interpreter, (a, b)) and holds_active(interpreter, (a, b)):
        a[...] = binary(interpreter, hook, a, b)
        return a
    return interpreter.lower.hooks["i" + hook.rstrip("_")](a, as_objects(interpreter, b))


def is_objects(x: Any) -> bool:
    """Whether `x` is an array of objects."""
    return isinstance(x, ndarray) and x.dtype.kind == "O"


def boxed(x: Any) -> ndarray:
    """A number or object as an array of one object."""
    box = np.empty((), object)
    box[()] = x
    return box


def each(interpreter: Any, f: np.ufunc, args: tuple) -> Any:
    """A ufunc of object arrays whose elements are arrays: element by element."""
    boxes = [a if isinstance(a, ndarray) else boxed(a) for a in args]
    boxes = [interpreter.objects(a) if a.dtype.kind != "O" and interpreter.is_active(a) else a for a in boxes]
    result = np.empty(np.broadcast_shapes(*(a.shape for a in boxes)), object)
    boxes = [np.broadcast_to(a, result.shape) for a in boxes]
    for index in np.ndindex(result.shape):
        result[index] = interpreter.call(f, *(a[index] for a in boxes))
    return result if result.ndim else result[()]


def made_of(y: ndarray, args: tuple) -> bool:
    """Whether the arrays in an object array are those of the arguments: compiled loops made none of their own."""
    known = {id(v) for a in args if isinstance(a, ndarray) and a.dtype.kind == "O" for v in a.flat}
    return all(id(v) in known for v in y.flat if isinstance(v, ndarray) and v.dtype.kind in "fc") or not known


# ---- Python functions behind ufuncs ------------------------------------------------------------------------------


def python_function(f: np.ufunc) -> Any:
    """The Python function that ``np.frompyfunc`` made a ufunc of; None for other ufuncs."""
    if set("".join(f.types)) - set("O->"):
        return None
    return next((g for g in gc.get_referents(f) if isinstance(g, (FunctionType, MethodType)) or callable(g)), None)


def looped(interpreter: Any, f: np.ufunc, function: Any) -> Any:
    """What is called in place of a ufunc made of a Python function: a loop over the elements."""
    from . import foreign

    guarded = foreign.guard(interpreter, f)

    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if kwargs or len(args) != f.nin:
            return guarded(*args, **(kwargs if out is None else {"out": out, **kwargs}))
        arrays = [interpreter.as_array(a) if not isinstance(a, ndarray) else a for a in args]
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        arrays = [interpreter.call(np.broadcast_to, a, shape) for a in arrays]
        body = interpreter.callee(function)
        results = [np.empty(shape, object) for _ in range(f.nout)]
        for index in np.ndindex(shape):
            found = body(*(element(interpreter, a, index) for a in arrays))
            for result, v in zip(results, found if f.nout > 1 else (found,), strict=True):
                result[index] = v
        if out is not None and out is not Ellipsis:
            targets = out if isinstance(out, tuple) else (out,)
            for target, result in zip(targets, results, strict=True):
                interpreter.hooks["setitem"](result, target, Ellipsis)
            return targets if len(targets) > 1 else targets[0]
        finished = [r if shape or out is Ellipsis else r[()] for r in results]
        return finished[0] if f.nout == 1 else tuple(finished)

    return call


def compiled_elementwise(interpreter: Any, f: Any, function: Any) -> Any:
    """What is called in place of a ufunc that Numba compiled of a Python function: that function, element by element."""
    from . import foreign

    guarded = foreign.guard(interpreter, f)

    def call(*args: Any, **kwargs: Any) -> Any:
        if interpreter.find_active(args) is None or kwargs or f.nout != 1:
            return guarded(*args, **kwargs)
        arrays = [a if isinstance(a, ndarray) else interpreter.as_array(a) for a in args]
        y = callables.call_below(interpreter, f, tuple(map(interpreter.plain, args)), {})
        shape = np.shape(y)
        arrays = [interpreter.call(np.broadcast_to, a, shape) for a in arrays]
        body, getitem = interpreter.callee(function), interpreter.hooks["getitem"]
        found = [body(*(getitem(a, index) for a in arrays)) for index in np.ndindex(shape)]
        if not shape:
            return interpreter.call(y.dtype.type, found[0])
        return interpreter.call(np.reshape, interpreter.call(np.array, found, dtype=y.dtype), shape)

    return call


def compiled_pieces(interpreter: Any, f: Any, builder: Any) -> Any:
    """What is called in place of a generalised ufunc that Numba compiled: its Python function, for each piece of the arrays."""
    from . import foreign

    guarded, getitem = foreign.guard(interpreter, f), interpreter.hooks["getitem"]
    inner = [len(dims.split(",")) if dims else 0 for dims in re.findall(r"\(([^)]*)\)", builder.signature.replace(" ", ""))]
    nin = builder.signature.split("->")[0].count("(")
    taken = [getattr(t, "ndim", 0) for t in builder._sigs[0].args] if builder._sigs else [*inner[:nin], *[1] * len(inner)]

    def piece(a: Any, k: int, index: tuple) -> Any:
        """What the function gets of an argument: a number, or an array that has an axis even where there is none."""
        return getitem(a, index) if max(inner[k], taken[k]) == inner[k] and k < nin else getitem(
            a, index if inner[k] else (*index, None))

    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        targets = list(args[nin:]) or ([] if out is None else list(out) if isinstance(out, tuple) else [out])
        if kwargs or interpreter.find_active((args, targets)) is None:
            return guarded(*args, **(kwargs if out is None else {"out": out, **kwargs}))
        arrays = [a if isinstance(a, ndarray) else interpreter.as_array(a) for a in args[:nin]]
        if not targets:
            y = interpreter.lower.callee(f)(*map(interpreter.plain, arrays))
            targets = [np.empty_like(v) for v in (y if isinstance(y, tuple) else (y,))]
        shape = np.broadcast_shapes(*(a.shape[:a.ndim - n] for a, n in zip([*arrays, *targets], inner, strict=True)))
        arrays = [interpreter.call(np.broadcast_to, a, (*shape, *a.shape[a.ndim - n:]))
                  for a, n in zip(arrays, inner, strict=False)]
        body = interpreter.callee(builder.py_func)
        for index in np.ndindex(shape):
            body(*(piece(a, k, index) for k, a in enumerate([*arrays, *targets])))
        results = tuple(t if t.ndim else getitem(t, ()) for t in targets)
        return results[0] if len(results) == 1 else results

    return call


def element(interpreter: Any, a: ndarray, index: tuple) -> Any:
    """An element as an array of objects would hold it: a number of Python."""
    return a[index] if a.dtype.kind == "O" else interpreter.call(ndarray.item, a, *index) if index else \
        interpreter.call(ndarray.item, a)


__all__ = ["apply", "as_objects", "compiled_elementwise", "compiled_pieces", "holds_active", "looped", "numeric", "python_function"]
