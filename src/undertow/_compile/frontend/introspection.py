"""Builtins that look at objects: attributes by name, types, copies of dataclasses, dicts of special kinds."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from .state import Unknown
from .values import Array, Const, Lazy, Maybe, Ref, Scalar, Sequence

__all__ = ["Introspection"]


class Introspection:
    """Lowers such calls; expects the other mixins beside it."""

    def introspection_call(self, obj: Any, args: list, kwargs: dict) -> Any:
        """The call of a function that is dealt with here, None of any other."""
        if obj is dataclasses.replace and len(args) == 1 and isinstance(args[0], Ref):
            return self.replaced(args[0], kwargs)
        if kwargs and obj not in (collections.defaultdict, collections.OrderedDict, collections.Counter):
            return None
        if obj is getattr and len(args) in (2, 3) and isinstance(args[1], Const):
            return self.attribute_or(args[0], args[1].obj, *args[2:])
        if obj is hasattr and len(args) == 2 and isinstance(args[1], Const):
            return Const(self.has_attribute(args[0], args[1].obj))
        if obj is setattr and len(args) == 3 and isinstance(args[1], Const) and isinstance(args[0], Ref):
            self.set_attribute(args[0], args[1].obj, args[2])
            return Const(None)
        if obj is vars and len(args) == 1 and isinstance(args[0], Ref):
            return self.attribute(args[0], "__dict__")
        if obj is type and len(args) == 1:
            return Const(self.type_of(args[0]))
        if obj in (dataclasses.astuple, dataclasses.asdict) and isinstance(args[0], Ref):
            return self.unfolded(args[0], obj is dataclasses.asdict)
        if obj is collections.defaultdict and args:
            ref = self.new_dict(self.dict_items(args[1]) if len(args) > 1 else list(kwargs.items()))
            self.factories[ref.key] = args[0]
            return ref
        if obj is collections.OrderedDict and not args:
            ref = self.new_dict(list(kwargs.items()))
            self.factories[ref.key] = None
            return ref
        if obj is dict and len(args) == 1 and not kwargs:
            return self.dict_of(args[0])
        return None

    # ---- attributes
    def has_attribute(self, owner: Any, name: str) -> bool:
        if isinstance(owner, Ref) and owner.cls not in (list, dict):
            found = self.class_attribute(owner.cls, name)
            value = self.state.get((owner.key, name))
            if isinstance(value, Maybe):
                raise NotCompilable("whether an object has an attribute depends on the run")
            held = value is not None or (owner.key, name) in self.outside_parts
            if not held and found is None and self.loop_marks and self.made_in.get(owner.key, ()) != tuple(self.loop_marks):
                raise NotCompilable("whether an object has an attribute may change in a loop")
            return held or found is not None
        if isinstance(owner, (Array, Lazy)):
            return hasattr(np.ndarray, name)
        if isinstance(owner, Scalar) and owner.flavor != "mixed":
            kind = type(owner.type.dtype.type(0).item()) if owner.flavor == "py" else owner.type.dtype.type
            return hasattr(kind, name)
        if isinstance(owner, (Sequence, Ref)):
            return hasattr(owner.cls, name)
        if isinstance(owner, Const) and isinstance(owner.obj, (bool, int, float, str, type(None))):
            return hasattr(owner.obj, name)
        raise NotCompilable("`hasattr` of such an object")

    def attribute_or(self, owner: Any, name: str, *default: Any) -> Any:
        if default and not self.has_attribute(owner, name):
            return default[0]
        return self.attribute(owner, name)

    def type_of(self, v: Any) -> type:
        if isinstance(v, Ref) and v.key in self.deques:
            raise NotCompilable("the type of a deque")
        if isinstance(v, (Ref, Sequence)):
            return v.cls
        if isinstance(v, (Array, Lazy)):
            return np.ndarray
        if isinstance(v, Scalar) and v.flavor in ("py", "np") and v.tag is None:
            kind = v.type.dtype.type
            return kind if v.flavor == "np" else type(kind(0).item())
        if isinstance(v, Const):
            return type(v.obj)
        raise NotCompilable("the type of something whose type depends on the run")

    def attributes_as_dict(self, owner: Ref, name: str, args: list) -> Any:
        """A method of ``vars(object)``."""
        if name == "update" and len(args) == 1:
            for key, value in self.dict_items(args[0]):
                self.set_attribute(owner, key, value)
            return Const(None)
        names = [k[1] for k in (*self.outside_parts, *self.state) if isinstance(k, tuple) and k[0] == owner.key]
        copied = self.new_dict([(n, self.attribute(owner, n)) for n in dict.fromkeys(names)])
        if name in ("items", "keys", "values", "get", "copy"):
            return self.dict_method(copied, name, args)
        raise NotCompilable(f"the method `{name}` of an object's attributes")

    # ---- dataclasses
    def replaced(self, ref: Ref, changes: dict) -> Ref:
        """``dataclasses.replace``."""
        if not dataclasses.is_dataclass(ref.cls):
            raise NotCompilable("`replace` of something that is no dataclass")
        values = {}
        for f in dataclasses.fields(ref.cls):
            if f.name in changes:
                if not f.init:
                    raise NotCompilable("`replace` of a field that is not given")
                values[f.name] = changes[f.name]
            elif f.init:
                values[f.name] = self.attribute(ref, f.name)
        if set(changes) - set(values):
            raise NotCompilable("`replace` of a field that does not exist")
        return self.construct(ref.cls, [], values)

    def unfolded(self, ref: Ref, as_dict: bool) -> Any:
        """``asdict`` and ``astuple`` of a dataclass whose fields are numbers, arrays and such dataclasses."""
        def copied(v: Any) -> Any:
            if isinstance(v, Ref) and dataclasses.is_dataclass(v.cls):
                return self.unfolded(v, as_dict)
            if isinstance(v, (Array, Lazy)):
                return self.array_of(v)
            if isinstance(v, (Scalar, Const)):
                return v
            raise NotCompilable("a dataclass that holds containers is unfolded")

        items = [(f.name, copied(self.attribute(ref, f.name))) for f in dataclasses.fields(ref.cls)]
        return self.new_dict(items) if as_dict else Sequence(tuple(v for _, v in items))

    # ---- dicts
    def dict_of(self, v: Any) -> Ref:
        if isinstance(v, Ref) and v.cls is dict:
            return self.new_dict(self.dict_items(v))
        items = self.static_items(v)
        if items is None:
            raise Unknown("a dict of something of unknown length")
        pairs = [self.static_items(p) for p in items]
        if any(p is None or len(p) != 2 for p in pairs):
            raise Unknown("a dict of something else than pairs")
        return self.new_dict(list({self.known_key(k): x for k, x in pairs}.items()))

    def missing(self, ref: Ref, key: Any) -> Any:
        """What a dict gives for a key that it does not have."""
        factory = self.factories.get(ref.key)
        if factory is None or (isinstance(factory, Const) and factory.obj is None):
            self.b.check(const(False), "a key is missing")
            return Const(0.0)
        value = self.settle(self.call(factory, [], {}))
        self.store_in_dict(ref, key, value)
        return value


