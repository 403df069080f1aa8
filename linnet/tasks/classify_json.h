// A classification as JSON, the same in the program and in the server; names of engines and normalisations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tasks/classify.h"

namespace linnet::tasks {

// {"label", "score", "scores": [{"label", "score", "logprob"}], "margin", "abstained", "raw"?}; {"label": null, "raw"}
// if the generated text is no label. `top_k`: maximum number of scores; 0: all.
Json classification_json(const Classification& answer, std::int64_t top_k = 0);

// "score", "generate", …; "sum", "tokens", …
std::vector<std::string> engine_names();
std::vector<std::string> normalize_names();
// kInvalidArgument for another name.
Engine engine_named(const std::string& name);
Normalize normalize_named(const std::string& name);

}  // namespace linnet::tasks
