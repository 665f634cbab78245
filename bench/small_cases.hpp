// SPDX-License-Identifier: MIT
#pragma once
// small_cases.hpp: the bodies that explorations are measured with. Four bugs, each as small as it gets, and what mends it:
//
//     abba           two locks, three actors: two of them take both, in the same order or not
//     lost_wakeup    a condition is looked at, and then the word of the wait queue, or the other way round
//     top_half       a counter that an interrupt counts up, too; masked or not
//     delayed_work   a device that goes while the work item that uses it is on a timer, or running; with a worker and a
//                    timer of their own, of the size of a toy
//
// They stand on the engine's operations (atomics, park, unpark), not on the library: what is measured is the simulator.

#include <climits>
#include <cstdint>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

namespace bench::cases {

using engine = bottomhalf::arch::sim;
namespace arch = bottomhalf::arch;
namespace sim = bottomhalf::sim;
using word = std::uint32_t;

inline engine::atomic_ref<word> ref(word& w) { return engine::atomic_ref<word>(w); }

/// A lock of one step, and a sleep.
class lock {
public:
    void take() {
        while (ref(held_).exchange(1) != 0) engine::park(held_, 1, arch::forever, "a lock");
    }
    void give() {
        ref(held_).store(0);
        engine::unpark(held_, 1);
    }

private:
    word held_ = 0;
};

inline void abba(bool mended) {
    lock a, b;
    word x = 0;   // under `a`
    const auto both = [&x](lock& first, lock& second) {
        first.take();
        second.take();
        ++x;
        second.give();
        first.give();
    };
    {
        sim::actor one("one", [&] { both(a, b); });
        sim::actor two("two", [&] { both(mended ? a : b, mended ? b : a); });
        sim::actor three("three", [&] {
            a.take();
            ++x;
            a.give();
        });
    }
    sim::expect(x == 3, "an update was lost");
}

inline void lost_wakeup(bool mended) {
    word condition = 0, wakeups = 0, bystander = 0;
    sim::actor waiter("waiter", [&] {
        while (true) {
            word seen = 0;
            if (mended) seen = ref(wakeups).load();
            if (ref(condition).load() != 0) return;
            if (!mended) seen = ref(wakeups).load();
            engine::park(wakeups, seen, arch::forever, "the condition");
        }
    });
    sim::actor waker("waker", [&] {
        ref(condition).store(1);
        ref(wakeups).fetch_add(1);
        engine::unpark(wakeups, INT_MAX);
    });
    sim::actor other("other", [&] {
        for (int i = 0; i < 3; ++i) ref(bystander).store(1);
    });
}

/// A CPU with one line.
struct cpu : arch::cpu_port {
    word* counter;
    bool served = false;
    explicit cpu(word& n) : counter(&n) {
        owner = this;
        enter = [](arch::cpu_port& port) {
            auto& self = *static_cast<cpu*>(port.owner);
            engine::atomic_ref<std::uint64_t>(self.pending).exchange(0);
            ref(*self.counter).fetch_add(1);
            self.served = true;
            return true;
        };
    }
};

inline void top_half(bool mended) {
    word counter = 0, up = 0;
    cpu port(counter);
    {
        sim::actor driver("driver", [&] {
            engine::attach(port);
            ref(up).store(1);
            engine::unpark(up, 1);
            for (int i = 0; i < 2; ++i) {
                const bool was = mended && engine::irq_save();
                const word n = ref(counter).load();
                ref(counter).store(n + 1);
                if (mended) engine::irq_restore(was);
            }
            while (!port.served) engine::relax(0);
            engine::detach(port);
        });
        sim::actor line("line", [&] {
            while (ref(up).load() == 0) engine::park(up, 0, arch::forever, "the CPU");
            engine::raise(port, 0);
        });
    }
    sim::expect(counter == 3, "an update was lost");
}

/// A completion that counts.
class event {
public:
    void complete() {
        ref(done_).fetch_add(1);
        engine::unpark(done_, 1);
    }
    void wait() {
        while (ref(done_).load() == 0) engine::park(done_, 0, arch::forever, "an event");
        --done_;
    }

private:
    word done_ = 0;
};

/// A queue for one item. Between two steps nobody else runs, so its flags need no lock.
class toy_queue {
public:
    bool queue_delayed(arch::ns_t delay) {
        engine::step();
        if (pending_) return false;
        pending_ = armed_ = true;
        due_ = engine::now() + delay;
        timer_.complete();
        return true;
    }
    bool cancel() {
        engine::step();
        if (!pending_) return false;
        pending_ = armed_ = listed_ = false;
        return true;
    }
    void cancel_sync() {
        while (!cancel() && ref(running_).load() != 0) engine::park(running_, 1, arch::forever, "the handler");
    }
    void stop() {
        stop_ = true;
        timer_.complete();
        work_.complete();
    }
    void turn_wheel() {
        while (!stop_) {
            if (!armed_) {
                timer_.wait();
                continue;
            }
            word never = 0;
            while (engine::now() < due_) engine::park(never, 0, due_, "the timer");
            if (!armed_) continue;
            armed_ = false;
            listed_ = true;
            work_.complete();
        }
    }
    template <class Handler>
    void work(Handler handler) {
        while (true) {
            work_.wait();
            if (stop_) return;
            if (!listed_) continue;
            listed_ = pending_ = false;
            running_ = 1;
            engine::step();
            handler();
            ref(running_).store(0);
            engine::unpark(running_, INT_MAX);
        }
    }

private:
    event timer_, work_;
    bool pending_ = false, armed_ = false, listed_ = false, stop_ = false;
    arch::ns_t due_ = 0;
    word running_ = 0;
};

inline void delayed_work(bool mended) {
    constexpr arch::ns_t ms = 1'000'000;
    bool device_is_there = true;
    toy_queue queue;
    event interrupt;
    sim::actor worker("worker", [&] {
        queue.work([&] {
            sim::expect(device_is_there, "use after free");
            engine::step();
            sim::expect(device_is_there, "use after free");
        });
    });
    sim::actor wheel("wheel", [&] { queue.turn_wheel(); });
    sim::actor irq("irq", [&] {
        queue.queue_delayed(10 * ms);
        interrupt.complete();
    });
    sim::actor remove("remove", [&] {
        interrupt.wait();
        engine::delay(5 * ms);
        if (mended)
            queue.cancel_sync();
        else
            queue.cancel();
        engine::step();
        device_is_there = false;
        queue.stop();
    });
}

struct small_case {
    const char* name;
    void (*body)(bool mended);
};
inline constexpr small_case all[] = {
    {"abba", &abba}, {"lost_wakeup", &lost_wakeup}, {"top_half", &top_half}, {"delayed_work", &delayed_work}};

/// So many schedules, whatever comes of them.
inline sim::options counting(sim::plan how, std::uint64_t schedules) {
    sim::options o;
    o.name = "small case";
    o.how = how;
    o.schedules = schedules;
    o.boots = false;
    o.stops = false;
    o.shrinks = false;
    if (how == sim::plan::bounded) o.depth = 100;   // no end before that of the schedules
    return o;
}
/// What of it has to be true: a bug is found, a mended one is not.
inline bool is_as_it_must_be(bool mended, const sim::result& r) {
    return mended ? r.failures == 0 : r.failures != 0 && r.kind != sim::verdict::not_deterministic;
}

}   // namespace bench::cases
