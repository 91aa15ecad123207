"""Scripts and functions through the real server: runs that take too long, hostile ones, and what others see of them."""
import pytest

from resp import ErrorReply, Status
from server_process import eventually

BUSY = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
BUSY_FUNCTION = BUSY.replace("SCRIPT KILL", "FUNCTION KILL")
LOOP = "while true do end"
LOOPS = {
    "plain": LOOP,
    "in pcall": "while true do pcall(function() while true do end end) end",
    "around pcall": "local f = function() while true do end end; repeat pcall(f) until false",
    "with commands": "while true do redis.call('GET', 'key') end",
    "around errors": "while true do pcall(error, 'x') end",
}


@pytest.fixture
def quick(launch, threads):
    """A server that calls a script busy after a twentieth of a second."""
    return launch(threads=threads, directives={"busy-reply-threshold": 50})


def plain(reply):
    """Statuses and errors as text, so that they can be told from strings."""
    if isinstance(reply, (ErrorReply, Status)):
        return reply.decode()
    return [plain(element) for element in reply] if isinstance(reply, list) else reply


def ask(connection, *args):
    return plain(connection.call(*args))


def read(connection):
    return plain(connection.read_reply())


def wait_until_busy(connections):
    for connection in connections:
        assert eventually(lambda: str(ask(connection, "GET", "key")).startswith("BUSY"))


@pytest.fixture
def connections(quick):
    """So many that each worker has one."""
    found = [quick.connect() for _ in range(8)]
    yield found
    for connection in found:
        connection.close()


@pytest.mark.parametrize("script", LOOPS.values(), ids=LOOPS.keys())
def test_an_endless_script_is_killed(quick, connections, script):
    runner, *others = connections
    runner.send("EVAL", script, 0)
    wait_until_busy(others)
    assert ask(others[0], "SET", "key", "value") == BUSY
    assert ask(others[1], "FUNCTION", "KILL") == BUSY
    assert ask(others[2], "SCRIPT", "KILL") == "OK"
    assert "killed by user with SCRIPT KILL" in str(read(runner))
    for connection in others:
        assert eventually(lambda: ask(connection, "SET", "key", "value") == "OK")
    assert ask(runner, "GET", "key") == b"value"


def test_a_script_that_has_written_is_not_killed_and_ends_by_itself(quick, connections):
    runner, *others = connections
    runner.send("EVAL", "redis.call('SET', 'flag', '1')"
                        " for i = 1, 60000000 do local x = i * 2 end"
                        " redis.call('SET', 'flag', '2') return 'done'", 0)
    wait_until_busy(others[:1])
    assert ask(others[0], "SCRIPT", "KILL").startswith("UNKILLABLE")
    assert read(runner) == b"done"
    assert eventually(lambda: ask(others[0], "GET", "flag") == b"2")


def test_a_function_is_killed_by_its_own_command(quick, connections):
    runner, other, *_ = connections
    ask(runner, "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('loop',"
                                    " function() while true do end end)")
    runner.send("FCALL", "loop", 0)
    assert eventually(lambda: ask(other, "GET", "key") == BUSY_FUNCTION)
    stats = ask(other, "FUNCTION", "STATS")
    assert stats[1][1] == b"loop" and stats[1][3] == [b"FCALL", b"loop", b"0"]
    assert ask(other, "SCRIPT", "KILL") == BUSY_FUNCTION
    assert ask(other, "FUNCTION", "KILL") == "OK"
    assert "FUNCTION KILL" in str(read(runner))
    assert eventually(lambda: ask(other, "PING") == "PONG")


def test_a_script_in_a_transaction_is_left_and_gone_on_with(quick, connections):
    runner, other, *_ = connections
    ask(runner, "MULTI")
    ask(runner, "SET", "a", "1")
    ask(runner, "EVAL", "for i = 1, 60000000 do local x = i * 2 end return redis.call('GET', 'a')", 0)
    ask(runner, "INCR", "a")
    runner.send("EXEC")
    wait_until_busy([other])
    assert read(runner) == ["OK", b"1", 2]
    assert eventually(lambda: ask(other, "GET", "a") == b"2")


def test_what_may_be_called_while_a_script_is_busy(quick, connections):
    runner, *others = connections
    watcher = others.pop()
    ask(watcher, "WATCH", "key")
    runner.send("EVAL", LOOP, 0)
    wait_until_busy(others)
    other = others[0]
    assert ask(other, "MULTI") == "OK"
    assert ask(other, "SET", "a", "1") == BUSY
    assert "EXECABORT" in ask(other, "EXEC")
    assert ask(other, "HELLO", 2)
    assert ask(other, "KEYS", "*") == BUSY
    assert ask(other, "SHUTDOWN") == BUSY
    assert ask(other, "EVAL", "return 1", 0) == BUSY
    assert ask(other, "NOSUCH").startswith("ERR unknown command")
    watcher.close()
    assert ask(others[1], "SCRIPT", "KILL") == "OK"
    assert eventually(lambda: ask(other, "SET", "key", "1") == "OK")


def test_a_client_that_goes_away_leaves_its_script_to_be_killed(quick, connections):
    runner, other, *_ = connections
    runner.send("EVAL", LOOP, 0)
    wait_until_busy([other])
    runner.close()
    assert all(ask(other, "PING") == BUSY for _ in range(100))
    assert ask(other, "SCRIPT", "KILL") == "OK"
    assert eventually(lambda: ask(other, "PING") == "PONG")


def test_a_waiting_client_that_goes_away_meanwhile_is_served_nothing(quick, connections):
    runner, waiting, other, *_ = connections
    waiting.send("BLPOP", "list", 0)
    assert eventually(lambda: quick.info("clients")["blocked_clients"] == "1")
    runner.send("EVAL", "for i = 1, 60000000 do local x = i * 2 end"
                        " redis.call('RPUSH', 'list', 'a') return 'done'", 0)
    wait_until_busy([other])
    waiting.close()
    assert read(runner) == b"done"
    assert eventually(lambda: ask(other, "LRANGE", "list", 0, -1) == [b"a"])


def test_shutdown_nosave_ends_the_server_in_the_middle_of_a_script(quick, connections):
    runner, other, *_ = connections
    runner.send("EVAL", "redis.call('SET', 'a', 1) " + LOOP, 0)
    wait_until_busy([other])
    other.send("SHUTDOWN", "NOSAVE")
    quick.wait_for_exit()


def test_a_signal_ends_the_server_in_the_middle_of_a_script(quick, connections):
    runner, other, *_ = connections
    runner.send("EVAL", LOOP, 0)
    wait_until_busy([other])
    quick.stop()


@pytest.mark.parametrize("script", [
    "local s = 'x' while true do s = s .. s end",
    "local t = {} local i = 0 while true do i = i + 1 t[i] = string.rep('x', 1000000) .. i end",
    "return string.rep('x', 1e10)",
    "local function f() return f() + 1 end return f()",
    "local function f() return pcall(f) end return f()",
    "return cjson.decode(string.rep('[', 1000000))",
    "local t = {} for i = 1, 100000 do t = {t} end return cjson.encode(t)",
    "local t = {} for i = 1, 100000 do t = {t} end return cmsgpack.pack(t)",
    "return loadstring('\\27Lua')",
    "return load(string.dump(function() end))",
    "return string.find(string.rep('a', 50000), string.rep('a?', 50000) .. 'b')",
    "return {unpack({}, 0, 1e8)}",
    "setmetatable(_G, {}) x = 1",
    "return redis.call(unpack({}, 1, 7999))",
], ids=range(14))
def test_hostile_scripts_get_an_answer_and_others_go_on(quick, connections, script):
    runner, other, *_ = connections
    runner.send("EVAL", script, 0)

    def is_over():
        if ask(other, "PING") == "PONG":
            return True
        ask(other, "SCRIPT", "KILL")
        return False

    assert eventually(is_over, deadline_s=20)
    read(runner)
    assert ask(other, "SET", "key", "value") == "OK"
    assert ask(runner, "EVAL", "return redis.call('GET', KEYS[1])", 1, "key") == b"value"
    quick.assert_no_crash()


def test_declared_keys_are_the_only_ones(server, client):
    script = "#!lua flags=declared-keys\nreturn redis.call('SET', ARGV[1], '1')"
    assert ask(client, "EVAL", script, 1, "a", "a") == "OK"
    assert "not declared" in ask(client, "EVAL", script, 1, "a", "b")
    assert ask(client, "EXISTS", "b") == 0
    keys = "#!lua flags=declared-keys\nreturn redis.call('KEYS', '*')"
    assert "not declared" in ask(client, "EVAL", keys, 1, "a")


def test_an_endless_script_with_declared_keys_ends(quick, connections, threads):
    runner, other, *_ = connections
    runner.send("EVAL", "#!lua flags=declared-keys\nwhile true do redis.call('GET', KEYS[1]) end", 1, "key")
    if threads == 1:
        wait_until_busy([other])
        assert ask(other, "SCRIPT", "KILL") == "OK"
    reply = read(runner)
    assert "killed by user" in reply if threads == 1 else "with declared keys" in reply
    assert eventually(lambda: ask(other, "SET", "key", "value") == "OK")


def test_transfers_between_keys_are_atomic(server):
    """Scripts on all workers move what two keys hold to and fro; the sum is the same at any time."""
    connections = [server.connect() for _ in range(6)]
    ask(connections[0], "MSET", "one", 1000, "two", 1000)
    flags = ["", "#!lua flags=declared-keys\n"]
    transfer = ("redis.call('DECRBY', KEYS[1], ARGV[1]) redis.call('INCRBY', KEYS[2], ARGV[1])"
                " return redis.call('GET', KEYS[1]) + redis.call('GET', KEYS[2])")
    for turn in range(60):
        for number, connection in enumerate(connections):
            keys = ("one", "two") if (turn + number) % 2 else ("two", "one")
            connection.send("EVAL", flags[number % 2] + transfer, 2, *keys, number + 1)
            connection.send("MGET", "one", "two")
        for connection in connections:
            assert read(connection) == 2000
            assert sum(map(int, read(connection))) == 2000
    for connection in connections:
        connection.close()


def test_evalsha_works_on_every_worker_until_the_cache_is_flushed(server):
    connections = [server.connect() for _ in range(8)]
    sha = ask(connections[0], "SCRIPT", "LOAD", "return ARGV[1]")
    for connection in connections:
        assert ask(connection, "EVALSHA", sha, 0, "x") == b"x"
    assert ask(connections[1], "SCRIPT", "FLUSH") == "OK"
    for connection in connections:
        assert ask(connection, "EVALSHA", sha, 0, "x").startswith("NOSCRIPT")
        connection.close()


def test_a_library_is_the_same_on_every_worker(server):
    connections = [server.connect() for _ in range(8)]
    ask(connections[0], "FUNCTION", "FLUSH")
    for version in range(3):
        code = "#!lua name=lib\nredis.register_function('f', function() return %d end)" % version
        ask(connections[version], "FUNCTION", "LOAD", "REPLACE", code)
        for connection in connections:
            assert ask(connection, "FCALL", "f", 0) == version
    ask(connections[0], "FUNCTION", "DELETE", "lib")
    for connection in connections:
        assert ask(connection, "FCALL", "f", 0) == "ERR Function not found"
        connection.close()


def test_libraries_go_to_redis_and_come_back(server, client, oracle):
    code = "#!lua name=lib\nredis.register_function('f', function(keys) return keys end)\n" + "-- " + "x" * 500
    with oracle.connect() as other:
        for connection in (client, other):
            ask(connection, "FUNCTION", "FLUSH")
        ask(client, "FUNCTION", "LOAD", code)
        assert ask(other, "FUNCTION", "RESTORE", ask(client, "FUNCTION", "DUMP")) == "OK"
        assert ask(other, "FCALL", "f", 1, "k") == [b"k"]
        ask(client, "FUNCTION", "FLUSH")
        assert ask(client, "FUNCTION", "RESTORE", ask(other, "FUNCTION", "DUMP")) == "OK"
        assert ask(client, "FCALL", "f", 1, "k") == [b"k"]
        for connection in (client, other):
            ask(connection, "FUNCTION", "FLUSH")


def test_a_monitor_sees_a_script_and_what_it_calls(server, client):
    with server.connect() as watching:
        ask(watching, "MONITOR")
        ask(client, "EVAL", "return redis.call('GET', 'key')", 0)
        lines = [read(watching) for _ in range(2)]
    assert '"EVAL"' in str(lines[0])
    assert "lua]" in str(lines[1]) and '"GET" "key"' in str(lines[1])
