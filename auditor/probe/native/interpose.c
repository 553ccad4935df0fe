/* Records and replays what native code asks the system for: entropy, and on request clocks.
 *
 * Loaded into the processes of a recorded program with LD_PRELOAD. Writes the same records as the Python part does (see
 * taping/wire.py), into <tape>/<rank>-<place>.native. What Python's own interpreter asks for through getrandom is left
 * to the Python part wherever that is at work, which says so through repro_audit_place().
 *
 * Nothing in here allocates through, writes to or reads from what the program uses: files are reached by system calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define VERSION 1
#define KIND_NAME 1
#define KIND_SITE 2
#define KIND_ENTROPY 3
#define KIND_PROBLEM 8
#define KIND_END 9
#define DIVERGED 97
#define NAME_MAX_ 256
#define PATH_MAX_ 4096
#define LIMIT (1u << 28)
#define NAMES 1024 /* of threads and calls that a tape tells apart */

enum { OFF, RECORD, REPLAY };

static int mode = OFF, strict_, with_clocks, probe_active, told_late;
static char tape_folder[PATH_MAX_], report_folder[PATH_MAX_], place[NAME_MAX_], name[NAME_MAX_ + 32];
static int out = -1, report = -1, forks, opened, complete_, threads_seen;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char *data_; /* the tape that is replayed */
static size_t data_size, data_start; /* whole records only, once it is loaded */
static char data_names[NAMES + 1][64];
static __thread int stream_number = -1; /* 0: the main thread, then in order of first request */
static __thread size_t position; /* of the thread's next record on the tape */
static __thread unsigned index_; /* requests of this thread so far */
static __thread int by_program; /* Python code itself reads a file: a request of the program, not of a library below it */
static __thread int muted; /* the Python part is asking: what it gets is on its tape */
static FILE *device_files[8];

/* names that were written so far, in the order of their ids */
static const char *known[NAMES];
static int known_count, too_many;

static long (*real_syscall(void))(long, ...) {
  static long (*real)(long, ...);
  if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  return real;
}

static uint32_t crc32_(const unsigned char *bytes, size_t size) {
  static uint32_t table[256];
  uint32_t crc = 0xffffffffu;
  if (!table[255])
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t entry = i;
      for (int bit = 0; bit < 8; bit++) entry = entry >> 1 ^ (0xedb88320u & -(entry & 1));
      table[i] = entry;
    }
  for (size_t i = 0; i < size; i++) crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 255];
  return ~crc;
}

static void put16(unsigned char *at, uint16_t v) { at[0] = v, at[1] = v >> 8; }
static void put32(unsigned char *at, uint32_t v) { put16(at, v), put16(at + 2, v >> 16); }
static uint32_t get32(const unsigned char *at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void write_all(int fd, const void *bytes, size_t size) {
  const char *at = bytes;
  while (size) {
    long done = real_syscall()(SYS_write, fd, at, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return;
    at += done, size -= done;
  }
}

static void write_record(int kind, const void *payload, uint32_t size, uint32_t stream, uint32_t call) {
  size_t total = 24 + (size_t)size;
  unsigned char small[512], *record = total <= sizeof small ? small : malloc(total);
  if (!record) return;
  put32(record, size);
  record[8] = kind, record[9] = 0;
  put16(record + 10, 0), put32(record + 12, stream), put32(record + 16, call), put32(record + 20, 0);
  memcpy(record + 24, payload, size);
  put32(record + 4, crc32_(record + 8, total - 8));
  write_all(out, record, total);
  if (record != small) free(record);
}

static const char *thread_name(int number, char *room) {
  if (!number) return "main";
  snprintf(room, 16, "n%d", number);
  return room;
}

/* 0: there are too many, which the tape says once. */
static uint32_t id_of(const char *text) {
  static const char words[] = "native code asked in too many threads: later ones are not taped";
  for (int i = 0; i < known_count; i++)
    if (!strcmp(known[i], text)) return i + 1;
  if (known_count == NAMES) {
    if (!too_many) write_record(KIND_PROBLEM, words, sizeof words - 1, 0, 0);
    too_many = 1;
    return 0;
  }
  known[known_count++] = strdup(text);
  write_record(KIND_NAME, text, strlen(text), known_count, 0);
  return known_count;
}

static const char *rank_of(void) {
  static const char *names[] = {"RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"};
  for (int i = 0; i < 4; i++) {
    const char *found = getenv(names[i]);
    if (found && *found && strspn(found, "0123456789") == strlen(found)) return found;
  }
  return "0";
}

static int create(const char *folder, const char *suffix) {
  char path[PATH_MAX_ + NAME_MAX_ + 64];
  for (int number = 1; number < 10000; number++) {
    if (number == 1) snprintf(name, sizeof name, "%s-%s", rank_of(), place);
    else snprintf(name, sizeof name, "%s-%s~%d", rank_of(), place, number);
    snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
    int fd = real_syscall()(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

static void write_head(void) {
  char text[NAME_MAX_ + 64];
  int size = snprintf(text, sizeof text, "{\"argv\": [], \"native\": true, \"pid\": %d, \"place\": \"%s\"}", getpid(), place);
  unsigned char head[24 + sizeof text + 4];
  memcpy(head, "repro-audit-tape", 16);
  put32(head + 16, VERSION), put32(head + 20, size);
  memcpy(head + 24, text, size);
  put32(head + 24 + size, crc32_((unsigned char *)text, size));
  write_all(out, head, 28 + size);
}

static void load(void) {
  char path[PATH_MAX_ + NAME_MAX_ + 64];
  struct stat status;
  snprintf(path, sizeof path, "%s/%s.native", tape_folder, name);
  int fd = real_syscall()(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    complete_ = 1; /* a process that had asked for nothing */
    return;
  }
  if (!fstat(fd, &status) && (data_ = malloc(status.st_size + 1))) {
    long done;
    while (data_size < (size_t)status.st_size &&
           (done = real_syscall()(SYS_read, fd, data_ + data_size, status.st_size - data_size)) > 0)
      data_size += done;
  }
  real_syscall()(SYS_close, fd);
  if (data_size < 28 || memcmp(data_, "repro-audit-tape", 16) || get32(data_ + 16) != VERSION) {
    data_size = 0;
    return;
  }
  size_t at = data_start = 28 + (size_t)get32(data_ + 20);
  while (at + 24 <= data_size) {
    uint32_t length = get32(data_ + at), id = get32(data_ + at + 12);
    size_t end = at + 24 + (size_t)length;
    if (length > LIMIT || end > data_size || get32(data_ + at + 4) != crc32_(data_ + at + 8, end - at - 8)) break;
    if (data_[at + 8] == KIND_END) complete_ = 1;
    if (data_[at + 8] == KIND_NAME && id <= NAMES) memcpy(data_names[id], data_ + at + 24, length < 63 ? length : 63);
    at = end;
  }
  data_size = at;
}

static void open_files(void) {
  opened = 1;
  known_count = too_many = 0;
  if (mode == RECORD) {
    out = create(tape_folder, ".native");
    if (out >= 0) write_head();
    else mode = OFF;
  } else {
    report = create(report_folder, ".native.replay");
    load();
  }
}

static int ready(void) { return mode != OFF && place[0]; }

static void join_thread(void) {
  if (stream_number < 0) {
    stream_number = real_syscall()(SYS_gettid) == getpid() ? 0 : ++threads_seen;
    position = 0;
    index_ = 0;
  }
}

/* An imported tape knows devices from system calls, and nothing else of who asked: what has the size is taken in order. */
static int is_imported(const char *recorded) { return *recorded == '*'; }

static int fits(const char *recorded, size_t length, const char *call, size_t size) {
  int is_read = !strcmp(call, "read") || !strcmp(call, "fread");
  return length == size && is_read == !strcmp(recorded, "*random_device");
}

/* The payload of this thread's next record; NULL at the end of the tape. */
static const unsigned char *next_record(uint32_t *size, char *call, size_t room, const char *asked, size_t wanted) {
  char mine[16];
  const char *stream = thread_name(stream_number, mine);
  for (size_t at = position > data_start ? position : data_start; at + 24 <= data_size;) {
    uint32_t length = get32(data_ + at), id = get32(data_ + at + 12), called = get32(data_ + at + 16);
    size_t end = at + 24 + (size_t)length;
    const char *recorded = called <= NAMES ? data_names[called] : "?";
    int passed = is_imported(recorded) && !fits(recorded, length, asked, wanted);
    if (data_[at + 8] == KIND_ENTROPY && id <= NAMES && !strcmp(data_names[id], stream) && !passed) {
      if (!is_imported(recorded)) position = end;
      else data_[at + 8] = 0; /* given away; what was passed over may come later */
      *size = length;
      snprintf(call, room, "%s", is_imported(recorded) ? asked : recorded);
      return data_ + at + 24;
    }
    at = end;
  }
  return NULL;
}

static void diverge(const char *call, size_t size, const char *recorded, int cut) {
  char text[1024], line[2048], mine[16];
  const char *stream = thread_name(stream_number, mine);
  int length = snprintf(text, sizeof text, "request %u of native code in process %s, thread %s is %s (%zu bytes); %s", index_,
                        name, stream, call, size, recorded);
  if (length < 0) return;
  length = snprintf(line, sizeof line,
                    "{\"%s\": {\"index\": %u, \"process\": \"%s\", \"stream\": \"native %s\", \"tape_was_cut\": %s, "
                    "\"text\": \"%s\"}}\n",
                    "divergence", index_, name, stream, cut ? "true" : "false", text);
  if (report >= 0 && length > 0) write_all(report, line, length);
  if (strict_) {
    fflush(NULL);
    _exit(DIVERGED);
  }
}

static void real_random(void *buffer, size_t size) {
  char *at = buffer;
  while (size) {
    long done = real_syscall()(SYS_getrandom, at, size, 0);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return;
    at += done, size -= done;
  }
}

/* Record what `buffer` holds, or fill it from the tape. `is_clock`: going past the end is no divergence. */
static void answer(const char *call, void *buffer, size_t size, int is_clock) {
  if (!ready() || !size || muted) return;
  int before = errno;
  pthread_mutex_lock(&lock);
  if (!opened) open_files();
  join_thread();
  if (size > LIMIT) {
    char words[128];
    int length = snprintf(words, sizeof words, "%s of %zu bytes at once is not taped: more than %u", call, size, LIMIT);
    if (mode == RECORD) write_record(KIND_PROBLEM, words, length, 0, 0);
  } else if (mode == RECORD) {
    char mine[16];
    uint32_t called = id_of(call), stream = id_of(thread_name(stream_number, mine));
    if (stream && called) write_record(KIND_ENTROPY, buffer, size, stream, called);
  } else if (mode == REPLAY) {
    uint32_t length = 0;
    char recorded[64] = "", words[160];
    size_t was = position;
    const unsigned char *found = next_record(&length, recorded, sizeof recorded, call, size);
    if (found && length == size && !strcmp(recorded, call)) {
      memcpy(buffer, found, size);
    } else if (found) {
      position = was;
      snprintf(words, sizeof words, "recorded was %s (%u bytes)", recorded, length);
      if (!is_clock) diverge(call, size, words, 0);
    } else if (!is_clock && (!probe_active || by_program) && !stream_number) {
      snprintf(words, sizeof words, complete_ ? "the tape has only %u" : "the tape ends here, after %u", index_);
      diverge(call, size, words, !complete_);
    }
  }
  index_++;
  pthread_mutex_unlock(&lock);
  errno = before;
}

/* Where the caller's code lies: Python's interpreter has a tape of its own wherever the probe is at work. */
static int by_interpreter(const void *caller) {
  Dl_info where;
  if (!probe_active || !dladdr(caller, &where) || !where.dli_fname) return 0;
  const char *base = strrchr(where.dli_fname, '/');
  base = base ? base + 1 : where.dli_fname;
  return !strncmp(base, "python", 6) || !strncmp(base, "libpython", 9);
}

static int by_python_code(const void *caller) {
  Dl_info where;
  if (!probe_active) return 0;
  if (!dladdr(caller, &where) || !where.dli_fname || strstr(where.dli_fname, "/_ctypes.")) return 0;
  return by_interpreter(caller) || strstr(where.dli_fname, "/lib-dynload/") || strstr(where.dli_fname, "/libc.so");
}

/* entropy */

ssize_t getrandom(void *buffer, size_t size, unsigned flags) {
  if (by_interpreter(__builtin_return_address(0)) || !ready()) return real_syscall()(SYS_getrandom, buffer, size, flags);
  long done = real_syscall()(SYS_getrandom, buffer, size, flags);
  if (done > 0) answer("getrandom", buffer, done, 0);
  return done;
}

/* Rust's and Go's libraries, say, ask in this way; every other call goes through as it is. */
long syscall(long number, ...) {
  long a[6];
  va_list given;
  va_start(given, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(given, long);
  va_end(given);
  long done = real_syscall()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (number == SYS_getrandom && done > 0 && !by_interpreter(__builtin_return_address(0)))
    answer("getrandom", (void *)a[0], done, 0);
  return done;
}

int getentropy(void *buffer, size_t size) {
  if (size > 256) {
    errno = EIO;
    return -1;
  }
  real_random(buffer, size);
  if (!by_interpreter(__builtin_return_address(0))) answer("getentropy", buffer, size, 0);
  return 0;
}

void arc4random_buf(void *buffer, size_t size) {
  real_random(buffer, size);
  answer("arc4random", buffer, size, 0);
}

uint32_t arc4random(void) {
  uint32_t value;
  arc4random_buf(&value, sizeof value);
  return value;
}

uint32_t arc4random_uniform(uint32_t bound) {
  uint32_t least = bound ? -bound % bound : 0, value;
  if (bound < 2) return 0;
  do value = arc4random();
  while (value < least);
  return value % bound;
}

/* std::random_device::operator(): by default an instruction of the processor, which nobody else could see */
uint32_t _ZNSt13random_device9_M_getvalEv(void *self) {
  uint32_t value;
  (void)self;
  real_random(&value, sizeof value);
  answer("std::random_device", &value, sizeof value, 0);
  return value;
}

/* Whether what is read through a file is entropy: of the devices, or an identifier that the kernel makes up. */
static int is_device(int fd) {
  struct stat status;
  int before = errno, found = 0;
  if (!fstat(fd, &status)) {
    if (S_ISCHR(status.st_mode))
      found = major(status.st_rdev) == 1 && (minor(status.st_rdev) == 8 || minor(status.st_rdev) == 9);
    else if (S_ISREG(status.st_mode) && !status.st_size && !major(status.st_dev)) { /* a file of /proc, perhaps */
      char link[64], path[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
      long length = real_syscall()(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
      path[length < 0 ? 0 : length] = 0;
      found = !strcmp(path, "/proc/sys/kernel/random/uuid");
    }
  }
  errno = before;
  return found;
}

static ssize_t device(ssize_t done, int fd, void *buffer, const void *caller) {
  if (done > 0 && ready() && is_device(fd)) {
    by_program = by_interpreter(caller);
    answer("read", buffer, done, 0);
    by_program = 0;
  }
  return done;
}

#define REAL(type, symbol) \
  static type real; \
  if (!real) real = (type)dlsym(RTLD_NEXT, symbol)

ssize_t read(int fd, void *buffer, size_t size) {
  REAL(__typeof__(&read), "read");
  return device(real(fd, buffer, size), fd, buffer, __builtin_return_address(0));
}

ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room) {
  REAL(__typeof__(&__read_chk), "__read_chk");
  return device(real(fd, buffer, size, room), fd, buffer, __builtin_return_address(0));
}

ssize_t pread(int fd, void *buffer, size_t size, off_t at) {
  REAL(__typeof__(&pread), "pread");
  return device(real(fd, buffer, size, at), fd, buffer, __builtin_return_address(0));
}

ssize_t pread64(int fd, void *buffer, size_t size, off64_t at) {
  REAL(__typeof__(&pread64), "pread64");
  return device(real(fd, buffer, size, at), fd, buffer, __builtin_return_address(0));
}

ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t at, size_t room) {
  REAL(__typeof__(&__pread_chk), "__pread_chk");
  return device(real(fd, buffer, size, at, room), fd, buffer, __builtin_return_address(0));
}

ssize_t __pread64_chk(int fd, void *buffer, size_t size, off64_t at, size_t room) {
  REAL(__typeof__(&__pread64_chk), "__pread64_chk");
  return device(real(fd, buffer, size, at, room), fd, buffer, __builtin_return_address(0));
}

ssize_t readv(int fd, const struct iovec *parts, int count) {
  REAL(__typeof__(&readv), "readv");
  ssize_t done = real(fd, parts, count), left = done;
  if (done <= 0 || !ready() || !is_device(fd)) return done;
  for (int i = 0; i < count && left > 0; i++) {
    size_t here = parts[i].iov_len < (size_t)left ? parts[i].iov_len : (size_t)left;
    answer("read", parts[i].iov_base, here, 0);
    left -= here;
  }
  return done;
}

static FILE *remember_if(FILE *file, int is_one) {
  for (int i = 0; file && is_one && i < 8; i++)
    if (__sync_bool_compare_and_swap(&device_files[i], NULL, file)) break; /* other threads open files as well */
  return file;
}

static FILE *remember(FILE *file, const char *path) {
  return remember_if(file, path && (!strcmp(path, "/dev/urandom") || !strcmp(path, "/dev/random")));
}

static int is_device_file(FILE *file) {
  for (int i = 0; i < 8; i++)
    if (device_files[i] == file) return 1;
  return 0;
}

FILE *fopen(const char *path, const char *how) {
  REAL(__typeof__(&fopen), "fopen");
  return remember(real(path, how), path);
}

FILE *fopen64(const char *path, const char *how) {
  REAL(__typeof__(&fopen64), "fopen64");
  return remember(real(path, how), path);
}

FILE *fdopen(int fd, const char *how) {
  REAL(__typeof__(&fdopen), "fdopen");
  return remember_if(real(fd, how), ready() && is_device(fd));
}

static void forget(FILE *file) {
  for (int i = 0; i < 8; i++)
    if (device_files[i] == file) device_files[i] = NULL;
}

FILE *freopen(const char *path, const char *how, FILE *file) {
  REAL(__typeof__(&freopen), "freopen");
  forget(file);
  return remember(real(path, how, file), path);
}

FILE *freopen64(const char *path, const char *how, FILE *file) {
  REAL(__typeof__(&freopen64), "freopen64");
  forget(file);
  return remember(real(path, how, file), path);
}

int fclose(FILE *file) {
  REAL(__typeof__(&fclose), "fclose");
  forget(file);
  return real(file);
}

// What was read from a stream: of a device, the tape answers in its place.
static size_t read_in(size_t done, void *buffer, size_t size, FILE *file) {
  if (done && is_device_file(file)) answer("fread", buffer, done * size, 0);
  return done;
}

size_t fread(void *buffer, size_t size, size_t count, FILE *file) {
  REAL(__typeof__(&fread), "fread");
  size_t done = real(buffer, size, count, file);
  return read_in(done, buffer, size, file);
}

size_t __fread_chk(void *buffer, size_t room, size_t size, size_t count, FILE *file) {
  REAL(__typeof__(&__fread_chk), "__fread_chk");
  size_t done = real(buffer, room, size, count, file);
  return read_in(done, buffer, size, file);
}

#undef fread_unlocked
size_t fread_unlocked(void *buffer, size_t size, size_t count, FILE *file) {
  REAL(__typeof__(&fread_unlocked), "fread_unlocked");
  size_t done = real(buffer, size, count, file);
  return read_in(done, buffer, size, file);
}

size_t __fread_unlocked_chk(void *buffer, size_t room, size_t size, size_t count, FILE *file) {
  REAL(__typeof__(&__fread_unlocked_chk), "__fread_unlocked_chk");
  size_t done = real(buffer, room, size, count, file);
  return read_in(done, buffer, size, file);
}

static int one_byte(int found, FILE *file) {
  if (found == EOF || !is_device_file(file)) return found;
  unsigned char byte = found;
  answer("fread", &byte, 1, 0);
  return byte;
}

int fgetc(FILE *file) {
  REAL(__typeof__(&fgetc), "fgetc");
  return one_byte(real(file), file);
}

#undef getc
int getc(FILE *file) {
  REAL(__typeof__(&getc), "getc");
  return one_byte(real(file), file);
}

/* OpenSSL's generator starts from more than entropy: from clocks, process ids and counters of the processor */

static int by_openssl(const char *symbol, unsigned char *buffer, int size, const void *caller) {
  const char *libraries[] = {NULL, "libcrypto.so.3", "libcrypto.so.1.1"};
  Dl_info where;
  int done = 1;
  if (size < 0) return 0;
  if (dladdr(caller, &where)) libraries[0] = where.dli_fname; /* finds what it is linked to, whatever that is called */
  int (*real)(unsigned char *, int) = (int (*)(unsigned char *, int))dlsym(RTLD_NEXT, symbol);
  for (int i = 0; !real && i < 3; i++) { /* a library that was loaded later, and for itself */
    void *library = libraries[i] ? dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD) : NULL;
    if (library) real = (int (*)(unsigned char *, int))dlsym(library, symbol);
  }
  if (!real) real_random(buffer, size);
  else done = real(buffer, size);
  if (done != 1) return done;
  if (!by_python_code(caller)) answer(symbol, buffer, size, 0);
  return 1;
}

int RAND_bytes(unsigned char *buffer, int size) {
  return by_openssl("RAND_bytes", buffer, size, __builtin_return_address(0));
}

int RAND_priv_bytes(unsigned char *buffer, int size) {
  return by_openssl("RAND_priv_bytes", buffer, size, __builtin_return_address(0));
}

/* clocks, on request */

static int clock_wanted(const void *caller) { return with_clocks && ready() && !by_python_code(caller); }

int clock_gettime(clockid_t clock, struct timespec *at) {
  int failed = real_syscall()(SYS_clock_gettime, clock, at) ? -1 : 0;
  if (!failed && clock == CLOCK_REALTIME && clock_wanted(__builtin_return_address(0)))
    answer("clock_gettime", at, sizeof *at, 1);
  return failed;
}

int gettimeofday(struct timeval *at, void *zone) {
  struct timespec now;
  (void)zone;
  real_syscall()(SYS_clock_gettime, CLOCK_REALTIME, &now);
  struct timeval *volatile given = at; /* the header promises that it is none; programs pass NULL all the same */
  if (!given) return 0;
  at->tv_sec = now.tv_sec, at->tv_usec = now.tv_nsec / 1000;
  if (clock_wanted(__builtin_return_address(0))) answer("gettimeofday", at, sizeof *at, 1);
  return 0;
}

time_t time(time_t *at) {
  struct timespec now;
  real_syscall()(SYS_clock_gettime, CLOCK_REALTIME, &now);
  time_t value = now.tv_sec;
  if (clock_wanted(__builtin_return_address(0))) answer("time", &value, sizeof value, 1);
  if (at) *at = value;
  return value;
}

/* the process's life */

static void start_over(void) {
  if (out >= 0) real_syscall()(SYS_close, out);
  if (report >= 0) real_syscall()(SYS_close, report);
  out = report = -1;
  opened = complete_ = threads_seen = 0;
  free(data_);
  data_ = NULL;
  data_size = 0;
  memset(data_names, 0, sizeof data_names);
  stream_number = -1;
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void in_parent(void) {
  forks++;
  pthread_mutex_unlock(&lock);
}
static void in_child(void) {
  char parent[NAME_MAX_];
  pthread_mutex_init(&lock, NULL);
  start_over();
  snprintf(parent, sizeof parent, "%s", place);
  if (told_late || probe_active) place[0] = 0; /* the Python part tells it */
  else if (place[0]) {
    snprintf(place, sizeof place, "%.*s.%d", NAME_MAX_ - 16, parent, forks + 1);
  }
  forks = 0;
}

/* Called by the Python part: it is at work in this process, which has this place. */
void repro_audit_place(const char *text) {
  pthread_mutex_lock(&lock);
  if (strcmp(place, text)) {
    start_over();
    snprintf(place, sizeof place, "%s", text);
  }
  probe_active = 1;
  pthread_mutex_unlock(&lock);
}

/* Called by the Python part around what it asks a library for: only a recording gets that far, a replay has the answer. */
void repro_audit_mute(int on) { muted = on; }

__attribute__((constructor)) static void begin(int argc, char **argv) {
  const char *wanted = getenv("REPRO_AUDIT_NATIVE"), *tape = getenv("REPRO_AUDIT_NATIVE_TAPE");
  const char *told = getenv("REPRO_AUDIT_NATIVE_REPORT"), *from = getenv("REPRO_AUDIT_PLACE");
  if (!wanted || !tape || (from && !strcmp(from, "-"))) return;
  snprintf(tape_folder, sizeof tape_folder, "%s", tape);
  snprintf(report_folder, sizeof report_folder, "%s", told ? told : tape);
  strict_ = !strcmp(wanted, "replay");
  with_clocks = getenv("REPRO_AUDIT_NATIVE_CLOCKS") != NULL;
  for (int i = 1; i < argc; i++) {
    if (strstr(argv[i], ".resource_tracker import main")) return; /* runs none of the program's code */
    if (!strcmp(argv[i], "--multiprocessing-fork") || strstr(argv[i], "multiprocessing.forkserver") ||
        strstr(argv[i], "loky.backend.popen_loky"))
      told_late = 1;
  }
  if (!told_late && (!from || !*from)) snprintf(place, sizeof place, "0");
  else if (!told_late) {
    const char *space = strchr(from, ' ');
    int length = space ? (int)(space - from) : (int)strlen(from);
    snprintf(place, sizeof place, "%.*s.x%s", length < 200 ? length : 200, from, space ? space + 1 : "0");
  }
  mode = !strcmp(wanted, "record") ? RECORD : REPLAY;
  pthread_atfork(before_fork, in_parent, in_child);
}

__attribute__((destructor)) static void end(void) {
  if (mode == RECORD && out >= 0) write_record(KIND_END, "{}", 2, 0, 0);
}
