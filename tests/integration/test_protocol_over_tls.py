"""What test_protocol.py says of the server's answers, once more over TLS."""
import inspect

import pytest

import test_protocol
from fixtures import thread_counts
from server_process import ServerProcess

pytestmark = pytest.mark.ringtail_only


@pytest.fixture(scope="module", params=thread_counts(), ids=lambda count: "threads%d" % count)
def module_server(request, certificates):
    """One server for all tests of this module, behind TLS."""
    with ServerProcess(threads=request.param, tls=certificates) as process:
        yield process


# Those that start servers of their own, without TLS, would only say the same again.
globals().update({name: test for name, test in vars(test_protocol).items()
                  if name.startswith("test_") and "server" in inspect.signature(test).parameters})
