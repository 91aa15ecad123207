// Certificates for the tests of this folder: made anew, in a temporary folder that goes with them.
//
//   TlsFiles files("ringtail");                     // common name; vouches for itself
//   auto server = files.Context(TlsRole::kServer);
#pragma once

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "net/tls_context.h"

namespace ringtail::net {

class TlsFiles {
 public:
  explicit TlsFiles(const std::string& common_name) {
    std::string name = (std::filesystem::temp_directory_path() / "ringtail-tls-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    Make(common_name);
  }
  ~TlsFiles() { std::filesystem::remove_all(folder_); }
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;

  /// Shows this certificate, and trusts `trusted`'s (its own if null).
  TlsSettings Settings(const TlsFiles* trusted = nullptr) const {
    TlsSettings settings;
    settings.cert_path = folder_ / "cert.pem";
    settings.key_path = folder_ / "key.pem";
    settings.ca_path = (trusted == nullptr ? *this : *trusted).folder_ / "cert.pem";
    return settings;
  }
  std::shared_ptr<const TlsContext> Context(TlsRole role, const TlsFiles* trusted = nullptr) const {
    auto made = TlsContext::Create(Settings(trusted), role);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? std::move(made).value() : nullptr;
  }

 private:
  void Make(const std::string& common_name) const {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_sign(certificate, key, EVP_sha256());
    Write("cert.pem", [&](FILE* file) { PEM_write_X509(file, certificate); });
    Write("key.pem", [&](FILE* file) {
      PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  template <typename Writer>
  void Write(const char* name, Writer write) const {
    FILE* const file = std::fopen((folder_ / name).c_str(), "w");
    ASSERT_NE(file, nullptr);
    write(file);
    std::fclose(file);
  }

  std::filesystem::path folder_;
};

}  // namespace ringtail::net
