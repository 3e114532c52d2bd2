#!/usr/bin/env bash
# Starts a workbench and gives its address and a key to the steps that follow.
set -euo pipefail
data=$RUNNER_TEMP/workbench
ready=$RUNNER_TEMP/workbench.json
keybench serve --data "$data" --seed demo --listen 127.0.0.1:0 > "$ready" 2> "$RUNNER_TEMP/workbench.log" &
server=$!
until [ -s "$ready" ]; do
  kill -0 "$server" 2> /dev/null || { cat "$RUNNER_TEMP/workbench.log" >&2; exit 1; }
  sleep 0.1
done
url=$(jq -r .url "$ready")
key=$(jq -r '.[] | select(.username == "owner") | .api_key' "$data/credentials.json")
echo "::add-mask::$key"
{
  echo "CDSW_API_URL=$url/api/v1"
  echo "CDSW_DOMAIN=${url#*://}"
  echo "CDSW_APIV2_KEY=$key"
  echo "KEYBENCH_URL=$url"
  echo "KEYBENCH_API_KEY=$key"
} >> "$GITHUB_ENV"
