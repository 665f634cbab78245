// SPDX-License-Identifier: MIT
// explore.hpp: every interleaving of a small model, breadth first, so that a counterexample is as short as it can be.
//
// A model is a state and a function that names the states which one atomic step of one actor leads to.  The steps are
// sequentially consistent.  A state is made of bytes only (no padding), so that it is compared and hashed as memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace model {

struct outcome {
    std::size_t states = 0;
    std::size_t ends = 0;   // states without a successor
    std::string wrong;      // empty, or what is wrong with the first bad state and how it was reached, a step a line
};

/// steps(state, emit) calls emit(next_state, "what was done") for each possible step.
/// wrong(state, is_end) says what is wrong with a state, or null.
template <class State, class Steps, class Wrong>
outcome explore(const State& first, Steps steps, Wrong wrong) {
    static_assert(std::has_unique_object_representations_v<State>, "bytes only");
    struct hash {
        std::size_t operator()(const State& s) const noexcept {
            unsigned char raw[sizeof(State)];
            std::memcpy(raw, &s, sizeof s);
            std::uint64_t h = 14695981039346656037U;
            for (const unsigned char c : raw) h = (h ^ c) * 1099511628211U;
            return static_cast<std::size_t>(h);
        }
    };
    struct equal {
        bool operator()(const State& a, const State& b) const noexcept { return std::memcmp(&a, &b, sizeof a) == 0; }
    };
    struct origin {
        std::size_t from;
        const char* how;
    };
    outcome out;
    std::unordered_map<State, std::size_t, hash, equal> seen;
    std::vector<State> states{first};
    std::vector<origin> origins{{0, "start"}};
    seen.emplace(first, 0);
    for (std::size_t at = 0; at < states.size(); ++at) {
        const State now = states[at];   // a copy: `states` grows
        bool is_end = true;
        steps(now, [&](const State& next, const char* how) {
            is_end = false;
            if (!seen.emplace(next, states.size()).second) return;
            states.push_back(next);
            origins.push_back({at, how});
        });
        if (is_end) ++out.ends;
        if (const char* what = wrong(now, is_end)) {
            std::vector<const char*> path;
            for (std::size_t s = at; s != 0; s = origins[s].from) path.push_back(origins[s].how);
            std::reverse(path.begin(), path.end());
            out.wrong = what;
            for (const char* step : path) out.wrong += std::string("\n  ") + step;
            break;
        }
    }
    out.states = states.size();
    return out;
}

}   // namespace model
