#include <cstdlib>
#include <cstring>
#include <iostream>

#include "server/server.h"

int main(int argc, char** argv) {
  ringtail::server::Server::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--port") == 0) options.port = static_cast<uint16_t>(std::atoi(argv[i + 1]));
    if (std::strcmp(argv[i], "--threads") == 0) options.worker_count = static_cast<uint32_t>(std::atoi(argv[i + 1]));
  }
  ringtail::server::Server server(options);
  const auto started = server.Start();
  if (!started.ok()) {
    std::cerr << started.error().message << "\n";
    return 1;
  }
  std::cout << "Ready to accept connections" << std::endl;
  server.WaitForStop();
  return 0;
}
