/* class: contract. Power supplies: what they are asked, who is told of a
 * change, and who is supplied. */
#include <linux/power_supply.h>
#include <linux/notifier.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/err.h>
#include <linux/string.h>
#include "observe.h"

static int online = 1, capacity = 40, external, told;
static char to_battery[] = "bh-battery";
static char *supplied[] = { to_battery };

static int ac_get(struct power_supply *psy, enum power_supply_property p, union power_supply_propval *v)
{
	if (p != POWER_SUPPLY_PROP_ONLINE)
		return -EINVAL;
	v->intval = online;
	return 0;
}
static int bat_get(struct power_supply *psy, enum power_supply_property p, union power_supply_propval *v)
{
	switch (p) {
	case POWER_SUPPLY_PROP_CAPACITY:
		v->intval = capacity;
		return 0;
	case POWER_SUPPLY_PROP_STATUS:
		v->intval = power_supply_am_i_supplied(psy) ? POWER_SUPPLY_STATUS_CHARGING : POWER_SUPPLY_STATUS_DISCHARGING;
		return 0;
	case POWER_SUPPLY_PROP_MODEL_NAME:
		v->strval = "model";
		return 0;
	default:
		return -EINVAL;
	}
}
static int bat_set(struct power_supply *psy, enum power_supply_property p, const union power_supply_propval *v)
{
	if (p != POWER_SUPPLY_PROP_CAPACITY)
		return -EINVAL;
	capacity = v->intval;
	return 0;
}
static int bat_writeable(struct power_supply *psy, enum power_supply_property p) { return p == POWER_SUPPLY_PROP_CAPACITY; }
static void bat_external(struct power_supply *psy) { WRITE_ONCE(external, external + 1); }
static enum power_supply_property ac_props[] = { POWER_SUPPLY_PROP_ONLINE };
static enum power_supply_property bat_props[] = { POWER_SUPPLY_PROP_CAPACITY, POWER_SUPPLY_PROP_STATUS, POWER_SUPPLY_PROP_MODEL_NAME };
static const struct power_supply_desc ac_desc = {
	.name = "bh-ac",
	.type = POWER_SUPPLY_TYPE_MAINS,
	.properties = ac_props,
	.num_properties = 1,
	.get_property = ac_get,
};
static const struct power_supply_desc bat_desc = {
	.name = "bh-battery",
	.type = POWER_SUPPLY_TYPE_BATTERY,
	.properties = bat_props,
	.num_properties = 3,
	.get_property = bat_get,
	.set_property = bat_set,
	.property_is_writeable = bat_writeable,
	.external_power_changed = bat_external,
};
static int hear(struct notifier_block *nb, unsigned long event, void *data)
{
	struct power_supply *psy = (struct power_supply *)data;

	if (event == PSY_EVENT_PROP_CHANGED && !strcmp(psy->desc->name, "bh-ac"))
		WRITE_ONCE(told, told + 1);
	return NOTIFY_OK;
}
static struct notifier_block nb = { .notifier_call = hear };

static void wait_told(int n)
{
	int i;

	for (i = 0; i < 5000 && READ_ONCE(told) < n; i++)
		msleep(1);
	msleep(30);
}

static void scenario(void)
{
	struct power_supply_config cfg = {};
	struct power_supply *ac, *bat, *found;
	union power_supply_propval v;
	int r;

	power_supply_reg_notifier(&nb);
	cfg.supplied_to = supplied;
	cfg.num_supplicants = 1;
	cfg.drv_data = &online;
	ac = power_supply_register(NULL, &ac_desc, &cfg);
	bat = power_supply_register(NULL, &bat_desc, NULL);
	OBSERVE("registered %d %d, data %d %d", !IS_ERR(ac), !IS_ERR(bat), power_supply_get_drvdata(ac) == (void *)&online,
		power_supply_get_drvdata(bat) == NULL);
	wait_told(1);
	msleep(100);
	OBSERVE("told of its coming: %d", READ_ONCE(told) > 0);
	r = power_supply_get_property(bat, POWER_SUPPLY_PROP_CAPACITY, &v);
	OBSERVE("capacity %d: %d", r, v.intval);
	r = power_supply_get_property(bat, POWER_SUPPLY_PROP_MODEL_NAME, &v);
	OBSERVE("model %d: %s", r, v.strval);
	r = power_supply_get_property(bat, POWER_SUPPLY_PROP_ONLINE, &v);
	OBSERVE("what it has not: %d", r == -EINVAL);
	r = power_supply_get_property(bat, POWER_SUPPLY_PROP_STATUS, &v);
	OBSERVE("status %d: charging %d, system %d", r, v.intval == POWER_SUPPLY_STATUS_CHARGING, power_supply_is_system_supplied());
	v.intval = 77;
	r = power_supply_set_property(bat, POWER_SUPPLY_PROP_CAPACITY, &v);
	OBSERVE("set %d: %d", r, capacity);
	r = power_supply_set_property(ac, POWER_SUPPLY_PROP_ONLINE, &v);
	OBSERVE("of one that cannot: %d", r == -ENODEV);
	OBSERVE("writeable %d %d", power_supply_property_is_writeable(bat, POWER_SUPPLY_PROP_CAPACITY) > 0,
		power_supply_property_is_writeable(bat, POWER_SUPPLY_PROP_STATUS) > 0);
	told = 0;
	external = 0;
	online = 0;
	power_supply_changed(ac);
	wait_told(1);
	OBSERVE("changed: told %d, the battery %d", told, external);
	r = power_supply_get_property(bat, POWER_SUPPLY_PROP_STATUS, &v);
	OBSERVE("status %d: charging %d", r, v.intval == POWER_SUPPLY_STATUS_CHARGING);
	found = power_supply_get_by_name("bh-battery");
	OBSERVE("found %d, nobody %d", found == bat, power_supply_get_by_name("bh-nobody") == NULL);
	power_supply_put(found);
	OBSERVE("again under that name: %d", IS_ERR(power_supply_register(NULL, &ac_desc, NULL)));
	power_supply_unregister(ac);
	r = power_supply_get_property(bat, POWER_SUPPLY_PROP_STATUS, &v);
	OBSERVE("without: status %d: charging %d", r, v.intval == POWER_SUPPLY_STATUS_CHARGING);
	power_supply_unregister(bat);
	power_supply_unreg_notifier(&nb);
}
SCENARIO(scenario)
