#!/usr/bin/env bash
# Format and lint: clang-format on all C++ and CUDA sources, ruff on all Python, clang-tidy on C++ sources that differ from the
# last commit but one, at most 16 of them, since one takes half a minute; with BASE on all that differ from that commit.
#   scripts/lint.sh [--fix] [BASE]      --fix: format in place; without it nothing is changed
set -euo pipefail
cd "$(dirname "$0")/.."
fix=
if [[ "${1:-}" == --fix ]]; then fix=1; shift; fi
base=${1:-HEAD~1} most=${1:+100000}

mapfile -t sources < <(git ls-files '*.cpp' '*.h' '*.cu' '*.cuh')
if [[ $fix ]]; then
  clang-format -i "${sources[@]}"
  .venv/bin/ruff check --quiet --fix .
else
  clang-format --dry-run --Werror "${sources[@]}" || { echo "lint: scripts/lint.sh --fix formats these" >&2; exit 1; }
  .venv/bin/ruff check --quiet .
fi
echo "lint: ${#sources[@]} C++ sources formatted, Python clean"

git rev-parse --quiet --verify "$base^{commit}" >/dev/null || { echo "lint: no commit $base to compare with; clang-tidy not run"; exit 0; }
mapfile -t changed < <(git diff --name-only --diff-filter=d "$base" -- '*.cpp' | grep -v '^tests/' || true)
if ((${#changed[@]} == 0)); then echo "lint: no C++ source changed since $base"; exit 0; fi
if ((${#changed[@]} > ${most:-16})); then
  echo "lint: ${#changed[@]} C++ sources changed since $base; clang-tidy looks at the first 16: scripts/lint.sh $base looks at all"
  changed=("${changed[@]:0:16}")
fi
# clang reads the compiler's commands, without the flags and the precompiled header that are g++'s alone.
mkdir -p build/tidy
sed -E 's/ -(fpch-preprocess|Winvalid-pch|Wno-stringop-overflow|Wno-maybe-uninitialized)//g; s# -include [^ ]*cmake_pch.hxx# -include ATen/ATen.h#g' \
  build/release/compile_commands.json > build/tidy/compile_commands.json
printf '%s\n' "${changed[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p build/tidy 2> build/tidy/log ||
  { echo "lint: clang-tidy found the above (build/tidy/log has its other output)" >&2; exit 1; }
echo "lint: clang-tidy has nothing to say on ${#changed[@]} sources that changed since $base"
