#!/usr/bin/env bash
# Proves sinkscope on a GPU, in stages that fit ten minutes each, with nothing but this clone, a Python with torch and transformers, and
# the program: a pack of scripts/pack_gpu.sh (build/gpu.tar.xz), or build/release where the clone was built. Nothing is fetched or installed.
#   scripts/gpu_check.sh [--device cuda|cpu] [--pack FILE] [--out FOLDER] [STAGE...]     --list names the stages and what each needs
# Without stages: all that have not passed yet. What passed leaves FOLDER/STAGE.passed, and FOLDER/STAGE.log either way; a stage that is
# named runs again. --device cpu runs the same stages at small sizes. The last stage, record, writes FOLDER/<device>.{json,md}.
set -euo pipefail
cd "$(dirname "$0")/.."
device=cuda pack=build/gpu.tar.xz out=out/gpu wanted=()

describe() {
  cat <<'END'
stage        minutes  needs                                what
unit            0.5   the pack                             the GPU's unit tests: kernels against their twins; none may be skipped
agreement       2     transformers, pytest, safetensors    every hook point of every family in float32 (TF32 off) and bfloat16, and trials
experiments     3     the same                             every experiment on the planted model against the CPU; the experiments' own tests
kernels         0.5   the pack                             microseconds of each kernel and its share of a copy's rate
memcheck        2     compute-sanitizer                    memcheck and racecheck over the kernels' tests
bench           4     transformers, 17 GB on the disk      a pass beside the matrix products alone, fp8, transformers; loading
profile         1     ncu                                  counters of the kernels between the matrix products
record          0.1   what passed                          <device>.json and <device>.md
END
}

while (($#)); do
  case "$1" in
    --device) device=$2; shift 2 ;;
    --pack) pack=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --list) describe; exit 0 ;;
    --help) sed -n '2,6s/^# //p' "$0"; exit 0 ;;
    --*) echo "gpu_check: expected --device, --pack, --out, --list or stages, found $1" >&2; exit 2 ;;
    *) wanted+=("$1"); shift ;;
  esac
done
mapfile -t stages < <(describe | awk 'NR > 1 {print $1}')
for stage in "${wanted[@]}"; do
  [[ " ${stages[*]} " == *" $stage "* ]] || { echo "gpu_check: no stage $stage; expected one of ${stages[*]}" >&2; exit 2; }
done
mkdir -p "$out"
out=$(realpath "$out")

build=$PWD/build/release
if [[ -e $pack ]]; then
  build=$(realpath "${pack%.tar.xz}")
  if [[ ! -e $build/commit || $pack -nt $build/commit ]]; then rm -rf "$build"; mkdir -p "$build"; tar -C "$build" -xJmf "$pack"; fi
fi
[[ -x $build/sinkscope ]] || { echo "gpu_check: neither $pack nor build/release/sinkscope is there; make one with scripts/pack_gpu.sh" >&2; exit 1; }
python=python3
[[ -x .venv/bin/python ]] && python=$PWD/.venv/bin/python
torch=$("$python" -c 'import torch; print(torch.__path__[0])')
export LD_LIBRARY_PATH=$torch/lib:$(dirname "$torch")/nvidia/cu13/lib:$build/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PYTHONPATH=$PWD/python SINKSCOPE=$build/sinkscope SINKSCOPE_DEVICE=$device PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1
tests=("$python" -m pytest -p no:cacheprovider -v --no-header --tb=short --maxfail=30 -rfE)
"$python" -c 'import xdist' 2>/dev/null && tests+=(-n "$(($(nproc) < 8 ? $(nproc) : 8))" --dist=worksteal)
small=; [[ $device == cpu ]] && small=1

stage_unit() {
  if [[ $small ]]; then "$build/tests/unit/cuda_test"; return; fi  # each says that no GPU is there
  "$build/tests/unit/cuda_test" | tee "$out/unit.gtest" || return
  ! grep -q 'SKIPPED' "$out/unit.gtest"
}
stage_agreement() {
  if [[ $small ]]; then "${tests[@]}" tests/agreement/test_hook_points.py -k qwen2-0; return; fi
  "${tests[@]}" tests/agreement/test_hook_points.py tests/agreement/test_trials.py tests/models/test_planted_circuit.py
}
stage_experiments() {
  if [[ $small ]]; then "${tests[@]}" tests/agreement/test_devices.py -k 'scan or zero-sweep'; return; fi
  "${tests[@]}" tests/agreement/test_devices.py tests/experiments
}
stage_kernels() {
  if [[ $small ]]; then echo "no kernels on a CPU"; return; fi
  "$build/bench/gpu_kernels" | tee "$out/kernels.jsonl"
}
stage_memcheck() {
  if [[ $small ]]; then echo "compute-sanitizer looks at a GPU's kernels"; return; fi
  local tool
  for tool in memcheck racecheck; do  # a whole pass and 65,536 samples would take minutes under them
    compute-sanitizer --tool "$tool" --error-exitcode 9 --target-processes all "$build/tests/unit/cuda_test" \
      --gtest_filter='Cuda.*Kernels*:Cuda.Parts*:Cuda.Rows*:Cuda.Float8*:Cuda.Columns*' || return
  done
}
# Peers once, for loading them takes longest. What was measured before a stage was cut stays in the record.
stage_bench() {
  local bench=("$python" bench/run.py --build "$build")
  if [[ $small ]]; then
    "${bench[@]}" --out "$out/bench" --quick --like smollm2-135m --shapes 4x16 --passes 1 --dtypes float32 --contenders ceiling,sinkscope,sdpa
    return
  fi
  bench+=(--device cuda --like qwen3-8b --shapes 64x32,32x512)
  "${bench[@]}" --out "$out/bench" --rounds 2 --passes 12 --contenders ceiling,sinkscope,sinkscope-fp8 || return
  "${bench[@]}" --out "$out/bench-peers" --rounds 1 --passes 6 --contenders sdpa,published
}
stage_profile() {
  if [[ $small ]]; then echo "ncu looks at a GPU's kernels"; return; fi
  ncu --clock-control none --kernel-name 'regex:row_work|swiglu|float8_rows|columns_kernel' --launch-skip 20 --launch-count 40 \
    --section SpeedOfLight --section Occupancy --section LaunchStats --csv "$build/bench/gpu_kernels" | tee "$out/profile.csv"
}
stage_record() {
  "$python" bench/gpu_record.py "$out" --device "$device"
}

failed=()
for stage in "${wanted[@]:-${stages[@]}}"; do
  if ((${#wanted[@]} == 0)) && [[ -e $out/$stage.passed && $stage != record ]]; then echo "gpu_check: $stage passed before"; continue; fi
  rm -f "$out/$stage.passed"
  start=$SECONDS
  if (set -o pipefail; "stage_$stage") > "$out/$stage.log" 2>&1; then
    echo "$((SECONDS - start))" > "$out/$stage.passed"
    echo "gpu_check: $stage passed in $((SECONDS - start)) s"
  else
    failed+=("$stage")
    tail -n 40 "$out/$stage.log"
    echo "gpu_check: $stage failed after $((SECONDS - start)) s; all it said is in $out/$stage.log" >&2
  fi
done
((${#failed[@]} == 0)) || { echo "gpu_check: failed: ${failed[*]}" >&2; exit 1; }
