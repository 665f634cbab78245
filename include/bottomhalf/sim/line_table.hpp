// SPDX-License-Identifier: MIT
// line_table.hpp: which line of which file a machine instruction comes from.
//
//   line_table::place at = line_table::of_program().find(pc);   // {"/home/me/driver.cpp", 57}, or no file
//
// Read from the program itself, as its compiler has left it for debuggers (-g; DWARF 2 to 5).  It knows of inlined code
// where it was written, not where it has ended up; and that is what it is for.  Shared objects are read when they are
// first asked for.  Compressed tables (-gz) are not read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <elf.h>
#include <link.h>

namespace bottomhalf::sim {

namespace detail {

/// Bytes, from front to back.  Beyond the end there are zeros, and it is known.
class bytes {
public:
    bytes() = default;
    bytes(const char* from, std::size_t n) noexcept : at_(from), end_(from + n) {}
    [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    [[nodiscard]] bool is_whole() const noexcept { return whole_; }

    template <class T>
    T take() noexcept {
        T value{};
        if (left() < sizeof value) return whole_ = false, at_ = end_, value;
        std::memcpy(&value, at_, sizeof value);
        at_ += sizeof value;
        return value;
    }
    std::uint64_t offset(bool wide) noexcept { return wide ? take<std::uint64_t>() : take<std::uint32_t>(); }
    std::uint64_t uleb() noexcept {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto b = take<std::uint8_t>();
            if (shift < 64) value |= static_cast<std::uint64_t>(b & 0x7f) << shift;
            if ((b & 0x80) == 0) return value;
        }
    }
    std::int64_t sleb() noexcept {
        std::uint64_t value = 0;
        for (unsigned shift = 0;;) {
            const auto b = take<std::uint8_t>();
            if (shift < 64) value |= static_cast<std::uint64_t>(b & 0x7f) << shift;
            shift += 7;
            if ((b & 0x80) != 0) continue;
            if (shift < 64 && (b & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
            return static_cast<std::int64_t>(value);
        }
    }
    std::string_view text() noexcept {
        const std::string_view all(at_, left());
        const std::size_t n = all.find('\0');
        if (n == std::string_view::npos) return whole_ = false, at_ = end_, std::string_view{};
        at_ += n + 1;
        return all.substr(0, n);
    }
    bytes cut(std::uint64_t n) noexcept {
        if (n > left()) whole_ = false, n = left();
        bytes piece(at_, n);
        at_ += n;
        return piece;
    }

private:
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    bool whole_ = true;
};

/// What one object, the program or a library, says of its lines.
class object_lines {
public:
    struct row {
        std::uint64_t address = 0;   // from here to the next
        std::uint32_t file = 0;      // see file()
        std::uint32_t line = 0;
        std::uint32_t order = 0;   // in which they were written
        bool ends = false;         // what comes next is unknown
    };

    explicit object_lines(const char* path) {
        std::ifstream in(path, std::ios::binary);
        const std::string image{std::istreambuf_iterator<char>(in), {}};
        read(image);
        // One address has many rows where code was inlined: the last is what the instruction belongs to.
        std::sort(rows_.begin(), rows_.end(), [](const row& a, const row& b) {
            if (a.address != b.address) return a.address < b.address;
            return a.ends != b.ends ? a.ends : a.order < b.order;
        });
    }
    /// Return: null if nothing is known of `address`.
    [[nodiscard]] const row* find(std::uint64_t address) const noexcept {
        auto it = std::upper_bound(rows_.begin(), rows_.end(), address,
                                   [](std::uint64_t a, const row& r) { return a < r.address; });
        return it == rows_.begin() || (--it)->ends ? nullptr : &*it;
    }
    /// The one before, in the same piece of code; or null.
    [[nodiscard]] const row* before(const row* r) const noexcept {
        return r == rows_.data() || (r - 1)->ends ? nullptr : r - 1;
    }
    [[nodiscard]] const std::string& file(const row& r) const noexcept { return files_[r.file]; }

private:
    std::vector<row> rows_;
    std::vector<std::string> files_;
    std::string_view line_strings_, strings_;

    void read(const std::string& image) {
        Elf64_Ehdr head;
        if (image.size() < sizeof head) return;
        std::memcpy(&head, image.data(), sizeof head);
        if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64) return;
        const auto section = [&](std::size_t i) {
            Elf64_Shdr s{};
            const std::size_t at = head.e_shoff + i * head.e_shentsize;
            if (at + sizeof s <= image.size()) std::memcpy(&s, image.data() + at, sizeof s);
            return s;
        };
        const auto content = [&](const Elf64_Shdr& s) {
            const bool readable = s.sh_type != SHT_NOBITS && (s.sh_flags & SHF_COMPRESSED) == 0 &&
                                  s.sh_offset <= image.size() && s.sh_size <= image.size() - s.sh_offset;
            return readable ? std::string_view(image).substr(s.sh_offset, s.sh_size) : std::string_view{};
        };
        const std::string_view names = content(section(head.e_shstrndx));
        std::string_view lines;
        for (std::size_t i = 0; i < head.e_shnum; ++i) {
            const Elf64_Shdr s = section(i);
            if (s.sh_name >= names.size()) continue;
            const std::string_view name = names.data() + s.sh_name;
            if (name == ".debug_line") lines = content(s);
            if (name == ".debug_line_str") line_strings_ = content(s);
            if (name == ".debug_str") strings_ = content(s);
        }
        bytes all(lines.data(), lines.size());
        while (all.left() > 4) {
            std::uint64_t length = all.take<std::uint32_t>();
            const bool wide = length == 0xffffffff;
            if (wide) length = all.take<std::uint64_t>();
            read_unit(all.cut(length), wide);
        }
        line_strings_ = strings_ = {};
    }

    struct unit {
        std::uint16_t version = 0;
        std::uint8_t min_length = 1;
        std::int8_t line_base = 0;
        std::uint8_t line_range = 1;
        std::uint8_t opcode_base = 1;
        std::uint8_t operands[256] = {};
        std::vector<std::string> directories;
        std::vector<std::uint32_t> files;   // its numbers to ours
    };
    void read_unit(bytes in, bool wide) {
        unit u;
        u.version = in.take<std::uint16_t>();
        if (u.version < 2 || u.version > 5) return;
        if (u.version == 5) in.take<std::uint16_t>();   // the sizes of an address and of a segment
        bytes head = in.cut(in.offset(wide));           // what is left after it is the program
        u.min_length = head.take<std::uint8_t>();
        if (u.version >= 4) head.take<std::uint8_t>();   // operations of an instruction: one
        head.take<std::uint8_t>();                       // is_stmt
        u.line_base = head.take<std::int8_t>();
        u.line_range = std::max<std::uint8_t>(head.take<std::uint8_t>(), 1);
        u.opcode_base = head.take<std::uint8_t>();
        for (unsigned i = 1; i < u.opcode_base; ++i) u.operands[i] = head.take<std::uint8_t>();
        if (u.version == 5) {
            for (auto& [path, directory] : entries(head, wide)) {
                static_cast<void>(directory);
                u.directories.push_back(u.directories.empty() ? path : under(u.directories[0], path));
            }
            for (auto& [path, directory] : entries(head, wide)) u.files.push_back(add(u, path, directory));
        } else {
            u.directories.emplace_back();   // the compiler's; it is said elsewhere
            for (auto d = head.text(); !d.empty(); d = head.text()) u.directories.emplace_back(d);
            u.files.push_back(add(u, "", 0));
            for (auto f = head.text(); !f.empty(); f = head.text()) {
                const std::uint64_t directory = head.uleb();
                u.files.push_back(add(u, std::string(f), directory));
                head.uleb(), head.uleb();   // when it was changed, and its length
            }
        }
        if (head.is_whole()) run(u, in);
    }
    static std::string under(const std::string& directory, const std::string& path) {
        return path.starts_with('/') || directory.empty() ? path : directory + '/' + path;
    }
    std::uint32_t add(const unit& u, const std::string& path, std::uint64_t directory) {
        const std::string& in = directory < u.directories.size() ? u.directories[directory] : u.directories[0];
        files_.push_back(std::filesystem::path(under(in, path)).lexically_normal().string());
        return static_cast<std::uint32_t>(files_.size() - 1);
    }

    /// The tables of version 5 say themselves what is in them.  Return: paths, and the numbers of their directories.
    std::vector<std::pair<std::string, std::uint64_t>> entries(bytes& in, bool wide) const {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> format(in.take<std::uint8_t>());
        for (auto& [what, form] : format) what = in.uleb(), form = in.uleb();
        std::vector<std::pair<std::string, std::uint64_t>> all;
        for (std::uint64_t n = in.uleb(); n > 0 && in.is_whole(); --n) {
            all.emplace_back();
            for (const auto& [what, form] : format) {
                const auto [text, number] = value(in, form, wide);
                if (what == 1) all.back().first = text;
                if (what == 2) all.back().second = number;
            }
        }
        return all;
    }
    std::pair<std::string, std::uint64_t> value(bytes& in, std::uint64_t form, bool wide) const {
        switch (form) {
            case 0x08: return {std::string(in.text()), 0};
            case 0x1f: return {text_at(line_strings_, in.offset(wide)), 0};
            case 0x0e: return {text_at(strings_, in.offset(wide)), 0};
            case 0x0b: return {"", in.take<std::uint8_t>()};
            case 0x05: return {"", in.take<std::uint16_t>()};
            case 0x06: return {"", in.take<std::uint32_t>()};
            case 0x07: return {"", in.take<std::uint64_t>()};
            case 0x0f: return {"", in.uleb()};
            case 0x1e: in.cut(16); return {};            // a checksum
            case 0x09: in.cut(in.uleb()); return {};     // a block
            default: in.cut(in.left() + 1); return {};   // unknown: and so is all that follows
        }
    }
    static std::string text_at(std::string_view in, std::uint64_t offset) {
        return offset < in.size() ? std::string(in.data() + offset) : std::string{};
    }

    /// A line table is a program; its output are the rows.
    void run(const unit& u, bytes in) {
        struct {
            std::uint64_t address = 0, file = 1;
            std::int64_t line = 1;
        } at;
        std::size_t begun = rows_.size();
        const auto emit = [&](bool ends) {
            if (at.file < u.files.size())
                rows_.push_back({at.address, u.files[at.file], static_cast<std::uint32_t>(at.line),
                                 static_cast<std::uint32_t>(rows_.size()), ends});
        };
        const auto advance = [&](std::uint64_t operations) { at.address += operations * u.min_length; };
        while (in.left() > 0) {
            const auto opcode = in.take<std::uint8_t>();
            if (opcode >= u.opcode_base) {
                const unsigned n = opcode - u.opcode_base;
                advance(n / u.line_range);
                at.line += u.line_base + static_cast<int>(n % u.line_range);
                emit(false);
                continue;
            }
            switch (opcode) {
                case 0: {
                    bytes extended = in.cut(in.uleb());
                    switch (extended.take<std::uint8_t>()) {
                        case 1:   // the end of a sequence
                            emit(true);
                            // The linker has thrown it away: it has no address.
                            if (begun < rows_.size() && rows_[begun].address == 0) rows_.resize(begun);
                            begun = rows_.size();
                            at = {};
                            break;
                        case 2: at.address = extended.take<std::uint64_t>(); break;
                        default: break;
                    }
                    break;
                }
                case 1: emit(false); break;
                case 2: advance(in.uleb()); break;
                case 3: at.line += in.sleb(); break;
                case 4: at.file = in.uleb(); break;
                case 8: advance((255U - u.opcode_base) / u.line_range); break;
                case 9: at.address += in.take<std::uint16_t>(); break;
                default:
                    for (unsigned i = 0; i < u.operands[opcode]; ++i) in.uleb();
            }
        }
    }
};

}   // namespace detail

class line_table {
public:
    struct place {
        const std::string* file = nullptr;   // null: nothing is known.  Whole, if the compiler has said so
        unsigned line = 0;                   // 0: of several that the compiler has made one
        explicit operator bool() const noexcept { return file != nullptr; }
    };

    static line_table& of_program() {
        static line_table program;
        return program;
    }
    /// Context: any but a real signal handler; not for threads beside each other.  Allocates.
    [[nodiscard]] place find(const void* pc) {
        const auto [in, r] = look_up(pc);
        return r != nullptr ? place{&in->file(*r), r->line} : place{};
    }
    /// The nearest line before it, within the same piece of code, that `is_it` says yes to: for code that was inlined, the
    /// statement that it was inlined into.
    template <class Predicate>
    [[nodiscard]] place find_before(const void* pc, Predicate is_it) {
        auto [in, r] = look_up(pc);
        while (r != nullptr && (r->line == 0 || !is_it(in->file(*r)))) r = in->before(r);
        return r != nullptr ? place{&in->file(*r), r->line} : place{};
    }

private:
    struct object {
        std::uintptr_t base = 0, begin = 0, end = 0;
        std::string path;
        std::unique_ptr<detail::object_lines> lines;   // null: not read yet
    };
    std::vector<object> objects_;

    std::pair<const detail::object_lines*, const detail::object_lines::row*> look_up(const void* pc) {
        const auto address = reinterpret_cast<std::uintptr_t>(pc);
        object* o = object_of(address);
        if (o == nullptr) {
            ::dl_iterate_phdr(&note, this);   // it may have been loaded since
            if (o = object_of(address); o == nullptr) return {};
        }
        if (o->lines == nullptr) o->lines = std::make_unique<detail::object_lines>(o->path.c_str());
        return {o->lines.get(), o->lines->find(address - o->base)};
    }
    object* object_of(std::uintptr_t address) noexcept {
        for (object& o : objects_)
            if (address >= o.begin && address < o.end) return &o;
        return nullptr;
    }
    static int note(dl_phdr_info* info, std::size_t, void* arg) {
        auto& self = *static_cast<line_table*>(arg);
        for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
            const auto& h = info->dlpi_phdr[i];
            if (h.p_type != PT_LOAD || (h.p_flags & PF_X) == 0) continue;
            const std::uintptr_t begin = info->dlpi_addr + h.p_vaddr;
            if (self.object_of(begin) != nullptr) continue;
            const bool itself = info->dlpi_name == nullptr || *info->dlpi_name == '\0';
            self.objects_.push_back(
                {info->dlpi_addr, begin, begin + h.p_memsz, itself ? "/proc/self/exe" : info->dlpi_name, nullptr});
        }
        return 0;
    }
};

}   // namespace bottomhalf::sim
