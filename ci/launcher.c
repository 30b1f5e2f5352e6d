/* The first program of the one file that needs nothing (docs/bundle.md): ci/bundle.py compiles it, statically, and puts
 * the interpreter with all that belongs to it behind it, as a tar archive and a trailer.
 *
 * It unpacks the archive once, into a folder that only this user can write to and whose name says what is in it, and
 * from then on only executes the interpreter that lies there. It decides nothing else, and writes nowhere else.
 *
 * Kernels: everything here is older than 2.6.32, or does without where the kernel does not know it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "runtime bundle 1"
#define BLOCK 512
#define ROOM 512   /* of the placeholder that ci/interpreter.py writes into the programs, with its end */
#define LONGEST 480 /* of a folder, so that what is in it fits into the placeholder */
#define MARK "/@the folder that the bundle is unpacked into@"

/* The last bytes of the file; little endian, as all of its machines are. */
struct trailer {
    char magic[16];
    char key[32]; /* hexadecimal, not terminated: the name of the folder */
    uint64_t offset, size;
    uint32_t crc, reserved;
};

static char refusals[8192]; /* why each folder would not do */

static void fail(const char *format, ...) {
    va_list rest;
    fputs("runtime: ", stderr);
    va_start(rest, format);
    vfprintf(stderr, format, rest);
    va_end(rest);
    fputc('\n', stderr);
    exit(125);
}

static void refuse(const char *folder, const char *why) {
    size_t used = strlen(refusals);
    snprintf(refusals + used, sizeof refusals - used, "  %s: %s\n", folder, why);
}

/* ------------------------------------------------------------------------------------------------ this file */

static int open_self(void) {
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (self < 0) /* no /proc here */
        self = open((const char *)getauxval(AT_EXECFN), O_RDONLY | O_CLOEXEC);
    if (self < 0)
        fail("cannot open its own file: %s\nwhat to do: mount /proc, or start it by its full path", strerror(errno));
    return self;
}

static void read_trailer(int self, struct trailer *trailer) {
    off_t end = lseek(self, 0, SEEK_END);
    if (end < (off_t)sizeof *trailer ||
        pread(self, trailer, sizeof *trailer, end - sizeof *trailer) != (ssize_t)sizeof *trailer ||
        memcmp(trailer->magic, MAGIC, sizeof trailer->magic) != 0 ||
        (uint64_t)end != trailer->offset + trailer->size + sizeof *trailer)
        fail("this file is not complete\nwhat to do: copy it again, and compare its size");
}

static uint32_t crc32(const unsigned char *data, uint64_t size) {
    static uint32_t table[256];
    uint32_t crc = ~0u;
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        table[byte] = value;
    }
    while (size--)
        crc = table[(crc ^ *data++) & 0xff] ^ crc >> 8;
    return ~crc;
}

/* ---------------------------------------------------------------------------------------------- the archive */

static uint64_t octal(const char *field, int length) {
    uint64_t value = 0;
    while (length-- && *field >= '0' && *field <= '7')
        value = value * 8 + (*field++ - '0');
    return value;
}

static int write_all(int file, const char *data, uint64_t size) {
    while (size) {
        ssize_t written = write(file, data, size > 1 << 20 ? 1 << 20 : size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        data += written;
        size -= written;
    }
    return 0;
}

/* A program names its loader, and the folder of its libraries, by a placeholder; here is what it stands for. */
static int settle(int file, const char *data, uint64_t size, const char *folder) {
    const char *found = data, *end = data + size;
    while ((found = memmem(found, end - found, MARK, sizeof MARK - 1))) {
        char text[ROOM] = "";
        const char *rest = found + sizeof MARK - 1;
        if (strnlen(found, end - found) != ROOM - 1)
            return errno = ENOEXEC, -1;
        snprintf(text, sizeof text, "%s/%s", folder, rest + strspn(rest, "/"));
        if (pwrite(file, text, ROOM - 1, found - data) != ROOM - 1)
            return -1;
        found += ROOM - 1;
    }
    return 0;
}

static int unpack_file(int into, const char *name, mode_t mode, const char *data, uint64_t size, const char *folder) {
    int file = openat(into, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0755);
    if (file < 0)
        return -1;
    int failed = write_all(file, data, size) || (!strncmp(name, "bin/", 4) && settle(file, data, size, folder)) ||
                 fchmod(file, mode & 0755);
    return close(file) || failed ? -1 : 0;
}

/* Names are up to 99 bytes long, each folder comes before what is in it, and there are files and folders only. */
static int unpack_all(int into, const char *archive, uint64_t size, const char *folder) {
    for (uint64_t at = 0; at + BLOCK <= size && archive[at];) {
        const char *header = archive + at, *data = header + BLOCK;
        char name[101] = "";
        memcpy(name, header, 100);
        uint64_t length = octal(header + 124, 11);
        mode_t mode = octal(header + 100, 7);
        if (length > size - at - BLOCK)
            return errno = EIO, -1;
        if (header[156] == '5' ? mkdirat(into, name, 0755) : unpack_file(into, name, mode, data, length, folder))
            return -1;
        at += BLOCK + (length + BLOCK - 1) / BLOCK * BLOCK;
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------- the folders */

static int make(const char *path, mode_t mode) { return mkdir(path, mode) && errno != EEXIST ? -1 : 0; }

/* Makes a folder with its parents. */
static int make_all(const char *path) {
    char part[LONGEST + 1];
    for (const char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (make(part, 0755))
            return -1;
    }
    return make(path, 0755);
}

/* Why what lies there might not be ours, or root's; it is going to be executed. */
static const char *mistrust(const char *path) {
    struct stat found;
    if (lstat(path, &found))
        return strerror(errno);
    if (!S_ISDIR(found.st_mode))
        return "is not a folder";
    if (found.st_uid != geteuid() && found.st_uid != 0)
        return "belongs to another user";
    return found.st_mode & 022 ? "others can write to it" : NULL;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status, (void)kind, (void)place;
    return remove(path);
}

/* Why it did not work, or NULL. */
static const char *unpack_into(int self, const struct trailer *trailer, const char *parent, const char *target) {
    char path[LONGEST + 80];
    const char *why = NULL;
    if (make_all(parent))
        return strerror(errno);
    if ((why = mistrust(parent)))
        return why;
    snprintf(path, sizeof path, "%s/.lock", parent);
    int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock < 0)
        return strerror(errno);
    flock(lock, LOCK_EX); /* where a file system has no locks, the last rename decides */
    if (!mistrust(target)) {
        close(lock);
        return NULL;
    }
    char *map = mmap(NULL, trailer->offset + trailer->size, PROT_READ, MAP_PRIVATE, self, 0);
    if (map == MAP_FAILED)
        fail("cannot map its own file: %s", strerror(errno));
    char *archive = map + trailer->offset;
    if (crc32((unsigned char *)archive, trailer->size) != trailer->crc)
        fail("this file is damaged\nwhat to do: copy it again");
    snprintf(path, sizeof path, "%s/.unfinished", parent);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    int into = make(path, 0755) ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (into < 0 || unpack_all(into, archive, trailer->size, target))
        why = strerror(errno);
    if (!why) {
        if (syncfs(into)) /* before Linux 2.6.39; a folder that has its name must be whole, whatever happens */
            sync();
        if (rename(path, target))
            why = mistrust(target) ? strerror(errno) : NULL;
    }
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    close(into);
    munmap(map, trailer->offset + trailer->size);
    close(lock);
    return why;
}

static const char *unpack(int self, const struct trailer *trailer, const char *parent, const char *target) {
    mode_t usual = umask(022);
    const char *why = unpack_into(self, trailer, parent, target);
    umask(usual); /* the program's */
    return why;
}

/* ----------------------------------------------------------------------------------------------- the start */

static int begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* The command that is meant: by the name of this file, else by the first word. */
static const char *choose(int *count, char ***arguments) {
    const char *name = **arguments ? **arguments : "", *slash = strrchr(name, '/');
    name = slash ? slash + 1 : name;
    const char *command = begins(name, "runtime-oci") ? "runtime-oci" : "runtime";
    if (*count > 1 && (!strcmp((*arguments)[1], "runtime-oci") || !strcmp((*arguments)[1], "runtime"))) {
        command = (*arguments)[1];
        ++*arguments;
        --*count;
    }
    return command;
}

/* Comes back only if that did not work. */
static void start(const char *folder, const char *command, int count, char **arguments) {
    char python[LONGEST + 80], script[LONGEST + 80], **words = calloc(count + 5, sizeof *words);
    snprintf(python, sizeof python, "%s/bin/python", folder);
    snprintf(script, sizeof script, "%s/commands/%s", folder, command);
    char *first[] = {python, "-I", "-S", script};
    memcpy(words, first, sizeof first);
    if (count > 1)
        memcpy(words + 4, arguments + 1, (count - 1) * sizeof *words);
    execv(python, words);
    free(words);
}

static void attempt(int self, const struct trailer *trailer, const char *parent, int unpacks, const char *command,
                    int count, char **arguments) {
    char target[LONGEST + 80];
    const char *why = NULL;
    if (strlen(parent) + 2 + sizeof trailer->key + sizeof "/lib" > LONGEST) {
        if (unpacks)
            refuse(parent, "its name is too long");
        return;
    }
    snprintf(target, sizeof target, "%s/%.32s", parent, trailer->key);
    why = mistrust(target);
    if (why && !unpacks)
        return;
    if (!why)
        why = mistrust(parent);
    else
        why = unpack(self, trailer, parent, target);
    if (why) {
        refuse(parent, why);
        return;
    }
    start(target, command, count, arguments);
    if (unpacks)
        refuse(parent, errno == EACCES ? "nothing can be executed there (mounted noexec?)" : strerror(errno));
}

int main(int count, char **arguments) {
    struct trailer trailer;
    char places[6][LONGEST + 1], *said = getauxval(AT_SECURE) ? NULL : getenv("RUNTIME_BUNDLE");
    int number = 0, uid = (int)geteuid(), self = open_self();
    const char *command = choose(&count, &arguments), *home;
    read_trailer(self, &trailer);
    if (said && *said) {
        snprintf(places[number++], sizeof *places, "%s", said);
    } else {
        snprintf(places[number++], sizeof *places, "/var/cache/runtime"); /* root's is good for everybody */
        if (!uid) {
            snprintf(places[number++], sizeof *places, "/run/runtime-cache");
        } else if ((home = getenv("XDG_CACHE_HOME")) && *home == '/') {
            snprintf(places[number++], sizeof *places, "%s/runtime", home);
        } else if ((home = getenv("HOME")) && *home == '/') {
            snprintf(places[number++], sizeof *places, "%s/.cache/runtime", home);
        }
        for (const char *const *folder = (const char *const[]){"/var/tmp", "/tmp", "/dev/shm", NULL}; *folder; folder++)
            snprintf(places[number++], sizeof *places, "%s/runtime-%d", *folder, uid);
    }
    for (int unpacks = 0; unpacks < 2; unpacks++)
        for (int place = 0; place < number; place++)
            if (*places[place] == '/')
                attempt(self, &trailer, places[place], unpacks, command, count, arguments);
            else if (unpacks)
                refuse(places[place], "does not begin with a slash");
    fail("there is no folder to unpack the interpreter into:\n%s"
         "what to do: set RUNTIME_BUNDLE to a folder of yours that is not mounted noexec", refusals);
}
