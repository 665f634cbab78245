// SPDX-License-Identifier: MIT
// <linux/power_supply.h>, on either engine: who is told of what, how often and when.
#include "support/facade.hpp"
#include "support/printed.hpp"

#include <string>
#include <utility>

#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/power_supply.h>

namespace kernel = bottomhalf::linux6;
using support::on_this_engine;
using support::printed;
using support::reports;

namespace {

struct board {
    struct device dev = {};
    board() { dev.init_name = "board"; }
    ~board() { devres_release_all(&dev); }
    board(const board&) = delete;
    board& operator=(const board&) = delete;
};

struct card {
    int online, capacity;
};
int get(struct power_supply* psy, enum power_supply_property psp, union power_supply_propval* val) {
    const card* c = power_supply_get_drvdata(psy);
    switch (psp) {
        case POWER_SUPPLY_PROP_ONLINE: val->intval = c->online; return 0;
        case POWER_SUPPLY_PROP_CAPACITY: val->intval = c->capacity; return 0;
        case POWER_SUPPLY_PROP_MODEL_NAME: val->strval = "model"; return 0;
        default: return -EIO;
    }
}
int set(struct power_supply* psy, enum power_supply_property, const union power_supply_propval* val) {
    card* c = power_supply_get_drvdata(psy);
    c->capacity = val->intval;
    return 0;
}
int can_set(struct power_supply*, enum power_supply_property psp) { return psp == POWER_SUPPLY_PROP_CAPACITY ? 1 : 0; }

int external_changes, supplied;
void external(struct power_supply* psy) {
    ++external_changes;
    supplied = power_supply_am_i_supplied(psy);   // asks the others
}
const enum power_supply_property of_battery[] = {POWER_SUPPLY_PROP_CAPACITY, POWER_SUPPLY_PROP_MODEL_NAME,
                                                 POWER_SUPPLY_PROP_TEMP};
const enum power_supply_property of_charger[] = {POWER_SUPPLY_PROP_ONLINE};
struct power_supply_desc describe(const char* name, enum power_supply_type type) {
    struct power_supply_desc d = {};
    d.name = name;
    d.type = type;
    d.properties = type == POWER_SUPPLY_TYPE_BATTERY ? of_battery : of_charger;
    d.num_properties = type == POWER_SUPPLY_TYPE_BATTERY ? 3 : 1;
    d.get_property = get;
    return d;
}
struct power_supply_config with(card& c) {
    struct power_supply_config config = {};
    config.drv_data = &c;
    return config;
}

/// Hears of supplies that have changed.
struct ear {
    struct notifier_block nb;
    struct completion heard;
    int times;
    const struct power_supply* last;
};
int hear(struct notifier_block* nb, unsigned long event, void* psy) {
    ear* e = container_of(nb, ear, nb);
    if (event != PSY_EVENT_PROP_CHANGED) return NOTIFY_DONE;
    ++e->times;
    e->last = static_cast<struct power_supply*>(psy);
    complete(&e->heard);
    return NOTIFY_OK;
}
void listen(ear& e) {
    e = {};
    e.nb.notifier_call = hear;
    init_completion(&e.heard);
    CHECK(power_supply_reg_notifier(&e.nb) == 0);
}

}   // namespace

TEST_CASE("power_supply: who asks gets the driver's answer", "[linux6][power_supply]") {
    on_this_engine([] {
        board b;
        card c = {1, 50};
        struct power_supply_desc desc = describe("battery", POWER_SUPPLY_TYPE_BATTERY);
        desc.set_property = set;
        desc.property_is_writeable = can_set;
        const struct power_supply_config config = with(c);
        struct power_supply* psy = devm_power_supply_register(&b.dev, &desc, &config);
        REQUIRE(!IS_ERR(psy));
        CHECK(std::string(dev_name(&psy->dev)) == "battery");
        CHECK(to_power_supply(&psy->dev) == psy);
        union power_supply_propval val = {};
        CHECK((power_supply_get_property(psy, POWER_SUPPLY_PROP_CAPACITY, &val) == 0 && val.intval == 50));
        CHECK(power_supply_get_property(psy, POWER_SUPPLY_PROP_MODEL_NAME, &val) == 0);
        CHECK(std::string(val.strval) == "model");
        CHECK(power_supply_get_property(psy, POWER_SUPPLY_PROP_TEMP, &val) == -EIO);
        CHECK(power_supply_get_property(psy, POWER_SUPPLY_PROP_ONLINE, &val) == -EINVAL);   // not on its list
        val.intval = 60;
        CHECK(power_supply_set_property(psy, POWER_SUPPLY_PROP_CAPACITY, &val) == 0);
        CHECK(c.capacity == 60);
        CHECK(power_supply_property_is_writeable(psy, POWER_SUPPLY_PROP_CAPACITY) == 1);
        CHECK(PTR_ERR(power_supply_register(&b.dev, &desc, &config)) == -EEXIST);
        struct power_supply* same = power_supply_get_by_name("battery");
        CHECK(same == psy);
        CHECK(power_supply_get_by_name("other") == nullptr);
        power_supply_put(same);
        const struct power_supply_desc nothing = {};
        CHECK(PTR_ERR(power_supply_register(&b.dev, &nothing, &config)) == -EINVAL);

        struct power_supply_desc other = describe("other", POWER_SUPPLY_TYPE_BATTERY);
        struct power_supply* late = nullptr;
        CHECK(printed([&] { late = power_supply_register(nullptr, &other, &config); }).find("proper parent") !=
              std::string::npos);
        CHECK(power_supply_set_property(late, POWER_SUPPLY_PROP_CAPACITY, &val) == -ENODEV);
        struct power_supply* held = power_supply_get_by_name("other");
        power_supply_unregister(late);
        CHECK(reports::take("power_supply_unregister"));
        power_supply_put(held);
    });
}

TEST_CASE("power_supply_changed: told by a work item, once for several changes; a new supply says so by itself",
          "[linux6][power_supply]") {
    on_this_engine([] {
        board b;
        card c = {};
        ear e;
        listen(e);
        const struct power_supply_desc desc = describe("charger", POWER_SUPPLY_TYPE_MAINS);
        const struct power_supply_config config = with(c);
        const unsigned long begin = jiffies;
        struct power_supply* psy = devm_power_supply_register_no_ws(&b.dev, &desc, &config);
        REQUIRE(!IS_ERR(psy));
        wait_for_completion(&e.heard);
        CHECK(time_after_eq(jiffies, begin + msecs_to_jiffies(10)));
        CHECK((e.times == 1 && e.last == psy));
        power_supply_changed(psy);
        wait_for_completion(&e.heard);
        flush_work(&psy->changed_work);
        CHECK(e.times == 2);
        local_irq_disable();   // any context
        power_supply_changed(psy);
        local_irq_enable();
        wait_for_completion(&e.heard);
        flush_work(&psy->changed_work);
        schedule_work(&psy->changed_work);   // nothing has changed since
        flush_work(&psy->changed_work);
        CHECK(e.times == 3);
        power_supply_changed(psy);
        devres_release_all(&b.dev);   // the item is over
        const int times = e.times;
        power_supply_unreg_notifier(&e.nb);
        CHECK((times == 3 || times == 4));
    });
}

TEST_CASE("power_supply: those it supplies are told, and may ask", "[linux6][power_supply]") {
    on_this_engine([] {
        board b;
        card c = {1, 10}, plug = {1, 0}, usb = {1, 0};
        ear e;
        external_changes = supplied = 0;
        struct power_supply_desc battery = describe("battery", POWER_SUPPLY_TYPE_BATTERY);
        battery.external_power_changed = external;
        const struct power_supply_desc charger = describe("charger", POWER_SUPPLY_TYPE_MAINS),
                                       other = describe("other", POWER_SUPPLY_TYPE_USB);
        struct power_supply_config config = with(c);
        CHECK(power_supply_is_system_supplied() == 1);   // who knows
        struct power_supply* of_battery_ = devm_power_supply_register(&b.dev, &battery, &config);
        CHECK(power_supply_am_i_supplied(of_battery_) == -ENODEV);
        CHECK(power_supply_is_system_supplied() == 0);
        char name[] = "battery";
        char* to[] = {name};
        config = with(plug);
        config.supplied_to = to;
        config.num_supplicants = 1;
        struct power_supply* of_charger_ = devm_power_supply_register(&b.dev, &charger, &config);
        config = with(usb);
        struct power_supply* of_other = devm_power_supply_register(&b.dev, &other, &config);
        for (struct power_supply* psy : {of_battery_, of_charger_, of_other}) {
            flush_delayed_work(&psy->deferred_register_work);
            flush_work(&psy->changed_work);
        }
        CHECK((external_changes == 1 && supplied == 1));
        plug.online = 0;
        listen(e);
        power_supply_changed(of_charger_);
        wait_for_completion(&e.heard);
        CHECK((external_changes == 2 && supplied == 0));
        power_supply_changed(of_other);
        wait_for_completion(&e.heard);
        CHECK(external_changes == 2);
        CHECK(power_supply_is_system_supplied() == 1);   // by the other
        power_supply_external_power_changed(of_battery_);
        CHECK(external_changes == 3);
        power_supply_unreg_notifier(&e.nb);
    });
}
