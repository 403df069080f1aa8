// The identity of a run: options, configuration, initial weights, rows. Every checkpoint has its values, so that the
// error of a different resume names the difference.
//
//   Json now = run_identity({options, learner, train, valid});
//   std::string text = identity_differences(saved, now);   // "seed was 42, is 43"; "" if they are equal
#pragma once

#include <string>

#include "linnet/base/json.h"
#include "linnet/train/encode/encode.h"
#include "linnet/train/loop/learner.h"

namespace linnet {

struct IdentityParts {
  const TrainOptions& options;  // set by prepare() and the learner
  const Learner& learner;       // before the first step
  const EncodedSet& train;
  const EncodedSet* valid;  // null: no validation rows
};

// Does not include options that may change: the number of steps (it may grow), options of saving.
Json run_identity(const IdentityParts& parts);

// Differences "<name> was <value>, is <value>; …", the first few, of the first section that differs: another option or
// configuration also changes weights and rows.
std::string identity_differences(const Json& saved, const Json& now);

}  // namespace linnet
