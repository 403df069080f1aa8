#include "linnet/hub/pull.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "linnet/base/error.h"
#include "tests/hub/fake_hub.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

class Pull : public testing::Test {
 protected:
  void SetUp() override {
    hub_.files["config.json"] = {"{\"model_type\":\"tiny\"}"};
    hub_.files["tokenizer.json"] = {"{}"};
    hub_.files["README.md"] = {"text"};
    std::string weights;
    for (int i = 0; i < 200'000; ++i) weights += static_cast<char>(i * 7 + i / 256);
    hub_.files["model.safetensors"] = {weights, true};
  }
  hub::Spec spec(const char* text = "org/tiny") { return *hub::parse_spec(text); }
  hub::Settings settings() { return hub_.settings(scratch_.path()); }
  fs::path repository() { return hub::repository_folder(settings(), "org/tiny"); }
  std::string refusal(ErrorKind kind, const hub::Settings& with, const char* text = "org/tiny") {
    try {
      hub::pull(with, spec(text));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "nothing was refused";
    return "";
  }
  Scratch scratch_, home_;
  FakeHub hub_;
};

TEST_F(Pull, LaysTheCacheOutAsPythonDoes) {
  std::uintmax_t last = 0;
  const fs::path folder = hub::pull(settings(), spec(), [&](const hub::Progress& p) {
    if (p.file == "model.safetensors") last = p.done;
  });
  EXPECT_EQ(folder, repository() / "snapshots" / kCommit);
  EXPECT_EQ(read_file(repository() / "refs/main"), kCommit);
  EXPECT_EQ(fs::read_symlink(folder / "config.json"), fs::path("../../blobs") / hub_.etag("config.json"));
  EXPECT_EQ(fs::read_symlink(folder / "model.safetensors"), fs::path("../../blobs") / hub_.etag("model.safetensors"));
  EXPECT_TRUE(read_file(folder / "model.safetensors") == hub_.files["model.safetensors"].bytes);
  EXPECT_FALSE(fs::exists(folder / "README.md"));
  EXPECT_TRUE(fs::exists(repository() / ".no_exist" / kCommit / "chat_template.jinja"));
  EXPECT_THAT(read_file(scratch_ / "CACHEDIR.TAG"), HasSubstr("8a477f597d28d172789f06886806bc55"));
  EXPECT_TRUE(fs::exists(scratch_ / ".locks/models--org--tiny"));
  EXPECT_EQ(last, 200'000u);
  EXPECT_EQ(hub::find_cached(settings(), spec()), folder);
}

TEST_F(Pull, FetchesNothingTwice) {
  hub::pull(settings(), spec());
  hub_.requests.clear();
  hub::pull(settings(), spec());
  EXPECT_THAT(hub_.requests, ElementsAre("GET /api/models/org/tiny/revision/main"));
}

TEST_F(Pull, OfflineAsksNobody) {
  hub::Settings offline = settings();
  offline.offline = true;
  EXPECT_THAT(refusal(ErrorKind::kBadInput, offline), HasSubstr("HF_HUB_OFFLINE"));
  hub::pull(settings(), spec());
  hub_.requests.clear();
  EXPECT_EQ(hub::pull(offline, spec()), repository() / "snapshots" / kCommit);
  EXPECT_TRUE(hub_.requests.empty());
}

TEST_F(Pull, TheTokenStaysAtTheEndpoint) {
  hub_.needed_token = "hf_secret";
  hub::Settings with_token = settings();
  with_token.token = "hf_secret";
  hub::pull(with_token, spec());
  EXPECT_TRUE(hub_.hub_saw_token);
  EXPECT_FALSE(hub_.cdn_saw_token);
}

TEST_F(Pull, ABrokenBodyGoesOnWhereItStopped) {
  hub_.cut_after = 50'000;
  const fs::path folder = hub::pull(settings(), spec());
  EXPECT_TRUE(read_file(folder / "model.safetensors") == hub_.files["model.safetensors"].bytes);
  ASSERT_EQ(hub_.ranges.size(), 2u);
  EXPECT_EQ(hub_.ranges[0], "");
  EXPECT_THAT(hub_.ranges[1], testing::AllOf(testing::StartsWith("bytes="), testing::EndsWith("-")));
}

TEST_F(Pull, APartialFileOfAnEarlierRunIsContinued) {
  fs::create_directories(repository() / "blobs");
  write_file(repository() / "blobs" / (hub_.etag("model.safetensors") + ".0123abcd.incomplete"),
             hub_.files["model.safetensors"].bytes.substr(0, 1234));
  hub::pull(settings(), spec());
  EXPECT_THAT(hub_.ranges, ElementsAre("bytes=1234-"));
  for (const auto& entry : fs::directory_iterator(repository() / "blobs"))
    EXPECT_THAT(entry.path().string(), Not(HasSubstr("incomplete")));
}

TEST_F(Pull, AServerWithoutRangesIsReadFromTheStart) {
  fs::create_directories(repository() / "blobs");
  write_file(repository() / "blobs" / (hub_.etag("model.safetensors") + ".0123abcd.incomplete"), "wrong bytes");
  hub_.ignore_range = true;
  const fs::path folder = hub::pull(settings(), spec());
  EXPECT_TRUE(read_file(folder / "model.safetensors") == hub_.files["model.safetensors"].bytes);
}

TEST_F(Pull, WrongBytesAreThrownAway) {
  hub_.wrong_etag.insert("model.safetensors");  // the file changed between the listing and the download
  EXPECT_THAT(refusal(ErrorKind::kRuntime, settings()), HasSubstr("does not have the hash"));
  EXPECT_FALSE(fs::exists(repository() / "snapshots" / kCommit / "model.safetensors"));
  EXPECT_FALSE(fs::exists(repository() / "refs/main"));
  hub_.wrong_etag = {"config.json"};
  fs::remove_all(scratch_.path());
  EXPECT_THAT(refusal(ErrorKind::kRuntime, settings()), HasSubstr("config.json"));
}

TEST_F(Pull, ALongerFileThanAnnouncedIsRefused) {
  hub_.larger_than_said = true;
  EXPECT_THAT(refusal(ErrorKind::kRuntime, settings()), HasSubstr("longer than"));
}

TEST_F(Pull, RefusalsAreToldApart) {
  hub::pull(settings(), spec());
  EXPECT_THAT(refusal(ErrorKind::kBadInput, settings(), "org/tini"), HasSubstr("did you mean org/tiny?"));
  const auto answer = [&](int status, const char* code) {
    hub_.status = status;
    hub_.error_code = code;
    return refusal(ErrorKind::kBadInput, settings());
  };
  EXPECT_THAT(answer(403, "GatedRepo"), HasSubstr("is gated"));
  EXPECT_THAT(answer(401, "GatedRepo"), HasSubstr("is gated"));
  EXPECT_THAT(answer(401, "RepoNotFound"), HasSubstr("does not exist, or is private"));
  EXPECT_THAT(answer(404, "RevisionNotFound"), HasSubstr("has no revision 'main'"));
  EXPECT_THAT(answer(404, ""), HasSubstr("not found"));
  hub_.status = 503;
  EXPECT_THAT(refusal(ErrorKind::kRuntime, settings()), HasSubstr("HTTP 503"));
}

TEST_F(Pull, NamesOutsideTheFolderAreRefused) {
  for (const char* name : {"../evil.json", "/etc/evil", "a\\b", "C:evil"}) {
    hub_.files[name] = {"x"};
    EXPECT_THAT(refusal(ErrorKind::kBadInput, settings()), HasSubstr("outside its folder")) << name;
    hub_.files.erase(name);
  }
}

TEST_F(Pull, AQuantisationNamesItsFile) {
  hub_.files = {{"tiny-Q4_K_M.gguf", {"GGUF4", true}}, {"tiny-Q8_0.gguf", {"GGUF8", true}}};
  EXPECT_THAT(refusal(ErrorKind::kBadInput, settings()), HasSubstr("name one"));
  const fs::path file = hub::pull(settings(), spec("org/tiny:q8_0"));
  EXPECT_EQ(file.filename(), "tiny-Q8_0.gguf");
  EXPECT_EQ(hub::find_cached(settings(), spec("org/tiny:Q8_0")), file);
}

// A server that never stops, and never pauses for long.
TEST_F(Pull, AListingThatDripsIsGivenUp) {
  hub_.drip = true;
  hub::Settings impatient = settings();
  impatient.etag_timeout_s = 1;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(refusal(ErrorKind::kRuntime, impatient), HasSubstr("slower than 1000 bytes a second"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

// Pipes and dangling links in the cache, in place of a file.
TEST_F(Pull, PipesInTheCacheHoldNobodyUp) {
  hub::pull(settings(), spec());
  const fs::path snapshot = repository() / "snapshots" / kCommit;
  const fs::path blob = repository() / "blobs" / hub_.etag("model.safetensors");
  for (const fs::path& at : {scratch_ / "CACHEDIR.TAG", repository() / ".no_exist" / kCommit / "chat_template.jinja",
                             repository() / "refs/main", snapshot / "config.json", snapshot / "model.safetensors", blob,
                             fs::path(blob.string() + ".01234567.incomplete")}) {
    fs::remove(at);
    ASSERT_EQ(::mkfifo(at.c_str(), 0600), 0) << at;
  }
  const fs::path folder = hub::pull(settings(), spec());
  EXPECT_TRUE(read_file(folder / "model.safetensors") == hub_.files["model.safetensors"].bytes);
  EXPECT_EQ(read_file(repository() / "refs/main"), kCommit);
  fs::remove(repository() / "refs/main");
  ASSERT_EQ(::mkfifo((repository() / "refs/main").c_str(), 0600), 0);
  hub::Settings offline = settings();
  offline.offline = true;
  EXPECT_THAT(refusal(ErrorKind::kBadInput, offline), HasSubstr("refs/main: is not a file"));
}

TEST_F(Pull, APartialFileThatIsALinkIsNotWrittenThrough) {
  fs::create_directories(repository() / "blobs");
  write_file(home_ / "thesis", "mine");
  fs::create_symlink(home_ / "thesis", repository() / "blobs" / (hub_.etag("model.safetensors") + ".0.incomplete"));
  hub::pull(settings(), spec());
  EXPECT_EQ(read_file(home_ / "thesis"), "mine");
}

TEST_F(Pull, AnEndpointThatIsNoAddressIsNamed) {
  for (const char* endpoint : {"foo", "ftp://x", "http://", "hf.co/x"}) {
    hub::Settings wrong = settings();
    wrong.endpoint = endpoint;
    EXPECT_THAT(refusal(ErrorKind::kInvalidArgument, wrong), HasSubstr("HF_ENDPOINT: '" + std::string(endpoint)));
  }
}

// Names of a listing that would reach the terminal.
TEST_F(Pull, ControlCharactersInNamesAreRefused) {
  hub_.files = {{"a\x1b[31m.gguf", {"x"}}};
  EXPECT_THAT(refusal(ErrorKind::kBadInput, settings()),
              testing::AllOf(HasSubstr("a\\x1b[31m.gguf"), Not(HasSubstr("\x1b"))));
}

TEST_F(Pull, NobodyThere) {
  hub::Settings nowhere = settings();
  nowhere.endpoint = "http://127.0.0.1:1";
  EXPECT_THAT(refusal(ErrorKind::kRuntime, nowhere), HasSubstr("cannot be reached"));
}

TEST(FilesToPull, BestWeightsOnly) {
  const hub::Spec spec = *hub::parse_spec("a/b");
  EXPECT_THAT(hub::files_to_pull({"config.json", "model.safetensors", "pytorch_model.bin", "tf_model.h5"}, spec),
              ElementsAre("config.json", "model.safetensors"));
  EXPECT_THAT(hub::files_to_pull({"config.json", "pytorch_model.bin", "x.gguf"}, spec),
              ElementsAre("config.json", "pytorch_model.bin"));
  EXPECT_THAT(hub::files_to_pull({"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                                  "model-old.safetensors", "model.safetensors.index.json", "pytorch_model.bin"},
                                 spec),
              UnorderedElementsAre("config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
                                   "model-00002-of-00002.safetensors"));
  EXPECT_THROW(hub::files_to_pull({"config.json"}, spec), Error);
}

}  // namespace
}  // namespace linnet::test
