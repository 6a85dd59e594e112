"""Layers of networks."""

from __future__ import annotations

import numpy as np

from . import kernel


def relu(x):
    return np.maximum(x, 0)


@kernel(lambda r, n: (r.random((2, 3, n, n)),), small=4, large=48)
def softmax(x):
    tmp_max = np.max(x, axis=-1, keepdims=True)
    tmp_out = np.exp(x - tmp_max)
    tmp_sum = np.sum(tmp_out, axis=-1, keepdims=True)
    return np.sum((tmp_out / tmp_sum)**2)


def softmax_rows(x):
    tmp_max = np.max(x, axis=-1, keepdims=True)
    tmp_out = np.exp(x - tmp_max)
    tmp_sum = np.sum(tmp_out, axis=-1, keepdims=True)
    return tmp_out / tmp_sum


def _mlp_args(r, n):
    return (r.random((n, 10)) - 0.5, r.random((10, 12)) - 0.5, r.random(12), r.random((12, 9)) - 0.5, r.random(9),
            r.random((9, 5)) - 0.5, r.random(5))


@kernel(_mlp_args, small=4, large=256)
def mlp(input, w1, b1, w2, b2, w3, b3):
    x = relu(input @ w1 + b1)
    x = relu(x @ w2 + b2)
    x = softmax_rows(x @ w3 + b3)
    return np.sum(x * x)


def conv2d_valid(input, weights):
    K = weights.shape[0]
    N = input.shape[0]
    H_out = input.shape[1] - K + 1
    W_out = input.shape[2] - K + 1
    C_out = weights.shape[3]
    output = np.empty((N, H_out, W_out, C_out), dtype=input.dtype)
    for i in range(H_out):
        for j in range(W_out):
            output[:, i, j, :] = np.sum(
                input[:, i:i + K, j:j + K, :, np.newaxis] * weights[np.newaxis, :, :, :],
                axis=(1, 2, 3),
            )
    return output


@kernel(lambda r, n: (r.random((2, n, n, 3)), r.random((3, 3, 3, 4)), r.random(4)), small=5, large=24)
def conv2d_bias(input, weights, bias):
    out = conv2d_valid(input, weights) + bias
    return np.sum(out * out)


def maxpool2d(x):
    output = np.empty([x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]], dtype=x.dtype)
    for i in range(x.shape[1] // 2):
        for j in range(x.shape[2] // 2):
            output[:, i, j, :] = np.max(x[:, 2 * i:2 * i + 2, 2 * j:2 * j + 2, :], axis=(1, 2))
    return output


def _lenet_args(r, n):
    H = n
    h1 = (H - 4) // 2
    h2 = (h1 - 4) // 2
    c = 16 * h2 * h2
    return (r.random((2, H, H, 1)) - 0.5, r.random((5, 5, 1, 6)) - 0.5, r.random(6), r.random((5, 5, 6, 16)) - 0.5,
            r.random(16), r.random((c, 12)) - 0.5, r.random(12), r.random((12, 8)) - 0.5, r.random(8),
            r.random((8, 10)) - 0.5, r.random(10), 2, c)


@kernel(_lenet_args, small=16, large=28)
def lenet5(input, conv1, conv1bias, conv2, conv2bias, fc1w, fc1b, fc2w, fc2b, fc3w, fc3b, N, C_before_fc1):
    x = relu(conv2d_valid(input, conv1) + conv1bias)
    x = maxpool2d(x)
    x = relu(conv2d_valid(x, conv2) + conv2bias)
    x = maxpool2d(x)
    x = np.reshape(x, (N, C_before_fc1))
    x = relu(x @ fc1w + fc1b)
    x = relu(x @ fc2w + fc2b)
    out = x @ fc3w + fc3b
    return np.sum(out * out)


def _dense_args(r, n):
    f = np.float32
    return ((0.1 * r.standard_normal((4 * n, n))).astype(f), np.zeros(n, f), (0.1 * r.standard_normal((n, 10))).astype(f),
            np.zeros(10, f), r.random((2 * n, 4 * n)).astype(f), r.integers(0, 10, 2 * n))


@kernel(_dense_args, small=6, large=64)
def dense_float32(w1, b1, w2, b2, x, labels):
    h = np.tanh(x @ w1 + b1)
    z = h @ w2 + b2
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(labels)), labels])


def batchnorm2d(x, eps=1e-5):
    mean = np.mean(x, axis=0, keepdims=True)
    std = np.std(x, axis=0, keepdims=True)
    return (x - mean) / np.sqrt(std + eps)


@kernel(lambda r, n: (r.random((2, n, n, 3)), r.random((1, 1, 3, 4)), r.random((3, 3, 4, 4)), r.random((1, 1, 4, 3))),
        small=4, large=16)
def resnet_block(input, conv1, conv2, conv3):
    padded = np.zeros((input.shape[0], input.shape[1] + 2, input.shape[2] + 2, conv1.shape[3]))
    padded[:, 1:-1, 1:-1, :] = conv2d_valid(input, conv1)
    x = batchnorm2d(padded)
    x = relu(x)
    x = conv2d_valid(x, conv2)
    x = batchnorm2d(x)
    x = relu(x)
    x = conv2d_valid(x, conv3)
    x = batchnorm2d(x)
    return np.sum(relu(x + input)**2)


@kernel(lambda r, n: (r.standard_normal((n, 8)), r.standard_normal((8, 8)), r.standard_normal((8, 8)),
                      r.standard_normal((8, 8))), small=5, large=64)
def attention(x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    s = q @ k.T / np.sqrt(q.shape[-1])
    s = s - s.max(-1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(-1, keepdims=True)
    return ((p @ v)**2).mean()
