/* A program whose dynamic section lies behind 36 MiB of constants, and 1 MiB before its end. */
int MPI_Init(int *, char ***);
static const char constants[36 << 20] = {1};
__asm__(".section .behind,\"\",@progbits\n .zero 1048576\n");
__attribute__((used)) int go(int count) { return MPI_Init(0, 0) + constants[count]; }
__asm__(".text\n.globl _start\n_start: call go\n");
