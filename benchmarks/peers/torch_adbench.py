"""Ports for PyTorch of ADBench's programs, the Kalman filter and the dense network."""

from __future__ import annotations

import math

import torch

from . import torch_ports


def _gmm_likelihood(means, alphas, icf, x):
    n, d = x.shape
    columns, rows = torch.triu_indices(d, d, 1)
    factors = torch.zeros((alphas.numel(), d, d), dtype=x.dtype)
    factors[:, rows, columns] = icf[:, d:]
    diagonals = torch.exp(icf[:, :d])
    centred = x[:, None, :] - means[None]
    scaled = diagonals * centred + torch.einsum("kij,nkj->nki", factors, centred)
    terms = alphas + icf[:, :d].sum(1) - 0.5 * (scaled ** 2).sum(2)
    return torch.logsumexp(terms, 1).sum() - n * torch.logsumexp(alphas, 0)


def gmm_numpy(means, alphas, icf, x, gamma, m):
    n, d = x.shape
    k = alphas.numel()
    sum_qs = icf[:, :d].sum(1)
    p = d + m + 1
    normaliser = p * d * math.log(gamma / math.sqrt(2)) - (
        0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * p + 0.5 * (1 - j)) for j in range(1, d + 1)))
    prior = (0.5 * gamma * gamma * ((torch.exp(icf[:, :d]) ** 2).sum(1) + (icf[:, d:] ** 2).sum(1))
             - m * sum_qs).sum() - k * normaliser
    return -n * d * 0.5 * math.log(2 * math.pi) + _gmm_likelihood(means, alphas, icf, x) + prior


def gmm_loops(means, alphas, icf, x, gamma, m):
    return _gmm_likelihood(means, alphas, icf, x)


def _rotate(rotation, point):
    squared = (rotation ** 2).sum(1, keepdim=True)
    theta = torch.sqrt(torch.where(squared != 0.0, squared, torch.ones_like(squared)))
    axis = rotation / theta
    turned = point * torch.cos(theta) + torch.linalg.cross(axis, point) * torch.sin(theta) \
        + axis * ((axis * point).sum(1, keepdim=True) * (1.0 - torch.cos(theta)))
    return torch.where(squared != 0.0, turned, point + torch.linalg.cross(rotation, point))


def ba_objective(cams, X, w, feats, obs):
    camera, point = cams[obs[:, 0]], X[obs[:, 1]]
    seen = _rotate(camera[:, 0:3], point - camera[:, 3:6])
    flat = seen[:, 0:2] / seen[:, 2:3]
    r = (flat ** 2).sum(1, keepdim=True)
    projected = flat * (1.0 + camera[:, 9:10] * r + camera[:, 10:11] * r * r) * camera[:, 6:7] + camera[:, 7:9]
    return ((w[:, None] * (projected - feats)) ** 2).sum() + ((1.0 - w ** 2) ** 2).sum()


def lstm_objective(main_params, extra_params, state, sequence):
    layers = state.shape[0] // 2
    weights = main_params[0::2].reshape(layers, 4, -1).unbind(0)
    biases = main_params[1::2].reshape(layers, 4, -1).unbind(0)
    hidden, cell = list(state[0::2]), list(state[1::2])
    outputs = []
    scaled = sequence[:-1] * extra_params[0]
    for x in scaled:
        for k in range(layers):
            w, b = weights[k], biases[k]
            given = torch.stack((x, hidden[k], x, hidden[k])) * w + b
            forget, ingate, outgate = torch.sigmoid(given[:3])
            cell[k] = cell[k] * forget + ingate * torch.tanh(given[3])
            x = hidden[k] = outgate * torch.tanh(cell[k])
        outputs.append(x)
    y = torch.stack(outputs) * extra_params[1] + extra_params[2]
    y = y - torch.log(torch.exp(y).sum(1, keepdim=True) + 2)
    return -(sequence[1:] * y).sum() / sequence[1:].numel()


def _euler(angles):
    (sx, sz, sy), (cx, cz, cy) = torch.sin(angles).T, torch.cos(angles).T
    one, zero = torch.ones_like(sx), torch.zeros_like(sx)

    def matrix(*rows):
        return torch.stack([torch.stack(row, -1) for row in rows], -2)

    rx = matrix((one, zero, zero), (zero, cx, -sx), (zero, sx, cx))
    ry = matrix((cy, zero, sy), (zero, one, zero), (-sy, zero, cy))
    rz = matrix((cz, -sz, zero), (sz, cz, zero), (zero, zero, one))
    return rz @ ry @ rx


def _rotation_about(v):
    n = torch.sqrt((v ** 2).sum())
    if n < 0.0001:
        return torch.eye(3, dtype=v.dtype)
    x, y, z = v / n
    s, c = torch.sin(n), torch.cos(n)
    return torch.stack((x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s,
                        x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s,
                        x * z * (1 - c) - y * s, z * y * (1 - c) + x * s, z * z + (1 - z * z) * c)).reshape(3, 3)


def hand_objective(theta, parents, base_relatives, weights, base_positions, points):
    n_bones = base_relatives.shape[0]
    local = torch.zeros((n_bones, 4, 4), dtype=theta.dtype)
    local[:, :3, :3] = _euler(theta[6:6 + 3 * n_bones].reshape(n_bones, 3))
    local[:, 3, 3] = 1.0
    relatives = base_relatives @ local
    transforms = []
    for i, parent in enumerate(parents.tolist()):
        transforms.append(relatives[i] if parent == -1 else transforms[parent] @ relatives[i])
    positions = ((torch.stack(transforms)[:, :3] @ base_positions) * weights[:, None]).sum(0)
    moved = _rotation_about(theta[:3]) @ positions + theta[3:6][:, None]
    return ((points - moved.T) ** 2).sum()


def kalman(theta, F, H, zs):
    Q, R = torch.diag(torch.exp(theta)), torch.eye(2, dtype=F.dtype) * theta[0]
    eye = torch.eye(4, dtype=F.dtype)
    x, P = torch.zeros(4, dtype=F.dtype), eye
    total = 0.0
    for z in zs:
        x, P = F @ x, F @ P @ F.T + Q
        y = z - H @ x
        S = H @ P @ H.T + R
        inverse = torch.linalg.inv(S)
        K = P @ H.T @ inverse
        total = total - 0.5 * (y @ inverse @ y + torch.log(torch.linalg.det(S)) + len(y) * math.log(2 * math.pi))
        x, P = x + K @ y, (eye - K @ H) @ P
    return total


def dense_float32(w1, b1, w2, b2, x, labels):
    z = torch.addmm(b2, torch.tanh(torch.addmm(b1, x, w1)), w2)
    return torch.nn.functional.cross_entropy(z, labels)


def prepare(name, args, active):
    """A call without arguments that computes value and gradient, on data already given to the tool."""
    return torch_ports.prepare_function(globals()[name], args, active)


def prepare_compiled(name, args, active):
    """The same through `torch.compile`."""
    return torch_ports.prepare_function(torch.compile(globals()[name]), args, active)
