"""`fit` with a compiled loss: the numbers of a training without, its errors, and how often something is recorded."""

import warnings
from functools import partial

import numpy as np
import pytest

import autograd
import nn
from autograd import AnomalyError, JitWarning
from autograd.compiler import compiled, numba_modules

RNG = np.random.default_rng(0)
X = RNG.normal(size=(42, 3))
LABELS = (X @ [1.0, -2.0, 0.5] > 0).astype(int)
SIGNS = 2.0 * LABELS - 1
SHARES = RNG.uniform(size=(42, 1))
PARTS = np.stack([SHARES[:, 0], 1 - SHARES[:, 0]], axis=1)


def network(outputs=2, dropout=0.3, seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Linear(3, 8, rng=rng),
        nn.LayerNorm(8),
        nn.ReLU(),
        nn.Dropout(dropout, rng=rng),
        nn.Linear(8, outputs, rng=rng),
    )


def trained(make, y, loss, epochs=8, **options):
    """Two networks trained alike on batches of 8, the last of which is shorter: without jit and with it."""
    pair = []
    for with_jit in (False, True):
        net = make()
        loader = nn.DataLoader(X, y, batch_size=8, shuffle=True)
        made = {name: option(net) if callable(option) else option for name, option in options.items()}
        history = nn.fit(net, loader, loss, nn.Adam(net.parameters(), lr=0.02), epochs, jit=with_jit, **made)
        pair.append((net, history))
    return pair


def check_same(pair):
    (net, history), (twin, its) = pair
    assert history.stopped == its.stopped
    assert len(history) == len(its) > 0
    for row, other in zip(history, its, strict=True):
        assert other == pytest.approx(row, rel=1e-9)
    state, twin_state = net.state_dict(), twin.state_dict()
    assert state.keys() == twin_state.keys()
    for name, array in state.items():
        np.testing.assert_allclose(twin_state[name], array, rtol=1e-8, atol=1e-12)


@pytest.fixture
def recorded(monkeypatch):
    """How often a function was recorded."""
    entries = []

    class Counted(compiled.Entry):
        def __init__(self, *args):
            super().__init__(*args)
            entries.append(self)

    monkeypatch.setattr(compiled, "Entry", Counted)
    return entries


@pytest.mark.parametrize("hot", [3, 10**9])
@pytest.mark.parametrize(
    ("loss", "y", "outputs"),
    [
        (nn.cross_entropy, LABELS, 2), (nn.cross_entropy, PARTS, 2), (nn.mse_loss, SHARES, 1), (nn.l1_loss, SHARES, 1),
        (nn.huber_loss, SHARES, 1), (nn.half_squared_error, SHARES, 1), (nn.bce_with_logits, SHARES, 1),
        (nn.bce_with_logits, LABELS[:, None], 1), (nn.hinge_loss, SIGNS[:, None], 1),
        (nn.hinge_loss, SIGNS[:, None].astype(int), 1), (nn.kl_div, PARTS, 2),
        (partial(nn.kl_div, reduction="batchmean"), PARTS, 2),
    ],
)  # fmt: skip
def test_every_loss_is_recorded_once_and_gives_the_same_training(loss, y, outputs, hot, recorded, monkeypatch):
    monkeypatch.setattr(numba_modules, "HOT", hot)
    with warnings.catch_warnings():
        warnings.simplefilter("error", JitWarning)
        check_same(trained(lambda: network(outputs), y, loss))
    assert len(recorded) == 1


def test_labels_of_the_negative_log_likelihood(recorded):
    class Classifier(nn.Module):
        def __init__(self):
            self.net = network()

        def forward(self, x):
            return autograd.log_softmax(self.net(x))

    check_same(trained(Classifier, LABELS, nn.nll_loss))
    assert len(recorded) == 1


@pytest.mark.parametrize("loss", [nn.hinge_loss, nn.mse_loss])
def test_a_model_of_values(loss, recorded):
    check_same(trained(lambda: nn.MLP(3, [4, 1], rng=0), SIGNS, loss))
    assert len(recorded) == 1
    assert recorded[0].is_scalar


def test_a_model_of_values_with_labels(recorded):
    check_same(trained(lambda: nn.MLP(3, [4, 2], rng=0), LABELS, nn.cross_entropy))
    assert len(recorded) == 1


def test_everything_else_that_fit_does(recorded):
    check_same(
        trained(
            network, LABELS, nn.cross_entropy, 30,
            validation=(X, LABELS), metrics=[nn.accuracy], max_norm=0.5,
            callbacks=lambda net: [nn.EarlyStopping(patience=3)],
        )
    )  # fmt: skip
    assert len(recorded) == 1  # in use for the validation it is another model, and then the same again


def test_metrics_of_the_batches_as_they_are_trained(recorded):
    pair = trained(network, LABELS, nn.cross_entropy, metrics=[nn.accuracy])
    check_same(pair)
    assert pair[1][1]["accuracy"][-1] > 0.8
    assert len(recorded) == 1


def sorting():
    rng = np.random.default_rng(0)
    return nn.Sequential(nn.Linear(3, 4, rng=rng), lambda x: np.sort(x, axis=1), nn.Linear(4, 2, rng=rng))


def test_what_cannot_be_compiled_says_so_and_is_trained_as_it_is():
    with pytest.warns(JitWarning, match="runs as it is"):
        check_same(trained(sorting, LABELS, nn.cross_entropy))


@pytest.mark.parametrize("hot", [3, 10**9])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_running_averages_follow_every_batch(hot, dropout, recorded, monkeypatch):
    monkeypatch.setattr(numba_modules, "HOT", hot)

    def make():
        rng = np.random.default_rng(0)
        return nn.Sequential(
            nn.Linear(3, 6, bias=False, rng=rng), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(dropout, rng=rng),
            nn.Linear(6, 4, bias=False, rng=rng), nn.BatchNorm1d(4, momentum=0.3), nn.Linear(4, 2, rng=rng),
        )  # fmt: skip

    check_same(trained(make, LABELS, nn.cross_entropy, epochs=20, validation=(X, LABELS), metrics=[nn.accuracy]))
    assert len(recorded) == 1


def test_random_numbers_before_a_dropout_of_the_same_generator_are_drawn_anew():
    class Noisy(nn.Module):
        def __init__(self):
            self.rng = np.random.default_rng(0)
            self.linear, self.dropout = nn.Linear(3, 2, rng=self.rng), nn.Dropout(0.5, rng=self.rng)

        def __call__(self, x):
            return self.dropout(self.linear(x) + self.rng.normal(size=(len(x), 1)))

    with pytest.warns(JitWarning, match="random numbers"):
        check_same(trained(Noisy, LABELS, nn.cross_entropy))


def test_what_cannot_be_compiled_with_labels_is_tried_once(recorded):
    with pytest.warns(
        JitWarning, match=r"takes the data of a node in <lambda>\(\), by way of autograd's sort"
    ) as caught:
        trained(sorting, LABELS, nn.cross_entropy)
    assert len([each for each in caught if each.category is JitWarning]) == 1
    assert recorded == []


def test_a_loss_that_cannot_be_compiled_says_what_to_do():
    net = network()
    before = net.state_dict()

    def loss(outputs, y):
        return nn.cross_entropy(outputs, y) * float(outputs.data.size)

    with pytest.raises(autograd.JitError, match=r"reading \.data of a Tensor .* Or train without jit=True"):
        nn.fit(net, (X, LABELS), loss, nn.SGD(net.parameters()), 1, jit=True)
    assert all(np.array_equal(before[name], array) for name, array in net.state_dict().items())


def test_convolutions():
    images, labels = RNG.normal(size=(20, 1, 6, 6)), RNG.integers(0, 2, 20)
    histories = []
    for with_jit in (False, True):
        net = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2, rng=0))
        optimizer = nn.SGD(net.parameters(), lr=0.1)
        histories.append(nn.fit(net, (images, labels), nn.cross_entropy, optimizer, 10, jit=with_jit))
    assert histories[1]["loss"] == pytest.approx(histories[0]["loss"], rel=1e-12)


@pytest.mark.parametrize(
    ("loss", "y", "hint"),
    [
        (nn.hinge_loss, SIGNS[:, None], "targets -1 and 1"), (nn.bce_with_logits, SHARES, "targets from 0 to 1"),
        (nn.cross_entropy, LABELS, r"cross_entropy\(\) of 2 classes takes labels 0 to 1"),
        (lambda x, y: nn.nll_loss(autograd.log_softmax(x), y), LABELS, "of 2 classes takes labels 0 to 1"),
    ],
)  # fmt: skip
def test_targets_that_are_none_are_found_in_a_later_batch_too(loss, y, hint):
    y = y.copy()
    y[-1] = 7
    net = network(2 if y.ndim == 1 else 1, dropout=0.0)
    with pytest.raises(ValueError, match=hint):
        nn.fit(net, nn.DataLoader(X, y, batch_size=6), loss, nn.SGD(net.parameters()), 1, jit=True)


def test_a_nan_stops_and_says_where_it_was_born():
    net = nn.Sequential(nn.Linear(3, 1, rng=0), np.log)
    before = net.state_dict()
    with pytest.raises(AnomalyError, match=r"batch 0 of the epoch: .*log"):
        nn.fit(net, (X, SHARES), nn.mse_loss, nn.SGD(net.parameters()), 1, jit=True)
    assert all(np.array_equal(before[name], array) for name, array in net.state_dict().items())


def test_a_training_is_resumed(tmp_path):
    whole, half = network(), network()
    path = tmp_path / "half.npz"
    for net, epochs, options in (
        (whole, 6, {}), (half, 3, {"checkpoint": path}), (half, 6, {"checkpoint": path, "resume": True}),
    ):  # fmt: skip
        loader = nn.DataLoader(X, LABELS, batch_size=8, shuffle=True)
        history = nn.fit(net, loader, nn.cross_entropy, nn.Adam(net.parameters()), epochs, jit=True, **options)
    assert len(history) == 6
    for name, array in whole.state_dict().items():
        np.testing.assert_allclose(half.state_dict()[name], array, rtol=1e-9)


def test_a_second_training_in_the_same_process_has_the_same_bits(monkeypatch):
    monkeypatch.setattr(numba_modules, "HOT", 5)

    def weights():
        net = network()
        loader = nn.DataLoader(X, LABELS, batch_size=8, shuffle=True)
        nn.fit(net, loader, nn.cross_entropy, nn.Adam(net.parameters()), 4, jit=True)
        return [array.tobytes() for array in net.state_dict().values()]

    assert weights() == weights()
