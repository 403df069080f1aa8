// Ends streamed text before the first of some stop texts, which may begin in one piece and end in another.
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
  // Empty texts are passed over.
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
