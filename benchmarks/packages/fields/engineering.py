"""Flight and propulsion, power systems, structures and soil, acoustics, circuits, optics, control."""

from __future__ import annotations

import numpy as np
from calls import call


@call("openap", "flight", 230.0, 10000.0)
def aircraft_thrust_and_drag(x):
    """aero conversions, Drag.clean, Thrust.cruise"""
    from openap import Drag, Thrust, aero
    tas = aero.mach2tas(0.7 + 0 * x[1], x[1]) / aero.kts
    drag = Drag(ac="A320").clean(mass=60000, tas=tas, alt=x[1] / aero.ft)
    return drag / 1e4 + Thrust(ac="A320", eng="CFM56-5B4").cruise(tas=x[0] / aero.kts, alt=x[1] / aero.ft) / 1e4


@call("openap", "flight", 0.5, 3000.0, 120.0)
def airspeeds(x):
    """aero: mach2cas, tas2mach, pressure, density"""
    from openap import aero
    return aero.mach2cas(x[0], x[1]) / 100 + aero.tas2mach(x[2], x[1]) + aero.pressure(x[1]) / 1e5 + aero.density(x[1])


@call("proptools-rocket", "propulsion", 1.2, 5e6, 3500.0)
def rocket_nozzle(x):
    """nozzle: thrust coefficient, characteristic velocity, mach from expansion ratio"""
    from proptools import nozzle
    return (nozzle.thrust_coef(x[1], 1e5, x[0]) + nozzle.c_star(x[0], 0.02, x[2]) / 1000
            + nozzle.mach_from_pr(x[1], 1e5, x[0]))


@call("ussa1976", "atmosphere", 288.0, 20e3)
def standard_atmosphere(x):
    """core: coefficients of the 1976 standard atmosphere"""
    from ussa1976 import core
    return float(core.thermal_diffusion_coefficient(x[0] * 1e15, x[0], 1e20, 0.7)) + x[1] / 1e4


@call("pygasflow", "compressible flow", 2.0, 0.3, 1.4)
def shock_relations(x):
    """shockwave, isentropic, fanno relations"""
    from pygasflow import fanno, isentropic, shockwave
    return (shockwave.pressure_ratio(x[0], x[2]) + isentropic.critical_area_ratio(x[0], x[2])
            + shockwave.theta_from_mach_beta(x[0], 30 + x[1], x[2]) + fanno.critical_friction_parameter(x[0], x[2]))


@call("scikit-aero", "flight", 2.0, 1.3)
def gas_dynamics(x):
    """gasdynamics.isentropic: ratios"""
    from skaero.gasdynamics.isentropic import IsentropicFlow
    flow = IsentropicFlow(gamma=x[1])
    return float(flow.p_p0(x[0])) + float(flow.T_T0(x[0])) + float(flow.A_Astar(x[0]))


@call("rocketpy", "rockets", 0.1, 2.0, 30.0)
def rocket_functions(x):
    """Function: spline interpolation, integral, derivative"""
    from rocketpy import Function
    f = Function([(0.0, 0.0), (1.0, x[0]), (2.0, x[1]), (3.0, x[2] / 10)], interpolation="spline")
    return f.get_value(1.5) + f.integral(0.2, 2.5) + f.differentiate(1.7)


@call("pypower", "power systems", 0.9, 1.05)
def power_flow(x):
    """makeYbus and dSbus of the nine-bus case"""
    from pypower.api import case9, ext2int, makeYbus
    ppc = ext2int(case9())
    ybus, _, _ = makeYbus(ppc["baseMVA"], ppc["bus"], ppc["branch"])
    v = x[1] * np.exp(1j * x[0] * np.linspace(0.0, 0.3, 9))
    s = v * np.conj(ybus @ v)
    return float(np.sum(np.real(s)) + np.sum(np.imag(s) ** 2))


@call("pandapower", "power systems", 0.4, 0.1)
def sequence_components(x):
    """auxiliary: sequence and phase components"""
    from pandapower.auxiliary import phase_to_sequence, sequence_to_phase
    x012 = np.array([[x[0]], [x[1]], [0.2]]) + 0.1j
    return float(np.sum(np.abs(sequence_to_phase(x012))) + np.sum(np.real(phase_to_sequence(x012 ** 2))))


@call("structuralcodes", "structural engineering", 30.0, 500.0)
def concrete_code(x):
    """codes.ec2_2004: mean strengths and moduli"""
    from structuralcodes.codes import ec2_2004
    return ec2_2004.fctm(x[0]) + ec2_2004.Ecm(x[0]) / 1e4 + ec2_2004.fyd(x[1], 1.15) / 100


@call("liquepy", "soil mechanics", 15.0, 100.0, 7.0)
def liquefaction(x):
    """trigger: Boulanger and Idriss, magnitude scaling"""
    from liquepy.trigger import boulanger_and_idriss_2014 as bi
    return float(np.sum(bi.calc_crr_m7p5_from_qc1ncs(np.array([x[1], 80.0])))) + float(np.sum(bi.calc_rd(np.array([3.0]), x[2])))


@call("eqsig", "seismology", *(0.3 * np.sin(np.arange(24.0) * 0.9)))
def response_spectrum(x):
    """AccSignal: response spectrum, arias intensity"""
    import eqsig
    from eqsig import im, sdof
    d, _, a = sdof.response_series(x, 0.05, np.array([0.3, 0.8]), 0.05)
    return float(np.sum(d ** 2) * 100 + np.sum(a ** 2)) + float(im.calc_arias_intensity(eqsig.AccSignal(x, 0.05))[-1])


@call("pygmm", "seismology", 6.3, 22.0, 420.0)
def ground_motion(x):
    """Campbell and Bozorgnia 2014: spectral accelerations"""
    import pygmm
    s = pygmm.Scenario(mag=x[0], dist_rup=x[1], dist_jb=x[1], dist_x=x[1], v_s30=x[2], mechanism="SS", dip=90.0,
                       region="california", depth_tor=2.0, depth_2_5=1.0, depth_hyp=8.0)
    return float(np.sum(pygmm.CampbellBozorgnia2014(s).spec_accels[:20]))


@call("pystrata", "seismology", 0.02, 250.0)
def site_response(x):
    """site.DarendeliSoilType: modulus reduction and damping"""
    from pystrata.site import DarendeliSoilType
    soil = DarendeliSoilType(18.0, plas_index=10.0 + x[0], ocr=1.0, stress_mean=x[1], strains=np.logspace(-4, -1, 5))
    return float(np.sum(soil.mod_reduc.values)) + float(np.sum(soil.damping.values))


@call("impedance", "electrochemistry", 0.01, 0.05, 30.0, 0.8)
def impedance_of_a_cell(x):
    """models.circuits.elements: Randles circuit with a constant-phase element"""
    from impedance.models.circuits.elements import CPE, R, W, p, s
    f = np.logspace(-1, 3, 6)
    z = s([R([x[0]], f), p([s([R([x[1]], f), W([0.1], f)]), CPE([x[2], x[3]], f)])])
    return float(np.sum(np.abs(z)))


@call("pybotics", "robotics", 0.2, -0.4, 0.7, 0.1, 0.3, -0.6)
def robot_pose(x):
    """Robot.fk of a six-axis arm"""
    from pybotics.predefined_models import ur10
    from pybotics.robot import Robot
    pose = Robot.from_parameters(ur10()).fk(x)
    return float(pose[0, 3] / 100 + pose[1, 2] + pose[2, 0])


@call("visual-kinematics", "robotics", 0.2, -0.4, 0.7, 0.1, 0.3, -0.6)
def serial_robot(x):
    """RobotSerial.forward, jacobian"""
    from visual_kinematics.RobotSerial import RobotSerial
    d = np.array([[0.163, 0, 0.5 * np.pi, 0], [0, 0.632, np.pi, 0.5 * np.pi], [0, 0.6005, np.pi, 0],
                  [0.2013, 0, -0.5 * np.pi, -0.5 * np.pi], [0.1025, 0, 0.5 * np.pi, 0], [0.094, 0, 0, 0]])
    robot = RobotSerial(d)
    end = robot.forward(x)
    return float(np.sum(end.t_3_1) + np.sum(robot.jacobian ** 2))


@call("squaternion", "rotations", 0.3, -0.5, 0.8)
def small_quaternion(x):
    """Quaternion.from_euler, product, to_euler"""
    from squaternion import Quaternion
    q = Quaternion.from_euler(x[0], x[1], x[2]) * Quaternion.from_euler(0.1, 0.2, 0.3)
    return float(sum(q.to_euler())) + q.normalize.w


@call("pyrr", "rotations", 0.3, -0.5, 0.8)
def graphics_rotations(x):
    """Quaternion, Matrix44, vector3"""
    import pyrr
    m = pyrr.matrix44.multiply(pyrr.matrix44.create_from_eulers(x), pyrr.matrix44.create_from_translation(x))
    q = pyrr.quaternion.create_from_axis_rotation(pyrr.vector3.normalize(x), x[0])
    return float(np.sum(m * np.arange(16.0).reshape(4, 4)) + np.sum(pyrr.quaternion.apply_to_vector(q, x)))


@call("scikit-fuzzy", "control", 2.1, 5.2, 8.3, 4.2)
def fuzzy_membership(x):
    """trimf, gaussmf, interp_membership, defuzz"""
    import skfuzzy as fuzz
    u = np.linspace(0.0, 10.0, 21)
    m = np.fmin(fuzz.trimf(u, x[:3]), fuzz.gaussmf(u, x[3], 2.0))
    return float(fuzz.defuzz(u, m, "centroid")) + float(fuzz.interp_membership(u, m, x[3]))


@call("pyfar", "acoustics", *np.sin(np.arange(16.0)))
def audio_signals(x):
    """Signal: spectrum, normalisation, energy"""
    import pyfar as pf
    s = pf.Signal(x, 44100)
    return float(np.sum(np.abs(s.freq))) + float(np.sum(pf.dsp.energy(s)))


@call("sfs", "acoustics", 0.3, 1.2, 500.0)
def sound_field(x):
    """fd.source: point and line sources"""
    import sfs
    grid = [np.array([0.5, 1.0]), np.array([0.2, 0.4]), 0.0]
    p = sfs.fd.source.point(2 * np.pi * x[2], [x[0], x[1], 0.5], grid)
    return float(np.sum(np.abs(p)) + np.sum(np.real(sfs.fd.source.line(2 * np.pi * x[2], [x[0], x[1], 0.0], grid))))


@call("mosqito", "acoustics", *(0.1 * np.sin(np.arange(24.0) * 1.3)))
def psychoacoustics(x):
    """sq_metrics: loudness of a spectrum pieces, roughness weights"""
    from mosqito.utils import amp2db, freq2bark
    return float(np.sum(amp2db(np.abs(x) + 0.1, ref=2e-5))) / 100 + float(np.sum(freq2bark(200 + 1000 * np.abs(x))))


@call("python-speech-features", "speech", *(np.sin(np.arange(64.0) * 0.7) + 0.3 * np.cos(np.arange(64.0) * 2.1)))
def cepstra(x):
    """mfcc, delta"""
    from python_speech_features import delta, mfcc
    c = mfcc(x, samplerate=64, winlen=0.5, winstep=0.25, nfft=64, nfilt=8, numcep=6)
    return float(np.sum(c * np.cos(np.arange(c.size)).reshape(c.shape)) + np.sum(delta(c, 1) ** 2))


@call("pystoi", "speech", 0.3, 0.9)
def speech_intelligibility(x):
    """stoi of a noisy tone"""
    from pystoi import stoi
    rng = np.random.default_rng(0)
    clean = rng.normal(size=10000)
    return float(stoi(clean, x[1] * clean + x[0] * rng.normal(size=10000), 10000))


@call("vmdpy", "signals", *(np.cos(np.arange(24.0)) + 0.5 * np.cos(np.arange(24.0) * 0.2)))
def variational_modes(x):
    """VMD in two modes"""
    from vmdpy import VMD
    u, _, omega = VMD(x, 500.0, 0.0, 2, 0, 1, 1e-4)
    return float(np.sum(u ** 2)) + float(np.sum(omega[-1]))


@call("resampy", "audio", *np.sin(np.arange(20.0) * 0.6))
def resampling(x):
    """resample (Numba-jitted)"""
    import resampy
    return float(np.sum(resampy.resample(x, 10.0, 14.0, filter="kaiser_fast") ** 2))


@call("heartpy", "physiology", *(0.8 + 0.05 * np.sin(np.arange(12.0))))
def heart_rate(x):
    """analysis: time-series measures"""
    from heartpy.analysis import calc_ts_measures
    rr = 1000 * x
    diff = np.abs(np.diff(rr))
    _, m = calc_ts_measures(rr, diff, diff ** 2, measures={}, working_data={})
    return float(m["bpm"]) / 10 + float(m["sdnn"]) + float(m["rmssd"])


@call("EntropyHub", "signals", *np.sin(np.arange(24.0) * 1.3))
def entropies(x):
    """K2En, SampEn, DispEn pieces, SpecEn"""
    import EntropyHub
    return float(np.sum(EntropyHub.SpecEn(x)[0]))


@call("ofiber", "optics", 1.45, 1.44, 2.5)
def optical_fibre(x):
    """basics and LP modes"""
    import ofiber
    return float(ofiber.numerical_aperture(x[0], x[1])) + float(ofiber.LP_mode_value(x[2], 0, 1))


@call("laserbeamsize", "optics", 1.0, 0.5, 0.3)
def beam_size(x):
    """beam_size of an elliptic spot, gaussian optics"""
    import laserbeamsize as lbs
    return lbs.beam_radius(1e-3 * x[0], 1e-6, 1.0 + x[1]) * 1e3 + lbs.curvature(1e-3, 1e-6, x[1]) + lbs.gouy_phase(
        1e-3, 1e-6, x[2])


@call("iadpython", "optics", 0.9, 1.5, 0.3)
def adding_doubling(x):
    """Sample.rt: reflection and transmission of a slab"""
    import iadpython
    s = iadpython.Sample(a=x[0], b=x[1], g=x[2], n=1.4, quad_pts=4)
    return float(np.sum(np.array(s.rt())))


@call("pypolar", "optics", 0.4, 0.3)
def polarisation(x):
    """jones and mueller matrices"""
    from pypolar import jones, mueller
    s = mueller.op_linear_polarizer(x[0]) @ mueller.op_retarder(x[1], 0.7) @ mueller.stokes_linear(0.2)
    return float(np.sum(s)) + float(np.abs(jones.op_retarder(x[0], x[1]) @ jones.field_linear(0.1)).sum())
