"""Statistics, survival and reliability, time series, finance, insurance, games, biology, signals."""

from __future__ import annotations

import numpy as np
from calls import call

SERIES = tuple(100.0 + np.cumsum(np.cos(np.arange(24.0) * 1.7)))


@call("reliability", "reliability", 50.0, 2.5)
def weibull_distribution(x):
    """Distributions.Weibull_Distribution: SF, HF, mean residual life"""
    from reliability.Distributions import Weibull_Distribution
    d = Weibull_Distribution(alpha=x[0], beta=x[1])
    return float(d.mean) / 10 + float(d.SF(xvals=30.0, show_plot=False)) + float(d.HF(xvals=30.0, show_plot=False))


@call("surpyval", "survival", 50.0, 2.5)
def weibull_survival(x):
    """Weibull: sf, hazard, moments"""
    from surpyval import Weibull
    return float(Weibull.sf(30.0, x[0], x[1])) + float(Weibull.hf(30.0, x[0], x[1])) + float(Weibull.mean(x[0], x[1])) / 50


@call("copulas", "statistics", 0.3, 0.6)
def clayton_copula(x):
    """bivariate.Clayton: density and distribution"""
    from copulas.bivariate import Clayton
    c = Clayton()
    c.theta = 2.0
    u = np.array([[x[0], x[1]], [0.5, 0.2]])
    return float(np.sum(c.probability_density(u))) + float(np.sum(c.cumulative_distribution(u)))


@call("copulae", "statistics", 2.0, 0.4)
def clayton_pdf(x):
    """archimedean.ClaytonCopula.pdf"""
    from copulae import ClaytonCopula
    c = ClaytonCopula(theta=x[0], dim=2)
    return float(np.sum(c.pdf(np.array([[x[1], 0.3], [0.5, 0.7]]))))


@call("simdkalman", "state estimation", 0.3, 0.8)
def vectorised_kalman(x):
    """KalmanFilter.smooth"""
    import simdkalman
    kf = simdkalman.KalmanFilter(np.array([[1.0, x[1]], [0.0, 1.0]]), np.diag([0.1, x[0]]), np.array([[1.0, 0.0]]), 1.0)
    return float(np.sum(kf.smooth(np.sin(np.arange(8.0))).states.mean ** 2))


@call("ruptures", "time series", *np.sin(np.arange(10.0)))
def segment_costs(x):
    """costs.CostL2.error"""
    import ruptures
    cost = ruptures.costs.CostL2().fit(x.reshape(-1, 1))
    return float(cost.error(0, 5)) + float(cost.error(4, 10))


@call("pymannkendall", "time series", *SERIES[:10])
def trend_test(x):
    """original_test: slope and intercept"""
    import pymannkendall as mk
    return mk.original_test(x).slope


@call("pwlf", "curve fitting", 1.0, 2.0, 2.5, 4.0, 3.0, 5.5)
def piecewise_linear(x):
    """PiecewiseLinFit.fit_with_breaks, predict"""
    import pwlf
    model = pwlf.PiecewiseLinFit(np.arange(6.0), x)
    model.fit_with_breaks([0.0, 2.5, 5.0])
    return float(np.sum(model.predict(np.array([0.5, 3.3])) ** 2))


@call("ordpy", "time series", *np.sin(np.arange(12.0)))
def complexity(x):
    """weighted_permutation_entropy"""
    import ordpy
    return float(ordpy.weighted_permutation_entropy(x, dx=3))


@call("scikit-fda", "functional data", *np.sin(np.arange(8.0)))
def functional_mean(x):
    """FDataGrid: integral, mean"""
    import skfda
    fd = skfda.FDataGrid(x.reshape(2, 4), np.linspace(0.0, 1.0, 4))
    return float(np.sum(fd.mean().data_matrix ** 2)) + float(np.sum(fd.integrate()))


@call("padasip", "adaptive filters", 0.3, 0.5, 0.9, 0.1, 0.4)
def adaptive_filter(x):
    """FilterLMS.run"""
    import padasip as pa
    f = pa.filters.FilterLMS(n=2, mu=x[0], w="zeros")
    u = np.column_stack([np.sin(np.arange(8.0)), np.cos(np.arange(8.0))])
    y, e, w = f.run(u @ x[1:3] + x[3], u)
    return float(np.sum(e ** 2)) + float(np.sum(w[-1])) * x[4]


@call("pycwt", "signals", *np.sin(np.arange(16.0)))
def continuous_wavelets(x):
    """cwt with a Morlet wavelet"""
    import pycwt
    return float(np.sum(np.abs(pycwt.cwt(x, 1.0, 0.5, 2.0, 3, pycwt.Morlet(6))[0]) ** 2))


@call("spectrum", "signals", *np.sin(np.arange(12.0)))
def autoregression(x):
    """aryule, CORRELATION"""
    from spectrum import CORRELATION, aryule
    a, p, k = aryule(x, 2)
    return float(np.real(np.sum(a))) + float(np.real(p)) + float(np.sum(CORRELATION(x, maxlags=3)))


@call("pyloudnorm", "audio", *np.sin(np.arange(8.0)))
def loudness(x):
    """Meter.integrated_loudness of a short block"""
    import pyloudnorm as pyln
    return float(pyln.Meter(100, block_size=0.04).integrated_loudness(np.tile(x, 4)))


@call("mir_eval", "music", 0.5, 1.02, 1.49)
def beat_tracking(x):
    """beat.continuity pieces, util.f_measure"""
    import mir_eval
    return mir_eval.util.f_measure(x[0], x[1], beta=x[2])


@call("colorspacious", "colour", 0.4, 0.2, 0.6)
def perceptual_colour(x):
    """cspace_convert to CAM02-UCS"""
    from colorspacious import cspace_convert
    return float(np.sum(cspace_convert(x, "sRGB1", "CAM02-UCS"))) / 10


@call("colormath", "colour", 50.0, 20.0, 30.0)
def colour_differences(x):
    """delta_e_cie1994 pieces: LabColor to XYZ"""
    from colormath.color_conversions import convert_color
    from colormath.color_objects import LabColor, XYZColor
    c = convert_color(LabColor(x[0], x[1], x[2]), XYZColor)
    return c.xyz_x + c.xyz_y + c.xyz_z


@call("coloraide", "colour", 0.4, 0.2, 0.6)
def css_colours(x):
    """Color.convert, delta_e"""
    from coloraide import Color
    c = Color("srgb", [x[0], x[1], x[2]])
    return sum(c.convert("oklab").coords()) + c.delta_e(Color("red"), method="2000") / 10


@call("ta", "finance", *SERIES)
def relative_strength(x):
    """momentum.rsi of a pandas Series"""
    import pandas as pd
    import ta
    return float(ta.momentum.rsi(pd.Series(x), window=5).iloc[-1])


@call("ta", "finance", *SERIES)
def bollinger(x):
    """volatility.BollingerBands, trend.macd"""
    import pandas as pd
    import ta
    close = pd.Series(x)
    return float(ta.trend.ema_indicator(close, window=5).iloc[-1]) + float(ta.trend.sma_indicator(close, window=5).iloc[-1])


@call("empyrical-reloaded", "finance", *(np.diff(SERIES[:12]) / 100))
def performance(x):
    """sharpe_ratio, max_drawdown, annual_return"""
    import empyrical
    return float(empyrical.sharpe_ratio(x)) / 10 + float(empyrical.max_drawdown(x)) + float(empyrical.cum_returns_final(x))


@call("quantstats", "finance", *(np.diff(SERIES[:12]) / 100))
def tearsheet(x):
    """stats.sharpe, volatility of a pandas Series"""
    import pandas as pd
    import quantstats as qs
    r = pd.Series(x, index=pd.date_range("2020-01-01", periods=len(x)))
    return float(qs.stats.sharpe(r)) / 10 + float(qs.stats.volatility(r))


@call("pyportfolioopt", "finance", 0.1, 0.2, 0.15)
def portfolios(x):
    """expected_returns, risk models, objective_functions"""
    from pypfopt import objective_functions
    cov = np.array([[0.1, 0.02, 0.01], [0.02, 0.2, 0.03], [0.01, 0.03, 0.15]])
    return float(objective_functions.portfolio_variance(x, cov)) + float(objective_functions.L2_reg(x, gamma=0.5))


@call("mibian", "finance", 1.4565, 0.3)
def option_greeks(x):
    """GK: price and delta of a currency option"""
    import mibian
    c = mibian.GK([x[0], 1.45, 1, 2, 30], volatility=20.0 + x[1])
    return c.callPrice + c.callDelta


@call("pyfeng", "finance", 0.2, 100.0, 0.5)
def bsm_price(x):
    """Bsm.price, delta, SABR implied volatility"""
    import pyfeng as pf
    return float(pf.Bsm(x[0]).price(np.array([105.0]), x[1], x[2])[0]) + float(
        pf.SabrHagan2002(x[0], vov=0.4, rho=-0.3, beta=0.9).vol_for_price(np.array([105.0]), x[1], x[2])[0])


@call("pysabr", "finance", 0.025, 0.3, -0.2)
def sabr_volatility(x):
    """Hagan2002LognormalSABR.lognormal_vol"""
    from pysabr import Hagan2002LognormalSABR
    return Hagan2002LognormalSABR(f=x[0], t=1.0, v_atm_n=0.004, beta=0.5, rho=x[2], volvol=x[1]).lognormal_vol(0.02)


@call("py_vollib", "finance", 100.0, 0.25)
def greeks(x):
    """black_scholes.greeks.analytical: delta, vega, theta"""
    from py_vollib.black_scholes.greeks.analytical import delta, theta, vega
    return delta("c", x[0], 95.0, 0.5, 0.03, x[1]) + vega("c", x[0], 95.0, 0.5, 0.03, x[1]) + theta("p", x[0], 95.0, 0.5, 0.03, x[1])


@call("pyliferisk", "insurance", 0.03, 1000.0)
def annuities(x):
    """Actuarial: annuities and assurances"""
    from pyliferisk import Actuarial, Axn, annuity
    from pyliferisk.mortalitytables import GKM95
    table = Actuarial(nt=GKM95, i=x[0])
    return Axn(table, 40, 20) * x[1] + annuity(table, 50, 10, 1)


@call("trueskill", "games", 25.0, 8.0, 27.0)
def rating(x):
    """rate_1vs1, quality_1vs1"""
    from trueskill import Rating, quality_1vs1, rate_1vs1
    a, b = rate_1vs1(Rating(x[0], x[1]), Rating(x[2], 7.0))
    return a.mu + b.sigma + quality_1vs1(a, b)


@call("nashpy", "games", 1.0, 2.0, 0.5)
def expected_utilities(x):
    """Game: expected utilities of mixed strategies"""
    import nashpy
    game = nashpy.Game(np.array([[x[0], x[1]], [x[2], 1.0]]), np.array([[1.0, 0.0], [x[1], x[2]]]))
    return float(np.sum(game[np.array([0.3, 0.7]), np.array([0.6, 0.4])]))


@call("EoN", "epidemiology", 0.3, 0.2)
def epidemic_pairwise(x):
    """SIR_homogeneous_pairwise"""
    import EoN
    t, s, i, r = EoN.SIR_homogeneous_pairwise(90.0, 10.0, 0.0, 40.0, 300.0, 4, x[0], x[1], tmax=3, tcount=11)
    return float(i[-1]) + float(s[-1])


@call("scikit-bio", "bioinformatics", 0.2, 0.3, 0.5, 0.1, 0.6, 0.3)
def compositions(x):
    """stats.composition: clr, ilr, closure"""
    from skbio.stats.composition import closure, clr, ilr
    a = closure(x.reshape(2, 3))
    return float(np.sum(clr(a) ** 2)) + float(np.sum(ilr(a)))


@call("scikit-bio", "bioinformatics", 10.0, 20.0, 5.0)
def diversity(x):
    """diversity.alpha: Shannon, Simpson"""
    from skbio.diversity.alpha import shannon, simpson
    return float(shannon(x)) + float(simpson(x))


@call("bctpy", "neuroscience", 0.4, 0.8, 0.3, 0.9, 0.5, 0.7)
def brain_networks(x):
    """clustering_coef_wu, strengths_und"""
    import bct
    w = np.zeros((4, 4))
    w[np.triu_indices(4, 1)] = x
    w = w + w.T
    return float(np.sum(bct.clustering_coef_wu(w))) + float(np.sum(bct.strengths_und(w) ** 2))


@call("neurodsp", "neuroscience", *np.sin(np.arange(24.0)))
def spectra(x):
    """spectral.compute_spectrum (Welch)"""
    from neurodsp.spectral import compute_spectrum
    return float(np.sum(compute_spectrum(x, 100.0, method="welch", nperseg=12)[1]))


@call("nitime", "neuroscience", *np.sin(np.arange(16.0)))
def periodograms(x):
    """algorithms.periodogram, autocov"""
    import nitime.algorithms as alg
    from nitime.utils import autocov
    return float(np.sum(alg.periodogram(x)[1])) + float(np.sum(autocov(x)[:3]))


@call("sigpy", "magnetic resonance", *np.sin(np.arange(8.0)))
def imaging(x):
    """soft_thresh, resize"""
    import sigpy as sp
    return float(np.sum(sp.soft_thresh(0.2, x) ** 2)) + float(np.sum(sp.resize(x, (12,)) ** 2))


@call("nmrglue", "nuclear magnetic resonance", *np.sin(np.arange(8.0)))
def nmr_processing(x):
    """proc_base: em, zf, fft, ps"""
    import nmrglue as ng
    data = ng.proc_base.ps(ng.proc_base.fft(ng.proc_base.zf_size(ng.proc_base.em(x + 0j, lb=0.1), 16)), p0=30.0)
    return float(np.sum(data.real ** 2))


@call("pybaselines", "spectroscopy", *(np.sin(np.arange(12.0)) + 0.1 * np.arange(12.0)))
def baselines(x):
    """polynomial.poly, whittaker.asls"""
    from pybaselines import polynomial
    return float(np.sum(polynomial.poly(x, np.arange(12.0), poly_order=2)[0] ** 2))


@call("rampy", "spectroscopy", 10.0, 500.0, 20.0)
def raman_peaks(x):
    """gaussian, lorentzian, pseudovoigt"""
    import rampy as rp
    t = np.linspace(450.0, 550.0, 7)
    return float(np.sum(rp.gaussian(t, x[0], x[1], x[2]) + rp.lorentzian(t, x[0], x[1], x[2]) + rp.pseudovoigt(t, x[0], x[1], x[2], 0.4)))


@call("spyndex", "remote sensing", 0.6, 0.1)
def spectral_index(x):
    """computeIndex: NDVI, SAVI"""
    import spyndex
    return float(np.sum(spyndex.computeIndex(["NDVI", "SAVI"], {"N": x[0], "R": x[1], "L": 0.5})))


@call("inequality", "spatial statistics", 1.0, 2.0, 0.5, 1.5)
def inequality_gini(x):
    """gini.Gini"""
    from inequality.gini import Gini
    return float(Gini(x).g)
