/* class: contract. An input device: what of its reports goes on to those who
 * read it, and when it is opened and closed. */
#include <linux/input.h>
#include <linux/slab.h>
#include <linux/errno.h>
#include "observe.h"
#include "inputs.h"

static int open_says, quiet;
static void input_line(const char *text) { OBSERVE("  packet:%s", text); }
static int opened(struct input_dev *dev)
{
	if (!quiet)
		OBSERVE("  open");
	return open_says;
}
static void closed(struct input_dev *dev)
{
	if (!quiet)
		OBSERVE("  close");
}
static int written(struct input_dev *dev, unsigned int type, unsigned int code, int value)
{
	if (!quiet)
		OBSERVE("  event %u/%u=%d", type, code, value);
	return 0;
}

static struct input_dev *device(void)
{
	struct input_dev *d = input_allocate_device();

	d->name = "bh-input";
	d->open = opened;
	d->close = closed;
	d->event = written;
	input_set_capability(d, EV_KEY, BTN_LEFT);
	input_set_capability(d, EV_KEY, BTN_RIGHT);
	input_set_capability(d, EV_REL, REL_X);
	input_set_capability(d, EV_REL, REL_WHEEL);
	input_set_capability(d, EV_SW, SW_LID);
	input_set_capability(d, EV_MSC, MSC_SCAN);
	input_set_abs_params(d, ABS_X, 0, 1000, 8, 0);
	input_set_abs_params(d, ABS_Y, 0, 1000, 0, 0);
	return d;
}

static void scenario(void)
{
	struct input_dev *d = device();
	int r;

	inputs_begin();
	r = input_register_device(d);
	OBSERVE("register %d", r);
	input_report_key(d, BTN_LEFT, 1);
	input_sync(d);
	OBSERVE("nobody reads; it is down all the same: %d", test_bit(BTN_LEFT, d->key));
	input_report_key(d, BTN_LEFT, 0);
	input_sync(d);
	open_says = -EBUSY;
	r = inputs_open("bh-input");
	OBSERVE("open refused: %d", r);
	open_says = 0;
	r = inputs_open("bh-input");
	OBSERVE("open: %d", r);

	OBSERVE("a key:");
	input_report_key(d, BTN_LEFT, 1);
	input_sync(d);
	OBSERVE("the same again:");
	input_report_key(d, BTN_LEFT, 1);
	input_sync(d);
	OBSERVE("another truth:");
	input_report_key(d, BTN_LEFT, 17);
	input_sync(d);
	OBSERVE("up, and down:");
	input_report_key(d, BTN_LEFT, 0);
	input_report_key(d, BTN_LEFT, 1);
	input_sync(d);
	OBSERVE("a key that it does not have:");
	input_report_key(d, BTN_MIDDLE, 1);
	input_sync(d);
	OBSERVE("an empty packet:");
	input_sync(d);
	OBSERVE("relative, and by nought:");
	input_report_rel(d, REL_X, -3);
	input_report_rel(d, REL_X, -3);
	input_report_rel(d, REL_WHEEL, 0);
	input_sync(d);
	OBSERVE("absolute:");
	input_report_abs(d, ABS_X, 100);
	input_report_abs(d, ABS_Y, 100);
	input_sync(d);
	OBSERVE("the same:");
	input_report_abs(d, ABS_X, 100);
	input_report_abs(d, ABS_Y, 100);
	input_sync(d);
	OBSERVE("a little more, which is fuzz of one:");
	input_report_abs(d, ABS_X, 103);
	input_report_abs(d, ABS_Y, 101);
	input_sync(d);
	OBSERVE("more, and more:");
	input_report_abs(d, ABS_X, 106);
	input_sync(d);
	input_report_abs(d, ABS_X, 120);
	input_sync(d);
	input_report_abs(d, ABS_X, 2000);
	input_sync(d);
	OBSERVE("value %d", input_abs_get_val(d, ABS_X));
	OBSERVE("a switch:");
	input_report_switch(d, SW_LID, 1);
	input_report_switch(d, SW_LID, 1);
	input_sync(d);
	OBSERVE("a scan code, twice:");
	input_event(d, EV_MSC, MSC_SCAN, 7);
	input_event(d, EV_MSC, MSC_SCAN, 7);
	input_sync(d);
	OBSERVE("a repetition:");
	input_event(d, EV_KEY, BTN_RIGHT, 2);
	input_sync(d);
	input_report_key(d, BTN_RIGHT, 1);
	input_event(d, EV_KEY, BTN_RIGHT, 2);
	input_sync(d);
	OBSERVE("close:");
	inputs_close();
	OBSERVE("and again:");
	r = inputs_open("bh-input");
	OBSERVE("open: %d", r);
	OBSERVE("unregister, with keys down:");
	input_unregister_device(d);

	/* Others open one that has LEDs, and set them. */
	quiet = 1;
	d = device();
	input_set_capability(d, EV_LED, LED_NUML);
	r = input_register_device(d);
	OBSERVE("with a LED: register %d", r);
	r = inputs_open("bh-input");
	quiet = 0;
	OBSERVE("a LED from the driver, and one from outside:");
	input_event(d, EV_LED, LED_NUML, 1);
	input_sync(d);
	inputs_inject(EV_LED, LED_NUML, 0);
	inputs_inject(EV_SYN, SYN_REPORT, 0);
	inputs_inject(EV_LED, LED_NUML, 0);
	quiet = 1;
	inputs_close();
	input_unregister_device(d);
	inputs_end();
}
SCENARIO(scenario)
