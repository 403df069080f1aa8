// Ends streamed text before the first stop text, which may be split across pieces.
//
//   StopText stop({"\n\n", "User:"});
//   out << stop.push(piece);           // never anything that may turn out to be the beginning of a stop text
//   if (stop.found()) …
//   out << stop.finish();              // what was held back
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace linnet::generate {

class StopText {
 public:
  // Ignores empty texts.
  explicit StopText(std::vector<std::string> stops);
  std::string push(std::string_view piece);
  std::string finish();
  bool found() const { return found_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool found_ = false;
};

}  // namespace linnet::generate
