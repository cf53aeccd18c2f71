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
pairs collect events/s "the limit program" "$work/rows"
