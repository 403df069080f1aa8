#include "linnet/tasks/tag.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/base/utf8.h"
#include "linnet/generate/engine.h"
#include "linnet/tasks/chunks.h"
#include "linnet/tasks/prompt_ids.h"
#include "linnet/tokenizer/decoder.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet::tasks {
namespace {

// A text as tokens, without special ones, in chunks.
struct TaggedText {
  std::string text;
  Encoding encoding = {};
  std::vector<Chunk> chunks = {};
  std::vector<Tensor> logits = {};  // of each chunk, [tokens, labels]
};

struct TaggedToken {
  std::string word;
  std::vector<double> scores;
  std::int64_t start, end, index;  // start and end: bytes
  bool continues_word;
};

std::size_t best_of(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

std::vector<double> probabilities(std::span<const float> logits) {
  const float most = *std::max_element(logits.begin(), logits.end());
  std::vector<double> scores;
  double sum = 0;
  for (const float v : logits) sum += scores.emplace_back(std::exp(static_cast<double>(v) - most));
  for (double& score : scores) score /= sum;
  return scores;
}

// "B-PER" begins an entity PER; "I-PER" and "PER" continue one.
struct Tag {
  bool begins;
  std::string_view name;
};
Tag tag_of(std::string_view label) {
  const bool begins = label.starts_with("B-");
  return {begins, begins || label.starts_with("I-") ? label.substr(2) : label};
}

class Tagger {
 public:
  Tagger(const Loaded& loaded, const TagOptions& options)
      : model_(*loaded.model),
        tokenizer_(loaded.tokenizer()),
        labels_(model_.config().labels),
        options_(options),
        frame_(tokenizer_.frame()),
        limit_(length_limit(model_, tokenizer_)),
        words_are_marked_(tokenizer_.data().model->marks_continuations()) {}

  TaggedText prepare(const std::string& text) {
    TaggedText made{.text = utf8::valid(text) ? text : utf8::replace_invalid(text)};
    made.encoding = tokenizer_.encode(made.text, {.add_special_tokens = false, .want_tokens = false});
    check(made.encoding.size() > 0, "{}", kNoTokens);
    made.chunks = chunks_of({.text = made.encoding.ids,
                             .max_length = limit_,
                             .stride = options_.stride.value_or(0),
                             .side = tokenizer_.truncation_side()},
                            frame_);
    if (!options_.stride && made.chunks.size() > 1) {
      made.chunks.resize(1);
      ++cut_;
    }
    return made;
  }

  void compute(std::vector<TaggedText>& texts) const {
    generate::Engine engine(model_, {.batch_tokens = options_.batch_rows});
    for (TaggedText& text : texts) {
      text.logits.resize(text.chunks.size());
      for (std::size_t c = 0; c < text.chunks.size(); ++c)
        engine.submit(generate::EncodeRequest{
            .ids = text.chunks[c].ids,
            .type_ids = text.chunks[c].type_ids,
            .on_end = [this, &text, c](const Tensor& rows) { text.logits[c] = model_.classify(rows).to(kCpu); }});
    }
    while (engine.step()) {
    }
  }

  std::vector<Entity> entities_of(const TaggedText& text) const {
    std::vector<Entity> all;
    const CharacterOffsets characters(text.text);
    for (std::size_t c = 0; c < text.chunks.size(); ++c)
      for (Entity& entity : aggregate(tokens_of(text, c))) {
        if (std::ranges::find(options_.ignored, entity.label) != options_.ignored.end()) continue;
        entity.start = characters(entity.start);
        entity.end = characters(entity.end);
        all.push_back(std::move(entity));
      }
    return text.chunks.size() > 1 ? without_overlaps(std::move(all)) : all;
  }

  void note_cut() const {
    if (cut_ > 0)
      note("{} of the texts {} cut to {} tokens; {} tags all of a text", cut_, cut_ == 1 ? "was" : "were", limit_,
           option("stride"));
  }

 private:
  std::vector<TaggedToken> tokens_of(const TaggedText& text, std::size_t c) const {
    const Chunk& chunk = text.chunks[c];
    const auto values = text.logits[c].data<float>();
    std::vector<TaggedToken> tokens;
    for (std::size_t i = 0; i < chunk.ids.size(); ++i) {
      if (chunk.tokens[i] < 0) continue;
      const auto [begin, end] = text.encoding.offsets[static_cast<std::size_t>(chunk.tokens[i])];
      TaggedToken token{.word = tokenizer_.id_to_token(chunk.ids[i]),
                        .scores = probabilities(values.subspan(i * labels_.size(), labels_.size())),
                        .start = begin,
                        .end = end,
                        .index = static_cast<std::int64_t>(i),
                        .continues_word = false};
      const std::string shown =
          text.text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
      if (chunk.ids[i] == tokenizer_.unk_id())
        token.word = shown;
      else if (words_are_marked_)
        token.continues_word = utf8::count(token.word) != utf8::count(shown);
      else  // no blank before it and at its beginning
        token.continues_word =
            begin > 0 && text.text.substr(static_cast<std::size_t>(begin) - 1, 2).find(' ') == std::string::npos;
      tokens.push_back(std::move(token));
    }
    return tokens;
  }

  Entity entity_of(const TaggedToken& token) const {
    const std::size_t best = best_of(token.scores);
    return {labels_[best], token.scores[best], token.word, token.start, token.end, token.index};
  }

  std::string joined(std::vector<std::string> words) const {
    return decode_tokens(tokenizer_.data().decoder.get(), std::move(words));
  }

  Entity word_of(std::span<const TaggedToken> tokens) const {
    std::vector<double> scores = tokens.front().scores;
    std::vector<std::string> words;
    for (const TaggedToken& token : tokens) words.push_back(token.word);
    if (options_.aggregation == Aggregation::kAverage) {
      for (const TaggedToken& token : tokens.subspan(1))
        for (std::size_t l = 0; l < scores.size(); ++l) scores[l] += token.scores[l];
      for (double& score : scores) score /= static_cast<double>(tokens.size());
    } else if (options_.aggregation == Aggregation::kMax) {
      for (const TaggedToken& token : tokens)
        if (token.scores[best_of(token.scores)] > scores[best_of(scores)]) scores = token.scores;
    }
    const std::size_t best = best_of(scores);
    return {labels_[best], scores[best], joined(std::move(words)), tokens.front().start, tokens.back().end};
  }

  std::vector<Entity> aggregate(const std::vector<TaggedToken>& tokens) const {
    std::vector<Entity> entities;
    if (options_.aggregation == Aggregation::kNone || options_.aggregation == Aggregation::kSimple) {
      for (const TaggedToken& token : tokens) entities.push_back(entity_of(token));
      return options_.aggregation == Aggregation::kNone ? entities : groups_of(entities);
    }
    for (std::size_t begin = 0, end = 0; begin < tokens.size(); begin = end) {
      for (end = begin + 1; end < tokens.size() && tokens[end].continues_word;) ++end;
      entities.push_back(word_of(std::span(tokens).subspan(begin, end - begin)));
    }
    return groups_of(entities);
  }

  std::vector<Entity> groups_of(const std::vector<Entity>& entities) const {
    std::vector<Entity> groups;
    for (std::size_t begin = 0, end = 0; begin < entities.size(); begin = end) {
      std::vector<std::string> words;
      double sum = 0;
      for (end = begin; end < entities.size(); ++end) {
        const Tag here = tag_of(entities[end].label);
        if (end > begin && (here.begins || here.name != tag_of(entities[end - 1].label).name)) break;
        words.push_back(entities[end].word);
        sum += entities[end].score;
      }
      const std::string& label = entities[begin].label;
      const auto dash = label.find('-');
      groups.push_back({dash == std::string::npos ? label : label.substr(dash + 1),
                        sum / static_cast<double>(end - begin), joined(std::move(words)), entities[begin].start,
                        entities[end - 1].end});
    }
    return groups;
  }

  // Of entities of different chunks that overlap, the longest, and of those the most likely.
  static std::vector<Entity> without_overlaps(std::vector<Entity> entities) {
    std::stable_sort(entities.begin(), entities.end(),
                     [](const Entity& a, const Entity& b) { return a.start < b.start; });
    std::vector<Entity> kept;
    for (Entity& entity : entities) {
      if (kept.empty() || entity.start >= kept.back().end) {
        kept.push_back(std::move(entity));
        continue;
      }
      const std::int64_t length = entity.end - entity.start, before = kept.back().end - kept.back().start;
      if (length > before || (length == before && entity.score > kept.back().score)) kept.back() = std::move(entity);
    }
    return kept;
  }

  const models::Model& model_;
  const Tokenizer& tokenizer_;
  const std::vector<std::string>& labels_;
  const TagOptions& options_;
  Frame frame_;
  std::int64_t limit_;
  bool words_are_marked_;
  std::int64_t cut_ = 0;  // texts
};

}  // namespace

void check_tags(const Loaded& loaded, const TagOptions& options) {
  const models::Model& model = *loaded.model;
  check(model.config().head == models::HeadKind::kTokenClass, ErrorKind::kBadInput,
        "{}: has no head for token classification; train one, or take another model", model.place().string());
  check(model.config().head_trained || options.allow_untrained, ErrorKind::kBadInput,
        "{}: its classification head was never trained, the tags would be random; train it, or give {}",
        model.place().string(), option("allow_untrained"));
  check_option(!options.stride || options.aggregation != Aggregation::kNone, "stride",
               "needs groups of tokens; give {}", option("aggregation"));
  check_option(options.stride.value_or(0) >= 0, "stride", "is less than 0; give a number of tokens");
}

void tag_each(const Loaded& loaded, std::span<const std::string> texts, const TagOptions& options,
              const OnEntities& on_entities, const OnRefusal& on_refusal) {
  check_tags(loaded, options);
  Tagger tagger(loaded, options);
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t end =
        portion_end(begin, texts.size(), options.batch_rows, [&](std::size_t i) { return texts[i].size(); });
    std::vector<TaggedText> made;
    std::vector<std::optional<Error>> errors;
    for (std::size_t i = begin; i < end; ++i)
      errors.push_back(text_error(on_refusal, [&] { made.push_back(tagger.prepare(texts[i])); }));
    tagger.compute(made);
    auto text = made.begin();
    for (const std::optional<Error>& error : errors) {
      if (error)
        on_refusal(begin, *error);
      else
        on_entities(begin, tagger.entities_of(*text++));
      ++begin;
    }
  }
  tagger.note_cut();
}

std::vector<Entity> tag(const Loaded& loaded, const std::string& text, const TagOptions& options) {
  std::vector<Entity> result;
  tag_each(loaded, {&text, 1}, options, [&](std::size_t, const std::vector<Entity>& found) { result = found; });
  return result;
}

}  // namespace linnet::tasks
