#!/usr/bin/env bash
# Sets up, builds, gets SmolLM2-135M, runs the experiments on it, draws their figures and prints what was found.
#   scripts/demo.sh [--all]     --all: then on the models that are controls: two small ones trained here, and the planted one, whose
#                               answers are known
# An experiment is in the demo because configs/smollm2-135m has a config of its name (configs/demo: of the controls).
set -euo pipefail
cd "$(dirname "$0")/.."
all=
if [[ "${1:-}" == --all ]]; then all=1; shift; fi
if (($#)); then echo "demo: expected --all or nothing, found $*" >&2; exit 2; fi
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

# A model of two million parameters that grew a sink in ordinary training.
small_model() {
  for config in configs/demo/*.json; do run "$config" out/demo; done
}

# The Llama has no q/k norm: what of the findings stays, in the experiments that have a config of it. On the planted model
# everything, but for experiments that are about one model: those have a config of it.
other_controls() {
  local config own
  for config in configs/demo/demo-llama/*.json; do run "$config" out/demo-llama; done
  .venv/bin/python scripts/plot.py models/demo/emergence.json \
    --beside models/demo/emergence-{seed-1,twin}.json models/demo-llama/emergence.json -o out/demo/emergence.png
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
}

folders=()
if model=$(.venv/bin/python scripts/get_model.py smollm2-135m); then
  for config in configs/smollm2-135m/*.json; do run "$config" out/smollm2-135m --model "$model"; done
  folders+=(out/smollm2-135m)
elif (($? == 3)); then
  echo "demo: without SmolLM2-135M it goes on with the small model that is bundled, models/demo" >&2
  small_model
  folders+=(out/demo)
else
  exit 1
fi
if [[ $all ]]; then
  [[ ${folders[0]} == out/demo ]] || { small_model; folders+=(out/demo); }
  other_controls
  folders+=(out/planted)
fi
for ((i = ${#folders[@]} - 1; i >= 0; --i)); do .venv/bin/python -m sinkscope.summary "${folders[i]}"; done
