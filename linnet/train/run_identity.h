// What makes two runs the same run: options, configuration, weights to start from, rows. Saved in every checkpoint with
// values, so that a resume that differs is refused by the name of what differs.
//
//   Json now = run_identity({options, learner, train, valid});
//   std::string text = identity_differences(saved, now);   // "seed was 42, is 43"; "" where they are equal
#pragma once

#include <string>

#include "linnet/base/json.h"
#include "linnet/train/encode.h"
#include "linnet/train/learner.h"

namespace linnet {

struct IdentityParts {
  const TrainOptions& options;  // settled by prepare() and the learner
  const Learner& learner;       // before the first step
  const EncodedSet& train;
  const EncodedSet* valid;  // null: no validation rows
};

// Options that may change on the way are not part of it: the number of steps (it may grow), what is saved and kept.
Json run_identity(const IdentityParts& parts);

// What differs, "<name> was <value>, is <value>; …" with the first few of many, of the first section that differs:
// another option or configuration has other weights and rows as its consequence.
std::string identity_differences(const Json& saved, const Json& now);

}  // namespace linnet
