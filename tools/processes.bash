#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by the tools that run relay and clients as real processes over loopback UDP; $build is their build folder.
# A case that starts something waits for the line it prints, never for time; every process has a time limit.
# shellcheck disable=SC2034,SC2154 # what is set here is used there, and the other way round
bin=$build/bin
# Every process runs under timeout(1) --foreground: else a signal to it would reach the program twice.
work=$(mktemp -d)
export XDG_DATA_HOME=$work/data # who they are and whom they met: nobody from outside
pids=()
# shellcheck disable=SC2317 # called by the trap
finish() {
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
    wait
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "$(basename "$0"): $case: $1" >&2
    for log in "$work"/*.log; do
        [ ! -s "$log" ] || sed "s|^|$(basename "$log"): |" "$log" >&2
    done
    exit 1
}

# start NAME PROGRAM ARGUMENT...: runs it and waits for its first line, then in $line; its standard output is $NAME_out.
start() {
    local name=$1
    shift
    rm -f "$work/$name.fifo"
    mkfifo "$work/$name.fifo"
    timeout --foreground -k 5 60 "$bin/$1" "${@:2}" >"$work/$name.fifo" 2>"$work/$name.log" &
    pids+=($!)
    declare -g "${name}_pid=$!"
    exec {descriptor}<"$work/$name.fifo"
    declare -g "${name}_out=$descriptor"
    read -r -t 20 -u "$descriptor" line || fail "$name did not start"
}

# stop NAME: SIGTERM, the rest of its output, exit 0.
stop() {
    local pid=${1}_pid out=${1}_out
    kill -TERM "${!pid}"
    rest=$(cat <&"${!out}")
    wait "${!pid}" || fail "$1 ended with status $?"
    exec {descriptor}<&-
}

start_relay_at() {
    start relay wzp-relay --listen "$@"
    [[ $line =~ ^"wzp-relay: listening on "([0-9.]+:[0-9]+)" key "([0-9a-f]{64})$ ]] || fail "relay printed: $line"
    relay=${BASH_REMATCH[1]} key=${BASH_REMATCH[2]}
}

start_relay() {
    start_relay_at 127.0.0.1:0 "$@"
}

# metrics: the page of a relay that was started with --metrics, in $answer.
metrics() {
    local port
    port=$(sed -n 's|.*metrics on http://127.0.0.1:\([0-9]*\)/metrics$|\1|p' "$work/relay.log")
    exec {web}<>"/dev/tcp/127.0.0.1/$port" || fail "no metrics on port $port"
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&"$web"
    answer=$(timeout 10 cat <&"$web")
    exec {web}<&-
}

within=() # a command that joins run within
# join NAME ARGUMENT...: a client in the background.
join() {
    local name=$1
    shift
    : >"$work/$name.log" # it is there when somebody waits for a line of it
    "${within[@]}" timeout --foreground -k 5 60 "$bin/wzp-client" join --room "a test room" --id ephemeral "$@" 2>"$work/$name.log" &
    pids+=($!)
    declare -g "${name}_pid=$!"
}

# expect NAME STATUS
expect() {
    local pid=${1}_pid status=0
    wait "${!pid}" || status=$?
    [ "$status" -eq "$2" ] || fail "$1 ended with status $status, not $2"
}

# expect_line NAME TEXT: the client said it, in a line of its own.
expect_line() {
    grep -qF -- "$2" "$work/$1.log" || fail "$1 did not say '$2'"
}

# Refused clients say one line: who refused, and why; that addresses of the machine came or went is not theirs.
expect_refusal() {
    expect "$1" 3
    [ "$(grep -Evc ' connected to |addresses changed$' "$work/$1.log")" -eq 1 ] || fail "$1 did not say one sentence"
    expect_line "$1" "wzp-client: $relay: $2"
}

# wait_for NAME TEXT: until a line of its log holds the text.
wait_for() {
    local found='' tail_pid
    exec {lines}< <(exec tail -n +1 -f "$work/$1.log")
    tail_pid=$!
    while [ -z "$found" ] && read -r -t 20 -u "$lines" line; do
        [[ $line != *"$2"* ]] || found=yes
    done
    kill "$tail_pid"
    exec {lines}<&-
    [ "$found" ] || fail "$1 did not say '$2'"
}

# in_room NAME: waits until the client says so.
in_room() {
    wait_for "$1" " in the room as "
}

# run_cases CASE...: each is the function case_CASE.
run_cases() {
    for case; do
        rm -rf "$work"/*.log "$XDG_DATA_HOME"
        "case_$case"
        pids=()
        echo "$(basename "$0"): $case: passed"
    done
}
