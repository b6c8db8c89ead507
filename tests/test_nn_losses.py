"""Losses: PyTorch's numbers and gradients (torch 2.13.0, recorded), the same on Values, second order, bad input."""

import inspect

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, gradcheck, hessian, log_softmax

X = [[0.5, -1.25, 3.0], [-40.0, 0.75, 2.0]]
SOFT = [[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]]
LABELS = [2, 0]
NAN = float("nan")

RECORDED = {
    ("mse_loss", "mean"): (282.6675, [[0.1, -0.5833333333333333, 0.9], [-13.666666666666666, 0.25, 0.6666666666666666]]),
    ("mse_loss", "sum"): (1696.005, [[0.6, -3.5, 5.4], [-82.0, 1.5, 4.0]]),
    ("l1_loss", "mean"): (8.083333333333334, [[1 / 6, -1 / 6, 1 / 6], [-1 / 6, 1 / 6, 1 / 6]]),
    ("l1_loss", "sum"): (48.5, [[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]]),
    ("huber_loss", "mean"): (7.629375, [[0.05, -1 / 6, 1 / 6], [-1 / 6, 0.125, 1 / 6]]),
    ("huber_loss", "sum"): (45.77625, [[0.3, -1.0, 1.0], [-1.0, 0.75, 1.0]]),
    ("bce_with_logits", "mean"): (7.860565405709515, [
        [0.07040988853364243, -0.0462166435291152, 0.10876235447040557],
        [-0.16666666666666666, 0.1131964498625655, 0.14679951299631372]]),
    ("bce_with_logits", "sum"): (47.16339243425709, [
        [0.4224593312018546, -0.2772998611746912, 0.6525741268224334], [-1.0, 0.679178699175393, 0.8807970779778823]]),
    ("kl_div", "mean"): (6.432557830989238, [
        [-0.03333333333333333, -0.08333333333333333, -0.05], [-0.16666666666666666, 0.0, 0.0]]),
    ("kl_div", "sum"): (38.59534698593543, [[-0.2, -0.5, -0.3], [-1.0, 0.0, 0.0]]),
    ("kl_div", "batchmean"): (19.297673492967714, [[-0.1, -0.25, -0.15], [-0.5, 0.0, 0.0]]),
    ("cross_entropy", "mean"): (22.48445743096867, [
        [-0.06256439271897987, -0.24349466689731494, 0.30605905961629476],
        [-0.5, 0.11135006941265442, 0.38864993058734554]]),
    ("cross_entropy", "sum"): (44.96891486193734, [
        [-0.12512878543795974, -0.4869893337946299, 0.6121181192325895],
        [-1.0, 0.22270013882530884, 0.7772998611746911]]),
    ("cross_entropy of labels", "mean"): (21.17195743096867, [
        [0.03743560728102014, 0.006505333102685063, -0.04394094038370522],
        [-0.5, 0.11135006941265442, 0.38864993058734554]]),
    ("cross_entropy of labels", "sum"): (42.34391486193734, [
        [0.07487121456204028, 0.013010666205370126, -0.08788188076741044],
        [-1.0, 0.22270013882530884, 0.7772998611746911]]),
    ("nll_loss of labels", "mean"): (18.5, [[0.0, 0.0, -0.5], [-0.5, 0.0, 0.0]]),
    ("nll_loss of labels", "sum"): (37.0, [[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]]),
}  # fmt: skip
ELEMENTWISE = ["mse_loss", "l1_loss", "huber_loss", "bce_with_logits", "hinge_loss"]
SIGNS = [[1, -1, 1], [-1, 1, -1]]


def chosen(name):
    """A loss function, and a target for it."""
    function, _, of = name.partition(" of ")
    return getattr(nn, function), np.array(LABELS if of else SIGNS if function == "hinge_loss" else SOFT)


@pytest.mark.parametrize(("name", "reduction"), RECORDED)
def test_losses_and_gradients_are_pytorchs(name, reduction):
    (loss, target), (value, gradient) = chosen(name), RECORDED[name, reduction]
    x = Tensor(X)
    found = loss(x, target, reduction=reduction)
    found.backward()
    assert found.item() == pytest.approx(value, rel=1e-14)
    assert np.abs(x.grad - gradient).max() < 1e-12


@pytest.mark.parametrize(("name", "reduction"), RECORDED)
def test_losses_of_nested_lists_of_values_are_the_same(name, reduction):
    (loss, target), (value, gradient) = chosen(name), RECORDED[name, reduction]
    x = [[Value(each) for each in row] for row in X]
    found = loss(x, target, reduction=reduction)
    found.backward()
    assert found.item() == pytest.approx(value, rel=1e-14)
    assert np.abs(np.array([[each.grad for each in row] for row in x]) - gradient).max() < 1e-12


@pytest.mark.parametrize(
    "name", [*ELEMENTWISE, "kl_div", "cross_entropy", "cross_entropy of labels", "nll_loss of labels"]
)
def test_reductions_agree_and_gradients_are_right(name):
    loss, target = chosen(name)
    each = loss(Tensor(X), target, reduction="none")
    assert each.shape == ((2,) if "cross" in name or "nll" in name else (2, 3))
    assert loss(Tensor(X), target).item() == pytest.approx(each.data.mean(), rel=1e-14)
    assert loss(Tensor(X), target, reduction="sum").item() == pytest.approx(each.data.sum(), rel=1e-14)
    x = np.array(X) / 4
    for order in (1, 2):
        gradcheck(lambda x: loss(x, target), x, order=order)
        gradcheck(lambda x: (loss(x, target, reduction="none") ** 2).sum(), x, order=order)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_losses_of_values(name):
    loss, _ = chosen(name)
    x = [Value(0.5), Value(-1.5)]
    single = loss(x[0], 1)
    assert isinstance(single, Value)
    terms = loss(x, [1, 1], reduction="none")
    assert [type(term) for term in terms] == [Value, Value]
    assert terms[0].data == single.data
    total = loss(x, np.array([1.0, 1.0]))
    assert isinstance(total, Value)
    assert total.data == pytest.approx((terms[0].data + terms[1].data) / 2, rel=1e-15)


def test_a_target_may_be_a_node():
    x, t = Tensor(X), Tensor(SOFT)
    nn.mse_loss(x, t, reduction="sum").backward()
    assert (t.grad == -x.grad).all()


def test_half_squared_error():
    x = Tensor([0.5, 2.0])
    error = nn.half_squared_error(x, [1.0, 0.0])
    error.backward()
    assert error.item() == 2.125
    assert x.grad.tolist() == [-0.5, 2.0]
    values = [Value(0.5), Value(2.0)]
    assert nn.half_squared_error(values, [1.0, 0.0]).data == 2.125
    assert nn.half_squared_error(Tensor(0.5), 1).data == nn.half_squared_error(Value(0.5), 1.0).data == 0.125
    for target in ([1.0], [[1.0, 0.0]], 1.0):
        for wrong in (x, values):
            with pytest.raises(ValueError, match="output of shape"):
                nn.half_squared_error(wrong, target)


@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_of_half_squared_error_by_both_sides(order):
    fixed = np.array([[0.3, -1.0], [2.0, 0.5]])
    gradcheck(lambda x: nn.half_squared_error(x, fixed) ** 2, fixed + 0.4, order=order)
    gradcheck(lambda t: nn.half_squared_error(Tensor(fixed), t) ** 2, fixed - 0.7, order=order)


def test_one_sample_of_logits():
    assert nn.cross_entropy(Tensor(X[0]), 2).item() == nn.cross_entropy(Tensor(X[:1]), [2]).item()
    assert nn.nll_loss(Tensor(X[0]), 2).item() == -3.0


def test_hinge_loss():
    x = Tensor([0.5, 2.0, 0.25, -3.0])
    loss = nn.hinge_loss(x, [1, 1, -1, -1], reduction="none")
    assert loss.tolist() == [0.5, 0.0, 1.25, 0.0]
    loss.sum().backward()
    assert x.grad.tolist() == [-1.0, 0.0, 1.0, 0.0]


def test_huber_is_smooth_where_there_is_no_error():
    target = np.array([0.0, 1.0])
    found = hessian(lambda x: nn.huber_loss(x, target, "sum"))(np.array([0.0, 1.5]))
    assert found.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_single_precision_stays_single():
    x, p = np.float32([[0.2, 0.8], [0.5, 0.5]]), np.ones((2, 2), np.float32)
    for name in (*ELEMENTWISE, "kl_div"):
        assert getattr(nn, name)(Tensor(x), p).dtype == np.float32


def test_whole_numbers_without_a_sign_do_not_wrap_around():
    images, others = np.array([[1, 200]], np.uint8), np.array([[201, 0]], np.uint8)
    assert nn.l1_loss(images, others, reduction="none").tolist() == [[200.0, 200.0]]
    assert (nn.mse_loss(images, others), nn.half_squared_error(images, others)) == (40_000.0, 40_000.0)


def test_huber_beyond_another_delta():
    assert nn.huber_loss(Tensor([3.0, 0.5]), [0.0, 0.0], reduction="none", delta=2.0).tolist() == [4.0, 0.125]


def test_logits_without_bound():
    x = Tensor([1000.0, -1000.0, 1000.0, 40.0])
    loss = nn.bce_with_logits(x, [1.0, 0.0, 0.0, 1.0], reduction="none")
    assert loss.tolist() == [0.0, 0.0, 1000.0, pytest.approx(np.exp(-40), rel=1e-14)]
    logits = Tensor([[1000.0, -1000.0]])
    assert nn.cross_entropy(logits, [1]).item() == 2000.0
    assert nn.nll_loss(log_softmax(logits), [1]).item() == 2000.0


def test_a_certain_target_has_no_divergence_from_itself():
    target = np.array([[1.0, 0.0]])
    x = Tensor(np.array([[0.0, -1e300]]))
    loss = nn.kl_div(x, target)
    loss.backward()
    assert loss.item() == 0.0
    assert x.grad.tolist() == [[-0.5, 0.0]]


# ---- bad input


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("target", [[1.0, 1.0], [[1.0], [1.0]], 1.0])
def test_shapes_that_would_broadcast_are_refused(name, target):
    loss, _ = chosen(name)
    for x in (Tensor([[1.0, 2.0], [3.0, 4.0]]), [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]):
        with pytest.raises(ValueError, match=r"output of shape \(2, 2\) and a target of shape"):
            loss(x, target)


@pytest.mark.parametrize("name", [*ELEMENTWISE, "kl_div", "cross_entropy", "nll_loss"])
def test_an_unknown_reduction_is_refused(name):
    with pytest.raises(ValueError, match="none of mean, sum, none"):
        getattr(nn, name)(Tensor([[1.0]]), [0], reduction="avg")


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_loss_of_nothing_is_refused(name):
    with pytest.raises(ValueError, match="nothing"):
        chosen(name)[0](Tensor(np.zeros((0, 2))), np.zeros((0, 2)))


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("target", "hint"),
    [([0, 3], "labels 0 to 2, not 0 to 3"), ([-1, 0], "labels 0 to 2, not -1 to 0"), ([0.0, 1.0], "class indices"),
     ([0], "class indices"), ([[0, 1]], "shape")],
)  # fmt: skip
def test_labels_that_are_none_are_refused(name, reduction, target, hint):
    other = {"cross_entropy": "nll_loss", "nll_loss": "cross_entropy"}[name]
    with pytest.raises(ValueError, match=hint) as error:
        getattr(nn, name)(Tensor(X), target, reduction=reduction)
    assert other not in str(error.value)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("target", [2, [0.0, 0.0, 1.0]])
def test_one_sample_has_one_loss(reduction, target):
    loss = nn.cross_entropy(Tensor([1.0, 2.0, 3.0]), target, reduction)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(0.4076059644443803, rel=1e-14)
    assert nn.nll_loss(Tensor([1.0, 2.0, 3.0]), 2, reduction).shape == ()


def test_logits_without_rows_are_refused():
    for shape in ((0, 3), (2, 3, 4)):
        with pytest.raises(ValueError, match="rows, classes"):
            nn.cross_entropy(Tensor(np.zeros(shape)), np.zeros(shape[:1], int))


@pytest.mark.parametrize(
    ("loss", "target", "hint"),
    [(nn.hinge_loss, [0.0], "-1 and 1"), (nn.bce_with_logits, [-1.0], "from 0 to 1"), (nn.bce_with_logits, [NAN], "0 to 1"),
     (nn.kl_div, [-0.5], "negative")],
)  # fmt: skip
def test_targets_out_of_range_are_refused(loss, target, hint):
    with pytest.raises(ValueError, match=hint):
        loss(Tensor([1.0]), target)
    if loss is not nn.kl_div:
        with pytest.raises(ValueError, match=hint):
            loss([Value(1.0)], target)


def test_huber_needs_a_positive_delta():
    with pytest.raises(ValueError, match="delta"):
        nn.huber_loss(Tensor([1.0]), [0.0], delta=0.0)


def test_a_loss_that_is_not_asked_for_gives_no_nan():
    prediction = Tensor([np.inf, 1.0])
    loss = nn.half_squared_error(prediction, [0.0, 0.0])
    np.where(False, loss, prediction.sum()).backward()
    assert prediction.grad.tolist() == [1.0, 1.0]


def test_probabilities_may_be_nodes_and_have_gradients():
    logits, target = Tensor([[0.0, 1.0], [2.0, 0.0]]), Tensor([[0.5, 0.5], [0.25, 0.75]])
    plain = nn.cross_entropy(logits, target.data)
    loss = nn.cross_entropy(logits, target)
    assert np.isclose(loss.item(), plain.item())
    loss.backward()
    assert np.allclose(target.grad, -log_softmax(logits.data) / 2)


def test_signatures_tell_the_truth():
    assert str(inspect.signature(nn.mse_loss)).startswith("(input: 'Any', target: 'Any', reduction: 'str' = 'mean')")
    assert list(inspect.signature(nn.huber_loss).parameters) == ["input", "target", "reduction", "delta"]
    assert nn.huber_loss(Tensor([3.0]), [0.0], "sum", delta=1.0).item() == 2.5


@pytest.mark.parametrize("wrong", [-0.5, NAN])
def test_cross_entropy_takes_no_negative_probabilities(wrong):
    x = Tensor(np.ones((2, 2)))
    for target in (np.array([[0.5, 0.5], [wrong, 1.0]]), Tensor([[0.5, 0.5], [wrong, 1.0]])):
        with pytest.raises(ValueError, match="negative or nan"):
            nn.cross_entropy(x, target)


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("kind", [np.array, Tensor])
def test_labels_that_are_floats_are_refused_by_the_loss_that_was_called(kind, reduction):
    with pytest.raises(ValueError, match=r"(cross_entropy|nll_loss)\(\) of .* class indices"):
        nn.cross_entropy(Tensor(np.ones((2, 2))), kind([0.0, 1.0]), reduction)


def test_the_target_of_kl_div_may_be_of_values():
    x, t = [[Value(-0.5), Value(-1.0)]], [[Value(0.3), Value(0.7)]]
    expected = nn.kl_div(np.array([[-0.5, -1.0]]), np.array([[0.3, 0.7]]))
    assert nn.kl_div(x, t).item() == pytest.approx(float(expected))


@pytest.mark.parametrize("target", [[[0.25, 0.75]], np.array([[0.25, 0.75]]), [[1, 0]]])
def test_kl_div_keeps_single_precision(target):
    x = Tensor(np.log(np.float32([[0.5, 0.5]])))
    loss = nn.kl_div(x, target)
    loss.backward()
    assert loss.dtype == x.grad.dtype == np.float32
