#!/usr/bin/env bash
# Puts the course into The Littlest JupyterHub of this machine, which has to be there already.
#
#   sudo bash deploy/tljh/install.sh [--dry-run] [--memory 1G] [--cpu 2]
#
# With --dry-run it says every command and does none. Run again, it brings everything up to date.
set -euo pipefail

memory=1G cpu=2 dry_run=no
while [ $# -gt 0 ]; do
  case "$1" in
    --dry-run) dry_run=yes ;;
    --memory) memory=${2:?--memory needs a value such as 1G}; shift ;;
    --cpu) cpu=${2:?--cpu needs a value such as 2}; shift ;;
    *) sed -n '2,6p' "$0" >&2; exit 2 ;;
  esac
  shift
done

checkout=$(cd "$(dirname "$0")/../.." && pwd)
course=/opt/hl7dicom_lab
tljh=/opt/tljh
python=$tljh/user/bin/python

run() {
  printf '+ %s\n' "$*"
  if [ "$dry_run" = no ]; then "$@"; fi
}

stop() {
  printf '%s\n' "$1" >&2
  exit 1
}

if [ "$dry_run" = no ]; then
  [ "$(id -u)" = 0 ] || stop "This writes to /opt: run it with sudo, or with --dry-run to see what it would do."
  [ -x "$python" ] || stop "$python is not there: install The Littlest JupyterHub first, then run this again."
  "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
    stop "$python is not Python 3.11 to 3.13: update The Littlest JupyterHub, then run this again."
fi

# Into the environment of all users. The lab's exact versions, so that the class has what was tested.
run "$python" -m pip install --quiet -c "$checkout/constraints.txt" "$checkout"

# What each learner's server runs, for everybody to read.
run mkdir -p "$course"
run cp "$checkout/deploy/jupyterhub/learner_server.py" "$course/learner_server.py"
run chmod -R go+rX,go-w "$course"

run mkdir -p "$tljh/config/jupyterhub_config.d"
run cp "$checkout/deploy/tljh/hl7dicom_lab.py" "$tljh/config/jupyterhub_config.d/hl7dicom_lab.py"
run tljh-config set limits.memory "$memory"
run tljh-config set limits.cpu "$cpu"
run tljh-config set user_environment.default_app jupyterlab
run tljh-config set services.cull.timeout 5400
run tljh-config reload hub
if [ "$dry_run" = yes ]; then
  printf 'Nothing was done: this was a dry run.\n'
else
  printf 'Done. Log in as a learner, and look whether lesson 00 opens.\n'
fi
