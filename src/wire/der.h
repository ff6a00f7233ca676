#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::wire {

/// DER (ITU-T X.690), as certificates and evidence of others are written in it. Definite lengths in
/// their shortest form alone; what a value means is its reader's business.

/// A tag with its class: universal, or context-specific with its number.
struct DerTag {
    enum class Class : std::uint8_t {
        universal = 0,
        application = 1,
        context = 2,
        private_use = 3
    };
    Class tag_class = Class::universal;
    bool constructed = false;
    std::uint32_t number = 0;
    friend auto operator<=>(const DerTag&, const DerTag&) = default;

    /// `[number]`, explicit or of a constructed type; and implicit of a primitive one.
    [[nodiscard]] static constexpr DerTag context(std::uint32_t number) {
        return {Class::context, true, number};
    }
    [[nodiscard]] static constexpr DerTag context_primitive(std::uint32_t number) {
        return {Class::context, false, number};
    }
};

inline constexpr DerTag kDerBoolean{.number = 1};
inline constexpr DerTag kDerInteger{.number = 2};
inline constexpr DerTag kDerBitString{.number = 3};
inline constexpr DerTag kDerOctetString{.number = 4};
inline constexpr DerTag kDerNull{.number = 5};
inline constexpr DerTag kDerObjectIdentifier{.number = 6};
inline constexpr DerTag kDerEnumerated{.number = 10};
inline constexpr DerTag kDerUtf8String{.number = 12};
inline constexpr DerTag kDerSequence{.constructed = true, .number = 16};
inline constexpr DerTag kDerSet{.constructed = true, .number = 17};
inline constexpr DerTag kDerUtcTime{.number = 23};
inline constexpr DerTag kDerGeneralizedTime{.number = 24};

/// One value.
struct DerValue {
    DerTag tag;
    ByteView content;
    ByteView whole;  // With tag and length.
};

/// Reads values from borrowed bytes that outlive it, in order; never past the end, and it never
/// allocates. Nested values are read by readers of their own, so that no input makes it recurse.
class DerReader {
  public:
    explicit DerReader(ByteView input) : input_(input) {}

    // Errors of all: malformed (DER-01) the input ends early, (DER-03) a tag or length above 28
    // bits or an indefinite length, (DER-04) another tag; not_canonical (DER-02) a tag or length
    // that is not in its shortest form.
    [[nodiscard]] Result<DerValue> any();
    [[nodiscard]] Result<DerValue> value(const DerTag& tag);
    [[nodiscard]] Result<ByteView> content(const DerTag& tag);
    /// Absent: nothing is read.
    [[nodiscard]] Result<std::optional<ByteView>> optional(const DerTag& tag);
    [[nodiscard]] Result<DerReader> nested(const DerTag& tag);
    [[nodiscard]] Result<DerReader> sequence() { return nested(kDerSequence); }
    [[nodiscard]] Result<ByteView> object_identifier() { return content(kDerObjectIdentifier); }
    /// The content of a number that is not negative, without a zero that is there for the sign.
    /// Errors also: malformed (DER-05) negative or empty; not_canonical (DER-02).
    [[nodiscard]] Result<ByteView> unsigned_integer();
    /// Errors also: too_large (DER-06) above 64 bits.
    [[nodiscard]] Result<std::uint64_t> small_integer();
    /// Errors also: malformed (DER-05) neither 00 nor FF.
    [[nodiscard]] Result<bool> boolean();
    /// Errors also: malformed (DER-05) unused bits.
    [[nodiscard]] Result<ByteView> bit_string_of_bytes();
    /// UTCTime (years 1950 to 2049) or GeneralizedTime, to the second, in UTC (RFC 5280 section
    /// 4.1.2.5). Errors also: malformed (DER-07).
    [[nodiscard]] Result<UnixMs> time();

    [[nodiscard]] bool empty() const { return input_.empty(); }
    [[nodiscard]] ByteView rest() const { return input_; }
    /// Errors: trailing_bytes (DER-08) unless everything was read.
    [[nodiscard]] Result<void> finish() const;

  private:
    [[nodiscard]] Result<std::uint8_t> byte();
    [[nodiscard]] Result<DerTag> tag();
    [[nodiscard]] Result<std::size_t> length();

    ByteView input_;
};

/// A number's content, as unsigned_integer() reads it. Errors: malformed (DER-05); not_canonical
/// (DER-02).
[[nodiscard]] Result<ByteView> der_unsigned(ByteView content);

}  // namespace chatmcp::wire
