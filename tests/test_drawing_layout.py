"""Layout: boxes never overlap, wires run forward and never behind a card, order and determinism; and what a picture's
coordinates say, for random graphs with and without modules."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw
from autograd.drawing.cards import CHARACTER, SIDE, columns
from autograd.drawing.folding import fold
from autograd.drawing.layers import Box, Wire, place
from autograd.drawing.layout import plate
from autograd.drawing.scene import Scene
from autograd.drawing.snapshot import snapshot
from autograd.drawing.style import Style
from demos.pictures import neuron
from nn import MLP

sizes = st.floats(10, 120)


@st.composite
def problems(draw):
    """Boxes and wires without circles; some boxes stand first or last."""
    count = draw(st.integers(1, 24))
    boxes = [Box(draw(sizes), draw(sizes)) for _ in range(count)]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] < pair[1])
    wires = []
    for source, target in draw(st.lists(pairs, max_size=40)) if count > 1 else []:
        wires.append(Wire(source, 0.0, target, draw(st.sampled_from([-4.0, 0.0, 4.0]))))
    first, last = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    boxes += [Box(0.0, 7.0, "first")] * first + [Box(0.0, 7.0, "last")] * last
    wires += [Wire(count + gate, 0.0, draw(st.integers(0, count - 1)), 0.0) for gate in range(first)]
    wires += [Wire(draw(st.integers(0, count - 1)), 0.0, count + first + gate, 0.0) for gate in range(last)]
    return boxes, wires


def inside(point, corner, width, height, margin=0.5):
    (x, y), (left, top) = point, corner
    return left + margin < x < left + width - margin and top + margin < y < top + height - margin


def along(points, count=12):
    """Points on a wire, which is a line or an S between two of its points, as svg.path draws it."""
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (x0 + x1) / 2
        for step in range(count + 1):
            t = step / count
            x = (1 - t) ** 3 * x0 + 3 * t * (1 - t) * middle + t**3 * x1
            yield x, y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


@given(problems())
def test_boxes_do_not_overlap_and_wires_keep_clear_of_them(problem):
    boxes, wires = problem
    placed = place(boxes, wires)
    rectangles = [
        ((x, y), box.width, box.height) for x, y, box in zip(placed.x, placed.y, boxes, strict=True) if box.width
    ]
    for (one, w1, h1), (other, w2, h2) in itertools.combinations(rectangles, 2):
        apart = (
            one[0] + w1 <= other[0] + 0.01
            or other[0] + w2 <= one[0] + 0.01
            or one[1] + h1 <= other[1] + 0.01
            or other[1] + h2 <= one[1] + 0.01
        )
        assert apart
    for line in placed.points:
        for point in along(line):
            assert not any(inside(point, *rectangle) for rectangle in rectangles)
    assert all(-0.01 <= y <= placed.height + 0.01 for line in placed.points for _, y in line)
    assert all(-0.01 <= x <= placed.width + 0.01 for line in placed.points for x, _ in line)


@given(problems())
def test_wires_run_forward_between_the_right_ends(problem):
    boxes, wires = problem
    placed = place(boxes, wires)
    for wire, line in zip(wires, placed.points, strict=True):
        source, target = boxes[wire.source], boxes[wire.target]
        middle = placed.y[wire.source] + source.height / 2 + wire.source_port
        assert line[0] == pytest.approx((placed.x[wire.source] + source.width, middle))
        middle = placed.y[wire.target] + target.height / 2 + wire.target_port
        assert line[-1] == pytest.approx((placed.x[wire.target], middle))
        assert all(left[0] <= right[0] + 1e-9 for left, right in itertools.pairwise(line))


@given(problems())
def test_first_and_last_boxes_stand_at_the_ends(problem):
    boxes, wires = problem
    placed = place(boxes, wires)
    for x, box in zip(placed.x, boxes, strict=True):
        if box.end == "first":
            assert x == 0.0
        if box.end == "last":
            assert x == pytest.approx(placed.width)


@given(problems())
def test_the_same_problem_has_the_same_answer(problem):
    assert place(*problem) == place(*problem)


def test_nothing_to_place():
    assert place([], []).points == []


def crossings(placed):
    """How often wires cross, counted between neighbouring layers where wires bend."""
    bends = {
        (line[i], line[i + 1]) for line in placed.points for i in range(len(line) - 1) if line[i][0] < line[i + 1][0]
    }
    total = 0
    for (a, b), (c, d) in itertools.combinations(sorted(bends), 2):
        if a[0] == c[0] and b[0] == d[0]:
            total += (a[1] - c[1]) * (b[1] - d[1]) < 0
    return total


def test_a_tree_has_no_crossings():
    boxes, wires = [Box(40, 30)], []
    level = [0]
    for _ in range(5):
        below = []
        for target in level:
            for port in (-8.0, 8.0):
                below.append(len(boxes))
                boxes.append(Box(40, 30))
                wires.append(Wire(below[-1], 0.0, target, port))
        level = below
    assert crossings(place(boxes, wires)) == 0


def test_crossings_that_can_be_avoided_are_avoided():
    boxes = [Box(40, 30) for _ in range(6)]
    ends = [(0, 3), (1, 3), (2, 4), (0, 5)]  # without crossings only with 5 above 3
    assert crossings(place(boxes, [Wire(source, 0.0, target, 0.0) for source, target in ends])) == 0


def test_leaves_stand_beside_their_uses():
    chain = [Wire(i, 0.0, i + 1, -8.0) for i in range(5)]
    boxes = [Box(40, 30) for _ in range(7)]
    placed = place(boxes, [*chain, Wire(6, 0.0, 5, 8.0)])
    assert placed.x[6] == placed.x[4]
    assert [right - left for left, right in itertools.pairwise(placed.x[:6])] == pytest.approx([86.0] * 5, abs=4)


def test_a_long_wire_is_straight_where_nothing_is_in_its_way():
    boxes = [Box(40, 30) for _ in range(7)]
    wires = [*(Wire(i, 0.0, i + 1, 0.0) for i in range(5)), Wire(6, 0.0, 1, 9.0), Wire(6, 0.0, 5, 9.0)]
    line = place(boxes, wires).points[-1]
    assert sum(left[1] != pytest.approx(right[1], abs=0.2) for left, right in itertools.pairwise(line)) <= 2


# ---- whole pictures


@st.composite
def graphs(draw):
    nodes = [Value(draw(st.floats(-3, 3)), label=f"a{i}") for i in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 20))):
        pick = st.integers(0, len(nodes) - 1)
        left, right = nodes[draw(pick)], nodes[draw(pick)]
        nodes.append(draw(st.sampled_from([left + right, left * right, left.tanh(), left * 2.0, right - left])))
    return nodes[-1]


def scene_of(output, direction, depth=None):
    graph = snapshot(output)
    opened = {index for index, group in enumerate(graph.groups) if depth is None or group.depth <= depth}
    return Scene(graph, fold(graph, opened.__contains__), Style(direction=direction))


def check(scene):
    layout, cards = scene.layout, scene.cards
    rectangles = [(corner, card.width, card.height) for corner, card in zip(layout.corners, cards, strict=True)]
    for (one, w1, h1), (other, w2, h2) in itertools.combinations(rectangles, 2):
        assert one[0] + w1 <= other[0] or other[0] + w2 <= one[0] or one[1] + h1 <= other[1] or other[1] + h2 <= one[1]
    flip = scene.style.direction == "TB"
    for line in layout.points:
        turned = [(y, x) for x, y in line] if flip else line
        for x, y in along(turned):
            assert not any(inside((y, x) if flip else (x, y), *rectangle) for rectangle in rectangles)
    frames = {frame.group: frame for frame in layout.frames}
    for one, other in itertools.combinations(layout.frames, 2):
        nested = other.x >= one.x and other.y >= one.y and other.x + other.width <= one.x + one.width + 0.01
        apart = (
            one.x + one.width <= other.x + 0.01
            or other.x + other.width <= one.x + 0.01
            or one.y + one.height <= other.y + 0.01
            or other.y + other.height <= one.y + 0.01
        )
        assert nested or apart
    for link, line in zip(scene.fold.links, layout.points, strict=True):
        for group, frame in frames.items():
            held = [group in {0, *around(scene.snapshot, end)} | {end} for end in ends_of(scene, link)]
            edge = frame.y if flip else frame.x
            if held == [False, True]:  # it comes in through the side
                low, size = (frame.x, frame.width) if flip else (frame.y, frame.height)
                gates = [(x if flip else y) for x, y in line if abs((y if flip else x) - edge) < 0.01]
                assert gates
                assert all(low < gate < low + size for gate in gates)
            elif held == [False, False]:
                assert not any(inside(point, (frame.x, frame.y), frame.width, frame.height) for point in line)
    for (corner, width, height), thing in zip(rectangles, scene.fold.things, strict=True):
        for group, frame in frames.items():
            within = group == thing.frame or group in around(scene.snapshot, thing.frame)
            middle = (corner[0] + width / 2, corner[1] + height / 2)
            assert inside(middle, (frame.x, frame.y), frame.width, frame.height) == within


def ends_of(scene, link):
    return [scene.fold.things[end].frame for end in (link.source, link.target)]


def around(graph, group):
    while group:
        group = graph.groups[group].parent
        yield group


@given(graphs(), st.sampled_from(["LR", "TB"]))
def test_cards_and_wires_of_random_graphs(output, direction):
    check(scene_of(output, direction))


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("depth", [0, 1, 2, None])
@pytest.mark.parametrize("widths", [[1], [3, 1], [2, 3, 2]])
def test_cards_wires_and_frames_of_networks(widths, depth, direction):
    out = MLP(2, widths, activation="tanh", rng=1)([Value(1.0), Value(2.0)])
    output = sum(out) if isinstance(out, list) else out
    check(scene_of(output, direction, depth))


@pytest.mark.parametrize("depth", [1, 2, None])
@pytest.mark.parametrize("widths", [[1], [3, 1], [2, 3, 2], [12, 12]])
@pytest.mark.parametrize("inputs", [1, 2, 9])
def test_going_down_wires_keep_clear_of_titles(inputs, widths, depth):
    out = MLP(inputs, widths, rng=1)([Value(float(each)) for each in range(inputs)])
    layout = scene_of(out, "TB", depth).layout
    assert layout.frames
    for frame in layout.frames:
        _, width = plate(frame.title, frame.kind, frame.calls)
        corner = (frame.x + frame.plate + 9, frame.y + 5)
        assert corner[0] + width <= frame.x + frame.width
        for line in layout.points:
            turned = ((x, y) for y, x in along([(y, x) for x, y in line], 40))
            assert not any(inside(point, corner, width, 18, margin=-2) for point in turned)


@given(graphs())
def test_text_fits_its_card(output):
    for card in scene_of(output, "LR").cards:
        for line in card.lines:
            assert card.tab + 2 * SIDE + columns("".join(span.text for span in line)) * CHARACTER <= card.width + 0.01


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("edges", ["local", "flow"])
def test_texts_on_wires_do_not_overlap(direction, edges):
    svg = draw(neuron(), direction=direction, edges=edges).to_svg()
    pattern = r'class="local" transform="translate\(([\d.]+),([\d.]+)\)"><rect x="-[\d.]+" y="[-\d.]+" width="([\d.]+)"'
    texts = [tuple(map(float, found)) for found in re.findall(pattern, svg)]
    assert len(texts) == 9
    for (x0, y0, w0), (x1, y1, w1) in itertools.combinations(texts, 2):
        assert abs(x0 - x1) >= (w0 + w1) / 2 or abs(y0 - y1) >= 15
