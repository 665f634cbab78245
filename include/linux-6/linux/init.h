// SPDX-License-Identifier: MIT
// <linux/init.h>: where code lives.  It lives where the linker puts it.  These names are parameters in some standard
// headers, hence they come last; the usual ones are read here, before.  A file that includes more of those afterwards
// undefines the names first.
#pragma once

#include <functional>
#include <memory>
#include <numeric>

#include <linux/bottomhalf.h>

#include <linux/compiler.h>
#include <linux/compiler_types.h>

#define __init
#define __exit
#define __initdata
#define __initconst
#define __exitdata
#define __exit_p(x) x
#define __ref
#define __refdata
