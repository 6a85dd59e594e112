"""Ordinary numerical programs, written the way their authors write them: simulations, integrators, objects with state."""

import math
from collections import namedtuple
from dataclasses import dataclass, field

import numpy as np

from ._case import Corpus, make, mat, pos, vec

case = Corpus(__name__)


# ---- integrators and objects -----------------------------------------------------------------------------------------
class Pendulum:
    def __init__(self, length, damping):
        self.length = length
        self.damping = damping
        self.angle = 0.3
        self.speed = 0.0
        self.history = []

    def acceleration(self):
        return -9.81 / self.length * math.sin(self.angle) - self.damping * self.speed

    def step(self, dt):
        self.speed += dt * self.acceleration()
        self.angle += dt * self.speed
        self.history.append(self.angle)


@case(1.3, 0.1)
def pendulum_with_history(length, damping):
    p = Pendulum(length, damping)
    for _ in range(20):
        p.step(0.05)
    return sum(p.history) / len(p.history)


def make_pendulum(rng):
    return Pendulum(1.1, 0.2)


class RungeKutta4:
    def __init__(self, f, dt):
        self.f, self.dt, self.t = f, dt, 0.0

    def step(self, y):
        h, t = self.dt, self.t
        k1 = self.f(t, y)
        k2 = self.f(t + h / 2, y + h / 2 * k1)
        k3 = self.f(t + h / 2, y + h / 2 * k2)
        k4 = self.f(t + h, y + h * k3)
        self.t += h
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@case(vec(3), pos(3))
def lorenz_by_class(y, p):
    def rhs(t, y):
        return np.array([p[0] * (y[1] - y[0]), y[0] * (p[1] - y[2]) - y[1], y[0] * y[1] - p[2] * y[2]])

    solver = RungeKutta4(rhs, 0.02)
    trajectory = [y]
    for _ in range(10):
        y = solver.step(y)
        trajectory.append(y)
    return np.array(trajectory)[:, 0].mean()


@case(vec(4), 0.8)
def van_der_pol_solution_array(y0, mu):
    n = 30
    ys = np.zeros((n + 1, 2))
    ys[0] = y0[:2]
    for k in range(n):
        x, v = ys[k]
        ys[k + 1] = ys[k] + 0.05 * np.array([v, mu * (1 - x**2) * v - x])
    return np.sum(ys[-1] ** 2) + ys[:, 1].max()


BUTCHER_A = ((), (0.2,), (3 / 40, 9 / 40))
BUTCHER_B = (0.25, 0.25, 0.5)


@case(pos(2), 0.5)
def runge_kutta_from_a_tableau(y, rate):
    def f(y):
        return np.stack([y[0] * (1 - y[1]), rate * y[1] * (y[0] - 1)])

    h = 0.1
    for _ in range(8):
        ks = []
        for row in BUTCHER_A:
            stage = y.copy()
            for a, k in zip(row, ks):
                stage = stage + h * a * k
            ks.append(f(stage))
        y = y + h * sum(b * k for b, k in zip(BUTCHER_B, ks))
    return y @ y


@dataclass
class Cell:
    volume: float
    density: float
    energy: float = 1.0

    @property
    def pressure(self):
        return 0.4 * self.density * self.energy


@case(pos(5))
def cells_as_dataclasses(rho):
    cells = [Cell(0.1, r) for r in rho]
    for _ in range(3):
        for left, right in zip(cells[:-1], cells[1:]):
            flux = 0.01 * (left.pressure - right.pressure)
            left.energy -= flux / left.density
            right.energy += flux / right.density
    return sum(c.volume * c.pressure for c in cells)


@dataclass
class Grid:
    n: int
    length: float = 1.0
    h: float = field(init=False)

    def __post_init__(self):
        self.h = self.length / self.n

    def laplacian(self, u):
        out = np.zeros_like(u)
        out[1:-1] = (u[2:] - 2 * u[1:-1] + u[:-2]) / self.h**2
        return out


@case(vec(8), 0.01)
def diffusion_with_a_grid_object(u, k):
    grid = Grid(len(u), 2.0)
    for step in range(12):
        u = u + k * 0.1 * grid.laplacian(u)
        if step % 5 == 4:
            u[0] = u[1]
    return np.linalg.norm(u)


Particle = namedtuple("Particle", "x v m")


@case(vec(3), 0.5)
def particles_as_namedtuples(x, k):
    ps = [Particle(xi, 0.0, 1.0 + 0.1 * i) for i, xi in enumerate(x)]
    for _ in range(6):
        forces = [sum(-k * (p.x - q.x) for q in ps if q is not p) for p in ps]
        ps = [p._replace(v=p.v + 0.1 * f / p.m, x=p.x + 0.1 * p.v) for p, f in zip(ps, forces)]
    return sum(0.5 * p.m * p.v**2 for p in ps) + ps[0].x


@case(vec(9), vec(9), 0.3)
def leapfrog_molecular_dynamics(x, v, eps):
    x, v = x.reshape(3, 3) * 2, v.reshape(3, 3).copy()

    def forces(x):
        d = x[:, None, :] - x[None, :, :]
        r2 = (d**2).sum(axis=-1) + np.eye(len(x)) + 0.5
        f = 24 * eps * (2 / r2**7 - 1 / r2**4)
        np.fill_diagonal(f, 0.0)
        return (f[:, :, None] * d).sum(axis=1)

    f = forces(x)
    for _ in range(3):
        v += 0.005 * f
        x += 0.01 * v
        f = forces(x)
        v += 0.005 * f
    return 0.5 * np.sum(v**2)


# ---- finite volumes and differences ----------------------------------------------------------------------------------
@case(pos(10), 0.4)
def burgers_with_minmod(u, cfl):
    def minmod(a, b):
        return np.where(a * b > 0, np.where(np.abs(a) < np.abs(b), a, b), 0.0)

    for _ in range(4):
        du = minmod(u - np.roll(u, 1), np.roll(u, -1) - u)
        ul, ur = u + 0.5 * du, np.roll(u - 0.5 * du, -1)
        a = np.maximum(np.abs(ul), np.abs(ur))
        flux = 0.25 * (ul**2 + ur**2) - 0.5 * a * (ur - ul)
        u = u - cfl * (flux - np.roll(flux, 1)) / 2
    return np.sum(u**2)


@case(pos(3, 8), 1.4)
def euler_equations_with_rusanov_fluxes(q, gamma):
    def primitive(q):
        rho, mom, energy = q
        v = mom / rho
        p = (gamma - 1) * (energy + 2.0 - 0.5 * rho * v**2)
        return rho, v, p

    def flux(q):
        rho, v, p = primitive(q)
        return np.array([q[1], q[1] * v + p, v * (q[2] + p)])

    for _ in range(3):
        rho, v, p = primitive(q)
        speed = np.abs(v) + np.sqrt(gamma * np.abs(p) / rho)
        f = flux(q)
        face = 0.5 * (f[:, 1:] + f[:, :-1]) - 0.5 * np.maximum(speed[1:], speed[:-1]) * (q[:, 1:] - q[:, :-1])
        q = q.copy()
        q[:, 1:-1] -= 0.02 * np.diff(face, axis=1)
    return q[0].sum() + (q[1] ** 2).sum()


@case(pos(6, 6), 0.05)
def shallow_water_step(h, dt):
    u = np.zeros((7, 6))
    v = np.zeros((6, 7))
    for _ in range(4):
        u[1:-1, :] -= dt * 9.81 * (h[1:, :] - h[:-1, :])
        v[:, 1:-1] -= dt * 9.81 * (h[:, 1:] - h[:, :-1])
        h -= dt * ((u[1:, :] - u[:-1, :]) + (v[:, 1:] - v[:, :-1]))
    return np.mean(h**2) + 0.5 * np.mean(u**2)


@case(mat(6, 6), 1.5)
def poisson_by_successive_over_relaxation(rhs, omega):
    n = rhs.shape[0]
    phi = np.zeros_like(rhs)
    for sweep in range(6):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                old = phi[i, j]
                new = 0.25 * (phi[i - 1, j] + phi[i + 1, j] + phi[i, j - 1] + phi[i, j + 1] - rhs[i, j])
                phi[i, j] = (1 - omega) * old + omega * new
    residual = 0.0
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            residual += (phi[i, j] - rhs[i, j]) ** 2
    return math.sqrt(residual)


@case(pos(12), 0.3)
def cell_average_with_ghost_cells(u, nu):
    ghost = np.empty(len(u) + 2)
    for _ in range(5):
        ghost[1:-1] = u
        ghost[0], ghost[-1] = ghost[-2], ghost[1]
        u = u - nu * (ghost[1:-1] - ghost[:-2])
    return (u * np.arange(len(u))).sum()


@case(pos(5), pos(5))
def heat_conduction_with_thomas_solver(t, k):
    n = len(t)
    for _ in range(3):
        a, b, c, d = -k, 1 + 2 * k, -k, t.copy()
        cp, dp = np.zeros(n), np.zeros(n)
        cp[0], dp[0] = c[0] / b[0], d[0] / b[0]
        for i in range(1, n):
            m = b[i] - a[i] * cp[i - 1]
            cp[i] = c[i] / m
            dp[i] = (d[i] - a[i] * dp[i - 1]) / m
        x = np.zeros(n)
        x[-1] = dp[-1]
        for i in reversed(range(n - 1)):
            x[i] = dp[i] - cp[i] * x[i + 1]
        t = x
    return t.sum()


@case(pos(4, 4, 4))
def seven_point_stencil_in_three_dimensions(u):
    v = u.copy()
    c = (slice(1, -1),) * 3
    for _ in range(2):
        v[c] = u[c] + 0.1 * (u[2:, 1:-1, 1:-1] + u[:-2, 1:-1, 1:-1] + u[1:-1, 2:, 1:-1] + u[1:-1, :-2, 1:-1]
                             + u[1:-1, 1:-1, 2:] + u[1:-1, 1:-1, :-2] - 6 * u[c])
        u, v = v, u
    return np.sqrt(np.mean(u**2))


# ---- Monte Carlo and statistics --------------------------------------------------------------------------------------
@case(100.0, 0.2, 0.05, make(lambda rng: rng.normal(size=(20, 6))))
def asian_option_by_given_draws(s0, sigma, r, z):
    n, steps = z.shape
    dt = 1.0 / steps
    payoff = np.zeros(n)
    for i in range(n):
        s = s0
        total = 0.0
        for j in range(steps):
            s *= np.exp((r - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * z[i, j])
            total += s
        payoff[i] = max(total / steps - 100.0, 0.0)
    return np.exp(-r) * payoff.mean()


@case(100.0, 0.2, 0.05, make(lambda rng: rng.normal(size=(20, 6))))
def european_option_vectorised(s0, sigma, r, z):
    dt = 1.0 / z.shape[1]
    paths = s0 * np.exp(np.cumsum((r - sigma**2 / 2) * dt + sigma * math.sqrt(dt) * z, axis=1))
    return np.exp(-r) * np.mean(np.maximum(paths[:, -1] - 95.0, 0))


@case(vec(2), make(lambda rng: rng.normal(size=(15, 2))), make(lambda rng: rng.uniform(size=15)))
def metropolis_with_given_draws(x, steps, u):
    def log_density(x):
        return -0.5 * (x[0] ** 2 + (x[1] - x[0] ** 2) ** 2)

    accepted = 0
    mean = np.zeros(2)
    current = log_density(x)
    for dx, ui in zip(steps, u):
        proposal = x + 0.5 * dx
        new = log_density(proposal)
        if np.log(ui) < new - current:
            x, current = proposal, new
            accepted += 1
        mean += x
    return (mean / len(u)).sum() + 0.0 * accepted


@case(pos(30), 0.5, 1.2)
def gamma_log_likelihood(x, shape, scale):
    return np.sum((shape - 1) * np.log(x) - x / scale - shape * np.log(scale) - math.lgamma(shape))


@case(mat(12, 3), vec(3))
def weighted_least_squares_statistics(x, beta):
    y = x @ beta + 0.1
    w = 1.0 / (1.0 + np.abs(y))
    xtx = x.T @ (w[:, None] * x)
    est = np.linalg.solve(xtx, x.T @ (w * y))
    resid = y - x @ est
    cov = np.linalg.inv(xtx) * resid.var()
    return np.sqrt(np.diag(cov)).sum() + est.sum()


@case(mat(20))
def autocorrelation_and_moments(x):
    x = x - x.mean()
    acf = np.array([np.sum(x[: len(x) - k] * x[k:]) for k in range(5)]) / np.sum(x**2)
    skew = np.mean(x**3) / np.mean(x**2) ** 1.5
    kurt = np.mean(x**4) / x.var() ** 2 - 3
    return acf[1:].sum() + skew + 0.1 * kurt


@case(pos(6), pos(6))
def kullback_leibler_and_entropy(p, q):
    p, q = p / p.sum(), q / q.sum()
    m = 0.5 * (p + q)
    return 0.5 * np.sum(p * np.log(p / m)) + 0.5 * np.sum(q * np.log(q / m)) - np.sum(p * np.log2(p))


@case(vec(25), 0.4)
def exponential_smoothing_with_holt(y, alpha):
    level, trend = y[0], y[1] - y[0]
    sse = 0.0
    for t in range(1, len(y)):
        forecast = level + trend
        err = y[t] - forecast
        sse += err * err
        level, trend = alpha * y[t] + (1 - alpha) * forecast, 0.3 * (level - trend) + 0.7 * trend
    return sse / (len(y) - 1)


@case(vec(10), 0.6, 0.4)
def unscented_points(x, a, b):
    n = 2
    mean, cov = x[:2], np.array([[1.0 + a, 0.1], [0.1, 1.0 + b]])
    root = np.linalg.cholesky(n * cov)
    points = [mean]
    for k in range(n):
        points.append(mean + root[:, k])
        points.append(mean - root[:, k])
    values = np.array([np.sin(p[0]) * p[1] for p in points])
    return values.mean() + values.std()


@case(pos(4), mat(4, 4))
def particle_filter_weights(w, log_lik):
    total = 0.0
    for t in range(log_lik.shape[0]):
        w = w * np.exp(log_lik[t])
        norm = w.sum()
        total += np.log(norm)
        w = w / norm
        ess = 1.0 / np.sum(w**2)
        if ess < 2.0:
            w = 0.5 * w + 0.125
    return total


# ---- filters, control, optimisation ----------------------------------------------------------------------------------
@case(vec(16), 0.2, 0.5)
def biquad_filter(x, b0, a1):
    y = np.zeros_like(x)
    x1 = x2 = y1 = y2 = 0.0
    for n, xn in enumerate(x):
        yn = b0 * xn + 2 * b0 * x1 + b0 * x2 + a1 * y1 - 0.2 * y2
        x2, x1 = x1, xn
        y2, y1 = y1, yn
        y[n] = yn
    return np.sum(y**2)


class PID:
    def __init__(self, kp, ki, kd):
        self.kp, self.ki, self.kd = kp, ki, kd
        self.integral = 0.0
        self.previous = None

    def __call__(self, error, dt):
        self.integral += error * dt
        derivative = 0.0 if self.previous is None else (error - self.previous) / dt
        self.previous = error
        return self.kp * error + self.ki * self.integral + self.kd * derivative


@case(1.0, 0.3, 0.05)
def pid_controller(kp, ki, kd):
    control = PID(kp, ki, kd)
    temperature, cost = 20.0, 0.0
    for _ in range(25):
        power = max(0.0, control(25.0 - temperature, 0.1))
        temperature += 0.1 * (power - 0.1 * (temperature - 18.0))
        cost += (temperature - 25.0) ** 2
    return cost


class Kalman:
    def __init__(self, F, H, Q, R):
        self.F, self.H, self.Q, self.R = F, H, Q, R
        self.x = np.zeros(F.shape[0])
        self.P = np.eye(F.shape[0])

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        innovation = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = self.P @ self.H.T @ np.linalg.inv(S)
        self.x = self.x + K @ innovation
        self.P = (np.eye(len(self.x)) - K @ self.H) @ self.P
        return -0.5 * (innovation @ np.linalg.solve(S, innovation) + np.linalg.slogdet(S)[1])


@case(mat(5, 1), 0.1, 0.5)
def kalman_likelihood(data, q, r):
    F, H = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    kf = Kalman(F, H, q * np.eye(2), np.array([[r]]))
    total = 0.0
    for z in data:
        kf.predict()
        total += kf.update(z)
    return total


@case(vec(3), 0.1)
def newton_raphson_with_convergence_test(x, a):
    def residual(x):
        return np.array([x[0] ** 2 + x[1] - 1 - a, x[1] ** 2 + x[2] - 0.5, x[2] + 0.1 * x[0] - 0.2])

    def jacobian(x):
        return np.array([[2 * x[0], 1.0, 0.0], [0.0, 2 * x[1], 1.0], [0.1, 0.0, 1.0]])

    x = np.abs(x) + 1.0
    for iteration in range(30):
        step = np.linalg.solve(jacobian(x), -residual(x))
        x = x + step
        if np.linalg.norm(step) < 1e-12:
            break
    else:
        raise RuntimeError(f"no convergence after {iteration} iterations")
    return x.sum()


@case(vec(4), 0.05)
def adam_written_out(w, lr):
    m, v = np.zeros_like(w), np.zeros_like(w)
    target = np.arange(4.0)
    for t in range(1, 12):
        g = 2 * (w - target) + 0.1 * np.cos(w)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        w = w - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return np.sum((w - target) ** 2)


@case(vec(5), mat(5, 5))
def backtracking_line_search(x, a):
    h = a @ a.T + 5 * np.eye(5)

    def f(x):
        return 0.5 * x @ h @ x - x.sum()

    for _ in range(3):
        g = h @ x - 1.0
        t = 1.0
        while f(x - t * g) > f(x) - 0.5 * t * (g @ g):
            t *= 0.5
        x = x - t * g
    return f(x)


@case(vec(3), 0.7)
def golden_section_search(c, a):
    def f(t):
        return c[0] * t**2 * 0.1 + (t - a) ** 2 + 0.1 * c[1] * t

    lo, hi = -2.0, 3.0
    ratio = (math.sqrt(5) - 1) / 2
    while hi - lo > 0.05:
        m1, m2 = hi - ratio * (hi - lo), lo + ratio * (hi - lo)
        if f(m1) < f(m2):
            hi = m2
        else:
            lo = m1
    x = 0.5 * (lo + hi)
    return f(x)


@case(2.0, 0.5)
def bisection_then_newton(a, b):
    lo, hi = 0.0, 3.0
    for _ in range(8):
        mid = (lo + hi) / 2
        if mid**3 - a * mid - b > 0:
            hi = mid
        else:
            lo = mid
    x = hi
    while abs(x**3 - a * x - b) > 1e-13:
        x -= (x**3 - a * x - b) / (3 * x**2 - a)
    return x


@case(vec(3, 0.1, 0.9), make(lambda rng: {"rate": 0.3, "steps": 10}))
def settings_in_a_dict(state, settings):
    s, i, r = state
    for _ in range(settings["steps"]):
        new = settings["rate"] * s * i
        s, i, r = s - new, i + new - 0.1 * i, r + 0.1 * i
    return {"susceptible": s, "infected": i, "recovered": r}


@case(make(lambda rng: {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=3)}), vec(4))
def parameters_updated_in_a_dict(params, x):
    for _ in range(3):
        y = np.tanh(params["w"] @ x + params["b"])
        grads = {"w": np.outer(y, x), "b": y}
        for key in params:
            params[key] = params[key] - 0.1 * grads[key]
    return np.sum(params["w"] ** 2) + np.sum(params["b"])
