#include "intervene/edit_json.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "intervene/read_basis.h"
#include "intervene/trial_checks.h"
#include "sinkscope/error.h"
#include "sinkscope/intervene/trial_json.h"
#include "sinkscope/model/points.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::intervene {
namespace {

using model::Point;
using nlohmann::json;

constexpr Operation kOperations[] = {Operation::zero, Operation::set,        Operation::mean,   Operation::resample,
                                     Operation::copy, Operation::match_norm, Operation::rotate, Operation::project_out,
                                     Operation::add,  Operation::scale};

/// 3, "0,2-5" or [0, 2].
std::vector<int64_t> ints_at(const json& object, const char* key, const std::string& where) {
  const auto& value = object[key];
  const auto what = fmt::format("{}: {}", where, key);
  if (value.is_number_integer()) return {value.get<int64_t>()};
  if (value.is_string()) return parse_int_list(value.get<std::string>(), what);
  std::vector<int64_t> list;
  for (const auto& item : value.is_array() ? value : json::array({nullptr})) {
    if (!item.is_number_integer())
      throw InputError(fmt::format("{}: expected whole numbers, found {}", what, value.dump()));
    list.push_back(item);
  }
  return list;
}

/// The dimensions of whole heads, where the site has heads.
std::vector<int64_t> dimensions_of_heads(const std::vector<int64_t>& heads, const model::Site& site,
                                         const model::Config& config, const std::string& where) {
  const auto shape = model::shape_at(site, config, 1, 1);
  if (shape.size() != 4) throw InputError(fmt::format("{}: {} has no heads", where, model::name(site)));
  check_range(heads, shape[2], "head", where);
  std::vector<int64_t> dimensions;
  for (const int64_t head : heads) {
    for (int64_t i = 0; i < shape[3]; ++i) dimensions.push_back(head * shape[3] + i);
  }
  return dimensions;
}

void read_dimensions(Edit& edit, const json& object, const model::Config& config, const std::string& where) {
  int given = 0;
  for (const char* key : {"dimensions", "heads", "neurons"}) given += object.contains(key);
  if (given > 1) throw InputError(fmt::format("{}: expected one of dimensions, heads and neurons", where));
  if (object.contains("dimensions")) edit.dimensions = ints_at(object, "dimensions", where);
  if (object.contains("heads"))
    edit.dimensions = dimensions_of_heads(ints_at(object, "heads", where), edit.site, config, where);
  if (object.contains("neurons")) {
    const auto point = edit.site.point;
    if (point != Point::mlp_pre && point != Point::mlp_pre_linear && point != Point::mlp_post) {
      throw InputError(fmt::format("{}: {} has no neurons", where, model::name(edit.site)));
    }
    edit.dimensions = ints_at(object, "neurons", where);
    check_range(edit.dimensions, config.d_mlp, "neuron", where);
  }
  if (given == 1 && edit.dimensions.empty()) throw InputError(fmt::format("{}: an empty list of dimensions", where));
}

Operation read_operation(const std::string& text, const std::string& where) {
  std::vector<std::string> known;
  for (const auto operation : kOperations) {
    if (text == name(operation)) return operation;
    known.push_back(name(operation));
  }
  throw InputError(
      fmt::format("{}: no operation is named '{}'; the nearest is '{}'", where, text, nearest(text, known)));
}

std::vector<model::Site> sites_at(const json& object, const char* key, const model::Config& config,
                                  const std::string& where) {
  const auto text = text_at(object, key, where);
  try {
    if (text.find_first_of(",*") != std::string::npos) return model::parse_sites(text, config);
    return {model::parse_site(text, config)};
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", where, error.what()));
  }
}

model::Site site_at(const json& object, const char* key, const model::Config& config, const std::string& where) {
  const auto sites = sites_at(object, key, config, where);
  if (sites.size() != 1) throw InputError(fmt::format("{}: expected one {}, found {}", where, key, object[key].dump()));
  return sites[0];
}

Edit read_edit(const json& object, const model::Site& site, const model::Config& config, TensorFiles& files,
               const std::string& where) {
  Edit edit;
  edit.site = site;
  if (object.contains("tokens") == object.contains("all_but")) {
    throw InputError(fmt::format("{}: expected one of tokens and all_but", where));
  }
  edit.all_but = object.contains("all_but");
  edit.tokens = ints_at(object, edit.all_but ? "all_but" : "tokens", where);
  read_dimensions(edit, object, config, where);
  edit.operation = read_operation(text_at(object, "operation", where), where);
  if (object.contains("dose")) {
    if (!object["dose"].is_number())
      throw InputError(fmt::format("{}: dose: expected a number, found {}", where, object["dose"].dump()));
    edit.dose = object["dose"];
  }
  read_basis_and_values(edit, object, width_at(site, config), files, where);
  if (const bool given = object.contains("from"); given || (takes_rows(edit) && edit.operation != Operation::copy)) {
    const auto from = given ? object["from"] : json::object();
    check_keys(from, where + ": from", {"run", "site", "tokens"});
    edit.from =
        Source{.run = from.contains("run") ? text_at(from, "run", where + ": from") : "unedited",
               .site = from.contains("site") ? site_at(from, "site", config, where + ": from") : edit.site,
               .tokens = from.contains("tokens") ? ints_at(from, "tokens", where + ": from") : std::vector<int64_t>{}};
  }
  return edit;
}

}  // namespace

void check_keys(const json& object, const std::string& where, const std::vector<std::string>& known) {
  if (!object.is_object()) throw InputError(fmt::format("{}: expected an object, found {}", where, object.dump()));
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw InputError(fmt::format("{}: no key is named '{}'; the nearest is '{}'", where, key, nearest(key, known)));
    }
  }
}

std::string text_at(const json& object, const char* key, const std::string& where) {
  if (!object.contains(key) || !object[key].is_string()) {
    throw InputError(fmt::format("{}: expected a string '{}'", where, key));
  }
  return object[key];
}

std::vector<double> numbers_of(const json& value, const std::string& where) {
  if (value.is_number()) return {value.get<double>()};
  std::vector<double> list;
  for (const auto& item : value.is_array() ? value : json::array({nullptr})) {
    if (!item.is_number()) throw InputError(fmt::format("{}: expected numbers, found {}", where, value.dump()));
    list.push_back(item);
  }
  return list;
}

std::vector<Edit> read_edits(const json& object, const model::Config& config, TensorFiles& files,
                             const std::string& where) {
  check_keys(
      object, where,
      {"site", "tokens", "all_but", "dimensions", "heads", "neurons", "basis", "operation", "dose", "values", "from"});
  std::vector<Edit> edits;
  for (const auto& site : sites_at(object, "site", config, where))
    edits.push_back(read_edit(object, site, config, files, where));
  return edits;
}

json to_json(const Edit& edit) {
  json object{{"site", model::name(edit.site)}, {"operation", name(edit.operation)}, {"dose", edit.dose}};
  object[edit.all_but ? "all_but" : "tokens"] = edit.tokens;
  if (!edit.dimensions.empty()) object["dimensions"] = edit.dimensions;
  if (!edit.values.empty()) object["values"] = edit.values;
  if (edit.basis.defined()) {
    object["basis"] = json::array();
    for (int64_t i = 0; i < edit.basis.size(0); ++i) object["basis"].push_back(model::to_vector(edit.basis[i]));
  }
  if (edit.from) {
    object["from"] = {{"run", edit.from->run}, {"site", model::name(edit.from->site)}};
    if (!edit.from->tokens.empty()) object["from"]["tokens"] = edit.from->tokens;
  }
  return object;
}

}  // namespace sinkscope::intervene
