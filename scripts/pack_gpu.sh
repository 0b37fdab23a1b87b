#!/usr/bin/env bash
# Packs what scripts/gpu_check.sh runs on a GPU node that has Python with torch and nothing else of ours: the built program with its CUDA
# module, the GPU's tests, the benchmark's programs, and the libraries that they need and such a node may lack. torch's own stay out.
#   scripts/pack_gpu.sh [FILE]     default: build/gpu.tar.xz; carry it with the clone
set -euo pipefail
cd "$(dirname "$0")/.."
file=${1:-build/gpu.tar.xz}
from=build/release
cmake --build "$from" -j "$(nproc)" --target sinkscope cuda_test ceiling gpu_kernels > /dev/null ||
  { echo "pack_gpu: run scripts/build.sh first; the error above says what failed" >&2; exit 1; }
programs=(sinkscope tests/unit/cuda_test bench/ceiling bench/gpu_kernels)
[[ -e $from/libsinkscope_cuda.so ]] && programs+=(libsinkscope_cuda.so) ||
  echo "pack_gpu: $from has no CUDA module, for nvcc was not found: the pack serves --device cpu alone" >&2

pack=$(mktemp -d)
trap 'rm -rf "$pack"' EXIT
mkdir "$pack/lib"
for program in "${programs[@]}"; do
  install -D "$from/$program" "$pack/$program"
  strip "$pack/$program"
done
# The C and C++ libraries are every node's own, and torch brings its own libraries.
for program in "${programs[@]}"; do ldd "$from/$program"; done | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
  grep -vE '/torch/|/nvidia/|/cuda|/(libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s|ld-linux[^/]*)\.so' |
  while read -r library; do cp -L "$library" "$pack/lib/"; done
git rev-parse HEAD > "$pack/commit"
tar -C "$pack" -cJf "$file" .
echo "pack_gpu: $file, $(du -m "$file" | cut -f1) MB: $(cd "$pack" && ls lib | tr '\n' ' ')"
