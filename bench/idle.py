"""What an idle installation holds: memory of everything that `vutler up` starts, and its CPU.

    python -m bench.idle [--seconds 60] [--workers 1]

PSS counts shared pages once, divided among those that share them, so that the sum is what the machine gives. CPU is
that of the whole tree in the watched time.
"""

import argparse
import time

from bench.processes import cpu, family, pss
from tests.e2e.product import Product


def measure(seconds: float, workers: int) -> None:
    with Product({"VUTLER_WORKERS": str(workers)}) as product:
        product.wait_prefect()
        time.sleep(15)  # what is done once at the start
        children = product.children()
        of_children = {pid for child in children.values() for pid in family(child)}
        own = [pid for pid in family(product.pid) if pid not in of_children]
        parties = {"supervisor": own} | {name: list(family(pid)) for name, pid in children.items()}
        before = {name: sum(map(cpu, pids)) for name, pids in parties.items()}
        time.sleep(seconds)
        total = used = 0.0
        for name, pids in parties.items():
            share, burnt = sum(map(pss, pids)), sum(map(cpu, pids)) - before[name]
            total, used = total + share, used + burnt
            print(f"{name:12} {share:7.1f} MB   {100 * burnt / seconds:5.1f} % of a core")
        print(f"{'together':12} {total:7.1f} MB   {100 * used / seconds:5.1f} % of a core")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    measure(options.seconds, options.workers)


if __name__ == "__main__":
    main()
