// SPDX-License-Identifier: MIT
// <linux/bottomhalf_format_pointer.h>: what the kernel's printf() makes of a %p that letters follow.
//
//   %pe             the name of the error that a pointer is: -ENOMEM
//   %pM %pMR %pMF %pm      a MAC address: 00:1a:2b:3c:4d:ff, from its end, with dashes, with nothing between
//   %pI4 %pi4 %pI6 %pI6c %pi6   addresses: 10.0.0.1, 010.000.000.001, in full, as short as can be, without colons
//   %*ph %*phC %*phD %*phN      bytes: 00 1a 2b, 00:1a:2b, 00-1a-2b, 001a2b; 64 at most
//   %pUb %pUB %pUl %pUL    a UUID, a GUID; in capitals
//   %*pb %*pbl      a bitmap: as hexadecimal words, as a list of ranges
//   %pa %pap %pad   an address of the bus, by reference
//   %pr %pR         a struct resource: its flags as a number, as words
//   %pV             a struct va_format: a text within the text
//   anything else, %p %px %pK %pS for instance: the number that it is
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <linux/bottomhalf.h>   // first: impl is the engine's, and not one more
#include <linux/bottomhalf_resource.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

struct va_format {
    const char* fmt;
    va_list* va;
};

const char* bottomhalf_errname(int err, char (&room)[16]) noexcept;
/// vsnprintf() with those conversions.  Context: any.
__attribute__((format(printf, 3, 0))) int bottomhalf_vformat(char* to, std::size_t room, const char* fmt,
                                                             std::va_list args) noexcept;

namespace impl {

/// What stands between the % and the letter.
struct format_field {
    int width = -1, precision = -1;   // -1: not given
    bool left = false, plus = false, space = false, special = false, zeros = false, point = false;
};

/// A text that grows, and counts what it has no room for.
struct growing_text {
    char* to;
    std::size_t room, length;

    [[nodiscard]] char* end() const noexcept { return length < room ? to + length : nullptr; }
    [[nodiscard]] std::size_t left() const noexcept { return length < room ? room - length : 0; }
    void put(char c) noexcept {
        if (left() > 1) {
            to[length] = c;
            to[length + 1] = '\0';
        }
        ++length;
    }
    void put(const char* text, std::size_t n) noexcept {
        if (const std::size_t space = left(); space > 1) {
            const std::size_t fits = n < space ? n : space - 1;
            std::memcpy(to + length, text, fits);
            to[length + fits] = '\0';
        }
        length += n;
    }
    void put(const char* text) noexcept { put(text, std::strlen(text)); }
    void fill(char c, int n) noexcept {
        for (; n > 0; --n) put(c);
    }
    void put_in(const format_field& f, const char* text) noexcept {
        const int missing = f.width - static_cast<int>(std::strlen(text));
        if (!f.left) fill(' ', missing);
        put(text);
        if (f.left) fill(' ', missing);
    }
    template <class T>
    void convert(const char* spec, T value) noexcept {
        const int n = std::snprintf(end(), left(), spec, value);
        if (n > 0) length += static_cast<std::size_t>(n);
    }
    /// `base`: 8, 10 or 16.  Nought has its 0x, too, and at least one digit: not so in libc.
    void put_number(const format_field& f, unsigned long long magnitude, bool negative, unsigned base, bool capitals,
                    bool is_signed) noexcept {
        char digits[24];
        int n = 0;
        const char* alphabet = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
        for (unsigned long long rest = magnitude; rest != 0 || n == 0; rest /= base)
            digits[n++] = alphabet[rest % base];
        const char* before = "";
        if (is_signed && negative)
            before = "-";
        else if (is_signed && (f.plus || f.space))
            before = f.plus ? "+" : " ";
        else if (f.special && base == 16)
            before = capitals ? "0X" : "0x";
        else if (f.special && base == 8 && magnitude != 0)
            before = "0";
        int width = f.width - static_cast<int>(std::strlen(before)), least = f.precision;
        if (f.zeros && !f.left && least < width) least = width;
        if (least < n) least = n;
        if (!f.left) fill(' ', width - least);
        put(before);
        fill('0', least - n);
        while (n > 0) put(digits[--n]);
        if (f.left) fill(' ', width - least);
    }
};

/// A text of which the longest is known.
template <std::size_t N>
struct short_text : growing_text {
    char text[N] = "";
    short_text() noexcept : growing_text{text, N, 0} {}
};
using any_text = short_text<200>;

inline void put_byte(growing_text& out, unsigned char byte, bool capitals = false) noexcept {
    const char* alphabet = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    out.put(alphabet[byte >> 4]);
    out.put(alphabet[byte & 15]);
}
inline void put_mac(growing_text& out, const char* what, const unsigned char* mac) noexcept {
    const char between = what[0] == 'm' ? '\0' : what[1] == 'F' ? '-' : ':';
    for (int i = 0; i < 6; ++i) {
        if (i != 0 && between != '\0') out.put(between);
        put_byte(out, mac[what[1] == 'R' ? 5 - i : i]);
    }
}
/// `what` follows the I4: the order of the bytes.
inline void put_ipv4(growing_text& out, bool wide, char what, const unsigned char* ip) noexcept {
    const bool backwards = what == 'h' || what == 'l';   // as this machine has them
    for (int i = 0; i < 4; ++i) {
        if (i != 0) out.put('.');
        format_field f;
        if (wide) f.width = 3, f.zeros = true;
        out.put_number(f, ip[backwards ? 3 - i : i], false, 10, false, false);
    }
}
inline void put_ipv6(growing_text& out, bool colons, const unsigned char* ip) noexcept {
    for (int i = 0; i < 16; ++i) {
        if (i != 0 && i % 2 == 0 && colons) out.put(':');
        put_byte(out, ip[i]);
    }
}
/// The longest row of noughts, of two at least, is left out: RFC 5952.
inline void put_short_ipv6(growing_text& out, const unsigned char* ip) noexcept {
    unsigned words[8];
    for (std::size_t i = 0; i < 8; ++i) words[i] = static_cast<unsigned>(ip[2 * i]) << 8 | ip[2 * i + 1];
    const bool mapped =
        words[0] == 0 && words[1] == 0 && words[2] == 0 && words[3] == 0 && words[4] == 0 && words[5] == 0xffff;
    const bool isatap = (words[4] & ~0x200U) == 0 && words[5] == 0x5efe;
    const int n = mapped || isatap ? 6 : 8;   // behind them, an IPv4 address
    int first = -1, longest = 1;
    for (int i = 0; i < n; ++i) {
        int k = i;
        while (k < n && words[k] == 0) ++k;
        if (k - i > longest) longest = k - i, first = i;
    }
    bool colon = false;
    for (int i = 0; i < n; ++i) {
        if (i == first) {
            if (colon || i == 0) out.put(':');
            out.put(':');
            colon = false;
            i += longest - 1;
            continue;
        }
        if (colon) out.put(':');
        out.put_number({}, words[i], false, 16, false, false);
        colon = true;
    }
    if (n == 8) return;
    if (colon) out.put(':');
    put_ipv4(out, false, '\0', ip + 12);
}
inline void put_uuid(growing_text& out, char what, const unsigned char* uuid) noexcept {
    static constexpr unsigned char as_guid[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    const bool guid = what == 'l' || what == 'L';
    for (unsigned i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out.put('-');
        put_byte(out, uuid[guid ? as_guid[i] : i], what == 'B' || what == 'L');
    }
}
/// The field's width is how many.
inline void put_bytes(growing_text& out, const format_field& f, char what, const unsigned char* bytes) noexcept {
    const char between = what == 'C' ? ':' : what == 'D' ? '-' : what == 'N' ? '\0' : ' ';
    const int n = f.width < 0 ? 1 : f.width > 64 ? 64 : f.width;
    for (int i = 0; i < n; ++i) {
        if (i != 0 && between != '\0') out.put(between);
        put_byte(out, bytes[i]);
    }
}
inline void put_bitmap(growing_text& out, const format_field& f, bool as_list, const unsigned long* map) noexcept {
    const int n = f.width < 0 ? 0 : f.width;
    const auto is_set = [map](int i) { return (map[i / 64] >> (i % 64) & 1) != 0; };
    if (as_list) {
        bool comma = false;
        for (int i = 0; i < n; ++i) {
            if (!is_set(i)) continue;
            int last = i;
            while (last + 1 < n && is_set(last + 1)) ++last;
            if (comma) out.put(',');
            out.put_number({}, static_cast<unsigned>(i), false, 10, false, false);
            if (last != i) out.put('-'), out.put_number({}, static_cast<unsigned>(last), false, 10, false, false);
            comma = true;
            i = last;
        }
        return;
    }
    for (int word = (n + 31) / 32 - 1, bits = n - word * 32; word >= 0; --word, bits = 32) {
        unsigned long long value = 0;
        for (int i = 0; i < bits; ++i) value |= static_cast<unsigned long long>(is_set(word * 32 + i)) << i;
        format_field digits;
        digits.width = (bits + 3) / 4;
        digits.zeros = true;
        out.put_number(digits, value, false, 16, false, false);
        if (word != 0) out.put(',');
    }
}
inline void put_resource(growing_text& out, bool words, const struct resource& r) noexcept {
    format_field number;
    number.zeros = number.special = true;
    unsigned base = 16;
    out.put('[');
    if ((r.flags & IORESOURCE_IO) != 0) {
        out.put("io  ");
        number.width = 6;
    } else if ((r.flags & IORESOURCE_MEM) != 0) {
        out.put("mem ");
        number.width = 10;
    } else {
        const bool known = (r.flags & (IORESOURCE_IRQ | IORESOURCE_DMA)) != 0;
        const bool bus = !known && (r.flags & IORESOURCE_BUS) != 0;
        out.put((r.flags & IORESOURCE_IRQ) != 0 ? "irq " : known ? "dma " : bus ? "bus " : "??? ");
        if (known)
            base = 10, number = {};
        else if (bus)
            number.width = 2, number.special = false;
        else
            words = false, number.width = 10;
    }
    if (words && (r.flags & IORESOURCE_UNSET) != 0) {
        out.put("size ");
        out.put_number(number, r.end - r.start + 1, false, base, false, false);
    } else {
        out.put_number(number, r.start, false, base, false, false);
        if (r.start != r.end) out.put('-'), out.put_number(number, r.end, false, base, false, false);
    }
    if (words) {
        if ((r.flags & IORESOURCE_MEM_64) != 0) out.put(" 64bit");
        if ((r.flags & IORESOURCE_PREFETCH) != 0) out.put(" pref");
        if ((r.flags & IORESOURCE_WINDOW) != 0) out.put(" window");
        if ((r.flags & IORESOURCE_DISABLED) != 0) out.put(" disabled");
    } else {
        out.put(" flags ");
        format_field flags;
        flags.special = true;
        out.put_number(flags, r.flags, false, 16, false, false);
    }
    out.put(']');
}
/// A pointer as the number that it is.
inline void put_raw(growing_text& out, format_field f, const void* p, bool with_base = false) noexcept {
    if (f.width < 0) f.width = with_base ? 18 : 16, f.zeros = true;
    f.special = f.special || with_base;
    out.put_number(f, reinterpret_cast<std::uintptr_t>(p), false, 16, false, false);
}

/// `what` follows the p.
inline void put_pointer(growing_text& out, const format_field& f, const char* what, const void* p) noexcept {
    const auto value = reinterpret_cast<std::uintptr_t>(p);
    const bool is_error = value >= static_cast<std::uintptr_t>(-4095);
    if (*what == 'e' && is_error) {
        char number[16];
        any_text name;
        name.put('-');
        name.put(bottomhalf_errname(static_cast<int>(reinterpret_cast<std::intptr_t>(p)), number));
        return out.put_in(f, name.text);
    }
    if (*what == '\0' || std::strchr("MmIiUhbarRV", *what) == nullptr) return put_raw(out, f, p);
    if (*what == 'h' && f.width == 0) return;
    if (value < 4096 || is_error) return out.put_in(f, p == nullptr ? "(null)" : "(efault)");

    const auto* bytes = static_cast<const unsigned char*>(p);
    any_text t;
    switch (*what) {
        case 'h': return put_bytes(out, f, what[1], bytes);
        case 'b': return put_bitmap(out, f, what[1] == 'l', static_cast<const unsigned long*>(p));
        case 'V': {
            const auto* inner = static_cast<const va_format*>(p);
            std::va_list args;
            va_copy(args, *inner->va);
            const int n = bottomhalf_vformat(out.end(), out.left(), inner->fmt, args);
            va_end(args);
            if (n > 0) out.length += static_cast<std::size_t>(n);
            return;
        }
        case 'a': {
            std::uint64_t address;   // phys_addr_t, resource_size_t and dma_addr_t are of one size
            std::memcpy(&address, p, sizeof address);
            return put_raw(out, {}, reinterpret_cast<const void*>(address), true);   // all of it, whatever the width
        }
        case 'M':
        case 'm': put_mac(t, what, bytes); break;
        case 'U': put_uuid(t, what[1], bytes); break;
        case 'r':
        case 'R': put_resource(t, *what == 'R', *static_cast<const struct resource*>(p)); break;
        default:
            if (what[1] == '4')
                put_ipv4(t, *what == 'i', what[2], bytes);
            else if (what[1] == '6' && *what == 'I' && what[2] == 'c')
                put_short_ipv6(t, bytes);
            else if (what[1] == '6')
                put_ipv6(t, *what == 'I', bytes);
            else
                return put_raw(out, f, p);
    }
    out.put_in(f, t.text);
}

}   // namespace impl
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::va_format;
