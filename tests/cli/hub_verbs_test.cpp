// pull, models, rm and -m org/name through the program, with a fake Hub server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run_linnet.h"
#include "tests/hub/fake_hub.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kTokenizer = R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
  "normalizer":null,"pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,
  "model":{"type":"WordLevel","vocab":{"[UNK]":0,"hello":1,"world":2},"unk_token":"[UNK]"}})";

class HubVerbs : public testing::Test {
 protected:
  void SetUp() override {
    hub_.files["config.json"] = {R"({"model_type":"llama"})"};
    hub_.files["tokenizer.json"] = {kTokenizer};
    hub_.files["model.safetensors"] = {std::string(200'000, 'w'), true};
  }
  CliResult run(const std::vector<std::string>& arguments,
                std::vector<std::pair<std::string, std::string>> environment = {}) {
    // A variable of the outer environment takes precedence; these empty ones count as unset.
    std::vector<std::pair<std::string, std::string>> all{{"HF_ENDPOINT", hub_.url()},
                                                         {"HF_HUB_CACHE", scratch_.path().string()},
                                                         {"HF_HOME", home_.path().string()},
                                                         {"LINNET_CACHE", (home_ / "linnet").string()},
                                                         {"HF_TOKEN", ""},
                                                         {"HUGGING_FACE_HUB_TOKEN", ""},
                                                         {"HF_TOKEN_PATH", ""},
                                                         {"HF_HUB_OFFLINE", ""},
                                                         {"TRANSFORMERS_OFFLINE", ""},
                                                         {"HF_HUB_DOWNLOAD_TIMEOUT", "5"},
                                                         {"HF_HUB_ETAG_TIMEOUT", "5"}};
    all.insert(all.end(), environment.begin(), environment.end());
    return run_linnet(arguments, {.environment = all, .working_directory = home_.path().string()});
  }
  // Expects one line on stderr in the form of the contract, nothing on stdout.
  static void expect_refusal(const CliResult& r, int exit_code, const std::string& says) {
    EXPECT_EQ(r.exit_code, exit_code) << r.err;
    EXPECT_EQ(r.out, "");
    EXPECT_THAT(r.err, StartsWith("linnet: error: "));
    EXPECT_THAT(r.err, HasSubstr(says));
    EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 1) << r.err;
  }
  fs::path repository() const { return scratch_ / "models--org--tiny"; }

  Scratch scratch_, home_;
  FakeHub hub_;
};

TEST_F(HubVerbs, PullThenUseThenListThenRemove) {
  const CliResult pulled = run({"pull", "org/tiny"});
  ASSERT_EQ(pulled.exit_code, 0) << pulled.err;
  const fs::path snapshot = repository() / "snapshots" / kCommit;
  EXPECT_EQ(pulled.out, snapshot.string() + "\n");
  EXPECT_EQ(pulled.err, "") << "no bar where stderr is no terminal";
  EXPECT_TRUE(fs::is_symlink(snapshot / "model.safetensors"));

  const CliResult used = run({"tokenize", "hello world", "-m", "org/tiny", "--json"});
  ASSERT_EQ(used.exit_code, 0) << used.err;
  EXPECT_EQ(parse_json(used.out, "tokenize")["ids"], Json({1, 2}));

  const CliResult listed = run({"models"});
  EXPECT_THAT(listed.out, HasSubstr("org/tiny"));
  EXPECT_THAT(listed.out, HasSubstr("main"));
  const Json models = parse_json(run({"models", "--json"}).out, "models");
  EXPECT_EQ(models["cache"], scratch_.path().string());
  ASSERT_EQ(models["models"].size(), 1u);
  EXPECT_EQ(models["models"][0]["model"], "org/tiny");
  EXPECT_GT(models["models"][0]["bytes"].get<int>(), 200'000);
  EXPECT_EQ(models["models"][0]["revisions"], Json({"main"}));

  const CliResult removed = run({"rm", "org/tiny", "--json"});
  ASSERT_EQ(removed.exit_code, 0) << removed.err;
  EXPECT_GT(parse_json(removed.out, "rm")["freed_bytes"].get<int>(), 200'000);
  EXPECT_FALSE(fs::exists(repository()));
  EXPECT_EQ(parse_json(run({"models", "--json"}).out, "models")["models"], Json::array());
  EXPECT_THAT(run({"models"}).err, HasSubstr("no models yet"));
}

TEST_F(HubVerbs, JsonIsALineForEachModel) {
  const CliResult r = run({"pull", "org/tiny", "org/tiny@main:tokenizer.json", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const auto end = r.out.find('\n');
  const Json first = parse_json(r.out.substr(0, end), "first"), second = parse_json(r.out.substr(end + 1), "second");
  EXPECT_EQ(first["model"], "org/tiny");
  EXPECT_EQ(first["commit"], kCommit);
  EXPECT_TRUE(fs::is_directory(first["path"].get<std::string>()));
  EXPECT_EQ(second["model"], "org/tiny:tokenizer.json");
}

TEST_F(HubVerbs, OfflineReadsTheCacheAndAsksNobody) {
  expect_refusal(run({"pull", "org/tiny"}, {{"HF_HUB_OFFLINE", "1"}}), 3, "HF_HUB_OFFLINE is set");
  ASSERT_EQ(run({"pull", "org/tiny"}).exit_code, 0);
  hub_.requests.clear();
  EXPECT_EQ(run({"pull", "org/tiny"}, {{"HF_HUB_OFFLINE", "1"}}).exit_code, 0);
  EXPECT_EQ(run({"tokenize", "hello", "-m", "org/tiny"}, {{"TRANSFORMERS_OFFLINE", "yes"}}).exit_code, 0);
  EXPECT_TRUE(hub_.requests.empty());
}

TEST_F(HubVerbs, AModelThatIsNotThereIsAnsweredWithTheNearest) {
  ASSERT_EQ(run({"pull", "org/tiny"}).exit_code, 0);
  const CliResult r = run({"tokenize", "hello", "-m", "org/tyni"});
  expect_refusal(r, 3, "did you mean org/tiny?");
  EXPECT_THAT(r.err, HasSubstr("`linnet pull org/tyni`"));
  expect_refusal(run({"tokenize", "hello", "-m", "org/tiny@v2"}), 3, "`linnet pull org/tiny@v2`");
  expect_refusal(run({"tokenize", "hello", "-m", "org/tiny:Q4_K"}), 3, "not one file 'Q4_K'");
  expect_refusal(run({"tokenize", "hello", "-m", "somewhere/model.gguf"}), 3, "no such file");
  expect_refusal(run({"tokenize", "hello", "-m", "../nothing"}), 3, "no such file");
  expect_refusal(run({"rm", "org/tyni"}), 3, "did you mean org/tiny?");
  hub_.repository = "org/other";
  expect_refusal(run({"pull", "org/tyni"}), 3, "did you mean org/tiny?");
}

TEST_F(HubVerbs, AFolderThatIsThereGoesFirst) {
  ASSERT_EQ(run({"pull", "org/tiny"}).exit_code, 0);
  fs::create_directories(home_ / "org/tiny");  // the working directory
  std::string other = kTokenizer;
  other.replace(other.find("\"hello\":1,\"world\":2"), 19, "\"hello\":2,\"world\":1");
  write_file(home_ / "org/tiny/tokenizer.json", other);
  const CliResult r = run({"tokenize", "hello", "-m", "org/tiny", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(parse_json(r.out, "tokenize")["ids"], Json({2}));
}

TEST_F(HubVerbs, ARevisionIsRemovedAlone) {
  ASSERT_EQ(run({"pull", "org/tiny"}).exit_code, 0);
  fs::create_directories(repository() / "snapshots" / std::string(40, 'd'));
  ASSERT_EQ(run({"rm", "org/tiny@" + kCommit}).exit_code, 0);
  EXPECT_FALSE(fs::exists(repository() / "snapshots" / kCommit));
  EXPECT_TRUE(fs::exists(repository() / "snapshots" / std::string(40, 'd')));
}

TEST_F(HubVerbs, RefusalsOfTheServer) {
  const auto answer = [&](int status, const char* code) {
    hub_.status = status;
    hub_.error_code = code;
    return run({"pull", "org/tiny"});
  };
  expect_refusal(answer(401, "RepoNotFound"), 3, "does not exist, or is private");
  expect_refusal(answer(403, "GatedRepo"), 3, "is gated");
  expect_refusal(answer(404, "RevisionNotFound"), 3, "has no revision 'main'");
  expect_refusal(answer(404, ""), 3, "not found");
  expect_refusal(answer(500, ""), 1, "HTTP 500");
  EXPECT_FALSE(fs::exists(repository() / "refs"));
}

TEST_F(HubVerbs, TheTokenIsSentAndNeverShown) {
  hub_.needed_token = "hf_secret";
  EXPECT_EQ(run({"pull", "org/tiny"}, {{"HF_TOKEN", "hf_secret"}}).exit_code, 0);
  EXPECT_FALSE(hub_.cdn_saw_token);
  ASSERT_EQ(run({"rm", "org/tiny"}).exit_code, 0);
  const CliResult r = run({"pull", "org/tiny"}, {{"HF_TOKEN", "hf_wrong"}});
  expect_refusal(r, 3, "refuses the token");
  EXPECT_THAT(r.err, Not(HasSubstr("hf_wrong")));
}

TEST_F(HubVerbs, ABodyThatAlwaysBreaksOffIsKeptAndGoesOnNextTime) {
  hub_.cut_after = 50'000;
  hub_.cut_times = 1000;
  expect_refusal(run({"pull", "org/tiny"}), 1, "run pull again");
  EXPECT_FALSE(fs::exists(repository() / "snapshots" / kCommit / "model.safetensors"));
  hub_.cut_times = 0;
  hub_.ranges.clear();
  const CliResult again = run({"pull", "org/tiny"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  ASSERT_EQ(hub_.ranges.size(), 1u);
  EXPECT_THAT(hub_.ranges[0], StartsWith("bytes="));
  EXPECT_TRUE(read_file(repository() / "snapshots" / kCommit / "model.safetensors") ==
              hub_.files["model.safetensors"].bytes);
}

TEST_F(HubVerbs, WrongUsage) {
  expect_refusal(run({"pull"}), 2, "see linnet pull --help");
  expect_refusal(run({"pull", "../x"}), 2, "is no repository");
  expect_refusal(run({"rm", "org/tiny:x.gguf"}), 2, "names a file");
  expect_refusal(run({"models", "--jason"}), 2, "--jason");
}

}  // namespace
}  // namespace linnet::test
