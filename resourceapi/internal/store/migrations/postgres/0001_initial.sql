-- +goose Up
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

CREATE TABLE families (
    id UUID PRIMARY KEY,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL DEFAULT 'UTC',
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE erased_families (
    family_id UUID PRIMARY KEY,
    erased_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE accounts (
    family_id UUID NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    account_type TEXT NOT NULL,
    subtype TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'draft', 'disabled', 'pending_deletion')),
    currency TEXT NOT NULL,
    institution_name TEXT,
    institution_domain TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (family_id, id)
);
CREATE INDEX accounts_by_name ON accounts (family_id, name, id);

CREATE TABLE categories (
    family_id UUID NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    icon TEXT NOT NULL,
    parent_id UUID,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (family_id, id),
    FOREIGN KEY (family_id, parent_id) REFERENCES categories (family_id, id)
);
CREATE UNIQUE INDEX categories_name ON categories (family_id, name);
CREATE INDEX categories_by_parent ON categories (family_id, parent_id);

CREATE TABLE merchants (
    family_id UUID NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    website_url TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (family_id, id)
);
CREATE UNIQUE INDEX merchants_name ON merchants (family_id, name);

CREATE TABLE tags (
    family_id UUID NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (family_id, id)
);
CREATE UNIQUE INDEX tags_name ON tags (family_id, name);

CREATE TABLE transactions (
    family_id UUID NOT NULL,
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    date DATE NOT NULL,
    amount BIGINT NOT NULL, -- minor units of currency
    thousandths BIGINT NOT NULL, -- the same amount, comparable between currencies
    currency TEXT NOT NULL,
    name TEXT NOT NULL,
    notes TEXT,
    category_id UUID,
    merchant_id UUID,
    external_id TEXT,
    source TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (family_id, id),
    FOREIGN KEY (family_id, account_id) REFERENCES accounts (family_id, id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, category_id) REFERENCES categories (family_id, id),
    FOREIGN KEY (family_id, merchant_id) REFERENCES merchants (family_id, id)
);
-- The last columns are there so that matches can be counted in the index alone.
CREATE INDEX transactions_by_date ON transactions (family_id, date DESC, created_at DESC, id DESC, account_id, thousandths);
CREATE INDEX transactions_by_account ON transactions (family_id, account_id, date DESC, created_at DESC, id DESC, thousandths);
CREATE INDEX transactions_by_category ON transactions (family_id, category_id, date DESC, created_at DESC, id DESC)
    WHERE category_id IS NOT NULL;
CREATE INDEX transactions_by_merchant ON transactions (family_id, merchant_id, date DESC, created_at DESC, id DESC)
    WHERE merchant_id IS NOT NULL;
CREATE UNIQUE INDEX transactions_external_id ON transactions (family_id, account_id, source, external_id)
    WHERE external_id IS NOT NULL;

-- How many transactions an account has on a day, so that a list's length is
-- known without counting it.
CREATE TABLE transaction_days (
    family_id UUID NOT NULL,
    account_id UUID NOT NULL,
    date DATE NOT NULL,
    total BIGINT NOT NULL,
    income BIGINT NOT NULL,
    PRIMARY KEY (family_id, account_id, date),
    FOREIGN KEY (family_id, account_id) REFERENCES accounts (family_id, id) ON DELETE CASCADE
);

CREATE TABLE transaction_tags (
    family_id UUID NOT NULL,
    transaction_id UUID NOT NULL,
    tag_id UUID NOT NULL,
    PRIMARY KEY (family_id, transaction_id, tag_id),
    FOREIGN KEY (family_id, transaction_id) REFERENCES transactions (family_id, id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, tag_id) REFERENCES tags (family_id, id) ON DELETE CASCADE
);
CREATE INDEX transaction_tags_by_tag ON transaction_tags (family_id, tag_id, transaction_id);

CREATE TABLE valuations (
    family_id UUID NOT NULL,
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    date DATE NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    notes TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('reconciliation', 'opening_anchor', 'current_anchor')),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (family_id, id),
    FOREIGN KEY (family_id, account_id) REFERENCES accounts (family_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX valuations_day ON valuations (family_id, account_id, date);
CREATE INDEX valuations_by_date ON valuations (family_id, date DESC, created_at DESC, id DESC);

-- The balance at the end of each day on which something happened.
CREATE TABLE balances (
    family_id UUID NOT NULL,
    account_id UUID NOT NULL,
    date DATE NOT NULL,
    balance BIGINT NOT NULL,
    PRIMARY KEY (family_id, account_id, date),
    FOREIGN KEY (family_id, account_id) REFERENCES accounts (family_id, id) ON DELETE CASCADE
);

CREATE TABLE syncs (
    family_id UUID NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id UUID NOT NULL,
    syncable_type TEXT NOT NULL CHECK (syncable_type IN ('Family', 'Account')),
    syncable_id UUID NOT NULL,
    parent_id UUID,
    status TEXT NOT NULL CHECK (status IN ('pending', 'syncing', 'completed', 'failed')),
    window_start_date DATE,
    window_end_date DATE,
    pending_at TIMESTAMPTZ NOT NULL,
    syncing_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    failed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (family_id, id)
);
CREATE INDEX syncs_by_creation ON syncs (family_id, created_at DESC, id DESC);
CREATE INDEX syncs_by_parent ON syncs (family_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX syncs_unfinished ON syncs (family_id, syncable_id) WHERE status IN ('pending', 'syncing');

CREATE TABLE idempotency_keys (
    family_id UUID NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    fingerprint BYTEA NOT NULL,
    status INTEGER NOT NULL,
    body BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (family_id, digest)
);
CREATE INDEX idempotency_keys_by_creation ON idempotency_keys (family_id, created_at);

-- Work to be done for a family. It holds no household data.
CREATE TABLE jobs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    family_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('sync', 'remove_account', 'reset')),
    account_id UUID,
    from_date DATE,
    run_at TIMESTAMPTZ NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX jobs_due ON jobs (run_at, id);
CREATE INDEX jobs_by_family ON jobs (family_id, id);

-- Who works for which family until when: one worker at a time.
CREATE TABLE leases (
    family_id UUID PRIMARY KEY,
    holder UUID NOT NULL,
    until TIMESTAMPTZ NOT NULL
);

-- The family door, once more, in the database: without latchkey.family no row
-- is seen and none is written, also by the owner of the tables.
ALTER TABLE families ENABLE ROW LEVEL SECURITY;
ALTER TABLE families FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON families
    USING (id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON accounts
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE categories ENABLE ROW LEVEL SECURITY;
ALTER TABLE categories FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON categories
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE merchants ENABLE ROW LEVEL SECURITY;
ALTER TABLE merchants FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON merchants
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE tags ENABLE ROW LEVEL SECURITY;
ALTER TABLE tags FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON tags
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE transactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE transactions FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON transactions
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE transaction_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE transaction_days FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON transaction_days
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE transaction_tags ENABLE ROW LEVEL SECURITY;
ALTER TABLE transaction_tags FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON transaction_tags
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE valuations ENABLE ROW LEVEL SECURITY;
ALTER TABLE valuations FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON valuations
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE balances ENABLE ROW LEVEL SECURITY;
ALTER TABLE balances FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON balances
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE syncs ENABLE ROW LEVEL SECURITY;
ALTER TABLE syncs FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON syncs
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON idempotency_keys
    USING (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid)
    WITH CHECK (family_id = NULLIF(current_setting('latchkey.family', true), '')::uuid);

-- Workers look for work without a family; inside one they see only its own.
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON jobs
    USING (family_id = coalesce(NULLIF(current_setting('latchkey.family', true), '')::uuid, family_id))
    WITH CHECK (family_id = coalesce(NULLIF(current_setting('latchkey.family', true), '')::uuid, family_id));
ALTER TABLE leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE leases FORCE ROW LEVEL SECURITY;
CREATE POLICY family ON leases
    USING (family_id = coalesce(NULLIF(current_setting('latchkey.family', true), '')::uuid, family_id))
    WITH CHECK (family_id = coalesce(NULLIF(current_setting('latchkey.family', true), '')::uuid, family_id));
