#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/trials/search/search.h"

namespace sinkscope::experiments::identification {

using namespace trials::search;
using trials::Measured;

inline constexpr double kClampedLeaves = 0.2;  ///< of a self-only token's sink, the signal clamped
inline constexpr char kNoSink[] = "No sink, nothing to explain.";
inline constexpr char kPredicted[] = "predicted by self-only";  ///< a condition's name
inline constexpr double kControls = 0.05;                       ///< of the controls may do what the signal does

/// `about` of the trial in which the later token sees only itself.
inline const nlohmann::json kItself{{"part", "itself"}};

/// yes: the whole 95 % interval lies on the right side of 0; no: on the wrong side; open: these samples do not tell.
enum class Met { yes, no, open };
const char* name(Met);

/// A number and whether it is on the right side.
struct Judged {
  measure::Bootstrap::Interval value = {};
  Met met = Met::open;
};

/// One condition of the rule, on the half that tests. `value` is a difference; of the controls, the largest share of a
/// trial's random moves.
struct Condition {
  std::string name, what;
  std::optional<size_t> set = {};  ///< of the candidate's sufficient sets, where it is asked of each
  measure::Bootstrap::Interval value = {};
  Met met = Met::open;
  std::map<std::string, Judged> by_text = {};  ///< of several texts, over each one's samples; none of the controls
};

/// Whether a lesser form of a candidate's signal does as well: less what the whole does, on the half that tests.
struct Lesser {
  Signal form = {};
  measure::Bootstrap::Interval written = {}, removed = {};
  Met as_well = Met::open;  ///< both within the equivalence bound
};

/// The later token gets the signal: token 0's level, or the sample's own where each has one.
intervene::Edit writing_of(const Candidate&, const Signal&, int64_t token);

/// [n] of rows [n, C]: how far each is from `ordinary` [C] (0) on the way to `first` [C] (1).
at::Tensor along_way(const at::Tensor& rows, const at::Tensor& ordinary, const at::Tensor& first);

/// The trials that test a candidate, and its conditions.
class Evidence {
 public:
  /// `index`: the candidate's place among the candidates of a result, by which its trials name it.
  Evidence(trials::Runner&, size_t index, const Candidate&, const Alone&);

  const std::vector<intervene::Trial>& trials() const { return trials_; }

  /// Of a list that holds trials(), and the self-only condition. Conditions in the rule's order.
  void judge(const std::vector<Measured>&);

  /// Of its trials, and of those of one of its sets.
  nlohmann::json about() const;
  nlohmann::json about(size_t set) const;

  const Candidate& candidate() const { return candidate_; }
  const std::vector<Condition>& conditions() const { return conditions_; }
  /// Its directions in the fewest channels, and the best with fewer directions; where there are such.
  const std::optional<Lesser>& sparse() const { return sparse_; }
  const std::optional<Lesser>& fewer() const { return fewer_; }
  /// Channels that the signal is in, of all sets together: fewer than its directions go through where as few do as
  /// well.
  int64_t support() const;
  /// The same in words: "184 to 576" where these samples do not tell whether as few do as well.
  std::string support_in_words() const;
  /// How many directions: "1 to 2" where on these samples fewer do as well, or may.
  std::string rank_in_words() const;
  /// [n] float64 on the CPU: how far the signal in rows [n, D] of its site is from the mean level of `ordinary` [m, D]
  /// (0) on the way to token 0's (1); of a signal whose level each sample has for itself, how long that way is beside
  /// the root mean square of token 0's. Token 0's is that of the samples that choose.
  at::Tensor share_of_way(const at::Tensor& rows, const at::Tensor& ordinary) const;
  /// The same beside the later token's level.
  at::Tensor share_of_way(const at::Tensor& rows) const { return share_of_way(rows, of_choosing(alone_.token)); }
  /// All sufficient sets together.
  const Signal& whole() const { return whole_; }
  /// The most that a control moves the sink, as a share of the unedited one; not finite where that is 0.
  double controls_move() const { return controls_move_; }
  bool passes() const;
  /// Some condition is Met::no.
  bool refuted() const;
  /// Of several texts, over each one's samples: no where some condition is, yes where all are.
  std::map<std::string, Met> by_text() const;

 private:
  at::Tensor of_choosing(int64_t token) const;  // rows at its site
  nlohmann::json about_lesser(const char* part) const;
  void add(intervene::Role, const std::string& what, const Signal&, nlohmann::json about, intervene::Edit);
  void removed(const trials::Outcome&);
  void written(const trials::Outcome&, const std::string& what, size_t set);
  void over_competition(const trials::Outcome&, const std::string& what, std::optional<size_t> set);
  void controlled(const std::vector<Measured>&);
  void predicted();
  void clamped(const trials::Outcome&, const trials::Outcome& alone);
  void condition(Condition, const at::Tensor& value, bool positive);

  trials::Runner& r_;
  size_t index_;
  Candidate candidate_;
  Alone alone_;
  Signal whole_;
  std::vector<intervene::Trial> trials_;
  std::vector<Condition> conditions_;
  std::optional<Lesser> sparse_, fewer_;
  double controls_move_ = 0;
};

nlohmann::json to_json(const Condition&);
nlohmann::json to_json(const Evidence&);

}  // namespace sinkscope::experiments::identification
