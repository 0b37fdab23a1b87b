#!/usr/bin/env bash
# Sets up, builds, runs the experiments on the bundled trained model, and on the planted one, whose answers are known;
# draws every figure and prints what was found.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh

# run_one FOLDER EXPERIMENT OPTIONS...: one experiment by its demo config, changed by the options.
run_one() {
  local folder=$1 experiment=$2
  shift 2
  local command=(build/release/sinkscope "$experiment" --config "configs/demo/$experiment.json" "$@" --out "$folder/$experiment.json")
  "${command[@]}" || { echo "demo: $experiment failed; again by hand: ${command[*]}" >&2; exit 1; }
}

# draw FOLDER EXPERIMENT OPTIONS...: its figure.
draw() {
  local folder=$1 experiment=$2
  shift 2
  .venv/bin/python scripts/plot.py "$folder/$experiment.json" -o "$folder/$experiment.png" "$@" ||
    { echo "demo: drawing $folder/$experiment.json failed" >&2; exit 1; }
}

# run_all FOLDER MODEL OPTIONS...: the experiments with their figures; the atlas takes no text, so none of the options.
run_all() {
  local folder=$1 model=$2
  shift 2
  mkdir -p "$folder"
  run_one "$folder" first-token --model "$model"
  draw "$folder" first-token
  for experiment in scan rope-swap vocab-sweep self-mask mlp-probe zero-sweep path-split head-attribution transplant \
    stat-match mix-dose magc gate-readout channel-trace channel-patch identify; do
    run_one "$folder" "$experiment" --model "$model" "$@"
    local beside=()
    if [[ $experiment == vocab-sweep ]]; then beside=(--atlas "$folder/first-token.json"); fi
    draw "$folder" "$experiment" "${beside[@]}"
  done
  .venv/bin/python scripts/plot.py "$folder/mlp-probe.json" --self-only -o "$folder/mlp-probe-self-only.png"
}

# What stays of the findings without q/k norm.
mkdir -p out/demo-llama
for experiment in scan rope-swap self-mask; do
  run_one out/demo-llama "$experiment" --model models/demo-llama --dtype float32
  draw out/demo-llama "$experiment"
done

# The trials of `intervene` are about one model: those of the config about the demo model.
run_all out/demo models/demo
run_one out/demo intervene
draw out/demo intervene
.venv/bin/python scripts/plot.py models/demo/emergence.json \
  --beside models/demo/emergence-{seed-1,twin}.json models/demo-llama/emergence.json -o out/demo/emergence.png
PLANTED=(models/planted --text models/planted/text.txt --length 64)
run_all out/planted "${PLANTED[@]}"
run_one out/planted intervene --model "${PLANTED[@]}" --trials configs/demo/planted-trials.json
draw out/planted intervene
.venv/bin/python -m sinkscope.results out/planted
.venv/bin/python -m sinkscope.results out/demo
