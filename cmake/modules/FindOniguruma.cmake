# Oniguruma::onig, of a system whose package has no CMake file.
find_library(ONIGURUMA onig)
find_path(ONIGURUMA_INCLUDE oniguruma.h)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Oniguruma REQUIRED_VARS ONIGURUMA ONIGURUMA_INCLUDE)
if(Oniguruma_FOUND AND NOT TARGET Oniguruma::onig)
  add_library(Oniguruma::onig UNKNOWN IMPORTED)
  set_target_properties(Oniguruma::onig PROPERTIES IMPORTED_LOCATION ${ONIGURUMA} INTERFACE_INCLUDE_DIRECTORIES ${ONIGURUMA_INCLUDE})
endif()
