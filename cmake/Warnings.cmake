# Warnings for our own targets; -Werror only when asked (CI).
add_library(sinkscope_warnings INTERFACE)
target_compile_options(sinkscope_warnings INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
                       -Wno-array-bounds -Wno-stringop-overflow)  # g++ 12 sees both inside std::string
if(SINKSCOPE_WERROR)
  target_compile_options(sinkscope_warnings INTERFACE -Werror)
endif()
