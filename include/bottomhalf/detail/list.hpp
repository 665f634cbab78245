// SPDX-License-Identifier: MIT
// list.hpp: the intrusive doubly-linked list that items and timers hang on.  No allocation, O(1) everything.
//
// A `link` that has never been anywhere has null pointers, so that zeroed and constant-initialised memory is a valid idle item;
// one that was has them or not, as it was taken off.
#pragma once

#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::detail {

struct BOTTOMHALF_ALIASES link {
    link* next = nullptr;
    link* prev = nullptr;
    [[nodiscard]] bool linked() const noexcept { return next != nullptr; }
};

/// A circular list around a head of its own.  Not movable: its members point at it.
class list {
public:
    list() noexcept { clear(); }
    list(const list&) = delete;
    list& operator=(const list&) = delete;

    void clear() noexcept { head_.next = head_.prev = &head_; }
    [[nodiscard]] bool empty() const noexcept { return head_.next == &head_; }
    [[nodiscard]] link* front() noexcept { return head_.next; }
    [[nodiscard]] const link* front() const noexcept { return head_.next; }
    [[nodiscard]] link* end() noexcept { return &head_; }
    [[nodiscard]] const link* end() const noexcept { return &head_; }

    void push_back(link& l) noexcept {
        l.next = &head_;
        l.prev = head_.prev;
        head_.prev->next = &l;
        head_.prev = &l;
    }
    void push_front(link& l) noexcept {
        l.next = head_.next;
        l.prev = &head_;
        head_.next->prev = &l;
        head_.next = &l;
    }
    static void erase(link& l) noexcept {
        unlink(l);
        l.next = l.prev = nullptr;
    }
    /// The same; its own links stay as they are, for those who do not look at them again.
    static void unlink(link& l) noexcept {
        link *before = l.prev, *behind = l.next;
        before->next = behind;
        behind->prev = before;
    }
    /// Puts several behind our own in O(1): a row from `first` to `last`, linked both ways.
    void append(link& first, link& last) noexcept {
        first.prev = head_.prev;
        head_.prev->next = &first;
        last.next = &head_;
        head_.prev = &last;
    }
    link* pop_front() noexcept {
        link* l = head_.next;
        erase(*l);
        return l;
    }
    /// Moves all of `from` behind our own, in O(1).
    void take(list& from) noexcept {
        if (from.empty()) return;
        append(*from.head_.next, *from.head_.prev);
        from.clear();
    }

private:
    link head_;
};

/// Turns a list round that is linked by `next`, newest first, as lock-free pushing makes it.  Return: oldest first, and
/// `behind` behind them.
template <class T>
[[nodiscard]] T* reversed(T* newest, T* T::*next = &T::next, T* behind = nullptr) noexcept {
    T* oldest = behind;
    while (newest != nullptr) {
        T* older = newest->*next;
        newest->*next = oldest;
        oldest = newest;
        newest = older;
    }
    return oldest;
}

}   // namespace bottomhalf::detail
