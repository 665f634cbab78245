// SPDX-License-Identifier: MIT
// <linux/sysfs.h> and what <linux/device.h> has of it: attributes, shown, taken, listed, and gone in time.
#include "linux6/support.hpp"

#include <string>
#include <thread>

#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

namespace {

int speed, stored;
ssize_t speed_show(struct device*, struct device_attribute*, char* buf) { return sysfs_emit(buf, "%d\n", speed); }
ssize_t speed_store(struct device*, struct device_attribute* attr, const char* buf, size_t count) {
    CHECK(std::string(attr->attr.name) == "speed");
    const int err = kstrtoint(buf, 0, &speed);
    return err ? err : static_cast<ssize_t>(count);
}
DEVICE_ATTR_RW(speed);
ssize_t name_show(struct device* dev, struct device_attribute*, char* buf) {
    int n = sysfs_emit(buf, "%s", dev_name(dev));
    n += sysfs_emit_at(buf, n, "!\n");
    return n;
}
DEVICE_ATTR_RO(name);
ssize_t reset_store(struct device*, struct device_attribute*, const char*, size_t count) {
    ++stored;
    return static_cast<ssize_t>(count);
}
DEVICE_ATTR_WO(reset);
DEVICE_ATTR(empty, 0644, nullptr, nullptr);
unsigned long words = 0x1f;
int number = -3;
bool flag = true;
DEVICE_ULONG_ATTR(words, 0644, words);
DEVICE_INT_ATTR(number, 0644, number);
DEVICE_BOOL_ATTR(flag, 0644, flag);

struct attribute* card_attrs[] = {&dev_attr_speed.attr, &dev_attr_name.attr, nullptr};
ATTRIBUTE_GROUPS(card);
struct attribute* extra_attrs[] = {&dev_attr_reset.attr, &dev_attr_name.attr, nullptr};
umode_t seldom(struct kobject* kobj, struct attribute*, int n) {
    CHECK(std::string(kobject_name(kobj)) == "dev0");
    return n == 0 ? 0 : 0400;
}
const struct attribute_group extra = {"extra", nullptr, extra_attrs, nullptr};
const struct attribute_group hidden = {"hidden", seldom, extra_attrs, nullptr};

struct device fresh() {
    struct device dev = {};
    dev.release = [](struct device*) {};
    dev.init_name = "dev0";
    return dev;
}
std::string read(struct device& dev, const char* path) {
    char page[4096];
    const ssize_t n = bottomhalf_sysfs_read(&dev, path, page);
    return n < 0 ? std::to_string(n) : std::string(page, static_cast<std::size_t>(n));
}
std::string list(struct device& dev) {
    std::string all;
    bottomhalf_sysfs_list(
        &dev,
        [](const char* directory, const char* name, umode_t mode, void* data) {
            auto& text = *static_cast<std::string*>(data);
            if (directory != nullptr) text += std::string(directory) + "/";
            text += std::string(name) + ":" + std::to_string(mode) + " ";
        },
        &all);
    return all;
}

}   // namespace

TEST_CASE("device_create_file: shown, stored, removed", "[linux6][sysfs]") {
    struct device dev = fresh();
    REQUIRE(device_register(&dev) == 0);
    ear listening;
    CHECK(device_create_file(&dev, &dev_attr_speed) == 0);
    CHECK(device_create_file(&dev, &dev_attr_speed) == -EEXIST);
    CHECK(ear::has("sysfs_warn_dup"));
    CHECK(device_create_file(&dev, &dev_attr_reset) == 0);
    CHECK(device_create_file(&dev, &dev_attr_empty) == 0);
    CHECK(sysfs_create_file(&dev.kobj, &dev_attr_name.attr) == 0);
    CHECK(list(dev) == "speed:420 reset:128 empty:420 name:292 ");
    CHECK(bottomhalf_sysfs_write(&dev, "speed", "12\n") == 3);
    CHECK(read(dev, "speed") == "12\n");
    CHECK(bottomhalf_sysfs_write(&dev, "speed", "x") == -EINVAL);
    CHECK(read(dev, "name") == "dev0!\n");
    CHECK(bottomhalf_sysfs_write(&dev, "name", "x") == -EACCES);
    CHECK(read(dev, "reset") == std::to_string(-EACCES));
    CHECK(bottomhalf_sysfs_write(&dev, "reset", "1") == 1);
    CHECK(stored == 1);
    CHECK(read(dev, "empty") == std::to_string(-EIO));
    CHECK(bottomhalf_sysfs_write(&dev, "empty", "1") == -EIO);
    CHECK(read(dev, "nothing") == std::to_string(-ENOENT));
    device_remove_file(&dev, &dev_attr_speed);
    CHECK(read(dev, "speed") == std::to_string(-ENOENT));
    sysfs_remove_file(&dev.kobj, &dev_attr_name.attr);
    CHECK(list(dev) == "reset:128 empty:420 ");
    sysfs_notify(&dev.kobj, nullptr, "reset");
    device_unregister(&dev);
    CHECK(list(dev).empty());
}

TEST_CASE("DEVICE_ULONG_ATTR and its kin", "[linux6][sysfs]") {
    struct device dev = fresh();
    REQUIRE(device_register(&dev) == 0);
    for (const struct dev_ext_attribute* a : {&dev_attr_words, &dev_attr_number, &dev_attr_flag})
        CHECK(device_create_file(&dev, &a->attr) == 0);
    CHECK(read(dev, "words") == "1f\n");
    CHECK(read(dev, "number") == "-3\n");
    CHECK(read(dev, "flag") == "1\n");
    CHECK(bottomhalf_sysfs_write(&dev, "words", "0x20") == 4);
    CHECK(bottomhalf_sysfs_write(&dev, "number", "7") == 1);
    CHECK(bottomhalf_sysfs_write(&dev, "flag", "n") == 1);
    CHECK((words == 0x20 && number == 7 && !flag));
    CHECK(bottomhalf_sysfs_write(&dev, "number", "seven") == -EINVAL);
    device_unregister(&dev);
}

TEST_CASE("groups: of a device, of its driver, managed, visible or not", "[linux6][sysfs]") {
    struct device dev = fresh();
    dev.groups = card_groups;
    REQUIRE(device_register(&dev) == 0);
    CHECK(list(dev) == "speed:420 name:292 ");
    CHECK(sysfs_create_group(&dev.kobj, &extra) == 0);
    CHECK(read(dev, "extra/name") == "dev0!\n");
    CHECK(read(dev, "other/name") == std::to_string(-ENOENT));
    CHECK(devm_device_add_group(&dev, &hidden) == 0);
    CHECK(list(dev) == "speed:420 name:292 extra/reset:128 extra/name:292 hidden/name:256 ");
    sysfs_remove_group(&dev.kobj, &extra);
    devres_release_all(&dev);
    CHECK(list(dev) == "speed:420 name:292 ");
    const struct attribute_group* both[] = {&extra, &card_group, nullptr};
    {
        ear listening;
        CHECK(device_add_groups(&dev, both) == -EEXIST);   // the second is there already, so the first goes again
    }
    CHECK(list(dev) == "speed:420 name:292 ");
    device_remove_groups(&dev, card_groups);
    CHECK(devm_device_add_groups(&dev, both) == 0);
    CHECK(list(dev) == "extra/reset:128 extra/name:292 speed:420 name:292 ");
    device_unregister(&dev);

    static struct platform_driver driver = {};
    driver.driver.name = "card";
    driver.driver.dev_groups = card_groups;
    CHECK(platform_driver_register(&driver) == 0);
    struct platform_device* pdev = platform_device_register_simple("card", -1, nullptr, 0);
    CHECK(list(pdev->dev) == "speed:420 name:292 ");
    CHECK(read(pdev->dev, "name") == "card!\n");
    platform_driver_unregister(&driver);
    CHECK(list(pdev->dev).empty());
    platform_device_unregister(pdev);
}

namespace {
gate* inside;
ssize_t slow_show(struct device*, struct device_attribute*, char* buf) {
    complete(&inside->arrived);
    wait_for_completion(&inside->open);
    return sysfs_emit(buf, "slow\n");
}
DEVICE_ATTR_RO(slow);
}   // namespace

TEST_CASE("device_remove_file waits for who is inside", "[linux6][sysfs]") {
    struct device dev = fresh();
    REQUIRE(device_register(&dev) == 0);
    gate g;
    inside = &g;
    CHECK(device_create_file(&dev, &dev_attr_slow) == 0);
    std::string text;
    std::thread reader([&] { text = read(dev, "slow"); });
    wait_for_completion(&g.arrived);
    struct completion removed;
    init_completion(&removed);
    std::thread remover([&] {
        device_remove_file(&dev, &dev_attr_slow);
        complete(&removed);
    });
    while (!list(dev).empty()) cpu_relax();
    CHECK_FALSE(completion_done(&removed));
    complete(&g.open);
    wait_for_completion(&removed);
    reader.join();
    remover.join();
    CHECK(text == "slow\n");
    device_unregister(&dev);
}
