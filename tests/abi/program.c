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
static long sys(long n, long a, long b, long c) {
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return r;
}
static char version[8192];
__attribute__((used)) static void go(void) {
    int size = 0, rank = 0, sum = 0, one = 1, length = 0;
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
    MPI_Finalize();
    sys(231, sum == size ? 0 : 1, 0, 0);
}
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n and $-16,%rsp\n call go\n");
