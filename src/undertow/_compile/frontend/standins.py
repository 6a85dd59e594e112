"""Plain programs that stand for functions of Python's library which are compiled code: lowered like the user's own."""

from __future__ import annotations

__all__ = ["GENERATORS", "PROGRAMS"]

import functools
import itertools
from typing import Any

import numpy as np


def _product1(a):
    for x in a:
        yield (x,)


def _product2(a, b):
    for x in a:
        for y in b:
            yield x, y


def _product3(a, b, c):
    for x in a:
        for y in b:
            for z in c:
                yield x, y, z


def _pairs(a, r):
    n = len(a)
    for i in range(n):
        for j in range(i + 1, n):
            yield a[i], a[j]


def _triples(a, r):
    n = len(a)
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                yield a[i], a[j], a[k]


def _ordered_pairs(a, r):
    n = len(a)
    for i in range(n):
        for j in range(n):
            if i != j:
                yield a[i], a[j]


def _pairwise(a):
    for k in range(len(a) - 1):
        yield a[k], a[k + 1]


def _chain2(a, b):
    for x in a:
        yield x
    for x in b:
        yield x


def _ndenumerate1(a):
    for i in range(a.shape[0]):
        yield (i,), a[i]


def _ndenumerate2(a):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            yield (i, j), a[i, j]


def _ndenumerate3(a):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(a.shape[2]):
                yield (i, j, k), a[i, j, k]


def _filtered(function, a):
    for x in a:
        if function(x):
            yield x


def _true(a):
    for x in a:
        if x:
            yield x


def _mapped1(function, a):
    for x in a:
        yield function(x)


def _mapped2(function, a, b):
    for x, y in zip(a, b):
        yield function(x, y)


def _starmapped(function, a):
    for x in a:
        yield function(*x)


def _reduced(function, a):
    total = a[0]
    for k in range(1, len(a)):
        total = function(total, a[k])
    return total


def _reduced_from(function, a, start):
    total = start
    for x in a:
        total = function(total, x)
    return total


# (function, number of arguments, what is known of one of them): generator
GENERATORS: dict[tuple[Any, ...], Any] = {
    (itertools.product, 1): _product1, (itertools.product, 2): _product2, (itertools.product, 3): _product3,
    (itertools.combinations, 2, 2): _pairs, (itertools.combinations, 2, 3): _triples,
    (itertools.permutations, 2, 2): _ordered_pairs, (itertools.pairwise, 1): _pairwise,
    (itertools.chain, 2): _chain2, (np.ndenumerate, 1): _ndenumerate1, (np.ndenumerate, 2): _ndenumerate2,
    (np.ndenumerate, 3): _ndenumerate3, (filter, 2): _filtered, (filter, 1): _true, (map, 2): _mapped1,
    (map, 3): _mapped2, (itertools.starmap, 2): _starmapped}
PROGRAMS: dict[tuple[Any, int], Any] = {
    (functools.reduce, 2): _reduced, (functools.reduce, 3): _reduced_from}
