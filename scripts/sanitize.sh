#!/usr/bin/env bash
# Builds with AddressSanitizer and UBSan (build/asan) and runs the C++ unit tests and a handful of commands under them. A finding ends
# the run. Leaks that are torch's own are listed in cmake/leaks.supp.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
cmake --preset asan "$@" > build-asan.log 2>&1 || { tail -20 build-asan.log; echo "sanitize: configuring failed" >&2; exit 1; }
rm -f build-asan.log
cmake --build build/asan -j "$(nproc)" || { echo "sanitize: compiling failed; the first error above says where" >&2; exit 1; }

export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:check_initialization_order=1
export LSAN_OPTIONS=suppressions=$PWD/cmake/leaks.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
ctest --test-dir build/asan --output-on-failure -j "$(nproc)" --timeout 900

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
run() { build/asan/sinkscope "$@" --quiet > "$out/log" 2>&1 || { cat "$out/log" >&2; echo "sanitize: failed: sinkscope $*" >&2; exit 1; }; }
model=(--model models/planted --text models/planted/text.txt --samples 4 --length 32 --threads 2)
for command in scan rope-swap self-mask zero-sweep; do run "$command" "${model[@]}" --out "$out/$command.json"; done
run vocab-sweep "${model[@]}" --ids 0-63 --out "$out/vocab-sweep.json"
run identify "${model[@]}" --samples 8 --controls 2 --out "$out/identify.json"
echo "sanitize: unit tests and 6 commands ran without a finding"
