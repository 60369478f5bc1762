-- +goose Up

-- transaction_days by month: a list's length without adding up thousands of
-- days.
CREATE TABLE transaction_months (
    family_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    month TEXT NOT NULL, -- its first day
    total INTEGER NOT NULL,
    income INTEGER NOT NULL,
    PRIMARY KEY (family_id, account_id, month),
    FOREIGN KEY (family_id, account_id) REFERENCES accounts (family_id, id) ON DELETE CASCADE
);
INSERT INTO transaction_months
SELECT family_id, account_id, substr(date, 1, 7) || '-01', sum(total), sum(income) FROM transaction_days GROUP BY 1, 2, 3;

-- A tag's transactions in the order of a list. SQLite cannot add a column that
-- must not be null to rows that are there.
ALTER TABLE transaction_tags ADD COLUMN account_id TEXT;
ALTER TABLE transaction_tags ADD COLUMN date TEXT;
ALTER TABLE transaction_tags ADD COLUMN created_at TIMESTAMP;
UPDATE transaction_tags AS g SET account_id = t.account_id, date = t.date, created_at = t.created_at
FROM transactions t WHERE t.family_id = g.family_id AND t.id = g.transaction_id;
DROP INDEX transaction_tags_by_tag;
CREATE INDEX transaction_tags_by_tag ON transaction_tags (family_id, tag_id, date DESC, created_at DESC, transaction_id DESC, account_id);

-- Whatever may be filtered by is in the index that gives a list its order, so
-- that rows are picked and counted there.
DROP INDEX transactions_by_category;
CREATE INDEX transactions_by_category ON transactions (family_id, category_id, date DESC, created_at DESC, id DESC, account_id, thousandths)
    WHERE category_id IS NOT NULL;
DROP INDEX transactions_by_merchant;
CREATE INDEX transactions_by_merchant ON transactions (family_id, merchant_id, date DESC, created_at DESC, id DESC, account_id, thousandths)
    WHERE merchant_id IS NOT NULL;
CREATE INDEX transactions_by_amount ON transactions (family_id, thousandths, date DESC, created_at DESC, id DESC, account_id);

-- The oldest programs that can work on this schema. Those of before 0002 cannot.
CREATE TABLE schema_compatibility (
    number INTEGER NOT NULL
);
INSERT INTO schema_compatibility (number) VALUES (2);
