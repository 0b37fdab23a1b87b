#include "experiments/vocab_sweep/part.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "sinkscope/app/provenance.h"
#include "sinkscope/error.h"
#include "sinkscope/model/safetensors.h"
#include "sinkscope/result/read_result.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::experiments::sweep {
namespace {

using nlohmann::json;

PassOf pass_named(const std::string& wanted) {
  for (const auto of : {PassOf::full, PassOf::pilot, PassOf::audit, PassOf::refine}) {
    if (name(of) == wanted) return of;
  }
  throw InputError(fmt::format("pass '{}': expected full, pilot, audit or refine", wanted));
}

std::vector<int64_t> ids_of(const Share& share) {
  std::vector<int64_t> ids;
  for (int64_t unit = share.first; unit < share.last; ++unit) {
    const auto more = share.pass.unit(unit);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  return ids;
}

Table table_of(const model::SafetensorsFile& tensors, const std::string& pass, size_t ids) {
  Table table;
  for (const auto& tensor : tensors.names()) {
    if (!tensor.starts_with(pass + ".")) continue;
    auto x = tensors.tensor(tensor);
    if (x.size(0) != static_cast<int64_t>(ids)) {
      throw InputError(fmt::format("tensor '{}' has {} rows for {} ids", tensor, x.size(0), ids));
    }
    table[tensor.substr(pass.size() + 1)] = x;
  }
  return table;
}

void read_pieces(Part& part) {
  const auto& found = part.result.at("results");
  const auto sidecar = part.file.parent_path() / found.at("tables").at("file").get<std::string>();
  if (result::sha256_file(sidecar) != found.at("tables").at("sha256")) {
    throw InputError(fmt::format("{} is not the file that was written with this part", sidecar.string()));
  }
  const auto tensors = model::SafetensorsFile::open(sidecar);
  for (const auto& entry : found.at("passes")) {
    const std::string pass = entry.at("pass");
    Part::Piece piece{entry.at("first"), entry.at("last"), entry.at("of"), entry.at("ids"), {}};
    piece.table = table_of(tensors, pass, piece.ids.size());
    part.pieces[pass_named(pass)] = std::move(piece);
  }
}

}  // namespace

json write_tables(const std::vector<Share>& list, const result::Journal& journal, const std::filesystem::path& out) {
  const auto sidecar = sidecar_of(out);
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  auto passes = json::array();
  for (const auto& share : list) {
    const auto pass = name(share.pass.of);
    for (const auto& [tensor, x] : collect(share, journal)) tensors.emplace_back(pass + "." + tensor, x);
    passes.push_back({{"pass", pass},
                      {"first", share.first},
                      {"last", share.last},
                      {"of", share.pass.units()},
                      {"ids", ids_of(share)}});
  }
  model::write_safetensors(sidecar, tensors, {{"result", out.filename().string()}});
  return {{"passes", passes},
          {"tables", {{"file", sidecar.filename().string()}, {"sha256", result::sha256_file(sidecar)}}}};
}

Part read_part(const std::filesystem::path& file) {
  Part part{file, {}, {}, {}};
  const std::string expected = "a part of a vocab-sweep, which --shard and --shards write";
  part.result = result::read_result(file, expected);
  if (const auto found = part.result.at("experiment").get<std::string>(); found != kPartExperiment) {
    throw InputError(fmt::format("{}: expected {}; found a result of {}", file.string(), expected, found));
  }
  try {
    part.shard = app::parse_shard(part.result.at("shard").get<std::string>(), "shard");
    for (const char* section : {"plan", "config", "command", "timing", "warnings"}) part.result.at(section);
    for (const char* section : {"uniform", "baseline", "pieces", "kinds"}) part.result.at("results").at(section);
    read_pieces(part);
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: expected a part of a vocab-sweep: {}", file.string(), e.what()));
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", file.string(), e.what()));
  }
  return part;
}

json identity_of(const json& result, const json& plan) {
  auto identity = app::identity_of(result);
  identity["sweep"] = plan;
  return identity;
}

}  // namespace sinkscope::experiments::sweep
