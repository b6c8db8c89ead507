"""What tests of compiled functions compare."""

import numpy as np


def same_gradients(mine, its, rtol=1e-12, atol=1e-12):
    """Leaves of two runs have gradients of the same kind and, but for rounding, the same numbers."""
    for a, b in zip(mine, its, strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            assert a.grad.shape == b.grad.shape
            assert a.grad.dtype == b.grad.dtype
            np.testing.assert_allclose(b.grad, a.grad, rtol=rtol, atol=atol)
