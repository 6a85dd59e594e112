"""Astronomy, climate and water, chemistry, quantum and nuclear physics, mind and body, learning, money, games."""

from __future__ import annotations

import numpy as np
from calls import call

RESPONSES = (np.random.default_rng(3).random((4, 20)) > 0.4).astype(int)


@call("lenstronomy", "astronomy", 1.1, 0.2, 0.5)
def lens_deflection(x):
    """LensModel: deflection, potential of an elliptic lens with shear"""
    from lenstronomy.LensModel.lens_model import LensModel
    lens = LensModel(["SIE", "SHEAR"])
    kwargs = [{"theta_E": x[0], "e1": x[1], "e2": 0.1, "center_x": 0.0, "center_y": 0.0}, {"gamma1": 0.05, "gamma2": x[1]}]
    a, b = lens.alpha(x[2], 0.7, kwargs)
    return float(a + 2 * b + lens.potential(x[2], 0.7, kwargs))


@call("poliastro", "astronomy", 0.3, 0.8)
def kepler_angles(x):
    """core.angles: anomalies (Numba-jitted)"""
    from poliastro.core.angles import E_to_M, E_to_nu, nu_to_E
    return E_to_nu(x[1], x[0]) + E_to_M(x[1], x[0]) + nu_to_E(x[1], x[0])


@call("lamberthub", "astronomy", 5000.0, 10000.0, 2100.0)
def lambert_problem(x):
    """izzo2015 of Vallado's example"""
    from lamberthub import izzo2015
    v1, v2 = izzo2015(3.986004418e5, np.array([x[0], x[1], x[2]]), np.array([-14600.0, 2500.0, 7000.0]), 3600.0)[:2]
    return float(np.sum(v1) + v2[0])


@call("hmf", "cosmology", 0.3, 0.8)
def halo_masses(x):
    """fitting_functions: Sheth-Tormen multiplicity"""
    from hmf.mass_function.fitting_functions import SMT
    nu2 = np.array([0.5, 1.0, 2.0])
    f = SMT(nu2=nu2, a=x[1], p=x[0], A=0.32)
    return float(np.sum(f.fsigma))


@call("sncosmo", "astronomy", 0.2, 1.5)
def dust_law(x):
    """CCM89Dust: propagate"""
    import sncosmo
    d = sncosmo.CCM89Dust()
    d.set(ebv=x[0], r_v=3.1)
    return float(np.sum(d.propagate(np.array([4000.0, 5000.0, 6000.0]), x[1] * np.ones(3))))


@call("climlab", "climate", 45.0, 172.0)
def insolation(x):
    """solar.insolation.daily_insolation"""
    from climlab.solar.insolation import daily_insolation
    return float(daily_insolation(x[0], x[1]))


@call("climlab", "climate", 290.0, 900.0)
def moist_air(x):
    """utils.thermo: potential temperature, saturation, pseudoadiabat"""
    from climlab.utils import thermo
    return float(thermo.potential_temperature(x[0], x[1]) / 100 + thermo.qsat(x[0], x[1]) * 100
                 + thermo.pseudoadiabat(x[0], x[1]) * 100)


@call("refet", "hydrology", 25.0, 12.0, 60.0)
def reference_evapotranspiration(x):
    """Daily: grass reference by ASCE"""
    import refet
    return float(refet.Daily(tmin=x[1], tmax=x[0], ea=1.2, rs=22.0, uz=3.0, zw=3.0, elev=1200.0, lat=x[2] - 20,
                             doy=182).etr().item())


@call("baseflow", "hydrology", *(5 + np.cos(np.arange(20.0) * 0.7) + 0.1 * np.arange(20.0)))
def base_flow(x):
    """methods: Lyne-Hollick, Chapman (Numba-jitted)"""
    from baseflow.methods import LH, Chapman
    b = LH(x)
    return float(np.sum(b ** 2) + np.sum(Chapman(x, b, 0.95)))


@call("climate-indices", "hydrology", 25.0, 0.6)
def drought_indices(x):
    """eto: Thornthwaite and Hargreaves pieces"""
    from climate_indices import eto
    return float(np.sum(eto._solar_declination(120))) + x[1] * float(np.sum(eto._sunset_hour_angle(x[0] / 50, 0.3)))


@call("fastjmd95", "oceanography", 35.0, 10.0, 1000.0)
def sea_water_jmd95(x):
    """rho, drhodt (Numba-jitted)"""
    import fastjmd95
    return float(fastjmd95.rho(x[0], x[1], x[2])) / 1000 + 10 * float(fastjmd95.drhodt(x[0], x[1], x[2]))


@call("pyseaflux", "oceanography", 290.0, 34.0, 8.0)
def gas_transfer(x):
    """solubility, gas transfer velocity, vapour pressure"""
    import pyseaflux as sf
    return float(sf.solubility.solubility_weiss1974(x[1], x[0], 1.0)) * 10 + float(sf.gas_transfer_velocity.k_Wa14(
        x[2], x[0] - 273.15))


@call("aquacrop", "agriculture", 20.0, 0.4)
def crop_growth(x):
    """solution: canopy cover development (Numba-jitted)"""
    from aquacrop.solution.cc_development import cc_development
    return float(cc_development(0.01, 0.9, 0.1 * x[1], 0.05, x[0], "Growth", 0.9))


@call("prosail", "remote sensing", 1.5, 40.0, 0.01)
def leaf_optics(x):
    """run_prospect"""
    import prosail
    _, reflectance, transmittance = prosail.run_prospect(x[0], x[1], 8.0, 0.0, x[2], 0.009)
    return float(np.sum(reflectance[::100]) + np.sum(transmittance[::100] ** 2))


@call("zepid", "epidemiology", 30.0, 70.0, 20.0, 80.0)
def risk_ratios(x):
    """calc: risk ratio, odds ratio, number needed to treat"""
    from zepid.calc import odds_ratio, risk_ratio
    return float(risk_ratio(x[0], x[1], x[2], x[3])[0]) + float(odds_ratio(x[0], x[1], x[2], x[3])[3])


@call("pmutt", "chemistry", 300.0, 1600.0)
def statistical_thermodynamics(x):
    """statmech.vib.HarmonicVib, trans.FreeTrans"""
    from pmutt.statmech.trans import FreeTrans
    from pmutt.statmech.vib import HarmonicVib
    v = HarmonicVib(vib_wavenumbers=[x[1], 3600.0, 3700.0])
    return float(v.get_CvoR(T=x[0]) + v.get_SoR(T=x[0]) + v.get_UoRT(T=x[0]) + FreeTrans(
        n_degrees=3, molecular_weight=18.0).get_SoR(T=x[0], P=1.0))


@call("nmrsim", "nuclear magnetic resonance", 10.0, 100.0, 7.0)
def spin_system(x):
    """SpinSystem: peaks of an AB quartet"""
    from nmrsim.discrete import AB
    return float(sum(f / 100 + 0.5 * i for f, i in AB(x[2], x[0], x[1])))


@call("thewalrus", "quantum", 1.0, 0.3, 0.5)
def hafnian(x):
    """hafnian, permanent, torontonian pieces (Numba-jitted)"""
    from thewalrus import hafnian as haf, perm
    a = np.array([[0.2, x[0], x[1], 0.4], [x[0], 0.1, 0.6, x[2]], [x[1], 0.6, 0.3, 0.8], [0.4, x[2], 0.8, 0.5]])
    return float(haf(a)) + float(perm(a))


@call("toqito", "quantum", 0.4, 0.7)
def quantum_information(x):
    """purity, trace distance, concurrence pieces, partial trace"""
    from toqito.channels import partial_trace
    from toqito.state_props import purity
    v = np.array([np.cos(x[0]), 0.0, 0.0, np.sin(x[0])])
    rho = x[1] * np.outer(v, v) + (1 - x[1]) * np.eye(4) / 4
    return float(np.real(purity(rho))) + float(np.real(partial_trace(rho)[0, 0]))


@call("pynucastro", "nuclear physics", 2e9)
def reaction_rate(x):
    """Tfactors and SingleSet: a rate and its log derivative"""
    from pynucastro.rates import SingleSet, Tfactors
    s = SingleSet([-40.0, 0.1, -15.0, 0.5, 0.03, -0.001, -0.6], " " * 6)
    return float(s.f()(Tfactors(x[0])))


@call("radioactivedecay", "nuclear physics", 10.0, 3.0)
def decay_chain(x):
    """Inventory.decay, activities"""
    import radioactivedecay as rd
    a = rd.Inventory({"Mo-99": x[1]}, "Bq").decay(x[0], "h").activities("Bq")
    return float(sum(a.values()))


@call("girth", "psychometrics", *np.linspace(0.5, 1.5, 4))
def item_response(x):
    """utilities: item characteristic function, ability estimates"""
    from girth import ability_mle
    return float(np.sum(ability_mle(RESPONSES, x - 1.0, x)[:3]))


@call("factor-analyzer", "psychometrics", *np.random.default_rng(2).normal(size=40))
def factor_rotation(x):
    """Rotator: varimax of loadings, KMO"""
    from factor_analyzer.factor_analyzer import calculate_kmo
    return float(calculate_kmo(x.reshape(10, 4))[1])


@call("catsim", "psychometrics", 1.2, 0.3, 0.15, 0.9)
def adaptive_tests(x):
    """irt: icc, information"""
    from catsim import irt
    return float(irt.icc(x[3], x[0], x[1], x[2])) + float(irt.inf(x[3], x[0], x[1], x[2]))


@call("krippendorff", "psychometrics", *np.round(np.random.default_rng(5).normal(size=12), 2))
def agreement(x):
    """alpha with interval distance"""
    import krippendorff
    return float(krippendorff.alpha(value_counts=np.abs(x.reshape(4, 3)) + 0.5, level_of_measurement="interval",
                                    value_domain=[1.0, 2.0, 3.0]))


@call("psignifit", "psychometrics", 0.4, 0.2, 0.05)
def psychometric_function(x):
    """sigmoids: Gauss"""
    from psignifit import sigmoids
    s = sigmoids.sigmoid_by_name("norm", PC=0.5, alpha=0.05)
    return float(np.sum(s(np.array([0.1, 0.4, 0.6]), x[0], x[1], x[2], 0.0)))


@call("specparam", "neuroscience", 1.0, 10.0, 0.5)
def power_spectrum(x):
    """sim: aperiodic and periodic components"""
    from specparam.modes.funcs import gaussian_function, powerlaw_function
    f = np.arange(1.0, 20.0)
    return float(np.sum(powerlaw_function(f, x[0], 1.2) + gaussian_function(f, x[1], x[2], 2.0)))


@call("pyspike", "neuroscience", *np.array([0.1, 0.4, 0.9, 1.3, 0.2, 0.55, 1.0]))
def spike_distance(x):
    """isi_distance, spike_distance"""
    import pyspike as spk
    a, b = spk.SpikeTrain(x[:4], [0.0, 2.0]), spk.SpikeTrain(x[4:], [0.0, 2.0])
    return float(spk.isi_distance(a, b)) + float(spk.spike_distance(a, b))


@call("minisom", "machine learning", *np.random.default_rng(1).normal(size=12))
def self_organising_map(x):
    """MiniSom.update, quantization_error"""
    from minisom import MiniSom
    som = MiniSom(2, 2, 3, random_seed=1)
    som.update(x[:3], (0, 1), 1, 10)
    return float(som.quantization_error(x.reshape(4, 3)))


@call("gmr", "machine learning", 0.2, 0.7, 1.1)
def mixture_regression(x):
    """GMM.predict"""
    from gmr import GMM
    g = GMM(n_components=2, priors=np.array([0.4, 0.6]), means=np.array([[0.0, x[0]], [1.0, x[1]]]),
            covariances=np.array([np.eye(2) * x[2], [[1.0, 0.3], [0.3, 0.8]]]))
    return float(np.sum(g.predict(np.array([0]), np.array([[0.3], [0.9]]))))


@call("smt", "machine learning", *np.sin(np.arange(6.0)))
def surrogate_model(x):
    """surrogate_models.RMTB-free: LS and QP regression"""
    from smt.surrogate_models import QP
    m = QP(print_global=False)
    m.set_training_values(np.linspace(0.0, 1.0, 6)[:, None], x)
    m.train()
    return float(np.sum(m.predict_values(np.array([[0.3], [0.8]]))))


@call("umap-learn", "machine learning", *np.random.default_rng(1).normal(size=6))
def distances(x):
    """distances: euclidean_grad, canberra, cosine (Numba-jitted)"""
    from umap import distances as d
    return float(d.euclidean(x[:3], x[3:]) + d.canberra(x[:3], x[3:]) + d.cosine(x[:3], x[3:]))


@call("powerlaw", "statistics", *(1.0 + np.abs(np.random.default_rng(1).normal(size=20)) * 3))
def power_law(x):
    """Fit with a given xmin: alpha"""
    import powerlaw
    return float(powerlaw.Power_Law(data=x, xmin=1.0, estimate_discrete=False).alpha)


@call("hyppo", "statistics", *np.random.default_rng(1).normal(size=16))
def independence_test(x):
    """independence.Dcorr statistic (Numba-jitted)"""
    from hyppo.independence import Dcorr
    return float(Dcorr().statistic(x[:8, None], x[8:, None]))


@call("choix", "games", 0.3, -0.2, 0.5)
def paired_comparisons(x):
    """log-likelihood of a Bradley-Terry model, rank centrality pieces"""
    import choix
    return float(choix.log_likelihood_pairwise([(0, 1), (1, 2), (0, 2), (2, 0)], x)) + float(choix.probabilities([0, 1, 2], x)[0])


@call("choix", "games", *(1.0 + np.random.default_rng(4).random(9)))
def spectral_ranking(x):
    """lsr_pairwise_dense: stationary distribution by a singular LU factorisation"""
    import choix
    return float(np.sum(choix.lsr_pairwise_dense(x.reshape(3, 3), alpha=0.1) * np.array([1.0, 2.0, 4.0])))


@call("elote", "games", 1500.0, 1620.0)
def ratings(x):
    """EloCompetitor: expected score after a match"""
    from elote import EloCompetitor
    a, b = EloCompetitor(initial_rating=x[0]), EloCompetitor(initial_rating=x[1])
    a.beat(b)
    return float(a.expected_score(b)) + float(a.rating) / 1000


@call("glicko2", "games", 1500.0, 200.0)
def glicko_rating(x):
    """Player.update_player"""
    import glicko2
    p = glicko2.Player()
    p.setRating(x[0])
    p.setRd(x[1])
    p.update_player([1400.0, 1550.0, 1700.0], [30.0, 100.0, 300.0], [1, 0, 0])
    return float(p.rating) / 100 + float(p.rd) / 100


@call("talipp", "finance", *(100 + np.cumsum(np.sin(np.arange(24.0)))))
def indicators(x):
    """EMA, RSI, ATR-free: incremental indicators"""
    from talipp.indicators import BB, EMA, RSI
    return float(EMA(5, list(x))[-1] / 100 + RSI(7, list(x))[-1] / 10 + BB(5, 2.0, list(x))[-1].ub / 100)


@call("actuarialmath", "insurance", 0.02, 0.05)
def life_contingencies(x):
    """ConstantForce: annuities and insurances"""
    from actuarialmath import ConstantForce
    life = ConstantForce(mu=x[0]).set_interest(delta=x[1])
    return float(life.A_x(50, discrete=False)) + float(life.a_x(50, discrete=False)) / 10


@call("financepy", "finance", 100.0, 0.2)
def option_values(x):
    """models.black_scholes_analytic: value, delta, vega (Numba-jitted)"""
    from financepy.models.black_scholes_analytic import bs_delta, bs_value
    return float(bs_value(x[0], 1.0, 105.0, 0.03, 0.01, x[1], 1)) + float(bs_delta(x[0], 1.0, 105.0, 0.03, 0.01, x[1], 1))


@call("pycop", "finance", 0.3, 0.6, 2.0)
def copula(x):
    """archimedean copulas: distribution and density"""
    from pycop import archimedean
    c = archimedean(family="clayton")
    return float(c.get_cdf(x[0], x[1], [x[2]]) + c.get_pdf(x[0], x[1], [x[2]]))


@call("sewar", "images", *np.random.default_rng(0).random(32))
def image_quality(x):
    """mse, psnr, uqi pieces"""
    from sewar.full_ref import mse, psnr
    a, b = x[:16].reshape(4, 4), x[16:].reshape(4, 4)
    return float(mse(a, b)) + float(psnr(a, b, MAX=1.0)) / 10


@call("mechkit", "materials", 200.0, 0.3)
def elastic_constants(x):
    """material.Isotropic"""
    import mechkit
    m = mechkit.material.Isotropic(E=x[0], nu=x[1])
    return float(m.K + m.G) / 100 + float(np.sum(m.stiffness_mandel6)) / 1000


@call("geoana", "geophysics", 0.5, 100.0)
def wire_field(x):
    """gravity.PointMass, kernels"""
    from geoana.gravity import PointMass
    p = PointMass(mass=x[1], location=np.array([0.0, 0.0, -1.0]))
    return float(np.sum(p.gravitational_field(np.array([[x[0], 0.2, 0.3]])))) * 1e10


@call("karney", "geodesy", 40.0, 10.0)
def geodesic_lines(x):
    """geodesic.reckon"""
    from karney.geodesic import reckon
    lat, lon, az = reckon(x[0], x[1], 1e5, 30.0)
    return float(lat + 2 * lon + az / 10)


@call("fair", "climate", 400.0, 1.2)
def radiative_forcing(x):
    """forcing of carbon dioxide, methane and nitrous oxide (Meinshausen 2020)"""
    from fair.forcing.ghg import meinshausen2020
    c = np.array([x[0], 800.0, 330.0]).reshape(1, 1, 1, 3)
    base = np.array([278.0, 720.0, 270.0]).reshape(1, 1, 1, 3)
    return float(np.sum(meinshausen2020(c, base, x[1] * np.ones((1, 1, 1, 3)), np.full((1, 1, 1, 3), 1e-3), [0], [1], [2], [])))
