"""Optics, plasma, quantum, astronomy, particles, units, differential equations, optimisation."""

from __future__ import annotations

import numpy as np
from calls import call


@call("aotools", "optics", 1.0, 0.5, 0.2)
def zernike_phases(x):
    """phaseFromZernikes, gaussian2d"""
    import aotools
    return float(np.sum(aotools.phaseFromZernikes(x, 6) ** 2)) + float(np.sum(aotools.gaussian2d(6, x[0] + 1.0)))


@call("grcwa", "optics", 0.3, 2.0)
def periodic_layers(x):
    """rcwa: reflection of a uniform layer"""
    import grcwa
    obj = grcwa.obj(3, [1.0, 0.0], [0.0, 1.0], 1.0, 0.1, 0.0, verbose=0)
    obj.Add_LayerUniform(1.0, 1.0)
    obj.Add_LayerUniform(x[0], x[1])
    obj.Add_LayerUniform(1.0, 1.0)
    obj.Init_Setup()
    obj.MakeExcitationPlanewave(1, 0, 0, 0, order=0)
    return float(np.real(obj.RT_Solve(normalize=1)[0]))


@call("py-pol", "optics", 0.3, 0.5)
def polarisation(x):
    """jones_vector, jones_matrix"""
    from py_pol.jones_vector import Jones_vector
    v = Jones_vector("s")
    v.linear_light(azimuth=x[0], amplitude=x[1])
    return float(np.sum(v.parameters.intensity()))


@call("plasmapy", "plasma", 1.0, 2.0)
def plasma_parameters(x):
    """formulary: Alfven_speed, Debye_length"""
    import astropy.units as u
    from plasmapy.formulary import Alfven_speed, Debye_length
    return float(Alfven_speed(x[0] * u.T, 1e19 * u.m**-3, ion="p+").value) / 1e6 + float(
        Debye_length(x[1] * 1e5 * u.K, 1e19 / u.m**3).value) * 1e5


@call("radvel", "astronomy", 0.3, 10.0)
def radial_velocity(x):
    """kepler.kepler, orbit.true_anomaly"""
    from radvel.kepler import kepler
    return float(np.sum(kepler(np.linspace(0.1, 3.0, 5), np.full(5, x[0])))) * x[1]


@call("dust_extinction", "astronomy", 3.1, 0.4)
def extinction(x):
    """parameter_averages.CCM89"""
    import astropy.units as u
    from dust_extinction.parameter_averages import CCM89
    return float(np.sum(CCM89(Rv=x[0])(np.array([0.4, 0.6, 1.2]) / u.micron))) * x[1]


@call("galpy", "galactic dynamics", 1.0, 0.1, 1.1)
def galactic_orbit(x):
    """Orbit energy and angular momentum"""
    from galpy.orbit import Orbit
    from galpy.potential import LogarithmicHaloPotential
    o = Orbit([x[0], x[1], x[2], 0.0, 0.1, 0.0])
    return float(o.E(pot=LogarithmicHaloPotential(normalize=1.0))) + float(np.sum(o.L()))


@call("skyfield", "astronomy", 40.0, -75.0)
def topocentric(x):
    """wgs84.latlon: position"""
    from skyfield.api import wgs84
    return float(np.sum(wgs84.latlon(x[0], x[1], elevation_m=100.0).itrs_xyz.au)) * 1e5


@call("PyAstronomy", "astronomy", 0.3, 0.5)
def kepler_ellipse(x):
    """pyasl.KeplerEllipse.xyzPos"""
    from PyAstronomy import pyasl
    return float(np.sum(pyasl.KeplerEllipse(1.0, 2.0, e=x[0], Omega=20.0, w=30.0, i=40.0).xyzPos(x[1])))


@call("hapsira", "orbits", 7000.0, 7.5)
def orbital_elements(x):
    """core.elements.rv2coe (Numba-jitted)"""
    from hapsira.core.elements import rv2coe
    return float(np.sum(rv2coe(398600.0, np.array([x[0], 100.0, 200.0]), np.array([0.1, x[1], 1.0]))))


@call("vector", "particle physics", 1.0, 2.0, 0.5, 5.0)
def lorentz_vectors(x):
    """obj: mass, rapidity, boosts"""
    import vector
    v = vector.obj(px=x[0], py=x[1], pz=x[2], E=x[3])
    w = v.boostX(0.3)
    return v.mass + v.eta + w.E + v.deltaphi(w)


@call("pyhf", "particle physics", 1.1, 0.2)
def likelihood(x):
    """Model.logpdf of a counting experiment"""
    import pyhf
    model = pyhf.simplemodels.uncorrelated_background(signal=[12.0, 11.0], bkg=[50.0, 52.0], bkg_uncertainty=[3.0, 7.0])
    pars = np.concatenate([x[:1], 1.0 + x[1] * np.array([0.1, -0.1])])
    return float(model.logpdf(pars, np.array([51.0, 48.0, *model.config.auxdata]))[0])


@call("qutip", "quantum", 0.3, 0.7)
def qubits(x):
    """sigmax, expect (compiled data)"""
    import qutip
    return float(qutip.expect(qutip.sigmax(), (x[0] * qutip.basis(2, 0) + x[1] * qutip.basis(2, 1))))


@call("pennylane", "quantum", 0.3, 0.7)
def quantum_matrices(x):
    """RX, RY as matrices"""
    import pennylane as qml
    return float(np.real(np.sum(qml.RX.compute_matrix(x[0]) @ qml.RY.compute_matrix(x[1]) * np.array([[1.0, 2.0], [3.0, 4.0]]))))


@call("quimb", "quantum", 0.3, 0.7)
def spin_chains(x):
    """rotation, expectation"""
    import quimb
    u = quimb.rotation(x[0], "y") @ quimb.rotation(x[1], "x")
    return float(np.real(np.asarray(u)[0, 0] * 2.0 + np.asarray(u)[1, 0]))


@call("pythtb", "quantum", 0.4, 0.9)
def tight_binding(x):
    """tb_model.solve_all of a chain"""
    import pythtb
    model = pythtb.tb_model(1, 1, [[1.0]], [[0.0], [0.5]])
    model.set_onsite([x[0], -x[0]])
    model.set_hop(x[1], 0, 1, [0])
    model.set_hop(0.7, 1, 0, [1])
    return float(np.sum(np.abs(model.solve_all([[0.1], [0.3]]))))


@call("unyt", "units", 3.0, 2.0)
def unyt_arrays(x):
    """unyt_array: conversion, equivalence"""
    from unyt import K, hr, km
    speed = (x[0] * km) / (x[1] * hr)
    return float(speed.to("m/s").value) + float((x[0] * K).to_equivalent("keV", "thermal").value) * 1e3


@call("quantities", "units", 3.0, 2.0)
def quantities_arrays(x):
    """Quantity.rescale"""
    import quantities as pq
    return float(((x[0] * pq.km) / (x[1] * pq.hour)).rescale("m/s").magnitude)


@call("forallpeople", "units", 3.0, 2.0)
def structural_units(x):
    """Physical arithmetic"""
    import forallpeople as si
    si.environment("default")
    return float((x[0] * si.N * x[1] * si.m) / (si.N * si.m))


@call("odeintw", "differential equations", 0.3, 0.7)
def complex_ode(x):
    """odeintw of a complex system"""
    from odeintw import odeintw
    return float(np.sum(np.abs(odeintw(lambda z, t: -x[0] * z + 1j * x[1] * z, np.array([1.0 + 0j]), np.linspace(0.0, 1.0, 4)))))


@call("sdeint", "differential equations", 0.3, 0.7)
def stochastic_ode(x):
    """itoint with fixed noise"""
    import sdeint
    rng = np.random.default_rng(0)
    return float(sdeint.itoSRI2(lambda y, t: -x[0] * y, lambda y, t: np.diag([x[1]]), np.array([1.0]), np.linspace(0, 1, 6),
                                generator=rng)[-1, 0])


@call("extensisq", "differential equations", 0.3, 0.7)
def runge_kutta(x):
    """BS5 as a method of solve_ivp"""
    from extensisq import BS5
    from scipy.integrate import solve_ivp
    return float(solve_ivp(lambda t, y: [-x[0] * y[0] + x[1]], (0.0, 2.0), [1.0], method=BS5, rtol=1e-8).y[0, -1])


@call("differint", "fractional calculus", 0.5, 1.2)
def fractional_derivative(x):
    """differint.GL"""
    import differint.differint as df
    return float(df.GLpoint(0.5, lambda t: x[0] * t**2 + x[1] * t, 0.0, 1.0, 20))


@call("py-pde", "differential equations", 1.0, 2.0, 1.5, 3.0)
def field_operators(x):
    """ScalarField.laplace (Numba-jitted)"""
    import pde
    grid = pde.UnitGrid([4])
    return float(np.sum(pde.ScalarField(grid, x).laplace("neumann").data ** 2))


@call("pylops", "inverse problems", 1.0, 2.0, 1.5, 3.0, 0.5)
def linear_operators(x):
    """FirstDerivative, Smoothing1D, lsqr"""
    import pylops
    d = pylops.FirstDerivative(5)
    return float(np.sum((d @ x) ** 2)) + float(np.sum(pylops.Diagonal(x) @ np.ones(5)))


@call("pyproximal", "inverse problems", 1.0, -2.0, 0.1)
def proximal_operators(x):
    """L1.prox, L2"""
    import pyproximal
    return float(np.sum(pyproximal.L1(sigma=0.5).prox(x, 1.0) ** 2)) + float(pyproximal.L2(sigma=2.0)(x))


@call("pymanopt", "optimisation", 0.5, 0.2, 0.8)
def manifolds(x):
    """manifolds.Sphere: exp, dist, retraction"""
    from pymanopt.manifolds import Sphere
    s = Sphere(3)
    p = x / np.linalg.norm(x)
    q = s.exp(p, s.projection(p, np.array([0.1, 0.2, 0.3])))
    return float(s.dist(q, np.array([0.0, 0.0, 1.0])))


@call("PyAbel", "inverse problems", *np.exp(-0.3 * np.arange(7.0)))
def abel_transform(x):
    """direct transform"""
    import abel
    return float(np.sum(abel.direct.direct_transform(x[None, :], direction="forward", backend="python")))


@call("pints", "pharmacology", 0.1, 50.0)
def logistic_model(x):
    """toy.LogisticModel.simulate"""
    from pints.toy import LogisticModel
    return float(np.sum(LogisticModel(2.0).simulate(x, np.linspace(0.0, 40.0, 5))))


@call("symengine", "symbolic mathematics", 0.3, 1.2)
def symengine_lambdify(x):
    """Lambdify (compiled)"""
    import symengine
    a, b = symengine.symbols("a b")
    return float(symengine.Lambdify([a, b], [symengine.sin(a) * symengine.exp(b)])([x[0], x[1]])[0])
