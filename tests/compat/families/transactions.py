"""MULTI, EXEC, DISCARD, WATCH, UNWATCH, strewn among the commands of the other families: a
transaction goes on until one of them ends it."""
from vocabulary import Rule


def _keys(v):
    return [v.key() for _ in range(v.choice([1, 1, 1, 2, 3]))]


RULES = [
    Rule("MULTI", 4, lambda v: []),
    Rule("EXEC", 14, lambda v: []),
    Rule("DISCARD", 2, lambda v: []),
    Rule("WATCH", 4, _keys),
    Rule("UNWATCH", 1, lambda v: []),
]
