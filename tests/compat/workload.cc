#include "workload.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace datawal::compat {
namespace {

constexpr std::array<RecordType, 3> kTypes = {RecordType::kRaw, RecordType::kPut,
                                              RecordType::kDelete};

std::string abridged(const std::string& line) {
  return line.size() <= 300 ? line : line.substr(0, 300) + "...";
}

std::vector<Blob> make_keys(Random& random) {
  std::vector<Blob> keys = {Blob{}, make_key(random.next(), kKeySizeMax)};
  while (keys.size() < 40) keys.push_back(make_key(random.next(), 1 + random.below(24)));
  while (keys.size() < 44) keys.push_back(make_key(random.next(), 100 + random.below(2000)));
  return keys;
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t mixed = (state_ ^ (state_ >> 30U)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31U);
}

const char* kind_name(Kind kind) {
  return kind == Kind::kLog ? "log" : "kv";
}

Workload::Workload(std::uint64_t seed) : random_(seed), keys_(make_keys(random_)) {}

const Blob& Workload::any_key() {
  // The maximal key is rare, for it is large.
  const std::uint64_t index = random_.below(keys_.size());
  return index == 1 && !random_.chance(30) ? keys_[0] : keys_[index];
}

Blob Workload::any_payload() {
  const std::uint64_t dice = random_.below(100);
  const std::uint64_t limit = dice < 70 ? 200 : dice < 97 ? 5000 : 100000;
  return dice < 8 ? Blob{} : make_payload(random_.next() >> 1U, random_.below(limit));
}

std::string Workload::append_command(Kind kind, Model& model) {
  if (kind == Kind::kStore) {
    const Blob& key = any_key();
    if (random_.chance(25)) {
      model.append(RecordType::kDelete, key, {});
      return "delete " + key.word;
    }
    const Blob value = any_payload();
    model.append(RecordType::kPut, key, value);
    return "put " + key.word + ' ' + value.word;
  }
  const Blob payload = any_payload();
  if (random_.chance(30)) {
    model.append(RecordType::kRaw, {}, payload);
    return "append " + payload.word;
  }
  // Any type with any key and payload is legal in a log, a Delete with a payload included.
  const RecordType type = kTypes[random_.below(kTypes.size())];
  const Blob& key = any_key();
  model.append(type, key, payload);
  return "append_record " + std::string(record_type_name(type)) + ' ' + key.word + ' ' +
         payload.word;
}

void Workload::step(DriverProcess& driver, Kind kind, Model& model) {
  ++operations_;
  if (random_.chance(4)) {
    require_equal(driver.ask("sync"), "ok", "sync");
  } else if (kind == Kind::kLog) {
    step_log(driver, model);
  } else {
    step_store(driver, model);
  }
}

void Workload::step_log(DriverProcess& driver, Model& model) {
  if (random_.chance(5)) {
    require_equal(driver.ask("rotate"), "ok", "rotate");
    model.rotate();
    return;
  }
  const std::string command = append_command(Kind::kLog, model);
  require_equal(driver.ask(command), "ok " + model.records().back().place(), command);
}

void Workload::step_store(DriverProcess& driver, Model& model) {
  if (random_.chance(25)) return read_store(driver, model);
  const std::string command = append_command(Kind::kStore, model);
  require_equal(driver.ask(command), "ok", command);
}

void Workload::read_store(DriverProcess& driver, const Model& model) {
  const Blob& key = any_key();
  const auto found = model.live().find(key.bytes);
  std::string value = "ok none";
  std::string place = "ok none";
  if (found != model.live().end()) {
    const ModelRecord& record = model.records()[found->second];
    value = "ok some " + record.payload.shown;
    place = "ok some " + record.place();
  }
  require_equal(driver.ask("get " + key.word), value, "get " + key.word);
  require_equal(driver.ask("ref " + key.word), place, "ref " + key.word);
  require_equal(driver.ask("len"), "ok " + std::to_string(model.live().size()), "len");
}

void require_equal(const std::string& found, const std::string& expected, const std::string& what) {
  if (found == expected) return;
  throw std::runtime_error(abridged(what) + "\n  found    " + abridged(found) + "\n  expected " +
                           abridged(expected));
}

void require_equal(const std::vector<std::string>& found, const std::vector<std::string>& expected,
                   const std::string& what) {
  const std::size_t count = std::min(found.size(), expected.size());
  for (std::size_t index = 0; index < count; ++index) {
    require_equal(found[index], expected[index], what + ", line " + std::to_string(index));
  }
  require_equal(std::to_string(found.size()), std::to_string(expected.size()), what + ", lines");
}

void open_and_compare(DriverProcess& driver, Kind kind, const std::string& directory,
                      const Model& model) {
  driver.must("open " + std::string(kind_name(kind)) + ' ' + directory);
  require_equal(driver.must("report"), model.report(), driver.name() + ": report");
  require_equal(driver.must_list("dump"), model.dump(), driver.name() + ": dump");
  if (kind == Kind::kStore) {
    require_equal(driver.must_list("state"), model.state(), driver.name() + ": state");
  }
}

}  // namespace datawal::compat
