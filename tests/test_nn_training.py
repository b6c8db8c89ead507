"""fit and checkpoints: what is learnt and recorded, stopping, resuming bit for bit, and that an error changes nothing."""

import copy
import functools
import json
import math
import sys
import types
import zipfile

import numpy as np
import pytest

import nn
from autograd import AnomalyError, Tensor, Value, no_grad
from nn import checkpoints

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
LABELS = (X @ [1.0, -2.0, 0.5] > 0).astype(int)
SIGNS = 2 * LABELS - 1


def network(seed=0, dropout=0.3):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Linear(3, 8, rng=rng), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout, rng=rng), nn.Linear(8, 2, rng=rng)
    )


def loader(seed=0):
    return nn.DataLoader(X, LABELS, batch_size=8, shuffle=True, seed=seed)


def same(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


# ---- what is learnt and recorded


def test_fit_is_the_loop_in_plain_sight():
    net, twin = network(), network()
    history = nn.fit(net, loader(), nn.cross_entropy, nn.Adam(net.parameters(), lr=0.01), 3)
    optimizer, data = nn.Adam(twin.parameters(), lr=0.01), loader()
    losses = []
    for _ in range(3):
        losses.append(0.0)
        for x, y in data:
            optimizer.zero_grad()
            loss = nn.cross_entropy(twin(x), y)
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item() * len(x) / 40
    assert same(net, twin)
    assert history["loss"] == pytest.approx(losses, rel=1e-14)
    assert len(history) == 3
    assert history.stopped == ""


def test_the_history_of_validation_and_metrics():
    net = network(dropout=0.0)
    history = nn.fit(
        net, (X, LABELS), nn.cross_entropy, nn.Adam(net.parameters(), lr=0.02), 20, validation=(X, LABELS),
        metrics=[nn.accuracy],
    )  # fmt: skip
    assert list(history.rows[0]) == ["loss", "gradient norm", "lr", "validation loss", "accuracy"]
    assert history["accuracy"][-1] == nn.accuracy(nn.predict(net, X), LABELS) > 0.9
    net.eval()
    assert history["validation loss"][-1] == pytest.approx(nn.cross_entropy(net(X), LABELS).item(), rel=1e-12)
    assert history["lr"] == [0.02] * 20
    with pytest.raises(KeyError, match="no 'acuracy' in this history; there are loss"):
        history["acuracy"]
    assert "20 epochs" in repr(history)
    history.plot().figure.savefig


def test_metrics_without_validation_are_of_the_training_batches():
    net = nn.Linear(3, 2, rng=0)
    history = nn.fit(
        net, loader(), nn.cross_entropy, nn.SGD(net.parameters(), lr=0.0), 1, metrics={"right": nn.accuracy}
    )
    assert history["right"] == [nn.accuracy(nn.predict(net, X), LABELS)]


def test_values_are_trained_row_by_row_to_the_same_numbers():
    def train(node):
        net = nn.MLP(3, [4, 1], rng=0, node=node, activation="tanh")
        history = nn.fit(net, (X, SIGNS), nn.hinge_loss, nn.SGD(net.parameters(), lr=0.1, momentum=0.5), 3,
                         validation=(X, SIGNS), metrics=[nn.accuracy])  # fmt: skip
        return np.array([list(row.values()) for row in history.rows]), nn.predict(net, X)

    (scalars, outputs), (tensors, others) = train(Value), train(Tensor)
    assert np.abs(scalars - tensors).max() < 1e-12
    assert np.abs(outputs - others).max() < 1e-12


def test_schedules_and_clipping():
    net = nn.Linear(3, 2, rng=0)
    optimizer = nn.SGD(net.parameters(), lr=1.0)
    history = nn.fit(net, loader(), nn.cross_entropy, optimizer, 3, schedule=nn.StepLR(optimizer, 1, gamma=0.5))
    assert history["lr"] == [1.0, 0.5, 0.25]
    optimizer = nn.SGD(net.parameters(), lr=1.0)
    schedule = nn.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    nn.fit(net, loader(), nn.cross_entropy, optimizer, 2, schedule=schedule)
    assert schedule.count == 10
    before = net.weight.data.copy()
    nn.fit(net, (X[:8], LABELS[:8]), nn.cross_entropy, nn.SGD(net.parameters(), lr=1.0), 1, max_norm=1e-3)
    assert 0 < np.linalg.norm(net.weight.data - before) < 1.001e-3


def test_predict_records_nothing_and_restores_the_mode():
    net = network()
    net[3].eval()
    outputs = nn.predict(net, X, batch_size=7)
    assert isinstance(outputs, np.ndarray)
    assert [module.training for module in net.modules()] == [True, True, True, True, False, True]
    assert np.abs(outputs - copy.deepcopy(net).eval()(X).data).max() < 1e-12


def test_the_progress_bar_is_quiet_when_not_on_a_terminal(capsys):
    net = nn.Linear(3, 2, rng=0)
    nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters()), 1)
    assert capsys.readouterr() == ("", "")


# ---- stopping


def test_early_stopping_puts_back_the_best_weights():
    net = nn.Linear(3, 2, rng=0)
    seen = []

    def note(model, history):
        seen.append(model.state_dict())

    # a learning rate that grows until it harms
    optimizer = nn.SGD(net.parameters(), lr=1e-3)
    stopping = nn.EarlyStopping(patience=2)
    history = nn.fit(
        net, loader(), nn.cross_entropy, optimizer, 60, validation=(X, LABELS), callbacks=[note, stopping],
        schedule=nn.ExponentialLR(optimizer, gamma=3.0),
    )  # fmt: skip
    losses = history["validation loss"]
    best = int(np.argmin(losses))
    assert len(history) == best + 3 < 60
    assert history.stopped == "stopped by EarlyStopping"
    assert all((net.state_dict()[name] == each).all() for name, each in seen[best].items())


def test_early_stopping_of_what_should_be_great():
    class Row(nn.History):
        pass

    stopping, net, history = nn.EarlyStopping(2, "accuracy", greater=True), nn.Linear(1, 1), nn.History()
    answers = []
    for accuracy in (0.5, 0.7, 0.6, 0.7):
        history.rows.append({"accuracy": accuracy})
        answers.append(stopping(net, history))
    assert answers == [False, False, False, True]
    with pytest.raises(ValueError, match="patience"):
        nn.EarlyStopping(0)


def test_early_stopping_forgets_another_training():
    stopping = nn.EarlyStopping(1, "loss")
    for widths in (3, 4):
        net = nn.Sequential(nn.Linear(3, widths, rng=0), nn.Linear(widths, 2, rng=1))
        history = nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters(), lr=0.1), 3, callbacks=[stopping])
        assert len(history) == 3


def test_a_callback_may_stop():
    net = nn.Linear(3, 2, rng=0)

    def enough(model, history):
        return len(history) == 2

    assert len(nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters()), 9, callbacks=[enough])) == 2


def test_ctrl_c_keeps_what_was_learnt():
    net, twin = nn.Linear(3, 2, rng=0), nn.Linear(3, 2, rng=0)
    calls = iter(range(100))

    def loss(outputs, targets):
        if next(calls) == 12:
            raise KeyboardInterrupt
        return nn.cross_entropy(outputs, targets)

    history = nn.fit(net, loader(), loss, nn.SGD(net.parameters(), lr=0.1), 9)
    assert history.stopped == "interrupted"
    assert len(history) == 2
    nn.fit(twin, loader(), nn.cross_entropy, nn.SGD(twin.parameters(), lr=0.1), 2)
    assert not same(net, twin), "the two batches of the third epoch are not lost"


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_a_nan_stops_says_where_it_was_born_and_loses_no_weight(where):
    net = nn.Sequential(nn.Linear(3, 2, rng=0), nn.BatchNorm1d(2))
    optimizer = nn.SGD(net.parameters(), lr=0.1)
    kept = []

    def loss(outputs, targets):
        error = nn.cross_entropy(outputs, targets)
        kept.append(net.state_dict() if not kept or len(kept) < 7 else kept[-1])
        if len(kept) < 7:
            return error
        return (error - error.data).log() if where == "forward" else (error - error.data).sqrt() + error

    with pytest.raises(
        AnomalyError, match=rf"(?s)batch 1 of the epoch: .*{'log' if where == 'forward' else 'sqrt'}"
    ) as info:
        nn.fit(net, loader(), loss, optimizer, 9)
    assert "test_nn_training.py" in str(info.value)
    assert len(info.value.history) == 1
    state = net.state_dict()
    assert all(np.isfinite(each).all() for each in state.values())
    assert (state["layers.0.weight"] == kept[6]["layers.0.weight"]).all()
    assert net.parameters()[0].grad is None


def test_a_nan_inside_the_model_leaves_no_trace():
    calls = iter(range(100))
    net = nn.Sequential(
        nn.Linear(3, 2, rng=0), lambda x: x if next(calls) < 6 else (x - 1e9).sqrt(), nn.BatchNorm1d(2)
    )  # fmt: skip
    seen = []

    def loss(outputs, targets):
        if outputs.data[0, 0] == outputs.data[0, 0]:
            seen.append(net.state_dict())
        return nn.cross_entropy(outputs, targets)

    with pytest.raises(AnomalyError, match=r"batch 1 of the epoch: the loss is nan; sqrt\("):
        nn.fit(net, loader(), loss, nn.SGD(net.parameters(), lr=0.1), 9)
    state = net.state_dict()
    for name in ("layers.2.running_mean", "layers.2.running_var"):
        assert (state[name] == seen[-1][name]).all()


# ---- resuming


def pieces(seed=0):
    net = network(seed)
    optimizer = nn.Adam(net.parameters(), lr=0.02)
    return net, loader(seed), optimizer, nn.CosineAnnealingLR(optimizer, T_max=6), nn.EarlyStopping(4)


def run(parts, epochs, **options):
    net, data, optimizer, schedule, stopping = parts
    return nn.fit(
        net, data, nn.cross_entropy, optimizer, epochs, validation=(X, LABELS), metrics=[nn.accuracy],
        schedule=schedule, callbacks=[stopping], **options,
    )  # fmt: skip


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_training_is_resumed_bit_for_bit(tmp_path, ending):
    path = tmp_path / f"run.{ending}"
    whole = pieces()
    history = run(whole, 6)
    run(pieces(), 3, checkpoint=path)
    rest = pieces(seed=5)
    resumed = run(rest, 6, checkpoint=path, resume=True)
    assert resumed.rows == history.rows
    assert same(whole[0], rest[0])
    assert all(np.array_equal(one, other) for one, other in
               zip(whole[2].state_dict().values(), rest[2].state_dict().values(), strict=True))  # fmt: skip
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_another_training_is_not_resumed(tmp_path):
    path = tmp_path / "run.npz"
    run(pieces(), 2, checkpoint=path)
    for other, hint in (
        ((*pieces()[:3], None, pieces()[4]), "other data, schedule or callbacks"),
        ((nn.Linear(3, 2), *pieces()[1:]), "parameters are not parameters of this Linear"),
    ):
        before = other[0].state_dict()
        with pytest.raises(ValueError, match=hint):
            run(other, 4, checkpoint=path, resume=True)
        assert all((other[0].state_dict()[name] == each).all() for name, each in before.items())
    net, data, _, schedule, stopping = pieces()
    sgd = nn.SGD(net.parameters())
    with pytest.raises(ValueError, match="not one of this SGD"):
        run((net, data, sgd, nn.CosineAnnealingLR(sgd, T_max=6), stopping), 4, checkpoint=path, resume=True)
    with pytest.raises(ValueError, match="CosineAnnealingLR is one of another optimiser"):
        run((net, data, nn.Adam(net.parameters()), schedule, stopping), 4)
    with pytest.raises(ValueError, match="needs the checkpoint"):
        run(pieces(), 4, resume=True)
    with pytest.raises(FileNotFoundError):
        run(pieces(), 4, checkpoint=tmp_path / "none.npz", resume=True)


# ---- checkpoints


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_models_are_saved_and_loaded(tmp_path, ending):
    path = tmp_path / f"model.{ending}"
    net, other = network(0), network(1)
    optimizer = nn.Adam(net.parameters())
    nn.fit(net, loader(), nn.cross_entropy, optimizer, 1)
    nn.save(net, path, optimizer=optimizer)
    twin = nn.Adam(other.parameters())
    nn.load(other, path, optimizer=twin)
    assert same(net, other)
    assert twin.steps == optimizer.steps
    assert (net(X).data == other(X).data).all(), "the generator of Dropout too"
    nn.load(network(2), path)
    first = path.read_bytes()
    nn.save(other, path, optimizer=twin)
    assert len(path.read_bytes()) == len(first)


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_models_of_values_are_saved_and_loaded(tmp_path, ending):
    net, other = nn.MLP(3, [2, 1], rng=0), nn.MLP(3, [2, 1], rng=1)
    nn.save(net, tmp_path / f"model.{ending}")
    nn.load(other, tmp_path / f"model.{ending}")
    assert other([1.0, 2.0, 3.0]).data == net([1.0, 2.0, 3.0]).data


def test_other_programs_read_these_files(tmp_path):
    net = nn.Linear(3, 2, rng=0)
    nn.save(net, tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as archive:
        assert (archive["weight"] == net.weight.data).all()
    nn.save(net, tmp_path / "model.safetensors")
    from safetensors.numpy import load_file

    assert (load_file(tmp_path / "model.safetensors")["weight"] == net.weight.data).all()


def test_a_shuffled_validation_goes_on_bit_for_bit(tmp_path):
    def trained(epochs, **options):
        net = nn.Linear(3, 2, rng=0)
        held_out = nn.DataLoader(X, LABELS, batch_size=7, shuffle=True)
        optimizer = nn.Adam(net.parameters(), lr=0.1)
        return nn.fit(net, loader(), nn.cross_entropy, optimizer, epochs, validation=held_out, **options).rows

    trained(2, checkpoint=tmp_path / "run.npz")
    assert trained(5, checkpoint=tmp_path / "run.npz", resume=True) == trained(5)


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_bytes_in_another_order_are_read_again(tmp_path, ending):
    net, other = nn.Linear(2, 1, rng=0), nn.Linear(2, 1, rng=1)
    net.mean, other.mean = np.array([1.0, 2.0], ">f4"), np.zeros(2, np.float32)
    nn.save(net, tmp_path / f"model.{ending}")
    nn.load(other, tmp_path / f"model.{ending}")
    assert (other.mean.tolist(), other.weight.tolist()) == ([1.0, 2.0], net.weight.tolist())


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_checkpoint_cut_short_is_refused_and_nothing_changed(tmp_path, ending, share):
    path = tmp_path / f"model.{ending}"
    net = network(0)
    nn.save(net, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    other = network(1)
    before = other.state_dict()
    with pytest.raises(ValueError, match=r"is no checkpoint, or is cut short"):
        nn.load(other, path)
    assert all((other.state_dict()[name] == each).all() for name, each in before.items())


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_a_flipped_bit_is_noticed(tmp_path, ending):
    path = tmp_path / f"model.{ending}"
    net = nn.Linear(30, 20, rng=0)
    nn.save(net, path)
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 1
    path.write_bytes(contents)
    with pytest.raises(ValueError, match="no checkpoint"):
        nn.load(nn.Linear(30, 20), path)


def test_changed_notes_are_noticed(tmp_path):
    path, net = tmp_path / "model.safetensors", network(0)
    fit = functools.partial(nn.fit, data=loader(), loss=nn.cross_entropy, checkpoint=path)
    fit(net, optimizer=nn.SGD(net.parameters(), lr=0.1), epochs=1)
    good = path.read_bytes()
    for old, new in ((b"history", b"histosy"), (b"generators", b"generatorz"), (b"stopped", b"stoppee")):
        assert old in good
        path.write_bytes(good.replace(old, new))
        other = network(1)
        before = other.state_dict()
        with pytest.raises(ValueError, match="its checksum is another"):
            fit(other, optimizer=nn.SGD(other.parameters(), lr=0.1), epochs=2, resume=True)
        assert all((other.state_dict()[name] == each).all() for name, each in before.items())


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_another_architecture_is_refused_and_nothing_changed(tmp_path, ending):
    path = tmp_path / f"model.{ending}"
    net = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=0))
    nn.save(net, path, optimizer=nn.Adam(net.parameters()))
    other = nn.Sequential(nn.Linear(3, 5, rng=1), nn.Tanh(), nn.Linear(5, 2, rng=1), nn.Linear(2, 2, rng=1))
    before = other.state_dict()
    with pytest.raises(
        ValueError, match=r"layers.3.weight is missing.*layers.0.weight has shape \(3, 4\), not \(3, 5\)"
    ):
        nn.load(other, path)
    assert all((other.state_dict()[name] == each).all() for name, each in before.items())
    twin = nn.Sequential(nn.Linear(3, 4, rng=2), nn.Tanh(), nn.Linear(4, 2, rng=2))
    before = twin.state_dict()
    with pytest.raises(ValueError, match="not one of this SGD"):
        nn.load(twin, path, optimizer=nn.SGD(twin.parameters()))
    assert all((twin.state_dict()[name] == each).all() for name, each in before.items())


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize(
    ("drawn", "hint"),
    [
        ([], "the states of 1 random generators"),
        ([np.random.Generator(np.random.MT19937(0))], "does not fit"),
        ([types.SimpleNamespace(bit_generator=types.SimpleNamespace(state={}))], "does not fit"),
        ([types.SimpleNamespace(bit_generator=types.SimpleNamespace(state=5))], "does not fit"),
    ],
)
def test_the_state_of_other_generators_is_refused_and_nothing_changed(tmp_path, monkeypatch, ending, drawn, hint):
    path, net = tmp_path / f"model.{ending}", network(1)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "generators", lambda model: drawn)
        nn.save(network(0), path)
    before = net.state_dict()
    with pytest.raises(ValueError, match=hint):
        nn.load(net, path)
    assert all((net.state_dict()[name] == each).all() for name, each in before.items())


@pytest.mark.parametrize("notes", ["[]", '"x"', "null", '{"generators": 5}', "{"])
def test_notes_that_are_none_are_refused_and_nothing_changed(tmp_path, notes):
    path, net = tmp_path / "model.npz", network(1)
    np.savez(path, **network(0).state_dict())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("notes.json", notes)
    before = net.state_dict()
    with pytest.raises(ValueError, match="model.npz"):
        nn.load(net, path)
    assert all((net.state_dict()[name] == each).all() for name, each in before.items())


def test_a_loader_of_another_generator_is_refused_and_nothing_changed(tmp_path):
    path, parts = tmp_path / "run.npz", pieces()
    run(pieces(), 2, checkpoint=path)
    parts[1].rng = np.random.Generator(np.random.MT19937(0))
    before = parts[0].state_dict()
    with pytest.raises(ValueError, match="does not fit"):
        run(parts, 4, checkpoint=path, resume=True)
    assert all((parts[0].state_dict()[name] == each).all() for name, each in before.items())


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_names_with_a_slash_are_saved(tmp_path, ending):
    def table(number):
        module = nn.Module()
        module.table = {"optimizer/x": Tensor([number]), "part0/y": Value(number)}
        return module

    one, other, path = table(1.0), table(2.0), tmp_path / f"model.{ending}"
    nn.save(one, path, optimizer=nn.Adam(one.parameters()))
    nn.load(other, path, optimizer=nn.Adam(other.parameters()))
    assert same(one, other)


def test_a_checkpoint_without_optimizer_says_so(tmp_path):
    net = nn.Linear(3, 2)
    nn.save(net, tmp_path / "model.npz")
    with pytest.raises(ValueError, match="it holds no optimiser"):
        nn.load(net, tmp_path / "model.npz", optimizer=nn.Adam(net.parameters()))


def test_a_checkpoint_may_be_read_by_whom_any_file_may(tmp_path):
    (tmp_path / "any").touch()
    nn.save(nn.Linear(1, 1), tmp_path / "model.npz")
    assert (tmp_path / "model.npz").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_checkpoint_that_cannot_be_written_is_noticed_before_the_training(tmp_path):
    net = nn.Linear(3, 2, rng=0)
    for path, error in ((tmp_path / "model.pt", ValueError), (tmp_path / "none" / "model.npz", FileNotFoundError)):
        before = net.state_dict()
        with pytest.raises(error, match=r"a checkpoint ends in|there is no folder"):
            nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters(), lr=0.1), 1, checkpoint=path)
        assert all((net.state_dict()[name] == each).all() for name, each in before.items())


def test_another_ending_is_refused(tmp_path):
    for act in (nn.save, nn.load):
        (tmp_path / "model.pkl").write_bytes(b"anything")
        with pytest.raises(ValueError, match=r"\.npz or \.safetensors"):
            act(nn.Linear(1, 1), tmp_path / "model.pkl")


def test_a_pickle_is_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return sys.exit, (1,)

    np.savez(tmp_path / "model.npz", weight=np.array([Bomb()], dtype=object), bias=np.zeros(1))
    with pytest.raises(ValueError, match="no checkpoint"):
        nn.load(nn.Linear(1, 1), tmp_path / "model.npz")


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch, ending):
    path = tmp_path / f"model.{ending}"
    net = nn.Linear(3, 2, rng=0)
    nn.save(net, path)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda file: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        nn.save(nn.Linear(3, 2, rng=1), path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_without_safetensors_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match="pip install safetensors"):
        nn.save(nn.Linear(1, 1), tmp_path / "model.safetensors")


def test_infinite_numbers_survive_the_notes(tmp_path):
    net, data, optimizer, schedule, _ = pieces()
    stopping = nn.EarlyStopping(9)
    path = tmp_path / "run.npz"
    plateau = nn.ReduceLROnPlateau(optimizer)
    assert math.isinf(json.loads(json.dumps(plateau.state_dict()))["best"])
    run((net, data, optimizer, plateau, stopping), 1, checkpoint=path)
    assert len(run((net, data, optimizer, plateau, stopping), 2, checkpoint=path, resume=True)) == 2


# ---- bad input


@pytest.mark.parametrize("strange", [lambda net: nn.Linear(3, 2), lambda net: nn.MLP(3, [2])])
def test_an_optimizer_of_another_model_is_noticed(strange):
    net = nn.Linear(3, 2, rng=0)
    with pytest.raises(
        ValueError, match=r"parameters are not parameters of this Linear; make it with model\.parameters"
    ):
        nn.fit(net, loader(), nn.cross_entropy, nn.SGD(strange(net).parameters()), 1)


def test_an_optimizer_made_before_freezing_is_noticed():
    net = network()
    optimizer = nn.SGD(net.parameters())
    net[0].freeze()
    with pytest.raises(ValueError, match="2 of the optimiser's 6 parameters"):
        nn.fit(net, loader(), nn.cross_entropy, optimizer, 1)


@pytest.mark.parametrize(
    ("data", "error", "hint"),
    [
        ((X, LABELS[:5]), ValueError, "40 and 5 rows"),
        ((X[:0], LABELS[:0]), ValueError, "nothing"),
        ((np.where(X > 2, np.nan, X), LABELS), ValueError, "array 0 holds nan"),
        ((X[:, :2], LABELS), ValueError, "3 features, not an array of shape"),
        ((X, np.where(np.arange(40) == 39, 2, LABELS)), ValueError, "labels 0 to 1, not"),
        ((X, np.where(np.arange(40) == 0, -1, LABELS)), ValueError, "labels 0 to 1, not -1"),
        ((X, LABELS.astype(float)), ValueError, "float64"),
        ((X, LABELS.reshape(-1, 1)), ValueError, "shape"),
        ((batch for batch in loader()), TypeError, "DataLoader, not a generator"),
        (3, TypeError, "not a int"),
        ([], ValueError, "no batches"),
        (X, ValueError, "a pair of arrays.*here is an array of shape"),
        (nn.DataLoader(X), ValueError, "here is a tuple of 1 in place of a pair"),
        (nn.DataLoader(X, LABELS, LABELS), ValueError, "here is a tuple of 3 in place of a pair"),
        ({"x": X, "y": LABELS}, ValueError, "here is a str"),
    ],
)
def test_unusable_data_change_nothing(data, error, hint):
    net = network()
    before, optimizer = net.state_dict(), nn.Adam(net.parameters())
    with pytest.raises(error, match=hint):
        nn.fit(net, data, nn.cross_entropy, optimizer, 2)
    assert all((net.state_dict()[name] == each).all() for name, each in before.items())
    assert optimizer.steps == [0] * 6


@pytest.mark.parametrize("where", ["the last batch", "validation", "a metric", "a callback"])
def test_after_an_error_in_the_first_epoch_the_training_is_what_it_would_have_been(where):
    def fail(*_):
        raise RuntimeError(where)

    def break_at_the_last(outputs, targets):
        return fail() if len(targets) < 8 else nn.cross_entropy(outputs, targets)

    def train(net, data, optimizer, **options):
        schedule = nn.OneCycleLR(optimizer, max_lr=0.1, total_steps=20)
        if options:
            with pytest.raises((RuntimeError, ValueError), match=f"{where}|3 features"):
                nn.fit(net, data, options.pop("loss", nn.cross_entropy), optimizer, 2, schedule=schedule, **options)
        assert schedule.count == 0
        assert optimizer.lr == pytest.approx(0.1 / 25)
        return nn.fit(net, data, nn.cross_entropy, optimizer, 2, schedule=schedule).rows

    failing = {
        "the last batch": {"loss": break_at_the_last}, "validation": {"validation": (X[:, :2], LABELS)},
        "a metric": {"metrics": {"fail": fail}}, "a callback": {"callbacks": [fail]},
    }  # fmt: skip
    nets = network(), network()
    rows = [
        train(net, nn.DataLoader(X, LABELS, batch_size=9, shuffle=True), nn.Adam(net.parameters()), **options)
        for net, options in zip(nets, ({}, failing[where]), strict=True)
    ]
    assert rows[0] == rows[1]
    assert same(*nets)


def test_a_loss_that_does_not_come_from_the_model_is_refused():
    net = nn.Linear(3, 2, rng=0)
    with pytest.raises(ValueError, match="nothing leads from the loss back"):
        nn.fit(net, loader(), lambda outputs, targets: Tensor(0.5), nn.SGD(net.parameters()), 1)
    with no_grad(), pytest.raises(ValueError, match=r"is this in no_grad\(\)"):
        nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters()), 1)


def test_early_stopping_needs_what_it_looks_at():
    net = nn.Linear(3, 2, rng=0)
    before = net.state_dict()
    with pytest.raises(KeyError, match="no 'validation loss' in this history"):
        nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters()), 2, callbacks=[nn.EarlyStopping()])
    assert all((net.state_dict()[name] == each).all() for name, each in before.items())


@pytest.mark.parametrize(
    ("options", "error", "hint"),
    [
        ({"metrics": nn.accuracy}, TypeError, r"metrics=\[accuracy\]"),
        ({"callbacks": nn.EarlyStopping(1)}, TypeError, r"callbacks=\["),
        ({"model": lambda x: x}, TypeError, "the model must be a Module.*not a function"),
        ({"optimizer": "adam"}, TypeError, r"such as nn\.Adam\(model\.parameters\(\)\), not a str"),
        ({"optimizer": nn.Adam}, TypeError, "not a type"),
        ({"metrics": map(abs, [])}, TypeError, r"metrics are a list"),
        ({"epochs": 2.5}, ValueError, "epochs=2.5 must be a whole number"),
        ({"epochs": True}, ValueError, "epochs=True must be a whole number"),
        ({"loss": lambda o, t: nn.cross_entropy(o, t, "none")}, ValueError, r"the loss has shape \(8,\)"),
    ],
)
def test_arguments_that_are_none_are_refused(options, error, hint):
    net = nn.Linear(3, 2, rng=0)
    given = {"model": net, "optimizer": nn.SGD(net.parameters()), "loss": nn.cross_entropy, "epochs": 1} | options
    with pytest.raises(error, match=hint):
        nn.fit(data=loader(), **given)


def test_no_epochs_and_no_node_are_refused():
    net = nn.Linear(3, 2, rng=0)
    with pytest.raises(ValueError, match="epochs=0"):
        nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters()), 0)
    with pytest.raises(TypeError, match="must be a node"):
        nn.fit(net, loader(), lambda outputs, targets: 1.0, nn.SGD(net.parameters()), 1)


def test_a_resumed_training_that_fails_changes_nothing(tmp_path):
    first = nn.Linear(3, 1, rng=0)
    data = (X, X[:, :1])
    nn.fit(first, data, nn.mse_loss, nn.SGD(first.parameters(), lr=0.1), 3, checkpoint=tmp_path / "c.npz")
    model = nn.Linear(3, 1, rng=4)
    optimizer = nn.SGD(model.parameters(), lr=0.7)
    before = model.state_dict()
    with pytest.raises(ValueError, match="3"):
        nn.fit(
            model, (X[:, :2], X[:, :1]), nn.mse_loss, optimizer, 6, checkpoint=tmp_path / "c.npz", resume=True
        )  # fmt: skip
    assert all((before[name] == now).all() for name, now in model.state_dict().items())
    assert optimizer.lr == 0.7


@pytest.mark.parametrize(
    "metrics",
    [{"loss": nn.accuracy}, {"lr": nn.accuracy}, {"gradient norm": nn.accuracy}, {"validation loss": nn.accuracy},
     [lambda a, b: 1.0, lambda a, b: 2.0]],
)  # fmt: skip
def test_no_metric_takes_the_name_of_another_column(metrics):
    model = nn.Linear(3, 2, rng=0)
    with pytest.raises(ValueError, match="has a column '.*' already; name the metric"):
        nn.fit(model, (X, np.zeros(40, int)), nn.cross_entropy, nn.SGD(model.parameters()), 1, metrics=metrics)


@pytest.mark.parametrize(
    "options", [{"metrics": ["accuracy"]}, {"callbacks": ["x"]}, {"callbacks": [nn.EarlyStopping]}, {"loss": "mse"}]
)
def test_what_cannot_be_called_is_refused(options):
    model = nn.Linear(3, 1, rng=0)
    loss = options.pop("loss", nn.mse_loss)
    with pytest.raises(TypeError, match="are functions or objects that can be called, not"):
        nn.fit(model, (X, X[:, :1]), loss, nn.SGD(model.parameters()), 1, **options)


@pytest.mark.parametrize("where", ["parameter", "inputs", "targets"])
def test_a_nan_that_was_there_before_is_found(where):
    model = nn.Linear(3, 1, rng=0)
    x, y = X.copy(), X[:, :1].copy()
    {"parameter": model.weight.data, "inputs": x, "targets": y}[where][0, 0] = np.nan
    with pytest.raises(AnomalyError, match=f"nan or inf in the {where}{' weight' if where == 'parameter' else ''}\\. "):
        nn.fit(model, [(x, y)], nn.mse_loss, nn.SGD(model.parameters()), 1)


def test_the_history_is_read_row_by_row():
    history = nn.History()
    history.rows += [{"loss": 2.0}, {"loss": 1.0}]
    assert [row["loss"] for row in history] == history["loss"] == [2.0, 1.0]


@pytest.mark.parametrize("ending", [".npz", ".safetensors"])
def test_a_file_that_is_replaced_keeps_its_mode_and_its_links(tmp_path, ending):
    pytest.importorskip("safetensors")
    target, link = tmp_path / f"model{ending}", tmp_path / f"link{ending}"
    nn.save(nn.Linear(2, 1, rng=0), target)
    target.chmod(0o640)
    link.symlink_to(target)
    twin, other = nn.Linear(2, 1, rng=1), nn.Linear(2, 1, rng=2)
    nn.save(twin, link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    nn.load(other, target)
    assert other.weight.tolist() == twin.weight.tolist()


def test_nan_is_worse_than_anything_for_early_stopping():
    stopping = nn.EarlyStopping(patience=3, monitor="score", greater=True)
    model, scores = nn.Linear(1, 1, rng=0), []
    for score in (math.nan, -0.5, math.nan, -0.3, -0.2):
        scores.append(score)
        assert not stopping(model, {"score": scores})
    assert stopping.best == 0.2


def test_a_checkpoint_that_is_a_folder_is_refused_before_training(tmp_path):
    model, data = nn.Linear(1, 1, rng=0), (np.ones((4, 1)), np.ones((4, 1)))
    before = model.state_dict()
    (tmp_path / "a.npz").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        nn.fit(model, data, nn.mse_loss, nn.SGD(model.parameters()), 1, checkpoint=tmp_path / "a.npz")
    assert all((before[path] == now).all() for path, now in model.state_dict().items())


# ---- several inputs, caches, callbacks with a state


class TwoInputs(nn.Module):
    def __init__(self):
        self.line = nn.Linear(3, 1, rng=0)

    def __call__(self, x):
        return self.line(x["a"] if isinstance(x, dict) else x[0])


@pytest.mark.parametrize("inputs", [lambda x: (x, x[:, :1]), lambda x: {"a": x, "b": x, "c": x}])
def test_losses_are_weighted_by_the_rows_of_several_inputs(inputs):
    net = TwoInputs()
    data = [(x, x[:, :1].copy()) for x in (X[:30], X[30:])]
    losses = [nn.mse_loss(net.line(x), y).item() for x, y in data]
    several = [(inputs(x), y) for x, y in data]
    history = nn.fit(net, several, nn.mse_loss, nn.SGD(net.parameters(), lr=0.0), 1, validation=several)
    expected = (30 * losses[0] + 10 * losses[1]) / 40
    assert history["loss"] == history["validation loss"] == pytest.approx([expected], rel=1e-14)
    several[0][1][0] = np.nan
    with pytest.raises(AnomalyError, match="nan or inf in the targets"):
        nn.fit(net, several, nn.mse_loss, nn.SGD(net.parameters()), 1)


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_any_changed_byte_is_refused_or_changes_nothing(tmp_path, ending):
    path = tmp_path / f"run.{ending}"
    first = nn.Linear(3, 2, rng=0)
    nn.fit(first, loader(), nn.cross_entropy, nn.SGD(first.parameters()), 1, checkpoint=path)
    contents = path.read_bytes()
    for place in range(8, len(contents), 3):
        changed = bytearray(contents)
        changed[place] ^= 1
        path.write_bytes(changed)
        net = nn.Linear(3, 2, rng=1)
        before, optimizer = net.state_dict(), nn.SGD(net.parameters(), lr=0.5)
        try:
            history = nn.fit(net, loader(), nn.cross_entropy, optimizer, 1, checkpoint=path, resume=True)
        except ValueError:
            assert all((before[name] == now).all() for name, now in net.state_dict().items())
            assert optimizer.lr == 0.5
        else:
            assert same(net, first)
            assert len(history) == 1


def old_checkpoint(path, change):
    """A checkpoint as it was written when the checksum was of the arrays alone, with changed notes."""
    arrays, notes = checkpoints.read(path)
    notes["checksum"] = checkpoints._checksum(arrays)
    change(notes)
    if path.suffix == ".npz":
        path.write_bytes(checkpoints._npz_bytes(arrays, json.dumps(notes)))
    else:
        path.write_bytes(checkpoints._safetensors().save(arrays, {"notes.json": json.dumps(notes)}))


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize(
    ("change", "hint"),
    [
        (lambda notes: notes.pop("history"), "has no history"), (lambda notes: notes.update(history=[1]), "no history"),
        (lambda notes: notes.pop("stopped"), "has no history"), (lambda notes: notes.update(parts=5), "no history"),
        (lambda notes: notes.update(checksum="0"), "its checksum is another"), (lambda notes: None, None),
        (lambda notes: notes.pop("checksum"), None),
    ],
)  # fmt: skip
def test_an_old_checkpoint_is_loaded_or_refused_before_anything_is_changed(tmp_path, ending, change, hint):
    path, parts = tmp_path / f"run.{ending}", pieces(1)
    run(pieces(), 2, checkpoint=path)
    old_checkpoint(path, change)
    before = parts[0].state_dict()
    if hint is None:
        assert len(run(parts, 3, checkpoint=path, resume=True)) == 3
        return
    with pytest.raises(ValueError, match=hint):
        run(parts, 3, checkpoint=path, resume=True)
    assert all((before[name] == now).all() for name, now in parts[0].state_dict().items())


class Caching(nn.Module):
    def __init__(self):
        self.line, self.grown = nn.Linear(3, 2, rng=0), np.zeros(2)
        self.names = np.array(["a", "b"])

    def __call__(self, x):
        h = self.line(x)
        self.last = h.data
        self.grown = np.append(self.grown, 1.0) if self.training else self.grown
        return h


def test_weights_are_put_back_whatever_became_of_other_arrays(tmp_path):
    net = Caching()
    before, grown = net.state_dict(), net.grown

    def fail(*_):
        raise RuntimeError("the true error")

    with pytest.raises(RuntimeError, match="the true error"):
        nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters()), 2, callbacks=[fail])
    assert all((before[name] == net.state_dict()[name]).all() for name in before)
    assert (net.grown == grown).all()

    sizes, stopping = [], nn.EarlyStopping(1, "loss", greater=True)
    nn.fit(
        net, (X, LABELS), nn.cross_entropy, nn.SGD(net.parameters(), lr=0.1), 9, checkpoint=tmp_path / "c.safetensors",
        callbacks=[lambda model, _: sizes.append(len(model.grown)), stopping],
    )  # fmt: skip
    assert sizes == [4, 6]
    assert len(net.grown) == 4
    assert (net.line.weight.data == stopping.weights["line.weight"]).all()


class Counting:
    def __init__(self):
        self.count, self.sums = 0, np.zeros(2)

    def __call__(self, model, history):
        self.count += 1
        self.sums = self.sums + [1.0, 0.5]

    def state_dict(self):
        return vars(self)

    def load_state_dict(self, state):
        if state["count"] > 7:
            raise ValueError("too many")
        vars(self).update(state)


class ManyDrops(nn.Module):
    def __init__(self, seed):
        self.line, self.rngs = nn.Linear(3, 2, rng=0), {"all": [np.random.default_rng(seed)]}

    def __call__(self, x):
        return self.line(x * self.rngs["all"][0].random(np.shape(x)))


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_callbacks_and_generators_in_lists_go_on_where_they_were(tmp_path, ending):
    path = tmp_path / f"run.{ending}"

    def train(seed, epochs, **options):
        net, counting = ManyDrops(seed), Counting()
        history = nn.fit(
            net, loader(seed), nn.cross_entropy, nn.SGD(net.parameters(), lr=0.1), epochs, callbacks=[counting], **options
        )  # fmt: skip
        return history.rows, counting.count, counting.sums.tolist()

    whole = train(0, 6)
    train(0, 3, checkpoint=path)
    assert train(1, 6, checkpoint=path, resume=True) == whole
    assert whole[1:] == (6, [6.0, 3.0])
    train(1, 8, checkpoint=path, resume=True)
    net = ManyDrops(2)
    before, drawn = net.state_dict(), net.rngs["all"][0].bit_generator.state
    with pytest.raises(ValueError, match="too many"):
        nn.fit(
            net, loader(), nn.cross_entropy, nn.SGD(net.parameters()), 9, callbacks=[Counting()], checkpoint=path,
            resume=True,
        )  # fmt: skip
    assert all((before[name] == now).all() for name, now in net.state_dict().items())
    assert net.rngs["all"][0].bit_generator.state == drawn


def test_an_error_in_the_first_epoch_is_forgotten_by_callbacks_too():
    counting, net = Counting(), nn.Linear(3, 2, rng=0)

    def fail(*_):
        raise RuntimeError("the true error")

    with pytest.raises(RuntimeError, match="the true error"):
        nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters()), 2, callbacks=[counting, fail])
    assert counting.count == 0


def test_a_callback_without_a_state_yet():
    class Late:
        def __call__(self, model, history):
            self.seen = len(history)

        def state_dict(self):
            return {"seen": self.seen}

        def load_state_dict(self, state):
            self.seen = state["seen"]

    net, late = nn.Linear(3, 2, rng=0), Late()
    nn.fit(net, loader(), nn.cross_entropy, nn.SGD(net.parameters()), 2, callbacks=[late])
    assert late.seen == 2


def test_a_batch_has_as_many_rows_as_targets():
    net, rows = nn.Linear(1, 1, bias=False, rng=0), []

    def loss(outputs, targets):
        rows.append(len(targets))
        return float(len(targets)) + 0.0 * outputs.sum()

    batches = [((np.ones(1), np.ones(1)), np.ones(2)), ((np.ones(1),), np.ones(1))]
    model = nn.Sequential(lambda x: np.stack(x), net)
    history = nn.fit(model, batches, loss, nn.SGD(net.parameters()), 1)
    assert history["loss"] == [(2 * 2 + 1 * 1) / 3]


def test_a_history_of_other_columns_after_a_resume(tmp_path):
    net, path = nn.Linear(3, 2, rng=0), tmp_path / "run.npz"
    common = (net, loader(), nn.cross_entropy, nn.SGD(net.parameters()))
    nn.fit(*common, 2, checkpoint=path)
    history = nn.fit(*common, 3, checkpoint=path, resume=True, validation=(X, LABELS), metrics=[nn.accuracy])
    for name in ("validation loss", "accuracy"):
        assert np.isnan(history[name]).tolist() == [True, True, False]
    assert len(history.plot().lines) == 2
    with pytest.raises(KeyError, match="no 'f1' in this history; there are loss, gradient norm, lr, validation loss"):
        history["f1"]


@pytest.mark.parametrize(
    ("options", "error", "hint"),
    [
        ({"validation": []}, ValueError, "the validation data gave no batches"),
        ({"schedule": nn.StepLR}, TypeError, r"such as nn\.StepLR\(optimizer, 10\), not <class"),
        ({"callbacks": [nn.EarlyStopping]}, TypeError, r"make one of it: EarlyStopping\(\)"),
        (
            {"callbacks": [nn.EarlyStopping()]},
            KeyError,
            r"fit\(validation=…\), or make EarlyStopping\(monitor='loss'\)",
        ),
        ({"data": [np.ones(3)]}, ValueError, r"dtype float64 in place of a pair: write \(X, y\)"),
    ],
)
def test_errors_say_what_to_write(options, error, hint):
    net = nn.Linear(3, 2, rng=0)
    given = {"data": loader(), "loss": nn.cross_entropy, "optimizer": nn.SGD(net.parameters()), "epochs": 1} | options
    with pytest.raises(error, match=hint):
        nn.fit(net, **given)


@pytest.mark.parametrize("use", [nn.save, nn.load])
def test_a_checkpoint_is_one_of_a_module(tmp_path, use):
    with pytest.raises(TypeError, match="a checkpoint is one of a Module, such as .*, not of a dict"):
        use(nn.Linear(3, 2).state_dict(), tmp_path / "model.npz")
