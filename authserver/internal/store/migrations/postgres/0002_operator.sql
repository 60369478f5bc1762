-- +goose Up
-- One row at most: the first user of the instance is its operator.
CREATE TABLE operator_claim (
    id         integer PRIMARY KEY CHECK (id = 1),
    user_id    uuid        NOT NULL,
    claimed_at timestamptz NOT NULL
);
