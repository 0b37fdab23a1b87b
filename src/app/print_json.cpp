#include "sinkscope/app/print_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace sinkscope::app {

void print_json(const nlohmann::json& document) {
  fmt::print("{}\n", document.dump(1));
}

void print_json(const nlohmann::ordered_json& document) {
  fmt::print("{}\n", document.dump(1));
}

}  // namespace sinkscope::app
