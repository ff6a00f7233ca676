#include "identity/credential.h"

#include "base/encoding.h"

namespace chatmcp::identity {
namespace {

// As for devices: the words are part of the format.
std::string agent_statement(const Caip10& account) {
    return "This names " + account.text() +
           " as the operator of a ChatMCP assistant that runs in an enclave. It adds no device and "
           "lets nobody read the messages of this account.";
}

std::string agent_resource(const AgentCredential& credential) {
    return "urn:chatmcp:agent:1:ed25519:" + to_hex(credential.enclave_key) + ":" +
           to_hex(credential.measurement) + ":" + to_hex(credential.configuration_digest);
}

WalletStatement common_of(const AgentCredential& credential) {
    return {credential.operator_account,
            credential.domain,
            credential.issued_at_s,
            credential.expires_at_s};
}

}  // namespace

Result<DeviceCredential> DeviceCredential::read(wire::Reader& reader) {
    DeviceCredential out;
    CHATMCP_TRY(out.wallet, WalletProof::read(reader));
    CHATMCP_TRY(out.delegation, Delegation::read(reader));
    return out;
}

void DeviceCredential::write(wire::Writer& writer) const {
    wallet.write(writer);
    delegation.write(writer);
}

Result<void> verify_device_credential(const DeviceCredential& credential,
                                      ByteView leaf_key,
                                      ByteView group_id,
                                      bool is_key_package) {
    // An empty group id would ask for a delegation to a key package.
    if (!is_key_package && group_id.empty()) {
        return fail(Errc::wrong_purpose, "ID-16");
    }
    CHATMCP_TRY_VOID(verify_wallet_proof(credential.wallet));
    return verify_delegation(credential.delegation,
                             credential.wallet.root_key,
                             leaf_key,
                             is_key_package ? ByteView{} : group_id);
}

Result<void> check_device_credential(const DeviceCredential& credential,
                                     const std::vector<std::string>& accepted_domains,
                                     UnixMs at) {
    CHATMCP_TRY_VOID(check_wallet_proof(credential.wallet, accepted_domains, at));
    return check_delegation(credential.delegation, at);
}

Result<AgentCredential> AgentCredential::read(wire::Reader& reader) {
    AgentCredential out;
    CHATMCP_TRY(out.measurement, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(out.configuration_digest, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY_VOID(read_scheme(reader));
    CHATMCP_TRY(out.enclave_key, reader.array<crypto::kEd25519PublicBytes>());
    CHATMCP_TRY(out.operator_account, read_account(reader));
    CHATMCP_TRY(out.domain, read_domain(reader));
    CHATMCP_TRY(out.issued_at_s, reader.u64());
    CHATMCP_TRY(out.expires_at_s, reader.u64());
    CHATMCP_TRY(out.signature, reader.array<crypto::kEd25519SignatureBytes>());
    CHATMCP_TRY_VOID(verify_wallet_statement(common_of(out)));
    return out;
}

void AgentCredential::write(wire::Writer& writer) const {
    writer.fixed(measurement);
    writer.fixed(configuration_digest);
    write_scheme(writer);
    writer.fixed(enclave_key);
    writer.vector(as_bytes(operator_account.text()));
    writer.vector(as_bytes(domain));
    writer.u64(issued_at_s);
    writer.u64(expires_at_s);
    writer.fixed(signature);
}

std::string AgentCredential::text() const {
    return wallet_text(common_of(*this), agent_statement(operator_account), agent_resource(*this));
}

crypto::Sha256Digest AgentCredential::digest() const {
    return crypto::sha256({as_bytes("chatmcp agent credential"), wire::encode(*this)});
}

Result<void> verify_agent_credential(const AgentCredential& credential) {
    CHATMCP_TRY_VOID(verify_wallet_statement(common_of(credential)));
    const std::string text = credential.text();
    if (!crypto::verify_raw(crypto::SignatureScheme::ed25519,
                            credential.operator_account.public_key(),
                            as_bytes(text),
                            credential.signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ID-19");
    }
    return {};
}

Result<void> check_agent_credential(const AgentCredential& credential,
                                    const std::vector<std::string>& accepted_domains,
                                    UnixMs at) {
    return check_wallet_statement(common_of(credential), accepted_domains, at);
}

}  // namespace chatmcp::identity
