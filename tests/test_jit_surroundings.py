"""`jit` and the world around a function: what it reads from outside is watched, what it changes is refused, and its
arguments are treated as it treats them itself."""

import contextlib
import copy
import itertools
import math
import operator
import pickle
import random
import types
import warnings
from array import array
from collections import ChainMap, UserDict, deque

import numpy as np
import pytest

from autograd import JitError, JitWarning, Tensor, Value, cross_entropy, jit
from autograd.ops.shape import data_of
from nn import MLP, BatchNorm1d, Dropout, LeakyReLU, Linear, Module, Sequential, Tanh

pytestmark = pytest.mark.filterwarnings("error::autograd.JitWarning")


class Slots:
    """Attributes without a dict."""

    __slots__ = ("count", "weight")


class Settings:
    scale = 2.0


SCALE = 2.0


# ---- gradients


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_reading_and_setting_gradients_is_refused(kind):
    w = kind(2.0)
    with pytest.raises(JitError, match=r"reading \.grad of a"):
        jit(lambda x: x * w.grad)(kind(3.0))

    def clears(x):
        w.grad = 0.0
        return w * x

    with pytest.raises(JitError, match=r"setting \.grad of a"):
        jit(clears)(kind(3.0))
    w.grad = None
    assert w.grad is None


def test_a_branch_on_a_gradient_is_refused():
    with pytest.raises(JitError, match=r"\.grad"):
        jit(lambda x: x * 2 if x.grad else x * 3)(Value(1.0))


# ---- what is read from outside


def test_a_number_bound_anew():
    k = 2.0
    f = jit(lambda x: x * k)
    assert f(1.0) == 2.0
    k = 3.0
    assert [f(1.0), f(2.0)] == [3.0, 6.0]
    assert "something that it reads from outside was changed" in f.explain()


def test_a_global_bound_anew(monkeypatch):
    f = jit(lambda x: x * SCALE)
    assert f(1.0) == 2.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert f(1.0) == 5.0


@pytest.mark.parametrize("as_object", [True, False])
def test_an_attribute_set_anew(as_object, monkeypatch):
    settings = Settings() if as_object else Settings
    f = jit(lambda x: x * settings.scale)
    assert f(Value(1.0)).data == 2.0
    monkeypatch.setattr(settings, "scale", 5.0)  # on an object it hides the attribute of the class
    assert f(Value(1.0)).data == 5.0


def test_an_attribute_that_is_used_in_a_method():
    class Line:
        def __init__(self):
            self.weight, self.power = Value(2.0), 1

        def raised(self, x):
            return x**self.power

        @jit
        def at(self, x):
            return self.weight * self.raised(x)

    line = Line()
    assert line.at(3.0).data == 6.0
    line.power = 2
    assert line.at(3.0).data == 18.0


def test_an_attribute_that_the_code_does_not_mention_may_change():
    class Trainer:
        def __init__(self):
            self.weight, self.steps = Value(2.0), 0

        @jit
        def loss(self, x):
            return self.weight * x

    trainer = Trainer()
    for trainer.steps in range(30):
        assert trainer.loss(3.0).data == 6.0
    assert "recorded once" in Trainer.loss.explain()


def test_slots_are_watched():
    slots = Slots()
    slots.count, slots.weight = 2.0, Value(3.0)
    f = jit(lambda x: x * slots.count * slots.weight)
    assert f(1.0).data == 6.0
    slots.weight = Value(5.0)
    assert f(1.0).data == 10.0
    slots.count = 7.0
    assert f(1.0).data == 35.0


def test_a_node_on_a_class(monkeypatch):
    monkeypatch.setattr(Settings, "scale", Value(2.0))
    f = jit(lambda x: x * Settings.scale)
    assert f(1.0).data == 2.0
    monkeypatch.setattr(Settings, "scale", Value(5.0))
    assert f(1.0).data == 5.0


def test_an_array_changed_in_place_or_bound_anew():
    a = np.ones(2)
    f = jit(lambda x: (x * a).sum())
    x = Tensor([1.0, 1.0])
    assert f(x).item() == 2.0
    a[0] = 10.0
    assert f(x).item() == 11.0
    a = np.zeros(2)
    assert f(x).item() == 0.0


def test_lists_of_nodes_and_dicts_that_hold_them():
    weights = {"all": [Value(1.0), Value(2.0)]}
    f = jit(lambda x: sum((w * x for w in weights["all"]), start=0.0))
    assert f(1.0).data == 3.0
    weights["all"].append(Value(3.0))
    assert f(1.0).data == 6.0
    weights["all"] = [Value(9.0)]
    assert f(1.0).data == 9.0
    weights["all"][0] = Value(9.0)  # another node that holds the same number
    f(1.0).backward()
    assert weights["all"][0].grad == 1.0


def test_training_and_use_are_told_apart():
    model = Sequential(Linear(2, 2, rng=0), lambda x: x * 2, Dropout(0.5, rng=0))
    model.eval()
    f = jit(lambda x: model(x))
    x = np.ones((1, 2))
    expected = model(x).data
    assert (f(x).data == expected).all()
    model.train()
    assert len({f(x).data.tobytes() for _ in range(20)}) > 1
    model.eval()
    assert (f(x).data == expected).all()


def test_to_and_fro_is_recorded_once_each():
    class Model:
        is_on = True

    model, w = Model(), Value(2.0)
    f = jit(lambda x: w * x if model.is_on else w - x)
    for i in range(40):
        model.is_on = i % 2 == 0
        assert f(1.0).data == (2.0 if model.is_on else 1.0)
    assert "recorded 2 times" in f.explain()


def test_what_changes_at_every_call_falls_back_and_says_so():
    rate, w = 1.0, Value(2.0)
    f = jit(lambda x: w * x * rate)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(30):
            rate *= 0.9
            assert f(1.0).data == 2.0 * rate
    assert ["pass as an argument what changes" in str(each.message) for each in told] == [True]
    assert "runs as it is" in f.explain()


def test_an_equal_number_is_no_change():
    rate, w = 1.5, Value(2.0)
    f = jit(lambda x: w * x * rate)
    for _ in range(30):
        rate = float("1.5")
        assert f(1.0).data == 3.0
    assert "recorded once" in f.explain()


# ---- what is changed


def test_changing_a_captured_array_in_place_is_refused():
    a = np.ones(2)

    def f(x):
        a[0] += 1
        return (x * a).sum()

    with pytest.raises(JitError, match="changes something"):
        jit(f)(Tensor([1.0, 1.0]))


def test_changing_slots_is_refused():
    slots = Slots()
    slots.count = 0

    def f(x):
        slots.count += 1
        return x * slots.count

    with pytest.raises(JitError, match="changes something"):
        jit(f)(2.0)


def test_changing_a_deque_is_refused():
    seen = deque()

    def f(x):
        seen.append(1)
        return x * len(seen)

    with pytest.raises(JitError, match="changes something"):
        jit(f)(2.0)


def test_changing_a_class_is_refused(monkeypatch):
    monkeypatch.setattr(Settings, "scale", 1.0)

    def f(x):
        Settings.scale += 1.0
        return x * Settings.scale

    with pytest.raises(JitError, match="changes something"):
        jit(f)(2.0)


def test_changing_an_attribute_of_a_function_is_refused():
    def f(x):
        f.count += 1
        return x * f.count

    f.count = 0
    with pytest.raises(JitError, match="changes something"):
        jit(f)(2.0)


@pytest.mark.parametrize("change", [lambda x: x.append(1), lambda x: x.pop(), lambda x: x.__setitem__(0, 5)])
def test_changing_an_argument_is_refused(change):
    def f(x, numbers):
        change(numbers)
        return x * len(numbers)

    with pytest.raises(JitError, match="changes (its arguments|something)"):
        jit(f)(2.0, [1])


@pytest.mark.parametrize("endless", [lambda: itertools.count(1.0), lambda: (float(i) for i in range(9))])
def test_an_iterator_goes_on(endless):
    numbers = endless()
    f = jit(lambda x: x * next(numbers))
    with pytest.warns(JitWarning, match="iterator"):
        first = f(1.0)
    assert f(1.0) == first + 1.0


# ---- arguments


def test_a_number_is_not_a_node():
    f = jit(lambda x: x * 2 if isinstance(x, float) else x * 3)
    with pytest.warns(JitWarning, match="plain numbers and nodes"):
        assert f(1.0) == 2.0
    assert [f(1.0), f(Value(1.0)).data] == [2.0, 3.0]
    asks = jit(lambda x: x * 2 if isinstance(x, Value) else x * 3)
    with pytest.warns(JitWarning, match="plain numbers and nodes"):
        assert asks(1.0) == 3.0


def test_an_int_array_is_not_mistaken_for_another():
    f = jit(lambda x, index: x[index].sum())
    x = Tensor([1.0, 2.0, 4.0])
    for index in ([0, 1], [1, 2], [0, 1], [0, 0]):
        assert f(x, np.array(index)).item() == x.data[index].sum()


def test_floats_after_nodes_after_floats():
    f = jit(lambda x, y: x * y)
    assert f(2.0, 3.0) == 6.0
    assert f(Value(2.0), 3.0).data == 6.0
    assert f(2.0, np.float64(4.0)) == 8.0
    assert f(2.0, 5.0) == 10.0
    assert f(Tensor([2.0]), 5.0).data.tolist() == [10.0]


# ---- several calls at once


def test_tensor_calls_before_one_backward_keep_their_own_results():
    f = jit(lambda x: (x * x).tanh())
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 0.5])
    first = f(a)
    before = first.data.copy()
    second = f(b)
    assert (first.data == before).all()
    (first * second).sum().backward()
    x, y = Tensor(a.data), Tensor(b.data)
    ((x * x).tanh() * (y * y).tanh()).sum().backward()
    np.testing.assert_allclose([a.grad, b.grad], [x.grad, y.grad])


def test_results_and_gradients_share_no_memory():
    w = Tensor(np.ones((3, 3)))
    f = jit(lambda x: (x + w).reshape(-1))
    x = Tensor(np.ones((3, 3)))
    out = f(x)
    upstream = np.arange(9.0)
    out.backward(upstream)
    arrays = [out.data, x.data, w.data, x.grad, w.grad, upstream]
    assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2))


def test_disabled_holds_for_floats_too():
    seen = []
    f = jit(lambda x: x * x)
    assert f(2.0) == 4.0
    with jit.disabled():
        assert f(2.0) == 4.0
        g = jit(lambda x: seen.append(1) or x)
        assert (g(1.0), g(1.0), len(seen)) == (1.0, 1.0, 2)


def test_a_model_of_scalars_trained_and_rebuilt():
    net = MLP(2, [3, 1], rng=0)
    f = jit(lambda: net([1.0, 2.0]))
    assert f().data == net([1.0, 2.0]).data
    net.layers[0].neurons[0].activation = "tanh"
    assert f().data == net([1.0, 2.0]).data


# ---- integers and random numbers


def test_integers_among_the_arguments_are_inputs():
    w = Tensor(np.random.default_rng(0).normal(size=(3, 4)))
    f = jit(lambda x, labels: cross_entropy(x @ w, labels))
    rng = np.random.default_rng(1)
    for _ in range(5):
        x, labels = rng.normal(size=(6, 3)), rng.integers(0, 4, 6)
        w.grad = None
        f(x, labels).backward()
        found, w.grad = w.grad, None
        expected = cross_entropy(x @ w, labels)
        expected.backward()
        assert f(x, labels).item() == pytest.approx(expected.item(), rel=1e-12)
        np.testing.assert_allclose(found, w.grad)
    assert "recorded once" in f.explain()
    with pytest.raises(IndexError):
        f(x, np.array([0, 1, 2, 3, 0, -1]))
    with pytest.raises(IndexError):
        f(x, np.array([0, 1, 2, 3, 0, 4]))


@pytest.mark.parametrize(
    "f",
    [
        lambda x, k: x[k].sum(),
        lambda x, k: (x * k).sum(),
        lambda x, k: (x * (k + 1) * (k > 1)).sum(),
        lambda x, k: np.where(k == 2, x, -x).sum(),
        lambda x, k: x[k.tolist()].sum(),
        lambda x, k: (x * np.asarray(k)).sum(),
        lambda x, k: x.sum() * int(k[0]),
        lambda x, k: (x if isinstance(k, np.ndarray) else -x).sum() * k.max(),
        lambda x, k: sum(x[i] for i in k),
        lambda x, k: (x * np.eye(4)[k][:, 1]).sum(),
    ],
)
def test_whatever_is_done_with_integers(f):
    compiled = jit(f)
    for k in ([0, 1, 2], [2, 1, 0], [1, 1, 1], [0, 1, 2], [0, 0, 2]):
        for x in (Tensor([1.0, 2.0, 4.0]), Tensor([-3.0, 0.5, 2.0])):
            assert compiled(x, np.array(k)).item() == f(x, np.array(k)).item()


def test_arithmetic_of_comparisons_is_live():
    for f in (lambda x: ((x > 0) * (x < 2) * x).sum(), lambda x: (np.maximum(x > 0, x > 5) * x).sum()):
        compiled = jit(f)
        for data in ([1.0, 3.0, -1.0], [-1.0, -3.0, 1.0]):
            assert compiled(Tensor(data)).item() == f(Tensor(data)).item()


def test_dropout_is_drawn_anew_at_every_call():
    model, twin = (Sequential(Linear(3, 8, rng=0), Dropout(0.5, rng=1), Linear(8, 2, rng=2)) for _ in range(2))
    f = jit(lambda x: (model(x) ** 2).sum())
    rng = np.random.default_rng(3)
    for _ in range(5):
        x = rng.normal(size=(4, 3))
        first, second = f(x), (twin(x) ** 2).sum()
        assert first.item() == pytest.approx(second.item(), rel=1e-12)
        first.backward()
        second.backward()
        for mine, its in zip(model.parameters(), twin.parameters(), strict=True):
            np.testing.assert_allclose(mine.grad, its.grad, rtol=1e-9, atol=1e-12)
    assert "recorded once" in f.explain()


def test_dropout_keeps_its_draw_for_gradients_of_gradients():
    drop, twin = Dropout(0.5, rng=1), Dropout(0.5, rng=1)
    f = jit(lambda x: (drop(x) ** 3).sum())
    f(np.ones(6))
    twin(np.ones(6))
    x, y = Tensor(np.arange(1.0, 7.0)), Tensor(np.arange(1.0, 7.0))
    first, second = f(x), (twin(y) ** 3).sum()
    f(x)
    first.backward(create_graph=True)
    second.backward(create_graph=True)
    np.testing.assert_allclose(x.grad.data, y.grad.data)


def test_other_random_numbers_beside_dropout_are_not_frozen():
    drop = Dropout(0.5, rng=1)
    f = jit(lambda x: drop(x).sum() * drop.rng.normal())
    with pytest.warns(JitWarning, match="random"):
        f(np.ones(3))
    assert len({float(f(np.ones(3))) for _ in range(9)}) > 3


def test_an_attribute_more_or_less():
    class Model:
        def __init__(self):
            self.parts = [Value(1.0)]

    model = Model()
    f = jit(lambda x: sum((part * x for part in vars(model).get("extra", model.parts)), start=0.0))
    assert f(2.0).data == 2.0
    model.extra = [Value(5.0), Value(6.0)]
    assert f(2.0).data == 22.0
    del model.extra
    assert f(2.0).data == 2.0


# ---- what is inside of what is read


class Gauge:
    """Its methods run without being called by name."""

    rate = 2.0

    def __init__(self):
        self.level, self.count = 2.0, 1

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return self.level

    def __iter__(self):
        return iter([self.level])

    def __contains__(self, other):
        return self.level > other

    def __mul__(self, other):
        return other * self.level

    def __enter__(self):
        return self.level

    def __exit__(self, *reason):
        pass

    @classmethod
    def rated(cls, x):
        return x * cls.rate

    @staticmethod
    def scaled(x):
        return x * SCALE


class Scaled:
    def __init__(self):
        self.scale = SCALE

    def at(self, x):
        return x * self.scale * SCALE


CHAIN = {0: lambda x: x * 2}


def in_context(gauge, x):
    with gauge as level:
        return x * level


@pytest.mark.parametrize(
    "use",
    [
        lambda gauge, x: x * len(gauge),
        lambda gauge, x: x * gauge[0],
        lambda gauge, x: x * sum(gauge),
        lambda gauge, x: x * 2 if 3.0 in gauge else x * 3,
        lambda gauge, x: gauge * x,
        in_context,
        lambda gauge, x: x * getattr(gauge, "level"),  # noqa: B009  (what is tested)
        lambda gauge, x: x * operator.attrgetter("level")(gauge),
        lambda gauge, x: x * vars(gauge)["level"],
        lambda gauge, x: x * gauge.__dict__["level"],
        lambda gauge, x: gauge.rated(x),
        lambda gauge, x: type(gauge).rated(x),
        lambda gauge, x: gauge.scaled(x),
        lambda gauge, x: Gauge.scaled(x),
        lambda gauge, x: Scaled().at(x),
        lambda gauge, x: CHAIN[0](x),
    ],
)
def test_an_attribute_or_a_global_that_is_read_in_a_roundabout_way(use, monkeypatch):
    gauge = Gauge()
    f = jit(lambda x: use(gauge, x))
    before = f(Value(1.0)).data
    gauge.level, gauge.count = 5.0, 7
    monkeypatch.setattr(Gauge, "rate", 11.0)
    monkeypatch.setitem(globals(), "SCALE", 13.0)
    monkeypatch.setitem(CHAIN, 0, lambda x: x * 17)
    assert f(Value(1.0)).data == use(gauge, 1.0) != before


def test_a_default_that_can_only_be_given_by_name():
    def f(x, *, rate=2.0, gauge=Gauge()):  # noqa: B008  (what is tested)
        return x * rate * gauge.level

    compiled = jit(f)
    assert compiled(1.0) == 4.0
    f.__kwdefaults__["gauge"].level = 3.0
    assert compiled(1.0) == 6.0
    f.__kwdefaults__["rate"] = 5.0
    assert compiled(1.0) == 15.0


def test_globals_of_another_module():
    other = types.ModuleType("other")
    exec("K = 2.0\ndef at(x): return x * K\nclass Line:\n    def __call__(self, x): return x * K", vars(other))
    functions = [jit(lambda x: other.at(x)), jit(lambda x: other.Line()(x))]
    assert [f(1.0) for f in functions] == [2.0, 2.0]
    other.K = 5.0
    assert [f(1.0) for f in functions] == [5.0, 5.0]


def test_slots_of_the_function_itself():
    class Line:
        __slots__ = ("power", "weight")

        def __call__(self, x):
            return self.weight * x**self.power

    line = Line()
    line.weight, line.power = Value(2.0), 1
    f = jit(line)
    assert f(3.0).data == 6.0
    line.power = 2
    assert f(3.0).data == 18.0


CONTAINERS = {
    "another node in a dict": ({"w": Value(2.0)}, lambda d, x: sum(p * x for p in d.values()), {"b": Value(5.0)}),
    "a key that is asked for": ({}, lambda d, x: x * 2 if "b" in d else x * 3, {"b": 1}),
    "a key with a default": ({}, lambda d, x: x * d.get("b", 2.0), {"b": 7.0}),
    "a number in a dict": ({"rate": 2.0}, lambda d, x: x * d["rate"], {"rate": 5.0}),
    "a function in a dict": ({"f": lambda x: x * 2}, lambda d, x: d["f"](x), {"f": lambda x: x * 5}),
    "a number in a list": ([2.0], lambda d, x: x * d[0], {0: 5.0}),
    "a function in a list": ([lambda x: x * 2], lambda d, x: d[0](x), {0: lambda x: x * 5}),
    "a number in a UserDict": (UserDict(rate=2.0), lambda d, x: x * d["rate"], {"rate": 5.0}),
    "a number in a ChainMap": (ChainMap({"rate": 2.0}), lambda d, x: x * d["rate"], {"rate": 5.0}),
    "a small array": (np.array([4.0]), lambda d, x: x * float(np.sqrt(d)[0]), {0: 9.0}),
    "an array of the standard library": (array("d", [4.0]), lambda d, x: x * d[0], {0: 9.0}),
    "bytes": (bytearray(b"a"), lambda d, x: x * d[0], {0: 3}),
}


@pytest.mark.parametrize("case", CONTAINERS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_is_in_a_container(case, wrapped):
    given, use, change = CONTAINERS[case]
    inside = copy.copy(given)
    holder = ([inside],) if wrapped else inside
    f = jit(lambda x: use(holder[0][0] if wrapped else holder, x))
    before = f(Value(1.0)).data
    for key, thing in change.items():
        inside[key] = thing
    assert f(Value(1.0)).data == data_of(use(inside, 1.0)) != before


def test_activations_in_their_own_list_and_settings_in_a_dict():
    class Model(Module):
        def __init__(self):
            self.linear, self.activations, self.more = Linear(2, 2, rng=0), [Tanh()], {"a": Linear(2, 2, rng=1)}

        def __call__(self, x):
            x = self.linear(x)
            for each in (*self.activations, *self.more.values()):
                x = each(x)
            return x.sum()

    model = Model()
    f, x = jit(model), np.ones((1, 2))
    seen = [f(x).item()]
    for change in (
        lambda: model.activations.__setitem__(0, LeakyReLU(0.1)),
        lambda: model.activations[0].params.update(slope=0.5),
        lambda: model.more.update(b=Tanh()),
        lambda: model.activations.pop(),
    ):
        change()
        seen.append(f(x).item())
        assert seen[-1] == pytest.approx(model(x).item(), rel=1e-12)
    assert len(set(seen)) == len(seen)


def test_running_averages_are_those_of_now():
    model = Sequential(Linear(3, 4, rng=0), BatchNorm1d(4))
    x = np.random.default_rng(0).normal(size=(5, 3))
    f = jit(lambda x: model(x).sum())
    for i in range(3):
        model.train()
        model(Tensor(x * i + i))
        model.eval()
        assert f(x).item() == pytest.approx(model(x).sum().item(), rel=1e-12)
    model.load_state_dict({name: 2 * each for name, each in model.state_dict().items()})
    assert f(x).item() == pytest.approx(model(x).sum().item(), rel=1e-12)


def sharing(left, right):
    right.running_mean, right.running_var = left.running_mean, left.running_var
    return right.eval()


class TestRunningAverages:
    """They are changed by every call of a compiled function as by the function itself, and by nothing else."""

    X = np.random.default_rng(0).normal(size=(5, 4))

    def layers(self):
        return BatchNorm1d(4), BatchNorm1d(4)

    def check(self, left, right):
        np.testing.assert_allclose(right.running_mean, left.running_mean, rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(right.running_var, left.running_var, rtol=1e-13)

    @pytest.mark.parametrize("times", [1, 2])
    def test_of_every_call(self, times):
        left, right = self.layers()
        f = jit(lambda x: sum((right(x) ** 3).sum() for _ in range(times)))
        for i in range(6):
            x = self.X * i + i
            expected = sum((left(x) ** 3).sum() for _ in range(times)).item()
            assert f(Tensor(x)).item() == pytest.approx(expected)
            self.check(left, right)
            assert f(x).item() == pytest.approx(sum((left(x) ** 3).sum() for _ in range(times)).item())
            self.check(left, right)
            for layer in (left, right):
                layer.weight.data = layer.weight.data + 0.1
        assert "recorded 2 times" in f.explain()

    def test_where_the_run_fails_or_is_done_again(self):
        left, right = self.layers()
        f = jit(lambda x: (right(x) ** 3).sum())
        for data in (self.X, self.X * np.nan, self.X):
            f(Tensor(data))
            left(data)
            self.check(left, right)
        with pytest.raises(ValueError, match="features"):
            f(Tensor(self.X.T))
        self.check(left, right)

    def test_gradients_change_nothing_not_even_their_own(self):
        left, right = self.layers()
        f = jit(lambda x: (right(x) ** 3).sum())
        x, y = Tensor(self.X), Tensor(self.X)
        for _ in range(3):
            mine, its = (left(x) ** 3).sum(), f(y)
            mine.backward(create_graph=True)
            its.backward(create_graph=True)
            self.check(left, right)
            np.testing.assert_allclose(y.grad.data, x.grad.data, rtol=1e-12, atol=1e-12)
            x.grad = y.grad = None

    def test_in_use_and_in_training_by_turns(self):
        left, right = self.layers()
        f = jit(lambda x: (right(x) ** 3).sum())
        for i in range(5):
            x = self.X * i + i
            for is_training in (True, False, True):
                left.train(is_training)
                right.train(is_training)
                assert f(Tensor(x)).item() == pytest.approx((left(x) ** 3).sum().item())
                self.check(left, right)

    def test_other_averages_in_their_place(self):
        left, right = self.layers()
        f = jit(lambda x: (right(x) ** 3).sum())
        for _ in range(3):
            f(Tensor(self.X))
        right.running_mean, right.running_var = left.running_mean.copy(), left.running_var.copy()
        f(Tensor(self.X))
        left(self.X)
        self.check(left, right)
        right.load_state_dict(BatchNorm1d(4).state_dict())
        f(Tensor(self.X))
        fresh = BatchNorm1d(4)
        fresh(self.X)
        self.check(fresh, right)

    @pytest.mark.parametrize(
        "make",
        [
            lambda bn, _: lambda x: (bn(x) ** 3).sum() + (bn.running_mean**2).sum(),
            lambda bn, _: lambda x: (bn(x) ** 3).sum() + float(bn.running_var[0]),
            lambda bn, other: sharing(bn, other) and (lambda x: (other(x) * bn(x)).sum()),
            lambda bn, other: lambda x: (other(x + bn.running_mean) * bn(x)).sum(),
            lambda bn, other: lambda x: (other(bn(x) + bn.running_mean) ** 3).sum(),
        ],
    )
    def test_a_function_that_reads_them_runs_as_it_is(self, make):
        left, right = self.layers(), self.layers()
        expected, f = make(*left), jit(make(*right))
        for i in range(4):
            x = Tensor(self.X * i + i)
            with contextlib.nullcontext() if i else pytest.warns(JitWarning, match="reads the running averages"):
                result = f(x)
            assert result.item() == expected(x).item()
            for mine, its in zip(left, right, strict=True):
                self.check(mine, its)

    @pytest.mark.parametrize("make", [lambda: BatchNorm1d(4), lambda: Dropout(0.5, rng=0)])
    def test_where_the_function_asks_for_types(self, make):
        left, right = make(), make()
        f = jit(lambda x: (right(x) ** (2 if isinstance(x, np.ndarray) else 3)).sum())
        for i in range(3):
            x = self.X + i
            with contextlib.nullcontext() if i else pytest.warns(JitWarning, match="numbers and nodes differently"):
                result = f(x)
            assert np.array_equal(data_of(result), data_of((left(x) ** 2).sum()))
        np.testing.assert_equal(left.state_dict(), right.state_dict())

    def test_as_far_as_a_call_came_that_is_being_recorded(self):
        (left, other), (right, last) = self.layers(), self.layers()
        drop, twin = Dropout(0.5, rng=0), Dropout(0.5, rng=0)
        for f in (lambda x: other(left(drop(x))[1:]), jit(lambda x: last(right(twin(x))[1:]))):
            with pytest.raises(ValueError, match="two rows"):
                f(Tensor(self.X[:2]))
        self.check(left, right)
        assert right.running_mean.any()
        assert drop(self.X).tolist() == twin(self.X).tolist()

    def test_of_many_features(self):
        bn = BatchNorm1d(9000)
        bn.eval()
        f = jit(lambda x: (bn(x) ** 2).sum())
        x = Tensor(np.ones((2, 9000)))
        for i in range(3):
            bn.running_mean += i
            assert f(x).item() == (bn(x) ** 2).sum().item()


def test_records_that_the_code_does_not_mention_may_grow():
    class Trainer:
        def __init__(self):
            self.weight, self.history, self.best = Value(2.0), [], {"losses": []}
            self.batch = np.zeros(3)

        @jit
        def loss(self, x):
            return (self.weight * x).sum()

    trainer = Trainer()
    for i in range(30):
        trainer.batch += 1.0
        loss = trainer.loss(trainer.batch)
        trainer.history.append(loss)
        trainer.best["losses"].append(loss.data)
        trainer.best[i] = loss
    assert "recorded once" in Trainer.loss.explain()


# ---- values outside that are only compared

V, U, MANY = Value(1.0), Value(0.0), [Value(3.0), Value(-2.0)]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 2 if V > 0 else x * 3,
        lambda x: x * 2 if V else x * 3,
        lambda x: x * 2 if V == 1 else x * 3,
        lambda x: x * 2 if V > U else x * 3,
        lambda x: x * (V > 0),
        lambda x: x[0 if V > 0 else 1],
        lambda x: x * max(MANY),
        lambda x: x * sorted(MANY)[1],
    ],
)
def test_a_node_outside_that_is_only_compared(f):
    compiled, x = jit(f), Tensor([1.0, 4.0])
    for data in (1.0, -1.0, 0.0, 5.0):
        V.data = MANY[1].data = data
        assert compiled(x).data.tolist() == f(x).data.tolist()


# ---- integers and arrays among the arguments


@pytest.mark.parametrize(
    "f", [lambda w, a: w * (a & 1), lambda w, a: w * (2 | a), lambda w, a: w * (a ^ 5), lambda w, a: w * ~a]
)
def test_bits_of_integers(f):
    compiled, w = jit(f), Tensor([1.0, 2.0, 3.0])
    for numbers in ([3, 1, 2], [4, 5, 6], [True, False, True]):
        assert compiled(w, np.array(numbers)).data.tolist() == f(w, np.array(numbers)).data.tolist()


def test_an_array_that_is_not_read():
    t = Tensor(np.ones(2))
    for given in (t, np.ones(2)):
        f = jit(lambda t, s: s * 2 if s > 0 else s * 3)
        assert [f(given, Value(s)).data for s in (1.0, -1.0, 2.0)] == [2.0, -3.0, 4.0]
        assert np.isnan(jit(lambda t, s: s * len(t))(given, Value(float("nan"))).data)
        passed, number = jit(lambda t, s: (t, s / s))(given, Value(0.0))
        assert passed is given
        number.backward()
    assert t.grad is None


# ---- what cannot be replayed


def test_changing_what_is_reached_in_other_ways_is_refused():
    numbers, letters, names = array("d", [1.0]), bytearray(b"a"), {"a": Value(1.0)}
    append = [].append

    def default(x, *, calls=[]):  # noqa: B006  (what is tested)
        calls.append(1)
        return x * len(calls)

    def renames(x):
        names["b"] = names.pop("a")
        return x * len(names)

    for f in (
        default,
        renames,
        lambda x: letters.append(1) or x,
        lambda x: numbers.append(1.0) or x,
        lambda x: append(1) or x,
    ):
        with pytest.raises(JitError, match="changes something"):
            jit(f)(1.0)


W = Value(2.0)


class Result:
    def __init__(self, content):
        self.content = content


def yields(x):
    yield x * W


@pytest.mark.parametrize(
    ("f", "read"),
    [
        (yields, lambda made: next(made).data),
        (lambda x: zip([x], [2.0], strict=True), lambda made: next(made)[0]),
        (lambda x: iter([2.0, x]), lambda made: [*made]),
        (lambda x: lambda t: t * x, lambda made: made(2.0)),
        (lambda x: Result(x), lambda made: made.content),
        (lambda x: {2.0}, lambda made: made.add(1.0) or len(made)),
    ],
)
def test_a_new_thing_that_is_returned_is_new_at_every_call(f, read):
    compiled = jit(f)
    with pytest.warns(JitWarning, match="it returns a new"):
        assert read(compiled(3.0)) == read(f(3.0))
    assert read(compiled(5.0)) == read(f(5.0))
    assert read(compiled(5.0)) == read(f(5.0))


def test_things_that_were_there_before_are_returned_as_they_are():
    result = Result(1.0)
    f = jit(lambda x: (x * 2, result, "text", None, np.dtype("f4"), Result, max, math.pi))
    assert f(2.0) == f(2.0) == (4.0, result, "text", None, np.dtype("f4"), Result, max, math.pi)


@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.parametrize(
    "f",
    [
        lambda v: copy.deepcopy(v) * 2,
        lambda v: copy.deepcopy([v])[0] * 2,
        lambda v: copy.copy(v) * 2,
        lambda v: pickle.loads(pickle.dumps(v)) * 2,
    ],
)
def test_a_copy_of_a_node_is_refused(kind, f):
    w = kind(2.0)
    for compiled in (jit(f), jit(lambda x: f(w) * x)):
        with pytest.raises(JitError, match=r"copying or pickling a .*test_jit_surroundings\.py, line \d+"):
            compiled(kind(3.0))
    assert f(w).data == 4.0


@pytest.mark.parametrize(
    "source",
    [
        lambda: np.random.default_rng(0).random,
        lambda: np.random.RandomState(0).rand,
        lambda: random.Random(0).random,
        lambda: np.random.seed(0) or np.random.rand,
        lambda: random.seed(0) or random.random,
    ],
)
def test_a_stream_of_random_numbers_starts_where_it_was_set(source):
    draw = source()
    expected = [draw() for _ in range(3)]
    draw = source()
    f = jit(lambda x: x * draw())
    with pytest.warns(JitWarning, match="random"):
        found = [f(1.0) for _ in range(3)]
    assert found == expected


# ---- jit inside jit


def test_a_jitted_function_that_calls_itself():
    power = jit(lambda x, n: x if n == 0 else x * power(x, n - 1))
    for n in range(5):
        assert [power(2.0, n) for _ in range(4)] == [2.0 ** (n + 1)] * 4


def test_a_jitted_method_alone_and_inside():
    class Line:
        def __init__(self):
            self.weight, self.power = Value(2.0), 1

        @jit
        def at(self, x):
            return self.weight * x**self.power

    line = Line()
    f = jit(lambda x: line.at(x) + 1)
    for given in (3.0, Value(3.0)) * 10:
        assert (line.at(given).data, f(given).data) == (6.0, 7.0)
    line.power = 2
    assert (line.at(3.0).data, f(3.0).data) == (18.0, 19.0)
    assert "runs as it is" not in f.explain() + Line.at.explain()


def test_what_a_jitted_function_remembers_of_its_calls_is_not_reached():
    inner = jit(lambda x, feed: x * 2)
    with pytest.warns(JitWarning, match="iterator"):
        inner(1.0, iter([1.0]))
    f = jit(lambda x: inner(x, None))
    assert [f(1.0), f(2.0)] == [2.0, 4.0]
    assert "recorded once" in f.explain()


@pytest.mark.parametrize(("rows", "follows"), [(5, True), (100, False)])
def test_a_set_of_data_is_not_looked_through_at_every_call(rows, follows):
    """Rows of numbers count as numbers: of few a change is noticed, many are data."""
    w, data = Value(2.0), [[1.0, 2.0] for _ in range(rows)]

    @jit
    def total():
        return sum(w * x + y for x, y in data)

    before = total().data
    watched = next(iter(total.calls.kinds.values())).entries[0].watched
    assert any(each is data for each in watched.lists) == follows
    assert any(each is data[0] for each in watched.lists) == follows
    data[0][1] = 12.0
    assert total().data == before + (10.0 if follows else 0.0)


def test_what_a_run_changed_before_it_could_not_be_recorded_is_not_changed_twice():
    total = np.zeros(3)

    def f(x):
        nonlocal total
        total += 1.0
        return x * data_of(x).sum()  # cannot be recorded

    with pytest.warns(JitWarning, match="runs as it is"):
        jit(f)(np.ones(2))
    assert total.tolist() == [1.0, 1.0, 1.0]


def test_what_cannot_be_put_back_is_refused():
    seen = []

    def f(x):
        seen.append(1)
        return x * data_of(x).sum()

    with pytest.raises(JitError, match="changes something that it reaches from outside"):
        jit(f)(np.ones(2))
