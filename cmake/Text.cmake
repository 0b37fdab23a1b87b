# sinkscope_text(FILE NAME HEADER): the file's text as NAME in a header of the binary folder, made again when the file changes.
function(sinkscope_text file name header)
  file(READ ${file} text)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/text.h.in ${header} @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endfunction()
