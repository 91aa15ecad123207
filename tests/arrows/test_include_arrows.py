"""The tree keeps its arrows, and the checker sees it when a tree does not."""
import json
import os

import pytest

from include_arrows import ARROWS, breaches, cycles, reachable
from server_process import PROJECT_ROOT


def tree(root, files):
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as source:
            source.write(text)
    return str(root)


def test_this_tree_keeps_its_arrows():
    assert not breaches(PROJECT_ROOT)


@pytest.mark.parametrize("preset", ["release", "debug", "asan", "tsan", "fuzz", "clang"])
def test_every_test_file_is_in_the_build(preset):
    build = os.path.join(PROJECT_ROOT, "build", preset)
    if not os.path.exists(os.path.join(build, "compile_commands.json")):
        pytest.skip("preset %s is not configured" % preset)
    assert not breaches(PROJECT_ROOT, [build])


def test_the_arrows_have_no_cycle():
    assert not cycles()
    assert cycles({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}) == ["a", "b", "c"]


def test_arrows_lead_on():
    assert reachable("commands") == {"commands", "engine", "storage", "proto", "caching", "base",
                                     "scripting"}
    assert reachable("net") == {"net", "base", "proto"}
    assert reachable("server") == set(ARROWS)


@pytest.mark.parametrize("path,line", [
    ("storage/table.cc", '#include "engine/engine.h"'),
    ("base/clock.h", '#include "storage/table.h"'),
    ("proto/parser.cc", '  #  include "storage/entry.h"'),
    ("net/worker.cc", '#include "commands/table.h"'),
    ("commands/strings.cc", '#include "server/config.h"'),
    ("commands/strings.cc", '#include "net/worker.h"'),
    ("engine/engine.cc", '#include <proto/writer.h>'),
    ("server/main.cc", "#include <uv.h>"),
    ("tests/unit/server/x_test.cc", "#include <uv.h>"),
    ("tests/unit/storage/x_test.cc", '#include "engine/engine.h"'),
    ("storage/table.cc", '#include "table.h"'),
    ("storage/table.cc", '#include <base/clock.h>'),
])
def test_an_arrow_that_is_not_drawn_is_found(tmp_path, path, line):
    found = breaches(tree(tmp_path, {path: "// one\n%s\n" % line}))
    assert len(found) == 1 and found[0].startswith(path + ":2: ")


@pytest.mark.parametrize("path,line", [
    ("storage/table.cc", '#include "storage/table.h"'),
    ("commands/strings.cc", '#include "base/clock.h"'),
    ("net/worker.cc", "#include <uv.h>"),
    ("server/main.cc", '#include "net/worker.h"'),
    ("storage/table.cc", '// #include "server/config.h"'),
    ("storage/table.cc", '/* \n#include "server/config.h"\n*/'),
    ("storage/table.cc", "#include <vector>"),
    ("tests/unit/engine/x_test.cc", '#include "storage/table.h"'),
    ("tests/fuzz/x_fuzz.cc", '#include "server/session.h"'),
    ("bench/micro/x_bench.cc", '#include "engine/engine.h"'),
    ("build/release/gen.cc", '#include "server/config.h"'),
])
def test_a_drawn_arrow_is_fine(tmp_path, path, line):
    assert not breaches(tree(tmp_path, {path: line + "\n"}))


@pytest.mark.parametrize("path", ["storage/table_test.cc", "tests/table_test.cc",
                                  "tests/unit/table_test.cc", "bench/table_bench.cc",
                                  "tests/unit/storage/table_fuzz.cc"])
def test_a_test_file_in_the_wrong_place_is_found(tmp_path, path):
    assert len(breaches(tree(tmp_path, {path: ""}))) == 1


def test_a_test_file_that_is_not_compiled_is_found(tmp_path):
    names = ["tests/unit/storage/a_test.cc", "tests/unit/storage/b_test.cc",
             "bench/micro/c_bench.cc", "tests/fuzz/d_fuzz.cc"]
    root = tree(tmp_path, {name: "" for name in names})
    build = os.path.join(root, "build", "release")
    compiled = [{"directory": build, "file": os.path.join(root, name)}
                for name in (names[0], names[2])]
    tree(tmp_path, {"build/release/compile_commands.json": json.dumps(compiled)})
    # The fuzzer is not missed: this build has none at all.
    assert breaches(root, [build]) == ["tests/unit/storage/b_test.cc: in no target of " + build]
