"""wengert: a scalar and tensor autograd engine whose whole calculus is one readable table."""

from typing import Any

from autograd.explanation import explain
from autograd.functions import FUNCTIONS
from autograd.inspection import source
from autograd.modes import AnomalyError, detect_anomaly, enable_grad, is_recording, no_grad
from autograd.numerical import GradcheckError, GradcheckReport, NumericalGradient, gradcheck, numerical_grad
from autograd.ops.primitive import OPERATIONS
from autograd.symbolic import latex, to_sympy
from autograd.tensor import Tensor, array
from autograd.transforms import (
    checkpoint,
    grad,
    hessian,
    hessian_vector_product,
    jacobian,
    make_jvp,
    make_vjp,
    value_and_grad,
)  # fmt: skip
from autograd.value import Value

# every row of the table and every operation on arrays is a function here
globals().update(FUNCTIONS)
globals().update({name: operation for name, operation in OPERATIONS.items() if name not in FUNCTIONS})

__all__ = [
    "AnomalyError", "GradcheckError", "GradcheckReport", "JitError", "JitWarning", "NumericalGradient", "Tensor", "Value", "array", "checkpoint",
    "detect_anomaly", "enable_grad", "explain", "grad", "gradcheck", "hessian", "hessian_vector_product",
    "is_recording", "jacobian", "jit", "latex", "make_jvp", "make_vjp", "no_grad", "numerical_grad", "source", "to_sympy",
    "value_and_grad", *FUNCTIONS, *OPERATIONS,
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in ("jit", "JitError", "JitWarning"):  # a heavy room, loaded on use
        from autograd import compiler

        return getattr(compiler, name)
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")
