#!/usr/bin/env bash
# Sets up, builds, runs the experiments on the bundled model with the bundled text, draws every figure and prints what
# was found.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh
mkdir -p out/demo
for experiment in scan rope-swap vocab-sweep self-mask mlp-probe; do
  build/release/sinkscope "$experiment" --config "configs/demo/$experiment.json" ||
    { echo "demo: $experiment failed; again by hand: build/release/sinkscope $experiment --config configs/demo/$experiment.json" >&2; exit 1; }
  .venv/bin/python "scripts/plot_${experiment//-/_}.py" "out/demo/$experiment.json" -o "out/demo/$experiment.png" ||
    { echo "demo: drawing $experiment failed" >&2; exit 1; }
done
.venv/bin/python scripts/plot_mlp_probe.py --self-only out/demo/mlp-probe.json -o out/demo/mlp-probe-self-only.png
.venv/bin/python scripts/plot_emergence.py models/demo/emergence.json --beside models/demo/emergence-seed-1.json -o out/demo/emergence.png
.venv/bin/python scripts/summary.py out/demo
