#!/usr/bin/env bash
# Configures and builds build/release; used by demo.sh and test.sh. Extra arguments go to cmake's configure step.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset release "$@" > build-configure.log 2>&1 ||
  { tail -20 build-configure.log; echo "build: configuring failed; the log is build-configure.log" >&2; exit 1; }
rm -f build-configure.log
cmake --build build/release -j "$(nproc)" ||
  { echo "build: compiling failed; the first error above says where" >&2; exit 1; }
