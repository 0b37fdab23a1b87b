#!/usr/bin/env bash
# Measures a real model by the settings in configs/findings (hours) and leaves each result, trimmed, with its figure in results/MODEL.
#   scripts/real_models.sh smollm2-135m|qwen2.5-coder-0.5b|qwen2.5-coder-1.5b [EXPERIMENT...]
# Settings of one model alone are in configs/findings/MODEL. It runs behind other work. Stopped, it goes on where it was when started
# again: whole results stay in out/findings/MODEL, and one that is there is not made again.
set -euo pipefail
cd "$(dirname "$0")/.."
if (($# == 0)); then sed -n '2,5s/^# //p' "$0" >&2; exit 2; fi
model=$1
shift
configs=(configs/findings/*.json)
if (($#)); then configs=("${@/#/configs/findings/}"); configs=("${configs[@]/%/.json}"); fi
for config in "${configs[@]}"; do [[ -e $config ]] || { echo "real_models: $config does not exist" >&2; exit 2; }; done
folder=$(.venv/bin/python scripts/get_model.py "$model")
mkdir -p "out/findings/$model" "results/$model"

for config in "${configs[@]}"; do
  experiment=$(basename "$config" .json)
  own=configs/findings/$model/$experiment.json
  if [[ -e $own ]]; then config=$own; fi
  whole=out/findings/$model/$experiment.json kept=results/$model/$experiment.json
  if [[ ! -e $whole ]]; then
    nice -n 19 build/release/sinkscope "$experiment" --config "$config" --model "${folder#"$PWD/"}" --out "$whole"
  fi
  .venv/bin/python -m sinkscope.results.trim "$whole" "$kept"
  .venv/bin/python scripts/plot.py "$kept" -o "${kept%.json}.png" --all
done
.venv/bin/python -m sinkscope.summary "out/findings/$model"
