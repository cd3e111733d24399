package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

const (
	minCompressed = 512      // bytes; below, gzip gains nothing
	maxCompressed = 8 << 20  // bytes; larger texts are sent as they are
	maxCache      = 16 << 20 // bytes of compressed texts kept
)

// compresses says whether a file is a text worth compressing. Payload is sent
// as it is: web seeds ask for ranges of it.
func compresses(name string, size int64) bool {
	if size < minCompressed || size > maxCompressed || inPayload(name) {
		return false
	}
	switch path.Ext(name) {
	case ".html", ".xml", ".json", ".opml", ".css", ".js", ".svg", ".txt":
		return true
	}
	return false
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3). A range is a range of
// the file as it is.
func acceptsGzip(r *http.Request) bool {
	if r.Header.Get("Range") != "" {
		return false
	}
	for _, header := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(header, ",") {
			name, params, _ := strings.Cut(strings.TrimSpace(coding), ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			weight, given := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			q, err := strconv.ParseFloat(weight, 64)
			return !given || err != nil || q > 0
		}
	}
	return false
}

// compressed keeps gzipped texts by their ETag.
type compressed struct {
	mu    sync.Mutex
	texts map[string][]byte
	size  int
}

func newCompressed() *compressed { return &compressed{texts: map[string][]byte{}} }

// serve answers with the compressed text, and false if it cannot be read.
func (c *compressed) serve(w http.ResponseWriter, r *http.Request, name string, info fs.FileInfo, file io.Reader) bool {
	tag := etag(info)
	text, ok := c.get(tag)
	if !ok {
		var b bytes.Buffer
		zip := gzip.NewWriter(&b)
		// Read whole before the first byte goes out, so that a failing disk
		// cannot make a truncated page look complete.
		if n, err := io.Copy(zip, io.LimitReader(file, maxCompressed)); err != nil || n != info.Size() {
			return false
		}
		if zip.Close() != nil {
			return false
		}
		text = b.Bytes()
		c.put(tag, text)
	}
	w.Header().Set("ETag", strings.TrimSuffix(tag, `"`)+`-gz"`)
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	http.ServeContent(w, r, "", info.ModTime(), bytes.NewReader(text))
	return true
}

func (c *compressed) get(tag string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, ok := c.texts[tag]
	return text, ok
}

// put forgets everything when the cache is full: what is asked for comes back.
func (c *compressed) put(tag string, text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size+len(text) > maxCache {
		clear(c.texts)
		c.size = 0
	}
	if _, ok := c.texts[tag]; !ok && len(text) <= maxCache {
		c.texts[tag] = text
		c.size += len(text)
	}
}
