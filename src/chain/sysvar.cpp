#include "chain/sysvar.h"

#include <bit>

#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

constexpr std::uint32_t kNonceVersionCurrent = 1;
constexpr std::uint32_t kNonceInitialized = 1;

}  // namespace

Result<Clock> decode_clock(ByteView data) {
    Reader reader(data);
    Clock clock;
    CHATMCP_TRY(clock.slot, reader.u64());
    CHATMCP_TRY(const std::uint64_t epoch_start, reader.u64());
    CHATMCP_TRY(clock.epoch, reader.u64());
    CHATMCP_TRY(clock.leader_schedule_epoch, reader.u64());
    CHATMCP_TRY(const std::uint64_t now, reader.u64());
    CHATMCP_TRY_VOID(reader.finish());
    clock.epoch_start_unix_s = std::bit_cast<std::int64_t>(epoch_start);
    clock.unix_s = std::bit_cast<std::int64_t>(now);
    return clock;
}

Result<Nonce> decode_nonce(const Address& program, ByteView data) {
    if (program != kSystemProgram) {
        return fail(Errc::wrong_key, "CHN-69");
    }
    Reader reader(data);
    Nonce nonce;
    CHATMCP_TRY(const std::uint32_t version, reader.u32());
    CHATMCP_TRY(const std::uint32_t state, reader.u32());
    CHATMCP_TRY(nonce.authority.bytes, reader.array<Address::kBytes>());
    CHATMCP_TRY(nonce.value, reader.array<sizeof(Blockhash)>());
    CHATMCP_TRY(nonce.lamports_per_signature, reader.u64());
    CHATMCP_TRY_VOID(reader.finish());
    if (version != kNonceVersionCurrent || state != kNonceInitialized) {
        return fail(Errc::malformed, "CHN-70");
    }
    return nonce;
}

}  // namespace chatmcp::chain
