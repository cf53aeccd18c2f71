# Batches of 100 events, durable and unsealed (bench trust has them sealed), beside the limit program in the same run.
. bench/common
start_attune "$work/data" 9181 --seal off
build/bench/bench_limit "$work/limit" 9182 >/dev/null & pids="$pids $!"
wait_port 9182
for round in 1 2 3 4 5; do
  a=$(load --port 9181 --mode batch --key "$secret" --seconds 3 --connections 16); b=$(load --port 9182 --mode batch --seconds 3 --connections 16)
  echo "round $round: attune $a" >&2; echo "round $round: limit  $b" >&2
  echo "$(field "$a" rate) $(field "$b" rate)" >>"$work/rows"
done
pairs collect-batch events/s "the limit program" "$work/rows"
