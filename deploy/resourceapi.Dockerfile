# syntax=docker/dockerfile:1
# resourceapi as one static binary on an image without a shell, run by a user without
# rights. Build from the top of the checkout:
#   docker build -f deploy/resourceapi.Dockerfile .
FROM golang:1.26 AS build
WORKDIR /src
COPY pkg/ pkg/
COPY resourceapi/ resourceapi/
WORKDIR /src/resourceapi
ARG VERSION=unknown
ENV CGO_ENABLED=0 GOWORK=off
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/resourceapi ./cmd/resourceapi \
 && mkdir -p /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/resourceapi /resourceapi
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/resourceapi", "healthcheck"]
ENTRYPOINT ["/resourceapi"]
CMD ["serve"]
