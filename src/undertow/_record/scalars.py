"""Active scalars: numbers that carry their derivative with the value.

They subclass the type they stand for (``float``, ``np.float64``, …), so that they survive containers, attributes
and C code that only moves objects, and overload its operators, so that ``sum`` and ``max`` written in C
differentiate too.  In recorded code ``type(x)`` and ``x.__class__`` answer the ordinary type.

Every interpreter has classes of its own: the class of a number tells whose it is.  ``x.primal`` is the number as
the interpreter below sees it, ``x.mark`` is the index on the tape (reverse) or the tangent (forward).  An
operator computes the result from the primals and hands partial derivatives to the interpreter's
``emit1(value, x, p)`` or ``emit2(value, x, p, y, q)``.
"""

from __future__ import annotations

import functools
import math
import numbers
import operator
from typing import Any

import numpy as np
from numpy import ndarray

REAL_BASES = (float, np.float64, np.float32, np.float16, np.longdouble)
COMPLEX_BASES = (complex, np.complex128, np.complex64, np.clongdouble)
BASES = tuple(dict.fromkeys(REAL_BASES + COMPLEX_BASES))
INTEGERS = (int, bool, np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
            np.longlong, np.ulonglong, np.intp, np.uintp)


def _settled(base: type) -> type:
    """The class of a number that was active in a run that is over: a constant, of the layout it had."""

    def answer(name: str) -> Any:
        method = getattr(base, name)
        return lambda x, *args: method(base(x), *args)

    def operation(hook: Any, reflected: bool) -> Any:  # a number of the very type lets active ones on its right go first
        return (lambda x, y: hook(y, base(x))) if reflected else lambda x, y: hook(base(x), y)

    body = {name: answer(name) for name in ("__format__", "__repr__", "__str__", "__reduce_ex__")}
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "divmod"):
        hook = divmod if name == "divmod" else getattr(operator, name)
        body[f"__{name}__"], body[f"__r{name}__"] = operation(hook, False), operation(hook, True)
    body.update(__slots__=("mark", "primal"), __module__=base.__module__, __qualname__=base.__qualname__,
                stands_for=base, __class__=property(lambda x: base), __copy__=base, __deepcopy__=lambda x, memo: base(x))
    return type(base.__name__, (base,), body)


SETTLED = {base: _settled(base) for base in BASES}
NUMBERS = frozenset((*BASES, *INTEGERS, *SETTLED.values()))
ACTIVE: dict[type, type] = {cls: base for base, cls in SETTLED.items()}
"""Active class, also of a finished run -> the type it stands for, over all interpreters."""

_BINARY = '''
def __{name}__(a, b):
    tb = type(b)
    x = a.primal
    if tb in own:
        y = b.primal
        v = {v}
        return emit2(v, a, {p}, b, {q})
    if tb in passive:
        y = b
        v = {v}
        return emit1(v, a, {p})
    return other("{hook}", a, b, False)

def __r{name}__(b, a):
    ta = type(a)
    y = b.primal
    if ta in passive:
        x = a
        v = {v}
        return emit1(v, b, {q})
    return other("{hook}", b, a, True)
'''

_FORMS = [
    ("add", "add", "+", "1.0", "1.0"),
    ("sub", "sub", "-", "1.0", "-1.0"),
    ("mul", "mul", "*", "y", "x"),
    ("truediv", "truediv", "/", "1.0 / y", "-v / y"),
    ("mod", "mod", "%", "1.0", "-(x // y)"),
    ("pow", "pow", "**", "power_base(x, y, v)", "power_exponent(x, y, v, log)"),
]


def over_zero(y: Any) -> Any:
    """``1 / y`` for a zero: NumPy's numbers divide by a zero of Python without an exception."""
    return complex(math.nan, math.nan) if isinstance(y, complex) else math.copysign(math.inf, y)


def power_base(x: Any, y: Any, v: Any) -> Any:
    """d(x**y)/dx, exact zero for y = 0, without an exception where the derivative is infinite."""
    if y == 0 and (type(y) in NUMBERS or x == 0):
        return 0.0
    try:
        return y * x ** (y - 1)
    except ZeroDivisionError:
        return math.copysign(math.inf, y)


def power_exponent(x: Any, y: Any, v: Any, log: Any) -> Any:
    """d(x**y)/dy; zero at x = 0 for y >= 0, as the rule of `np.power` has it."""
    if x == 0:
        return 0.0 if (y.real if isinstance(y, complex) else y) >= 0 else math.nan
    if isinstance(x, complex) or isinstance(v, complex) or isinstance(y, complex):
        return v * log(x + 0j)
    if x < 0:
        return math.nan
    if v == 0:
        return 0.0
    return v * log(x)


def define(text: str, names: dict[str, Any]) -> None:
    """Make functions from text.  They are known as the engine's own: not followed, and not shown in errors."""
    names["__name__"] = __name__
    exec(_compiled(text), names)


@functools.cache
def _compiled(text: str) -> Any:
    return compile(text, "<undertow>", "exec")


class ScalarFactory:
    """Makes the active classes of one interpreter.

    Parameters
    ----------
    interpreter : Interpreter
        Provides ``emit1``, ``emit2`` and ``lower``.
    """

    def __init__(self, interpreter: Any) -> None:
        self.interpreter = interpreter
        self.own: set[type] = set()
        self.passive: set[type] = set(NUMBERS)
        self.wrap: dict[type, type] = {}
        below = interpreter.lower
        while below.level > 0:
            self.passive.update(below.scalars.own)
            below = below.lower
        for base in BASES:
            cls = self.make(base)
            self.own.add(cls)
            self.wrap[base] = self.wrap[SETTLED[base]] = cls
            ACTIVE[cls] = base
            below = interpreter.lower
            while below.level > 0:
                self.wrap[below.scalars.wrap[base]] = cls
                below = below.lower

    def make(self, base: type) -> type:
        """The active class that stands for `base`."""
        interpreter = self.interpreter
        names: dict[str, Any] = {
            "own": self.own, "passive": self.passive, "emit1": interpreter.emit1, "emit2": interpreter.emit2,
            "other": self.other, "over_zero": over_zero, "power_base": power_base, "log": lambda x: interpreter.lower.call(np.log, x), "power_exponent": power_exponent,
        }
        body: dict[str, Any] = {"__slots__": ("mark", "primal"), "interpreter": interpreter, "stands_for": base,
                                # NumPy's numbers leave the operator to us (they would take the value alone), and
                                # a ufunc that was not called through a hook raises instead of dropping the derivative
                                "__array_ufunc__": None}
        for name, hook, op, p, q in interpreter.scalar_forms(base):
            # below there may be active numbers too, whose operators a plain complex number on the left would pass over
            nested = interpreter.lower.level > 0
            v = f"below_{name}(x, y)" if nested else f"x {op} y"
            if nested:
                names[f"below_{name}"] = interpreter.lower.hooks[hook]
            if name == "truediv" and issubclass(base, np.generic):
                p = f"({p} if y else over_zero(y))"
            define(_BINARY.format(name=name, hook=hook, v=v, p=p, q=q), names)
            body[f"__{name}__"] = names[f"__{name}__"]
            body[f"__r{name}__"] = names[f"__r{name}__"]
        body.update(interpreter.scalar_methods(base))
        self.add_methods(base, body)
        body.update(__module__=base.__module__, __qualname__=base.__qualname__)
        prefix = "numpy." if issubclass(base, np.generic) else ""  # as messages of the interpreter name the type
        return type(prefix + base.__name__, (base,), body)

    def other(self, hook: str, a: Any, b: Any, reflected: bool) -> Any:
        """`a` is ours, `b` neither ours nor an ordinary number."""
        tb = type(b)
        interpreter = self.interpreter
        if tb is ndarray:
            return interpreter.array_binary(hook, b, a) if reflected else interpreter.array_binary(hook, a, b)
        stands_for = ACTIVE.get(tb)
        if stands_for is None:
            if tb is np.timedelta64 or tb is np.datetime64:
                interpreter.refuse_store(b, a, "durations and dates count whole units")
            return NotImplemented
        if tb.interpreter.level > interpreter.level:  # type: ignore[attr-defined]
            return NotImplemented
        plain = stands_for(b)
        return getattr(operator, hook)(plain, a) if reflected else getattr(operator, hook)(a, plain)

    def add_methods(self, base: type, body: dict[str, Any]) -> None:
        """Operators and attributes that are not arithmetic between two numbers."""
        emit1 = self.interpreter.emit1
        is_complex = base in COMPLEX_BASES
        one = 1.0

        def __neg__(x):
            return emit1(-x.primal, x, -one)

        def __pos__(x):
            return x

        def __hash__(x):
            return base.__hash__(x)

        def __reduce_ex__(x, protocol):
            self.interpreter.refuse_bits(x, "pickling")

        def __class(x):
            return base

        def __deepcopy__(x, memo):
            return x

        body.update(__copy__=__pos__, __deepcopy__=__deepcopy__, __neg__=__neg__, __pos__=__pos__, __hash__=__hash__, __reduce_ex__=__reduce_ex__,
                    __class__=property(__class))
        for name in ("__format__", "__repr__", "__str__"):
            body[name] = _delegate(base, name)
        for name in ("hex", "as_integer_ratio", "tobytes", "dumps", "dump", "data", "__array_interface__",
                     "__array_struct__", "view", "tofile", "byteswap"):
            if hasattr(base, name):
                body[name] = property(_refusing(self.interpreter, name))
        if not is_complex:
            body["__abs__"] = lambda x: emit1(abs(x.primal), x, _sign(x.primal))
            body["real"] = property(lambda x: x)
            body["imag"] = property(lambda x: base(0))
            body["conjugate"] = lambda x: x

            def __floordiv__(a, b):
                return NotImplemented if type(b) is ndarray else base(a) // ACTIVE.get(type(b), _same)(b)

            def __rfloordiv__(b, a):
                return NotImplemented if type(a) is ndarray else ACTIVE.get(type(a), _same)(a) // base(b)

            def __divmod__(a, b):
                return a // b, a % b

            def __rdivmod__(a, b):
                return b // a, b % a

            def __round__(x, ndigits=None):
                return round(base(x)) if ndigits is None else round(base(x), ndigits)

            body.update(__floordiv__=__floordiv__, __rfloordiv__=__rfloordiv__, __divmod__=__divmod__, __rdivmod__=__rdivmod__, __round__=__round__)
        else:
            lift = self.interpreter.lift
            of_numpy = issubclass(base, np.generic)
            body["__abs__"] = lambda x: lift(np.absolute, x) if of_numpy else lift(float, lift(np.absolute, x))
            body["real"] = property(lambda x: emit1(x.primal.real, x, 1.0))
            body["imag"] = property(lambda x: emit1(x.primal.imag, x, -1.0j))  # Re(-i dx) = Im(dx)
            body["conjugate"] = lambda x: lift(np.conjugate, x) if of_numpy else lift(complex, lift(np.conjugate, x))
        if issubclass(base, np.generic):
            self.add_numpy_methods(base, body)

    def add_numpy_methods(self, base: type, body: dict[str, Any]) -> None:
        """NumPy scalars have the methods of arrays."""
        interpreter = self.interpreter

        def __array_ufunc__(x, ufunc, method, *inputs, **kwargs):
            return interpreter.call(ufunc if method == "__call__" else getattr(ufunc, method), *inputs, **kwargs)

        body["__array_ufunc__"] = __array_ufunc__
        body["__array_priority__"] = 1e7
        body["conj"] = body["conjugate"]
        body["item"] = lambda x, *args: interpreter.lift(complex if base in COMPLEX_BASES else float, x)
        body["T"] = property(lambda x: x)
        for name in ("astype", "clip", "copy", "cumprod", "cumsum", "flatten", "max", "mean", "min", "prod", "ravel",
                     "repeat", "reshape", "round", "squeeze", "std", "sum", "swapaxes", "take", "transpose", "var",
                     "trace", "diagonal", "tolist"):
            body[name] = _array_method(interpreter, name)

        def __getitem__(x, index):
            result = interpreter.hooks["getitem"](interpreter.as_array(x), index)
            return result

        body["__getitem__"] = __getitem__
        bits = body["view"].fget

        def view(x, *args, **kwargs):
            """A number viewed as a class of arrays is itself; other types would look at the bits."""
            if not kwargs and len(args) == 1 and isinstance(args[0], type) and issubclass(args[0], ndarray):
                return x
            return bits(x)

        body["view"] = view


def _same(x: Any) -> Any:
    return x


def _sign(x: Any) -> Any:
    return 0.0 if x == 0 else math.copysign(1.0, x)


def _delegate(base: type, name: str) -> Any:
    method = getattr(base, name)

    def shown(x, *args):
        return method(base(x), *args)

    return shown


def _refusing(interpreter: Any, name: str) -> Any:
    def getter(x):
        interpreter.refuse_bits(x, f"`.{name}`")

    return getter


def _array_method(interpreter: Any, name: str) -> Any:
    def method(x, *args, **kwargs):
        array = interpreter.as_array(x)
        result = interpreter.call(getattr(np.ndarray, name), array, *args, **kwargs)
        if type(result) is ndarray and result.ndim == 0:  # NumPy's scalars answer with scalars
            result = interpreter.hooks["getitem"](result, ())
        return result

    return method


def plain_type(x: Any) -> type:
    """The type `x` has in the plain run."""
    t = type(x)
    return ACTIVE.get(t, t)


def is_number(x: Any) -> bool:
    """Whether `x` is a plain number."""
    return type(x) in NUMBERS or isinstance(x, numbers.Number)


__all__ = ["ACTIVE", "BASES", "COMPLEX_BASES", "NUMBERS", "REAL_BASES", "SETTLED", "ScalarFactory", "is_number", "plain_type"]
