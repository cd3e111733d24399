package torrentfile

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Mode says which generations of clients can read a torrent.
type Mode int

const (
	Hybrid Mode = iota // v1 and v2 in one: for all clients
	V1                 // BEP 3 alone
	V2                 // BEP 52 alone
)

func (m Mode) kinds() kinds { return kinds{v1: m != V2, v2: m != V1} }

// Links says what becomes of symbolic links in a payload folder.
type Links int

const (
	// FollowLinks takes the file that a link leads to, if that lies inside the folder.
	FollowLinks Links = iota
	// KeepLinks writes links to files and folders of the payload as links (BEP 47).
	// Clients that do not know them store empty files.
	KeepLinks
)

// Options say what a new torrent carries besides the payload.
type Options struct {
	Name        string // info.name, one path component
	Mode        Mode
	PieceLength int64  // bytes, a power of two from 16 KiB to 16 MiB; 0: chosen to suit the payload
	License     string // info.license, canonical URL; "" leaves the key out
	Source      string // info.source, a mark that some trackers ask for; "" leaves the key out

	// Links is how Build takes symbolic links.
	Links Links
	// Allow overrules lints of names, as LintNames calls them.
	Allow []string

	// The following lie outside the info dictionary. Zero values leave their keys out.
	Announcement
	CreatedBy    string
	CreationDate time.Time

	// Progress is told the bytes hashed so far, in rising order, never twice at
	// once; the last call says the payload's length. May be nil.
	Progress func(done int64)
}

// Build makes a torrent of a file, or of every file below a folder. It reads each
// byte once, on all cores, and holds some 10 MiB besides the torrent itself. An error
// names the file it is about: devices, sockets and links that lead out of the folder
// or in a circle are refused, and so is a file that changes while it is read.
func Build(ctx context.Context, root string, o Options) (*Torrent, error) {
	found, err := list(ctx, root, o.Links)
	if err != nil {
		return nil, err
	}
	switch {
	case len(found.entries) == 0:
		return nil, fmt.Errorf("%s: holds no files", root)
	case !slices.ContainsFunc(found.entries, func(e entry) bool { return e.length > 0 }):
		return nil, fmt.Errorf("%s: holds empty files only", root)
	}
	if o.PieceLength == 0 {
		o.PieceLength = choosePieceLength(found.entries, o.Mode != V1 && !found.lone)
	}
	b, err := NewBuilder(o)
	if err != nil {
		return nil, err
	}
	b.single = found.lone
	return b.only(ctx, found.entries, found.open)
}
