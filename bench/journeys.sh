# The miner on one core, grouping included, beside one pass over the same columns.
. bench/common
ninja -C build bench/bench_journeys >/dev/null
build/bench/bench_journeys
