#include "linnet/models/families/t5.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"MT5ForConditionalGeneration", HeadKind::kSeq2SeqLm},
    {"MT5Model", HeadKind::kNone},
    {"MT5ForSequenceClassification", HeadKind::kSequenceClass, "transformer.", false, ClassifierKind::kMlp},
    {"MT5ForQuestionAnswering", HeadKind::kQuestionAnswering},
    {"MT5EncoderModel", HeadKind::kNone, {}, false, ClassifierKind::kLinear, true},
    {"MT5ForTokenClassification", HeadKind::kTokenClass, "transformer.", false, ClassifierKind::kLinear, true}};

}  // namespace

extern const Family mt5;
const Family mt5 = t5_family("mt5", kArchitectures, std::span(kT5Fields).first(std::size(kT5Fields) - 1),
                             FeedForwardKind::kGated, Activation::kGeluTanh, 0);

}  // namespace linnet::models::families
