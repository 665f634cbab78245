// SPDX-License-Identifier: MIT
// worker_pool_intake.hpp: how what has been pushed into a pool's inbox comes to its worklist.
//
//   inbox, newest first --admit_all()--> worklist, oldest first
//                             \--------> pool_workqueue::inactive   what is over the queue's max_active, until there is room
//                              \-------> another pool               where the item may be running still: keeps()
//
// Admitted, an item counts: for its queue's max_active, and for the flushes of its colour.
#pragma once

#include <cstdint>

#include <bottomhalf/worker_pool.hpp>

namespace bottomhalf {

template <class Arch>
void worker_pool<Arch>::admit(work_item& w, pwq_t& pwq) noexcept {
    // relaxed: a flush that changes the colour takes our lock before it looks at what it must wait for.
    const std::uint32_t colour = atomic<std::uint32_t>(pwq.wq->work_colour).load(relaxed);
    ++pwq.in_flight[colour];
    unsigned long d = detail::word_of(pwq, colour);
    if (pwq.inactive.empty() && has_room(pwq)) {
        ++pwq.nr_active;
        detail::trace_activation<Arch>(w);
        worklist_.push_back(w.entry);
    } else {
        d |= detail::word::INACTIVE;
        pwq.inactive.push_back(w.entry);
    }
    detail::set_word<Arch>(w, d);
    // Both relaxed: a drain sets the flag before it takes our lock, which orders them.
    if (pwq.wq->is(wq_flag::closed)) [[unlikely]]
        atomic<std::uint32_t>(pwq.wq->drain_admissions).fetch_add(1, relaxed);
}

template <class Arch>
void worker_pool<Arch>::activate_first(pwq_t& pwq) noexcept {
    work_item& w = *detail::item_of(pwq.inactive.pop_front());
    detail::data_of<Arch>(w).fetch_and(~detail::word::INACTIVE, relaxed);   // relaxed: keeps a failed claim's release
    ++pwq.nr_active;
    detail::trace_activation<Arch>(w);
    worklist_.push_back(w.entry);
}

/// As a rule all that has come finds room, and comes from no other pool.  So they are taken for such, in one walk from the
/// newest to the oldest, which is then the one that is in the cache; and what is written down about a queue is written once
/// for as many as stand together.  Where one is not such, what has been done is undone, and each has its turn.
template <class Arch>
void worker_pool<Arch>::admit_all(detail::link* newest) noexcept {
    if (newest == nullptr) return;
    detail::link *l = newest, *oldest = nullptr;
    if constexpr (!trace::compiled_in) {   // else each is told of, oldest first
        pwq_t* to = nullptr;
        unsigned long admitted = 0;
        std::uint32_t colour = 0;
        int n = 0, room = 0;
        const auto count = [&]() BOTTOMHALF_NO_TSA {
            if (to == nullptr) return;
            to->in_flight[colour] += static_cast<std::uint32_t>(n);
            to->nr_active += n;
        };
        detail::link *nobody, **back = &nobody;
        while (l != nullptr) {
            work_item& w = *detail::item_of(l);
            if (pwq_t* const its = link_of(w); its != to) {
                if (!its->inactive.empty() || its->wq->is(wq_flag::closed)) [[unlikely]]
                    break;
                count();
                to = its;
                n = 0;
                room = atomic<int>(to->wq->max_active).load(relaxed) - to->nr_active;   // relaxed: see has_room()
                colour = atomic<std::uint32_t>(to->wq->work_colour).load(relaxed);      // relaxed: see admit()
                admitted = detail::word_of(*to, colour);
            }
            if (n >= room || may_run_elsewhere(*l) != nullptr) [[unlikely]]
                break;
            ++n;
            detail::link* const older = l->next;
            l->next = oldest;
            *back = l;
            back = &l->prev;
            detail::set_word<Arch>(w, admitted);
            oldest = l;
            l = older;
        }
        count();
        if (l == nullptr) [[likely]]
            return worklist_.append(*oldest, *newest);
        put_back(oldest);
    }
    admit_in_turn(detail::reversed(l, &detail::link::next, oldest));
}

/// A row of items, admitted in vain: as they were in the inbox.
template <class Arch>
void worker_pool<Arch>::put_back(detail::link* oldest) noexcept {
    for (detail::link* l = oldest; l != nullptr; l = l->next) {
        work_item& w = *detail::item_of(l);
        pwq_t& pwq = *link_of(w);
        --pwq.in_flight[detail::word::colour(detail::data_of<Arch>(w).load(relaxed))];   // relaxed: the lock
        --pwq.nr_active;
        detail::set_word<Arch>(w, detail::word_of(pwq));
        l->prev = nullptr;   // it does not run in another pool: that has been looked at
    }
}

template <class Arch>
void worker_pool<Arch>::admit_in_turn(detail::link* oldest) noexcept {
    bool let_go = false;
    for (detail::link *l = oldest, *next; l != nullptr; l = next) {
        next = l->next;
        work_item& w = *detail::item_of(l);
        if (worker_pool* const last = may_run_elsewhere(*l)) [[unlikely]] {
            in_transit_ = let_go = true;
            lock.unlock();
            const bool stays = last->keeps(w);
            lock.lock();
            in_transit_ = false;
            if (stays) continue;
        }
        admit(w, *link_of(w));
    }
    if (let_go) kick();   // our worker may have looked meanwhile, and fallen asleep
}

/// The pool of an item's last run comes along in the free link.  If it may still be running there, it must not start here; that
/// is for the lock of that pool to decide, and we never hold two.
template <class Arch>
worker_pool<Arch>* worker_pool<Arch>::may_run_elsewhere(detail::link& l) noexcept {
    const auto id = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(l.prev));
    if (id == id_ || id == 0) [[likely]]
        return nullptr;
    worker_pool* const last = by_number(id);
    return last != nullptr && last->may_be_running(*detail::item_of(&l)) ? last : nullptr;
}

/// `w`, on its way to another pool, was last run by this one.  If it still runs here, for the same queue, it belongs here:
/// admitted, and true.  Its word says "inbox" all the while, so flush and cancel come again.
template <class Arch>
bool worker_pool<Arch>::keeps(work_item& w) noexcept {
    lock.lock();
    running_t* r = find_running(w);
    const bool stays = r != nullptr && r->pwq->wq == link_of(w)->wq;
    if (stays) {
        admit(w, *r->pwq);
        kick();
    }
    lock.unlock();
    return stays;
}

/// Until nobody is in the middle of it.  Lets go of the lock.
template <class Arch>
void worker_pool<Arch>::let_others_settle() noexcept {
    for (unsigned round = 0; in_transit_; ++round) {
        lock.unlock();
        Arch::relax(round);
        lock.lock();
    }
}

}   // namespace bottomhalf
