#!/usr/bin/env bash
# Runs the suite under a real Slurm on this machine, two tasks: `make test-slurm`. As root on Debian; not part of `make test`.
# Its daemons, keys and logs live in one temporary folder, and are gone at the end. Options go to `tfbench run`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tfbench="$PWD/.venv/bin/tfbench"
tasks=2

die() { echo "test-slurm: $*" >&2; exit 1; }
[[ $EUID -eq 0 ]] || die "starts Slurm's daemons, so it must run as root"
(( $(nproc) >= tasks )) || die "$tasks tasks with a core each need $tasks cores, this machine has $(nproc)"

if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null || ! command -v munged >/dev/null; then
  command -v apt-get >/dev/null || die "install munge, slurmctld, slurmd and slurm-client first"
  echo "== installing Slurm"
  apt-get update -qq
  apt-get install --no-install-recommends -y -qq munge slurmctld slurmd slurm-client >/dev/null
fi

home="$(mktemp -d /run/tfbench-slurm.XXXXXX)"
pids=()
clean_up() {
  local code=$?
  if (( code != 0 )); then tail -n 20 "$home"/*.log >&2 || true; fi
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$home"
  exit "$code"
}
trap clean_up EXIT
chmod 755 "$home"
mkdir "$home/state" "$home/spool"

head -c 1024 /dev/urandom >"$home/munge.key"
chmod 600 "$home/munge.key"
munged --foreground --force --key-file="$home/munge.key" --socket="$home/munge.socket" --pid-file="$home/munged.pid" \
  --seed-file="$home/munge.seed" --log-file="$home/munged.log" >>"$home/munged.out.log" 2>&1 &
pids+=($!)

node="$(hostname -s)"
cat >"$home/slurm.conf" <<CONF
ClusterName=tfbench
SlurmctldHost=$node
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$home/munge.socket
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$home/slurm.conf"
slurmctld -D >>"$home/slurmctld.out.log" 2>&1 &
pids+=($!)
slurmd -D -N "$node" >>"$home/slurmd.out.log" 2>&1 &
pids+=($!)

for _ in $(seq 100); do
  [[ "$(sinfo -h -o %T 2>/dev/null)" == idle ]] && break
  sleep 0.2
done
echo "== Slurm $(slurmctld -V | cut -d' ' -f2): $(sinfo -h -o '%N is %T with %c CPUs')"
[[ "$(sinfo -h -o %T)" == idle ]] || die "the node did not come up within 20 s"

out="$home/results"
options=("$@")
(( ${#options[@]} )) || options=(distributed --quick)
echo "== srun -n $tasks -l tfbench run ${options[*]}"
timeout 600 srun -n "$tasks" -l "$tfbench" run "${options[@]}" --out "$out"
runs=("$out"/2*)
(( ${#runs[@]} == 1 )) || die "${#runs[@]} runs were written, not one by the first task alone"
echo "== one run, by the first task"
"$tfbench" report "$out" --table scaling
mkdir -p results
cp -r "${runs[0]}" results/
echo "== kept as results/$(basename "${runs[0]}")"
