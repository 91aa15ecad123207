"""Fixtures: see tests/tools/fixtures.py."""
from fixtures import *  # noqa: F401,F403
from fixtures import skip_ringtail_only


def pytest_collection_modifyitems(items):
    skip_ringtail_only(items)
