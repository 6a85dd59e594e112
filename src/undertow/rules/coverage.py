"""Write the page of supported functions: ``python -m undertow.rules.coverage docs/reference/supported-functions.md``.

Every public callable of NumPy, SciPy, `math` and `cmath` is listed with how its derivative comes about.  Nothing is
listed by hand but the reasons why some functions have none: the rest is read from the registry and from the libraries.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import textwrap
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import load, load_for
from ._registry import Rule, lookup

MODULES = (
    "numpy", "numpy.linalg", "numpy.fft", "numpy.random", "numpy.ndarray", "numpy.random.Generator",
    "numpy.random.RandomState", "numpy.polynomial.polynomial", "numpy.polynomial.chebyshev",
    "numpy.polynomial.legendre", "numpy.polynomial.hermite", "numpy.polynomial.hermite_e",
    "numpy.polynomial.laguerre", "math", "cmath",
    "scipy.special", "scipy.linalg", "scipy.linalg.blas", "scipy.linalg.lapack", "scipy.fft", "scipy.integrate",
    "scipy.interpolate", "scipy.ndimage", "scipy.optimize", "scipy.signal", "scipy.signal.windows", "scipy.sparse",
    "scipy.sparse.linalg", "scipy.sparse.csgraph", "scipy.spatial", "scipy.spatial.distance",
    "scipy.spatial.transform", "scipy.stats",
)

HOW = {
    "rule": "a derivative rule", "program": "a Python program with the same effect, differentiated",
    "source": "the library's own Python source, differentiated", "zero": "locally constant: derivative zero",
    "refused": "active arguments are refused, for the reason given", "none": "compiled code without a rule: refused",
    "no numbers": "takes no real numbers, or has effects outside the program",
}

# Functions that no rule can be about, by reason.
NO_NUMBERS = {
    "dates": "busday_count busday_offset is_busday datetime_as_string datetime_data",
    "files": "load save savez savez_compressed savetxt loadtxt genfromtxt fromregex fromfile fromstring "
             "hb_read hb_write",
    "settings": "seterr geterr seterrcall geterrcall setbufsize getbufsize set_printoptions get_printoptions "
                "printoptions show_config show_runtime get_include test set_workers get_workers set_backend "
                "set_global_backend register_backend skip_backend use_solver errstate geterr seterr get_lapack_funcs "
                "get_blas_funcs find_best_blas_type",
    "text": "base_repr binary_repr typename format_float_positional format_float_scientific array2string array_repr "
            "array_str get_state",
    "types": "dtype issubdtype isdtype mintypecode promote_types can_cast result_type min_scalar_type common_type "
             "obj2sctype finfo iinfo",
    "raw memory": "frombuffer from_dlpack nested_iters shares_memory may_share_memory byteswap view getfield setflags "
                  "to_device",
    "random state": "bytes spawn seed get_state set_state bit_generator get_bit_generator set_bit_generator "
                    "default_rng",
    "integers": "next_fast_len prev_fast_len",
    "the engine calls what it makes": "frompyfunc",
}
REASONS = {name: reason for reason, names in NO_NUMBERS.items() for name in names.split()}
HARMLESS = frozenset((
    "index normalize_axis_index normalize_axis_tuple warn reduce accumulate fspath load add_docstring partial "
    "namedtuple _getframe ravel_multi_index count chain product repeat islice lru_cache wraps itemgetter attrgetter "
    "get_ident array_namespace intern exec iscoroutinefunction sqrt prod log exp pi floor ceil perf_counter "
    "deepcopy copy _make_extobj _get_extobj_dict time sleep"
).split())


class Entry(NamedTuple):
    """One public callable."""

    name: str
    how: str
    note: str


# ---- what a function is --------------------------------------------------------------------------------------------


def implementation(f: Any) -> Any:
    """The Python function behind NumPy's and SciPy's dispatchers, where there is one."""
    seen = 0
    while seen < 8:
        inner = getattr(f, "_implementation", None) or getattr(f, "__wrapped__", None)
        if inner is None:
            return f
        f, seen = inner, seen + 1
    return f


def describe(name: str, f: Any, leaves: Leaves) -> Entry | None:
    """How the derivative of a callable comes about; None for what is no function."""
    short = name.rpartition(".")[2]
    f = getattr(f, "__func__", f)  # the functions of numpy.random are methods of one generator
    rule = _lookup(f)
    if rule is not None:
        return Entry(name, *_by_rule(rule))
    inner = implementation(f)
    if short in REASONS:
        return Entry(name, "no numbers", REASONS[short])
    if isinstance(inner, types.FunctionType):
        missing = sorted(leaves.below(inner))
        return Entry(name, "source", "unless it calls " + ", ".join(f"`{m}`" for m in missing[:4]) if missing else "")
    if isinstance(inner, type):
        return _class(name, inner)
    if isinstance(type(inner).__dict__.get("__call__"), types.FunctionType) or any(hasattr(inner, name) for name in ("logpdf", "logpmf")):
        return Entry(name, "source", "")
    return Entry(name, "none", "")


def _class(name: str, cls: type) -> Entry | None:
    """Classes written in Python are followed; types of numbers and errors are not functions."""
    if issubclass(cls, (BaseException, np.generic, types.ModuleType)) or cls.__module__ == "builtins":
        return None
    if "__init__" in cls.__dict__ and isinstance(cls.__dict__["__init__"], types.FunctionType):
        return Entry(name, "source", "class")
    return None


def _by_rule(rule: Rule) -> tuple[str, str]:
    note = "; ".join(x for x in (rule.convention, rule.cite) if x)
    if rule.reason:
        return "refused", rule.reason
    if rule.kind == "substitute":
        return "program", note
    return ("zero" if rule.kind == "zero" else "rule"), note


def _lookup(f: Any) -> Rule | None:
    try:
        return lookup(f)
    except TypeError:
        return None


class Leaves:
    """Compiled functions without a rule that a Python function can reach, as far as its source tells."""

    def __init__(self) -> None:
        self.known: dict[Any, set[str]] = {}

    def below(self, f: types.FunctionType) -> set[str]:
        """Names of the compiled functions without a rule below `f`."""
        if f in self.known:
            return self.known[f]
        found = self.known[f] = set()
        for called in _called(f):
            inner = implementation(called)
            if isinstance(called, type) or not callable(called) or _lookup(called) or _lookup(inner):
                continue
            if isinstance(inner, types.FunctionType):
                if (inner.__module__ or "").partition(".")[0] in ("numpy", "scipy", "undertow"):
                    found |= self.below(inner)
            elif isinstance(inner, (types.BuiltinFunctionType, np.ufunc)) or "cython" in type(inner).__name__:
                short = getattr(inner, "__name__", "")
                if short not in HARMLESS and getattr(inner, "__module__", "") not in ("builtins", "math"):
                    found.add(short)
        return found


def _called(f: types.FunctionType) -> Iterator[Any]:
    """Objects that the source of a function names and that are found in its globals."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(f)))
    except (OSError, TypeError, SyntaxError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Name, ast.Attribute)):
            continue
        names: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            names.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in f.__globals__:
            value: Any = f.__globals__[inner.id]
            for attribute in reversed(names):
                if not isinstance(value, types.ModuleType) or not hasattr(value, attribute):
                    break
                value = getattr(value, attribute)
            else:
                yield value


# ---- the page -------------------------------------------------------------------------------------------------------


def public(module: str) -> list[tuple[str, Any]]:
    """Public callables of a module or class."""
    parent, _, last = module.rpartition(".")
    try:
        owner: Any = importlib.import_module(module)
    except ModuleNotFoundError:
        owner = getattr(importlib.import_module(parent), last)
    names = {n for n in dir(owner) if not n.startswith("_")}
    if not module.startswith("scipy.linalg."):  # whose wrappers of BLAS and LAPACK are not in __all__
        names = set(getattr(owner, "__all__", names))
    found = []
    for name in sorted(names):
        value = getattr(owner, name, None)
        if callable(value) and not isinstance(value, types.ModuleType):
            found.append((name, value))
    return found


def entries(module: str, leaves: Leaves) -> list[Entry]:
    """What there is to say on each public callable of a module."""
    load()
    load_for(module)
    listed = (describe(name, f, leaves) for name, f in public(module))
    return [e for e in listed if e is not None]


def page() -> str:
    """The page of supported functions as Markdown."""
    import scipy

    for module in MODULES:
        load_for(module)
    leaves = Leaves()
    tables = {module: entries(module, leaves) for module in MODULES}
    lines = [
        "# Supported functions", "",
        "How the derivative of each public function of NumPy, SciPy, `math` and `cmath` comes about. Generated by",
        f"`python -m undertow.rules.coverage` with NumPy {_minor(np)} and SciPy {_minor(scipy)}; do not edit.", "",
        *(f"- **{how}**: {text}" for how, text in HOW.items()), "",
        "A note \"unless it calls …\" names compiled functions without a rule in the function's source: a call that",
        "takes that path with an active argument is refused. Conventions at kinks and singular points stand in the",
        "notes.", "",
        "*Followed* is the share of functions of real numbers that have a derivative by one of the first four ways.", "",
        "| module | " + " | ".join(HOW) + " | followed |", "|---" * (len(HOW) + 2) + "|",
    ]
    for module, table in tables.items():
        number = Counter(e.how for e in table)
        counts = " | ".join(str(number[how] or "") for how in HOW)
        lines.append(f"| [`{module}`](#{_anchor(module)}) | {counts} | {_share(number)} |")
    for module, table in tables.items():
        lines += ["", f"## {module}", "", "| function | how | note |", "|---|---|---|"]
        lines += [f"| `{e.name}` | {e.how} | {e.note} |" for e in table]
    return "\n".join(lines) + "\n"


def _share(number: Counter) -> str:
    """The share of functions with a derivative among those that take real numbers."""
    followed = sum(number[how] for how in ("rule", "program", "source", "zero"))
    whole = followed + number["refused"] + number["none"]
    return f"{100 * followed / whole:.0f} %" if whole else ""


def _minor(package: Any) -> str:
    return ".".join(package.__version__.split(".")[:2])


def _anchor(heading: str) -> str:
    return heading.replace(".", "").lower()


def main(arguments: list[str]) -> None:
    """Write the page to the file named, or print it."""
    if arguments:
        Path(arguments[0]).write_text(page())
    else:
        sys.stdout.write(page())


if __name__ == "__main__":
    main(sys.argv[1:])
