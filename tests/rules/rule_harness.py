"""Check a rule at its samples against an independent oracle, without any engine: the registry alone is used.

For each sample and each variant of it (as given, strided and read-only, float32, complex) and each argument that
carries a derivative:

* the pullback and the pushforward agree with a directional derivative by Ridders' extrapolation, which comes with an
  error estimate of its own;
* ``Re <y_bar, J x_dot> = Re <J^T y_bar, x_dot>``;
* cotangents have the shape of their primal, and no argument is written to.
"""

from __future__ import annotations

import builtins
import inspect
import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from undertow.rules import Like, Rule, Sample, unbroadcast
from undertow.rules._registry import Refused, names_read
from undertow.rules.samples import Domain

__all__ = ["Case", "WrongRule", "cases", "check_rule", "jvp", "of_numpy", "slots", "vjp"]


class WrongRule(AssertionError):
    """A rule and the oracle disagree."""


@dataclass
class Case:
    """Arguments at which a rule is checked."""

    label: str
    args: tuple
    kwargs: dict
    tolerance: float = 1e-6


def of_numpy(rule: Rule) -> bool:
    """Whether a rule is one of NumPy, of the standard library, or a helper of theirs."""
    first, dot, _ = rule.name.partition(".")
    if not dot:
        return hasattr(builtins, first)
    return first in ("numpy", "math", "cmath", "_operator") or rule.name.startswith(
        ("undertow.rules._numpy", "undertow.rules._python"))


# ---- samples -> cases -----------------------------------------------------------------------------------------


def is_number(x: Any) -> bool:
    """Whether `x` can carry a derivative."""
    return isinstance(x, (float, complex)) or (isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "fc")


def _map(x: Any, change: Any) -> Any:
    if isinstance(x, list | tuple) and not hasattr(x, "_fields"):
        return type(x)(_map(v, change) for v in x)
    return change(x) if is_number(x) else x


def strided(x: Any) -> Any:
    """A read-only view of every second element, running backwards along the last axis."""
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        return x
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)[..., ::-2]
    wide[...] = x
    wide.flags.writeable = False
    return wide


def complexified(x: Any) -> Any:
    """`x` moved off the real axis."""
    if np.iscomplexobj(x):
        return x
    if isinstance(x, np.ndarray):
        return np.asarray(x + 0.3j * np.cos(np.arange(x.size)).reshape(x.shape))
    return complex(x, 0.21)


def _scalar_only(rule: Rule) -> bool:
    return getattr(rule.function, "__module__", "") in ("math", "cmath")


def _domain_samples(rule: Rule, domains: tuple) -> list[Sample]:
    rng = np.random.default_rng(len(rule.name))

    def draw(*shapes: tuple) -> Sample:
        return Sample(tuple(d.draw(rng, s) for d, s in zip(domains, itertools.cycle(shapes), strict=False)))

    def scalars() -> Sample:
        return Sample(tuple(d.draw(rng).item() for d in domains))

    if _scalar_only(rule):
        return [scalars() for _ in range(4)]
    return [scalars(), draw((2, 3)), draw((2, 3), (3,)), draw((2, 1), (3,)), draw((0,), (1,)), draw((1,), ())]


def samples_of(rule: Rule) -> list[Sample]:
    """The samples of a rule, domains replaced by arguments drawn from them."""
    found = rule.samples() if callable(rule.samples) else rule.samples
    if found is None:
        raise WrongRule(f"{rule.name} has no samples")
    if isinstance(found, Domain):
        return _domain_samples(rule, (found,) * max(1, len(rule.partials or ())))
    if isinstance(found, tuple) and found and isinstance(found[0], Domain):
        return _domain_samples(rule, found)
    return [s if isinstance(s, Sample) else Sample(*s) for s in found]


def accepts(rule: Rule, case: Case) -> bool:
    """Whether the primitive takes the arguments and gives finite inexact numbers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            y = run(rule.function, case.args, case.kwargs)
    except (TypeError, ValueError, NotImplementedError, np.linalg.LinAlgError, np.exceptions.ComplexWarning):
        return False
    return any(is_number(v) for v in results(y)) and all(np.all(np.isfinite(v)) for v in results(y) if is_number(v))


def cases(rule: Rule) -> Iterator[Case]:
    """Every sample in every variant the primitive accepts."""
    for n, (args, kwargs) in enumerate(samples_of(rule)):
        yield Case(f"sample {n}", args, kwargs)
        if _scalar_only(rule):
            continue
        yield Case(f"sample {n}, strided and read-only", _map(args, strided), kwargs)
        single = Case(f"sample {n}, float32", _map(args, lambda x: np.asarray(x).astype(
            np.complex64 if np.iscomplexobj(x) else np.float32)), kwargs, 2e-2)
        if accepts(rule, single):
            yield single
        moved = Case(f"sample {n}, complex", _map(args, complexified), kwargs)
        if rule.holomorphic and not any(np.iscomplexobj(x) for x in leaves(args)) and accepts(rule, moved):
            yield moved


# ---- arguments as vectors ---------------------------------------------------------------------------------------


def leaves(x: Any) -> list:
    """The numbers and arrays in nested sequences."""
    if isinstance(x, list | tuple):
        return [leaf for v in x for leaf in leaves(v)]
    return [x]


def results(y: Any) -> list:
    """The results of a primitive as a list."""
    return leaves(list(y)) if isinstance(y, tuple | list) else [y]


def run(f: Any, args: tuple, kwargs: dict) -> Any:
    """The primitive at copies of its arguments."""
    return f(*args, **kwargs)


def positions(rule: Rule, args: tuple, kwargs: dict) -> list:
    """For each of the rule's `argnums` the place of the argument: an index, a keyword, or None if it is not given."""
    if isinstance(rule.argnums, slice):
        return list(range(*rule.argnums.indices(len(args))))
    names = list(rule.signature.parameters) if rule.signature is not None else []
    found: list = []
    for i in rule.argnums:
        if i < len(args):
            found.append(i)
        else:
            found.append(names[i] if i < len(names) and names[i] in kwargs else None)
    return found


def slots(rule: Rule, case: Case) -> list:
    """The arguments of a case that carry numbers: ``(place among argnums, index or keyword)``."""
    found = []
    for k, where in enumerate(positions(rule, case.args, case.kwargs)):
        if where is None or (rule.partials is not None and isinstance(rule.partials[where], Refused)):
            continue
        value = case.args[where] if isinstance(where, int) else case.kwargs[where]
        if any(is_number(leaf) and np.size(leaf) for leaf in leaves(value)):
            found.append((k, where))
    return found


def value_at(case: Case, where: Any) -> Any:
    """The argument at an index or keyword."""
    return case.args[where] if isinstance(where, int) else case.kwargs[where]


def replaced(case: Case, where: Any, value: Any) -> tuple[tuple, dict]:
    """The arguments with one of them replaced."""
    if isinstance(where, int):
        return (*case.args[:where], value, *case.args[where + 1:]), case.kwargs
    return case.args, {**case.kwargs, where: value}


def direction(x: Any, rng: np.random.Generator) -> Any:
    """A random tangent of `x` (nested as `x` is; None for what carries none)."""
    if isinstance(x, list | tuple):
        return [direction(v, rng) for v in x]
    if not is_number(x):
        return None
    t = rng.standard_normal(np.shape(x))
    if np.iscomplexobj(x):
        t = t + 1j * rng.standard_normal(np.shape(x))
    return np.asarray(t) if isinstance(x, np.ndarray) else t


def moved(x: Any, t: Any, h: float) -> Any:
    """``x + h t``, in double precision and with the container types and layout of `x`."""
    if isinstance(x, list | tuple):
        return type(x)(moved(a, b, h) for a, b in zip(x, t, strict=True))
    if t is None:
        return x
    if isinstance(x, np.ndarray):
        y = np.empty_like(x, dtype=np.result_type(x.dtype, np.float64))
        y[...] = x
        y += h * t
        return y
    return (complex(x) if isinstance(x, complex) else float(x)) + h * t


def inner(a: Any, b: Any) -> float:
    """``Re <a, b>`` of nested (co)tangents, None standing for zero."""
    if a is None or b is None:
        return 0.0
    if isinstance(a, list | tuple) or isinstance(b, list | tuple):
        return sum(inner(u, v) for u, v in zip(a, b, strict=True))
    return float(np.real(np.sum(np.conj(a) * b)))


# ---- the two modes ------------------------------------------------------------------------------------------------


def _project(x_bar: Any, x: Any) -> Any:
    return np.real(x_bar) if not np.iscomplexobj(x) and np.iscomplexobj(x_bar) else x_bar


def _times(p: Any, t: Any, y: Any) -> Any:
    return None if not is_number(y) else _project(p * t, y)


def vjp(rule: Rule, y: Any, y_bar: Any, args: tuple, kwargs: dict) -> list:
    """Cotangents for each of the rule's `argnums`, as an engine gets them."""
    places = positions(rule, args, kwargs)
    if rule.kind == "elementwise":
        bars = []
        for i in rule.argnums:
            if i >= len(args) or isinstance(rule.partials[i], Refused):
                bars.append(None)
                continue
            p = rule.partials[i](*_read_by(rule.partials[i], y, args))
            pairs = zip(p, y_bar, strict=True) if rule.nout > 1 else [(p, y_bar)]
            terms = [np.conj(q) * g for q, g in pairs if g is not None]
            total = sum(terms[1:], terms[0])
            bars.append(_project(unbroadcast(np.broadcast_to(total, np.shape(results(y)[0])), np.shape(args[i])),
                                 args[i]))
        return bars
    seen = _kept(rule, args)
    if rule.kind == "linear":
        found = rule.pull(y_bar, *seen, **kwargs)
        return [_like(found, args[rule.argnums[0]])]
    wants = {}
    if "active" in rule.wants:
        wants["active"] = tuple(w is not None for w in places)
    if rule.forward is not None and "residuals" in rule.wants:
        wants["residuals"] = rule.forward(*args, **kwargs)[1]
    y = y if rule.keep is None or "y" in rule.keep else None
    found = rule.pull(y, y_bar, *seen, **wants, **kwargs)
    single = not isinstance(rule.argnums, slice) and len(rule.argnums) == 1
    found = [found] if single else list(found)
    return [None if w is None else _like(g, args[w] if isinstance(w, int) else kwargs[w])
            for g, w in zip(found, places, strict=True)]


def _read_by(partial: Any, y: Any, args: tuple) -> list:
    """Result and arguments as an engine passes them to a partial: None for what its code does not name."""
    names = partial.__code__.co_varnames[: partial.__code__.co_argcount]
    if partial.__code__.co_flags & inspect.CO_VARARGS:
        return [y, *args]
    read = names_read(partial)
    return [v if n in read else None for n, v in zip(names, (y, *args), strict=False)]


def _kept(rule: Rule, args: tuple) -> list:
    """Arguments as an engine keeps them for a pullback: shapes alone where the values are not read."""
    names = list(rule.signature.parameters) if rule.signature is not None else []
    linear = positions(rule, args, {}) if rule.kind == "linear" else ()
    seen: list = []
    for i, x in enumerate(args):
        name = names[i] if i < len(names) else ""
        unread = rule.keep is not None and name and name not in rule.keep
        seen.append(_shapes(x) if i in linear or name in rule.like or unread else x)
    return seen


def _shapes(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return [_shapes(v) for v in x]
    return Like(x) if isinstance(x, np.ndarray) and x.dtype.kind in "fc" else x


def _like(x_bar: Any, x: Any) -> Any:
    if x_bar is None:
        return None
    if isinstance(x, list | tuple):
        if len(x_bar) != len(x):
            raise WrongRule(f"{len(x_bar)} cotangents for a sequence of {len(x)}")
        return [_like(g, v) for g, v in zip(x_bar, x, strict=True)]
    if is_number(x) and np.shape(x_bar) != np.shape(x):
        raise WrongRule(f"a cotangent of shape {np.shape(x_bar)} for an argument of shape {np.shape(x)}")
    return _project(x_bar, x)


def jvp(rule: Rule, y: Any, tangents: list, args: tuple, kwargs: dict) -> Any:
    """The tangent of the result, or NotImplemented where the rule has no pushforward of its own."""
    if rule.kind == "elementwise":
        total: list = [0.0] * rule.nout
        for i, t in zip(rule.argnums, tangents, strict=False):
            if t is not None:
                p = rule.partials[i](y, *args)
                total = [a + q * t for a, q in zip(total, p if rule.nout > 1 else [p], strict=True)]
        found = [_times(1.0, t, v) for t, v in zip(total, results(y), strict=True)]
        return found if rule.nout > 1 else found[0]
    if rule.kind == "linear" and rule.push is None:
        i = rule.argnums[0]
        return rule.function(*args[:i], tangents[0], *args[i + 1:], **kwargs)
    if rule.push is None:
        return NotImplemented
    return rule.push(y, tangents, *args, **kwargs)


# ---- the oracle -----------------------------------------------------------------------------------------------------


def ridders(f: Any, h: float = 0.02, levels: int = 7) -> tuple[np.ndarray, float]:
    """``df/dt`` at 0 by central differences extrapolated to step 0, with an error estimate (Ridders 1982)."""
    rows: list[list[np.ndarray]] = []
    best, error = None, np.inf
    for k in range(levels):
        step = h / 1.6**k
        row = [(f(step) - f(-step)) / (2 * step)]
        for j in range(1, k + 1):
            ratio = 1.6 ** (2 * j)
            row.append((ratio * row[j - 1] - rows[k - 1][j - 1]) / (ratio - 1))
            change = max(_size(row[j] - row[j - 1]), _size(row[j] - rows[k - 1][j - 1]))
            if change <= error:
                best, error = row[j], change
        rows.append(row)
    return best if best is not None else rows[0][0], error


def _size(x: Any) -> float:
    return float(np.max(np.abs(x))) if np.size(x) else 0.0


def check_rule(rule: Rule, case: Case, k: int, where: Any, seed: int = 0) -> None:
    """Compare a rule at one case and one argument with the oracle; raise `WrongRule` if they differ."""
    rng = np.random.default_rng(seed)
    kept = [np.copy(x) for x in leaves(list(case.args)) if isinstance(x, np.ndarray)]
    y = run(rule.function, case.args, case.kwargs)
    x = value_at(case, where)
    y_bar = [_seed(v, rng) for v in results(y)]
    y_bar = y_bar if isinstance(y, tuple | list) else y_bar[0]
    x_bar = vjp(rule, y, y_bar, case.args, case.kwargs)[k]
    for _ in range(3):
        x_dot = direction(x, rng)

        def along(t: float, x_dot: Any = x_dot) -> Any:
            args, kwargs = replaced(case, where, moved(x, x_dot, t))
            values = results(run(rule.function, args, kwargs))
            return [np.asarray(v) for v in values]

        n = len(results(y))
        for m in range(n):
            if not is_number(results(y)[m]):
                continue
            exact, error = ridders(lambda t, m=m: along(t)[m])
            _compare_push(rule, case, k, y, x_dot, m, exact, error)
        exact_all, errors = zip(*[ridders(lambda t, m=m: along(t)[m]) if is_number(results(y)[m]) else (0.0, 0.0)
                                  for m in range(n)], strict=True)
        expected = sum(inner(g, e) for g, e in zip(y_bar if n > 1 or isinstance(y_bar, list) else [y_bar], exact_all,
                                                   strict=True))
        scale = 1.0 + abs(expected) + sum(map(_size, exact_all))
        tolerance = case.tolerance * scale + 10 * sum(errors)
        if sum(errors) > 1e-3 * scale:
            raise WrongRule(f"{rule.name}, {case.label}: the oracle is unreliable here (error {sum(errors):.1e})")
        got = inner(x_bar, x_dot)
        if not abs(got - expected) <= tolerance:
            raise WrongRule(f"{rule.name}, {case.label}, argument {where}: the pullback gives {got!r} along a random "
                            f"direction, differences give {expected!r} (tolerance {tolerance:.1e})")
    after = [x for x in leaves(list(case.args)) if isinstance(x, np.ndarray)]
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(kept, after, strict=True)):
        raise WrongRule(f"{rule.name}, {case.label}: an argument was written to")


def _seed(y: Any, rng: np.random.Generator) -> Any:
    return direction(y, rng) if is_number(y) else None


def _compare_push(rule: Rule, case: Case, k: int, y: Any, x_dot: Any, m: int, exact: Any, error: float) -> None:
    n = len(positions(rule, case.args, case.kwargs))
    tangents = [x_dot if j == k else None for j in range(n)]
    y_dot = jvp(rule, y, tangents, case.args, case.kwargs)
    if y_dot is NotImplemented:
        return
    y_dot = results(y_dot)[m]
    y_dot = 0.0 if y_dot is None else y_dot
    tolerance = case.tolerance * (1.0 + _size(exact)) + 10 * error
    difference = _size(y_dot - exact)
    if not difference <= tolerance:
        raise WrongRule(f"{rule.name}, {case.label}: the pushforward is off by {difference:.1e} "
                        f"(tolerance {tolerance:.1e})")
