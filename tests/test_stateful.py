"""A machine that builds, uses, clears and re-runs graphs at random, beside a naive engine: all gradients agree."""

import math
import operator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import autograd
from autograd import Value
from tests.reference import Reference, apply, number

UNARY = ["neg", "square", "exp", "sin", "cos", "tanh", "relu", "abs"]
BINARY = ["add", "sub", "mul", "div", "maximum"]
OPERATORS = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 0.1]) | st.integers(-3000, 3000).map(lambda x: x / 1000)
CONSTANTS = NUMBERS | st.integers(-3, 3)
PLACES = st.integers(1, 15)  # counted from the newest node
has_gradient = precondition(lambda self: self.gradients)
# What graphs of gradients hold is only our engine's business, so their data is not set to something else.
nobody_asked_for_a_graph = precondition(lambda self: not self.asked_for_a_graph)


class Graphs(RuleBasedStateMachine):
    """Each pair is a node of ours and one of the reference."""

    def __init__(self):
        super().__init__()
        self.pairs = []
        self.gradients = []
        self.asked_for_a_graph = False

    @initialize(data=st.lists(NUMBERS, min_size=2, max_size=4))
    def begin(self, data):
        for x in data:
            self.keep(Value(x), Reference(x))

    def keep(self, value, reference, where=None):
        """Add a pair, unless its number grows beyond comparing."""
        if abs(reference.data) < 1e3:
            (self.pairs if where is None else where).append((value, reference))

    def at(self, place):
        return self.pairs[-min(place, len(self.pairs))]

    @rule(data=NUMBERS)
    def leaf(self, data):
        self.keep(Value(data), Reference(data))

    @rule(steps=st.lists(st.tuples(st.sampled_from(UNARY + 2 * BINARY), PLACES, PLACES), min_size=3, max_size=8))
    def operations(self, steps):
        for name, first, second in steps:
            (x, x_), (y, y_) = self.at(first), self.at(second)
            if name in BINARY:
                name = "mul" if name == "div" and abs(y_.data) < 0.1 else name
                self.keep(getattr(autograd, name)(x, y), apply(name, x_, y_))
            else:
                name = "tanh" if name == "exp" and x_.data > 6 else name
                self.keep(getattr(x, name)(), apply(name, x_))

    @rule(
        name=st.sampled_from(list(OPERATORS)),
        place=PLACES,
        constant=NUMBERS | st.integers(-3, 3),
        is_first=st.booleans(),
    )
    def with_a_constant(self, name, place, constant, is_first):
        x, x_ = self.at(place)
        ours, theirs = ((constant, x), (float(constant), x_)) if is_first else ((x, constant), (x_, float(constant)))
        name = "sub" if name == "div" and abs(number(theirs[1])) < 0.1 else name
        self.keep(OPERATORS[name](*ours), apply(name, *theirs))

    @rule(place=PLACES)
    def with_itself(self, place):
        x, x_ = self.at(place)
        self.keep(x * x, apply("mul", x_, x_))
        self.keep(x + x, apply("add", x_, x_))
        self.keep(autograd.maximum(x, x), apply("maximum", x_, x_))

    @rule(condition=PLACES, first=PLACES, second=PLACES)
    def choice(self, condition, first, second):
        (c, c_), (x, x_), (y, y_) = map(self.at, (condition, first, second))
        self.keep(autograd.where(c > 0, x, y), apply("where", float(c_.data > 0), x_, y_))

    @rule(first=PLACES, second=PLACES)
    def unrecorded(self, first, second):
        (x, x_), (y, y_) = self.at(first), self.at(second)
        with autograd.no_grad():
            product = x * y
        self.keep(product, Reference(x_.data * y_.data))
        self.keep(x.detach(), Reference(x_.data))

    @rule(place=PLACES)
    def forgotten(self, place):
        if len(self.pairs) > 2:
            self.pairs.remove(self.at(place))

    @rule(place=PLACES, zero=st.sampled_from([0.0, 0, None]))
    def cleared(self, place, zero):
        x, x_ = self.at(place)
        x.grad, x_.grad = zero, 0.0

    @rule()
    def all_cleared(self):
        for x, x_ in self.pairs:
            x.grad, x_.grad = None, 0.0

    @rule(place=PLACES, gradient=NUMBERS)
    def gradient_set(self, place, gradient):
        x, x_ = self.at(place)
        x.grad = x_.grad = gradient

    @nobody_asked_for_a_graph
    @rule(place=PLACES, data=NUMBERS)
    def re_bound(self, place, data):
        x, x_ = self.at(place)
        x.data = x_.data = data
        x_.version += 1

    @rule(place=PLACES, upstream=st.none() | NUMBERS)
    def backward(self, place, upstream):
        x, x_ = self.at(place)
        x.backward(upstream)
        x_.backward(1.0 if upstream is None else upstream)

    def as_graph(self, x, x_):
        if x_.is_stale():
            with pytest.raises(RuntimeError):
                x.backward(create_graph=True)
        else:
            self.asked_for_a_graph = True
            x.backward(create_graph=True)
            x_.backward(as_graph=True)

    @rule(place=PLACES)
    def backward_as_graph(self, place):
        self.as_graph(*self.at(place))
        self.gradients = []
        for leaf, leaf_ in self.pairs:
            if isinstance(leaf.grad, Value):
                theirs = leaf_.grad if isinstance(leaf_.grad, Reference) else Reference(leaf_.grad)
                self.keep(leaf.grad, theirs, self.gradients)

    # The engines sum in different order, so a gradient must not decide on which side of a kink something lies.
    @has_gradient
    @rule(name=st.sampled_from(["add", "sub", "mul"]), place=PLACES, other=PLACES)
    def gradients_used(self, name, place, other):
        (x, x_), (y, y_) = self.gradients[place % len(self.gradients)], self.at(other)
        self.keep(getattr(autograd, name)(x, y), apply(name, x_, y_), self.gradients)
        self.keep(x.tanh(), apply("tanh", x_), self.gradients)

    @has_gradient
    @rule(place=PLACES, again_as_graph=st.booleans())
    def backward_from_a_gradient(self, place, again_as_graph):
        x, x_ = self.gradients[place % len(self.gradients)]
        if again_as_graph:
            self.as_graph(x, x_)
        else:
            x.backward()
            x_.backward()
        # Whether a node in between was reached at all depends on which zeros were dropped on the way.
        for node, node_ in self.pairs:
            if node_.name:
                node.grad = node_.grad = 0.0

    @invariant()
    def all_data_and_gradients_agree(self):
        largest = max((abs(number(x_.grad)) for _, x_ in self.pairs), default=1.0)
        for x, x_ in self.pairs + self.gradients:
            assert math.isclose(x.data, x_.data, rel_tol=1e-9, abs_tol=1e-9)
        for x, x_ in self.pairs:
            gradient = x.grad.data if isinstance(x.grad, Value) else x.grad or 0.0
            assert math.isclose(gradient, number(x_.grad), rel_tol=1e-9, abs_tol=1e-11 * largest)


TestGraphs = Graphs.TestCase
TestGraphs.settings = settings(max_examples=5 * settings().max_examples, stateful_step_count=30)
