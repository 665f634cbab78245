// SPDX-License-Identifier: MIT
// Text: <linux/printk.h>, <linux/ratelimit.h>, <linux/bug.h>, <linux/string.h>, <linux/kstrtox.h>, <linux/sprintf.h>, hex.h.
#define pr_fmt(fmt) "text: " fmt
#include "linux6/support.hpp"
#include "support/printed.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <linux/bug.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/hex.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sprintf.h>
#include <linux/string.h>

using support::printed;

namespace {

int evaluated;
int evaluate() { return ++evaluated; }

}   // namespace

TEST_CASE("pr_*: each level, with the file's prefix", "[linux6][printk]") {
    CHECK(printed([] { pr_err("%d\n", 5); }) == "text: 5\n");
    CHECK(printed([] {
              pr_emerg("a ");
              pr_alert("b ");
              pr_crit("c ");
              pr_warn("d ");
              pr_warning("e ");
              pr_notice("f ");
              pr_info("g ");
              pr_cont("h\n");
          }) == "text: a \ntext: b \ntext: c \ntext: d \ntext: e \ntext: f \ntext: g h\n");
    CHECK(printed([] { printk(KERN_INFO "x\n"); }) == "x\n");
    CHECK(printed([] { printk("x\n"); }) == "x\n");
    CHECK(printed([] {
              printk(KERN_EMERG KERN_ALERT "%s", "");
              printk_deferred(KERN_CRIT "y");
          }).back() == 'y');
    CHECK(std::string(KERN_WARNING KERN_NOTICE KERN_DEBUG KERN_ERR KERN_CONT) == "\0014\0015\0017\0013\001c");
    evaluated = 0;
    CHECK(printed([] {
              pr_debug("%d", evaluate());
              pr_devel("%d", evaluate());
              no_printk("%d", 1);
          }).empty());
    CHECK(evaluated == 0);
    CHECK(printed([] { dump_stack(); }).find("text_test.cpp") != std::string::npos);
}

TEST_CASE("printk: a message begins a line, but for a KERN_CONT of the same thread", "[linux6][printk]") {
    CHECK(printed([] {
              printk(KERN_INFO "one");
              printk(KERN_INFO "two\n");
              printk("three");
              printk(KERN_CONT " and four");
              pr_cont(" and five\n");
              printk(KERN_CONT "six\n");   // there is nothing to continue
          }) == "one\ntwo\nthree and four and five\nsix\n");
    CHECK(printed([] {
              printk("mine");
              std::thread([] { printk(KERN_CONT "another's\n"); }).join();
              printk(KERN_CONT "mine again\n");
          }) == "mine\nanother's\nmine again\n");
    const std::string text = printed([] {
        printk("open");
        bottomhalf::detail::say(bottomhalf::channel::advice, bottomhalf::severity::note, "somebody",
                                bottomhalf::location::current(), "says something");
        printk("again\n");
    });
    CHECK(text.find("open\nbottomhalf: ") == 0);
    CHECK(text.find(")\nagain\n") != std::string::npos);
}

TEST_CASE("printk: the kernel's own conversions", "[linux6][printk]") {
    const struct device* none = ERR_PTR(-ENODEV);
    CHECK(printed([&] { pr_err("%pe %pe\n", none, ERR_PTR(-ENOMEM)); }) == "text: -ENODEV -ENOMEM\n");
    CHECK(printed([&] {
              printk("%s:%5d|%-4u|%lu %llx %zu %c%% %.2f %pe.\n", "a", -7, 3U, 5UL, 0xabcULL, sizeof(int), 'x', 1.25,
                     ERR_PTR(-EPROBE_DEFER));
          }) == "a:   -7|3   |5 abc 4 x% 1.25 -EPROBE_DEFER.\n");
    CHECK(printed([] { printk("%.1Lf %hhd %pe\n", 2.5L, static_cast<signed char>(-1), ERR_PTR(-EIO)); }) ==
          "2.5 -1 -EIO\n");
    CHECK(printed([&] { printk("%*d %.*s %pe\n", 4, 2, 3, "abcdef", ERR_PTR(-4095)); }) == "   2 abc -4095\n");
    const u8 mac[] = {0, 1, 2, 0xab, 0xcd, 0xef}, ip[] = {192, 168, 0, 1};
    CHECK(printed([&] { printk("%pM %pI4\n", mac, ip); }) == "00:01:02:ab:cd:ef 192.168.0.1\n");
    CHECK(printed([&] { printk("%px|%pK|%p\n", nullptr, nullptr, nullptr); }) ==
          "0000000000000000|0000000000000000|0000000000000000\n");
    char fine[32];
    std::snprintf(fine, sizeof fine, "%016lx\n", reinterpret_cast<unsigned long>(mac));
    CHECK(printed([&] { printk("%pe\n", mac); }) == fine);   // no error
    const auto wrapper = [](const char* fmt, ...) {
        struct va_format vaf;
        va_list args;
        va_start(args, fmt);
        vaf.fmt = fmt;
        vaf.va = &args;
        printk("card 1: %pV.\n", &vaf);
        va_end(args);
    };
    CHECK(printed([&] { wrapper("%d of %s", 3, "five"); }) == "card 1: 3 of five.\n");
    char small[8], room[64];
    CHECK(scnprintf(small, sizeof small, "%d", 123456789) == 7);
    CHECK(scnprintf(small, sizeof small, "%pe", ERR_PTR(-EPROBE_DEFER)) == 7);
    CHECK(std::string(small) == "-EPROBE");
    // Whose arguments libc can print is libc's, and the compiler looks at them.
    CHECK(snprintf(room, sizeof room, "%pM %d %s", mac, 5, "text") == 24);
    CHECK(std::string(room) == "00:01:02:ab:cd:ef 5 text");
    CHECK(snprintf(small, sizeof small, "%pM", mac) == 17);
    CHECK(std::string(small) == "00:01:0");
    CHECK(sprintf(room, "%pe", none) == 7);
    CHECK(std::string(room) == "-ENODEV");
    CHECK(std::snprintf(room, sizeof room, "%.1f", 0.5) == 3);
    CHECK(printed([] {
              // More arguments than one has fingers.
              printk("%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d\n", 1, 2, 3, 4,
                     5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7,
                     8, 9, 0);
          }) == "1234567890123456789012345678901234567890\n");
}

TEST_CASE("pr_*_once: once at each place", "[linux6][printk]") {
    CHECK(printed([] {
              for (int i = 0; i < 3; ++i) {
                  pr_info_once("i%d ", i);
                  pr_warn_once("w%d ", i);
                  pr_err_once("e%d ", i);
                  printk_once("p%d ", i);
                  pr_notice_once("n%d\n", i);
                  pr_debug_once("d%d\n", i);
              }
          }) == "text: i0 \ntext: w0 \ntext: e0 \np0 \ntext: n0\n");
}

TEST_CASE("ratelimited: ten at most, and what was held back is counted", "[linux6][ratelimit]") {
    const std::string text = printed([] {
        for (int i = 0; i < 30; ++i) pr_info_ratelimited("%d\n", i);
    });
    CHECK(text.find("text: 9\n") != std::string::npos);
    CHECK(text.find("10\n") == std::string::npos);
    CHECK(printed([] {
              pr_err_ratelimited("a");
              pr_warn_ratelimited("b");
              pr_notice_ratelimited("c");
              printk_ratelimited("d");
              pr_debug_ratelimited("e");
          }) == "text: a\ntext: b\ntext: c\nd");

    DEFINE_RATELIMIT_STATE(rs, HZ / 100 + 1, 2);
    CHECK(__ratelimit(&rs) == 1);
    CHECK(__ratelimit(&rs) == 1);
    int held = 0;
    std::string later;
    for (int allowed = 0; allowed == 0;) {   // until the next interval has come, whenever that is
        later = printed([&] { allowed = __ratelimit(&rs); });
        held += allowed == 0;
    }
    if (held > 0) CHECK(later.find(std::to_string(held) + " callbacks suppressed") != std::string::npos);
    ratelimit_set_flags(&rs, RATELIMIT_MSG_ON_RELEASE);
    ratelimit_state_init(&rs, 0, 0);
    for (int i = 0; i < 20; ++i) CHECK(__ratelimit(&rs) == 1);   // no interval: no limit
    ratelimit_default_init(&rs);
    CHECK(rs.burst == DEFAULT_RATELIMIT_BURST);
    CHECK(rs.interval == DEFAULT_RATELIMIT_INTERVAL);
    CHECK(printk_ratelimit() == 1);
}

TEST_CASE("print_hex_dump", "[linux6][printk]") {
    const char bytes[] = "0123456789abcdef\x01\x7f";
    char line[100];
    CHECK(hex_dump_to_buffer(bytes, 3, 16, 1, line, sizeof line, false) == 8);
    CHECK(std::string(line) == "30 31 32");
    CHECK(hex_dump_to_buffer(bytes, 4, 16, 4, line, sizeof line, false) == 8);
    CHECK(std::string(line) == "33323130");
    CHECK(hex_dump_to_buffer(bytes, 3, 16, 1, line, 6, false) == 8);
    CHECK(std::string(line) == "30 31");
    CHECK(printed([&] { print_hex_dump(KERN_INFO, "x: ", DUMP_PREFIX_OFFSET, 16, 1, bytes, 18, true); }) ==
          "x: 00000000: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
          "x: 00000010: 01 7f                                            ..\n");
    CHECK(printed([&] { print_hex_dump(KERN_INFO, "", DUMP_PREFIX_NONE, 16, 2, bytes, 4, false); }) == "3130 3332\n");
    CHECK(printed([&] { print_hex_dump(KERN_INFO, "", DUMP_PREFIX_ADDRESS, 16, 1, bytes, 1, false); }).find(": ") ==
          16);
    CHECK(printed([&] {
              print_hex_dump_bytes("", DUMP_PREFIX_NONE, bytes, 4);
              print_hex_dump_debug("", DUMP_PREFIX_NONE, 16, 1, bytes, 4, false);
          }).empty());
    CHECK(hex_asc_lo(0x2a) == 'a');
    CHECK(hex_asc_hi(0x2a) == '2');
}

TEST_CASE("WARN, WARN_ON, and those that speak once", "[linux6][bug]") {
    ear listening;
    evaluated = 0;
    CHECK_FALSE(WARN(false, "%d", evaluate()));
    CHECK(evaluated == 0);
    CHECK(ear::all().empty());
    CHECK(WARN(5 > 4, "%d\n", evaluate()));
    CHECK(WARN(true, "\n"));   // AddressSanitizer looks: there is nothing before it
    CHECK(WARN_ON(true));
    CHECK_FALSE(WARN_ON(false));
    CHECK(ear::all().size() == 3);
    for (int i = 0; i < 4; ++i) {
        CHECK(WARN_ON_ONCE(i > 1) == (i > 1));
        CHECK(WARN_ONCE(i > 1, "%d", i) == (i > 1));
    }
    CHECK(ear::all().size() == 5);
    BUG_ON(false);
    if (ear::all().empty()) BUG();
}

TEST_CASE("copying strings", "[linux6][string]") {
    char to[5];
    CHECK(strscpy(to, "abcd") == 4);
    CHECK(strscpy(to, "abcde") == -E2BIG);
    CHECK(std::string(to) == "abcd");
    CHECK(strscpy(to, "ab", 2) == -E2BIG);
    CHECK(std::string(to) == "a");
    CHECK(strscpy(to, "ab", 0) == -E2BIG);
    std::memset(to, 'x', sizeof to);
    CHECK(strscpy_pad(to, "a") == 1);
    CHECK(memchr_inv(to + 1, 0, 4) == nullptr);
    CHECK(strscpy_pad(to, "b", 3) == 1);
    to[3] = 1;
    CHECK(memchr_inv(to + 1, 0, 4) == to + 3);
    memzero_explicit(to, sizeof to);
    CHECK(memchr_inv(to, 0, sizeof to) == nullptr);
    u32 words[2];
    memset32(words, 0x01020304, 2);
    CHECK(words[1] == 0x01020304);
    u16 halves[2];
    memset16(halves, 0x0102, 2);
    CHECK(halves[1] == 0x0102);
    u64 longs[2];
    memset64(longs, 7, 2);
    CHECK(longs[1] == 7);
    memcpy_and_pad(to, sizeof to, "ab", 2, 'z');
    CHECK(std::string(to, 5) == "abzzz");

    char* copy = kmemdup("abc", 4, GFP_KERNEL);
    CHECK(std::string(copy) == "abc");
    kfree(copy);
    copy = kstrndup("abcdef", 3, GFP_KERNEL);
    CHECK(std::string(copy) == "abc");
    kfree(copy);
    copy = kmemdup_nul("abcdef", 2, GFP_KERNEL);
    CHECK(std::string(copy) == "ab");
    kfree(copy);
    const char* literal = kstrdup_const("abc", GFP_KERNEL);
    CHECK(std::string(literal) == "abc");
    kfree_const(literal);
    copy = memdup_user_nul("abc", 2);
    CHECK(std::string(copy) == "ab");
    kfree(copy);
    int* numbers = memdup_user(words, sizeof words);
    CHECK(numbers[0] == 0x01020304);
    kfree(numbers);
    kfree(kmemdup_array(words, 2, 4, GFP_KERNEL));
    CHECK(bool(kmemdup_array(words, SIZE_MAX, 4, GFP_KERNEL) == nullptr));
    CHECK(kstrndup(nullptr, 3, GFP_KERNEL) == nullptr);
}

TEST_CASE("looking at strings", "[linux6][string]") {
    char text[] = "  one two \n";
    CHECK(std::string(strim(text)) == "one two");
    CHECK(std::string(skip_spaces(" \t x")) == "x");
    char spaces[] = "   ";
    CHECK(std::string(strstrip(spaces)).empty());
    char dashes[] = "a-b-c";
    CHECK(std::string(strreplace(dashes, '-', '_')) == "a_b_c");
    CHECK(sysfs_streq("on", "on\n"));
    CHECK(sysfs_streq("on\n", "on"));
    CHECK_FALSE(sysfs_streq("on", "on\n\n"));
    CHECK_FALSE(sysfs_streq("on", "one"));
    const char* const names[] = {"off", "on", nullptr};
    CHECK(match_string(names, 3, "on") == 1);
    CHECK(match_string(names, 3, "on\n") == -EINVAL);
    CHECK(sysfs_match_string(names, "on\n") == 1);
    CHECK(std::string(kbasename("/a/b/c.txt")) == "c.txt");
    CHECK(std::string(kbasename("c.txt")) == "c.txt");
    CHECK(str_has_prefix("prefix", "pre") == 3);
    CHECK(str_has_prefix("prefix", "post") == 0);
    CHECK(strstarts("prefix", "pre"));
    CHECK(strnchr("abc", 2, 'c') == nullptr);
    CHECK(*strnchr("abc", 3, 'c') == 'c');
    CHECK(strnstr("abcd", "cd", 3) == nullptr);
    CHECK(strnstr("abcd", "cd", 4) != nullptr);
    CHECK(isspace(' '));
    CHECK(isodigit('7'));
    CHECK_FALSE(isodigit('8'));
}

TEST_CASE("kstrto*: strict, and in range", "[linux6][kstrtox]") {
    int i = 99;
    CHECK(kstrtoint("12", 10, &i) == 0);
    CHECK(i == 12);
    CHECK(kstrtoint("-0x10\n", 0, &i) == 0);
    CHECK(i == -16);
    CHECK(kstrtoint("017", 0, &i) == 0);
    CHECK(i == 15);
    CHECK(kstrtoint("+5", 10, &i) == 0);
    CHECK(kstrtoint("0xff", 16, &i) == 0);
    CHECK(i == 255);
    for (const char* bad : {"", " 5", "5 ", "5x", "0x", "-", "5\n\n", "--5", "\n"})
        CHECK(kstrtoint(bad, 0, &i) == -EINVAL);
    CHECK(kstrtoint("2147483648", 10, &i) == -ERANGE);
    CHECK(kstrtoint("-2147483648", 10, &i) == 0);
    CHECK(kstrtoint("-2147483649", 10, &i) == -ERANGE);
    CHECK(i == INT_MIN);
    unsigned long ul = 0;
    CHECK(kstrtoul("18446744073709551615", 10, &ul) == 0);
    CHECK(ul == ~0UL);
    CHECK(kstrtoul("18446744073709551616", 10, &ul) == -ERANGE);
    CHECK(kstrtoul("-1", 10, &ul) == -EINVAL);
    u8 b = 0;
    CHECK(kstrtou8("256", 10, &b) == -ERANGE);
    CHECK(kstrtou8("255", 10, &b) == 0);
    s8 sb = 0;
    CHECK(kstrtos8("-129", 10, &sb) == -ERANGE);
    u16 h = 0;
    CHECK(kstrtou16("65536", 10, &h) == -ERANGE);
    s16 sh = 0;
    CHECK(kstrtos16("-32768", 10, &sh) == 0);
    u32 w = 0;
    CHECK(kstrtou32("4294967295", 10, &w) == 0);
    s32 sw = 0;
    CHECK(kstrtos32("7", 8, &sw) == 0);
    CHECK(kstrtos32("8", 8, &sw) == -EINVAL);
    unsigned int ui = 0;
    CHECK(kstrtouint("0x1f", 0, &ui) == 0);
    CHECK(ui == 31);
    long l = 0;
    CHECK(kstrtol("-9223372036854775808", 10, &l) == 0);
    long long ll = 0;
    CHECK(kstrtoll("-9223372036854775809", 10, &ll) == -ERANGE);
    unsigned long long ull = 0;
    CHECK(kstrtoull("5", 10, &ull) == 0);
    u64 q = 0;
    s64 sq = 0;
    CHECK(kstrtou64("6", 10, &q) == 0);
    CHECK(kstrtos64("-6", 10, &sq) == 0);
    CHECK(sq == -6);
    bool yes = false;
    CHECK(kstrtobool("on", &yes) == 0);
    CHECK(yes);
    CHECK(kstrtobool("N", &yes) == 0);
    CHECK_FALSE(yes);
    CHECK(kstrtobool("off", &yes) == 0);
    CHECK(kstrtobool("maybe", &yes) == -EINVAL);
    char* end = nullptr;
    CHECK(simple_strtoul("0x1fz", &end, 0) == 31);
    CHECK(*end == 'z');
    CHECK(simple_strtol("-5", nullptr, 10) == -5);
    CHECK(simple_strtoull("77", nullptr, 8) == 63);
}

TEST_CASE("text into memory", "[linux6][sprintf]") {
    char to[6];
    CHECK(scnprintf(to, sizeof to, "%s", "abc") == 3);
    CHECK(scnprintf(to, sizeof to, "%s", "abcdefg") == 5);
    const char* volatile long_one = "abcdefg";   // or the compiler warns of it
    CHECK(snprintf(to, sizeof to, "%s", long_one) == 7);
    CHECK(scnprintf(to, 0, "%s", "abc") == 0);
    CHECK(sprintf(to, "%d", 5) == 1);
    char* text = kasprintf(GFP_KERNEL, "%s-%d", "name", 7);
    CHECK(std::string(text) == "name-7");
    kfree(text);
    int a = 0;
    CHECK(sscanf("17", "%d", &a) == 1);
    u8 bytes[2];
    CHECK(hex2bin(bytes, "1aF0", 2) == 0);
    CHECK((bytes[0] == 0x1a && bytes[1] == 0xf0));
    CHECK(hex2bin(bytes, "1g", 1) == -EINVAL);
    CHECK(hex_to_bin('x') == -1);
    *bin2hex(to, bytes, 2) = '\0';
    CHECK(std::string(to) == "1af0");
    static_assert(!IS_ENABLED(CONFIG_NOBODY_HAS_THIS));
#define CONFIG_SOMEBODY_HAS_THIS 1
#define CONFIG_AS_A_MODULE_MODULE 1
    static_assert(IS_ENABLED(CONFIG_SOMEBODY_HAS_THIS) && IS_BUILTIN(CONFIG_SOMEBODY_HAS_THIS));
    static_assert(IS_ENABLED(CONFIG_AS_A_MODULE) && IS_MODULE(CONFIG_AS_A_MODULE) && !IS_BUILTIN(CONFIG_AS_A_MODULE));
}

namespace {
/// A text by scnprintf(), with a format that no compiler looks at.
template <class... T>
std::string text_of(const char* fmt, T... values) {
    char to[80];
    const int n = scnprintf(to, sizeof to, fmt, values...);
    return std::string(to, static_cast<std::size_t>(n));
}
}   // namespace

TEST_CASE("conversions that libc would make something else of", "[linux6][sprintf]") {
    const u8 mac[] = {0x00, 0x1a, 0x2b, 0x3c, 0x4d, 0xff};
    char to[80];
    const char* volatile fmt = "%#x|%#06x";
    CHECK(sprintf(to, fmt, 0, 0) == 10);
    CHECK(std::string(to) == "0x0|0x0000");
    fmt = "%*ph";
    CHECK(snprintf(to, sizeof to, fmt, 3, reinterpret_cast<const char*>(mac)) == 8);
    CHECK(std::string(to) == "00 1a 2b");
    CHECK(text_of("%.s", "hello") == "hello");
    CHECK(text_of("%.0s|", "hello") == "|");
    CHECK(text_of("%.f %.1f %f", 2.25, 2.25, 2.25) == "2 2.2 2.250000");
    CHECK(text_of("%05.2x", 0x12) == "00012");
    CHECK(text_of("%-5.3x|", 0x12) == "012  |");
    CHECK(text_of("%#p", reinterpret_cast<void*>(0x1234)) == "0x00000000001234");
    const phys_addr_t address = 0x1000;
    CHECK(text_of("%24pa", &address) == "0x0000000000001000");
    CHECK(text_of("%pe %pe %pe", ERR_PTR(-513), ERR_PTR(-515), ERR_PTR(-528)) ==
          "-ERESTARTNOINTR -ENOIOCTLCMD -EJUKEBOX");
    const struct resource bus = {0, 0xff, nullptr, IORESOURCE_BUS};
    const struct resource bar = {0, 0xff, nullptr, IORESOURCE_MEM | IORESOURCE_MEM_64 | IORESOURCE_PREFETCH};
    const struct resource open = {0, 0xff, nullptr, IORESOURCE_MEM | IORESOURCE_UNSET | IORESOURCE_DISABLED};
    CHECK(text_of("%pR", &bus) == "[bus 00-ff]");
    CHECK(text_of("%pR", &bar) == "[mem 0x00000000-0x000000ff 64bit pref]");
    CHECK(text_of("%pR", &open) == "[mem size 0x00000100 disabled]");
    CHECK(text_of("%pr", &bus) == "[bus 00-ff flags 0x1000]");
}

TEST_CASE("texts that would not end: sizes below nought, widths beyond reason, letters that nobody knows",
          "[linux6][sprintf][report]") {
    char to[8] = "before";
    const char* volatile fmt = "%d";
    const std::size_t passed = 4;
    CHECK(printed([&] {
              CHECK(snprintf(to + 6, passed - 6, fmt, 5) == 0);
          }).find("vsnprintf: WARN_ON_ONCE(size > INT_MAX)") != std::string::npos);
    CHECK(printed([&] { CHECK(scnprintf(to + 6, passed - 6, fmt, 5) == 0); }).find("INT_MAX") != std::string::npos);
    CHECK(std::string(to) == "before");
    fmt = "%*d";
    CHECK(snprintf(nullptr, 0, fmt, -2147483647 - 1, 1) == 0x7fffff);
    fmt = "%.40000d";
    CHECK(snprintf(nullptr, 0, fmt, 1) == 0x7fff);
    std::string text;
    CHECK(printed([&] { text = text_of("abc%y def%d", 1); }).find("Please remove unsupported %y") != std::string::npos);
    CHECK(text == "abc");
}
