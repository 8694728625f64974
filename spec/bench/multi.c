/* multi.c - what client_bench holds the client against: libcurl's multi interface alone.
 *
 *   multi URL FILE CONNECTIONS CALLS
 *
 * sends the requests recorded in FILE to URL, from the first again after the last, until CALLS are
 * answered, over so many connections; replies are read and thrown away. Prints the CPU seconds that
 * took. */
#include "bench.h"

#include <curl/curl.h>
#include <string.h>

enum { REQUESTS = 4096, CONNECTIONS = 64 };

struct request {
    char *target;
    struct curl_slist *headers;
};

static struct request requests[REQUESTS];
static size_t requests_n;

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    bench_check(file && fseek(file, 0, SEEK_END) == 0, path);
    size_t n = (size_t)ftell(file);
    char *bytes = (char *)malloc(n + 1);
    rewind(file);
    bench_check(bytes && fread(bytes, 1, n, file) == n, path);
    bytes[n] = '\0';
    fclose(file);
    return bytes;
}

/* Takes one line off *rest. */
static char *take_line(char **rest)
{
    char *line = *rest, *end = strstr(line, "\r\n");
    bench_check(end != NULL, "a recorded request is cut short");
    *end = '\0';
    *rest = end + 2;
    return line;
}

/* "POST target HTTP/1.1", header lines, an empty line; there are no bodies. */
static void parse_request(char **rest, struct request *r)
{
    char *line = take_line(rest);
    bench_check(strncmp(line, "POST ", 5) == 0, "a recorded request is no POST");
    r->target = line + 5;
    *strchr(r->target, ' ') = '\0';
    /* else libcurl adds its own */
    r->headers = curl_slist_append(curl_slist_append(NULL, "Accept:"), "Content-Type:");
    while (*(line = take_line(rest))) {
        if (strncmp(line, "Content-Length:", 15) != 0) { /* this one libcurl does add */
            r->headers = curl_slist_append(r->headers, line);
        }
    }
}

static size_t discard(char *bytes, size_t size, size_t n, void *unused)
{
    (void)bytes, (void)unused;
    return size * n;
}

static CURL *make_handle(void)
{
    CURL *easy = curl_easy_init();
    bench_check(easy != NULL, "libcurl has no handle");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    return easy;
}

static void start(CURLM *multi, CURL *easy, const char *url, const struct request *r)
{
    char whole[16384];
    int n = snprintf(whole, sizeof whole, "%s%s", url, r->target);
    bench_check(n > 0 && (size_t)n < sizeof whole, "a recorded target is too long");
    curl_easy_setopt(easy, CURLOPT_URL, whole);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
    bench_check(curl_multi_add_handle(multi, easy) == CURLM_OK, "libcurl takes no request");
}

static void check_reply(const CURLMsg *message)
{
    long status = 0;
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    bench_check(message->data.result == CURLE_OK && status == 200, "a request failed");
}

static void send_all(const char *url, size_t connections, size_t calls)
{
    CURLM *multi = curl_multi_init();
    CURL *handles[CONNECTIONS];
    size_t started = 0, done = 0;
    for (; started < connections; started++) {
        handles[started] = make_handle();
        start(multi, handles[started], url, &requests[started % requests_n]);
    }
    while (done < calls) {
        int running, left;
        CURLMsg *message;
        bench_check(curl_multi_perform(multi, &running) == CURLM_OK, "curl_multi_perform");
        while ((message = curl_multi_info_read(multi, &left))) {
            CURL *easy = message->easy_handle;
            check_reply(message);
            done++;
            curl_multi_remove_handle(multi, easy);
            if (started < calls) {
                start(multi, easy, url, &requests[started++ % requests_n]);
            }
        }
        bench_check(curl_multi_poll(multi, NULL, 0, 1000, NULL) == CURLM_OK, "curl_multi_poll");
    }
    for (size_t i = 0; i < connections; i++) {
        curl_easy_cleanup(handles[i]);
    }
    curl_multi_cleanup(multi);
}

int main(int argc, char **argv)
{
    bench_check(argc == 5, "usage: multi URL FILE CONNECTIONS CALLS");
    size_t connections = strtoul(argv[3], NULL, 10), calls = strtoul(argv[4], NULL, 10);
    bench_check(connections > 0 && connections <= CONNECTIONS && connections <= calls,
                "expected 1 to 64 connections, and no fewer calls");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    char *recorded = read_file(argv[2]);
    for (char *rest = recorded; *rest && requests_n < REQUESTS; requests_n++) {
        parse_request(&rest, &requests[requests_n]);
    }
    bench_check(requests_n > 0, "no requests are recorded");
    double started = bench_seconds();
    send_all(argv[1], connections, calls);
    printf("%f\n", bench_seconds() - started);
    for (size_t i = 0; i < requests_n; i++) {
        curl_slist_free_all(requests[i].headers);
    }
    free(recorded);
    curl_global_cleanup();
    return 0;
}
