# The image of one ringtail-server: built in the first stage, only what it runs on in the second.
#   docker build -t ringtail . && docker run --rm -p 6379:6379 ringtail
# Arguments after the image's name are the server's: `docker run ringtail --maxmemory 2gb`. A configuration
# of your own is mounted over /etc/ringtail/ringtail.conf.

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/install_deps.sh scripts/
RUN scripts/install_deps.sh build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DRINGTAIL_TESTS=OFF -DRINGTAIL_BENCH=OFF \
    && ninja -C build/release ringtail-server \
    # Without the debug information, with the symbols: a crash report then still names its functions.
    && strip --strip-debug -o /ringtail-server build/release/ringtail-server

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        libuv1 libxxhash0 libjemalloc2 libgflags2.2 libgoogle-glog0v6 libcpp-httplib0.11 libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 999 --home-dir /data --shell /usr/sbin/nologin ringtail \
    && install -d -o ringtail -g ringtail /data \
    # A container's port is reached only from where its network lets it, so protected mode would only lock
    # out the clients it is there for; set requirepass where others share that network.
    && install -d /etc/ringtail \
    && printf 'bind * -::*\nprotected-mode no\ndir /data\n' > /etc/ringtail/ringtail.conf
COPY --from=build /ringtail-server /usr/local/bin/ringtail-server
# Fails here, and not at the first start, if a library is missing above.
RUN ringtail-server --version

USER ringtail
WORKDIR /data
VOLUME /data
EXPOSE 6379
STOPSIGNAL SIGTERM
# The server asks itself; no client has to be in the image. Whoever moves the port moves this, too.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["ringtail-server", "--ping", "127.0.0.1:6379"]
ENTRYPOINT ["ringtail-server", "/etc/ringtail/ringtail.conf"]
