#include "simtee/measured_files.h"

#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "simtee/test_support.h"
#include "tee/process.h"

namespace chatmcp::simtee {
namespace {

using testing::check_of;

/// Both ways to measure refuse, for the same reason.
struct Example : testing::MeasuredExample {
    void expect_refused(std::string_view check) const {
        EXPECT_EQ(check_of(copy_and_measure(paths)), check);
        EXPECT_EQ(check_of(measure(paths)), check);
    }
};

TEST(MeasuredFiles, TheCopiesAreTheFilesAndBothMeasurementsAgree) {
    const Example example;
    const auto files = copy_and_measure(example.paths);
    ASSERT_TRUE(files.has_value());
    EXPECT_EQ(files->digests.model, crypto::sha256(as_bytes(std::string(3'000'000, 'm'))));
    EXPECT_EQ(files->digests.configuration, crypto::sha256(as_bytes("{}")));
    EXPECT_EQ(files->digests.command_line, wire::command_line_digest(example.paths.arguments));
    const auto digests = measure(example.paths);
    ASSERT_TRUE(digests.has_value());
    EXPECT_EQ(*digests, files->digests);
    EXPECT_EQ(tee::read_sealed(files->configuration.get(), 100).value(), to_bytes(as_bytes("{}")));
}

TEST(MeasuredFiles, NoCopyCanBeChangedOrMappedForWriting) {
    const Example example;
    const auto files = copy_and_measure(example.paths);
    ASSERT_TRUE(files.has_value());
    for (const FileDescriptor* file : {&files->program, &files->model, &files->configuration}) {
        EXPECT_TRUE(tee::check_sealed(file->get()).has_value());
        EXPECT_LT(::pwrite(file->get(), "x", 1, 0), 0);
        EXPECT_LT(::ftruncate(file->get(), 0), 0);
        EXPECT_EQ(::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file->get(), 0),
                  MAP_FAILED);
        // Not even through a descriptor that is opened anew.
        const std::string again = "/proc/self/fd/" + std::to_string(file->get());
        const FileDescriptor writable(::open(again.c_str(), O_RDWR | O_CLOEXEC));
        if (writable.is_open()) {
            EXPECT_LT(::pwrite(writable.get(), "x", 1, 0), 0);
        }
    }
    struct stat status{};
    ASSERT_EQ(::fstat(files->program.get(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0111U) << "may be executed and not read";
}

TEST(MeasuredFiles, ChangesOfTheHostsFilesDoNotReachTheCopies) {
    const Example example;
    const auto files = copy_and_measure(example.paths);
    ASSERT_TRUE(files.has_value());
    example.folder.write("configuration", "{\"evil\":1}");
    example.folder.write("model", "short");
    EXPECT_EQ(tee::read_sealed(files->configuration.get(), 100).value(), to_bytes(as_bytes("{}")));
    const auto model = tee::read_sealed(files->model.get(), 10'000'000);
    ASSERT_TRUE(model.has_value());
    EXPECT_EQ(crypto::sha256(*model), files->digests.model);
    EXPECT_NE(measure(example.paths).value(), files->digests);
}

TEST(MeasuredFiles, ThePathIsNotMeasured) {
    const Example first;
    const Example second;
    ASSERT_NE(first.paths.program, second.paths.program);
    EXPECT_EQ(measure(first.paths).value(), measure(second.paths).value());
}

TEST(MeasuredFiles, EmptyFilesAreMeasuredToo) {
    Example example;
    example.paths.configuration = example.folder.write("empty", "");
    const auto files = copy_and_measure(example.paths);
    ASSERT_TRUE(files.has_value());
    EXPECT_EQ(files->digests.configuration, crypto::sha256(ByteView{}));
}

TEST(MeasuredFiles, WithoutMemoryFilesNothingStarts) {
    const Example example;
    EXPECT_EQ(testing::in_child([&] {
                  // Descriptors up to the source's, and none for the copy.
                  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
                  ::close(next);
                  const auto limit = static_cast<rlim_t>(next) + 1;
                  const rlimit both{limit, limit};
                  ::setrlimit(RLIMIT_NOFILE, &both);
                  return check_of(copy_and_measure(example.paths));
              }),
              "TEE-41");
}

TEST(MeasuredFiles, WhatIsNoOrdinaryReadableFileIsRefused) {
    for (auto member :
         {&MeasuredPaths::program, &MeasuredPaths::model, &MeasuredPaths::configuration}) {
        Example example;
        example.paths.*member = example.folder.file("missing");
        example.expect_refused("TEE-42");
        example.paths.*member = "/dev/zero";
        example.expect_refused("TEE-42");
        example.paths.*member = "/";
        example.expect_refused("TEE-42");
        // Opening a named pipe without anybody at its other end must not wait.
        ASSERT_EQ(::mkfifo(example.folder.file("pipe").c_str(), 0600), 0);
        example.paths.*member = example.folder.file("pipe");
        example.expect_refused("TEE-42");
    }
}

TEST(MeasuredFiles, AFileAboveItsLimitIsRefused) {
    const std::pair<std::string MeasuredPaths::*, std::uint64_t> limits[] = {
        {&MeasuredPaths::program, kProgramMaxBytes},
        {&MeasuredPaths::model, kModelMaxBytes},
        {&MeasuredPaths::configuration, kConfigurationMaxBytes}};
    for (const auto& [member, max_bytes] : limits) {
        Example example;
        example.paths.*member = example.folder.write("large", "");
        std::filesystem::resize_file(example.paths.*member, max_bytes + 1);  // Holes, no blocks.
        example.expect_refused("TEE-43");
    }
}

TEST(MeasuredFiles, ACommandLineAboveItsLimitsIsRefused) {
    Example example;
    example.paths.arguments.assign(wire::kArgumentsMax, "a");
    EXPECT_TRUE(measure(example.paths).has_value());
    example.paths.arguments.emplace_back("a");
    example.expect_refused("TEE-44");
    example.paths.arguments = {std::string(wire::kArgumentMaxBytes, 'a')};
    EXPECT_TRUE(measure(example.paths).has_value());
    example.paths.arguments = {std::string(wire::kArgumentMaxBytes + 1, 'a')};
    example.expect_refused("TEE-44");
}

TEST(MeasuredFiles, AProgramThatNeedsAnInterpreterIsRefused) {
    Example example;
    example.paths.program = "/bin/sh";
    example.expect_refused("TEE-48");
    example.paths.program = example.folder.write("script", "#!/bin/sh\n" + std::string(100, '#'));
    example.expect_refused("TEE-48");
    example.paths.program = example.folder.write("short",
                                                 "\x7f"
                                                 "ELF");
    example.expect_refused("TEE-48");
    // A program whose table of segments is cut off.
    std::filesystem::copy_file(CHATMCP_PROBE, example.folder.file("cut"));
    std::filesystem::resize_file(example.folder.file("cut"), 70);
    example.paths.program = example.folder.file("cut");
    example.expect_refused("TEE-48");
}

}  // namespace
}  // namespace chatmcp::simtee
