#!/usr/bin/env python3
"""Faults of disk and power against a small program on the engine: see driver.c, powercut.c, faults.c.

    run.py BUILD powercut | powercut-nosync | kill | names | sync | full | short [--seed N] [--rounds N]

The seed is printed; give it again to repeat a run (threads still run as they like).
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

STRIDE = 20000  # Ids a round: a round never uses those of another.


class Place:
    def __init__(self, build):
        self.top = tempfile.mkdtemp(prefix="attune-fault-")
        self.data = os.path.join(self.top, "data")
        self.acks = os.path.join(self.top, "acks")
        self.build = build
        os.mkdir(self.data)

    def program(self, name):
        return os.path.join(self.build, name)

    def driver(self, events, first=0, seed=1, preload=None, extra=(), **faults):
        environment = dict(os.environ, **{key: str(value) for key, value in faults.items()})
        if preload:
            environment["LD_PRELOAD"] = self.program(preload)
            environment["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
        return subprocess.Popen(
            [self.program("driver"), self.data, str(events), "--first", str(first), "--seed", str(seed), "--acks", self.acks, *extra],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def check(self, what):
        done = subprocess.run([self.program("check_folder"), self.data, self.acks], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{what}: the folder is broken, kept in {self.top}\n{done.stdout}{done.stderr}")
        return int(done.stdout.split()[0])

    def remove(self):
        shutil.rmtree(self.top)


def finish(driver, expected, what):
    out, err = driver.communicate(timeout=120)
    if driver.returncode != expected:
        sys.exit(f"{what}: the driver ended with {driver.returncode}, not {expected}\n{out}{err}")
    return out, err


def powercut(build, arguments, nosync=False):
    place = Place(build)
    trace = os.path.join(place.top, "trace")
    extra = ["--nosync"] if nosync else []
    finish(place.driver(4000, seed=arguments.seed, preload="librecorder.so", extra=extra, RECORD_FOLDER=place.data, RECORD_TRACE=trace),
           0, "recording")
    command = [place.program("powercut"), trace, os.path.join(place.top, "cut"), str(arguments.seed), str(arguments.rounds or 150)]
    done = subprocess.run(command + (["--must-fail"] if nosync else []), capture_output=True, text=True)
    print(done.stdout[-2000:])
    if done.returncode:
        sys.exit(f"power cut: kept in {place.top}\n{done.stderr[-4000:]}")
    place.remove()


def kill(build, arguments, events=STRIDE - 1):
    place, chance, killed, acknowledged = Place(build), random.Random(arguments.seed), 0, 0
    for number in range(arguments.rounds or 100):
        driver = place.driver(events, first=number * STRIDE, seed=chance.getrandbits(32))
        time.sleep(chance.uniform(0.0, 0.12))
        driver.send_signal(signal.SIGKILL)
        killed += driver.wait() == -signal.SIGKILL
        driver.communicate()
        acknowledged = place.check(f"kill {number}")
    print(f"{killed} kills, {acknowledged} acknowledged")
    if events and not acknowledged:
        sys.exit("nothing was acknowledged")
    place.remove()


def names(build, arguments):
    """Nothing but names: no event that a snapshot waits for tells when they are durable."""
    kill(build, arguments, events=0)


def sync(build, arguments):
    """A failing sync ends the process at once with 70, wherever it is, and the next start recovers."""
    place, ended = Place(build), 0
    for number, nth in enumerate([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 25, 30, 40, 60, 90, 140]):
        driver = place.driver(1500, first=number * STRIDE, seed=nth, preload="libfaults.so", FAULT_FOLDER=place.data, FAULT_SYNC=nth)
        out, err = driver.communicate(timeout=120)
        if driver.returncode not in (70, 3):  # 3: it failed while opening, and opened nothing.
            sys.exit(f"sync {nth}: the driver ended with {driver.returncode}\n{out}{err}")
        ended += driver.returncode == 70
        place.check(f"sync {nth}")
    print(f"{ended} ended with 70")
    if ended < 10:
        sys.exit("too few failed while running")
    place.remove()


def full(build, arguments):
    """A full disk refuses events, loses none, and goes on when there is room again."""
    place, refusals = Place(build), 0
    for number, nth in enumerate([20, 40, 60, 80, 110, 150, 200, 300]):
        driver = place.driver(2500, first=number * STRIDE, seed=nth, preload="libfaults.so", FAULT_FOLDER=place.data,
                              FAULT_FULL=f"{nth},700")
        out, _ = finish(driver, 0, f"full {nth}")
        refusals += int(out.split()[0])
        if place.check(f"full {nth}") != 2500 * (number + 1):
            sys.exit(f"full {nth}: not every event was acknowledged in the end")
    print(f"{refusals} refusals")
    if not refusals:
        sys.exit("nothing was refused")
    place.remove()


def short(build, arguments):
    place = Place(build)
    for number in range(3):
        driver = place.driver(2000, first=number * STRIDE, seed=number, preload="libfaults.so", FAULT_FOLDER=place.data,
                              FAULT_SHORT=arguments.seed + number)
        finish(driver, 0, "short writes")
        if place.check("short writes") != 2000 * (number + 1):
            sys.exit("not every event was acknowledged")
    place.remove()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("what", choices=["powercut", "powercut-nosync", "kill", "names", "sync", "full", "short"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=0)
    arguments = parser.parse_args()
    arguments.seed = arguments.seed or random.SystemRandom().randrange(1, 1 << 31)
    print(f"--seed {arguments.seed}", flush=True)
    if arguments.what.startswith("powercut"):
        powercut(arguments.build, arguments, nosync=arguments.what.endswith("nosync"))
    else:
        globals()[arguments.what](arguments.build, arguments)


main()
