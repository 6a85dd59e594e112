"""Sequences of every kind where NumPy expects an array."""

from __future__ import annotations

import collections
import math

import numpy as np

from ._case import Corpus, make

case = Corpus(__name__)
spread = make(lambda rng: np.array([0.31, 0.72, 1.13, 0.46, 0.94, 0.23]) + rng.uniform(0, 0.01, 6))
Pair = collections.namedtuple("Pair", "a b")


class ListOf(list):
    pass


class TupleOf(tuple):
    pass


class Indexed:
    """A sequence by length and items alone."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


KINDS = {"named_tuple": lambda a, b: Pair(a, b), "list_subclass": lambda a, b: ListOf([a, b]),
         "tuple_subclass": lambda a, b: TupleOf((a, b)), "deque": lambda a, b: collections.deque([a, b]),
         "user_list": lambda a, b: collections.UserList([a, b]), "indexed": lambda a, b: Indexed([a, b]),
         "list": lambda a, b: [a, b], "list_of_one": lambda a, b: [a, np.float64(2.0) * b]}


def into_functions(kind):
    def program(x):
        c = kind(x[0] * 2, x[1] * x[2])
        return (np.array(c).sum() + np.asarray(c, dtype=float) @ x[:2] + np.sin(np.asarray(c)).sum() + np.sum(c) * x[0]
                + np.dot(x[:2], c) + np.max(c) + np.mean(c) + np.where([True, False], c, x[:2]).sum() + np.cumsum(c)[1]
                + np.append(x, c).sum() + np.interp(0.5, [0.0, 1.0], c) + np.array([c, c]).sum() * x[3]
                + np.linalg.solve(np.eye(2) * 2, c).sum() + np.einsum("i,i", c, x[:2]) + np.outer(c, x).sum()
                + np.linalg.norm(c) + np.prod(c) + math.fsum(c) + math.hypot(*c))

    return program


def into_stores(kind):
    def program(x):
        c = kind(x[0] * 2, x[1] * x[2])
        y, z = x * 1.0, np.zeros((2, 2))
        y[:2] = c
        y[[2, 3]] = c
        np.add.at(y, [4, 4], c)
        z[:] = c
        z[:, 0] = c
        np.copyto(z[1], c)
        np.put(y, [0, 5], c)
        y.flat[:2] = c
        return (y * y).sum() + (z * z).sum()

    return program


def into_operators(kind):
    def program(x):
        c = kind(x[0] * 2, x[1] * x[2])
        y = x[:2] * 1.0
        y += np.asarray(c)
        y *= c
        return (x[:2] * c).sum() + np.add(x[:2], c).sum() + (x.reshape(3, 2) @ np.asarray(c)).sum() + y @ y

    return program


for name, kind in KINDS.items():
    case.add(into_functions(kind), spread, name=f"{name}_into_functions", complex_step=False, nested=name == "named_tuple")
    case.add(into_stores(kind), spread, name=f"{name}_into_stores", nested=name == "deque")
    case.add(into_operators(kind), spread, name=f"{name}_into_operators", either=name in ("deque", "user_list", "indexed"))
