# One event a request, durable, beside the limit program in the same run.
. bench/common
start_attune "$work/data" 9181
build/bench/bench_limit "$work/limit" 9182 >/dev/null & pids="$pids $!"
wait_port 9182
for round in 1 2 3 4 5; do
  a=$(load --port 9181 --mode track --key "$secret" --seconds 3); b=$(load --port 9182 --mode track --seconds 3)
  echo "round $round: attune $a" >&2; echo "round $round: limit  $b" >&2
  echo "$(field "$a" rate) $(field "$b" rate)" >>"$work/rows"
done
# Latency when requests are due at even times: ours while snapshots run, the limit program's with nothing beside it. Both
# wait for the same disk, whose syncs decide the slowest hundredth: so it is rounds and medians here too.
sleep 3
for round in 1 2 3 4 5; do
  (for _ in 1 2 3; do curl -s -o /dev/null -X POST -H "Authorization: Bearer $secret" http://127.0.0.1:9181/v1/snapshot; sleep 0.5; done) & snapshots=$!
  a=$(load --port 9181 --mode track --key "$secret" --connections 32 --seconds 3 --rate 10000); wait $snapshots
  b=$(load --port 9182 --mode track --connections 32 --seconds 3 --rate 10000)
  echo "$(field "$a" p99_us) $(field "$b" p99_us)" >>"$work/latencies"
done
echo "p99 at 10,000 a second, while snapshots run:"
pairs collect-p99 us "the limit program" "$work/latencies"
pairs collect events/s "the limit program" "$work/rows"
