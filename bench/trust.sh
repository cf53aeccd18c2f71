# What trust costs: sealed collecting beside unsealed in the same run; one customer's consents, export and erasure, with 10,000 events.
. bench/common
start_attune "$work/open" 9182 --seal off; open=$secret
start_attune "$work/data" 9181
for round in 1 2 3 4 5; do
  a=$(load --port 9181 --mode batch --key "$secret" --seconds 3 --connections 16); b=$(load --port 9182 --mode batch --key "$open" --seconds 3 --connections 16)
  echo "round $round: sealed   $a" >&2; echo "round $round: unsealed $b" >&2
  echo "$(field "$a" rate) $(field "$b" rate)" >>"$work/rows"
done
build/attune apply demo/harbour --key "$secret" --server http://127.0.0.1:9181 >&2
python3 bench/trust/one_customer.py http://127.0.0.1:9181 "$secret" 10000
wall
pairs trust "sealed events/s" "the same unsealed" "$work/rows"
