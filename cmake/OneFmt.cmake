# The torch wheel carries a newer fmt in its include folder, which shadows the system's and breaks spdlog's
# external-fmt build. A folder with one link, searched first, keeps the one fmt that spdlog was built for.
find_path(FMT_INCLUDE fmt/core.h PATHS /usr/include NO_DEFAULT_PATH)
find_path(FMT_INCLUDE fmt/core.h)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/one_fmt)
file(CREATE_LINK ${FMT_INCLUDE}/fmt ${PROJECT_BINARY_DIR}/one_fmt/fmt SYMBOLIC)
include_directories(BEFORE ${PROJECT_BINARY_DIR}/one_fmt)
