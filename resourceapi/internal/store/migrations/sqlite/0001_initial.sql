-- +goose Up

CREATE TABLE families (
    id TEXT PRIMARY KEY,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL DEFAULT 'UTC',
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE erased_families (
    family_id TEXT PRIMARY KEY,
    erased_at TIMESTAMP NOT NULL
);

CREATE TABLE accounts (
    family_id TEXT NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    account_type TEXT NOT NULL,
    subtype TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'draft', 'disabled', 'pending_deletion')),
    currency TEXT NOT NULL,
    institution_name TEXT,
    institution_domain TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (family_id, id)
);
CREATE INDEX accounts_by_name ON accounts (family_id, name, id);

CREATE TABLE categories (
    family_id TEXT NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    icon TEXT NOT NULL,
    parent_id TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (family_id, id),
    FOREIGN KEY (family_id, parent_id) REFERENCES categories (family_id, id)
);
CREATE UNIQUE INDEX categories_name ON categories (family_id, name);
CREATE INDEX categories_by_parent ON categories (family_id, parent_id);

CREATE TABLE merchants (
    family_id TEXT NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    website_url TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (family_id, id)
);
CREATE UNIQUE INDEX merchants_name ON merchants (family_id, name);

CREATE TABLE tags (
    family_id TEXT NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (family_id, id)
);
CREATE UNIQUE INDEX tags_name ON tags (family_id, name);

CREATE TABLE transactions (
    family_id TEXT NOT NULL,
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    date TEXT NOT NULL,
    amount INTEGER NOT NULL, -- minor units of currency
    thousandths INTEGER NOT NULL, -- the same amount, comparable between currencies
    currency TEXT NOT NULL,
    name TEXT NOT NULL,
    notes TEXT,
    category_id TEXT,
    merchant_id TEXT,
    external_id TEXT,
    source TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
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
    family_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    date TEXT NOT NULL,
    total INTEGER NOT NULL,
    income INTEGER NOT NULL,
    PRIMARY KEY (family_id, account_id, date),
    FOREIGN KEY (family_id, account_id) REFERENCES accounts (family_id, id) ON DELETE CASCADE
);

CREATE TABLE transaction_tags (
    family_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    tag_id TEXT NOT NULL,
    PRIMARY KEY (family_id, transaction_id, tag_id),
    FOREIGN KEY (family_id, transaction_id) REFERENCES transactions (family_id, id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, tag_id) REFERENCES tags (family_id, id) ON DELETE CASCADE
);
CREATE INDEX transaction_tags_by_tag ON transaction_tags (family_id, tag_id, transaction_id);

CREATE TABLE valuations (
    family_id TEXT NOT NULL,
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    date TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    notes TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('reconciliation', 'opening_anchor', 'current_anchor')),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (family_id, id),
    FOREIGN KEY (family_id, account_id) REFERENCES accounts (family_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX valuations_day ON valuations (family_id, account_id, date);
CREATE INDEX valuations_by_date ON valuations (family_id, date DESC, created_at DESC, id DESC);

-- The balance at the end of each day on which something happened.
CREATE TABLE balances (
    family_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    date TEXT NOT NULL,
    balance INTEGER NOT NULL,
    PRIMARY KEY (family_id, account_id, date),
    FOREIGN KEY (family_id, account_id) REFERENCES accounts (family_id, id) ON DELETE CASCADE
);

CREATE TABLE syncs (
    family_id TEXT NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    syncable_type TEXT NOT NULL CHECK (syncable_type IN ('Family', 'Account')),
    syncable_id TEXT NOT NULL,
    parent_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'syncing', 'completed', 'failed')),
    window_start_date TEXT,
    window_end_date TEXT,
    pending_at TIMESTAMP NOT NULL,
    syncing_at TIMESTAMP,
    completed_at TIMESTAMP,
    failed_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (family_id, id)
);
CREATE INDEX syncs_by_creation ON syncs (family_id, created_at DESC, id DESC);
CREATE INDEX syncs_by_parent ON syncs (family_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX syncs_unfinished ON syncs (family_id, syncable_id) WHERE status IN ('pending', 'syncing');

CREATE TABLE idempotency_keys (
    family_id TEXT NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (family_id, digest)
);
CREATE INDEX idempotency_keys_by_creation ON idempotency_keys (family_id, created_at);

-- Work to be done for a family. It holds no household data.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    family_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('sync', 'remove_account', 'reset')),
    account_id TEXT,
    from_date TEXT,
    run_at TIMESTAMP NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX jobs_due ON jobs (run_at, id);
CREATE INDEX jobs_by_family ON jobs (family_id, id);

-- Who works for which family until when: one worker at a time.
CREATE TABLE leases (
    family_id TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until TIMESTAMP NOT NULL
);
