// Stores keys and values into bf16 blocks of the KV cache (kv_block.h).
#pragma once

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void kv_store_bf16(const KvStoreArgs& args);

}  // namespace linnet::cpu
