"""Programs of the kind scientists write: simulations, filters, solvers, fits."""

import math

import numpy as np

from ._case import Corpus, make, mat, pos, vec

case = Corpus(__name__)


def brusselator_loops(u, du, alpha, n):
    h = 1.0 / n
    for i in range(n):
        for j in range(n):
            left, right = (i - 1) % n, (i + 1) % n
            down, up = (j - 1) % n, (j + 1) % n
            a, b = u[i, j, 0], u[i, j, 1]
            lap_a = u[left, j, 0] + u[right, j, 0] + u[i, down, 0] + u[i, up, 0] - 4 * a
            lap_b = u[left, j, 1] + u[right, j, 1] + u[i, down, 1] + u[i, up, 1] - 4 * b
            du[i, j, 0] = alpha * lap_a / h + 1.0 + a * a * b - 4.4 * a
            du[i, j, 1] = alpha * lap_b / h + 3.4 * a - a * a * b


@case(pos(4, 4, 2), 0.02)
def brusselator_with_scalar_loops(u, alpha):
    du = np.empty_like(u)
    for _ in range(2):
        brusselator_loops(u, du, alpha, 4)
        u += 0.01 * du
    return (u * u).sum()


@case(pos(6, 6, 2), 0.02)
def brusselator_vectorised(u, alpha):
    for _ in range(3):
        lap = (np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4 * u) * 6
        a, b = u[..., 0], u[..., 1]
        reaction = np.stack([1 + a**2 * b - 4.4 * a, 3.4 * a - a**2 * b], axis=-1)
        u += 0.01 * (alpha * lap + reaction)
    return u


@case(vec(12), 0.2)
def heat_in_place_slices(u, r):
    for _ in range(10):
        u[1:-1] += r * (u[:-2] - 2 * u[1:-1] + u[2:])
    return (u**2).sum()


@case(mat(6, 6), 0.1)
def heat_two_dimensions_with_boundary(u, k):
    new = u.copy()
    for _ in range(4):
        new[1:-1, 1:-1] = u[1:-1, 1:-1] + k * (
            u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])
        new[0], new[-1] = new[1], 0.0
        new[:, 0] = new[:, 1]
        u, new = new, u
    return u[1:-1].sum() + (u**2).mean()


class KalmanFilter:
    def __init__(self, F, H, Q, R):
        self.F, self.H, self.Q, self.R = F, H, Q, R
        self.x, self.P = np.zeros(len(F)), np.eye(len(F))
        self.log_likelihood = 0.0

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        y = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = self.P @ self.H.T @ np.linalg.inv(S)
        self.x += K @ y
        self.P -= K @ self.H @ self.P
        self.log_likelihood -= 0.5 * (y @ np.linalg.solve(S, y) + np.log(np.linalg.det(S)))


@case(0.3, 0.5, vec(6))
def kalman_filter(q, r, data):
    dt = 0.4
    f = KalmanFilter(np.array([[1, dt], [0, 1]]), np.array([[1.0, 0.0]]),
                     q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]]), np.array([[r]]))
    for z in data:
        f.predict()
        f.update(np.array([z]))
    return f.log_likelihood + f.x[1]


@case(mat(3, 2), mat(3, 2), pos(3))
def n_body_leapfrog(x, v, m):
    def acceleration():
        a = np.zeros_like(x)
        for i in range(3):
            for j in range(3):
                if i != j:
                    d = x[j] - x[i]
                    a[i] += m[j] * d / (d @ d + 0.1) ** 1.5
        return a

    for _ in range(4):
        v += 0.05 * acceleration()
        x += 0.1 * v
        v += 0.05 * acceleration()
    return 0.5 * (m[:, None] * v**2).sum() - m[0] * m[1] / np.linalg.norm(x[0] - x[1])


@case(mat(4, 3))
def n_body_vectorised_with_mask(x):
    d = x[:, None] - x[None]
    r2 = (d**2).sum(-1)
    np.fill_diagonal(r2, 1.0)
    inverse = r2**-3
    np.fill_diagonal(inverse, 0.0)
    return 2 * (inverse**2 - inverse).sum() * 1e-3


def lotka_volterra(t, y, p):
    a, b, c, d = p
    return np.array([a * y[0] - b * y[0] * y[1], -c * y[1] + d * y[0] * y[1]])


@case(pos(2), pos(4))
def runge_kutta_4(y, p):
    h, t = 0.1, 0.0
    for _ in range(6):
        k1 = lotka_volterra(t, y, p)
        k2 = lotka_volterra(t + h / 2, y + h / 2 * k1, p)
        k3 = lotka_volterra(t + h / 2, y + h / 2 * k2, p)
        k4 = lotka_volterra(t + h, y + h * k3, p)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
    return y


@case(pos(2), pos(4))
def adaptive_heun_with_rejected_steps(y, p):
    t, h, rejected = 0.0, 0.4, 0
    while t < 1.0 - 1e-12:
        h = min(h, 1.0 - t)
        k1 = lotka_volterra(t, y, p)
        k2 = lotka_volterra(t + h, y + h * k1, p)
        error = h / 2 * float(np.max(np.abs(np.array([float(v) for v in k2 - k1]))))
        if error > 0.05:
            h *= 0.5
            rejected += 1
            continue
        y = y + h / 2 * (k1 + k2)
        t += h
        h *= 1.2 if error < 0.01 else 1.0
    return y.sum() + rejected


@case(mat(5, 5), vec(5))
def lu_in_place_with_pivoting(a, b):
    n = len(b)
    for k in range(n):
        p = k + int(np.argmax(np.abs(a[k:, k])))
        if p != k:
            a[[k, p]] = a[[p, k]]
            b[k], b[p] = b[p], b[k]
        a[k + 1:, k] /= a[k, k]
        a[k + 1:, k + 1:] -= np.outer(a[k + 1:, k], a[k, k + 1:])
        b[k + 1:] -= a[k + 1:, k] * b[k]
    for k in reversed(range(n)):
        b[k] = (b[k] - a[k, k + 1:] @ b[k + 1:]) / a[k, k]
    return b @ b


@case(mat(4, 4), vec(4))
def gauss_seidel_until_converged(a, b):
    a = a + 5 * np.eye(4)
    x = np.zeros(4)
    for sweep in range(60):
        change = 0.0
        for i in range(4):
            old = x[i]
            x[i] = (b[i] - a[i, :i] @ x[:i] - a[i, i + 1:] @ x[i + 1:]) / a[i, i]
            change = max(change, abs(x[i] - old))
        if change < 1e-14:
            break
    return x.sum()


@case(vec(6))
def thomas_algorithm(d):
    n = len(d)
    diagonal, c = 4.0 + d**2, np.ones(n)
    rhs = d.copy()
    for i in range(1, n):
        w = c[i - 1] / diagonal[i - 1]
        diagonal[i] -= w * c[i - 1]
        rhs[i] -= w * rhs[i - 1]
    rhs[-1] /= diagonal[-1]
    for i in range(n - 2, -1, -1):
        rhs[i] = (rhs[i] - c[i] * rhs[i + 1]) / diagonal[i]
    return rhs


@case(vec(3), mat(3, 2), pos(3), mat(5, 2))
def gaussian_mixture(alpha, mu, sigma, x):
    total = 0.0
    for point in x:
        terms = []
        for k in range(3):
            d = (point - mu[k]) / sigma[k]
            terms.append(alpha[k] - 0.5 * (d @ d) - 2 * math.log(sigma[k]))
        top = max(terms)
        total += top + math.log(sum(math.exp(t - top) for t in terms))
    return total - len(x) * np.log(np.exp(alpha).sum())


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@case(mat(8, 4), vec(8), mat(3, 2))
def lstm_cell_over_sequence(w, b, inputs):
    h = c = np.zeros(2)
    outputs = []
    for x in inputs:
        gates = w @ np.concatenate([x, h]) + b
        i, f, o = (sigmoid(g) for g in (gates[:2], gates[2:4], gates[4:6]))
        g = np.tanh(gates[6:])
        c = f * c + i * g
        h = o * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


HEAT_N, HEAT_LAMBDA = 100, 0.5


def heat_objective(T, steps):
    last = np.zeros(HEAT_N)
    for _ in range(steps):
        last[:] = T
        T[1:-1] = last[1:-1] + HEAT_LAMBDA * (last[:-2] - 2 * last[1:-1] + last[2:])
    return T


@case(make(lambda r: np.r_[20.0, np.zeros(HEAT_N - 1)]), 500, slow=True, nested=False,
      value=66.21987468492061, differences=False)
def heat_of_the_checkpointing_literature(T, steps):
    heat_objective(T, steps)
    return np.linalg.norm(T)


@case(make(lambda r: np.r_[20.0, np.zeros(11)]), 8)
def heat_bar_with_fixed_end(T, steps):
    return heat_objective_small(T, steps).sum()


def heat_objective_small(T, steps):
    last = np.zeros(len(T))
    for _ in range(steps):
        last[:] = T
        T[1:-1] = last[1:-1] + 0.5 * (last[:-2] - 2 * last[1:-1] + last[2:]) + 1e-3 * last[1:-1] ** 2
    return T


@case(make(lambda r: np.arange(1, 11) / np.arange(2.0, 12.0)), value=1 / 11, differences=True,
      gradient=1 / 11 / (np.arange(1, 11) / np.arange(2.0, 12.0)))
def speelpenning_product(x):
    y = 1.0
    for v in x:
        y *= v
    return y


@case(1.0)
def repeated_square_roots_with_in_place_state(x):
    state = np.array([x, 0.0])
    for _ in range(5):
        state[0] = 2 * np.sqrt(state[0]) * np.sqrt(state[0] + 0.1)
        state[1] += state[0]
    return state[0] + state[1]


@case(vec(3), pos(3))
def three_box_circulation(salt, temperature):
    """Box model in the style of Stommel: flow depends on density differences; leapfrog with a Robert filter."""
    old = np.concatenate([temperature, salt])
    now = old.copy()
    for _ in range(6):
        rho = -0.2 * now[:3] + 0.8 * now[3:]
        flow = rho[0] - rho[2]
        tendency = np.empty(6)
        for i in range(3):
            upstream = (i + 1) % 3 if flow > 0 else (i - 1) % 3
            tendency[i] = abs(flow) * (now[upstream] - now[i]) + 0.1 * (1.0 + i - now[i])
            tendency[3 + i] = abs(flow) * (now[3 + upstream] - now[3 + i]) + 0.05 * (i - 1)
        new = old + 0.2 * tendency
        now += 0.25 * (new + old - 2 * now)
        old, now = now, new
    return now[:3] @ now[3:]


@case(pos(2), 1.5, rtol=1e-5, nested=False, slow=True)
def solve_ivp_decay(y0, k):
    from scipy.integrate import solve_ivp

    return solve_ivp(lambda t, y: -k * y + 0.1 * y**2, (0.0, 1.0), y0, rtol=1e-3, atol=1e-6, t_eval=[0.5, 1.0]).y


@case(vec(4), 0.3)
def gradient_descent_with_momentum(w, rate):
    velocity = np.zeros_like(w)
    for _ in range(6):
        gradient = 2 * w + np.array([1.0, -1.0, 0.5, 0.0]) * np.cos(w)
        velocity *= 0.8
        velocity -= rate * gradient
        w += velocity
    return (w**2).sum()


@case(vec(2), 0.7)
def newton_in_two_dimensions(x, a):
    for _ in range(20):
        f = np.array([x[0] ** 3 + x[1] - 1 - a, x[1] ** 3 - x[0] + 1])
        jacobian = np.array([[3 * x[0] ** 2 + 1.0, 1.0], [-1.0, 3 * x[1] ** 2 + 1.0]])
        step = np.linalg.solve(jacobian, f)
        x = x - step
        if np.abs(step).max() < 1e-13:
            break
    return x[0] * x[1] ** 2


@case(vec(16))
def conjugate_gradients(b):
    n = len(b)

    def apply(v):
        w = 2.2 * v
        w[1:] -= v[:-1]
        w[:-1] -= v[1:]
        return w

    x, r = np.zeros(n), b.copy()
    p, rr = r.copy(), r @ r
    for _ in range(5):
        q = apply(p)
        alpha = rr / (p @ q)
        x += alpha * p
        r -= alpha * q
        new = r @ r
        p *= new / rr
        p += r
        rr = new
    return x @ x


@case(mat(4, 4))
def power_iteration(a):
    a = a @ a.T
    v = np.ones(4)
    for _ in range(30):
        v = a @ v
        v /= np.linalg.norm(v)
    return v @ a @ v


@case(mat(5, 3))
def gram_schmidt_in_place(a):
    for j in range(3):
        for k in range(j):
            a[:, j] -= (a[:, k] @ a[:, j]) * a[:, k]
        a[:, j] /= np.sqrt(a[:, j] @ a[:, j])
    return a


@case(mat(4, 4))
def householder_qr(a):
    r = a.copy()
    for k in range(3):
        x = r[k:, k]
        v = x.copy()
        v[0] += math.copysign(1.0, x[0]) * np.linalg.norm(x)
        v /= np.linalg.norm(v)
        r[k:, k:] -= 2 * np.outer(v, v @ r[k:, k:])
    return np.triu(r)


@case(mat(3, 3))
def jacobi_eigenvalues(a):
    s = a + a.T
    for _ in range(4):
        for p in range(2):
            for q in range(p + 1, 3):
                theta = 0.5 * math.atan2(2 * s[p, q], s[q, q] - s[p, p])
                c, t = math.cos(theta), math.sin(theta)
                g = np.eye(3)
                g[p, p] = g[q, q] = c
                g[p, q], g[q, p] = t, -t
                s = g.T @ s @ g
    return np.sort(np.diag(s)) @ np.array([1.0, 2.0, 3.0])


@case(vec(5), vec(4))
def natural_cubic_spline(y, t):
    n = len(y)
    second = np.zeros(n)
    a = np.diag(np.full(n - 2, 4.0)) + np.diag(np.ones(n - 3), 1) + np.diag(np.ones(n - 3), -1)
    second[1:-1] = np.linalg.solve(a, 6 * (y[2:] - 2 * y[1:-1] + y[:-2]))
    total = 0.0
    for s in 2 + 1.5 * t:
        i = min(int(s), n - 2)
        u = s - i
        total += ((1 - u) * y[i] + u * y[i + 1] + ((1 - u) ** 3 - (1 - u)) * second[i] / 6
                  + (u**3 - u) * second[i + 1] / 6)
    return total


@case(vec(8), vec(8))
def spectral_burgers(u, w):
    k = np.fft.rfftfreq(8, 1 / 8) * 1j
    for _ in range(3):
        ux = np.fft.irfft(k * np.fft.rfft(u), 8)
        uxx = np.fft.irfft(k**2 * np.fft.rfft(u), 8)
        u = u + 0.01 * (0.1 * uxx - u * ux)
    return (u * w).sum()


@case(vec(10), 0.4)
def upwind_advection(u, c):
    for _ in range(5):
        flux = np.where(c > 0, c * u, c * np.roll(u, -1))
        u -= flux - np.roll(flux, 1)
        u[0] = 0.3
    return (u * np.arange(10)).sum()


@case(vec(12))
def limiter_minmod(u):
    left, right = u[1:-1] - u[:-2], u[2:] - u[1:-1]
    slope = np.where(left * right > 0, np.sign(left) * np.minimum(abs(left), abs(right)), 0.0)
    u[1:-1] += 0.5 * slope
    return (u**2).sum()


@case(pos(5), pos(5))
def smith_waterman_softmax(a, b):
    n = len(a)
    score = np.zeros((n + 1, n + 1))
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            match = score[i - 1, j - 1] + a[i - 1] * b[j - 1]
            options = np.array([match, score[i - 1, j] - 0.5, score[i, j - 1] - 0.5])
            score[i, j] = np.log(np.exp(options).sum())
    return score[n, n]


@case(vec(7), vec(7))
def dynamic_time_warping(a, b):
    cost = np.full((8, 8), np.inf)
    cost[0, 0] = 0.0
    for i in range(1, 8):
        for j in range(1, 8):
            cost[i, j] = (a[i - 1] - b[j - 1]) ** 2 + min(cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1])
    return cost[7, 7]


@case(mat(3, 3), vec(3))
def hidden_markov_forward(logits, emission):
    t = np.exp(logits)
    t /= t.sum(axis=1, keepdims=True)
    alpha = np.full(3, 1 / 3)
    total = 0.0
    for obs in (0, 2, 1, 1, 0):
        alpha = (alpha @ t) * np.exp(-0.5 * (obs - emission) ** 2)
        norm = alpha.sum()
        alpha /= norm
        total += math.log(norm)
    return total


@case(vec(6), 0.3, 0.9)
def garch_likelihood(returns, alpha, beta):
    variance = np.empty(6)
    variance[0] = 0.5
    for t in range(1, 6):
        variance[t] = 0.05 + alpha * returns[t - 1] ** 2 + beta * 0.6 * variance[t - 1]
    return -0.5 * np.sum(np.log(variance) + returns**2 / variance)


@case(1.1, 0.2, 0.05)
def black_scholes_and_binomial_tree(s, sigma, rate):
    n, k, dt = 8, 1.0, 1 / 8
    up = math.exp(sigma * math.sqrt(dt))
    p = (math.exp(rate * dt) - 1 / up) / (up - 1 / up)
    values = [max(s * up ** (2 * j - n) - k, 0.0) for j in range(n + 1)]
    while len(values) > 1:
        values = [math.exp(-rate * dt) * (p * b + (1 - p) * a) for a, b in zip(values, values[1:], strict=False)]
    d1 = (math.log(s / k) + (rate + sigma**2 / 2)) / sigma
    return values[0] - s * 0.5 * (1 + math.erf(d1 / math.sqrt(2)))


@case(vec(2), pos(2))
def bouncing_ball_events(x, v):
    height, speed = abs(x[0]) + 1.0, -v[0]
    t = 0.0
    for _ in range(3):
        fall = (speed + math.sqrt(speed**2 + 2 * 9.81 * height)) / 9.81
        t += fall
        speed = -0.8 * (speed - 9.81 * fall)
        height = 0.0
    return t * speed * v[1] + x[1]


@case(mat(6, 2), vec(6))
def least_squares_by_normal_equations(a, b):
    coefficients = np.linalg.solve(a.T @ a, a.T @ b)
    residual = b - a @ coefficients
    a *= 0.0
    return residual @ residual + coefficients[0]


@case(pos(4))
def equilibrium_by_fixed_point(k):
    x = np.ones(4) / 4
    for _ in range(200):
        new = x * k / (x @ k)
        new = 0.5 * new + 0.5 * np.roll(new, 1)
        if np.abs(new - x).max() < 1e-14:
            break
        x = new
    return x @ k


@case(pos(3), pos(3))
def pharmacokinetics_with_doses(rate, dose):
    amounts = {"gut": 0.0, "blood": 0.0, "tissue": 0.0}
    schedule = {0: dose[0], 5: dose[1], 10: dose[2]}
    peak = 0.0
    for step in range(15):
        amounts["gut"] += schedule.get(step, 0.0)
        absorbed = rate[0] * amounts["gut"] * 0.1
        moved = rate[1] * (amounts["blood"] - amounts["tissue"]) * 0.1
        amounts["gut"] -= absorbed
        amounts["blood"] += absorbed - moved - rate[2] * amounts["blood"] * 0.1
        amounts["tissue"] += moved
        peak = max(peak, amounts["blood"])
    return peak + sum(amounts.values())


@case(vec(5), vec(5))
def ising_energy_with_numpy_rolls(h, j):
    spins = np.sign(np.array([0.3, -0.2, 0.5, 0.1, -0.7]))
    return -(h * spins).sum() - (j * spins * np.roll(spins, 1)).sum() ** 2


@case(mat(5, 2))
def pairwise_distances_condensed(x):
    out, k = np.empty(10), 0
    for i in range(5):
        for j in range(i + 1, 5):
            out[k] = math.sqrt(((x[i] - x[j]) ** 2).sum() + 1e-6)
            k += 1
    return out


@case(pos(6), 2.2)
def michaelis_menten_batch_reactor(s, vmax):
    product = np.zeros_like(s)
    for _ in range(5):
        rate = vmax * s / (0.5 + s)
        np.multiply(rate, 0.1, out=rate)
        np.minimum(rate, s, out=rate)
        s -= rate
        product += rate
    return (product * s).sum()


@case(mat(7, 7))
def convolution_by_loops_and_windows(image):
    kernel = np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    out = np.zeros((5, 5))
    for i in range(5):
        for j in range(5):
            out[i, j] = (image[i:i + 3, j:j + 3] * kernel).sum()
    np.maximum(out, 0.0, out=out)
    pooled = out[:4, :4].reshape(2, 2, 2, 2).max(axis=(1, 3))
    return pooled


@case(mat(4, 6), mat(4, 6))
def attention(q, k):
    scores = q @ k.T / math.sqrt(6)
    scores[np.triu_indices(4, 1)] = -np.inf
    scores -= scores.max(axis=1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ q


class Adam:
    def __init__(self, rate, size):
        self.rate, self.m, self.v, self.t = rate, np.zeros(size), np.zeros(size), 0

    def step(self, w, g):
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.99 * self.v + 0.01 * g * g
        w -= self.rate * (self.m / (1 - 0.9**self.t)) / (np.sqrt(self.v / (1 - 0.99**self.t)) + 1e-8)


@case(vec(4), 0.05)
def adam_optimiser_object(w, rate):
    optimiser = Adam(rate, 4)
    for k in range(5):
        optimiser.step(w, 2 * (w - np.array([1.0, 2.0, -1.0, 0.5])) + 0.1 * k)
    return w @ w


@case(pos(3))
def implicit_euler_with_newton(y):
    k = np.array([0.04, 3.0, 1.0])
    for _ in range(3):
        new = y.copy()
        for _ in range(6):
            f = np.array([-k[0] * new[0] + k[1] * new[1] * new[2],
                          k[0] * new[0] - k[1] * new[1] * new[2] - k[2] * new[1] ** 2, k[2] * new[1] ** 2])
            jac = np.array([[-k[0], k[1] * new[2], k[1] * new[1]],
                            [k[0], -k[1] * new[2] - 2 * k[2] * new[1], -k[1] * new[1]], [0.0, 2 * k[2] * new[1], 0.0]])
            new -= np.linalg.solve(np.eye(3) - 0.1 * jac, new - y - 0.1 * f)
        y = new
    return y


@case(vec(3), mat(4, 3))
def logistic_regression_by_newton(w, x):
    labels = np.array([0.0, 1.0, 1.0, 0.0])
    for _ in range(3):
        p = sigmoid(x @ w)
        hessian = x.T @ (x * (p * (1 - p))[:, None]) + 0.5 * np.eye(3)
        w = w - np.linalg.solve(hessian, x.T @ (p - labels) + 0.5 * w)
    return w


@case(vec(5), mat(5, 5))
def gaussian_process_likelihood(y, x):
    d = x[:, None, 0] - x[None, :, 0]
    k = np.exp(-0.5 * d**2 / 0.3**2) + 0.1 * np.eye(5)
    lower = np.linalg.cholesky(k)
    z = np.linalg.solve(lower, y)
    return -0.5 * z @ z - np.log(np.diag(lower)).sum()


@case(mat(5, 4))
def singular_values_and_projection(a):
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    return s[0] * s[1] + ((u[:, :2] * s[:2]) @ vt[:2]).sum()


@case(0.5, 1.2)
def rotation_chain_with_lists(theta, phi):
    def rotation(axis, angle):
        m = [[1.0 if i == j else 0.0 for j in range(3)] for i in range(3)]
        i, j = [k for k in range(3) if k != axis]
        m[i][i] = m[j][j] = math.cos(angle)
        m[i][j], m[j][i] = -math.sin(angle), math.sin(angle)
        return m

    def multiply(a, b):
        return [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]

    m = multiply(multiply(rotation(0, theta), rotation(1, phi)), rotation(2, theta * phi))
    return sum(m[i][j] * (i + 2 * j) for i in range(3) for j in range(3))
