// SPDX-License-Identifier: MIT
// <linux/i2c.h>, on either engine: an adapter that plays chips of 256 registers, and their driver.
#include "support/facade.hpp"
#include "support/printed.hpp"

#include <string>

#include <linux/i2c.h>
#include <linux/platform_device.h>

namespace kernel = bottomhalf::linux6;
using support::call;
using support::engine;
using support::on_this_engine;
using support::printed;
using support::reports;

namespace {

/// A bus with one chip at 0x48: the first byte that is written is the register, the others go there and behind it.
struct bus {
    struct i2c_adapter adap;
    u8 regs[256];
    u8 at;
    int transfers, messages, lose;   // how often the bus is lost before it is had
    int inside, collisions;          // plain: the adapter's lock is for that
    std::string story;
};
int play(struct i2c_adapter* adap, struct i2c_msg* msgs, int num) {
    bus* b = static_cast<bus*>(adap->algo_data);
    if (b->inside++ != 0) ++b->collisions;
    ++b->transfers;
    int done = 0;
    if (b->lose > 0) {
        --b->lose;
        done = -EAGAIN;
    }
    for (int i = 0; done == i && i < num; ++i) {
        struct i2c_msg& m = msgs[i];
        ++b->messages;
        if (m.addr != 0x48) {
            done = -ENXIO;
            break;
        }
        b->story += (m.flags & I2C_M_RD) != 0 ? "r" + std::to_string(m.len) : "w" + std::to_string(m.len);
        for (u16 k = 0; k < m.len; ++k) {
            if ((m.flags & I2C_M_RD) != 0)
                m.buf[k] = b->regs[b->at++];
            else if (k == 0)
                b->at = m.buf[0];
            else
                b->regs[b->at++] = m.buf[k];
            if (k == 0 && (m.flags & I2C_M_RECV_LEN) != 0) m.len = static_cast<u16>(m.len + m.buf[0]);
        }
        ++done;
    }
    --b->inside;
    return done;
}
u32 can(struct i2c_adapter*) { return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL_ALL; }
const struct i2c_algorithm by_messages = {{play}, {nullptr}, nullptr, nullptr, can};

void set_up(bus& b, const struct i2c_algorithm* algo = &by_messages) {
    b = {};
    for (unsigned i = 0; i < 256; ++i) b.regs[i] = static_cast<u8>(i);
    b.adap.algo = algo;
    b.adap.algo_data = &b;
    strscpy(b.adap.name, "played", sizeof b.adap.name);
}

int probes, removes, freed, probe_says;
struct i2c_client* last;
void note_freed(void*) { ++freed; }
int probe(struct i2c_client* client) {
    ++probes;
    last = client;
    devm_add_action(&client->dev, note_freed, nullptr);
    i2c_set_clientdata(client, &probes);
    return probe_says;
}
void remove(struct i2c_client*) { ++removes; }
const struct i2c_device_id ids[] = {{"chip", 7}, {}};
const struct of_device_id compatible[] = {{"", "", "acme,sensor", &probes}, {}};
struct i2c_driver driver = {};

struct i2c_client* chip_on(bus& b, unsigned short addr = 0x48, const char* name = "chip") {
    struct i2c_board_info info = {};
    strscpy(info.type, name, sizeof info.type);
    info.addr = addr;
    info.irq = 5;
    return i2c_new_client_device(&b.adap, &info);
}
void begin() {
    driver = {};
    driver.probe = probe;
    driver.remove = remove;
    driver.driver.name = "chip-driver";
    driver.id_table = ids;
    probes = removes = freed = probe_says = 0;
    last = nullptr;
}

}   // namespace

static struct i2c_driver of_a_module = {};
module_i2c_driver(of_a_module);

TEST_CASE("i2c: whichever comes second, the client is probed; each goes alone", "[linux6][i2c]") {
    on_this_engine([] {
        begin();
        bus b;
        set_up(b);
        REQUIRE(i2c_add_adapter(&b.adap) == 0);
        const std::string adapter = "i2c-" + std::to_string(b.adap.nr);
        CHECK(dev_name(&b.adap.dev) == adapter);
        CHECK(i2c_get_adapter(b.adap.nr) == &b.adap);
        i2c_put_adapter(&b.adap);
        CHECK(i2c_get_adapter(b.adap.nr + 1000) == nullptr);

        struct i2c_client* client = chip_on(b);
        REQUIRE(!IS_ERR(client));
        CHECK(probes == 0);
        CHECK(i2c_add_driver(&driver) == 0);
        CHECK(i2c_add_driver(&driver) == -EBUSY);
        CHECK(probes == 1);
        CHECK(last == client);
        CHECK(client->irq == 5);
        CHECK(dev_name(&client->dev) == std::to_string(b.adap.nr) + "-0048");
        CHECK(i2c_client_get_device_id(client)->driver_data == 7);
        CHECK(reinterpret_cast<long>(static_cast<void*>(i2c_get_match_data(client))) == 7);
        CHECK(i2c_verify_client(&client->dev) == client);
        CHECK(to_i2c_client(&client->dev) == client);
        int* data = i2c_get_clientdata(client);
        CHECK(data == &probes);

        CHECK(printed([&] { CHECK(PTR_ERR(chip_on(b)) == -EBUSY); }).find("0x48 (-16)") != std::string::npos);
        CHECK(printed([&] { CHECK(PTR_ERR(chip_on(b, 0x80)) == -EINVAL); }).find("Invalid 7-bit I2C address 0x80") !=
              std::string::npos);
        struct i2c_client* other = chip_on(b, 0x49);
        REQUIRE(!IS_ERR(other));
        CHECK(probes == 2);
        i2c_unregister_device(other);
        CHECK((removes == 1 && freed == 1));
        i2c_del_driver(&driver);
        CHECK((removes == 2 && freed == 2));
        CHECK(client->dev.driver == nullptr);
        i2c_del_adapter(&b.adap);   // and its client
        CHECK(i2c_add_driver(&driver) == 0);
        CHECK(probes == 2);
        i2c_del_driver(&driver);
    });
}

TEST_CASE("i2c: by a table of compatible devices; a probe that fails; probe() and remove() as they were",
          "[linux6][i2c]") {
    on_this_engine([] {
        begin();
        driver.id_table = nullptr;
        driver.driver.of_match_table = compatible;
        probe_says = -EIO;
        bus b;
        set_up(b);
        b.adap.nr = 77;
        REQUIRE(i2c_add_numbered_adapter(&b.adap) == 0);
        CHECK(i2c_add_driver(&driver) == 0);
        struct i2c_client* client = nullptr;
        const std::string said = printed([&] { client = chip_on(b, 0x48, "sensor"); });
        CHECK(said.find("probe of 77-0048 failed with error -5") != std::string::npos);
        CHECK((probes == 1 && removes == 0 && freed == 1));
        CHECK(client->dev.driver == nullptr);
        i2c_unregister_device(client);
        probe_says = 0;
        client = chip_on(b, 0x48, "sensor");
        CHECK(client->dev.driver == &driver.driver);
        int* data = i2c_get_match_data(client);
        CHECK(data == &probes);
        bus taken;
        set_up(taken);
        taken.adap.nr = 77;
        CHECK(i2c_add_numbered_adapter(&taken.adap) == -EBUSY);
        i2c_del_driver(&driver);
        i2c_unregister_device(client);

        begin();
        driver.probe = +[](struct i2c_client*, const struct i2c_device_id* id) {
            probes = static_cast<int>(id->driver_data);
            return 0;
        };
        driver.remove = +[](struct i2c_client*) { return ++removes; };
        CHECK(i2c_add_driver(&driver) == 0);
        client = chip_on(b);
        CHECK(probes == 7);
        i2c_del_driver(&driver);
        CHECK(removes == 1);
        i2c_del_adapter(&b.adap);

        set_up(b);
        b.adap.algo = nullptr;
        CHECK(printed([&] { CHECK(i2c_add_adapter(&b.adap) == -EINVAL); }).find("no algo supplied") !=
              std::string::npos);
        b.adap.name[0] = '\0';
        CHECK(i2c_add_adapter(&b.adap) == -EINVAL);
        CHECK(reports::take("i2c adapter has no name"));
    });
}

TEST_CASE("i2c_transfer: messages, their number, a bus that is lost", "[linux6][i2c]") {
    on_this_engine([] {
        bus b;
        set_up(b);
        b.adap.retries = 2;
        REQUIRE(i2c_add_adapter(&b.adap) == 0);
        struct i2c_client* client = chip_on(b);
        CHECK(i2c_check_functionality(&b.adap, I2C_FUNC_I2C | I2C_FUNC_SMBUS_BYTE) == 1);
        CHECK(i2c_check_functionality(&b.adap, I2C_FUNC_10BIT_ADDR) == 0);

        u8 reg = 0x10, in[3] = {};
        struct i2c_msg msgs[2] = {{0x48, 0, 1, &reg}, {0x48, I2C_M_RD, 3, in}};
        CHECK(i2c_transfer(&b.adap, msgs, 2) == 2);
        CHECK((in[0] == 0x10 && in[2] == 0x12 && b.transfers == 1));
        const char out[] = {0x20, 1, 2};
        CHECK(i2c_master_send(client, out, 3) == 3);
        CHECK((b.regs[0x20] == 1 && b.regs[0x21] == 2));
        char got[2];
        CHECK(i2c_master_recv(client, got, 2) == 2);
        CHECK((got[0] == 0x22 && got[1] == 0x23));

        b.transfers = 0;
        b.lose = 2;
        CHECK(i2c_transfer(&b.adap, msgs, 2) == 2);
        CHECK(b.transfers == 3);
        b.lose = 3;
        CHECK(i2c_transfer(&b.adap, msgs, 2) == -EAGAIN);
        CHECK(b.transfers == 6);
        b.lose = 0;
        msgs[1].addr = 0x50;
        CHECK(i2c_transfer(&b.adap, msgs, 2) == -ENXIO);
        CHECK(i2c_transfer(&b.adap, msgs, 0) == -EINVAL);
        CHECK(reports::take("__i2c_transfer: WARN_ON(!msgs || num < 1)"));
        preempt_disable();
        i2c_transfer(&b.adap, msgs, 1);
        preempt_enable();
        CHECK(reports::take("sleeping function called from invalid context"));
        i2c_del_adapter(&b.adap);
    });
}

TEST_CASE("i2c_transfer: one at a time", "[linux6][i2c]") {
    on_this_engine([] {
        bus b;
        set_up(b);
        REQUIRE(i2c_add_adapter(&b.adap) == 0);
        struct i2c_client* client = chip_on(b);
        const auto some = [client] {
            for (int i = 0; i < 20; ++i) i2c_smbus_write_byte_data(client, 1, 2);
        };
        auto other = call<engine>(some);
        some();
        other.join();
        CHECK((b.transfers == 40 && b.collisions == 0));
        i2c_del_adapter(&b.adap);
    });
}

TEST_CASE("i2c_smbus_*: as messages, where the adapter knows nothing else", "[linux6][i2c]") {
    on_this_engine([] {
        bus b;
        set_up(b);
        REQUIRE(i2c_add_adapter(&b.adap) == 0);
        struct i2c_client* client = chip_on(b);
        const auto story = [&b] { return std::exchange(b.story, {}); };

        CHECK(i2c_smbus_write_byte(client, 0x30) == 0);
        CHECK(story() == "w1");
        CHECK(i2c_smbus_read_byte(client) == 0x30);
        CHECK(story() == "r1");
        CHECK(i2c_smbus_read_byte_data(client, 0x31) == 0x31);
        CHECK(story() == "w1r1");
        CHECK(i2c_smbus_write_byte_data(client, 0x31, 0xff) == 0);
        CHECK(story() == "w2");
        CHECK(b.regs[0x31] == 0xff);
        CHECK(i2c_smbus_read_word_data(client, 0x40) == 0x4140);
        CHECK(story() == "w1r2");
        CHECK(i2c_smbus_read_word_swapped(client, 0x40) == 0x4041);
        CHECK(i2c_smbus_write_word_data(client, 0x40, 0x1234) == 0);
        CHECK((b.regs[0x40] == 0x34 && b.regs[0x41] == 0x12));
        CHECK(i2c_smbus_write_word_swapped(client, 0x40, 0x1234) == 0);
        CHECK((b.regs[0x40] == 0x12 && b.regs[0x41] == 0x34));
        story();

        const u8 block[] = {9, 8, 7};
        u8 back[I2C_SMBUS_BLOCK_MAX] = {};
        CHECK(i2c_smbus_write_i2c_block_data(client, 0x50, 3, block) == 0);
        CHECK(story() == "w4");
        CHECK((b.regs[0x50] == 9 && b.regs[0x52] == 7));
        CHECK(i2c_smbus_read_i2c_block_data(client, 0x50, 3, back) == 3);
        CHECK(story() == "w1r3");
        CHECK((back[0] == 9 && back[2] == 7));
        CHECK(i2c_smbus_write_block_data(client, 0x60, 3, block) == 0);
        CHECK(story() == "w5");
        CHECK((b.regs[0x60] == 3 && b.regs[0x63] == 7));
        back[0] = 0;
        CHECK(i2c_smbus_read_block_data(client, 0x60, back) == 3);
        CHECK((back[0] == 9 && back[2] == 7));
        story();
        b.regs[0x60] = 33;   // more than there may be
        CHECK(printed([&] { CHECK(i2c_smbus_read_block_data(client, 0x60, back) == -EPROTO); }).find("returned: 33") !=
              std::string::npos);
        CHECK(i2c_smbus_read_i2c_block_data(client, 0, 200, back) == I2C_SMBUS_BLOCK_MAX);
        CHECK(back[31] == 31);
        union i2c_smbus_data data = {};
        data.word = 0x0102;
        CHECK(i2c_smbus_xfer(&b.adap, 0x48, 0, I2C_SMBUS_WRITE, 0x70, I2C_SMBUS_PROC_CALL, &data) == 0);
        CHECK((data.word == 0x7372 && b.regs[0x70] == 2 && b.regs[0x71] == 1));
        story();
        CHECK(i2c_smbus_xfer(&b.adap, 0x48, 0, I2C_SMBUS_READ, 0, I2C_SMBUS_QUICK, nullptr) == 0);
        CHECK(story() == "r0");
        CHECK(i2c_smbus_xfer(&b.adap, 0x50, 0, I2C_SMBUS_WRITE, 0, I2C_SMBUS_QUICK, nullptr) == -ENXIO);
        client->flags = I2C_CLIENT_PEC;
        CHECK(i2c_smbus_read_byte(client) == -EOPNOTSUPP);
        i2c_del_adapter(&b.adap);
    });
}

namespace {
int smbus_only(struct i2c_adapter*, u16, unsigned short, char read_write, u8, int size, union i2c_smbus_data* data) {
    if (size != I2C_SMBUS_BYTE_DATA) return -EOPNOTSUPP;
    if (read_write == I2C_SMBUS_READ) data->byte = 0x99;
    return 0;
}
const struct i2c_algorithm by_smbus = {{nullptr}, {nullptr}, smbus_only, nullptr, nullptr};
const struct i2c_algorithm by_both = {{play}, {nullptr}, smbus_only, nullptr, nullptr};
}   // namespace

TEST_CASE("i2c_smbus_*: by the adapter's own way; what that cannot do goes by messages, if there are any",
          "[linux6][i2c]") {
    on_this_engine([] {
        bus b;
        set_up(b, &by_smbus);
        REQUIRE(i2c_add_adapter(&b.adap) == 0);
        struct i2c_client* client = chip_on(b);
        CHECK(i2c_smbus_read_byte_data(client, 1) == 0x99);
        CHECK(i2c_smbus_read_word_data(client, 1) == -EOPNOTSUPP);
        char c = 0;
        CHECK(i2c_master_send(client, &c, 1) == -EOPNOTSUPP);
        i2c_del_adapter(&b.adap);
        set_up(b, &by_both);
        REQUIRE(i2c_add_adapter(&b.adap) == 0);
        client = chip_on(b);
        CHECK(i2c_smbus_read_byte_data(client, 1) == 0x99);
        CHECK(i2c_smbus_read_word_data(client, 1) == 0x0201);
        i2c_del_adapter(&b.adap);
    });
}

TEST_CASE("a probe() may register further clients, and other addresses of its chip", "[linux6][i2c]") {
    on_this_engine([] {
        begin();
        driver.probe = +[](struct i2c_client* client) -> int {
            ++probes;
            struct i2c_client* second = devm_i2c_new_dummy_device(&client->dev, client->adapter, 0x49);
            return PTR_ERR_OR_ZERO(second);
        };
        bus b;
        set_up(b);
        REQUIRE(i2c_add_adapter(&b.adap) == 0);
        CHECK(i2c_add_driver(&driver) == 0);
        struct i2c_client* client = chip_on(b);
        CHECK((probes == 1 && client->dev.driver != nullptr));
        CHECK(printed([&] { CHECK(PTR_ERR(i2c_new_dummy_device(&b.adap, 0x49)) == -EBUSY); }) != "");
        i2c_unregister_device(client);
        client = i2c_new_dummy_device(&b.adap, 0x49);
        REQUIRE(!IS_ERR(client));
        i2c_del_driver(&driver);
        i2c_del_adapter(&b.adap);
    });
}

TEST_CASE("an adapter of a platform device; a module that is a driver", "[linux6][i2c]") {
    on_this_engine([] {
        static bus b;
        set_up(b);
        of_a_module = {};
        of_a_module.probe = probe;
        of_a_module.driver.name = "module";
        of_a_module.id_table = ids;
        probes = probe_says = 0;
        struct platform_driver board = {};
        board.probe = [](struct platform_device* pdev) { return devm_i2c_add_adapter(&pdev->dev, &b.adap); };
        board.driver.name = "board";
        CHECK(platform_driver_register(&board) == 0);
        struct platform_device* pdev = platform_device_register_simple("board", -1, nullptr, 0);
        REQUIRE(pdev->dev.driver != nullptr);
        chip_on(b);
        CHECK(kernel::load_modules() == 0);
        CHECK(probes == 1);
        kernel::unload_modules();
        platform_device_unregister(pdev);
        CHECK(i2c_get_adapter(b.adap.nr) == nullptr);
        platform_driver_unregister(&board);
    });
}
