// SPDX-License-Identifier: MIT
// <linux/notifier.h>, on either engine: order, stopping, and what keeps a block alive while it is called.
#include "support/facade.hpp"

#include <atomic>
#include <string>

#include <linux/notifier.h>
#include <linux/preempt.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;

namespace {

std::string story;
struct teller {
    struct notifier_block nb;
    char name;
    int says;
};
int tell(struct notifier_block* nb, unsigned long action, void* data) {
    const teller* t = container_of(nb, teller, nb);
    story += t->name;
    story += std::to_string(action);
    if (data != nullptr) ++*static_cast<int*>(data);
    return t->says;
}
teller make(char name, int priority, int says = NOTIFY_OK) { return {{tell, nullptr, priority}, name, says}; }

RAW_NOTIFIER_HEAD(raw_chain);
ATOMIC_NOTIFIER_HEAD(atomic_chain);
BLOCKING_NOTIFIER_HEAD(blocking_chain);

}   // namespace

TEST_CASE("notifiers: by priority, then in the order of their registration, until one stops", "[linux6][notifier]") {
    on_this_engine([] {
        story.clear();
        teller a = make('a', 0), b = make('b', 5), c = make('c', 0), d = make('d', -1, NOTIFY_DONE);
        CHECK(blocking_notifier_call_chain(&blocking_chain, 1, nullptr) == NOTIFY_DONE);
        for (teller* t : {&a, &b, &c, &d}) CHECK(blocking_notifier_chain_register(&blocking_chain, &t->nb) == 0);
        int calls = 0;
        CHECK(blocking_notifier_call_chain(&blocking_chain, 2, &calls) == NOTIFY_DONE);   // as the last one says
        CHECK(story == "b2a2c2d2");
        CHECK(calls == 4);
        story.clear();
        a.says = notifier_from_errno(-EBUSY);
        const int ret = blocking_notifier_call_chain(&blocking_chain, 3, nullptr);
        CHECK(story == "b3a3");
        CHECK(notifier_to_errno(ret) == -EBUSY);
        CHECK((notifier_from_errno(0) == NOTIFY_OK && notifier_to_errno(NOTIFY_OK) == 0));
        CHECK(blocking_notifier_chain_register(&blocking_chain, &a.nb) == -EEXIST);
        CHECK(reports::take("already registered"));
        for (teller* t : {&a, &b, &c, &d}) CHECK(blocking_notifier_chain_unregister(&blocking_chain, &t->nb) == 0);
        CHECK(blocking_notifier_chain_unregister(&blocking_chain, &a.nb) == -ENOENT);
        preempt_disable();
        blocking_notifier_call_chain(&blocking_chain, 1, nullptr);
        preempt_enable();
        CHECK(reports::take("sleeping function called from invalid context"));
    });
}

namespace {
int leave(struct notifier_block* nb, unsigned long, void*) {
    story += 'x';
    raw_notifier_chain_unregister(&raw_chain, nb);
    nb->next = nullptr;   // may be freed
    return NOTIFY_STOP & ~NOTIFY_STOP_MASK;
}
}   // namespace

TEST_CASE("raw notifiers: one may leave while it is called", "[linux6][notifier]") {
    on_this_engine([] {
        story.clear();
        struct notifier_block first = {leave, nullptr, 0};
        teller second = make('b', 0);
        raw_notifier_chain_register(&raw_chain, &first);
        raw_notifier_chain_register(&raw_chain, &second.nb);
        CHECK(raw_notifier_call_chain(&raw_chain, 1, nullptr) == NOTIFY_OK);
        CHECK(raw_notifier_call_chain(&raw_chain, 2, nullptr) == NOTIFY_OK);
        CHECK(story == "xb1b2");
        CHECK(raw_notifier_chain_unregister(&raw_chain, &second.nb) == 0);
        CHECK(raw_notifier_call_chain(&raw_chain, 1, nullptr) == NOTIFY_DONE);
    });
}

namespace {
struct counted {
    struct notifier_block nb;
    int alive, wrong;   // plain: ThreadSanitizer looks
};
int look(struct notifier_block* nb, unsigned long, void*) {
    counted* c = container_of(nb, counted, nb);
    if (c->alive != 1) ++c->wrong;
    engine::relax(0);
    if (c->alive != 1) ++c->wrong;
    return NOTIFY_OK;
}
}   // namespace

TEST_CASE("atomic notifiers: once it is unregistered, nobody is in a block any more", "[linux6][notifier]") {
    on_this_engine([] {
        std::atomic<int> stop{0};
        auto other = call<engine>([&] {
            while (stop.load(std::memory_order_relaxed) == 0) {   // relaxed: orders nothing
                preempt_disable();
                atomic_notifier_call_chain(&atomic_chain, 1, nullptr);
                preempt_enable();
                engine::relax(1);
            }
        });
        for (int i = 0; i < 20; ++i) {
            counted c = {{look, nullptr, 0}, 1, 0};
            CHECK(atomic_notifier_chain_register(&atomic_chain, &c.nb) == 0);
            CHECK(atomic_notifier_call_chain(&atomic_chain, 1, nullptr) == NOTIFY_OK);
            CHECK(atomic_notifier_chain_unregister(&atomic_chain, &c.nb) == 0);
            c.alive = 0;
            for (unsigned round = 0; round < 20; ++round) engine::relax(round);   // whoever is still in there says so
            CHECK(c.wrong == 0);
        }
        stop.store(1, std::memory_order_relaxed);
        other.join();
    });
}
