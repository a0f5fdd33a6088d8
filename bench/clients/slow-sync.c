// A slow disk: every fsync and fdatasync takes SLOW_SYNC_MS longer (50 by default). Preloaded into the broker by run.ts, so
// that no product code knows of it. Built by bench/clients/build.ts: cc -shared -fPIC -O2 -o slow-sync.so slow-sync.c -ldl

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_(void) {
  const char *ms = getenv("SLOW_SYNC_MS");
  usleep((useconds_t)(ms ? atoi(ms) : 50) * 1000);
}

int fsync(int fd) {
  wait_();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd) {
  wait_();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
