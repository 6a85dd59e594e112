"""The lowerer: its state, frames and captured values, and the entry point `lower`."""

from __future__ import annotations

import ast
import itertools
import types
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._source.locate import SourceNotFound, find
from ...rules._registry import RULES
from .._refusal import NotCompilable
from ..ir.builder import Builder, const
from ..ir.function import Function as IRFunction, Value
from ..ir.types import BY_DTYPE, F64, ArrayType, ScalarType
from ..results import Result
from .arrays import Arrays
from .builtin import Builtins
from .calls import Calls
from .complexes import Complexes
from .containers import Containers
from .creation import Creation
from .expressions import Expressions
from .functional import Functional
from .indexing import Indexing
from .introspection import Introspection
from .leaving import Leaving
from .loops import Loops
from .objects import Objects
from .outer import Outer
from .products import Products
from .reductions import Reductions
from .routines import Routines
from .shaping import Shaping
from .slots import Slots
from .state import TryAgain, Unbound, Unknown
from .statements import Statements
from .text import Text
from .ufuncs import Ufuncs
from .values import (
    Array,
    Const,
    Exit,
    Function,
    Iterable,
    Maybe,
    Pair,
    Paired,
    Ref,
    Scalar,
    Sequence,
)

__all__ = ["Lowered", "lower"]

_DEPTH = 40
_CALLS = 2000
_RECURSION = 3


@dataclass(eq=False)
class Frame:
    """One activation of a function that is being inlined."""

    key: int
    node: Any
    filename: str
    function: types.FunctionType | None
    parent: Frame | None
    locals: set[str]
    nonlocals: set[str] = field(default_factory=set)
    at_yield: Any = None
    _loads: dict[str, int] | None = None

    def loads(self, name: str) -> int:
        """How often the variable is read in the function's text; many if a nested function might read it."""
        if self._loads is None:
            self._loads = {}
            self._count(self.node, 1)
        return self._loads.get(name, 0)

    def _count(self, node: ast.AST, weight: int) -> None:
        for child in ast.iter_child_nodes(node):
            inner = 2 if isinstance(child, (ast.For, ast.While, ast.FunctionDef, ast.Lambda, ast.ListComp,
                                            ast.GeneratorExp)) else weight
            if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Store):
                self._loads[child.id] = self._loads.get(child.id, 0) + weight
            if isinstance(child, ast.AugAssign) and isinstance(child.target, ast.Name):
                self._loads[child.target.id] = self._loads.get(child.target.id, 0) + 2
            self._count(child, inner)


@dataclass
class Lowered:
    """A lowered program.

    Attributes
    ----------
    captured : list
        ``(kind, container, key)`` of each number and array outside the arguments that became a parameter, in order.
    guards : list
        What was assumed about the program's surroundings.
    written : set of Value
        Parameters whose memory is written.
    attributes : list of (path, name, Result)
        What the program rebinds in argument objects, lists and dicts: the way to the owner, from the position of the
        argument on, and the attribute, ``("item", key)`` of a dict, or ``"items"`` of a list.
    paired : set of Value
        Parameters that are memory of complex numbers.
    changes : tuple of (path, name)
        The same as `attributes`, whose new values are then the first parts of the result.
    """

    function: IRFunction
    result: Result
    captured: list
    guards: list
    written: set
    attributes: list
    paired: frozenset
    changes: tuple = ()


class Lowerer(Statements, Loops, Slots, Outer, Expressions, Objects, Arrays, Containers, Indexing, Calls, Builtins,
              Functional, Introspection, Text, Ufuncs, Creation, Complexes, Shaping, Reductions, Products, Routines):
    """One attempt at lowering."""

    def __init__(self, unroll: set, carry_out: set, varying: frozenset = frozenset(), pins: dict | None = None,
                 eager: bool = False) -> None:
        self.b = Builder()
        self.pins, self.eager = pins or {}, eager
        self.varying = varying
        self.state: dict[Any, Any] = {}
        self.frame: Any = None
        self.keys = itertools.count(1)
        self.root_dims: dict[Value, tuple[Value, ...]] = {}
        self.params: list[Value] = []
        self.guards: list[tuple] = []
        self.captured: list[tuple] = []
        self.captured_values: dict[tuple, Any] = {}
        self.deques: dict[Any, int | None] = {}  # lists that are deques, and their greatest length
        self.factories: dict[Any, Any] = {}  # dicts of special kinds, and what makes their missing values
        self.function_refs: dict[Any, Ref] = {}
        self.odd_order: set[Value] = set()  # arrays that NumPy might lay out in another order
        self.fresh: set = set()  # loops over a generator that nobody else knows
        self.outside_refs: set[int] = set()
        self.outside_state: dict[tuple, Any] = {}
        self.outside_parts: dict[tuple, Any] = {}
        self.params_set: set[Value] = set()
        self.contiguous: set[Value] = set()
        self.home: dict[Value, Any] = {}
        self.extents: dict[Value, Value] = {}
        self.around: list = []
        self.returned_copies: set[Value] = set()
        self.list_places: dict[int, tuple] = {}
        self.held: list = []
        self.class_guards: set = set()
        self.paired: dict[Value, Value] = {}  # memory of complex numbers, and the real memory that it is
        self.own_params: dict[Value, int] = {}
        self.list_depths: dict[int, int] = {}
        self.made_in: dict[Any, tuple] = {}
        self.kept_roots: set[Value] = set()
        self.room: dict[Any, tuple] = {}
        self.trips: list = []
        self.loop_marks: list = []
        self.writes: list[Value] = []
        self.partners: dict[Value, set[Value]] = {}
        self.frozen_objects: set = set()
        self.argument_objects: dict[int, tuple] = {}
        self.written: set[Value] = set()
        self.written_attributes: set[tuple] = set()
        self.loop_nodes: list = []
        self.unroll = unroll
        self.carry_out = carry_out
        self.spans: list[tuple] = [("", 0, "")]
        self.span_ids: dict[tuple, int] = {}
        self.depth = 0
        self.calls = self.statements = 0
        self.active: list = []

    # ---- places in the user's program
    def at(self, node: ast.AST) -> None:
        line = getattr(node, "lineno", 0)
        where = (self.frame.filename, line)
        if where not in self.span_ids:
            self.span_ids[where] = len(self.spans)
            self.spans.append(where)
        self.b.span = self.span_ids[where]

    def place(self, node: ast.AST) -> tuple:
        """What identifies a node over several attempts, which parse anew."""
        return self.frame.filename, node.lineno, node.col_offset

    def hint(self, key: Any) -> str:
        name = key[1] if isinstance(key, tuple) else str(key)
        if not isinstance(name, str):  # an item of a dict
            name = str(name[-1])
        return "choice" if name.startswith("$if") else {"$exit": "left", "$return": "result"}.get(name, name.lstrip("$"))

    def needs_unrolling(self, reason: str) -> Exception:
        for node in reversed(self.loop_nodes):
            if self.place(node) not in self.unroll:
                return TryAgain("unroll", self.place(node))
        return Unknown(reason)

    # ---- arguments and surroundings
    def parameter(self, type: Any, name: str) -> Value:
        value = Value(type, name)
        self.params.append(value)
        self.params_set.add(value)
        return value

    def array_parameter(self, spec: tuple, name: str) -> Array:
        dtype, ndim, ones, *contiguous = spec
        paired = np.dtype(dtype) == np.complex128
        memory = self.parameter(ArrayType(F64 if paired else BY_DTYPE[np.dtype(dtype)], ndim + paired), name)
        root = memory
        if paired:
            root = Paired(memory)
            self.paired[root] = memory
            self.params_set.add(root)
        if contiguous and contiguous[0]:
            self.contiguous.add(root)
        dims = []
        for k in range(ndim):
            pin = self.pins.get((len(self.params) - 1, k)) if not self.own_params else None
            if ones[k] or pin is not None:
                dims.append(const(1 if pin is None else pin))
            else:
                d = self.b.dim_at_entry(memory, k)
                d.name = f"{name}_n{k}"
                dims.append(d)
        return self.whole(root, tuple(dims))

    def argument(self, spec: Any, name: str, path: tuple) -> Any:
        """Abstract value of an argument from its signature (see `arguments.signature`), found at the end of `path`."""
        kind = spec[0]
        if kind == "scalar" and (len(self.params), None) in self.pins:
            known = self.pins[len(self.params), None]
            self.parameter(ScalarType(spec[1]), name)
            return Const(known)
        if kind == "complexes":
            return self.array_parameter(("c16", *spec[1:]), name)
        if kind == "complex":
            return Scalar(Pair(*(self.parameter(F64, f"{name}_{part}") for part in ("re", "im"))), spec[1])
        if kind == "scalar":
            return Scalar(self.parameter(ScalarType(spec[1]), name), spec[2])
        if kind == "array":
            return self.array_parameter(spec[1:5], name)
        if kind == "sequence" and spec[1] is not list:
            return Sequence(tuple(self.argument(s, f"{name}_{k}", (*path, ("item", k))) for k, s in enumerate(spec[2])),
                            spec[1])
        if kind == "sequence":
            ref = self.new_list(tuple(self.argument(s, f"{name}_{k}", (*path, ("item", k)))
                                      for k, s in enumerate(spec[2])))
        elif kind == "object" and spec[1] is dict:
            ref = self.new_dict([(k, self.argument(s, f"{name}_{k}", (*path, ("item", k)))) for k, s in spec[2]])
        elif kind == "object":
            ref = Ref(next(self.keys), spec[1])
            for field_name, s in spec[2]:
                self.state[(ref.key, field_name)] = self.argument(s, f"{name}_{field_name}", (*path, field_name))
            self.give_defaults(ref)
        if kind in ("sequence", "object"):
            self.argument_objects[ref.key] = path
            return ref
        return Const(spec[1])

    def child_frame(self, node: Any, names: set[str]) -> Frame:
        """A scope within the current function."""
        return Frame(next(self.keys), node, self.frame.filename, None, self.frame, names)

    # ---- functions
    def enter(self, node: Any, filename: str, function: Any, parent: Any, bound: dict[str, Any]) -> Any:
        """Lower a function's body in a frame of its own; returns its value."""
        if self.depth > _DEPTH:
            raise NotCompilable("recursion, or calls nested too deep")
        self.calls += 1
        place = (filename, node.lineno, node.col_offset)
        levels = {level for where, level in self.active if where == place} | {id(self.b.region)}
        if self.calls > _CALLS or (not self.pins and len(levels) > _RECURSION + 1):
            raise Unknown("recursion, or too many calls")
        if isinstance(node, ast.AsyncFunctionDef) or _suspends(node):
            if isinstance(node, ast.AsyncFunctionDef) or _suspends(node) != {ast.Yield}:
                raise NotCompilable("a coroutine, or a generator that delegates")
            return Iterable("generator", (node, filename, function, parent, tuple(bound.items())))
        return self.run_function(node, filename, function, parent, bound)

    def run_function(self, node: Any, filename: str, function: Any, parent: Any, bound: dict[str, Any],
                     at_yield: Any = None) -> Any:
        """Lower the body of a function, or of a generator: `at_yield` takes what it yields."""
        place = (filename, node.lineno, node.col_offset)
        frame = Frame(next(self.keys), node, filename, function, parent, _local_names(node, function))
        outer, span, loops, around = self.frame, self.b.span, self.loop_nodes, self.around
        self.frame, self.loop_nodes, self.around = frame, [], []
        frame.at_yield = at_yield
        self.depth += 1
        self.active.append((place, id(self.b.region)))
        self.state[(frame.key, "$exit")] = Exit.known(0)
        for name, value in bound.items():
            self.state[(frame.key, name)] = self.bind(value, name, frame)
        if isinstance(node, ast.Lambda):
            value = self.settle(self.expr(node.body))
        else:
            self.block(node.body)
            value = self.returned(frame)
        self.depth -= 1
        self.active.pop()
        self.frame, self.b.span, self.loop_nodes, self.around = outer, span, loops, around
        if not any(isinstance(n, (ast.FunctionDef, ast.Lambda)) and n is not node for n in ast.walk(node)):
            for key in [k for k in self.state if isinstance(k, tuple) and k[0] == frame.key]:
                del self.state[key]
        return value

    def returned(self, frame: Frame) -> Any:
        codes = self.exit.codes
        if "$dead" in self.state and self.depth == 1:
            raise NotCompilable("the function always raises")
        value = self.state.get((frame.key, "$return"), Const(None))
        if 3 not in codes:
            return Const(None)
        if isinstance(value, (NotCompilable, TryAgain)):
            raise value
        if codes != {3} and not (isinstance(value, Const) and value.obj is None):
            raise NotCompilable("the function returns a value on some paths and nothing on others")
        return value.value if isinstance(value, Maybe) else value

    def inline(self, function: types.FunctionType, args: list, kwargs: dict) -> Any:
        """A call of a real Python function."""
        try:
            node = find(function.__code__, function.__globals__)
        except SourceNotFound as error:
            raise NotCompilable(f"no source of `{function.__name__}`: {error}") from None
        rule = RULES.get(function)
        if rule is not None and not (rule.kind == "zero" and rule.name.startswith("numpy.")):  # constants by their source
            raise NotCompilable(f"`{function.__name__}` has a rule of its own")
        self.guards.append(("code", function, None, function.__code__))
        defaults, kw = self.defaults_of(function, [a.arg for a in node.args.kwonlyargs])
        bound = self.bind_arguments(node.args, args, kwargs, defaults, kw, function.__name__)
        return self.enter(node, function.__code__.co_filename, function, None, bound)

    def inline_nested(self, f: Function, args: list, kwargs: dict) -> Any:
        bound = self.bind_arguments(f.node.args, args, kwargs, list(f.defaults), list(f.kw_defaults), "function")
        return self.enter(f.node, f.frame.filename, None, f.frame, bound)

    def bind_arguments(self, spec: ast.arguments, args: list, kwargs: dict, defaults: list, kw_defaults: list,
                       name: str) -> dict[str, Any]:
        names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
        bound = dict(zip(names, args, strict=False))
        rest = args[len(names):]
        if spec.vararg:
            bound[spec.vararg.arg] = Sequence(tuple(rest))
        elif rest:
            raise NotCompilable(f"`{name}` called with too many arguments")
        keyword_only = [a.arg for a in spec.kwonlyargs]
        if spec.kwarg:
            known = (*(a.arg for a in spec.args), *keyword_only)
            more = {k: v for k, v in kwargs.items() if k not in known}
            kwargs = {k: v for k, v in kwargs.items() if k in known}
            bound[spec.kwarg.arg] = self.new_dict(list(more.items()))
        for key, value in kwargs.items():
            if key in bound or (key not in names and key not in keyword_only):
                raise NotCompilable(f"`{name}` called with a wrong keyword argument")
            bound[key] = value
        for key, value in zip(names[len(names) - len(defaults):], defaults, strict=True):
            bound.setdefault(key, value)
        for key, value in zip(keyword_only, kw_defaults, strict=True):
            if value is not None:
                bound.setdefault(key, value)
        if any(n not in bound for n in (*names, *keyword_only)):
            raise NotCompilable(f"`{name}` called with too few arguments")
        return bound


def _suspends(node: Any) -> set[type]:
    """Kinds of expressions at which a function's own body is suspended."""
    found: set[type] = set()
    stack = [] if isinstance(node, ast.Lambda) else list(node.body)
    while stack:
        n = stack.pop()
        if isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await)):
            found.add(type(n))
        if not isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(n))
    return found


def _local_names(node: Any, function: Any) -> set[str]:
    if function is not None:
        code = function.__code__
        return set(code.co_varnames) | set(code.co_cellvars)
    from .statements import assigned_names

    names = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    names |= {a.arg for a in (node.args.vararg, node.args.kwarg) if a}
    if isinstance(node, ast.Lambda):
        return names
    outside = {n for s in ast.walk(node) if isinstance(s, (ast.Nonlocal, ast.Global)) for n in s.names}
    return (names | assigned_names(node.body)) - outside


def lower(function: types.FunctionType, specs: tuple, varying: frozenset = frozenset(),
          pins: dict | None = None, joined: bool = False) -> Lowered:
    """Lower `function` for arguments with the given signatures.

    `pins` are extents, ``(leaf, axis)``, and integers, ``(leaf, None)``, that are known.

    `varying` names the places outside the function, ``(kind, key)``, whose numbers are parameters, not constants.

    Raises
    ------
    NotCompilable
        With the reason and the line, for everything outside the typed subset.
    """
    unroll: set = set()
    carry_out: set = set()
    eager = False
    for _ in range(100):
        lowerer = Lowerer(unroll, carry_out, varying, pins, eager)
        try:
            return _attempt(lowerer, function, specs, joined)
        except TryAgain as again:
            where = unroll if again.args[0] == "unroll" else carry_out
            if again.key in where:
                raise NotCompilable(f"lowering does not settle: {again.args[0]} {again.key}") from None
            where.add(again.key)
        except NotCompilable as refusal:
            if pins and isinstance(refusal, Unknown) and not eager:  # with all lengths known, loops can be written out
                places = [p for p in map(lowerer.place, reversed(lowerer.loop_nodes)) if p not in unroll]
                unroll.update(places[:1])
                eager = not places
                carry_out = {k for k in carry_out if k[0] not in ("grow", "room")}
                continue
            if not refusal.filename and lowerer.b.span:
                filename, line = lowerer.spans[lowerer.b.span][:2]
                raise type(refusal)(refusal.reason, filename, line) from None
            raise
        except Unbound as unbound:
            raise NotCompilable(f"`{unbound.args[0]}` may be read in a loop before it is bound",
                                *lowerer.spans[lowerer.b.span][:2]) from None
        except RecursionError:
            break
    raise NotCompilable("the types of the function's variables do not settle")


def _attempt(lowerer: Lowerer, function: types.FunctionType, specs: tuple, joined: bool) -> Lowered:
    names = function.__code__.co_varnames
    count = function.__code__.co_argcount
    args = [lowerer.argument(s, names[k] if k < count else f"arg{k}", (k,)) for k, s in enumerate(specs)]
    own = len(lowerer.params)
    lowerer.own_params = {p: k for k, p in enumerate(lowerer.params)}
    lowerer.frame = Frame(0, None, function.__code__.co_filename, None, None, set())
    lowerer.hold_function_attributes()
    lowerer.frame = None
    initial = dict(lowerer.state)
    value = lowerer.inline(function, list(args), {})
    needs = lowerer.unmet_needs()
    if needs is not None:
        raise TryAgain("room", needs)
    leaving = Leaving(lowerer)
    changes: tuple = ()
    if joined:
        attributes = leaving.attributes(initial)
        result = leaving.result(value)
        leaving.check_owned(result)
        if attributes:
            result = Result("sequence", tuple, (*(r for *_, r in attributes), result))
            changes, attributes = tuple((path, name) for path, name, _ in attributes), []
    else:
        result = leaving.result(value)
        attributes = leaving.attributes(initial)
    yields = leaving.yields
    body = lowerer.b.region
    body.params = lowerer.params
    body.yields = yields
    ir = IRFunction(function.__name__ if function.__name__.isidentifier() else "function", body, lowerer.spans)
    written = {p for p in lowerer.params if p in lowerer.written or any(
        w in lowerer.written for w, memory in lowerer.paired.items() if memory is p)}
    assert own <= len(lowerer.params)
    return Lowered(ir, result, lowerer.captured, lowerer.guards, written, attributes,
                   frozenset(lowerer.paired.values()), changes)
