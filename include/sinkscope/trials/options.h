#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/app/run.h"

namespace sinkscope::trials {

/// A causal claim needs as many samples to test on, and as many random moves.
inline constexpr int64_t kClaimNeeds = 100;
/// Samples where --samples and --length do not say: 100 and more to test on, since halves of a text's documents have
/// 103 to 117 of 220 windows, in fewer tokens than the 32 samples of 512 that other experiments begin with.
inline constexpr int64_t kSamples = 220, kLength = 32;

/// The file whose writing ends the run for all of its shards.
struct Ending {
  std::filesystem::path file;
  std::optional<std::filesystem::file_time_type> before;  ///< when an earlier run wrote it

  /// As it is now.
  static Ending of(const std::filesystem::path& out);
  bool is_there() const;
};

/// What every experiment made of trials is asked beside the run's own options.
struct Options {
  app::RunOptions run;
  int64_t layer = -1;              ///< read the sink here; -1: the layer where it appears
  int64_t controls = kClaimNeeds;  ///< random moves beside each trial
  int64_t other_token = 6;         ///< the control that makes the same edit at another position
  double equivalence = 0.1;        ///< "no effect": within this share of the unedited sink
  bool no_loss = false, no_frozen = false;
  std::string shard;  ///< of add_sharing_options, with the seconds after which other shards are taken as lost
  int64_t patience = 300;
  std::optional<Ending> ending = {};  ///< of a run that is a part of another; none: its own --out
};
/// Binds the run's, with these samples by default.
void add_run_options(CLI::App&, Options&);

/// Binds all of them.
void add_options(CLI::App&, Options&);

/// `--token`, the later token that is compared with token 0, from `least` on.
void add_token_option(CLI::App&, int64_t& token, int64_t least = 1);

/// `--shard i/n` and `--patience`, for experiments whose trials can be shared out.
void add_sharing_options(CLI::App&, Options&);

/// Which tokens' attention a run of trials reads. Tracked tokens are compared, so they share one range of queries;
/// ordinary tokens have their own.
struct Keys {
  std::vector<int64_t> tracked;   ///< token 0 first
  std::vector<int64_t> ordinary;  ///< tokens 4 to 8 that are neither tracked nor edited, else the next such one; their
                                  ///< mean is the level of an ordinary token
  std::vector<int64_t> all() const;
  std::vector<int64_t> first_queries(int64_t q_min) const;  ///< one a token of all()
};

/// Throws InputError where token 0 is not the first, and where a sample is too short for them, for `edited` tokens and
/// for the control's: a sample must have a later query.
Keys keys_for(const std::vector<int64_t>& tracked, const std::vector<int64_t>& edited, int64_t other_token,
              const app::Run&);

}  // namespace sinkscope::trials
