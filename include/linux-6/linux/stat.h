// SPDX-License-Identifier: MIT
// <linux/stat.h>: permissions for user, group and others at once, on top of the system's header of the same name (which libc
// itself includes).
#pragma once
#pragma GCC system_header   // #include_next is an extension, and says so with -Wpedantic

#if __has_include_next(<linux/stat.h>)
#include_next <linux/stat.h>
#endif

#include <sys/stat.h>

#define S_IRWXUGO (S_IRWXU | S_IRWXG | S_IRWXO)
#define S_IALLUGO (S_ISUID | S_ISGID | S_ISVTX | S_IRWXUGO)
#define S_IRUGO (S_IRUSR | S_IRGRP | S_IROTH)
#define S_IWUGO (S_IWUSR | S_IWGRP | S_IWOTH)
#define S_IXUGO (S_IXUSR | S_IXGRP | S_IXOTH)
