"""ADBench's programs in C++ loops for Enzyme: mixtures, bundle adjustment, the LSTM."""

from __future__ import annotations

from typing import Any

from . import enzyme_ports

_GMM = """
static void program(double* out, const double* means, const double* alphas, const double* icf, const double* x) {
  const int n = n3, k = n1, d = m0 / n1, width = m2 / n1;
  double Q[k * d], sums[k], xc[d], main_term[k];
  for (int c = 0; c < k; c++) {
    sums[c] = 0;
    for (int i = 0; i < d; i++) { sums[c] += icf[c * width + i]; Q[c * d + i] = std::exp(icf[c * width + i]); }
  }
  double total = 0;
  for (int p = 0; p < n; p++) {
    for (int c = 0; c < k; c++) {
      for (int i = 0; i < d; i++) xc[i] = x[p * d + i] - means[c * d + i];
      double sq = 0;
      for (int i = 0; i < d; i++) {
        double t = Q[c * d + i] * xc[i];
        for (int j = 0; j < i; j++) t += icf[c * width + d + j * (2 * d - j - 1) / 2 + i - j - 1] * xc[j];
        sq += t * t;
      }
      main_term[c] = alphas[c] + sums[c] - 0.5 * sq;
    }
    double top = main_term[0], s = 0;
    for (int c = 1; c < k; c++) if (main_term[c] > top) top = main_term[c];
    for (int c = 0; c < k; c++) s += std::exp(main_term[c] - top);
    total += std::log(s) + top;
  }
  double top = alphas[0], s = 0;
  for (int c = 1; c < k; c++) if (alphas[c] > top) top = alphas[c];
  for (int c = 0; c < k; c++) s += std::exp(alphas[c] - top);
  *out = total - n * (std::log(s) + top)TAIL;
}"""

# What the array program adds: the Wishart prior and the constant of the normal density.
_PRIOR = """;
  double prior = 0;
  for (int c = 0; c < k; c++) {
    double sq = 0;
    for (int i = 0; i < d; i++) sq += Q[c * d + i] * Q[c * d + i];
    for (int i = d; i < width; i++) sq += icf[c * width + i] * icf[c * width + i];
    prior += 0.5 * c4 * c4 * sq - c5 * sums[c];
  }
  const double freedom = d + c5 + 1;
  double lgammas = 0.25 * d * (d - 1) * std::log(3.141592653589793);
  for (int j = 1; j <= d; j++) lgammas += std::lgamma(0.5 * freedom + (1 - j) / 2.0);
  *out += prior - k * (freedom * d * std::log(c4 / std::sqrt(2.0)) - lgammas) - n * d * 0.5 * std::log(2 * 3.141592653589793)"""

_BA = """
static void project(const double* cam, const double* X, double* proj) {
  double a[3] = {X[0] - cam[3], X[1] - cam[4], X[2] - cam[5]}, y[3];
  const double* r = cam;
  double square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
  double cross[3] = {r[1] * a[2] - r[2] * a[1], r[2] * a[0] - r[0] * a[2], r[0] * a[1] - r[1] * a[0]};
  if (square != 0) {
    double theta = std::sqrt(square), c = std::cos(theta), s = std::sin(theta), inverse = 1.0 / theta;
    double t = (r[0] * a[0] + r[1] * a[1] + r[2] * a[2]) * inverse * (1.0 - c);
    for (int i = 0; i < 3; i++) y[i] = a[i] * c + cross[i] * inverse * s + r[i] * inverse * t;
  } else {
    for (int i = 0; i < 3; i++) y[i] = a[i] + cross[i];
  }
  double u = y[0] / y[2], v = y[1] / y[2], q = u * u + v * v, L = 1.0 + cam[9] * q + cam[10] * q * q;
  proj[0] = u * L * cam[6] + cam[7];
  proj[1] = v * L * cam[6] + cam[8];
}
static void program(double* out, const double* cams, const double* X, const double* w, const double* feats, const double* obs) {
  double s = 0;
  for (int i = 0; i < n2; i++) {
    double p[2];
    project(cams + 11 * (int)obs[2 * i], X + 3 * (int)obs[2 * i + 1], p);
    for (int k = 0; k < 2; k++) { double e = w[i] * (p[k] - feats[2 * i + k]); s += e * e; }
    double e = 1.0 - w[i] * w[i];
    s += e * e;
  }
  *out = s;
}"""

_LSTM = """
static double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
static void program(double* out, const double* main_params, const double* extra, const double* state0, const double* sequence) {
  const int layers = n0 / 2, b = m1 / 3;
  double state[n0 * b], x[b];
  for (int i = 0; i < n0 * b; i++) state[i] = state0[i];
  double total = 0;
  for (int t = 0; t + 1 < n3; t++) {
    for (int i = 0; i < b; i++) x[i] = sequence[t * b + i] * extra[i];
    for (int l = 0; l < layers; l++) {
      const double *W = main_params + 2 * l * 4 * b, *B = W + 4 * b;
      double *h = state + 2 * l * b, *c = h + b;
      for (int i = 0; i < b; i++) {
        double forget = sigmoid(x[i] * W[i] + B[i]), in = sigmoid(h[i] * W[b + i] + B[b + i]);
        double gate = sigmoid(x[i] * W[2 * b + i] + B[2 * b + i]), change = std::tanh(h[i] * W[3 * b + i] + B[3 * b + i]);
        c[i] = c[i] * forget + in * change;
        h[i] = gate * std::tanh(c[i]);
        x[i] = h[i];
      }
    }
    double s = 2, y[b];
    for (int i = 0; i < b; i++) { y[i] = x[i] * extra[b + i] + extra[2 * b + i]; s += std::exp(y[i]); }
    for (int i = 0; i < b; i++) total += sequence[(t + 1) * b + i] * (y[i] - std::log(s));
  }
  *out = -total / ((n3 - 1) * b);
}"""

PROGRAMS = {"gmm_loops": _GMM.replace("TAIL", ""), "gmm_numpy": _GMM.replace("TAIL", _PRIOR), "ba_objective": _BA,
            "lstm_objective": _LSTM}


def prepare(name: str, args: tuple, active: tuple) -> Any:
    """As `enzyme_ports.prepare`."""
    return enzyme_ports.prepare(name, args, active, PROGRAMS)
