# sinkscope_find_plain(NAME LIBRARY HEADER): NAME::LIBRARY, of a system whose package has no CMake file; for a Find module of that name.
include(FindPackageHandleStandardArgs)
macro(sinkscope_find_plain name library header)
  find_library(${name}_LIBRARY ${library})
  find_path(${name}_INCLUDE ${header})
  find_package_handle_standard_args(${name} REQUIRED_VARS ${name}_LIBRARY ${name}_INCLUDE)
  if(${name}_FOUND AND NOT TARGET ${name}::${library})
    add_library(${name}::${library} UNKNOWN IMPORTED)
    set_target_properties(${name}::${library} PROPERTIES
      IMPORTED_LOCATION ${${name}_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${${name}_INCLUDE})
  endif()
endmacro()
