#include "experiments/vocab_sweep/submit.h"

#include <fmt/format.h>

#include <filesystem>

#include "sinkscope/app/command_line.h"
#include "sinkscope/app/plan.h"
#include "sinkscope/app/progress.h"

namespace sinkscope::experiments::sweep {
namespace {

int64_t tokens_of(const Share& share, int64_t first, int64_t last) {
  int64_t tokens = 0;
  for (int64_t unit = first; unit < last; ++unit) tokens += share.pass.tokens(unit);
  return tokens;
}

/// Options that neither the config nor the batch script gives go along.
void print_sbatch(const Submission& submission) {
  const auto words =
      app::without(app::command_line(), {"--config", "--out", "--shard", "--shards", "--threads", "--gpus"},
                   {"--dry-run", "--force", "--quiet"});
  const auto options = words.find(" --");
  const auto folder = std::filesystem::path(submission.out).parent_path().string();
  fmt::print("sbatch        sbatch --array=0-{} scripts/slurm/vocab_sweep.sbatch {} {} {}{}\n", submission.gpus - 1,
             submission.config.empty() ? "CONFIG.json" : submission.config, folder.empty() ? "OUTDIR" : folder,
             submission.gpus, options == std::string::npos ? "" : words.substr(options));
}

}  // namespace

void print_plan(const app::Inputs& inputs, const std::vector<Share>& list, const Plan& plan,
                const Submission& submission) {
  int64_t mine = plan.samples * plan.length, whole = 0;  // this share with the baseline; everybody's
  for (const auto& share : list) {
    mine += tokens_of(share, share.first, share.last);
    whole += tokens_of(share, 0, share.pass.units());
    const auto here = share.first < share.last ? fmt::format("units {} to {}", share.first, share.last - 1) : "none";
    fmt::print("{:<13} {} ids in {} units of {} over {} x {}; here {}\n", name(share.pass.of), share.pass.ids.size(),
               share.pass.units(), share.pass.ids_per_unit, share.pass.samples, share.pass.length, here);
  }
  if (plan.screens)
    fmt::print("refine        ids that pilot and audit leave in doubt, in full: not known yet, not counted\n");
  const auto expected = app::expect(inputs.plan(mine));
  fmt::print("{}", expected.text);
  const double one = expected.seconds * static_cast<double>(whole) / static_cast<double>(mine);
  const auto each = one / static_cast<double>(submission.gpus);
  fmt::print(
      "whole sweep   {} on one device like this, {:.2f} hours on {} ({:.2f} device hours), loading not counted\n",
      app::spell_duration(one), each / 3600, submission.gpus, one / 3600);
  print_sbatch(submission);
}

}  // namespace sinkscope::experiments::sweep
