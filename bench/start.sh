# A start after kill -9 under full load: a million customers, twenty million events, beside reading the same log once.
. bench/common
customers=${ATTUNE_BENCH_CUSTOMERS:-1000000} events=${ATTUNE_BENCH_EVENTS:-20000000}
metric() { curl -s http://127.0.0.1:9181/metrics | sed -n "s/^$1 //p"; }
start_attune "$work/data" 9181
while [ "$(metric attune_events_accepted_total)" -lt "$events" ]; do
  load --port 9181 --mode batch --key "$secret" --customers "$customers" --seconds 10 --connections 16 >&2
done
load --port 9181 --mode batch --key "$secret" --customers "$customers" --seconds 600 --connections 16 >/dev/null 2>&1 & loader=$!
sleep 3
rss=$(awk '/RssAnon/ {print $2 * 1024}' "/proc/$attune_pid/status")
echo "$(metric attune_customers) customers, $(metric attune_events) events, $(metric attune_state_bytes) bytes of states, $rss bytes in memory" >&2
kill -9 "$attune_pid"; wait "$attune_pid" "$loader" 2>/dev/null || true
anchor=$( { TIMEFORMAT=%R; time cat "$work"/data/log/*.segment >/dev/null; } 2>&1)
begun=$(date +%s.%N)
build/attune serve "$work/data" --port 9181 --log-level warning & pids="$pids $!"
until curl -sf http://127.0.0.1:9181/readyz >/dev/null; do sleep 0.02; done
took=$(python3 -c "import time; print('%.2f' % (time.time() - $begun))")
printf '%-28s %14s\n' "customers" "$(metric attune_customers)" "events" "$(metric attune_events)" "records replayed" "$(metric attune_replayed_records)" \
  "seconds until it answers" "$took" "seconds to read the log once" "$anchor"
echo "start: $took s (ratio $(python3 -c "print('%.3f' % ($anchor / $took))") to reading the log once)"
