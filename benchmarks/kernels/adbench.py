"""The four programs of ADBench, in NumPy and in loop form."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from . import kernel


def log_gamma_distrib(a, p):
    return 0.25 * p * (p - 1) * np.log(np.pi) + sum(math.lgamma(a + 0.5 * (1 - j)) for j in range(1, p + 1))


def log_wishart_prior(p, wishart_gamma, wishart_m, sum_qs, Qdiags, icf):
    n = p + wishart_m + 1
    k = icf.shape[0]
    out = np.sum(0.5 * wishart_gamma * wishart_gamma *
                 (np.sum(Qdiags**2, axis=1) + np.sum(icf[:, p:]**2, axis=1)) - wishart_m * sum_qs)
    C = n * p * (np.log(wishart_gamma / np.sqrt(2)))
    return out - k * (C - log_gamma_distrib(0.5 * n, p))


def constructL(d, icf):
    constructL.Lparamidx = d

    def make_L_col(i):
        nelems = d - i - 1
        col = np.concatenate((np.zeros(i + 1), icf[constructL.Lparamidx:(constructL.Lparamidx + nelems)]))
        constructL.Lparamidx += nelems
        return col
    columns = [make_L_col(i) for i in range(d)]
    return np.stack(columns, -1)


def Qtimesx(Qdiag, L, x):
    res = np.einsum("ijk,mik->mij", L, x)
    return Qdiag * x + res


def logsumexp(x):
    mx = np.max(x)
    return np.log(np.sum(np.exp(x - mx))) + mx


def logsumexpvec(x):
    mx = np.max(x, 1)
    return np.log(np.sum(np.exp(x - mx[:, None]), 1)) + mx


def _gmm_args(r, n, d=3, k=4):
    return (r.standard_normal((k, d)), r.standard_normal(k), r.standard_normal((k, d + d * (d - 1) // 2)),
            r.standard_normal((n, d)), 1.0, 0)


@kernel(_gmm_args, small=6, large=500)
def gmm_numpy(means, alphas, icf, x, gamma, m):
    d = x.shape[1]
    n = x.shape[0]
    k = alphas.size
    Qdiags = np.exp(icf[:, :d])
    sum_qs = np.sum(icf[:, :d], 1)
    Ls = np.zeros((k, d, d))
    idx = d
    for j in range(d):
        for i in range(j + 1, d):
            Ls[:, i, j] = icf[:, idx]
            idx += 1
    xcentered = x[:, None, :] - means[None, :, :]
    Lxcentered = Qdiags * xcentered + np.einsum("kij,nkj->nki", Ls, xcentered)
    sqsum_Lxcentered = np.sum(Lxcentered**2, 2)
    inner_term = alphas + sum_qs - 0.5 * sqsum_Lxcentered
    lse = logsumexpvec(inner_term)
    slse = np.sum(lse)
    CONSTANT = -n * d * 0.5 * np.log(2 * np.pi)
    return CONSTANT + slse - n * logsumexp(alphas) + log_wishart_prior(d, gamma, m, sum_qs, Qdiags, icf)


@kernel(_gmm_args, small=6, large=500)
def gmm_loops(means, alphas, icf, x, gamma, m):
    n, d = x.shape
    k = len(alphas)
    Qdiags = np.zeros((k, d))
    sum_qs = np.zeros(k)
    for ik in range(k):
        for i in range(d):
            sum_qs[ik] += icf[ik, i]
            Qdiags[ik, i] = math.exp(icf[ik, i])
    xc = np.zeros(d)
    main_term = np.zeros(k)
    slse = 0.0
    for ix in range(n):
        for ik in range(k):
            for i in range(d):
                xc[i] = x[ix, i] - means[ik, i]
            sq = 0.0
            for i in range(d):
                t = Qdiags[ik, i] * xc[i]
                for j in range(i):
                    t += icf[ik, d + j * (2 * d - j - 1) // 2 + i - j - 1] * xc[j]
                sq += t * t
            main_term[ik] = alphas[ik] + sum_qs[ik] - 0.5 * sq
        top = main_term[0]
        for ik in range(1, k):
            if main_term[ik] > top:
                top = main_term[ik]
        s = 0.0
        for ik in range(k):
            s += math.exp(main_term[ik] - top)
        slse += math.log(s) + top
    top = alphas[0]
    for ik in range(1, k):
        top = max(top, alphas[ik])
    s = 0.0
    for ik in range(k):
        s += math.exp(alphas[ik] - top)
    return slse - n * (math.log(s) + top)


def rodrigues_rotate_point(rot, X):
    sqtheta = np.sum(np.square(rot))
    if sqtheta != 0.0:
        theta = np.sqrt(sqtheta)
        costheta = np.cos(theta)
        sintheta = np.sin(theta)
        theta_inverse = 1.0 / theta
        w = theta_inverse * rot
        w_cross_X = np.cross(w, X)
        tmp = np.dot(w, X) * (1.0 - costheta)
        return X * costheta + w_cross_X * sintheta + w * tmp
    return X + np.cross(rot, X)


def radial_distort(rad_params, proj):
    rsq = np.sum(np.square(proj))
    L = 1.0 + rad_params[0] * rsq + rad_params[1] * rsq * rsq
    return proj * L


def project(cam, X):
    Xcam = rodrigues_rotate_point(cam[0:3], X - cam[3:6])
    distorted = radial_distort(cam[9:11], Xcam[0:2] / Xcam[2])
    return distorted * cam[6] + cam[7:9]


def _ba_args(r, n):
    p = 4 * n
    return (r.random((n, 11)), r.random((2 * n, 3)) + 1, r.random(p), r.random((p, 2)),
            np.stack([r.integers(0, n, p), r.integers(0, 2 * n, p)], 1))


@kernel(_ba_args, small=2, large=60)
def ba_objective(cams, X, w, feats, obs):
    p = obs.shape[0]
    reproj = np.empty((p, 2))
    for i in range(p):
        reproj[i] = w[i] * (project(cams[obs[i, 0]], X[obs[i, 1]]) - feats[i])
    w_err = 1.0 - w**2
    return np.sum(reproj**2) + np.sum(w_err**2)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm_model(weight, bias, hidden, cell, input):
    hsize = hidden.shape[0]
    forget = sigmoid(input * weight[0:hsize] + bias[0:hsize])
    ingate = sigmoid(hidden * weight[hsize:2 * hsize] + bias[hsize:2 * hsize])
    outgate = sigmoid(input * weight[2 * hsize:3 * hsize] + bias[2 * hsize:3 * hsize])
    change = np.tanh(hidden * weight[3 * hsize:] + bias[3 * hsize:])
    cell = cell * forget + ingate * change
    hidden = outgate * np.tanh(cell)
    return hidden, cell


def lstm_predict(main_params, extra_params, state, input):
    x1 = input * extra_params[0]
    x = x1
    for i in range(0, len(state) - 1, 2):
        h, c = lstm_model(main_params[i], main_params[i + 1], state[i], state[i + 1], x)
        x = h
        state[i] = h
        state[i + 1] = c
    return x * extra_params[1] + extra_params[2]


def _lstm_args(r, n):
    b, layers = 14, 2
    return (r.random((2 * layers, 4 * b)) - 0.5, r.random((3, b)) - 0.5, r.random((2 * layers, b)) - 0.5,
            (r.random((n, b)) > 0.5).astype(float))


@kernel(_lstm_args, small=4, large=200)
def lstm_objective(main_params, extra_params, state, sequence):
    total = 0.0
    count = 0
    input = sequence[0]
    state = state.copy()
    for t in range(len(sequence) - 1):
        ypred = lstm_predict(main_params, extra_params, state, input)
        ynorm = ypred - np.log(np.sum(np.exp(ypred)) + 2)
        ygold = sequence[t + 1]
        total += np.sum(ygold * ynorm)
        count += ygold.shape[0]
        input = ygold
    return -total / count


def angle_axis_to_rotation_matrix(angle_axis):
    n = np.sqrt(np.sum(angle_axis**2))
    if n < 0.0001:
        return np.identity(3)
    x = angle_axis[0] / n
    y = angle_axis[1] / n
    z = angle_axis[2] / n
    s = np.sin(n)
    c = np.cos(n)
    return np.array([[x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s],
                     [x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s],
                     [x * z * (1 - c) - y * s, z * y * (1 - c) + x * s, z * z + (1 - z * z) * c]])


def euler_angles_to_rotation_matrix(xzy):
    tx, ty, tz = xzy[0], xzy[2], xzy[1]
    Rx = np.array([[1, 0, 0], [0, np.cos(tx), -np.sin(tx)], [0, np.sin(tx), np.cos(tx)]])
    Ry = np.array([[np.cos(ty), 0, np.sin(ty)], [0, 1, 0], [-np.sin(ty), 0, np.cos(ty)]])
    Rz = np.array([[np.cos(tz), -np.sin(tz), 0], [np.sin(tz), np.cos(tz), 0], [0, 0, 1]])
    return Rz @ Ry @ Rx


def _hand_args(r, n):
    bones = 5
    return (0.3 * r.standard_normal(6 + 3 * bones), np.array([-1, 0, 1, 2, 3]), np.tile(np.eye(4), (bones, 1, 1)),
            r.random((bones, n)), r.random((4, n)), r.random((n, 3)))


@kernel(_hand_args, small=4, large=200)
def hand_objective(theta, parents, base_relatives, weights, base_positions, points):
    n_bones = base_relatives.shape[0]
    transforms = np.zeros((n_bones, 4, 4))
    for i in range(n_bones):
        tr = np.eye(4)
        tr[:3, :3] = euler_angles_to_rotation_matrix(theta[6 + 3 * i:9 + 3 * i])
        rel = base_relatives[i] @ tr
        if parents[i] == -1:
            transforms[i] = rel
        else:
            transforms[i] = transforms[parents[i]] @ rel
    positions = np.zeros((3, points.shape[0]))
    for i in range(n_bones):
        positions += (transforms[i] @ base_positions)[:3] * weights[i]
    R = angle_axis_to_rotation_matrix(theta[:3])
    positions = R @ positions + theta[3:6][:, np.newaxis]
    err = points - positions.T
    return np.sum(err**2)


assert gammaln
