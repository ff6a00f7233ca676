#include "attest/bundle.h"

#include <gtest/gtest.h>

#include "attest/evidence.h"
#include "support/evidence_case.h"
#include "wire/cmw.h"

namespace chatmcp::attest {
namespace {

using wire::ConceptualMessage;

TEST(Bundle, TheKindOfEveryCaseIsFoundByItsContent) {
    int found = 0;
    for (const testing::EvidenceCase& each : testing::evidence_cases()) {
        const std::string file = each.facts().at("evidence");
        // A certificate alone is told by its name.
        if (file == "ak_cert.pem") {
            continue;
        }
        SCOPED_TRACE(each.name());
        const std::string bytes = testing::load_text("evidence/" + each.name() + "/" + file);
        const auto kind = kind_of_content(as_bytes(bytes));
        ASSERT_TRUE(kind.has_value());
        EXPECT_EQ(*kind, each.kind());
        ++found;
    }
    EXPECT_EQ(found, 145);
}

TEST(Bundle, WhatIsNoEvidenceIsRefused) {
    for (const Bytes& bytes : {Bytes(), Bytes(1), Bytes(1184), Bytes(5000, 0xff)}) {
        EXPECT_EQ(kind_of_content(bytes).error(), (Error{Errc::unsupported, "ATT-270"}));
        EXPECT_EQ(bundle_of_file(bytes, std::nullopt).error(),
                  (Error{Errc::unsupported, "ATT-270"}));
        // Whoever says what it is gets the answer of that kind's reader.
        EXPECT_EQ(bundle_of_file(bytes, Kind::nitro)->kind, Kind::nitro);
    }
}

TEST(Bundle, AFolderWithoutEvidenceIsRefused) {
    EXPECT_EQ(bundle_of_files({}, std::nullopt).error(), (Error{Errc::not_found, "ATT-271"}));
    EXPECT_EQ(bundle_of_files({{"tcb_info.json", Bytes{1}}}, Kind::sgx).error(),
              (Error{Errc::not_found, "ATT-271"}));
}

TEST(Bundle, TooManyFilesOrTooLongOnesAreRefused) {
    NamedFiles files;
    for (std::size_t i = 0; i < kBundleFilesMax; ++i) {
        files[std::to_string(i)] = Bytes();
    }
    files["quote.bin"] = Bytes();
    EXPECT_EQ(bundle_of_files(files, std::nullopt).error(), (Error{Errc::too_large, "ATT-272"}));
    Bytes longest(kBundleFileMaxBytes + 1);
    EXPECT_EQ(bundle_of_files({{"quote.bin", longest}}, std::nullopt).error(),
              (Error{Errc::too_large, "ATT-272"}));
    EXPECT_EQ(bundle_of_file(std::move(longest), std::nullopt).error(),
              (Error{Errc::too_large, "ATT-272"}));
}

TEST(Bundle, FilesOfOtherNamesAreLeftAlone) {
    const testing::EvidenceCase evidence("sgx/phala-processor-ca-2025");
    EvidenceBundle bundle = evidence.bundle();
    NamedFiles files = bundle.beside;
    files["quote.bin"] = bundle.evidence;
    files["notes.txt"] = Bytes{1};
    EXPECT_EQ(bundle_of_files(files, std::nullopt)->beside, bundle.beside);
    // A conceptual message stands for itself, whatever lies beside it.
    files["evidence.cmw"] = message_of_bundle(bundle);
    EXPECT_EQ(bundle_of_files(files, std::nullopt)->evidence, bundle.evidence);
}

// docs/attestation.md names both forms for both kinds of Arm's.
TEST(Bundle, KeysOfArmsTokensMayBeJsonWebKeys) {
    const EvidenceBundle psa = testing::EvidenceCase("psa/tfm-psa-2.0.0-sign1").bundle();
    const NamedFiles files = {{"token.cbor", psa.evidence}, {"iak.jwk.json", Bytes{1}}};
    EXPECT_TRUE(bundle_of_files(files, std::nullopt)->file("iak.jwk.json").has_value());
}

TEST(Bundle, ACollectionHasOneEvidenceAndEndorsements) {
    const EvidenceBundle bundle = testing::EvidenceCase("sgx/phala-processor-ca-2025").bundle();
    const wire::ConceptualCollection good =
        wire::decode_cmw_collection(message_of_bundle(bundle)).value();
    const auto refused = [](const wire::ConceptualCollection& collection) {
        return bundle_of_message(wire::encode_cmw_collection(collection)).error();
    };
    constexpr Error kNotEvidence = {Errc::wrong_purpose, "ATT-11"};
    wire::ConceptualCollection changed = good;
    changed.members["more"] = changed.members["evidence"];
    EXPECT_EQ(refused(changed), kNotEvidence);
    changed = good;
    changed.members.erase("evidence");
    EXPECT_EQ(refused(changed), kNotEvidence);
    changed = good;
    changed.members["pck_crl.der"].indicator = ConceptualMessage::kReferenceValues;
    EXPECT_EQ(refused(changed), kNotEvidence);
    changed = good;
    changed.members["evidence"].media_type = "text/plain";
    EXPECT_EQ(refused(changed), (Error{Errc::unsupported, "ATT-10"}));
}

}  // namespace
}  // namespace chatmcp::attest
