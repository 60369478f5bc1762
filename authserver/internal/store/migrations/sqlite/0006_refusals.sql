-- +goose Up

-- Why a client was refused, for whoever develops it: few rows of each client. detail is
-- a redirect URI that was received, without its query.
CREATE TABLE client_refusals (
    client_id TEXT        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    endpoint  TEXT        NOT NULL,
    reason    TEXT        NOT NULL,
    detail    TEXT        NOT NULL,
    times     INTEGER      NOT NULL,
    first_at  TIMESTAMP NOT NULL,
    last_at   TIMESTAMP NOT NULL,
    PRIMARY KEY (client_id, endpoint, reason, detail)
);
CREATE INDEX client_refusals_last ON client_refusals (last_at, client_id);
