"""Variables that hold different arrays or objects on different paths.

Such a variable gets memory of its own, a *slot*, into which each path copies what it leaves: rebinding becomes
copying. The two differ where somebody else can see the array that was bound: then a later write to it, or to the
slot, would have to be seen through both. Who shares with whom is noted, and such a write is refused.
"""

from __future__ import annotations

from typing import Any

from .._refusal import NotCompilable
from ..ir.builder import same
from ..ir.function import Constant, Region, Value, walk
from .merge import Meeting, Shape, join, shape_of, slots_of
from .state import TryAgain, Unknown
from .values import Array, Function, Growing, Iterable, Lazy, Maybe, Method, Ref, Sequence, same_view

__all__ = ["Slots", "defined_in"]


def defined_in(regions: list[Region]) -> set[Value]:
    """Values that exist only inside the regions."""
    out: set[Value] = set()
    for region in regions:
        out.update(region.params)
        for op in walk(region):
            out.update(op.results)
            for inner in op.regions:
                out.update(inner.params)
    return out


def mentions(v: Any, what: Any) -> bool:
    """Whether a value reaches memory `what` (an IR value) or the object with the key `what`."""
    if isinstance(v, Array):
        return v.root is what
    if isinstance(v, Lazy):
        return any(s.root is what for s in v.sources)
    if isinstance(v, Ref):
        return v.key == what
    if isinstance(v, Maybe):
        return mentions(v.value, what)
    if isinstance(v, Growing):
        return any(b.root is what for b in v.buffers)
    if isinstance(v, Method):
        return mentions(v.owner, what) or mentions(v.function, what)
    if isinstance(v, Function):
        return any(mentions(x, what) for x in (*v.defaults, *v.kw_defaults))
    parts = v.items if isinstance(v, Sequence) else v.parts if isinstance(v, Iterable) else \
        v if isinstance(v, (tuple, list)) else ()
    return any(mentions(x, what) for x in parts)


class _Meeting(Meeting):
    """Alternatives `left` and `right`, of which `key` names the variable that is joined."""

    def __init__(self, lowerer: Any, left: dict, right: dict, inner: set[Value] | None = None) -> None:
        self.lowerer = lowerer
        self.left = left
        self.right = right
        self.inner = inner or set()
        self.inner |= {root for root, memory in lowerer.paired.items() if memory in self.inner}
        self.where = lowerer.spans[lowerer.b.span]
        self.key: Any = None

    def slot(self, a: Array, b: Array) -> Shape:
        if a.element != b.element or len(a.dims) != len(b.dims):
            raise Unknown("a variable holds arrays of different types on different paths")
        wanted = (self.where, self.lowerer.hint(self.key))
        if wanted not in self.lowerer.carry_out:
            raise TryAgain("slot", wanted)  # only if somebody reads it
        dims = next((v.dims for v in (a, b) if not any(d in self.inner for d in v.dims)), None)
        if dims is None:
            raise Unknown("a variable holds different arrays whose shapes are not known beforehand")
        slot = self.own_memory(a, b)
        made = slot is None
        if slot is None:
            slot = self.lowerer.new_array(a.element, dims, hint=self.lowerer.hint(self.key))
        self.lowerer.home[slot.root] = self.key
        self.into_slot(slot, a)
        self.into_slot(slot, b)
        if made:
            self.prepare(slot, a)
        return Shape("slot", slot)

    def own_memory(self, a: Array, b: Array) -> Array | None:
        """Memory that the variable alone holds, and that can serve as its slot."""
        return None

    def prepare(self, slot: Array, first: Array) -> None:
        """What must happen where the slot is made."""

    def lifted(self, shape: Shape) -> Shape:
        """`shape` with slots for memory that exists only inside."""
        if shape.kind == "fixed" and isinstance(shape.info, Array):
            a = shape.info
            if not self.inner.intersection((a.root, *a.dims, *(x.start for x in a.axes))):
                return shape
            return self.slot(a, a)
        return shape._replace(parts=tuple(map(self.lifted, shape.parts)))

    def into_slot(self, slot: Array, value: Array) -> None:
        if slot.element != value.element or len(slot.dims) != len(value.dims):
            raise NotCompilable("a variable holds arrays of different types on different paths")
        for d, e in zip(slot.dims, value.dims, strict=True):
            if isinstance(d, Constant) and isinstance(e, Constant) and d.value != e.value:
                raise Unknown("a variable holds arrays of different shapes on different paths")

    def grow(self, parts: tuple) -> None:
        low = self.lowerer
        place = low.list_places.get(self.key[0]) if isinstance(self.key, tuple) else None
        item: Any = None
        for end in (self.left, self.right) if place is not None else ():
            for v in getattr(end.get(self.key), "items", ()):
                found = low.item_in(end, v)
                item = found if item is None else low.join_items(item, found)
        if item is None:
            raise Unknown("a list of unknown length of such items")
        raise TryAgain("slot", ("grow", place, item))

    def merge_objects(self, a: Shape, b: Ref) -> Shape:
        if {b.key, getattr(a.info, "key", None)} & self.lowerer.outside_refs:
            raise NotCompilable("which object from outside a variable is depends on control flow")
        special = {*self.lowerer.deques, *self.lowerer.factories}
        if special and {b.key, getattr(a.info, "key", None)} & special:
            raise NotCompilable("which deque or special dict a variable is depends on control flow")
        if a.kind == "object":
            key, cls, names = a.info
            parts = list(a.parts)
        else:
            first = a.info
            key, cls = ("merged", self.lowerer.count_merged()), first.cls
            names = tuple(sorted((k[1] for k in self.left if isinstance(k, tuple) and k[0] == first.key), key=str))
            parts = [shape_of(self.left[(first.key, n)]) for n in names]
            self.lowerer.share_object(first, self.left, self.key, key)
        theirs = sorted((k[1] for k in self.right if isinstance(k, tuple) and k[0] == b.key), key=str)
        if cls is not b.cls or tuple(theirs) != names:
            raise NotCompilable("a variable holds objects of different kinds on different paths")
        if b.key != key:
            self.lowerer.share_object(b, self.right, self.key, key)
        parts = [join(p, shape_of(self.right[(b.key, n)]), self) for p, n in zip(parts, names, strict=True)]
        return Shape("object", (key, cls, names), tuple(parts))


class LoopMeeting(_Meeting):
    """Before a loop (`left`) and at the end of its body (`right`)."""

    def own_memory(self, a: Array, b: Array) -> Array | None:
        low = self.lowerer
        if a is b or not low.is_whole(a) or low.is_shared(a.root, self.left, self.own_keys()):
            return None
        return a

    def prepare(self, slot: Array, first: Array) -> None:
        if first.root in self.inner:
            return
        self.lowerer.fill(slot, first)
        if self.lowerer.is_shared(first.root, self.left, self.own_keys()):
            self.lowerer.share(slot.root, first.root)

    def own_keys(self) -> set:
        return own_keys(self.key, self.left.get(self.key), self.left)


class BranchMeeting(_Meeting):
    """The ends of two branches."""

    def own_memory(self, a: Array, b: Array) -> Array | None:
        low = self.lowerer
        for x, other in ((a, self.right), (b, self.left)):
            if low.home.get(x.root) == self.key and low.is_whole(x) and x.root not in self.inner \
                    and not low.is_shared(x.root, other, self.key):
                return x
        return None


def own_keys(key: Any, value: Any, state: dict) -> set:
    """Keys under which a variable and the attributes of the objects it holds are kept."""
    out = {key}
    if isinstance(value, Ref):
        for k in state:
            if isinstance(k, tuple) and k[0] == value.key:
                out |= own_keys(k, state[k], state)
    for item in value.items if isinstance(value, Sequence) else ():
        out |= own_keys(key, item, state)
    return out


class Slots:
    """Bookkeeping of slots; expects the other mixins beside it."""

    def count_merged(self) -> int:
        return next(self.keys)

    # ---- who sees what
    def is_shared(self, root: Value, state: dict, key: Any) -> bool:
        """Whether anything but the variable `key` can reach the memory."""
        if root in self.params_set or root in self.partners:
            return True
        own = key if isinstance(key, set) else {key}
        return any(mentions(v, root) for k, v in state.items() if k not in own) or any(
            mentions(v, root) for v in self.held)

    def share(self, a: Value, b: Value) -> None:
        """Note that writing one would have to change the other."""
        if a is not b:
            self.partners.setdefault(a, set()).add(b)
            self.partners.setdefault(b, set()).add(a)

    def share_object(self, ref: Ref, state: dict, key: Any, merged: Any) -> None:
        if any(mentions(v, ref.key) for k, v in state.items() if k != key) or ref.key in self.argument_objects:
            self.frozen_objects.update((ref.key, merged))

    def note_write(self, root: Value) -> None:
        """The program itself writes to memory."""
        if root in self.kept_roots:
            raise Unknown("an array is written that is kept in a list of unknown length")
        if root in self.partners or any(isinstance(v, Lazy) and v.alias is root for v in self.state.values()):
            raise Unknown("an array is written that shares its memory on one path and not on another")
        self.writes.append(root)

    # ---- slots
    def copy_to_slots(self, state: dict, shapes: dict[Any, Shape], since: int | None = None) -> None:
        """Copy what a path leaves into the slots; all is read before anything is written."""
        pairs = []
        for key, shape in shapes.items():
            for slot, value in slots_of(state.get(key), shape, state):
                if isinstance(value, Array) and not (value.root is slot.root and self.is_whole(value)):
                    pairs.append((key, slot, value))
        targets = {slot.root for _, slot, _ in pairs}
        settled = []
        for key, slot, value in pairs:
            if self.is_shared(value.root, state, own_keys(key, state.get(key), state)):
                self.share(slot.root, value.root)
                fresh = len(self.made_in.get(value.root, ())) > len(self.loop_marks)  # another memory in each iteration
                if since is not None and any(
                        r is slot.root or (r is value.root and not fresh) for r in self.writes[since:]):
                    raise Unknown("an array is written that shares its memory on one path and not on another")
            for d, e in zip(slot.dims, value.dims, strict=True):
                self.b.check(self.b.scalar("eq", d, e), "the shape of a variable depends on control flow")
            clash = value.root in targets and len(pairs) > 1 or value.root is slot.root
            settled.append((slot, self.array_of(value) if clash else value))
        for slot, value in settled:
            self.fill(slot, value)

    @staticmethod
    def same_dims(x: tuple, y: tuple) -> bool:
        return len(x) == len(y) and all(map(same, x, y))

    def reuse(self, key: Any, value: Any) -> bool:
        """Write an expression to the memory the variable already owns, where nobody can tell the difference."""
        current = self.state.get(key)
        if not (isinstance(value, Lazy) and isinstance(current, Array) and self.home.get(current.root) == key):
            return False
        if not self.same_dims(current.dims, value.dims) or current.element != value.element or not self.is_whole(current):
            return False
        if self.is_shared(current.root, {k: v for k, v in self.state.items() if not isinstance(v, Lazy)}, key):
            return False
        if any(s.root is current.root and not same_view(s, current) for s in value.sources):
            return False
        self.state.pop(key)
        self.fill(current, value)
        self.state[key] = current
        return True
