"""Ports for Enzyme: the loops in C++, differentiated in combined mode by the compiler inside the package `enzyme-ad`.

The package's C++ call is made for JAX, whose arrays carry the data; the adjoint is asked for in the C++ text itself, so
that value and gradient are one pass, as a user of Enzyme in C++ would write it. A call costs about six microseconds
around the native code. There is no port of the Runge-Kutta program: version 0.0.16 stops the process when it compiles it.
"""

from __future__ import annotations

import glob
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from enzyme_ad.jax import cpp_call

jax.config.update("jax_enable_x64", True)

# What a driver would pass to the compiler proper for -O3 -march=native; the package brings no headers of its own.
FLAGS = tuple(x for path in glob.glob("/usr/lib/gcc/*/*/include")[:1] for x in ("-isystem", path)) + (
    "-O3", "-vectorize-loops", "-vectorize-slp", "-target-cpu")

HEAD = """
#include <cmath>
#include <cstdlib>
extern int enzyme_dup, enzyme_const;
template <typename R, typename... T> R __enzyme_autodiff(T...);
"""

PROGRAMS = {
    "sum_of_sines": """
static void program(double* out, const double* x) {
  double s = 0;
  for (int i = 0; i < n0; i++) s += std::sin(x[i]);
  *out = s;
}""",
    "parity_branch": """
static void program(double* out, const double* x) {
  double s = 0;
  for (int i = 0; i < n0; i++) if (i % 2 == 0) s += x[i] * x[i]; else s += 3.0 * x[i];
  *out = s;
}""",
    "matmul": """
static void program(double* out, const double* a, const double* b) {
  const int n = 48;
  double* c = (double*)std::calloc(n * n, sizeof(double));
  for (int i = 0; i < n; i++) for (int k = 0; k < n; k++) for (int j = 0; j < n; j++) c[i * n + j] += a[i * n + k] * b[k * n + j];
  double s = 0;
  for (int i = 0; i < n * n; i++) s += c[i] * c[i];
  std::free(c);
  *out = s;
}""",
    "insertion_sort": """
static void program(double* out, const double* x) {
  double a[n0];
  for (int i = 0; i < n0; i++) a[i] = x[i];
  for (int i = 1; i < n0; i++) {
    double v = a[i];
    int j = i - 1;
    while (j >= 0 && a[j] > v) { a[j + 1] = a[j]; j--; }
    a[j + 1] = v;
  }
  double s = 0;
  for (int i = 0; i < n0; i++) s += (i + 1) * a[i];
  *out = s;
}""",
    "lu_in_place": """
static void program(double* out, const double* a0) {
  const int n = 48;
  double a[n * n];
  for (int i = 0; i < n * n; i++) a[i] = a0[i];
  for (int k = 0; k < n; k++)
    for (int i = k + 1; i < n; i++) {
      a[i * n + k] = a[i * n + k] / a[k * n + k];
      for (int j = k + 1; j < n; j++) a[i * n + j] -= a[i * n + k] * a[k * n + j];
    }
  double s = 0;
  for (int k = 0; k < n; k++) s += std::log(std::fabs(a[k * n + k]));
  *out = s;
}""",
    "gauss_seidel": """
static void program(double* out, const double* b) {
  const int n = 32;
  double u[n * n] = {0};
  for (int t = 0; t < c1; t++)
    for (int i = 1; i < n - 1; i++)
      for (int j = 1; j < n - 1; j++)
        u[i * n + j] = 0.25 * (u[(i - 1) * n + j] + u[(i + 1) * n + j] + u[i * n + j - 1] + u[i * n + j + 1] - b[i * n + j]);
  double s = 0;
  for (int i = 0; i < n * n; i++) s += u[i] * u[i];
  *out = s;
}""",
    "nbody": """
static void program(double* out, const double* x0, const double* v0, const double* m) {
  const int n = n2;
  const double dt = c3;
  double x[n][3], v[n][3];
  for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++) { x[i][k] = x0[3 * i + k]; v[i][k] = v0[3 * i + k]; }
  for (int t = 0; t < c4; t++) {
    for (int i = 0; i < n; i++)
      for (int j = i + 1; j < n; j++) {
        double dx = x[i][0] - x[j][0], dy = x[i][1] - x[j][1], dz = x[i][2] - x[j][2];
        double d2 = dx * dx + dy * dy + dz * dz, mag = dt / (d2 * std::sqrt(d2));
        v[i][0] -= dx * m[j] * mag; v[i][1] -= dy * m[j] * mag; v[i][2] -= dz * m[j] * mag;
        v[j][0] += dx * m[i] * mag; v[j][1] += dy * m[i] * mag; v[j][2] += dz * m[i] * mag;
      }
    for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++) x[i][k] += dt * v[i][k];
  }
  double e = 0;
  for (int i = 0; i < n; i++) {
    e += 0.5 * m[i] * (v[i][0] * v[i][0] + v[i][1] * v[i][1] + v[i][2] * v[i][2]);
    for (int j = i + 1; j < n; j++) {
      double dx = x[i][0] - x[j][0], dy = x[i][1] - x[j][1], dz = x[i][2] - x[j][2];
      e -= m[i] * m[j] / std::sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  *out = e;
}""",
    "floyd_warshall": """
static void program(double* out, const double* w) {
  const int n = 48;
  double d[n * n];
  for (int i = 0; i < n * n; i++) d[i] = w[i];
  for (int k = 0; k < n; k++)
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        double t = d[i * n + k] + d[k * n + j];
        if (t < d[i * n + j]) d[i * n + j] = t;
      }
  double s = 0;
  for (int i = 0; i < n * n; i++) s += d[i];
  *out = s;
}""",
    "scan": """
static void program(double* out, const double* x) {
  double total = 0, s = 0;
  double y[n0];
  for (int i = 0; i < n0; i++) { total = 0.9 * total + x[i]; y[i] = total; }
  for (int i = 0; i < n0; i++) s += y[i] * y[i];
  *out = s;
}""",
    "logsumexp": """
static void program(double* out, const double* x) {
  double m = x[0], s = 0;
  for (int i = 1; i < n0; i++) if (x[i] > m) m = x[i];
  for (int i = 0; i < n0; i++) s += std::exp(x[i] - m);
  *out = m + std::log(s);
}""",
    "fft": """
static void program(double* out, const double* re0, const double* im0) {
  double re[n0], im[n0];
  for (int i = 0; i < n0; i++) { re[i] = re0[i]; im[i] = im0[i]; }
  int j = 0;
  for (int i = 1; i < n0; i++) {
    int bit = n0 >> 1;
    while (j & bit) { j ^= bit; bit >>= 1; }
    j |= bit;
    if (i < j) {
      double t = re[i]; re[i] = re[j]; re[j] = t;
      t = im[i]; im[i] = im[j]; im[j] = t;
    }
  }
  for (int size = 2; size <= n0; size *= 2) {
    int half = size / 2;
    double angle = -2.0 * 3.141592653589793 / size;
    for (int start = 0; start < n0; start += size)
      for (int k = 0; k < half; k++) {
        double c = std::cos(angle * k), s = std::sin(angle * k);
        int a = start + k, b = a + half;
        double xr = re[b] * c - im[b] * s, xi = re[b] * s + im[b] * c;
        re[b] = re[a] - xr; im[b] = im[a] - xi;
        re[a] += xr; im[a] += xi;
      }
  }
  double total = 0;
  for (int i = 0; i < n0; i++) total += (i + 1) * (re[i] * re[i] + im[i] * im[i]);
  *out = total;
}""",
    "euler_ode": """
static void program(double* out, const double* x0, const double* v0, const double* k) {
  double x = *x0, v = *v0;
  for (int t = 0; t < c4; t++) {
    double old = x;
    x = x + c3 * v;
    v = v - c3 * (*k * std::sin(old) + 0.1 * v);
  }
  *out = x * x + v * v;
}""",
    "heat": """
static void program(double* out, const double* u) {
  double v[n0], w[n0];
  for (int i = 0; i < n0; i++) v[i] = w[i] = u[i];
  for (int t = 0; t < c1; t++) {
    for (int i = 1; i < n0 - 1; i++) w[i] = v[i] + 0.1 * (v[i + 1] - 2.0 * v[i] + v[i - 1]);
    for (int i = 1; i < n0 - 1; i++) v[i] = w[i];
  }
  double s = 0;
  for (int i = 0; i < n0; i++) s += v[i] * v[i];
  *out = s;
}""",
    "brusselator": """
static void rhs(const double* u, double* du) {
  const int n = 32;
  const double a = c1, b = c2, alpha = c3;
  for (int i = 0; i < n; i++) {
    int up = i > 0 ? i - 1 : n - 1, down = i < n - 1 ? i + 1 : 0;
    for (int j = 0; j < n; j++) {
      int left = j > 0 ? j - 1 : n - 1, right = j < n - 1 ? j + 1 : 0;
      double x = u[(i * n + j) * 2], y = u[(i * n + j) * 2 + 1];
      du[(i * n + j) * 2] = alpha * (u[(up * n + j) * 2] + u[(down * n + j) * 2] + u[(i * n + left) * 2] + u[(i * n + right) * 2]
                                     - 4 * x) + b + x * x * y - (a + 1) * x;
      du[(i * n + j) * 2 + 1] = alpha * (u[(up * n + j) * 2 + 1] + u[(down * n + j) * 2 + 1] + u[(i * n + left) * 2 + 1]
                                         + u[(i * n + right) * 2 + 1] - 4 * y) + a * x - x * x * y;
    }
  }
}
static void program(double* out, const double* u0) {
  double u[m0], du[m0];
  for (int i = 0; i < m0; i++) u[i] = u0[i];
  for (int t = 0; t < c5; t++) {
    rhs(u, du);
    for (int i = 0; i < m0; i++) u[i] += c4 * du[i];
  }
  double s = 0;
  for (int i = 0; i < m0; i++) s += u[i] * u[i];
  *out = s;
}""",
}
PROGRAMS["heat_slices"] = PROGRAMS["heat"]


def processor() -> str:
    """What the compiler calls this processor, as far as its vector registers go."""
    with open("/proc/cpuinfo") as text:
        flags = text.read()
    return "x86-64-v4" if "avx512vl" in flags else "x86-64-v3"


def text_of(program: str, args: tuple, active: tuple) -> str:
    """The program, extents, sizes and inactive numbers as constants, and a function that calls its adjoint."""
    fixed = []
    for k, a in enumerate(args):
        if np.ndim(a):
            fixed.append(f"constexpr int n{k} = {len(a)}, m{k} = {np.size(a)};")
        elif not active[k]:
            kind = "int" if isinstance(a, int) else "double"
            fixed.append(f"constexpr {kind} c{k} = {a!r};")
    given = [k for k, a in enumerate(args) if active[k] or np.ndim(a)]
    parameters = ", ".join([f"T{k}& b{k}" for k in given if active[k]] + [f"const T{k}& x{k}" for k in given])
    clear = " ".join(f"for (auto* p = (double*)&b{k}; p != (double*)(&b{k} + 1); p++) *p = 0;" for k in given if active[k])
    asked = ", ".join(f"enzyme_dup, (const double*)&x{k}, (double*)&b{k}" if active[k] else f"enzyme_const, (const double*)&x{k}"
                      for k in given)
    types = ", ".join([f"typename T{k}" for k in given])
    return HEAD + "\n".join(fixed) + program + f"""
template <{types}> void both(enzyme::tensor<double, 1>& value, {parameters}) {{
  {clear}
  double seed = 1;
  __enzyme_autodiff<void>((void*)program, enzyme_dup, (double*)&value, &seed, {asked});
}}
"""


def prepare(name: str, args: tuple, active: tuple, programs: dict[str, str] = PROGRAMS) -> Any:
    """A call without arguments that gives value and gradients; None where there is no port."""
    if name not in programs:
        return None
    source = text_of(programs[name], args, active)
    data = [jnp.atleast_1d(jnp.asarray(a, float)) for k, a in enumerate(args) if active[k] or np.ndim(a)]
    shapes = [jax.core.ShapedArray((1,), jnp.float64)]
    shapes += [jax.core.ShapedArray(jnp.shape(jnp.atleast_1d(a)), jnp.float64) for a, on in zip(args, active, strict=True) if on]
    kept = [np.ndim(a) for a, on in zip(args, active, strict=True) if on]

    @jax.jit
    def call(*data):
        value, *bars = cpp_call(*data, out_shapes=shapes, source=source, fn="both", argv=(*FLAGS, processor()))
        return value[0], [b if d else b[0] for b, d in zip(bars, kept, strict=True)]

    return lambda: jax.block_until_ready(call(*data))
