// stamp_lock, stamp_accept, stamp_reject, stamp_reclaim.

#include "instruction.h"
#include "lifecycle.h"
#include "signatures.h"
#include "token.h"

namespace chatmcp::program {
namespace {

// The recipient signed this answer to this stamp, since this lock, on this cluster, and may still
// answer.
template <class Instruction>
Error check_answer(const Tag& tag,
                   const AccountsOf<Instruction>& a,
                   const typename Instruction::Data& data,
                   const Context& context,
                   uint64_t slot) {
    const auto& config = *reinterpret_cast<const Config*>(a.config.value->data);
    const auto& stamp = *reinterpret_cast<const Stamp*>(a.stamp.value->data);
    CHATMCP_REQUIRE(all_zero(data.reserved, sizeof data.reserved), reserved_not_zero);
    CHATMCP_REQUIRE(stamp.status == StampStatus::open, stamp_answered);
    CHATMCP_REQUIRE(slot < stamp.expires_slot, stamp_expired);
    const StampAnswer answer{
        tag, config.genesis_hash, context.program, *a.stamp.value->key, stamp.locked_slot};
    Digest digest;
    digest_of(answer, digest);
    return check_signature(
        *a.instructions_sysvar.value, data.signature, stamp.one_time_key, digest);
}

}  // namespace

CHATMCP_INSTRUCTION(StampLock) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    const uint64_t slot = clock_now().slot;
    CHATMCP_CHECKED(check_not_paused(*config, slot));
    CHATMCP_CHECKED(check_address(*a.escrow_vault.value, config->escrow_vault));
    CHATMCP_CHECKED(check_address(*a.mint.value, config->mint));
    CHATMCP_CHECKED(check_token_program(*a.token_program.value));
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    CHATMCP_CHECKED(
        check_token_account(*a.sender_tokens.value, config->mint, *a.sender.value->key));
    CHATMCP_REQUIRE(!is_zero(data.one_time_key), zero_key);
    CHATMCP_REQUIRE(
        within(data.amount, config->params.stamp_price_min, config->params.stamp_price_max),
        stamp_amount_out_of_bounds);

    const Slice seeds[] = {seed(Stamp::kSeed), seed(data.one_time_key), seed(data.header.bump)};
    Stamp* stamp = nullptr;
    const uint64_t fee =
        config->params.stamp_submit_fee_lamports;  // Stays there for whoever brings the answer.
    // Several stamps under one key are several payments: an answer is to one of them.
    const NewAccount wanted{*a.sender.value, *a.stamp.value, context.program, seeds, 3, fee, true};
    CHATMCP_CHECKED(create(wanted, stamp));
    stamp->one_time_key = data.one_time_key;
    stamp->sender = *a.sender.value->key;
    stamp->amount = data.amount;
    stamp->locked_slot = slot;
    stamp->expires_slot = slot;
    CHATMCP_CHECKED(add(stamp->expires_slot, config->params.stamp_open_slots));
    stamp->status = StampStatus::open;
    const TokenMove move{
        *a.sender_tokens.value, *a.mint.value, *a.escrow_vault.value, *a.sender.value, data.amount};
    transfer_chat(move);
    return Error::none;
}

CHATMCP_INSTRUCTION(StampAccept) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    Stamp* stamp = nullptr;
    CHATMCP_CHECKED(load(*a.stamp.value, context.program, stamp));
    CHATMCP_CHECKED(check_address(*a.sender.value, stamp->sender));
    CHATMCP_CHECKED(check_address(*a.escrow_vault.value, config->escrow_vault));
    CHATMCP_CHECKED(check_address(*a.mint.value, config->mint));
    CHATMCP_CHECKED(check_token_program(*a.token_program.value));
    CHATMCP_CHECKED(check_token_account(*a.sender_tokens.value, config->mint, stamp->sender));
    CHATMCP_CHECKED(check_answer<StampAccept>(kAcceptTag, a, data, context, clock_now().slot));

    const TokenMove move{*a.escrow_vault.value,
                         *a.mint.value,
                         *a.sender_tokens.value,
                         *a.config.value,
                         stamp->amount};
    transfer_chat_of_program(move, config->header.bump);
    CHATMCP_CHECKED(move_spare_lamports(*a.stamp.value, *a.submitter.value));
    return close_account(*a.stamp.value, *a.sender.value);
}

CHATMCP_INSTRUCTION(StampReject) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    Stamp* stamp = nullptr;
    CHATMCP_CHECKED(load(*a.stamp.value, context.program, stamp));
    CHATMCP_CHECKED(check_address(*a.escrow_vault.value, config->escrow_vault));
    CHATMCP_CHECKED(check_address(*a.mint.value, config->mint));
    CHATMCP_CHECKED(check_token_program(*a.token_program.value));
    const uint64_t slot = clock_now().slot;
    CHATMCP_CHECKED(check_answer<StampReject>(kRejectTag, a, data, context, slot));

    const uint64_t burned = stamp->amount;
    stamp->amount = 0;
    stamp->status = StampStatus::rejected;
    stamp->rejected_slot = slot;
    burn_chat_of_program(
        *a.escrow_vault.value, *a.mint.value, *a.config.value, burned, config->header.bump);
    return move_spare_lamports(*a.stamp.value, *a.submitter.value);
}

CHATMCP_INSTRUCTION(StampReclaim) {
    static_cast<void>(data);
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    Stamp* stamp = nullptr;
    CHATMCP_CHECKED(load(*a.stamp.value, context.program, stamp));
    CHATMCP_CHECKED(check_address(*a.sender.value, stamp->sender));
    CHATMCP_CHECKED(check_address(*a.escrow_vault.value, config->escrow_vault));
    CHATMCP_CHECKED(check_address(*a.mint.value, config->mint));
    CHATMCP_CHECKED(check_token_program(*a.token_program.value));
    CHATMCP_CHECKED(check_token_account(*a.sender_tokens.value, config->mint, stamp->sender));
    CHATMCP_REQUIRE(clock_now().slot >= stamp->expires_slot, stamp_open);

    if (stamp->amount != 0) {
        const TokenMove move{*a.escrow_vault.value,
                             *a.mint.value,
                             *a.sender_tokens.value,
                             *a.config.value,
                             stamp->amount};
        transfer_chat_of_program(move, config->header.bump);
    }
    return close_account(*a.stamp.value, *a.sender.value);
}

}  // namespace chatmcp::program
