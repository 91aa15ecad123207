"""What a connection says about itself. Commands that end or silence it are tested in
tests/integration."""
from vocabulary import Rule


def _hello(v):
    if v.chance(0.2):
        return []
    args = [v.choice([b"2", b"3"]) if v.chance(0.8) else v.choice([b"1", b"4", b"0", b"-1",
                                                                   b"abc", b""])]
    if v.chance(0.2):
        names = [b"me", b"", b"two words", b"line\nbreak", b"\xc3\xa9"]
        return args + [v.option(b"SETNAME"), v.choice(names)]
    if v.chance(0.1):
        args += [v.option(b"AUTH"), b"default", b"secret"]
    elif v.chance(0.1):
        args.append(v.option(b"SETNAME", b"AUTH", b"bogus"))
    return args


RULES = [
    Rule("PING", 4, lambda v: [v.value()[:50]] if v.chance(0.5) else []),
    Rule("ECHO", 6, lambda v: [v.value()]),
    Rule("SELECT", 25, lambda v: [v.database()]),
    Rule("HELLO", 4, _hello),
    Rule("RESET", 2, lambda v: []),
    Rule("AUTH", 2, lambda v: [b"secret"] if v.chance(0.5) else [b"default", b"secret"]),
    Rule("CLIENT SETNAME", 3, lambda v: [v.choice([b"", b"me", b"two words", b"a\nb",
                                                   b"x" * 100])]),
    Rule("CLIENT GETNAME", 3, lambda v: []),
    Rule("CLIENT ID", 1, lambda v: []),
    Rule("CLIENT INFO", 1, lambda v: []),
    Rule("CLIENT NO-EVICT", 2, lambda v: [v.option(b"ON", b"OFF", b"bogus")]),
    Rule("CLIENT GETREDIR", 1, lambda v: []),
    Rule("CLIENT UNBLOCK", 1, lambda v: [v.choice([b"999999", b"abc", b"0", b"-1"])]),
    Rule("CLIENT KILL", 1, lambda v: [v.choice([b"127.0.0.1:1", b"", b"bogus"])]),
    Rule("CLIENT KILL ID", 1, lambda v: [v.choice([b"99999999", b"abc", b"-1", b"0"])]),
    Rule("CLIENT LIST TYPE", 1, lambda v: [b"bogus"]),
    Rule("CLIENT LIST ID", 1, lambda v: [v.choice([b"99999999", b"abc", b"0"])]),
    Rule("CLIENT REPLY", 1, lambda v: [v.option(b"ON", b"bogus")]),
    Rule("CLIENT PAUSE", 1, lambda v: [v.choice([b"abc", b"-1", b"99999999999999999999"])]),
    Rule("CLIENT UNPAUSE", 1, lambda v: []),
    Rule("CLIENT bogus", 1, lambda v: [v.key()]),
    Rule("CLIENT HELP", 1, lambda v: []),
]
