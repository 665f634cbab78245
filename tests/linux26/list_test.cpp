// SPDX-License-Identifier: MIT
//
// What needs no machine: <linux/list.h>, <linux/bitops.h>, <asm/atomic.h>, <linux/kernel.h>, <linux/slab.h>.
#include "linux26/support.hpp"
#include "support/store_buffering.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <asm/atomic.h>
#include <asm/system.h>
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/vmalloc.h>

using support::reports;

namespace {
struct element {
    int n;
    struct list_head list;
};
struct container {
    LIST_HEAD(head);
    element e[4];
    container() {
        for (int i = 0; i < 4; ++i) {
            e[i].n = i;
            INIT_LIST_HEAD(&e[i].list);
        }
    }
};
std::vector<int> of(struct list_head* head) {
    std::vector<int> v;
    element* pos;
    list_for_each_entry(pos, head, list) v.push_back(pos->n);
    std::vector<int> back;
    list_for_each_entry_reverse(pos, head, list) back.insert(back.begin(), pos->n);
    return v == back ? v : std::vector<int>{-1};
}
using ints = std::vector<int>;
}   // namespace

TEST_CASE("list_head: the usual calls", "[list]") {
    container c;
    LIST_HEAD(other);
    CHECK(list_empty(&c.head));
    CHECK(list_empty_careful(&c.head));
    for (element& e : c.e) list_add_tail(&e.list, &c.head);
    CHECK(of(&c.head) == ints{0, 1, 2, 3});
    CHECK(list_first_entry(&c.head, element, list) == &c.e[0]);
    CHECK(list_entry(c.head.prev, struct element, list) == &c.e[3]);
    list_move(&c.e[2].list, &c.head);
    CHECK(of(&c.head) == ints{2, 0, 1, 3});
    list_move_tail(&c.e[0].list, &c.head);
    CHECK(of(&c.head) == ints{2, 1, 3, 0});
    list_del_init(&c.e[1].list);
    CHECK(list_empty(&c.e[1].list));
    list_add(&c.e[1].list, &other);
    list_splice_init(&c.head, &other);
    CHECK(list_empty(&c.head));
    CHECK(of(&other) == ints{2, 3, 0, 1});
    list_splice_tail_init(&other, &c.head);
    CHECK(of(&c.head) == ints{2, 3, 0, 1});
    element *pos, *next;
    list_for_each_entry_safe(pos, next, &c.head, list) if (pos->n % 2 != 0) list_del(&pos->list);
    CHECK(of(&c.head) == ints{2, 0});
    CHECK(reinterpret_cast<std::uintptr_t>(c.e[1].list.next) == 0x00100100);
    int n = 0;
    struct list_head *p, *q;
    list_for_each(p, &c.head)++ n;
    list_for_each_safe(p, q, &c.head) list_del(p);
    CHECK(n == 2);
    CHECK(list_empty(&c.head));
}

TEST_CASE("bitops: one bit at a time", "[bitops]") {
    DECLARE_BITMAP(map, 100) = {};
    CHECK(ARRAY_SIZE(map) == 2);
    CHECK(test_and_set_bit(70, map) == 0);
    CHECK(test_and_set_bit(70, map) == 1);
    CHECK(test_bit(70, map) == 1);
    CHECK(find_first_bit(map, 100) == 70);
    CHECK(find_first_zero_bit(map, 100) == 0);
    set_bit(3, map);
    change_bit(4, map);
    CHECK(map[0] == 0x18);
    CHECK(find_next_bit(map, 100, 5) == 70);
    CHECK(find_next_bit(map, 100, 71) == 100);
    clear_bit(3, map);
    CHECK(test_and_clear_bit(4, map) == 1);
    CHECK(test_and_change_bit(4, map) == 0);
    __clear_bit(4, map);
    __set_bit(0, map);
    CHECK(map[0] == 1);
    CHECK(fls(0) == 0);
    CHECK(fls(0x80) == 8);
    CHECK(__ffs(0x80) == 7);
    CHECK(ffz(0x7) == 3);
    CHECK(hweight32(0xf0f) == 8);
}

TEST_CASE("atomic_t: counts, and says what it was", "[atomic]") {
    static atomic_t v = ATOMIC_INIT(1);
    CHECK(atomic_dec_and_test(&v) == 1);
    atomic_set(&v, 5);
    atomic_add(3, &v);
    atomic_sub(1, &v);
    atomic_inc(&v);
    atomic_dec(&v);
    CHECK(atomic_read(&v) == 7);
    CHECK(atomic_add_return(3, &v) == 10);
    CHECK(atomic_sub_return(10, &v) == 0);
    CHECK(atomic_inc_not_zero(&v) == 0);
    CHECK(atomic_inc_and_test(&v) == 0);
    CHECK(atomic_inc_not_zero(&v) == 1);
    CHECK(atomic_sub_and_test(2, &v) == 1);
    CHECK(atomic_add_negative(-1, &v) == 1);
    CHECK(atomic_cmpxchg(&v, -1, 9) == -1);
    CHECK(atomic_cmpxchg(&v, -1, 3) == 9);
    CHECK(atomic_xchg(&v, 2) == 9);
}

TEST_CASE("smp_mb: of two who write and then look, one sees the other", "[system]") {
    CHECK(support::both_missed<atomic_t>([](atomic_t& mine, atomic_t& his) {
              atomic_set(&mine, 1);
              smp_mb();
              return atomic_read(&his);
          }) == 0);
}

TEST_CASE("smp_wmb, smp_rmb: pass plain data on", "[system]") {
    atomic_t flag = ATOMIC_INIT(0);
    int data = 0;
    std::thread writer([&] {
        data = 7;
        smp_wmb();
        atomic_set(&flag, 1);
    });
    while (atomic_read(&flag) == 0) std::this_thread::yield();
    smp_rmb();
    CHECK(data == 7);
    writer.join();
}

TEST_CASE("kernel.h: small things", "[kernel]") {
    static_assert(min(3, 2) == 2 && max(3u, 2u) == 3 && min_t(int, 3, 2L) == 2 && max_t(unsigned char, 3, 200) == 200);
    static_assert(sizeof(u8) == 1 && sizeof(u16) == 2 && sizeof(u32) == 4 && sizeof(u64) == 8 && sizeof(s64) == 8);
    int a = 1, b = 2;
    swap(a, b);
    CHECK(a == 2);
    CHECK(likely(a == 2));
    element e{7, {}};
    CHECK(container_of(&e.list, struct element, list)->n == 7);
    reports said;
    CHECK_FALSE(WARN_ON(a == 3));
    CHECK(WARN_ON(a == 2));
    CHECK(reports::with("Badness in ") == 1);
    CHECK(reports::file_of(0) == __FILE__);
}

namespace {
/// What `f` writes to stderr.
template <class F>
std::string stderr_of(F f) {
    int fds[2];
    if (::pipe(fds) != 0) return "no pipe";
    const int before = ::dup(STDERR_FILENO);
    ::dup2(fds[1], STDERR_FILENO);
    f();
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    ::close(fds[1]);
    std::string text(8192, '\0');
    const ssize_t n = ::read(fds[0], text.data(), text.size());
    ::close(fds[0]);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
}
}   // namespace

TEST_CASE("printk: the level goes, and decides", "[kernel][printk]") {
    CHECK(stderr_of([] { printk(KERN_INFO "%s %d\n", "seven", 7); }) == "seven 7\n");
    CHECK(stderr_of([] { printk("plain\n"); }) == "plain\n");
    CHECK(stderr_of([] { printk(KERN_DEBUG "not shown\n"); }).empty());
    console_loglevel = 8;
    CHECK(stderr_of([] { printk(KERN_DEBUG "shown\n"); }) == "shown\n");
    console_loglevel = 7;
    CHECK(stderr_of([] { pr_err("%d", 1), pr_info("two"), pr_debug("three"); }) == "1two");
    CHECK(stderr_of([] { printk("%s", std::string(5000, 'x').c_str()); }).size() == 1023);
    errno = 42;
    stderr_of([] { printk("errno stays\n"); });
    int shown = 0;
    for (int i = 0; i < 100; ++i) shown += printk_ratelimit();
    CHECK(shown == 10);
}

TEST_CASE("kmalloc: converts to any pointer, as in C", "[slab]") {
    element* e = kmalloc(sizeof *e, GFP_KERNEL);
    REQUIRE(e);
    kfree(e);
    char* text = kstrdup("text", GFP_KERNEL);
    CHECK(text == std::string("text"));
    kfree(text);
    e = kzalloc(sizeof *e, GFP_KERNEL);
    CHECK(e->n == 0);
    kfree(e);
    auto* many = static_cast<long*>(kcalloc(10, sizeof(long), GFP_KERNEL));
    CHECK(many[9] == 0);
    kfree(many);
    CHECK((kcalloc(~size_t{0}, 2, GFP_KERNEL) == NULL));
    if ((e = kmalloc(sizeof *e, GFP_ATOMIC)) == NULL) FAIL();
    kfree(e);
    kfree(NULL);
    void* v = vmalloc(100000);
    CHECK(v != nullptr);
    vfree(v);
    reports said;
    kfree(kmalloc(1, GFP_KERNEL));
    CHECK(reports::count() == 0);
}
