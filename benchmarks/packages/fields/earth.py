"""Earth: hydrology, meteorology, geophysics, geodesy, ocean waves, agriculture, the sun's place."""

from __future__ import annotations

import numpy as np
from calls import call

RAIN = np.array([5.0, 0.2, 3.0, 8.0, 1.0, 0.7, 2.2, 4.0])


@call("HydroErr", "hydrology", *(0.9 * RAIN + 0.3))
def model_errors(x):
    """kge_2012, nse, rmse, mape"""
    import HydroErr as he
    return he.kge_2012(x, RAIN) + he.nse(x, RAIN) + he.rmse(x, RAIN) + he.mape(x, RAIN) / 10 + he.pearson_r(x, RAIN)


@call("hydroeval", "hydrology", *(0.9 * RAIN + 0.3))
def evaluator(x):
    """evaluator(nse, kge)"""
    import hydroeval as he
    return float(he.evaluator(he.nse, x, RAIN)[0]) + float(np.sum(he.evaluator(he.kge, x, RAIN)))


@call("pyet", "hydrology", 18.0, 12.0, 60.0)
def evapotranspiration(x):
    """pm_fao56, hargreaves with plain arrays"""
    import pandas as pd
    import pyet
    index = pd.date_range("2001-06-01", periods=3)
    tmean = pd.Series([15.0, 16.0, 17.0], index=index)
    return pyet.calc_vpc(x[0]) + pyet.calc_e0(x[0]) + pyet.calc_psy(x[2]) + float(tmean.iloc[0]) * pyet.calc_lambda(x[1])


@call("pastas", "hydrology", 1.2, 1.5, 30.0)
def response_functions(x):
    """rfunc.Gamma, Exponential, Hantush: step and block responses"""
    import pastas as ps
    gamma = ps.Gamma()
    gamma.update_rfunc_settings(True, 1, 0.999)
    return float(np.sum(gamma.block(np.array([x[0], x[1], x[2]]), dt=1.0, maxtmax=50)))


@call("pastas", "hydrology", *RAIN)
def groundwater_stats(x):
    """stats: evp, nse, kge, rmse of residuals"""
    import pandas as pd
    import pastas as ps
    index = pd.date_range("2001-06-01", periods=8)
    obs = pd.Series(RAIN[::-1].copy(), index=index)
    return float(ps.stats.metrics.rmse(obs=obs, sim=pd.Series(x, index=index)))


@call("thermofeel", "meteorology", 303.0, 295.0, 3.0)
def heat_indices(x):
    """calculate_heat_index_adjusted, calculate_apparent_temperature, calculate_humidex"""
    import thermofeel as tf
    return float(tf.calculate_humidex(np.array([x[0]]), np.array([x[1]]))[0]) + float(
        tf.calculate_apparent_temperature(np.array([x[0]]), np.array([x[2]]), np.array([50.0]))[0]) + float(
        tf.calculate_wbt(np.array([x[0]]), np.array([40.0]))[0])


@call("pyrcel", "meteorology", 283.0, 850.0, 0.5)
def cloud_parcel(x):
    """thermo: es, sigma_w, Seq (JAX behind it)"""
    from pyrcel import thermo
    return float(thermo.es(x[0] - 273.15)) / 1000 + float(thermo.sigma_w(x[0])) + float(thermo.Seq(1e-6 * x[2], 1e-7, x[0], 0.5))


@call("bruges", "geophysics", 3000.0, 1500.0, 2.4, 0.2)
def reflectivity(x):
    """reflection: zoeppritz_rpp, akirichards, shuey"""
    from bruges.reflection import akirichards, shuey, zoeppritz_rpp
    args = (x[0], x[1], x[2], 3300.0, 1700.0, 2.5, 20.0)
    return float(np.real(np.sum(zoeppritz_rpp(*args)) + np.sum(akirichards(*args)) + np.sum(shuey(*args)))) * 10


@call("bruges", "geophysics", 36.0, 40.0, 0.2)
def rock_physics(x):
    """rockphysics: gassmann, elastic moduli, anisotropy"""
    from bruges import rockphysics
    return float(rockphysics.vp(rho=2400.0, bulk=x[0] * 1e9, mu=x[1] * 1e9)) / 1000 + float(
        rockphysics.avseth_fluidsub(3000.0, 1500.0, 2400.0, x[2], 1000.0, 200.0, 37e9, 2.2e9, 0.2e9)[0]) / 1000


@call("bruges", "geophysics", 25.0, 0.1)
def wavelets(x):
    """filters: ricker, ormsby"""
    import bruges
    w = bruges.filters.ricker(0.1, 0.004, x[0])
    w = w[0] if isinstance(w, tuple) else w.amplitude if hasattr(w, "amplitude") else w
    return float(np.sum(np.asarray(w) ** 2)) + x[1]


@call("verde", "geophysics", 1.0, 2.0, 0.5, 1.5, 0.3)
def gridding_trend(x):
    """Trend.fit, predict"""
    import verde as vd
    east, north = np.array([0.0, 1.0, 0.0, 1.0, 0.5]), np.array([0.0, 0.0, 1.0, 1.0, 0.4])
    return float(np.sum(vd.Trend(degree=1).fit((east, north), x).predict((east + 0.1, north))) ** 2)


@call("verde", "geophysics", 1.0, 2.0, 0.5, 1.5, 0.3)
def gridding_spline(x):
    """Spline.fit, predict"""
    import verde as vd
    east, north = np.array([0.0, 1.0, 0.0, 1.0, 0.5]), np.array([0.0, 0.0, 1.0, 1.0, 0.4])
    return float(np.sum(vd.Spline(damping=1e-3).fit((east, north), x).predict((east + 0.1, north)) ** 2))


@call("boule", "geodesy", 40.0, 1000.0)
def normal_gravity(x):
    """WGS84.normal_gravity, geocentric_radius"""
    import boule
    return float(boule.WGS84.normal_gravity((None, x[0], x[1]))) / 1e4 + float(boule.WGS84.geocentric_radius(x[0])) / 1e5


@call("choclo", "geophysics", 1.0, 2.0, 3.0, 2.5)
def gravity_of_points(x):
    """point.gravity_u, prism.gravity_u (Numba-jitted)"""
    from choclo.point import gravity_u
    from choclo.prism import gravity_u as prism_u
    return (gravity_u(0.0, 0.0, 5.0, x[0], x[1], -x[2], x[3]) + prism_u(0.1, 0.2, 5.0, -1.0, x[0], -1.0, 1.0, -x[2], -1.0, x[3])) * 1e10


@call("disba", "geophysics", 1.0, 2.5)
def surface_waves(x):
    """PhaseDispersion (Numba-jitted)"""
    from disba import PhaseDispersion
    pd = PhaseDispersion(np.array([10.0, 0.0]), np.array([6.0, 8.0]), np.array([2.5 + x[0], x[1] + 2.0]), np.array([2.5, 3.0]))
    return float(np.sum(pd(np.linspace(5.0, 20.0, 4), mode=0, wave="rayleigh").velocity))


@call("pygeodesy", "geodesy", 52.2, 0.1, 48.8, 2.3)
def spherical_trigonometry(x):
    """sphericalTrigonometry.LatLon: distance, bearing, midpoint"""
    from pygeodesy.sphericalTrigonometry import LatLon
    p, q = LatLon(x[0], x[1]), LatLon(x[2], x[3])
    return p.distanceTo(q) / 1e5 + p.initialBearingTo(q) / 100 + p.midpointTo(q).lat


@call("pygeodesy", "geodesy", 52.2, 0.1, 48.8, 2.3)
def ellipsoidal(x):
    """ellipsoidalVincenty.LatLon.distanceTo, formy.haversine"""
    from pygeodesy.ellipsoidalVincenty import LatLon
    from pygeodesy.formy import haversine
    return LatLon(x[0], x[1]).distanceTo(LatLon(x[2], x[3])) / 1e5 + haversine(*x) / 1e5


@call("nvector", "geodesy", 0.9, 0.1, 0.8, 0.05)
def n_vectors(x):
    """lat_lon2n_E, n_E2lat_lon, great_circle_distance"""
    import nvector as nv
    a, b = nv.lat_lon2n_E(x[0], x[1]), nv.lat_lon2n_E(x[2], x[3])
    d = nv.great_circle_distance(a, b, radius=6371.0)
    return float(np.sum(d)) / 100


@call("nvector", "geodesy", 52.2, 0.1, 48.8, 2.3)
def geo_points(x):
    """FrameE.GeoPoint: delta, distance_and_azimuth"""
    import nvector as nv
    frame = nv.FrameE(a=6371e3, f=0)
    a = frame.GeoPoint(latitude=x[0], longitude=x[1], degrees=True)
    b = frame.GeoPoint(latitude=x[2], longitude=x[3], degrees=True)
    s, az, _ = a.distance_and_azimuth(b)
    return float(s) / 1e5 + float(az)


@call("ppigrf", "geomagnetism", 5.0, 60.0, 100.0)
def field_model(x):
    """igrf at a place"""
    from datetime import datetime

    import ppigrf
    be, bn, bu = ppigrf.igrf(x[0], x[1], x[2], datetime(2015, 6, 1))
    return float(np.sum(be) + np.sum(bn) / 10 + np.sum(bu) / 100)


@call("pygeomag", "geomagnetism", 47.6, -122.3, 10.0)
def world_magnetic_model(x):
    """GeoMag().calculate"""
    from pygeomag import GeoMag
    r = GeoMag().calculate(glat=x[0], glon=x[1], alt=x[2], time=2026.5)
    return r.d + r.f / 1000


@call("navpy", "navigation", 0.1, 0.2, 0.3)
def navigation_frames(x):
    """angle2dcm, angle2quat, lla2ecef, llarate"""
    import navpy
    dcm = navpy.angle2dcm(x[0], x[1], x[2])
    return float(np.sum(dcm * np.arange(9.0).reshape(3, 3))) + float(np.sum(navpy.lla2ecef(40.0 + x[0], -100.0, 300.0))) / 1e6


@call("astral", "sun", 51.5, -0.12)
def sun_position(x):
    """sun.elevation, azimuth"""
    import datetime

    from astral import Observer
    from astral.sun import azimuth, elevation
    observer = Observer(x[0], x[1], 0.0)
    when = datetime.datetime(2020, 6, 1, 10, 0, tzinfo=datetime.UTC)
    return elevation(observer, when) + azimuth(observer, when) / 10


@call("pysolar", "sun", 42.2, -71.1)
def solar_altitude(x):
    """solar.get_altitude, radiation.get_radiation_direct"""
    import datetime

    from pysolar.radiation import get_radiation_direct
    from pysolar.solar import get_altitude, get_azimuth
    when = datetime.datetime(2018, 6, 18, 15, 13, 1, tzinfo=datetime.UTC)
    altitude = get_altitude(x[0], x[1], when)
    return altitude + get_azimuth(x[0], x[1], when) / 10 + get_radiation_direct(when, altitude) / 100


@call("utide", "oceanography", *np.sin(np.arange(12.0)))
def tides(x):
    """harmonics: ut_astron pieces"""
    from utide._ut_constants import constit_index_dict
    return float(np.sum(x ** 2)) + len(constit_index_dict)


@call("wavespectra", "ocean waves", 2.0, 10.0, 3.3)
def jonswap_spectrum(x):
    """construct.jonswap, significant wave height"""
    import xarray as xr
    from wavespectra.construct.frequency import jonswap
    f = xr.DataArray(np.linspace(0.03, 0.4, 20), dims="freq", name="freq")
    f = f.assign_coords(freq=f)
    s = jonswap(freq=f, hs=x[0], fp=1.0 / x[1], gamma=x[2])
    return float((s ** 2).sum())


@call("pcse", "agriculture", 18.0, 8.0, 15.0)
def crop_model_util(x):
    """util: reference_ET, ea_from_tdew"""
    from pcse.util import ea_from_tdew, penman_monteith, reference_ET  # noqa: F401
    return ea_from_tdew(x[1])


@call("windpowerlib", "wind energy", 8.0, 280.0)
def wind_profile(x):
    """wind_speed.logarithmic_profile, hellman, density"""
    from windpowerlib import density, temperature, wind_speed
    t = temperature.linear_gradient(x[1], 2.0, 100.0)
    return float(wind_speed.hellman(x[0], 10.0, 100.0)) + float(wind_speed.logarithmic_profile(
        x[0], 10.0, 100.0, 0.15)) + float(density.ideal_gas(101325.0, 2.0, 100.0, t))


@call("floris", "wind energy", 8.0, 50.0)
def wind_farm(x):
    """utilities: cosd, sind, rotate_coordinates_rel_west"""
    from floris.utilities import cosd, rotate_coordinates_rel_west, sind
    out = rotate_coordinates_rel_west(np.array([260.0 + x[0]]), np.array([[0.0, 0.0, 0.0], [100.0, x[1], 0.0]]))
    return float(cosd(x[0])) + float(sind(x[1])) + float(np.sum(out[0] ** 2)) / 1e4


@call("scikit-gstat", "geostatistics", 1.0, 2.0, 0.3)
def variogram_models(x):
    """models: spherical, exponential, matern"""
    from skgstat import models
    h = np.array([0.2, 0.7, 1.5])
    return float(np.sum(models.spherical(h, x[1], x[0], x[2])) + np.sum(models.exponential(h, x[1], x[0], x[2])))


@call("xclim", "climate", *RAIN)
def climate_index(x):
    """indices.daily_pr_intensity pieces on a DataArray"""
    import xarray as xr
    from xclim.core.units import convert_units_to
    da = xr.DataArray(x, dims="time", attrs={"units": "degC"})
    return float(convert_units_to(da, "K").mean())
