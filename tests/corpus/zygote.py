"""Programs with known answers after the feature tests of Zygote."""

import copy
import logging
import math

import numpy as np

from ._case import Corpus, make, mat, vec

case = Corpus(__name__)
log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())
log.propagate = False


@case(2.0, 3, gradient=12.0)
def power_by_while(x, n):
    r = 1.0
    while n > 0:
        n -= 1
        r *= x
    return r


@case(2.0, 3, gradient=12.0)
def power_through_a_box(x, n):
    r = [1.0]
    while n > 0:
        n -= 1
        r[0] = r[0] * x
    return r[0]


@case(2.0, gradient=0.0)
def constant(x):
    return 1.0


@case(2.0, 3.0, gradient=(3.0, 2.0))
def product_through_tuple(a, b):
    c = (a, b)
    return c[0] * c[1]


@case(2.0, 3.0, gradient=(3.0, 2.0))
def product_through_lambda(a, b):
    g = lambda z: a * z
    return g(b)


@case(2.0, 3.0, gradient=(3.0, 2.0))
def product_through_varargs(a, *b):
    return a * b[0]


@case(2.0, 3.0, gradient=(3.0, 2.0))
def product_through_keywords(x, y):
    def f(*, a=1.0, b):
        return a * b

    return f(b=x, a=y)


@case(np.array([1.0, 2.0, 3.0]), gradient=np.array([6.0, 3.0, 2.0]))
def my_product(xs):
    s = 1
    for x in xs:
        s *= x
    return s


@case({"x": 2.3, "y": 1.0, "z": 3.0}, gradient={"x": 3.0, "y": 0.0, "z": 2.3})
def keyword_splat_of_dictionary(d):
    def f(**kw):
        name = "x"
        return kw[name] * kw["z"]

    return f(**d)


@case(2.0, gradient=1.0)
def matrix_literal_sum(x):
    return np.array([[1, x], [3, 4]]).sum()


@case(5.0, gradient=5.0)
def throw_in_untaken_branch(x):
    if x < 0:
        raise RuntimeError("foo")
    return 5 * x


@case([(1.0, 2.0, 3.0), (4.0, 5.0, 6.0)], gradient=[(0.0, 3.0, 2.0), (0.0, 6.0, 5.0)])
def list_of_tuples(t):
    return sum(math.prod(x[1:3]) for x in t)


class Mut:
    def __init__(self, x):
        self.x = x


@case(make(lambda r: Mut(3.0)))
def mutable_field_square_plus_field(m):
    return m.x**2 + m.x


@case(make(lambda r: (Mut(4.0), 3)))
def same_object_through_tuple_index(t):
    i = 0
    return t[0].x * t[i].x + t[i].x


@case(make(lambda r: [Mut(2.0), Mut(Mut(3.0))]))
def list_of_mutables(ms):
    ms[0].x = ms[0].x * ms[1].x.x
    return ms[0].x ** 2 + ms[1].x.x


@case([{"a": 1.0, "b": 2.0}, "three"], gradient=[{"a": 1.0, "b": 0.0}, "three"])
def heterogeneous_list(xs):
    return xs[0]["a"]


@case({1: 5.0, 2: 1.0})
def defensive_update(d):
    e = copy.deepcopy(d)
    e[1] = e[1] * 7.0
    return e[1] + d[1] * e[2]


@case(np.arange(1.0, 6.0), gradient=np.array([1.0, 4.0, 27.0, 256.0, 3125.0]) * (1 + np.log(np.arange(1.0, 6.0))))
def enumerate_powers(xs):
    return sum(x**x for _, x in enumerate(xs))


@case(np.array([3.0, 5.0, 7.0]), gradient=np.array([0.0, 0.0, 1.0]))
def max_of_splat(x):
    return max(*x)


@case(vec(4))
def reshape_of_splat(x):
    return np.reshape(x, (*[2] * 2,)).sum() + sum([x @ x, *x])


@case(1.0, gradient=2.0)
def swap_1198(x):
    a, b = x, 2 * x
    for _ in range(3):
        a, b = b, a
    return a


@case(1.0, gradient=2.0)
def rotate_1198(x):
    a, b, c = x, 2 * x, 3 * x
    for _ in range(4):
        a, b, c = b, c, a
    return a


@case(np.ones((3, 3)), nested=False)
def accumulation_net(x):
    states = [x]
    for _ in range(9):
        states.append(sum(states))
    return (states[-1] ** 2).sum()


@case(np.array([0.5, 1.5, 2.5]), np.array([1.0, -1.0, 2.0]), argnums=0, gradient=np.array([1.0, -1 / 1.5**2, 5.0]))
def powers_by_integers(x, p):
    return (x ** p.astype(int).astype(float)).sum()


@case(2.0, gradient=4.0)
def logging_in_a_branch(x):
    if x > 0:
        log.warning("positive %s", x)
    log.info("value {}".format(x))
    log.debug(f"{x=}")
    return 2 * x + 2 * x


@case(1.0, gradient=2.0)
def try_happy_path(x):
    try:
        return 2 * x
    except Exception:
        return 0.0


@case(-1.0, gradient=42.0)
def defined_conditionally(x):
    if x > 0:
        y = 6 * x
    try:
        return y
    except UnboundLocalError:
        return 42 * x


# ---- families of its gradient checks ------------------------------------------------------------------------------


@case(mat(3, 4), vec(4), vec(3))
def affine_with_nonlinearity(w, x, b):
    return np.tanh(w @ x + b) + w @ x - b


@case(mat(3, 4), mat(3, 4))
def transposed_products(a, b):
    return (a.T @ b) @ (b.T @ a) + a.T @ a


@case(mat(3, 4))
def sums_products_and_cumulative(a):
    return [a.sum(axis=0), a.prod(axis=1), np.cumsum(a, axis=1), a.sum(axis=(0, 1), keepdims=True),
            np.cumprod(a, axis=0), a.mean(1), a.var(axis=0), a.std(axis=1, ddof=1), np.prod(a)]


@case(mat(4, 4))
def determinants(a):
    a = a + 3 * np.eye(4)
    sign, logdet = np.linalg.slogdet(a)
    return np.linalg.det(a) + sign * logdet + np.linalg.slogdet(-a[:3, :3])[1]


@case(mat(4, 5))
def indexing_with_everything(a):
    return [a[1:3, ::2], a[[0, 0, 2]], a[:, [1, 1, 3]], a[[0, 1], [2, 2]], a[np.array([[0, 1], [1, 0]]), 1], a[a > 0],
            a[-1], a[..., None][2], a[np.ix_([1, 0], [2, 4])], a.take([3, 3, 7]), a.flat[[1, 1, 2]]]


@case(mat(3, 4))
def rows_columns_and_permutations(a):
    rows = sum(r * i for i, r in enumerate(a))
    columns = [c[::-1] for c in a.T]
    return rows, columns, np.flip(a, 0), a.transpose(1, 0), np.repeat(a, 2, axis=1), np.tile(a, (2, 1)), np.roll(a, 2)


@case(mat(3, 4))
def extremes(a):
    return a.max(), a.min(axis=0), a.max(axis=1, keepdims=True), np.ptp(a, axis=0), np.maximum(a, 0.1), a.clip(-0.3, 0)


@case(vec(6))
def sorting(x):
    order = np.argsort(x)
    return (x[order] * np.arange(6), np.sort(x)[::-1],
            sorted(x, key=lambda v: abs(v))[2], np.median(x), np.partition(x, 2)[2])


@case(mat(5, 3), mat(3, 5))
def pseudo_inverses(tall, wide):
    return np.linalg.pinv(tall), np.linalg.pinv(wide)


@case(mat(3, 3), mat(3, 2))
def solves_with_structure(a, b):
    low = np.tril(a) + 2 * np.eye(3)
    return np.linalg.solve(a + 3 * np.eye(3), b), np.linalg.solve(low, b), np.linalg.solve(low.T, b[:, 0])


@case(mat(3, 3))
def symmetric_decompositions(a):
    s = a @ a.T + np.eye(3)
    values = np.linalg.eigvalsh(s)
    return np.linalg.cholesky(s), values, np.linalg.eigh(s)[0] ** 2


@case(mat(3, 3))
def matrix_powers(a):
    return np.linalg.matrix_power(a, 3), np.linalg.multi_dot([a, a.T, a]), np.linalg.inv(a + 3 * np.eye(3))


@case(mat(4, 2), mat(3, 2))
def distances(a, b):
    d = a[:, None] - b[None]
    return np.sqrt((d**2).sum(-1)), np.abs(d).sum(-1), np.linalg.norm(a[0] - b[1]), np.linalg.norm(a, axis=1)


@case(vec(3), mat(2, 3))
def concatenations(x, a):
    return (np.concatenate([a, x[None]]), np.stack([x, x * 2], axis=1), np.hstack([x, [1.0], a[0]]), np.vstack([a, x]),
            np.column_stack([x, a.T]), np.concatenate([np.zeros((0, 3)), a]), np.append(x, a),
            np.r_[x, 1.0], np.c_[x, x])


@case(vec(8))
def fourier_transforms(x):
    f = np.fft.fft(x)
    return np.abs(f) ** 2, np.fft.ifft(f * np.arange(8)).real, np.fft.rfft(x).imag, np.fft.irfft(np.fft.rfft(x) * 2)


@case(vec(3))
def log_exp_functions(x):
    top = x.max()
    return top + np.log(np.exp(x - top).sum()), np.logaddexp(x[0], x[1]), np.log1p(np.exp(x)), np.logaddexp.reduce(x)
