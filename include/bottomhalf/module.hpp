// SPDX-License-Identifier: MIT
// module.hpp: what the facades' <linux/module.h> share: modules that are loaded and unloaded by name of file, and what is
// still under way when they have gone.
#pragma once

#include <cstdio>
#include <cstring>

#include <bottomhalf/delayed_work.hpp>
#include <bottomhalf/irq_thread.hpp>
#include <bottomhalf/machine.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/softirq.hpp>
#include <bottomhalf/sync/kthread.hpp>
#include <bottomhalf/tasklet.hpp>
#include <bottomhalf/timer.hpp>
#include <bottomhalf/work.hpp>

namespace bottomhalf {

namespace detail {
// One for each translation unit: two may have a file of the same name, `driver.c` in different directories.  Not const, so
// that the linker does not fold them.
[[maybe_unused]] static char this_unit;
}   // namespace detail

/// One line module_init() or module_exit(); those of one file, in one translation unit, belong together.
struct module_entry {
    const char* file;
    const void* unit;
    int (*init)();
    void (*exit)();
    module_entry* next = nullptr;
    bool loaded = false;

    [[nodiscard]] bool belongs_to(const module_entry& other) const noexcept {
        return unit == other.unit && std::strcmp(file, other.file) == 0;
    }
};

/// Context of everything: process, one at a time; add(): before main().
class module_list {
public:
    void add(module_entry& e) noexcept {
        e.next = newest_;
        newest_ = &e;
    }
    /// Calls the exit functions of each module that is loaded, once, the last first.  Return: whether there was one.
    bool unload() noexcept {
        bool any = false;
        for (module_entry* i = newest_; i != nullptr; i = i->next) {
            if (!i->loaded) continue;
            any = true;
            for (module_entry* e = newest_; e != nullptr; e = e->next)
                if (e->belongs_to(*i)) e->loaded = false;   // a module may have several init functions
            for (module_entry* e = newest_; e != nullptr; e = e->next)
                if (e->exit != nullptr && e->belongs_to(*i)) e->exit();
        }
        return any;
    }
    /// Calls the init function of each module, in the order of their registration (within a file that of the lines,
    /// between files that of the linker).  Return: 0; or what the first one that failed returned.
    int load() noexcept {
        module_entry* oldest = nullptr;   // turned round for the time being
        for (module_entry* e = newest_; e != nullptr;) {
            module_entry* next = e->next;
            e->next = oldest;
            oldest = e;
            e = next;
        }
        int err = 0;
        newest_ = nullptr;
        while (oldest != nullptr) {
            module_entry* e = oldest;
            oldest = e->next;
            add(*e);
            if (err != 0 || e->init == nullptr || e->loaded) continue;
            err = e->init();
            e->loaded = err == 0;
        }
        return err;
    }

private:
    module_entry* newest_ = nullptr;
};

namespace detail {

/// Says what is under way on `m`: work that is queued, on its timer or running, armed timers of both kinds, scheduled
/// tasklets, interrupt handlers and kthreads; the code that it needs would not be there any more.  Not `own`, an item of ours.
template <class Arch>
void report_leftovers(basic_machine<Arch>& m, const work_item* own, location at) noexcept {
    struct leftover {
        const void* handler;
        const void* object;
        char queue[32];
        char where;   // p: pending, r: running, d: delayed, t: a timer, s: a tasklet, i: an interrupt, k: a kthread
    };
    constexpr unsigned most = 16;
    leftover found[most];
    unsigned n = 0;
    const auto note = [&](char where, const void* handler, const void* object, const char* name) {
        if (n < most) {
            found[n] = {handler, object, {}, where};
            std::snprintf(found[n].queue, sizeof found[n].queue, "%s", name);
        }
        ++n;
    };
    // Only looked at under the locks; said when they are free again.  A running item may be gone already, so nothing
    // but its address is used.
    if (m.is_up())
        m.for_each_work([&](const char* queue, work_item& w, const char* where) {
            if (&w == own) return;
            const bool pending = *where == 'p';
            note(pending ? 'p' : 'r', pending ? handler::template of<Arch>(w).address() : nullptr, &w, queue);
        });
    if (m.is_up())
        m.time().for_each([&](timer_node& t) {
            if (t.function == &delayed_ops<Arch>::expire) {
                delayed_item& d = delayed_of(t);
                note('d', handler::template of<Arch>(d.work).address(), &d,
                     static_cast<const basic_workqueue_struct<Arch>*>(d.wq)->name);
            } else if (t.function == &call_timer_with_data) {
                note('t', reinterpret_cast<const void*>(reinterpret_cast<const data_timer&>(t).function), &t, "");
            } else {
                note('t', reinterpret_cast<const void*>(t.function), &t, "");
            }
        });
    for (unsigned cpu = 0; m.is_up() && cpu < m.nr_cpus(); ++cpu) {
        typename softirq_controller<Arch>::cpu& c = *m.softirqs().of_cpu(cpu);
        const auto look = [&] {
            tasklet_ops<Arch>::for_each(c, [&](const tasklet_node& t) {
                if (!m.irqs().is_own(t)) note('s', tasklet_ops<Arch>::function_of(t), &t, "");
            });
        };
        if (!m.softirqs().hold(c, Arch::now() + m.patience, look))
            say(channel::advice, severity::bug, "module_exit", at,
                "softirqs of CPU %u run and run: what the module left scheduled there is not known", cpu);
    }
    if (m.is_up())
        m.irqs().for_each_action([&](unsigned irq, const irq_action& a) {
            char name[32];
            std::snprintf(name, sizeof name, "%u (%s)", irq, a.name != nullptr ? a.name : "?");
            note('i',
                 a.cookie != nullptr          ? a.cookie
                 : a.thread_cookie != nullptr ? a.thread_cookie
                                              : reinterpret_cast<const void*>(a.handler),
                 a.dev_id, name);
        });
    kthread_ops<Arch>::for_each([&](const kthread<Arch>& k) {
        if (!irq_threads<Arch>::is_one(k)) note('k', reinterpret_cast<const void*>(k.function), &k, k.self.comm);
    });
    for (unsigned i = 0; i < n && i < most; ++i) {
        const leftover& l = found[i];
        if (l.where == 'p' || l.where == 'd')
            say(channel::advice, severity::bug, "module_exit", at, "the module left work %s %s: handler %p, item %p",
                l.where == 'p' ? "queued on" : "on its timer for", l.queue, l.handler, l.object);
        else if (l.where == 'r')
            say(channel::advice, severity::bug, "module_exit", at, "the module left work running on %s: item %p",
                l.queue, l.object);
        else if (l.where == 's')
            say(channel::advice, severity::bug, "module_exit", at,
                "the module left a tasklet scheduled: function %p, tasklet %p", l.handler, l.object);
        else if (l.where == 'i')
            say(channel::advice, severity::bug, "module_exit", at,
                "the module left irq %s requested: handler %p, dev_id %p", l.queue, l.handler, l.object);
        else if (l.where == 'k')
            say(channel::advice, severity::bug, "module_exit", at,
                "the module left the kthread %s: function %p, task %p", l.queue, l.handler, l.object);
        else
            say(channel::advice, severity::bug, "module_exit", at,
                "the module left a timer armed: function %p, timer %p", l.handler, l.object);
    }
    if (n > most) say(channel::advice, severity::bug, "module_exit", at, "and %u more", n - most);
    if (m.is_up()) m.report_companions(at);
}

}   // namespace detail
}   // namespace bottomhalf
