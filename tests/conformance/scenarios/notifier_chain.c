/* class: contract. Notifier chains: in which order they are called, what
 * stops them, and what the calls give back. */
#include <linux/notifier.h>
#include <linux/errno.h>
#include "observe.h"

struct mine {
	struct notifier_block nb;
	int id, answer;
};
static char said[64];
static int n_said;
static RAW_NOTIFIER_HEAD(raw);
static ATOMIC_NOTIFIER_HEAD(atomic);
static BLOCKING_NOTIFIER_HEAD(blocking);
static int leave_in_call;

static int called(struct notifier_block *nb, unsigned long action, void *data)
{
	struct mine *m = container_of(nb, struct mine, nb);

	said[n_said++] = (char)('0' + m->id);
	said[n_said] = 0;
	if (leave_in_call == m->id)
		raw_notifier_chain_unregister(&raw, nb);
	return m->answer;
}
static struct mine m[6];

static void call_raw(const char *what)
{
	int r;

	n_said = 0;
	said[0] = 0;
	r = raw_notifier_call_chain(&raw, 7, NULL);
	OBSERVE("%s: called %s, says %x", what, said, r);
}

static void scenario(void)
{
	int i, r;

	for (i = 0; i < 6; i++) {
		m[i].nb.notifier_call = called;
		m[i].id = i;
		m[i].answer = NOTIFY_OK;
	}
	call_raw("nobody");
	m[1].nb.priority = 10;
	m[3].nb.priority = -5;
	m[4].nb.priority = 10;
	for (i = 0; i < 5; i++) {
		r = raw_notifier_chain_register(&raw, &m[i].nb);
		OBSERVE("register %d: %d", i, r);
	}
	call_raw("all");
	m[0].answer = NOTIFY_DONE;
	call_raw("one says done");
	m[3].answer = NOTIFY_DONE;
	call_raw("the last says done");
	m[4].answer = NOTIFY_STOP;
	call_raw("one stops");
	m[4].answer = NOTIFY_BAD;
	call_raw("one is bad");
	m[4].answer = notifier_from_errno(-EBUSY);
	call_raw("an error");
	OBSERVE("which is %d, of none %d, of OK %d, of BAD %d", notifier_to_errno(m[4].answer), notifier_to_errno(NOTIFY_DONE),
		notifier_to_errno(NOTIFY_OK), notifier_to_errno(NOTIFY_BAD));
	OBSERVE("from no error %x", notifier_from_errno(0));
	m[4].answer = NOTIFY_OK;
	r = raw_notifier_chain_unregister(&raw, &m[0].nb);
	OBSERVE("unregister %d", r);
	r = raw_notifier_chain_unregister(&raw, &m[0].nb);
	OBSERVE("again: is -ENOENT %d", r == -ENOENT);
	leave_in_call = 4;
	call_raw("one leaves in its call");
	leave_in_call = -1;
	call_raw("without it");

	r = atomic_notifier_chain_register(&atomic, &m[5].nb);
	OBSERVE("atomic %d", r);
	n_said = 0;
	r = atomic_notifier_call_chain(&atomic, 1, NULL);
	OBSERVE("called %s, says %x", said, r);
	r = atomic_notifier_chain_unregister(&atomic, &m[5].nb);
	OBSERVE("unregister %d", r);
	r = blocking_notifier_chain_register(&blocking, &m[5].nb);
	OBSERVE("blocking %d", r);
	n_said = 0;
	r = blocking_notifier_call_chain(&blocking, 1, NULL);
	OBSERVE("called %s, says %x", said, r);
	r = blocking_notifier_chain_unregister(&blocking, &m[5].nb);
	OBSERVE("unregister %d", r);
	r = blocking_notifier_call_chain(&blocking, 1, NULL);
	OBSERVE("of none: %x", r);
}
SCENARIO(scenario)
