"""The tests' own RESP reader: each type, and the same tree wherever the bytes are cut."""
import pytest

from resp import (Attributed, BigNumber, ErrorReply, Incomplete, NotResp, Push, SetReply, Status,
                  encode, parse, reply_end)

REPLIES = [
    (b"+OK\r\n", Status(b"OK")),
    (b"-ERR x\r\n", ErrorReply(b"ERR x")),
    (b":-7\r\n", -7),
    (b"$3\r\na\r\n\r\n", b"a\r\n"),
    (b"$-1\r\n", None),
    (b"*-1\r\n", None),
    (b"*2\r\n:1\r\n*1\r\n$0\r\n\r\n", [1, [b""]]),
    (b"_\r\n", None),
    (b"#t\r\n", True),
    (b",1.5\r\n", 1.5),
    (b",inf\r\n", float("inf")),
    (b"(1234567999999999999\r\n", BigNumber(1234567999999999999)),
    (b"!3\r\nERR\r\n", ErrorReply(b"ERR")),
    (b"=7\r\ntxt:abc\r\n", b"abc"),
    (b"%1\r\n+k\r\n:1\r\n", {b"k": 1}),
    (b"~2\r\n:1\r\n:2\r\n", SetReply([1, 2])),
    (b">1\r\n+x\r\n", Push([Status(b"x")])),
    (b"|1\r\n+a\r\n:1\r\n:5\r\n", Attributed({b"a": 1}, 5)),
]


@pytest.mark.parametrize("raw,tree", REPLIES)
def test_each_type_is_read_and_framed(raw, tree):
    assert parse(raw) == (tree, len(raw))
    assert reply_end(raw + b"+next\r\n", 0) == len(raw)


@pytest.mark.parametrize("raw,tree", REPLIES)
def test_every_truncation_is_incomplete(raw, tree):
    for cut in range(len(raw)):
        with pytest.raises(Incomplete):
            parse(raw[:cut])
        with pytest.raises(Incomplete):
            reply_end(raw[:cut], 0)


def test_what_is_not_resp_is_refused():
    with pytest.raises(NotResp):
        parse(b"HTTP/1.1 200 OK\r\n")


def test_requests_are_encoded_as_arrays_of_bulks():
    assert encode("SET", b"\x00", 12) == b"*3\r\n$3\r\nSET\r\n$1\r\n\x00\r\n$2\r\n12\r\n"
