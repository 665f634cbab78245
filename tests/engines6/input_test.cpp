// SPDX-License-Identifier: MIT
// <linux/input.h>, on either engine: what is news, who hears of it and when, and how long a device is open.
#include "support/facade.hpp"
#include "support/printed.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <linux/bottomhalf_input.h>
#include <linux/completion.h>
#include <linux/interrupt.h>

namespace kernel = bottomhalf::linux6;
using support::on_this_engine;
using support::printed;

namespace {

/// Hears packets; tells them as text.
struct listener {
    struct bottomhalf_input_reader reader;
    struct completion heard;   // a packet
    char text[400];            // under the device's lock
    std::size_t n;

    void reset() {
        reader = {};
        reader.events = hear;
        init_completion(&heard);
        n = 0;
    }
    static void hear(struct bottomhalf_input_reader* r, const struct input_value* vals, unsigned int count) {
        listener* l = container_of(r, listener, reader);
        for (unsigned int i = 0; i < count; ++i) {   // maybe in a top half: no memory
            char* to = l->text + l->n;
            const std::size_t room = sizeof l->text - l->n;
            const int written = vals[i].type == EV_SYN && vals[i].code == SYN_REPORT
                                    ? std::snprintf(to, room, "| ")
                                    : std::snprintf(to, room, "%u.%u=%d ", vals[i].type, vals[i].code, vals[i].value);
            if (written > 0 && static_cast<std::size_t>(written) < room) l->n += static_cast<std::size_t>(written);
        }
        complete(&l->heard);
    }
    std::string told() { return std::string(text, std::exchange(n, 0)); }
};

struct board {
    struct device dev = {};
    listener ear;
    board() {
        dev.init_name = "board";
        ear.reset();
    }
    ~board() { devres_release_all(&dev); }
    board(const board&) = delete;
    board& operator=(const board&) = delete;
    struct input_dev* alloc(const char* name) {
        struct input_dev* input = devm_input_allocate_device(&dev);
        input->name = name;
        return input;
    }
    void open(struct input_dev* input) {
        printed([&] { CHECK(input_register_device(input) == 0); });
        CHECK(bottomhalf_input_open(input, &ear.reader) == 0);
    }
};

}   // namespace

TEST_CASE("input: a key is news if it changes; a packet goes at input_sync(), if there is something in it",
          "[linux6][input]") {
    on_this_engine([] {
        board b;
        struct input_dev* input = b.alloc("button");
        input_set_capability(input, EV_KEY, KEY_A);
        input_set_capability(input, EV_KEY, KEY_B);
        input_set_capability(input, EV_SW, SW_LID);
        input_set_capability(input, EV_MSC, MSC_SCAN);
        printed([&] { CHECK(input_register_device(input) == 0); });
        input_report_key(input, KEY_B, 1);   // nobody hears it yet, but it is down
        input_sync(input);
        CHECK(bottomhalf_input_open(input, &b.ear.reader) == 0);
        CHECK(bottomhalf_input_find("button") == input);
        CHECK(bottomhalf_input_find("other") == nullptr);
        input_report_key(input, KEY_A, 5);
        CHECK(b.ear.told().empty());
        input_sync(input);
        CHECK(b.ear.told() == "1.30=1 | ");
        input_report_key(input, KEY_A, 1);
        input_report_key(input, KEY_B, 1);
        input_report_key(input, KEY_C, 1);   // it has none
        input_report_rel(input, REL_X, 1);   // likewise
        input_sync(input);
        CHECK(b.ear.told().empty());
        input_report_key(input, KEY_A, 0);
        input_event(input, EV_KEY, KEY_B, 2);   // a repetition
        input_report_switch(input, SW_LID, 1);
        input_report_switch(input, SW_LID, 1);
        input_event(input, EV_MSC, MSC_SCAN, 7);
        input_event(input, EV_MSC, MSC_SCAN, 7);   // each is news
        input_sync(input);
        CHECK(b.ear.told() == "1.30=0 1.48=2 5.0=1 4.4=7 4.4=7 | ");
        input_event(input, EV_MAX + 1, 0, 1);
        input_event(input, EV_KEY, KEY_MAX + 1, 1);
        input_sync(input);
        CHECK(b.ear.told().empty());
        CHECK(printed([&] { input_set_capability(input, EV_KEY, KEY_MAX + 1); }).find("invalid code") !=
              std::string::npos);
        CHECK(printed([&] { input_set_capability(input, EV_MAX, 1); }).find("unknown type") != std::string::npos);
        bottomhalf_input_close(&b.ear.reader);
        input_report_key(input, KEY_A, 1);
        input_sync(input);
        CHECK(b.ear.told().empty());
    });
}

TEST_CASE("input: an axis is news if it has moved by more than its noise", "[linux6][input]") {
    on_this_engine([] {
        board b;
        struct input_dev* input = b.alloc("stick");
        input_set_abs_params(input, ABS_X, 0, 1000, 0, 0);
        input_set_abs_params(input, ABS_Y, -500, 500, 16, 4);
        input_set_capability(input, EV_REL, REL_WHEEL);
        input_set_capability(input, EV_ABS, ABS_MT_POSITION_X);
        b.open(input);
        CHECK((input_abs_get_min(input, ABS_Y) == -500 && input_abs_get_max(input, ABS_X) == 1000));
        const auto report = [&](unsigned int axis, int value) {
            input_report_abs(input, axis, value);
            input_sync(input);
            return b.ear.told();
        };
        CHECK(report(ABS_X, 0).empty());   // where it is
        CHECK(report(ABS_X, 1) == "3.0=1 | ");
        CHECK(report(ABS_X, 1).empty());
        CHECK(report(ABS_Y, 100) == "3.1=100 | ");
        CHECK(report(ABS_Y, 107).empty());               // within half of 16
        CHECK(report(ABS_Y, 108) == "3.1=102 | ");       // (3 * 100 + 108) / 4
        CHECK(report(ABS_Y, 102 - 17) == "3.1=93 | ");   // (102 + 85) / 2
        CHECK(report(ABS_Y, 93 + 32) == "3.1=125 | ");   // that is none
        CHECK(input_abs_get_val(input, ABS_Y) == 125);
        input_report_rel(input, REL_WHEEL, 0);
        input_report_rel(input, REL_WHEEL, -1);
        input_report_rel(input, REL_WHEEL, -1);
        input_sync(input);
        CHECK(b.ear.told() == "2.8=-1 2.8=-1 | ");
        for (int i = 0; i < 2; ++i) {   // of two fingers: not compared
            input_report_abs(input, ABS_MT_POSITION_X, 5);
            input_mt_sync(input);
        }
        input_sync(input);
        CHECK(b.ear.told() == "3.53=5 0.2=0 3.53=5 0.2=0 | ");
        for (int i = 0; i < 40; ++i) input_report_rel(input, REL_WHEEL, 1);   // more than there is room for
        input_sync(input);
        const std::string much = b.ear.told();
        CHECK(much.find('|') < much.size() - 2);
        CHECK(std::count(much.begin(), much.end(), '=') == 40);

        struct input_dev* broken = b.alloc("broken");
        __set_bit(EV_ABS, broken->evbit);
        CHECK(printed([&] { CHECK(input_register_device(broken) == -EINVAL); }).find("refusing to register") !=
              std::string::npos);
        input_free_device(broken);
    });
}

namespace {
int opens, closes, open_says;
std::string leds;
int open_it(struct input_dev*) {
    ++opens;
    return open_says;
}
void close_it(struct input_dev*) { ++closes; }
int event_of(struct input_dev*, unsigned int type, unsigned int code, int value) {
    leds += std::to_string(type) + "." + std::to_string(code) + "=" + std::to_string(value) + " ";
    return 0;
}
}   // namespace

TEST_CASE("input: open while somebody reads; what is injected goes to the device", "[linux6][input]") {
    on_this_engine([] {
        opens = closes = open_says = 0;
        leds.clear();
        board b;
        struct input_dev* input = b.alloc("keyboard");
        input->open = open_it;
        input->close = close_it;
        input->event = event_of;
        input_set_capability(input, EV_KEY, KEY_A);
        input_set_capability(input, EV_LED, LED_CAPSL);
        input_set_drvdata(input, &opens);
        int* data = input_get_drvdata(input);
        CHECK(data == &opens);
        b.open(input);
        listener second;
        second.reset();
        CHECK(bottomhalf_input_open(input, &second.reader) == 0);
        CHECK(opens == 1);
        bottomhalf_input_inject(&second.reader, EV_LED, LED_CAPSL, 1);
        bottomhalf_input_inject(&second.reader, EV_LED, LED_CAPSL, 1);
        bottomhalf_input_inject(&second.reader, EV_LED, LED_NUML, 1);
        CHECK(leds == "17.1=1 ");
        input_report_key(input, KEY_A, 1);
        input_sync(input);
        CHECK(b.ear.told() == "17.1=1 1.30=1 | ");
        CHECK(second.told() == "17.1=1 1.30=1 | ");
        bottomhalf_input_close(&b.ear.reader);
        CHECK(closes == 0);
        bottomhalf_input_close(&second.reader);
        CHECK(closes == 1);
        open_says = -EBUSY;
        CHECK(bottomhalf_input_open(input, &second.reader) == -EBUSY);
        CHECK(second.reader.dev == nullptr);
        open_says = 0;
        CHECK(bottomhalf_input_open(input, &second.reader) == 0);
        CHECK((opens == 3 && closes == 1));
        input_unregister_device(input);   // what is down is let go
        CHECK(second.told() == "1.30=0 | ");
        CHECK(closes == 2);
        bottomhalf_input_close(&second.reader);
        CHECK(closes == 2);
        CHECK(bottomhalf_input_find("keyboard") == nullptr);
    });
}

TEST_CASE("input: a device that is not managed", "[linux6][input]") {
    on_this_engine([] {
        struct input_dev* input = input_allocate_device();
        REQUIRE(input != nullptr);
        input_free_device(input);
        input_free_device(nullptr);
        input = input_allocate_device();
        CHECK(printed([&] { CHECK(input_register_device(input) == 0); }) ==
              std::string("input: Unspecified device as /devices/virtual/input/") + dev_name(&input->dev) + "\n");
        input_unregister_device(input);
    });
}

TEST_CASE("input: a key that stays down comes again, until it is let go", "[linux6][input]") {
    on_this_engine([] {
        board b;
        struct input_dev* input = b.alloc("repeating");
        input_set_capability(input, EV_KEY, KEY_A);
        __set_bit(EV_REP, input->evbit);
        input_enable_softrepeat(input, 20, 10);
        b.open(input);
        input_report_key(input, KEY_A, 1);
        input_sync(input);
        for (int i = 0; i < 4; ++i) wait_for_completion(&b.ear.heard);
        input_report_key(input, KEY_A, 0);
        input_sync(input);
        timer_delete_sync(&input->timer);
        CHECK(timer_pending(&input->timer) == 0);
        const std::string told = b.ear.told();
        CHECK(told.rfind("1.30=1 | 1.30=2 | 1.30=2 | 1.30=2 | ", 0) == 0);
        CHECK(told.size() >= 9);
        CHECK(told.substr(told.size() - 9) == "1.30=0 | ");

        struct input_dev* itself = b.alloc("repeats by itself");   // as it says its own times
        input_set_capability(itself, EV_KEY, KEY_A);
        __set_bit(EV_REP, itself->evbit);
        itself->rep[REP_DELAY] = itself->rep[REP_PERIOD] = 1;
        printed([&] { CHECK(input_register_device(itself) == 0); });
        input_report_key(itself, KEY_A, 1);
        input_sync(itself);
        CHECK(timer_pending(&itself->timer) == 0);
    });
}

namespace {
void poll_it(struct input_dev* input) {
    input_report_rel(input, REL_X, 1);
    input_sync(input);
}
}   // namespace

TEST_CASE("input: a device that is polled while it is open", "[linux6][input]") {
    on_this_engine([] {
        board b;
        struct input_dev* input = b.alloc("polled");
        input_set_capability(input, EV_REL, REL_X);
        CHECK(input_setup_polling(input, poll_it) == 0);
        input_set_poll_interval(input, 10);
        b.open(input);
        for (int i = 0; i < 3; ++i) wait_for_completion(&b.ear.heard);
        bottomhalf_input_close(&b.ear.reader);
        b.ear.told();
        CHECK_FALSE(delayed_work_pending(&input->poller->work));
        CHECK(bottomhalf_input_open(input, &b.ear.reader) == 0);
        CHECK(b.ear.told().rfind("2.0=1 | ", 0) == 0);   // at once
    });
}

namespace {
irqreturn_t pressed(int, void* dev) {
    struct input_dev* input = static_cast<struct input_dev*>(dev);
    input_report_key(input, KEY_POWER, 1);
    input_sync(input);
    input_report_key(input, KEY_POWER, 0);
    input_sync(input);
    return IRQ_HANDLED;
}
}   // namespace

TEST_CASE("input: reported by a top half", "[linux6][input]") {
    on_this_engine([] {
        board b;
        struct input_dev* input = b.alloc("irq");
        input_set_capability(input, EV_KEY, KEY_POWER);
        b.open(input);
        REQUIRE(request_irq(7, pressed, 0, "button", input) == 0);
        kernel::raise_irq(7);
        for (int i = 0; i < 2; ++i) wait_for_completion(&b.ear.heard);
        free_irq(7, input);
        CHECK(b.ear.told() == "1.116=1 | 1.116=0 | ");
    });
}
