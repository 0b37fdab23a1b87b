#pragma once

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "sinkscope/app/run.h"
#include "sinkscope/trials/options.h"

namespace sinkscope::tests {

/// A folder of this process's own, deleted with all that is in it: ctest runs tests of one suite at the same time.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(std::filesystem::path(testing::TempDir()) / (name + "_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// What a command of trials is asked, without a command line. Nothing is read without a model, samples and an out.
inline trials::Options trial_options(const std::filesystem::path& model, const std::filesystem::path& out) {
  trials::Options o;
  o.run.model = model.string();
  o.run.out = out.string();
  o.run.device = "cpu";
  o.run.dtype = "float32";
  o.run.threads = 1;
  o.run.quiet = true;
  o.controls = 2;
  return o;
}

}  // namespace sinkscope::tests
