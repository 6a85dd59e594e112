"""Reverse mode in a hundred lines, by NumPy's own protocols: enough to differentiate what the bodies of rules do.

It knows nothing of memory, loops or Python; it serves to check that rules can be differentiated again, apart from
any engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rule_harness import positions, results, vjp

from undertow.rules import lookup
from undertow.rules._numpy.indexing import scatter


class Box(np.lib.mixins.NDArrayOperatorsMixin):
    """An active array and its cotangent."""

    __array_priority__ = 1000

    def __init__(self, value: Any) -> None:
        self.value, self.bar = np.asarray(value), None
        self.shape, self.dtype, self.ndim, self.size = (
            self.value.shape, self.value.dtype, self.value.ndim, self.value.size)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if method != "__call__":
            return lookup(getattr(np.ufunc, method)).pull(ufunc, *inputs, **kwargs)
        return apply(ufunc, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        return apply(function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        index = unboxed(index)
        full = index if isinstance(index, tuple) else (index,)
        return node(self.value[index], lambda g: self.add(scatter(np.asarray(g), full, self.shape)))

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    @property
    def T(self) -> Any:
        return np.transpose(self)

    @property
    def real(self) -> Any:
        return node(self.value.real, self.add)

    @property
    def imag(self) -> Any:
        return node(self.value.imag, lambda g: self.add(1j * g))

    def __getattr__(self, name: str) -> Any:
        method = getattr(np.ndarray, name)
        if not callable(method):
            return getattr(self.value, name)
        return lambda *args, **kwargs: apply(method, (self, *args), kwargs)

    def add(self, g: Any) -> None:
        """Add to the cotangent."""
        g = np.asarray(g if np.iscomplexobj(self.value) else np.real(g))
        self.bar = g if self.bar is None else self.bar + g


tape: list[Any] = []


def node(value: Any, hand: Any) -> Box:
    """A recorded result whose cotangent goes to `hand`."""
    box = Box(value)
    tape.append(lambda: None if box.bar is None else hand(box.bar))
    return box


def unboxed(x: Any) -> Any:
    """Values in place of boxes."""
    if isinstance(x, list | tuple) and not hasattr(x, "_fields"):
        return type(x)(map(unboxed, x))
    return (x.value[()] if x.ndim == 0 else x.value) if isinstance(x, Box) else x


def apply(function: Any, args: tuple, kwargs: dict) -> Any:
    """Call a primitive by its rule, or the Python code behind it."""
    rule = lookup(function)
    if rule is None:
        return function._implementation(*args, **kwargs)
    if rule.kind == "substitute":
        return rule.pull(*args, **kwargs)
    plain, plain_kwargs = unboxed(args), {k: unboxed(v) for k, v in kwargs.items()}
    if function is np.reshape or function is np.ndarray.reshape:
        plain = tuple(np.asarray(p) if i == 0 else p for i, p in enumerate(plain))
    y = function(*plain, **plain_kwargs)
    if rule.kind == "zero":
        return y
    outputs = [Box(v) for v in results(y)]

    def pull() -> None:
        bars = [b.bar for b in outputs]
        if all(bar is None for bar in bars):
            return
        found = vjp(rule, y, tuple(bars) if isinstance(y, tuple | list) else bars[0], plain, plain_kwargs)
        for place, g in zip(positions(rule, args, kwargs), found, strict=True):
            if place is not None:
                hand_on(args[place] if isinstance(place, int) else kwargs[place], g)

    tape.append(pull)
    if not isinstance(y, tuple | list):
        return outputs[0]
    return type(y)(*outputs) if hasattr(y, "_fields") else type(y)(outputs)


def primitive(function: Any) -> Any:
    """A Python function that has a rule, so that boxes meet the rule and not its body."""
    return lambda *args: apply(function, args, {}) if any(isinstance(a, Box) for a in args) else function(*args)


def hand_on(x: Any, g: Any) -> None:
    """Give a cotangent to a box, or to those in a sequence."""
    if g is None:
        return
    if isinstance(x, Box):
        x.add(g)
    elif isinstance(x, list | tuple):
        for v, part in zip(x, g, strict=True):
            hand_on(v, part)


def gradient(f: Any, x: Any) -> Any:
    """The gradient of a real-valued function of one array."""
    tape.clear()
    start = Box(x)
    y = f(start)
    if isinstance(y, Box):
        y.add(1.0)
    for pull in reversed(tape):
        pull()
    return np.zeros(np.shape(x)) if start.bar is None else start.bar
