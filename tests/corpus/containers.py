"""Lists, tuples, dictionaries, sets, deques and what is in them."""

import array
import bisect
import collections
import heapq
import types

import numpy as np

from ._case import Corpus, mat, vec

case = Corpus(__name__)


@case(vec(4))
def list_append_extend_insert(x):
    values = []
    for v in x:
        values.append(v * v)
    values.extend(values[:2])
    values.insert(1, x[0] * 7)
    values += [x[3]]
    return sum(v * k for k, v in enumerate(values))


@case(vec(5))
def list_pop_remove_clear(x):
    values = list(x)
    last = values.pop()
    first = values.pop(0)
    values.remove(values[1])
    total = sum(values) * last
    values.clear()
    return total + first * len(values) + first**2


@case(vec(5))
def list_slices(x):
    values = list(x * 2)
    values[1:3] = [values[0] * values[4]]
    values[::2] = values[1::-1]
    del values[-1:]
    return sum(v**2 for v in values)


@case(1.5, 0.5)
def list_multiplied_and_added(x, y):
    row = [x, y] * 3 + [x * y]
    grid = [[x] * 2 for _ in range(2)]
    grid[0][0] = y
    shared = [[x]] * 2
    shared[0][0] = y * y
    return sum(row) + sum(map(sum, grid)) + shared[1][0]


@case(vec(6))
def sort_list_by_key(x):
    values = sorted(x, key=lambda v: -abs(v))
    pairs = [(v, i) for i, v in enumerate(x)]
    pairs.sort()
    pairs.reverse()
    return values[0] * values[1] + pairs[0][0] * 3 + pairs[2][1] * pairs[2][0]


@case(vec(6))
def list_in_list_in_dict(x):
    state = {"grid": [[0.0, 0.0], [0.0, 0.0]], "count": 0}
    for i in range(2):
        for j in range(2):
            state["grid"][i][j] += x[i + j] * x[0]
            state["count"] += 1
    state["grid"][0], state["grid"][1] = state["grid"][1], state["grid"][0]
    return state["grid"][0][1] * state["count"] + state["grid"][1][0]


@case(2.0, gradient=4.0)
def dictionary_write_and_read(x):
    d = {}
    d["x"] = x
    return x * d["x"]


@case(3.0, gradient=123.93054835019153)
def dictionary_filled_in_a_loop(x):
    d = {}
    for i in range(1, 5):
        d[i] = i**x
    return sum(d.values())


@case(0.4, 1.3)
def dictionary_methods(x, y):
    d = dict(a=x, b=y)
    d.update({"c": x * y}, e=2.0)
    d.setdefault("a", 100.0)
    d.setdefault("f", x - y)
    popped = d.pop("b")
    missing = d.get("zzz", x * x)
    key, last = d.popitem()
    merged = d | {"a": y} | dict.fromkeys("pq", x)
    merged |= {"r": popped}
    return sum(v * (k + 1) for k, v in enumerate(merged.values())) + missing * last + (key == "f")


@case(vec(5))
def dictionary_views_and_comprehension(x):
    d = {f"k{i}": v for i, v in enumerate(x)}
    inverse = {v: k for k, v in d.items()}
    total = 0.0
    for key, value in d.items():
        total += value * len(key) * (inverse[value] == key)
    return total + max(d.values()) + d[min(d, key=d.get)]


@case(vec(4))
def defaultdict_and_counter(x):
    groups = collections.defaultdict(list)
    for v in x:
        groups[v > 0].append(v)
    sums = collections.defaultdict(float)
    for key, members in groups.items():
        for m in members:
            sums[key] += m * m
    count = collections.Counter("abca")
    return sums[True] * 2 + sums[False] + count["a"] * x[0]


@case(vec(4))
def ordered_and_chained_maps(x):
    o = collections.OrderedDict(zip("abcd", x, strict=True))
    o.move_to_end("a")
    chain = collections.ChainMap({"b": x[0] * 5}, o)
    chain["z"] = x[1]
    return chain["b"] * chain["z"] + next(iter(o.values())) * 3 + o.popitem()[1]


@case(vec(6))
def deque_as_delay_line(x):
    line = collections.deque([0.0] * 3, maxlen=3)
    total = 0.0
    for v in x:
        total += line[0] * v
        line.append(v * 0.5)
        line.rotate(1)
        line.appendleft(line.pop() + v)
    return total + line.popleft()


@case(vec(6))
def heap_of_numbers(x):
    heap = list(x)
    heapq.heapify(heap)
    heapq.heappush(heap, x[0] * x[1])
    smallest = heapq.heappop(heap)
    return smallest * 2 + heapq.heappushpop(heap, x[2]) + heap[0] * heapq.nlargest(2, heap)[1]


@case(vec(6))
def priority_queue_with_payload(x):
    queue = []
    for i, v in enumerate(x):
        heapq.heappush(queue, (v, i, {"value": v * v}))
    cost = 0.0
    while queue:
        v, i, payload = heapq.heappop(queue)
        cost += payload["value"] * (i + 1) + v
    return cost


@case(vec(5))
def bisect_table_lookup(x):
    knots = [0.0, 0.25, 0.5, 0.75, 1.0]
    total = 0.0
    for v in abs(x):
        i = bisect.bisect_right(knots, v) - 1
        t = (v - knots[i]) / 0.25
        total += (1 - t) * i**2 + t * (i + 1) ** 2
    return total


@case(1.3, 2.1)
def named_tuples(a, b):
    Point = collections.namedtuple("Point", "x y label", defaults=["p"])
    p = Point(a, b)
    q = p._replace(x=p.y * 2)
    x, y, label = q
    return x * y + p.x * p[1] + len(label) + sum(q._asdict()[k] for k in ("x", "y"))


@case((1.2, 0.3), 0.7)
def tuple_argument(pair, s):
    a, b = pair
    return a * b * s + pair[0] + sum(pair) * len(pair + (s,))


@case({"weight": vec(3), "bias": 0.3, "name": "layer"}, vec(3))
def dictionary_argument_changed(parameters, x):
    parameters["weight"] *= 2
    parameters["bias"] = parameters["bias"] + x[0]
    parameters["new"] = x
    return np.tanh(parameters["weight"] @ x + parameters["bias"])


@case([vec(3), 0.5, [1.5, mat(2, 2)]])
def nested_list_argument(tree):
    tree[2][1][0] += tree[0][:2]
    tree[1] = tree[1] * tree[2][0]
    return tree[2][1].sum() * tree[1] + tree[0][2]


@case([(1.0, 2.0, 3.0), (4.0, 5.0, 6.0)], gradient=[(0.0, 3.0, 2.0), (0.0, 6.0, 5.0)])
def list_of_tuples(pairs):
    return sum(np.prod(p[1:3]) for p in pairs)


@case(vec(3))
def sets_of_numbers(x):
    s = {v for v in x}
    s.add(x[0] * 2)
    s |= {0.5}
    s.discard(x[1])
    return sum(sorted(s))


@case(vec(4))
def frozenset_as_key(x):
    d = {frozenset((i, j)): x[i] * x[j] for i in range(4) for j in range(i)}
    return d[frozenset((2, 1))] + d[frozenset((0, 3))] * 2


@case(vec(4))
def star_unpacking_everywhere(x):
    first, *middle, last = x
    (a, b), c = (first, last), middle
    values = [*middle, *x[:2], a]
    merged = {**{"p": b}, **{"q": values[0]}}
    return sum(values) * merged["q"] + merged["p"] * c[1]


@case(vec(4))
def comprehension_scopes(x):
    y = x[0]
    table = [[v * w for w in x if w != v] for v in x]
    flat = [t * y for row in table for t in row]
    return sum(flat) + {i: y * i for i in range(3)}[2] + len({i % 2 for i in range(5)})


@case(vec(3))
def walk_a_tree_of_dictionaries(x):
    tree = {"op": "+", "left": {"op": "*", "left": 0, "right": 1}, "right": {"op": "sin", "left": 2}}

    def evaluate(node):
        if isinstance(node, int):
            return x[node]
        if node["op"] == "+":
            return evaluate(node["left"]) + evaluate(node["right"])
        if node["op"] == "*":
            return evaluate(node["left"]) * evaluate(node["right"])
        return np.sin(evaluate(node["left"]))

    return evaluate(tree)


@case(vec(3))
def stack_machine(x):
    stack = []
    for token in ("0", "1", "*", "2", "dup", "+", "-"):
        if token.isdigit():
            stack.append(x[int(token)])
        elif token == "dup":
            stack.append(stack[-1])
        else:
            b, a = stack.pop(), stack.pop()
            stack.append({"*": a * b, "+": a + b, "-": a - b}[token])
    return stack.pop() ** 2


@case(vec(6))
def object_array_of_scalars(x):
    a = np.empty(3, dtype=object)
    for i in range(3):
        a[i] = x[i] * x[i + 3]
    return a[0] * a[1] + a[2]


@case(vec(6), either=True)
def object_array_arithmetic(x):
    a = np.array([x[0], x[1] * 2, None], dtype=object)
    a[2] = x[2]
    return (a * a).sum()


@case(vec(5))
def list_of_arrays_to_array(x):
    rows = [x * k for k in range(1, 4)]
    rows[1] = rows[1] ** 2
    matrix = np.array(rows)
    matrix[0] = 1.0
    return (matrix * x).sum() + rows[0].sum()


@case(vec(4))
def simple_namespace(x):
    state = types.SimpleNamespace(position=x[0], velocity=x[1])
    for _ in range(3):
        state.position += 0.1 * state.velocity
        state.velocity -= 0.1 * state.position * x[2]
    state.energy = state.position**2 + state.velocity**2
    return state.energy * vars(state)["position"]


@case(vec(3))
def memo_dictionary(x):
    memo = {}

    def power(n):
        if n not in memo:
            memo[n] = x[0] if n == 1 else power(n - 1) * x[n % 3]
        return memo[n]

    return power(6) + len(memo)


@case(vec(4))
def zip_of_unequal_lengths(x):
    return sum(a * b for a, b in zip(x, x[1:], strict=False)) + sum(p * q for p, q in zip([1, 2], x, strict=False))


@case(vec(3))
def self_containing_list(x):
    a = [x[0], x[1]]
    a.append(a)
    a[2][2][0] = a[1] * x[2]
    return a[0] * 2


@case(vec(3))
def dictionary_of_functions(x):
    table = {"sq": lambda v: v * v, "sin": np.sin, "neg": lambda v: -v, "float": float}
    return sum(table[name](v) for name, v in zip(("sq", "sin", "neg"), x, strict=True)) + table["float"](x[0])


@case(vec(6))
def sliding_list_window(x):
    window, smooth = [], []
    for v in x:
        window = (window + [v])[-3:]
        smooth.append(sum(window) / len(window))
    return np.array(smooth)


@case(1.3)
def integers_in_typed_array(x):
    counts = array.array("i", [1, 2, 3])
    counts.append(4)
    return x * counts[3] + x ** counts[1]


@case(vec(4))
def returned_structure(x):
    return {"sum": x.sum(), "parts": [x[:2] * 2, (x[2], 3)], "none": None, "text": "ok"}


@case(0.7)
def highly_nested_tuple(x):
    return ((((x,), x * x), x), 5, "a")
