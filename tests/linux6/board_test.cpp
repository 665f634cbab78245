// SPDX-License-Identifier: MIT
// What a driver asks its board for: resources and regions, a device tree, clocks, GPIO lines, supplies, resets.  There is a
// board without any of the latter here, as a kernel is configured for one.
#include "linux6/support.hpp"

#include <string>

#include <linux/cache.h>
#include <linux/clk.h>
#include <linux/gpio/consumer.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>
#include <linux/regulator/consumer.h>
#include <linux/reset.h>
#include <linux/stringify.h>

namespace {

const struct of_device_id of_ids[] = {{"", "", "vendor,card", nullptr}, {}};
MODULE_DEVICE_TABLE(of, of_ids);
const struct i2c_device_id i2c_ids[] = {{"card", 1}, {}};
MODULE_DEVICE_TABLE(i2c, i2c_ids);
const struct spi_device_id spi_ids[] = {{"card", 2}, {}};
MODULE_DEVICE_TABLE(spi, spi_ids);
const struct acpi_device_id acpi_ids[] = {{"CARD0001", 3, 0, 0}, {}};
MODULE_DEVICE_TABLE(acpi, acpi_ids);
const struct platform_device_id ids[] = {{"one", 1}, {"two", 2}, {}};
MODULE_DEVICE_TABLE(platform, ids);
MODULE_DEVICE_TABLE(other, ids);   // a table for two

struct device* new_device() {
    struct device* dev = static_cast<struct device*>(kzalloc(sizeof(struct device), GFP_KERNEL));
    dev->release = [](struct device* d) { kfree(d); };
    dev->init_name = "board0";
    CHECK(device_register(dev) == 0);
    return dev;
}

}   // namespace

TEST_CASE("regions: claimed once", "[linux6][board]") {
    const struct resource mem = DEFINE_RES_MEM_NAMED(0x1000, 0x100, "regs"), irq = DEFINE_RES_IRQ(5);
    CHECK((resource_size(&mem) == 0x100 && std::string(mem.name) == "regs" && irq.start == 5 && irq.end == 5));
    CHECK((resource_type(&mem) == IORESOURCE_MEM && resource_type(&irq) == IORESOURCE_IRQ));
    const struct resource part = DEFINE_RES_MEM(0x1010, 1), beyond = DEFINE_RES_MEM(0x10ff, 2),
                          io = DEFINE_RES_IO(0x1000, 1);
    CHECK((resource_contains(&mem, &part) && !resource_contains(&mem, &beyond) && resource_overlaps(&mem, &beyond)));
    CHECK_FALSE(resource_contains(&mem, &io));
    struct resource* r = request_mem_region(mem.start, resource_size(&mem), "driver");
    REQUIRE(r != nullptr);
    CHECK((r->start == 0x1000 && r->end == 0x10ff && (r->flags & IORESOURCE_BUSY) != 0));
    CHECK(request_mem_region(0x10ff, 2, "other") == nullptr);
    CHECK(request_mem_region(0x1100, 1, "other") != nullptr);
    CHECK(request_region(0x1000, 1, "ports") != nullptr);   // other addresses
    release_region(0x1000, 1);
    release_mem_region(0x1100, 1);
    release_mem_region(mem.start, resource_size(&mem));
    ear listening;
    release_mem_region(mem.start, resource_size(&mem));
    CHECK(ear::has("__release_region"));

    struct device* dev = new_device();
    CHECK(devm_request_mem_region(dev, 0x2000, 0x10, "managed") != nullptr);
    CHECK(devm_request_mem_region(dev, 0x200f, 0x10, "managed") == nullptr);
    devres_release_all(dev);
    CHECK(devm_request_mem_region(dev, 0x200f, 0x10, "managed") != nullptr);
    u32 reg = 7;
    u32* mapped = devm_ioremap_wc(dev, reinterpret_cast<u64>(&reg), sizeof reg);
    CHECK(mapped == &reg);
    devm_iounmap(dev, mapped);
    device_unregister(dev);
    CHECK(request_mem_region(0x2000, 0x100, "all") != nullptr);
    release_mem_region(0x2000, 0x100);
}

TEST_CASE("a board without a device tree, clocks, lines, supplies and resets", "[linux6][board]") {
    struct device* dev = new_device();
    CHECK(of_match_ptr(of_ids) == nullptr);
    CHECK(of_match_device(of_ids, dev) == nullptr);
    const void* data = of_device_get_match_data(dev);
    CHECK(data == nullptr);
    u32 v = 7;
    CHECK((of_property_read_u32(dev->of_node, "speed", &v) == -ENOSYS && v == 7));
    CHECK_FALSE(of_property_read_bool(dev->of_node, "big"));
    CHECK(of_node_get(dev->of_node) == nullptr);
    of_node_put(dev->of_node);

    struct clk* clk = devm_clk_get(dev, "bus");
    CHECK_FALSE(IS_ERR(clk));
    CHECK(clk_prepare_enable(clk) == 0);
    CHECK(clk_get_rate(clk) == 0);
    CHECK(clk_set_rate(clk, 1000) == 0);
    clk_disable_unprepare(clk);
    CHECK(devm_clk_get_optional(dev, "none") == nullptr);
    CHECK(devm_clk_get_enabled(dev, "bus") == nullptr);
    CHECK(devm_clk_get_optional_enabled(dev, "bus") == nullptr);
    struct clk_bulk_data clks[] = {{"a", nullptr}, {"b", nullptr}};
    CHECK(devm_clk_bulk_get(dev, 2, clks) == 0);
    CHECK(devm_clk_bulk_get_optional(dev, 2, clks) == 0);
    CHECK(clk_bulk_prepare_enable(2, clks) == 0);
    clk_bulk_disable_unprepare(2, clks);

    CHECK(PTR_ERR(devm_gpiod_get(dev, "reset", GPIOD_OUT_LOW)) == -ENOSYS);
    CHECK(PTR_ERR(devm_gpiod_get_index(dev, "reset", 1, GPIOD_IN)) == -ENOSYS);
    struct gpio_desc* line = devm_gpiod_get_optional(dev, "reset", GPIOD_OUT_HIGH);
    CHECK(line == nullptr);
    CHECK(devm_gpiod_get_index_optional(dev, "reset", 1, GPIOD_ASIS) == nullptr);
    {
        ear listening;
        gpiod_set_value(line, 1);
        gpiod_set_value_cansleep(line, 1);
        CHECK(gpiod_get_value(line) == 0);
        devm_gpiod_put(dev, line);
        CHECK(ear::all().empty());
        gpiod_set_value(devm_gpiod_get(dev, "reset", GPIOD_OUT_LOW), 1);   // who did not look
        CHECK(ear::has("gpiod_set_value"));
    }

    struct regulator* supply = devm_regulator_get(dev, "vdd");
    CHECK_FALSE(IS_ERR(supply));
    CHECK(regulator_enable(supply) == 0);
    CHECK(regulator_is_enabled(supply) == 1);
    CHECK(regulator_disable(supply) == 0);
    CHECK(PTR_ERR(devm_regulator_get_optional(dev, "vdd")) == -ENODEV);
    struct regulator_bulk_data supplies[] = {{"a", nullptr}, {"b", nullptr}};
    CHECK(devm_regulator_bulk_get(dev, 2, supplies) == 0);
    CHECK(regulator_bulk_enable(2, supplies) == 0);

    CHECK(PTR_ERR(devm_reset_control_get(dev, "r")) == -ENOTSUPP);
    CHECK(PTR_ERR(devm_reset_control_get_exclusive(dev, "r")) == -ENOTSUPP);
    struct reset_control* reset = devm_reset_control_get_optional_exclusive(dev, "r");
    CHECK(reset == nullptr);
    CHECK(devm_reset_control_get_optional_shared(dev, "r") == nullptr);
    CHECK(devm_reset_control_array_get_optional_shared(dev) == nullptr);
    CHECK(reset_control_assert(reset) == 0);
    CHECK(reset_control_deassert(reset) == 0);
    device_unregister(dev);
    CHECK(std::string(__stringify(L1_CACHE_BYTES / 8)) == "(1 << 6) / 8");
    CHECK(L1_CACHE_ALIGN(65) == 128);
    static struct platform_device pdev = {};
    pdev.id_entry = &ids[1];
    CHECK(platform_get_device_id(&pdev)->driver_data == 2);
}
