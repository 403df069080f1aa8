#include "linnet/models/families/roberta.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"CamembertModel", HeadKind::kNone, {}, true},
    {"CamembertForMaskedLM", HeadKind::kMaskedLm},
    {"CamembertForSequenceClassification", HeadKind::kSequenceClass, {}, false, ClassifierKind::kMlp},
    {"CamembertForTokenClassification", HeadKind::kTokenClass},
    {"CamembertForQuestionAnswering", HeadKind::kQuestionAnswering}};

}  // namespace

extern const Family camembert;
const Family camembert = roberta_family("camembert", kArchitectures);

}  // namespace linnet::models::families
