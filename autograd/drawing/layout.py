"""Where everything of a drawing stands: each open module is a picture of its own inside the one around it.

A wire that leaves or enters a module passes a gate in the module's border, and all wires of one value share a gate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autograd.drawing.cards import Card, columns, module_name
from autograd.drawing.folding import Fold, chains
from autograd.drawing.layers import LANE, Box, Placement, Wire, place
from autograd.drawing.snapshot import Snapshot

TEXT = 6.5  # the width of a character on a wire
_PADDING = 16.0
_TITLE = 26.0
_GATE = 7.0
_SPREAD = (20.0, 50.0)  # between the operands of a card, one below the other and side by side, for the texts there

Point = tuple[float, float]


class Frame(NamedTuple):
    """An open module."""

    group: int
    title: str
    kind: str
    depth: int
    calls: int
    x: float
    y: float
    width: float
    height: float
    plate: float = 0.0  # how far to the right its title stands


@dataclass
class Layout:
    """Corners of the cards, frames (outer ones first), the points of every link, and the size of it all."""

    corners: list[Point]
    frames: list[Frame]
    points: list[list[Point]]
    width: float
    height: float


class _End(NamedTuple):
    """One end of a wire inside a frame: at a card, at a frame inside, or at a gate of this frame."""

    kind: str  # card, frame, entry or exit
    number: int  # thing, group, or the thing that the wire at a gate comes from
    port: int = 0  # the operand of a card; the thing that the wire at a frame comes from


@dataclass
class _Level:
    """What stands in a frame, and the wires between that. Lengths run along the flow and across it."""

    boxes: dict[tuple[str, int], int] = field(default_factory=dict)
    wires: dict[tuple[_End, _End], str] = field(default_factory=dict)  # with their texts
    placed: Placement = field(default_factory=lambda: Placement([], [], [], [], 0.0, 0.0))
    start: Point = (0.0, 0.0)  # of what was placed, inside the frame
    along: float = 0.0
    across: float = 0.0
    plate: float = 0.0  # where the title begins
    entries: Point = (_GATE + _TITLE / 2, math.inf)  # between which wires may come in


_Route = list[tuple[int, tuple[_End, _End]]]


def arrange(snapshot: Snapshot, folded: Fold, cards: Sequence[Card], direction: str, texts: Sequence[str]) -> Layout:
    """Place the cards of a fold. `texts` stand on the links, just before their targets."""
    down = direction == "TB"
    levels, routes = _levels(snapshot, folded, texts)
    for group in [*reversed(folded.frames), 0]:
        _place(snapshot, levels, group, cards, down)
    corners: list[Point] = [(0.0, 0.0)] * len(cards)
    frames: list[Frame] = []
    origins: dict[int, Point] = {0: (0.0, 0.0)}  # of what was placed in a frame
    for group in [0, *folded.frames]:
        level = levels[group]
        for (kind, number), box in level.boxes.items():
            corner = (origins[group][0] + level.placed.x[box], origins[group][1] + level.placed.y[box])
            if kind == "card":
                corners[number] = corner
            elif kind == "frame":
                inner = levels[number]
                origins[number] = (corner[0] + inner.start[0], corner[1] + inner.start[1])
                own = snapshot.groups[number]
                title = module_name(snapshot, number)
                along = level.placed.right[box] - level.placed.x[box]  # all frames of a layer end in line
                size = (along, inner.across)
                frames.append(Frame(number, title, own.kind, own.depth, own.calls, *corner, *size, inner.plate))
    numbers = {group: {ends: number for number, ends in enumerate(levels[group].wires)} for group in levels}
    for group in [0, *folded.frames]:
        _meet(levels, group, origins)
    points = []
    for route in routes:
        line: list[Point] = []
        for group, ends in route:
            x, y = origins[group]
            line += [(x + px, y + py) for px, py in levels[group].placed.points[numbers[group][ends]]]
        points.append(line)
    layout = Layout(corners, frames, points, levels[0].placed.width, levels[0].placed.height)
    return _turned(layout) if down else layout


def ports(card: Card, down: bool) -> list[float]:
    """Where the operands arrive, from the middle of the card's side."""
    if card.operands < 2:
        return [0.0] * card.operands
    step = min(_SPREAD[down], ((card.width if down else card.height) - 12) / (card.operands - 1))
    return [(operand - (card.operands - 1) / 2) * step for operand in range(card.operands)]


def plate(title: str, kind: str, calls: int) -> tuple[str, float]:
    """What stands behind the title of an open module, and how wide the two of them are."""
    quiet = [] if kind == title else [kind]
    if calls > 1:
        quiet.append(f"×{calls}")
    text = "  ".join(quiet)
    return text, 6.8 * columns(title) + 6.0 * columns(text) + (16 if text else 10)


def _levels(snapshot: Snapshot, folded: Fold, texts: Sequence[str]) -> tuple[dict[int, _Level], list[_Route]]:
    """The levels, and for every link its way through them."""
    levels = {group: _Level() for group in (0, *folded.frames)}
    standing: dict[int, list[tuple[int, str, int]]] = {group: [] for group in levels}
    first = dict.fromkeys(levels, len(folded.things))
    for number, thing in reversed(list(enumerate(folded.things))):
        standing[thing.frame].append((number, "card", number))
        first[thing.frame] = number
    for group in reversed(folded.frames):
        parent = snapshot.groups[group].parent
        standing[parent].append((first[group], "frame", group))
        first[parent] = min(first[parent], first[group])
    for group, each in standing.items():
        levels[group].boxes = {(kind, number): box for box, (_, kind, number) in enumerate(sorted(each))}
    routes = []
    for (link, around, left, entered), text in zip(chains(snapshot, folded), texts, strict=True):
        route: _Route = []
        end = _End("card", link.source)
        for group in left:
            route.append((group, (end, _End("exit", link.source))))
            end = _End("frame", group, link.source)
        level = around
        for group in entered:
            route.append((level, (end, _End("frame", group, link.source))))
            level, end = group, _End("entry", link.source)
        route.append((level, (end, _End("card", link.target, max(link.place, 0)))))
        for group, ends in route:
            for either in ends:
                levels[group].boxes.setdefault((either.kind, either.number), len(levels[group].boxes))
            levels[group].wires.setdefault(ends, text if ends[1].kind == "card" else "")
        routes.append(route)
    return levels, routes


def _place(snapshot: Snapshot, levels: dict[int, _Level], group: int, cards: Sequence[Card], down: bool) -> None:
    """Place what stands in a frame whose inner frames have been placed."""
    level = levels[group]
    boxes = []
    for kind, number in level.boxes:
        if kind == "card":
            card = cards[number]
            boxes.append(Box(card.height, card.width) if down else Box(card.width, card.height))
        elif kind == "frame":
            boxes.append(Box(levels[number].along, levels[number].across))
        else:
            boxes.append(Box(0.0, _GATE, "first" if kind == "entry" else "last"))

    def port(end: _End, is_target: bool) -> float:
        if end.kind == "card":
            return (ports(cards[end.number], down) or [0.0])[end.port] if is_target else 0.0
        return _gate(levels[end.number], end.port) if end.kind == "frame" else 0.0

    wires = [
        Wire(
            level.boxes[source.kind, source.number], port(source, False),
            level.boxes[target.kind, target.number], port(target, True),
            0.0 if not text else 30.0 + 17.0 * (target.port % 2) if down else columns(text) * TEXT + 24,
        )
        for (source, target), text in level.wires.items()
    ]  # fmt: skip
    level.placed = place(boxes, wires)
    if not group:
        return
    kinds = {kind for kind, _ in level.boxes}
    before = 0.0 if "entry" in kinds else _PADDING
    after = 0.0 if "exit" in kinds else _PADDING
    above = below = _PADDING
    if down:
        before += _TITLE - _PADDING * bool(before)
    else:
        above = _TITLE + 4
    level.start = (before, above)
    level.along = before + level.placed.width + after
    level.across = above + level.placed.height + below
    title = plate(module_name(snapshot, group), snapshot.groups[group].kind, snapshot.groups[group].calls)[1] + 2 * LANE
    if not down:
        level.along = max(level.along, title) if "exit" not in kinds else level.along
        return
    entries = [above + level.placed.y[box] + _GATE / 2 for (kind, _), box in level.boxes.items() if kind == "entry"]
    if entries and min(entries) < title:  # beside the wires that come in, not over them
        level.plate, level.entries = max(entries), (level.entries[0], max(entries))
    elif entries:
        level.entries = (title, math.inf)
    level.across = max(level.across, level.plate + title)


def _gate(level: _Level, thing: int) -> float:
    """Where a wire passes the border of a frame, from the middle of the frame's side."""
    box = level.boxes["entry", thing] if ("entry", thing) in level.boxes else level.boxes["exit", thing]
    return level.start[1] + level.placed.y[box] + _GATE / 2 - level.across / 2


def _meet(levels: dict[int, _Level], group: int, origins: dict[int, Point]) -> None:
    """Move the gates of the frames in a frame to where their wires come from, if that makes the wires straight."""
    level, shift = levels[group], origins[group][1]
    arriving: dict[int, list[tuple[float, int, int]]] = {}
    for number, (_, target) in enumerate(level.wires):
        if target.kind == "frame":
            arriving.setdefault(target.number, []).append((level.placed.points[number][-1][1], target.port, number))
    for inner, gates in arriving.items():
        frame = levels[inner]
        offset = shift - origins[inner][1]  # from this frame's coordinates to those of the frame inside
        gates.sort()
        ends = [end + offset for end, _, _ in gates]
        lowest = min(frame.placed.height + _PADDING - _GATE, frame.entries[1] - frame.start[1])
        free, moved = set(range(len(gates))), True
        while moved:  # a gate that moves makes room for others
            moved = False
            for gate in sorted(free):
                _, thing, number = gates[gate]
                wanted = level.placed.points[number][-3][1] + offset
                least = ends[gate - 1] + _GATE + LANE if gate else frame.entries[0] - frame.start[1]
                most = ends[gate + 1] - _GATE - LANE if gate + 1 < len(gates) else lowest
                if least <= wanted <= most:
                    free.discard(gate)
                    moved, ends[gate] = True, wanted
                    _shift_end(level.placed.points[number], -1, wanted - offset)
                    for leaving, (source, _) in enumerate(frame.wires):
                        if source == _End("entry", thing):
                            _shift_end(frame.placed.points[leaving], 0, wanted)


def _shift_end(line: list[Point], end: int, y: float) -> None:
    for index in (end, 1 if end == 0 else end - 1):
        line[index] = (line[index][0], y)


def _turned(layout: Layout) -> Layout:
    """From left to right becomes from top to bottom."""
    return Layout(
        [(y, x) for x, y in layout.corners],
        [each._replace(x=each.y, y=each.x, width=each.height, height=each.width) for each in layout.frames],
        [[(y, x) for x, y in line] for line in layout.points],
        layout.height,
        layout.width,
    )
