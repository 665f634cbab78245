// SPDX-License-Identifier: MIT
// <linux/extcon.h>, extcon-provider.h, on either engine: who is told of which cable, and when.
#include "support/facade.hpp"
#include "support/printed.hpp"

#include <string>
#include <utility>

#include <linux/extcon-provider.h>

using support::on_this_engine;
using support::printed;
using support::reports;

namespace {
std::string story;
struct watcher {
    struct notifier_block nb;
    char name;
};
int watch(struct notifier_block* nb, unsigned long state, void*) {
    story += container_of(nb, watcher, nb)->name;
    story += std::to_string(state);
    return NOTIFY_DONE;
}
const unsigned int cables[] = {EXTCON_USB, EXTCON_USB_HOST, EXTCON_DOCK, EXTCON_NONE};
const u32 exclusive[] = {0x3, 0};
}   // namespace

TEST_CASE("extcon: who wants to know of a cable is told when it changes", "[linux6][extcon]") {
    on_this_engine([] {
        struct device dev = {};
        dev.init_name = "board";
        story.clear();
        struct extcon_dev* edev = devm_extcon_dev_allocate(&dev, cables);
        REQUIRE(!IS_ERR(edev));
        edev->mutually_exclusive = exclusive;
        CHECK(devm_extcon_dev_register(&dev, edev) == 0);
        CHECK(extcon_get_extcon_dev("board") == edev);
        CHECK(PTR_ERR(extcon_get_extcon_dev("other")) == -EPROBE_DEFER);
        CHECK(std::string(extcon_get_edev_name(edev)) == "board");
        watcher usb = {{watch, nullptr, 0}, 'u'}, dock = {{watch, nullptr, 0}, 'd'}, all = {{watch, nullptr, 0}, 'a'};
        struct device consumer = {};
        consumer.init_name = "consumer";
        CHECK(devm_extcon_register_notifier(&consumer, edev, EXTCON_USB, &usb.nb) == 0);
        CHECK(devm_extcon_register_notifier(&consumer, edev, EXTCON_JIG, &dock.nb) == -EINVAL);
        CHECK(extcon_register_notifier(edev, EXTCON_DOCK, &dock.nb) == 0);
        CHECK(devm_extcon_register_notifier_all(&consumer, edev, &all.nb) == 0);
        const auto told = [] { return std::exchange(story, {}); };
        CHECK(extcon_set_state_sync(edev, EXTCON_USB, true) == 0);
        CHECK(told() == "u1a1");
        CHECK(extcon_set_state_sync(edev, EXTCON_USB, true) == 0);
        CHECK(told().empty());
        CHECK((extcon_get_state(edev, EXTCON_USB) == 1 && extcon_get_state(edev, EXTCON_DOCK) == 0));
        CHECK(extcon_get_state(edev, EXTCON_JIG) == -EINVAL);
        CHECK(extcon_set_state(edev, EXTCON_DOCK, true) == 0);
        CHECK(told().empty());
        CHECK(extcon_sync(edev, EXTCON_DOCK) == 0);
        CHECK(told() == "d1a1");
        CHECK(extcon_set_state_sync(edev, EXTCON_USB_HOST, true) == -EPERM);   // not both
        CHECK(extcon_set_state_sync(edev, EXTCON_USB, false) == 0);
        CHECK(extcon_set_state_sync(edev, EXTCON_USB_HOST, true) == 0);
        CHECK(told() == "u0a0a1");
        devm_extcon_unregister_notifier(&consumer, edev, EXTCON_USB, &usb.nb);
        devm_extcon_unregister_notifier(&consumer, edev, EXTCON_USB, &usb.nb);
        CHECK(reports::take("devm_extcon_unregister_notifier"));
        CHECK(extcon_unregister_notifier(edev, EXTCON_DOCK, &dock.nb) == 0);
        devres_release_all(&consumer);
        CHECK(extcon_set_state_sync(edev, EXTCON_DOCK, false) == 0);
        CHECK(told().empty());
        devres_release_all(&dev);
        CHECK(PTR_ERR(extcon_get_extcon_dev("board")) == -EPROBE_DEFER);
        CHECK(PTR_ERR(devm_extcon_dev_allocate(&dev, nullptr)) == -EINVAL);
        struct extcon_dev* alone = extcon_dev_allocate(cables);
        CHECK(printed([&] { CHECK(extcon_dev_register(alone) == -EINVAL); }) != "");
        extcon_dev_free(alone);
    });
}
