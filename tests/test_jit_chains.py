"""Chains of elementwise operations on arrays as compiled loops: the same values and gradients as operation by operation,
for every row of the table that a loop computes, for all shapes that broadcast, and where a zero must win."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

import autograd
from autograd import Tensor, Value, affine, jit
from autograd.compiler import chains, numba_modules
from autograd.compiler.chains import Chain
from autograd.ops.shape import data_of
from autograd.readers import numba as spelled
from autograd.rows import ROWS
from tests.agreement import same_gradients

RNG = np.random.default_rng(0)
ROWS_IN_LOOPS = [row for row in ROWS.values() if spelled.can_spell(row) and row.name != "pos"]  # not even a step
ROWS_BETWEEN_LOOPS = [ROWS[name] for name in "exp exp2 log log1p arctan tanh sigmoid".split()]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Compile at the second run."""
    monkeypatch.setattr(numba_modules, "HOT", 2)


def replay_of(compiled):
    (kind,) = compiled.calls.kinds.values()
    return kind.entries[0].executor


def check(f, *arrays, length=None, rtol=1e-13, atol=1e-14):
    """The same results and gradients before and after the loops are compiled as without jit."""
    compiled = jit(f)
    for _ in range(3):
        mine, its = [Tensor(a) for a in arrays], [Tensor(a) for a in arrays]
        left, right = f(*mine), compiled(*its)
        lefts, rights = (each if isinstance(each, tuple) else (each,) for each in (left, right))
        for a, b in zip(lefts, rights, strict=True):
            assert b.dtype == a.dtype
            np.testing.assert_allclose(b.data, a.data, rtol=rtol, atol=1e-300)
            upstream = RNG.normal(size=a.shape)
            a.backward(upstream)
            b.backward(upstream)
        same_gradients(mine, its, rtol=max(rtol, 1e-12), atol=atol)
    lengths = [len(unit.steps) for unit in replay_of(compiled).units if isinstance(unit, Chain)]
    assert lengths == ([] if length is None else [length] if isinstance(length, int) else length)
    return compiled


def test_every_row_that_a_loop_computes():
    names = {row.name for row in ROWS_IN_LOOPS}
    assert {"add", "sub", "mul", "div", "neg", "abs", "relu", "maximum", "clip", "square"} <= names

    def everything(x, y):
        return tuple(getattr(autograd, row.name)(*((x, y, x + 1.0)[: len(row.args)])) for row in ROWS_IN_LOOPS)

    x, y = RNG.normal(size=(2, 5, 3)) * 2
    x[0] = y[0]  # ties
    x[1] = 0.0  # kinks
    compiled = jit(everything)
    for _ in range(3):
        mine, its = [Tensor(x), Tensor(y)], [Tensor(x), Tensor(y)]
        for row, left, right in zip(ROWS_IN_LOOPS, everything(*mine), compiled(*its), strict=True):
            np.testing.assert_allclose(right.data, left.data, rtol=1e-13, err_msg=row.name)
            upstream = RNG.normal(size=left.shape)
            for leaf in (*mine, *its):
                leaf.grad = None
            left.backward(upstream)
            right.backward(upstream)
            for a, b in zip(mine, its, strict=True):
                wanted = np.zeros_like(x) if a.grad is None else a.grad
                found = np.zeros_like(x) if b.grad is None else b.grad
                np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14, err_msg=row.name)
    assert any(
        isinstance(unit, Chain) and len(unit.steps) > len(ROWS_IN_LOOPS) / 2 for unit in replay_of(compiled).units
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("row", "few"),
    [*((row, 500) for row in ROWS_IN_LOOPS), *((row, 0) for row in ROWS_BETWEEN_LOOPS)],
    ids=lambda each: getattr(each, "name", each),
)
def test_rows_at_the_edges_of_the_floats(row, few, dtype, monkeypatch):
    monkeypatch.setattr(chains, "_FEW", few)  # above that NumPy computes what is a call
    huge, tiny, rtol = (1e308, 1e-320, 1e-12) if dtype == np.float64 else (3e38, 1e-40, 1e-6)
    edges = np.array([-np.inf, -huge, -1.0, -0.5, -0.0, 0.0, tiny, 0.5, 1.0, 2.0, huge, np.inf, np.nan], dtype)
    x, y = (each.ravel() for each in np.meshgrid(edges, edges))
    arrays = [edges] if len(row.args) == 1 else [x, y, y + 1.0][: len(row.args)]

    def f(*arrays):
        return -getattr(autograd, row.name)(*arrays)

    compiled = jit(f)
    for _ in range(3):
        mine, its = [Tensor(a) for a in arrays], [Tensor(a) for a in arrays]
        left, right = f(*mine), compiled(*its)
        assert right.dtype == left.dtype == dtype
        np.testing.assert_allclose(right.data, left.data, rtol=rtol)
        for upstream in (np.ones_like(left.data), np.zeros_like(left.data)):
            for leaf in (*mine, *its):
                leaf.grad = None
            if left.op is not None:
                left.backward(upstream)
                right.backward(upstream)
            for a, b in zip(mine, its, strict=True):
                wanted = 0.0 if a.grad is None else a.grad
                np.testing.assert_allclose(0.0 if b.grad is None else b.grad, wanted, rtol=rtol)
    assert any(isinstance(unit, Chain) for unit in replay_of(compiled).units)


@pytest.mark.parametrize(
    ("shapes", "length"),
    [
        ([(4, 3), (3,)], 3), ([(4, 3), (4, 1)], 3), ([(4, 3), (1, 3)], 3), ([(4, 3), (1,)], 3), ([(5,), (1,)], 3),
        ([(2, 4, 3), (4, 1)], 3), ([(2, 1, 3, 2), (4, 1, 1)], 3), ([(1, 1), (1, 1)], 3), ([(0, 3), (3,)], None),
        ([(4, 3), ()], None),
    ],
)  # fmt: skip
def test_broadcasting(shapes, length):
    x, y = (RNG.normal(size=shape) for shape in shapes)
    check(lambda x, y: (x * y - y).relu(), x, y, length=length)


@pytest.mark.parametrize("rows", [1, 6])
def test_chains_in_single_precision(rows):
    x, w, b, y = (RNG.normal(size=size).astype("f4") for size in ((rows, 4), (4, 3), 3, (rows, 3)))
    labels = RNG.integers(0, 3, rows)
    single = {"rtol": 2e-6, "atol": 1e-6}
    check(lambda x, y: (0.1 * x - y) * y, y, 2 * y, length=3, **single)
    check(lambda x, w, b, y: ((affine(x, w, b).relu() - y) ** 2).mean(), x, w, b, y, length=5, **single)
    check(lambda x, w, b: autograd.cross_entropy(affine(x, w, b).relu(), labels), x, w, b, length=3, **single)
    mixed = check(lambda x, y: ((x * x - x).relu() * y).sum(), y, y.astype(float), length=3, **single)
    assert replay_of(mixed).units[0].dtype == np.float32


def test_a_zero_wins_against_what_overflows_single_precision_alone():
    x, w, b = np.ones((3, 4), "f4"), np.zeros((4, 5), "f4"), np.ones(5, "f4")

    def f(x, w, b):
        return autograd.square(affine(x, w, b)) * 3e38  # of 1; the slope is 6e38

    compiled = jit(f)
    for _ in range(3):
        mine, its = [Tensor(a) for a in (x, w, b)], [Tensor(a) for a in (x, w, b)]
        f(*mine).backward(np.ones((3, 5)))
        compiled(*its).backward(np.ones((3, 5)))
        same_gradients(mine, its)
    assert not its[0].grad.any()
    total = jit(lambda x: (x * 3e38).sum())
    for _ in range(3):
        assert total(Tensor(x)).item() == np.inf


def test_sums_and_means_end_a_chain():
    x, y = RNG.normal(size=(2, 6, 4))
    check(lambda x, y: (x * y + x).mean(), x, y, length=3)
    check(lambda x, y: (x * y - 2.0 * y).relu().sum(), x, y, length=5)
    check(lambda x, y: ((x * y - y).mean() * 3.0 + (x - y).relu().sum()) ** 2, x, y, length=[3, 3])
    check(lambda x, y: (x * y - y).sum(axis=0), x, y, length=2)
    check(lambda x, y: (x * y - y).mean(keepdims=True), x, y, length=2)


def test_nothing_that_is_read_or_written_has_the_whole_shape():
    x, y = RNG.normal(size=(3, 1)), RNG.normal(size=2)
    check(lambda x, y: (x + y).sum(), x, y, length=2)
    check(lambda x, y: (x - (y + y)).mean(), x, y, length=2)
    check(lambda x, y: (-(x + y)).sum() * (x * y).sum(), x, y, length=[3, 2])


@pytest.mark.parametrize("few", [0, 500])
def test_what_no_gradient_asks_for_is_not_stored(few, monkeypatch):
    monkeypatch.setattr(chains, "_FEW", few)
    x, y, w, b = RNG.normal(size=(5, 1)), RNG.normal(size=3), RNG.normal(size=(1, 3)), RNG.normal(size=3)
    labels = np.array([0, 2, 1, 1, 0])

    def f(x, y, w, b):
        both = x * y - y
        hidden = np.tanh(affine(x, w, b) * 2.0) + both
        loss = autograd.cross_entropy((np.exp(hidden) - y) * 0.5, labels)
        mean = np.mean((x + y) - 1.0)
        return loss, np.abs(both), mean, -hidden, np.abs(both), np.positive(x), np.reshape(x, 5), np.exp(x - y)

    gradients = autograd.value_and_grad(lambda *given: f(*given)[0] + f(*given)[2], (0, 1, 2, 3))
    for function in (f, gradients):
        compiled = jit(function)
        expected, _ = autograd.tree.flatten(function(*map(Tensor, (x, y, w, b))))
        for _ in range(3):
            found, _ = autograd.tree.flatten(compiled(x, y, w, b))
            for mine, its in zip(found, expected, strict=True):
                np.testing.assert_allclose(mine, data_of(its), rtol=1e-13, atol=1e-15)
                if isinstance(mine, np.ndarray):
                    mine[...] = np.nan  # nothing else reads it
    assert not np.isnan(x).any()


def test_what_the_gradient_reads_is_out_of_reach():
    x = Tensor(RNG.normal(size=(4, 3)))
    compiled = jit(lambda: (x * 2.0).tanh())
    for _ in range(3):
        y = compiled()
        y.data[...] = 0.0
        x.grad = None
        y.sum().backward()
        np.testing.assert_allclose(x.grad, 2.0 * (1.0 - np.tanh(2.0 * x.data) ** 2), rtol=1e-12, atol=1e-15)


def test_what_is_not_needed_any_more_is_freed_at_once():
    x = np.ones(100_000)

    def f(x):
        for _ in range(20):
            x = (x * 0.5).sin() + x.cumsum() * 1e-9
        return x.sum()

    compiled = jit(f)
    for _ in range(3):
        compiled(x)
    tracemalloc.start()
    compiled(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * x.nbytes


def test_affine_leaves_its_bias_to_the_loop():
    x, w, b, v, c = (RNG.normal(size=shape) for shape in ((7, 3), (3, 4), (4,), (4, 1), (1,)))
    check(lambda x, w, b, v, c: affine(affine(x, w, b).relu(), v, c).relu().mean(), x, w, b, v, c, length=[2, 3])
    check(lambda x, w, b: affine(x, w, b) * x.sum(), x, w, b)  # by a 0-d Tensor
    check(lambda w, b: -affine(x, w, b), w, b, length=2)
    check(lambda x, b: -affine(x, w, b), x, b, length=2)
    check(lambda x, w: -affine(x, w, b), x, w, length=2)
    check(lambda b: -affine(x, w, b), b, length=2)
    check(lambda x, w, b: -affine(x[0], w, b), x, w, b, length=2)  # one row
    check(lambda w, b: affine(x[0], w, b).relu().sum() + affine(x[:1], w, b).tanh().sum(), w, b, length=[3, 3])
    check(lambda x, w: -affine(x, w, b[:1]), x, w, length=2)  # one bias for all


def test_cross_entropy_ends_a_chain():
    x, w, b = (RNG.normal(size=shape) for shape in ((6, 3), (3, 4), (4,)))
    labels = np.array([0, 3, 1, 1, 2, 0])
    check(lambda w, b: autograd.cross_entropy(affine(x, w, b), labels), w, b, length=2)
    check(lambda w: autograd.cross_entropy(x @ w, labels) * 3.0, w, length=1)
    check(lambda w: autograd.cross_entropy((x @ w) * 100.0 - 1.0, labels), w, length=3)
    check(lambda w: autograd.cross_entropy(-(z := (x @ w) * 2.0), labels) + (z * z).sum(), w, length=[3, 2])


def test_labels_may_change_from_call_to_call():
    compiled = jit(lambda logits, labels: autograd.cross_entropy(logits * 2.0, labels))
    for seed in range(4):
        data, labels = RNG.normal(size=(5, 3)), np.random.default_rng(seed).integers(0, 3, 5)
        mine, its = Tensor(data), Tensor(data)
        expected, found = autograd.cross_entropy(mine * 2.0, labels), compiled(its, labels)
        assert found.item() == pytest.approx(expected.item(), rel=1e-14)
        expected.backward()
        found.backward()
        np.testing.assert_allclose(its.grad, mine.grad, rtol=1e-12, atol=1e-16)
    assert any(isinstance(unit, Chain) for unit in replay_of(compiled).units)
    for wrong in (3, -1, 10**15):
        with pytest.raises(IndexError):
            compiled(Tensor(data), np.array([0, 1, 2, wrong, 0]))


def test_cross_entropy_of_infinite_logits():
    labels = np.array([0, 1])
    compiled = jit(lambda x, scale: autograd.cross_entropy(x, labels) * scale)
    for _ in range(3):
        for data, scale in (([[0.0, -np.inf], [1.0, 2.0]], 1.0), ([[np.inf, 0.0], [1.0, 2.0]], 0.0)):
            mine, its = Tensor(data), Tensor(data)
            with np.errstate(all="ignore"):
                (autograd.cross_entropy(mine, labels) * scale).backward()
                compiled(its, scale).backward()
            np.testing.assert_allclose(its.grad, mine.grad, rtol=1e-14)
            assert np.isfinite(its.grad).all()


def test_results_inside_a_chain_may_be_used_outside():
    def f(x, y):
        a = x * y
        b = a.relu()
        c = b - a
        return b.sum(axis=0), c, (a * c).exp() + b

    check(f, *RNG.normal(size=(2, 4, 3)), length=[3, 3])


def test_what_affine_makes_may_be_used_outside_of_its_chain_too():
    x, w, b = (RNG.normal(size=shape) for shape in ((4, 3), (3, 2), (2,)))

    def f(w, b):
        a = affine(x, w, b)
        doubled = a.relu() * 2.0
        return doubled.sum() + (doubled.tanh() * a.tanh()).sum() + a.exp().sum()

    check(f, w, b, length=[4, 4, 2])


def test_one_operand_several_times():
    check(lambda x: (x * x - x) / (x + 3.0), RNG.uniform(size=(3, 3)), length=4)


def test_single_operations_and_other_dtypes_are_left_to_numpy():
    x = RNG.normal(size=(4, 3))
    check(lambda x: x * 2.0, x)
    check(lambda x: (x * 2.0).exp() * 2.0, x, length=3)
    many = RNG.normal(size=(30, 30))
    check(lambda x: (x * 2.0).exp() * 2.0, many, length=3)  # NumPy's exp between two loops
    check(lambda x: (x * 2.0).sin() * 2.0, many)  # the gradient would call a function in the loop
    compiled = jit(lambda x: (x * x - x).relu())
    for _ in range(3):
        assert compiled(Tensor(x.astype(np.float16))).dtype == np.float16
    assert not any(isinstance(unit, Chain) for unit in replay_of(compiled).units)


@pytest.mark.parametrize(
    ("f", "least"),
    [
        (lambda x: (0.0 * (1.0 / x - x)).sum(), 0.0),
        (lambda x: (0.0 * (1.0 / x - x)).sum(), 1e-200),  # only the slope is infinite
        (lambda x: (0.0 * np.sqrt(x) - x).sum(), 0.0),  # and no loop sees it
    ],
)
def test_a_zero_wins(f, least):
    x = np.array([[least, 1.0, 2.0], [4.0, least, 1.0]])
    mine, its, compiled = Tensor(x), Tensor(x), jit(f)
    f(mine).backward()
    for _ in range(3):
        its.grad = None
        compiled(its).backward()
        np.testing.assert_array_equal(its.grad, mine.grad)
    assert np.isfinite(its.grad).all()


def test_a_zero_wins_with_what_was_not_kept():
    """No loop back reads what the roots are taken of, the rules for zeros do."""
    x, y = np.array([[0.0, 1.0, 2.0], [4.0, 0.0, 1.0]]), np.array([3.0, 2.0, 1.0])

    def f(x, y):
        return (0.0 * np.sqrt(x * y) + 3.0 * x).sum()

    compiled = jit(f)
    pairs = [(Tensor(x), Tensor(y)) for _ in range(4)]
    results = [compiled(*pair) for pair in pairs]  # of which the first comes before the loops are compiled
    mine = Tensor(x), Tensor(y)
    f(*mine).backward()
    for result, pair in zip(results, pairs, strict=True):
        result.backward()
        same_gradients(mine, pair)
    np.testing.assert_array_equal(mine[0].grad, 3.0)


def test_gradients_are_arrays_of_their_own_where_a_zero_wins():
    x, y = Tensor(np.arange(2000.0)), Tensor(np.ones(2000))  # of fewer numbers nothing is a view

    def f():
        whole = 0.0 * np.sqrt(x)
        total = y.sum()  # ends the chain
        return whole.sum() + total

    compiled = jit(f)
    for _ in range(3):
        x.grad = y.grad = None
        compiled().backward()
        assert not x.grad.any()
        y.grad += x.data
        np.testing.assert_array_equal(y.grad, 1.0 + x.data)


def test_only_what_the_gradient_reads_is_kept():
    x, y, w = (Tensor(RNG.normal(size=600)) for _ in range(3))
    compiled = jit(lambda: ((x * y + w).tanh() * 2.0 - y).sum())
    for _ in range(3):
        result = compiled()
    kept = result.params["state"].inputs.kept
    assert len(kept) == 4
    assert sum(each is leaf.data for each in kept for leaf in (x, y, w)) == 3
    assert any(np.array_equal(each, np.tanh(x.data * y.data + w.data)) for each in kept)


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("place", ["inputs", "weights", "bias"])
@pytest.mark.parametrize("strange", [np.inf, -np.inf, np.nan])
def test_a_zero_wins_in_products(rows, place, strange):
    """Gradients of products are not searched for nan where the loops before and behind them met nothing strange."""
    x, w, b, v, c = (RNG.normal(size=shape) for shape in ((rows, 3), (3, 4), (4,), (4, 2), (2,)))
    {"inputs": x[0], "weights": v[0], "bias": b}[place][0] = strange

    def f(w, b, v, c):
        hidden = autograd.hardtanh(affine(x, w, b))
        return (affine(hidden, v, c).relu() * np.array([0.0, 1.0])).sum()

    compiled = jit(f)
    for _ in range(4):
        mine, its = ([Tensor(each) for each in (w, b, v, c)] for _ in range(2))
        f(*mine).backward()
        compiled(*its).backward()
        same_gradients(mine, its, atol=1e-14)


def test_the_operands_of_a_call_are_the_leaves():
    x, w = RNG.normal(size=(2, 3)), Tensor(RNG.normal(size=(3, 2)))
    compiled = jit(lambda x: (x @ w).sum())
    for _ in range(3):
        assert compiled(x).inputs == (w,)


def test_one_row_of_inputs():
    x, w, b = (RNG.normal(size=shape) for shape in ((1, 200), (200, 100), (100,)))
    check(lambda w, b: affine(x, w, b).relu().sum(), w, b, length=3)
    check(lambda x, w, b: affine(x, w, b).relu().sum() + (w * w).sum(), x, w, b, length=[3, 2])
    check(lambda w, b: affine(x, w, b).relu().sum() + affine(-x, w, b).relu().sum(), w, b, length=[3, 3])


def test_calls_keep_their_own_results():
    logits = [Tensor(RNG.normal(size=(3, 2))) for _ in range(5)]
    compiled = jit(lambda x: autograd.cross_entropy(x, np.array([0, 1, 1])))
    results = [compiled(each) for each in logits]  # of which the first comes before the loops are compiled
    for each, result in zip(logits, results, strict=True):
        result.backward()
        mine = Tensor(each.data)
        autograd.cross_entropy(mine, np.array([0, 1, 1])).backward()
        same_gradients([mine], [each], atol=1e-14)
    compiled = jit(lambda x: (x * x - x).relu().sum())
    leaves = [Tensor(RNG.normal(size=(3, 2))) for _ in range(5)]
    results = [compiled(leaf) for leaf in leaves]
    for leaf, result in zip(leaves, results, strict=True):
        result.backward()
        result.backward()
        np.testing.assert_allclose(leaf.grad, 2 * (2 * leaf.data - 1) * (leaf.data * leaf.data > leaf.data))


def test_arrays_of_any_layout():
    x = Tensor(np.asfortranarray(RNG.normal(size=(4, 6)))[:, ::2])
    compiled = jit(lambda y: ((x * y - x).relu() + y).sum())
    for _ in range(3):
        y = Tensor(RNG.normal(size=(3, 4)).T)
        x.grad = None
        compiled(y).backward()
        found = x.grad, y.grad
        x.grad = y.grad = None
        ((x * y - x).relu() + y).sum().backward()
        np.testing.assert_allclose(found[0], x.grad)
        np.testing.assert_allclose(found[1], y.grad)


def test_gradients_are_arrays_of_their_own():
    x, y = Tensor(RNG.normal(size=(3, 2))), Tensor(RNG.normal(size=(3, 2)))
    compiled = jit(lambda: (x - y + 1.0).sum())
    for _ in range(3):
        x.grad = y.grad = None
        compiled().backward()
        x.grad += 1.0
        assert y.grad.tolist() == [[-1.0, -1.0]] * 3


def test_values_beside_arrays():
    v = Value(2.0)
    compiled = jit(lambda x: (x * x - x).relu().sum() * v)
    for _ in range(3):
        v.grad, x = 0.0, Tensor([[2.0, 3.0]])
        compiled(x).backward()
        assert (v.grad, x.grad.tolist()) == (8.0, [[6.0, 10.0]])


def test_a_second_order_is_that_of_the_function_itself():
    f = autograd.hessian_vector_product(jit(lambda x: ((x * x - x) * x).relu().sum()))
    for _ in range(3):
        np.testing.assert_allclose(f(np.array([[2.0, 3.0]]), np.array([[1.0, 0.5]])), [[10.0, 8.0]])


LEAVES = {"x": (3, 2), "y": (2,), "z": (3, 1)}
TREES = st.recursive(
    st.sampled_from([*LEAVES, "2.0", "-0.5"]),
    lambda each: (
        st.tuples(st.sampled_from(["add", "sub", "mul", "maximum"]), each, each)
        | st.tuples(st.sampled_from(["neg", "relu", "abs", "square"]), each)
    ),
    max_leaves=10,
)


@settings(max_examples=15)
@given(TREES.filter(lambda tree: isinstance(tree, tuple)), st.integers(0, 2**32 - 1))
def test_any_chain(tree, seed):
    rng = np.random.default_rng(seed)
    arrays = {name: rng.normal(size=shape) for name, shape in LEAVES.items()}

    def run(tree, given):
        if isinstance(tree, str):
            return given[tree] if tree in given else float(tree)
        return getattr(autograd, tree[0])(*(run(each, given) for each in tree[1:]))

    def f(x, y, z):
        return autograd.sum(run(tree, {"x": x, "y": y, "z": z})) + (0.0 * z).sum()

    compiled = jit(f)
    for _ in range(3):
        mine, its = ([Tensor(each) for each in arrays.values()] for _ in range(2))
        left, right = f(*mine), compiled(*its)
        np.testing.assert_allclose(right.data, left.data, rtol=1e-12, atol=1e-12)
        left.backward()
        right.backward()
        same_gradients(mine, its, rtol=1e-10, atol=1e-10)


def test_the_loops_read_the_table():
    sources = "\n".join(autograd.source(row.name, "numba") for row in ROWS_IN_LOOPS)
    assert "def d_relu_0(z, x):\n    d = 1.0 if x > 0.0 else 0.0" in sources


def test_large_gradients_that_are_held_stay_as_they_are():
    x, w, b = RNG.normal(size=(2, 200)), Tensor(RNG.normal(size=(200, 100))), Tensor(np.zeros(100))
    compiled = jit(lambda: affine(x, w, b).relu().sum())
    held, expected = [], []
    for step in range(6):
        w.grad = None
        compiled().backward()
        held.append(w.grad[:, 50:] if step % 2 else w.grad)  # a view holds it too
        expected.append(held[-1].copy())
        w.data = w.data + 0.01
    for each, copy in zip(held, expected, strict=True):
        np.testing.assert_array_equal(each, copy)


def test_large_results_are_kept_as_long_as_they_are_needed():
    x = RNG.normal(size=(200, 100))
    compiled = jit(lambda t: ((t * t - t).relu(), (t * 2.0 - x).relu().sum()))
    for _ in range(3):
        leaves = [Tensor(RNG.normal(size=x.shape)) for _ in range(3)]
        results = [compiled(leaf) for leaf in leaves]
        for leaf, (whole, total) in zip(leaves, results, strict=True):
            np.testing.assert_allclose(whole.data, np.maximum(leaf.data**2 - leaf.data, 0.0), rtol=1e-13)
            whole.backward(x)
            total.backward()
            slope = x * (2 * leaf.data - 1) * (leaf.data**2 > leaf.data) + 2.0 * (2 * leaf.data > x)
            np.testing.assert_allclose(leaf.grad, slope, rtol=1e-13, atol=1e-14)  # of terms up to 20 that cancel
        for first, second in pairwise(leaves):
            assert not np.shares_memory(first.grad, second.grad)


def test_results_without_a_gradient_have_no_loop_backward():
    compiled = jit(lambda x: ((x * 2.0 + 1.0).sign(), x.sum()))
    for _ in range(3):
        x = Tensor(RNG.normal(size=(2, 3)))
        sign, total = compiled(x)
        total.backward()
        assert x.grad.tolist() == [[1.0] * 3] * 2
        assert sign.tolist() == np.sign(x.data * 2 + 1).tolist()


def test_without_numba_nothing_changes(monkeypatch):
    monkeypatch.setattr(numba_modules, "has_numba", lambda: False)
    compiled = check(lambda x, y: (x * y - x).relu().mean(), *RNG.normal(size=(2, 3, 4)))
    assert "compiled loops" not in compiled.explain()


def test_threads_that_compile_at_the_same_time():
    x = RNG.normal(size=(4, 3))
    mine = Tensor(x)
    (mine * mine - mine).relu().sum().backward()
    compiled = jit(lambda t: (t * t - t).relu().sum())

    def work(_):
        leaf = Tensor(x)
        compiled(leaf).backward()
        return leaf.grad

    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(work, range(40)):
            np.testing.assert_allclose(found, mine.grad, rtol=1e-14)
    assert "compiled loops" in compiled.explain()


def test_products_are_not_fused_with_sums():
    (x, y, z), compiled = RNG.normal(size=(3, 1000)), jit(lambda x, y, z: x * y - z)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(x, y, z), x * y - z)


def test_loops_keep_nan_and_inf():
    x, t = np.ones(5), np.array([np.nan, np.inf, 1e20, -np.inf, 1.0])
    check(lambda x, t: (x + t * 2.0) - t * 2.0, x, t, length=3)
    check(lambda x: (x * 1.0 + 6755399441055744.0) - 6755399441055744.0, np.array([0.3, 1.7, 2.5, -1.2]), length=3)
    check(lambda x: np.exp(x) * 1e-10 + np.sinh(x) * 1e-10, np.array([709.7, 1.0, 2.0]), length=5)
    check(lambda a: (a / a) * 1.5, np.array([1e-320, 1e308]), length=2)
    check(lambda a: np.arctan2(0.0 + a * 2.0, -1.0), np.array([-0.0, 0.0, 1.0]), length=3)
    check(lambda a: (a * 1e-300) * 1e300 * (a * 1e300), np.array([1e-100, 1.0]), length=4)
    for strange in (np.inf, np.nan, 1e308):
        check(lambda x: (x - x).sum(), np.array([1.0, strange]), length=2)
        check(lambda x: (x * 3.0 - x * 2.0).sum(), np.array([1.0, strange]), length=4)
        check(lambda x: (x * 1e10 - x * 1e10 + x).mean(), np.array([1.0, strange]), length=4)
