#include "linnet/models/families/bart.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"PegasusForConditionalGeneration", HeadKind::kSeq2SeqLm},
                                               {"PegasusModel", HeadKind::kNone}};

TransformerConfig defaults() {
  TransformerConfig c = bart_defaults();
  c.fixed_positions = true;
  c.position_offset = 0;
  c.norm_place = NormPlace::kBefore;
  c.embedding_norm = false;
  c.final_norm = true;
  c.pad_id = c.decoder_start_id = 0;
  c.eos_ids = {1};
  return c;
}

}  // namespace

extern const Family pegasus;
const Family pegasus = bart_family("pegasus", kArchitectures, defaults());

}  // namespace linnet::models::families
