/* inputs.h: somebody who reads what an input device reports: of the kernel's
 * kind there, of ours here.  input_line() is called with each packet. */
#ifndef INPUTS_H
#define INPUTS_H
#include <linux/input.h>
#include <linux/slab.h>
#include <linux/string.h>

static void input_line(const char *text);

static char inputs_text[256];
static int inputs_len;
static inline void inputs_one(unsigned int type, unsigned int code, int value)
{
	if (type == EV_SYN && code == SYN_REPORT) {
		input_line(inputs_text);
		inputs_len = 0;
		inputs_text[0] = 0;
		return;
	}
	inputs_len += scnprintf(inputs_text + inputs_len, sizeof(inputs_text) - inputs_len, " %u/%u=%d", type, code, value);
}

#if defined(__KERNEL__) && !defined(__cplusplus)
static struct input_handle *inputs_handle;
static int inputs_are_open;
static void inputs_event(struct input_handle *h, unsigned int type, unsigned int code, int value)
{
	inputs_one(type, code, value);
}
static int inputs_connect(struct input_handler *handler, struct input_dev *dev, const struct input_device_id *id)
{
	struct input_handle *h;
	int err;

	if (!dev->name || strncmp(dev->name, "bh-", 3))
		return -ENODEV;
	h = kzalloc(sizeof(*h), GFP_KERNEL);
	h->dev = dev;
	h->handler = handler;
	h->name = "bh-inputs";
	err = input_register_handle(h);
	if (err) {
		kfree(h);
		return err;
	}
	inputs_handle = h;
	return 0;
}
static void inputs_disconnect(struct input_handle *h)
{
	if (inputs_are_open) /* as evdev does */
		input_close_device(h);
	inputs_are_open = 0;
	input_unregister_handle(h);
	inputs_handle = NULL;
	kfree(h);
}
static const struct input_device_id inputs_ids[] = { { .driver_info = 1 }, {} };
static struct input_handler inputs_handler = {
	.event = inputs_event,
	.connect = inputs_connect,
	.disconnect = inputs_disconnect,
	.name = "bh-inputs",
	.id_table = inputs_ids,
};
static inline void inputs_begin(void) { if (input_register_handler(&inputs_handler)) input_line("no handler"); }
static inline void inputs_end(void) { input_unregister_handler(&inputs_handler); }
static inline int inputs_open(const char *name)
{
	int err = input_open_device(inputs_handle);

	inputs_are_open = err == 0;
	return err;
}
static inline void inputs_close(void)
{
	input_close_device(inputs_handle);
	inputs_are_open = 0;
}
static inline void inputs_inject(unsigned int type, unsigned int code, int value)
{
	input_inject_event(inputs_handle, type, code, value);
}
#else
#include <linux/bottomhalf_input.h>
static void inputs_events(struct bottomhalf_input_reader *r, const struct input_value *vals, unsigned int count)
{
	for (unsigned int i = 0; i < count; ++i)
		inputs_one(vals[i].type, vals[i].code, vals[i].value);
}
static struct bottomhalf_input_reader inputs_reader = { inputs_events };
static inline void inputs_begin(void) {}
static inline void inputs_end(void) {}
static inline int inputs_open(const char *name)
{
	return bottomhalf_input_open(bottomhalf_input_find(name), &inputs_reader);
}
static inline void inputs_close(void) { bottomhalf_input_close(&inputs_reader); }
static inline void inputs_inject(unsigned int type, unsigned int code, int value)
{
	bottomhalf_input_inject(&inputs_reader, type, code, value);
}
#endif
#endif
