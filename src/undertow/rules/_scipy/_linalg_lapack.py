"""More wrappers of ``scipy.linalg.lapack``: the routine gives the values, a program gives their derivative.

Each program computes outputs of its routine from functions that have rules; their values must be those of the routine
(`verified`), else the derivative is refused, and so it is for every other number that the routine returns and the
result depends on.  Householder vectors are those of the unpivoted factorisation ``Q - I = V (-T V1^H)`` (Ballard et al.
2014, section 4), and products of reflectors are ``I - V T V^H`` (Schreiber and Van Loan 1989).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import scipy.linalg as sl
from scipy.linalg import lapack

from .._callables import active, below, bottom, constant, unknown, verified
from .._registry import lookup, pullback, pushforward, substitute, zero_derivative
from ._linalg_blas_stored import band_places, from_band, from_packed, mirrored, packed_places
from ._linalg_tools import herm, tri

FAILED = "the LAPACK routine failed, so its result is not what the rule of the derivative knows"
NO_RULE = "this output of the LAPACK wrapper has no rule"


def names_of(native: Any) -> tuple[list[str], list[str]]:
    """Names of the arguments and of the results of a wrapper, which its documentation begins with."""
    results, _, rest = native.__doc__.splitlines()[0].partition(" = ")
    return re.findall(r"\w+", rest.partition("(")[2]), results.split(",")


def numbers(x: Any) -> bool:
    """Whether `x` is a number or an array that may carry a derivative."""
    return isinstance(x, (float, complex, np.inexact)) or isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def run(native: Any, given: dict) -> tuple:
    """Call a wrapper without permission to overwrite; always a tuple."""
    found = native(**given)
    return found if isinstance(found, tuple) else (found,)


def register(name: str, formula: Any = None, types: str = "sdcz") -> None:
    """Give a wrapper for each type the program ``formula(given, results) -> {result: value with derivative}``."""
    for p in types:
        native = getattr(lapack, p + name, None)
        if native is not None:
            _register(native, formula)


def _register(native: Any, formula: Any) -> None:
    arguments, outputs = names_of(native)
    protected = {k: 0 for k in arguments if k.startswith("overwrite_")}

    @substitute(native)
    def program(*args, **kwargs):
        given = {**dict(zip(arguments, args, strict=False)), **kwargs, **protected}
        result = below(run, native, given)
        used = [x for x in given.values() if active(x)]
        if used:
            anchor = 0.0
            for x in used:
                anchor = anchor + np.real(np.sum(np.asarray(x) * 1.0))
            named = dict(zip(outputs, result, strict=True))
            failed = named.get("info", 0) != 0
            found = {} if formula is None or failed else formula(given, named)
            why = FAILED if failed else NO_RULE
            result = tuple([verified(v, found[k], "the LAPACK wrapper") if k in found else
                            unknown(v, anchor, why) if numbers(v) else v for k, v in named.items()])
        return result if len(outputs) > 1 else result[0]

    if formula is None:
        lookup(native).reason = "values only: their derivative is refused where it is used"


for _name in dir(lapack):
    if _name.endswith("_lwork") or _name in ("slamch", "dlamch", "ilaver"):
        zero_derivative(getattr(lapack, _name))


# ---- systems of equations ------------------------------------------------------------------------------------------


def columns(b: Any) -> Any:
    """A right-hand side as a matrix."""
    return np.reshape(b, (np.shape(b)[0], -1))


def operand(a: Any, trans: Any) -> Any:
    """``a``, its transpose or conjugate transpose, as LAPACK's letters and SciPy's numbers ask."""
    trans = trans.decode() if isinstance(trans, bytes) else trans
    a = np.asarray(a)
    return a if trans in (0, "N", "n") else np.transpose(a) if trans in (1, "T", "t") else herm(a)


def solved(a: Any, b: Any, shape: Any) -> Any:
    """The solution of a square system, in the shape that the wrapper gives it."""
    return np.reshape(np.linalg.solve(a, columns(np.asarray(b))), shape)


def tridiagonal(g: dict) -> Any:
    """The matrix of three diagonals."""
    return np.diag(np.asarray(g["d"])) + np.diag(g["dl"], -1) + np.diag(g["du"], 1)


def positive_tridiagonal(d: Any, e: Any) -> Any:
    """The Hermitian matrix of a diagonal and what lies below it."""
    e = np.asarray(e)
    return np.diag(np.asarray(d)) + np.diag(e, -1) + np.diag(np.conj(e), 1)


def full(g: dict, conjugate: bool) -> Any:
    """The symmetric or Hermitian matrix of which one triangle is read."""
    return mirrored(np.asarray(g["a"]), g.get("lower", 0), conjugate)


def _expert(g, r, matrix):
    shape = np.shape(r["x"])
    return {"x": solved(matrix, g["b"], shape)} if g.get("fact", "N") in ("N", b"N") else {}


register("gesvx", lambda g, r: _expert(g, r, operand(g["a"], g.get("trans", "N"))))
register("gtsvx", lambda g, r: _expert(g, r, operand(tridiagonal(g), g.get("trans", "N"))))
register("ptsvx", lambda g, r: _expert(g, r, positive_tridiagonal(g["d"], g["e"])))
register("posvx", lambda g, r: _expert(g, r, full(g, True)))
register("sysvx", lambda g, r: {} if g.get("factored", 0) else _expert(g, r, full(g, False)))
register("hesvx", lambda g, r: {} if g.get("factored", 0) else _expert(g, r, full(g, True)))


def _banded_triangle(g, r):
    kd, n = np.shape(g["ab"])[0] - 1, np.shape(g["ab"])[1]
    lower = g.get("uplo", "U") in ("L", b"L")
    m = from_band(g["ab"], kd if lower else 0, 0 if lower else kd, n, n)
    m = tri(m, lower, 1) + np.eye(n) if g.get("diag", "N") in ("U", b"U") else m
    return {"x": solved(operand(m, g.get("trans", "N")), g["b"], np.shape(r["x"]))}


register("tbtrs", _banded_triangle)
register("trsyl", lambda g, r: {"x": bottom(float, r["scale"]) * sl.solve_sylvester(
    operand(np.triu(g["a"], -1), g.get("trana", "N")),
    g.get("isgn", 1) * operand(np.triu(g["b"], -1), g.get("tranb", "N")), np.asarray(g["c"]))})


def _constrained(g, r):
    """The conditions of stationarity of ``|c - a x|`` under ``b x = d``."""
    a, b = np.asarray(g["a"]), np.asarray(g["b"])
    p, n = b.shape
    kkt = np.block([[herm(a) @ a, herm(b)], [b, np.zeros((p, p))]])
    x = np.linalg.solve(kkt, np.concatenate([herm(a) @ np.asarray(g["c"]), np.asarray(g["d"])]))[:n]
    return {"x": x}


register("gglse", _constrained)


# ---- least squares -------------------------------------------------------------------------------------------------


def _least_squares(g, r, out):
    """The solution heads the output; what lies below it has no rule."""
    a, b = operand(g["a"], g.get("trans", "N")), np.asarray(g["b"])
    x, *_ = np.linalg.lstsq(a, b[:a.shape[0]], rcond=None)
    rest = constant(r[out])[a.shape[1]:]
    if rest.size:
        rest = unknown(rest, np.real(np.sum(x)), "what least squares leave below the solution has no rule")
    return {out: np.concatenate([x, rest])}


register("gels", lambda g, r: _least_squares(g, r, "x"))
for _name in ("gelsd", "gelss"):
    register(_name, lambda g, r: {**_least_squares(g, r, "x"), "s": sl.svdvals(np.asarray(g["a"]))})
register("gelsy", lambda g, r: _least_squares(g, r, "x"))


# ---- band and tridiagonal factors ----------------------------------------------------------------------------------


def interchanged(ipiv: Any) -> Any:
    """``rows`` with ``L[i, j] = m[rows[i, j], j]``: interchanges after step j move the multipliers that it computed."""
    n = len(ipiv)
    rows = np.tile(np.arange(n)[:, None], (1, n))
    for k in range(n):
        rows[[k, ipiv[k]], :k] = rows[[ipiv[k], k], :k]
    return rows


def rearranged(packed: Any, rows: Any) -> Any:
    """Packed factors with the multipliers of each column in other rows."""
    return np.triu(packed) + np.take_along_axis(np.tril(packed, -1), rows, 0)


def multipliers_in_place(packed: Any, ipiv: Any) -> Any:
    """The factors as elimination leaves them in a band, from those of ``getrf``."""
    return rearranged(packed, np.argsort(interchanged(ipiv), axis=0))


def multipliers_interchanged(packed: Any, ipiv: Any) -> Any:
    """The reverse of `multipliers_in_place`."""
    return rearranged(packed, interchanged(ipiv))


def _band_factor(g, r):
    ab = np.asarray(g["ab"])
    kl, ku, n = g["kl"], g["ku"], ab.shape[1]
    if g.get("m", n) != n:
        return {}
    lu, _ = sl.lu_factor(from_band(ab[kl:], kl, ku, n, n))
    left = constant(r["lu"])
    out = np.where(below(np.equal, r["lu"], constant(ab)), ab, left)  # what lies outside the matrix is left as it was
    row, i, j = band_places(kl, kl + ku, n, n)
    out[row, j] = multipliers_in_place(lu, r["ipiv"])[i, j]
    return {"lu": out}


def _band_solve(g, r):
    n = np.shape(g["ab"])[1]
    packed = from_band(g["ab"], g["kl"], g["kl"] + g["ku"], n, n)
    lu = multipliers_interchanged(packed, constant(g["ipiv"]))
    return {"x": np.reshape(sl.lu_solve((lu, g["ipiv"]), columns(np.asarray(g["b"])), g.get("trans", 0)), np.shape(r["x"]))}


register("gbtrf", _band_factor)
register("gbtrs", _band_solve)


def _tridiagonal_factor(g, r):
    lu, _ = sl.lu_factor(tridiagonal(g))
    m = multipliers_in_place(lu, r["ipiv"] - 1)
    return {"dl": np.diagonal(m, -1), "d": np.diagonal(m), "du": np.diagonal(m, 1), "du2": np.diagonal(m, 2)}


def _tridiagonal_solve(g, r):
    m = np.diag(np.asarray(g["d"])) + np.diag(g["dl"], -1) + np.diag(g["du"], 1) + np.diag(g["du2"], 2)
    ipiv = np.asarray(constant(g["ipiv"])) - 1
    trans = {"N": 0, "T": 1, "C": 2}[str(g.get("trans", "N")).strip("b'")]
    x = sl.lu_solve((multipliers_interchanged(m, ipiv), ipiv), columns(np.asarray(g["b"])), trans)
    return {"x": np.reshape(x, np.shape(r["x"]))}


register("gttrf", _tridiagonal_factor)
register("gttrs", _tridiagonal_solve)


def _positive_factor(g, r):
    """``L D L^H``: ``D`` holds the squares of the diagonal of Cholesky's factor."""
    factor = sl.cholesky(positive_tridiagonal(g["d"], g["e"]), lower=True)
    d = np.diagonal(factor)
    return {"d": np.real(d * d), "e": np.diagonal(factor, -1) / d[:-1]}


def _positive_solve(g, r):
    low = np.eye(np.shape(g["d"])[0]) + np.diag(np.asarray(g["e"]), -1)
    upper = g.get("lower", 1) == 0 and np.iscomplexobj(g["e"])  # the complex routine reads the upper diagonal by default
    low = np.conj(low) if upper else low
    return {"x": solved(low @ np.diag(np.asarray(g["d"])) @ herm(low), g["b"], np.shape(r["x"]))}


register("pttrf", _positive_factor)
register("pttrs", _positive_solve)
register("pbtrf", lambda g, r: {"c": sl.cholesky_banded(g["ab"], lower=bool(g.get("lower", 0)))})
register("pbtrs", lambda g, r: {"x": np.reshape(
    sl.cho_solve_banded((g["ab"], bool(g.get("lower", 0))), np.asarray(g["b"])), np.shape(r["x"]))})


# ---- packed triangles ----------------------------------------------------------------------------------------------


def packed_whole(g: dict) -> Any:
    """The Hermitian matrix whose triangle is packed."""
    lower = g.get("lower", 0)
    return mirrored(from_packed(g["ap"], g["n"], lower), lower, True)


def packed_factor(g: dict) -> Any:
    """The triangle that ``pptrf`` leaves, with its side."""
    return from_packed(g["ap"], g["n"], g.get("lower", 0)), bool(g.get("lower", 0))


def packed(full: Any, lower: Any) -> Any:
    """One triangle of a matrix, packed."""
    i, j = packed_places(np.shape(full)[0], lower)
    return full[i, j]


def is_lower(g: dict) -> bool:
    """Whether ``uplo`` names the lower triangle."""
    return g.get("uplo", "U") in ("L", b"L")


register("pptrf", lambda g, r: {"ul": packed(sl.cholesky(packed_whole(g), lower=bool(g.get("lower", 0))), g.get("lower", 0))})
register("pptrs", lambda g, r: {"x": np.reshape(sl.cho_solve(packed_factor(g), columns(np.asarray(g["b"]))),
                                                np.shape(r["x"]))})
register("pptri", lambda g, r: {"uli": packed(sl.cho_solve(packed_factor(g), np.eye(g["n"])), g.get("lower", 0))})
register("tpttr", lambda g, r: {"a": from_packed(g["ap"], g["n"], is_lower(g))})
register("trttp", lambda g, r: {"ap": packed(np.asarray(g["a"]), is_lower(g))})


# ---- orthogonal factors --------------------------------------------------------------------------------------------


def unpivoted(b, known):
    """``L U`` of `b` without interchanges, packed; `known` has its value."""
    return known + 0.0


@pullback(unpivoted, argnums=(0, 1), cite="de Hoog, Anderssen and Lukas 2011", samples=[])
def _unpivoted_pull(y, y_bar, b, known):
    from .linalg import lu_bar

    k = min(np.shape(y))
    low, up = tri(y, True, 1)[:, :k] + np.eye(y.shape[0], k), tri(y, False)[:k]
    return lu_bar(low, up, tri(y_bar, True, 1)[:, :k], tri(y_bar, False)[:k]), None


@pushforward(unpivoted, argnums=(0, 1))
def _unpivoted_push(y, tangents, b, known):
    if tangents[0] is None:
        return np.zeros_like(y)
    k = np.shape(y)[1]
    low, up = tri(y, True, 1) + np.eye(y.shape[0], k), tri(y, False)[:k]
    right = herm(sl.solve_triangular(up, herm(tangents[0]), 2, False))
    middle = sl.solve_triangular(low[:k], right[:k], 0, True, True)
    low_dot = low @ tri(middle, True, 1)
    beyond = right - low @ middle
    return tri(low_dot + beyond, True, 1) + np.concatenate(
        [tri(middle, False) @ up, np.zeros((y.shape[0] - k, k))])


def reflectors(a: Any, tau: Any) -> tuple[Any, Any]:
    """``V`` and ``T`` of the product ``I - V T V^H`` of the reflectors below the diagonal of `a`."""
    k = np.shape(tau)[0]
    v = np.tril(np.asarray(a)[:, :k], -1) + np.eye(np.shape(a)[0], k)
    t = np.diag(np.asarray(tau))
    return v, sl.solve_triangular(np.eye(k) + t @ np.triu(herm(v) @ v, 1), t, unit_diagonal=True)


def _householder(g, r, order=None):
    """``R`` by its rule; vectors and scales from ``Q - I``, whose last column may have no reflector."""
    a = np.asarray(g["a"]) if order is None else np.asarray(g["a"])[:, order]
    k = min(a.shape)
    v, t = reflectors(constant(r["qr"]), constant(r["tau"]))
    upper = below(np.triu, r["qr"][:k])
    known_q = np.eye(a.shape[0], k) - v @ t @ herm(v[:k])
    q, up = same_factors(a, known_q, upper)
    found = {"qr": np.concatenate([up, np.zeros((a.shape[0] - k, a.shape[1]))])}
    steps = k - 1 if a.shape[0] == k and r["tau"][-1] == 0 else k
    if np.all(r["tau"][:steps] != 0):
        packed = unpivoted(q[:, :steps] - np.eye(a.shape[0], steps), constant(
            below(_known, r["qr"][:, :steps], v[:steps, :steps], t[:steps, :steps])))
        vectors = np.tril(packed, -1)
        pad = np.zeros((a.shape[0], a.shape[1] - steps))
        found["qr"] = found["qr"] + np.concatenate([vectors, pad], axis=1)
        found["tau"] = np.concatenate([-np.diagonal(packed), np.zeros(k - steps)])
    else:
        found = {}
    return found


def _known(qr: Any, v: Any, t: Any) -> Any:
    return np.tril(qr, -1) + np.concatenate([np.triu(-t @ herm(v)), np.zeros((qr.shape[0] - t.shape[0], t.shape[0]))])


def same_factors(a: Any, q: Any, r: Any) -> tuple[Any, Any]:
    """Economic ``Q R`` of `a`, with the signs and phases of the known factors."""
    from_rule = sl.qr(a, mode="economic")
    signs = below(_signs, constant(from_rule[0]), q)
    return from_rule[0] * signs, from_rule[1] * np.conj(signs)[:, None]


def _signs(mine: Any, theirs: Any) -> Any:
    return np.sign(np.real(np.sum(np.conj(mine) * theirs, axis=0)))


register("geqrf", _householder)
register("geqp3", lambda g, r: _householder(g, r, r["jpvt"] - 1))


def _generated(g, r):
    v, t = reflectors(g["a"], g["tau"])
    n = np.shape(g["a"])[1]
    return {"q": np.eye(v.shape[0], n) - v @ (t @ herm(v[:n]))}


def _applied(g, r):
    v, t = reflectors(g["a"], g["tau"])
    c, left = np.asarray(g["c"]), g["side"] in ("L", b"L")
    t = t if g["trans"] in ("N", b"N") else herm(t)
    return {"cq": c - v @ (t @ (herm(v) @ c)) if left else c - ((c @ v) @ t) @ herm(v)}


register("orgqr", _generated, "sd")
register("ungqr", _generated, "cz")
register("ormqr", _applied, "sd")
register("unmqr", _applied, "cz")


# ---- eigenvalues and singular values -------------------------------------------------------------------------------


def _wants(g: dict, name: str = "compute_v") -> bool:
    return bool(g.get(name, 1))


def _whole_range(g: dict) -> bool:
    return g.get("range", "A") in ("A", b"A")


def _generalised(g, r):
    vectors = g.get("jobz", "V") in ("V", b"V")
    if not _whole_range(g) or g.get("itype", 1) != 1:
        return {}
    given = {"lower": g.get("uplo", "L") in ("L", b"L")}
    out = "v" if "v" in r else "z"
    if not vectors:
        return {"w": sl.eigh(g["a"], g["b"], eigvals_only=True, **given)}
    w, v = sl.eigh(g["a"], g["b"], **given)
    return {"w": w, out: v * below(_signs, constant(v), r[out])}


for _name in ("gv", "gvd", "gvx"):
    register("sy" + _name, _generalised, "sd")
    register("he" + _name, _generalised, "cz")


def _symmetric(g, r):
    if not _whole_range(g):
        return {}
    a, lower = np.asarray(g["a"]), bool(g.get("lower", 0))
    if not _wants(g):
        return {"w": sl.eigvalsh(a, lower=lower)}
    w, v = sl.eigh(a, lower=lower)
    return {"w": w, "z": v * below(_signs, constant(v), r["z"])} if not np.iscomplexobj(a) else {"w": w}


for _name in ("evr", "evx"):
    register("sy" + _name, _symmetric, "sd")
    register("he" + _name, _symmetric, "cz")


def _banded(g, r):
    ab, lower = np.asarray(g["ab"]), bool(g.get("lower", 0))
    if not _wants(g) or np.iscomplexobj(ab):
        return {"w": sl.eig_banded(ab, lower=lower, eigvals_only=True)}
    w, v = sl.eig_banded(ab, lower=lower)
    return {"w": w, "z": v * below(_signs, constant(v), r["z"])}


register("sbevd", _banded, "sd")
register("hbevd", _banded, "cz")


def _tridiagonal_eigen(g, r):
    if "z" not in r or not _wants(g):
        return {"vals": sl.eigh_tridiagonal(g["d"], g["e"], eigvals_only=True)}
    w, v = sl.eigh_tridiagonal(g["d"], g["e"])
    return {"vals": w, "z": v * below(_signs, constant(v), r["z"])}


for _name in ("sterf", "stev", "stevd"):
    register(_name, _tridiagonal_eigen, "sd")


# ---- pieces of algorithms ------------------------------------------------------------------------------------------


def _pivoted(g, r):
    """Cholesky's factor of the matrix with its rows and columns in the order found, if the rank is full."""
    lower = bool(g.get("lower", 0))
    order = np.asarray(r["piv"]) - 1
    if r["rank_c"] != len(order):
        return {}
    a = mirrored(np.asarray(g["a"]), lower, True)[order][:, order]
    return {"c": sl.cholesky(a, lower=lower) + tri(constant(r["c"]), not lower, 1)}


register("pstrf", _pivoted)
register("pstf2", _pivoted)


def _square(g, r):
    lower = bool(g.get("lower", 0))
    c = np.asarray(g["c"])
    half = tri(c, lower)
    return {"a": tri(herm(half) @ half if lower else half @ herm(half), lower) + tri(c, not lower, 1)}


register("lauum", _square)


def _reflected(g, r):
    v, tau, c = np.asarray(g["v"]), g["tau"], np.asarray(g["c"])
    if g.get("incv", 1) != 1:
        return {}
    if g.get("side", "L") in ("L", b"L"):
        return {"c": c - tau * np.outer(v, np.conj(v) @ c)}
    return {"c": c - tau * np.outer(c @ v, np.conj(v))}


def _reflector(g, r):
    """``H [alpha, x] = [beta, 0]`` with ``beta = -sign(alpha) |[alpha, x]|``."""
    alpha, x = g["alpha"], np.asarray(g["x"])
    if g.get("incx", 1) != 1 or r["tau"] == 0:
        return {}
    beta = -np.sign(np.real(alpha)) * np.sqrt(np.real(alpha * np.conj(alpha)) + np.sum(np.real(x * np.conj(x))))
    return {"alpha": beta, "x": x / (alpha - beta), "tau": (beta - alpha) / beta}


def _rotation(g, r):
    f, h = g["f"], g["g"]
    if np.iscomplexobj(f) or np.iscomplexobj(h) or r["r"] == 0 or f == 0:
        return {}
    length = np.sign(r["r"]) * np.hypot(f, h)
    return {"cs": f / length, "sn": h / length, "r": length}


def _swapped(g, r):
    a = np.asarray(g["a"])
    if any(k in g for k in ("k1", "k2", "off", "inc")):
        return {}
    order = np.arange(a.shape[0])
    for k, p in enumerate(g["piv"]):
        order[[k, p]] = order[[p, k]]
    return {"a": a[order]}


register("larf", _reflected)
register("larfg", _reflector)
register("lartg", _rotation)
register("laswp", _swapped)


def _norm(matrix, g):
    kind = g["norm"].decode() if isinstance(g["norm"], bytes) else g["norm"]
    order = {"1": 1, "O": 1, "I": np.inf, "F": "fro", "E": "fro"}.get(kind.upper())
    return {"n2": np.max(np.abs(matrix)) if order is None else np.linalg.norm(matrix, order)}


def _triangle_norm(g, r):
    lower = is_lower(g)
    a = tri(np.asarray(g["a"]), lower)
    return _norm(tri(a, lower, 1) + np.eye(*np.shape(a)) if g.get("diag", "N") in ("U", b"U") else a, g)


register("lantr", _triangle_norm)
register("langb", lambda g, r: _norm(from_band(g["ab"], g["kl"], g["ku"], *[np.shape(g["ab"])[1]] * 2), g))


# ---- numbers without a rule: estimates of condition, scalings, factors that the algorithm chooses -------------------

for _name in ("gecon", "gbcon", "gtcon", "pocon", "ppcon", "trcon", "sycon", "hecon", "geequ", "geequb", "syequb", "heequb",
              "gebal", "sytrf", "hetrf", "gehrd", "gerqf", "tzrzf", "gees", "ggev", "gges", "gejsv", "trexc"):
    register(_name)
