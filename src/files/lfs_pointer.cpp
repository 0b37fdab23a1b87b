#include "sinkscope/files/lfs_pointer.h"

namespace sinkscope::files {

bool is_lfs_pointer(std::string_view first_bytes) {
  // The first line by the format's specification, and what it was before git-lfs had its name.
  return first_bytes.starts_with("version https://git-lfs.github.com/spec/") ||
         first_bytes.starts_with("version https://hawser.github.com/spec/");
}

}  // namespace sinkscope::files
