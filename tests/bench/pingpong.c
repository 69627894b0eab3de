/* Half a round trip of 8 bytes over TCP on loopback between two processes on one processor, in
 * microseconds: the median. For tests/bench/peers.
 *   pingpong SECONDS PROCESSOR
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1 << 22, BYTES = 8 };
static double times[MOST];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int exactly(int fd, char *bytes, int sends) {
    for (ssize_t done = 0, n; done < BYTES; done += n) {
        n = sends ? write(fd, bytes + done, BYTES - done) : read(fd, bytes + done, BYTES - done);
        if (n <= 0) return 0;
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    double length = atof(argv[1]);
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(atoi(argv[2]), &only);
    if (sched_setaffinity(0, sizeof only, &only)) return perror("sched_setaffinity"), 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (bind(listener, (void *)&address, size) || listen(listener, 1) ||
        getsockname(listener, (void *)&address, &size))
        return perror("listen"), 1;
    char bytes[BYTES] = {0};
    pid_t far = fork();
    if (far == 0) {
        int fd = accept(listener, 0, 0);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        while (exactly(fd, bytes, 0) && exactly(fd, bytes, 1)) {}
        _exit(0);
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (void *)&address, size)) return perror("connect"), 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int count = 0;
    double begun = now(), last = begun;
    while (last - begun < length && count < MOST) {
        double start = now();
        if (!exactly(fd, bytes, 1) || !exactly(fd, bytes, 0)) return perror("pass"), 1;
        last = now();
        times[count++] = last - start;
    }
    kill(far, SIGKILL);
    waitpid(far, 0, 0);
    qsort(times, count, sizeof *times, compare);
    printf("%.4f\n", times[count / 2] * 1e6 / 2);
    return 0;
}
