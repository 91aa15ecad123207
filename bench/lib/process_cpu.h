// What a process has used of the processors so far, and how long it was kept waiting for one.
//
//   ProcessCpu before = ReadProcessCpu(pid);
//   ... load ...
//   (ReadProcessCpu(pid).run_ns - before.run_ns) / requests
//
// From /proc/PID/task/*/schedstat, user and system time of all live threads, good to a scheduler tick (a few
// milliseconds). `wait_ns` is the time its threads could have run but another process had the core: the
// measure of how much a shared machine disturbed a run. Time stolen by a hypervisor shows in neither.
#pragma once

#include <dirent.h>
#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace ringtail::bench {

struct ProcessCpu {
  uint64_t run_ns = 0;
  uint64_t wait_ns = 0;
};

/// Sums over the threads of `pid` (0: this process); zeros if there is no such process.
inline ProcessCpu ReadProcessCpu(pid_t pid) {
  ProcessCpu total;
  const std::string tasks =
      pid == 0 ? "/proc/self/task" : "/proc/" + std::to_string(pid) + "/task";
  DIR* directory = opendir(tasks.c_str());
  if (directory == nullptr) return total;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    const std::string path = tasks + "/" + entry->d_name + "/schedstat";
    FILE* file = std::fopen(path.c_str(), "r");
    if (file == nullptr) continue;  // The thread ended meanwhile.
    unsigned long long run_ns = 0;
    unsigned long long wait_ns = 0;
    if (std::fscanf(file, "%llu %llu", &run_ns, &wait_ns) == 2) {
      total.run_ns += run_ns;
      total.wait_ns += wait_ns;
    }
    std::fclose(file);
  }
  closedir(directory);
  return total;
}

}  // namespace ringtail::bench
