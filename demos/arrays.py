"""The 7-5-2, the 3-2-2 and the deep sigmoid network again, on tensors: a few lines each, and the same numbers."""

from typing import Any

import numpy as np

from autograd import Tensor, sigmoid
from demos import by_hand, deep_sigmoid, gradient_check
from demos.matrices import data, show


def run() -> dict[str, Any]:
    """Print the report; return its numbers."""
    print("The 3-2-2 network: the hidden layer, the output, and every gradient.")
    small = show(three_two_two())
    print("The 7-5-2 network: target - output after 1 and after 100 steps.")
    checked = show(seven_five_two())
    print("The deep network: the loss at four epochs, from scalar nodes and from tensors.")
    scalars = deep_sigmoid.train(deep_sigmoid.network(deep_sigmoid.small), deep_sigmoid.sigmoid, deep_sigmoid.SGD, 200)
    tensors = deep()
    for epoch in deep_sigmoid.OTHER_RUN:
        print(f"  epoch {epoch:<16}{scalars.losses[epoch]:.10f}   {tensors[epoch]:.10f}")
    return small | checked | {"scalar losses": scalars.losses, "tensor losses": tensors}


def three_two_two() -> dict[str, Any]:
    """The network of the demo `by_hand`."""
    W1, b1, W2, b2 = (Tensor(each) for each in by_hand.WEIGHTS)
    hidden = sigmoid(W1 @ np.array(by_hand.X) + b1)
    output = sigmoid(W2 @ hidden + b2)
    E = ((output - by_hand.TARGET) ** 2).sum() / 2
    E.backward()
    gradients = {"dE/dW2": W2.grad, "dE/db2": b2.grad, "dE/dW1": W1.grad, "dE/db1": b1.grad}
    numbers = {"hidden": hidden.data, "output": output.data, "E": E.data, **gradients}
    return {name: number.tolist() for name, number in numbers.items()}


def seven_five_two() -> dict[str, Any]:
    """The network of the demo `gradient_check`, its weights trained, its biases not."""
    W2, b2, W3, b3 = (Tensor(each) for each in gradient_check.draw(12))
    x, target = np.array(gradient_check.X), np.array(gradient_check.TARGET)
    misses = []
    for _ in range(101):
        output = sigmoid(W3 @ sigmoid(W2 @ x + b2) + b3)
        misses.append((target - output.data).tolist())
        W2.grad = W3.grad = None
        (((target - output) ** 2).sum() / 2).backward()
        for weights in (W2, W3):
            weights.data -= 0.1 * weights.grad
    return {"after 1 step": misses[1], "after 100 steps": misses[100]}


def deep(epochs: int = 200) -> list[float]:
    """The network of the demo `deep_sigmoid`, from the same weights; the loss before every epoch."""
    layers = deep_sigmoid.network(deep_sigmoid.small).layers
    weights = [Tensor(data([neuron.w for neuron in layer.neurons])) for layer in layers]
    biases = [Tensor(data([neuron.b for neuron in layer.neurons])) for layer in layers]
    sample, target = deep_sigmoid.sample(), np.array(deep_sigmoid.TARGET)
    losses = []
    for _ in range(epochs):
        h: Any = np.array(sample)
        for W, b in zip(weights, biases, strict=True):
            h = sigmoid(W @ h + b)
        error = ((h - target) ** 2).sum() / 2
        losses.append(error.item() / len(target))
        for parameter in (*weights, *biases):
            parameter.grad = None
        error.backward()
        for parameter in (*weights, *biases):
            parameter.data -= 0.01 * parameter.grad
    return losses
