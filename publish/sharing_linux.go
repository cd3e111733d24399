package publish

import (
	"os"

	"commonseed/license/stamp"

	"golang.org/x/sys/unix"
)

const (
	shareUnit  = 4096    // what btrfs and XFS share blocks in
	shareLeast = 1 << 20 // a call for less is not worth it
)

// shareBlocks lets a new file share the blocks of the source that a patch keeps, where
// the file system can (btrfs, XFS), and says which ranges of the new file it has then.
func shareBlocks(dst, src *os.File, patch stamp.Patch) (shared []stamp.Range) {
	at := int64(0) // in dst
	for _, piece := range patch {
		n := piece.Len
		if piece.Data != nil {
			n = int64(len(piece.Data))
		}
		skip := -at & (shareUnit - 1)
		length := (n - skip) &^ (shareUnit - 1)
		if piece.Data == nil && length >= shareLeast && (piece.Off-at)%shareUnit == 0 {
			r := unix.FileCloneRange{Src_fd: int64(src.Fd()), Src_offset: uint64(piece.Off + skip), Src_length: uint64(length), Dest_offset: uint64(at + skip)}
			if unix.IoctlFileCloneRange(int(dst.Fd()), &r) != nil {
				return shared
			}
			shared = append(shared, stamp.Range{Off: at + skip, Len: length})
		}
		at += n
	}
	return shared
}

// startWriting asks the disk to begin with what was written so far. It is not waited
// for, and if it is not done, the sync at the end does it.
func startWriting(f *os.File) { _ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE) }
