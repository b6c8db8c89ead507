"""``python -m demos`` runs every demo, ``python -m demos NAME …`` some of them, ``--list`` says what there is."""

import argparse
import difflib
import gc
from importlib import import_module
from inspect import signature
from pathlib import Path
from time import perf_counter

from nn import read_mnist

NAMES = (
    "layers by_hand gradient_check why_backprop deep_sigmoid moons arrays digits spiral regression convolutions mnist "
    "newton pictures"
).split()
DEMOS = {name: import_module(f"demos.{name}") for name in NAMES}


def main(arguments: list[str] | None = None) -> int:
    """Run the demos that the command line names; 1 if a package for one of them is missing."""
    parser = argparse.ArgumentParser("python -m demos", description="Small networks on the engine, one file each.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"a demo: {', '.join(DEMOS)}; none for all of them")
    parser.add_argument("--list", action="store_true", help="say what each demo shows, and run none")
    parser.add_argument(
        "--data", metavar="PATH", help="the files of MNIST: an .npz, or a directory of CSV or IDX files"
    )
    parser.add_argument("--save", metavar="FOLDER", type=Path, help="save the pictures of training (needs matplotlib)")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in DEMOS:
            near = difflib.get_close_matches(name, DEMOS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(DEMOS)}"
            parser.error(f"no demo is called {name!r}; {hint}")
    try:
        if options.save:
            options.save.mkdir(parents=True, exist_ok=True)
        if options.data is not None:
            options.data = read_mnist(options.data)
    except (OSError, ValueError) as error:
        parser.error(f"{error} (--save takes a folder, --data an .npz or a folder of CSV or IDX files)")

    status = 0
    for name in options.names or DEMOS:
        title = str(DEMOS[name].__doc__).partition("\n")[0]
        if options.list:
            print(f"{name:<16}{title}")
            continue
        print(f"{name}: {title}\n")
        start = perf_counter()
        try:
            demo = DEMOS[name].run
            demo(
                **{each: given for each, given in vars(options).items() if given and each in signature(demo).parameters}
            )
            print(f"\n({perf_counter() - start:.1f} s)\n")
        except ImportError as error:
            print(f"\nleft out: {error}\n")
            status = 1
    return status


if __name__ == "__main__":
    gc.disable()  # graphs are freed by reference counting alone; looking for cycles in them only takes time
    raise SystemExit(main())
