"""A 3-2-2 network by hand: one pass forward and one back, every number of them."""

from typing import Any

import autograd
from autograd import Value
from demos.matrices import affine, data, grad, half_squared_error, show, sigmoid, values

X, TARGET = [1.0, 2.0, 3.0], [0.5, 0.1]
WEIGHTS: list[Any] = [[[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], [0.5, 0.5], [[0.7, 0.9], [0.8, 0.1]], [0.3, 0.3]]


def run() -> dict[str, Any]:
    """Print the report; return its numbers."""
    W1, b1, W2, b2 = map(values, WEIGHTS)

    hidden = sigmoid(affine(W1, X, b1))
    output = sigmoid(affine(W2, hidden, b2))
    E = half_squared_error(output, TARGET)

    print("Forward, from the input to the error E = ½ Σ (output - target)²:")
    forward = show({"hidden": data(hidden), "output": data(output), "E": E.data})

    E.backward()

    print("Backward, from the error to every weight and bias:")
    backward = show({"dE/dW2": grad(W2), "dE/db2": grad(b2), "dE/dW1": grad(W1), "dE/db1": grad(b1)})

    print("Where the sigmoid's derivative comes from: its row in the table, followed back on nodes.")
    z = Value(0.5, label="z")
    s = z.sigmoid()
    s.backward(create_graph=True)
    derivative = show({"sigmoid(z)": str(autograd.to_sympy(s)), "its derivative": str(autograd.to_sympy(z.grad))})
    return forward | backward | derivative
