// SPDX-License-Identifier: MIT
// What <linux/platform_device.h> alone brings along: what a small driver of a kernel that is read as C needs.
#include <linux/platform_device.h>

#include "support/catch.hpp"

namespace {

struct card {
    struct device* dev;
    void* regs;
    spinlock_t lock;
    struct mutex mutex;
    struct work_struct work;
    struct delayed_work poll;
    struct timer_list timer;
    struct completion done;
    wait_queue_head_t wait;
    atomic_t pending;
    int irq;
};
irqreturn_t on_irq(int, void* data) {
    card* c = static_cast<card*>(data);
    atomic_inc(&c->pending);
    complete(&c->done);
    schedule_work(&c->work);
    wake_up(&c->wait);
    return IRQ_HANDLED;
}
void on_work(struct work_struct* w) { atomic_dec(&container_of(w, card, work)->pending); }
int probe(struct platform_device* pdev) {
    card* c = devm_kzalloc(&pdev->dev, sizeof *c, GFP_KERNEL);
    if (!c) return -ENOMEM;
    c->dev = &pdev->dev;
    spin_lock_init(&c->lock);
    mutex_init(&c->mutex);
    init_completion(&c->done);
    init_waitqueue_head(&c->wait);
    INIT_WORK(&c->work, on_work);
    c->irq = platform_get_irq(pdev, 0);
    if (c->irq < 0) return c->irq;
    const int err = devm_request_irq(&pdev->dev, static_cast<unsigned int>(c->irq), on_irq, 0, dev_name(&pdev->dev), c);
    if (err) return dev_err_probe(&pdev->dev, err, "no irq\n");
    platform_set_drvdata(pdev, c);
    return 0;
}
void remove(struct platform_device* pdev) {
    card* c = platform_get_drvdata(pdev);
    cancel_work_sync(&c->work);
}
struct platform_driver driver = {};

}   // namespace

TEST_CASE("platform_device.h brings interrupts, work, waiting, locks and memory", "[linux6][includes]") {
    driver.probe = probe;
    driver.remove = remove;
    driver.driver.name = "card";
    CHECK(platform_driver_register(&driver) == 0);
    const struct resource irq = DEFINE_RES_IRQ(11);
    struct platform_device* pdev = platform_device_register_simple("card", PLATFORM_DEVID_NONE, &irq, 1);
    card* c = platform_get_drvdata(pdev);
    REQUIRE(c != nullptr);
    CHECK(c->irq == 11);
    on_irq(11, c);
    wait_for_completion(&c->done);
    wait_event(c->wait, atomic_read(&c->pending) == 0 || true);
    flush_work(&c->work);
    CHECK(atomic_read(&c->pending) == 0);
    msleep(0);
    platform_device_unregister(pdev);
    platform_driver_unregister(&driver);
}
