"""What all tests share: how hard hypothesis tries, a watch over switches that a test must not leave on,
and random numbers that do not depend on the order of tests.

`HYPOTHESIS_PROFILE` chooses: `default`, `ci` (the same examples on every run) or `thorough`.
"""

import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings

from autograd import modes

settings.register_profile(
    "default",
    deadline=None,
    max_examples=40,
    phases=set(Phase) - {Phase.explain},  # which takes minutes to say little
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def no_switch_is_left_on() -> Iterator[None]:
    """Fail the test that leaves a mode on, or NumPy's error handling changed."""
    before = np.geterr()
    yield
    assert modes.active == [], "a mode was left on"
    assert modes.is_recording(), "recording was left off"
    assert np.geterr() == before, "np.errstate was left changed"


@pytest.fixture(autouse=True)
def same_numbers_in_any_order(request: pytest.FixtureRequest) -> None:
    """A test draws the same numbers from its module's `RNG`, whichever tests ran before it."""
    if hasattr(request.module, "RNG"):
        request.module.RNG = np.random.default_rng(0)
