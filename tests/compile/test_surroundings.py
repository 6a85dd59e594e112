"""What a compiled program finds outside itself may change between calls: native code sees it, or is made anew."""

from __future__ import annotations

import linecache

import numpy as np
import pytest
from harness.interpreted import run

import undertow as ut
from undertow._compile import variant

SOURCE = """
def f(x, options={"scale": 2.0}):
    total = 0.0
    for v in NUMBERS:
        total += v * x
    for i in range(TABLE["n"]):
        total += x * TABLE["k"]
    deep = TABLE["deep"]["w"][1] * OBJECT.a * OBJECT.gain
    return total + x * deep + x * TABLE["arr"].sum() + x * options["scale"]
"""


@pytest.fixture(autouse=True)
def interpreted(monkeypatch):
    """Generated code is run by Python."""
    def made(source, name, *rest):
        return lambda *args: tuple(np.asarray(x) if isinstance(x, np.ndarray) else x for x in run(source, name, *args))

    monkeypatch.setattr(variant, "compile_source", made)


class Thing:
    gain = 1.0

    def __init__(self):
        self.a = 2.0


def surroundings(name):
    """The program in surroundings of its own."""
    class Own(Thing):
        gain = 1.5

    space = {"TABLE": {"k": 2.0, "n": 3, "deep": {"w": [1.0, 2.0]}, "arr": np.array([1.0, 2.0])},
             "NUMBERS": [1.0, 2.0, 3.0], "OBJECT": Own(), "Own": Own}
    file = f"<surroundings {name}>"
    linecache.cache[file] = (len(SOURCE), None, SOURCE.splitlines(True), file)
    exec(compile(SOURCE, file, "exec"), space)
    return space


CHANGES = {
    "number": lambda s: s["TABLE"].update(k=5.0), "count": lambda s: s["TABLE"].update(n=5),
    "type": lambda s: s["TABLE"].update(k=5), "append": lambda s: s["NUMBERS"].append(7.0),
    "item": lambda s: s["NUMBERS"].__setitem__(0, 9.0), "other list": lambda s: s.update(NUMBERS=[4.0]),
    "tuple": lambda s: s.update(NUMBERS=(4.0, 5.0)), "deep": lambda s: s["TABLE"]["deep"]["w"].__setitem__(1, 4.0),
    "other deep": lambda s: s["TABLE"].update(deep={"w": [0.0, 3.0]}), "more": lambda s: s["TABLE"].update(z=1.0),
    "array": lambda s: s["TABLE"].update(arr=np.array([3.0])), "longer": lambda s: s["TABLE"].update(arr=np.arange(5.0)),
    "in place": lambda s: s["TABLE"]["arr"].__setitem__(0, 8.0), "attribute": lambda s: setattr(s["OBJECT"], "a", 3.0),
    "class": lambda s: setattr(s["Own"], "gain", 2.0), "instance": lambda s: setattr(s["OBJECT"], "gain", 7.0),
    "base": lambda s: delattr(s["Own"], "gain"), "object": lambda s: s.update(OBJECT=Thing()),
    "default": lambda s: s["f"].__defaults__[0].update(scale=4.0), "defaults": lambda s: setattr(
        s["f"], "__defaults__", ({"scale": 6.0},))}


@pytest.mark.parametrize("name", CHANGES)
def test_change(name):
    space = surroundings(name)
    f = space["f"]
    gradient = ut.grad(f, tier="compile")
    assert gradient(1.5) == pytest.approx(f(1.0))
    CHANGES[name](space)
    assert gradient(1.5) == pytest.approx(f(1.0))
    assert gradient(2.5) == pytest.approx(f(1.0))


def test_an_array_outside_that_becomes_longer():
    space: dict = {"np": np}
    text = "def f(x):\n    return (x * A).sum()\n"
    linecache.cache["<longer>"] = (len(text), None, text.splitlines(True), "<longer>")
    exec(compile(text, "<longer>", "exec"), space)
    space["A"] = np.ones(1)
    gradient = ut.grad(space["f"], tier="compile")
    assert gradient(np.arange(3.0)).tolist() == [1.0, 1.0, 1.0]
    space["A"] = np.array([1.0, 2.0, 3.0])
    assert gradient(np.arange(3.0)).tolist() == [1.0, 2.0, 3.0]


def test_an_attribute_of_the_class_that_a_loop_sets():
    def f(x):
        thing = Thing()
        for v in x:
            thing.gain = thing.gain * v
        return thing.gain + 0.0 * x[0]

    assert ut.grad(f, tier="compile")(np.array([2.0, 3.0, 4.0])) == pytest.approx([12.0, 8.0, 6.0])
