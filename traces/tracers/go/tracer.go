// Package tracer writes traces that `conformance check` reads. Copy this file; it needs the standard
// library only.
//
//	t, err := tracer.Open("run", "acceptor", 1, tracer.Fields{"cluster": tracer.Fields{
//		"acceptors": []int{1, 2, 3}, "proposers": []int{1, 2}, "learners": []int{1}, "clients": []int{1}}})
//	if t.Incarnation > 1 { // what storage kept
//		err = t.Event("Recover", tracer.Fields{"promised": []int{3, 1}, "votes": []any{}})
//	}
//	err = t.Event("Phase2b", tracer.Fields{"ballot": []int{4, 2}, "instance": 1})
//	message.Clock = tracer.Clock() // every message carries it; tracer.Heard(it) on arrival
//
// Order of a step: make it durable, trace it, then send. An event is in the file (one system call,
// nothing is buffered) when Event returns; if with an error, do not send what the trace does not have.
//
// One host: leave out Clock and Heard, and give the header "clock": "host": its wall clock orders the
// events of all its processes. Several hosts: each message carries the clock.
package tracer

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// Fields of an event, by their names in traces/schema.json.
type Fields map[string]any

// Tracer writes the trace of one role of this process, in one incarnation. Safe for concurrent use.
type Tracer struct {
	Process     string
	Incarnation int
	file        *os.File
	seq         int64
	seen        map[string]bool
}

var (
	mutex sync.Mutex
	last  int64 // microseconds; one clock for the whole process
)

// Clock is what a message carries: not below the clock of any event that this process has written.
func Clock() int64 { return Heard(0) }

// Heard takes the clock that a message carried, before the events that follow from it.
func Heard(remote int64) int64 {
	mutex.Lock()
	defer mutex.Unlock()
	if remote > last {
		last = remote
	}
	return last
}

// tick is the greater of the wall clock and the last clock seen plus one. It never runs ahead of the
// wall clock by itself: on one host that alone is the order.
func tick() int64 {
	for time.Now().UnixMicro() == last {
	}
	last++
	if wall := time.Now().UnixMicro(); wall > last {
		last = wall
	}
	return last
}

// Value is the range that stands for one opaque value, [client, number, 1, digest], the same wherever
// it is computed. The bytes must tell the value from all others: where two clients may send the same,
// or one twice, add a request number to them. client is "id.incarnation" of who broadcast it.
func Value(data []byte, client string) []any {
	hash := fnv.New64a()
	hash.Write(data)
	return []any{client, hash.Sum64()&(1<<52-1) + 1, 1, fmt.Sprintf("%016x", hash.Sum64())}
}

// Open begins a trace. Its header has "cluster" always, "spec" and "constants" where they are not
// MultiPaxos with both switches on and batches of one value. A new incarnation has a new file, whose
// clock goes on from the last line of those before. Nothing is ever added to an old file: its last line
// may be torn by a crash. The checker ignores that line, and Recover tells what storage kept of it.
func Open(folder, role string, number int, header Fields) (*Tracer, error) {
	os.MkdirAll(folder, 0o777) // if that fails, opening the file says so
	person := fmt.Sprintf("%s-%d", role, number)
	t := &Tracer{Incarnation: 1, seen: map[string]bool{}}
	old, _ := filepath.Glob(filepath.Join(folder, person+".*.ndjson"))
	for _, path := range old {
		var n int
		if fmt.Sscanf(filepath.Base(path)[len(person)+1:], "%d", &n); n >= t.Incarnation {
			t.Incarnation = n + 1
		}
		text, _ := os.ReadFile(path)
		for _, found := range regexp.MustCompile(`"hlc":(\d+)[,}]`).FindAllSubmatch(text, -1) {
			var clock int64
			fmt.Sscan(string(found[1]), &clock)
			Heard(clock)
		}
	}
	t.Process = fmt.Sprintf("%s.%d", person, t.Incarnation)
	path, _ := filepath.Abs(filepath.Join(folder, t.Process+".ndjson"))
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL | os.O_APPEND // two of one name: the second fails
	var err error
	if t.file, err = os.OpenFile(path, flags, 0o666); err != nil {
		return nil, err
	}
	return t, t.write(Fields{"event": "Header", "schema": 1, "run": filepath.Base(filepath.Dir(path)),
		"process": t.Process, "role": role, "id": number, "incarnation": t.Incarnation,
		"spec": "MultiPaxos", "constants": Fields{"direct_learning": true, "prepare_ahead": true,
			"max_batch": 1}, "config": Fields{}}, header)
}

// Event writes one action of the specification.
func (t *Tracer) Event(kind string, fields Fields) error {
	mutex.Lock()
	defer mutex.Unlock()
	t.seq++
	return t.write(Fields{"event": kind, "process": t.Process, "seq": t.seq, "hlc": tick()}, fields)
}

// Once is Event, unless this incarnation has written just the same before: for what is done again when
// a message is sent again, which is no action.
func (t *Tracer) Once(kind string, fields Fields) error {
	key := fmt.Sprint(kind, fields) // maps are printed in the order of their keys
	mutex.Lock()
	again := t.seen[key]
	t.seen[key] = true
	if mutex.Unlock(); again {
		return nil
	}
	return t.Event(kind, fields)
}

// write fails for ever once it has failed: the line may be torn, and nothing may follow a torn line.
func (t *Tracer) write(line, more Fields) error {
	for name, field := range more {
		line[name] = field
	}
	data, err := json.Marshal(line)
	if err == nil {
		_, err = t.file.Write(append(data, '\n'))
	}
	if err != nil {
		t.file.Close()
	}
	return err
}
