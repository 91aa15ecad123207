"""Pub/sub without messages on their way: nobody is subscribed to what is published, and who subscribes to something
leaves it at once. Messages, and what a subscriber may not do, are tested in tests/integration."""
from vocabulary import Rule


def _channel(v):
    return [v.choice([b"news", b"sport", b"", b"bin\x00\r\n\xff", b"a*"])]


def _channels(v):
    return [_channel(v)[0] for _ in range(v.below(4))]


def _pattern(v):
    return [v.choice([b"*", b"n*", b"?", b"[", b""])] if v.chance(0.6) else []


RULES = [
    Rule("SUBSCRIBE", 2, _channel, followed_by=lambda args: [b"UNSUBSCRIBE", args[0]]),
    Rule("PSUBSCRIBE", 2, _channel, followed_by=lambda args: [b"PUNSUBSCRIBE", args[0]]),
    Rule("SSUBSCRIBE", 2, _channel, followed_by=lambda args: [b"SUNSUBSCRIBE", args[0]]),
    Rule("UNSUBSCRIBE", 1, _channel),
    Rule("PUNSUBSCRIBE", 1, _channel),
    Rule("SUNSUBSCRIBE", 1, lambda v: []),
    Rule("PUBLISH", 4, lambda v: [b"nobody", v.value()]),
    Rule("SPUBLISH", 3, lambda v: [b"nobody", v.value()]),
    Rule("PUBSUB CHANNELS", 2, _pattern),
    Rule("PUBSUB SHARDCHANNELS", 1, _pattern),
    Rule("PUBSUB NUMSUB", 2, _channels),
    Rule("PUBSUB SHARDNUMSUB", 1, _channels),
    Rule("PUBSUB NUMPAT", 2, lambda v: []),
    Rule("PUBSUB HELP", 1, lambda v: []),
    Rule("PUBSUB bogus", 1, _channel),
]
