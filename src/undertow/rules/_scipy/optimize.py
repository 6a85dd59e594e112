"""Rules of ``scipy.optimize``: solutions by the implicit function theorem.

Each program runs the solver one level down and differentiates the condition that its solution satisfies; see
`_implicit`.  Fields of a result that have a meaning at the solution (``fun``, ``jac``, …) carry the derivative of that
meaning; others that are real numbers (approximate inverse Hessians, trust radii) are refused if they are used.
"""

from __future__ import annotations

import numpy as np
import scipy.optimize as so

from .._callables import active, attach, below, calculus, constant, option, refused, through_source, unknown
from .._registry import substitute, zero_derivative
from ._implicit import converged, implicit, kkt, measure, optimum

CITE = "implicit function theorem at the solution"


def by_iteration():
    """Whether the user asks for derivatives of the iterations."""
    return not option.implicit.get()


def as_tuple(args):
    """Extra arguments as SciPy takes them."""
    return args if isinstance(args, tuple) else (args,)


def close_off(result, known, anchor):
    """Refuse the use of real numbers in a result whose derivative is not known."""
    for name, value in list(result.items()):
        if name not in known and isinstance(value, (float, np.ndarray)) and np.asarray(value).dtype.kind in "fc":
            result[name] = unknown(value, anchor, f"`{name}` of the result depends on how the solver came to it")
    return result


zero_derivative(by_iteration)

# ---- roots of one function of one number --------------------------------------------------------------------------


def with_root(result, condition, what, full_output, elementwise=False):
    """What a solver returned, its root with a derivative."""
    x = result[0] if full_output else result
    x = implicit(condition, x, what, elementwise)
    return (x, *result[1:]) if full_output else x


def with_field(result, condition, what):
    """The same for a result object whose field is `root`."""
    result["root"] = implicit(condition, result["root"], what)
    return result


def bracketing(native):
    """The rule of a bracketing solver."""

    def program(f, a, b, args=(), *rest, **kwargs):
        if by_iteration():
            return through_source(native, f, a, b, args, *rest, **kwargs)
        result = below(native, f, a, b, args, *rest, **kwargs)
        full = kwargs["full_output"] if "full_output" in kwargs else len(rest) > place and rest[place]
        extra = as_tuple(args)
        if full:
            result[1]["root"] = implicit(lambda x: f(x, *extra), result[0], what)
            return result[1]["root"], result[1]
        return implicit(lambda x: f(x, *extra), result, what)

    what, place = native.__name__, 4 if native is so.toms748 else 3
    return program


for solver in (so.brentq, so.brenth, so.bisect, so.ridder, so.toms748):
    substitute(solver, cite=CITE)(bracketing(solver))


@substitute(so.newton, cite=CITE)
def newton(func, x0, fprime=None, args=(), tol=1.48e-8, maxiter=50, fprime2=None, x1=None, rtol=0.0, full_output=False,
           disp=True):
    """Roots by Newton, secant or Halley steps; each element of an array by itself."""
    if by_iteration():
        return through_source(so.newton, func, x0, fprime, args, tol, maxiter, fprime2, x1, rtol, full_output, disp)
    result = below(so.newton, func, x0, fprime, args, tol, maxiter, fprime2, x1, rtol, full_output, disp)
    if full_output and not isinstance(result[0], np.ndarray):
        root = implicit(lambda x: func(x, *args), result[0], "newton")
        result[1]["root"] = root
        return root, result[1]
    return with_root(result, lambda x: func(x, *args), "newton", full_output, isinstance(x0, np.ndarray) or np.size(x0) > 1)


@substitute(so.root_scalar, cite=CITE)
def root_scalar(f, args=(), method=None, bracket=None, fprime=None, fprime2=None, x0=None, x1=None, xtol=None, rtol=None,
                maxiter=None, options=None):
    """Any of the scalar solvers."""
    given = {"method": method, "bracket": bracket, "fprime": fprime, "fprime2": fprime2, "x0": x0, "x1": x1, "xtol": xtol,
             "rtol": rtol, "maxiter": maxiter, "options": options}
    if by_iteration():
        return through_source(so.root_scalar, f, args, **given)
    result = below(so.root_scalar, f, args, **given)
    extra = as_tuple(args)
    together = (fprime is not None and not callable(fprime) and fprime) or (
        fprime2 is not None and not callable(fprime2) and fprime2)
    if together:
        return with_field(result, lambda x: f(x, *extra)[0], "root_scalar")
    return with_field(result, lambda x: f(x, *extra), "root_scalar")


@substitute(so.fixed_point, cite=CITE)
def fixed_point(func, x0, args=(), xtol=1e-8, maxiter=500, method="del2"):
    """``func(x) == x``; the elements may depend on each other."""
    if by_iteration():
        return through_source(so.fixed_point, func, x0, args, xtol, maxiter, method)
    x = below(so.fixed_point, func, x0, args, xtol, maxiter, method)
    if np.ndim(x) == 0:
        x = float(x) if not isinstance(x, np.ndarray) else x
    if not isinstance(x, np.ndarray):
        return implicit(lambda x: func(x, *args) - x, x, "fixed_point")
    shape = x.shape
    flat = implicit(lambda z: np.ravel(np.asarray(func(z.reshape(shape), *args))) - z, np.ravel(x), "fixed_point")
    return flat.reshape(shape)


# ---- systems of equations -------------------------------------------------------------------------------------------


def system(fun, args, shape, pair=False):
    """The equations as a function of a flat vector."""

    def condition(z):
        values = fun(z.reshape(shape), *args)
        return np.ravel(np.asarray(values[0] if pair else values))

    return condition


def solution(condition, x, what):
    """The solution of a system, or of a least squares problem where there are more equations than unknowns."""
    flat = np.ravel(x)
    r = constant(condition(flat))
    if r.size == flat.size:
        return implicit(condition, flat, what).reshape(x.shape)
    return optimum(lambda z: 0.5 * np.sum(condition(z) ** 2), flat, what)[0].reshape(x.shape)


@substitute(so.fsolve, cite=CITE)
def fsolve(func, x0, args=(), fprime=None, full_output=0, *rest, **kwargs):
    """Powell's hybrid method of MINPACK."""
    if by_iteration():
        raise refused("its iterations are compiled code; use newton, or the implicit derivative", "fsolve")
    extra = as_tuple(args)
    result = below(so.fsolve, func, x0, args, fprime, full_output, *rest, **kwargs)
    x = result[0] if full_output else result
    condition = system(func, extra, x.shape)
    x = solution(condition, x, "fsolve")
    if not full_output:
        return x
    return x, close_off(result[1], ("fvec",), np.sum(x)), *result[2:]


@substitute(so.root, cite=CITE)
def root(fun, x0, args=(), method="hybr", jac=None, tol=None, callback=None, options=None):
    """Any of the solvers of systems."""
    if by_iteration():
        return through_source(so.root, fun, x0, args, method, jac, tol, callback, options)
    result = below(so.root, fun, x0, args, method, jac, tol, callback, options)
    x = result["x"]
    condition = system(fun, as_tuple(args), x.shape, jac is not None and not callable(jac) and bool(jac))
    result["x"] = solution(condition, x, f"root (method {method!r})")
    if not active(result["x"]):
        return result
    return close_off(result, ("x", "fun"), np.sum(result["x"]))


# ---- minima ---------------------------------------------------------------------------------------------------------


def scalar_of(value):
    """The value of an objective as a number."""
    return np.sum(value) if isinstance(value, np.ndarray) else value


def objective_of(fun, args, jac=None):
    """The objective as a function of `x` alone."""
    pair = jac is not None and not callable(jac) and not isinstance(jac, str) and bool(jac)

    def objective(x):
        value = fun(x, *args)
        return scalar_of(value[0] if pair else value)

    return objective


def limits(bounds, n):
    """Arrays of lower and upper bounds, infinite where there are none."""
    if bounds is None:
        return None
    if isinstance(bounds, so.Bounds):
        low, high = bounds.lb, bounds.ub
    else:
        pairs = list(bounds)
        low = np.stack([np.asarray(-np.inf if p[0] is None else p[0]) for p in pairs])
        high = np.stack([np.asarray(np.inf if p[1] is None else p[1]) for p in pairs])
    return np.broadcast_to(np.asarray(low), (n,)), np.broadcast_to(np.asarray(high), (n,))


def split(constraints):
    """Functions that must vanish, and functions that must not be negative."""
    zero, positive = [], []
    for c in constraints if isinstance(constraints, (list, tuple)) else [constraints]:
        if isinstance(c, dict):
            one = dictionary_constraint(c)
            (zero if c["type"].lower() == "eq" else positive).append(one)
        elif isinstance(c, so.Bounds):
            interval(lambda x: x, c.lb, c.ub, zero, positive)
        else:
            inside = linear_function(c.A) if isinstance(c, so.LinearConstraint) else c.fun
            interval(inside, c.lb, c.ub, zero, positive)
    return zero, positive


def dictionary_constraint(c):
    """The function of a constraint in the form of SLSQP and COBYLA."""
    extra = as_tuple(c.get("args", ()))
    return lambda x: np.atleast_1d(np.asarray(c["fun"](x, *extra)))


def linear_function(matrix):
    """Multiplication by a matrix."""
    return lambda x: np.asarray(matrix) @ x


def interval(inside, low, high, zero, positive):
    """Add ``low <= inside(x) <= high`` to the lists."""
    low, high = np.atleast_1d(np.asarray(low)), np.atleast_1d(np.asarray(high))
    low, high = np.broadcast_arrays(low, high)
    same, below_, above = kinds(low, high)
    if same.any():
        zero.append(lambda x: np.broadcast_to(np.atleast_1d(np.asarray(inside(x))), low.shape)[same] - low[same]
                    if low.size > 1 else np.atleast_1d(np.asarray(inside(x))) - low)
    if below_.any():
        positive.append(lambda x: bounded(inside(x), low, below_))
    if above.any():
        positive.append(lambda x: -bounded(inside(x), high, above))


def bounded(value, limit, where):
    """``value - limit`` at the places of finite limits."""
    value = np.atleast_1d(np.asarray(value))
    return value - limit if limit.size == 1 else value[where] - limit[where]


def kinds(low, high):
    """Where an interval is a point, has a lower end, has an upper end."""
    same = low == high
    return same, np.isfinite(low) & ~same, np.isfinite(high) & ~same


zero_derivative(kinds)


def joined(functions):
    """The values of several constraints in one vector; None if there are none."""
    return (lambda x: np.concatenate([np.ravel(g(x)) for g in functions])) if functions else None


def minimiser(objective, x, bounds, constraints, what):
    """A minimum, with or without bounds and constraints, and the point where its conditions hold to rounding."""
    zero, positive = split(constraints)
    ends = limits(bounds, x.size)
    if ends is not None:
        interval(lambda x: x, *ends, zero, positive)
    if not zero and not positive:
        return optimum(objective, x, what)
    return kkt(objective, x, joined(zero), joined(positive), what)[:2]


@substitute(so.minimize, cite=CITE + "; Karush, Kuhn and Tucker where constraints hold")
def minimize(fun, x0, args=(), method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(), tol=None,
             callback=None, options=None):
    """Any of the methods."""
    if by_iteration():
        return through_source(so.minimize, fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, callback,
                              options)
    result = below(so.minimize, fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, callback, options)
    objective = objective_of(fun, as_tuple(args), jac)
    what = f"minimize (method {method!r})" if method else "minimize"
    return at_minimum(result, objective, bounds, constraints, what)


def at_minimum(result, objective, bounds, constraints, what):
    """The result of a minimisation with derivatives."""
    x, point = minimiser(objective, result["x"], bounds, constraints, what)
    value = objective(point)
    if not active(value) and not active(x):
        return result
    result["x"] = x
    result["fun"] = attach(result["fun"], value)
    known = {"x", "fun", "execution_time"}
    gradient = result.get("jac")
    if isinstance(gradient, np.ndarray) and gradient.shape == x.shape:
        result["jac"] = attach(gradient, calculus.grad(objective)(point))
        known.add("jac")
    inverse = result.get("hess_inv")
    if inverse is not None and hasattr(inverse, "sk"):
        inverse.sk = unknown(inverse.sk, value, "an approximate Hessian depends on how the solver came to it")
    return close_off(result, known, value)


@substitute(so.minimize_scalar, cite=CITE)
def minimize_scalar(fun, bracket=None, bounds=None, args=(), method=None, tol=None, options=None):
    """Brent's method, golden sections, or between bounds."""
    if by_iteration():
        return through_source(so.minimize_scalar, fun, bracket, bounds, args, method, tol, options)
    result = below(so.minimize_scalar, fun, bracket, bounds, args, method, tol, options)
    extra = as_tuple(args)
    x, point = one_minimum(lambda x: scalar_of(fun(x, *extra)), result["x"], bounds, "minimize_scalar")
    value = scalar_of(fun(point, *extra))
    if active(x) or active(value):
        result["x"], result["fun"] = x, attach(result["fun"], value)
    return result


def one_minimum(objective, x, bounds, what):
    """The minimum of a function of one number, inside or at the end of an interval."""
    if bounds is not None:
        slope = constant(calculus.grad(objective)(x))
        end = at_end(x, constant(bounds[0]), constant(bounds[1]), slope)
        if end is not None:
            return attach(x, bounds[end]), attach(x, bounds[end])
    return converged(lambda x: calculus.grad(objective)(x), x, what)


def at_end(x, low, high, slope):
    """Which end of an interval a minimum lies at; the method stops a little inside."""
    near = 1e-4 * (high - low)
    if x - low <= near and slope > 10 * (x - low):
        return 0
    if high - x <= near and -slope > 10 * (high - x):
        return 1
    return None


zero_derivative(at_end)

# ---- the older interfaces -------------------------------------------------------------------------------------------


def older(native, jacobian_place):
    """The rule of ``fmin_…``: the minimum is the result, or the first of several."""

    def program(func, x0, *rest, **kwargs):
        if by_iteration():
            return through_source(native, func, x0, *rest, **kwargs)
        result = below(native, func, x0, *rest, **kwargs)
        named = {**dict(zip(names[2:], rest, strict=False)), **kwargs}
        pair = jacobian_place is not None and named.get(jacobian_place) is None and not named.get("approx_grad", 1)
        objective = objective_of(func, as_tuple(named.get("args", ())), pair)
        several = isinstance(result, tuple)
        x = result[0] if several else result
        shape = x.shape
        bounds = named.get("bounds") or None
        x, point = minimiser(objective, np.atleast_1d(x), bounds, older_constraints(named), native.__name__)
        x = x.reshape(shape)
        if not several:
            return x
        anchor = objective(point)
        return x, *[value if not isinstance(value, (float, np.ndarray)) or np.asarray(value).dtype.kind != "f" else
                    unknown(value, anchor, "take the minimum, and evaluate the function there") for value in result[1:]]

    import inspect

    names = list(inspect.signature(native).parameters)
    return program


def older_constraints(named):
    """Constraints of `fmin_slsqp` and `fmin_cobyla`."""
    extra = as_tuple(named.get("args", ()))
    found = [{"type": "eq", "fun": g, "args": extra} for g in named.get("eqcons", ())]
    found += [{"type": "ineq", "fun": g, "args": extra} for g in named.get("ieqcons", ())]
    if named.get("f_eqcons") is not None:
        found.append({"type": "eq", "fun": named["f_eqcons"], "args": extra})
    if named.get("f_ieqcons") is not None:
        found.append({"type": "ineq", "fun": named["f_ieqcons"], "args": extra})
    cons = named.get("cons", ())
    inner = named.get("consargs")
    for g in cons if isinstance(cons, (list, tuple)) else (cons,):
        found.append({"type": "ineq", "fun": g, "args": extra if inner is None else as_tuple(inner)})
    return found


for solver, place in ((so.fmin, None), (so.fmin_powell, None), (so.fmin_cg, None), (so.fmin_bfgs, None),
                      (so.fmin_ncg, None), (so.fmin_l_bfgs_b, "fprime"), (so.fmin_tnc, "fprime"),
                      (so.fmin_slsqp, None), (so.fmin_cobyla, None)):
    substitute(solver, cite=CITE)(older(solver, place))


def older_scalar(native, bracket):
    """The rule of `brent`, `golden` and `fminbound`."""

    def program(func, *rest, **kwargs):
        if by_iteration():
            return through_source(native, func, *rest, **kwargs)
        result = below(native, func, *rest, **kwargs)
        named = {**dict(zip(names[1:], rest, strict=False)), **kwargs}
        extra = as_tuple(named.get("args", ()))
        several = isinstance(result, tuple)
        bounds = None if bracket else (named["x1"], named["x2"])
        x, point = one_minimum(lambda x: scalar_of(func(x, *extra)), result[0] if several else result, bounds,
                               native.__name__)
        return (x, attach(result[1], scalar_of(func(point, *extra))), *result[2:]) if several else x

    import inspect

    names = list(inspect.signature(native).parameters)
    return program


for solver, bracket in ((so.brent, True), (so.golden, True), (so.fminbound, False)):
    substitute(solver, cite=CITE)(older_scalar(solver, bracket))


def searching(native):
    """The rule of a global search whose result is a local minimum."""

    def program(func, *rest, **kwargs):
        if by_iteration():
            return through_source(native, func, *rest, **kwargs)
        result = below(native, func, *rest, **kwargs)
        named = {**dict(zip(names[1:], rest, strict=False)), **kwargs}
        objective = objective_of(func, as_tuple(named.get("args", ())))
        return at_minimum(result, objective, named.get("bounds"), named.get("constraints", ()), native.__name__)

    import inspect

    names = list(inspect.signature(native).parameters)
    return program


for solver in (so.differential_evolution, so.dual_annealing, so.shgo, so.direct, so.basinhopping):
    substitute(solver, cite=CITE)(searching(solver))

# ---- least squares --------------------------------------------------------------------------------------------------

RHO = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.where(z <= 1, 1.0, z)) - 1),
    "cauchy": lambda z: np.log1p(z),
    "arctan": lambda z: np.arctan(z),
}


@substitute(so.least_squares, cite=CITE)
def least_squares(fun, x0, jac="2-point", bounds=(-np.inf, np.inf), method="trf", ftol=1e-8, xtol=1e-8, gtol=1e-8,
                  x_scale=None, loss="linear", f_scale=1.0, diff_step=None, tr_solver=None, tr_options=None,
                  jac_sparsity=None, max_nfev=None, verbose=0, args=(), kwargs=None, callback=None, workers=None):
    """Trust regions, dogleg and Levenberg-Marquardt; the exact Hessian, not that of Gauss and Newton."""
    given = {"jac": jac, "bounds": bounds, "method": method, "ftol": ftol, "xtol": xtol, "gtol": gtol, "loss": loss,
             "f_scale": f_scale, "diff_step": diff_step, "tr_solver": tr_solver, "tr_options": tr_options or {},
             "jac_sparsity": jac_sparsity, "max_nfev": max_nfev, "verbose": verbose, "args": args, "kwargs": kwargs or {},
             "callback": callback, "workers": workers, "x_scale": x_scale}
    given = {k: v for k, v in given.items() if k in ACCEPTED}
    if by_iteration():
        return through_source(so.least_squares, fun, x0, **given)
    result = below(so.least_squares, fun, x0, **given)
    named = kwargs or {}

    def residuals(x):
        return np.atleast_1d(np.asarray(fun(x, *args, **named)))

    def cost(x):
        f = residuals(x)
        if callable(loss):
            return 0.5 * f_scale**2 * np.sum(loss((f / f_scale) ** 2)[0])
        return 0.5 * np.sum(f * f) if loss == "linear" else 0.5 * f_scale**2 * np.sum(RHO[loss]((f / f_scale) ** 2))

    n = result["x"].size
    low, high = (bounds.lb, bounds.ub) if isinstance(bounds, so.Bounds) else bounds
    ends = so.Bounds(np.broadcast_to(np.asarray(low), (n,)), np.broadcast_to(np.asarray(high), (n,)))
    x, point = minimiser(cost, result["x"], ends, (), "least_squares")
    f = residuals(point)
    if not active(f) and not active(x):
        return result
    result["x"], result["fun"] = x, attach(result["fun"], f)
    result["cost"] = attach(result["cost"], cost(point))
    known = ["x", "fun", "cost"]
    if loss == "linear" and isinstance(result["jac"], np.ndarray):
        result["jac"] = attach(result["jac"], calculus.jacobian(residuals)(point))
        result["grad"] = attach(result["grad"], result["jac"].T @ f)
        known += ["jac", "grad"]
    return close_off(result, known, np.sum(f))


import inspect  # noqa: E402

ACCEPTED = frozenset(inspect.signature(so.least_squares).parameters)


@substitute(so.leastsq, cite=CITE)
def leastsq(func, x0, args=(), Dfun=None, full_output=False, *rest, **kwargs):
    """Levenberg-Marquardt of MINPACK; the exact Hessian."""
    if by_iteration():
        raise refused("its iterations are compiled code; use the implicit derivative", "leastsq")
    extra = as_tuple(args)
    result = below(so.leastsq, func, x0, args, Dfun, full_output, *rest, **kwargs)
    x = result[0]
    condition = system(func, extra, x.shape)
    x, point = optimum(lambda z: 0.5 * np.sum(condition(z) ** 2), x, "leastsq")
    if not full_output:
        return x, result[1]
    cov, info = result[1], result[2]
    f = condition(point)
    if not active(f) and not active(x):
        return x, cov, info, *result[3:]
    info["fvec"] = attach(info["fvec"], f)
    close_off(info, ("fvec",), np.sum(f))
    if cov is not None:
        jacobian = calculus.jacobian(condition)(point)
        cov = attach(cov, np.linalg.inv(jacobian.T @ jacobian))
    return x, cov, info, *result[3:]


@substitute(so.nnls, cite=CITE)
def nnls(A, b, *rest, **kwargs):
    """Least squares with coefficients that are not negative: those that vanish stay so nearby."""
    result = below(so.nnls, A, b, *rest, **kwargs)
    A, b = np.asarray(A), np.asarray(b)
    low, high = np.zeros(A.shape[1]), np.full(A.shape[1], np.inf)
    x = bounded_least_squares(A, b, low, high, result[0], "nnls")
    return x, attach(result[1], np.linalg.norm(A @ x - b))


@substitute(so.lsq_linear, cite=CITE)
def lsq_linear(A, b, bounds=(-np.inf, np.inf), *rest, **kwargs):
    """Linear least squares with bounds: what lies at a bound stays there nearby."""
    result = below(so.lsq_linear, A, b, bounds, *rest, **kwargs)
    A, b = np.asarray(A), np.asarray(b)
    low, high = (bounds.lb, bounds.ub) if isinstance(bounds, so.Bounds) else bounds
    low, high = (np.broadcast_to(np.asarray(v), (A.shape[1],)) for v in (low, high))
    x = bounded_least_squares(A, b, low, high, result["x"], "lsq_linear")
    f = A @ x - b
    if not active(f) and not active(x):
        return result
    result["x"], result["fun"] = x, attach(result["fun"], f)
    result["cost"] = attach(result["cost"], 0.5 * np.sum(f * f))
    return close_off(result, ("x", "fun", "cost"), np.sum(f))


def bounded_least_squares(A, b, low, high, x, what):
    """The minimum of ``|A x - b|``, `x` known, as a function of all data."""
    free, at_low, at_high = faces(constant(A), constant(b), constant(low), constant(high), x)
    if free is None:
        raise refused("a bound is reached without being needed: the solution has a kink there", what)
    fixed = np.zeros(x.shape)
    fixed[at_low], fixed[at_high] = low[at_low], high[at_high]
    inner = A[:, free]
    fixed[free] = np.linalg.solve(inner.T @ inner, inner.T @ (b - A @ fixed))
    if far(fixed, x):
        raise refused("the least squares problem does not determine its solution", what)
    return attach(x, fixed)


def faces(A, b, low, high, x):
    """Which coefficients are free, at the lower bound, at the upper bound; None where that is not clear."""
    gradient = A.T @ (A @ x - b)
    scale = 1e-8 * (1 + np.abs(x))
    weight = 1e-9 * (1e-300 + np.linalg.norm(A, axis=0) * np.linalg.norm(b))
    at_low, at_high = x - low <= scale, high - x <= scale
    if np.any((at_low | at_high) & (np.abs(gradient) <= weight) & (low != high)):
        return None, at_low, at_high
    return ~(at_low | at_high), at_low, at_high & ~at_low


def far(x, y):
    """Whether two solutions differ by more than rounding and tolerance explain."""
    return not measure(np.asarray(x) - y, 1 + np.abs(y)) < 1e-4


zero_derivative(faces, far)

# ---- linear programming ---------------------------------------------------------------------------------------------


@substitute(so.linprog, cite="Karush, Kuhn and Tucker at the vertex")
def linprog(c, A_ub=None, b_ub=None, A_eq=None, b_eq=None, bounds=(0, None), *rest, **kwargs):
    """The vertex moves with the constraints that meet in it; refused where more or fewer meet."""
    result = below(so.linprog, c, A_ub, b_ub, A_eq, b_eq, bounds, *rest, **kwargs)
    if result["x"] is None:
        return result
    c, x = np.asarray(c), result["x"]
    pairs = bounds if pairs_given(bounds) else [bounds] * x.size
    low, high = limits(pairs, x.size)
    zero, positive = [], []
    if A_eq is not None:
        zero.append(lambda x: np.asarray(A_eq) @ x - np.asarray(b_eq))
    if A_ub is not None:
        positive.append(lambda x: np.asarray(b_ub) - np.asarray(A_ub) @ x)
    interval(lambda x: x, low, high, zero, positive)
    x, _, _ = kkt(lambda x: c @ x, x, joined(zero), joined(positive), "linprog")
    value = c @ x
    if not active(value) and not active(x):
        return result
    result["x"], result["fun"] = x, attach(result["fun"], value)
    if A_ub is not None:
        result["slack"] = attach(result["slack"], np.asarray(b_ub) - np.asarray(A_ub) @ x)
    if A_eq is not None:
        result["con"] = attach(result["con"], np.asarray(b_eq) - np.asarray(A_eq) @ x)
    for name in ("ineqlin", "eqlin", "lower", "upper"):
        if name in result:
            close_off(result[name], (), value)
    return result


def pairs_given(bounds):
    """Whether there is one pair of bounds a variable, not one for all."""
    return bounds is not None and len(bounds) > 0 and isinstance(bounds[0], (list, tuple, np.ndarray))


zero_derivative(so.linear_sum_assignment)
