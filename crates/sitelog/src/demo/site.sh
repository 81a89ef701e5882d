#!/bin/sh
# Provisions a few files; the last one fails, as some always do.
set -eu
for name in network database web-0 web-1; do
  echo "$name: creating"
  mkdir -p site && date > "site/$name"
  echo "$name: created"
done
echo "smoke-test: GET /healthz: connection refused" >&2
exit 7
