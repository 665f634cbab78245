/* class: contract. kfifo: what goes in and comes out, and the counts. */
#include <linux/kfifo.h>
#include <linux/slab.h>
#include "observe.h"

static DEFINE_KFIFO(bytes, unsigned char, 8);
static DEFINE_KFIFO(ints, int, 4);
static DECLARE_KFIFO_PTR(alloc, int);

static void scenario(void)
{
	unsigned char buf[16] = "abcdefghijklmno", out[16];
	int i, r, v = -1;

	OBSERVE("size %u len %u avail %u empty %d full %d", kfifo_size(&bytes), kfifo_len(&bytes),
		kfifo_avail(&bytes), !!kfifo_is_empty(&bytes), !!kfifo_is_full(&bytes));
	OBSERVE("in 5: %u", kfifo_in(&bytes, buf, 5));
	OBSERVE("in 5 more: %u", kfifo_in(&bytes, buf + 5, 5));
	OBSERVE("len %u avail %u full %d", kfifo_len(&bytes), kfifo_avail(&bytes), !!kfifo_is_full(&bytes));
	r = kfifo_out_peek(&bytes, out, 3);
	OBSERVE("peek 3: %d, len %u", r, kfifo_len(&bytes));
	r = kfifo_out(&bytes, out, 3);
	OBSERVE("out 3: %d %c%c%c", r, out[0], out[1], out[2]);
	OBSERVE("in 5: %u", kfifo_in(&bytes, buf, 5));
	r = kfifo_out(&bytes, out, 16);
	OBSERVE("out 16: %d %.8s", r, (char *)out);
	r = kfifo_out(&bytes, out, 16);
	OBSERVE("out of none: %d", r);

	for (i = 0; i < 5; i++)
		OBSERVE("put %d", kfifo_put(&ints, 10 + i));
	OBSERVE("len %u", kfifo_len(&ints));
	r = kfifo_peek(&ints, &v);
	OBSERVE("peek %d: %d", r, v);
	r = kfifo_get(&ints, &v);
	OBSERVE("get %d: %d", r, v);
	kfifo_skip(&ints);
	r = kfifo_get(&ints, &v);
	OBSERVE("after a skip %d: %d", r, v);
	kfifo_reset(&ints);
	v = -1;
	r = kfifo_get(&ints, &v);
	OBSERVE("reset: get %d: %d, empty %d", r, v, !!kfifo_is_empty(&ints));

	r = kfifo_alloc(&alloc, 6, GFP_KERNEL);
	OBSERVE("alloc 6: %d, size %u, initialised %d", r, kfifo_size(&alloc), !!kfifo_initialized(&alloc));
	for (i = 0; kfifo_put(&alloc, i); i++)
		;
	OBSERVE("it takes %d", i);
	kfifo_free(&alloc);
}
SCENARIO(scenario)
