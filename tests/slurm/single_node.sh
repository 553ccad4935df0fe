#!/bin/sh
# A whole Slurm on this machine, without systemd: munged, slurmctld, slurmd, everything they write below one folder.
#
#   single_node.sh start FOLDER [COMMAND …]   COMMAND runs with SLURM_CONF set; without one: `. FOLDER/environment`
#   single_node.sh stop FOLDER
#
# Needs Debian's slurm-wlm and munge (or the same from elsewhere). FOLDER must not exist and be readable for all.
set -eu
PATH=$PATH:/usr/sbin:/sbin
action=$1
folder=$2
shift 2

stop() {
    for name in slurmd slurmctld munged; do
        if [ -f "$folder/$name.pid" ]; then kill "$(cat "$folder/$name.pid")" 2>/dev/null || true; fi
    done
    if [ -f "$folder/munge/munged.pid" ]; then kill "$(cat "$folder/munge/munged.pid")" 2>/dev/null || true; fi
}

if [ "$action" = stop ]; then
    stop
    exit 0
fi

mkdir -p "$folder/state" "$folder/spool" "$folder/munge"
chmod 755 "$folder" "$folder/munge"
dd if=/dev/urandom bs=1024 count=1 of="$folder/munge/key" 2>/dev/null
chmod 400 "$folder/munge/key"
munged="munged --force --key-file=$folder/munge/key --socket=$folder/munge/socket --pid-file=$folder/munge/munged.pid
    --log-file=$folder/munge/log --seed-file=$folder/munge/seed"
if [ "$(id -u)" = 0 ]; then
    chown -R munge "$folder/munge"
    su -s /bin/sh munge -c "$(echo $munged)"
else
    $munged
fi

port=$((20000 + $$ % 10000 * 2))
host=$(hostname -s)
facts=$(slurmd -C | tr ' ' '\n' | grep -E '^(CPUs|RealMemory)=')
cpus=$(echo "$facts" | sed -n 's/CPUs=//p')
memory=$(($(echo "$facts" | sed -n 's/RealMemory=//p') * 9 / 10))
cat >"$folder/slurm.conf" <<END
ClusterName=single
SlurmctldHost=$host
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
SlurmctldPort=$port
SlurmdPort=$((port + 1))
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=512
MpiDefault=none
ReturnToService=2
KillWait=5
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=$host CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
END
SLURM_CONF=$folder/slurm.conf
export SLURM_CONF
echo "SLURM_CONF=$SLURM_CONF; export SLURM_CONF" >"$folder/environment"
slurmctld
slurmd
tries=0
until sinfo -h -o %t 2>/dev/null | grep -q idle; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        cat "$folder/slurmctld.log" "$folder/slurmd.log" >&2
        stop
        exit 1
    fi
    sleep 0.2
done
if [ $# -gt 0 ]; then
    status=0
    "$@" || status=$?
    stop
    exit $status
fi
