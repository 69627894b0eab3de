/* A stub of libcuda.so.1 with two GPUs that are none: memory is that of the host, and the kernels are carried out by the
   caller. Built against NVIDIA's own cuda.h, so that every function has the type that the driver's has. VERSION
   is what it says of itself. */
#include <cuda.h>
#include <stdlib.h>
#include <string.h>

static int current;
static int contexts[2];

CUresult cuInit(unsigned flags) { return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS; }
CUresult cuDriverGetVersion(int *version) { *version = VERSION; return CUDA_SUCCESS; }
CUresult cuDeviceGetCount(int *count) { *count = 2; return CUDA_SUCCESS; }

CUresult cuDeviceGet(CUdevice *device, int number) {
    if (number < 0 || number > 1) return CUDA_ERROR_INVALID_DEVICE;
    *device = number;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
    strncpy(name, device ? "another stub" : "a stub, no GPU", length);
    return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult code, const char **name) {
    *name = code == CUDA_ERROR_INVALID_PTX ? "CUDA_ERROR_INVALID_PTX" : "CUDA_ERROR_OF_THE_STUB";
    return CUDA_SUCCESS;
}

CUresult cuCtxCreate(CUcontext *context, unsigned flags, CUdevice device) {
    (void)flags;
    *context = (CUcontext)&contexts[device];
    current = device;
    return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context) {
    current = (int *)context - contexts;
    return CUDA_SUCCESS;
}

/* What is under way is done before a call returns; but whoever waits must be on the first GPU. */
CUresult cuCtxSynchronize(void) { return current ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS; }
CUresult cuCtxEnablePeerAccess(CUcontext other, unsigned flags) { (void)other; (void)flags; return CUDA_SUCCESS; }

static CUresult given(void **memory, size_t bytes) {
    *memory = malloc(bytes);
    return *memory ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuMemAlloc(CUdeviceptr *memory, size_t bytes) { return given((void **)memory, bytes); }
CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) { (void)flags; return given(memory, bytes); }

static CUresult copied(void *to, const void *from, size_t bytes) {
    memcpy(to, from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoD(CUdeviceptr to, const void *from, size_t bytes) { return copied((void *)to, from, bytes); }
CUresult cuMemcpyDtoH(void *to, CUdeviceptr from, size_t bytes) { return copied(to, (void *)from, bytes); }
CUresult cuMemcpyDtoD(CUdeviceptr to, CUdeviceptr from, size_t bytes) { return copied((void *)to, (void *)from, bytes); }

CUresult cuMemcpyPeer(CUdeviceptr to, CUcontext there, CUdeviceptr from, CUcontext here, size_t bytes) {
    if (there != (CUcontext)&contexts[1] || here != (CUcontext)&contexts[0]) return CUDA_ERROR_INVALID_CONTEXT;
    return copied((void *)to, (void *)from, bytes);
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
    *module = (CUmodule)image;
    return strncmp(image, ".version ", 9) ? CUDA_ERROR_INVALID_PTX : CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
    char entry[64] = ".visible .entry ";
    *function = (CUfunction)strstr((const char *)module, strcat(entry, name));
    return *function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cuLaunchKernel(CUfunction function, unsigned blocks, unsigned y, unsigned z, unsigned threads, unsigned u,
                        unsigned v, unsigned shared, CUstream stream, void **arguments, void **extra) {
    (void)stream;
    (void)extra;
    if (current || y != 1 || z != 1 || u != 1 || v != 1 || shared) return CUDA_ERROR_INVALID_VALUE;
    if (!strncmp((const char *)function + 16, "nothing", 7)) return CUDA_SUCCESS;
    float *sums = *(float **)arguments[0], factor = *(float *)arguments[1], summand = *(float *)arguments[2];
    unsigned rounds = *(unsigned *)arguments[3];
    for (unsigned id = 0; id < blocks * threads; id++) {
        float x[8];
        for (int chain = 0; chain < 8; chain++) x[chain] = (float)id + chain;
        for (unsigned step = 0; step < 16 * rounds; step++)
            for (int chain = 0; chain < 8; chain++) x[chain] = x[chain] * factor + summand;
        sums[id] = x[0] + x[1] + x[2] + x[3] + x[4] + x[5] + x[6] + x[7];
    }
    return CUDA_SUCCESS;
}
