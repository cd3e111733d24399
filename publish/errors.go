package publish

import (
	"errors"
	"fmt"
	"strings"

	"commonseed/license"
	"commonseed/license/stamp"
)

// Errors that a caller tells apart. What to do about each is said by the
// command line alone.
var (
	ErrNoLicense = errors.New("no licence given")
	ErrReserved  = errors.New("all rights are reserved: nobody could pass the work on")
	ErrNoCreator = errors.New("no creator given")
	ErrNoTitle   = errors.New("no title given")
	ErrNoPaths   = errors.New("nothing to publish")

	ErrNotFolder  = errors.New("is not a folder")
	ErrNotRegular = errors.New("is not a regular file")
)

// ConfigError is a fault in a commonseed.toml, with its place. Near is the known
// key closest to an unknown Key, or "".
type ConfigError struct {
	File      string
	Line, Col int
	Key, Near string
	Msg       string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
}

// ValueError is a value that cannot be used. Where is the flag or the
// file:line that gave it.
type ValueError struct {
	Where, Key, Value string
	Err               error
}

func (e *ValueError) Error() string {
	if e.Key == "license" { // the errors of the catalogue say what was given
		return fmt.Sprintf("%s: %v", e.Where, e.Err)
	}
	return fmt.Sprintf("%s: %s %q: %v", e.Where, e.Key, clip(e.Value), e.Err)
}
func (e *ValueError) Unwrap() error { return e.Err }

// NameError is a name that cannot stand in a release.
type NameError struct{ Name, Why string }

func (e *NameError) Error() string { return fmt.Sprintf("the name %q %s", clip(e.Name), e.Why) }

// EmptyDirError is a directory without a single file to publish.
type EmptyDirError struct{ Dir string }

func (e *EmptyDirError) Error() string { return fmt.Sprintf("%s holds no file to publish", e.Dir) }

// LinkError is a symbolic link that is not followed.
type LinkError struct{ Path, Why string }

func (e *LinkError) Error() string { return fmt.Sprintf("%s is a symbolic link %s", e.Path, e.Why) }

// DoubtError is a doubt that the creator may overrule by its lint name.
type DoubtError struct{ Lint, Msg string }

func (e *DoubtError) Error() string { return e.Msg }

// RefusedError says why a licence, or a file for its licence, is not published.
type RefusedError struct {
	License license.License
	Why     string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %s", e.License.Label, e.Why) }

// SidecarError is a sidecar of the creator's own that does not say what the work
// says. It is never changed.
type SidecarError struct{ Name, Why string }

func (e *SidecarError) Error() string { return fmt.Sprintf("its sidecar %s %s", e.Name, e.Why) }

// FileError is what went wrong with one of the creator's files. Where is the
// place that gave the file its licence, for errors about licences.
type FileError struct {
	Path, Where string
	Err         error
}

func (e *FileError) Error() string {
	if conflict, ok := e.Err.(*stamp.ConflictError); ok {
		return fmt.Sprintf("%q %v", e.Path, conflict) // one sentence
	}
	return fmt.Sprintf("%q: %v", e.Path, e.Err)
}
func (e *FileError) Unwrap() error { return e.Err }

// ErrChanged is wrapped by the FileError of a source that changed under way.
var ErrChanged = errors.New("changed while it was being published")

// ExistsError is a slug that another release has.
type ExistsError struct{ Slug, Dir string }

func (e *ExistsError) Error() string {
	return fmt.Sprintf("a different release %q exists already", e.Slug)
}

// SameError is a work that is published already, under another slug.
type SameError struct{ Slug, Dir string }

func (e *SameError) Error() string { return fmt.Sprintf("the same work is published as %q", e.Slug) }

// BrokenError is a release on disk that cannot be read. The others are not
// concerned.
type BrokenError struct {
	Slug string
	Err  error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the release %q is broken and left out: %v", e.Slug, e.Err)
}
func (e *BrokenError) Unwrap() error { return e.Err }

// UnfinishedError is what failed after a release was published: it is complete,
// but feeds and pages may not tell of it yet.
type UnfinishedError struct{ Err error }

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("the release is published, but feeds and pages are not finished: %v", e.Err)
}
func (e *UnfinishedError) Unwrap() error { return e.Err }

// LockedError is a channel that another process works on.
type LockedError struct{ Dir, What string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: another commonseed %s", e.Dir, e.What)
}

// Problems are several faults found together, so that a creator can mend them
// in one go.
type Problems []error

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, err := range p {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}
func (p Problems) Unwrap() []error { return p }

// err is nil without a problem, the problem itself if there is one.
func (p Problems) err() error {
	switch len(p) {
	case 0:
		return nil
	case 1:
		return p[0]
	}
	return p
}

// clip shortens a text for a message.
func clip(s string) string {
	if len(s) <= 80 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + fmt.Sprintf("… (%d bytes)", len(s))
}
