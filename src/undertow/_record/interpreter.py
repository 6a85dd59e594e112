"""What every interpreter is: a set of hooks, a memory, and a way to apply primitives.

Interpreters stack.  The one that runs a program sees each operation through its hooks; to compute the primal it
calls the interpreter below (`lower`), down to `plain.PLAIN`, which is Python and NumPy.  What an interpreter itself
does with values (accumulating, undoing, evaluating rules) goes through `lower` as well, so that an outer derivative
sees the inner one as an ordinary program.

An interpreter is used by one derivative at a time and then put back into a pool: its hooks, rewritten functions and
scalar classes are kept.
"""

from __future__ import annotations

import gc
import threading
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any, NoReturn
from weakref import ProxyTypes

import numpy as np
from numpy import ndarray

from .._source import specialise
from . import binding, hooks as hook_module, leftovers, loops, passing, protocols, refusal
from .calls import Calls
from .memory import Memory, may_overlap, owner_of
from .namespaces import namespace
from .scalars import _FORMS, ACTIVE, COMPLEX_BASES, NUMBERS, ScalarFactory

UFUNC_OF = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "pow": np.power,
            "matmul": np.matmul, "floordiv": np.floor_divide, "mod": np.remainder, "and_": np.bitwise_and,
            "or_": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
            "neg": np.negative, "pos": np.positive, "invert": np.invert}
OPAQUE = frozenset({str, bytes, type, FunctionType, BuiltinFunctionType, ModuleType, *ProxyTypes})
RAW_OWNERS = frozenset({"array", "mmap", "builtins", "numpy", "multiprocessing.shared_memory"})
HEAP_TYPE = 1 << 9
RAW_ATTRIBUTES = frozenset({"data", "ctypes", "__array_interface__", "__array_struct__"})


class Interpreter:
    """Base of the reverse and the forward interpreter.

    A subclass provides ``emit1, emit2, scalar_forms, array_binary, array_inplace, array_getitem, array_setitem,
    apply`` and ``lift``.
    """

    mode = ""

    def __init__(self, lower: Any) -> None:
        self.lower = lower
        self.level = lower.level + 1
        self.written = ""  # what wrote active values to a file
        self.epoch = 0  # derivatives this interpreter has been used by
        self.refused: BaseException | None = None
        self.takes_native = self.mode == "reverse" and lower.level == 0  # may have entries of native code on its tape
        self.native = False  # whether this run takes native code
        self.run = 0
        self.loops: dict[int, Any] = {}
        self.memory = Memory()
        self.dubious: dict[int, Any] = {}  # compiled objects that may have computed with active values
        self.kept: list[list] = []
        self.inputs: list = []
        self.tables: dict[int, tuple[Any, dict]] = {}  # keys that tables were last stored to under (`remembered.setitem`)
        self.missed: list[tuple] = lower.missed if lower.level else []  # what was said not to be remembered (`remembered`)
        self.scalars = ScalarFactory(self)
        self.numbers: set[type] = set(NUMBERS) | self.scalars.own
        below = lower
        while below.level > 0:
            self.numbers |= below.scalars.own
            below = below.lower
        self.hooks: dict[str, Any] = hook_module.build(self)
        self.hooks["setattr"] = hook_module.setattr_hook(self)
        self.calls = Calls(self)
        self.callee = self.hooks["callee"] = self.calls.callee
        self.hooks["source_eval"] = lambda text: self.calls.rewritten_text(text, "eval")
        self.hooks["namespace"] = lambda mapping: namespace(self, mapping)
        self.hooks["source_exec"] = lambda text: self.calls.rewritten_text(text, "exec")
        self.survivors = self.scalar_references()

    # ---- hooks by name ----

    def hook(self, name: str) -> Any:
        """The hook that a placeholder in rewritten code names."""
        found = self.hooks.get(name)
        if found is None:
            references = self.scalar_references()
            kind, _, rest = name.partition(".")
            if kind == "attr":
                found = hook_module.attribute(self, rest)
            elif kind == "method":
                found = hook_module.method(self, rest)
            elif kind == "loop":
                found = loops.entered(self, int(rest))
            elif kind == "again":
                found = loops.again(self, int(rest))
            elif kind == "left":
                found = loops.left(self, int(rest))
            elif name.startswith("slice:"):
                found = slice(*eval(name[6:]))
            else:
                raise KeyError(name)
            self.hooks[name] = found
            self.survivors += self.scalar_references() - references  # hooks know the classes
        return found

    def prepare(self, function: Any) -> Any:
        """The body of a rule as recorded code."""
        return self.calls.prepare(function)

    def specialise(self, template: Any, original: Any) -> Any:
        """Code of a template with this interpreter's hooks."""
        return specialise(self, template, self.hook, original)

    def call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function as recorded code would."""
        return self.callee(function)(*args, **kwargs)

    def copy(self, array: ndarray) -> Any:
        """A copy with the layout of `array`, recorded if it is active here."""
        return self.call(np.array, array, order="K", copy=True)

    # ---- questions ----

    def is_active(self, x: Any) -> bool:
        """Whether `x` is, or plainly contains, an active value of this interpreter."""
        t = type(x)
        if t in NUMBERS or x is None or t is str:
            return False
        if t in self.scalars.own:
            return True
        if isinstance(x, ndarray):
            if x.dtype.kind == "O":
                return any(self.is_active(v) for v in x.flat)
            slot = self.memory.find(x)
            return slot is not None and slot.active and (x.dtype.kind in "fcV" or bits_of(x, slot))
        if t in (list, tuple, set, frozenset) or isinstance(x, (list, tuple, set, frozenset)):
            return any(map(self.is_active, x))
        if isinstance(x, dict):
            return any(map(self.is_active, x.values()))
        return False

    def is_recorded(self, x: Any) -> bool:
        """Whether the memory of an array is known here: active, or referenced by the tape."""
        return isinstance(x, ndarray) and self.memory.find(x) is not None

    def scalar_references(self) -> int:
        """Number of references to the scalar classes: grows with each living instance."""
        from sys import getrefcount

        return sum(map(getrefcount, self.scalars.own))

    # ---- conversions ----

    def plain(self, x: Any) -> Any:
        """`x` as the interpreter below sees it (lists and tuples included)."""
        t = type(x)
        if t in self.scalars.own:
            return x.primal
        if t is list:
            return [self.plain(v) for v in x]
        if t is tuple:
            return tuple(self.plain(v) for v in x)
        if isinstance(x, tuple) and hasattr(t, "_fields"):
            return t(*map(self.plain, x)) if self.is_active(x) else x
        return x

    def as_array(self, x: Any) -> Any:
        """An array of `x`, recorded."""
        return x if type(x) is ndarray else self.call(np.asarray, x)

    def special_attribute(self, name: str) -> Any:
        """What reading an attribute of an array does besides reading it."""
        if name not in RAW_ATTRIBUTES:
            return None

        def raw(x: ndarray) -> Any:
            if name != "data":
                if self.is_active(x):
                    self.refuse_bits(x, f"`.{name}`")
                if name == "ctypes":
                    (self.memory.find(x) or self.memory.register(x, False)).exposed = "`.ctypes`"
            return getattr(x, name)

        return raw

    # ---- what both modes share ----

    def scalar(self, cls: Any, v: Any, k: int) -> Any:
        """The active number of index `k`."""
        x = cls(v)
        x.primal = v
        x.mark = k
        return x

    def lift(self, f: Any, x: Any) -> Any:
        """Apply a conversion or a ufunc to an active scalar."""
        if isinstance(f, type):
            return self.emit1(self.lower.call(f, x.primal), x, 1.0)
        return self.call(f, x)

    def shares_known_memory(self, y: Any) -> bool:
        """Whether a result is a view of memory that is already recorded."""
        return isinstance(y, ndarray) and y.base is not None and self.memory.find(y) is not None

    def objects(self, x: ndarray) -> ndarray:
        """An object array of the elements of an active array: numbers of Python, as NumPy converts them."""
        y = np.empty(x.shape, object)
        for index in np.ndindex(x.shape):
            y[index] = self.call(ndarray.item, x, *index)
        return y

    def objects_plain(self, x: ndarray) -> ndarray:
        """An object array with ordinary numbers in place of active ones."""
        y = np.empty(x.shape, object)
        for index in np.ndindex(x.shape):
            y[index] = self.plain(x[index])
        return y

    def from_object(self, value: Any) -> Any:
        """An object that converts itself to an array or a number."""
        for name, target in (("__array__", np.asarray), ("__float__", float)):
            method = protocols.special(type(value), name)
            if method is not None and not protocols._is_c(method):
                return self.call(target, value)
        return value

    def apply(self, rule: Any, f: Any, args: tuple, kwargs: dict, y: Any = None) -> Any:
        """Call a primitive and record its rule; `y` is the result if it is known already."""
        return binding.apply(self, rule, f, args, kwargs, y)

    def short_cut(self, rule: Any, primitive: Any) -> Any:
        """A quicker form of `primitive`, which applies `rule`; None if there is none."""
        return None

    def refuse_rule(self, rule: Any, f: Any, args: tuple, kwargs: dict) -> None:
        """A rule that says no."""
        for x in (*args, *kwargs.values()):
            found = self.find_active(x)
            if found is not None:
                raise self.refuse(refusal.refused_rule(self, f, found, rule.reason))

    def scalar_forms(self, base: type) -> list:
        return _FORMS

    @staticmethod
    def ufunc_of(hook: str) -> Any:
        """The ufunc behind an operator of arrays."""
        return UFUNC_OF[hook]

    # ---- flat iterators ----

    def flat_getitem(self, flat: Any, index: Any) -> Any:
        """``a.flat[index]``."""
        array = flat.base
        if not self.is_recorded(array):
            return flat[index]
        getitem = self.hooks["getitem"]
        if isinstance(index, (int, np.integer)):
            n = array.size
            if not -n <= index < n:
                raise IndexError(f"index {index} is out of bounds for size {n}")
            return getitem(array, tuple(int(i) for i in np.unravel_index(int(index) % n, array.shape)) if array.ndim else ())
        where = np.arange(array.size)[index]
        if not array.ndim:
            return self.call(np.repeat, array, where.size)
        return getitem(array, np.unravel_index(where, array.shape))

    def flat_setitem(self, flat: Any, index: Any, value: Any) -> None:
        """``a.flat[index] = value`` (the value is repeated as NumPy does)."""
        array = flat.base
        where = np.atleast_1d(np.arange(array.size)[index])
        if isinstance(value, (list, tuple, ndarray)):
            value = self.call(np.ravel, self.as_array(value))
            if value.size != where.size:
                value = self.hooks["getitem"](value, np.arange(where.size) % value.size)
        if array.ndim:
            self.hooks["setitem"](value, array, np.unravel_index(where, array.shape))
        elif where.size:
            self.hooks["setitem"](self.hooks["getitem"](value, -1) if isinstance(value, ndarray) else value, array, ())

    def base_getitem(self, array: ndarray, index: Any) -> Any:
        """``ndarray.__getitem__`` of a subclass that overrides it."""
        found = ndarray.__getitem__(array, index)
        plain = array.view(ndarray)
        if not isinstance(found, ndarray):
            return self.hooks["getitem"](plain, index)
        if self.is_recorded(array) and not may_overlap(found, array):
            self.hooks["setitem"](self.hooks["getitem"](plain, index), found.view(ndarray), Ellipsis)
        return found

    def base_setitem(self, array: ndarray, index: Any, value: Any) -> None:
        """``ndarray.__setitem__`` of a subclass that overrides it."""
        self.hooks["setitem"](value, array.view(ndarray), index)

    def array_setattr(self, array: ndarray, name: str, value: Any) -> None:
        """``a.name = value`` on an array."""
        if name in ("real", "imag", "flat"):
            target = getattr(array, name) if name != "flat" else array.flat
            self.hooks["setitem"](value, target, slice(None) if name == "flat" else Ellipsis)
        elif name == "shape" and self.is_recorded(array):
            self.reshape_in_place(array, value)
        elif name in ("strides", "dtype") and self.is_recorded(array):
            raise self.refuse(refusal.unsupported(self, f"assigning `.{name}` of an array that carries a derivative",
                              "the shadow memory is laid out as the array was",
                              [f"array = array.{'view' if name == 'dtype' else 'reshape'}(…)"]))
        else:
            object.__setattr__(array, name, value)

    def reshape_in_place(self, array: ndarray, shape: Any) -> None:
        """``a.shape = shape``: from here on the memory has another shadow, of the new shape."""
        old = array.view()
        array.shape = shape
        below: Any = self
        while below.level > 0:
            for cell in below.kept:
                if cell[0] is array:
                    cell[0] = old
            slots = below.memory.relayout(array, old)
            if slots is not None and slots[0].active:
                below.reshaped(*slots, old, array)
            below = below.lower

    # ---- refusals ----

    def refusal(self) -> BaseException | None:
        """Why the run has no derivative, if it has none."""
        return self.refused or next((error for *_, error, owner in self.missed if owner is self), None)

    def refuse(self, error: BaseException) -> BaseException:
        """Remember the first refusal, so that a program that swallows it cannot lose it; return it for raising."""
        if self.refused is None:
            self.refused = error
        return error

    def other_bits(self, x: ndarray, slot: Any) -> None:
        """Refuse to look at active floats as integers; fields of structured memory are what they are."""
        if x.dtype.names is not None:
            self.refuse_bits(x, "an operation on whole records (their fields are followed)")
        if bits_of(x, slot):
            self.refuse_bits(x, f"a view of dtype {x.dtype}")

    def refuse_bits(self, x: Any, what: str) -> NoReturn:
        """An operation looks at the bits of an active value."""
        raise self.refuse(refusal.reinterpretation(self, x, what))

    def refuse_store(self, target: Any, value: Any, why: str) -> NoReturn:
        """An active value would be stored where its derivative is lost."""
        raise self.refuse(refusal.active_store(self, target, value, why))

    def store_object(self, a: Any, index: Any, value: Any) -> None:
        """``a[index] = value`` in an array of objects: one place holds the very object, several hold its elements."""
        places = index if type(index) is tuple else (index,)
        one = len(places) == a.ndim and all(isinstance(i, (int, np.integer)) for i in places)
        if not one and isinstance(value, ndarray) and self.leaf(value) is not None:
            value = self.objects(value)
        a[index] = value

    def store_record(self, a: Any, index: Any, value: Any) -> bool:
        """``a[index] = value`` in an array of records, field by field where the value is active; whether it was done."""
        getitem, setitem = self.hooks["getitem"], self.hooks["setitem"]
        if type(index) is str:
            setitem(value, getitem(a, index), Ellipsis)
            return True
        if not self.is_active(value):
            return False
        if isinstance(value, (tuple, list)) and len(value) == len(a.dtype.names):
            parts = list(value)
        elif isinstance(value, ndarray) and value.dtype.names == a.dtype.names:
            parts = [getitem(value, name) for name in a.dtype.names]
        else:
            self.refuse_store(a, value, "it is not clear which field gets what")
        for name, part in zip(a.dtype.names, parts):
            setitem(part, getitem(a, name), index)
        return True

    def read_record(self, a: Any, index: Any, r: Any) -> Any:
        """``a[index]`` of active records that is no view: one record as an array without axes, or a copy by fields."""
        getitem, setitem = self.hooks["getitem"], self.hooks["setitem"]
        if not isinstance(r, ndarray):
            return getitem(a, (*index, ...) if type(index) is tuple else (index, ...))
        for name in a.dtype.names:
            setitem(getitem(getitem(a, name), index), getitem(r, name), Ellipsis)
        return r

    def check_foreign(self, function: Any, args: tuple, kwargs: dict | None = None) -> None:
        """Refuse if an active value is about to enter code that cannot be followed."""
        for value in (*args, *(kwargs or {}).values()):
            found = self.find_active(value)
            if found is not None:
                raise self.refuse(refusal.foreign_call(self, function, found))

    def check_activation(self, a: ndarray, value: Any, slot: Any) -> None:
        """Refuse to write an active value to memory that something else than arrays may read."""
        if slot.exposed:
            self.refuse_store(a, value, f"its address was taken by {slot.exposed}, and what is read there has no derivative")
        if not isinstance(slot.owner, ndarray) and (
                type(slot.owner).__module__ in RAW_OWNERS or hasattr(slot.owner, "__array_interface__")) or (
                type(type(slot.owner)).__module__ == "_ctypes"):
            self.refuse_store(a, value, f"its memory belongs to a {type(slot.owner).__name__}, which can be read without "
                                        "the derivative")

    def check_store(self, container: Any, value: Any) -> None:
        """Refuse to store an active number in a compiled container (``array.array``, ``ctypes``, memoryview)."""
        found = self.find_active(value)
        if found is not None and hasattr(type(container), "__setitem__"):  # else Python itself refuses
            self.refuse_store(container, found, f"a {type(container).__name__} stores numbers without their derivative")

    def find_active(self, value: Any, depth: int = 0, seen: set | None = None) -> Any:
        """An active value inside `value`: containers, and attributes of Python objects, are searched."""
        t = type(value)
        if t in NUMBERS or value is None or t in OPAQUE:
            return None
        if t in self.scalars.own:
            return value
        if isinstance(value, ndarray):
            return value if self.is_active(value) else None
        if t is memoryview:
            return self.find_active(owner_of(value)) if isinstance(owner_of(value), ndarray) else None
        seen = set() if seen is None else seen
        if id(value) in seen or depth > 12:
            return None
        seen.add(id(value))
        if id(value) in self.dubious:
            return value
        if isinstance(value, (list, tuple, set, frozenset)):
            children: Any = value
        elif isinstance(value, dict):
            children = value.values()
        else:
            children = getattr(value, "__dict__", {}) if not isinstance(value, type) else {}
            children = children.values() if isinstance(children, dict) else ()
            if t.__module__ in ("collections",) and hasattr(value, "__iter__"):
                children = list(value)
            elif t.__flags__ & HEAP_TYPE:
                children = [*children, *_slots(value, t)]
            if passing.extension(t):
                children = [*children, *gc.get_referents(value)]
        for child in children:
            found = self.find_active(child, depth + 1, seen)
            if found is not None:
                return found
        return None


def bits_of(x: ndarray, slot: Any) -> bool:
    """Whether `x` looks at floats as something else."""
    owner = slot.owner
    return isinstance(owner, ndarray) and owner.dtype.kind in "fc" and x.dtype.kind not in "fc"


def _slots(value: Any, t: type) -> Any:
    """Values of the slots of an object."""
    for cls in t.__mro__:
        names = cls.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            member = cls.__dict__.get(name)
            if type(member) is MemberDescriptorType:
                try:
                    yield member.__get__(value, t)
                except AttributeError:
                    continue


_pool: dict[tuple, list[Interpreter]] = {}
_lock = threading.Lock()


def acquire(kind: type, lower: Any) -> Any:
    """An idle interpreter of `kind` above `lower`."""
    with _lock:
        idle = _pool.get((kind, id(lower)))
        found = idle.pop() if idle else None
    if found is None:
        found = build(kind, lower)
        gc.collect(1)  # what making the classes left behind would be counted as numbers
    found.survivors = found.scalar_references()
    return found


def build(kind: type, lower: Any) -> Any:
    """A new interpreter; it knows the scalar classes of those below, which is not a number left over."""
    below = []
    while lower.level > 0:
        below.append((lower, lower.scalar_references()))
        lower = lower.lower
    found = kind(below[0][0] if below else lower)
    for interpreter, before in below:
        interpreter.survivors += interpreter.scalar_references() - before
    return found


def release(interpreter: Any) -> None:
    """Put an interpreter back."""
    interpreter.refused = None
    interpreter.epoch += 1
    interpreter.written = ""
    interpreter.memory.clear()
    interpreter.dubious.clear()
    interpreter.reset()
    leftovers.settle(interpreter)
    with _lock:
        _pool.setdefault((type(interpreter), id(interpreter.lower)), []).append(interpreter)


__all__ = ["ACTIVE", "COMPLEX_BASES", "Interpreter", "UFUNC_OF", "acquire", "owner_of", "release"]
