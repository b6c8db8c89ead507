"""Numbers that tell how well a model does. None of them is differentiated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.ops.shape import data_of
from nn.gradients import gradient_norm
from nn.module import Module


def accuracy(outputs: Any, targets: Any) -> float:
    """The share of rows that are classified rightly.

    `outputs` are logits of shape (rows, classes) for class indices (rows,), or scores (rows,) or (rows, 1) whose sign
    decides between targets 0 and 1, or -1 and 1; these may have either shape too.

    >>> accuracy(np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([1, 1]))
    0.5

    A row with nan in it is classified wrongly. Raises ValueError if the shapes do not belong together or a target is
    none of the classes, TypeError for targets that are no numbers.
    """
    outputs, targets = np.asarray(data_of(outputs)), np.asarray(data_of(targets))
    if outputs.ndim == 2 and outputs.shape[1] == 1:
        outputs, targets = outputs[:, 0], targets[:, 0] if targets.shape == outputs.shape else targets
    if outputs.shape[:1] != targets.shape or outputs.ndim not in (1, 2) or not outputs.size:
        raise ValueError(f"accuracy() of outputs of shape {outputs.shape} and targets of shape {targets.shape}")
    if targets.dtype.kind not in "fiub":
        raise TypeError(f"accuracy() takes targets that are numbers, such as class indices, not {targets.dtype}")
    if outputs.ndim == 1:
        if not (np.isin(targets, (0, 1)).all() or np.isin(targets, (-1, 1)).all()):
            raise ValueError("accuracy() of scores takes targets 0 and 1, or -1 and 1")
        return float((~np.isnan(outputs) & ((outputs > 0) == (targets > 0))).mean())
    if not ((targets >= 0) & (targets < outputs.shape[1])).all():
        raise ValueError(f"accuracy() of {outputs.shape[1]} classes takes targets from 0 to {outputs.shape[1] - 1}")
    return float((~np.isnan(outputs).any(axis=1) & (outputs.argmax(axis=1) == targets)).mean())


def confusion_matrix(predicted: Any, labels: Any, classes: int | None = None) -> NDArray[np.int64]:
    """How often each class, a row, was taken for each class, a column.

    What was predicted comes first, as in every metric here; scikit-learn's function takes the labels first.

    >>> confusion_matrix([0, 1, 1], [0, 1, 0])
    array([[1, 1],
           [0, 1]])

    Raises ValueError unless both are class indices of the same length, TypeError unless they are integers.
    """
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if predicted.dtype.kind not in "iu" or labels.dtype.kind not in "iu":
        raise TypeError(f"confusion_matrix() takes class indices, not {predicted.dtype} and {labels.dtype}")
    count = int(max(predicted.max(initial=0), labels.max(initial=0))) + 1 if classes is None else classes
    both = np.append(predicted, labels)
    if (
        predicted.shape != labels.shape
        or predicted.ndim != 1
        or (both.size and not 0 <= both.min() <= both.max() < count)
    ):
        raise ValueError(f"confusion_matrix() takes two lists of class indices of one length, from 0 to {count - 1}")
    matrix = np.zeros((count, count), np.int64)
    np.add.at(matrix, (labels.astype(np.int64), predicted.astype(np.int64)), 1)
    return matrix


def gradient_norms(model: Module) -> dict[str, float]:
    """The Euclidean length of the gradients of every module that holds parameters, by its path, the first layer first.

    >>> from nn import Linear, Sequential
    >>> net = Sequential(Linear(1, 1, rng=0), Linear(1, 1, rng=0))
    >>> net(np.ones((1, 1))).sum().backward()
    >>> list(gradient_norms(net))
    ['layers.0', 'layers.1']
    """
    groups: dict[str, list[Any]] = {}
    for path, parameter in model.named_parameters():
        owner, _, name = path.rpartition(".")
        groups.setdefault(owner.rpartition(".")[0] if name.isdigit() else owner, []).append(parameter)
    return {path: gradient_norm(parameters) for path, parameters in groups.items()}
