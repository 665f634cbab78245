// SPDX-License-Identifier: MIT
// <sound/soc.h>: components are registered with their interfaces, found, and reach their registers.
#include "linux6/support.hpp"
#include "support/printed.hpp"

#include <string>

#include <sound/soc.h>

using support::printed;

namespace {

unsigned int regs[8];
int writes;
int read_reg(void*, unsigned int reg, unsigned int* val) {
    *val = regs[reg];
    return 0;
}
int write_reg(void*, unsigned int reg, unsigned int val) {
    ++writes;
    regs[reg] = val;
    return 0;
}
unsigned int read_of(struct snd_soc_component*, unsigned int reg) { return regs[reg] + 0x100; }
int write_of(struct snd_soc_component*, unsigned int reg, unsigned int val) {
    return write_reg(nullptr, reg, val - 0x100);
}

struct board {
    struct device dev = {};
    explicit board(const char* name) { dev.init_name = name; }
    ~board() { devres_release_all(&dev); }
    board(const board&) = delete;
    board& operator=(const board&) = delete;
};
std::string dais(struct snd_soc_component* c) {
    std::string all;
    struct snd_soc_dai* dai;
    for_each_component_dais(c, dai) all += std::string(dai->name) + ":" + std::to_string(dai->id) + " ";
    return all;
}

}   // namespace

TEST_CASE("a component: its interfaces, its registers by its device's regmap", "[linux6][soc]") {
    board b("0-001a");
    struct device_driver driver = {};
    driver.name = "codec";
    b.dev.driver = &driver;
    struct regmap_config config = {};
    config.reg_bits = config.val_bits = 8;
    config.max_register = 7;
    config.reg_read = read_reg;
    config.reg_write = write_reg;
    REQUIRE(!IS_ERR(devm_regmap_init(&b.dev, nullptr, nullptr, &config)));
    struct snd_soc_component_driver codec = {};
    codec.name = "codec-driver";
    struct snd_soc_dai_driver two[2] = {};
    two[0].name = "hifi";
    two[1].name = "voice";
    two[1].id = 7;
    CHECK(devm_snd_soc_register_component(&b.dev, &codec, two, 2) == 0);
    struct snd_soc_component* c = snd_soc_lookup_component(&b.dev, "codec-driver");
    REQUIRE(c != nullptr);
    CHECK(snd_soc_lookup_component(&b.dev, nullptr) == c);
    CHECK(snd_soc_lookup_component(&b.dev, "other") == nullptr);
    CHECK(std::string(c->name) == "codec.0-001a");
    CHECK(c->num_dai == 2);
    CHECK(dais(c) == "hifi:0 voice:7 ");
    snd_soc_component_set_drvdata(c, regs);
    unsigned int* data = snd_soc_dai_get_drvdata(list_first_entry(&c->dai_list, struct snd_soc_dai, list));
    CHECK(data == regs);
    CHECK(bool(snd_soc_component_get_drvdata(c) == data));

    writes = 0;
    regs[3] = 0x0f;
    CHECK(snd_soc_component_read(c, 3) == 0x0f);
    CHECK(snd_soc_component_update_bits(c, 3, 0xf0, 0x50) == 1);
    CHECK(snd_soc_component_update_bits(c, 3, 0xf0, 0x50) == 0);
    CHECK((regs[3] == 0x5f && writes == 1));
    CHECK(snd_soc_component_write(c, 2, 1) == 0);
    CHECK(printed([&] { CHECK(static_cast<int>(snd_soc_component_read(c, 9)) == -EIO); }).find("[0x00000009] -5") !=
          std::string::npos);
    CHECK(printed([&] { CHECK(snd_soc_component_write(c, 9, 1) == -EIO); }) != "");
    CHECK(printed([&] { CHECK(snd_soc_component_update_bits(c, 9, 1, 1) == -EIO); }) != "");
    devres_release_all(&b.dev);
    CHECK(snd_soc_lookup_component(&b.dev, nullptr) == nullptr);
}

TEST_CASE("a component: its registers by its driver's functions; names", "[linux6][soc]") {
    board b("codec.3");
    struct snd_soc_component_driver codec = {};
    codec.read = read_of;
    codec.write = write_of;
    struct snd_soc_dai_driver nameless[2] = {};
    CHECK(printed([&] {
              CHECK(devm_snd_soc_register_component(&b.dev, &codec, nameless, 1) == -EINVAL);
          }).find("registered with no name") != std::string::npos);
    CHECK(snd_soc_lookup_component(&b.dev, nullptr) == nullptr);
    codec.legacy_dai_naming = 1;
    CHECK(snd_soc_register_component(&b.dev, &codec, nameless, 1) == 0);
    struct snd_soc_component* c = snd_soc_lookup_component(&b.dev, nullptr);
    REQUIRE(c != nullptr);
    CHECK(dais(c) == "codec.3:0 ");
    regs[1] = 2;
    CHECK(snd_soc_component_read(c, 1) == 0x102);
    CHECK(snd_soc_component_update_bits(c, 1, 0x1, 0x1) == 1);
    CHECK(regs[1] == 3);
    CHECK(snd_soc_component_update_bits(c, 1, 0x1, 0x1) == 0);
    snd_soc_unregister_component(&b.dev);
    CHECK(snd_soc_lookup_component(&b.dev, nullptr) == nullptr);

    const struct snd_soc_component_driver mute = {};
    CHECK(snd_soc_register_component(&b.dev, &mute, nullptr, 0) == 0);
    c = snd_soc_lookup_component(&b.dev, nullptr);
    CHECK(printed([&] { CHECK(static_cast<int>(snd_soc_component_read(c, 1)) == -EIO); }) != "");
    snd_soc_unregister_component(&b.dev);
}
