"""The chain rule explained: the text for small graphs, paths counted and chosen, agreement with the backward walk on
random graphs, zeros, infinities, deep and much-shared graphs, wrong arguments; the names that texts give to nodes."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import Tensor, Value, explain, jit
from autograd.naming import brief, local_derivative, operation, unique_names


def labelled(**data):
    return [Value(number, label=label) for label, number in data.items()]


def named(label, node):
    node.label = label
    return node


def test_a_label_that_is_a_formula_stands_in_parentheses_in_another():
    x, w = labelled(x=3, w=2)
    text = explain(named("y", named("x + w", x + w) * 5), x)
    assert "  y = (x + w) * 5 = 25    ∂y/∂(x + w) = 5" in text.splitlines()
    assert "∂y/∂(x + w) · ∂(x + w)/∂x = 5 × 1 = 5" in text


def all_paths(node, leaf):
    """Every path's product, by recursion."""
    if node is leaf:
        return [1.0]
    return [
        partial * product if partial and product else 0.0
        for operand, partial in zip(node.inputs, node.partials, strict=True)
        if partial is not None
        for product in all_paths(operand, leaf)
    ]


def test_a_square():
    (x,) = labelled(x=3)
    assert explain(named("y", x * x), x).splitlines() == [
        "How does y = 9 change with x = 3?",
        "2 paths lead from y back to x: along each the local derivatives multiply, and the paths add up.",
        "",
        "path 1: y ← x",
        "  y = x * x = 9    ∂y/∂x (operand 1) = x = 3",
        "",
        "path 2: y ← x",
        "  y = x * x = 9    ∂y/∂x (operand 2) = x = 3",
        "",
        "∂y/∂x = 3 + 3 = 6, and backward() finds the same.",
    ]


def test_a_neuron():
    w, x, b = labelled(w=0.5, x=2, b=-0.4)
    o = named("o", (w * x + b).tanh())
    assert explain(o, w).splitlines() == [
        "How does o = 0.53705 change with w = 0.5?",
        "One path leads from o back to w: along it the local derivatives multiply.",
        "",
        "o ← v2 ← v1 ← w",
        "  o = tanh(v2) = 0.53705    ∂o/∂v2 = 1 - o * o = 0.711578",
        "  v2 = v1 + b = 0.6         ∂v2/∂v1 = 1",
        "  v1 = w * x = 1            ∂v1/∂w = x = 2",
        "  ∂o/∂w = ∂o/∂v2 · ∂v2/∂v1 · ∂v1/∂w = 0.711578 × 1 × 2 = 1.42316",
        "",
        "∂o/∂w = 1.42316, and backward() finds the same.",
    ]


def test_a_diamond_with_a_negative_side():
    (x,) = labelled(x=3)
    a, b = named("a", x * 2), named("b", 1 - x)
    assert explain(named("L", a * b), x).splitlines() == [
        "How does L = -12 change with x = 3?",
        "2 paths lead from L back to x: along each the local derivatives multiply, and the paths add up.",
        "",
        "path 1: L ← b ← x",
        "  L = a * b = -12    ∂L/∂b = a = 6",
        "  b = 1 - x = -2     ∂b/∂x = -1",
        "  ∂L/∂b · ∂b/∂x = 6 × (-1) = -6",
        "",
        "path 2: L ← a ← x",
        "  L = a * b = -12    ∂L/∂a = b = -2",
        "  a = x * 2 = 6      ∂a/∂x = 2",
        "  ∂L/∂a · ∂a/∂x = -2 × 2 = -4",
        "",
        "∂L/∂x = -6 - 4 = -10, and backward() finds the same.",
    ]


def test_it_shows_itself_at_the_prompt():
    (x,) = labelled(x=3)
    text = explain(x * x, x)
    assert isinstance(text, str)
    assert repr(text) == str(text) == f"{text}"
    assert "\n" in repr(text)


@st.composite
def graphs(draw):
    """A few leaves and operations on whatever there is, the newest last."""
    leaves = labelled(a=draw(st.floats(-2, 2)), b=draw(st.floats(-2, 2)))
    nodes = list(leaves)
    for _ in range(draw(st.integers(1, 9))):
        x, y = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        kind = draw(st.sampled_from("add sub mul maximum tanh relu clip where constant".split()))
        if kind == "clip":
            nodes.append(autograd.clip(x, -1.0, y))
        elif kind == "where":
            nodes.append(autograd.where(leaves[0], x, y))
        elif kind == "constant":
            nodes.append(1.5 * x)
        else:
            nodes.append(getattr(x, kind)() if kind in ("tanh", "relu") else getattr(x, kind)(y))
    return leaves, nodes[-1]


@given(graphs())
@example(([x := Value(5e-324, label="a")], (square := x * x).maximum(square)))  # each path alone underflows
@example(([x := Value(1.0, label="a")], (x * 0.7633996466458635 + x) - (x * 0.7633996466458635 + x)))
def test_the_paths_are_all_there_and_add_up_to_the_gradient(graph):
    leaves, output = graph
    output.backward()
    for leaf in leaves:
        products = all_paths(output, leaf)
        text = explain(output, leaf, max_paths=len(products) + 1)
        if not products:
            assert text.endswith("= 0.")
        elif output is not leaf:
            assert text.splitlines()[0].endswith(f"change with {leaf.label} = {brief(leaf.data)}?")
            assert len(re.findall(" ← ", text)) >= len(products)
            assert len(products) == 1 or f"\npath {len(products)}: " in text
            assert f"path {len(products) + 1}: " not in text
            assert text.endswith(", and backward() finds the same.")
            stated = float(text.split(" = ")[-1].split(",")[0])
            size = sum(map(abs, products))
            assert stated == pytest.approx(sum(products), rel=1e-5, abs=1e-9 * size)
            assert stated == pytest.approx(leaf.grad, rel=1e-5, abs=1e-9 * size + 1e-300)


@given(graphs(), st.integers(1, 3))
def test_the_largest_products_are_shown_and_the_rest_is_summed_up(graph, most):
    leaves, output = graph
    output.backward()
    products = sorted(all_paths(output, leaves[0]), key=abs, reverse=True)
    text = explain(output, leaves[0], max_paths=most)
    if len(products) > most:
        assert f"Paths not shown: {len(products) - most}." in text
        assert text.count("path ") == most
        terms = re.findall(r"-?[\d.]+(?:e[-+]\d+)?", text.splitlines()[-1].split(" = ")[1])
        shown = [float(term) for term in terms]
        assert [abs(term) for term in shown[:most]] == pytest.approx([abs(p) for p in products[:most]], rel=1e-5)
        assert float(brief(leaves[0].grad)) == pytest.approx(sum(products), rel=1e-5, abs=1e-9)


def test_what_the_others_contribute():
    (x,) = labelled(x=2)
    text = explain(named("y", x * 5 + x * -3 + x), x, max_paths=1)
    assert text.splitlines()[-2:] == [
        "Paths not shown: 2. Their products are no larger, and together contribute -2.",
        "∂y/∂x = 5 - 2 = 3, and backward() finds the same.",
    ]


def test_no_gradient_is_touched():
    x, y = labelled(x=3, y=2)
    z = x * y
    x.grad, y.grad, z.grad = 7.0, None, -1.0
    explain(z, x)
    assert (x.grad, y.grad, z.grad) == (7.0, None, -1.0)


def test_a_leaf_that_is_not_reached():
    x, y = labelled(x=3, y=2)
    z = named("z", x * 2)
    assert explain(z, y) == "z does not depend on y: no path leads back to it, so ∂z/∂y = 0."
    assert explain(x, z).endswith("∂x/∂z = 0; did you mean explain(z, x)?")
    assert explain(z, z) == "z is the output itself, so ∂z/∂z = 1."


def test_any_node_below_the_output_will_do():
    (x,) = labelled(x=3)
    a = named("a", x * x)
    assert explain(named("z", a * 5), a).endswith("∂z/∂a = 5, and backward() finds the same.")


def test_the_branch_taken_is_the_one_explained():
    x, y = labelled(x=3, y=1)
    assert "∂v1/∂x = 0\n" in explain(autograd.minimum(x, y), x)
    assert "∂v1/∂x = 2 * x**(2 - 1) = 6\n" in explain(x**2, x)
    assert "∂v1/∂x = 1\n" in explain(x.relu(), x)
    assert "where" not in explain(x.leaky_relu(), x)


def test_a_zero_on_a_path_wins():
    (x,) = labelled(x=0)
    text = explain(autograd.where(x > 0, x.log(), x), x)
    assert "∂v2/∂v1 · ∂v1/∂x = 0 × inf = 0  (a zero on the path wins)" in text
    assert text.endswith("∂v2/∂x = 1 + 0 = 1, and backward() finds the same.")


def test_where_infinite_paths_cancel_the_text_says_so():
    (x,) = labelled(x=0)
    log = x.log()
    text = explain(log - log, x)
    assert "∂v2/∂x = inf - inf = nan, but backward() finds 0: it adds up at every node on the way" in text
    assert "Not all paths are shown; backward() finds ∂v2/∂x = 0." in explain(log - log, x, max_paths=1)


def test_more_paths_than_there_is_time_for():
    (x,) = labelled(x=1)
    z = x
    for _ in range(60):
        z = z * z * 0.5
    text = explain(z, x, max_paths=2)
    assert "More than 1,000,000,000,000,000 paths lead from v120 back to x" in text
    assert text.count("\npath ") == 2
    assert "Paths not shown: all others. " in text
    assert "… 108 more steps …" in text
    z.backward()
    assert text.endswith(f"= {brief(x.grad)}, and backward() finds the same.")


def test_a_chain_of_100_000_operations():
    z = x = Value(0.5, label="x")
    for _ in range(100_000):
        z = z.sin()
    text = explain(z, x)
    assert "… 99,988 more steps …" in text
    assert len(text) < 3_000


def test_long_lines_are_broken():
    z = x = Value(0.5, label="a_rather_long_name")
    for index in range(5):
        z = named(f"a_rather_long_name_{index}", z.sin())
    assert re.search(r"\n    = 0\.[\d.× ]+\n    = 0\.\d+\n", explain(z, x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0, Value(1.0)), "takes two Values, as in explain.loss, w.; output is a float"),
        ((Value(1.0), "x"), "leaf is a str"),
        ((Tensor([1.0]), Value(1.0)), r"output is a Tensor, so pick one of its elements: t\[0\].to_value"),
        (
            ((Tensor([1.0]) * 2.0)[0].to_value() * 2, Value(1.0)),
            "follows Values alone; this graph goes through a Tensor",
        ),
    ],
    ids=["float", "str", "Tensor", "Value of a Tensor"],
)
def test_what_is_no_value_is_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        explain(*arguments)


@pytest.mark.parametrize("most", [0, -1, 2.5, "all"])
def test_a_number_of_paths_that_is_none_is_refused(most):
    x = Value(1.0)
    with pytest.raises(ValueError, match="max_paths is how many paths to show, 1 or more, not"):
        explain(x * x, x, max_paths=most)


def test_names_are_labels_or_numbers_and_never_the_same_twice():
    x1, unnamed, w, again = Value(1.0, label="x1"), Value(2.0), Value(3.0, label="w"), Value(4.0, label="w")
    product, total = named("w", w * again), unnamed + x1
    nodes = [total, product, again, w, unnamed, x1]
    assert unique_names(nodes) == {x1: "x1", unnamed: "x2", w: "w", again: "w_2", product: "w_3", total: "v1"}
    assert set(unique_names(nodes[:1], stem="t").values()) == {"t1"}


def test_a_label_is_kept_on_one_line():
    x = Value(1.0, label="two\nlines ")
    assert unique_names([x])[x] == "two lines"


def test_operations_and_derivatives_in_names():
    x, y = labelled(x=3, y=2)
    names = unique_names([x, y])
    for node, written, derivatives in [
        (x / y, "x / y", ["1 / y", "-z / y"]),
        ((x - 1) * -2.0, "v * -2", ["-2"]),
        (autograd.where(x, x, y), "where(x, x, y)", ["0", "1", "0"]),
        (x.leaky_relu(), "leaky_relu(x, 0.01)", ["1"]),
    ]:
        known = {**names, **{each: "v" for each in node.inputs if each not in names}, node: "z"}
        assert operation(node, known) == written
        assert [local_derivative(node, index, known) for index in range(len(derivatives))] == derivatives


def test_a_compiled_function_is_not_said_to_depend_on_nothing():
    w = Value(2.0)
    y = jit(lambda x: x * w * x)(Value(3.0))
    with pytest.raises(
        TypeError, match=r"does not see into jit\(<lambda>\); run a compiled function under jit.disabled"
    ):
        explain(y, w)
    with jit.disabled():
        assert "9" in str(explain(jit(lambda x: x * w * x)(Value(3.0)), w))
