//go:build !unix

package publish

import "io/fs"

// keepOwner has nothing to keep.
func keepOwner(string, fs.FileInfo) {}
