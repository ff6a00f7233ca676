#include <cstdio>

#include <gtest/gtest.h>

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    const int failed = RUN_ALL_TESTS();
    // A program that has lost its tests, or a filter that matches none, is no success.
    if (::testing::UnitTest::GetInstance()->successful_test_count() == 0) {
        static_cast<void>(std::fputs("no test ran\n", stderr));
        return 1;
    }
    return failed;
}
