package filestate

import (
	"io/fs"
	"syscall"
)

// changeTimeAndInode finds what a program that sets the modification time back
// cannot hide, and what a rename onto the file changes.
func changeTimeAndInode(fi fs.FileInfo) (ctime int64, inode uint64) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return st.Ctim.Nano(), st.Ino
}

// OfStat is the state of the file that the system describes.
func OfStat(st *syscall.Stat_t) State {
	return State{Size: st.Size, Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano(), Inode: st.Ino}
}
