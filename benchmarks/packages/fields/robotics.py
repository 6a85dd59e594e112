"""Robotics, rotations, geometry, splines, structures, power systems, control."""

from __future__ import annotations

import numpy as np
from calls import call


@call("pytransform3d", "robotics", 0.3, -0.2, 0.9)
def rotation_conversions(x):
    """rotations: matrix, quaternion, Euler angles"""
    from pytransform3d import rotations as pr
    r = pr.matrix_from_axis_angle(pr.axis_angle_from_compact_axis_angle(x))
    q = pr.quaternion_from_matrix(r)
    return float(q @ np.arange(4.0)) + float(np.sum(pr.matrix_from_quaternion(q) * np.arange(9.0).reshape(3, 3)))


@call("pytransform3d", "robotics", 0.3, -0.2, 0.9, 1.0, 2.0, 0.5)
def rigid_transforms(x):
    """transformations: exponential coordinates, adjoint"""
    from pytransform3d import transformations as pt
    t = pt.transform_from_exponential_coordinates(x)
    return float(np.sum(pt.adjoint_from_transform(t) ** 2)) + float(pt.exponential_coordinates_from_transform(t) @ x)


@call("modern_robotics", "robotics", 0.3, 0.5, 0.2)
def forward_kinematics(x):
    """FKinSpace, JacobianSpace"""
    import modern_robotics as mr
    home = np.array([[-1.0, 0, 0, 0], [0, 1, 0, 6], [0, 0, -1, 2], [0, 0, 0, 1]])
    screws = np.array([[0, 0, 1, 4, 0, 0], [0, 0, 0, 0, 1, 0], [0, 0, -1, -6, 0, -0.1]]).T
    return float(np.sum(mr.FKinSpace(home, screws, x)[:3, 3])) + float(np.sum(mr.JacobianSpace(screws, x) ** 2))


@call("modern_robotics", "robotics", 0.1, 0.1, 0.1)
def inverse_dynamics(x):
    """InverseDynamics, MassMatrix of a three-link arm"""
    import modern_robotics as mr
    m = [np.array([[1.0, 0, 0, a], [0, 1, 0, 0], [0, 0, 1, b], [0, 0, 0, 1]]) for a, b in
         [(0, 0.089159), (0.28, 0.13585), (0, -0.1197), (0, 0.395)]]
    g = np.array([np.diag([0.01, 0.01, 0.003, 3.7, 3.7, 3.7])] * 3)
    s = np.array([[1, 0, 1, 0, 1, 0], [0, 1, 0, -0.089, 0, 0], [0, 1, 0, -0.089, 0, 0.425]], float).T
    tau = mr.InverseDynamics(x, 2 * x, np.array([2, 1.5, 1]), np.array([0, 0, -9.8]), np.ones(6), np.array(m), g, s)
    return float(np.sum(tau)) + float(np.sum(mr.MassMatrix(x, np.array(m), g, s)))


@call("ikpy", "robotics", 0.3, 0.5)
def serial_chain(x):
    """chain.Chain.forward_kinematics"""
    from ikpy.chain import Chain
    from ikpy.link import OriginLink, URDFLink
    arm = Chain([OriginLink(), *(URDFLink(f"l{k}", [0.3, 0, 0.1], [0, 0, 0], [0, k, 1.0 - k]) for k in range(2))])
    return float(np.sum(arm.forward_kinematics([0.0, x[0], x[1]])[:3, 3]))


@call("roboticstoolbox-python", "robotics", 0.3, 0.5, 0.2, 0.1, 0.4, 0.6)
def puma(x):
    """models.DH.Puma560: fkine, jacob0 (compiled parts)"""
    import roboticstoolbox as rtb
    robot = rtb.models.DH.Puma560()
    return float(np.sum(robot.fkine(x).A)) + float(np.sum(robot.jacob0(x) ** 2))


@call("rowan", "rotations", 0.3, -0.2, 0.9)
def rowan_quaternions(x):
    """from_euler, multiply, rotate, log"""
    import rowan
    q = rowan.from_euler(x[0], x[1], x[2])
    p = rowan.multiply(q, rowan.normalize(np.array([1.0, 0.2, 0.3, 0.1])))
    return float(rowan.rotate(p, np.array([1.0, 2.0, 3.0])) @ np.arange(3.0)) + float(np.sum(rowan.log(p)))


@call("quaternionic", "rotations", 1.0, 0.3, -0.2, 0.9)
def quaternion_arrays(x):
    """array: products, norm, exp (Numba behind ufuncs)"""
    import quaternionic
    q = quaternionic.array(x)
    return float((q * q).ndarray @ np.arange(4.0)) + float(np.exp(q).ndarray[0])


@call("scikit-spatial", "geometry", 1.0, 2.0, 0.5)
def planes_and_lines(x):
    """objects: Plane.distance_point, Line.project_point"""
    from skspatial.objects import Line, Plane
    plane = Plane(point=[0, 0, 0], normal=[1, x[1], 1])
    line = Line([0, 0, 0], [1.0, 1.0, x[2]])
    return float(plane.distance_point(list(x))) + float(np.sum(line.project_point(x))) + float(line.distance_point([1, 2, 3]))


@call("geomdl", "splines", 1.0, 2.0, 0.5)
def nurbs_curve(x):
    """BSpline.Curve.evaluate_single, derivatives"""
    from geomdl import BSpline, utilities
    curve = BSpline.Curve()
    curve.degree = 2
    curve.ctrlpts = [[0.0, 0.0], [x[0], x[1]], [2.0, x[2]], [3.0, 1.0]]
    curve.knotvector = utilities.generate_knot_vector(2, 4)
    p = curve.evaluate_single(0.4)
    return p[0] + p[1] ** 2 + curve.derivatives(0.3, 1)[1][1]


@call("splipy", "splines", 1.0, 2.0, 0.5)
def splipy_curve(x):
    """Curve: evaluation, length (compiled basis)"""
    from splipy import BSplineBasis, Curve
    curve = Curve(BSplineBasis(3, [0, 0, 0, 1, 1, 1]), np.array([[0, 0], [x[0], x[1]], [2, x[2]]]))
    return float(np.sum(curve(0.4) ** 2))


@call("bezier", "splines", 1.0, 2.0, 0.5)
def bezier_curve(x):
    """Curve.evaluate, length (compiled)"""
    import bezier
    curve = bezier.Curve(np.asfortranarray([[0.0, x[0], 2.0], [0.0, x[1], x[2]]]), degree=2)
    return float(np.sum(curve.evaluate(0.4)))


@call("csaps", "splines", 1.0, 2.0, 0.5, 1.5, 2.5)
def smoothing_spline(x):
    """csaps with a given smoothing"""
    from csaps import csaps
    return float(np.sum(csaps(np.arange(5.0), x, np.linspace(0.2, 3.8, 4), smooth=0.8) ** 2))


@call("ndsplines", "splines", 1.0, 2.0, 0.5, 1.5, 2.5)
def ndsplines_interpolation(x):
    """make_interp_spline"""
    import ndsplines
    return float(np.sum(ndsplines.make_interp_spline(np.arange(5.0), x)(np.linspace(0.2, 3.8, 4)) ** 2))


@call("splines", "splines", 1.0, 2.0, 0.5, 1.5)
def catmull_rom(x):
    """CatmullRom.evaluate"""
    import splines
    return float(np.sum(splines.CatmullRom(x, endconditions="natural").evaluate(np.array([0.3, 1.7]))))


@call("numpoly", "polynomials", 0.4, 1.3)
def polynomial_arrays(x):
    """variable, evaluation"""
    import numpoly
    q0, q1 = numpoly.variable(2)
    p = 3 * q0**2 - q0 * q1 + 2
    return float(p(x[0], x[1]))


@call("indeterminatebeam", "structural engineering", 2.0, 5.0)
def beam(x):
    """Beam with supports and a point load (SymPy)"""
    from indeterminatebeam import Beam, PointLoadV, Support
    b = Beam(5, E=200e9, I=9e-6)
    b.add_supports(Support(0, (1, 1, 0)), Support(5, (0, 1, 0)))
    b.add_loads(PointLoadV(-1000.0, 2))
    b.analyse()
    return float(b.get_reaction(0, "y")) * x[0] + x[1] ** 2


@call("solidspy", "finite elements", 210.0, 0.3)
def element_stiffness(x):
    """uelutil.elast_quad4"""
    from solidspy import uelutil
    coord = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    k = uelutil.elast_quad4(coord, (x[0], x[1], 1.0))
    return float(np.sum(k[0] * np.cos(np.arange(64.0)).reshape(8, 8)))


@call("calfem-python", "finite elements", 210.0, 0.5, 1.2)
def bar_elements(x):
    """core: bar2e, beam2e, solveq"""
    import calfem.core as cfc
    k = np.zeros((4, 4))
    k += cfc.bar2e(np.array([0.0, x[1]]), np.array([0.0, x[2]]), [x[0], 1.0])
    a, r = cfc.solveq(k[:2, :2] + np.eye(2), np.ones((2, 1)), np.array([1]), np.array([0.1]))
    return float(np.sum(np.asarray(a))) + float(np.sum(cfc.beam2e([0.0, 3.0], [0.0, 4.0], [x[0], 2.0, 0.1])[:2])) / 100


@call("felupe", "finite elements", 1.0, 2.0)
def hyperelastic(x):
    """NeoHooke.gradient"""
    import felupe as fem
    f = np.eye(3)[:, :, None, None] + 0.1 * x[0] * np.arange(9.0).reshape(3, 3, 1, 1) / 9
    return float(np.sum(fem.NeoHooke(mu=x[1], bulk=2.0).gradient([f, None])[0]))


@call("concreteproperties", "structural engineering", 40.0, 0.002)
def concrete(x):
    """stress_strain_profile.EurocodeNonLinear.get_stress"""
    from concreteproperties.stress_strain_profile import EurocodeNonLinear
    profile = EurocodeNonLinear(elastic_modulus=33e3, ultimate_strain=0.0035, compressive_strength=x[0],
                                compressive_strain=0.0023, tensile_strength=2.0, tension_softening_stiffness=10.0)
    return float(profile.get_stress(0.0011 + x[1] * 0))


@call("anastruct", "structural engineering", 10.0, 5.0)
def frame(x):
    """SystemElements.solve: displacement of a cantilever"""
    from anastruct import SystemElements
    s = SystemElements(EI=1000.0 * x[1], EA=1e5)
    s.add_element(location=[3, 0])
    s.add_support_fixed(node_id=1)
    s.point_load(node_id=2, Fy=-x[0])
    s.solve()
    return float(s.get_node_displacements(2)["uy"])


@call("PyNiteFEA", "structural engineering", 10.0, 5.0)
def space_frame(x):
    """FEModel3D: cantilever deflection"""
    from Pynite import FEModel3D
    m = FEModel3D()
    m.add_node("a", 0, 0, 0)
    m.add_node("b", 3.0, 0, 0)
    m.add_material("s", 200.0, 80.0, 0.3, 7.8)
    m.add_section("r", 10.0, x[1], x[1], 1.0)
    m.add_member("m", "a", "b", "s", "r")
    m.def_support("a", True, True, True, True, True, True)
    m.add_node_load("b", "FY", -x[0])
    m.analyze(check_statics=False)
    return float(m.nodes["b"].DY["Combo 1"])


@call("rainflow", "fatigue", 1.0, -2.0, 3.0, -1.0, 2.0, 0.5, 1.5)
def rainflow_damage(x):
    """extract_cycles"""
    import rainflow
    return sum(count * rng**3 + mean for rng, mean, count, _, _ in rainflow.extract_cycles(x))


@call("fatpack", "fatigue", 100.0, 5.0)
def endurance(x):
    """TriLinearEnduranceCurve.get_endurance"""
    import fatpack
    return float(np.sum(np.log(fatpack.TriLinearEnduranceCurve(x[0]).get_endurance(np.array([50.0, 120.0]) + x[1]))))


@call("simple-pid", "control", 1.0, 0.1, 0.05)
def pid_loop(x):
    """PID in a loop"""
    from simple_pid import PID
    pid = PID(x[0], x[1], x[2], setpoint=1.0, sample_time=None)
    y = 0.0
    for _ in range(10):
        y = y + 0.1 * (pid(y, dt=0.1) - 0.3 * y)
    return y


@call("openmdao", "optimisation frameworks", 1.0, 2.0)
def components(x):
    """Problem with an ExecComp"""
    import openmdao.api as om
    p = om.Problem(reports=False)
    p.model.add_subsystem("c", om.ExecComp("y = a**2 + sin(b)"))
    p.setup()
    p.set_val("c.a", x[0])
    p.set_val("c.b", x[1])
    p.run_model()
    return float(p.get_val("c.y")[0])
