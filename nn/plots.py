"""Pictures of training with matplotlib: each function draws on the Axes it is given, or on new ones, and returns them.
Nothing is shown or saved here: write ``ax.figure.savefig("picture.png")``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nn.checks import check_whole
from nn.module import Module
from nn.prediction import predict


def plot_history(rows: Sequence[Mapping[str, float]], ax: Any = None) -> Any:
    """The losses over the epochs on the left axis, and what is a share, such as the accuracy, on a right one.

    >>> plot_history([{"loss": 1.0}, {"loss": 0.5}]).get_ylabel()
    'loss'

    Raises ValueError if there are no epochs.
    """
    if not rows:
        raise ValueError("there are no epochs to draw")
    ax = ax or _axes()
    epochs, marker = range(1, len(rows) + 1), "-" if len(rows) > 1 else "o"  # of one epoch there is no line
    columns = {name: [row.get(name, np.nan) for row in rows] for row in rows for name in row}
    for name, numbers in columns.items():
        if "loss" in name:
            label = "training loss" if name == "loss" and "validation loss" in columns else name
            ax.plot(epochs, numbers, marker, label=label)
    ax.set(xlabel="epoch", ylabel="loss", xlim=(0.5, len(rows) + 0.5))
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    metrics = [name for name in columns if "loss" not in name and name not in ("lr", "gradient norm")]
    handles, _ = ax.get_legend_handles_labels()
    if metrics:
        right = ax.twinx()
        for i, name in enumerate(metrics):
            handles += right.plot(epochs, columns[name], f"C{i + 2}{marker.replace('-', '--')}", label=name)
        right.set_ylabel(", ".join(metrics))
        ax.set_zorder(right.get_zorder() + 1)  # so that no line of the right axis runs through the legend
        ax.patch.set_visible(False)
    ax.legend(handles=handles, loc="center right" if metrics else "best")  # between what falls and what rises
    return ax


def plot_decision_boundary(
    model: Module | Callable[[Any], Any], X: Any, y: Any, ax: Any = None, *, steps: int = 200
) -> Any:
    """The plane in the colours of the classes that a model of two features tells apart, and the points.

    `model` is a Module, an estimator, or a function of rows (rows, 2); it gives classes, one score each, whose sign
    decides, or logits of classes. `y` are the labels: class indices, or anything else in the order of the classes.

    >>> ax = plot_decision_boundary(lambda x: x[:, 0], [[-1.0, 0.0], [1.0, 0.0]], [0, 1])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['0', '1']

    Raises ValueError unless X has two features and as many rows as y, and for labels that are none of the classes.
    """
    X, y = np.asarray(X, float), np.asarray(y).ravel()
    if X.ndim != 2 or X.shape[1] != 2 or len(X) != len(y) or not len(X):
        raise ValueError(f"a decision boundary needs points (rows, 2) and as many labels, not {X.shape} and {y.shape}")
    check_whole(steps=steps)
    ax = ax or _axes()
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.08 * np.where(high > low, high - low, 1)
    low, high = low - margin, high + margin
    xs, ys = (np.linspace(low[i], high[i], steps) for i in range(2))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    decide = partial(predict, model) if isinstance(model, Module) else getattr(model, "predict", model)
    classes, decided = _classes(np.asarray(decide(grid.reshape(-1, 2))), np.unique(y), hasattr(model, "classes_"))
    regions, points = decided.reshape(steps, steps), np.searchsorted(classes, y)
    colors = [f"C{i % 10}" for i in range(len(classes))]
    ax.contourf(xs, ys, regions, levels=np.arange(len(classes) + 1) - 0.5, colors=colors, alpha=0.3)
    for i, name in enumerate(classes):
        ax.scatter(*X[points == i].T, color=colors[i], edgecolors="k", s=18, label=name)
    ax.legend()
    return ax


def _classes(outputs: Any, labels: Any, are_classes: bool) -> tuple[Any, Any]:
    """The classes in order, and the positions among them of what a model decided; from the labels of some points."""
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        count, decided = outputs.shape[1], outputs.argmax(axis=1)
    else:
        outputs = outputs.ravel()
        are_labels = are_classes or bool(np.isin(outputs, labels).all())
        are_numbers = labels.dtype.kind in "fiu"
        if outputs.dtype.kind == "f" and not are_labels:
            count, decided = 2, (outputs > 0).astype(int)
            labels = np.array([-1, 1]) if -1 in labels and np.isin(labels, [-1, 1]).all() else labels
        elif outputs.dtype.kind in "iub" and not (are_numbers and (are_labels or 0 in labels)):
            decided = outputs.astype(int)
            count = max(len(labels), decided.max() + 1)
        else:
            labels = labels if are_labels and np.isin(outputs, labels).all() else np.union1d(labels, outputs)
            count, decided = len(labels), np.searchsorted(labels, outputs)
    if len(labels) != count and np.isin(labels, np.arange(count)).all():
        labels = np.arange(count)  # of some classes there are no points
    if len(labels) != count:
        raise ValueError(f"the model tells {count} classes apart, and the labels are {labels.tolist()}: give indices")
    return labels, decided


def plot_confusion_matrix(matrix: Any, ax: Any = None, *, labels: Sequence[Any] | None = None) -> Any:
    """A confusion matrix as numbers in colours: classes are rows, what they were taken for are columns.

    >>> ax = plot_confusion_matrix([[3, 0], [1, 4]], labels=["cat", "dog"])
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['cat', 'dog']

    Raises ValueError unless the matrix is square.
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a confusion matrix is square, not of shape {matrix.shape}")
    ax = ax or _axes()
    shade = ax.imshow(matrix, cmap="Blues", vmin=0).norm
    form = ".2f" if np.any(matrix % 1) else ".0f"
    for (i, j), number in np.ndenumerate(matrix):
        color = "w" if shade(number) > 0.5 else "k" if number else "0.8"
        ax.text(j, i, format(number, form), ha="center", va="center", color=color)
    names = [str(name) for name in (range(len(matrix)) if labels is None else labels)]
    ax.set(xlabel="predicted class", ylabel="true class", xticks=range(len(matrix)), yticks=range(len(matrix)))
    slanted = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if len("  ".join(names)) > 40 else {}
    ax.set_xticklabels(names, **slanted)
    ax.set_yticklabels(names)
    return ax


def plot_gradient_norms(norms: Mapping[str, float], ax: Any = None) -> Any:
    """The lengths of the gradients, layer by layer, on a logarithmic scale; see `gradient_norms`.

    >>> plot_gradient_norms({"layers.0": 1e-6, "layers.2": 1.0}).get_yscale()
    'log'

    Raises ValueError if there are none.
    """
    if not norms:
        raise ValueError("there are no gradients to draw")
    ax = ax or _axes()
    ax.bar(range(len(norms)), list(norms.values()))
    ax.set(ylabel="gradient norm")
    if positive := [norm for norm in norms.values() if norm > 0]:
        ax.set(yscale="log", ylim=(min(positive) / 10, None))  # a bar of its own size for the shortest
    ax.set_xticks(range(len(norms)))
    ax.set_xticklabels(norms, rotation=45, ha="right")
    return ax


def plot_images(images: Any, titles: Sequence[Any], ax: Any = None, *, columns: int = 8) -> Any:
    """Grey images (images, height, width) side by side in rows on one Axes, a title above each.

    >>> len(plot_images(np.zeros((2, 8, 8)), ["3, read as 8", "4, read as 9"]).images)
    2

    Raises ValueError unless there are as many titles as images, at least one.
    """
    images = np.asarray(images)
    if images.ndim != 3 or len(images) != len(titles) or not len(images):
        raise ValueError(
            f"expected images (images, height, width) and as many titles, not {images.shape}, {len(titles)}"
        )
    check_whole(columns=columns)
    rows = -(-len(images) // columns)
    ax = ax or _axes(height=0.4 + 1.05 * rows * min(8 / columns, 1))
    _, height, width = images.shape
    for i, (image, title) in enumerate(zip(images, titles, strict=True)):
        left, top = i % columns * (width * 1.35), i // columns * (height * 1.5)
        ax.imshow(
            image, cmap="gray_r", vmin=images.min(), vmax=images.max(), extent=(left, left + width, top + height, top)
        )
        ax.text(left + width / 2, top - 0.05 * height, title, ha="center", va="bottom", fontsize=8)
    ax.set(xlim=(-0.3 * width, columns * width * 1.35), ylim=((rows * 1.5 - 0.4) * height, -0.5 * height))
    ax.axis("off")
    return ax


def _axes(height: float = 4.8) -> Any:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("pictures of training need matplotlib: pip install matplotlib") from error
    figure = Figure(figsize=(6.4, height), layout="constrained")
    FigureCanvasAgg(figure)  # no window and no state of pyplot
    return figure.subplots()
