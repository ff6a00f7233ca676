#include "net/status.h"

#include <limits>
#include <string>

#include "chatmcp/v1/delivery.pb.h"
#include "net/message_codec.h"
#include "wire/frames.h"

namespace chatmcp::net {

namespace {

namespace v1 = ::chatmcp::v1;

constexpr std::string_view kDetailType = "chatmcp.v1.RefusalDetail";

// The one code of each coarse status that is told where the exact one is not.
Errc coarse_code(ConnectCode status) {
    switch (status) {
        case ConnectCode::invalid_argument:
            return Errc::malformed;
        case ConnectCode::unauthenticated:
            return Errc::unauthenticated;
        case ConnectCode::permission_denied:
            return Errc::permission_denied;
        case ConnectCode::not_found:
            return Errc::not_found;
        case ConnectCode::already_exists:
            return Errc::already_exists;
        case ConnectCode::aborted:
            return Errc::conflict;
        case ConnectCode::out_of_range:
            return Errc::history_expired;
        case ConnectCode::resource_exhausted:
            return Errc::resource_exhausted;
        case ConnectCode::deadline_exceeded:
            return Errc::deadline_exceeded;
        case ConnectCode::unavailable:
            return Errc::unavailable;
        case ConnectCode::canceled:
            return Errc::cancelled;
        case ConnectCode::unimplemented:
            return Errc::unsupported;
        case ConnectCode::failed_precondition:
            return Errc::pass_required;
        case ConnectCode::internal:
        case ConnectCode::unknown:
        case ConnectCode::data_loss:
            return Errc::internal;
    }
    return Errc::internal;
}

// Keys, signatures, memberships and this machine's troubles are told coarsely.
bool may_be_told(ConnectCode status) {
    return status != ConnectCode::unauthenticated && status != ConnectCode::permission_denied &&
           status != ConnectCode::internal;
}

std::string_view sentence(ConnectCode status) {
    switch (status) {
        case ConnectCode::invalid_argument:
            return "the request cannot be used";
        case ConnectCode::unauthenticated:
            return "log in again";
        case ConnectCode::permission_denied:
            return "not permitted";
        case ConnectCode::not_found:
            return "not found";
        case ConnectCode::aborted:
            return "somebody was faster";
        case ConnectCode::out_of_range:
            return "no longer kept";
        case ConnectCode::failed_precondition:
            return "a delivery token or a stamp is needed; ask for the terms";
        case ConnectCode::resource_exhausted:
            return "try again later";
        case ConnectCode::unavailable:
            return "not available now";
        default:
            return "the relay failed";
    }
}

}  // namespace

ConnectCode coarse_status(Errc code) {
    switch (code) {
        case Errc::malformed:
        case Errc::too_large:
        case Errc::trailing_bytes:
        case Errc::not_canonical:
        case Errc::unsupported_version:
        case Errc::unsupported:
        case Errc::invalid_argument:
            return ConnectCode::invalid_argument;
        case Errc::unauthenticated:
            return ConnectCode::unauthenticated;
        case Errc::not_found:
            return ConnectCode::not_found;
        case Errc::stale_epoch:
        case Errc::future_epoch:
        case Errc::conflict:
        case Errc::already_exists:
        case Errc::replayed:
        case Errc::pending_commit:
        case Errc::equivocation:
            return ConnectCode::aborted;
        case Errc::history_expired:
            return ConnectCode::out_of_range;
        case Errc::pass_required:
            return ConnectCode::failed_precondition;
        case Errc::rate_limited:
        case Errc::resource_exhausted:
            return ConnectCode::resource_exhausted;
        case Errc::deadline_exceeded:
        case Errc::unavailable:
        case Errc::cancelled:
            return ConnectCode::unavailable;
        case Errc::bad_signature:
        case Errc::bad_mac:
        case Errc::cannot_open:
        case Errc::too_far_ahead:
        case Errc::wrong_group:
        case Errc::invalid_tree:
        case Errc::invalid_proposals:
        case Errc::unknown_proposal:
        case Errc::not_member:
        case Errc::untrusted_identity:
        case Errc::refused_by_policy:
        case Errc::expired:
        case Errc::not_yet_valid:
        case Errc::wrong_key:
        case Errc::wrong_domain:
        case Errc::wrong_purpose:
        case Errc::simulated_refused:
        case Errc::permission_denied:
            return ConnectCode::permission_denied;
        case Errc::storage:
        case Errc::storage_corrupt:
        case Errc::wrong_passphrase:
        case Errc::io:
        case Errc::internal:
            return ConnectCode::internal;
    }
    return ConnectCode::internal;
}

ConnectError refusal_of(const Error& error) {
    ConnectError refusal;
    refusal.code = coarse_status(error.code);
    refusal.check = error.check;
    refusal.message = std::string(sentence(refusal.code));
    const bool exact = may_be_told(refusal.code);
    v1::RefusalDetail detail;
    detail.set_code(static_cast<std::uint32_t>(exact ? error.code : coarse_code(refusal.code)));
    if (exact) {
        detail.set_check(error.check);
    }
    refusal.details.push_back(ErrorDetail{.type = std::string(kDetailType),
                                          .value = to_bytes(as_bytes(detail.SerializeAsString()))});
    return refusal;
}

RemoteRefusal remote_refusal_of(const ConnectError& error) {
    RemoteRefusal refusal;
    refusal.code = coarse_code(error.code);
    for (const ErrorDetail& sent : error.details) {
        v1::RefusalDetail detail;
        if (sent.type != kDetailType ||
            !decode_message(Codec::proto, sent.value, detail).has_value()) {
            continue;
        }
        const auto code = static_cast<Errc>(detail.code());
        // A detail that contradicts its status is not believed.
        if (detail.code() <= std::numeric_limits<std::uint16_t>::max() &&
            errc_name(code) != "unknown" && coarse_status(code) == error.code) {
            refusal.code = code;
        }
        if (wire::is_check_id(detail.check())) {
            refusal.check = detail.check();
        }
        break;
    }
    return refusal;
}

}  // namespace chatmcp::net
