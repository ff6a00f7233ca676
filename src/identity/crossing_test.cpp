// Every kind of signature that a key of ours makes, against every verifier. One key plays all parts
// (wallet, root, leaf, relay, enclave), so that nothing but label and structure keeps them apart. A
// new SignatureLabel without a row here fails the test.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/identity.h"
#include "wire/content.h"
#include "wire/delivery.h"
#include "wire/evidence.h"
#include "wire/labelled_sign.h"

namespace chatmcp::identity {
namespace {

const crypto::SigningKey& the_key() {
    static const crypto::SigningKey key = testing::key_named("everything");
    return key;
}

struct Row {
    std::string name;
    Bytes signed_bytes;  // What goes into the bare primitive.
    std::function<bool(const Signature&)> verifies;
};

// SignContent of RFC 9420 section 5.1.2, by hand.
Bytes sign_content(std::string_view label, ByteView content) {
    wire::Writer writer;
    writer.vector(concat({as_bytes("MLS 1.0 "), as_bytes(label)}));
    writer.vector(content);
    return writer.take();
}

template <wire::LabelledStructure T>
Row labelled_row(const T& value) {
    wire::Writer writer;
    value.write_signed(writer);
    const auto verifies = [value](const Signature& signature) {
        return wire::verify(the_key().public_key(), value, signature).has_value();
    };
    const std::string label(wire::label_text(T::kLabel));
    return {label, sign_content(label, writer.view()), verifies};
}

// A label of MLS itself, with which leaf keys sign as well.
Row mls_row(const std::string& label) {
    const Bytes bytes = sign_content(label, Bytes(100, 1));
    const auto verifies = [bytes](const Signature& signature) {
        return crypto::verify_raw(
                   crypto::SignatureScheme::ed25519, the_key().public_key(), bytes, signature)
            .has_value();
    };
    return {label, bytes, verifies};
}

Row wallet_proof_row() {
    const WalletProof proof = testing::make_wallet_proof(the_key(), the_key());
    const auto verifies = [proof](const Signature& signature) {
        WalletProof with = proof;
        with.signature = signature;
        return verify_wallet_proof(with).has_value();
    };
    return {"wallet: device", to_bytes(as_bytes(proof.text())), verifies};
}

Row agent_credential_row() {
    const AgentCredential credential =
        testing::make_agent_credential(the_key(), the_key().public_key());
    const auto verifies = [credential](const Signature& signature) {
        AgentCredential with = credential;
        with.signature = signature;
        return verify_agent_credential(with).has_value();
    };
    return {"wallet: agent", to_bytes(as_bytes(credential.text())), verifies};
}

Row delegation_row(Delegation::Purpose purpose, ByteView group_id) {
    const Delegation delegation =
        delegate(the_key(), the_key().public_key(), purpose, group_id, testing::kTestNow);
    Row row = labelled_row(delegation);
    row.name += group_id.empty() ? " for a key package" : " for a group";
    row.verifies = [delegation, group = to_bytes(group_id)](const Signature& signature) {
        Delegation with = delegation;
        with.signature = signature;
        const auto& key = the_key().public_key();
        return verify_delegation(with, key, key, group).has_value();
    };
    return row;
}

Row device_log_row() {
    const DeviceLogEntry entry =
        link_device(testing::make_wallet_proof(the_key(), the_key()), the_key());
    Row row = labelled_row(entry);
    row.verifies = [entry](const Signature& signature) {
        DeviceLogEntry with = entry;
        with.signature = signature;
        return verify_device_log({with}, with.proof.account).has_value();
    };
    return row;
}

std::vector<Row> all_rows() {
    const Bytes group(kGroupIdBytes, 3);
    std::vector<Row> rows;
    rows.push_back(wallet_proof_row());
    rows.push_back(agent_credential_row());
    rows.push_back(delegation_row(Delegation::Purpose::group, group));
    rows.push_back(delegation_row(Delegation::Purpose::key_package, {}));
    rows.push_back(device_log_row());
    rows.push_back(labelled_row(wire::Login{}));
    rows.push_back(labelled_row(wire::AdmissionContent{}));
    rows.push_back(labelled_row(wire::Acceptance{}));
    rows.push_back(labelled_row(wire::AgentEntry{}));
    rows.push_back(labelled_row(wire::Receipt{}));
    rows.push_back(labelled_row(wire::SimulatedQuote{}));
    rows.push_back(labelled_row(wire::ReaddRequest{}));
    for (const char* label : {"FramedContentTBS", "LeafNodeTBS", "KeyPackageTBS", "GroupInfoTBS"}) {
        rows.push_back(mls_row(label));
    }
    return rows;
}

TEST(Crossing, EverySignatureVerifiesAsWhatItIsAndAsNothingElse) {
    const std::vector<Row> rows = all_rows();
    ASSERT_GE(rows.size(), 15u);
    for (const Row& made : rows) {
        const Signature signature = the_key().sign_raw(made.signed_bytes);
        for (const Row& read : rows) {
            EXPECT_EQ(read.verifies(signature), made.name == read.name)
                << made.name << " as " << read.name;
        }
    }
}

TEST(Crossing, EveryLabelHasARow) {
    const std::vector<Row> rows = all_rows();
    for (const wire::SignatureLabel label : wire::kSignatureLabels) {
        const auto text = wire::label_text(label);
        EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
            return row.name.starts_with(text);
        })) << text;
    }
}

// The same bytes under another label: what an attacker gets who can choose the whole content.
TEST(Crossing, NoContentVerifiesUnderAnotherLabel) {
    for (const Row& row : all_rows()) {
        const Signature signature = the_key().sign_raw(row.signed_bytes);
        wire::Reader reader(row.signed_bytes);
        const auto label = reader.vector(64);
        const auto content = reader.vector(4096);
        if (!label.has_value() || !content.has_value()) {
            EXPECT_TRUE(row.name.starts_with("wallet: "));
            continue;
        }
        for (const wire::SignatureLabel other : wire::kSignatureLabels) {
            const bool same = row.name.starts_with(wire::label_text(other));
            EXPECT_EQ(wire::verify_with_label(the_key().public_key(), other, *content, signature)
                          .has_value(),
                      same)
                << row.name << " as " << wire::label_text(other);
        }
    }
}

// A wallet that is also used as a device or leaf key would sign SignContent. No wallet text of ours
// can be one: both begin with a domain, in which neither blank nor capital letter may be.
TEST(Crossing, NoWalletTextIsASignContent) {
    for (const Row& row : {wallet_proof_row(), agent_credential_row()}) {
        wire::Reader reader(row.signed_bytes);
        const auto label = reader.vector(wire::kVectorMaxBytes);
        EXPECT_FALSE(label.has_value() && as_text(*label).starts_with("MLS 1.0 "));
    }
    EXPECT_FALSE(check_domain("MLS 1.0 ").has_value());
}

}  // namespace
}  // namespace chatmcp::identity
