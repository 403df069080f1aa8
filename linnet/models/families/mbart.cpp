#include "linnet/models/families/bart.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"MBartForConditionalGeneration", HeadKind::kSeq2SeqLm},
    {"MBartModel", HeadKind::kNone},
    {"MBartForSequenceClassification", HeadKind::kSequenceClass, {}, false, ClassifierKind::kMlp},
    {"MBartForQuestionAnswering", HeadKind::kQuestionAnswering}};

// A text ends with the code of its language, which is the decoder's first token.
TransformerConfig defaults() {
  TransformerConfig c = bart_defaults();
  c.norm_place = NormPlace::kBefore;
  c.final_norm = true;
  c.decoder_start_id = -1;
  c.decoder_start = nn::DecoderStart::kLastToken;
  return c;
}

}  // namespace

extern const Family mbart;
const Family mbart = bart_family("mbart", kArchitectures, defaults());

}  // namespace linnet::models::families
