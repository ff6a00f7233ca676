#include "client/account.h"

#include <algorithm>
#include <utility>

#include "client/inbox_policy.h"
#include "client/intents.h"
#include "identity/device_log.h"
#include "wire/components.h"
#include "wire/labelled_sign.h"

namespace chatmcp::client {
namespace {

// Challenges and tokens are not used in the last part of their life: they travel, and clocks
// differ.
constexpr std::int64_t kChallengeUseMs = wire::kChallengeLifetimeMs - kMinuteMs;
constexpr std::int64_t kTokenSpareMs = kMinuteMs;
constexpr std::int64_t kRootLifetimeMs = 365 * kDayMs;
constexpr std::int64_t kKeyPackagesCheckMs = kHourMs;
// The last-resort package is replaced well before its lifetime ends.
constexpr std::int64_t kLastResortRenewMs = 14 * kDayMs;

enum LoginStage : std::uint8_t {
    look_up = 0,
    sign = 1,
    append_entry = 2,
    key_packages = 3,
};

Task session_task(Purpose purpose) {
    return {purpose, {}};
}

Result<identity::WalletProof> proof_of(const AccountRow& row) {
    auto proof = wire::decode<identity::WalletProof>(row.wallet_proof);
    if (!proof.has_value()) {
        return fail(Errc::storage_corrupt, "CLT-07");
    }
    return *std::move(proof);
}

identity::DeviceLogEntry log_entry(const Device& device) {
    return identity::link_device(device.proof, device.root);
}

// The account's log as the relay has it decides what the wallet has to sign: the next entry. One
// device per account for now, so a log with another device ends here, by name.
Result<void> look_up_log(Step& step, IntentRow& intent, const wire::GetDeviceLog::Reply& reply) {
    CHATMCP_TRY(AccountRow row, step.home.known_account());
    CHATMCP_TRY(const auto account, identity::Caip10::parse(row.account));
    const auto root = crypto::SigningKey::from_seed(row.root_seed);
    if (!reply.entries.empty()) {
        std::vector<identity::DeviceLogEntry> log;
        for (const Bytes& bytes : reply.entries) {
            auto entry = wire::decode<identity::DeviceLogEntry>(bytes);
            if (!entry.has_value()) {
                return refuse(step, intent, entry.error());
            }
            log.push_back(*std::move(entry));
        }
        const auto verified = identity::verify_device_log(log, account);
        if (!verified.has_value()) {
            return refuse(step, intent, verified.error());
        }
        if (log.back().proof.root_key != root.public_key()) {
            return refuse(step, intent, Error{Errc::already_exists, "CLT-19"});
        }
        row.registered = true;
        row.log_hash = log.back().hash();
        CHATMCP_TRY_VOID(step.home.save(row));
    }
    if (!row.proof_made) {
        const auto now_s = static_cast<std::uint64_t>(step.now.seconds());
        identity::WalletProof proof;
        proof.account = account;
        proof.domain = row.domain;
        proof.root_key = root.public_key();
        proof.issued_at_s = now_s;
        proof.expires_at_s = now_s + static_cast<std::uint64_t>(kRootLifetimeMs / kSecondMs);
        row.wallet_proof = wire::encode(proof);
        row.proof_made = true;
        CHATMCP_TRY_VOID(step.home.save(row));
    }
    intent.stage = sign;
    return step.home.save(intent);
}

Result<void> make_upload(Step& step, const Device& own, RelayRow& relay) {
    const mls::Lifetime lifetime{.not_before_s = static_cast<std::uint64_t>(std::max<std::int64_t>(
                                     0, step.now.plus_ms(-identity::kNotBeforeSlackMs).seconds())),
                                 .not_after_s = static_cast<std::uint64_t>(
                                     step.now.plus_ms(kKeyPackageLifetimeAfterNowMs).seconds())};
    const auto make = [&](bool last_resort) -> Result<Bytes> {
        CHATMCP_TRY(mls::LeafSetup leaf, make_leaf(step, own, {}));
        CHATMCP_TRY(auto made,
                    mls::make_key_package(step.environment,
                                          step.home.transaction(),
                                          mls::GroupSpec{}.suite,
                                          std::move(leaf),
                                          lifetime,
                                          last_resort));
        return std::move(made.key_package);
    };
    const bool low = !relay.key_packages_at.has_value() || relay.key_packages < kKeyPackagesLow;
    if (low) {
        for (std::uint32_t i = relay.key_packages; i < kKeyPackagesTarget; ++i) {
            CHATMCP_TRY(Bytes package, make(false));
            relay.upload.push_back(std::move(package));
        }
    }
    if (relay.last_resort_wanted ||
        step.now.value - relay.key_packages_made_at.value > kLastResortRenewMs) {
        CHATMCP_TRY(relay.upload_last_resort, make(true));
        relay.last_resort_wanted = false;
        relay.key_packages_made_at = step.now;
    }
    return step.home.save(relay);
}

// Whether something has to be told to or asked of the directory.
bool upload_due(const RelayRow& relay, UnixMs now) {
    return !relay.upload.empty() || relay.upload_last_resort.has_value() ||
           !relay.key_packages_at.has_value() || relay.key_packages < kKeyPackagesLow ||
           relay.last_resort_wanted ||
           now.value - relay.key_packages_at->value > kKeyPackagesCheckMs ||
           now.value - relay.key_packages_made_at.value > kLastResortRenewMs;
}

Result<void> uploaded(Step& step, const wire::UploadKeyPackages::Reply& reply) {
    CHATMCP_TRY(RelayRow relay, step.home.relay());
    relay.upload.clear();
    relay.upload_last_resort.reset();
    relay.key_packages = reply.available;
    relay.key_packages_at = step.now;
    relay.last_resort_wanted = reply.last_resort_used;
    return step.home.save(relay);
}

}  // namespace

Result<Device> device(Step& step) {
    CHATMCP_TRY(auto row, step.home.account());
    if (!row.has_value() || !row->proof_signed) {
        return fail(Errc::unauthenticated, "CLT-09");
    }
    CHATMCP_TRY(auto proof, proof_of(*row));
    auto root = crypto::SigningKey::from_seed(row->root_seed);
    return Device{*std::move(row), std::move(root), std::move(proof)};
}

Result<mls::LeafSetup> make_leaf(Step& step, const Device& own, ByteView group) {
    auto key = crypto::SigningKey::generate(step.random());
    const auto purpose = group.empty() ? identity::Delegation::Purpose::key_package
                                       : identity::Delegation::Purpose::group;
    const identity::DeviceCredential credential{
        own.proof, identity::delegate(own.root, key.public_key(), purpose, group, step.now)};
    const wire::LogHead head{own.proof.log_sequence, own.row.log_hash};
    return mls::LeafSetup{.credential = {identity::kDeviceCredentialType, wire::encode(credential)},
                          .signature_key = std::move(key),
                          .components = {make_component(wire::ComponentId::log_head, head)}};
}

Result<Bytes> make_key_package_for(Step& step, const Device& own, const ChatId& group) {
    CHATMCP_TRY(mls::LeafSetup leaf, make_leaf(step, own, group));
    const mls::Lifetime lifetime{.not_before_s = static_cast<std::uint64_t>(std::max<std::int64_t>(
                                     0, step.now.plus_ms(-identity::kNotBeforeSlackMs).seconds())),
                                 .not_after_s = static_cast<std::uint64_t>(
                                     step.now.plus_ms(kKeyPackageLifetimeAfterNowMs).seconds())};
    CHATMCP_TRY(auto made,
                mls::make_key_package(step.environment,
                                      step.home.transaction(),
                                      mls::GroupSpec{}.suite,
                                      std::move(leaf),
                                      lifetime,
                                      false));
    return std::move(made.key_package);
}

Result<void> start_login(Step& step, const StartLogin& command) {
    CHATMCP_TRY(auto row, step.home.account());
    if (row.has_value() && row->account != command.account.text()) {
        return fail(Errc::invalid_argument, "CLT-18");
    }
    if (!row.has_value()) {
        row.emplace();
        row->account = command.account.text();
        row->domain = command.domain;
        step.random().fill(row->root_seed);
        CHATMCP_TRY_VOID(step.home.save(*row));
    }
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    for (const IntentRow& intent : pending) {
        if (intent.kind == IntentKind::login) {
            step.runtime.own_intents.insert(intent.id);
            step.effects.intent = IntentId{intent.id};
            return {};
        }
    }
    CHATMCP_TRY(IntentRow intent, new_intent(step, IntentKind::login, std::nullopt));
    return step.home.save(intent);
}

Result<void> wallet_signed(Step& step, const WalletSigned& command) {
    CHATMCP_TRY(auto row, step.home.account());
    if (!row.has_value() || !row->proof_made || row->proof_signed) {
        return fail(Errc::not_found, "CLT-09");
    }
    CHATMCP_TRY(auto proof, proof_of(*row));
    proof.signature = command.signature;
    if (!identity::verify_wallet_proof(proof).has_value()) {
        return fail(Errc::bad_signature, "CLT-18");
    }
    row->wallet_proof = wire::encode(proof);
    row->proof_signed = true;
    const Device own{*row, crypto::SigningKey::from_seed(row->root_seed), proof};
    row->log_hash = log_entry(own).hash();
    return step.home.save(*row);
}

Result<void> progress_login(Step& step, IntentRow& intent) {
    CHATMCP_TRY(const auto relay, relay_key(step));
    if (!relay.has_value()) {
        return {};
    }
    CHATMCP_TRY(const AccountRow row, step.home.known_account());
    const Task task = intent_task(intent.id);
    if (intent.stage == look_up) {
        if (step.may_send(task)) {
            step.send(task, wire::GetDeviceLog{row.account});
        }
        return {};
    }
    if (intent.stage == sign) {
        if (!row.proof_signed) {
            CHATMCP_TRY(const auto proof, proof_of(row));
            step.notice(WalletSignatureWanted{proof.account, proof.text()});
            return {};
        }
        intent.stage = row.registered ? key_packages : append_entry;
        CHATMCP_TRY_VOID(step.home.save(intent));
    }
    if (intent.stage == append_entry) {
        if (step.may_send(task)) {
            CHATMCP_TRY(const Device own, device(step));
            step.send(task, wire::AppendDeviceLog{wire::encode(log_entry(own))});
        }
        return {};
    }
    CHATMCP_TRY_VOID(keep_key_packages(step));
    CHATMCP_TRY(const RelayRow state, step.home.relay());
    return upload_due(state, step.now) ? Result<void>() : deliver(step, intent);
}

Result<void> login_replied(Step& step,
                           IntentRow& intent,
                           const Task& /*task*/,
                           const ReplyBody& reply) {
    if (const auto* log = std::get_if<wire::GetDeviceLog::Reply>(&reply)) {
        return intent.stage == look_up ? look_up_log(step, intent, *log) : Result<void>();
    }
    if (std::holds_alternative<wire::AppendDeviceLog::Reply>(reply) &&
        intent.stage == append_entry) {
        CHATMCP_TRY(AccountRow row, step.home.known_account());
        row.registered = true;
        CHATMCP_TRY_VOID(step.home.save(row));
        intent.stage = key_packages;
        return step.home.save(intent);
    }
    return {};
}

Result<std::optional<wire::Ed25519Key>> relay_key(Step& step) {
    CHATMCP_TRY(const RelayRow relay, step.home.relay());
    if (!relay.relay_key.has_value()) {
        const Task task = session_task(Purpose::relay_info);
        if (step.may_send(task)) {
            step.send(task, wire::GetRelayInfo{});
        }
    }
    return relay.relay_key;
}

Result<std::optional<Bytes>> challenge(Step& step) {
    CHATMCP_TRY(const RelayRow relay, step.home.relay());
    const std::int64_t age_ms = step.now.value - relay.challenge_at.value;
    if (!relay.challenge.empty() && age_ms >= 0 && age_ms < kChallengeUseMs) {
        return std::optional<Bytes>(relay.challenge);
    }
    const Task task = session_task(Purpose::challenge);
    if (step.may_send(task)) {
        step.send(task, wire::GetChallenge{});
    }
    return std::optional<Bytes>();
}

Result<std::optional<Bytes>> token(Step& step) {
    CHATMCP_TRY(const auto key, relay_key(step));
    if (!key.has_value()) {
        return std::optional<Bytes>();
    }
    CHATMCP_TRY(const RelayRow relay, step.home.relay());
    // By the relay's clock, as far as we know it: ours may be a day off.
    const std::int64_t relay_now = step.now.value + relay.skew.value_or(UnixMs{}).value;
    if (!relay.token.empty() && relay_now + kTokenSpareMs < relay.token_expires_at.value) {
        return std::optional<Bytes>(relay.token);
    }
    // A login needs a challenge of the connection that will carry it, so never a kept one.
    const Task task = session_task(Purpose::login);
    if (step.may_send(task)) {
        step.send(task, wire::GetChallenge{});
    }
    return std::optional<Bytes>();
}

Result<void> keep_key_packages(Step& step) {
    CHATMCP_TRY(RelayRow relay, step.home.relay());
    if (!upload_due(relay, step.now)) {
        return {};
    }
    const Task task = session_task(Purpose::key_packages);
    if (!step.may_send(task)) {
        return {};
    }
    CHATMCP_TRY(const auto shown, token(step));
    if (!shown.has_value()) {
        return {};
    }
    CHATMCP_TRY(const Device own, device(step));
    CHATMCP_TRY(relay, step.home.relay());
    if (relay.upload.empty() && !relay.upload_last_resort.has_value()) {
        CHATMCP_TRY_VOID(make_upload(step, own, relay));
    }
    step.send(task, wire::UploadKeyPackages{*shown, relay.upload, relay.upload_last_resort});
    return {};
}

Result<void> key_package_used(Step& step) {
    CHATMCP_TRY(RelayRow relay, step.home.relay());
    if (relay.key_packages > 0) {
        --relay.key_packages;
    }
    return step.home.save(relay);
}

namespace {

Result<void> relay_told(Step& step, const wire::GetRelayInfo::Reply& info) {
    CHATMCP_TRY(RelayRow relay, step.home.relay());
    // The first answer is remembered; afterwards the connection is to that relay or to a stranger.
    if (relay.relay_key.has_value() && *relay.relay_key != info.relay_key) {
        step.misbehaviour(std::nullopt, 0, Error{Errc::wrong_key, "CLT-30"});
        return {};
    }
    relay.relay_key = info.relay_key;
    relay.skew = UnixMs{info.now.value - step.now.value};
    return step.home.save(relay);
}

Result<void> sign_login(Step& step, const Task& task, Bytes challenge_bytes, Bytes channel) {
    CHATMCP_TRY(const Device own, device(step));
    CHATMCP_TRY(const RelayRow relay, step.home.relay());
    CHATMCP_TRY(const wire::Ed25519Key relay_key, recorded(relay.relay_key));
    wire::Login login{.relay_key = relay_key,
                      .root_key = own.root.public_key(),
                      .challenge = std::move(challenge_bytes),
                      .channel = std::move(channel),
                      .signature = {}};
    login.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(own.root, login));
    step.send(task, std::move(login));
    return {};
}

}  // namespace

Result<void> session_replied(Step& step,
                             const Task& task,
                             const Replied& event,
                             const ReplyBody& reply) {
    if (const auto* info = std::get_if<wire::GetRelayInfo::Reply>(&reply)) {
        return relay_told(step, *info);
    }
    if (const auto* given = std::get_if<wire::GetChallenge::Reply>(&reply)) {
        if (task.purpose == Purpose::login) {
            return sign_login(step, task, given->challenge, event.channel);
        }
        CHATMCP_TRY(RelayRow relay, step.home.relay());
        relay.challenge = given->challenge;
        relay.challenge_at = step.now;
        return step.home.save(relay);
    }
    if (const auto* login = std::get_if<wire::Login::Reply>(&reply)) {
        CHATMCP_TRY(RelayRow relay, step.home.relay());
        relay.token = login->token;
        relay.token_expires_at = login->expires_at;
        return step.home.save(relay);
    }
    if (const auto* upload = std::get_if<wire::UploadKeyPackages::Reply>(&reply)) {
        return uploaded(step, *upload);
    }
    if (std::holds_alternative<wire::SetInboxPolicy::Reply>(reply)) {
        return inbox_policy_told(step);
    }
    return {};
}

Result<void> forget_session(Step& step, const Task& task) {
    CHATMCP_TRY(RelayRow relay, step.home.relay());
    switch (task.purpose) {
        case Purpose::key_packages:
        case Purpose::inbox_policy:
        case Purpose::read_inbox:
        case Purpose::acknowledge_inbox:
        case Purpose::inbox_stream:
            relay.token.clear();
            break;
        case Purpose::read_topic:
        case Purpose::topic_stream:
            relay.challenge.clear();
            break;
        default:
            return {};
    }
    return step.home.save(relay);
}

}  // namespace chatmcp::client
