"""Speaks RESP2 and RESP3 over a plain socket, one byte at a time if a test wants it.

redis-py hides what a server really sent, and cannot send what a client must not. This module does
neither: a test writes any bytes and reads replies as Python trees that keep their RESP type.

    connection = Connection(port)
    connection.send_bytes(b"*1\r\n$4\r\nPING\r\n")
    assert connection.read_reply() == Status(b"PONG")
    assert connection.call("ECHO", "x") == b"x"

Types: bulk -> bytes, simple string -> Status, errors -> ErrorReply, integer -> int, nulls -> None,
array -> list, and of RESP3: map -> dict, set -> SetReply, push -> Push, double -> float, boolean
-> bool, big number -> BigNumber, verbatim -> Verbatim, attribute -> Attributed.
"""
import socket
import ssl
import time


class Status(bytes):
    """A simple string: +OK."""

    def __repr__(self):
        return "+" + self.decode("latin-1")


class ErrorReply(bytes):
    """A simple error (-ERR ...) or a RESP3 blob error (!). Never raised, only compared."""

    def __repr__(self):
        return "-" + self.decode("latin-1")


class Verbatim(bytes):
    """A RESP3 verbatim string; `encoding` is its three-letter format."""

    encoding = "txt"


class BigNumber(int):
    """A RESP3 big number."""


class SetReply(list):
    """A RESP3 set, in the order it was sent."""


class Push(list):
    """A RESP3 push message, out of band."""


class Attributed:
    """A reply that a RESP3 attribute preceded."""

    def __init__(self, attributes, value):
        self.attributes = attributes
        self.value = value

    def __repr__(self):
        return "Attributed(%r, %r)" % (self.attributes, self.value)

    def __eq__(self, other):
        return isinstance(other, Attributed) and (self.attributes, self.value) == (
            other.attributes, other.value)


class Incomplete(Exception):
    """The buffer ends before the reply does."""


class NotResp(Exception):
    """The bytes are not a RESP reply."""


def encode(*args):
    """The request for these arguments as RESP bytes; str and numbers are encoded as UTF-8."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        if not isinstance(arg, (bytes, bytearray)):
            arg = str(arg).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(arg), arg))
    return b"".join(parts)


def encode_all(*requests):
    """Several requests, each a tuple of arguments, one behind the other."""
    return b"".join(encode(*request) for request in requests)


def reply_end(buffer, position):
    """Where the reply that starts at `position` ends; raises Incomplete or NotResp."""
    pending = 1
    while pending:
        line_end = buffer.find(b"\r\n", position)
        if line_end < 0:
            raise Incomplete
        kind = buffer[position]
        after = line_end + 2
        if kind in b"+-:_#,(":
            pass
        elif kind in b"$=!":
            size = int(buffer[position + 1:line_end])
            if size >= 0:
                after += size + 2
                if after > len(buffer):
                    raise Incomplete
                if buffer[after - 2:after] != b"\r\n":
                    raise NotResp("a bulk does not end in CRLF at byte %d" % (after - 2))
        elif kind in b"*~>":
            count = int(buffer[position + 1:line_end])
            pending += max(count, 0)
        elif kind in b"%|":
            pending += 2 * int(buffer[position + 1:line_end])
            if kind == ord("|"):
                pending += 1
        else:
            raise NotResp("not a RESP type at byte %d: %r" % (position,
                                                              buffer[position:position + 40]))
        pending -= 1
        position = after
    return position


def parse(buffer, position=0):
    """One reply as a Python tree and where it ends; raises Incomplete or NotResp."""
    line_end = buffer.find(b"\r\n", position)
    if line_end < 0:
        raise Incomplete
    kind = bytes(buffer[position:position + 1])
    line = bytes(buffer[position + 1:line_end])
    after = line_end + 2
    if kind == b"+":
        return Status(line), after
    if kind == b"-":
        return ErrorReply(line), after
    if kind == b":":
        return int(line), after
    if kind in (b"$", b"=", b"!"):
        return _parse_bulk(kind, int(line), buffer, after)
    if kind in (b"*", b"~", b">"):
        count = int(line)
        if count < 0:
            return None, after
        items, after = _parse_many(count, buffer, after)
        return {b"*": list, b"~": SetReply, b">": Push}[kind](items), after
    if kind in (b"%", b"|"):
        items, after = _parse_many(2 * int(line), buffer, after)
        pairs = dict(zip(map(_hashable, items[0::2]), items[1::2]))
        if kind == b"%":
            return pairs, after
        value, after = parse(buffer, after)
        return Attributed(pairs, value), after
    if kind == b"_":
        return None, after
    if kind == b"#":
        if line not in (b"t", b"f"):
            raise NotResp("a boolean that is neither t nor f: %r" % line)
        return line == b"t", after
    if kind == b",":
        return float(line), after
    if kind == b"(":
        return BigNumber(line), after
    raise NotResp("not a RESP type: %r" % bytes(buffer[position:position + 40]))


def _parse_bulk(kind, size, buffer, after):
    if size < 0:
        return None, after
    if after + size + 2 > len(buffer):
        raise Incomplete
    data = bytes(buffer[after:after + size])
    if buffer[after + size:after + size + 2] != b"\r\n":
        raise NotResp("a bulk does not end in CRLF")
    after += size + 2
    if kind == b"!":
        return ErrorReply(data), after
    if kind == b"=":
        verbatim = Verbatim(data[4:])
        verbatim.encoding = data[:3].decode()
        return verbatim, after
    return data, after


def _parse_many(count, buffer, after):
    items = []
    for _ in range(count):
        item, after = parse(buffer, after)
        items.append(item)
    return items, after


def _hashable(item):
    return tuple(map(_hashable, item)) if isinstance(item, list) else item


class ConnectionClosed(Exception):
    """The server closed the connection; `received` is what came before that was not yet read."""

    def __init__(self, received):
        super().__init__("connection closed, %d unread bytes: %r" % (len(received),
                                                                     received[:200]))
        self.received = received


class Connection:
    """One client connection; every read has a deadline, so a silent server fails the test."""

    def __init__(self, port, host="127.0.0.1", timeout_s=15.0, unix_path=None, tls=None):
        """With `tls`, a context of Python's ssl, over TLS."""
        self.timeout_s = timeout_s
        if unix_path is not None:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout_s)
            self.socket.connect(unix_path)
        else:
            self.socket = socket.create_connection((host, port), timeout=timeout_s)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.unread = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def call(self, *args):
        """Sends one request and reads its reply."""
        self.send_bytes(encode(*args))
        return self.read_reply()

    def pipeline(self, requests):
        """Sends all requests in one go and reads all their replies."""
        self.send_bytes(encode_all(*requests))
        return [self.read_reply() for _ in requests]

    def send(self, *args):
        """Sends one request and leaves its reply unread."""
        self.send_bytes(encode(*args))

    def send_bytes(self, data):
        """Sends bytes as they are; ConnectionResetError or BrokenPipeError if the server has hung up."""
        try:
            self.socket.sendall(data)
        except ssl.SSLEOFError as error:
            raise ConnectionResetError(str(error)) from error

    def finish_sending(self):
        """Closes the connection's half, without TLS's farewell."""
        # An SSLSocket's own shutdown would forget the keys.
        socket.socket.shutdown(self.socket, socket.SHUT_WR)

    def receive_more(self, timeout_s=None):
        """Adds what has arrived to `unread`; raises ConnectionClosed or socket.timeout."""
        self.socket.settimeout(self.timeout_s if timeout_s is None else timeout_s)
        try:
            data = self.socket.recv(1 << 20)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        finally:
            self.socket.settimeout(self.timeout_s)
        if not data:
            raise ConnectionClosed(bytes(self.unread))
        self.unread += data

    def read_reply(self, timeout_s=None):
        """The next reply as a tree."""
        return parse(self.read_raw_reply(timeout_s))[0]

    def read_raw_reply(self, timeout_s=None):
        """The exact bytes of the next reply."""
        while True:
            try:
                end = reply_end(self.unread, 0)
            except Incomplete:
                self._receive_much(timeout_s)
                continue
            raw = bytes(self.unread[:end])
            del self.unread[:end]
            return raw

    def _receive_much(self, timeout_s):
        """Receives; of a large bulk, all of it, so that it is not parsed again for every
        segment."""
        missing = 0
        if self.unread[:1] == b"$":
            line_end = self.unread.find(b"\r\n")
            if line_end > 0:
                missing = line_end + 4 + int(self.unread[1:line_end]) - len(self.unread)
        self.receive_more(timeout_s)
        target = len(self.unread) + missing - (1 << 20)
        while len(self.unread) < target:
            self.receive_more(timeout_s)

    def read_until_closed(self, deadline_s=15.0):
        """Everything up to the server's close; fails with TimeoutError if it does not close in
        time."""
        end = time.monotonic() + deadline_s
        while True:
            left_s = end - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("still open after %.1f s, got %r" % (
                    deadline_s, self.unread[:200]))
            try:
                self.receive_more(left_s)
            except ConnectionClosed as closed:
                self.unread.clear()
                return closed.received

    def is_silent_for(self, seconds):
        """Whether nothing at all arrives for so long, the connection staying open."""
        try:
            self.receive_more(seconds)
        except socket.timeout:
            return True
        except ConnectionClosed:
            return False
        return False
