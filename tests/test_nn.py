"""Modules, neurons, layers, MLP and the optimisers: micrograd's interface and numbers, parameters found, bad input."""

import copy
import gc
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, Value, draw, scopes
from nn import MLP, SGD, Adam, Layer, Linear, Module, Neuron, Optimizer, Sequential


def weights(module):
    return [parameter.data for parameter in module.parameters()]


def gradients(module):
    return [parameter.grad for parameter in module.parameters()]


# ---- micrograd's interface and numbers


@pytest.fixture
def small_net():
    """A 3-2-2 network with round weights; the second hidden neuron is off at [1, -2, ½]."""
    net = MLP(3, [2, 2])
    for parameter, weight in zip(
        net.parameters(), [0.5, -0.25, 1.5, 0.1, -1, 0.75, 0.3, -0.2, 2, -0.5, 0.1, 0.4, 0.6, -0.3], strict=True
    ):
        parameter.data = weight
    return net


def test_outputs_and_gradients_are_micrograds(small_net):
    first, second = small_net([1.0, -2.0, 0.5])
    assert (first.data, second.data) == (3.8000000000000003, 0.4400000000000001)  # as micrograd has them
    (first * second).backward()
    assert gradients(small_net) == [
        2.4000000000000004, -4.800000000000001, 1.2000000000000002, 2.4000000000000004, 0.0, 0.0, 0.0, 0.0,
        0.8140000000000003, 0.0, 0.4400000000000001, 7.030000000000001, 0.0, 3.8000000000000003,
    ]  # fmt: skip


def test_numpy_numbers_and_values_are_inputs_too(small_net):
    expected = [output.data for output in small_net([1.0, -2.0, 0.5])]
    assert [output.data for output in small_net(np.array([1.0, -2.0, 0.5]))] == expected
    assert [output.data for output in small_net([Value(1), -2, np.float32(0.5)])] == expected


def test_names_are_micrograds():
    assert repr(MLP(3, [2, 1])) == "MLP of [Layer of [ReLUNeuron(3), ReLUNeuron(3)], Layer of [LinearNeuron(2)]]"
    assert repr(Neuron(2, nonlin=False)) == "LinearNeuron(2)"
    assert repr(Neuron(2, activation="tanh")) == "tanhNeuron(2)"


def test_attributes_are_micrograds():
    net = MLP(2, [3, 1])
    neuron = net.layers[0].neurons[0]
    assert (len(neuron.w), neuron.b.data, neuron.nonlin) == (2, 0.0, True)
    assert net.layers[1].neurons[0].nonlin is False
    assert net.parameters()[:3] == [*neuron.w, neuron.b]


def test_inputs_may_come_one_by_one():
    net = MLP(2, [3, 1], rng=0)
    assert net(map(Value, [1.0, 2.0])).data == net([1.0, 2.0]).data == net(iter((1.0, 2.0))).data


def test_a_layer_of_one_neuron_returns_its_value_and_any_other_a_list():
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    assert [type(output) for output in MLP(2, [3, 2])([1.0, 2.0])] == [Value, Value]


def test_a_hidden_layer_may_be_one_neuron_wide():
    net = MLP(2, [1, 1, 2])
    for parameter, weight in zip(net.parameters(), [1, 2, 3, 4, 5, 6, 7, 8, 9], strict=True):
        parameter.data = weight
    first, second = net([1.0, 1.0])  # 6, 29, (181, 241)
    assert (first.data, second.data) == (29 * 6 + 7, 29 * 8 + 9)
    first.backward()
    assert gradients(net) == [24, 24, 24, 36, 6, 29, 1, 0, 0]


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "leaky_relu", "silu"])
def test_hidden_neurons_use_the_activation_and_the_last_layer_none(activation):
    net = MLP(1, [1, 1], activation=activation)
    for parameter, weight in zip(net.parameters(), [-2, 0.5, 3, 1], strict=True):
        parameter.data = weight
    assert net([1.0]).data == 1 + 3 * getattr(Value(-1.5), activation)().data


# ---- how weights begin


@pytest.mark.parametrize(
    "make", [lambda rng: Neuron(9, rng=rng), lambda rng: Layer(3, 3, rng=rng), lambda rng: MLP(3, [3, 2], rng=rng)]
)
def test_a_seed_or_a_generator_decides_the_weights(make):
    before = np.random.get_state()[1].copy()
    assert weights(make(7)) == weights(make(7)) == weights(make(np.random.default_rng(7)))
    assert weights(make(7)) != weights(make(8))
    assert weights(make(None)) != weights(make(None))
    generator = np.random.default_rng(7)
    assert weights(make(generator)) != weights(make(generator))
    assert (np.random.get_state()[1] == before).all()


def test_weights_are_uniform_and_biases_zero():
    net = MLP(30, [30, 30], rng=0)
    drawn = np.array([w.data for layer in net.layers for neuron in layer.neurons for w in neuron.w])
    assert len(set(drawn)) == drawn.size == 1800
    assert -1 <= drawn.min() < -0.99 < 0.99 < drawn.max() < 1
    assert abs(drawn.mean()) < 0.05
    assert drawn.std() == pytest.approx(1 / math.sqrt(3), abs=0.02)
    assert all(neuron.b.data == 0.0 for layer in net.layers for neuron in layer.neurons)


# ---- modules


class Scaled(Module):
    def __init__(self):
        self.scale = Value(2.0)
        self.blocks = {"first": Layer(1, 1, rng=0), "others": (Neuron(1, rng=1), [Value(3.0)])}
        self.name, self.sizes, self.nothing = "scaled", [1, 2, 3], None


def test_parameters_are_found_in_the_order_they_were_stored():
    assert [name for name, _ in Scaled().named_parameters()] == [
        "scale", "blocks.first.neurons.0.w.0", "blocks.first.neurons.0.b",
        "blocks.others.0.w.0", "blocks.others.0.b", "blocks.others.1.0",
    ]  # fmt: skip
    net = MLP(2, [16, 16, 1])
    assert len(net.parameters()) == 337
    assert net.named_parameters()[40][0] == "layers.0.neurons.13.w.1"
    assert net.named_parameters()[40][1] is net.layers[0].neurons[13].w[1]


def test_a_shared_parameter_is_listed_once():
    net = MLP(2, [2, 2])
    net.layers[1].neurons[0].w[0] = shared = net.layers[0].neurons[0].w[0]
    names = [name for name, parameter in net.named_parameters() if parameter is shared]
    assert names == ["layers.0.neurons.0.w.0"]
    assert len(net.parameters()) == 11


def test_equal_numbers_do_not_make_two_parameters_one():
    module = Module()
    module.a, module.b = Value(1.0), Value(1.0)
    assert [name for name, _ in module.named_parameters()] == ["a", "b"]


def test_a_module_may_know_its_parent_and_its_last_output():
    net = MLP(1, [1])
    net.layers[0].parent = net
    net.output = net([2.0])
    assert len(net.parameters()) == 2


def test_forward_serves_in_place_of_call():
    class Two(Module):
        def __init__(self):
            self.first, self.last = Linear(2, 3, rng=0), Linear(3, 1, rng=1)

        def forward(self, x, *, shift=0.0):
            return self.last(np.tanh(self.first(x))) + shift

    class Doubled(Two):
        def forward(self, x):
            return 2 * super().forward(x, shift=1.0)

    x = np.ones((4, 2))
    assert (Two()(x, shift=1.0).data * 2 == Doubled()(x).data).all()
    assert (Sequential(Doubled())(x).data == Doubled().forward(x).data).all()
    assert "Two" in draw(Two()(x).sum()).to_svg()


class Shifted:
    def forward(self, x):
        return super().forward(x) + 1.0


class Named(Module):
    def forward(self, x):
        return x * 2.0


class Template(Module):
    def __call__(self, x):
        return self.forward(x) * 10.0


class WithForward(Template):
    def forward(self, x):
        return x + 1.0


class OfLinear(Linear):
    def forward(self, x):
        return super().forward(x) * 2.0


class OfSequential(Sequential):
    def forward(self, x):
        return super().forward(x) + 1.0


class OnlyMixed(Shifted, Named):
    pass


class Plain:
    def forward(self, x):
        return x * 3.0


class FromMixin(Plain, Module):
    pass


class Called:
    def __call__(self, x):
        return x * 4.0


class CalledFromMixin(Called, Linear):
    pass


@pytest.mark.parametrize(
    ("net", "expected"),
    [
        (OnlyMixed(), lambda x: x * 2 + 1), (WithForward(), lambda x: (x + 1) * 10), (FromMixin(), lambda x: x * 3),
        (OfLinear(2, 2, rng=0), lambda x: Linear(2, 2, rng=0)(x).data * 2), (CalledFromMixin(2, 2), lambda x: x * 4),
        (OfSequential(Named()), lambda x: x * 2 + 1),
    ],
)  # fmt: skip
def test_forward_is_looked_up_when_it_is_called_and_noted_once(net, expected):
    x = Tensor([[1.0, 2.0]])
    out = net(x)
    assert (out.data == expected(x.data)).all()
    assert [call.scope.kind for call in scopes.calls([out])].count(type(net).__name__) == 1
    net.forward = lambda x: x * 7.0
    factor = 70 if isinstance(net, Template) else 4 if isinstance(net, Called) else 7
    assert (net(x).data == x.data * factor).all()


def test_layers_offer_forward_as_the_call_without_a_note():
    layer = Linear(2, 3, rng=0)
    x = np.ones((1, 2))
    assert (layer.forward(x).data == layer(x).data).all()
    assert scopes.calls([layer.forward(x)]) == []
    assert type(layer).__call__.__wrapped__ is Linear.forward


def test_an_empty_module_has_no_parameters():
    assert Module().parameters() == []
    Module().zero_grad()


def test_zero_grad_clears_every_gradient():
    net = MLP(2, [3, 2], rng=0)
    sum(net([1.0, 2.0])).backward()
    assert any(gradients(net))
    net.zero_grad()
    assert gradients(net) == [0.0] * 17


def test_gradients_accumulate_without_zero_grad():
    net = MLP(2, [3, 1], rng=0)
    net([1.0, 2.0]).backward()
    once = gradients(net)
    net([1.0, 2.0]).backward()
    assert gradients(net) == [2 * gradient for gradient in once]


def test_a_network_survives_copy_and_pickle():
    net = MLP(2, [3, 1], rng=0)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin([1.0, 2.0]).data == net([1.0, 2.0]).data
        assert not set(map(id, twin.parameters())) & set(map(id, net.parameters()))


def test_networks_are_freed_without_the_collector():
    def train():
        net = MLP(2, [3, 1], rng=0)
        optimizer = Adam(net.parameters())
        loss = net([1.0, 2.0]) ** 2
        loss.backward()
        optimizer.step()
        net.zero_grad()

    train()  # compiles the methods, and compiling leaves cycles of its own
    gc.collect()
    gc.disable()
    try:
        train()
        assert gc.collect() == 0
    finally:
        gc.enable()


# ---- optimisers


def descend(optimizer, loss, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


@given(st.floats(-10, 10), st.floats(0, 0.9))
def test_sgd_goes_against_the_gradient(start, lr):
    x = Value(start)
    descend(SGD([x], lr=lr), lambda: x * x, 1)
    assert x.data == start - lr * (2 * start)


def test_sgd_changes_its_parameters_in_place():
    net = MLP(2, [3, 1], rng=0)
    parameters = net.parameters()
    descend(SGD(net.parameters(), lr=0.1), lambda: (net([1.0, -1.0]) - 1) ** 2, 50)
    assert all(new is old for new, old in zip(net.parameters(), parameters, strict=True))
    assert net([1.0, -1.0]).data == pytest.approx(1.0)


def test_the_learning_rate_may_change_between_steps():
    x = Value(1.0)
    optimizer = SGD([x], lr=1.0)
    optimizer.lr = 0.25
    descend(optimizer, lambda: x * x, 1)
    assert x.data == 0.5


def test_adam_is_the_papers_algorithm():
    start, lr, beta1, beta2, eps = np.array([1.5, -2.0]), 0.1, 0.8, 0.95, 1e-6
    theta, m, v = start.copy(), np.zeros(2), np.zeros(2)
    for t in range(1, 21):
        g = np.array([2.0, 200.0]) * theta
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    x, y = map(Value, start)
    descend(Adam([x, y], lr=lr, betas=(beta1, beta2), eps=eps), lambda: x * x + 100 * y * y, 20)
    assert [x.data, y.data] == pytest.approx(theta, rel=1e-13)


@pytest.mark.parametrize("gradient", [1e-3, 1.0, -1e3])
def test_adams_first_step_is_the_learning_rate_whatever_the_gradient(gradient):
    x = Value(5.0)
    descend(Adam([x]), lambda: gradient * x, 1)
    assert x.data == pytest.approx(5.0 - math.copysign(1e-3, gradient), rel=1e-7)


def test_zero_grad_of_an_optimizer_clears_its_own_parameters_only():
    x, y = Value(1.0), Value(2.0)
    (x * y).backward()
    SGD([x], lr=0.1).zero_grad()
    assert (x.grad, y.grad) == (0.0, 1.0)


def test_a_bare_optimizer_has_no_step():
    x = Value(1.0)
    optimizer = Optimizer([x], lr=0.1)
    optimizer.step()  # nothing to change
    x.exp().backward()
    with pytest.raises(NotImplementedError):
        optimizer.step()


# ---- bad input


@pytest.mark.parametrize("x", [[1.0], [1.0, 2.0, 3.0], [], np.zeros((5, 2))])
def test_another_number_of_inputs_is_refused(x):
    with pytest.raises(ValueError, match=rf"ReLUNeuron\(2\) takes 2 inputs, not {len(x)}"):
        MLP(2, [3, 1])(x)


@pytest.mark.parametrize(("nin", "nouts"), [(2, []), (2, 4), (0, [1]), (2, [3, 0, 1]), (2, [-1])])
def test_a_network_without_width_is_refused(nin, nouts):
    with pytest.raises(ValueError, match="every layer|at least 1"):
        MLP(nin, nouts)


@pytest.mark.parametrize(
    ("activation", "hint"), [("rleu", "did you mean 'relu'"), ("add", "one argument"), ("data", "one argument")]
)
def test_an_unknown_activation_is_refused(activation, hint):
    with pytest.raises(ValueError, match=hint):
        MLP(2, [1, 1], activation=activation)


@pytest.mark.parametrize(
    ("params", "error", "hint"),
    [
        ([], ValueError, "no parameters"),
        (iter([]), ValueError, r"only once, so pass model\.parameters\(\)"),
        (MLP(2, [1]), TypeError, r"not an? MLP; write model\.parameters\(\)"),
        (Sequential(), TypeError, r"not a Sequential; write model\.parameters\(\)"),
        (MLP(2, [1]).named_parameters(), TypeError, r"not a tuple; pass model\.parameters\(\)"),
        (Value(1.0), TypeError, r"not a Value"),
        ([1.0], TypeError, "leaf"),
        ([Value(1.0) * 2], TypeError, "leaf"),
        ([Value(1.0)] * 2, ValueError, "twice"),
    ],
)
@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_list_that_is_not_of_parameters_is_refused(kind, params, error, hint):
    with pytest.raises(error, match=hint):
        kind(params, lr=0.1)


def test_a_consumed_generator_is_refused():
    chosen = (parameter for parameter in MLP(2, [1]).parameters())
    SGD(chosen, lr=0.1)
    with pytest.raises(ValueError, match="only once"):
        SGD(chosen, lr=0.1)


def test_an_optimizer_says_what_it_is():
    assert repr(Adam([Value(1.0)])) == "Adam(1 parameters, lr=0.001, weight_decay=0.0, betas=(0.9, 0.999), eps=1e-08)"


@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf])
def test_a_learning_rate_below_zero_is_refused(lr):
    with pytest.raises(ValueError, match="learning rate"):
        SGD([Value(1.0)], lr=lr)


@pytest.mark.parametrize("net", [Sequential(Linear(2, 2, rng=0), Linear(2, 1, rng=1)), MLP(2, [2, 1], rng=0)])
def test_what_is_frozen_in_the_middle_of_training_stays_as_it_is(net):
    optimizer = Adam(net.parameters(), lr=0.1)

    def step():
        net.zero_grad()
        output = net(np.ones((1, 2)) if isinstance(net, Sequential) else [1.0, 1.0])
        (output.sum() if isinstance(net, Sequential) else output).backward()
        optimizer.step()

    step()
    net.layers[0].freeze()
    before = net.state_dict()
    step()
    after = net.state_dict()
    changed = {path for path, old in before.items() if (old != after[path]).any()}
    assert changed
    assert not any(path.startswith("layers.0.") for path in changed)


def test_the_nearest_way_to_call_a_module_wins():
    class Doubled(Module):
        def forward(self, x):
            return 2 * x

    class Through(Doubled):
        def forward(self, x):
            return super().__call__(x) + 1

    class Plain(Module):
        def __call__(self, x):
            return x

    class Nearer(Plain):
        def forward(self, x):
            return x + 1

    class Own(Doubled):
        def __call__(self, x):
            return super().__call__(x) + 0.5

    assert [kind()(2.0) for kind in (Doubled, Through, Nearer, Own)] == [4.0, 5.0, 3.0, 4.5]
