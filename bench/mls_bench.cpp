// What a message and a commit cost in groups of different sizes.

#include "bench/benches.h"
#include "support/mls_filled_group.h"

namespace chatmcp::bench {
namespace {

constexpr std::string_view kText = "a message of about the usual length for a conversation";
constexpr std::size_t kPaddedBytes = 256;

class MicrosecondTimer {
  public:
    explicit MicrosecondTimer(Samples& samples) : samples_(samples) {}
    MicrosecondTimer(const MicrosecondTimer&) = delete;
    MicrosecondTimer& operator=(const MicrosecondTimer&) = delete;
    ~MicrosecondTimer() { samples_.add(milliseconds_since(start_) * 1000); }

  private:
    Samples& samples_;
    SteadyClock::time_point start_ = SteadyClock::now();
};

}  // namespace

Json measure_mls(const Arguments& arguments) {
    const std::size_t rounds = arguments.number("--rounds");
    testing::FilledGroup group(static_cast<std::uint32_t>(arguments.number("--members")));
    Samples encrypt;
    Samples decrypt;
    Samples make_commit;
    Samples process_commit;
    std::size_t written = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
        group.receiver.store.reset_counters();
        const Bytes message = [&] {
            const MicrosecondTimer timer(encrypt);
            return must(group.sender.encrypt(kText, kPaddedBytes), "encrypt");
        }();
        {
            const MicrosecondTimer timer(decrypt);
            must(group.receiver.receive(message), "decrypt");
        }
        written += group.receiver.store.bytes_written;
    }
    constexpr std::size_t kMessagesPerCommit = 20;
    for (std::size_t i = 0; i < rounds / kMessagesPerCommit; ++i) {
        const mls::Bundle bundle = [&] {
            const MicrosecondTimer timer(make_commit);
            return must(group.sender.stage({.force_path = true}), "make a commit");
        }();
        must(group.sender.confirm(), "confirm a commit");
        const MicrosecondTimer timer(process_commit);
        must(group.receiver.follow(bundle.commit), "process a commit");
    }
    return {{"encrypt", encrypt.to_json()},
            {"decrypt", decrypt.to_json()},
            {"make_commit", make_commit.to_json()},
            {"process_commit", process_commit.to_json()},
            {"bytes_written_per_decrypt", written / rounds}};
}

}  // namespace chatmcp::bench
