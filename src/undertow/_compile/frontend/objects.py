"""Attributes and operators of objects."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from .merge import describe
from .state import TryAgain, Unknown
from .values import Array, Const, Lazy, Maybe, Method, Ref, Scalar, Sequence

__all__ = ["Objects"]

_SPECIAL = {"Add": "add", "Sub": "sub", "Mult": "mul", "Div": "truediv", "MatMult": "matmul", "Pow": "pow",
            "FloorDiv": "floordiv", "Mod": "mod", "BitAnd": "and", "BitOr": "or", "BitXor": "xor", "LShift": "lshift",
            "RShift": "rshift"}


class Objects:
    """Lowers what concerns objects; expects the other mixins beside it."""

    # ---- operators
    def special_method(self, op: str, left: Any, right: Any) -> Any:
        name = _SPECIAL.get(op)
        if isinstance(left, Ref) and isinstance(right, Ref) and right.cls is not left.cls:
            raise NotCompilable("an operator of objects of two classes")
        for owner, other, prefix in ((left, right, "__"), (right, left, "__r")):
            found = self.class_attribute(owner.cls, f"{prefix}{name}__") if name and isinstance(owner, Ref) else None
            if isinstance(found, types.FunctionType) and not isinstance(other, (Array, Lazy)):
                return self.answered(self.call(Const(found), [owner, other], {}))
        if any(isinstance(v, Ref) and v.cls is list for v in (left, right)):
            raise Unknown(f"operator {op} of a list of unknown length")
        raise NotCompilable(f"operator {op} of an object")

    def augmented(self, op: str, current: Any, value: Any) -> Any:
        """What an augmented assignment binds: what the object's own method gives, else what the operator does."""
        if isinstance(current, Ref) and current.cls not in (list, dict):
            name = _SPECIAL.get(op)
            found = self.class_attribute(current.cls, f"__i{name}__")
            if found is not None:
                if not isinstance(found, types.FunctionType):
                    raise NotCompilable(f"augmented assignment {op} of an object")
                return self.answered(self.call(Const(found), [current, value], {}))
        return self.binary(op, current, value)

    @staticmethod
    def answered(v: Any) -> Any:
        if isinstance(v, Const) and v.obj is NotImplemented:
            raise NotCompilable("an operator that is not implemented")
        return v

    # ---- attributes
    def attribute(self, owner: Any, name: str) -> Any:
        if isinstance(owner, (Array, Lazy)):
            return self.array_attribute(owner, name)
        if isinstance(owner, Const):
            return self.const_attribute(owner.obj, name)
        if isinstance(owner, Ref):
            if owner.cls in (list, dict):
                return Method(owner, Const((owner.cls.__name__, name)))
            return self.object_attribute(owner, name)
        if isinstance(owner, Sequence):
            fields = getattr(owner.cls, "_fields", ())
            if name in fields:
                return owner.items[fields.index(name)]
            found = getattr(owner.cls, name, None) if fields and name != "_replace" else None
            if isinstance(found, types.FunctionType):
                return Method(owner, Const(found))
            if isinstance(found, property):
                return self.call(Const(found.fget), [owner], {})
            return Method(owner, Const(("sequence", name)))
        if isinstance(owner, Scalar):
            if name in ("real", "imag"):
                return self.part(owner, name)
            return Method(owner, Const(("scalar", name)))
        raise NotCompilable(f"attribute `{name}` of {describe(owner)}")

    def const_attribute(self, obj: Any, name: str) -> Any:
        if isinstance(obj, np.ufunc) and name in ("outer", "reduce", "accumulate", "at"):
            return Method(Const(obj), Const(("ufunc", name)))
        if isinstance(obj, np.finfo) or isinstance(obj, np.dtype):
            return self.capture(getattr(obj, name))
        if not isinstance(obj, (types.ModuleType, type)):
            raise NotCompilable(f"attribute `{name}` of {describe(Const(obj))}")
        try:
            value = getattr(obj, name)
        except AttributeError:
            raise NotCompilable(f"{describe(Const(obj))} has no attribute `{name}`") from None
        library = obj.__name__.split(".")[0] in ("numpy", "math", "scipy", "builtins", "operator")
        if library and name in vars(obj) and isinstance(obj, types.ModuleType):
            self.guards.append(("global", vars(obj), name, value))
        return self.capture(value) if library else self.outside("attr", obj, name, value, name)

    def object_attribute(self, owner: Ref, name: str) -> Any:
        key = (owner.key, name)
        found = self.class_attribute(owner.cls, name)
        if isinstance(found, property):
            return self.call(Const(found.fget), [owner], {})
        if key in self.state:
            value = self.state[key]
            if isinstance(value, (NotCompilable, TryAgain)):
                raise value
            if isinstance(value, Maybe):
                self.b.check(value.defined, f"attribute `{name}` is missing")
                return value.value
            return value
        if isinstance(found, types.FunctionType):
            return Method(owner, Const(found))
        if isinstance(found, staticmethod):
            return Const(found.__func__)
        if found is not None and not hasattr(found, "__get__"):
            return self.outside("attr", owner.cls, name, found, name)
        raise NotCompilable(f"attribute `{name}` of a {owner.cls.__name__}")

    def class_attribute(self, cls: type, name: str) -> Any:
        """What a class holds under a name, None if nothing; that it stays so is guarded."""
        owner = next((c for c in cls.__mro__ if name in vars(c)), None)
        if owner is None or owner is object:
            return None
        if (cls, name) not in self.class_guards:
            self.class_guards.add((cls, name))
            self.guards.append(("attr", cls, name, getattr(cls, name)))
        return vars(owner)[name]
