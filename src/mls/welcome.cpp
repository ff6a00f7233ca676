#include "mls/welcome.h"

#include "crypto/aead.h"

namespace chatmcp::mls {
namespace {

constexpr std::string_view kGroupInfoLabel = "GroupInfoTBS";
constexpr std::string_view kWelcomeLabel = "Welcome";

crypto::Aead welcome_aead(CipherSuite suite, ByteView welcome_secret) {
    const SecretBytes key =
        expand_with_label(suite, welcome_secret, "key", {}, aead_key_bytes(suite));
    return crypto::Aead(aead_of(suite), key.view());
}

SecretBytes welcome_nonce(CipherSuite suite, ByteView welcome_secret) {
    return expand_with_label(suite, welcome_secret, "nonce", {}, kNonceBytes);
}

}  // namespace

Result<GroupInfo> GroupInfo::read(wire::Reader& reader) {
    GroupInfo info;
    CHATMCP_TRY(info.context, GroupContext::read(reader));
    CHATMCP_TRY(info.extensions, read_extensions(reader));
    CHATMCP_TRY(const ByteView tag, reader.vector(kHashMaxBytes));
    info.confirmation_tag = to_bytes(tag);
    CHATMCP_TRY(info.signer.value, reader.u32());
    CHATMCP_TRY(const ByteView signature, reader.vector(kSignatureMaxBytes));
    info.signature = to_bytes(signature);
    return info;
}

void GroupInfo::write_unsigned(wire::Writer& writer) const {
    context.write(writer);
    write_extensions(writer, extensions);
    writer.vector(confirmation_tag);
    writer.u32(signer.value);
}

void GroupInfo::write(wire::Writer& writer) const {
    write_unsigned(writer);
    writer.vector(signature);
}

void GroupInfo::sign(const SignatureKey& key) {
    wire::Writer writer;
    write_unsigned(writer);
    signature = sign_with_label(context.suite, key, kGroupInfoLabel, writer.view());
}

Result<void> GroupInfo::verify(ByteView signature_key) const {
    wire::Writer writer;
    write_unsigned(writer);
    return verify_with_label(
        context.suite, signature_key, kGroupInfoLabel, writer.view(), signature, "MLS-45");
}

Result<GroupSecrets> GroupSecrets::read(wire::Reader& reader) {
    GroupSecrets secrets;
    CHATMCP_TRY(const ByteView joiner, reader.vector(kHashMaxBytes));
    secrets.joiner_secret = SecretBytes(joiner);
    CHATMCP_TRY(const bool has_path_secret, reader.presence());
    if (has_path_secret) {
        CHATMCP_TRY(const ByteView path_secret, reader.vector(kHashMaxBytes));
        secrets.path_secret = SecretBytes(path_secret);
    }
    CHATMCP_TRY(wire::Reader psks, reader.sub(kExtensionMaxBytes));
    while (!psks.empty()) {
        CHATMCP_TRY(PreSharedKeyId psk, PreSharedKeyId::read(psks));
        secrets.psks.push_back(std::move(psk));
    }
    return secrets;
}

void GroupSecrets::write(wire::Writer& writer) const {
    writer.vector(joiner_secret.view());
    writer.presence(path_secret.has_value());
    if (path_secret.has_value()) {
        writer.vector(path_secret->view());
    }
    writer.vector_of([&](wire::Writer& inner) {
        for (const PreSharedKeyId& psk : psks) {
            psk.write(inner);
        }
    });
}

Result<Welcome> Welcome::read(wire::Reader& reader) {
    Welcome welcome;
    CHATMCP_TRY(const std::uint16_t suite, reader.u16());
    CHATMCP_TRY(welcome.suite, cipher_suite(suite));
    CHATMCP_TRY(wire::Reader inner, reader.sub(wire::kVectorMaxBytes));
    while (!inner.empty()) {
        EncryptedGroupSecrets secrets;
        CHATMCP_TRY(const ByteView new_member, inner.vector(kHashMaxBytes));
        secrets.new_member = to_bytes(new_member);
        CHATMCP_TRY(secrets.encrypted_group_secrets, HpkeCiphertext::read(inner));
        welcome.secrets.push_back(std::move(secrets));
    }
    CHATMCP_TRY(const ByteView group_info, reader.vector(wire::kVectorMaxBytes));
    welcome.encrypted_group_info = to_bytes(group_info);
    return welcome;
}

void Welcome::write(wire::Writer& writer) const {
    writer.reserve(encrypted_group_info.size() + secrets.size() * 256 + 32);
    writer.u16(static_cast<std::uint16_t>(suite));
    writer.vector_of([&](wire::Writer& inner) {
        for (const EncryptedGroupSecrets& each : secrets) {
            inner.vector(each.new_member);
            each.encrypted_group_secrets.write(inner);
        }
    });
    writer.vector(encrypted_group_info);
}

Bytes seal_group_info(CipherSuite suite, ByteView welcome_secret, const GroupInfo& group_info) {
    return welcome_aead(suite, welcome_secret)
        .seal(welcome_nonce(suite, welcome_secret).view(), {}, wire::encode(group_info));
}

Result<GroupInfo> open_group_info(CipherSuite suite, ByteView welcome_secret, ByteView encrypted) {
    const auto opened = welcome_aead(suite, welcome_secret)
                            .open(welcome_nonce(suite, welcome_secret).view(), {}, encrypted);
    if (!opened.has_value()) {
        return fail(Errc::cannot_open, "MLS-46");
    }
    return wire::decode<GroupInfo>(*opened);
}

crypto::HpkeInfo group_secrets_info(CipherSuite suite, ByteView encrypted_group_info) {
    return labelled_info(suite, kWelcomeLabel, encrypted_group_info);
}

Result<EncryptedGroupSecrets> seal_group_secrets(const crypto::HpkeInfo& info,
                                                 const KeyPackage& recipient,
                                                 const GroupSecrets& secrets,
                                                 crypto::Random& random) {
    Bytes plaintext = wire::encode(secrets);
    auto sealed = crypto::hpke_seal(info, recipient.init_key, {}, plaintext, random);
    wipe(plaintext);
    if (!sealed.has_value()) {
        return fail(sealed.error());
    }
    return EncryptedGroupSecrets{
        recipient.reference().to_bytes(),
        HpkeCiphertext{std::move(sealed->enc), std::move(sealed->ciphertext)}};
}

Result<GroupSecrets> open_group_secrets(CipherSuite suite,
                                        const crypto::HpkePrivateKey& init_key,
                                        const EncryptedGroupSecrets& secrets,
                                        ByteView encrypted_group_info) {
    CHATMCP_TRY(const SecretBytes opened,
                decrypt_with_label(suite,
                                   init_key,
                                   kWelcomeLabel,
                                   encrypted_group_info,
                                   secrets.encrypted_group_secrets.kem_output,
                                   secrets.encrypted_group_secrets.ciphertext,
                                   "MLS-47"));
    return wire::decode<GroupSecrets>(opened.view());
}

}  // namespace chatmcp::mls
