#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/http_session.h"
#include "net/request_decoder.h"

namespace chatmcp::net {

/// Memory that one request or reply takes out of the server's budget, until it goes.
class MemoryReservation {
  public:
    /// The first `free_bytes` are not counted.
    MemoryReservation(std::shared_ptr<ServerCore> core,
                      ServerCore::Memory what,
                      PeerSource source,
                      std::size_t free_bytes = 0)
        : core_(std::move(core)),
          what_(what),
          source_(std::move(source)),
          free_bytes_(free_bytes) {}
    MemoryReservation(const MemoryReservation&) = delete;
    MemoryReservation& operator=(const MemoryReservation&) = delete;
    ~MemoryReservation() { shrink(held_bytes_); }

    /// False, and nothing is taken, when all together, or those of the source, would hold more than
    /// the budget.
    [[nodiscard]] bool grow(std::size_t size_bytes);
    void shrink(std::size_t size_bytes);

  private:
    [[nodiscard]] std::size_t counted(std::size_t held_bytes) const {
        return held_bytes > free_bytes_ ? held_bytes - free_bytes_ : 0;
    }

    std::shared_ptr<ServerCore> core_;
    ServerCore::Memory what_;
    PeerSource source_;
    std::size_t free_bytes_;
    std::size_t held_bytes_ = 0;
};

/// Keeps the server's count of running calls right, whichever way the coroutine ends.
class CallCount {
  public:
    explicit CallCount(std::shared_ptr<ServerCore> core) : core_(std::move(core)) {
        core_->call_begins();
    }
    CallCount(const CallCount&) = delete;
    CallCount& operator=(const CallCount&) = delete;
    ~CallCount() { core_->call_ends(); }

  private:
    std::shared_ptr<ServerCore> core_;
};

/// A running unary method and the connection that waits for it. All of it on the connection's
/// strand.
struct UnaryState {
    UnaryState(const boost::asio::any_io_executor& executor, std::shared_ptr<ServerCore> core)
        : done(executor), count(std::move(core)) {}

    boost::asio::steady_timer done;
    boost::asio::cancellation_signal cancel;
    std::optional<UnaryReply> reply;
    CallCount count;
};

/// Completion of a unary method's coroutine.
class UnaryDone {
  public:
    explicit UnaryDone(std::shared_ptr<UnaryState> state) : state_(std::move(state)) {}
    void operator()(const std::exception_ptr& thrown, UnaryReply reply) const;

  private:
    std::shared_ptr<UnaryState> state_;
};

/// A running stream method and the connection that writes what it queues. All of it on the
/// connection's strand; the method never touches the socket, so cancelling it cannot cut a frame.
class StreamState final : public StreamWriter, public std::enable_shared_from_this<StreamState> {
  public:
    StreamState(const boost::asio::any_io_executor& executor,
                std::shared_ptr<ServerCore> core,
                PeerSource source,
                Codec codec);
    StreamState(const StreamState&) = delete;
    StreamState& operator=(const StreamState&) = delete;
    ~StreamState() override;

    void send_headers(const Metadata& headers) override;
    boost::asio::awaitable<Result<void>> send(
        std::shared_ptr<const ProtobufMessage> message) override;

    /// The method has ended, in whichever way.
    void finish(StreamEnd end);
    /// Nobody reads any more: cancel the method.
    void close();
    /// What is to be written next; tell written() when it has left.
    [[nodiscard]] Bytes take_queue();
    void written();

    [[nodiscard]] bool has_output() const { return !queue_.empty(); }
    [[nodiscard]] bool headers_ready() const { return headers_ready_; }
    [[nodiscard]] const Metadata& headers() const { return headers_; }
    [[nodiscard]] const std::optional<StreamEnd>& end() const { return end_; }
    [[nodiscard]] boost::asio::steady_timer& wake_connection() { return wake_connection_; }
    [[nodiscard]] boost::asio::cancellation_slot cancel_slot() { return cancel_.slot(); }

  private:
    static boost::asio::awaitable<Result<void>> send_from(
        std::shared_ptr<StreamState> self, std::shared_ptr<const ProtobufMessage> message);

    std::shared_ptr<ServerCore> core_;
    CallCount count_;
    boost::asio::steady_timer wake_connection_;
    boost::asio::steady_timer wake_method_;
    boost::asio::cancellation_signal cancel_;
    Codec codec_;
    MemoryReservation output_;  // Of the queue and of the piece that is being written.
    Bytes queue_;
    std::size_t writing_bytes_ = 0;
    Metadata headers_;
    bool headers_ready_ = false;
    bool closed_ = false;
    std::optional<StreamEnd> end_;
};

/// The HTTP answer of a reply in the caller's codec; the reply's message goes, the answer's memory
/// counts in `held`. A reply that cannot be sent (NET-15, NET-16) gets an internal error instead,
/// one for which there is no room (NET-46) resource_exhausted.
[[nodiscard]] Answer answer_of(Codec codec, UnaryReply& reply, MemoryReservation& held);

/// Why a running stream has to end now, if it has to: the server stops (NET-27), its own limit is
/// reached (NET-28), or the caller's deadline has passed (NET-44).
[[nodiscard]] std::optional<ConnectError> reason_to_cut(const CallContext& context,
                                                        const ServerSettings& settings,
                                                        bool stopping);

/// Completion of a stream method's coroutine. A cancelled one ends with an exception that nobody
/// reads; any other exception is the method's fault.
class StreamDone {
  public:
    explicit StreamDone(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
    void operator()(const std::exception_ptr& thrown, StreamEnd end) const;

  private:
    std::shared_ptr<StreamState> state_;
};

}  // namespace chatmcp::net
