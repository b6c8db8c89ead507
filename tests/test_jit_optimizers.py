"""Optimisers whose steps are compiled: PyTorch's numbers, those of the steps that are not, states, and bad input."""

import copy
import pickle

import numpy as np
import pytest

pytest.importorskip("numba")

import nn
from autograd import Tensor
from tests.test_nn_optimizers import TRAJECTORIES, check_steps_on_tensors, check_steps_on_values, make

FUSED = {f"{text[:-1]}{'' if text.endswith('()') else ', '}fused=True)": each for text, each in TRAJECTORIES.items()}
PAIRS = list(zip(TRAJECTORIES, FUSED, strict=True))


@pytest.mark.parametrize("text", FUSED)
def test_steps_on_tensors_and_values_are_pytorchs(text):
    check_steps_on_tensors(text, FUSED[text])
    check_steps_on_values(text, FUSED[text])


@pytest.mark.parametrize(("text", "fused"), PAIRS)
def test_arrays_of_all_kinds_change_as_without(text, fused):
    rng = np.random.default_rng(0)
    arrays = [
        rng.normal(size=(2, 3)), rng.normal(size=()), rng.normal(size=(40, 50, 30)), rng.normal(size=(0, 3)),
        np.asfortranarray(rng.normal(size=(5, 7))), rng.normal(size=(8, 6))[::2, ::3], np.float32(rng.normal(size=9)),
    ]  # fmt: skip
    plain, compiled = ([Tensor(each) for each in arrays] for _ in range(2))
    for pair in zip(plain, compiled, arrays, strict=True):
        pair[0].data, pair[1].data = pair[2].copy("K"), pair[2].copy("K")
    strided = np.zeros((8, 6))
    compiled[5].data = strided[::2, ::3]
    compiled[5].data[...] = arrays[5]
    optimizers = [make(text, plain), make(fused, compiled)]
    held = [each.data for each in compiled]
    for step in range(6):
        for i, pair in enumerate(zip(plain, compiled, strict=True)):
            gradient = rng.normal(size=pair[0].shape).astype(pair[0].dtype)
            for each in pair:  # some have had a gradient more often than others
                each.grad = None if (step + i) % 4 == 0 else gradient[()]
        for optimizer in optimizers:
            optimizer.step()
        if step == 2:
            state = [optimizer.state_dict() for optimizer in optimizers]
            assert state[0].keys() == state[1].keys()
            for name, array in state[0].items():
                np.testing.assert_array_equal(state[1][name], array)
            optimizers[1].load_state_dict(optimizers[1].state_dict())
    for mine, its, array in zip(plain, compiled, held, strict=True):
        assert its.data is array
        np.testing.assert_array_equal(its.data, mine.data)
    assert (strided[1::2] == 0).all(), "what lies between was not touched"


@pytest.mark.parametrize("text", FUSED)
def test_a_copy_and_a_loaded_state_go_on_as_it_does(text):
    rng = np.random.default_rng(0)
    optimizers = [make(text, [Tensor(rng.normal(size=shape)) for shape in ((2, 3), (3,), ())])]
    for step in range(6):
        if step == 3:
            first = optimizers[0]
            loaded = make(text, copy.deepcopy(first.params))
            loaded.load_state_dict(first.state_dict())
            optimizers += [copy.deepcopy(first), pickle.loads(pickle.dumps(first)), loaded]
        for i, each in enumerate(optimizers[0].params):
            gradient = rng.normal(size=each.shape)
            for optimizer in optimizers:
                optimizer.params[i].grad = gradient.copy()
        for optimizer in optimizers:
            optimizer.step()
    ends = [np.concatenate([np.ravel(each.data) for each in optimizer.params]).tolist() for optimizer in optimizers]
    assert len(ends) == 4
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize(("text", "fused"), PAIRS)
def test_gradients_that_are_not_finite(text, fused):
    numbers = [0.0, -0.0, 1e-320, 1e200, np.inf, -np.inf, np.nan]
    plain, compiled = Tensor(np.ones(7)), Tensor(np.ones(7))
    optimizers = [make(text, [plain]), make(fused, [compiled])]
    for _ in range(3):
        plain.grad, compiled.grad = np.array(numbers), np.array(numbers)
        for optimizer in optimizers:
            optimizer.step()
    np.testing.assert_array_equal(compiled.data, plain.data)


@pytest.mark.parametrize("gradient", [np.arange(6).reshape(2, 3), np.ones((2, 3), np.float32), Tensor(np.ones((2, 3)))])
def test_gradients_of_other_kinds(gradient):
    plain, compiled = Tensor(np.ones((2, 3))), Tensor(np.ones((2, 3)))
    for p, optimizer in ((plain, nn.Adam([plain])), (compiled, nn.Adam([compiled], fused=True))):
        p.grad = gradient
        optimizer.step()
    np.testing.assert_array_equal(compiled.data, plain.data)


def test_a_graph_knows_that_a_step_has_changed_its_parameter():
    p = Tensor(np.ones(3))
    y = (p * p).sum()
    y.backward()
    nn.SGD([p], lr=1.0, fused=True).step()
    with pytest.raises(RuntimeError, match="was set since"):
        y.backward(create_graph=True)


def test_a_wrong_gradient_changes_nothing():
    p, q = Tensor(np.ones(3)), Tensor(np.ones(2))
    optimizer = nn.SGD([p, q], lr=1.0, fused=True)
    p.grad, q.grad = np.ones(3), np.ones(3)
    with pytest.raises(ValueError, match="the gradient of parameter 1"):
        optimizer.step()
    assert (p.data == 1).all()
    assert (q.data == 1).all()


@pytest.mark.parametrize("data", [np.ones(100), np.ones(2), np.ones((3, 1)), np.ones(3, np.float32)])
@pytest.mark.parametrize("kind", [nn.Adam, nn.AdamW])
def test_a_parameter_of_another_size_is_refused(kind, data):
    p = Tensor(np.ones(3))
    optimizer = kind([p], weight_decay=0.1, fused=True)
    p.data, p.grad = data.copy(), np.ones_like(data)
    with pytest.raises(ValueError, match=r"parameter 0 had shape \(3,\) and dtype float64 when"):
        optimizer.step()
    assert (p.data == data).all()


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, ">f8"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ValueError, match="float32 or float64"):
        nn.SGD([Tensor(np.ones(3, dtype))], fused=True)
