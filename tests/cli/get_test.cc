// get and history.
#include "cli/cli_test.h"

namespace datawal::test::get_test {
namespace {

using GetCli = CliTest;

TEST_F(GetCli, PrintsTheValueExactly) {
  make_sample_store();
  EXPECT_EQ(output({"get", store(), "--key", "alpha"}), "3");
}

TEST_F(GetCli, PrintsTheFieldsOfTheContractAsJson) {
  make_sample_store();
  EXPECT_EQ(output({"get", "--json", store(), "--key", "alpha"}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"value\",\"key_base64\":\"YWxwaGE=\","
            "\"value_base64\":\"Mw==\",\"value_len\":1}\n");
}

TEST_F(GetCli, AMissingKeyIsANegativeAnswer) {
  make_sample_store();
  const Outcome human = expect("exit 1", {"get", store(), "--key", "beta"});
  EXPECT_EQ(human.out, "");
  EXPECT_EQ(human.err, "datawal: get: key not found\n");
  const Outcome json = expect("exit 1", {"get", "--json", store(), "--key", "beta"});
  EXPECT_EQ(json.out,
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"miss\",\"key_base64\":\"YmV0YQ==\"}\n");
  EXPECT_EQ(json.err, "");
}

TEST_F(GetCli, TakesTheKeyInThreeForms) {
  make_sample_store();
  EXPECT_EQ(output({"get", store(), "--key-hex", "616C706861"}), "3");
  EXPECT_EQ(output({"get", store(), "--key-hex", "616c706861"}), "3");
  EXPECT_EQ(output({"get", store(), "--key-base64", "YWxwaGE="}), "3");
  EXPECT_EQ(output({"get", "--key=alpha", store()}), "3");
}

TEST_F(GetCli, AnEmptyKeyIsAKey) {
  output({"put", store(), "--key", "", "nothing"});
  EXPECT_EQ(output({"get", store(), "--key", ""}), "nothing");
  EXPECT_EQ(output({"get", store(), "--key="}), "nothing");
  EXPECT_EQ(output({"get", store(), "--key-hex", ""}), "nothing");
  EXPECT_EQ(output({"get", store(), "--key-base64="}), "nothing");
}

TEST_F(GetCli, RefusesABadKey) {
  make_sample_store();
  const auto error_of = [this](const Words& key) {
    Words words = {"get", store()};
    words.insert(words.end(), key.begin(), key.end());
    const Outcome outcome = expect("exit 2", words);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("datawal: error: "));
    return outcome.err;
  };
  EXPECT_THAT(error_of({}), HasSubstr("pass exactly one of --key, --key-base64, or --key-hex"));
  EXPECT_THAT(error_of({"--key", "a", "--key-hex", "61"}), HasSubstr("cannot be used with"));
  EXPECT_THAT(error_of({"--key-base64", "YQ==", "--key-hex", "61"}),
              HasSubstr("cannot be used with"));
  EXPECT_THAT(error_of({"--key-base64", "YWxwaGE"}), HasSubstr("invalid --key-base64: "));
  EXPECT_THAT(error_of({"--key-base64", "YWxwaGF="}), HasSubstr("invalid --key-base64: "));
  EXPECT_THAT(error_of({"--key-hex", "616"}), HasSubstr("invalid --key-hex: odd length"));
  EXPECT_THAT(error_of({"--key-hex", "61xx"}), HasSubstr("invalid --key-hex: non-hex byte 'x'"));
  EXPECT_THAT(error_of({"--key-hex", "0x61"}), HasSubstr("non-hex byte 'x'"));
  EXPECT_THAT(error_of({"--key", std::string(65'537, 'k')}), HasSubstr("65536"));
}

TEST_F(GetCli, APipeGetsEveryByteOfAnyValue) {
  std::string value;
  for (int byte = 0; byte < 256; ++byte) value += static_cast<char>(byte);
  while (value.size() < 300'000) value += value;
  output({"put", store(), "--key", "k", "-"}, {.in = value});
  EXPECT_EQ(output({"get", store(), "--key", "k"}), value);
  EXPECT_EQ(output({"get", store(), "--key", "k", "--bytes", "raw"}), value);
  EXPECT_EQ(output({"get", store(), "--key", "k", "--no-truncate"}), value);
}

TEST_F(GetCli, EncodesAllBytesOnDemand) {
  const std::string value(100, '\xff');
  output({"put", store(), "--key", "k", "-"}, {.in = value});
  std::string base64;
  for (int part = 0; part < 33; ++part) base64 += "////";
  EXPECT_EQ(output({"get", store(), "--key", "k", "--bytes", "base64"}), base64 + "/w==\n");
  std::string hex;
  for (int byte = 0; byte < 100; ++byte) hex += "ff";
  EXPECT_EQ(output({"get", store(), "--key", "k", "--bytes", "hex"}), hex + "\n");
  EXPECT_THAT(output({"get", store(), "--json", "--key", "k", "--bytes", "hex"}),
              HasSubstr("\"value_base64\":\"" + base64 + "/w==\",\"value_len\":100}"));
}

TEST_F(GetCli, SmallBinaryValuesInTheModesOfTheContract) {
  output({"put", store(), "--key", "k", "-"}, {.in = std::string("\0\x01\xff", 3)});
  EXPECT_EQ(output({"get", store(), "--key", "k", "--bytes", "base64"}), "AAH/\n");
  EXPECT_EQ(output({"get", store(), "--key", "k", "--bytes", "hex"}), "0001ff\n");
}

TEST_F(GetCli, ATornTailDoesNotHideValues) {
  make_torn_store();
  const Outcome hit = expect("exit 3", {"get", store(), "--key", "c"});
  EXPECT_EQ(hit.out, "3");
  EXPECT_THAT(hit.err, HasSubstr("torn tail"));
  const Outcome miss = expect("exit 1", {"get", store(), "--key", "d"});
  EXPECT_EQ(miss.out, "");
  EXPECT_THAT(miss.err, HasSubstr("torn tail"));
  EXPECT_THAT(miss.err, HasSubstr("key not found"));
}

TEST_F(GetCli, ACorruptStoreIsRefused) {
  make_corrupt_store();
  const Outcome outcome = expect("exit 4", {"get", store(), "--key", "a"});
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("datawal: error: open store " + store() + ": "));
  EXPECT_THAT(outcome.err, HasSubstr("CRC mismatch"));
}

TEST_F(GetCli, HistoryPrintsEveryVersion) {
  make_sample_store();
  EXPECT_EQ(
      output({"history", store(), "--key", "alpha"}),
      "seg=00000001 off=         0 len=      34 type=PUT txid=         1 key=alpha payload=1\n"
      "seg=00000002 off=         0 len=      34 type=PUT txid=         3 key=alpha "
      "payload=3\n");
  EXPECT_EQ(output({"history", store(), "--key", "beta", "--json"}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"record\",\"segment\":1,\"offset\":34,"
            "\"len\":33,\"record_type\":\"Put\",\"txid\":2,\"key_base64\":\"YmV0YQ==\","
            "\"payload_base64\":\"Mg==\"}\n"
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"record\",\"segment\":2,\"offset\":34,"
            "\"len\":32,\"record_type\":\"Delete\",\"txid\":4,\"key_base64\":\"YmV0YQ==\","
            "\"payload_base64\":\"\"}\n");
}

TEST_F(GetCli, HistoryOfAnUnknownKeyIsANegativeAnswer) {
  make_sample_store();
  // Raw records have no key, not the empty one.
  const Outcome outcome = expect("exit 1", {"history", store(), "--key", ""});
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "datawal: history: key not found\n");
}

TEST_F(GetCli, HistoryReadsUpToDamage) {
  make_torn_store();
  EXPECT_THAT(expect("exit 3", {"history", store(), "--key", "c"}).out, HasSubstr("payload=3"));
  make_corrupt_store();
  const Outcome corrupt = expect("exit 4", {"history", store(), "--key", "a"});
  EXPECT_THAT(corrupt.out, HasSubstr("payload=1"));
  EXPECT_THAT(corrupt.err, HasSubstr("history: mid-stream error"));
}

}  // namespace
}  // namespace datawal::test::get_test
