# The whole program is one static binary: CA roots come from the builder, time zones are inside.
#   docker build -t germane . && docker run -v germane:/data -p 8080:8080 -e GERMANE_LISTEN='{public: "0.0.0.0:8080"}' germane
# /data is the workspace: germane init, or a checkout of yours, beside its database.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /germane ./cmd/germane && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /germane /germane
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV HOME=/data TMPDIR=/data
WORKDIR /data
VOLUME /data
EXPOSE 8080
# The public server must be reached from outside the container; the private one only with a token.
ENTRYPOINT ["/germane"]
CMD ["serve"]
