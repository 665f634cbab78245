/* class: contract. Numbers and words out of texts, at the edges. */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/errno.h>
#include <linux/ctype.h>
#include "observe.h"

static const char *const words[] = { "off", "on", "auto", NULL, "never" };

static void whole(const char *s, unsigned int base)
{
	int i = 7, r1, r2, r3, r4;
	unsigned int u = 7;
	long long ll = 7;
	unsigned char c = 7;

	r1 = kstrtoint(s, base, &i);
	r2 = kstrtouint(s, base, &u);
	r3 = kstrtoll(s, base, &ll);
	r4 = kstrtou8(s, base, &c);
	OBSERVE("\"%s\" base %u: int %d %d, uint %d %u, ll %d %lld, u8 %d %u", s[0] == '\n' ? "newline" : s, base, r1, i, r2, u, r3,
		ll, r4, c);
}
static void part(const char *s, unsigned int base)
{
	char *end = NULL;
	unsigned long v = simple_strtoul(s, &end, base);
	long l;
	int n = (int)(end - s);

	l = simple_strtol(s, &end, base);
	OBSERVE("\"%s\" base %u: strtoul %lu of %d, strtol %ld of %d", s, base, v, n, l, (int)(end - s));
}
static void yes(const char *s)
{
	bool b = false;
	int r = kstrtobool(s, &b);

	OBSERVE("bool \"%s\": %d %d", s, r, b);
}
static void scan(const char *s, const char *fmt)
{
	int a = -1, b = -1, r;
	char w[8] = "-";

	r = sscanf(s, fmt, &a, &b, w);
	OBSERVE("scan \"%s\" by \"%s\": %d, %d %d %s", s, fmt, r, a, b, w);
}

static void scenario(void)
{
	static char text[32], pad[8];
	static const char *numbers[] = { "0", "-0", "+0", "+5", "-5", "--5", " 5", "5 ", "0x", "0x1F", "0X1f", "08", "010",
					 "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295",
					 "4294967296", "9223372036854775807", "9223372036854775808", "255", "256", "1_0",
					 "a", "ff", "-", "+", "5n", "5.0" };
	char *p;
	unsigned int i;
	int r;
	u8 raw[4] = { 0 };

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		whole(numbers[i], 0);
	whole("ff", 16);
	whole("0xff", 16);
	whole("0xff", 10);
	whole("077", 8);
	whole("78", 8);
	whole("101", 2);
	part("12abc", 10);
	part("0x1fg", 0);
	part("017z", 0);
	part("-12", 10);
	part("abc", 10);
	part("  7", 10);
	yes("1"); yes("0"); yes("y"); yes("Y"); yes("yes"); yes("n"); yes("No"); yes("on"); yes("off"); yes("oops"); yes("ON");
	yes("oFf"); yes("t"); yes("T"); yes("f"); yes("true"); yes("false"); yes(""); yes("2"); yes("10");
	scan("12 34 word", "%d %d %7s");
	scan("12,34", "%d,%d");
	scan("0x10 010", "%i %i");
	scan("10 20", "%x %x");
	scan("x", "%d");
	scan("-3:7:longerthanthat", "%d:%d:%4s");
	scan("5 %", "%d %%");
	OBSERVE("match %d %d %d", match_string(words, ARRAY_SIZE(words), "auto"), match_string(words, 2, "auto"),
		match_string(words, (size_t)-1, "never"));
	OBSERVE("sysfs match %d %d", __sysfs_match_string(words, 3, "on\n"), __sysfs_match_string(words, 3, "onn"));
	OBSERVE("sysfs_streq %d %d %d %d", sysfs_streq("a", "a\n"), sysfs_streq("a\n", "a"), sysfs_streq("a", "a\n\n"),
		sysfs_streq("", "\n"));
	strscpy(text, "  \t a b \n ", sizeof(text));
	p = strim(text);
	OBSERVE("strim |%s|, skip |%s|", p, skip_spaces(" \t\n x "));
	strscpy(text, "   ", sizeof(text));
	OBSERVE("of spaces |%s|", strim(text));
	strscpy(text, "a-b-c", sizeof(text));
	p = strreplace(text, '-', '_');
	OBSERVE("strreplace %s", text);
	p = text;
	strscpy(text, "one,two,,three", sizeof(text));
	while (p) {
		char *w = strsep(&p, ",");

		OBSERVE("strsep |%s|", w);
	}
	OBSERVE("prefix %d %d %d", (int)str_has_prefix("foobar", "foo"), (int)str_has_prefix("foo", "foobar"), strstarts("abc", ""));
	OBSERVE("strnstr %d %d", strnstr("hello world", "world", 11) != NULL, strnstr("hello world", "world", 10) != NULL);
	OBSERVE("strnchr %d %d", strnchr("abc", 3, 'c') != NULL, strnchr("abc", 2, 'c') != NULL);
	OBSERVE("kbasename %s %s", kbasename("/a/b/c"), kbasename("plain"));
	memset(pad, 'x', sizeof(pad));
	r = (int)strscpy_pad(pad, "ab", sizeof(pad));
	OBSERVE("strscpy_pad %d %d %d", r, pad[2], pad[7]);
	r = (int)strscpy_pad(pad, "abcdefghi", sizeof(pad));
	OBSERVE("strscpy_pad %d %s", r, pad);
	r = (int)strscpy(pad, "x", 0);
	OBSERVE("strscpy of no room %d", r);
	memset(pad, 'x', sizeof(pad));
	OBSERVE("memchr_inv %d %d", memchr_inv(pad, 'x', 8) == NULL, (int)((char *)memchr_inv(pad, 'y', 8) - pad));
	r = hex2bin(raw, "0aFf", 2);
	OBSERVE("hex2bin %d %x %x, bad %d", r, raw[0], raw[1], hex2bin(raw, "0g", 1));
	OBSERVE("hex_to_bin %d %d %d", hex_to_bin('a'), hex_to_bin('F'), hex_to_bin('g'));
	OBSERVE("ctype %d%d%d%d%d%d%d", !!isalpha('a'), !!isdigit('5'), !!isspace('\t'), !!isxdigit('g'), !!isupper('A'), !!ispunct('.'),
		!!isprint(7));
	OBSERVE("case %c %c %d %d", toupper('q'), tolower('Q'), strcasecmp("AbC", "aBc"), strncasecmp("abx", "ABY", 2));
}
SCENARIO(scenario)
