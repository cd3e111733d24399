package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"commonseed/feed"
	"commonseed/license"
	"commonseed/license/stamp"
	"commonseed/publish/torrentfile"
)

// Check is one thing that a sceptical stranger looks at.
type Check struct {
	Name    string   `json:"name"`
	Failed  bool     `json:"failed"`
	Details []string `json:"details,omitempty"` // what is wrong, or what was seen
}

// Report is all that was checked of one release.
type Report struct {
	Slug   string  `json:"slug"`
	Title  string  `json:"title"`
	Dir    string  `json:"dir"`
	Checks []Check `json:"checks"`
}

// OK says whether every check passed.
func (r *Report) OK() bool {
	for _, c := range r.Checks {
		if c.Failed {
			return false
		}
	}
	return true
}

// check notes the outcome of one check.
func (r *Report) check(name string, err error, seen ...string) {
	c := Check{Name: name, Details: seen}
	if err != nil {
		c.Failed, c.Details = true, strings.Split(err.Error(), "\n")
	}
	r.Checks = append(r.Checks, c)
}

// Verify looks at a release directory as a stranger would who trusts nothing:
// record, torrent, payload, stamps, notices, page and the feed above it must
// all say the same. It reads only. The error is about the looking itself.
func Verify(ctx context.Context, dir string, progress func(done, total int64)) (*Report, error) {
	r, err := ReadRelease(dir)
	if err != nil {
		return nil, err
	}
	report := &Report{Slug: r.Slug, Title: r.Title, Dir: dir}
	want, err := license.Parse(r.License)
	report.check("the record names a known licence", err, want.Label)
	t, err := r.readTorrent()
	report.check("the torrent is the one of the record", err, r.Torrent.InfohashV1, r.Torrent.InfohashV2)
	var sums fileSums
	if err == nil {
		err = checkPayload(ctx, t, r.Payload(), torrentfile.CheckOptions{Sum: sums.add, Progress: func(n int64) { progress(n, t.Length()) }})
		report.check("the payload is what the torrent describes", err, fmt.Sprintf("%d bytes", t.Length()))
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	report.check("every file has the hash of the record", r.checkHashes(ctx, &sums))
	report.check("every media file says its licence", r.checkStamps())
	report.check("LICENSE.txt and metadata.json say it too", r.checkNotices())
	report.check("the page says it too", r.checkPage())
	report.check("the feed offers this torrent under this licence", r.checkFeed())
	report.check("the podcast encloses its media under their licence", r.checkPodcast())
	report.check("the JSON feed says it too", r.checkJSONFeed())
	report.check("the channel's page and list of feeds lead to it", r.checkChannel())
	return report, nil
}

// readTorrent reads the .torrent and compares it with the record.
func (r *Release) readTorrent() (*torrentfile.Torrent, error) {
	data, err := ReadBounded(r.TorrentPath(), torrentfile.MaxSize)
	if err != nil {
		return nil, err
	}
	t, err := torrentfile.Parse(data)
	if err != nil {
		return nil, err
	}
	var errs []error
	differ := func(what, got, want string) {
		if got != want {
			errs = append(errs, fmt.Errorf("%s: the torrent says %q, the record %q", what, got, want))
		}
	}
	differ("v1 infohash", t.InfohashV1(), r.Torrent.InfohashV1)
	differ("v2 infohash", t.InfohashV2(), r.Torrent.InfohashV2)
	differ("licence", t.License(), r.License)
	differ("name", t.Name(), r.Torrent.Name)
	differ("magnet", t.Magnet(), r.Torrent.Magnet)
	return t, errors.Join(errs...)
}

// maxFaults is how many faults of a payload are told of.
const maxFaults = 100

// checkPayload compares a payload with its torrent. The error tells of each file that is
// not right.
func checkPayload(ctx context.Context, t *torrentfile.Torrent, payload string, o torrentfile.CheckOptions) error {
	report, err := t.Check(ctx, payload, o)
	if err != nil {
		return err
	}
	var errs []error
	left := 0
	for fault := range report.Faults() {
		if len(errs) == maxFaults {
			left++
			continue
		}
		errs = append(errs, fault)
	}
	if left > 0 {
		errs = append(errs, fmt.Errorf("and %d more", left))
	}
	return errors.Join(errs...)
}

// fileSums are hashes of files that were found while the payload was compared with its
// torrent, by path.
type fileSums struct {
	mu     sync.Mutex
	byPath map[string][sha256.Size]byte
}

func (s *fileSums) add(path string, sum [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byPath == nil {
		s.byPath = map[string][sha256.Size]byte{}
	}
	s.byPath[path] = sum
}

// checkHashes compares size and SHA-256 of every file with the record.
func (r *Release) checkHashes(ctx context.Context, known *fileSums) error {
	var errs []error
	for _, f := range r.Files {
		if sum, ok := known.byPath[f.Path]; ok && hex.EncodeToString(sum[:]) == f.SHA256 {
			continue
		}
		size, sum, err := hashFile(ctx, filepath.Join(r.Payload(), filepath.FromSlash(f.Path)))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			errs = append(errs, err)
		case size != f.Size || sum != f.SHA256:
			errs = append(errs, fmt.Errorf("%s differs from the record", f.Path))
		}
	}
	return errors.Join(errs...)
}

func hashFile(ctx context.Context, name string) (int64, string, error) {
	f, err := openRegular(name)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(h, interruptible{ctx, f}, make([]byte, 1<<20))
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// interruptible stops reading when the context is done.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r interruptible) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

// openRegular opens a regular file. Opening a FIFO would wait for its writer.
func openRegular(name string) (*os.File, error) {
	if info, err := os.Stat(name); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, &FileError{Path: name, Err: ErrNotRegular}
	}
	return os.Open(name)
}

// checkStamps reads the licence from every media file, or from its sidecar.
func (r *Release) checkStamps() error {
	var errs []error
	for _, f := range r.Files {
		if f.License == "" {
			continue
		}
		if err := r.checkStamp(f); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.Path, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Release) checkStamp(f feed.File) error {
	want, err := license.Parse(f.License)
	if err != nil {
		return err
	}
	found, err := ReadStatements(filepath.Join(r.Payload(), filepath.FromSlash(f.Path)))
	if err != nil {
		return err
	}
	named := false
	for _, s := range found {
		ours := slices.Contains(f.Stamp, s.Place) || slices.Contains(f.Stamp, "sidecar")
		if ours && !s.License.IsZero() && s.License.ID != want.ID {
			return fmt.Errorf("%s says %q, not %s", s.Place, clip(s.Text), want.Label)
		}
		named = named || s.License.ID == want.ID
	}
	if !named {
		return fmt.Errorf("no place names %s", want.Label)
	}
	return nil
}

// ReadStatements reads every rights statement about a file: those inside it,
// and those of the sidecar beside it.
func ReadStatements(file string) ([]stamp.Statement, error) {
	f, err := openRegular(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var found []stamp.Statement
	if info.Size() > 0 {
		if _, found, err = stamp.Read(f, info.Size()); err != nil {
			return nil, err
		}
	}
	sidecar, err := ReadBounded(file+".license", maxText)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	more, err := stamp.ReadSidecar(sidecar)
	return append(found, more...), err
}

// checkNotices reads LICENSE.txt and metadata.json of the payload.
func (r *Release) checkNotices() error {
	notice, err := ReadBounded(filepath.Join(r.Payload(), licenseFile), maxText)
	if err != nil {
		return err
	}
	if !bytes.Contains(notice, []byte(r.License)) {
		return fmt.Errorf("%s does not name %s", licenseFile, r.License)
	}
	metadata, err := ReadBounded(filepath.Join(r.Payload(), metadataFile), feed.MaxDocument)
	if err != nil {
		return err
	}
	var work struct {
		License string `json:"license"`
	}
	if err := json.Unmarshal(metadata, &work); err != nil {
		return fmt.Errorf("%s: %w", metadataFile, err)
	}
	if work.License != r.License {
		return fmt.Errorf("%s says %q, the record %q", metadataFile, work.License, r.License)
	}
	return nil
}

// checkPage looks for licence and infohash in the release page.
func (r *Release) checkPage() error {
	page, err := ReadBounded(filepath.Join(r.Dir, "index.html"), feed.MaxDocument)
	if err != nil {
		return err
	}
	for _, want := range []string{r.License, r.Torrent.InfohashV1, r.Torrent.File} {
		if !bytes.Contains(page, []byte(want)) {
			return fmt.Errorf("index.html does not hold %s", want)
		}
	}
	if err := r.checkPageLinks(page); err != nil {
		return err
	}
	said, err := pageLicense(page, r.License)
	if err != nil {
		return err
	}
	if said != r.License {
		return fmt.Errorf("index.html says %q, the record %q", said, r.License)
	}
	return nil
}

// licenseLink is a link that a page marks as one to a licence.
var licenseLink = regexp.MustCompile(`<(?:a|link)\s[^>]*rel="license"[^>]*>`)

var hrefOf = regexp.MustCompile(`\shref="([^"]*)"`)

// checkPageLinks compares every licence that the page links to with those of the
// release and its files.
func (r *Release) checkPageLinks(page []byte) error {
	known := map[string]bool{r.License: true}
	for _, f := range r.Files {
		known[f.License] = true
	}
	for _, tag := range licenseLink.FindAll(page, -1) {
		href := hrefOf.FindSubmatch(tag)
		if href != nil && !known[html.UnescapeString(string(href[1]))] {
			return fmt.Errorf("index.html links to the licence %s, which the record does not name", href[1])
		}
	}
	return nil
}

// pageLicense reads the licence from a page's JSON-LD. A page made by a template
// of the channel's own may have none: it then says what is wanted.
func pageLicense(page []byte, want string) (string, error) {
	_, rest, ok := bytes.Cut(page, []byte(`type="application/ld+json"`))
	_, rest, open := bytes.Cut(rest, []byte(">"))
	data, _, closed := bytes.Cut(rest, []byte("</script>"))
	if !ok || !open || !closed {
		return want, nil
	}
	var work struct {
		License string `json:"license"`
	}
	if err := json.Unmarshal(data, &work); err != nil {
		return "", fmt.Errorf("index.html: JSON-LD: %w", err)
	}
	return work.License, nil
}
