#include "simtee/file_descriptor.h"

#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "simtee/test_support.h"

namespace chatmcp::simtee {
namespace {

TEST(FileDescriptor, ClosesWhatItOwnsOnce) {
    int number = -1;
    {
        FileDescriptor first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        number = first.get();
        FileDescriptor second(std::move(first));
        EXPECT_EQ(second.get(), number);
        EXPECT_GE(::fcntl(number, F_GETFD), 0);
        second = FileDescriptor();
        EXPECT_EQ(::fcntl(number, F_GETFD), -1);
        EXPECT_FALSE(second.is_open());
    }
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST(FileDescriptor, ADoorThatIsNoLocalStreamIsRefused) {
    const auto pair = SocketPair::make();
    ASSERT_TRUE(pair.has_value());
    EXPECT_TRUE(check_is_local_stream(pair->ours.get()).has_value());
    const FileDescriptor others[] = {
        FileDescriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)),
        FileDescriptor(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
        FileDescriptor()};
    for (const FileDescriptor& other : others) {
        EXPECT_EQ(testing::check_of(check_is_local_stream(other.get())), "TEE-40");
    }
}

TEST(SocketPair, WithoutDescriptorsThereIsNone) {
    EXPECT_EQ(testing::in_child([] {
                  const rlimit none{0, 0};
                  ::setrlimit(RLIMIT_NOFILE, &none);
                  return testing::check_of(SocketPair::make());
              }),
              "TEE-41");
}

}  // namespace
}  // namespace chatmcp::simtee
