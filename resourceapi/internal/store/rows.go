package store

import (
	"time"

	"latchkey/resourceapi"
)

// The rows as gorm reads and writes them. Nothing outside this package sees one.

type familyRow struct {
	ID        familyID
	Currency  string
	TimeZone  string
	CreatedAt time.Time
}

// TableName names the table for gorm.
func (familyRow) TableName() string { return "families" }

type erasedFamilyRow struct {
	FamilyID familyID
	ErasedAt time.Time
}

// TableName names the table for gorm.
func (erasedFamilyRow) TableName() string { return "erased_families" }

type sweepRow struct {
	FamilyID familyID
	DueAt    time.Time
}

// TableName names the table for gorm.
func (sweepRow) TableName() string { return "sweeps" }

type accountRow struct {
	FamilyID          familyID
	ID                string
	Name              string
	AccountType       string
	Subtype           *string
	Status            string
	Currency          string
	InstitutionName   *string
	InstitutionDomain *string
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// TableName names the table for gorm.
func (accountRow) TableName() string { return "accounts" }

type transactionRow struct {
	FamilyID    familyID
	ID          string
	AccountID   string
	Date        resourceapi.Date
	Amount      int64
	Thousandths int64
	Currency    string
	Name        string
	Notes       *string
	CategoryID  *string
	MerchantID  *string
	ExternalID  *string
	Source      *string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// TableName names the table for gorm.
func (transactionRow) TableName() string { return "transactions" }

type taggingRow struct {
	FamilyID      familyID
	TransactionID string
	TagID         string
	AccountID     string // this and the following are copies of the transaction's, for the index
	Date          resourceapi.Date
	CreatedAt     time.Time
}

// TableName names the table for gorm.
func (taggingRow) TableName() string { return "transaction_tags" }

type tagRow struct {
	FamilyID  familyID
	ID        string
	Name      string
	Color     string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName names the table for gorm.
func (tagRow) TableName() string { return "tags" }

type categoryRow struct {
	FamilyID  familyID
	ID        string
	Name      string
	Color     string
	Icon      string
	ParentID  *string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName names the table for gorm.
func (categoryRow) TableName() string { return "categories" }

type merchantRow struct {
	FamilyID   familyID
	ID         string
	Name       string
	Color      string
	WebsiteURL *string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName names the table for gorm.
func (merchantRow) TableName() string { return "merchants" }

type valuationRow struct {
	FamilyID  familyID
	ID        string
	AccountID string
	Date      resourceapi.Date
	Amount    int64
	Currency  string
	Notes     *string
	Kind      string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName names the table for gorm.
func (valuationRow) TableName() string { return "valuations" }

type balanceRow struct {
	FamilyID  familyID
	AccountID string
	Date      resourceapi.Date
	Balance   int64
}

// TableName names the table for gorm.
func (balanceRow) TableName() string { return "balances" }

// dayRow is how many transactions an account has on a day, and how many of them
// are income.
type dayRow struct {
	FamilyID  familyID
	AccountID string
	Date      resourceapi.Date
	Total     int
	Income    int
}

// TableName names the table for gorm.
func (dayRow) TableName() string { return "transaction_days" }

// monthRow is dayRow for a month, by its first day.
type monthRow struct {
	FamilyID  familyID
	AccountID string
	Month     resourceapi.Date
	Total     int
	Income    int
}

// TableName names the table for gorm.
func (monthRow) TableName() string { return "transaction_months" }

type syncRow struct {
	FamilyID        familyID
	ID              string
	SyncableType    string
	SyncableID      string
	ParentID        *string
	Status          string
	WindowStartDate *resourceapi.Date
	WindowEndDate   *resourceapi.Date
	PendingAt       time.Time
	SyncingAt       *time.Time
	CompletedAt     *time.Time
	FailedAt        *time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// TableName names the table for gorm.
func (syncRow) TableName() string { return "syncs" }

type jobRow struct {
	ID        int64 `gorm:"->;autoIncrement:false"` // the database gives it
	FamilyID  familyID
	Kind      string
	AccountID *string
	FromDate  *resourceapi.Date
	RunAt     time.Time
	Attempts  int
	CreatedAt time.Time
}

// TableName names the table for gorm.
func (jobRow) TableName() string { return "jobs" }

type leaseRow struct {
	FamilyID familyID
	Holder   string
	Until    time.Time
}

// TableName names the table for gorm.
func (leaseRow) TableName() string { return "leases" }

type idempotencyRow struct {
	FamilyID    familyID
	Digest      []byte
	Fingerprint []byte
	Status      int
	Body        []byte
	CreatedAt   time.Time
}

// TableName names the table for gorm.
func (idempotencyRow) TableName() string { return "idempotency_keys" }
