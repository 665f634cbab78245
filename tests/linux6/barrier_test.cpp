// SPDX-License-Identifier: MIT
// <asm/barrier.h>.
#include "linux6/support.hpp"
#include "support/store_buffering.hpp"

#include <thread>

#include <asm/barrier.h>

TEST_CASE("smp_mb: of two who write and then look, one sees the other", "[linux6][barrier]") {
    CHECK(support::both_missed<int>([](int& mine, int& his) {
              WRITE_ONCE(mine, 1);
              smp_mb();
              return READ_ONCE(his);
          }) == 0);
}

TEST_CASE("smp_wmb, smp_rmb; smp_store_release, smp_load_acquire: pass plain data on", "[linux6][barrier]") {
    for (const bool by_fences : {true, false}) {
        int data = 0, flag = 0;
        std::thread writer([&] {
            data = 7;
            if (by_fences) {
                smp_wmb();
                WRITE_ONCE(flag, 1);
            } else {
                smp_store_release(&flag, 1);
            }
        });
        if (by_fences) {
            while (READ_ONCE(flag) == 0) std::this_thread::yield();
            smp_rmb();
        } else {
            while (smp_load_acquire(&flag) == 0) std::this_thread::yield();
        }
        CHECK(data == 7);
        writer.join();
    }
}

TEST_CASE("the other full barriers", "[linux6][barrier]") {
    using word = int;
    CHECK(support::both_missed<word>(
              [](word& mine, word& his) {
                  WRITE_ONCE(mine, 1);
                  mb();
                  return READ_ONCE(his);
              },
              100) == 0);
    CHECK(support::both_missed<word>(
              [](word& mine, word& his) {
                  smp_store_mb(mine, 1);
                  return READ_ONCE(his);
              },
              100) == 0);
    CHECK(support::both_missed<word>(
              [](word& mine, word& his) {
                  WRITE_ONCE(mine, 1);
                  smp_mb__before_atomic();
                  return READ_ONCE(his);
              },
              100) == 0);
    CHECK(support::both_missed<word>(
              [](word& mine, word& his) {
                  WRITE_ONCE(mine, 1);
                  smp_mb__after_atomic();
                  return READ_ONCE(his);
              },
              100) == 0);
    CHECK(support::both_missed<word>(
              [](word& mine, word& his) {
                  WRITE_ONCE(mine, 1);
                  virt_mb();
                  return READ_ONCE(his);
              },
              100) == 0);
}

TEST_CASE("wmb, rmb, and those for devices and hypervisors: pass plain data on", "[linux6][barrier]") {
    for (int which = 0; which < 3; ++which) {
        int data = 0, flag = 0;
        std::thread writer([&] {
            data = 7;
            if (which == 0) wmb();
            if (which == 1) dma_wmb();
            if (which == 2) virt_wmb();
            WRITE_ONCE(flag, 1);
        });
        while (READ_ONCE(flag) == 0) std::this_thread::yield();
        if (which == 0) rmb();
        if (which == 1) dma_rmb();
        if (which == 2) virt_rmb();
        CHECK(data == 7);
        writer.join();
    }
}
