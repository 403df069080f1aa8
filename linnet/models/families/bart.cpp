#include "linnet/models/families/bart.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"BartForConditionalGeneration", HeadKind::kSeq2SeqLm},
    {"BartModel", HeadKind::kNone},
    {"BartForSequenceClassification", HeadKind::kSequenceClass, {}, false, ClassifierKind::kMlp},
    {"BartForQuestionAnswering", HeadKind::kQuestionAnswering}};

}  // namespace

extern const Family bart;
const Family bart = bart_family("bart", kArchitectures, bart_defaults());

}  // namespace linnet::models::families
