"""`Value`: what it is made of and what it refuses, its operators beside any kind of number, comparisons, formatting,
identity, copies and pickles.
"""

import copy
import decimal
import fractions
import gc
import itertools
import math
import operator
import pickle
import random
import weakref

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.rows import ROWS

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod, operator.floordiv]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
# the number 2 of every kind
TWOS = [2, 2.0, np.float64(2), np.float32(2), np.float16(2), np.int64(2), np.uint8(2), np.array(2.0), np.array(2),
        fractions.Fraction(2)]  # fmt: skip
ONES = [True, np.True_]
ids = [f"{type(two).__name__}{getattr(two, 'dtype', '')}" for two in TWOS + ONES]


class TestMaking:
    def test_a_new_leaf(self):
        x = Value(2.0)
        assert (x.data, x.grad, x.op, x.inputs, x.label) == (2.0, 0.0, None, (), "")
        assert (x._op, set(x._prev)) == ("", set())
        assert x.item() == 2.0

    @pytest.mark.parametrize("number", TWOS + ONES, ids=ids)
    def test_any_real_number_becomes_a_float(self, number):
        for data in (Value(number).data, Value(number).item()):
            assert type(data) is float
            assert data == float(number)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ("3", r"Value\(\) of the string '3': write Value\(float\('3'\)\)"),
            (np.str_("3"), r"Value\(\) of the string .*: write Value\(float\("),
            (b"3", r"Value\(\) takes a real number, not a bytes"),
            (1j, r"Value\(\) of the complex number 1j: gradients here are real; use \.real or \.imag"),
            (np.complex128(1j), r"Value\(\) of the complex number .*: gradients here are real"),
            (np.complex64(1j), r"Value\(\) takes a real number, not a complex64"),
            (np.array(1j), r"Value\(\) takes a real number, not an array of shape \(\) and dtype complex128"),
            (None, r"Value\(\) takes a real number, not None"),
            ([1.0], r"Value\(\) takes a real number, not a list"),
            (np.ones(1), r"Value\(\) takes a real number, not an array of shape \(1,\) and dtype float64"),
            (np.ones((2, 2)), r"Value\(\) takes a real number, not an array of shape \(2, 2\)"),
            (object(), r"Value\(\) takes a real number, not an object"),
        ],
        ids=lambda wrong: type(wrong).__name__,
    )
    def test_what_is_not_a_real_number_is_refused(self, wrong, message):
        with pytest.raises(TypeError, match=message):
            Value(wrong)
        x = Value(2.0)
        with pytest.raises(TypeError, match=message):
            x.data = wrong
        assert x.data == 2.0

    def test_a_value_of_a_value_is_refused(self):
        with pytest.raises(TypeError, match=r"it is in a graph already; use it as it is, or Value\(x\.data\)"):
            Value(Value(1.0))

    def test_labels(self):
        x = Value(1.0, label="weight")
        y = x * 2.0
        y.label = "output"
        assert (x.label, y.label) == ("weight", "output")
        assert repr(x) == "Value(data=1.0, grad=0.0, label='weight')"

    @pytest.mark.parametrize("name", ["_prev", "_op", "inputs", "partials", "datum"])
    def test_what_is_not_for_writing(self, name):
        x = Value(1.0)
        with pytest.raises(AttributeError):
            setattr(x, name, 1.0)

    def test_data_is_always_a_float(self):
        x = Value(1.0)
        for number in TWOS:
            x.data = number
            assert type(x.data) is float
        x.data += 1
        assert x.data == 3.0

    def test_detached(self):
        x = Value(2.0)
        y = (x * x).detach()
        assert (y.data, y.inputs) == (4.0, ())


class TestOperators:
    def test_symbols_are_micrograds(self):
        a, b = Value(2.0), Value(3.0)
        nodes = [a + b, a * b, a**2, a**-0.5, a**3.0, a.relu(), a - b, a / b, -a, a**b, a.tanh(), a.exp()]
        assert [node._op for node in nodes] == [
            "+", "*", "**2", "**-0.5", "**3", "ReLU", "-", "/", "-", "**", "tanh", "exp",
        ]  # fmt: skip

    def test_inputs_are_in_order_and_once(self):
        a, b = Value(2.0), Value(3.0)
        for _ in range(20):
            assert list((a * b)._prev) == [a, b]
            assert list((b * a)._prev) == [b, a]
        assert list((a * a)._prev) == [a]
        assert (a * a).inputs == (a, a)
        assert (2.0 - a).inputs == (2.0, a)
        assert list((2.0 - a)._prev) == [a]

    @pytest.mark.parametrize("number", TWOS + ONES, ids=ids)
    @pytest.mark.parametrize("operation", OPERATORS)
    def test_numbers_of_any_kind_on_either_side(self, operation, number):
        x = Value(0.75)
        for result, expected in (
            (operation(x, number), operation(0.75, float(number))),
            (operation(number, x), operation(float(number), 0.75)),
        ):
            assert type(result) is Value
            assert type(result.data) is float
            assert result.data == expected
        left, right = Value(0.75), Value(float(number))
        x.grad = 0.0
        (operation(x, number) + operation(number, x)).backward()
        (operation(left, right) + operation(right, left)).backward()
        assert x.grad == left.grad

    @pytest.mark.parametrize("operation", OPERATORS)
    def test_assignment_operators_make_a_new_node(self, operation):
        assigning = getattr(operator, f"i{operation.__name__}")
        x = y = Value(3.0)
        y = assigning(y, 2)
        assert x.data == 3.0
        assert y.data == operation(3.0, 2.0)
        assert y.inputs[0] is x

    def test_signs(self):
        x = Value(-3.0)
        assert ((-x).data, (+x).data, abs(x).data) == (3.0, -3.0, 3.0)
        assert (+x).inputs == (x,)

    def test_sums(self):
        numbers = [Value(float(number)) for number in range(4)]
        assert sum([]) == 0
        assert sum(number * number for number in numbers).data == 14.0
        assert sum(numbers, Value(1.0)).data == 7.0
        total = sum(numbers)
        total.backward()
        assert [number.grad for number in numbers] == [1.0] * 4
        assert math.prod(numbers[1:]).data == 6.0
        assert (max(numbers), min(numbers)) == (numbers[3], numbers[0])
        assert sorted(random.Random(0).sample(numbers, 4)) == numbers

    def test_exponents_that_are_values(self):
        x, y = Value(2.0), Value(3.0)
        (x**y).backward()
        assert x.grad == 12.0
        assert y.grad == pytest.approx(8 * math.log(2), rel=1e-15)
        assert (3**x).data == 9.0

    def test_a_cube_root_of_a_negative_number_is_nan_and_never_complex(self):
        assert math.isnan((Value(-8.0) ** (1 / 3)).data)
        assert Value(-8.0).cbrt().data == -2.0

    @pytest.mark.parametrize(
        ("computed", "expected"),
        [
            (lambda: Value(1) / 0, math.inf),
            (lambda: Value(-1) / 0.0, -math.inf),
            (lambda: 1 / Value(-0.0), -math.inf),
            (lambda: Value(0) / 0, math.nan),
            (lambda: Value(0.0).log(), -math.inf),
            (lambda: Value(-1.0).log(), math.nan),
            (lambda: Value(-1.0).sqrt(), math.nan),
            (lambda: Value(1000.0).exp(), math.inf),
            (lambda: Value(-1000.0).exp(), 0.0),
            (lambda: Value(1e308) * 10, math.inf),
            (lambda: Value(1e308) ** 2, math.inf),
            (lambda: Value(-1e308) ** 3, -math.inf),
            (lambda: 10 ** Value(400), math.inf),
            (lambda: Value(0.0) ** -1, math.inf),
            (lambda: Value(0.0) ** 0, 1.0),
            (lambda: Value(math.inf) - math.inf, math.nan),
            (lambda: Value(math.inf).sin(), math.nan),
            (lambda: Value(5.0) % 0, math.nan),
            (lambda: Value(5.0) // 0, math.inf),
            (lambda: Value(2.0).arcsin(), math.nan),
            (lambda: Value(1.0).arctanh(), math.inf),
            (lambda: Value(800.0).sinh(), math.inf),
            (lambda: np.float64(1) / Value(0), math.inf),
            (lambda: np.log(Value(0)), -math.inf),
            (lambda: autograd.log(Value(0)), -math.inf),
            (lambda: Value(math.inf).floor(), math.inf),
            (lambda: Value(math.nan).round(), math.nan),
        ],
    )
    def test_ieee_results_and_never_an_exception(self, computed, expected):
        result = computed()
        result.backward()
        np.testing.assert_equal(result.data, expected)

    @pytest.mark.parametrize(
        ("x", "y", "quotient", "rest"),
        [
            (1.0, 0.1, 9.0, 0.09999999999999995),
            (-7.0, 2.0, -4.0, 1.0),
            (7.0, -2.0, -4.0, -1.0),
            (1e17, 3.0, 1e17 // 3, 1.0),
            (-4.0, 2.0, -2.0, 0.0),
            (5.0, math.inf, 0.0, 5.0),
        ],
    )
    def test_division_with_rest_is_pythons(self, x, y, quotient, rest):
        assert (Value(x) // y).data == quotient == x // y
        assert (Value(x) % y).data == x % y == pytest.approx(rest)

    @pytest.mark.parametrize("operation", OPERATORS)
    @pytest.mark.parametrize("wrong", ["3", None, 1j, object(), [1.0], (), {}], ids=lambda wrong: type(wrong).__name__)
    def test_what_is_not_a_number_is_refused(self, operation, wrong):
        x = Value(2.0)
        for operands in ((x, wrong), (wrong, x)):
            with pytest.raises(TypeError):
                operation(*operands)
        assert (x.data, x.grad) == (2.0, 0.0)

    def test_a_method_says_what_was_wrong(self):
        with pytest.raises(TypeError, match=r"maximum\(\) of a Value and a str: expected Values or real numbers"):
            Value(1.0).maximum("2")
        with pytest.raises(TypeError, match=r"slope of leaky_relu\(\) is a constant parameter: pass slope\.data"):
            Value(1.0).leaky_relu(Value(0.1))

    def test_parameters_have_defaults_and_names(self):
        x = Value(-2.0)
        assert x.leaky_relu().data == -0.02
        assert x.leaky_relu(0.5).data == x.leaky_relu(slope=0.5).data == autograd.leaky_relu(x, slope=0.5).data == -1.0
        assert x.elu(alpha=2).data == 2 * math.expm1(-2)
        assert x.clip(-1, 1).data == -1.0


class TestConversions:
    @pytest.mark.parametrize(
        "convert", [float, int, complex, operator.index, math.sin, math.exp, range, lambda x: [1, 2][x], "%.2f".__mod__]
    )
    def test_what_would_lose_the_gradient_is_refused(self, convert):
        with pytest.raises(TypeError, match=r"write v\.data for the number, and np\.sin\(v\) or v\.sin\(\)"):
            convert(Value(1.0))

    def test_an_array_of_a_value_is_refused(self):
        x = Value(1.0)
        with pytest.raises(TypeError, match=r"write v\.data for the number, or autograd\.stack\(\[v, w\]\)"):
            np.asarray(x)
        with pytest.raises(TypeError, match="its gradient would be lost"):
            np.array([x, x])

    @pytest.mark.parametrize(
        ("round_", "expected"), [(round, 2.0), (math.floor, 2.0), (math.ceil, 3.0), (math.trunc, 2.0)]
    )
    def test_pythons_rounding_is_a_row(self, round_, expected):
        x = Value(2.5)
        result = round_(x)
        assert (result.data, result.inputs) == (expected, (x,))

    def test_rounding_to_digits_is_refused(self):
        with pytest.raises(TypeError, match=r"round\(\) of a Value takes no digits"):
            round(Value(2.55), 1)

    @pytest.mark.parametrize(("x", "truth"), [(0.0, False), (-0.0, False), (2.0, True), (math.nan, True)])
    def test_truth_is_that_of_the_number(self, x, truth):
        assert bool(Value(x)) is truth

    @pytest.mark.parametrize("compare", COMPARISONS)
    @pytest.mark.parametrize("other", [1.0, 2, 3.0, math.nan, np.float64(2), np.int64(3), np.array(2.0), True])
    def test_comparisons_are_of_the_numbers(self, compare, other):
        x = Value(2.0)
        expected = compare(2.0, float(other))
        assert compare(x, Value(other)) is expected
        assert compare(x, other) is expected
        assert compare(other, x) == compare(float(other), 2.0)

    def test_comparisons_with_anything_else(self):
        x = Value(2.0)
        assert x != "2"
        assert x != None  # noqa: E711
        for compare in COMPARISONS[:4]:
            with pytest.raises(TypeError):
                compare(x, "2")
        assert x in [2.0]
        assert x not in ["x", None, 3.0]

    @pytest.mark.parametrize(
        ("spec", "text"),
        [(".3f", "3.142"), ("8.2e", "3.14e+00"), ("+.1f", "+3.1"), (">6.1f", "   3.1"), ("g", "3.14159")],
    )
    def test_formats_are_those_of_the_number(self, spec, text):
        assert f"{Value(math.pi):{spec}}" == text

    def test_representation(self):
        x = Value(3)
        y = x * x
        assert repr(y) == repr(x.square()) == "Value(data=9.0, grad=0.0)"
        y.backward()
        assert repr(x) == str(x) == f"{x}" == "Value(data=3.0, grad=6.0)"
        x.grad = None
        assert repr(x) == "Value(data=3.0, grad=None)"

    def test_a_deep_graph_is_shown_at_once(self):
        x = Value(1.0)
        for _ in range(100_000):
            x = x + 1.0
        x.backward(create_graph=True)
        assert repr(x) == "Value(data=100001.0, grad=1.0)"


class TestIdentity:
    def test_equal_numbers_are_not_one_node(self):
        a, b = Value(1.0), Value(1.0)
        assert a == b
        assert len({a, b}) == 2
        assert {a: "a", b: "b"}[b] == "b"
        (2 * a + 3 * b).backward()
        assert (a.grad, b.grad) == (2.0, 3.0)

    def test_the_hash_stays(self):
        x = Value(1.0)
        before = hash(x)
        x.data = 2.0
        x.grad = 3.0
        assert hash(x) == before
        assert x in {x}

    def test_weak_references(self):
        x = Value(1.0)
        alive = weakref.ref(x)
        table = weakref.WeakKeyDictionary({x: 1})
        assert alive() is x
        del x
        assert alive() is None
        assert not table


class TestNumPy:
    def test_its_functions_are_rows(self):
        x = Value(0.5)
        for name in "exp log tanh sin cos sqrt abs square negative arctan floor sign expm1 log1p cbrt".split():
            result = getattr(np, name)(x)
            assert type(result) is Value
            assert result.data == pytest.approx(getattr(np, name)(0.5), rel=1e-15)
            assert result.inputs == (x,)
        assert np.maximum(x, 2).data == np.maximum(2, x).data == 2.0
        assert np.hypot(3.0, Value(4.0)).data == 5.0
        assert np.power(2, x).inputs == (2.0, x)
        assert np.arctan2(x, np.float32(1)).inputs == (x, 1.0)

    def test_clip_and_where(self):
        x = Value(2.0)
        assert np.clip(x, 0, 1).data == 1.0
        assert np.clip(x, 0, Value(1.5)).data == 1.5
        assert np.where(x > 1, x, 0.0).data == 2.0
        assert np.where(x < 1, x, 0.0).data == 0.0
        assert np.round(x).data == 2.0

    def test_questions_are_answered_by_the_number(self):
        assert np.isnan(Value(math.nan))
        assert not np.isinf(Value(1.0))
        assert np.isfinite(Value(1.0))
        assert np.less(1.0, Value(2.0))

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (lambda x: np.gcd(x, 2), r"np\.gcd has no derivative rule, so it would lose the gradient; pass x\.data"),
            (lambda x: np.linalg.eig(x), r"no derivative rule"),
            (lambda x: np.exp(x, out=np.zeros(())), r"np\.exp with out= has no rule for nodes"),
            (lambda x: np.add(x, 1.0, where=[True]), r"np\.add with where= has no rule for nodes"),
            (lambda x: np.divide.reduce(x), r"np\.divide\.reduce has no rule for nodes"),
        ],
    )
    def test_what_has_no_rule_is_refused(self, wrong, message):
        with pytest.raises(TypeError, match=message):
            wrong(Value(1.0))

    def test_functions_of_plain_numbers_are_plain(self):
        assert type(autograd.exp(1)) is float
        assert autograd.maximum(1, 2.5) == 2.5
        assert autograd.log(0) == -math.inf
        np.testing.assert_array_equal(autograd.relu([-1.0, 2.0]), [0.0, 2.0])
        np.testing.assert_array_equal(autograd.log(np.array([0.0, 1.0])), [-np.inf, 0.0])


class TestRefusalsLeaveEverythingAsItWas:
    BAD = (
        lambda x: Value("3"),
        lambda x: Value(x),
        lambda x: Value(1j),
        lambda x: float(x),
        lambda x: math.sin(x),
        lambda x: x + "3",
        lambda x: x.maximum(None),
        lambda x: np.asarray(x),
        lambda x: np.gcd(x, 2),
        lambda x: x.backward("3"),
        lambda x: x.backward([1.0]),
        lambda x: x.exp(2),
        lambda x: x.clip(0),
        lambda x: autograd.exp(),
        lambda x: autograd.exp(x, x),
        lambda x: autograd.leaky_relu(x, slop=1),
        lambda x: x.leaky_relu(x),
        lambda x: round(x, 2),
        lambda x: setattr(x, "data", "3"),
        lambda x: operator.setitem(x, 0, 1.0),
        lambda x: x[0],
        lambda x: len(x),
        lambda x: list(x),
        lambda x: x @ x,
        lambda x: x(),
    )

    @pytest.mark.parametrize("bad", BAD)
    @pytest.mark.parametrize("recorded", [True, False])
    def test_graph_and_gradients(self, bad, recorded):
        leaf, other = Value(2.0), Value(3.0)
        node = leaf * other
        (node * 2.0).backward()
        x = node if recorded else leaf
        with pytest.raises((TypeError, AttributeError)) as caught:
            bad(x)
        assert len(str(caught.value)) > 15
        assert (leaf.data, leaf.grad, other.grad, node.grad, node.inputs) == (2.0, 6.0, 4.0, 2.0, (leaf, other))
        node.backward()
        assert (leaf.grad, other.grad) == (6.0 + 3.0, 4.0 + 2.0)
        assert autograd.is_recording()


def nodes_below(root):
    found, stack = {}, [root]
    while stack:
        node = stack.pop()
        if id(node) not in found:
            found[id(node)] = node
            stack.extend(operand for operand in node.inputs if isinstance(operand, Value))
    return sorted(found.values(), key=lambda node: node.number)


def random_graph(seed):
    source = random.Random(seed)
    nodes = [Value(source.uniform(-1, 1), label=f"leaf {index}") for index in range(4)]
    for _ in range(40):
        x, y = source.choice(nodes), source.choice(nodes)
        choices = [x + y, x * y, x - 2.0, 2.0 / (x * x + 1.0), x.tanh(), x.clip(-0.5, y), x.leaky_relu(0.2)]
        nodes.append(source.choice(choices))
    return sum(nodes)


COPIES = [copy.deepcopy, *(lambda node, p=protocol: pickle.loads(pickle.dumps(node, p)) for protocol in range(6))]


class TestCopies:
    @pytest.mark.parametrize("copied", COPIES)
    @pytest.mark.parametrize("seed", range(5))
    def test_a_graph_comes_back_whole(self, copied, seed):
        root = random_graph(seed)
        root.backward()
        twin = copied(root)
        mine, its = nodes_below(root), nodes_below(twin)
        place = {node: index for index, node in enumerate(mine)}
        its_place = {node: index for index, node in enumerate(its)}
        assert len(mine) == len(its)
        for node, other in zip(mine, its, strict=True):
            assert node is not other
            assert (node.data, node.grad, node.label, node.op) == (other.data, other.grad, other.label, other.op)
            assert node.partials == other.partials
            assert [place.get(each, each) if isinstance(each, Value) else each for each in node.inputs] == [
                its_place.get(each, each) if isinstance(each, Value) else each for each in other.inputs
            ]
        for node in (*mine, *its):
            node.grad = 0.0
        root.backward(create_graph=True)
        twin.backward(create_graph=True)
        assert [node.grad.data for node in mine if not node.inputs] == [
            node.grad.data for node in its if not node.inputs
        ]

    @pytest.mark.parametrize("copied", COPIES)
    def test_a_copy_is_independent(self, copied):
        x = Value(3.0)
        twin = copied(x * x)
        twin.backward()
        assert x.grad == 0.0
        (leaf,) = twin._prev
        assert leaf.grad == 6.0

    @pytest.mark.parametrize("copied", COPIES)
    def test_leaves_keep_their_identity_inside_one_copy(self, copied):
        x, w = Value(3.0, label="x"), Value(2.0, label="w")
        y, z = x * w, x + w
        new_x, new_y, new_z, new_w = copied([x, y, z, w])
        assert new_y.inputs == new_z.inputs == (new_x, new_w)
        assert all(mine is its for mine, its in zip(new_y.inputs, (new_x, new_w), strict=True))
        (new_y + new_z).backward()
        assert (new_x.grad, new_w.grad) == (3.0, 4.0)

    def test_deepcopy_keeps_all_identities(self):
        x = Value(3.0)
        y = x * x
        new_z, new_y = copy.deepcopy([y + 1.0, y])
        assert new_z.inputs[0] is new_y
        assert copy.deepcopy({"y": y, "again": y})["y"].data == 9.0

    def test_a_shallow_copy_shares_its_inputs(self):
        x = Value(3.0, label="x")
        y = x * x
        twin = copy.copy(y)
        assert twin is not y
        assert all(each is x for each in twin.inputs)
        twin.backward()
        assert (x.grad, y.grad) == (6.0, 0.0)
        leaf = copy.copy(x)
        leaf.data = 5.0
        assert (x.data, leaf.label) == (3.0, "x")

    @pytest.mark.parametrize("copied", [COPIES[0], COPIES[-1]])
    def test_graphs_a_hundred_thousand_deep(self, copied):
        x = Value(1.0)
        y = x
        for index in range(100_000):
            y = y + 1.0 if index % 2 else y * 1.0
        y.backward()
        twin = copied(y)
        assert twin.data == y.data
        twin.backward()
        leaf = nodes_below(twin)[0]
        assert leaf.grad == 2.0
        assert leaf is not x

    @pytest.mark.parametrize("copied", COPIES)
    def test_a_copied_graph_is_freed_by_reference_counting(self, copied):
        gc.collect()
        gc.disable()
        try:
            x = Value(1.0)
            twin = copied((x * x).exp())
            alive = [weakref.ref(node) for node in nodes_below(twin)]
            del twin
            assert [node() for node in alive] == [None] * 3
        finally:
            gc.enable()

    @pytest.mark.parametrize("copied", COPIES)
    def test_new_operations_come_after_the_copy(self, copied):
        x = Value(2.0)
        twin = copied(x * x)
        later = twin * twin + Value(1.0) * twin
        assert later.number > twin.number > max(each.number for each in twin.inputs)
        later.backward()
        assert twin.grad == 9.0

    def test_many_leaves_with_graphs_of_gradients(self):
        leaves = [Value(float(index)) for index in range(500)]
        y = sum(leaf * leaf for leaf in leaves) ** 2
        y.backward(create_graph=True)
        stored = pickle.dumps(y)
        assert len(stored) < 1_000_000
        again = nodes_below(pickle.loads(stored))[:500]
        assert [leaf.grad for leaf in again] == [leaf.grad.data for leaf in leaves]
        twin = copy.deepcopy(y)
        assert [leaf.grad.data for leaf in nodes_below(twin)[:500]] == [leaf.grad.data for leaf in leaves]

    @pytest.mark.parametrize("copied", COPIES)
    @pytest.mark.parametrize("changed", ["leaf", "node"])
    def test_re_bound_data_is_still_known_after_a_copy(self, copied, changed):
        x = Value(3.0)
        y = x * x
        (x if changed == "leaf" else y).data = 5.0
        twin = copied(y * 1.0) if changed == "node" else copied(y)
        with pytest.raises(RuntimeError, match=r"\.data of .* was set since"):
            twin.backward(create_graph=True)
        twin.backward()
        assert [node.grad for node in nodes_below(twin) if node.op is None] == [6.0]


def test_every_row_is_a_method_and_a_function():
    for name, row in ROWS.items():
        assert callable(getattr(Value, name))
        assert callable(getattr(autograd, name))
        assert name in autograd.__all__
        assert row.texts["z"] in getattr(autograd, name).__doc__
        operands = [Value(0.5 + index) for index in range(len(row.args))]
        by_method, by_function = getattr(operands[0], name)(*operands[1:]), getattr(autograd, name)(*operands)
        np.testing.assert_equal(by_method.data, by_function.data)
        assert getattr(Value, name).__name__ == name
        assert getattr(Value, name).__doc__


def test_memory_of_a_node():
    x = Value(1.0)
    y = x + 1.0
    assert not hasattr(y, "__dict__")
    assert object.__sizeof__(y) <= 120


def test_special_floats_survive_everything():
    for data, label in itertools.product((math.inf, -math.inf, math.nan, -0.0, 5e-324), ("", "<b>", "a|b{c}", "é\0")):
        x = Value(data, label=label)
        for copied in COPIES:
            assert repr(copied(x)) == repr(x)


class TestByHand:
    """The chain rule one node at a time, as one does who learns it."""

    def test_steps_by_hand_are_the_walk(self):
        x, w = Value(2.0), Value(-3.0)
        n = x * w + x
        o = n.tanh()
        o.grad = 1.0
        for node in (o, n, *n.inputs, x, w):
            node._backward()
        by_hand = x.grad, w.grad
        x.grad = w.grad = 0.0
        o.backward()
        assert by_hand == pytest.approx((x.grad, w.grad), rel=1e-15)

    def test_a_value_and_an_array_of_any_kind(self):
        matrix = np.array([[1.0, 3.0]]).view(np.matrix)
        for made in (Value(2.0) * matrix, matrix * Value(2.0)):
            assert made.tolist() == [[2.0, 6.0]]
        for operation in (operator.add, operator.mod, operator.pow):
            with pytest.raises(TypeError, match="lose its mask"):
                operation(Value(2.0), np.ma.array([1.0, 2.0], mask=[0, 1]))

    def test_what_a_subclass_holds_is_copied_too(self):
        class Named(Value):
            pass

        value = Named(3.0)
        value.extra = ["e"]
        assert copy.copy(value).extra == ["e"]
        assert copy.deepcopy(value).extra == ["e"]

    def test_ints_beyond_all_floats(self):
        far = 10**400
        found = [Value(0.5) + far, far - Value(0.5), Value(0.5) ** far, Value(0.5).maximum(far), Value(0.5) / -far]
        assert [each.data for each in found] == [math.inf, math.inf, 0.0, math.inf, -0.0]

    def test_a_walk_that_fails_changes_no_gradient(self):
        x = Value(2.0)
        x.grad = "a"
        y = x * 3
        with pytest.raises(TypeError, match="the gradient of a leaf was set to a str"):
            y.backward()
        assert (x.grad, y.grad) == ("a", 0.0)

    def test_arccosh_far_out(self):
        assert autograd.grad(np.arccosh)(1e200) == pytest.approx(1e-200, rel=1e-15)
        assert autograd.grad(np.arccosh)(1.0) == math.inf

    def test_decimals(self):
        with pytest.raises(TypeError, match="float"):
            Value(decimal.Decimal("0.1"))
