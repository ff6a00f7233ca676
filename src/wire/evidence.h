#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "wire/labelled_sign.h"
#include "wire/tls.h"

namespace chatmcp::wire {

/// Structures of the simulated platform: what is measured, and the quote over it. Quotes of real
/// platforms have their makers' formats and are read in attest/.

inline constexpr std::size_t kReportDataBytes = 64;
using ReportData = ByteArray<kReportDataBytes>;
using Measurement = crypto::Sha256Digest;
/// SHA-256 over a development root's public key: what a trust policy names.
using RootFingerprint = crypto::Sha256Digest;

/// The four things that decide what the enclave does, each by its content and never by its path.
struct MeasuredDigests {
    crypto::Sha256Digest program{};
    crypto::Sha256Digest model{};
    crypto::Sha256Digest configuration{};
    crypto::Sha256Digest command_line{};

    static Result<MeasuredDigests> read(Reader& reader);
    void write(Writer& writer) const;
    friend bool operator==(const MeasuredDigests&, const MeasuredDigests&) = default;
};

/// SHA-256 of { opaque label<V> = "ChatMCP simulated measurement"; MeasuredDigests digests; }.
[[nodiscard]] Measurement measurement_of(const MeasuredDigests& digests);

/// Limits of a measured command line; the launcher refuses more (TEE-44).
inline constexpr std::size_t kArgumentsMax = 64;
inline constexpr std::size_t kArgumentMaxBytes = 4096;
/// SHA-256 of { opaque label<V> = "ChatMCP simulated command line"; opaque argument<V>...; } where
/// the arguments are those after the program's name.
[[nodiscard]] crypto::Sha256Digest command_line_digest(std::span<const std::string> arguments);

/// SHA-256 of { opaque label<V> = "ChatMCP development root"; opaque public_key[32]; }.
[[nodiscard]] RootFingerprint root_fingerprint(ByteView public_key);

/// One wall of the sandbox that the launcher found standing after the start, as a bit of
/// SimulatedQuote::sandbox_layers. Numbers are never reused.
enum class SandboxLayer : std::uint8_t {
    user_namespace = 0,
    pid_namespace = 1,
    network_namespace = 2,
    mount_namespace = 3,
    ipc_namespace = 4,
    uts_namespace = 5,
    cgroup_namespace = 6,
    time_namespace = 7,
    empty_root = 8,         // The root directory is an empty read-only file system.
    empty_environment = 9,  // No environment variables, descriptors only as documented.
    no_capabilities = 10,   // None effective, permitted, inheritable or in the bounding set.
    no_new_privileges = 11,
    system_call_list = 12,     // seccomp: an allow list.
    resource_limits = 13,      // No core dump, no new files, few descriptors.
    sealed_memory_files = 14,  // Program, model and configuration cannot change after hashing.
    not_dumpable = 15,         // Not traceable by the same user from the first instruction on.
    landlock_files = 16,       // Landlock allows no file access.
    landlock_network = 17,     // Landlock allows no TCP bind or connect (kernel 6.7).
    landlock_scope = 18,       // Landlock allows no signal or abstract socket out (kernel 6.12).
    host_without_swap = 19,    // No swap at the time of the start.
};
inline constexpr std::uint8_t kSandboxLayers = 20;
[[nodiscard]] constexpr std::uint32_t layer_bit(SandboxLayer layer) {
    return std::uint32_t{1} << static_cast<std::uint8_t>(layer);
}
/// Without these the launcher starts nothing; the others depend on the machine and are reported.
inline constexpr std::uint32_t kRequiredSandboxLayers = 0x0000FFFF;
/// "user_namespace" and so on.
[[nodiscard]] std::string_view layer_name(SandboxLayer layer);

/// What the quoting service of the simulated platform says about the program that asked.
///
/// Trust:  as decoded, nothing has been verified: see attest/.
/// Wire:   uint16 version = 1; opaque measurement[32]; MeasuredDigests digests; opaque
///         report_data[64]; uint64 issued_unix_ms; uint32 sandbox_layers; opaque root_key[32];
///         opaque signature[64]. 334 bytes. The signature is SignWithLabel over all before it.
/// Spec:   docs/formats.md.
struct SimulatedQuote {
    static constexpr auto kLabel = SignatureLabel::simulated_quote;
    static constexpr std::uint16_t kVersion = 1;
    static constexpr std::size_t kBytes = 334;
    static constexpr std::string_view kMediaType = "application/vnd.chatmcp.simulated-quote";

    Measurement measurement{};
    MeasuredDigests digests;
    ReportData report_data{};
    UnixMs issued;
    std::uint32_t sandbox_layers = 0;
    ByteArray<crypto::kEd25519PublicBytes> root_key{};
    ByteArray<crypto::kEd25519SignatureBytes> signature{};

    /// Errors: WIRE-01; unsupported_version (ATT-05); unsupported (ATT-06) an unknown layer;
    ///         invalid_argument (ATT-07) a time that no clock shows.
    static Result<SimulatedQuote> read(Reader& reader);
    void write(Writer& writer) const;
    void write_signed(Writer& writer) const;
};

}  // namespace chatmcp::wire
