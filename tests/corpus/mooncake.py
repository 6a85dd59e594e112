"""Programs after the test resources of Mooncake, row by row; the number in a comment is the row."""

import dataclasses
import functools
import hashlib
import math
import typing
from typing import Any

import numpy as np

from ._case import Corpus, make, mat, vec

case = Corpus(__name__)
ZERO = 0.0


class Foo:
    def __init__(self, x=None):
        if x is not None:
            self.x = x


@dataclasses.dataclass
class Stable:
    x: Any
    y: Any


@case(gradient=(), nested=False, differences=False)
def const_tester():  # 1
    return math.cos(5.0)


@case(5.0, zero=True)
def const_tester_non_differentiable(x):  # 2
    return 1.0


@case(5.0)
def identity(x):  # 3
    return x


def foo(x):
    return math.cos(math.sin(x))


case.add(foo, 5.0)  # 4


@case(5.0, 4.0)
def bar(x, y):  # 6
    x1 = math.sin(x)
    x2 = math.cos(y)
    x3 = foo(x2)
    x4 = foo(x3)
    return x2 + x4


@case(5.0, 0)
def unused_expression(x, n):  # 7
    y = (float,)[n]
    return x


@case(math.sin, 5.0, argnums=1)
def type_unstable_argument_eval(f, x):  # 8
    return f(x)


@case(make(lambda r: Foo(5.0)), 4.0, argnums=1)
def abstractly_typed_unused_container(_, x):  # 9
    return 5 * x


@case([5.0])
def pi_node_tester(box):  # 10
    x = box[0]
    return math.sin(x) if isinstance(x, int) else x * 2


@case([5], 1.0, argnums=1)
def pi_node_tester_int(box, s):  # 11
    x = box[0]
    return math.sin(x) * s if isinstance(x, int) else x


@case(5.0)
def intrinsic_tester(x):  # 13
    return 5 * x


@case(0.3)
def goto_tester(x):  # 14
    if not x > math.cos(x):
        x = math.sin(x)
    return math.cos(x)


@case(5.0)
def new_tester(x):  # 15, 16
    return Stable(x, "hello")


@case(2.0)
def new_tester_3(s):  # 17
    box = [Stable]
    return box[0](5.0 * s, "a").x


@case([(5.0, "a")])
def splatnew_tester(box):  # 18
    return Stable(*box[0])


@case(make(lambda r: Stable(5.0, "k")))
def getfield_tester(o):  # 19, 20
    return o.x * len(o.y)


@case(1.5, True)
def globalref_tester_2(x, use):  # 23
    v = ZERO if not use else 1
    return math.sin(v) * x


A10 = np.linspace(-1, 1, 10)


@case(1.5)
def globalref_tester_6(x):  # 28
    def inner(a):
        return a.sum() + (a * a).sum()

    return inner(A10) * x


@case([5.0])
def type_unstable_tester_0(box):  # 29
    return box[0]


@case([5.0])
def type_unstable_tester(box):  # 30
    return math.cos(box[0])


@case([5.0])
def type_unstable_tester_3(box):  # 32
    return Foo(box[0])


@functools.singledispatch
def edge(x):
    return 10.0


@edge.register
def _(x: float):
    return math.sin(x)


@case([5.0, False])
def test_primitive_dynamic_dispatch(xs):  # 33
    y, i = 0.0, 0
    while i < 2:
        y += edge(xs[i])
        i += 1
    return y


@case(5.0)
def phi_const_bool_tester(x):  # 35
    a = True if x > 0 else False
    return math.cos(a) * x


@case(3.0, 3)
def test_multiple_phinode_block(x, n):  # 39
    a, b, i = 1.0, x, 1
    while i < n:
        a, b = b, 2 * a
        i += 1
    return (a, b)


@case(vec(3))
def unsafe_getindex(x):  # 40
    y = np.take(x, [0])
    z = np.empty(1)
    for j, i in enumerate(range(0, 1)):
        z[j] = x[i]
    return y + z


@case(5.0)
def avoid_throwing_path_tester(x):  # 41
    if x < 0:
        raise IndexError("negative")
    return math.sin(x)


@case(2.0, "text", argnums=0)
def simple_foreigncall_tester(x, s):  # 42, 43
    kinds = typing.Union[int, str]
    return x * len(s.encode()) * isinstance(s, str) * (kinds is not None)


@case(5.0)
def no_primitive_inlining_tester(x):  # 44
    X = np.empty((5, 5))
    for i in range(25):
        X.flat[i] = x
    return X


def varargs_tester(*x):
    return x


case.add(varargs_tester, 5.0)  # 45
case.add(varargs_tester, 5.0, 4.0, 3.0)  # 47


@case(5.0, 4.0)
def varargs_tester_3(x, *y):  # 52
    return math.sin(x), y


@case(5.0, 4.0)
def varargs_tester_4(x, *y):  # 54
    return varargs_tester_3(*(x,)) + varargs_tester_3(*y)


@case((5.0, 4.0, 3.0))
def splatting_tester(x):  # 59
    return varargs_tester(*x)


@case([(5.0, 4.0)])
def unstable_splatting_tester(box):  # known failure there
    return varargs_tester(*box[0])


@case([3.0])
def inferred_const_tester(box):  # 60
    y = box[0]
    return y if y is None else 5 * y


@case(vec(4), True)
def test_union_of_arrays(x, b):  # 63
    z = x if b else np.ones(4, dtype="f4")
    return 2 * z


@case(1.1, 1.5)
def test_self_reference(a, b):  # 65, 66
    return a * b if a < b else test_self_reference(b, a) + a


case.add(test_self_reference, 1.5, 1.1)


@case(mat(3, 3), mat(3, 3), 0.5)
def modify_with_callable_object(C, v, beta):  # 68
    class MulAddMul:
        def __init__(self, alpha, beta):
            self.alpha, self.beta = alpha, beta

        def __call__(self, c, i, j, value):
            c[i, j] = self.alpha * value + self.beta * c[i, j]

    modify = MulAddMul(4.0, beta)
    for i in range(3):
        for j in range(3):
            modify(C, i, j, v[i, j])
    return C


@case((5.0, 5))
def getfield_of_tuple(t):  # 69
    return t[0]


@case(make(lambda r: Stable(5.0, "s")), 4.0)
def setfield_tester_left(o, v):  # 71
    o.x = v
    return v


@case(make(lambda r: Stable(1.0, r.normal(size=4))), vec(2), nested=False)
def setfield_tester_right(o, arr):  # 72
    o.y = arr
    return arr


@case(mat(3, 4), mat(4, 2), mat(2, 3))
def mul_into_transposed_view(A, B, C):  # 73
    Ct = C.T
    Ct[...] = 4 * A @ B + 3 * Ct
    return C


@case(1.5)
def integer_library_code(x):  # 74
    digest = hashlib.sha256(b"abc").digest()
    return x * digest[0]


@case(1.5)
def generator_construction(x):  # 75
    rng = np.random.default_rng(123456)
    return x * rng.random(3)


@case(mat(25, 50), mat(50, 25))
def matrix_product(A, B):  # 76
    return A @ B


@case(1.1)
def isbits_multiple_usage(x):  # 79
    return x * x


@case(1.1)
def isbits_multiple_usage_2(x):
    y = x * x
    return y * y


@case(1.1)
def isbits_multiple_usage_4(x):
    y = math.cos(x) if x > 0 else math.sin(x)
    return y * y


@case(1.1)
def isbits_multiple_usage_5(x):
    y = x * x
    return math.sin(y) if y > 10 else y * y


@case(False, 1.1)
def isbits_multiple_usage_phi(c, x):  # 84
    y = x if c else 1.0
    return y * x


@case(5.0)
def test_multiple_call_non_primitive(x):  # 86
    for _ in range(2):
        x = foo(x)
    return x


@case(5.0)
def test_multiple_pi_nodes(x):  # 87
    v = [x][0]
    assert isinstance(v, float)
    return (v, v)


@case([5.0])
def test_multi_use_pi_node(box):  # 88
    v = box[0]
    for _ in range(2):
        v = math.sin(v)
        assert isinstance(v, float)
    return v


@case(vec(2))
def test_getindex(x):  # 89
    return x[0]


@case(vec(2))
def test_mutation(x):  # 90
    x[0] = math.sin(x[1])
    return x[0]


@case(2.0)
def test_while_loop(x):  # 91
    n = 3
    while n > 0:
        x = math.cos(x)
        n -= 1
    return x


@case(3.0)
def test_for_loop(x):  # 92
    for _ in range(500):
        x = math.sin(x)
    return x


@case(5.0)
def test_mutable_struct(x):  # 93-96
    foo_ = Foo(x)
    foo_.x = x
    foo_.x = math.sin(foo_.x)
    return foo_.x


@case(3.5)
def test_struct_partial_init(x):  # 97
    class Partial:
        __slots__ = ("a", "b")

    p = Partial()
    p.a = x
    return p


@case(mat(4, 3), mat(4, 2), mat(2, 3))
def test_naive_mat_mul(C, A, B):  # 99
    for p in range(4):
        for q in range(3):
            C[p, q] = 0.0
            for r in range(2):
                C[p, q] += A[p, r] * B[r, q]
    return C


@case(mat(3, 3))
def aliased_inputs(A):  # 100
    def multiply(C, A, B):
        np.matmul(A, B, out=C)
        return C

    return multiply(np.empty((3, 3)), A, A)


@case(vec(32))
def test_sum(x):  # 101
    return x.sum()


@case(vec(3), mat(3, 4), mat(3, 4))
def diagonal_solve_in_place(d, B, Y):  # 102, 103
    np.divide(B, (d + 2)[:, None], out=Y)
    return Y + np.diag(d)[:, :1]


@case(mat(6, 6), mat(2, 2), mat(3, 3))
def kron_in_place(out, A, B):  # 104, 105
    out[...] = np.kron(A, B)
    return out


@case(mat(5, 2), mat(7, 5), mat(3, 7))
def test_mlp(x, W1, W2):  # 106
    return W2 @ np.tanh(W1 @ x)


@case(mat(8, 8))
def test_handwritten_sum(x):  # 107
    y, n = 0.0, 0
    while n < x.size:
        y += x.flat[n]
        n += 1
    return y


@case(vec(20))
def naive_map_sin_cos_exp(x):  # 108
    y = np.empty_like(x)
    for i in range(len(x)):
        y[i] = math.sin(math.cos(math.exp(x[i])))
    return y


@case(vec(9), vec(9))
def test_map(x, y):  # 112
    return [math.sin(math.cos(math.exp(a)) + math.exp(b) * math.sin(b)) for a, b in zip(x, y)]


@case(mat(4, 4))
def test_broadcast(x):  # 113
    return np.sin(np.cos(np.exp(x))).sum() + sum(math.sin(v) for v in x.flat)


@case(5.0)
def construct_exception(x):  # 115
    error = ValueError("hi", x)
    return error.args[1] * len(error.args)


@case([np.array([1.0])])
def test_small_union(box):  # 117
    v = box[0]
    return v if isinstance(v, float) else v[0]


class Base:
    def f(self, x, *rest):
        return x * x + sum(rest)


class Derived(Base):
    def f(self, x, *rest):
        return super().f(x, *rest, x) * 2


@case(5.0)
def invoke(x):  # 118, 119
    return Base.f(Derived(), x) + Derived().f(x, x, 3.0)


@case(3.0, 2.0)
def matrix_literal(a, b):  # 120
    return np.array([[a, b], [0, 1]])


@case(vec(8))
def inplace_invoke(x):  # 123
    def g(x):
        x[:] = np.cos(x)

    g(x)
    return None


@case(5.0)
def highly_nested_tuple(x):  # 124
    return ((((x,),), x), x)


@case(vec(4))
def sig_argcount_mismatch(x):  # 125
    return np.concatenate([[x[0]], x[1:2], x[2:3], x[3:4]])


@case(tuple(i / 1000 for i in range(300)), nested=False)
def large_tuple(t):  # 126
    return sum(math.cos(v) for v in t)


@case(vec(3), zero=True)
def regression_319(t):  # 127
    d = np.zeros(2)
    _x = t[0:2]
    return d


G = None


def restore():
    global G
    G = None


@case(2.5, reset=restore, nested=False)
def non_const_global_ref(y):
    global G
    G = y
    return G


@case(make(lambda r: Stable(Stable(None, 2.0), Stable(r.normal(size=2), {"k": [1, 2.5, None, True]}))))
def struct_zoo_nested(s):
    s.x.x = s.y.x * 2
    s.y.y["k"][2] = s.x.y
    return s.x.x.sum() * s.y.y["k"][1] + s.y.y["k"][2] ** 2


@case(3.0)
def struct_zoo_circular(x):
    c = Stable(x, None)
    c.y = c
    d = Stable(x * 2, Stable(1.0, c))
    c.x = d.x * c.y.x
    return d.y.y.y.x


@case((5.0, None))
def tuple_with_union(t):
    return t[0] * 2 if t[1] is None else t[1]


# ---- rule families of the same library ----------------------------------------------------------------------------


@case(vec(4), zero=True)
def random_numbers_overwrite_the_argument(x):
    x[:] = np.random.default_rng(3).standard_normal(4)
    return (x * x).sum()


@case(0.3, 2.5)
def ranges_of_active_endpoints(a, b):
    return np.linspace(a, b, 5) @ np.arange(5.0) + np.linspace(a, b, 3, endpoint=False).prod()


@case(vec(3), either=True)
def ranges_by_arange_and_logspace(x):
    return np.arange(x[0], x[0] + 2.9, 1.0).sum() * np.logspace(x[1], x[2], 3).sum() + np.geomspace(1.0, 2 + x[0], 4)[1]


@case(vec(5))
def list_growth_in_the_middle(x):
    a = list(x)
    a.insert(2, a[0] * a[1])
    del a[0:2]
    a[1:1] = [a[-1], 2.0]
    return np.array(a)


@case(vec(4))
def dictionary_mixed_stores(x):
    d = {1: 0, 2: 5.0}
    d[1] = x[0]
    d[2] = 3
    d[3.0] = x[1:3]
    return d.get(1, 0.0) * d[2] + d.get(7, x[3]) + d.get(3).sum() + d.get(9, 0)


@case(vec(6))
def matrices_of_all_shapes(x):
    row, column = x[None, :3], x[3:, None]
    outer = column @ row
    return (row @ column)[0, 0] * outer.sum() + (np.diag(x[:3]) @ np.triu(outer)).trace() + (2 * np.eye(3) @ x[:3])[1]
