// SPDX-License-Identifier: MIT
// main.cpp: the card, the stack and the other side of the wire.
//
//   netcard [FRAMES]     20000 by default
//
// A second process sends numbered frames with a checksum, over UDP on the loopback; the driver is to receive each of them
// once.  UDP drops what finds no room, and then nothing could be said about the driver, so the sender has no more than
// `window` frames under way, fewer than a socket's buffer holds: what has been received it learns from the stack, which
// acknowledges each batch by its count.  What the kernel has dropped all the same is printed with the rest.
//
// target: linux
// expect: 20000 frames sent, 20000 received, each once; .* 0 dropped
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/module.h>

#include "nic.h"

namespace kernel = bottomhalf::linux6;

namespace {

constexpr unsigned window = 192;   // a short datagram is charged with 768 bytes; a buffer is 212,992, in general

struct frame {
    std::uint32_t number;
    unsigned char payload[48];
    std::uint32_t checksum;

    [[nodiscard]] std::uint32_t sum() const noexcept {   // FNV-1a
        std::uint32_t h = 2166136261U ^ number;
        for (const unsigned char c : payload) h = (h ^ c) * 16777619U;
        return h;
    }
};
static_assert(sizeof(frame) <= NIC_FRAME_MAX);

// ---- the other side of the wire -----------------------------------------------------------------------------------------

bool await_ack(int wire, std::uint32_t& acknowledged) {
    pollfd in{wire, POLLIN, 0};
    std::uint32_t n;
    if (::poll(&in, 1, 30'000) <= 0 || ::recv(wire, &n, sizeof n, 0) != sizeof n) return false;
    if (n > acknowledged) acknowledged = n;
    return true;
}
/// Return: whether all of them were sent, and acknowledged.
bool send_frames(int wire, std::uint32_t frames) {
    std::uint32_t acknowledged = 0, random = 2463534242U;
    for (std::uint32_t n = 0; n < frames; ++n) {
        while (n - acknowledged >= window)
            if (!await_ack(wire, acknowledged)) return false;
        frame f;
        f.number = n;
        for (unsigned char& c : f.payload) {
            random ^= random << 13, random ^= random >> 17, random ^= random << 5;
            c = static_cast<unsigned char>(random);
        }
        f.checksum = f.sum();
        if (::send(wire, &f, sizeof f, 0) != sizeof f) return false;
    }
    while (acknowledged < frames)
        if (!await_ack(wire, acknowledged)) return false;
    return true;
}

// ---- the card -----------------------------------------------------------------------------------------------------------

int card = -1;

/// A socket on the loopback, at a port of its own.
int plug_in(sockaddr_in& at) {
    at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    auto* where = reinterpret_cast<sockaddr*>(&at);
    return fd >= 0 && ::bind(fd, where, sizeof at) == 0 && ::getsockname(fd, where, &size) == 0 ? fd : -1;
}
bool connect_to(int fd, const sockaddr_in& peer) {
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0;
}
unsigned dropped_by_kernel() {
    std::uint32_t info[SK_MEMINFO_VARS] = {};
    socklen_t size = sizeof info;
    return ::getsockopt(card, SOL_SOCKET, SO_MEMINFO, info, &size) == 0 ? info[SK_MEMINFO_DROPS] : ~0U;
}

// ---- the stack ----------------------------------------------------------------------------------------------------------

struct {
    std::vector<bool> seen;
    std::uint32_t received = 0, twice = 0, broken = 0, unsent = 0;
} stack;

}   // namespace

// Called from signal handlers, too: recv(), send(), poll() and fcntl() may be, and errno is kept.
unsigned int nic_receive(void* to, unsigned int room) {
    const int saved = errno;
    const ssize_t n = ::recv(card, to, room, MSG_DONTWAIT);
    errno = saved;
    return n > 0 ? static_cast<unsigned int>(n) : 0;
}
int nic_frame_waits(void) {
    const int saved = errno;
    pollfd in{card, POLLIN, 0};
    const bool waits = ::poll(&in, 1, 0) > 0;
    errno = saved;
    return waits ? 1 : 0;
}
int nic_transmit(const void* f, unsigned int length) {
    const int saved = errno;
    const bool sent = ::send(card, f, length, MSG_DONTWAIT) == static_cast<ssize_t>(length);
    errno = saved;
    return sent ? 1 : 0;
}
void nic_interrupts(int on) {
    const int saved = errno;
    ::fcntl(card, F_SETFL, on != 0 ? O_NONBLOCK | O_ASYNC : O_NONBLOCK);
    errno = saved;
}

void netif_receive(const void* data, unsigned int length) {
    frame f;
    if (length == sizeof f) std::memcpy(&f, data, sizeof f);
    if (length != sizeof f || f.checksum != f.sum() || f.number >= stack.seen.size()) {
        ++stack.broken;
        return;
    }
    if (stack.seen[f.number]) ++stack.twice;
    stack.seen[f.number] = true;
    ++stack.received;
}
void netif_receive_end(void) {
    // A count that is not sent is made good by the next; the last one must be sent.
    while (nic_transmit(&stack.received, sizeof stack.received) == 0) {
        ++stack.unsent;
        if (stack.received < stack.seen.size()) break;
        usleep_range(100, 200);
    }
}

int main(int argc, char** argv) {
    const unsigned long frames = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000;
    if (argc > 2 || frames == 0 || frames > 100'000'000)
        return std::fprintf(stderr, "usage: %s [FRAMES]\n", argv[0]), 2;

    sockaddr_in here, there;
    card = plug_in(here);
    const int wire = plug_in(there);
    if (card < 0 || wire < 0 || !connect_to(card, there) || !connect_to(wire, here))
        return std::perror("netcard: no network"), 1;
    stack.seen.resize(frames);

    const pid_t sender = ::fork();
    if (sender < 0) return std::perror("netcard: fork"), 1;
    if (sender == 0) ::_exit(send_frames(wire, static_cast<std::uint32_t>(frames)) ? 0 : 1);
    ::close(wire);

    if (const int err = kernel::irq_from_fd(NIC_IRQ, card); err != 0)
        return std::fprintf(stderr, "netcard: no interrupts: %s\n", std::strerror(-err)), 1;
    nic_interrupts(0);   // as after a reset
    if (const int err = kernel::load_modules(); err != 0)
        return std::fprintf(stderr, "netcard: %s\n", std::strerror(-err)), 1;
    int status = 1;
    while (::waitpid(sender, &status, 0) < 0 && errno == EINTR) {}
    kernel::unload_modules();
    kernel::irq_from_fd_end(card);

    const bool all_sent = status == 0;
    const bool each_once = stack.received == frames && stack.twice == 0 && stack.broken == 0;
    std::printf("netcard: %lu frames %s, %u received, %s; %u twice, %u broken, %u dropped by the kernel\n", frames,
                all_sent ? "sent" : "NOT all sent", stack.received, each_once ? "each once" : "NOT each once",
                stack.twice, stack.broken, dropped_by_kernel());
    const struct nic_stats& c = ::nic_stats;
    std::printf("interrupts        %9lu   one for %.1f frames\n", c.interrupts,
                c.interrupts == 0 ? 0.0 : static_cast<double>(c.frames) / static_cast<double>(c.interrupts));
    std::printf("bottom half runs  %9lu   %.1f frames each, %lu at most; budget used up: %lu, one more look: %lu\n",
                c.polls, c.polls == 0 ? 0.0 : static_cast<double>(c.frames) / static_cast<double>(c.polls), c.most,
                c.exhausted, c.resumed);
    std::printf("receive work runs %9lu   ring found full: %lu; acknowledgements not sent: %u\n", c.batches,
                c.ring_full, stack.unsent);
    return all_sent && each_once && c.frames == frames ? 0 : 1;
}
