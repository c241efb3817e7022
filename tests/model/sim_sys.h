/*
 * sim_sys.h - the system calls of base/io.c on simulated disks. CMakeLists.txt
 * puts this file before io.c, so that the real io.c runs over it (M2). Paths
 * outside of /sim and their descriptors go to the kernel.
 */
#ifndef DOZO_TESTS_MODEL_SIM_SYS_H
#define DOZO_TESTS_MODEL_SIM_SYS_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <unistd.h>

int sim_sys_open(const char *path, int flags);
int sim_sys_openat(int dir_fd, const char *name, int flags, ...);
int sim_sys_close(int fd);
int sim_sys_mkdirat(int dir_fd, const char *name, mode_t mode);
int sim_sys_stat(const char *path, struct stat *st);
int sim_sys_fstat(int fd, struct stat *st);
int sim_sys_fcntl(int fd, int command, ...);
ssize_t sim_sys_write(int fd, const void *bytes, size_t size);
ssize_t sim_sys_pread(int fd, void *out, size_t size, off_t offset);
int sim_sys_linkat(
    int from_fd, const char *from, int to_fd, const char *to, int flags);
int sim_sys_renameat2(
    int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int sim_sys_unlinkat(int dir_fd, const char *name, int flags);
int sim_sys_fdatasync(int fd);
int sim_sys_fsync(int fd);
int sim_sys_faccessat(int dir_fd, const char *name, int mode, int flags);
DIR *sim_sys_fdopendir(int fd);
struct dirent *sim_sys_readdir(DIR *dir);
int sim_sys_closedir(DIR *dir);
int sim_sys_fstatfs(int fd, struct statfs *fs);
int sim_sys_fchmod(int fd, mode_t mode);
int sim_sys_flock(int fd, int operation);

#ifndef SIM_SYS_REAL
#define open(path, flags) sim_sys_open(path, flags)
#define openat(...) sim_sys_openat(__VA_ARGS__)
#define close(fd) sim_sys_close(fd)
#define mkdirat(fd, name, mode) sim_sys_mkdirat(fd, name, mode)
#define stat(path, st) sim_sys_stat(path, st)
#define fstat(fd, st) sim_sys_fstat(fd, st)
#define fcntl(...) sim_sys_fcntl(__VA_ARGS__)
#define write(fd, bytes, size) sim_sys_write(fd, bytes, size)
#define pread(fd, out, size, at) sim_sys_pread(fd, out, size, at)
#define linkat(a, from, b, to, flags) sim_sys_linkat(a, from, b, to, flags)
#define renameat(a, from, b, to) sim_sys_renameat2(a, from, b, to, 0)
#define renameat2(a, from, b, to, f) sim_sys_renameat2(a, from, b, to, f)
#define unlinkat(fd, name, flags) sim_sys_unlinkat(fd, name, flags)
#define fdatasync(fd) sim_sys_fdatasync(fd)
#define fsync(fd) sim_sys_fsync(fd)
#define faccessat(fd, name, mode, f) sim_sys_faccessat(fd, name, mode, f)
#define fdopendir(fd) sim_sys_fdopendir(fd)
#define readdir(dir) sim_sys_readdir(dir)
#define closedir(dir) sim_sys_closedir(dir)
#define fstatfs(fd, fs) sim_sys_fstatfs(fd, fs)
#define fchmod(fd, mode) sim_sys_fchmod(fd, mode)
#define flock(fd, operation) sim_sys_flock(fd, operation)
#endif

#endif
