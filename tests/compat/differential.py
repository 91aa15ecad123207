#!/usr/bin/env python3
"""Sends the same random commands to Ringtail and to redis-server 7.0 and compares replies and
final state.

    tests/compat/differential.py --count 200000 --seed 7 --threads 4 --families strings,bitmaps

Several connections take turns, some in RESP3, so with several workers every command may run on
any of them. A difference prints the seed, the index, both replies, and the shortest sequence
found that shows it. After a difference both servers are emptied and the run goes on, so one run
shows many; equal ones are shown once. explained.py lists the differences that are meant. Exit
code: 0 no difference, 1 some, 2 a server failed.
"""
import argparse
import bisect
import importlib
import itertools
import os
import random
import re
import selectors
import sys
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools")]

import explained  # noqa: E402
from resp import Connection, ConnectionClosed, Incomplete, encode, parse, reply_end  # noqa: E402
from server_process import ServerProcess, oracle_binary  # noqa: E402
from vocabulary import (DATABASE_COUNT, NEVER_SPOILED, VALUE_BYTES_MAX,  # noqa: E402
                        Vocabulary, expires_soon, spoil)

FAMILIES_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "families")
SPOILED_SHARE = 0.06
CONNECTION_COUNT = 4
CHUNK_COMMANDS_MAX = 400
CHECKPOINT_COMMANDS = 25_000
EXCHANGE_DEADLINE_S = 60.0
MINIMISE_DEADLINE_S = 8.0
DIRECTIVES = {
    "proto-max-bulk-len": VALUE_BYTES_MAX,  # keeps edges of offsets cheap
    "slowlog-log-slower-than": -1,          # what is slow depends on the machine
    "databases": DATABASE_COUNT,
}
# Commands that change what later commands see without naming a key.
GLOBAL_COMMANDS = {b"SELECT", b"SWAPDB", b"FLUSHALL", b"FLUSHDB", b"RESET", b"HELLO", b"CLIENT",
                   b"MULTI", b"EXEC", b"DISCARD"}
# Commands whose reply depends on every key.
WHOLE_KEYSPACE_COMMANDS = {b"KEYS", b"SCAN", b"DBSIZE", b"RANDOMKEY"}


def all_families():
    """The names of the modules in families/."""
    return sorted(name[:-3] for name in os.listdir(FAMILIES_FOLDER)
                  if name.endswith(".py") and not name.startswith("_"))


class Generator:
    """An endless sequence of commands from the families' tables, determined by its seed."""

    def __init__(self, seed, families):
        self.vocabulary = Vocabulary(seed)
        self.rules = [rule for family in families
                      for rule in importlib.import_module("families." + family).RULES]
        self.cumulative = list(itertools.accumulate(rule.weight for rule in self.rules))

    def next_commands(self):
        """One command, or two that belong together."""
        vocabulary = self.vocabulary
        position = vocabulary.random.random() * self.cumulative[-1]
        rule = self.rules[bisect.bisect_right(self.cumulative, position)]
        args = rule.draw(vocabulary)
        words = rule.words
        if vocabulary.chance(0.2):
            words = [vocabulary.mixed_case(word) for word in words]
        command = words + args
        if words and words[0].upper() not in NEVER_SPOILED and vocabulary.chance(SPOILED_SHARE):
            spoiled = spoil(vocabulary, command)
            if not expires_soon(spoiled):
                command = spoiled
        if expires_soon(command):
            return [command[:2]]
        # What was sent counts, not what was drawn: a spoiled command may be about another key.
        args = command[len(words):]
        following = rule.followed_by(args) if rule.followed_by and args else None
        return [command, following] if following else [command]


class ServerGone(Exception):
    """One of the servers closed a connection or stopped answering in the middle of a chunk."""


class Difference:
    """One command that the two servers answered differently."""

    def __init__(self, index, command, mine, theirs, history):
        self.index = index
        self.command = command
        self.mine = mine
        self.theirs = theirs
        self.history = history      # (connection, command) of this command's past, itself last
        self.minimised = None

    def signature(self):
        """What makes two differences the same one."""
        name = explained.name_of(self.command)
        if self.mine.startswith(b"-ERR unknown command"):
            return (name, b"unknown")
        return (name, _gist(self.mine), _gist(self.theirs))

    def text(self):
        lines = ["command %d: %s" % (self.index, show(self.command)),
                 "  ringtail: %r" % self.mine[:400], "  redis:    %r" % self.theirs[:400]]
        if self.minimised is not None:
            lines.append("  shortest reproduction found (connection: command):")
            steps = self.minimised
        else:
            lines.append("  did not reproduce alone; the last commands on these keys:")
            steps = self.history[-12:]
        lines += ["    %d: %s" % (connection, show(command)) for connection, command in steps]
        return "\n".join(lines)


def _gist(raw):
    """An error without its names and numbers; of anything else only the type."""
    return re.sub(rb"'[^']*'|[0-9]+", b"#", raw) if raw[:1] == b"-" else raw[:1]


def show(command):
    """A command as one could type it; long arguments are cut."""
    def one(arg):
        if len(arg) <= 120:
            return repr(arg)[1:]
        return "%s...(%d bytes)" % (repr(arg[:60])[1:], len(arg))

    return " ".join(map(one, command))


class Pair:
    """Both servers, and the same connections to each."""

    def __init__(self, ringtail, redis):
        self.servers = (ringtail, redis)
        self.connections = [tuple(Connection(server.port) for server in self.servers)
                            for _ in range(CONNECTION_COUNT)]

    def close(self):
        for pair in self.connections:
            for connection in pair:
                connection.close()

    def exchange(self, index, commands):
        """Sends the commands on a connection to both; returns two lists of raw replies."""
        payload = b"".join(encode(*command) for command in commands)
        with selectors.DefaultSelector() as selector:
            talks = [_Talk(connection, payload, len(commands))
                     for connection in self.connections[index]]
            for talk in talks:
                talk.socket.setblocking(False)
                selector.register(talk.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, talk)
            end = time.monotonic() + EXCHANGE_DEADLINE_S
            while selector.get_map():
                if time.monotonic() > end:
                    raise ServerGone("no answer: %s" % self._progress(talks, commands))
                for key, events in selector.select(1.0):
                    try:
                        key.data.proceed(selector, events)
                    except (ConnectionClosed, OSError) as error:
                        raise ServerGone("%s: %s" % (error,
                                                     self._progress(talks, commands))) from error
        return [talk.replies for talk in talks]

    def both(self, *command, index=0):
        """One command to both; two raw replies."""
        return [replies[0] for replies in self.exchange(index, [list(command)])]

    def reset(self):
        """Empties both servers and forgets the connections' databases and protocol versions."""
        for index in range(CONNECTION_COUNT):
            self.exchange(index, [[b"RESET"]])
        self.both(b"FLUSHALL")

    @staticmethod
    def _progress(talks, commands):
        parts = []
        for name, talk in zip(("ringtail", "redis"), talks):
            done = len(talk.replies)
            parts.append("%s answered %d of %d" % (name, done, len(commands)))
        done = min(len(talk.replies) for talk in talks)
        following = [show(command) for command in commands[done:done + 60]]
        return "\n".join([", ".join(parts) + ", then:"] + following)


class _Talk:
    """One server's side of an exchange: writes and reads as the socket allows, so that neither
    side ever waits for the other to read."""

    def __init__(self, connection, payload, reply_count):
        self.socket = connection.socket
        self.unsent = memoryview(payload)
        self.reply_count = reply_count
        self.replies = []
        self.buffer = bytearray()

    def proceed(self, selector, events):
        if events & selectors.EVENT_WRITE:
            self.unsent = self.unsent[self.socket.send(self.unsent[:1 << 18]):]
            if not self.unsent:
                selector.modify(self.socket, selectors.EVENT_READ, self)
        if events & selectors.EVENT_READ:
            data = self.socket.recv(1 << 20)
            if not data:
                raise ConnectionClosed(bytes(self.buffer[:200]))
            self.buffer += data
            self._take_replies()
            if len(self.replies) == self.reply_count:
                selector.unregister(self.socket)

    def _take_replies(self):
        data, position = bytes(self.buffer), 0
        try:
            while len(self.replies) < self.reply_count:
                end = reply_end(data, position)
                self.replies.append(data[position:end])
                position = end
        except Incomplete:
            pass
        del self.buffer[:position]


class Run:
    """One differential run: the generator, the pair of servers, and what was found."""

    def __init__(self, pair, seed, families, say=print):
        self.pair = pair
        self.seed = seed
        self.generator = Generator(seed, families)
        self.chunks = random.Random(seed ^ 0x5EED)
        self.say = say
        self.index = 0
        self.history = []
        self.queues = explained.Queues()
        self.explained_count = 0
        self.different = {}
        self.difference_count = 0

    def go(self, count, differences_max=20):
        """Runs `count` commands or until so many distinct differences; True if there was none."""
        self._start_over()
        next_checkpoint = CHECKPOINT_COMMANDS
        while self.index < count and len(self.different) < differences_max:
            self._chunk(min(1 + self.chunks.randrange(CHUNK_COMMANDS_MAX), count - self.index))
            if self.index >= next_checkpoint:
                next_checkpoint += CHECKPOINT_COMMANDS
                self.compare_states()
        self.compare_states()
        return not self.different

    def _start_over(self):
        self.pair.reset()
        self.history.clear()
        self.queues = explained.Queues()
        # Half of the connections begin in RESP3; HELLO and RESET among the commands mix them
        # later.
        for index in range(0, CONNECTION_COUNT, 2):
            self._send(index, [[b"HELLO", b"3"]])

    def _chunk(self, size):
        commands = []
        while len(commands) < size:
            commands += self.generator.next_commands()
        self._send(self.chunks.randrange(CONNECTION_COUNT), commands)
        self.index += len(commands)

    def _send(self, connection, commands):
        mine, theirs = self.pair.exchange(connection, commands)
        for offset, command in enumerate(commands):
            self.history.append((connection, command))
            if not self.queues.judge(connection, command, mine[offset], theirs[offset]):
                if explained.is_corruption_seen(command, mine[offset], theirs[offset]):
                    self.explained_count += 1
                    self._start_over()
                    return
                self._found(self.index + offset, command, mine[offset], theirs[offset])
                return
            self.explained_count += mine[offset] != theirs[offset]

    def _found(self, index, command, mine, theirs):
        self.difference_count += 1
        difference = Difference(index, command, mine, theirs, self._past_of(command))
        signature = difference.signature()
        if signature not in self.different:
            self.different[signature] = difference
            difference.minimised = Minimiser(self.pair).minimise(difference.history)
            self.say("\nDIFFERENCE %d (seed %d) %s" % (
                len(self.different), self.seed, difference.text()))
        self._start_over()

    def _past_of(self, command):
        """The commands that may matter for this one: those that share an argument, and the global
        ones."""
        if command[0].upper() in WHOLE_KEYSPACE_COMMANDS | {b"EXEC"}:
            return self.history[-4000:]
        arguments = set(command[1:])
        related = [step for step in self.history[:-1]
                   if step[1][0].upper() in GLOBAL_COMMANDS
                   or not arguments.isdisjoint(step[1][1:])]
        return related[-4000:] + self.history[-1:]

    def compare_states(self):
        """Compares every key of every database: type, value, expiry, encoding."""
        found = False
        self._send(0, [[b"DISCARD"]])
        for database in range(DATABASE_COUNT):
            self.pair.both(b"SELECT", b"%d" % database)
            sizes = self.pair.both(b"DBSIZE")
            keys = self._keys()
            found = found or self._compare(database, [b"DBSIZE"], *sizes)
            found = found or self._compare(database, [b"KEYS", b"*"],
                                           *self.pair.both(b"KEYS", b"*"))
            if found or not keys:
                continue
            for question in ([b"TYPE"], [b"GET"], [b"PEXPIRETIME"], [b"OBJECT", b"ENCODING"],
                             [b"HGETALL"], [b"XINFO", b"STREAM"]):
                commands = [question + [key] for key in keys]
                for command, mine, theirs in zip(commands, *self.pair.exchange(0, commands)):
                    found = found or self._compare(database, command, mine, theirs)
            found = found or self._compare_scan(database, keys)
        self.pair.both(b"SELECT", b"0")
        self.history.append((0, [b"SELECT", b"0"]))

    def _keys(self):
        mine, _ = self.pair.both(b"KEYS", b"*")
        return sorted(parse(mine)[0])

    def _compare(self, database, command, mine, theirs):
        """Notes a difference of state as one of the command that shows it; True if there is
        one."""
        if explained.same(command, mine, theirs):
            return False
        self.history += [(0, [b"SELECT", b"%d" % database]), (0, command)]
        self._found(self.index, command, mine, theirs)
        return True

    def _compare_scan(self, database, keys):
        """A scan in small steps must show every key of Ringtail's."""
        with self.pair.servers[0].connect() as connection:
            connection.call("SELECT", database)
            cursor, seen = b"0", set()
            while True:
                cursor, some = connection.call("SCAN", cursor, "COUNT", 7)
                seen.update(some)
                if cursor == b"0":
                    break
        missing = set(keys) - seen
        if not missing:
            return False
        command = [b"SCAN", b"0", b"COUNT", b"7"]
        self.history.append((0, command))
        self._found(self.index, command, b"missed %r" % sorted(missing), b"complete")
        return True


class Minimiser:
    """Looks for a short sequence whose last command is still answered differently (Zeller's
    ddmin)."""

    def __init__(self, pair):
        self.pair = pair
        self.end = time.monotonic() + MINIMISE_DEADLINE_S

    def minimise(self, history):
        """The shortest sequence found in the time allowed, or None if even all of it does not
        show it."""
        past, last = history[:-1], history[-1]
        for recent in (20, 200, len(past)):
            if self._shows(past[-recent:] + [last]):
                past = past[-recent:]
                break
        else:
            return None
        parts = 2
        while past and time.monotonic() < self.end:
            size = max(1, len(past) // parts)
            for start in range(0, len(past), size):
                rest = past[:start] + past[start + size:]
                if self._shows(rest + [last]):
                    past, parts = rest, max(parts - 1, 2)
                    break
            else:
                if size == 1:
                    break
                parts = min(parts * 2, len(past))
        return past + [last]

    def _shows(self, steps):
        self.pair.reset()
        queues, is_same = explained.Queues(), True
        for connection, group in itertools.groupby(steps, key=lambda step: step[0]):
            commands = [command for _, command in group]
            for command, mine, theirs in zip(commands, *self.pair.exchange(connection, commands)):
                is_same = queues.judge(connection, command, mine, theirs)
        return not is_same


def compare(count, seed, threads, families, differences_max=20, say=print):
    """A whole run with servers of its own; returns (is_equal, run)."""
    # redis-server 7.0 keeps every script.
    with ServerProcess(threads=threads, directives={**DIRECTIVES, "lua-eval-scripts-max": 0}) as ringtail, \
            ServerProcess(binary=oracle_binary(), directives=DIRECTIVES) as redis:
        pair = Pair(ringtail, redis)
        run = Run(pair, seed, families, say)
        try:
            is_equal = run.go(count, differences_max)
        except ServerGone:
            say("seed %d, commands %d and after" % (seed, run.index))
            for name, server in (("ringtail", ringtail), ("redis", redis)):
                if server.process.poll() is not None:
                    say("%s died:\n%s" % (name, server.log_tail(200)))
            raise
        finally:
            pair.close()
        return is_equal, run


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--families", default=",".join(all_families()))
    parser.add_argument("--differences-max", type=int, default=20)
    options = parser.parse_args()
    if oracle_binary() is None:
        print("no redis-server 7.0 found (set REDIS_SERVER)")
        return 2
    print("seed %d, %d commands, %d worker(s), families %s" % (
        options.seed, options.count, options.threads, options.families), flush=True)
    start = time.monotonic()
    try:
        is_equal, run = compare(options.count, options.seed, options.threads,
                                options.families.split(","), options.differences_max)
    except ServerGone as gone:
        print("SERVER GONE: %s" % gone)
        return 2
    print("%d commands in %.0f s: %d unexplained differences (%d distinct), %d explained" % (
        run.index, time.monotonic() - start, run.difference_count, len(run.different),
        run.explained_count))
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
