// Package endtoend holds tests of the real program as people run it: built once, started as a process in a workspace that it made
// itself, killed, told to stop, and pointed at servers that others wrote. What arrives there is parsed back and compared with the
// ledger. There is nothing else in here.
//
// Several processes on one Postgres are a fleet (fleet_test.go). What happens to it in earnest takes long: with GERMANE_LONG the tests
// have that size.
package endtoend
