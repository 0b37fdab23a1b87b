#pragma once

#include <cuda_runtime.h>

/// kernel<<<blocks, threads, 0, stream>>>(arguments...) in plain C++, so that the tests' host compiler reads these
/// files too. An error is left to cudaGetLastError.
template <typename... Arguments>
void launch(void (*kernel)(Arguments...), dim3 blocks, dim3 threads, cudaStream_t stream, Arguments... arguments) {
  void* pointers[] = {&arguments...};
  cudaLaunchKernel(kernel, blocks, threads, pointers, 0, stream);
}
