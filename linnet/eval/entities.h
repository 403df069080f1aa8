// Entities of tagged tokens, and the metrics of seqeval's default mode: an entity counts if its type, beginning and end
// are right.
//
//   EntityMetrics m = entity_metrics({{"B-PER", "I-PER", "O"}}, {{"B-PER", "O", "O"}});   // m.f1 == 0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace linnet {

struct Entity {
  std::string type;
  std::size_t begin, end;  // tokens, `end` included
  auto operator<=>(const Entity&) const = default;
};

// B-, I-, E- and S- tags (IOB1, IOB2, IOE, IOBES); a tag without a type has the type "_".
std::vector<Entity> entities_of(const std::vector<std::string>& tags);

struct EntityCounts {
  std::int64_t hits = 0, expected = 0, predicted = 0;
  double precision() const;  // 0 if the denominator is 0
  double recall() const;
  double f1() const;
};

using TagRows = std::vector<std::vector<std::string>>;

struct EntityMetrics {
  EntityCounts all;                           // micro averages
  std::map<std::string, EntityCounts> types;  // that occur
  double accuracy = 0;                        // of the tokens' tags; 0 without tokens
  double macro_f1() const;                    // 0 without types
};

// Rows of equal length.
EntityMetrics entity_metrics(const TagRows& expected, const TagRows& predicted);

}  // namespace linnet
