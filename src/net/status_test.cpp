#include "net/status.h"

#include <set>

#include <gtest/gtest.h>

#include "chatmcp/v1/delivery.pb.h"

namespace chatmcp::net {
namespace {

constexpr unsigned kErrcNumberMax = 100;

std::vector<Errc> all_codes() {
    std::vector<Errc> codes;
    for (unsigned number = 1; number <= kErrcNumberMax; ++number) {
        const auto code = static_cast<Errc>(number);
        if (errc_name(code) != "unknown") {
            codes.push_back(code);
        }
    }
    return codes;
}

TEST(Status, ThereAreFewStatuses) {
    std::set<ConnectCode> statuses;
    for (const Errc code : all_codes()) {
        statuses.insert(coarse_status(code));
    }
    EXPECT_GE(all_codes().size(), 40u);
    EXPECT_LE(statuses.size(), 10u);
}

TEST(Status, WhatAClientActsUponIsTold) {
    for (const Errc code : {Errc::stale_epoch,
                            Errc::history_expired,
                            Errc::resource_exhausted,
                            Errc::rate_limited,
                            Errc::conflict,
                            Errc::already_exists,
                            Errc::not_found,
                            Errc::unauthenticated,
                            Errc::unavailable,
                            Errc::pass_required,
                            Errc::too_large}) {
        const ConnectError sent = refusal_of(Error{code, "RLY-07"});
        EXPECT_EQ(remote_refusal_of(sent).code, code) << errc_name(code);
    }
    EXPECT_EQ(remote_refusal_of(refusal_of(Error{Errc::stale_epoch, "RLY-07"})).check, "RLY-07");
}

// Otherwise the relay would be an oracle for keys, members and signatures.
TEST(Status, WhyAKeyOrSignatureWasRefusedIsNotTold) {
    const ConnectError reference = refusal_of(Error{Errc::permission_denied, "RLY-01"});
    for (const Errc code :
         {Errc::bad_signature, Errc::wrong_key, Errc::not_member, Errc::expired}) {
        const ConnectError sent = refusal_of(Error{code, "RLY-02"});
        EXPECT_EQ(sent.code, reference.code);
        EXPECT_EQ(sent.message, reference.message);
        EXPECT_EQ(sent.details, reference.details);
    }
    EXPECT_EQ(remote_refusal_of(refusal_of(Error{Errc::unauthenticated, "RLY-03"})).check, "");
    EXPECT_EQ(remote_refusal_of(refusal_of(Error{Errc::storage_corrupt, "STO-03"})).check, "");
}

TEST(Status, ADetailThatContradictsItsStatusIsNotBelieved) {
    ConnectError sent = refusal_of(Error{Errc::stale_epoch, "RLY-07"});
    sent.code = ConnectCode::unavailable;
    EXPECT_EQ(remote_refusal_of(sent).code, Errc::unavailable);

    v1::RefusalDetail detail;
    detail.set_code((1U << 16) + static_cast<unsigned>(Errc::unavailable));
    detail.set_check("<script>");
    sent.details.front().value = to_bytes(as_bytes(detail.SerializeAsString()));
    EXPECT_EQ(remote_refusal_of(sent).code, Errc::unavailable);
    EXPECT_EQ(remote_refusal_of(sent).check, "");
}

TEST(Status, AnErrorWithoutDetailIsReadByItsStatus) {
    ConnectError sent;
    sent.code = ConnectCode::unimplemented;
    EXPECT_EQ(remote_refusal_of(sent).code, Errc::unsupported);
}

}  // namespace
}  // namespace chatmcp::net
