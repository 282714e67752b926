#!/usr/bin/env python3
"""Compare builds of adamant on one command: runs alternate, so that a busy machine slows all of them alike.

usage: scripts/bench-ab.py RUNS BINARY... -- ARGUMENTS...

Prints for each binary the median and the least CPU time (user and system, children included), wall time, its 95th percentile,
and peak memory. Started as root by "chrt -f 1" the wall times are those of a machine with nothing else to do.
"""
import os
import statistics
import sys
import time


def run(binary, arguments):
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execv(binary, [binary, *arguments])
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    return (usage.ru_utime + usage.ru_stime) * 1e3, wall * 1e3, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def main():
    cut = sys.argv.index("--")
    runs, binaries, arguments = int(sys.argv[1]), sys.argv[2:cut], sys.argv[cut + 1:]
    results = {binary: [] for binary in binaries}
    for turn in range(runs + 2):
        for binary in binaries:
            result = run(binary, arguments)
            if turn >= 2:  # the first two fill caches
                results[binary].append(result)
    print(f"load {os.getloadavg()[0]:.1f}")
    for binary, found in results.items():
        cpu, wall, memory, codes = zip(*found)
        late = sorted(wall)[max(0, int(len(wall) * 0.95) - 1)]
        print(f"{binary}: exit {codes[0]}, cpu {statistics.median(cpu):.0f} ms (least {min(cpu):.0f}), "
              f"wall {statistics.median(wall):.0f} ms (least {min(wall):.0f}, p95 {late:.0f}), {statistics.median(memory):.0f} MB")


main()
