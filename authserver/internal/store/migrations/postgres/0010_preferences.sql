-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- How a person likes pages to be; '' leaves it to the browser.
ALTER TABLE users ADD COLUMN theme TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN chosen_language TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
