// SQuAD's scores of an answer: exact match and F1 of the words, after its normalisation (Rajpurkar et al., 2016; the
// rules for empty answers are those of version 2.0).
//
//   SquadScore s = squad_score("the Cat", {"cat", "a dog"});   // s.exact == 1, s.f1 == 1
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace linnet {

// Lower case without ASCII punctuation and the words a, an, the; words are separated by single spaces.
std::string squad_normalized(std::string_view text);

struct SquadScore {
  double exact = 0, f1 = 0;
};
// The best score over the possible answers; none is the empty answer.
SquadScore squad_score(std::string_view predicted, const std::vector<std::string>& answers);

}  // namespace linnet
