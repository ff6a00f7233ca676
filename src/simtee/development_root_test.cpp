#include "simtee/development_root.h"

#include <filesystem>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simtee/test_support.h"

namespace chatmcp::simtee {
namespace {

using testing::check_of;
using testing::TemporaryFolder;

Result<DevelopmentRoot> open(const std::string& path) {
    crypto::SystemRandom random;
    return DevelopmentRoot::open_or_make(path, random);
}

TEST(DevelopmentRoot, IsMadeOnceForItsUserAloneAndStaysTheSame) {
    const TemporaryFolder folder;
    const std::string path = folder.file("a/b/root");
    const auto first = open(path);
    ASSERT_TRUE(first.has_value());
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    EXPECT_EQ(status.st_size, static_cast<off_t>(DevelopmentRoot::kSecretBytes));
    ASSERT_EQ(::stat(folder.file("a/b").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0700U);
    const auto second = open(path);
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(first->fingerprint(), second->fingerprint());
    EXPECT_NE(first->fingerprint(), open(folder.file("other")).value().fingerprint());
    EXPECT_EQ(first->fingerprint(), wire::root_fingerprint(first->signing_key().public_key()));
    // No draft is left behind.
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(folder.file("a/b"))) {
        ++files;
    }
    EXPECT_EQ(files, 1U);
}

TEST(DevelopmentRoot, OfTwentyLaunchersThatMakeItAtOnceAllGetTheSame) {
    const TemporaryFolder folder;
    const std::string path = folder.file("root");
    std::vector<pid_t> children;
    for (int i = 0; i < 20; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            const auto root = open(path);
            ::_exit(root.has_value() ? root->fingerprint()[0] : 255);
        }
        children.push_back(child);
    }
    std::set<int> seen;
    for (const pid_t child : children) {
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        seen.insert(status);
    }
    EXPECT_EQ(seen, (std::set<int>{open(path).value().fingerprint()[0] << 8}));
}

TEST(DevelopmentRoot, SealingKeysDifferByMeasurementContextAndRoot) {
    const TemporaryFolder folder;
    const auto root = open(folder.file("root"));
    const auto other = open(folder.file("other"));
    wire::Measurement one{};
    wire::Measurement two{};
    two[0] = 1;
    std::set<Bytes> keys;
    const auto add = [&](const SecretBytes& key) {
        EXPECT_EQ(key.size(), 32U);
        return keys.insert(to_bytes(key.view())).second;
    };
    EXPECT_TRUE(add(root->sealing_key(one, as_bytes("a"))));
    EXPECT_TRUE(add(root->sealing_key(one, as_bytes("b"))));
    EXPECT_TRUE(add(root->sealing_key(one, {})));
    EXPECT_TRUE(add(root->sealing_key(two, as_bytes("a"))));
    EXPECT_TRUE(add(other->sealing_key(one, as_bytes("a"))));
    EXPECT_FALSE(add(root->sealing_key(one, as_bytes("a")))) << "the same again";
    EXPECT_TRUE(add(SecretBytes(root->signing_key().seed()))) << "and never the signing key";
}

TEST(DevelopmentRoot, AFileThatOthersCanReadIsRefused) {
    const TemporaryFolder folder;
    const std::string path = folder.file("root");
    ASSERT_TRUE(open(path).has_value());
    for (const mode_t mode : {0640U, 0604U, 0620U, 0601U, 0610U}) {
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
        EXPECT_EQ(check_of(open(path)), "TEE-45");
    }
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    EXPECT_TRUE(open(path).has_value());
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(path.c_str(), 12345, 12345), 0);
        EXPECT_EQ(check_of(open(path)), "TEE-45");
    }
    EXPECT_EQ(check_of(open(folder.file("."))), "TEE-45") << "a folder";
}

TEST(DevelopmentRoot, AFileOfAnotherSizeIsRefused) {
    const TemporaryFolder folder;
    for (const std::size_t size : {0U, 31U, 33U, 64U}) {
        const std::string path = folder.write("root", std::string(size, 'x'));
        ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
        EXPECT_EQ(check_of(open(path)), "TEE-46");
    }
}

TEST(DevelopmentRoot, AFolderThatCannotBeMadeIsRefused) {
    const TemporaryFolder folder;
    EXPECT_EQ(check_of(open("/proc/nothing/root")), "TEE-47");
    const std::string file = folder.write("file", "");
    EXPECT_EQ(check_of(open(file + "/root")), "TEE-47");
    // A link is followed nowhere: it would let another name decide which file is made.
    std::filesystem::create_symlink(folder.file("target"), folder.file("link"));
    EXPECT_EQ(check_of(open(folder.file("link"))), "TEE-47");
}

TEST(DevelopmentRoot, LiesWhereTheUsersStateLies) {
    ::setenv("XDG_STATE_HOME", "/state", 1);
    EXPECT_EQ(default_root_path(), "/state/chatmcp/development-root");
    ::setenv("XDG_STATE_HOME", "relative", 1);
    ::setenv("HOME", "/home/a", 1);
    EXPECT_EQ(default_root_path(), "/home/a/.local/state/chatmcp/development-root");
    ::unsetenv("XDG_STATE_HOME");
    ::unsetenv("HOME");
    EXPECT_EQ(default_root_path(), "");
}

}  // namespace
}  // namespace chatmcp::simtee
