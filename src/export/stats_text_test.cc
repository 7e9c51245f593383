// Statistics as JSON and as Prometheus' text: read back by the rules of those formats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/latency_recorder.h"

namespace datawal::stats_text_test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

LatencyHistogram histogram_of(std::initializer_list<std::int64_t> latencies) {
  LatencyRecorder recorder;
  for (const std::int64_t latency : latencies) recorder.record(std::chrono::nanoseconds(latency));
  return recorder.read();
}

Stats sample() {
  Stats stats;
  stats.live_keys = 7;
  stats.appends.puts = {.records = 10, .bytes = 1'000};
  stats.reads = {.hits = 14, .misses = 5, .failures = 1};
  stats.open.elapsed = std::chrono::milliseconds(1'500);
  stats.open.hints_read = 3;
  stats.open.checkpoint = CheckpointUse::kLoaded;
  stats.latencies.open = histogram_of({1'500'000'000});
  stats.latencies.get = histogram_of({50, 64, 65, 1'000, 100'000'000'000});
  return stats;
}

// The samples of an exposition, which must keep the rules of the format: each line is a comment or
// a sample; HELP and TYPE come once, before the samples, and all samples of a name together.
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    EXPECT_TRUE(text.ends_with('\n'));
    std::string::size_type begin = 0;
    while (begin < text.size()) {
      const auto end = text.find('\n', begin);
      take_line(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  [[nodiscard]] std::string value(const std::string& sample) const {
    const auto found = samples_.find(sample);
    return found == samples_.end() ? "absent" : found->second;
  }
  [[nodiscard]] const std::map<std::string, std::string>& types() const { return types_; }
  [[nodiscard]] const std::vector<std::string>& order() const { return order_; }

 private:
  void take_line(const std::string& line) {
    std::smatch match;
    if (std::regex_match(line, match, std::regex("# HELP ([a-z_]+) \\S.*\\."))) {
      EXPECT_TRUE(helped_.insert(match[1]).second) << line;
      name_ = match[1];
      return;
    }
    if (std::regex_match(line, match, std::regex("# TYPE ([a-z_]+) (counter|gauge|histogram)"))) {
      EXPECT_EQ(match[1], name_) << line;
      EXPECT_TRUE(types_.emplace(match[1], match[2]).second) << line;
      return;
    }
    const std::regex sample(
        R"re((([a-z_]+)(\{[a-z_]\w*="([^"\\]|\\[\\"n])*"(,[a-z_]\w*="([^"\\]|\\[\\"n])*")*\})?) )re"
        R"re(([0-9]+(\.[0-9]+)?(e[-+][0-9]+)?))re");
    ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
    const std::string suffix =
        std::string(match[2]).substr(std::min(name_.size(), match[2].str().size()));
    EXPECT_THAT(std::string(match[2]), StartsWith(name_));
    if (types_[name_] == "histogram") {
      EXPECT_TRUE(suffix == "_bucket" || suffix == "_sum" || suffix == "_count") << line;
    } else {
      EXPECT_EQ(suffix, "") << line;
      EXPECT_EQ(types_[name_] == "counter", name_.ends_with("_total")) << line;
    }
    EXPECT_TRUE(samples_.emplace(match[1], match[7]).second) << line;
    order_.push_back(match[1]);
  }

  std::string name_;
  std::set<std::string> helped_;
  std::map<std::string, std::string> types_;
  std::map<std::string, std::string> samples_;
  std::vector<std::string> order_;
};

TEST(StatsPrometheus, KeepsTheRulesOfTheFormat) {
  const Exposition text(to_prometheus(sample()));
  EXPECT_EQ(text.value("datawal_live_keys"), "7");
  EXPECT_EQ(text.value("datawal_appended_records_total{type=\"put\"}"), "10");
  EXPECT_EQ(text.value("datawal_gets_total{outcome=\"hit\"}"), "14");
  EXPECT_EQ(text.value("datawal_gets_total{outcome=\"failure\"}"), "1");
  EXPECT_EQ(text.value("datawal_open_seconds_count"), "1");
  EXPECT_EQ(text.value("datawal_open_seconds_sum"), "1.5");
  EXPECT_EQ(text.value("datawal_open_checkpoint_loaded"), "1");
  EXPECT_EQ(text.value("datawal_open_hints_read"), "3");
  EXPECT_EQ(text.types().at("datawal_gets_total"), "counter");
}

TEST(StatsPrometheus, BucketsAreCumulativeAndEndWithTheCount) {
  const Exposition text(to_prometheus(sample()));
  EXPECT_EQ(text.value("datawal_get_seconds_bucket{le=\"6.4e-08\"}"), "2");
  EXPECT_EQ(text.value("datawal_get_seconds_bucket{le=\"1.28e-07\"}"), "3");
  EXPECT_EQ(text.value("datawal_get_seconds_bucket{le=\"5.12e-07\"}"), "3");
  EXPECT_EQ(text.value("datawal_get_seconds_bucket{le=\"1.024e-06\"}"), "4");
  EXPECT_EQ(text.value("datawal_get_seconds_bucket{le=\"68.719476736\"}"), "4");
  EXPECT_EQ(text.value("datawal_get_seconds_bucket{le=\"+Inf\"}"), "5");
  EXPECT_EQ(text.value("datawal_get_seconds_count"), "5");
  EXPECT_EQ(text.value("datawal_get_seconds_sum"), "100.000001179");
  std::vector<double> bounds;
  for (const std::string& sample : text.order()) {
    const std::string begin = "datawal_get_seconds_bucket{le=\"";
    if (!sample.starts_with(begin) || sample.ends_with("+Inf\"}")) continue;
    bounds.push_back(std::stod(sample.substr(begin.size())));
  }
  EXPECT_EQ(bounds.size(), 31U);
  EXPECT_TRUE(std::ranges::is_sorted(bounds));
}

TEST(StatsPrometheus, LabelsAreEscaped) {
  const std::string text = to_prometheus(Stats{}, {{"store", "a\\b\"c\nd"}, {"9-x", "y"}});
  EXPECT_THAT(text, HasSubstr("datawal_live_keys{store=\"a\\\\b\\\"c\\nd\",__x=\"y\"} 0\n"));
  const Exposition checked(text);
}

TEST(StatsPrometheus, SeveralStoresAreOneTextInWhichEveryNameIsExplainedOnce) {
  const std::vector<MetricSource> sources = {{sample(), {{"store", "one"}}},
                                             {Stats{}, {{"store", "two"}}}};
  const Exposition text(to_prometheus(sources));
  EXPECT_EQ(text.value("datawal_live_keys{store=\"one\"}"), "7");
  EXPECT_EQ(text.value("datawal_live_keys{store=\"two\"}"), "0");
  EXPECT_EQ(text.value("datawal_get_seconds_bucket{store=\"one\",le=\"+Inf\"}"), "5");
}

TEST(StatsPrometheus, GaugesAloneLeaveOutWhatOnlyTheUserOfAStoreKnows) {
  const MetricSource source = {sample(), {}};
  const Exposition text(to_prometheus(std::span(&source, 1), MetricChoice::kGauges));
  for (const auto& [name, type] : text.types()) EXPECT_EQ(type, "gauge") << name;
  EXPECT_EQ(text.value("datawal_live_keys"), "7");
}

TEST(StatsJson, IsOneObjectWithEveryNumber) {
  const std::string text = to_json(sample());
  EXPECT_THAT(text, StartsWith("{\"live_keys\":7,\"index_bytes\":0,\"space\":{\"log_bytes\":0,"));
  EXPECT_THAT(text, HasSubstr("\"open\":{\"elapsed_ns\":1500000000,\"records_replayed\":0,"
                              "\"hints_read\":3,\"checkpoint\":\"loaded\"}"));
  EXPECT_THAT(text, HasSubstr("\"puts\":{\"records\":10,\"bytes\":1000}"));
  EXPECT_THAT(text, HasSubstr("\"reads\":{\"gets\":20,\"hits\":14,\"misses\":5,\"failures\":1}"));
  EXPECT_THAT(text, HasSubstr("\"get\":{\"count\":5,\"sum_ns\":100000001179,"
                              "\"max_ns\":100000000000,\"p50_ns\":72,"));
  EXPECT_THAT(text, HasSubstr("\"buckets\":[[52,1],[64,1],[72,1],[1024,1],"));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(std::ranges::count(text, '{'), std::ranges::count(text, '}'));
  EXPECT_EQ(text.back(), '}');
}

}  // namespace
}  // namespace datawal::stats_text_test
