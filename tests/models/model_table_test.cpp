#include "linnet/models/model_table.h"

#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "linnet/models/family.h"

namespace linnet::models {
namespace {

// After a change: `linnet documents FOLDER` writes the tables to FOLDER/doc/linnet/models.md.
TEST(ModelTable, IsTheOneOfTheDocuments) {
  const std::string page = read_file(std::filesystem::path(LINNET_SOURCE_DIR) / "docs/models.md");
  EXPECT_NE(page.find(model_tables()), std::string::npos) << "docs/models.md differs from the registry:\n"
                                                          << model_tables();
}

TEST(ModelTable, ListsEveryFamilyAndHead) {
  const std::string tables = model_tables();
  for (const Family* family : all_families()) {
    EXPECT_NE(tables.find("| `" + std::string(family->model_type) + "` |"), std::string::npos) << family->model_type;
    for (const ArchitectureName& a : family->architectures) {
      EXPECT_NE(tables.find(std::string(a.name)), std::string::npos) << a.name;
      EXPECT_EQ(use_of(a.head).head, a.head);
    }
  }
}

}  // namespace
}  // namespace linnet::models
