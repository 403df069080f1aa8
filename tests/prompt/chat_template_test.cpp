#include "linnet/prompt/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "tests/bad_inputs.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

fs::path data_folder(const char* name) { return fs::path(LINNET_SOURCE_DIR) / ".." / "shared" / "data" / name; }

std::string render(const std::string& source, const Json& messages, const ChatOptions& options = {}) {
  return ChatTemplate(source, "chat").render(messages, options);
}

std::string chat_error(const std::string& source, const Json& messages = Json::array()) {
  try {
    const std::string text = render(source, messages);
    return "rendered: " + text.substr(0, 100);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
}

TEST(ChatTemplate, GivesTheVariablesTransformersGives) {
  const Json messages = Json::parse(R"([{"role":"user","content":"hi"}])");
  const std::string source =
      "{{ bos_token }}{% for m in messages %}[{{ m.role }}:{{ m['content'] }}]{% endfor %}{{ eos_token }}"
      "{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}{{ thinking }}";
  ChatOptions options{.bos_token = "<s>", .eos_token = "</s>"};
  options.extra = Json{{"thinking", "!"}};
  EXPECT_EQ(render(source, messages, options), "<s>[user:hi]</s>TrueTrueTrue!");
  options.add_generation_prompt = false;
  options.tools = Json::parse(R"([{"name":"f"}])");
  EXPECT_EQ(render("{{ add_generation_prompt }}{{ tools | tojson }}", messages, options), "False[{\"name\": \"f\"}]");
}

TEST(ChatTemplate, ATemplateThatRefusesSaysWhyWithFileAndLine) {
  EXPECT_EQ(chat_error("a\n{{ raise_exception('roles must alternate') }}"),
            "chat:2: roles must alternate; correct the template or what it is given");
  EXPECT_EQ(chat_error("{% set x = messages[0].content %}{{ x.y.z }}"),
            "chat:1: the index 0 is outside a list of 0; correct the template or what it is given");
}

TEST(ChatTemplate, ContentIsNeverReadAsATemplate) {
  const Json messages = Json::parse(R"([{"role":"user","content":"{{ 1 + 1 }}{% if %}"}])");
  EXPECT_EQ(render("{{ messages[0].content }}", messages), "{{ 1 + 1 }}{% if %}");
}

TEST(ChatTemplate, ReasoningGoesByEveryNameThatTemplatesRead) {
  const Json messages = Json::parse(R"([{"role":"assistant","content":"x","reasoning":"why"},{"role":"user"}])");
  EXPECT_EQ(render("{{ messages[0].reasoning_content }}{{ messages[0].thinking }}{{ messages[1].thinking }}", messages),
            "whywhy");
}

TEST(ChatTemplate, TheClockCanBeSet) {
  ChatOptions options{.now = 86400 * 365};  // 1971-01-01 in UTC
  const std::string text = render("{{ strftime_now('%Y') }}", Json::array(), options);
  EXPECT_TRUE(text == "1971" || text == "1970") << text;
}

TEST(ChatTemplate, DeepMessagesAreRefusedNotFollowed) {
  Json deep = "x";
  for (int i = 0; i < 400; ++i) deep = Json::array({deep});
  EXPECT_NE(chat_error("{{ messages }}", deep).find("nested more than"), std::string::npos);
}

TEST(ChatTemplate, EveryRealTemplateRendersOrNamesWhatItRefuses) {
  const fs::path folder = data_folder("chat-templates");
  if (!fs::exists(folder)) GTEST_SKIP() << "no ../shared/data/chat-templates";
  const Json messages = Json::parse(R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"},
      {"role":"assistant","content":"Hi"},{"role":"user","content":"Bye"}])");
  int templates = 0;
  std::set<std::string> refused;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".jinja") continue;
    ++templates;
    const ChatTemplate chat(read_file(entry.path()), entry.path().filename().string());
    const ChatOptions options{.bos_token = "<s>", .eos_token = "</s>", .now = 1'767'225'600};
    std::string text;
    try {
      text = chat.render(messages, options);
    } catch (const Error& error) {
      refused.insert(error.what());
      continue;
    }
    EXPECT_EQ(chat.render(messages, options), text);
    EXPECT_NE(text.find("Hello"), std::string::npos) << entry.path();
    EXPECT_NE(text.find("Bye"), std::string::npos) << entry.path();
  }
  EXPECT_EQ(templates, 28);
  // Jinja rejects the same three: no system turn; tools needed; a message changed.
  EXPECT_THAT(refused, testing::UnorderedElementsAre(
                           testing::HasSubstr("google-gemma-2-2b-it.jinja:1: System role not supported"),
                           testing::HasSubstr("'NoneType' object is not iterable"),
                           testing::HasSubstr("'message.tool_calls' is assigned to, but 'message' is no namespace")));
}

TEST(ChatTemplate, HostileTemplatesEndInAnErrorWithinASecond) {
  const Json messages = Json::parse(R"([{"role":"user","content":"hi"}])");
  for (const test::BadInput& row : test::hostile_files("chat-template/")) {
    SCOPED_TRACE(row.file + ": " + row.why);
    const auto start = std::chrono::steady_clock::now();
    std::string outcome = "accept";
    try {
      ChatTemplate(read_file(row.path), row.file).render(messages, {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      EXPECT_THAT(error.what(), testing::StartsWith(row.file));
      outcome = "reject";
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    EXPECT_LT(took.count(), 5.0);
    if (row.expect == "accept" || row.expect == "reject") {
      EXPECT_EQ(outcome, row.expect);
    }
  }
}

// The cases and Jinja's results are from tools/parity/chat_templates.py.
TEST(ChatTemplateParity, RendersAsJinjaDoes) {
  const char* path = std::getenv("LINNET_CHAT_CASES");
  if (!path) GTEST_SKIP() << "LINNET_CHAT_CASES is not set; run tools/parity/chat_templates.py";
  std::ifstream file(path);
  int same = 0, both_fail = 0;
  std::map<std::string, int> lenient, wrong;
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    const ChatOptions options{.tools = row.at("tools"),
                              .add_generation_prompt = row.at("add_generation_prompt").get<bool>(),
                              .bos_token = "<s>",
                              .eos_token = "</s>",
                              .now = row.at("now").get<std::int64_t>(),
                              .extra = row.at("extra")};
    const auto name = row.at("template").get<std::string>();
    std::string text, error;
    try {
      text = ChatTemplate(row.at("source").get<std::string>(), name).render(row.at("messages"), options);
    } catch (const Error& e) {
      error = e.what();
    }
    if (row.contains("error")) {
      if (error.empty()) ++lenient[name + ": " + row.at("error").get<std::string>()];
      both_fail += !error.empty();
    } else if (error.empty() && text == row.at("text")) {
      ++same;
    } else if (wrong[name]++ < 3) {
      ADD_FAILURE() << name << ", " << row.at("case") << "\nJinja:  " << row.at("text") << "\nLinnet: " << error
                    << Json(text);
    }
  }
  std::cout << same << " texts alike, " << both_fail << " refused by both\n";
  for (const auto& [what, count] : lenient) std::cout << count << " only Jinja refuses: " << what << "\n";
}

}  // namespace
}  // namespace linnet
