"""Faults that other engines have, or had, on scalars: what must hold here instead.

The names in comments are public issues, pull requests or measured behaviour of the engine named.
"""

import asyncio
import copy
import gc
import math
import pickle
import weakref

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, explain, no_grad


def gradients(output, *leaves):
    for leaf in leaves:
        leaf.grad = 0.0
    output.backward()
    return tuple(leaf.grad for leaf in leaves)


# graphs and memory


def test_depth_is_no_limit_to_anything():
    # micrograd #90 (fails at 2 000); MyGrad (1 000); CasADi #2192, PyTorch #5534 (destructors); CasADi #246 (printing)
    x = Value(0.0)
    y = x
    for _ in range(20_000):
        y = y + x
    assert gradients(y, x) == (20_001.0,)
    for twin in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        twin.backward()
        del twin
    assert repr(y) == f"{y}" == "Value(data=0.0, grad=1.0)"


def test_work_grows_with_nodes_and_not_with_paths():
    # SmallPebble: 3.5 times longer for every two diamonds more
    x = Value(1.0)
    y = x
    for _ in range(200):
        y = (y + y) * 0.5
    assert gradients(y, x) == (1.0,)


def test_nodes_are_freed_without_the_collector():
    # micrograd: the closure of every node refers to the node
    gc.collect()
    gc.disable()
    try:
        x = Value(2.0)
        y = x * x
        z = y.exp()
        z.backward()
        alive = weakref.ref(y), weakref.ref(z)
        del y, z
        assert alive[0]() is alive[1]() is None
    finally:
        gc.enable()


def test_clearing_leaf_gradients_frees_a_graph_of_gradients():
    # PyTorch #4661, #7343: what create_graph makes is a cycle that stays
    gc.collect()
    gc.disable()
    try:
        x = Value(2.0)
        y = x * x
        (y * y).backward(create_graph=True)
        alive = weakref.ref(y), weakref.ref(x.grad)
        del y
        x.grad = 0.0
        assert alive[0]() is alive[1]() is None
    finally:
        gc.enable()


def test_sums_of_many_gradients_are_the_same_bits_every_time():
    # micrograd: parents in a set, so addresses decided the order of a sum
    def bits(waste):
        keep = [object() for _ in range(waste)]
        leaves = [Value(0.1 * index + 0.01) for index in range(50)]
        y = sum((a * b).tanh() for a in leaves for b in leaves[::3])
        y.backward()
        return [leaf.grad for leaf in leaves], len(keep)

    first = bits(0)[0]
    assert all(bits(waste)[0] == first for waste in (1, 10, 1000))


def test_equal_leaves_stay_apart():
    # tinygrad: leaves of equal value were made one, so d(2x + 3y) was 5, 5
    x, y = Value(1.0), Value(1.0)
    assert gradients(2 * x + 3 * y, x, y) == (2.0, 3.0)


# backward


def test_a_node_that_is_not_a_leaf_may_be_used_again():
    # micrograd #34, #64: without the topological order its gradient was handed on before it was complete
    x = Value(3.0)
    y = x * 2.0
    z = y * y
    assert gradients(z * y + y, x) == (2 * (3 * 36 + 1.0),)


def test_a_second_backward_counts_nothing_twice():
    # micrograd #102: 8 for 4, and 20 for 12 after clearing the leaves alone
    x = Value(2.0)
    y = x * x
    y.backward()
    assert gradients(y, x) == (4.0,)
    x = Value(2.0)
    y = x * x
    z = y * x
    z.backward()
    assert gradients(z, x) == (12.0,)


def test_diamonds_are_graphs_and_not_trees():
    # tinygrad #165, #119
    x = Value(3.0)
    left, right = x * 2.0, x * x
    assert gradients(left * right + left, x) == (2.0 * 9 + 6.0 * 6 + 2,)


def test_derivatives_of_any_order():
    # micrograd #3, MyGrad #442, tinygrad #2584: gradients were plain numbers
    x = Value(2.0)
    (x**4).backward(create_graph=True)
    first = x.grad
    assert gradients(first, x) == (48.0,)


def test_a_constant_gradient_can_be_differentiated():
    x = Value(2.0)
    (3 * x).backward(create_graph=True)
    assert gradients(x.grad, x) == (0.0,)


# operators


def test_reflected_operators_do_not_swap_their_operands():
    # micrograd-pp: 2.0 / x was x / 2; micrograd #76, tinygrad #149
    x = Value(4.0)
    assert (2.0 / x).data == 0.5
    assert (2.0 - x).data == -2.0
    assert (2.0**x).data == 16.0
    assert (9.0 % x).data == 1.0
    assert (9.0 // x).data == 2.0
    assert gradients(2.0 / x, x) == (-0.125,)
    assert gradients(2.0 - x, x) == (-1.0,)


def test_one_operation_is_one_node():
    # micrograd: a - b, a / b and 2 - a were two or three nodes, and a / b lost digits
    a, b = Value(1.0), Value(3.0)
    for node in (a - b, a / b, 2.0 - a, 2.0 / b):
        assert all(operand.op is None for operand in node._prev)
    assert (a / b).data == 1.0 / 3.0


def test_exponents_may_be_anything_real():
    # micrograd #17, #35, #36, #41, #42, #70, #122: asserted int or float; negative bases gave complex numbers
    x, y = Value(2.0), Value(3.0)
    assert (x ** np.float32(2)).data == (x ** np.int64(2)).data == 4.0
    assert gradients(x**y, x, y) == (12.0, 8.0 * math.log(2.0))
    assert math.isnan((Value(-8.0) ** (1 / 3)).data)
    negative = Value(-2.0)
    by_base, by_exponent = gradients(negative**y, negative, y)
    assert by_base == 12.0
    assert math.isnan(by_exponent)


def test_arrays_and_numpy_numbers_on_the_left_find_our_rules():
    # CasADi #103, #203, #1401, #1831; micrograd: an array of objects; MyGrad, HIPS #416, #436
    x = Value(3.0)
    assert gradients(np.float64(2.0) * x, x) == (2.0,)
    assert gradients(np.array(2.0) / x, x) == (-2.0 / 9,)
    assert gradients(np.exp(x), x) == (math.exp(3.0),)
    product = np.array([1.0, 2.0]) * x
    assert type(product) is autograd.Tensor
    assert gradients(product.sum(), x) == (3.0,)


def test_whole_numbers_are_numbers():
    # HIPS #3, #482; PyTorch #37680: integers could not be differentiated
    x = Value(3)
    assert gradients(x**2, x) == (6.0,)
    assert type(Value(np.int8(3)).data) is float


def test_what_is_no_number_is_not_taken():
    # micrograd #16: a Value of a Value nested silently, and Value('a') + 'b' was 'ab'
    for wrong in (Value(1.0), "a", None):
        with pytest.raises(TypeError):
            Value(wrong)


def test_comparisons_are_of_numbers():
    # micrograd: Values could not be compared with <
    assert Value(1.0) < Value(2.0)
    assert max(Value(1.0), Value(3.0), Value(2.0)).data == 3.0


# modes


def test_recording_comes_back_after_an_exception():
    # micrograd-pp: gradients stayed off
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    x = Value(2.0)
    assert gradients(x * x, x) == (4.0,)


# kinks, edges and large numbers


def test_overflow_is_infinity_and_tanh_does_not_overflow():
    # micrograd #74, #88: the naive tanh raised at 1000
    x = Value(1000.0)
    assert x.exp().data == math.inf
    assert x.tanh().data == 1.0
    assert gradients(x.tanh(), x) == (0.0,)


@pytest.mark.parametrize("x", [-1000.0, 1000.0])
def test_logistic_functions_do_not_overflow(x):
    # 1 / (1 + exp(-x)) was nan at -1000 in all of them, or its gradient
    leaf = Value(x)
    assert leaf.sigmoid().data == float(x > 0)
    assert gradients(leaf.sigmoid(), leaf) == (0.0,)
    assert leaf.softplus().data == max(x, 0.0)
    assert gradients(leaf.softplus(), leaf) == (float(x > 0),)
    assert gradients(leaf.log_sigmoid(), leaf) == (float(x < 0),)


def test_the_slope_of_abs_at_zero_is_zero():
    # JAX #37820: 1; MyGrad PR #379
    x = Value(0.0)
    assert gradients(abs(x), x) == (0.0,)


def test_the_slope_of_a_root_at_zero_is_infinite():
    # HIPS on floats, micrograd: ZeroDivisionError
    x = Value(0.0)
    assert gradients(x**0.5, x) == gradients(x.sqrt(), x) == (math.inf,)


def test_the_slope_of_a_length_at_zero_is_zero():
    # norm and hypot: nan in HIPS #183, PyTorch #2421, JAX #3058; ½, ½ in JAX's hypot
    x, y = Value(0.0), Value(0.0)
    assert gradients(autograd.hypot(x, y), x, y) == (0.0, 0.0)


def test_equal_arguments_share_the_gradient_of_a_maximum():
    # MyGrad: 0, 0; tinygrad: 1, 1; HIPS #138, #141, #212; JAX #37821
    x, y = Value(1.0), Value(1.0)
    assert gradients(autograd.maximum(x, y), x, y) == (0.5, 0.5)
    assert gradients(autograd.minimum(x, y), x, y) == (0.5, 0.5)
    assert gradients(autograd.maximum(x, x), x) == (1.0,)


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_clip_has_half_a_slope_at_its_edges(edge):
    # 1 in PyTorch, 0 in HIPS and MyGrad
    x = Value(edge)
    assert gradients(x.clip(0.0, 1.0), x) == (0.5,)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.0, 0.0, (0.0, 0.0)),  # JAX: nan, 0; CasADi: nan, -inf; DeZero's x**0: nan
        (0.0, 2.0, (0.0, 0.0)),  # CasADi #104: 0, nan
        (-2.0, 3.0, (12.0, math.nan)),
        (0.0, 1.0, (1.0, 0.0)),  # tinygrad #8126, #9075, #17397
        (math.inf, 0.0, (0.0, math.inf)),
    ],
)
def test_powers_at_their_edges(x, y, expected):
    base, exponent = Value(x), Value(y)
    np.testing.assert_equal(gradients(base**exponent, base, exponent), expected)


def test_the_mixed_derivative_of_a_power_with_exponent_zero():
    # a formula with the case y = 0 loses the derivative by y
    x, y = Value(2.0), Value(0.0)
    (x**y).backward(create_graph=True)
    assert gradients(x.grad, y) == (0.5,)


def test_logaddexp_of_two_infinities():
    # nan in all of them
    x, y = Value(-math.inf), Value(-math.inf)
    assert autograd.logaddexp(x, y).data == -math.inf
    assert gradients(autograd.logaddexp(x, y), x, y) == (0.5, 0.5)


def test_the_angle_of_the_origin_has_no_slope():
    # nan in JAX, HIPS, MyGrad and CasADi
    x, y = Value(0.0), Value(0.0)
    assert gradients(autograd.arctan2(x, y), x, y) == (0.0, 0.0)


@pytest.mark.parametrize("function", [lambda x: x.log(), lambda x: x * x.log(), lambda x: x.sqrt(), lambda x: 1 / x])
def test_the_branch_that_was_not_taken_hands_nothing_back(function):
    # nan everywhere but in CasADi: PyTorch #68425 and many more, HIPS #396, tinygrad #12409, JAX
    x = Value(0.0)
    assert gradients(autograd.where(x > 0, function(x), x), x) == (1.0,)


def test_a_zero_gradient_still_has_a_derivative():
    # what a mask in place of the careful product would lose
    x = Value(1.0)
    (x.log() ** 2).backward(create_graph=True)
    assert gradients(x.grad, x) == (2.0,)


def test_a_leaf_whose_data_was_set_comes_after_what_was_computed_from_it():
    w, b = Value(2.0, label="w"), Value(3.0, label="b")
    z = w * b + 1.0
    z.backward()
    w.data -= 0.5
    b.data = 1.0
    assert "∂v2/∂w = 3, and backward() finds the same." in explain(z, w)


def test_a_mode_can_be_entered_more_than_once_and_decorates_coroutines():
    x, mode = Value(3.0), no_grad()
    with mode:
        with mode:
            assert (x * x).inputs == ()
        assert (x * x).inputs == ()
    with mode:
        assert (x * x).inputs == ()
    assert (x * x).inputs == (x, x)

    @no_grad
    async def later():
        return x * x

    assert asyncio.run(later()).inputs == ()

    with pytest.raises(TypeError, match="does not decorate a generator"):

        @no_grad()
        def items():
            yield x * x


def test_integers_beyond_all_floats():
    assert Value(2.0) != 10**400
    assert -(10**400) < Value(2.0) < 10**400
    assert Value(-(10**400)).data == -math.inf


def test_numpy_compares_values_to_plain_truths():
    assert type(np.float64(2) < Value(3.0)) is bool


@pytest.mark.parametrize(("slope", "expected"), [(2.0, 1.0), (-1.0, 0.0), (0.1, 0.1)])
def test_kinks_with_other_parameters_have_the_least_subgradient(slope, expected):
    for name in ("leaky_relu", "elu"):
        x, t = Value(0.0), Tensor([0.0])
        getattr(autograd, name)(x, slope).backward()
        getattr(autograd, name)(t, slope).sum().backward()
        assert (x.grad, t.grad.tolist()) == (expected, [expected])


def test_a_label_can_be_taken_away():
    x = Value(1.0, label="x")
    x.label = None
    assert x.label == ""
