#!/usr/bin/env python3
"""Eight clients at once on a server with several workers: what they see must fit one order of
atomic commands.

    tests/compat/linearizability.py --seconds 60 --threads 4 --seed 7 --scenario rename,copy

Each scenario is a function that every client process runs until its time is up, noting what it
saw, and a check over the notes of all. The checks use facts that hold in any correct history (an
INCR's replies are all different, a token is in exactly one place), so none needs a search.
Clients are processes: Python threads would take turns. Exit code: 0 no anomaly, 1 some.
"""
import argparse
import multiprocessing
import os
import random
import sys
import time
import traceback

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools")]

from resp import Connection, ErrorReply  # noqa: E402
from server_process import ServerProcess  # noqa: E402

CLIENT_COUNT = 8
SLOT_COUNT = 64


class Anomaly(AssertionError):
    """Something was seen that no order of atomic commands explains."""


class Client:
    """What a scenario's function gets: a connection, who it is, and how long it may go on."""

    def __init__(self, port, index, seed, end, together):
        self.connection = Connection(port)
        self.call = self.connection.call
        self.pipeline = self.connection.pipeline
        self.index = index
        self.random = random.Random(seed * 1000 + index)
        self.end = end
        self.together = together

    def is_time_left(self):
        return time.monotonic() < self.end

    def is_writer(self, writer_count=4):
        """The first clients write, the others read."""
        return self.index < writer_count


def expect(condition, text, *args):
    if not condition:
        raise Anomaly(text % args)


def no_error(reply):
    expect(not isinstance(reply, ErrorReply), "unexpected %r", reply)
    return reply


# Counters ---------------------------------------------------------------------------------------

def incr(client):
    """INCR: every reply is another number, growing for each client; the sum is the count."""
    seen = []
    while client.is_time_left():
        seen += client.pipeline([("INCR", "counter")] * client.random.randint(1, 20))
    return seen


def check_incr(call, notes):
    everything = [number for note in notes for number in note]
    expect(len(set(everything)) == len(everything), "two INCR got the same number")
    expect(all(note == sorted(note) for note in notes), "a client's counter went backwards")
    final = int(call("GET", "counter") or 0)
    expect(final == len(everything), "counter %d after %d INCR", final, len(everything))
    return len(everything)


def incrby(client):
    """INCRBY and DECRBY and BITFIELD INCRBY on several keys: the sums are right."""
    sums = [0] * 8
    bits = 0
    count = 0
    while client.is_time_left():
        batch = []
        for _ in range(10):
            key, step = client.random.randrange(8), client.random.randint(1, 1000)
            if client.random.random() < 0.5:
                batch.append(("INCRBY", "sum:%d" % key, step))
                sums[key] += step
            else:
                batch.append(("DECRBY", "sum:%d" % key, step))
                sums[key] -= step
        batch.append(("BITFIELD", "bits", "INCRBY", "i64", "#3", 1))
        bits += 1
        count += len(batch)
        for reply in client.pipeline(batch):
            no_error(reply)
    return sums, bits, count


def check_incrby(call, notes):
    for key in range(8):
        wanted = sum(sums[key] for sums, _, _ in notes)
        got = int(call("GET", "sum:%d" % key) or 0)
        expect(got == wanted, "sum:%d is %d instead of %d", key, got, wanted)
    got = call("BITFIELD", "bits", "GET", "i64", "#3")[0]
    wanted = sum(bits for _, bits, _ in notes)
    expect(got == wanted, "the bit counter is %d instead of %d", got, wanted)
    return sum(count for _, _, count in notes)


# Exactly one winner -----------------------------------------------------------------------------

def set_nx(client):
    """SET NX, SETNX, MSETNX and RENAMENX: of all clients exactly one wins each round."""
    ways = {
        "set": lambda key: client.call("SET", key, client.index, "NX") is not None,
        "setnx": lambda key: client.call("SETNX", key, client.index) == 1,
        "msetnx": lambda key: client.call("MSETNX", key, client.index, key + ":b",
                                          client.index) == 1,
        "renamenx": lambda key: (
            client.call("SET", "%s:from:%d" % (key, client.index), client.index),
            client.call("RENAMENX", "%s:from:%d" % (key, client.index), key) == 1)[1],
    }
    won, round_count = [], 0
    while client.is_time_left():
        # No barrier, but all go through the same rounds, so they meet often.
        for way, attempt in ways.items():
            key = "round:%s:%d" % (way, round_count)
            if attempt(key):
                won.append(key)
        round_count += 1
    return won, round_count


def check_set_nx(call, notes):
    winners = {}
    for index, (won, _) in enumerate(notes):
        for key in won:
            expect(key not in winners, "%s was won by %s and %d", key, winners.get(key), index)
            winners[key] = index
    for key, index in winners.items():
        expect(call("GET", key) == b"%d" % index, "%s does not hold its winner %d", key, index)
    for round_count in range(max(rounds for _, rounds in notes)):
        for way in ("set", "setnx", "msetnx", "renamenx"):
            expect("round:%s:%d" % (way, round_count) in winners,
                   "nobody won round:%s:%d", way, round_count)
    return 4 * sum(rounds for _, rounds in notes)


def getset(client):
    """GETSET and SET GET: every value written is handed out exactly once, but for the last."""
    written, taken = [], []
    while client.is_time_left():
        value = b"%d:%d" % (client.index, len(written))
        command = (("GETSET", "baton", value), ("SET", "baton", value, "GET"))[len(written) % 2]
        written.append(value)
        taken.append(client.call(*command))
    return written, taken


def check_getset(call, notes):
    written = sorted(value for values, _ in notes for value in values)
    taken = [value for _, values in notes for value in values] + [call("GET", "baton")]
    expect(taken.count(None) == 1, "%d clients found nothing instead of one", taken.count(None))
    expect(sorted(value for value in taken if value) == written,
           "a value was lost or handed out twice")
    return len(written)


def getdel(client):
    """GETDEL: a value that was put there once is taken by one client only."""
    put, taken = [], []
    while client.is_time_left():
        if client.is_writer():
            value = b"%d:%d" % (client.index, len(put))
            if client.call("SET", "parcel:%d" % client.random.randrange(4), value, "NX"):
                put.append(value)
        else:
            value = client.call("GETDEL", "parcel:%d" % client.random.randrange(4))
            if value is not None:
                taken.append(value)
    return put, taken


def check_getdel(call, notes):
    put = [value for values, _ in notes for value in values]
    taken = [value for _, values in notes for value in values]
    taken += [value for value in call("MGET", *["parcel:%d" % key for key in range(4)]) if value]
    expect(len(set(taken)) == len(taken), "a parcel was taken twice")
    expect(set(taken) == set(put), "a parcel was lost")
    return len(put) + len(taken)


# All or nothing ---------------------------------------------------------------------------------

def mset_pairs(client):
    """MSET and MGET over keys in different partitions: a reader never sees half of a write."""
    count = 0
    while client.is_time_left():
        pair = client.random.randrange(4)
        keys = ["pair:%d:%d" % (pair, part) for part in range(5)]
        client.random.shuffle(keys)
        if client.is_writer():
            value = "%d:%d" % (client.index, count)
            batch = [["MSET"] + [word for key in keys for word in (key, value)]] * 3
        else:
            batch = [["MGET"] + keys] * 3
        for reply in client.pipeline(batch):
            if isinstance(reply, list):
                expect(len(set(reply)) == 1, "half of an MSET: %r", reply)
            count += 1
    return count


def flush_pairs(client):
    """FLUSHALL, FLUSHDB and DEL amid MSET: both keys are there, or neither."""
    count = 0
    flushes = (("FLUSHALL",), ("FLUSHALL", "ASYNC"), ("FLUSHDB",), ("DEL", "flush:a", "flush:b"),
               ("UNLINK", "flush:b", "flush:a"))
    while client.is_time_left():
        if client.index == 0:
            no_error(client.call(*client.random.choice(flushes)))
        elif client.is_writer():
            value = "%d:%d" % (client.index, count)
            client.call("MSET", "flush:a", value, "flush:b", value)
        else:
            for reply in client.pipeline([("MGET", "flush:a", "flush:b"),
                                          ("EXISTS", "flush:b", "flush:a"), ("KEYS", "flush:*"),
                                          ("DBSIZE",)]):
                if isinstance(reply, list):
                    expect(len(reply) in (0, 2), "KEYS saw one of two: %r", reply)
                    expect(len(reply) != 2 or (reply[0] == reply[1]) or b"flush:a" in reply,
                           "half of an MSET: %r", reply)
                else:
                    expect(reply in (0, 2), "one of two keys is there")
        count += 1
    return count


def check_counts(call, notes):
    return sum(notes)


# Whole keys move --------------------------------------------------------------------------------

def rename(client):
    """RENAME: a token that travels is in exactly one place, whoever looks."""
    slots = ["slot:%d" % index for index in range(SLOT_COUNT)]
    if client.index == 0:
        client.call("SET", slots[0], "token")
    client.together.wait()
    count = 0
    while client.is_time_left():
        if client.is_writer(6):
            places = client.random.sample(slots, 2)
            client.pipeline([["RENAME"] + places, ["RENAMENX"] + places[::-1]] * 4)
        elif client.random.random() < 0.5:
            values = client.call("MGET", *slots)
            expect([value for value in values if value] == [b"token"], "the token is in %d places",
                   len([value for value in values if value]))
        else:
            expect(client.call("EXISTS", *slots) == 1, "EXISTS does not find exactly one token")
        count += 1
    return count


def check_rename(call, notes):
    slots = ["slot:%d" % index for index in range(SLOT_COUNT)]
    expect(call("EXISTS", *slots) == 1, "the token was lost or doubled")
    return sum(notes)


def move(client):
    """MOVE and COPY between databases: a moved token is never in both databases when the mover
    looks."""
    count = 0
    key = "traveller:%d" % client.index
    client.call("SET", key, "x")
    while client.is_time_left():
        source, target = (0, 5) if count % 2 == 0 else (5, 0)
        replies = client.pipeline([
            ("SELECT", source), ("MOVE", key, target), ("EXISTS", key), ("SELECT", target),
            ("EXISTS", key), ("COPY", key, key + ":copy"), ("DEL", key + ":copy")])
        expect(replies[1:3] == [1, 0] and replies[4:] == [1, 1, 1], "a MOVE was not whole: %r",
               replies)
        count += 1
    return count


def swapdb(client):
    """SWAPDB: every command sees one of the two databases, never some of each."""
    if client.index == 0:
        for database in (8, 9):
            client.call("SELECT", database)
            client.call("MSET", "swap:a", database, "swap:b", database, "swap:c", database)
    client.together.wait()
    client.call("SELECT", 8)
    count = 0
    while client.is_time_left():
        if client.index < 2:
            no_error(client.call("SWAPDB", 8, 9))
        else:
            for reply in client.pipeline([("MGET", "swap:a", "swap:b", "swap:c")] * 4):
                expect(len(set(reply)) == 1 and reply[0], "a mixture of two databases: %r", reply)
        count += 1
    return count


def copy(client):
    """COPY: the copy is always a value that was there, and with one writer never an older one
    than before."""
    client.call("SETNX", "original", 0)
    client.call("SETNX", "copied", 0)
    last, count = 0, 0
    while client.is_time_left():
        if client.index == 0:
            count += 1
            client.pipeline([("SET", "original", count)])
            continue
        if client.is_writer():
            expect(client.call("COPY", "original", "copied", "REPLACE") == 1,
                   "COPY found no original")
        else:
            copied, original = map(int, client.call("MGET", "copied", "original"))
            expect(copied <= original, "the copy %d is newer than the original %d", copied,
                   original)
            expect(copied >= last, "the copy went back from %d to %d", last, copied)
            last = copied
        count += 1
    return count


# Growing values ---------------------------------------------------------------------------------

def append(client):
    """APPEND: each reply is the length with one's own piece as the end, and all pieces are
    there."""
    pieces = []
    while client.is_time_left():
        batch = [b"[%d:%d]" % (client.index, len(pieces) + offset) for offset in range(5)]
        lengths = client.pipeline([("APPEND", "log", piece) for piece in batch])
        pieces += zip(lengths, batch)
    return pieces


def check_append(call, notes):
    log = call("GET", "log")
    everything = [piece for note in notes for piece in note]
    expect(sum(len(piece) for _, piece in everything) == len(log), "the log has lost bytes")
    for length, piece in everything:
        expect(log[length - len(piece):length] == piece, "%r is not where its reply says", piece)
    return len(everything)


def expiry(client):
    """SET with a TTL by some while others GET: a value, once seen gone, is not seen again before
    a write."""
    count = 0
    while client.is_time_left():
        key = "fleeting:%d:%d" % (client.index, count)
        client.call("SET", key, "x", "PX", 1 + client.random.randrange(3))
        gone = False
        for _ in range(20):
            value, exists = client.pipeline([("GET", key), ("EXISTS", key)])
            expect(not (gone and value), "%s came back", key)
            expect(not (value is None and exists), "%s is gone for GET but not for EXISTS", key)
            gone = gone or value is None
        count += 20
    return count


# Transactions -----------------------------------------------------------------------------------

def transfer(client):
    """MULTI/EXEC moves amounts between accounts of several partitions: the total never changes."""
    accounts = ["account:%d" % number for number in range(8)]
    count = 0
    while client.is_time_left():
        if client.is_writer():
            source, target = client.random.sample(accounts, 2)
            amount = client.random.randint(1, 100)
            request = [("MULTI",), ("DECRBY", source, amount), ("MGET", *accounts),
                       ("INCRBY", target, amount), ("MGET", *accounts), ("EXEC",)]
            if client.random.random() < 0.1:
                request.insert(1, ("DBSIZE",))  # needs all workers to stand still
            replies = client.pipeline(request)[-1]
            halfway, balances = replies[-3], replies[-1]
            total = sum(int(balance or 0) for balance in halfway)
            expect(total == -amount, "%d in transit instead of %d", -total, amount)
        else:
            balances = client.call("MGET", *accounts)
        total = sum(int(balance or 0) for balance in balances)
        expect(total == 0, "the accounts hold %d in all: %r", total, balances)
        count += 1
    return count


def watch(client):
    """WATCH, GET, MULTI, SET, EXEC: of those that saw the same value exactly one succeeds."""
    succeeded = count = 0
    while client.is_time_left():
        key = "watched:%d" % client.random.randrange(2)
        number = int(client.pipeline([("WATCH", key), ("GET", key)])[1] or 0)
        reply = client.pipeline([("MULTI",), ("SET", key, number + 1), ("INCR", "sets"),
                                 ("EXEC",)])[-1]
        no_error(reply)
        succeeded += reply is not None
        count += 1
    return succeeded, count


def check_watch(call, notes):
    succeeded = sum(of_client for of_client, _ in notes)
    total = sum(int(call("GET", "watched:%d" % number) or 0) for number in range(2))
    expect(total == succeeded, "%d sets that succeeded made %d", succeeded, total)
    expect(int(call("GET", "sets") or 0) == succeeded, "a failed EXEC executed something")
    expect(succeeded > 0, "no EXEC ever succeeded")
    return sum(count for _, count in notes)


# Waiting ----------------------------------------------------------------------------------------

def queue(client):
    """RPUSH, BLPOP and BLMOVE over a few lists: every token is popped by exactly one client."""
    put, taken = [], []
    while client.is_time_left():
        name = "queue:%d" % client.random.randrange(3)
        if client.is_writer():
            tokens = [b"%d:%d" % (client.index, len(put) + n)
                      for n in range(client.random.randint(1, 3))]
            if client.random.random() < 0.2:
                client.pipeline([("MULTI",), ("RPUSH", name, *tokens), ("PING",), ("EXEC",)])
            else:
                client.call("RPUSH", name, *tokens)
            put += tokens
        elif client.random.random() < 0.3:
            token = client.call("BLMOVE", name, "queue:%d" % client.random.randrange(3),
                                "LEFT", "RIGHT", 0.01)
            no_error(token)
        else:
            reply = no_error(client.call("BLPOP", "queue:0", "queue:1", "queue:2", 0.05))
            if reply is not None:
                taken.append(reply[1])
    return put, taken


def check_queue(call, notes):
    put = [token for tokens, _ in notes for token in tokens]
    taken = [token for _, tokens in notes for token in tokens]
    left = [token for number in range(3) for token in call("LRANGE", "queue:%d" % number, 0, -1)]
    expect(len(set(taken + left)) == len(taken) + len(left), "a token was handed out twice")
    expect(set(taken + left) == set(put), "a token was lost")
    return len(put) + len(taken)


SCENARIOS = {
    "incr": (incr, check_incr),
    "incrby": (incrby, check_incrby),
    "set_nx": (set_nx, check_set_nx),
    "getset": (getset, check_getset),
    "getdel": (getdel, check_getdel),
    "mset_pairs": (mset_pairs, check_counts),
    "flush_pairs": (flush_pairs, check_counts),
    "rename": (rename, check_rename),
    "move": (move, check_counts),
    "swapdb": (swapdb, check_counts),
    "copy": (copy, check_counts),
    "append": (append, check_append),
    "expiry": (expiry, check_counts),
    "transfer": (transfer, check_counts),
    "watch": (watch, check_watch),
    "queue": (queue, check_queue),
}


def _client_process(port, index, seed, seconds, together, scenario, results):
    try:
        client = Client(port, index, seed, 0, together)
        together.wait(30)
        client.end = time.monotonic() + seconds
        results.put((index, SCENARIOS[scenario][0](client), None))
    except BaseException:  # pylint: disable=broad-except
        together.abort()
        results.put((index, None, traceback.format_exc()))


def run_scenario(server, name, seconds, seed):
    """Runs one scenario on an empty server; returns the number of commands, raises Anomaly."""
    server.call("FLUSHALL")
    context = multiprocessing.get_context("fork")
    together = context.Barrier(CLIENT_COUNT)
    results = context.Queue()
    clients = [context.Process(target=_client_process, daemon=True,
                               args=(server.port, index, seed, seconds, together, name, results))
               for index in range(CLIENT_COUNT)]
    for client in clients:
        client.start()
    notes, failures = {}, []
    for _ in clients:
        index, note, failure = results.get(timeout=seconds + 60)
        notes[index] = note
        if failure and "BrokenBarrierError" not in failure:
            failures.append("client %d: %s" % (index, failure))
    for client in clients:
        client.join()
    if failures:
        raise Anomaly("%s, seed %d\n%s" % (name, seed, "\n".join(failures)))
    with server.connect() as connection:
        return SCENARIOS[name][1](connection.call, [notes[index] for index in range(CLIENT_COUNT)])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="in total")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--scenario", default=",".join(SCENARIOS))
    options = parser.parse_args()
    names = options.scenario.split(",")
    print("seed %d, %d clients, %d worker(s)" % (options.seed, CLIENT_COUNT, options.threads),
          flush=True)
    anomaly_count = 0
    with ServerProcess(threads=options.threads) as server:
        for name in names:
            try:
                count = run_scenario(server, name, options.seconds / len(names), options.seed)
                print("%-12s %8d operations, no anomaly" % (name, count), flush=True)
            except Anomaly as anomaly:
                anomaly_count += 1
                print("%-12s ANOMALY %s" % (name, anomaly), flush=True)
    return 1 if anomaly_count else 0


if __name__ == "__main__":
    sys.exit(main())
