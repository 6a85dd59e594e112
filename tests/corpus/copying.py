"""Copies: shallow, deep, of arrays, of objects, with shared parts."""

import copy

import numpy as np

from ._case import Corpus, make, mat, vec

case = Corpus(__name__)


class State:
    def __init__(self, u, level):
        self.u, self.level, self.links = u, level, {"u": u}


@case(vec(4), 0.3)
def deepcopy_of_an_object(u, level):
    s = State(u, level)
    saved = copy.deepcopy(s)
    s.u *= 2
    s.level = s.level**2
    saved.links["u"][0] += s.u[1]
    return s.u @ saved.u + saved.level * s.level + (saved.links["u"] is saved.u)


@case(vec(4), 0.3)
def shallow_copy_shares(u, level):
    s = State(u, level)
    t = copy.copy(s)
    t.u[1] = 5.0 * t.level
    t.level = 2.0
    return (s.u * t.u).sum() * s.level


@case(make(lambda r: {"a": [r.normal(size=2), 0.5], "b": (1.5, "k")}))
def deepcopy_of_nested_containers(d):
    e = copy.deepcopy(d)
    e["a"][0][:] = d["a"][0] ** 2
    e["a"][1] *= 3
    d["a"][1] = 0.0
    return e["a"][0] @ d["a"][0] + e["a"][1] * e["b"][0] + d["a"][1]


@case(3.0, 4.0, gradient=(5.0, 0.0))
def defensive_update_of_dictionary(a, b):
    d = {1: a, 2: b}
    e = copy.deepcopy(d)
    e[2] = 1.0
    d[1] = 100.0
    return e[1] * 5 + e[2]


@case(vec(3))
def deepcopy_keeps_aliases(x):
    pair = [x, x]
    other = copy.deepcopy(pair)
    other[0] *= 2
    return (other[1] * x).sum()


@case(vec(3))
def deepcopy_of_cyclic_structure(x):
    a = {"x": x}
    a["self"] = a
    b = copy.deepcopy(a)
    b["self"]["x"][0] = x[1] * 2
    return (b["x"] ** 2).sum()


@case(vec(3))
def every_way_to_copy_a_list(x):
    a = [x[0], x[1], [x[2]]]
    copies = [a[:], list(a), a.copy(), [*a], copy.copy(a)]
    a[0] = 0.0
    a[2][0] = a[2][0] * 3
    return sum(c[0] * c[1] * c[2][0] for c in copies)


@case(mat(3, 3))
def every_way_to_copy_an_array(a):
    copies = [a.copy(), np.array(a), a + 0, np.copy(a, order="F"), copy.copy(a), copy.deepcopy(a), a.astype(float),
              np.empty_like(a)]
    copies[-1][...] = a
    total = 0.0
    for k, c in enumerate(copies):
        c[0, 0] *= k
        total += (c @ a).sum()
    return total


class Copied:
    def __init__(self, v):
        self.v = v

    def __copy__(self):
        return Copied(self.v * 2)

    def __deepcopy__(self, memo):
        return Copied(copy.deepcopy(self.v, memo) * 3)


@case(0.7)
def own_copy_methods(x):
    c = Copied(x)
    return copy.copy(c).v * copy.deepcopy([c])[0].v


@case(vec(4))
def checkpoint_and_rollback(x):
    state = {"x": x, "t": 0.0}
    best = None
    for k in range(4):
        state["x"] = state["x"] * 0.9 + 0.1 * np.sin(k + state["x"])
        state["t"] += 0.1
        if k == 1:
            best = copy.deepcopy(state)
        if k == 2:
            state = best
    return state["x"].sum() * state["t"]


@case(vec(5))
def copy_before_sort(x):
    y = x.copy()
    y.sort()
    z = np.sort(x)[::-1]
    return (x * y).sum() + (z * x).sum()


@case(vec(4), vec(4))
def swap_buffers(a, b):
    for _ in range(5):
        b[1:-1] = a[1:-1] + 0.2 * (a[2:] - 2 * a[1:-1] + a[:-2])
        b[0], b[-1] = a[0], a[-1]
        a, b = b, a
    return (a * a).sum()
