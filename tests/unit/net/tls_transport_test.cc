#include "net/tls_transport.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <vector>

#include "net/unique_fd.h"
#include "tests/unit/net/tls_files.h"

namespace ringtail::net {
namespace {

using Progress = TlsTransport::Progress;

// One side: a transport with a worker's memory of its own and one end of a socket pair.
struct Side {
  std::unique_ptr<TlsWorkerMemory> memory = std::make_unique<TlsWorkerMemory>();
  std::unique_ptr<TlsTransport> tls;
  UniqueFd socket;

  // A turn of the handshake; false when it is over.
  bool ShakeHands() {
    if (tls->is_established() || tls->is_failed()) return false;
    const ssize_t received = tls->Receive(socket.get(), 4096);
    if (received == 0) return false;
    tls->Handshake();
    static_cast<void>(tls->Send(socket.get()));
    return true;
  }
  size_t Encrypt(std::string_view bytes) {
    const iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    return tls->Encrypt(&piece, 1, bytes.size());
  }
  std::string DecryptAll(size_t room_bytes = 64 * 1024) {
    std::string all;
    std::string room(room_bytes, '\0');
    while (tls->has_incoming()) {
      all.append(room.data(), tls->Decrypt({room.data(), room.size()}));
    }
    return all;
  }
};

class TlsTransportTest : public testing::Test {
 protected:
  void Connect(std::shared_ptr<const TlsContext> server_context,
               std::shared_ptr<const TlsContext> client_context) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    const int tiny = 4096;
    for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &tiny, sizeof(tiny));
    server.socket = UniqueFd(ends[0]);
    client.socket = UniqueFd(ends[1]);
    server.tls = TlsTransport::Create(*server.memory, std::move(server_context), "");
    client.tls = TlsTransport::Create(*client.memory, std::move(client_context), "localhost");
    for (int turn = 0; turn < 100; ++turn) {
      client.ShakeHands();
      server.ShakeHands();
    }
  }
  void Connect() { Connect(files.Context(TlsRole::kServer), files.Context(TlsRole::kClient)); }

  // The sizes of the records in what one side has encrypted.
  static std::vector<size_t> RecordSizes(std::string_view outgoing) {
    std::vector<size_t> sizes;
    while (outgoing.size() >= 5) {
      const size_t size = size_t{static_cast<unsigned char>(outgoing[3])} * 256 +
                          static_cast<unsigned char>(outgoing[4]);
      sizes.push_back(size);
      outgoing.remove_prefix(5 + size);
    }
    EXPECT_TRUE(outgoing.empty());
    return sizes;
  }

  const TlsFiles files{"somebody"};
  Side server;
  Side client;
};

TEST_F(TlsTransportTest, ShakesHandsThroughTinySocketBuffers) {
  Connect();
  EXPECT_TRUE(server.tls->is_established());
  EXPECT_TRUE(client.tls->is_established());
  EXPECT_THAT(server.tls->Description(), testing::StartsWith("TLSv1.3 "));
}

TEST_F(TlsTransportTest, TellsTheCommonNameOfAVerifiedPeer) {
  Connect();
  EXPECT_EQ(server.tls->PeerCommonName(), "somebody");
}

TEST_F(TlsTransportTest, KnowsNoNameOfAPeerThatWasNotAsked) {
  TlsSettings settings = files.Settings();
  settings.peer_check = TlsPeerCheck::kNone;
  auto context = TlsContext::Create(settings, TlsRole::kServer);
  ASSERT_TRUE(context.ok());
  Connect(std::move(context).value(), files.Context(TlsRole::kClient));
  EXPECT_TRUE(server.tls->is_established());
  EXPECT_EQ(server.tls->PeerCommonName(), "");
}

TEST_F(TlsTransportTest, RefusesACertificateThatNobodyVouchesFor) {
  const TlsFiles stranger("stranger");
  Connect(files.Context(TlsRole::kServer), stranger.Context(TlsRole::kClient, &files));
  EXPECT_FALSE(server.tls->is_established());
  EXPECT_THAT(server.tls->failure(), testing::HasSubstr("certificate verify failed (self"));
}

TEST_F(TlsTransportTest, SaysThatPlainTextIsNoTls) {
  Connect(files.Context(TlsRole::kServer), files.Context(TlsRole::kClient));
  server.tls = TlsTransport::Create(*server.memory, files.Context(TlsRole::kServer), "");
  ASSERT_EQ(::send(client.socket.get(), "PING\r\n", 6, 0), 6);
  ASSERT_EQ(server.tls->Receive(server.socket.get(), 4096), 6);
  EXPECT_EQ(server.tls->Handshake(), Progress::kFailed);
  EXPECT_THAT(server.tls->failure(), testing::HasSubstr("does not speak TLS"));
}

TEST_F(TlsTransportTest, CollectsSmallPiecesIntoOneRecord) {
  Connect();
  std::string piece = "0123456789";
  std::vector<iovec> pieces(60, iovec{.iov_base = piece.data(), .iov_len = piece.size()});
  EXPECT_EQ(server.tls->Encrypt(pieces.data(), 60, 1 << 20), 600u);
  EXPECT_EQ(RecordSizes(server.memory->outgoing).size(), 1u);
}

TEST_F(TlsTransportTest, FillsRecordsAcrossPieces) {
  Connect();
  std::string head = "$100000\r\n";
  std::string value(100'000, 'x');
  std::string tail = "\r\n";
  const iovec pieces[] = {{.iov_base = head.data(), .iov_len = head.size()},
                          {.iov_base = value.data(), .iov_len = value.size()},
                          {.iov_base = tail.data(), .iov_len = tail.size()}};
  EXPECT_EQ(server.tls->Encrypt(pieces, 3, 1 << 20), 100'011u);
  const std::vector<size_t> sizes = RecordSizes(server.memory->outgoing);
  EXPECT_EQ(sizes.size(), 7u);  // 6 full ones and the rest
  EXPECT_GE(*std::min_element(sizes.begin(), sizes.end() - 1), kTlsRecordBytesMax);
}

TEST_F(TlsTransportTest, EncryptsNoMoreThanItsBound) {
  Connect();
  std::string value(100'000, 'x');
  const iovec piece{.iov_base = value.data(), .iov_len = value.size()};
  EXPECT_EQ(server.tls->Encrypt(&piece, 1, 70'000), 70'000u);
}

TEST_F(TlsTransportTest, CarriesRandomPiecesThroughTinyBuffersUnchanged) {
  Connect();
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](size_t max) { return random() % (max + 1); };
  std::string sent;
  std::string got;
  for (int round = 0; round < 300 || got.size() < sent.size(); ++round) {
    if (round < 300 && !server.tls->has_unsent()) {
      std::vector<std::string> texts(1 + up_to(8));
      std::vector<iovec> pieces;
      for (std::string& text : texts) {
        text.assign(up_to(1) == 0 ? up_to(100) : up_to(40'000), static_cast<char>(random()));
        if (!text.empty()) pieces.push_back({.iov_base = text.data(), .iov_len = text.size()});
      }
      std::string whole;
      for (const std::string& text : texts) whole += text;
      const size_t taken = server.tls->Encrypt(pieces.data(), static_cast<int>(pieces.size()),
                                               1 + up_to(80'000));
      sent += whole.substr(0, taken);
    }
    ASSERT_NE(server.tls->Send(server.socket.get()), Progress::kFailed);
    if (client.tls->Receive(client.socket.get(), 1 + up_to(20'000)) > 0) {
      got += client.DecryptAll(1 + up_to(30'000));
    }
  }
  EXPECT_TRUE(got == sent);
  EXPECT_FALSE(server.tls->has_unsent());
}

TEST_F(TlsTransportTest, AFarewellEndsWhatComesAndNothingBefore) {
  Connect();
  server.Encrypt("last words");
  server.tls->EncryptFarewell();
  EXPECT_EQ(server.tls->Send(server.socket.get()), Progress::kDone);
  ASSERT_GT(client.tls->Receive(client.socket.get(), 4096), 0);
  EXPECT_EQ(client.DecryptAll(), "last words");
  EXPECT_TRUE(client.tls->is_ended());
  EXPECT_FALSE(client.tls->is_failed());
}

TEST_F(TlsTransportTest, ATamperedRecordEndsTheConnection) {
  Connect();
  server.Encrypt("something");
  server.memory->outgoing.back() ^= 1;
  EXPECT_EQ(server.tls->Send(server.socket.get()), Progress::kDone);
  ASSERT_GT(client.tls->Receive(client.socket.get(), 4096), 0);
  EXPECT_EQ(client.DecryptAll(), "");
  EXPECT_TRUE(client.tls->is_failed());
}

TEST(TlsContext, SaysWhichFileIsWrong) {
  const TlsFiles files("x");
  TlsSettings settings = files.Settings();
  settings.key_path = "/nowhere/key";
  const auto made = TlsContext::Create(settings, TlsRole::kServer);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message,
            "Failed to load private key: /nowhere/key: No such file or directory");
}

}  // namespace
}  // namespace ringtail::net
