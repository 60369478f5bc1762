package store

import (
	"time"

	"latchkey/resourceapi"
)

// The rows as gorm writes them. Nothing outside this package sees one.

type accountRow struct {
	FamilyID          string
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
	FamilyID    string
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
	FamilyID      string
	TransactionID string
	TagID         string
	AccountID     string // and what follows: the transaction's, for its place in a list
	Date          resourceapi.Date
	CreatedAt     time.Time
}

// TableName names the table for gorm.
func (taggingRow) TableName() string { return "transaction_tags" }

type tagRow struct {
	FamilyID  string
	ID        string
	Name      string
	Color     string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName names the table for gorm.
func (tagRow) TableName() string { return "tags" }

type categoryRow struct {
	FamilyID  string
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
	FamilyID   string
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
	FamilyID  string
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
	FamilyID  string
	AccountID string
	Date      resourceapi.Date
	Balance   int64
}

// TableName names the table for gorm.
func (balanceRow) TableName() string { return "balances" }

type syncRow struct {
	FamilyID        string
	ID              string
	SyncableType    string
	SyncableID      string
	ParentID        *string
	Status          string
	WindowStartDate *resourceapi.Date
	WindowEndDate   *resourceapi.Date
	PendingAt       time.Time
	SyncingAt       *time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// TableName names the table for gorm.
func (syncRow) TableName() string { return "syncs" }

type jobRow struct {
	FamilyID  string
	Kind      string
	AccountID *string
	FromDate  *resourceapi.Date
	RunAt     time.Time
	CreatedAt time.Time
}

// TableName names the table for gorm.
func (jobRow) TableName() string { return "jobs" }
