#include "wire/evidence.h"

#include <limits>

#include "base/check.h"

namespace chatmcp::wire {

Result<MeasuredDigests> MeasuredDigests::read(Reader& reader) {
    MeasuredDigests digests;
    CHATMCP_TRY(digests.program, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(digests.model, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(digests.configuration, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(digests.command_line, reader.array<crypto::kSha256Bytes>());
    return digests;
}

void MeasuredDigests::write(Writer& writer) const {
    writer.fixed(program);
    writer.fixed(model);
    writer.fixed(configuration);
    writer.fixed(command_line);
}

Measurement measurement_of(const MeasuredDigests& digests) {
    Writer writer;
    writer.vector(as_bytes("ChatMCP simulated measurement"));
    digests.write(writer);
    return crypto::sha256(writer.view());
}

crypto::Sha256Digest command_line_digest(std::span<const std::string> arguments) {
    Writer writer;
    writer.vector(as_bytes("ChatMCP simulated command line"));
    for (const std::string& argument : arguments) {
        writer.vector(as_bytes(argument));
    }
    return crypto::sha256(writer.view());
}

RootFingerprint root_fingerprint(ByteView public_key) {
    CHATMCP_CHECK(public_key.size() == crypto::kEd25519PublicBytes);
    Writer writer;
    writer.vector(as_bytes("ChatMCP development root"));
    writer.fixed(public_key);
    return crypto::sha256(writer.view());
}

std::string_view layer_name(SandboxLayer layer) {
    switch (layer) {
        case SandboxLayer::user_namespace:
            return "user_namespace";
        case SandboxLayer::pid_namespace:
            return "pid_namespace";
        case SandboxLayer::network_namespace:
            return "network_namespace";
        case SandboxLayer::mount_namespace:
            return "mount_namespace";
        case SandboxLayer::ipc_namespace:
            return "ipc_namespace";
        case SandboxLayer::uts_namespace:
            return "uts_namespace";
        case SandboxLayer::cgroup_namespace:
            return "cgroup_namespace";
        case SandboxLayer::time_namespace:
            return "time_namespace";
        case SandboxLayer::empty_root:
            return "empty_root";
        case SandboxLayer::empty_environment:
            return "empty_environment";
        case SandboxLayer::no_capabilities:
            return "no_capabilities";
        case SandboxLayer::no_new_privileges:
            return "no_new_privileges";
        case SandboxLayer::system_call_list:
            return "system_call_list";
        case SandboxLayer::resource_limits:
            return "resource_limits";
        case SandboxLayer::sealed_memory_files:
            return "sealed_memory_files";
        case SandboxLayer::not_dumpable:
            return "not_dumpable";
        case SandboxLayer::landlock_files:
            return "landlock_files";
        case SandboxLayer::landlock_network:
            return "landlock_network";
        case SandboxLayer::landlock_scope:
            return "landlock_scope";
        case SandboxLayer::host_without_swap:
            return "host_without_swap";
    }
    return "unknown";
}

Result<SimulatedQuote> SimulatedQuote::read(Reader& reader) {
    CHATMCP_TRY(const std::uint16_t version, reader.u16());
    if (version != kVersion) {
        return fail(Errc::unsupported_version, "ATT-05");
    }
    SimulatedQuote quote;
    CHATMCP_TRY(quote.measurement, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(quote.digests, MeasuredDigests::read(reader));
    CHATMCP_TRY(quote.report_data, reader.array<kReportDataBytes>());
    CHATMCP_TRY(const std::uint64_t issued_unix_ms, reader.u64());
    if (issued_unix_ms > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
        return fail(Errc::invalid_argument, "ATT-07");
    }
    quote.issued = UnixMs{static_cast<std::int64_t>(issued_unix_ms)};
    CHATMCP_TRY(quote.sandbox_layers, reader.u32());
    // A layer that this build cannot name could not be shown in a report either.
    if (quote.sandbox_layers >> kSandboxLayers != 0) {
        return fail(Errc::unsupported, "ATT-06");
    }
    CHATMCP_TRY(quote.root_key, reader.array<crypto::kEd25519PublicBytes>());
    CHATMCP_TRY(quote.signature, reader.array<crypto::kEd25519SignatureBytes>());
    return quote;
}

void SimulatedQuote::write_signed(Writer& writer) const {
    CHATMCP_CHECK(issued.value >= 0);
    writer.u16(kVersion);
    writer.fixed(measurement);
    digests.write(writer);
    writer.fixed(report_data);
    writer.u64(static_cast<std::uint64_t>(issued.value));
    writer.u32(sandbox_layers);
    writer.fixed(root_key);
}

void SimulatedQuote::write(Writer& writer) const {
    write_signed(writer);
    writer.fixed(signature);
}

}  // namespace chatmcp::wire
