"""Requests for every command of a server's table, and ACL rules as things to compare."""
from resp import ErrorReply

# What the generic words would not pass for: arguments by which keys or channels are found.
SPECIAL = {
    "xread": ["STREAMS", "{key}", "0"],
    "xreadgroup": ["GROUP", "g", "c", "STREAMS", "{key}", ">"],
    "migrate": ["host", "1", "{key}", "0", "5"],
    "restore": ["{key}", "0", "payload"],
    "restore-asking": ["{key}", "0", "payload"],
    "client|kill": ["ID", "123456789"],
}


def text(reply):
    return reply.decode("latin-1")


class CommandRow:
    """A row of COMMAND's reply."""

    def __init__(self, row, container=None):
        self.name = text(row[0])
        self.arity = row[1]
        self.flags = {text(flag) for flag in row[2]}
        self.categories = {text(category)[1:] for category in row[6]}
        self.specs = [_spec(spec) for spec in row[8]]
        self.container = container

    @property
    def words(self):
        return self.name.split("|")

    @property
    def has_keys(self):
        """Whether one of its arguments is a key for sure."""
        return any("not_key" not in spec["flags"] and spec["begin"] == "index"
                   for spec in self.specs) or self.name in ("xread", "xreadgroup", "migrate")

    def request(self, key="k"):
        """Words that are enough, with `key` wherever a key is looked for."""
        if self.name in SPECIAL:
            return self.words + [word.format(key=key) for word in SPECIAL[self.name]]
        count = max(abs(self.arity), len(self.words))
        words = self.words + ["1"] * (count - len(self.words))
        for spec in self.specs:
            if spec["begin"] != "index":
                continue
            index = spec["index"]
            if spec["find"] == "range":
                self._put(words, index, key)
                last = spec["lastkey"]
                last = index + last if last >= 0 else len(words) + last
                for place in range(index, last + 1, spec["keystep"]):
                    self._put(words, place, key)
            elif spec["find"] == "keynum":
                self._put(words, index + spec["keynumidx"], "1")
                self._put(words, index + spec["firstkey"], key)
        return words

    def _put(self, words, index, word):
        if index >= len(words) and self.arity > 0:
            return
        while len(words) <= index:
            words.append("1")
        words[index] = word


def _fields(reply):
    return {text(reply[i]): reply[i + 1] for i in range(0, len(reply), 2)}


def _spec(reply):
    fields = _fields(reply)
    begin, find = _fields(fields["begin_search"]), _fields(fields["find_keys"])
    spec = {"flags": {text(flag) for flag in fields["flags"]},
            "begin": text(begin["type"]), "find": text(find["type"])}
    for part in (begin, find):
        for name, value in _fields(part["spec"]).items():
            spec[name] = value if isinstance(value, int) else text(value)
    return spec


def command_rows(connection):
    """Every command and subcommand that can be executed, by name."""
    rows = {}
    for reply in connection.call("COMMAND"):
        row = CommandRow(reply)
        if not reply[9] or row.name == "command":
            rows[row.name] = row
        for subcommand in reply[9]:
            sub = CommandRow(subcommand, container=row)
            rows[sub.name] = sub
    return rows


def is_denied(reply):
    return isinstance(reply, ErrorReply) and reply.startswith((b"NOPERM", b"NOAUTH"))
