"""What a program finds outside itself: globals, free variables, defaults, class attributes, and what these hold.

Arrays become parameters, numbers constants under a guard; once a number has been seen to change, it is a parameter too.
Lists, dicts and objects are taken apart like arguments: each part is found from the place where the whole is found. They
are read only.
"""

from __future__ import annotations

import enum
import types
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.types import BY_DTYPE, ScalarType
from ..surroundings import form_of, layout
from .state import TryAgain
from .values import Const, Ref, Scalar, Sequence

__all__ = ["Outer"]

_ORDINARY = frozenset((float, int, bool, complex, *np.sctypeDict.values()))
_MOST = 512  # items of a container from outside
_SIMPLE = (bool, int, float, complex, str, bytes, type(None), np.generic)


class Outer:
    """Lowers what lies outside the function; expects the other mixins beside it."""

    def capture(self, obj: Any) -> Any:
        """A constant of the program."""
        if not _ordinary(obj):
            raise NotCompilable("a constant that is not an ordinary number: it may carry a derivative")
        return Const(obj)

    def outside(self, kind: str, container: Any, key: Any, value: Any, name: str) -> Any:
        """A value found outside the function: arrays become parameters, the rest constants under a guard.

        Numbers that have been seen to change (`varying`) are parameters too.
        """
        key = name if kind == "cell" else key
        changes = (kind, key) in self.varying
        place = (kind, id(container), key)
        if changes and type(value) in (float, int) and (type(value) is float or abs(value) < 2**62):
            if place not in self.captured_values:
                type_ = BY_DTYPE[np.dtype(type(value))]
                self.captured_values[place] = Scalar(self.parameter(ScalarType(type_.name), name), "py")
                self.captured.append((kind, container, key))
            return self.captured_values[place]
        if isinstance(value, np.ndarray):
            if place not in self.captured_values:
                if type(value) is not np.ndarray or value.dtype not in (*BY_DTYPE, np.complex128) \
                        or not value.dtype.isnative:
                    raise NotCompilable(f"the array `{name}` has dtype {value.dtype}")
                form = form_of(value)
                self.guards.append(("form", container, key if kind == "inside" else (kind, key), form))
                self.captured_values[place] = self.array_parameter((value.dtype.str, value.ndim, form[1], False), name)
                self.captured.append((kind, container, key))
            return self.captured_values[place]
        if isinstance(value, (list, dict, set, frozenset)) or _is_plain_object(value) or (isinstance(value, tuple) and (
                changes or hasattr(value, "_fields") or not all(isinstance(x, (*_SIMPLE, type)) for x in value))):
            if place not in self.captured_values:
                self.captured_values[place] = self.taken_apart(kind, container, key, value, name)
            return self.captured_values[place]
        if type(value).__module__ != "builtins" and not isinstance(
                value, (types.ModuleType, type, np.generic, np.ufunc, enum.Enum)) \
                and not callable(value) and not isinstance(value, np.dtype):
            raise NotCompilable(f"the object `{name}` from outside the function")
        self.guards.append((kind, container, key, value))
        return self.capture(value)

    # ---- containers and objects
    def taken_apart(self, kind: str, container: Any, key: Any, value: Any, name: str) -> Any:
        """A container from outside as one of this program, whose parts are found when they are asked for."""
        way = key if kind == "inside" else (kind, key)
        if len(way) > 10:
            raise NotCompilable(f"the deeply nested `{name}` from outside the function")
        self.guards.append(("layout", container, way, layout(value)))
        if isinstance(value, (set, frozenset)):
            if not all(type(x) in (int, str, bool) for x in value):
                raise NotCompilable(f"the set `{name}` from outside the function")
            return Const(frozenset(value))
        if isinstance(value, (list, tuple, dict)) and len(value) > _MOST:
            raise NotCompilable(f"the long `{name}` from outside the function")

        def part(step: tuple, x: Any) -> Any:
            try:
                return self.outside("inside", container, (*way, step), x, name)
            except NotCompilable as refusal:
                return refusal  # matters only if it is read

        if isinstance(value, tuple):
            items = tuple(part(("item", k), x) for k, x in enumerate(value))
            for x in items:
                if isinstance(x, NotCompilable):
                    raise x
            return Sequence(items, type(value))
        ref = Ref(next(self.keys), type(value))
        self.outside_refs.add(ref.key)
        if isinstance(value, list):
            items = tuple(part(("item", k), x) for k, x in enumerate(value))
            refusal = next((x for x in items if isinstance(x, NotCompilable)), None)
            self.outside_state[(ref.key, "items")] = refusal or Sequence(items, list)
        elif isinstance(value, dict):
            if not all(type(k) in (str, int, bool) or isinstance(k, (enum.Enum, type, types.FunctionType)) or (
                    type(k) is tuple and all(type(i) in (str, int, bool) for i in k)) for k in value):
                raise NotCompilable("a dict with keys that are not strings or integers")
            self.outside_state[(ref.key, "keys")] = Const(tuple(value))
            for k in value:
                self.outside_parts[(ref.key, ("item", k))] = (lambda k=k, x=value[k]: part(("item", k), x))
        else:
            for k, x in vars(value).items():
                self.outside_parts[(ref.key, k)] = (lambda k=k, x=x: part(("attribute", k), x))
        return ref

    def lookup_state(self, key: tuple) -> Any:
        """What an object holds under a name, ``key = (identity, name)``; None if nothing."""
        found = self.state.get(key)
        if found is None:
            found = self.outside_state.get(key)
        if found is None and key in self.outside_parts:
            found = self.outside_state[key] = self.outside_parts[key]()
        if isinstance(found, (NotCompilable, TryAgain)):
            raise found
        return found

    def check_own(self, ref: Ref) -> None:
        """Refuse to change what comes from outside."""
        if ref.key in self.outside_refs:
            raise NotCompilable(f"a {ref.cls.__name__} from outside the function is changed")

    # ---- defaults
    def defaults_of(self, function: types.FunctionType, names: list[str]) -> tuple[list, list]:
        """Values of the defaults of a function, and of those of the keywords with these names."""
        if function.__defaults__ or function.__kwdefaults__:
            self.guards.append(("defaults", function, None, (function.__defaults__, function.__kwdefaults__)))
        defaults = [self.default(("default", function, k, d)) for k, d in enumerate(function.__defaults__ or ())]
        kw = [self.default(("kwdefault", function, n, (function.__kwdefaults__ or {})[n]))
              if n in (function.__kwdefaults__ or {}) else None for n in names]
        return defaults, kw

    def default(self, place: tuple) -> Any:
        kind, function, key, value = place
        if isinstance(value, (*_SIMPLE, type, types.FunctionType)):
            return self.capture(value)  # the guard of all defaults holds it
        return self.outside(kind, function, key, value, str(key))


def _ordinary(x: Any) -> bool:
    """Whether a constant holds no number that only looks like one: an active number of a recording."""
    if isinstance(x, (float, complex, int, np.inexact)) and not isinstance(x, enum.Enum):
        return type(x) in _ORDINARY
    return all(map(_ordinary, x)) if isinstance(x, (tuple, list)) else True


def _is_plain_object(x: Any) -> bool:
    """Whether an object is its attributes: an instance of a class of the program."""
    cls = type(x)
    if isinstance(x, (type, enum.Enum, np.ndarray, types.ModuleType)) or not hasattr(x, "__dict__") or isinstance(
            x, types.FunctionType) or cls.__module__.partition(".")[0] in (
            "builtins", "numpy", "scipy", "numba", "functools", "undertow"):
        return False
    return cls.__getattribute__ is object.__getattribute__ and not hasattr(cls, "__getattr__") \
        and not hasattr(cls, "__slots__") and not hasattr(x, "py_func") and not hasattr(x, "__wrapped__")

