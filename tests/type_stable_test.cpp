// SPDX-License-Identifier: MIT
#include <bottomhalf/detail/type_stable.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using bottomhalf::detail::type_stable;
using support::on_engine;

namespace {
struct block {
    block* next_free = nullptr;
    int owner = 0;
};
}   // namespace

TEMPLATE_TEST_CASE("type_stable: what came back is handed out again, oldest first and as it was left", "[type_stable]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using memory = type_stable<TestType, block>;
        static block given[3];
        for (int round = 0; round < 2; ++round) {
            for (block& b : given) {
                b.owner = static_cast<int>(&b - given) + 1;
                memory::put(&b);
            }
            for (block& b : given) {
                block* got = memory::get();
                REQUIRE(got == &b);
                CHECK(got->owner == static_cast<int>(&b - given) + 1);
                CHECK(got->next_free == nullptr);
            }
        }
        block* fresh = memory::get();   // none has come back
        REQUIRE(fresh != nullptr);
        CHECK(fresh->owner == 0);
        delete fresh;   // was never put back
    });
}
