// Attestation documents of Nitro enclaves, as they were found: tests/vectors/evidence.

#include "attest/nitro.h"

#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::attest {
namespace {

using testing::Vector;

Bytes load(const std::string& path) {
    return to_bytes(as_bytes(testing::load_text("evidence/" + path)));
}

/// One folder of the corpus; its document can be changed before it is verified.
class Case {
  public:
    explicit Case(const std::string& name)
        : name_(name), facts_(testing::load_document("evidence/nitro/" + name + "/case.json")) {
        document = load("nitro/" + name + "/" + facts_.text("evidence"));
        // One case brings a root of its own instead of AWS's.
        const auto collateral = facts_.texts("collateral");
        root_ = certificates_of_pem(load(collateral.empty()
                                             ? "roots/aws-nitro-root-g1.pem"
                                             : "nitro/" + name + "/" + collateral.front()))
                    .value()
                    .front();
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Vector expected() const { return facts_.object("expected"); }
    [[nodiscard]] UnixMs verify_at() const {
        return from_time_text(facts_.text("verify_at")).value();
    }
    [[nodiscard]] Result<NitroClaims> verify(UnixMs at) const {
        const Certificate root = Certificate::read(root_).value();
        CHATMCP_TRY(const NitroDocument parsed, NitroDocument::read(document));
        return verify_nitro(parsed, root, at);
    }
    [[nodiscard]] Result<NitroClaims> verify() const { return verify(verify_at()); }

    Bytes document;

  private:
    std::string name_;
    Vector facts_;
    Bytes root_;
};

std::vector<Case> all_cases() {
    std::vector<Case> out;
    for (const Vector& entry : testing::load_vectors("evidence/index.json")) {
        if (entry.text("kind") == "nitro") {
            out.emplace_back(entry.text("name"));
        }
    }
    return out;
}

std::string check_of(const Result<NitroClaims>& result) {
    return result.has_value() ? "verified" : result.error().check;
}

/// As case.json has it: each field, or null.
void expect_optional(const std::optional<ByteView>& value,
                     const Vector& expected,
                     std::string_view name) {
    ASSERT_EQ(value.has_value(), expected.has(name)) << name;
    if (value.has_value()) {
        EXPECT_EQ(to_hex(*value), expected.text(name)) << name;
    }
}

/// case.json has the registers that are not zero by their values, and lists those of zeros.
void expect_pcrs(const std::map<std::uint8_t, ByteView>& pcrs, const Vector& expected) {
    std::string indices;
    std::string zeros;
    const Vector values = expected.object("pcrs");
    for (const auto& [index, value] : pcrs) {
        const std::string name = std::to_string(index);
        indices += name + " ";
        EXPECT_EQ(value.size(), expected.u64("pcr_length"));
        if (values.has(name)) {
            EXPECT_EQ(to_hex(value), values.text(name));
        } else {
            zeros += name + " ";
            EXPECT_EQ(to_hex(value), std::string(2 * value.size(), '0'));
        }
    }
    const auto joined = [&](std::string_view member) {
        std::string out;
        for (const std::uint64_t each : expected.numbers(member)) {
            out += std::to_string(each) + " ";
        }
        return out;
    };
    EXPECT_EQ(indices, joined("pcr_indices"));
    EXPECT_EQ(zeros, joined("zero_pcrs"));
}

void expect_document(const NitroDocument& document, const Vector& expected) {
    EXPECT_EQ(document.message.tag.has_value(), expected.has("cose_tag"));
    EXPECT_EQ(document.module_id, expected.text("module_id"));
    EXPECT_EQ("SHA384", expected.text("digest"));
    if (expected.has("timestamp_ms")) {
        EXPECT_EQ(static_cast<std::uint64_t>(document.timestamp.value),
                  expected.u64("timestamp_ms"));
    }
    EXPECT_EQ(document.bundle.size(), expected.u64("cabundle_len"));
    expect_pcrs(document.pcrs, expected);
    expect_optional(document.public_key, expected, "public_key");
    expect_optional(document.user_data, expected, "user_data");
    expect_optional(document.nonce, expected, "nonce");
}

TEST(Nitro, EveryCaseHasItsVerdictAndItsFacts) {
    int verified = 0;
    int refused = 0;
    for (const Case& each : all_cases()) {
        const Vector expected = each.expected();
        SCOPED_TRACE(each.name());
        // What a refused document says is read all the same.
        const auto document = NitroDocument::read(each.document);
        ASSERT_TRUE(document.has_value()) << document.error().check;
        expect_document(*document, expected);
        const auto claims = each.verify();
        ASSERT_EQ(claims.has_value(), expected.boolean("verifies")) << check_of(claims);
        if (!claims.has_value()) {
            ++refused;
            continue;
        }
        ++verified;
        EXPECT_EQ(claims->debug, expected.boolean("debug"));
        EXPECT_EQ(claims->module_id, document->module_id);
        EXPECT_EQ(claims->timestamp, document->timestamp);
        ASSERT_EQ(claims->pcrs.size(), document->pcrs.size());
        for (const auto& [index, value] : claims->pcrs) {
            EXPECT_EQ(to_hex(value), to_hex(document->pcrs.at(index)));
        }
        expect_optional(claims->public_key, expected, "public_key");
        expect_optional(claims->user_data, expected, "user_data");
        expect_optional(claims->nonce, expected, "nonce");
    }
    EXPECT_EQ(verified, 11);
    EXPECT_EQ(refused, 4);
}

TEST(Nitro, EveryRefusedCaseIsRefusedByItsName) {
    const std::map<std::string, std::string> reasons = {
        {"fortanix-tampered-certificate", "DER-01"},
        {"fortanix-tampered-signature", "ATT-140"},
        {"fortanix-unknown-ca", "ATT-45"},
        {"tampered-pcr0-bit", "ATT-140"},
    };
    std::map<std::string, std::string> found;
    for (const Case& each : all_cases()) {
        if (const auto claims = each.verify(); !claims.has_value()) {
            found[each.name()] = claims.error().check;
        }
    }
    EXPECT_EQ(found, reasons);
}

TEST(Nitro, AtOtherTimesTheSigningKeyHasEndedOrNotBegun) {
    int times = 0;
    for (const Case& each : all_cases()) {
        if (!each.expected().has("at_other_times")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        for (const Vector& other : each.expected().list("at_other_times")) {
            const auto claims = each.verify(from_time_text(other.text("verify_at")).value());
            EXPECT_EQ(claims.has_value(), other.boolean("verifies")) << check_of(claims);
            EXPECT_EQ(check_of(claims), "ATT-47");
            ++times;
        }
        for (const std::string& edge : each.expected().texts("in_date_window")) {
            EXPECT_TRUE(each.verify(from_time_text(edge).value()).has_value()) << edge;
        }
    }
    EXPECT_EQ(times, 22);
}

// All bytes are covered: the signature is over header and payload, and what is around them has one
// form.
TEST(Nitro, NoFlippedBitVerifies) {
    constexpr int kFlips = 500;
    int flips = 0;
    for (Case& each : all_cases()) {
        if (!each.expected().boolean("verifies")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        testing::SeededRandom random(7);
        for (int i = 0; i < kFlips; ++i) {
            const std::size_t position = random.below(each.document.size());
            const auto bit = static_cast<std::uint8_t>(1u << random.below(8));
            each.document[position] ^= bit;
            EXPECT_FALSE(each.verify().has_value()) << position;
            each.document[position] ^= bit;
            ++flips;
        }
        // Header, unprotected header and head of the payload, every bit; the same of the end.
        for (std::size_t i = 0; i < 8 * 14; ++i) {
            each.document[i / 8] ^= static_cast<std::uint8_t>(1u << (i % 8));
            EXPECT_FALSE(each.verify().has_value()) << i;
            each.document[i / 8] ^= static_cast<std::uint8_t>(1u << (i % 8));
        }
        EXPECT_TRUE(each.verify().has_value());
    }
    EXPECT_EQ(flips, 11 * kFlips);
}

TEST(Nitro, ADocumentWithItsTagVerifiesAsWell) {
    Case each("anjuna-2021");
    each.document.insert(each.document.begin(), 0xd2);
    EXPECT_EQ(check_of(each.verify()), "verified");
    EXPECT_TRUE(NitroDocument::read(each.document).value().message.tag.has_value());
    each.document[0] = 0xd1;  // COSE_Mac0
    EXPECT_EQ(check_of(each.verify()), "ATT-131");
}

}  // namespace
}  // namespace chatmcp::attest
