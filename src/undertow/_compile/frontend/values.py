"""What a Python expression is while it is being lowered.

A `Scalar` is one IR value. An `Array` is memory seen through an affine index map, so that slicing makes no code.
A `Lazy` is an elementwise expression that has not been given memory yet. Tuples, objects and functions exist
during lowering only. All are immutable; what changes is the lowerer's `state`, which maps places to values.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..ir.builder import const
from ..ir.function import Constant, Value
from ..ir.types import C128, ArrayType, ScalarType

__all__ = ["Array", "Axis", "Const", "Exit", "Frame", "Function", "Growing", "Hidden", "Iterable", "Lazy", "Maybe", "Method", "Optional", "Pair", "Paired", "Ref", "Scalar", "Sequence", "Super", "View", "same_value", "same_view"]


class Pair(Value):
    """A complex number."""

    __slots__ = ("im", "re")

    def __init__(self, re: Value, im: Value) -> None:
        super().__init__(C128)
        self.re, self.im = re, im


class Paired(Value):
    """Memory of complex numbers: `memory` has one axis more, of real and imaginary part."""

    __slots__ = ("memory",)

    def __init__(self, memory: Value) -> None:
        super().__init__(ArrayType(C128, memory.type.ndim - 1), memory.name)  # type: ignore[union-attr]
        self.memory = memory


@dataclass(frozen=True)
class Const:
    """A Python object known while lowering."""

    obj: Any


@dataclass(frozen=True)
class Scalar:
    """A number. `flavor` is ``py`` (float, int, bool), ``np`` (NumPy scalar), or ``mixed`` where it depends on the run.

    Where its Python type depends on the run, `tag` says which it is: bit 0 for a NumPy number, bit 1 for an integer.
    """

    value: Value
    flavor: str
    tag: Value | None = field(default=None, compare=False)

    @property
    def type(self) -> ScalarType:
        return self.value.type  # type: ignore[return-value]


@dataclass(frozen=True)
class Axis:
    """One axis of the memory: ``start + step * index[view_axis]``, or `start` alone where `view_axis` is None."""

    start: Value
    view_axis: int | None
    step: int = 1


@dataclass(frozen=True)
class Array:
    """Memory `root` seen through `axes`; `dims` are the extents of the view.

    `axes` has one entry for each axis of the memory, or of `frame` where the view was reshaped.
    """

    root: Value
    axes: tuple[Axis, ...]
    dims: tuple[Value, ...]
    frame: Frame | None = None

    @property
    def element(self) -> ScalarType:
        return self.root.type.element  # type: ignore[union-attr]


@dataclass(frozen=True)
class Frame:
    """Extents `dims` into which the elements of a contiguous view are arranged anew."""

    inner: Array
    dims: tuple[Value, ...]


@dataclass(frozen=True)
class Lazy:
    """Elementwise expression: ``at(index)`` emits the element; `sources` are the arrays it reads; an array that
    it reads elsewhere than at the element's own place stands there without axes.

    `alias` is the memory that NumPy might hand out a view of where this expression makes a copy.
    """

    dims: tuple[Value, ...]
    element: ScalarType
    at: Callable[[list[Value]], Value] = field(compare=False)
    sources: tuple[Array, ...] = ()
    alias: Value | None = None


View = Array | Lazy


@dataclass(frozen=True)
class Sequence:
    """Tuple, namedtuple or list whose structure is known."""

    items: tuple
    cls: type = tuple


@dataclass(frozen=True)
class Ref:
    """A mutable object flattened to its attributes, which live in the lowerer's state under `(key, name)`."""

    key: Any
    cls: type = field(compare=False)


@dataclass(frozen=True)
class Growing:
    """Items of a list whose length depends on the run: the first `count` rows of each of `buffers`.

    `item` says what an item is (see `growing`).
    """

    buffers: tuple
    count: Any
    item: Any


@dataclass(frozen=True)
class Hidden:
    """An array that only the programs of the library look into."""

    array: Array


@dataclass(frozen=True)
class Function:
    """A function defined inside the lowered program."""

    node: Any = field(compare=False)
    frame: Any = field(compare=False)
    defaults: tuple = ()
    kw_defaults: tuple = ()

    @property
    def args(self) -> ast.arguments:
        return self.node.args


@dataclass(frozen=True)
class Method:
    """A function bound to its first argument."""

    owner: Any
    function: Any


@dataclass(frozen=True)
class Super:
    """An object as an instance of what comes after `cls` in the order of its classes."""

    owner: Any
    cls: type = field(compare=False)


@dataclass(frozen=True)
class Iterable:
    """``range``, ``zip``, ``enumerate``, ``reversed``, a generator before they are looped over.

    `threads` marks ``prange``; `known` gives the items of a generator, if they can be written out. All but a range and a
    slice can be looped over once.
    """

    kind: str
    parts: tuple
    threads: bool = False
    known: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Maybe:
    """A variable that may be unbound: `defined` says at run time."""

    value: Any
    defined: Value


@dataclass(frozen=True)
class Optional:
    """None or a value: `present` says at run time."""

    value: Any
    present: Value


@dataclass(frozen=True)
class Exit:
    """Why control left a block: 0 it did not, 1 break, 2 continue, 3 return. `codes` are the possible ones."""

    codes: frozenset
    value: Value

    @staticmethod
    def known(code: int) -> Exit:
        return Exit(frozenset((code,)), const(code))

    @property
    def code(self) -> int | None:
        return next(iter(self.codes)) if len(self.codes) == 1 else None


def same_value(a: Any, b: Any) -> bool:
    """Whether two abstract values are certainly the same thing."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, Const):
        return a.obj is b.obj or (type(a.obj) is type(b.obj) and isinstance(a.obj, (bool, int, float, str))
                                  and repr(a.obj) == repr(b.obj))
    if isinstance(a, Scalar):
        return a.flavor == b.flavor and _same_ir(a.value, b.value) and (a.tag is None) == (b.tag is None) and (
            a.tag is None or _same_ir(a.tag, b.tag))
    if isinstance(a, Exit):
        return a.codes == b.codes and _same_ir(a.value, b.value)
    if isinstance(a, Sequence):
        return a.cls is b.cls and len(a.items) == len(b.items) and all(map(same_value, a.items, b.items))
    if isinstance(a, Method):
        return same_value(a.owner, b.owner) and same_value(a.function, b.function)
    if isinstance(a, Function):
        return a.node is b.node and a.frame is b.frame and a.defaults == b.defaults
    if isinstance(a, Maybe):
        return _same_ir(a.defined, b.defined) and same_value(a.value, b.value)
    if isinstance(a, Optional):
        return _same_ir(a.present, b.present) and same_value(a.value, b.value)
    if isinstance(a, Array):
        return same_view(a, b)
    if isinstance(a, Growing):
        return a.item == b.item and all(map(same_view, a.buffers, b.buffers)) and same_value(a.count, b.count)
    return isinstance(a, Ref) and a.key == b.key


def same_view(a: Array, b: Array) -> bool:
    """Whether two views are certainly the same elements in the same order."""
    if a is b:
        return True
    if a.root is not b.root or len(a.dims) != len(b.dims) or not all(map(_same_ir, a.dims, b.dims)):
        return False
    if (a.frame is None) != (b.frame is None) or (a.frame is not None and not (
            same_view(a.frame.inner, b.frame.inner) and all(map(_same_ir, a.frame.dims, b.frame.dims)))):
        return False
    return len(a.axes) == len(b.axes) and all(
        x.view_axis == y.view_axis and x.step == y.step and _same_ir(x.start, y.start)
        for x, y in zip(a.axes, b.axes, strict=True))


def _same_ir(a: Value, b: Value) -> bool:
    if isinstance(a, Pair) and isinstance(b, Pair):
        return _same_ir(a.re, b.re) and _same_ir(a.im, b.im)
    return a is b or (isinstance(a, Constant) and isinstance(b, Constant) and a.type == b.type
                      and repr(a.value) == repr(b.value))
