// Exchanges two names as fast as it can, or every so many microseconds, until it is killed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count != 4) return 2;
  for (useconds_t pause = atoi(words[3]);; usleep(pause)) {
    if (syscall(SYS_renameat2, AT_FDCWD, words[1], AT_FDCWD, words[2], 2) != 0) return 1;
  }
}
