"""Modules in drawings: what their calls note, how nodes find their module, folding, repeats, and that nothing leaks."""

import copy
import gc
import pickle
import sys
import threading
import weakref

import pytest

from autograd import GraphTooLargeError, Tensor, Value, draw, no_grad, scopes
from autograd.drawing.folding import bundle, fold
from autograd.drawing.scene import Scene
from autograd.drawing.snapshot import snapshot
from autograd.drawing.style import Style
from autograd.scopes import parameter_name
from nn import MLP, Layer, Module, Neuron


def network(widths=(3, 1), **options):
    return MLP(2, list(widths), activation="tanh", rng=1, **options)


def inputs():
    return [Value(1.0, label="x0"), Value(2.0, label="x1")]


def groups_of(output):
    return {group.path or group.kind: group for group in snapshot(output).groups[1:]}


class Cell(Module):
    """A recurrent cell: the same module again and again on its own output."""

    def __init__(self):
        self.w = Value(0.5)

    def __call__(self, x, h):
        return (self.w * h + x).tanh()


# ---- what is noted


def test_every_item_has_its_module():
    y = network()(inputs())
    graph = snapshot(y)
    paths = [graph.groups[item.group].path for item in graph.items]
    names = [item.name for item in graph.items]
    assert paths[names.index("layers.0.neurons.1.w.1")] == "layers.0.neurons.1"
    assert [paths[names.index(f"x{i}")] for i in (0, 1)] == ["", ""]
    assert graph.items[names.index("x0")].group == 0
    for item, path in zip(graph.items, paths, strict=True):
        if item.kind == "operation":
            assert path.startswith("layers.")
            assert ".neurons." in path
    assert {path: group.members for path, group in groups_of(y).items()} == {
        "MLP": 36 - 2,
        "layers.0": 24,
        "layers.0.neurons.0": 8,
        "layers.0.neurons.1": 8,
        "layers.0.neurons.2": 8,
        "layers.1": 10,
        "layers.1.neurons.0": 10,
    }


def test_a_graph_knows_its_modules_when_the_model_is_gone():
    net = network()
    gone = weakref.ref(net)
    y = net(inputs())
    del net
    assert gone() is None
    assert "layers.0.neurons.2" in groups_of(y)


def test_a_part_called_by_itself():
    net = network()
    out = net.layers[0](inputs())
    assert list(groups_of(out[0])) == ["Layer", "neurons.0"]
    net(inputs())
    out = net.layers[0](inputs())
    assert list(groups_of(out[0])) == ["layers.0", "layers.0.neurons.0"]  # as the larger model calls it


def test_a_module_made_during_the_call_is_called_by_its_class():
    class Wrapper(Module):
        def __call__(self, x):
            return Neuron(2, rng=0)(x)

    assert list(groups_of(Wrapper()(inputs()))) == ["Wrapper", "Neuron"]


def test_super_is_no_call_of_its_own():
    class Loud(Neuron):
        def __call__(self, x):
            return super().__call__(x) * 2

    groups = snapshot(Loud(2, rng=0)(inputs())).groups[1:]
    assert [(group.kind, group.calls) for group in groups] == [("Loud", 1)]


def test_keywords_and_other_signatures():
    class Two(Module):
        def __call__(self, a, b=1.0, *, c=2.0):
            """Add."""
            return a * b * c

    assert list(groups_of(Two()(Value(1.0), c=3.0))) == ["Two"]
    assert Two.__call__.__doc__ == "Add."
    assert Neuron(2, rng=0)(x=inputs()).data == Neuron(2, rng=0)(inputs()).data


def test_two_models_of_one_class_stay_two():
    first, second = network(), network()
    graph = snapshot(second([first(inputs()), Value(1.0)]))
    assert [group.kind for group in graph.groups].count("MLP") == 2


def test_after_an_exception_the_next_call_is_noted_as_ever():
    net = network()
    with pytest.raises(ValueError, match="takes 2 inputs"):
        net([Value(1.0)])
    assert "layers.1" in groups_of(net(inputs()))


class Growing(Module):
    """A model that fails on request, after its parts were called."""

    def __init__(self):
        self.layers, self.fails = [Layer(2, 2, rng=0)], False

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        if self.fails:
            raise RuntimeError("not yet")
        return x[0] + x[1]


@pytest.mark.parametrize("fails", [False, True])
def test_a_part_added_later_has_a_name(fails):
    model = Growing()
    model(inputs())
    model.layers.append(Layer(2, 2, rng=1))
    if fails:  # in the call in which the part was new
        model.fails = True
        with pytest.raises(RuntimeError):
            model(inputs())
        model.fails = False
    assert "layers.1.neurons.0" in groups_of(model(inputs()))


class Around(Module):
    def __init__(self, function):
        self.function = function

    def __call__(self, x):
        return self.function(x)


def test_a_part_that_is_stored_nowhere_is_sought_ever_more_rarely(monkeypatch):
    net, looks, name_parts = network(), [], scopes._name_parts
    monkeypatch.setattr(scopes, "_name_parts", lambda *given: (looks.append(given), name_parts(*given)))
    model = Around(lambda x: net(x))
    for _ in range(100):
        model(inputs())
    assert len(looks) <= 8
    model.late = net
    for _ in range(100):
        y = model(inputs())
    assert "late.layers.0.neurons.1" in groups_of(y)


def test_a_part_has_a_name_though_it_was_first_called_where_it_is_not_stored():
    net = network()
    assert {"MLP", "Layer", "Neuron"} <= groups_of(Around(lambda x: net(x))(inputs())).keys()
    assert "layers.0.neurons.1" in groups_of(net(inputs()))
    late = Growing()
    late.layers = {*late.layers}  # not looked into
    assert "Layer" in groups_of(late(inputs()))
    late.layers = [*late.layers]
    assert "layers.0.neurons.1" in groups_of(late(inputs()))


def test_parts_are_named_where_it_is_of_use():
    class Fleeting(Module):
        def __init__(self):
            self.net = network((3, 2))

        def __call__(self, x):
            return Growing()(self.net(x))

    model, late = Fleeting(), Value(1.0)
    with no_grad():
        model(inputs())
        assert parameter_name(model.net.parameters()[0]) == "net.layers.0.neurons.0.w.0"
        model.late = late
        model(inputs())
    assert parameter_name(late) == ""
    model(inputs())
    assert parameter_name(late) == "late"


def test_naming_that_was_interrupted_is_done_again():
    class Interrupting(dict):
        def items(self):
            self.items = {}.items
            raise KeyboardInterrupt

    class Interrupted(Growing):
        def __init__(self):
            self.first = Interrupting()
            super().__init__()

    model = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        model(inputs())
    assert "layers.0.neurons.1" in groups_of(model(inputs()))


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_module_may_return_a_copy_or_what_it_was_given(kind):
    class Copy(Module):
        def __call__(self, x):
            return copy.deepcopy(x * 2)

    class Same(Module):
        def __call__(self, x):
            return x

    assert "Copy" in groups_of(Copy()(kind(1.0)) + 0)
    given = kind(1.0) * 2
    given.label = "given"
    assert Same()(given) is given
    assert given.label == "given"
    assert Same()(kind(1.0)).data == 1


def test_without_recording_nothing_is_kept():
    net = network()
    with no_grad():
        out = net(inputs())
    assert out._recall("calls") is None


def test_calls_in_threads_do_not_mix():
    found = []

    def work():
        net = network()
        for _ in range(20):
            found.append({path: group.members for path, group in groups_of(net(inputs())).items()})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert all(each == found[0] for each in found)


def test_a_new_module_in_another_thread_renames_nothing():
    class Waiting(Module):
        def __call__(self, x):
            thread = threading.Thread(target=network(), args=(inputs(),))
            thread.start()
            thread.join()
            return x * 2

    class Around(Module):
        def __init__(self):
            self.waiting = Waiting()

        def __call__(self, x):
            return self.waiting(x)

    around = Around()
    around(Value(1.0))
    assert "waiting" in groups_of(around.waiting(Value(1.0)))


# ---- nothing leaks


def test_notes_die_with_the_graph():
    gc.collect()
    gc.disable()
    try:
        net = network()
        net(inputs())
        counts = [sys.getrefcount(net._scope)]
        for _ in range(5):
            y = net(inputs())
            y.backward()
        counts.append(sys.getrefcount(net._scope))
        del y
        counts.append(sys.getrefcount(net._scope))
        assert counts == [counts[0], counts[0] + 1, counts[0]]
    finally:
        gc.enable()


def test_a_module_that_keeps_its_output_does_not_live_forever():
    class Keeper(Module):
        def __call__(self, x):
            self.out = x * 2
            return self.out

    gc.disable()
    try:
        keeper = Keeper()
        out = weakref.ref(keeper(Value(1.0)))
        del keeper
        assert out() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda graph: pickle.loads(pickle.dumps(graph))])
@pytest.mark.parametrize("make", [lambda: network()(inputs()), lambda: recurrent(3), lambda: many_samples(4)])
def test_a_copy_of_a_graph_knows_its_modules(make, copied):
    graph = make()
    first, again = snapshot(graph), snapshot(copied(copied(graph)))
    assert again.groups == first.groups
    assert len(first.groups) > 1

    def described(each):
        return sorted((item.kind, item.name, item.op, str(item.value), item.group) for item in each.items)

    assert described(again) == described(first)
    assert snapshot(graph).groups == first.groups


def recurrent(steps):
    cell, h = Cell(), Value(0.0, label="h")
    for step in range(steps):
        h = cell(Value(0.1 * step), h)
    return h * 2.0


def many_samples(count):
    net = network()
    return sum((net([Value(float(each)), 1.0]) - 1.0) ** 2 for each in range(count))


def test_copies_and_pickles_of_models_and_graphs():
    net = network()
    y = net(inputs())
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert "layers.1" in groups_of(twin(inputs()))
        assert twin._scope is not net._scope
    assert pickle.loads(pickle.dumps(y)).data == y.data


# ---- groups


def test_calls_of_one_module_are_one_group():
    net = network()
    graph = snapshot(sum(net(inputs()) for _ in range(5)))
    calls = {group.path: group.calls for group in graph.groups[1:]}
    assert calls["layers.0.neurons.1"] == calls["layers.0"] == 5
    assert "MLP ×5" in draw_text(graph)


def draw_text(graph):
    return "".join(
        "".join(span.text for span in card.lines[0])
        for card in Scene(graph, fold(graph, lambda group: False), Style()).cards
    )


def test_a_cell_that_feeds_itself_is_one_group():
    cell, h = Cell(), Value(0.0, label="h")
    for step in range(3):
        h = cell(Value(float(step)), h)
    assert [(group.kind, group.calls) for group in snapshot(h).groups[1:]] == [("Cell", 3)]
    assert "×3" in draw(h).to_svg()
    assert "×3" in draw(h, depth=0).to_svg()


def test_calls_in_turn_stay_apart():
    one, other, h = Cell(), Cell(), Value(0.0, label="h")
    for step in range(2):
        h = other(Value(float(step)), one(Value(float(step)), h))
    groups = snapshot(h).groups[1:]
    assert [(group.kind, group.call, group.calls) for group in groups] == [
        ("Cell", 1, 1), ("Cell", 1, 1), ("Cell", 2, 1), ("Cell", 2, 1),
    ]  # fmt: skip
    assert "Cell, call 2" in draw(h, depth=0).to_svg()


def test_only_the_modules_on_a_circle_stay_apart():
    one, other, readout, h, outs = Cell(), Cell(), Neuron(1, rng=0), Value(0.0), []
    for step in range(2):
        h = other(Value(float(step)), one(Value(float(step)), h))
        outs.append(readout([h]))
    calls = [(group.kind, group.calls) for group in snapshot(sum(outs)).groups[1:]]
    assert sorted(calls) == [("Cell", 1)] * 4 + [("Neuron", 2)]


def test_a_parameter_that_two_modules_share_stands_around_both():
    class Tied(Module):
        def __init__(self):
            self.a, self.b = Neuron(2, rng=0), Neuron(2, rng=1)
            self.b.w = self.a.w

        def __call__(self, x):
            return self.a(x) + self.b(x)

    graph = snapshot(Tied()(inputs()))
    (tied,) = [index for index, group in enumerate(graph.groups) if group.kind == "Tied"]
    assert {item.group for item in graph.items if item.name.endswith("w.0")} == {tied}


def test_arrays_have_modules_too():
    class Affine(Module):
        def __init__(self):
            self.W, self.b = Tensor([[1.0, 2.0]]), Tensor([0.5, 0.5])

        def __call__(self, x):
            return x @ self.W + self.b

    graph = snapshot(Affine()(Tensor([[3.0]], label="x")))
    assert [(item.name or item.symbol, item.group) for item in graph.items] == [
        ("W", 1), ("b", 1), ("x", 0), ("@", 1), ("+", 1),
    ]  # fmt: skip


# ---- folding


@pytest.mark.parametrize(("depth", "things"), [(0, 3), (1, 4), (2, 6), (3, 36), (None, 36)])
def test_depth(depth, things):
    y = network()(inputs())
    assert draw(y, depth=depth).to_svg().count('class="card ') - legend_swatches(y, depth) == things


def legend_swatches(y, depth):
    return draw(y, depth=depth).to_svg().partition('class="legend"')[2].count('class="card ')


def test_expand_opens_a_module_and_what_is_around_it():
    y = network()(inputs())
    text = draw(y, depth=0, expand=lambda path: path == "layers.0.neurons.1").to_dot()
    assert "neurons.0" in text
    assert "w.1 = " in text
    assert text.count("subgraph cluster") == 3


def test_many_wires_between_two_boxes_are_one():
    graph = snapshot(network()(inputs()))
    folded = fold(graph, lambda group: graph.groups[group].depth < 2)
    ends = [(folded.things[link.source].key, folded.things[link.target].key, len(link.edges)) for link in folded.links]
    assert [count for source, _, count in ends if source.startswith("n")] == [3, 3]
    assert len(set(ends)) == len(ends)


def test_a_graph_that_is_too_large_closes_modules_and_says_so():
    y = network()(inputs())
    with pytest.warns(UserWarning, match="36 values are more than max_nodes=20.*depth=2"):
        picture = draw(y, max_nodes=20)
    assert "neurons.2" in picture.to_svg()


def test_what_belongs_to_no_module_is_bundled_at_last():
    net = network()
    data = [inputs() for _ in range(30)]
    loss = sum((net(x) - 1.0) ** 2 for x in data) + sum(p * p for p in net.parameters())
    loss.label = "loss"
    with pytest.warns(UserWarning, match="drawn as a few boxes"):
        svg = draw(loss, max_nodes=50).to_svg()
    for text in ("60 leaves", "13 parameters", "MLP", "×30", "operations", "loss"):
        assert text in svg


def test_bundles_form_no_circle():
    net = network()
    x = net([v * 2 for v in inputs()])
    for _ in range(3):
        x = net([x + 1.0, x * x])
    folded = bundle(graph := snapshot(x), fold(graph, lambda group: False))
    order = {}
    links = {(link.source, link.target) for link in folded.links}
    while len(order) < len(folded.things):
        free = [t for t in range(len(folded.things)) if t not in order and all(s in order for s, e in links if e == t)]
        assert free, "a circle"
        order.update(dict.fromkeys(free))


def test_without_modules_too_large_is_an_error():
    v = Value(1.0)
    for _ in range(600):
        v = v * 1.5
    with pytest.raises(GraphTooLargeError, match=r"601 values, and draw\(\) stops at max_nodes=500"):
        draw(v)
    assert isinstance(GraphTooLargeError("x"), ValueError)


def test_a_layer_of_many_outputs():
    out = Layer(2, 4, rng=0)(inputs())
    assert len(snapshot(out).outputs) == 4
    draw(out).to_svg()
