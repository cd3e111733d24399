// Package seed is the boundary between a release and whatever keeps it
// reachable: the embedded engine, or a running client it is handed to.
//
//   - seed.go     Torrent, Status, Seeder and the errors callers tell apart
//   - seedtest/   the conformance suite that every Seeder passes
//   - origin/     the embedded upload-only engine
//   - announce/   tells trackers and the DHT what is seeded
//   - lsd/        the same on the local network
//   - portmap/    asks the router to lead the peer port here
//   - tracker/    the embedded tracker
//   - web/        serves feeds, pages, .torrents and the payload as web seed
//
// Nothing here builds a torrent or writes below a payload: a Seeder reads.
package seed

import (
	"context"
	"errors"
	"fmt"
)

// Torrent is what a Seeder is asked to keep reachable.
type Torrent struct {
	Slug, Title string // say which release a Status is about; may be empty
	Path        string // of the .torrent file, which is read again when peers come
	Root        string // directory that holds the payload: Root/<info.name>
}

// State says what a Seeder does with a torrent.
type State string

const (
	Checking State = "checking" // reading the payload and comparing it with the torrent
	Seeding  State = "seeding"  // all of the payload is right and offered to peers
	Failed   State = "error"    // not served: Status.Reason says why
)

// Status is one torrent as it stands.
type Status struct {
	Infohash string  `json:"infohash"` // as Add answered it
	Slug     string  `json:"slug,omitempty"`
	Title    string  `json:"title,omitempty"`
	State    State   `json:"state"`
	Reason   string  `json:"reason,omitempty"` // for people; given with Failed, and with Checking where a change of the payload caused it
	Peers    int     `json:"peers"`            // connected now
	Uploaded int64   `json:"uploaded"`         // payload bytes sent since Add
	Size     int64   `json:"size"`             // payload bytes
	Checked  int64   `json:"checked"`          // payload bytes found right; equals Size when Seeding
	Rate     float64 `json:"rate"`             // payload bytes per second sent, over the last few seconds

	SuperSeeding bool `json:"super_seeding,omitempty"` // no other complete copy is known: peers are told of single pieces. BEP 16
}

// Seeder keeps torrents reachable. All methods may be called from several
// goroutines at once.
type Seeder interface {
	// Add starts to seed t and answers with its infohash: lower-case hex, v1
	// (40 digits) where the torrent has one, else v2 (64 digits). The payload is
	// compared with the torrent in the background; see Status. Adding a torrent
	// that is there has it go on under the new name, from the new place and with the
	// trackers that its .torrent file has now; whatever is the same stays as it
	// is. Errors: *MetainfoError, ErrClosed, and those of reading the .torrent file.
	Add(ctx context.Context, t Torrent) (infohash string, err error)

	// Status lists all torrents, in order of Add.
	Status() []Status

	// Remove stops seeding a torrent. It never deletes data.
	// Errors: ErrUnknown, ErrClosed.
	Remove(ctx context.Context, infohash string) error

	// Close stops everything within 5 seconds. Closing again changes nothing.
	Close() error
}

var (
	// ErrUnknown is returned for an infohash that was not added.
	ErrUnknown = errors.New("no torrent with this infohash is seeded")
	// ErrClosed is returned by a Seeder after Close.
	ErrClosed = errors.New("the seeder is closed")
)

// MetainfoError is a torrent that a Seeder refuses, whatever its payload.
type MetainfoError struct {
	Slug string // from Torrent.Slug, may be empty
	Why  string
}

func (e *MetainfoError) Error() string {
	if e.Slug == "" {
		return "torrent cannot be seeded: " + e.Why
	}
	return fmt.Sprintf("torrent of %q cannot be seeded: %s", e.Slug, e.Why)
}
