"""Chemistry, thermodynamics, properties of fluids, humid air, and crystals."""

from __future__ import annotations

import numpy as np
from calls import call


@call("chempy", "chemistry", 298.0, 0.1)
def water_properties(x):
    """water_density, water_viscosity, water_permittivity"""
    from chempy.properties.water_density_tanaka_2001 import water_density
    from chempy.properties.water_permittivity_bradley_pitzer_1979 import water_permittivity
    from chempy.properties.water_viscosity_korson_1969 import water_viscosity
    return water_density(x[0]) / 1000 + water_permittivity(x[0], 1.0 + x[1]) / 80 + water_viscosity(x[0])


@call("chempy", "chemistry", 298.0, 0.1, 0.02)
def debye_hueckel(x):
    """electrolytes: ionic_strength, A, limiting_log_gamma"""
    from chempy.electrolytes import A, extended_log_gamma, ionic_strength, limiting_log_gamma
    strength = ionic_strength([x[1], x[1], x[2]], charges=[1, -1, 2])
    a = A(80.1, x[0], 998.0)
    return limiting_log_gamma(strength, 1, a) + extended_log_gamma(strength, 2, 0.3, a, 3.0)


@call("chempy", "chemistry", 300.0, 40.0)
def arrhenius(x):
    """kinetics: ArrheniusParam, EyringParam"""
    from chempy.kinetics.arrhenius import ArrheniusParam
    from chempy.kinetics.eyring import EyringParam
    return ArrheniusParam(1e10, x[1] * 1e3)(x[0]) + EyringParam(x[1] * 1e3, 10.0)(x[0])


@call("chempy", "chemistry", 2.0, 1.0, 0.3)
def kinetics_ode(x):
    """kinetics.integrated: second order, reversible"""
    from chempy.kinetics.integrated import binary_irrev, dimerization_irrev
    t = np.linspace(0.1, 1.0, 5)
    return np.sum(dimerization_irrev(t, x[0], x[1])) + np.sum(binary_irrev(t, x[0], 0.1, x[1], x[2]))


@call("psychrolib", "humid air", 25.0, 0.4, 101325.0)
def humid_air(x):
    """GetHumRatioFromRelHum, GetTWetBulbFromRelHum, enthalpy"""
    import psychrolib
    psychrolib.SetUnitSystem(psychrolib.SI)
    ratio = psychrolib.GetHumRatioFromRelHum(x[0], x[1], x[2])
    return psychrolib.GetMoistAirEnthalpy(x[0], ratio) / 1e4 + psychrolib.GetTDewPointFromRelHum(x[0], x[1])


@call("pyXSteam", "steam tables", 300.0, 30.0)
def steam_tables(x):
    """XSteam: h_pt, s_pt, rho_pt"""
    from pyXSteam.XSteam import XSteam
    table = XSteam(XSteam.UNIT_SYSTEM_MKS)
    return table.h_pt(x[1], x[0]) / 1000 + table.s_pt(x[1], x[0]) + table.rho_pt(x[1], x[0])


@call("pyXSteam", "steam tables", 180.0, 10.0)
def saturated_steam(x):
    """XSteam: tsat_p, hV_p, psat_t"""
    from pyXSteam.XSteam import XSteam
    table = XSteam(XSteam.UNIT_SYSTEM_MKS)
    return table.tsat_p(x[1]) + table.hV_p(x[1]) / 100 + table.psat_t(x[0])


@call("phasepy", "phase equilibria", 300.0, 0.3)
def activity_coefficients(x):
    """nrtl activity coefficients"""
    from phasepy.actmodels import nrtl
    alpha = np.array([[0.0, 0.3], [0.3, 0.0]])
    g = np.array([[0.0, 100.0], [200.0, 0.0]])
    g1 = np.zeros((2, 2))
    return np.sum(nrtl(np.array([x[1], 1.0 - x[1]]), x[0], alpha, g, g1))


@call("phasepy", "phase equilibria", 350.0, 0.4)
def cubic_mixture(x):
    """preos: psat, density of a component"""
    from phasepy import component, preos
    ethane = component(name="ethane", Tc=305.4, Pc=48.8, Zc=0.285, Vc=148.3, w=0.098)
    eos = preos(ethane)
    return eos.density(x[0], 10.0 * x[1], "V") * 1e4


@call("phasepy", "phase equilibria", 320.0, 0.4)
def fugacity(x):
    """mixture with quadratic mixing rule: logfugef"""
    from phasepy import component, mixture, preos
    ethane = component(name="ethane", Tc=305.4, Pc=48.8, Zc=0.285, Vc=148.3, w=0.098)
    butane = component(name="butane", Tc=425.2, Pc=38.0, Zc=0.274, Vc=255.0, w=0.199)
    mix = mixture(ethane, butane)
    mix.kij_cubic(np.array([[0.0, 0.01], [0.01, 0.0]]))
    eos = preos(mix, "qmr")
    lnphi, v = eos.logfugef(np.array([x[1], 1 - x[1]]), x[0], 5.0, "V")
    return np.sum(lnphi) + v * 1e-4


@call("pyromat", "ideal gases", 400.0, 2.0)
def ideal_gas(x):
    """get('ig.N2'): h, s, cp"""
    import pyromat as pm
    n2 = pm.get("ig.N2")
    return float(n2.h(T=x[0], p=x[1])[0] / 100 + n2.s(T=x[0], p=x[1])[0] + n2.cp(T=x[0])[0])


@call("pyromat", "real gases", 400.0, 2.0)
def multi_phase(x):
    """get('mp.CO2'): density and enthalpy"""
    import pyromat as pm
    co2 = pm.get("mp.CO2")
    return float(co2.d(T=x[0], p=x[1])[0] + co2.h(T=x[0], p=x[1])[0] / 100)


@call("pyiast", "adsorption", 0.5, 1.2)
def ideal_adsorption(x):
    """InterpolatorIsotherm and iast"""
    import pandas as pd
    import pyiast
    frame = pd.DataFrame({"P": np.linspace(0.0, 5, 12), "q": 3.0 * np.linspace(0.0, 5, 12) / (1 + np.linspace(0.0, 5, 12))})
    iso = pyiast.InterpolatorIsotherm(frame, loading_key="q", pressure_key="P", fill_value=2.5)
    return iso.loading(x[0]) * x[1] + iso.spreading_pressure(x[1])


@call("spglib", "crystallography", 4.0, 4.2)
def lattice(x):
    """niggli_reduce (compiled)"""
    import spglib
    return float(np.sum(spglib.niggli_reduce(np.array([[x[0], 0, 0], [0, x[1], 0], [0, 0, 5.0]])) ** 2))


@call("orix", "crystallography", 0.3, 0.5, 0.2)
def misorientation(x):
    """quaternion.Rotation, Orientation.angle"""
    from orix.quaternion import Rotation
    r = Rotation.from_euler(x)
    s = Rotation.from_euler(np.array([0.1, 0.2, 0.3]))
    return float((~r * s).angle[0])


@call("Dans-Diffraction", "crystallography", 4.0, 4.2, 5.0)
def unit_cell(x):
    """functions_crystallography: unit vectors, reciprocal lattice, volume"""
    from Dans_Diffraction import functions_crystallography as fc
    basis = fc.latpar2uv(x[0], x[1], x[2], 90.0, 95.0, 100.0)
    recip = fc.RcSp(basis)
    return float(np.sum(recip ** 2)) + float(np.sum(fc.Bmatrix(basis) ** 2)) + float(np.linalg.det(basis)) / 100


@call("pymatgen", "materials", 4.0, 4.2, 95.0)
def pymatgen_lattice(x):
    """Lattice.from_parameters: volume, reciprocal, d_hkl"""
    from pymatgen.core import Lattice
    lattice = Lattice.from_parameters(x[0], x[1], 5.0, 90, x[2], 100)
    return lattice.volume + lattice.d_hkl((1, 1, 0)) + float(np.sum(lattice.reciprocal_lattice.matrix ** 2))


@call("pymatgen", "materials", 0.1, 0.2, 0.3)
def pymatgen_structure(x):
    """Structure: distances with periodic images"""
    from pymatgen.core import Lattice, Structure
    s = Structure(Lattice.cubic(4.0), ["Na", "Cl"], [[0, 0, 0], [0.5 + x[0], 0.5 + x[1], 0.4 + x[2]]])
    return s.get_distance(0, 1) + s.density


@call("pymatgen", "materials", -10.0, 40.0, 1.2)
def birch_murnaghan(x):
    """analysis.eos: Birch-Murnaghan, Vinet"""
    from pymatgen.analysis.eos import BirchMurnaghan, Vinet
    v = np.linspace(35.0, 45.0, 6)
    return float(np.sum(BirchMurnaghan(v, v)._func(v, [x[0], x[2], 4.0, x[1]]) + Vinet(v, v)._func(v, [x[0], x[2], 4.0, x[1]])))


@call("burnman", "mineral physics", 30e9, 2000.0)
def mineral(x):
    """minerals.SLB_2011.periclase at P, T"""
    from burnman.minerals import SLB_2011
    mineral = SLB_2011.periclase()
    mineral.set_state(x[0], x[1])
    return mineral.rho / 1000 + mineral.K_T / 1e11 + mineral.alpha * 1e5


@call("periodictable", "chemistry", 8.0, 2.0)
def x_ray_index(x):
    """xray_sld, index_of_refraction"""
    import periodictable
    from periodictable import xsf
    rho, mu = periodictable.xray_sld("SiO2", density=x[1], energy=x[0])
    return float(rho) + float(mu) + float(np.real(xsf.index_of_refraction("Si", density=2.33, energy=x[0]))) * 0 + x[1]


@call("xraydb", "spectroscopy", 8000.0, 2.2)
def x_ray_materials(x):
    """material_mu, f1_chantler"""
    import xraydb
    return float(np.sum(xraydb.f0("Si", np.array([0.1, 0.3]) * x[1])))
