/* client_bench.c - the client's CPU time and memory, against libcurl's multi interface alone.
 *
 *   client_bench MULTI NAME COMMAND...
 *
 * COMMAND is one for /bin/sh that audits $1 serials at the URL $0; MULTI is the program multi. Both
 * talk to the same server, which lives here, answers `good` for each serial asked, and is in no
 * figure. MULTI repeats, over as many connections, the requests that the first client sent. */
#include "bench.h"
#include "certstat.h"
#include "support/loopback.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { ROUNDS = 3, SERIALS = 100000 /* a round */, BATCH = 50, CLIENTS = 4 };

/* Audits whose memory is compared: both many times what a run remembers. */
enum { LESS = 250000, MORE = 1000000 };

struct run {
    double cpu_seconds, rss_mib; /* rss: the largest */
    int connections;
};

/* ---- the server ---- */

struct service {
    FILE *record; /* requests are written to it; NULL: they are not */
    pthread_mutex_t lock;
};

static void put_rows(cs_buffer *body, cs_slice list)
{
    const char *end = list.p + list.n;
    for (const char *serial = list.p; serial < end;) {
        const char *percent = (const char *)memchr(serial, '%', (size_t)(end - serial));
        percent = percent ? percent : end;
        cs_buffer_text(body, serial == list.p ? "" : ",");
        cs_buffer_text(body, "{\"SerialNumber\":\"");
        cs_buffer_put(body, (cs_slice){serial, (size_t)(percent - serial)});
        cs_buffer_text(body, "\",\"Status\":\"good\",\"RevokeTime\":0}");
        serial = percent + sizeof "%2C" - 1;
    }
}

static int reply(struct loopback_connection *c)
{
    static const char field[] = "SerialNumber=";
    char memory[16384], head[128];
    cs_buffer body;
    const char *list = strstr(c->request, field);
    bench_check(list != NULL, "a request without serials");
    list += sizeof field - 1;
    cs_buffer_init(&body, memory + sizeof head, sizeof memory - sizeof head);
    cs_buffer_text(&body, "{\"RequestId\":\"15C66C7B-671A-4297-9187-2C4477247A74\","
                          "\"CertificateStatus\":[");
    put_rows(&body, (cs_slice){list, strcspn(list, " &")});
    cs_buffer_text(&body, "]}");
    bench_check(!body.failed, "a reply is too long");
    size_t n =
        (size_t)snprintf(head, sizeof head,
                         "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\n"
                         "Content-Length: %zu\r\n\r\n",
                         body.n);
    memcpy(body.p - n, head, n);
    return loopback_write(c, body.p - n, n + body.n);
}

static void serve(struct loopback_connection *c, void *argument)
{
    struct service *service = (struct service *)argument;
    do {
        if (!loopback_request(c)) {
            return;
        }
        if (service->record) {
            pthread_mutex_lock(&service->lock);
            fwrite(c->request, 1, c->taken, service->record);
            pthread_mutex_unlock(&service->lock);
        }
    } while (reply(c));
}

/* ---- its clients ---- */

/* In the child process: the program, its output to `output`. */
static void become(char *const argv[], int output)
{
    dup2(output, STDOUT_FILENO);
    execv(argv[0], argv);
    _exit(127);
}

/* Runs a program that prints its CPU seconds; it gets the server's URL in `url`, a part of argv. */
static struct run measure(FILE *record, int serials, char *const argv[], char url[32])
{
    struct service service = {.record = record, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct loopback server;
    struct rusage used;
    struct run run;
    int ends[2], status;
    loopback_open(&server, NULL, serve, &service);
    snprintf(url, 32, "http://127.0.0.1:%d", server.port);
    bench_check(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    pid_t child = fork();
    bench_check(child >= 0, "fork");
    if (child == 0) {
        become(argv, ends[1]);
    }
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    bench_check(output && fscanf(output, "%lf", &run.cpu_seconds) == 1, "a client failed");
    bench_check(wait4(child, &status, 0, &used) == child && status == 0, "a client failed");
    bench_check(loopback_requests(&server) == serials / BATCH, "expected other calls");
    fclose(output);
    run.rss_mib = (double)used.ru_maxrss / 1024;
    run.connections = loopback_connections(&server);
    loopback_close(&server);
    return run;
}

static struct run measure_client(FILE *record, char *command, int serials)
{
    char url[32], count[16];
    char shell[] = "/bin/sh", option[] = "-c";
    char *argv[] = {shell, option, command, url, count, NULL};
    snprintf(count, sizeof count, "%d", serials);
    return measure(record, serials, argv, url);
}

static struct run measure_multi(char *program, char *recorded, int connections)
{
    char url[32], lanes[16], calls[16];
    char *argv[] = {program, url, recorded, lanes, calls, NULL};
    snprintf(lanes, sizeof lanes, "%d", connections);
    snprintf(calls, sizeof calls, "%d", SERIALS / BATCH);
    return measure(NULL, SERIALS, argv, url);
}

/* ---- figures ---- */

struct client {
    char *name, *command;
    double cpu_seconds[ROUNDS];
};

static void print_cpu(struct client *client, double alone)
{
    char what[64];
    double million = 1e6 / SERIALS;
    snprintf(what, sizeof what, "a million serials on %s", client->name);
    bench_line(what, million * bench_median(client->cpu_seconds, ROUNDS), "libcurl alone",
               million * alone, 2, "CPU s");
}

static void print_memory(const struct client *client)
{
    char what[64];
    double less = measure_client(NULL, client->command, LESS).rss_mib;
    double more = measure_client(NULL, client->command, MORE).rss_mib;
    snprintf(what, sizeof what, "memory for a million on %s", client->name);
    bench_line(what, more, "for a quarter of it", less, 1, "MiB");
}

int main(int argc, char **argv)
{
    struct client clients[CLIENTS];
    double alone[ROUNDS];
    char recorded[64];
    int clients_n = (argc - 2) / 2;
    bench_check(clients_n >= 1 && clients_n <= CLIENTS && argc == 2 + 2 * clients_n,
                "usage: client_bench MULTI NAME COMMAND...");
    FILE *record = tmpfile();
    bench_check(record != NULL, "no temporary file");
    snprintf(recorded, sizeof recorded, "/proc/%d/fd/%d", (int)getpid(), fileno(record));
    for (int i = 0; i < clients_n; i++) {
        clients[i] = (struct client){.name = argv[2 + 2 * i], .command = argv[3 + 2 * i]};
    }
    int connections = measure_client(record, clients[0].command, SERIALS).connections;
    fflush(record);
    for (int round = 0; round < ROUNDS; round++) {
        alone[round] = measure_multi(argv[1], recorded, connections).cpu_seconds;
        for (int i = 0; i < clients_n; i++) {
            clients[i].cpu_seconds[round] =
                measure_client(NULL, clients[i].command, SERIALS).cpu_seconds;
        }
    }
    fclose(record);
    double median = bench_median(alone, ROUNDS);
    for (int i = 0; i < clients_n; i++) {
        print_cpu(&clients[i], median);
    }
    for (int i = 0; i < clients_n; i++) {
        print_memory(&clients[i]);
    }
    return 0;
}
