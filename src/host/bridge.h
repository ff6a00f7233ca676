#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/enclave_process.h"
#include "host/metrics_page.h"
#include "net/carrier.h"
#include "store/sqlite_key_value.h"
#include "wire/frames.h"

namespace chatmcp::host {

/// What one run of the enclave ended with.
enum class RunEnd : std::uint8_t { asked, enclave_ended };

/// Carries frames between one enclave and one relay, and keeps its sealed batches. It can read none
/// of it: what it sees is what wire/frames.h says.
///
/// Threads: `run` carries between relay and enclave; one thread of its own reads the door, so that
///          a batch is durable before the frame after it is looked at.
class Bridge {
  public:
    struct Events {
        std::function<void(const wire::Started&)> started;
        std::function<void()> listed;                       // The relay took the assistant's entry.
        std::function<void()> stored;                       // A batch is durable.
        std::function<void(std::string_view check)> noted;  // The enclave refused something.
    };
    Bridge(EnclaveProcess& enclave,
           net::Carrier& carrier,
           store::SqliteKeyValue& store,
           HostCounters& counters,
           Events events);

    /// Give the enclave its state and start it; then carry until it ends, a signal comes, or
    /// `finish` was called.
    ///
    /// Errors: malformed (HST-04) a frame that is none; those of the store.
    [[nodiscard]] Result<RunEnd> run(const wire::Ed25519Key& relay_key);
    /// Frames from another thread, or from an event.
    [[nodiscard]] Result<void> send(const wire::HostFrame& frame);
    void finish();

  private:
    [[nodiscard]] Result<void> send_state();
    void read_door();
    [[nodiscard]] Result<void> read_frames();
    [[nodiscard]] Result<void> take(wire::EnclaveFrame frame);
    [[nodiscard]] Result<void> keep(const wire::StoreBatch& batch);
    [[nodiscard]] Result<void> carry(wire::RelayRequest request);
    [[nodiscard]] Result<void> deliver(net::Carrier::Arrived arrived);
    [[nodiscard]] std::uint16_t method_of(std::uint64_t request, bool forget);

    EnclaveProcess& enclave_;
    net::Carrier& carrier_;
    store::SqliteKeyValue& store_;
    HostCounters& counters_;
    Events events_;
    std::mutex door_mutex_;  // One frame at a time.
    std::mutex mutex_;
    std::map<std::uint64_t, std::uint16_t> methods_;  // Guarded by mutex_: requests under way.
    std::optional<Error> failed_;                     // Guarded by mutex_.
    std::atomic<bool> door_closed_ = false;
    std::atomic<bool> finish_ = false;
};

}  // namespace chatmcp::host
