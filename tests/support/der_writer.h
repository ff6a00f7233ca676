#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"

namespace chatmcp::testing {

/// One value in DER: tag (one byte), length, and the parts one after the other.
[[nodiscard]] Bytes der(std::uint8_t tag, std::initializer_list<ByteView> parts);
[[nodiscard]] Bytes der_sequence(std::initializer_list<ByteView> parts);
/// A number that is not negative, from its big-endian bytes.
[[nodiscard]] Bytes der_integer(ByteView number);
[[nodiscard]] Bytes der_integer(std::uint64_t number);
[[nodiscard]] Bytes der_octets(ByteView content);
[[nodiscard]] Bytes der_bits(ByteView content);
/// `content`: of the OBJECT IDENTIFIER.
[[nodiscard]] Bytes der_oid(ByteView content);
/// A Name of one common name.
[[nodiscard]] Bytes der_name(std::string_view common_name);
/// GeneralizedTime.
[[nodiscard]] Bytes der_time(UnixMs at);
/// r || s of an ECDSA-Sig-Value, each of `half_bytes`.
[[nodiscard]] Bytes fixed_signature(ByteView ecdsa_sig_value, std::size_t half_bytes);

}  // namespace chatmcp::testing
