#include "attest_c/attest.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "attest/appraise.h"
#include "support/evidence_case.h"

namespace chatmcp {
namespace {

chatmcp_bytes bytes_of(ByteView view) {
    return {view.data(), view.size()};
}

// One call: verdict and check.
struct Said {
    chatmcp_attest_verdict verdict = CHATMCP_ATTEST_ACCEPTED;
    std::string check;
    std::string json;
    std::string text;
    bool verifies = false;
};
Said say(const chatmcp_attest_input& input) {
    chatmcp_attest_report* report = nullptr;
    Said out;
    out.verdict = chatmcp_attest_verify(&input, &report);
    out.check = chatmcp_attest_report_check(report);
    out.json = chatmcp_attest_report_json(report);
    out.text = chatmcp_attest_report_text(report);
    out.verifies = chatmcp_attest_report_verifies(report) == 1;
    chatmcp_attest_report_free(report);
    return out;
}

// The files of a case under their names.
struct Files {
    explicit Files(const testing::EvidenceCase& from) : content(from.files()) {
        for (const auto& [name, bytes] : content) {
            list.push_back({name.c_str(), bytes_of(bytes)});
        }
    }
    attest::NamedFiles content;
    std::vector<chatmcp_file> list;
};

chatmcp_attest_input input_of(const Files& files, UnixMs at) {
    chatmcp_attest_input input{};
    input.files = files.list.data();
    input.files_count = files.list.size();
    input.at_ms = at.value;
    input.profile = "strict";
    return input;
}

TEST(AttestC, SaysWhatTheLibrarySaysOfEveryCase) {
    std::size_t accepted = 0;
    const auto cases = testing::evidence_cases();
    for (const testing::EvidenceCase& each : cases) {
        const Files files(each);
        const Said said = say(input_of(files, each.verify_at()));
        const auto bundle = attest::bundle_of_files(files.content, {});
        if (!bundle.has_value()) {
            EXPECT_EQ(said.verdict, CHATMCP_ATTEST_UNUSABLE) << each.name();
            EXPECT_EQ(said.check, bundle.error().check) << each.name();
            continue;
        }
        const auto report = attest::inspect(*bundle,
                                            attest::builtin_roots(),
                                            *attest::policy_profile("strict"),
                                            {},
                                            each.verify_at());
        EXPECT_EQ(said.verdict == CHATMCP_ATTEST_ACCEPTED, report.accepted) << each.name();
        EXPECT_EQ(said.json, attest::report_to_json(report)) << each.name();
        EXPECT_EQ(said.text, attest::report_to_text(report)) << each.name();
        EXPECT_EQ(said.verifies, report.claims.has_value()) << each.name();
        EXPECT_EQ(said.check.empty(), report.accepted) << each.name();
        accepted += report.accepted ? 1 : 0;
    }
    EXPECT_GT(accepted, 0u);
    EXPECT_LT(accepted, cases.size());
}

class AttestCInput : public ::testing::Test {
  protected:
    void expect_unusable(const char* check) const {
        const Said said = say(input);
        EXPECT_EQ(said.verdict, CHATMCP_ATTEST_UNUSABLE);
        EXPECT_EQ(said.check, check);
        EXPECT_EQ(said.json, "");
        EXPECT_EQ(said.text, "");
        EXPECT_FALSE(said.verifies);
    }

    const testing::EvidenceCase nitro{"nitro/nautilus-2025"};
    const Files files{nitro};
    chatmcp_attest_input input = input_of(files, nitro.verify_at());
};

TEST_F(AttestCInput, NullIsUnusableAndNeverACrash) {
    chatmcp_attest_report* report = nullptr;
    EXPECT_EQ(chatmcp_attest_verify(nullptr, &report), CHATMCP_ATTEST_UNUSABLE);
    EXPECT_EQ(report, nullptr);
    EXPECT_EQ(chatmcp_attest_verify(&input, nullptr), CHATMCP_ATTEST_UNUSABLE);
    EXPECT_STREQ(chatmcp_attest_report_json(nullptr), "");
    EXPECT_STREQ(chatmcp_attest_report_check(nullptr), "");
    EXPECT_EQ(chatmcp_attest_report_verifies(nullptr), 0);
    chatmcp_attest_report_free(nullptr);
    EXPECT_STREQ(chatmcp_attest_version(), "0.1.0");
}

TEST_F(AttestCInput, SizesWithoutBytesAreRefused) {
    input.nonce.size = 32;
    expect_unusable("LIB-01");
    input.nonce.size = 0;
    input.report_data.size = 1;
    expect_unusable("LIB-01");
    input.report_data.size = 0;
    input.profile = nullptr;
    input.policy.size = 2;
    expect_unusable("LIB-01");
    input.policy.size = 0;
    const chatmcp_file absent{"attestation.cbor", {nullptr, SIZE_MAX}};
    input.files = &absent;
    input.files_count = 1;
    expect_unusable("LIB-01");
}

// With bytes behind them: nothing of this size is copied before it is refused, and nothing throws.
TEST_F(AttestCInput, WhatIsLongerThanAnythingOfItsKindIsRefused) {
    const std::uint8_t byte = 0;
    for (chatmcp_bytes* const value : {&input.nonce, &input.report_data}) {
        *value = {&byte, SIZE_MAX};
        expect_unusable("LIB-05");
        *value = {&byte, CHATMCP_ATTEST_VALUE_MAX_BYTES + 1};
        expect_unusable("LIB-05");
        *value = {};
    }
    input.profile = nullptr;
    input.policy = {&byte, SIZE_MAX};
    expect_unusable("LIB-05");
    input.policy = {};
    for (const char* const name : {static_cast<const char*>(nullptr), "quote.bin"}) {
        const chatmcp_file file{name, {&byte, SIZE_MAX}};
        input.files = &file;
        input.files_count = 1;
        expect_unusable("ATT-272");
    }
}

TEST_F(AttestCInput, ListsThatAreNotThereOrTooLongAreRefused) {
    input.files = nullptr;
    expect_unusable("LIB-02");
    input.files_count = 0;
    expect_unusable("ATT-271");
    input.files = files.list.data();
    input.files_count = SIZE_MAX;
    expect_unusable("ATT-272");
    input.files_count = files.list.size();
    input.roots_count = 1;
    expect_unusable("LIB-02");
}

TEST_F(AttestCInput, EveryFileHasItsOwnName) {
    std::vector<chatmcp_file> list = {files.list.front(), files.list.front()};
    input.files = list.data();
    input.files_count = list.size();
    expect_unusable("LIB-03");
    list[1].name = nullptr;
    expect_unusable("LIB-03");
    // But one alone is told by its content.
    list[0].name = nullptr;
    input.files_count = 1;
    EXPECT_TRUE(say(input).verifies);
}

TEST_F(AttestCInput, PolicyKindAndRootsAreNamedByTheirRowsWhenTheyAreWrong) {
    input.profile = "lenient";
    expect_unusable("LIB-04");
    input.profile = nullptr;
    const std::string json = "{";
    input.policy = bytes_of(as_bytes(json));
    expect_unusable("ATT-31");
    input.policy = {};
    EXPECT_EQ(say(input).verdict, CHATMCP_ATTEST_REFUSED);
    EXPECT_TRUE(say(input).verifies);
    input.kind = "toaster";
    expect_unusable("ATT-10");
    input.kind = "nitro";
    const chatmcp_file root{"aws-nitro-root-g1.der", files.list.front().content};
    input.roots = &root;
    input.roots_count = 1;
    EXPECT_EQ(say(input).verdict, CHATMCP_ATTEST_REFUSED);
    EXPECT_FALSE(say(input).verifies);
    const chatmcp_file other{"readme.txt", {}};
    input.roots = &other;
    expect_unusable("ATT-298");
}

}  // namespace
}  // namespace chatmcp
