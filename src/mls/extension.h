#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mls/types.h"
#include "wire/tls.h"

namespace chatmcp::mls {

/// Largest single fields of a structure; each is checked before its bytes are copied. Whole
/// messages are bounded by Limits::message_bytes_max.
inline constexpr std::size_t kGroupIdMaxBytes = 255;
inline constexpr std::size_t kPublicKeyMaxBytes = 2048;
inline constexpr std::size_t kSignatureMaxBytes = 8192;
inline constexpr std::size_t kHashMaxBytes = 64;
inline constexpr std::size_t kCredentialMaxBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kExtensionMaxBytes = std::size_t{8} * 1024 * 1024;

/// RFC 9420 section 17.3; 6 is draft-ietf-mls-extensions.
enum class ExtensionType : std::uint16_t {
    application_id = 1,
    ratchet_tree = 2,
    required_capabilities = 3,
    external_pub = 4,
    external_senders = 5,
    app_data_dictionary = 6,
};

/// `Extension extensions<V>`. Errors: malformed (MLS-03) one type twice.
[[nodiscard]] Result<Extensions> read_extensions(wire::Reader& reader);
void write_extensions(wire::Writer& writer, const Extensions& extensions);
[[nodiscard]] const Extension* find_extension(const Extensions& extensions, ExtensionType type);
/// Replace the extension of this type, or append it.
void set_extension(Extensions& extensions, ExtensionType type, Bytes data);
/// Types 1 to 5 need not be listed in anybody's capabilities (section 7.2).
[[nodiscard]] bool is_default_extension(std::uint16_t type);

/// `uint16 values<V>`: how all capability lists are written.
[[nodiscard]] Result<std::vector<std::uint16_t>> read_u16_list(wire::Reader& reader);
[[nodiscard]] bool contains(const std::vector<std::uint16_t>& values, std::uint16_t value);

/// Spec: RFC 9420 section 11.1.
struct RequiredCapabilities {
    std::vector<std::uint16_t> extension_types;
    std::vector<std::uint16_t> proposal_types;
    std::vector<std::uint16_t> credential_types;

    static Result<RequiredCapabilities> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// What an extension list requires; nothing if the extension is not there.
[[nodiscard]] Result<RequiredCapabilities> required_capabilities_of(const Extensions& extensions);

/// Who may propose without being a member. Spec: RFC 9420 section 12.1.8.1.
struct ExternalSender {
    Bytes signature_key;
    Credential credential;

    static Result<ExternalSender> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};
/// Content of the external_senders extension; empty if there is none.
[[nodiscard]] Result<std::vector<ExternalSender>> external_senders_of(const Extensions& extensions);
[[nodiscard]] Bytes encode_external_senders(const std::vector<ExternalSender>& senders);

/// Content of the external_pub extension of a GroupInfo. Spec: RFC 9420 section 12.4.3.2.
[[nodiscard]] Result<Bytes> decode_external_pub(ByteView data);
[[nodiscard]] Bytes encode_external_pub(ByteView public_key);

/// Wire: struct { uint16 component_id; opaque data<V>; } ComponentData;
///       struct { ComponentData component_data<V>; } AppDataDictionary; ids strictly increasing.
/// Spec: draft-ietf-mls-extensions, section "Application Data Dictionary".
/// Errors: malformed (MLS-04) ids out of order or repeated.
[[nodiscard]] Result<std::vector<Component>> decode_dictionary(ByteView data);
[[nodiscard]] Bytes encode_dictionary(const std::vector<Component>& components);
/// The dictionary of an extension list; empty if there is none.
[[nodiscard]] Result<std::vector<Component>> components_of(const Extensions& extensions);

/// Parse every extension whose type this build knows, so that bytes that follow its content are
/// refused (WIRE-05) where the extension comes in, not where it is first used.
[[nodiscard]] Result<void> check_known_extensions(const Extensions& extensions);

}  // namespace chatmcp::mls
