// SPDX-License-Identifier: MIT
//
// Softirqs, tasklets and BH queues: where they run, in what order, and who keeps them out.

#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::make_work;
using support::on_engine;
using support::reports;
using support::wait_until;

namespace {

constexpr location here() { return location::current(); }

/// A tasklet that notes down that it ran, and where.
template <class Arch>
struct noted {
    tasklet_node node;
    int id = 0;
    std::vector<int>* order = nullptr;
    std::atomic<int> runs{0};
    std::uint32_t context = 0;
    int cpu = -1;
    bool irqs_off = true;

    explicit noted(int number = 0, std::vector<int>* in = nullptr) : id(number), order(in) {
        node.callback = &run;
        node.use_callback = true;
    }
    static void run(tasklet_node* t) {
        noted& me = *reinterpret_cast<noted*>(t);
        me.context = context_of();
        me.cpu = Arch::current().cpu;
        me.irqs_off = Arch::irqs_masked();
        if (me.order != nullptr) me.order->push_back(me.id);
        ++me.runs;
    }
    static std::uint32_t context_of() { return bottomhalf::context<Arch>::preempt_count(); }
};

template <class Arch>
struct bottom_halves {
    using tasklets = tasklet_ops<Arch>;
    scoped_machine<Arch> m;
    softirq_controller<Arch>& all;

    explicit bottom_halves(unsigned cpus = 2, bool threads = true) : m({.cpus = cpus}), all(m.softirqs()) {
        if (threads) REQUIRE(all.start_threads());
    }
    typename softirq_controller<Arch>::cpu& cpu(unsigned n = 0) { return *all.of_cpu(n); }
    template <class T>
    void schedule(T& t, unsigned on = 0) {
        tasklets::schedule(cpu(on), t.node, tasklets::normal);
    }
};

}   // namespace

TEMPLATE_TEST_CASE("tasklet: scheduled by a task it runs in ksoftirqd, as a softirq of that CPU", "[softirq][tasklet]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh;
        noted<TestType> t;
        bh.schedule(t, 1);
        wait_until<TestType>([&] { return t.runs == 1; });
        CHECK(t.context == softirq_offset);
        CHECK(t.cpu == 1);
        CHECK_FALSE(t.irqs_off);
        tasklet_ops<TestType>::kill_and_wait(t.node, here());
        CHECK(t.runs == 1);
    });
}

TEMPLATE_TEST_CASE("local_bh_disable: nothing runs until the outermost enable, which runs it all, high ones first",
                   "[softirq][tasklet]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using tasklets = tasklet_ops<TestType>;
        bottom_halves<TestType> bh;
        std::vector<int> order;
        std::deque<noted<TestType>> t;
        for (int i = 0; i < 5; ++i) t.emplace_back(i, &order);
        TestType::current().cpu = 0;
        auto& c = bh.cpu();
        bh.all.disable(&c);
        bh.all.disable(&c);
        CHECK(context<TestType>::in_softirq());
        CHECK_FALSE(context<TestType>::in_serving_softirq());
        for (const std::size_t i : {0U, 1U}) bh.schedule(t[i]);
        tasklets::schedule(c, t[2].node, tasklets::high);
        bh.schedule(t[3]);
        tasklets::schedule(c, t[4].node, tasklets::high);
        bh.schedule(t[1]);   // is there already, and keeps its place
        bh.all.enable(here());
        for (int round = 0; round < 50; ++round) TestType::relax(0);   // ksoftirqd may try
        CHECK(order.empty());
        bh.all.enable(here());
        CHECK(order == std::vector<int>{2, 4, 0, 1, 3});
        CHECK(context<TestType>::preempt_count() == 0);
    });
}

TEMPLATE_TEST_CASE("raise: in a top half it runs as that ends, before the code that was interrupted goes on",
                   "[softirq][irq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh(1, false);   // nobody else is there to run it
        noted<TestType> t;
        struct top_half {
            bottom_halves<TestType>* bh;
            noted<TestType>* t;
            int runs_inside = -1;
        } top{&bh, &t};
        REQUIRE(bh.m.events(here()) != nullptr);
        REQUIRE(bh.m.irqs().request(3,
                                    {[](int, void* dev, void*) {
                                         auto& me = *static_cast<top_half*>(dev);
                                         me.bh->schedule(*me.t);
                                         me.bh->schedule(*me.t);
                                         me.runs_inside = me.t->runs;
                                         return irqreturn::handled;
                                     },
                                     nullptr, &top, "device", 0, nullptr},
                                    here()) == 0);
        int after = -1;
        auto interrupted = make_work<TestType>([&] {
            bh.m.irqs().raise(3);   // on its own CPU it is taken at once
            after = t.runs;
        });
        workqueue_ops<TestType>::queue_work_on(0, bh.m.events(here()), interrupted, here());
        flush_work(interrupted);
        CHECK(top.runs_inside == 0);
        CHECK(after == 1);
        CHECK(t.context == softirq_offset);
        CHECK_FALSE(t.irqs_off);
        bh.m.irqs().free(3, &top, here());
    });
}

TEMPLATE_TEST_CASE("raise: while somebody else has that CPU's bottom halves off, it runs as he enables them",
                   "[softirq][irq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh(1, false);
        noted<TestType> t;
        REQUIRE(bh.m.events(here()) != nullptr);
        struct device {
            bottom_halves<TestType>* bh;
            noted<TestType>* t;
            std::atomic<int> interrupts{0};
        } d{&bh, &t};
        REQUIRE(bh.m.irqs().request(3,
                                    {[](int, void* dev, void*) {
                                         auto& me = *static_cast<device*>(dev);
                                         me.bh->schedule(*me.t);
                                         ++me.interrupts;
                                         return irqreturn::handled;
                                     },
                                     nullptr, &d, "device", 0, nullptr},
                                    here()) == 0);
        bh.all.disable(&bh.cpu());
        bh.m.irqs().raise(3);   // on the thread of events/0
        wait_until<TestType>([&] { return d.interrupts == 1; });
        bh.m.irqs().synchronize_hardirq(3);
        CHECK(t.runs == 0);
        bh.all.enable(here());
        CHECK(t.runs == 1);
        bh.m.irqs().free(3, &d, here());
    });
}

TEMPLATE_TEST_CASE("softirq: actions of one CPU never overlap, nor a section without bottom halves",
                   "[softirq][stress]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh(1);
        constexpr int rounds = TestType::simulated ? 20 : 2000, n = 4;
        long shared = 0;   // nothing guards it but that
        struct counter {
            tasklet_node node;
            long* shared;
            std::atomic<int> runs{0};
        };
        std::deque<counter> t(n);
        for (auto& each : t) {
            each.shared = &shared;
            each.node.use_callback = true;
            each.node.callback = [](tasklet_node* node) {
                auto& me = *reinterpret_cast<counter*>(node);
                const long was = *me.shared;
                TestType::step();
                *me.shared = was + 1;
                ++me.runs;
            };
        }

        {
            auto others = support::call<TestType>([&] {
                for (int i = 0; i < rounds; ++i) {
                    bh.all.disable(&bh.cpu());
                    const long was = shared;
                    TestType::step();
                    shared = was + 1;
                    bh.all.enable(here());
                }
            });
            REQUIRE(others.started());
            for (int i = 0; i < rounds; ++i) {
                for (auto& each : t) bh.schedule(each);
                TestType::relax(0);
            }
        }
        for (auto& each : t) tasklet_ops<TestType>::kill_and_wait(each.node, here());
        long runs = 0;
        for (auto& each : t) runs += each.runs;
        CHECK(shared == runs + rounds);
        CHECK(runs >= n);
    });
}

TEMPLATE_TEST_CASE("tasklet: schedules itself, and others have their turn in between", "[softirq][tasklet]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh;
        struct again {
            tasklet_node node;
            bottom_halves<TestType>* bh;
            std::atomic<int> runs{0};
        } self{{}, &bh};
        self.node.use_callback = true;
        self.node.callback = [](tasklet_node* node) {
            auto& me = *reinterpret_cast<again*>(node);
            if (++me.runs < 40) me.bh->schedule(me);   // more than one run of the softirq bears: ksoftirqd goes on
        };
        bh.schedule(self);
        wait_until<TestType>([&] { return self.runs == 40; });
        tasklet_ops<TestType>::kill_and_wait(self.node, here());
        CHECK(self.runs == 40);
    });
}

TEMPLATE_TEST_CASE("tasklet_disable: waits for a run, and holds back the next until it is enabled as often",
                   "[softirq][tasklet]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using tasklets = tasklet_ops<TestType>;
        bottom_halves<TestType> bh;
        support::signal_once<TestType> inside, leave;
        struct slow {
            tasklet_node node;
            support::signal_once<TestType>*inside, *leave;
            std::atomic<int> ended{0};
        } t{{}, &inside, &leave};
        t.node.use_callback = true;
        t.node.callback = [](tasklet_node* node) {
            auto& me = *reinterpret_cast<slow*>(node);
            me.inside->set();
            me.leave->spin();
            ++me.ended;
        };
        bh.schedule(t);
        inside.spin();
        tasklets::disable_nosync(t.node);
        auto waits = support::call<TestType>([&] { tasklets::disable(t.node); });
        for (int i = 0; i < 20; ++i) TestType::relax(0);
        CHECK_FALSE(waits.finished());
        leave.set();
        waits.join();
        CHECK(t.ended == 1);
        bh.schedule(t);
        for (int i = 0; i < 50; ++i) TestType::relax(0);
        CHECK(t.ended == 1);
        tasklets::enable(t.node);
        for (int i = 0; i < 50; ++i) TestType::relax(0);
        CHECK(t.ended == 1);
        tasklets::enable(t.node);
        wait_until<TestType>([&] { return t.ended == 2; });
        tasklets::kill_and_wait(t.node, here());
    });
}

TEMPLATE_TEST_CASE(
    "tasklet: one that is scheduled still at the machine's end is reported, and may be on the next machine",
    "[softirq][tasklet][machine][report]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using tasklets = tasklet_ops<TestType>;
        noted<TestType> normal, high;
        {
            bottom_halves<TestType> bh;
            tasklets::disable_nosync(normal.node);   // so that they stay
            tasklets::disable_nosync(high.node);
            bh.schedule(normal, 1);
            tasklets::schedule(bh.cpu(), high.node, tasklets::high);
        }
        for (const noted<TestType>* t : {&normal, &high}) {
            char text[80];
            std::snprintf(text, sizeof text, "machine: tasklet %p is still scheduled at the machine's end",
                          static_cast<const void*>(&t->node));
            CHECK(reports::take_all(text) == 1);
        }
        bottom_halves<TestType> bh;
        tasklets::enable(normal.node);
        tasklets::enable(high.node);
        bh.schedule(normal);
        tasklets::schedule(bh.cpu(1), high.node, tasklets::high);
        wait_until<TestType>([&] { return normal.runs == 1 && high.runs == 1; });
        tasklets::kill_and_wait(normal.node, here());
        tasklets::kill_and_wait(high.node, here());
    });
}

TEMPLATE_TEST_CASE("softirq: hold() keeps the softirqs of a CPU out, and passes on what came; not for ever",
                   "[softirq][hold]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using tasklets = tasklet_ops<TestType>;
        bottom_halves<TestType> bh;
        noted<TestType> t, late;
        bool was_out = false;
        CHECK(bh.all.hold(bh.cpu(1), arch::forever, [&] {
            bh.schedule(t, 1);
            bh.schedule(late, 0);   // of another CPU it is none
            wait_until<TestType>([&] { return late.runs == 1; });
            int n = 0;
            tasklets::for_each(bh.cpu(1), [&](const tasklet_node& each) { n += &each == &t.node ? 1 : 10; });
            was_out = t.runs == 0 && n == 1;
        }));
        CHECK(was_out);
        wait_until<TestType>([&] { return t.runs == 1; });

        support::gate<TestType> inside;
        static support::gate<TestType>* stays;
        stays = &inside;
        tasklet_node stuck;
        stuck.callback = [](tasklet_node*) { stays->pass_spinning(); };
        stuck.use_callback = true;
        tasklets::schedule(bh.cpu(1), stuck, tasklets::normal);
        inside.wait_until_held();
        CHECK_FALSE(bh.all.hold(bh.cpu(1), TestType::now() + 1'000'000, [] { CHECK(false); }));
        inside.open();
        tasklets::kill_and_wait(stuck, here());
        tasklets::kill_and_wait(t.node, here());
        tasklets::kill_and_wait(late.node, here());
    });
}

TEMPLATE_TEST_CASE("create_queue: 0 is the default for max_active; for bottom halves there is no limit",
                   "[softirq][bh][create_queue]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        scoped_machine<TestType> m{{.cpus = 2}};
        for (const auto& [kind, active] : {std::pair{queue_kind::bh, 0x7fffffff},
                                           {queue_kind::bound, default_active},
                                           {queue_kind::unbound, default_active}}) {
            auto* wq = m.create_queue("zero", kind, 0, nullptr, here());
            REQUIRE(wq != nullptr);
            REQUIRE(wq->max_active == active);   // with 0 nothing would ever begin
            int runs = 0;
            auto item = make_work<TestType>([&] { ++runs; });
            ops::queue_work_on(0, wq, item, here());
            ops::flush_work(item, here());
            CHECK(runs == 1);
            m.destroy_queue(wq, here());
        }
    });
}

TEMPLATE_TEST_CASE("BH queue: its items are work in every respect, but in a softirq", "[softirq][bh]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        scoped_machine<TestType> m{{.cpus = 2}};
        auto* wq = m.create_queue("bh", queue_kind::bh, 0x7fffffff, nullptr, here());
        auto* high = m.create_queue("bh", queue_kind::bh, 0x7fffffff, nullptr, here(), wq_flag::highpri);
        REQUIRE(wq != nullptr);
        REQUIRE(high != nullptr);
        std::vector<int> order;
        std::uint32_t context = 0;
        work_item* current = nullptr;
        int cpu = -1;
        auto first = make_work<TestType>([&] {
            order.push_back(1);
            context = bottomhalf::context<TestType>::preempt_count();
            current = ops::current_work();
            cpu = TestType::current().cpu;
        });
        auto second = make_work<TestType>([&] { order.push_back(2); });
        auto urgent = make_work<TestType>([&] { order.push_back(3); });
        typename softirq_controller<TestType>::cpu& c = *m.softirqs().of_cpu(1);
        TestType::current().cpu = 1;
        m.softirqs().disable(&c);
        CHECK(ops::queue_work_on(1, wq, first, here()));
        CHECK(ops::queue_work_on(1, wq, second, here()));
        CHECK(ops::queue_work_on(1, high, urgent, here()));
        CHECK_FALSE(ops::queue_work_on(1, wq, first, here()));
        CHECK(ops::cancel(second, &ops::no_timer));
        CHECK(order.empty());
        m.softirqs().enable(here());
        CHECK(order == std::vector<int>{3, 1});
        CHECK(context == softirq_offset);
        CHECK(current == &first);
        CHECK(cpu == 1);
        CHECK(ops::queue_work_on(0, wq, second, here()));   // on another CPU
        ops::flush_work(second, here());
        CHECK(order == std::vector<int>{3, 1, 2});
        int runs = 0;
        struct again {
            work_item item;
            basic_workqueue_struct<TestType>* wq;
            int* runs;
        } a{{}, wq, &runs};
        a.item.func = [](work_item* w) {
            auto& me = *reinterpret_cast<again*>(w);
            if (++*me.runs < 8) ops::queue_work(me.wq, *w, here());
        };
        CHECK(ops::queue_work(wq, a.item, here()));
        ops::drain_workqueue(wq, "drain_workqueue", here());
        CHECK(runs == 8);
        m.destroy_queue(wq, here());
        m.destroy_queue(high, here());
    });
}

TEMPLATE_TEST_CASE("BH queue: cancel_sync and disable wait for its handler where one may not sleep, too",
                   "[softirq][bh]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = workqueue_ops<TestType>;
        scoped_machine<TestType> m{{.cpus = 2}};
        auto* wq = m.create_queue("bh", queue_kind::bh, 0x7fffffff, nullptr, here());
        support::signal_once<TestType> inside, leave;
        std::atomic<bool> ended{false}, checked{false};
        auto item = make_work<TestType>([&] {
            inside.set();
            leave.spin();
            ended = true;
        });
        CHECK(ops::queue_work_on(1, wq, item, here()));
        inside.spin();
        {
            auto waits = support::call<TestType>([&] {
                detail::in_context<TestType> atomic(preempt_offset);
                ops::cancel_sync(item, &ops::no_timer, "cancel_work_sync", here());
                checked = ended.load();
            });
            for (int i = 0; i < 20; ++i) TestType::relax(0);
            CHECK_FALSE(waits.finished());
            leave.set();
        }
        CHECK(checked);
        CHECK(ops::queue_work(wq, item, here()));
        m.destroy_queue(wq, here());
    });
}

TEMPLATE_TEST_CASE("softirq: what its action leaves behind is reported and put right", "[softirq][report]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh(1);
        bh.all.open(softirq::net_rx, {[](auto&, void*) { context<TestType>::add(preempt_offset); }, nullptr});
        bh.all.disable(&bh.cpu());
        bh.all.raise(bh.cpu(), softirq::net_rx);
        bh.all.enable(here());
        CHECK(support::reports::take("huh, entered softirq 3 NET_RX"));
        CHECK(context<TestType>::preempt_count() == 0);
        const bool was = TestType::irq_save();
        bh.all.disable(&bh.cpu());
        bh.all.enable(here());
        TestType::irq_restore(was);
        CHECK(support::reports::take("WARN_ON_ONCE(in_hardirq() || irqs_disabled())"));
        bh.all.enable(here());
        CHECK(support::reports::take("bottom halves are enabled once too often"));
        CHECK(context<TestType>::preempt_count() == 0);
        context<TestType>::enable_preemption(here());
        CHECK(support::reports::take("DEBUG_LOCKS_WARN_ON(val > preempt_count())"));
        CHECK(context<TestType>::preempt_count() == 0);
    });
}

TEMPLATE_TEST_CASE("local_bh_disable: left off by a handler it is reported, and does not stay off", "[softirq][report]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh(1);
        noted<TestType> t;
        auto leaks = make_work<TestType>([&] {
            bh.all.disable(&bh.cpu());
            bh.schedule(t);
        });
        workqueue_ops<TestType>::queue_work_on(0, bh.m.events(here()), leaks, here());
        flush_work(leaks);
        wait_until<TestType>([&] { return t.runs == 1; });
        CHECK(support::reports::take("workqueue leaked atomic, lock or RCU"));
        tasklet_ops<TestType>::kill_and_wait(t.node, here());
    });
}

TEMPLATE_TEST_CASE("local_bh_disable: of two tasks of a CPU, one that must not be preempted waits for nobody",
                   "[softirq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh(1);
        noted<TestType> t;
        bh.all.disable(&bh.cpu());
        {
            auto other = support::call<TestType>([&] {
                detail::in_context<TestType> holds_a_lock(preempt_offset);
                bh.all.disable(&bh.cpu());
                bh.schedule(t);
                bh.all.enable(here());
            });
            wait_until<TestType>([&] { return other.finished(); });
        }
        for (int i = 0; i < 50; ++i) TestType::relax(0);
        CHECK(t.runs == 0);
        bh.all.enable(here());
        wait_until<TestType>([&] { return t.runs == 1; });
        tasklet_ops<TestType>::kill_and_wait(t.node, here());
    });
}

TEMPLATE_TEST_CASE("raise: where nobody has started ksoftirqd, and no interrupt comes, it is started", "[softirq]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh(2, false);
        noted<TestType> t;
        {
            detail::in_context<TestType> atomic(preempt_offset);
            bh.schedule(t, 1);
        }
        wait_until<TestType>([&] { return t.runs == 1; });
        tasklet_ops<TestType>::kill_and_wait(t.node, here());
    });
}

TEMPLATE_TEST_CASE("raise: in another machine's interrupt it is not taken for one's own", "[softirq][irq]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottom_halves<TestType> bh(1), other(1);
        noted<TestType> t;
        struct device {
            bottom_halves<TestType>* other;
            noted<TestType>* t;
        } d{&other, &t};
        REQUIRE(bh.m.events(here()) != nullptr);
        REQUIRE(bh.m.irqs().request(3,
                                    {[](int, void* dev, void*) {
                                         auto& me = *static_cast<device*>(dev);
                                         me.other->schedule(*me.t);
                                         return irqreturn::handled;
                                     },
                                     nullptr, &d, "device", 0, nullptr},
                                    here()) == 0);
        bh.m.irqs().raise(3);
        wait_until<TestType>([&] { return t.runs == 1; });
        bh.m.irqs().free(3, &d, here());
        tasklet_ops<TestType>::kill_and_wait(t.node, here());
    });
}
