// SPDX-License-Identifier: MIT
// What the tests of this facade share: a handler that stays inside until it is let go, and an ear for reports.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "support/catch.hpp"

#include <linux/completion.h>
#include <linux/workqueue.h>

/// An item whose handler, once it has said that it runs, waits.
struct gate {
    struct work_struct work;
    struct completion arrived, open;
    int runs;

    gate() noexcept {
        INIT_WORK(&work, pass);
        init_completion(&arrived);
        init_completion(&open);
        runs = 0;
    }
    static void pass(struct work_struct* w) {
        gate* g = container_of(w, gate, work);
        ++g->runs;
        complete(&g->arrived);
        wait_for_completion(&g->open);
    }
    void hold(struct workqueue_struct* wq) {
        queue_work(wq, &work);
        wait_for_completion(&arrived);
    }
};

/// Hears every report while it lives.
class ear {
public:
    ear() noexcept {
        heard().clear();
        before_ = bottomhalf::set_report_listener(&listen);
    }
    ~ear() { bottomhalf::set_report_listener(before_); }
    ear(const ear&) = delete;
    ear& operator=(const ear&) = delete;

    [[nodiscard]] static std::vector<std::string> all() {
        const std::lock_guard g(lock());
        return heard();
    }
    [[nodiscard]] static bool has(const std::string& function) {
        for (const std::string& f : all())
            if (f == function) return true;
        return false;
    }

private:
    static void listen(const bottomhalf::report& r) {
        const std::lock_guard g(lock());
        heard().emplace_back(r.function);
    }
    static std::vector<std::string>& heard() {
        static std::vector<std::string> v;
        return v;
    }
    static std::mutex& lock() {
        static std::mutex m;
        return m;
    }
    bottomhalf::report_listener* before_;
};
