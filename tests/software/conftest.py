"""Fixtures: see tests/tools/fixtures.py."""
from fixtures import *  # noqa: F401,F403
