#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "sinkscope/app/run.h"
#include "sinkscope/trials/options.h"
#include "tests/support/folder.h"

namespace sinkscope::tests {

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
