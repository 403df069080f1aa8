// How a data file is to be read: as it was asked for, else by its name, else by what it begins with.
//
//   TextBuffer text(open_bytes("-"), "stdin");
//   const DataFormat format = find_format("-", text, options);  // "title,text\n…" is csv; what was guessed is noted
#pragma once

#include <filesystem>

#include "linnet/data/dataset.h"
#include "linnet/data/rows.h"

namespace linnet {

// Nothing of `text` is taken. kBadInput for what cannot be read (Parquet, spreadsheets, UTF-16, …), for an ending that
// is not known, and for text on a pipe that looks like cells without a column that is known as the text.
DataFormat find_format(const std::filesystem::path& file, TextBuffer& text, const ReadOptions& options);

// The format of that name: txt, jsonl or ndjson, json, csv, tsv. `place` names the file in errors.
DataFormat format_named(std::string_view name, std::string_view place, const ReadOptions& options);

}  // namespace linnet
