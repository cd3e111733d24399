package stamp

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"commonseed/license"
)

// A Stamper knows one container format. The source may be anything: hostile,
// damaged, cut short. No method panics, reads beyond size, or holds more memory
// than the file is long, nor more than 32 MiB unless its metadata is as large.
type Stamper interface {
	// Format is the short name of the format, such as "mp3".
	Format() string
	// Sniff tells by content whether a file is of this format. Head is its
	// beginning, at most 64 KiB.
	Sniff(head []byte) bool
	// Places names the fields a stamp writes at most, as in Statement.Place.
	// A field without a value, such as a page for a work that has none, is left out.
	Places() []string
	// Open reads how a file is built: once for all that is asked of it then.
	Open(src io.ReaderAt, size int64) (Media, error)
}

// Media is a file as its Stamper sees it, over a source that does not change.
type Media interface {
	// Statements lists everything said about rights, in reading order. What
	// stands in one of the Places is always listed, even if it names no licence.
	Statements() ([]Statement, error)
	// Patch describes the stamped file. Patching that again changes nothing.
	Patch(n license.Notice) (Patch, error)
	// Essence lists the media bytes that no stamp may change, in an order that a
	// stamp does not change either. A file cut short is ErrTruncated.
	Essence() ([]Range, error)
}

// registry lists the stampers, the surest to sniff first: an MPEG audio frame
// has the weakest mark of all.
var registry = []Stamper{
	flacStamper{},
	oggStamper{opus: true},
	oggStamper{},
	jpegStamper{},
	pngStamper{},
	webpStamper{},
	gifStamper{},
	tiffStamper{},
	wavStamper{},
	aiffStamper{},
	mkvStamper{},
	mkvStamper{webm: true},
	mp4Stamper{},
	pdfStamper{},
	epubStamper{},
	svgStamper{},
	htmlStamper{},
	mp3Stamper{},
}

// headSize is how much of a file Sniff sees.
const headSize = 64 << 10

// Detect finds the Stamper for a file by its content: Sidecar{} if none fits, or
// if the file cannot be read.
func Detect(src io.ReaderAt, size int64) Stamper {
	s, err := detect(src, size)
	if err != nil {
		return Sidecar{}
	}
	return s
}

func detect(src io.ReaderAt, size int64) (Stamper, error) {
	head, err := readAt(src, 0, int(min(size, headSize)))
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("ID3")) {
		return detectTagged(src, size), nil
	}
	for _, s := range registry {
		if s.Sniff(head) {
			return s, nil
		}
	}
	return Sidecar{}, nil
}

// Read lists what a file says about its rights, and its format. A file of a
// format without a Stamper says nothing; look at its sidecar.
func Read(src io.ReaderAt, size int64) (format string, st []Statement, err error) {
	if size == 0 {
		return "", nil, ErrEmpty
	}
	s, err := detect(src, size)
	if err != nil {
		return "", nil, err
	}
	m, err := s.Open(src, size)
	if err != nil {
		return s.Format(), nil, err
	}
	st, err = m.Statements()
	return s.Format(), st, err
}

// Stamped is a stamp that was proven and can be written.
type Stamped struct {
	Format  string   // as Stamper.Format
	Places  []string // the places that hold the notice now
	Patch   Patch    // the stamped file
	Sidecar []byte   // contents of NAME.license beside an unchanged file, else nil

	// Remains are statements of others, in places that no stamp writes, which say
	// something else than the notice: a file that was relicensed keeps them.
	Remains []Statement
}

// Prepare works out how to stamp a file and proves it; it writes nothing. A file
// that says something else about its rights is a *ConflictError unless relicense
// is set. Other errors wrap ErrEmpty, ErrTruncated, ErrMalformed or
// *UnsupportedError, or come from src.
func Prepare(src io.ReaderAt, size int64, n license.Notice, relicense bool) (*Stamped, error) {
	if size == 0 {
		return nil, ErrEmpty
	}
	if n.License.IsZero() {
		return nil, errors.New("the notice has no licence")
	}
	s, err := detect(src, size)
	if err != nil {
		return nil, err
	}
	m, err := s.Open(src, size)
	if err != nil {
		return nil, err
	}
	found, err := m.Statements()
	if err != nil {
		return nil, err
	}
	if conflict := Conflict(found, n.License); conflict != nil && !relicense {
		return nil, conflict
	}
	if _, ok := s.(Sidecar); ok {
		return prepareSidecar(size, n)
	}
	patch, err := m.Patch(n)
	if err != nil {
		return nil, err
	}
	stamped, err := proof{s, m, src, size}.of(patch, n, relicense)
	if err != nil {
		return nil, fmt.Errorf("stamping this %s did not prove right: %w", s.Format(), err)
	}
	return stamped, nil
}
