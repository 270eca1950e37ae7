#!/bin/sh
#SBATCH --job-name=simulation --gres=gpu:1 --cpus-per-task=8 --time=04:00:00
# A server for the length of one job of a batch scheduler: sbatch batch_job.sh python simulation.py
#
# Nobody chooses its port. The address file appears when a worker is warm, and GRIDGRAD_SERVER tells every
# gridgrad.Client() of the job. For a job on several nodes take several_nodes.sh.
set -eu

folder=$(mktemp -d)
gridgrad-server --listen "unix:$folder/socket" --address-file "$folder/address" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true; rm -rf "$folder"' EXIT
trap 'exit 143' INT TERM

until [ -e "$folder/address" ]; do
    kill -0 "$server" 2>/dev/null || { echo "the server did not start; its last lines say why" >&2; exit 1; }
    sleep 0.1
done
GRIDGRAD_SERVER=$(head -n 1 "$folder/address") "$@"
