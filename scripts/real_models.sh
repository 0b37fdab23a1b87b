#!/usr/bin/env bash
# Measures a real model by the settings in configs/findings (hours on two cores, minutes on a GPU) and leaves each result, trimmed, with
# its figure in results/MODEL.
#   scripts/real_models.sh smollm2-135m|qwen2.5-coder-0.5b|qwen2.5-coder-1.5b [NAME...]
# A name is that of a config: an experiment, or EXPERIMENT.VARIANT. configs/findings/MODEL holds what is one model's alone, in place of the
# common settings or beside them. It runs behind other work. Stopped, it goes on where it was when started again: whole results stay in
# out/findings/MODEL, and one that is there is not made again.
set -euo pipefail
cd "$(dirname "$0")/.."
if (($# == 0)); then sed -n '2,7s/^# //p' "$0" >&2; exit 2; fi
model=$1
shift
names=("$@")
if ((${#names[@]} == 0)); then
  mapfile -t names < <(find configs/findings/*.json "configs/findings/$model" -name '*.json' 2>/dev/null | sed 's#.*/##; s#\.json$##' | sort -u)
fi
# config_of NAME: the model's own settings, else the common ones
config_of() {
  local own=configs/findings/$model/$1.json
  if [[ -e $own ]]; then echo "$own"; else echo "configs/findings/$1.json"; fi
}
for name in "${names[@]}"; do
  [[ -e $(config_of "$name") ]] || { echo "real_models: $(config_of "$name") does not exist" >&2; exit 2; }
done
folder=$(.venv/bin/python scripts/get_model.py "$model")
mkdir -p "out/findings/$model" "results/$model"

for name in "${names[@]}"; do
  whole=out/findings/$model/$name.json kept=results/$model/$name.json
  if [[ ! -e $whole ]]; then
    script=()
    if [[ ${name%%.*} == identify ]]; then script=(--script); fi
    nice -n 19 build/release/sinkscope "${name%%.*}" "${script[@]}" --config "$(config_of "$name")" --model "${folder#"$PWD/"}" --out "$whole"
  fi
  .venv/bin/python -m sinkscope.results.trim "$whole" "$kept"
  .venv/bin/python scripts/plot.py "$kept" -o "${kept%.json}.png" --all
done
.venv/bin/python -m sinkscope.summary "results/$model"
