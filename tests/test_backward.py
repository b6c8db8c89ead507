"""The backward walk and its modes, on Values: accumulation, zero paths, gradients of any order, depth, memory,
determinism, recording on and off, anomalies.
"""

import asyncio
import copy
import gc
import itertools
import linecache
import math
import os
import re
import statistics
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import AnomalyError, Tensor, Value, detect_anomaly, enable_grad, extend, grad, is_recording, no_grad
from autograd.nans import has_nan
from autograd.ops.primitive import PRIMITIVES, Primitive, elementwise
from autograd.quiet import born, listen, unhush
from autograd.rows import ROWS

DEPTH = 1_000_000


def gradient(output, *leaves):
    """The gradients of some leaves as nodes, computed afresh; 0 for a leaf that is not below the output."""
    for leaf in leaves:
        leaf.grad = 0.0
    output.backward(create_graph=True)
    gradients = [leaf.grad if isinstance(leaf.grad, Value) else Value(leaf.grad) for leaf in leaves]
    for leaf in leaves:
        leaf.grad = 0.0
    return gradients[0] if len(leaves) == 1 else gradients


@pytest.fixture
def without_collector():
    """Reference counting alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_leaves_accumulate_and_other_nodes_do_not():
    x = Value(3.0)
    y = x * x
    z = y * 2.0
    z.backward()
    z.backward()
    z.backward(0.5)
    assert (x.grad, y.grad, z.grad) == (12.0 + 12.0 + 6.0, 1.0, 0.5)


@pytest.mark.parametrize("cleared", [0, 0.0, -0.0, None, False, np.float32(0), np.zeros(())])
def test_zero_and_none_clear_a_gradient(cleared):
    x = Value(3.0)
    (x * x).backward()
    x.grad = cleared
    (x * x).backward()
    assert x.grad == 6.0
    assert type(x.grad) is float


@pytest.mark.parametrize("kept", [1, 1.0, np.float64(1), np.float32(1), np.int64(1), np.ones(()), True])
def test_a_gradient_that_was_set_is_added_to(kept):
    x = Value(0.1)
    x.grad = kept
    (x * x).backward()
    assert x.grad == 1.2
    assert isinstance(x.grad, float)


def test_a_leaf_is_its_own_output():
    x = Value(3.0)
    x.backward()
    x.backward(2.0)
    assert x.grad == 3.0


def test_two_outputs_share_a_leaf():
    x = Value(2.0)
    y = x * 3.0
    (y * y).backward()
    (y + x).backward()
    assert x.grad == 36.0 + 4.0
    assert y.grad == 1.0


def test_backward_from_the_middle_leaves_what_is_above():
    x = Value(2.0)
    y = x * x
    z = y * y
    z.backward()
    y.backward()
    assert (x.grad, y.grad, z.grad) == (32.0 + 4.0, 1.0, 1.0)


def test_diamonds():
    x = Value(2.0)
    y = x
    for _ in range(60):  # 2**60 paths
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad == 1.0


def test_the_same_node_on_both_sides():
    x = Value(3.0)
    for output, slope in ((x + x, 2.0), (x * x, 6.0), (x - x, 0.0), (x / x, 0.0), (x**x, 27 * (1 + math.log(3)))):
        x.grad = 0.0
        output.backward()
        assert x.grad == pytest.approx(slope, abs=1e-15)


def test_a_node_used_long_after_others():
    x = Value(2.0)
    early = x * 3.0
    late = early
    for _ in range(10):
        late = late + 1.0
    (early * late).backward()
    assert early.grad == late.data + early.data
    assert x.grad == 3.0 * early.grad


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=2))
def test_gradients_are_linear_in_the_upstream_gradient(upstream):
    first, second = upstream
    x = Value(0.7)
    y = (x.sin() * x).exp()

    def slope(number):
        x.grad = 0.0
        y.backward(number)
        return x.grad

    assert slope(first + second) == pytest.approx(slope(first) + slope(second), rel=1e-14, abs=1e-14)


def test_re_binding_data_does_not_change_a_pending_gradient():
    x, w = Value(3.0), Value(5.0)
    y = x * w
    z = y.exp()
    slope = z.data
    x.data = w.data = y.data = 100.0
    z.backward()
    assert (w.grad, x.grad, y.grad) == (3.0 * slope, 5.0 * slope, slope)


@pytest.mark.parametrize("changed", ["leaf", "middle", "output"])
def test_a_graph_of_gradients_after_re_binding_is_refused(changed):
    x = Value(3.0, label="x")
    y = x * x
    z = y * y
    {"leaf": x, "middle": y, "output": z}[changed].data = 7.0
    x.grad = 11.0
    with pytest.raises(RuntimeError, match=r"\.data of .* was set since; compute the output anew"):
        z.backward(create_graph=True)
    assert x.grad == 11.0
    z = x * x
    assert gradient(z, x).data == 2 * x.data


class TestZeroPaths:
    """A zero on a path wins, even against inf and nan."""

    @pytest.mark.parametrize("x", [0.0, -1.0])
    @pytest.mark.parametrize("rule", [lambda x: x.log(), lambda x: x * x.log(), lambda x: x.sqrt() / x])
    def test_a_branch_not_taken(self, x, rule):
        leaf = Value(x)
        autograd.where(leaf > 0, rule(leaf), leaf).backward()
        assert leaf.grad == 1.0

    @pytest.mark.parametrize("x", [0.0, -1.0])
    def test_a_branch_not_taken_at_second_order(self, x):
        leaf = Value(x)
        first = gradient(autograd.where(leaf > 0, leaf * leaf.log(), leaf * leaf), leaf)
        assert first.data == 2 * x
        assert gradient(first, leaf).data == 2.0

    def test_pythons_own_conditional(self):
        leaf = Value(0.0)
        (leaf.log() if leaf > 0 else leaf).backward()
        assert leaf.grad == 1.0

    def test_maximum(self):
        leaf = Value(0.0)
        autograd.maximum(leaf.log(), leaf).backward()
        assert leaf.grad == 1.0

    def test_a_zero_partial(self):
        leaf = Value(0.0)
        (leaf.sqrt() * 0.0).backward()
        assert leaf.grad == 0.0

    @pytest.mark.parametrize("upstream", [math.inf, math.nan])
    def test_an_upstream_gradient_that_is_not_finite(self, upstream):
        less, more = Value(1.0), Value(2.0)
        autograd.maximum(less, more).backward(upstream)
        autograd.minimum(less, more).backward(1.0)
        np.testing.assert_equal((less.grad, more.grad), (1.0, upstream))
        autograd.maximum(more, less).backward(upstream)
        assert less.grad == 1.0

    def test_a_zero_upstream_gradient(self):
        leaf = Value(0.0)
        leaf.log().backward(0.0)
        assert leaf.grad == 0.0

    def test_chain_product(self):
        zero, infinite = Value(0.0), Value(math.inf)
        result = zero.chain_product(infinite)
        result.backward()
        assert (result.data, infinite.grad, zero.grad) == (0.0, 0.0, math.inf)

    def test_a_nan_that_is_nobodys_zero_is_kept(self):
        leaf = Value(-1.0)
        (leaf.log() * 2.0).backward()
        assert leaf.grad == -2.0  # whatever the formula gives, outside the domain
        leaf = Value(-1.0)
        (leaf.sqrt() * 2.0).backward()
        assert math.isnan(leaf.grad)

    @pytest.mark.parametrize("create_graph", [False, True])
    def test_a_zero_that_is_a_node_wins_against_infinity(self, create_graph):
        leaf = Value(0.0)
        (leaf.sqrt() ** 2).backward(create_graph=create_graph)
        assert float(leaf.grad.data if create_graph else leaf.grad) == 0.0

    def test_the_second_derivative_through_a_zero_gradient_is_kept(self):
        leaf = Value(1.0)
        first = gradient(leaf.log() ** 2, leaf)
        assert first.data == 0.0
        assert gradient(first, leaf).data == 2.0

    def test_the_derivative_of_the_careful_product_is_that_of_its_factors(self):
        x, y = Value(0.0), Value(math.inf)
        assert [first.data for first in gradient(x.chain_product(y), x, y)] == [math.inf, 0.0]


DERIVATIVES = [
    (lambda x: x.exp(), 0.3, [math.exp(0.3)] * 5),
    (lambda x: x.sin(), 0.3, [math.sin(0.3), math.cos(0.3), -math.sin(0.3), -math.cos(0.3), math.sin(0.3)]),
    (lambda x: x**5, 1.5, [1.5**5, 5 * 1.5**4, 20 * 1.5**3, 60 * 1.5**2, 120 * 1.5]),
    (lambda x: x**5, 0.0, [0.0, 0.0, 0.0, 0.0, 0.0]),
    (lambda x: x**4, 0.0, [0.0, 0.0, 0.0, 0.0, 24.0]),
    (lambda x: x * x * x, -2.0, [-8.0, 12.0, -12.0, 6.0, 0.0]),
    (lambda x: x.log(), 2.0, [math.log(2), 1 / 2, -1 / 4, 2 / 8, -6 / 16]),
    (lambda x: 1 / x, 2.0, [1 / 2, -1 / 4, 2 / 8, -6 / 16, 24 / 32]),
    (lambda x: x.sqrt(), 4.0, [2.0, 1 / 4, -1 / 32, 3 / 256, -15 / 2048]),
    (lambda x: x.tanh(), 0.5, [
        t := math.tanh(0.5), d := 1 - t**2, -2 * t * d, d * (6 * t**2 - 2), 8 * t * d * (2 - 3 * t**2),
    ]),
    (lambda x: x.sigmoid(), 0.5, [
        s := 1 / (1 + math.exp(-0.5)), d := s * (1 - s), e := d * (1 - 2 * s), d * (1 - 6 * d), e * (1 - 12 * d),
    ]),
    (lambda x: x**x, 1.0, [1.0, 1.0, 2.0, 3.0, 8.0]),
    (lambda x: 2.0**x, 1.0, [2 * math.log(2) ** n for n in range(5)]),
    (lambda x: 3.0 * x + 1.0, 2.0, [7.0, 3.0, 0.0, 0.0, 0.0]),
    (lambda x: abs(x) * x, -2.0, [-4.0, 4.0, -2.0, 0.0, 0.0]),
    (lambda x: x.arctan(), 1.0, [math.pi / 4, 1 / 2, -1 / 2, 1 / 2, 0.0]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "x", "expected"), DERIVATIVES)
def test_known_derivatives_up_to_order_four(function, x, expected):
    leaf = Value(x)
    node = function(leaf)
    found = [node.data]
    for _ in range(4):
        node = gradient(node, leaf)
        found.append(node.data)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_gradients_that_are_graphs():
    x, y = Value(2.0), Value(3.0)
    z = x * x * y
    middle = z * 1.0
    middle.backward(create_graph=True)
    assert isinstance(x.grad, Value)
    assert isinstance(y.grad, Value)
    assert (x.grad.data, y.grad.data) == (12.0, 4.0)
    assert type(z.grad) is float  # a graph that leads back here would be a reference cycle
    assert all(type(leaf.grad) is Value for leaf in (x, y))


@pytest.mark.parametrize("make", [lambda x: 3 * x, lambda x: x + 1, lambda x: x**0, lambda x: x.floor(), lambda x: x])
def test_gradients_that_are_constants_are_nodes_too(make):
    x = Value(2.5)
    first = gradient(make(x), x)
    assert type(first) is Value
    assert type(first.data) is float
    first.backward()
    second = x.grad
    assert second == 0.0
    assert type(second) is float


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("rule", [lambda y: y.relu(), lambda y: y + 1, lambda y: -y, lambda y: y**1, lambda y: abs(y)])
def test_gradients_in_between_are_floats(rule, create_graph):
    x = Value(2.0)
    y = x * 1.0
    rule(y).backward(create_graph=create_graph)
    assert type(y.grad) is float


def test_graphs_of_gradients_accumulate_like_others():
    x = Value(2.0)
    y = x**3
    y.backward(create_graph=True)
    y.backward(create_graph=True)
    assert x.grad.data == 24.0
    total = x.grad
    x.grad = 0.0
    total.backward()
    assert x.grad == 24.0  # 2 · 6x
    x.grad = Value(1.0)
    y.backward()
    assert x.grad.data == 13.0


def test_a_graph_whose_number_is_zero_is_still_a_graph():
    x = Value(1.0)
    (x.log() ** 2).backward(create_graph=True)
    assert x.grad.data == 0.0
    (x * 3.0).backward()
    assert x.grad.data == 3.0
    first, x.grad = x.grad, 0.0
    first.backward()
    assert x.grad == 2.0


def test_an_upstream_gradient_that_is_a_node():
    x, w = Value(2.0), Value(5.0)
    (x**2).backward(w, create_graph=True)
    assert x.grad.data == 20.0
    first, x.grad = x.grad, 0.0
    first.backward()
    assert (x.grad, w.grad) == (10.0, 4.0)


def test_mixed_second_derivatives_agree():
    x, y = Value(0.7), Value(1.3)
    z = (x * y).sin() * y.exp() + x**y
    by_x, by_y = gradient(z, x, y)
    assert gradient(by_x, x, y)[1].data == pytest.approx(gradient(by_y, x, y)[0].data, rel=1e-14)


def chain(length):
    x = Value(1.0)
    y = x
    for _ in range(length):
        y = y + 1.0
    return x, y


def test_a_chain_of_a_million_operations(without_collector):
    x, y = chain(DEPTH)
    assert y.data == DEPTH + 1.0
    y.backward()
    assert x.grad == 1.0
    middle = weakref.ref(y.x)
    del y
    assert middle() is None


def test_a_deep_graph_of_gradients(without_collector):
    x = Value(0.5)
    y = x
    for _ in range(20_000):
        y = y * 1.0001
    y = y * y
    first = gradient(y, x)
    first.backward()
    assert x.grad == pytest.approx(2 * 1.0001**40_000, rel=1e-10)
    alive = weakref.ref(first)
    del first, y
    assert alive() is None


def test_graphs_are_freed_by_reference_counting_alone(without_collector):
    x = Value(0.5)
    y = x * x
    z = autograd.where(y > 0, y, x).clip(0.0, 1.0) + y.exp() - x.leaky_relu() ** y
    z.backward()
    z.backward()
    alive = [weakref.ref(node) for node in (y, z, *z.inputs)]
    del y, z
    assert [node() for node in alive] == [None] * 4


def test_graphs_of_gradients_are_freed_once_the_leaves_are_cleared(without_collector):
    x = Value(0.5)
    y = x * x
    z = y * y
    z.backward(create_graph=True)
    alive = [weakref.ref(node) for node in (y, z, x.grad)]
    x.grad = None
    del y, z
    assert [node() for node in alive] == [None] * 3


def test_training_does_not_grow_without_the_collector(without_collector):
    weights = [Value(0.1 * index) for index in range(20)]
    sizes = []
    for _ in range(20):
        loss = sum((weight - 1.0) ** 2 for weight in weights)
        loss.backward()
        for weight in weights:
            weight.data -= 0.1 * weight.grad
            weight.grad = 0.0
        sizes.append(len(gc.get_objects()))
    assert sizes[-1] <= sizes[1]


def test_an_exception_on_the_way_leaves_gradients_as_they_were():
    x, y = Value(2.0), Value(3.0)
    z = x * y
    z.backward()
    y.grad = "a word"
    for create_graph in (False, True):
        with pytest.raises(TypeError, match=r"gradient of a leaf was set to a str; set it to 0\.0 or None to clear it"):
            z.backward(create_graph=create_graph)
        assert (x.grad, y.grad) == (3.0, "a word")
    y.grad = None
    z.backward()
    assert (x.grad, y.grad) == (6.0, 2.0)


@pytest.mark.parametrize("wrong", [np.ones(2), [1.0], 1j, "1", object()])
def test_a_gradient_of_the_wrong_kind(wrong):
    x, y = Value(2.0, label="w"), Value(3.0)
    z = x * y
    x.grad = wrong
    with pytest.raises(TypeError, match=r"the gradient of w was set to an? .*; set it to 0\.0 or None to clear it"):
        z.backward()
    assert x.grad is wrong
    assert y.grad == 0.0


@pytest.mark.parametrize("wrong", ["1", [1.0], np.ones(2), 1j, Value(1.0), object()])
def test_an_upstream_gradient_of_the_wrong_kind(wrong):
    x = Value(2.0)
    y = x * x
    y.backward()
    with pytest.raises(TypeError, match="takes the upstream gradient as a real number, not a"):
        y.backward(wrong)
    assert (x.grad, y.grad) == (4.0, 1.0)


@pytest.mark.parametrize("shape", [(1,), (2,), (2, 3)])
def test_a_gradient_that_is_a_node_of_another_shape_is_refused(shape):
    x = Value(2.0)
    y = x * x
    y.backward()
    with pytest.raises(ValueError, match=r"the gradient has shape \(.*\), but a Value has shape \(\)"):
        y.backward(Tensor(np.ones(shape)), create_graph=True)
    assert (x.grad, y.grad) == (4.0, 1.0)
    y.backward(Tensor(3.0), create_graph=True)
    assert (x.grad.data, y.grad) == (16.0, 3.0)


@pytest.mark.parametrize("upstream", [2, 2.0, np.float32(2), np.int64(2), np.array(2.0)])
def test_upstream_gradients_are_real_numbers_of_any_kind(upstream):
    x = Value(3.0)
    (x * x).backward(upstream)
    assert x.grad == 12.0
    assert type(x.grad) is float


def test_an_interrupted_walk_leaves_leaf_gradients_as_they_were():
    class Stop(BaseException):
        pass

    class Interrupting(float):
        def __mul__(self, other):
            raise Stop

        __rmul__ = __mul__

    x = Value(2.0)
    x.grad = 7.0
    y = x * 3.0
    y.dx = Interrupting(3.0)
    with pytest.raises(Stop):
        (y + x).backward()
    assert x.grad == 7.0


class TestFormulas:
    """Small formulas, whose values are new and used once each, are walked in one pass; what looks like one is not."""

    def test_each_value_has_its_gradient(self):
        a, b, c, d = map(Value, (2.0, -3.0, 10.0, 0.5))
        e = a * b
        f = e + c
        g = f.relu()
        (g / d).backward(3.0)
        assert [each.grad for each in (g, f, e, a, b, c, d)] == [6.0, 6.0, 6.0, -18.0, 12.0, 6.0, -48.0]

    def test_an_older_gradient_of_a_leaf_is_added_to(self):
        a, b = Value(2.0), Value(3.0)
        b.grad = 5.0
        (a * b).backward()
        assert (a.grad, b.grad) == (3.0, 7.0)
        (a * b).backward()
        assert (a.grad, b.grad) == (6.0, 9.0)

    def test_a_value_that_turns_out_to_be_used_twice(self):
        a, b = Value(2.0), Value(3.0)
        c = a * b
        d = c + 1.0
        ((d * d).exp().log() + c * 0.5).backward()
        assert (d.grad, c.grad, a.grad, b.grad) == (14.0, 14.5, 43.5, 29.0)

    def test_a_branch_that_counts_for_nothing_keeps_no_older_gradient(self):
        a = Value(2.0)
        b = a * 3.0
        c = b.exp()
        c.backward()
        assert b.grad == c.data
        a.grad = 0.0
        (0.0 * c).backward()
        assert (c.grad, b.grad, a.grad) == (0.0, 0.0, 0.0)
        fresh = Value(2.0)
        below = fresh.log()
        (0.0 * below).backward()
        assert (below.grad, fresh.grad) == (0.0, 0.0)

    def test_a_zero_wins_and_has_no_sign(self):
        x = Value(0.0)
        (0.0 * x.log()).backward()
        assert x.grad == 0.0
        (0.0 * (1.0 / (w := Value(0.0)))).backward()
        assert w.grad == 0.0
        y = Value(1.0)
        ((y * -1e-200) * 1e-200).backward()
        assert (y.grad, math.copysign(1.0, y.grad)) == (0.0, 1.0)

    def test_a_value_in_between_that_comes_from_a_tensor(self):
        t, v = Tensor([2.0]), Value(3.0)
        (t.to_value() * v + 1.0).backward()
        assert (t.grad.tolist(), v.grad) == ([3.0], 2.0)

    @pytest.mark.parametrize("old", [0.0, -0.0, 1.0, 0, None])
    def test_leaves_that_are_kept(self, old):
        a, b, c = leaves = [Value(2.0), Value(3.0), Value(5.0)]
        for each in leaves:
            each.grad = old
        (a * b + c).backward()
        (a * b + c).backward()
        assert [each.grad for each in leaves] == [2 * each + (old or 0.0) for each in (3.0, 2.0, 1.0)]
        assert all(type(each.grad) is float and math.copysign(1.0, each.grad) == 1.0 for each in leaves)

    @pytest.mark.parametrize("old", [0.1, 0.0])
    def test_a_leaf_that_is_kept_and_used_twice(self, old):
        a, b = Value(0.1), Value(0.7)
        a.grad = b.grad = old
        (a * b + a * 3.0).exp().backward()
        x, y = Value(0.1), Value(0.7)
        (x * y + x * 3.0).exp().backward()
        assert (a.grad, b.grad) == (old + x.grad, old + y.grad)

    @pytest.mark.parametrize("bad", ["x", [1.0], np.ones(2), Tensor([1.0, 2.0]), Tensor([1.0])])
    @pytest.mark.parametrize("mixed", [False, True])
    def test_a_gradient_of_the_wrong_kind_changes_no_other(self, bad, mixed):
        a, b = Value(1.0), Value(2.0)
        c = a * b
        d = c + a
        if mixed:
            d = d + Tensor([1.0]).sum().to_value()
        d.backward()
        e = d * c
        b.grad = bad
        for root, others in (d, (a, c, d)), (e, (a, c, d, e)):
            before = [each.grad for each in others]
            with pytest.raises(TypeError, match="set it to 0.0 or None"):
                root.backward()
            assert [each.grad for each in others] == before
            assert b.grad is bad
        b.grad = None
        e.backward()
        assert (a.grad, b.grad) == ((17.0, 6.0) if mixed else (15.0, 5.0))

    @pytest.mark.parametrize("kind", ["formula", "graph", "mixed"])
    def test_ctrl_c_on_any_line_leaves_all_gradients_as_they_were(self, kind):
        a, b = Value(2.0), Value(3.0)
        c = a * b
        c.backward()
        a.grad = 7.0
        d = (Value(1.0) * a + b * 2.0) if kind == "formula" else c * a + c
        if kind == "mixed":
            d = (d * Tensor([1.0])).sum().to_value() + a
        nodes = [a, b, c, d]
        copies = copy.deepcopy(nodes)
        copies[-1].backward()
        on_the_way = (
            "try:",
            "except",
            "finally",
            "if not isinstance",
            "pass",
            "_put_back(",
        )  # from there to putting back
        lines = interrupts = 0

        def trace(frame, event, argument):
            nonlocal lines
            if frame.f_code.co_name not in ("walk_tree", "walk_values", "_put_back"):
                return None
            text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
            if event == "line" and not text.startswith(on_the_way):
                lines += 1
                if lines == interrupts + 1:
                    raise KeyboardInterrupt
            return trace

        before = [each.grad for each in nodes]
        while True:
            lines = 0
            sys.settrace(trace)
            try:
                d.backward()
                break
            except KeyboardInterrupt:
                pass
            finally:
                sys.settrace(None)
            if [each.grad for each in nodes] != before:
                break  # the line after the last change
            interrupts += 1
        assert [each.grad for each in nodes] == [each.grad for each in copies]
        assert interrupts > 20

    def test_an_interrupted_pass_leaves_leaf_gradients_as_they_were(self):
        class Interrupting(float):
            def __rmul__(self, other):
                raise KeyboardInterrupt

        a, b = Value(2.0), Value(3.0)
        c = a * 3.0
        c.dx = Interrupting(3.0)
        d = b + c
        with pytest.raises(KeyboardInterrupt):
            d.backward()
        assert (a.grad, b.grad) == (0.0, 0.0)
        c.dx = 3.0
        d.backward()
        assert (a.grad, b.grad, c.grad) == (3.0, 1.0, 1.0)


PROGRAM = """
import random
from autograd import Value
random.seed(7)
leaves = [Value(random.uniform(-1, 1), label=f"w{i}") for i in range(30)]
nodes = list(leaves)
for _ in range(3000):
    a, b = random.choice(nodes), random.choice(nodes)
    nodes.append(random.choice([a * b, (a + b).sin(), a - b / 3.0, a.exp() * 0.1]).tanh())
out = sum(nodes)
out.backward(create_graph=True)
second = sum(leaf.grad for leaf in leaves)
print(out.data.hex(), *(leaf.grad.data.hex() for leaf in leaves))
for leaf in leaves:
    leaf.grad = 0.0
second.backward()
print(*(leaf.grad.hex() for leaf in leaves), *(child.number for child in out._prev))
"""


def test_the_same_program_gives_the_same_bits():
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parent.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "1", "2")
    ]
    outputs = {run.communicate()[0] for run in runs}
    assert len(outputs) == 1
    assert outputs.pop().count("0x") > 60


class TestModes:
    def test_nothing_is_recorded_inside(self):
        x = Value(2.0)
        assert is_recording()
        with no_grad():
            assert not is_recording()
            y = x * x + 1.0
            z = autograd.where(y, x, y)
        assert is_recording()
        for leaf in (y, z):
            assert leaf.inputs == ()
            assert leaf.op is None
        (y * x).backward()
        assert (x.grad, y.grad) == (5.0, 2.0)

    def test_a_decorator(self):
        @no_grad()
        def half(x):
            """Half of it."""
            return x / 2

        x = Value(4.0)
        assert half(x).inputs == half(x).inputs == ()
        assert half.__doc__ == "Half of it."
        assert (x / 2).inputs == (x, 2.0)

    def test_inside_out(self):
        x = Value(2.0)
        with no_grad():
            with enable_grad():
                assert is_recording()
                y = x * x
                with no_grad():
                    assert (x * x).inputs == ()
            assert not is_recording()
        assert y.inputs == (x, x)

    def test_what_is_on_already_slows_nothing_down(self):
        with enable_grad():
            assert autograd.modes.active == []
            with no_grad(), no_grad():
                assert autograd.modes.active == ["no_grad"]
                assert not is_recording()
            assert is_recording()
        assert grad(lambda x: x * len(autograd.modes.active))(1.0) == 0.0

    @pytest.mark.parametrize("mode", [no_grad, enable_grad, detect_anomaly])
    def test_recording_comes_back_after_an_exception(self, mode):
        with pytest.raises(ZeroDivisionError), mode():
            1 / 0
        assert is_recording()
        assert autograd.modes.active == []
        x = Value(0.0)
        assert x.log().inputs == (x,)

    def test_a_graph_of_gradients_where_recording_is_off(self):
        x = Value(2.0)
        y = x**3
        with no_grad():
            y.backward(create_graph=True)
        first, x.grad = x.grad, 0.0
        first.backward()
        assert x.grad == 12.0

    def test_backward_works_where_recording_is_off(self):
        x = Value(2.0)
        y = x**3
        with no_grad():
            y.backward()
        assert x.grad == 12.0

    def test_threads_do_not_meet(self):
        inside, done = threading.Event(), threading.Event()

        def elsewhere():
            with no_grad():
                inside.set()
                done.wait(10)
                results.append((Value(1.0) * 2.0).inputs)

        results = []
        thread = threading.Thread(target=elsewhere)
        thread.start()
        inside.wait(10)
        x = Value(3.0)
        y = x * x
        recording = is_recording()
        done.set()
        thread.join()
        y.backward()
        assert recording
        assert x.grad == 6.0
        assert results == [()]

    def test_tasks_do_not_meet(self):
        async def quiet(log):
            with no_grad():
                for _ in range(3):
                    await asyncio.sleep(0)
                    log.append((Value(1.0) + 1.0).op is None)

        async def loud(log):
            for _ in range(3):
                log.append((Value(1.0) + 1.0).op is not None)
                await asyncio.sleep(0)

        async def both():
            log = []
            await asyncio.gather(quiet(log), loud(log), quiet(log), loud(log))
            return log

        log = asyncio.run(both())
        assert len(log) == 12
        assert all(log)


def line_below(count):
    """This file and a line below the caller's."""
    return f"{__file__}, line {sys._getframe(1).f_lineno + count}"


class TestAnomalies:
    @pytest.mark.parametrize("leaf", [Value(1.0, label="w"), Tensor([1.0], label="w")])
    def test_where_gradients_add_up(self, leaf):
        with detect_anomaly():
            out = leaf * 1e308 + (leaf - 1.0) * 1.5e308
            with pytest.raises(AnomalyError, match=r"that reach w add up to .*inf.*: .*1\.5e\+308.* and .*1\.?e\+308"):
                out.backward()
        assert leaf.grad in (0.0, None)

    def test_forward_names_the_operation_and_the_line(self):
        x = Value(0.0, label="x")
        with detect_anomaly():
            y = x * 2.0
            line = line_below(2)
            with pytest.raises(AnomalyError) as caught:
                y.log()
        assert str(caught.value) == f"log(0.0) = -inf, at {line}"

    @pytest.mark.parametrize(
        ("operation", "text"),
        [
            (lambda x: 1.0 / x, "div(1.0, x=0.0) = inf"),
            (lambda x: x / x, "div(x=0.0, x=0.0) = nan"),
            (lambda x: (x - 1.0).sqrt(), "sqrt(-1.0) = nan"),
            (lambda x: (x + 1000.0).exp(), "exp(1000.0) = inf"),
            (lambda x: np.log(x), "log(x=0.0) = -inf"),
            (lambda x: autograd.log2(x), "log2(x=0.0) = -inf"),
            (lambda x: autograd.clip(1.0 / (x + 1e-320), 0.0, 1.0), "div(1.0, 1e-320) = inf"),
        ],
    )
    def test_where_it_was_born(self, operation, text):
        x = Value(0.0, label="x")
        with detect_anomaly(), pytest.raises(AnomalyError) as caught:
            operation(x)
        assert str(caught.value).startswith(f"{text}, at {__file__}, line ")
        operation(x)  # nothing is raised outside

    def test_what_came_in_is_not_blamed(self):
        x = Value(math.inf)
        with detect_anomaly():
            y = (x * 2.0).exp() + x
        assert y.data == math.inf

    @pytest.mark.parametrize(
        ("operation", "text"),
        [
            (lambda x: x - x, "sub(x=inf, x=inf) = nan"), (lambda x: x * 0, "mul(x=inf, 0.0) = nan"),
            (lambda x: Tensor([1.0, 2.0]) * x * [0.0, 1.0], "mul("),
        ],
    )  # fmt: skip
    def test_a_nan_born_of_inf_is_found(self, operation, text):
        with detect_anomaly(), pytest.raises(AnomalyError) as caught:
            operation(Value(math.inf, label="x"))
        assert str(caught.value).startswith(text)
        assert f"{__file__}, line " in str(caught.value)

    def test_the_line_is_the_users_where_a_library_calls(self):
        net = nn.MLP(2, [3, 1], rng=0)
        with detect_anomaly(), pytest.raises(AnomalyError, match=re.escape(line_below(1))):
            net([1e308, 1e308])
        with detect_anomaly(), pytest.raises(AnomalyError, match=re.escape(line_below(1))):
            statistics.median([Value(1.7e308), Value(1.6e308)])

    def test_one_switch_in_two_tasks(self):
        quiet = no_grad()

        async def job(delay):
            await asyncio.sleep(delay)
            with quiet:
                await asyncio.sleep(0.02)
                inside = is_recording()
            return inside, is_recording()

        async def both():
            return await asyncio.gather(job(0), job(0.01))

        assert asyncio.run(both()) == [(False, True)] * 2
        with quiet, quiet:
            assert not is_recording()
        assert is_recording()

    def test_switches_that_are_left_in_another_order(self):
        def items():
            with no_grad():
                yield is_recording()

        iterator = items()
        assert next(iterator) is False
        with detect_anomaly():
            iterator.close()  # leaves no_grad, which was entered first
            assert is_recording()
            with pytest.raises(AnomalyError):
                Value(0.0).log()
        assert is_recording()
        Value(0.0).log()  # nothing is raised any more

    def test_an_array_that_the_gradient_does_not_depend_on_may_change(self):
        with detect_anomaly():
            x = Tensor(np.ones(3))
            y = (x + 1).sum()
            x.data[0] = 5
            y.backward()
        assert x.grad.tolist() == [1.0, 1.0, 1.0]

    def test_backward_names_the_operation_and_the_line(self):
        x = Value(0.0, label="x")
        with detect_anomaly():
            line = line_below(1)
            y = x.sqrt()
            z = y + 1.0
            x.grad = 5.0
            with pytest.raises(AnomalyError) as caught:
                z.backward()
        assert str(caught.value) == (
            f"the gradient that sqrt(x=0.0) = 0.0 hands back to x is inf; the operation is at {line}"
        )
        assert x.grad == 5.0

    def test_backward_of_what_was_made_outside(self):
        y = Value(0.0).sqrt()
        with (
            detect_anomaly(),
            pytest.raises(AnomalyError, match=r"the operation is at a line outside detect_anomaly\(\)"),
        ):
            y.backward()

    def test_where_recording_is_off(self):
        with detect_anomaly(), no_grad(), pytest.raises(AnomalyError, match=r"log\(0\.0\) = -inf"):
            Value(0.0).log()
        with detect_anomaly(), no_grad():
            assert math.isinf((Value(math.inf) * 2.0).data)

    def test_a_file_beside_the_package_is_the_users(self):
        source = "from autograd import Value\nValue(0.0).log()\n"
        beside = f"{Path(autograd.__file__).parent}_experiment.py"
        with detect_anomaly(), pytest.raises(AnomalyError) as caught:
            exec(compile(source, beside, "exec"), {})
        assert str(caught.value).endswith(f"{beside}, line 2")

    def test_healthy_graphs_pass_with_the_same_gradients(self):
        def slopes():
            x, y = Value(0.5), Value(2.0)
            z = (x * y).exp() + autograd.where(x > 0, x, y) ** 2
            z.backward()
            return x.grad, y.grad, z.grad, z.data

        expected = slopes()
        with detect_anomaly():
            assert slopes() == expected

    def test_zero_paths_are_no_anomaly(self):
        x = Value(0.0)
        y = x.log()
        with detect_anomaly():
            autograd.where(x > 0, y, x).backward()
        assert x.grad == 1.0


def test_no_warning_and_no_exception_from_arithmetic():
    special = (0.0, -0.0, 1.0, -8.0, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan)
    for x, y in itertools.product(special, repeat=2):
        a, b = Value(x), Value(y)
        for result in (
            a + b,
            a - b,
            a * b,
            a / b,
            a**b,
            a % b,
            a // b,
            abs(a),
            -a,
            a.exp(),
            a.log(),
            a / y,
            x / b,
            x**b,
        ):
            result.backward()
            assert isinstance(result.data, float)
            assert isinstance(a.grad, float)


def test_modes_decorate_without_parentheses_too():
    @no_grad
    def square(x):
        return x * x

    @detect_anomaly
    def log(x):
        return x.log()

    assert square(Value(2.0)).inputs == ()
    assert (Value(2.0) * 1).inputs != ()
    with pytest.raises(AnomalyError, match=r"log\(0.0\) = -inf"):
        log(Value(0.0))
    with pytest.raises(AnomalyError, match=r"first -inf at \[1\], of 0.0"):
        log(Tensor([1.0, 0.0, 2.0]))


@pytest.mark.parametrize("size", [0, 1, 2, 1000, 10_000, 10_001, 50_000])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_nan_is_noticed_in_arrays_of_any_size(size, dtype):
    """Only then is there a walk that minds zeros; inf alone is no reason."""
    assert not has_nan([np.full(size, -np.inf, dtype), np.full((size, 2), np.inf, dtype).T, 1.0])
    for place in {0, size // 2, size - 1} if size else ():
        gradient = np.full((size, 2), np.inf, dtype)
        gradient[place, 1] = np.nan
        assert has_nan([gradient])
        assert has_nan([np.ones(3), gradient.T])


_PASSING = [name for name in ROWS if elementwise(ROWS[name]).passes_on_nan]


@pytest.mark.parametrize("name", _PASSING)
@pytest.mark.parametrize("size", [1, 5000])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.filterwarnings("ignore")
def test_numpy_tells_of_every_nan_that_a_rule_gives_birth_to(name, size, dtype):
    """The walk looks for none where it was told of none, and no data held one."""
    op = elementwise(ROWS[name])
    numbers = np.array([0.0, -0.0, 1.0, -0.5, 3.0, 1e-6, 6e4, -np.inf, np.inf], dtype)
    grids = [grid.ravel() for grid in np.meshgrid(*[numbers] * (len(op.rules) + 1))]
    if size > 1:
        grids = [np.resize(grid, max(size, grid.size)) for grid in grids]
    for part in zip(*grids, strict=True) if size == 1 else [grids]:
        g, *operands = [np.array(each, dtype) for each in part]
        z = np.asarray(op.forward(*operands))
        sound = ~np.isnan(z)
        if not sound.any():
            continue
        g, z, *operands = [each[sound] if size > 1 else each for each in (g, z, *operands)]
        for rule in op.rules:
            before, token = born[0], listen()
            try:
                share = rule(g, z, *operands)
            finally:
                unhush(token)
            assert born[0] is not before or not np.isnan(share).any()


@pytest.mark.parametrize("op", [op for op in PRIMITIVES.values() if op.passes_on_nan])
def test_what_is_said_to_pass_on_nan_does(op):
    for place in range(6):
        x = np.arange(6.0)
        x[place] = np.nan
        assert np.isnan(op.forward(x.reshape(2, 3), axis=None)).all()
        assert np.isnan(op.forward(x.reshape(2, 3), axis=0)).any()


def test_what_leaves_out_a_nan_is_not_said_to_pass_it_on():
    assert {"add", "sub", "mul", "div", "exp", "log", "tanh", "relu", "sigmoid", "sqrt", "sin"} <= set(_PASSING)
    assert not {"where", "pow", "hypot", "fmax", "fmin", "chain_product"} & set(_PASSING)


def test_a_nan_in_the_data_is_looked_for_where_the_output_has_none():
    x = Tensor([np.nan, 4.0])
    np.where(x.data > 0, x * x, 0.0).sum().backward()
    assert x.grad.tolist() == [0.0, 8.0]
    x = Tensor([[np.nan, 0.5], [4.0, 0.5]])
    (x * x)[1].sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0], [8.0, 1.0]]


@pytest.mark.parametrize("shape", [(0,), (0, 1), (3, 0)])
def test_a_broadcast_to_no_element_leaves_out_a_nan(shape):
    x, w = Tensor([2.0]), Tensor([1.0, 2.0])
    (((x * np.nan) * np.zeros(shape)).sum() + (w * w).sum() * x.sum()).backward()
    assert x.grad.tolist() == [5.0]
    assert w.grad.tolist() == [4.0, 8.0]
    x = Tensor([-1.0])
    (x.sqrt() + Tensor(np.zeros(shape))).sum(axis=0).sum().backward()
    assert x.grad.tolist() == [0.0]
    x = Tensor([2.0])
    ((x * 0.0 * np.nan) // np.zeros(shape)).sum().backward()  # whose share is a number
    assert x.grad.tolist() == [0.0]


def test_a_nan_is_looked_for_where_data_was_set():
    x = Tensor([1.0, 1.0])
    z = (x * 0.0 * np.nan).sum()
    z.data = np.array(1.0)
    z.backward()
    assert x.grad.tolist() == [0.0, 0.0]
    x = Tensor([1.0, 1.0])
    y = x * 0.0 * np.nan
    y.data = np.ones(2)
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_a_rule_finds_numpy_silent():
    """As in a careful walk, and as in one forward: what it does about errors is its own affair."""
    seen = []

    @extend.primitive
    def own(x):
        return x * 1.0

    def rule(ans, x):
        def share(g):
            seen.append((np.geterr(), np.geterrcall()))
            return g

        return share

    extend.defvjp(own, rule)
    x = Tensor([1.0, 2.0])
    before = np.geterr(), np.geterrcall()
    (own(x * 2.0) * 3.0).sum().backward()
    own(x * 2.0).sum().backward(create_graph=True)
    assert seen == [(dict.fromkeys(before[0], "ignore"), seen[0][1])] * 2
    assert seen[0][1] is None
    assert (np.geterr(), np.geterrcall()) == before


def test_other_rules_for_an_operation_are_not_known_to_pass_on_nan():
    double = extend.primitive(lambda x: 2.0 * x)
    double.op.passes_on_nan = True
    extend.defvjp(double, lambda ans, x: lambda g: np.full(x.shape, np.nan))
    assert not double.op.passes_on_nan
    summed = Primitive("summed", np.sum, (lambda g, z, x, axis=None: g,), params={"axis": None}, passes_on_nan=True)
    assert summed.rules_know_defaults
    double.op = summed
    extend.defvjp(double, lambda ans, x, axis: lambda g: g * np.ones(x.shape))
    x = Tensor([1.0, 2.0])
    Tensor._apply(summed, (x,)).backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_a_nan_born_in_the_walk_is_noticed_where_all_data_is_finite():
    """The root's slope at 0 is inf, times 0; and the shares inf and -inf of one operand are added up."""
    x = Tensor([0.0, 1.0])
    (x.sqrt() * 0.0 + x).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    x = Tensor([0.0, 1.0])
    (x.sqrt() - x.sqrt() + 0.0 * x.log().exp()).sum().backward()
    np.testing.assert_array_equal(x.grad, [np.nan, 0.0])  # nobody's zero


@pytest.mark.parametrize("size", [3, 20_000])
def test_a_zero_wins_in_large_arrays_too(size):
    x = Tensor(np.linspace(0, 1, size))
    np.where(x.data > 0, x.log(), 0.0).sum().backward()
    assert x.grad[0] == 0.0
    assert np.allclose(x.grad[1:], 1 / x.data[1:])
