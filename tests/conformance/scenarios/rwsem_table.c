/* class: contract. Who gets a rw_semaphore beside whom. */
#include <linux/rwsem.h>
#include <linux/workqueue.h>
#include "observe.h"
#include "blocker.h"

static DECLARE_RWSEM(s);
static int try_read = -1, try_write = -1;
/* from another task, and given back at once */
static void try_fn(struct work_struct *w)
{
	try_read = down_read_trylock(&s);
	if (try_read)
		up_read(&s);
	try_write = down_write_trylock(&s);
	if (try_write)
		up_write(&s);
}
static DECLARE_WORK(work, try_fn);

static DECLARE_COMPLETION(writing);
static DECLARE_COMPLETION(wrote);
static void write_fn(struct work_struct *w)
{
	complete(&writing);
	down_write(&s);
	complete(&wrote);
	up_write(&s);
}
static DECLARE_WORK(writer, write_fn);

static void show(const char *what)
{
	queue_work(system_wq, &work);
	flush_work(&work);
	OBSERVE("%s: locked %d, another may read %d write %d", what, !!rwsem_is_locked(&s), try_read, try_write);
}

static void scenario(void)
{
	int r;

	show("free");
	down_read(&s);
	show("one reads");
	down_read(&s);
	show("two read");
	up_read(&s);
	up_read(&s);
	down_write(&s);
	show("one writes");
	downgrade_write(&s);
	show("downgraded");
	queue_work(system_unbound_wq, &writer);
	wait_for_completion(&writing);
	OBSERVE("a writer waits: wrote %d", seen_within(&wrote, 50));
	up_read(&s);
	OBSERVE("no reader: wrote %d", seen_within(&wrote, 3000));
	flush_work(&writer);
	r = down_write_killable(&s);
	OBSERVE("write_killable %d", r);
	up_write(&s);
	r = down_read_killable(&s);
	OBSERVE("read_killable %d", r);
	up_read(&s);
	r = down_read_interruptible(&s);
	OBSERVE("read_interruptible %d", r);
	up_read(&s);
	show("free");
}
SCENARIO(scenario)
