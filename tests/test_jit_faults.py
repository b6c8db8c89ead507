"""Where `jit` once gave other numbers than the function itself, wrote beyond an array, or raised what only it raised."""

import collections
import copy
import enum
import threading

import numpy as np
import pytest

from autograd import Tensor, Value, affine, cross_entropy, floor, grad, jit, sign
from autograd.compiler import numba_modules, written_out
from autograd.ops.shape import data_of
from autograd.tree import flatten
from nn import Linear

pytestmark = pytest.mark.filterwarnings("ignore::autograd.JitWarning")


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Compile at the second run."""
    monkeypatch.setattr(numba_modules, "HOT", 2)


@pytest.mark.parametrize("most", [0, 5000])  # leaves that are written out one by one
@pytest.mark.parametrize(
    "data",
    [np.ones(100_000), np.arange(5.0), np.ones((1, 3)), np.ones((3, 3)), np.ones(3, np.float32), np.float64(2.0)],
)
def test_captured_data_of_another_shape_or_dtype(data, most, monkeypatch):
    monkeypatch.setattr(written_out, "MOST", most)
    w = Tensor(np.ones(3))

    def f():
        return (w * 2 + 1).relu().sum() / w.size

    compiled = jit(f)
    for _ in range(3):
        compiled()
    w.data = data
    for _ in range(3):
        found = compiled()
        assert found.item() == f().item()
        assert found.dtype == f().dtype
        w.grad = None
        found.backward()
        grad_of_jit, w.grad = w.grad, None
        f().backward()
        np.testing.assert_allclose(grad_of_jit, w.grad)
        assert (grad_of_jit.shape, grad_of_jit.dtype) == (w.grad.shape, w.grad.dtype)


@pytest.mark.parametrize("is_captured", [True, False])
@pytest.mark.parametrize("later", [10**7, 2])
def test_labels_that_change_before_the_gradient_is_asked_for(is_captured, later):
    w, y = Tensor(np.ones((4, 3))), np.array([0, 1, 2, 0])
    if is_captured:
        inner = jit(lambda: cross_entropy((w * 2 + 1).relu(), y))
    compiled = inner if is_captured else jit(lambda: cross_entropy((w * 2 + 1).relu(), y))
    by_argument = jit(lambda labels: cross_entropy((w * 2 + 1).relu(), labels))
    for _ in range(5):
        w.grad = None
        cross_entropy((w * 2 + 1).relu(), y).backward()
        expected, w.grad = w.grad, None
        found = compiled() if is_captured else by_argument(y)
        y[:] = later
        found.backward()
        y[:] = [0, 1, 2, 0]
        np.testing.assert_allclose(w.grad, expected, rtol=1e-13)


X = np.array([[1.0, 2.0], [np.inf, 1.0], [0.5, -1.0]])


@pytest.mark.parametrize(
    "f",
    [
        lambda z: (np.ones((3, 1)) - z).clip(-1, 1).sum(),
        lambda z: (-z).relu().sum(),
        lambda z: (1 - z).relu().sum(),
        lambda z: (-z).hardtanh().sum(),
        lambda z: z.hardtanh().sum(),
        lambda z: (z - z.shape[0]).clip(-1, 1).mean(),
    ],
)
def test_what_is_infinite_is_seen_whatever_follows(f):
    w, b = Tensor(np.ones((2, 1))), Tensor(np.zeros(1))
    compiled = jit(lambda: f(affine(X, w, b)))
    for _ in range(4):
        w.grad = b.grad = None
        f(affine(X, w, b)).backward()
        expected = w.grad, b.grad
        w.grad = b.grad = None
        compiled().backward()
        np.testing.assert_array_equal(w.grad, expected[0])
        np.testing.assert_array_equal(b.grad, expected[1])


def test_outputs_are_searched_for_nan_beside_clean_loops():
    w, x = Tensor(np.ones((2, 1))), np.array([[1.0, 2.0], [3.0, 4.0]])

    def f(x):
        return grad(lambda x: np.tanh(x @ w).sum())(x)

    compiled = jit(f)
    for _ in range(3):
        compiled(x)
    w.data = np.array([[np.inf], [1.0]])
    np.testing.assert_array_equal(compiled(x).data, f(x).data)


def test_threads_that_come_while_it_is_compiled():
    x, y, faults = np.ones((4, 3)), np.array([0, 1, 0, 1]), []
    for _ in range(4):
        w, b = Tensor(np.ones((3, 2))), Tensor(np.zeros(2))
        compiled = jit(lambda w=w, b=b: cross_entropy(affine(x, w, b).relu(), y))
        compiled()

        def work(compiled=compiled):
            try:
                for _ in range(30):
                    compiled().backward()
            except Exception as fault:  # whatever it is
                faults.append(fault)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not faults


@pytest.mark.parametrize("count", [1, 6000])
def test_a_node_that_moves_to_the_next_list(count):
    first, second = [Value(float(i)) for i in range(count + 1)], [Value(5.0)]

    def f(x):
        return sum(first, x) * 10 + sum(second, x)

    compiled = jit(f)
    compiled(1.0)
    second.insert(0, first.pop())
    assert compiled(1.0).data == f(1.0).data
    first.append(second.pop(0))
    assert compiled(1.0).data == f(1.0).data


def test_a_zero_of_another_sign():
    class Scale:
        by = 1.0

    scale, w = Scale(), Value(2.0)
    scale.by = 0.0
    compiled = jit(lambda x: w * x * np.copysign(1.0, scale.by))
    assert compiled(1.0).data == 2.0
    scale.by = -0.0
    assert compiled(1.0).data == -2.0


def test_keys_in_another_order():
    table, w = {2.0: True, 3.0: True}, Value(1.0)

    def f(x):
        total = w * x
        for key in table:
            total = total * key + key
        return total

    compiled = jit(f)
    compiled(2.0)
    table[2.0] = table.pop(2.0)
    assert compiled(2.0).data == f(2.0).data == 20.0


def test_looking_changes_nothing():
    table, w = collections.defaultdict(float, a=1.0), Value(1.0)
    compiled = jit(lambda x: sum(table.values(), w * x))
    compiled(2.0)
    table["b"] = table.pop("a")
    assert compiled(2.0).data == 3.0
    assert dict(table) == {"b": 1.0}


class Colour(enum.Enum):
    RED = 1


class Loud:
    def __repr__(self):
        return "print('called') or 1"


@pytest.mark.parametrize("key", [Colour.RED, int, len, np.float64(1.0), (np.int64(3),), np.inf, Loud(), "a b", "class"])
def test_keys_of_every_kind(key, capsys):
    table = {key: Value(2.0)}
    compiled = jit(lambda x: sum(v * x for v in table.values()))
    assert [compiled(2.0).data, compiled(3.0).data] == [4.0, 6.0]
    table[key] = Value(5.0)
    assert compiled(2.0).data == 10.0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["class", "a b", "1x", "a.b"])
def test_attributes_of_every_name(name):
    class Holder:
        pass

    holder = Holder()
    holder.other = 1.0
    setattr(holder, name, Value(2.0))
    compiled = jit(lambda x: getattr(holder, name) * x)
    assert compiled(2.0).data == 4.0
    setattr(holder, name, Value(5.0))
    assert compiled(2.0).data == 10.0


def test_a_variable_that_is_not_there_yet():
    def f(x):
        return x * 2 if x > 0 else later

    assert jit(f)(1.0) == 2.0
    later = 3.0


def test_a_copy_of_a_result_has_leaves_of_its_own():
    for leaf, f in ((Tensor(np.ones(2)), lambda w: (w * 2 + 1).relu().sum()), (Value(1.0), lambda w: w * w * 2)):
        result = jit(lambda leaf=leaf, f=f: f(leaf))()
        twin, its = copy.deepcopy((result, leaf))
        twin.backward()
        result.backward()
        assert np.all(its.grad == leaf.grad)
        assert np.any(leaf.grad)


@pytest.mark.parametrize("x", [np.float16(60000.0), np.float32(3e38), np.float32(0.1), np.longdouble(0.1)])
def test_numbers_of_other_precision(x):
    w = Value(2.0)
    compiled = jit(lambda x: w * x * 3.3)
    found = compiled(x)
    assert type(found.data) is float
    assert found.data == pytest.approx((w * x * 3.3).data, rel=1e-15)
    found.backward()
    assert type(w.grad) is float


def test_masked_arrays_are_refused_as_ever():
    w = Tensor(np.ones((2, 2)))
    compiled = jit(lambda x: (w * x).sum())
    compiled(np.ones((2, 2)))
    with pytest.raises(TypeError, match="masked"):
        compiled(np.ma.array(np.ones((2, 2)), mask=[[1, 0], [0, 0]]))


def test_a_single_number_used_twice_has_an_array_for_a_gradient():
    v, s = Tensor(np.ones(3)), Tensor(2.0)
    compiled = jit(lambda: (v * s).sum() + s * s.sin() + s)
    for _ in range(3):
        s.grad = None
        compiled().backward()
        assert type(s.grad) is np.ndarray


def test_an_array_of_another_shape():
    a, w = np.arange(6.0).reshape(2, 3), Value(2.0)
    compiled = jit(lambda x: w * x + len(a))
    compiled(1.0)
    a.resize((3, 2), refcheck=False)
    assert compiled(1.0).data == 5.0


def test_no_rows():
    for f in (cross_entropy, jit(cross_entropy)):
        logits = Tensor(np.zeros((0, 3)))
        with np.errstate(all="ignore"):
            f(logits, np.zeros(0, int)).backward()
        assert logits.grad.shape == (0, 3)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: sign(x).sum(),
        lambda x, w: (sign(x) * w).sum(),
        lambda x, w: (floor(x * w) * w).tanh().sum(),
        lambda x, w: floor(2 * x).tanh().sum() * w.sum(),
        lambda x, w: (w * (x > 0)).sum(),
    ],
)
def test_what_only_flat_operations_reach_has_a_gradient_of_zeros(f):
    x, w = Tensor(np.arange(-3.0, 3.0)), Tensor(np.ones(6))
    found = []
    for each in (f, *[jit(f)] * 3):
        x.grad = w.grad = None
        each(x, w).backward()
        found.append(repr((x.grad, w.grad)))
    assert found == [found[0]] * 4


@pytest.mark.parametrize("count", [1, 6000])
def test_a_gradient_that_is_a_node_of_zero_stays_a_node(count):
    leaves = [Value(0.0) for _ in range(count)]
    compiled = jit(lambda: sum(w * w + w for w in leaves))
    compiled()
    (leaves[-1] ** 3).backward(create_graph=True)
    compiled().backward()
    assert isinstance(leaves[-1].grad, Value)
    assert leaves[-1].grad.data == 1.0
    assert all(w.grad == 1.0 for w in leaves)
    leaves[0].grad = "nothing"
    with pytest.raises(TypeError):
        compiled().backward()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_array_without_axes_meets_a_value(dtype):
    v, x = Value(1.1), np.array(0.3, dtype)
    for f, arguments in ((lambda x, v: x * v, (x, v)), (lambda x: v * x, (x,))):
        result = jit(f)(*arguments)
        assert type(result) is Value
        assert result.data == 1.1 * float(x)
    t = Tensor(np.ones(2, np.float32))
    assert jit(lambda x, t: x * t)(x, t).dtype == dtype


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("ignore::autograd.JitWarning")
@pytest.mark.parametrize(
    "f",
    [
        lambda s, x: s * x,
        lambda s, x: (s + 1e-8 - s) * x,
        lambda s, x: np.sin(s) * x,
        lambda s, x: (s * Value(1.1), s * 3.0, x),
    ],
)
def test_a_number_of_numpy_has_its_precision(f, dtype, kind):
    for x in (np.ones(2, dtype), Tensor(np.ones(2, dtype))):
        compiled = jit(f)
        for s in (0.1, kind(0.1), 0.1, kind(0.7)):
            ours, expected = flatten(compiled(s, x))[0], flatten(f(s, x))[0]
            assert [np.asarray(data_of(each)).tolist() for each in ours] == [
                np.asarray(data_of(each)).tolist() for each in expected
            ]
            assert [getattr(each, "dtype", float) for each in ours] == [
                getattr(each, "dtype", float) for each in expected
            ]


def test_an_error_of_the_function_itself_is_all_that_is_said(recwarn):
    model = Linear(3, 2, rng=0)
    for f in (jit(lambda x: model(x).sum()), jit(lambda x: model(np.partition(x, 1)).sum())):
        for _ in range(3):
            with pytest.raises(ValueError, match=r"takes 3 features, not an array of shape \(4, 2\)"):
                f(np.ones((4, 2)))
        assert not recwarn.list
        assert "runs as it is" not in f.explain()
