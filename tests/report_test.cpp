// SPDX-License-Identifier: MIT
#include <bottomhalf/report.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/reports.hpp"

using namespace bottomhalf;

namespace {

/// What `f` writes to stderr.
template <class F>
std::string stderr_of(F f) {
    char path[] = "bottomhalf_report_XXXXXX";
    const int file = ::mkstemp(path);
    REQUIRE(file >= 0);
    ::unlink(path);
    std::fflush(stderr);
    const int saved = ::dup(STDERR_FILENO);
    ::dup2(file, STDERR_FILENO);
    f();
    ::dup2(saved, STDERR_FILENO);
    ::close(saved);
    std::string text(2048, '\0');
    const ssize_t n = ::pread(file, text.data(), text.size(), 0);
    ::close(file);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
}

}   // namespace

TEST_CASE("report: goes to stderr as one line that names the call and the place", "[report]") {
    const auto line = static_cast<unsigned>(__LINE__) + 2;
    const std::string text = stderr_of(
        [] { detail::say(channel::kernel, severity::warn, "__queue_work", location::current(), "no queue %d", 7); });
    CHECK(text.find("bottomhalf: WARNING: __queue_work: no queue 7 (") == 0);
    CHECK(text.find("report_test.cpp:" + std::to_string(line) + ")\n") != std::string::npos);
    CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("report: advice says that it is advice, and every level has its word", "[report]") {
    CHECK(stderr_of([] {
              detail::say(channel::advice, severity::bug, "f", location::current(), "x");
          }).find("bottomhalf: advice: BUG: f: x (") == 0);
    CHECK(stderr_of([] {
              detail::say(channel::advice, severity::note, "f", location::current(), "x");
          }).find("bottomhalf: advice: note: f: x (") == 0);
}

TEST_CASE("report: one that is too long is cut, and still ends its line", "[report]") {
    const std::string longer(2000, 'x');
    const std::string text =
        stderr_of([&] { detail::say(channel::kernel, severity::bug, "f", location::current(), "%s", longer.c_str()); });
    CHECK(text.size() < 800);
    CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("report: so is one whose call has a very long name", "[report]") {
    const std::string name(1000, 'f');
    const std::string text =
        stderr_of([&] { detail::say(channel::kernel, severity::bug, name.c_str(), location::current(), "x"); });
    CHECK(text.size() < 800);
    CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("set_report_listener: the listener hears instead of stderr, and the one before comes back", "[report]") {
    const std::string text = stderr_of([] {
        support::reports listening;
        detail::say(channel::advice, severity::warn, "f", location::current(), "heard %s", "this");
        const auto* h = support::reports::find("heard this");
        REQUIRE(h != nullptr);
        CHECK(h->where == channel::advice);
        CHECK(h->level == severity::warn);
        CHECK(std::string(h->function) == "f");
        CHECK(h->line > 0);
        report_listener* mine = set_report_listener(nullptr);
        CHECK(mine != nullptr);
        CHECK(set_report_listener(mine) == nullptr);
    });
    CHECK(text.empty());
    CHECK(set_report_listener(nullptr) == nullptr);
}

TEST_CASE("fatal_reports: ends the program at a warning, not at a note", "[report]") {
    const auto status_of = [](severity level) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(STDERR_FILENO);
            fatal_reports(true);
            std::signal(SIGABRT, SIG_DFL);
            detail::say(channel::kernel, level, "f", location::current(), "x");
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    };
    CHECK(status_of(severity::note) == 0);
    const int warned = status_of(severity::warn);
    CHECK(WIFSIGNALED(warned));
    CHECK(WTERMSIG(warned) == SIGABRT);
}
