# One file for all images: one target per program (receiver, normalizer, detector, cli). scripts/images builds them all.
#
#   docker build --target receiver --build-arg BASE=debian:12-slim@sha256:... --tag zoomwatch-receiver:0.1.0 .
#
# BASE is any Debian 12, best named by digest. A BASE that already has the laid-out images in /out (scripts/images --programs makes one)
# is used as it is, without a compiler. The images themselves start from nothing: a program, its libraries, no shell, user 10001.
ARG BASE=debian:12-slim

FROM ${BASE} AS build
ARG VERSION=0.1.0
COPY scripts/packages.txt /src/scripts/
# Without what only tests, checks and other compilers need.
RUN [ -d /out ] || { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    $(grep -vE '^(#|$|clang|libclang|ccache|jq|curl|git|python3-venv|libgtest|libgmock|libbenchmark)' /src/scripts/packages.txt); }
COPY . /src
WORKDIR /src
RUN [ -d /out ] || { cmake --preset release -DZOOMWATCH_BUILD_BENCHMARKS=OFF && cmake --build --preset release --target \
    zoomwatch_receiver_program zoomwatch_normalizer_program zoomwatch_detector_program zoomwatch_program; }
RUN [ -d /out ] || { for service in receiver normalizer detector; do \
      scripts/assemble-image build/release/bin/zoomwatch-$service "$VERSION" /out/$service || exit 1; done; \
    scripts/assemble-image build/release/bin/zoomwatch "$VERSION" /out/cli; }

FROM scratch AS receiver
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="zoomwatch-receiver" \
      org.opencontainers.image.description="takes Zoom's webhooks, verifies them, stores them durably and forwards them" \
      org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/receiver /
USER 10001:10001
EXPOSE 8443 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/zoomwatch-receiver"]

FROM scratch AS normalizer
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="zoomwatch-normalizer" \
      org.opencontainers.image.description="turns Zoom's webhooks into events of one model and hands them to the detector" \
      org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/normalizer /
USER 10001:10001
EXPOSE 8444 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/zoomwatch-normalizer"]

FROM scratch AS detector
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="zoomwatch-detector" \
      org.opencontainers.image.description="stores events durably, removes repeats and delivers them as rows" \
      org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/detector /
USER 10001:10001
EXPOSE 8444 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/zoomwatch-detector"]

FROM scratch AS cli
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="zoomwatch-cli" \
      org.opencontainers.image.description="the zoomwatch command" \
      org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/cli /
USER 10001:10001
ENTRYPOINT ["/usr/bin/zoomwatch"]
