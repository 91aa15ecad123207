"""Each scenario of linearizability.py for a moment; run that file itself for longer."""
import os
import random

import pytest

import linearizability
from server_process import ServerProcess

SECONDS = float(os.environ.get("RINGTAIL_LINEARIZABILITY_SECONDS", "0.8"))


@pytest.fixture(scope="module")
def four_workers():
    with ServerProcess(threads=4) as process:
        yield process


@pytest.mark.parametrize("scenario", linearizability.SCENARIOS)
def test_concurrent_clients_see_no_anomaly(four_workers, scenario):
    seed = int(os.environ.get("RINGTAIL_SEED", random.SystemRandom().randrange(1 << 32)))
    assert linearizability.run_scenario(four_workers, scenario, SECONDS, seed) > 0
