#include "mls/own_leaf.h"

#include <algorithm>

#include "mls/component.h"
#include "mls/framing.h"
#include "mls/proposal.h"
#include "mls/storage.h"

namespace chatmcp::mls {
namespace {

/// last_resort_key_package of draft-ietf-mls-extensions: an empty component of the package.
constexpr auto kLastResortComponent =
    static_cast<std::uint16_t>(DraftComponent::last_resort_key_package);
constexpr std::uint8_t kRecordUnused = 1;
constexpr std::uint8_t kRecordUsed = 2;

/// One of RFC 9420's fifteen GREASE values (section 13.5), by the leaf's key: members that choke on
/// numbers that they do not know are found early.
std::uint16_t grease_of(const LeafSetup& setup) {
    const auto which = static_cast<unsigned>(setup.signature_key.public_key().back()) % 15U;
    return static_cast<std::uint16_t>(0x0A0AU + 0x1010U * which);
}

/// The dictionary (if the leaf has components) and what the setup adds.
void set_leaf_extensions(const LeafSetup& setup, Extensions& extensions) {
    if (!setup.components.empty()) {
        set_extension(
            extensions, ExtensionType::app_data_dictionary, encode_dictionary(setup.components));
    }
    for (const Extension& extension : setup.extensions) {
        set_extension(extensions, static_cast<ExtensionType>(extension.type), extension.data);
    }
}

}  // namespace

Result<void> check_enabled(const Environment& environment, CipherSuite suite) {
    if (is_experimental(suite) && !environment.experimental_suites) {
        return fail(Errc::unsupported, "PQ-01");
    }
    return {};
}

Capabilities capabilities_of(const LeafSetup& setup, CipherSuite suite) {
    Capabilities can;
    can.versions = {kProtocolVersionMls10};
    for (const CipherSuite each : kCipherSuites) {
        can.cipher_suites.push_back(static_cast<std::uint16_t>(each));
    }
    if (is_experimental(suite)) {
        can.cipher_suites.push_back(static_cast<std::uint16_t>(suite));
    }
    can.extensions = {static_cast<std::uint16_t>(ExtensionType::app_data_dictionary)};
    can.extensions.insert(
        can.extensions.end(), setup.extension_types.begin(), setup.extension_types.end());
    for (const ProposalType type :
         {ProposalType::app_data_update, ProposalType::app_ephemeral, ProposalType::self_remove}) {
        can.proposals.push_back(static_cast<std::uint16_t>(type));
    }
    can.proposals.insert(
        can.proposals.end(), setup.proposal_types.begin(), setup.proposal_types.end());
    can.credentials = setup.credential_types;
    if (!contains(can.credentials, setup.credential.type)) {
        can.credentials.push_back(setup.credential.type);
    }
    for (auto* list : {&can.cipher_suites, &can.extensions, &can.proposals, &can.credentials}) {
        list->push_back(grease_of(setup));
    }
    return can;
}

LeafNode unsigned_leaf(const LeafSetup& setup, CipherSuite suite, ByteView encryption_key) {
    LeafNode leaf;
    leaf.encryption_key = to_bytes(encryption_key);
    leaf.signature_key = to_bytes(setup.signature_key.public_key());
    leaf.credential = setup.credential;
    leaf.capabilities = capabilities_of(setup, suite);
    set_leaf_extensions(setup, leaf.extensions);
    return leaf;
}

LeafNode rotated_leaf(LeafNode leaf, const LeafSetup& setup, CipherSuite suite) {
    leaf.credential = setup.credential;
    leaf.signature_key = to_bytes(setup.signature_key.public_key());
    leaf.capabilities = capabilities_of(setup, suite);
    leaf.extensions.clear();
    set_leaf_extensions(setup, leaf.extensions);
    return leaf;
}

Result<KeyPackageSecrets> KeyPackageSecrets::read(wire::Reader& reader) {
    CHATMCP_TRY(const ByteView package, reader.vector(wire::kVectorMaxBytes));
    CHATMCP_TRY(const std::uint16_t number, reader.u16());
    CHATMCP_TRY(const CipherSuite suite, cipher_suite(number));
    CHATMCP_TRY(const ByteView init, reader.vector(kPrivateKeyMaxBytes));
    CHATMCP_TRY(auto init_key, crypto::HpkePrivateKey::from_bytes(kem_of(suite), init));
    CHATMCP_TRY(const ByteView encryption, reader.vector(kPrivateKeyMaxBytes));
    CHATMCP_TRY(auto encryption_key, crypto::HpkePrivateKey::from_bytes(kem_of(suite), encryption));
    CHATMCP_TRY(auto signature_key, SignatureKey::read(reader));
    KeyPackageSecrets secrets{suite,
                              to_bytes(package),
                              std::move(init_key),
                              std::move(encryption_key),
                              std::move(signature_key)};
    CHATMCP_TRY(secrets.last_resort, reader.presence());
    return secrets;
}

void KeyPackageSecrets::write(wire::Writer& writer) const {
    writer.vector(encoded_package);
    writer.u16(static_cast<std::uint16_t>(suite));
    writer.vector(init_key.bytes());
    writer.vector(encryption_key.bytes());
    signature_key.write(writer);
    writer.presence(last_resort);
}

Result<void> store_key_package(Transaction& transaction,
                               ByteView reference,
                               const KeyPackageSecrets& secrets) {
    wire::Writer writer;
    writer.reserve(secrets.encoded_package.size() + 256);
    writer.u8(kRecordUnused);
    secrets.write(writer);
    return put_secret(transaction, key_package_key(reference), std::move(writer));
}

Result<std::optional<KeyPackageSecrets>> load_key_package(Transaction& transaction,
                                                          ByteView reference) {
    if (reference.size() > kHashMaxBytes) {
        return std::nullopt;
    }
    CHATMCP_TRY(auto record, transaction.get(key_package_key(reference)));
    if (!record.has_value()) {
        return std::nullopt;
    }
    if (!record->empty() && record->front() == kRecordUsed) {
        return fail(Errc::replayed, "MLS-73");
    }
    if (record->empty() || record->front() != kRecordUnused) {
        return fail(Errc::storage_corrupt, "MLS-48");
    }
    auto secrets = stored(wire::decode<KeyPackageSecrets>(ByteView(*record).subspan(1)));
    wipe(*record);
    if (!secrets.has_value()) {
        return fail(secrets.error());
    }
    return std::optional<KeyPackageSecrets>(*std::move(secrets));
}

Result<void> use_up_key_package(Transaction& transaction,
                                ByteView reference,
                                const KeyPackageSecrets& secrets) {
    if (secrets.last_resort) {
        return {};
    }
    const ByteArray<1> used = {kRecordUsed};
    return transaction.put(key_package_key(reference), used);
}

Result<KeyPackageMade> make_key_package(const Environment& environment,
                                        Transaction& transaction,
                                        CipherSuite suite,
                                        LeafSetup leaf,
                                        Lifetime lifetime,
                                        bool last_resort) {
    CHATMCP_TRY_VOID(check_enabled(environment, suite));
    auto init_key = crypto::HpkePrivateKey::generate(kem_of(suite), environment.random);
    auto encryption_key = crypto::HpkePrivateKey::generate(kem_of(suite), environment.random);
    KeyPackage package;
    package.suite = suite;
    package.init_key = to_bytes(init_key.public_key());
    package.leaf = unsigned_leaf(leaf, suite, encryption_key.public_key());
    package.leaf.source = LeafSource::key_package;
    package.leaf.lifetime = lifetime;
    sign_leaf(suite, leaf.signature_key, LeafPlace{}, package.leaf);
    if (last_resort) {
        set_extension(package.extensions,
                      ExtensionType::app_data_dictionary,
                      encode_dictionary({Component{kLastResortComponent, {}}}));
    }
    sign_key_package(leaf.signature_key, package);
    CHATMCP_TRY_VOID(package.verify());
    KeyPackageMade made{encode_message(WireFormat::key_package, package),
                        package.reference().to_bytes()};
    const KeyPackageSecrets secrets{suite,
                                    wire::encode(package),
                                    std::move(init_key),
                                    std::move(encryption_key),
                                    std::move(leaf.signature_key),
                                    last_resort};
    CHATMCP_TRY_VOID(store_key_package(transaction, made.reference, secrets));
    return made;
}

Result<LeafView> inspect_key_package(ByteView key_package) {
    CHATMCP_TRY(const KeyPackage package, decode_key_package(key_package));
    CHATMCP_TRY_VOID(package.verify());
    return view_of(package.leaf, LeafIndex{});
}

}  // namespace chatmcp::mls
