"""The options of a run, declared once for pytest (`--tf-NAME`) and for `tfbench run` (`--NAME`)."""

from tfbench.bench import own_options
from tfbench.bench.option import Option

OPTIONS = (
    Option(
        name="workload",
        metavar="NAME",
        many=True,
        help="measure only these workloads or groups, such as claims; or a workload file, or a function of any file",
    ),
    Option(name="implementation", metavar="NAME", many=True, help="measure only these implementations"),
    Option(name="param", metavar="NAME=VALUE", many=True, help="take these parameter values, such as n=1000"),
    Option(name="mode", metavar="MODE", many=True, help="measure only these modes: eager, graph, xla"),
    Option(name="device", metavar="KIND", many=True, help="cpu, gpu, tpu, or auto (default): all that seem present"),
    Option(name="replicas", metavar="N", many=True, help="numbers of replicas of distributed workloads"),
    Option(
        name="placement",
        metavar="STRATEGY",
        many=True,
        help="of distributed workloads: mirrored (default), or multi_worker: a process with a core of its own each, "
        "or one on each host of a cluster that TF_CONFIG, Slurm or Kubernetes describes (docs/cluster.md)",
    ),
    Option(
        name="communication",
        metavar="WAY",
        many=True,
        help="how replicas sum their gradients: auto (default), ring, nccl; more than one to compare them",
    ),
    Option(
        name="bytes-per-pack",
        metavar="N",
        many=True,
        help="of multi_worker: sum gradients in packs of about so many bytes; 0 (default) for all in one",
    ),
    Option(
        name="threads",
        metavar="N",
        many=True,
        help="on the CPU: give a worker so many cores of its own, and as many threads; 1,2,4 sweeps them",
    ),
    Option(name="invocations", metavar="K", help="fresh processes for each group of cases (default 5; quick 1)"),
    Option(
        name="budget", metavar="SECONDS", help="time for the rounds of a group, each invocation (default 4; quick 3)"
    ),
    Option(
        name="precision",
        metavar="PERCENT",
        help="measure until the 95%% interval of each speed-up is at most this wide to either side, such as 2%%",
    ),
    Option(name="max-invocations", metavar="N", help="with --precision: at most so many fresh processes (default 20)"),
    Option(
        name="python",
        metavar="LABEL=PATH",
        many=True,
        words=True,
        help="measure in this Python, such as new=/venvs/new/bin/python; give two to compare them in turns",
    ),
    Option(name="timeout", metavar="SECONDS", help="how long a worker may be silent before it is ended (default 300)"),
    Option(name="out", metavar="DIR", help="folder for results (default results)"),
    Option(
        name="resume",
        metavar="RUN",
        help="go on with a run: measure what is missing or failed in it, with its own options, into its folder",
    ),
    Option(
        name="quick", help="a first look: 1 invocation, small budget, wide spread, nothing but rounds and first calls"
    ),
    Option(name="timing-only", help="leave out what is measured beside the times: costs and call sequences"),
    Option(
        name="profile",
        help="after timing, trace some steps of each case for TensorBoard and for report --table ops",
    ),
    Option(name="full", help="take every value of each parameter instead of the first"),
    Option(
        name="workloads",
        metavar="PATH",
        many=True,
        words=True,
        help="Python file that defines WORKLOADS; its code is run",
    ),
    *own_options.OPTIONS,
    Option(name="fashion-mnist", metavar="DIR", shared=True, help="folder with Fashion-MNIST's own idx files"),
)
