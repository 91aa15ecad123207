#!/usr/bin/env python3
"""Fails on an #include that DESIGN section 2 does not draw, and on a test file that no build
target compiles.

    tests/arrows/include_arrows.py [--root .] [--build build/release ...]

Three rules:
  1. A folder includes only itself and what its arrows lead to, in any number of steps. Project
     headers are included from the root: "storage/table.h".
  2. Only net/ includes libuv.
  3. Every *_test.cc, *_bench.cc and *_fuzz.cc stands where the build looks for it and, of each
     build directory that is given, is in compile_commands.json. Fuzzers are looked for in fuzz
     builds only.
Prints one line for each breach and exits with 1 if there is any.
"""
import argparse
import json
import os
import re
import sys

# DESIGN section 2. A change here needs one there.
ARROWS = {
    "base": [],
    "proto": ["base"],
    "storage": ["base"],
    "engine": ["storage"],
    "caching": ["engine", "storage"],
    "persistence": ["storage"],
    "replication": ["persistence", "engine", "proto", "base"],
    "cluster": ["persistence", "engine", "proto", "base"],
    "scripting": ["base", "proto"],
    "commands": ["engine", "storage", "proto", "caching", "scripting"],
    "net": ["base", "proto"],
    "server": ["base", "proto", "storage", "engine", "caching", "persistence", "replication",
               "cluster", "commands", "scripting", "net"],
}
LIBUV_HEADERS = re.compile(r"^(uv\.h|uv/.*)$")
INCLUDE = re.compile(r"""^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)""")
SOURCE_SUFFIXES = (".h", ".hh", ".hpp", ".cc", ".cpp", ".inc")
# Suffix of a test source -> where the CMake files look for it.
TEST_PLACES = {
    "_test.cc": re.compile(r"^tests/unit/[^/]+/.*_test\.cc$"),
    "_fuzz.cc": re.compile(r"^tests/fuzz/[^/]+_fuzz\.cc$"),
    "_bench.cc": re.compile(r"^bench/micro/[^/]+_bench\.cc$"),
}
IGNORED_FOLDERS = {"build", ".git", ".cache", "__pycache__"}


def reachable(folder, arrows=None):
    """The folders that `folder` may include: itself, and the closure of its arrows."""
    arrows = ARROWS if arrows is None else arrows
    found, waiting = set(), [folder]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += arrows.get(current, [])
    return found


def cycles(arrows=None):
    """The folders that can reach themselves over another one; the design has none."""
    arrows = ARROWS if arrows is None else arrows
    return sorted(folder for folder in arrows
                  if any(folder in reachable(other, arrows) for other in arrows[folder]))


def source_files(root):
    """Every C++ source below the root, as paths from the root."""
    for directory, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - IGNORED_FOLDERS)
        for name in sorted(files):
            if name.endswith(SOURCE_SUFFIXES):
                yield os.path.relpath(os.path.join(directory, name), root)


def includes(path):
    """(line number, name, is_quoted) of each #include; those inside block comments do not
    count."""
    with open(path, encoding="utf-8", errors="replace") as source:
        text = source.read()
    text = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment.group(0).count("\n"), text,
                  flags=re.S)
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) or match.group(2), match.group(1) is not None


def allowed_for(path):
    """The folders that a file may include, or None if it may include all of them."""
    parts = path.split(os.sep)
    if parts[0] in ARROWS:
        return reachable(parts[0])
    # A unit test may lean on what its folder leans on; helpers shared by tests live below tests/.
    if parts[:2] == ["tests", "unit"] and len(parts) > 3 and parts[2] in ARROWS:
        return reachable(parts[2]) | {"tests"}
    return None


def include_breaches(root):
    """Rules 1 and 2."""
    for path in source_files(root):
        folder = path.split(os.sep)[0]
        allowed = allowed_for(path)
        for number, name, is_quoted in includes(os.path.join(root, path)):
            target = name.split("/")[0]
            where = "%s:%d: " % (path, number)
            if LIBUV_HEADERS.match(name) and folder != "net":
                yield where + "only net/ includes <%s>" % name
            elif target in ARROWS and "/" in name:
                if allowed is not None and target not in allowed:
                    yield where + "%s/ may not include %s/ (\"%s\")" % (folder, target, name)
                elif not is_quoted:
                    yield where + "write \"%s\", in quotes" % name
            elif is_quoted and folder in ARROWS and "/" not in name:
                yield where + "write \"%s/%s\", from the root" % (folder, name)


def compiled_files(build, root):
    """The files of a build directory's compile_commands.json, as paths from the root."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as commands:
        entries = json.load(commands)
    return {os.path.relpath(os.path.join(entry["directory"], entry["file"]),
                            os.path.realpath(root))
            for entry in entries}


def build_breaches(root, builds):
    """Rule 3."""
    tests = [(path, suffix) for path in source_files(root) for suffix in TEST_PLACES
             if path.endswith(suffix)]
    for path, suffix in tests:
        if not TEST_PLACES[suffix].match(path):
            yield "%s: the build does not look for *%s here" % (path, suffix)
    for build in builds:
        compiled = compiled_files(build, root)
        # A preset may leave a kind out as a whole (fuzzers need clang), but not one file of a
        # kind.
        kinds = {suffix for suffix in TEST_PLACES if any(path.endswith(suffix)
                                                         for path in compiled)}
        kinds.add("_test.cc")
        for path, suffix in tests:
            if suffix in kinds and path not in compiled:
                yield "%s: in no target of %s" % (path, build)


def breaches(root, builds=()):
    """Every breach of the three rules, as lines of text."""
    found = ["DESIGN's arrows have a cycle at %s" % folder for folder in cycles()]
    return found + list(include_breaches(root)) + list(build_breaches(root, builds))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)))
    parser.add_argument("--build", action="append", default=[])
    options = parser.parse_args()
    found = breaches(options.root, options.build)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
