#include "bench/device.h"

#include <filesystem>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "bench/support.h"
#include "identity/wallet_file.h"

namespace chatmcp::bench {
namespace {

constexpr const char* kDomain = "terminal.chatmcp";
constexpr std::chrono::seconds kPatience{60};

/// Nobody guesses the passphrase of a bench.
constexpr crypto::ScryptParameters kCheapScrypt{.n = 16, .r = 1, .p = 1};

net::Carrier carrier_to(const std::string& url) {
    net::CarrierOptions options;
    options.url = url;
    options.take_signals = false;
    return must(net::Carrier::open(options), "open the carrier");
}

}  // namespace

Device::Device(const std::string& url, const std::string& folder, Derivation derivation)
    : wallet_(crypto::SigningKey::generate(random_)), carrier_(carrier_to(url)) {
    client::Options options;
    if (folder.empty() || derivation == Derivation::cheap) {
        options.scrypt = kCheapScrypt;
    }
    if (!folder.empty()) {
        std::filesystem::create_directories(folder);
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
        file_ = must(store::SqliteKeyValue::open(folder + "/home.sqlite"), "open the home");
    }
    auto home = transaction();
    const auto secret = as_bytes(kPassphrase);
    must(client::Client::create_home(*home, secret, options, random_), "create the home");
    client_ = must(client::Client::open(*home, secret, options, random_), "open the home");
    must(home->commit(), "create the home");
}

std::unique_ptr<OwnedTransaction> Device::transaction() {
    return must(file_ ? file_->begin() : memory_.begin(), "begin a transaction");
}

identity::Caip10 Device::account() const {
    return identity::Caip10::from_solana_key(wallet_.public_key());
}

client::Effects Device::step(What what) {
    idle_ = false;
    auto home = transaction();
    auto effects =
        must(client_->step(*home, {SystemClock().now(), std::move(what)}), "step of a client");
    must(home->commit(), "commit of a step");
    home.reset();
    // Only what is durable may leave.
    for (client::Request& request : effects.requests) {
        carrier_.carry(std::move(request));
    }
    for (const client::EffectId id : effects.closed) {
        carrier_.close(id);
    }
    std::string to_sign;
    for (const client::Notice& notice : effects.notices) {
        if (const auto* changed = std::get_if<client::IntentChanged>(&notice);
            changed != nullptr && changed->intent.state != client::IntentState::pending) {
            ended_ = changed->intent;
        } else if (const auto* wanted = std::get_if<client::WalletSignatureWanted>(&notice)) {
            to_sign = wanted->text;
        }
        idle_ = idle_ || std::holds_alternative<client::Idle>(notice);
        if (on_notice) {
            on_notice(notice);
        }
    }
    if (!to_sign.empty()) {
        step(client::WalletSigned{
            must(identity::sign_wallet_text(wallet_, to_sign), "sign the wallet's text")});
    }
    return effects;
}

bool Device::pump(std::chrono::milliseconds wait_max) {
    auto next = carrier_.next(wait_max);
    auto* arrived = std::get_if<net::Carrier::Arrived>(&next);
    if (arrived == nullptr) {
        return false;
    }
    step(std::visit([](auto&& what) -> What { return std::move(what); }, std::move(*arrived)));
    return true;
}

std::optional<client::IntentId> Device::begin(client::Command command) {
    return step(std::move(command)).intent;
}

client::IntentView Device::finish(client::IntentId intent) {
    const auto until = SteadyClock::now() + kPatience;
    while (!ended_ || ended_->id != intent) {
        if (SteadyClock::now() > until) {
            give_up("an intent did not end in time", {Errc::deadline_exceeded, "-"});
        }
        if (!pump(std::chrono::milliseconds(100))) {
            step(client::Tick{});
        }
    }
    if (ended_->state != client::IntentState::delivered) {
        give_up("an intent was refused",
                {Errc::internal, ended_->reason ? ended_->reason->check.c_str() : "-"});
    }
    return *ended_;
}

client::IntentView Device::run(client::Command command) {
    ended_.reset();
    if (const auto intent = begin(std::move(command))) {
        return finish(*intent);
    }
    while (!idle_ && pump(std::chrono::duration_cast<std::chrono::milliseconds>(kPatience))) {
    }
    return {};
}

void Device::sign_in() {
    run(client::StartLogin{account(), kDomain});
}

std::vector<client::MessageView> Device::messages(const client::ChatId& chat,
                                                  std::uint64_t since,
                                                  std::size_t limit) {
    auto home = transaction();
    auto found = must(client_->messages(*home, chat, since, limit), "read messages");
    must(home->commit(), "read messages");
    return found;
}

client::ChatId make_chat(Device& inviter, const std::vector<Device*>& others) {
    client::CreateChat command;
    command.title = "bench";
    for (const Device* other : others) {
        command.accounts.push_back(other->account());
    }
    const auto made = inviter.run(std::move(command));
    if (!made.missing.empty() || !made.chat.has_value()) {
        give_up("a member is missing", {Errc::internal, "-"});
    }
    for (Device* other : others) {
        other->run(client::Synchronise{});
        other->run(client::AcceptRequest{*made.chat});
    }
    return *made.chat;
}

}  // namespace chatmcp::bench
