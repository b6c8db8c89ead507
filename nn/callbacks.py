"""What `fit` hands to callbacks, the history of a training, and the callback that stops one early."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from nn.module import Module, put_back
from nn.plots import plot_history


class History:
    """What `fit` saw: a row of numbers for every epoch, and why it stopped.

    ``history["loss"]`` is the list of one of them: 'loss', the mean over the epoch's batches as they were trained;
    'gradient norm', the mean of its Euclidean length; 'lr'; 'validation loss'; and the metrics by their names, of the
    validation data if there are any, else of the batches as they were trained. An epoch without such a number, as
    before a resume with other metrics, has nan.

    >>> history = History()
    >>> history.rows.append({"loss": 0.5})
    >>> history["loss"]
    [0.5]
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.stopped = ""  # '' if all epochs were run

    def __getitem__(self, name: str) -> list[float]:
        names = dict.fromkeys(each for row in self.rows for each in row)
        if names and name not in names:
            raise KeyError(f"no {name!r} in this history; there are {', '.join(names)}")
        return [row.get(name, math.nan) for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {number:.4g}" for name, number in self.rows[-1].items()) if self.rows else "empty"
        return f"<History of {len(self)} epochs: {last}{f'; {self.stopped}' if self.stopped else ''}>"

    def plot(self, ax: Any = None) -> Any:
        """The losses and the metrics over the epochs; see `plot_history`."""
        return plot_history(self.rows, ax)


class EarlyStopping:
    """A callback of `fit`: stop when a number has not become better for `patience` epochs, and at the end put back the
    weights with which it was best.

    `monitor` is a name in the history: 'validation loss', 'loss', or a metric, of which more is better if `greater`.

    >>> import numpy as np
    >>> from nn import SGD, Linear, fit, mse_loss
    >>> x, line = np.ones((8, 1)), Linear(1, 1, rng=0)
    >>> optimizer = SGD(line.parameters(), lr=2.0)  # too large a step: the loss grows
    >>> fit(line, (x, x), mse_loss, optimizer, 50, validation=(x, x), callbacks=[EarlyStopping(patience=3)]).stopped
    'stopped by EarlyStopping'

    Raises ValueError for a patience below 1.
    """

    def __init__(self, patience: int = 10, monitor: str = "validation loss", *, greater: bool = False) -> None:
        if patience < 1:
            raise ValueError(f"patience={patience!r} must be at least 1")
        self.patience, self.monitor, self.greater = patience, monitor, greater
        self.start()

    def start(self) -> None:
        """Forget another training."""
        self.best, self.waited = math.inf, 0
        self.weights: dict[str, Any] = {}

    def __call__(self, model: Module, history: History) -> bool:
        """Whether to stop after this epoch."""
        known = history.rows[-1] if isinstance(history, History) else history  # of this epoch
        if self.monitor not in known:
            raise KeyError(
                f"no {self.monitor!r} in this history; there are {', '.join(known)}: give fit(validation=…), or make "
                "EarlyStopping(monitor='loss')"
            )
        number = history[self.monitor][-1] * (-1 if self.greater else 1)
        number = math.inf if math.isnan(number) else number  # nan is the worst
        if number < self.best or not self.weights:
            self.best, self.waited, self.weights = number, 0, model.state_dict()
        else:
            self.waited += 1
        return self.waited >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """What the next epochs depend on, and the best weights so far."""
        return {"best": self.best, "waited": self.waited, "weights": self.weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict()` gave."""
        self.best, self.waited, self.weights = state["best"], state["waited"], state["weights"]

    def finish(self, model: Module) -> None:
        """Put back the best weights."""
        if self.weights:
            put_back(model, self.weights)
