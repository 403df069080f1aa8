// HTTP/1.1 as text: what the first bytes of a request reveal, and the bytes of an answer.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "linnet/serve/http_types.h"

namespace linnet::serve {

inline constexpr std::size_t kMostHeadBytes = std::size_t{16} << 10;

// The status of the error that the first bytes of a connection or of its next request have, even if the head is not
// complete: 400, 414 for a target without end, 431 for headers without end.
std::optional<int> head_fault(std::string_view bytes);

struct ReplyForm {
  bool closes = false;     // the connection ends after the answer
  bool chunked = false;    // the length of the body is not known yet
  bool head_only = false;  // an answer to HEAD: without the body
};
std::string reply_text(const HttpReply& reply, const ReplyForm& form);
// A part of a chunked body; the empty part ends it.
std::string chunk_text(std::string_view part);
const char* reason_of(int status);

}  // namespace linnet::serve
