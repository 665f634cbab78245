// SPDX-License-Identifier: MIT
// <linux/kfifo.h>, <linux/circ_buf.h>, <linux/uaccess.h>.
#include "linux6/support.hpp"

#include <string>
#include <thread>

#include <linux/circ_buf.h>
#include <linux/irqflags.h>
#include <linux/kfifo.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

namespace {

struct event {
    int id;
    long value;
};
DEFINE_KFIFO(numbers, int, 8);
struct holder {
    DECLARE_KFIFO(events, struct event, 4);
    DECLARE_KFIFO_PTR(bytes, char);
};

}   // namespace

TEST_CASE("kfifo: bytes come and go as any kind of them", "[linux6][kfifo]") {
    struct {
        DECLARE_KFIFO(u8s, u8, 16);
        struct kfifo plain;
    } ours;
    INIT_KFIFO(ours.u8s);
    const char text[] = "abc";
    CHECK(kfifo_in(&ours.u8s, text, 3) == 3);
    const void* anything = text;
    CHECK(kfifo_in(&ours.u8s, anything, 1) == 1);
    char back[4];
    CHECK(kfifo_out_peek(&ours.u8s, back, 1) == 1);
    spinlock_t lock;
    spin_lock_init(&lock);
    CHECK(kfifo_out_spinlocked(&ours.u8s, back, 4, &lock) == 4);
    CHECK(std::string(back, 4) == "abca");
    signed char others[] = {1, -1};
    CHECK(kfifo_in_spinlocked(&ours.u8s, others, 2, &lock) == 2);
    void* room = back;
    CHECK(kfifo_out(&ours.u8s, room, 2) == 2);
    CHECK(back[1] == -1);

    CHECK(kfifo_alloc(&ours.plain, 32, GFP_KERNEL) == 0);   // of a struct kfifo the elements are bytes
    const struct event e = {1, 2};
    struct event copy = {};
    CHECK(kfifo_in(&ours.plain, &e, sizeof e) == sizeof e);
    CHECK(kfifo_out(&ours.plain, &copy, sizeof copy) == sizeof copy);
    CHECK((copy.id == 1 && copy.value == 2));
    kfifo_free(&ours.plain);
    using fifo = bottomhalf_kfifo_ptr<int>;
    static_assert(!std::is_convertible_v<short*, bottomhalf::linux6::impl::kfifo_from<fifo>>);
    static_assert(!std::is_convertible_v<const int*, bottomhalf::linux6::impl::kfifo_to<fifo>>);
}

TEST_CASE("kfifo: in, out, and round the end", "[linux6][kfifo]") {
    for (int start = 0; start < 20; ++start) {
        kfifo_reset(&numbers);
        numbers.in = numbers.out = static_cast<unsigned int>(start) - 10U;   // also where the counters wrap
        CHECK(kfifo_is_empty(&numbers));
        int x = -1;
        CHECK(kfifo_get(&numbers, &x) == 0);
        CHECK(kfifo_peek(&numbers, &x) == 0);
        const int six[] = {1, 2, 3, 4, 5, 6};
        CHECK(kfifo_in(&numbers, six, 6) == 6);
        CHECK(kfifo_len(&numbers) == 6);
        CHECK(kfifo_avail(&numbers) == 2);
        CHECK(kfifo_peek(&numbers, &x) == 1);
        CHECK(x == 1);
        CHECK(kfifo_in(&numbers, six, 6) == 2);
        CHECK(kfifo_is_full(&numbers));
        CHECK(kfifo_put(&numbers, 9) == 0);
        int out[8] = {};
        CHECK(kfifo_out_peek(&numbers, out, 3) == 3);
        CHECK(out[2] == 3);
        CHECK(kfifo_out(&numbers, out, 5) == 5);
        CHECK(out[4] == 5);
        CHECK(kfifo_put(&numbers, 7) == 1);
        kfifo_skip(&numbers);
        CHECK(kfifo_out(&numbers, out, 8) == 3);
        CHECK((out[0] == 1 && out[1] == 2 && out[2] == 7));
        kfifo_put(&numbers, 7);
        kfifo_reset_out(&numbers);
        CHECK(kfifo_is_empty(&numbers));
        kfifo_in(&numbers, six, 3);
        kfifo_skip_count(&numbers, 2);
        CHECK(kfifo_get(&numbers, &x) == 1);
        CHECK(x == 3);
    }
    CHECK(kfifo_size(&numbers) == 8);
    CHECK(kfifo_esize(&numbers) == sizeof(int));
    CHECK(kfifo_initialized(&numbers));
    CHECK(kfifo_recsize(&numbers) == 0);
}

TEST_CASE("kfifo: of structures, of memory from elsewhere", "[linux6][kfifo]") {
    struct holder h = {};
    INIT_KFIFO(h.events);
    const struct event e = {1, 2};
    CHECK(kfifo_put(&h.events, e) == 1);
    struct event f = {};
    CHECK(kfifo_get(&h.events, &f) == 1);
    CHECK(f.value == 2);
    CHECK_FALSE(kfifo_initialized(&h.bytes));
    CHECK(kfifo_alloc(&h.bytes, 1, GFP_KERNEL) == -EINVAL);
    CHECK(kfifo_alloc(&h.bytes, 100, GFP_KERNEL) == 0);
    CHECK(kfifo_size(&h.bytes) == 128);
    CHECK(kfifo_in(&h.bytes, "hello", 5) == 5);
    CHECK(kfifo_peek_len(&h.bytes) == 1);
    char text[6] = {};
    unsigned int copied = 0;
    CHECK(kfifo_to_user(&h.bytes, text, 5, &copied) == 0);
    CHECK(copied == 5);
    CHECK(std::string(text) == "hello");
    CHECK(kfifo_from_user(&h.bytes, "abc", 3, &copied) == 0);
    CHECK(kfifo_len(&h.bytes) == 3);
    kfifo_free(&h.bytes);
    CHECK_FALSE(kfifo_initialized(&h.bytes));

    struct kfifo plain;
    unsigned char memory[20];
    CHECK(kfifo_init(&plain, memory, sizeof memory) == 0);
    CHECK(kfifo_size(&plain) == 16);
    CHECK(kfifo_init(&plain, memory, 1) == -EINVAL);
    CHECK(kfifo_alloc(&plain, 64, GFP_KERNEL) == 0);
    kfifo_free(&plain);
}

TEST_CASE("kfifo: under a lock, which two who put in need", "[linux6][kfifo]") {
    DEFINE_KFIFO(ring, int, 1024);
    DEFINE_SPINLOCK(lock);
    const auto put = [&] {
        const int two[] = {1, 2};
        for (int i = 0; i < 128; ++i) {
            kfifo_in_spinlocked(&ring, two, 2, &lock);
            kfifo_in_locked(&ring, two, 2, &lock);
        }
    };
    std::thread other(put);
    put();
    other.join();
    CHECK(kfifo_is_full(&ring));
    CHECK_FALSE(spin_is_locked(&lock));
    CHECK_FALSE(irqs_disabled());
    int out[4] = {}, sum = 0;
    while (kfifo_out_spinlocked(&ring, out, 3, &lock) == 3 && kfifo_out_locked(&ring, out + 3, 1, &lock) == 1)
        for (const int n : out) sum += n;
    CHECK(sum == 1536);
}

TEST_CASE("kfifo: one puts in and one takes out, without a lock", "[linux6][kfifo]") {
    DEFINE_KFIFO(ring, struct event, 16);
    constexpr int n = 20000;
    std::thread writer([&] {
        for (int i = 0; i < n;)
            if (kfifo_put(&ring, {i, i * 3L}))
                ++i;
            else
                std::this_thread::yield();
    });
    int wrong = 0;
    for (int i = 0; i < n;) {
        struct event some[5];
        const unsigned int got = kfifo_out(&ring, some, 5);
        for (unsigned int k = 0; k < got; ++k, ++i) wrong += some[k].id != i || some[k].value != i * 3L;
        if (got == 0) std::this_thread::yield();
    }
    writer.join();
    CHECK(wrong == 0);
}

TEST_CASE("circ_buf", "[linux6][circ_buf]") {
    struct circ_buf c = {nullptr, 6, 2};
    CHECK(CIRC_CNT(c.head, c.tail, 8) == 4);
    CHECK(CIRC_SPACE(c.head, c.tail, 8) == 3);
    CHECK(CIRC_CNT_TO_END(c.head, c.tail, 8) == 4);
    CHECK(CIRC_SPACE_TO_END(c.head, c.tail, 8) == 2);
    CHECK(CIRC_CNT(1, 6, 8) == 3);
    CHECK(CIRC_CNT_TO_END(1, 6, 8) == 2);
    CHECK(CIRC_SPACE_TO_END(1, 6, 8) == 4);
}

TEST_CASE("uaccess: plain memory, in process context", "[linux6][uaccess]") {
    char to[8] = "xxxxxxx";
    CHECK(copy_to_user(to, "abc", 4) == 0);
    CHECK(std::string(to) == "abc");
    CHECK(copy_to_user(nullptr, "abc", 4) == 4);
    CHECK(copy_from_user(to, "de", 3) == 0);
    CHECK(std::string(to) == "de");
    CHECK(copy_from_user(to, nullptr, 2) == 2);
    CHECK((to[0] == 0 && to[1] == 0));
    CHECK(strncpy_from_user(to, "abcdefghij", 8) == 8);
    CHECK(strncpy_from_user(to, "abc", 8) == 3);
    CHECK(strncpy_from_user(to, nullptr, 8) == -EFAULT);
    CHECK(clear_user(to, 8) == 0);
    CHECK(to[0] == 0);
    int value = 0;
    const int user = 5;
    int user_to = 0;
    CHECK(get_user(value, &user) == 0);
    CHECK(value == 5);
    CHECK(put_user(value + 1L, &user_to) == 0);
    CHECK(user_to == 6);
    CHECK(put_user(1, static_cast<int*>(nullptr)) == -EFAULT);
    CHECK(access_ok(to, 8));
    ear listening;
    preempt_disable();
    CHECK(copy_to_user(to, "abc", 4) == 0);
    preempt_enable();
    CHECK(ear::has("copy_to_user"));
}
