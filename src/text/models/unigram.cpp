#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "text/code_points.h"
#include "text/models/model.h"

namespace sinkscope::text::models {
namespace {

constexpr double kUnknownPenalty = 10;

/// Each piece's cheapest way through, by the scores of the tokens.
class Unigram : public Model {
 public:
  Unigram(Vocabulary vocabulary, std::vector<double> scores, int64_t unknown, bool falls_back_to_bytes)
      : vocabulary_(std::move(vocabulary)),
        scores_(std::move(scores)),
        unknown_(unknown),
        falls_back_to_bytes_(falls_back_to_bytes),
        bytes_(byte_tokens(vocabulary_)) {
    for (const auto& [token, id] : vocabulary_) longest_ = std::max(longest_, token.size());
    for (const double score : scores_) lowest_ = std::min(lowest_, score);
  }

  void tokenize(std::string_view piece, std::vector<int64_t>& ids) const override {
    const auto path = best_path(piece);
    std::vector<std::pair<size_t, size_t>> parts;  // from the end to the beginning
    for (size_t end = piece.size(), fused = 0; end > 0; end = path[end].begin) {
      const bool is_unknown = path[end].id == unknown_;
      if (is_unknown && fused > 0)
        parts.back().first = path[end].begin;
      else
        parts.emplace_back(path[end].begin, end);
      fused = is_unknown ? fused + 1 : 0;
    }
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      add(piece.substr(part->first, part->second - part->first), ids);
  }

 private:
  /// Of the best way to a byte: its score, and its last token.
  struct Node {
    double score = 0;
    size_t begin = 0;
    int64_t id = 0;
    bool is_reached = false;

    void offer(const Node& other) {
      if (!is_reached || other.score > score) *this = other;
    }
  };

  std::vector<Node> best_path(std::string_view piece) const {
    std::vector<Node> nodes(piece.size() + 1);
    for (size_t begin = 0; begin < piece.size();) {
      size_t after = begin;
      next_character(piece, after);
      const double here = nodes[begin].score;
      bool has_character = false;
      for (size_t end = after; end <= piece.size() && end - begin <= longest_;) {
        if (const auto found = vocabulary_.find(piece.substr(begin, end - begin)); found != vocabulary_.end()) {
          const double score = scores_[static_cast<size_t>(found->second)];
          nodes[end].offer({score + here, begin, found->second, true});
          has_character |= end == after;
        }
        if (end == piece.size()) break;
        next_character(piece, end);
      }
      if (!has_character) {
        if (unknown_ < 0)
          throw InputError(fmt::format("'{}' is in no token, and the tokenizer has none for what is unknown",
                                       piece.substr(begin, after - begin)));
        nodes[after].offer({lowest_ - kUnknownPenalty + here, begin, unknown_, true});
      }
      begin = after;
    }
    return nodes;
  }

  void add(std::string_view part, std::vector<int64_t>& ids) const {
    const auto found = vocabulary_.find(part);
    if (found != vocabulary_.end()) return ids.push_back(found->second);
    const auto id_of = [this](char byte) { return bytes_[static_cast<unsigned char>(byte)]; };
    if (!falls_back_to_bytes_ || std::any_of(part.begin(), part.end(), [&](char byte) { return id_of(byte) < 0; }))
      return ids.push_back(unknown_);
    for (const char byte : part) ids.push_back(id_of(byte));
  }

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  int64_t unknown_;  // -1: none
  bool falls_back_to_bytes_;
  std::vector<int64_t> bytes_;
  size_t longest_ = 0;
  double lowest_ = std::numeric_limits<double>::infinity();
};

}  // namespace

std::unique_ptr<Model> unigram(const nlohmann::json& model, const Vocabulary& vocabulary) {
  std::vector<double> scores;
  for (const auto& piece : model.at("vocab")) scores.push_back(piece.at(1).get<double>());
  const auto unknown = model.value("unk_id", nlohmann::json());
  const int64_t id = unknown.is_null() ? -1 : unknown.get<int64_t>();
  if (id >= static_cast<int64_t>(scores.size()))
    throw InputError(fmt::format("unk_id: expected one of the {} tokens, found {}", scores.size(), id));
  return std::make_unique<Unigram>(vocabulary, std::move(scores), id, model.value("byte_fallback", false));
}

}  // namespace sinkscope::text::models
