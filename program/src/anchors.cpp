// anchor_log, anchor_receipts, verify_receipt, anchor_grant, close_grant.

#include "instruction.h"
#include "lifecycle.h"
#include "signatures.h"

namespace chatmcp::program {
namespace {

// Spec: RFC 9162 section 2.1.1: what a node's hash begins with.
constexpr uint8_t kNodePrefix = 1;

// `parent` may be one of them.
void node_hash(const Digest& left, const Digest& right, Digest& parent) {
    const Slice parts[] = {{&kNodePrefix, 1}, {&left, sizeof left}, {&right, sizeof right}};
    sol_sha256(parts, 3, parent.bytes);
}

// Spec: RFC 9162 section 2.1.3.2, with the tree's size known.
Error check_inclusion(const Receipts& receipts,
                      uint64_t index,
                      const Digest& leaf,
                      const Digest* proof,
                      uint64_t proof_count) {
    CHATMCP_REQUIRE(index < receipts.count, proof_index);
    CHATMCP_REQUIRE(proof_count <= kProofMax, proof_length);
    uint64_t node = index;
    uint64_t last = receipts.count - 1;
    Digest hash = leaf;
    for (uint64_t i = 0; i < proof_count; ++i) {
        CHATMCP_REQUIRE(last != 0, proof_length);
        if ((node & 1) != 0 || node == last) {
            node_hash(proof[i], hash, hash);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            node_hash(hash, proof[i], hash);
        }
        node >>= 1;
        last >>= 1;
    }
    CHATMCP_REQUIRE(last == 0, proof_length);
    CHATMCP_REQUIRE(same(hash, receipts.root), proof_wrong);
    return Error::none;
}

Error load_or_create(const AccountsOf<AnchorLog>& a,
                     const AnchorLog::Data& data,
                     const Key& program,
                     LogHead*& head) {
    const Key& owner = *a.owner.value->key;
    if (!same(*a.log_head.value->owner, kSystemProgram)) {
        CHATMCP_CHECKED(load(*a.log_head.value, program, head));
        CHATMCP_REQUIRE(same(head->owner, owner), wrong_authority);
        CHATMCP_REQUIRE(head->kind == data.kind, wrong_address);
        // Two heads of one size are two histories.
        CHATMCP_REQUIRE(data.size > head->size, log_not_growing);
        return Error::none;
    }
    const auto kind = static_cast<uint8_t>(data.kind);
    const Slice seeds[] = {seed(LogHead::kSeed), seed(kind), seed(owner), seed(data.header.bump)};
    CHATMCP_CHECKED(create({*a.owner.value, *a.log_head.value, program, seeds, 4}, head));
    head->kind = data.kind;
    head->owner = owner;
    return Error::none;
}

}  // namespace

CHATMCP_INSTRUCTION(AnchorLog) {
    CHATMCP_CHECKED(check_system_program(*accounts.system_program.value));
    CHATMCP_REQUIRE(all_zero(data.reserved, sizeof data.reserved), reserved_not_zero);
    CHATMCP_REQUIRE(data.kind == LogKind::device_log || data.kind == LogKind::relay_log, malformed);
    CHATMCP_REQUIRE(data.size != 0, zero_amount);
    LogHead* head = nullptr;
    CHATMCP_CHECKED(load_or_create(accounts, data, context.program, head));
    head->head = data.head;
    head->size = data.size;
    head->slot = clock_now().slot;
    return Error::none;
}

CHATMCP_INSTRUCTION(AnchorReceipts) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    Enclave* enclave = nullptr;
    CHATMCP_CHECKED(load(*a.enclave.value, context.program, enclave));
    CHATMCP_REQUIRE(all_zero(data.reserved, sizeof data.reserved), reserved_not_zero);
    CHATMCP_REQUIRE(enclave->status == EntryStatus::active, enclave_revoked);
    const uint64_t slot = clock_now().slot;
    CHATMCP_REQUIRE(slot < enclave->expires_slot, enclave_expired);
    CHATMCP_REQUIRE(within(data.count, 1, uint64_t{1} << kProofMax), zero_amount);
    const uint64_t batch = enclave->receipts_batches;
    const ReceiptsStatement statement{kReceiptsTag,
                                      config->genesis_hash,
                                      context.program,
                                      enclave->enclave_key,
                                      data.root,
                                      batch,
                                      enclave->receipts_count,
                                      data.count};
    Digest digest;
    digest_of(statement, digest);
    CHATMCP_CHECKED(check_signature(
        *a.instructions_sysvar.value, data.signature, enclave->enclave_key, digest));

    const Slice seeds[] = {seed(Receipts::kSeed),
                           seed(enclave->enclave_key),
                           {&batch, sizeof batch},
                           seed(data.header.bump)};
    Receipts* receipts = nullptr;
    CHATMCP_CHECKED(
        create({*a.payer.value, *a.receipts.value, context.program, seeds, 4}, receipts));
    receipts->enclave_key = enclave->enclave_key;
    receipts->root = data.root;
    receipts->batch = batch;
    receipts->first = enclave->receipts_count;
    receipts->count = data.count;
    receipts->slot = slot;
    CHATMCP_CHECKED(add(enclave->receipts_batches, 1));
    return add(enclave->receipts_count, data.count);
}

CHATMCP_INSTRUCTION(VerifyReceipt) {
    Receipts* receipts = nullptr;
    CHATMCP_CHECKED(load(*accounts.receipts.value, context.program, receipts));
    const auto* proof = reinterpret_cast<const Digest*>(context.tail);
    return check_inclusion(
        *receipts, data.index, data.leaf, proof, context.tail_bytes / sizeof(Digest));
}

CHATMCP_INSTRUCTION(AnchorGrant) {
    CHATMCP_CHECKED(check_system_program(*accounts.system_program.value));
    const auto& digest = reinterpret_cast<const Key&>(data.digest);
    const Slice seeds[] = {seed(Grant::kSeed), seed(digest), seed(data.header.bump)};
    Grant* grant = nullptr;
    CHATMCP_CHECKED(
        create({*accounts.owner.value, *accounts.grant.value, context.program, seeds, 3}, grant));
    grant->owner = *accounts.owner.value->key;
    grant->digest = data.digest;
    grant->slot = clock_now().slot;
    return Error::none;
}

CHATMCP_INSTRUCTION(CloseGrant) {
    static_cast<void>(data);
    Grant* grant = nullptr;
    CHATMCP_CHECKED(load(*accounts.grant.value, context.program, grant));
    CHATMCP_REQUIRE(same(grant->owner, *accounts.owner.value->key), wrong_authority);
    return close_account(*accounts.grant.value, *accounts.owner.value);
}

}  // namespace chatmcp::program
