"""`jit`: the same results and gradients as the function itself, whatever a call brings: other branches, other nodes,
other numbers; and a refusal of everything that a replay would not do again."""

import copy
import gc
import math
import random
import subprocess
import sys
import threading
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import JitError, JitWarning, Value, grad, hessian, jit, no_grad, value_and_grad
from autograd.functions import FUNCTIONS
from autograd.rows import ROWS
from nn import MLP, SGD

pytestmark = pytest.mark.filterwarnings("error::autograd.JitWarning")


def gradients(f, *arguments):
    """The value of f and the gradients of fresh nodes for its arguments."""
    nodes = [Value(each) for each in arguments]
    result = f(*nodes)
    if isinstance(result, Value):
        result.backward()
        return [result.data, *(node.grad for node in nodes)]
    return [result, *(node.grad for node in nodes)]


def same(left, right):
    """Equal but for rounding; nan equals nan."""
    return all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))
        for a, b in zip(left, right, strict=True)
    )


# ---- what a call returns


def test_importing_the_package_does_not_import_the_compiler():
    code = (
        "import autograd, sys; assert not [m for m in sys.modules if m.startswith('autograd.compiler')]; autograd.jit"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_floats_in_floats_out():
    f = jit(lambda x, y: x * y + 1)
    assert [f(2.0, 3.0), f(4.0, 5.0)] == [7.0, 21.0]
    assert type(f(2.0, 3.0)) is float


def test_nodes_in_one_node_out():
    x, y = Value(2.0), Value(3.0)
    z = jit(lambda x, y: (x * y).tanh() + x)(x, y)
    assert z.op.name.startswith("jit(")
    assert z.inputs == (x, y)
    z.backward()
    assert same([x.grad, y.grad], [1 + 3 * (1 - math.tanh(6) ** 2), 2 * (1 - math.tanh(6) ** 2)])


def test_the_name_and_the_docstring_are_kept():
    def loss(x):
        """How far."""
        return x * x

    assert (jit(loss).__name__, jit(loss).__doc__) == ("loss", "How far.")


def test_it_decorates_functions_and_methods():
    class Line:
        def __init__(self):
            self.slope = Value(2.0)

        @jit
        def at(self, x):
            return self.slope * x

    first, second = Line(), Line()
    second.slope.data = 5.0
    assert (first.at(3.0).data, second.at(3.0).data) == (6.0, 15.0)


def test_nested_results_keep_their_structure():
    w = Value(3.0)
    f = jit(lambda v: {"double": v * 2, "parts": [v + w, 3, None, "text"], "self": v})
    for _ in range(2):
        v = Value(2.0)
        result = f(v)
        assert list(result) == ["double", "parts", "self"]
        assert (result["double"].data, result["parts"][0].data, result["parts"][1:]) == (4.0, 5.0, [3, None, "text"])
        assert result["self"] is v
        w.grad = 0.0
        (result["double"] * result["parts"][0]).backward()
        assert (v.grad, w.grad) == (2 * 5 + 4, 4)


def test_nested_arguments_are_inputs():
    f = jit(lambda rows, scale: sum(row["x"] * row["y"] for row in rows) * scale)
    assert f([{"x": 1.0, "y": 2.0}, {"x": 3.0, "y": 4.0}], scale=2.0) == 28.0
    assert f([{"x": 1.0, "y": 2.0}], scale=2.0) == 4.0
    assert f([{"x": 1.0, "y": 5.0}], scale=1.0) == 5.0


def test_an_output_without_a_path_from_a_node_is_a_float():
    w = Value(2.0)
    total, plain = jit(lambda x: (w * x, x + 1))(3.0)
    assert (total.data, plain) == (6.0, 4.0)
    assert type(plain) is float


def test_constants_of_other_kinds_among_the_arguments_are_recorded_anew():
    f = jit(lambda x, n, mode: x**n if mode == "power" else x * n)
    assert [f(2.0, 3, "power"), f(2.0, 4, "power"), f(2.0, 4, "times"), f(3.0, 3, "power")] == [8, 16, 8, 27]


def test_ints_floats_and_bools_are_told_apart():
    f = jit(lambda x, n: x * 2 if isinstance(n, bool) else x * 3)
    assert [f(1.0, 1), f(1.0, True), f(1.0, 1)] == [3.0, 2.0, 3.0]


def test_the_same_node_twice():
    f = jit(lambda x, y: x * y if x is not y else x**3)
    a, b = Value(2.0), Value(5.0)
    f(a, a).backward()
    assert a.grad == 12.0
    a.grad = 0.0
    f(a, b).backward()
    assert (a.grad, b.grad) == (5.0, 2.0)


def test_the_same_constant_twice_is_no_other_kind_of_call():
    f, t, x = jit(lambda t, x, y, k, n: t * x.sum() * y.sum() * k * n), Value(3.0), np.ones(2)
    half = 0.5
    assert [f(t, x, x + 1.0, half, 2.0).data, f(t, x, x, half, half).data] == [24.0, 3.0]
    assert len(f.calls.kinds) == 1


def test_an_argument_that_is_captured_too_gets_both_gradients():
    w = Value(3.0)
    f = jit(lambda x: x * w)
    f(w).backward()
    assert w.grad == 6.0


def test_gradients_flow_on_to_what_arguments_and_captured_nodes_were_computed_from():
    u = Value(2.0)
    v = u * 3
    f = jit(lambda x: x * v)
    f(u.exp()).backward()
    expected = Value(2.0)
    (expected.exp() * (expected * 3)).backward()
    assert same([u.grad], [expected.grad])


def test_no_grad():
    x = Value(2.0)
    f = jit(lambda x: x * x)
    with no_grad():
        assert f(x).inputs == ()
    assert f(x).inputs == (x,)


def test_two_calls_before_one_backward_keep_their_own_results():
    f = jit(lambda x: x.exp() * x)
    x, y = Value(1.0), Value(2.0)
    (f(x) * f(y)).backward()
    assert same([x.grad, y.grad], [2 * math.e * 2 * math.e**2, math.e * 3 * math.e**2])


def test_leaf_gradients_accumulate():
    x = Value(3.0)
    f = jit(lambda x: x * x)
    f(x).backward()
    f(x).backward()
    assert x.grad == 12.0


def test_upstream_gradients():
    x = Value(3.0)
    z = jit(lambda x: x * x)(x)
    z.backward(0.5)
    assert x.grad == 3.0
    z.backward(0.0)
    assert x.grad == 3.0


# ---- captured things


def test_parameters_are_read_at_every_call():
    w = Value(3.0)
    f = jit(lambda x: w * x)
    assert f(2.0).data == 6.0
    w.data = 5.0
    assert f(2.0).data == 10.0
    assert f.explain().count("recorded once") == 1


def test_a_changed_parameter_does_not_change_a_pending_gradient():
    x, w = Value(2.0), Value(3.0)
    z = jit(lambda x: w * x)(x)
    w.data = 100.0
    z.backward()
    assert x.grad == 3.0


def test_a_replaced_parameter_is_seen():
    net = MLP(1, [2, 1], rng=0)
    f = jit(lambda x: net([x]))
    before = f(0.5).data
    net.layers[1].neurons[0].b = Value(10.0)
    assert f(0.5).data == pytest.approx(before + 10.0)
    net.layers = MLP(1, [2, 1], rng=1).layers
    assert f(0.5).data == net([0.5]).data


def test_a_rebound_closure_variable_is_seen():
    w = Value(1.0)
    f = jit(lambda x: w * x)
    assert f(2.0).data == 2.0
    w = w * 3
    assert f(2.0).data == 6.0


def test_training_is_the_same_step_for_step():
    def train(compiled):
        net = MLP(2, [4, 1], rng=3)
        optimizer = SGD(net.parameters(), lr=0.1)

        def loss(rows, targets):
            return sum((net(row) - t) ** 2 for row, t in zip(rows, targets, strict=True))

        step = jit(loss) if compiled else loss
        losses = []
        for i in range(20):
            optimizer.zero_grad()
            result = step([[0.1 * i, 1.0], [0.5, -0.2]], [1.0, -1.0])
            result.backward()
            optimizer.step()
            losses.append(result.data)
        return losses

    assert same(train(True), train(False))


# ---- branches


def test_branches_give_the_answer_of_the_function_itself():
    def f(x, y):
        if x > y:
            return x * y
        return x - y if x else y

    compiled = jit(f)
    for x, y in [(1.0, 2.0), (3.0, 2.0), (1.0, 2.0), (0.0, 1.0), (2.0, 2.0), (math.nan, 1.0)]:
        assert same(gradients(compiled, x, y), gradients(f, x, y))
    assert "a comparison had another answer" in compiled.explain()


@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_every_comparison_is_checked(name):
    def f(x, y):
        return x * y if getattr(x, f"__{name}__")(y) else x + y

    compiled = jit(f)
    for x, y in [(1.0, 2.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0)]:
        assert compiled(Value(x), Value(y)).data == f(Value(x), Value(y)).data


def test_builtins_that_compare():
    f = jit(lambda x, y: max(x, y) + min(x, 0.5))
    assert [f(1.0, 2.0), f(3.0, 2.0), f(0.0, 0.0)] == [2.5, 3.5, 0.0]


def test_a_loop_whose_length_depends_on_the_data():
    def halvings(x):
        while x > 1:
            x = x / 2
        return x

    compiled = jit(halvings)
    for x in (0.5, 3.0, 5.0, 3.0):
        assert same(gradients(compiled, x), gradients(halvings, x))


def test_branches_without_end_fall_back_and_say_so():
    def f(x):
        total = 0.0
        for i in range(100):
            total = total + max(0, x - i)
        return total

    compiled = jit(f)
    with pytest.warns(JitWarning, match="comparisons had answers") as told:
        found = [gradients(compiled, i + 0.5) for i in range(20)]
    assert all(same(each, gradients(f, i + 0.5)) for i, each in enumerate(found))
    assert len(told) == 1
    assert "runs as it is" in compiled.explain()


def test_too_many_kinds_of_calls_fall_back_and_say_so():
    f = jit(lambda x, n: x * n)
    with pytest.warns(JitWarning, match="different ways"):
        assert [f(2.0, n) for n in range(40)] == [2.0 * n for n in range(40)]


# ---- refusals


@pytest.mark.parametrize(
    "escape",
    [
        lambda x: x * x.data, lambda x: x * x.item(), lambda x: x * float(f"{x:.3f}"), lambda x: x * len(str(x)),
    ],
)  # fmt: skip
def test_reading_a_number_out_of_the_graph_is_refused(escape):
    with pytest.raises(JitError, match="inside a jitted function"):
        jit(escape)(Value(2.0))
    Value(2.0).data  # and allowed again outside


def test_reading_a_captured_parameter_is_refused():
    w = Value(2.0)
    with pytest.raises(JitError, match=r"reading \.data of a Value"):
        jit(lambda x: x * w.data)(Value(2.0))


def test_setting_data_is_refused():
    w = Value(2.0)

    def f(x):
        w.data = 5.0
        return x * w

    with pytest.raises(JitError, match=r"setting \.data"):
        jit(f)(Value(2.0))
    assert w.data == 2.0


def test_backward_inside_is_refused():
    def f(x):
        z = x * x
        z.backward()
        return z

    with pytest.raises(JitError, match=r"backward\(\)"):
        jit(f)(Value(2.0))


def test_changing_a_captured_list_is_refused():
    seen = []

    def f(x):
        seen.append(1)
        return x * x

    with pytest.raises(JitError, match="changes something that it reaches from outside"):
        jit(f)(Value(2.0))


def test_changing_an_attribute_is_refused():
    class Counter:
        count = 0

    counter = Counter()

    def f(x):
        counter.count += 1
        return x * counter.count

    with pytest.raises(JitError, match="changes something"):
        jit(f)(2.0)


def test_changing_a_closure_variable_is_refused():
    count = 0

    def f(x):
        nonlocal count
        count += 1
        return x * count

    with pytest.raises(JitError, match="changes something"):
        jit(f)(2.0)


def test_keeping_a_node_is_refused():
    class Keeper:
        kept = None

    def f(x):
        setattr(Keeper, "".join(["ke", "pt"]), x * x)
        return x * 2

    with pytest.raises(JitError, match="keeps a node"):
        jit(f)(Value(2.0))


@pytest.mark.parametrize(
    "draw", [random.random, lambda: np.random.default_rng().random() or np.random.rand(), lambda: RNG.normal()]
)
def test_random_numbers_are_not_frozen(draw):
    f = jit(lambda x: x * draw())
    with pytest.warns(JitWarning, match="random"):
        first = f(1.0)
    assert first != f(1.0)


RNG = np.random.default_rng(0)


def test_errors_of_the_function_are_its_own():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        jit(f)(Value(1.0))
    with pytest.raises(TypeError, match="takes a function"):
        jit(3)


def test_what_needs_plain_floats_runs_as_it_is():
    f = jit(lambda x: math.sin(x))
    with pytest.warns(JitWarning, match="runs as it is"):
        assert f(0.5) == math.sin(0.5)
    assert f(0.7) == math.sin(0.7)


def test_disabled():
    f = jit(lambda x: x * x)
    with jit.disabled():
        assert f(Value(3.0)).op.name == "mul"
    assert f(Value(3.0)).op.name == "jit(<lambda>)"


def test_anomalies_are_found_in_the_function_itself():
    f = jit(lambda x: x.log())
    f(Value(1.0))
    with autograd.detect_anomaly(), pytest.raises(autograd.AnomalyError, match="log"):
        f(Value(0.0))


def test_jit_inside_jit():
    inner = jit(lambda x: x * x)
    outer = jit(lambda x: inner(x) + inner(x + 1))
    assert gradients(outer, 2.0) == [13.0, 10.0]


# ---- derivatives of any order


@pytest.mark.parametrize("name", ROWS)
def test_every_row_to_the_second_order(name):
    row, function = ROWS[name], FUNCTIONS[name]
    points = [0.3, 1.7, 0.9, -0.4, 0.0, 2.0]
    for shift in range(len(points)):
        arguments = [points[(shift + i) % len(points)] for i in range(len(row.args))]
        assert same(gradients(jit(lambda *a: function(*a)), *arguments), gradients(lambda *a: function(*a), *arguments))
        for k in range(len(row.args)):
            for transform in (lambda f, k=k: grad(f, k), lambda f, k=k: grad(grad(f, k), 0)):
                expected = transform(lambda *a: function(*a))(*arguments)
                assert same([jit(transform(lambda *a: function(*a)))(*arguments)], [expected])
                assert same([transform(jit(lambda *a: function(*a)))(*arguments)], [expected])


def test_transforms_of_transforms():
    def f(x, y):
        return (x * y).tanh() * x.exp() + (y - x).relu() ** 3

    for x, y in [(0.3, 0.8), (0.8, 0.3)]:
        third = grad(grad(grad(f)), 1)(x, y)
        assert same([jit(grad(grad(grad(f)), 1))(x, y), grad(jit(grad(grad(f))), 1)(x, y)], [third, third])
        value, slope = jit(value_and_grad(f))(x, y)
        assert same([value, slope], value_and_grad(f)(x, y))


def test_gradients_as_graphs():
    w = Value(0.7)
    f = jit(lambda x: (w * x).sin())
    x = Value(2.0)
    f(x).backward(create_graph=True)
    x.grad.backward()
    assert w.grad.data == pytest.approx(2 * math.cos(1.4) + math.cos(1.4) - 1.4 * math.sin(1.4), rel=1e-12)


# ---- random programs


UNARY = ["tanh", "exp", "relu", "sin", "neg", "square", "abs", "log", "sqrt", "sigmoid"]
BINARY = ["add", "sub", "mul", "div", "maximum", "pow"]
steps = st.lists(
    st.tuples(st.sampled_from(UNARY + BINARY), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=25
)
numbers = st.one_of(st.floats(-3, 3), st.sampled_from([0.0, -0.0, 1.0, math.inf, -math.inf, math.nan, 1e200, 1e-200]))


def program(steps, inputs, constant):
    """A random program: each step applies a row to earlier results."""
    results = [*inputs, constant]
    for name, i, j in steps:
        operands = [results[i % len(results)], results[j % len(results)]][: 1 if name in UNARY else 2]
        results.append(FUNCTIONS[name](*operands))
    return sum(results[len(inputs) + 1 :][-3:])


@given(steps, st.lists(numbers, min_size=2, max_size=3), numbers, st.booleans())
@example([("log", 0, 0), ("mul", 0, 3)], [0.0, 1.0], 1.0, False)
@example([("square", 0, 0), ("log", 3, 0), ("relu", 4, 0)], [0.0, 1.0], 1.0, False)
@example([("tanh", 0, 0), ("tanh", 4, 0), ("square", 4, 0), ("square", 4, 0)], [0.0, 0.0], 0.0, True)
@example([("square", 2, 0), ("square", 2, 0), ("add", 0, 1)], [0.0, 0.0, 0.0], 0.0, True)
@example(
    [("tanh", 0, 0), ("tanh", 1, 0), *[("tanh", 0, 0)] * 3, ("tanh", 4, 0), ("square", 7, 0), ("square", 27, 0)],
    [0.0, 0.0], 0.0, True,
)  # fmt: skip
@example([*[("tanh", 0, 0)] * 8, ("add", 2, 4), ("sub", 1, 14), ("tanh", 3, 0)], [0.0, 0.0], 1e200, True)
def test_random_programs(steps, inputs, constant, many):
    """`many`: the same program for a batch of inputs, so that blocks of numbers are computed side by side.

    Sums are added in another order, so what is left of large terms that cancel may be any rounding of them.
    """
    greatest = max(abs(each) for each in (*inputs, constant, 1.0) if math.isfinite(each))
    weight = Value(0.5)

    def f(*inputs):
        with np.errstate(all="ignore"):
            if many:
                return sum(program(steps, [each * weight * k for each in inputs], constant) for k in range(20))
            return program(steps, [each * weight for each in inputs], constant)

    compiled = jit(f)
    for values in (inputs, inputs[::-1]):
        for _ in range(2):
            weight.grad = 0.0
            expected = [*gradients(f, *values), weight.grad]
            weight.grad = 0.0
            found = [*gradients(compiled, *values), weight.grad]
            assert all(
                math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9 * greatest)
                or (not math.isfinite(a) and not math.isfinite(b))
                for a, b in zip(expected, found, strict=True)
            ), (expected, found)


# ---- size


@pytest.mark.parametrize("count", [3, 300, 6000])
def test_as_many_leaves_as_one_likes(count):
    """Beyond 5000 the leaves are no longer written out one by one."""
    leaves = [Value(float(i)) for i in range(count)]
    f = jit(lambda: sum(leaf * leaf for leaf in leaves))
    for times in (1, 2, 3):  # gradients are added to what is there
        f().backward()
        assert [leaf.grad for leaf in leaves] == [2.0 * i * times for i in range(count)]
    leaves[1].data = 10.0
    assert f().data == sum(i * i for i in range(count)) + 99.0
    leaves[1], leaves[-1].grad = Value(0.0), 0.0
    assert f().data == sum(i * i for i in range(count)) - 1.0
    f().backward()
    assert (leaves[1].grad, leaves[-1].grad) == (0.0, 2.0 * (count - 1))
    leaves.append(Value(7.0))
    assert f().data == sum(i * i for i in range(count)) + 48.0


def test_a_long_chain():
    n = 200_000

    def chain(x):
        z = x
        for _ in range(n // 2):
            z = z * x + 0.1
        return z

    x = Value(0.5)
    z = jit(chain)(x)
    z.backward()
    assert same([z.data, x.grad], gradients(chain, 0.5))


def test_memory_of_a_trace_grows_with_its_length():
    def peak(nodes):
        def chain(x):
            for _ in range(nodes // 2):
                x = x * 0.5 + 0.1
            return x

        compiled = jit(chain)
        tracemalloc.start()
        try:
            compiled(Value(1.0))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1000)
    assert peak(40_000) < 2.3 * peak(20_000)


def test_memory_of_a_program():
    def chain(x):
        for _ in range(1000):
            x = (x * 0.5).tanh()
        return x

    compiled = jit(chain)
    compiled(Value(1.0))
    entry = next(iter(compiled.calls.kinds.values())).entries[0]
    assert entry.program.nbytes <= 50 * 2000


def test_a_call_leaves_no_garbage():
    f = jit(lambda x: x * x + 1)
    x = Value(2.0)
    f(x).backward()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            f(x).backward()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_threads():
    w = Value(2.0)

    def f(x):
        return sum(((x + k) * w).tanh() for k in range(50))

    compiled = jit(f)
    compiled(0.0)
    expected = {k: f(k / 10).data for k in range(8)}
    wrong = []

    def work(k):
        for _ in range(50):
            x = Value(k / 10)
            z = compiled(x)
            z_data = z.data
            with warnings.catch_warnings():
                shares = autograd.backward.gradients([(z, 1.0)])
            if not same([z_data, shares[x]], [expected[k], slopes[k]]):
                wrong.append(k)

    slopes = {k: gradients(f, k / 10)[1] for k in range(8)}
    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_node_of_a_call_can_be_copied():
    x = Value(2.0)
    z = jit(lambda x: x**3)(x)
    copied = copy.copy(z)
    copied.backward()
    assert (copied.data, x.grad) == (8.0, 12.0)


def test_a_hessian_through_a_jitted_function():
    f = jit(lambda x, y: x * x * y)
    assert hessian(lambda v: f(v[0].to_value(), v[1].to_value()))(np.array([2.0, 3.0])).tolist() == [
        [6.0, 4.0],
        [4.0, 0.0],
    ]
