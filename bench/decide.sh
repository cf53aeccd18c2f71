# Decisions over fifty candidates with consent, habits, record and answer, beside nginx answering a constant, in the same run.
. bench/common
nginx=$(command -v nginx || echo /usr/sbin/nginx)
[ -x "$nginx" ] || { echo "decide: nginx is needed beside it: apt-get install nginx-light" >&2; exit 1; }
start_attune "$work/data" 9181
build/attune apply bench/decide --key "$secret" --server http://127.0.0.1:9181 >&2
python3 bench/decide/history.py http://127.0.0.1:9181 "$secret" 5000
cat >"$work/nginx.conf" <<EOF
worker_processes 2; daemon off; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
  server { listen 127.0.0.1:9183; location / { default_type application/json; return 200 '{"decision":"d1","options":[{"value":80}],"why":"a constant"}'; } } }
EOF
"$nginx" -c "$work/nginx.conf" -e "$work/nginx.log" & pids="$pids $!"
wait_port 9183
for round in 1 2 3 4 5; do
  a=$(load --port 9181 --mode decide --key "$secret" --customers 5000 --seconds 3 --connections 32)
  b=$(load --port 9183 --mode get --seconds 3 --connections 32)
  echo "round $round: attune $a" >&2; echo "round $round: nginx  $b" >&2
  echo "$(field "$a" rate) $(field "$b" rate)" >>"$work/rows"
done
# Latency when requests are due at even times: alone, and beside a scan of journeys, a snapshot and a backup.
paced() { load --port 9181 --mode decide --key "$secret" --customers 5000 --seconds 5 --connections 32 --rate 10000; }
sleep 3
echo "at 10,000 a second, alone: $(paced)"
ask() { curl -s -o /dev/null -H "Authorization: Bearer $secret" "$@"; }
(ask "http://127.0.0.1:9181/v1/journeys"; ask -X POST "http://127.0.0.1:9181/v1/snapshot"; ask "http://127.0.0.1:9181/v1/journeys") & pids="$pids $!"
build/attune backup "$work/data" "$work/copy" >/dev/null & pids="$pids $!"
echo "at 10,000 a second, beside a scan, a snapshot and a backup: $(paced)"
# 100,000 of these decisions, made again from the log: all must come out the same.
begun=$(date +%s.%N)
again=$(curl -s -H "Authorization: Bearer $secret" "http://127.0.0.1:9181/v1/decisions/verify?n=100000")
echo "$again" | python3 -c "import json, sys, time; a = json.load(sys.stdin); print('made again: %d of %d the same, in %.1f s' % (a['same'], a['decisions'], time.time() - $begun)); sys.exit(a['same'] != 100000)"
wall
pairs decide decisions/s nginx "$work/rows"
