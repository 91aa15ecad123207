#!/bin/bash
# Runs every fuzzer of a build for so many seconds, over its corpus and what it finds from there.
#   scripts/run_fuzzers.sh build/fuzz 60 [tally file]
# Prints a line per fuzzer and, last, `N passed, N failed`. What makes a fuzzer fail stays in
# build/fuzz/artifacts/.
set -uo pipefail
build=$1 seconds=$2 tally=${3:-}

passed=0 failed=0
mkdir -p "$build/artifacts"
for source in tests/fuzz/*_fuzz.cc; do
  [ -e "$source" ] || break
  name=$(basename "$source" .cc)
  corpus="$build/corpus/$name"
  mkdir -p "$corpus"
  # Ours is read, what is new goes to the first folder.
  folders=("$corpus")
  for ours in "tests/fuzz/corpus/$name" "tests/fuzz/corpus/${name%_fuzz}"; do
    [ -d "$ours" ] && folders+=("$ours")
  done
  dictionary=()
  [ -f "tests/fuzz/$name.dict" ] && dictionary=("-dict=tests/fuzz/$name.dict")
  log="$build/artifacts/$name.log"
  if "$build/tests/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
      "${dictionary[@]}" -artifact_prefix="$build/artifacts/$name-" "${folders[@]}" >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "  $name: $(sed -n 's/stat::number_of_executed_units: *//p' "$log") runs, no fault"
  else
    failed=$((failed + 1))
    tail -n 60 "$log"
    echo "  $name: FAILED, see $log"
  fi
done
[ -z "$tally" ] || echo "$passed $failed" >>"$tally"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
