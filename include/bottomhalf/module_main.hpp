// SPDX-License-Identifier: MIT
// module_main.hpp: a main() for programs that consist of kernel modules.  To be included in one file of the program,
// after (or instead of) <linux/module.h> of either facade; that file may be the driver itself.
//
//   #include <linux/module.h>
//   ...
//   module_init(my_init);
//   module_exit(my_exit);
//   #include <bottomhalf/module_main.hpp>
//
// The program is insmod and rmmod: it sets the modules' parameters from its arguments (name=value), calls their init
// functions, and, when it is told to end, their exit functions; what they leave behind is reported.  It is told by
// SIGINT or SIGTERM, or by the end of its standard input: `./driver </dev/null` loads and unloads, `sleep 5 | ./driver`
// takes five seconds over it.  Old modules without module_init() have functions called init_module() and
// cleanup_module().
//
// On the simulator (BOTTOMHALF_SIM) nobody tells it anything: it ends after BOTTOMHALF_SIM_SECONDS of virtual time (10), and
// BOTTOMHALF_SEED draws who comes first wherever several could.
#pragma once

#if __has_include(<linux/workqueue.h>)   // the root of a facade is among the include directories

#include <linux/module.h>

#include <bottomhalf/arch/until_told.hpp>

__attribute__((weak)) int init_module(void);
__attribute__((weak)) void cleanup_module(void);

namespace bottomhalf::detail {

// Where a driver has them in this very file, they are known to be there.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Waddress"

/// Return: the exit status.
template <class Wait>
int insmod_and_rmmod(int argc, char** argv, Wait wait) {
    for (int i = 1; i < argc; ++i)
        if (const int err = BOTTOMHALF_MODULES::set_module_parameter(argv[i]); err != 0) {
            printk(KERN_ERR "%s: %s\n", argv[i], err == -ENOENT ? "no module has this parameter" : "not a value");
            return 2;
        }
    int err = BOTTOMHALF_MODULES::load_modules();
    if (err == 0 && init_module != nullptr) err = init_module();
    if (err != 0) {
        printk(KERN_ERR "insmod: %s\n", std::strerror(err < 0 ? -err : err));
        BOTTOMHALF_MODULES::unload_modules();
        return 1;
    }
    wait();
    if (cleanup_module != nullptr) {
        cleanup_module();
        BOTTOMHALF_MODULES::report_leftovers();
    }
    BOTTOMHALF_MODULES::unload_modules();
    return 0;
}
#pragma GCC diagnostic pop

}   // namespace bottomhalf::detail

int main(int argc, char** argv) {   // NOLINT(misc-definitions-in-headers): what this header is for
#if defined(BOTTOMHALF_SIM)
    const auto number = [](const char* name, unsigned long otherwise) {
        const char* text = std::getenv(name);
        return text != nullptr ? std::strtoul(text, nullptr, 10) : otherwise;
    };
    bottomhalf::arch::sim_options o;
    o.seed = number("BOTTOMHALF_SEED", 0);
    bottomhalf::arch::sim_world world{o};
    int status = 1;
    world.run([&] {
        status = bottomhalf::detail::insmod_and_rmmod(argc, argv, [&] {
            const auto seconds = static_cast<bottomhalf::arch::ns_t>(number("BOTTOMHALF_SIM_SECONDS", 10));
            world.pass(world.now() + seconds * 1'000'000'000, "the end of the simulation");
            world.settle();   // what is due just then has happened, too
        });
    });
    return status;
#else
    bottomhalf::arch::until_told end;
    return bottomhalf::detail::insmod_and_rmmod(argc, argv, [&] { end.wait(); });
#endif
}

#endif
