"""The layers of a network one by one: Mul, Add, ReLU, Sigmoid, Affine, Softmax with loss."""

from functools import reduce
from typing import Any

import autograd
from autograd import Value
from demos.matrices import affine, data, each, entries, grad, show, values


def run() -> dict[str, Any]:
    """Print the report; return its numbers."""
    return apples() | apples_and_oranges() | activations() | affine_layer() | softmax_with_loss()


def apples() -> dict[str, Any]:
    """Mul: the gradient of each factor is the product of the others."""
    apple, count, tax = Value(100), Value(2), Value(1.1)
    price = apple * count * tax
    price.backward()

    print("Mul. Two apples at 100, tax 1.1:")
    return show({"price": price.data, "d/d(apple)": apple.grad, "d/d(count)": count.grad, "d/d(tax)": tax.grad})


def apples_and_oranges() -> dict[str, Any]:
    """Mul and Add: a sum hands the gradient on to both its parts."""
    apple, apples, orange, oranges, tax = Value(100), Value(2), Value(150), Value(3), Value(1.1)
    total = (apple * apples + orange * oranges) * tax
    total.backward()

    print("Mul and Add. The same with three oranges at 150:")
    return show(
        {
            "total": total.data,
            "dtotal/d(apple)": apple.grad,
            "dtotal/d(apples)": apples.grad,
            "dtotal/d(orange)": orange.grad,
            "dtotal/d(oranges)": oranges.grad,
            "dtotal/d(tax)": tax.grad,
        }
    )


def activations() -> dict[str, Any]:
    """ReLU and Sigmoid: every entry has its own slope."""
    numbers = [-2.0, -0.5, 0.0, 0.5, 2.0]
    x, y = values(numbers), values(numbers)
    relu, sigmoid = each(Value.relu, x), each(Value.sigmoid, y)
    sum(relu).backward()
    sum(sigmoid).backward()

    print("ReLU and Sigmoid. A gate that opens above 0, and a smooth step; slopes by backward():")
    return show(
        {
            "x": numbers,
            "relu(x)": data(relu),
            "relu'(x)": grad(x),
            "sigmoid(x)": data(sigmoid),
            "sigmoid'(x)": grad(y),
        }
    )


def affine_layer() -> dict[str, Any]:
    """Affine over a batch: every row of the batch uses the same bias, so its gradient is a sum over the rows."""
    X = values([[1, 0], [0, 1]])
    W, b = values([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]), values([0, 0, 0])
    upstream = [[1, 2, 3], [4, 5, 6]]
    for row, gradients in zip(X, upstream, strict=True):
        for output, gradient in zip(affine(W, row, b), gradients, strict=True):
            output.backward(gradient)

    print("Affine. A batch of two, with the gradient [[1 2 3], [4 5 6]] from above:")
    return show({"bias gradient": grad(b), "weight gradient": grad(W), "input gradient": grad(X)})


def softmax_with_loss() -> dict[str, Any]:
    """Softmax with cross-entropy: what reaches the input is (softmax - target) / batch, and nobody worked that out."""
    numbers, classes, one_hot = [[0.3, 2.9, 4.0], [1.0, 0.0, -1.0]], [2, 1], [[0, 0, 1], [0, 1, 0]]
    batch = len(numbers)

    X = values(numbers)
    loss = sum(-log_softmax(row)[label] for row, label in zip(X, classes, strict=True)) / batch
    loss.backward()

    Y = values(numbers)
    logarithms = entries([log_softmax(row) for row in Y])
    loss_one_hot = -sum(t * log for t, log in zip(entries(one_hot), logarithms, strict=True)) / batch
    loss_one_hot.backward()

    softmax = [each(autograd.exp, data(log_softmax(row))) for row in X]
    expected = [[(p - t) / batch for p, t in zip(*rows, strict=True)] for rows in zip(softmax, one_hot, strict=True)]

    print("Softmax with loss. Two rows of scores, the targets as class indices and one-hot:")
    return show(
        {
            "softmax(scores)": softmax,
            "loss": loss.data,
            "loss, one-hot": loss_one_hot.data,
            "(softmax - t) / batch": expected,
            "gradient": grad(X),
            "gradient, one-hot": grad(Y),
        }
    )


def log_softmax(scores: list[Any]) -> list[Any]:
    """The logarithms of the softmax, which cannot overflow."""
    log_total = reduce(autograd.logaddexp, scores)
    return [score - log_total for score in scores]
