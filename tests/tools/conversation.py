"""Sends the same bytes to two servers and tells what each answered, and whether it hung up.

    answer = converse(server, b"*1\\r\\n$4\\r\\nPING\\r\\n")
    assert answer == Answer(b"+PONG\\r\\n", is_open=True)

The end of an answer is found without waiting: a marker request follows the bytes, and its reply
ends the answer, unless the server has hung up before.
"""
import collections
import time

from resp import ConnectionClosed, encode

Answer = collections.namedtuple("Answer", ["received", "is_open"])

MARKER = b"marker-5f2a"
ANSWER_DEADLINE_S = 5.0
_MARKER_REQUEST = encode("ECHO", MARKER)
_MARKER_REPLY = b"$%d\r\n%b\r\n" % (len(MARKER), MARKER)


def converse(server, payload, pieces=None, before=b"", connection=None):
    """What the server answers to `payload`, sent whole or in the given pieces.

    With `before`, that is sent and its one reply dropped first (say, an AUTH). The marker needs
    the payload to end where a request ends.
    """
    own = connection or server.connect()
    try:
        if before:
            own.send_bytes(before)
            own.read_raw_reply()
        pieces = [payload] if pieces is None else pieces
        try:
            for piece in pieces[:-1]:
                own.send_bytes(piece)
                server_has_turned(server)
            own.send_bytes(pieces[-1] + _MARKER_REQUEST)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return _read_to_marker(own)
    finally:
        if connection is None:
            own.close()


def _read_to_marker(connection):
    end = time.monotonic() + ANSWER_DEADLINE_S
    while True:
        position = connection.unread.find(_MARKER_REPLY)
        if position >= 0:
            received = bytes(connection.unread[:position])
            del connection.unread[:position + len(_MARKER_REPLY)]
            return Answer(received, True)
        try:
            connection.receive_more(max(end - time.monotonic(), 0.01))
        except ConnectionClosed as closed:
            connection.unread.clear()
            return Answer(closed.received, False)


def server_has_turned(server):
    """Returns when the server has answered somebody else: by then it has most likely read what
    was sent."""
    server.turn_connection().call("PING")
