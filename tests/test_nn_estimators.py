"""MLPClassifier and MLPRegressor: scikit-learn's own checks of an estimator, its tools around them, bad input."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import nn

IRIS = load_iris(return_X_y=True)
IRIS = StandardScaler().fit_transform(IRIS[0]), IRIS[1]


CHECKS = parametrize_with_checks([nn.MLPClassifier(max_iter=60), nn.MLPRegressor(max_iter=60)]).mark


@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the checks train for a few epochs only
        check(estimator)


def quick(**more):
    return nn.MLPClassifier(**({"hidden_layer_sizes": (10,), "learning_rate_init": 0.05, "random_state": 0} | more))


def test_in_a_pipeline_and_a_grid_search():
    pipeline = make_pipeline(StandardScaler(), quick(max_iter=500))
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [1e-4, 1e-2]}, cv=3).fit(*IRIS)
    assert search.best_score_ > 0.93
    twin = pickle.loads(pickle.dumps(search))
    assert (twin.predict(IRIS[0]) == search.predict(IRIS[0])).all()


def test_a_clone_with_the_same_seed_learns_the_same():
    first, second = quick().fit(*IRIS), clone(quick()).fit(*IRIS)
    assert (first.predict_proba(IRIS[0]) == second.predict_proba(IRIS[0])).all()
    assert first.loss_curve_ == second.loss_curve_
    other = quick(random_state=1).fit(*IRIS)
    assert (first.predict_proba(IRIS[0]) != other.predict_proba(IRIS[0])).any()
    generator = np.random.RandomState(0)
    assert quick(random_state=generator).fit(*IRIS).loss_curve_ != quick(random_state=generator).fit(*IRIS).loss_curve_


@pytest.mark.parametrize("options", [
    {"activation": "logistic"}, {"activation": "identity"}, {"activation": "gelu"}, {"hidden_layer_sizes": (8, 8)},
    {"solver": "sgd", "learning_rate_init": 0.03, "batch_size": 16}, {"hidden_layer_sizes": 7}, {"early_stopping": True},
    {"hidden_layer_sizes": ()},
    {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1, "batch_size": 150, "shuffle": False},
])  # fmt: skip
def test_iris_is_learnt_in_every_way(options):
    model = quick(max_iter=1000, **options).fit(*IRIS)
    assert model.score(*IRIS) > 0.93
    assert np.allclose(model.predict_proba(IRIS[0]).sum(axis=1), 1)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.history_)
    assert model.loss_ == model.loss_curve_[-1]


def test_classes_may_be_words():
    names = np.array(["setosa", "versicolor", "virginica"])
    model = quick(max_iter=300).fit(IRIS[0], names[IRIS[1]])
    assert (model.classes_ == names).all()
    assert set(model.predict(IRIS[0])) == set(names)
    assert np.allclose(np.exp(model.predict_log_proba(IRIS[0])), model.predict_proba(IRIS[0]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, int])
def test_a_network_computes_in_the_precision_of_its_features(dtype):
    X = IRIS[0].round(1).astype(dtype)
    kept = dtype if dtype == np.float32 else float
    for model in quick(max_iter=200), nn.MLPRegressor((10,), learning_rate_init=0.05, max_iter=200, random_state=0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, IRIS[1])
        assert {each.dtype for each in [*model.coefs_, *model.intercepts_]} == {np.dtype(kept)}
        found = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
        assert found.dtype == kept
        assert model.score(X, IRIS[1]) > 0.8
        assert np.allclose(model.predict(X.astype(float)), model.predict(X), atol=1e-5)


def test_early_stopping_keeps_the_best_and_stops():
    X, y = make_moons(200, noise=0.3, random_state=0)
    model = quick(early_stopping=True, validation_fraction=0.3, max_iter=500).fit(X, y)
    assert model.n_iter_ < 500
    assert model.history_.stopped == "stopped by EarlyStopping"


def test_a_regressor_of_several_outputs():
    x = np.linspace(-1, 1, 60).reshape(-1, 1)
    y = np.hstack([np.sin(3 * x), x**2])
    model = nn.MLPRegressor((30,), "tanh", learning_rate_init=0.02, max_iter=900, tol=1e-5, random_state=0).fit(x, y)
    assert model.predict(x).shape == (60, 2)
    assert model.score(x, y) > 0.99
    single = nn.MLPRegressor((30,), "tanh", learning_rate_init=0.02, max_iter=900, random_state=0).fit(x, y[:, 0])
    assert single.predict(x).shape == (60,)


def test_too_few_epochs_are_warned_of():
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        quick(max_iter=2).fit(*IRIS)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"solver": "lbfgs"}, "neither 'adam' nor 'sgd'"), ({"activation": "rleu"}, "did you mean 'relu'"),
        ({"hidden_layer_sizes": (3, 0)}, "at least 1"), ({"batch_size": 0}, "batch_size"), ({"max_iter": 0}, "max_iter=0"),
        ({"hidden_layer_sizes": (2.5,)}, "a whole number"), ({"hidden_layer_sizes": ((3,),)}, "a whole number"),
        ({"hidden_layer_sizes": "a"}, "a whole number"), ({"batch_size": 1.5}, "batch_size=1.5"),
        ({"batch_size": "big"}, "batch_size='big'"), ({"activation": None}, "activation=None"),
        ({"max_iter": 2.5}, "max_iter=2.5"), ({"max_iter": True}, "max_iter=True"),
        ({"learning_rate_init": -1.0}, "learning_rate_init must be 0 or more"), ({"alpha": -1.0}, "alpha must be"),
        ({"n_iter_no_change": 0}, "n_iter_no_change=0"), ({"tol": -1.0}, "tol must be"), ({"momentum": 2.0}, "at most 1"),
        ({"validation_fraction": 1.0}, "between 0 and 1"),
    ],
)  # fmt: skip
def test_parameters_out_of_range_are_refused(options, hint):
    with pytest.raises(ValueError, match=hint):
        quick(**options).fit(*IRIS)


def test_without_scikit_learn_the_error_says_what_to_install():
    program = (
        "import sys; sys.modules['sklearn'] = sys.modules['sklearn.base'] = None\n"
        "import nn\n"
        "try:\n    nn.MLPClassifier\n"
        "except ImportError as error:\n    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install scikit-learn" in run.stdout


def test_there_is_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'MLPClasifier'"):
        nn.MLPClasifier


def test_alpha_shrinks_the_weights_as_a_ridge_does_and_not_the_intercept():
    """Without hidden layers and with all rows in a batch the optimum is known: ½ MSE + alpha / 2n · |w|²."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = 5.0 + X @ [1.0, -2.0]
    model = nn.MLPRegressor(
        (), alpha=100.0, max_iter=3000, learning_rate_init=0.05, tol=0.0, n_iter_no_change=3000, batch_size=100,
        random_state=0,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    centred = X - X.mean(axis=0)
    weights = np.linalg.solve(centred.T @ centred + 100.0 * np.eye(2), centred.T @ (y - y.mean()))
    assert np.allclose(model.coefs_[0][:, 0], weights, atol=1e-4)
    assert np.allclose(model.intercepts_[0], y.mean() - X.mean(axis=0) @ weights, atol=1e-4)
    assert np.isclose(model.loss_, np.mean((model.predict(X) - y) ** 2) / 2, rtol=1e-3)


@pytest.mark.parametrize(
    "wrong", [{"learning_rate_init": -1.0}, {"alpha": "a"}, {"activation": "foo"}, {"batch_size": 0}]
)
def test_a_fit_that_fails_leaves_the_last_one(wrong):
    model = quick(max_iter=300).fit(*IRIS)
    before = model.predict(IRIS[0])
    with pytest.raises((ValueError, TypeError)):
        model.set_params(**wrong).fit(IRIS[0][:, :2], np.array(["x", "yy", "z"])[IRIS[1]])
    assert model.n_features_in_ == 4
    assert (model.predict(IRIS[0]) == before).all()


def test_a_generator_is_a_random_state():
    first, second = (quick(max_iter=200, random_state=np.random.default_rng(3)).fit(*IRIS) for _ in range(2))
    assert (first.predict_proba(IRIS[0]) == second.predict_proba(IRIS[0])).all()


def test_ctrl_c_in_the_first_epoch_leaves_what_was_fitted_before(monkeypatch):
    X, y = load_iris(return_X_y=True)
    model = nn.MLPClassifier((5,), max_iter=200, random_state=0, n_iter_no_change=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        before = model.fit(X, y).predict_proba(X)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(nn.Adam, "step", interrupted)
    with pytest.raises(KeyboardInterrupt, match="before the first epoch"):
        model.fit(X, y)
    assert (model.predict_proba(X) == before).all()


def test_ctrl_c_is_warned_of(monkeypatch):
    step, calls = nn.Adam.step, iter(range(10))

    def interrupted(self):
        if next(calls) == 3:
            raise KeyboardInterrupt
        step(self)

    monkeypatch.setattr(nn.Adam, "step", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = nn.MLPClassifier((5,), max_iter=9, batch_size=75, random_state=0).fit(*load_iris(return_X_y=True))
    assert model.n_iter_ == 1
