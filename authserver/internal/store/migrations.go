package store

import "io/fs"

func migrationFiles() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic("store: the migrations are embedded: " + err.Error())
	}
	return sub
}
