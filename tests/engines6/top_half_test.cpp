// SPDX-License-Identifier: MIT
//
// What a top half may call: printk(), and what allocates with GFP_ATOMIC.
#include "support/facade.hpp"

#include <atomic>
#include <cstring>
#include <string>

#include <unistd.h>

#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/slab.h>

using bottomhalf::linux6::raise_irq;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

constexpr unsigned line = 11;

/// A top half that does what it is told, once for each interrupt.
struct device {
    void (*act)();
    std::atomic<unsigned> handled{0};

    explicit device(void (*f)()) : act(f) { REQUIRE(request_irq(line, &device::top, 0, "device", this) == 0); }
    ~device() { free_irq(line, this); }
    device(const device&) = delete;
    device& operator=(const device&) = delete;

    static irqreturn_t top(int, void* me) {
        static_cast<device*>(me)->act();
        ++static_cast<device*>(me)->handled;
        return IRQ_HANDLED;
    }
    void interrupt() {
        const unsigned before = handled;
        REQUIRE(raise_irq(line));
        wait_until<engine>([&] { return handled != before; });
    }
};
void interrupt(void (*f)()) {
    device d(f);
    d.interrupt();
}

/// What is written to stderr from here on, as far as `expected` goes: read() waits for it.
class stderr_pipe {
public:
    stderr_pipe() {
        REQUIRE(::pipe(ends_) == 0);
        before_ = ::dup(STDERR_FILENO);
        ::dup2(ends_[1], STDERR_FILENO);
    }
    ~stderr_pipe() {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_), ::close(ends_[0]), ::close(ends_[1]);
    }
    stderr_pipe(const stderr_pipe&) = delete;
    stderr_pipe& operator=(const stderr_pipe&) = delete;
    std::string read(std::size_t n) const {
        std::string text(n, '\0');
        for (std::size_t have = 0; have < n;) {
            const ssize_t more = ::read(ends_[0], text.data() + have, n - have);
            if (more <= 0) break;
            have += static_cast<std::size_t>(more);
        }
        return text;
    }

private:
    int ends_[2] = {};
    int before_ = -1;
};

void* held[512];
unsigned nr_held;

}   // namespace

TEST_CASE("printk: what a top half says is printed though nobody else says anything", "[linux6][irq][printk]") {
    on_this_engine([] {
        std::string heard;
        {
            const stderr_pipe out;
            device d([] { pr_info("from above\n"); });
            for (int i = 0; i < 3; ++i) {   // the first starts the thread that prints, the others wake it
                d.interrupt();
                heard += out.read(11);
            }
            d.interrupt();
            printk("from below\n");   // after what has been said before
            heard += out.read(22);
        }
        CHECK(heard == "from above\nfrom above\nfrom above\nfrom above\nfrom below\n");
    });
}

TEST_CASE("printk: what is said after a top half is printed after what that has said", "[linux6][irq][printk]") {
    on_this_engine([] {
        std::string heard, expected;
        {
            const stderr_pipe out;
            device d([] { pr_info("above\n"); });
            for (int i = 0; i < 50; ++i) {
                d.interrupt();
                printk("below\n");   // whoever was to print the other may not have come to it
                heard += out.read(12);
                expected += "above\nbelow\n";
            }
        }
        CHECK(heard == expected);
    });
}

TEST_CASE("kmalloc: GFP_ATOMIC in a top half takes from the reserve, until that is empty", "[linux6][irq][slab]") {
    on_this_engine([] {
        static bool too_large;
        const auto take = [] {
            too_large = kmalloc(5000, GFP_ATOMIC) != nullptr;
            for (nr_held = 0; nr_held < 512; ++nr_held)
                if ((held[nr_held] = kmalloc(600, GFP_ATOMIC)) == nullptr) break;
        };
        const auto give = [] {
            for (unsigned i = 0; i < nr_held; ++i) kfree(held[i]);
        };
        interrupt(take);
        CHECK_FALSE(too_large);
        const unsigned first = nr_held;
        CHECK(first >= 128);   // 64 of 1 KiB, 64 pages; and more where an earlier case has made it run low
        for (unsigned i = 0; i < nr_held; ++i) std::memset(held[i], static_cast<int>(i), ksize(held[i]));
        for (unsigned i = 0; i < nr_held; ++i)
            CHECK(static_cast<unsigned char*>(held[i])[599] == static_cast<unsigned char>(i));
        give();
        interrupt(take);
        CHECK(nr_held >= 128);
        interrupt(give);
        interrupt(take);
        CHECK(nr_held >= 128);
        interrupt(give);
    });
}

TEST_CASE("kmalloc and its kin in a top half, and their memory afterwards", "[linux6][irq][slab]") {
    on_this_engine([] {
        static char *zeroed, *text, *grown, *from_below;
        static unsigned long page, pages;
        static struct kmem_cache *plain, *made;
        static void *one, *two, *aligned;
        static bool was_zero, page_is_aligned;
        plain = kmem_cache_create("plain", 100, 256, 0, nullptr);
        made = kmem_cache_create("made", 40, 0, 0, [](void* p) { std::memset(p, 7, 40); });
        from_below = kmalloc(3000, GFP_KERNEL);
        kmem_cache_free(made, kmem_cache_alloc(made, GFP_KERNEL));   // makes room for some
        interrupt([] {
            zeroed = kzalloc(300, GFP_ATOMIC);
            was_zero = zeroed != nullptr && zeroed[0] == 0 && zeroed[299] == 0;
            text = kstrdup("text", GFP_ATOMIC);
            grown = kmalloc(10, GFP_ATOMIC);
            if (grown != nullptr) std::strcpy(grown, "grows");
            grown = krealloc(grown, 2000, GFP_ATOMIC);
            page = get_zeroed_page(GFP_ATOMIC);
            page_is_aligned = page != 0 && page % PAGE_SIZE == 0;
            pages = __get_free_pages(GFP_ATOMIC, 1);
            one = kmem_cache_alloc(made, GFP_ATOMIC);
            two = kmem_cache_alloc(made, GFP_ATOMIC);
            aligned = kmem_cache_alloc(plain, GFP_ATOMIC);
            kfree(from_below);
            kmem_cache_free(made, one);
        });
        CHECK(was_zero);
        CHECK(std::strcmp(text, "text") == 0);
        CHECK(std::strcmp(grown, "grows") == 0);
        CHECK(ksize(grown) >= 2000);
        CHECK(page_is_aligned);
        CHECK(pages == 0);   // over a page
        REQUIRE(two != nullptr);
        CHECK(static_cast<char*>(two)[39] == 7);
        CHECK(kmem_cache_alloc(made, GFP_KERNEL) == one);   // kept, though it was freed above
        kmem_cache_free(made, one);
        kmem_cache_free(made, two);
        REQUIRE(aligned != nullptr);
        CHECK(reinterpret_cast<unsigned long>(aligned) % 256 == 0);
        kmem_cache_free(plain, aligned);
        kmem_cache_destroy(plain);
        kmem_cache_destroy(made);
        kfree(zeroed), kfree(text), kfree(grown);
        free_page(page);
        kfree(kmalloc(8, GFP_KERNEL));   // what was freed above goes now; the leak checker looks
    });
}

TEST_CASE("kmalloc: GFP_KERNEL in a top half is reported, at its place", "[linux6][irq][slab]") {
    on_this_engine([] {
        static unsigned where;
        interrupt([] {
            where = __LINE__ + 1;
            kfree(kmalloc(16, GFP_KERNEL));
        });
        const support::heard* h = reports::find("kmalloc: BUG: sleeping function called from invalid context");
        if (h == nullptr) h = reports::find("sleeping function called from invalid context");
        REQUIRE(h != nullptr);
        CHECK(h->line == where);
        CHECK(std::string(h->function) == "kmalloc");
        reports::take("sleeping function");
    });
}

TEST_CASE("a tasklet that comes again too often for an interrupt's end goes on in ksoftirqd",
          "[linux6][irq][tasklet]") {
    on_this_engine([] {
        static std::atomic<int> runs;
        static struct tasklet_struct again;
        constexpr int rounds = 20, times = 10;   // of each; the tenth time is one too many
        for (int i = 0; i < rounds; ++i) {
            runs = 0;
            tasklet_setup(&again, [](struct tasklet_struct* t) {
                if (runs + 1 < times + 1) tasklet_schedule(t);
                ++runs;
            });
            interrupt([] { tasklet_schedule(&again); });
            wait_until<engine>([] { return runs == times + 1; });
            tasklet_kill(&again);
        }
        CHECK(runs == times + 1);
    });
}
