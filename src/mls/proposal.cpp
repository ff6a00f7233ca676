#include "mls/proposal.h"

namespace chatmcp::mls {
namespace {

constexpr std::size_t kPskIdMaxBytes = 4096;
constexpr std::size_t kKemOutputMaxBytes = 2048;
constexpr std::uint8_t kByValue = 1;
constexpr std::uint8_t kByReference = 2;
constexpr std::uint8_t kUsageMax = 3;
constexpr std::uint8_t kUpdateComponent = 1;
constexpr std::uint8_t kRemoveComponent = 2;

Result<Bytes> read_bytes(wire::Reader& reader, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, reader.vector(max_bytes));
    return to_bytes(view);
}

struct ProposalWriter {
    wire::Writer& writer;
    void operator()(const Add& add) const { add.key_package.write(writer); }
    void operator()(const Update& update) const { update.leaf.write(writer); }
    void operator()(const Remove& remove) const { writer.u32(remove.removed.value); }
    void operator()(const PreSharedKey& psk) const { psk.psk.write(writer); }
    void operator()(const ReInit& reinit) const { reinit.write(writer); }
    void operator()(const ExternalInit& init) const { writer.vector(init.kem_output); }
    void operator()(const GroupContextExtensions& context) const {
        write_extensions(writer, context.extensions);
    }
    void operator()(const AppDataUpdate& update) const {
        writer.u16(update.component_id);
        writer.u8(update.update.has_value() ? kUpdateComponent : kRemoveComponent);
        if (update.update.has_value()) {
            writer.vector(*update.update);
        }
    }
    void operator()(const AppEphemeral& ephemeral) const {
        writer.u16(ephemeral.component.id);
        writer.vector(ephemeral.component.data);
    }
    void operator()(const SelfRemove& /*leave*/) const {}
};

/// Errors: malformed (MLS-104) an operation that does not exist.
Result<AppDataUpdate> read_app_data_update(wire::Reader& reader) {
    AppDataUpdate update;
    CHATMCP_TRY(update.component_id, reader.u16());
    CHATMCP_TRY(const std::uint8_t operation, reader.u8());
    if (operation == kUpdateComponent) {
        CHATMCP_TRY(update.update, read_bytes(reader, kExtensionMaxBytes));
        return update;
    }
    if (operation != kRemoveComponent) {
        return fail(Errc::malformed, "MLS-104");
    }
    return update;
}

}  // namespace

Result<PreSharedKeyId> PreSharedKeyId::read(wire::Reader& reader) {
    PreSharedKeyId id;
    CHATMCP_TRY(const std::uint8_t type, reader.u8());
    id.type = static_cast<Type>(type);
    if (id.type == Type::application) {
        CHATMCP_TRY(id.component, reader.u16());
    }
    if (id.type == Type::external || id.type == Type::application) {
        CHATMCP_TRY(id.psk_id, read_bytes(reader, kPskIdMaxBytes));
    } else if (id.type == Type::resumption) {
        CHATMCP_TRY(const std::uint8_t usage, reader.u8());
        if (usage == 0 || usage > kUsageMax) {
            return fail(Errc::malformed, "MLS-34");
        }
        id.resumption.usage = static_cast<ResumptionUsage>(usage);
        CHATMCP_TRY(id.resumption.group_id, read_bytes(reader, kGroupIdMaxBytes));
        CHATMCP_TRY(id.resumption.epoch.value, reader.u64());
    } else {
        return fail(Errc::malformed, "MLS-34");
    }
    CHATMCP_TRY(id.psk_nonce, read_bytes(reader, kHashMaxBytes));
    return id;
}

void PreSharedKeyId::write(wire::Writer& writer) const {
    writer.u8(static_cast<std::uint8_t>(type));
    if (type == Type::application) {
        writer.u16(component);
    }
    if (type != Type::resumption) {
        writer.vector(psk_id);
    } else {
        writer.u8(static_cast<std::uint8_t>(resumption.usage));
        writer.vector(resumption.group_id);
        writer.u64(resumption.epoch.value);
    }
    writer.vector(psk_nonce);
}

ProposalType Proposal::type() const {
    return static_cast<ProposalType>(content.index() + 1);  // The variant is in the order of types.
}

Result<Proposal> Proposal::read(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint16_t type, reader.u16());
    switch (static_cast<ProposalType>(type)) {
        case ProposalType::add: {
            CHATMCP_TRY(KeyPackage package, KeyPackage::read(reader));
            return Proposal{Add{std::move(package)}};
        }
        case ProposalType::update: {
            CHATMCP_TRY(LeafNode leaf, LeafNode::read(reader));
            return Proposal{Update{std::move(leaf)}};
        }
        case ProposalType::remove: {
            CHATMCP_TRY(const std::uint32_t removed, reader.u32());
            return Proposal{Remove{LeafIndex{removed}}};
        }
        case ProposalType::psk: {
            CHATMCP_TRY(PreSharedKeyId psk, PreSharedKeyId::read(reader));
            return Proposal{PreSharedKey{std::move(psk)}};
        }
        case ProposalType::reinit: {
            CHATMCP_TRY(ReInit reinit, ReInit::read(reader));
            return Proposal{std::move(reinit)};
        }
        case ProposalType::external_init: {
            CHATMCP_TRY(Bytes kem_output, read_bytes(reader, kKemOutputMaxBytes));
            return Proposal{ExternalInit{std::move(kem_output)}};
        }
        case ProposalType::group_context_extensions: {
            CHATMCP_TRY(Extensions extensions, read_extensions(reader));
            return Proposal{GroupContextExtensions{std::move(extensions)}};
        }
        case ProposalType::app_data_update: {
            CHATMCP_TRY(AppDataUpdate update, read_app_data_update(reader));
            return Proposal{std::move(update)};
        }
        case ProposalType::app_ephemeral: {
            AppEphemeral ephemeral;
            CHATMCP_TRY(ephemeral.component.id, reader.u16());
            CHATMCP_TRY(ephemeral.component.data, read_bytes(reader, kExtensionMaxBytes));
            return Proposal{std::move(ephemeral)};
        }
        case ProposalType::self_remove:
            return Proposal{SelfRemove{}};
    }
    return fail(Errc::unsupported, "MLS-33");
}

void Proposal::write(wire::Writer& writer) const {
    writer.u16(static_cast<std::uint16_t>(type()));
    std::visit(ProposalWriter{writer}, content);
}

Result<ProposalOrRef> ProposalOrRef::read(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint8_t type, reader.u8());
    if (type == kByValue) {
        CHATMCP_TRY(Proposal proposal, Proposal::read(reader));
        return ProposalOrRef{std::move(proposal)};
    }
    if (type == kByReference) {
        CHATMCP_TRY(Bytes reference, read_bytes(reader, kHashMaxBytes));
        return ProposalOrRef{std::move(reference)};
    }
    return fail(Errc::malformed, "MLS-35");
}

void ProposalOrRef::write(wire::Writer& writer) const {
    if (const auto* proposal = std::get_if<Proposal>(&content); proposal != nullptr) {
        writer.u8(kByValue);
        proposal->write(writer);
    } else {
        writer.u8(kByReference);
        writer.vector(std::get<Bytes>(content));
    }
}

Result<Commit> Commit::read(wire::Reader& reader) {
    Commit commit;
    CHATMCP_TRY(wire::Reader inner, reader.sub(wire::kVectorMaxBytes));
    while (!inner.empty()) {
        CHATMCP_TRY(ProposalOrRef proposal, ProposalOrRef::read(inner));
        commit.proposals.push_back(std::move(proposal));
    }
    CHATMCP_TRY(const bool has_path, reader.presence());
    if (has_path) {
        CHATMCP_TRY(commit.path, UpdatePath::read(reader));
    }
    return commit;
}

void Commit::write(wire::Writer& writer) const {
    writer.vector_of([&](wire::Writer& inner) {
        for (const ProposalOrRef& proposal : proposals) {
            proposal.write(inner);
        }
    });
    writer.presence(path.has_value());
    if (path.has_value()) {
        path->write(writer);
    }
}

}  // namespace chatmcp::mls
