// Downloads one file of a repository: gets its hash, resumes a partial download, checks it, links it into a snapshot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "linnet/hub/cache.h"
#include "linnet/hub/http.h"

namespace linnet::hub {

// Throws an error with advice for an unsuccessful response. `what` is the repository or a file of it.
[[noreturn]] void fail_with_answer(const Settings& settings, const Spec& spec, const std::string& what,
                                   const HttpResponse& answer);

// Sends a request to the endpoint and follows redirects; sends the token to the endpoint's host only.
// `stop_at_other_host`: returns a redirect to another host instead of following it.
HttpResponse hub_request(const Settings& settings, HttpRequest request, bool stop_at_other_host = false);

// Creates snapshots/<commit>/<name>. Calls `advance(done, total)` during the download.
void download_file(const Settings& settings, const Spec& spec, const std::string& commit, const std::string& name,
                   const std::function<void(std::uintmax_t, std::uintmax_t)>& advance);

// Git's hash of a file: SHA-1 of "blob <bytes>\0" and the content, in hexadecimal.
std::string git_blob_hash(const std::filesystem::path& file);

}  // namespace linnet::hub
