#!/bin/sh
#SBATCH --job-name=simulation --nodes=4 --ntasks-per-node=1 --cpus-per-task=8 --time=04:00:00
# A server on each node of one job of a batch scheduler: sbatch several_nodes.sh python simulation.py
#
# The program runs on the first node, and GRIDGRAD_SERVER tells every gridgrad.Client() of it the addresses of all
# servers, which take turns. Each server writes its own to a folder that all nodes see, once a worker is warm.
# With GPUs add --gpus-per-node; --partition, --account and the like as your cluster wants them.
set -eu

folder=$(mktemp -d -p "${SLURM_SUBMIT_DIR:-.}")
# --overlap leaves the nodes to the program too, should it call srun itself
srun --overlap --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 sh -c '
    exec gridgrad-server --listen "$(hostname):0" --address-file "$0/$SLURM_PROCID.address"
' "$folder" &
servers=$!
trap 'kill "$servers" 2>/dev/null || true; wait "$servers" || true; rm -rf "$folder"' EXIT
trap 'exit 143' INT TERM

until [ "$(find "$folder" -name '*.address' | wc -l)" -eq "$SLURM_JOB_NUM_NODES" ]; do
    kill -0 "$servers" 2>/dev/null || { echo "a server did not start; its last lines say why" >&2; exit 1; }
    sleep 0.1
done
GRIDGRAD_SERVER=$(cat "$folder"/*.address | paste -s -d , -) "$@"
