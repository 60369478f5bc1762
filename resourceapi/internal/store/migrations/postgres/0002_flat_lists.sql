-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- Backfills read the rows of all families, which the tables' owner may do while
-- row security is not forced.
ALTER TABLE transactions NO FORCE ROW LEVEL SECURITY;
ALTER TABLE transaction_days NO FORCE ROW LEVEL SECURITY;
ALTER TABLE transaction_tags NO FORCE ROW LEVEL SECURITY;

-- transaction_days by month: a list's length without adding up thousands of
-- days.
CREATE TABLE transaction_months (
    family_id UUID NOT NULL,
    account_id UUID NOT NULL,
    month DATE NOT NULL, -- its first day
    total BIGINT NOT NULL,
    income BIGINT NOT NULL,
    PRIMARY KEY (family_id, account_id, month),
    FOREIGN KEY (family_id, account_id) REFERENCES accounts (family_id, id) ON DELETE CASCADE
);
INSERT INTO transaction_months
SELECT family_id, account_id, CAST(date_trunc('month', date) AS DATE), sum(total), sum(income) FROM transaction_days GROUP BY 1, 2, 3;
ALTER TABLE transaction_months ENABLE ROW LEVEL SECURITY;
ALTER TABLE transaction_months FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON transaction_months
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);

-- A tag's transactions in the order of a list.
ALTER TABLE transaction_tags ADD COLUMN account_id UUID;
ALTER TABLE transaction_tags ADD COLUMN date DATE;
ALTER TABLE transaction_tags ADD COLUMN created_at TIMESTAMPTZ;
UPDATE transaction_tags AS g SET account_id = t.account_id, date = t.date, created_at = t.created_at
FROM transactions t WHERE t.family_id = g.family_id AND t.id = g.transaction_id;
ALTER TABLE transaction_tags ALTER COLUMN account_id SET NOT NULL;
ALTER TABLE transaction_tags ALTER COLUMN date SET NOT NULL;
ALTER TABLE transaction_tags ALTER COLUMN created_at SET NOT NULL;
DROP INDEX transaction_tags_by_tag;
CREATE INDEX transaction_tags_by_tag ON transaction_tags (family_id, tag_id, date DESC, created_at DESC, transaction_id DESC, account_id);

-- What a search looks at; SQLite folds case by a function of ours instead.
ALTER TABLE transactions ADD COLUMN folded TEXT NOT NULL GENERATED ALWAYS AS (lower(name || chr(10) || coalesce(notes, ''))) STORED;

-- Whatever may be filtered by is in the index that gives a list its order, so
-- that rows are picked and counted there.
DROP INDEX transactions_by_category;
CREATE INDEX transactions_by_category ON transactions (family_id, category_id, date DESC, created_at DESC, id DESC, account_id, thousandths)
    WHERE category_id IS NOT NULL;
DROP INDEX transactions_by_merchant;
CREATE INDEX transactions_by_merchant ON transactions (family_id, merchant_id, date DESC, created_at DESC, id DESC, account_id, thousandths)
    WHERE merchant_id IS NOT NULL;
CREATE INDEX transactions_by_amount ON transactions (family_id, thousandths, date DESC, created_at DESC, id DESC, account_id);

ALTER TABLE transactions FORCE ROW LEVEL SECURITY;
ALTER TABLE transaction_days FORCE ROW LEVEL SECURITY;
ALTER TABLE transaction_tags FORCE ROW LEVEL SECURITY;

-- The oldest programs that can work on this schema. Those of before 0002 cannot.
CREATE TABLE schema_compatibility (
    number INTEGER NOT NULL
);
INSERT INTO schema_compatibility (number) VALUES (2);
