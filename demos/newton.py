"""Newton's method on a narrow curved valley: products with the Hessian find in a few steps what descent crawls to."""

from typing import Any

import numpy as np

from autograd import hessian_vector_product, value_and_grad

DIMENSIONS = 10


def run() -> dict[str, Any]:
    """Print the report; return the values of both methods."""
    start = np.full(DIMENSIONS, -1.0)
    newton, descent = newton_descent(start), gradient_descent(start, 5_000)
    print(f"Rosenbrock's function in {DIMENSIONS} dimensions; its least value is 0, at (1, 1, …).")
    print("Newton's method, each step solved by conjugate gradients with one Hessian-vector product an iteration:")
    for step in (*range(0, len(newton) - 1, 5), len(newton) - 1):
        print(f"  step {step:<10}{newton[step]:.3e}")
    print("Gradient descent, each step as long as it stays stable:")
    for step in (0, 10, 100, 1000, 5000):
        print(f"  step {step:<10}{descent[step]:.3e}")
    return {"newton": newton, "descent": descent}


def rosenbrock(x: Any) -> Any:
    """The narrow curved valley that optimisers are tried on (Rosenbrock, 1960)."""
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def newton_descent(x: Any, tolerance: float = 1e-8) -> list[float]:
    """The values before every step, until the gradient is small."""
    product = hessian_vector_product(rosenbrock)
    values = []
    for _ in range(100):
        value, gradient = value_and_grad(rosenbrock)(x)
        values.append(value)
        if np.linalg.norm(gradient) < tolerance:
            break
        step = conjugate_gradients(lambda v, x=x: product(x, v), -gradient)
        length = 1.0
        while rosenbrock(x + length * step) > value + 1e-4 * length * (gradient @ step):
            length /= 2
        x = x + length * step
    return values


def conjugate_gradients(product: Any, b: Any) -> Any:
    """A solution of ``H @ x = b`` by products with H alone, or what is known of it where H bends the wrong way."""
    x, residual = np.zeros_like(b), b
    direction, size = residual, residual @ residual
    for _ in range(2 * len(b)):
        if size < 1e-20 * (b @ b):
            break
        bent = product(direction)
        curvature = direction @ bent
        if curvature <= 0:
            return x if x.any() else b
        x = x + size / curvature * direction
        residual = residual - size / curvature * bent
        direction, size = residual + (residual @ residual) / size * direction, residual @ residual
    return x


def gradient_descent(x: Any, steps: int) -> list[float]:
    """The values before every step, and after the last."""
    values = []
    for _ in range(steps + 1):
        value, gradient = value_and_grad(rosenbrock)(x)
        values.append(value)
        x = x - 5e-4 * gradient
    return values
