# SentencePiece::sentencepiece, of a system whose package has no CMake file.
find_library(SENTENCEPIECE sentencepiece)
find_path(SENTENCEPIECE_INCLUDE sentencepiece_processor.h)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SentencePiece REQUIRED_VARS SENTENCEPIECE SENTENCEPIECE_INCLUDE)
if(SentencePiece_FOUND AND NOT TARGET SentencePiece::sentencepiece)
  add_library(SentencePiece::sentencepiece UNKNOWN IMPORTED)
  set_target_properties(SentencePiece::sentencepiece PROPERTIES
    IMPORTED_LOCATION ${SENTENCEPIECE} INTERFACE_INCLUDE_DIRECTORIES ${SENTENCEPIECE_INCLUDE})
endif()
