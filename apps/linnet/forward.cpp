// linnet forward: runs one forward pass and writes its outputs as tensors.
#include <fmt/format.h>

#include "id_list.h"
#include "linnet/base/error.h"
#include "linnet/io/checkpoint.h"
#include "linnet/models/outputs.h"
#include "model_options.h"
#include "output.h"
#include "verbs.h"

namespace linnet::app {
namespace {

using Rows = std::vector<std::vector<std::int32_t>>;

struct ForwardFlags {
  ModelOptions model;
  std::vector<std::string> texts, ids, masks, types, decoder_ids;
  std::string padding_side = "right", output;
  bool json = false;
};

Rows parse_rows(const Command& command, const std::string& option, const std::vector<std::string>& lists) {
  Rows rows;
  for (const std::string& list : lists) rows.push_back(parse_ids(command, option, list));
  return rows;
}

// One list per row, each as long as its row; without any: the default for every row.
Rows parse_beside(const Command& command, const std::string& option, const std::vector<std::string>& lists,
                  const Rows& ids) {
  Rows rows = parse_rows(command, option, lists);
  if (rows.empty()) return rows;
  if (rows.size() != ids.size())
    command.wrong_usage(
        format_printable("{} is given {} times for {} rows; once a row", option, rows.size(), ids.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() != ids[i].size())
      command.wrong_usage(
          format_printable("{}: {} numbers for the {} ids of row {}", option, rows[i].size(), ids[i].size(), i));
  }
  return rows;
}

void check_ids(const Command& command, const char* option, const Rows& rows, std::int64_t vocabulary) {
  for (const auto& row : rows)
    for (const std::int32_t id : row)
      if (id < 0 || id >= vocabulary)
        command.wrong_usage(format_printable("{}: {} is outside the model's vocabulary of {}", option, id, vocabulary));
}

void pad(Rows& rows, std::size_t width, Side side) {
  for (auto& row : rows) row.insert(side == Side::kLeft ? row.begin() : row.end(), width - row.size(), 0);
}

// Rows of equal length, with a mask that excludes padding.
nn::PaddedBatch make_batch(const Command& command, const ForwardFlags& options, Rows ids, Rows types) {
  nn::PaddedBatch batch;
  batch.mask = parse_beside(command, "--attention-mask", options.masks, ids);
  for (const auto& row : batch.mask) {
    for (const std::int32_t m : row)
      if (m != 0 && m != 1) command.wrong_usage(format_printable("--attention-mask takes 0 and 1, not {}", m));
  }
  if (batch.mask.empty())
    for (const auto& row : ids) batch.mask.emplace_back(row.size(), 1);
  if (Rows given = parse_beside(command, "--type-ids", options.types, ids); !given.empty()) types = std::move(given);
  std::size_t width = 0;
  for (const auto& row : ids) width = std::max(width, row.size());
  const Side side = options.padding_side == "left" ? Side::kLeft : Side::kRight;
  pad(ids, width, side);
  pad(batch.mask, width, side);
  pad(types, width, side);
  batch.ids = std::move(ids);
  batch.type_ids = std::move(types);
  return batch;
}

// The decoder's rows, padded on the right. Without any: its start token for each row, or, without a language model's
// head, the text.
nn::PaddedBatch decoder_batch(const Command& command, const ForwardFlags& options, const models::Model& model,
                              std::size_t count) {
  const nn::TransformerConfig& c = model.config();
  if (c.stack != nn::Stack::kEncoderDecoder) {
    if (!options.decoder_ids.empty())
      command.wrong_usage(
          format_printable("--decoder-ids: a {} model has no decoder next to an encoder", model.family().model_type));
    return {};
  }
  Rows rows = parse_rows(command, "--decoder-ids", options.decoder_ids);
  if (rows.empty() && c.head != nn::HeadKind::kSeq2SeqLm) return {};
  if (rows.empty() && c.decoder_start_id >= 0) rows.assign(count, {static_cast<std::int32_t>(c.decoder_start_id)});
  if (rows.size() != count)
    command.wrong_usage(
        format_printable("--decoder-ids is given {} times for {} rows; once a row", rows.size(), count));
  check_ids(command, "--decoder-ids", rows, c.vocab);
  nn::PaddedBatch batch;
  std::size_t width = 0;
  for (const auto& row : rows) {
    batch.mask.emplace_back(row.size(), 1);
    width = std::max(width, row.size());
  }
  pad(rows, width, Side::kRight);
  pad(batch.mask, width, Side::kRight);
  batch.ids = std::move(rows);
  return batch;
}

void write_tensors(const ForwardFlags& options, const std::vector<models::NamedTensor>& tensors) {
  const std::filesystem::path file(options.output);
  CheckpointWriter writer(file.parent_path(), file.stem().string());
  Json shapes = Json::object();
  Table table{{"tensor", "shape"}};
  for (const models::NamedTensor& t : tensors) {
    writer.add(t.name, t.value);
    shapes[t.name] = t.value.shape();
    table.push_back({printable(t.name), printable(to_string(t.value.shape()))});
  }
  writer.finish();
  if (options.json)
    print_json({{"tensors", shapes}});
  else
    print_result(format_table(table).text());
}

void check_forward_usage(const Command& command, const ForwardFlags& options) {
  if (options.output.empty()) command.wrong_usage("where to? give -o FILE.safetensors");
  if (!options.output.ends_with(".safetensors"))
    command.wrong_usage(
        format_printable("-o {}: the file is a .safetensors; name it so", printable(options.output, 80)));
  if (options.ids.empty() == options.texts.empty())
    command.wrong_usage(options.ids.empty() ? "nothing to run: give --ids 1,2,3 or a text"
                                            : "--ids or a text, not both");
}

}  // namespace

void run_forward(Arguments arguments) {
  ForwardFlags options;
  Command command("forward", "one forward pass, its outputs written as tensors");
  command.example("linnet forward --ids 1,2,3 --ids 4,5 -o out.safetensors");
  command.example("linnet forward 'The movie was great.' -m models/bert --dtype f32 -o out.safetensors");
  command.option("text", options.texts);
  command.option("--ids", options.ids);
  command.option("--attention-mask", options.masks);
  command.option("--type-ids", options.types);
  command.option("--decoder-ids", options.decoder_ids);
  command.choice("--padding-side", options.padding_side, {"right", "left"});
  command.option("--output", options.output);
  command.flag("--json", options.json);
  add_model_options(command, options.model);
  command.parse(arguments);
  check_forward_usage(command, options);

  Rows ids = parse_rows(command, "--ids", options.ids), types;
  Loaded loaded = load_pretrained(command, options.model, {},
                                  options.ids.empty() ? WithTokenizer::kRequired : WithTokenizer::kIfThere);
  check_ids(command, "--ids", ids, loaded.model->config().vocab);
  for (const std::string& text : options.texts) {
    Encoding e = loaded.tokenizer().encode(text);
    ids.push_back(std::move(e.ids));
    types.push_back(std::move(e.type_ids));
  }
  if (loaded.model->config().token_types == 0) types.clear();
  const nn::PaddedBatch decoder = decoder_batch(command, options, *loaded.model, ids.size());
  write_tensors(
      options, models::outputs(*loaded.model, make_batch(command, options, std::move(ids), std::move(types)), decoder));
}

}  // namespace linnet::app
