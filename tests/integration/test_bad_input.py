"""Junk in the place of arguments, made from the command table: every request is answered, the server
goes on, and its structures stay sound."""
import os
import random

import pytest

from resp import ErrorReply, Status

# They would end the conversation or the server, wait, or change what the others meet.
LEFT_OUT = """shutdown debug monitor quit reset hello auth select client config migrate multi exec
discard watch swapdb flushall flushdb wait waitaof acl subscribe unsubscribe psubscribe punsubscribe
ssubscribe sunsubscribe""".split()
EDGES = [-2**63, -2**63 - 1, -2**32 - 1, -2**31, -2, -1, 0, 1, 2, 2**31, 2**32, 2**63 - 1, 2**63,
         2**64]
NUMBERS = ["nan", "inf", "-inf", "1e308", "-1e309", "0.1", "1e-400", "(1", "(inf", "0x10", " 1",
           "1 "]
WORDS = ["", "a", "\x00", "-", "+", "*", "$", ">", "[a", "(b", "1-1", "0-0", "#", "x" * 300]
OPTIONS = """COUNT LIMIT MATCH BY GET STORE WITHSCORES WITHVALUES BYSCORE BYLEX REV NX XX GT LT CH
INCR LEFT RIGHT BEFORE AFTER RANK MAXLEN MINID ~ = NOMKSTREAM STREAMS GROUP BLOCK NOACK IDLE TIME
RETRYCOUNT FORCE JUSTID LASTID FIELDS WEIGHTS AGGREGATE SUM MIN MAX FROMMEMBER FROMLONLAT BYRADIUS
BYBOX BYPOLYGON km m ASC DESC ANY WITHCOORD WITHDIST WITHHASH STOREDIST EX PX EXAT PXAT KEEPTTL
PERSIST REPLACE ABSTTL FREQ IDLETIME AND OR XOR NOT DIFF ONE SET OVERFLOW u8 i64 FXX FNX IDS
KEEPREF DELREF ACKED ENTRIESREAD MKSTREAM ALPHA SAMPLES BIT BYTE IDX LEN""".split()
KEYS = ["string", "number", "list", "longlist", "set", "bigset", "intset", "hash", "bighash",
        "zset", "bigzset", "stream", "hll", "none"]
REQUESTS = 60


def fill(client):
    many = [str(number) for number in range(600)]
    client.pipeline([
        ("SET", "string", "text"), ("SET", "number", 7), ("RPUSH", "list", "a", "b", 3),
        ("RPUSH", "longlist", *many, "x" * 5000), ("SADD", "set", "a", "b"),
        ("SADD", "bigset", "a", *many), ("SADD", "intset", 1, 2, 3), ("HSET", "hash", "a", "1"),
        ("HSET", "bighash", *many), ("HEXPIRE", "bighash", 1000, "FIELDS", 1, "0"),
        ("ZADD", "zset", 1, "a", 2, "b"),
        ("ZADD", "bigzset", *[word for n in many for word in (n, "m" + n)]),
        ("XADD", "stream", "1-1", "f", "v"), ("XADD", "stream", "2-1", "f", "v"),
        ("XGROUP", "CREATE", "stream", "g", "0"), ("PFADD", "hll", "a", "b")])


def argument(draw):
    kind = draw.random()
    if kind < 0.35:
        return draw.choice(KEYS)
    if kind < 0.6:
        return draw.choice(EDGES)
    if kind < 0.7:
        return draw.choice(NUMBERS)
    return draw.choice(WORDS if kind < 0.8 else OPTIONS)


def requests_for(draw, words, arity, is_blocking):
    least = max(abs(arity) - len(words), 0)
    takes_none = arity == len(words)
    for _ in range(1 if takes_none else REQUESTS):
        count = least + (draw.choice([0, 0, 0, 1, 2, 3, 5, 8]) if arity < 0 else 0)
        args = [argument(draw) for _ in range(count)]
        # Mostly a key of some type first, so that more than the first check is reached.
        if args and draw.random() < 0.7:
            args[0] = draw.choice(KEYS)
        request = (*words, *args)
        yield from [("MULTI",), request, ("EXEC",)] if is_blocking else [request]


def all_commands(client):
    """(words, arity, is it one that waits) of every command and subcommand."""
    for entry in client.call("COMMAND"):
        if entry[0].decode() in LEFT_OUT:
            continue
        is_blocking = b"blocking" in entry[2]
        if entry[9]:
            for subcommand in entry[9]:
                yield subcommand[0].decode().split("|"), subcommand[1], is_blocking
        else:
            yield [entry[0].decode()], entry[1], is_blocking


@pytest.mark.deadline(300)
def test_junk_arguments_get_answers_and_break_nothing(launch, threads):
    server = launch({"proto-max-bulk-len": "1mb", "enable-debug-command": "yes"}, threads=threads)
    seed = int(os.environ.get("RINGTAIL_SEED") or random.SystemRandom().randrange(1 << 32))
    print("seed", seed)
    draw = random.Random(seed)
    with server.connect() as client:
        for words, arity, is_blocking in list(all_commands(client)):
            fill(client)
            requests = list(requests_for(draw, words, arity, is_blocking))
            replies = client.pipeline(requests)
            assert len(replies) == len(requests)
            assert client.call("PING") == Status(b"PONG"), words
            for key in KEYS:
                assert not isinstance(client.call("DUMP", key), ErrorReply), (words, key)
        assert client.call("DEBUG", "VERIFY") == Status(b"OK")
