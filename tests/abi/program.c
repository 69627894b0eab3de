/* A program of MPI without a C library of its own, so that it runs with any. */
#ifdef OPEN
extern char ompi_mpi_comm_world[], ompi_mpi_int[], ompi_mpi_op_sum[];
typedef void *handle;
#define WORLD ((handle)ompi_mpi_comm_world)
#define INT ((handle)ompi_mpi_int)
#define SUM ((handle)ompi_mpi_op_sum)
#elif defined ABI
/* Those of the ABI of MPI 5. */
typedef void *handle;
#define WORLD ((handle)0x101)
#define INT ((handle)0x209)
#define SUM ((handle)0x21)
#else
typedef int handle;
#define WORLD 0x44000000
#define INT 0x4c000405
#define SUM 0x58000003
#endif
int MPI_Init(int *, char ***);
int MPI_Comm_size(handle, int *);
int MPI_Comm_rank(handle, int *);
int MPI_Allreduce(const void *, void *, int, handle, handle, handle);
int MPI_Get_library_version(char *, int *);
int MPI_Finalize(void);
#ifdef CALLS_MORE
int MPIX_More(void);
#endif
#ifdef NEEDS_LIBC
int of_libc(void);
#endif
#ifdef READS_DATA
extern char MPI_Data[];
#endif
static long sys(long n, long a, long b, long c) {
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return r;
}
static char version[8192];
#ifdef PINGPONG
/* Half the time of a message there and back, by size. */
#define BYTE 0x4c00010d
int MPI_Send(const void *, int, handle, int, int, handle);
int MPI_Recv(void *, int, handle, int, int, handle, void *);
int MPI_Barrier(handle);
#define STATUS_IGNORE ((void *)1)
static char message[1 << 20];
static long now(void) {
    long t[2];
    sys(228, 1, (long)t, 0);
    return t[0] * 1000000000 + t[1];
}
static void print(const char *before, long number) {
    char digits[24], text[64];
    int count = 0, length = 0;
    do digits[count++] = '0' + number % 10; while (number /= 10);
    while (before[length]) { text[length] = before[length]; length++; }
    while (count) text[length++] = digits[--count];
    sys(1, 1, (long)text, length);
}
static void pingpong(int rank) {
    for (int size = 1; size <= (int)sizeof message; size *= 4) {
        int rounds = size < 4096 ? 2000 : 200;
        long begun = 0;
        for (int round = -50; round < rounds; round++) {
            if (round == 0) { MPI_Barrier(WORLD); begun = now(); }
            if (rank == 0) {
                MPI_Send(message, size, BYTE, 1, 0, WORLD);
                MPI_Recv(message, size, BYTE, 1, 0, WORLD, STATUS_IGNORE);
            } else {
                MPI_Recv(message, size, BYTE, 0, 0, WORLD, STATUS_IGNORE);
                MPI_Send(message, size, BYTE, 0, 0, WORLD);
            }
        }
        if (rank == 0) {
            print("size ", size);
            print(" ns ", (now() - begun) / rounds / 2);
            sys(1, 1, (long)"\n", 1);
        }
    }
}
#endif
#ifdef FORTRAN
/* What Fortran's calls lead to is named in another library. */
int mpi_init_(void);
__attribute__((used)) static void go(void) {
    mpi_init_();
    sys(231, 0, 0, 0);
}
#else
__attribute__((used)) static void go(void) {
    int size = 0, rank = 0, sum = 0, one = 1, length = 0;
#ifdef OPENS
    /* Whether a device file may be read and written. */
    sys(1, 1, (long)(sys(2, (long)OPENS, 2, 0) < 0 ? "closed\n" : "opened\n"), 7);
#endif
    MPI_Get_library_version(version, &length);
    MPI_Init(0, 0);
    MPI_Comm_size(WORLD, &size);
    MPI_Comm_rank(WORLD, &rank);
    MPI_Allreduce(&one, &sum, 1, INT, SUM, WORLD);
    if (rank == 0) {
        char text[] = "sum 0 of 0\n";
        text[4] += sum; text[9] += size;
        sys(1, 1, (long)text, 11);
        sys(1, 1, (long)version, length);
    }
#ifdef PINGPONG
    if (size == 2) pingpong(rank);
#endif
    MPI_Finalize();
#ifdef CALLS_MORE
    if (rank > 99) MPIX_More();
#endif
#ifdef NEEDS_LIBC
    if (rank > 99) of_libc();
#endif
#ifdef READS_DATA
    if (rank > 99) sum += MPI_Data[0];
#endif
    sys(231, sum == size ? 0 : 1, 0, 0);
}
#endif
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n and $-16,%rsp\n call go\n");
