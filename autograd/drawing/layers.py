"""Boxes in layers, for one level of a drawing: wires run forward, crossings are few, long wires are straight.

The steps are those of K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system
structures", IEEE Trans. SMC 11 (1981): ranks, dummies on long wires, orders by barycentres, coordinates. A box stands
as late as its uses allow, so leaves stand beside their consumers. Coordinates are the least-squares answer to the pull
of the neighbours, layer by layer: isotonic regression (M. Ayer et al., Ann. Math. Stat. 26, 1955) keeps the distances.

Directions are named along the flow: `x` runs with it and `y` across it, whichever way the picture is turned.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

GAP = 14.0  # between boxes of a layer
LANE = 9.0  # between two wires, or a wire and a box
FLOW = 46.0  # the least distance of two layers

_SWEEPS = 8
_FEW = 400  # up to so many boxes and dummies neighbours are exchanged one by one as well


class Box(NamedTuple):
    """Something to place. The first boxes stand in the first layer alone, the last ones in the last."""

    width: float
    height: float
    end: str = ""  # 'first', 'last' or anywhere


class Wire(NamedTuple):
    """From the back of one box to the front of another; ports are offsets from the boxes' middles."""

    source: int
    source_port: float
    target: int
    target_port: float
    room: float = 0.0  # what its text needs before the target


@dataclass
class Placement:
    """Where boxes stand (the corner with the least coordinates) and wires run, and how large the whole is."""

    x: list[float]
    y: list[float]
    right: list[float]  # where the layer of a box ends
    points: list[list[tuple[float, float]]]
    width: float
    height: float


@dataclass
class _Net:
    """Boxes and dummies in layers. Vertices beyond the boxes are dummies."""

    rank: list[int]
    size: list[float]  # across the flow
    layers: list[list[int]]
    before: list[list[tuple[int, float, float]]]  # of each vertex: (neighbour, its port, own port)
    after: list[list[tuple[int, float, float]]]
    paths: list[list[int]]  # of each wire, from box to box
    boxes: int


def place(boxes: Sequence[Box], wires: Sequence[Wire]) -> Placement:
    """Coordinates for boxes and wires that form no circle. The same input gives the same output, to the last bit."""
    if not boxes:
        return Placement([], [], [], [], 0.0, 0.0)
    net = _with_dummies(boxes, wires, _ranks(boxes, wires))
    _first_order(net)
    _reduce_crossings(net)
    middle = _coordinates(net)
    top = min(middle[v] - net.size[v] / 2 for v in range(len(middle)))
    middle = [y - top for y in middle]
    left, right, room = _columns(net, boxes, wires, middle)
    x = [
        left[net.rank[v]] if net.before[v] else right[net.rank[v]] - boxes[v].width for v in range(len(boxes))
    ]  # operations in line, and leaves near their uses
    y = [middle[v] - boxes[v].height / 2 for v in range(len(boxes))]
    points = [
        _points(net, wire, path, boxes, x, middle, left, right, room)
        for wire, path in zip(wires, net.paths, strict=True)
    ]
    height = max(middle[v] + net.size[v] / 2 for v in range(len(middle)))
    return Placement(x, y, [right[net.rank[v]] for v in range(len(boxes))], points, right[-1], height)


def _ranks(boxes: Sequence[Box], wires: Sequence[Wire]) -> list[int]:
    """As late as possible: one layer before the first use."""
    targets: list[list[int]] = [[] for _ in boxes]
    missing = [0] * len(boxes)
    sources: list[list[int]] = [[] for _ in boxes]
    for wire in wires:
        targets[wire.source].append(wire.target)
        sources[wire.target].append(wire.source)
        missing[wire.source] += 1
    last = -1 if any(box.end == "last" for box in boxes) else 0
    rank = [0] * len(boxes)
    ready = [v for v in range(len(boxes)) if not missing[v]]
    while ready:
        v = ready.pop()
        uses = [rank[target] for target in targets[v] if boxes[target].end != "last"]
        rank[v] = 0 if boxes[v].end == "last" else min(uses, default=1 + last) - 1
        for source in sources[v]:
            missing[source] -= 1
            if not missing[source]:
                ready.append(source)
    inner = [rank[v] for v in range(len(boxes)) if not boxes[v].end]
    start = min(inner, default=0) - any(box.end == "first" for box in boxes)
    return [0 if boxes[v].end == "first" else rank[v] - start for v in range(len(boxes))]


def _with_dummies(boxes: Sequence[Box], wires: Sequence[Wire], rank: list[int]) -> _Net:
    """Wires that leave one port share their dummies, so a value that is used often leaves as one line."""
    count = max(rank) + 1
    net = _Net(
        rank=list(rank),
        size=[box.height for box in boxes],
        layers=[[] for _ in range(count)],
        before=[[] for _ in boxes],
        after=[[] for _ in boxes],
        paths=[],
        boxes=len(boxes),
    )
    chains: dict[tuple[int, float], list[int]] = {}
    linked: set[tuple[int, float, int, float]] = set()

    def link(left: int, left_port: float, right: int, right_port: float) -> None:
        if (left, left_port, right, right_port) not in linked:
            linked.add((left, left_port, right, right_port))
            net.after[left].append((right, right_port, left_port))
            net.before[right].append((left, left_port, right_port))

    for wire in wires:
        chain = chains.setdefault((wire.source, wire.source_port), [wire.source])
        while rank[wire.source] + len(chain) < rank[wire.target]:
            dummy = len(net.rank)
            net.rank.append(rank[wire.source] + len(chain))
            net.size.append(0.0)
            net.before.append([])
            net.after.append([])
            link(chain[-1], wire.source_port if len(chain) == 1 else 0.0, dummy, 0.0)
            chain.append(dummy)
        path = chain[: rank[wire.target] - rank[wire.source]]
        link(path[-1], wire.source_port if len(path) == 1 else 0.0, wire.target, wire.target_port)
        net.paths.append([*path, wire.target])
    return net


def _first_order(net: _Net) -> None:
    """Back from the boxes without a use, operands in order: a tree comes out without crossings."""
    seen: set[int] = set()
    for root in range(len(net.rank)):
        if net.after[root] or root in seen:
            continue
        stack = [root]
        while stack:
            v = stack.pop()
            if v in seen:
                continue
            seen.add(v)
            net.layers[net.rank[v]].append(v)
            sources = sorted(net.before[v], key=lambda link: link[2])
            stack += [source for source, _, _ in reversed(sources)]


def _reduce_crossings(net: _Net) -> None:
    position = [0] * len(net.rank)
    for layer in net.layers:
        for index, v in enumerate(layer):
            position[v] = index
    best, fewest = [list(layer) for layer in net.layers], _crossings(net, position)
    idle = 0
    for sweep in range(_SWEEPS):
        if not fewest or idle == 3:
            break
        forward = sweep % 2 == 0
        for layer in net.layers if forward else reversed(net.layers):
            _sort_layer(net, layer, position, net.before if forward else net.after)
        if len(net.rank) <= _FEW:
            _exchange_neighbours(net, position)
        crossings = _crossings(net, position)
        idle += 1
        if crossings < fewest:
            best, fewest, idle = [list(layer) for layer in net.layers], crossings, 0
    net.layers = best


def _sort_layer(net: _Net, layer: list[int], position: list[int], links: list[list[tuple[int, float, float]]]) -> None:
    """By the mean place of the neighbours; what has none keeps its place."""
    keys: dict[int, float] = {}
    for v in layer:
        places = [position[other] + port / (net.size[other] + 1.0) * 0.9 for other, port, _ in links[v]]
        if places:
            keys[v] = sum(places) / len(places)
    sortable = iter(sorted(keys, key=lambda v: (keys[v], position[v])))
    layer[:] = [next(sortable) if v in keys else v for v in layer]
    for index, v in enumerate(layer):
        position[v] = index


def _exchange_neighbours(net: _Net, position: list[int]) -> None:
    improved, rounds = True, 0
    while improved and rounds < 6:
        improved, rounds = False, rounds + 1
        for layer in net.layers:
            for index in range(len(layer) - 1):
                upper, lower = layer[index], layer[index + 1]
                change = 0
                for links in (net.before, net.after):
                    above = [(position[other], port) for other, port, _ in links[upper]]
                    below = [(position[other], port) for other, port, _ in links[lower]]
                    for left in above:
                        for right in below:
                            change += (left < right) - (left > right)
                if change < 0:
                    layer[index], layer[index + 1] = lower, upper
                    position[upper], position[lower] = index + 1, index
                    improved = True


def _crossings(net: _Net, position: list[int]) -> int:
    total = 0
    for layer in net.layers:
        ends = sorted(
            (position[v], own, position[other], port) for v in layer for other, port, own in net.after[v]
        )  # fmt: skip
        seen: list[tuple[int, float]] = []
        for _, _, target, port in ends:
            total += len(seen) - bisect_right(seen, (target, port))
            insort(seen, (target, port))
    return total


def _coordinates(net: _Net) -> list[float]:
    """The middle of every vertex across the flow."""
    middle = [0.0] * len(net.rank)
    for layer in net.layers:
        y = 0.0
        for index, v in enumerate(layer):
            y += _distance(net, layer[index - 1], v) if index else 0.0
            middle[v] = y
        for v in layer:
            middle[v] -= y / 2
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for layer in net.layers if forward else reversed(net.layers):
            _pull(net, layer, middle, (net.before if forward else net.after,))
    for layer in [*net.layers, *reversed(net.layers)]:
        _pull(net, layer, middle, (net.before, net.after))
    _straighten(net, middle)
    return middle


def _distance(net: _Net, upper: int, lower: int) -> float:
    lines = (upper >= net.boxes or not net.size[upper]) + (lower >= net.boxes or not net.size[lower])
    return (net.size[upper] + net.size[lower]) / 2 + (GAP, LANE, LANE)[lines]


def _pull(
    net: _Net, layer: list[int], middle: list[float], sides: Iterable[list[list[tuple[int, float, float]]]]
) -> None:
    """Move the vertices of a layer to where their neighbours pull them, as far as order and distances allow."""
    blocks: list[list[float]] = []  # (weighted sum, weight, how many): the pools of the regression
    offset, offsets = 0.0, []
    for index, v in enumerate(layer):
        if index:
            offset += _distance(net, layer[index - 1], v)
        offsets.append(offset)
        total = weight = 0.0
        for links in sides:
            for other, port, own in links[v]:
                pull = (
                    1.0 if v < net.boxes and other < net.boxes else 2.0 if v < net.boxes or other < net.boxes else 8.0
                )
                total += pull * (middle[other] + port - own)
                weight += pull
        if not weight:
            total, weight = middle[v] * 0.01, 0.01
        blocks.append([total - weight * offset, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] > blocks[-1][0] * blocks[-2][1]:
            total, weight, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += weight
            blocks[-1][2] += count
    index = 0
    for total, weight, count in blocks:
        for _ in range(int(count)):
            middle[layer[index]] = total / weight + offsets[index]
            index += 1


def _straighten(net: _Net, middle: list[float]) -> None:
    """Make long wires straight, and short ones where there is room, without moving anything past a neighbour."""
    above: dict[int, int] = {}
    below: dict[int, int] = {}
    for layer in net.layers:
        for upper, lower in pairwise(layer):
            above[lower], below[upper] = upper, lower

    def room(v: int) -> tuple[float, float]:
        least = middle[above[v]] + _distance(net, above[v], v) if v in above else -1e18
        most = middle[below[v]] - _distance(net, v, below[v]) if v in below else 1e18
        return least, most

    chains: list[list[int]] = []
    for v in range(net.boxes, len(net.rank)):
        source = net.before[v][0][0]
        if source >= net.boxes and chains and chains[-1][-1] == source:
            chains[-1].append(v)
        else:
            chains.append([v])
    for _ in range(2):
        for chain in chains:
            start = 0
            while start < len(chain):
                least, most, end = -1e18, 1e18, start
                while end < len(chain):
                    low, high = room(chain[end])
                    if max(low, least) > min(high, most) + 1e-9:
                        break
                    least, most, end = max(low, least), min(high, most), end + 1
                end = max(end, start + 1)
                wanted = _wanted(net, chain, start, end, middle)
                for v in chain[start:end]:
                    middle[v] = min(max(wanted, least), max(least, most))
                start = end
        for layer in [*reversed(net.layers), *net.layers]:
            for v in layer:
                if v < net.boxes:
                    links = net.before[v] + net.after[v]
                    if links:
                        pulls = sorted(middle[other] + port - own for other, port, own in links)
                        median = (pulls[(len(pulls) - 1) // 2] + pulls[len(pulls) // 2]) / 2
                        least, most = room(v)
                        if least <= most:
                            middle[v] = min(max(median, least), most)


def _wanted(net: _Net, chain: list[int], start: int, end: int, middle: list[float]) -> float:
    """Where a straight stretch of a chain wants to be: level with its source or its target, as most of it is."""
    here = sum(middle[v] for v in chain[start:end]) / (end - start)
    source, port, _ = net.before[chain[start]][0]
    levels = [middle[source] + port]
    levels += [middle[other] + port for other, port, _ in net.after[chain[end - 1]]]
    return min(levels, key=lambda level: abs(level - here))


def _columns(
    net: _Net, boxes: Sequence[Box], wires: Sequence[Wire], middle: list[float]
) -> tuple[list[float], list[float], list[float]]:
    """Where each layer begins and ends along the flow, and the room for texts behind it."""
    width = [max((boxes[v].width for v in layer if v < net.boxes), default=0.0) for layer in net.layers]
    steep = [0.0] * len(net.layers)
    room = [0.0] * len(net.layers)
    for v in range(len(net.rank)):
        for other, port, own in net.after[v]:
            steep[net.rank[v]] = max(steep[net.rank[v]], abs(middle[v] + own - middle[other] - port))
    for wire in wires:
        before = net.rank[wire.target] - 1
        room[before] = max(room[before], wire.room)  # steep wires get more room too
    left, right, x = [], [], 0.0
    for rank in range(len(net.layers)):
        left.append(x)
        right.append(x + width[rank])
        x = right[-1] + FLOW + room[rank] + min(steep[rank] * 0.12, 90.0)
    return left, right, room


def _points(
    net: _Net,
    wire: Wire,
    path: list[int],
    boxes: Sequence[Box],
    x: list[float],
    middle: list[float],
    left: list[float],
    right: list[float],
    room: list[float],
) -> list[tuple[float, float]]:
    """Between the points of a pair that differ in y the wire bends, and nowhere else; bends lie between layers."""
    y = middle[wire.source] + wire.source_port
    points = [(x[wire.source] + boxes[wire.source].width, y), (right[net.rank[wire.source]], y)]
    for dummy in path[1:-1]:
        points += [(left[net.rank[dummy]], middle[dummy]), (right[net.rank[dummy]], middle[dummy])]
    y = middle[wire.target] + wire.target_port
    before = room[net.rank[wire.target] - 1] if wire.room else 0.0
    points += [(left[net.rank[wire.target]] - before, y), (x[wire.target], y)]
    return points
