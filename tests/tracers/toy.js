// The toy of toy.py in JavaScript, traced by traces/tracers/javascript/tracer.js.
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const {Tracer, clock, heard, value} = require('../../traces/tracers/javascript/tracer.js');

const cluster = {acceptors: [1, 2, 3], proposers: [1, 2], learners: [1, 2], clients: [1]};
const MAJORITY = 2;
const [role, id, folder, bug] = process.argv.slice(2);
const number = Number(id);
const trace = new Tracer(folder, role, number,
    process.env.TOY_ON_ONE_HOST ? {cluster, clock: 'host'} : {cluster});

const out = [];
function send(to, kind, ...words) {
  const names = to.includes('-') ? [to] : cluster[`${to}s`].map((n) => `${to}-${n}`);
  const time = process.env.TOY_ON_ONE_HOST ? 0 : clock();
  for (const name of names) out.push([name, kind, number, time, ...words].join(' '));
}
const batch = (client, data) => (data === '-' ? [] : [value(data, client)]);
const ascending = (numbers) => [...numbers].sort((a, b) => a - b);
const below = (a, b) => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

class Client {
  say(_, data) {
    const name = `${number}.${trace.incarnation}`;
    trace.once('Broadcast', {values: [value(data, name)]});
    send('proposer', 'submit', name, data);
  }
}

class Proposer {
  round = 0;
  values = new Map(); // data -> client, in the order of arrival
  lead(_, round) {
    if (Number(round) !== this.round) {
      Object.assign(this, {round: Number(round), promises: new Map(), done: new Set(), next: 1});
    }
    trace.once('Phase1a', {ballot: [this.round, number], from: 1, to: 100});
    send('acceptor', 'prepare', this.round);
  }
  ready() {
    return this.round > 0 && this.promises.size >= MAJORITY;
  }
  promise(acceptor, round, ...votes) {
    if (Number(round) !== this.round || this.promises.has(acceptor) || this.ready()) return;
    this.promises.set(acceptor, votes);
    if (!this.ready()) return;
    const highest = [];
    for (const words of this.promises.values()) {
      for (let k = 0; k < words.length; k += 5) {
        const [i, r, p] = words.slice(k, k + 3).map(Number);
        if (!highest[i] || below(highest[i], [r, p])) highest[i] = [r, p, words[k + 3], words[k + 4]];
      }
    }
    for (let i = 1; i < highest.length; i++) this.propose(...(highest[i] || [0, 0, '-', '-']).slice(2));
    this.goOn();
  }
  submit(_, client, data) {
    if (!this.values.has(data)) this.values.set(data, client);
    this.goOn();
  }
  goOn() {
    if (!this.ready()) return;
    for (const [data, client] of this.values) if (!this.done.has(data)) this.propose(client, data);
  }
  propose(client, data) {
    this.done.add(data);
    const ballot = [this.round, number];
    const quorum = ascending(this.promises.keys());
    trace.event('Phase2a', {ballot, instance: this.next, batch: batch(client, data), quorum});
    send('acceptor', 'accept', this.round, this.next, client, data);
    this.next += 1;
  }
}

class Acceptor {
  promised = [0, 0];
  votes = new Map(); // instance -> [round, proposer, client, data]
  storage = path.join(folder, `state-${number}`);
  constructor() {
    if (fs.existsSync(this.storage)) {
      const [promised, votes] = JSON.parse(fs.readFileSync(this.storage, 'utf8'));
      Object.assign(this, {promised, votes: new Map(votes)});
    }
    if (trace.incarnation === 1) return;
    const promised = this.promised[0] ? {promised: this.promised} : {};
    trace.event('Recover', {...promised, votes: this.traced()});
  }
  sorted() {
    return [...this.votes].sort((a, b) => a[0] - b[0]);
  }
  traced() {
    return this.sorted().map(([i, [r, p, client, data]]) => [i, [r, p], batch(client, data)]);
  }
  save() {
    fs.writeFileSync(`${this.storage}.new`, JSON.stringify([this.promised, this.sorted()]));
    fs.renameSync(`${this.storage}.new`, this.storage);
  }
  prepare(proposer, round) {
    const ballot = [Number(round), proposer];
    if (below(ballot, this.promised)) return;
    this.promised = ballot;
    this.save();
    trace.once('Phase1b', {ballot, from: 1, to: 100, votes: this.traced()});
    send(`proposer-${proposer}`, 'promise', round, ...this.sorted().flat(2));
  }
  accept(proposer, round, instance, client, data) {
    const ballot = [Number(round), proposer];
    if (below(ballot, this.promised) && bug !== 'vote-any') return;
    this.promised = ballot;
    this.votes.set(Number(instance), [...ballot, client, data]);
    this.save();
    trace.once('Phase2b', {ballot, instance: Number(instance)});
    send('learner', 'voted', ...ballot, instance, client, data);
  }
}

class Learner {
  voters = new Map();
  learned = [];
  delivered = new Set();
  prefix = 0;
  voted(acceptor, round, proposer, instance, client, data) {
    const key = `${instance} ${round} ${proposer}`;
    if (!this.voters.has(key)) this.voters.set(key, new Set());
    const voters = this.voters.get(key).add(acceptor);
    const i = Number(instance);
    if (voters.size < MAJORITY || this.learned[i]) return;
    this.learned[i] = [client, data];
    const ballot = [Number(round), Number(proposer)];
    trace.event('Learn', {ballot, instance: i, batch: batch(client, data), quorum: ascending(voters)});
    for (; this.learned[this.prefix + 1]; this.prefix++) {
      const [from, next] = this.learned[this.prefix + 1];
      const values = this.delivered.has(next) ? [] : batch(from, next);
      const position = this.delivered.size + 1;
      trace.event('Deliver', {instance: this.prefix + 1, position, values});
      if (values.length) this.delivered.add(next);
    }
  }
}

const me = new {client: Client, proposer: Proposer, acceptor: Acceptor, learner: Learner}[role]();
readline.createInterface({input: process.stdin}).on('line', (line) => {
  const [kind, from, time, ...words] = line.split(' ');
  heard(Number(time));
  me[kind](Number(from), ...words);
  fs.writeSync(1, [...out.splice(0), '.', ''].join('\n'));
});
