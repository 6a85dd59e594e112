"""What a run leaves of its numbers in objects that outlive it: ordinary numbers, with derivatives of outer runs kept."""

from __future__ import annotations

import copy
import gc
import json
import pickle

import numpy as np
import pytest

import undertow as ut

KEPT: dict = {}


class Model:
    """An object that lives longer than a derivative."""

    slotted: list = []

    def __init__(self):
        self.loss = 0.0
        self.seen = []


def programs():
    history, model, cell = [], Model(), 0.0

    def closure_list(x):
        y = x * x
        history.append(y)
        return y

    def module_dict(x):
        y = x * x
        KEPT["y"] = y
        KEPT.setdefault("all", []).append(y)
        return y

    def attribute(x):
        y = x * x
        model.loss = y
        model.seen.append((y, [y]))
        return y

    def nonlocal_name(x):
        nonlocal cell
        cell = x * x
        return cell

    return [(closure_list, lambda: history[-1]), (module_dict, lambda: KEPT["y"]), (module_dict, lambda: KEPT["all"][-1]),
            (attribute, lambda: model.loss), (attribute, lambda: model.seen[-1][1][0]), (nonlocal_name, lambda: cell)]


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("kind", [float, np.float64])
@pytest.mark.parametrize("number", range(len(programs())))
def test_what_is_kept_has_the_exact_type(number, kind, mode):
    f, kept = programs()[number]
    for x in (3.0, 4.0):
        found = ut.grad(f)(kind(x)) if mode == "reverse" else ut.jvp(f, (kind(x),), (1.0,))[1]
        assert found == 2.0 * x
        assert type(kept()) is kind and kept() == x * x


def test_a_number_in_a_tuple_is_a_constant_of_later_derivatives():
    kept = []

    def f(x):
        kept.append((x * x, x))
        return kept[0][0] * x

    assert ut.grad(f)(3.0) == 27.0
    assert ut.grad(f)(5.0) == 9.0  # the first product, 9, is a constant now
    (number, _), = kept[:1]
    assert number + 1.0 == 10.0 and type(number + 1.0) is float
    assert isinstance(number, float) and json.dumps(number) == "9.0" and repr(number) == "9.0"
    assert type(pickle.loads(pickle.dumps(number))) is float and type(copy.deepcopy(number)) is float
    assert ut.grad(lambda x: x * number)(2.0) == 9.0
    assert ut.grad(lambda x: x**3)(number) == 243.0
    assert np.array([number]).dtype == np.float64


def test_what_an_inner_derivative_leaves_depends_on_the_outer_one():
    kept = []

    def inner(y, x):
        kept[:] = [(y * x * x,)]
        return y * x

    def outer(x):
        g = ut.grad(inner)(2.0 * x, x)  # x
        return g * kept[0][0]  # 2 x**4

    assert ut.grad(outer)(3.0) == pytest.approx(8.0 * 27.0)
    assert ut.jvp(outer, (3.0,), (1.0,))[1] == pytest.approx(8.0 * 27.0)
    assert ut.grad(ut.grad(outer))(3.0) == pytest.approx(24.0 * 9.0)


def test_a_suspended_generator_goes_on_with_constants():
    waiting = []

    def f(x):
        def numbers():
            y = x * x
            while True:
                yield y
                y = y * 2.0

        g = numbers()
        waiting.append(g)
        return next(g)

    assert ut.grad(f)(3.0) == 6.0
    assert next(waiting[0]) == 18.0
    assert ut.grad(lambda x: x * next(waiting[0]))(1.0) == 36.0


def test_many_numbers_are_left():
    kept = {}

    def f(x):
        for i in range(200):
            kept[i] = x * i
        return kept[7]

    assert ut.grad(f)(1.0) == 7.0
    assert {type(v) for v in kept.values()} == {float}


def test_the_collector_is_left_as_it_was():
    assert gc.get_freeze_count() < 1000
    ut.grad(lambda x: x * x)(3.0)
    with pytest.raises(ZeroDivisionError):
        ut.grad(lambda x: 1.0 / (x - x))(3.0)
    assert gc.get_freeze_count() == 0
    gc.freeze()
    try:
        kept = []
        ut.grad(lambda x: kept.append(x * x) or x)(3.0)
        assert type(kept[0]) is float and gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()


def never_reached(x):
    return x * x
    yield x


def never_bound(x):
    y = [scale * x for scale in (2.0,)]
    return y[0]
    if False:
        scale = 1.0  # noqa: F841


def test_statements_that_are_never_reached_count():
    assert ut.grad(lambda x: x * len(list(never_reached(x))) + never_bound(x))(3.0) == 2.0


def test_variables_of_the_function_around_are_stored():
    total = 1.0

    def f(x):
        nonlocal total
        total = total + x * x
        return total

    assert [ut.value_and_grad(f)(3.0), ut.jvp(f, (3.0,), (1.0,))] == [(10.0, 6.0), (19.0, 6.0)]
    assert total == 19.0
