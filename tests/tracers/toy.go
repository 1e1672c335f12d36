// The toy of toy.py in Go, traced by traces/tracers/go/tracer.go.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"toy/tracer"
)

const (
	majority = 2
	noOp     = "-"
)

// Vote is what an acceptor keeps of an instance.
type Vote struct {
	Round, Proposer int
	Client, Data    string
}

func (v Vote) below(w Vote) bool {
	return v.Round < w.Round || v.Round == w.Round && v.Proposer < w.Proposer
}

var (
	cluster = map[string]int{"acceptor": 3, "proposer": 2, "learner": 2, "client": 1}
	number  int
	bug     string
	trace   *tracer.Tracer
	out     = bufio.NewWriter(os.Stdout)
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func send(to, kind string, words ...any) {
	clock := tracer.Clock()
	if os.Getenv("TOY_ON_ONE_HOST") != "" {
		clock = 0
	}
	names := []string{to}
	if count := cluster[to]; count > 0 {
		names = nil
		for n := 1; n <= count; n++ {
			names = append(names, fmt.Sprintf("%s-%d", to, n))
		}
	}
	for _, name := range names {
		fmt.Fprintln(out, append([]any{name, kind, number, clock}, words...)...)
	}
}

func batch(client, data string) []any {
	if data == noOp {
		return []any{}
	}
	return []any{tracer.Value([]byte(data), client)}
}

func integer(word string) int {
	n, err := strconv.Atoi(word)
	check(err)
	return n
}

func ascending[V any](of map[int]V) []int {
	keys := []int{}
	for k := range of {
		keys = append(keys, k)
	}
	sort.Ints(keys)
	return keys
}

type handlers map[string]func(from int, words []string)

func client() handlers {
	return handlers{"say": func(_ int, w []string) {
		name := fmt.Sprintf("%d.%d", number, trace.Incarnation)
		check(trace.Once("Broadcast", tracer.Fields{"values": []any{tracer.Value([]byte(w[0]), name)}}))
		send("proposer", "submit", name, w[0])
	}}
}

type proposer struct {
	round, next int
	promises    map[int][]string
	values      []Vote
	done        map[string]bool
}

func (p *proposer) ready() bool { return len(p.promises) >= majority }

func (p *proposer) propose(v Vote) {
	p.done[v.Data] = true
	check(trace.Event("Phase2a", tracer.Fields{"ballot": []int{p.round, number}, "instance": p.next,
		"batch": batch(v.Client, v.Data), "quorum": ascending(p.promises)}))
	send("acceptor", "accept", p.round, p.next, v.Client, v.Data)
	p.next++
}

func (p *proposer) goOn() {
	for _, v := range p.values {
		if p.ready() && !p.done[v.Data] {
			p.propose(v)
		}
	}
}

func (p *proposer) lead(_ int, w []string) {
	if r := integer(w[0]); r != p.round {
		p.round, p.promises, p.done, p.next = r, map[int][]string{}, map[string]bool{}, 1
	}
	asked := tracer.Fields{"ballot": []int{p.round, number}, "from": 1, "to": 100}
	check(trace.Once("Phase1a", asked))
	send("acceptor", "prepare", p.round)
}

func (p *proposer) promise(from int, w []string) {
	if _, known := p.promises[from]; integer(w[0]) != p.round || known || p.ready() {
		return
	}
	if p.promises[from] = w[1:]; !p.ready() {
		return
	}
	highest, last := map[int]Vote{}, 0
	for _, votes := range p.promises {
		for ; len(votes) >= 5; votes = votes[5:] {
			i, v := integer(votes[0]), Vote{integer(votes[1]), integer(votes[2]), votes[3], votes[4]}
			if highest[i].below(v) {
				highest[i] = v
			}
			if i > last {
				last = i
			}
		}
	}
	for i := 1; i <= last; i++ {
		if v, voted := highest[i]; voted {
			p.propose(v)
		} else {
			p.propose(Vote{Client: noOp, Data: noOp})
		}
	}
	p.goOn()
}

func (p *proposer) submit(_ int, w []string) {
	for _, v := range p.values {
		if v.Data == w[1] {
			return
		}
	}
	p.values = append(p.values, Vote{Client: w[0], Data: w[1]})
	p.goOn()
}

type acceptor struct {
	Promised Vote
	Votes    map[int]Vote
	storage  string
}

func (a *acceptor) traced() []any {
	votes := []any{}
	for _, i := range ascending(a.Votes) {
		v := a.Votes[i]
		votes = append(votes, []any{i, []int{v.Round, v.Proposer}, batch(v.Client, v.Data)})
	}
	return votes
}

func (a *acceptor) save() {
	data, err := json.Marshal(a)
	check(err)
	check(os.WriteFile(a.storage+".new", data, 0o666))
	check(os.Rename(a.storage+".new", a.storage))
}

func (a *acceptor) comeBack() {
	if data, err := os.ReadFile(a.storage); err == nil {
		check(json.Unmarshal(data, a))
	}
	if trace.Incarnation == 1 {
		return
	}
	kept := tracer.Fields{"votes": a.traced()}
	if a.Promised.Round > 0 {
		kept["promised"] = []int{a.Promised.Round, a.Promised.Proposer}
	}
	check(trace.Event("Recover", kept))
}

func (a *acceptor) prepare(from int, w []string) {
	ballot := Vote{Round: integer(w[0]), Proposer: from}
	if ballot.below(a.Promised) {
		return
	}
	a.Promised = ballot
	a.save()
	check(trace.Once("Phase1b", tracer.Fields{"ballot": []int{ballot.Round, from}, "from": 1, "to": 100,
		"votes": a.traced()}))
	words := []any{w[0]}
	for _, i := range ascending(a.Votes) {
		v := a.Votes[i]
		words = append(words, i, v.Round, v.Proposer, v.Client, v.Data)
	}
	send(fmt.Sprintf("proposer-%d", from), "promise", words...)
}

func (a *acceptor) accept(from int, w []string) {
	vote := Vote{integer(w[0]), from, w[2], w[3]}
	if vote.below(a.Promised) && bug != "vote-any" {
		return
	}
	a.Promised = Vote{Round: vote.Round, Proposer: from}
	a.Votes[integer(w[1])] = vote
	a.save()
	ballot := []int{vote.Round, from}
	check(trace.Once("Phase2b", tracer.Fields{"ballot": ballot, "instance": integer(w[1])}))
	send("learner", "voted", vote.Round, from, w[1], w[2], w[3])
}

func learner() handlers {
	voters, learned, delivered := map[string]map[int]bool{}, map[int][]string{}, map[string]bool{}
	prefix := 0
	return handlers{"voted": func(from int, w []string) {
		key, i := strings.Join(w[:3], " "), integer(w[2])
		if voters[key] == nil {
			voters[key] = map[int]bool{}
		}
		voters[key][from] = true
		if len(voters[key]) < majority || learned[i] != nil {
			return
		}
		learned[i] = w[3:]
		check(trace.Event("Learn", tracer.Fields{"ballot": []int{integer(w[0]), integer(w[1])},
			"instance": i, "batch": batch(w[3], w[4]), "quorum": ascending(voters[key])}))
		for ; learned[prefix+1] != nil; prefix++ {
			next, values, position := learned[prefix+1], []any{}, len(delivered)+1
			if !delivered[next[1]] {
				values = batch(next[0], next[1])
			}
			if len(values) > 0 {
				delivered[next[1]] = true
			}
			check(trace.Event("Deliver", tracer.Fields{"instance": prefix + 1, "position": position,
				"values": values}))
		}
	}}
}

func main() {
	role, folder := os.Args[1], os.Args[3]
	number = integer(os.Args[2])
	if len(os.Args) > 4 {
		bug = os.Args[4]
	}
	members := tracer.Fields{}
	for name, count := range cluster {
		ids := []int{}
		for n := 1; n <= count; n++ {
			ids = append(ids, n)
		}
		members[name+"s"] = ids
	}
	var err error
	header := tracer.Fields{"cluster": members}
	if os.Getenv("TOY_ON_ONE_HOST") != "" {
		header["clock"] = "host"
	}
	trace, err = tracer.Open(folder, role, number, header)
	check(err)
	p := &proposer{}
	a := &acceptor{Votes: map[int]Vote{}, storage: filepath.Join(folder, "state-"+os.Args[2])}
	var handle handlers
	switch role {
	case "client":
		handle = client()
	case "proposer":
		handle = handlers{"lead": p.lead, "promise": p.promise, "submit": p.submit}
	case "acceptor":
		a.comeBack()
		handle = handlers{"prepare": a.prepare, "accept": a.accept}
	case "learner":
		handle = learner()
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		words := strings.Fields(in.Text())
		tracer.Heard(int64(integer(words[2])))
		handle[words[0]](integer(words[1]), words[3:])
		fmt.Fprintln(out, ".")
		check(out.Flush())
	}
}
