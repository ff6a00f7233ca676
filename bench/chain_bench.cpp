#include <openssl/curve25519.h>

#include "bench/benches.h"
#include "bench/paired.h"
#include "chain/compute_budget.h"
#include "chain/program_instruction.h"
#include "chain/token_instruction.h"
#include "chain/transaction.h"
#include "chain/well_known.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "stamps/one_time_key.h"
#include "stamps/stamp_book.h"

namespace chatmcp::bench {
namespace {

constexpr std::size_t kBlock = 20;
constexpr std::size_t kWelcomeBytes = 2'000;

chain::Address address_of(std::string_view name) {
    return {crypto::sha256(as_bytes(name))};
}

/// What the operations are about.
struct World {
    crypto::SystemRandom random;
    crypto::SigningKey wallet = crypto::SigningKey::generate(random);
    chain::Address owner{wallet.public_key()};
    chain::ProgramAddresses at = chain::ProgramAddresses::of(address_of("program"));
};

// From an instruction to the bytes that are sent.
void build_and_sign(const World& world, const chain::Instruction& instruction) {
    chain::Draft draft;
    draft.fee_payer = world.owner;
    draft.instructions = {instruction};
    draft.instructions.push_back(must(chain::compute_unit_limit(20'000), "limit"));
    draft.instructions.push_back(chain::compute_unit_price(5));
    auto transaction = must(chain::Transaction::make(draft), "make");
    must(transaction.sign(world.wallet), "sign");
    if (transaction.encode().size() > chain::kLegacyTransactionMaxBytes) {
        give_up("size", {Errc::too_large, "CHN-30"});
    }
}

// The same signature by the bare library, over as many bytes as a stake's message has.
class SignatureFloor {
  public:
    SignatureFloor() { ED25519_keypair(public_key_, private_key_); }
    void run() {
        std::uint8_t signature[ED25519_SIGNATURE_LEN];
        if (ED25519_sign(signature, message_.data(), message_.size(), private_key_) != 1) {
            give_up("sign", {Errc::internal, ""});
        }
    }

  private:
    std::uint8_t public_key_[ED25519_PUBLIC_KEY_LEN];
    std::uint8_t private_key_[ED25519_PRIVATE_KEY_LEN];
    Bytes message_ = Bytes(400, 7);
};

template <class Operation>
Json against_signature(std::size_t rounds, Operation operation) {
    SignatureFloor floor;
    Paired out;
    for (std::size_t round = 0; round < rounds; ++round) {
        out.floor_block(kBlock, [&floor] { floor.run(); });
        for (std::size_t i = 0; i < kBlock; ++i) {
            const auto start = SteadyClock::now();
            operation();
            out.ours.add(microseconds_since(start));
        }
    }
    return out.to_json();
}

// What the node does for a welcome with a stamp, up to the write that takes it.
Json measure_stamp_check(std::size_t rounds) {
    crypto::SystemRandom random;
    const auto stamp_key = crypto::SigningKey::generate(random);
    const Bytes welcome(kWelcomeBytes, 5);
    const auto context = [&welcome] {
        return stamps::OneTimeKeyContext{
            .salt = {}, .inbox = {}, .welcome_digest = crypto::sha256(welcome)};
    };
    program::Stamp stamp{};
    const auto key = must(stamps::one_time_key(stamp_key.public_key(), context()), "key");
    stamp.one_time_key = std::bit_cast<program::Key>(key);
    stamp.amount = program::kChatUnits;
    stamp.status = program::StampStatus::open;
    stamp.expires_slot = program::kSlotsPerDay;
    stamps::StampBook book;
    must(book.update({.scope = {}, .slot = 1, .params = program::kParamsAtFirst, .stamps = {stamp}},
                     {}),
         "book");
    return against_signature(rounds, [&] {
        must(book.check(key, program::kChatUnits, {}), "check");
        if (must(stamps::one_time_key(stamp_key.public_key(), context()), "key") != key) {
            give_up("key", {Errc::wrong_key, "RLY-43"});
        }
    });
}

}  // namespace

Json measure_chain(const Arguments& arguments) {
    const std::size_t rounds = arguments.number("--rounds");
    const World world;
    const chain::Address other = address_of("other");
    const chain::TokenTransfer transfer{.token_program = chain::kToken2022Program,
                                        .source = world.at.tokens(world.owner),
                                        .mint = world.at.mint.address,
                                        .destination = world.at.tokens(other),
                                        .owner = world.owner,
                                        .amount = 5,
                                        .decimals = program::kChatDecimals};
    const auto find = [&world] { return chain::add_stake(world.at, world.owner, 5); };
    const auto sent = [&world, rounds](const chain::Instruction& instruction) {
        return against_signature(rounds, [&] { build_and_sign(world, instruction); });
    };
    return {{"build_and_sign",
             {{"transfer", sent(chain::token_transfer_checked(transfer))},
              {"stake", sent(find())},
              {"stamp_lock", sent(chain::stamp_lock(world.at, world.owner, other, 5))}}},
            {"find_stake_addresses", against_signature(rounds, find)},
            {"stamp_check", measure_stamp_check(rounds)}};
}

}  // namespace chatmcp::bench
