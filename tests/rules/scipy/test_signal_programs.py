"""Programs of signal processing: convolutions, filters, filter design, spectra, systems, peaks, windows."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal as s
import scipy.signal.windows as w
from programs import check

t = np.linspace(0, 1, 40)
X = np.sin(7 * t) + 0.3 * np.cos(23 * t) + 0.1 * np.random.default_rng(0).standard_normal(40)
H = np.array([0.4, -0.3, 0.7, 0.2])
X2 = np.outer(X[:6], X[6:12]) + np.arange(6.0) * 0.1
K2 = np.array([[0.2, 0.5, -0.1], [0.3, 0.7, 0.1]])
B, A = s.butter(3, 0.3)
SOS = s.butter(4, 0.3, output="sos")
PROGRAMS = {}
for m in ("full", "same", "valid"):
    for f in ("convolve", "correlate", "fftconvolve", "oaconvolve"):
        PROGRAMS[f"{f} {m}"] = (lambda x, f=f, m=m: getattr(s, f)(x, H, mode=m), X)
        PROGRAMS[f"{f} {m} h"] = (lambda h, f=f, m=m: getattr(s, f)(X, h, mode=m), H)
    for mt in ("direct", "fft"):
        PROGRAMS[f"convolve {m} {mt}"] = (lambda x, m=m, mt=mt: s.convolve(x, H, mode=m, method=mt), X)
        PROGRAMS[f"correlate {m} {mt} h"] = (lambda h, m=m, mt=mt: s.correlate(X, h, mode=m, method=mt), H)
    for b in ("fill", "wrap", "symm"):
        PROGRAMS[f"convolve2d {m} {b}"] = (lambda x, m=m, b=b: s.convolve2d(x, K2, m, b, 0.5 if b == "fill" else 0), X2)
        PROGRAMS[f"correlate2d {m} {b} k"] = (lambda k, m=m, b=b: s.correlate2d(X2, k, m, b), K2)
PROGRAMS["convolve nd"] = (lambda x: s.convolve(x, K2), X2)
PROGRAMS["convolve complex"] = (lambda x: np.abs(s.convolve(x * (1 + 2j), H)), X)
PROGRAMS["lfilter x"] = (lambda x: s.lfilter(B, A, x), X)
PROGRAMS["lfilter b"] = (lambda b: s.lfilter(b, A, X), B)
PROGRAMS["lfilter a"] = (lambda a: s.lfilter(B, a, X), A)
PROGRAMS["lfilter zi"] = (lambda z: s.lfilter(B, A, X, zi=z)[0], np.array([0.1, 0.2, 0.3]))
PROGRAMS["lfilter zf"] = (lambda x: s.lfilter(B, A, x, zi=s.lfilter_zi(B, A) * x[0])[1], X)
PROGRAMS["lfilter_zi"] = (lambda b: s.lfilter_zi(b, A), B)
PROGRAMS["lfilter fir"] = (lambda b: s.lfilter(b, [1.0], X), H)
PROGRAMS["lfilter axis"] = (lambda x: s.lfilter(B, A, x, axis=0), X2)
PROGRAMS["lfiltic"] = (lambda y: s.lfiltic(B, A, y), np.array([0.1, 0.2, 0.3]))
PROGRAMS["filtfilt x"] = (lambda x: s.filtfilt(B, A, x), X)
PROGRAMS["filtfilt b"] = (lambda b: s.filtfilt(b, A, X), B)
PROGRAMS["filtfilt gust"] = (lambda x: s.filtfilt(B, A, x, method="gust"), X)
PROGRAMS["sosfilt x"] = (lambda x: s.sosfilt(SOS, x), X)
PROGRAMS["sosfilt sos"] = (
    lambda c: s.sosfilt(np.concatenate([c[:, :3], np.ones((2, 1)), c[:, 3:]], 1), X),
    np.delete(SOS, 3, 1),
)
PROGRAMS["sosfilt zi"] = (lambda x: s.sosfilt(SOS, x, zi=s.sosfilt_zi(SOS) * x[0])[0], X)
PROGRAMS["sosfiltfilt"] = (lambda x: s.sosfiltfilt(SOS, x), X)
PROGRAMS["savgol"] = (lambda x: s.savgol_filter(x, 7, 3), X)
PROGRAMS["savgol deriv mode"] = (lambda x: s.savgol_filter(x, 7, 3, deriv=1, mode="wrap"), X)
PROGRAMS["savgol_coeffs"] = (lambda x: s.savgol_coeffs(5, 2, delta=x[0], deriv=1), np.array([0.3]))
PROGRAMS["hilbert"] = (lambda x: np.abs(s.hilbert(x)), X)
PROGRAMS["hilbert2"] = (lambda x: np.abs(s.hilbert2(x)), X2)
PROGRAMS["envelope"] = (lambda x: s.envelope(x), X)
PROGRAMS["resample"] = (lambda x: s.resample(x, 25), X)
PROGRAMS["resample win"] = (lambda x: s.resample(x, 55, window="hann"), X)
PROGRAMS["resample_poly"] = (lambda x: s.resample_poly(x, 3, 2), X)
PROGRAMS["upfirdn"] = (lambda x: s.upfirdn(H, x, 2, 3), X)
PROGRAMS["upfirdn h"] = (lambda h: s.upfirdn(h, X, 2, 3), H)
PROGRAMS["decimate"] = (lambda x: s.decimate(x, 2), X)
PROGRAMS["decimate fir"] = (lambda x: s.decimate(x, 2, ftype="fir"), X)
PROGRAMS["detrend"] = (lambda x: s.detrend(x), X)
PROGRAMS["detrend bp"] = (lambda x: s.detrend(x, bp=[15]), X)
PROGRAMS["detrend const"] = (lambda x: s.detrend(x, type="constant"), X)
PROGRAMS["welch"] = (lambda x: s.welch(x, nperseg=16)[1], X)
PROGRAMS["welch median"] = (lambda x: s.welch(x, nperseg=16, average="median")[1], X)
PROGRAMS["periodogram"] = (lambda x: s.periodogram(x)[1], X)
PROGRAMS["spectrogram"] = (lambda x: s.spectrogram(x, nperseg=16)[2], X)
PROGRAMS["spectrogram mag"] = (lambda x: s.spectrogram(x, nperseg=16, mode="magnitude")[2], X)
PROGRAMS["spectrogram phase"] = (lambda x: s.spectrogram(x, nperseg=16, mode="angle")[2], X)
PROGRAMS["stft"] = (lambda x: np.abs(s.stft(x, nperseg=16)[2]), X)
PROGRAMS["istft"] = (lambda x: s.istft(s.stft(x, nperseg=16)[2], nperseg=16)[1], X)
PROGRAMS["csd"] = (lambda x: np.abs(s.csd(x, np.roll(x, 1) * x, nperseg=16)[1]), X)
PROGRAMS["coherence"] = (lambda x: s.coherence(x, X**2, nperseg=16)[1], X)
PROGRAMS["lombscargle"] = (lambda x: s.lombscargle(t, x, np.array([3.0, 7.0])), X)
PROGRAMS["lombscargle f"] = (lambda f: s.lombscargle(t, X, f), np.array([3.0, 7.0]))
PROGRAMS["ShortTimeFFT"] = (lambda x: np.abs(s.ShortTimeFFT(w.hann(8), 4, 1.0).stft(x)), X)
PROGRAMS["STFT spectrogram"] = (lambda x: s.ShortTimeFFT(w.hann(8), 4, 1.0).spectrogram(x), X)
PROGRAMS["STFT istft"] = (lambda x: (lambda S: S.istft(S.stft(x), k1=40))(s.ShortTimeFFT(w.hann(8), 4, 1.0)), X)
PROGRAMS["freqz"] = (lambda b: np.abs(s.freqz(b, A, worN=8)[1]), B)
PROGRAMS["freqz a"] = (lambda a: np.abs(s.freqz(B, a, worN=8)[1]), A)
PROGRAMS["freqs"] = (lambda b: np.abs(s.freqs(b, A, worN=np.array([0.1, 0.5]))[1]), B)
PROGRAMS["sosfreqz"] = (
    lambda b: np.abs(s.sosfreqz(np.concatenate([b[:, :3], np.ones((2, 1)), b[:, 3:]], 1), worN=8)[1]),
    np.delete(SOS, 3, 1),
)
PROGRAMS["freqz_zpk"] = (lambda b: np.abs(s.freqz_zpk(b[:2], b[2:], 1.0, worN=8)[1]), H)
PROGRAMS["group_delay"] = (lambda b: s.group_delay((b, A), w=8)[1], B)
PROGRAMS["bode"] = (lambda b: s.bode(s.lti(b, [1.0, 0.4, 0.3]), w=np.array([0.1, 0.7]))[1], np.array([0.3, 0.4]))
for d, k in (
    ("butter", {}),
    ("cheby1", {"rp": 1}),
    ("cheby2", {"rs": 30}),
    ("ellip", {"rp": 1, "rs": 30}),
    ("bessel", {}),
):
    for o in ("ba", "sos", "zpk"):
        PROGRAMS[f"{d} {o}"] = (
            lambda v, d=d, k=k, o=o: np.concatenate(
                [
                    np.ravel(q)
                    for q in (lambda r: r if isinstance(r, tuple) else (r,))(getattr(s, d)(3, Wn=v[0], output=o, **k))
                ]
            ),
            np.array([0.31]),
        )
    PROGRAMS[f"{d} band"] = (
        lambda v, d=d, k=k: np.concatenate(getattr(s, d)(2, Wn=[v[0], v[1]], btype="band", **k)),
        np.array([0.31, 0.5]),
    )
    PROGRAMS[f"{d} high"] = (
        lambda v, d=d, k=k: np.concatenate(getattr(s, d)(2, Wn=v[0], btype="high", **k)),
        np.array([0.31]),
    )
    PROGRAMS[f"{d} stop"] = (
        lambda v, d=d, k=k: getattr(s, d)(2, Wn=[v[0], v[1]], btype="bandstop", output="sos", **k),
        np.array([0.31, 0.5]),
    )
    PROGRAMS[f"{d} analog"] = (
        lambda v, d=d, k=k: np.concatenate(getattr(s, d)(2, Wn=v[0], analog=True, **k)),
        np.array([0.31]),
    )
PROGRAMS["cheby1 rp"] = (lambda v: np.concatenate(s.cheby1(3, v[0], 0.3)), np.array([1.0]))
PROGRAMS["ellip rp"] = (lambda v: np.concatenate(s.ellip(3, v[0], 30, 0.3)), np.array([1.0]))
PROGRAMS["iirnotch"] = (lambda v: np.concatenate(s.iirnotch(v[0], v[1])), np.array([0.3, 20.0]))
PROGRAMS["iirpeak"] = (lambda v: np.concatenate(s.iirpeak(v[0], v[1])), np.array([0.3, 20.0]))
PROGRAMS["gammatone"] = (lambda v: np.concatenate(s.gammatone(v[0], "iir", fs=16.0)), np.array([3.0]))
PROGRAMS["firwin"] = (lambda v: s.firwin(9, v[0]), np.array([0.3]))
PROGRAMS["firwin band"] = (lambda v: s.firwin(9, v, pass_zero=False), np.array([0.3, 0.6]))
PROGRAMS["firwin2"] = (lambda v: s.firwin2(9, [0, 0.5, 1], v), np.array([1.0, 0.5, 0.1]))
PROGRAMS["firls"] = (lambda v: s.firls(9, [0, 0.3, 0.5, 1], v), np.array([1.0, 1.0, 0.1, 0.2]))
PROGRAMS["remez"] = (lambda v: s.remez(9, [0, 0.2, 0.3, 0.5], v), np.array([1.0, 0.1]))
PROGRAMS["minimum_phase"] = (lambda h: s.minimum_phase(h), s.firwin(9, 0.3))
PROGRAMS["kaiserord"] = (lambda v: s.kaiserord(v[0], 0.2)[1], np.array([40.0]))
PROGRAMS["kaiser_atten"] = (lambda v: s.kaiser_atten(9, v[0]), np.array([0.2]))
PROGRAMS["bilinear"] = (lambda b: np.concatenate(s.bilinear(b, A)), B)
PROGRAMS["bilinear_zpk"] = (lambda b: s.bilinear_zpk(b, np.array([-0.3, -0.4]), 1.0, 2.0)[0], H[:2])
PROGRAMS["tf2zpk"] = (lambda b: np.abs(s.tf2zpk(b, A)[0]), np.array([1.0, 0.4, 0.3, 0.21]))
PROGRAMS["zpk2tf"] = (lambda z: s.zpk2tf(z, [0.1], 1.0)[0], H)
PROGRAMS["tf2ss"] = (lambda b: s.tf2ss(b, A)[2], B)
PROGRAMS["ss2tf"] = (
    lambda b: np.concatenate([np.ravel(v) for v in s.ss2tf(b[:4].reshape(2, 2), b[4:6, None], b[None, 6:8], 0.0)]),
    X[:8],
)
PROGRAMS["tf2sos"] = (lambda b: s.tf2sos(b, A), np.array([1.0, 0.4, 0.3, 0.21]))
PROGRAMS["sos2tf"] = (lambda b: s.sos2tf(b)[0], SOS)
PROGRAMS["zpk2sos"] = (lambda z: s.zpk2sos(z, [0.1, 0.2], 1.0), np.array([0.3, 0.4]))
PROGRAMS["sos2zpk"] = (lambda b: np.abs(s.sos2zpk(b)[0]), SOS + 0.01 * np.arange(6))
PROGRAMS["residue"] = (lambda b: np.abs(s.residue(b, [1.0, 0.5, 0.06])[0]), np.array([1.0, 2.0]))
PROGRAMS["invres"] = (lambda r: s.invres(r, [0.1, 0.4], [])[0], np.array([0.3, 0.5]))
PROGRAMS["cont2discrete"] = (
    lambda a: s.cont2discrete((a.reshape(2, 2), np.eye(2), np.eye(2), 0 * np.eye(2)), 0.1)[0],
    X[:4],
)
PROGRAMS["c2d bilinear"] = (
    lambda a: s.cont2discrete((a.reshape(2, 2), np.eye(2), np.eye(2), 0 * np.eye(2)), 0.1, method="bilinear")[0],
    X[:4],
)
PROGRAMS["lp2hp"] = (lambda b: s.lp2hp(b, A, 0.4)[0], B)
PROGRAMS["lp2bp"] = (lambda b: s.lp2bp(b, A, 0.4)[0], B)
PROGRAMS["normalize"] = (lambda b: s.normalize(b, A)[0], B)
PROGRAMS["deconvolve"] = (lambda x: s.deconvolve(x, H)[0], X[:9])
PROGRAMS["place_poles"] = (lambda a: s.place_poles(a.reshape(2, 2), np.eye(2), [-1.0, -2.0]).gain_matrix, X[:4])
tt = np.linspace(0, 2, 9)


def lt(a):
    return s.lti(a[:2], np.array([1.0, a[2], a[3]]))


a4 = np.array([0.3, 0.5, 0.7, 0.9])
PROGRAMS["lsim"] = (lambda a: s.lsim(lt(a), np.sin(tt), tt)[1], a4)
PROGRAMS["lsim u"] = (lambda u: s.lsim(lt(a4), u, tt)[1], np.sin(tt))
PROGRAMS["impulse"] = (lambda a: s.impulse(lt(a), T=tt)[1], a4)
PROGRAMS["step"] = (lambda a: s.step(lt(a), T=tt)[1], a4)
PROGRAMS["dlsim"] = (lambda u: s.dlsim((a4[:2], [1.0, 0.4, 0.3], 0.1), u)[1], np.sin(tt))
PROGRAMS["dstep"] = (lambda a: s.dstep((a[:2], [1.0, 0.4, 0.3], 0.1), n=6)[1][0], a4)
PROGRAMS["dimpulse"] = (lambda a: s.dimpulse((a[:2], [1.0, 0.4, 0.3], 0.1), n=6)[1][0], a4)
PROGRAMS["lti poles"] = (lambda a: np.abs(lt(a).poles), a4)
PROGRAMS["StateSpace"] = (
    lambda a: s.lsim(s.StateSpace(a.reshape(2, 2), np.ones((2, 1)), np.ones((1, 2)), np.zeros((1, 1))), np.sin(tt), tt)[
        1
    ],
    a4,
)
PROGRAMS["find_peaks"] = (lambda x: x[s.find_peaks(x)[0]] ** 2, X)
PROGRAMS["find_peaks props"] = (lambda x: s.find_peaks(x, height=0)[1]["peak_heights"], X)
PROGRAMS["find_peaks prominence"] = (lambda x: s.find_peaks(x, prominence=0.01)[1]["prominences"], X)
PROGRAMS["peak_widths"] = (lambda x: s.peak_widths(x, s.find_peaks(x)[0])[0], X)
PROGRAMS["peak_prominences"] = (lambda x: s.peak_prominences(x, s.find_peaks(x)[0])[0], X)
PROGRAMS["argrelmax"] = (lambda x: x[s.argrelmax(x)[0]] ** 2, X)
PROGRAMS["find_peaks_cwt"] = (lambda x: x[s.find_peaks_cwt(x, np.arange(1, 4))] ** 2, X)
PROGRAMS["medfilt"] = (lambda x: s.medfilt(x, 5), X)
PROGRAMS["medfilt2d"] = (lambda x: s.medfilt2d(x, 3), X2)
PROGRAMS["wiener"] = (lambda x: s.wiener(x, 5), X)
PROGRAMS["order_filter"] = (lambda x: s.order_filter(x, np.ones(3), 1), X)
PROGRAMS["symiirorder1"] = (lambda x: s.symiirorder1(x, 0.3, 0.5), X)
PROGRAMS["symiirorder2"] = (lambda x: s.symiirorder2(x, 0.3, 0.5), X)
PROGRAMS["cspline1d"] = (lambda x: s.cspline1d(x), X)
PROGRAMS["qspline1d"] = (lambda x: s.qspline1d(x), X)
PROGRAMS["cspline1d_eval"] = (lambda x: s.cspline1d_eval(s.cspline1d(x), np.array([1.3, 4.2])), X)
PROGRAMS["sepfir2d"] = (lambda x: s.sepfir2d(x, H[:3], H[:3]), X2)
PROGRAMS["gauss_spline"] = (lambda x: s.gauss_spline(x, 3), X)
PROGRAMS["chirp"] = (lambda v: s.chirp(t, v[0], 1.0, v[1]), np.array([1.0, 9.0]))
PROGRAMS["chirp log"] = (lambda v: s.chirp(t, v[0], 1.0, v[1], method="log"), np.array([1.0, 9.0]))
PROGRAMS["gausspulse"] = (lambda v: s.gausspulse(t, fc=v[0]), np.array([5.0]))
PROGRAMS["sawtooth"] = (lambda x: s.sawtooth(x), X)
PROGRAMS["square"] = (lambda x: s.square(x) * x, X)
PROGRAMS["sweep_poly"] = (lambda v: s.sweep_poly(t, v), H)
PROGRAMS["czt"] = (lambda x: np.abs(s.czt(x)), X[:10])
PROGRAMS["zoom_fft"] = (lambda x: np.abs(s.zoom_fft(x, [0.1, 0.3], m=8)), X)
PROGRAMS["unique_roots"] = (lambda x: s.unique_roots(x)[0], H)
PROGRAMS["vectorstrength"] = (lambda x: s.vectorstrength(x, 1.3)[0], X)
PROGRAMS["choose_conv"] = (lambda x: s.convolve(x, x, method="auto"), X)
for n, a in (
    ("gaussian", (9,)),
    ("kaiser", (9,)),
    ("tukey", (9,)),
    ("general_hamming", (9,)),
    ("exponential", (9, None)),
    ("general_gaussian", (9, 1.5)),
    ("chebwin", (9,)),
    ("dpss", (9,)),
    ("kaiser_bessel_derived", (10,)),
):
    PROGRAMS[f"window {n}"] = (
        lambda v, n=n, a=a: getattr(w, n)(*a, v[0]),
        np.array([{"tukey": 0.4, "general_hamming": 0.6, "chebwin": 60.0}.get(n, 2.3)]),
    )
PROGRAMS["window taylor"] = (lambda v: w.taylor(9, sll=v[0]), np.array([30.0]))
PROGRAMS["window general_cosine"] = (lambda v: w.general_cosine(9, v), H)
PROGRAMS["get_window"] = (lambda x: x * s.get_window("hann", 40), X)
PROGRAMS["gaussian win tuple"] = (lambda v: s.get_window(("gaussian", v[0]), 9), np.array([2.0]))
for n in ("remez", "minimum_phase"):
    PROGRAMS.pop(n)
BIG = np.outer(X, X[::-1])
PROGRAMS["cspline2d"] = (lambda x: s.cspline2d(x), BIG)
PROGRAMS["spline_filter"] = (lambda x: s.spline_filter(x), BIG)
PROGRAMS["lfilter zf axis"] = (
    lambda x: np.concatenate([v.ravel() for v in s.lfilter(B, A, x, axis=0, zi=np.ones((3, 6)))]),
    X2,
)
PROGRAMS["lfilter short"] = (lambda x: np.concatenate(s.lfilter(np.ones(6) / 6, [1.0], x, zi=np.arange(5.0))), X[:3])
PROGRAMS["sosfilt zf"] = (lambda x: s.sosfilt(SOS, x, zi=np.ones((2, 2)))[1], X)
PROGRAMS["upfirdn sym"] = (lambda x: s.upfirdn(H, x, 2, 3, mode="symmetric"), X)
PROGRAMS["resample_poly edge"] = (lambda x: s.resample_poly(x, 3, 2, padtype="edge"), X)
PROGRAMS["convolve2d complex"] = (lambda x: np.abs(s.convolve2d(x * (1 + 0.5j), K2)), X2)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """Value, reverse and forward mode."""
    check(*PROGRAMS[name])
