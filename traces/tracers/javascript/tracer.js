// Writes traces that `conformance check` reads. Copy this file; it needs Node.js and nothing else.
//
//   const {Tracer, clock, heard, value} = require('./tracer.js');
//   const cluster = {acceptors: [1, 2, 3], proposers: [1, 2], learners: [1], clients: [1]};
//   const acceptor = new Tracer('run', 'acceptor', 1, {cluster});
//   if (acceptor.incarnation > 1) acceptor.event('Recover', {promised: [3, 1], votes: []});
//   acceptor.event('Phase2b', {ballot: [4, 2], instance: 1});
//   send({...message, clock: clock()});       // heard(message.clock) on arrival
//
// Order of a step: make it durable, trace it, then send. An event is in the file (one system call,
// nothing is buffered) when `event` returns. If it throws, do not send what the trace does not have.
//
// One host: leave out clock() and heard(), and give the header clock: 'host'. That clock orders the
// events of all its processes.
// It is the host's monotonic clock in microseconds, because the wall clock that JavaScript shows has
// milliseconds; processes in another language, which have the wall clock, need messages that carry it.
// Several hosts: each message has to carry the clock. One process with several roles: a Tracer for
// each; they share the clock.
'use strict';
const fs = require('fs');
const path = require('path');

let last = 0; // microseconds; one clock for the whole process

/** What a message carries: not below the clock of any event that this process has written. */
function clock() {
  return last;
}

/** Call with the clock that a message carried, before the events that follow from it. */
function heard(remote) {
  last = Math.max(last, remote);
}

/** The greater of the host's clock and the last clock seen plus one. It never runs ahead of the
 * host's clock by itself: on one host that alone is the order. */
function tick() {
  const now = () => Number(process.hrtime.bigint() / 1000n) + 1;
  let host = now();
  while (host === last) host = now();
  last = Math.max(host, last + 1);
  return last;
}

/** The range that stands for one opaque value, [client, number, 1, digest], the same wherever it is
 * computed. The bytes must tell the value from all others: where two clients may send the same, or one
 * twice, add a request number to them. client: 'id.incarnation' of who broadcast it. */
function value(data, client = '1.1') {
  let digest = 0xcbf29ce484222325n; // FNV-1a, 64 bits
  for (const byte of Buffer.from(data)) {
    digest = BigInt.asUintN(64, (digest ^ BigInt(byte)) * 0x100000001b3n);
  }
  const number = Number(BigInt.asUintN(52, digest)) + 1;
  return [client, number, 1, digest.toString(16).padStart(16, '0')];
}

/** The trace of one role of this process, in one incarnation. */
class Tracer {
  /** `number` counts from 1. `header` has what the first line says beyond the process: `cluster`
   * always; `spec` and `constants` where they are not those below; `clock` and `omits` if need be. */
  constructor(folder, role, number, header) {
    fs.mkdirSync(folder, {recursive: true});
    this.seen = new Set();
    this.seq = 0;
    this.resume(folder, `${role}-${number}`);
    this.write({
      event: 'Header',
      schema: 1,
      run: path.basename(path.resolve(folder)).slice(0, 256),
      process: this.process,
      role,
      id: number,
      incarnation: this.incarnation,
      spec: 'MultiPaxos',
      constants: {direct_learning: true, prepare_ahead: true, max_batch: 1},
      config: {},
      ...header,
    });
  }

  /** A new incarnation has a new file, whose clock goes on from the last line of those before. Nothing
   * is ever added to an old file: its last line may be torn, by a crash in the middle of a write. The
   * checker ignores such a line, and Recover tells what storage kept of it. */
  resume(folder, person) {
    this.incarnation = 1;
    for (const name of fs.readdirSync(folder)) {
      const parts = name.split('.');
      if (parts[0] !== person || parts.length !== 3 || parts[2] !== 'ndjson') continue;
      this.incarnation = Math.max(this.incarnation, Number(parts[1]) + 1);
      const text = fs.readFileSync(path.join(folder, name), 'utf8');
      for (const found of text.matchAll(/"hlc":(\d+)[,}]/g)) heard(Number(found[1]));
    }
    this.process = `${person}.${this.incarnation}`;
    this.fd = fs.openSync(path.join(folder, `${this.process}.ndjson`), 'ax'); // x: two of one name
  }

  /** Write one action of the specification: its name and its fields, as in traces/schema.json. */
  event(kind, fields) {
    this.seq += 1;
    this.write({event: kind, process: this.process, seq: this.seq, hlc: tick(), ...fields});
  }

  /** Like `event`, but not if this incarnation has written just the same before: for what is done again
   * when a message is sent again, which is no action. Whether it was written. */
  once(kind, fields) {
    const key = JSON.stringify([kind, fields]);
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    this.event(kind, fields);
    return true;
  }

  write(line) {
    const data = Buffer.from(`${JSON.stringify(line)}\n`);
    if (this.fd === undefined) throw new Error('the trace has ended with an error');
    try {
      if (fs.writeSync(this.fd, data) !== data.length) throw new Error('no room for the trace');
    } catch (error) {
      this.close(); // the line may be torn, and nothing may follow a torn line
      throw error;
    }
  }

  /** End the trace. Not needed before the process ends, however that happens. */
  close() {
    if (this.fd !== undefined) fs.closeSync(this.fd);
    this.fd = undefined;
  }
}

module.exports = {Tracer, clock, heard, value};
