package feed

import (
	"fmt"
	"strconv"
	"time"

	"commonseed/license"
)

// Format is the version of release.json that this package writes and reads.
const Format = 1

// What a Link leads to. Other words are allowed and shown as related links.
const (
	RelSupport = "support" // a place to give money
	RelShop    = "shop"    // a place to buy the work
	RelHome    = "home"    // the creator's own site
	RelSource  = "source"  // project files, stems, repository
	RelRelated = "related"
)

// Link is a place on the web that belongs to a channel or release.
type Link struct {
	Rel   string `json:"rel"`             // see RelSupport and its neighbours
	Title string `json:"title,omitempty"` // plain text
	URL   string `json:"url"`             // http or https
}

// Channel is the public face of a channel.
type Channel struct {
	Title       string
	Description string
	Creator     string
	Email       string
	Language    string // BCP 47: "en"
	BaseURL     string // absolute, http or https, ends in "/": where public/ is served
	Image       string // path under public/, "" if none
	License     string // canonical licence URL if all of the channel has one, else ""
	Links       []Link
	Category    string // Apple's podcast category, "Category" or "Category/Subcategory"; "" is "Arts"
	Explicit    bool
}

// File is one file of a release's payload.
type File struct {
	Path    string   `json:"path"`              // inside the payload folder, "/"-separated, NFC
	Size    int64    `json:"size"`              // bytes
	SHA256  string   `json:"sha256"`            // lower-case hex
	Type    string   `json:"type"`              // MIME type
	License string   `json:"license,omitempty"` // canonical URL, given for all media; "" for LICENSE.txt, metadata.json and sidecars
	Title   string   `json:"title,omitempty"`   // where the file's differs from the release's
	Creator string   `json:"creator,omitempty"` // where the file's differs from the release's
	Stamp   []string `json:"stamp,omitempty"`   // places written: "ID3 WCOP", …, or "sidecar"
}

// Torrent is what a release says about its torrent.
type Torrent struct {
	File        string   `json:"file"`         // "<slug>-<hash8>.torrent", beside release.json
	Size        int64    `json:"size"`         // of the .torrent itself, bytes
	Name        string   `json:"name"`         // payload folder name
	Length      int64    `json:"length"`       // payload, bytes
	PieceLength int64    `json:"piece_length"` // bytes, a power of two
	InfohashV1  string   `json:"infohash_v1"`  // lower-case hex, 40 digits
	InfohashV2  string   `json:"infohash_v2"`  // lower-case hex, 64 digits
	Magnet      string   `json:"magnet"`
	Trackers    []string `json:"trackers,omitempty"`
	WebSeeds    []string `json:"web_seeds,omitempty"`
	Nodes       []string `json:"nodes,omitempty"` // of the DHT, "host:port"
}

// Release is the content of release.json, the single source of truth about a
// finished release.
type Release struct {
	Format         int       `json:"format"` // Format
	Slug           string    `json:"slug"`   // a-z, 0-9 and "-"
	ID             string    `json:"id"`     // "urn:uuid:…", one per work, never changes
	Title          string    `json:"title"`
	Creator        string    `json:"creator,omitempty"`
	Description    string    `json:"description,omitempty"` // plain text; an empty line begins a paragraph
	Language       string    `json:"language,omitempty"`    // BCP 47
	Date           string    `json:"date,omitempty"`        // the work's own date: "2026", "2026-05" or "2026-05-01"
	License        string    `json:"license"`               // canonical URL
	SourceURL      string    `json:"source_url,omitempty"`
	AttributionURL string    `json:"attribution_url,omitempty"`
	Links          []Link    `json:"links,omitempty"`
	Tags           []string  `json:"tags,omitempty"`
	Cover          string    `json:"cover,omitempty"`    // path of a cover image inside the payload
	BaseURL        string    `json:"base_url,omitempty"` // where public/ is served; own tracker and web seed are below it
	Published      time.Time `json:"published"`          // UTC, whole seconds; strictly increasing over a channel
	Files          []File    `json:"files"`
	Torrent        Torrent   `json:"torrent"`
}

// Notice is the licence statement of the release as a whole. page is the
// release page's URL, "" if there is none. It fails on a licence that the
// catalogue does not hold.
func (r Release) Notice(page string) (license.Notice, error) {
	l, err := license.Parse(r.License)
	if err != nil {
		return license.Notice{}, fmt.Errorf("release %q: %w", r.Slug, err)
	}
	return r.notice(l, page), nil
}

func (r Release) notice(l license.License, page string) license.Notice {
	return license.Notice{
		License:        l,
		Title:          r.Title,
		Creator:        r.Creator,
		Year:           r.year(),
		SourceURL:      r.SourceURL,
		AttributionURL: r.AttributionURL,
		PageURL:        page,
	}
}

// year is the year of the work's date, 0 if none is given.
func (r Release) year() int {
	if len(r.Date) < 4 {
		return 0
	}
	year, err := strconv.Atoi(r.Date[:4])
	if err != nil || year < 0 {
		return 0
	}
	return year
}
