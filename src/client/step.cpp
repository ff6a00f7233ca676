#include "client/step.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace chatmcp::client {
namespace {

constexpr std::int64_t kRetryFirstMs = 100;
constexpr std::int64_t kRetryMaxMs = 30 * kSecondMs;

}  // namespace

Task chat_task(Purpose purpose, const ChatId& chat) {
    return {purpose, to_bytes(chat)};
}

Task intent_task(std::uint64_t intent, ByteView part) {
    return {Purpose::intent, concat({big_endian(intent), part})};
}

std::uint64_t intent_of(const Task& task) {
    CHATMCP_CHECK(task.purpose == Purpose::intent && task.subject.size() >= 8);
    std::uint64_t id = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        id = id << 8 | task.subject[i];
    }
    return id;
}

ByteView part_of(const Task& task) {
    return ByteView(task.subject).subspan(8);
}

bool Step::under_way(const Task& task) const {
    return std::ranges::any_of(runtime.under_way,
                               [&](const auto& entry) { return entry.second == task; });
}

bool Step::may_send(const Task& task) {
    if (under_way(task)) {
        return false;
    }
    const auto retry = runtime.retries.find(task);
    if (retry != runtime.retries.end() && now < retry->second.not_before) {
        wake_at(retry->second.not_before);
        return false;
    }
    return true;
}

EffectId Step::send(const Task& task, RequestBody body) {
    const EffectId id{runtime.next_effect++};
    runtime.under_way.emplace(id, task);
    effects.requests.push_back({id, std::move(body)});
    return id;
}

void Step::retry_later(const Task& task, const Reason& reason) {
    Runtime::Retry& retry = runtime.retries[task];
    const std::int64_t delay_ms =
        std::min(kRetryMaxMs, kRetryFirstMs << std::min<std::uint32_t>(retry.attempts, 9));
    ++retry.attempts;
    retry.not_before = now.plus_ms(delay_ms);
    wake_at(retry.not_before);
    if (reason.code == Errc::unavailable || reason.code == Errc::deadline_exceeded ||
        reason.code == Errc::resource_exhausted || reason.code == Errc::rate_limited) {
        notice(Unreachable{reason, retry.not_before});
    }
}

void Step::retry_at(const Task& task, UnixMs at) {
    runtime.retries[task].not_before = at;
    wake_at(at);
}

void Step::succeeded(const Task& task) {
    runtime.retries.erase(task);
}

void Step::wake_at(UnixMs at) {
    wake_ = wake_.has_value() ? std::min(*wake_, at) : at;
}

void Step::misbehaviour(std::optional<ChatId> chat, std::uint64_t position, const Error& error) {
    notice(Misbehaviour{chat, position, Reason::from(error)});
}

Result<mls::Group*> Step::group(const ChatId& chat) {
    const auto kept = runtime.groups.find(chat);
    if (kept != runtime.groups.end()) {
        return &kept->second;
    }
    CHATMCP_TRY(mls::Group loaded, mls::Group::load(environment, home.transaction(), chat));
    return keep(chat, std::move(loaded));
}

mls::Group* Step::keep(const ChatId& chat, mls::Group group) {
    return &runtime.groups.insert_or_assign(chat, std::move(group)).first->second;
}

Result<const People*> Step::people(const ChatId& chat) {
    CHATMCP_TRY(mls::Group * group, this->group(chat));
    const ByteView authenticator = group->view().epoch_authenticator();
    KnownPeople& known = runtime.people[chat];
    if (!equal(known.epoch_authenticator, authenticator)) {
        CHATMCP_TRY(known.people, people_of(group->view()));
        known.epoch_authenticator = to_bytes(authenticator);
    }
    return &known.people;
}

bool is_home_error(const Error& error) {
    return error.code == Errc::storage || error.code == Errc::storage_corrupt ||
           error.code == Errc::internal;
}

bool is_permanent(Errc code) {
    switch (code) {
        case Errc::malformed:
        case Errc::too_large:
        case Errc::trailing_bytes:
        case Errc::not_canonical:
        case Errc::unsupported_version:
        case Errc::unsupported:
        case Errc::invalid_argument:
        case Errc::already_exists:
        case Errc::bad_signature:
        case Errc::wrong_key:
            return true;
        default:
            return false;
    }
}

}  // namespace chatmcp::client
