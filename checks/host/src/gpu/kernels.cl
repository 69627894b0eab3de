__kernel void nothing(void) {}

#define ALL(step) step(0) step(1) step(2) step(3) step(4) step(5) step(6) step(7)
#define BEGIN(n) float x##n = id + n;
#define STEP(n) x##n = fma(x##n, factor, summand);
#define FOUR ALL(STEP) ALL(STEP) ALL(STEP) ALL(STEP)

__kernel void multiply_add(__global float *sums, float factor, float summand, unsigned rounds) {
    float id = get_global_id(0);
    ALL(BEGIN)
    for (unsigned n = 0; n < rounds; n++) { FOUR FOUR FOUR FOUR }
    sums[get_global_id(0)] = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
}
