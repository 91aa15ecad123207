"""A small differential run in every test run; the long one is tests/compat/differential.py."""
import os
import random

import pytest

import differential
from server_process import oracle_binary

COUNT = int(os.environ.get("RINGTAIL_DIFFERENTIAL_COUNT", "20000"))


@pytest.mark.deadline(300)
@pytest.mark.skipif(oracle_binary() is None, reason="no redis-server 7.0 to compare with")
def test_random_commands_answer_as_redis_does(threads):
    seed = int(os.environ.get("RINGTAIL_SEED", random.SystemRandom().randrange(1 << 32)))
    lines = []
    is_equal, _ = differential.compare(
        COUNT, seed, threads, differential.all_families(), differences_max=5, say=lines.append)
    assert is_equal, "seed %d\n%s" % (seed, "\n".join(lines))
