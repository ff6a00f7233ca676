#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mls/sending.h"
#include "support/mls_hostile.h"
#include "support/mls_member.h"

namespace chatmcp::testing {

/// Three members of one group whose components and leaf components a test chooses.
class MlsTrio : public ::testing::Test {
  protected:
    /// Alice founds the group and adds bob and carol in one commit.
    void found(const std::vector<mls::Component>& group_components,
               const std::vector<mls::Component>& leaf_components = {}) {
        for (MlsMember* member : {&alice, &bob, &carol}) {
            member->leaf_components = leaf_components;
        }
        ASSERT_TRUE(alice.create(Bytes{7}, group_components, suite));
        const auto bundle = alice.stage(mls::Plan{
            .add = {bob.key_package(suite).key_package, carol.key_package(suite).key_package}});
        ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
        ASSERT_TRUE(carol.join(bundle->welcomes[1].welcome).has_value());
    }

    /// Alice commits; all are in the next epoch.
    void next_epoch(const mls::Plan& plan = {}) {
        const auto bundle = alice.stage(plan);
        ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.follow(bundle->commit).has_value());
        ASSERT_TRUE(carol.follow(bundle->commit).has_value());
    }

    /// A true application message of the member, whatever the group asks of its content.
    static Bytes send_anything(MlsMember& member, Bytes body, Bytes authenticated_data) {
        mls::GroupState& state = state_of(member);
        auto content = signed_content(member, mls::ContentType::application, std::move(body));
        content.wire_format = mls::WireFormat::private_message;
        content.content.authenticated_data = std::move(authenticated_data);
        mls::sign_content(
            state.suite(), state.epoch.signature_key, state.epoch.encoded_context, content);
        return member.step([&](Transaction& t) { return mls::send_signed(state, t, content, 0); })
            .value();
    }

    template <class T>
    static std::string refusal(const Result<T>& result) {
        return result.has_value() ? "accepted" : result.error().check;
    }

    mls::CipherSuite suite = kTestSuite;
    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
};

}  // namespace chatmcp::testing
