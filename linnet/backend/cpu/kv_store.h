// Stores keys and values into f32 or bf16 blocks of the KV cache (kv_block.h).
#pragma once

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void kv_store(const KvStoreArgs& args);

}  // namespace linnet::cpu
