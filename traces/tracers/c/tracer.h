/* Writes traces that `conformance check` reads. Copy this file into a POSIX program in C99 or later:
 * include it in one source file, which defines _POSIX_C_SOURCE as 200809L before any #include.
 *
 *   struct tracer t;
 *   if (tracer_open(&t, "run", "acceptor", 1, "MultiPaxos", CONSTANTS, CLUSTER) < 0) die();
 *   if (t.incarnation > 1)                                       (what storage kept)
 *       tracer_event(&t, "Recover", "\"promised\":[%d,%d],\"votes\":[]", round, proposer);
 *   tracer_event(&t, "Phase2b", "\"ballot\":[%d,%d],\"instance\":%d", round, proposer, i);
 *   message.clock = tracer_clock();       (every message carries it; tracer_heard(it) on arrival)
 *
 * CONSTANTS is {"direct_learning":true,"prepare_ahead":true,"max_batch":1} as text; CLUSTER is
 * {"acceptors":[1,2,3],"proposers":[1,2],"learners":[1],"clients":[1]}, and after it, if you have some,
 * further fields of the header: ,"clock":"host","omits":["Broadcast"].
 *
 * Order of a step: make it durable, trace it, then send. An event is in the file (one system call,
 * nothing is buffered) when the call returns. Functions return -1 if the trace cannot be written: do
 * not send then what it does not have.
 *
 * One host: leave out tracer_clock and tracer_heard, and say "clock":"host". Its wall clock, in
 * microseconds, orders the events of all its processes. Several hosts: each message carries the clock.
 * One process with several roles: a struct tracer for each; they share the clock. With threads: call
 * everything here under one lock. */
#ifndef TRACER_H
#define TRACER_H
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRACER_LINE = 1 << 20 }; /* the longest line, in bytes: a Recover lists all votes */

struct tracer {
    int fd, incarnation;
    long long seq;
    char process[64];
    uint64_t *seen; /* hashes of what tracer_once has written; 0: free; a power of two of them */
    size_t seen_room, seen_count;
};
static int64_t tracer_last; /* microseconds; one clock for the whole process */

/* What a message carries: not below the clock of any event that this process has written. */
static inline int64_t tracer_clock(void) { return tracer_last; }
/* Call with the clock that a message carried, before the events that follow from it. */
static inline void tracer_heard(int64_t remote) { if (remote > tracer_last) tracer_last = remote; }

/* The greater of the wall clock and the last clock seen plus one. It never runs ahead of the wall
 * clock by itself: on one host that alone is the order. */
static inline int64_t tracer_tick(void) {
    struct timespec t;
    int64_t wall;
    do {
        clock_gettime(CLOCK_REALTIME, &t);
        wall = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
    } while (wall == tracer_last);
    return tracer_last = wall > tracer_last ? wall : tracer_last + 1;
}
static inline uint64_t tracer_hash(const void *data, size_t size) { /* FNV-1a, 64 bits */
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t k = 0; k < size; k++) h = (h ^ ((const unsigned char *)data)[k]) * 0x100000001B3u;
    return h;
}
/* The range that stands for one opaque value, ["client",number,1,"digest"], the same wherever it is
 * computed. The bytes must tell the value from all others: where two clients may send the same, or one
 * twice, add a request number to them. client: "id.incarnation" of who broadcast it. Returns `out`. */
static inline char *tracer_value(char out[96], const char *client, const void *data, size_t size) {
    uint64_t h = tracer_hash(data, size);
    snprintf(out, 96, "[\"%.40s\",%" PRIu64 ",1,\"%016" PRIx64 "\"]", client,
             (h & (((uint64_t)1 << 52) - 1)) + 1, h);
    return out;
}
static inline void tracer_close(struct tracer *t) { /* not needed before the process ends */
    if (t->fd >= 0) close(t->fd);
    free(t->seen);
    t->fd = -1, t->seen = NULL;
}
static inline int tracer_write(struct tracer *t, const char *line, int size) {
    if (t->fd >= 0 && size > 0 && write(t->fd, line, (size_t)size) == size) return 0;
    tracer_close(t); /* the line may be torn, and nothing may follow a torn line */
    return -1;
}
/* Write one action: its name, and its fields as traces/schema.json has them, as JSON, by printf. */
static inline int tracer_event_of(struct tracer *t, const char *kind, const char *fields) {
    static char line[TRACER_LINE + 256];
    int size = snprintf(line, sizeof line,
        "{\"event\":\"%s\",\"process\":\"%s\",\"seq\":%lld,\"hlc\":%" PRId64 "%s%s}\n", kind,
        t->process, ++t->seq, tracer_tick(), *fields ? "," : "", fields);
    return tracer_write(t, line, size < (int)sizeof line ? size : -1);
}
/* Whether this hash is new; it is kept. */
static inline int tracer_is_new(struct tracer *t, uint64_t h) {
    if (2 * t->seen_count >= t->seen_room) { /* twice the room, and all of them put in again */
        uint64_t *old = t->seen;
        size_t n = t->seen_room;
        t->seen_room = n ? 2 * n : 1024, t->seen_count = 0;
        if (!(t->seen = calloc(t->seen_room, sizeof *old))) abort();
        for (size_t k = 0; k < n; k++) if (old[k]) tracer_is_new(t, old[k]);
        free(old);
    }
    size_t k = (h += !h) & (t->seen_room - 1);
    while (t->seen[k] && t->seen[k] != h) k = (k + 1) & (t->seen_room - 1);
    if (t->seen[k]) return 0;
    return t->seen[k] = h, t->seen_count++, 1;
}
static char tracer_fields[TRACER_LINE];
#define TRACER_FORMAT(fields) do { va_list list; va_start(list, fields); \
    if (vsnprintf(tracer_fields, TRACER_LINE, fields, list) >= TRACER_LINE) t->fd = (close(t->fd), -1); \
    va_end(list); } while (0)
static inline int tracer_event(struct tracer *t, const char *kind, const char *fields, ...) {
    TRACER_FORMAT(fields);
    return tracer_event_of(t, kind, tracer_fields);
}
/* Like tracer_event, but not if this incarnation has written just the same before: for what is done
 * again when a message is sent again, which is no action. */
static inline int tracer_once(struct tracer *t, const char *kind, const char *fields, ...) {
    TRACER_FORMAT(fields);
    uint64_t h = tracer_hash(tracer_fields, strlen(tracer_fields)) ^ tracer_hash(kind, strlen(kind));
    return tracer_is_new(t, h) ? tracer_event_of(t, kind, tracer_fields) : 0;
}
/* Begin a trace. A new incarnation has a new file, whose clock goes on from the last line of those
 * before. Nothing is ever added to an old file: its last line may be torn, by a crash in the middle of
 * a write. The checker ignores such a line, and Recover tells what storage kept of it. */
static inline int tracer_open(struct tracer *t, const char *folder, const char *role, int number,
                              const char *spec, const char *constants, const char *cluster) {
    char path[4096], line[4096];
    const char *run = strrchr(folder, '/');
    memset(t, 0, sizeof *t), mkdir(folder, 0777);
    for (t->fd = -1, t->incarnation = 1; t->fd < 0; t->incarnation += t->fd < 0) {
        snprintf(t->process, sizeof t->process, "%s-%d.%d", role, number, t->incarnation);
        snprintf(path, sizeof path, "%s/%s.ndjson", folder, t->process);
        FILE *old = fopen(path, "r");
        if (!old && (t->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0666)) < 0) return -1;
        for (char *at; old && fgets(line, sizeof line, old);)
            if ((at = strstr(line, "\"hlc\":"))) tracer_heard(strtoll(at + 6, NULL, 10));
        if (old) fclose(old);
    }
    return tracer_write(t, line, snprintf(line, sizeof line, "{\"event\":\"Header\",\"schema\":1,"
        "\"run\":\"%.256s\",\"process\":\"%s\",\"role\":\"%s\",\"id\":%d,\"incarnation\":%d,\"spec\":"
        "\"%s\",\"constants\":%s,\"cluster\":%s,\"config\":{}}\n", run ? run + 1 : folder, t->process,
        role, number, t->incarnation, spec, constants, cluster));
}
#endif
