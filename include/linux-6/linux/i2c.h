// SPDX-License-Identifier: MIT
// <linux/i2c.h>: the I2C bus: adapters that transfer, clients at their addresses, drivers of clients.
//
// There is no hardware here: an adapter is what a prototype or a test makes of it.  Its xfer() is given the messages and
// plays the chip, or hands them to a real /dev/i2c-N:
//
//   static int my_xfer(struct i2c_adapter *adap, struct i2c_msg *msgs, int num) { ... return num; }
//   static const struct i2c_algorithm my_algo = { .xfer = my_xfer, .functionality = my_functionality };
//   static struct i2c_adapter adap = { .algo = &my_algo, .name = "mine" };
//   i2c_add_adapter(&adap);
//   struct i2c_board_info info = { I2C_BOARD_INFO("chip", 0x48) };
//   struct i2c_client *client = i2c_new_client_device(&adap, &info);      the driver of "chip" probes it
//
// What differs from the kernel: there is no device tree, so clients are made by hand; a driver without a table of names is
// found by that of compatible devices, vendor or not.  Nothing is detected (`class` is no name in C++ anyway).  A client with
// I2C_CLIENT_PEC is refused where SMBus is emulated.
#pragma once

#include <linux/bottomhalf_bus.h>
#include <linux/bottomhalf_uapi_i2c.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>

namespace bottomhalf::linux6 {

inline constexpr std::size_t I2C_NAME_SIZE = 20;

inline namespace BOTTOMHALF_ENGINE {

struct i2c_adapter;
struct i2c_client;

/// The transfers of an adapter: with its lock held, in process context.
struct i2c_algorithm {
    // Return: how many messages went through, or -errno; -EAGAIN: the bus was lost, again.
    union {
        int (*xfer)(struct i2c_adapter* adap, struct i2c_msg* msgs, int num);
        int (*master_xfer)(struct i2c_adapter* adap, struct i2c_msg* msgs, int num);   // its older name
    };
    union {
        int (*xfer_atomic)(struct i2c_adapter* adap, struct i2c_msg* msgs, int num);   // accepted; never called
        int (*master_xfer_atomic)(struct i2c_adapter* adap, struct i2c_msg* msgs, int num);
    };
    // Null, or -EOPNOTSUPP: it is emulated by xfer().
    int (*smbus_xfer)(struct i2c_adapter* adap, u16 addr, unsigned short flags, char read_write, u8 command, int size,
                      union i2c_smbus_data* data);
    int (*smbus_xfer_atomic)(struct i2c_adapter* adap, u16 addr, unsigned short flags, char read_write, u8 command,
                             int size, union i2c_smbus_data* data);
    u32 (*functionality)(struct i2c_adapter* adap);   // I2C_FUNC_*
};

struct i2c_adapter {
    struct module* owner;
    const struct i2c_algorithm* algo;
    void* algo_data;
    struct mutex bus_lock;
    int timeout;   // jiffies, for how long -EAGAIN is tried again; 0: a second
    int retries;
    struct device dev;
    int nr;
    char name[48];
    struct completion dev_released;
    struct i2c_adapter* bottomhalf_next;
};

struct i2c_client {
    unsigned short flags;   // I2C_CLIENT_*
    unsigned short addr;    // 7 bits, without the one that says "read"
    char name[I2C_NAME_SIZE];
    struct i2c_adapter* adapter;
    struct device dev;
    int init_irq, irq;
    struct list_head bottomhalf_all;
};
inline constexpr unsigned short I2C_CLIENT_PEC = 0x04;
inline constexpr unsigned short I2C_CLIENT_TEN = 0x10;    // the same as I2C_M_TEN
inline constexpr unsigned short I2C_CLIENT_WAKE = 0x80;   // means nothing here

/// probe(), which was given the entry of the table as well before 6.3.
class bottomhalf_i2c_probe {
public:
    bottomhalf_i2c_probe() = default;
    constexpr bottomhalf_i2c_probe(std::nullptr_t) noexcept : one_(nullptr), two_(nullptr) {}            // NOLINT
    constexpr bottomhalf_i2c_probe(int (*f)(struct i2c_client*)) noexcept : one_(f), two_(nullptr) {}    // NOLINT
    constexpr bottomhalf_i2c_probe(int (*f)(struct i2c_client*, const struct i2c_device_id*)) noexcept   // NOLINT
        : one_(nullptr), two_(f) {}
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return one_ != nullptr || two_ != nullptr; }
    int operator()(struct i2c_client* client, const struct i2c_device_id* id) const {
        return one_ != nullptr ? one_(client) : two_(client, id);
    }

private:
    int (*one_)(struct i2c_client*);
    int (*two_)(struct i2c_client*, const struct i2c_device_id*);
};

struct i2c_driver {
    bottomhalf_i2c_probe probe;
    bottomhalf_remove_function<struct i2c_client> remove;
    bottomhalf_i2c_probe probe_new;
    void (*shutdown)(struct i2c_client* client);
    int (*command)(struct i2c_client* client, unsigned int cmd, void* arg);
    struct device_driver driver;
    const struct i2c_device_id* id_table;
    u32 flags;
    struct i2c_driver* bottomhalf_next;
};

struct i2c_board_info {
    char type[I2C_NAME_SIZE];
    unsigned short addr, flags;   // in this order C++ takes what follows I2C_BOARD_INFO()
    const char* dev_name;
    bottomhalf_pointer_field platform_data;
    struct device_node* of_node;
    int irq;
};

inline constexpr bus_type i2c_bus_type = {"i2c"};

/// The entry for a client, or null.
[[nodiscard]] inline const struct i2c_device_id* i2c_match_id(const struct i2c_device_id* id,
                                                              const struct i2c_client* client) noexcept {
    for (; id != nullptr && id->name[0] != '\0'; ++id)
        if (std::strcmp(id->name, client->name) == 0) return id;
    return nullptr;
}

namespace impl {

/// The name is that of a compatible device, or what follows the vendor in it.
inline const of_device_id* compatible_with(const of_device_id* id, const char* name) noexcept {
    for (; id != nullptr && id->compatible[0] != '\0'; ++id) {
        const char* comma = std::strchr(id->compatible, ',');
        if (std::strcmp(id->compatible, name) == 0 || (comma != nullptr && std::strcmp(comma + 1, name) == 0))
            return id;
    }
    return nullptr;
}
struct i2c_kind {
    using device_type = i2c_client;
    using driver_type = i2c_driver;

    static bool match(const i2c_driver& drv, i2c_client& client) noexcept {
        return i2c_match_id(drv.id_table, &client) != nullptr ||
               compatible_with(drv.driver.of_match_table, client.name) != nullptr;
    }
    static int probe(i2c_driver& drv, i2c_client& client) {
        const bottomhalf_i2c_probe& f = drv.probe ? drv.probe : drv.probe_new;
        client.irq = client.init_irq;
        return f ? f(&client, i2c_match_id(drv.id_table, &client)) : -EINVAL;
    }
    static void remove(i2c_driver& drv, i2c_client& client) { drv.remove(&client); }
};
using i2c_bus = driver_bus<i2c_kind>;
BOTTOMHALF_STATE inline constinit i2c_bus i2c_clients = {{}, {nullptr, nullptr}, nullptr, 0};

struct adapter_list {
    struct mutex lock;
    i2c_adapter* first;   // under lock
    int next_nr;          // likewise; what the board has numbered itself lies below
};
BOTTOMHALF_STATE inline constinit adapter_list i2c_adapters = {{}, nullptr, 0};

inline i2c_adapter* adapter_with(int nr) noexcept {
    i2c_adapter* a = i2c_adapters.first;
    while (a != nullptr && a->nr != nr) a = a->bottomhalf_next;
    return a;
}
inline void release_adapter(device* dev) noexcept { complete(&container_of(dev, i2c_adapter, dev)->dev_released); }
inline void release_client(device* dev) noexcept { kfree(container_of(dev, i2c_client, dev)); }

}   // namespace impl

// ---- transfers ------------------------------------------------------------------------------------------------------

inline constexpr unsigned int I2C_LOCK_ROOT_ADAPTER = 1;
inline constexpr unsigned int I2C_LOCK_SEGMENT = 2;   // there are no segments: both lock the adapter
inline void i2c_lock_bus(struct i2c_adapter* adap, unsigned int, location at = location::current()) noexcept {
    mutex_lock(&adap->bus_lock, at);
}
inline void i2c_unlock_bus(struct i2c_adapter* adap, unsigned int, location at = location::current()) noexcept {
    mutex_unlock(&adap->bus_lock, at);
}
[[nodiscard]] inline u32 i2c_get_functionality(struct i2c_adapter* adap) {
    return adap->algo->functionality != nullptr ? adap->algo->functionality(adap) : 0;
}
/// Return: whether it can do all of that.
[[nodiscard]] inline int i2c_check_functionality(struct i2c_adapter* adap, u32 func) {
    return (func & i2c_get_functionality(adap)) == func ? 1 : 0;
}

namespace impl {
/// Once more while the bus is lost, for as often and as long as the adapter allows.
template <class Transfer>
int retried(const i2c_adapter& adap, Transfer transfer) {
    const unsigned long begin = jiffies;
    int ret = -EAGAIN;
    for (int attempt = 0; attempt <= adap.retries && ret == -EAGAIN; ++attempt) {
        if (attempt > 0 && time_after(jiffies, begin + static_cast<unsigned long>(adap.timeout))) break;
        ret = transfer();
    }
    return ret;
}
}   // namespace impl

/// Context: process, with the adapter's lock held.
/// Return:  how many messages went through; -EOPNOTSUPP: the adapter has no xfer(); -EINVAL: no messages, and reported; or
///          what xfer() returned.
inline int __i2c_transfer(struct i2c_adapter* adap, struct i2c_msg* msgs, int num, location at = location::current()) {
    if (adap->algo->xfer == nullptr) return -EOPNOTSUPP;
    if (msgs == nullptr || num < 1) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "__i2c_transfer", at, "WARN_ON(!msgs || num < 1)");
        return -EINVAL;
    }
    return impl::retried(*adap, [=] { return adap->algo->xfer(adap, msgs, num); });
}
/// The same, and locks the adapter.
inline int i2c_transfer(struct i2c_adapter* adap, struct i2c_msg* msgs, int num, location at = location::current()) {
    if (adap->algo->xfer == nullptr) {
        dev_dbg(&adap->dev, "I2C level transfers not supported\n");
        return -EOPNOTSUPP;
    }
    i2c_lock_bus(adap, I2C_LOCK_SEGMENT, at);
    const int ret = __i2c_transfer(adap, msgs, num, at);
    i2c_unlock_bus(adap, I2C_LOCK_SEGMENT, at);
    return ret;
}
/// One message.  Return: `count`, or -errno.
inline int i2c_transfer_buffer_flags(const struct i2c_client* client, char* buf, int count, u16 flags,
                                     location at = location::current()) {
    struct i2c_msg msg = {};
    msg.addr = client->addr;
    msg.flags = static_cast<u16>(flags | (client->flags & I2C_M_TEN));
    msg.len = static_cast<u16>(count);
    msg.buf = reinterpret_cast<u8*>(buf);
    const int ret = i2c_transfer(client->adapter, &msg, 1, at);
    return ret == 1 ? count : ret;
}
inline int i2c_master_recv(const struct i2c_client* client, char* buf, int count, location at = location::current()) {
    return i2c_transfer_buffer_flags(client, buf, count, I2C_M_RD, at);
}
inline int i2c_master_send(const struct i2c_client* client, const char* buf, int count,
                           location at = location::current()) {
    return i2c_transfer_buffer_flags(client, const_cast<char*>(buf), count, 0, at);
}

// ---- clients --------------------------------------------------------------------------------------------------------

[[nodiscard]] inline bottomhalf_pointer i2c_get_clientdata(const struct i2c_client* client) noexcept {
    return dev_get_drvdata(&client->dev);
}
inline void i2c_set_clientdata(struct i2c_client* client, void* data) noexcept { dev_set_drvdata(&client->dev, data); }
/// The client that a device is, or null.
[[nodiscard]] inline struct i2c_client* i2c_verify_client(struct device* dev) noexcept {
    return dev->bus == &i2c_bus_type ? container_of(dev, struct i2c_client, dev) : nullptr;
}
/// Of the driver that holds it.
[[nodiscard]] inline const struct i2c_device_id* i2c_client_get_device_id(const struct i2c_client* client) noexcept {
    if (client->dev.driver == nullptr) return nullptr;
    const i2c_driver* drv = container_of(client->dev.driver, i2c_driver, driver);
    return i2c_match_id(drv->id_table, client);
}
[[nodiscard]] inline bottomhalf_pointer i2c_get_match_data(const struct i2c_client* client) noexcept {
    if (client->dev.driver == nullptr) return nullptr;
    if (const of_device_id* of = impl::compatible_with(client->dev.driver->of_match_table, client->name))
        if (of->data != nullptr) return bottomhalf_pointer(const_cast<void*>(of->data));
    const i2c_device_id* id = i2c_client_get_device_id(client);
    return bottomhalf_pointer(id != nullptr ? reinterpret_cast<void*>(id->driver_data) : nullptr);
}

namespace impl {
/// With the lock of clients.  Return: whether another one of its adapter has its address.
inline bool is_taken(const i2c_client& wanted) noexcept {
    i2c_client* c;
    list_for_each_entry(c, i2c_clients.all(),
                        bottomhalf_all) if (c->adapter == wanted.adapter && c->addr == wanted.addr &&
                                            ((c->flags ^ wanted.flags) & I2C_CLIENT_TEN) == 0) return true;
    return false;
}
/// Likewise.  Return: the youngest client of an adapter, or null.
inline i2c_client* youngest_of(const i2c_adapter* adap) noexcept {
    i2c_client* c;
    list_for_each_entry_reverse(c, i2c_clients.all(), bottomhalf_all) if (c->adapter == adap) return c;
    return nullptr;
}
}   // namespace impl

/// A client, in the heap; the driver of its name probes it, now or when it comes.  Context: process.
/// Return: the client, also if its probe() failed; or an ERR_PTR(): -EINVAL, an address that there is not; -EBUSY, one that
///         somebody has on this adapter; -ENOMEM.
inline struct i2c_client* i2c_new_client_device(struct i2c_adapter* adap, const struct i2c_board_info* info,
                                                location at = location::current()) {
    i2c_client* client = kzalloc(sizeof *client, GFP_KERNEL, at);
    if (client == nullptr) return ERR_PTR(-ENOMEM);
    client->adapter = adap;
    client->dev.platform_data = info->platform_data;
    client->flags = info->flags;
    client->addr = info->addr;
    client->init_irq = info->irq;
    std::snprintf(client->name, sizeof client->name, "%s", info->type);
    client->dev.parent = &adap->dev;
    client->dev.bus = &i2c_bus_type;
    client->dev.of_node = info->of_node;
    client->dev.release = impl::release_client;
    INIT_LIST_HEAD(&client->bottomhalf_all);
    device_initialize(&client->dev);

    const bool ten = (client->flags & I2C_CLIENT_TEN) != 0;
    int err = 0;
    if (client->addr > (ten ? 0x3ff : 0x7f) || (!ten && client->addr == 0)) {
        dev_err(&adap->dev, "Invalid %d-bit I2C address 0x%02hx\n", ten ? 10 : 7, client->addr);
        err = -EINVAL;
    }
    const impl::i2c_bus::turn g(impl::i2c_clients);
    if (err == 0 && impl::is_taken(*client)) {
        err = -EBUSY;
        dev_err(&adap->dev, "Failed to register i2c client %s at 0x%02x (%d)\n", client->name, client->addr, err);
    }
    // As the kernel has it: a 10-bit address is told from one of 7 bits.
    if (err == 0)
        err = info->dev_name != nullptr ? dev_set_name(&client->dev, "i2c-%s", info->dev_name)
                                        : dev_set_name(&client->dev, "%d-%04x", adap->nr,
                                                       static_cast<unsigned int>(client->addr | (ten ? 0xa000 : 0)));
    if (err == 0) err = device_add(&client->dev, at);
    if (err != 0) {
        put_device(&client->dev);
        return ERR_PTR(err);
    }
    impl::i2c_clients.add(*client);
    return client;
}
/// Context: process.
inline void i2c_unregister_device(struct i2c_client* client) {
    if (IS_ERR_OR_NULL(client)) return;
    {
        const impl::i2c_bus::turn g(impl::i2c_clients);
        impl::i2c_clients.del(*client);
    }
    device_unregister(&client->dev);
}

namespace impl {
inline constexpr i2c_device_id dummy_ids[] = {{"dummy", 0}, {"", 0}};
inline int probe_dummy(i2c_client*) noexcept { return 0; }
BOTTOMHALF_STATE inline constinit i2c_driver dummy_driver = {probe_dummy, nullptr,   nullptr, nullptr, nullptr,
                                                             {},          dummy_ids, 0,       {}};
inline void unregister_client_action(void* client) { i2c_unregister_device(static_cast<i2c_client*>(client)); }
}   // namespace impl
/// A second address of a chip that has several: nobody else gets it.  Return: as i2c_new_client_device().
inline struct i2c_client* i2c_new_dummy_device(struct i2c_adapter* adap, u16 address,
                                               location at = location::current()) {
    {
        const impl::i2c_bus::turn g(impl::i2c_clients);
        impl::dummy_driver.driver.name = "dummy";
        impl::i2c_clients.add(impl::dummy_driver);   // -EBUSY from the second time on
    }
    i2c_board_info info = {};
    std::strcpy(info.type, "dummy");
    info.addr = address;
    return i2c_new_client_device(adap, &info, at);
}
inline struct i2c_client* devm_i2c_new_dummy_device(struct device* dev, struct i2c_adapter* adap, u16 address,
                                                    location at = location::current()) {
    i2c_client* client = i2c_new_dummy_device(adap, address, at);
    if (IS_ERR(client)) return client;
    const int err = devm_add_action_or_reset(dev, impl::unregister_client_action, client, at);
    return err != 0 ? static_cast<i2c_client*>(ERR_PTR(err)) : client;
}

// ---- drivers --------------------------------------------------------------------------------------------------------

/// Probes the clients that wait for it.  Context: process.  Return: 0, or -EBUSY if it is registered.
inline int i2c_register_driver(struct module* owner, struct i2c_driver* drv) {
    drv->driver.owner = owner;
    drv->driver.bus = &i2c_bus_type;
    const impl::i2c_bus::turn g(impl::i2c_clients);
    return impl::i2c_clients.add(*drv);
}
/// remove() for each of its clients.  Context: process.
inline void i2c_del_driver(struct i2c_driver* drv) {
    const impl::i2c_bus::turn g(impl::i2c_clients);
    impl::i2c_clients.del(*drv);
}

// ---- adapters -------------------------------------------------------------------------------------------------------

[[nodiscard]] inline bottomhalf_pointer i2c_get_adapdata(const struct i2c_adapter* adap) noexcept {
    return dev_get_drvdata(&adap->dev);
}
inline void i2c_set_adapdata(struct i2c_adapter* adap, void* data) noexcept { dev_set_drvdata(&adap->dev, data); }
[[nodiscard]] inline int i2c_adapter_id(const struct i2c_adapter* adap) noexcept { return adap->nr; }

/// With the number adap->nr; -1: any.  Context: process.
/// Return: 0; -EINVAL: no name or no algorithm, and said; -EBUSY: the number is taken; -ENOMEM.
inline int i2c_add_numbered_adapter(struct i2c_adapter* adap, location at = location::current()) {
    if (adap->name[0] == '\0') {
        bottomhalf::detail::say(channel::kernel, severity::warn, "i2c_register_adapter", at, "i2c adapter has no name");
        return -EINVAL;
    }
    if (adap->algo == nullptr) {
        printk(KERN_ERR "i2c-core: adapter '%s': no algo supplied!\n", adap->name);
        return -EINVAL;
    }
    mutex_lock(&impl::i2c_adapters.lock);
    if (adap->nr == -1) do
            adap->nr = impl::i2c_adapters.next_nr++;
        while (impl::adapter_with(adap->nr) != nullptr);
    int err = impl::adapter_with(adap->nr) != nullptr ? -EBUSY : 0;
    if (err == 0) {
        mutex_init(&adap->bus_lock);
        init_completion(&adap->dev_released);
        if (adap->timeout == 0) adap->timeout = HZ;
        adap->dev.bus = &i2c_bus_type;
        adap->dev.release = impl::release_adapter;
        device_initialize(&adap->dev);
        err = dev_set_name(&adap->dev, "i2c-%d", adap->nr);
        if (err == 0) err = device_add(&adap->dev, at);
    }
    if (err == 0) {
        adap->bottomhalf_next = impl::i2c_adapters.first;
        impl::i2c_adapters.first = adap;
    }
    mutex_unlock(&impl::i2c_adapters.lock);
    return err;
}
/// With a number that nobody has.
inline int i2c_add_adapter(struct i2c_adapter* adap, location at = location::current()) {
    adap->nr = -1;
    return i2c_add_numbered_adapter(adap, at);
}
/// Its clients go with it; waits until nobody holds its device.  Context: process.  One that is not there: ignored.
inline void i2c_del_adapter(struct i2c_adapter* adap) {
    mutex_lock(&impl::i2c_adapters.lock);
    i2c_adapter** link = &impl::i2c_adapters.first;
    while (*link != nullptr && *link != adap) link = &(*link)->bottomhalf_next;
    const bool there = *link != nullptr;
    if (there) *link = adap->bottomhalf_next;
    mutex_unlock(&impl::i2c_adapters.lock);
    if (!there) return;
    const auto youngest = [adap] {
        const impl::i2c_bus::turn g(impl::i2c_clients);
        return impl::youngest_of(adap);
    };
    while (i2c_client* client = youngest()) i2c_unregister_device(client);
    device_unregister(&adap->dev);
    wait_for_completion(&adap->dev_released);
    adap->dev = {};
}
namespace impl {
inline void del_adapter_action(void* adap) { i2c_del_adapter(static_cast<i2c_adapter*>(adap)); }
}   // namespace impl
inline int devm_i2c_add_adapter(struct device* dev, struct i2c_adapter* adap, location at = location::current()) {
    const int err = i2c_add_adapter(adap, at);
    return err != 0 ? err : devm_add_action_or_reset(dev, impl::del_adapter_action, adap, at);
}
/// By its number.  Return: null if there is none.  Until i2c_put_adapter() i2c_del_adapter() waits.
[[nodiscard]] inline struct i2c_adapter* i2c_get_adapter(int nr) {
    mutex_lock(&impl::i2c_adapters.lock);
    i2c_adapter* adap = impl::adapter_with(nr);
    if (adap != nullptr) get_device(&adap->dev);
    mutex_unlock(&impl::i2c_adapters.lock);
    return adap;
}
inline void i2c_put_adapter(struct i2c_adapter* adap) {
    if (adap != nullptr) put_device(&adap->dev);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__i2c_transfer;
using bottomhalf::linux6::devm_i2c_add_adapter;
using bottomhalf::linux6::devm_i2c_new_dummy_device;
using bottomhalf::linux6::i2c_adapter;
using bottomhalf::linux6::i2c_adapter_id;
using bottomhalf::linux6::i2c_add_adapter;
using bottomhalf::linux6::i2c_add_numbered_adapter;
using bottomhalf::linux6::i2c_algorithm;
using bottomhalf::linux6::i2c_board_info;
using bottomhalf::linux6::i2c_bus_type;
using bottomhalf::linux6::i2c_check_functionality;
using bottomhalf::linux6::i2c_client;
using bottomhalf::linux6::i2c_client_get_device_id;
using bottomhalf::linux6::I2C_CLIENT_PEC;
using bottomhalf::linux6::I2C_CLIENT_TEN;
using bottomhalf::linux6::I2C_CLIENT_WAKE;
using bottomhalf::linux6::i2c_del_adapter;
using bottomhalf::linux6::i2c_del_driver;
using bottomhalf::linux6::i2c_driver;
using bottomhalf::linux6::i2c_get_adapdata;
using bottomhalf::linux6::i2c_get_adapter;
using bottomhalf::linux6::i2c_get_clientdata;
using bottomhalf::linux6::i2c_get_functionality;
using bottomhalf::linux6::i2c_get_match_data;
using bottomhalf::linux6::i2c_lock_bus;
using bottomhalf::linux6::I2C_LOCK_ROOT_ADAPTER;
using bottomhalf::linux6::I2C_LOCK_SEGMENT;
using bottomhalf::linux6::i2c_master_recv;
using bottomhalf::linux6::i2c_master_send;
using bottomhalf::linux6::i2c_match_id;
using bottomhalf::linux6::I2C_NAME_SIZE;
using bottomhalf::linux6::i2c_new_client_device;
using bottomhalf::linux6::i2c_new_dummy_device;
using bottomhalf::linux6::i2c_put_adapter;
using bottomhalf::linux6::i2c_register_driver;
using bottomhalf::linux6::i2c_set_adapdata;
using bottomhalf::linux6::i2c_set_clientdata;
using bottomhalf::linux6::i2c_transfer;
using bottomhalf::linux6::i2c_transfer_buffer_flags;
using bottomhalf::linux6::i2c_unlock_bus;
using bottomhalf::linux6::i2c_unregister_device;
using bottomhalf::linux6::i2c_verify_client;

#define I2C_BOARD_INFO(dev_type, dev_addr) .type = dev_type, .addr = (dev_addr)
#define to_i2c_client(d) container_of(d, struct i2c_client, dev)
#define to_i2c_driver(d) container_of(d, struct i2c_driver, driver)
#define to_i2c_adapter(d) container_of(d, struct i2c_adapter, dev)
#define i2c_add_driver(driver) i2c_register_driver(THIS_MODULE, driver)
#define module_i2c_driver(drv) module_driver(drv, i2c_add_driver, i2c_del_driver)

#include <linux/bottomhalf_i2c_smbus.h>
