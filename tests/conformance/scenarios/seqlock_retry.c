/* class: contract. When a reader of a seqlock has to read again. */
#include <linux/seqlock.h>
#include <linux/preempt.h>
#include "observe.h"

static DEFINE_SEQLOCK(lock);
static seqcount_t count = SEQCNT_ZERO(count);

static void scenario(void)
{
	unsigned int s;

	s = read_seqbegin(&lock);
	OBSERVE("nobody wrote: retry %d", !!read_seqretry(&lock, s));
	s = read_seqbegin(&lock);
	write_seqlock(&lock);
	OBSERVE("writing: in_atomic %d", !!in_atomic());
	write_sequnlock(&lock);
	OBSERVE("somebody wrote: retry %d", !!read_seqretry(&lock, s));
	s = read_seqbegin(&lock);
	read_seqlock_excl(&lock);
	read_sequnlock_excl(&lock);
	OBSERVE("a reader that locks: retry %d", !!read_seqretry(&lock, s));
	s = raw_read_seqcount(&count);
	OBSERVE("even %d", !(s & 1));
	preempt_disable();
	write_seqcount_begin(&count);
	OBSERVE("while writing: odd %d, retry %d", raw_read_seqcount(&count) & 1, !!read_seqcount_retry(&count, s));
	write_seqcount_end(&count);
	preempt_enable();
	OBSERVE("written: retry %d", !!read_seqcount_retry(&count, s));
	s = read_seqcount_begin(&count);
	OBSERVE("again: retry %d", !!read_seqcount_retry(&count, s));
}
SCENARIO(scenario)
