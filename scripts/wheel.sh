#!/usr/bin/env bash
# Builds the wheel and leaves it in dist/, installs it into a new environment in another folder and tries it there, with no compiler on
# the PATH: what is in it, the command, a report, findings on SmolLM2 where that can be had, and tests of the package and the program.
#   scripts/wheel.sh [--index]     --index: the environment has what pip takes from the package index (torch is gigabytes), not what
#                                  lies in .venv
set -euo pipefail
cd "$(dirname "$0")/.."
index=
if [[ "${1:-}" == --index ]]; then index=1; shift; fi
if (($#)); then echo "wheel: expected --index or nothing, found $*" >&2; exit 2; fi
scripts/setup.sh
export PATH=$PWD/.venv/bin:$PATH CC=cc CXX=c++  # with the same names and flags ccache knows what scripts/build.sh compiled

# What torch brings, libgomp with it: a second one would have threads of its own.
theirs=(libc10.so libtorch_cpu.so libc10_cuda.so libtorch_cuda.so libcudart.so.13 libgomp.so.1)
rm -rf build/raw-wheel build/wheelhouse
settings=()
if [[ "${CI:-}" == true ]]; then settings=(--config-settings=cmake.define.SINKSCOPE_WERROR=ON); fi  # as CI's build has it
python -m pip wheel -q --disable-pip-version-check --no-build-isolation --no-deps --no-index "${settings[@]}" -w build/raw-wheel .
auditwheel repair "${theirs[@]/#/--exclude=}" -w build/wheelhouse build/raw-wheel/sinkscope-*.whl > build/auditwheel.log 2>&1 ||
  { cat build/auditwheel.log >&2; exit 1; }
mkdir -p dist
rm -f dist/sinkscope-*.whl
mv build/wheelhouse/sinkscope-*.whl dist
wheel=$(echo "$PWD"/dist/sinkscope-*.whl)
echo "wheel: $wheel, $(du -k "$wheel" | cut -f1) kB, after $SECONDS s"

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
python3 -m venv "$new/env"
pip=("$new/env/bin/pip" -q --disable-pip-version-check install)
if [[ $index ]]; then
  "${pip[@]}" -r requirements.txt
else
  packages=$("$new/env/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  cp -asf "$PWD"/.venv/lib/python3*/site-packages/. "$packages"  # links: torch is gigabytes
  rm -rf "$packages"/*sinkscope*
fi
"${pip[@]}" --no-index "$wheel"

# From here on nothing of the build is in reach: another folder, another home, and of the machine's programs those of a shell alone.
mkdir "$new/bin" "$new/home" "$new/work"
for tool in sh bash env cat cp ls mkdir rm uname python3; do ln -s "$(type -P "$tool")" "$new/bin/$tool"; done
model=$(python scripts/get_model.py smollm2-135m) || model=
repository=$PWD
cd "$new/work"
env -i PATH="$new/env/bin:$new/bin" HOME="$new/home" SINKSCOPE_WHEEL="$wheel" SINKSCOPE_MODEL="$model" SINKSCOPE_ROOT="$repository" \
  "$new/env/bin/python" -m pytest -c "$repository/pyproject.toml" --rootdir "$repository" -p no:cacheprovider \
  --program "$new/env/bin/sinkscope" -n "$(nproc)" -rs -m "not slow and not slurm" "$repository"/tests/wheel \
  "$repository"/tests/package/test_run.py "$repository"/tests/commands/test_options.py "$repository"/tests/experiments/test_scan.py
echo "wheel: tried after $SECONDS s"
