-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- Why a client was refused, for whoever develops it: few rows of each client. detail is
-- a redirect URI that was received, without its query.
CREATE TABLE client_refusals (
    client_id text        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    endpoint  text        NOT NULL,
    reason    text        NOT NULL,
    detail    text        NOT NULL,
    times     bigint      NOT NULL,
    first_at  timestamptz NOT NULL,
    last_at   timestamptz NOT NULL,
    PRIMARY KEY (client_id, endpoint, reason, detail)
);
CREATE INDEX client_refusals_last ON client_refusals (last_at, client_id);
