/* class: contract. What a driver prints with: the kernel's own conversions,
 * in scnprintf(), and in what is made of it. */
#include <linux/kernel.h>
#include <linux/errno.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/ioport.h>
#include <linux/types.h>
#include <linux/string.h>
#include "observe.h"

static char out[128], ten[16] = "0123456789";
static char *const nothing_c = NULL;
static void *const nothing = NULL;
static const unsigned char bytes[24] = { 0x00, 0x1a, 0x2b, 0x3c, 0x4d, 0xff, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
					 0x16, 0x17, 0x18, 0x19, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27 };
static const unsigned char many[80] = { 1, 2, 3 };
static const unsigned char v6[16] = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0x1a, 0x2b, 0xff, 0xfe, 0x3c, 0x4d, 0x01 };
static const unsigned char v6none[16] = { 0 };
static unsigned long map[2];

#define SHOW(...)                                                  \
	do {                                                       \
		int r_ = scnprintf(out, sizeof(out), __VA_ARGS__); \
		OBSERVE("%d |%s|", r_, out);                       \
	} while (0)

static const unsigned char mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3 };
static const unsigned char one[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
static const unsigned char holes[16] = { 0x20, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 6, 0, 0, 0, 7 };
static struct resource mem = { .start = 0xfed00000, .end = 0xfed003ff, .name = "mem", .flags = IORESOURCE_MEM };
static struct resource io = { .start = 0x3f8, .end = 0x3ff, .name = "io", .flags = IORESOURCE_IO };
static struct resource irq = { .start = 5, .end = 5, .name = "irq", .flags = IORESOURCE_IRQ };

static void pass(const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	SHOW("passed on: %pV.", &vaf);
	va_end(args);
}

static void scenario(void)
{
	char *p;
	int r;
	phys_addr_t pa = 0x12345678;
	dma_addr_t da = 0x1000;

	SHOW("%d %i %u %x %X %o %c %s %%", -5, 6, 7u, 0xabc, 0xABC, 8, 'z', "str");
	SHOW("[%5d] [%-5d] [%05d] [%+d] [% d] [%#x] [%#o]", 42, 42, 42, 42, 42, 42, 42);
	SHOW("[%8s] [%-8s] [%.2s] [%*s] [%-*s] [%.*s]", "abc", "abc", "abc", 6, "abc", 6, "abc", 2, "abc");
	SHOW("%hhd %hd %ld %lld %zu %hhx", 300, 70000, -1L, -1LL, sizeof(int), 0x1ff);
	SHOW("[%08lx] [%#010x] [%16llx]", 0xbeefUL, 0xbeef, 0xdeadbeefcafeULL);
	SHOW("[%s]", nothing_c);
	SHOW("%pe %pe", ERR_PTR(-EINVAL), ERR_PTR(-EPROBE_DEFER));
	SHOW("%pM %pMR %pm %pMF", bytes, bytes, bytes, bytes);
	SHOW("%pI4 %pi4", bytes + 2, bytes);
	SHOW("%pI6 %pi6", v6, v6);
	SHOW("%pI6c %pI6c", v6, v6none);
	SHOW("%*ph", 6, bytes);
	SHOW("%*phC %*phD %*phN", 4, bytes, 4, bytes, 4, bytes);
	SHOW("%3ph|%8phN", bytes, bytes);
	SHOW("%*ph", 0, bytes);
	SHOW("%pUb", bytes);
	SHOW("%pUB", bytes);
	SHOW("%pUl", bytes);
	SHOW("%pUL", bytes);
	map[0] = 0xf0f1;
	map[1] = 0x3;
	SHOW("%*pb", 16, map);
	SHOW("%*pbl", 16, map);
	SHOW("%*pb", 70, map);
	SHOW("%*pbl", 70, map);
	SHOW("%*pbl", 4, &map[1]);
	SHOW("%pa %pap %pad", &pa, &pa, &da);
	SHOW("[%20pI4] [%-20pI4] [%40pUb] [%-8pe] [%30pI6c]", bytes, bytes, bytes, ERR_PTR(-EIO), v6);
	SHOW("%pI4h %pI4n %pI4b %pI4l", bytes, bytes, bytes, bytes);
	SHOW("%pI6c %pI6c %pI6c", mapped, one, holes);
	SHOW("%px [%20px] [%-20px]", (void *)0x1234, (void *)0x1234, (void *)0x1234);
	SHOW("%px %p %pK", nothing, nothing, nothing);
	SHOW("%pM %pI4 %*ph %pUb [%10pM]", nothing, nothing, 3, nothing, nothing, nothing);
	SHOW("%pM", ERR_PTR(-EIO));
	SHOW("%pe [%20pe]", nothing, nothing);
	SHOW("%70phN", many);
	SHOW("%-3phN|%2phC|", bytes, bytes);
	SHOW("%pr %pR", &mem, &mem);
	SHOW("%pr %pR", &io, &io);
	SHOW("%pr %pR", &irq, &irq);
	SHOW("[%50pR] [%-50pR]", &mem, &mem);
	pass("%d of %s, %pM", 3, "five", bytes);
	SHOW("%5c|%-5c|%c", 'a', 'b', 'c');
	SHOW("%#lx %#llx %lu", 0UL, 255ULL, ULONG_MAX);
	SHOW("%.3d %.0d %8.3x %-8.3x|", 5, 0, 0xa, 0xa);
	SHOW("%#x %#04x %#X %#o %#10x|%-#10x|%#010x", 0, 0, 0, 0, 0, 0, 0);
	SHOW("%+.2d % 5d %5u", 3, -3, 7u);
	SHOW("%zd %td %hu %hhu", (ssize_t)-1, (ptrdiff_t)-2, (unsigned short)65535, (unsigned char)255);
	SHOW("[%20pM] [%-20pM]", bytes, bytes);

	r = scnprintf(out, 8, "%s", ten);
	OBSERVE("cut: %d |%s|", r, out);
	r = snprintf(out, 8, "%s", ten);
	OBSERVE("cut: %d |%s|", r, out);
	r = scnprintf(out, 8, "%*ph", 6, bytes);
	OBSERVE("cut: %d |%s|", r, out);
	r = scnprintf(out, 1, "abc");
	OBSERVE("one: %d |%s|", r, out);
	out[0] = 'x';
	r = scnprintf(out, 0, "abc");
	OBSERVE("none: %d %c", r, out[0]);
	p = kasprintf(GFP_KERNEL, "%pM-%d", bytes, 3);
	OBSERVE("kasprintf %s", p);
	kfree(p);
}
SCENARIO(scenario)
