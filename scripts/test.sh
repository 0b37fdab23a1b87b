#!/usr/bin/env bash
# Sets up, builds and runs every test: the libraries' by ctest, the program's by pytest, those on Slurm alone on the machine.
# Tests that need data or programs which are not there are skipped and say why.
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ "${CI:-}" == true ]]; then
  scripts/setup.sh --with-slurm --with-browser --with-shells
  scripts/build.sh -DSINKSCOPE_WERROR=ON
else
  scripts/setup.sh
  scripts/build.sh
fi

pytest=(.venv/bin/python -m pytest)
closing=$(mktemp)
trap 'rm -f "$closing"' EXIT
failed=0

# run NAME AGAIN COMMAND...: keeps the line that counts the tests, and says how to run one again where some failed.
run() {
  local name=$1 again=$2 log
  shift 2
  log=$(mktemp)
  if ! "$@" 2>&1 | tee "$log"; then
    failed=1
    echo "test: some tests failed; one again: $again" >&2
  fi
  { echo "$name:"; grep -E '^[0-9]+% tests passed|^=+ .* in [0-9.]+s' "$log" | tail -n 1 || true; } >> "$closing"
  rm -f "$log"
}

run "C++" "ctest --test-dir build/release -R NAME --output-on-failure" \
  ctest --test-dir build/release --output-on-failure -j "$(nproc)" --timeout 300
run "on Slurm" "${pytest[*]} -m slurm -k NAME" "${pytest[@]}" -m slurm -rs
run "program" "${pytest[*]} -k NAME" "${pytest[@]}" -n "$(nproc)" -rs --durations=20 --durations-min=10
cat "$closing"
exit $failed
