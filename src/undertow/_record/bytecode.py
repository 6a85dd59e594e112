"""Python functions without source, run instruction by instruction with the hooks in place of the operations.

Generated code (signatures copied by decorators, `exec` and `eval` of text, lambdas of a shell, frozen modules) has no text
to rewrite, but its bytecode says all.  `runner` interprets it: slower than rewritten code by far, and as right.
Generators, coroutines and functions that handle exceptions are not interpreted; nor are instructions not listed here.
"""

from __future__ import annotations

import builtins
import dis
import inspect
import sys
import warnings
from types import CellType, CodeType, FunctionType
from typing import Any

NULL = type("Null", (), {"__repr__": lambda self: "<NULL>"})()
UNSET = type("Unset", (), {})()
HOOK_OF = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow", "@": "matmul", "//": "floordiv", "%": "mod",
           "&": "and_", "|": "or_", "^": "xor", "<<": "lshift", ">>": "rshift"}
COMPARE = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
NOTHING = frozenset({"RESUME", "NOP", "CACHE", "EXTENDED_ARG", "PRECALL", "COPY_FREE_VARS", "END_FOR",
                     "NOT_TAKEN", "SETUP_ANNOTATIONS"})
CONVERSIONS = {0: lambda v: v, 1: str, 2: repr, 3: ascii}
_programs: dict[int, tuple[CodeType, tuple | None]] = {}


def program(code: CodeType) -> tuple | None:
    """``(instructions, position by offset)``, or None where the code cannot be interpreted."""
    found = _programs.get(id(code))
    if found is None:
        found = _programs[id(code)] = (code, _decode(code))
    return found[1]


def _decode(code: CodeType) -> tuple | None:
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        return None
    instructions, places = [], {}
    for i in dis.get_instructions(code):
        places[i.offset] = len(instructions)
        if i.opname not in NOTHING and not hasattr(Frame, i.opname):
            if i.opname != "RERAISE":  # what follows it is never reached without a handler
                return None
        instructions.append((i.opname, i.arg, i.argval))
    return instructions, places


def runner(interpreter: Any, f: FunctionType) -> Any:
    """A function that interprets `f`, or None."""
    if program(f.__code__) is None:
        return None
    signature = inspect.Signature.from_callable(f, follow_wrapped=False)

    def interpreted(*args: Any, **kwargs: Any) -> Any:
        code = f.__code__
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{f.__name__}() {error}") from None
        bound.apply_defaults()
        fast = {f".{k[8:]}" if k.startswith("implicit") else k: v for k, v in bound.arguments.items()}  # ".0": comprehensions
        cells = dict(zip(code.co_freevars, f.__closure__ or (), strict=True))
        return Frame(interpreter, code, f.__globals__, fast, cells).run()

    return interpreted


def run_code(interpreter: Any, code: CodeType, names: dict, local_names: Any) -> Any:
    """Interpret a code object of ``eval`` or ``exec`` in the namespaces it was given."""
    return Frame(interpreter, code, names, {}, {}, local_names).run()


def stand_in(interpreter: Any, code: CodeType, mode: str) -> CodeType:
    """A code object that interprets `code` in the namespaces that ``eval`` or ``exec`` gives it."""
    parts = {"run": lambda names, local_names: run_code(interpreter, code, names, local_names), "globals": globals,
             "locals": locals}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        shell = compile("'run'('globals'(), 'locals'())", "<undertow>", mode)
    return shell.replace(co_consts=tuple(parts.get(c, c) if type(c) is str else c for c in shell.co_consts))


class Frame:
    """One activation: a stack, names, cells, and a method for each instruction."""

    def __init__(self, interpreter: Any, code: CodeType, names: dict, fast: dict, cells: dict, local_names: Any = None):
        self.interpreter, self.hooks, self.code = interpreter, interpreter.hooks, code
        self.globals, self.fast, self.cells, self.names = names, fast, cells, local_names
        found = names.get("__builtins__", builtins)
        self.builtins = found if isinstance(found, dict) else vars(found)
        self.stack: list[Any] = []
        self.keywords: tuple = ()
        self.at = 0
        self.result: Any = UNSET
        self.first = code.co_varnames[0] if code.co_argcount else None

    def run(self) -> Any:
        """Execute until the function returns."""
        instructions, self.places = program(self.code) or ((), {})
        while True:
            name, arg, value = instructions[self.at]
            self.at += 1
            if name not in NOTHING:
                getattr(self, name)(arg, value)
                if self.result is not UNSET:
                    return self.result

    def pops(self, n: int) -> list:
        """The `n` topmost values, in order."""
        if n == 0:
            return []
        values = self.stack[-n:]
        del self.stack[-n:]
        return values

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def jump(self, offset: int) -> None:
        self.at = self.places[offset]

    # ---- names ----

    def read(self, name: str) -> Any:
        if name in self.cells:
            try:
                return self.cells[name].cell_contents
            except ValueError:
                raise NameError(f"cannot access free variable '{name}'") from None
        try:
            return self.fast[name]
        except KeyError:
            raise UnboundLocalError(f"cannot access local variable '{name}' where it is not associated with a value") from None

    def write(self, name: str, value: Any) -> None:
        if name in self.cells:
            self.cells[name].cell_contents = value
        else:
            self.fast[name] = value

    def LOAD_FAST(self, arg, name):  # of a name kept in a cell: the cell itself, for a closure
        self.push(self.cells[name] if name in self.cells else self.read(name))

    LOAD_FAST_CHECK = LOAD_CLOSURE = LOAD_FAST_BORROW = LOAD_FAST

    def LOAD_DEREF(self, arg, name):
        self.push(self.read(name))

    def LOAD_FAST_LOAD_FAST(self, arg, names):
        self.LOAD_FAST(0, names[0])
        self.LOAD_FAST(0, names[1])

    def LOAD_FAST_AND_CLEAR(self, arg, name):
        self.push(self.cells.pop(name) if name in self.cells else self.fast.pop(name, UNSET))

    def MAKE_CELL(self, arg, name):
        self.cells[name] = CellType(self.fast.pop(name)) if name in self.fast else CellType()

    def STORE_FAST(self, arg, name):
        value = self.stack.pop()
        if type(value) is CellType:
            self.cells[name] = value
        elif value is UNSET:
            self.cells.pop(name, None)
            self.fast.pop(name, None)
        else:
            self.write(name, value)

    STORE_DEREF = STORE_FAST

    def STORE_FAST_STORE_FAST(self, arg, names):
        self.STORE_FAST(0, names[0])
        self.STORE_FAST(0, names[1])

    def STORE_FAST_LOAD_FAST(self, arg, names):
        self.STORE_FAST(0, names[0])
        self.LOAD_FAST(0, names[1])

    def DELETE_FAST(self, arg, name):
        del self.fast[name]

    def LOAD_GLOBAL(self, arg, name):
        if arg & 1:
            self.push(NULL)
        self.push(self.from_module(name))

    def from_module(self, name: str) -> Any:
        if name in self.globals:
            return self.globals[name]
        try:
            return self.builtins[name]
        except KeyError:
            raise NameError(f"name '{name}' is not defined") from None

    def LOAD_NAME(self, arg, name):
        try:
            self.push(self.names[name])
        except (KeyError, TypeError):
            self.push(self.from_module(name))

    def STORE_NAME(self, arg, name):
        self.names[name] = self.stack.pop()

    def DELETE_NAME(self, arg, name):
        del self.names[name]

    def STORE_GLOBAL(self, arg, name):
        self.globals[name] = self.stack.pop()

    def LOAD_CONST(self, arg, value):
        self.push(value)

    def LOAD_ASSERTION_ERROR(self, arg, value):
        self.push(AssertionError)

    def LOAD_BUILD_CLASS(self, arg, value):
        self.push(builtins.__build_class__)

    def IMPORT_NAME(self, arg, name):
        level, names = self.pops(2)
        self.push(builtins.__import__(name, self.globals, None, names, level))

    def IMPORT_FROM(self, arg, name):
        module = self.stack[-1]
        try:
            self.push(getattr(module, name))
        except AttributeError:
            self.push(sys.modules[f"{module.__name__}.{name}"])

    # ---- stack ----

    def POP_TOP(self, arg, value):
        self.stack.pop()

    END_SEND = POP_TOP

    def PUSH_NULL(self, arg, value):
        self.push(NULL)

    def COPY(self, arg, value):
        self.push(self.stack[-arg])

    def SWAP(self, arg, value):
        self.stack[-1], self.stack[-arg] = self.stack[-arg], self.stack[-1]

    # ---- operations ----

    def BINARY_OP(self, arg, value):
        a, b = self.pops(2)
        symbol = dis._nb_ops[arg][1]  # type: ignore[attr-defined]
        if symbol == "[]":
            self.push(self.hooks["getitem"](a, b))
        elif symbol.endswith("="):
            self.push(self.hooks["i" + HOOK_OF[symbol[:-1]].rstrip("_")](a, b))
        else:
            self.push(self.hooks[HOOK_OF[symbol]](a, b))

    def UNARY_NEGATIVE(self, arg, value):
        self.push(self.hooks["neg"](self.stack.pop()))

    def UNARY_POSITIVE(self, arg, value):
        self.push(self.hooks["pos"](self.stack.pop()))

    def UNARY_INVERT(self, arg, value):
        self.push(self.hooks["invert"](self.stack.pop()))

    def truth(self) -> bool:
        return bool(self.hooks["truth"](self.stack.pop()))

    def UNARY_NOT(self, arg, value):
        self.push(not self.truth())

    def TO_BOOL(self, arg, value):
        self.push(self.truth())

    def COMPARE_OP(self, arg, symbol):
        a, b = self.pops(2)
        self.push(self.hooks[COMPARE[symbol]](a, b))

    def CONTAINS_OP(self, arg, value):
        a, b = self.pops(2)
        self.push(self.hooks["not_contains" if arg else "contains"](a, b))

    def IS_OP(self, arg, value):
        a, b = self.pops(2)
        self.push((a is b) != bool(arg))

    def BINARY_SUBSCR(self, arg, value):
        self.push(self.hooks["getitem"](*self.pops(2)))

    def BINARY_SLICE(self, arg, value):
        a, start, stop = self.pops(3)
        self.push(self.hooks["getitem"](a, slice(start, stop)))

    def STORE_SLICE(self, arg, value):
        value, a, start, stop = self.pops(4)
        self.hooks["setitem"](value, a, slice(start, stop))

    def STORE_SUBSCR(self, arg, value):
        self.hooks["setitem"](*self.pops(3))

    def DELETE_SUBSCR(self, arg, value):
        self.hooks["delitem"](*self.pops(2))

    def LOAD_ATTR(self, arg, name):
        value = self.interpreter.hook("attr." + name)(self.stack.pop())
        if sys.version_info >= (3, 12) and arg & 1:
            self.push(NULL)
        self.push(value)

    def LOAD_METHOD(self, arg, name):
        value = self.interpreter.hook("attr." + name)(self.stack.pop())
        self.push(NULL)
        self.push(value)

    def LOAD_SUPER_ATTR(self, arg, name):
        kind, cls, x = self.pops(3)
        value = self.interpreter.hook("attr." + name)(kind(cls, x))
        if arg & 1:
            self.push(NULL)
        self.push(value)

    def STORE_ATTR(self, arg, name):
        value, x = self.pops(2)
        self.hooks["setattr"](value, x, name)

    def DELETE_ATTR(self, arg, name):
        delattr(self.stack.pop(), name)

    # ---- calls ----

    def KW_NAMES(self, arg, names):
        self.keywords = names if isinstance(names, tuple) else self.code.co_consts[arg]

    def CALL(self, arg, value):
        args = self.pops(arg)
        keywords, self.keywords = self.keywords, ()
        n = len(args) - len(keywords)
        self.call(args[:n], dict(zip(keywords, args[n:], strict=True)))

    def CALL_KW(self, arg, value):
        self.keywords = self.stack.pop()
        self.CALL(arg, value)

    def CALL_FUNCTION_EX(self, arg, value):
        kwargs = self.stack.pop() if arg is None or arg & 1 else {}
        args = self.stack.pop()
        self.call(list(self.hooks["iterate"](args)), {} if kwargs is NULL else dict(kwargs))

    def call(self, args: list, kwargs: dict) -> None:
        a, b = self.pops(2)
        if a is NULL or b is NULL:
            f = b if a is NULL else a
        else:
            f, args = a, [b, *args]
        if f is super and not args:
            args = [self.cells["__class__"].cell_contents, self.read(self.first)]  # type: ignore[arg-type]
        if f is globals:
            self.push(self.globals)
        elif f is locals and not args:
            self.push(self.names if self.names is not None else dict(self.fast))
        else:
            self.push(self.interpreter.callee(f)(*args, **kwargs))

    def MAKE_FUNCTION(self, arg, value):
        code = self.stack.pop()
        flags = arg or 0
        closure = self.stack.pop() if flags & 8 else None
        if flags & 4:
            self.stack.pop()
        kwdefaults = self.stack.pop() if flags & 2 else None
        defaults = self.stack.pop() if flags & 1 else None
        if closure is None and code.co_freevars:  # set by an instruction of its own
            closure = tuple(CellType() for _ in code.co_freevars)
        f = FunctionType(code, self.globals, code.co_name, defaults, closure)
        f.__kwdefaults__ = kwdefaults
        f.__qualname__ = code.co_qualname
        self.push(f)

    def SET_FUNCTION_ATTRIBUTE(self, arg, value):
        value, f = self.pops(2)
        if arg == 8:
            new = FunctionType(f.__code__, f.__globals__, f.__name__, f.__defaults__, value)
            new.__kwdefaults__, new.__qualname__ = f.__kwdefaults__, f.__qualname__
            f = new
        elif arg in (1, 2):
            setattr(f, "__defaults__" if arg == 1 else "__kwdefaults__", value)
        self.push(f)

    def CALL_INTRINSIC_1(self, arg, value):
        if arg == 5:
            self.push(self.hooks["pos"](self.stack.pop()))
        elif arg == 6:
            self.push(tuple(self.stack.pop()))
        else:
            raise NotImplementedError(f"intrinsic {arg}")

    # ---- containers and text ----

    def BUILD_TUPLE(self, arg, value):
        self.push(tuple(self.pops(arg)))

    def BUILD_LIST(self, arg, value):
        self.push(self.pops(arg))

    def BUILD_SET(self, arg, value):
        self.push(set(self.pops(arg)))

    def BUILD_MAP(self, arg, value):
        values = self.pops(2 * arg)
        self.push(dict(zip(values[::2], values[1::2], strict=True)))

    def BUILD_CONST_KEY_MAP(self, arg, value):
        keys = self.stack.pop()
        self.push(dict(zip(keys, self.pops(arg), strict=True)))

    def BUILD_STRING(self, arg, value):
        self.push("".join(self.pops(arg)))

    def BUILD_SLICE(self, arg, value):
        self.push(slice(*self.pops(arg)))

    def LIST_TO_TUPLE(self, arg, value):
        self.push(tuple(self.stack.pop()))

    def LIST_EXTEND(self, arg, value):
        items = self.stack.pop()
        self.stack[-arg].extend(self.hooks["iterate"](items))

    def LIST_APPEND(self, arg, value):
        item = self.stack.pop()
        self.stack[-arg].append(item)

    def SET_UPDATE(self, arg, value):
        items = self.stack.pop()
        self.stack[-arg].update(self.hooks["iterate"](items))

    def SET_ADD(self, arg, value):
        item = self.stack.pop()
        self.stack[-arg].add(item)

    def MAP_ADD(self, arg, value):
        key, item = self.pops(2)
        self.stack[-arg][key] = item

    def DICT_UPDATE(self, arg, value):
        items = self.stack.pop()
        self.stack[-arg].update(items)

    DICT_MERGE = DICT_UPDATE

    def UNPACK_SEQUENCE(self, arg, value):
        items = list(self.hooks["iterate"](self.stack.pop()))
        if len(items) != arg:
            few = len(items) < arg
            raise ValueError(f"not enough values to unpack (expected {arg}, got {len(items)})" if few
                             else f"too many values to unpack (expected {arg})")
        self.stack.extend(reversed(items))

    def UNPACK_EX(self, arg, value):
        before, after = arg & 0xFF, arg >> 8
        items = list(self.hooks["iterate"](self.stack.pop()))
        if len(items) < before + after:
            raise ValueError(f"not enough values to unpack (expected at least {before + after}, got {len(items)})")
        end = len(items) - after
        self.stack.extend(reversed([*items[:before], items[before:end], *items[end:]]))

    def FORMAT_VALUE(self, arg, value):
        spec = self.stack.pop() if arg & 4 else ""
        self.push(format(CONVERSIONS[arg & 3](self.stack.pop()), spec))

    def FORMAT_SIMPLE(self, arg, value):
        self.push(format(self.stack.pop()))

    def FORMAT_WITH_SPEC(self, arg, value):
        self.push(format(*self.pops(2)))

    def CONVERT_VALUE(self, arg, value):
        self.push(CONVERSIONS[arg](self.stack.pop()))

    # ---- control ----

    def GET_ITER(self, arg, value):
        self.push(iter(self.hooks["iterate"](self.stack.pop())))

    def FOR_ITER(self, arg, target):
        try:
            self.push(next(self.stack[-1]))
        except StopIteration:
            self.stack.pop()
            self.jump(target)
            instructions = program(self.code)[0]  # type: ignore[index]
            if instructions[self.at][0] == "END_FOR":
                self.at += 2 if sys.version_info >= (3, 13) else 1  # there a POP_TOP belongs to it

    def JUMP_FORWARD(self, arg, target):
        self.jump(target)

    JUMP_BACKWARD = JUMP_BACKWARD_NO_INTERRUPT = JUMP_ABSOLUTE = JUMP_FORWARD

    def POP_JUMP_IF_FALSE(self, arg, target):
        if not self.truth():
            self.jump(target)

    def POP_JUMP_IF_TRUE(self, arg, target):
        if self.truth():
            self.jump(target)

    def POP_JUMP_IF_NONE(self, arg, target):
        if self.stack.pop() is None:
            self.jump(target)

    def POP_JUMP_IF_NOT_NONE(self, arg, target):
        if self.stack.pop() is not None:
            self.jump(target)

    POP_JUMP_FORWARD_IF_FALSE = POP_JUMP_BACKWARD_IF_FALSE = POP_JUMP_IF_FALSE
    POP_JUMP_FORWARD_IF_TRUE = POP_JUMP_BACKWARD_IF_TRUE = POP_JUMP_IF_TRUE
    POP_JUMP_FORWARD_IF_NONE = POP_JUMP_BACKWARD_IF_NONE = POP_JUMP_IF_NONE
    POP_JUMP_FORWARD_IF_NOT_NONE = POP_JUMP_BACKWARD_IF_NOT_NONE = POP_JUMP_IF_NOT_NONE

    def JUMP_IF_FALSE_OR_POP(self, arg, target):
        if self.hooks["truth"](self.stack[-1]):
            self.stack.pop()
        else:
            self.jump(target)

    def JUMP_IF_TRUE_OR_POP(self, arg, target):
        if self.hooks["truth"](self.stack[-1]):
            self.jump(target)
        else:
            self.stack.pop()

    def RETURN_VALUE(self, arg, value):
        self.result = self.stack.pop()

    def RETURN_CONST(self, arg, value):
        self.result = value

    def RAISE_VARARGS(self, arg, value):
        values = self.pops(arg)
        error = values[0]
        error = self.interpreter.callee(error)() if isinstance(error, type) else error
        if arg == 2:
            raise error from values[1]
        raise error
