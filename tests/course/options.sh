#!/bin/bash
# A harness like that of 2025, in short. It runs in the project's root and in namespaces of its own
# (tests/course/namespaces.py), because it kills by name.
#
# Usage: options.sh N CASE [ACCEPTORS [BATCH]] - two clients broadcast N values each, and all that
# learners write is compared; CASE: run, catchup, loss. PAUSE_S: between the roles. WAIT_S: at most,
# for deliveries.
set -u
n=$1 case=$2 acceptors=${3:-3} batch=${4:-}
pause_s=${PAUSE_S:-1} wait_s=${WAIT_S:-60}
group=239.1.2.3

fail() {
    echo "fails: $*"
    exit 1
}

start() { # ROLE ID [INPUT]
    python3 src/main.py -r "$1" -p "$2" ${batch:+-b "$batch"} ${DEBUG:+--debug} \
        &>"logs/$1$2.log" <"${3:-/dev/null}" &
}

end() { printf '"%s": {"ip": "%s", "port": %s}' "$1" "$group" "$2"; }

ip link set lo up || fail "no loopback"
mkdir -p logs && touch logs/learner1.log logs/learner2.log
cat >logs/config.json <<JSON
{"n": "$acceptors", $(end clients 5000), $(end proposers 6000), $(end acceptors 7000), $(end learners 8000)}
JSON
if [ "$case" = loss ]; then
    iptables -A INPUT -d $group -m statistic --mode random --probability 0.1 -j DROP \
        || fail "no iptables"
fi

for i in $(seq "$acceptors"); do start acceptor "$i"; done
for i in 1 2; do start proposer "$i"; done
[ "$case" = catchup ] || start learner 1
start learner 2
sleep "$pause_s"
began=$(date +%s%N)
for i in 1 2; do
    seq "$n" | awk -v client="$i" '{ print "value " $1 " of " client }' >"logs/values$i.log"
    start client "$i" "logs/values$i.log"
done
if [ "$case" = catchup ]; then
    sleep "$pause_s"
    start learner 1
fi
for i in 1 2; do
    left=$((wait_s * 10))
    until [ "$(wc -l <"logs/learner$i.log")" -ge $((2 * n)) ]; do
        [ $((left -= 1)) -gt 0 ] || fail "learner $i has $(wc -l <"logs/learner$i.log") values"
        sleep 0.1
    done
done
echo "delivered after $((($(date +%s%N) - began) / 1000000)) ms"
[ "$case" = loss ] && iptables -nvxL INPUT | awk '/DROP/ { print "lost " $1 " datagrams" }'
running=$(pgrep -fc "python3 src/main.py")
[ "$running" -ge $((acceptors + 4)) ] || fail "of all processes $running are called as they should be"
pkill -f "python3 src/main.py"
wait

cmp logs/learner1.log logs/learner2.log || fail "learners differ"
sort logs/learner1.log | cmp - <(sort logs/values1.log logs/values2.log) || fail "not what was broadcast"
echo "passes"
