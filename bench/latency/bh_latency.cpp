// SPDX-License-Identifier: MIT
//
// bh-latency: how long deferred work waits on this machine.  `bh-latency --help`.
#include "picture.hpp"

int main(int argc, char** argv) {
    using namespace latency;
    options o = parser(argc, argv).parse();
    std::vector<run> runs;
    if (!o.draw_only) {
        if (o.cpus == 0) o.cpus = engine::allowed_cpus();
        run r{o.name, bench::machine_name(), options_in_words(o, o.cpus), {}, {}};
        r.figures = measure(o, r.not_realtime);
        if (!o.json.empty()) save(r, o.json);
        runs.push_back(std::move(r));
    }
    for (const std::string& file : o.with) runs.push_back(load_run(file));
    print(runs);
    if (!o.svg.empty()) picture(runs).save(o.svg);
}
