#!/usr/bin/env bash
# Sets up, builds, runs the experiments on the bundled trained model, and on the planted one, whose answers are known;
# draws every figure and prints what was found.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh

# run_all FOLDER OPTIONS...: the five experiments by their demo configs, changed by the options, with their figures.
run_all() {
  local folder=$1
  shift
  mkdir -p "$folder"
  for experiment in scan rope-swap vocab-sweep self-mask mlp-probe; do
    local command=(build/release/sinkscope "$experiment" --config "configs/demo/$experiment.json" "$@" --out "$folder/$experiment.json")
    "${command[@]}" || { echo "demo: $experiment failed; again by hand: ${command[*]}" >&2; exit 1; }
    .venv/bin/python "scripts/plot_${experiment//-/_}.py" "$folder/$experiment.json" -o "$folder/$experiment.png" ||
      { echo "demo: drawing $folder/$experiment.json failed" >&2; exit 1; }
  done
  .venv/bin/python scripts/plot_mlp_probe.py --self-only "$folder/mlp-probe.json" -o "$folder/mlp-probe-self-only.png"
}

run_all out/demo
.venv/bin/python scripts/plot_emergence.py models/demo/emergence.json --beside models/demo/emergence-{seed-1,twin}.json -o out/demo/emergence.png
run_all out/planted --model models/planted --text models/planted/text.txt --length 64
.venv/bin/python scripts/summary.py out/planted
.venv/bin/python scripts/summary.py out/demo
