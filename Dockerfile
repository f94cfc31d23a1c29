# syntax=docker/dockerfile:1
# The image:                              docker build --tag entrepot .
# With profiles of a running process:     docker build --target debug --tag entrepot:debug .     (docs/OPERATIONS.md, "Profiles")
# With the programs of Postgres:          docker build --target operations --tag entrepot:operations .     (docs/backups.md, "Dumps")
# Of binaries that were built before:     docker build --target release .     of dist/amd64/entrepot, dist/arm64/entrepot, as the release does
FROM rust:1.95-bookworm AS source
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /build
COPY . .
# The tests' package files are not in the context; cargo only wants the paths of the tests to exist.
RUN grep -o '"tests/.*[.]rs"' Cargo.toml | tr -d '"' | xargs -n 1 install -D /dev/null

FROM source AS build
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    RUSTFLAGS="$(scripts/link-flags.sh)" cargo build --profile dist --locked --bin entrepot && cp target/dist/entrepot /entrepot

# Names of functions, and lines: the other one has neither.
FROM source AS build-debug
ENV CARGO_PROFILE_RELEASE_DEBUG=line-tables-only
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target,id=target-debug \
    cargo build --release --locked --bin entrepot --features profiling && cp target/release/entrepot /entrepot

# Its folders, made here: the last stages have no shell. On the architecture of the machine that builds, as they are the same on all.
FROM --platform=$BUILDPLATFORM rust:1.95-bookworm AS folders
RUN install --directory --mode=0700 /folders/entrepot /folders/entrepot-files

FROM gcr.io/distroless/cc-debian12:nonroot AS base
COPY --from=folders --chown=10001:10001 /folders /var/lib
USER 10001:10001
WORKDIR /var/lib/entrepot
VOLUME /var/lib/entrepot /var/lib/entrepot-files
ENV ENTREPOT_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s --retries=6 CMD ["/usr/local/bin/entrepot", "health"]
ENTRYPOINT ["/usr/local/bin/entrepot"]
CMD ["serve"]

# pg_dump and pg_restore. A newer pg_dump reads an older server, but an older server refuses what a newer pg_restore sends: one pair for each version.
FROM --platform=$BUILDPLATFORM rust:1.95-bookworm AS postgres
ARG TARGETARCH
ARG POSTGRES_VERSIONS="14 15 16 17 18"
COPY scripts/lib.sh scripts/postgres-programs.sh /scripts/
RUN --mount=type=bind,from=base,target=/base /scripts/postgres-programs.sh /postgres "$TARGETARCH" /base "$POSTGRES_VERSIONS"

FROM base AS base-operations
COPY --from=postgres /postgres /
# Of the server's version.
ENV ENTREPOT_PG_DUMP=/usr/lib/postgresql/17/bin/pg_dump
ENV ENTREPOT_PG_RESTORE=/usr/lib/postgresql/17/bin/pg_restore

# Without a RUN: an image for another architecture needs no emulator.
FROM base AS release
ARG TARGETARCH
COPY --chmod=755 dist/${TARGETARCH}/entrepot /usr/local/bin/entrepot

FROM base-operations AS release-operations
ARG TARGETARCH
COPY --chmod=755 dist/${TARGETARCH}/entrepot /usr/local/bin/entrepot

FROM release AS release-debug
ENV _RJEM_MALLOC_CONF=prof:true,prof_active:false

# jemalloc can sample, and does when a profile is asked for.
FROM base AS debug
COPY --from=build-debug /entrepot /usr/local/bin/entrepot
ENV _RJEM_MALLOC_CONF=prof:true,prof_active:false

FROM base-operations AS operations
COPY --from=build /entrepot /usr/local/bin/entrepot

FROM base
COPY --from=build /entrepot /usr/local/bin/entrepot
