package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// MaxRelease is the largest release.json that ReadRelease takes, in bytes. Who
// fetches one from a stranger may stop reading there.
const MaxRelease = 16 << 20

// FormatError says that a release.json was written in a format this version
// does not know.
type FormatError struct{ Format int }

func (e *FormatError) Error() string {
	return fmt.Sprintf("release.json has format %d; this version reads format %d", e.Format, Format)
}

// InvalidError says which field of a release record breaks the rules, by its
// path in the JSON: "files[3].path".
type InvalidError struct{ Field, Why string }

func (e *InvalidError) Error() string { return e.Field + ": " + e.Why }

// ReadRelease reads a release.json, which may come from a stranger. Unknown
// fields are passed over, so that later versions may add some; control
// characters are dropped from texts; what may not stand in a URL is escaped
// there; all else has to keep the rules, so that a record read here can name no
// path outside its payload and no URL other than http, https, a tracker's or its
// own magnet link. Errors: *FormatError, *InvalidError, or
// one of encoding/json.
func ReadRelease(data []byte) (Release, error) {
	if len(data) > MaxRelease {
		return Release{}, fmt.Errorf("release.json is longer than %d bytes", MaxRelease)
	}
	var r Release
	if err := json.Unmarshal(data, &r); err != nil || r.Format != Format {
		return Release{}, misread(data, err)
	}
	r = r.normalize()
	if err := r.validate(); err != nil {
		return Release{}, fmt.Errorf("release.json: %w", err)
	}
	return r, nil
}

// misread says why data is no record of this format. In another format the fields
// may have other types, so that comes first.
func misread(data []byte, err error) error {
	var probe struct {
		Format *int `json:"format"`
	}
	switch unread := json.Unmarshal(data, &probe); {
	case unread != nil:
		err = unread
	case probe.Format == nil:
		return errors.New("release.json: no format number")
	case *probe.Format != Format:
		return &FormatError{*probe.Format}
	}
	return fmt.Errorf("release.json: %w", err)
}

// Marshal returns the release.json: indented JSON that ends in a newline, the
// same bytes for the same record. It refuses what ReadRelease would refuse.
func (r Release) Marshal() ([]byte, error) {
	r = r.normalize()
	if err := r.validate(); err != nil {
		return nil, fmt.Errorf("release %q: %w", r.Slug, err)
	}
	data, err := marshalJSON(r)
	if err == nil && len(data) > MaxRelease {
		err = fmt.Errorf("release %q: release.json would be longer than %d bytes", r.Slug, MaxRelease)
	}
	return data, err
}

// marshalJSON is indented JSON for files: "&" and "<" stay readable.
func marshalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// normalize returns a copy with clean texts, escaped URLs, a UTC time of whole
// seconds, and nil for empty lists, so that equal records have equal bytes.
func (r Release) normalize() Release {
	r.Title = cleanLine(r.Title)
	r.Creator = cleanLine(r.Creator)
	r.Description = cleanText(r.Description)
	r.License = escapeURL(r.License)
	r.SourceURL = escapeURL(r.SourceURL)
	r.AttributionURL = escapeURL(r.AttributionURL)
	r.Published = r.Published.UTC().Truncate(time.Second)
	r.Links = mapped(r.Links, func(l Link) Link {
		l.Title = cleanLine(l.Title)
		l.URL = escapeURL(l.URL)
		return l
	})
	r.Tags = mapped(r.Tags, cleanLine)
	r.Files = mapped(r.Files, func(f File) File {
		f.Title = cleanLine(f.Title)
		f.Creator = cleanLine(f.Creator)
		f.License = escapeURL(f.License)
		f.Stamp = mapped(f.Stamp, cleanLine)
		return f
	})
	r.Torrent.Magnet = escapeURL(r.Torrent.Magnet)
	r.Torrent.Trackers = mapped(r.Torrent.Trackers, escapeURL)
	r.Torrent.WebSeeds = mapped(r.Torrent.WebSeeds, escapeURL)
	return r
}

// mapped returns a new list of f's answers, nil for an empty one.
func mapped[T any](list []T, f func(T) T) []T {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}
