#include "net/call_state.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.h"
#include "net/message_codec.h"
#include "net/stream_frame.h"

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

}  // namespace

bool MemoryReservation::grow(std::size_t size_bytes) {
    const std::size_t more = counted(held_bytes_ + size_bytes) - counted(held_bytes_);
    if (more > 0 && !core_->reserve(what_, source_, more)) {
        return false;
    }
    held_bytes_ += size_bytes;
    return true;
}

void MemoryReservation::shrink(std::size_t size_bytes) {
    CHATMCP_CHECK(size_bytes <= held_bytes_);
    const std::size_t less = counted(held_bytes_) - counted(held_bytes_ - size_bytes);
    if (less > 0) {
        core_->release(what_, source_, less);
    }
    held_bytes_ -= size_bytes;
}

void UnaryDone::operator()(const std::exception_ptr& thrown, UnaryReply reply) const {
    if (thrown != nullptr) {
        reply.error = refuse(ConnectCode::internal, "NET-26", "the method failed").error();
    }
    state_->reply = std::move(reply);
    state_->done.cancel();
}

StreamState::StreamState(const asio::any_io_executor& executor,
                         std::shared_ptr<ServerCore> core,
                         PeerSource source,
                         Codec codec)
    : core_(std::move(core)),
      count_(core_),
      wake_connection_(executor),
      wake_method_(executor),
      codec_(codec),
      output_(core_,
              ServerCore::Memory::replies,
              std::move(source),
              core_->settings().reply_free_bytes) {
    core_->metrics().stream_opened();
}

StreamState::~StreamState() {
    core_->metrics().stream_closed();
}

void StreamState::send_headers(const Metadata& headers) {
    headers_ = headers;
    headers_ready_ = true;
    wake_connection_.cancel();
}

asio::awaitable<Result<void>> StreamState::send(std::shared_ptr<const ProtobufMessage> message) {
    return send_from(shared_from_this(), std::move(message));
}

asio::awaitable<Result<void>> StreamState::send_from(
    std::shared_ptr<StreamState> self, std::shared_ptr<const ProtobufMessage> message) {
    if (self->closed_) {
        co_return fail(Errc::cancelled, "NET-25");
    }
    CHATMCP_CO_TRY(Bytes payload, encode_message(self->codec_, *message));
    message.reset();
    if (!self->output_.grow(StreamFrame::kPrefixBytes + payload.size())) {
        co_return fail(Errc::resource_exhausted, "NET-46");
    }
    append_frame(self->queue_, 0, payload);
    payload = Bytes();
    self->headers_ready_ = true;
    self->wake_connection_.cancel();
    const std::size_t queue_max = self->core_->settings().stream_queue_max_bytes;
    while (!self->closed_ && self->queue_.size() >= queue_max) {
        self->wake_method_.expires_at(Deadline::max());  // take_queue or close ends it.
        co_await self->wake_method_.async_wait(kToken);
    }
    if (self->closed_) {
        co_return fail(Errc::cancelled, "NET-25");
    }
    co_return Result<void>();
}

void StreamState::finish(StreamEnd end) {
    end_ = std::move(end);
    wake_connection_.cancel();
}

void StreamState::close() {
    closed_ = true;
    output_.shrink(queue_.size());
    queue_ = Bytes();
    cancel_.emit(asio::cancellation_type::all);
    wake_method_.cancel();
}

Bytes StreamState::take_queue() {
    wake_method_.cancel();
    writing_bytes_ += queue_.size();
    return std::exchange(queue_, {});
}

void StreamState::written() {
    output_.shrink(std::exchange(writing_bytes_, 0));
}

Answer answer_of(Codec codec, UnaryReply& reply, MemoryReservation& held) {
    Metadata headers = std::move(reply.headers);
    add_trailers(headers, reply.trailers);
    if (const auto sendable = check_metadata(headers); !sendable.has_value()) {
        headers = Metadata();
        reply.error = internal_error(sendable.error().check);
    }
    Answer answer;
    if (!reply.error.has_value() && reply.message == nullptr) {
        reply.error = internal_error("NET-26");  // A method that was cancelled has nothing to say.
    }
    if (!reply.error.has_value()) {
        auto encoded = encode_message(codec, *reply.message);
        if (encoded.has_value()) {
            answer.content_type = std::string(content_type(StreamType::unary, codec));
            answer.body = *std::move(encoded);
            reply.message.reset();
            // A reader may take as long as write_timeout: many slow ones hold all their replies.
            if (!held.grow(answer.body.size())) {
                reply.error =
                    refuse(ConnectCode::resource_exhausted, "NET-46", "readers are too slow")
                        .error();
            }
        } else {
            reply.error = internal_error(encoded.error().check);
        }
    }
    if (reply.error.has_value()) {
        answer = answer_of(*reply.error);
    }
    answer.headers = std::move(headers);
    return answer;
}

std::optional<ConnectError> reason_to_cut(const CallContext& context,
                                          const ServerSettings& settings,
                                          bool stopping) {
    if (stopping) {
        return refuse(ConnectCode::unavailable, "NET-27", "the server stops").error();
    }
    if (std::chrono::steady_clock::now() < context.deadline) {
        return std::nullopt;
    }
    const bool own_limit =
        !context.timeout.has_value() || *context.timeout > settings.stream_duration_max;
    if (own_limit) {
        return refuse(ConnectCode::unavailable, "NET-28", "open the stream again").error();
    }
    return refuse(ConnectCode::deadline_exceeded, "NET-44", "the deadline has passed").error();
}

void StreamDone::operator()(const std::exception_ptr& thrown, StreamEnd end) const {
    if (thrown != nullptr) {
        end.error = refuse(ConnectCode::internal, "NET-26", "the method failed").error();
    }
    state_->finish(std::move(end));
}

}  // namespace chatmcp::net
