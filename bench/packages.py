"""Tell which packages are installed and whether they fit each other. No TensorFlow here."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

PLUGIN = "tensorboard-plugin-profile"
WATCHED = ("tfbench", "tensorflow", "keras", "tensorboard", PLUGIN, "xprof")


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """Hold what is installed.

    Attributes:
        installed: the version of each distribution, by its normalised name.
        requires: what those of `WATCHED` that are installed require, as they say it.
        profile_tab: the distributions that bring TensorBoard's Profile tab.
    """

    installed: dict[str, str]
    requires: dict[str, tuple[str, ...]]
    profile_tab: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """Name a requirement that is not met.

    Attributes:
        by: the distribution that requires it.
        name, wanted: what is required, and in which versions.
        found: the installed version; empty where there is none.
    """

    by: str
    name: str
    wanted: str
    found: str


def is_version(text: str) -> bool:
    """Tell whether a version can be compared."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _requires(name: str) -> tuple[str, ...]:
    try:
        return tuple(metadata.requires(name) or ())
    except metadata.PackageNotFoundError:
        return ()


def gather() -> Packages:
    """Look at this Python's installed packages."""
    installed: dict[str, str] = {}
    for found in metadata.distributions():
        said = found.metadata
        if "Name" in said and "Version" in said and is_version(said["Version"]):  # else broken remains
            installed.setdefault(canonicalize_name(said["Name"]), said["Version"])  # the first is the one imported
    tabs = metadata.entry_points(group="tensorboard_plugins", name="profile")
    return Packages(
        installed=installed,
        requires={name: _requires(name) for name in WATCHED if name in installed},
        profile_tab=tuple(sorted({canonicalize_name(tab.dist.name) for tab in tabs if tab.dist is not None})),
    )


def _requirements(texts: tuple[str, ...]) -> Iterator[Requirement]:
    """Read those that hold here and belong to no extra."""
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def unmet(packages: Packages) -> tuple[Unmet, ...]:
    """Give the requirements of the watched packages that are not met, as `pip check` would."""
    return tuple(
        Unmet(by=by, name=name, wanted=str(requirement.specifier), found=found)
        for by, texts in packages.requires.items()
        for requirement in _requirements(texts)
        for name in [canonicalize_name(requirement.name)]
        for found in [packages.installed.get(name, "")]
        if not found or not requirement.specifier.contains(found, prereleases=True)
    )
