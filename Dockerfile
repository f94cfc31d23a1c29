# syntax=docker/dockerfile:1
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# The tests' package files are not in the context; cargo only wants the path of the test to exist.
RUN mkdir -p tests/it && touch tests/it/main.rs
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin entrepot && cp target/release/entrepot /entrepot
# Its folders, made here: the last stage has no shell.
RUN install --directory --mode=0700 /folders/entrepot /folders/entrepot-files

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build --chown=10001:10001 /folders /var/lib
COPY --from=build /entrepot /usr/local/bin/entrepot
USER 10001:10001
WORKDIR /var/lib/entrepot
VOLUME /var/lib/entrepot /var/lib/entrepot-files
ENV ENTREPOT_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s --retries=6 CMD ["/usr/local/bin/entrepot", "health"]
ENTRYPOINT ["/usr/local/bin/entrepot"]
CMD ["serve"]
