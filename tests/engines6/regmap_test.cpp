// SPDX-License-Identifier: MIT
// <linux/regmap.h>, on either engine: a chip that keeps a story of what it was asked, by numbers and by bytes.
#include "support/facade.hpp"
#include "support/printed.hpp"

#include <string>
#include <utility>

#include <linux/device.h>
#include <linux/preempt.h>
#include <linux/regmap.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;

namespace {

struct chip {
    unsigned int regs[64];
    int says;   // the error of the next transfers
    std::string story;

    std::string told() { return std::exchange(story, {}); }
};
std::string hex(unsigned long v) {
    char text[20];
    std::snprintf(text, sizeof text, "%lx", v);
    return text;
}
int read_reg(void* context, unsigned int reg, unsigned int* val) {
    chip* c = static_cast<chip*>(context);
    c->story += "r" + hex(reg) + " ";
    if (c->says == 0) *val = c->regs[reg];
    return c->says;
}
int write_reg(void* context, unsigned int reg, unsigned int val) {
    chip* c = static_cast<chip*>(context);
    c->story += "w" + hex(reg) + "=" + hex(val) + " ";
    if (c->says == 0) c->regs[reg] = val;
    return c->says;
}
struct regmap_config by_number(enum regcache_type cache = REGCACHE_NONE) {
    struct regmap_config c = {};
    c.reg_bits = 8;
    c.val_bits = 8;
    c.max_register = 0x3f;
    c.reg_read = read_reg;
    c.reg_write = write_reg;
    c.cache_type = cache;
    return c;
}
struct board {
    struct device dev = {};
    chip c = {};
    board() {
        dev.init_name = "chip";
        for (unsigned i = 0; i < 64; ++i) c.regs[i] = i;
    }
    ~board() { devres_release_all(&dev); }
    board(const board&) = delete;
    board& operator=(const board&) = delete;
    struct regmap* map(const struct regmap_config& config) {
        return devm_regmap_init(&dev, nullptr, &c, &config);
    }
};
bool is_status(struct device*, unsigned int reg) { return reg == 1; }
bool is_not_secret(struct device*, unsigned int reg) { return reg != 0x20; }

}   // namespace

TEST_CASE("regmap: read, write, update; only what changes is written", "[linux6][regmap]") {
    on_this_engine([] {
        board b;
        struct regmap* map = b.map(by_number());
        REQUIRE(!IS_ERR(map));
        unsigned int v = 0;
        CHECK((regmap_read(map, 5, &v) == 0 && v == 5));
        CHECK(regmap_write(map, 5, 0xf0) == 0);
        CHECK(b.c.told() == "r5 w5=f0 ");
        CHECK(regmap_update_bits(map, 5, 0x0f, 0x0a) == 0);
        CHECK(b.c.told() == "r5 w5=fa ");
        bool change = true;
        CHECK(regmap_update_bits_check(map, 5, 0x0f, 0x0a, &change) == 0);
        CHECK_FALSE(change);
        CHECK(b.c.told() == "r5 ");
        CHECK(regmap_update_bits_check(map, 5, 0x01, 0xff, &change) == 0);
        CHECK(change);
        CHECK(b.c.told() == "r5 w5=fb ");
        CHECK(regmap_write_bits(map, 5, 0x01, 0x01) == 0);
        CHECK(b.c.told() == "r5 w5=fb ");
        CHECK(regmap_set_bits(map, 5, 0x04) == 0);
        CHECK(regmap_clear_bits(map, 5, 0xf0) == 0);
        CHECK(regmap_assign_bits(map, 5, 0x01, false) == 0);
        CHECK(b.c.regs[5] == 0x0e);
        CHECK(regmap_test_bits(map, 5, 0x06) == 1);
        CHECK(regmap_test_bits(map, 5, 0x07) == 0);
        b.c.says = -EREMOTEIO;
        CHECK(regmap_test_bits(map, 5, 0x07) == -EREMOTEIO);
        CHECK(regmap_write(map, 5, 0) == -EREMOTEIO);
        CHECK(regmap_update_bits_check(map, 5, 1, 1, &change) == -EREMOTEIO);
        CHECK_FALSE(change);
        CHECK(regmap_write(map, 0x40, 0) == -EIO);
        CHECK(regmap_read(map, 0x40, &v) == -EIO);
        CHECK(dev_get_regmap(&b.dev, nullptr) == map);
        CHECK(dev_get_regmap(&b.dev, "x") == nullptr);
        CHECK((regmap_get_device(map) == &b.dev && regmap_get_val_bytes(map) == 1 &&
               regmap_get_max_register(map) == 0x3f && regmap_get_reg_stride(map) == 1));
    });
}

TEST_CASE("regmap: what may be read and written, by functions and by tables", "[linux6][regmap]") {
    on_this_engine([] {
        board b;
        struct regmap_config config = by_number();
        config.name = "first";
        config.readable_reg = is_not_secret;
        const struct regmap_range ranges[] = {regmap_reg_range(0, 0xf), regmap_reg_range(0x20, 0x2f)};
        const struct regmap_range but = regmap_reg_range(3, 4);
        const struct regmap_access_table table = {ranges, 2, &but, 1};
        config.wr_table = &table;
        config.reg_stride = 2;
        struct regmap* map = b.map(config);
        unsigned int v = 0;
        CHECK(regmap_read(map, 0x20, &v) == -EIO);
        CHECK(regmap_read(map, 0x22, &v) == 0);
        CHECK(regmap_read(map, 0x21, &v) == -EINVAL);   // between two
        CHECK(regmap_write(map, 0x20, 1) == 0);
        CHECK(regmap_write(map, 0x10, 1) == -EIO);
        CHECK(regmap_write(map, 0x4, 1) == -EIO);
        CHECK(regmap_write(map, 0x3, 1) == -EINVAL);
        CHECK(dev_get_regmap(&b.dev, "first") == map);
        struct regmap* other = regmap_init(&b.dev, nullptr, &b.c, &config);
        CHECK(dev_get_regmap(&b.dev, nullptr) == other);
        regmap_exit(other);
        CHECK(dev_get_regmap(&b.dev, nullptr) == map);
        CHECK(PTR_ERR(regmap_init(&b.dev, nullptr, &b.c, nullptr)) == -EINVAL);
        config.cache_type = REGCACHE_FLAT;
        config.max_register = 0;
        CHECK(PTR_ERR(regmap_init(&b.dev, nullptr, &b.c, &config)) == -EINVAL);   // how large?
    });
}

TEST_CASE("regmap: what is cached is asked for once; what is volatile, each time", "[linux6][regmap]") {
    on_this_engine([] {
        for (const enum regcache_type kind : {REGCACHE_MAPLE, REGCACHE_RBTREE}) {
            board b;
            struct regmap_config config = by_number(kind);
            config.volatile_reg = is_status;
            const struct reg_default defaults[] = {{7, 0x70}};
            config.reg_defaults = defaults;
            config.num_reg_defaults = 1;
            struct regmap* map = b.map(config);
            unsigned int v = 0;
            for (int i = 0; i < 2; ++i) CHECK((regmap_read(map, 5, &v) == 0 && v == 5));
            CHECK(b.c.told() == "r5 ");
            for (int i = 0; i < 2; ++i) CHECK((regmap_read(map, 1, &v) == 0 && v == 1));
            CHECK(b.c.told() == "r1 r1 ");
            CHECK((regmap_read(map, 7, &v) == 0 && v == 0x70));
            CHECK(regmap_update_bits(map, 7, 0xff, 0x70) == 0);
            CHECK(b.c.told().empty());
            CHECK(regmap_write(map, 9, 3) == 0);
            CHECK((regmap_read(map, 9, &v) == 0 && v == 3));
            CHECK(b.c.told() == "w9=3 ");
            CHECK((regmap_read_bypassed(map, 9, &v) == 0 && v == 3));
            CHECK(b.c.told() == "r9 ");
            CHECK(regcache_reg_cached(map, 9));
            CHECK_FALSE(regcache_reg_cached(map, 10));
            CHECK(regcache_drop_region(map, 9, 20) == 0);
            CHECK_FALSE(regcache_reg_cached(map, 9));
            CHECK(regcache_reg_cached(map, 5));
            regcache_cache_bypass(map, true);
            CHECK((regmap_read(map, 5, &v) == 0 && v == 5));
            CHECK(b.c.told() == "r5 ");
            regcache_cache_bypass(map, false);
        }
    });
}

TEST_CASE("regmap: a chip that sleeps gets what it has missed", "[linux6][regmap]") {
    on_this_engine([] {
        board b;
        struct regmap_config config = by_number(REGCACHE_MAPLE);
        config.volatile_reg = is_status;
        const struct reg_default defaults[] = {{7, 0x70}, {6, 0x60}};
        config.reg_defaults = defaults;
        config.num_reg_defaults = 2;
        struct regmap* map = b.map(config);
        unsigned int v = 0;
        regcache_cache_only(map, true);
        CHECK(regmap_write(map, 5, 1) == 0);
        CHECK((regmap_read(map, 5, &v) == 0 && v == 1));
        CHECK(regmap_read(map, 1, &v) == -EBUSY);   // volatile
        CHECK(regmap_read(map, 9, &v) == -EBUSY);   // not known
        CHECK(b.c.told().empty());
        regcache_cache_only(map, false);
        CHECK(regcache_sync(map) == 0);
        CHECK(b.c.told() == "w5=1 w6=60 w7=70 ");   // all: who knows what the chip has
        CHECK(regcache_sync(map) == 0);
        CHECK(b.c.told().empty());

        regmap_write(map, 6, 0x61);
        b.c.told();
        regcache_mark_dirty(map);   // it was off, and is at its defaults
        CHECK(regcache_sync_region(map, 6, 6) == 0);
        CHECK(b.c.told() == "w6=61 ");
        regcache_mark_dirty(map);
        b.c.says = -EIO;
        CHECK(regcache_sync(map) == -EIO);
        b.c.says = 0;
        b.c.told();
        regcache_mark_dirty(map);
        CHECK(regcache_sync(map) == 0);
        CHECK(b.c.told() == "w5=1 w6=61 ");
        const struct reg_sequence patch[] = {REG_SEQ0(0x30, 1), REG_SEQ(0x31, 2, 1)};
        CHECK(regmap_register_patch(map, patch, 2) == 0);
        CHECK(b.c.told() == "w30=1 w31=2 ");
        regcache_mark_dirty(map);
        CHECK(regcache_sync(map) == 0);
        CHECK(b.c.told() == "w30=1 w31=2 w5=1 w6=61 ");
        CHECK(regmap_multi_reg_write(map, patch, 2) == 0);
        CHECK(b.c.told() == "w30=1 w31=2 ");
        CHECK(regcache_reg_cached(map, 0x31));

        struct regmap* uncached = b.map(by_number());
        CHECK(regcache_sync(uncached) == -EINVAL);
        CHECK(reports::take("regcache_sync"));
        CHECK(regcache_drop_region(uncached, 0, 1) == -EINVAL);
        regcache_cache_bypass(map, true);
        regcache_cache_only(map, true);
        CHECK(reports::take("regcache_cache_only"));
    });
}

TEST_CASE("regmap: a flat cache knows of each register from the first", "[linux6][regmap]") {
    on_this_engine([] {
        board b;
        struct regmap_config config = by_number(REGCACHE_FLAT);
        config.reg_stride = 4;
        config.max_register = 0x1c;
        struct regmap* map = b.map(config);
        unsigned int v = 1;
        CHECK((regmap_read(map, 4, &v) == 0 && v == 0));   // as in the kernel: without a default, zero
        CHECK(b.c.told().empty());
        regmap_write(map, 0x1c, 5);
        regmap_write(map, 0, 6);
        b.c.told();
        CHECK((regmap_read(map, 0x1c, &v) == 0 && v == 5));
        regcache_mark_dirty(map);
        CHECK(regcache_sync_region(map, 1, 8) == 0);
        CHECK(b.c.told() == "w4=0 w8=0 ");
        CHECK(regcache_sync(map) == 0);
        CHECK(b.c.told() == "w0=6 w4=0 w8=0 wc=0 w10=0 w14=0 w18=0 w1c=5 ");
        CHECK(regcache_drop_region(map, 0, 4) == -EINVAL);
    });
}

TEST_CASE("regmap: its lock is a mutex, or a spin lock with fast_io, or what the driver says", "[linux6][regmap]") {
    on_this_engine([] {
        board b;
        unsigned int v = 0;
        struct regmap_config config = by_number(REGCACHE_MAPLE);
        struct regmap* slow = b.map(config);
        CHECK(regmap_might_sleep(slow));
        preempt_disable();
        regmap_read(slow, 1, &v);
        preempt_enable();
        CHECK(reports::take_all("sleeping function called from invalid context") == 2);   // and the cache's memory
        config.fast_io = true;
        struct regmap* fast = b.map(config);
        CHECK_FALSE(regmap_might_sleep(fast));
        local_irq_disable();
        CHECK(regmap_update_bits(fast, 2, 0xf0, 0x30) == 0);
        CHECK(irqs_disabled());
        local_irq_enable();

        const auto count = [](struct regmap* map) {
            for (int i = 0; i < 20; ++i) {
                unsigned int n = 0;
                regmap_update_bits(map, 3, 1u << (i & 7), 0);
                regmap_read(map, 3, &n);
                regmap_write(map, 4, n);
            }
        };
        for (struct regmap* map : {slow, fast}) {   // ThreadSanitizer looks at the chip's story
            auto other = call<engine>([&] { count(map); });
            count(map);
            other.join();
        }
        static int depth, locks;
        depth = locks = 0;
        config.fast_io = false;
        config.lock = [](void* arg) { ++depth, ++*static_cast<int*>(arg); };
        config.unlock = [](void*) { --depth; };
        config.lock_arg = &locks;
        struct regmap* own = b.map(config);
        CHECK((regmap_write(own, 1, 1) == 0 && locks == 1 && depth == 0));
        config.lock = nullptr;
        config.disable_locking = true;
        config.cache_type = REGCACHE_NONE;
        struct regmap* none = b.map(config);
        preempt_disable();
        CHECK(regmap_write(none, 1, 1) == 0);
        preempt_enable();
    });
}

TEST_CASE("regmap_read_poll_timeout: until a register is as wanted, a read fails, or it is late", "[linux6][regmap]") {
    on_this_engine([] {
        struct counter {
            unsigned int reads, fails_at;
        } count = {0, 100};
        struct regmap_config config = by_number();
        config.reg_read = [](void* context, unsigned int, unsigned int* val) {
            counter* c = static_cast<counter*>(context);
            *val = ++c->reads;
            return *val == c->fails_at ? -EREMOTEIO : 0;
        };
        struct regmap* map = regmap_init(nullptr, nullptr, &count, &config);
        unsigned int v = 0;
        CHECK(regmap_read_poll_timeout(map, 0, v, v == 3, 10, 0) == 0);
        CHECK((v == 3 && count.reads == 3));
        CHECK(regmap_read_poll_timeout(map, 0, v, v == 0, 10, 100) == -ETIMEDOUT);
        count = {0, 4};
        CHECK(regmap_read_poll_timeout(map, 0, v, false, 10, 0) == -EREMOTEIO);
        CHECK(count.reads == 4);
        CHECK(regmap_read_poll_timeout_atomic(map, 0, v, v == 6, 1, 0) == 0);
        regmap_exit(map);
    });
}

// ---- bytes

namespace {

/// What was sent, in hex; and what is read: the bytes 1, 2, 3 ...
struct wire {
    std::string story;
    u8 next = 1;

    std::string told() { return std::exchange(story, {}); }
    static void append(std::string& s, const void* data, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            const u8 byte = static_cast<const u8*>(data)[i];
            s += hex(byte >> 4);
            s += hex(byte & 0xf);
        }
    }
};
int send(void* context, const void* data, std::size_t n) {
    wire* w = static_cast<wire*>(context);
    wire::append(w->story, data, n);
    w->story += ' ';
    return 0;
}
int receive(void* context, const void* reg, std::size_t reg_size, void* val, std::size_t val_size) {
    wire* w = static_cast<wire*>(context);
    wire::append(w->story, reg, reg_size);
    w->story += "?" + std::to_string(val_size) + " ";
    for (std::size_t i = 0; i < val_size; ++i) static_cast<u8*>(val)[i] = w->next++;
    return 0;
}
struct regmap_bus make_bus() {
    struct regmap_bus bus = {};
    bus.write = send;
    bus.read = receive;
    return bus;
}
const struct regmap_bus bytes = make_bus();
struct regmap_config by_bytes(int reg_bits, int val_bits) {
    struct regmap_config c = {};
    c.reg_bits = reg_bits;
    c.val_bits = val_bits;
    return c;
}

}   // namespace

TEST_CASE("regmap: the bytes of a register and its value", "[linux6][regmap]") {
    on_this_engine([] {
        wire w;
        unsigned int v = 0;
        const auto with = [&w](const struct regmap_config& c) { return regmap_init(nullptr, &bytes, &w, &c); };
        struct regmap* map = with(by_bytes(8, 16));
        CHECK(regmap_write(map, 0x12, 0x3456) == 0);
        CHECK(w.told() == "123456 ");
        CHECK((regmap_read(map, 0x12, &v) == 0 && v == 0x0102));
        CHECK(w.told() == "12?2 ");
        regmap_exit(map);

        struct regmap_config c = by_bytes(16, 24);
        c.val_format_endian = REGMAP_ENDIAN_LITTLE;
        c.pad_bits = 8;
        c.read_flag_mask = 0x80;
        c.write_flag_mask = 0x4000;
        map = with(c);
        CHECK(regmap_write(map, 0x123, 0x456789) == 0);
        CHECK(w.told() == "016300896745 ");
        CHECK((regmap_read(map, 0x123, &v) == 0 && v == 0x050403));
        CHECK(w.told() == "812300?3 ");
        regmap_exit(map);

        c = by_bytes(32, 32);
        c.reg_format_endian = REGMAP_ENDIAN_LITTLE;
        c.reg_base = 0x100;
        c.reg_shift = REGMAP_UPSHIFT(4);
        map = with(c);
        CHECK(regmap_write(map, 2, 1) == 0);
        CHECK(w.told() == "2010000000000001 ");
        regmap_exit(map);

        map = with(by_bytes(7, 9));
        CHECK(regmap_write(map, 3, 0x1ff) == 0);
        CHECK(w.told() == "07ff ");
        CHECK(regmap_read(map, 3, &v) == -EIO);   // such a chip cannot be asked
        regmap_exit(map);
        CHECK(PTR_ERR(with(by_bytes(7, 8))) == -EINVAL);
        CHECK(PTR_ERR(with(by_bytes(8, 12))) == -EINVAL);
    });
}

TEST_CASE("regmap_bulk_*: one transfer for several registers, unless they are cached or it is too much",
          "[linux6][regmap]") {
    on_this_engine([] {
        wire w;
        struct regmap_config c = by_bytes(8, 16);
        c.max_raw_read = 4;
        struct regmap* map = regmap_init(nullptr, &bytes, &w, &c);
        u16 in[3] = {};
        const u16 out[] = {0x1122, 0x3344, 0x5566};
        CHECK(regmap_bulk_write(map, 0x10, out, 3) == 0);
        CHECK(w.told() == "10112233445566 ");
        CHECK(regmap_bulk_read(map, 0x10, in, 3) == 0);
        CHECK(w.told() == "10?4 12?2 ");
        CHECK((in[0] == 0x0102 && in[2] == 0x0506));
        CHECK(regmap_bulk_read(map, 0x10, in, 0) == -EINVAL);
        u8 raw[4];
        CHECK(regmap_raw_read(map, 0x20, raw, 4) == 0);
        CHECK((raw[0] == 7 && raw[3] == 10));
        CHECK(regmap_raw_read(map, 0x20, raw, 3) == -EINVAL);
        w.told();
        CHECK(regmap_raw_write(map, 0x20, raw, 4) == 0);
        CHECK(w.told() == "200708090a ");
        CHECK(regmap_noinc_read(map, 0x30, raw, 4) == 0);
        CHECK(w.told() == "30?4 ");
        regmap_exit(map);

        c.cache_type = REGCACHE_MAPLE;
        c.use_single_write = true;
        map = regmap_init(nullptr, &bytes, &w, &c);
        w.next = 1;
        CHECK(regmap_bulk_read(map, 0x10, in, 2) == 0);
        CHECK(w.told() == "10?2 11?2 ");
        CHECK(regmap_bulk_read(map, 0x10, in, 2) == 0);
        CHECK(w.told().empty());
        CHECK((in[0] == 0x0102 && in[1] == 0x0304));
        CHECK(regmap_bulk_write(map, 0x10, out, 2) == 0);
        CHECK(w.told() == "101122 113344 ");
        CHECK(regmap_noinc_read(map, 0x30, raw, 4) == -EINVAL);
        regcache_cache_only(map, true);
        CHECK(regmap_raw_write(map, 0x10, raw, 2) == 0);
        CHECK(w.told().empty());
        unsigned int v = 0;
        CHECK((regmap_read(map, 0x10, &v) == 0 && v == 0x0b0c));
        regmap_exit(map);

        board b;
        map = b.map(by_number());
        u8 few[2] = {0xa, 0xb};
        CHECK(regmap_bulk_write(map, 2, few, 2) == 0);
        CHECK(b.c.told() == "w2=a w3=b ");
        few[1] = 0;
        CHECK((regmap_bulk_read(map, 2, few, 2) == 0 && few[1] == 0xb));
        CHECK(regmap_raw_read(map, 2, few, 2) == -ENOTSUPP);
    });
}

TEST_CASE("regmap_field: some bits of a register, by a name", "[linux6][regmap]") {
    on_this_engine([] {
        board b;
        struct regmap* map = b.map(by_number());
        const struct reg_field speed = REG_FIELD(5, 2, 4), gain = REG_FIELD_ID(0x10, 4, 7, 3, 2);
        struct regmap_field* f = devm_regmap_field_alloc(&b.dev, map, speed);
        REQUIRE(!IS_ERR(f));
        b.c.regs[5] = 0xff;
        CHECK(regmap_field_write(f, 2) == 0);
        CHECK(b.c.regs[5] == 0xeb);
        unsigned int v = 0;
        CHECK((regmap_field_read(f, &v) == 0 && v == 2));
        CHECK(regmap_field_update_bits(f, 1, 7) == 0);
        CHECK(b.c.regs[5] == 0xef);
        struct regmap_field* g = devm_regmap_field_alloc(&b.dev, map, gain);
        CHECK(regmap_fields_write(g, 2, 5) == 0);
        CHECK(b.c.regs[0x14] == 0x54);
        CHECK((regmap_fields_read(g, 2, &v) == 0 && v == 5));
        CHECK(regmap_fields_write(g, 3, 5) == -EINVAL);
    });
}

TEST_CASE("regmap over memory, and over I2C", "[linux6][regmap]") {
    on_this_engine([] {
        struct device dev = {};
        dev.init_name = "soc";
        u32 regs[4] = {1, 2, 3, 4};
        struct regmap_config c = by_bytes(32, 32);
        c.reg_stride = 4;
        c.max_register = 12;
        struct regmap* map = devm_regmap_init_mmio(&dev, regs, &c);
        unsigned int v = 0;
        local_irq_disable();   // a spin lock
        CHECK((regmap_read(map, 8, &v) == 0 && v == 3));
        CHECK(regmap_write(map, 12, 7) == 0);
        local_irq_enable();
        CHECK(regs[3] == 7);
        c.reg_stride = 2;
        CHECK(PTR_ERR(devm_regmap_init_mmio(&dev, regs, &c)) == -EINVAL);
        devres_release_all(&dev);

        static wire w;
        w = {};
        static u32 can;
        static const struct i2c_algorithm algo = {{+[](struct i2c_adapter*, struct i2c_msg* msgs, int n) {
                                                      for (int i = 0; i < n; ++i) {
                                                          if ((msgs[i].flags & I2C_M_RD) != 0)
                                                              receive(&w, nullptr, 0, msgs[i].buf, msgs[i].len);
                                                          else
                                                              send(&w, msgs[i].buf, msgs[i].len);
                                                      }
                                                      return n;
                                                  }},
                                                  {nullptr},
                                                  nullptr,
                                                  nullptr,
                                                  +[](struct i2c_adapter*) { return can; }};
        struct i2c_adapter adap = {};
        adap.algo = &algo;
        strscpy(adap.name, "wire", sizeof adap.name);
        REQUIRE(i2c_add_adapter(&adap) == 0);
        struct i2c_board_info info = {I2C_BOARD_INFO("codec", 0x1a), .flags = 0,         .dev_name = nullptr,
                                      .platform_data = nullptr,      .of_node = nullptr, .irq = 0};
        struct i2c_client* client = i2c_new_client_device(&adap, &info);
        can = I2C_FUNC_I2C;
        c = by_bytes(8, 16);
        map = devm_regmap_init_i2c(client, &c);
        REQUIRE(!IS_ERR(map));
        CHECK(regmap_write(map, 2, 0x1234) == 0);
        CHECK((regmap_read(map, 3, &v) == 0 && v == 0x0102));
        CHECK(w.told() == "021234 03 ?2 ");
        can = I2C_FUNC_SMBUS_WORD_DATA;
        map = devm_regmap_init_i2c(client, &c);
        REQUIRE(!IS_ERR(map));
        CHECK(regmap_write(map, 2, 0x1234) == 0);
        CHECK((regmap_read(map, 3, &v) == 0 && v == 0x0304));
        CHECK(w.told() == "021234 03 ?2 ");
        c.val_format_endian = REGMAP_ENDIAN_LITTLE;
        map = devm_regmap_init_i2c(client, &c);
        CHECK(regmap_write(map, 2, 0x1234) == 0);
        CHECK(w.told() == "023412 ");
        can = I2C_FUNC_SMBUS_BYTE_DATA;
        CHECK(PTR_ERR(devm_regmap_init_i2c(client, &c)) == -ENOTSUPP);
        c = by_bytes(8, 8);
        map = devm_regmap_init_i2c(client, &c);
        CHECK(regmap_write(map, 2, 0x12) == 0);
        CHECK(w.told() == "0212 ");
        i2c_del_adapter(&adap);
    });
}
