"""Memory that a step of training frees is there for the next one."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource
import numpy as np
from autograd import Tensor
x, y = Tensor(np.ones({size})), Tensor(np.ones({size}))
def faults(steps):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        x.grad = y.grad = None
        (x * y + y).tanh().sum().backward()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(10)
print(faults(20) / 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this is about the C library of Linux")
@pytest.mark.parametrize("size", [30_000, 500_000])
def test_steps_ask_the_system_for_no_memory(size):
    out = subprocess.run([sys.executable, "-c", STEPS.format(size=size)], capture_output=True, text=True, check=True)
    assert float(out.stdout) < 10  # pages of 4 kB; each array has more than 50
