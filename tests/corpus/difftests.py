"""The small functions of DiffTests, which ForwardDiff, ReverseDiff, Enzyme and Mooncake share."""

import math

import numpy as np

from ._case import Corpus, make, vec

case = Corpus(__name__)
shifted = make(lambda rng: 1 + rng.random(5))
square = make(lambda rng: 1 + rng.random((5, 5)))


@case(0.7)
def num2num_1(x):
    z = math.sin(x) ** 2 / math.cos(x) ** 2
    return z


@case(0.7)
def num2num_2(x):
    return 2 * x + math.sqrt(x * x * x)


@case(0.7)
def num2num_3(x):
    return 10.31 ** (x + x) - x


@case(0.7, gradient=0.0)
def num2num_4(x):
    return 1.0


@case(0.7)
def num2num_5(x):
    return 1.0 / (1.0 + math.exp(-x))


@case(0.7)
def num2num_identity(x):
    return x


@case(0.7)
def num2arr_1(x):
    s, c = math.sin(x), math.cos(x)
    return np.array([[[x, x * x], [s, c]], [[s * c, x / s], [x**3, 1.0]]])


@case(np.zeros(5), 0.7)
def num2arr_in_place(y, x):
    y[0] = x
    for i in range(1, len(y)):
        y[i] = (math.sin(x) + y[i - 1]) ** 2


@case(shifted)
def vec2num_1(x):
    return (math.exp(x[0]) + math.log(x[2]) * x[3]) / x[4]


@case(shifted)
def vec2num_2(x):
    return x[0] * x[1] + math.sin(x[0])


@case(shifted)
def vec2num_3(x):
    return np.linalg.norm(x[None, :] * x[:, None])


@case(shifted, gradient=np.zeros(5))
def vec2num_4(x):
    (sum(x) + np.prod(x))
    return 1.0


@case(shifted)
def vec2num_5(x):
    return np.sum((-x) ** 3)


@case(shifted)
def vec2num_6(x):
    return sum([i if i > 0 else 0 for i in x])


@case(shifted)
def vec2num_7(x):
    y = np.arange(1.0, 6.0)
    return np.sum(x[0] * y)


@case(shifted)
def rosenbrock_1(x):
    a, b, result = 1.0, 100.0, 0.0
    for i in range(len(x) - 1):
        result += (a - x[i]) ** 2 + b * (x[i + 1] - x[i] ** 2) ** 2
    return result


@case(shifted)
def rosenbrock_2(x):
    a, b = x[0], 100.0 * x[0]
    return sum(map(lambda p, q: (a - p) ** 2 + b * (q - p**2) ** 2, x[:-1], x[1:]))


@case(shifted)
def rosenbrock_3(x):
    return sum(map(lambda i: (1 - x[i]) ** 2 + 100 * (x[i + 1] - x[i] ** 2) ** 2, range(len(x) - 1)))


@case(shifted)
def rosenbrock_4(x):
    t1 = (1 - x[:-1]) ** 2
    return np.sum(t1 + 100 * (x[1:] - x[:-1] ** 2) ** 2)


@case(shifted)
def ackley(x):
    a, b, c, n = 20.0, -0.2, 2 * math.pi, len(x)
    squares = cosines = 0.0
    for v in x:
        cosines += math.cos(c * v)
        squares += v**2
    return -a * math.exp(b * math.sqrt(squares / n)) - math.exp(cosines / n) + a + math.e


@case(shifted)
def self_weighted_logit(x):
    return 1.0 / (1.0 + np.exp(-np.dot(x, x)))


@case(shifted)
def first_element(x):
    return x[0]


@case(square)
def mat2num_1(x):
    return np.linalg.det(x[0, 0] * np.linalg.inv(x @ x) + x)


@case(make(lambda rng: 1 + rng.random(9)))
def mat2num_2(x):
    a = x.reshape(3, 3)
    b = x.reshape(3, 3, order="F")
    return np.trace(np.log((1 + a @ b) + a - b))


@case(square)
def mat2num_3(x):
    return np.sum(np.sqrt(np.abs(x) + x**2) / 2)


@case(square)
def mat2num_4(x):
    return np.mean(np.sum(np.sin(x) @ x, axis=1))


@case(square)
def softmax_of_rows(x):
    e = np.exp(x)
    return np.sum((e / np.sum(e, axis=1, keepdims=True)) * x)


@case(square)
def determinant(x):
    return np.linalg.det(x)


BINARY = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "matmul": lambda a, b: a @ b,
    "divide_by_matrix": lambda a, b: a @ np.linalg.inv(b), "left_solve": lambda a, b: np.linalg.solve(a, b),
    "multiply_elements": lambda a, b: a * b, "divide_elements": lambda a, b: a / b,
    "power_elements": lambda a, b: a**b, "left_divide_elements": lambda a, b: np.divide(b, a),
    "transposed_left": lambda a, b: a.T @ b, "transposed_right": lambda a, b: a @ b.T,
    "transposed_both": lambda a, b: a.T @ b.T, "conjugate_left": lambda a, b: a.conj().T @ b,
}
for _name, _function in BINARY.items():
    case.add(_function, square, square, name=f"binary_{_name}")


@case(square, square, vec(5))
def neural_step(w1, w2, x):
    def step(w, b, v):
        return np.tanh(w @ v + b)

    return np.sum(step(w2, x, step(w1, x, x)))


@case(np.zeros(5), shifted)
def chebyquad(y, x):
    tk = 1 / len(x)
    for j in range(len(x)):
        temp1, temp2 = 1.0, 2 * x[j] - 1
        temp = 2 * temp2
        for i in range(len(y)):
            y[i] += temp2
            ti = temp * temp2 - temp1
            temp1 = temp2
            temp2 = ti
    iev = -1.0
    for k in range(len(y)):
        y[k] *= tk
        if iev > 0:
            y[k] += 1 / ((k + 1) ** 2 - 1)
        iev = -iev


@case(np.zeros(5), shifted)
def brown_almost_linear(y, x):
    c = sum(x) - (len(x) + 1)
    for i in range(len(x) - 1):
        y[i] = x[i] + c
    y[-1] = np.prod(x) - 1


@case(np.zeros(5), shifted)
def trigonometric(y, x):
    for i in range(len(x)):
        y[i] = math.cos(x[i])
    total = sum(y)
    for i in range(len(x)):
        y[i] = math.sin(x[i]) - y[i]
    for i in range(len(x)):
        y[i] = len(x) - total + (i + 1) * (1 - math.cos(x[i])) - y[i]


@case(np.zeros(5), shifted)
def mutation_test_1(y, x):
    y[0] = x[0]
    y[0] *= x[1]
    y[1] *= x[2]
    y[2] = sum(y)
    return y


@case(make(lambda rng: 1 + rng.random(5)), shifted)
def mutation_test_2(y, x):
    y[0] *= x[0]
    y[1] *= x[0]
    y[0] *= x[1]
    y[1] *= x[1]
    return y


@case(shifted)
def arr2arr_negative(x):
    return -x


@case(shifted)
def arr2arr_chebyquad(x):
    y = np.zeros_like(x)
    chebyquad(y, x)
    return y


@case(shifted)
def arr2arr_trigonometric(x):
    y = np.ones_like(x)
    trigonometric(y, x)
    return y


@case(shifted, gradient=None)
def arr2arr_dead(x):
    sum(x * x)
    return np.zeros_like(x) + 0 * x


@case(square)
def arr2arr_rows_and_first(x):
    return x[0, :] + x[0, :] + x.flat[0]


@case(square)
def inverse(x):
    return np.linalg.inv(x)


@case(shifted)
def arr2arr_identity(x):
    return x
