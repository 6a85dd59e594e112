"""Shadows of array memory, found by the owner of the memory.

A buffer has one *slot* an interpreter, whatever number of views look at it.  What a view reads or writes is
described by a *reference* into the slot, and its shadow is the same piece of the slot's shadow:

``Slot``    the whole buffer, seen as its owner sees it;
``View``    ``parent[index]`` of another reference: what indexing recorded;
``Window``  a piece found by address, strides and dtype: views made by anything else.

The tables are keyed by ``id`` and hold the arrays, so that an id is never reused while it is known; what nothing
but the tables holds is dropped from time to time (`Memory.purge`), at a cost that is amortised.
"""

from __future__ import annotations

import datetime
from sys import getrefcount
from typing import Any

import numpy as np
from numpy import ndarray

BUDGET_BYTES = 1 << 21
TRANSPOSED = "T"
"""Index of a view that is the transpose of its parent."""

class Slot:
    """One buffer, as one interpreter knows it.

    Attributes
    ----------
    owner : ndarray or None
        The array that owns the memory; None once nothing else holds it.
    active : bool
        Whether its elements may vary with the inputs.
    referenced : bool
        Whether the tape keeps a reference to its values, so that overwriting needs an undo.
    logged : bool
        Whether an undo was written.
    exposed : str
        What made the address known to code that is not followed, if anything did.
    bar : ndarray or None
        The shadow: cotangent (reverse) or tangent (forward), None for zero.
    owned : bool
        Whether `bar` may be changed in place.
    cell : list or None
        What the tape reads the owner through, once it does.
    """

    __slots__ = ("active", "address", "bar", "cell", "dtype", "held", "logged", "owned", "owner", "referenced", "shape",
                 "strides", "why")
    overlaps = False

    def __init__(self, owner: Any, active: bool) -> None:
        self.owner = owner
        self.active = active
        self.referenced = False
        self.logged = False
        self.why = ""
        self.bar: Any = None
        self.owned = False
        self.cell: Any = None

    @property
    def exposed(self) -> str:
        """What made the address known; such memory is never let go."""
        return self.why

    @exposed.setter
    def exposed(self, why: str) -> None:
        self.why = why
        if why:
            self.held = self.owner

    @property
    def slot(self) -> Slot:
        """The slot a reference lies in."""
        return self

    def describe(self) -> None:
        """Remember the layout before the owner is let go."""
        owner = self.owner
        self.shape, self.strides, self.dtype = owner.shape, owner.strides, owner.dtype


class View:
    """``parent[index]``; holds the view array so that its id stays its own."""

    __slots__ = ("array", "cell", "index", "parent", "slot")
    active = True
    overlaps = False

    def __init__(self, array: Any, parent: Any, index: Any) -> None:
        self.array = array
        self.parent = parent
        self.index = index
        self.slot = parent.slot
        self.cell: Any = None


class Window:
    """A piece of a slot by byte offset from the lowest address of the owner."""

    __slots__ = ("dtype", "offset", "overlaps", "shape", "slot", "strides")

    def __init__(self, slot: Slot, offset: int, array: ndarray) -> None:
        self.slot, self.offset = slot, offset
        self.shape, self.strides, self.dtype = array.shape, array.strides, array.dtype
        self.overlaps = overlaps_itself(array)


def overlaps_itself(array: ndarray) -> bool:
    """Whether two elements of a view may lie in the same place (broadcasting, sliding windows)."""
    extent = array.itemsize
    for stride, n in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride < extent:
            return True
        extent += (n - 1) * stride
    return False


def places(array: ndarray, flat: ndarray) -> ndarray:
    """Position in `flat` of each element of `array`, a view of its memory."""
    position = np.full(array.shape, address(array) - address(flat), np.intp)
    for axis, (stride, n) in enumerate(zip(array.strides, array.shape, strict=True)):
        shape = [1] * array.ndim
        shape[axis] = n
        position += np.reshape(np.arange(n) * stride, shape)
    return position // array.itemsize

PyCapsule = type(datetime.datetime_CAPI)


def owner_of(array: Any) -> Any:
    """The object that owns the memory of `array`: the end of its ``base`` chain."""
    while True:
        base = array.base if isinstance(array, ndarray) else (
            array.obj if type(array) is memoryview else getattr(array, "base", None))
        if base is None or base is array:
            return array
        if type(base) is PyCapsule or getattr(base, "shown_once", False):  # keeps memory alive that the array alone shows
            return array
        array = base


def memory_of(owner: Any) -> ndarray:
    """The memory of what owns some and is no array: a buffer, or an object with NumPy's array interface."""
    try:
        return np.frombuffer(owner, np.uint8)
    except TypeError:
        return np.asarray(owner)


may_overlap = np.may_share_memory._implementation  # type: ignore[attr-defined]
"""Whether the memory of two arrays may overlap, without asking subclasses."""


def address(array: ndarray) -> int:
    """Address of the first element."""
    return array.__array_interface__["data"][0]


def lowest_address(array: ndarray) -> int:
    """Lowest address an array touches (negative strides start at the end)."""
    start = address(array)
    for n, s in zip(array.shape, array.strides, strict=True):
        if s < 0 and n > 0:
            start += (n - 1) * s
    return start


def zeros_like_slot(slot: Slot) -> ndarray:
    """A zero shadow with the layout of the owner."""
    if slot.owner is not None:
        owner = slot.owner
        if isinstance(owner, ndarray):
            if owner.flags.c_contiguous:  # `np.zeros` gets memory that is zero already, `np.zeros_like` writes it
                return np.zeros(owner.shape, owner.dtype)
            return np.zeros_like(owner, subok=False)
        return np.zeros(memory_of(slot.owner).nbytes, np.uint8)
    if not slot.shape:
        return np.zeros((), slot.dtype)
    order = sorted(range(len(slot.shape)), key=lambda i: -abs(slot.strides[i]))
    dense = np.zeros([slot.shape[i] for i in order], slot.dtype)
    return dense.transpose(np.argsort(order))


def cut(buffer: ndarray, window: Window) -> ndarray:
    """The piece of `buffer` that `window` describes; `buffer` has the layout of the owner."""
    if 0 in window.shape:
        return np.empty(window.shape, window.dtype)
    flat = buffer.ravel(order="K")
    return np.ndarray(window.shape, window.dtype, flat, window.offset, window.strides)


class Memory:
    """The tables of one interpreter."""

    def __init__(self) -> None:
        self.slots: dict[int, Slot] = {}
        self.views: dict[int, View] = {}
        self.budget = 8

    def clear(self) -> None:
        """Forget everything, at the end of a recording."""
        self.slots.clear()
        self.views.clear()
        self.budget = 8

    def find(self, array: ndarray) -> Slot | None:
        """The slot of the memory of `array`, or None."""
        base = array.base
        if base is None:
            return self.slots.get(id(array))
        slot = self.slots.get(id(base))
        if slot is None and (type(base) is not ndarray or base.base is not None):
            slot = self.slots.get(id(owner_of(array)))
        return slot

    def register(self, array: ndarray, active: bool) -> Slot:
        """A new slot for the memory of `array`."""
        self.budget -= 1
        if self.budget < 0:
            self.purge()
        owner = array if array.base is None else owner_of(array)
        slot = Slot(owner, active)
        self.slots[id(owner)] = slot
        return slot

    def reference(self, array: ndarray, slot: Slot) -> Any:
        """Where `array` lies in `slot`: the slot itself, a view recorded by indexing, or a window."""
        owner = slot.owner
        if array is owner:
            return slot
        view = self.views.get(id(array))
        if view is not None and view.array is array:
            return view
        try:
            start = slot.address
        except AttributeError:
            if isinstance(owner, ndarray):
                start = lowest_address(owner)
            else:
                start = address(memory_of(owner))
            slot.address = start
        return Window(slot, address(array) - start, array)

    def relayout(self, array: ndarray, old: ndarray) -> tuple[Slot, Slot] | None:
        """The shape of `array` was assigned; `old` looks at its memory as before.

        Returns the slot that stands for the memory as it was seen, and the one that takes its place; None where the
        shadow is not laid out by `array`.
        """
        self.views.pop(id(array), None)
        slot = self.slots.get(id(array))
        if slot is None or array.base is not None:
            return None
        for key, view in list(self.views.items()):
            if view.slot is slot:
                del self.views[key]
        slot.owner, slot.cell = old, None
        new = self.register(array, slot.active)
        new.referenced, new.logged, new.exposed = slot.referenced, slot.logged, slot.exposed
        self.slots[id(old)] = slot
        return slot, new

    def note_view(self, array: ndarray, parent: Any, index: Any) -> None:
        """Remember that `array` is ``parent[index]``; pieces of what overlaps itself are found by their address."""
        if parent.overlaps:
            return
        if not array.ndim and array.dtype.names is not None and type(index) is not str:  # one record, as a view
            places = index if type(index) is tuple else (index,)
            index = places if any(i is Ellipsis for i in places) else (*places, ...)
        self.budget -= 1
        self.views[id(array)] = View(array, parent, index)

    def purge(self) -> None:
        """Let go of arrays that nothing but these tables holds."""
        for key, view in list(self.views.items()):
            if getrefcount(view.array) == 2:
                view.array = None
                del self.views[key]
        nbytes = 0
        slots = list(self.slots.items())
        for key, slot in slots:
            owner = slot.owner
            # held by the slot, `owner`, and the argument of getrefcount alone
            if type(owner) is ndarray:
                nbytes += owner.nbytes
                if getrefcount(owner) == 3 and owner.base is None:
                    slot.describe()
                    slot.owner = owner = None
                    del self.slots[key]
        average = nbytes // max(len(slots), 1) + 1
        self.budget = max(4, min(8192, BUDGET_BYTES // average)) + len(self.slots)
