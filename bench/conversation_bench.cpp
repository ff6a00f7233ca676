// Whole clients against a node that runs: send to read, many senders, a filled home.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include "base/encoding.h"
#include "bench/benches.h"
#include "bench/device.h"

namespace chatmcp::bench {
namespace {

constexpr std::chrono::milliseconds kSlice{50};
constexpr std::chrono::seconds kReadPatience{120};
/// Messages that are under way at once while a home is filled.
constexpr std::size_t kFillWindow = 32;
/// The relay lets one source claim 60 key packages of one device at once (relay/limits.h).
constexpr std::size_t kInvitationsPerPeer = 16;
constexpr std::size_t kReadPage = 256;

/// A device that follows one conversation on a thread of its own and notes when it has read what.
class Reader {
  public:
    Reader(Device& device, const client::ChatId& chat) : device_(device), chat_(chat) {
        device_.on_notice = [this](const client::Notice& notice) {
            news_ = news_ || std::holds_alternative<client::MessagesArrived>(notice);
        };
        device_.begin(client::Follow{true, chat_});
        thread_ = std::thread([this] { run(); });
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() {
        stopping_ = true;
        thread_.join();
    }

    /// The moment at which the text of the message with this number was there to be shown.
    SteadyClock::time_point wait_for(std::size_t number) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, kReadPatience, [&] { return read_.size() > number; })) {
            give_up("a message was not read in time", {Errc::deadline_exceeded, "-"});
        }
        return read_[number];
    }

  private:
    void run() {
        while (!stopping_) {
            device_.pump(kSlice);
            while (std::exchange(news_, false)) {
                take();
            }
        }
    }
    void take() {
        const auto found = device_.messages(chat_, position_, kReadPage);
        const auto now = SteadyClock::now();
        const std::lock_guard lock(mutex_);
        for (const client::MessageView& message : found) {
            if (message.position > position_ && message.type == wire::ContentType::text &&
                !message.text.empty()) {
                read_.push_back(now);
            }
            position_ = std::max(position_, message.position);
        }
        news_ = found.size() == kReadPage;
        changed_.notify_all();
    }

    Device& device_;
    client::ChatId chat_;
    std::uint64_t position_ = 0;
    bool news_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<SteadyClock::time_point> read_;  // Guarded by mutex_.
    std::atomic<bool> stopping_ = false;
    std::thread thread_;  // Last: it uses all of the above.
};

double milliseconds_between(SteadyClock::time_point from, SteadyClock::time_point to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

std::vector<std::string> texts_of(const Arguments& arguments) {
    std::vector<std::string> texts;
    const std::string path = arguments.text("--texts", "");
    if (!path.empty()) {
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);) {
            texts.push_back(line);
        }
        if (texts.empty()) {
            give_up("no texts", {Errc::io, "-"});
        }
    }
    return texts;
}

}  // namespace

Json measure_latency(const Arguments& arguments) {
    const std::string url = arguments.text("--url");
    const std::string folder = arguments.text("--folder");
    const std::size_t messages = arguments.number("--messages");
    constexpr std::size_t kWarmUp = 20;
    Device alice(url, folder + "/alice");
    Device bob(url, folder + "/bob");
    alice.sign_in();
    bob.sign_in();
    const client::ChatId chat = make_chat(alice, {&bob});
    Reader reader(bob, chat);
    DiskProbe disk(folder);
    Samples prepared;  // The sender's own step is durable and its request leaves.
    Samples accepted;  // The node's acceptance is durable at the sender.
    Samples read;      // The text is there at the reader, durable.
    for (std::size_t i = 0; i < kWarmUp + messages; ++i) {
        disk.sample();
        const auto start = SteadyClock::now();
        const auto intent = alice.begin(
            client::SendText{chat, "message " + std::to_string(i) + " of the latency bench"});
        const double prepared_ms = milliseconds_since(start);
        alice.finish(*intent);
        const double accepted_ms = milliseconds_since(start);
        const double read_ms = milliseconds_between(start, reader.wait_for(i));
        if (i >= kWarmUp) {
            prepared.add(prepared_ms);
            accepted.add(accepted_ms);
            read.add(read_ms);
        }
    }
    return {{"prepared", prepared.to_json()},
            {"accepted", accepted.to_json()},
            {"read", read.to_json()},
            {"fdatasync", disk.samples().to_json()}};
}

Json measure_throughput(const Arguments& arguments) {
    const std::string url = arguments.text("--url");
    const std::size_t senders = arguments.number("--senders");
    const std::size_t messages = arguments.number("--messages");
    std::vector<std::unique_ptr<Device>> peers;
    std::vector<std::unique_ptr<Device>> devices;
    std::vector<client::ChatId> chats;
    for (std::size_t i = 0; i < senders; ++i) {
        if (i % kInvitationsPerPeer == 0) {
            peers.push_back(std::make_unique<Device>(url, ""));
            peers.back()->sign_in();
        }
        devices.push_back(std::make_unique<Device>(url, ""));
        devices.back()->sign_in();
        chats.push_back(make_chat(*devices.back(), {peers.back().get()}));
    }
    static_cast<void>(std::printf("ready\n"));
    static_cast<void>(std::fflush(stdout));
    std::string line;
    std::getline(std::cin, line);
    const auto start = SteadyClock::now();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < senders; ++i) {
        threads.emplace_back([&device = *devices[i], &chat = chats[i], messages] {
            for (std::size_t n = 0; n < messages; ++n) {
                device.run(client::SendText{chat, "message " + std::to_string(n)});
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const double ms = milliseconds_since(start);
    return {{"messages", senders * messages}, {"ms", ms}};
}

Json fill_homes(const Arguments& arguments) {
    const std::string url = arguments.text("--url");
    const std::size_t messages = arguments.number("--messages");
    const auto texts = texts_of(arguments);
    const auto derivation = arguments.text("--derivation", "usual") == "cheap"
                                ? Device::Derivation::cheap
                                : Device::Derivation::usual;
    Device first(url, arguments.text("--first"), derivation);
    Device second(url, arguments.text("--second"), derivation);
    first.sign_in();
    second.sign_in();
    const client::ChatId chat = make_chat(first, {&second});
    const auto start = SteadyClock::now();
    {
        Reader reader(second, chat);
        std::deque<client::IntentId> under_way;
        std::size_t delivered = 0;
        first.on_notice = [&delivered](const client::Notice& notice) {
            const auto* changed = std::get_if<client::IntentChanged>(&notice);
            delivered += changed != nullptr &&
                                 changed->intent.kind == client::IntentKind::send_text &&
                                 changed->intent.state == client::IntentState::delivered
                             ? 1
                             : 0;
        };
        for (std::size_t i = 0; i < messages; ++i) {
            first.begin(client::SendText{
                chat,
                texts.empty() ? "message " + std::to_string(i) + " of a long conversation"
                              : texts[i % texts.size()]});
            while (delivered + kFillWindow <= i) {
                first.pump(kSlice);
            }
        }
        while (delivered < messages) {
            first.pump(kSlice);
        }
        reader.wait_for(messages - 1);
    }
    return {{"chat", to_hex(chat)}, {"messages", messages}, {"ms", milliseconds_since(start)}};
}

Json measure_round_trip(const Arguments& arguments) {
    net::CarrierOptions options;
    options.url = arguments.text("--url");
    options.take_signals = false;
    auto carrier = must(net::Carrier::open(options), "open the carrier");
    Samples samples;
    const std::size_t count = arguments.number("--count");
    for (std::size_t i = 0; i <= count; ++i) {
        const auto start = SteadyClock::now();
        carrier.carry({.id = client::EffectId{i + 1}, .body = wire::GetRelayInfo{}});
        const auto next = carrier.next(std::chrono::milliseconds(10'000));
        const auto* arrived = std::get_if<net::Carrier::Arrived>(&next);
        const auto* replied = arrived ? std::get_if<client::Replied>(arrived) : nullptr;
        if (replied == nullptr || replied->outcome.index() != 0) {
            give_up("no answer", {Errc::unavailable, "-"});
        }
        if (i > 0) {  // The first one makes the connection.
            samples.add(milliseconds_since(start));
        }
    }
    return samples.to_json();
}

}  // namespace chatmcp::bench
