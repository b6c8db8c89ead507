"""Networks as scikit-learn's estimators, with the names of its own MLPClassifier and MLPRegressor."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from autograd.functions import FUNCTIONS
from autograd.ops.reduce import softmax
from nn.activations import activate, check_activation
from nn.callbacks import EarlyStopping, History
from nn.checks import check_not_negative, check_whole
from nn.data import DataLoader
from nn.initializers import xavier_uniform
from nn.layers import Linear, Sequential
from nn.losses import cross_entropy, mse_loss
from nn.metrics import accuracy
from nn.module import Module
from nn.optimizers import SGD, Adam, Optimizer
from nn.prediction import predict
from nn.training import fit

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError("the estimators need scikit-learn 1.6 or newer: pip install scikit-learn") from error

_PRECISIONS = [np.float64, np.float32]  # of networks: that of the features, or the first if that is another
_ROWS = {"logistic": "sigmoid", "identity": "pos"}  # scikit-learn's names of rows of the table


class _MLP(BaseEstimator):  # type: ignore[misc]
    """A multilayer perceptron; the parameters are scikit-learn's.

    `activation` may be any row of one argument in the table of derivatives; 'logistic' and 'identity' are rows of
    other names. `solver` is 'adam' or 'sgd'. `alpha` divided by the batch size is the weight decay. A loss is what
    scikit-learn's own estimator makes small, without the penalty. After an error everything is as it was before.
    """

    def __init__(
        self, hidden_layer_sizes: int | Sequence[int] = (100,), activation: str = "relu", *, solver: str = "adam",
        alpha: float = 1e-4, batch_size: int | str = "auto", learning_rate_init: float = 1e-3, max_iter: int = 200,
        shuffle: bool = True, random_state: Any = None, tol: float = 1e-4, momentum: float = 0.9,
        nesterovs_momentum: bool = True, early_stopping: bool = False, validation_fraction: float = 0.1,
        beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8, n_iter_no_change: int = 10,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """What is learnt in here is forgotten if it ends in an error."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self.__dict__ = before
            raise

    def _train(self, X: Any, y: Any, outputs: int, loss: Callable[..., Any], metric: Callable[..., float]) -> None:
        """Make the network for so many outputs, and fit it."""
        names = ("alpha", "tol", "learning_rate_init", "momentum", "validation_fraction")
        check_not_negative(**{name: getattr(self, name) for name in names})
        check_whole(max_iter=self.max_iter)
        if self.n_iter_no_change != np.inf:
            check_whole(n_iter_no_change=self.n_iter_no_change)
        if self.momentum > 1 or not 0 < self.validation_fraction < 1:
            raise ValueError("momentum must be at most 1, and validation_fraction between 0 and 1")
        seed = self.random_state
        state = (
            seed.integers(2**31) if isinstance(seed, np.random.Generator) else check_random_state(seed).randint(2**31)
        )
        rng = np.random.default_rng(state)
        hidden = np.atleast_1d(self.hidden_layer_sizes).tolist()
        for width in hidden:
            check_whole(hidden_layer_sizes=width)
        row = _ROWS.get(self.activation, self.activation)
        check_activation(row)
        layers: list[Any] = []
        for nin, nout in zip([X.shape[1], *hidden], [*hidden, outputs], strict=True):
            layers += [Linear(nin, nout, init=xavier_uniform, rng=rng), partial(activate, row)]
        net = Sequential(*layers[:-1]).to(X.dtype)
        held_out, monitor = None, _NoChange(self.n_iter_no_change, self.tol)
        callbacks: list[Any] = [monitor]
        if self.early_stopping:
            X, X_out, y, y_out = train_test_split(X, y, test_size=self.validation_fraction, random_state=int(state))
            held_out, callbacks = (X_out, y_out), [EarlyStopping(self.n_iter_no_change, metric.__name__, greater=True)]
        wanted: Any = 200 if self.batch_size == "auto" else self.batch_size
        data = DataLoader(X, y, batch_size=wanted, shuffle=self.shuffle, seed=rng)
        size = min(data.batch_size, len(X))
        self.history_: History = fit(
            net, data, loss, self._optimizer(net, size), self.max_iter, validation=held_out, callbacks=callbacks,
            metrics=[metric] if self.early_stopping else [],
        )  # fmt: skip
        if not len(self.history_):
            raise KeyboardInterrupt("interrupted before the first epoch was over")
        self.network_ = net
        self.loss_curve_ = self.history_["loss"]
        self.loss_ = self.loss_curve_[-1]
        self.n_iter_ = len(self.history_)
        linear = [layer for layer in net.layers if isinstance(layer, Linear)]
        self.coefs_ = [layer.weight.data for layer in linear]
        self.intercepts_ = [layer.bias.data for layer in linear]
        self.n_layers_ = len(hidden) + 2
        self.n_outputs_ = outputs
        if self.history_.stopped == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=3)
        elif not self.history_.stopped:
            warnings.warn(
                f"max_iter={self.max_iter} epochs were not enough to converge", ConvergenceWarning, stacklevel=3
            )

    def _optimizer(self, net: Module, size: int) -> Optimizer:
        params, rate, decay = net.parameters(), self.learning_rate_init, self.alpha / size
        optimizer: Optimizer
        if self.solver == "adam":
            optimizer = Adam(params, rate, (self.beta_1, self.beta_2), self.epsilon, weight_decay=decay)
        elif self.solver == "sgd":
            nesterov = self.nesterovs_momentum and self.momentum > 0
            optimizer = SGD(params, rate, self.momentum, weight_decay=decay, nesterov=nesterov)
        else:
            raise ValueError(f"solver={self.solver!r} is neither 'adam' nor 'sgd'")
        optimizer.undecayed = {i for i, each in enumerate(params) if each.ndim == 1}  # biases
        return optimizer

    def _outputs(self, X: Any) -> Any:
        check_is_fitted(self)
        return predict(self.network_, validate_data(self, X, reset=False, dtype=self.coefs_[0].dtype))


class MLPClassifier(ClassifierMixin, _MLP):  # type: ignore[misc]
    """A classifier: softmax cross-entropy of logits, one for each class.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> MLPClassifier((10,), learning_rate_init=0.02, max_iter=600, random_state=0).fit(X, y).score(X, y) > 0.95
    True

    After `fit`: ``classes_``, ``network_`` (a `Sequential`), ``coefs_``, ``intercepts_``, ``history_``,
    ``loss_curve_``, ``n_iter_``.

    `fit` raises ValueError for unusable data and for parameters out of range.
    """

    def fit(self, X: Any, y: Any) -> MLPClassifier:
        """Learn from rows of features (rows, features), in single precision if they are, and their classes (rows,),
        numbers or strings."""
        with self._all_or_nothing():
            X, y = validate_data(self, X, y, dtype=_PRECISIONS)
            check_classification_targets(y)
            self.classes_, labels = np.unique(y, return_inverse=True)
            self._train(X, labels, len(self.classes_), cross_entropy, accuracy)
        return self

    def predict(self, X: Any) -> Any:
        """The most probable class of every row."""
        outputs = self._outputs(X)
        return self.classes_[outputs.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Any:
        """The probabilities of the classes, (rows, classes)."""
        return softmax(self._outputs(X))

    def predict_log_proba(self, X: Any) -> Any:
        """Their logarithms."""
        return FUNCTIONS["log"](self.predict_proba(X))


class MLPRegressor(RegressorMixin, _MLP):  # type: ignore[misc]
    """A regressor: half the mean squared error of one output or several.

    >>> x = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> model = MLPRegressor((20,), "tanh", learning_rate_init=0.01, max_iter=500, n_iter_no_change=50, random_state=0)
    >>> bool(model.fit(x, np.sin(3 * x[:, 0])).score(x, np.sin(3 * x[:, 0])) > 0.99)
    True

    After `fit`: ``network_`` (a `Sequential`), ``coefs_``, ``intercepts_``, ``history_``, ``loss_curve_``, ``n_iter_``.

    `fit` raises ValueError for unusable data and for parameters out of range.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> MLPRegressor:
        """Learn from rows of features (rows, features), in single precision if they are, and their targets, (rows,) or
        (rows, outputs)."""
        with self._all_or_nothing():
            X, y = validate_data(self, X, y, dtype=_PRECISIONS, multi_output=True, y_numeric=True)
            y = np.asarray(y, X.dtype)
            self._one = y.ndim == 1
            y = y.reshape(len(y), -1)
            self._train(X, y, y.shape[1], _half_of_mse, _r2)
        return self

    def predict(self, X: Any) -> Any:
        """The outputs, (rows,) or (rows, outputs) as the targets were."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one else outputs


class _NoChange:
    """Stop when the loss has not fallen by `tol` in `patience` epochs."""

    def __init__(self, patience: int, tol: float) -> None:
        self.patience, self.tol, self.best, self.waited = patience, tol, np.inf, 0

    def __call__(self, model: Module, history: History) -> bool:
        """Whether to stop."""
        loss = history.rows[-1]["loss"]
        self.waited = self.waited + 1 if loss > self.best - self.tol else 0
        self.best = min(self.best, loss)
        return self.waited > self.patience


def _half_of_mse(outputs: Any, targets: Any) -> Any:
    return mse_loss(outputs, targets) / 2


def _r2(outputs: Any, targets: Any) -> float:
    """The share of the variance that is explained."""
    rest, all_of_it = ((targets - outputs) ** 2).sum(), ((targets - targets.mean(axis=0)) ** 2).sum()
    return float(1 - rest / all_of_it) if all_of_it else 0.0
