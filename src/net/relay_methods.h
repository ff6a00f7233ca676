#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "net/connect_server.h"
#include "net/wakeup.h"
#include "net/worker_pool.h"
#include "relay/relay.h"

namespace chatmcp::net {

/// Who waits for which topic or inbox. The relay says what changed; the streams that wait look at
/// the store again.
///
/// Threads: safe for all.
class Hub final : public relay::Listener {
  public:
    using Id = ByteArray<32>;

    /// Ends the waiting when it goes.
    class Registration {
      public:
        Registration(std::shared_ptr<Hub> hub, const Id& id, std::shared_ptr<Wakeup> wakeup);
        Registration(const Registration&) = delete;
        Registration& operator=(const Registration&) = delete;
        ~Registration();

      private:
        std::shared_ptr<Hub> hub_;
        Id id_;
        std::shared_ptr<Wakeup> wakeup_;
    };

    void topic_changed(const wire::TopicId& topic) override { wake(topic); }
    void inbox_changed(const wire::InboxId& inbox) override { wake(inbox); }

    [[nodiscard]] std::size_t waiting() const;

  private:
    struct IdHash {
        std::size_t operator()(const Id& id) const;
    };

    void wake(const Id& id);

    mutable std::mutex mutex_;
    std::unordered_multimap<Id, std::shared_ptr<Wakeup>, IdHash> waiting_;  // Guarded by mutex_.
};

/// What the methods of the delivery service share.
struct RelayParts {
    relay::Relay& relay;
    WorkerPool& pool;
    std::shared_ptr<Hub> hub;
};

/// Register all methods of `chatmcp.v1.DeliveryService`. Topic and inbox ids never meet: both are
/// hashes with prefixes of their own.
void add_delivery_service(Routes& routes, const std::shared_ptr<const RelayParts>& parts);

}  // namespace chatmcp::net
