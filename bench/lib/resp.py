"""A RESP2 client of a page, so that the benchmarks need no package and know what they send."""
import socket


class ErrorReply(Exception):
    """The server answered with an error."""


class Client:
    """One blocking connection.

        with Client(port) as client:
            client.command("CONFIG", "SET", "maxmemory", "100mb")
    """

    def __init__(self, port: int, timeout_s: float = 30.0):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def command(self, *words):
        """Sends one command and returns its reply: str, int, None or a list. Raises ErrorReply."""
        out = [b"*%d\r\n" % len(words)]
        for word in words:
            raw = word if isinstance(word, bytes) else str(word).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
        self._socket.sendall(b"".join(out))
        return self._reply()

    def info(self, section: str = "everything") -> dict:
        """INFO as a dictionary of texts."""
        lines = self.command("INFO", section).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line and line[0] != "#")

    def _more(self):
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._input += chunk

    def _line(self) -> str:
        while b"\r\n" not in self._input:
            self._more()
        line, self._input = self._input.split(b"\r\n", 1)
        return line.decode("utf-8", "replace")

    def _reply(self):
        line = self._line()
        kind, rest = line[0], line[1:]
        if kind == "-":
            raise ErrorReply(rest)
        if kind == ":":
            return int(rest)
        if kind == "$":
            length = int(rest)
            if length < 0:
                return None
            while len(self._input) < length + 2:
                self._more()
            text, self._input = self._input[:length], self._input[length + 2:]
            return text.decode("utf-8", "replace")
        if kind == "*":
            return None if int(rest) < 0 else [self._reply() for _ in range(int(rest))]
        return rest
