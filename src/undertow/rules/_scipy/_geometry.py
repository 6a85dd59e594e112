"""Programs for trees, hulls and triangulations of ``scipy.spatial``.

The compiled objects hold copies of the points, so that an object made of points that are followed is one of a subclass
which keeps the points themselves.  Which points are neighbours or corners is constant nearby.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.spatial import _ckdtree, _kdtree, _qhull

from .._callables import active, attach, below, refused, unknown, verified
from .._registry import substitute, zero_derivative

# ---- nearest neighbours --------------------------------------------------------------------------------------------------


def lengths(difference, p):
    """The p-norm of differences, zero at zero."""
    return np.linalg.norm(difference, p, axis=-1)


def points_of(tree):
    """The points of a tree, followed if they are."""
    return tree.followed if isinstance(tree, (FollowedCKDTree, FollowedKDTree)) else tree.data


def wrapped(difference, tree):
    """Differences in a periodic box."""
    box = tree.boxsize
    if box is None:
        return difference
    return difference - np.where(box > 0, box, 0.0) * np.round(difference / np.where(box > 0, box, 1.0))


def native_query(tree, x, args, kwargs):
    """What the compiled tree finds."""
    base = _kdtree.KDTree if isinstance(tree, _kdtree.KDTree) else _ckdtree.cKDTree
    return base.query(tree, x, *args, **kwargs)


def query(tree, x, *args, **kwargs):
    """Distances to neighbours; which they are is constant."""
    found, places = below(native_query, tree, x, args, kwargs)
    points = points_of(tree)
    x = np.asarray(x, float)
    if not (active(points) or active(x)):
        return found, places
    p = kwargs.get("p", args[2] if len(args) > 2 else 2)
    here = x if np.ndim(found) == x.ndim - 1 else x[..., None, :]
    known = np.isfinite(found)
    difference = wrapped(points[np.where(known, places, 0)] - here, tree)
    distance = np.where(known, lengths(difference, p), 0.0)
    if isinstance(found, float):
        distance = np.reshape(distance, ())[()]
    return attach(found, distance), places


substitute(_ckdtree.cKDTree.query, convention="at ties, the neighbours that are returned; 0 at distance 0")(query)
substitute(_kdtree.KDTree.query, convention="at ties, the neighbours that are returned; 0 at distance 0")(query)


def native_matrix(tree, other, max_distance, p):
    """Pairs of near points with their distances."""
    return _ckdtree.cKDTree.sparse_distance_matrix(tree, other, max_distance, p, output_type="coo_matrix")


def sparse_distance_matrix(tree, other, max_distance, p=2.0, output_type="dok_matrix"):
    """Distances of near pairs."""
    found = below(native_matrix, tree, other, max_distance, p)
    a, b = points_of(tree), points_of(other)
    data = attach(found.data, lengths(wrapped(a[found.row] - b[found.col], tree), p)) if active(a) or active(b) else found.data
    if output_type in ("dict", "ndarray"):
        raise refused(f"output_type='{output_type}' has no rule; use 'coo_matrix'", "sparse_distance_matrix")
    made = type(found)((data, (found.row, found.col)), shape=found.shape)
    return made.todok() if output_type == "dok_matrix" else made


substitute(_ckdtree.cKDTree.sparse_distance_matrix)(sparse_distance_matrix)
substitute(_kdtree.KDTree.sparse_distance_matrix)(sparse_distance_matrix)


class FollowedCKDTree(_ckdtree.cKDTree):
    """A tree whose points are followed."""

    followed: Any = None

    @property
    def data(self):
        """The points."""
        return self.followed


class FollowedKDTree(_kdtree.KDTree):
    """A tree whose points are followed."""

    followed: Any = None

    @property
    def data(self):
        """The points."""
        return self.followed


def _tree(native: Any, followed: Any) -> None:
    def program(data, *args, **kwargs):
        if not active(data):
            return below(native, data, *args, **kwargs)
        tree = below(followed, data, *args, **kwargs)
        tree.followed = np.array(data, float)
        return tree

    substitute(native)(program)
    _on_levels(followed, program)


def _on_levels(followed: Any, program: Any) -> None:
    """Register a program for its own class of followed objects, which an outer level asks of the level below."""

    @substitute(followed)
    def made(data, *args, **kwargs):
        if active(data):
            return program(data, *args, **kwargs)
        found = below(followed, data, *args, **kwargs)
        if found.followed is None:
            found.followed = np.array(data, float)
        return found


_tree(_ckdtree.cKDTree, FollowedCKDTree)
_tree(_kdtree.KDTree, FollowedKDTree)
for _name in ("query_ball_point", "query_pairs", "query_ball_tree", "count_neighbors"):
    zero_derivative(getattr(_ckdtree.cKDTree, _name), getattr(_kdtree.KDTree, _name))

# ---- hulls ------------------------------------------------------------------------------------------------------------------


def facet_normals(corners, outward):
    """Unit normals of facets, given those known one level down."""
    edges = corners[:, 1:] - corners[:, :1]
    system = np.concatenate([edges, outward[:, None, :]], axis=1)
    right = np.zeros((len(corners), corners.shape[1], 1))
    right[:, -1] = 1.0
    normal = np.linalg.solve(system, right)[..., 0]
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def facet_sizes(corners):
    """Lengths, areas, … of facets."""
    edges = corners[:, 1:] - corners[:, :1]
    gram = np.linalg.det(edges @ np.swapaxes(edges, 1, 2))
    return np.sqrt(gram) / math.factorial(corners.shape[1] - 1)


def selected(cls, made, name):
    """A property of a compiled object that holds integers."""
    return getattr(cls, name).__get__(made)


zero_derivative(selected)


def _selects(cls: Any, *names: str) -> dict:
    """Properties of a subclass that read those of the compiled class."""
    return {n: property(lambda self, n=n: selected(cls, self, n)) for n in names}


class FollowedHull(_qhull.ConvexHull):
    """A hull whose points are followed."""

    followed: Any = None
    locals().update(_selects(_qhull.ConvexHull, "vertices"))

    @property
    def points(self):
        """The points."""
        return self.followed


@substitute(_qhull.ConvexHull)
def convex_hull(points, *args, **kwargs):
    """Volume, area and equations of the facets in the points; the facets are constant."""
    if not active(points):
        return below(_qhull.ConvexHull, points, *args, **kwargs)
    hull = below(FollowedHull, points, *args, **kwargs)
    points = np.asarray(points, float)
    hull.followed = points
    corners = points[hull.simplices]
    normals = facet_normals(corners, hull.equations[:, :-1])
    offsets = -np.sum(normals * corners[:, 0], axis=1)
    hull.equations = verified(hull.equations, np.concatenate([normals, offsets[:, None]], axis=1), "ConvexHull")
    sizes = facet_sizes(corners)
    hull.area = verified(hull.area, np.sum(sizes), "ConvexHull")
    middle = np.mean(points[np.unique(hull.simplices)], axis=0)
    heights = np.sum(normals * (corners[:, 0] - middle), axis=1)
    hull.volume = verified(hull.volume, np.sum(sizes * heights) / points.shape[1], "ConvexHull")
    return hull


_on_levels(FollowedHull, convex_hull)


# ---- triangulations ----------------------------------------------------------------------------------------------------------


class FollowedDelaunay(_qhull.Delaunay):
    """A triangulation whose points are followed."""

    followed: Any = None
    locals().update(_selects(_qhull.Delaunay, "convex_hull", "vertex_to_simplex", "vertex_neighbor_vertices"))

    @property
    def points(self):
        """The points."""
        return self.followed

    @property
    def transform(self):
        """For each simplex the inverse of its sides, and its last corner."""
        places = self.followed[self.simplices]
        last = places[:, -1]
        inverse = np.linalg.inv(np.swapaxes(places[:, :-1] - last[:, None], 1, 2))
        return np.concatenate([inverse, last[:, None]], axis=1)


@substitute(_qhull.Delaunay)
def delaunay(points, *args, **kwargs):
    """The simplices are constant."""
    if not active(points):
        return below(_qhull.Delaunay, points, *args, **kwargs)
    made = below(FollowedDelaunay, points, *args, **kwargs)
    made.followed = np.array(points, float)
    return made


_on_levels(FollowedDelaunay, delaunay)


zero_derivative(_qhull.Delaunay.find_simplex, _qhull.tsearch)


def centres(corners):
    """Centres of the spheres through the corners of simplices."""
    first = corners[:, :1]
    edges = corners[:, 1:] - first
    squares = np.sum(edges * edges, axis=-1, keepdims=True)
    return first[:, 0] + np.linalg.solve(2.0 * edges, squares)[..., 0]


def generators(vertices, regions, point_region, dimension):
    """For each vertex of a diagram the first points that have it in common."""
    owners: list[list[int]] = [[] for _ in range(vertices)]
    for point, region in enumerate(point_region):
        for vertex in regions[region]:
            if vertex >= 0:
                owners[vertex].append(point)
    return np.array([o[:dimension + 1] for o in owners], dtype=np.intp).reshape(vertices, dimension + 1)


zero_derivative(generators)


@substitute(_qhull.Voronoi)
def voronoi(points, *args, **kwargs):
    """Vertices are the centres of spheres through the points around."""
    made = below(_qhull.Voronoi, points, *args, **kwargs)
    if active(points):
        points = np.asarray(points, float)
        around = generators(len(made.vertices), made.regions, made.point_region, points.shape[1])
        made.vertices = verified(made.vertices, centres(points[around]), "Voronoi")
    return made


@substitute(_qhull.HalfspaceIntersection)
def halfspace_intersection(halfspaces, interior_point, *args, **kwargs):
    """Corners are the solutions of the equations of the halfspaces that meet there."""
    made = below(_qhull.HalfspaceIntersection, halfspaces, interior_point, *args, **kwargs)
    if active(halfspaces):
        n = halfspaces.shape[1] - 1
        meeting = np.array([facet[:n] for facet in made.dual_facets])
        equations = halfspaces[meeting]
        corners = np.linalg.solve(equations[..., :-1], -equations[..., -1:])[..., 0]
        made.intersections = verified(made.intersections, corners, "HalfspaceIntersection")
        made.dual_points = unknown(made.dual_points, np.sum(corners), "the dual points have no rule")
        made.dual_equations = unknown(made.dual_equations, np.sum(corners), "the dual facets have no rule")
    return made
