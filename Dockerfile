# syntax=docker/dockerfile:1
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# The tests' package files are not in the context; cargo only wants the path of the test to exist.
RUN mkdir -p tests/it && touch tests/it/main.rs
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin entrepot && cp target/release/entrepot /entrepot

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/entrepot entrepot \
    && install --directory --owner=entrepot --mode=0700 /var/lib/entrepot-files
COPY --from=build /entrepot /usr/local/bin/entrepot
USER 10001
WORKDIR /var/lib/entrepot
VOLUME /var/lib/entrepot /var/lib/entrepot-files
ENV ENTREPOT_LISTEN=0.0.0.0:8080
EXPOSE 8080
# bash speaks enough HTTP to ask; so the image needs no curl.
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s --retries=6 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["entrepot"]
CMD ["serve"]
