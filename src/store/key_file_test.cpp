#include "store/key_file.h"

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/store_testing.h"
#include "support/random.h"

namespace chatmcp::store {
namespace {

namespace fs = std::filesystem;

TEST(KeyFile, IsMadeOnceForItsOwnerOnlyAndThenStays) {
    const TemporaryFolder folder;
    crypto::SystemRandom random;
    const ::mode_t before = ::umask(0);
    const auto made = load_or_create_seed(folder.file("key"), random);
    ::umask(before);
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->size(), 32u);
    EXPECT_EQ(fs::status(folder.file("key")).permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    const auto again = load_or_create_seed(folder.file("key"), random);
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(equal(made->view(), again->view()));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);  // Nothing left over.
}

TEST(KeyFile, ManyWhoStartAtOnceGetTheSame) {
    const TemporaryFolder folder;
    std::vector<SecretBytes> seeds(8);
    std::vector<std::thread> threads;
    for (SecretBytes& seed : seeds) {
        threads.emplace_back([&] {
            crypto::SystemRandom random;
            seed = load_or_create_seed(folder.file("key"), random).value();
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const SecretBytes& seed : seeds) {
        EXPECT_TRUE(equal(seed.view(), seeds.front().view()));
    }
}

TEST(KeyFile, AnotherSizeOrALinkOrAFolderIsNoKey) {
    const TemporaryFolder folder;
    testing::SeededRandom random(1);
    std::ofstream(folder.file("short")) << "0123456789";
    fs::permissions(folder.file("short"), fs::perms::owner_read);
    fs::create_directory(folder.file("folder"));
    for (const char* name : {"short", "folder"}) {
        const auto refused = load_or_create_seed(folder.file(name), random);
        ASSERT_FALSE(refused.has_value());
        EXPECT_STREQ(refused.error().check, "STO-16");
    }
    fs::create_symlink(folder.file("short"), folder.file("link"));
    EXPECT_FALSE(load_or_create_seed(folder.file("link"), random).has_value());
}

TEST(KeyFile, AKeyThatOthersCanReadIsRefused) {
    const TemporaryFolder folder;
    testing::SeededRandom random(1);
    ASSERT_TRUE(load_or_create_seed(folder.file("key"), random).has_value());
    fs::permissions(folder.file("key"), fs::perms::group_read, fs::perm_options::add);
    const auto refused = load_or_create_seed(folder.file("key"), random);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::permission_denied);
    EXPECT_STREQ(refused.error().check, "STO-17");
}

}  // namespace
}  // namespace chatmcp::store
