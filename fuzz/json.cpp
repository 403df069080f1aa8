// Any text as JSON: an accepted value can be copied, printed and parsed again to an equal one.
#include "linnet/base/json.h"

#include "fuzz/input.h"

using namespace linnet;

FUZZ_TARGET(bytes) {
  fuzz::survives([&] {
    const Json value = parse_json(bytes, "input");
    const Json copy = value;
    LINNET_ASSERT(parse_json(dump_json(copy), "printed") == value);
  });
  fuzz::survives([&] { dump_json(parse_json(bytes, "input", {.duplicate_keys = true}), 2); });
}
