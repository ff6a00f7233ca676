#include "simtee/sandbox.h"

#include <cerrno>
#include <initializer_list>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "simtee/measured_files.h"
#include "simtee/test_support.h"
#include "wire/evidence.h"

namespace chatmcp::simtee {
namespace {

using testing::check_of;

/// A system call that answers with this error number whatever is asked (0: it claims success and
/// does nothing).
struct Fault {
    int call;
    int error_number;
    std::vector<scmp_arg_cmp> conditions;
};

scmp_arg_cmp argument(unsigned number, std::uint64_t value) {
    return {number, SCMP_CMP_EQ, value, 0};
}

/// Prepares and releases a sandbox on a machine whose kernel has this fault. The first refusal, or
/// "ok".
std::string start_with(const Fault& fault) {
    const testing::MeasuredExample example;
    return testing::in_child([&]() -> std::string {
        const auto files = copy_and_measure(example.paths);
        const auto door = SocketPair::make();
        const auto quoting = SocketPair::make();
        scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
        if (::seccomp_rule_add_array(filter,
                                     SCMP_ACT_ERRNO(static_cast<unsigned>(fault.error_number)),
                                     fault.call,
                                     static_cast<unsigned>(fault.conditions.size()),
                                     fault.conditions.data()) != 0 ||
            ::seccomp_load(filter) != 0) {
            return "no filter";
        }
        auto sandbox = Sandbox::prepare({.door = door->theirs.get(),
                                         .quoting = quoting->theirs.get(),
                                         .model = files->model.get(),
                                         .configuration = files->configuration.get(),
                                         .program = files->program.get(),
                                         .arguments = {}});
        if (!sandbox.has_value()) {
            return sandbox.error().check;
        }
        return check_of(sandbox->release());
    });
}

TEST(Sandbox, StandsOnThisMachine) {
    EXPECT_EQ(start_with({SCMP_SYS(reboot), EPERM, {}}), "ok");
}

TEST(Sandbox, AMachineWithoutUserNamespacesIsRefusedByName) {
    for (const int error_number : {EPERM, ENOSPC, EUSERS, ENOSYS, EINVAL}) {
        EXPECT_EQ(start_with({SCMP_SYS(clone3), error_number, {}}), "TEE-30");
    }
}

TEST(Sandbox, AUserThatCannotBeMappedIsRefused) {
    // Only the writes to /proc/PID/{setgroups,uid_map,gid_map} open files so.
    EXPECT_EQ(start_with({SCMP_SYS(openat), EPERM, {argument(2, O_WRONLY | O_CLOEXEC)}}), "TEE-31");
}

TEST(Sandbox, NamespacesThatCannotBeConfirmedAreRefused) {
    EXPECT_EQ(start_with({SCMP_SYS(readlink), ENOENT, {}}), "TEE-32");
}

TEST(Sandbox, EveryStepThatTheKernelRefusesEndsTheStart) {
    const struct {
        Fault fault;
        const char* check;
    } cases[] = {
        {{SCMP_SYS(mount), EPERM, {}}, "TEE-33"},
        {{SCMP_SYS(pivot_root), EINVAL, {}}, "TEE-33"},
        {{SCMP_SYS(umount2), EBUSY, {}}, "TEE-33"},
        {{SCMP_SYS(dup2), EMFILE, {}}, "TEE-34"},
        {{SCMP_SYS(dup3), EMFILE, {}}, "TEE-34"},
        {{SCMP_SYS(close_range), ENOSYS, {}}, "TEE-34"},
        {{SCMP_SYS(prlimit64), EPERM, {{2, SCMP_CMP_NE, 0, 0}}}, "TEE-35"},
        {{SCMP_SYS(setresuid), EPERM, {}}, "TEE-36"},
        {{SCMP_SYS(setresgid), EPERM, {}}, "TEE-36"},
        {{SCMP_SYS(personality), EPERM, {}}, "TEE-36"},
        {{SCMP_SYS(prctl), EPERM, {argument(0, PR_SET_PDEATHSIG)}}, "TEE-36"},
        {{SCMP_SYS(prctl), EPERM, {argument(0, PR_CAPBSET_DROP)}}, "TEE-36"},
        {{SCMP_SYS(prctl), EPERM, {argument(0, PR_SET_NO_NEW_PRIVS)}}, "TEE-36"},
        {{SCMP_SYS(capset), EPERM, {}}, "TEE-36"},
        {{SCMP_SYS(landlock_restrict_self), EPERM, {}}, "TEE-36"},
        {{SCMP_SYS(seccomp), EPERM, {}}, "TEE-37"},
        {{SCMP_SYS(execveat), EACCES, {}}, "TEE-38"},
    };
    for (const auto& [fault, check] : cases) {
        EXPECT_EQ(start_with(fault), check) << "system call " << fault.call;
    }
}

// The child is believed in nothing that the kernel can show: here its calls claim to have worked.
TEST(Sandbox, AWallThatIsOnlyClaimedIsNoticedFromOutside) {
    EXPECT_EQ(start_with({SCMP_SYS(prctl), 0, {argument(0, PR_CAPBSET_DROP)}}), "TEE-39");
}

TEST(Sandbox, AKernelWithoutLandlockIsReportedAndNotHidden) {
    const testing::MeasuredExample example;
    const std::string landlock = testing::in_child([&]() -> std::string {
        const auto files = copy_and_measure(example.paths);
        const auto door = SocketPair::make();
        const auto quoting = SocketPair::make();
        scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
        if (::seccomp_rule_add(
                filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) != 0 ||
            ::seccomp_load(filter) != 0) {
            return "no filter";
        }
        auto sandbox = Sandbox::prepare({.door = door->theirs.get(),
                                         .quoting = quoting->theirs.get(),
                                         .model = files->model.get(),
                                         .configuration = files->configuration.get(),
                                         .program = files->program.get(),
                                         .arguments = {}});
        const auto layers = sandbox->release();
        return layers.has_value() && *layers == wire::kRequiredSandboxLayers ? "only the required"
                                                                             : check_of(layers);
    });
    EXPECT_EQ(landlock, "only the required");
}

TEST(Sandbox, TheSettingThatForbidsNamespacesIsNamed) {
    const testing::TemporaryFolder sys;
    std::filesystem::create_directories(sys.file("kernel"));
    std::filesystem::create_directories(sys.file("user"));
    EXPECT_EQ(namespace_advice(sys.file(".")), "");
    sys.write("kernel/unprivileged_userns_clone", "1\n");
    sys.write("user/max_user_namespaces", "96343\n");
    sys.write("kernel/apparmor_restrict_unprivileged_userns", "0\n");
    EXPECT_EQ(namespace_advice(sys.file(".")), "");
    sys.write("kernel/unprivileged_userns_clone", "0\n");
    EXPECT_EQ(namespace_advice(sys.file(".")),
              "kernel.unprivileged_userns_clone is 0; change it with: sysctl -w "
              "kernel.unprivileged_userns_clone=1\n");
    sys.write("user/max_user_namespaces", "0\n");
    sys.write("kernel/apparmor_restrict_unprivileged_userns", "1\n");
    const std::string all = namespace_advice(sys.file("."));
    EXPECT_NE(all.find("sysctl -w user.max_user_namespaces=15000"), std::string::npos);
    EXPECT_NE(all.find("sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
              std::string::npos);
}

TEST(Sandbox, SwapIsSeenOrAssumed) {
    const testing::TemporaryFolder proc;
    const std::string heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
    EXPECT_FALSE(host_is_without_swap(proc.file("."))) << "not readable";
    proc.write("swaps", heading);
    EXPECT_TRUE(host_is_without_swap(proc.file(".")));
    proc.write("swaps", heading + "/dev/sda2\tpartition\t1\t0\t-2\n");
    EXPECT_FALSE(host_is_without_swap(proc.file(".")));
    proc.write("swaps", "");
    EXPECT_FALSE(host_is_without_swap(proc.file(".")));
}

}  // namespace
}  // namespace chatmcp::simtee
