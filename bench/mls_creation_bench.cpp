// What a large group costs that is made with one commit, and joined.

#include "bench/benches.h"
#include "bench/mls_floor.h"
#include "bench/paired.h"
#include "cli/lent_threads.h"
#include "support/mls_hostile.h"

namespace chatmcp::bench {
namespace {

using testing::MlsMember;

/// Key packages of others, as bytes, and one of somebody who really joins among them.
struct Newcomers {
    explicit Newcomers(mls::CipherSuite suite, std::size_t count, crypto::Random& random)
        : others("others", 5, {}, &random), joiner("joiner", 6, {}, &random) {
        for (std::size_t i = 0; i < count; ++i) {
            MlsMember& member = i == count / 2 ? joiner : others;
            packages.push_back(member.key_package(suite).key_package);
        }
    }
    MlsMember others;
    MlsMember joiner;
    std::vector<Bytes> packages;
};

void create(MlsMember& member, mls::CipherSuite suite) {
    must(member.step([&](Transaction& transaction) -> Result<void> {
        const mls::GroupSpec spec{.suite = suite,
                                  .group_id = Bytes(32, 0x47),
                                  .components = {},
                                  .extensions = mls::Extensions{}};
        CHATMCP_TRY(
            member.group,
            mls::Group::create(
                member.environment, transaction, spec, member.setup(suite), member.arrival));
        return {};
    }),
         "create");
}

GroupSizes sizes_of(MlsMember& creator, const Newcomers& newcomers, const mls::Bundle& bundle) {
    const mls::GroupState& state = testing::state_of(creator);
    GroupSizes sizes;
    sizes.members = newcomers.packages.size() + 1;
    sizes.leaf_bytes = wire::encode(*state.tree.leaf(mls::LeafIndex{1})).size();
    sizes.key_package_bytes = newcomers.packages[0].size();
    sizes.tree_bytes = creator.group->ratchet_tree().size();
    sizes.commit_bytes = bundle.commit.size();
    sizes.context_bytes = state.epoch.encoded_context.size();
    sizes.group_info_bytes = sizes.tree_bytes + sizes.context_bytes + 200;
    return sizes;
}

}  // namespace

Json measure_mls_creation(const Arguments& arguments) {
    const mls::CipherSuite suite = suite_of(arguments);
    const cli::LentThreads two(2);
    const mls::Parallel* threads = arguments.number("--threads") == 2 ? &two : nullptr;
    crypto::SystemRandom random;
    MlsFloor floor(suite);
    Newcomers newcomers(suite, arguments.number("--members") - 1, random);
    newcomers.joiner.environment.parallel = threads;
    const testing::MemoryStore joiner_before = newcomers.joiner.store;
    mls::Plan plan;
    plan.add = newcomers.packages;
    plan.force_path = true;
    plan.one_welcome = true;
    Paired made;
    Paired joined;
    GroupSizes sizes;
    for (std::size_t round = 0; round <= arguments.number("--rounds"); ++round) {
        MlsMember creator("creator", 7, {}, &random);
        creator.environment.parallel = threads;
        create(creator, suite);
        auto start = SteadyClock::now();
        const mls::Bundle bundle = must(creator.stage(plan), "make the commit");
        must(creator.confirm(), "confirm it");
        const double creation = microseconds_since(start);
        newcomers.joiner.store = joiner_before;
        start = SteadyClock::now();
        must(newcomers.joiner.join(bundle.welcomes.at(0).welcome), "join");
        const double joining = microseconds_since(start);
        if (round == 0) {  // The first one finds nothing in any cache, and tells the sizes.
            sizes = sizes_of(creator, newcomers, bundle);
            floor.create_group(sizes, threads);
            floor.join(sizes, threads);
            continue;
        }
        made.ours.add(creation);
        joined.ours.add(joining);
        made.floor_block(1, [&] { floor.create_group(sizes, threads); });
        joined.floor_block(1, [&] { floor.join(sizes, threads); });
    }
    return {{"create", made.to_json()}, {"join", joined.to_json()}};
}

}  // namespace chatmcp::bench
