#include "wire/labelled_sign.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace chatmcp::wire {
namespace {

TEST(LabelledSign, EveryLabelHasATextOfItsOwnThatMlsDoesNotUse) {
    std::set<std::string_view> texts;
    for (const SignatureLabel label : kSignatureLabels) {
        EXPECT_TRUE(label_text(label).starts_with("ChatMCP "));
        texts.insert(label_text(label));
    }
    EXPECT_EQ(texts.size(), kSignatureLabels.size());
}

TEST(LabelledSign, TheSignedBytesAreSignContentOfRfc9420) {
    const auto key = crypto::SigningKey::from_seed(Bytes(32, 1));
    const Bytes signature = sign_with_label(key, SignatureLabel::login, as_bytes("content"));
    // opaque label<V>, opaque content<V>, by hand.
    const std::string label = "MLS 1.0 ChatMCP login";
    std::string expected;
    expected.push_back(static_cast<char>(label.size()));
    expected += label;
    expected.push_back(7);
    expected += "content";
    EXPECT_TRUE(
        crypto::verify_raw(
            crypto::SignatureScheme::ed25519, key.public_key(), as_bytes(expected), signature)
            .has_value());
}

// The crossing at its root: whatever is signed under one label is refused under every other.
TEST(LabelledSign, ASignatureUnderOneLabelVerifiesUnderNoOther) {
    const auto key = crypto::SigningKey::from_seed(Bytes(32, 2));
    for (const SignatureLabel made : kSignatureLabels) {
        const Bytes signature = sign_with_label(key, made, as_bytes("content"));
        for (const SignatureLabel read : kSignatureLabels) {
            const auto verified =
                verify_with_label(key.public_key(), read, as_bytes("content"), signature);
            EXPECT_EQ(verified.has_value(), made == read)
                << label_text(made) << " as " << label_text(read);
        }
    }
}

struct Note {
    static constexpr SignatureLabel kLabel = SignatureLabel::receipt;
    std::uint8_t number = 0;
    void write_signed(Writer& writer) const { writer.u8(number); }
};

TEST(LabelledSign, AStructureIsSignedUnderItsOwnLabel) {
    const auto key = crypto::SigningKey::from_seed(Bytes(32, 3));
    const Bytes signature = sign(key, Note{5});
    EXPECT_TRUE(verify(key.public_key(), Note{5}, signature).has_value());
    EXPECT_FALSE(verify(key.public_key(), Note{6}, signature).has_value());
    EXPECT_TRUE(verify_with_label(key.public_key(), SignatureLabel::receipt, Bytes{5}, signature)
                    .has_value());
}

}  // namespace
}  // namespace chatmcp::wire
