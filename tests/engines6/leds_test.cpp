// SPDX-License-Identifier: MIT
// <linux/leds.h>, on either engine: set at once or by a work item, and blinking.
#include "support/facade.hpp"

#include <atomic>
#include <string>
#include <utility>

#include <linux/completion.h>
#include <linux/irqflags.h>
#include <linux/leds.h>

using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

struct light {
    struct led_classdev led;
    std::string story;   // by one caller at a time
    std::atomic<unsigned int> value, times;
    std::atomic<int> slept;
};
void set(struct led_classdev* led, enum led_brightness value) {
    light* l = container_of(led, light, led);
    l->value = value;
    ++l->times;
}
int set_slowly(struct led_classdev* led, enum led_brightness value) {
    light* l = container_of(led, light, led);
    if (in_task() && !irqs_disabled()) ++l->slept;
    l->story += std::to_string(value) + " ";
    l->value = value;
    ++l->times;
    return 0;
}
void set_up(light& l, const char* name) {
    l.led = {};
    l.led.name = name;
    l.story.clear();
    l.value = 99;
    l.times = 0;
    l.slept = 0;
}
struct board {
    struct device dev = {};
    board() { dev.init_name = "board"; }
    ~board() { devres_release_all(&dev); }
    board(const board&) = delete;
    board& operator=(const board&) = delete;
};

}   // namespace

TEST_CASE("led_set_brightness: at once, if the driver need not sleep; no brighter than it can", "[linux6][leds]") {
    on_this_engine([] {
        light l;
        set_up(l, "a");
        l.led.brightness_set = set;
        l.led.max_brightness = 100;
        {
            board b;
            REQUIRE(devm_led_classdev_register(&b.dev, &l.led) == 0);
            local_irq_disable();
            led_set_brightness(&l.led, 7);
            CHECK(l.value == 7);
            led_set_brightness(&l.led, LED_FULL);
            CHECK((l.value == 100 && l.led.brightness == 100));
            local_irq_enable();
            CHECK(led_set_brightness_sync(&l.led, 1) == -ENOTSUPP);
            light other;
            set_up(other, "a");
            other.led.brightness_set = set;
            REQUIRE(devm_led_classdev_register(&b.dev, &other.led) == 0);
            CHECK(std::string(dev_name(other.led.dev)) == "a_1");
            CHECK(std::string(dev_name(l.led.dev)) == "a");
            devm_led_classdev_unregister(&b.dev, &other.led);
            CHECK(other.value == 0);
            struct led_init_data init = {"green:link", "card", false};
            REQUIRE(devm_led_classdev_register_ext(&b.dev, &other.led, &init) == 0);
            CHECK(std::string(dev_name(other.led.dev)) == "card:green:link");
            devm_led_classdev_unregister(&b.dev, &other.led);
            other.led.name = nullptr;
            CHECK(led_classdev_register(&b.dev, &other.led) == -EINVAL);
        }
        CHECK((l.value == 0 && l.led.dev == nullptr));   // off, as it goes
    });
}

TEST_CASE("led_set_brightness: by a work item, if the driver may sleep", "[linux6][leds]") {
    on_this_engine([] {
        light l;
        set_up(l, "slow");
        l.led.brightness_set_blocking = set_slowly;
        l.led.brightness_get = [](struct led_classdev*) { return LED_HALF; };
        l.led.flags = LED_RETAIN_AT_SHUTDOWN;
        board b;
        REQUIRE(led_classdev_register(&b.dev, &l.led) == 0);
        CHECK(l.led.brightness == LED_HALF);
        local_irq_disable();
        led_set_brightness(&l.led, 1);
        led_set_brightness(&l.led, 2);
        local_irq_enable();
        flush_work(&l.led.set_brightness_work);
        CHECK(l.value == 2);
        CHECK((l.slept == 1 || l.slept == 2));
        CHECK(l.times == static_cast<unsigned int>(l.slept));
        CHECK(led_set_brightness_sync(&l.led, 3) == 0);
        CHECK(l.value == 3);
        led_classdev_unregister(&l.led);
        led_classdev_unregister(&l.led);
        CHECK(l.value == 3);
    });
}

TEST_CASE("led_blink_set: on and off by a timer, until it is off", "[linux6][leds]") {
    on_this_engine([] {
        light l;
        set_up(l, "blinking");
        l.led.brightness_set_blocking = set_slowly;
        board b;
        REQUIRE(devm_led_classdev_register(&b.dev, &l.led) == 0);
        unsigned long on = 40, off = 40;
        led_blink_set(&l.led, &on, &off);
        wait_until<engine>([&] { return l.times >= 3; });
        CHECK(led_set_brightness_sync(&l.led, 3) == -EBUSY);
        led_set_brightness(&l.led, 5);   // what it blinks with
        wait_until<engine>([&] { return l.value == 5; });
        led_set_brightness(&l.led, LED_OFF);
        flush_work(&l.led.set_brightness_work);
        CHECK((l.value == 0 && l.led.blink_delay_on == 0 && timer_pending(&l.led.blink_timer) == 0));
        // On threads a worker may come so late that it finds the light on again.
        CHECK(l.story.rfind(engine::simulated ? "255 0 255 " : "255 ", 0) == 0);
        CHECK(l.story.find("5 0 ") != std::string::npos);
        l.story.clear();
        on = 0;
        off = 10;
        led_blink_set(&l.led, &on, &off);
        flush_work(&l.led.set_brightness_work);
        on = 10;
        off = 0;
        led_blink_set(&l.led, &on, &off);
        flush_work(&l.led.set_brightness_work);
        CHECK(l.story == "0 5 ");
        l.led.blink_set = [](struct led_classdev*, unsigned long* delay_on, unsigned long*) {
            *delay_on = 77;
            return 0;
        };
        led_blink_set(&l.led, &on, &off);
        CHECK((on == 77 && timer_pending(&l.led.blink_timer) == 0));
        l.led.blink_set = nullptr;
        on = off = 0;
        led_blink_set(&l.led, &on, &off);
        CHECK((on == 500 && off == 500));
        led_stop_software_blink(&l.led);
    });
}
