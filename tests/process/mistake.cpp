// SPDX-License-Identifier: MIT
//
// One mistake.  By default it is printed and the program goes on; with BOTTOMHALF_FATAL=1 that is its end.
#include <bottomhalf/bottomhalf.hpp>

namespace bh = bottomhalf;

int main() {
    bh::work_item blank;   // has no handler
    return bh::workqueue_ops<bh::arch::threads>::queue_work(bh::default_machine().events(bh::location::current()),
                                                            blank, bh::location::current())
               ? 1
               : 0;
}
