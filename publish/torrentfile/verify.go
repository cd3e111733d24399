package torrentfile

import (
	"context"
	"iter"
)

// MismatchError says that a payload is not what the torrent describes.
type MismatchError struct {
	Path string // of the file, as in Torrent.Files
	Why  string
}

func (e *MismatchError) Error() string { return e.Path + ": " + e.Why }

// Verify is Check for those who want all or nothing: the first fault in torrent order
// is returned as a *MismatchError.
func Verify(ctx context.Context, t *Torrent, root string, progress func(int64)) error {
	r, err := t.Check(ctx, root, CheckOptions{Progress: progress})
	if err != nil {
		return err
	}
	return r.Err()
}

// Err is the first fault in torrent order as a *MismatchError, nil if there is none.
func (r *Report) Err() error {
	for fault := range r.Faults() {
		return fault
	}
	return nil
}

// Faults are all faults in torrent order, and then the files that do not belong there.
func (r *Report) Faults() iter.Seq[*MismatchError] {
	return func(yield func(*MismatchError) bool) {
		for _, f := range r.Files {
			if f.Fault != "" && !yield(&MismatchError{Path: f.Path, Why: f.Fault}) {
				return
			}
		}
		for _, path := range r.Extra {
			if !yield(&MismatchError{Path: path, Why: "is not part of the torrent"}) {
				return
			}
		}
	}
}
