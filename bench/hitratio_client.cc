// Replays one trace as a cache's client does: GET, and SET on a miss, one request at a time.
//
//   bench_hitratio_client --socket /path.sock --trace zipf-1.0 --recorded ../x.txt.gz --value-bytes
//   1024 bench_hitratio_client --list bench_hitratio_client --socket /path.sock --fill 500
//   --value-bytes 1024
//
// --list prints "name requests keys" for every trace; --fill writes that many other keys and prints
// DBSIZE. A replay prints "hits requests mean_keys", the last sampled while the second half ran.
// --ttl-seconds n writes with an expiry time, for volatile policies. hitratio_redis.py drives it.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "bench/hitratio/traces.h"

namespace ringtail::bench {
namespace {

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "hitratio_client: %s\n", why.c_str());
  std::exit(1);
}

// One blocking connection; every call waits for its reply.
class Client {
 public:
  explicit Client(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) Die("socket path too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      Die("cannot connect to " + path);
    }
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool Get(const std::string& key) {
    Send("*2\r\n$3\r\nGET\r\n" + Bulk(key));
    return ReadReply() >= 0;
  }
  void Set(const std::string& key, const std::string& value, const std::string& ttl_seconds) {
    const bool expires = !ttl_seconds.empty();
    Send((expires ? "*5\r\n$3\r\nSET\r\n" : "*3\r\n$3\r\nSET\r\n") + Bulk(key) + Bulk(value) +
         (expires ? Bulk("EX") + Bulk(ttl_seconds) : ""));
    ReadReply();
  }
  int64_t KeyCount() {
    Send("*1\r\n$6\r\nDBSIZE\r\n");
    return ReadReply();
  }

 private:
  static std::string Bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  }
  void Send(const std::string& bytes) {
    size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) Die("connection lost");
      sent += static_cast<size_t>(n);
    }
  }
  // The number in the reply's first line: a bulk's length (-1 for nil), an integer's value.
  int64_t ReadReply() {
    size_t line_end = 0;
    while ((line_end = input_.find("\r\n")) == std::string::npos) Receive();
    const char kind = input_[0];
    if (kind == '-') Die("server says " + input_.substr(0, line_end));
    const int64_t number = std::strtoll(input_.c_str() + 1, nullptr, 10);
    size_t whole = line_end + 2;
    if (kind == '$' && number >= 0) whole += static_cast<size_t>(number) + 2;
    while (input_.size() < whole) Receive();
    input_.erase(0, whole);
    return number;
  }
  void Receive() {
    char bytes[65536];
    const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) Die("connection lost");
    input_.append(bytes, static_cast<size_t>(n));
  }

  int fd_;
  std::string input_;
};

// Eight digits, so that every key costs the server the same.
std::string KeyName(char family, uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "%c:%08llu", family, static_cast<unsigned long long>(number));
  return name;
}

void Replay(Client& client, const Trace& trace, const std::string& value, const std::string& ttl) {
  uint64_t hits = 0;
  double key_sum = 0;
  uint64_t key_samples = 0;
  const size_t period = trace.requests.size() / 64 + 1;
  for (size_t i = 0; i < trace.requests.size(); ++i) {
    const std::string key = KeyName('k', trace.requests[i]);
    if (client.Get(key)) {
      ++hits;
    } else {
      client.Set(key, value, ttl);
    }
    if (i % period == 0 && i * 2 > trace.requests.size()) {
      key_sum += static_cast<double>(client.KeyCount());
      ++key_samples;
    }
  }
  std::printf("%llu %zu %.2f\n", static_cast<unsigned long long>(hits), trace.requests.size(),
              key_sum / static_cast<double>(std::max<uint64_t>(1, key_samples)));
}

int Main(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--list") {
      options[name] = "yes";
    } else if (i + 1 < argc) {
      options[name] = argv[++i];
    }
  }
  if (options.contains("--list")) {
    for (const Trace& trace : Traces(options["--recorded"])) {
      std::printf("%s %zu %u\n", trace.name.c_str(), trace.requests.size(), trace.key_count);
    }
    return 0;
  }
  Client client(options["--socket"]);
  const std::string value(std::strtoull(options["--value-bytes"].c_str(), nullptr, 10), 'v');
  const std::string ttl = options["--ttl-seconds"];
  if (options.contains("--fill")) {
    const uint64_t count = std::strtoull(options["--fill"].c_str(), nullptr, 10);
    Trace fresh{"fill", "keys never seen again", {}, 0};
    for (uint32_t i = 0; i < count; ++i) fresh.requests.push_back(i);
    Replay(client, fresh, value, ttl);
    return 0;
  }
  for (const Trace& trace : Traces(options["--recorded"])) {
    if (trace.name == options["--trace"]) {
      Replay(client, trace, value, ttl);
      return 0;
    }
  }
  Die("no such trace: " + options["--trace"]);
}

}  // namespace
}  // namespace ringtail::bench

int main(int argc, char** argv) { return ringtail::bench::Main(argc, argv); }
