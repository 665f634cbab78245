// SPDX-License-Identifier: MIT
// <linux/device.h>, dev_printk.h, devm-helpers.h, platform_device.h: names, messages, what is managed, and who probes whom.
#include "linux6/support.hpp"
#include "support/printed.hpp"

#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <bottomhalf/bottomhalf.hpp>

#include <linux/completion.h>
#include <linux/devm-helpers.h>
#include <linux/platform_device.h>

namespace l6 = bottomhalf::linux6;

using support::printed;

namespace {

std::string story;
void tell(void* what) { story += static_cast<const char*>(what); }
char a[] = "a", b[] = "b", c[] = "c";
void freed(struct device* dev) {
    story += "freed";
    delete dev;
}

}   // namespace

TEST_CASE("dev_*: the driver, the device, the message", "[linux6][dev_printk]") {
    struct device dev = {};
    struct device_driver drv = {};
    drv.name = "drv";
    dev.init_name = "dev0";
    dev.driver = &drv;
    CHECK(printed([&] { dev_err(&dev, "no %s\n", "luck"); }) == "drv dev0: no luck\n");
    CHECK(printed([&] { dev_info(static_cast<struct device*>(nullptr), "x\n"); }) == "(NULL device *): x\n");
    CHECK(printed([&] {
              dev_emerg(&dev, "1");
              dev_alert(&dev, "2");
              dev_crit(&dev, "3");
              dev_warn(&dev, "4");
              dev_notice(&dev, "5");
              dev_dbg(&dev, "6");
              dev_vdbg(&dev, "7");
          }) == "drv dev0: 1\ndrv dev0: 2\ndrv dev0: 3\ndrv dev0: 4\ndrv dev0: 5");
    CHECK(printed([&] {
              for (int i = 0; i < 30; ++i) {
                  dev_err_once(&dev, "o%d\n", i);
                  dev_warn_once(&dev, "p\n");
                  dev_info_once(&dev, "q\n");
                  dev_notice_once(&dev, "r\n");
                  dev_dbg_once(&dev, "s\n");
              }
          }) == "drv dev0: o0\ndrv dev0: p\ndrv dev0: q\ndrv dev0: r\n");
    const std::string limited = printed([&] {
        for (int i = 0; i < 30; ++i) dev_err_ratelimited(&dev, "%d\n", i);
        dev_warn_ratelimited(&dev, "w\n");
        dev_info_ratelimited(&dev, "i\n");
        dev_notice_ratelimited(&dev, "n\n");
        dev_dbg_ratelimited(&dev, "d\n");
    });
    CHECK(limited.find(": 9\n") != std::string::npos);
    CHECK(limited.find(": 10\n") == std::string::npos);
    int err = 0;
    CHECK(printed([&] { err = dev_err_probe(&dev, -ENODEV, "clock %d\n", 1); }) ==
          "drv dev0: error -ENODEV: clock 1\n");
    CHECK(err == -ENODEV);
    CHECK(printed([&] { err = dev_err_probe(&dev, -EPROBE_DEFER, "clock\n"); }).empty());
    CHECK(err == -EPROBE_DEFER);
    ear listening;
    dev_WARN(&dev, "%d", 1);
    dev_WARN_ONCE(&dev, true, "x");
    CHECK(ear::all().size() == 2);
}

TEST_CASE("devm: released in reverse order", "[linux6][device]") {
    struct device dev = {};
    dev.init_name = "dev0";
    story.clear();
    int* numbers = devm_kcalloc(&dev, 10, sizeof(int), GFP_KERNEL);
    REQUIRE(numbers != nullptr);
    CHECK(numbers[9] == 0);
    CHECK(devm_add_action(&dev, tell, a) == 0);
    char* text = devm_kasprintf(&dev, GFP_KERNEL, "%s-%d", "x", 5);
    CHECK(std::string(text) == "x-5");
    CHECK(devm_add_action_or_reset(&dev, tell, b) == 0);
    CHECK(std::string(devm_kstrdup(&dev, "abc", GFP_KERNEL)) == "abc");
    CHECK(std::string(devm_kstrdup_const(&dev, "abc", GFP_KERNEL)) == "abc");
    CHECK(devm_add_action(&dev, tell, c) == 0);
    char* copy = devm_kmemdup(&dev, "xyz", 4, GFP_KERNEL);
    CHECK(std::string(copy) == "xyz");
    copy = devm_krealloc(&dev, copy, 100, GFP_KERNEL);
    CHECK(std::string(copy) == "xyz");
    devm_kfree(&dev, copy);
    CHECK(bool(devm_kmalloc_array(&dev, SIZE_MAX, 2, GFP_KERNEL) == nullptr));
    void* memory = devm_kzalloc(&dev, 8, GFP_KERNEL);
    CHECK(memory != nullptr);
    void* more = devm_kmalloc(&dev, 8, GFP_KERNEL);
    CHECK(reinterpret_cast<unsigned long>(more) % alignof(std::max_align_t) == 0);
    CHECK(devres_release_all(&dev) == 9);
    CHECK(story == "cba");
    CHECK(devres_release_all(&dev) == 0);

    story.clear();
    devm_add_action(&dev, tell, a);
    devm_add_action(&dev, tell, b);
    devm_add_action(&dev, tell, c);
    devm_release_action(&dev, tell, b);
    CHECK(story == "b");
    devm_remove_action(&dev, tell, c);
    ear listening;
    devm_remove_action(&dev, tell, c);
    devm_release_action(&dev, tell, c);
    int local = 0;
    devm_kfree(&dev, &local);
    CHECK(ear::all().size() == 3);
    devres_release_all(&dev);
    CHECK(story == "ba");
}

TEST_CASE("devres: resources of one's own", "[linux6][device]") {
    struct device dev = {};
    story.clear();
    const dr_release_t release = [](struct device*, void* res) { story += *static_cast<char*>(res); };
    const dr_match_t match = [](struct device*, void* res, void* wanted) {
        return static_cast<int>(*static_cast<char*>(res) == *static_cast<char*>(wanted));
    };
    for (const char which : {'1', '2', '3', '4'}) {
        char* res = devres_alloc(release, 1, GFP_KERNEL);
        *res = which;
        devres_add(&dev, res);
    }
    char wanted = '2', missing = '9';
    char* found = devres_find(&dev, release, match, &wanted);
    CHECK(*found == '2');
    CHECK(devres_release(&dev, release, match, &wanted) == 0);
    CHECK(story == "2");
    CHECK(devres_release(&dev, release, match, &missing) == -ENOENT);
    CHECK(devres_destroy(&dev, release, match, &missing) == -ENOENT);
    found = devres_remove(&dev, release, nullptr, nullptr);   // the youngest
    CHECK(*found == '4');
    devres_free(found);
    devres_release_all(&dev);
    CHECK(story == "231");
}

TEST_CASE("a device's life: counted, named, released", "[linux6][device]") {
    story.clear();
    auto* dev = new ::device();
    dev->release = freed;
    CHECK(device_register(dev) == -EINVAL);   // no name
    CHECK(dev_set_name(dev, "dev%d", 7) == 0);
    CHECK(device_add(dev) == 0);
    CHECK(std::string(dev_name(dev)) == "dev7");
    dev_set_drvdata(dev, &story);
    std::string* data = dev_get_drvdata(dev);
    CHECK(data == &story);
    int platform_data = 5;
    dev->platform_data = &platform_data;
    int* p = dev->platform_data;
    CHECK(*p == 5);
    int* q = dev_get_platdata(dev);
    CHECK(q == p);
    devm_add_action(dev, tell, a);
    CHECK(get_device(dev) == dev);
    CHECK(kobj_to_dev(&dev->kobj) == dev);
    device_unregister(dev);
    CHECK(story == "a");
    devm_add_action(dev, tell, b);
    put_device(dev);
    CHECK(story == "abfreed");
    put_device(nullptr);

    struct device broken = {};
    broken.init_name = "broken";
    CHECK(device_register(&broken) == 0);
    ear listening;
    device_unregister(&broken);
    CHECK(ear::has("device_release"));
}

// ---- a driver

namespace {

struct state {
    struct work_struct work;
    struct delayed_work poll;
    struct mutex lock;
    struct workqueue_struct* wq;
    int runs;
};
int probes, removes, fail_with;
void handler(struct work_struct* w) { ++container_of(w, state, work)->runs; }
void poll(struct work_struct*) {}
int probe(struct platform_device* pdev) {
    ++probes;
    state* s = devm_kzalloc(&pdev->dev, sizeof *s, GFP_KERNEL);
    if (!s) return -ENOMEM;
    if (devm_mutex_init(&pdev->dev, &s->lock)) return -ENOMEM;
    s->wq = devm_alloc_workqueue(&pdev->dev, "drv-%s", 0, 0, dev_name(&pdev->dev));
    if (!s->wq) return -ENOMEM;
    if (devm_work_autocancel(&pdev->dev, &s->work, handler)) return -ENOMEM;
    if (devm_delayed_work_autocancel(&pdev->dev, &s->poll, poll)) return -ENOMEM;
    queue_delayed_work(s->wq, &s->poll, 1000 * HZ);   // taken off as the driver goes, or destroying the queue says so
    devm_add_action(&pdev->dev, tell, c);
    platform_set_drvdata(pdev, s);
    return fail_with;
}
void remove(struct platform_device* pdev) {
    ++removes;
    state* s = platform_get_drvdata(pdev);
    flush_work(&s->work);
}
int old_remove(struct platform_device*) {
    ++removes;
    return 0;
}
struct platform_driver driver = {};
struct platform_driver old_driver = {};
const struct platform_device_id old_ids[] = {{"one", 1}, {"two", 2}, {}};

}   // namespace

static struct platform_driver module_s_driver = {};
module_platform_driver(module_s_driver);

TEST_CASE("platform: whichever comes second, the device is probed", "[linux6][platform_device]") {
    driver.probe = probe;
    driver.remove = remove;
    driver.driver.name = "drv";
    probes = removes = fail_with = 0;
    story.clear();
    ear listening;
    const struct resource res[] = {{0x1000, 0x1fff, "regs", IORESOURCE_MEM}, {5, 5, "irq", IORESOURCE_IRQ}};
    struct platform_device* first = platform_device_register_simple("drv", 3, res, 2);
    REQUIRE(!IS_ERR(first));
    CHECK(probes == 0);
    CHECK(platform_driver_register(&driver) == 0);
    CHECK(platform_driver_register(&driver) == -EBUSY);
    CHECK(probes == 1);
    CHECK(std::string(dev_name(&first->dev)) == "drv.3");
    CHECK(resource_size(platform_get_resource(first, IORESOURCE_MEM, 0)) == 0x1000);
    CHECK(platform_get_resource_byname(first, IORESOURCE_MEM, "regs") == &first->resource[0]);
    CHECK(platform_get_resource_byname(first, IORESOURCE_IRQ, "regs") == nullptr);
    CHECK(platform_get_irq(first, 0) == 5);
    CHECK(platform_get_irq_optional(first, 1) == -ENXIO);
    CHECK(printed([&] { CHECK(platform_get_irq(first, 1) == -ENXIO); }).find("IRQ index 1 not found") !=
          std::string::npos);
    CHECK(to_platform_device(&first->dev) == first);
    CHECK(to_platform_driver(first->dev.driver) == &driver);

    static struct platform_device second = {};
    second.name = "drv";
    second.id = PLATFORM_DEVID_NONE;
    CHECK(platform_device_register(&second) == 0);
    CHECK(probes == 2);
    CHECK(std::string(dev_name(&second.dev)) == "drv");
    state* s = platform_get_drvdata(&second);
    REQUIRE(s != nullptr);
    queue_work(s->wq, &s->work);
    flush_work(&s->work);
    CHECK(s->runs == 1);
    platform_device_unregister(&second);
    CHECK(removes == 1);
    CHECK(story == "c");
    platform_driver_unregister(&driver);
    CHECK(removes == 2);
    CHECK(story == "cc");
    CHECK(first->dev.driver == nullptr);
    void* nothing = platform_get_drvdata(first);
    CHECK(nothing == nullptr);
    platform_device_unregister(first);
    CHECK(ear::all().empty());
}

TEST_CASE("platform: a probe that fails leaves nothing behind", "[linux6][platform_device]") {
    driver.probe = probe;
    driver.driver.name = "drv";
    probes = removes = 0;
    fail_with = -EIO;
    story.clear();
    ear listening;
    platform_device_put(platform_device_alloc("never added", 1));
    CHECK(ear::all().empty());
    struct platform_device* pdev = platform_device_alloc("drv", PLATFORM_DEVID_AUTO);
    const int data = 8;
    CHECK(platform_device_add_data(pdev, &data, sizeof data) == 0);
    int* copy = dev_get_platdata(&pdev->dev);
    CHECK(*copy == 8);
    CHECK(platform_driver_register(&driver) == 0);
    CHECK(printed([&] { CHECK(platform_device_add(pdev) == 0); }).find("failed with error -5") != std::string::npos);
    CHECK(probes == 1);
    CHECK(story == "c");
    CHECK(pdev->dev.driver == nullptr);
    CHECK(std::string(dev_name(&pdev->dev)).find(".auto") != std::string::npos);
    platform_driver_unregister(&driver);
    CHECK(removes == 0);
    platform_device_unregister(pdev);
    CHECK(ear::all().empty());
}

TEST_CASE("platform: a table of names, a remove() of before 6.11, a module that is a driver",
          "[linux6][platform_device]") {
    old_driver.probe = [](struct platform_device* pdev) { return pdev->id_entry->driver_data == 2 ? 0 : -ENODEV; };
    old_driver.remove = old_remove;
    old_driver.driver.name = "old";
    old_driver.id_table = old_ids;
    removes = 0;
    struct platform_device* one = platform_device_register_simple("one", -1, nullptr, 0);
    struct platform_device* two = platform_device_register_simple("two", -1, nullptr, 0);
    struct platform_device* old = platform_device_register_simple("old", -1, nullptr, 0);
    CHECK(platform_driver_register(&old_driver) == 0);
    CHECK(one->dev.driver == nullptr);
    CHECK(two->dev.driver == &old_driver.driver);
    CHECK(old->dev.driver == nullptr);   // the table counts
    platform_device_unregister(two);
    CHECK(removes == 1);
    platform_driver_unregister(&old_driver);
    platform_device_del(one);
    platform_device_put(one);
    platform_device_unregister(old);

    module_s_driver.driver.name = "module's";
    CHECK(l6::load_modules() == 0);
    struct platform_device* of_module = platform_device_register_simple("module's", -1, nullptr, 0);
    CHECK(of_module->dev.driver == &module_s_driver.driver);
    l6::unload_modules();
    CHECK(of_module->dev.driver == nullptr);
    platform_device_unregister(of_module);
}

namespace {
struct platform_device* function_of;
int probe_parent(struct platform_device*) {
    ++probes;
    function_of = platform_device_register_simple("function", PLATFORM_DEVID_AUTO, nullptr, 0);
    return PTR_ERR_OR_ZERO(function_of);
}
int probe_function(struct platform_device*) {
    probes += 10;
    return 0;
}
void remove_parent(struct platform_device*) {
    ++removes;
    platform_device_unregister(function_of);
}
struct device_attribute twice = {{"twice", 0444}, nullptr, nullptr};
struct attribute* twice_attrs[] = {&twice.attr, &twice.attr, nullptr};
ATTRIBUTE_GROUPS(twice);
}   // namespace

TEST_CASE("platform: a device of several functions: its probe() registers further ones", "[linux6][platform_device]") {
    struct platform_driver parent = {}, function = {};
    parent.probe = probe_parent;
    parent.remove = remove_parent;
    parent.driver.name = "parent";
    function.probe = probe_function;
    function.driver.name = "function";
    function.remove = +[](struct platform_device*) { removes += 10; };
    probes = removes = 0;
    ear listening;
    CHECK(platform_driver_register(&function) == 0);
    CHECK(platform_driver_register(&parent) == 0);
    struct platform_device* pdev = platform_device_register_simple("parent", -1, nullptr, 0);
    CHECK((probes == 11 && function_of->dev.driver == &function.driver));
    platform_device_unregister(pdev);
    CHECK(removes == 11);
    CHECK(ear::all().empty());
    platform_driver_unregister(&parent);
    platform_driver_unregister(&function);
}

TEST_CASE("platform: a driver whose attributes cannot be shown is removed again", "[linux6][platform_device]") {
    struct platform_driver broken = {};
    broken.probe = probe_function;
    broken.remove = +[](struct platform_device*) { ++removes; };
    broken.driver.name = "broken";
    broken.driver.dev_groups = twice_groups;
    probes = removes = 0;
    ear listening;
    CHECK(platform_driver_register(&broken) == 0);
    struct platform_device* pdev = nullptr;
    CHECK(printed([&] { pdev = platform_device_register_simple("broken", -1, nullptr, 0); }) != "");
    CHECK((probes == 10 && removes == 1 && pdev->dev.driver == nullptr));
    platform_device_unregister(pdev);
    platform_driver_unregister(&broken);
}

TEST_CASE("io: registers are plain memory, found by their resource", "[linux6][io]") {
    u32 regs[4] = {1, 2, 3, 4};
    const auto address = reinterpret_cast<unsigned long>(regs);
    const struct resource res[] = {{address, address + sizeof(regs) - 1, "regs", IORESOURCE_MEM}};
    struct platform_device* pdev = platform_device_register_simple("registers", -1, res, 1);
    REQUIRE(!IS_ERR(pdev));
    void __iomem* base = devm_platform_ioremap_resource(pdev, 0);
    REQUIRE(!IS_ERR(base));
    CHECK(readl(base) == 1);
    writel(0x01020304, static_cast<char*>(base) + 4);
    CHECK(regs[1] == 0x01020304);
    CHECK(readb(&regs[1]) == 4);
    CHECK(readw(&regs[1]) == 0x0304);
    writeb(9, &regs[2]);
    writew(0x0807, &regs[3]);
    CHECK(ioread32(&regs[2]) == 9);
    CHECK(readl_relaxed(&regs[3]) == 0x0807);
    iowrite32be(1, &regs[3]);
    CHECK(ioread32be(&regs[3]) == 1);
    CHECK(regs[3] == 0x01000000);
    writel_relaxed(5, &regs[0]);
    memset_io(&regs[2], 0, 8);
    memcpy_toio(&regs[2], &regs[0], 4);
    u32 copy = 0;
    memcpy_fromio(&copy, &regs[2], 4);
    CHECK(copy == 5);
    void __iomem* named = devm_platform_ioremap_resource_byname(pdev, "regs");
    CHECK(named == base);
    struct resource* r = nullptr;
    void __iomem* again = devm_platform_get_and_ioremap_resource(pdev, 0, &r);
    CHECK((again == base && r == &pdev->resource[0]));
    void __iomem* mapped = devm_ioremap(&pdev->dev, res[0].start, resource_size(&res[0]));
    void __iomem* by_resource = devm_ioremap_resource(&pdev->dev, &res[0]);
    CHECK((mapped == base && by_resource == base));
    iounmap(named);
    CHECK(printed([&] { CHECK(IS_ERR(devm_platform_ioremap_resource(pdev, 1))); }).find("invalid resource") !=
          std::string::npos);
    platform_device_unregister(pdev);
}

namespace {
struct completion handled;
irqreturn_t top_half(int, void* dev_id) {
    complete(static_cast<struct completion*>(dev_id));
    return IRQ_HANDLED;
}
}   // namespace

TEST_CASE("devm_request_irq: freed with the device", "[linux6][device]") {
    struct device dev = {};
    dev.init_name = "dev0";
    init_completion(&handled);
    REQUIRE(devm_request_irq(&dev, 9, top_half, 0, nullptr, &handled) == 0);
    CHECK(devm_request_irq(&dev, 9, top_half, 0, "x", &handled) == -EBUSY);
    bottomhalf::raise_irq(9);
    wait_for_completion(&handled);
    CHECK(devres_release_all(&dev) == 1);
    REQUIRE(devm_request_irq(&dev, 9, top_half, IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING, nullptr, &handled) == 0);
    devm_free_irq(&dev, 9, &handled);
    CHECK(devres_release_all(&dev) == 0);
    unsigned long* bits = devm_bitmap_zalloc(&dev, 100, GFP_KERNEL);
    CHECK(bitmap_empty(bits, 100));
    devres_release_all(&dev);
}

TEST_CASE("devm_request_threaded_irq: its thread ends with the device", "[linux6][device]") {
    struct device dev = {};
    dev.init_name = "dev1";
    static struct completion top, thread;
    init_completion(&top);
    init_completion(&thread);
    const irq_handler_t handler = [](int, void* p) {
        return complete(&top), IRQ_RETVAL(p == nullptr) | IRQ_WAKE_THREAD;
    };
    const irq_handler_t thread_fn = [](int, void*) { return complete(&thread), IRQ_HANDLED; };
    int id;
    REQUIRE(devm_request_threaded_irq(&dev, 10, handler, thread_fn, IRQF_ONESHOT | IRQF_NO_SUSPEND, nullptr, &id) == 0);
    CHECK(irq_set_affinity_hint(10, cpumask_of(0)) == 0);
    CHECK(irq_set_affinity_hint(10, nullptr) == 0);
    CHECK(irq_update_affinity_hint(3000, nullptr) == -EINVAL);
    bottomhalf::linux6::raise_irq(10);
    wait_for_completion(&top);
    wait_for_completion(&thread);
    CHECK(devres_release_all(&dev) == 1);
    CHECK_FALSE(irq_has_action(10));
    CHECK(devm_request_any_context_irq(&dev, 10, handler, 0, "any", &id) == IRQC_IS_HARDIRQ);
    CHECK(devres_release_all(&dev) == 1);
}
