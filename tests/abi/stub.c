/* Symbols of MPI that do nothing, for programs to be linked with; with LESS one is missing, with OPEN
 * those of Open MPI are there. */
#ifdef LIBC
/* A C library, of which one symbol is enough. */
int of_libc(void) { return 0; }
void *dlopen(void) { return 0; }
#else
#define SYMBOL(name) int name(void) { return 0; }
SYMBOL(MPI_Init)
SYMBOL(PMPI_Init)
SYMBOL(MPI_Comm_size)
SYMBOL(MPI_Comm_rank)
#ifndef LESS
SYMBOL(MPI_Allreduce)
#endif
SYMBOL(MPI_Get_library_version)
SYMBOL(MPI_Finalize)
SYMBOL(MPI_Send)
SYMBOL(MPI_Recv)
SYMBOL(MPI_Barrier)
#ifdef OTHER
SYMBOL(MPIX_Other)
#endif
#ifdef MORE
SYMBOL(MPIX_More)
#endif
#ifdef DATA
char MPI_Data[DATA] = {1};
#endif
#ifdef FORTRAN
SYMBOL(mpi_init_)
#endif
#ifdef OPEN
int ompi_mpi_comm_world, ompi_mpi_int, ompi_mpi_op_sum;
#endif
#ifdef SLEEPS
/* The loader calls it before the program begins, and it never returns: pause(2). */
__attribute__((constructor)) static void sleeps(void) {
    for (;;) {
        long ended;
        __asm__ volatile("syscall" : "=a"(ended) : "a"(34) : "rcx", "r11", "memory");
    }
}
#endif
#ifdef NEEDS_LIBC
int of_libc(void);
int uses_libc(void) { return of_libc(); }
#endif
#endif
