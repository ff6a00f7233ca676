#include "wire/labelled_sign.h"

#include "base/check.h"

namespace chatmcp::wire {
namespace {

// RFC 9420 section 5.1.2: struct { opaque label<V> = "MLS 1.0 " + Label; opaque content<V>; }
// SignContent. No label of MLS itself begins with "ChatMCP ", so a leaf key that signs both cannot
// be made to sign one for the other.
Bytes sign_content(SignatureLabel label, ByteView content) {
    Writer writer;
    writer.vector(concat({as_bytes("MLS 1.0 "), as_bytes(label_text(label))}));
    writer.vector(content);
    return writer.take();
}

// Empty for a number that has no enumerator; the compiler sees to it that every enumerator is here.
constexpr std::string_view text_or_nothing(SignatureLabel label) {
    switch (label) {
        case SignatureLabel::delegation:
            return "ChatMCP delegation";
        case SignatureLabel::login:
            return "ChatMCP login";
        case SignatureLabel::device_log_entry:
            return "ChatMCP device log entry";
        case SignatureLabel::admission:
            return "ChatMCP admission";
        case SignatureLabel::acceptance:
            return "ChatMCP acceptance";
        case SignatureLabel::agent_entry:
            return "ChatMCP agent entry";
        case SignatureLabel::receipt:
            return "ChatMCP receipt";
        case SignatureLabel::simulated_quote:
            return "ChatMCP simulated quote";
        case SignatureLabel::readd:
            return "ChatMCP readd";
    }
    return {};
}

constexpr bool lists_every_label() {
    std::size_t number = 0;
    for (const SignatureLabel label : kSignatureLabels) {
        if (static_cast<std::size_t>(label) != number || text_or_nothing(label).empty()) {
            return false;
        }
        ++number;
    }
    return text_or_nothing(static_cast<SignatureLabel>(number)).empty();
}
static_assert(lists_every_label());

}  // namespace

std::string_view label_text(SignatureLabel label) {
    const std::string_view text = text_or_nothing(label);
    CHATMCP_CHECK(!text.empty());
    return text;
}

Bytes sign_with_label(const crypto::SigningKey& key, SignatureLabel label, ByteView content) {
    return to_bytes(key.sign_raw(sign_content(label, content)));
}

Result<void> verify_with_label(ByteView public_key,
                               SignatureLabel label,
                               ByteView content,
                               ByteView signature) {
    return crypto::verify_raw(
        crypto::SignatureScheme::ed25519, public_key, sign_content(label, content), signature);
}

}  // namespace chatmcp::wire
