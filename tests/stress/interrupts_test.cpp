// SPDX-License-Identifier: MIT
//
// Eight lines of two CPUs, a million interrupts in all (fewer under sanitizers): raised by three threads and by the
// handlers, which nest where they are of the kind that does; turned off and on, moved from CPU to CPU, with sections in
// which interrupts are off on both CPUs, and a work item queued by each top half.  No edge is lost, no line runs beside
// itself, no section is torn, and the stack does not grow.
#include <bottomhalf/bottomhalf.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>

#include "storm.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::on_engine;
using support::wait_until;

namespace {

constexpr unsigned lines = 8;

template <class Arch>
struct scene {
    scoped_machine<Arch> m{{.cpus = 2}};
    basic_workqueue_struct<Arch>* events = m.events(location::current());

    struct device {
        scene* all = nullptr;
        unsigned line = 0;
        std::atomic<std::uint64_t> raised{0};   // what the device has: told in order, before its line is raised
        std::uint64_t seen = 0;                 // plain: of one run after the other
        std::atomic<std::uint64_t> told{0};     // the same, for others
        std::atomic<std::uint64_t> calls{0};
        std::atomic<int> inside{0};
        std::atomic<std::uint64_t> worked{0};
        work_item bottom{};
    };
    std::array<device, lines> devices;
    std::atomic<int> beside{0}, backwards{0}, depth{0}, deepest{0}, torn{0};
    std::atomic<std::uintptr_t> stack_low{~std::uintptr_t{0}}, stack_high{0};
    static inline scene* here = nullptr;

    struct both {
        std::uint64_t a = 0, b = 0;   // plain: equal outside of sections
    } per_cpu[2];

    void raise(device& d) {
        d.raised.fetch_add(1, std::memory_order_release);
        m.irqs().raise(d.line);
    }
    static irqreturn top(int, void* p, void*) {
        auto& d = *static_cast<device*>(p);
        scene& s = *d.all;
        if (d.inside.exchange(1) != 0) ++s.beside;
        const int depth = ++s.depth;
        for (int was = s.deepest; was < depth && !s.deepest.compare_exchange_weak(was, depth);) {}
        const auto at = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        if (Arch::current().cpu == 0) {   // of one thread's stack
            for (auto was = s.stack_low.load(); at < was && !s.stack_low.compare_exchange_weak(was, at);) {}
            for (auto was = s.stack_high.load(); at > was && !s.stack_high.compare_exchange_weak(was, at);) {}
        }
        const std::uint64_t now = d.raised.load(std::memory_order_acquire);
        if (now < d.seen) ++s.backwards;
        d.seen = now;
        d.told = now;
        if (Arch::irqs_masked()) s.touch(static_cast<unsigned>(Arch::current().cpu));
        d.calls.fetch_add(1, std::memory_order_relaxed);
        workqueue_ops<Arch>::queue_work(s.events, d.bottom, location::current());
        if (now % 16 == 0) s.raise(s.devices[(d.line + 1) % lines]);
        --s.depth;
        d.inside = 0;
        return irqreturn::handled;
    }
    void touch(unsigned cpu) {
        both& mine = per_cpu[cpu];
        if (mine.a != mine.b) ++torn;
        ++mine.a;
        Arch::step();
        ++mine.b;
    }
    static arch::cpu_port* home() { return here->m.irqs().port(static_cast<unsigned>(Arch::current().cpu)); }
    void section() {
        const bool was = irq_section<Arch>::enter(&home);
        touch(static_cast<unsigned>(Arch::current().cpu));
        if (!was) irq_section<Arch>::leave();
    }
};

}   // namespace

TEMPLATE_TEST_CASE("interrupts: none is lost, torn or beside itself", "[stress][irq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using arch_t = TestType;
        constexpr std::uint64_t each = arch_t::simulated ? 200 : storm::rounds(1'000'000 / 3);
        scene<arch_t> s;
        scene<arch_t>::here = &s;
        arch_t::install_doorbell();
        for (unsigned i = 0; i < lines; ++i) {
            auto& d = s.devices[i];
            d.all = &s;
            d.line = i;
            d.bottom.func = [](work_item* w) {
                auto* mine = reinterpret_cast<typename scene<arch_t>::device*>(
                    reinterpret_cast<char*>(w) - offsetof(typename scene<arch_t>::device, bottom));
                mine->worked = mine->calls.load();
            };
            const unsigned long flags = i < 4 ? irq_flag::legacy : 0;   // half of them nest
            REQUIRE(s.m.irqs().request(i,
                                       {.handler = &scene<arch_t>::top, .dev_id = &d, .name = "storm", .flags = flags},
                                       location::current()) == 0);
            s.m.irqs().set_cpu(i, i % 2);
        }
        std::atomic<int> left{3};
        const auto raise = [&](unsigned who) {
            return [&s, &left, who] {
                storm::dice dice(who);
                for (std::uint64_t i = 0; i < each; ++i) {
                    auto& d = s.devices[dice.below(lines)];
                    s.raise(d);
                    // Not all at once: most would be one.
                    for (unsigned round = 0; round < 100 && d.raised - d.told > 1; ++round) arch_t::relax(round);
                    if (dice.one_in(64)) storm::jitter(dice.below(500));
                    if constexpr (arch_t::simulated) arch_t::step();
                }
                --left;
            };
        };
        const auto disturb = [&](unsigned who) {
            return [&s, &left, who] {
                storm::dice dice(100 + who);
                while (left != 0) {
                    for (unsigned i = dice.below(20); i > 0; --i) s.section();
                    const unsigned line = dice.below(lines);
                    if (dice.one_in(3)) {
                        s.m.irqs().disable(line, dice.one_in(2));
                        storm::jitter(dice.below(200));
                        s.m.irqs().enable(line, location::current());
                    }
                    if (dice.one_in(5)) s.m.irqs().set_cpu(dice.below(lines), dice.below(2));
                    arch_t::relax(who == 0 ? 0 : 100);   // one gives way, where CPUs are few; one does not
                }
            };
        };
        {
            auto r0 = support::call<arch_t>(raise(0), 0), r1 = support::call<arch_t>(raise(1), 1),
                 r2 = support::call<arch_t>(raise(2), 0);
            auto d0 = support::call<arch_t>(disturb(0), 0), d1 = support::call<arch_t>(disturb(1), 1);
            r0.join(), r1.join(), r2.join(), d0.join(), d1.join();
        }
        std::uint64_t raised = 0, calls = 0;
        const auto so_far = [&] {
            std::uint64_t sum = 0;
            for (const auto& d : s.devices) sum += d.raised;
            return sum;
        };
        wait_until<arch_t>([&] {   // all at once: a handler raises another line, at its end
            const std::uint64_t before = so_far();
            for (const auto& d : s.devices)
                if (d.told != d.raised) return false;
            for (unsigned i = 0; i < lines; ++i) s.m.irqs().synchronize(i);
            return so_far() == before;
        });
        for (unsigned i = 0; i < lines; ++i) {
            auto& d = s.devices[i];
            s.m.irqs().free(i, &d, location::current());
            workqueue_ops<arch_t>::flush_work(d.bottom, location::current());
            CHECK(d.seen == d.raised);
            CHECK(d.worked == d.calls);
            raised += d.raised, calls += d.calls;
        }
        CHECK(raised >= 3 * each);
        // Sections, one after the other, do not shut out what is pending: three of four raises found it so when they did.
        if (!arch_t::simulated) CHECK(calls >= raised / 2);
        CHECK(s.beside == 0);
        CHECK(s.backwards == 0);
        CHECK(s.torn == 0);
        for (const auto& b : s.per_cpu) CHECK(b.a == b.b);
        // One thread's: nested handlers are at most nine deep, each with the signal's frame below it.
        const std::uintptr_t stack = s.stack_high > s.stack_low ? s.stack_high - s.stack_low : 0;
        CHECK(stack < 9 * 32'768);
        if (!arch_t::simulated)
            std::printf("%llu interrupts, %llu calls, at most %d deep on both CPUs, %llu bytes of stack between them\n",
                        static_cast<unsigned long long>(raised), static_cast<unsigned long long>(calls),
                        s.deepest.load(), static_cast<unsigned long long>(stack));
    });
}
