"""Random ACL rules beside redis-server: what they answer, how the user is described afterwards, and what it may do.

Descriptions are compared as what they mean: redis-server lists single commands in the order of a hash table, and
which categories it picks depends on how many commands there are. So where the words differ, redis-server is given
our description as rules, and the two users of it must be allowed the same.

    ACL_SEED=7 ACL_ROUNDS=1000 pytest tests/compat/test_acl_rules.py
"""
import os
import random

import pytest

from acl import command_rows, text
from resp import ErrorReply

ROUNDS = int(os.environ.get("ACL_ROUNDS", "120"))
SEED = int(os.environ.get("ACL_SEED", str(random.SystemRandom().randrange(1 << 30))))
CATEGORIES = """keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast
slow blocking dangerous connection transaction scripting all nope""".split()
PATTERNS = ["*", "a*", "b", "a?c", "[a-c]x", "", "k\\*", "user:*", "a b"]
KEYS = ["a", "b", "abc", "ax", "dx", "k*", "user:1", "", "aXc", "[a-c]x"]


class Rules:
    """A source of rules, mostly sound ones."""

    def __init__(self, rng, names):
        self.rng = rng
        self.names = names

    def command_rule(self):
        pick = self.rng.random()
        sign = self.rng.choice("+-")
        if pick < 0.4:
            return sign + self.rng.choice(self.names)
        if pick < 0.8:
            return sign + "@" + self.rng.choice(CATEGORIES)
        if pick < 0.9:
            return "+" + self.rng.choice(["select|0", "SELECT|1", "get|x", "client|list", "config|get",
                                          "config|nope", "config|get|x", "nope|x", "get|"])
        return self.rng.choice(["allcommands", "nocommands", "+@all", "-@all", "-@dangerous", "+@read"])

    def selector_rule(self):
        pick = self.rng.random()
        if pick < 0.55:
            return self.command_rule()
        if pick < 0.8:
            return self.rng.choice(["~", "%R~", "%W~", "%RW~", "%wr~", "%X~", "%"]) + self.rng.choice(PATTERNS)
        if pick < 0.9:
            return "&" + self.rng.choice(PATTERNS)
        return self.rng.choice(["allkeys", "resetkeys", "allchannels", "resetchannels", "ALLKEYS", "nonsense"])

    def rule(self):
        pick = self.rng.random()
        if pick < 0.7:
            return self.selector_rule()
        if pick < 0.8:
            words = [self.selector_rule() for _ in range(self.rng.randrange(4))]
            return "(" + " ".join(words) + self.rng.choice([")"] * 9 + [""])
        return self.rng.choice([
            "on", "off", "nopass", "resetpass", ">p", ">q", "<p", "<none", "#" + "0" * 64, "!" + "0" * 64,
            "#12", "sanitize-payload", "skip-sanitize-payload", "clearselectors", "reset", "", "On", "("])


def opens_a_selector_within_another(rules):
    """redis-server 7.0 forgets the first one then, without a word; later versions and we do not."""
    is_open = False
    for rule in rules:
        opens = rule.startswith("(") and not rule.endswith(")")
        if opens and is_open:
            return True
        is_open = opens or (is_open and not rule.endswith(")"))
    return False


def described(reply):
    """ACL GETUSER's reply as a dict, with sets where there is no order."""
    fields = {text(reply[i]): reply[i + 1] for i in range(0, len(reply), 2)}
    if "flags" in fields:
        fields["selectors"] = [described(selector) for selector in fields["selectors"]]
    return fields


def normalized(commands):
    """Where all begins, and what is said after it, in no order; None if order matters for the meaning."""
    words = text(commands).split(" ")
    return words[0], sorted(words[1:])


class Pair:
    """Ours and theirs."""

    def __init__(self, ours, theirs):
        self.ours = ours
        self.theirs = theirs
        self.our_rows = command_rows(ours)
        self.their_rows = command_rows(theirs)
        self.names = sorted(set(self.our_rows) & set(self.their_rows))
        self.known = set(self.their_rows) | {name.split("|")[0] for name in self.their_rows}

    def both(self, *words):
        for connection in (self.ours, self.theirs):
            connection.send(*words)
        return [connection.read_reply() for connection in (self.ours, self.theirs)]

    def is_known(self, name):
        """Whether redis-server takes it as a rule: "@read", "get", "config|get", "select|0"."""
        return name[1:] in CATEGORIES if name[0] == "@" else name in self.known or (
            name.split("|")[0] in ("select", "get"))

    def means_the_same(self, ours, theirs):
        """Whether two descriptions of commands allow the same of what both know."""
        if normalized(ours) == normalized(theirs):
            return True
        allowed = []
        for commands in (ours, theirs):
            words = [word for word in text(commands).split(" ") if self.is_known(word[1:])]
            assert self.theirs.call("ACL", "SETUSER", "meant", "reset", "~*", "&*", *words) == b"OK", commands
            requests = [["ACL", "DRYRUN", "meant"] + self.their_rows[name].request() for name in self.names]
            allowed.append([reply == b"OK" for reply in self.theirs.pipeline(requests)])
        different = [name for name, a, b in zip(self.names, *allowed) if a != b]
        assert not different, (different, ours, theirs)
        return True


@pytest.fixture
def pair(server, oracle):
    with server.connect() as ours, oracle.connect() as theirs:
        yield Pair(ours, theirs)
        for connection in (ours, theirs):
            for name in connection.call("ACL", "USERS"):
                if name != b"default":
                    connection.call("ACL", "DELUSER", name)


def assert_same_user(pair, context):
    ours, theirs = (described(reply) for reply in pair.both("ACL", "GETUSER", "u"))
    for name in ("flags", "passwords", "keys", "channels"):
        assert ours[name] == theirs[name], (name, context)
    assert len(ours["selectors"]) == len(theirs["selectors"]), context
    for mine, other in zip([ours] + ours["selectors"], [theirs] + theirs["selectors"]):
        assert mine["keys"] == other["keys"] and mine["channels"] == other["channels"], context
        assert pair.means_the_same(mine["commands"], other["commands"]), context


def assert_allowed_the_same(pair, rng, context):
    requests = []
    for name in rng.sample(pair.names, 60):
        words = pair.their_rows[name].request(rng.choice(KEYS))
        requests.append(["ACL", "DRYRUN", "u"] + words)
    for source, target in ((rng.choice(KEYS), rng.choice(KEYS)) for _ in range(10)):
        requests.append(["ACL", "DRYRUN", "u", "COPY", source, target])
        requests.append(["ACL", "DRYRUN", "u", "SET", source, target, rng.choice(["GET", "NX", "XX"])])
        requests.append(["ACL", "DRYRUN", "u", "MSET", source, "v", target, "v"])
        requests.append(["ACL", "DRYRUN", "u", "SORT", source, "BY", "x", "STORE", target])
        requests.append(["ACL", "DRYRUN", "u", "SELECT", rng.choice("01")])
    replies = zip(requests, pair.ours.pipeline(requests), pair.theirs.pipeline(requests))
    for request, ours, theirs in replies:
        assert ours == theirs, (request, context)


@pytest.mark.deadline(600)
def test_random_rules_mean_the_same(pair):
    print("ACL_SEED=%d" % SEED)
    for round_number in range(ROUNDS):
        rng = random.Random(SEED * 1_000_003 + round_number)
        rules = Rules(rng, pair.names)
        pair.both("ACL", "DELUSER", "u")
        history = []
        for _ in range(rng.randrange(1, 8)):
            change = [rules.rule() for _ in range(rng.randrange(1, 4))]
            context = "seed %d, round %d: %s" % (SEED, round_number, history + [change])
            if opens_a_selector_within_another(change):
                assert isinstance(pair.ours.call("ACL", "SETUSER", "u", *change), ErrorReply), context
                continue
            history.append(change)
            ours, theirs = pair.both("ACL", "SETUSER", "u", *change)
            assert ours == theirs and isinstance(ours, ErrorReply) == isinstance(theirs, ErrorReply), context
        if pair.theirs.call("ACL", "GETUSER", "u") is None:
            assert pair.ours.call("ACL", "GETUSER", "u") is None, context
            continue
        assert_same_user(pair, context)
        assert_allowed_the_same(pair, rng, context)
