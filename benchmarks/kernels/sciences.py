"""Physics, geography, image processing, chemistry."""

from __future__ import annotations

import numpy as np

from . import kernel


def getAcc(pos, mass, G, softening):
    x = pos[:, 0:1]
    y = pos[:, 1:2]
    z = pos[:, 2:3]
    dx = x.T - x
    dy = y.T - y
    dz = z.T - z
    inv_r3 = (dx**2 + dy**2 + dz**2 + softening**2)
    I = inv_r3 > 0
    np.power(inv_r3, -1.5, out=inv_r3, where=I)
    ax = G * (dx * inv_r3) @ mass
    ay = G * (dy * inv_r3) @ mass
    az = G * (dz * inv_r3) @ mass
    a = np.hstack((ax, ay, az))
    return a


def getEnergy(pos, vel, mass, G):
    KE = 0.5 * np.sum(mass * vel**2)
    x = pos[:, 0:1]
    y = pos[:, 1:2]
    z = pos[:, 2:3]
    dx = x.T - x
    dy = y.T - y
    dz = z.T - z
    inv_r = np.sqrt(dx**2 + dy**2 + dz**2)
    I = inv_r > 0
    np.divide(1.0, inv_r, out=inv_r, where=I)
    PE = G * np.sum(np.triu(-(mass * mass.T) * inv_r, 1))
    return KE, PE


@kernel(lambda r, n: (r.standard_normal((n, 3)), r.random((n, 1)), r.standard_normal((n, 3)), n, 5, 0.01, 1.0, 0.1),
        small=5, large=50)
def nbody(pos, mass, vel, N, Nt, dt, G, softening):
    vel -= np.mean(mass * vel, axis=0) / np.mean(mass)
    acc = getAcc(pos, mass, G, softening)
    KE = np.ndarray(Nt + 1, dtype=np.float64)
    PE = np.ndarray(Nt + 1, dtype=np.float64)
    KE[0], PE[0] = getEnergy(pos, vel, mass, G)
    t = 0.0
    for i in range(Nt):
        vel += acc * dt / 2.0
        pos += vel * dt
        acc = getAcc(pos, mass, G, softening)
        vel += acc * dt / 2.0
        t += dt
        KE[i + 1], PE[i + 1] = getEnergy(pos, vel, mass, G)
    return KE[-1] + PE[-1]


@kernel(lambda r, n: (r.random(n), r.permutation(np.linspace(0, 1, n)), 6), small=20, large=4000)
def azimint_naive(data, radius, npt):
    rmax = radius.max()
    res = np.zeros(npt, dtype=np.float64)
    for i in range(npt):
        r1 = rmax * i / npt
        r2 = rmax * (i + 1) / npt
        mask_r12 = np.logical_and((r1 <= radius), (radius < r2))
        values_r12 = data[mask_r12]
        res[i] = values_r12.mean()
    return np.sum(res * res)


@kernel(lambda r, n: (r.random(n), r.random(n), r.random(n), r.random(n)), large=20000)
def arc_distance(theta_1, phi_1, theta_2, phi_2):
    temp = (np.sin((theta_2 - theta_1) / 2)**2 + np.cos(theta_1) * np.cos(theta_2) * np.sin((phi_2 - phi_1) / 2)**2)
    distance_matrix = 2 * (np.arctan2(np.sqrt(temp), np.sqrt(1 - temp)))
    return np.sum(distance_matrix)


@kernel(lambda r, n: (r.random((n, n)), 0.25), small=6, large=120)
def deriche(imgIn, alpha):
    k = (1.0 - np.exp(-alpha)) * (1.0 - np.exp(-alpha)) / (1.0 + alpha * np.exp(-alpha) - np.exp(2.0 * alpha))
    a1 = a5 = k
    a2 = a6 = k * np.exp(-alpha) * (alpha - 1.0)
    a3 = a7 = k * np.exp(-alpha) * (alpha + 1.0)
    a4 = a8 = -k * np.exp(-2.0 * alpha)
    b1 = 2.0**(-alpha)
    b2 = -np.exp(-2.0 * alpha)
    c1 = c2 = 1

    y1 = np.empty_like(imgIn)
    y1[:, 0] = a1 * imgIn[:, 0]
    y1[:, 1] = a1 * imgIn[:, 1] + a2 * imgIn[:, 0] + b1 * y1[:, 0]
    for j in range(2, imgIn.shape[1]):
        y1[:, j] = (a1 * imgIn[:, j] + a2 * imgIn[:, j - 1] + b1 * y1[:, j - 1] + b2 * y1[:, j - 2])

    y2 = np.empty_like(imgIn)
    y2[:, -1] = 0.0
    y2[:, -2] = a3 * imgIn[:, -1]
    for j in range(imgIn.shape[1] - 3, -1, -1):
        y2[:, j] = (a3 * imgIn[:, j + 1] + a4 * imgIn[:, j + 2] + b1 * y2[:, j + 1] + b2 * y2[:, j + 2])

    imgOut = c1 * (y1 + y2)

    y1[0, :] = a5 * imgOut[0, :]
    y1[1, :] = a5 * imgOut[1, :] + a6 * imgOut[0, :] + b1 * y1[0, :]
    for i in range(2, imgIn.shape[0]):
        y1[i, :] = (a5 * imgOut[i, :] + a6 * imgOut[i - 1, :] + b1 * y1[i - 1, :] + b2 * y1[i - 2, :])

    y2[-1, :] = 0.0
    y2[-2, :] = a7 * imgOut[-1, :]
    for i in range(imgIn.shape[0] - 3, -1, -1):
        y2[i, :] = (a7 * imgOut[i + 1, :] + a8 * imgOut[i + 2, :] + b1 * y2[i + 1, :] + b2 * y2[i + 2, :])

    imgOut[:] = c2 * (y1 + y2)
    return np.sum(imgOut * imgOut)


def _scattering_args(r, n):
    def c(*s):
        return r.random(s) + 1j * r.random(s)
    Nkz, NE, Nqz, Nw, N3D, NA, NB, Norb = 2, 3, 2, 2, 2, n, 2, 3
    return (c(Nkz, NE, NA, Norb, Norb), r.integers(0, NA, (NA, NB)), c(NA, NB, N3D, Norb, Norb),
            c(Nqz, Nw, NA, NB, N3D, N3D), np.zeros((Nkz, NE, NA, Norb, Norb), complex))


@kernel(_scattering_args, small=3, large=8)
def scattering_self_energies(G, neigh_idx, dH, D, Sigma):
    for k in range(G.shape[0]):
        for E in range(G.shape[1]):
            for q in range(D.shape[0]):
                for w in range(D.shape[1]):
                    for i in range(D.shape[-2]):
                        for j in range(D.shape[-1]):
                            for a in range(neigh_idx.shape[0]):
                                for b in range(neigh_idx.shape[1]):
                                    if E - w >= 0:
                                        dHG = G[k, E - w, neigh_idx[a, b]] @ dH[a, b, i]
                                        dHD = dH[a, b, j] * D[q, w, a, b, i, j]
                                        Sigma[k, E, a] += dHG @ dHD
    return np.sum(np.abs(Sigma)**2)


@kernel(lambda r, n: (r.random(n) + 1j * r.random(n),), small=8, large=256)
def dft_naive(x):
    N = x.shape[0]
    out = np.zeros(N, dtype=np.complex128)
    for k in range(N):
        for t in range(N):
            out[k] += x[t] * np.exp(-2j * np.pi * k * t / N)
    return np.sum(np.abs(out)**4)


@kernel(lambda r, n: (r.random(n),), small=8, large=1024)
def fft_split(re):
    n = len(re)
    im = np.zeros(n)
    re = re.copy()
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j ^= bit
        if i < j:
            re[i], re[j] = re[j], re[i]
    length = 2
    while length <= n:
        ang = -2 * np.pi / length
        for i in range(0, n, length):
            for k in range(length // 2):
                c, s = np.cos(ang * k), np.sin(ang * k)
                ur, ui = re[i + k], im[i + k]
                xr, xi = re[i + k + length // 2], im[i + k + length // 2]
                vr, vi = xr * c - xi * s, xr * s + xi * c
                re[i + k], im[i + k] = ur + vr, ui + vi
                re[i + k + length // 2], im[i + k + length // 2] = ur - vr, ui - vi
        length *= 2
    return np.sum((re**2 + im**2)**2)


def rng_complex(r, *s):
    return r.random(s) + 1j * r.random(s)


@kernel(lambda r, n: (rng_complex(r, 3, n, n), 4, n), small=4, large=12)
def contour_integral(Ham, NM, NR):
    int_pts = np.exp(2j * np.pi * np.arange(8) / 8)
    P0 = np.zeros((NR, NM), dtype=np.complex128)
    P1 = np.zeros((NR, NM), dtype=np.complex128)
    Y = np.ones((NR, NM))
    for z in int_pts:
        Tz = np.zeros((NR, NR), dtype=np.complex128)
        for n in range(3):
            zz = np.power(z, 1 - n)
            Tz += zz * Ham[n]
        X = np.linalg.solve(Tz, Y)
        P0 += X
        P1 += z * X
    return np.sum(np.abs(P0)**2) + np.sum(np.abs(P1)**2)


@kernel(lambda r, n: (r.random(n), r.random(n), r.random(n), r.random(n), r.random(n), r.random(n)), small=5, large=200)
def compute(array_1, array_2, c, d, e, f):
    return np.sum((np.clip(array_1, 0.2, 0.8) * 4 + array_2 * 3 + 9)**2 * np.tanh(c - d) + np.hypot(e, f))


@kernel(lambda r, n: (r.random((n, n)), r.random((n, n))), small=5, large=64)
def lavamd_like(rv, qv):
    total = 0.0
    for i in range(rv.shape[0]):
        d2 = np.sum((rv - rv[i])**2, axis=1)
        u = np.exp(-2 * d2)
        total += np.sum(u[:, None] * qv)
    return total


def crank_nicolson_step(u, r):
    n = u.size
    rhs = np.zeros(n)
    rhs[1:-1] = r * u[:-2] + (1 - 2 * r) * u[1:-1] + r * u[2:]
    rhs[0], rhs[-1] = u[0], u[-1]
    return rhs


@kernel(lambda r, n: (r.random(n), 0.3), small=7, large=200)
def lax_wendroff(u, cfl):
    history = []
    for step in range(6):
        u = crank_nicolson_step(u, cfl)
        history.append(u.max())
    return sum(history) + np.cumsum(u)[-1] + np.diff(u) @ np.diff(u)
