#include "mls/component.h"

#include "base/encoding.h"
#include "mls/proposal_list.h"
#include "support/mls_trio.h"

namespace chatmcp::mls {
namespace {

using testing::MlsTrio;
using testing::signed_content;
using testing::state_of;

constexpr auto id_of(DraftComponent component) {
    return static_cast<std::uint16_t>(component);
}
const auto kSafeAad = id_of(DraftComponent::safe_aad);
const auto kAppComponents = id_of(DraftComponent::app_components);

Component list(std::uint16_t id, const std::vector<std::uint16_t>& ids) {
    return {id, encode_components_list(ids)};
}

TEST(ComponentLabel, IsWhatTheDraftSays) {
    // 0d "MLS Component" 8001 08 "greeting"
    EXPECT_EQ(to_hex(component_operation_label({0x8001, "greeting"})),
              "0d4d4c5320436f6d706f6e656e748001086772656574696e67");
}

// The draft in its own words: SignWithLabel(., ComponentOperationLabel, Content), with RFC 9420's
// SignContent written out by hand.
TEST(SafeSign, IsSignWithLabelOfTheComponentsLabel) {
    testing::SeededRandom random(1);
    const auto key = SignatureKey::generate(testing::kTestSuite, random);
    const Bytes signature =
        safe_sign(testing::kTestSuite, key, {0x8001, "greeting"}, as_bytes("hello"));
    const Bytes label = from_hex("0d4d4c5320436f6d706f6e656e748001086772656574696e67").value();
    Bytes signed_bytes = concat({Bytes{static_cast<std::uint8_t>(8 + label.size())},
                                 as_bytes("MLS 1.0 "),
                                 label,
                                 Bytes{5},
                                 as_bytes("hello")});
    EXPECT_TRUE(crypto::verify_raw(
                    crypto::SignatureScheme::ed25519, key.public_key(), signed_bytes, signature)
                    .has_value());
}

class SafeKeys : public MlsTrio {
  protected:
    void SetUp() override { found({}); }
};

TEST_F(SafeKeys, ASignatureHoldsForItsMemberComponentLabelAndContentAlone) {
    const ComponentOperation operation{0x8001, "greeting"};
    const Bytes signature = alice.group->sign_as_component(operation, as_bytes("hello")).value();
    const auto verify = [&](std::uint32_t signer,
                            const ComponentOperation& by,
                            std::string_view content,
                            ByteView with) {
        return refusal(
            bob.group->verify_of_component(LeafIndex{signer}, by, as_bytes(content), with));
    };
    EXPECT_EQ(verify(0, operation, "hello", signature), "accepted");
    EXPECT_EQ(verify(1, operation, "hello", signature), "EXT-02");
    EXPECT_EQ(verify(0, {0x8002, "greeting"}, "hello", signature), "EXT-02");
    EXPECT_EQ(verify(0, {0x8001, "farewell"}, "hello", signature), "EXT-02");
    EXPECT_EQ(verify(0, operation, "hullo", signature), "EXT-02");
    EXPECT_EQ(verify(9, operation, "hello", signature), "MLS-84");
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
        Bytes flipped = signature;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_EQ(verify(0, operation, "hello", flipped), "EXT-02") << bit;
    }
    // Nor is it a signature of MLS over the same bytes.
    EXPECT_FALSE(verify_with_label(suite,
                                   state_of(alice).tree.leaf(LeafIndex{0})->signature_key,
                                   "greeting",
                                   as_bytes("hello"),
                                   signature,
                                   "x"));
}

TEST_F(SafeKeys, ACiphertextOpensForItsMemberComponentLabelAndContextAlone) {
    const ComponentOperation operation{0x8001, "backup"};
    const auto sealed = alice.group->seal_to_component(
        LeafIndex{1}, operation, as_bytes("context"), as_bytes("a secret"));
    ASSERT_TRUE(sealed.has_value());
    const auto open = [&](const testing::MlsMember& member,
                          const ComponentOperation& by,
                          std::string_view context,
                          const crypto::HpkeCiphertext& from) {
        const auto opened = member.group->open_as_component(by, as_bytes(context), from);
        return opened.has_value() ? to_text(opened->view()) : opened.error().check;
    };
    EXPECT_EQ(open(bob, operation, "context", *sealed), "a secret");
    EXPECT_EQ(open(carol, operation, "context", *sealed), "EXT-03");
    EXPECT_EQ(open(bob, {0x8002, "backup"}, "context", *sealed), "EXT-03");
    EXPECT_EQ(open(bob, {0x8001, "restore"}, "context", *sealed), "EXT-03");
    EXPECT_EQ(open(bob, operation, "text", *sealed), "EXT-03");
    for (Bytes crypto::HpkeCiphertext::* part :
         {&crypto::HpkeCiphertext::enc, &crypto::HpkeCiphertext::ciphertext}) {
        // X25519 ignores the highest bit of a point, but HPKE binds `enc` as it came.
        for (std::size_t bit = 0; bit < (sealed.value().*part).size() * 8; ++bit) {
            crypto::HpkeCiphertext flipped = *sealed;
            (flipped.*part)[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            EXPECT_EQ(open(bob, operation, "context", flipped), "EXT-03") << bit;
        }
    }
    EXPECT_EQ(refusal(alice.group->seal_to_component(LeafIndex{9}, operation, {}, {})), "MLS-84");
}

TEST_F(SafeKeys, WhatIsSealedToTheGroupOpensForAllMembersOfItsEpoch) {
    const ComponentOperation operation{0x8001, "history"};
    const auto sealed = alice.group->seal_to_component({}, operation, {}, as_bytes("for all"));
    ASSERT_TRUE(sealed.has_value());
    for (testing::MlsMember* member : {&alice, &bob, &carol}) {
        const auto opened = member->group->open_as_component(operation, {}, *sealed, true);
        ASSERT_TRUE(opened.has_value());
        EXPECT_EQ(to_text(opened->view()), "for all");
    }
    EXPECT_EQ(refusal(bob.group->open_as_component(operation, {}, *sealed)), "EXT-03");
    next_epoch(Plan{.force_path = true});
    EXPECT_EQ(refusal(bob.group->open_as_component(operation, {}, *sealed, true)), "EXT-03");
}

TEST(SafeAadFormat, ItemsAscendAndTheRestFollows) {
    const SafeAad aad{{{0x8001, {1, 2}}, {0x8002, {}}}, {9, 9}};
    const Bytes encoded = encode_safe_aad(aad);
    EXPECT_EQ(to_hex(encoded),
              "088001020102800200"
              "0909");
    const auto decoded = decode_safe_aad(encoded);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->items, aad.items);
    EXPECT_EQ(decoded->rest, aad.rest);
    for (const std::vector<Component>& items :
         {std::vector<Component>{{0x8002, {}}, {0x8001, {}}},
          std::vector<Component>{{0x8001, {}}, {0x8001, {}}}}) {
        const auto refused = decode_safe_aad(encode_safe_aad({items, {}}));
        ASSERT_FALSE(refused.has_value());
        EXPECT_STREQ(refused.error().check, "MLS-04");
    }
    EXPECT_FALSE(decode_safe_aad({}).has_value());
    EXPECT_FALSE(decode_safe_aad(ByteView(encoded).first(3)).has_value());
}

class SafeAadGroup : public MlsTrio {
  protected:
    void SetUp() override { found({list(kSafeAad, {0x8001})}, {list(kSafeAad, {0x0A0A, 0x8001})}); }
    static Result<Bytes> encrypt(testing::MlsMember& member, ByteView authenticated_data) {
        return member.step([&](Transaction& t) {
            return member.group->encrypt(t, as_bytes("text"), authenticated_data, 0);
        });
    }
};

TEST_F(SafeAadGroup, EveryMessageBeginsWithIt) {
    const Bytes aad = encode_safe_aad({{{0x8001, {5}}, {0xFFFF, {6}}}, {7}});
    for (const Bytes& given : {aad, Bytes{}}) {
        const auto sent = encrypt(alice, given);
        ASSERT_TRUE(sent.has_value()) << sent.error().check;
        const auto received = bob.receive(*sent);
        ASSERT_TRUE(received.has_value()) << received.error().check;
        const auto& message = std::get<ApplicationMessage>(*received);
        const auto items = decode_safe_aad(message.authenticated_data);
        ASSERT_TRUE(items.has_value());
        EXPECT_EQ(items->items.size(), given.empty() ? 0u : 2u);
        EXPECT_EQ(items->rest, given.empty() ? Bytes{} : Bytes{7});
    }
    // Handshakes too, private and public, and a commit of somebody from outside.
    const auto leave = carol.propose_leave();
    ASSERT_TRUE(bob.receive(*leave).has_value());
    ASSERT_TRUE(alice.receive(*leave).has_value());
    const auto bundle = alice.stage(Plan{.public_message = true});
    ASSERT_TRUE(bundle.has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    EXPECT_EQ(bob.follow(bundle->commit)->removed.size(), 1u);
    testing::MlsMember dave("dave", 4);
    EXPECT_EQ(refusal(dave.join_external(*alice.group->group_info(true, true))), "EXT-04");
    dave.leaf_components = {list(kSafeAad, {0x8001})};
    const auto joined = dave.join_external(*alice.group->group_info(true, true));
    ASSERT_TRUE(joined.has_value()) << joined.error().check;
    EXPECT_TRUE(bob.follow(joined->commit).has_value());
}

TEST_F(SafeAadGroup, AMessageWithoutItIsRefusedAndChangesNothing) {
    EXPECT_EQ(refusal(encrypt(alice, Bytes{0x42})), "EXT-05");
    const Bytes wrong = encode_safe_aad({{{2, {}}, {1, {}}}, {}});
    EXPECT_EQ(refusal(encrypt(alice, wrong)), "EXT-05");
    for (const Bytes& aad : {Bytes{}, Bytes{0x42}, wrong}) {
        const Bytes hostile = send_anything(alice, {1}, aad);
        testing::MemoryTransaction transaction(bob.store);
        EXPECT_EQ(refusal(bob.group->receive(transaction, hostile, bob.arrival)), "EXT-05");
        EXPECT_FALSE(transaction.changed_anything());
    }
    EXPECT_EQ(refusal(bob.receive(testing::public_proposal(alice, Proposal{Remove{LeafIndex{2}}}))),
              "EXT-05");
    EXPECT_TRUE(bob.receive(*encrypt(alice, {})).has_value());
}

TEST_F(SafeAadGroup, WhoProposesFromOutsideSaysItToo) {
    testing::MlsMember dave("dave", 4);
    dave.leaf_components = {list(kSafeAad, {0x8001})};
    const auto package = dave.key_package();
    const Bytes aad = encode_safe_aad({});
    const auto propose = [&](ByteView authenticated_data) {
        const GroupView& group = alice.group->view();
        return dave
            .step([&](Transaction& t) {
                return propose_as_new_member(
                    t,
                    OutsideProposal{suite, group.group_id(), group.epoch(), authenticated_data},
                    package.key_package);
            })
            .value();
    };
    EXPECT_EQ(refusal(alice.receive(propose({}))), "EXT-05");
    EXPECT_EQ(refusal(alice.receive(propose(aad))), "accepted");
    const auto bundle = alice.stage(Plan{});
    ASSERT_TRUE(bundle.has_value());
    EXPECT_EQ(bundle->change.added.size(), 1u);
}

TEST_F(SafeAadGroup, AMessageOfAPastEpochIsJudgedByThatEpochsContext) {
    const Bytes early = send_anything(alice, {1}, {});
    const Bytes good = *encrypt(alice, {});
    next_epoch(Plan{.components = std::vector<Component>{}});
    EXPECT_EQ(refusal(bob.receive(early)), "EXT-05");
    EXPECT_TRUE(bob.receive(good).has_value());
    // And the other way round: nobody asked for it then.
    const auto late = encrypt(alice, Bytes{0x42});
    next_epoch(Plan{.components = std::vector<Component>{list(kSafeAad, {})}});
    EXPECT_TRUE(bob.receive(*late).has_value());
    EXPECT_EQ(refusal(encrypt(alice, Bytes{0x42})), "EXT-05");
}

class Negotiation : public MlsTrio {};

TEST_F(Negotiation, NobodyIsBroughtIntoAGroupWhoseComponentsItDoesNotKnow) {
    found({list(kAppComponents, {0x8001, 0x8002})},
          {list(kAppComponents, {0x8002, 0x8001, 0x1A1A})});
    testing::MlsMember dave("dave", 4);
    EXPECT_EQ(refusal(alice.stage(Plan{.add = {dave.key_package().key_package}})), "EXT-04");
    dave.leaf_components = {list(kAppComponents, {0x8001})};
    EXPECT_EQ(refusal(alice.stage(Plan{.add = {dave.key_package().key_package}})), "EXT-04");
    dave.leaf_components = {list(kAppComponents, {0x8001, 0x8002})};
    EXPECT_TRUE(alice.stage(Plan{.add = {dave.key_package().key_package}}).has_value());
    ASSERT_TRUE(alice.discard().has_value());
    // Nor does anybody rotate into a leaf that knows less, or ask for more than all know.
    alice.leaf_components = {};
    EXPECT_EQ(refusal(alice.stage(Plan{.rotate = alice.setup()})), "EXT-04");
    EXPECT_EQ(refusal(alice.stage(
                  Plan{.components = std::vector<Component>{list(kAppComponents, {0x8003})}})),
              "EXT-04");
    EXPECT_TRUE(
        alice.stage(Plan{.components = std::vector<Component>{list(kAppComponents, {0x8002})}})
            .has_value());
    // And nobody founds a group that it does not fit into itself.
    testing::MlsMember eve("eve", 5);
    EXPECT_EQ(refusal(eve.create(Bytes{8}, {list(kAppComponents, {0x8001})})), "EXT-04");
}

TEST_F(Negotiation, ACommitOfOthersThatNeglectsItStaysValid) {
    found({});
    const Proposal asks{AppDataUpdate{kAppComponents, encode_components_list({0x8001})}};
    TreeDraft draft(state_of(bob).tree);
    EXPECT_TRUE(apply_proposals(draft,
                                {{asks, member_sender(LeafIndex{0})}},
                                LeafIndex{0},
                                state_of(bob).epoch.context,
                                Limits{})
                    .has_value());
}

TEST_F(Negotiation, AListThatIsNoneIsRefusedWhereItComesIn) {
    found({});
    for (const std::uint16_t id : {kAppComponents, kSafeAad}) {
        const Component odd{id, {3, 0, 1, 0}};
        EXPECT_EQ(refusal(alice.stage(Plan{.components = std::vector<Component>{odd}})), "WIRE-01");
        const Component longer{id, {2, 0, 1, 0}};
        EXPECT_EQ(refusal(bob.receive(testing::hostile_proposals(
                      alice, {Proposal{AppDataUpdate{id, longer.data}}}))),
                  "WIRE-05");
        testing::MlsMember dave("dave", 4);
        dave.leaf_components = {longer};
        testing::MemoryTransaction transaction(dave.store);
        const auto made = make_key_package(dave.environment,
                                           transaction,
                                           suite,
                                           dave.setup(),
                                           Lifetime{0, ~std::uint64_t{0}},
                                           false);
        EXPECT_EQ(refusal(made), "WIRE-05");
    }
}

class ComponentPsks : public MlsTrio {
  protected:
    static void store(testing::MlsMember& member, const ComponentPsk& psk, ByteView secret) {
        ASSERT_TRUE(
            member.step([&](Transaction& t) { return store_component_psk(t, psk, secret); }));
    }
};

TEST_F(ComponentPsks, GoIntoTheKeyScheduleApartFromAllOthers) {
    found({});
    const ComponentPsk psk{0x8001, {1, 2}};
    for (testing::MlsMember* member : {&alice, &bob}) {
        store(*member, psk, Bytes(32, 9));
    }
    // Carol has the same id for another component and as an external PSK.
    store(carol, {0x8002, {1, 2}}, Bytes(32, 9));
    ASSERT_TRUE(carol.store_psk(Bytes{1, 2}, Bytes(32, 9)).has_value());
    const auto bundle = alice.stage(Plan{.component_psks = {psk}});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(alice.confirm().has_value());
    EXPECT_TRUE(bob.follow(bundle->commit)->has_pre_shared_keys);
    EXPECT_EQ(refusal(carol.receive(bundle->commit)), "MLS-64");
    // Another secret under the right name: the commit does not confirm.
    store(carol, psk, Bytes(32, 8));
    EXPECT_EQ(refusal(carol.receive(bundle->commit)), "MLS-68");
    store(carol, psk, Bytes(32, 9));
    EXPECT_TRUE(carol.follow(bundle->commit).has_value());
}

TEST_F(ComponentPsks, AreWrittenAsTheDraftSays) {
    PreSharedKeyId id;
    id.type = PreSharedKeyId::Type::application;
    id.component = 0x8001;
    id.psk_id = {1, 2};
    id.psk_nonce = {3};
    EXPECT_EQ(to_hex(wire::encode(id)),
              "03"
              "8001"
              "020102"
              "0103");
    const auto read = wire::decode<PreSharedKeyId>(wire::encode(id));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, id);
}

}  // namespace
}  // namespace chatmcp::mls
