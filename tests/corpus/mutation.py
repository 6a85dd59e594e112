"""In-place change of arrays, in every form NumPy offers."""

import numpy as np

from ._case import Corpus, int_vec, mat, pos, vec

case = Corpus(__name__)


@case(vec(6))
def element_store(x):
    x[2] = x[0] * x[5]
    x[-1] = np.sin(x[2])
    return x[2] + x[5] * x[1]


@case(vec(6), 1.7)
def scalar_into_array(x, a):
    x[3] = a
    x[4] = a * x[3]
    return (x * x).sum()


@case(vec(8))
def slice_store(x):
    x[2:5] = np.cos(x[3:6])
    return (x**3).sum()


@case(vec(9))
def stepped_slice_store(x):
    x[::2] = x[::2] * x[0]
    x[::-3] = 2 * x[::3]
    return np.dot(x, x)


@case(mat(4, 5))
def two_dimensional_block(u):
    u[1:3, 1:-1] = 0.25 * (u[:2, 1:-1] + u[2:, 1:-1] + u[1:3, :-2] + u[1:3, 2:])
    return (u * u).sum()


@case(vec(6), 0.3)
def broadcast_scalar_store(x, a):
    x[1:4] = a
    return np.exp(x).sum()


@case(mat(3, 4), vec(4))
def broadcast_row_store(u, row):
    u[:2] = row
    u[2] += row
    return (u**2).sum()


@case(vec(5))
def in_place_operators(x):
    x += 2.0
    x *= x
    x -= 0.5
    x /= 1.5
    x **= 1.3
    return x.sum()


@case(vec(5), vec(5))
def in_place_with_other_array(x, y):
    x += y
    y *= x
    x -= y * x
    return x.sum() + (y * y).sum()


@case(pos(6))
def in_place_remainder(x):
    x %= 0.43
    x *= x
    return x.sum()


@case(pos(6))
def in_place_power_of_self(x):
    x **= x
    return x.sum()


@case(vec(6))
def element_augmented(x):
    for i in range(1, len(x)):
        x[i] += 0.5 * x[i - 1] ** 2
    return x[-1] * x[0]


@case(vec(7))
def slice_augmented(x):
    x[1:] += x[:-1] * 0.5
    x[:-1] *= x[1:]
    return x.sum()


@case(vec(6), vec(6))
def out_argument(x, y):
    buffer = np.empty(6)
    np.multiply(x, y, out=buffer)
    np.exp(buffer, out=buffer)
    np.add(buffer, x, out=y)
    return (buffer * y).sum()


@case(vec(6))
def out_is_an_input(x):
    np.sin(x, out=x)
    np.multiply(x, x, x)
    return x.sum()


@case(mat(3, 3), mat(3, 3))
def matmul_with_out(a, b):
    c = np.zeros((3, 3))
    np.matmul(a, b, out=c)
    np.dot(c, a, out=b)
    return (b * c).sum()


@case(pos(3, 4))
def reduction_with_out(x):
    totals = np.empty(4)
    np.sum(x, axis=0, out=totals)
    running = np.empty((3, 4))
    np.cumsum(x * totals, axis=1, out=running)
    return (running**2).sum()


@case(vec(6))
def where_keyword(x):
    y = np.zeros(6)
    np.multiply(x, 3.0, out=y, where=x > 0)
    np.add(y, x * x, out=y, where=[True, False, True, False, True, False])
    return (y * y).sum()


@case(vec(5), int_vec(0, 2, 2, 4))
def add_at(x, index):
    y = np.zeros(5)
    np.add.at(y, index, x[:4] ** 2)
    return (y * y * x).sum()


@case(vec(5), vec(4), int_vec(0, 2, 2, 4))
def subtract_at_argument(x, w, index):
    np.subtract.at(x, index, w * w)
    return (x**3).sum()


@case(pos(5), pos(3), int_vec(1, 1, 3))
def multiply_at(x, w, index):
    np.multiply.at(x, index, w)
    return x.prod()


@case(vec(5))
def negative_at(x):
    y = x * x
    np.negative.at(y, [0, 3])
    return (y * x).sum()


@case(vec(6), vec(6))
def copyto(x, y):
    np.copyto(x, np.sin(y))
    return (x * y).sum()


@case(vec(6), vec(6))
def copyto_where(x, y):
    np.copyto(x, y * y, where=y > 0)
    return (x * x).sum()


@case(mat(3, 4), vec(3))
def put_flat(a, values):
    np.put(a, [0, 5, 11], values * values)
    return (a * a).sum()


@case(mat(3, 4), vec(3))
def put_method_wraps(a, values):
    a.put([1, 13, 14], values, mode="wrap")
    return (a**3).sum()


@case(mat(3, 4), vec(3))
def put_along_axis(a, values):
    index = np.argmax(a, axis=1)
    np.put_along_axis(a, index[:, None], (values**2)[:, None], axis=1)
    return (a * a).sum()


@case(vec(6), vec(3))
def place(x, values):
    np.place(x, x > 0, values)
    return (x * x).sum()


@case(vec(6), vec(6))
def putmask(x, values):
    np.putmask(x, x < 0.2, values * 2)
    return (x * x * values).sum()


@case(vec(7), vec(7))
def sort_in_place(x, w):
    x.sort()
    return (x * w).sum()


@case(mat(3, 4), mat(3, 4))
def sort_in_place_along_axis(a, w):
    a.sort(axis=0)
    a[::-1].sort(axis=1)
    return (a * w).sum()


@case(vec(7))
def partition_in_place(x):
    x.partition(3)
    return x[3] * 2 + x[:3].sum() ** 2


@case(vec(5), 1.2)
def fill(x, a):
    y = x * 2
    x.fill(a * a)
    return (x * y).sum()


@case(vec(5))
def fill_inactive(x):
    total = (x**2).sum()
    x.fill(3.0)
    return total + x.sum()


@case(mat(3, 4))
def flat_store(a):
    a.flat[2] = a.flat[7] * a.flat[0]
    a.flat[8:11] = a.flat[1:4]
    return (a * a).sum()


@case(mat(3, 4), 0.7)
def flat_all(a, s):
    b = np.empty((3, 4))
    b.flat = s
    b.flat[::5] = a[0, 0]
    return (a * b * b).sum()


@case(mat(3, 4))
def transpose_store(a):
    a.T[1:3, 0] = a.T[0:2, 2] * 3
    a.T[...] += a.T[0]
    return (a**2).sum()


@case(vec(8))
def boolean_mask_store(x):
    x[x < 0] = 0.1 * x[x < 0]
    return (x * x).sum()


@case(vec(8), 0.4)
def boolean_mask_scalar(x, a):
    x[x > 0.2] = a
    return (x * np.arange(8)).sum()


@case(mat(4, 4))
def mask_two_dimensions(a):
    upper = np.triu(np.ones((4, 4), dtype=bool), 1)
    a[upper] *= 2.5
    a[~upper] -= a[0, 1]
    return (a * a).sum()


@case(vec(6), vec(4))
def fancy_store(x, v):
    x[[4, 0, 2, 1]] = v**2
    return (x * x).sum()


@case(vec(6), vec(3))
def fancy_store_repeated_last_wins(x, v):
    x[[1, 1, 4]] = v
    return (x**2).sum()


@case(vec(6), vec(3))
def fancy_augmented_repeated(x, v):
    x[[1, 1, 4]] += v
    return (x**2).sum()


@case(mat(4, 5), vec(3))
def fancy_pairs(a, v):
    a[[0, 1, 3], [2, 2, 4]] *= v
    a[np.ix_([0, 3], [1, 4])] = v[:2]
    return (a * a).sum()


@case(mat(4, 5))
def fancy_and_slice(a):
    a[[0, 2], 1:4] = a[[2, 3], 0:3] ** 2
    a[..., [0, 4]] += 1.0
    return (a**2).sum()


@case(vec(6))
def overlapping_shift(x):
    x[1:] = x[:-1]
    return (x * np.arange(1.0, 7.0)).sum()


@case(vec(6))
def overlapping_reverse(x):
    x[:] = x[::-1] * 2
    return (x * x * np.arange(6)).sum()


@case(vec(8))
def overlapping_augmented(x):
    x[2:] += x[:-2]
    x[:-1] -= 0.5 * x[1:]
    return (x**2).sum()


@case(mat(4, 4))
def overlapping_transpose(a):
    a[...] = a.T @ a
    a += a.T
    return (a * a).sum()


@case(vec(5))
def swap_elements(x):
    x[0], x[4] = x[4], x[0]
    x[[1, 2]] = x[[2, 1]]
    return (x * np.array([1.0, 2.0, 3.0, 5.0, 8.0])).sum()


@case(vec(4))
def swap_through_views_is_not_a_swap(x):
    a, b = x[:2], x[2:]
    a[:], b[:] = b, a
    return (x * np.array([1.0, 2.0, 3.0, 5.0])).sum()


@case(vec(5), vec(5))
def dead_store(x, y):
    x[:] = np.exp(x)
    x[:] = y
    return (x * x).sum()


@case(vec(5))
def overwritten_by_constant(x):
    y = x * x
    x[:] = 1.0
    return (y * x).sum() + x.sum()


@case(vec(4))
def read_before_and_after(x):
    first = x[1] ** 2
    x[1] = 5.0 * x[2]
    second = x[1] ** 2
    x[1] = first * second
    return x[1] + first


@case(vec(3), 50)
def repeated_overwrite(x, n):
    for _ in range(n):
        x[0] = np.sin(x[0] + x[1])
        x[1] = np.cos(x[1] * x[2])
    return x[0] + x[1]


@case(mat(3, 3))
def zero_then_accumulate(a):
    c = np.ones((3, 3))
    for i in range(3):
        for j in range(3):
            c[i, j] = 0.0
            for k in range(3):
                c[i, j] += a[i, k] * a[k, j]
    return (c * c).sum()


@case(vec(5))
def returns_the_argument_changed(x):
    x[1:] *= x[0]
    return x


@case(vec(5))
def returns_nothing_but_changes(x):
    x[:] = np.cos(x)


@case(vec(6))
def returns_a_view_of_the_argument(x):
    x[2] *= x[3]
    return x[1:4]


@case(vec(3))
def fresh_array_filled_by_elements(x):
    table = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            table[i, j] = x[i] * np.exp(x[j])
    return table


@case(0.8, 12)
def recurrence_in_array(a, n):
    y = np.zeros(n)
    y[0] = 0.3
    for i in range(1, n):
        y[i] = a * y[i - 1] * (1 - y[i - 1]) + 0.1
    return y


@case(vec(4))
def list_of_rows_overwritten(x):
    rows = [np.zeros(4) for _ in range(3)]
    for i, row in enumerate(rows):
        row[:] = x * (i + 1)
    rows[1][:] = rows[0] * rows[2]
    rows[0] = rows[1]
    rows[0][2] = 0.0
    return sum(rows)


@case(mat(3, 4))
def fill_diagonal(a):
    np.fill_diagonal(a, a[0, 1] * 2)
    return (a * a).sum()


@case(mat(4, 4), vec(4))
def diagonal_through_einsum_view(a, d):
    np.einsum("ii->i", a)[...] = d**2
    return (a @ a).sum()


@case(vec(6))
def clip_in_place(x):
    np.clip(x, -0.4, 0.5, out=x)
    return (x * x).sum() + x[0]


@case(vec(6))
def nan_to_num_in_place(x):
    x[2] = np.nan
    np.nan_to_num(x, copy=False, nan=0.5)
    return (x * x).sum()


@case(vec(6))
def resize_new(x):
    y = np.resize(x, (2, 5))
    y[1] *= y[0]
    return y.sum()


@case(vec(5))
def byteswap_free_itemset(x):
    x[(3,)] = x[np.int64(2)] * 4
    x[np.array(1)] = x[True and 0]
    return (x * x).sum()


@case(vec(4))
def zero_dimensional_store(x):
    s = np.array(0.0)
    for v in x:
        s += v * v
        s[()] = s * 1.5
    s[...] = np.sqrt(s)
    return s


@case(vec(6))
def while_shrinking_view(x):
    tail = x
    while len(tail) > 1:
        tail[1:] += 0.3 * tail[0] ** 2
        tail = tail[1:]
    return tail[0] + x[2]


@case(mat(5, 3))
def normalise_rows_in_place(a):
    a -= a.mean(axis=0)
    a /= np.sqrt((a * a).sum(axis=0, keepdims=True))
    return (a[0] * a[1]).sum()


@case(vec(5), np.ones(5))
def integer_array_untouched(x, w):
    counts = np.zeros(5, dtype=int)
    for i, v in enumerate(x):
        counts[i] += 1 if v > 0 else 2
        x[i] *= counts[i]
    return (x * x * w).sum()


@case(vec(5), gradient=np.full(5, 2.0), differences=False, nested=False)
def float32_destination(x):
    y = np.zeros(5, dtype=np.float32)
    y[:] = x
    return np.float64((y * 2).sum())
