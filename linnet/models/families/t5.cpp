#include "linnet/models/families/t5.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"T5ForConditionalGeneration", HeadKind::kSeq2SeqLm},
    {"T5Model", HeadKind::kNone},
    {"T5ForSequenceClassification", HeadKind::kSequenceClass, "transformer.", false, ClassifierKind::kMlp},
    {"T5ForQuestionAnswering", HeadKind::kQuestionAnswering},
    {"T5EncoderModel", HeadKind::kNone, {}, false, ClassifierKind::kLinear, true},
    {"T5ForTokenClassification", HeadKind::kTokenClass, "transformer.", false, ClassifierKind::kLinear, true}};

}  // namespace

extern const Family t5;
const Family t5 = t5_family("t5", kArchitectures, kT5Fields, FeedForwardKind::kPlain, Activation::kRelu, -1);

}  // namespace linnet::models::families
