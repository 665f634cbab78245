/* class: contract. needs: 6.12. enable_work() of an item that is not disabled
 * is reported. */
#include <linux/workqueue.h>
#include "observe.h"

static int runs;
static void fn(struct work_struct *w) { runs++; }
static DECLARE_WORK(item, fn);

static void scenario(void)
{
	int r;

	r = enable_work(&item);
	OBSERVE("enable %d", r);
	r = schedule_work(&item);
	flush_work(&item);
	OBSERVE("queue %d runs %d", r, runs);
	disable_work(&item);
	OBSERVE("disabled: queue %d", schedule_work(&item));
	OBSERVE("enable %d", enable_work(&item));
}
SCENARIO(scenario)
