"""Modules and layers on tensors: PyTorch's numbers (torch 2.13.0, recorded), modes, states, freezing, initialisers,
the same network on Values and on Tensors, bad input."""

import copy
import gc
import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Tensor, Value, gradcheck
from nn import initializers


def batch(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def close(found, expected, digits=12):
    return np.abs(np.asarray(found) - expected).max() < 10.0**-digits


# ---- the same network on Values and on Tensors


@given(st.integers(0, 1000), st.sampled_from(["relu", "tanh", "sigmoid", "silu"]), st.sampled_from([1, 2]))
def test_an_mlp_of_tensors_is_the_one_of_values(seed, activation, width):
    scalars = nn.MLP(3, [4, 1, width], activation=activation, rng=seed)
    tensors = nn.MLP(3, [4, 1, width], activation=activation, rng=seed, node=Tensor)
    x = batch(5, 3, seed=seed)
    rows = [scalars(row) for row in x.tolist()]
    expected = np.array([row.data if width == 1 else [each.data for each in row] for row in rows])
    assert close(tensors(x).data, expected, 13)
    assert close(tensors(x[0]).data, expected[0], 13)
    if width == 1:
        sum(rows[1:], rows[0]).backward()
    else:
        sum(each for row in rows for each in row).backward()
    tensors(x).sum().backward()
    for layer, linear in zip(scalars.layers, tensors.layers, strict=True):
        assert close(linear.weight.grad.T, [[w.grad for w in neuron.w] for neuron in layer.neurons])
        assert close(linear.bias.grad, [neuron.b.grad for neuron in layer.neurons])


def test_an_mlp_of_anything_else_is_refused():
    with pytest.raises(TypeError, match="Value or of Tensor"):
        nn.MLP(2, [1], node=float)
    with pytest.raises(ValueError, match="did you mean 'relu'"):
        nn.MLP(2, [1, 1], activation="rleu", node=Tensor)


# ---- layers


def test_linear():
    layer = nn.Linear(3, 2, rng=0)
    x = batch(4, 3)
    assert (layer(x).data == x @ layer.weight.data + layer.bias.data).all()
    assert layer(x[0]).shape == (2,)
    assert layer(x.reshape(2, 2, 3)).shape == (2, 2, 2)
    assert layer([[1, 2, 3]]).shape == (1, 2)
    bare = nn.Linear(3, 2, bias=False, rng=0)
    assert (bare(x).data == x @ bare.weight.data).all()
    assert len(bare.parameters()) == 1
    assert np.abs(layer.weight.data).max() <= 1 / np.sqrt(3)
    assert nn.Linear(3, 2, init=initializers.he_normal).bias.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["ReLU", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU", "Mish", "Tanh", "Hardtanh",
                                  "Sigmoid", "LogSigmoid", "Softplus", "Softsign"])  # fmt: skip
def test_an_activation_is_its_row(name):
    made = getattr(nn, name)()
    row = getattr(autograd, made.row)
    x = batch(5)
    assert (made(Tensor(x)).data == row(x)).all()
    assert (made(x) == row(x)).all()
    assert made(Value(0.3)).data == row(0.3)
    assert pickle.loads(pickle.dumps(made))(0.3) == row(0.3)
    assert repr(made).startswith(f"{name}(")


def test_parameters_of_activations():
    assert nn.LeakyReLU(0.5)(-2.0) == nn.LeakyReLU(slope=0.5)(-2.0) == -1.0
    assert repr(nn.LeakyReLU(0.5)) == "LeakyReLU(slope=0.5)"
    for wrong in (lambda: nn.ReLU(1), lambda: nn.LeakyReLU(slop=1), lambda: nn.ELU(1.0, 2.0)):
        with pytest.raises(TypeError, match="has (no parameters|the parameter (slope=0.01|alpha=1.0)), not "):
            wrong()
    with pytest.raises(TypeError, match=r"LeakyReLU has the parameter slope=0\.01, not 'slop'$"):
        nn.LeakyReLU(slop=0.1)


def test_softmax_layers():
    x = batch(2, 3)
    assert close(nn.Softmax()(x).sum(axis=1), 1.0)
    assert close(np.exp(nn.LogSoftmax()(x)), nn.Softmax()(x))
    assert close(nn.Softmax(axis=0)(x).sum(axis=0), 1.0)


def test_dropout():
    layer = nn.Dropout(0.25, rng=0)
    x = Tensor(np.ones(10_000))
    dropped = layer(x)
    assert set(dropped.tolist()) == {0.0, 1 / 0.75}
    assert (dropped.data == 0).mean() == pytest.approx(0.25, abs=0.02)
    dropped.sum().backward()
    assert (x.grad == dropped.data).all()
    assert (layer(x).data != dropped.data).any()
    assert (nn.Dropout(0.25, rng=0)(x).data == dropped.data).all()
    assert layer.eval()(x) is x
    assert nn.Dropout(0.0)(x) is x
    assert nn.Dropout(0.5, rng=0)(np.ones(3, np.float32)).dtype == np.float32
    for p in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="probability"):
            nn.Dropout(p)


ROWS = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]])
UPSTREAM = np.array([[1.0, 2.0], [-1.0, 0.5], [3.0, 1.0]])


def test_batch_norm_is_pytorchs():
    layer, x = nn.BatchNorm1d(2), Tensor(ROWS)
    made = layer(x)
    made.backward(UPSTREAM)
    assert close(made.data, [
        [-0.4629080659988156, 1.286838126708777], [1.3887241979964464, -1.1513814817920636],
        [-0.9258161319976311, -0.13545664491671336]])  # fmt: skip
    assert close(x.grad, [
        [-0.6612915689277172, 0.02796552311349668], [0.13224244278788946, 0.03914189006952508],
        [0.5290491261398277, -0.06710741318302182]])  # fmt: skip
    assert close(layer.running_mean, [0.15, 0.04166666666666667])
    assert close(layer.running_var, [1.075, 1.1270833333333334])
    layer.eval()
    for _ in range(2):
        assert close(layer(x).data, [
            [0.8198089846335234, 1.8446189918426625], [2.748771301418284, -0.9811803148099268],
            [0.33756840543733313, 0.19623606296198537]])  # fmt: skip


def test_batch_norm_of_longer_features_is_that_of_all_their_rows():
    x = batch(4, 3, 5)
    flat = x.transpose(0, 2, 1).reshape(20, 3)
    layer, twin = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    assert close(layer(x).data.transpose(0, 2, 1).reshape(20, 3), twin(flat).data)
    assert close(layer.running_var, twin.running_var)


def test_layer_norm_is_pytorchs():
    layer, x = nn.LayerNorm(2), Tensor(ROWS)
    made = layer(x)
    made.backward(UPSTREAM)
    assert close(made.data, [
        [-0.9999800005999799, 0.9999800005999799], [0.9999987500023437, -0.9999987500023437],
        [0.9996801535181259, -0.9996801535181259]])  # fmt: skip
    assert close(x.grad, [
        [-3.999760012007858e-05, 3.999760012007858e-05], [-9.374964843600342e-07, 9.374964843600342e-07],
        [0.005115088729225725, -0.005115088729225725]])  # fmt: skip


def test_embedding():
    layer = nn.Embedding(4, 2, rng=0)
    made = layer([[0, 3], [3, 3]])
    assert (made.data[0, 1] == layer.weight.data[3]).all()
    made.sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1], [0, 0], [0, 0], [3, 3]]
    for wrong in ([4], [-1]):
        with pytest.raises(IndexError, match="0 to 3"):
            layer(wrong)
    with pytest.raises(TypeError, match="integers"):
        layer([0.0])


def test_flatten_and_sequential():
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 3, rng=0), np.tanh, nn.Linear(3, 2, rng=0))
    assert net(batch(5, 3, 2, 2)).shape == (5, 2)
    assert (len(net), net[1].out_features, [type(each).__name__ for each in net][0]) == (4, 3, "Flatten")
    with pytest.raises(TypeError, match="one by one"):
        nn.Sequential([nn.Flatten()])


# ---- convolution


def test_no_images_make_no_images():
    layer = nn.Conv2d(1, 2, 2, rng=0)
    out = layer(np.zeros((0, 1, 4, 4)))
    assert out.shape == (0, 2, 3, 3)
    out.sum().backward()
    assert (layer.weight.grad == 0).all()


def test_conv2d_is_pytorchs():
    layer = nn.Conv2d(2, 3, 3, stride=2, padding=1)
    x = Tensor(np.sin(np.arange(100).reshape(2, 2, 5, 5) * 0.37))
    layer.weight.data = np.cos(np.arange(54).reshape(3, 2, 3, 3) * 0.71)
    layer.bias.data = np.array([0.1, -0.2, 0.3])
    made = layer(x)
    ((made * made).sum() / 2).backward()
    assert made.shape == (2, 3, 3, 3)
    assert made.data.sum() == pytest.approx(3.305705936257932, rel=1e-12)
    assert close(made.data[1, 2], [
        [-0.059865689656365684, -0.5439623851247726, -0.08541996017309933],
        [1.074345825610589, 1.2070196703820428, 0.2761729576733415],
        [-0.14882687680128504, 0.19822159931988442, 0.7078070585665968]])  # fmt: skip
    assert close(layer.bias.grad, [1.7259815356695465, -3.6996075474994483, 5.279331948087834])
    assert close(layer.weight.grad.ravel()[:5], [
        0.38302420547553584, 3.0853136970669857, 2.18178922394822, 2.1298485481738996, 0.5529741118494929])  # fmt: skip
    assert close(x.grad.ravel()[:6], [
        1.3916499574258268, 2.5230903578964448, 1.9290100001847206, 1.6650464371718998, 0.12054522090069052,
        0.795115451282891])  # fmt: skip
    assert (x.grad**2).sum() == pytest.approx(331.2012689923245, rel=1e-12)
    assert (layer.weight.grad**2).sum() == pytest.approx(366.21390633378496, rel=1e-12)


LAYERS = {
    "Linear": (lambda: nn.Linear(3, 2, rng=0), (2, 3)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(2), (3, 2)),
    "BatchNorm1d in use": (lambda: nn.BatchNorm1d(2).eval(), (3, 2)),
    "LayerNorm": (lambda: nn.LayerNorm(3), (2, 3)),
    "Conv2d": (lambda: nn.Conv2d(2, 2, 2, rng=0), (1, 2, 3, 3)),
    "Conv2d, stride, padding": (lambda: nn.Conv2d(1, 2, (2, 3), stride=(1, 2), padding=(1, 0), rng=0), (2, 1, 2, 4)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), (2, 1, 4, 4)),
    "MaxPool2d, overlapping": (lambda: nn.MaxPool2d(2, stride=1), (1, 2, 3, 3)),
    "AvgPool2d": (lambda: nn.AvgPool2d((1, 2)), (2, 1, 2, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("order", [1, 2])
def test_gradients_of_layers(name, order):
    make, shape = LAYERS[name]
    layer = make()
    upstream = batch(*layer(batch(*shape)).shape, seed=1)
    gradcheck(lambda x: (layer(x) * upstream).sum(), batch(*shape), order=order)
    for path, parameter in layer.named_parameters():

        def by_parameter(data, path=path):
            twin = copy.deepcopy(layer)
            setattr(twin, path, data)
            return (twin(batch(*shape)) * upstream).sum()

        gradcheck(by_parameter, parameter.data.copy(), order=1)


def test_pools():
    x = batch(2, 3, 4, 6)
    blocks = x.reshape(2, 3, 2, 2, 3, 2)
    assert (nn.MaxPool2d(2)(x) == blocks.max(axis=(3, 5))).all()
    assert close(nn.AvgPool2d(2)(x), blocks.mean(axis=(3, 5)))
    tied = Tensor(np.ones((1, 1, 2, 2)))
    nn.MaxPool2d(2)(tied).sum().backward()
    assert (tied.grad == 0.25).all()


# ---- modules


def network(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Linear(4, 3, rng=rng), nn.BatchNorm1d(3), nn.ReLU(), nn.Dropout(0.5, rng=rng), nn.Linear(3, 2, rng=rng)
    )


def test_train_and_eval_reach_every_module():
    net = network()
    assert all(module.training for module in net.modules())
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert len(net.modules()) == 6
    net.train()
    assert net[3].training


def test_a_state_is_taken_over_bit_for_bit():
    net, other = network(0), network(1)
    net(batch(8, 4))
    state = net.state_dict()
    assert list(state) == [
        "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "layers.1.running_mean",
        "layers.1.running_var", "layers.4.weight", "layers.4.bias",
    ]  # fmt: skip
    other.load_state_dict(state)
    x = batch(3, 4, seed=2)
    assert (net.eval()(x).data == other.eval()(x).data).all()
    net.layers[0].weight.data += 1
    net.layers[1].running_mean += 1
    assert (other.eval()(x).data == other(x).data).all()
    assert all((state[name] == each).all() for name, each in other.state_dict().items()), "copies"


def test_the_state_of_values():
    net, other = nn.MLP(2, [3, 1], rng=0), nn.MLP(2, [3, 1], rng=1)
    other.load_state_dict(net.state_dict())
    assert other([1.0, 2.0]).data == net([1.0, 2.0]).data
    assert all(type(p.data) is float for p in other.parameters())


def test_every_mismatch_is_named_before_anything_is_changed():
    net = network()
    state = net.state_dict()
    before = net.state_dict()
    state["layers.0.bias"] = np.zeros(7)
    state["layers.9.bias"] = np.zeros(1)
    state["layers.1.bias"] = np.array(["a", "b", "c"])
    del state["layers.4.weight"]
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        net.load_state_dict(state)
    for problem in (
        "layers.4.weight is missing", "layers.9.bias is unexpected", r"layers.0.bias has shape (7,), not (3,)",
        "layers.1.bias holds <U1, not numbers",
    ):  # fmt: skip
        assert problem in str(error.value)
    assert all((each == before[name]).all() for name, each in net.state_dict().items())


@pytest.mark.parametrize(
    "make", [lambda: nn.MLP(2, [3, 1, 2], rng=0), lambda: nn.MLP(2, [3, 1, 2], rng=0, node=Tensor)]
)
def test_frozen_parameters_are_constants(make):
    net, twin = make(), make()
    parameters, state, before = net.parameters(), net.state_dict(), net([0.5, -1.0])
    before = [float(each.data) for each in before]
    assert net.freeze() is net
    assert net.parameters() == []
    assert [float(each) for each in net([0.5, -1.0])] == before, "and plain numbers come out"
    assert all((net.state_dict()[name] == each).all() for name, each in state.items())
    x = Value(0.5)
    inputs = [x, -1.0] if isinstance(parameters[0], Value) else autograd.stack([x, -1.0])
    sum(net(inputs)).backward()
    assert x.grad != 0
    assert not any(np.any(p.grad) for p in parameters if p.grad is not None)
    net.load_state_dict({name: 2 * each for name, each in twin.state_dict().items()})
    frozen = [float(each) for each in net([0.5, -1.0])]
    net.freeze()
    assert net.unfreeze() is net
    assert [id(p) for p in net.parameters()] == [id(p) for p in parameters]
    assert [float(each.data) for each in net([0.5, -1.0])] == frozen != before


def test_a_part_may_be_frozen():
    net = network()
    net[0].freeze()
    assert [name for name, _ in net.named_parameters()][0] == "layers.1.weight"
    net(batch(4, 4)).sum().backward()
    assert net[4].weight.grad is not None
    copy.deepcopy(net).unfreeze().load_state_dict(net.state_dict())


@pytest.mark.parametrize("dtype", [np.float32, "float32", "f4"])
def test_a_network_in_single_precision(dtype):
    net = network()
    net[4].freeze()
    parameters = net.parameters()
    net(batch(4, 4)).sum().backward()
    double = net.state_dict()
    assert net.to(dtype) is net
    assert all(mine is its for mine, its in zip(net.parameters(), parameters, strict=True))
    assert all(p.grad is None for p in parameters), "gradients of another dtype would be no gradients"
    assert all((each == double[name].astype("f4")).all() for name, each in net.state_dict().items())
    assert {each.dtype for each in net.state_dict().values()} == {np.dtype("f4")}
    loss = nn.cross_entropy(net(batch(4, 4).astype("f4")), np.array([0, 1, 1, 0]))
    loss.backward()
    assert loss.dtype == np.float32
    assert {p.grad.dtype for p in parameters} == {np.dtype("f4")}
    assert net.unfreeze()[4].weight.dtype == np.float32
    assert net.to(float)(batch(4, 4)).dtype == float


def test_a_change_of_dtype_leaves_the_rest_alone():
    class Net(nn.Module):
        def __init__(self):
            self.parts = {"w": Tensor(np.ones(2)), "shared": [np.ones(2), np.arange(2), Value(0.1), 0.1, "name"]}
            self.kept = [Tensor(np.ones(1))]

    net = Net()
    kept = net.kept
    net.to(np.float32)
    w, (array, counts, value, number, name) = net.parts.values()
    assert w.dtype == array.dtype == np.float32
    assert counts.dtype.kind == "i"
    assert (value.data, number, name) == (0.1, 0.1, "name")
    assert net.kept is kept
    assert kept[0].dtype == np.float32
    w.grad = np.ones(2, "f4")
    net.to(np.float32)
    assert w.grad is not None, "nothing has changed"
    for wrong in (int, "cuda", None, complex):
        with pytest.raises(TypeError, match="takes a dtype of floats, such as np.float32"):
            net.to(wrong)
    assert w.dtype == np.float32


def test_summary_counts():
    text = network().summary()
    assert "layers.0        Linear          weight 4×3, bias 3" in text
    assert text.splitlines()[-1].split() == ["total", "29"]
    assert network().freeze().summary() == text
    assert nn.MLP(2, [16, 16, 1]).summary().splitlines()[-1].split() == ["total", "337"]


def test_columns_of_a_summary_stay_apart():
    text = nn.Sequential(nn.Sequential(nn.Sequential(nn.Conv2d(100, 200, (13, 17)), nn.MLP(2, [3, 1])))).summary()
    lines = text.splitlines()
    assert "layers.0.layers.0.layers.1.layers.0.neurons.0  Neuron" in text
    assert "weight 200×100×13×17, bias 200  " in text
    assert len({len(line) for line in lines}) == 1


def test_repr_is_a_tree():
    net = nn.Sequential(nn.Linear(2, 1), nn.Sequential(nn.ReLU(), nn.Dropout(0.5)), nn.MLP(1, [1]), autograd.tanh)
    net[0].parent = net
    assert repr(net) == (
        "Sequential(\n"
        "  (layers.0): Linear(2, 1)\n"
        "  (layers.1): Sequential(\n"
        "    (layers.0): ReLU()\n"
        "    (layers.1): Dropout(p=0.5)\n"
        "  )\n"
        "  (layers.2): MLP of [Layer of [LinearNeuron(1)]]\n"
        "  (layers.3): tanh\n"
        ")"
    )


def test_networks_survive_copy_and_pickle():
    net = network()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        x = batch(4, 4)
        first, second = copy.deepcopy(net)(x).data, twin(x).data
        assert (first == second).all(), "the generator of Dropout too"


def test_networks_are_freed_without_the_collector():
    def train():
        net = network()
        net.freeze().unfreeze()
        optimizer = nn.Adam(net.parameters())
        nn.cross_entropy(net(batch(4, 4)), [0, 1, 0, 1]).backward()
        optimizer.step()
        net.load_state_dict(net.state_dict())

    train()
    gc.collect()
    gc.disable()
    try:
        train()
        assert gc.collect() == 0
    finally:
        gc.enable()


# ---- initialisers


INITIALIZERS = {
    "zeros": 0.0, "uniform": 1 / np.sqrt(3), "normal": 1.0, "default_uniform": 1 / np.sqrt(3 * 300),
    "xavier_uniform": np.sqrt(2 / 500), "xavier_normal": np.sqrt(2 / 500), "he_uniform": np.sqrt(2 / 300),
    "he_normal": np.sqrt(2 / 300), "orthogonal": np.sqrt(1 / 300),
}  # fmt: skip


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initialisers_have_their_spread_and_are_seeded(name):
    init = getattr(initializers, name)
    before = np.random.get_state()[1].copy()
    made = init((300, 200), 7)
    assert made.shape == (300, 200)
    assert made.std() == pytest.approx(INITIALIZERS[name], rel=0.02)
    assert abs(made.mean()) < 0.03 * max(INITIALIZERS[name], 0.1)
    assert (init((300, 200), np.random.default_rng(7)) == made).all()
    assert name == "zeros" or (init((300, 200), 8) != made).any()
    assert (np.random.get_state()[1] == before).all()
    if name.endswith("uniform"):
        assert np.abs(made).max() <= np.sqrt(3) * INITIALIZERS[name]


def test_fans_of_kernels():
    assert initializers.he_normal((64, 16, 5, 5), 0).std() == pytest.approx(np.sqrt(2 / (16 * 25)), rel=0.02)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (6, 2, 3, 3)])
def test_orthogonal(shape):
    made = initializers.orthogonal(shape, 0, gain=2.0).reshape(shape[0], -1)
    product = made @ made.T if made.shape[0] <= made.shape[1] else made.T @ made
    assert close(product, 4 * np.eye(len(product)))


@pytest.mark.parametrize(
    "name", ["default_uniform", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "orthogonal"]
)
def test_a_vector_has_no_fans(name):
    with pytest.raises(ValueError, match="no inputs and outputs"):
        getattr(initializers, name)((3,), 0)


# ---- bad input


@pytest.mark.parametrize(
    ("layer", "shape", "hint"),
    [
        (nn.Linear(3, 2), (4, 5), r"Linear\(3, 2\) takes 3 features, not an array of shape \(4, 5\)"),
        (nn.Linear(3, 2), (), "3 features"),
        (nn.LayerNorm(3), (4, 2), "3 features"),
        (nn.BatchNorm1d(3), (4, 2), "3 features on axis 1"),
        (nn.BatchNorm1d(3), (3,), "3 features on axis 1"),
        (nn.BatchNorm1d(3), (1, 3), "two rows or more.*drop_last"),
        (nn.Conv2d(2, 3, 3), (1, 1, 5, 5), r"\(images, 2, height, width\), not \(1, 1, 5, 5\)"),
        (nn.Conv2d(2, 3, 3), (2, 5, 5), "images"),
        (nn.Conv2d(2, 3, 3), (1, 2, 5, 2), "at least 3×3"),
        (nn.MaxPool2d(2), (5, 5), "channels"),
        (nn.AvgPool2d(2), (1, 1, 1, 5), "at least 2×2"),
        (nn.MLP(3, [2], node=Tensor), (4, 2), "3 features"),
    ],
)
def test_arrays_of_another_shape_are_refused(layer, shape, hint):
    for x in (np.zeros(shape), Tensor(np.zeros(shape))):
        with pytest.raises(ValueError, match=hint):
            layer(x)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(0, 1), lambda: nn.Linear(1, -1), lambda: nn.Linear(2.0, 1), lambda: nn.Embedding(0, 2),
        lambda: nn.BatchNorm1d(0), lambda: nn.LayerNorm(0), lambda: nn.Conv2d(0, 1, 3), lambda: nn.Layer(2, 0),
        lambda: nn.Neuron(0), lambda: nn.MLP(2, [2.5]), lambda: nn.Linear(2, True),
    ],
)  # fmt: skip
def test_a_layer_without_width_is_refused(make):
    with pytest.raises(ValueError, match="a whole number of at least 1"):
        make()


@pytest.mark.parametrize("options", [{"momentum": 1.5}, {"momentum": -0.1}, {"eps": -1.0}, {"eps": float("nan")}])
def test_a_norm_of_nonsense_is_refused(options):
    with pytest.raises(ValueError, match="from 0 to 1, and 0 or more"):
        nn.BatchNorm1d(3, **options)


def test_two_parts_of_one_path_are_refused():
    module = nn.Module()
    module.table = {"a.b": Tensor([1.0]), "a": {"b": Tensor([2.0])}}
    with pytest.raises(ValueError, match=r"two parts of this Module have the path table\.a\.b"):
        module.state_dict()


def test_widths_and_kernels_may_be_numpys():
    one, three = np.int64(1), np.int32(3)
    assert repr(nn.Conv2d(one, three, three)) == repr(nn.Conv2d(1, 3, 3))
    assert nn.Linear(three, one)(np.zeros((2, 3))).shape == (2, 1)
    assert nn.MLP(three, np.array([4, 1])).parameters()


@pytest.mark.parametrize("kernel", [0, -1, 1.5, (2, 2, 2), (2, 0)])
def test_a_kernel_without_size_is_refused(kernel):
    with pytest.raises((ValueError, TypeError)):
        nn.Conv2d(1, 1, kernel)


def test_batch_norm_keeps_single_precision():
    norm = nn.BatchNorm1d(2)
    for name in ("weight", "bias"):
        setattr(norm, name, Tensor(getattr(norm, name).data.astype(np.float32)))
    x = np.float32([[1.0, 2.0], [3.0, 5.0]])
    assert norm(Tensor(x)).dtype == norm.eval()(Tensor(x)).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
def test_layers_take_integers_as_floats(dtype):
    x = np.array([[100, 0, 27], [0, 100, 1]]).astype(dtype)
    if dtype is np.uint8:
        x *= 2
    for make in (lambda: nn.Dropout(0.5, rng=0), nn.Softmax, nn.LogSoftmax):
        assert (make()(x) == make()(x.astype(float))).all()
        assert make()(x).dtype == np.float64
    assert autograd.logsumexp(x) == autograd.logsumexp(x.astype(float))


def test_a_slice_of_a_sequential_is_one():
    net = network()
    assert isinstance(net[:-1], nn.Sequential)
    assert [id(each) for each in net[:-1]] == [id(each) for each in net.layers[:-1]]
    assert net[-1] is net.layers[-1]


@pytest.mark.parametrize("node", [Value, Tensor])
def test_a_frozen_constant_is_not_trained_by_who_shares_it(node):
    one, other = nn.Module(), nn.Module()
    one.w = other.w = node(2.0)
    both = nn.Sequential(lambda x: x)
    both.parts = [one, other]
    one.freeze()
    optimizer = nn.SGD(both.parameters(), lr=1.0)
    other.w.backward()
    optimizer.step()
    both.load_state_dict(both.state_dict())
    assert float(one.w) == 2.0
    assert one.unfreeze().w is other.w
    assert other.w.data == 1.0


def test_summary_counts_tied_weights_once():
    net = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=0))
    net[1].weight = net[0].weight
    for _ in range(2):
        assert net.summary().splitlines()[-1].split() == ["total", "8"]
        assert "layers.1        Linear          bias 2 " in net.summary()
        net.freeze()


def test_what_is_part_of_the_state():
    net = nn.Linear(2, 1, rng=0)
    net.names, net.things, net.phases = np.array(["a"]), np.array([None]), np.array([1j])
    net._cache, net._caches, net.kept = np.ones(2), {"one": [np.ones(3)]}, np.ones(4)
    net._norm, net._scale = nn.BatchNorm1d(1), Tensor([1.0])
    own = ["weight", "bias", "kept", "_scale"]
    assert sorted(net.state_dict()) == sorted([*own, *(f"_norm.{name}" for name in nn.BatchNorm1d(1).state_dict())])
    net.load_state_dict(net.state_dict())


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("count", [0.5]), ("count", [np.nan]), ("flags", [2]), ("small", [300]), ("weight", [[1e300]])],
)
def test_numbers_that_their_dtype_does_not_hold_are_refused_and_nothing_changed(name, numbers):
    net = nn.Linear(1, 1, rng=0)
    net.weight.data = net.weight.data.astype(np.float32)
    net.count, net.flags, net.small = np.array([1]), np.array([True]), np.array([1], np.uint8)
    before = net.state_dict()
    with pytest.raises(ValueError, match=f"nothing was loaded: {name} holds numbers that are none of its dtype"):
        net.load_state_dict(before | {"bias": [7.0], name: numbers})
    assert all((before[each] == now).all() for each, now in net.state_dict().items())
    net.load_state_dict(before | {"count": [2.0], "flags": [0], "small": [255], "weight": [[np.inf]], "bias": [3]})
    assert [net.count.item(), net.flags.item(), net.small.item(), net.weight.item()] == [2, False, 255, np.inf]


@pytest.mark.parametrize("state", [None, nn.Linear(1, 1)])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(TypeError, match=r"a state is what state_dict\(\) gave, not (None|a Linear)"):
        nn.Linear(1, 1).load_state_dict(state)


@pytest.mark.parametrize(
    "make", [lambda init: nn.Linear(2, 3, init=init), lambda init: nn.Conv2d(2, 3, 2, init=init),
             lambda init: nn.Embedding(2, 3, init=init)],
)  # fmt: skip
def test_what_makes_no_weights_is_refused(make):
    with pytest.raises(TypeError, match=r"init is a function, such as nn.initializers.he_normal, not 'he'"):
        make("he")
    with pytest.raises(ValueError, match=r"init made weights of shape \(2,\), not \("):
        make(lambda shape, rng: np.ones(2))


def test_functions_among_the_layers_are_told_with_what_they_are_given():
    text = repr(nn.Sequential(partial(np.sum, axis=-1), partial(np.clip, a_max=np.ones(2)), partial(autograd.elu)))
    assert text.splitlines()[1:-1] == [
        "  (layers.0): sum(axis=-1)",
        "  (layers.1): clip(a_max=…)",
        "  (layers.2): elu()",
    ]


def test_a_class_is_no_layer():
    with pytest.raises(TypeError, match=r"one by one, not <class .*ReLU'>; make one of it: ReLU\(\)"):
        nn.Sequential(nn.Linear(1, 1), nn.ReLU)


@pytest.mark.parametrize("change", [lambda state: state.pop("last"), lambda state: state.update(other=np.ones(1))])
def test_a_state_with_other_arrays_names_the_way_out(change):
    net = nn.Linear(2, 1, rng=0)
    net.last = np.ones(2)
    state = net.state_dict()
    change(state)
    with pytest.raises(ValueError, match="(last is missing|other is unexpected); .*begin with an underscore"):
        net.load_state_dict(state)
