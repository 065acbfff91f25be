#!/bin/sh
# Makes the user that the app runs as, and folders that belong to it: add_user.sh NAME UID FOLDER...
set -eu
name=$1 uid=$2
shift 2
useradd --create-home --uid "$uid" "$name"
install --directory --owner "$name" --group "$name" "$@"
