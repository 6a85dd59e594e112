"""Exceptions raised, caught, chained and carried through the active path."""

import numpy as np

from ._case import Corpus, vec

case = Corpus(__name__)


class Diverged(RuntimeError):
    def __init__(self, step, value):
        super().__init__(f"diverged at step {step}")
        self.step, self.value = step, value


@case(1.5)
def caught_in_the_middle(x):
    y = x * x
    try:
        y = y * 2
        raise ValueError("no")
    except ValueError:
        y = y + x
    else:
        y = 0.0
    finally:
        y = y * 3
    return y


@case(vec(4))
def partial_effects_before_exception(x):
    try:
        for i in range(10):
            x[i] = x[i] * 2
    except IndexError as error:
        x[0] += len(str(error)) > 5
    return (x * x).sum()


@case(1.7)
def exception_carries_active_value(x):
    def iterate(v):
        for step in range(100):
            v = v * v
            if v > 50:
                raise Diverged(step, v)
        return v

    try:
        return iterate(x)
    except Diverged as d:
        return np.log(d.value) / d.step


@case(0.5)
def fallback_on_zero_division(x):
    def ratio(a, b):
        try:
            return a / b
        except ZeroDivisionError:
            return a * 7

    return ratio(x, 2.0) + ratio(x * x, x - x) + ratio(x, 0)


@case(0.5)
def missing_key_and_attribute(x):
    table, total = {"a": x}, 0.0
    for key in ("a", "b"):
        try:
            total += table[key]
        except KeyError:
            total += x * x
    try:
        total += x.no_such_attribute
    except AttributeError:
        total *= 2
    return total


@case(vec(3))
def nested_try_and_reraise(x):
    total = 0.0
    try:
        try:
            total += x[0] * x[1]
            _ = x[7]
        except IndexError as error:
            total += x[2]
            raise LookupError("outer") from error
        finally:
            total *= 2
    except LookupError as error:
        total += x[0] if isinstance(error.__cause__, IndexError) else 100
    return total


@case(0.8)
def exception_group(x):
    total = x
    try:
        raise ExceptionGroup("several", [ValueError(1), TypeError("t")])
    except* ValueError as group:
        total = total * len(group.exceptions) * x
    except* TypeError:
        total += x**3
    return total


@case(0.8)
def finally_overrides_return(x):
    def f():
        v = x
        try:
            return v * 10
        finally:
            v = v + 1
            log.append(v)

    log = []
    return f() * log[0]


@case(2.0)
def retry_until_it_works(x):
    step = x
    for attempt in range(10):
        try:
            if step > 0.3:
                raise Diverged(attempt, step)
            result = step * (attempt + 1)
            break
        except Diverged as d:
            step = d.value * 0.5
    return result


@case(np.float64(0.7))
def type_error_is_caught(x):
    try:
        return x + "a"
    except TypeError:
        return x * 4


@case(vec(3))
def shape_mismatch_is_caught(x):
    try:
        return (x + np.ones(4)).sum()
    except ValueError:
        return (x * x).sum()


@case(0.7)
def unbound_local_is_caught(x):
    try:
        y = y + x  # noqa: F821
    except UnboundLocalError:
        y = x * 5
    return y


@case(vec(2))
def linear_algebra_error_is_caught(x):
    a = np.outer(x, x) * 0
    try:
        y = np.linalg.solve(a, x)
    except np.linalg.LinAlgError:
        y = np.linalg.solve(a + 2 * np.eye(2), x)
    return y.sum() * x[0]


@case(vec(4), raises=IndexError)
def index_error_escapes(x):
    x[1] = x[0] * 2
    return x[4]


@case(1.5, raises=Diverged)
def own_exception_escapes(x):
    for i in range(50):
        x = x * x
        if x > 1e3:
            raise Diverged(i, 0)
    return x


@case(1.5, raises=ZeroDivisionError)
def zero_division_escapes(x):
    return x / (x - x)


@case(-1.5, raises=ValueError)
def domain_error_escapes(x):
    import math

    return math.sqrt(x)


@case(800.0, raises=OverflowError)
def overflow_escapes(x):
    import math

    return math.exp(x) * x


@case(vec(3), vec(4), raises=ValueError)
def broadcast_error_escapes(x, y):
    x *= 2
    y[:] = x
    return y.sum()


@case(vec(3), raises=TypeError)
def type_error_escapes(x):
    return len(x[0])


@case(vec(3), raises=TypeError)
def wrong_number_of_arguments(x):
    def f(a, b):
        return a * b

    return f(x)


@case(vec(3), raises=AttributeError)
def attribute_error_escapes(x):
    return x.sum().no_such_thing


@case(0.3, raises=KeyError)
def key_error_escapes(x):
    return {"a": x}["b"]


@case(vec(3), raises=RecursionError, nested=False)
def recursion_error_escapes(x):
    def forever(v):
        return forever(v * 0.5) + v

    return forever(x[0])


@case(vec(3), raises=ValueError)
def read_only_store_escapes(x):
    x.flags.writeable = False
    try:
        x[0] = 1.0
    finally:
        x.flags.writeable = True
    return x.sum()


@case(0.5, raises=StopIteration)
def stop_iteration_escapes(x):
    return next(iter([])) * x


@case(0.5, raises=NameError)
def name_error_escapes(x):
    return x * undefined_name  # noqa: F821


@case(vec(2), raises=AssertionError)
def failed_assertion_escapes(x):
    x[0] = 3.0
    assert x[0] < 1, f"x[0] is {x[0]:.1f}"
    return x.sum()


@case(0.5, raises=np.linalg.LinAlgError)
def singular_matrix_escapes(x):
    return np.linalg.inv(np.full((2, 2), x)).sum()


@case(0.4)
def context_of_exceptions_is_kept(x):
    try:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second")  # noqa: B904
    except ValueError as error:
        depth = 0
        while error is not None:
            depth += 1
            error = error.__context__
    return x * depth


@case(0.4)
def traceback_line_numbers_are_the_users(x):
    import traceback

    try:
        raise ValueError("here")
    except ValueError as error:
        frames = traceback.extract_tb(error.__traceback__)
        return x * (frames[-1].lineno - traceback_line_numbers_are_the_users.__code__.co_firstlineno)


@case(0.4)
def warnings_as_control_flow(x):
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("careful", UserWarning, stacklevel=1)
    return x * len(caught) * 3
