#include "identity/wallet_proof.h"

#include <algorithm>

#include "base/encoding.h"

namespace chatmcp::identity {
namespace {

constexpr std::uint8_t kFormSiws = 1;
constexpr std::string_view kSiwsVersion = "1";

// What the user reads before signing. Other words are another statement, and every signature made
// under these would be void: never edit, only add a new resource version with a new statement.
std::string device_statement(const Caip10& account) {
    return "This adds a device that can read the ChatMCP messages of " + account.text() +
           ". Sign only if you are adding a device of your own right now.";
}

std::string device_resource(const WalletProof& proof) {
    return "urn:chatmcp:device:1:ed25519:" + to_hex(proof.root_key) + ":" +
           to_decimal(proof.log_sequence) + ":" + to_hex(proof.previous_log_hash);
}

WalletStatement common_of(const WalletProof& proof) {
    return {proof.account, proof.domain, proof.issued_at_s, proof.expires_at_s};
}

std::string time_text(std::uint64_t seconds) {
    return to_time_text(UnixMs{static_cast<std::int64_t>(seconds) * kSecondMs});
}

}  // namespace

std::string wallet_text(const WalletStatement& common,
                        std::string statement,
                        std::string resource) {
    SiwsFields fields;
    fields.domain = common.domain;
    fields.address = common.account.address();
    fields.statement = std::move(statement);
    fields.uri = uri_of_domain(common.domain);
    fields.version = kSiwsVersion;
    fields.chain_id = chain_id_of(common.account);
    fields.issued_at = time_text(common.issued_at_s);
    fields.expiration_time = time_text(common.expires_at_s);
    fields.resources.push_back(std::move(resource));
    return siws_text(fields);
}

Result<void> verify_wallet_statement(const WalletStatement& common) {
    CHATMCP_TRY_VOID(check_domain(common.domain));
    constexpr auto kSecondsMax = static_cast<std::uint64_t>(kTimeTextMaxSeconds);
    constexpr auto kLifetimeMaxSeconds = static_cast<std::uint64_t>(kRootLifetimeMaxMs / kSecondMs);
    if (common.expires_at_s > kSecondsMax || common.issued_at_s >= common.expires_at_s ||
        common.expires_at_s - common.issued_at_s > kLifetimeMaxSeconds) {
        return fail(Errc::invalid_argument, "ID-07");
    }
    return {};
}

Result<void> check_wallet_statement(const WalletStatement& common,
                                    const std::vector<std::string>& accepted_domains,
                                    UnixMs at) {
    // First the bounds, so that seconds can be counted in milliseconds below.
    CHATMCP_TRY_VOID(verify_wallet_statement(common));
    // The domain is the one thing in the text that says which site asked the wallet: a text signed
    // for another site, whose operator picked the root key, must not count here.
    if (std::find(accepted_domains.begin(), accepted_domains.end(), common.domain) ==
        accepted_domains.end()) {
        return fail(Errc::wrong_domain, "ID-09");
    }
    if (at.value >= static_cast<std::int64_t>(common.expires_at_s) * kSecondMs) {
        return fail(Errc::expired, "ID-10");
    }
    if (at.value < static_cast<std::int64_t>(common.issued_at_s) * kSecondMs - kNotBeforeSlackMs) {
        return fail(Errc::not_yet_valid, "ID-11");
    }
    return {};
}

Result<Caip10> read_account(wire::Reader& reader) {
    CHATMCP_TRY(const ByteView text, reader.vector(Caip10::kTextMaxBytes));
    return Caip10::parse(as_text(text));
}

Result<std::string> read_domain(wire::Reader& reader) {
    CHATMCP_TRY(const ByteView text, reader.vector(kDomainMaxBytes));
    CHATMCP_TRY_VOID(check_domain(as_text(text)));
    return to_text(text);
}

Result<void> read_scheme(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint16_t scheme, reader.u16());
    if (scheme != static_cast<std::uint16_t>(crypto::SignatureScheme::ed25519)) {
        return fail(Errc::unsupported, "ID-06");
    }
    return {};
}

void write_scheme(wire::Writer& writer) {
    writer.u16(static_cast<std::uint16_t>(crypto::SignatureScheme::ed25519));
}

Result<WalletProof> WalletProof::read(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint8_t form, reader.u8());
    if (form != kFormSiws) {
        return fail(Errc::unsupported, "ID-04");
    }
    WalletProof proof;
    CHATMCP_TRY(proof.account, read_account(reader));
    CHATMCP_TRY(proof.domain, read_domain(reader));
    CHATMCP_TRY_VOID(read_scheme(reader));
    CHATMCP_TRY(proof.root_key, reader.array<crypto::kEd25519PublicBytes>());
    CHATMCP_TRY(proof.log_sequence, reader.u64());
    CHATMCP_TRY(proof.previous_log_hash, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(proof.issued_at_s, reader.u64());
    CHATMCP_TRY(proof.expires_at_s, reader.u64());
    CHATMCP_TRY(proof.signature, reader.array<crypto::kEd25519SignatureBytes>());
    // Here too, so that text() of anything that was read can be written.
    CHATMCP_TRY_VOID(verify_wallet_statement(common_of(proof)));
    return proof;
}

void WalletProof::write(wire::Writer& writer) const {
    writer.u8(kFormSiws);
    writer.vector(as_bytes(account.text()));
    writer.vector(as_bytes(domain));
    write_scheme(writer);
    writer.fixed(root_key);
    writer.u64(log_sequence);
    writer.fixed(previous_log_hash);
    writer.u64(issued_at_s);
    writer.u64(expires_at_s);
    writer.fixed(signature);
}

std::string WalletProof::text() const {
    return wallet_text(common_of(*this), device_statement(account), device_resource(*this));
}

Result<void> verify_wallet_proof(const WalletProof& proof) {
    CHATMCP_TRY_VOID(verify_wallet_statement(common_of(proof)));
    const std::string text = proof.text();
    if (!crypto::verify_raw(crypto::SignatureScheme::ed25519,
                            proof.account.public_key(),
                            as_bytes(text),
                            proof.signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ID-08");
    }
    return {};
}

Result<void> check_wallet_proof(const WalletProof& proof,
                                const std::vector<std::string>& accepted_domains,
                                UnixMs at) {
    return check_wallet_statement(common_of(proof), accepted_domains, at);
}

}  // namespace chatmcp::identity
