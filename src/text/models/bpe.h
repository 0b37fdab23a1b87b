#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/models/merges.h"
#include "text/models/model.h"

namespace sinkscope::text::models {

struct BpeSettings {
  std::optional<std::string> unknown;  ///< the token of what is not in the vocabulary; without it, that is left out
  bool fuses_unknown = false, falls_back_to_bytes = false;
  bool takes_whole_pieces = false;  ///< `ignore_merges`: a piece that is a token is that token
  std::string prefix, suffix;       ///< of a piece's symbols but the first, and of the last
};

/// The symbols that a piece begins as, before they are merged.
using Symbols = std::vector<int32_t>;

/// Byte-pair encoding: the pair with the lowest rank merges first, the leftmost of equal ones. Here a piece is
/// characters.
class Bpe : public Model {
 public:
  Bpe(Vocabulary vocabulary, Merges merges, BpeSettings settings);

  void tokenize(std::string_view piece, std::vector<int64_t>& ids) const override;

 protected:
  virtual void symbols_of(std::string_view piece, Symbols& symbols) const;

  /// A symbol that is a token. `pending`: an unknown one stands before it that is not put down yet.
  void add(int64_t id, Symbols& symbols, bool& pending) const;

  /// One that is none, as the vocabulary would spell it.
  void add_unknown(std::string_view symbol, Symbols& symbols, bool& pending) const;
  void end_unknown(Symbols& symbols, bool& pending) const;

  Vocabulary vocabulary_;
  BpeSettings settings_;

 private:
  bool falls_back(std::string_view symbol, Symbols& symbols) const;
  void merge(Symbols& symbols) const;

  Merges merges_;
  std::vector<int64_t> bytes_;
  int32_t unknown_ = -1;
};

/// The same for pieces of bytes, each of which stands for its symbol in ByteLevel's alphabet.
class ByteBpe : public Bpe {
 public:
  ByteBpe(const Vocabulary& vocabulary, Merges merges, BpeSettings settings);

 protected:
  void symbols_of(std::string_view piece, Symbols& symbols) const override;

 private:
  std::array<int32_t, 256> id_of_byte_{};  // -1: no token
};

}  // namespace sinkscope::text::models
