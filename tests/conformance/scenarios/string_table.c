/* class: contract. Strings and numbers: what the calls give back at the
 * edges. */
#include <linux/string.h>
#include <linux/kernel.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include "observe.h"

static char longer[16] = "abcdefghij";

static void scenario(void)
{
	char buf[8], *p;
	unsigned long ul = 77;
	long l = 77;
	int i = 77, r;
	unsigned int u = 77;
	unsigned char u8v = 77;
	bool b = false;

	r = (int)strscpy(buf, "abc", sizeof(buf));
	OBSERVE("strscpy %d %s", r, buf);
	r = (int)strscpy(buf, "abcdefghij", sizeof(buf));
	OBSERVE("too long: is -E2BIG %d %s", r == -E2BIG, buf);
	r = scnprintf(buf, sizeof(buf), "%s", longer);
	OBSERVE("scnprintf %d %s", r, buf);
	r = snprintf(buf, sizeof(buf), "%s", longer);
	OBSERVE("snprintf %d %s", r, buf);
	r = kstrtoint("42", 10, &i);
	OBSERVE("kstrtoint %d %d", r, i);
	r = kstrtoint("42\n", 10, &i);
	OBSERVE("with a newline %d %d", r, i);
	r = kstrtoint("42x", 10, &i);
	OBSERVE("with a letter: is -EINVAL %d, %d", r == -EINVAL, i);
	r = kstrtoint("99999999999", 10, &i);
	OBSERVE("too big: is -ERANGE %d, %d", r == -ERANGE, i);
	r = kstrtoint("", 0, &i);
	OBSERVE("nothing: is -EINVAL %d", r == -EINVAL);
	r = kstrtouint("0x1f", 0, &u);
	OBSERVE("base 0, hexadecimal: %d %u", r, u);
	r = kstrtouint("017", 0, &u);
	OBSERVE("base 0, octal: %d %u", r, u);
	r = kstrtouint("-1", 10, &u);
	OBSERVE("unsigned, negative: is -EINVAL %d", r == -EINVAL);
	r = kstrtoul("18446744073709551615", 10, &ul);
	OBSERVE("kstrtoul %d %lu", r, ul);
	r = kstrtol("-9223372036854775808", 10, &l);
	OBSERVE("kstrtol %d %ld", r, l);
	r = kstrtou8("256", 10, &u8v);
	OBSERVE("kstrtou8: is -ERANGE %d", r == -ERANGE);
	r = kstrtobool("on", &b);
	OBSERVE("on: %d %d", r, b);
	r = kstrtobool("n", &b);
	OBSERVE("n: %d %d", r, b);
	r = kstrtobool("maybe", &b);
	OBSERVE("maybe: is -EINVAL %d", r == -EINVAL);
	p = kstrdup("copy", GFP_KERNEL);
	OBSERVE("kstrdup %s", p);
	kfree(p);
	p = kasprintf(GFP_KERNEL, "%s-%d", "x", 5);
	OBSERVE("kasprintf %s", p);
	kfree(p);
	OBSERVE("roundup %d DIV_ROUND_UP %d DIV_ROUND_CLOSEST %d", roundup(13, 8), DIV_ROUND_UP(13, 8),
		DIV_ROUND_CLOSEST(13, 8));
	OBSERVE("clamp %d min %d max %d", clamp(15, 0, 9), min(3, 4), max(3, 4));
	OBSERVE("sysfs_streq %d %d", sysfs_streq("on\n", "on"), sysfs_streq("on", "off"));
}
SCENARIO(scenario)
