// The code of the node `Limiter`: a WASI reactor, so that the C library is there.
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#define EXPORT(name) __attribute__((export_name(#name)))

// 64 KiB, as float: 170 ms of stereo at 48 kHz.
static float frame[16384];
static float ceiling = 1;
static int has_limited;

EXPORT(in_ptr) float *in_ptr(void) { return frame; }

EXPORT(in_capacity) int32_t in_capacity(void) { return sizeof frame; }

// The parameter `ceiling`, in decibels below full scale.
EXPORT(set_ceiling) void set_ceiling(double decibels) { ceiling = (float)pow(10, decibels / 20); }

// Up to half the ceiling nothing changes; from there on the curve bends and never reaches it.
EXPORT(process) int32_t process(int32_t samples) {
  const float knee = ceiling / 2;
  for (int32_t index = 0; index < samples; index += 1) {
    const float level = fabsf(frame[index]);
    if (level <= knee) continue;
    frame[index] = copysignf(knee + knee * tanhf((level - knee) / knee), frame[index]);
    if (has_limited) continue;
    has_limited = 1;
    // Standard error goes to the log of the session.
    fprintf(stderr, "the sound is too loud and is being limited\n");
  }
  return samples;
}
