package main

import "fmt"

// lockFile is the file beside an SQLite database whose lock the one process holds that sends from it.
func lockFile(database string) string { return database + "-lock" }

// lockWorker makes this process the only one that works on a database, until release is called or the process ends, however it ends.
// held says that another one is: two would not send twice, as claims are in the database, but each would keep to the sender's rate alone.
func lockWorker(database string) (release func() error, held bool, err error) {
	release, held, err = lock(lockFile(database))
	if err != nil {
		return nil, false, fmt.Errorf("lock %s: %w", lockFile(database), err)
	}
	return release, held, nil
}
