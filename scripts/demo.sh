#!/usr/bin/env bash
# Sets up, builds, runs the experiments on the bundled trained models, and on the planted one, whose answers are known;
# draws every figure and prints what was found. An experiment is in the demo because configs/demo has a config of its name.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh

# run CONFIG FOLDER OPTIONS...: the experiment that the config is named after, changed by the options, and its figures.
run() {
  local config=$1 folder=$2 experiment
  experiment=$(basename "$config" .json)
  shift 2
  mkdir -p "$folder"
  local command=(build/release/sinkscope "$experiment" --config "$config" "$@" --out "$folder/$experiment.json")
  "${command[@]}" || { echo "demo: $experiment failed; again by hand: ${command[*]}" >&2; exit 1; }
  .venv/bin/python scripts/plot.py "$folder/$experiment.json" -o "$folder/$experiment.png" --all ||
    { echo "demo: drawing $folder/$experiment.json failed" >&2; exit 1; }
}

# What stays of the findings without q/k norm: the experiments that have a config of that model.
for config in configs/demo/demo-llama/*.json; do run "$config" out/demo-llama; done

for config in configs/demo/*.json; do run "$config" out/demo; done
.venv/bin/python scripts/plot.py models/demo/emergence.json \
  --beside models/demo/emergence-{seed-1,twin}.json models/demo-llama/emergence.json -o out/demo/emergence.png

# The same on the planted model and its text, but for experiments that are about one model: those have a config of it.
for config in configs/demo/*.json; do
  own=configs/demo/planted/$(basename "$config")
  if [[ -e $own ]]; then
    run "$own" out/planted
  elif grep -q '"text"' "$config"; then
    run "$config" out/planted --model models/planted --text models/planted/text.txt --length 64
  else
    run "$config" out/planted --model models/planted
  fi
done
.venv/bin/python -m sinkscope.summary out/planted
.venv/bin/python -m sinkscope.summary out/demo
