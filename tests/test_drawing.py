"""Pictures: what they show and say, safe and the same for the same graph; files, limits, messages, Graphviz, and the
faults of other drawings."""

import copy
import gc
import html
import json
import math
import os
import pickle
import re
import subprocess
import sys
import weakref
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import GraphTooLargeError, Tensor, Value, draw, draw_dot, explore, jit, stack
from autograd.drawing.cards import clean, columns, short
from autograd.drawing.colours import COLOURS, SCALE, scale
from demos import pictures
from nn import MLP, cross_entropy

ROOT = Path(__file__).parent.parent
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<b>", "a|b{c}", "</script>", "</title><script>alert(1)</script>", "&amp;", '"quoted" \\', "🎉", "오차", "x" * 300,
    "a\0b", "\ud800", "a\nb", "\u202e", "e\u0301", "]]>", "\uffff", "\x1b[31m",
]  # fmt: skip


def neuron():
    return pictures.neuron()


def elements(picture, kind):
    """The elements of a class in a drawing, without the legend's."""
    root = ET.fromstring(picture.to_svg())
    (legend,) = (each for each in root.iter() if each.get("class") == "legend")
    ours = set(legend.iter())
    return [each for each in root.iter() if kind in (each.get("class") or "").split() and each not in ours]


def texts(picture, kind):
    return ["".join(each.itertext()) for each in elements(picture, kind)]


# ---- what a picture shows


def test_a_card_for_every_value_and_a_wire_for_every_use():
    picture = draw(neuron())
    cards = elements(picture, "card")
    assert len(cards) == 10
    assert len(elements(picture, "wire")) == 9
    assert {card.get("data-name") for card in cards} >= {"x1", "x2", "w1", "w2", "b", "n", "o"}
    assert [card.get("data-op") for card in cards].count("mul") == 2
    assert {card.get("aria-label") for card in cards} >= {"x1, value 2, gradient -1.5", "o, value 0.7071, gradient 1"}
    for text in ["x1 = 2", "∂ -1.5", "n = 0.8814", "o = 0.7071", "tanh"]:
        assert any(text in each for each in texts(picture, "card"))


def test_a_value_used_twice_has_two_wires():
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    picture = draw(y)
    assert len(elements(picture, "wire")) == 2
    assert texts(picture, "local") == ["3", "3"]
    ends = {each.findall(f"{SVG}path")[1].get("d") for each in elements(picture, "wire")}
    assert len(ends) == 2


def test_doubling_a_hundred_times():
    a = Value(1.0)
    for _ in range(100):
        a = a + a
    a.backward()
    picture = draw(a)
    assert len(elements(picture, "card")) == 101
    assert len(elements(picture, "wire")) == 200


def test_a_shared_value_has_one_card():
    x = Value(2.0, label="x")
    square = x * x
    picture = draw(square + square.tanh() * square)
    assert len(elements(picture, "card")) == 5


def test_local_derivatives_stand_on_the_wires_of_small_graphs():
    assert sorted(texts(draw(neuron()), "local")) == sorted(["-3", "2", "1", "0", "1", "1", "1", "1", "0.5"])
    assert texts(draw(neuron(), edges="none"), "local") == []
    large = sum(Value(float(i)) for i in range(20))
    assert texts(draw(large), "local") == []
    assert len(texts(draw(large, edges="local"), "local")) == 39
    assert "-1.5" in texts(draw(neuron(), edges="flow"), "local")


def test_constants():
    y = Value(2.0, label="x") ** 3.0 + 1.0
    assert texts(draw(y), "constant") == ["constant\nvalue 3.03", "constant\nvalue 1.01"]
    assert texts(draw(y, constants=False), "constant") == []


def test_what_cards_show():
    assert texts(draw(neuron(), show=("value",)), "grad") == []
    assert texts(draw(neuron(), show=("grad",)), "value") == []
    assert len(elements(draw(neuron(), show=()), "card")) == 10
    assert "o = 0.7071067812" in texts(draw(neuron(), precision=10), "output")[0]


def test_names():
    a, b = Value(1.0), Value(2.0, label="beta")
    c = a * b
    assert {each.get("data-name") for each in elements(draw(c, names={"a": a, "b": b, "c": c, "n": 1}), "card")} == {
        "a", "beta", "c",
    }  # fmt: skip


def test_kinds():
    picture = draw(pictures.small_network())
    assert len(elements(picture, "parameter")) == 13
    assert len(elements(picture, "leaf")) == 2
    assert len(elements(picture, "output")) == 1
    assert len(elements(picture, "frame")) == 7


def test_several_outputs():
    x = Value(2.0, label="x")
    picture = draw([x * 2, x.exp()])
    assert len(elements(picture, "output")) == 2
    assert len(elements(picture, "leaf")) == 1


def test_a_lone_leaf():
    assert len(elements(draw(Value(1.0)), "card")) == 1
    assert elements(draw(Value(1.0)), "wire") == []


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.0, 1e-300, 1e308, 5e-324])
@pytest.mark.parametrize("color", ["kind", "value", "grad"])
def test_all_kinds_of_numbers(number, color):
    x = Value(number, label="x")
    y = x * 2
    y.backward()
    picture = draw(y, color=color)
    (text,) = texts(picture, "leaf")
    assert f"x = {number + 0.0:.4g}" in text
    assert "-0" not in text.replace("-0.0", "")


def test_arrays_show_shape_dtype_and_a_summary():
    t = Tensor(np.array([[1.0, 2.0], [3.0, np.nan]], dtype=np.float32), label="t")
    y = (t * np.ones(2, dtype=np.float32)).sum()
    y.backward()
    picture = draw(y)
    assert "t (2, 2) float322 in [1, 3], 1 not finite∂ all 1" in texts(picture, "leaf")[0]
    assert "(2,) float32all 1" in texts(picture, "constant")[0]
    assert "arrays: mean in [least, greatest]" in picture.to_svg()
    assert "not kept" in picture.to_svg()
    y.backward(retain_grads=True)
    assert "not kept" not in draw(y).to_svg()


def test_an_array_is_not_written_out():
    t = Tensor(np.arange(10_000.0), label="t")
    assert len(draw((t * 2).sum()).to_svg()) < 12_000


@pytest.mark.parametrize("shape", [(0,), (0, 3), (), (1,), (2, 3, 4)])
def test_arrays_of_any_shape(shape):
    draw((Tensor(np.zeros(shape)) + 1.0).sum()).to_svg()


def test_values_and_arrays_in_one_graph():
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    y = (stack([a, b]) ** 2).sum().to_value() * a
    y.backward()
    assert {each.get("data-name") for each in elements(draw(y), "leaf")} == {"a", "b"}


def test_parameters_of_an_operation_are_said():
    y = Tensor(np.ones((2, 3)), label="t").sum(axis=1)
    assert "sum(axis=1)" in draw(y).to_svg()
    assert "keepdims" not in draw(y).to_svg()


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([3.0], "3"), ([[3.0]], "3"), ([3.0, 3.0], "all 3"), ([3.0, np.nan], "3, 1 not finite"), (3.0, "3"),
     ([], "empty"), ([np.inf], "1 not finite"), ([1.0, 3.0], "2 in [1, 3]")],
)  # fmt: skip
def test_an_array_in_a_few_words(numbers, text):
    assert texts(draw(Tensor(np.array(numbers), label="t")), "value") == [text]


def test_arrays_among_the_parameters_are_not_written_out():
    loss = cross_entropy(Tensor(np.zeros((512, 3)), label="t"), np.zeros(512, dtype=np.int64))
    assert repr(draw(loss)).startswith("v1 = cross_entropy(t, labels=int64 (512,)) = ")
    for text in (draw(loss).to_svg(), explore(loss).to_html()):
        assert "cross_entropy(labels=int64 (512,))" in text or '"q":"labels=int64 (512,)"' in text
        assert "0, 0, 0" not in text
    rows = Tensor(np.ones((4, 2)), label="t")[np.array([0, 1]), None]
    assert "index=(int64 (2,), None)" in repr(draw(rows))


# ---- a snapshot


def test_drawing_changes_nothing_and_is_not_changed():
    o = neuron()
    grads = [node.grad for node in autograd.backward.reachable([o])]
    picture = draw(o)
    for node in autograd.backward.reachable([o]):
        node.grad = 0.0
    assert "∂ -1.5" in texts(picture, "leaf")[0]
    assert [node.grad for node in autograd.backward.reachable([o])] == [0.0] * 10 != grads
    t = Tensor([1.0, 3.0], label="t")
    picture = draw(t * 2)
    t.data[:] = 99.0
    assert "2 in [1, 3]" in texts(picture, "leaf")[0]


def test_the_garbage_collector_is_as_it_was():
    states = []

    class Watched(str):  # a label that sees the drawing at work
        def __str__(self):
            states.append(gc.isenabled())
            return "w"

    for was_on in (True, False):
        (gc.enable if was_on else gc.disable)()
        try:
            draw(Value(1.0, label=Watched("w"))).to_svg()
            assert gc.isenabled() == was_on
            with pytest.raises(GraphTooLargeError):
                draw(sum(Value(1.0) for _ in range(9)), max_nodes=5)
            assert gc.isenabled() == was_on
        finally:
            gc.enable()
    assert states
    assert not any(states)


def test_before_backward_there_is_no_gradient():
    picture = draw(Value(2.0, label="x") * 3.0)
    assert texts(picture, "grad") == []
    assert "no gradients yet: call .backward() first" in picture.to_svg()
    assert "no gradients yet" not in draw(neuron()).to_svg()


@pytest.mark.parametrize(
    "copied", [lambda graph: graph, copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))]
)
def test_where_no_backward_has_been_there_is_no_gradient(copied):
    x, w = Value(0.0, label="x"), Value(2.0, label="w")
    y = x * w
    y.label = "y"
    y.backward()
    z = y + Value(1.0, label="b")
    z.label = "z"
    picture = draw(copied(z))
    found = {each.get("data-name"): "".join(each.itertext()).split("∂ ")[-1] for each in elements(picture, "card")}
    assert found == {"x": "2", "w": "0", "y": "1", "b": "–", "z": "–"}
    assert ">∂ –: backward() has not been here<" in picture.to_svg()
    assert repr(picture).splitlines()[:3] == ["z = y + b = 1", "├─ y = x * w = 0   ∂ 1", "│  ├─ x = 0   ∂ 2"]
    assert len(texts(draw(z, edges="flow"), "local")) == 2


def test_what_has_no_gradient_and_why():
    t, other = Tensor([1.0, 2.0], label="t"), Tensor([1.0, 2.0], label="other")
    loss = (t * 2.0).sum()
    loss.backward()
    kept = "not kept, see backward(retain_grads=True)"
    assert f">∂ –: {kept}<" in draw(loss).to_svg()
    assert f">∂ –: backward() has not been here, or {kept}<" in draw(loss * other.sum()).to_svg()


def test_the_gradient_is_said_to_be_of_the_output_only_if_it_is():
    o = neuron()
    (n,) = o.inputs
    assert "gradient of o" in draw(o).to_svg()
    assert "gradient of n" not in draw(n).to_svg()


def test_a_picture_does_not_keep_the_graph():
    gc.disable()
    try:
        o = neuron()
        picture = draw(o)
        picture.to_svg()
        reference = weakref.ref(o)
        del o
        assert reference() is None
    finally:
        gc.enable()


# ---- order: the same graph, the same bytes

PROGRAM = """
from autograd import draw, explore, draw_dot
from demos import pictures
import hashlib
parts = [draw(pictures.small_network()).to_svg(), draw(pictures.neuron(), direction="TB", color="grad").to_svg()]
parts += [draw(pictures.small_network(), depth=2).to_dot(), explore(pictures.small_network()).to_html()]
parts += [draw_dot(pictures.neuron()).source, repr(draw(pictures.neuron()))]
print(hashlib.sha256("".join(parts).encode()).hexdigest())
"""


def test_the_same_bytes_under_every_hash_seed():
    found = set()
    for seed in ("0", "1", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1


def test_the_pictures_of_the_readme_are_what_is_drawn_now(tmp_path, capsys):
    pictures.run(tmp_path)
    for name in ("neuron.svg", "vanishing_gradients.svg"):
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(encoding="utf-8")
    assert str(tmp_path / "explore.html") in capsys.readouterr().out


def test_the_pictures_of_the_readme_can_be_read_on_its_page():
    for path in (ROOT / "docs").glob("*.svg"):
        assert float(ET.parse(path).getroot().get("width")) <= 1.1 * 830, path  # pixels that a page of GitHub has


# ---- safety


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels(label):
    x = Value(2.0, label=label)
    y = x * x
    y.label = label
    y.backward()
    picture = draw(y, title=label)
    text = picture.to_svg()
    ET.fromstring(text)
    text.encode()
    assert "<script" not in text
    assert "<b>" not in text
    html = explore(y, title=label).to_html()
    html.encode()
    assert html.count("<script") == 2
    assert html.count("</script") == 2
    picture.to_dot().encode()
    draw_dot(y).source.encode()
    repr(picture).encode()


@given(st.text())
def test_any_label(label):
    x = Value(2.0, label=label)
    picture = draw(x * x, title=label)
    ET.fromstring(picture.to_svg())
    quoted, colour = r'"(?:[^"\\]|\\.)*"', '"#[0-9a-f]{6}"'
    (line,) = [line for line in picture.to_dot().splitlines() if line.startswith("\tn0 [")]
    assert re.fullmatch(rf"\tn0 \[label={quoted} fillcolor={colour} color={colour} tooltip={quoted}\]", line)


def test_long_names_are_cut_and_whole_when_hovered():
    x = Value(2.0, label="x" * 300)
    picture = draw(x * 2)
    (text,) = texts(picture, "leaf")
    assert "x" * 23 + "… = 2" in text
    (card,) = elements(picture, "leaf")
    assert card.find(f"{SVG}title").text.startswith("x" * 300)
    assert float(card.find(f"{SVG}rect").get("width")) < 260


def test_nothing_covers_the_outline_of_a_card():
    for card in elements(draw(neuron()), "card"):
        outlines = [place for place, each in enumerate(card) if each.get("class") in ("face", "edge")]
        tabs = [place for place, each in enumerate(card) if each.get("class") == "tab"]
        assert not tabs or outlines[-1] > tabs[-1]


def test_widths_of_letters():
    assert columns("오차") == 4
    assert columns("e\u0301") == 1
    assert short("오" * 30, 10) == "오오오오…"
    assert clean("a\0\tb") == "a\N{REPLACEMENT CHARACTER} b"


def test_nothing_but_shapes_and_text():
    kinds = {element.tag for element in ET.fromstring(draw(pictures.small_network(), depth=2).to_svg()).iter()}
    assert kinds == {SVG + name for name in "svg title desc style g rect path text tspan".split()}
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)|var\(", draw(neuron()).to_svg())


def test_readers_who_do_not_look():
    root = ET.fromstring(draw(neuron()).to_svg())
    assert root.get("role") == "graphics-document document"
    by_id = {each.get("id"): each.text for each in root.iter() if each.get("id")}
    title, summary = (by_id[name] for name in root.get("aria-labelledby").split())
    assert (title, summary) == ("Graph of o", "10 values, 9 edges, output o = 0.7071")


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", [0, 1])
def test_text_has_contrast(mode):
    behind = {"ink", "quiet", "grad"}
    for name in ("paper", "leaf", "parameter", "constant", "operation", "output", "module", "frame", "frame-even"):
        for text in behind:
            assert contrast(COLOURS[text][mode], COLOURS[name][mode]) >= 4.5, (text, name)
    for text, name in [("tab-ink", "tab"), ("output-ink", "output-tab"), ("local", "operation")]:
        assert contrast(COLOURS[text][mode], COLOURS[name][mode]) >= 4.5
    for step in SCALE:
        assert contrast(COLOURS["ink"][mode], step[mode]) >= 4.5, step


# ---- colours by number


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), max_size=20))
def test_steps_of_the_scale_grow_with_the_numbers(numbers):
    fitted = scale(numbers)
    found = [(number, fitted.step(number)) for number in numbers if number is not None]
    middle = len(SCALE) // 2
    for number, step in found:
        assert 0 <= step < len(SCALE)
        assert (step > middle) == (number > 0) or not fitted.most
    for (one, left), (other, right) in zip(sorted(found), sorted(found)[1:], strict=False):
        assert one <= other
        assert left <= right


def test_numbers_far_apart_are_coloured_by_magnitude():
    fitted = scale([1e-12, 1e-6, 1.0])
    assert [fitted.step(number) for number in (1e-12, 1e-6, 1.0)] == [11, 15, 20]
    assert fitted.words("gradient", 2) == ("1e-12", "1  gradient, by order of magnitude")
    fitted = scale([-1.0, 0.5])
    assert [fitted.step(number) for number in (-1.0, 0.0, 0.5, math.nan, math.inf)] == [0, 10, 15, None, 20]


@pytest.mark.parametrize(
    ("numbers", "steps", "words"),
    [([math.inf, -math.inf, 0.0, math.nan], [20, 0, 10, None], ("-inf", "inf  value")),
     ([math.inf, 0.0], [20, 10], ("0", "inf  value")),
     ([math.inf, 2.0], [20, 20], ("0", "2  value")),
     ([0.0, math.nan], [10, None], ("", "value 0, or not a number"))],
)  # fmt: skip
def test_infinity_is_not_nought(numbers, steps, words):
    fitted = scale(numbers)
    assert [fitted.step(number) for number in numbers] == steps
    assert fitted.words("value", 2) == words


def test_the_bar_of_the_legend_has_the_colours_that_are_used():
    for number, count in [(0.0, 1), (math.inf, 11), (-1.0, 21)]:
        legend = draw(Value(number, label="x"), color="value").to_svg().partition('class="legend"')[2]
        assert legend.count('<g class="s') == count


def test_the_legend_knows_the_norms_of_modules():
    norm = "norm of a module's parameters' gradient"
    y = pictures.small_network()
    for options in ({"depth": None}, {"depth": 1, "show": ("value",)}):
        assert "‖∂‖" not in draw(y, **options).to_svg()
    assert f">‖∂‖</tspan> {html.escape(norm)}<" in draw(y, depth=1).to_svg()
    assert "gradient, of a module ‖∂‖" in draw(y, depth=1, color="grad").to_svg()
    assert "of a module" not in draw(y, color="grad").to_svg()


def test_a_vanishing_gradient_fades():
    picture = draw(pictures.deep_error(), depth=1, color="grad", constants=False)
    steps = [int(re.search(r" s(\d+)", each.get("class"))[1]) for each in elements(picture, "module")]
    assert steps == sorted(steps)
    assert steps[0] < 13 < 18 < steps[-1]


# ---- text


def test_the_tree():
    x = Value(3.0, label="x")
    square = x * x
    y = square + square.tanh() * 2.0
    y.label = "y"
    assert repr(draw(y)) == (
        "y = v1 + v3 = 11\n"
        "├─ v1 = x * x = 9\n"
        "│  └─ x = 3\n"
        "└─ v3 = v2 * 2 = 2\n"
        "   └─ v2 = tanh(v1) = 1\n"
        "      └─ v1, see above\n"
        "(5 values, 6 edges, output y = 11)"
    )


def test_the_inside_of_a_compiled_function_is_not_drawn():
    y = jit(lambda t: (t * t).sum())(Tensor([1.0, 2.0], label="t"))
    assert repr(draw(y)).splitlines()[0] == "v1 = jit(<lambda>)(t) = 5"
    assert "object at" not in draw(y).to_svg() + draw(y).to_dot() + explore(y).to_html()


def test_a_label_that_is_a_formula_stands_in_parentheses_in_the_tree():
    x, total = Value(2.0, label="x"), Value(3.0, label="a + b")
    assert repr(draw(total * x - 4.0)).splitlines()[:2] == ["v2 = v1 - 4 = 2", "└─ v1 = (a + b) * x = 6"]


def test_a_closed_module_is_one_line_of_the_tree():
    y = pictures.small_network()
    z = y * 2.0 + y
    z.label = "z"
    assert repr(draw(z, depth=0)).splitlines() == [
        "z = v21 + MLP = -1.272",
        "├─ v21 = MLP * 2 = -0.8478",
        "│  └─ MLP, 34 values   ‖∂‖ 2.127",
        "│     ├─ x0 = 1   ∂ -0.6348",
        "│     └─ x1 = -2   ∂ -0.1302",
        "└─ MLP, see above",
        "(38 values, 42 edges, output z = -1.272)",
    ]
    assert repr(draw(z, depth=1)).splitlines()[2:4] == [
        "│  └─ layers.1, Layer, 10 values   ‖∂‖ 1.169",
        "│     └─ layers.0, Layer, 24 values   ‖∂‖ 1.776",
    ]
    assert repr(draw(z, depth=0, expand=lambda path: path.endswith("neurons.2"))).count("w.") > 1
    assert repr(draw(z, constants=False)) == repr(draw(z))


def test_the_tree_of_a_large_graph_ends():
    total = sum(Value(float(i)) for i in range(100))
    assert len(repr(draw(total)).splitlines()) == 32
    assert "… (200 values in all)" in repr(draw(total))


# ---- large graphs


def chain(length):
    v = Value(1.0, label="x")
    for _ in range(length):
        v = v * 1.0001
    return v


def test_a_long_chain_is_refused_or_drawn():
    v = chain(20_000)
    with pytest.raises(GraphTooLargeError, match="20,001 values"):
        draw(v)
    with pytest.raises(ValueError, match=r"explore\(\) takes up to 5,000 values"):
        explore(v)
    picture = draw(v, max_nodes=None, constants=False)
    assert picture.to_svg().count('class="wire"') == 20_000
    assert len(repr(picture).splitlines()) == 32
    bundle = picture._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "too large to show here" in bundle["text/plain"]


def test_a_thousand_values_with_modules():
    y = MLP(8, [16, 16, 1], rng=0)([Value(0.1 * i) for i in range(8)])
    y.backward()
    assert len(elements(draw(y, max_nodes=None), "card")) > 1000


def test_the_script_of_the_page_tells_the_meaning_of_every_short_key():
    y = pictures.small_network()
    given = [explore(y), explore(Tensor([1.0], label="t").sum()), explore(Tensor([1.0]) * y)]
    found = [json.loads(re.search('id="graph">(.*?)</script>', page.to_html(), re.DOTALL)[1]) for page in given]
    script = (ROOT / "autograd/drawing/page/page.js").read_text(encoding="utf-8").partition("const graph")[0]
    about_items, about_groups = script.partition("// Of a group")[::2]
    for name, text in [("items", about_items), ("groups", about_groups)]:
        told = re.findall(r"(?:^//   |    )([a-z]) ", text, re.MULTILINE)
        assert sorted(told) == sorted({key for graph in found for each in graph[name] for key in each})


# ---- files, notebooks, browsers


def test_saving(tmp_path):
    picture = draw(neuron())
    beginnings = {
        "a.svg": "<svg ",
        "b.SVG": "<svg ",
        "a.html": "<!doctype html>",
        "a.dot": "digraph {",
        "a.gv": "digraph {",
    }
    for name, beginning in beginnings.items():
        path = picture.save(tmp_path / name)
        assert path == tmp_path / name
        assert path.read_text(encoding="utf-8").startswith(beginning)
    assert picture.save(str(tmp_path / "b.svg")).read_text(encoding="utf-8") == picture.to_svg()
    for name, what in [("a.jpg", r"\.jpg"), ("a", "a file without a suffix")]:
        with pytest.raises(ValueError, match=f"saved as {what}; use .svg, .html, .dot or .png"):
            picture.save(tmp_path / name)
    page = explore(neuron())
    assert page.save(tmp_path / "p.html").read_text(encoding="utf-8") == page.to_html()
    with pytest.raises(ValueError, match=r"saved as \.html, not as \.svg"):
        page.save(tmp_path / "p.svg")


def test_pixels(tmp_path):
    pytest.importorskip("resvg_py", reason='resvg-py is missing: pip install ".[png]"')
    data = draw(neuron()).save(tmp_path / "a.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") > 1000


def test_pixels_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImportError, match=r'pip install "wengert\[png\]"'):
        draw(neuron()).save(tmp_path / "a.png")


def test_in_a_notebook():
    bundle = draw(neuron())._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert bundle["text/plain"].startswith("o = tanh(n) = 0.7071   ∂ 1\n")
    bundle = explore(neuron())._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/html", "text/plain"}
    assert '<iframe sandbox="allow-scripts allow-downloads" srcdoc="&lt;!doctype html&gt;' in bundle["text/html"]


@pytest.mark.parametrize("make", [draw, explore])
def test_a_repr_never_raises(make, monkeypatch):
    drawing = make(neuron())
    for name in ("to_svg", "to_html"):
        monkeypatch.setattr(type(drawing), name, lambda self: 1 / 0, raising=False)
    bundle = drawing._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "division by zero" in bundle["text/plain"]


@pytest.mark.parametrize("make", [draw, explore])
def test_showing(make, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)))
    make(neuron()).show()
    path = re.search(r"the drawing is in (\S+)", capsys.readouterr().out)[1]
    assert opened == [Path(path).as_uri()]
    assert Path(path).read_text(encoding="utf-8")


# ---- what is refused


@pytest.mark.parametrize("given", [3.0, np.zeros(3), np.float64(2.0)])
def test_data_in_place_of_a_node(given):
    for make in (draw, explore, draw_dot):
        with pytest.raises(TypeError, match=r"Did you pass loss\.data instead of loss\?"):
            make(given)


def test_other_things_in_place_of_a_node():
    with pytest.raises(TypeError, match="a Value, a Tensor or a list of them, not None"):
        draw(None)
    with pytest.raises(TypeError, match="not a str"):
        draw([Value(1.0), "x"])
    with pytest.raises(ValueError, match="the list of outputs is empty"):
        draw([])
    x = Value(1.0)
    with pytest.raises(ValueError, match=r"explore\(\) starts from one output"):
        explore([x * 2, x * 3])


@pytest.mark.parametrize("precision", [0, -1, 2.5, "many"])
@pytest.mark.parametrize("show", [draw, explore])
def test_a_precision_that_is_none(show, precision):
    with pytest.raises(ValueError, match=f"precision={precision!r}: expected how many significant digits, 1 or more"):
        show(neuron(), precision=precision)


def test_names_that_are_no_mapping():
    with pytest.raises(TypeError, match=r"names are given as in names=locals\(\) .* not as a list"):
        draw(neuron(), names=["x"])


@pytest.mark.parametrize(
    "option", [{"color": "red"}, {"direction": "UP"}, {"show": ("data",)}, {"edges": "all"}, {"theme": "blue"}]
)
def test_unknown_options(option):
    (name,) = option
    with pytest.raises(ValueError, match=f"{name}=.*expected one of '"):
        draw(neuron(), **option)
    if name in ("direction", "theme"):
        with pytest.raises(ValueError, match=f"{name}=.*expected one of '"):
            explore(neuron(), **option)


# ---- Graphviz


def test_dot_text():
    text = draw(pictures.small_network(), depth=2).to_dot()
    assert text.startswith("digraph {\n")
    assert text.count("{") == text.count("}") == 1 + 3
    assert text.count(" -> ") == 9
    assert 'label="neurons.0\\nNeuron, 8 values\\n‖∂‖' in text


def test_draw_dot_is_micrograds():
    graph = draw_dot(neuron(), format="png", rankdir="TB")
    import graphviz

    assert isinstance(graph, graphviz.Digraph)
    assert graph.format == "png"
    assert "rankdir=TB" in graph.source
    assert graph.source.count(" -> ") == 9
    assert draw_dot(neuron()).format == "svg"
    with pytest.raises(ValueError, match="unknown format"):
        draw_dot(neuron(), format="xyz")
    x = Value(2.0)
    assert draw_dot(x * x).source.count("n0 -> n1") == 2


def test_without_the_program_of_graphviz(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    draw(neuron()).save(tmp_path / "a.svg")
    draw(neuron()).to_dot()
    graph = draw_dot(neuron())
    bundle = graph._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "\n" not in bundle["text/plain"]
    for name in ("'dot' is not installed", "apt install graphviz", "autograd.draw(root)"):
        assert name in bundle["text/plain"]
    for act in (graph.pipe, lambda: graph.render(directory=tmp_path), graph.view):
        with pytest.raises(RuntimeError, match="'dot' is not installed") as caught:
            act()
        assert caught.value.__suppress_context__


# ---- the package


def test_importing_autograd_draws_nothing():
    program = (
        "import sys, autograd; "
        "print([name for name in sys.modules if name.startswith(('autograd.drawing', 'graphviz'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr
    assert {"draw", "draw_dot", "explore", "GraphTooLargeError"} <= set(autograd.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'drew'"):
        autograd.drew


def test_the_wheel_holds_the_page(tmp_path):
    pytest.importorskip("hatchling", reason="hatchling is missing: pip install hatchling")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        wheel.extractall(tmp_path / "installed")
    program = (
        "import autograd; print(autograd.__file__); x = autograd.Value(2.0, label='x'); "
        "print(len(autograd.explore(x * x).to_html()))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    place, length = done.stdout.split()
    assert str(tmp_path) in place
    assert int(length) > 30_000


# ---- command line


def run(*words, cwd=None):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "autograd", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)


def test_the_command_line_draws(tmp_path):
    done = run(
        "tanh(w*x + b)", "w=0.5", "--svg", "f.svg", "x=2", "b=-1", "--html", "f.html", "--dot", "f.dot", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("f = tanh(w*x + b) = 0\n")
    picture = ET.parse(tmp_path / "f.svg")
    assert "f = 0" in "".join(picture.getroot().itertext())
    assert (tmp_path / "f.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "f.dot").read_text(encoding="utf-8").startswith("digraph")


def test_the_command_line_draws_to_the_standard_output(tmp_path):
    done = run("x*x", "x=3", "--svg", "-", cwd=tmp_path)
    ET.fromstring(done.stdout)
    assert list(tmp_path.iterdir()) == []
    done = run("x*x", "x=3", "--svg", "-", "--dot", "-")
    assert done.returncode == 2
    assert "only one of --svg and --dot" in done.stderr


def test_the_command_line_says_what_it_cannot_write(tmp_path):
    done = run("x*x", "x=3", "--svg", str(tmp_path / "none" / "f.svg"))
    assert done.returncode == 2
    assert re.fullmatch(r"python -m autograd: cannot write '.*f\.svg': No such file or directory\n", done.stderr)


def test_numbers_on_wires_that_arrive_side_by_side_do_not_cover_each_other():
    x, y = Value(123456.789), Value(-98765.4321)
    z = x * y
    z.backward()
    svg = draw(z, direction="TB").to_svg()
    found = re.findall(r'class="local" transform="translate\(([\d.]+),([\d.]+)\)"><rect x="(-[\d.]+)"', svg)
    (ax, ay, ah), (bx, by, bh) = (map(float, each) for each in found)
    assert abs(ax - bx) >= -ah - bh or abs(ay - by) >= 15


def test_a_picture_beyond_all_pixels_is_refused(tmp_path):
    chain = Value(1.0)
    for _ in range(3000):
        chain = chain * 1.0
    pytest.importorskip("resvg_py")
    with pytest.raises(ValueError, match="pixels is too large"):
        draw(chain, max_nodes=None).save(tmp_path / "chain.png")
    assert not list(tmp_path.iterdir())


def test_arrays_near_the_ends_of_all_floats_are_summed_up():
    assert "t = all 1e+308" in repr(draw(Tensor([1e308, 1e308], label="t")))
    assert "inf" not in draw(Tensor([1e308, -1e308, 5.0], label="t")).to_svg()


@pytest.mark.parametrize(
    "options",
    [{"title": 3}, {"depth": -1}, {"depth": "1"}, {"max_nodes": 2.5}, {"show": "value"}, {"show": None},
     {"expand": ["layers.0"]}],
)  # fmt: skip
def test_options_of_the_wrong_kind_are_told_at_once(options):
    with pytest.raises((TypeError, ValueError), match=f"{next(iter(options))}="):
        draw(Value(1.0) * 2, **options)


def test_joined_characters_stay_joined():
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    assert clean(family) == family
    assert columns(family) == 6


def test_what_comes_from_graphviz_and_no_title():
    y = Value(1.0) * 2
    assert draw(y, rankdir="TB").to_svg() == draw(y, direction="TB").to_svg() != draw(y).to_svg()
    assert draw(y, title=None).to_svg() == draw(y).to_svg()
