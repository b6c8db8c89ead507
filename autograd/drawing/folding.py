"""What of a snapshot is drawn: open modules as frames, closed ones as single boxes, and the wires between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from autograd.drawing.grouping import crossing
from autograd.drawing.snapshot import Snapshot


@dataclass(slots=True)
class Thing:
    """A card: one item, a closed module, or a bundle of items that belong to no module."""

    frame: int  # the open group around it; 0 is the whole drawing
    item: int = -1
    group: int = -1
    bundle: tuple[int, ...] = ()  # items

    @property
    def key(self) -> str:
        """A name that stays the same when other modules are opened or closed."""
        return f"n{self.item}" if self.item >= 0 else f"g{self.group}" if self.group >= 0 else f"b{self.bundle[0]}"


@dataclass(slots=True)
class Link:
    """From one thing to another. `place` tells which operand it is, where the target is a single operation."""

    source: int
    target: int
    place: int = -1
    edges: list[tuple[int, int]] = field(default_factory=list)  # (item, operand) of what it stands for


@dataclass
class Fold:
    """What is drawn of a snapshot; `frames` are the open groups, outer ones first."""

    things: list[Thing]
    links: list[Link]
    frames: list[int]
    thing_of: list[int]  # of each item; -1 for a constant that is not drawn


def fold(snapshot: Snapshot, is_open: Callable[[int], bool], constants: bool = True) -> Fold:
    """Draw a group as a frame where it and all groups around it are open, else as one card."""
    groups, items = snapshot.groups, snapshot.items
    closed = [0] * len(groups)  # the outermost closed group around each group, itself included
    frames = []
    for index in range(1, len(groups)):
        parent = groups[index].parent
        if closed[parent]:
            closed[index] = closed[parent]
        elif is_open(index):
            frames.append(index)
        else:
            closed[index] = index
    things: list[Thing] = []
    boxes: dict[int, int] = {}
    thing_of = []
    for index, item in enumerate(items):
        group = closed[item.group]
        if not group:
            if item.kind == "constant" and not constants:
                thing_of.append(-1)
                continue
            thing_of.append(len(things))
            things.append(Thing(item.group, item=index))
            continue
        if group not in boxes:
            boxes[group] = len(things)
            things.append(Thing(groups[group].parent, group=group))
        thing_of.append(boxes[group])
    return Fold(things, _links(snapshot, things, thing_of), frames, thing_of)


def bundle(snapshot: Snapshot, folded: Fold) -> Fold:
    """The same with everything outside of modules in a few boxes, but for the outputs.

    Operations are put together by how many modules lie before them, so that no circle arises, and other items by what
    uses them.
    """
    things, items = folded.things, snapshot.items
    sources: list[list[int]] = [[] for _ in things]
    targets: list[list[int]] = [[] for _ in things]
    for link in folded.links:
        sources[link.target].append(link.source)
        targets[link.source].append(link.target)
    order = _sorted(sources, targets)
    alone = [thing.item < 0 or thing.item in snapshot.outputs for thing in things]
    stage = [0] * len(things)
    for thing in order:
        stage[thing] = max((stage[source] + alone[source] for source in sources[thing]), default=0)
    keys: list[tuple[object, ...]] = [()] * len(things)
    for thing in reversed(order):
        kind = "" if alone[thing] else items[things[thing].item].kind
        if alone[thing]:
            keys[thing] = ("alone", thing)
        elif kind == "operation":
            keys[thing] = (kind, things[thing].frame, stage[thing])
        else:
            keys[thing] = (kind, things[thing].frame, tuple(sorted({str(keys[target]) for target in targets[thing]})))
    members: dict[tuple[object, ...], list[int]] = {}
    for thing, key in enumerate(keys):
        if key[0] != "constant":
            members.setdefault(key, []).append(thing)
    new_things: list[Thing] = []
    new_of: dict[int, int] = {}
    for each in members.values():
        first = things[each[0]]
        new_of.update(dict.fromkeys(each, len(new_things)))
        new_things.append(
            first if len(each) == 1 else Thing(first.frame, bundle=tuple(things[thing].item for thing in each))
        )
    thing_of = [new_of.get(thing, -1) for thing in folded.thing_of]
    return Fold(new_things, _links(snapshot, new_things, thing_of), folded.frames, thing_of)


def _links(snapshot: Snapshot, things: list[Thing], thing_of: list[int]) -> list[Link]:
    links: dict[tuple[int, int, int], Link] = {}
    for index, item in enumerate(snapshot.items):
        target = thing_of[index]
        single = target >= 0 and things[target].item >= 0
        for place, operand in enumerate(item.inputs):
            source = thing_of[operand]
            if source == target or source < 0 or target < 0:
                continue
            key = (source, target, place if single else -1)
            link = links.get(key)
            if link is None:
                link = links[key] = Link(*key)
            link.edges.append((index, place))
    return list(links.values())


def _sorted(sources: list[list[int]], targets: list[list[int]]) -> list[int]:
    missing = [len(each) for each in sources]
    order = [thing for thing, count in enumerate(missing) if not count]
    for thing in order:
        for target in targets[thing]:
            missing[target] -= 1
            if not missing[target]:
                order.append(target)
    return order


def chains(snapshot: Snapshot, folded: Fold) -> Iterable[tuple[Link, int, list[int], list[int]]]:
    """For each link the inmost frame around both ends, and the frames it leaves and enters, in this order."""
    groups = snapshot.groups
    for link in folded.links:
        source, target = folded.things[link.source].frame, folded.things[link.target].frame
        around = crossing(groups, source, target)[0]
        left, entered = [], []
        while source != around:
            left.append(source)
            source = groups[source].parent
        while target != around:
            entered.append(target)
            target = groups[target].parent
        yield link, around, left, entered[::-1]
