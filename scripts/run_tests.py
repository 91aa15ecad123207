#!/usr/bin/python3
"""Runs the unit tests of a build and the Python tests, and counts them.

  scripts/run_tests.py --build build/release                    # everything
  scripts/run_tests.py --build build/asan --unit                # the unit tests alone
  scripts/run_tests.py --build build/tsan --unit base engine    # those of two folders
  scripts/run_tests.py --build build/tsan --pytest tests/integration -k pipeline

What passes is told in a line per suite; what fails, with its output. The last line is
`N passed, N failed`. A suite that crashes, hangs or cannot be started counts as one failure, and so does
a folder of tests/unit without its program. --tally FILE appends the two numbers for a caller to add up.
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
UNIT_SECONDS_MAX = 600
PYTEST_SECONDS_MAX = 1800
# pytest's exit code when the selection is empty.
PYTEST_NONE_SELECTED = 5


class Outcome:
    """What one suite came to."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.seconds = 0.0
        self.output = ""

    def count(self, report):
        """Adds up a JUnit report, which gtest and pytest both write; False if there is none."""
        try:
            root = ElementTree.parse(report).getroot()
        except (OSError, ElementTree.ParseError):
            return False
        suites = [root] if root.tag == "testsuite" else root.findall("testsuite")
        for suite in suites:
            number = lambda key: int(suite.get(key, "0"))
            bad = number("failures") + number("errors")
            skipped = number("skipped") + number("disabled")
            self.failed += bad
            self.skipped += skipped
            self.passed += number("tests") - bad - skipped
        return True


def run(name, command, seconds_max, environment, accepted_codes=(0,)):
    """Runs one suite to its end and counts it."""
    outcome = Outcome(name)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        command = [part.replace("{report}", str(report)) for part in command]
        try:
            done = subprocess.run(command, cwd=ROOT, env=environment, timeout=seconds_max, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
            outcome.output, code = done.stdout, done.returncode
        except subprocess.TimeoutExpired as late:
            outcome.output = (late.stdout or b"").decode(errors="replace") + f"\nNot done after {seconds_max} s.\n"
            code = -1
        except OSError as failure:
            outcome.output, code = f"{failure}\n", -1
        counted = outcome.count(report)
    outcome.seconds = time.monotonic() - start
    # A crash leaves no report; a sanitizer's complaint at exit leaves one without failures.
    if code not in accepted_codes and (not counted or outcome.failed == 0):
        outcome.failed += 1
        outcome.output += f"\n{name} ended with code {code}.\n"
    return outcome


def tell(outcome):
    """One line for a suite, and everything that it said if it failed."""
    skipped = f", {outcome.skipped} skipped" if outcome.skipped else ""
    if outcome.failed:
        print(outcome.output)
    print(f"  {outcome.name}: {outcome.passed} passed, {outcome.failed} failed{skipped} "
          f"({outcome.seconds:.1f} s)", flush=True)


def unit_outcomes(build, environment, only):
    """Runs every unit test program, or those of some folders, as many at a time as there are cores."""
    folders = sorted(path.name for path in (ROOT / "tests/unit").glob("*") if list(path.rglob("*.cc")))
    if only:
        folders = only
    command = lambda folder: [str(build / "tests" / f"unit_{folder}"), "--gtest_brief=1",
                              "--gtest_output=xml:{report}"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(run, f"unit_{folder}", command(folder), UNIT_SECONDS_MAX, environment)
                   for folder in folders]
        for done in concurrent.futures.as_completed(running):
            yield done.result()


def pytest_outcome(arguments, environment):
    """Runs pytest with `arguments`, as many files at a time as there are cores; an empty selection is told, and is
    no failure."""
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(os.cpu_count()), "--dist", "loadfile",
               "--junitxml={report}", *arguments]
    return run("pytest " + " ".join(arguments), command, PYTEST_SECONDS_MAX, environment, (0, PYTEST_NONE_SELECTED))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--unit", nargs="*", metavar="FOLDER", help="only the unit tests")
    parser.add_argument("--pytest", nargs=argparse.REMAINDER, help="only pytest, with these arguments")
    parser.add_argument("--tally", type=pathlib.Path)
    options = parser.parse_args()
    build = (ROOT / options.build).resolve()
    environment = dict(os.environ, RINGTAIL_SERVER=str(build / "ringtail-server"))

    outcomes = []
    if options.pytest is None:
        for outcome in unit_outcomes(build, environment, options.unit):
            outcomes.append(outcome)
            tell(outcome)
    has_python_tests = list((ROOT / "tests").rglob("test_*.py"))
    if options.unit is None and (options.pytest is not None or has_python_tests):
        outcomes.append(pytest_outcome(options.pytest or ["tests"], environment))
        tell(outcomes[-1])

    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    if options.tally:
        with options.tally.open("a") as tally:
            tally.write(f"{passed} {failed}\n")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
