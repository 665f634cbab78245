/* class: contract. Errors in pointers. */
#include <linux/err.h>
#include <linux/errno.h>
#include "observe.h"

static void scenario(void)
{
	void *p = ERR_PTR(-ENOMEM);
	int x;

	OBSERVE("IS_ERR %d PTR_ERR %ld", IS_ERR(p), PTR_ERR(p));
	OBSERVE("of NULL: IS_ERR %d IS_ERR_OR_NULL %d", IS_ERR(NULL), IS_ERR_OR_NULL(NULL));
	OBSERVE("of an object: IS_ERR %d IS_ERR_OR_NULL %d", IS_ERR(&x), IS_ERR_OR_NULL(&x));
	OBSERVE("PTR_ERR_OR_ZERO %d %d", PTR_ERR_OR_ZERO(p), PTR_ERR_OR_ZERO(&x));
	OBSERVE("the last error %d, one too far %d", IS_ERR(ERR_PTR(-4095)), IS_ERR(ERR_PTR(-4096)));
	OBSERVE("values %d %d %d %d", ENOMEM, EINVAL, EBUSY, ETIME);
}
SCENARIO(scenario)
