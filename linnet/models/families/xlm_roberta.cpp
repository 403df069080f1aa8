#include "linnet/models/families/roberta.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"XLMRobertaModel", HeadKind::kNone, {}, true},
    {"XLMRobertaForMaskedLM", HeadKind::kMaskedLm},
    {"XLMRobertaForSequenceClassification", HeadKind::kSequenceClass, {}, false, ClassifierKind::kMlp},
    {"XLMRobertaForTokenClassification", HeadKind::kTokenClass},
    {"XLMRobertaForQuestionAnswering", HeadKind::kQuestionAnswering}};

}  // namespace

extern const Family xlm_roberta;
const Family xlm_roberta = roberta_family("xlm-roberta", kArchitectures);

}  // namespace linnet::models::families
