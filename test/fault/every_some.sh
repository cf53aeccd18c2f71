#!/bin/sh
# Every 50th fault of every.c, others with every commit. usage: every_some.sh PATH-OF-EVERY
first=$(git -C "$(dirname "$0")" rev-parse HEAD 2>/dev/null | cut -c1-4)
exec "$1" --every 50 --start $((0x${first:-0} % 50))
