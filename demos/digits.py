"""Handwritten digits read by a network of tensors, in plain engine code: above 96 % in seconds."""

from typing import Any

import numpy as np
from tqdm import tqdm

from autograd import Tensor, affine, cross_entropy


def run(epochs: int = 30) -> dict[str, Any]:
    """Print the report; return the accuracy on held-out images after every epoch."""
    train_x, test_x, train_y, test_y = images()
    rng = np.random.default_rng(0)
    W1, b1 = Tensor(rng.normal(size=(64, 128)) * np.sqrt(2 / 64)), Tensor(np.zeros(128))
    W2, b2 = Tensor(rng.normal(size=(128, 10)) * np.sqrt(2 / 128)), Tensor(np.zeros(10))
    parameters = [W1, b1, W2, b2]
    speeds = [np.zeros(p.shape) for p in parameters]  # of gradient descent with momentum

    def logits(x: Any) -> Any:
        return affine(affine(x, W1, b1).relu(), W2, b2)

    accuracies = []
    print(f"{len(train_x)} images to learn from, {len(test_x)} held out; 64-128-10, cross-entropy, batches of 32:")
    for epoch in tqdm(range(epochs), disable=None, leave=False):
        order = rng.permutation(len(train_x))
        for start in range(0, len(order), 32):
            batch = order[start : start + 32]
            loss = cross_entropy(logits(train_x[batch]), train_y[batch])
            for parameter in parameters:
                parameter.grad = None
            loss.backward()
            for parameter, speed in zip(parameters, speeds, strict=True):
                speed *= 0.9
                speed -= 0.05 * parameter.grad
                parameter.data += speed
        accuracies.append(float((logits(test_x).argmax(axis=1) == test_y).mean()))
        if epoch % 5 == 4:
            tqdm.write(
                f"  epoch {epoch + 1:>2}   loss of the last batch {loss.item():.5f}   held out {accuracies[-1]:.2%}"
            )
    wrong = np.flatnonzero(logits(test_x).argmax(axis=1) != test_y)
    print(f"Wrongly read: {len(wrong)} of {len(test_x)}. One of them, a {test_y[wrong[0]]}:" if len(wrong) else "")
    for row in test_x[wrong[0]].reshape(8, 8) if len(wrong) else ():
        print("  " + "".join(" ·+#"[int(3.99 * pixel)] * 2 for pixel in row))
    return {"accuracies": accuracies}


def images() -> tuple[Any, Any, Any, Any]:
    """The 8×8 images that scikit-learn carries, pixels from 0 to 1: to learn from, held out, and their labels."""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise ImportError("the digits come from scikit-learn: pip install scikit-learn") from error
    digits = load_digits()
    split: tuple[Any, Any, Any, Any] = train_test_split(
        digits.data / 16, digits.target, test_size=0.25, random_state=0, stratify=digits.target
    )
    return split
