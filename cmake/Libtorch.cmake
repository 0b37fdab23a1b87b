# Libtorch as an imported target, sinkscope::torch: libtorch_cpu and libc10 and nothing of CUDA, so that one
# binary serves machines with and without a GPU. find_package(Torch) of a CUDA build needs a whole toolkit.
#
# Looked for in CMAKE_PREFIX_PATH (a libtorch of 2.9 or newer, CPU or CUDA), then in the torch of .venv's Python.

find_path(TORCH_ROOT NAMES lib/libtorch_cpu.so
          HINTS ${CMAKE_PREFIX_PATH} PATH_SUFFIXES torch ../.. NO_DEFAULT_PATH)
if(NOT TORCH_ROOT)
  find_program(SINKSCOPE_PYTHON NAMES python3 HINTS ${PROJECT_SOURCE_DIR}/.venv/bin NO_DEFAULT_PATH)
  if(SINKSCOPE_PYTHON)
    execute_process(
      COMMAND ${SINKSCOPE_PYTHON} -c
              "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
      OUTPUT_VARIABLE torch_of_python OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    find_path(TORCH_ROOT NAMES lib/libtorch_cpu.so HINTS ${torch_of_python} NO_DEFAULT_PATH)
  endif()
endif()
if(NOT TORCH_ROOT)
  message(FATAL_ERROR "libtorch not found: run scripts/setup.sh, or pass -DCMAKE_PREFIX_PATH=<libtorch>")
endif()

file(REAL_PATH ${TORCH_ROOT} TORCH_ROOT)
foreach(header include/torch/headeronly/version.h include/torch/csrc/api/include/torch/version.h)
  if(EXISTS ${TORCH_ROOT}/${header} AND NOT SINKSCOPE_TORCH_VERSION)
    foreach(part MAJOR MINOR PATCH)
      file(STRINGS ${TORCH_ROOT}/${header} line REGEX "define TORCH_VERSION_${part} ")
      string(REGEX REPLACE ".* ([0-9]+).*" "\\1" number "${line}")
      list(APPEND torch_version ${number})
    endforeach()
    string(REPLACE ";" "." SINKSCOPE_TORCH_VERSION "${torch_version}")
  endif()
endforeach()
if(SINKSCOPE_TORCH_VERSION VERSION_LESS 2.9)
  message(FATAL_ERROR "libtorch in ${TORCH_ROOT} is '${SINKSCOPE_TORCH_VERSION}'; expected 2.9 or newer")
endif()
message(STATUS "libtorch ${SINKSCOPE_TORCH_VERSION} in ${TORCH_ROOT}")

foreach(lib c10 torch_cpu)
  add_library(sinkscope_${lib} SHARED IMPORTED)
  set_target_properties(sinkscope_${lib} PROPERTIES IMPORTED_LOCATION ${TORCH_ROOT}/lib/lib${lib}.so)
endforeach()
add_library(sinkscope_torch INTERFACE)
add_library(sinkscope::torch ALIAS sinkscope_torch)
target_include_directories(sinkscope_torch SYSTEM INTERFACE ${TORCH_ROOT}/include)
# at::parallel_for is a template of ATen's headers: compiled without OpenMP it runs on one thread. The runtime is torch's own
# where it brings one, by the same name.
find_package(OpenMP REQUIRED COMPONENTS CXX)
target_link_libraries(sinkscope_torch INTERFACE sinkscope_torch_cpu sinkscope_c10 OpenMP::OpenMP_CXX)
