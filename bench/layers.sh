# A ripple through 10,000 nodes, the whole process with reading its files, beside checking the same files.
. bench/common
mkdir "$work/nodes"
python3 bench/layers.py "$work/nodes" build/attune >"$work/rounds"
pairs layers us "checking the files" "$work/rounds"
