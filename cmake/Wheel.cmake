# Where an installed program finds libtorch; and, for the wheel, what lies in the Python package beside it.
#
# scikit-build-core installs into the package's folder: sinkscope/bin/sinkscope, sinkscope/lib/libsinkscope_cuda.so. Both look for the
# torch that lies beside the package, wherever that is, and hold no path of the machine that built them.
if(NOT SKBUILD)
  set(SINKSCOPE_TORCH_RPATH "${TORCH_ROOT}/lib")
  set(SINKSCOPE_CUDA_RPATH "${TORCH_ROOT}/../nvidia/cu13/lib")
  return()
endif()
set(SINKSCOPE_TORCH_RPATH "$ORIGIN/../../torch/lib")
set(SINKSCOPE_CUDA_RPATH "$ORIGIN/../../nvidia/cu13/lib")

# The version that the command asks of the environment's torch (python/sinkscope/program.py).
file(WRITE ${PROJECT_BINARY_DIR}/sinkscope.torch "${SINKSCOPE_TORCH_VERSION}\n")
install(FILES ${PROJECT_BINARY_DIR}/sinkscope.torch DESTINATION bin)

# What the package reads of the repository lies below data in the same places (sinkscope.ROOT).
file(GLOB read RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
     configs/schema/*.json experiments/*/*schema.json src/commands/*.schema.json python/sinkscope/*/schema.json models/planted/text.txt)
foreach(file ${read})
  get_filename_component(folder ${file} DIRECTORY)
  install(FILES ${file} DESTINATION data/${folder})
endforeach()

add_custom_target(wheel)  # what pyproject.toml builds
