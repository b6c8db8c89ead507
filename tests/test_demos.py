"""The demos: each runs, and the numbers it returns are the known ones; and the command line that runs them."""

import gc
import sys

import numpy as np
import pytest
import sympy

from demos import (
    arrays,
    by_hand,
    convolutions,
    deep_sigmoid,
    digits,
    gradient_check,
    layers,
    mnist,
    moons,
    newton,
    regression,
    spiral,
    why_backprop,
)
from demos.__main__ import DEMOS, main
from demos.matrices import sigmoid
from nn import SGD, read_mnist


def close(found, printed, digits=8):
    """Whether numbers agree with known ones in all the decimals these were printed with."""
    return np.allclose(found, printed, rtol=0, atol=0.5000001 * 10.0**-digits)


@pytest.fixture(scope="module", autouse=True)
def collector_rests():
    """As when the demos are run from the command line: it would only slow down large graphs."""
    gc.disable()
    yield
    gc.enable()


# ---- layers


def test_layers_two_apples():
    numbers = layers.apples()
    assert numbers == {
        "price": 220.00000000000003,
        "d/d(apple)": 2.2,
        "d/d(count)": 110.00000000000001,
        "d/d(tax)": 200.0,
    }


def test_layers_apples_and_oranges():
    numbers = layers.apples_and_oranges()
    assert numbers == {
        "total": 715.0000000000001,
        "dtotal/d(apple)": 2.2,
        "dtotal/d(apples)": 110.00000000000001,
        "dtotal/d(orange)": 3.3000000000000003,
        "dtotal/d(oranges)": 165.0,
        "dtotal/d(tax)": 650.0,
    }


def test_layers_activations():
    numbers = layers.activations()
    assert numbers["relu(x)"] == [0, 0, 0, 0.5, 2]
    assert numbers["relu'(x)"] == [0, 0, 0, 1, 1]
    assert close(numbers["sigmoid(x)"], [0.11920292, 0.37754067, 0.5, 0.62245933, 0.88079708])
    assert close(numbers["sigmoid'(x)"], [0.10499359, 0.23500371, 0.25, 0.23500371, 0.10499359])


def test_layers_affine():
    numbers = layers.affine_layer()
    assert numbers["bias gradient"] == [5, 7, 9]
    assert numbers["weight gradient"] == [[1, 4], [2, 5], [3, 6]]


def test_layers_softmax_with_loss():
    numbers = layers.softmax_with_loss()
    assert close(numbers["softmax(scores)"][0], [0.01821127, 0.24519181, 0.73659691])
    assert numbers["loss"] == pytest.approx(-(np.log(0.7365969138) + np.log(0.2447284711)) / 2, rel=1e-9)
    assert numbers["loss, one-hot"] == pytest.approx(numbers["loss"], rel=1e-15)
    for gradient in (numbers["gradient"], numbers["gradient, one-hot"]):
        assert np.allclose(gradient, numbers["(softmax - t) / batch"], rtol=1e-14, atol=1e-16)
        assert close(gradient, [[0.00910564, 0.12259591, -0.13170154], [0.33262048, -0.37763576, 0.04501529]])


# ---- by_hand


def test_by_hand():
    numbers = by_hand.run()
    assert close(numbers["hidden"], [0.93702664, 0.96442881])
    assert close(numbers["output"], [0.86103399, 0.75879129])
    assert numbers["E"] == 0.2821757530435978
    assert close(numbers["dE/dW2"], [[0.04047892, 0.04166268], [0.11298352, 0.11628758]])
    assert close(numbers["dE/db2"], [0.04319933, 0.12057664])
    assert close(sum(numbers["dE/db2"]), 0.16377596)
    assert close(numbers["dE/dW1"], [[0.00747633, 0.01495265, 0.02242898], [0.00174744, 0.00349488, 0.00524232]])
    assert close(numbers["dE/db1"], [0.00747633, 0.00174744])
    sigmoid, slope = map(sympy.sympify, (numbers["sigmoid(z)"], numbers["its derivative"]))
    assert sigmoid == 1 / (1 + sympy.exp(-sympy.Symbol("z")))
    assert sympy.simplify(slope - sigmoid.diff("z")) == 0


# ---- gradient_check


def test_gradient_check_of_every_weight_and_bias():
    assert gradient_check.check() == {"checked": 52, "wrong": 0}


def test_gradient_check_catches_the_mistake():
    numbers = gradient_check.mistake()
    assert numbers["by the chain rule"][2, 0] == pytest.approx(3.9570034439e-07, rel=5e-11)
    assert numbers["by the chain rule"][0, 0] == pytest.approx(-5.5059939847112376e-05, rel=1e-15)
    assert numbers["mistaken"][2, 0] == pytest.approx(3.3250250911e-07, rel=5e-11)
    assert numbers["mistaken"][0, 0] == pytest.approx(-5.5130901e-05, rel=5e-8)
    assert numbers["numerically"] == pytest.approx(numbers["by the chain rule"], rel=1e-8)
    assert numbers["caught"].shape == (5, 7)
    assert numbers["caught"].all()


def test_gradient_check_training():
    numbers = gradient_check.training()
    assert close(numbers["after 1 step"], [0.02447658, -0.01159232])
    assert close(numbers["after 100"], [0.01847305, -0.00897498])
    assert close(numbers["after 100, mistaken"], [0.01847292, -0.00897506])
    assert close(numbers["W2[0], learnt"][0], 0.15464090)
    assert close(numbers["W2[0], mistaken"][0], 0.15464142)
    assert close(numbers["output, teacher"], gradient_check.TARGET)


def test_gradient_check_symbols():
    assert gradient_check.symbols()["dz/dw11"] == "x1"


# ---- deep_sigmoid


@pytest.fixture(scope="module")
def slow():
    return deep_sigmoid.train(deep_sigmoid.network(deep_sigmoid.small), sigmoid, SGD, 187)


def test_deep_sigmoid_falls_steadily_as_in_the_run_that_was_kept(slow):
    assert all(later < earlier for earlier, later in zip(slow.losses, slow.losses[1:], strict=False))
    kept = {52: 0.94388, 114: 0.83696, 179: 0.80045, 186: 0.79803}  # its weights and input are unknown
    for epoch, loss in kept.items():
        assert slow.losses[epoch] == pytest.approx(loss, abs=0.003)


def test_deep_sigmoid_gradient_vanishes(slow):
    assert len(slow.gradients) == 7
    for near, far in zip(slow.gradients, slow.gradients[1:], strict=False):
        assert 50 < far / near < 100
    assert slow.gradients[0] < 1e-11
    assert slow.moved[0] < 1e-9 < 1 < slow.moved[-1]


def test_deep_sigmoid_cures():
    trainings = deep_sigmoid.run(epochs=30)
    slow, xavier, tanh, adam = trainings.values()
    assert xavier.gradients[0] > 1e6 * slow.gradients[0]
    assert xavier.losses[-1] < slow.losses[-1]
    assert tanh.gradients[0] > 0.1
    assert tanh.losses[-1] < 1e-3
    assert adam.gradients == slow.gradients
    assert adam.moved[0] > 1e6 * slow.moved[0]
    assert 0.741194 < adam.losses[-1] < 0.75


# ---- moons


def test_moons_are_micrograds_and_told_apart(capsys):
    numbers = moons.run(steps=41)
    micrograds = [0.8958441028683222, 1.723590533697202, 0.7429006313851131, 0.7705641260584201]
    assert numbers["losses"][:4] == pytest.approx(micrograds, rel=1e-10)
    assert numbers["accuracies"][0] == 0.5
    assert numbers["accuracies"][40] == 1.0
    report, progress = capsys.readouterr()
    assert "accuracy 100%" in report
    assert progress == ""  # no bars where there is no terminal


# ---- why_backprop


def test_why_backprop():
    numbers = why_backprop.run()
    assert numbers["difference"] < 1e-9
    assert numbers["passes"] == 2 * (32 * 16 + 16 + 16 * 10 + 10)
    assert numbers["passes on MNIST"] == 2 * 23_860 * 60_000


# ---- the command line


def test_every_demo_is_listed_with_a_title(capsys):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(DEMOS)
    assert all(len(line.split(maxsplit=1)[1]) > 20 for line in lines)


def test_only_the_demos_that_are_named_run(capsys):
    assert main(["layers"]) == 0
    report = capsys.readouterr().out
    assert report.startswith("layers: ")
    assert "715.0000000000001" in report
    assert "by_hand" not in report


@pytest.mark.parametrize(("name", "hint"), [("moon", "did you mean 'moons'?"), ("xyz", "there are layers, by_hand")])
def test_an_unknown_name_is_refused_before_anything_runs(capsys, name, hint):
    with pytest.raises(SystemExit) as exit_:
        main(["layers", name])
    assert exit_.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert hint in err


@pytest.mark.parametrize(
    ("option", "contents", "message"),
    [
        ("--data", None, "No such file or directory: '{}'"),
        ("--data", "7,0,0", "{} does not hold MNIST"),
        ("--save", "", "File exists: '{}'"),
    ],
)
def test_files_that_do_not_serve_are_refused_before_anything_runs(tmp_path, capsys, option, contents, message):
    path = tmp_path / "file"
    if contents is not None:
        path.write_text(contents)
    with pytest.raises(SystemExit) as exit_:
        main(["layers", "mnist", option, str(path)])
    assert exit_.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message.format(path) in err
    assert "--data an .npz or a folder of CSV or IDX files" in err


def test_a_demo_whose_package_is_missing_is_left_out(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert main(["moons", "layers"]) == 1
    report = capsys.readouterr().out
    assert "left out: the moons come from scikit-learn: pip install scikit-learn" in report
    assert "715.0000000000001" in report


# ---- tensors


def test_tensors_give_the_numbers_of_the_scalar_networks():
    numbers = arrays.three_two_two()
    assert numbers["E"] == pytest.approx(0.2821757530435978, rel=1e-14)
    np.testing.assert_allclose(numbers["dE/dW2"], [[0.04047892, 0.04166268], [0.11298352, 0.11628758]], atol=5e-9)
    np.testing.assert_allclose(numbers["dE/db1"], [0.00747633, 0.00174744], atol=5e-9)
    numbers = arrays.seven_five_two()
    np.testing.assert_allclose(numbers["after 1 step"], [0.02447658, -0.01159232], atol=5e-9)
    np.testing.assert_allclose(numbers["after 100 steps"], [0.01847305, -0.00897498], atol=5e-9)
    scalars = deep_sigmoid.train(deep_sigmoid.network(deep_sigmoid.small), deep_sigmoid.sigmoid, deep_sigmoid.SGD, 5)
    np.testing.assert_allclose(arrays.deep(5), scalars.losses, rtol=1e-12)


def test_digits_are_read(tmp_path, capsys):
    numbers = digits.run(epochs=12, save=tmp_path)
    assert numbers["accuracies"][-1] >= 0.96
    assert 0 < len(numbers["wrong"]) <= 18
    assert {each.name for each in tmp_path.iterdir()} == {
        "digits_curves.png", "digits_confusion.png", "digits_wrongly_read.png"
    }  # fmt: skip
    assert "Wrongly read" in capsys.readouterr().out


def test_digits_are_read_by_convolutions():
    assert convolutions.run(epochs=8)["accuracies"][-1] >= 0.96


def test_spirals_are_told_apart(tmp_path):
    assert spiral.run(epochs=100, save=tmp_path)["accuracy"] == 1.0
    assert (tmp_path / "spiral.png").exists()


def test_outliers_harm_the_squared_error_most():
    errors = regression.run(epochs=60)
    assert errors["l1_loss"] < 0.15 < errors["huber_loss"] < errors["mse_loss"]


def test_mnist_needs_its_files(capsys):
    assert main(["mnist"]) == 0
    assert "--data PATH" in capsys.readouterr().out


def test_mnist_from_a_file(tmp_path, capsys):
    random = np.random.default_rng(0)
    labels = np.arange(300) % 10
    images = np.zeros((300, 28, 28), np.uint8)
    images[np.arange(300), 2 + 2 * labels] = 255  # each digit a line at a height of its own
    images += random.integers(0, 60, images.shape).astype(np.uint8) * (images == 0)
    labels = labels.astype(np.uint8)
    arrays = {"x_train": images[:200], "y_train": labels[:200], "x_test": images[200:], "y_test": labels[200:]}
    np.savez(tmp_path / "lines.npz", **arrays)
    numbers = mnist.run(read_mnist(tmp_path / "lines.npz"))
    assert numbers["784-100-10"] == numbers["784-256-128-10"] == 1.0
    assert numbers["convolutions"] > 0.2
    first = numbers["one at a time"]
    assert first["accuracy"] == len(first["matched"]) / 100 > 0.5
    assert sorted(first["matched"] + first["mismatched"]) == list(range(100))
    assert len(first["losses"]) == 1
    assert "200 images to learn from" in capsys.readouterr().out


def test_newton_arrives_where_descent_does_not():
    numbers = newton.run()
    assert numbers["newton"][-1] < 1e-20
    assert numbers["descent"][-1] > 1e-3
