-- +goose Up
-- One row at most: the first user of the instance is its operator.
CREATE TABLE operator_claim (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    user_id    TEXT      NOT NULL,
    claimed_at TIMESTAMP NOT NULL
);
