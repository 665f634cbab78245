// SPDX-License-Identifier: MIT
// symbols.hpp: what the program knows about itself: which function an address is in, and where its static data are.
//
//   sim::describe(pc);   // "my_remove() driver.c:42", or "my_remove()+0x12", or "0x5581..."
//   sim::for_each_data_object([](const sim::data_object& o) { ... });
//
// It is in the symbol tables of the files that the program was loaded from, which are read when they are first asked for.
// Lines come from addr2line, where that is installed; it is run once for all addresses of a call, and takes its time: for
// what has failed only.  A program that was stripped has names for what it exports, at most.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bottomhalf/arch/plain_lock.hpp>
#include <bottomhalf/detail/annotations.hpp>
#include <bottomhalf/detail/function_namer.hpp>

namespace bottomhalf::sim {

/// A variable with static storage.
struct data_object {
    char* begin;
    std::size_t size;
    const char* name;      // mangled
    const char* file;      // the source file that it is local to, "" if it has a name for all
    const char* section;   // ".bss"
    bool is_copied;        // of a shared object's: the program has the copy that all use
};

namespace detail {

/// A file that the program was loaded from, and what its tables say.  It is mapped for good.
class loaded_file {
public:
    std::string path;   // to be opened
    std::uintptr_t bias = 0;
    bool is_program = false;
    bool is_needed = false;   // by the program, or by what that needs: it was there before main()

    /// Return: false if it cannot be read, or is nothing for us.
    bool open() {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return false;
        struct stat s {};
        void* const p = ::fstat(fd, &s) == 0 && s.st_size > 0
                            ? ::mmap(nullptr, static_cast<std::size_t>(s.st_size), PROT_READ, MAP_PRIVATE, fd, 0)
                            : MAP_FAILED;
        ::close(fd);
        if (p == MAP_FAILED) return false;
        image_ = static_cast<const char*>(p);
        size_ = static_cast<std::size_t>(s.st_size);
        return read_sections();
    }
    /// Whether its symbol table is there, and not only of what it exports.
    [[nodiscard]] bool has_symbols() const noexcept { return full_; }
    /// If not it is linked statically.
    [[nodiscard]] bool has_loader() const noexcept { return has_loader_; }

    struct function {
        std::uintptr_t begin;   // without the bias
        std::size_t size;
        const char* name;
    };
    [[nodiscard]] const function* function_at(std::uintptr_t address) const noexcept {
        auto it = std::upper_bound(functions_.begin(), functions_.end(), address,
                                   [](std::uintptr_t a, const function& f) { return a < f.begin; });
        if (it == functions_.begin()) return nullptr;
        --it;
        return address - it->begin < std::max<std::size_t>(it->size, 1) ? &*it : nullptr;
    }
    [[nodiscard]] bool is_loaded_at(std::uintptr_t address) const noexcept {
        return std::any_of(code_.begin(), code_.end(), [&](const auto& c) { return address - c.first < c.second; });
    }
    template <class F>
    void for_each_object(F f) const {
        for (const data_object& o : objects_) f(o);
    }
    /// A part of memory that it takes, as the program headers have it.
    void add_segment(const ElfW(Phdr) & h) {
        if (h.p_type == PT_LOAD && (h.p_flags & PF_X) != 0) code_.emplace_back(h.p_vaddr, h.p_memsz);
        if (h.p_type == PT_LOAD && (h.p_flags & PF_W) != 0) writable_.emplace_back(h.p_vaddr, h.p_memsz);
        if (h.p_type == PT_INTERP) has_loader_ = true;
        if (h.p_type == PT_GNU_RELRO) read_only_.emplace_back(h.p_vaddr, h.p_memsz);
    }

private:
    using range = std::pair<std::uintptr_t, std::size_t>;
    const char* image_ = nullptr;
    std::size_t size_ = 0;
    bool full_ = false, has_loader_ = false;
    std::vector<function> functions_;   // by address
    std::vector<data_object> objects_;
    std::vector<range> code_, writable_, read_only_;   // without the bias

    /// `n` things of type T at `offset`, or null if the file is too short.
    template <class T>
    [[nodiscard]] const T* at(std::size_t offset, std::size_t n = 1) const noexcept {
        if (offset > size_ || n > (size_ - offset) / sizeof(T) || offset % alignof(T) != 0) return nullptr;
        return reinterpret_cast<const T*>(image_ + offset);
    }
    bool read_sections() {
        const auto* const head = at<ElfW(Ehdr)>(0);
        if (head == nullptr || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
            head->e_shentsize != sizeof(ElfW(Shdr)))
            return false;
        const std::size_t n = head->e_shnum;
        const auto* const s = at<ElfW(Shdr)>(head->e_shoff, n);
        if (s == nullptr || head->e_shstrndx >= n) return false;
        std::vector<std::uintptr_t> copied;
        std::size_t table = n;
        for (std::size_t i = 0; i < n; ++i) {
            if (s[i].sh_type == SHT_SYMTAB || (s[i].sh_type == SHT_DYNSYM && table == n)) table = i;
            if (s[i].sh_type == SHT_RELA && (s[i].sh_flags & SHF_ALLOC) != 0) read_copies(s[i], copied);
        }
        if (table == n || s[table].sh_link >= n) return false;
        full_ = s[table].sh_type == SHT_SYMTAB;
        read_symbols(s, n, s[table], s[s[table].sh_link], s[head->e_shstrndx], copied);
        std::sort(functions_.begin(), functions_.end(),
                  [](const function& a, const function& b) { return a.begin < b.begin; });
        return true;
    }
    void read_copies(const ElfW(Shdr) & s, std::vector<std::uintptr_t>& copied) const {
#if defined(__x86_64__)
        constexpr auto copy = R_X86_64_COPY;
#elif defined(__aarch64__)
        constexpr auto copy = R_AARCH64_COPY;
#else
        constexpr auto copy = ~0U;
#endif
        const std::size_t n = s.sh_size / sizeof(ElfW(Rela));
        const auto* const r = at<ElfW(Rela)>(s.sh_offset, n);
        for (std::size_t i = 0; r != nullptr && i < n; ++i)
            if ((r[i].r_info & 0xffffffff) == copy) copied.push_back(r[i].r_offset);
    }
    void read_symbols(const ElfW(Shdr) * s, std::size_t n, const ElfW(Shdr) & table, const ElfW(Shdr) & strings,
                      const ElfW(Shdr) & section_names, const std::vector<std::uintptr_t>& copied) {
        const std::size_t count = table.sh_size / sizeof(ElfW(Sym));
        const auto* const sym = at<ElfW(Sym)>(table.sh_offset, count);
        const char* const names = at<char>(strings.sh_offset, strings.sh_size);
        const char* const sections = at<char>(section_names.sh_offset, section_names.sh_size);
        if (sym == nullptr || names == nullptr || sections == nullptr) return;
        const char* file = "";
        for (std::size_t i = 0; i < count; ++i) {
            const ElfW(Sym)& y = sym[i];
            if (y.st_name >= strings.sh_size) continue;
            const char* const name = names + y.st_name;
            const unsigned type = y.st_info & 15U;
            const bool is_local = y.st_info >> 4 == STB_LOCAL;
            if (type == STT_FILE) file = name;
            if (y.st_shndx == SHN_UNDEF || y.st_shndx >= n) continue;
            if (type == STT_FUNC || type == STT_GNU_IFUNC) functions_.push_back({y.st_value, y.st_size, name});
            if (type != STT_OBJECT || y.st_size == 0 || !is_writable(y.st_value, y.st_size)) continue;
            const ElfW(Shdr)& in = s[y.st_shndx];
            const bool is_copied = std::find(copied.begin(), copied.end(), y.st_value) != copied.end() ||
                                   std::strchr(name, '@') != nullptr;
            objects_.push_back({reinterpret_cast<char*>(bias + y.st_value), y.st_size, name, is_local ? file : "",
                                in.sh_name < section_names.sh_size ? sections + in.sh_name : "", is_copied});
        }
    }
    [[nodiscard]] bool is_writable(std::uintptr_t begin, std::size_t n) const noexcept {
        const auto in = [&](const range& r) { return begin >= r.first && begin - r.first < r.second; };
        const auto whole = [&](const range& r) { return in(r) && n <= r.second - (begin - r.first); };
        return std::any_of(writable_.begin(), writable_.end(), whole) &&
               std::none_of(read_only_.begin(), read_only_.end(), in);
    }
};

/// All files, as they were at one time.  It never changes, so any thread may look things up in it.
class loaded_files {
public:
    /// As they are now: a dlopen() is noticed.  Context: a plain thread.
    static const loaded_files& now() {
        struct history {
            arch::plain_lock lock;
            const loaded_files* newest = nullptr;
        };
        static history* const all = new history;   // it outlives whoever asks in a destructor
        const arch::plain_lock::held alone(all->lock);
        const unsigned long long changes = count_changes();
        if (all->newest == nullptr || all->newest->generation_ != changes)
            all->newest = new loaded_files(changes, all->newest);
        return *all->newest;
    }
    /// How often something was loaded: the same number, the same files.
    [[nodiscard]] unsigned long long generation() const noexcept { return generation_; }
    [[nodiscard]] const std::vector<loaded_file>& files() const noexcept { return files_; }
    [[nodiscard]] const loaded_file* file_of(std::uintptr_t address) const noexcept {
        for (const loaded_file& f : files_)
            if (f.is_loaded_at(address - f.bias)) return &f;
        return nullptr;
    }

private:
    std::vector<loaded_file> files_;
    const unsigned long long generation_;
    // For good, since somebody may have a name of theirs; never read: so a leak checker still finds them.
    [[maybe_unused]] const loaded_files* const older_;

    static unsigned long long count_changes() {
        unsigned long long changes = 0;
        ::dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t, void* p) {
                return *static_cast<unsigned long long*>(p) = info->dlpi_adds + info->dlpi_subs, 1;
            },
            &changes);
        return changes;
    }
    loaded_files(unsigned long long changes, const loaded_files* older) : generation_(changes), older_(older) {
        std::vector<std::string> needed;
        struct look {
            std::vector<loaded_file>& files;
            std::vector<std::string>& needed;
        } l{files_, needed};
        ::dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t, void* p) {
                static_cast<look*>(p)->files.push_back(
                    file_from(*info, static_cast<look*>(p)->files.empty(), static_cast<look*>(p)->needed));
                return 0;
            },
            &l);
        std::erase_if(files_, [](loaded_file& f) { return f.path.empty() || !f.open(); });
    }
    /// They come in the order in which they were loaded, what needs before what is needed.
    static loaded_file file_from(const dl_phdr_info& info, bool is_program, std::vector<std::string>& needed) {
        loaded_file f;
        f.path = is_program ? "/proc/self/exe" : info.dlpi_name;
        f.bias = info.dlpi_addr;
        f.is_program = is_program;
        const std::string name = f.path.substr(f.path.rfind('/') + 1);
        f.is_needed = is_program || std::find(needed.begin(), needed.end(), name) != needed.end();
        for (unsigned i = 0; i < info.dlpi_phnum; ++i) {
            const ElfW(Phdr)& h = info.dlpi_phdr[i];
            f.add_segment(h);
            if (h.p_type == PT_DYNAMIC && f.is_needed)
                read_needed(reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + h.p_vaddr), needed);
        }
        return f;
    }
    static void read_needed(const ElfW(Dyn) * dynamic, std::vector<std::string>& needed) {
        const char* strings = nullptr;
        for (const auto* d = dynamic; d->d_tag != DT_NULL; ++d)
            if (d->d_tag == DT_STRTAB)
                strings = reinterpret_cast<const char*>(d->d_un.d_ptr);   // the loader has moved it
        for (const auto* d = dynamic; strings != nullptr && d->d_tag != DT_NULL; ++d)
            if (d->d_tag == DT_NEEDED) {
                const std::string_view name = strings + d->d_un.d_val;
                needed.emplace_back(name.substr(name.rfind('/') + 1));
            }
    }
};

/// As people write it: no parameters, which say little and are long.
inline std::string readable(const char* mangled) {
    int status = 0;
    char* const text = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
    std::string name = status == 0 && text != nullptr ? text : mangled;
    std::free(text);
    // The last bracket that is not inside another, with what comes behind it.
    int depth = 0;
    for (std::size_t i = name.size(); i > 0; --i) {
        if (name[i - 1] == ')' || name[i - 1] == '>' || name[i - 1] == '}' || name[i - 1] == ']') ++depth;
        if (name[i - 1] == '>' && i > 1 && name[i - 2] == '-') --depth;
        if (name[i - 1] == '<' || name[i - 1] == '{' || name[i - 1] == '[') --depth;
        if (name[i - 1] == '(' && --depth == 0) {
            if (i > 1) name.resize(i - 1);
            break;
        }
    }
    return name + "()";
}

/// What the tool says about addresses of one file: "driver.c:42", or "" if it does not know.
inline std::vector<std::string> ask_addr2line(const std::string& file, const std::vector<std::uintptr_t>& addresses) {
    std::vector<std::string> lines(addresses.size());
    std::string command = "addr2line -e '" + file + "' -s";
    if (file == "/proc/self/exe")
        command.replace(command.find("/proc/self"), 10, "/proc/" + std::to_string(::getpid()));
    char hex[32];
    for (const std::uintptr_t a : addresses) {
        std::snprintf(hex, sizeof hex, " 0x%zx", static_cast<std::size_t>(a));
        command += hex;
    }
    std::FILE* const out = ::popen((command + " 2>/dev/null").c_str(), "r");
    if (out == nullptr) return lines;
    char line[4096];
    for (std::string& l : lines) {
        if (std::fgets(line, sizeof line, out) == nullptr) break;
        l = line;
        l.resize(l.find_first_of("\n ("));   // "(discriminator 3)"
        if (!l.empty() && (l[0] == '?' || l.ends_with(":?") || l.ends_with(":0"))) l.clear();
    }
    ::pclose(out);
    return lines;
}

}   // namespace detail

/// Each of them: "my_remove() driver.c:42"; without lines "my_remove()+0x12"; the bare address if nothing is known.
/// `are_returns`: they come from a stack, and are those of the instruction after the call.
/// Context: a plain thread, not in a world: reads files, and may run a program.
[[nodiscard]] inline std::vector<std::string> describe_all(const std::vector<const void*>& pcs, bool lines = true,
                                                           bool are_returns = false) {
    const detail::loaded_files& all = detail::loaded_files::now();
    std::vector<std::string> texts;
    std::map<const detail::loaded_file*, std::vector<std::size_t>> by_file;
    for (const void* const pc : pcs) {
        const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(pc) - (are_returns ? 1 : 0);
        const detail::loaded_file* const file = all.file_of(address);
        const auto* const f = file != nullptr ? file->function_at(address - file->bias) : nullptr;
        if (file != nullptr) by_file[file].push_back(texts.size());
        char text[32];
        if (f == nullptr)
            std::snprintf(text, sizeof text, "%p", pc);
        else
            std::snprintf(text, sizeof text, "+0x%zx", static_cast<std::size_t>(address - file->bias - f->begin));
        texts.push_back(f == nullptr ? text : detail::readable(f->name) + text);
    }
    if (!lines) return texts;
    for (const auto& [file, which] : by_file) {
        std::vector<std::uintptr_t> addresses;
        for (const std::size_t i : which)
            addresses.push_back(reinterpret_cast<std::uintptr_t>(pcs[i]) - (are_returns ? 1 : 0) - file->bias);
        const std::vector<std::string> found = detail::ask_addr2line(file->path, addresses);
        for (std::size_t i = 0; i < which.size(); ++i) {
            if (found[i].empty()) continue;
            std::string& text = texts[which[i]];
            if (const auto* const f = file->function_at(addresses[i]); f != nullptr)
                text = detail::readable(f->name) + ' ' + found[i];
            else
                text = found[i];
        }
    }
    return texts;
}
[[nodiscard]] inline std::string describe(const void* pc) { return describe_all({pc}).front(); }
/// The function that begins there, as the kernel's %ps has it: "my_work", or "my_work+0x12", or "0x5581...".
[[nodiscard]] inline std::string name_of(const void* function) {
    std::string text = describe_all({function}, false).front();
    if (const auto brackets = text.rfind("()"); brackets != std::string::npos) {
        text.erase(brackets, 2);
        if (text.ends_with("+0x0")) text.resize(text.size() - 4);
    }
    return text;
}

namespace detail {

/// Whoever prints functions, and cannot read tables himself, asks us from now on.
inline const bool names_functions = [] {
    bottomhalf::detail::namer.set(
        [](const void* function, char* to, std::size_t n) { std::snprintf(to, n, "%s", name_of(function).c_str()); });
    return true;
}();

}   // namespace detail

/// Calls f(const data_object&, const detail::loaded_file&) for each variable of the program and of what it has loaded that can be
/// written to.  The names stay valid.
template <class F>
void for_each_data_object(F f) {
    for (const detail::loaded_file& file : detail::loaded_files::now().files())
        file.for_each_object([&](const data_object& o) { f(o, file); });
}

}   // namespace bottomhalf::sim
