"""Attributes and operators of objects."""

from __future__ import annotations

import enum
import functools
import types
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from .merge import describe
from .state import TryAgain, Unknown
from .text import TEXT
from .values import Array, Const, Lazy, Maybe, Method, Ref, Scalar, Sequence, Super

__all__ = ["Objects"]

_COMPARED = {"Lt": ("__lt__", "__gt__"), "LtE": ("__le__", "__ge__"), "Gt": ("__gt__", "__lt__"),
             "GtE": ("__ge__", "__le__"), "Eq": ("__eq__", "__eq__"), "NotEq": ("__ne__", "__ne__")}

_SPECIAL = {"Add": "add", "Sub": "sub", "Mult": "mul", "Div": "truediv", "MatMult": "matmul", "Pow": "pow",
            "FloorDiv": "floordiv", "Mod": "mod", "BitAnd": "and", "BitOr": "or", "BitXor": "xor", "LShift": "lshift",
            "RShift": "rshift"}


class Objects:
    """Lowers what concerns objects; expects the other mixins beside it."""

    # ---- operators
    def special_method(self, op: str, left: Any, right: Any) -> Any:
        """A binary operator of which one side is an object of the program."""
        name = _SPECIAL.get(op)
        for v in (left, right):
            if isinstance(v, Ref) and v.cls is list:
                raise Unknown(f"operator {op} of a list of unknown length")
        if any(isinstance(v, (Array, Lazy)) for v in (left, right)):
            raise NotCompilable(f"operator {op} of an array and an object")
        sides = [(left, right, f"__{name}__"), (right, left, f"__r{name}__")]
        if isinstance(left, Ref) and isinstance(right, Ref):
            if right.cls is left.cls:
                sides = sides[:1]
            elif issubclass(right.cls, left.cls) and self.class_attribute(right.cls, f"__r{name}__") is not None:
                sides = sides[::-1]
        return self.first_answer(sides, f"operator {op} of an object")

    def first_answer(self, sides: list, what: str) -> Any:
        """What the first special method gives that knows the other operand."""
        for owner, other, name in sides:
            found = self.class_attribute(owner.cls, name) if isinstance(owner, Ref) else None
            if isinstance(found, types.FunctionType):
                value = self.call(Const(found), [owner, other], {})
                if not (isinstance(value, Const) and value.obj is NotImplemented):
                    return value
        raise NotCompilable(what)

    def compared_objects(self, op: str, left: Any, right: Any) -> Any:
        """A comparison of which one side is an object of the program."""
        name, mirrored = _COMPARED[op]
        if op in ("Eq", "NotEq") and not any(isinstance(v, Ref) and self.class_attribute(v.cls, "__eq__") is not None
                                             for v in (left, right)):
            return Const((self.identical(left, right) if isinstance(left, Ref) and isinstance(right, Ref) else False)
                         == (op == "Eq"))
        if op == "NotEq" and not any(isinstance(v, Ref) and self.class_attribute(v.cls, "__ne__") is not None
                                     for v in (left, right)):
            return Scalar(self.b.scalar("not", self.truth(self.compared_objects("Eq", left, right))), "py")
        sides = [(left, right, name), (right, left, mirrored)]
        if isinstance(left, Ref) and isinstance(right, Ref) and right.cls is not left.cls \
                and issubclass(right.cls, left.cls):
            sides = sides[::-1]
        return self.first_answer(sides, f"comparison {op} of an object")

    def own_method(self, v: Any, name: str, *args: Any) -> Any:
        """What a special method of an object gives; None if it is no object, or has no such method."""
        found = self.class_attribute(v.cls, name) if isinstance(v, Ref) and v.cls not in (list, dict) else None
        return self.call(Const(found), [v, *args], {}) if isinstance(found, types.FunctionType) else None

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
        if isinstance(owner, Method) and owner.function == Const("attributes"):
            return Method(owner.owner, Const(("attributes", name)))
        if isinstance(owner, Super):
            return self.inherited(owner, name)
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
            if name == "dtype" and owner.flavor == "np":
                return Const(owner.type.dtype)
            if name in ("real", "imag"):
                return self.part(owner, name)
            return Method(owner, Const(("scalar", name)))
        raise NotCompilable(f"attribute `{name}` of {describe(owner)}")

    def inherited(self, owner: Super, name: str) -> Any:
        """An attribute of ``super()``."""
        classes = owner.owner.cls.__mro__
        for cls in classes[classes.index(owner.cls) + 1:]:
            if name in vars(cls):
                found = vars(cls)[name]
                if cls is object and name in ("__init__", "__init_subclass__"):
                    return Method(owner.owner, Const(("nothing", name)))
                self.guards.append(("attr", cls, name, getattr(cls, name)))
                if isinstance(found, types.FunctionType):
                    return Method(owner.owner, Const(found))
                if isinstance(found, property):
                    return self.call(Const(found.fget), [owner.owner], {})
                if isinstance(found, staticmethod):
                    return Const(found.__func__)
                break
        raise NotCompilable(f"attribute `{name}` of `super()`")

    def super_of(self, args: list) -> Super:
        """``super()``, or ``super(cls, self)``."""
        frame = self.frame
        while frame is not None and frame.function is None:
            frame = frame.parent
        if args:
            cls, owner = args if len(args) == 2 else (None, None)
        elif frame is None or "__class__" not in frame.function.__code__.co_freevars:
            raise NotCompilable("`super()` outside a method")
        else:
            code = frame.function.__code__
            cls = Const(frame.function.__closure__[code.co_freevars.index("__class__")].cell_contents)
            owner = self.state.get((frame.key, code.co_varnames[0]))
        if not (isinstance(owner, Ref) and isinstance(cls, Const) and isinstance(cls.obj, type)) \
                or cls.obj not in owner.cls.__mro__:
            raise NotCompilable("`super()` of something else than an object")
        return Super(owner, cls.obj)

    # ---- attributes of functions
    def function_object(self, f: types.FunctionType) -> Ref:
        """A function of a module as an object with attributes."""
        if f.__globals__.get(f.__name__) is not f:
            raise NotCompilable("an attribute of a function that is not known by its name is set")
        if f not in self.function_refs:
            ref = self.function_refs[f] = Ref(next(self.keys), types.FunctionType)
            self.argument_objects[ref.key] = (("outside", f),)
        return self.function_refs[f]

    def set_function_attribute(self, f: types.FunctionType, name: str, value: Any) -> None:
        if name.startswith("__"):
            raise NotCompilable(f"assignment to `{name}` of a function")
        key = (self.function_object(f).key, name)
        wanted = ("function attribute", f, name)
        if key not in self.state and self.loop_marks:
            if wanted in self.carry_out or name not in vars(f):
                raise NotCompilable("an attribute of a function is first set in a loop")
            raise TryAgain("slot", wanted)
        self.state[key] = self.settle(value)
        self.written_attributes.add(key)

    def function_attribute(self, f: types.FunctionType, name: str) -> Any:
        if f in self.function_refs:
            found = self.lookup_state((self.function_refs[f].key, name))
            if isinstance(found, Maybe):
                self.b.check(found.defined, f"attribute `{name}` is missing")
                return found.value
            if found is not None:
                return found
        if name.startswith("__") or name not in vars(f):
            raise NotCompilable(f"attribute `{name}` of {describe(Const(f))}")
        if self.loop_marks and ("function attribute", f, name) not in self.carry_out:
            raise TryAgain("slot", ("function attribute", f, name))
        return self.outside("attr", f, name, vars(f)[name], name)

    def hold_function_attributes(self) -> None:
        """Attributes of functions that the last attempt found in loops."""
        for _, f, name in [k for k in self.carry_out if k[0] == "function attribute"]:
            self.state[(self.function_object(f).key, name)] = self.outside("attr", f, name, vars(f)[name], name)

    def const_attribute(self, obj: Any, name: str) -> Any:
        if isinstance(obj, np.ufunc) and name in ("outer", "reduce", "accumulate", "at"):
            return Method(Const(obj), Const(("ufunc", name)))
        if isinstance(obj, types.FunctionType):
            return self.function_attribute(obj, name)
        if isinstance(obj, str) or type(obj) is type(TEXT.obj):
            return Method(Const(obj), Const(("text", name)))
        if isinstance(obj, enum.Enum):
            return self.enum_attribute(obj, name)
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

    def enum_attribute(self, obj: enum.Enum, name: str) -> Any:
        if name in ("value", "name"):
            return self.outside("attr", obj, name, getattr(obj, name), name)
        found = self.class_attribute(type(obj), name)
        if isinstance(found, property):
            return self.call(Const(found.fget), [Const(obj)], {})
        if isinstance(found, types.FunctionType):
            return Method(Const(obj), Const(found))
        raise NotCompilable(f"attribute `{name}` of {describe(Const(obj))}")

    def object_attribute(self, owner: Ref, name: str) -> Any:
        key = (owner.key, name)
        if name == "__dict__":
            return Method(owner, Const("attributes"))
        if name == "__class__":
            return Const(owner.cls)
        found = self.class_attribute(owner.cls, name)
        if isinstance(found, property):
            return self.call(Const(found.fget), [owner], {})
        value = self.lookup_state(key)
        if value is not None:
            if isinstance(value, Maybe):
                self.b.check(value.defined, f"attribute `{name}` is missing")
                return value.value
            return value
        if isinstance(found, types.FunctionType):
            return Method(owner, Const(found))
        if isinstance(found, classmethod) and isinstance(found.__func__, types.FunctionType):
            return Method(Const(owner.cls), Const(found.__func__))
        if isinstance(found, functools.cached_property):
            if self.made_in.get(owner.key, ()) != tuple(self.loop_marks):
                raise NotCompilable(f"the remembered attribute `{name}` is computed in a loop")
            value = self.settle(self.call(Const(found.func), [owner], {}))
            self.check_own(owner)
            self.state[key] = value
            self.written_attributes.add(key)
            return value
        if isinstance(found, staticmethod):
            return Const(found.__func__)
        if found is not None and not hasattr(found, "__get__"):
            return self.outside("attr", owner.cls, name, found, name)
        raise NotCompilable(f"attribute `{name}` of a {owner.cls.__name__}")

    def hold_default(self, owner: Ref, name: str, found: Any) -> None:
        """An attribute that the class has, set in a loop: the object must have it before the loop, which carries it."""
        if found is None or hasattr(found, "__get__") or (owner.key, name) in self.state or \
                self.made_in.get(owner.key, ()) == tuple(self.loop_marks):
            return
        wanted = ("default", owner.cls, name)
        if wanted in self.carry_out:
            raise NotCompilable(f"the attribute `{name}` is set in a loop, and the class has it too")
        raise TryAgain("slot", wanted)

    def give_defaults(self, ref: Ref) -> None:
        """Attributes that the last attempt asked for."""
        for _, cls, name in [k for k in self.carry_out if k[0] == "default" and k[1] is ref.cls]:
            if (ref.key, name) not in self.state:
                self.class_attribute(cls, name)
                self.state[(ref.key, name)] = self.outside("attr", cls, name, getattr(cls, name), name)

    def class_attribute(self, cls: type, name: str) -> Any:
        """What a class holds under a name, None if nothing; that it stays so is guarded."""
        owner = next((c for c in cls.__mro__ if name in vars(c)), None)
        if owner is None or owner is object:
            return None
        if (cls, name) not in self.class_guards:
            self.class_guards.add((cls, name))
            self.guards.append(("attr", cls, name, getattr(cls, name)))
        return vars(owner)[name]
