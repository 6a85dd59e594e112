"""Programs whose derivative must be refused, and programs whose derivative is exactly zero."""

import array
import ctypes
import decimal
import fractions
import io
import json
import math
import pickle
import struct

import numpy as np

from ._case import Corpus, mat, vec

case = Corpus(__name__)

# ---- bits of an active value leave the world of numbers ------------------------------------------------------------


@case(1.5, refused=True)
def struct_round_trip(x):
    return struct.unpack("d", struct.pack("d", x))[0] * 2


@case(1.5, refused=True)
def struct_pack_into(x):
    buffer = bytearray(8)
    struct.pack_into("d", buffer, 0, x)
    return struct.unpack_from("d", buffer)[0]


@case(1.5, refused=True)
def typed_array(x):
    a = array.array("d", [x, 2.0])
    return a[0] * a[1]


@case(1.5, refused=True)
def typed_array_store(x):
    a = array.array("d", [1.0, 2.0])
    a[0] = x
    return a[0] * a[1]


@case(vec(3), refused=True)
def array_to_bytes(x):
    return np.frombuffer(x.tobytes()).sum()


@case(vec(3), refused=True)
def array_viewed_as_integers(x):
    bits = x.view(np.int64)
    return (bits ^ np.int64(1)).view(np.float64).sum()


@case(vec(3), refused=True)
def bits_written_through_integer_view(x):
    y = x * 2
    bits = y.view(np.uint64)
    bits[0] = 0
    return y.sum()


@case(vec(3), refused=True)
def fast_inverse_square_root(x):
    y = np.abs(x).astype(np.float32)
    i = 0x5F3759DF - (y.view(np.int32) >> 1)
    return float(i.view(np.float32).sum())


@case(vec(3))
def memory_view_of_array(x):
    m = memoryview(x)
    return m[0] * 2.0 + m[1]


@case(vec(3))
def memory_view_store(x):
    y = np.zeros(3)
    m = memoryview(y)
    m[1] = x[0]
    return y.sum()


@case(vec(3), refused=True)
def pickle_round_trip(x):
    return pickle.loads(pickle.dumps(x)).sum()


@case(1.5, refused=True)
def pickle_of_scalar(x):
    return pickle.loads(pickle.dumps({"x": x}))["x"] * 2


@case(1.5, either=True, gradient=0.0, differences=False)
def json_round_trip(x):
    return json.loads(json.dumps([x, 2.0]))[0] * 3


@case(vec(3), refused=True)
def save_and_load(x):
    file = io.BytesIO()
    np.save(file, x)
    file.seek(0)
    return np.load(file).sum()


@case(1.5, refused=True)
def hexadecimal_round_trip(x):
    return float.fromhex(x.hex()) * 2


@case(1.5, either=True, gradient=0.0, differences=False)
def float_of_string(x):
    return float(repr(x)) * 2


@case(1.5, either=True, gradient=0.0, differences=False)
def format_and_parse(x):
    return float(f"{x:.12f}") * 3


@case(1.5, refused=True)
def decimal_arithmetic(x):
    return float(decimal.Decimal(x) * 2)


@case(1.5, refused=True)
def fraction_arithmetic(x):
    return float(fractions.Fraction(x) * 3)


@case(1.5, refused=True)
def integer_ratio_rebuilt(x):
    p, q = x.as_integer_ratio()
    return p / q


@case(1.5, refused=True)
def ctypes_value(x):
    return ctypes.c_double(x).value * 2


@case(vec(3), refused=True)
def ctypes_pointer_to_array(x):
    p = x.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    return p[0] * p[1]


# ---- active values written where no derivative can live --------------------------------------------------------------


@case(vec(3), zero=True, either=True)
def integer_array_by_casting_out(x):
    y = np.zeros(3, dtype=np.int64)
    np.multiply(x, 7.0, out=y, casting="unsafe")
    return y.sum() / 7.0


@case(mat(3, 3), either=True, gradient=np.zeros((3, 3)), differences=False)
def array_of_strings(a):
    return a.astype(str).astype(float).sum()


@case(vec(3))
def structured_array(x):
    s = np.zeros(3, dtype=[("a", "f8"), ("n", "i4")])
    s["a"] = x
    return s["a"].sum() * 2


# ---- compiled code without a rule ------------------------------------------------------------------------------------


@case(vec(4), rtol=1e-4)
def compiled_solver_with_callback(x):
    from scipy.integrate import odeint

    return odeint(lambda y, t: -x[0] * y, [1.0], [0.0, 1.0])[-1, 0]


@case(1.5, refused=True)
def compiled_quadrature_of_unknown_library(x):
    from scipy.integrate import quad_vec  # noqa: F401
    from scipy.optimize import _zeros

    return _zeros._brentq(lambda t: t * t - x, 0.0, 2.0, 1e-12, 1e-12, 100, (), False, True)


@case(vec(6))
def compiled_image_filter(x):
    from scipy import ndimage

    return (ndimage.generic_filter(x, np.ptp, 3) ** 2).sum()


@case(vec(6))
def compiled_ordering_tree(x):
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(x.reshape(3, 2)).query([0.1, 0.2])
    return distance


@case(vec(3), either=True, differences=False)  # the rule keeps the level of the quantile, the sampler rejects
def generator_with_active_shape_parameter(x):
    return np.random.default_rng(3).gamma(abs(x) + 1.0).sum()


namespace: dict = {}
exec("def sourceless(x):\n    return x * x\n", namespace)


@case(1.5)
def function_without_source(x):
    return namespace["sourceless"](x) + x


@case(1.5, either=True)
def code_made_by_exec(x):
    scope = {"x": x, "math": math}
    exec("y = math.sin(x) * x", scope)
    return scope["y"]


@case(1.5, either=True)
def eval_of_expression(x):
    return eval("x * x + 1") * x


# ---- refusals that the program tries to swallow ----------------------------------------------------------------------


@case(1.5, refused=True)
def refusal_swallowed_by_except(x):
    try:
        y = struct.unpack("d", struct.pack("d", x))[0]
    except Exception:
        y = 0.0
    return y + x


@case(1.5, refused=True)
def refusal_swallowed_by_bare_except(x):
    try:
        y = decimal.Decimal(x)
        y = float(y)
    except:  # noqa: E722
        y = 1.0
    return y * x


@case(vec(3), refused=True)
def refusal_swallowed_in_finally(x):
    def attempt():
        try:
            return np.frombuffer(x.tobytes())[0]
        finally:
            return 2.0  # noqa: B012

    return attempt() * x[0]


@case(vec(3), refused=True)
def refusal_swallowed_by_suppress(x):
    import contextlib

    y = x * 2
    with contextlib.suppress(Exception):
        y = pickle.loads(pickle.dumps(y))
    return y.sum()


@case(1.5, refused=True)
def refusal_swallowed_by_context_manager(x):
    class Quiet:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            return True

    y = x
    with Quiet():
        y = ctypes.c_double(x * x).value
    return y


@case(1.5, refused=True)
def refusal_inside_callback_of_sorted(x):
    def key(v):
        try:
            return struct.pack("d", v)
        except Exception:
            return b""

    return sorted([x, x * 2, 1.0], key=key)[0] * x


# ---- steps: the derivative is exactly zero, as documented ----


@case(2.6, zero=True)
def integer_part(x):
    return float(int(x)) * 2


@case(2.6, zero=True)
def rounding(x):
    return round(x) + math.floor(x) + math.ceil(x) * 1.0


@case(vec(4), zero=True)
def rounding_of_arrays(x):
    return (np.floor(x) + np.ceil(x * 2) + np.rint(x * 3) + np.trunc(x * 4)).sum()


@case(vec(4), zero=True)
def comparisons(x):
    return float((x > 0).sum()) + (x[0] < x[1]) * 2.0 + (1.0 if x[2] else 0.0)


@case(1.5, zero=True)
def length_of_text(x):
    return float(len(str(x))) + len(f"{x:.3f}") + len("%s" % x) + len(repr(x))


@case(vec(4), zero=True)
def index_of_maximum(x):
    return float(np.argmax(x) + np.argsort(x)[0] * 10 + x.argmin())


@case(vec(4), zero=True)
def integer_conversion_of_arrays(x):
    return (x * 10).astype(np.int64).sum() / 2.0


@case(1.5, zero=True)
def counting_loop(x):
    n = 0
    while x > 0.01:
        x *= 0.5
        n += 1
    return float(n)


@case(1.5, zero=True)
def sign_and_heaviside(x):
    return float(np.sign(x) + np.heaviside(x, 0.5)) + math.copysign(1.0, x)


@case(vec(4), zero=True, either=True)
def store_into_integer_array(x):
    counts = np.zeros(4, dtype=int)
    counts[:] = x * 10
    counts[0] += int(x[1] * 7)
    return counts.sum() * 0.5


@case(vec(4), zero=True)
def bins_of_histogram(x):
    counts, _ = np.histogram(x, bins=[-1.0, -0.5, 0.0, 0.5, 1.0])
    return (counts * np.arange(4)).sum() * 1.0


@case(vec(4), zero=True)
def result_overwritten_by_constant(x):
    y = np.exp(x)
    y[:] = 2.0
    return y.sum()


@case(vec(4), 0.3, zero=True)
def independent_of_both(x, a):
    z = x * a
    return float(z.shape[0]) + z.ndim


@case({"a": 0.5, "b": vec(2)}, zero=True)
def independent_of_a_dictionary(d):
    return 3.5 * len(d)
