"""Rules of ``scipy.sparse.csgraph``: lengths of shortest paths, and trees, in the weights of their edges.

The graph algorithm runs one level down and says which edges it chose; a length is the sum of the weights on its path.
Where two paths have the same length it has a kink, and the path returned counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.csgraph as cg

from .._callables import active, attach, below
from .._numpy.indexing import scatter
from .._registry import Refused, refuse, substitute, zero_derivative
from ._sparse_kernels import found_in, lines

TIES = "at ties, the path that is returned"


def path_edges(predecessors: Any) -> tuple:
    """The edges of all paths: flat position of the length, and both ends of the edge."""
    n = predecessors.shape[-1]
    table = np.reshape(predecessors, (-1, n))
    rows, at = np.nonzero(table >= 0)
    where, lengths, starts, ends = rows * n + at, [], [], []
    while len(rows):
        before = table[rows, at]
        lengths.append(where)
        starts.append(before)
        ends.append(at)
        going = table[rows, before] >= 0
        rows, where, at = rows[going], where[going], before[going]
    empty = np.zeros(0, np.intp)
    return tuple(np.concatenate([empty, *(np.asarray(x, np.intp) for x in part)]) for part in (lengths, starts, ends))


zero_derivative(path_edges)


def chosen(first: Any, second: Any, x: Any, y: Any) -> Any:
    """Of the two directions of undirected edges, the one that counts: places, -1 where there is none."""
    low = np.where(first < 0, np.inf, x)
    high = np.where(second < 0, np.inf, y)
    return low <= high


zero_derivative(chosen)


def weights(graph: Any, starts: Any, ends: Any, directed: bool) -> Any:
    """The weights of edges."""
    if not sp.issparse(graph):
        graph = np.asarray(graph)
        if directed:
            return graph[starts, ends]
        there, back = graph[starts, ends], graph[ends, starts]
        missing = [np.where((v == 0) | ~np.isfinite(v), -1, 0) for v in (there, back)]
        return np.where(chosen(*missing, there, back), there, back)
    graph = graph.tocsr()
    graph.sum_duplicates()
    n = graph.shape[1]
    stored = lines(graph.indptr) * n + graph.indices
    first = found_in(stored, starts * n + ends)
    if directed:
        return graph.data[first]
    second = found_in(stored, ends * n + starts)
    return np.where(chosen(first, second, graph.data[first], graph.data[second]), graph.data[first], graph.data[second])


def along(graph: Any, lengths: Any, predecessors: Any, directed: bool) -> Any:
    """Lengths with the derivative of the weights on their paths."""
    where, starts, ends = path_edges(predecessors)
    w = weights(graph, starts, ends, directed)
    if not active(w):
        return lengths
    return attach(lengths, np.reshape(scatter(w, (where,), (lengths.size,)), lengths.shape))


def _finish(graph: Any, result: tuple, directed: bool, unweighted: bool, wanted: bool) -> Any:
    lengths, predecessors, *rest = result
    if not unweighted:
        lengths = along(graph, lengths, predecessors, directed)
    found = (lengths, *([predecessors] if wanted else []), *rest)
    return found if len(found) > 1 else lengths


@substitute(cg.shortest_path, convention=TIES)
def shortest_path(csgraph, method="auto", directed=True, return_predecessors=False, unweighted=False, overwrite=False,
                  indices=None):
    """By any method."""
    result = below(cg.shortest_path, csgraph, method, directed, True, unweighted, False, indices)
    return _finish(csgraph, result, directed, unweighted, return_predecessors)


@substitute(cg.floyd_warshall, convention=TIES)
def floyd_warshall(csgraph, directed=True, return_predecessors=False, unweighted=False, overwrite=False):
    """All pairs."""
    result = below(cg.floyd_warshall, csgraph, directed, True, unweighted, False)
    return _finish(csgraph, result, directed, unweighted, return_predecessors)


@substitute(cg.dijkstra, convention=TIES)
def dijkstra(csgraph, directed=True, indices=None, return_predecessors=False, unweighted=False, limit=np.inf,
             min_only=False):
    """From some vertices."""
    result = below(cg.dijkstra, csgraph, directed, indices, True, unweighted, limit, min_only)
    if not return_predecessors:
        result = result[:2]
    return _finish(csgraph, result, directed, unweighted, return_predecessors)


def _from_some(native: Any) -> None:
    @substitute(native, convention=TIES)
    def program(csgraph, directed=True, indices=None, return_predecessors=False, unweighted=False):
        result = below(native, csgraph, directed, indices, True, unweighted)
        return _finish(csgraph, result, directed, unweighted, return_predecessors)


_from_some(cg.bellman_ford)
_from_some(cg.johnson)


@substitute(cg.construct_dist_matrix)
def construct_dist_matrix(graph, predecessors, directed=True, null_value=np.inf):
    """Lengths of given paths."""
    lengths = below(cg.construct_dist_matrix, graph, predecessors, directed, null_value)
    return along(graph, lengths, predecessors, directed)


def _tree(native: Any, undirected: bool) -> None:
    """Register a function that keeps some of the edges with their weights."""

    @substitute(native, convention="the edges are those that are returned")
    def program(csgraph, *args, **kwargs):
        if "overwrite" in kwargs:
            kwargs["overwrite"] = False
        tree = below(native, csgraph, *args, **kwargs)
        directed = not undirected if native is cg.minimum_spanning_tree else (args[1] if len(args) > 1 else
                                                                             kwargs.get("directed", True))
        places = tree.tocoo()
        w = weights(csgraph, places.row.astype(np.intp), places.col.astype(np.intp), directed)
        if not active(w):
            return tree
        return type(tree)((attach(tree.data, w), tree.indices, tree.indptr), shape=tree.shape)


_tree(cg.minimum_spanning_tree, False)
_tree(cg.breadth_first_tree, False)
_tree(cg.depth_first_tree, False)

zero_derivative(cg.connected_components, cg.breadth_first_order, cg.depth_first_order, cg.reverse_cuthill_mckee,
                cg.structural_rank, cg.maximum_bipartite_matching, cg.min_weight_full_bipartite_matching, cg.maximum_flow)
refuse(cg.yen, reason="the lengths of several paths between two vertices have no rule")


@substitute(cg.csgraph_to_dense)
def csgraph_to_dense(csgraph, null_value=0):
    """Entries that are not stored become `null_value`; of duplicates the smallest counts."""
    graph = csgraph.tocsr()
    rows = lines(graph.indptr)
    if len(np.unique(rows * graph.shape[1] + graph.indices)) < len(rows):
        raise Refused("a graph with duplicate edges").error()
    out = np.full(graph.shape, float(null_value))
    out[rows, graph.indices] = graph.data
    return out


@substitute(cg.csgraph_from_dense)
def csgraph_from_dense(graph, null_value=0, nan_null=True, infinity_null=True):
    """The edges are the entries that are none of the null values."""
    made = below(cg.csgraph_from_dense, graph, null_value, nan_null, infinity_null)
    return type(made)((np.asarray(graph)[lines(made.indptr), made.indices], made.indices, made.indptr), shape=made.shape)
