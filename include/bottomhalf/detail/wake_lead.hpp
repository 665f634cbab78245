// SPDX-License-Identifier: MIT
// wake_lead.hpp: to wake up in time.  Who sleeps until a time wakes late: by some 5 us, and by 30 or more where a hypervisor
// has to be asked for the CPU.  By how much differs from one time to the next; but what all of the last ones were late by the
// next one will be, too, so one asks to be woken so much earlier.  Who is woken quickly for once waits for the rest, awake, and
// asks for no more than that was late until a row of wake-ups is over.
//
//   late by   52  35  61  40 ...  the row's least: 35     then asks for it 35 earlier: late by 17  0  26  5
#pragma once

#include <cstdint>

#include <bottomhalf/arch/arch.hpp>

namespace bottomhalf::detail {

/// One thread's.
class wake_lead {
public:
    static constexpr unsigned row = 16;
    static constexpr arch::ns_t most = 100'000;   // to be waited for awake, at worst

    /// How much earlier to ask for it.
    [[nodiscard]] arch::ns_t get() const noexcept { return lead_; }
    /// It woke up so much later than it had asked for.
    void woke(arch::ns_t late) noexcept {
        if (late < 0) late = 0;   // by a clock that has steps
        if (late < least_) least_ = late;
        if (late < lead_) lead_ = late;
        if (++n_ < row) return;
        lead_ = least_ < most ? least_ : most;
        least_ = arch::forever;
        n_ = 0;
    }

private:
    arch::ns_t lead_ = 0, least_ = arch::forever;
    unsigned n_ = 0;
};

/// park() until `due`, and no longer.  May return early if it is told.
template <class Arch>
void park_until(std::uint32_t& word, std::uint32_t v, arch::ns_t due, wake_lead& lead, const char* why) noexcept {
    if (Arch::simulated || due == arch::forever) {   // there a sleeper wakes in time
        Arch::park(word, v, due, why);
        return;
    }
    const arch::ns_t asked = due - lead.get();
    if (Arch::park(word, v, asked, why)) return;
    arch::ns_t now = Arch::now();
    lead.woke(now - asked);
    for (; now < due && typename Arch::template atomic_ref<std::uint32_t>(word).load(relaxed) == v; now = Arch::now())
        Arch::relax(0);   // relaxed: who has changed it wakes us, or we look when it is time
}

}   // namespace bottomhalf::detail
