package database

import (
	"context"
	"database/sql/driver"
)

// spansOfSQLite makes connections that record statements as those to PostgreSQL are.
type spansOfSQLite struct{ driver.Connector }

// Connect implements driver.Connector.
func (c spansOfSQLite) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if whole, ok := conn.(sqliteConn); ok {
		return recordedConn{whole}, err
	}
	return conn, err
}

// sqliteConn is all that database/sql asks a connection of the driver.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

type recordedConn struct{ sqliteConn }

// ExecContext implements driver.ExecerContext.
func (c recordedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	ctx = begin(ctx, sqliteSystem, text)
	res, err := c.sqliteConn.ExecContext(ctx, text, args)
	end(ctx, err)
	return res, err
}

// QueryContext implements driver.QueryerContext. SQLite works while rows are read, so
// the span goes on until they are closed.
func (c recordedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	ctx = begin(ctx, sqliteSystem, text)
	rows, err := c.sqliteConn.QueryContext(ctx, text, args)
	if whole, ok := rows.(sqliteRows); ok && err == nil && ctx.Value(spanKey{}) != nil {
		return recordedRows{whole, ctx}, nil
	}
	end(ctx, err)
	return rows, err
}

// BeginTx implements driver.ConnBeginTx. It waits for the one writer.
func (c recordedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	began := begin(ctx, sqliteSystem, "BEGIN")
	tx, err := c.sqliteConn.BeginTx(ctx, opts)
	end(began, err)
	if err != nil {
		return nil, err
	}
	return recordedTx{tx, ctx}, nil
}

type recordedTx struct {
	driver.Tx
	ctx context.Context //nolint:containedctx // of BeginTx, in use until the transaction ends
}

// Commit implements driver.Tx.
func (t recordedTx) Commit() error {
	ctx := begin(t.ctx, sqliteSystem, "COMMIT")
	err := t.Tx.Commit()
	end(ctx, err)
	return err
}

// Rollback implements driver.Tx.
func (t recordedTx) Rollback() error {
	ctx := begin(t.ctx, sqliteSystem, "ROLLBACK")
	err := t.Tx.Rollback()
	end(ctx, err)
	return err
}

// sqliteRows is all that database/sql asks rows of the driver.
type sqliteRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

type recordedRows struct {
	sqliteRows
	ctx context.Context //nolint:containedctx // of the span
}

// Close implements driver.Rows.
func (r recordedRows) Close() error {
	err := r.sqliteRows.Close()
	end(r.ctx, err)
	return err
}
