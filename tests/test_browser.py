"""Drawings in a real browser: the page that plays the chain rule, and pictures as a reader sees them.

Needs Debian's Chromium (or CHROMIUM, the path of another) and Playwright: pip install ".[browser]".
"""

import itertools
import os
import re
import shutil
import xml.etree.ElementTree as ET

import pytest

from autograd import Tensor, Value, draw, explore, jit
from autograd.backward import reachable
from autograd.drawing import explorer
from autograd.rows import ROWS
from autograd.scopes import parameter_name
from demos.pictures import deep_error, neuron, small_network
from nn import MLP

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api", reason='Playwright is missing: pip install ".[browser]"')
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("Chromium is missing: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens text as a file in a tab without network; fails the test on an error, a message or a request in it."""
    complaints, contexts = [], []

    def open_file(text, name="page.html", fragment="", **options):
        context = browser.new_context(viewport={"width": 1400, "height": 860}, offline=True, **options)
        contexts.append(context)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        tab = context.new_page()
        tab.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        tab.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        requests = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(path.as_uri() + fragment)
        tab.requests = requests
        return tab

    yield open_file
    for context in contexts:
        context.close()
    assert complaints == []


def open_page(opened, graph, **options):
    tab = opened(explore(graph).to_html(), **options)
    tab.wait_for_selector("html[data-ready]")
    return tab


def table(tab):
    """Value and gradient of every name, as the page's table shows them."""
    tab.click("#open-table")
    rows = tab.eval_on_selector_all(
        "#table tbody tr", "rows => rows.map(row => [...row.cells].map(c => c.textContent))"
    )
    tab.keyboard.press("Escape")
    return {name: (float(value), float(grad)) for name, _, value, grad, _ in rows}


def caption(tab):
    return tab.inner_text("#caption")


def step(tab):
    return int(tab.input_value("#scrub"))


def card(tab, name):
    return tab.locator(f'#cards .card[data-name="{name}"]')


# ---- values and gradients


def test_the_page_needs_nothing_but_itself(opened):
    tab = open_page(opened, small_network())
    for _ in range(5):
        tab.keyboard.press("ArrowLeft")
    assert len(tab.requests) == 1


def test_values_and_gradients_are_those_of_python(opened):
    output = small_network()
    shown = table(open_page(opened, output))
    for name, (value, grad) in shown.items():
        known = [node for node in leaves_of(output) if (node.label or parameter_name(node)) == name]
        if known:
            assert value == pytest.approx(known[0].data, rel=1e-12, abs=1e-300)
            assert grad == pytest.approx(known[0].grad, rel=1e-12, abs=1e-300)
    assert shown["y"] == pytest.approx((output.data, 1.0), rel=1e-12)
    assert sum(name.startswith("layers.") for name in shown) == 13


def leaves_of(output):
    return [node for node in reachable([output]) if node.op is None]


def test_every_row_on_one_page(opened):
    leaves = {name: Value(0.3 + 0.01 * place, label=name) for place, name in enumerate("xyc")}
    total = Value(0.0, label="zero")
    for row in ROWS.values():
        total = total + getattr(leaves["x"] + 1.0 if row.name == "arccosh" else leaves["x"], row.name)(
            *[leaves["y"], leaves["c"]][: len(row.args) - 1], *[0.25 for _ in row.params]
        )
    total.label = "total"
    total.backward()
    shown = table(open_page(opened, total))
    assert shown["total"][0] == pytest.approx(total.data, rel=1e-12)
    for name, leaf in leaves.items():
        assert shown[name][1] == pytest.approx(leaf.grad, rel=1e-12)


def test_a_zero_on_a_path_wins(opened):
    x = Value(0.0, label="x")
    y = x.log() * 0.0 + x
    y.backward()
    shown = table(open_page(opened, y))
    assert shown["x"] == (0.0, x.grad) == (0.0, 1.0)


def test_gradients_accumulate_before_the_eyes(opened):
    x = Value(3.0, label="x")
    y = x * x
    y.label = "y"
    tab = open_page(opened, y)
    assert "∂y/∂x += ∂y/∂y · ∂y/∂x = 3 + 1 × 3 = 6" in caption(tab)
    tab.keyboard.press("ArrowLeft")
    assert "∂y/∂x += ∂y/∂y · ∂y/∂x = 0 + 1 × 3 = 3" in caption(tab)
    assert card(tab, "x").locator(".grad").text_content() == "3"


def test_local_derivatives_are_in_the_names_of_the_graph(opened):
    x, w, b = Value(3.0, label="x"), Value(2.0, label="w"), Value(-2.5, label="a < b")
    y = (w * x + b) ** 2.0
    y.label = "y"
    tab = open_page(opened, y)
    captions = " ".join(tab.evaluate("steps.map((_, at) => { go(at + 1); return $('caption').textContent; })"))
    for text in (
        "y = v2 ** 2: ∂y/∂v2 = 2 * v2**(2 - 1)",
        "v2 = v1 + (a < b): ∂v2/∂(a < b) = 1",
        "v1 = w × x: ∂v1/∂x = w",
    ):
        assert text in captions
    assert "∂z" not in captions
    tab.evaluate("pin(boxOf[items.findIndex((item) => item.n === 'v1')])")
    assert "v1 = w × x: ∂v1/∂x = w" in tab.inner_text("#inspector")


# ---- steps


def test_forward_then_backward_edge_by_edge(opened):
    tab = open_page(opened, neuron())
    tab.keyboard.press("Home")
    assert card(tab, "o").locator(".value").text_content() == "·"
    assert card(tab, "x1").locator(".value").text_content() == "2"
    texts = []
    for _ in range(15):
        tab.keyboard.press("ArrowRight")
        texts.append(caption(tab).replace("\n", " "))
    assert texts[0] == "FORWARDv1 = x1 × w1 = 2 × (-3) = -6"
    assert "o = tanh(n) = tanh(0.8814) = 0.7071" in texts[4]
    assert "BACKWARD∂o/∂o = 1" in texts[5]
    assert "∂o/∂n += ∂o/∂o · ∂o/∂n = 0 + 1 × 0.5 = 0.5 o = tanh(n): ∂o/∂n = 1 - o * o" in texts[6]
    assert "∂o/∂x2 += ∂o/∂v2 · ∂v2/∂x2 = 0 + 0.5 × 1 = 0.5" in " ".join(texts)
    assert len(set(texts)) == 15
    assert step(tab) == 15


def test_keys(opened):
    tab = open_page(opened, neuron())
    assert step(tab) == 15
    for key, at in [
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("b", 6),
        ("f", 0),
        ("End", 15),
    ]:
        tab.keyboard.press(key)
        assert step(tab) == at, key
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "search"
    tab.keyboard.type("tanh")
    assert step(tab) == 15  # letters are text there
    assert tab.inner_text("#found") == "1 found"
    tab.keyboard.press("Enter")
    assert "pinned" in card(tab, "o").get_attribute("class")
    tab.keyboard.press("Escape")
    assert tab.input_value("#search") == ""
    tab.keyboard.press("Escape")
    assert tab.locator(".pinned").count() == 0
    tab.keyboard.press("d")
    assert tab.evaluate("document.documentElement.className") == "dark"
    tab.keyboard.press("?")
    assert tab.locator("#help[open]").count() == 1
    tab.keyboard.press("Escape")
    tab.keyboard.press("t")
    assert tab.locator("#table[open] tbody tr").count() == 10


def test_cards_by_keyboard(opened):
    tab = open_page(opened, neuron())
    card(tab, "x1").focus()
    tab.keyboard.press("Enter")
    assert "pinned" in card(tab, "x1").get_attribute("class")
    assert tab.inner_text("#inspector h2") == "x1"


def test_play_and_pause(opened):
    tab = open_page(opened, neuron())
    tab.select_option("#speed", "300")
    tab.locator("#stage").click(position={"x": 5, "y": 5})
    tab.clock.install(time=0)
    tab.clock.pause_at(1000)  # from here time passes only where the test says so
    tab.keyboard.press("Space")
    shown = []
    for _ in range(3):
        tab.clock.run_for(300)
        shown.append(step(tab))
    assert shown == [1, 2, 3]
    assert tab.inner_text("#play") == "Pause"
    tab.keyboard.press("Space")
    tab.clock.run_for(3000)
    assert step(tab) == 3
    assert tab.inner_text("#play") == "Play"


def test_reduced_motion_plays_one_step_at_a_time(opened):
    tab = open_page(opened, neuron(), reduced_motion="reduce")
    tab.keyboard.press("Home")
    tab.click("#play")
    tab.wait_for_timeout(600)
    assert step(tab) == 1
    assert tab.evaluate("getComputedStyle(document.querySelector('.wire.now path')).animationName") == "none"


def test_a_link_to_a_step(opened):
    tab = open_page(opened, neuron(), fragment="#step=7")
    assert step(tab) == 7
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("location.hash") == "#step=8"
    tab.evaluate("location.hash = '#step=3'")
    playwright.expect(tab.locator("#scrub")).to_have_value("3")


# ---- details


def test_pinning_spells_out_the_sum_over_uses(opened):
    tab = open_page(opened, small_network())
    card(tab, "x0").click()
    text = tab.inner_text("#inspector")
    assert "It is used 3 times; the shares add up." in text
    assert text.count("/∂x0 =") == 3
    assert re.search(r"= -0\.634\d", text)
    assert "Numerically: " in text
    assert "✓" in text
    card(tab, "x1").hover()
    assert tab.inner_text("#inspector h2") == "x1"
    card(tab, "x0").click()
    tab.mouse.move(5, 400)
    assert tab.locator(".pinned").count() == 0


def test_typing_a_value_computes_everything_anew(opened):
    tab = open_page(opened, neuron())
    card(tab, "x1").click()
    tab.fill("#edit-number", "-1.25")
    x1 = Value(-1.25)
    o = (x1 * -3.0 + Value(0.0) * 1.0 + 6.8813735870195432).tanh()
    o.backward()
    shown = table(tab)
    assert shown["o"][0] == pytest.approx(o.data, rel=1e-12)
    assert shown["x1"] == pytest.approx((-1.25, x1.grad), rel=1e-12)
    assert card(tab, "x1").locator(".value").text_content() == "-1.25"
    tab.click("#edit-reset")
    assert table(tab)["x1"][0] == 2.0


def test_dragging_a_value(opened):
    tab = open_page(opened, neuron())
    card(tab, "w2").click()
    before = table(tab)["w2"][0]
    tab.focus("#edit-range")
    for _ in range(10):
        tab.keyboard.press("ArrowRight")
    after = table(tab)
    assert after["w2"][0] == pytest.approx(before + 0.1)
    assert after["x2"][1] == pytest.approx(0.5 * after["w2"][0])
    assert float(tab.input_value("#edit-number")) == pytest.approx(before + 0.1)


def test_numbers_that_disagree_or_are_none_get_no_tick(opened):
    for number in (-0.0, float("nan")):
        a = Value(number, label="a")
        tab = open_page(opened, (a * 2 + 1 / a).exp() * a)
        card(tab, "a").click()
        text = tab.inner_text("#inspector")
        assert "Numerically: " in text
        assert "✓" not in text


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 1e308, -1e308])
def test_a_number_that_cannot_be_dragged(opened, number):
    x = Value(number, label="x")
    tab = open_page(opened, x * 1.0)
    card(tab, "x").click()
    assert tab.is_disabled("#edit-range")
    assert all(abs(float(tab.get_attribute("#edit-range", end))) <= 1e300 for end in ("min", "max", "step"))
    tab.fill("#edit-number", "1.5")
    assert tab.is_enabled("#edit-range")
    assert float(tab.input_value("#edit-range")) == 1.5
    tab.click("#edit-reset")
    assert tab.is_disabled("#edit-range")
    assert card(tab, "x").locator(".value").text_content() == f"{number:.4g}"


def test_text_that_is_no_number_changes_nothing(opened):
    tab = open_page(opened, neuron())
    before = table(tab)
    card(tab, "x1").click()
    tab.focus("#edit-number")
    tab.keyboard.press("Control+A")
    tab.keyboard.press("Delete")
    assert table(tab) == before


def test_it_says_when_leaves_were_changed_since(opened):
    x = Value(2.0, label="x")
    y = x * x
    assert not open_page(opened, y).is_visible("#notice")
    x.data = 5.0
    tab = open_page(opened, y)
    assert tab.is_visible("#notice")
    assert table(tab)["x"] == (5.0, 10.0)


# ---- modules, colours, search


def test_modules_open_and_close(opened):
    tab = open_page(opened, small_network())
    assert tab.input_value("#view") == "depth 2"
    count = tab.locator("#cards .card").count
    assert count() == 6
    tab.locator('#cards [aria-label="Open neurons.1"]').click()
    assert card(tab, "layers.0.neurons.1.b").count() == 1
    assert tab.locator("#frames .frame").count() == 3
    tab.locator('#frames [aria-label="Close neurons.1"]').click()
    assert card(tab, "layers.0.neurons.1.b").count() == 0
    tab.select_option("#view", "depth 3")
    assert count() == 36
    tab.select_option("#view", "depth 0")
    assert count() == 3
    tab.locator("#cards .module").focus()
    tab.keyboard.press("Enter")
    assert count() == 4


def test_details_follow_when_their_module_is_opened(opened):
    tab = open_page(opened, small_network())
    card(tab, "neurons.1").first.click()
    tab.click("#open-module")
    assert card(tab, "layers.0.neurons.1.b").count() == 1
    assert tab.locator("#open-module").count() == 0
    card(tab, "layers.0.neurons.1.b").click()
    tab.locator('#frames [aria-label="Close neurons.1"]').click()
    tab.mouse.move(5, 400)
    assert tab.inner_text("#inspector h2") == "layers.0.neurons.1"


def test_the_keyboard_goes_into_the_module_that_it_opens(opened):
    tab = open_page(opened, small_network())
    tab.select_option("#view", "depth 0")
    inside = "document.activeElement.closest('.card')?.dataset.name"
    tab.locator("#cards .module").focus()
    for name in ("layers.0", "neurons.0", "layers.0.neurons.0.w.0"):
        tab.keyboard.press("Enter")
        assert tab.evaluate(inside) == name
    assert in_sight(tab, "layers.0.neurons.0.w.0")


def test_every_module_can_be_opened_where_there_are_too_many_to_open_each_by_itself(opened, monkeypatch):
    monkeypatch.setattr(explorer, "_ALL", 0)
    tab = open_page(opened, small_network())
    tab.select_option("#view", "depth 1")
    assert not tab.evaluate("views.some((each) => each.id.startsWith('open'))")
    tab.locator('#cards [aria-label="Open layers.0"]').click()
    assert tab.input_value("#view") == "depth 2"
    tab.locator('#cards [aria-label="Open neurons.1"]').click()
    assert card(tab, "layers.0.neurons.1.b").count() == 1
    tab.locator('#frames [aria-label="Close neurons.1"]').click()
    assert tab.input_value("#view") == "depth 2"


def test_parameters_of_one_name_are_told_apart_in_words(opened):
    tab = open_page(opened, small_network())
    captions = tab.evaluate("steps.map((_, at) => { go(at + 1); return $('caption').textContent; })")
    for name in ("layers.0.neurons.1.w.0", "layers.1.neurons.0.w.0"):
        assert sum(f"∂y/∂{name} += " in text for text in captions) == 1
        assert sum(f" = {name} × " in text for text in captions if text.startswith("forward")) == 1


def test_a_negative_number_behind_a_sign_stands_in_parentheses(opened):
    x = Value(3.0, label="x")
    tab = open_page(opened, x * 2.0 + (x * 5.0) * -2.5)
    captions = tab.evaluate("steps.map((_, at) => { go(at + 1); return $('caption').textContent; })")
    assert any("+ (-2.5) × 5" in text for text in captions)
    assert not any(re.search(r"[+×·] -", text) for text in captions)


def test_a_label_that_is_a_formula_stands_in_parentheses(opened):
    x, w = Value(3.0, label="x"), Value(2.0, label="w")
    sum_ = x + w
    sum_.label = "x + w"
    tab = open_page(opened, sum_ * 5.0)
    assert "∂(x + w)/∂w = 0 + 5 × 1 = 5" in caption(tab)
    tab.evaluate("go(2)")
    assert "v1 = (x + w) × 5 = 5 × 5 = 25" in caption(tab)


def test_steps_inside_closed_modules_are_passed_over(opened):
    tab = open_page(opened, small_network())
    tab.select_option("#view", "depth 0")
    tab.keyboard.press("Home")
    tab.locator("#stage").click(position={"x": 5, "y": 5})
    seen = 0
    while step(tab) < int(tab.get_attribute("#scrub", "max")):
        tab.keyboard.press("ArrowRight")
        seen += 1
    assert seen < 12
    tab.select_option("#view", "depth 3")


def test_search_opens_the_module(opened):
    tab = open_page(opened, small_network())
    tab.fill("#search", "neurons.2.w")
    assert tab.inner_text("#found") == "2 found"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    assert tab.inner_text("#inspector h2") == "layers.0.neurons.2.w.1"
    assert "pinned" in card(tab, "layers.0.neurons.2.w.1").get_attribute("class")


def test_what_is_found_can_be_read(opened):
    tab = open_page(opened, MLP(3, [8, 8, 1], rng=0)([1.0, 2.0, 3.0]))
    tab.fill("#search", "layers.1.neurons.7.b")
    tab.keyboard.press("Enter")
    assert tab.evaluate("zoom.k") >= 0.8
    assert in_sight(tab, "layers.1.neurons.7.b")


def test_a_long_name_leaves_room_in_the_table(opened):
    tab = open_page(opened, Value(2.0, label="x" * 300) * 3.0)
    tab.click("#open-table")
    name, *_, module = tab.locator("#table th").all()
    assert module.bounding_box()["x"] - name.bounding_box()["x"] < 1000
    assert tab.locator("#table td").first.get_attribute("title") == "x" * 300


def test_a_long_name_leaves_room_in_the_page(opened):
    y = Value(2.0, label="x" * 300) * 3.0
    y.label = "y" * 300
    tab = open_page(opened, y)
    assert "y" * 23 + "…" in caption(tab)

    def box(name):
        return tab.locator(name).bounding_box()

    assert box("#caption")["height"] < 140
    assert box("#legend")["x"] + box("#legend")["width"] <= box(".zoom")["x"]
    assert tab.evaluate("document.documentElement.scrollWidth") <= 1400
    card(tab, "x" * 300).click()
    assert tab.inner_text("#inspector h2") == "x" * 300


def test_names_with_the_same_beginning_are_told_apart_in_words(opened):
    tab = open_page(opened, Value(2.0, label="x" * 30 + "1") * Value(3.0, label="x" * 30 + "2"))
    assert "x" * 30 + "2 = " in caption(tab).replace("\n", "")


@pytest.mark.parametrize(("width", "height"), [(320, 480), (380, 700), (1280, 300)])
def test_in_a_small_window_the_graph_stays_and_the_page_scrolls(opened, width, height):
    tab = open_page(opened, small_network())
    tab.set_viewport_size({"width": width, "height": height})
    stage = tab.locator("#stage").bounding_box()
    assert stage["height"] >= 260
    for name in ("#caption", "#play", "#inspector h2"):
        tab.locator(name).scroll_into_view_if_needed()
        box = tab.locator(name).bounding_box()
        assert box["y"] > -1, name
        assert box["y"] + box["height"] < height + 1, name


def test_a_narrow_window_loses_nothing_at_its_side(opened):
    tab = open_page(opened, neuron())
    tab.set_viewport_size({"width": 480, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 480
    for name in ("#open-help", "#speed", "#edit-number", "#caption"):
        box = tab.locator(name).bounding_box()
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= 480, name


def test_colours(opened):
    tab = open_page(opened, neuron())
    fill = lambda name: tab.evaluate("e => getComputedStyle(e).fill", card(tab, name).locator(".face").element_handle())  # noqa: E731
    kind = fill("x1")
    tab.select_option("#colour", "grad")
    assert len({fill("x1"), fill("w2"), fill("o"), kind}) == 4
    assert "gradient" in tab.inner_text("#legend")
    tab.select_option("#colour", "value")
    assert fill("x1") != fill("w1")
    tab.select_option("#colour", "kind")
    assert fill("x1") == kind


def test_colours_before_there_are_gradients(opened):
    tab = open_page(opened, neuron())
    tab.select_option("#colour", "grad")
    assert tab.locator("#legend .bar i").count() > 10
    tab.keyboard.press("Home")
    tab.evaluate("go(0)")
    assert "no gradient yet" in tab.inner_text("#legend")
    assert tab.locator("#legend .bar").count() == 0


def test_infinity_is_not_painted_as_nought(opened):
    tab = open_page(opened, Value(float("inf"), label="x") * 1.0)
    tab.select_option("#colour", "value")
    assert "s20" in card(tab, "x").get_attribute("class").split()
    assert tab.inner_text("#legend").startswith("0\ninf value")


def test_the_legend_says_what_stands_on_the_cards(opened):
    t = Tensor([1.0, 2.0], label="t")
    loss = (t * t).sum()
    loss.backward()
    words = open_page(opened, loss).inner_text("#legend")
    for text in ("arrays: mean in [least, greatest]", "∂ –: not kept, see backward(retain_grads=True)"):
        assert text in words
    tab = open_page(opened, small_network())
    assert "‖∂‖\nnorm of a module's parameters' gradient" in tab.inner_text("#legend")
    tab.select_option("#colour", "grad")
    assert "gradient, of a module ‖∂‖" in tab.inner_text("#legend")
    assert "‖∂‖" in "".join(ET.fromstring(saved(tab)).itertext()).partition("gradient of y")[2]
    tab.select_option("#view", "depth 3")
    assert "‖∂‖" not in tab.inner_text("#legend")
    assert "–" not in tab.inner_text("#legend")


def test_modules_of_a_network_without_gradients_have_room_for_them(opened):
    net = MLP(2, [3, 1], activation="tanh", rng=3)
    tab = open_page(opened, net([Value(1.0, label="x0"), Value(-2.0, label="x1")]))
    assert re.fullmatch(r"‖∂‖ [\d.]+", tab.locator("#cards .module text").nth(2).text_content())


def test_the_outline_of_a_card_goes_round_its_tab(opened):
    tab = open_page(opened, neuron())
    tab.evaluate("go(operations.length)")
    last = card(tab, "o").locator(":scope > :is(rect, path)").last
    assert last.evaluate("e => [getComputedStyle(e).strokeWidth, getComputedStyle(e).fill]") == ["3.2px", "none"]
    tab.keyboard.press("d")
    assert last.evaluate("e => getComputedStyle(e).fill") == "none"


def in_sight(tab, *names):
    """Which of these cards can be seen."""
    frame = tab.locator("#picture").bounding_box()
    boxes = {name: card(tab, name).bounding_box() for name in names}
    return [
        name
        for name, box in boxes.items()
        if frame["x"] <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"]
    ]


@pytest.mark.parametrize("length", [6, 500])
def test_what_is_too_large_is_shown_legibly_and_follows_the_steps(opened, length):
    y = Value(0.5, label="x")
    for number in range(length):
        y = (y * 1.5).tanh() if number % 2 else y + 0.25
    y.label = "y"
    y.backward()
    tab = open_page(opened, y, reduced_motion="reduce")
    assert tab.evaluate("zoom.k") == 0.8
    assert in_sight(tab, "x", "y") == ["x"]  # the last step is at the leaf
    tab.keyboard.press("b")
    assert in_sight(tab, "x", "y") == ["y"]
    tab.keyboard.press("f")
    tab.keyboard.press("ArrowRight")
    assert in_sight(tab, "x", "y") == ["x"]
    assert tab.evaluate("zoom.k") == 0.8
    tab.click("#fit")
    assert in_sight(tab, "x", "y") == ["x", "y"]
    tab.keyboard.press("b")
    assert in_sight(tab, "x", "y") == ["x", "y"]


def test_zoom_pan_and_fit(opened):
    tab = open_page(opened, neuron())
    place = lambda: tab.evaluate("document.getElementById('world').style.transform")  # noqa: E731
    start = place()
    tab.click("#zoom-in")
    zoomed = place()
    tab.mouse.move(300, 200)
    tab.mouse.wheel(0, -300)
    wheeled = place()
    tab.mouse.down()
    tab.mouse.move(400, 260, steps=4)
    tab.mouse.up()
    dragged = place()
    assert len({start, zoomed, wheeled, dragged}) == 4
    tab.keyboard.press("0")
    assert place() == start


# ---- other graphs


def test_arrays_are_shown_but_not_changed(opened):
    W, x = Tensor([[1.0, 2.0]], label="W"), Tensor([[3.0], [4.0]], label="x")
    loss = ((x @ W).tanh()).sum()
    loss.label = "loss"
    loss.backward()
    tab = open_page(opened, loss)
    card(tab, "W").click()
    assert tab.locator("#edit-number").count() == 0
    assert "(1, 2) float64" in tab.inner_text("#inspector")
    for _ in range(3):
        tab.keyboard.press("ArrowLeft")
    assert "∂loss/∂v2 += ∂loss/∂loss · ∂loss/∂v2" in caption(tab)


def test_it_says_why_leaves_cannot_be_changed(opened):
    W = Tensor([[1.0, 2.0]], label="W")
    a = Value(0.5, label="a")
    for graph, name, reason in [(W.sum(), "W", "arrays"), (jit(lambda x: x * 2.0)(a) + 1.0, "a", "every operation")]:
        tab = open_page(opened, graph)
        card(tab, name).click()
        text = tab.inner_text("#inspector")
        assert "Leaves cannot be changed here" in text
        assert reason in text
    tab = open_page(opened, neuron())
    card(tab, "x1").click()
    assert "cannot be changed" not in tab.inner_text("#inspector")


def test_names_that_look_like_code(opened):
    labels = [
        "<b>",
        "</script><script>alert(1)</script>",
        "a|b{c}",
        "'\"&lt;",
        "x" * 300,
        "a\0b",
        "🎉",
        "오차",
        "\u2028",
    ]
    leaves = [Value(2.0, label=label) for label in labels]
    tab = open_page(opened, sum(leaf * leaf for leaf in leaves))
    assert tab.locator("#cards .leaf").count() == len(labels)
    assert tab.locator("#cards b, #inspector b b").count() == 0
    tab.locator("#cards .leaf").nth(1).click()
    assert tab.inner_text("#inspector h2") == labels[1]
    assert len(table(tab)) == 9 + 9 + 9


def test_one_value(opened):
    tab = open_page(opened, Value(1.0, label="x"))
    assert caption(tab).startswith("BACKWARD∂x/∂x = 1")


def test_numbers_that_are_none(opened):
    x, y = Value(float("nan"), label="x"), Value(float("-inf"), label="y")
    tab = open_page(opened, x * 2.0 + y.exp() + Value(-0.0, label="z") * y)
    assert card(tab, "y").locator(".value").text_content() == "-inf"
    assert card(tab, "z").locator(".value").text_content() == "0"
    card(tab, "x").click()
    for mode in ("value", "grad"):
        tab.select_option("#colour", mode)


def test_a_network_of_a_thousand_values(opened):
    y = MLP(2, [16, 16, 1], activation="tanh", rng=0)([Value(0.3, label="a"), Value(-0.2, label="b")])
    y.label = "y"
    y.backward()
    tab = open_page(opened, y)
    grads = {node.label: node.grad for node in leaves_of(y) if node.label}
    shown = table(tab)
    assert {name: shown[name][1] for name in grads} == pytest.approx(grads, rel=1e-12)


def test_a_step_touches_only_what_it_is_about(opened):
    x = Value(0.5, label="x")
    y = x
    for number in range(300):
        y = (y * 1.5).tanh() if number % 2 else y + 0.25
    tab = open_page(opened, y)
    tab.wait_for_selector("#cards .later", state="detached")
    touched = tab.evaluate(
        """() => {
            go(200);
            const watch = new MutationObserver(() => {});
            watch.observe($("picture"), { subtree: true, childList: true, attributes: true, characterData: true });
            go(201);
            return watch.takeRecords().length;
        }"""
    )
    assert 0 < touched < 30
    assert tab.evaluate("getComputedStyle(picture).position") == "absolute"  # else each step lays out all of it


# ---- looks, and readers who do not look


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_colour_schemes(opened, scheme):
    tab = open_page(opened, neuron(), color_scheme=scheme)
    level = sum(map(int, re.findall(r"\d+", tab.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]))
    assert level > 600 if scheme == "light" else level < 120
    fill = tab.evaluate("getComputedStyle(document.querySelector('.operation .face')).fill")
    assert (sum(map(int, re.findall(r"\d+", fill))) > 600) == (scheme == "light")


def test_what_a_screen_reader_hears(opened):
    tab = open_page(opened, neuron())
    heard = tab.locator("#picture").aria_snapshot()
    for card_heard in ["x1, value 2, gradient -1.5", "w2, value 1, gradient 0", "o, value 0.7071, gradient 1"]:
        assert f'img "{card_heard}"' in heard
    assert tab.locator("main").count() == tab.locator("h1").count() == 1
    unnamed = tab.eval_on_selector_all(
        "button, input, select",
        "all => all.filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.closest('label'))).length",
    )
    assert unnamed == 0


def test_the_picture_can_be_saved(opened, tmp_path):
    tab = open_page(opened, small_network())
    tab.keyboard.press("d")
    with tab.expect_download() as waiting:
        tab.click("#download")
    text = waiting.value.path().read_text(encoding="utf-8")
    root = ET.fromstring(text)
    cards = [element for element in root.iter() if (element.get("class") or "").startswith("card ")]
    assert len([element for element in cards if "translate" in element.get("transform", "")]) == 6
    assert "toggle" not in text
    tab = opened(text, name="saved.svg")
    assert inside_cards(tab, "svg .card") == []


def saved(tab):
    with tab.expect_download() as waiting:
        tab.click("#download")
    return waiting.value.path().read_text(encoding="utf-8")


def test_a_saved_picture_explains_itself(opened):
    tab = open_page(opened, small_network())
    texts = [saved(tab)]
    tab.select_option("#colour", "grad")
    texts.append(saved(tab))
    for text, words in zip(texts, ["module", "gradient"], strict=True):
        root = ET.fromstring(text)
        title, desc = (root.find(f"{{http://www.w3.org/2000/svg}}{name}") for name in ("title", "desc"))
        assert root.get("role") == "graphics-document document"
        assert root.get("aria-labelledby").split() == [title.get("id"), desc.get("id")]
        assert title.text == "Graph of y"
        assert desc.text.startswith("36 values, 39 edges, output y = ")
        legend = next(element for element in root.iter() if element.get("class") == "legend")
        assert words in "".join(legend.itertext())
        assert "gradient of y" in "".join(legend.itertext())
    assert sum((element.get("class") or "").startswith("s") for element in legend.iter()) == 21  # steps of the scale
    tab = opened(f"<!doctype html><title>two</title>{''.join(texts)}")
    ids = tab.eval_on_selector_all("[id]", "all => all.map(each => each.id)")
    assert len(set(ids)) == len(ids)
    parts = tab.eval_on_selector_all(".legend > g > *", "all => all.map(each => each.getBoundingClientRect().toJSON())")
    for one, other in itertools.pairwise(parts):
        assert one["right"] < other["left"] + 1 or one["bottom"] <= other["top"]


def test_in_a_notebook_it_runs_in_a_frame_of_its_own(opened):
    bundle = explore(neuron())._repr_mimebundle_()
    tab = opened(f"<!doctype html><title>cell</title>{bundle['text/html']}")
    frame = tab.frame_locator("iframe")
    frame.locator("#cards .card").first.wait_for()
    frame.locator("#back").click()
    assert "14/15" in frame.locator("#count").inner_text()


def inside_cards(tab, selector):
    """Texts that stick out of their cards, as the browser measures them."""
    return tab.eval_on_selector_all(
        selector,
        """cards => cards.filter(card => !card.closest('.legend')).flatMap(card => {
            const face = card.querySelector('.face').getBBox();
            return [...card.querySelectorAll('text')].filter(text => !text.closest('.toggle')).filter(text => {
                const box = text.getBBox();
                return box.x < face.x + 1 || box.x + box.width > face.x + face.width - 1 || box.y < face.y - 2
                    || box.y + box.height > face.y + face.height + 2;
            }).map(text => text.textContent);
        })""",
    )


@pytest.mark.parametrize("make", [neuron, small_network, deep_error])
def test_text_keeps_inside_its_card(opened, make):
    depth = 1 if make is deep_error else None
    tab = opened(draw(make(), depth=depth, max_nodes=None).to_svg(), name="picture.svg")
    assert inside_cards(tab, ".card") == []
    if make is not deep_error:
        tab = open_page(opened, make())
        for _ in range(10):
            tab.keyboard.press("ArrowLeft")
            assert inside_cards(tab, "#cards .card") == []


def test_wide_letters_keep_inside_their_card(opened):
    x, y = Value(1.5, label="오차역전파"), Value(-1e-9, label="WWWWWW")
    z = x * y
    z.backward()
    tab = opened(draw(z).to_svg(), name="picture.svg")
    assert inside_cards(tab, ".card") == []


def test_two_pictures_on_one_page_keep_their_styles(opened):
    light, dark = draw(neuron(), theme="light").to_svg(), draw(neuron(), theme="dark").to_svg()
    tab = opened(f"<!doctype html><title>two</title>{light}{dark}{light}")
    fills = tab.eval_on_selector_all(".paper", "all => all.map(each => getComputedStyle(each).fill)")
    assert fills[0] == fills[2] != fills[1]
    ids = tab.eval_on_selector_all("[id]", "all => all.map(each => each.id)")
    assert len(set(ids)) == 4  # the third is the first again


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_follows_the_reader(opened, scheme):
    tab = opened(draw(neuron()).to_svg(), name="picture.svg", color_scheme=scheme)
    fill = tab.evaluate("getComputedStyle(document.querySelector('.paper')).fill")
    assert (sum(map(int, re.findall(r"\d+", fill))) > 600) == (scheme == "light")
