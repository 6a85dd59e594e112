"""More calls into third-party packages, two or three lines each; see `calls`."""

from __future__ import annotations

import numpy as np
from calls import call


@call("numpy-financial", "finance", 0.05, 1000.0, -200.0)
def irr_npv_numpy_financial(x):
    """npv, pmt, fv"""
    import numpy_financial as npf
    return npf.npv(x[0], [-x[1], 300, 400, 500, 600]) + npf.pmt(x[0] / 12, 60, x[1]) + npf.fv(x[0], 10, x[2], -x[1])


@call("numpy-financial", "finance", 1000.0, 300.0, 500.0)
def irr_numpy_financial(x):
    """irr of five payments"""
    import numpy_financial as npf
    return npf.irr([-x[0], x[1], 400, x[2], 600])


@call("chemicals", "chemical engineering", 647.0, 22000000.0, 0.344, 400.0)
def lee_chemicals(x):
    """vapor_pressure.Lee_Kesler"""
    from chemicals.vapor_pressure import Lee_Kesler
    return Lee_Kesler(x[3], x[0], x[1], x[2]) / 100000.0


@call("chemicals", "chemical engineering", 400.0, 100000.0)
def cubic_heat_chemicals(x):
    """heat_capacity.TRCCp, Shomate"""
    from chemicals.heat_capacity import Shomate, TRCCp
    return TRCCp(x[0], 4.0, 765000.0, 720.0, 3.565, -0.052, -1550000.0, 52.0, 201.0) + Shomate(x[0], -203.606, 1523.29, -3196.413, 2474.455, 3.855326)


@call("einops", "tensor programs", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
def rearr_einops(x):
    """rearrange, reduce, repeat"""
    from einops import rearrange, reduce, repeat
    a = rearrange(x, '(a b) -> b a', a=2)
    return np.sum(a @ repeat(reduce(a, 'a b -> b', 'mean'), 'b -> b c', c=3) ** 2)


@call("opt_einsum", "tensor programs", 1.0, 2.0, 3.0, 4.0)
def contract_opt_einsum(x):
    """contract of four factors"""
    import opt_einsum as oe
    a = x.reshape(2, 2)
    return oe.contract('ij,jk,kl,li->', a, a, a.T, np.eye(2) + a)


@call("tensorly", "tensor programs", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 9.0)
def tucker_tensorly(x):
    """decomposition.tucker of a small tensor"""
    import tensorly as tl
    from tensorly.decomposition import tucker
    core, fs = tucker(x.reshape(2, 2, 2), rank=[1, 1, 1], n_iter_max=3)
    return np.sum(tl.tucker_to_tensor((core, fs)) ** 2)


@call("transforms3d", "rotations", 0.3, 0.5, -0.2)
def euler_transforms3d(x):
    """euler2quat, quat2mat, mat2euler"""
    from transforms3d import euler, quaternions
    q = euler.euler2quat(x[0], x[1], x[2], 'sxyz')
    M = quaternions.quat2mat(q)
    return np.sum(M @ np.array([1.0, 2.0, 3.0])) + sum(euler.mat2euler(M, 'rzyx'))


@call("findiff", "numerical analysis", 1.0, 2.0, 4.0, 3.0, 5.0, 2.5, 1.0, 0.5)
def finite_differences_findiff(x):
    """FinDiff, second derivative"""
    from findiff import FinDiff
    d = FinDiff(0, 0.1, 2, acc=2)
    return np.sum(d(x) ** 2)


@call("gsw", "oceanography", 35.0, 10.0, 1000.0)
def rho_gsw(x):
    """rho (compiled)"""
    import gsw
    return float(gsw.rho(x[0], x[1], x[2]))


@call("ase", "atomistic simulation", 1.1, 0.2)
def lj_ase(x):
    """LennardJones energy"""
    from ase import Atoms
    from ase.calculators.lj import LennardJones
    a = Atoms('Ar3', positions=[[0, 0, 0], [x[0], 0, 0], [x[1], 1.2, 0]])
    a.calc = LennardJones()
    return a.get_potential_energy()


@call("ase", "atomistic simulation", 1.1, 0.2, 0.4)
def geom_ase(x):
    """distance, angle, dihedral, centre of mass"""
    from ase import Atoms
    a = Atoms('H4', positions=[[0, 0, 0], [x[0], 0, 0], [x[1], 1.2, 0], [x[2], 1.0, 2.0]])
    return a.get_distance(0, 2) + a.get_angle(0, 1, 2) / 50 + a.get_dihedral(0, 1, 2, 3) / 100 + np.sum(a.get_center_of_mass())


@call("pandas", "data analysis", 1.0, 2.0, 4.0, 3.0, 5.0)
def series_pandas(x):
    """Series.rolling, std"""
    import pandas as pd
    s = pd.Series(x)
    return s.rolling(2).mean().sum() + s.std()


@call("xarray", "data analysis", 1.0, 2.0, 4.0, 3.0)
def xar_xarray(x):
    """DataArray sums and means"""
    import xarray as xr
    a = xr.DataArray(x.reshape(2, 2), dims=('a', 'b'))
    return float(((a ** 2).sum('a') * a.mean('a')).sum())


@call("xarray", "data analysis", 1.0, 2.0, 4.0, 3.0)
def xar2_xarray(x):
    """differentiate, max, isel"""
    import xarray as xr
    a = xr.DataArray(x, dims='t', coords={'t': [0.0, 1.0, 2.0, 3.0]})
    return float(a.differentiate('t').sum() + np.sin(a).max() + a.isel(t=2))


@call("mpmath", "arbitrary precision", 0.7, 1.2)
def high_precision_mpmath(x):
    """mp.sin, mp.exp"""
    import mpmath
    return float(mpmath.sin(x[0]) * mpmath.exp(x[1]))


@call("mpmath", "arbitrary precision", 0.7, 1.2)
def mpfp_mpmath(x):
    """fp.gamma, fp.quad"""
    from mpmath import fp
    return fp.gamma(x[1]) * fp.sin(x[0]) + fp.quad(lambda t: fp.exp(-x[0] * t * t), [0, 1])


@call("numdifftools", "numerical analysis", 0.7, 1.2)
def ndt_numdifftools(x):
    """Derivative of a closure"""
    import numdifftools as nd
    return float(nd.Derivative(lambda t: np.sin(x[0] * t) * x[1])(0.3))


@call("PyWavelets", "signal processing", 1.0, 2.0, 4.0, 3.0, 5.0, 2.5, 1.0, 0.5)
def dwt_pywavelets(x):
    """dwt (compiled)"""
    import pywt
    a, d = pywt.dwt(x, 'db2')
    return np.sum(a ** 2) + np.sum(d ** 3)


@call("scikit-image", "image processing", 0.1, 0.2, 0.4, 0.3, 0.5, 0.25, 0.1, 0.05, 0.7)
def gray_scikit_image(x):
    """color.rgb2lab, rgb2gray"""
    from skimage import color
    im = x.reshape(1, 3, 3)
    return np.sum(color.rgb2lab(im) ** 2) / 1000.0 + np.sum(color.rgb2gray(im))


@call("scikit-image", "image processing", 0.1, 0.2, 0.4, 0.3, 0.5, 0.25, 0.1, 0.05, 0.7)
def filt_scikit_image(x):
    """filters.sobel, gaussian"""
    from skimage import filters
    im = x.reshape(3, 3)
    return np.sum(filters.sobel(im) ** 2) + np.sum(filters.gaussian(im, 1.0))


@call("POT", "optimal transport", 0.1, 0.2, 0.4, 0.3)
def sink_pot(x):
    """sinkhorn"""
    import ot
    a = np.array([0.2, 0.3, 0.5])
    b = x / x.sum()
    M = (np.arange(3.0)[:, None] - np.linspace(0, 2, 4)[None]) ** 2
    return np.sum(ot.sinkhorn(a, b, M, 0.5, numItermax=200, stopThr=1e-14) * M)


@call("POT", "optimal transport", 0.1, 0.2, 0.4, 0.3)
def wass_pot(x):
    """wasserstein_1d, Bures distance"""
    import ot
    return ot.wasserstein_1d(x, np.array([0.3, 0.1, 0.7, 0.9]), p=2) + ot.gaussian.bures_wasserstein_distance(x[:2], np.array([1.0, 2.0]), np.eye(2) * x[2], np.eye(2) * 0.5)


@call("pymap3d", "geodesy", 42.0, -82.0, 200.0)
def enu_pymap3d(x):
    """geodetic2ecef, ecef2enu"""
    import pymap3d as pm
    X, Y, Z = pm.geodetic2ecef(x[0], x[1], x[2])
    e, n, u = pm.ecef2enu(X, Y, Z, 41.0, -81.0, 100.0)
    return (X + e * 10 + n - u) * 1e-05


@call("utm", "geodesy", 42.0, -82.0)
def utmc_utm(x):
    """from_latlon"""
    import utm
    e, n, _, _ = utm.from_latlon(x[0], x[1])
    return e * 1e-05 + n * 1e-06


@call("haversine", "geodesy", 42.0, -82.0)
def hav_haversine(x):
    """haversine"""
    from haversine import haversine
    return haversine((x[0], x[1]), (41.0, -80.0))


@call("geographiclib", "geodesy", 42.0, -82.0, 30.0)
def geod_geographiclib(x):
    """Geodesic.Inverse, Direct"""
    from geographiclib.geodesic import Geodesic
    g = Geodesic.WGS84
    r = g.Inverse(x[0], x[1], 41.0, -80.0)
    d = g.Direct(x[0], x[1], x[2], 100000.0)
    return r['s12'] / 100000.0 + r['azi1'] / 100 + d['lat2']


@call("SALib", "sensitivity analysis", 1.5, 0.3, 0.4)
def ishi_salib(x):
    """test_functions.Ishigami"""
    from SALib.test_functions import Ishigami
    return float(Ishigami.evaluate(x.reshape(1, 3)).sum())


@call("spatialmath-python", "robotics", 0.3, 0.5, -0.2)
def rigid_motions_spatialmath_python(x):
    """SE3 products"""
    from spatialmath import SE3
    T = SE3.Rx(x[0]) * SE3(x[1], 2, 3) * SE3.Ry(x[2])
    return np.sum(T.A ** 2 * np.arange(16.0).reshape(4, 4))


@call("spatialmath-python", "robotics", 0.3, 0.5, -0.2)
def smb_spatialmath_python(x):
    """rpy2r, tr2angvec, trexp"""
    from spatialmath.base import r2q, rpy2r, skew, tr2angvec, trexp
    R = rpy2r(x[0], x[1], x[2])
    th, v = tr2angvec(R)
    return th + v[0] + r2q(R)[1] + trexp(skew(x))[0, 1]


@call("hmmlearn", "machine learning", 0.3, 0.8)
def hmm_hmmlearn(x):
    """log_multivariate_normal_density"""
    from hmmlearn.stats import log_multivariate_normal_density
    return log_multivariate_normal_density(np.array([[0.1], [0.5]]), x[:1, None], x[1:, None], 'diag').sum()


@call("trimesh", "geometry", 1.0, 2.0, 3.0)
def tri_trimesh(x):
    """rotation_matrix, transform_points"""
    import trimesh
    R = trimesh.transformations.rotation_matrix(x[0], [x[1], 0.3, 0.1], [0, 0, x[2]])
    return np.sum(trimesh.transform_points(np.eye(3), R) ** 2 * np.arange(9.0).reshape(3, 3))


@call("trimesh", "geometry", 1.0, 2.0, 3.0)
def tri2_trimesh(x):
    """area, mass_properties of triangles"""
    import trimesh
    v = np.array([[0, 0, 0], [x[0], 0, 0], [0, x[1], 0], [0.1, 0.2, x[2]]])
    return trimesh.triangles.area(v[np.array([[0, 1, 2], [0, 1, 3]])]).sum() + trimesh.triangles.mass_properties(v[np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])])['volume']


@call("gvar", "error propagation", 0.3, 0.5)
def gv_gvar(x):
    """gvar arithmetic (compiled)"""
    import gvar
    a = gvar.gvar(x[0], 0.1)
    return float((a * 2 + gvar.sin(a)).mean)


@call("asteval", "interpreters", 0.3, 0.5)
def expression_language_asteval(x):
    """an expression of a small language"""
    from asteval import Interpreter
    ae = Interpreter()
    ae.symtable['a'] = x[0]
    ae.symtable['b'] = x[1]
    return ae('sin(a)*exp(b)+a**2')


@call("pythermalcomfort", "building physics", 25.0, 25.0, 0.1, 50.0)
def pmv_pythermalcomfort(x):
    """wet-bulb and dew-point temperature"""
    from pythermalcomfort.utilities import dew_point_tmp, wet_bulb_tmp
    return float(wet_bulb_tmp(x[0], x[3])) + float(dew_point_tmp(x[1], x[3]))


@call("biopython", "structural biology", 0.3, 0.5, 0.1)
def bio_biopython(x):
    """PDB.vectors: angles, dihedrals, rotaxis"""
    from Bio.PDB.vectors import Vector, calc_angle, calc_dihedral, rotaxis
    v = Vector(x[0], x[1], x[2])
    w = Vector(1.0, 0.2, 0.3)
    return calc_angle(v, Vector(0.0, 0.0, 0.1), w) + calc_dihedral(v, w, Vector(0.0, 1.0, 0.0), Vector(1.0, 1.0, 1.0)) + v.left_multiply(rotaxis(x[0], w))[1]


@call("pydmd", "dynamical systems", *np.random.default_rng(1).normal(size=12))
def dmd_pydmd(x):
    """DMD.fit, eigenvalues"""
    from pydmd import DMD
    d = DMD(svd_rank=2).fit(x.reshape(3, 4))
    return np.sum(np.abs(d.eigs) ** 2)


@call("pykrige", "geostatistics", 1.0, 2.0, 3.0, 2.5)
def krige2_pykrige(x):
    """OrdinaryKriging.execute"""
    from pykrige.ok import OrdinaryKriging
    ok = OrdinaryKriging(np.array([0.0, 1.0, 2.0, 0.5]), np.array([0.0, 1.0, 0.0, 2.0]), x, variogram_model='linear', variogram_parameters=[1.0, 0.1])
    z, ss = ok.execute('points', np.array([0.3, 1.2]), np.array([0.4, 0.1]))
    return float(z.sum() + ss.sum())


@call("gstools", "geostatistics", 1.0, 2.0, 0.3)
def gst_gstools(x):
    """Exponential variogram, covariance"""
    import gstools as gs
    m = gs.Exponential(dim=2, var=x[0], len_scale=x[1], nugget=x[2])
    return float(np.sum(m.variogram(np.array([0.5, 1.0])) + m.covariance(np.array([0.2, 3.0]))))


@call("galpy", "galactic dynamics", 1.1, 0.1, 0.9)
def gal_galpy(x):
    """potentials and forces"""
    from galpy.potential import LogarithmicHaloPotential, MiyamotoNagaiPotential
    p = MiyamotoNagaiPotential(a=0.5, b=0.0375, normalize=1.0)
    return p(x[0], x[1]) + p.Rforce(x[0], x[1]) + LogarithmicHaloPotential(normalize=1.0, q=x[2])(x[0], x[1])


@call("colossus", "cosmology", 12.5, 5.0)
def col_colossus(x):
    """NFWProfile density and mass"""
    from colossus.cosmology import cosmology
    from colossus.halo import profile_nfw
    cosmology.setCosmology('planck18')
    p = profile_nfw.NFWProfile(rhos=10 ** (x[0] / 2), rs=x[1])
    return float(np.log(np.sum(p.density(np.array([1.0, 10.0]))))) + float(np.log(p.enclosedMass(20.0)))


@call("librosa", "audio", 440.0, 0.3)
def lib_librosa(x):
    """hz_to_mel, amplitude_to_db"""
    import librosa
    return float(librosa.hz_to_mel(x[0])) + float(librosa.hz_to_midi(x[0])) + float(np.sum(librosa.amplitude_to_db(np.array([x[1], 1.0]))))


@call("pymoo", "optimisation problems", 0.3, 0.4, 0.5)
def moo2_pymoo(x):
    """Rosenbrock, Ackley"""
    from pymoo.problems.single import Ackley, Rosenbrock
    return float(Rosenbrock(n_var=3).evaluate(x)[0] + Ackley(n_var=3).evaluate(x)[0])


@call("pyswarms", "optimisation problems", 0.3, 0.4, 0.5)
def pso_pyswarms(x):
    """single_obj functions"""
    from pyswarms.utils.functions import single_obj as fx
    return float(fx.rosenbrock(x[None]).sum() + fx.ackley(x[None]).sum() + fx.sphere(x[None]).sum())


@call("stumpy", "time series", *np.random.default_rng(1).normal(size=12))
def stu_stumpy(x):
    """core.mass_absolute"""
    import stumpy
    return np.sum(stumpy.core.mass_absolute(x[:4], x) ** 2)


@call("EMD-signal", "signal processing", *np.random.default_rng(1).normal(size=20))
def emd_emd_signal(x):
    """EMD.emd"""
    from PyEMD import EMD
    return np.sum(EMD(max_imf=1).emd(x)[0] ** 2)


@call("fipy", "partial differential equations", 1.0, 2.0, 3.0)
def fipy_fipy(x):
    """CellVariable averages"""
    from fipy import CellVariable, Grid1D
    m = Grid1D(nx=3, dx=1.0)
    v = CellVariable(mesh=m, value=x)
    return float((v * v).cellVolumeAverage)


@call("discretize", "partial differential equations", 1.0, 2.0, 3.0, 4.0)
def dis_discretize(x):
    """TensorMesh.cell_gradient"""
    from discretize import TensorMesh
    m = TensorMesh([4])
    return float(np.sum((m.cell_gradient @ x) ** 2))


@call("rebound", "celestial mechanics", 1.0, 0.1)
def reb_rebound(x):
    """integrate (compiled)"""
    import rebound
    s = rebound.Simulation()
    s.add(m=1.0)
    s.add(m=0.001, a=x[0], e=x[1])
    s.integrate(1.0)
    return s.particles[1].x


@call("eofs", "climate", *np.random.default_rng(1).normal(size=12))
def eof_eofs(x):
    """Eof eigenvalues"""
    from eofs.standard import Eof
    return float(np.sum(Eof(x.reshape(4, 3)).eigenvalues(2)))


@call("lmoments3", "hydrology", *np.random.default_rng(1).normal(size=12))
def lmo_lmoments3(x):
    """lmom_ratios"""
    import lmoments3
    return float(np.sum(lmoments3.lmom_ratios(x, nmom=3)))


@call("lifelines", "survival analysis", 0.3, 0.4, 1.5)
def lif_lifelines(x):
    """WeibullFitter cumulative hazard"""
    from lifelines import WeibullFitter
    w = WeibullFitter()
    return float(np.sum(w._cumulative_hazard([x[2], x[1] + 1.0], np.array([1.0, 2.0]))))


@call("pingouin", "statistics", 0.3, 0.4, 1.5, 0.2)
def ping_pingouin(x):
    """compute_effsize"""
    import pingouin as pg
    return float(pg.compute_effsize(x, np.array([0.1, 0.2, 0.5, 0.3]), eftype='cohen'))


@call("desolver", "differential equations", 0.3, 0.4)
def des_desolver(x):
    """OdeSystem.integrate, adaptive"""
    import desolver as de
    a = de.OdeSystem(lambda t, y, **k: np.array([y[1], -y[0] * x[1]]), y0=np.array([x[0], 1.0]), dense_output=False, t=(0.0, 1.0), dt=0.1, rtol=1e-08, atol=1e-08)
    a.integrate()
    return float(a.y[-1][0])


@call("pyriemann", "brain-computer interfaces", 1.0, 0.2, 0.3, 2.0)
def rie_pyriemann(x):
    """distance_riemann"""
    from pyriemann.utils.distance import distance_riemann
    A = np.array([[x[0], x[1]], [x[1], x[3]]])
    B = np.eye(2) + 0.1
    return float(distance_riemann(A, B))


@call("pyriemann", "brain-computer interfaces", 1.0, 0.2, 0.3, 2.0)
def rie2_pyriemann(x):
    """logm, sqrtm, expm"""
    from pyriemann.utils.base import expm, logm, sqrtm
    A = np.array([[x[0], x[1]], [x[1], x[3]]])
    return float(np.sum(logm(A) + sqrtm(A) + expm(A)))


@call("neurokit2", "physiology", *np.random.default_rng(1).normal(size=20))
def nk_neurokit2(x):
    """standardize, mad"""
    import neurokit2 as nk
    return float(nk.standardize(x)[3]) + float(nk.mad(x))


@call("allantools", "metrology", *np.random.default_rng(1).normal(size=20))
def allan_allantools(x):
    """oadev"""
    import allantools
    t, ad, e, n = allantools.oadev(x, rate=1.0, data_type='freq', taus=[1, 2])
    return float(np.sum(ad))


@call("poppy", "optics", 0.3, 0.4)
def pop_poppy(x):
    """zernike"""
    from poppy import zernike
    return float(np.sum(zernike.zernike(3, 1, rho=np.array([0.1, x[0]]), theta=np.array([0.2, x[1]]), mask_outside=False)))


@call("rayoptics", "optics", 0.3, 0.4)
def ray_rayoptics(x):
    """Conic.sag"""
    from rayoptics.elem.profiles import Conic
    return float(Conic(c=x[0] / 10.0, cc=x[1]).sag(0.1, 0.2)) * 100


@call("LightPipes", "optics", 0.3, 0.4)
def lp_lightpipes(x):
    """GaussBeam, Forvard"""
    import LightPipes as lp
    F = lp.Begin(0.005, 5e-07, 16)
    F = lp.GaussBeam(F, 0.001 * (1 + x[0]))
    F = lp.Forvard(F, x[1])
    return float(np.sum(lp.Intensity(F) ** 2))


@call("sectionproperties", "structural engineering", 0.3, 0.4)
def sec_sectionproperties(x):
    """fea.shape_function"""
    from sectionproperties.analysis import fea
    return float(np.sum(fea.shape_function(np.array([[0.0, x[0] + 1, 0.0, 0.5, 0.5, 0.0], [0.0, 0.0, x[1] + 1, 0.0, 0.5, 0.5]]), (0.2, 0.3, 0.3, 0.2))[2]))


@call("statsmodels", "statistics", 0.3, 0.4, 1.5, 0.2, 0.9, 0.1)
def time_series_statsmodels(x):
    """acf, durbin_watson, jarque_bera"""
    from statsmodels.stats.stattools import durbin_watson, jarque_bera
    from statsmodels.tsa.stattools import acf
    return float(np.sum(acf(x, nlags=2, fft=False))) + float(durbin_watson(x)) + float(jarque_bera(x)[0])


@call("statsmodels", "statistics", 0.3, 0.4, 1.5)
def poisson_regression_statsmodels(x):
    """GLM Poisson loglike"""
    import statsmodels.api as sm
    X = np.column_stack([np.ones(8), np.linspace(0, 1, 8), np.linspace(0, 1, 8) ** 2])
    y = np.arange(8) % 3 + 0.0
    return float(sm.GLM(y, X, family=sm.families.Poisson()).loglike(x))


@call("statsmodels", "statistics", 0.3, 0.4, 1.5, 0.2, 0.9, 0.1, 0.5, 0.7)
def weighted_least_squares_statsmodels(x):
    """WLS fit: llf, bse, aic"""
    import statsmodels.api as sm
    X = sm.add_constant(np.linspace(0, 1, 8))
    r = sm.WLS(x, X, weights=np.arange(1.0, 9)).fit()
    return float(r.llf + r.bse.sum() + r.tvalues[1] / 10 + r.aic / 100)


@call("statsmodels", "statistics", 0.3, 0.4, 0.5, 0.2, 0.9, 0.1, 0.5, 0.7)
def hp_filter_statsmodels(x):
    """hpfilter"""
    from statsmodels.tsa.filters.hp_filter import hpfilter
    cy, t = hpfilter(x, 10.0)
    return float(np.sum(cy ** 2))


@call("scikit-learn", "machine learning", 0.3, 0.4, 0.5, 0.2, 0.9, 0.1, 0.5, 0.7)
def pca_scikit_learn(x):
    """PCA.fit"""
    from sklearn.decomposition import PCA
    return float(PCA(n_components=1).fit(x.reshape(4, 2)).explained_variance_[0])


@call("scikit-learn", "machine learning", 0.3, 0.4, 0.5, 0.2, 0.9, 0.1, 0.5, 0.7)
def standard_scaler_scikit_learn(x):
    """StandardScaler"""
    from sklearn.preprocessing import StandardScaler
    return float(np.sum(StandardScaler().fit_transform(x.reshape(4, 2)) ** 3))


@call("scikit-learn", "machine learning", 0.3, 0.4, 0.5, 0.2)
def gp_regression_scikit_learn(x):
    """GaussianProcessRegressor fit, predict"""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF
    g = GaussianProcessRegressor(RBF(1.0), optimizer=None, alpha=0.01).fit(np.arange(4.0)[:, None], x)
    return float(np.sum(g.predict(np.array([[0.5], [1.5]])) ** 2))


@call("scikit-learn", "machine learning", 0.3, 0.4, 0.5, 0.2)
def linear_regression_scikit_learn(x):
    """LinearRegression"""
    from sklearn.linear_model import LinearRegression
    return float(LinearRegression().fit(np.arange(8.0).reshape(4, 2) ** 1.5, x).coef_[1])


@call("astropy", "astronomy", 10.0, 40.0)
def sky_separation_astropy(x):
    """SkyCoord.separation"""
    from astropy import units as u
    from astropy.coordinates import SkyCoord
    return float(SkyCoord(x[0] * u.deg, x[1] * u.deg).separation(SkyCoord(12 * u.deg, 41 * u.deg)).deg)


@call("astropy", "astronomy", 10.0, 40.0, 3.0)
def compound_model_astropy(x):
    """modeling: Polynomial1D | Scale"""
    from astropy.modeling import models
    m = models.Polynomial1D(2, c0=x[0], c1=x[1], c2=x[2]) | models.Scale(2.0)
    return float(np.sum(m(np.linspace(0, 1, 4))))


@call("networkx", "networks", 1.0, 2.5, 0.7, 1.1)
def page_rank_networkx(x):
    """pagerank on weighted edges"""
    import networkx as nx
    G = nx.DiGraph()
    G.add_weighted_edges_from([(0, 1, x[0]), (1, 2, x[1]), (2, 0, x[2]), (2, 3, x[3]), (3, 0, 1.0)])
    return nx.pagerank(G)[2] + nx.betweenness_centrality(G, weight='weight')[1] * 0


@call("networkx", "networks", 1.0, 2.5, 0.7, 1.1)
def laplacian_spectrum_networkx(x):
    """Laplacian spectrum, minimum spanning tree"""
    import networkx as nx
    G = nx.Graph()
    G.add_weighted_edges_from([(0, 1, x[0]), (1, 2, x[1]), (0, 2, x[2]), (2, 3, x[3])])
    return float(np.sum(nx.laplacian_spectrum(G) ** 2)) + nx.minimum_spanning_tree(G).size(weight='weight')


@call("control", "control", 0.5, 2.0)
def step_response_control(x):
    """ss, step_response"""
    import control as ct
    s = ct.ss(np.array([[0.0, 1.0], [-x[1], -x[0]]]), np.array([[0.0], [1.0]]), np.array([[1.0, 0.0]]), 0.0)
    return float(np.sum(ct.step_response(s, T=np.linspace(0, 2, 5)).outputs ** 2))


@call("control", "control", 0.5, 2.0)
def riccati_gain_control(x):
    """lqr"""
    import control as ct
    K, S, E = ct.lqr(np.array([[0.0, 1.0], [-x[1], -x[0]]]), np.array([[0.0], [1.0]]), np.eye(2), np.eye(1))
    return float(np.sum(K) + np.trace(S))
