// Drives the C++ library by the same line protocol as crate/driver.rs drives the Rust crate, so
// that a test need not care which of the two it talks to. README.md describes the protocol.

#include <algorithm>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datawal/datawal.h"
#include "library.h"
#include "notation.h"

namespace datawal::compat {
namespace {

using Lines = std::vector<std::string>;
using Words = std::vector<std::string_view>;

Words words_of(std::string_view text) {
  Words words;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    if (end > start) words.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

class Driver {
 public:
  Lines run(const std::string& line) {
    const std::size_t space = line.find(' ');
    const std::string_view rest =
        space == std::string::npos ? std::string_view() : std::string_view(line).substr(space + 1);
    const auto command = commands_.find(line.substr(0, space));
    if (command == commands_.end()) throw std::invalid_argument("unknown command");
    return command->second(*this, rest);
  }

 private:
  using Command = std::function<Lines(Driver&, std::string_view)>;

  Lines option(std::string_view rest) {
    const Words words = words_of(rest);
    if (words.at(0) == "segment_size_max") {
      options_.segment_size_max = parse_number(words.at(1));
    } else if (words.at(0) == "reserve_space") {
      options_.reserve_space = parse_number(words.at(1)) != 0;
    } else {
      throw std::invalid_argument("unknown option");
    }
    return {"ok"};
  }

  Lines open(std::string_view rest) {
    const std::size_t space = rest.find(' ');
    const std::string_view kind = rest.substr(0, space);
    const std::filesystem::path path(rest.substr(space + 1));
    drop();
    if (kind == "log") {
      log_ = must(RecordLog::open(path, options_));
    } else if (kind == "kv") {
      store_ = must(DataWal::open(path, options_));
    } else if (kind == "ro") {
      store_ = must(DataWal::open_read_only(path, options_));
    } else if (kind == "reader") {
      reader_ = must(RecordLogReader::open(path, options_));
    } else {
      throw std::invalid_argument("unknown kind");
    }
    return {"ok"};
  }

  void drop() {
    log_.reset();
    store_.reset();
    reader_.reset();
  }

  Lines close(std::string_view /*rest*/) {
    if (log_) must(log_->close());
    if (store_) must(store_->close());
    drop();
    return {"ok"};
  }

  RecordLog& log() {
    if (!log_) throw std::invalid_argument("no log is open");
    return *log_;
  }

  DataWal& store() {
    if (!store_) throw std::invalid_argument("no store is open");
    return *store_;
  }

  Lines append(std::string_view rest) {
    return {"ok " + show(must(log().append(parse_bytes(words_of(rest).at(0)))).ref)};
  }

  Lines append_record(std::string_view rest) {
    const Words words = words_of(rest);
    const Bytes key = parse_bytes(words.at(1));
    const Bytes payload = parse_bytes(words.at(2));
    return {"ok " + show(must(log().append_record(parse_type(words.at(0)), key, payload)).ref)};
  }

  Lines put(std::string_view rest) {
    const Words words = words_of(rest);
    (void)must(store().put(parse_bytes(words.at(0)), parse_bytes(words.at(1))));
    return {"ok"};
  }

  Lines remove(std::string_view rest) {
    (void)must(store().remove(parse_bytes(words_of(rest).at(0))));
    return {"ok"};
  }

  Lines get(std::string_view rest) {
    const std::optional<Value> value = must(store().get(parse_bytes(words_of(rest).at(0))));
    return {value ? "ok some " + show(value->bytes()) : "ok none"};
  }

  Lines ref(std::string_view rest) {
    const std::optional<RecordRef> place = must(store().ref_of(parse_bytes(words_of(rest).at(0))));
    return {place ? "ok some " + show(*place) : "ok none"};
  }

  Lines sync(std::string_view /*rest*/) {
    must(log_ ? log_->sync() : store().sync());
    return {"ok"};
  }

  Lines rotate(std::string_view /*rest*/) {
    must(log_ ? log_->rotate() : store().rotate());
    return {"ok"};
  }

  RecordCursor scan() {
    if (log_) return log_->scan();
    return reader_ ? reader_->scan() : store().scan();
  }

  Lines report(std::string_view /*rest*/) {
    if (!reader_) {
      return {"ok " + show(log_ ? log_->recovery_report() : store().recovery_report())};
    }
    RecordCursor cursor = reader_->scan();
    while (must(cursor.next())) {
    }
    return {"ok " + show(cursor.report())};
  }

  Lines dump(std::string_view /*rest*/) {
    Lines lines = compat::dump(scan());
    lines.insert(lines.begin(), "ok " + std::to_string(lines.size()));
    return lines;
  }

  Lines state(std::string_view /*rest*/) {
    std::map<std::string, std::string> items;  // sorted as unsigned bytes
    ItemCursor cursor = store().items();
    while (const std::optional<Item> item = must(cursor.next())) {
      items.emplace(as_text(item->key), show(item->key) + ' ' + show(item->value));
    }
    Lines lines = {"ok " + std::to_string(items.size())};
    for (const auto& [key, line] : items) lines.push_back(line);
    return lines;
  }

  Lines compact(std::string_view rest) {
    const CompactionStats stats = must(store().compact_to(std::filesystem::path(rest)));
    return {"ok " + std::to_string(stats.live_keys) + ' ' + std::to_string(stats.records_written) +
            ' ' + std::to_string(stats.bytes_written)};
  }

  Lines export_jsonl(std::string_view rest) {
    (void)must(store().export_jsonl(std::filesystem::path(rest)));
    return {"ok"};
  }

  Lines import_jsonl(std::string_view rest) {
    (void)must(store().import_jsonl(std::filesystem::path(rest)));
    return {"ok"};
  }

  const std::map<std::string, Command> commands_ = {
      {"option", &Driver::option},
      {"open", &Driver::open},
      {"close", &Driver::close},
      {"append", &Driver::append},
      {"append_record", &Driver::append_record},
      {"put", &Driver::put},
      {"delete", &Driver::remove},
      {"get", &Driver::get},
      {"ref", &Driver::ref},
      {"len",
       [](Driver& driver, std::string_view) -> Lines {
         return {"ok " + std::to_string(driver.store().size())};
       }},
      {"sync", &Driver::sync},
      {"rotate", &Driver::rotate},
      {"report", &Driver::report},
      {"dump", &Driver::dump},
      {"state", &Driver::state},
      {"compact", &Driver::compact},
      {"export", &Driver::export_jsonl},
      {"import", &Driver::import_jsonl},
  };
  Options options_;
  std::optional<RecordLog> log_;
  std::optional<DataWal> store_;
  std::optional<RecordLogReader> reader_;
};

Lines reply_to(Driver& driver, const std::string& line) {
  try {
    return driver.run(line);
  } catch (const std::exception& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return {"err " + text};
  }
}

}  // namespace
}  // namespace datawal::compat

int main() {
  datawal::compat::Driver driver;
  for (std::string line; std::getline(std::cin, line);) {
    for (const std::string& reply : datawal::compat::reply_to(driver, line)) {
      std::cout << reply << '\n';
    }
    std::cout << std::flush;
  }
}
