#include "wire/first_contact.h"

#include <utility>

namespace chatmcp::wire {
namespace {

constexpr std::size_t kDigestBytes = 32;

enum class PassKind : std::uint8_t { delivery_token = 1, stamp = 2 };

void write_pass(Writer& writer, const DeliveryToken& token) {
    writer.u8(std::to_underlying(PassKind::delivery_token));
    writer.fixed(token.token);
}

void write_pass(Writer& writer, const StampPass& stamp) {
    writer.u8(std::to_underlying(PassKind::stamp));
    writer.fixed(stamp.salt);
    writer.fixed(stamp.one_time_key);
}

}  // namespace

Result<Pass> Pass::read(Reader& reader) {
    CHATMCP_TRY(const std::uint8_t kind, reader.u8());
    switch (static_cast<PassKind>(kind)) {
        case PassKind::delivery_token: {
            DeliveryToken token;
            CHATMCP_TRY(token.token, reader.array<kDeliveryTokenBytes>());
            return Pass{token};
        }
        case PassKind::stamp: {
            StampPass stamp;
            CHATMCP_TRY(stamp.salt, reader.array<32>());
            CHATMCP_TRY(stamp.one_time_key, reader.array<32>());
            return Pass{stamp};
        }
    }
    return fail(Errc::invalid_argument, "DEL-07");
}

void Pass::write(Writer& writer) const {
    std::visit([&writer](const auto& pass) { write_pass(writer, pass); }, value);
}

Result<InboxPolicy> InboxPolicy::read(Reader& reader) {
    InboxPolicy out;
    CHATMCP_TRY(out.stamp_key, reader.array<32>());
    CHATMCP_TRY(out.own_price, reader.u64());
    CHATMCP_TRY(Reader digests, reader.sub(kDeliveryTokensMax * kDigestBytes));
    while (!digests.empty()) {
        CHATMCP_TRY(out.token_digests.emplace_back(), digests.array<32>());
    }
    return out;
}

void InboxPolicy::write(Writer& writer) const {
    writer.fixed(stamp_key);
    writer.u64(own_price);
    writer.vector_of([this](Writer& list) {
        for (const ByteArray<32>& digest : token_digests) {
            list.fixed(digest);
        }
    });
}

Result<StampTerms> StampTerms::read(Reader& reader) {
    StampTerms out;
    CHATMCP_TRY(out.genesis_hash, reader.array<32>());
    CHATMCP_TRY(out.program, reader.array<32>());
    CHATMCP_TRY(out.stamp_key, reader.array<32>());
    CHATMCP_TRY(out.price, reader.u64());
    return out;
}

void StampTerms::write(Writer& writer) const {
    writer.fixed(genesis_hash);
    writer.fixed(program);
    writer.fixed(stamp_key);
    writer.u64(price);
}

}  // namespace chatmcp::wire
