"""Judge whether a machine can give trustworthy benchmarks: facts in, one line a topic out. No TensorFlow here."""

from collections.abc import Callable
from dataclasses import dataclass

from packaging.version import Version
from tfbench.bench.case import GPU, TPU
from tfbench.bench.doctor_worker import DRIVER
from tfbench.bench.facts import Broken, Facts, Hardware, Seen
from tfbench.bench.noise import SLOW
from tfbench.bench.packages import PLUGIN, unmet

OK, WARNING, PROBLEM = "ok", "warning", "problem"

INSTALL_DRIVER = "install NVIDIA's driver, or start the container with --gpus all"
INSTALL_CUDA = 'pip install "tfbench[cuda]"'
XPROF_SINCE = Version("2.20")  # the plugin's first release that is xprof under another name

BUSY_SHARE, STEAL_SHARE = 0.10, 0.02
SPREAD_SHARE, SLOW_SHARE, LOST_SHARE, WILD_SHARE = 0.05, 0.05, 0.10, 0.30
FINE_TIMER_S, COARSE_TIMER_S = 1e-6, 1e-4
FREE_BYTES = 10**9
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Say how one thing is.

    Attributes:
        topic: what was looked at.
        level: `ok`, `warning` or `problem`.
        text: what was found.
        next_step: what to do about it; empty where all is well.
    """

    topic: str
    level: str
    text: str
    next_step: str = ""


def percent(share: float) -> str:
    """Write a share: `1.5 %`."""
    return f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """Write a short time: `40 ns`, `138 µs`, `2.5 ms`."""
    scale, unit = next((it for it in ((1e-3, "ms"), (1e-6, "µs")) if seconds >= it[0]), (1e-9, "ns"))
    return f"{seconds / scale:.3g} {unit}"


def count(number: int, noun: str) -> str:
    """Write a number of things: `1 core`, `2 cores`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def minor(version: str) -> str:
    """Give the first two numbers: `2.21` of `2.21.0`."""
    return ".".join(version.split(".")[:2])


def tensorflow(facts: Facts) -> Line:
    """Tell whether TensorFlow can be imported, and whether Keras computes with it."""
    seen = facts.tensorflow
    if isinstance(seen, Broken):
        step = 'python -P -c "import tensorflow, keras" shows the whole error; pip install tfbench brings both'
        return Line(topic="tensorflow", level=PROBLEM, text=f"cannot be imported: {seen.reason}", next_step=step)
    text = f"{seen.tensorflow}, imported with Keras in {seen.import_s:.1f} s"
    if seen.keras_backend == "tensorflow":
        return Line(topic="tensorflow", level=OK, text=text)
    step = "set KERAS_BACKEND=tensorflow, or change ~/.keras/keras.json"
    return Line(topic="tensorflow", level=PROBLEM, text=f"{text}, which runs on {seen.keras_backend}", next_step=step)


def devices(facts: Facts) -> Line:
    """Tell which devices TensorFlow sees, and why not more."""
    seen, there = facts.tensorflow, facts.hardware
    if isinstance(seen, Broken):
        kinds = " and ".join(there.kinds)
        text = f"the system shows {kinds}; what TensorFlow sees is not known"
        return Line(topic="devices", level=WARNING, text=text, next_step="make TensorFlow importable first")
    if seen.gpus:
        return _some_gpus(seen, there)
    if there.nvidia:
        return _no_gpu(seen, there)
    return _no_driver(there)


def _some_gpus(seen: Seen, there: Hardware) -> Line:
    names = ", ".join(dict.fromkeys(seen.gpus))
    text = f"{count(len(seen.gpus), 'GPU')}: {names}"
    if len(seen.gpus) < there.nvidia:
        text = f"TensorFlow sees {len(seen.gpus)} of {there.nvidia} GPUs: {names}"
        if there.visible is None:
            step = "nvidia-smi tells which GPU is lost; TensorFlow leaves out those it considers too slow"
            return Line(topic="devices", level=WARNING, text=text, next_step=step)
        text += f" (CUDA_VISIBLE_DEVICES={there.visible})"
    if GPU not in there.kinds:
        step = "name it: tfbench run --device gpu"
        return Line(topic="devices", level=WARNING, text=f"{text}; --device auto misses it", next_step=step)
    return Line(topic="devices", level=OK, text=text)


def _no_gpu(seen: Seen, there: Hardware) -> Line:
    """Say why TensorFlow sees none of the GPUs that have a driver."""
    text = f"TensorFlow sees none of {count(there.nvidia, 'NVIDIA GPU')}"
    if there.visible is not None and (not there.visible or there.visible.startswith("-")):
        hidden = f"{text}: CUDA_VISIBLE_DEVICES={there.visible!r} hides them"
        return Line(topic="devices", level=WARNING, text=hidden, next_step="unset CUDA_VISIBLE_DEVICES to use them")
    if not seen.cuda:
        cause = "this build is for the CPU only"
        step = f"install tensorflow instead of tensorflow-cpu: {INSTALL_CUDA}"
    elif seen.missing:
        cause = f"cannot load {', '.join(sorted(seen.missing, key=lambda name: name not in DRIVER))}"
        steps = [INSTALL_DRIVER] * any(name in DRIVER for name in seen.missing)
        steps += [INSTALL_CUDA] * any(name not in DRIVER for name in seen.missing)
        step = "; ".join(steps)
    elif seen.complaints:
        cause, step = seen.complaints[0], "nvidia-smi should show the GPU; if it does not, reinstall the driver"
    else:
        cause, step = "it does not say why", "nvidia-smi should show the GPU; if it does, TF_CPP_MAX_VLOG_LEVEL=1 tells"
    return Line(topic="devices", level=PROBLEM, text=f"{text}: {cause}", next_step=step)


def _no_driver(there: Hardware) -> Line:
    """Tell of accelerators that TensorFlow has no chance to see, or that there is none."""
    if there.nvidia_pci:
        text = f"CPU only: {count(there.nvidia_pci, 'NVIDIA GPU')} on the PCI bus, but no driver is loaded"
        return Line(topic="devices", level=WARNING, text=text, next_step=f"to use a GPU, {INSTALL_DRIVER}")
    if GPU in there.kinds:
        text = "CPU only: an AMD GPU is there, but TensorFlow's own wheels are for NVIDIA"
        return Line(topic="devices", level=WARNING, text=text, next_step="to use a GPU, install AMD's tensorflow-rocm")
    if TPU in there.kinds:
        return Line(topic="devices", level=OK, text="CPU and TPU; TensorFlow connects to the TPU only in a run")
    return Line(topic="devices", level=OK, text="CPU only: no GPU found on this machine")


def cores(facts: Facts) -> Line:
    """Tell how many cores this process has; TensorFlow starts a thread for each usable one, whatever the quota."""
    there, usable = facts.cores, len(facts.cores.usable)
    limit = "no quota" if there.quota is None else f"a quota of {there.quota:g}"
    text = f"{usable} of {count(there.logical, 'core')} usable, {limit}"
    if there.quota is not None and there.quota < usable:
        text += f"; TensorFlow starts threads for {usable} all the same, and all stop when the quota is used up"
        chosen = ",".join(str(core) for core in there.usable[: max(1, int(there.quota))])
        step = f"raise the quota, or use as many cores as it allows: taskset -c {chosen} tfbench ..."
        return Line(topic="cores", level=WARNING, text=text, next_step=step)
    if 2 * usable < there.logical:
        text += "; TensorFlow starts threads for these only"
        step = "fine if on purpose (taskset, Slurm, a container): compare only with runs on the same cores"
        return Line(topic="cores", level=WARNING, text=text, next_step=step)
    return Line(topic="cores", level=OK, text=text)


def governor(facts: Facts) -> Line:
    """Tell whether the processor may lower its clock when it has little to do."""
    there = facts.clock
    if not there.governors:
        return Line(topic="governor", level=OK, text="not told (virtual machine?)")
    turbo = "" if there.turbo is None else f", turbo {'on' if there.turbo else 'off'}"
    text = f"{', '.join(there.governors)}{turbo}"
    if there.governors == ("performance",):
        return Line(topic="governor", level=OK, text=text)
    step = "sudo cpupower frequency-set -g performance"
    return Line(topic="governor", level=WARNING, text=f"{text}: the clock follows the load", next_step=step)


def load(facts: Facts) -> Line:
    """Tell what else takes the cores' time."""
    now, usable = facts.conditions, len(facts.cores.usable)
    text = f"other processes {percent(now.others_share)} of {count(usable, 'core')}, "
    text += f"hypervisor {percent(now.steal_share)}, load average {now.load_1m:g}"
    steps = []
    if now.others_share > BUSY_SHARE or now.load_1m > facts.cores.logical + 1:
        steps.append("see with top what runs, and stop it or wait")
    if now.steal_share > STEAL_SHARE:
        steps.append("the host is shared: take a machine with cores of its own")
    if now.throttled:
        text += f", throttled {count(now.throttled, 'time')}"
        steps.append("throttled by heat or by a quota: cool the processor, raise the quota")
    return Line(topic="load", level=WARNING if steps else OK, text=text, next_step="; ".join(steps))


def timer(facts: Facts) -> Line:
    """Tell the smallest time that the clock can tell apart."""
    step_s = facts.timer_s
    if not step_s:
        return Line(topic="timer", level=OK, text="not told")
    text = f"the clock moves in steps of {duration(step_s)}"
    if step_s < FINE_TIMER_S:
        return Line(topic="timer", level=OK, text=text)
    level = WARNING if step_s < COARSE_TIMER_S else PROBLEM
    step = "on Linux, /sys/devices/system/clocksource/clocksource0/current_clocksource should say tsc"
    return Line(topic="timer", level=level, text=text, next_step=step)


def noise(facts: Facts) -> Line:
    """Tell how much the times of equal work differ."""
    it = facts.noise
    text = f"equal work: drift {percent(it.spread_share)} in {it.seconds:g} s, IQR {percent(it.iqr_share)}, "
    text += f"{percent(it.slow_share)} over {SLOW:g} x the median of {duration(it.median_s)}, "
    text += f"{percent(it.lost_share)} of the time lost"
    if max(it.spread_share, it.lost_share) > WILD_SHARE:
        step = "do not measure now: see the other lines for a cause, or take a quieter machine"
        return Line(topic="noise", level=PROBLEM, text=text, next_step=step)
    if it.spread_share > SPREAD_SHARE or it.slow_share > SLOW_SHARE or it.lost_share > LOST_SHARE:
        step = "stop other programs; raise --invocations, and trust no difference smaller than the drift"
        return Line(topic="noise", level=WARNING, text=text, next_step=step)
    return Line(topic="noise", level=OK, text=text)


def versions(facts: Facts) -> Line:
    """Tell whether the packages fit what tfbench, TensorFlow and TensorBoard require."""
    lacking = unmet(facts.packages)
    if not lacking:
        names = ("tensorflow", "keras", "numpy", "protobuf")
        found = [f"{name} {facts.packages.installed[name]}" for name in names if name in facts.packages.installed]
        return Line(topic="versions", level=OK, text=f"{', '.join(found)} fit each other")
    text = "; ".join(f"{it.by} needs {it.name}{it.wanted}, found {it.found or 'none'}" for it in lacking[:SHOWN])
    text += f"; and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
    step = " ".join(["pip install", *dict.fromkeys(f'"{it.name}{it.wanted}"' for it in lacking)])
    return Line(topic="versions", level=WARNING, text=text, next_step=step)


def tensorboard(facts: Facts) -> Line:
    """Tell whether TensorBoard is there and of TensorFlow's minor version."""
    found, own = (facts.packages.installed.get(name) for name in ("tensorboard", "tensorflow"))
    step = f'pip install "tensorboard=={minor(own)}.*"' if own else "pip install tensorboard"
    if found is None:
        text = "not installed, and TensorFlow no longer brings it: profiles cannot be shown"
        return Line(topic="tensorboard", level=WARNING, text=text, next_step=step)
    if own and minor(found) != minor(own):
        text = f"{found} belongs to another TensorFlow than {own}"
        return Line(topic="tensorboard", level=WARNING, text=text, next_step=step)
    return Line(topic="tensorboard", level=OK, text=found)


def profile_plugin(facts: Facts) -> Line:
    """Tell whether TensorBoard will have a Profile tab: xprof brings it, alone or as tensorboard-plugin-profile."""
    there, tab = facts.packages.installed, facts.packages.profile_tab
    step = f'pip install --upgrade "{PLUGIN}>={XPROF_SINCE}"'
    if not tab:
        text = "not installed: TensorBoard has no Profile tab"
        return Line(topic="profile plugin", level=WARNING, text=text, next_step=step)
    own = there.get(PLUGIN, "0") if PLUGIN in tab else None
    if own is not None and Version(own) < XPROF_SINCE:
        text = f"{PLUGIN} {own} is from before xprof, not made for this TensorFlow"
        return Line(topic="profile plugin", level=WARNING, text=text, next_step=step)
    text = ", ".join(f"{name} {there[name]}" if name in there else name for name in tab)
    return Line(topic="profile plugin", level=OK, text=text)


def disk(facts: Facts) -> Line:
    """Tell whether results can be kept."""
    there = facts.disk
    text = f"{there.folder}: {there.free_bytes / 1e9:.1f} GB free"
    if not there.writable:
        text = f"{there.folder} cannot be written here"
    elif there.free_bytes > FREE_BYTES:
        return Line(topic="disk", level=OK, text=text)
    return Line(topic="disk", level=WARNING, text=text, next_step="keep results elsewhere: tfbench run --out FOLDER")


CHECKS: tuple[Callable[[Facts], Line], ...] = (
    tensorflow,
    devices,
    cores,
    governor,
    load,
    timer,
    noise,
    versions,
    tensorboard,
    profile_plugin,
    disk,
)


def examine(facts: Facts) -> tuple[Line, ...]:
    """Judge everything, one line a topic."""
    return tuple(check(facts) for check in CHECKS)
