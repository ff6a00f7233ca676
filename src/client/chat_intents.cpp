#include "client/chat_intents.h"

#include <algorithm>
#include <utility>

#include "client/account.h"
#include "client/admission.h"
#include "client/commit_intents.h"
#include "client/companion.h"
#include "client/conversation.h"
#include "client/first_contact.h"
#include "client/inbox.h"
#include "client/intents.h"
#include "client/successor.h"
#include "client/sync.h"
#include "identity/device_log.h"
#include "wire/cbor.h"

namespace chatmcp::client {
namespace {

enum InvitationStage : std::uint8_t {
    look_up = 0,
    claim = 1,
    make_topic = 2,
    commit = 3,
    terms = 4,  // After a commit was refused for want of a pass.
};

constexpr std::size_t kLookUpsAtOnceMax = 16;

Result<std::vector<InviteeRow>> invitees_of(const std::vector<identity::Caip10>& accounts,
                                            const std::string& own) {
    std::vector<InviteeRow> out;
    for (const identity::Caip10& account : accounts) {
        const bool known =
            account.text() == own || std::ranges::any_of(out, [&](const InviteeRow& row) {
                return row.account == account.text();
            });
        if (!known) {
            out.emplace_back().account = account.text();
        }
    }
    if (out.empty() || out.size() > kChatMembersMax) {
        return fail(Errc::invalid_argument, "CLT-17");
    }
    return out;
}

Result<void> check_text(std::string_view text, std::size_t max_bytes) {
    if (text.size() > max_bytes || !wire::is_utf8(as_bytes(text))) {
        return fail(Errc::invalid_argument, "CLT-08");
    }
    return {};
}

}  // namespace

// ---- Commands ----

Result<void> start_create(Step& step, const CreateChat& command) {
    CHATMCP_TRY(const Device own, device(step));
    CHATMCP_TRY_VOID(check_text(command.title, wire::Title::kMaxBytes));
    CommitBody body;
    body.title = command.title;
    body.public_handshakes = command.public_handshakes;
    CHATMCP_TRY(body.invitees, invitees_of(command.accounts, own.row.account));
    CHATMCP_TRY(IntentRow intent,
                new_intent(step, IntentKind::create_chat, step.random().array<32>()));
    return save_commit_body(step, intent, body);
}

Result<void> start_add(Step& step, const AddMembers& command) {
    CHATMCP_TRY(const Device own, device(step));
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(command.chat));
    CHATMCP_TRY_VOID(check_sendable(chat));
    // Into a companion comes who agreed, and nobody else.
    if (chat.companion_of.has_value()) {
        return fail(Errc::permission_denied, "CLT-15");
    }
    CommitBody body;
    CHATMCP_TRY(body.invitees, invitees_of(command.accounts, own.row.account));
    CHATMCP_TRY(IntentRow intent, new_intent(step, IntentKind::add_members, chat.id));
    return save_commit_body(step, intent, body);
}

Result<void> start_ask_terms(Step& step, const AskStampTerms& command) {
    CommitBody body;
    CHATMCP_TRY(body.invitees, invitees_of({command.account}, {}));
    CHATMCP_TRY(IntentRow intent, new_intent(step, IntentKind::ask_stamp_terms, std::nullopt));
    return save_commit_body(step, intent, body);
}

void go_to_terms(IntentRow& intent) {
    intent.stage = terms;
}

Result<void> start_remove(Step& step, const RemoveMember& command) {
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(command.chat));
    if (chat.state != ChatState::active) {
        return fail(Errc::permission_denied, "CLT-15");
    }
    CommitBody body;
    body.remove_account = command.account.text();
    CHATMCP_TRY(IntentRow intent, new_intent(step, IntentKind::remove_member, chat.id));
    return save_commit_body(step, intent, body);
}

namespace {

// Leaves this chat's companion as well: whoever is not in the conversation has no part in it.
Result<void> leave_chat(Step& step, ChatRow chat) {
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    if (group->view().member_count() == 1) {
        return end_chat(step, chat, ChatState::left, nullptr);
    }
    CHATMCP_TRY_VOID(new_leave(step, chat.id));
    chat.state = ChatState::leaving;
    step.notice(ChatChanged{chat.id});
    return step.home.save(chat);
}

}  // namespace

Result<void> start_leave(Step& step, const LeaveChat& command) {
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(command.chat));
    if (awaits_repair(chat)) {
        CHATMCP_TRY_VOID(repaired(step, chat.id));
        return end_chat(step, chat, ChatState::left, nullptr);
    }
    if (chat.state != ChatState::active) {
        return fail(Errc::permission_denied, "CLT-15");
    }
    CHATMCP_TRY(const auto ids, step.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow companion, step.home.known_chat(id));
        if (companion.companion_of == chat.id && companion.state == ChatState::active) {
            CHATMCP_TRY_VOID(leave_chat(step, companion));
        }
    }
    CHATMCP_TRY(const ChatRow now, step.home.known_chat(command.chat));
    return leave_chat(step, now);
}

Result<void> start_send(Step& step, const SendText& command) {
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(command.chat));
    if (chat.state != ChatState::active || chat.companion_of.has_value()) {
        return fail(Errc::permission_denied, "CLT-15");
    }
    CHATMCP_TRY_VOID(check_text(command.text, wire::Content::kTextMaxBytes));
    if (command.text.empty()) {
        return fail(Errc::invalid_argument, "CLT-08");
    }
    const auto content =
        make_content(step, wire::ContentType::text, to_bytes(as_bytes(command.text)));
    CHATMCP_TRY_VOID(new_message(step, IntentKind::send_text, chat.id, content));
    return {};
}

Result<void> accept_request(Step& step, const AcceptRequest& command) {
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(command.chat));
    if (chat.state == ChatState::active) {
        return {};
    }
    if (chat.state != ChatState::request) {
        return fail(Errc::permission_denied, "CLT-15");
    }
    chat.state = ChatState::active;
    step.notice(ChatChanged{chat.id});
    step.notice(MessagesArrived{chat.id, chat.cursor});
    CHATMCP_TRY_VOID(answer_stamp(step, chat.id, ReceivedStampState::accepted));
    return step.home.save(chat);
}

Result<void> decline_request(Step& step, const ChatId& id, bool blocks) {
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
    if (chat.state != ChatState::request) {
        return fail(Errc::permission_denied, "CLT-15");
    }
    if (blocks) {
        CHATMCP_TRY_VOID(block(step, chat.inviter));
        CHATMCP_TRY_VOID(answer_stamp(step, chat.id, ReceivedStampState::rejected));
    }
    const auto content = make_content(step, wire::ContentType::decline, {});
    CHATMCP_TRY(const auto declining, new_message(step, IntentKind::decline, id, content));
    CHATMCP_TRY_VOID(leave_chat(step, chat));
    step.effects.intent = IntentId{declining.id};
    return {};
}

// ---- Looking up, claiming, creating ----

namespace {

Result<void> progress_look_up(Step& step, IntentRow& intent, CommitBody& body) {
    std::size_t open = 0;
    for (const InviteeRow& invitee : body.invitees) {
        if (invitee.looked_up) {
            continue;
        }
        ++open;
        const Task task = intent_task(intent.id, as_bytes(invitee.account));
        if (open <= kLookUpsAtOnceMax) {
            CHATMCP_TRY(const bool mine, may_carry(step, intent, task));
            if (mine) {
                step.send(task, wire::GetDeviceLog{invitee.account});
            }
        }
    }
    if (open > 0) {
        return {};
    }
    if (intent.kind != IntentKind::ask_stamp_terms) {
        intent.stage = claim;
        return step.home.save(intent);
    }
    const InviteeRow& asked = body.invitees.front();
    if (asked.reason.has_value()) {
        return refuse(step, intent, asked.reason->reason());
    }
    CHATMCP_TRY(const wire::Ed25519Key root_key, recorded(asked.root_key));
    body.strangers = {{asked.account, identity::inbox_id(root_key), false, std::nullopt}};
    intent.stage = terms;
    return save_commit_body(step, intent, body);
}

Result<void> look_up_device(InviteeRow& invitee, const wire::GetDeviceLog::Reply& reply) {
    CHATMCP_TRY(const auto account, identity::Caip10::parse(invitee.account));
    std::vector<identity::DeviceLogEntry> log;
    for (const Bytes& bytes : reply.entries) {
        CHATMCP_TRY(auto entry, wire::decode<identity::DeviceLogEntry>(bytes));
        log.push_back(std::move(entry));
    }
    if (log.empty()) {
        return fail(Errc::not_found, "CLT-40");
    }
    CHATMCP_TRY_VOID(identity::verify_device_log(log, account));
    for (const identity::DeviceLogEntry& entry : log) {
        invitee.log_hashes.push_back(entry.hash());
    }
    invitee.root_key = log.back().proof.root_key;
    return {};
}

Result<void> device_log_came(Step& step,
                             IntentRow& intent,
                             const Task& task,
                             const wire::GetDeviceLog::Reply& reply) {
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    for (InviteeRow& invitee : body.invitees) {
        if (invitee.looked_up || !equal(as_bytes(invitee.account), part_of(task))) {
            continue;
        }
        invitee.looked_up = true;
        const auto found = look_up_device(invitee, reply);
        if (!found.has_value()) {
            invitee.reason = ReasonRow{found.error().code, found.error().check};
        }
    }
    return save_commit_body(step, intent, body);
}

// Everything about a package that can be known before the group sees it, so that one bad package
// costs its own account its place and not everybody theirs.
Result<void> check_key_package(Step& step, const InviteeRow& invitee, ByteView key_package) {
    CHATMCP_TRY(const mls::LeafView leaf, mls::inspect_key_package(key_package));
    CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
    if (!who.device.has_value() || who.account != invitee.account ||
        invitee.root_key != who.root_key) {
        return fail(Errc::untrusted_identity, "CLT-42");
    }
    CHATMCP_TRY(
        const auto head,
        component_of<wire::LogHead>(leaf.components, wire::ComponentId::log_head, "CLT-52"));
    if (head.sequence >= invitee.log_hashes.size() ||
        head.hash != invitee.log_hashes[head.sequence]) {
        return fail(Errc::equivocation, "CLT-43");
    }
    CHATMCP_TRY_VOID(identity::verify_device_credential(*who.device, leaf.signature_key, {}, true));
    CHATMCP_TRY_VOID(
        identity::check_device_credential(*who.device, step.trust.accepted_domains, step.now));
    return check_lifetime(leaf, step.now);
}

Result<void> progress_claim(Step& step, IntentRow& intent, const CommitBody& body) {
    wire::ClaimKeyPackages request;
    for (const InviteeRow& invitee : body.invitees) {
        const bool wanted = !invitee.reason.has_value() && invitee.key_package.empty();
        if (wanted && request.root_keys.size() < wire::ClaimKeyPackages::kRootKeysMax) {
            CHATMCP_TRY(const wire::Ed25519Key root_key, recorded(invitee.root_key));
            request.root_keys.push_back(root_key);
        }
    }
    if (request.root_keys.empty()) {
        intent.stage = intent.kind == IntentKind::create_chat ? make_topic : commit;
        return step.home.save(intent);
    }
    const Task task = intent_task(intent.id);
    CHATMCP_TRY(const bool mine, may_carry(step, intent, task));
    if (mine) {
        step.send(task, std::move(request));
    }
    return {};
}

Result<void> key_packages_came(Step& step,
                               IntentRow& intent,
                               const wire::ClaimKeyPackages::Reply& reply) {
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    std::size_t next = 0;
    for (InviteeRow& invitee : body.invitees) {
        if (invitee.reason.has_value() || !invitee.key_package.empty()) {
            continue;
        }
        if (next == wire::ClaimKeyPackages::kRootKeysMax) {
            break;  // The rest was not asked for yet.
        }
        const std::optional<Bytes> claimed =
            next < reply.key_packages.size() ? reply.key_packages[next] : std::nullopt;
        ++next;
        if (!claimed.has_value()) {
            invitee.reason = ReasonRow{Errc::not_found, "CLT-41"};
            continue;
        }
        const auto checked = check_key_package(step, invitee, *claimed);
        if (checked.has_value()) {
            invitee.key_package = *claimed;
        } else {
            invitee.reason = ReasonRow{checked.error().code, checked.error().check};
        }
    }
    return save_commit_body(step, intent, body);
}

bool somebody_to_add(const CommitBody& body) {
    return std::ranges::any_of(body.invitees,
                               [](const InviteeRow& row) { return !row.key_package.empty(); });
}

Result<NewGroup> new_conversation(Step& step,
                                  const IntentRow& intent,
                                  const ChatId& id,
                                  const CommitBody& body) {
    CHATMCP_TRY(const Device own, device(step));
    CHATMCP_TRY(const RelayRow relay, step.home.relay());
    CHATMCP_TRY(const wire::Ed25519Key relay_key, recorded(relay.relay_key));
    CHATMCP_TRY(const auto continued, continued_by(intent));
    wire::Roles roles{{own.row.account}};
    if (continued.has_value()) {
        roles.admins.insert(roles.admins.end(), continued->admins.begin(), continued->admins.end());
    }
    NewGroup wanted{.id = id, .components = {}, .companion_of = std::nullopt};
    wanted.components.push_back(make_component(wire::ComponentId::roles, roles));
    wanted.components.push_back(
        make_component(wire::ComponentId::sequencer, wire::Sequencer{relay_key}));
    if (!body.title.empty()) {
        wanted.components.push_back(
            make_component(wire::ComponentId::title, wire::Title{body.title}));
    }
    if (continued.has_value()) {
        wanted.components.push_back(make_component(wire::ComponentId::successor_of,
                                                   wire::CompanionOf{continued->predecessor}));
    }
    if (body.public_handshakes) {
        wanted.components.push_back(
            make_component(wire::ComponentId::handshakes, wire::Handshakes{}));
    }
    return wanted;
}

Result<void> progress_make_topic(Step& step, IntentRow& intent, const CommitBody& body) {
    if (!somebody_to_add(body)) {
        return refuse(step, intent, Error{Errc::not_found, "CLT-44"});
    }
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(const auto chat, step.home.chat(id));
    if (!chat.has_value()) {
        CHATMCP_TRY(const NewGroup wanted, new_conversation(step, intent, id, body));
        CHATMCP_TRY_VOID(create_group(step, wanted));
    }
    return carry_create_topic(step, intent);
}

}  // namespace

Result<void> create_group(Step& step, const NewGroup& wanted) {
    CHATMCP_TRY(const Device own, device(step));
    CHATMCP_TRY(const RelayRow relay, step.home.relay());
    CHATMCP_TRY(mls::LeafSetup leaf, make_leaf(step, own, wanted.id));
    mls::GroupSpec spec;
    spec.group_id = to_bytes(wanted.id);
    spec.components = wanted.components;
    CHATMCP_TRY(mls::Group group,
                mls::Group::create(step.environment,
                                   step.home.transaction(),
                                   spec,
                                   std::move(leaf),
                                   mls::Arrival{step.now}));
    ChatRow chat;
    chat.id = wanted.id;
    CHATMCP_TRY(chat.number, step.home.list_chat(wanted.id));
    chat.companion_of = wanted.companion_of;
    chat.received_at = step.now;
    chat.joined_at = step.now;
    CHATMCP_TRY(chat.relay_key, recorded(relay.relay_key));
    take_over(group.view(), chat);
    CHATMCP_TRY_VOID(note_epoch(step, chat, group.view()));
    CHATMCP_TRY_VOID(mark_spoken(step, chat.id, own.row.account, true));
    step.keep(chat.id, std::move(group));
    return step.home.save(chat);
}

Result<void> carry_create_topic(Step& step, IntentRow& intent) {
    const Task task = intent_task(intent.id);
    CHATMCP_TRY(const bool mine, may_carry(step, intent, task));
    if (mine) {
        CHATMCP_TRY(const ChatId chat, recorded(intent.chat));
        CHATMCP_TRY(mls::Group * group, step.group(chat));
        CHATMCP_TRY(const auto key, admission_key(*group));
        CHATMCP_TRY(const ChatRow row, step.home.known_chat(chat));
        Bytes group_info;
        if (row.public_handshakes) {
            CHATMCP_TRY(group_info, group->group_info(true, false));
        }
        step.send(task,
                  create_topic(topic_address(row.relay_key, chat), key, std::move(group_info)));
    }
    return {};
}

Result<void> progress_invitation(Step& step, IntentRow& intent) {
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    if (intent.stage == look_up) {
        CHATMCP_TRY_VOID(progress_look_up(step, intent, body));
    }
    if (intent.stage == claim) {
        CHATMCP_TRY_VOID(progress_claim(step, intent, body));
    }
    if (intent.stage == make_topic) {
        return progress_make_topic(step, intent, body);
    }
    if (intent.stage == terms) {
        CHATMCP_TRY(const bool known, progress_terms(step, intent, body));
        if (known && intent.kind == IntentKind::ask_stamp_terms) {
            return deliver(step, intent);
        }
        if (known) {
            intent.stage = commit;
            CHATMCP_TRY_VOID(step.home.save(intent));
        }
    }
    return intent.stage == commit ? progress_commit(step, intent) : Result<void>();
}

Result<void> invitation_replied(Step& step,
                                IntentRow& intent,
                                const Task& task,
                                const ReplyBody& reply) {
    if (const auto* log = std::get_if<wire::GetDeviceLog::Reply>(&reply)) {
        return intent.stage == look_up ? device_log_came(step, intent, task, *log) : Result<void>();
    }
    if (const auto* claimed = std::get_if<wire::ClaimKeyPackages::Reply>(&reply)) {
        return intent.stage == claim ? key_packages_came(step, intent, *claimed) : Result<void>();
    }
    if (const auto* told = std::get_if<wire::GetStampTerms::Reply>(&reply)) {
        return intent.stage == terms ? terms_came(step, intent, task, *told) : Result<void>();
    }
    if (std::holds_alternative<wire::CreateTopic::Reply>(reply) && intent.stage == make_topic) {
        intent.stage = commit;
        return step.home.save(intent);
    }
    return {};
}

}  // namespace chatmcp::client
