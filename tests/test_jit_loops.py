"""The executors of `jit` against its interpreter: blocks of arrays, and compiled loops where numba is installed."""

import math
import warnings
from importlib.util import find_spec

import numpy as np
import pytest

from autograd import Value, jit
from autograd.compiler import blocks, lanes, numba_modules
from autograd.compiler.executors import Interpreter
from autograd.functions import FUNCTIONS
from autograd.rows import ROWS
from nn import MLP

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is an optional extra")
POINTS = [0.3, 1.7, 0.9, -0.4, 0.0, -0.0, 2.0, 1.0, -1.0, 30.0, -30.0, 800.0, math.inf, -math.inf, math.nan]


def entry_of(f, *arguments):
    compiled = jit(f)
    compiled(*arguments)
    return next(iter(compiled.calls.kinds.values())).entries[0]


# those whose spelling for loops is their own; compiling all rows takes minutes
SPELLED = "round cbrt exp2 pow log maximum where hypot erf sigmoid".split()


def rows_at_points(weights):
    """Some rows of the table at every point, so that each makes a block."""
    total = 0.0
    for row in map(ROWS.get, SPELLED):
        for shift in range(len(weights)):
            operands = [weights[(shift + 4 * i) % len(weights)] for i in range(len(row.args))]
            total = total + FUNCTIONS[row.name](*operands)
    return total


@pytest.mark.parametrize("name", ROWS)
def test_blocks_of_every_row(name):
    row, function = ROWS[name], FUNCTIONS[name]
    weights = [Value(each) for each in POINTS[:12]]

    def f():
        return sum(function(*(weights[(k + 5 * i) % 12] for i in range(len(row.args)))) * (k + 0.5) for k in range(12))

    program, wanted = entry_of(f).program, [True] * 12
    with np.errstate(all="ignore"):
        agree(lanes.Lanes(program, wanted), Interpreter(program, wanted), POINTS[:12])
        agree(lanes.Lanes(program, wanted), Interpreter(program, wanted), [0.1 * k + 0.05 for k in range(12)])


def agree(executor, interpreter, inputs, upstream=(1.5,)):
    np.testing.assert_allclose(executor.forward([*inputs]), interpreter.forward([*inputs]), rtol=1e-9)
    np.testing.assert_allclose(
        executor.backward([*inputs], upstream), interpreter.backward([*inputs], upstream), rtol=1e-9, atol=1e-300
    )


def network():
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(20, 3)).tolist(), rng.choice([-1, 1], 20).tolist()
    model = MLP(3, [5, 4, 1], rng=0)

    def loss():
        scores = [model(row) for row in rows]
        return sum((1 - y * s).relu() for y, s in zip(labels, scores, strict=True)) / 20 + 0.01 * sum(
            p * p for p in model.parameters()
        )

    return loss, model.parameters()


def test_a_network_of_scalars_becomes_a_dozen_operations():
    loss, parameters = network()
    entry = entry_of(loss)
    assert len(entry.executor.blocks) <= 12
    agree(entry.executor, entry.executor.interpreter, [p.data for p in parameters])
    agree(entry.executor, entry.executor.interpreter, [0.9 * p.data for p in parameters])


@needs_numba
def test_compiled_loops_of_a_network():
    loss, parameters = network()
    executor = entry_of(loss).executor
    executor.compile()
    agree(executor, executor.interpreter, [p.data for p in parameters])
    agree(executor, executor.interpreter, [0.9 * p.data for p in parameters])
    executor.forward([math.nan] * len(parameters))


@needs_numba
def test_compiled_loops_of_rows():
    weights = [Value(each) for each in POINTS]
    entry = entry_of(lambda: rows_at_points(weights))
    executor = lanes.Lanes(entry.program, [True] * len(POINTS))
    executor.compile()
    assert {block.row.name for block in executor.blocks if block.row} >= {*SPELLED}
    with np.errstate(all="ignore"):
        for inputs in ([0.1 * k + 0.05 for k in range(len(POINTS))], POINTS):
            values = np.array(executor.interpreter.values(inputs))
            executor.forward([*inputs])
            for block in executor.blocks[:-1]:
                np.testing.assert_allclose(
                    executor.values[executor.places[block.slots]],
                    values[block.slots],
                    rtol=1e-9,
                    err_msg=str(block.row),
                )
            agree(executor, executor.interpreter, inputs)


@needs_numba
def test_a_hot_function_is_compiled(monkeypatch):
    monkeypatch.setattr(numba_modules, "HOT", 3)
    loss, parameters = network()
    compiled = jit(loss)
    expected = loss().data
    for _ in range(5):
        assert compiled().data == pytest.approx(expected, rel=1e-12)
    assert "compiled loops" in compiled.explain()


@needs_numba
def test_a_row_that_loops_cannot_spell_stays_with_numpy():
    weights = [Value(0.3 + 0.1 * k) for k in range(8)]
    for name, can in (("floordiv", False), ("mod", False), ("tanh", True)):
        function = FUNCTIONS[name]

        def f(function=function, name=name):
            return sum(function(w * k, *([0.7] if name != "tanh" else [])) for w in weights for k in range(40))

        assert entry_of(f).executor.can_compile() is can


def test_narrow_programs_are_told():
    def chain(x):
        for _ in range(500):
            x = (x * 0.9).tanh()
        return x

    program = entry_of(chain, Value(1.0)).program
    with pytest.raises(blocks.TooNarrow):
        blocks.find_blocks(program)


def test_missing_numba_is_told_once(monkeypatch):
    monkeypatch.setattr(numba_modules, "HOT", 3)
    monkeypatch.setattr(numba_modules, "has_numba", lambda: False)
    lanes._tell_that_numba_is_missing.cache_clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(2):
            loss, _ = network()
            compiled = jit(loss)
            for _ in range(5):
                compiled()
    assert ["pip install wengert[jit]" in str(each.message) for each in told] == [True]
