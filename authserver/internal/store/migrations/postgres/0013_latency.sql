-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- How many requests of an hour took how long: a row for each bucket of times that there
-- was a request of.
CREATE TABLE latency_hours (
    hour     timestamptz NOT NULL,
    bucket   integer NOT NULL,
    requests bigint NOT NULL,
    PRIMARY KEY (hour, bucket)
);
