// Space that this library reserves, and the crate: a closed store has none of it, and what a killed
// writer leaves is refused until this library has opened the store once. Appending behind such a
// tail, as the crate does behind every tail that it tolerates, would lose what is appended.

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "driver_process.h"
#include "model.h"
#include "parameters.h"
#include "scratch.h"
#include "workload.h"

namespace datawal::compat::reserved_space_test {
namespace {

class ReservedSpaceTest : public testing::TestWithParam<Implementation> {
 protected:
  // More than the first 64 KiB, which are written without reserving anything.
  void write_much(DriverProcess& writer) {
    writer.must("open kv " + directory_);
    for (std::uint64_t number = 1; number <= 300; ++number) {
      const Blob key = make_key(number % 50, 16);
      const Blob value = make_payload(number, 1'000);
      writer.must("put " + key.word + ' ' + value.word);
      model_.append(RecordType::kPut, key, value);
    }
  }

  [[nodiscard]] std::uint64_t file_size() const {
    return std::filesystem::file_size(std::filesystem::path(directory_) / "00000001.dwal");
  }
  [[nodiscard]] static std::uint64_t size_of_records() { return 300 * (28 + 16 + 1'000); }

  Scratch scratch_;
  std::string directory_ = scratch_.fresh("store").string();
  Model model_;
};

TEST_P(ReservedSpaceTest, AClosedStoreHasNone) {
  DriverProcess writer(kDatawal);
  write_much(writer);
  EXPECT_GT(file_size(), size_of_records());
  writer.must("close");
  EXPECT_EQ(file_size(), size_of_records());
  DriverProcess crate(GetParam());
  open_and_compare(crate, Kind::kStore, directory_, model_);
}

TEST_P(ReservedSpaceTest, AKilledStoreIsRefusedByTheCrateUntilItHasBeenOpened) {
  DriverProcess writer(kDatawal);
  write_much(writer);
  writer.kill();
  EXPECT_GT(file_size(), size_of_records());
  DriverProcess crate(GetParam());
  EXPECT_TRUE(crate.ask("open kv " + directory_).starts_with("err "));
  EXPECT_GT(file_size(), size_of_records()) << "the crate has changed it";
  {
    DriverProcess datawal(kDatawal);
    open_and_compare(datawal, Kind::kStore, directory_, model_);
    datawal.must("close");
  }
  DriverProcess again(GetParam());
  open_and_compare(again, Kind::kStore, directory_, model_);
}

TEST_P(ReservedSpaceTest, WithoutItAKilledStoreIsReadAsItIs) {
  DriverProcess writer(kDatawal);
  writer.must("option reserve_space 0");
  write_much(writer);
  writer.kill();
  EXPECT_EQ(file_size(), size_of_records());
  DriverProcess crate(GetParam());
  open_and_compare(crate, Kind::kStore, directory_, model_);
}

INSTANTIATE_TEST_SUITE_P(Crates, ReservedSpaceTest, testing::ValuesIn(kCrates),
                         implementation_name);

}  // namespace
}  // namespace datawal::compat::reserved_space_test
