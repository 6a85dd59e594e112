"""Functions that look at the frames of their callers find the program's own."""

from __future__ import annotations

import inspect
import sys

import numpy as np

import undertow as ut


def local_of_caller(name, depth=1):
    return sys._getframe(depth).f_locals[name]


def through(name):
    return local_of_caller(name, 2)


def uses_frames(x):
    scale = 3.0  # noqa: F841  read through the frame
    shift = x[1]  # noqa: F841
    here = inspect.currentframe().f_locals["scale"]
    return local_of_caller("scale") * x[0] ** 2 + through("shift") ** 2 + here * x[0] + (lambda: len(
        sys._getframe(0).f_code.co_name))()


def test_frames_of_the_program():
    x = np.array([1.5, 2.5])
    value, gradient = ut.value_and_grad(uses_frames, tier="record")(x)
    assert value == uses_frames(x)
    np.testing.assert_allclose(gradient, [12.0, 5.0])
