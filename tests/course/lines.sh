#!/bin/sh
# A harness like those of 2016 to 2024, in short. It runs in the harness's folder and in namespaces of
# its own (tests/course/namespaces.py), because it kills by name.
#
# Usage: lines.sh PROJECT N CASE - two clients broadcast N values each, and learners' outputs are
# compared; CASE: run, catch-up, loss, two-acceptors, one-acceptor, or kill with a signal (kill-TERM).
# PAUSE_S: between the roles. WAIT_S: at most, for deliveries.
set -u
project=$1 n=$2 case=$3
pause_s=${PAUSE_S:-1} wait_s=${WAIT_S:-60}
conf=$PWD/paxos.conf

fail() {
    echo "fails: $*"
    exit 1
}

generate() { seq "$n" | awk -v client="$1" '{ print client * 1000003 + $1 * 7919 % 1000003 }'; }

start() { # ROLE ID
    exec "./$1.sh" "$2" "$conf"
}

# What is delivered, waited for in steps of 0.1 s: FILE LINES
delivered() {
    left=$((wait_s * 10))
    until [ "$(wc -l <"$1")" -ge "$2" ]; do
        [ $((left -= 1)) -gt 0 ] || fail "$1 has $(wc -l <"$1") of $2 values after $wait_s s"
        sleep 0.1
    done
}

ip link set lo up || fail "no loopback"
cd "$project" || fail "no project"
generate 1 >../prop1
generate 2 >../prop2
: >../learn1 >../learn2
if [ "$case" = loss ]; then
    iptables -A INPUT -d 239.0.0.1 -m statistic --mode random --probability 0.1 -j DROP \
        || fail "no iptables"
fi

acceptors="1 2 3"
[ "$case" = two-acceptors ] && acceptors="1 2"
[ "$case" = one-acceptor ] && acceptors="1"
for i in $acceptors; do start acceptor "$i" & done
sleep "$pause_s"
start learner 1 >../learn1 &
[ "$case" = catch-up ] || start learner 2 >../learn2 &
sleep "$pause_s"
start proposer 1 &
start proposer 2 &
sleep "$pause_s"
began=$(date +%s%N)
start client 1 <../prop1 &
case $case in
catch-up)
    delivered ../learn1 "$n"
    start learner 2 >../learn2 &
    ;;
kill-*)
    pgrep -f "./acceptor.sh 2" >../killed || fail "nothing is called ./acceptor.sh 2"
    pkill "-${case#kill-}" -f "./acceptor.sh 2"
    ;;
esac
start client 2 <../prop2 &
if [ "$case" = one-acceptor ]; then
    # Nothing may be delivered, so the traces tell when there was something to deliver.
    until grep -qs Phase1b "$PAXOS_RUN_DIR"/acceptor-1.*.ndjson \
        && grep -qs Broadcast "$PAXOS_RUN_DIR"/client-2.*.ndjson; do sleep 0.1; done
else
    delivered ../learn1 $((2 * n))
    delivered ../learn2 $((2 * n))
    echo "delivered after $((($(date +%s%N) - began) / 1000000)) ms"
fi
[ "$case" = loss ] && iptables -nvxL INPUT | awk '/DROP/ { print "lost " $1 " datagrams" }'
pkill -f "$conf"
wait

cmp ../learn1 ../learn2 || fail "learners differ"
[ "$case" = one-acceptor ] && n=0
sort ../learn1 >../got
cat ../prop1 ../prop2 | sort | head -n $((2 * n)) | cmp - ../got || fail "not what was broadcast"
echo "passes"
