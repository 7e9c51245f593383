#include "file/simulated_file_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <set>
#include <string>
#include <vector>

namespace datawal::simulated_file_data_test {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSector = 512;

void write(SimulatedFileData& file, std::uint64_t offset, std::string_view text) {
  file.write(offset, as_bytes(text));
}

std::string text_of(const SimulatedFileData& file) {
  return std::string(as_text(file.bytes()));
}

std::string after_cut(SimulatedFileData file, PowerCut policy, std::uint64_t seed = 0) {
  SimulatedRandom random(seed);
  file.cut_power(policy, random);
  // What is found after a power cut is on the disk: nothing changes at a second one.
  SimulatedFileData again = file;
  again.cut_power(PowerCut::kTear, random);
  EXPECT_EQ(text_of(again), text_of(file));
  return text_of(file);
}

// Everything that the seeds from 0 on lead to.
std::set<std::string> torn_results(const SimulatedFileData& file, std::uint64_t seed_count = 400) {
  std::set<std::string> results;
  for (std::uint64_t seed = 0; seed < seed_count; ++seed) {
    results.insert(after_cut(file, PowerCut::kTear, seed));
  }
  return results;
}

TEST(SimulatedFileData, ReadsWhatWasWritten) {
  SimulatedFileData file;
  write(file, 2, "cd");
  write(file, 0, "a");
  EXPECT_EQ(text_of(file), std::string("a\0cd", 4));
  Bytes buffer(3);
  EXPECT_EQ(file.read(2, buffer), 2U);
  EXPECT_EQ(file.read(4, buffer), 0U);
  EXPECT_EQ(file.read(~std::uint64_t{0}, buffer), 0U);
}

TEST(SimulatedFileData, SyncedBytesSurviveEveryPowerCut) {
  SimulatedFileData file;
  write(file, 0, std::string(3 * kPage + 7, 'a'));
  file.sync();
  for (const PowerCut policy :
       {PowerCut::kDropPending, PowerCut::kKeepPending, PowerCut::kZeroPending, PowerCut::kTear}) {
    EXPECT_EQ(after_cut(file, policy), std::string(3 * kPage + 7, 'a'));
  }
}

TEST(SimulatedFileData, PoliciesDecideOnPendingWrites) {
  SimulatedFileData file;
  write(file, 0, "old");
  file.sync();
  write(file, 0, "NEWER");
  EXPECT_EQ(after_cut(file, PowerCut::kDropPending), "old");
  EXPECT_EQ(after_cut(file, PowerCut::kKeepPending), "NEWER");
  EXPECT_EQ(after_cut(file, PowerCut::kZeroPending), std::string("old\0\0", 5));
  EXPECT_EQ(text_of(file), "NEWER");  // those were copies
}

TEST(SimulatedFileData, PagesReachTheDiskInAnyOrder) {
  SimulatedFileData file;
  write(file, 0, std::string(2 * kPage, 'a'));
  const std::set<std::string> results = torn_results(file);
  EXPECT_EQ(results.count(""), 1U);
  EXPECT_EQ(results.count(std::string(2 * kPage, 'a')), 1U);
  EXPECT_EQ(results.count(std::string(2 * kPage, '\0')), 1U);
  EXPECT_EQ(results.count(std::string(kPage, 'a')), 1U);
  EXPECT_EQ(results.count(std::string(kPage, 'a') + std::string(kPage, '\0')), 1U);
  EXPECT_EQ(results.count(std::string(kPage, '\0') + std::string(kPage, 'a')), 1U);
}

TEST(SimulatedFileData, SectorsOfAPageTearApart) {
  SimulatedFileData file;
  file.place(as_bytes(std::string(kPage, 'o')));
  write(file, 0, std::string(kPage, 'n'));
  bool has_later_sector_only = false;
  bool has_split_sector = false;
  for (const std::string& result : torn_results(file)) {
    ASSERT_EQ(result.size(), kPage);
    EXPECT_EQ(result.find_first_not_of("on"), std::string::npos);
    has_later_sector_only |= result[0] == 'o' && result[kSector] == 'n';
    for (std::size_t begin = 0; begin < kPage; begin += kSector) {
      has_split_sector |= result[begin] == 'n' && result[begin + kSector - 1] == 'o';
    }
  }
  EXPECT_TRUE(has_later_sector_only);
  EXPECT_TRUE(has_split_sector);
}

TEST(SimulatedFileData, IntermediateVersionsOfAPageCanBeLeft) {
  SimulatedFileData file;
  for (const char* text : {"1", "2", "3"}) write(file, 0, text);
  const std::set<std::string> results = torn_results(file);
  EXPECT_EQ(results, (std::set<std::string>{"", std::string(1, '\0'), "1", "2", "3"}));
}

TEST(SimulatedFileData, SizesInTheMiddleOfAWriteEndAtPages) {
  SimulatedFileData file;
  write(file, 0, "abc");
  write(file, 3, std::string(3 * kPage, 'd'));
  std::set<std::size_t> sizes;
  for (const std::string& result : torn_results(file)) sizes.insert(result.size());
  EXPECT_EQ(sizes, (std::set<std::size_t>{0, 3, kPage, 2 * kPage, 3 * kPage, 3 * kPage + 3}));
}

TEST(SimulatedFileData, TruncateHasHappenedOrNot) {
  SimulatedFileData file;
  file.place(as_bytes(std::string(2 * kPage, 'a')));
  file.truncate(10);
  EXPECT_EQ(after_cut(file, PowerCut::kDropPending), std::string(2 * kPage, 'a'));
  EXPECT_EQ(after_cut(file, PowerCut::kKeepPending), std::string(10, 'a'));
  EXPECT_EQ(after_cut(file, PowerCut::kZeroPending), std::string(10, 'a'));
  // Where it has not, the page across the end may have been cleared before.
  const std::string cleared =
      std::string(10, 'a') + std::string(kPage - 10, '\0') + std::string(kPage, 'a');
  const std::set<std::string> results = torn_results(file);
  EXPECT_EQ(results.count(std::string(10, 'a')), 1U);
  EXPECT_EQ(results.count(std::string(2 * kPage, 'a')), 1U);
  EXPECT_EQ(results.count(cleared), 1U);
  for (const std::string& result : results) EXPECT_EQ(result.substr(0, 10), "aaaaaaaaaa");
}

TEST(SimulatedFileData, NothingComesBackFromBehindATruncate) {
  SimulatedFileData file;
  file.place(as_bytes(std::string(2 * kPage, 'a')));
  file.truncate(10);
  write(file, 10, "bcd");
  write(file, kPage + 5, "e");
  for (const std::string& result : torn_results(file)) {
    if (result.size() == 2 * kPage) {
      // The truncate has not happened: what was written anew behind it is not there either.
      EXPECT_EQ(result.substr(kPage), std::string(kPage, 'a'));
    } else {
      EXPECT_EQ(result.find('a', 10), std::string::npos);
    }
  }
}

TEST(SimulatedFileData, SyncedTruncateIsFinal) {
  SimulatedFileData file;
  file.place(as_bytes(std::string(2 * kPage, 'a')));
  file.truncate(10);
  file.sync();
  file.truncate(kPage + 10);
  for (const std::string& result : torn_results(file)) {
    EXPECT_TRUE(result.starts_with("aaaaaaaaaa"));
    EXPECT_EQ(result.find('a', 10), std::string::npos);
  }
}

TEST(SimulatedFileData, FailedSyncMakesALaterOneLie) {
  SimulatedFileData file;
  write(file, 0, "old");
  file.sync();
  write(file, 0, "NEWER");
  file.fail_sync();
  file.sync();
  EXPECT_EQ(text_of(file), "NEWER");
  EXPECT_EQ(after_cut(file, PowerCut::kDropPending), "old");
  EXPECT_EQ(after_cut(file, PowerCut::kKeepPending), "NEWER");
}

TEST(SimulatedFileData, PagesWrittenAgainAfterAFailedSyncAreSaved) {
  SimulatedFileData file;
  write(file, 0, std::string(2 * kPage, 'a'));
  file.fail_sync();
  write(file, kPage, "b");
  file.sync();
  const std::string second = "b" + std::string(kPage - 1, 'a');
  EXPECT_EQ(after_cut(file, PowerCut::kDropPending), std::string(kPage, '\0') + second);
  EXPECT_EQ(after_cut(file, PowerCut::kKeepPending), std::string(kPage, 'a') + second);
}

TEST(SimulatedFileData, FailedTruncateIsSettledByTheNextChange) {
  SimulatedFileData file;
  file.place(as_bytes(std::string(2 * kPage, 'a')));
  file.truncate(10);
  file.fail_sync();
  file.sync();
  EXPECT_EQ(after_cut(file, PowerCut::kDropPending), std::string(2 * kPage, 'a'));
  write(file, 10, "b");
  file.sync();
  EXPECT_EQ(after_cut(file, PowerCut::kDropPending), std::string(10, 'a') + "b");
}

TEST(SimulatedFileData, SameSeedSameResult) {
  SimulatedFileData file;
  for (int index = 0; index < 50; ++index) {
    write(file, static_cast<std::uint64_t>(index) * 300,
          std::string(300, static_cast<char>(index)));
  }
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(after_cut(file, PowerCut::kTear, seed), after_cut(file, PowerCut::kTear, seed));
  }
}

// Follows a file byte by byte: the values that each position, and the sizes that the file, has had
// since it was last synced.
class History {
 public:
  void change_to(const Bytes& bytes) {
    if (values_.size() < bytes.size()) values_.resize(bytes.size(), kZeroOnly);
    for (std::size_t at = 0; at < values_.size(); ++at) {
      values_[at].set(at < bytes.size() ? std::to_integer<std::size_t>(bytes[at]) : 0);
    }
    size_min_ = std::min(size_min_, bytes.size());
    size_max_ = std::max(size_max_, bytes.size());
  }
  void sync(const Bytes& bytes) {
    values_.assign(bytes.size(), {});
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      values_[at].set(std::to_integer<std::size_t>(bytes[at]));
    }
    size_min_ = size_max_ = bytes.size();
  }
  [[nodiscard]] bool allows(const std::string& found) const {
    if (found.size() < size_min_ || found.size() > size_max_) return false;
    for (std::size_t at = 0; at < found.size(); ++at) {
      if (!values_[at].test(static_cast<unsigned char>(found[at]))) return false;
    }
    return true;
  }

 private:
  using Values = std::bitset<256>;
  static constexpr Values kZeroOnly{1};

  std::vector<Values> values_;
  std::size_t size_min_ = 0;
  std::size_t size_max_ = 0;
};

TEST(SimulatedFileData, NeverInventsAByte) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SimulatedRandom random(seed);
    SimulatedFileData file;
    History history;
    for (int step = 0; step < 40; ++step) {
      const std::uint64_t offset = random.below(3 * kPage);
      const std::uint64_t choice = random.below(10);
      if (choice < 7) {
        write(file, offset, std::string(random.below(1500), static_cast<char>('A' + step)));
      } else if (choice < 9) {
        file.truncate(offset);
      } else {
        file.sync();
        history.sync(file.bytes());
      }
      history.change_to(file.bytes());
      const std::uint64_t cut_seed = random.next();
      const std::string found = after_cut(file, PowerCut::kTear, cut_seed);
      ASSERT_TRUE(history.allows(found)) << "step " << step << ", cut seed " << cut_seed;
    }
  }
}

}  // namespace
}  // namespace datawal::simulated_file_data_test
