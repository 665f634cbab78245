// SPDX-License-Identifier: MIT
// bottomhalf.hpp: the Linux work queue interface, in user space.  Follow one item:
//
//   a signal arrives ......... irq.hpp            top half: takes what cannot wait, queues the rest, returns
//   or a file, a timer ....... irq_source.hpp     what raises a line when no device of the program's own does
//   queue_work() ............. work.hpp           the item: who owns it, and where it may be
//   the door ................. inbox.hpp          lock-free, from any context; ASLEEP, and who wakes whom
//   later instead of now ..... delayed_work.hpp, timekeeper.hpp, timer_base.hpp, timer.hpp, jiffies.hpp; the kernel's own
//                              wheels beside ours: timer_wheel_v6.hpp, timer_wheel_v2_6.hpp
//   which queue, which CPU ... workqueue.hpp, pool_workqueue.hpp   and, from outside, flush, cancel, drain
//   a worker runs it ......... worker_pool.hpp, worker.hpp   clears PENDING, calls the handler, tells those who wait
//   who may do what .......... context.hpp        hardirq, softirq, process
//   all of it together ....... machine.hpp, basic_machine.hpp, shared_pools.hpp
//   what goes wrong .......... report.hpp
//   the C++ face ............. interface.hpp      work, delayed_work, workqueue, machine
//
// The kernel's own face is in include/linux-2.6 (the 2.6 interface) and include/linux-6 (today's).  Tests that want to be
// the clock include virtual_time.hpp.
#pragma once

#include <bottomhalf/interface.hpp>
