// Tokens to statements. Jinja's grammar, without what needs a loader (include, import, extends).
#pragma once

#include <string_view>

#include "linnet/jinja/ast.h"

namespace linnet::jinja {

inline constexpr int kMaxNesting = 100;  // blocks in blocks, brackets in brackets

// `source` is normalised (normalize_source). Throws kBadInput naming `place`, the line and the construct.
Block parse(std::string_view source, std::string_view place);

}  // namespace linnet::jinja
