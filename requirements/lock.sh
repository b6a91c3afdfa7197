#!/bin/sh
# Write the lock files anew: every package pinned, with hashes, for every platform.
# Needs uv (https://docs.astral.sh/uv/). Run it from the root of the project.
set -eu
compile() {
  name=$1
  shift
  uv pip compile pyproject.toml requirements/build.in "$@" \
    --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --quiet \
    --output-file "requirements/$name.txt"
}
compile main --only-binary :all:
# the others hold the main one's versions, so that an environment can grow
compile lab --extra lab --constraint requirements/main.txt
compile dvc --extra dvc --constraint requirements/main.txt
compile cluster --extra cluster --constraint requirements/main.txt
compile dev --extra dvc --extra cluster --extra dev --constraint requirements/main.txt
