#include "attest/report_data.h"

#include <set>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/formats.h"

namespace chatmcp::attest {
namespace {

ReportDataInput example() {
    ReportDataInput input;
    input.enclave_key.fill(1);
    input.leaf_signature_key.fill(2);
    input.configuration_digest.fill(3);
    input.group_id.fill(4);
    input.nonce.fill(5);
    return input;
}

// Made with Python: hashlib.sha512(b"\x15" + b"ChatMCP report data 1" + b"".join(bytes([i]) * 32
// for i in range(1, 6))).
TEST(ReportData, IsTheHashThatTheFormatSays) {
    EXPECT_EQ(to_hex(report_data(example())),
              "28ded75662da6a97fa5c23006cebc77a62f2088e9a971762d3b6d5e55a103245"
              "42eeaebaedaddb89731d5ba6c7398e1214ebcb5b939322314637756709626d77");
}

TEST(ReportData, IsWhatTheDocumentSays) {
    EXPECT_EQ(to_hex(report_data(example())),
              to_hex(chatmcp::testing::format_vector("attest::report_data")));
}

TEST(ReportData, EveryBitOfEveryFieldCounts) {
    std::set<wire::ReportData> seen{report_data(example())};
    std::size_t inputs = 1;
    for (auto field : {&ReportDataInput::enclave_key,
                       &ReportDataInput::leaf_signature_key,
                       &ReportDataInput::configuration_digest,
                       &ReportDataInput::group_id,
                       &ReportDataInput::nonce}) {
        for (std::size_t bit = 0; bit < 256; ++bit) {
            ReportDataInput changed = example();
            (changed.*field)[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            seen.insert(report_data(changed));
            ++inputs;
        }
    }
    EXPECT_EQ(seen.size(), inputs);
}

}  // namespace
}  // namespace chatmcp::attest
