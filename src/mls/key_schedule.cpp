#include "mls/key_schedule.h"

namespace chatmcp::mls {
namespace {

/// KDF.Nh zero bytes, where the RFC writes 0.
Bytes zeros(CipherSuite suite) {
    return Bytes(hash_bytes(suite));
}

SecretBytes psk_joined(CipherSuite suite, ByteView joiner_secret, ByteView psk_secret) {
    const Bytes none = zeros(suite);
    return extract(suite, joiner_secret, psk_secret.empty() ? ByteView(none) : psk_secret);
}

}  // namespace

Result<GroupContext> GroupContext::read(wire::Reader& reader) {
    GroupContext context;
    CHATMCP_TRY(const std::uint16_t version, reader.u16());
    if (version != kProtocolVersionMls10) {
        return fail(Errc::unsupported_version, "MLS-10");
    }
    CHATMCP_TRY(const std::uint16_t suite, reader.u16());
    CHATMCP_TRY(context.suite, cipher_suite(suite));
    CHATMCP_TRY(const ByteView group_id, reader.vector(kGroupIdMaxBytes));
    context.group_id = to_bytes(group_id);
    CHATMCP_TRY(context.epoch.value, reader.u64());
    CHATMCP_TRY(const ByteView tree_hash, reader.vector(kHashMaxBytes));
    context.tree_hash = to_bytes(tree_hash);
    CHATMCP_TRY(const ByteView transcript_hash, reader.vector(kHashMaxBytes));
    context.confirmed_transcript_hash = to_bytes(transcript_hash);
    CHATMCP_TRY(context.extensions, read_extensions(reader));
    return context;
}

void GroupContext::write(wire::Writer& writer) const {
    writer.u16(kProtocolVersionMls10);
    writer.u16(static_cast<std::uint16_t>(suite));
    writer.vector(group_id);
    writer.u64(epoch.value);
    writer.vector(tree_hash);
    writer.vector(confirmed_transcript_hash);
    write_extensions(writer, extensions);
}

NewEpoch next_epoch(CipherSuite suite,
                    ByteView init_secret,
                    ByteView commit_secret,
                    ByteView psk_secret,
                    ByteView context) {
    const Bytes none = zeros(suite);
    const SecretBytes mixed =
        extract(suite, init_secret, commit_secret.empty() ? ByteView(none) : commit_secret);
    return join_epoch(suite,
                      expand_with_label(suite, mixed.view(), "joiner", context, hash_bytes(suite)),
                      psk_secret,
                      context);
}

NewEpoch join_epoch(CipherSuite suite,
                    SecretBytes joiner_secret,
                    ByteView psk_secret,
                    ByteView context) {
    const SecretBytes member_secret = psk_joined(suite, joiner_secret.view(), psk_secret);
    const SecretBytes epoch_secret =
        expand_with_label(suite, member_secret.view(), "epoch", context, hash_bytes(suite));
    const auto derive = [&](std::string_view label) {
        return derive_secret(suite, epoch_secret.view(), label);
    };
    NewEpoch epoch;
    epoch.welcome_secret = derive_secret(suite, member_secret.view(), "welcome");
    epoch.encryption_secret = derive("encryption");
    epoch.secrets.sender_data_secret = derive("sender data");
    epoch.secrets.exporter_secret = derive("exporter");
    epoch.secrets.external_secret = derive("external");
    epoch.secrets.confirmation_key = derive("confirm");
    epoch.secrets.membership_key = derive("membership");
    epoch.secrets.resumption_psk = derive("resumption");
    epoch.secrets.epoch_authenticator = derive("authentication");
    epoch.secrets.init_secret = derive("init");
    epoch.secrets.application_export_secret = derive("application_export");
    epoch.joiner_secret = std::move(joiner_secret);
    return epoch;
}

SecretBytes derive_welcome_secret(CipherSuite suite, ByteView joiner_secret, ByteView psk_secret) {
    return derive_secret(suite, psk_joined(suite, joiner_secret, psk_secret).view(), "welcome");
}

SecretBytes mls_exporter(CipherSuite suite,
                         ByteView exporter_secret,
                         std::string_view label,
                         ByteView context,
                         std::size_t size_bytes) {
    const SecretBytes derived = derive_secret(suite, exporter_secret, label);
    return expand_with_label(
        suite, derived.view(), "exported", hash(suite, context).view(), size_bytes);
}

crypto::HpkePrivateKey external_key(CipherSuite suite, ByteView external_secret) {
    return crypto::HpkePrivateKey::derive(kem_of(suite), external_secret);
}

SecretBytes derive_psk_secret(CipherSuite suite, const std::vector<Psk>& psks) {
    const Bytes none = zeros(suite);
    SecretBytes psk_secret{ByteView(none)};
    for (std::size_t i = 0; i < psks.size(); ++i) {
        const SecretBytes extracted = extract(suite, none, psks[i].secret.view());
        wire::Writer label;
        psks[i].id.write(label);
        label.u16(static_cast<std::uint16_t>(i));
        label.u16(static_cast<std::uint16_t>(psks.size()));
        const SecretBytes input = expand_with_label(
            suite, extracted.view(), "derived psk", label.view(), hash_bytes(suite));
        psk_secret = extract(suite, input.view(), psk_secret.view());
    }
    return psk_secret;
}

Hash confirmation_tag(CipherSuite suite,
                      ByteView confirmation_key,
                      ByteView confirmed_transcript_hash) {
    return mac(suite, confirmation_key, confirmed_transcript_hash);
}

}  // namespace chatmcp::mls
