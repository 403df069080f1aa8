#include "linnet/serve/access.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "linnet/base/sha256.h"

namespace linnet::serve {
namespace {

// Without the port and the brackets of an IPv6 address.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  const auto colon = host.find(':');
  return colon != host.npos && host.find(':', colon + 1) == host.npos ? host.substr(0, colon) : host;
}

bool is_address(std::string_view host) {
  const bool v4 = std::ranges::all_of(host, [](unsigned char c) { return std::isdigit(c) || c == '.'; });
  return !host.empty() && (v4 || host.find(':') != host.npos);
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || (host.starts_with("127.") && is_address(host));
}

bool same_secret(std::string_view a, std::string_view b) {
  const std::string x = sha256_hex(a), y = sha256_hex(b);
  unsigned differ = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    differ |= static_cast<unsigned>(static_cast<unsigned char>(x[i])) ^ static_cast<unsigned char>(y[i]);
  return differ == 0;
}

AccessRules::AccessRules(AccessOptions options) : options_(std::move(options)) {}

// A page of another site can point its own name to this machine, but its requests then have that name in Host.
bool AccessRules::knows(std::string_view host) const {
  const std::string_view name = without_port(host);
  if (is_address(name) || same_ignoring_case(name, "localhost") || same_ignoring_case(name, options_.host)) return true;
  return std::ranges::any_of(options_.hosts, [&](const auto& known) { return same_ignoring_case(known, name); });
}

bool AccessRules::allows(std::string_view origin) const {
  return std::ranges::any_of(options_.origins, [&](const auto& one) { return one == origin || one == "*"; });
}

std::optional<Denied> AccessRules::check(const HttpHead& head, bool open) const {
  // Such a page does not know the key, so the check is only for servers without one.
  if (options_.key.empty() && !head.host.empty() && !knows(head.host))
    return Denied{403, "this server does not answer for the name in Host"};
  if (!head.origin.empty() && !allows(head.origin)) {
    const auto slashes = head.origin.find("//");
    const auto name = std::string_view(head.origin).substr(slashes == std::string::npos ? 0 : slashes + 2);
    if (!same_ignoring_case(name, head.host))  // a page of this server
      return Denied{403, "this server does not answer pages of this origin"};
  }
  if (options_.key.empty() || open) return std::nullopt;
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view sent = head.authorization;
  const bool bearer = same_ignoring_case(sent.substr(0, kScheme.size()), kScheme);
  if (!bearer || !same_secret(sent.substr(kScheme.size()), options_.key))
    return Denied{401, "a valid key is needed: Authorization: Bearer KEY"};
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> AccessRules::cors(const HttpHead& head) const {
  if (head.origin.empty() || !allows(head.origin)) return {};
  return {{"Access-Control-Allow-Origin", head.origin}, {"Vary", "Origin"}};
}

}  // namespace linnet::serve
