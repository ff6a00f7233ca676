#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sign.h"
#include "wire/tls.h"

namespace chatmcp::wire {

/// Every purpose for which a key of ours signs, MLS itself aside. A signature for one purpose
/// verifies for no other.
enum class SignatureLabel : std::uint8_t {
    delegation,  // Device root or enclave key: may this leaf key act, for one group or one key
                 // package.
    login,       // Device root key: this relay, this challenge.
    device_log_entry,  // Device root key: an entry of the account's log.
    admission,         // Epoch admission key: create, bundle, publish, read, subscribe.
    acceptance,        // Relay key: a commit took its slot.
    agent_entry,       // Enclave key: its directory entry.
    receipt,           // Agent's leaf key.
    simulated_quote,   // Development root of the simulated platform.
    readd,             // Device root key: bring this device back into a group.
};

/// All of them, for tests that cross every signature with every verifier. labelled_sign.cpp asserts
/// that none is missing.
inline constexpr std::array kSignatureLabels = {
    SignatureLabel::delegation,
    SignatureLabel::login,
    SignatureLabel::device_log_entry,
    SignatureLabel::admission,
    SignatureLabel::acceptance,
    SignatureLabel::agent_entry,
    SignatureLabel::receipt,
    SignatureLabel::simulated_quote,
    SignatureLabel::readd,
};

/// "ChatMCP delegation" and so on: the label of RFC 9420's SignContent (which puts "MLS 1.0 " in
/// front).
[[nodiscard]] std::string_view label_text(SignatureLabel label);

/// SignWithLabel of RFC 9420 section 5.1.2 over a structure of ours, encoded by its write(). The
/// only signing function.
[[nodiscard]] Bytes sign_with_label(const crypto::SigningKey& key,
                                    SignatureLabel label,
                                    ByteView content);
/// Errors: malformed (CRY-03), bad_signature (CRY-04, CRY-05).
[[nodiscard]] Result<void> verify_with_label(ByteView public_key,
                                             SignatureLabel label,
                                             ByteView content,
                                             ByteView signature);

/// T names its label (`static constexpr SignatureLabel kLabel`) and writes all that is signed in
/// write_signed(Writer&).
template <class T>
concept LabelledStructure = requires(const T& value, Writer& writer) {
    { T::kLabel } -> std::convertible_to<SignatureLabel>;
    value.write_signed(writer);
};

template <LabelledStructure T>
[[nodiscard]] Bytes sign(const crypto::SigningKey& key, const T& value) {
    Writer writer;
    value.write_signed(writer);
    return sign_with_label(key, T::kLabel, writer.view());
}
template <LabelledStructure T>
[[nodiscard]] Result<void> verify(ByteView public_key, const T& value, ByteView signature) {
    Writer writer;
    value.write_signed(writer);
    return verify_with_label(public_key, T::kLabel, writer.view(), signature);
}

}  // namespace chatmcp::wire
