"""What an error says, down to the last column."""

import datetime
import json
import linecache
import pickle
import sys

import numpy as np
import pytest

import undertow as ut
from undertow import _errors
from undertow._errors import ForeignCallError, Step, Where, locate, trail

PROGRAM = '''\
def smooth(u, sigma, *rest, order=1, **options):
    größe = 2 * fail(u, sigma) + 1
    return größe

def loss(theta):
    return [smooth(theta, 3.0) for _ in range(1)]

class Model:
    def run(self, x):
        return fail(
            x,
            2)
'''


@pytest.fixture
def program():
    """A program whose calls of `fail` raise an error that is pointed at the caller's line."""
    def fail(*args):
        raise ForeignCallError("`fail` is compiled code without a derivative rule.",
                               active=[("u", "which depends on argument 0 `theta` of `loss`")]).at(sys._getframe(1))
    linecache.cache["model.py"] = (len(PROGRAM), None, PROGRAM.splitlines(keepends=True), "model.py")
    namespace = {"fail": fail}
    exec(compile(PROGRAM, "model.py", "exec"), namespace)
    return namespace


def caught(function, *args):
    """The error that a call raises."""
    with pytest.raises(_errors.UndertowError) as info:
        function(*args)
    return info.value


def test_text_names_line_caret_reason_and_fixes(program):
    """The whole text, once."""
    assert str(caught(program["loss"], 1.0)) == """\
[UT-R003] `fail` is compiled code without a derivative rule.

  model.py:2, in smooth(u, sigma, *rest, order, **options)
  2 |     größe = 2 * fail(u, sigma) + 1
    |                 ^^^^^^^^^^^^^^
  active here: u, which depends on argument 0 `theta` of `loss`

Why: what compiled code does with a value cannot be seen, and its result would silently lose its derivative.

Do one of:
  1. give it a rule:                   @ut.rules.pullback(f)
  2. treat its argument as a constant: ut.stop_gradient(x)

docs/errors#UT-R003"""


def test_method_has_the_name_of_its_class_and_a_long_call_its_first_line(program):
    """A call over several lines is underlined to the end of the first."""
    where = caught(program["Model"]().run, 1.0).where
    assert (where.function, where.lineno, where.end_lineno) == ("Model.run(self, x)", 10, 12)
    assert _errors.excerpt(where)[1].endswith("^" * len("fail("))


def test_calls_are_named_from_the_outside_in():
    """The request comes with its place, the calls with their names, the middle of a long chain is left out."""
    through = [Step("ut.grad(loss)", "train.py", 17), Step("loss"), Step("smooth")]
    assert _errors.reached_through(through) == "  reached through: ut.grad(loss) at train.py:17 → loss → smooth"
    assert "… 28 more …" in _errors.reached_through([Step(f"f{i}") for i in range(40)])


def test_first_place_wins(program):
    """An error that has a place keeps it while it travels outwards."""
    error = caught(program["loss"], 1.0)
    place = error.where
    assert error.at().where is place


def test_machinery_is_not_shown():
    """Frames of the package itself are left out; what is outside the request is too."""
    where, through = trail(sys._getframe())
    assert where.filename == __file__
    assert through == []


def test_locate_in_unreadable_file():
    """No text, no excerpt, no failure."""
    code = compile("import sys\nframe = sys._getframe()", "<gone>", "exec")
    namespace = {}
    exec(code, namespace)
    where = locate(namespace["frame"])
    assert _errors.excerpt(where) == []
    assert str(Where("gone.py", 3, 3)) == "gone.py:3"


def test_error_travels_between_processes(program):
    """Pickling keeps everything the error says."""
    error = caught(program["loss"], 1.0)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("name", [n for n in _errors.__all__ if n.endswith("Error")])
def test_every_error_renders_with_what_alone(name):
    """A bare error has its code, its default reason and fixes, and the name under which people catch it."""
    error = getattr(_errors, name)("`f` went wrong.")
    assert str(error).startswith(f"[{error.code}] `f` went wrong.")
    assert str(error).endswith(error.link)
    assert len(error.fixes) <= 3
    assert f"{type(error).__module__}.{type(error).__qualname__}" == f"undertow.{name}"


def test_argument_error_is_what_others_raise():
    """Callers that expect a TypeError or ValueError get one."""
    error = _errors.ArgumentError("no")
    assert isinstance(error, TypeError)
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("value", [np.float64(1.0), "text"])
def test_names_without_description(value):
    """An active value may be named without more."""
    error = ForeignCallError("`f`.", active=[("u", "")])
    assert "  active here: u" in str(error)


@pytest.mark.parametrize("f", [
    lambda x: datetime.timedelta(seconds=x).total_seconds(),
    lambda x: (datetime.timedelta(seconds=1) * x).total_seconds(),
    lambda x: np.timedelta64(1000, "ms") * x / np.timedelta64(1, "s"),
    lambda x: (np.full(2, x) * np.timedelta64(1000, "ms"))[0] / np.timedelta64(1, "s"),
    lambda x: np.full(2, x).astype("timedelta64[s]")[0] / np.timedelta64(1, "s"),
    lambda x: json.loads(json.dumps({"x": x}))["x"],
], ids=range(6))
def test_values_behind_durations_and_text_are_refused(f):
    for derivative in (ut.grad(f), lambda x: ut.jvp(f, (x,), (1.0,))):
        with pytest.raises(ut.UndertowError):
            derivative(3.5)


def test_durations_and_text_without_derivatives():
    def f(x):
        seconds = datetime.timedelta(minutes=1) / datetime.timedelta(seconds=1)
        return x * seconds + len(json.dumps({"x": x})) * x + np.timedelta64(60, "s") / np.timedelta64(1, "m") * x

    assert ut.grad(f)(3.5) == 71.0
