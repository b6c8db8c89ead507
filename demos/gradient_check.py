"""A 7-5-2 network whose gradient is checked numerically, and a mistake that such a check finds.

The mistake is a common one in networks written by hand: the output weights W3 are updated first, and then the error
is carried back to the hidden layer through the new W3 instead of through the one that made the output.
"""

from typing import Any

import numpy as np

import autograd
from autograd import Value
from demos.matrices import affine, data, entries, grad, half_squared_error, show, sigmoid, values
from nn import SGD

X = [0.4, -0.2, 0.1, 0.1, -0.15, 0.6, -0.9]
TARGET = [0.87503811, 0.83690408]


def run() -> dict[str, Any]:
    """Print the report; return its numbers."""
    return check() | mistake() | training() | symbols()


def draw(seed: int) -> list[Any]:
    """W2, b2, W3, b3 as nested lists, from NumPy's legacy generator."""
    rng = np.random.RandomState(seed)
    return [rng.rand(5, 7).tolist(), rng.rand(5).tolist(), rng.rand(2, 5).tolist(), rng.rand(2).tolist()]


def output(W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
    """The output of the network, of Values or of plain numbers."""
    return sigmoid(affine(W3, sigmoid(affine(W2, X, b2)), b3))


def error(W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
    """E = ½ Σ (target - output)²."""
    return half_squared_error(output(W2, b2, W3, b3), TARGET)


def train(network: list[Any], steps: int, mistaken: bool = False) -> None:
    """Gradient descent on the weights, not the biases; with the mistake, if so wanted."""
    W2, b2, W3, b3 = network
    first, last = SGD(entries(W2), lr=0.1), SGD(entries(W3), lr=0.1)
    for _ in range(steps):
        hidden = sigmoid(affine(W2, X, b2))
        z = affine(W3, hidden, b3)
        first.zero_grad()
        last.zero_grad()
        half_squared_error(sigmoid(z), TARGET).backward()
        last.step()
        if mistaken:
            first.zero_grad()
            for through_new_W3, gradient in zip(affine(W3, hidden, b3), grad(z), strict=True):
                through_new_W3.backward(gradient)
        first.step()


def check() -> dict[str, Any]:
    """Every weight and bias, by the chain rule and numerically."""
    report = autograd.gradcheck(error, *draw(12))

    print("The gradient by the chain rule against numerical derivatives, for 45 weights and 7 biases:")
    return show({"checked": report.checked, "wrong": report.wrong})


def mistake() -> dict[str, Any]:
    """The first gradient of W2, without and with the mistake, against the same numbers."""
    right, wrong = values(draw(12)), values(draw(12))
    train(right, 1)
    train(wrong, 1, mistaken=True)
    numerical, by_chain_rule, mistaken = (
        np.array(gradient)
        for gradient in (autograd.numerical_grad(error, *draw(12)).value, grad(right[0]), grad(wrong[0]))
    )
    caught = abs(mistaken - numerical) > 1e-6 * abs(numerical)

    print(
        f"The mistake is caught: {caught.sum()} of {caught.size} entries of dE/dW2 differ from the numbers, among them"
    )
    print("                        numerically             by the chain rule       through the new W3")
    for i, j in ((0, 0), (2, 0)):
        columns = (f"{gradient[i, j]:<24.16g}" for gradient in (numerical, by_chain_rule, mistaken))
        print(f"  dE/dW2[{i},{j}]{'':<11}{''.join(columns).rstrip()}")
    return {"numerically": numerical, "by the chain rule": by_chain_rule, "mistaken": mistaken, "caught": caught}


def training() -> dict[str, Any]:
    """100 steps, without and with the mistake; and the weights learnt beside those of the teacher."""
    right, wrong, teacher = values(draw(12)), values(draw(12)), draw(10)

    def misses(network: list[Any]) -> list[float]:
        return [t - o for t, o in zip(TARGET, output(*data(network)), strict=True)]

    train(right, 1)
    after_one = misses(right)
    train(right, 99)
    train(wrong, 100, mistaken=True)

    print("Target minus output, while the network learns:")
    numbers = show({"after 1 step": after_one, "after 100": misses(right), "after 100, mistaken": misses(wrong)})
    print("The target is the output of a teacher, another 7-5-2 network. Nearly its output, by quite other weights:")
    numbers |= show(
        {
            "output, learnt": output(*data(right)),
            "output, teacher": output(*teacher),
            "W3, learnt": data(right[2]),
            "W3, teacher": teacher[2],
            "W2[0], learnt": data(right[0][0]),
            "W2[0], teacher": teacher[0][0],
        }
    )
    return numbers | {"W2[0], mistaken": data(wrong[0][0])}


def symbols() -> dict[str, Any]:
    """The derivative of a weighted sum by one of its weights, as a formula."""
    w11, w12, w13, x1, x2, x3, b3 = (Value(0.5, label=name) for name in "w11 w12 w13 x1 x2 x3 b3".split())
    z = w11 * x1 + w12 * x2 + w13 * x3 + b3
    z.backward(create_graph=True)

    print("And a derivative as a formula:")
    return show({"z": str(autograd.to_sympy(z)), "dz/dw11": str(autograd.to_sympy(w11.grad))})
