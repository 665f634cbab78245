// SPDX-License-Identifier: MIT
// <linux/init.h>: where code lives.  It lives where the linker puts it.  These names are parameters in some standard
// headers, hence they come last; the usual ones are read here, before.  A file that includes more of those afterwards
// undefines the names first.
#pragma once

#include <memory>
#include <numeric>

#include <linux/bottomhalf.h>

#include <linux/compiler.h>

#define __init
#define __exit
#define __initdata
#define __exitdata
#define __devinit
#define __devexit
#define __devinitdata
#define __exit_p(x) x
#define __devexit_p(x) x
