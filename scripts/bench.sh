#!/usr/bin/env bash
# Sets up, builds, and measures sinkscope against the matrix products alone and against its peers; see bench/README.md.
# Options go to bench/run.py: --quick, --device cuda, --contenders sinkscope,ceiling
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh
cmake --build build/release --target ceiling

# TransformerLens lives in an environment of its own that sees the project's torch and transformers.
venv=build/bench/venv
if [[ ! -e $venv/ready ]]; then
  .venv/bin/python -m venv "$venv"
  .venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
    "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
  "$venv/bin/pip" install -q --no-cache-dir --disable-pip-version-check -r bench/requirements.txt ||
    { echo "bench: installing TransformerLens failed; without it: scripts/bench.sh --contenders ceiling,sinkscope,published,sdpa" >&2; exit 1; }
  touch "$venv/ready"
fi
exec "$venv/bin/python" bench/run.py "$@"
