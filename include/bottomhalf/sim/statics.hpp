// SPDX-License-Identifier: MIT
// statics.hpp: the static data of a driver are in each schedule what they were before the first one.
//
// A driver has counters, flags, items and lists that are not made anew by its probe function: what a schedule leaves in them
// would decide what the next one does.  So an exploration keeps a copy of all variables of the program that can be written
// to, and puts it back before each schedule, and when it is over.  Where they are the symbol table says (symbols.hpp).
//
// Not those of the C and C++ libraries, of the sanitizers, of Catch2 and of this library, but for the lists that its facade
// keeps of what drivers have registered; not thread-locals; and not those of shared objects, but for what the test itself
// has loaded with dlopen().  A test keeps what is its own by
//
//   BOTTOMHALF_SIM_KEEP static int schedules_seen;
//
// and must, if the variable owns memory: a std::vector that has grown would have its old memory back, which is gone.
// sim::options::statics = false leaves everything as it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <bottomhalf/detail/annotations.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/sim/boot.hpp>
#include <bottomhalf/sim/symbols.hpp>

/// A variable with this stays as a schedule has left it.
#define BOTTOMHALF_SIM_KEEP __attribute__((section("bottomhalf_sim_keep")))

namespace bottomhalf::sim {

namespace detail {

/// Whether a variable is none of a driver's, or a test's, by its name.
class foreign_names {
public:
    [[nodiscard]] static bool has(std::string_view name, std::string_view file) noexcept {
        if (is_of_runtime(file)) return true;
        if (!name.starts_with("_Z")) return starts_with_any(name, reserved) || name.find('@') != name.npos;
        return is_owner_foreign(name.substr(2)) && !is_of_drivers(name.substr(2));
    }

private:
    static constexpr std::string_view reserved[] = {
        "__asan",         "___asan",       "__ubsan",       "__tsan",       "__lsan",
        "__sanitizer",    "__sancov",      "__interceptor", "__gcov",       "__llvm",
        "__prof",         "__libc",        "__gnu",         "__dso_handle", "__TMC_END__",
        "__environ",      "environ",       "DW.ref.",       "_DYNAMIC",     "_GLOBAL_OFFSET_TABLE_",
        "_IO_",           "completed.",    "std",           "opt",          "unwind_backtrace_signal",
        "acquire_my_map", "release_my_map"};
    static constexpr std::string_view owners[] = {"std", "Catch", "bottomhalf", "testing", "benchmark"};
    static constexpr std::string_view of_the_machine[] = {
        "6percpuE", "8hrtimersE",      "13soft_hrtimersE",    "13system_queuesE",
        "5readyE",  "12machine_maskE", "17machine_mask_cpusE"};
    // Of libstdc++ and libgcc, where they are linked statically and kept their sources' names.
    static constexpr std::string_view sources[] = {
        "eh_",       "vterminate", "new_handler",  "unwind-",    "emutls",   "crtstuff",     "locale",
        "c++locale", "cxx11-",     "system_error", "globals_io", "ios_init", "compatibility"};

    template <std::size_t N>
    static bool starts_with_any(std::string_view text, const std::string_view (&beginnings)[N]) noexcept {
        return std::any_of(beginnings, beginnings + N, [&](std::string_view b) { return text.starts_with(b); });
    }
    /// A compiler's object names its source; what is in an archive of the compiler's own was often linked once before.
    static bool is_of_runtime(std::string_view file) noexcept {
        if (file.ends_with(".o")) return file.find("ltrans") == file.npos;
        return (file.ends_with(".cc") || file.ends_with(".c")) && starts_with_any(file, sources);
    }
    /// Lists that drivers enter themselves in, locks that they take there: the facade's, but hold what is theirs.  Not what the
    /// machine's end sees to.
    static bool is_of_drivers(std::string_view rest) noexcept {
        constexpr std::string_view impl = "N10bottomhalf6linux66on_sim4impl";
        if (!rest.starts_with(impl)) return false;
        rest.remove_prefix(impl.size());
        return std::none_of(std::begin(of_the_machine), std::end(of_the_machine),
                            [&](std::string_view n) { return rest == n; });
    }
    /// The outermost name in a mangled one: the namespace, class or function that has it.
    static bool is_owner_foreign(std::string_view rest) noexcept {
        if (rest.starts_with("GV") || rest.starts_with("GR")) rest.remove_prefix(2);      // a guard, a temporary
        while (rest.starts_with("Z")) rest.remove_prefix(1);                              // local to a function
        if (rest.size() > 1 && rest[0] == 'T' && rest[1] != '_') rest.remove_prefix(2);   // a table of a class
        const bool nested = rest.starts_with("N");
        if (nested) rest.remove_prefix(1);
        while (nested && !rest.empty() && std::string_view("rVKRO").find(rest[0]) != rest.npos) rest.remove_prefix(1);
        while (rest.starts_with("L")) rest.remove_prefix(1);                   // internal linkage
        if (rest.starts_with("S")) return rest.size() > 1 && rest[1] != '_';   // std: St, Sa, Ss, ...
        std::size_t n = 0;
        while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
            n = 10 * n + static_cast<std::size_t>(rest[0] - '0');
            rest.remove_prefix(1);
        }
        const std::string_view owner = rest.substr(0, n);
        if (nested && owner.starts_with("__")) return true;   // __gnu_cxx, __cxxabiv1, __sanitizer: namespaces
        return std::find(std::begin(owners), std::end(owners), owner) != std::end(owners);
    }
};

/// Where the data are.  The same as long as nothing else is loaded.
class static_ranges {
public:
    struct range {
        char* begin;
        std::size_t size;
    };
    /// Context: a plain thread.
    static const std::vector<range>& now() {
        static static_ranges* const all = new static_ranges;
        all->look_again();
        return all->ranges_;
    }

private:
    std::vector<range> ranges_;
    unsigned long long generation_ = 0;

    struct object {
        data_object o;
        bool ours;
    };
    void look_again() {
        const loaded_files& files = loaded_files::now();
        if (files.generation() == generation_) return;
        generation_ = files.generation();
        std::vector<object> all;
        bool stripped = false;
        for (const loaded_file& f : files.files()) {
            if (f.is_program && (!f.has_symbols() || !f.has_loader())) stripped = true;
            if (!f.is_program && (f.is_needed || is_of_system(f.path))) continue;
            if (f.is_program && !f.has_loader()) continue;   // the C library is in it, too
            f.for_each_object([&](const data_object& o) { all.push_back({o, is_ours(o)}); });
        }
        if (stripped)
            bottomhalf::detail::say(
                channel::advice, severity::note, "explore", location::current(),
                "the program has no symbol table, or is linked statically: its static data stay as each "
                "schedule leaves them");
        keep_guards(all);
        merge(all);
    }
    static bool is_of_system(std::string_view path) noexcept {
        return path.starts_with("/lib") || path.starts_with("/usr/lib") || path.find('/') == path.npos;
    }
    static bool is_ours(const data_object& o) noexcept {
        return !o.is_copied && std::string_view(o.section) != "bottomhalf_sim_keep" &&
               !foreign_names::has(o.name, o.file);
    }
    /// What is kept is not initialised again.
    static void keep_guards(std::vector<object>& all) {
        std::vector<std::string_view> kept;
        for (const object& x : all)
            if (const std::string_view name = x.o.name;
                std::string_view(x.o.section) == "bottomhalf_sim_keep" && name.starts_with("_Z"))
                kept.push_back(name.substr(2));
        if (kept.empty()) return;
        for (object& x : all)
            if (const std::string_view name = x.o.name;
                name.starts_with("_ZGV") && std::find(kept.begin(), kept.end(), name.substr(4)) != kept.end())
                x.ours = false;
    }
    /// One piece of what lies beside each other, with what the alignment has left between: few copies, not many.
    void merge(std::vector<object>& all) {
        std::sort(all.begin(), all.end(), [](const object& a, const object& b) { return a.o.begin < b.o.begin; });
        ranges_.clear();
        bool joins = false;   // the last one was ours
        for (const object& x : all) {
            if (x.ours) {
                char* const end = x.o.begin + x.o.size;
                if (range* const r = joins ? &ranges_.back() : nullptr;
                    r != nullptr && x.o.begin <= r->begin + r->size + gap)
                    r->size = std::max(r->size, static_cast<std::size_t>(end - r->begin));
                else
                    ranges_.push_back({x.o.begin, x.o.size});
            }
            joins = x.ours;
        }
    }
#if BOTTOMHALF_ASAN
    static constexpr std::ptrdiff_t gap = 0;   // it has put red zones there
#else
    static constexpr std::ptrdiff_t gap = 31;
#endif
};

}   // namespace detail

/// What the static data were when this was made.
class statics_copy {
public:
    /// Context: a plain thread, outside of any world.
    statics_copy() {
        for (const auto& r : detail::static_ranges::now()) add(r.begin, r.size);
        detail::static_part::for_each_range([this](void* p, std::size_t n) { add(static_cast<char*>(p), n); });
        bytes_.reset(new char[size_]);
        char* to = bytes_.get();
        for (const range& r : ranges_) copy(to, r.begin, r.size), to += r.size;
    }
    statics_copy(const statics_copy&) = delete;
    statics_copy& operator=(const statics_copy&) = delete;

    void put_back() const noexcept {
        const char* from = bytes_.get();
        for (const range& r : ranges_) {
            // A page that nobody has written to is not to become one that somebody has.
            for (std::size_t i = 0; i < r.size; i += piece) {
                const std::size_t n = std::min(piece, r.size - i);
                if (r.size <= piece || BOTTOMHALF_ASAN || std::memcmp(r.begin + i, from + i, n) != 0)
                    copy(r.begin + i, from + i, n);
            }
            from += r.size;
        }
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t pieces() const noexcept { return ranges_.size(); }
    /// Whether `p` is in one of them.
    [[nodiscard]] bool has(const void* p) const noexcept {
        return std::any_of(ranges_.begin(), ranges_.end(), [p](const range& r) {
            return static_cast<std::size_t>(static_cast<const char*>(p) - r.begin) < r.size;
        });
    }

private:
    using range = detail::static_ranges::range;
    static constexpr std::size_t piece = 4096;
    std::vector<range> ranges_;
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;

#if BOTTOMHALF_ASAN
    /// A variable is as large as the symbol table says, with the red zone behind it.
    __attribute__((no_sanitize("address"), __noinline__)) static void copy(char* to, const char* from,
                                                                           std::size_t n) noexcept {
        for (std::size_t i = 0; i < n; ++i)
            static_cast<volatile char*>(to)[i] = static_cast<const volatile char*>(from)[i];   // no memcpy(): it looks
    }
#else
    static void copy(char* to, const char* from, std::size_t n) noexcept { std::memcpy(to, from, n); }
#endif
    void add(char* p, std::size_t n) {
        ranges_.push_back({p, n});
        size_ += n;
    }
};

}   // namespace bottomhalf::sim
