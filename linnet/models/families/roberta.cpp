#include "linnet/models/families/roberta.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"RobertaModel", HeadKind::kNone, {}, true},
    {"RobertaForMaskedLM", HeadKind::kMaskedLm},
    {"RobertaForSequenceClassification", HeadKind::kSequenceClass, {}, false, ClassifierKind::kMlp},
    {"RobertaForTokenClassification", HeadKind::kTokenClass},
    {"RobertaForQuestionAnswering", HeadKind::kQuestionAnswering}};

}  // namespace

extern const Family roberta;
const Family roberta = roberta_family("roberta", kArchitectures);

}  // namespace linnet::models::families
