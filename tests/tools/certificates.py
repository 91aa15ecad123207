"""Certificates for a test of TLS, made by the openssl tool in a folder of the test's own.

    certificates = Certificates(folder)            # an authority, a server and a client of it
    certificates.issue("expired", days=-1)         # one more; its .cert and .key are paths
    ServerProcess(directives=certificates.directives(port=free_port()))
    context = certificates.client_context()        # for Python's ssl, with the client's certificate

Keys are of an elliptic curve: made in no time.
"""
import os
import ssl
import subprocess
import time

CA_CONFIG = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:true
keyUsage = keyCertSign, cRLSign
[leaf]
basicConstraints = CA:false
subjectAltName = DNS:localhost, IP:127.0.0.1
"""
DAY_S = 86400


class Pair:
    """The paths of a certificate and its key."""

    def __init__(self, folder, name):
        self.cert = os.path.join(folder, name + ".crt")
        self.key = os.path.join(folder, name + ".key")


class Certificates:
    """An authority and what it has issued."""

    def __init__(self, folder, name="authority"):
        self.folder = folder
        self.config = os.path.join(folder, "openssl.cnf")
        with open(self.config, "w", encoding="ascii") as config:
            config.write(CA_CONFIG)
        self.authority = Pair(folder, name)
        self._make_key(self.authority.key)
        self._openssl("req", "-x509", "-new", "-key", self.authority.key, "-subj", "/CN=" + name,
                      "-days", "2", "-extensions", "ca", "-config", self.config, "-out",
                      self.authority.cert)
        self.server = self.issue("server")
        self.client = self.issue("client")

    def issue(self, name, common_name=None, days=2, password=None):
        """A certificate of the authority; with days below 0 it has expired."""
        pair = Pair(self.folder, name)
        self._make_key(pair.key, password)
        request = os.path.join(self.folder, name + ".csr")
        secret = ["-passin", "pass:" + password] if password else []
        self._openssl("req", "-new", "-key", pair.key, *secret, "-subj",
                      "/O=Tests/CN=" + (common_name or name), "-config", self.config, "-out",
                      request)
        # `x509 -days` takes no time in the past; `ca` does, but wants a database.
        now = time.time()
        first, last = sorted((now - 2 * DAY_S, now + days * DAY_S))
        database = os.path.join(self.folder, name + ".index")
        with open(database, "w", encoding="ascii"):
            pass
        config = os.path.join(self.folder, name + ".cnf")
        with open(config, "w", encoding="ascii") as file:
            file.write(CA_CONFIG + "[ca_default]\ndatabase=%s\nnew_certs_dir=%s\nrand_serial=yes\n"
                       "default_md=sha256\npolicy=anything\n[anything]\norganizationName=optional\n"
                       "commonName=supplied\n" % (database, self.folder))
        stamp = "%Y%m%d%H%M%SZ"
        self._openssl("ca", "-batch", "-config", config, "-name", "ca_default", "-keyfile",
                      self.authority.key, "-cert", self.authority.cert, "-in", request, "-out",
                      pair.cert, "-notext", "-extensions", "leaf", "-startdate",
                      time.strftime(stamp, time.gmtime(first)), "-enddate",
                      time.strftime(stamp, time.gmtime(last)))
        return pair

    def directives(self, port, **more):
        """The server's directives; `more` with _ for -."""
        values = {"tls-port": port, "tls-cert-file": self.server.cert,
                  "tls-key-file": self.server.key, "tls-ca-cert-file": self.authority.cert}
        values.update({name.replace("_", "-"): value for name, value in more.items()})
        return values

    def client_context(self, pair="client", version=None):
        """A context of Python's ssl that trusts the authority; `pair` None shows no certificate."""
        context = ssl.create_default_context(cafile=self.authority.cert)
        if pair is not None:
            pair = self.client if pair == "client" else pair
            context.load_cert_chain(pair.cert, pair.key)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context

    def _make_key(self, path, password=None):
        secret = ["-aes256", "-pass", "pass:" + password] if password else []
        self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                      *secret, "-out", path)

    @staticmethod
    def _openssl(*args):
        done = subprocess.run(["openssl", *args], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
