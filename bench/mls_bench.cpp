// What a message and a commit cost in groups of different sizes, beside the cryptography in them.

#include "bench/allocations.h"
#include "bench/benches.h"
#include "bench/mls_floor.h"
#include "bench/paired.h"
#include "mls/sending.h"
#include "store/sqlite_key_value.h"
#include "support/mls_filled_group.h"

namespace chatmcp::bench {
namespace {

using testing::FilledGroup;
using testing::MemoryTransaction;
using testing::MlsMember;
using testing::state_of;

constexpr std::size_t kTextBytes = 100;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kMessagesPerCommit = 16;
// "FramedContentTBS" with the prefix of all labels, and two lengths.
constexpr std::size_t kSignLabelBytes = 28;

std::size_t signed_bytes(MlsMember& sender, mls::ContentType type, ByteView body) {
    const mls::EpochState& epoch = state_of(sender).epoch;
    return kSignLabelBytes +
           mls::content_to_be_signed(mls::WireFormat::private_message,
                                     mls::member_content(epoch, type, body).content,
                                     epoch.encoded_context)
               .size();
}

std::size_t aad_bytes(MlsMember& sender) {
    return state_of(sender).group_id().size() + 11;
}

MessageSizes message_sizes(MlsMember& sender) {
    const Bytes text(kTextBytes, 0x74);
    return {.signed_bytes = signed_bytes(sender, mls::ContentType::application, text),
            .plaintext_bytes = kTextBytes + kSignatureBytes + 4,
            .aad_bytes = aad_bytes(sender)};
}

CommitSizes commit_sizes(FilledGroup& group, ByteView commit) {
    wire::Reader reader(commit);
    must(mls::read_message_header(reader), "a commit's header");
    const auto message = must(mls::PrivateMessage::read(reader), "a commit");
    const std::size_t plaintext = message.ciphertext.size() - crypto::kAeadTagBytes;
    const std::size_t body = plaintext - kSignatureBytes - 2 - 33;  // Less the confirmation tag.
    const mls::TreeDraft tree(state_of(group.sender).tree);
    const auto path = tree.filtered_direct_path(mls::LeafIndex{0});
    const auto ancestor =
        mls::common_ancestor(state_of(group.receiver).epoch.own, mls::LeafIndex{0});
    CommitSizes sizes;
    // An application message of the body's size is framed in four bytes more at most.
    sizes.message = {
        .signed_bytes = signed_bytes(group.sender, mls::ContentType::application, Bytes(body)),
        .plaintext_bytes = plaintext,
        .aad_bytes = aad_bytes(group.sender)};
    sizes.path_nodes = path.size();
    sizes.opened_nodes = static_cast<std::size_t>(std::ranges::count_if(
        path, [&](const auto& step) { return mls::is_in_subtree(ancestor, step.node); }));
    while ((std::size_t{1} << sizes.tree_height) < tree.width().value) {
        ++sizes.tree_height;
    }
    sizes.leaf_bytes = wire::encode(*tree.leaf(mls::LeafIndex{0})).size();
    sizes.context_bytes = state_of(group.sender).epoch.encoded_context.size();
    return sizes;
}

/// Sums over all operations of one kind.
struct Totals {
    std::size_t count = 0;
    std::size_t allocations = 0;
    std::size_t written = 0;
    [[nodiscard]] Json to_json() const {
        return {{"allocations", double(allocations) / double(count)},
                {"written", double(written) / double(count)}};
    }
};

/// One operation of ours, timed, with what it allocates and writes.
template <class Operation>
auto counted(Paired& times, Totals& totals, MlsMember& member, Operation operation) {
    member.store.reset_counters();
    const std::size_t before = allocations().count;
    const auto start = SteadyClock::now();
    auto result = operation();
    times.ours.add(microseconds_since(start));
    totals.allocations += allocations().count - before;
    totals.written += member.store.bytes_written;
    ++totals.count;
    return result;
}

Result<mls::Change> follow(MlsMember& member, Transaction& transaction, ByteView commit) {
    CHATMCP_TRY(mls::Received received, member.group->receive(transaction, commit, member.arrival));
    auto* incoming = std::get_if<mls::Incoming>(&received);
    if (incoming == nullptr) {
        return fail(Errc::internal, "not a commit of somebody else");
    }
    CHATMCP_TRY_VOID(incoming->apply(transaction));
    return mls::Change{};
}

class Measurement {
  public:
    explicit Measurement(const Arguments& arguments)
        : suite_(suite_of(arguments)),
          group_({.members = static_cast<std::uint32_t>(arguments.number("--members")),
                  .suite = suite_,
                  .credential_bytes = 10,
                  .component_bytes = 0,
                  .receiver_is_neighbour = true,
                  .random = &random_}),
          floor_(suite_),
          message_(message_sizes(group_.sender)),
          commit_(commit_sizes(group_, first_commit())) {}

    void messages() {
        const std::string text(kTextBytes, 't');
        std::vector<Bytes> sent;
        encrypt_.floor_block(kMessagesPerCommit, [&] { floor_.encrypt(message_); });
        for (std::size_t i = 0; i < kMessagesPerCommit; ++i) {
            sent.push_back(must(counted(encrypt_,
                                        encrypt_totals_,
                                        group_.sender,
                                        [&] { return group_.sender.encrypt(text); }),
                                "encrypt"));
        }
        decrypt_.floor_block(kMessagesPerCommit, [&] { floor_.decrypt(message_); });
        for (const Bytes& message : sent) {
            must(counted(decrypt_,
                         decrypt_totals_,
                         group_.receiver,
                         [&] { return group_.receiver.receive(message); }),
                 "decrypt");
        }
    }

    void commit() {
        create_.floor_block(1, [&] { floor_.create_commit(commit_); });
        const auto start = SteadyClock::now();
        const mls::Bundle bundle =
            must(counted(create_,
                         create_totals_,
                         group_.sender,
                         [&] { return group_.sender.stage({.force_path = true}); }),
                 "make a commit");
        must(group_.sender.confirm(), "confirm a commit");
        applied_.ours.add(microseconds_since(start));
        process_.floor_block(1, [&] { floor_.process_commit(commit_); });
        must(counted(process_,
                     process_totals_,
                     group_.receiver,
                     [&] {
                         return group_.receiver.step([&](Transaction& transaction) {
                             return follow(group_.receiver, transaction, bundle.commit);
                         });
                     }),
             "process a commit");
    }

    [[nodiscard]] Json to_json() const {
        return {{"encrypt", encrypt_.to_json()},
                {"decrypt", decrypt_.to_json()},
                {"create_commit", create_.to_json()},
                {"create_and_apply_commit", {{"ours", applied_.ours.quantile(0.5)}}},
                {"process_commit", process_.to_json()},
                {"encrypt_totals", encrypt_totals_.to_json()},
                {"decrypt_totals", decrypt_totals_.to_json()},
                {"create_commit_totals", create_totals_.to_json()},
                {"process_commit_totals", process_totals_.to_json()}};
    }

  private:
    /// Also the warm-up: caches are filled, and the tree was changed once.
    Bytes first_commit() {
        const mls::Bundle bundle = must(group_.sender.stage({.force_path = true}), "a commit");
        must(group_.sender.confirm(), "confirm a commit");
        must(group_.receiver.follow(bundle.commit), "process a commit");
        return bundle.commit;
    }

    mls::CipherSuite suite_;
    crypto::SystemRandom random_;
    FilledGroup group_;
    MlsFloor floor_;
    MessageSizes message_;
    CommitSizes commit_;
    Paired encrypt_;
    Paired decrypt_;
    Paired create_;
    Paired applied_;
    Paired process_;
    Totals encrypt_totals_;
    Totals decrypt_totals_;
    Totals create_totals_;
    Totals process_totals_;
};

/// A member's state in a file, moved there from the store in memory.
class Disk {
  public:
    Disk(const std::string& path, const testing::MemoryStore& from)
        : file_(must(store::SqliteKeyValue::open(path), "a SQLite file")) {
        const auto transaction = must(file_->begin(), "begin");
        for (const auto& [key, value] : from.records) {
            must(transaction->put(key, value), "put");
        }
        must(transaction->commit(), "commit");
    }

    template <class Step>
    auto step(Step step_of) {
        const auto transaction = must(file_->begin(), "begin");
        auto result = must(step_of(*transaction), "a step");
        must(transaction->commit(), "commit");
        return result;
    }

  private:
    std::unique_ptr<store::SqliteKeyValue> file_;
};

template <class Operation>
auto timed(Samples& samples, Operation operation) {
    const auto start = SteadyClock::now();
    auto result = operation();
    samples.add(microseconds_since(start));
    return result;
}

}  // namespace

Json measure_mls(const Arguments& arguments) {
    Measurement measurement(arguments);
    const std::size_t rounds = arguments.number("--rounds");
    for (std::size_t i = 0; i < rounds; ++i) {
        measurement.messages();
        measurement.commit();
    }
    return measurement.to_json();
}

Json measure_mls_on_disk(const Arguments& arguments) {
    const std::string folder = arguments.text("--folder");
    crypto::SystemRandom random;
    FilledGroup group({.members = static_cast<std::uint32_t>(arguments.number("--members")),
                       .suite = suite_of(arguments),
                       .credential_bytes = 10,
                       .component_bytes = 0,
                       .receiver_is_neighbour = true,
                       .random = &random});
    Disk sender(folder + "/sender", group.sender.store);
    Disk receiver(folder + "/receiver", group.receiver.store);
    DiskProbe probe(folder);
    const Bytes text(kTextBytes, 0x74);
    Samples encrypt;
    Samples decrypt;
    Samples create;
    Samples process;
    for (std::size_t i = 0; i < arguments.number("--rounds"); ++i) {
        probe.sample();
        const Bytes message = timed(encrypt, [&] {
            return sender.step(
                [&](Transaction& t) { return group.sender.group->encrypt(t, text, {}, 0); });
        });
        timed(decrypt, [&] {
            return receiver.step([&](Transaction& t) {
                return group.receiver.group->receive(t, message, group.receiver.arrival);
            });
        });
        const mls::Bundle bundle = timed(create, [&] {
            return sender.step([&](Transaction& t) {
                return group.sender.group->stage(t, {.force_path = true}, group.sender.arrival);
            });
        });
        sender.step([&](Transaction& t) { return group.sender.group->confirm(t); });
        timed(process, [&] {
            return receiver.step(
                [&](Transaction& t) { return follow(group.receiver, t, bundle.commit); });
        });
    }
    return {{"fdatasync", probe.samples().quantile(0.5) * 1000},
            {"encrypt", encrypt.quantile(0.5)},
            {"decrypt", decrypt.quantile(0.5)},
            {"create_commit", create.quantile(0.5)},
            {"process_commit", process.quantile(0.5)}};
}

Json measure_mls_memory(const Arguments& arguments) {
    track_live_bytes();
    FilledGroup group({.members = static_cast<std::uint32_t>(arguments.number("--members")),
                       .suite = suite_of(arguments),
                       .credential_bytes = 10,
                       .component_bytes = 0});
    MlsMember& member = group.receiver;
    const Bytes group_id = to_bytes(member.group->view().group_id());
    member.group.reset();
    const std::ptrdiff_t before = allocations().live_bytes;
    {
        MemoryTransaction transaction(member.store);
        member.group = must(mls::Group::load(member.environment, transaction, group_id), "load");
    }
    const std::ptrdiff_t loaded = allocations().live_bytes - before;
    // The store is in memory too: only what the group itself holds counts.
    const mls::Bundle bundle = must(group.sender.stage({.force_path = true}), "a commit");
    const Bytes message = [&] {
        must(group.sender.confirm(), "confirm");
        return must(group.sender.encrypt("after the commit"), "encrypt");
    }();
    must(member.follow(bundle.commit), "follow");
    must(member.receive(message), "decrypt");
    const std::ptrdiff_t with_group = allocations().live_bytes;
    const std::size_t tree_bytes = member.group->ratchet_tree().size();
    member.group.reset();
    return {{"loaded", loaded},
            {"in_use", with_group - allocations().live_bytes},
            {"tree", tree_bytes}};
}

}  // namespace chatmcp::bench
