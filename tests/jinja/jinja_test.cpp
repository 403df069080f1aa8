#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <fstream>
#include <thread>

#include "linnet/base/error.h"
#include "linnet/jinja/lexer.h"
#include "linnet/jinja/parser.h"
#include "linnet/jinja/template.h"

namespace linnet::jinja {
namespace {

using testing::HasSubstr;

std::string render(const std::string& source, const Json& values = Json::object(), const RunOptions& options = {}) {
  Template::Names names;
  for (const auto& [name, value] : values.items()) names.emplace_back(name, from_json(value));
  return Template(source, "t").render(names, options);
}

std::string error_of(const std::string& source, const Json& values = Json::object(), const RunOptions& options = {}) {
  try {
    return "rendered: " + render(source, values, options).substr(0, 100);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
}

// From tools/fixtures/jinja_snippets.py with Jinja2.
TEST(Jinja, SnippetsRenderAsInPython) {
  std::ifstream file(LINNET_SOURCE_DIR "/tests/jinja/fixtures/snippets.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const Json values = Json::parse(line).at("values");
  int rows = 0;
  while (std::getline(file, line)) {
    const Json row = Json::parse(line);
    const auto source = row.at("source").get<std::string>();
    ++rows;
    if (row.contains("error")) {
      EXPECT_THAT(error_of(source, values), testing::StartsWith("t:")) << source << "\nJinja: " << row.at("error");
    } else {
      try {
        EXPECT_EQ(render(source, values), row.at("text").get<std::string>()) << source;
      } catch (const Error& error) {
        ADD_FAILURE() << source << "\n" << error.what();
      }
    }
  }
  EXPECT_GT(rows, 120);
}

// Iterating over a dict or a text creates a list without other owners.
TEST(Jinja, FiltersOfDictsAndTextsReadAListOfTheirOwn) {
  EXPECT_EQ(render("{{ {1: 2, 3: 4} | sum }}"), "4");
  EXPECT_EQ(render("{{ '-'.join('abc') }} {{ '-'.join({'x': 1, 'y': 2}) }}"), "a-b-c x-y");
  EXPECT_EQ(render("{{ 'abcd' | batch(2) | list }}"), "[['a', 'b'], ['c', 'd']]");
  EXPECT_EQ(render("{{ 'abba' | unique | list }} {{ 'aBc' | select('upper') | list }}"), "['a', 'b'] ['B']");
}

TEST(Jinja, ErrorsNameTheLineAndTheConstruct) {
  EXPECT_EQ(error_of("a\n\n{{ x | nope }}"), "t:3: there is no filter 'nope'; correct the template");
  EXPECT_EQ(error_of("{{ x is nope }}"), "t:1: there is no test 'nope'; correct the template");
  EXPECT_THAT(error_of("{% import 'os' as os %}"), HasSubstr("'{% import %}' would open another file"));
  EXPECT_THAT(error_of("\n{% do x %}"), HasSubstr("t:2: the tag '{% do %}' is not known"));
  EXPECT_EQ(error_of("{% if x %}\n"), "t:1: '{% endif %}' is missing; correct the template");
  EXPECT_THAT(error_of("{{ f(*x) }}"), HasSubstr("'*' and '**' arguments are not supported"));
  EXPECT_THAT(error_of("{{ [1].append(2) }}"), HasSubstr("'append': a list may not be changed by a template"));
  EXPECT_THAT(error_of("\xFF"), HasSubstr("not UTF-8"));
}

TEST(Jinja, IntegersThatLeave64BitsAreErrors) {
  for (const char* source :
       {"{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 9223372036854775807 * 2 }}",
        "{{ 10 ** 19 }}", "{{ (-9223372036854775807 - 1) // -1 }}", "{{ -(-9223372036854775807 - 1) }}",
        "{{ (-9223372036854775807 - 1) | abs }}", "{{ '9223372036854775808' | int }}", "{{ 1e300 | int }}",
        "{{ 9223372036854775808 }}", "{{ 2 ** 9223372036854775807 }}"})
    EXPECT_THAT(error_of(source), HasSubstr("64 bits")) << source;
  EXPECT_EQ(render("{{ (-9223372036854775807 - 1) % -1 }}{{ 1 ** 9223372036854775807 }}"), "01");
  EXPECT_EQ(
      render("{{ 'abc'[9223372036854775807] }}{{ 'abc'[::9223372036854775807] }}"
             "{{ 'abc'[-9223372036854775807 - 1:] }}{{ range(9223372036854775806, 9223372036854775807) | list }}"),
      "aabc[9223372036854775806]");
}

// One below, at, and one above each limit.
TEST(Jinja, LimitsHold) {
  const auto nested = [](int depth) {
    std::string open, close;
    for (int i = 0; i < depth; ++i) (open += "{% if 1 %}"), close += "{% endif %}";
    return open + close;
  };
  EXPECT_EQ(render(nested(kMaxNesting - 2)), "");
  EXPECT_THAT(error_of(nested(kMaxNesting + 1)), HasSubstr("nested more than 100 deep"));
  const auto brackets = [](int depth) {
    return "{{ " + std::string(static_cast<std::size_t>(depth), '(') + "1" +
           std::string(static_cast<std::size_t>(depth), ')') + " }}";
  };
  EXPECT_EQ(render(brackets(90)), "1");
  EXPECT_THAT(error_of(brackets(101)), HasSubstr("nested more than"));
  EXPECT_THAT(error_of("{{ " + std::string(5000, '-') + "1 }}"), HasSubstr("nested more than"));
  EXPECT_EQ(render("{{ range(100000) | length }}"), "100000");
  EXPECT_THAT(error_of("{{ range(100001) | length }}"), HasSubstr("more than 100000 elements"));
  // An exception of the library reached the user.
  EXPECT_THAT(error_of("{{ range(stop=3, start=0) | length }}"), HasSubstr("range takes no named arguments"));
  EXPECT_THAT(error_of("{{ ([1] * 100000) * 2 }}"), HasSubstr("more than 100000 elements"));
  EXPECT_EQ(render("{{ ('a' * 8388608) | length }}"), "8388608");
  EXPECT_THAT(error_of("{{ 'a' * 8388609 }}"), HasSubstr("longer than 8388608 bytes"));
  EXPECT_THAT(error_of("{% set a = 'a' * 8388608 %}{{ a }}b"), HasSubstr("writes more than"));
  const std::string recursion = "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(";
  EXPECT_EQ(render(recursion + "98) }}"), "");
  EXPECT_EQ(render(recursion + "99) }}"), "");
  EXPECT_THAT(error_of(recursion + "100) }}"), HasSubstr("nested more than 100 deep"));
}

TEST(Jinja, StepsAndTimeEnd) {
  EXPECT_THAT(error_of("{% for a in range(1000) %}{% for b in range(1000) %}{{ a }}{% endfor %}{% endfor %}"),
              HasSubstr("more than 1000000 steps"));
  EXPECT_THAT(error_of("{% for a in range(5) %}x{% endfor %}", {}, {.limits = {.steps = 10}}),
              HasSubstr("more than 10 steps"));
  EXPECT_THAT(error_of("{% for a in range(10000) %}x{% endfor %}", {}, {.limits = {.seconds = 0}}),
              HasSubstr("more than 0 s"));
  // Values cannot contain themselves or grow without limit.
  EXPECT_THAT(error_of("{% set n = namespace(l=[]) %}{% for i in range(1000) %}{% set n.l = [n.l] %}{% endfor %}"),
              HasSubstr("nested more than"));
  EXPECT_THAT(error_of("{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}"),
              HasSubstr("longer than"));
  EXPECT_THAT(error_of("{% set n = namespace() %}{% set n.n = n %}{{ n }}"), HasSubstr("cannot be printed"));
}

// Comparing lists with shared parts takes 2^60 steps; so do membership, sorting, and printing.
TEST(Jinja, EveryOperationOnSharedListsCountsItsSteps) {
  const std::string shared =
      "{% set n = namespace(a=[1], b=[1]) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] "
      "%}"
      "{% endfor %}";
  for (const char* use : {"{{ n.a == n.b }}",
                          "{{ n.a != n.b }}",
                          "{{ n.a < n.b }}",
                          "{{ n.a in [n.b] }}",
                          "{{ [n.a, n.b] | sort | length }}",
                          "{{ [n.a, n.b] | min | length }}",
                          "{{ [n.a, n.b] | unique | list | length }}",
                          "{{ [n.a].index(n.b) }}",
                          "{{ [n.a].count(n.b) }}",
                          "{{ n.a is sameas n.b }}",
                          "{{ n.a is eq n.b }}",
                          "{{ n.a is lower }}",
                          "{{ n.a | tojson }}",
                          "{{ n.a | string | length }}",
                          "{{ 'x' ~ n.a }}",
                          "{{ '%s' % n.a }}",
                          "{% for x in [n.a, n.b] %}{{ loop.changed(x) }}{% endfor %}",
                          "{{ [{'k': n.a}, {'k': n.b}] | groupby('k') | length }}",
                          "{{ {(n.a | length, 1): 1}[n.a] }}",
                          "{{ n.a | join }}"})
    EXPECT_THAT(error_of(shared + use), testing::AnyOf(HasSubstr("steps"), HasSubstr("bytes"), HasSubstr("rendered: ")))
        << use;
  EXPECT_THAT(error_of(shared + "{{ n.a == n.b }}"), HasSubstr("more than 1000000 steps"));
}

// Repetitive texts, where a search backtracks at each position.
TEST(Jinja, SearchesInTextsAreLinear) {
  const std::string texts = "{% set a = 'a' * 2000000 %}{% set b = 'a' * 1000000 ~ 'b' %}";
  for (const char* use :
       {"{{ b in a }}", "{{ a.find(b) }}", "{{ a.rfind(b) }}", "{{ a.count(b) }}", "{{ a.replace(b, '') | length }}",
        "{{ a.split(b) | length }}", "{{ a.partition(b) | length }}", "{{ a.rpartition(b) | length }}"})
    EXPECT_THAT(error_of(texts + use), HasSubstr("rendered: ")) << use;
  EXPECT_THAT(error_of(texts + "{{ a.rsplit(b) | length }}"), HasSubstr("steps"));
  EXPECT_EQ(render("{{ 'abcabc'.rfind('bc') }}{{ 'abcabc'.rsplit('b', 1) }}{{ 'aXbXc'.rpartition('X') }}"),
            "4['abca', 'c']('aXb', 'X', 'c')");
}

// Many names, and values that are created one by one.
TEST(Jinja, ValuesThatAreMadeCount) {
  EXPECT_THAT(error_of("{% set x = range(100000) %}{% set n = namespace(l=[]) %}{% for i in range(200) %}"
                       "{% set n.l = n.l + [x | list] %}{% endfor %}"),
              HasSubstr("steps"));
  EXPECT_THAT(error_of("{% for i in range(200) %}{{ [1] | batch(100000, 0) | list | length }}{% endfor %}"),
              HasSubstr("steps"));
  EXPECT_THAT(error_of("{% set x = 'ab' * 4000000 %}{% for i in range(999) %}{{ (x | upper) is lower }}{% endfor %}"),
              HasSubstr("steps"));
}

TEST(Jinja, ParsesOnASmallStack) {
  std::string source;
  for (int i = 0; i < 95; ++i) source += "{% if x %}";
  source += "{{ " + std::string(5000, '[');
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  pthread_t thread;
  const auto work = [](void* text) -> void* {
    try {
      parse(*static_cast<std::string*>(text), "t");
    } catch (const Error&) {
      return text;
    }
    return nullptr;
  };
  std::string brackets = "{{ " + std::string(100, '(');
  for (std::string* text : {&source, &brackets}) {
    ASSERT_EQ(pthread_create(&thread, &attributes, work, text), 0);
    void* result = nullptr;
    pthread_join(thread, &result);
    EXPECT_EQ(result, text);
  }
  pthread_attr_destroy(&attributes);
}

TEST(Jinja, PromptTemplatesRefuseUnknownNames) {
  const RunOptions strict{.missing = Missing::kFault};
  const Json values{{"text", "x"}, {"labels", {"a"}}};
  EXPECT_EQ(error_of("{{ txt }}", values, strict), "t:1: 'txt' is undefined; the names given are: text, labels");
  for (const char* source : {"{% if txt %}{% endif %}", "{% for x in txt %}{% endfor %}", "{{ txt ~ 'a' }}",
                             "{{ txt | upper }}", "{{ txt == 1 }}", "{{ [txt] | join }}", "{{ not txt }}"})
    EXPECT_THAT(error_of(source, values, strict), HasSubstr("'txt' is undefined")) << source;
  EXPECT_EQ(render("{{ txt | default('d') }}{{ txt is defined }}", values, strict), "dFalse");
}

TEST(Jinja, ATemplateCanBeUsedByManyThreads) {
  const Template shared("{% for i in range(50) %}{{ i }}{{ x }}{% endfor %}", "t");
  const std::string expected = shared.render({{"x", Value("a")}});
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) wrong[t] += shared.render({{"x", Value("a")}}) != expected;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

TEST(Lexer, KeepsTheTextBetweenTags) {
  const std::string source = "a {{ b }}c{# d #}\n{% if e -%} f";
  std::string kinds;
  for (const Token& token : tokenize(source, "t")) kinds += std::to_string(static_cast<int>(token.kind));
  EXPECT_EQ(kinds, "015203554010");
  EXPECT_THAT(error_of("{{ 'open"), HasSubstr("t:1: a string is not closed"));
  EXPECT_THAT(error_of("{{ $ }}"), HasSubstr("'$' does not belong here"));
  EXPECT_THAT(error_of("{{ (1] }}"), HasSubstr("unexpected ']'"));
}

TEST(Parser, RefusesTemplatesThatAreTooLarge) {
  EXPECT_THAT(error_of(std::string(kMaxSource + 1, 'a')), HasSubstr("more than 262144"));
  EXPECT_EQ(render(std::string(kMaxSource, 'a')).size(), kMaxSource);
}

TEST(Values, FloatsPrintAsPythonPrintsThem) {
  const std::pair<double, const char*> cases[] = {
      {0.1, "0.1"},       {1, "1.0"},
      {-0.0, "-0.0"},     {1e15, "1000000000000000.0"},
      {1e16, "1e+16"},    {1e-4, "0.0001"},
      {1e-5, "1e-05"},    {1.7976931348623157e308, "1.7976931348623157e+308"},
      {5e-324, "5e-324"}, {123456.789, "123456.789"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(float_text(value), text);
}

TEST(Values, LargeDictsFindTheirKeys) {
  Dict dict;
  for (int i = 0; i < 100; ++i) dict.set(Value(std::to_string(i)), Value(i));
  dict.set(Value("7"), Value("seven"));
  EXPECT_EQ(dict.items.size(), 100u);
  EXPECT_EQ(dict.find(std::string_view("7"))->string(), "seven");
  EXPECT_EQ(dict.find(std::string_view("99"))->integer(), 99);
  EXPECT_EQ(dict.find(std::string_view("100")), nullptr);
}
}  // namespace
}  // namespace linnet::jinja
