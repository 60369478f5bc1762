-- +goose Up

-- How many requests of an hour took how long: a row for each bucket of times that there
-- was a request of.
CREATE TABLE latency_hours (
    hour     TIMESTAMP NOT NULL,
    bucket   INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (hour, bucket)
);
