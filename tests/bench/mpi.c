/* Messages between two ranks as an MPI program sends them, for tests/bench/peers: half of a round trip
 * of SIZE bytes in microseconds, the median of units of some 50 microseconds.
 *   mpiexec -n 2 mpi SECONDS SIZE PROCESSOR PROCESSOR
 */
#define _GNU_SOURCE
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 16, OVER = 0xff, TRIES = 16 };
static double times[MOST];

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (argc != 5 || ranks != 2) return fprintf(stderr, "%d ranks\n", ranks), 2;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(atoi(argv[3 + rank]), &only);
    sched_setaffinity(0, sizeof only, &only);
    double length = atof(argv[1]);
    int size = atoi(argv[2]);
    unsigned char *message = aligned_alloc(4096, size + 4096 & -4096), *back = aligned_alloc(4096, size + 4096 & -4096);
    memset(message, 1, size);
    if (rank == 1) {
        memset(back, 1, size);
        while (MPI_Recv(message, size, MPI_BYTE, 0, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE), message[0] != OVER)
            MPI_Send(back, size, MPI_BYTE, 0, 7, MPI_COMM_WORLD);
        MPI_Finalize();
        return 0;
    }
    int count = 0, batch = TRIES;
    double begun = MPI_Wtime(), last = begun;
    while (last - begun < length && count < MOST) {
        double start = MPI_Wtime();
        for (int n = 0; n < batch; n++) {
            MPI_Send(message, size, MPI_BYTE, 1, 7, MPI_COMM_WORLD);
            MPI_Recv(back, size, MPI_BYTE, 1, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
        last = MPI_Wtime();
        double each = (last - start) / batch;
        if (count++ > 0) {
            times[count - 2] = each;
        } else { /* The first finds out how many make a unit. */
            batch = 50e-6 / each;
            batch = batch < 1 ? 1 : batch > 1024 ? 1024 : batch;
            begun = last;
        }
    }
    message[0] = OVER;
    MPI_Send(message, size, MPI_BYTE, 1, 7, MPI_COMM_WORLD);
    count--;
    qsort(times, count, sizeof *times, compare);
    printf("%.4f\n", times[count / 2] * 1e6 / 2);
    MPI_Finalize();
    return 0;
}
