#include "linnet/models/families/bart.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"MarianMTModel", HeadKind::kSeq2SeqLm},
                                               {"MarianModel", HeadKind::kNone}};

TransformerConfig defaults() {
  TransformerConfig c = bart_defaults();
  c.fixed_positions = true;
  c.position_offset = 0;
  c.embedding_norm = false;
  c.pad_id = c.decoder_start_id = 58'100;
  c.eos_ids = {0};
  return c;
}

}  // namespace

extern const Family marian;
const Family marian = bart_family("marian", kArchitectures, defaults());

}  // namespace linnet::models::families
