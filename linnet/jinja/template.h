// A parsed template; any thread may render it any number of times.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linnet/jinja/ast.h"
#include "linnet/jinja/interpreter.h"

namespace linnet::jinja {

enum class LastNewline : std::uint8_t { kDrop, kKeep };  // one at the very end of the source; Jinja drops it

class Template {
 public:
  // Throws kBadInput naming `place` and the line.
  Template(std::string source, std::string place, LastNewline last_newline = LastNewline::kDrop);

  using Names = std::vector<std::pair<std::string_view, Value>>;
  // Throws kBadInput naming the place, the line and the fault.
  std::string render(const Names& names, const RunOptions& options = {}) const;

  const std::string& source() const { return source_; }
  const std::string& place() const { return place_; }

 private:
  std::string source_, place_;
  Block block_;
};

}  // namespace linnet::jinja
