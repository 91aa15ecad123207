"""Software for Node.js, from the npm registry, run against the server unmodified. Each *.test.mjs here is a program
of Node's own test runner; package-lock.json says which versions.

Installed once into build/software, next to copies of the programs, since modules are found beside who imports them."""
import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
INSTALLED = HERE.parents[1] / "build" / "software"
PROGRAMS = sorted(path.name for path in HERE.glob("*.test.mjs"))


@pytest.fixture(scope="module")
def installed():
    """The folder that the programs are run in, with what they import."""
    npm = shutil.which("npm")
    assert npm, "npm is missing: `make deps` installs it"
    manifests = [HERE / "package.json", HERE / "package-lock.json"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in manifests)).hexdigest()
    stamp = INSTALLED / "installed"
    INSTALLED.mkdir(parents=True, exist_ok=True)
    if not stamp.exists() or stamp.read_text() != digest:
        for path in manifests:
            shutil.copy(path, INSTALLED)
        # Not `npm ci`: it wants the optional packages of every platform in the lock file, which no registry has to have.
        subprocess.run([npm, "install", "--omit=optional", "--no-audit", "--no-fund",
                        "--ignore-scripts"], cwd=INSTALLED,
                       check=True, timeout=300)
        stamp.write_text(digest)
    for path in HERE.glob("*.mjs"):
        shutil.copy(path, INSTALLED)
    return INSTALLED


@pytest.mark.deadline(400)
@pytest.mark.parametrize("program", PROGRAMS)
def test_node_program(installed, server, program):
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", program], cwd=installed, timeout=180, text=True,
        env=dict(os.environ, REDIS_PORT=str(server.port)), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    assert "\n# fail 0\n" in done.stdout and "\n# pass 0\n" not in done.stdout, done.stdout[-2000:]
