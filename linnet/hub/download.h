// One file of a repository: asks for its hash, downloads what is missing of it, checks it, and links it into a
// snapshot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "linnet/hub/cache.h"
#include "linnet/hub/http.h"

namespace linnet::hub {

// An answer of the Hub that is no success, as an error that says what to do. `what` is the repository or a file of it.
[[noreturn]] void fail_with_answer(const Settings& settings, const Spec& spec, const std::string& what,
                                   const HttpResponse& answer);

// A request to the endpoint; redirects are followed by hand, and the token goes to the endpoint's own host only.
// `stop_at_other_host`: answers with the redirect instead of leaving the host.
HttpResponse hub_request(const Settings& settings, HttpRequest request, bool stop_at_other_host = false);

// Makes snapshots/<commit>/<name> exist. `advance(done, total)` is called as bytes come.
void download_file(const Settings& settings, const Spec& spec, const std::string& commit, const std::string& name,
                   const std::function<void(std::uintmax_t, std::uintmax_t)>& advance);

// The hash a Git server gives a small file: SHA-1 of "blob <bytes>\0" and the content, in hexadecimal.
std::string git_blob_hash(const std::filesystem::path& file);

}  // namespace linnet::hub
