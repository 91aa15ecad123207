#!/usr/bin/env python3
"""Sends the same random commands to Ringtail and to redis-server 7.0 and compares the keyspace events that
each publishes: which, of which key and database, and in what order.

    tests/compat/events.py --count 50000 --seed 7 --threads 4 --families lists,zsets

A marker follows every command (SET of a key that nobody else uses), so that a difference names its command; equal
ones are shown once. Events of keys that expired are left out: when a key goes is each server's own business. Exit
code: 0 no difference, 1 some.
"""
import argparse
import os
import random
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools")]

import explained  # noqa: E402
from differential import DIRECTIVES, Generator, Pair, show  # noqa: E402
from server_process import ServerProcess, oracle_binary  # noqa: E402

CLASSES = "KEAnm"
FAMILIES = ["bitmaps", "generic", "geo", "hashes", "hyperloglog", "lists", "serialization", "sets",
            "streams", "strings", "transactions", "zsets"]
MARKER = b"\x01marker"
CHUNK_COMMANDS_MAX = 60
# Events whose moment is not determined by the commands.
UNTIMED = {b"expired"}
# Ringtail executes commands that 7.0 does not know.
UNKNOWN_TO_REDIS = b"-ERR unknown"


def start_pair(threads):
    """Both servers with all classes of events, started."""
    directives = dict(DIRECTIVES, **{"notify-keyspace-events": CLASSES})
    return (ServerProcess(threads=threads, directives=directives).start(),
            ServerProcess(binary=oracle_binary(), directives=directives).start())


class Watcher:
    """One server's events, cut at the markers."""

    def __init__(self, server):
        self.connection = server.connect()
        self.connection.call("PSUBSCRIBE", "__key*__:*")

    def take(self, marker_count):
        """The events before each of the next markers."""
        groups, events = [], []
        while len(groups) < marker_count:
            _, _, channel, data = self.connection.read_reply()
            place, _, name = channel.partition(b":")
            if place.startswith(b"__keyevent"):
                if data == MARKER:
                    continue
            elif name == MARKER:
                if data == b"set":
                    groups.append(events)
                    events = []
                continue
            event = data if place.startswith(b"__keyspace") else name
            if event not in UNTIMED:
                events.append((channel, data))
        return groups


class Comparison:
    """One run over a pair of servers."""

    def __init__(self, ringtail, redis, seed, families=None, say=print):
        self.pair = Pair(ringtail, redis)
        self.watchers = (Watcher(ringtail), Watcher(redis))
        self.generator = Generator(seed, families or FAMILIES)
        self.sizes = random.Random(seed ^ 0xE7E27)
        self.say = say
        self.different = {}
        self.compared_count = 0
        self.marked_count = 0

    def go(self, count):
        """Compares `count` commands; True if nothing differed."""
        self.start_over()
        done = 0
        while done < count:
            commands = []
            while len(commands) < 1 + self.sizes.randrange(CHUNK_COMMANDS_MAX):
                commands += self.generator.next_commands()
            self.chunk(commands)
            done += len(commands)
        return not self.different

    def start_over(self):
        self.pair.reset()
        self._marked([])

    def _marked(self, commands):
        """Replies and events of each command. At the end no transaction is open."""
        sent = [part for command in commands for part in (command, [b"SET", MARKER, b""])]
        # What is queued and not executed publishes nothing; the two say how many markers there were.
        sent += [[b"DISCARD"], [b"SET", MARKER, b""]]
        replies = self.pair.exchange(0, sent)
        counts = [self._executed_markers(sent, of) for of in replies]
        events = [watcher.take(n) for watcher, n in zip(self.watchers, counts)]
        return replies, events

    @staticmethod
    def _executed_markers(sent, replies):
        """How many markers were set: at once, or by an EXEC whose array holds their replies."""
        count, queued = 0, 0
        for command, reply in zip(sent, replies):
            name = command[0].upper()
            if command[:2] == [b"SET", MARKER]:
                if reply == b"+OK\r\n":
                    count += 1
                elif reply == b"+QUEUED\r\n":
                    queued += 1
            elif name == b"EXEC" and reply[:1] == b"*" and reply[:2] != b"*-":
                count, queued = count + queued, 0
            elif name in (b"EXEC", b"DISCARD", b"RESET"):
                queued = 0 if reply[:1] != b"-" or b"EXECABORT" in reply else queued
        return count

    def chunk(self, commands):
        (mine, theirs), (my_events, their_events) = self._marked(commands)
        is_transactional = any(command[0].upper() in (b"MULTI", b"EXEC") for command in commands)
        if is_transactional:
            # Markers are counted by EXEC, so groups are not commands any more.
            same = all(a == b for a, b in zip(mine, theirs))
            if same and my_events != their_events:
                self._found([b"(transactions)"] + [show(c).encode() for c in commands],
                            sum(my_events, []), sum(their_events, []))
        else:
            for index, command in enumerate(commands):
                if mine[2 * index].startswith(UNKNOWN_TO_REDIS) or \
                        theirs[2 * index].startswith(UNKNOWN_TO_REDIS):
                    break
                self.compared_count += 1
                if my_events[index] != their_events[index]:
                    self._found(command, my_events[index], their_events[index])
                    break
                if mine[2 * index] != theirs[2 * index]:
                    break   # perhaps drawn at random: the two may hold different things now
        if any(a != b for a, b in zip(mine, theirs)) or my_events != their_events:
            self.start_over()

    def _found(self, command, mine, theirs):
        names = [tuple(data if channel.startswith(b"__keyspace") else channel.split(b":")[1]
                       for channel, data in events) for events in (mine, theirs)]
        signature = (explained.name_of(command), *map(str, names))
        if signature in self.different:
            return
        self.different[signature] = command
        begin = next((i for i, (a, b) in enumerate(zip(mine, theirs)) if a != b),
                     min(len(mine), len(theirs)))
        self.say("\nDIFFERENCE %d: %s\n  after %s\n  ringtail: %s\n  redis:    %s" % (
            len(self.different), show(command), mine[max(0, begin - 2):begin],
            mine[begin:begin + 4], theirs[begin:begin + 4]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--families", default=",".join(FAMILIES))
    arguments = parser.parse_args()
    ringtail, redis = start_pair(arguments.threads)
    try:
        comparison = Comparison(ringtail, redis, arguments.seed, arguments.families.split(","))
        is_same = comparison.go(arguments.count)
        print("seed %d: %d commands compared, %d differences" % (
            arguments.seed, comparison.compared_count, len(comparison.different)))
    finally:
        ringtail.stop(expect_clean=False)
        redis.stop(expect_clean=False)
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
