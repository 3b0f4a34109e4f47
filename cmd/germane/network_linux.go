package main

import "syscall"

// networkFileSystems are those whose locks do not hold between machines as SQLite's write-ahead log needs them (statfs(2);
// https://sqlite.org/wal.html: "all processes using a database must be on the same host computer").
var networkFileSystems = map[uint32]string{
	0x6969:     "NFS",
	0xff534d42: "CIFS",
	0xfe534d42: "SMB",
	0x517b:     "SMB",
	0x5346414f: "AFS",
	0x00c36400: "Ceph",
}

// networkFileSystem names the kind of network file system that a path which is there lies on; "": it lies on none.
func networkFileSystem(path string) string {
	var s syscall.Statfs_t
	if syscall.Statfs(path, &s) != nil {
		return "" // opening the database says what is wrong
	}
	return networkFileSystems[uint32(s.Type)]
}
