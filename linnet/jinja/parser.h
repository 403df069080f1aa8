// Parses tokens to statements: Jinja's grammar without include, import and extends, which need a loader.
#pragma once

#include <string_view>

#include "linnet/jinja/ast.h"

namespace linnet::jinja {

inline constexpr int kMaxNesting = 100;  // nested blocks, nested brackets

// `source` is normalised (normalize_source). Throws kBadInput naming `place`, the line and the construct.
Block parse(std::string_view source, std::string_view place);

}  // namespace linnet::jinja
