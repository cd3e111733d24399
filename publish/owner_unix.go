//go:build unix

package publish

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner of another, where we may: it takes its place.
func keepOwner(name string, was fs.FileInfo) {
	if st, ok := was.Sys().(*syscall.Stat_t); ok && (int(st.Uid) != os.Geteuid() || int(st.Gid) != os.Getegid()) {
		_ = os.Lchown(name, int(st.Uid), int(st.Gid)) // what an ordinary user may not, stays
	}
}
