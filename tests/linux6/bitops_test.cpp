// SPDX-License-Identifier: MIT
// <linux/bitops.h>, <linux/find.h>, <linux/bitmap.h>.
#include "linux6/support.hpp"
#include "support/store_buffering.hpp"

#include <thread>
#include <vector>

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/find.h>

TEST_CASE("set_bit and its kin: each way to change a bit, on either side of a word's end", "[linux6][bitops]") {
    for (const unsigned int nr : {0U, 63U, 64U, 127U}) {
        DECLARE_BITMAP(bits, 128) = {};
        set_bit(nr, bits);
        CHECK(test_bit(nr, bits));
        CHECK(bitmap_weight(bits, 128) == 1);
        clear_bit(nr, bits);
        CHECK_FALSE(test_bit(nr, bits));
        CHECK_FALSE(test_and_set_bit(nr, bits));
        CHECK(test_and_set_bit(nr, bits));
        CHECK(test_and_clear_bit(nr, bits));
        CHECK_FALSE(test_and_clear_bit(nr, bits));
        change_bit(nr, bits);
        CHECK(test_and_change_bit(nr, bits));
        CHECK_FALSE(test_and_set_bit_lock(nr, bits));
        CHECK(test_and_set_bit_lock(nr, bits));
        CHECK(test_bit_acquire(nr, bits));
        clear_bit_unlock(nr, bits);
        CHECK_FALSE(__test_and_set_bit(nr, bits));
        CHECK(__test_and_clear_bit(nr, bits));
        __set_bit(nr, bits);
        __change_bit(nr, bits);
        CHECK(bitmap_empty(bits, 128));
        assign_bit(nr, bits, true);
        __clear_bit(nr, bits);
        CHECK(bitmap_empty(bits, 128));
        __assign_bit(nr, bits, true);
        assign_bit(nr, bits, false);
        CHECK(bitmap_empty(bits, 128));
    }
}

TEST_CASE("set_bit, change_bit: threads do not lose each other's", "[linux6][bitops]") {
    unsigned long word = 0, here = 0;
    atomic_t wrong = ATOMIC_INIT(0);
    std::vector<std::thread> threads;
    for (unsigned int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            set_bit(t, &here);
            while (READ_ONCE(here) != 0xf) std::this_thread::yield();   // all begin at once
            for (int i = 0; i < 5001; ++i) {
                change_bit(t, &word);   // nobody else does
                if (test_bit(t, &word) != (i % 2 == 0)) atomic_inc(&wrong);
                set_bit(t + 8, &word);
                if (!test_bit(t + 8, &word)) atomic_inc(&wrong);
                clear_bit(t + 8, &word);
                if (test_bit(t + 8, &word)) atomic_inc(&wrong);
            }
        });
    for (std::thread& t : threads) t.join();
    CHECK(atomic_read(&wrong) == 0);
    CHECK(word == 0xf);
}

TEST_CASE("test_and_set_bit: a full barrier; of two who set and then look, one sees the other", "[linux6][bitops]") {
    CHECK(support::both_missed<unsigned long>([](unsigned long& mine, unsigned long& his) {
              test_and_set_bit(0, &mine);
              return test_bit(0, &his) ? 1 : 0;
          }) == 0);
}

TEST_CASE("a lock of one bit keeps others out and passes data on", "[linux6][bitops]") {
    unsigned long lock = 0;
    long counter = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 2000; ++i) {
                while (test_and_set_bit_lock(5, &lock)) std::this_thread::yield();
                ++counter;
                clear_bit_unlock(5, &lock);
            }
        });
    for (std::thread& t : threads) t.join();
    CHECK(counter == 6000);
}

TEST_CASE("test_bit_acquire: who sees a bit given up sees what was done before", "[linux6][bitops]") {
    unsigned long word = 1UL << 5;
    int data = 0;   // plain: ThreadSanitizer looks
    std::thread owner([&] {
        data = 7;
        clear_bit_unlock(5, &word);
    });
    while (test_bit_acquire(5, &word)) std::this_thread::yield();
    CHECK(data == 7);
    owner.join();
}

TEST_CASE("bits of a word", "[linux6][bitops]") {
    static_assert(__ffs(8) == 3 && __ffs64(1ULL << 40) == 40 && __fls(9) == 3 && ffz(7) == 3);
    static_assert(fls(0) == 0 && fls(1) == 1 && fls(0x80000000U) == 32 && fls64(1ULL << 40) == 41 && fls_long(8) == 4);
    static_assert(hweight8(0x1ff) == 8 && hweight16(0x1ffff) == 16 && hweight32(0xf0f0U) == 8);
    static_assert(hweight64(~0ULL) == 64 && hweight_long(5) == 2);
    static_assert(rol32(0x80000001U, 4) == 0x18 && ror32(0x18, 4) == 0x80000001U && rol8(0x81, 1) == 3);
    static_assert(ror64(1, 1) == 1ULL << 63 && rol64(1ULL << 63, 1) == 1 && rol16(0x8001, 1) == 3 &&
                  ror16(3, 1) == 0x8001);
    static_assert(ror8(3, 1) == 0x81 && rol32(5, 0) == 5 && rol32(5, 32) == 5);
    static_assert(sign_extend32(0xff, 7) == -1 && sign_extend32(0x7f, 7) == 127 && sign_extend64(0x80, 7) == -128);
    static_assert(get_count_order(0) == -1 && get_count_order(1) == 0 && get_count_order(5) == 3);
    static_assert(get_count_order_long(64) == 6);
    CHECK(ffs(8) == 4);
    CHECK(ffs(0) == 0);
    u32 flags = 0xf0;
    CHECK(set_mask_bits(&flags, 0xf0, 0x05) == 0xf0);
    CHECK(flags == 0x05);
}

TEST_CASE("find_*_bit: the next one, or the size", "[linux6][find]") {
    DECLARE_BITMAP(bits, 200) = {};
    DECLARE_BITMAP(other, 200) = {};
    CHECK(find_first_bit(bits, 200) == 200);
    CHECK(find_last_bit(bits, 200) == 200);
    __set_bit(3, bits);
    __set_bit(64, bits);
    __set_bit(199, bits);
    __set_bit(64, other);
    CHECK(find_first_bit(bits, 200) == 3);
    CHECK(find_next_bit(bits, 200, 3) == 3);
    CHECK(find_next_bit(bits, 200, 4) == 64);
    CHECK(find_next_bit(bits, 200, 65) == 199);
    CHECK(find_next_bit(bits, 199, 65) == 199);   // behind the end: that is the size
    CHECK(find_next_bit(bits, 190, 65) == 190);
    CHECK(find_next_bit(bits, 200, 500) == 200);
    CHECK(find_last_bit(bits, 200) == 199);
    CHECK(find_last_bit(bits, 199) == 64);
    CHECK(find_first_and_bit(bits, other, 200) == 64);
    CHECK(find_next_and_bit(bits, other, 200, 65) == 200);
    CHECK(find_next_andnot_bit(bits, other, 200, 4) == 199);
    CHECK(find_first_zero_bit(bits, 200) == 0);
    CHECK(find_next_zero_bit(bits, 200, 3) == 4);
    bitmap_fill(bits, 200);
    CHECK(find_first_zero_bit(bits, 200) == 200);
    __clear_bit(150, bits);
    CHECK(find_first_zero_bit(bits, 200) == 150);

    std::vector<unsigned int> seen;
    unsigned int bit;
    bitmap_zero(bits, 200);
    __set_bit(0, bits);
    __set_bit(63, bits);
    __set_bit(130, bits);
    for_each_set_bit(bit, bits, 200) seen.push_back(bit);
    CHECK(seen == std::vector<unsigned int>{0, 63, 130});
    seen.clear();
    bit = 1;
    for_each_set_bit_from(bit, bits, 200) seen.push_back(bit);
    CHECK(seen == std::vector<unsigned int>{63, 130});
    int clear = 0, i;   // an int will do, as in drivers
    for_each_clear_bit(i, bits, 200)++ clear;
    CHECK(clear == 197);
}

TEST_CASE("bitmaps as sets", "[linux6][bitmap]") {
    constexpr unsigned int n = 100;
    unsigned long* a = bitmap_zalloc(n, GFP_KERNEL);
    unsigned long* b = bitmap_zalloc(n, GFP_KERNEL);
    unsigned long* c = bitmap_alloc(n, GFP_KERNEL);
    REQUIRE((a != nullptr && b != nullptr && c != nullptr));
    CHECK(bitmap_size(n) == 16);
    bitmap_set(a, 10, 60);
    bitmap_set(b, 60, 30);
    CHECK(bitmap_weight(a, n) == 60);
    CHECK(bitmap_and(c, a, b, n));
    CHECK(bitmap_weight(c, n) == 10);
    CHECK(bitmap_subset(c, a, n));
    CHECK_FALSE(bitmap_subset(a, c, n));
    CHECK(bitmap_intersects(a, b, n));
    bitmap_or(c, a, b, n);
    CHECK(bitmap_weight(c, n) == 80);
    bitmap_xor(c, a, b, n);
    CHECK(bitmap_weight(c, n) == 70);
    CHECK(bitmap_andnot(c, a, b, n));
    CHECK(bitmap_weight(c, n) == 50);
    CHECK_FALSE(bitmap_andnot(c, a, a, n));
    CHECK(bitmap_empty(c, n));
    bitmap_complement(c, a, n);
    CHECK(bitmap_weight(c, n) == 40);   // what is behind the last bit does not count
    CHECK_FALSE(bitmap_intersects(a, c, n));
    bitmap_copy(c, a, n);
    CHECK(bitmap_equal(a, c, n));
    __set_bit(120, c);
    CHECK(bitmap_equal(a, c, n));
    bitmap_clear(c, 10, 60);
    CHECK(bitmap_empty(c, n));
    bitmap_fill(c, n);
    CHECK(bitmap_full(c, n));
    CHECK(bitmap_find_next_zero_area(a, n, 0, 10, 0) == 0);
    CHECK(bitmap_find_next_zero_area(a, n, 5, 10, 0) == 70);
    CHECK(bitmap_find_next_zero_area(a, n, 5, 10, 7) == 72);
    CHECK(bitmap_find_next_zero_area(a, n, 0, 40, 0) > n - 40);
    bitmap_free(a);
    bitmap_free(b);
    bitmap_free(c);
}
