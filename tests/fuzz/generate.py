"""Random mutating NumPy programs as source text.

A program takes two vectors, a matrix and a number. Its statements make views and copies, write through them in many
forms, loop, branch on values, keep arrays in lists and call helper functions that change their arguments. Shapes are
known while the text is made, so every program runs.
"""

from __future__ import annotations

import hashlib
import linecache
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from corpus import Case
from corpus._case import make, mat, vec
from hypothesis import strategies as st

HELPERS = '''
def bump(a, s):
    a[0] = a[-1] * s
    return a[0] + s


def smooth(a):
    b = a.copy()
    b[1:] += 0.5 * a[:-1]
    a[:] = np.tanh(b)
    return b


def pair(a, b):
    return a[:1] * b[:1], [a, b]
'''


class Writer:
    """Draws statements and remembers the shapes of the variables."""

    def __init__(self, draw: Callable) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.depth = 1
        self.arrays: dict[str, tuple[int, ...]] = {"x": (6,), "y": (4,), "m": (3, 4)}
        self.scalars = ["s"]
        self.count = 0

    def pick(self, options: list | tuple) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def whole(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def emit(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    # ---- expressions ----

    def scalar(self, depth: int = 0) -> str:
        kind = self.whole(0, 6 if depth < 2 else 2)
        if kind == 0:
            return self.pick(["0.5", "1.5", "-0.7"])
        if kind == 1:
            return self.pick(self.scalars)
        if kind == 2:
            name = self.pick(sorted(self.arrays))
            return f"{name}[{', '.join(str(self.whole(-n, n - 1)) for n in self.arrays[name])}]"
        if kind == 3:
            return f"({self.scalar(depth + 1)} {self.pick('+-*')} {self.scalar(depth + 1)})"
        if kind == 4:
            return f"math.{self.pick(['sin', 'tanh', 'cos'])}({self.scalar(depth + 1)})"
        if kind == 5:
            return f"np.sin({self.pick(sorted(self.arrays))}).{self.pick(['sum', 'mean', 'max', 'min'])}()"
        return f"{self.pick(['max', 'min'])}({self.scalar(depth + 1)}, {self.scalar(depth + 1)})"

    def of_shape(self, shape: tuple[int, ...], depth: int = 0) -> str:
        """An expression that broadcasts to `shape`."""
        kind = self.whole(0, 6 if depth < 2 else 2)
        if kind == 0:
            return self.scalar(depth)
        if kind <= 2:
            return self.view_of_shape(shape)
        if kind == 3:
            return f"({self.of_shape(shape, depth + 1)} {self.pick('+-*')} {self.of_shape(shape, depth + 1)})"
        if kind == 4:
            function = self.pick(["sin", "tanh", "cos", "abs", "square", "negative"])
            return f"np.{function}({self.of_shape(shape, depth + 1)})"
        if kind == 5:
            condition, chosen = self.view_of_shape(shape), self.view_of_shape(shape)
            return f"np.where({condition} > {self.pick(['0.1', '-0.2'])}, {chosen}, 0.3)"
        return f"np.maximum({self.view_of_shape(shape)}, {self.scalar(depth + 1)})"

    def view_of_shape(self, shape: tuple[int, ...]) -> str:
        """Part of some array, exactly of `shape`, or a scalar where none fits."""
        if len(shape) == 1:
            options = []
            for name, own in sorted(self.arrays.items()):
                n, total = shape[0], math.prod(own)
                if len(own) == 1 and own[0] == n:
                    options += [name, f"{name}[::-1]"]
                if len(own) == 1 and own[0] > n:
                    start = self.whole(0, own[0] - n)
                    options.append(f"{name}[{start}:{start + n}]")
                if len(own) == 1 and own[0] == 2 * n:
                    options.append(f"{name}[::2]")
                if len(own) == 2 and own[1] == n:
                    options += [f"{name}[{self.whole(-own[0], own[0] - 1)}]", f"{name}.sum(axis=0)"]
                if len(own) == 2 and own[0] == n:
                    options += [f"{name}[:, {self.whole(0, own[1] - 1)}]", f"{name}.T[0]"]
                if len(own) == 2 and total > n:
                    options.append(f"{name}.ravel()[{total - n}:]")
                if len(own) == 1:
                    options.append(f"{name}[[{', '.join(str(self.whole(0, own[0] - 1)) for _ in range(n))}]]")
            return self.pick(options) if options else self.scalar(1)
        options = [name for name, own in sorted(self.arrays.items()) if own == shape]
        options += [f"{name}.T" for name, own in sorted(self.arrays.items()) if own == shape[::-1]]
        options += [f"{name}.reshape({shape[0]}, {shape[1]})" for name, own in sorted(self.arrays.items())
                    if math.prod(own) == math.prod(shape)]
        return self.pick(options) if options else self.scalar(1)

    # ---- statements ----

    def target(self) -> tuple[str, tuple[int, ...]]:
        """Something that can be written to, with its shape."""
        name = self.pick(sorted(self.arrays))
        shape = self.arrays[name]
        if len(shape) == 1:
            n = shape[0]
            start = self.whole(0, n - 1)
            stop = self.whole(start + 1, n)
            step = self.pick([1, 1, 2])
            return self.pick([
                (name + "[:]", shape), (f"{name}[{start}:{stop}]", (stop - start,)), (f"{name}[{start}]", ()),
                (f"{name}[{start}::{step}]", (len(range(start, n, step)),)), (f"{name}[::-1]", shape),
                (f"{name}[[{start}, {(start + 1) % n}]]" if n > 1 else f"{name}[:]", (2,) if n > 1 else shape)])
        i, j = self.whole(0, shape[0] - 1), self.whole(0, shape[1] - 1)
        return self.pick([(f"{name}[...]", shape), (f"{name}[{i}]", shape[1:]), (f"{name}[:, {j}]", shape[:1]),
                          (f"{name}.T[{j}]", shape[:1]), (f"{name}.flat[{i}]", ()), (f"{name}[{i}, {j}]", ()),
                          (f"{name}[{i}:, 1:]", (shape[0] - i, shape[1] - 1))])

    def store(self) -> None:
        target, shape = self.target()
        value = self.of_shape(shape) if shape else self.scalar()
        operator = self.pick(["=", "=", "+=", "*=", "-="])
        if operator == "=" and ".flat[" in target:
            value = self.scalar()
        self.emit(f"{target} {operator} {value}")

    def whole_array(self) -> None:
        name = self.pick(sorted(self.arrays))
        shape = self.arrays[name]
        e = self.of_shape(shape)
        self.emit(self.pick([
            f"{name} += {e}", f"{name} *= 0.5", f"np.sin({name}, out={name})", f"np.multiply({name}, {e}, out={name})",
            f"{name}.fill({self.scalar()})", f"np.copyto({name}, {e})", f"{name}[{name} > 0.2] = {self.scalar()}",
            f"{name}[{name} < 0] *= {self.scalar()}", f"{name}.sort()", f"np.clip({name}, -0.6, 0.7, out={name})",
            f"np.add.at({name}.reshape(-1), [0, -1, 0], {self.scalar()})", f"np.putmask({name}, {name} > 0.4, 0.1)",
            f"np.put({name}, [0, -1], {self.scalar()})"]))

    def new_array(self) -> None:
        shape = self.pick(sorted(set(self.arrays.values())))
        name = self.fresh("a")
        e, view = self.of_shape(shape), self.view_of_shape(shape)
        dims = ", ".join(map(str, shape))
        text = self.pick([f"np.zeros(({dims},)) + {e}", f"np.array({view}) * np.ones(({dims},))",
                          f"np.empty(({dims},))", f"np.sin({e}) + np.zeros(({dims},))"])
        self.emit(f"{name} = {text}")
        if "empty" in text:
            self.emit(f"{name}[...] = {e}")
        self.arrays[name] = shape

    def new_view(self) -> None:
        source = self.pick(sorted(self.arrays))
        shape = self.arrays[source]
        name = self.fresh("v")
        if len(shape) == 1:
            n = shape[0]
            start = self.whole(0, n - 1)
            options = [(f"{source}[{start}:]", (n - start,)), (f"{source}[::-1]", shape), (source, shape),
                       (f"{source}[::2]", ((n + 1) // 2,)), (f"np.asarray({source})", shape),
                       (f"{source}.copy()", shape)]
            if n % 2 == 0:
                options.append((f"{source}.reshape(2, {n // 2})", (2, n // 2)))
        else:
            options = [(f"{source}.T", shape[::-1]), (f"{source}[1:]", (shape[0] - 1, shape[1])),
                       (f"{source}[0]", shape[1:]),
                       (f"{source}[:, ::-1]", shape), (f"{source}.reshape(-1)", (math.prod(shape),)),
                       (f"{source}.flatten()", (math.prod(shape),))]
        text, own = self.pick([(t, s) for t, s in options if min(s) > 0])
        self.emit(f"{name} = {text}")
        self.arrays[name] = own

    def new_scalar(self) -> None:
        value = self.scalar()
        if self.draw(st.booleans()) and self.scalars:
            self.emit(f"{self.pick(self.scalars)} {self.pick(['+=', '*=', '='])} {value}")
        else:
            name = self.fresh("s")
            self.emit(f"{name} = {value}")
            self.scalars.append(name)

    def call(self) -> None:
        name = self.pick(sorted(n for n, s in self.arrays.items() if len(s) == 1))
        result = self.fresh("c")
        kind = self.whole(0, 2)
        if kind == 0:
            self.emit(f"{result} = bump({name}, {self.scalar()})")
            self.scalars.append(result)
        elif kind == 1:
            self.emit(f"{result} = smooth({name})")
            self.arrays[result] = self.arrays[name]
        else:
            other = self.pick(sorted(n for n, s in self.arrays.items() if len(s) == 1))
            self.emit(f"{result}, _rest = pair({name}, {other})")
            self.emit("_rest[1][0] = _rest[0][-1] * 0.5")
            self.arrays[result] = (1,)

    def block(self, size: int) -> None:
        """An indented block; variables made inside do not outlive it."""
        arrays, scalars = dict(self.arrays), list(self.scalars)
        self.depth += 1
        for _ in range(size):
            self.statement(compound=self.depth < 3)
        self.depth -= 1
        self.arrays, self.scalars = arrays, scalars

    def compound(self) -> None:
        kind = self.whole(0, 4)
        if kind == 0:
            self.emit(f"for i in range({self.whole(1, 3)}):")
        elif kind == 1:
            self.emit(f"if {self.scalar()} > {self.pick(['0.05', '-0.15'])}:")
        elif kind == 2:
            names = [self.pick(sorted(self.arrays)) for _ in range(2)]
            self.emit(f"for item in [{', '.join(names)}]:")
            self.depth += 1
            self.emit(f"item *= {self.scalar()}")
            self.emit(f"item[0] += {self.scalar()}")
            self.depth -= 1
            return
        elif kind == 3:
            counter = self.fresh("n")
            self.emit(f"{counter} = 0")
            self.emit(f"while {counter} < 2 and {self.scalar()} < 3.0:")
            self.depth += 1
            self.emit(f"{counter} += 1")
            self.depth -= 1
        else:
            self.emit("try:")
            self.block(1)
            self.depth += 1
            self.emit("raise KeyError")
            self.depth -= 1
            self.emit("except KeyError:")
        self.block(self.whole(1, 2))
        if kind == 1 and self.draw(st.booleans()):
            self.emit("else:")
            self.block(1)

    def statement(self, compound: bool = True) -> None:
        options = [self.store] * 4 + [self.whole_array] * 3 + [self.new_array, self.new_view, self.new_view,
                                                                 self.new_scalar, self.call]
        if compound:
            options += [self.compound] * 2
        self.pick(options)()

    def program(self) -> str:
        for _ in range(self.whole(2, 9)):
            self.statement()
        sums = [f"(np.cos({a}) * {k + 1}.0).sum()" for k, a in enumerate(sorted(self.arrays))]
        total = " + ".join(sums + self.scalars)
        self.emit(f"return {total}")
        return "def program(x, y, m, s):\n" + "\n".join(self.lines) + "\n"


@st.composite
def programs(draw: Callable) -> str:
    """Source text of a program."""
    return Writer(draw).program()


def case_of(source: str) -> Case:
    """The program as a case, its source registered where tracebacks and `inspect` find it."""
    text = "import math\n\nimport numpy as np\n\n" + HELPERS + "\n\n" + source
    filename = f"<fuzz {hashlib.sha256(text.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": "fuzzed"}
    exec(compile(text, filename, "exec"), namespace)
    arguments = (vec(6), vec(4), mat(3, 4), make(lambda rng: float(rng.uniform(-1, 1))))
    return Case(f"fuzz.{filename}", namespace["program"], arguments)


def is_tame(case: Case) -> bool:
    """Whether the program's values stay of a size where differences mean something."""
    arguments = case.arguments()
    with np.errstate(all="ignore"):
        value = case.function(*arguments)
    return all(np.all(np.isfinite(a)) and np.max(np.abs(a), initial=0.0) < 1e3 for a in (value, *arguments))
