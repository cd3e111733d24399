// Package filestate tells one content of a file from another without reading it:
// whether a source is still the one that was planned with, and a payload still
// the one that was checked.
//
//   - filestate.go  State and Of
//   - system_*.go   what each system knows beyond size and modification time
package filestate

import "io/fs"

// State is what a file system notes down about a file's content. The zero State
// is no file.
type State struct {
	Size  int64  `json:"size"`
	Mtime int64  `json:"mtime"`           // ns since 1970
	Ctime int64  `json:"ctime,omitempty"` // ns since 1970, 0 where the system has none
	Inode uint64 `json:"inode,omitempty"` // 0 where the system has none
}

// Of is the state of the file that fi describes.
func Of(fi fs.FileInfo) State {
	s := State{Size: fi.Size(), Mtime: fi.ModTime().UnixNano()}
	s.Ctime, s.Inode = changeTimeAndInode(fi)
	return s
}
