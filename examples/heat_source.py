"""Find where heat was put into a rod from the temperature it has in the end.

The solver overwrites one buffer; nothing in it is written for differentiation.
"""

import numpy as np
from scipy.optimize import minimize

import undertow as ut


def simulate(source, steps=150, r=0.4):
    """Temperature after `steps` steps; `source` heats in the first half of them."""
    u = np.zeros_like(source)
    for k in range(steps):
        u[1:-1] += r * (u[2:] - 2 * u[1:-1] + u[:-2])
        if k < steps // 2:
            u += 0.05 * source
        u[0] = u[-1] = 0.0
    return u


n = 60
x = np.linspace(0.0, 1.0, n)
true = np.exp(-300 * (x - 0.35) ** 2) + 0.6 * np.exp(-300 * (x - 0.7) ** 2)
measured = simulate(true)


def misfit(source):
    """Squared error of the final temperature, and a little smoothing."""
    return 0.5 * np.sum((simulate(source) - measured) ** 2) + 1e-5 * np.sum(np.diff(source) ** 2)


fit = minimize(ut.value_and_grad(misfit), np.zeros(n), jac=True, method="L-BFGS-B", options={"maxiter": 200})
print(f"misfit {misfit(np.zeros(n)):.3f} -> {fit.fun:.2e} in {fit.nfev} evaluations")
print(f"hottest point: {x[np.argmax(fit.x)]:.2f}, true {x[np.argmax(true)]:.2f}")
assert fit.fun < 1e-2
