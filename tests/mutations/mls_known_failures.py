#!/usr/bin/python3
"""Undoes, one after the other, what src/mls does against failures that other MLS implementations had, and expects a test to fail.

docs/mls.md says what the fourteen failures are. Each mutation is made in a copy of the tree, so that nothing here changes; a
mutation whose text is no longer there, or that no test notices, is an error.

    mls_known_failures.py [--list] [NUMBER...]     all of them take about half an hour on two cores
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEST_SECONDS_MAX = 600


@dataclass(frozen=True)
class Mutation:
    failure: int  # Its number in docs/mls.md.
    file: str
    before: str
    after: str
    tests: str  # A filter of GoogleTest; at least one of them has to fail.
    program: str = "mls_test"


MUTATIONS = (
    Mutation(1, "src/mls/tree_draft.cpp", "    // Descends below blank nodes too:",
             "    if (parent(index) == nullptr) {\n        return hash(index);\n    }\n    // Descends below blank nodes too:",
             "TreeValidation.EveryTreeOfTheVectorsIsValidWithItsHashesAndResolutions:Seeds/GroupModel.*"),
    Mutation(2, "src/mls/update_path.cpp", '        path_secret = derive_secret(draft.suite(), path_secret.view(), "path");\n',
             '        if (i + 1 < path.size()) {\n            path_secret = derive_secret(draft.suite(), path_secret.view(), "path");\n        }\n',
             "UpdatePath.EveryPathOfTheVectorsOpensForEveryMember"),
    Mutation(3, "src/mls/commit.cpp", "context.epoch = Epoch{before.epoch.value + 1};", "context.epoch = before.epoch;",
             "PassiveClient.FollowsEveryCommitOfTheHandlingCommitVectors"),
    Mutation(3, "src/mls/commit.cpp", "context.extensions = extensions;", "static_cast<void>(extensions);\n    context.extensions = before.extensions;",
             "PassiveClient.FollowsTheInteropScenariosOfOtherImplementations:*Messages.ComponentsAreSetWholeAndSeenByAll*"),
    Mutation(4, "src/mls/update_path.cpp", "    if (!added.empty()) {\n        std::erase_if(", "    if (false) {\n        std::erase_if(",
             "PassiveClient.FollowsEveryCommitOfTheHandlingCommitVectors:Group.TenMembersFollowCommitsWithAndWithoutPathAndAfterEveryReload"),
    Mutation(5, "src/mls/make_commit.cpp", "    DerivedEpoch derived =\n        derive_epoch(std::move(draft.context),",
             "    sign_content(state.suite(), state.epoch.signature_key, wire::encode(draft.context), content);\n"
             "    DerivedEpoch derived =\n        derive_epoch(std::move(draft.context),",
             "Group.TenMembersFollowCommitsWithAndWithoutPathAndAfterEveryReload"),
    Mutation(5, "src/mls/make_commit.cpp", "info.sign(leaf_key);", "static_cast<void>(leaf_key);\n    info.sign(state.epoch.signature_key);",
             "*Messages.WhoIsAddedInACommitThatChangesTheSignatureKeyJoins*"),
    Mutation(6, "src/mls/message_protection.cpp", "    if (equal(digest, state_->epoch.own_commit_hash)) {", "    if (false) {",
             "*Messages.OfOurOwnAreRecognised*"),
    Mutation(6, "src/mls/state_records.cpp", "state.own_commit_hash = to_bytes(own_commit);", "static_cast<void>(own_commit);",
             "*Messages.OfOurOwnAreRecognised*"),
    Mutation(7, "src/wire/tls.cpp", "length <= kOneByteMax) || (form", "length < kOneByteMax) || (form", "Tls.*", "wire_test"),
    Mutation(7, "src/wire/tls.cpp", "length <= kTwoByteMax)) {", "length < kTwoByteMax)) {", "Tls.*", "wire_test"),
    Mutation(8, "src/mls/ratchet_tree.cpp", "if (nodes.empty() || nodes.back().leaf == nullptr) {", "if (nodes.empty()) {",
             "HostileWelcome.TreesThatAreNoTreesAreRefused"),
    Mutation(8, "src/mls/extension.cpp", "    CHATMCP_TRY(const ByteView key, reader.vector(kPublicKeyMaxBytes));\n    CHATMCP_TRY_VOID(reader.finish());\n",
             "    CHATMCP_TRY(const ByteView key, reader.vector(kPublicKeyMaxBytes));\n",
             "Extension.BytesAfterWhatAKnownExtensionHoldsAreRefused"),
    Mutation(9, "src/base/secret.cpp", "    for (std::size_t i = 0; i < a.size(); ++i) {\n        difference",
             "    for (std::size_t i = 0; i + 1 < a.size(); ++i) {\n        difference", "Framing.*:*Messages.EveryFlippedBit*"),
    Mutation(9, "src/base/secret.cpp", "    if (a.size() != b.size()) {\n        return false;\n    }\n",
             "    if (a.size() > b.size()) {\n        return equal_constant_time(b, a);\n    }\n", "Framing.AMembershipTagOfAnySizeButItsOwnIsRefused"),
    Mutation(10, "src/mls/proposal_list.cpp", "if (std::ranges::find(sorted.psks, psk.psk) != sorted.psks.end()) {", "if (false) {",
             "HostileCommit.PreSharedKeysAndGroupsThatEndAreRefusedWhereTheyDoNotBelong"),
    Mutation(10, "src/mls/proposal_list.cpp", "        if (leaf == committer_) {\n            return fail(Errc::invalid_proposals, \"MLS-51\");",
             "        if (false) {\n            return fail(Errc::invalid_proposals, \"MLS-51\");", "HostileCommit.*"),
    Mutation(10, "src/mls/proposal_list.cpp", "if (!touched_.insert(leaf).second) {", "if (false) {",
             "HostileCommit.ListsOfProposalsThatContradictThemselvesAreRefused"),
    Mutation(10, "src/mls/tree_draft.cpp", "static_cast<std::int64_t>(base_->encryption_key_uses(key)) + difference > 1)",
             "static_cast<std::int64_t>(base_->encryption_key_uses(key)) + difference > 9)", "TreeDraft.TwoNodesWithOneKeyAreRefused"),
    Mutation(11, "src/mls/proposal_list.cpp", "    CHATMCP_TRY_VOID(apply_updates_and_removes(draft, sorted, context, effect));",
             "    CHATMCP_TRY_VOID(check_members_support(draft, effect.extensions));\n"
             "    CHATMCP_TRY_VOID(apply_updates_and_removes(draft, sorted, context, effect));",
             "ProposalList.WhoIsRemovedNeedNotSupportWhatTheCommitBrings"),
    Mutation(12, "src/mls/tree_math.cpp", "    if (!in_tree(node, leaves) || node == root(leaves)) {\n        return std::nullopt;",
             "    if (node == root(leaves)) {\n        return std::nullopt;", "TreeMath.NodesOutsideTheTreeHaveNoParentAndNoSibling"),
    Mutation(12, "src/mls/secret_tree.cpp", "generation - ratchet.next_generation > limits.generations_ahead_max",
             "generation - ratchet.next_generation > 100 * limits.generations_ahead_max",
             "SecretTree.GenerationsTooFarAheadAreRefusedBeforeAnyWork"),
    Mutation(13, "src/mls/message_protection.cpp", "    CHATMCP_TRY(AuthenticatedContent content, unprotect_private(suite, message, sender, key));",
             "    CHATMCP_TRY_VOID(epoch.keys->spend(transaction, sender.leaf, message.content_type, sender.generation, state.environment.limits));\n"
             "    CHATMCP_TRY(AuthenticatedContent content, unprotect_private(suite, message, sender, key));",
             "*Messages.EveryFlippedBitIsRefusedAndTheTrueMessageStillWorks*"),
    Mutation(14, "src/mls/make_commit.cpp", "draft.effect.needs_path || plan.rotate.has_value() || plan.force_path", "draft.effect.needs_path || plan.force_path",
             "*Messages.WhoIsAddedInACommitThatChangesTheSignatureKeyJoins*"),
)


class Failed(Exception):
    pass


def run(*command: str, cwd: pathlib.Path, seconds: int = 3600) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=seconds)


def build(copy: pathlib.Path, program: str) -> None:
    done = run("bash", "-c", f"source dev/lib.sh; use_tools; cmake --build build/release --target {program}", cwd=copy)
    if done.returncode != 0:
        raise Failed(f"{program} does not build:\n{done.stdout[-3000:]}")


def test(copy: pathlib.Path, mutation: Mutation) -> bool:
    """Whether the tests pass."""
    program = next((copy / "build/release/src").glob(f"*/{mutation.program}"))
    done = run(str(program), f"--gtest_filter={mutation.tests}", "--gtest_brief=1", cwd=copy, seconds=TEST_SECONDS_MAX)
    if "0 tests from 0 test suites ran" in done.stdout:
        raise Failed(f"no test is named {mutation.tests}")
    return done.returncode == 0


def copy_tree(folder: pathlib.Path) -> pathlib.Path:
    copy = folder / "tree"
    done = run("git", "clone", "-q", "--local", str(ROOT), str(copy), cwd=ROOT)
    if done.returncode != 0:
        raise Failed(done.stderr)
    done = run("bash", "-c", "source dev/lib.sh; use_tools; cmake --preset release", cwd=copy)
    if done.returncode != 0:
        raise Failed(done.stdout[-3000:] + done.stderr[-3000:])
    return copy


def check(copy: pathlib.Path, mutation: Mutation) -> None:
    path = copy / mutation.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutation.before) != 1:
        raise Failed(f"{mutation.file} has the text of the mutation {text.count(mutation.before)} times: {mutation.before.strip()}")
    try:
        path.write_text(text.replace(mutation.before, mutation.after), encoding="utf-8")
        build(copy, mutation.program)
        if test(copy, mutation):
            raise Failed(f"nothing notices {mutation.file}: {mutation.after.strip()}")
    finally:
        path.write_text(text, encoding="utf-8")


def check_all(wanted: list[Mutation], folder: pathlib.Path) -> int:
    copy = copy_tree(folder)
    for program in sorted({mutation.program for mutation in wanted}):
        build(copy, program)
    for mutation in wanted:
        if not test(copy, mutation):
            raise Failed(f"{mutation.tests} fails without any mutation")
    failures = 0
    for mutation in wanted:
        began = time.monotonic()
        try:
            check(copy, mutation)
            said = "noticed"
        except Failed as failure:
            failures += 1
            said = f"FAILED: {failure}"
        print(f"{mutation.failure:2} {mutation.file}: {said} ({time.monotonic() - began:.0f} s)", flush=True)
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", nargs="*", type=int, help="failures of docs/mls.md; all of them if none is named")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    wanted = [mutation for mutation in MUTATIONS if not options.number or mutation.failure in options.number]
    if options.list or not wanted:
        for mutation in wanted:
            print(f"{mutation.failure:2} {mutation.file}: {mutation.tests}")
        return 0 if wanted else 2
    try:
        with tempfile.TemporaryDirectory(prefix="chatmcp-mutations-") as folder:
            failures = check_all(wanted, pathlib.Path(folder))
    except Failed as failure:
        print(f"mls_known_failures: {failure}", file=sys.stderr)
        return 1
    print(f"{len(wanted) - failures} of {len(wanted)} mutations are noticed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
