"""``python -m demos`` runs every demo, ``python -m demos NAME …`` some of them, ``--list`` says what there is."""

import argparse
import difflib
from importlib import import_module
from time import perf_counter

DEMOS = {
    name: import_module(f"demos.{name}")
    for name in ("layers", "by_hand", "gradient_check", "why_backprop", "deep_sigmoid", "moons")
}


def main() -> None:
    """Run the demos that the command line names."""
    parser = argparse.ArgumentParser("python -m demos", description="Small networks on the engine, one file each.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"a demo: {', '.join(DEMOS)}; all of them unless named"
    )
    parser.add_argument("--list", action="store_true", help="say what each demo shows, and run none")
    options = parser.parse_args()
    titles = {name: str(demo.__doc__).partition("\n")[0] for name, demo in DEMOS.items()}
    for name in options.names:
        if name not in DEMOS:
            near = difflib.get_close_matches(name, DEMOS, n=1)
            parser.error(
                f"no demo {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"there are {', '.join(DEMOS)}")
            )
    if options.list:
        for name, title in titles.items():
            print(f"{name:<16}{title}")
        return
    for name in options.names or DEMOS:
        print(f"{name}: {titles[name]}\n")
        start = perf_counter()
        DEMOS[name].run()
        print(f"\n({perf_counter() - start:.1f} s)\n")


if __name__ == "__main__":
    main()
