"""What recorded code calls: Python functions rewritten, primitives applied, foreign code guarded.

`Calls.callee(f)` is the hook around every called expression: it returns what is called in place of `f`.

=====================================  =======================================================================
a Python function                      its rewritten form (cached); library functions of NumPy and SciPy run as
                                       they are while nothing recorded enters them
a method, a partial, an instance       the same, for what is behind it
a class                                `construct`: ``type.__call__`` with ``__new__`` and ``__init__`` rewritten
a builtin of Python                    its handler (`builtins`)
a primitive                            the interpreter's ``apply`` with its rule
other compiled code                    `foreign`: refuses active values, guards callbacks, notices writes
=====================================  =======================================================================
"""

from __future__ import annotations

import functools
import re
import sys
import weakref
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy import ndarray

from .. import rules
from .._source import Mark, SourceNotFound, template_of
from .._source.code import template_of_text
from ..rules import _registry
from . import (
    buffers,
    builtins as handlers,
    bytecode,
    caches,
    construct,
    detours,
    elements,
    foreign,
    native,
    protocols,
    refusal,
    subclasses,
)
from .scalars import ACTIVE, NUMBERS

MODULES_TEXT = frozenset({  # what they make of a value is text, types or nothing: a step with derivative zero
    "logging", "warnings", "traceback", "json", "string", "textwrap", "re", "typing", "inspect", "abc", "unittest", "enum",
    "linecache", "tokenize", "ast", "dis", "pprint", "reprlib", "locale", "gettext", "importlib", "types", "weakref",
    "time", "threading", "_weakrefset", "tqdm", "queue", "atexit", "gc", "platform", "typing_extensions",
    "_pytest", "pluggy", "argparse", "selectors", "signal",
})
MODULES_OUTSIDE = frozenset({  # effects outside the program: an active value that enters is refused
    "os", "posixpath", "ntpath", "genericpath", "pathlib", "io", "codecs", "tempfile", "shutil", "glob", "fnmatch", "pickle",
    "copyreg", "multiprocessing", "subprocess", "socket", "urllib", "http", "email", "xml", "csv", "sqlite3", "zipfile",
    "hashlib", "uuid", "ctypes", "struct", "shelve", "dbm", "ssl", "mmap", "numba", "llvmlite", "matplotlib", "cffi",
})
LIBRARIES = frozenset({"numpy", "scipy"})
UNROLLED = frozenset({"undertow"})
FOLLOWED = ("undertow.rules", "undertow._demo", "undertow.testing")  # run programs, and bodies of rules
LIMIT = 4096
METHOD_OF_TYPE = type(re.compile("").match)  # a method that asks which class it is of

_all: weakref.WeakSet[Calls] = weakref.WeakSet()


def _forget(function: Any) -> None:
    for calls in list(_all):
        calls.forget(function)


_registry.on_change(_forget)


class Calls:
    """The callees of one interpreter."""

    def __init__(self, interpreter: Any) -> None:
        self.interpreter = interpreter
        self.functions: dict[int, tuple] = {}
        self.codes: dict[int, tuple[Any, CodeType]] = {}
        self.known: dict[int, tuple[Any, Any]] = {}
        self.array_methods: dict[str, Any] = {}
        self.accounts: dict[int, native.Account] = {}
        self.modules_seen = 0
        rules.load()
        self.handlers = handlers.make(interpreter)
        self.callee = self._make_callee()
        _all.add(self)

    def forget(self, function: Any) -> None:
        """A rule of `function` has changed."""
        self.known.pop(id(function), None)
        self.functions.pop(id(function), None)
        self.array_methods.clear()

    def refresh_rules(self) -> None:
        """Load the rules of libraries that have been imported since."""
        n = len(sys.modules)
        if n != self.modules_seen:
            self.modules_seen = n
            for name in list(rules.LAZY):
                if name in sys.modules:
                    rules.load_for(name)

    # ---- dispatch ----

    def _make_callee(self) -> Any:
        functions, known, interpreter = self.functions, self.known, self.interpreter
        resolve_function, resolve_builtin, resolve = self.function, self.builtin, self.resolve

        def callee(f: Any) -> Any:
            t = type(f)
            if t is FunctionType:
                entry = functions.get(id(f))
                if (entry is not None and entry[0] is f and entry[1] is f.__code__ and entry[2] is f.__defaults__
                        and entry[4] is f.__kwdefaults__):
                    return entry[3]
                constants = f.__code__.co_consts
                mark = constants[-1] if constants else None
                if type(mark) is Mark and mark.interpreter is interpreter:
                    return f
                return resolve_function(f)
            if t is MethodType:
                function = f.__func__
                entry = functions.get(id(function))
                if (entry is not None and entry[0] is function and entry[1] is function.__code__
                        and entry[2] is function.__defaults__ and entry[4] is function.__kwdefaults__):
                    new = entry[3]
                else:
                    new = callee(function)
                return f if new is function else MethodType(new, f.__self__)
            if t is BuiltinFunctionType:
                owner = f.__self__
                if owner is None or type(owner) is ModuleType:
                    entry = known.get(id(f))
                    return entry[1] if entry is not None and entry[0] is f else resolve(f)
                return resolve_builtin(f, owner)
            entry = known.get(id(f))
            if entry is not None and entry[0] is f:
                return entry[1]
            return resolve(f)

        return callee

    def remember(self, f: Any, action: Any) -> Any:
        if len(self.known) > LIMIT:
            self.known.clear()
        self.known[id(f)] = (f, action)
        return action

    def rule(self, f: Any) -> _registry.Rule | None:
        """The rule of a primitive, library rules loaded first."""
        self.refresh_rules()
        return _registry.lookup(f)

    def applied(self, rule: _registry.Rule) -> Any:
        """A function that applies a rule's primitive through the interpreter."""
        apply, f = self.interpreter.apply, rule.function
        if rule.kind == "substitute":
            return self.program(f, rule.pull)

        def primitive(*args: Any, **kwargs: Any) -> Any:
            return apply(rule, f, args, kwargs)

        return self.interpreter.short_cut(rule, primitive) or primitive

    def program(self, f: Any, substitute: Any) -> Any:
        """What runs in the place of a primitive: its program, or the primitive itself where only inactive data enters."""
        recorded, native, is_active = self.rewritten(substitute), foreign.guard(self.interpreter, f), self.interpreter.is_active
        if isinstance(f, type):  # an object made now may meet active values later
            return recorded

        def chosen(*args: Any, **kwargs: Any) -> Any:
            for x in (*args, *kwargs.values()):
                t = type(x)
                if t in NUMBERS or x is None or t is str or t is ndarray and x.dtype.kind != "O" and not is_active(x):
                    continue
                if isinstance(x, ndarray) and t is not ndarray and subclasses.asked_by(f, t):
                    return self.rewritten(f._implementation)(*args, **kwargs)
                return recorded(*args, **kwargs)
            return native(*args, **kwargs)

        return chosen

    # ---- Python functions ----

    def function(self, f: FunctionType) -> Any:
        """What is called in place of a Python function not met before."""
        mark = f.__code__.co_consts[-1] if f.__code__.co_consts else None
        if type(mark) is Mark:
            return self.rebind(f, mark)
        if type(mark) is detours.Detour:
            return self.callee(mark.original)
        handler = self.handlers.get(f)
        if handler is not None:
            return self.keep(f, handler)
        rule = self.rule(f)
        if rule is not None:
            return self.keep(f, self.applied(rule))
        package = (f.__module__ or f.__globals__.get("__name__") or "").partition(".")[0]
        if package in UNROLLED and not (f.__module__ or "").startswith(FOLLOWED):
            return f
        if package in MODULES_TEXT:
            return self.keep(f, foreign.text(self.interpreter, f))
        if package in MODULES_OUTSIDE:
            return self.keep(f, (foreign.compiler if package == "numba" else foreign.guard)(self.interpreter, f))
        if getattr(f, "__wrapped__", None) is not None and f.__code__.co_name == "public_api" and package in LIBRARIES:
            return self.callee(f.__wrapped__)
        new = self.rewritten(f)
        source = native.provider() if self.interpreter.takes_native else None
        if source is not None and type(new) is FunctionType and new is not f and source.candidate(f):
            account = self.accounts[id(f.__code__)] = native.account_of(f.__code__)
            new = native.joint(self.interpreter, account, f, new)
        if package in LIBRARIES:
            new = self.library(f, new)
        return self.keep(f, new) if f.__closure__ is None or new is f else new

    def keep(self, f: FunctionType, new: Any) -> Any:
        if len(self.functions) > LIMIT:
            self.functions.clear()
        self.functions[id(f)] = (f, f.__code__, f.__defaults__, new, f.__kwdefaults__)
        return new

    def rewritten(self, f: Any) -> Any:
        """The rewritten form of a Python function."""
        entry = self.functions.get(id(f))
        try:
            cached = self.codes.get(id(f.__code__))
            if cached is None:
                template = template_of(f)
                cached = self.codes[id(f.__code__)] = (f.__code__, self.interpreter.specialise(template.code, f.__code__))
        except SourceNotFound as error:
            del entry
            return foreign.sourceless(self.interpreter, f, str(error))
        return self.clone(f, cached[1])

    def prepare(self, f: Any) -> Any:
        """A rule body or another function of undertow's own, as this interpreter records it."""
        return self.rewritten(f) if type(f) is FunctionType and type(
            (f.__code__.co_consts or (None,))[-1]) is not Mark else self.callee(f)

    def clone(self, f: Any, code: CodeType) -> Any:
        closure = None
        if code.co_freevars:
            cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
            closure = tuple(cells[name] for name in code.co_freevars)
        new = FunctionType(code, f.__globals__, f.__name__, f.__defaults__, closure)
        new.__kwdefaults__ = f.__kwdefaults__
        new.__qualname__ = f.__qualname__
        new.__doc__ = f.__doc__
        new.__module__ = f.__module__
        new.__annotations__ = f.__annotations__
        if f.__dict__:
            new.__dict__.update(f.__dict__)
        return new

    def rebind(self, f: Any, mark: Mark) -> Any:
        """A function rewritten for another interpreter (a closure that outlived it, or an outer level)."""
        if mark.interpreter is self.interpreter:
            return f
        key = id(mark.template)
        cached = self.codes.get(key)
        if cached is None:
            cached = self.codes[key] = (mark.template, self.interpreter.specialise(mark.template, mark.original))
        return self.clone(f, cached[1])

    def rewritten_text(self, text: Any, mode: str) -> Any:
        """The argument of ``eval`` or ``exec``, rewritten."""
        if isinstance(text, CodeType):
            if type(text.co_consts[-1] if text.co_consts else None) is Mark:
                return text
            if bytecode.program(text) is None:
                raise self.interpreter.refuse(refusal.unsupported(
                    self.interpreter, f"{mode}() of a code object that cannot be interpreted",
                    "its source is not available, so it cannot be recorded", [f"pass the text: {mode}(text)"]))
            return bytecode.stand_in(self.interpreter, text, mode)
        template = template_of_text(text.decode() if isinstance(text, bytes) else text.strip() if mode == "eval" else text,
                                    mode)
        return self.interpreter.specialise(template, None)

    def library(self, f: Any, new: Any) -> Any:
        """A NumPy or SciPy function runs as it is while nothing recorded enters it."""
        quiet, below = self.quiet, self.interpreter.lower.callee(f)

        def library_function(*args: Any, **kwargs: Any) -> Any:
            for x in args:
                if not quiet(x):
                    return new(*args, **kwargs)
            for x in kwargs.values():
                if not quiet(x):
                    return new(*args, **kwargs)
            return below(*args, **kwargs)

        library_function.__wrapped__ = f  # type: ignore[attr-defined]  # whom `inspect` asks for the signature
        return library_function

    def quiet(self, x: Any) -> bool:
        """Whether `x` is plain data that is neither active nor referenced."""
        t = type(x)
        if t in NUMBERS or x is None or t is str or t is np.dtype or t is type or t is slice:
            return True
        if t is ndarray:
            return self.interpreter.memory.find(x) is None and x.dtype.kind != "O"
        if t is list or t is tuple:
            return all(map(self.quiet, x))
        if t is dict:
            return all(map(self.quiet, x.values()))
        return t is np.ufunc

    # ---- compiled functions, classes, other callables ----

    def builtin(self, f: Any, owner: Any) -> Any:
        """A bound method written in C."""
        t = type(owner)
        name = f.__name__
        if isinstance(owner, ndarray):
            method = self.array_methods.get(name)
            if method is None:
                method = self.array_methods[name] = self.array_method(name)
            return MethodType(method if t is ndarray else subclasses.method(self.interpreter, method, name), owner)
        if t in handlers.CONTAINERS:
            special = handlers.container_method(self.interpreter, f, name)
            return f if special is None else special
        if t in self.interpreter.scalars.own:
            return handlers.scalar_method(self.interpreter, f, owner, name)
        if t in NUMBERS:
            return f
        if t is memoryview:
            special = buffers.view_method(self.interpreter, owner, name)
            return f if special is None else special
        if t is caches.WRAPPER:
            special = caches.method(self.interpreter, owner, name)
            return f if special is None else special
        if owner in ACTIVE if isinstance(owner, type) else False:
            return self.callee(getattr(ACTIVE[owner], name))
        if isinstance(owner, type):
            return construct.class_method(self.interpreter, f, owner, name)
        descriptor = getattr(t, name, None)
        rule = self.rule(descriptor) if descriptor is not None else None
        if rule is not None and t is np.ufunc:
            return self.ufunc_method(f, MethodType(self.applied(rule), owner))
        if rule is not None:
            return MethodType(self.applied(rule), owner)
        home = getattr(descriptor, "__objclass__", None)  # of a subclass: who wrote the method
        if f.__qualname__.partition(".")[0] in handlers.CONTAINER_NAMES or isinstance(owner, BaseException) \
                or home is object or home in handlers.CONTAINERS or getattr(home, "__module__", "") == "_asyncio" \
                or self.inherited(owner, f, name):
            special = handlers.container_method(self.interpreter, f, name)
            return f if special is None else special
        rule = self.rule(f)  # functions of extension modules whose owner is not their module
        if rule is not None:
            return self.applied(rule)
        return foreign.guard(self.interpreter, f)

    @staticmethod
    def inherited(owner: Any, f: Any, name: str) -> bool:
        """Whether a method bound by ``super()`` is that of a builtin container."""
        for cls in type(owner).__mro__:
            if cls in handlers.CONTAINERS:
                found = cls.__dict__.get(name)
                return found is not None and found.__get__(owner, type(owner)) == f
        return False

    def unbound(self, f: Any, action: Any) -> Any:
        """``ndarray.copy(x)``: a subclass is served as in ``x.copy()``."""
        if type(f).__name__ != "method_descriptor" or f.__objclass__ is not ndarray or f in subclasses.TABLE:
            return action

        def call(x: Any, *args: Any, **kwargs: Any) -> Any:
            if type(x) is ndarray or not isinstance(x, ndarray):
                return action(x, *args, **kwargs)
            return self.builtin(f.__get__(x, type(x)), x)(*args, **kwargs)

        return call

    def ufunc_method(self, f: Any, method: Any) -> Any:
        """``np.add.reduce`` and the like: subclasses of arrays may answer themselves."""
        interpreter, own = self.interpreter, self.interpreter.scalars.own

        def call(*args: Any, **kwargs: Any) -> Any:
            if args and type(args[0]) is not ndarray and type(args[0]) not in own:
                result = subclasses.ufunc_method(interpreter, f, args, kwargs)
                if result is not NotImplemented:
                    return result
            return method(*args, **kwargs)

        return call

    def array_method(self, name: str) -> Any:
        """An ndarray method as a function of the array."""
        descriptor = getattr(ndarray, name)
        handler = self.handlers.get(descriptor)
        if handler is not None:
            return handler
        rule = self.rule(descriptor)
        if rule is not None:
            return self.applied(rule)
        return foreign.guard(self.interpreter, descriptor)

    def wrapped(self, f: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a compiled proxy that stands for a function and passes its calls on to a wrapper written in Python."""
        inner, instance = f.__wrapped__, getattr(f, "_self_instance", None)
        if instance is None and getattr(f, "_self_parent", None) is not None and f._self_binding == "function" and args:
            instance, *args = args  # type: ignore[assignment]  # taken from the class
            inner = functools.partial(inner, instance)
        enabled = f._self_enabled
        if enabled is not None and not (self.callee(enabled)() if callable(enabled) else enabled):
            return self.callee(inner)(*args, **kwargs)
        return self.callee(f._self_wrapper)(inner, instance, tuple(args), kwargs)

    def resolve(self, f: Any) -> Any:
        """Anything else that can be called."""
        interpreter = self.interpreter
        operator = getattr(type(f), "_under", None)
        if operator is not None:  # a derivative inside a derivative
            return functools.partial(operator, f, interpreter)
        known = not (protocols.overrides(type(f), "__hash__") or protocols.overrides(type(f), "__eq__"))
        try:
            handler = self.handlers.get(f) if known else None  # a lookup must not run the program's `__hash__`
        except TypeError:
            handler = None
        if handler is None and known and (rule := self.rule(f)) is not None:
            handler = self.applied(rule)
        if handler is not None:
            return self.remember(f, self.unbound(f, handler))
        if isinstance(f, type):
            return self.remember(f, construct.constructor(interpreter, f))
        t = type(f)
        if isinstance(f, np.ufunc):
            return self.remember(f, foreign.ufunc(interpreter, f))
        implementation = getattr(f, "_implementation", None)  # NumPy's dispatchers
        if implementation is not None and t.__module__.startswith("numpy"):
            return self.remember(f, foreign.dispatcher(interpreter, f, implementation))
        if t in handlers.BY_TYPE:
            return handlers.BY_TYPE[t](interpreter, f)
        if hasattr(f, "py_func") and t.__module__.partition(".")[0] == "numba":
            return foreign.jitted(interpreter, f)
        if hasattr(f, "gufunc_builder") and t.__module__.partition(".")[0] == "numba":
            return elements.compiled_pieces(interpreter, f, f.gufunc_builder)
        if hasattr(getattr(f, "_dispatcher", None), "py_func") and t.__module__.partition(".")[0] == "numba":
            return elements.compiled_elementwise(interpreter, f, f._dispatcher.py_func)
        if t is METHOD_OF_TYPE and not isinstance(f.__self__, ModuleType | None):  # as any bound method written in C
            return self.builtin(f, f.__self__)
        if t is BuiltinFunctionType or t is METHOD_OF_TYPE:
            if f in handlers.SAFE:
                return self.remember(f, f)
            if (f.__module__ or "").partition(".")[0] in MODULES_TEXT or f.__module__ == "sys":
                return self.remember(f, foreign.text(interpreter, f))
            return self.remember(f, foreign.guard(interpreter, f))
        if t.__name__ in ("method_descriptor", "wrapper_descriptor", "method-wrapper", "classmethod_descriptor",
                          "slot wrapper"):
            return handlers.descriptor(interpreter, f)
        call = protocols.special(t, "__call__")
        if call is not None and not protocols._is_c(call):
            if type(call) is FunctionType:
                return MethodType(self.callee(call), f)
            return self.callee(call.__get__(f, t))
        rule = self.rule(call) if call is not None else None
        if rule is not None:
            return MethodType(self.applied(rule), f)
        if hasattr(t, "_self_wrapper") and hasattr(t, "__wrapped__"):
            return functools.partial(self.wrapped, f)
        return foreign.guard(interpreter, f)
