"""Lists of unknown length, overlapping and strange memory."""


import numpy as np

from ._case import M, Traps, V

case = Traps()


@case(V())
def growing_concat(x):
    a = []
    b = []
    for i in range(len(x)):
        a.append(x[i])
        b.append(2 * x[i])
    c = a + b
    return sum(c) * len(c)


@case(V())
def growing_repeat(x):
    a = []
    for i in range(len(x)):
        a.append(x[i])
    a = a * 2
    return sum(a) * len(a)


@case(V())
def growing_compare(x):
    a = []
    b = []
    for i in range(len(x)):
        a.append(x[i])
        b.append(x[i])
    return x[0] * 2.0 if a == b else x[0]


@case(V())
def growing_in(x):
    a = []
    for i in range(len(x)):
        a.append(float(i))
    return x[0] * 2.0 if 2.0 in a else x[0]


@case(V())
def growing_truth(x):
    a = []
    for i in range(len(x)):
        if x[i] > 100:
            a.append(x[i])
    return x[0] * 2 if not a else x[0]


@case(V())
def growing_iter_type(x):
    a = []
    for i in range(len(x)):
        a.append(float(x[i]))
    t = 0.0
    for v in a:
        t = v / 2
    return t


@case(V())
def growing_max(x):
    a = []
    for i in range(len(x)):
        a.append(float(x[i]))
    return max(a)


@case(V())
def growing_alias(x):
    a = []
    b = a
    for i in range(len(x)):
        a.append(float(x[i]))
    b.append(3.0)
    return a[-1] * a[0] * len(b)


@case(V())
def growing_nested_alias(x):
    a = []
    d = [a, a]
    for i in range(len(x)):
        d[0].append(float(x[i]))
    return d[1][-1] * len(a)


@case(V())
def growing_extend_slice(x):
    a = [1.0]
    for i in range(len(x)):
        a.append(float(x[i]))
    a[0] = x[1]
    return a[0] * a[2]


@case(V())
def growing_np(x):
    a = []
    for v in x:
        a.append(v * v)
    a = np.array(a)
    a[0] = 3.0
    return a.sum()


@case(V())
def growing_asarray_then_append(x):
    a = []
    for v in x:
        a.append(v * v)
    b = np.asarray(a)
    a.append(1.0)
    a[0] = 5.0
    return b.sum()


@case(V())
def growing_lt_int(x):
    a = []
    for i in range(len(x)):
        a.append(i)
    return a[2] / 2 * x[0]


@case(V())
def growing_mixed(x):
    a = [0]
    for i in range(len(x)):
        a.append(x[i])
    return a[0] / 1 + a[1]


@case(V(), V())
def same_twice(x, y):
    x[0] = 2 * y[1]
    y[1] = x[2] * 3
    return (x * y).sum()


@case(M(4, 4))
def transposed_write(a):
    b = a.T
    b[0] = a[:, 1]
    a += b
    return (a**2).sum()


@case(M(4, 4))
def aug_transposed(a):
    a += a.T
    return (a * np.arange(16.0).reshape(4, 4)).sum()


@case(V(8))
def overlapping_shift(x):
    x[1:] = x[:-1]
    x[:-2] += x[2:]
    x[::-1][1:] = x[:-1] * 2
    return (x * np.arange(8.0)).sum()


@case(V(8))
def reversed_self(x):
    x[:] = x[::-1]
    return (x * np.arange(8.0)).sum()


@case(V(8))
def reshape_alias(x):
    y = x.reshape(2, 4)
    y[0] *= 2
    z = y.ravel()
    z[1] = 5 * x[3]
    return (x * np.arange(8.0)).sum()


@case(M(4, 4))
def ravel_of_T_copies(a):
    z = a.T.ravel()
    z[:] = 1.0
    return a.sum()


@case(M(4, 4))
def reshape_of_T_copies(a):
    z = a.T.reshape(-1)
    z[0] = 7.0
    return a.sum() + z[0]


@case(lambda: M(4, 4)().T)
def fortran_ravel(a):
    z = a.ravel()
    z[0] = 7.0
    return (a * np.arange(16.0).reshape(4, 4)).sum() + z[0]


@case(lambda: M(4, 4)().T)
def fortran_reshape(a):
    z = a.reshape(-1)
    z[0] = 7.0
    return (a * np.arange(16.0).reshape(4, 4)).sum() + z[0]


@case(lambda: V(12)()[::2])
def strided_arg(x):
    x *= 2
    y = x.ravel()
    y[0] = 1.0
    return (x**2).sum()


@case(lambda: V(12)()[::-1])
def negative_stride(x):
    x[1:] += x[:-1]
    return (x * np.arange(12.0)).sum()


def ro(n=5):
    a = V(n)()
    a.flags.writeable = False
    return a


@case(ro)
def readonly_write(x):
    x[0] = 1.0
    return x.sum()


@case(ro)
def readonly_aug(x):
    x += 1.0
    return x.sum()


@case(ro)
def readonly_view_write(x):
    y = x[1:]
    y[0] = 1.0
    return x.sum()


@case(ro)
def readonly_out(x):
    np.sin(x, out=x)
    return x.sum()


@case(lambda: np.broadcast_to(np.array([1.0, 2.0]), (3, 2)))
def broadcasted_arg(x):
    return (x**2).sum()
