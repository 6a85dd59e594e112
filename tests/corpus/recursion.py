"""Functions that call themselves."""

import numpy as np

from ._case import Corpus, mat, pos, vec

case = Corpus(__name__)


@case(vec(5))
def sum_over_slices(x):
    return 0.0 if len(x) == 0 else x[0] * x[0] + sum_over_slices(x[1:])


@case(2.0, 3, gradient=12.0)
def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


@case(0.9)
def fibonacci_of_values(x, n=7):
    return x if n < 2 else fibonacci_of_values(x * 0.9, n - 1) + fibonacci_of_values(x, n - 2) ** 2 * 0.1


@case(1.1, 0.6)
def ackermann_like(a, b, m=2, n=2):
    if m == 0:
        return a * n + b
    if n == 0:
        return ackermann_like(a * b, b, m - 1, 1)
    return ackermann_like(a, b, m - 1, int(n > 1)) * a + ackermann_like(a, b * a, m, n - 1)


@case(vec(8))
def fast_fourier_transform_by_hand(x):
    def fft(a):
        n = len(a)
        if n == 1:
            return a
        even, odd = fft(a[::2]), fft(a[1::2])
        w = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
        return np.concatenate([even + w, even - w])

    return (abs(fft(x.astype(complex))) ** 2 * np.arange(8)).sum()


@case(vec(9))
def quicksort_in_place(x):
    def sort(a):
        if len(a) < 2:
            return
        pivot, i = a[-1], 0
        for j in range(len(a) - 1):
            if a[j] < pivot:
                a[i], a[j] = a[j], a[i]
                i += 1
        a[i], a[-1] = a[-1], a[i]
        sort(a[:i])
        sort(a[i + 1:])

    sort(x)
    return (x * np.arange(9)).sum() + x[0] ** 2


@case(vec(8))
def merge_sort_of_lists(x):
    def merge_sort(a):
        if len(a) == 1:
            return a
        m = len(a) // 2
        left, right = merge_sort(a[:m]), merge_sort(a[m:])
        out = []
        while left and right:
            out.append(left.pop(0) if left[0] < right[0] else right.pop(0))
        return out + left + right

    return sum(v * (k + 1) for k, v in enumerate(merge_sort(list(x))))


@case(mat(4, 4))
def determinant_by_minors(a):
    def det(m):
        if len(m) == 1:
            return m[0, 0]
        return sum((-1) ** j * m[0, j] * det(np.delete(m[1:], j, axis=1)) for j in range(len(m)))

    return det(a)


@case(0.0, 1.3)
def adaptive_simpson(a, b):
    def f(t):
        return np.exp(-t * t) * t

    def simpson(lo, hi, depth):
        mid = (lo + hi) / 2
        whole = (hi - lo) / 6 * (f(lo) + 4 * f(mid) + f(hi))
        halves = (hi - lo) / 12 * (f(lo) + 4 * f((lo + mid) / 2) + 2 * f(mid) + 4 * f((mid + hi) / 2) + f(hi))
        if depth == 0 or abs(whole - halves) < 1e-4:
            return halves + (halves - whole) / 15
        return simpson(lo, mid, depth - 1) + simpson(mid, hi, depth - 1)

    return simpson(a, b, 6)


@case(pos(5))
def de_casteljau(p):
    def curve(points, t):
        return points[0] if len(points) == 1 else (1 - t) * curve(points[:-1], t) + t * curve(points[1:], t)

    return curve(p, 0.3) * curve(p, p[0] / 3)


@case(vec(6))
def tree_reduction_in_place(x):
    def reduce(a):
        if len(a) > 1:
            h = len(a) // 2
            reduce(a[:h])
            reduce(a[h:])
            a[0] += a[h] * a[0]

    reduce(x)
    return x[0]


@case(vec(3))
def deep_recursion(x):
    def descend(v, n):
        return v if n == 0 else 0.99 * descend(np.sin(v) + x[1] * 0.01, n - 1)

    return descend(x[0], 60)


@case(mat(4, 4))
def block_cholesky(a):
    def cholesky(m):
        n = len(m)
        if n == 1:
            m[0, 0] = np.sqrt(m[0, 0])
            return
        h = n // 2
        cholesky(m[:h, :h])
        for i in range(h, n):
            for j in range(h):
                m[i, j] = (m[i, j] - m[i, :j] @ m[j, :j]) / m[j, j]
        m[h:, h:] -= m[h:, :h] @ m[h:, :h].T
        m[:h, h:] = 0.0
        cholesky(m[h:, h:])

    s = a @ a.T + 3 * np.eye(4)
    cholesky(s)
    return np.tril(s).sum()


@case(0.7)
def mutual_recursion(x):
    return ping(x, 4)


def ping(x, n):
    return x if n == 0 else pong(x * x + 0.1, n - 1) * 2


def pong(x, n):
    return x if n == 0 else np.sin(ping(x, n - 1))
