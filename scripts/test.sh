#!/usr/bin/env bash
# Sets up, builds and runs every test. Tests that need data which a clone does not have say 'skipped'.
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ "${CI:-}" == true ]]; then
  scripts/setup.sh --with-slurm
  scripts/build.sh -DSINKSCOPE_WERROR=ON
else
  scripts/setup.sh
  scripts/build.sh
fi
ctest --test-dir build/release --output-on-failure -j "$(nproc)" --timeout 900 ||
  { status=$?; echo "test: some tests failed; one again: ctest --test-dir build/release -R NAME --output-on-failure" >&2; exit $status; }
