/* A program of libfabric, or with VERBS of rdma-core, without a C library of its own: prints the release
 * of the library and how many ways it offers. */
static long sys(long n, long a, long b, long c) {
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return r;
}
static void print(const char *before, unsigned long number) {
    char digits[24], text[64];
    int count = 0, length = 0;
    do digits[count++] = '0' + number % 10; while (number /= 10);
    while (before[length]) { text[length] = before[length]; length++; }
    while (count) text[length++] = digits[--count];
    sys(1, 1, (long)text, length);
}
#ifdef VERBS
void **ibv_get_device_list(int *);
static void look(void) {
    int count = 0;
    ibv_get_device_list(&count);
    print("devices ", count);
}
#else
unsigned fi_version(void);
int fi_getinfo(unsigned, const char *, const char *, unsigned long, const void *, void **);
static void look(void) {
    unsigned version = fi_version(), count = 0;
    void *info = 0;
    /* Each begins with the address of the next. */
    if (fi_getinfo(version, 0, 0, 0, 0, &info) == 0)
        for (; info; info = *(void **)info) count++;
    print("libfabric ", version >> 16);
    print(".", version & 0xffff);
    print(" ways ", count);
}
#endif
__attribute__((used)) static void go(void) {
    look();
    sys(1, 1, (long)"\n", 1);
    sys(231, 0, 0, 0);
}
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n and $-16,%rsp\n call go\n");
