"""Functions behind ``functools.lru_cache``: a derivative has tables of its own, which tell active numbers apart.

A table of the program must not keep active numbers beyond the run, and a number that carries a derivative is not the
equal constant.  What the program can see of its cache, hits, misses and what is dropped, is as in the plain run: a
cache of the same size, asked with the same keys, decides it.
"""

from __future__ import annotations

import functools
from typing import Any

from .scalars import ACTIVE, NUMBERS

WRAPPER = type(functools.lru_cache(lambda: None))


class Cache:
    """The table of one cached function in one derivative."""

    def __init__(self, interpreter: Any, f: Any) -> None:
        self.inner = interpreter.callee(f.__wrapped__)
        self.before = f.cache_info()
        self.table: dict[Any, Any] = {}
        self.shadow = functools.lru_cache(**f.cache_parameters())(self.compute)

    def compute(self, *args: Any, **kwargs: Any) -> None:
        """Run the function: its cache has no entry."""
        self.table[_key(args, kwargs)] = self.inner(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.shadow(*args, **kwargs)
        key = _key(args, kwargs)
        if key not in self.table:  # equal numbers, of which one carries a derivative
            self.compute(*args, **kwargs)
        return self.table[key]

    def info(self) -> Any:
        """``cache_info()``."""
        now = self.shadow.cache_info()
        return now._replace(hits=self.before.hits + now.hits, misses=self.before.misses + now.misses)

    def clear(self) -> None:
        """``cache_clear()``."""
        self.shadow.cache_clear()
        self.table.clear()
        self.before = self.before._replace(hits=0, misses=0)


def cache_of(interpreter: Any, f: Any) -> Cache:
    """The table of `f` in this derivative."""
    found = interpreter.caches.get(f)
    if found is None:
        found = interpreter.caches[f] = Cache(interpreter, f)
    return found


def cached(interpreter: Any, f: Any) -> Any:
    """What is called in place of a cached function."""
    return lambda *args, **kwargs: cache_of(interpreter, f)(*args, **kwargs)


def method(interpreter: Any, f: Any, name: str) -> Any:
    """``f.cache_info``, ``f.cache_clear``; None for other methods."""
    if name == "cache_info":
        return lambda: cache_of(interpreter, f).info()
    if name == "cache_clear":
        def clear() -> None:
            f.cache_clear()
            cache_of(interpreter, f).clear()

        return clear
    return None


def _key(args: tuple, kwargs: dict) -> tuple:
    return tuple(map(_part, args)), tuple((k, _part(v)) for k, v in kwargs.items())


def _part(x: Any) -> Any:
    if type(x) in ACTIVE and type(x) not in NUMBERS:
        return type(x), _Hold(x)
    if isinstance(x, (tuple, frozenset)):
        return type(x), tuple(map(_part, x))
    return x


class _Hold:
    """Keeps a number alive in a key, so that its id stays its own."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hold) and other.x is self.x

    def __hash__(self) -> int:
        return id(self.x)
