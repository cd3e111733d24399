package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"syscall"

	"commonseed/internal/mediatype"
)

// setHeaders sets what a file's name decides.
func setHeaders(h http.Header, name string) {
	h.Set("Content-Type", contentType(name))
	switch {
	case inPayload(name):
		// Strangers' pages and drawings may hold scripts: they get no origin.
		h.Set("Content-Security-Policy", "sandbox; default-src 'self' data: 'unsafe-inline'")
		h.Set("Cache-Control", "public, max-age=86400")
	case path.Ext(name) == ".torrent":
		h.Set("Cache-Control", "public, max-age=3600")
	default:
		h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self' data: https:; media-src 'self' https:; "+
			"style-src 'self' 'unsafe-inline'; font-src 'self'; script-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'")
		h.Set("Cache-Control", "public, max-age=300")
	}
}

// inPayload knows <slug>/files/<Torrent Name>/…
func inPayload(name string) bool {
	_, rest, _ := strings.Cut(name, "/")
	return strings.HasPrefix(rest, "files/")
}

// contentType is what clients of each kind of file ask for.
func contentType(name string) string {
	if inPayload(name) {
		return mediatype.ByName(name)
	}
	base := path.Base(name)
	switch ext := path.Ext(base); {
	case ext == ".xml" && !strings.Contains(name, "/"):
		return "application/rss+xml; charset=utf-8"
	case ext == ".opml":
		return "text/x-opml; charset=utf-8"
	case ext == ".json" && strings.HasPrefix(base, "feed"):
		return "application/feed+json; charset=utf-8"
	}
	return mediatype.ByName(name)
}

// etag is strong: a file that is replaced has another inode, one that is
// written has another time or size. Lower-case hex, because ruTorrent folds it.
func etag(info fs.FileInfo) string {
	var inode uint64
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = st.Ino
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %d", info.Size(), info.ModTime().UnixNano(), inode))
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

func isIO(err error) bool { return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EMFILE) }
