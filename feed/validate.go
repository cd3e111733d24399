package feed

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of one record. They are far above what creators need, and keep a
// stranger's record from costing more than its bytes.
const (
	maxLine  = 2 << 10   // bytes of a title, creator, tag, URL, path segment …
	maxText  = 256 << 10 // bytes of a description
	maxPath  = 4 << 10   // bytes of a payload path
	maxName  = 255       // bytes of one path component, as file systems have it
	maxList  = 1000      // links, tags, trackers, web seeds, stamp places
	maxFiles = 100_000
)

var (
	slugForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)
	idForm       = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	languageForm = regexp.MustCompile(`^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,7}$`)
	typeForm     = regexp.MustCompile(`^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(;[ -~]*)?$`) // RFC 6838 §4.2
	relForm      = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
)

// checker collects the first broken rule, so that the rules read as a list.
type checker struct {
	err  error
	list string // whose item the fields belong to, "" if they belong to none
	item int
}

func (c *checker) that(ok bool, field, why string, args ...any) {
	if c.err != nil || ok {
		return
	}
	if c.list != "" {
		field = fmt.Sprintf("%s[%d]%s", c.list, c.item, field)
	}
	c.err = &InvalidError{Field: field, Why: fmt.Sprintf(why, args...)}
}

// each checks the items of a list.
func (c *checker) each(list string, n int, check func(i int)) {
	for i := 0; i < n && c.err == nil; i++ {
		c.list, c.item = list, i
		check(i)
	}
	c.list = ""
}

func (c *checker) line(s, field string) {
	c.that(len(s) <= maxLine, field, "longer than %d bytes", maxLine)
}

// link checks an absolute http or https URL; "" passes where it is optional.
func (c *checker) link(s, field string, required bool) {
	if s == "" && !required {
		return
	}
	c.line(s, field)
	c.that(absoluteURL(s, "http", "https"), field, "not an absolute http or https URL")
}

func (c *checker) hash(s, field string, digits int) {
	c.that(len(s) == digits && strings.Trim(s, "0123456789abcdef") == "", field, "not %d lower-case hex digits", digits)
}

func (r Release) validate() error {
	c := &checker{}
	c.that(r.Format == Format, "format", "is %d, not %d", r.Format, Format)
	c.that(slugForm.MatchString(r.Slug), "slug", "has to be 1 to 100 of a-z, 0-9 and -, and not begin with -")
	c.that(idForm.MatchString(r.ID), "id", "not a urn:uuid: in lower case")
	c.description(r)
	c.that(r.Published.Year() >= 1970 && r.Published.Year() <= 9999, "published", "not a year from 1970 to 9999")
	c.files(r.Files, r.Cover)
	c.torrent(r)
	return c.err
}

// CheckDescription says which of the fields that an author gives breaks the
// rules of a record, before there is a torrent: an *InvalidError or nil.
func (r Release) CheckDescription() error {
	c := &checker{}
	c.description(r.normalize())
	return c.err
}

func (c *checker) description(r Release) {
	c.that(r.Title != "", "title", "is empty")
	c.line(r.Title, "title")
	c.line(r.Creator, "creator")
	c.that(len(r.Description) <= maxText, "description", "longer than %d bytes", maxText)
	c.that(r.Language == "" || languageForm.MatchString(r.Language), "language", "not a language tag")
	c.that(validDate(r.Date), "date", "not YYYY, YYYY-MM or YYYY-MM-DD")
	c.link(r.License, "license", true)
	c.link(r.SourceURL, "source_url", false)
	c.link(r.AttributionURL, "attribution_url", false)
	c.links(r.Links)
	c.that(len(r.Tags) <= maxList, "tags", "more than %d", maxList)
	c.each("tags", len(r.Tags), func(i int) { c.line(r.Tags[i], "") })
}

func (c *checker) links(links []Link) {
	c.that(len(links) <= maxList, "links", "more than %d", maxList)
	c.each("links", len(links), func(i int) {
		l := links[i]
		c.that(relForm.MatchString(l.Rel), ".rel", "not a lower-case word")
		c.line(l.Title, ".title")
		c.link(l.URL, ".url", true)
	})
}

func (c *checker) files(files []File, cover string) {
	c.that(len(files) > 0, "files", "is empty")
	c.that(len(files) <= maxFiles, "files", "more than %d", maxFiles)
	paths := make(map[string]bool, len(files))
	c.each("files", len(files), func(i int) {
		f := &files[i]
		c.that(safePath(f.Path), ".path", "not a safe relative path")
		c.that(!paths[f.Path], ".path", "appears twice")
		paths[f.Path] = true
		c.that(f.Size >= 0, ".size", "is negative")
		c.hash(f.SHA256, ".sha256", 64)
		c.that(len(f.Type) <= maxName && typeForm.MatchString(f.Type), ".type", "not a MIME type")
		c.link(f.License, ".license", false)
		c.line(f.Title, ".title")
		c.line(f.Creator, ".creator")
		c.that(len(f.Stamp) <= maxList, ".stamp", "more than %d places", maxList)
		for _, place := range f.Stamp {
			c.line(place, ".stamp")
		}
	})
	c.that(cover == "" || paths[cover], "cover", "not one of the files")
	c.each("files", len(files), func(i int) {
		for dir := parent(files[i].Path); dir != "" && c.err == nil; dir = parent(dir) {
			c.that(!paths[dir], ".path", "lies inside a file")
		}
	})
}

// parent is the folder of a "/"-separated path, "" at the top.
func parent(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return ""
	}
	return path[:i]
}

func (c *checker) torrent(r Release) {
	t := r.Torrent
	c.that(safeName(t.File) && strings.HasSuffix(t.File, ".torrent"), "torrent.file", "not the name of a .torrent file")
	c.that(t.Size > 0, "torrent.size", "has to be above 0")
	c.that(safeName(t.Name), "torrent.name", "not a single safe path component")
	c.that(total(r.Files) <= t.Length, "torrent.length", "is less than the files' sizes")
	c.that(t.PieceLength >= 16<<10 && t.PieceLength&(t.PieceLength-1) == 0, "torrent.piece_length", "not a power of two from 16 KiB on") // BEP 52
	c.hash(t.InfohashV1, "torrent.infohash_v1", 40)
	c.hash(t.InfohashV2, "torrent.infohash_v2", 64)
	c.that(len(t.Magnet) <= maxText, "torrent.magnet", "longer than %d bytes", maxText)
	c.that(magnetOf(t), "torrent.magnet", "not a magnet link of this torrent's infohashes")
	c.that(len(t.Trackers) <= maxList, "torrent.trackers", "more than %d", maxList)
	c.that(len(t.Nodes) <= maxList, "torrent.nodes", "more than %d", maxList)
	c.each("torrent.trackers", len(t.Trackers), func(i int) {
		c.line(t.Trackers[i], "")
		c.that(absoluteURL(t.Trackers[i], "http", "https", "udp", "ws", "wss"), "", "not a tracker URL")
	})
	c.that(len(t.WebSeeds) <= maxList, "torrent.web_seeds", "more than %d", maxList)
	c.each("torrent.web_seeds", len(t.WebSeeds), func(i int) { c.link(t.WebSeeds[i], "", true) })
}

// total is the sum of the sizes, MaxInt64 where it would overflow.
func total(files []File) int64 {
	var sum int64
	for _, f := range files {
		if f.Size > math.MaxInt64-sum {
			return math.MaxInt64
		}
		sum += f.Size
	}
	return sum
}

// magnetOf says whether the magnet link carries the torrent's own infohashes
// and no others (BEP 9, BEP 52).
func magnetOf(t Torrent) bool {
	query, ok := strings.CutPrefix(t.Magnet, "magnet:?")
	if !ok || !printableASCII(query) {
		return false
	}
	values, err := url.ParseQuery(query)
	if err != nil || len(values["xt"]) == 0 {
		return false
	}
	v1 := false
	for _, xt := range values["xt"] {
		switch {
		case strings.EqualFold(xt, "urn:btih:"+t.InfohashV1):
			v1 = true
		case !strings.EqualFold(xt, "urn:btmh:1220"+t.InfohashV2):
			return false
		}
	}
	return v1
}

func absoluteURL(s string, schemes ...string) bool {
	if !printableASCII(s) {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return false
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme {
			return true
		}
	}
	return false
}

// printableASCII says that s can stand as a URL in a document or header: no
// spaces, quotes, angle brackets or control characters, all else escaped.
func printableASCII(s string) bool {
	for i := range len(s) {
		if !inURLs[s[i]] {
			return false
		}
	}
	return true
}

var inURLs = func() (may [256]bool) {
	for c := '!'; c < 0x7f; c++ {
		may[c] = !strings.ContainsRune(notInURLs, c)
	}
	return may
}()

// safePath says whether every component of a "/"-separated path is a safe name.
func safePath(path string) bool {
	if path == "" || len(path) > maxPath {
		return false
	}
	for name := range strings.SplitSeq(path, "/") {
		if !safeName(name) {
			return false
		}
	}
	return true
}

// safeName says whether s names one file or folder right here and nothing else:
// not empty, no "." or "..", no separator of any system, no control character.
func safeName(s string) bool {
	return s != "" && s != "." && s != ".." && len(s) <= maxName && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return r == '/' || r == '\\' || r == '\t' || r == '\n' || unprintable(r)
		})
}

func validDate(s string) bool {
	if s == "" {
		return true
	}
	for _, layout := range []string{"2006", "2006-01", time.DateOnly} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
