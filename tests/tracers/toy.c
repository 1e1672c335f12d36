/* The toy of toy.py in C, traced by traces/tracers/c/tracer.h: toy ROLE NUMBER FOLDER [BUG].
 * It reads `kind from clock words...` and writes `to kind from clock words...`, then a dot. */
#define _POSIX_C_SOURCE 200809L
#include "tracer.h"

enum { INSTANCES = 100, VALUES = 100, MAJORITY = 2, WORDS = 600 };
#define CONSTANTS "{\"direct_learning\":true,\"prepare_ahead\":true,\"max_batch\":1}"
#define CLUSTER "{\"acceptors\":[1,2,3],\"proposers\":[1,2],\"learners\":[1,2],\"clients\":[1]}"

struct vote { int round, proposer; char client[32], data[64]; }; /* round 0: none */

static struct tracer trace;
static int number, vote_any;
static char *word[WORDS]; /* kind from clock words... */
static int words;

static void check(int failed) {
    if (failed < 0) perror("trace"), exit(1);
}
static void begin(const char *role, int n, const char *kind) {
    long long clock = getenv("TOY_ON_ONE_HOST") ? 0 : (long long)tracer_clock();
    printf("%s-%d %s %d %lld", role, n, kind, number, clock);
}
static char *batch(char out[128], const char *client, const char *data) {
    char range[96];
    if (!strcmp(data, "-")) return strcpy(out, "[]");
    sprintf(out, "[%s]", tracer_value(range, client, data, strlen(data)));
    return out;
}
static char *quorum(char out[64], const int counted[4]) {
    char *at = out;
    for (int a = 1; a <= 3; a++)
        if (counted[a]) at += sprintf(at, "%c%d", at == out ? '[' : ',', a);
    strcpy(at, "]");
    return out;
}
static int count(const int counted[4]) { return counted[1] + counted[2] + counted[3]; }

/* -- client -- */
static void say(void) {
    char name[32], range[96];
    sprintf(name, "%d.%d", number, trace.incarnation);
    check(tracer_once(&trace, "Broadcast", "\"values\":[%s]",
                      tracer_value(range, name, word[3], strlen(word[3]))));
    for (int p = 1; p <= 2; p++) begin("proposer", p, "submit"), printf(" %s %s\n", name, word[3]);
}

/* -- proposer -- */
static int round_, promised_by[4], next = 1, highest_voted, valued;
static struct vote reported[INSTANCES + 1], value[VALUES];
static int done[VALUES];

static void propose(const struct vote *v) {
    char said[128], counted[64];
    for (int k = 0; k < valued; k++) done[k] |= !strcmp(value[k].data, v->data);
    check(tracer_event(&trace, "Phase2a", "\"ballot\":[%d,%d],\"instance\":%d,\"batch\":%s,\"quorum\":%s",
                       round_, number, next, batch(said, v->client, v->data),
                       quorum(counted, promised_by)));
    for (int a = 1; a <= 3; a++)
        begin("acceptor", a, "accept"), printf(" %d %d %s %s\n", round_, next, v->client, v->data);
    next++;
}
static void go_on(void) {
    for (int k = 0; k < valued && count(promised_by) >= MAJORITY; k++)
        if (!done[k]) propose(&value[k]);
}
static void lead(void) {
    if (atoi(word[3]) != round_) {
        memset(promised_by, 0, sizeof promised_by), memset(reported, 0, sizeof reported);
        memset(done, 0, sizeof done), next = 1, highest_voted = 0, round_ = atoi(word[3]);
    }
    check(tracer_once(&trace, "Phase1a", "\"ballot\":[%d,%d],\"from\":1,\"to\":100", round_, number));
    for (int a = 1; a <= 3; a++) begin("acceptor", a, "prepare"), printf(" %d\n", round_);
}
static void promise(void) {
    int a = atoi(word[1]);
    if (atoi(word[3]) != round_ || promised_by[a] || count(promised_by) >= MAJORITY) return;
    promised_by[a] = 1;
    for (int k = 4; k + 4 < words; k += 5) {
        struct vote v = {atoi(word[k + 1]), atoi(word[k + 2]), "", ""}, *best;
        strcpy(v.client, word[k + 3]), strcpy(v.data, word[k + 4]);
        best = &reported[atoi(word[k])];
        if (v.round > best->round || (v.round == best->round && v.proposer > best->proposer)) *best = v;
        if (atoi(word[k]) > highest_voted) highest_voted = atoi(word[k]);
    }
    if (count(promised_by) < MAJORITY) return;
    for (int i = 1; i <= highest_voted; i++) {
        struct vote none = {0, 0, "-", "-"};
        propose(reported[i].round ? &reported[i] : &none);
    }
    go_on();
}
static void submit(void) {
    for (int k = 0; k < valued; k++) if (!strcmp(value[k].data, word[4])) return;
    strcpy(value[valued].client, word[3]), strcpy(value[valued++].data, word[4]);
    go_on();
}

/* -- acceptor -- */
static int promised_round, promised_proposer;
static struct vote vote[INSTANCES + 1];
static char storage[512];

static void votes(char *out) { /* as a trace has them */
    char said[128], *at = out + sprintf(out, "[");
    for (int i = 1; i <= INSTANCES; i++)
        if (vote[i].round)
            at += sprintf(at, "%s[%d,[%d,%d],%s]", at == out + 1 ? "" : ",", i, vote[i].round,
                          vote[i].proposer, batch(said, vote[i].client, vote[i].data));
    strcpy(at, "]");
}
static void save(void) {
    char new_[520];
    sprintf(new_, "%s.new", storage);
    FILE *f = fopen(new_, "w");
    if (!f) perror(new_), exit(1);
    fprintf(f, "%d %d\n", promised_round, promised_proposer);
    for (int i = 1; i <= INSTANCES; i++)
        if (vote[i].round)
            fprintf(f, "%d %d %d %s %s\n", i, vote[i].round, vote[i].proposer, vote[i].client, vote[i].data);
    if (fclose(f) || rename(new_, storage)) perror(storage), exit(1);
}
static void come_back(void) {
    static char text[1 << 16];
    struct vote v;
    FILE *f = fopen(storage, "r");
    int i;
    if (f && fscanf(f, "%d %d", &promised_round, &promised_proposer) == 2)
        while (fscanf(f, "%d %d %d %31s %63s", &i, &v.round, &v.proposer, v.client, v.data) == 5) vote[i] = v;
    if (f) fclose(f);
    if (trace.incarnation == 1) return;
    votes(text);
    if (promised_round)
        check(tracer_event(&trace, "Recover", "\"promised\":[%d,%d],\"votes\":%s", promised_round,
                           promised_proposer, text));
    else check(tracer_event(&trace, "Recover", "\"votes\":%s", text));
}
static int below_promise(int round, int proposer) {
    return round < promised_round || (round == promised_round && proposer < promised_proposer);
}
static void prepare(void) {
    static char text[1 << 16];
    int round = atoi(word[3]), proposer = atoi(word[1]);
    if (below_promise(round, proposer)) return;
    promised_round = round, promised_proposer = proposer;
    save(), votes(text);
    check(tracer_once(&trace, "Phase1b", "\"ballot\":[%d,%d],\"from\":1,\"to\":100,\"votes\":%s", round,
                      proposer, text));
    begin("proposer", proposer, "promise"), printf(" %d", round);
    for (int i = 1; i <= INSTANCES; i++)
        if (vote[i].round)
            printf(" %d %d %d %s %s", i, vote[i].round, vote[i].proposer, vote[i].client, vote[i].data);
    printf("\n");
}
static void accept_(void) {
    int round = atoi(word[3]), proposer = atoi(word[1]), i = atoi(word[4]);
    if (below_promise(round, proposer) && !vote_any) return;
    promised_round = round, promised_proposer = proposer;
    vote[i].round = round, vote[i].proposer = proposer;
    strcpy(vote[i].client, word[5]), strcpy(vote[i].data, word[6]);
    save();
    check(tracer_once(&trace, "Phase2b", "\"ballot\":[%d,%d],\"instance\":%d", round, proposer, i));
    for (int l = 1; l <= 2; l++)
        begin("learner", l, "voted"), printf(" %d %d %d %s %s\n", round, proposer, i, word[5], word[6]);
}

/* -- learner: rounds to 9 -- */
static int voters[INSTANCES + 1][10][3][4], prefix, delivered;
static struct vote learned[INSTANCES + 1];

static void voted(void) {
    char said[128], counted[64];
    int round = atoi(word[3]), proposer = atoi(word[4]), i = atoi(word[5]);
    int *by = voters[i][round][proposer];
    by[atoi(word[1])] = 1;
    if (count(by) < MAJORITY || learned[i].round) return;
    learned[i].round = round, strcpy(learned[i].client, word[6]), strcpy(learned[i].data, word[7]);
    check(tracer_event(&trace, "Learn", "\"ballot\":[%d,%d],\"instance\":%d,\"batch\":%s,\"quorum\":%s",
                       round, proposer, i, batch(said, word[6], word[7]), quorum(counted, by)));
    for (; learned[prefix + 1].round; prefix++) {
        struct vote *v = &learned[prefix + 1];
        int old = !strcmp(v->data, "-");
        for (int k = 1; k <= prefix; k++) old |= !strcmp(learned[k].data, v->data);
        check(tracer_event(&trace, "Deliver", "\"instance\":%d,\"position\":%d,\"values\":%s", prefix + 1,
                           delivered + 1, old ? "[]" : batch(said, v->client, v->data)));
        delivered += !old;
    }
}

int main(int argc, char **argv) {
    static char line[1 << 16];
    static const struct { const char *kind; void (*handle)(void); } handlers[] = {
        {"say", say}, {"lead", lead}, {"promise", promise}, {"submit", submit},
        {"prepare", prepare}, {"accept", accept_}, {"voted", voted}};
    if (argc < 4) return 2;
    number = atoi(argv[2]), vote_any = argc > 4 && !strcmp(argv[4], "vote-any");
    check(tracer_open(&trace, argv[3], argv[1], number, "MultiPaxos", CONSTANTS,
                      getenv("TOY_ON_ONE_HOST") ? CLUSTER ",\"clock\":\"host\"" : CLUSTER));
    snprintf(storage, sizeof storage, "%s/state-%d", argv[3], number);
    if (!strcmp(argv[1], "acceptor")) come_back();
    while (fgets(line, sizeof line, stdin)) {
        words = 0;
        for (char *at = strtok(line, " \n"); at && words < WORDS; at = strtok(NULL, " \n")) word[words++] = at;
        tracer_heard(atoll(word[2]));
        for (size_t k = 0; k < sizeof handlers / sizeof *handlers; k++)
            if (!strcmp(handlers[k].kind, word[0])) handlers[k].handle();
        puts("."), fflush(stdout);
    }
    return 0;
}
