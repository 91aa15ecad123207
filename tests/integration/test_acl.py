"""Users: what the rules mean for real connections, and what becomes of these when rules change."""
import os

import pytest

from acl import command_rows, is_denied, text
from resp import ConnectionClosed, ErrorReply, Status
from server_process import ServerFailed, eventually

OK = Status(b"OK")
NOAUTH = b"NOAUTH Authentication required."
NO_KEY = b"NOPERM this user has no permissions to access one of the keys used as arguments"
NO_CHANNEL = (b"NOPERM this user has no permissions to access one of the channels used as "
              b"arguments")
CHANNEL_COMMANDS = {"subscribe", "psubscribe", "ssubscribe", "publish", "spublish"}
# These end or change the connection or the server, or wait: whether they are allowed DRYRUN tells.
NOT_EXECUTED = {
    "shutdown", "quit", "monitor", "reset", "auth", "hello", "debug", "multi", "exec", "discard",
    "client|pause", "client|reply", "client|no-evict", "failover", "replicaof", "slaveof", "sync",
    "psync", "migrate", "blpop", "brpop", "blmove", "brpoplpush", "blmpop", "bzpopmin", "bzpopmax",
    "bzmpop", "wait", "waitaof", "subscribe", "psubscribe", "ssubscribe", "acl|load", "acl|setuser",
    "acl|deluser", "config|set", "config|rewrite", "config|resetstat", "pfselftest", "client|kill",
    "client|unpause", "blmovem", "script|debug", "swapdb", "client|tracking",
}


def no_command(name):
    return b"NOPERM this user has no permissions to run the '%s' command" % name.encode()


@pytest.fixture
def admin(server):
    """A connection as the default user; what a test made of users is gone afterwards."""
    with server.connect() as connection:
        yield connection
        for name in connection.call("ACL", "USERS"):
            if name != b"default":
                connection.call("ACL", "DELUSER", name)
        connection.call("ACL", "SETUSER", "default", "on", "nopass", "+@all", "~*", "&*")


@pytest.fixture
def login(server, admin):
    """login(name, *rules): a connection of a new user with these rules."""
    opened = []

    def start(name, *rules):
        assert admin.call("ACL", "SETUSER", name, "on", ">secret", *rules) == OK
        connection = server.connect()
        opened.append(connection)
        assert connection.call("AUTH", name, "secret") == OK
        return connection

    yield start
    for connection in opened:
        connection.close()


def is_closed(connection):
    try:
        return connection.call("PING") is None
    except (ConnectionClosed, OSError):
        return True


# ---- Every command of the table

@pytest.mark.deadline(240)
def test_every_command_without_authentication(launch, threads):
    server = launch({"requirepass": "secret"}, threads=threads)
    with server.connect() as admin, server.connect() as stranger:
        admin.call("AUTH", "secret")
        for name, row in command_rows(admin).items():
            if "no_auth" in row.flags:
                continue
            reply = stranger.call(*row.request())
            expected = NOAUTH if name != "exec" else b"EXECABORT Transaction discarded because of: " + NOAUTH
            assert reply == expected, (name, reply)


@pytest.mark.deadline(240)
def test_every_command_without_its_category(server, admin, login):
    """A user that has all commands but those of one category of the command is refused by name."""
    rows = command_rows(admin)
    by_category = {}
    for row in rows.values():
        by_category.setdefault(sorted(row.categories)[0], []).append(row)
    for category, members in by_category.items():
        user = login("without-" + category, "+@all", "-@" + category, "~*", "&*")
        for row in members:
            if "no_auth" in row.flags:
                continue
            expected = no_command(row.name)
            if row.name == "exec":
                expected = b"EXECABORT Transaction discarded because of: " + expected
            reply = user.call(*row.request())
            assert reply == expected, (row.name, reply)


@pytest.mark.deadline(240)
def test_every_command_without_a_right_to_its_key(server, admin, login):
    user = login("keyless", "+@all", "~other", "&*")
    count = 0
    for row in command_rows(admin).values():
        request = row.request()
        if row.has_keys:
            count += 1
            reply = user.call(*request)
            assert reply == NO_KEY, (row.name, reply)
            denied = admin.call("ACL", "DRYRUN", "keyless", *request)
            assert denied == b"This user has no permissions to access the 'k' key", row.name
        else:
            assert admin.call("ACL", "DRYRUN", "keyless", *request) == OK, row.name
    assert count > 100


@pytest.mark.deadline(240)
def test_every_command_without_a_right_to_its_channel(server, admin, login):
    user = login("mute", "+@all", "~*", "resetchannels", "&other")
    for row in command_rows(admin).values():
        request = row.request()
        if row.name in CHANNEL_COMMANDS:
            assert user.call(*request) == NO_CHANNEL, row.name
        else:
            assert admin.call("ACL", "DRYRUN", "mute", *request) == OK, row.name


@pytest.mark.deadline(240)
def test_every_command_with_just_the_right_rules(server, admin, login):
    """One user for each command: that command, its key, its channel, and nothing else."""
    for row in command_rows(admin).values():
        request = row.request()
        rules = ["resetkeys", "~k", "resetchannels", "&1", "&k", "-@all",
                 "+" + row.name]
        if row.name in NOT_EXECUTED:
            assert admin.call("ACL", "SETUSER", "exact", "on", ">secret", *rules) == OK
            assert admin.call("ACL", "DRYRUN", "exact", *request) == OK, row.name
            continue
        user = login("exact", *rules)
        reply = user.call(*request)
        assert not is_denied(reply), (row.name, reply)
        if row.name != "client|setname":
            assert user.call("LOLWUT" if row.name != "lolwut" else "DBSIZE").startswith(b"NOPERM")
        user.close()


# ---- Who is who

def test_users_come_in_by_name_and_password(server, admin):
    admin.call("ACL", "SETUSER", "bob", "on", ">one", ">two", "+@connection", "+acl|whoami")
    wrong = b"WRONGPASS invalid username-password pair or user is disabled."
    with server.connect() as bob:
        assert bob.call("AUTH", "bob", "three") == wrong
        assert bob.call("AUTH", "nobody", "one") == wrong
        assert bob.call("ACL", "WHOAMI") == b"default"
        assert bob.call("AUTH", "bob", "two") == OK
        assert bob.call("ACL", "WHOAMI") == b"bob"
        assert b" user=bob " in admin.call("CLIENT", "LIST")
        admin.call("ACL", "SETUSER", "bob", "off")
        assert bob.call("ACL", "WHOAMI") == b"bob", "who is in stays in"
        assert bob.call("AUTH", "bob", "one") == wrong
        assert isinstance(bob.call("HELLO", "3", "AUTH", "default", "any"), dict)
        assert bob.call("ACL", "WHOAMI") == b"default"
        admin.call("ACL", "SETUSER", "bob", "on")
        assert bob.call("HELLO", "2", "AUTH", "bob", "one")
        assert bob.call("RESET") == Status(b"RESET")
        assert bob.call("ACL", "WHOAMI") == b"default"


def test_requirepass_is_the_default_user_s_password(launch, threads):
    server = launch({"requirepass": "first"}, threads=threads)
    with server.connect() as early, server.connect() as admin:
        assert early.call("PING") == NOAUTH
        assert admin.call("AUTH", "first") == OK
        assert admin.call("CONFIG", "SET", "requirepass", "second") == OK
        assert early.call("AUTH", "first").startswith(b"WRONGPASS")
        assert early.call("AUTH", "default", "second") == OK
        assert admin.call("PING") == Status(b"PONG"), "who is in stays in"
        with server.connect() as waiting:
            assert waiting.call("PING") == NOAUTH
            assert admin.call("CONFIG", "SET", "requirepass", "") == OK
            assert waiting.call("PING") == Status(b"PONG"), "nobody has to authenticate any more"
            assert waiting.call("AUTH", "x").startswith(b"ERR AUTH <password> called without")
        (line,) = admin.call("ACL", "LIST")
        assert line == b"user default on nopass ~* &* +@all"
        assert admin.call("ACL", "SETUSER", "default", "off") == OK
        with server.connect() as late:
            assert late.call("PING") == NOAUTH


# ---- Changes are seen at once, on every worker

def test_connected_clients_see_a_change_at_once(server, admin, login):
    users = [login("bob", "+get", "~a*") for _ in range(8)]
    for user in users:
        assert user.call("GET", "a") is None
        assert user.call("GET", "b") == NO_KEY
        assert user.call("SET", "a", "1") == no_command("set")
    admin.call("ACL", "SETUSER", "bob", "+set", "resetkeys", "~b*")
    for user in users:
        assert user.call("SET", "b", "1") == OK
        assert user.call("GET", "a") == NO_KEY
    admin.call("ACL", "SETUSER", "bob", "+@all", "~*", "&*")
    for user in users:
        assert user.call("PING") == Status(b"PONG")


def test_the_default_user_can_be_restricted(server, admin):
    with server.connect() as other:
        admin.call("ACL", "SETUSER", "default", "-@all", "+ping", "+acl")
        assert other.call("GET", "a") == no_command("get")
        assert other.call("PING") == Status(b"PONG")
        with server.connect() as new:
            assert new.call("GET", "a") == no_command("get")
        admin.call("ACL", "SETUSER", "default", "+@all")
        assert other.call("GET", "a") is None


def test_clients_of_deleted_users_are_closed(server, admin, login):
    users = [login("bob", "+@all", "~*") for _ in range(8)]
    assert admin.call("ACL", "DELUSER", "bob", "nobody") == 1
    for user in users:
        assert eventually(lambda: is_closed(user))
    assert admin.call("ACL", "USERS") == [b"default"]
    own = login("carl", "+@all", "~*")
    assert own.call("ACL", "DELUSER", "carl") == 1, "the reply comes first"
    assert eventually(lambda: is_closed(own))


def test_subscribers_lose_what_their_user_loses(server, admin, login):
    kept = login("bob", "+@all", "&news.*", "&all")
    kept.call("SUBSCRIBE", "all")
    lost = [login("bob") for _ in range(4)]
    lost[0].call("SUBSCRIBE", "news.a")
    lost[1].call("PSUBSCRIBE", "news.*")
    lost[2].call("SSUBSCRIBE", "news.b")
    lost[3].call("HELLO", "3")
    lost[3].call("SUBSCRIBE", "news.a")
    assert admin.call("ACL", "SETUSER", "bob", "&more") == OK
    assert admin.call("PUBSUB", "NUMSUB", "news.a") == [b"news.a", 2], "more rights close nobody"
    assert admin.call("ACL", "SETUSER", "bob", "resetchannels", "&all") == OK
    for connection in lost:
        assert eventually(lambda: is_closed(connection))
    assert eventually(lambda: admin.call("PUBSUB", "NUMPAT") == 0)
    assert admin.call("PUBLISH", "all", "x") == 1
    assert kept.read_reply() == [b"message", b"all", b"x"]


def test_a_deleted_user_is_gone_though_it_waits(server, admin, login):
    user = login("bob", "+@all", "~*")
    user.send("BLPOP", "list", 0)
    assert eventually(lambda: int(server.info("clients")["blocked_clients"]) == 1)
    assert admin.call("ACL", "DELUSER", "bob") == 1
    with pytest.raises((ConnectionClosed, OSError)):
        user.read_reply()
    assert eventually(lambda: int(server.info("clients")["blocked_clients"]) == 0)


def test_a_transaction_is_checked_when_queued_and_when_executed(admin, login):
    user = login("bob", "+multi", "+exec", "+get", "+set", "~a")
    assert user.call("MULTI") == OK
    assert user.call("GET", "b") == NO_KEY
    assert user.call("EXEC").startswith(b"EXECABORT")
    assert user.call("MULTI") == OK
    assert user.call("SET", "a", "1") == Status(b"QUEUED")
    assert user.call("GET", "a") == Status(b"QUEUED")
    admin.call("ACL", "SETUSER", "bob", "-get")
    assert user.call("EXEC") == [
        OK, ErrorReply(b"NOPERM ACLs rules changed between the moment the transaction was accumulated"
                       b" and the EXEC call. This command is no longer allowed for the following "
                       b"reason: no permission to execute the command or subcommand")]
    entry = admin.call("ACL", "LOG", 1)[0]
    assert entry[5] == b"multi" and entry[7] == b"get"


def test_sort_follows_patterns_for_those_who_may_read_all_keys(admin, login):
    user = login("bob", "+@all", "~list", "%W~*")
    admin.call("RPUSH", "list", "2", "1")
    assert user.call("SORT", "list") == [b"1", b"2"]
    assert user.call("SORT", "list", "BY", "none") == [b"2", b"1"]
    denied = b"ERR %s option of SORT denied due to insufficient ACL permissions."
    assert user.call("SORT", "list", "BY", "w*") == denied % b"BY"
    assert user.call("SORT_RO", "list", "GET", "#") == denied % b"GET"
    admin.call("ACL", "SETUSER", "bob", "%R~*")
    assert user.call("SORT", "list", "BY", "w*", "GET", "#") == [b"1", b"2"]


# ---- What was denied

def test_the_log_groups_what_is_denied(server, admin, login):
    admin.call("ACL", "LOG", "RESET")
    before = server.info("stats")
    user = login("bob", "+get", "~a")
    for _ in range(3):
        user.call("GET", "b")
    user.call("SET", "a", "1")
    user.call("AUTH", "bob", "wrong")
    entries = [dict(zip(entry[0::2], entry[1::2])) for entry in admin.call("ACL", "LOG")]
    told = [(e[b"count"], e[b"reason"], e[b"context"], e[b"object"], e[b"username"]) for e in entries]
    assert told == [(1, b"auth", b"toplevel", b"AUTH", b"bob"),
                    (1, b"command", b"toplevel", b"set", b"bob"),
                    (3, b"key", b"toplevel", b"b", b"bob")]
    assert all(b" user=bob " in entry[b"client-info"] for entry in entries)
    assert 0 <= float(entries[0][b"age-seconds"]) < 60
    after = server.info("stats")
    for name, count in (("auth", 1), ("cmd", 1), ("key", 3), ("channel", 0)):
        field = "acl_access_denied_" + name
        assert int(after[field]) - int(before[field]) == count
    assert len(admin.call("ACL", "LOG", 2)) == 2
    admin.call("CONFIG", "SET", "acllog-max-len", "1")
    assert len(admin.call("ACL", "LOG")) == 1
    admin.call("CONFIG", "SET", "acllog-max-len", "128")
    admin.call("ACL", "LOG", "RESET")
    assert admin.call("ACL", "LOG") == []


def test_passwords_are_shown_to_nobody(server, admin):
    admin.call("CONFIG", "SET", "slowlog-log-slower-than", "0")
    admin.call("SLOWLOG", "RESET")
    admin.call("ACL", "SETUSER", "bob", "on", ">hidden", "+@all")
    admin.call("AUTH", "bob", "hidden")
    admin.call("HELLO", "2", "AUTH", "bob", "hidden")
    admin.call("CONFIG", "SET", "requirepass", "")
    logged = [entry[3] for entry in admin.call("SLOWLOG", "GET", "100")]
    assert not any(b"hidden" in word for words in logged for word in words)
    assert [b"ACL", b"SETUSER", b"(redacted)", b"(redacted)", b"(redacted)", b"(redacted)"] in logged
    admin.call("CONFIG", "SET", "slowlog-log-slower-than", "10000")
    admin.call("AUTH", "default", "")


# ---- Files

def acl_file(process, content):
    path = os.path.join(process.directory, "users.acl")
    with open(path, "w") as file:
        file.write(content)
    return path


def launch_with_file(launch, content, threads=1):
    process = launch(threads=threads, start=False)
    process.directives["aclfile"] = acl_file(process, content)
    return process.start()


def test_a_file_is_loaded_all_or_nothing(launch, threads):
    server = launch_with_file(launch, "user alice on >p ~* +@all\n\n  user bob off (+get ~x)\n", threads)
    path = server.directives["aclfile"]
    with server.connect() as admin, server.connect() as alice, server.connect() as bystander:
        assert admin.call("ACL", "USERS") == [b"alice", b"bob", b"default"]
        assert alice.call("AUTH", "alice", "p") == OK
        before = admin.call("ACL", "LIST")
        acl_file(server, "user carl on\nuser dan +nope foo\nnonsense\nuser carl off\nuser eve (+get\n")
        assert admin.call("ACL", "LOAD") == (
            "ERR {0}:2: Error in applying operation '+nope': Unknown command or category name in ACL. "
            "{0}:2: Syntax error. {0}:3 should start with user keyword followed by the username. "
            "WARNING: Duplicate user 'carl' found on line 4. "
            "{0}:5: Unmatched parenthesis in selector definition."
            "WARNING: ACL errors detected, no change to the previously active ACL rules was "
            "performed".format(path)).encode()
        assert admin.call("ACL", "LIST") == before
        assert alice.call("ACL", "WHOAMI") == b"alice"
        acl_file(server, "user carl on nopass +ping\n")
        assert admin.call("ACL", "LOAD") == OK
        assert admin.call("ACL", "USERS") == [b"carl", b"default"]
        assert eventually(lambda: is_closed(alice))
        assert bystander.call("PING") == Status(b"PONG")
        os.remove(path)
        assert admin.call("ACL", "LOAD") == (
            "ERR Error loading ACLs, opening file '%s': No such file or directory" % path).encode()
        assert admin.call("ACL", "SETUSER", "bob", ">x", "~a", "(+get &c)") == OK
        assert admin.call("ACL", "SAVE") == OK
        saved = open(path).read()
        listed = admin.call("ACL", "LIST")
        assert saved == "".join(text(line) + "\n" for line in listed)
        assert os.listdir(server.directory).count("users.acl") == 1
        assert not [name for name in os.listdir(server.directory) if name.endswith(".tmp")]
        assert admin.call("ACL", "LOAD") == OK
        assert admin.call("ACL", "LIST") == listed
        assert admin.call("CONFIG", "REWRITE") == OK
    assert "\nuser " not in open(server.config_path).read()


def test_without_a_file_there_is_nothing_to_load_or_save(admin, oracle):
    for word in ("LOAD", "SAVE"):
        assert admin.call("ACL", word) == oracle.call("ACL", word)


def test_users_of_the_configuration_file_are_rewritten(launch):
    server = launch({"user": ["alice on >p +get (+set ~a)", "bob", '"carl" on "~x" +@read']})
    with server.connect() as admin:
        assert admin.call("ACL", "USERS") == [b"alice", b"bob", b"carl", b"default"]
        admin.call("ACL", "DELUSER", "bob")
        admin.call("ACL", "SETUSER", "dan", "on", "~y")
        assert admin.call("CONFIG", "REWRITE") == OK
        listed = [text(line) for line in admin.call("ACL", "LIST")]
    written = [line for line in open(server.config_path).read().splitlines() if line.startswith("user")]
    assert sorted(written) == sorted(listed)


@pytest.mark.parametrize("directives,complaint", [
    ({"user": "alice +nope"}, "Error loading ACL rule '+nope' for the user named 'alice': Unknown command"),
    ({"user": '"a b" on'}, "Spaces not allowed in ACL usernames"),
    ({"user": ["alice on", "alice off"]}, "Duplicate user found"),
    ({"user": "alice (+get"}, "Unmatched parenthesis"),
    ({"user": "alice on", "aclfile": "/nowhere"}, "but not both"),
    ({"aclfile": "/nowhere"}, "opening file '/nowhere': No such file or directory"),
])
def test_a_server_with_wrong_users_does_not_start(launch, directives, complaint):
    server = launch(directives, start=False)
    with pytest.raises(ServerFailed):
        server.start(expect_ready=False)
        assert server.wait_for_exit() == 1
        assert complaint in server.log_tail()
        raise ServerFailed("as it should")
    server.process = None


# ---- Beside Redis

LINES = """
ACL;ACL FOO;ACL CAT;ACL CAT nope;ACL CAT a b;ACL GENPASS 0;ACL GENPASS 4097;ACL GENPASS x
ACL GENPASS 1 2;ACL WHOAMI;ACL WHOAMI x;ACL HELP;ACL LOG x;ACL LOG a b;ACL LOG RESET;ACL LOG -1
ACL LOG 0;ACL DELUSER default;ACL DELUSER nobody;ACL DELUSER x default;ACL DELUSER;ACL GETUSER nobody
ACL GETUSER default;ACL LIST;ACL USERS;ACL SETUSER u;ACL GETUSER u;ACL LIST
ACL SETUSER u on >p >p >q ~a* %R~r* %W~w* &c* +@all -@dangerous +config|get (+get ~x) (~y &z)
ACL GETUSER u;ACL LIST;ACL DRYRUN u GET a;ACL DRYRUN u GET b;ACL DRYRUN u SET r1 v;ACL DRYRUN u FOO
ACL DRYRUN u;ACL DRYRUN nobody GET a;ACL DRYRUN u CONFIG GET x;ACL DRYRUN u CONFIG SET x y
ACL DRYRUN u GET;ACL DRYRUN u CLIENT nope;ACL DRYRUN u MGET a1 a2 b;ACL DRYRUN u COPY r1 w1
ACL DRYRUN u COPY w1 r1;ACL DRYRUN u SET w1 v GET;ACL DRYRUN u SORT w1 STORE r1
ACL DRYRUN u ZUNIONSTORE w1 2 r1 r2;ACL DRYRUN u ZUNIONSTORE w1 9 b r2;ACL DRYRUN u XREAD STREAMS r1 q 0 0
ACL SETUSER u +nope;ACL SETUSER u -nope;ACL SETUSER u +@nope;ACL SETUSER u +get|x;ACL SETUSER u foo
ACL SETUSER u ~b ~*;ACL SETUSER u ~b;ACL SETUSER u &*;ACL SETUSER u &b;ACL SETUSER u <none
ACL SETUSER u #abc;ACL SETUSER u !abc;ACL SETUSER u (+get;ACL SETUSER u on (+get ~a;ACL SETUSER u )
ACL SETUSER u %R;ACL SETUSER u %X~a;ACL SETUSER u %rw~lower;ACL GETUSER u;ACL SETUSER u resetkeys resetchannels
ACL SETUSER u clearselectors nopass -@all +select|0 +SELECT|1;ACL GETUSER u;ACL SETUSER u reset;ACL GETUSER u
ACL SETUSER u skip-sanitize-payload;ACL GETUSER u;ACL SETUSER u sanitize-payload;ACL LIST
ACL SETUSER u +client|list +client|no;ACL SETUSER u +config|get|x;ACL SETUSER u +config|;ACL SETUSER u (on)
CLIENT KILL USER nobody;CLIENT KILL USER u;AUTH u x;AUTH u;AUTH default x;AUTH a b c;ACL DELUSER u u;ACL USERS
"""


@pytest.mark.parametrize("version", [2, 3])
def test_replies_are_those_of_redis(server, admin, oracle, version):
    with server.connect() as ours, oracle.connect() as theirs:
        for connection in (ours, theirs):
            connection.call("HELLO", version)
        for line in LINES.replace(";", "\n").strip().splitlines():
            line = line.split(" ")
            for connection in (ours, theirs):
                connection.send(*line)
            replies = [connection.read_raw_reply() for connection in (ours, theirs)]
            assert replies[0] == replies[1], line


def test_names_with_spaces_or_zeros_are_refused_as_in_redis(admin, oracle):
    for name in ("a b", "a\0b", "a\nb", "a\tb"):
        assert admin.call("ACL", "SETUSER", name) == oracle.call("ACL", "SETUSER", name)
    for rule in ("", "on\0x", "~a\0b", "~a b", "+get\0x", ">a\0b"):
        assert admin.call("ACL", "SETUSER", "u", rule) == oracle.call("ACL", "SETUSER", "u", rule)
    assert admin.call("ACL", "GETUSER", "u") == oracle.call("ACL", "GETUSER", "u")
    oracle.call("ACL", "DELUSER", "u")


def test_generated_passwords_have_the_length_asked_for(admin):
    for bits, digits in ((None, 64), (1, 1), (5, 2), (8, 2), (4096, 1024)):
        password = admin.call("ACL", "GENPASS", *([] if bits is None else [bits]))
        assert len(password) == digits
    assert admin.call("ACL", "GENPASS") != admin.call("ACL", "GENPASS")
