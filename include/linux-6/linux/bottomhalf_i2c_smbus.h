// SPDX-License-Identifier: MIT
// <linux/bottomhalf_i2c_smbus.h>: the part of <linux/i2c.h> that is SMBus: transfers of a byte, a word or a block to or from
// a register.  By the adapter's smbus_xfer(); where it has none, or cannot do this one, by messages of its xfer().
#pragma once

#include <linux/i2c.h>
#include <linux/minmax.h>
#include <linux/swab.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {

/// What a protocol is in messages: the command and what is written, then, after a repeated start, what is read.
struct smbus_messages {
    u8 out[I2C_SMBUS_BLOCK_MAX + 3];
    u8 in[I2C_SMBUS_BLOCK_MAX + 2];
    struct i2c_msg msgs[2];   // to write, to read
    int first, num;           // those that are sent
    int nr_out, nr_in;        // bytes

    void write_block(const u8* block, int n) noexcept {
        for (int i = 0; i < n; ++i) out[nr_out++] = block[i];
    }
};
/// Return: 0; -EINVAL: a block that is too long; -EOPNOTSUPP: no such protocol.
inline int compose(smbus_messages& m, bool read, u8 command, int size, const union i2c_smbus_data* data) noexcept {
    m.out[0] = command;
    m.nr_out = 1;
    m.nr_in = 0;
    switch (size) {
        case I2C_SMBUS_QUICK: m.nr_out = 0; return 0;   // an address, and its bit for reading is the news
        case I2C_SMBUS_BYTE:
            if (read) m.nr_out = 0, m.nr_in = 1;
            return 0;
        case I2C_SMBUS_BYTE_DATA:
            if (read)
                m.nr_in = 1;
            else
                m.out[m.nr_out++] = data->byte;
            return 0;
        case I2C_SMBUS_WORD_DATA:
        case I2C_SMBUS_PROC_CALL:
            if (read || size == I2C_SMBUS_PROC_CALL) m.nr_in = 2;
            if (!read || size == I2C_SMBUS_PROC_CALL) {
                m.out[m.nr_out++] = static_cast<u8>(data->word & 0xff);
                m.out[m.nr_out++] = static_cast<u8>(data->word >> 8);
            }
            return 0;
        case I2C_SMBUS_BLOCK_DATA:
            if (read) {
                m.nr_in = 1;   // its length; the adapter goes on by that: I2C_M_RECV_LEN
                return 0;
            }
            if (data->block[0] > I2C_SMBUS_BLOCK_MAX) return -EINVAL;
            m.write_block(data->block, data->block[0] + 1);
            return 0;
        case I2C_SMBUS_I2C_BLOCK_DATA:
            if (data->block[0] > I2C_SMBUS_BLOCK_MAX) return -EINVAL;
            if (read)
                m.nr_in = data->block[0];
            else
                m.write_block(data->block + 1, data->block[0]);
            return 0;
        default: return -EOPNOTSUPP;
    }
}
/// Caller holds the adapter's lock.  Return: 0 or -errno.
inline int emulate_smbus(i2c_adapter* adap, u16 addr, unsigned short flags, char read_write, u8 command, int size,
                         union i2c_smbus_data* data, location at) {
    if ((flags & I2C_CLIENT_PEC) != 0) return -EOPNOTSUPP;
    const bool read = read_write == I2C_SMBUS_READ;
    smbus_messages m;
    if (const int err = compose(m, read, command, size, data); err != 0) {
        if (err == -EINVAL)
            dev_err(&adap->dev, "Invalid block size %d\n", data->block[0]);
        else
            dev_err(&adap->dev, "Unsupported transaction %d\n", size);
        return err;
    }
    const auto of_both = static_cast<u16>(flags & I2C_M_TEN);
    m.msgs[0] = {addr, of_both, static_cast<u16>(m.nr_out), m.out};
    m.msgs[1] = {addr, static_cast<u16>(of_both | I2C_M_RD), static_cast<u16>(m.nr_in), m.in};
    if (size == I2C_SMBUS_BLOCK_DATA && read) m.msgs[1].flags = static_cast<u16>(m.msgs[1].flags | I2C_M_RECV_LEN);
    const bool writes = m.nr_out > 0 || (size == I2C_SMBUS_QUICK && !read);
    const bool reads = m.nr_in > 0 || (size == I2C_SMBUS_QUICK && read);
    m.first = writes ? 0 : 1;
    m.num = (writes ? 1 : 0) + (reads ? 1 : 0);
    const int sent = __i2c_transfer(adap, m.msgs + m.first, m.num, at);
    if (sent < 0) return sent;
    if (sent != m.num) return -EIO;
    if (m.nr_in == 0) return 0;
    switch (size) {
        case I2C_SMBUS_BYTE:
        case I2C_SMBUS_BYTE_DATA: data->byte = m.in[0]; break;
        case I2C_SMBUS_WORD_DATA:
        case I2C_SMBUS_PROC_CALL: data->word = static_cast<u16>(m.in[0] | m.in[1] << 8); break;
        case I2C_SMBUS_I2C_BLOCK_DATA:
            for (int i = 0; i < m.nr_in; ++i) data->block[i + 1] = m.in[i];
            break;
        case I2C_SMBUS_BLOCK_DATA:
            if (m.in[0] > I2C_SMBUS_BLOCK_MAX) {
                dev_err(&adap->dev, "Invalid block size returned: %d\n", m.in[0]);
                return -EPROTO;
            }
            for (int i = 0; i <= m.in[0]; ++i) data->block[i] = m.in[i];
            break;
        default: break;
    }
    return 0;
}

}   // namespace impl

/// Context: process, with the adapter's lock held.  Return: 0 or -errno.
inline s32 __i2c_smbus_xfer(struct i2c_adapter* adap, u16 addr, unsigned short flags, char read_write, u8 command,
                            int protocol, union i2c_smbus_data* data, location at = location::current()) {
    flags = static_cast<unsigned short>(flags & (I2C_M_TEN | I2C_CLIENT_PEC));
    if (adap->algo->smbus_xfer != nullptr) {
        const int ret = impl::retried(
            *adap, [=] { return adap->algo->smbus_xfer(adap, addr, flags, read_write, command, protocol, data); });
        if (ret != -EOPNOTSUPP || adap->algo->xfer == nullptr) return ret;
    }
    return impl::emulate_smbus(adap, addr, flags, read_write, command, protocol, data, at);
}
/// The same, and locks the adapter.
inline s32 i2c_smbus_xfer(struct i2c_adapter* adap, u16 addr, unsigned short flags, char read_write, u8 command,
                          int protocol, union i2c_smbus_data* data, location at = location::current()) {
    i2c_lock_bus(adap, I2C_LOCK_SEGMENT, at);
    const s32 ret = __i2c_smbus_xfer(adap, addr, flags, read_write, command, protocol, data, at);
    i2c_unlock_bus(adap, I2C_LOCK_SEGMENT, at);
    return ret;
}

namespace impl {
inline s32 smbus(const i2c_client* c, bool read, u8 command, int protocol, union i2c_smbus_data* data, location at) {
    return i2c_smbus_xfer(c->adapter, c->addr, c->flags, static_cast<char>(read ? I2C_SMBUS_READ : I2C_SMBUS_WRITE),
                          command, protocol, data, at);
}
}   // namespace impl

// Return, all that follow: the value that was read, or 0, or -errno.  Of a block: its length.

inline s32 i2c_smbus_read_byte(const struct i2c_client* client, location at = location::current()) {
    union i2c_smbus_data data = {};
    const s32 err = impl::smbus(client, true, 0, I2C_SMBUS_BYTE, &data, at);
    return err < 0 ? err : data.byte;
}
inline s32 i2c_smbus_write_byte(const struct i2c_client* client, u8 value, location at = location::current()) {
    return impl::smbus(client, false, value, I2C_SMBUS_BYTE, nullptr, at);
}
inline s32 i2c_smbus_read_byte_data(const struct i2c_client* client, u8 command, location at = location::current()) {
    union i2c_smbus_data data = {};
    const s32 err = impl::smbus(client, true, command, I2C_SMBUS_BYTE_DATA, &data, at);
    return err < 0 ? err : data.byte;
}
inline s32 i2c_smbus_write_byte_data(const struct i2c_client* client, u8 command, u8 value,
                                     location at = location::current()) {
    union i2c_smbus_data data = {};
    data.byte = value;
    return impl::smbus(client, false, command, I2C_SMBUS_BYTE_DATA, &data, at);
}
/// The lower byte goes first.
inline s32 i2c_smbus_read_word_data(const struct i2c_client* client, u8 command, location at = location::current()) {
    union i2c_smbus_data data = {};
    const s32 err = impl::smbus(client, true, command, I2C_SMBUS_WORD_DATA, &data, at);
    return err < 0 ? err : data.word;
}
inline s32 i2c_smbus_write_word_data(const struct i2c_client* client, u8 command, u16 value,
                                     location at = location::current()) {
    union i2c_smbus_data data = {};
    data.word = value;
    return impl::smbus(client, false, command, I2C_SMBUS_WORD_DATA, &data, at);
}
/// For chips that send the higher byte first.
inline s32 i2c_smbus_read_word_swapped(const struct i2c_client* client, u8 command, location at = location::current()) {
    const s32 value = i2c_smbus_read_word_data(client, command, at);
    return value < 0 ? value : __builtin_bswap16(static_cast<u16>(value));
}
inline s32 i2c_smbus_write_word_swapped(const struct i2c_client* client, u8 command, u16 value,
                                        location at = location::current()) {
    return i2c_smbus_write_word_data(client, command, __builtin_bswap16(value), at);
}
/// Up to I2C_SMBUS_BLOCK_MAX bytes; the chip says how many, and the adapter must know how to listen to that.
inline s32 i2c_smbus_read_block_data(const struct i2c_client* client, u8 command, u8* values,
                                     location at = location::current()) {
    union i2c_smbus_data data = {};
    const s32 err = impl::smbus(client, true, command, I2C_SMBUS_BLOCK_DATA, &data, at);
    if (err != 0) return err;
    std::memcpy(values, &data.block[1], data.block[0]);
    return data.block[0];
}
/// More than I2C_SMBUS_BLOCK_MAX bytes are cut (all that take a length).
inline s32 i2c_smbus_write_block_data(const struct i2c_client* client, u8 command, u8 length, const u8* values,
                                      location at = location::current()) {
    union i2c_smbus_data data = {};
    data.block[0] = min_t(u8, length, I2C_SMBUS_BLOCK_MAX);
    std::memcpy(&data.block[1], values, data.block[0]);
    return impl::smbus(client, false, command, I2C_SMBUS_BLOCK_DATA, &data, at);
}
/// Without the length on the wire.
inline s32 i2c_smbus_read_i2c_block_data(const struct i2c_client* client, u8 command, u8 length, u8* values,
                                         location at = location::current()) {
    union i2c_smbus_data data = {};
    data.block[0] = min_t(u8, length, I2C_SMBUS_BLOCK_MAX);
    const s32 err = impl::smbus(client, true, command, I2C_SMBUS_I2C_BLOCK_DATA, &data, at);
    if (err < 0) return err;
    std::memcpy(values, &data.block[1], data.block[0]);
    return data.block[0];
}
inline s32 i2c_smbus_write_i2c_block_data(const struct i2c_client* client, u8 command, u8 length, const u8* values,
                                          location at = location::current()) {
    union i2c_smbus_data data = {};
    data.block[0] = min_t(u8, length, I2C_SMBUS_BLOCK_MAX);
    std::memcpy(&data.block[1], values, data.block[0]);
    return impl::smbus(client, false, command, I2C_SMBUS_I2C_BLOCK_DATA, &data, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__i2c_smbus_xfer;
using bottomhalf::linux6::i2c_smbus_read_block_data;
using bottomhalf::linux6::i2c_smbus_read_byte;
using bottomhalf::linux6::i2c_smbus_read_byte_data;
using bottomhalf::linux6::i2c_smbus_read_i2c_block_data;
using bottomhalf::linux6::i2c_smbus_read_word_data;
using bottomhalf::linux6::i2c_smbus_read_word_swapped;
using bottomhalf::linux6::i2c_smbus_write_block_data;
using bottomhalf::linux6::i2c_smbus_write_byte;
using bottomhalf::linux6::i2c_smbus_write_byte_data;
using bottomhalf::linux6::i2c_smbus_write_i2c_block_data;
using bottomhalf::linux6::i2c_smbus_write_word_data;
using bottomhalf::linux6::i2c_smbus_write_word_swapped;
using bottomhalf::linux6::i2c_smbus_xfer;
