// SPDX-License-Identifier: MIT
// strategy.hpp: who decides what comes next, in one run of the simulated world after another.
//
//   random_walk     draws.  The cheapest, and what finds most bugs first
//   priorities      PCT: each task has a priority, drawn; the highest runs, but for d - 1 moments, drawn, at which it falls
//                   to the lowest.  Finds a bug of depth d with a probability that can be computed (Burckhardt et al., 2010)
//   bounded_search  depth first, with at most so many preemptions.  Ends, and knows whether it has seen everything
//   replay          what is written down
//
// All write down what they take, in the same terms: see schedule.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <bottomhalf/arch/sim_choice.hpp>
#include <bottomhalf/sim/schedule.hpp>

namespace bottomhalf::sim {

/// splitmix64: seeds that differ in one bit share nothing.
class dice {
public:
    explicit dice(std::uint64_t seed) noexcept : state_(seed) {}
    std::uint64_t operator()() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    /// In [0, n).  Not quite even: by n / 2^32.
    std::uint32_t below(std::uint32_t n) noexcept { return static_cast<std::uint32_t>(((*this)() >> 32) * n >> 32); }

private:
    std::uint64_t state_;
};

/// What all of them have: the number of the choice, what was taken, and how it adds up.
class strategy : public arch::sim_chooser {
public:
    /// Of the run that has just been, or is.
    [[nodiscard]] const schedule& taken() const noexcept { return taken_; }
    [[nodiscard]] std::uint32_t choices() const noexcept { return at_; }
    /// Of the choices and what there was to choose from: two runs with the same value have gone the same way.
    [[nodiscard]] std::uint64_t trace() const noexcept { return trace_; }
    /// How often the CPU was taken from somebody.
    [[nodiscard]] std::uint32_t preemptions() const noexcept { return preemptions_; }

    virtual ~strategy() = default;
    /// Before each run.  Return: false if there is nothing left to try.
    virtual bool begin() = 0;

protected:
    void start() noexcept {
        taken_.clear();
        at_ = preemptions_ = 0;
        trace_ = 0xcbf29ce484222325;
    }
    std::size_t note(const arch::sim_choice& c, std::size_t i) noexcept {
        const auto pid = static_cast<std::uint32_t>(c.pid(i));
        trace_ = (trace_ ^ (static_cast<std::uint64_t>(c.size()) << 32 | pid)) * 0x100000001b3;
        if (i == 0) return i;
        taken_.push_back({at_, static_cast<std::uint32_t>(i)});
        preemptions_ += is_preemption(c, i);
        return i;
    }
    /// Time that passes while somebody could run counts: he is kept from it.
    static bool is_preemption(const arch::sim_choice& c, std::size_t i) noexcept {
        return i != 0 && (c.goes_on() || c.is_time(i));
    }
    std::uint32_t at_ = 0;

private:
    schedule taken_;
    std::uint32_t preemptions_ = 0;
    std::uint64_t trace_ = 0;
};

/// Every run draws its manner, too: how readily it preempts, and how readily time passes.  Bugs differ in what they need.
class random_walk final : public strategy {
public:
    explicit random_walk(std::uint64_t seed) noexcept : seed_(seed) {}
    bool begin() override {
        start();
        draw_ = dice(seed_++);
        static constexpr std::uint32_t stays[] = {0, 0, 128, 224, 248};   // of 256
        static constexpr std::uint32_t waits[] = {0, 0, 192, 255};
        stays_ = stays[draw_.below(5)];
        waits_ = waits[draw_.below(4)];
        faults_ = 1U << (2 * draw_.below(3));   // of 32
        return true;
    }
    std::size_t choose(const arch::sim_choice& c) noexcept override {
        ++at_;
        const std::uint64_t z = draw_();
        if (c.is_fault()) return note(c, (z & 31) < faults_ ? 1 : 0);
        if (c.goes_on() && (z & 255) < stays_) return note(c, 0);
        auto n = static_cast<std::uint32_t>(c.size());
        if (c.time_may_pass() && (z >> 8 & 255) < waits_) --n;
        return note(c, static_cast<std::size_t>((z >> 32) * n >> 32));
    }

private:
    std::uint64_t seed_;
    dice draw_{0};
    std::uint32_t stays_ = 0, waits_ = 0, faults_ = 0;
};

class priorities final : public strategy {
public:
    priorities(std::uint64_t seed, unsigned depth) noexcept : seed_(seed), depth_(depth) {}
    bool begin() override {
        longest_ = std::max(longest_, at_);
        start();
        draw_ = dice(seed_++);
        of_.clear();
        falls_.clear();
        for (unsigned i = 1; i < depth_; ++i) falls_.push_back(1 + draw_.below(std::max(longest_, 16U)));
        fallen_ = 0;
        return true;
    }
    std::size_t choose(const arch::sim_choice& c) noexcept override {
        ++at_;
        if (c.is_fault()) return note(c, draw_.below(8) == 0 ? 1 : 0);
        std::size_t best = highest(c);
        if (std::find(falls_.begin(), falls_.end(), at_) != falls_.end()) {
            of(c.pid(best)) = ++fallen_;   // below all that were drawn; the first to fall lies lowest
            best = highest(c);
        }
        return note(c, best);
    }

private:
    static constexpr std::uint64_t lowest_drawn = 1U << 16;
    std::uint64_t seed_;
    unsigned depth_;
    dice draw_{0};
    std::uint32_t longest_ = 0;       // run so far: over so many choices the falls are spread
    std::vector<std::uint64_t> of_;   // by pid, 0: not drawn yet
    std::vector<std::uint32_t> falls_;
    std::uint64_t fallen_ = 0;

    std::uint64_t& of(std::int32_t pid) {
        const auto i = static_cast<std::size_t>(pid);
        if (i >= of_.size()) of_.resize(i + 1);
        if (of_[i] == 0) of_[i] = lowest_drawn + (draw_() >> 32);
        return of_[i];
    }
    std::size_t highest(const arch::sim_choice& c) {
        std::size_t best = 0;
        std::uint64_t most = 0;
        for (std::size_t i = 0; i < c.size(); ++i)
            if (const std::uint64_t p = of(c.pid(i)); p > most) most = p, best = i;
        return best;
    }
};

/// All schedules with at most `bound` preemptions, each once.
class bounded_search final : public strategy {
public:
    explicit bounded_search(std::uint32_t bound) noexcept : bound_(bound) {}
    bool begin() override {
        if (begun_ && !advance()) return false;
        begun_ = true;
        start();
        return true;
    }
    std::size_t choose(const arch::sim_choice& c) noexcept override {
        const std::size_t depth = at_++;
        if (depth == path_.size()) {
            const bool spent = preemptions() >= bound_;
            // With the bound reached: what is no preemption.  Those alternatives are the first ones.
            std::size_t n = c.size();
            if (spent) n = c.goes_on() ? 1 : n - (c.time_may_pass() ? 1 : 0);
            cut_ = cut_ || n < c.size();
            path_.push_back({0, static_cast<std::uint16_t>(n), static_cast<std::uint16_t>(c.size())});
        } else if (path_[depth].of != c.size()) {
            strayed_ = true;   // the same way has led elsewhere
            return note(c, 0);
        }
        return note(c, path_[depth].taken);
    }

    /// Whether the bound has cut anything off: if not, what was searched is all there is.
    [[nodiscard]] bool was_cut() const noexcept { return cut_; }
    /// The body does not do the same when the same is chosen.
    [[nodiscard]] bool has_strayed() const noexcept { return strayed_; }

private:
    struct fork {
        std::uint16_t taken, n, of;
    };
    std::uint32_t bound_;
    std::vector<fork> path_;
    bool begun_ = false, cut_ = false, strayed_ = false;

    bool advance() noexcept {
        path_.resize(std::min<std::size_t>(path_.size(), at_));
        while (!path_.empty() && path_.back().taken + 1 >= path_.back().n) path_.pop_back();
        if (path_.empty()) return false;
        ++path_.back().taken;
        return true;
    }
};

class replay final : public strategy {
public:
    explicit replay(schedule s) noexcept : wanted_(std::move(s)) {}
    bool begin() override {
        start();
        next_ = 0;
        return true;
    }
    std::size_t choose(const arch::sim_choice& c) noexcept override {
        ++at_;
        if (next_ == wanted_.size() || wanted_[next_].at != at_) return note(c, 0);
        const std::size_t i = wanted_[next_++].taken;
        return note(c, i < c.size() ? i : 0);   // in a schedule that was shortened: there are fewer now
    }

private:
    schedule wanted_;
    std::size_t next_ = 0;
};

}   // namespace bottomhalf::sim
