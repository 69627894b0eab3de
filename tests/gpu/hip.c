/* A stub of libamdhip64.so with two GPUs that are none, and of its compiler: memory is that of the host, and the kernels are
   carried out by the caller. Built against AMD's own headers of ROCm 5, so that every function has the type that the
   runtime's has. VERSION is what it says of itself; with R0600 a device has the properties of ROCm 6. */
#define __HIP_PLATFORM_AMD__
#include <elf.h>
#include <hip/hip_runtime_api.h>
#include <hip/hiprtc.h>
#include <stdlib.h>
#include <string.h>

/* What a device says that it is, and what the compiler must be told. */
#define ARCHITECTURE "gfx90a:sramecc+:xnack-"

static int current;
static char *buffers[2][8];

hipError_t hipInit(unsigned flags) { return flags ? hipErrorInvalidValue : hipSuccess; }
hipError_t hipRuntimeGetVersion(int *version) { *version = VERSION; return hipSuccess; }
hipError_t hipGetDeviceCount(int *count) { *count = 2; return hipSuccess; }
const char *hipGetErrorName(hipError_t code) { return code == hipErrorInvalidImage ? "hipErrorInvalidImage" : "hipErrorOfTheStub"; }

hipError_t hipDeviceGetName(char *name, int length, hipDevice_t device) {
    strncpy(name, device ? "another stub" : "a stub, no GPU", length);
    return hipSuccess;
}

#ifdef R0600
/* hipDeviceProp_tR0600, as hip_runtime_api.h of ROCm 6 has it: 1472 bytes, the architecture at the 1160th. */
hipError_t hipGetDevicePropertiesR0600(char *properties, int device) {
    memset(properties, 0, 1472);
    strcpy(properties, device ? "another stub" : "a stub, no GPU");
    strcpy(properties + 1160, ARCHITECTURE);
    return hipSuccess;
}
#else
hipError_t hipGetDeviceProperties(hipDeviceProp_t *properties, int device) {
    memset(properties, 0, sizeof *properties);
    strcpy(properties->name, device ? "another stub" : "a stub, no GPU");
    strcpy(properties->gcnArchName, ARCHITECTURE);
    return hipSuccess;
}
#endif

hipError_t hipSetDevice(int device) {
    if (device < 0 || device > 1) return hipErrorInvalidDevice;
    current = device;
    return hipSuccess;
}

/* What is under way is done before a call returns; but whoever waits must be on the first GPU. */
hipError_t hipDeviceSynchronize(void) { return current ? hipErrorInvalidDevice : hipSuccess; }
hipError_t hipDeviceEnablePeerAccess(int other, unsigned flags) { return other != 1 || flags ? hipErrorInvalidDevice : hipSuccess; }

/* Which GPU a buffer is on: 2 where it is on none. */
static int owner(const void *memory) {
    for (int device = 0; device < 2; device++)
        for (int n = 0; n < 8; n++)
            if (buffers[device][n] == memory) return device;
    return 2;
}

hipError_t hipMalloc(void **memory, size_t bytes) {
    *memory = malloc(bytes);
    for (int n = 0; *memory && n < 8; n++)
        if (!buffers[current][n]) { buffers[current][n] = *memory; return hipSuccess; }
    return hipErrorOutOfMemory;
}

hipError_t hipHostMalloc(void **memory, size_t bytes, unsigned flags) {
    *memory = flags ? NULL : malloc(bytes);
    return *memory ? hipSuccess : hipErrorOutOfMemory;
}

hipError_t hipMemcpy(void *to, const void *from, size_t bytes, hipMemcpyKind kind) {
    hipMemcpyKind right = owner(from) == 0 ? (owner(to) == 0 ? hipMemcpyDeviceToDevice : hipMemcpyDeviceToHost)
                                           : (owner(to) == 0 ? hipMemcpyHostToDevice : hipMemcpyHostToHost);
    if (kind != right || current) return hipErrorInvalidMemcpyDirection;
    memcpy(to, from, bytes);
    return hipSuccess;
}

hipError_t hipMemcpyPeer(void *to, int there, const void *from, int here, size_t bytes) {
    if (there != 1 || here != 0 || owner(to) != 1 || owner(from) != 0) return hipErrorInvalidDevice;
    memcpy(to, from, bytes);
    return hipSuccess;
}

/* The compiler of the stub gives the source back. */
static char *source;

hiprtcResult hiprtcCreateProgram(hiprtcProgram *program, const char *text, const char *name, int headers, const char **contents,
                                 const char **names) {
    if (!name || headers || contents || names) return HIPRTC_ERROR_INVALID_INPUT;
    source = strdup(text);
    *program = (hiprtcProgram)source;
    return HIPRTC_SUCCESS;
}

hiprtcResult hiprtcCompileProgram(hiprtcProgram program, int many, const char **options) {
    if ((char *)program != source) return HIPRTC_ERROR_INVALID_PROGRAM;
    if (many != 1 || strcmp(options[0], "--gpu-architecture=" ARCHITECTURE)) return HIPRTC_ERROR_INVALID_OPTION;
    return FAILS ? HIPRTC_ERROR_COMPILATION : HIPRTC_SUCCESS;
}

const char *hiprtcGetErrorString(hiprtcResult result) {
    return result == HIPRTC_ERROR_COMPILATION ? "HIPRTC_ERROR_COMPILATION" : "HIPRTC_ERROR_OF_THE_STUB";
}
hiprtcResult hiprtcGetProgramLogSize(hiprtcProgram program, size_t *bytes) { (void)program; *bytes = 32; return HIPRTC_SUCCESS; }
hiprtcResult hiprtcGetProgramLog(hiprtcProgram program, char *log) { (void)program; strcpy(log, "\nno device libraries\n"); return HIPRTC_SUCCESS; }
hiprtcResult hiprtcGetCodeSize(hiprtcProgram program, size_t *bytes) { (void)program; *bytes = strlen(source) + 1; return HIPRTC_SUCCESS; }
hiprtcResult hiprtcGetCode(hiprtcProgram program, char *code) { (void)program; strcpy(code, source); return HIPRTC_SUCCESS; }

/* A module is the source, or an ELF file for AMD's GPUs as AMD's compiler makes it. */
static size_t length;

hipError_t hipModuleLoadData(hipModule_t *module, const void *image) {
    const Elf64_Ehdr *elf = image;
    *module = (hipModule_t)image;
    if (memcmp(image, ELFMAG, SELFMAG)) {
        length = strlen(image);
        return strstr(image, "extern \"C\" __global__") ? hipSuccess : hipErrorInvalidImage;
    }
    length = elf->e_shoff + (size_t)elf->e_shnum * elf->e_shentsize;
    return elf->e_machine == 224 ? hipSuccess : hipErrorInvalidImage;
}

hipError_t hipModuleGetFunction(hipFunction_t *function, hipModule_t module, const char *name) {
    const char *image = (const char *)module, *end = image + length - strlen(name);
    while (image < end && memcmp(image, name, strlen(name))) image++;
    *function = (hipFunction_t)image;
    return image < end ? hipSuccess : hipErrorNotFound;
}

hipError_t hipModuleLaunchKernel(hipFunction_t function, unsigned blocks, unsigned y, unsigned z, unsigned threads, unsigned u,
                                 unsigned v, unsigned shared, hipStream_t stream, void **arguments, void **extra) {
    if (current || y != 1 || z != 1 || u != 1 || v != 1 || shared || stream || extra) return hipErrorInvalidValue;
    if (!strncmp((const char *)function, "nothing", 7)) return hipSuccess;
    float *sums = *(float **)arguments[0], factor = *(float *)arguments[1], summand = *(float *)arguments[2];
    unsigned rounds = *(unsigned *)arguments[3];
    for (unsigned id = 0; id < blocks * threads; id++) {
        float x[8];
        for (int chain = 0; chain < 8; chain++) x[chain] = (float)id + chain;
        for (unsigned step = 0; step < 16 * rounds; step++)
            for (int chain = 0; chain < 8; chain++) x[chain] = x[chain] * factor + summand;
        sums[id] = x[0] + x[1] + x[2] + x[3] + x[4] + x[5] + x[6] + x[7];
    }
    return hipSuccess;
}
